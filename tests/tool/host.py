# SPDX-License-Identifier: BSD-2-Clause
"""The host that fake_host.c plays: the directory that it lives in."""

import os

from program import nvmove

PF = "0000:01:00.0"
VFS = 3
# ctrl/'s device in the unit tests: the primary is controller 7; 8 to 10 follow behind VFs, 11 behind a function of its own.
FURTHER_CNTLID = 11


def vf(number):
    """PCI address of a VF."""
    return f"0000:01:00.{number}"


class Host:
    """A host with one SR-IOV NVMe device."""

    def __init__(self, root):
        self.root = root
        self.sys = root / "sys"
        self.devices = self.sys / "bus" / "pci" / "devices"
        self.environment = {**os.environ, "FAKE_HOST": str(root), "NVMOVE_SYSFS": str(self.sys)}
        for name, value in (("class/nvme/nvme0/address", PF), ("class/nvme/nvme1/address", "traddr=192.0.2.1"),
                            ("class/nvme-subsystem/none", ""), ("bus/pci/drivers_probe", ""),
                            ("bus/pci/drivers/nvme-vfio-pci/bind", ""), ("bus/pci/drivers/nvme/bind", ""),
                            (f"bus/pci/devices/{PF}/sriov_numvfs", "0"), (f"bus/pci/devices/{PF}/sriov_totalvfs", str(VFS)),
                            (f"bus/pci/devices/{PF}/sriov_drivers_autoprobe", "1")):
            path = self.sys / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(value + "\n", encoding="utf-8")
        (self.devices / PF / "iommu_group").symlink_to("../../../kernel/iommu_groups/no-such-group")

    def nvmove(self, *arguments, **options):
        """Run nvmove on this host."""
        return nvmove(*arguments, env=self.environment, **options)

    def fail(self, what):
        """From now on this fails; None: nothing does."""
        (self.root / "fail").write_text(what or "", encoding="utf-8")

    def commands(self):
        """What the device has been told."""
        path = self.root / "commands"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def controllers(self):
        """The secondary controllers behind VFs, as nvmove list tells."""
        return [entry for entry in self.nvmove("list", "--json").json()["controlling_functions"][0]["controllers"] if entry["vf"]]

    def picture(self):
        """Everything in sysfs, to be compared."""
        return {str(path.relative_to(self.sys)): os.readlink(path) if path.is_symlink() else path.read_text(encoding="utf-8")
                for path in sorted(self.sys.rglob("*")) if path.is_symlink() or path.is_file()}
