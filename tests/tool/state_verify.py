# SPDX-License-Identifier: BSD-2-Clause
"""nvmove state verify: it finds every rule broken that docs/controller-state.md has, and nothing else; the second
implementation of that page is the judge."""

import json
import random
import tempfile
from pathlib import Path

from program import VECTORS, expect, finish, nvmove
import check
import cstate

DAMAGES = 8
# Refused for what a controller is and not for what the state says: a verification has no other controller.
OTHERS = {"another_serial_number", "namespace_of_another_size"}


def check_vectors():
    """As committed."""
    for path in sorted(VECTORS.glob("*.bin")):
        expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        answer = nvmove("state", "verify", "--json", path)
        told = answer.json() or {}
        if "refused" in expected and path.stem not in OTHERS:
            expect((answer.code, told.get("valid"), told.get("reason"), told.get("section")) ==
                   (1, False, expected["refused"], expected["section"]), f"{path.name} is not refused for {expected}", answer)
        else:
            expect((answer.code, told.get("valid"), told.get("state_size")) == (0, True, path.stat().st_size),
                   f"{path.name} is not valid", answer)


def check_damaged(directory):
    """Damaged in places where only the rules can tell; both implementations agree on the section at fault."""
    dice, refused, valid = random.Random(6), 0, 0
    for path in sorted(VECTORS.glob("*.bin")):
        if "refused" in json.loads(path.with_suffix(".json").read_text(encoding="utf-8")):
            continue
        for _ in range(DAMAGES):
            state = check.damaged(path.read_bytes(), dice)
            file = directory / "damaged.bin"
            file.write_bytes(state)
            answer = nvmove("state", "verify", "--json", file)
            told = answer.json() or {}
            try:
                cstate.decode(state)
                expect(answer.code == 0, f"{path.name} damaged: cstate.py takes it", answer)
                valid += 1
            except cstate.Refused as reason:
                expect(answer.code == 1 and told.get("section") == reason.section,
                       f"{path.name} damaged: cstate.py refuses section {reason.section}: {reason}", answer)
                refused += 1
    expect(refused >= 40 and valid >= 15, f"{refused} refused, {valid} valid: too few to tell")


def check_identity(directory):
    """What a state may say of its controller's limits is verified, whatever this machine has."""
    state = cstate.decode((VECTORS / "queues.bin").read_bytes())
    file = directory / "identity.bin"
    for field, value, code in (("mdts", 8, 0), ("queues", 9, 0), ("vectors", 2048, 0), ("namespaces", 1024, 0),
                               ("serial", "another", 0), ("cntlid", 0xffef, 0), ("bar_size", 32768, 0),
                               ("mdts", 0, 1), ("queues", 1, 1), ("vectors", 0, 1), ("namespaces", 0, 1),
                               ("vectors", 0xffffffff, 1), ("queues", 0xffffffff, 1), ("namespaces", 0xffffffff, 1),
                               ("cntlid", 0xffff, 1), ("serial", "", 1), ("bar_size", 8191, 1), ("acl", 200, 1)):
        edited = {**state, "sections": {**state["sections"], "identity": {**state["sections"]["identity"], field: value}}}
        file.write_bytes(cstate.encode(edited))
        answer = nvmove("state", "verify", file)
        expect(answer.code == code, f"identity with {field} {value!r}: exit code {code} expected", answer)


with tempfile.TemporaryDirectory() as scratch:
    check_vectors()
    check_damaged(Path(scratch))
    check_identity(Path(scratch))
finish()
