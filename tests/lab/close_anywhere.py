# SPDX-License-Identifier: BSD-2-Clause
"""A function closed at any point of a migration, its stream still open, is running when opened again."""

from nvmovelab.subsystem import SHARED


def run(bench):
    """The VFIO program's "close" on one host."""
    bench.vfio(bench.a, "close", bench.vf(bench.a), "--nsid", SHARED.nsid)
