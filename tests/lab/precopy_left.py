# SPDX-License-Identifier: BSD-2-Clause
"""Pre-copy can be left at every point: given up, the guest runs on; completed, the guest moves."""

from nvmovelab.subsystem import SHARED


def run(bench):
    """The VFIO program's "precopy" on one host."""
    bench.vfio(bench.a, "precopy", bench.vf(bench.a), "--nsid", SHARED.nsid)
