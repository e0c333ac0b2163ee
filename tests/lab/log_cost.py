# SPDX-License-Identifier: BSD-2-Clause
"""What DMA logging costs: reads per second without a log, with one, and with one that is read ten times a second; how long it
takes to read one in which nothing is. It judges nothing."""

import json

from nvmovelab.progress import say
from nvmovelab.subsystem import SHARED

PROTOCOLS = ("hmlm",)
KERNELS = ("lab",)
BY_HAND = "it measures"


def run(bench):
    """The VFIO program's "log-cost" on one host."""
    found = bench.vfio(bench.a, "log-cost", bench.vf(bench.a), "--nsid", SHARED.nsid, "--interval", 1000, "--count", 7)
    say(json.dumps(found))
