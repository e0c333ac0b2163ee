# SPDX-License-Identifier: BSD-2-Clause
"""All migration commands are refused on a VF, and none of its logs, Identify data and registers shows another VF."""

from nvmovelab.subsystem import SHARED


def run(bench):
    """The VFIO program's "isolation" on one host."""
    bench.vfio(bench.a, "isolation", bench.vf(bench.a), "--nsid", SHARED.nsid)
