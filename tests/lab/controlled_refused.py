# SPDX-License-Identifier: BSD-2-Clause
"""What root may not say of a function that is no VF: the driver's attribute "controlled" refuses what cannot be, and a binding
refuses to migrate what the controlling controller's own lists do not have (R3)."""

from nvmovelab import provision
from nvmovelab.subsystem import OTHER_PF, PF, SMALL_PF

PROTOCOLS = ("hmlm",)
ATTRIBUTE = f"/sys/bus/pci/drivers/{provision.DRIVER}/controlled"
NOBODY = "0000:7f:00.0"
WRITE = """
import errno, os, sys
try:
    os.write(os.open(sys.argv[1], os.O_WRONLY), sys.argv[2].encode())
    print("taken")
except OSError as error:
    print(errno.errorcode[error.errno])
"""
BIND = "echo {driver} >/sys/bus/pci/devices/{function}/driver_override; " \
       "[ ! -e /sys/bus/pci/devices/{function}/driver ] || echo {function} >/sys/bus/pci/devices/{function}/driver/unbind; " \
       "echo {function} >/sys/bus/pci/drivers_probe"
WAIT = f"until grep -q live /sys/bus/pci/devices/{OTHER_PF}/nvme/nvme*/state; do sleep 0.1; done"


def say(host, words):
    """Write to the attribute; returns "taken" or the name of the error."""
    return host.run(["python3", "-c", WRITE, ATTRIBUTE, words]).check().out.strip()


def refusals(bench, host):
    """What is refused at once, and what is remembered."""
    vf = bench.vf(host)
    bench.expect_equal("mode of the attribute", host.sh(f"stat -c %a {ATTRIBUTE}"), "600")
    for words, wanted in (("nonsense", "EINVAL"), (f"{OTHER_PF} {PF}", "EINVAL"), (f"{OTHER_PF} {PF} 65536", "EINVAL"),
                          (f"{OTHER_PF} {PF} 5 6", "EINVAL"), (f"0000:02:20.0 {PF} 5", "EINVAL"), (f"{vf} {PF} 2", "EINVAL"),
                          (f"{PF} {PF} 1", "EINVAL"), (f"{NOBODY} {PF} 5", "ENODEV"), (f"{OTHER_PF} {NOBODY} 5", "ENODEV"),
                          (OTHER_PF, "ENOENT"), (f"{OTHER_PF} {PF} 5", "taken"), (f"{SMALL_PF} {PF} 5", "EEXIST"),
                          (f"{OTHER_PF} {PF} 6\n", "taken"), (f"{SMALL_PF} {PF} 5", "taken")):
        bench.expect_equal(f"writing {words!r}", say(host, words), wanted)
    bench.expect_equal("reading", host.sh(f"cat {ATTRIBUTE}"), f"{OTHER_PF} {PF} 6\n{SMALL_PF} {PF} 5")
    for function in (OTHER_PF, SMALL_PF):
        bench.expect_equal(f"taking back {function}", say(host, function), "taken")
    bench.expect_equal("reading", host.sh(f"cat {ATTRIBUTE}"), "")


def bindings(bench, host):
    """What the lists of the controlling controller do not have."""
    for words, wanted in ((None, "no controlling function was named"),
                          (f"{OTHER_PF} {PF} 1", f"controller 1 is that of {PF} itself"),
                          (f"{OTHER_PF} {PF} 3", f"controller 3 of {PF} is that of its VF 2"),
                          (f"{OTHER_PF} {PF} 999", f"no controller 999 in the lists of {PF}")):
        if words:
            bench.expect_equal(f"writing {words!r}", say(host, words), "taken")
        host.sh(BIND.format(driver=provision.DRIVER, function=OTHER_PF))
        reasons = [line for line in host.dmesg().splitlines() if OTHER_PF in line and "cannot migrate" in line]
        bench.expect(reasons and wanted in reasons[-1], f"{words!r}: the log says {reasons[-1:]}, not {wanted!r}")


def run(bench):
    """The attribute, then bindings of a PF that nobody controls."""
    host = bench.a
    refusals(bench, host)
    try:
        bindings(bench, host)
    finally:
        host.sh(BIND.format(driver="nvme", function=OTHER_PF) + f"; {WAIT}; "
                f"echo >/sys/bus/pci/devices/{OTHER_PF}/driver_override")
