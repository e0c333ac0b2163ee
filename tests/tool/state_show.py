# SPDX-License-Identifier: BSD-2-Clause
"""nvmove state show: every vector is shown as its JSON says, as JSON and as lines; what has no form is refused."""

import json

from program import VECTORS, expect, finish, nvmove


def scalars(value):
    """Every value in a decoded state that is neither an object nor a list."""
    if isinstance(value, dict):
        return [scalar for item in value.values() for scalar in scalars(item)]
    if isinstance(value, list):
        return [scalar for item in value for scalar in scalars(item)]
    return [value]


def check_readable(path, expected):
    """A vector that a controller would load."""
    answer = nvmove("state", "show", "--json", path)
    expect(answer.code == 0 and answer.json() == expected, f"{path.name} is not what its JSON says", answer)
    lines = nvmove("state", "show", path)
    expect(lines.code == 0, f"{path.name} is not shown", lines)
    for value in scalars(expected):
        expect(str(value) in lines.out, f"{path.name}: {value} is not in the lines")


def check_refused(path, expected):
    """A vector with a fault: shown if its form is right, else refused in the library's words."""
    answer = nvmove("state", "show", "--json", path)
    if answer.code == 0:
        expect("sections" in answer.json(), f"{path.name} is shown without sections", answer)
        return 0
    expect(answer.code == 1, f"{path.name}: refused by another exit code", answer)
    told = answer.json() or {}
    expect((told.get("valid"), told.get("reason"), told.get("section")) ==
           (False, expected["refused"], expected["section"]), f"{path.name} is refused for {expected}", answer)
    lines = nvmove("state", "show", path)
    expect(lines.code == 1 and expected["refused"] in lines.out, f"{path.name}: no reason in words", lines)
    return 1


def main():
    """All vectors, from files and from standard input."""
    refused = shown = 0
    for path in sorted(VECTORS.glob("*.bin")):
        expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        if "refused" in expected:
            refused += check_refused(path, expected)
        else:
            check_readable(path, expected)
            shown += 1
    expect(refused >= 8 and shown >= 12, f"{refused} refused, {shown} shown")
    data = (VECTORS / "queues.bin").read_bytes()
    expect(nvmove("state", "show", "-", input=data).out == nvmove("state", "show", VECTORS / "queues.bin").out,
           "standard input is shown as a file is")
    expect(nvmove("state", "show", "/dev/null").code == 1, "an empty file is shown")
    finish()


main()
