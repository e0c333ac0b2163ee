# SPDX-License-Identifier: BSD-2-Clause
"""A device reset or a guest's FLR overtakes an arc whose command is under way at the device, which carries it out late or answers it
late: the function is running afterwards and not suspended, streams from before give errors, and a guest can start."""

from nvmovelab.subsystem import SHARED

PROTOCOLS = ("hmlm",)
# What the driver says when a reset has taken the ground from under a command.
EXPECTED_TROUBLE = r"nvme-vfio-pci"


def run(bench):
    """The VFIO program's "overtaken" on one host."""
    bench.vfio(bench.a, "overtaken", bench.vf(bench.a), "--nsid", SHARED.nsid)
