# SPDX-License-Identifier: BSD-2-Clause
"""The driver's module cannot be removed while its device is open, at no point of a migration and in no arc; it can when the device is
closed."""

from nvmovelab import provision
from nvmovelab.subsystem import SHARED

BY_HAND = "every point and every arc, each with a new guest: a minute"
REMOVE = 'if [ "$DEVICE" = closed ]; then rmmod nvme_vfio_pci; else rmmod nvme_vfio_pci 2>&1 | grep -q "in use"; fi'
LOADED = "grep -q ^nvme_vfio_pci /proc/modules"


def run(bench):
    """Once per arc and per point, each with a new guest: nothing but the refusal happens. At last the module goes and comes."""
    function = bench.vf(bench.a)
    for test in ("event-in-arcs", "event"):
        bench.vfio(bench.a, test, function, "--nsid", SHARED.nsid, "--run", REMOVE,
                   "--undo", f"{LOADED} || {{ insmod /lab/{provision.DRIVER}.ko; {provision.script()} >/dev/null; }}")
