# SPDX-License-Identifier: BSD-2-Clause
"""VMMs that do anything, are killed at any moment, and hosts on which anything happens meanwhile: no process hangs, the kernel
loses nothing, and the function serves a guest afterwards. NVMOVE_TORTURE_LIVES says how many VMMs, NVMOVE_TORTURE_SEED begins another
sequence."""

import os

from nvmovelab import provision
from nvmovelab.subsystem import PF, SHARED

LIVES = int(os.environ.get("NVMOVE_TORTURE_LIVES", 30))
SEED = int(os.environ.get("NVMOVE_TORTURE_SEED", 1))
SECONDS_PER_LIFE = 20
# A task of the kernel that stands still for longer is reported; no command of the driver may take so long here.
HUNG_TASK_SECONDS = 60
GROWTH_KIB = 16384
CNTLID = 2
# Both hosts write to the same medium.
FIRST_LBA = {"A": 0, "B": 4096}
WAIT = f"until grep -q live /sys/bus/pci/devices/{PF}/nvme/nvme*/state; do sleep 0.1; done"
LEAKS = "/sys/kernel/debug/kmemleak"

# What the driver says of bad streams and of commands that cannot be sent.
EXPECTED_TROUBLE = r"nvme-vfio-pci"


def _kernel_memory(host):
    """KiB that the host's kernel holds and cannot give up."""
    return int(host.sh("awk '/^(SUnreclaim|VmallocUsed):/ { sum += $2 } END { print sum }' /proc/meminfo"))


def _leaks(host):
    """What the kernel's leak detector finds, where the kernel has one."""
    return host.sh(f"mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null || true; [ -e {LEAKS} ] || exit 0; "
                   f"for i in 1 2; do echo scan >{LEAKS}; sleep 6; done; cat {LEAKS}", 300)


def run(bench):
    """The VFIO program's "torture" on both hosts at once."""
    runs = []
    for host in bench.hosts:
        function = bench.vf(host)
        host.sh("[ ! -e /proc/sys/kernel/hung_task_timeout_secs ] || "
                f"echo {HUNG_TASK_SECONDS} >/proc/sys/kernel/hung_task_timeout_secs")
        runs.append((host, "torture", function, [
            "--nsid", SHARED.nsid, "--first-lba", FIRST_LBA[host.name], "--count", -(-LIVES // 2), "--seed", 2 * SEED + len(runs),
            "--cntlid", CNTLID, "--extents", 32, "--depth", 16, "--interval", 50, "--timeout", 20000,
            "--undo", f"{WAIT}; {provision.script()}"]))
    before = [_kernel_memory(host) for host in bench.hosts]
    bench.vfio_together(runs, timeout=120 + LIVES * SECONDS_PER_LIFE)
    growth = [_kernel_memory(host) - kib for host, kib in zip(bench.hosts, before)]
    bench.expect(max(growth) <= GROWTH_KIB, f"kernel memory of the hosts grew by {growth} KiB, {GROWTH_KIB} allowed")
    for host in bench.hosts:
        bench.expect_equal(f"leaks of host {host.name}", _leaks(host), "")
