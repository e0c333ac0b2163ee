# SPDX-License-Identifier: BSD-2-Clause
"""damage.py PORT ADDRESS HOW: relays one TCP connection from PORT on this host to ADDRESS (host:port) and damages the stream of
the VFIO driver in it (docs/stream.md), once. HOW is "foreign" (another magic in the hello record, under a right checksum), "flip"
(one bit of the controller state) or "truncate" (the connection ends inside the state). The hello record is found by its magic.
The VMM sends the state much later; it is found by the size record before it, which its checksum tells from the guest's memory.
Prints what it did when it is done.
"""

import selectors
import socket
import struct
import sys

MAGIC = b"NVMOVES\n"
FOREIGN = b"FOREIGN\n"
HEADER = 16
HELLO = HEADER + 24
CRC = slice(12, 16)
# Type, flags and length of a size record, and the length of all of it.
SIZE_MAGIC = struct.pack("<III", 4, 0, 4)
SIZE = HEADER + 4
# Somewhere in the state record that follows the size record.
INTO_STATE = SIZE + HEADER + 200
CHUNK = 1 << 20


def crc32c(data):
    """CRC-32C of a few bytes."""
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def checksum(record):
    """The CRC that a record should have."""
    return struct.pack("<I", crc32c(record[:CRC.start] + bytes(4) + record[CRC.stop:]))


def find_hello(data):
    """Where a hello record begins, -1 for nowhere; its end may still be missing."""
    found = data.find(MAGIC, HEADER)
    return found - HEADER if found >= 0 else -1


def find_size(data):
    """Likewise a size record."""
    found = data.find(SIZE_MAGIC)
    while 0 <= found <= len(data) - SIZE and checksum(data[found:found + SIZE]) != data[found:found + SIZE][CRC]:
        found = data.find(SIZE_MAGIC, found + 1)
    return found


class Damage:
    """The forward direction: looks for the record and changes the stream, however its bytes are cut into pieces."""

    def __init__(self, how):
        self.how = how
        self.find, self.need = (find_hello, HELLO) if how == "foreign" else (find_size, INTO_STATE + 1)
        self.kept = b""
        self.done = False

    def take(self, data, ended):
        """What may be sent on, and whether the connection goes on."""
        data = bytearray(self.kept + data)
        self.kept = b""
        if self.done or ended:
            return data, True
        start = self.find(data)
        if start < 0:
            keep = min(len(data), HELLO)
        elif start + self.need > len(data):
            keep = len(data) - start
        else:
            return self.change(data, start)
        self.kept = bytes(data[len(data) - keep:])
        return data[:len(data) - keep], True

    def change(self, data, start):
        """Damage the stream at the record that begins at start."""
        self.done = True
        if self.how == "truncate":
            return data[:start + INTO_STATE], False
        if self.how == "flip":
            data[start + INTO_STATE] ^= 0x10
            return data, True
        hello = data[start:start + HELLO]
        hello[HEADER:HEADER + len(FOREIGN)] = FOREIGN
        hello[CRC] = checksum(hello)
        data[start:start + HELLO] = hello
        return data, True


def relay(source, destination, damage):
    """Move bytes both ways until either end closes or the damage cuts the connection."""
    selector = selectors.DefaultSelector()
    selector.register(source, selectors.EVENT_READ, destination)
    selector.register(destination, selectors.EVENT_READ, source)
    while True:
        for key, _ in selector.select():
            data = key.fileobj.recv(CHUNK)
            goes_on = bool(data)
            if key.fileobj is source:
                data, more = damage.take(data, not goes_on)
                goes_on = goes_on and more
            key.data.sendall(data)
            if not goes_on:
                return


def main():
    """One connection."""
    port, address, how = sys.argv[1:]
    if how not in ("flip", "foreign", "truncate"):
        sys.exit(f"damage: {how}: flip, foreign or truncate expected")
    host, _, host_port = address.rpartition(":")
    with socket.create_server(("127.0.0.1", int(port))) as listener:
        print("listening", flush=True)
        source, _ = listener.accept()
    damage = Damage(how)
    with source, socket.create_connection((host, int(host_port))) as destination:
        try:
            relay(source, destination, damage)
        except ConnectionError as error:
            print(f"an end gave up: {error}", flush=True)
    print("damaged" if damage.done else "the record to be damaged did not come by", flush=True)


main()
