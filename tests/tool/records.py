# SPDX-License-Identifier: BSD-2-Clause
"""Compatibility records, and containers with one, written from docs/controller-state.md alone."""

import copy
import struct

import program
import cstate

CHECK, ADOPT = 0, 1
STATE = cstate.decode((program.VECTORS / "namespaces.bin").read_bytes())

BASE = {
    "state": (1, 0), "reads": (1, 1), "written": 0xfffe, "read": 0xfffe, "required": 0xfffe,
    "policy": CHECK, "protocols": 1, "members": 1,
    "identity": STATE["sections"]["identity"],
    "limits": {"mdts": 8, "vwc": 1, "oacs": 0xffff, "oncs": 0xffff, "queues": 64, "vectors": 64, "namespaces": 1024,
               "queue_entries": 65536},
    "namespaces": STATE["sections"]["namespaces"],
    "locators": STATE["sections"]["locators"],
}


def edited(**changes):
    """The base record with changes; identity=, limits= take dictionaries of fields."""
    record = copy.deepcopy(BASE)
    for name, value in changes.items():
        record[name] = {**record[name], **value} if isinstance(value, dict) else value
    return record


def namespaces(index, **changes):
    """The base record's namespaces with one of them changed."""
    return [{**entry, **(changes if place == index else {})} for place, entry in enumerate(BASE["namespaces"])]


def encode(record):
    """The bytes of a record."""
    limits = record["limits"]
    lists = b"".join(cstate.build(cstate.NAMESPACE, entry) for entry in record["namespaces"])
    locators = cstate.encode_locators(record["locators"])
    body = (struct.pack("<I", len(record["namespaces"])) + struct.pack("<HHHH", *record["state"], *record["reads"]) +
            struct.pack("<QQQ", record["written"], record["read"], record["required"]) +
            struct.pack("<BBHI", record["policy"], record["protocols"], record["members"], len(locators)) +
            cstate.build(cstate.IDENTITY, record["identity"]) +
            struct.pack("<BBHH2xIIII", limits["mdts"], limits["vwc"], limits["oacs"], limits["oncs"], limits["queues"],
                        limits["vectors"], limits["namespaces"], limits["queue_entries"]) + lists + locators)
    head = b"nvmoveCR" + struct.pack("<HHI", 1, 0, 20 + len(body))
    return head + struct.pack("<I", cstate.crc32c(head + bytes(4) + body)) + body


def question(record):
    """A container with a record, as a device answers it."""
    section = cstate.encode_section(16, 1, 0, record)
    standard = cstate.build(cstate.CONTAINER, {"version": 0, "attributes": 0, "nvme_dwords": 0, "nvme_dwords_high": 0,
                                               "vendor_dwords": (32 + len(section)) // 4, "vendor_dwords_high": 0})
    vendor = {"uuid": cstate.UUID.hex, "major": 1, "minor": 0, "sections": 1, "nvme_crc": cstate.crc32c(standard), "crc": 0}
    vendor["crc"] = cstate.crc32c(cstate.build(cstate.VENDOR, vendor))
    return standard + cstate.build(cstate.VENDOR, vendor) + section
