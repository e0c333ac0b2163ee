# SPDX-License-Identifier: BSD-2-Clause
"""nvmove-conformance finds nothing wrong through /dev/nvme0, puts everything back, and refuses what would harm."""

import json
import shutil

from nvmovelab import provision
from nvmovelab.subsystem import FURTHER_PF_CNTLID

PROGRAM = "nvmove-conformance"
# Without the protocol there is nothing to test.
PROTOCOLS = ("hmlm",)

# Nobody uses VF 5; VF 2 is the kernel's own nvme driver's.
TARGET = 6
OTHER_VF = 2
OTHER = OTHER_VF + 1
# What a device cannot be asked through the kernel's driver: these words are the program's.
CANNOT = ("somebody else is the host of the migratable controller", "no memory that outlasts a command is at hand",
          "lengths need be no powers of two")
NOT_TESTED = 2


def secondaries(host, controller):
    """The Secondary Controller List."""
    return json.loads(host.sh(f"nvme list-secondary {controller} -e 127 -o json"))["secondary-controllers"]


def run(bench):
    """Refusals, a run without and one with resets, and the list of secondary controllers before and after."""
    host = bench.a
    shutil.copy2(host.products.conformance, host.share / PROGRAM)
    controller = f"/dev/{provision.pf_controller(host)}"
    other = bench.vf(host, OTHER_VF, driver="nvme")
    migratable = "/dev/" + host.sh(f"for i in $(seq 50); do ls /sys/bus/pci/devices/{other}/nvme && exit 0; sleep 0.2; done; "
                                   "exit 1")

    def test(*options):
        result = host.run([f"/lab/{PROGRAM}", controller, *options, "--json"], 300)
        (bench.directory / f"conformance-{len(list(bench.directory.glob('conformance-*')))}.log").write_text(
            f"{result.out}\n{result.err}\nexit code {result.code}\n")
        return result

    def expect_passed(result, skipped):
        bench.expect_equal("exit code", result.code, 0)
        found = json.loads(result.out)
        bench.expect_equal("device put back", found["put_back"], True)
        outcomes = {entry["id"]: entry["outcome"] for entry in found["results"]}
        bench.expect_equal("failed", [name for name, outcome in outcomes.items() if outcome == "failed"], [])
        unexpected = [f"{entry['id']}: {entry['reason']}" for entry in found["results"]
                      if entry["outcome"] == "skipped" and not any(words in entry["reason"] for words in skipped)]
        bench.expect_equal("skipped without need", unexpected, [])
        return outcomes

    # The further PF's controller, online: nothing tells the program whose it is.
    for words in ("-r 0 -n 3 -a 8", "-r 1 -n 3 -a 8", "-a 9"):
        host.sh(f"nvme virt-mgmt {controller} -c {FURTHER_PF_CNTLID} {words}")
    refused = test("--controller", str(FURTHER_PF_CNTLID))
    bench.expect_equal("exit code for a further PF's controller", refused.code, NOT_TESTED)
    bench.expect("behind no virtual function" in refused.err, f"a further PF's controller: {refused.err}")
    host.sh(f"nvme virt-mgmt {controller} -c {FURTHER_PF_CNTLID} -a 7")

    before = secondaries(host, controller)
    for options, words in ((("--controller", str(OTHER)), "in use by driver nvme"),
                           (("--controller", str(TARGET), "--reset"), "would go offline"),
                           (("--controller", "1"), "is the one that migrates others"),
                           (("--controller", "999"), "is no secondary controller")):
        refused = test(*options)
        bench.expect_equal(f"exit code of {options}", refused.code, NOT_TESTED)
        bench.expect(words in refused.err, f"{options}: {refused.err}")
    refused = host.run([f"/lab/{PROGRAM}", migratable])
    bench.expect_equal("exit code for a migratable controller", refused.code, NOT_TESTED)

    harmless = expect_passed(test(), (*CANNOT, "no migratable controller was named", "takes commands from here",
                                      "reset of the controller was not allowed"))
    bench.expect_equal("suspend_suspends without --controller", harmless["suspend_suspends"], "skipped")
    bench.expect_equal("secondary controllers after a run without --controller", secondaries(host, controller), before)

    outcomes = expect_passed(test("--controller", str(TARGET), "--migratable", migratable),
                             (*CANNOT, "reset of the controller was not allowed"))
    for name in ("mmc_announced", "migratable_refuses_migration_send", "suspend_suspends", "get_pieces_agree", "set_pieces"):
        bench.expect_equal(name, outcomes[name], "passed")
    bench.expect_equal("secondary controllers after the run", secondaries(host, controller), before)

    host.sh(f"echo {other} >/sys/bus/pci/drivers/nvme/unbind && nvme virt-mgmt {controller} -c {OTHER} -a 7")
    before = secondaries(host, controller)
    outcomes = expect_passed(test("--controller", str(TARGET), "--reset"), (*CANNOT, "takes commands from here"))
    bench.expect_equal("reset_ends_suspension", outcomes["reset_ends_suspension"], "passed")
    bench.expect_equal("secondary controllers after the resets", secondaries(host, controller), before)
