# SPDX-License-Identifier: BSD-2-Clause
"""A stream that is damaged on the wire is refused, and the guest's fio goes on at the source without an error.

A relay on host A finds the device state in QEMU's migration channel by its magic and flips a bit of the controller
state, spoils the magic, or cuts the connection inside the state.
"""

from nvmovelab import kernellog, workload
from nvmovelab.subsystem import SHARED

PORT = 4445
# What host B's log says; a stream that just ends has left no end record.
REASONS = {"flip": "checksum", "foreign": "magic", "truncate": None}
# The refusals, which this test wants to see.
EXPECTED_TROUBLE = r"nvme-vfio-pci|vfio"


def attempt(bench, source, destination, how):
    """Migrate through the relay; returns query-migrate's last answer."""
    relay = bench.a.start_program(["python3", "-B", "/lab/host/damage.py", PORT, f"{bench.b.address}:{destination.port}", how])
    bench.expect_equal("relay", relay.readline(60), "listening")
    source.start_migration("127.0.0.1", PORT)
    info = source.wait_migration()
    if not destination.ended():
        destination.quit()
    bench.expect_equal(f"relay, {how}", relay.wait(30).out.strip().splitlines()[-1:], ["damaged"])
    return info


def run(bench):
    """The three kinds of damage with one guest, whose fio runs all the time; then an undamaged move."""
    functions = [bench.vf(host) for host in bench.hosts]
    source, guest = bench.boot_guest(bench.a, functions[0])
    load = workload.Running(guest, workload.disk(guest, SHARED.nsid), size="64m")
    load.advance(2, "before the attempts")
    for how, reason in REASONS.items():
        seen = len(bench.b.dmesg().splitlines())
        destination = bench.await_guest(bench.b, functions[1], guest)
        info = attempt(bench, source, destination, how)
        bench.expect_equal(f"migration, {how}", info["status"], "failed")
        bench.expect_equal(f"state of the source, {how}", source.status(), "running")
        load.advance(3, f"after the attempt, {how}")
        log = "\n".join(bench.b.dmesg().splitlines()[seen:])
        bench.expect(reason is None or reason in log, f"{how}: host B's log does not say \"{reason}\":\n{log}")
    destination = bench.await_guest(bench.b, functions[1], guest)
    info = source.migrate(destination)
    bench.expect_equal("undamaged migration", info["status"], "completed")
    guest.switch()
    load.advance(3, "after the undamaged move")
    found = load.finish()
    bench.expect_equal("I/O errors", found["io_errors"], 0)
    bench.expect_equal("verify errors", found["verify_errors"], 0)
    bench.expect_equal("guest's kernel log", kernellog.guest_trouble(guest), [])
