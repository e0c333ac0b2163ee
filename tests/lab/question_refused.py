# SPDX-License-Identifier: BSD-2-Clause
"""A destination that could not take a guest's controller refuses in pre-copy: the source's guest does I/O all the time. R23."""

from nvmovelab import trace
from nvmovelab.subsystem import MISMATCHED, MISMATCHED_VF

# The refusal, which this test wants to see in host B's log.
EXPECTED_TROUBLE = r"nvme-vfio-pci"


def run(bench):
    """Try to move a guest of the VFIO program between VFs whose namespaces differ in size."""
    nsid = MISMATCHED["A"].nsid
    functions = [bench.vf(host, MISMATCHED_VF) for host in bench.hosts]
    for host in bench.hosts:
        trace.start(host)
    found = bench.vfio_pair(functions, "--precopy", "--expect-refusal", "--nsid", nsid)
    bench.expect_equal("refused in pre-copy", found["refused_in_precopy"], True)
    for name in ("io_errors", "verify_errors", "lost", "duplicated"):
        bench.expect_equal(name, found[name], 0)

    arcs = [(e["from"], e["to"]) for e in trace.events(bench.a) if e["event"] == "nvme_vfio_arc"]
    bench.expect_equal("arcs at the source", arcs, [("RUNNING", "PRE_COPY"), ("PRE_COPY", "RUNNING")])
    answers = [e["result"] for e in trace.events(bench.b) if e["event"] == "nvme_vfio_compat" and e["operation"] == "ask"]
    bench.expect_equal("answers at the destination", answers, ["-121"])
    log = bench.b.dmesg()
    sizes = [str(MISMATCHED[name].megabytes << 11) for name in ("A", "B")]
    bench.expect(any(f"nsid {nsid}" in line and all(size in line for size in sizes) for line in log.splitlines()),
                 f"host B's log names nsid {nsid} with both sizes ({' and '.join(sizes)} blocks) nowhere:\n"
                 + "\n".join(log.splitlines()[-10:]))
