# SPDX-License-Identifier: BSD-2-Clause
"""A destination whose namespace is smaller refuses in pre-copy and names both sizes; the source's guest never stops. R23."""

from nvmovelab import kernellog, trace, workload
from nvmovelab.subsystem import MISMATCHED, MISMATCHED_VF

# The refusal, which this test wants to see in host B's log.
EXPECTED_TROUBLE = r"nvme-vfio-pci|vfio"


def run(bench):
    """Try to move a guest between VFs whose namespaces differ in size."""
    functions = [bench.vf(host, MISMATCHED_VF) for host in bench.hosts]
    source, guest = bench.boot_guest(bench.a, functions[0])
    load = workload.Running(guest, workload.disk(guest, MISMATCHED["A"].nsid), size="32m")
    load.advance(2, "before the attempt")
    destination = bench.await_guest(bench.b, functions[1], guest)
    trace.start(bench.a)
    info = source.migrate(destination)
    bench.expect_equal("migration", info["status"], "failed")
    bench.expect_equal("state of the source", source.status(), "running")
    load.advance(3, "after the refusal")
    bench.expect_equal("times that the guest stopped", [e for e in source.qmp.events if e["event"] == "STOP"], [])
    arcs = [(e["from"], e["to"]) for e in trace.events(bench.a) if e["event"] == "nvme_vfio_arc"]
    bench.expect_equal("arcs at the source", arcs, [("RUNNING", "PRE_COPY"), ("PRE_COPY", "RUNNING")])

    log = bench.b.dmesg()
    nsid = MISMATCHED["A"].nsid
    sizes = [str(MISMATCHED[name].megabytes << 11) for name in ("A", "B")]
    named = [line for line in log.splitlines() if f"nsid {nsid}" in line and all(size in line for size in sizes)]
    bench.expect(named, f"host B's log names nsid {nsid} with both sizes ({' and '.join(sizes)} blocks) nowhere:\n"
                 + "\n".join(log.splitlines()[-10:]))

    found = load.finish()
    bench.expect_equal("I/O errors", found["io_errors"], 0)
    bench.expect_equal("verify errors", found["verify_errors"], 0)
    bench.expect_equal("guest's kernel log", kernellog.guest_trouble(guest), [])
