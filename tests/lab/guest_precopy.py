# SPDX-License-Identifier: BSD-2-Clause
"""A guest's memory is copied while its VF writes to it: QEMU learns from the device which pages to copy again, by itself, and
every page is right on the other host."""

from nvmovelab import workload
from nvmovelab.subsystem import SHARED
from nvmovelab.vmm import MEMORY

PROTOCOLS = ("hmlm",)
KERNELS = ("lab",)
DOWNTIME_LIMIT_MS = 1000
# Before them the device was started.
STATES = ["PRE_COPY", "PRE_COPY_P2P", "STOP_COPY", "STOP"]


def _expect_device_log(bench, source):
    """The device told which pages it wrote: some, and after the first time far from all."""
    bench.expect_equal("times that the devices were made to log", source.device_logs(), 1)
    reports = [(pages, dirty) for pages, dirty in source.dirty_reports() if pages > MEMORY << 7]
    bench.expect(len(reports) >= 2, f"QEMU asked the device {len(reports)} times about the guest's memory, expected 2 at least")
    bench.expect(any(dirty for _, dirty in reports), f"the device has written no page, by its own words: {reports}")
    bench.expect(all(dirty < pages for pages, dirty in reports), f"everything was taken for dirty: {reports}")


def run(bench):
    """Move without enable-migration=on, which QEMU refuses unless the device tracks."""
    functions = [bench.vf(host) for host in bench.hosts]
    source, guest = bench.boot_guest(bench.a, functions[0], forced=False)
    load = workload.Load(guest, workload.disk(guest, SHARED.nsid))
    load.advance(2, "before the move")
    destination = bench.await_guest(bench.b, functions[1], guest, forced=False)
    info = source.migrate(destination, downtime_limit_ms=DOWNTIME_LIMIT_MS)
    bench.expect_equal(f"migration ({info.get('error-desc')})", info["status"], "completed")
    guest.switch()
    load.advance(2, "after the move")
    found, wrong = load.finish()
    bench.expect_equal("what is wrong", wrong, [])
    bench.note(migration=info, memory=found["memory"], reports=source.dirty_reports(), states=source.device_states())

    bench.expect_equal("states of the source's device", [state for _, state in source.device_states()][-len(STATES):], STATES)
    _expect_device_log(bench, source)
    ram = info["ram"]
    bench.expect(ram["dirty-sync-count"] >= 2, f"QEMU asked {ram['dirty-sync-count']} times for dirty pages, expected 2 at least")
    bench.expect(ram["downtime-bytes"] < MEMORY << 19,
                 f"{ram['downtime-bytes']} bytes of memory were sent while the guest stood still, expected less than half of it")
    bench.expect(info["vfio"]["transferred"] > 0, "no state of a device was sent")
