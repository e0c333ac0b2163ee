# SPDX-License-Identifier: BSD-2-Clause
"""The administrator's command on hosts as they are after boot: it makes a VF migratable and says so, the VFIO program can use
that VF, records of both hosts are compared, and all of it is undone. R12, R17, R20."""

import json
import shutil

from nvmovelab import provision
from nvmovelab.subsystem import ADOPTING_VF, MISMATCHED, MISMATCHED_VF, NQN, PF, SERIAL, SHARED, SHARED_SMALL, VFS

FRESH_HOSTS = "the destination that adopts must not have adopted another test's controller"

VF = 1
CNTLID = VF + 1
QUEUES, VECTORS = 4, 4
WANTED = {"controller": PF, "vfs": VFS, "functions": [{"vf": VF, "queues": QUEUES, "vectors": VECTORS},
                                                      {"vf": ADOPTING_VF, "queues": QUEUES, "vectors": VECTORS},
                                                      {"vf": MISMATCHED_VF, "queues": QUEUES, "vectors": VECTORS}]}


class Command:
    """nvmove on a host."""

    def __init__(self, bench, host):
        self.bench = bench
        self.host = host
        shutil.copy2(host.products.command, host.share / "nvmove")

    def run(self, *arguments, code=0):
        """Run it; its output."""
        done = self.host.run(["/lab/nvmove", *map(str, arguments)], 120)
        self.bench.expect_equal(f"exit code of nvmove {' '.join(map(str, arguments))} ({done.out}{done.err})", done.code, code)
        return done.out + (done.err if code == 2 else "")

    def json(self, *arguments, code=0):
        """The same, decoded."""
        return json.loads(self.run(*arguments, "--json", code=code))

    def controllers(self):
        """The PF's secondary controllers by number of VF."""
        primary, = self.json("list", PF)["controlling_functions"]
        return {controller["vf"]: controller for controller in primary["controllers"] if controller["vf"]}


def secondaries(host):
    """What nvme-cli says of them."""
    controller = f"/dev/{provision.pf_controller(host)}"
    entries = json.loads(host.sh(f"nvme list-secondary {controller} -e 127 -o json"))["secondary-controllers"]
    return {entry["virtual-function-number"]: entry for entry in entries if entry["virtual-function-number"]}


def check_list(bench, command):
    """nvmove list and nvme list-secondary agree."""
    told, known = command.controllers(), secondaries(command.host)
    bench.expect_equal("VFs", sorted(told), sorted(known))
    for number, entry in known.items():
        controller = told[number]
        bench.expect_equal(f"controller behind VF {number}",
                           [controller[name] for name in ("cntlid", "online", "queues", "vectors")],
                           [entry["secondary-controller-identifier"], bool(entry["secondary-controller-state"] & 1),
                            entry["num-virtual-queues"], entry["num-virtual-interrupts"]])


def provision_one(bench, command):
    """From nothing to a VF that migrates, by arguments; returns its address."""
    words = ("provision", PF, "--vf", VF, "--queues", QUEUES, "--vectors", VECTORS, "--vfs", VFS)
    dry = command.json(*words, "--dry-run")
    bench.expect(len(dry["steps"]) >= 6 and not command.controllers()[VF]["online"], f"a dry run: {dry}")
    done = command.json(*words)
    bench.expect_equal("steps done", done["steps"], dry["steps"])
    bench.expect_equal("nothing left to do", command.json(*words)["steps"], [])
    check_list(bench, command)
    controller = command.controllers()[VF]
    bench.expect_equal("the VF", [controller[name] for name in ("cntlid", "protocol", "state", "driver", "reason", "migratable")],
                       [CNTLID, bench.protocol, "RUNNING", provision.DRIVER, None, True])
    bench.expect_equal("its namespaces", controller["namespaces"], [SHARED.nsid, SHARED_SMALL.nsid])
    return controller["function"]


def compare(bench, commands, functions):
    """Records of both hosts; returns nothing."""
    here, there = commands
    for number, function in functions.items():
        for command in commands:
            command.run("record", "--output", f"/lab/{number}.record", function)
        shutil.copy2(there.host.share / f"{number}.record", here.host.share / f"{number}.other")
    record = here.json("record", functions[VF])
    bench.expect_equal("identity in the record", [record["identity"][name] for name in ("serial", "subsystem_nqn", "cntlid")],
                       [SERIAL, NQN, CNTLID])
    answer = here.json("check", functions[VF], f"/lab/{VF}.other")
    bench.expect_equal("reasons against a move that works", answer["reasons"], [])
    answer = here.json("check", functions[MISMATCHED_VF], f"/lab/{MISMATCHED_VF}.other", code=1)
    sizes = [f"{MISMATCHED[name].megabytes << 11} blocks" for name in ("A", "B")]
    bench.expect({"field": f"size of nsid {MISMATCHED['A'].nsid}", "source": sizes[0], "destination": sizes[1]} in answer["reasons"],
                 f"the smaller namespace: {answer}")
    answer = here.json("check", functions[ADOPTING_VF], f"/lab/{ADOPTING_VF}.other")
    bench.expect_equal("reasons against a destination that adopts", answer["reasons"], [])
    answer = here.json("check", f"/lab/{ADOPTING_VF}.other", functions[ADOPTING_VF], code=1)
    bench.expect("serial number" in [reason["field"] for reason in answer["reasons"]], f"the other way round: {answer}")


def run(bench):
    """Both hosts, from nothing to functions that migrate and back."""
    commands = [Command(bench, host) for host in bench.hosts]
    here, there = commands
    bench.expect("modprobe" in here.run("provision", PF, "--vf", VF, "--queues", QUEUES, "--vectors", VECTORS, code=2),
                 "what to do without the driver")
    for host in bench.hosts:
        provision.load_driver(host)
    check_list(bench, here)
    function = provision_one(bench, here)
    bench.vfio(bench.a, "arcs", function, "--nsid", SHARED.nsid)
    here.run("unprovision", PF, "--all")
    bench.expect(not any(controller["function"] for controller in here.controllers().values()), "VFs are left")
    for command in commands:
        (command.host.share / "wanted.json").write_text(json.dumps(WANTED), encoding="utf-8")
        done = command.json("provision", "--file", "/lab/wanted.json")
        bench.expect_equal("functions that migrate", [entry["migratable"] for entry in done["functions"]], [True] * 3)
    functions = {number: controller["function"] for number, controller in there.controllers().items()
                 if controller["migratable"]}
    bench.expect_equal("VFs that migrate", sorted(functions), [VF, ADOPTING_VF, MISMATCHED_VF])
    compare(bench, commands, functions)
    for command in commands:
        command.run("unprovision", PF, "--all")
        bench.expect_equal("left to do", command.json("unprovision", PF, "--all")["steps"], [])
