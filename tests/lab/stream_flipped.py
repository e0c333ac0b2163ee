# SPDX-License-Identifier: BSD-2-Clause
"""A stream with any one bit flipped is refused with a reason, and the good one still loads after."""

from nvmovelab.subsystem import SHARED

# The refusals, which this test wants to see.
EXPECTED_TROUBLE = r"nvme-vfio-pci"


def run(bench):
    """The VFIO program's "flips" on one host."""
    bench.vfio(bench.a, "flips", bench.vf(bench.a), "--nsid", SHARED.nsid)
