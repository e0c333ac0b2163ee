# SPDX-License-Identifier: BSD-2-Clause
"""nvmove watch: what the driver's attributes say happened is told once, however much of it there was between two looks."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from program import NVMOVE, expect, finish, nvmove

FUNCTIONS = ["0000:01:00.1", "0000:01:00.2"]
COUNTERS = ["dirty_reports", "questions_answered", "questions_refused", "suspends", "saves", "loads", "resumes", "resets", "failed_arcs",
            "failed_loads"]
VALUES = ["dirty_bytes", "suspend_ns", "save_ns", "load_ns", "resume_ns", "saved_bytes", "loaded_bytes"]


class Host:
    """A sysfs with bound functions."""

    def __init__(self, root):
        self.root = root
        self.driver = root / "bus" / "pci" / "drivers" / "nvme-vfio-pci"
        self.driver.mkdir(parents=True)

    def path(self, function, name):
        """An attribute."""
        return self.root / "bus" / "pci" / "devices" / function / "migration" / name

    def put(self, function, **values):
        """Set attributes; state last, and each at once, as a reader may come at any moment."""
        for name, value in values.items():
            path = self.path(function, name)
            path.with_suffix(".new").write_text(f"{value}\n", encoding="utf-8")
            path.with_suffix(".new").rename(path)

    def bind(self, function):
        """A function that can migrate."""
        self.path(function, "state").parent.mkdir(parents=True)
        self.put(function, **dict.fromkeys(COUNTERS + VALUES, 0), state="RUNNING")
        (self.driver / function).symlink_to(f"../../devices/{function}")

    def unbind(self, function):
        """It is gone."""
        (self.driver / function).unlink()


def check_events(host, process):
    """A migration away, one that comes, and what can go wrong."""

    def line():
        told = json.loads(process.stdout.readline())
        expect(told["time"].endswith("Z") and len(told["time"]) == 24, f"the time: {told['time']}")
        return told["function"], told["state"], told["events"]

    def expect_line(function, state, *events):
        found = line()
        expect(found == (function, state, list(events)), f"{(function, state, list(events))} expected, {found} told")

    one, two = FUNCTIONS
    expect_line(one, "RUNNING", {"event": "bound", "times": 1})
    host.put(one, state="PRE_COPY")
    expect_line(one, "PRE_COPY")
    host.put(one, dirty_bytes=4096, dirty_reports=2)
    expect_line(one, "PRE_COPY", {"event": "written memory told", "times": 2, "bytes": 4096})
    host.put(one, suspend_ns=290000, suspends=1)
    expect_line(one, "PRE_COPY", {"event": "suspended", "times": 1, "duration_ns": 290000})
    host.put(one, save_ns=2170000, saved_bytes=1304, saves=1)
    expect_line(one, "PRE_COPY", {"event": "saved", "times": 1, "duration_ns": 2170000, "bytes": 1304})
    host.bind(two)
    expect_line(two, "RUNNING", {"event": "bound", "times": 1})
    host.put(two, loaded_bytes=2608, loads=2)
    expect_line(two, "RUNNING", {"event": "loaded", "times": 2, "bytes": 2608})
    host.put(two, questions_refused=1)
    expect_line(two, "RUNNING", {"event": "found incompatible", "times": 1})
    host.put(two, resets=3)
    expect_line(two, "RUNNING", {"event": "reset", "times": 3})
    host.put(two, resets=1)
    expect_line(two, "RUNNING", {"event": "reset", "times": 1})
    host.unbind(one)
    expect_line(one, "PRE_COPY", {"event": "no longer bound", "times": 1})
    expect(process.wait(20) == 0, "it does not end after its lines")


def check_lines(host, environment):
    """The same for people."""
    with subprocess.Popen([NVMOVE, "watch", "-i", "10", "-n", "2"], env=environment, stdout=subprocess.PIPE, text=True) as process:
        first = process.stdout.readline()
        host.put(FUNCTIONS[1], load_ns=530000, loaded_bytes=3912, loads=3)
        second = process.stdout.readline()
        expect(process.wait(20) == 0, "it does not end after two lines")
    expect(first.endswith(f"  {FUNCTIONS[1]}  RUNNING       bound\n"), f"the first line: {first}")
    expect(second.endswith("  RUNNING       loaded 1304 bytes in 0.53 ms\n"), f"the second line: {second}")


def main():
    """Events, lines, what cannot be."""
    with tempfile.TemporaryDirectory() as scratch:
        host = Host(Path(scratch))
        environment = {**os.environ, "NVMOVE_SYSFS": scratch}
        host.bind(FUNCTIONS[0])
        with subprocess.Popen([NVMOVE, "watch", "--json", "--interval=10", "--lines=11"], env=environment, stdout=subprocess.PIPE,
                              text=True) as process:
            check_events(host, process)
        check_lines(host, environment)
        with open("/dev/full", "wb") as full:
            answer = nvmove("watch", "-n", 1, env=environment, stdout=full)
        expect(answer.code == 2 and "No space left" in answer.err, "lines that could not be written", answer)
        for arguments, word in ((["x"], "no use"), (["-i", "0"], "from 1 to"), (["-n", "x"], '"x"')):
            answer = nvmove("watch", *arguments, env=environment)
            expect(answer.code == 2 and word in answer.err, f"{arguments}: {word!r} expected", answer)
        host.driver.rename(host.root / "gone")
        answer = nvmove("watch", "-n", 1, env=environment)
        expect(answer.code == 2 and "modprobe" in answer.err, "without the driver", answer)
    finish()


main()
