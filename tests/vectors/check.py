#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Whether the test vectors, their decoded form and the page that defines them agree.

  check.py                        every NAME.bin decodes to NAME.json and NAME.json encodes to NAME.bin, or is
                                  refused as NAME.json says; the example in docs/controller-state.md is a vector's
  check.py --same MAKE_VECTORS    MAKE_VECTORS writes the committed files
  check.py --agree JUDGE          JUDGE, which loads into the library's controller, and cstate.py refuse the same
                                  ones of many damaged states, for a fault in the same section
  check.py --update MAKE_VECTORS  replace the committed files, and the example in the page, by what it writes
"""

import json
import random
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True

import cstate  # noqa: E402  (no cache beside the sources)

VECTORS = Path(__file__).resolve().parent
PAGE = VECTORS.parent.parent / "docs" / "controller-state.md"
EXAMPLE = "completion_queue_full"
# Well-formed states that only a controller which differs refuses.
HARMLESS = {"newer_minor_version", "unknown_skippable_section"}
DAMAGES = 150
NEED_A_CONTROLLER = {"namespace_of_another_size", "another_serial_number"}


def pretty(value, indent=0):
    """JSON with whatever fits on one line on one line."""
    flat = json.dumps(value)
    if len(flat) + indent <= 110 or not isinstance(value, (dict, list)):
        return flat
    inner = " " * (indent + 1)
    if isinstance(value, dict):
        items = [f"{inner}{json.dumps(key)}: {pretty(item, indent + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(items) + "\n" + " " * indent + "}"
    return "[\n" + ",\n".join(inner + pretty(item, indent + 1) for item in value) + "\n" + " " * indent + "]"


def field(reason):
    """What a refusal is about: the words before the first colon."""
    return reason.split(":")[0]


def check_vector(path):
    """Problems of one vector, as text."""
    data = path.read_bytes()
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    try:
        state = cstate.decode(data)
    except cstate.Refused as refused:
        if "refused" not in expected:
            return [f"refused: {refused.reason}"]
        if (field(refused.reason), refused.section) != (field(expected["refused"]), expected["section"]):
            return [f"refused for \"{refused.reason}\" in section {refused.section}, not {expected}"]
        return []
    if "refused" in expected:
        return [] if path.stem in NEED_A_CONTROLLER else [f"accepted, not refused for \"{expected['refused']}\""]
    problems = []
    if state != expected:
        problems.append("is not what its JSON says")
    if cstate.encode(expected) != data:
        problems.append("is not what its JSON encodes to")
    return problems


def example():
    """The page's example: a vector, annotated."""
    return "\n".join(cstate.annotate((VECTORS / f"{EXAMPLE}.bin").read_bytes()))


def page_parts():
    """The page before, in and behind the example."""
    before, rest = PAGE.read_text(encoding="utf-8").split("<!-- example -->\n```\n")
    shown, behind = rest.split("\n```\n", 1)
    return before + "<!-- example -->\n```\n", shown, "\n```\n" + behind


def check_tables():
    """Every table of bytes in the page is without gaps; returns the problems."""
    problems, offset = [], None
    for number, line in enumerate(PAGE.read_text(encoding="utf-8").splitlines(), 1):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[:2] == ["offset", "size"]:
            offset = 0
        elif not line.startswith("|"):
            offset = None
        elif offset is not None and not cells[0].startswith("-"):
            if int(cells[0]) != offset:
                problems.append(f"{PAGE.name}:{number}: {cells[2]} at {cells[0]}, not {offset}")
            offset += int(cells[1])
    return problems


def check():
    """All vectors and the page; returns the problems."""
    problems = []
    paths = sorted(VECTORS.glob("*.bin"))
    if {path.stem for path in paths} != {path.stem for path in VECTORS.glob("*.json")}:
        problems.append("not every .bin has its .json, or the other way round")
    for path in paths:
        problems += [f"{path.name} {problem}" for problem in check_vector(path)]
    problems += check_tables()
    if page_parts()[1] != example():
        problems.append(f"{PAGE.name}: the example is not {EXAMPLE}.bin; --update puts it right")
    print(f"{len(paths)} vectors")
    return problems if paths else ["there are no vectors"]


def same(make_vectors):
    """What MAKE_VECTORS writes against what is committed; returns the problems."""
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([make_vectors, directory], check=True)
        made = {path.name: path.read_bytes() for path in Path(directory).iterdir()}
    problems = [f"{name}: differs from what the library writes" for name, data in sorted(made.items())
                if not (VECTORS / name).exists() or (VECTORS / name).read_bytes() != data]
    problems += [f"{path.name}: the library does not write it any more" for path in sorted(VECTORS.glob("*.bin"))
                 if path.name not in made]
    return problems


def places(data):
    """Where a state can be damaged without a controller's own identity or namespaces in question: (offset, size)."""
    parts = [(48, 4 * struct.unpack_from("<Q", data, 16)[0])]
    at = 48 + parts[0][1] + 32
    while at < len(data):
        kind, _, _, length, _ = struct.unpack_from("<HHIII", data, at)
        parts.append((at, 12))
        if kind not in (1, 9, 12) and length:
            parts += [(at + 16, length)] * 3
        at += 16 + length
    return parts


def seal(data):
    """Make every checksum right, as far as the lengths allow."""
    data = bytearray(data)
    vendor = 48 + 4 * struct.unpack_from("<Q", data, 16)[0]
    at = vendor + 32
    for _ in range(struct.unpack_from("<I", data, vendor + 20)[0]):
        length = struct.unpack_from("<I", data, at + 8)[0] if at + 16 <= len(data) else len(data)
        if at + 16 + length > len(data):
            break
        struct.pack_into("<I", data, at + 12, 0)
        struct.pack_into("<I", data, at + 12, cstate.crc32c(data[at:at + 16 + length]))
        at += 16 + length
    struct.pack_into("<I", data, vendor + 24, cstate.crc32c(data[:vendor]))
    struct.pack_into("<I", data, vendor + 28, 0)
    struct.pack_into("<I", data, vendor + 28, cstate.crc32c(data[vendor:vendor + 32]))
    return bytes(data)


def damaged(data, dice):
    """A state with a few bytes of one place changed, sealed."""
    at, size = dice.choice(places(data))
    data = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        where = at + dice.randrange(size)
        data[where] = dice.choice((data[where] ^ 1 << dice.randrange(8), dice.randrange(256), 0, 1, 255,
                                   (data[where] + 1) & 255))
    return seal(data)


def judgement(data):
    """cstate.py's, in the judge's form."""
    try:
        cstate.decode(data)
    except cstate.Refused as refused:
        return f"refused {refused.section} {refused.reason}"
    return "loaded"


def agree(judge):
    """The library and cstate.py on damaged states; returns the problems."""
    problems, dice, refused, loaded = [], random.Random(20261121), 0, 0
    for path in sorted(VECTORS.glob("*.bin")):
        if path.stem in NEED_A_CONTROLLER or "refused" in json.loads(path.with_suffix(".json").read_text()):
            continue
        scene = path.stem if path.stem not in HARMLESS else "queues"
        states = [damaged(path.read_bytes(), dice) for _ in range(DAMAGES)]
        told = subprocess.run([judge, scene], check=True, capture_output=True,
                              input=b"".join(struct.pack("<I", len(state)) + state for state in states))
        for ours, theirs in zip((judgement(state) for state in states), told.stdout.decode().splitlines(), strict=True):
            refused += theirs != "loaded"
            loaded += theirs == "loaded"
            if ours.split()[:2] != theirs.split()[:2]:
                problems.append(f"{path.stem} damaged: cstate.py: {ours}; library: {theirs}")
    print(f"{refused} states refused, {loaded} loaded by both")
    return problems if min(refused, loaded) > 100 else [*problems, "too few states were refused, or too few loaded"]


def update(make_vectors):
    """Replace the vectors and the example."""
    for path in [*VECTORS.glob("*.bin"), *VECTORS.glob("*.json")]:
        path.unlink()
    subprocess.run([make_vectors, str(VECTORS)], check=True)
    for path in VECTORS.glob("*.bin"):
        if not path.with_suffix(".json").exists():
            path.with_suffix(".json").write_text(pretty(cstate.decode(path.read_bytes())) + "\n", encoding="utf-8")
    before, _, behind = page_parts()
    PAGE.write_text(before + example() + behind, encoding="utf-8")
    return []


def main(arguments):
    """Returns the exit code."""
    if not arguments:
        problems = check()
    elif len(arguments) == 2 and arguments[0] in ("--same", "--agree", "--update"):
        problems = {"--same": same, "--agree": agree, "--update": update}[arguments[0]](arguments[1])
    else:
        print(__doc__, file=sys.stderr)
        return 2
    for problem in problems:
        print(f"vectors: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
