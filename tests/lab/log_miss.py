# SPDX-License-Identifier: BSD-2-Clause
"""One page that the device never reports is found missing by the check that finds nothing in the other tests."""

from nvmovelab.subsystem import SHARED

PROTOCOLS = ("hmlm",)
KERNELS = ("lab", "debug")


def run(bench):
    """The VFIO program's "log-miss" on one host."""
    bench.vfio(bench.a, "log-miss", bench.vf(bench.a), "--nsid", SHARED.nsid)
