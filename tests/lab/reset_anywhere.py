# SPDX-License-Identifier: BSD-2-Clause
"""A reset at any point of a migration leads back to a running function; streams from before give errors."""

from nvmovelab.subsystem import SHARED


def run(bench):
    """The VFIO program's "reset" on one host."""
    bench.vfio(bench.a, "reset", bench.vf(bench.a), "--nsid", SHARED.nsid)
