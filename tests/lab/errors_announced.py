# SPDX-License-Identifier: BSD-2-Clause
"""A function announces errors by PCI Express Advanced Error Reporting at any point of a migration: those that are not fatal change
nothing, the guest's function stays what it was.

Fatal ones are not tried: the kernel recovers by a reset of the bus, after which QEMU's port does not say that its link is active
again, so that the kernel gives the whole branch up.
"""

from nvmovelab.subsystem import SHARED

BY_HAND = "four times every point, each with a new guest: two minutes"
PROTOCOLS = ("hmlm",)
# The kernel reports what was announced; functions without a driver keep it from calling a recovery a success.
EXPECTED_TROUBLE = r"AER|PCIe Bus Error|nvme-vfio-pci 0000:01:00\.1: |nvme 0000:01:00\.0: "


def run(bench):
    """The VF, then the PF, with each severity. Nothing has to be undone."""
    function = bench.vf(bench.a)
    for number in (1, 0):
        for severity in ("correctable", "non-fatal"):
            before = len(bench.a.dmesg())
            bench.vfio(bench.a, "event", function, "--nsid", SHARED.nsid, "--announce", f"{number}:{severity}", "--run",
                       "sleep 0.3", "--undo", "true")
            bench.expect("AER" in bench.a.dmesg()[before:], f"the kernel has not heard of a {severity} error of function {number}")
