# SPDX-License-Identifier: BSD-2-Clause
"""A guest moves to the other host and back while fio verifies in it and its VF writes to most of its memory: identity, data
and memory are those it had, both ways."""

from nvmovelab import identity, workload
from nvmovelab.subsystem import SHARED


def run(bench):
    """A to B, a new VMM on A, B to A."""
    functions = [bench.vf(host) for host in bench.hosts]
    source, guest = bench.boot_guest(bench.a, functions[0])
    before = identity.read(guest)
    load = workload.Load(guest, workload.disk(guest, SHARED.nsid))
    load.advance(3, "before the first move")
    for host, function, name in ((bench.b, functions[1], "to B"), (bench.a, functions[0], "back to A")):
        destination = bench.await_guest(host, function, guest)
        info = source.migrate(destination)
        bench.expect_equal(f"migration {name}", info["status"], "completed")
        guest.switch()
        source.quit()
        load.advance(3, f"after the move {name}")
        bench.expect_equal(f"identity after the move {name}", identity.differences(before, identity.read(guest)), [])
        source = destination
    _, wrong = load.finish()
    bench.expect_equal("what is wrong", wrong, [])
