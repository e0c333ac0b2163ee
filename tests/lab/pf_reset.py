# SPDX-License-Identifier: BSD-2-Clause
"""The PF's controller is reset at any point of a migration, which takes its VFs' controllers offline: nothing hangs, and once a
controller is online again a guest can run."""

from nvmovelab import provision
from nvmovelab.subsystem import PF, SHARED

# What the driver says when a controller is not there, or not suspended any more.
EXPECTED_TROUBLE = r"nvme-vfio-pci"


def run(bench):
    """Once per point, each with a new guest."""
    function = bench.vf(bench.a)
    device = f"/sys/bus/pci/devices/{PF}/nvme/{provision.pf_controller(bench.a)}"
    bench.vfio(bench.a, "event", function, "--nsid", SHARED.nsid,
               "--leaves", {"hmlm": "gone", "rfc": "gone-rfc"}[bench.protocol],
               "--run", f"echo 1 >{device}/reset_controller; until grep -q live {device}/state; do sleep 0.1; done",
               "--undo", provision.script())
