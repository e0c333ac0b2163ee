# SPDX-License-Identifier: BSD-2-Clause
"""What a page of the documentation has in fenced blocks. A block of commands says in its first line where they are run:
"# on PLACE"."""

import re
from dataclasses import dataclass

from .errors import LabError
from .paths import PROJECT

COMMANDS = "sh"


@dataclass(frozen=True)
class Block:
    """A block: what its fence calls it, its text, and for commands the place where they are run."""

    where: str
    kind: str
    text: str
    place: str | None


def _block(where, kind, text):
    if kind != COMMANDS:
        return Block(where, kind, text, None)
    place = re.match(r"# on (.+)\n", text)
    if not place:
        raise LabError(f"{where}: the commands' first line is {text.partition(chr(10))[0]!r}, expected \"# on PLACE\"")
    return Block(where, kind, text, place[1])


def blocks(page):
    """The blocks of a page (a path below the project), in their order."""
    begin = kind = None
    for number, line in enumerate((PROJECT / page).read_text(encoding="utf-8").splitlines(keepends=True), 1):
        if not line.lstrip().startswith("```"):
            if kind is not None:
                lines.append(line)
        elif kind is None:
            begin, kind, lines = number, line.strip().removeprefix("```"), []
        else:
            yield _block(f"{page}:{begin}", kind, "".join(lines))
            kind = None
    if kind is not None:
        raise LabError(f"{page}:{begin}: the block has no end")
