# SPDX-License-Identifier: BSD-2-Clause
"""nvmove watch --qmp: how far a migration is, as the VMM says, in lines and in the recording; a VMM that is silent, that ends, or
that talks nonsense stops nothing."""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

from program import NVMOVE, expect, finish, nvmove
from monitor import Monitor

ACTIVE = {"status": "active", "total-time": 1500, "expected-downtime": 250, "setup-time": 3,
          "ram": {"transferred": 100000000, "remaining": 60000000, "total": 240000000, "dirty-pages-rate": 500, "page-size": 4096,
                  "mbps": 640.5}, "vfio": {"transferred": 999}}
COMPLETED = {"status": "completed", "total-time": 3000, "downtime": 231, "ram": {"transferred": 240000000, "remaining": 0, "total": 240000000}}
FAILED = {"status": "failed", "error-desc": "Unable to <write>\nto socket: \u202e"}


def watching(environment, *arguments):
    """nvmove watch, until it is told to end."""
    return subprocess.Popen([NVMOVE, "watch", "-i", "10", *map(str, arguments)], env=environment, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def check_lines(scratch, environment):
    """Lines for people, and the same recorded."""
    monitor = Monitor(scratch / "qmp")
    recording = scratch / "recording"
    with watching(environment, "--qmp", monitor.path, "--record", recording) as process:
        first = process.stdout.readline()
        expect(first.rstrip().endswith("VMM           none"), f"before a migration: {first!r}")
        now = int(time.time())
        monitor.event("MIGRATION", now, 250000, status="active")
        monitor.event("NIC_RX_FILTER_CHANGED", now)
        monitor.migration = ACTIVE
        active = process.stdout.readline()
        expect(active.endswith("  VMM           active        75.0 % of 240 MB, 2.0 MB/s dirtied, downtime of 250 ms expected, 1500 ms in all\n"),
               f"while it goes on: {active!r}")
        monitor.say(b"x" * 200000 + b"\r\n[1,2]\r\n{\"return\": 7, \"id\": \"nvmove-migrate\"}\r\n{\"event\": {}}\r\n")
        monitor.migration = {**ACTIVE, "ram": {**ACTIVE["ram"], "transferred": 150000000, "remaining": 10000000}}
        while "95.8" not in (line := process.stdout.readline()) and line:
            pass
        expect(", sends " in line and "MB/s" in line, f"a second later: {line!r}")
        monitor.event("STOP", now, 700000)
        monitor.status, monitor.migration = {"status": "postmigrate", "running": False}, COMPLETED
        line = process.stdout.readline()
        expect("completed     100.0 % of 240 MB" in line and ", downtime 231 ms, 3000 ms in all" in line, f"at its end: {line!r}")
        monitor.migration = FAILED
        line = process.stdout.readline()
        expect(line.endswith(', "Unable to <write>\\nto socket: \u202e"\n'), f"a failure: {line!r}")
        monitor.close()
        time.sleep(0.2)
        process.terminate()
        _, said = process.communicate(timeout=20)
        expect(process.returncode == 0 and "closed its monitor" in said, f"exit code {process.returncode}: {said}")
    check_recording(recording, now)
    expect(set(monitor.asked) == {"qmp_capabilities", "query-status", "query-migrate"}, f"asked: {set(monitor.asked)}")


def check_recording(path, now):
    """What nvmove report reads of it."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    header = lines[0]
    events = [line for line in lines if line["type"] == "vmm_event"]
    expect([(line["event"], line.get("status")) for line in events] == [("MIGRATION", "active"), ("STOP", None)], f"events: {events}")
    apart = header["realtime_ns"] - header["monotonic_ns"]
    for line, microseconds in zip(events, (250000, 700000)):
        expect(abs(line["t_ns"] + apart - now * 10**9 - microseconds * 1000) < 10**8, f"{line} is not when the VMM said")
    answers = [line for line in lines if line["type"] == "vmm"]
    wanted = {"type": "vmm", "run_state": "running", "status": "active", "total_ms": 1500, "expected_downtime_ms": 250, "ram_bytes": 100000000,
              "ram_remaining": 60000000, "ram_total": 240000000, "vfio_bytes": 999, "dirtied_bytes_per_second": 2048000}
    expect(any({**line, "t_ns": 0} == {**wanted, "t_ns": 0} for line in answers), f"{wanted} is not in {answers[:3]}")
    facts = nvmove("report", "--json", path).json()
    expect(facts and facts["vmms"][0]["answer"]["status"] == "failed" and "Unable to <write>" in facts["problems"][0]["words"],
           f"the report: {facts}")


def main():
    """A migration; a monitor in use; none."""
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        (scratch / "bus" / "pci" / "drivers" / "nvme-vfio-pci").mkdir(parents=True)
        environment = {**os.environ, "NVMOVE_SYSFS": directory}
        check_lines(scratch, environment)
        busy = Monitor(scratch / "busy", greets=False)
        for path, reason in ((busy.path, "one client at a time"), (scratch / "none", "No such file"), ("x" * 200, "200 characters")):
            answer = nvmove("watch", "--qmp", path, env=environment)
            expect(answer.code == 2 and reason in answer.err, f"{reason!r} expected", answer)
    finish()


main()
