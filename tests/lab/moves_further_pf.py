# SPDX-License-Identifier: BSD-2-Clause
"""A function that is no VF moves like one: a further PF of the subsystem, of which root has told the driver whose controller
it is. R3."""

from nvmovelab import provision
from nvmovelab.subsystem import FURTHER_PF, SHARED

# The RFC's commands name VFs by their numbers.
PROTOCOLS = ("hmlm",)
# Requests that must fail.
EXPECTED_TROUBLE = r"nvme-vfio-pci"


def run(bench):
    """The states of the function on one host, then moves of it with I/O in flight, with and without interrupts."""
    for host in bench.hosts:
        provision.load_driver(host)
    functions = [provision.further_pf(host) for host in bench.hosts]
    for host in bench.hosts:
        bench.expect_equal(f"protocol on host {host.name}", provision.protocol(host, FURTHER_PF), "hmlm")
    bench.vfio(bench.a, "arcs", functions[0], "--nsid", SHARED.nsid)
    for options in (("--loaded",), ("--irq",)):
        found = bench.vfio_pair(functions, "--count", 10, "--nsid", SHARED.nsid, *options)
        for name in ("lost", "duplicated", "io_errors", "verify_errors"):
            bench.expect_equal(f"{options}: {name}", found[name], 0)
