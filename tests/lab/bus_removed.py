# SPDX-License-Identifier: BSD-2-Clause
"""The port above PF and VFs is removed at any point of a migration, as when a drive is pulled out of its slot: the driver
lets go once the VMM has closed, and after the port was found again a guest can run."""

from nvmovelab import provision
from nvmovelab.subsystem import PF, SHARED

# The PF's controller is ready for commands once it is live.
WAIT = f"until grep -q live /sys/bus/pci/devices/{PF}/nvme/nvme*/state; do sleep 0.1; done"


def run(bench):
    """Once per point, each with a new guest."""
    function = bench.vf(bench.a)
    port = bench.a.sh(f"dirname $(readlink -f /sys/bus/pci/devices/{PF})")
    bench.vfio(bench.a, "event", function, "--nsid", SHARED.nsid, "--leaves", "ask", "--run", f"echo 1 >{port}/remove",
               "--undo", f"echo 1 >/sys/bus/pci/rescan; {WAIT}; {provision.script()}")
