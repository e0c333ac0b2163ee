# SPDX-License-Identifier: BSD-2-Clause
"""nvmove state of captured migration streams: the state inside is shown and verified; whatever docs/stream.md has a reader
refuse is refused."""

import struct
import tempfile
from pathlib import Path

from program import VECTORS, expect, finish, nvmove
import cstate
import records
import streams

STATE = (VECTORS / "queues.bin").read_bytes()
SIZE = len(STATE)
GREETING = streams.record(streams.HELLO, streams.hello()) + streams.size_record(SIZE)
OLD_GREETING = streams.record(streams.HELLO, streams.hello(SIZE, minor=0))
BODY = streams.record(streams.STATE, STATE)
SEAL = streams.record(streams.END, streams.end(STATE))
HELLO = streams.record(streams.HELLO, streams.hello())
SIZED = streams.size_record(SIZE)
ASKED = records.question(records.encode(records.BASE))
UNKNOWN = b"what nobody knows..."

VALID = {
    "one piece": GREETING + BODY + SEAL,
    "many pieces": streams.stream(STATE, 4),
    "version 1.0": OLD_GREETING + BODY + SEAL,
    "a newer minor version": streams.record(streams.HELLO, streams.hello(minor=9)) + streams.size_record(SIZE) + BODY + SEAL,
    "an unknown record before the size": streams.record(streams.HELLO, streams.hello()) +
    streams.record(99, UNKNOWN, streams.SKIPPABLE) + streams.size_record(SIZE) + BODY + SEAL,
    "an unknown record": GREETING + streams.record(99, UNKNOWN, streams.SKIPPABLE) + BODY + SEAL,
}
ASKING = {
    "a question": HELLO + streams.question(ASKED) + SIZED + BODY + SEAL,
    "a question in pieces": HELLO + streams.question(ASKED, 3) + SIZED + BODY + SEAL,
}
REFUSED = {
    "half a question": (HELLO + streams.question(ASKED[:400], size=len(ASKED)) + SIZED + BODY + SEAL, "of the question came before"),
    "a question too late": (HELLO + SIZED + streams.question(ASKED) + BODY + SEAL, "behind the size"),
    "a question in a stream of version 1.0": (OLD_GREETING + streams.question(ASKED) + BODY + SEAL, "behind the size"),
    "an empty question": (HELLO + streams.record(streams.QUESTION, bytes(8), streams.SKIPPABLE) + SIZED + BODY + SEAL, "more than 8"),
    "a huge question": (HELLO + streams.question(ASKED, size=2 << 20) + SIZED + BODY + SEAL, "multiple of 4"),
    "a question of no size": (HELLO + streams.question(ASKED, size=0) + SIZED + BODY + SEAL, "multiple of 4"),
    "a question that overflows": (HELLO + streams.question(ASKED, size=8) + SIZED + BODY + SEAL, "expected"),
    "a question with a gap": (HELLO + streams.question(ASKED, offset=4) + SIZED + BODY + SEAL, "expected"),
    "two questions": (HELLO + streams.question(ASKED) * 2 + SIZED + BODY + SEAL, "expected"),
    "a question that is a state": (HELLO + streams.question(STATE) + SIZED + BODY + SEAL, "container with one section"),
    "cut off in a header": (GREETING + BODY + SEAL[:-10], "header"),
    "cut off in a payload": (GREETING + BODY[:-4], "length"),
    "without an end": (GREETING + BODY, "end record"),
    "without a state": (GREETING + SEAL, "announced"),
    "bytes behind the end": (GREETING + BODY + SEAL + bytes(4), "behind the end"),
    "two hellos": (OLD_GREETING + OLD_GREETING + BODY + SEAL, "second hello"),
    "too much state": (GREETING + BODY + BODY + SEAL, "missing"),
    "a wrong checksum": (GREETING + BODY[:-1] + bytes([BODY[-1] ^ 1]) + SEAL, "CRC"),
    "another major version": (streams.record(streams.HELLO, streams.hello(major=2)) + BODY + SEAL, "version"),
    "no size": (streams.record(streams.HELLO, streams.hello()) + BODY + SEAL, "0 of 0 are missing"),
    "no size and no state": (streams.record(streams.HELLO, streams.hello()) + streams.record(streams.END, bytes(8)), "announced"),
    "two sizes": (GREETING + streams.size_record(SIZE) + BODY + SEAL, "announced before"),
    "a size twice told": (OLD_GREETING + streams.size_record(SIZE) + BODY + SEAL, "announced before"),
    "a size of no state": (streams.record(streams.HELLO, streams.hello()) + streams.size_record(0) + BODY + SEAL, "multiple of 4"),
    "a size of another size": (streams.record(streams.HELLO, streams.hello()) + streams.record(streams.SIZE, bytes(8)) + BODY,
                               "size: 8 bytes"),
    "an odd size": (streams.record(streams.HELLO, streams.hello(SIZE + 1)) + BODY + SEAL, "multiple of 4"),
    "a huge size": (streams.record(streams.HELLO, streams.hello(0xfffffffc)) + BODY + SEAL, "multiple of 4"),
    "an empty piece": (GREETING + streams.record(streams.STATE, b"") + BODY + SEAL, "0 bytes of state"),
    "an unknown required record": (GREETING + streams.record(99, UNKNOWN) + BODY + SEAL, "unknown and required"),
    "unknown flags": (GREETING + streams.record(99, UNKNOWN, 3) + BODY + SEAL, "flags"),
    "a huge length": (GREETING + struct.pack("<IIII", 2, 0, 0xfffffffc, 0) + BODY + SEAL, "length"),
    "a hello of another size": (streams.record(streams.HELLO, streams.hello(SIZE) + bytes(4)) + BODY + SEAL, "hello"),
    "another size at the end": (GREETING + BODY + streams.record(streams.END, streams.end(STATE, size=4)), "end"),
    "another sum at the end": (GREETING + BODY + streams.record(streams.END, streams.end(STATE, crc=1)), "CRC of the state"),
    "a state that is none": (streams.stream(b"none" * 20), "container"),
}


def main():
    """Streams that are as the page says and streams that are not."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "stream"
        for name, data in VALID.items():
            file.write_bytes(data)
            shown, verified = nvmove("state", "show", "--json", file), nvmove("state", "verify", file)
            told = shown.json() or {}
            expect(shown.code == 0 and told.get("state") == cstate.decode(STATE), f"{name}: another state", shown)
            header = told.get("stream", {})
            expect((header.get("vendor_id"), header.get("device_id"), header.get("cntlid"), header.get("protocol"),
                    header.get("state_size")) == ("0x1b36", "0x10", 7, "hmlm", SIZE), f"{name}: another hello", shown)
            expect(verified.code == 0, f"{name}: not valid", verified)
        for name, data in ASKING.items():
            file.write_bytes(data)
            shown = nvmove("state", "show", "--json", file)
            told = shown.json() or {}
            expect(shown.code == 0 and told.get("state") == cstate.decode(STATE) and
                   told.get("question", {}).get("identity") == records.BASE["identity"], f"{name}: another question", shown)
            expect(nvmove("state", "verify", file).code == 0, f"{name}: not valid")
        file.write_bytes(VALID["an unknown record"])
        header = (nvmove("state", "show", "--json", file).json() or {}).get("stream", {})
        expect(len(header.get("records", ())) == 5, f"{name}: four records expected", shown)
        for name, (data, word) in REFUSED.items():
            file.write_bytes(data)
            for command in ("show", "verify"):
                answer = nvmove("state", command, file)
                expect(answer.code == 1 and word in answer.out, f"{name}, {command}: refused for {word!r} expected", answer)
    finish()


main()
