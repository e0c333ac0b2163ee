# SPDX-License-Identifier: BSD-2-Clause
"""A function announces errors by PCI Express Advanced Error Reporting at any point of a migration and while the command of any arc is
under way: those that are not fatal change nothing, the guest's function stays what it was. After a fatal one the kernel resets the
bus, and the PF's driver takes its controller up again; VFIO tells of all but the correctable ones."""

from nvmovelab import provision
from nvmovelab.subsystem import PF, SHARED

BY_HAND = "six kinds of error at every point and in every arc, each with a new guest: six minutes"
PROTOCOLS = ("hmlm",)
# The kernel reports what was announced; functions without a driver keep it from calling a recovery a success.
EXPECTED_TROUBLE = r"AER|PCIe Bus Error|nvme-vfio-pci 0000:01:00\.1: |nvme 0000:01:00\.0: |nvme nvme\d+: "
VF = 1
# The kernel recovers from a fatal error where all functions of the bus have drivers, so there is one VF then.
VFS = 1
RECOVERIES = "dmesg | grep -c 'AER: device recovery successful'"
KNOWN = "/run/recoveries"
DEVICE = f"/sys/bus/pci/devices/{PF}"
LIVE = f"until grep -q live {DEVICE}/nvme/nvme*/state; do sleep 0.1; done"
RECOVERED = f"until [ $({RECOVERIES}) -gt $(cat {KNOWN}) ]; do sleep 0.1; done; {RECOVERIES} >{KNOWN}; {LIVE}"


def _announce(bench, function, error, leaves, happens, undo):
    for test in ("event", "event-in-arcs"):
        before = len(bench.a.dmesg())
        bench.vfio(bench.a, test, function, "--nsid", SHARED.nsid, "--announce", error, "--leaves", leaves, "--run", happens,
                   "--undo", undo)
        bench.expect("AER" in bench.a.dmesg()[before:], f"the kernel has not heard of {error} during {test}")


def run(bench):
    """The VF, then the PF, with each severity. Only a fatal error has to be undone: the VF's controller is offline after it."""
    function = bench.vf(bench.a, VF)
    for number in (VF, 0):
        for severity in ("correctable", "non-fatal"):
            _announce(bench, function, f"{number}:{severity}", "same", "sleep 0.3", "true")
    bench.a.sh(f"echo 0 >{DEVICE}/sriov_numvfs; {RECOVERIES} >{KNOWN} || true")
    function = bench.vf(bench.a, VF, vfs=VFS)
    for number in (VF, 0):
        _announce(bench, function, f"{number}:fatal", "gone", RECOVERED, f"{provision.script(VF, vfs=VFS)} >/dev/null")
