# SPDX-License-Identifier: BSD-2-Clause
"""The guest disables the function's memory space at any point of a migration or of an arc: what needs no registers of it goes on, and a
load into a controller that has to be disabled before is refused, but for a VF, which has no such bit."""

from nvmovelab import provision
from nvmovelab.subsystem import SHARED

PROTOCOLS = ("hmlm",)
EXPECTED_TROUBLE = r"nvme-vfio-pci"


def run(bench):
    """The VFIO program's "memory" on a VF and on a further PF of host A."""
    for function in (bench.vf(bench.a), provision.further_pf(bench.a)):
        bench.vfio(bench.a, "memory", function, "--nsid", SHARED.nsid)
