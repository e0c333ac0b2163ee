# SPDX-License-Identifier: BSD-2-Clause
"""nvmove watch --record: trace points, counters and the host are recorded in order; a kernel that does not trace is told of; the
tracing instance is nvmove's own."""

import json
import os
import signal
import struct
import subprocess
import tempfile
import time
from pathlib import Path

from program import NVMOVE, expect, finish, nvmove
from recordings import SOURCE

COUNTERS = ["dirty_reports", "questions_answered", "questions_refused", "suspends", "saves", "loads", "resumes", "resets", "failed_arcs",
            "failed_loads", "dirty_bytes", "suspend_ns", "save_ns", "load_ns", "resume_ns", "saved_bytes", "loaded_bytes"]
BUILD_ID = bytes(range(20))
# As the kernel prints them; tasks may have any name.
TRACE = """ qemu-system-x86-1234    [000] .....   123.456789: nvme_vfio_cmd: device=0000:01:00.1 command=suspend bytes=0 status=0 duration_ns=290000
 1.5: nvme_vfio_-77      [001] d..2.   123.456799: nvme_vfio_arc: device=0000:01:00.1 from=PRE_COPY to=PRE_COPY_P2P result=0 duration_ns=291000
            qemu-1234    [000] .....   124.000001: nvme_vfio_cmd: device=0000:01:00.1 command=track report bytes=64 status=-5 duration_ns=7
            qemu-1234    [000] .....   124.000002: nvme_vfio_compat: device=0000:01:00.1 operation=ask bytes=500 result=-121 duration_ns=9
            qemu-1234    [000] .....   124.000003: nvme_vfio_stream_begin: device=0000:01:00.1 direction=save bytes=0
CPU:1 [LOST 17 EVENTS]
            qemu-1234    [000] .....   124.000004: nvme_vfio_stream_end: device=0000:01:00.1 direction=save bytes=1500
            qemu-1234    [000] .....   124.000005: nvme_vfio_reset: device=0000:01:00.1 deferred=1
            qemu-1234    [000] .....   124.000006: nvme_vfio_new: device=0000:01:00.1 what=ever
            qemu-1234    [000] .....   no.time: nvme_vfio_reset: device=0000:01:00.1 deferred=1
            qemu-1234    [000] .....   124.000007: nvme_vfio_reset: deferred=1
"""
BASE = {"function": SOURCE}
TRACED = [
    {"type": "command", "t_ns": 123456789000, "command": "suspend", "bytes": 0, "status": 0, "duration_ns": 290000, **BASE},
    {"type": "arc", "t_ns": 123456799000, "from": "PRE_COPY", "to": "PRE_COPY_P2P", "result": 0, "duration_ns": 291000, **BASE},
    {"type": "command", "t_ns": 124000001000, "command": "track report", "bytes": 64, "status": -5, "duration_ns": 7, **BASE},
    {"type": "question", "t_ns": 124000002000, "operation": "ask", "bytes": 500, "result": -121, "duration_ns": 9, **BASE},
    {"type": "stream_begin", "t_ns": 124000003000, "direction": "save", "bytes": 0, **BASE},
    {"type": "lost", "events": 17},
    {"type": "stream_end", "t_ns": 124000004000, "direction": "save", "bytes": 1500, **BASE},
    {"type": "reset", "t_ns": 124000005000, "deferred": 1, **BASE},
]


class Host:
    """A sysfs with one bound function and, if wanted, tracing whose one instance belongs to the process that is started."""

    def __init__(self, root):
        self.root = root
        self.instances = root / "kernel" / "tracing" / "instances"
        self.migration = root / "bus" / "pci" / "devices" / SOURCE / "migration"
        self.migration.mkdir(parents=True)
        driver = root / "bus" / "pci" / "drivers" / "nvme-vfio-pci"
        driver.mkdir(parents=True)
        (driver / SOURCE).symlink_to(f"../../devices/{SOURCE}")
        notes = root / "module" / "nvme_vfio_pci" / "notes"
        notes.mkdir(parents=True)
        (notes / ".note.gnu.build-id").write_bytes(struct.pack("<III4s", 4, len(BUILD_ID), 3, b"GNU") + BUILD_ID)
        self.put(**dict.fromkeys(COUNTERS, 0), protocol="hmlm", cntlid=2, controlling="0000:01:00.0", state="RUNNING")

    def put(self, **values):
        """Set attributes, each at once, as a reader may come at any moment."""
        for name, value in values.items():
            path = self.migration / name
            path.with_suffix(".new").write_text(f"{value}\n", encoding="utf-8")
            path.with_suffix(".new").rename(path)

    def watch(self, recording, script='exec "$@"'):
        """nvmove watch --record, started by a shell that may prepare things for its own process id."""
        return subprocess.Popen(["sh", "-euc", script, "sh", NVMOVE, "watch", "-i", "10", "--record", str(recording)],
                                env={**os.environ, "NVMOVE_SYSFS": str(self.root)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def lines_of(path):
    """A recording."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def check_counted(host, path):
    """Without tracing: host, function, samples, end."""
    with host.watch(path) as process:
        process.stdout.readline()
        host.put(suspends=1, suspend_ns=290000, state="PRE_COPY_P2P")
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    expect(process.returncode == 0 and "trace points are not recorded" in said, f"exit code {process.returncode}: {said}")
    header, *lines = lines_of(path)
    expect(header["type"] == "recording" and header["version"] == 1 and header["host"] == os.uname().nodename and header["kernel"] ==
           os.uname().release and header["driver"] == BUILD_ID.hex() and header["nvmove"].startswith("0.") and
           "No such file" in header["no_trace"], f"the first line: {header}")
    expect(abs(header["realtime_ns"] - time.time_ns()) < 60 * 10**9 and abs(header["monotonic_ns"] - time.monotonic_ns()) < 60 * 10**9,
           f"the clocks: {header}")
    lines = [line for line in lines if line["type"] != "log"]
    expect([line["type"] for line in lines][:2] == ["function", "sample"] and lines[-1]["type"] == "end", f"lines: {lines}")
    expect({**lines[0], "t_ns": 0} == {"type": "function", "t_ns": 0, "function": SOURCE, "protocol": "hmlm", "controlling": "0000:01:00.0",
                                      "cntlid": 2}, f"the function: {lines[0]}")
    last = lines[-2]
    expect(last["state"] == "PRE_COPY_P2P" and last["counters"] == {**dict.fromkeys(COUNTERS, 0), "suspends": 1, "suspend_ns": 290000} and
           last["since_ns"] < last["t_ns"], f"the last sample: {last}")
    expect(nvmove("report", path).code == 0, "a recording that no report can be made of")


def check_traced(host, path):
    """With tracing: every event, whatever the task is called; the instance is set up and left to be removed."""
    host.instances.mkdir(parents=True)
    script = ('i="$NVMOVE_SYSFS/kernel/tracing/instances/nvmove-$$"; mkdir -p "$i/events/nvme_vfio_pci"; : >"$i/trace_clock"; '
              ': >"$i/events/nvme_vfio_pci/enable"; mkfifo "$i/trace_pipe"; exec "$@"')
    with host.watch(path, script) as process:
        process.stdout.readline()
        instance, = host.instances.iterdir()
        with open(instance / "trace_pipe", "w", encoding="utf-8") as pipe:
            pipe.write("x" * 3000 + "\n" + TRACE[:300])
            pipe.flush()
            time.sleep(0.1)
            pipe.write(TRACE[300:])
        time.sleep(0.2)
        process.terminate()
        _, said = process.communicate(timeout=20)
    expect(process.returncode == 0 and not said, f"exit code {process.returncode}: {said}")
    expect((instance / "trace_clock").read_text(encoding="utf-8") == "mono" and
           (instance / "events/nvme_vfio_pci/enable").read_text(encoding="utf-8") == "1", "the instance is not set up")
    header, *lines = lines_of(path)
    traced = [line for line in lines if line["type"] in {line["type"] for line in TRACED}]
    lost = next(line for line in traced if line["type"] == "lost")
    expect(abs(lost.pop("t_ns") - header["monotonic_ns"]) < 60 * 10**9, f"lost events have no time of this host: {lost}")
    expect(traced == TRACED, f"traced: {traced}")
    expect(header["no_trace"] is None and lines[-1]["type"] == "end", f"the first line: {header}")


def main():
    """Without tracing, with it, and a file that cannot be written."""
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        host = Host(scratch / "sys")
        check_counted(host, scratch / "counted")
        check_traced(host, scratch / "traced")
        for path, reason in ((scratch / "no" / "where", "No such file"), (Path("/dev/full"), "No space left")):
            answer = nvmove("watch", "-n", 1, "--record", path, env={**os.environ, "NVMOVE_SYSFS": str(host.root)})
            expect(answer.code == 2 and reason in answer.err and str(path) in answer.err, f"{reason!r} expected", answer)
    finish()


main()
