# SPDX-License-Identifier: BSD-2-Clause
"""Streams changed at random: what a destination takes it becomes, byte for byte; everything else is refused, and neither the
driver nor the host is hurt. NVMOVE_FUZZ_STREAMS says how many there are in all, NVMOVE_FUZZ_SEED begins another sequence."""

import os

from nvmovelab import provision
from nvmovelab.subsystem import MISMATCHED, MISMATCHED_VF, SHARED, SHARED_SMALL, SPARE

# The refusals, which this test wants to see.
EXPECTED_TROUBLE = r"nvme-vfio-pci"

STREAMS = int(os.environ.get("NVMOVE_FUZZ_STREAMS", 1000))
SEED = int(os.environ.get("NVMOVE_FUZZ_SEED", 1))
# A longer run is spread over more functions: what takes time is the 100 ms that a reset lasts.
MANY = 5000
# Each function has a namespace of its own: what belongs to a namespace is taken over with a state only if nobody else uses it.
FUNCTIONS = {1: SHARED.nsid, 2: SHARED_SMALL.nsid, MISMATCHED_VF: MISMATCHED["A"].nsid}
MORE_FUNCTIONS = {5: 6, 6: SPARE.nsid}
# Both hosts write to the same media.
FIRST_LBA = {"A": 0, "B": 4096}
EXTENTS = 64


def _namespaces(host, cntlid):
    """Ids of the namespaces that are attached to a controller."""
    pf = provision.pf_controller(host)
    words = host.sh(f"for n in $(seq {SPARE.nsid}); do nvme list-ctrl /dev/{pf} -n $n | grep -q ':0x{cntlid:x}$' && echo $n; done; true")
    return {int(word) for word in words.split()}


def _attach(host, cntlid, wanted):
    """Attach the wanted namespaces to a controller and no others."""
    pf = provision.pf_controller(host)
    now = _namespaces(host, cntlid)
    for nsid in now - wanted:
        host.sh(f"nvme detach-ns /dev/{pf} -n {nsid} -c {cntlid}")
    for nsid in wanted - now:
        host.sh(f"nvme attach-ns /dev/{pf} -n {nsid} -c {cntlid}")


def _runs(bench, functions):
    """What to start: a program for every function of both hosts, each with its part of the streams."""
    share = -(-STREAMS // (2 * len(functions)))
    runs = []
    for host in bench.hosts:
        for number, nsid in functions.items():
            function = bench.vf(host, number)
            runs.append((host, "fuzz-stream", function, [
                "--nsid", nsid, "--seed", SEED, "--first", len(runs) * share, "--count", share, "--extents", EXTENTS,
                "--first-lba", FIRST_LBA[host.name], "--interval", 50]))
    return runs


def run(bench):
    """The VFIO program's "fuzz-stream" on several functions of both hosts at once."""
    functions = FUNCTIONS if STREAMS < MANY else {**FUNCTIONS, **MORE_FUNCTIONS}
    before = {}
    for host in bench.hosts:
        for number, nsid in functions.items():
            before[host.name, number] = _namespaces(host, number + 1)
            _attach(host, number + 1, {nsid})
    try:
        runs = _runs(bench, functions)
        for host in bench.hosts:
            # thousands of refusals in the log need not go through a serial port
            host.sh("dmesg --console-off")
        with bench.kernel_memory_bounded():
            found = bench.vfio_together(runs, timeout=600 + STREAMS)
        bench.expect(sum(result["streams"] for result in found) >= STREAMS, f"{STREAMS} streams wanted: {found}")
    finally:
        for host in bench.hosts:
            host.sh("dmesg --console-on")
            for number in functions:
                _attach(host, number + 1, before[host.name, number])
