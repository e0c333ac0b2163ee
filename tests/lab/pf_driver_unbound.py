# SPDX-License-Identifier: BSD-2-Clause
"""The PF's driver is unbound at any point of a migration: nothing hangs, and a guest can run again afterwards."""

from nvmovelab import provision
from nvmovelab.subsystem import PF, SHARED

# What the driver says when the commands of a migration cannot be sent.
EXPECTED_TROUBLE = r"nvme-vfio-pci"
# The PF's controller is ready for commands once it is live.
WAIT = f"until grep -q live /sys/bus/pci/devices/{PF}/nvme/nvme*/state; do sleep 0.1; done"


def run(bench):
    """Once per point, each with a new guest."""
    function = bench.vf(bench.a)
    bench.vfio(bench.a, "event", function, "--nsid", SHARED.nsid, "--leaves", "cut",
               "--run", f"echo {PF} >/sys/bus/pci/drivers/nvme/unbind",
               "--undo", f"echo {PF} >/sys/bus/pci/drivers/nvme/bind; {WAIT}; {provision.script()}")
