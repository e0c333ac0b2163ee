# SPDX-License-Identifier: BSD-2-Clause
"""A command is never answered, or the controlling controller resets itself meanwhile, at each step of a migration: once the PF's
driver has given up and reset its controller, the request says so and the state is the one that docs/driver.md names."""

from nvmovelab import provision
from nvmovelab.subsystem import PF, SHARED

PROTOCOLS = ("hmlm",)
EXPECTED_TROUBLE = r"nvme-vfio-pci|nvme nvme\d+: .*(timeout|reset controller)"
# The nvme driver gives up after so many seconds, by default 60.
SECONDS = 2
TIMEOUT = "/sys/module/nvme_core/parameters/admin_timeout"
# The PF's controller is ready for commands once it is live.
WAIT = f"until grep -q live /sys/bus/pci/devices/{PF}/nvme/nvme*/state; do sleep 0.1; done"


def run(bench):
    """The VFIO program's "lost" on one host; each loss takes the VFs' controllers offline."""
    function = bench.vf(bench.a)
    before = bench.a.sh(f"cat {TIMEOUT}; echo {SECONDS} >{TIMEOUT}")
    try:
        bench.vfio(bench.a, "lost", function, "--nsid", SHARED.nsid, "--undo", f"{WAIT}; {provision.script()} >/dev/null")
    finally:
        bench.a.sh(f"echo {before} >{TIMEOUT}")
