# SPDX-License-Identifier: BSD-2-Clause
"""make install has everything that a user of nvmove and of the library reads or runs: both programs' manual pages, completion, the
examples, the library's headers with all that they include."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from program import PROJECT, expect, finish

WANTED = ("tool/man/*", "tool/nvmove.bash", "tests/conformance/*.1", "examples/*.json", "examples/*.c", "include/nvmove/*.h")
INCLUDED = re.compile(r'^#include (?:<nvmove/([\w/.]+)>|"([\w/.]+)")', re.MULTILINE)


def main(build):
    """What meson would install, by its own word."""
    told = subprocess.run(["meson", "introspect", "--installed", build], capture_output=True, text=True, check=True, timeout=60)
    installed = {os.path.normpath(source): target for source, target in json.loads(told.stdout).items()}
    for pattern in WANTED:
        files = sorted(PROJECT.glob(pattern))
        expect(files, f"no file is {pattern}")
        for file in files:
            expect(str(file) in installed, f"{file.relative_to(PROJECT)} is not installed")
    headers = {target.split("/include/nvmove/")[1] for target in installed.values() if "/include/nvmove/" in target}
    for source in [*(PROJECT / "examples").glob("*.c"), *(Path(name) for name in installed if name.endswith(".h"))]:
        for project, beside in INCLUDED.findall(source.read_text(encoding="utf-8")):
            expect((project or beside) in headers, f"{source.name} includes {project or beside}, which is not installed")
    finish()


main(sys.argv[1])
