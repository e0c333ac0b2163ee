# SPDX-License-Identifier: BSD-2-Clause
"""A controller that is not suspended while a piece of its state is read makes the save fail: no torn state comes out.

Causes: somebody resumes it with the standard's own command, before the first piece and between two; the controlling controller is
reset. The vendor commands refuse to save then and have no CSUP.
"""

from nvmovelab import provision
from nvmovelab.subsystem import SMALL_CNTLID, SMALL_PF, SMALL_TRANSFER, SMALL_VFS

PROTOCOLS = ("hmlm",)
# What the driver says of pieces that are not the state's.
EXPECTED_TROUBLE = r"nvme-vfio-pci"
LONG_STATE = ("--queues", 64, "--depth", 16, "--transfer", SMALL_TRANSFER >> 10, "--errors", 64)


def run(bench):
    """The VFIO program's "torn" on one host."""
    function = bench.vf(bench.a, pf=SMALL_PF, vfs=SMALL_VFS, queues=65, vectors=65)
    device = f"/sys/bus/pci/devices/{SMALL_PF}/nvme/{provision.pf_controller(bench.a, SMALL_PF)}"
    bench.vfio(bench.a, "torn", function, *LONG_STATE, "--cntlid", SMALL_CNTLID,
               "--admin", f"/dev/{provision.pf_controller(bench.a, SMALL_PF)}",
               "--run", f"echo 1 >{device}/reset_controller; until grep -q live {device}/state; do sleep 0.1; done")
