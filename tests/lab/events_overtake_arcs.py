# SPDX-License-Identifier: BSD-2-Clause
"""While the command of an arc is under way at the device, the PF is reset, unbound or removed, the VFs are switched off, the VF is
unbound or its controller taken offline: the arc ends, what follows says what docs/driver-states.md says, the driver lets go once the
VMM has closed, and a guest can run afterwards."""

from nvmovelab import provision
from nvmovelab.errors import LabError
from nvmovelab.subsystem import PF, SHARED

BY_HAND = "eight events in every arc, each with a new guest: five minutes"
PROTOCOLS = ("hmlm",)
EXPECTED_TROUBLE = r"nvme-vfio-pci|nvme nvme\d+: "
VF, CNTLID, OFFLINE = 1, 2, 7
DEVICE = f"/sys/bus/pci/devices/{PF}"
LIVE = f"until grep -q live {DEVICE}/nvme/nvme*/state; do sleep 0.1; done"
ANEW = f"{provision.script(VF)} >/dev/null"


def _events(bench, function):
    """What happens: a name, the word for what it leaves, a command, and what undoes it."""
    driver = f"/sys/bus/pci/drivers/{provision.DRIVER}"
    port = bench.a.sh(f"dirname $(readlink -f {DEVICE})")
    offline = f"nvme virt-mgmt /dev/{provision.pf_controller(bench.a)} -c {CNTLID} -a {OFFLINE} >/dev/null"
    found = f"echo 1 >/sys/bus/pci/rescan; {LIVE}; {ANEW}"
    return (
        ("the PF's controller is reset", "gone", f"echo 1 >$(echo {DEVICE}/nvme/nvme*)/reset_controller; {LIVE}", ANEW),
        ("the PF is reset", "gone", f"echo 1 >{DEVICE}/reset; {LIVE}", ANEW),
        ("the VF's controller is taken offline", "gone", offline, ANEW),
        ("the PF's driver is unbound", "cut", f"echo {PF} >/sys/bus/pci/drivers/nvme/unbind",
         f"echo {PF} >/sys/bus/pci/drivers/nvme/bind; {LIVE}; {ANEW}"),
        ("the PF is removed", "cut", f"echo 1 >{DEVICE}/remove", f"echo 1 >{port}/remove; {found}"),
        ("the port is removed", "ask", f"echo 1 >{port}/remove", found),
        ("the VFs are switched off", "ask", f"echo 0 >{DEVICE}/sriov_numvfs", ANEW),
        ("the VF's driver is unbound", "ask", f"echo {function} >{driver}/unbind", f"echo {function} >{driver}/bind"),
    )


def run(bench):
    """The VFIO program's "event-in-arcs" for each event."""
    function = bench.vf(bench.a, VF)
    for name, leaves, happens, undo in _events(bench, function):
        try:
            bench.vfio(bench.a, "event-in-arcs", function, "--nsid", SHARED.nsid, "--leaves", leaves, "--run", happens, "--undo", undo)
        except LabError as error:
            raise type(error)(f"{name}: {error}") from None
