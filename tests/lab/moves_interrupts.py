# SPDX-License-Identifier: BSD-2-Clause
"""A guest that sleeps until interrupts come misses none when it moves."""

from nvmovelab.subsystem import SHARED


def run(bench):
    """Moves to and fro, full queues or not; the program reports a completion without an interrupt."""
    functions = [bench.vf(host) for host in bench.hosts]
    for options in ((), ("--loaded", "--queues", 4, "--depth", 512)):
        found = bench.vfio_pair(functions, "--irq", "--count", 20, "--nsid", SHARED.nsid, *options)
        bench.expect(found["interrupts"] > 0, f"no interrupt at all: {found}")
        bench.expect_equal(f"{options}: lost interrupts", found["lost_interrupts"], 0)
