# SPDX-License-Identifier: BSD-2-Clause
"""Three guests, each with a VF of its own, move at the same time, two one way and one the other: none disturbs another."""

from concurrent.futures import ThreadPoolExecutor

from nvmovelab import identity, workload
from nvmovelab.subsystem import SHARED

BY_HAND = "three nested guests at once take minutes on two processors"
VFS = (1, 2, 3)
MIB_EACH = 128


class Move:
    """One of the guests, from its boot to its end on the other host."""

    def __init__(self, bench, number):
        self._bench = bench
        self._number = number
        self._hosts = bench.hosts if number % 2 else bench.hosts[::-1]
        self._functions = [bench.vf(host, number) for host in self._hosts]

    def boot(self):
        """The guest runs and writes to its disk and its memory."""
        self._source, self._guest = self._bench.boot_guest(self._hosts[0], self._functions[0])
        self._before = identity.read(self._guest)
        self._load = workload.Load(self._guest, workload.disk(self._guest, SHARED.nsid), first_mib=(self._number - 1) * MIB_EACH)
        self._load.advance(2, f"before the move, guest {self._number}")
        self._destination = self._bench.await_guest(self._hosts[1], self._functions[1], self._guest)

    def start(self):
        """Begin to move."""
        self._source.start_migration(self._hosts[1].address, self._destination.port)

    def end(self):
        """Wait for the end of the move."""
        info = self._source.wait_migration()
        self._bench.expect_equal(f"migration of guest {self._number} ({info.get('error-desc')})", info["status"], "completed")
        self._guest.switch()

    def verify(self):
        """What is wrong with the guest."""
        self._load.advance(2, f"after the move, guest {self._number}")
        wrong = identity.differences(self._before, identity.read(self._guest))
        return wrong + self._load.finish()[1]


def run(bench):
    """Boot all, then start all moves before the first one has ended."""
    moves = [Move(bench, number) for number in VFS]
    with ThreadPoolExecutor(len(moves)) as pool:
        list(pool.map(Move.boot, moves))
        for move in moves:
            move.start()
        under_way = [move._source.migration()["status"] for move in moves]
        bench.expect(not set(under_way) & {"completed", "failed", "cancelled"}, f"not all moves were under way at once: {under_way}")
        list(pool.map(Move.end, moves))
        bench.expect_equal("what is wrong", list(pool.map(Move.verify, moves)), [[]] * len(moves))
