# SPDX-License-Identifier: BSD-2-Clause
"""Streams that break the format in every way it names are refused with the reason; odd but correct ones are taken."""

from nvmovelab.subsystem import SHARED

# The refusals, which this test wants to see.
EXPECTED_TROUBLE = r"nvme-vfio-pci"


def run(bench):
    """The VFIO program's "foreign" on one host."""
    bench.vfio(bench.a, "foreign", bench.vf(bench.a), "--nsid", SHARED.nsid)
