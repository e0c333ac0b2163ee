# SPDX-License-Identifier: BSD-2-Clause
"""A migration that is given up at any point leaves a guest that goes on without an error."""

from nvmovelab.subsystem import SHARED


def run(bench):
    """The VFIO program's "retry" on one host."""
    bench.vfio(bench.a, "retry", bench.vf(bench.a), "--nsid", SHARED.nsid)
