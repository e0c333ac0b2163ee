# SPDX-License-Identifier: BSD-2-Clause
"""The driver's trace points on a host: arcs of the state machine and commands to the device, with their durations."""

import re

TRACING = "/sys/kernel/tracing"


def start(host):
    """Forget what was recorded and record from now on."""
    host.sh(f"echo >{TRACING}/trace; echo 1 >{TRACING}/events/nvme_vfio_pci/enable")


def events(host):
    """Recorded events as dictionaries: "event" and the trace point's own fields."""
    found = []
    for line in host.sh(f"cat {TRACING}/trace").splitlines():
        match = re.search(r"\b(nvme_vfio_\w+): (.*)", line)
        if match:
            found.append({"event": match[1], **dict(field.split("=", 1) for field in match[2].split() if "=" in field)})
    return found
