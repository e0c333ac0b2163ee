# SPDX-License-Identifier: BSD-2-Clause
"""The PF is removed from the bus at any point of a migration, without its VFs: nothing hangs, nothing is used after it was
freed, and once the whole branch of the bus was enumerated anew a guest can run again."""

from nvmovelab import provision
from nvmovelab.subsystem import PF, SHARED

# What the driver says when the commands of a migration cannot be sent.
EXPECTED_TROUBLE = r"nvme-vfio-pci"
# The PF's controller is ready for commands once it is live.
WAIT = f"until grep -q live /sys/bus/pci/devices/{PF}/nvme/nvme*/state; do sleep 0.1; done"


def run(bench):
    """Once per point, each with a new guest. The kernel lets nobody remove orphaned VFs but with the port above them."""
    function = bench.vf(bench.a)
    port = bench.a.sh(f"dirname $(readlink -f /sys/bus/pci/devices/{PF})")
    back = f"echo 1 >{port}/remove; echo 1 >/sys/bus/pci/rescan; {WAIT}; {provision.script()}"
    bench.vfio(bench.a, "event", function, "--nsid", SHARED.nsid, "--leaves", "cut",
               "--run", f"echo 1 >/sys/bus/pci/devices/{PF}/remove", "--undo", back)
