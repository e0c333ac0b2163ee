# SPDX-License-Identifier: BSD-2-Clause
"""The driver's module cannot be removed while its device is open, at no point of a migration; it can when the device is closed."""

from nvmovelab import provision
from nvmovelab.subsystem import SHARED

BY_HAND = "every point, each with a new guest: half a minute"
REMOVE = 'if [ "$DEVICE" = closed ]; then rmmod nvme_vfio_pci; else rmmod nvme_vfio_pci 2>&1 | grep -q "in use"; fi'
LOADED = "grep -q ^nvme_vfio_pci /proc/modules"


def run(bench):
    """Once per point, each with a new guest: nothing but the refusal happens. At last the module goes and comes."""
    bench.vfio(bench.a, "event", bench.vf(bench.a), "--nsid", SHARED.nsid, "--run", REMOVE,
               "--undo", f"{LOADED} || {{ insmod /lab/{provision.DRIVER}.ko; {provision.script()} >/dev/null; }}")
