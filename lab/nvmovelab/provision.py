# SPDX-License-Identifier: BSD-2-Clause
"""What an administrator does on a host before a VF can be assigned: load the driver, make VFs, give one its resources."""

import json
import re
import shutil
import time

from .errors import LabError, Timeout
from .subsystem import FURTHER_PF, FURTHER_PF_CNTLID, OTHER_PF, PF, SMALL_PF, VFS

DRIVER = "nvme-vfio-pci"
QUEUES = 5
VECTORS = 5
DISK_SECONDS = 60


def load_driver(host):
    """Load the project's VFIO driver from the share."""
    shutil.copy2(host.products.driver, host.share / f"{DRIVER}.ko")
    host.sh(f"lsmod | grep -q nvme_vfio_pci || {{ modprobe -a nvme $(modinfo -F depends /lab/{DRIVER}.ko | tr , ' '); "
            f"insmod /lab/{DRIVER}.ko; }}")


def unload_driver(host):
    """Remove the project's VFIO driver."""
    host.sh("lsmod | grep -q nvme_vfio_pci && rmmod nvme_vfio_pci || true")


def script(number=1, driver=DRIVER, queues=QUEUES, vectors=VECTORS, pf=PF, vfs=VFS):
    """The shell command that provisions VF number (from 1) for a VMM and prints its PCI address."""
    return f"sh /lab/host/provision {pf} {vfs} {number} {queues} {vectors} {driver}"


def vf(host, number=1, driver=DRIVER, **details):
    """Provision VF number (from 1) for a VMM and return its PCI address."""
    return host.sh(script(number, driver, **details))


def further_pf(host, queues=QUEUES, vectors=VECTORS):
    """Provision the further PF for a VMM; the driver, which is loaded, has to be told whose controller it is. Returns its
    PCI address."""
    host.sh(f"echo {FURTHER_PF} {PF} {FURTHER_PF_CNTLID} >/sys/bus/pci/drivers/{DRIVER}/controlled")
    return host.sh(f"sh /lab/host/assign {PF} {FURTHER_PF} {FURTHER_PF_CNTLID} {queues} {vectors} {DRIVER}")


def protocol(host, function):
    """The protocol that the driver says it migrates a function by."""
    said = re.findall(rf"{function}: can migrate: protocol (\w+)", host.dmesg())
    if not said:
        raise LabError(f"host {host.name}: the driver does not say that {function} can migrate")
    return said[-1]


def tracks(host, function):
    """Whether the driver says that a function's device can log what memory it writes, on this kernel."""
    said = re.findall(rf"{function}: (no DMA logging|DMA logging: \d+ ranges)", host.dmesg())
    return bool(said) and said[-1].startswith("DMA")


def disk(host, function, nsid):
    """Path of the disk, which may still be coming, that shows a namespace through a function bound to the nvme driver."""
    deadline = time.monotonic() + DISK_SECONDS
    while time.monotonic() < deadline:
        for device in json.loads(host.sh("nvme list -v -o json"))["Devices"]:
            for subsystem in device["Subsystems"]:
                disks = _disks(subsystem, function, nsid)
                if disks:
                    return f"/dev/{disks[-1]}"
        time.sleep(0.2)
    raise Timeout(f"host {host.name}: no disk for namespace {nsid} behind {function}")


def _disks(subsystem, function, nsid):
    """Names of the disks that "nvme list" has for a namespace behind a function of a subsystem."""
    return [namespace["NameSpace"] for controller in subsystem["Controllers"] if controller["Address"] == function
            for namespace in [*controller["Namespaces"], *subsystem["Namespaces"]] if namespace["NSID"] == nsid]


def clear(host):
    """Remove all VFs and the driver: the host is as it was after boot."""
    for pf in (PF, OTHER_PF, SMALL_PF):
        host.sh(f"echo 0 >/sys/bus/pci/devices/{pf}/sriov_numvfs")
    host.sh(f"cd /sys/bus/pci/devices/{FURTHER_PF}; [ \"$(cat driver_override)\" = {DRIVER} ] || exit 0; echo none >driver_override; "
            f"echo {FURTHER_PF} >driver/unbind; "
            f"nvme virt-mgmt /dev/{pf_controller(host)} -c {FURTHER_PF_CNTLID} -a 7 >/dev/null")
    host.sh("rm -f /run/vmm*")
    unload_driver(host)


def pf_controller(host, pf=PF):
    """Name of a PF's controller, like nvme0."""
    return host.sh(f"basename /sys/bus/pci/devices/{pf}/nvme/nvme*")
