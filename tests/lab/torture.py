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
CNTLID = 2
# Both hosts write to the same medium.
FIRST_LBA = {"A": 0, "B": 4096}
WAIT = f"until grep -q live /sys/bus/pci/devices/{PF}/nvme/nvme*/state; do sleep 0.1; done"

# What the driver says of bad streams and of commands that cannot be sent.
EXPECTED_TROUBLE = r"nvme-vfio-pci"


def run(bench):
    """The VFIO program's "torture" on both hosts at once."""
    runs = []
    for host in bench.hosts:
        function = bench.vf(host)
        host.sh("[ ! -e /proc/sys/kernel/hung_task_timeout_secs ] || "
                f"echo {HUNG_TASK_SECONDS} >/proc/sys/kernel/hung_task_timeout_secs")
        runs.append((host, "torture", function, [
            "--nsid", SHARED.nsid, "--first-lba", FIRST_LBA[host.name], "--count", -(-LIVES // 2), "--seed", 2 * SEED + len(runs),
            "--cntlid", CNTLID, "--extents", 32, "--depth", 16, "--interval", 50,
            "--undo", f"{WAIT}; {provision.script()}"]))
    with bench.kernel_memory_bounded():
        bench.vfio_together(runs, timeout=120 + LIVES * SECONDS_PER_LIFE)
