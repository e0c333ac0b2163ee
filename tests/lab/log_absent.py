# SPDX-License-Identifier: BSD-2-Clause
"""No DMA log is offered where the protocol has no tracking, or the kernel cannot carry a report; the log says so."""

from nvmovelab.subsystem import SHARED

# Those without IOMMUFD.
KERNELS = ("stock", "backports")


def run(bench):
    """The VFIO program's "log-absent" on one host, where it is absent."""
    function = bench.vf(bench.a)
    lines = [line for line in bench.a.dmesg().splitlines() if function in line and "DMA logging" in line]
    reason = "by protocol rfc" if bench.protocol == "rfc" else "without IOMMUFD_DRIVER"
    bench.expect(lines and reason in lines[-1], f"host A's log does not say why {function} has no DMA log: {lines}")
    bench.vfio(bench.a, "log-absent", function, "--nsid", SHARED.nsid)
