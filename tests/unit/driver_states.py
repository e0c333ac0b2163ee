#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""docs/driver-states.md has no empty cell, uses no word for a result that it does not explain, and every test that it names exists.

A test with a star must be one that is run by hand, a test without must not be.
"""

import re
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
TESTS = PROJECT / "tests" / "lab"
DOCUMENT = PROJECT / "docs" / "driver-states.md"
LEGEND = "cell"
EVENTS = "event"
TEST = re.compile(r"`(\w+)`(\*?)")
# A section's tests may stand in its words instead of in its table.
FILES = re.compile(r"`(\w+_\w+)`(\*?)")
NOT_TESTS = {"reset_controller", "sriov_numvfs", "admin_timeout"}


def tables(text):
    """Every table as a list of rows, a row as a list of cells; the first row is the head."""
    for block in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in block.splitlines()]
        yield [rows[0], *rows[2:]]


def shape(found):
    """What is wrong with the tables' form."""
    for head, *rows in found:
        for row in rows:
            if len(row) != len(head):
                yield f"{row[0]}: {len(row)} cells, {len(head)} columns"
            for column, cell in zip(head, row):
                if not cell:
                    yield f"{row[0]}: nothing under {column}"
            if head[-1] == "tests" and not TEST.search(row[-1]):
                yield f"{row[0]}: no test"


def words(found):
    """Results of events that the legend does not have, and of the legend that no event has."""
    legend = {row[0].strip("`") for head, *rows in found for row in rows if head[0] == LEGEND}
    used = {cell for head, *rows in found if head[0] == EVENTS for row in rows for cell in row[1:-1]}
    yield from (f"no event's result is {word}" for word in sorted(legend - used))
    yield from (f"result {word} is not explained" for word in sorted(used - legend))


def by_hand(path):
    """Whether a test is run by its name only."""
    return re.search(r"^BY_HAND\b", path.read_text(encoding="utf-8"), re.MULTILINE) is not None


def proofs(text):
    """Tests that do not exist, or are marked wrongly."""
    named = set(FILES.findall(text)) | {name for head, *rows in tables(text) if head[-1] == "tests"
                                        for row in rows for name in TEST.findall(row[-1])}
    for name, star in sorted(named):
        path = TESTS / f"{name}.py"
        if name in NOT_TESTS:
            continue
        if not path.is_file():
            yield f"there is no test {name}"
        elif by_hand(path) != bool(star):
            yield f"{name}: BY_HAND and the star contradict each other"


def main():
    """Check; returns the exit code."""
    text = DOCUMENT.read_text(encoding="utf-8")
    found = list(tables(text))
    problems = [*shape(found), *words(found), *proofs(text)]
    for problem in problems:
        print(f"{DOCUMENT.name}: {problem}", file=sys.stderr)
    cells = sum(len(row) - 2 for head, *rows in found if head[0] == EVENTS for row in rows)
    print(f"{cells} cells")
    return 1 if problems or not cells else 0


sys.exit(main())
