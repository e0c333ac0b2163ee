# SPDX-License-Identifier: BSD-2-Clause
"""What a host's kernel says when it is asked: how much memory it holds, and what the debug kernel has found."""

# An object counts as leaked only when it is older than this, and when two searches did not find a reference to it.
LEAK_AGE_SECONDS = 6
LEAK_SECONDS = 120
KMEMLEAK = "/sys/kernel/debug/kmemleak"
SEARCH = (f"sleep {LEAK_AGE_SECONDS}; echo scan >{KMEMLEAK}; echo scan >{KMEMLEAK}; cat {KMEMLEAK}; echo clear >{KMEMLEAK}; "
          "grep -q 'debug_locks: *1$' /proc/lockdep_stats || echo 'WARNING: lockdep is off'")


def held_kib(host):
    """KiB that a host's kernel cannot give up."""
    return int(host.sh("awk '/^(SUnreclaim|VmallocUsed):/ { sum += $2 } END { print sum }' /proc/meminfo"))


def reports(hosts):
    """For each host what kmemleak of its kernel finds now and had not found before, a report of several lines for each object; and
    whether lockdep is off, which it is after its first report. Empty where the kernel has neither."""
    searches = [host.start_program(["sh", "-euc", SEARCH]) if host.products.kernel.finds_leaks else None for host in hosts]
    return [search.wait(LEAK_SECONDS).check().out if search else "" for search in searches]
