# SPDX-License-Identifier: BSD-2-Clause
"""Several openers that change states at the same time see only states that exist."""

from nvmovelab.subsystem import SHARED


def run(bench):
    """The VFIO program's "openers" on one host."""
    bench.vfio(bench.a, "openers", bench.vf(bench.a), "--nsid", SHARED.nsid)
