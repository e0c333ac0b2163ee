# SPDX-License-Identifier: BSD-2-Clause
"""Running nvmove from a test: each test is given the program as its last argument."""

import json
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
PROJECT = Path(__file__).resolve().parent.parent.parent
VECTORS = PROJECT / "tests" / "vectors"
sys.path.insert(0, str(VECTORS))

NVMOVE = sys.argv[-1]
PROBLEMS = []
CHECKS = [0]


class Answer:
    """What a run of nvmove came to."""

    def __init__(self, arguments, done):
        self.arguments = " ".join(map(str, arguments))
        self.code = done.returncode
        self.out = (done.stdout or b"").decode("utf-8", "backslashreplace")
        self.err = (done.stderr or b"").decode("utf-8", "backslashreplace")

    def json(self):
        """Standard output as JSON, None if it is none."""
        try:
            return json.loads(self.out)
        except json.JSONDecodeError:
            return None

    def __str__(self):
        return f"nvmove {self.arguments}: exit code {self.code}\n{self.out}{self.err}"


def nvmove(*arguments, **options):
    """Run nvmove."""
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 60, **options}
    return Answer(arguments, subprocess.run([NVMOVE, *map(str, arguments)], check=False, **options))


def expect(condition, what, answer=""):
    """Note what is wrong if the condition does not hold."""
    CHECKS[0] += 1
    if not condition:
        PROBLEMS.append(f"{what}\n{answer}".rstrip())


def finish():
    """Tell what was wrong, if anything; ends the test."""
    for problem in PROBLEMS[:20]:
        print(problem, file=sys.stderr)
    print(f"{CHECKS[0]} checks, {len(PROBLEMS)} failed")
    sys.exit(1 if PROBLEMS or not CHECKS[0] else 0)
