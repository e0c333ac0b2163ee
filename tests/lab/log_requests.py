# SPDX-License-Identifier: BSD-2-Clause
"""A DMA log takes what VFIO allows and refuses the rest, with VFIO's errors, and is none the worse for what it has refused."""

from nvmovelab.subsystem import SHARED

PROTOCOLS = ("hmlm",)
KERNELS = ("lab", "debug")

# Requests that must fail.
EXPECTED_TROUBLE = r"nvme-vfio-pci"


def run(bench):
    """The VFIO program's "log-requests" on one host."""
    bench.vfio(bench.a, "log-requests", bench.vf(bench.a), "--nsid", SHARED.nsid)
