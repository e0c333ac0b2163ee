# SPDX-License-Identifier: BSD-2-Clause
"""A function that cannot migrate is assignable all the same: without the migration feature, and the log says why.

Cases: a VF whose PCI id the driver has no protocol for; a VF under the kernel's vfio-pci.
"""

from nvmovelab.subsystem import OTHER_PF, OTHER_VF_DEVICE_ID, OTHER_VFS, SHARED


def run(bench):
    """Verified I/O without migration, with and without interrupts."""
    other = bench.vf(bench.a, pf=OTHER_PF, vfs=OTHER_VFS)
    reasons = [line for line in bench.a.dmesg().splitlines() if other in line and "cannot migrate" in line]
    bench.expect(any(f"8086:{OTHER_VF_DEVICE_ID:04x}" in line for line in reasons),
                 f"host A's log does not say that {other} cannot migrate, and why: {reasons}")
    for options in ((), ("--irq",)):
        bench.vfio(bench.a, "plain", other, *options)
    bench.vfio(bench.a, "plain", bench.vf(bench.a, driver="vfio-pci"), "--nsid", SHARED.nsid)
