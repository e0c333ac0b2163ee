# SPDX-License-Identifier: BSD-2-Clause
"""The VFs are switched off at any point of a migration: the driver lets go once the VMM has closed."""

from nvmovelab import provision
from nvmovelab.subsystem import PF, SHARED


def run(bench):
    """Once per point, each with a new guest."""
    function = bench.vf(bench.a)
    bench.vfio(bench.a, "event", function, "--nsid", SHARED.nsid, "--leaves", "ask",
               "--run", f"echo 0 >/sys/bus/pci/devices/{PF}/sriov_numvfs",
               "--undo", provision.script())
