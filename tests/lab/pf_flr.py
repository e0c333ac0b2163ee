# SPDX-License-Identifier: BSD-2-Clause
"""The administrator resets the PF as a PCI function, which disables its VFs for a moment, at any point of a migration: nothing
hangs, and once the VF's controller is online again a guest can run."""

from nvmovelab import provision
from nvmovelab.subsystem import PF, SHARED

BY_HAND = "every point, each with a new guest: half a minute"
# What the driver says when a controller is not there, or not suspended any more.
EXPECTED_TROUBLE = r"nvme-vfio-pci"
DEVICE = f"/sys/bus/pci/devices/{PF}"


def run(bench):
    """Once per point, each with a new guest."""
    function = bench.vf(bench.a)
    bench.vfio(bench.a, "event", function, "--nsid", SHARED.nsid,
               "--leaves", {"hmlm": "gone", "rfc": "gone-rfc"}[bench.protocol],
               "--run", f"echo 1 >{DEVICE}/reset; until grep -q live {DEVICE}/nvme/nvme*/state; do sleep 0.1; done",
               "--undo", f"{provision.script()} >/dev/null")
