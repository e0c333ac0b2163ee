# SPDX-License-Identifier: BSD-2-Clause
"""A device that hides one page that it writes from its log of written memory is found out: the guest's memory is wrong in that
page, and the check of the memory says so. What guest_precopy finds right would otherwise prove nothing."""

import os
import time

from nvmovelab import faults, workload
from nvmovelab.subsystem import SHARED

BY_HAND = "on a machine with nothing else to do QEMU may find nothing left to send before a page is chosen, and move the guest"
PROTOCOLS = ("hmlm",)
KERNELS = ("lab",)
SEED = 5
# The page is chosen once so many have been reported; with 1000000 the test takes minutes.
REPORTED = int(os.environ.get("NVMOVE_RAM_MISS_REPORTED", "100000"))
# How often every page is then written on average: the chosen one is not written with a probability of e^-6.
ROUNDS = 6
NEVER_MS = 1
# A slow machine writes some thousands of pages per second.
LIMIT_SECONDS = 600 + REPORTED // 500


def _await(bench, what, condition, alive):
    deadline = time.monotonic() + LIMIT_SECONDS
    while not (result := condition()):
        bench.expect(time.monotonic() < deadline, f"{what}: not within {LIMIT_SECONDS} s")
        alive()
        time.sleep(0.5)
    return result


def run(bench):
    """Keep pre-copy going until the page was chosen and written again, then let the guest move."""
    functions = [bench.vf(host) for host in bench.hosts]
    source, guest = bench.boot_guest(bench.a, functions[0], forced=False)
    disk = workload.disk(guest, SHARED.nsid)
    memory = workload.Ramcheck(guest, disk, 0, pages_per_second=10**6)
    rate = workload.Rate(guest, disk)
    destination = bench.await_guest(bench.b, functions[1], guest, forced=False)
    faults.plan(bench.a, f"command=track-report,count=0,fault=hide-page:{SEED}:{REPORTED}")
    source.start_migration(bench.b.address, destination.port, downtime_limit_ms=NEVER_MS)
    hidden = _await(bench, "choice of a page", lambda: faults.hidden_page(bench.a), source.alive)
    enough = rate.samples[-1][1] + ROUNDS * memory.pages // workload.Ramcheck.PAGES_PER_READ
    _await(bench, f"{ROUNDS} rounds through the memory", lambda: rate.samples[-1][1] > enough, source.alive)
    source.end_precopy()
    info = source.wait_migration()
    bench.expect_equal(f"migration ({info.get('error-desc')})", info["status"], "completed")
    guest.switch()
    rate.stop()
    found = memory.finish()
    reported = sum(dirty for _, dirty in source.dirty_reports())
    bench.note(hidden=hex(hidden), hits=faults.hits(bench.a), reported=reported, found=found, migration=info)
    bench.expect(found["wrong_pages"] > 0, f"page {hidden:#x} was hidden, and no page of the memory is wrong: {found}")
    bench.expect_equal("address of the first wrong page", found["first"]["physical"], hex(hidden))
    bench.expect_equal("wrong pages", found["wrong_pages"], 1)
