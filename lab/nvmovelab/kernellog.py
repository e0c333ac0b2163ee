# SPDX-License-Identifier: BSD-2-Clause
"""Reads a host's or the guest's kernel log for what must not be there."""

import re
import shlex

# Splats of the kernel, faults of the IOMMU, and every complaint of the NVMe and block layers. A regular expression for Python and for
# the guest's grep -E alike.
TROUBLE = re.compile(
    r"WARNING:|BUG:|Oops|Call Trace|general protection|unable to handle|rcu.*stall|hung_task|blocked for more than|"
    r"DMAR:.*(fault|DMA Read|DMA Write)|I/O error|nvme[^ ]* .*(timeout|timed out|Abort|reset controller|Removing after|"
    r"failed|invalid|error|bogus|identifiers)|EXT4-fs error|irq [0-9]+: nobody cared|"
    # what only the debug kernel finds, beside much that begins like the above
    r"UBSAN:|INFO: (trying to register|inconsistent|possible)|DMA-API: .*driver|ODEBUG:|unreferenced object")
# What the kernel says of any module that its builder has not signed.
UNSIGNED = re.compile(r"module verification failed: signature and/or required key missing")

# What Linux itself loses: a PF that is removed while it has VFs, with its bus and port. A VF's reference to its PF is given up where
# VFs are switched off, and nowhere else (drivers/pci/iov.c).
REMOVED_PF = re.compile(r"unreferenced object.* pci_scan_child_bus_extend\b")


def trouble(log):
    """The lines of a kernel log that report trouble."""
    return [line for line in log.splitlines() if TROUBLE.search(line) and not UNSIGNED.search(line) and not REMOVED_PF.search(line)]


def guest_trouble(guest):
    """The same lines of the guest's kernel log. The guest looks for them itself: its serial port takes long for a whole log."""
    return trouble(guest.sh(f"dmesg >/run/dmesg && {{ grep -E {shlex.quote(TROUBLE.pattern)} /run/dmesg || [ $? = 1 ]; }}"))


class Mark:
    """Remembers how far a host's kernel log has been read."""

    def __init__(self, host):
        self._host = host
        self._seen = len(host.dmesg().splitlines())

    def new(self):
        """Lines since the mark was made."""
        return self._host.dmesg().splitlines()[self._seen:]
