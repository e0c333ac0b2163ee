# SPDX-License-Identifier: BSD-2-Clause
"""A guest moves between the hosts twenty times in one boot while fio verifies in it and its VF writes to its memory."""

from nvmovelab import identity, workload
from nvmovelab.subsystem import SHARED

BY_HAND = "takes minutes; guest_returns moves a guest there and back"
MOVES = 20


def run(bench):
    """Every move goes to a new VMM on the host that the guest is not on."""
    places = [(host, bench.vf(host)) for host in bench.hosts]
    source, guest = bench.boot_guest(*places[0])
    before = identity.read(guest)
    load = workload.Load(guest, workload.disk(guest, SHARED.nsid))
    downtimes = []
    for move in range(1, MOVES + 1):
        host, function = places[move % 2]
        destination = bench.await_guest(host, function, guest)
        info = source.migrate(destination)
        bench.expect_equal(f"move {move} ({info.get('error-desc')})", info["status"], "completed")
        downtimes.append(info["downtime"])
        guest.switch()
        source.quit()
        load.advance(1, f"after move {move}")
        source = destination
    bench.expect_equal("identity", identity.differences(before, identity.read(guest)), [])
    found, wrong = load.finish()
    bench.expect_equal("what is wrong", wrong, [])
    bench.note(moves=MOVES, downtimes_ms=downtimes, found=found)
