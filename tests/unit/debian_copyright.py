#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""debian/copyright says of every file what the file's own SPDX line says, and has each licence's text."""

import fnmatch
import re
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
# SPDX expression -> its name in debian/copyright
NAMES = {"BSD-2-Clause": "BSD-2-Clause", "GPL-2.0-only": "GPL-2", "GPL-2.0-or-later": "GPL-2+",
         "GPL-2.0-only OR BSD-2-Clause": "GPL-2 or BSD-2-Clause"}
DIRECTORIES = ("bench", "ctrl", "debian", "docs", "examples", "include", "kernel", "lab", "qemu", "tests", "tool")
SPDX = re.compile(r"SPDX-License-Identifier: ([\w. +-]*[\w+])")

paragraphs = [dict(re.findall(r"^(\S+):((?:.*\n?(?: .*\n?)*))", text, re.MULTILINE))
              for text in (PROJECT / "debian" / "copyright").read_text(encoding="utf-8").split("\n\n")]
files = [(entry["Files"].split(), entry["License"].strip()) for entry in paragraphs if "Files" in entry]
texts = {entry["License"].split("\n")[0].strip() for entry in paragraphs if "Files" not in entry and "License" in entry}


def licence(name):
    """What debian/copyright says of a file: the last paragraph that matches."""
    return [said for patterns, said in files if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)][-1]


problems, seen = [], set()
for path in sorted(path for directory in DIRECTORIES for path in (PROJECT / directory).rglob("*") if path.is_file()):
    name = str(path.relative_to(PROJECT))
    lines = path.read_bytes().decode(errors="replace").split("\n", 5)[:5]
    found = SPDX.search("\n".join(lines))
    if not found:
        continue
    seen.add(found.group(1))
    if licence(name) != NAMES.get(found.group(1)):
        problems.append(f"{name}: {found.group(1)}, debian/copyright says {licence(name)}")
problems += [f"no file is {expression}" for expression in NAMES if expression not in seen]
problems += [f"debian/copyright has no text of {part}" for _, said in files for part in said.split(" or ") if part not in texts]
print("\n".join(problems))
sys.exit(1 if problems else 0)
