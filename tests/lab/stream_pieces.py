# SPDX-License-Identifier: BSD-2-Clause
"""A stream may be written in pieces of any size."""

from nvmovelab.subsystem import SHARED


def run(bench):
    """The VFIO program's "chunks" on one host."""
    bench.vfio(bench.a, "chunks", bench.vf(bench.a), "--nsid", SHARED.nsid)
