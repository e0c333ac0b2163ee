# SPDX-License-Identifier: BSD-2-Clause
"""A control group on a host: which kernel memory the programs in it were charged with, also after they have ended."""

import itertools

ROOT = "/sys/fs/cgroup"


class Group:
    """One group below the root of the host's cgroup v2 hierarchy, mounted if nobody has."""

    _numbers = itertools.count(1)

    def __init__(self, host, name):
        self._host = host
        self.path = f"{ROOT}/{name}-{next(self._numbers)}"
        host.sh(f"mountpoint -q {ROOT} || mount -t cgroup2 cgroup2 {ROOT}; "
                f"echo +memory >{ROOT}/cgroup.subtree_control; mkdir {self.path}")

    def wrap(self, argv):
        """The argument vector that runs argv in the group."""
        return ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', self.path, *argv]

    def kernel_kib(self):
        """KiB of kernel memory charged to the group now."""
        return int(self._host.sh(f"sed -n 's/^kernel //p' {self.path}/memory.stat")) >> 10

    def remove(self):
        """Remove the group, whose programs must have ended."""
        self._host.sh(f"rmdir {self.path}")
