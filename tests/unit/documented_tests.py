#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every file of the project that a page of docs/ names in backquotes, by its path below tests/ or examples/ exists (NAME stands for any); and
docs/review-answers.md answers R1 to R28, each with a test or a page."""

import re
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"
NAMED = re.compile(r"`((?:tests|examples)/[\w./-]*\w)`")
ANSWER = re.compile(r"^\*\*R(\d+) (.*?)(?=^\*\*R\d|\Z)", re.MULTILINE | re.DOTALL)
PROOF = re.compile(r"`tests/|docs/[\w-]+\.md")


def missing():
    """Files that are named and do not exist."""
    for page in sorted(DOCS.glob("*.md")):
        for name in sorted(set(NAMED.findall(page.read_text(encoding="utf-8")))):
            if "NAME" not in name and not (PROJECT / name).exists():
                yield f"{page.name} names {name}, which does not exist"


def unanswered():
    """Requirements without an answer, or with one that proves nothing."""
    answers = dict(ANSWER.findall((DOCS / "review-answers.md").read_text(encoding="utf-8")))
    for number in range(1, 29):
        if not PROOF.search(answers.get(str(number), "")):
            yield f"review-answers.md: R{number} has no answer with a test or a page"


problems = [*missing(), *unanswered()]
print("\n".join(problems))
sys.exit(1 if problems else 0)
