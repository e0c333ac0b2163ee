# SPDX-License-Identifier: BSD-2-Clause
"""nvmove provision and unprovision: from a device as it comes to functions that migrate, and back; again, dry, from a file; a
failure of any step leaves everything as it was."""

import json
import tempfile
from pathlib import Path

from program import PROJECT, expect, finish
from host import PF, Host, vf

ONE = ["provision", PF, "--vf", 1, "--queues", 5, "--vectors", 4]
STEPS = ["keep the kernel from binding new VFs to drivers", "make 1 VFs, not 0",
         "give controller 8 5 queue resources, not 0", "give controller 8 4 interrupt resources, not 0",
         "take controller 8 online", "reserve VF 1 for nvme-vfio-pci", "bind VF 1 to nvme-vfio-pci"]
EXAMPLE = PROJECT / "examples" / "provision.json"
FILE = json.loads(EXAMPLE.read_text(encoding="utf-8"))


def new_host():
    """A host of its own for each behaviour."""
    return Host(Path(tempfile.mkdtemp(dir=SCRATCH)))


def summary(host):
    """Of each secondary controller what provisioning is about."""
    return [(entry["online"], entry["queues"], entry["vectors"], entry["driver"], entry["migratable"])
            for entry in host.controllers()]


NOTHING = (False, 0, 0, None, False)
READY = (True, 5, 4, "nvme-vfio-pci", True)


def check_one():
    """One VF, from arguments; a second run and a dry run change nothing."""
    host = new_host()
    before = host.picture()
    dry = host.nvmove(*ONE, "--dry-run", "--json")
    expect(dry.code == 0 and dry.json() == {"dry_run": True, "steps": STEPS, "functions": None}, "what would be done", dry)
    lines = host.nvmove(*ONE, "--dry-run").out.splitlines()
    expect(lines == [f"would {step}" for step in STEPS], "the same in lines", lines)
    expect(host.picture() == before and not host.commands(), "a dry run changes something")
    answer = host.nvmove(*ONE, "--json")
    expect(answer.code == 0 and answer.json() == {"dry_run": False, "steps": STEPS, "functions": [
        {"vf": 1, "cntlid": 8, "function": vf(1), "migratable": True, "reason": None}]}, "what was done", answer)
    expect(summary(host) == [READY, NOTHING, NOTHING], f"{summary(host)}")
    picture, commands = host.picture(), host.commands()
    again = host.nvmove(*ONE)
    expect(again.code == 0 and again.out == f"nothing to do\nVF 1: {vf(1)} can migrate\n", "a second run", again)
    expect((host.picture(), host.commands()) == (picture, commands), "a second run changes something")
    return host


def check_back(host):
    """Unprovision, one and all, and again."""
    answer = host.nvmove("unprovision", "nvme0", "--vf", 1, "--json")
    expect(answer.code == 0 and answer.json()["steps"] ==
           ["unbind VF 1 from nvme-vfio-pci", "reserve VF 1 for no driver in particular", "take controller 8 offline",
            "give controller 8 0 queue resources, not 5", "give controller 8 0 interrupt resources, not 4"], "back", answer)
    expect(summary(host) == [NOTHING] * 3 and host.controllers()[0]["function"] == vf(1), f"{summary(host)}")
    again = host.nvmove("unprovision", "nvme0", "--vf", 1)
    expect(again.code == 0 and again.out == "nothing to do\n", "back again", again)
    answer = host.nvmove("unprovision", "nvme0", "--all", "--json")
    expect(answer.code == 0 and answer.json()["steps"] == ["make 0 VFs, not 1"], "all of them", answer)
    expect(host.nvmove("unprovision", "nvme0", "--all").out == "nothing to do\n", "all of them again")
    expect(not (host.devices / vf(1)).exists(), "there still is a VF")


def check_file():
    """Several VFs from a file; then one is changed, once it is free."""
    host = new_host()
    manual = (PROJECT / "tool" / "man" / "nvmove-provision.1").read_text(encoding="utf-8")
    expect(EXAMPLE.read_text(encoding="utf-8") in manual, "the manual page has another example")
    answer = host.nvmove("provision", "--file", EXAMPLE)
    expect(answer.code == 0 and answer.out.count("can migrate") == 2, "two VFs from a file", answer)
    expect(summary(host) == [(True, 5, 5, "nvme-vfio-pci", True), NOTHING, (True, 3, 2, "nvme-vfio-pci", True)], f"{summary(host)}")
    answer = host.nvmove("provision", "nvme0", "--vf", 1, "--queues", 2, "--vectors", 2)
    expect(answer.code == 2 and "unprovision" in answer.err, "a VF that may be in use is changed", answer)
    expect(host.nvmove("unprovision", PF, "--vf", 1, "--vf", 3).code == 0, "two VFs back")
    expect(host.nvmove("provision", "nvme0", "--vf", 1, "--queues", 2, "--vectors", 2).code == 0 and
           summary(host)[0] == (True, 2, 2, "nvme-vfio-pci", True), f"other resources: {summary(host)}")
    answer = host.nvmove("provision", "nvme0", "--vf", 2, "--queues", 2, "--vectors", 2, "--vfs", 2)
    expect(answer.code == 0, "a VF that exists already", answer)


def check_resources_of_a_controller_online():
    """A controller that is online and that nobody uses is taken offline first."""
    host = new_host()
    host.nvmove(*ONE)
    host.nvmove("unprovision", "nvme0", "--vf", 1)
    with open(host.root / "commands", "a", encoding="utf-8") as commands:
        commands.write("manage 8 8 0 3\nmanage 8 8 1 3\nmanage 8 9 0 0\n")
    answer = host.nvmove(*ONE, "--json")
    expect(answer.code == 0 and answer.json()["steps"] == ["take controller 8 offline", "give controller 8 5 queue resources, not 3",
                                                           "give controller 8 4 interrupt resources, not 3", *STEPS[4:]],
           "from online with other resources", answer)


def check_failures():
    """Whatever fails, everything before is taken back; the same without the failure works."""
    for failing, word in (("sriov_drivers_autoprobe", "Input/output error"), ("sriov_numvfs", "Input/output error"),
                          ("manage 8 8", "refused with status 0x120"), ("manage 8 9", "refused with status 0x120"),
                          ("driver_override", "Input/output error"), ("drivers_probe", "Input/output error")):
        host = new_host()
        before, controllers = host.picture(), host.controllers()
        host.fail(failing)
        answer = host.nvmove(*ONE)
        expect(answer.code == 2 and word in answer.err and not answer.out, f"{failing} fails: {word!r} expected", answer)
        host.fail(None)
        expect(host.picture() == before and host.controllers() == controllers, f"{failing} fails: something is left")
        expect(host.nvmove(*ONE).code == 0 and summary(host)[0] == READY, f"after {failing} failed it does not work")
    host = new_host()
    host.nvmove(*ONE)
    picture, controllers = host.picture(), host.controllers()
    host.fail("manage 8 8")
    answer = host.nvmove("unprovision", "nvme0", "--all")
    expect(answer.code == 2 and host.picture() == picture and host.controllers() == controllers, "half unprovisioned", answer)


def check_not_bound():
    """The driver does not take the function, or cannot migrate it."""
    host = new_host()
    (host.sys / "bus" / "pci" / "drivers" / "nvme-vfio-pci").rename(host.root / "gone")
    answer = host.nvmove(*ONE)
    expect(answer.code == 2 and "modprobe nvme-vfio-pci" in answer.err and not host.commands(), "no driver", answer)
    (host.root / "gone").rename(host.sys / "bus" / "pci" / "drivers" / "nvme-vfio-pci")
    answer = host.nvmove(*ONE)
    expect(answer.code == 0, "a driver that came", answer)
    migration = host.devices / vf(1) / "migration"
    (migration / "protocol").unlink()
    (migration / "reason").write_text("no such command\n", encoding="utf-8")
    answer = host.nvmove(*ONE)
    expect(answer.code == 1 and f"VF 1: {vf(1)} cannot migrate: no such command\n" in answer.out, "it cannot migrate", answer)


def check_refused():
    """What cannot be, each for its own reason and before anything is changed."""
    host = new_host()
    before = host.picture()
    for arguments, word in ((["nvme0", "--vf", 4, "--queues", 2, "--vectors", 2], "at most 3 here, 4 wanted"),
                            (["nvme0", "--vf", 1, "--queues", 99, "--vectors", 2], "at most 9 queues"),
                            (["nvme0", "--vf", 1, "--queues", 2, "--vectors", 99], "9 vectors here"),
                            (["nvme9", "--vf", 1, "--queues", 2, "--vectors", 2], "no controller"),
                            (["nvme0", "--vf", 1, "--queues", 1, "--vectors", 2], "from 2 to"),
                            (["nvme0", "--vf", 0, "--queues", 2, "--vectors", 2], "from 1 to"),
                            (["nvme0", "--vf", "x", "--queues", 2, "--vectors", 2], '"x"'),
                            (["nvme0", "--vf", 1, "--vf", 2, "--queues", 2, "--vectors", 2], "once each"),
                            (["nvme0", "--vf", 1, "--queues", 2], "once each"), (["--vf", 1], "controller or --file"),
                            (["nvme0", "--file", "x"], "--file says everything")):
        answer = host.nvmove("provision", *arguments)
        expect(answer.code == 2 and word in answer.err and not answer.out, f"{arguments}: {word!r} expected", answer)
    for arguments, word in ((["nvme0"], "--vf or --all"), (["nvme0", "--all", "--vf", 1], "--vf or --all"), (["--all"], "controller"),
                            (["nvme0", "--vf", 9], "no secondary controller")):
        answer = host.nvmove("unprovision", *arguments)
        expect(answer.code == 2 and word in answer.err and not answer.out, f"{arguments}: {word!r} expected", answer)
    host.fail("open")
    for arguments in (ONE, ["unprovision", "nvme0", "--all"]):
        answer = host.nvmove(*arguments)
        expect(answer.code == 2 and "only root" in answer.err and not answer.out, f"{arguments[0]} without permission", answer)
    host.fail(None)
    (host.devices / PF / "iommu_group").unlink()
    answer = host.nvmove(*ONE)
    expect(answer.code == 2 and "IOMMU" in answer.err, "without an IOMMU", answer)
    (host.devices / PF / "iommu_group").symlink_to("../../../kernel/iommu_groups/no-such-group")
    expect(host.picture() == before and not host.commands(), "something was changed")
    (host.devices / PF / "sriov_totalvfs").unlink()
    answer = host.nvmove(*ONE)
    expect(answer.code == 2 and "SR-IOV" in answer.err, "without SR-IOV", answer)


def check_occupied():
    """More VFs than exist, and a VF that another driver has."""
    host = new_host()
    host.nvmove(*ONE)
    answer = host.nvmove("provision", "nvme0", "--vf", 2, "--queues", 2, "--vectors", 2)
    expect(answer.code == 2 and "unprovision --all" in answer.err, "more VFs than there are", answer)
    host.nvmove("unprovision", "nvme0", "--vf", 1)
    (host.devices / vf(1) / "driver").symlink_to("../../drivers/nvme")
    for arguments in (ONE, ["unprovision", "nvme0", "--vf", 1], ["unprovision", "nvme0", "--all"]):
        answer = host.nvmove(*arguments)
        expect(answer.code == 2 and "bound to nvme" in answer.err, f"{arguments[0]}: another driver's VF", answer)


def check_bad_files():
    """Files that say something else."""
    host = new_host()
    wanted = host.root / "wanted.json"
    good = FILE["functions"][0]
    for text, word in (("", "wanted.json"), ("{", "wanted.json"), ("[]", "object"), ("{} x", "wanted.json"),
                       ({"functions": [good]}, '"controller" is missing'), ({"controller": "nvme0"}, '"functions" is missing'),
                       ({**FILE, "vf": 1}, '"vf" is unknown'), ({**FILE, "vfs": "3"}, "vfs"), ({**FILE, "vfs": 2 ** 40}, "vfs"),
                       ({**FILE, "functions": {}}, "list"), ({**FILE, "functions": [1]}, "object for each"),
                       ({**FILE, "functions": [{**good, "x": 1}]}, '"x" is unknown'),
                       ({**FILE, "functions": [{"vf": 1, "queues": 2}]}, '"vectors" is missing'),
                       ({**FILE, "functions": [{**good, "queues": 1}]}, "queues: 1, a number from 2"),
                       ({**FILE, "functions": [{**good, "vf": -1}]}, "vf: -1"), ({**FILE, "functions": [good, good]}, "twice"),
                       ({**FILE, "controller": 7}, "controller"), ({**FILE, "controller": "x" * 99}, "controller")):
        wanted.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
        answer = host.nvmove("provision", "--file", wanted)
        expect(answer.code == 2 and word in answer.err and not answer.out, f"{text}: {word!r} expected", answer)
    answer = host.nvmove("provision", "--file", host.root / "missing.json")
    expect(answer.code == 2 and "No such file" in answer.err, "a file that is missing", answer)
    expect(not host.commands(), "something was changed")


with tempfile.TemporaryDirectory() as SCRATCH:
    check_back(check_one())
    check_file()
    check_resources_of_a_controller_online()
    check_failures()
    check_not_bound()
    check_refused()
    check_occupied()
    check_bad_files()
finish()
