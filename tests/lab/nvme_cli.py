# SPDX-License-Identifier: BSD-2-Clause
"""nvme-cli reads the PF: identification, logs and secondary controllers are sane and agree with how the lab was set up."""

import json

from nvmovelab import provision
from nvmovelab.subsystem import FURTHER_PF_CNTLID, MIB, NQN, PF_PRIVATE, SERIAL, VFS

# Commands Supported and Effects: the command is supported, it changes the contents of logical blocks.
CSUPP = 1
LBCC = 2


def run(bench):
    """Each command's answer against what is known."""
    host = bench.a
    controller = f"/dev/{provision.pf_controller(host)}"

    def ask(*words):
        return json.loads(host.run(["nvme", words[0], controller, *words[1:], "-o", "json"]).check().out)

    identity = ask("id-ctrl")
    bench.expect_equal("serial number", identity["sn"].strip(), SERIAL)
    bench.expect_equal("subsystem NQN", identity["subnqn"], NQN)
    bench.expect_equal("controller id", identity["cntlid"], 1)
    bench.expect(identity["oacs"] & 0x80, f"OACS {identity['oacs']:#x} lacks virtualization management")
    bench.expect(identity["cmic"] & 0x6 == 0x2, f"CMIC {identity['cmic']:#x}: several controllers, this one no VF expected")

    nsids = [entry["nsid"] for entry in ask("list-ns")["nsid_list"]]
    bench.expect_equal("active namespaces of the PF", nsids, [PF_PRIVATE.nsid])
    namespace = ask("id-ns", "-n", str(PF_PRIVATE.nsid))
    block = 1 << namespace["lbafs"][namespace["flbas"] & 0xf]["ds"]
    bench.expect_equal("namespace size in bytes", namespace["nsze"] * block, PF_PRIVATE.megabytes * MIB)

    smart = ask("smart-log")
    bench.expect_equal("critical warning", smart["critical_warning"], 0)
    bench.expect(250 < smart["temperature"] < 400, f"temperature {smart['temperature']} K")
    units = smart["data_units_written"]
    commands = int(smart["host_write_commands"])
    disk = host.sh(f"ls /sys/block | grep ^{controller.removeprefix('/dev/')}n")
    host.sh(f"dd if=/dev/zero of=/dev/{disk} bs=1M count=8 oflag=direct 2>/dev/null")
    smart = ask("smart-log")
    bench.expect(int(smart["host_write_commands"]) >= commands + 8,
                 f"write commands {commands} before and {smart['host_write_commands']} after 8 writes at least")
    bench.expect(int(smart["data_units_written"]) >= int(units) + 16,
                 f"data units {units} before and {smart['data_units_written']} after 8 MiB")

    errors = ask("error-log")["errors"]
    count = errors[0]["error_count"]
    refused = host.run(["nvme", "admin-passthru", controller, "--opcode=0xff"])
    bench.expect(refused.code != 0, "an unknown opcode was accepted")
    bench.expect("Invalid Command Opcode" in refused.err + refused.out,
                 f"unknown opcode: {refused.err or refused.out}")
    newest = ask("error-log")["errors"][0]
    bench.expect_equal("error count after a refused command", newest["error_count"], count + 1)

    # nvme-cli finds the command set by itself only where the kernel lets it map registers, which Debian's does not
    effects, = ask("effects-log", "--csi=0")
    admin, io = ({name.split()[0]: value for name, value in effects[group].items()}
                 for group in ("admin_cmd_set", "io_cmd_set"))
    for name in ("ACS_2", "ACS_6", "ACS_9", "ACS_28"):
        bench.expect(admin.get(name, 0) & CSUPP, f"effects log: {name} is not supported: {admin}")
    bench.expect_equal("effects of an unknown opcode", admin.get("ACS_255", 0), 0)
    for name, effect in (("IOCS_1", CSUPP | LBCC), ("IOCS_2", CSUPP), ("IOCS_8", CSUPP | LBCC)):
        bench.expect_equal(f"effects of {name}", io.get(name), effect)

    secondary = ask("list-secondary")["secondary-controllers"]
    bench.expect_equal("secondary controllers", len(secondary), VFS + 1)
    for index, entry in enumerate(secondary):
        bench.expect_equal("its id", entry["secondary-controller-identifier"], index + 2)
        bench.expect_equal("its primary", entry["primary-controller-identifier"], 1)
        bench.expect_equal("its state", entry["secondary-controller-state"], 0)
    last = secondary[-1]
    bench.expect_equal("controller of the further PF", last["secondary-controller-identifier"], FURTHER_PF_CNTLID)
    bench.expect_equal("its virtual function", last["virtual-function-number"], 0)
    bench.vf(host, 1, driver="vfio-pci", queues=3, vectors=2)
    entry = ask("list-secondary")["secondary-controllers"][0]
    bench.expect_equal("state after going online", entry["secondary-controller-state"], 1)
    bench.expect_equal("its virtual function", entry["virtual-function-number"], 1)
    bench.expect_equal("its queue resources", entry["num-virtual-queues"], 3)
    bench.expect_equal("its interrupt resources", entry["num-virtual-interrupts"], 2)
    too_many = host.run(["nvme", "virt-mgmt", controller, "-c", "3", "-r", "0", "-n", "60000", "-a", "8"])
    bench.expect(too_many.code != 0, "60000 queue resources were assigned to a secondary controller")
    unknown = host.run(["nvme", "virt-mgmt", controller, "-c", "77", "-a", "9"])
    bench.expect(unknown.code != 0, "controller 77, which does not exist, went online")
