#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""docs/conformance.md and the table of the conformance tests say the same; nvmove-conformance(1) has the program's options.

Every requirement of the table is a line of the document, with the same section and the same words; every other line names an
existing test as its proof, or says why it is not done.
"""

import re
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
TABLE = PROJECT / "tests" / "conformance" / "requirements.list"
DOCUMENT = PROJECT / "docs" / "conformance.md"
REQUIREMENT = re.compile(r'^REQUIREMENT\((\w+), "([^"]*)", "([^"]*)"\)$', re.MULTILINE)
LINE = re.compile(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)
PROOF = re.compile(r"`(tests/[\w./]+)`")
PROGRAM = PROJECT / "tests" / "conformance" / "main.c"
MANUAL = PROJECT / "tests" / "conformance" / "nvmove-conformance.1"
OPTION = re.compile(r'^\t\{ "([a-z]+)",', re.MULTILINE)
MANUAL_OPTION = re.compile(r"^\.It Fl (?:[a-z] , )?-([a-z]+)", re.MULTILINE)
REASON = re.compile(r"not (done|tested): .+")


def problems(table, lines):
    """Everything that is wrong, as sentences."""
    tested = {name: (section, text) for name, section, text in table}
    documented = {}
    for name, section, text, proof in lines:
        if name in documented:
            yield f"{name}: two lines in the document"
        documented[name] = (section, text)
        if name in tested:
            if tested[name] != (section, text):
                yield f"{name}: the table has {tested[name]}, the document {(section, text)}"
            if proof != "conformance":
                yield f"{name}: the table tests it, the document's proof is '{proof}'"
            continue
        files = PROOF.findall(proof)
        if not files and not REASON.fullmatch(proof):
            yield f"{name}: '{proof}' is neither a test nor a reason"
        for file in files:
            if not (PROJECT / file).is_file():
                yield f"{name}: its proof {file} does not exist"
    for name in tested.keys() - documented.keys():
        yield f"{name}: tested, and not in the document"


def options():
    """What is wrong with the manual page's options."""
    known = OPTION.findall(PROGRAM.read_text(encoding="utf-8"))
    described = MANUAL_OPTION.findall(MANUAL.read_text(encoding="utf-8"))
    if not known or sorted(known) != sorted(described):
        yield f"{MANUAL.name}: options {described}, the program's are {known}"


def main():
    """Compare; returns the exit code."""
    text = TABLE.read_text(encoding="utf-8")
    table = REQUIREMENT.findall(text)
    document = DOCUMENT.read_text(encoding="utf-8")
    lines = LINE.findall(document)
    found = [*problems(table, lines), *options()]
    if len(table) != text.count("REQUIREMENT("):
        found.append(f"{TABLE.name}: {text.count('REQUIREMENT(')} requirements, {len(table)} of them could be read")
    rows = len(re.findall(r"^\| `\w", document, re.MULTILINE))
    if len(lines) != rows:
        found.append(f"{DOCUMENT.name}: {rows} lines, {len(lines)} of them could be read")
    for problem in found:
        print(problem, file=sys.stderr)
    print(f"{len(table)} requirements tested, {len(lines) - len(table)} proved elsewhere or not done")
    return 1 if found or not table else 0


sys.exit(main())
