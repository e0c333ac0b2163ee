# SPDX-License-Identifier: BSD-2-Clause
"""Two VFs in one guest, two paths to the same disk that take turns, move together: all of them are quiet before the first one
is stopped, and both are what they were."""

from nvmovelab import identity, workload
from nvmovelab.subsystem import SHARED

VFS = (1, 2)
QUIET = ("PRE_COPY_P2P", "RUNNING_P2P")
STOPPED = ("STOP_COPY", "STOP")


def _take_turns(guest):
    """Have the guest's kernel use both paths."""
    guest.sh("for policy in /sys/class/nvme-subsystem/*/iopolicy; do echo round-robin >$policy; done")


def _ios(guest, nsid):
    """I/Os that each path to a namespace has carried."""
    lines = guest.sh(f"for p in $(grep -lx {nsid} /sys/block/nvme[0-9]c*n*/nsid); do cat ${{p%nsid}}stat; done").splitlines()
    return [int(words[0]) + int(words[4]) for words in (line.split() for line in lines)]


def _expect_quiet_first(bench, source, functions):
    """No device was stopped while another one might still have written to it."""
    states = source.device_states()
    for kind in (QUIET, STOPPED):
        bench.expect_equal(f"devices that entered {' or '.join(kind)}", {device for device, state in states if state in kind},
                           set(functions))
    order = [state for _, state in states]
    first = min(index for index, state in enumerate(order) if state in STOPPED)
    bench.expect_equal(f"devices that were quiet before the first was stopped, of {states}",
                       {device for device, state in states[:first] if state in QUIET}, set(functions))


def run(bench):
    """Boot with two VFs, move, look at both."""
    functions = {host: [bench.vf(host, number) for number in VFS] for host in bench.hosts}
    source, guest = bench.boot_guest(bench.a, *functions[bench.a])
    controllers = [f"nvme{index}" for index in range(len(VFS))]
    before = [identity.read(guest, controller) for controller in controllers]
    _take_turns(guest)
    load = workload.Load(guest, workload.disk(guest, SHARED.nsid))
    load.advance(2, "before the move")
    destination = bench.await_guest(bench.b, functions[bench.b][0], guest, *functions[bench.b][1:])
    info = source.migrate(destination)
    bench.expect_equal(f"migration ({info.get('error-desc')})", info["status"], "completed")
    guest.switch()
    ios = _ios(guest, SHARED.nsid)
    load.advance(2, "after the move")
    carried = [after - then for then, after in zip(ios, _ios(guest, SHARED.nsid))]
    bench.expect(len(carried) == len(VFS) and min(carried) > 0, f"I/Os of each path after the move: {carried}")
    after = [identity.read(guest, controller) for controller in controllers]
    bench.expect_equal("identities", [identity.differences(*pair) for pair in zip(before, after)], [[]] * len(VFS))
    _, wrong = load.finish()
    bench.expect_equal("what is wrong", wrong, [])
    _expect_quiet_first(bench, source, functions[bench.a])
