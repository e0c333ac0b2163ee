# SPDX-License-Identifier: BSD-2-Clause
"""Stock Linux drives the PF and VFs: fio verifies data on namespaces of both, and the kernel has nothing to complain about."""

import json

from nvmovelab import workload
from nvmovelab.subsystem import PF, PF_PRIVATE, SHARED, SHARED_SMALL

SECONDS = 5


def disk_of(bench, host, function, nsid):
    """Path of the disk that shows a namespace through a PCI function."""
    entries = json.loads(host.sh("nvme list -v -o json"))
    for device in entries["Devices"]:
        for subsystem in device["Subsystems"]:
            for controller in subsystem["Controllers"]:
                if controller["Address"] != function:
                    continue
                names = [n["NameSpace"] for n in [*controller["Namespaces"], *subsystem["Namespaces"]]
                         if n["NSID"] == nsid]
                if names:
                    return f"/dev/{names[-1]}"
    raise LookupError(f"no namespace {nsid} behind {function}: {entries}")


def verify(bench, host, disk, name):
    """Run verified random writes on a disk."""
    host.sh(workload.fio(name, disk, "randwrite", size="32m", verify_backlog=32, time_based=1, runtime=SECONDS,
                         numjobs=1, output=f"/run/{name}.json"), 120)
    found = workload.report(host.sh(f"cat /run/{name}.json"))
    bench.expect_equal(f"{name} I/O errors", found["io_errors"], 0)
    bench.expect_equal(f"{name} verify errors", found["verify_errors"], 0)
    bench.expect(found["bytes_verified"] > 0, f"{name}: fio verified nothing: {found}")


def run(bench):
    """PF first, then two VFs under the kernel's own driver."""
    host = bench.a
    first = bench.vf(host, 1, driver="nvme")
    second = bench.vf(host, 2, driver="nvme")
    host.sh("for i in $(seq 50); do ls /sys/class/nvme/nvme2 >/dev/null 2>&1 && "
            "[ \"$(cat /sys/class/nvme/nvme*/state | sort -u)\" = live ] && exit 0; sleep 0.2; done; "
            "echo 'the VFs controllers are not live' >&2; exit 1")
    verify(bench, host, disk_of(bench, host, PF, PF_PRIVATE.nsid), "pf")
    verify(bench, host, disk_of(bench, host, first, SHARED.nsid), "vf1")
    verify(bench, host, disk_of(bench, host, second, SHARED_SMALL.nsid), "vf2")
