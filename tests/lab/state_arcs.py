# SPDX-License-Identifier: BSD-2-Clause
"""Every migration state requested from every state gives what VFIO says."""

from nvmovelab.subsystem import SHARED

# Requests that must fail.
EXPECTED_TROUBLE = r"nvme-vfio-pci"


def run(bench):
    """The VFIO program's "arcs" on one host."""
    bench.vfio(bench.a, "arcs", bench.vf(bench.a), "--nsid", SHARED.nsid)
