# SPDX-License-Identifier: BSD-2-Clause
"""A copy of memory that follows the DMA log while the function writes is equal to the memory once the function has stopped, in
every state in which it stands still, and the log goes on after that."""

from nvmovelab.subsystem import SHARED

PROTOCOLS = ("hmlm",)
KERNELS = ("lab", "debug")


def run(bench):
    """The VFIO program's "log-copy" on one host."""
    bench.vfio(bench.a, "log-copy", bench.vf(bench.a), "--nsid", SHARED.nsid)
