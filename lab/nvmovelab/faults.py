# SPDX-License-Identifier: BSD-2-Clause
"""Faults that a host's NVMe devices are told to have: plans of faulty admin commands, and errors that a function announces.

docs/lab.md says what can be planned. A program in the host can do the same (tests/lab/vfio/fault.c).
"""

import re

from .subsystem import DEVICES


def _path(device):
    return f"/machine/peripheral/{device}"


def plan(host, text, device=DEVICES[0]):
    """Plan faults in place of those that were planned before; an empty text plans none."""
    host.qmp.command("qom-set", path=_path(device), property="faults", value=text)


def clear(host):
    """Plan no faults for any device."""
    for device in DEVICES:
        plan(host, "", device)


def hits(host, device=DEVICES[0]):
    """How many commands each of the planned faults has befallen."""
    text = host.qmp.command("qom-get", path=_path(device), property="faults")
    return [int(number) for number in re.findall(r",hits=(\d+)", text)]


def hidden_page(host, device=DEVICES[0]):
    """Address of the page that the device hides by fault=hide-page, None as long as it hides none."""
    found = re.search(r",page=(0x[0-9a-f]+)", host.qmp.command("qom-get", path=_path(device), property="faults"))
    return int(found[1], 16) if found else None


def announce(host, function, severity, device=DEVICES[0]):
    """Have a function announce an error by PCI Express Advanced Error Reporting: 0 is the PF, n its VF n; severity is correctable,
    non-fatal or fatal."""
    host.qmp.command("qom-set", path=_path(device), property="aer", value=f"{function}:{severity}")
