# SPDX-License-Identifier: BSD-2-Clause
"""What a host's kernel says when it is asked: how much memory it holds, and what the debug kernel has found."""

import re

# An object counts as leaked only when it is older than this, and when two searches did not find a reference to it.
LEAK_AGE_SECONDS = 6
LEAK_SECONDS = 120
KMEMLEAK = "/sys/kernel/debug/kmemleak"
SEARCH = (f"sleep {LEAK_AGE_SECONDS}; echo scan >{KMEMLEAK}; echo scan >{KMEMLEAK}; cat {KMEMLEAK}; echo clear >{KMEMLEAK}; "
          "grep -q 'debug_locks: *1$' /proc/lockdep_stats || echo 'WARNING: lockdep is off'")


def held_kib(host):
    """KiB that a host's kernel cannot give up."""
    return int(host.sh("awk '/^(SUnreclaim|VmallocUsed):/ { sum += $2 } END { print sum }' /proc/meminfo"))


def _in_lines(report):
    """kmemleak's report with a line for each object, and without what is in it, which may look like anything."""
    return re.sub(r"\n +", " ", re.sub(r"\n  hex dump .*(\n    ([0-9a-f]{2} )+.*)*", "", report))


def reports(hosts):
    """For each host what kmemleak of its kernel finds now and had not found before, a line for each object, with the functions that
    have allocated it; and whether lockdep is off, which it is after its first report. Empty where the kernel has neither."""
    searches = [host.start_program(["sh", "-euc", SEARCH]) if host.products.kernel.finds_leaks else None for host in hosts]
    return [_in_lines(search.wait(LEAK_SECONDS).check().out) if search else "" for search in searches]
