# SPDX-License-Identifier: BSD-2-Clause
"""Resets against migrations at random times leave a function on which a guest starts again."""

from nvmovelab.subsystem import SHARED

# What a reset in the middle of a migration makes the driver say.
EXPECTED_TROUBLE = r"nvme-vfio-pci"


def run(bench):
    """The VFIO program's "race" on one host."""
    bench.vfio(bench.a, "race", bench.vf(bench.a), "--nsid", SHARED.nsid)
