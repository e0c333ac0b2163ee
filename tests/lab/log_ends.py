# SPDX-License-Identifier: BSD-2-Clause
"""A reset of the function and a close end its DMA log: a report fails until logging is started anew, which works."""

from nvmovelab.subsystem import SHARED

PROTOCOLS = ("hmlm",)
KERNELS = ("lab", "debug")


def run(bench):
    """The VFIO program's "log-ends" on one host."""
    bench.vfio(bench.a, "log-ends", bench.vf(bench.a), "--nsid", SHARED.nsid)
