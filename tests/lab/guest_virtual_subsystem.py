# SPDX-License-Identifier: BSD-2-Clause
"""A guest's controller has the identity and the limits of a virtual subsystem, and keeps them on a host whose own are others. R2, R12."""

from nvmovelab import identity, kernellog, workload
from nvmovelab.subsystem import ADOPTING_VF, NQN, SHARED

VERIFY = 1 << 7


def run(bench):
    """Boot on A in a virtual subsystem, move to a VF of B that adopts it."""
    functions = [bench.vf(host, ADOPTING_VF) for host in bench.hosts]
    source, guest = bench.boot_guest(bench.a, functions[0])
    before = identity.read(guest)
    control = before["id_ctrl"]
    for field, wanted in (("sn", "GUEST0001"), ("mn", "a guest's own"), ("subnqn", f"{NQN}-guest"), ("cntlid", 77),
                          ("mdts", 5)):
        found = control[field]
        bench.expect_equal(field, found.strip() if isinstance(found, str) else found, wanted)
    bench.expect(not control["oncs"] & VERIFY, f"ONCS {control['oncs']:#x}: Verify is offered")

    load = workload.Running(guest, workload.disk(guest, SHARED.nsid), size="8m")
    load.advance(1, "before the move")
    destination = bench.await_guest(bench.b, functions[1], guest)
    bench.expect_equal("migration", source.migrate(destination)["status"], "completed")
    guest.switch()
    load.advance(1, "after the move")
    bench.expect_equal("identity after the move", identity.differences(before, identity.read(guest)), [])

    guest.sh("nvme reset /dev/nvme0")
    load.advance(1, "after a reset on B")
    bench.expect_equal("identity after a reset on B", identity.differences(before, identity.read(guest)), [])
    found = load.finish()
    for name in ("io_errors", "verify_errors"):
        bench.expect_equal(name, found[name], 0)
    bench.expect_equal("guest's kernel log", kernellog.guest_trouble(guest), [])
