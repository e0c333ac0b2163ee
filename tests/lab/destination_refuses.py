# SPDX-License-Identifier: BSD-2-Clause
"""A destination that cannot take the guest says why, and the guest's fio goes on at the source without an error.

Cases: the destination's VF has no migration driver; its VF is in use; its VMM dies in the middle of the migration.
"""

from nvmovelab import kernellog, workload
from nvmovelab.errors import LabError
from nvmovelab.subsystem import SHARED

# Bytes per second at which the guest's memory takes minutes, so that a VMM can die in the middle however fast the machine is.
SLOW = 64 << 10
# Nobody listens there: the lab's VMMs count upwards from a higher one.
NOBODYS_PORT = 4000


def refused_start(bench, function, *reasons):
    """Start a waiting VMM on B, which must fail and name one of the reasons."""
    try:
        bench.vmm(bench.b, function, incoming=True)
    except LabError as error:
        bench.expect(any(reason in str(error) for reason in reasons), f"B's VMM names another reason: {error}")
        return
    raise AssertionError(f"B's VMM accepted {function}")


def failed_migration(bench, source, load, name):
    """Try to move the guest to a B that cannot take it."""
    source.start_migration(bench.b.address, NOBODYS_PORT)
    info = source.wait_migration()
    bench.expect_equal(f"migration, {name}", info["status"], "failed")
    bench.expect_equal("state of the source", source.status(), "running")
    load.advance(3, f"after the failure, {name}")


def run(bench):
    """The cases one after the other with one guest, whose fio runs all the time."""
    function_a = bench.vf(bench.a)
    source, guest = bench.boot_guest(bench.a, function_a)
    load = workload.Running(guest, workload.disk(guest, SHARED.nsid), size="64m")
    load.advance(2, "before the failures")

    function_b = bench.vf(bench.b, driver="vfio-pci")
    refused_start(bench, function_b, "migration is not supported", "not supported")
    failed_migration(bench, source, load, "no driver on B")

    function_b = bench.vf(bench.b)
    owner = bench.vmm(bench.b, function_b)
    refused_start(bench, function_b, "busy", "in use")
    failed_migration(bench, source, load, "no free VF on B")
    owner.quit()

    destination = bench.await_guest(bench.b, function_b, guest)
    source.start_migration(bench.b.address, destination.port, bandwidth=SLOW)
    source.wait_migration(lambda info: info["status"] == "active", 60)
    destination.kill()
    info = source.wait_migration()
    bench.expect_equal("migration to a VMM that died", info["status"], "failed")
    bench.expect_equal("state of the source", source.status(), "running")
    load.advance(3, "after B's VMM died")

    found = load.finish()
    bench.expect_equal("I/O errors", found["io_errors"], 0)
    bench.expect_equal("verify errors", found["verify_errors"], 0)
    bench.expect_equal("guest's kernel log", kernellog.guest_trouble(guest), [])
