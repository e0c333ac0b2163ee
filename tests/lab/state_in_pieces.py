# SPDX-License-Identifier: BSD-2-Clause
"""A state that is longer than the controlling controller's data transfer limit is saved and loaded in several pieces (R9)."""

from nvmovelab import trace
from nvmovelab.subsystem import SMALL_PF, SMALL_TRANSFER, SMALL_VFS

MOVES = 3
LONG_STATE = ("--queues", 64, "--depth", 16, "--transfer", SMALL_TRANSFER >> 10, "--errors", 64)


def run(bench):
    """The VFIO program moves its guest out of and into one function; the trace has the commands' sizes."""
    function = bench.vf(bench.a, pf=SMALL_PF, vfs=SMALL_VFS, queues=65, vectors=65)
    trace.start(bench.a)
    bench.vfio(bench.a, "move", function, "--self", "--count", MOVES, *LONG_STATE)
    recorded = trace.events(bench.a)
    for command in ("save", "load"):
        sizes = [int(e["bytes"]) for e in recorded if e["event"] == "nvme_vfio_cmd" and e["command"] == command]
        bench.expect_equal(f"largest {command}", max(sizes, default=0), SMALL_TRANSFER)
        bench.expect(len(sizes) >= 2 * MOVES, f"{MOVES} moves took {len(sizes)} commands to {command}: {sizes}")
