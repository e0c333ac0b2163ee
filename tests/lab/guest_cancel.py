# SPDX-License-Identifier: BSD-2-Clause
"""A migration that is given up at any of ten points leaves the guest running at the source, and the next one succeeds."""

import time

from nvmovelab import workload
from nvmovelab.subsystem import SHARED
from nvmovelab.vmm import ENDED

BY_HAND = "takes two minutes; precopy_left and migration_given_up end a migration at every step of the driver's"
PROTOCOLS = ("hmlm",)
KERNELS = ("lab",)
# Slow enough for every point of the pre-copy to be reached before it ends.
SLOWLY = 16 << 20
MIB = 1 << 20
# QEMU breaks the connection before it notes that it was told to: the end of the connection may look like a failure to it.
GIVEN_UP = ("cancelled", "failed")


def _sent(mib):
    """In pre-copy, when so much of the memory has been sent."""
    def reach(source):
        source.wait_migration(lambda info: info.get("ram", {}).get("transferred", 0) >= mib * MIB or info["status"] == "failed")
    return reach


def _synchronized(count):
    """In pre-copy, when QEMU has asked so often which pages are dirty."""
    def reach(source):
        source.wait_migration(lambda info: info.get("ram", {}).get("dirty-sync-count", 0) >= count or info["status"] == "failed")
    return reach


def _at_once(_):
    """While the migration is being set up."""


def _stopped(seconds):
    """In stop-copy, so long after the guest and its devices were stopped."""
    def reach(source):
        source.wait_migration(lambda info: info["status"] in ("pre-switchover", "failed"))
        time.sleep(seconds)
    return reach


# By what it is: how to get there, and whether QEMU waits there.
POINTS = {
    "at once": (_at_once, False),
    **{f"{mib} MiB sent": (_sent(mib), False) for mib in (1, 8, 32, 64, 128)},
    **{f"dirty pages asked for {count} times": (_synchronized(count), False) for count in (2, 3)},
    "guest stopped": (_stopped(0), True),
    "guest stopped for a second": (_stopped(1), True),
}


def run(bench):
    """The ten attempts with one guest that never stops its I/O, then a move."""
    functions = [bench.vf(host) for host in bench.hosts]
    source, guest = bench.boot_guest(bench.a, functions[0], forced=False)
    load = workload.Load(guest, workload.disk(guest, SHARED.nsid))
    load.advance(2, "before the attempts")
    for name, (reach, pause) in POINTS.items():
        destination = bench.await_guest(bench.b, functions[1], guest, forced=False)
        source.start_migration(bench.b.address, destination.port, pause=pause, **({} if pause else {"bandwidth": SLOWLY}))
        reach(source)
        status = source.migration()["status"]
        bench.expect(status not in ENDED, f"the migration has ended, {status}, before it was given up: {name}")
        info = source.cancel()
        bench.expect(info["status"] in GIVEN_UP, f"migration, {name}: {info['status']}, expected one of {GIVEN_UP}")
        bench.expect_equal(f"state of the source, {name}", source.status(), "running")
        destination.kill()
        load.advance(1, f"after the attempt, {name}")
        states = ["RUNNING", *(state for _, state in source.device_states())]
        bench.expect_equal(f"state of the device, {name}, in the end of {states}", states[-1], "RUNNING")
    destination = bench.await_guest(bench.b, functions[1], guest, forced=False)
    info = source.migrate(destination)
    bench.expect_equal(f"migration ({info.get('error-desc')})", info["status"], "completed")
    guest.switch()
    load.advance(2, "after the move")
    _, wrong = load.finish()
    bench.expect_equal("what is wrong", wrong, [])
