# SPDX-License-Identifier: BSD-2-Clause
"""A device that refuses commands of the DMA log or answers them wrongly: a report that cannot be true never passes for one, and
the log works again once it is started anew."""

from nvmovelab.subsystem import SHARED

PROTOCOLS = ("hmlm",)
KERNELS = ("lab", "debug")

# What the driver says of it.
EXPECTED_TROUBLE = r"nvme-vfio-pci"


def run(bench):
    """The VFIO program's "log-faults" on one host."""
    bench.vfio(bench.a, "log-faults", bench.vf(bench.a), "--nsid", SHARED.nsid)
