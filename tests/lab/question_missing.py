# SPDX-License-Identifier: BSD-2-Clause
"""A device without questions, or whose log page is none, is migrated without being asked; one that fails to tell says so once.

Cases: while the function is bound the device refuses the log page, or shows another container's version or another UUID in it;
when it is read, the device refuses it, or tells something else the first or the second time.
"""

from nvmovelab import faults, provision
from nvmovelab.subsystem import SHARED

# A function without a question is moved this often.
MOVES = 2
UUID = 48       # where it begins in a question
# What the driver says where the device is not to be believed.
EXPECTED_TROUBLE = r"nvme-vfio-pci .*question failed"

# Faults of every read while the function is bound.
AT_BIND = ("status:0x109", "flip:0", f"flip:{UUID}")
# Which read of the log page has which fault, and how reading the attribute fails: the first is of the header alone.
AT_READ = (
    (1, "status:0x6", "Remote I/O error"),
    (2, "status:0x6", "Remote I/O error"),
    (1, "flip:0", "Protocol error"),
    (1, "short:32", "Protocol error"),
    (2, "flip:0", "Stale file handle"),
)


def attribute(function):
    """The question of a function in sysfs."""
    return f"/sys/bus/pci/devices/{function}/migration/compat"


def bind_anew(bench, function):
    """Unbind and bind a function; returns what the driver said of it."""
    before = len(bench.a.dmesg().splitlines())
    bench.a.sh(f"cd /sys/bus/pci/drivers/{provision.DRIVER}; echo {function} >unbind; echo {function} >bind")
    return [line for line in bench.a.dmesg().splitlines()[before:] if function in line]


def read(bench, function):
    """The question in hexadecimal digits, or what cat says instead."""
    return bench.a.sh(f"cat {attribute(function)} 2>&1 >/run/question && od -An -v -tx1 /run/question || true")


def run(bench):
    """The cases one after the other with one function."""
    function = bench.vf(bench.a)
    good = read(bench, function)
    bench.expect(good.split()[UUID:UUID + 2] == ["a2", "f4"], f"UUID of the question: {good}")

    for fault in AT_BIND:
        faults.plan(bench.a, f"command=question,count=0,fault={fault}")
        said = bind_anew(bench, function)
        faults.clear(bench.a)
        bench.expect(any("no question in log page 0xc1" in line for line in said), f"{fault}: the driver says {said}")
        bench.expect(any("can migrate" in line for line in said), f"{fault}: it cannot migrate: {said}")
        found = read(bench, function)
        bench.expect("Operation not supported" in found, f"{fault}: compat: {found}")
    bench.vfio(bench.a, "move", function, "--self", "--no-question", "--count", MOVES, "--nsid", SHARED.nsid)

    said = bind_anew(bench, function)
    bench.expect(not any("no question" in line for line in said), f"without a fault the driver says {said}")
    for nth, fault, words in AT_READ:
        faults.plan(bench.a, f"command=question,nth={nth},fault={fault}")
        found = read(bench, function)
        bench.expect_equal(f"faults that happened, {fault}", faults.hits(bench.a), [1])
        bench.expect(words in found, f"{fault} of read {nth}: compat: {found}")
        bench.expect_equal(f"question after {fault}", read(bench, function), good)
