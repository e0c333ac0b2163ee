# SPDX-License-Identifier: BSD-2-Clause
"""nvmove report --json: which stops are one move, how far clocks are trusted, what went wrong, in every order of the files."""

import itertools
import tempfile
from pathlib import Path

from program import expect, finish, nvmove
import recordings
from recordings import DESTINATION, MS, SOURCE

REALTIME = 1795300000000 * MS


class Reports:
    """Reports of recordings that are written for it."""

    def __init__(self, scratch):
        self._scratch = scratch

    def facts(self, *files):
        """The answer for recordings, given as lists of lines."""
        names = [recordings.write(self._scratch / str(number), lines) for number, lines in enumerate(files)]
        answer = nvmove("report", "--json", *names)
        expect(answer.code == 0 and answer.json(), "no facts", answer)
        return answer.json()


def check_move(reports):
    """The same whatever the order of the files is, and however the lines in them are ordered."""
    files = [recordings.source(), recordings.destination(), recordings.guest()]
    for order in itertools.permutations(files):
        facts = reports.facts(*order)
        expect([stop["outcome"] for stop in facts["stops"]] == ["moved"], f"stops: {facts['stops']}")
        stop = facts["stops"][0]
        expect(stop["source"] == {"host": "hosta", "function": SOURCE} and stop["stopped_ns"] == recordings.STOPPED and
               stop["save_ns"] == recordings.QUERY + recordings.SAVE and stop["from_ns"] == 2500 * MS, f"the move: {stop}")
        expect([stop["stopped_ns"] for stop in facts["vm_stops"]] == [404 * MS], f"the guest's stop: {facts['vm_stops']}")
    source = recordings.source()
    shuffled = [source[0], *reversed(source[1:-1]), source[-1]]
    facts = reports.facts(shuffled, recordings.destination())
    expect(facts["stops"][0]["stopped_ns"] == recordings.STOPPED, f"lines in another order: {facts['stops']}")
    sent = next(vmm["sent"] for vmm in facts["vmms"] if vmm["sent"])
    expect(sum(span["bytes"] for span in sent) == recordings.RAM_BYTES, f"not all memory was sent: {sent}")
    dirtied = facts["functions"][0]["dirtied"]
    expect(sum(span["bytes"] for span in dirtied) == 24 * 400000, f"what the device has written: {dirtied}")


def check_clocks(reports):
    """Clocks that the hosts keep, that one host does not, that somebody has compared."""
    kept = reports.facts(recordings.source(clock_error_us=300), recordings.destination(clock_error_us=450))
    expect(kept["clocks"]["uncertainty_ns"] == 750000 and kept["clocks"]["reference"] is None, f"kept: {kept['clocks']}")
    half = reports.facts(recordings.source(clock_error_us=300), recordings.destination())
    expect(half["clocks"]["uncertainty_ns"] is None, f"one is not kept: {half['clocks']}")
    # the destination's clock is 90 s behind, and whoever compares clocks says so
    def compared(lines, t_ns, uncertainty):
        clock = {"type": "clock", "reference": "who sees both", "realtime_ns": REALTIME}
        return [*lines[:-1], {**clock, "t_ns": t_ns + 77, "uncertainty_ns": 10 * MS}, {**clock, "t_ns": t_ns, "uncertainty_ns": uncertainty},
                lines[-1]]
    late = recordings.destination(realtime=REALTIME - 90000 * MS)
    facts = reports.facts(compared(recordings.source(), 5000 * MS, 2 * MS), compared(late, 777000 * MS, 3 * MS))
    expect(facts["clocks"] == {"reference": "who sees both", "uncertainty_ns": 5 * MS, "contradiction_ns": 0} and
           facts["stops"][0]["stopped_ns"] == recordings.STOPPED, f"compared: {facts['clocks']}, {facts['stops']}")
    apart = reports.facts(recordings.source(), late)
    expect(sorted(stop["outcome"] for stop in apart["stops"]) == ["loaded", "saved"], f"90 s apart: {apart['stops']}")
    before = reports.facts(recordings.source(), recordings.destination(realtime=REALTIME - 1000 * MS))
    expect(before["stops"][0]["outcome"] == "moved" and
           before["clocks"]["contradiction_ns"] == 1000 * MS - 198 * MS + recordings.LOAD, f"1 s apart: {before['clocks']}")


def check_given_up(reports):
    """A refusal that ends a migration: the function goes on where it was, and everybody's words are there."""
    source = recordings.source()[:-1]
    stop = next(line for line in source if line["type"] == "command" and line["command"] == "suspend")["t_ns"] - recordings.SUSPEND
    at = stop + 500 * MS
    source += [recordings.command(at, SOURCE, "resume", 400000), recordings.arc(at + MS, SOURCE, "PRE_COPY_P2P", "PRE_COPY"),
               recordings.event(at + 2 * MS, "RESUME"),
               recordings.vmm(at + 3 * MS, "failed", "running", error="the other side <has> hung up"),
               recordings.vmm(at + 9 * MS, "failed", "running", error="the other side <has> hung up"), {"type": "end", "t_ns": at + 9000 * MS}]
    destination = [line for line in recordings.destination() if line["t_ns" if "t_ns" in line else "monotonic_ns"] < 777000 * MS + 2700 * MS]
    destination += [recordings.command(777000 * MS + 2800 * MS, DESTINATION, "load", 100, status=0x4002),
                    recordings.arc(777000 * MS + 2801 * MS, DESTINATION, "RESUMING", "STOP", result=-121),
                    {"type": "log", "t_ns": 777000 * MS + 2801 * MS, "priority": 3, "text": "nvme-vfio-pci: serial is \"a\", expected \"b\""},
                    {"type": "log", "t_ns": 777000 * MS + 2802 * MS, "priority": 6, "text": "nvme-vfio-pci: hello"},
                    {"type": "lost", "t_ns": 777000 * MS + 2803 * MS, "events": 12},
                    {"type": "reset", "t_ns": 777000 * MS + 2900 * MS, "function": DESTINATION, "deferred": 0},
                    {"type": "end", "t_ns": 777000 * MS + 3000 * MS}]
    facts = reports.facts(source, destination)
    stops = {stop["source"]["host"]: stop for stop in facts["stops"]}
    expect(stops["hosta"]["outcome"] == "resumed" and stops["hosta"]["stopped_ns"] == 500 * MS and
           stops["hostb"]["outcome"] == "reset", f"stops: {stops}")
    words = [problem["words"] for problem in facts["problems"]]
    expect(words == ["load refused by the device, NVMe status 0x4002", "RESUMING to STOP failed: Remote I/O error (-121)",
                     "kernel: nvme-vfio-pci: serial is \"a\", expected \"b\"", "12 events were lost: the kernel's buffer was full",
                     "VMM: the other side <has> hung up"], f"problems: {words}")
    expect(facts["recordings"][1]["lost_events"] == 12 and facts["recordings"][1]["ended"], f"recordings: {facts['recordings']}")


def check_without_trace(reports):
    """Without trace points the counters tell the same, as exactly as they were looked at."""
    def counted(state, t_ns, **values):
        return recordings.sample(t_ns, SOURCE, state, **{**dict.fromkeys(("suspends", "saves", "resumes"), 0), **values})
    lines = [recordings.header("hosta", 0, REALTIME, no_trace="no tracefs"), counted("RUNNING", 100 * MS),
             counted("PRE_COPY", 200 * MS), counted("PRE_COPY_P2P", 300 * MS, suspends=1, suspend_ns=5000),
             counted("STOP_COPY", 400 * MS, suspends=1, suspend_ns=5000, saves=1, save_ns=7000, saved_bytes=900),
             counted("RUNNING", 500 * MS, suspends=1, suspend_ns=5000, saves=1, save_ns=7000, saved_bytes=900, resumes=1, resume_ns=3000),
             {"type": "end", "t_ns": 600 * MS}]
    facts = reports.facts(lines)
    stop = facts["stops"][0]
    expect(stop["outcome"] == "resumed" and stop["device_ns"] == 15000 and stop["state_bytes"] == 900 and
           stop["stopped_ns"] == 200 * MS + 5000, f"the stop: {stop}")
    states = [span["state"] for span in facts["functions"][0]["states"]]
    expect(states == ["RUNNING", "PRE_COPY", "PRE_COPY_P2P", "STOP_COPY", "RUNNING"], f"states: {states}")


def check_many(reports):
    """What is more than a report tells is counted."""
    lines = [recordings.header("hosta", 0, REALTIME)]
    for number in range(300):
        lines.append(recordings.sample(1000 + number, f"{number:04x}:00:00.0", "RUNNING"))
    for number in range(2100):
        lines += [recordings.command(5000 + number * 10, "0000:00:00.0", "suspend", 1), recordings.command(5004 + number * 10,
                  "0000:00:00.0", "resume", 1), recordings.arc(5006 + number * 10, "0000:00:00.0", "STOP", "STOP_COPY", result=-5)]
    facts = reports.facts(lines)
    expect(len(facts["functions"]) == 256 and len(facts["stops"]) == 2000 and len(facts["problems"]) == 1000 and
           facts["left_out"] == 44 + 100 + 1100, f"{facts['left_out']} left out")


def main():
    """Each in its turn."""
    with tempfile.TemporaryDirectory() as directory:
        reports = Reports(Path(directory))
        for check in (check_move, check_clocks, check_given_up, check_without_trace, check_many):
            check(reports)
    finish()


main()
