# SPDX-License-Identifier: BSD-2-Clause
"""Every page that a function has written is in its DMA log, no other page is, and none twice: pages of 4 KiB to 1 GiB in 2 to 129
ranges, reported by pages that are finer or coarser than that."""

from nvmovelab.subsystem import SHARED

PROTOCOLS = ("hmlm",)
KERNELS = ("lab", "debug")


def run(bench):
    """The VFIO program's "log" on one host."""
    bench.vfio(bench.a, "log", bench.vf(bench.a), "--nsid", SHARED.nsid)
