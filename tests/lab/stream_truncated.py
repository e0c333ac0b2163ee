# SPDX-License-Identifier: BSD-2-Clause
"""A stream cut anywhere is refused with a reason, and the good one still loads after."""

from nvmovelab.subsystem import SHARED

# The refusals, which this test wants to see.
EXPECTED_TROUBLE = r"nvme-vfio-pci"


def run(bench):
    """The VFIO program's "truncated" on one host."""
    bench.vfio(bench.a, "truncated", bench.vf(bench.a), "--nsid", SHARED.nsid)
