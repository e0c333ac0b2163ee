# SPDX-License-Identifier: BSD-2-Clause
"""nvmove's way of being called: help on standard output, wrong usage and unreadable files exit with 2 and a reason."""

import os
import tempfile
from pathlib import Path

from program import VECTORS, expect, finish, nvmove

STATE = VECTORS / "idle.bin"
HELP = [[], ["check"], ["list"], ["provision"], ["record"], ["state"], ["state", "show"], ["state", "diff"], ["state", "verify"], ["unprovision"],
        ["watch"]]
WRONG = {
    "no command": ([], "Usage"),
    "an unknown command": (["fly"], "fly"),
    "no command of state": (["state"], "Usage"),
    "an unknown command of state": (["state", "fly"], "fly"),
    "one controller to check": (["check", STATE], "expected"),
    "three controllers to check": (["check", STATE, STATE, STATE], "no use"),
    "no function": (["record"], "expected"),
    "two forms at once": (["record", "--json", "--output", "/dev/null", STATE], "standard output"),
    "no file": (["state", "show"], "expected"),
    "a file too many": (["state", "show", STATE, STATE], "no use"),
    "one file to compare": (["state", "diff", STATE], "expected"),
    "an unknown option": (["state", "show", "--fly", STATE], "--fly"),
    "no such file": (["state", "show", "/nowhere/at/all"], "No such file"),
    "a directory": (["state", "verify", "/"], "directory"),
}


def become_nobody():
    """Drop root's right to read everything."""
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)


def main():
    """Each way of calling."""
    for command in HELP:
        answer = nvmove(*command, "--help")
        expect(answer.code == 0 and "Usage: nvmove" in answer.out and not answer.err, f"{command}: no help", answer)
    for name, (arguments, word) in WRONG.items():
        answer = nvmove(*arguments)
        expect(answer.code == 2 and word in answer.err and not answer.out, f"{name}: {word!r} on standard error expected",
               answer)
    with tempfile.TemporaryDirectory() as scratch:
        os.chmod(scratch, 0o711)
        secret = Path(scratch) / "secret"
        secret.write_bytes(STATE.read_bytes())
        os.chmod(secret, 0)
        answer = nvmove("state", "show", secret, preexec_fn=become_nobody)
        expect(answer.code == 2 and "Permission denied" in answer.err and str(secret) in answer.err,
               "a file that may not be read", answer)
    answer = nvmove("--version")
    expect(answer.code == 0 and answer.out.startswith("nvmove 0."), "no version", answer)
    with open("/dev/full", "wb") as full:
        answer = nvmove("state", "show", STATE, stdout=full)
        expect(answer.code == 2 and "No space left" in answer.err, "an answer that could not be written", answer)
    finish()


main()
