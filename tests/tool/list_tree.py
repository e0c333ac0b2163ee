# SPDX-License-Identifier: BSD-2-Clause
"""nvmove list: what sysfs and the device say of controllers, why one cannot migrate, and what could not be asked."""

import tempfile
from pathlib import Path

from program import expect, finish
from host import FURTHER_CNTLID, PF, Host, vf

NEVER = {"cntlid": 8, "function": None, "vf": 1, "online": False, "queues": 0, "vectors": 0, "namespaces": [2, 3],
         "driver": None, "protocol": None, "state": None, "migratable": False,
         "reason": "VF 1 does not exist: SR-IOV has made fewer"}


def enable(host, vfs):
    """Make VFs as the kernel does, and tell the device."""
    (host.devices / PF / "sriov_numvfs").write_text(f"{vfs}\n", encoding="utf-8")
    for number in range(1, vfs + 1):
        (host.devices / vf(number)).mkdir()
        (host.devices / PF / f"virtfn{number - 1}").symlink_to(f"../{vf(number)}")
    with open(host.root / "commands", "a", encoding="utf-8") as commands:
        commands.write(f"vfs {vfs}\n")


def tell(host, line):
    """A command that somebody else has given."""
    with open(host.root / "commands", "a", encoding="utf-8") as commands:
        commands.write(line + "\n")


def bind(host, number, driver):
    """Bind a VF's function."""
    (host.devices / vf(number) / "driver").symlink_to(f"../../drivers/{driver}")


def reasons(host):
    """Why each secondary cannot migrate."""
    return [controller["reason"] for controller in host.controllers()]


def check_stages(host):
    """From a device as it comes to one that can migrate."""
    answer = host.nvmove("list", "--json")
    told = answer.json() or {"controlling_functions": [{}]}
    expect(answer.code == 0 and len(told["controlling_functions"]) == 1, "one controlling function", answer)
    primary = told["controlling_functions"][0]
    expect((primary.get("name"), primary.get("function"), primary.get("cntlid"), primary.get("serial"), primary.get("vfs"),
            primary.get("total_vfs"), primary.get("host_managed_live_migration")) ==
           ("nvme0", PF, 7, "UNIT0001", 0, 3, True), "the controlling function", answer)
    expect(primary.get("queues") == {"total": 36, "assigned": 0, "most_per_controller": 9}, "its resources", answer)
    expect(len(primary.get("controllers", ())) == 4 and primary["controllers"][0] == NEVER, "its first controller", answer)
    enable(host, 2)
    expect(reasons(host) == ["offline", "offline", "VF 3 does not exist: SR-IOV has made fewer"], f"{reasons(host)}")
    for line in ("manage 8 8 0 5", "manage 8 8 1 4", "manage 8 9 0 0"):
        tell(host, line)
    expect(reasons(host)[0] == "bound to no driver, nvme-vfio-pci is needed", f"{reasons(host)}")
    bind(host, 1, "nvme")
    expect(reasons(host)[0] == "bound to nvme, nvme-vfio-pci is needed", f"{reasons(host)}")
    (host.devices / vf(1) / "driver").unlink()
    bind(host, 1, "nvme-vfio-pci")
    expect(reasons(host)[0] == "the driver does not say: see the kernel log", f"{reasons(host)}")
    migration = host.devices / vf(1) / "migration"
    migration.mkdir()
    (migration / "reason").write_text("support byte of PF is 0, expected 1\n", encoding="utf-8")
    expect(reasons(host)[0] == "support byte of PF is 0, expected 1", f"{reasons(host)}")
    (migration / "reason").unlink()
    (migration / "protocol").write_text("hmlm\n", encoding="utf-8")
    (migration / "state").write_text("RUNNING\n", encoding="utf-8")
    expect(host.controllers()[0] == {**NEVER, "function": vf(1), "online": True, "queues": 5, "vectors": 4, "reason": None,
                                     "driver": "nvme-vfio-pci", "protocol": "hmlm", "state": "RUNNING", "migratable": True},
           f"one that can migrate: {host.controllers()[0]}")


def check_tree(host):
    """The same for people."""
    lines = host.nvmove("list").out.splitlines()
    expect(len(lines) == 6 and lines[0].startswith("nvme0  0000:01:00.0  controller 7  ") and "2 of 3 VFs" in lines[1] and
           "5 of 36 queues assigned, 4 of 36 vectors assigned" in lines[1] and
           lines[2] == f"|- controller 8  {vf(1)}  online   5 queues  4 vectors  nsid 2,3  migratable: hmlm, RUNNING" and
           lines[3] == f"|- controller 9  {vf(2)}  offline  0 queues  0 vectors  nsid 3  not migratable: offline" and
           lines[4].startswith("|- controller 10  -  ") and lines[5].startswith("`- controller 11  -  "), "the tree", "\n".join(lines))
    (host.devices / vf(1) / "migration" / "state").write_text("\x1b]0;owned\x07\n", encoding="utf-8")
    expect("\x1b" not in host.nvmove("list").out, "a terminal is not protected")


def check_named(host):
    """A controller behind no VF: its function is the one that the driver was told, of this device and no other."""
    def further():
        controllers = host.nvmove("list", "--json").json()["controlling_functions"][0]["controllers"]
        entry, = (entry for entry in controllers if entry["cntlid"] == FURTHER_CNTLID)
        return entry["function"], entry["reason"]

    expect(further()[0] is None and "nobody has named" in further()[1], f"nobody was named: {further()}")
    named = host.sys / "bus" / "pci" / "drivers" / "nvme-vfio-pci" / "controlled"
    named.write_text(f"0000:05:00.0 0000:09:00.0 {FURTHER_CNTLID}\n0000:06:00.0 {PF} 5\n", encoding="utf-8")
    expect(further()[0] is None, f"somebody else was named: {further()}")
    with open(named, "a", encoding="utf-8") as lines:
        lines.write(f"0000:04:00.0 {PF} {FURTHER_CNTLID}\n")
    expect(further() == ("0000:04:00.0", "offline"), f"it was named: {further()}")


def check_refused(host):
    """What cannot be asked."""
    for name in ("nvme0", PF, PF[5:]):
        expect(host.nvmove("list", name).out == host.nvmove("list").out, f"{name} is not found")
    answer = host.nvmove("list", "nvme7")
    expect(answer.code == 2 and "nvme7" in answer.err and not answer.out, "a controller that does not exist", answer)
    host.fail("open")
    answer = host.nvmove("list")
    expect(answer.code == 2 and "only root" in answer.err, "a device that may not be opened", answer)
    host.fail(None)
    (host.sys / "class" / "nvme").rename(host.sys / "class" / "gone")
    answer = host.nvmove("list")
    expect(answer.code == 2 and "nvme driver" in answer.err, "no NVMe driver", answer)


with tempfile.TemporaryDirectory() as scratch:
    machine = Host(Path(scratch))
    check_stages(machine)
    check_tree(machine)
    check_named(machine)
    check_refused(machine)
finish()
