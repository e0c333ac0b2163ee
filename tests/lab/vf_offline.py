# SPDX-License-Identifier: BSD-2-Clause
"""The VF's controller is taken offline by Virtualization Management at any point of a migration: nothing hangs, and once it is
online again a guest can run."""

from nvmovelab import provision
from nvmovelab.subsystem import SHARED

BY_HAND = "every point, each with a new guest: half a minute"
# What the driver says when a controller is not there, or not suspended any more.
EXPECTED_TROUBLE = r"nvme-vfio-pci"
VF, CNTLID, OFFLINE = 1, 2, 7


def run(bench):
    """Once per point, each with a new guest."""
    function = bench.vf(bench.a, VF)
    bench.vfio(bench.a, "event", function, "--nsid", SHARED.nsid,
               "--leaves", {"hmlm": "gone", "rfc": "gone-rfc"}[bench.protocol],
               "--run", f"nvme virt-mgmt /dev/{provision.pf_controller(bench.a)} -c {CNTLID} -a {OFFLINE} >/dev/null",
               "--undo", f"{provision.script(VF)} >/dev/null")
