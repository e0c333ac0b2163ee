# SPDX-License-Identifier: BSD-2-Clause
"""Migration streams written from docs/stream.md alone."""

import struct

import program  # noqa: F401  (finds the vectors' directory)
import cstate

HELLO, STATE, END, SIZE, QUESTION = 1, 2, 3, 4, 5
MAGIC = b"NVMOVES\n"
SKIPPABLE = 1


def record(kind, payload, flags=0, crc=None):
    """A record with a right checksum, or the one that is given."""
    head = struct.pack("<III", kind, flags, len(payload))
    if crc is None:
        crc = cstate.crc32c(head + bytes(4) + payload)
    return head + struct.pack("<I", crc) + payload


def hello(size=0, major=1, minor=1, magic=MAGIC):
    """A hello record's payload; with a size it is that of a stream of version 1.0."""
    return magic + struct.pack("<HHHHHHI", major, minor, 0x1b36, 0x10, 7, 2, size)


def size_record(size):
    """A size record."""
    return record(SIZE, struct.pack("<I", size))


def question(asked, pieces=1, size=None, offset=0):
    """Question records, with a lie in them or none."""
    piece = (len(asked) // pieces + 3) // 4 * 4
    return b"".join(record(QUESTION, struct.pack("<II", len(asked) if size is None else size, at + offset) + asked[at:at + piece],
                           SKIPPABLE) for at in range(0, len(asked), piece))


def end(state, size=None, crc=None):
    """An end record's payload."""
    return struct.pack("<II", len(state) if size is None else size, cstate.crc32c(state) if crc is None else crc)


def stream(state, piece=1000):
    """A whole stream."""
    pieces = [state[at:at + piece] for at in range(0, len(state), piece)]
    return (record(HELLO, hello()) + size_record(len(state)) + b"".join(record(STATE, part) for part in pieces) +
            record(END, end(state)))
