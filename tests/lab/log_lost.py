# SPDX-License-Identifier: BSD-2-Clause
"""A reset of the PF's controller ends the device's tracking: no report of the DMA log succeeds after that, until logging is started
anew."""

from nvmovelab import provision
from nvmovelab.subsystem import PF, SHARED

PROTOCOLS = ("hmlm",)
KERNELS = ("lab", "debug")

# What the driver says when the device does not track any more, or cannot be asked.
EXPECTED_TROUBLE = r"nvme-vfio-pci"


def run(bench):
    """Each with a new guest, which runs and is logged again in the end."""
    function = bench.vf(bench.a)
    device = f"/sys/bus/pci/devices/{PF}/nvme/{provision.pf_controller(bench.a)}"
    bench.vfio(bench.a, "log-lost", function, "--nsid", SHARED.nsid, "--count", 2,
               "--run", f"echo 1 >{device}/reset_controller; until grep -q live {device}/state; do sleep 0.1; done",
               "--undo", provision.script())
