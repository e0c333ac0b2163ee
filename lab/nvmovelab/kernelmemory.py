# SPDX-License-Identifier: BSD-2-Clause
"""What a host's kernel holds: how much memory, and memory that nobody knows any more."""

# An object counts as leaked only when it is older than this, and when two searches did not find a reference to it.
LEAK_AGE_SECONDS = 6
LEAK_SECONDS = 120
KMEMLEAK = "/sys/kernel/debug/kmemleak"


def held_kib(host):
    """KiB that a host's kernel cannot give up."""
    return int(host.sh("awk '/^(SUnreclaim|VmallocUsed):/ { sum += $2 } END { print sum }' /proc/meminfo"))


def leaks(host):
    """What kmemleak of a host's kernel finds now and had not found before: a report of several lines for each object. Empty where
    the kernel has no kmemleak."""
    if not host.products.kernel.finds_leaks:
        return ""
    return host.sh(f"sleep {LEAK_AGE_SECONDS}; echo scan >{KMEMLEAK}; echo scan >{KMEMLEAK}; cat {KMEMLEAK}; echo clear >{KMEMLEAK}",
                   LEAK_SECONDS)
