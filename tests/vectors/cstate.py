#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The controller state of docs/controller-state.md, format 1.0, written from that page alone.

decode() takes a state apart and refuses what a reader must refuse, as far as that needs no controller to compare with;
encode() puts it together again, byte for byte. "cstate.py FILE" prints a state as JSON, "cstate.py --hex FILE" as
annotated bytes.
"""

import json
import struct
import sys
import uuid

UUID = uuid.UUID("a2f4b6ce-6f1d-4a0e-9d43-6e766d6f7665")
MAJOR, MINOR = 1, 0
MOST_BYTES = 16 << 20
ADDRESS_LIMIT = 1 << 60
SKIPPABLE = 1
ALL_NSID = 0xffffffff
NOBODY = 0xffff
NO_TIMER = 0xffffffffffffffff

MOST_EVENTS = 16
MOST_CHANGED = 1024
MOST_UNPOSTED = 1092
MOST_REGISTRANTS = 128
MOST_NOTICES = 255
MOST_LOCATOR = 255

CC_BITS = 0x00fffff1
CSTS_RDY, CSTS_CFS, CSTS_SHST, CSTS_NSSRO = 0x1, 0x2, 0xc, 0x10
ONCS_RESERVATIONS = 0x20
EVENT_TYPES = 0x47  # error, SMART, notice, I/O command set

SECTIONS = {
    1: "identity", 2: "registers", 3: "admin queue", 4: "features", 5: "events", 6: "error log", 7: "SMART",
    8: "changed namespaces", 9: "namespaces", 10: "unposted completions", 11: "timers", 12: "locators",
    13: "reservations", 14: "reservation notifications", 15: "shadow doorbells",
}


class Refused(Exception):
    """A state that must not be loaded; the section at fault (0: the container) and the reason."""

    def __init__(self, section, reason):
        super().__init__(reason)
        self.section = section
        self.reason = reason


def crc32c(data):
    """CRC-32C (Castagnoli) of bytes."""
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 0xff]
    return crc ^ 0xffffffff


def crc_table():
    """The reflected polynomial 82F63B78h by bytes."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82f63b78 if value & 1 else 0)
        table.append(value)
    return table


CRC_TABLE = crc_table()

# ---- layouts: lists of (name, kind); a kind is an integer format, or bytes of a given length ----

INTEGERS = {"u8": "<B", "u16": "<H", "u32": "<I", "u64": "<Q"}


class Text:
    """Printable ASCII, padded with NULs."""

    def __init__(self, size):
        self.size = size

    def decode(self, raw, section, name):
        text = raw.rstrip(b"\0")
        if b"\0" in text or any(not 0x20 <= byte <= 0x7e for byte in text):
            raise Refused(section, f"{name}: must be printable ASCII, padded with NULs")
        return text.decode("ascii")

    def encode(self, value):
        return value.encode("ascii").ljust(self.size, b"\0")


class Hex:
    """Bytes that mean nothing to this format."""

    def __init__(self, size):
        self.size = size

    def decode(self, raw, _section, _name):
        return raw.hex()

    def encode(self, value):
        return bytes.fromhex(value)


class Zero:
    """Reserved bytes."""

    def __init__(self, size):
        self.size = size

    def decode(self, raw, section, name):
        for at, byte in enumerate(raw):
            if byte:
                raise Refused(section, f"{name}: reserved byte {at} is 0 here, {byte:#x} in the stream")

    def encode(self, _value):
        return bytes(self.size)


class Integer:
    """A little-endian integer, as a number or, for what people read in hexadecimal, as text."""

    def __init__(self, kind, is_hex):
        self.format = INTEGERS[kind]
        self.size = struct.calcsize(self.format)
        self.is_hex = is_hex

    def decode(self, raw, _section, _name):
        value = struct.unpack(self.format, raw)[0]
        return f"{value:#x}" if self.is_hex else value

    def encode(self, value):
        return struct.pack(self.format, number(value))


def number(value):
    """An integer from either form that Integer has."""
    return int(value, 0) if isinstance(value, str) else value


U8, U16, U32, U64 = (Integer(kind, False) for kind in INTEGERS)
X8, X16, X32, X64 = (Integer(kind, True) for kind in INTEGERS)

CONTAINER = [("version", U16), ("attributes", X8), ("container", Zero(13)), ("nvme_dwords", U64),
             ("nvme_dwords_high", U64), ("vendor_dwords", U64), ("vendor_dwords_high", U64)]
NVME_STATE = [("version", U16), ("submission_queues", U16), ("completion_queues", U16),
              ("NVMe Controller State", Zero(2))]
SUBMISSION_QUEUE = [("address", X64), ("size", U16), ("qid", U16), ("cqid", U16), ("attributes", X16), ("head", U16),
                    ("tail", U16), ("submission queue", Zero(4))]
COMPLETION_QUEUE = [("address", X64), ("size", U16), ("qid", U16), ("head", U16), ("tail", U16), ("attributes", X32),
                    ("completion queue", Zero(4))]
VENDOR = [("uuid", Hex(16)), ("major", U16), ("minor", U16), ("sections", U32), ("nvme_crc", X32), ("crc", X32)]
SECTION = [("type", U16), ("version", U16), ("flags", X32), ("length", U32), ("crc", X32)]

IDENTITY = [("subsystem_nqn", Text(256)), ("serial", Text(20)), ("model", Text(40)), ("firmware", Text(8)),
            ("vendor_id", X16), ("subsystem_vendor_id", X16), ("ieee_oui", Hex(3)), ("mdts", U8), ("cntlid", U16),
            ("oacs", X16), ("oncs", X16), ("vwc", X8), ("lpa", X8), ("acl", U8), ("aerl", U8), ("elpe", U8),
            ("npss", U8), ("nwpc", X8), ("identity", Zero(1)), ("kas", U16), ("wctemp", U16), ("cctemp", U16),
            ("oaes", X32), ("ctratt", X32), ("version", X32), ("namespaces", U32), ("queues", U32),
            ("vectors", U32), ("bar_size", U32), ("identity", Zero(4)), ("cap", X64)]
REGISTERS = [("cc", X32), ("csts", X32), ("aqa", X32), ("intms", X32), ("asq", X64), ("acq", X64)]
ADMIN_QUEUE = [("sq_head", U16), ("sq_tail", U16), ("cq_head", U16), ("cq_tail", U16), ("flags", X16),
               ("admin queue", Zero(2))]
FEATURE = [("feature", X8), ("select", U8), ("selector", X16), ("nsid", U32), ("value", X32), ("length", U32)]
EVENTS = [("requests", U16), ("events", U16), ("masked", X32)]
EVENT = [("type", U8), ("info", U8), ("log_page", X8), ("event", Zero(1))]
ERROR_LOG = [("error_count", U64), ("entries", U32), ("error log", Zero(4))]
SMART = [(name, U64) for name in ("blocks_read", "blocks_written", "host_reads", "host_writes", "power_cycles",
                                  "power_on_ns", "unsafe_shutdowns", "media_errors", "busy_ns")]
NAMESPACE = [("nsid", U32), ("lba_shift", U8), ("flags", X8), ("namespaces", Zero(2)), ("blocks", U64),
             ("uuid", Hex(16)), ("nguid", Hex(16)), ("eui64", Hex(8))]
UNPOSTED = [("cqid", U16), ("unposted completion", Zero(2)), ("dw0", X32), ("dw1", X32), ("sqhd", U16), ("sqid", U16),
            ("cid", U16), ("status", X16)]
TIMERS = [("keep_alive_ns", U64), ("timestamp_ms", U64), ("timestamp_ns", U32), ("timestamp_origin", U8),
          ("timestamp_synch", U8), ("timers", Zero(2))]
LOCATOR = [("nsid", U32), ("length", U32)]
RESERVATION = [("nsid", U32), ("generation", U32), ("type", U8), ("ptpl", U8), ("holder", U16), ("registrants", U16),
               ("reservation", Zero(2))]
REGISTRANT = [("host_id", Hex(16)), ("key", X64)]
NOTICES = [("count", U64), ("entries", U32), ("reservation notifications", Zero(4))]
NOTICE = [("count", U64), ("nsid", U32), ("type", U8), ("reservation notification", Zero(3))]
SHADOW = [("doorbells", X64), ("event_indexes", X64)]


def layout_size(layout):
    """Bytes that a layout takes."""
    return sum(kind.size for _, kind in layout)


ONE_LINE = 16  # bytes of a structure that annotate() shows as a whole


class Reader:
    """Bytes being taken apart, and what has been found where."""

    def __init__(self, data, offset=0, found=None):
        self.data = data
        self.at = 0
        self.offset = offset
        self.found = [] if found is None else found

    def left(self):
        """Bytes not yet taken."""
        return len(self.data) - self.at

    def bytes(self, size, name):
        """The next bytes, which the caller knows to be there."""
        raw = self.data[self.at:self.at + size]
        self.found.append((self.offset + self.at, raw, name, None))
        self.at += size
        return raw

    def part(self, size):
        """A reader of the next bytes."""
        reader = Reader(self.data[self.at:self.at + size], self.offset + self.at, self.found)
        self.at += size
        return reader

    def layout(self, layout, section):
        """The next structure as a dictionary, reserved bytes checked and left out."""
        fields, found = {}, []
        begin = self.at
        for name, kind in layout:
            raw = self.data[self.at:self.at + kind.size]
            value = kind.decode(raw, section, name)
            found.append((self.offset + self.at, raw, "reserved" if value is None else name, value))
            self.at += kind.size
            if value is not None:
                fields[name] = value
        if self.at - begin <= ONE_LINE:
            text = ", ".join(f"{name} {value}" for name, value in fields.items())
            found = [(self.offset + begin, self.data[begin:self.at], text, None)]
        self.found += found
        return fields


def build(layout, fields):
    """The bytes of a structure."""
    return b"".join(kind.encode(fields.get(name)) for name, kind in layout)


def padded(data):
    """Bytes up to the next multiple of 4."""
    return data + bytes(-len(data) % 4)


# ---- payloads of the sections ----


def one(layout):
    """A section that is one structure."""
    return lambda reader, section: reader.layout(layout, section), lambda value: build(layout, value)


def many(layout):
    """A section that is a list of one structure."""

    def decode_list(reader, section):
        items = []
        while reader.left():
            items.append(reader.layout(layout, section))
        return items

    return decode_list, lambda items: b"".join(build(layout, item) for item in items)


def decode_features(reader, section):
    """Section 4."""
    features = []
    total = reader.left()
    while reader.left():
        at = total - reader.left()
        length = struct.unpack_from("<I", reader.data, reader.at + 12)[0] if reader.left() >= 16 else 0
        if reader.left() < 16 or length > reader.left() - 16 or length % 4:
            raise Refused(section, f"features: an entry at byte {at} of {total} is cut off")
        feature = reader.layout(FEATURE, section)
        del feature["length"]
        if length:
            feature["data"] = reader.bytes(length, "data").hex()
        features.append(feature)
    return features


def encode_features(features):
    """Section 4."""
    parts = []
    for feature in features:
        data = bytes.fromhex(feature.get("data", ""))
        parts.append(build(FEATURE, {**feature, "length": len(data)}) + data)
    return b"".join(parts)


def decode_events(reader, section):
    """Section 5."""
    total = reader.left()
    if total < 8:
        raise Refused(section, f"events: {total} bytes, at least 8")
    head = reader.layout(EVENTS, section)
    requests, events = head["requests"], head["events"]
    need = 8 + (2 * requests + 3) // 4 * 4 + 4 * events
    if total != need:
        raise Refused(section, f"events: {total} bytes, {requests} requests and {events} events need {need}")
    ids = [reader.layout([("command id", U16)], section)["command id"] for _ in range(requests)]
    if requests % 2:
        reader.layout([("command ids of requests", Zero(2))], section)
    return {"masked": head["masked"], "requests": ids,
            "pending": [reader.layout(EVENT, section) for _ in range(events)]}


def encode_events(events):
    """Section 5."""
    ids, pending = events["requests"], events["pending"]
    return (build(EVENTS, {"requests": len(ids), "events": len(pending), "masked": events["masked"]}) +
            padded(b"".join(U16.encode(cid) for cid in ids)) + b"".join(build(EVENT, event) for event in pending))


def counted(name, head_layout, count, item_size, decode_item, encode_item):
    """A section that is a structure with a count, then that many items."""

    def decode_counted(reader, section):
        total, size = reader.left(), layout_size(head_layout)
        if total < size:
            raise Refused(section, f"{name}: {total} bytes, at least {size}")
        head = reader.layout(head_layout, section)
        items = head[count]
        if total != size + items * item_size:
            raise Refused(section, f"{name}: {total} bytes, {items} entries need {size + items * item_size}")
        head[count] = [decode_item(reader, section) for _ in range(items)]
        return head

    def encode_counted(value):
        return (build(head_layout, {**value, count: len(value[count])}) +
                b"".join(encode_item(item) for item in value[count]))

    return decode_counted, encode_counted


def decode_changed(reader, section):
    """Section 8."""
    return [reader.layout([("nsid", U32)], section)["nsid"] for _ in range(reader.left() // 4)]


def decode_locators(reader, section):
    """Section 12."""
    locators = []
    while reader.left():
        left = reader.left()
        length = struct.unpack_from("<I", reader.data, reader.at + 4)[0] if left >= 8 else 0
        if not 1 <= length <= MOST_LOCATOR or (length + 3) // 4 * 4 > left - 8:
            raise Refused(section, f"locators: {length} characters in {left} bytes, must be 1 to {MOST_LOCATOR}")
        nsid = reader.layout(LOCATOR, section)["nsid"]
        text = reader.layout([("locator", Text(length))], section)["locator"]
        if len(text) != length:
            raise Refused(section, f"locator of nsid {nsid}: character {len(text)} is 00h, must be printable ASCII")
        if length % 4:
            reader.layout([("locators", Zero(-length % 4))], section)
        locators.append({"nsid": nsid, "locator": text})
    return locators


def encode_locators(locators):
    """Section 12."""
    return b"".join(build(LOCATOR, {"nsid": locator["nsid"], "length": len(locator["locator"])}) +
                    padded(locator["locator"].encode("ascii")) for locator in locators)


def decode_reservations(reader, section):
    """Section 13."""
    reservations = []
    while reader.left():
        left = reader.left()
        need = 16 + 24 * struct.unpack_from("<H", reader.data, reader.at + 12)[0] if left >= 16 else 16
        if left < need:
            raise Refused(section, f"reservations: an entry of {need} bytes, {left} bytes left")
        reservation = reader.layout(RESERVATION, section)
        reservation["registrants"] = [reader.layout(REGISTRANT, section) for _ in range(reservation["registrants"])]
        reservations.append(reservation)
    return reservations


def encode_reservations(reservations):
    """Section 13."""
    return b"".join(build(RESERVATION, {**reservation, "registrants": len(reservation["registrants"])}) +
                    b"".join(build(REGISTRANT, registrant) for registrant in reservation["registrants"])
                    for reservation in reservations)


PAYLOADS = {
    "identity": one(IDENTITY),
    "registers": one(REGISTERS),
    "admin queue": one(ADMIN_QUEUE),
    "features": (decode_features, encode_features),
    "events": (decode_events, encode_events),
    "error log": counted("error log", ERROR_LOG, "entries", 64,
                         lambda reader, section: reader.layout([("entry", Hex(64))], section)["entry"], bytes.fromhex),
    "SMART": one(SMART),
    "changed namespaces": (decode_changed, lambda ids: b"".join(U32.encode(nsid) for nsid in ids)),
    "namespaces": many(NAMESPACE),
    "unposted completions": many(UNPOSTED),
    "timers": one(TIMERS),
    "locators": (decode_locators, encode_locators),
    "reservations": (decode_reservations, encode_reservations),
    "reservation notifications": counted("reservation notifications", NOTICES, "entries", 16,
                                         lambda reader, section: reader.layout(NOTICE, section),
                                         lambda notice: build(NOTICE, notice)),
    "shadow doorbells": one(SHADOW),
}

# Sections of one fixed structure, and lists of one: size and whether it is a list.
SIZES = {
    "identity": (layout_size(IDENTITY), False),
    "registers": (layout_size(REGISTERS), False),
    "admin queue": (layout_size(ADMIN_QUEUE), False),
    "SMART": (layout_size(SMART), False),
    "changed namespaces": (4, True),
    "namespaces": (layout_size(NAMESPACE), True),
    "unposted completions": (layout_size(UNPOSTED), True),
    "timers": (layout_size(TIMERS), False),
    "shadow doorbells": (layout_size(SHADOW), False),
}

# ---- the container ----


def decode_container(reader):
    """Container header; returns the sizes of both parts in bytes."""
    size = reader.left()
    if size < 48:
        raise Refused(0, f"container: {size} bytes, header has 48")
    version = struct.unpack_from("<H", reader.data)[0]
    if version:
        raise Refused(0, f"container version: 0 here, {version} in the stream")
    header = reader.layout(CONTAINER, 0)
    attributes = number(header["attributes"])
    if not attributes & 1:
        raise Refused(0, f"container attributes: {header['attributes']}, the source was not suspended")
    nvme, vendor = header["nvme_dwords"], header["vendor_dwords"]
    if header["nvme_dwords_high"] or header["vendor_dwords_high"] or max(nvme, vendor) > MOST_BYTES // 4 or \
            48 + 4 * (nvme + vendor) != size:
        raise Refused(0, f"container: {size} bytes, sizes of {nvme} and {vendor} dwords in its header")
    return attributes, 4 * nvme, 4 * vendor


def decode_queues(reader):
    """NVMe Controller State."""
    size = reader.left()
    if size < 8:
        raise Refused(0, f"NVMe Controller State: {size} bytes, at least 8")
    head = reader.layout(NVME_STATE, 0)
    if head["version"]:
        raise Refused(0, f"NVMe Controller State version: 0 here, {head['version']} in the stream")
    submission, completion = head["submission_queues"], head["completion_queues"]
    need = 8 + 24 * (submission + completion)
    if size != need:
        raise Refused(0, f"NVMe Controller State: {size} bytes, {submission} and {completion} queues need {need}")
    return ([queue_form(reader.layout(SUBMISSION_QUEUE, 0)) for _ in range(submission)],
            [queue_form(reader.layout(COMPLETION_QUEUE, 0)) for _ in range(completion)])


def queue_form(queue):
    """A queue as people read it: its size 1-based."""
    entries = queue.pop("size") + 1
    return {"qid": queue.pop("qid"), "entries": entries, **queue}


def queue_bytes(layout, queue):
    """The bytes of a queue."""
    return build(layout, {**queue, "size": queue["entries"] - 1})


def decode_vendor(reader, standard):
    """Head of the vendor data; @standard is all that comes before it."""
    size = reader.left()
    if size < 32:
        raise Refused(0, f"Vendor Specific Data: {size} bytes, at least 32")
    raw = reader.data[:32]
    head = reader.layout(VENDOR, 0)
    if uuid.UUID(head["uuid"]) != UUID:
        raise Refused(0, f"vendor UUID: {UUID.hex[:8]}-... here, {head['uuid'][:8]}-... in the stream")
    crc = crc32c(raw[:28] + bytes(4))
    if crc != number(head["crc"]):
        raise Refused(0, f"CRC of the vendor header: {crc:08x}, {number(head['crc']):08x} in it")
    if head["major"] != MAJOR:
        raise Refused(0, f"format version: {MAJOR}.{MINOR} here, {head['major']}.{head['minor']} in the stream")
    crc = crc32c(standard)
    if crc != number(head["nvme_crc"]):
        raise Refused(0, f"CRC of the NVMe Controller State: {crc:08x}, {number(head['nvme_crc']):08x} in the vendor "
                         "header")
    return head


def decode_section(reader, sections, left):
    """One section with its header, into the dictionary of those found so far."""
    begin = reader.at
    head = reader.layout(SECTION, 0)
    kind, length, flags = head["type"], head["length"], number(head["flags"])
    if length % 4 or length > reader.left():
        raise Refused(kind, f"length of section {kind}: {length} bytes, {left - 16} bytes left")
    raw = reader.data[begin:begin + 16 + length]
    crc = crc32c(raw[:12] + bytes(4) + raw[16:])
    if crc != number(head["crc"]):
        raise Refused(kind, f"CRC of section {kind}: {crc:08x}, {number(head['crc']):08x} in its header")
    if kind not in SECTIONS:
        if not flags & SKIPPABLE:
            raise Refused(kind, f"section {kind}: unknown and required")
        sections[f"section {kind}"] = {"version": head["version"], "flags": head["flags"],
                                       "payload": reader.bytes(length, "payload").hex()}
        return
    name = SECTIONS[kind]
    if flags:
        raise Refused(kind, f"{name}: flags {head['flags']}, none are defined for it")
    if head["version"] != 1:
        raise Refused(kind, f"{name}: version 1 here, {head['version']} in the stream")
    if name in sections:
        raise Refused(kind, f"{name}: section {kind} appears twice")
    sections[name] = reader.part(length)


def decode_payloads(sections):
    """What the sections say, in place of where they are."""
    for kind, name in SECTIONS.items():
        if name not in sections:
            raise Refused(kind, f"{name}: section {kind} is missing")
        length, (size, is_list) = sections[name].left(), SIZES.get(name, (4, True))
        if length % size if is_list else length != size:
            raise Refused(kind, f"{name}: {length} bytes, {size}{' each' if is_list else ''} in version 1")
    for kind, name in SECTIONS.items():
        sections[name] = PAYLOADS[name][0](sections[name], kind)


def take_apart(data):
    """The parts of a state, its form checked, and where everything is."""
    reader = Reader(data)
    attributes, nvme_size, _ = decode_container(reader)
    submission, completion = decode_queues(reader.part(nvme_size))
    standard = data[:reader.at]
    vendor_reader = reader.part(reader.left())
    vendor = decode_vendor(vendor_reader, standard)
    sections = {}
    for index in range(vendor["sections"]):
        left = vendor_reader.left()
        if left < 16:
            raise Refused(0, f"section {index + 1} of {vendor['sections']}: {left} bytes left")
        decode_section(vendor_reader, sections, left)
    if vendor_reader.left():
        raise Refused(0, f"{vendor_reader.left()} bytes after the last of {vendor['sections']} sections")
    decode_payloads(sections)
    return {
        "container": {"attributes": f"{attributes:#x}"},
        "submission queues": submission,
        "completion queues": completion,
        "vendor": {"uuid": str(UUID), "version": f"{vendor['major']}.{vendor['minor']}"},
        "sections": sections,
    }, sorted(reader.found, key=lambda part: part[0])


# ---- what the parts say ----


def enabled(state):
    """Whether the controller processes commands: its queues exist."""
    csts = number(state["sections"]["registers"]["csts"])
    return bool(csts & CSTS_RDY) and not csts & CSTS_CFS


def page_size(state):
    """Bytes of a memory page, by CC.MPS."""
    return 4096 << (number(state["sections"]["registers"]["cc"]) >> 7 & 0xf)


def check_identity(state):
    """Section 1: limits that are limits."""
    identity = state["sections"]["identity"]
    mqes = number(identity["cap"]) & 0xffff
    for field, least in (("mdts", 1), ("namespaces", 1), ("queues", 2), ("vectors", 1)):
        if identity[field] < least:
            raise Refused(1, f"{field}: {identity[field]}, must be at least {least}")
    if not mqes:
        raise Refused(1, "CAP.MQES: 0, must be at least 1")


def check_namespaces(state):
    """Section 9: ascending and within NN."""
    most, previous = state["sections"]["identity"]["namespaces"], 0
    for namespace in state["sections"]["namespaces"]:
        nsid = namespace["nsid"]
        if nsid <= previous:
            raise Refused(9, f"namespaces: nsid {nsid} follows nsid {previous}")
        if nsid > most:
            raise Refused(9, f"nsid {nsid}: up to {most} by the identity")
        previous = nsid


def attached(state):
    """Ids of the attached namespaces."""
    return {namespace["nsid"] for namespace in state["sections"]["namespaces"]}


def check_locators(state):
    """Section 12."""
    previous = 0
    for locator in state["sections"]["locators"]:
        nsid = locator["nsid"]
        if nsid <= previous:
            raise Refused(12, f"locators: nsid {nsid} follows nsid {previous}")
        if nsid not in attached(state):
            raise Refused(12, f"locator of nsid {nsid}: the namespace is not attached")
        previous = nsid


def check_registers(state):
    """Section 2."""
    registers = state["sections"]["registers"]
    cc, csts, aqa, asq, acq = (number(registers[name]) for name in ("cc", "csts", "aqa", "asq", "acq"))
    if cc & ~CC_BITS:
        raise Refused(2, f"CC: {cc:#x}, bits {CC_BITS:#x} can be set")
    if csts & ~(CSTS_RDY | CSTS_CFS | CSTS_SHST | CSTS_NSSRO) or csts & CSTS_SHST == CSTS_SHST or \
            (csts & CSTS_RDY and not cc & 1):
        raise Refused(2, f"CSTS: {csts:#x} is impossible with CC {cc:#x}")
    if aqa & ~0x0fff0fff:
        raise Refused(2, f"AQA: {aqa:#x}, bits 0xfff0fff can be set")
    if (asq | acq) & 0xfff:
        raise Refused(2, f"ASQ {asq:#x}, ACQ {acq:#x}: not on a page boundary")
    if not enabled(state):
        return
    if cc >> 7 & 0xf > 4 or cc >> 11 & 7 or cc >> 4 & 7 not in (0, 6):
        raise Refused(2, f"CC: {cc:#x} cannot be enabled here")
    if not aqa & 0xfff or not aqa >> 16 or (asq | acq) % page_size(state):
        raise Refused(2, f"admin queues: AQA {aqa:#x}, ASQ {asq:#x}, ACQ {acq:#x} cannot be enabled")
    if asq + 64 * ((aqa & 0xfff) + 1) > ADDRESS_LIMIT or acq + 16 * ((aqa >> 16) + 1) > ADDRESS_LIMIT:
        raise Refused(2, f"admin queues: addresses below {ADDRESS_LIMIT:#x} here, ASQ {asq:#x}, ACQ {acq:#x} in the "
                         "stream")


def check_admin_queue(state):
    """Section 3."""
    admin, registers = state["sections"]["admin queue"], state["sections"]["registers"]
    flags, aqa = number(admin["flags"]), number(registers["aqa"])
    if flags & ~3:
        raise Refused(3, f"admin queue flags: {flags:#x}, bits 0x3 are defined")
    if enabled(state) and not flags & 1:
        raise Refused(3, f"admin queue flags: {flags:#x} with CSTS {registers['csts']}")
    if not enabled(state):
        positions = [admin[name] for name in ("sq_head", "sq_tail", "cq_head", "cq_tail")]
        if any(positions) or flags:
            raise Refused(3, f"admin queue: flags {flags:#x}, positions {positions} of a controller that is not "
                             "enabled")
        return
    for kind, short, size in (("submission", "sq", (aqa & 0xfff) + 1), ("completion", "cq", (aqa >> 16) + 1)):
        head, tail = admin[short + "_head"], admin[short + "_tail"]
        if max(head, tail) >= size:
            raise Refused(3, f"admin {kind} queue: head {head}, tail {tail} of {size} entries")


# Features of one word for the whole controller: identifier and selector, the bits that can be set.
WORDS = {
    (0x01, 0): 0xffffff07, (0x02, 0): 0xe0, (0x04, 0): 0xffff, (0x04, 0x10): 0xffff, (0x06, 0): 1,
    (0x07, 0): 0xffffffff, (0x08, 0): 0xffff, (0x0a, 0): 1, (0x0b, 0): 0x1ff, (0x0f, 0): 0xffffffff, (0x19, 0): 0,
}
# Features that are data structures: whether the data can be. That of 16h has no trailing zeroes.
DATA = {
    0x16: lambda data: not data or (len(data) == 4 and data[0] == 1 and not any(data[1:])),
    0x81: lambda data: len(data) == 16,
}
SAVEABLE = {0x01, 0x02, 0x04, 0x05, 0x06, 0x08, 0x0a, 0x0b}
# Features of a namespace: the values that can be.
PER_NAMESPACE = {0x05: lambda value: value <= 0xffff, 0x82: lambda value: not value & ~0xe,
                 0x84: lambda value: value == 1}


def feature_fits(state, feature):
    """Whether an entry of the features section can be."""
    fid, selector, nsid, value = (number(feature[name]) for name in ("feature", "selector", "nsid", "value"))
    length = len(feature.get("data", "")) // 2
    if feature["select"] == 2 and (fid not in SAVEABLE or not number(state["sections"]["identity"]["oncs"]) & 0x10):
        return False
    if fid == 0x82 and not number(state["sections"]["identity"]["oncs"]) & ONCS_RESERVATIONS:
        return False
    if fid in PER_NAMESPACE:
        return nsid in attached(state) and PER_NAMESPACE[fid](value) and not selector and not length
    if fid == 0x09:
        return selector < state["sections"]["identity"]["vectors"] and value & ~0x10000 == selector and not nsid and \
            not length
    if fid in DATA:
        data = bytes.fromhex(feature.get("data", ""))
        return DATA[fid](data) and not nsid and not selector and value <= (fid == 0x81)
    return (fid, selector) in WORDS and not value & ~WORDS[fid, selector] and not nsid and not length


def check_features(state):
    """Section 4."""
    seen, previous = set(), (0, 0, 0, 0)
    for feature in state["sections"]["features"]:
        fid, selector = number(feature["feature"]), number(feature["selector"])
        key = (fid, feature["select"], feature["nsid"], selector)
        if feature["select"] not in (0, 2):
            raise Refused(4, f"feature {fid:02x}h: select 0 or 2 here, {feature['select']} in the stream")
        if key <= previous:
            raise Refused(4, f"feature {fid:02x}h: out of order or twice, select {feature['select']}, nsid "
                             f"{feature['nsid']}, selector {selector:#x}")
        if not feature_fits(state, feature):
            raise Refused(4, f"feature {fid:02x}h: {'saved' if feature['select'] else 'current'} value "
                             f"{feature['value']}, nsid {feature['nsid']}, selector {feature['selector']}, "
                             f"{len(feature.get('data', '')) // 2} bytes cannot be taken here")
        seen.add(key)
        previous = key
    required = {(fid, 0, 0, selector) for fid, selector in WORDS} | {(fid, 0, 0, 0) for fid in DATA}
    if not required <= seen:
        raise Refused(4, f"features: {len(required - seen)} of {len(required)} are missing")
    granted, most = feature_value(state, 0x07), max(state["sections"]["identity"]["queues"] - 2, 0)
    if max(granted & 0xffff, granted >> 16) > most:
        raise Refused(4, f"Number of Queues: at most {most << 16 | most:#x} here, {granted:#x} in the stream")
    if feature_value(state, 0x06) and not number(state["sections"]["identity"]["vwc"]) & 1:
        raise Refused(4, "feature 06h: value 0x1 without a volatile write cache")


def feature_value(state, fid):
    """Current value of a feature of one word."""
    return next(number(feature["value"]) for feature in state["sections"]["features"]
                if number(feature["feature"]) == fid and feature["select"] == 0)


def check_queue(state, kind, queue, previous, granted):
    """One I/O queue by itself."""
    qid, entries, address = queue["qid"], queue["entries"], number(queue["address"])
    most = (number(state["sections"]["identity"]["cap"]) & 0xffff) + 1
    size = entries * (64 if kind == "submission" else 16)
    if not enabled(state):
        raise Refused(0, f"{kind} queue {qid}: the controller is not enabled")
    if qid <= previous:
        raise Refused(0, f"{kind} queue {qid} follows queue {previous}")
    if qid > granted:
        raise Refused(0, f"{kind} queue {qid}: {granted} queues were granted")
    if not 2 <= entries <= most:
        raise Refused(0, f"{kind} queue {qid}: at most {most} entries here, {entries} in the stream")
    if address % page_size(state):
        raise Refused(0, f"{kind} queue {qid}: pages of {page_size(state)} bytes here, address {address:#x} in the "
                         "stream")
    if address + size > ADDRESS_LIMIT:
        raise Refused(0, f"{kind} queue {qid}: addresses below {ADDRESS_LIMIT:#x} here, {size} bytes at {address:#x} "
                         "in the stream")
    if max(queue["head"], queue["tail"]) >= entries:
        raise Refused(0, f"{kind} queue {qid}: head {queue['head']}, tail {queue['tail']} of {entries} entries")


def check_queues(state):
    """The NVMe Controller State."""
    granted = feature_value(state, 0x07)
    previous = 0
    for queue in state["submission queues"]:
        check_queue(state, "submission", queue, previous, (granted & 0xffff) + 1)
        attributes = number(queue["attributes"])
        if not attributes & 1 or attributes > 7:
            raise Refused(0, f"submission queue {queue['qid']}: attributes {attributes:#x}")
        previous = queue["qid"]
    previous = 0
    for queue in state["completion queues"]:
        check_queue(state, "completion", queue, previous, (granted >> 16) + 1)
        attributes = number(queue["attributes"])
        if not attributes & 1 or attributes & 0xfff8:
            raise Refused(0, f"completion queue {queue['qid']}: attributes {attributes:#x}")
        vectors = state["sections"]["identity"]["vectors"]
        if attributes >> 16 >= vectors:
            raise Refused(0, f"completion queue {queue['qid']}: {vectors} vectors here, vector {attributes >> 16} in "
                             "the stream")
        previous = queue["qid"]
    existing = {queue["qid"] for queue in state["completion queues"]}
    for queue in state["submission queues"]:
        if queue["cqid"] not in existing:
            raise Refused(0, f"submission queue {queue['qid']}: completion queue {queue['cqid']} does not exist")


def check_queue_memory(state):
    """No two queues lie on the same bytes."""
    if not enabled(state):
        return
    registers = state["sections"]["registers"]
    aqa = number(registers["aqa"])
    queues = [("admin submission queue", number(registers["asq"]), 64 * ((aqa & 0xfff) + 1)),
              ("admin completion queue", number(registers["acq"]), 16 * ((aqa >> 16) + 1))]
    for kind, size in (("submission", 64), ("completion", 16)):
        queues += [(f"{kind} queue {queue['qid']}", number(queue["address"]), size * queue["entries"])
                   for queue in state[kind + " queues"]]
    order = sorted(range(len(queues)), key=lambda index: queues[index][1])
    for neighbours in zip(order, order[1:]):
        if queues[neighbours[0]][1] + queues[neighbours[0]][2] > queues[neighbours[1]][1]:
            names = [f"{queues[index][0]} ({queues[index][1]:#x}, {queues[index][2]} bytes)"
                     for index in sorted(neighbours)]
            raise Refused(0, f"queue memory: {names[0]} overlaps {names[1]}")


def check_events(state):
    """Section 5."""
    events, identity = state["sections"]["events"], state["sections"]["identity"]
    most = identity["aerl"] + 1 if enabled(state) else 0
    if len(events["requests"]) > most:
        raise Refused(5, f"Asynchronous Event Requests: at most {most} here, {len(events['requests'])} in the stream")
    if len(events["pending"]) > MOST_EVENTS:
        raise Refused(5, f"pending events: at most {MOST_EVENTS} here, {len(events['pending'])} in the stream")
    if number(events["masked"]) & ~EVENT_TYPES:
        raise Refused(5, f"masked events: types {EVENT_TYPES:#x} here, mask {events['masked']} in the stream")
    for index, event in enumerate(events["pending"]):
        if not EVENT_TYPES >> event["type"] & 1:
            raise Refused(5, f"event {index}: types {EVENT_TYPES:#x} here, type {event['type']} in the stream")


def check_logs(state):
    """Sections 6 and 8."""
    log, identity = state["sections"]["error log"], state["sections"]["identity"]
    entries = len(log["entries"])
    if entries > identity["elpe"] + 1:
        raise Refused(6, f"error log: at most {identity['elpe'] + 1} entries here, {entries} in the stream")
    changed = state["sections"]["changed namespaces"]
    if len(changed) > MOST_CHANGED:
        raise Refused(8, f"changed namespaces: at most {MOST_CHANGED} here, {len(changed)} in the stream")
    if changed == [ALL_NSID]:
        return
    previous = 0
    for nsid in changed:
        if not previous < nsid <= identity["namespaces"]:
            raise Refused(8, f"changed namespaces: nsid {nsid} after {previous}, of {identity['namespaces']}")
        previous = nsid


def check_unposted(state):
    """Section 10."""
    unposted = state["sections"]["unposted completions"]
    existing = {queue["qid"] for queue in state["completion queues"]} | ({0} if enabled(state) else set())
    if len(unposted) > MOST_UNPOSTED:
        raise Refused(10, f"unposted completions: at most {MOST_UNPOSTED} here, {len(unposted)} in the stream")
    for index, entry in enumerate(unposted):
        if entry["cqid"] not in existing:
            raise Refused(10, f"unposted completion {index}: completion queue {entry['cqid']} does not exist")
        if number(entry["status"]) & 1:
            raise Refused(10, f"unposted completion {index}: phase tag 0 expected, 1 in the stream")


def check_timers(state):
    """Section 11."""
    timers, period = state["sections"]["timers"], feature_value(state, 0x0f) * 1000000
    if timers["keep_alive_ns"] != NO_TIMER and timers["keep_alive_ns"] > period:
        raise Refused(11, f"Keep Alive Timer: {timers['keep_alive_ns']} ns left of {period} ns")
    if timers["timestamp_ms"] >> 48 or timers["timestamp_ns"] >= 1000000 or timers["timestamp_origin"] > 1 or \
            timers["timestamp_synch"] > 1:
        raise Refused(11, f"timestamp: {timers['timestamp_ms']:#x} ms, {timers['timestamp_ns']} ns, origin "
                          f"{timers['timestamp_origin']}, synch {timers['timestamp_synch']}")


def check_reservations(state):
    """Section 13."""
    previous = 0
    for reservation in state["sections"]["reservations"]:
        nsid, kind, holder = reservation["nsid"], reservation["type"], reservation["holder"]
        registrants = reservation["registrants"]
        if nsid <= previous:
            raise Refused(13, f"reservations: nsid {nsid} follows nsid {previous}")
        if nsid not in attached(state):
            raise Refused(13, f"reservation of nsid {nsid}: not attached here, attached in the stream")
        if len(registrants) > MOST_REGISTRANTS:
            raise Refused(13, f"registrants of nsid {nsid}: at most {MOST_REGISTRANTS} here, {len(registrants)} in the "
                              "stream")
        if kind > 6 or reservation["ptpl"] > 1:
            raise Refused(13, f"reservation of nsid {nsid}: type up to 6 and PTPL up to 1 here, {kind} and "
                              f"{reservation['ptpl']} in the stream")
        if kind and not registrants or (holder >= len(registrants) if kind in range(1, 5) else holder != NOBODY):
            raise Refused(13, f"reservation of nsid {nsid}: type {kind}, holder {holder:#x} of {len(registrants)} "
                              "registrants")
        if not registrants and not reservation["generation"] and not reservation["ptpl"]:
            raise Refused(13, f"reservation of nsid {nsid}: neither registrants nor generation nor PTPL")
        hosts = [bytes(16)] + [bytes.fromhex(registrant["host_id"]) for registrant in registrants]
        for before, after in zip(hosts, hosts[1:]):
            if after <= before:
                raise Refused(13, f"registrants of nsid {nsid}: host id {after.hex()} follows {before.hex()}")
        previous = nsid


def check_notices(state):
    """Section 14."""
    log, identity = state["sections"]["reservation notifications"], state["sections"]["identity"]
    if len(log["entries"]) > MOST_NOTICES:
        raise Refused(14, f"reservation notifications: at most {MOST_NOTICES} here, {len(log['entries'])} in the "
                          "stream")
    if log["count"] and not number(identity["oncs"]) & ONCS_RESERVATIONS:
        raise Refused(14, f"reservation notifications: {log['count']:#x} with ONCS {identity['oncs']}")
    csts = state["sections"]["registers"]["csts"]
    if log["count"] and not number(csts) & CSTS_RDY:
        raise Refused(14, f"reservation notifications: {log['count']:#x} with CSTS {csts}")
    previous = 0
    for notice in log["entries"]:
        if notice["count"] in (0, previous):
            raise Refused(14, f"reservation notification: count {notice['count']:#x} follows {previous:#x}")
        if not 1 <= notice["type"] <= 3 or not 1 <= notice["nsid"] <= identity["namespaces"]:
            raise Refused(14, f"reservation notification: types 1 to 3, nsid up to {identity['namespaces']} here, "
                              f"{notice['type']}, {notice['nsid']} in the stream")
        previous = notice["count"]
    if log["entries"] and previous != log["count"]:
        raise Refused(14, f"reservation notifications: count {log['count']:#x}, the newest has {previous:#x}")


def check_shadow(state):
    """Section 15."""
    shadow, page = state["sections"]["shadow doorbells"], page_size(state)
    doorbells, indexes = number(shadow["doorbells"]), number(shadow["event_indexes"])
    problem = None
    if not doorbells and not indexes:
        return
    if not enabled(state):
        problem = "the controller is not enabled"
    elif not number(state["sections"]["identity"]["oacs"]) & 0x100:
        problem = "Doorbell Buffer Config is not offered"
    elif not doorbells or not indexes:
        problem = "there is one without the other"
    elif (doorbells | indexes) % page:
        problem = "not on a page boundary"
    elif max(doorbells, indexes) + page >= 1 << 64:
        problem = "the page wraps around"
    elif doorbells == indexes:
        problem = "both are the same page"
    if problem:
        raise Refused(15, f"shadow doorbells at {doorbells:#x}, event indexes at {indexes:#x}: {problem}")
    granted = feature_value(state, 0x07)
    queues = max(granted & 0xffff, granted >> 16) + 1
    if queues > page // 8 - 1:
        raise Refused(15, f"shadow doorbells: at most {page // 8 - 1} I/O queues here, {queues} in the stream")


CHECKS = [check_identity, check_namespaces, check_registers, check_admin_queue, check_features, check_queues,
          check_queue_memory, check_shadow, check_events, check_logs, check_unposted, check_timers, check_locators,
          check_reservations, check_notices]


def decode(data):
    """A state as a dictionary; raises Refused."""
    state, _ = take_apart(data)
    for check in CHECKS:
        check(state)
    return state


# ---- putting together ----


def encode_section(kind, version, flags, payload):
    """A section with its header."""
    head = {"type": kind, "version": version, "flags": flags, "length": len(payload), "crc": 0}
    head["crc"] = crc32c(build(SECTION, head) + payload)
    return build(SECTION, head) + payload


def encode(state):
    """The bytes of a state that decode() has returned."""
    kinds = {name: kind for kind, name in SECTIONS.items()}
    sections = []
    for name, value in state["sections"].items():
        if name in kinds:
            sections.append(encode_section(kinds[name], 1, 0, PAYLOADS[name][1](value)))
        else:
            sections.append(encode_section(int(name.split()[1]), value["version"], value["flags"],
                                           bytes.fromhex(value["payload"])))
    submission, completion = state["submission queues"], state["completion queues"]
    queues = (build(NVME_STATE, {"version": 0, "submission_queues": len(submission),
                                 "completion_queues": len(completion)}) +
              b"".join(queue_bytes(SUBMISSION_QUEUE, queue) for queue in submission) +
              b"".join(queue_bytes(COMPLETION_QUEUE, queue) for queue in completion))
    vendor_size = 32 + sum(len(section) for section in sections)
    standard = build(CONTAINER, {"version": 0, "attributes": state["container"]["attributes"],
                                 "nvme_dwords": len(queues) // 4, "nvme_dwords_high": 0,
                                 "vendor_dwords": vendor_size // 4, "vendor_dwords_high": 0}) + queues
    major, minor = (int(part) for part in state["vendor"]["version"].split("."))
    vendor = {"uuid": uuid.UUID(state["vendor"]["uuid"]).hex, "major": major, "minor": minor, "sections": len(sections),
              "nvme_crc": crc32c(standard), "crc": 0}
    vendor["crc"] = crc32c(build(VENDOR, vendor))
    return standard + build(VENDOR, vendor) + b"".join(sections)


def annotate(data):
    """Lines of offset, bytes, fields and values; zeroes at the end of long fields are counted."""
    lines = []
    for offset, raw, name, value in take_apart(data)[1]:
        shown = raw if len(raw) <= ONE_LINE and any(raw) or len(raw) <= 8 else raw.rstrip(b"\0")
        zeroes = len(raw) - len(shown)
        text = name if value is None else f"{name} {value}"
        if len(text) > 70:
            text = name
        rows = [(at, shown[at:at + ONE_LINE].hex(" ")) for at in range(0, len(shown), ONE_LINE)]
        if zeroes:
            rows.append((len(shown), f"{zeroes} x 00"))
        for at, row in rows:
            lines.append(f"{offset + at:04x}  {row:<47}  {'' if at else text}".rstrip())
    return lines


def main(arguments):
    """Print a state."""
    as_hex = arguments[:1] == ["--hex"]
    files = arguments[as_hex:]
    if len(files) != 1 or files[0].startswith("-"):
        print("usage: cstate.py [--hex] FILE", file=sys.stderr)
        return 2
    with open(files[0], "rb") as file:
        data = file.read()
    try:
        print("\n".join(annotate(data)) if as_hex else json.dumps(decode(data), indent=1))
    except Refused as refused:
        print(f"refused, section {refused.section}: {refused.reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
