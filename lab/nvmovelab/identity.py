# SPDX-License-Identifier: BSD-2-Clause
"""The identity of an NVMe controller as the guest's own nvme-cli reports it."""

import json


def _json(guest, *argv):
    return json.loads(guest.argv(*argv, "-o", "json"))


def read(guest, controller="nvme0"):
    """Everything by which an operating system tells one controller from another, and the guest's disks."""
    device = f"/dev/{controller}"
    control = _json(guest, "nvme", "id-ctrl", device)
    namespaces = [entry["nsid"] for entry in _json(guest, "nvme", "list-ns", device)["nsid_list"]]
    found = {
        "serial": control["sn"].strip(),
        "subnqn": control["subnqn"],
        "cntlid": control["cntlid"],
        "namespaces": namespaces,
        "id_ctrl": control,
        "size": {},
        "descriptors": {},
    }
    for nsid in namespaces:
        found["size"][nsid] = _json(guest, "nvme", "id-ns", device, "-n", str(nsid))["nsze"]
        found["descriptors"][nsid] = _json(guest, "nvme", "ns-descs", device, "-n", str(nsid))
    # the kernel may still be looking at them
    found["disks"] = guest.sh(f"cd /sys/block; for i in $(seq 600); do [ $(ls -d nvme[0-9]n* | wc -l) -ge {len(namespaces)} ] && break; "
                              "sleep 0.1; done; grep . nvme[0-9]n*/nsid nvme[0-9]n*/wwid nvme[0-9]n*/size")
    return found


def differences(before, after):
    """Names of what changed, with both values."""
    return [f"{key}: {before[key]!r} before, {after[key]!r} after" for key in before if before[key] != after[key]]
