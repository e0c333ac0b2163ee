# SPDX-License-Identifier: BSD-2-Clause
"""The device refuses a command, at each step of a migration: the request says so, the state is the one that docs/driver.md names,
and the guest goes on from there, or starts anew after a reset."""

from nvmovelab.subsystem import SHARED

PROTOCOLS = ("hmlm",)
EXPECTED_TROUBLE = r"nvme-vfio-pci"


def run(bench):
    """The VFIO program's "refused" on one host."""
    bench.vfio(bench.a, "refused", bench.vf(bench.a), "--nsid", SHARED.nsid)
