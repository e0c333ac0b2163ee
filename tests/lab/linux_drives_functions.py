# SPDX-License-Identifier: BSD-2-Clause
"""Stock Linux drives the PF and VFs: fio verifies data on namespaces of both, and the kernel has nothing to complain about."""

from nvmovelab import provision, workload
from nvmovelab.subsystem import PF, PF_PRIVATE, SHARED, SHARED_SMALL

SECONDS = 5


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
    verify(bench, host, provision.disk(host, PF, PF_PRIVATE.nsid), "pf")
    verify(bench, host, provision.disk(host, first, SHARED.nsid), "vf1")
    verify(bench, host, provision.disk(host, second, SHARED_SMALL.nsid), "vf2")
