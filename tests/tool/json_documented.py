# SPDX-License-Identifier: BSD-2-Clause
"""Every answer in JSON has the form that the command's manual page gives, and everything that the page gives is seen."""

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from program import NVMOVE, VECTORS, expect, finish, nvmove
from host import PF, Host, vf
from json_forms import MANUAL, page
from monitor import Monitor
import recordings
import records
import streams

STATE = (VECTORS / "queues.bin").read_bytes()
COUNTERS = ["dirty_reports", "questions_answered", "questions_refused", "suspends", "saves", "loads", "resumes", "resets", "failed_arcs",
            "failed_loads", "dirty_bytes", "suspend_ns", "save_ns", "load_ns", "resume_ns", "saved_bytes", "loaded_bytes"]
PAGES = {path.name: page(path.name) for path in sorted(MANUAL.glob("nvmove-*.1"))}
NAMED = {name: form for page in PAGES.values() for name, form in page.named.items()}
CHECKED = set()


def commands(*above):
    """Every command that has an option --json, from the program's own help."""
    out = nvmove(*above, "--help").out
    if "COMMAND" not in out.splitlines()[0]:
        return {above} if "--json" in out else set()
    return {command for name in re.findall(r"^  ([a-z]+) ", out.split("\n\n")[1], re.MULTILINE) for command in commands(*above, name)}


def check(command, text, answer=""):
    """Hold what a command has answered against its page."""
    CHECKED.add(command)
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = text
    faults = PAGES[f"nvmove-{command[0]}.1"].answer(command[-1]).faults(value, NAMED, "answer")
    expect(not faults, f"{' '.join(command)}: {faults[:3]}", answer)


def ask(run, *words, code=0):
    """Have a command answer, by a run of the program."""
    command = next(words[:length] for length in (2, 1) if words[:length] in commands_known)
    answer = run(*words, "--json")
    expect(answer.code == code, f"exit code {code} expected", answer)
    check(command, answer.out, answer)


def check_host(scratch):
    """Commands that ask a host."""
    host = Host(scratch)
    ask(host.nvmove, "list")
    one = ("provision", PF, "--vf", "1", "--queues", "5", "--vectors", "4", "--vfs", "2")
    ask(host.nvmove, *one, "--dry-run")
    ask(host.nvmove, *one)
    ask(host.nvmove, "list")
    check_watch(host)
    migration = host.devices / vf(1) / "migration"
    (migration / "protocol").unlink()
    (migration / "reason").write_text("no such command\n", encoding="utf-8")
    ask(host.nvmove, *one, code=1)
    ask(host.nvmove, "unprovision", PF, "--vf", "1")
    shutil.rmtree(migration)
    ask(host.nvmove, "record", vf(1))
    ask(host.nvmove, "check", vf(1), vf(1))
    ask(host.nvmove, "check", vf(1), vf(2), code=1)
    ask(host.nvmove, "unprovision", PF, "--all", "--dry-run")
    ask(host.nvmove, "unprovision", PF, "--all")
    ask(host.nvmove, "unprovision", PF, "--vf", "1")


def check_watch(host):
    """A line about an event with all that can be known of it, and one without."""
    def put(**values):
        for name, value in values.items():
            path = host.devices / vf(1) / "migration" / name
            path.with_suffix(".new").write_text(f"{value}\n", encoding="utf-8")
            path.with_suffix(".new").rename(path)

    put(**dict.fromkeys([*COUNTERS, "suspended_ns"], 0))
    bound = host.sys / "bus" / "pci" / "drivers" / "nvme-vfio-pci" / vf(1)
    if not bound.exists():
        bound.symlink_to(f"../../devices/{vf(1)}")
    with subprocess.Popen([NVMOVE, "watch", "--json", "--interval=10", "--lines=2"], env=host.environment, stdout=subprocess.PIPE,
                          text=True) as process:
        check(("watch",), process.stdout.readline())
        put(save_ns=2170000, saved_bytes=1304, saves=1)
        check(("watch",), process.stdout.readline())
        expect(process.wait(20) == 0, "watch does not end after two lines")
    monitor = Monitor(host.root / "qmp")
    with subprocess.Popen([NVMOVE, "watch", "--json", "--interval=10", "--lines=7", f"--qmp={monitor.path}"], env=host.environment,
                          stdout=subprocess.PIPE, text=True) as process:
        lines = [process.stdout.readline(), process.stdout.readline()]
        monitor.status = {"status": ""}
        for change in (lambda: put(dirty_bytes=4096, dirty_reports=1), lambda: put(dirty_bytes=8192, dirty_reports=2),
                       lambda: put(suspended_ns=5000, resume_ns=7, resumes=1),
                       lambda: monitor.__setattr__("migration", {
                           "status": "failed", "total-time": 9, "downtime": 8, "expected-downtime": 7, "error-desc": "no", "vfio":
                           {"transferred": 6}, "ram": {"transferred": 5, "remaining": 4, "total": 9, "dirty-pages-rate": 2, "page-size": 4096}}),
                       lambda: monitor.__setattr__("migration", {"status": "active", "ram": {"transferred": 500}})):
            change()
            lines.append(process.stdout.readline())
        expect(process.wait(20) == 0, "watch does not end after its lines")
    for line in lines:
        check(("watch",), line)


def check_report(scratch):
    """Reports of a move, of one side that has not ended and was not traced, and of clocks that somebody has compared."""
    source, destination = recordings.source(clock_error_us=7), recordings.destination(clock_error_us=8)
    source.insert(-1, recordings.arc(9 * 10**9, recordings.SOURCE, "STOP_COPY", "STOP", result=-5))
    clock = {"type": "clock", "t_ns": 1, "reference": "another", "realtime_ns": 5, "uncertainty_ns": 1}
    bare = [{name: value for name, value in recordings.header("bare", 1, 2, no_trace="none").items() if name not in ("kernel", "driver", "nvmove")},
            recordings.arc(5, "0", "RUNNING", "STOP"), {"type": "lost", "t_ns": 6, "events": 1}, clock]
    for number, files in enumerate(((source, destination, recordings.guest()), (source,), (destination,), (bare,))):
        names = [recordings.write(scratch / f"recording-{number}-{index}", lines) for index, lines in enumerate(files)]
        ask(nvmove, "report", *names)


def check_files(scratch):
    """Commands that read files: every vector, streams, records."""
    for path in sorted(VECTORS.glob("*.bin")):
        for command in ("show", "verify"):
            answer = nvmove("state", command, "--json", path)
            expect(answer.code in (0, 1), f"{command} of {path.name}", answer)
            check(("state", command), answer.out, answer)
    record = records.encode(records.BASE)
    greeting = streams.record(streams.HELLO, streams.hello())
    for name, data in (("a record", record), ("a stream", streams.stream(STATE)), ("no stream", greeting),
                       ("a stream that asks", greeting + streams.question(records.question(record)) + streams.size_record(len(STATE)) +
                        streams.record(streams.STATE, STATE) + streams.record(streams.END, streams.end(STATE))),
                       ("an unknown protocol", streams.record(streams.HELLO, streams.hello()[:-6] + bytes([9, 0, 0, 0, 0, 0])) +
                        streams.stream(STATE)[len(greeting):]),
                       ("an unknown record in a stream", greeting + streams.record(99, b"what", streams.SKIPPABLE) +
                        streams.stream(STATE)[len(greeting):])):
        file = scratch / "file"
        file.write_bytes(data)
        for command in ("show", "verify"):
            answer = nvmove("state", command, "--json", file)
            expect(answer.code == (name == "no stream"), f"{command} of {name}", answer)
            check(("state", command), answer.out, answer)
    for name in ("queues", "idle", "namespaces"):
        ask(nvmove, "state", "diff", VECTORS / "queues.bin", VECTORS / f"{name}.bin", code=int(name != "queues"))


def main():
    """All commands; then what nobody has seen."""
    with tempfile.TemporaryDirectory() as scratch:
        check_host(Path(scratch))
        check_files(Path(scratch))
        check_report(Path(scratch))
    expect(commands_known == CHECKED, f"not asked for an answer: {commands_known - CHECKED}")
    for name, form in [(name, form) for name, described in PAGES.items() for _, form in described.answers] + list(NAMED.items()):
        expect(not form.unseen(name), f"documented and never seen: {form.unseen(name)}")
    finish()


commands_known = commands()
main()
