# SPDX-License-Identifier: BSD-2-Clause
"""Recordings of hosts (nvmove watch --record) while a guest moves between them, with what only the lab can know added: how
their clocks stand to this machine's, the steps of QEMU's downtime, the guest's I/O. The page of them is nvmove report's.
"""

import json
import shutil
import time

from . import loader, run
from .errors import LabError

REFERENCE = "the machine that the lab runs on"
BEGIN_SECONDS = 60
END_SECONDS = 60
# What happens between two looks is told by trace points and events, and a host has one emulated processor.
INTERVAL_MS = 500
# A host's clock is compared so often; the quickest answer counts.
COMPARISONS = 5
REPORT_SECONDS = 60


def _nanoseconds(seconds):
    """Times of time.monotonic() and of QEMU as recordings have them."""
    return int(seconds * 1e9)


class Recording:
    """nvmove watch --record on a host, with the VMM that it watches: started at once, under way after wait(), until finish()."""

    def __init__(self, host, vmm):
        shutil.copy2(host.products.command, host.share / "nvmove")
        self.path = host.share / "recording"
        self._host = host
        self._job = host.start_program(["/lab/nvmove", "watch", "--record", "/lab/recording", "--qmp", vmm.watch_path,
                                        "--interval", INTERVAL_MS])

    def wait(self):
        """Wait until it records."""
        deadline = time.monotonic() + BEGIN_SECONDS
        while not self.path.exists() or not self.path.stat().st_size:
            if self._job.ended() or time.monotonic() > deadline:
                raise LabError(f"host {self._host.name}: nvmove watch does not record: {self._job.error_text()}")
            time.sleep(0.1)

    def _clock(self, header):
        """A line that compares the host's clock with this machine's."""
        found = []
        for _ in range(COMPARISONS):
            before = time.time_ns()
            there = int(self._host.sh("date +%s%N"))
            found.append((time.time_ns() - before, before, there))
        took, before, there = min(found)
        return {"type": "clock", "t_ns": there - header["realtime_ns"] + header["monotonic_ns"], "reference": REFERENCE,
                "realtime_ns": before + took // 2, "uncertainty_ns": took // 2}

    def finish(self, steps=()):
        """End the recording. steps are those of the VMM's downtime: the host's time at the end of each, the name, seconds."""
        self._job.signal()
        result = self._job.wait(END_SECONDS)
        lines = self.path.read_text(encoding="utf-8").splitlines()
        if result.code or not lines:
            raise LabError(f"host {self._host.name}: nvmove watch --record: exit code {result.code}: {result.err}")
        header = json.loads(lines[0])
        added = [self._clock(header)]
        for when, name, seconds in steps:
            added.append({"type": "vmm_step", "t_ns": _nanoseconds(when) - header["realtime_ns"] + header["monotonic_ns"],
                          "step": name.replace("_", " "), "duration_ns": _nanoseconds(seconds)})
        lines[-1:-1] = [json.dumps(line) for line in added]
        self.path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_guest(path, samples):
    """A recording of a guest's I/O: samples are pairs of this machine's monotonic seconds and the I/Os completed till then."""
    begin, end = _nanoseconds(samples[0][0]), _nanoseconds(samples[-1][0])
    realtime = begin + time.time_ns() - time.monotonic_ns()
    lines = [{"type": "recording", "version": 1, "host": "guest", "monotonic_ns": begin, "realtime_ns": realtime},
             {"type": "clock", "t_ns": begin, "reference": REFERENCE, "realtime_ns": realtime, "uncertainty_ns": 0}]
    lines += [{"type": "guest", "t_ns": _nanoseconds(when), "ios": ios} for when, ios in samples]
    lines.append({"type": "end", "t_ns": end})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def report(products, recordings, page):
    """Have nvmove report make a page of recordings; returns what it is made from, as --json answers."""
    command = [*loader.command(products.tree, products.command), "report"]
    page.unlink(missing_ok=True)
    run.logged([*command, "-o", page, *recordings], page.with_suffix(".log"), REPORT_SECONDS)
    answer = page.with_name("recorded.json")
    run.logged([*command, "--json", *recordings], answer, REPORT_SECONDS)
    return json.loads(answer.read_text(encoding="utf-8"))


def move(facts):
    """The one move of a function in what report() returns."""
    moves = [stop for stop in facts["stops"] if stop["outcome"] == "moved"]
    if len(moves) != 1:
        raise LabError(f"nvmove report finds {len(moves)} moves in the recordings, expected 1: {facts['stops']}")
    return moves[0]
