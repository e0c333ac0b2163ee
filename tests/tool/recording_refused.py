# SPDX-License-Identifier: BSD-2-Clause
"""A file that is no recording is refused for a reason that names the line and the field; whatever a recording says stays text."""

import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from program import VECTORS, expect, finish, nvmove
import recordings
from recordings import SOURCE

HEADER = recordings.header("hosta", 1, 2)
END = {"type": "end", "t_ns": 9}
ARC = recordings.arc(5, SOURCE, "RUNNING", "STOP")
HOSTILE = "</title><script>alert(1)</script><svg onload='x'>\"'`&amp; \u202e\ufffe\x01 {{7*7}} --> ]]>"


def without(line, member):
    """A line that lacks a member."""
    return {name: value for name, value in line.items() if name != member}


# lines, and what the reason has to say
WRONG = {
    "a foreign first line": ([{"type": "other"}, END], 'line 1: type is "other", expected "recording"'),
    "no type": ([{"version": 1}], "line 1: type is missing"),
    "a list": ([[1, 2]], "line 1: no JSON object"),
    "another version": ([{**HEADER, "version": 2}], "line 1: version is 2, expected 1"),
    "a version of another kind": ([{**HEADER, "version": "1"}], 'line 1: version is "1"'),
    "no host": ([without(HEADER, "host")], "line 1: host is missing"),
    "a host that is a number": ([{**HEADER, "host": 7}], "line 1: host is 7, expected a text"),
    "a clock that is negative": ([{**HEADER, "monotonic_ns": -1}], "line 1: monotonic_ns is -1"),
    "a clock beyond": ([{**HEADER, "realtime_ns": 1 << 62}], "line 1: realtime_ns is 4611686018427387904"),
    "a number beyond all": ([{**HEADER, "monotonic_ns": 1 << 70}], "line 1: monotonic_ns is"),
    "an unknown type": ([HEADER, {"type": "fly", "t_ns": 1}], 'line 2: type is "fly", expected one of'),
    "no time": ([HEADER, without(ARC, "t_ns")], "line 2: t_ns is missing"),
    "a fraction of a time": ([HEADER, {**ARC, "t_ns": 1.5}], "line 2: t_ns is 1.5"),
    "no function": ([HEADER, END | {"type": "reset"}], "line 2: function is missing"),
    "a function that is no word": ([HEADER, {**ARC, "function": "a\nb"}], "line 2: function is"),
    "an empty word": ([HEADER, {**ARC, "from": ""}], 'line 2: from is "", expected 1 to 64'),
    "a word too long": ([HEADER, {**ARC, "to": "x" * 65}], "line 2: to is"),
    "a result that is no errno": ([HEADER, {**ARC, "result": -5000}], "line 2: result is -5000"),
    "a duration that is null": ([HEADER, {**ARC, "duration_ns": None}], "line 2: duration_ns is missing"),
    "a flag that is none": ([HEADER, {"type": "reset", "t_ns": 1, "function": SOURCE, "deferred": 2}], "line 2: deferred is 2, expected 0 or 1"),
    "counters that are texts": ([HEADER, recordings.sample(1, SOURCE, "RUNNING", resets="many")], "line 2: counters is"),
    "too many counters": ([HEADER, recordings.sample(1, SOURCE, "RUNNING", **{f"c{i}": i for i in range(65)})], "line 2: counters is"),
    "a text too long": ([HEADER, {"type": "log", "t_ns": 1, "priority": 3, "text": "x" * 1025}], "line 2: text is"),
    "a line behind the end": ([HEADER, END, ARC], "line 3: the recording has ended"),
}
# bytes, and what the reason has to say
LINE = b'{"type":"end","t_ns":1}\n'
GOOD = recordings.json.dumps(HEADER).encode() + b"\n"
BROKEN = {
    "nothing": (b"", "line 1: the file is empty"),
    "no newline": (GOOD + LINE[:-1], "line 2: no newline: the line is cut off"),
    "a line cut off": (GOOD + LINE[:-5] + b"\n", "line 2: the object does not end"),
    "an empty line": (GOOD + b"\n" + LINE, "line 2: "),
    "two objects in a line": (GOOD + LINE[:-1] + LINE, "line 2: no JSON object, at character"),
    "no UTF-8": (GOOD + b'{"type":"log","t_ns":1,"priority":3,"text":"\xff\xfe"}\n', "line 2: no JSON object"),
    "NUL": (b"\0" * 64 + b"\n", "line 1: "),
    "deep nesting": (GOOD + b'{"a":' * 100 + b"1" + b"}" * 100 + b"\n", "line 2: no JSON object"),
    "a long line": (GOOD + b" " * 70000 + LINE, "line 2: longer than 65536"),
    "too many lines": (GOOD + LINE * 250001, "250000 lines"),
}


def check_refused(path, what, reason):
    """A reason, and nothing else."""
    answer = nvmove("report", path)
    expect(answer.code == 2 and not answer.out and f"nvmove: {path}: " in answer.err and reason in answer.err, f"{what}: {reason!r} expected",
           answer)
    expect(all(0x20 <= ord(character) <= 0x7e for character in answer.err.rstrip("\n")), f"{what}: a reason that cannot be printed", answer)


def check_hostile(scratch):
    """Texts with markup and worse in every place where a recording has texts."""
    lines = [recordings.header(HOSTILE, 1, 2, no_trace=HOSTILE) | {"kernel": HOSTILE, "driver": HOSTILE, "nvmove": HOSTILE},
             recordings.arc(5, "<b>&'\"", "<i>", "</svg>", result=-5), recordings.command(6, "<b>&'\"", "<script>", 1, status=3),
             recordings.sample(6, "</title>", "<style>", **{"<b>": 1}),
             {"type": "function", "t_ns": 1, "function": "<b>&'\"", "protocol": "<img/>", "controlling": "'\"><x>"},
             {"type": "log", "t_ns": 7, "priority": 1, "text": HOSTILE}, recordings.vmm(8, "<status>", "<x>", error=HOSTILE, ram_bytes=5),
             recordings.vmm(9, "active", "running", ram_bytes=7),
             recordings.event(9, "MIGRATION", status="</text>"),
             {"type": "vmm_step", "t_ns": 9, "step": HOSTILE, "duration_ns": 5},
             {"type": "clock", "t_ns": 9, "reference": HOSTILE, "realtime_ns": 5, "uncertainty_ns": 1},
             {"type": "question", "t_ns": 9, "function": "'", "operation": "<ask>", "bytes": 1, "result": -121, "duration_ns": 1}]
    path = recordings.write(scratch / "<b>hostile", lines)
    answer = nvmove("report", path)
    expect(answer.code == 0, "a recording of hostile texts", answer)
    root = ElementTree.fromstring(answer.out.removeprefix("<!DOCTYPE html>"))
    tags = {element.tag.rsplit("}")[-1] for element in root.iter()}
    known = {"html", "head", "meta", "title", "style", "body", "main", "header", "h1", "h2", "h3", "p", "section", "div", "svg", "path", "rect",
             "text", "tspan", "ul", "li", "span", "small", "table", "thead", "tbody", "tr", "th", "td"}
    expect(tags <= known, f"elements that no page has: {tags - known}")
    names = {name for element in root.iter() for name in element.attrib}
    expect(not any(name.startswith("on") or name in ("src", "href", "style") for name in names), f"attributes: {names}")
    shown = " ".join("".join(root.itertext()).split())
    expect("</title><script>alert(1)</script><svg onload='x'>\"'`&amp; \u202e\ufffd\ufffd {{7*7}} --> ]]>" in shown,
           f"the text itself is not shown: {shown[-3000:]}")


def main():
    """Everything that is wrong, alone and behind a good recording."""
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        path = scratch / "recording"
        for what, (lines, reason) in WRONG.items():
            check_refused(recordings.write(path, lines), what, reason)
        for what, (data, reason) in BROKEN.items():
            path.write_bytes(data)
            check_refused(path, what, reason)
        check_refused(VECTORS / "idle.bin", "a controller state", "line 1: ")
        good = recordings.write(scratch / "good", recordings.source())
        answer = nvmove("report", good, path)
        expect(answer.code == 2 and not answer.out and str(path) in answer.err, "one of two is none", answer)
        answer = nvmove("report", *[good] * 17)
        expect(answer.code == 2 and "16 recordings at most" in answer.err, "17 recordings", answer)
        for words, reason in ((["report"], "expected"), (["report", "--json", "-o", "x", good], "standard output"),
                              (["report", scratch / "none"], "No such file")):
            answer = nvmove(*words)
            expect(answer.code == 2 and reason in answer.err and not answer.out, f"{words}: {reason!r} expected", answer)
        check_hostile(scratch)
    finish()


main()
