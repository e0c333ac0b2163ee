# SPDX-License-Identifier: BSD-2-Clause
"""nvmove's way of being called: help on standard output; wrong usage, and files that are missing or may not be
read, exit with 2 and a reason."""

import os
import re
import tempfile
from pathlib import Path

from program import VECTORS, expect, finish, nvmove

STATE = VECTORS / "idle.bin"
# What reads a file, and how many of them.
READERS = {("check",): 2, ("provision", "--file"): 1, ("record", "--json"): 1, ("state", "show"): 1, ("state", "diff"): 2, ("state", "verify"): 1}
WRONG = {
    "no command": ([], "Usage"),
    "an unknown command": (["fly"], "fly"),
    "no command of state": (["state"], "Usage"),
    "an unknown command of state": (["state", "fly"], "fly"),
    "one controller to check": (["check", STATE], "two controllers expected, 1 given"),
    "three controllers to check": (["check", STATE, STATE, STATE], "no use"),
    "no function": (["record"], "expected"),
    "two forms at once": (["record", "--json", "--output", "/dev/null", STATE], "standard output"),
    "no file": (["state", "show"], "expected"),
    "a file too many": (["state", "show", STATE, STATE], "no use"),
    "one file to compare": (["state", "diff", STATE], "two file names expected, 1 given"),
    "no such file": (["state", "show", "/nowhere/at/all"], "No such file"),
    "a directory": (["state", "verify", "/"], "directory"),
}


def all_commands(*above):
    """Every command, from the program's own help."""
    out = nvmove(*above, "--help").out
    below = re.findall(r"^  ([a-z]+) ", out.split("\n\n")[1], re.MULTILINE) if "COMMAND" in out.splitlines()[0] else []
    return [above, *(command for name in below for command in all_commands(*above, name))]


def become_nobody():
    """Drop root's right to read everything."""
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)


def main():
    """Each way of calling."""
    commands = all_commands()
    expect(len(commands) > 10, f"commands: {commands}")
    for command in commands:
        answer = nvmove(*command, "--help")
        expect(answer.code == 0 and "Usage: nvmove" in answer.out and not answer.err, f"{command}: no help", answer)
        answer = nvmove(*command, "--fly")
        expect(answer.code == 2 and "--fly" in answer.err and not answer.out, f"{command}: an unknown option", answer)
    for name, (arguments, word) in WRONG.items():
        answer = nvmove(*arguments)
        expect(answer.code == 2 and word in answer.err and not answer.out, f"{name}: {word!r} on standard error expected",
               answer)
    with tempfile.TemporaryDirectory() as scratch:
        os.chmod(scratch, 0o711)
        secret = Path(scratch) / "secret"
        secret.write_bytes(STATE.read_bytes())
        os.chmod(secret, 0)
        for command, number in READERS.items():
            answer = nvmove(*command, *[secret] * number, preexec_fn=become_nobody)
            expect(answer.code == 2 and "Permission denied" in answer.err and str(secret) in answer.err and not answer.out,
                   f"{command}: a file that may not be read", answer)
    answer = nvmove("--version")
    expect(answer.code == 0 and answer.out.startswith("nvmove 0."), "no version", answer)
    with open("/dev/full", "wb") as full:
        answer = nvmove("state", "show", STATE, stdout=full)
        expect(answer.code == 2 and "No space left" in answer.err, "an answer that could not be written", answer)
    finish()


main()
