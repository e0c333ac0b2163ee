# SPDX-License-Identifier: BSD-2-Clause
"""A hot reset, of the bus that the function is alone on, at any point of a migration or while the command of an arc is under way leads
back to a running function; streams from before give errors. A VF is never alone: VFIO refuses a hot reset of one whose PF somebody else has."""

from nvmovelab import provision
from nvmovelab.subsystem import SHARED

PROTOCOLS = ("hmlm",)
# What the driver says when a reset has taken the ground from under a command.
EXPECTED_TROUBLE = r"nvme-vfio-pci"


def run(bench):
    """The VFIO program's "hot-reset" and "hot-overtaken" on a further PF, then the first on a VF."""
    provision.load_driver(bench.a)
    function = provision.further_pf(bench.a)
    for test in ("hot-reset", "hot-overtaken"):
        bench.vfio(bench.a, test, function, "--nsid", SHARED.nsid)
    found = bench.a.run(["/lab/vfio-nvme-move", "hot-reset", "--pci", bench.vf(bench.a), "--nsid", str(SHARED.nsid)])
    bench.expect(found.code == 1 and "VFIO_DEVICE_PCI_HOT_RESET: Invalid argument" in found.out, f"hot reset of a VF: {found}")
