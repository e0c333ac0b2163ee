# SPDX-License-Identifier: BSD-2-Clause
"""The NVMe subsystem of a lab host: which functions, controllers and namespaces the hosts' QEMU is given.

Controller 1 is the PF's, controller n + 1 belongs to VF n, the last one to a further PF. Both hosts show the same serial
number, NQN and namespaces; that is what a virtual subsystem which can exist on either host looks like.
"""

from dataclasses import dataclass

from .image import medium

# What the devices can be told to speak: Host Managed Live Migration of the NVMe standard, the vendor commands of the RFC.
PROTOCOLS = ("hmlm", "rfc")
# The devices' names in QEMU: that of the PF and its VFs, of OTHER_PF, of SMALL_PF.
DEVICES = ("nvm0", "nvm1", "nvm2")
SERIAL = "NVMOVE0001"
NQN = "nqn.2026-11.io.nvmove:lab"
PF = "0000:01:00.0"
VFS = 8
# A further PF of the same subsystem, with a controller that the first one's host can migrate.
FURTHER_PF = "0000:04:00.0"
FURTHER_PF_CNTLID = VFS + 2
# A device of another kind, whose VFs have PCI ids that the driver knows no protocol for.
OTHER_PF = "0000:02:00.0"
OTHER_VFS = 1
OTHER_VF_DEVICE_ID = 0x1999
OTHER_MEGABYTES = 64
# A device of small transfers, whose one VF can have many queues: a state of it does not fit into one command.
SMALL_PF = "0000:03:00.0"
SMALL_VFS = 1
SMALL_CNTLID = 2
SMALL_MDTS = 1
SMALL_TRANSFER = 4096 << SMALL_MDTS
SMALL_MEGABYTES = 64
MIB = 1 << 20
# What a device sits in. After a reset of its bus Linux waits for the link of a port of more than 2.5 GT/s to say that it is active,
# and QEMU's ports do so only where PCI Express plugs, not ACPI, as on this machine.
PORT = "pcie-root-port,x-speed=2_5"


@dataclass(frozen=True)
class Namespace:
    """A namespace: megabytes of a medium that is shared by both hosts or private to one, seen by some controllers."""

    nsid: int
    megabytes: int
    shared: bool
    controllers: str
    lba_size: int = 512


PF_PRIVATE = Namespace(1, 64, False, "1")
SHARED = Namespace(2, 512, True, f"2-7:{FURTHER_PF_CNTLID}")
SHARED_SMALL = Namespace(3, 64, True, "2-7")
# VF 7's namespace has another size on host B: a destination that must refuse.
MISMATCHED_VF = 7
MISMATCHED = {"A": Namespace(4, 64, False, "8"), "B": Namespace(4, 32, False, "8")}

# VF 3 sees two more, of large blocks, and a test gives it the one that nobody sees.
WHOLE_STATE_VF = 3
LARGE_BLOCKS = (Namespace(5, 32, True, "4", 4096), Namespace(6, 32, True, "4", 4096))
SPARE = Namespace(7, 32, True, "none")

# VF 4 belongs to a virtual subsystem on host A; on host B it has an identity of another kind and takes over what comes.
ADOPTING_VF = 4
VIRTUAL_SUBSYSTEMS = {
    "A": f"vfs={ADOPTING_VF},subnqn={NQN}-guest,serial=GUEST0001,model=a guest's own,cntlid=77,mdts=5,max-queue-entries=1024,"
         "verify=off",
    "B": f"vfs={ADOPTING_VF},subnqn={NQN}-nobody,serial=NOBODY,policy=adopt",
}


def _medium(directory, name, megabytes):
    path = directory / f"medium-{name}.raw"
    return path if path.exists() else medium(path, megabytes)


def arguments(name, directory, protocol):
    """QEMU arguments for the NVMe subsystem of host name, which speaks a protocol; media are created below directory."""
    found = ["-device", f"nvmove,id=nvm0,bus=rp0,serial={SERIAL},subnqn={NQN},num-vfs={VFS},num-secondary-pfs=1,"
                        f"protocol={protocol}",
             "-device", f"{PORT},id=rp1,chassis=1,slot=2",
             "-device", f"nvmove,id=nvm1,bus=rp1,serial=OTHER0001,subnqn={NQN}-other,num-vfs={OTHER_VFS},"
                        f"vf-device-id={OTHER_VF_DEVICE_ID:#x},protocol=rfc",
             "-device", f"nvmove-ns,bus=nvm1,nsid=1,medium={_medium(directory, f'other-host{name}', OTHER_MEGABYTES)}"]
    found += ["-device", f"{PORT},id=rp2,chassis=2,slot=3",
              "-device", f"nvmove,id=nvm2,bus=rp2,serial=SMALL0001,subnqn={NQN}-small,num-vfs={SMALL_VFS},mdts={SMALL_MDTS},"
                         f"protocol={protocol}",
              "-device", f"nvmove-ns,bus=nvm2,nsid=1,medium={_medium(directory, f'small-host{name}', SMALL_MEGABYTES)}"]
    found += ["-device", f"{PORT},id=rp3,chassis=3,slot=4",
              "-device", f"nvmove-pf,bus=rp3,subsystem=nvm0,cntlid={FURTHER_PF_CNTLID}"]
    found += ["-device", f"nvmove-vss,bus=nvm0,{VIRTUAL_SUBSYSTEMS[name]}"]
    for namespace in (PF_PRIVATE, SHARED, SHARED_SMALL, MISMATCHED[name], *LARGE_BLOCKS, SPARE):
        owner = "shared" if namespace.shared else f"host{name}"
        path = _medium(directory, f"{namespace.nsid}-{owner}", namespace.megabytes)
        found += ["-device", f"nvmove-ns,bus=nvm0,nsid={namespace.nsid},medium={path},"
                             f"controllers={namespace.controllers},lba-size={namespace.lba_size}"]
    return found
