# SPDX-License-Identifier: BSD-2-Clause
"""A state with wrong contents under right checksums, as an attacker makes it, is taken or refused; a reset heals either."""

from nvmovelab.subsystem import SHARED

# The refusals, which this test wants to see.
EXPECTED_TROUBLE = r"nvme-vfio-pci"


def run(bench):
    """The VFIO program's "damaged" on one host."""
    bench.vfio(bench.a, "damaged", bench.vf(bench.a), "--nsid", SHARED.nsid)
