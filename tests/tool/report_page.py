# SPDX-License-Identifier: BSD-2-Clause
"""nvmove report: the page is well-formed, has the recordings' figures, loads nothing, and says what is not there."""

import re
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from program import expect, finish, nvmove
import recordings

XHTML, SVG = "{http://www.w3.org/1999/xhtml}", "{http://www.w3.org/2000/svg}"
CHARTS = ["States of functions and phases of VMMs over time", "The begin of the stop, until the state is saved",
          "The end of the stop, from the load to the resume",
          "Steps of the guest's downtime", "The time for which the function was stopped",
          "The device's share of the time for which it was stopped", "MB per second", "I/Os per second"]


def page(*names):
    """The page of recordings: its text, its root, the words in it."""
    answer = nvmove("report", *names)
    expect(answer.code == 0 and not answer.err, "no page", answer)
    root = ElementTree.fromstring(answer.out.removeprefix("<!DOCTYPE html>"))
    return answer.out, root, " ".join("".join(root.find(f"{XHTML}body").itertext()).split())


def shown(nanoseconds):
    """A duration as the page shows it."""
    return f"{nanoseconds / recordings.MS:.3f}"


def check_figures(root, words):
    """Figures of the recordings are in the tables."""
    save = recordings.QUERY + recordings.SAVE
    device = recordings.SUSPEND + save + recordings.LOAD + recordings.RESUME
    rows = [["".join(cell.itertext()) for cell in row.findall(f"{XHTML}td")] for row in root.iter(f"{XHTML}tr")]
    moves = [row for row in rows if "moved" in row]
    expect(moves == [[f"{recordings.SOURCE} hosta", f"{recordings.DESTINATION} hostb", "moved", "2500.000", shown(recordings.STOPPED),
                      shown(recordings.SUSPEND), shown(save), shown(recordings.LOAD), shown(recordings.RESUME), shown(device),
                      str(recordings.STATE_BYTES)]], f"the move: {moves}")
    for row in (["downtime, ms", str(recordings.DOWNTIME_MS), "–"], ["in all, ms", str(recordings.TOTAL_MS), "–"],
                ["downtime expected last, ms", "250", "–"], ["memory sent, bytes", str(recordings.RAM_BYTES), "–"],
                ["stop", "8.000 ms", "2.7 %"], ["memory_and_device", "292.000 ms", "97.3 %"],
                ["suspend", f"{shown(recordings.SUSPEND)} ms", f"{100 * recordings.SUSPEND / device:.1f} %"],
                [f"{recordings.SOURCE} hosta", "save", "1", "0", str(recordings.STATE_BYTES), shown(recordings.SAVE),
                 shown(recordings.SAVE)]):
        expect(row in rows, f"no row {row} in {rows}")
    expect(f"{recordings.SOURCE} of hosta to {recordings.DESTINATION} of hostb" in words, f"heading: {words[:200]}")
    expect("Guest stopped404 ms" in words, f"from STOP to RESUME are 404 ms: {words[:400]}")


def check_charts(root):
    """Every chart is there and has something in it; axes have units."""
    charts = {svg.find(f"{SVG}title").text: svg for svg in root.iter(f"{SVG}svg")}
    expect(list(charts) == CHARTS, f"charts: {list(charts)}")
    for title, svg in charts.items():
        expect(len(list(svg.iter(f"{SVG}rect"))) + len(list(svg.iter(f"{SVG}path"))) >= 2, f"{title} is empty")
        texts = ["".join(text.itertext()) for text in svg.iter(f"{SVG}text")]
        expect(not texts or "time in seconds" in texts, f"{title} has no time axis: {texts}")
    for unit in CHARTS[-2:]:
        texts = ["".join(text.itertext()) for text in charts[unit].iter(f"{SVG}text")]
        expect(unit in texts and ("100" in texts or "1000" in texts), f"{unit}: {texts}")
    states = [rect.find(f"{SVG}title").text for rect in charts[CHARTS[0]].iter(f"{SVG}rect") if rect.find(f"{SVG}title") is not None]
    for state in ("RUNNING, 1994.000 ms", "PRE_COPY, 2496.591 ms", "RESUMING, 2837.000 ms", "suspend, 1.590 ms"):
        expect(state in states, f"no {state} in the timeline: {states}")


def check_loads_nothing(text):
    """There is nothing in the page that a browser would fetch or run."""
    left = text.replace("http://www.w3.org/1999/xhtml", "").replace("http://www.w3.org/2000/svg", "")
    found = re.findall(r"https?:|//|<script|<link|<img|<iframe|<object|<a |src=|href=|url\(|@import|\son\w+=", left)
    expect(not found, f"the page has {found}")
    expect("default-src 'none'" in text, "the page does not forbid to load")


def check_nothing(scratch):
    """What was not recorded is said in words, and no chart is drawn."""
    empty = recordings.write(scratch / "empty", [recordings.header("hostc", 5, 10), {"type": "end", "t_ns": 6}])
    _, root, words = page(empty)
    expect(not list(root.iter(f"{SVG}svg")), "charts of nothing")
    for sentence in ("nothing happened", "No function and no VMM", "steps of the guest's downtime were not recorded",
                     "No function that moved", "No memory rates", "guest's I/O was not recorded", "None was recorded.",
                     "No function was stopped.", "No VMM was asked"):
        expect(sentence in words, f"not said: {sentence}")
    one = recordings.write(scratch / "one", recordings.source()[:-1])
    _, root, words = page(one)
    expect("saved; its destination is not recorded" in words and "Not ended in order" in words, f"a source alone: {words[-900:]}")


def main():
    """A move, nothing, one side alone."""
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        names = [recordings.write(scratch / "a", recordings.source()), recordings.write(scratch / "b", recordings.destination()),
                 recordings.write(scratch / "guest", recordings.guest())]
        text, root, words = page(*names)
        check_figures(root, words)
        check_charts(root)
        check_loads_nothing(text)
        expect(page(*names)[0] == text, "the same recordings make another page")
        written = scratch / "page.html"
        answer = nvmove("report", "-o", written, *names)
        expect(answer.code == 0 and not answer.out and written.read_text(encoding="utf-8") == text, "the page in a file", answer)
        with open("/dev/full", "wb") as full:
            answer = nvmove("report", *names, stdout=full)
        expect(answer.code == 2 and "No space left" in answer.err, "a page that cannot be written", answer)
        check_nothing(scratch)
    finish()


main()
