# SPDX-License-Identifier: BSD-2-Clause
"""The device answers a command wrongly: another size than it delivers, a state that was torn, damaged data. What the driver can
notice ends the arc; what it cannot is refused by the controller that the state is loaded into."""

from nvmovelab.subsystem import SHARED

PROTOCOLS = ("hmlm",)
EXPECTED_TROUBLE = r"nvme-vfio-pci"


def run(bench):
    """The VFIO program's "wrong" on one host."""
    bench.vfio(bench.a, "wrong", bench.vf(bench.a), "--nsid", SHARED.nsid)
