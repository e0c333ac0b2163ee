# SPDX-License-Identifier: BSD-2-Clause
"""The VF's driver is unbound at any point of a migration: it lets go once the VMM has closed."""

from nvmovelab import provision
from nvmovelab.subsystem import SHARED


def run(bench):
    """Once per point, each with a new guest."""
    function = bench.vf(bench.a)
    bench.vfio(bench.a, "event", function, "--nsid", SHARED.nsid, "--leaves", "ask",
               "--run", f"echo {function} >/sys/bus/pci/drivers/{provision.DRIVER}/unbind",
               "--undo", f"echo {function} >/sys/bus/pci/drivers/{provision.DRIVER}/bind")
