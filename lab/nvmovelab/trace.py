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


def command_us(recorded, *commands):
    """Total microseconds of the named device commands; they must have been recorded and have succeeded."""
    durations = [int(e["duration_ns"]) for e in recorded
                 if e["event"] == "nvme_vfio_cmd" and e["command"] in commands and e["status"] == "0"]
    if not durations:
        raise ValueError(f"the driver recorded no successful {' or '.join(commands)}")
    return sum(durations) / 1000


def command_bytes(recorded, command):
    """Total bytes that the named device command moved."""
    return sum(int(e["bytes"]) for e in recorded if e["event"] == "nvme_vfio_cmd" and e["command"] == command)
