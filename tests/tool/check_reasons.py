# SPDX-License-Identifier: BSD-2-Clause
"""nvmove check: each planted incompatibility is found and named, alone; compatible pairs have none."""

import tempfile
from pathlib import Path

from program import expect, finish, nvmove
import records
from records import ADOPT, BASE, edited, namespaces

# What the destination has that the source has not, or the other way round: source, destination, the one field.
INCOMPATIBLE = [
    ("serial number", edited(identity={"serial": "ELSE"}), BASE),
    ("subsystem NQN", edited(identity={"subsystem_nqn": "nqn.2026-11.org.example:else"}), BASE),
    ("model number", BASE, edited(identity={"model": "else"})),
    ("firmware revision", BASE, edited(identity={"firmware": "9"})),
    ("PCI vendor id", edited(identity={"vendor_id": "0x1234"}), BASE),
    ("PCI subsystem vendor id", edited(identity={"subsystem_vendor_id": "0x1234"}), BASE),
    ("IEEE OUI", edited(identity={"ieee_oui": "123456"}), BASE),
    ("controller id", edited(identity={"cntlid": 77}), BASE),
    ("MDTS", edited(identity={"mdts": 7}), BASE),
    ("queue entries", edited(identity={"cap": "0x8400820140107ff"}), BASE),
    ("number of namespaces", edited(identity={"namespaces": 16}), BASE),
    ("VQ resources", edited(identity={"queues": 9}), BASE),
    ("VI resources", edited(identity={"vectors": 9}), BASE),
    ("OACS", edited(identity={"oacs": "0x0"}), BASE),
    ("ONCS", edited(identity={"oncs": "0xf9"}), BASE),
    ("Volatile Write Cache", edited(identity={"vwc": "0x6"}), BASE),
    ("VWC", edited(identity={"vwc": "0x5"}), BASE),
    ("VS", edited(identity={"version": "0x20100"}), BASE),
    ("CAP", edited(identity={"cap": "0x8400820150103ff"}), BASE),
    ("size of BAR0", edited(identity={"bar_size": 16384}), BASE),
    ("LPA", edited(identity={"lpa": "0xe"}), BASE),
    ("ACL", edited(identity={"acl": 7}), BASE),
    ("AERL", edited(identity={"aerl": 7}), BASE),
    ("ELPE", edited(identity={"elpe": 7}), BASE),
    ("NPSS", edited(identity={"npss": 1}), BASE),
    ("NWPC", edited(identity={"nwpc": "0x3"}), BASE),
    ("KAS", edited(identity={"kas": 10}), BASE),
    ("WCTEMP", edited(identity={"wctemp": 1}), BASE),
    ("CCTEMP", edited(identity={"cctemp": 1}), BASE),
    ("OAES", edited(identity={"oaes": "0x0"}), BASE),
    ("CTRATT", edited(identity={"ctratt": "0x40003"}), BASE),
    ("size of nsid 2", edited(namespaces=namespaces(1, blocks=17)), BASE),
    ("LBA format of nsid 2", edited(namespaces=namespaces(1, lba_shift=13)), BASE),
    ("private (1) and read-only (2) of nsid 2", edited(namespaces=namespaces(1, flags="0x3")), BASE),
    ("UUID of nsid 2", edited(namespaces=namespaces(1, uuid="11" * 16)), BASE),
    ("NGUID of nsid 2", edited(namespaces=namespaces(1, nguid="11" * 16)), BASE),
    ("EUI-64 of nsid 2", edited(namespaces=namespaces(1, eui64="11" * 8)), BASE),
    ("nsid 4", BASE, edited(namespaces=BASE["namespaces"][:3], locators=BASE["locators"][:1])),
    ("nsid 4", edited(namespaces=BASE["namespaces"][:3], locators=BASE["locators"][:1]), BASE),
    ("locator of nsid 1", BASE, edited(locators=[{"nsid": 1, "locator": "nfs://elsewhere"}])),
    ("format version", edited(state=(2, 0)), BASE),
    ("section 16", edited(written=0x1fffe), BASE),
    ("section 15", edited(written=0x7ffe), BASE),
    # What a destination that adopts identities cannot become.
    ("MDTS", edited(identity={"mdts": 7}), edited(policy=ADOPT, limits={"mdts": 6})),
    ("VQ resources", edited(identity={"queues": 9}), edited(policy=ADOPT, limits={"queues": 8})),
    ("ONCS", BASE, edited(policy=ADOPT, limits={"oncs": 0xf9})),
    ("LPA", edited(identity={"lpa": "0xe"}), edited(policy=ADOPT)),
    # One that has company does not adopt.
    ("serial number", edited(identity={"serial": "ELSE"}), edited(policy=ADOPT, members=2)),
]

COMPATIBLE = [
    ("the same", BASE, BASE),
    ("other resources free", edited(limits={"queues": 2, "vectors": 1}), BASE),
    ("another protocol", edited(protocols=0), BASE),
    ("a newer minor version", edited(state=(1, 9)), BASE),
    ("a locator that one side does not know", edited(locators=[]), BASE),
    ("an identity that is adopted", edited(identity={"serial": "ELSE", "model": "else", "cntlid": 77, "vendor_id": "0x1234",
                                                     "subsystem_nqn": "nqn.2026-11.org.example:else"}),
     edited(policy=ADOPT)),
    ("resources that are adopted", edited(identity={"queues": 64, "vectors": 64, "mdts": 8}), edited(policy=ADOPT)),
    ("an older reader's policy at the source", edited(policy=ADOPT), BASE),
]


def main():
    """Each pair, as lines and as JSON."""
    with tempfile.TemporaryDirectory() as scratch:
        source, destination = Path(scratch) / "source", Path(scratch) / "destination"
        for field, there, here in INCOMPATIBLE:
            source.write_bytes(records.encode(there))
            destination.write_bytes(records.encode(here))
            answer = nvmove("check", "--json", source, destination)
            told = answer.json() or {"reasons": [{"field": ""}]}
            expect((answer.code, told.get("compatible"), [reason["field"] for reason in told["reasons"]]) == (1, False, [field]),
                   f"{field} alone expected", answer)
            reason = told["reasons"][0]
            lines = nvmove("check", source, destination)
            expect(lines.code == 1 and lines.out.count("\n") == 2 and
                   f"  {field}: {reason.get('source')} there, {reason.get('destination')} here\n" in lines.out,
                   f"{field}: one line with both values expected", lines)
        for name, there, here in COMPATIBLE:
            source.write_bytes(records.encode(there))
            destination.write_bytes(records.encode(here))
            answer = nvmove("check", "--json", source, destination)
            told = answer.json() or {}
            expect((answer.code, told.get("compatible"), told.get("reasons")) == (0, True, []), f"{name}: no reason expected",
                   answer)
        source.write_bytes(records.encode(edited(identity={"serial": "ELSE", "queues": 9}, namespaces=namespaces(0, blocks=1))))
        destination.write_bytes(records.encode(BASE))
        expect(len((nvmove("check", "--json", source, destination).json() or {}).get("reasons", [])) == 3,
               "not all three reasons are told")
    expect(len({field for field, _, _ in INCOMPATIBLE}) >= 40, "fewer kinds of incompatibility than there were")
    finish()


main()
