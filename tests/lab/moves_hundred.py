# SPDX-License-Identifier: BSD-2-Clause
"""A hundred moves in a row between two hosts with verified I/O in flight: nothing lost, nothing stuck, no memory kept.

The driver charges all memory of a migration to its user. A control group around the program shows what is left of it
when the program has ended. What is not charged to anybody shows in the growth of the whole kernel's memory while it ran.
"""

from nvmovelab import cgroup
from nvmovelab.subsystem import SHARED

# The debug kernel keeps what was freed for a while; there kmemleak looks for what is lost.
KERNELS = ("stock", "lab", "backports")

MOVES = 100
USERS = "/sys/module/nvme_vfio_pci/refcnt"
# What the kernel keeps charged for a while after a process ended: per-CPU stocks and empty slabs.
LEFT_OVER_KIB = 512
# An idle kernel's own memory varies by some 100 KiB. A page lost with each command, of which a host sees six per two
# moves, would be 1200 KiB.
GROWTH_KIB = 1024


def run(bench):
    """To and fro, and what it left."""
    functions = [bench.vf(host) for host in bench.hosts]
    used = [host.sh(f"cat {USERS}") for host in bench.hosts]
    groups = [cgroup.Group(host, "moves") for host in bench.hosts]
    found = bench.vfio_pair(functions, "--count", MOVES, "--interval", 50, "--nsid", SHARED.nsid, groups=groups)
    bench.expect_equal("moves", found["moves"], MOVES)
    for name in ("lost", "duplicated", "io_errors", "verify_errors", "identity_errors", "moved_while_stopped"):
        bench.expect_equal(name, found[name], 0)
    bench.expect(found["bytes_verified"] > 0, f"nothing was verified: {found}")
    for name in ("director", "server"):
        growth = found[f"kernel_growth_kib_{name}"]
        bench.expect(growth <= GROWTH_KIB, f"{name}'s kernel memory grew by {growth} KiB in {MOVES} moves, "
                     f"at most {GROWTH_KIB} expected")
    for host, group, before in zip(bench.hosts, groups, used):
        left = group.kernel_kib()
        bench.expect(left <= LEFT_OVER_KIB, f"host {host.name}: {left} KiB of the program's kernel memory are left, "
                     f"at most {LEFT_OVER_KIB} expected")
        bench.expect_equal(f"host {host.name}: users of the driver", host.sh(f"cat {USERS}"), before)
        group.remove()
