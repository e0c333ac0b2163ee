# SPDX-License-Identifier: BSD-2-Clause
"""nvmove state diff: each edit of a state is found, under its name, and nothing else."""

import copy
import tempfile
from pathlib import Path

from program import VECTORS, expect, finish, nvmove
import cstate

QUEUES = VECTORS / "queues.bin"
NAMESPACES = VECTORS / "namespaces.bin"


def edited(directory, source, edit):
    """A file with a state that differs by an edit of the decoded form."""
    state = copy.deepcopy(cstate.take_apart(source.read_bytes())[0])
    edit(state)
    path = directory / "edited.bin"
    path.write_bytes(cstate.encode(state))
    return path


def set_tail(state):
    """A queue's tail."""
    state["submission queues"][2]["tail"] = 5


def drop_namespace(state):
    """The second of four namespaces."""
    del state["sections"]["namespaces"][1]


def add_feature(state):
    """One more entry among the features."""
    features = state["sections"]["features"]
    features.insert(4, {"feature": "0x5", "select": 0, "selector": "0x0", "nsid": 2, "value": "0x7"})


def set_serial(state):
    """A text."""
    state["sections"]["identity"]["serial"] = "OTHER"


EDITS = [
    (QUEUES, set_tail, [{"path": "submission queues[qid 3].tail", "a": 0, "b": 5}]),
    (QUEUES, set_serial, [{"path": "sections.identity.serial", "a": "UNIT0001", "b": "OTHER"}]),
    (QUEUES, add_feature, [{"path": "sections.features[feature 0x5, select 0, selector 0x0, nsid 2]", "a": None,
                            "b": {"feature": "0x5", "select": 0, "selector": "0x0", "nsid": 2, "value": "0x7"}}]),
    (NAMESPACES, drop_namespace,
     [{"path": "sections.namespaces[nsid 2]", "b": None,
       "a": cstate.decode(NAMESPACES.read_bytes())["sections"]["namespaces"][1]}]),
]


def main():
    """Each edit in both directions."""
    for path in (QUEUES, NAMESPACES):
        answer = nvmove("state", "diff", "--json", path, path)
        expect(answer.code == 0 and answer.json() == [], f"{path.name} differs from itself", answer)
        expect(nvmove("state", "diff", path, path).out == "", f"{path.name}: a line about no difference")
    with tempfile.TemporaryDirectory() as scratch:
        for source, edit, expected in EDITS:
            other = edited(Path(scratch), source, edit)
            answer = nvmove("state", "diff", "--json", source, other)
            expect(answer.code == 1 and answer.json() == expected, f"{edit.__name__}: {expected} expected", answer)
            back = [{"path": entry["path"], "a": entry["b"], "b": entry["a"]} for entry in expected]
            answer = nvmove("state", "diff", "--json", other, source)
            expect(answer.code == 1 and answer.json() == back, f"{edit.__name__}, the other way: {back} expected", answer)
            lines = nvmove("state", "diff", source, other)
            expect(lines.code == 1 and lines.out.count("\n") == 1 and lines.out.startswith(expected[0]["path"] + ": "),
                   f"{edit.__name__}: one line about it expected", lines)
    answer = nvmove("state", "diff", QUEUES, VECTORS / "truncated.bin")
    expect(answer.code == 2 and "truncated.bin" in answer.err, "a malformed state is compared", answer)
    finish()


main()
