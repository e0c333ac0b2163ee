# SPDX-License-Identifier: BSD-2-Clause
"""The controlling controller does not answer, or answers nonsense, while the driver finds out if a function can migrate: it says
why it cannot, and the function stays assignable."""

from nvmovelab import faults, provision

PROTOCOLS = ("hmlm",)
EXPECTED_TROUBLE = r"nvme-vfio-pci"
# What goes wrong with the Identify commands of a bind, in their order, and the reason that the driver gives.
FAULTS = {
    "nth=1,fault=status:0x6": "cannot migrate: Identify Controller on",
    # without the standard's bit in OACS it could still speak the RFC's commands
    "nth=1,fault=short:0": "cannot migrate: support byte of PF",
    "nth=2,fault=status:0x6": "cannot migrate: Identify CNS 0x20 on",
    "nth=2,fault=short:0": "cannot migrate: state formats of",
    "nth=2,fault=flip:0": "cannot migrate: state formats of",
    "nth=2,fault=flip:4": "cannot migrate: state formats of",
    "nth=3,fault=status:0x6": "cannot migrate: no VF 1 in the secondary controller list",
    "nth=3,fault=short:0": "cannot migrate: no VF 1 in the secondary controller list",
    "nth=3,fault=flip:0": "cannot migrate: no VF 1 in the secondary controller list",
}


def run(bench):
    """Bind the VF's driver anew for each."""
    function = bench.vf(bench.a)
    driver = f"/sys/bus/pci/drivers/{provision.DRIVER}"
    for fault, reason in FAULTS.items():
        seen = len(bench.a.dmesg())
        bench.a.sh(f"echo {function} >{driver}/unbind")
        faults.plan(bench.a, f"command=identify,{fault}")
        bench.a.sh(f"echo {function} >{driver}/bind")
        said = bench.a.dmesg()[seen:]
        bench.expect(reason in said, f"{fault}: not \"{reason}\" but: {said[-600:]}")
        bench.expect("can migrate: protocol" not in said, f"{fault}: the driver says that it can")
        bench.expect_equal(f"hits of {fault}", faults.hits(bench.a), [1])
        bench.expect(bench.a.sh(f"ls /sys/bus/pci/devices/{function}/vfio-dev"), f"{fault}: the function is not assignable")
    faults.clear(bench.a)
    bench.a.sh(f"echo {function} >{driver}/unbind; echo {function} >{driver}/bind")
    bench.expect_equal("protocol without a fault", provision.protocol(bench.a, function), "hmlm")
