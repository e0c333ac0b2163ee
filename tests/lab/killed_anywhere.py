# SPDX-License-Identifier: BSD-2-Clause
"""The process that migrates is killed (SIGKILL) at any point, also while the command of an arc is under way: it ends, and the next
one finds a function that is as good as new."""

from nvmovelab.subsystem import SHARED

BY_HAND = "every point and every arc, each with two guests: a minute"
PROTOCOLS = ("hmlm",)
EXPECTED_TROUBLE = r"nvme-vfio-pci"


def run(bench):
    """The VFIO program's "killed" on one host."""
    bench.vfio(bench.a, "killed", bench.vf(bench.a), "--nsid", SHARED.nsid)
