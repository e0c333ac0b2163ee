# SPDX-License-Identifier: BSD-2-Clause
"""damage.py PORT ADDRESS HOW: relays one TCP connection from PORT on this host to ADDRESS (host:port) and damages the device
state in it, once: the stream of the VFIO driver is found by its magic (docs/stream.md). HOW is "flip" (one bit of the
controller state), "foreign" (another magic, under a right checksum) or "truncate" (the connection ends inside the state).
Prints what it did when it is done.
"""

import selectors
import socket
import struct
import sys

MAGIC = b"NVMOVES\n"
FOREIGN = b"FOREIGN\n"
HEADER = 16
HELLO = 24
CRC = slice(12, 16)
# Somewhere in the state record that follows the hello record.
INTO_STATE = HEADER + HELLO + HEADER + 200
CHUNK = 1 << 20


def crc32c(data):
    """CRC-32C of a few bytes."""
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


class Damage:
    """The forward direction: looks for the magic and changes the stream, however its bytes are cut into pieces."""

    def __init__(self, how):
        self.how = how
        self.kept = b""
        self.done = False

    def take(self, data, ended):
        """What may be sent on, and whether the connection goes on."""
        data = bytearray(self.kept + data)
        self.kept = b""
        if self.done or ended:
            return data, True
        found = data.find(MAGIC)
        start = found - HEADER
        if start < 0:
            keep = HEADER + len(MAGIC) - 1
        elif start + INTO_STATE >= len(data):
            keep = len(data) - start
        else:
            return self.change(data, start)
        self.kept = bytes(data[-keep:])
        return data[:-keep], True

    def change(self, data, start):
        """Damage the stream whose first record begins at start."""
        self.done = True
        if self.how == "truncate":
            return data[:start + INTO_STATE], False
        if self.how == "flip":
            data[start + INTO_STATE] ^= 0x10
            return data, True
        hello = data[start:start + HEADER + HELLO]
        hello[HEADER:HEADER + len(FOREIGN)] = FOREIGN
        hello[CRC] = bytes(4)
        hello[CRC] = struct.pack("<I", crc32c(hello))
        data[start:start + len(hello)] = hello
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
    print("damaged" if damage.done else "the stream's magic did not come by", flush=True)


main()
