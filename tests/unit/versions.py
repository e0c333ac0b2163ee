#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The project has one version: meson.build, CHANGELOG.md, debian/changelog and the driver say the same. A version that CHANGELOG.md
calls unreleased is UNRELEASED in debian/changelog, and only that."""

import re
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
# file -> where its version is, and where it says that it is not released
PLACES = {
    "meson.build": (r"^  version: '([^']+)'", None),
    "kernel/main.c": (r'^MODULE_VERSION\("([^"]+)"\);', None),
    "CHANGELOG.md": (r"^## (\d\S*\d)", r"\A[^#]*# Changelog\s+## \S+, unreleased$"),
    "debian/changelog": (r"\Anvmove \((\S+)\)", r"\A\S+ \S+ UNRELEASED;"),
}

versions, unreleased, problems = {}, {}, []
for name, (pattern, mark) in PLACES.items():
    text = (PROJECT / name).read_text(encoding="utf-8")
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        problems.append(f"{name}: no version")
        continue
    versions[name] = found.group(1)
    if mark:
        unreleased[name] = bool(re.search(mark, text, re.MULTILINE))
for said in (versions, unreleased):
    if len(set(said.values())) > 1:
        problems.append(", ".join(f"{name}: {value}" for name, value in said.items()))
print("\n".join(problems))
sys.exit(1 if problems else 0)
