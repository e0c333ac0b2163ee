# SPDX-License-Identifier: BSD-2-Clause
"""A VF that the migration driver does not have has a record too: its controlling function is asked, if that is of a kind that is
known to have records. The record is one of ctrl/'s own."""

import tempfile
from pathlib import Path

from program import expect, finish
from host import PF, Host, vf


def main():
    """The records of a device's controllers, alone and compared."""
    with tempfile.TemporaryDirectory() as scratch:
        host = Host(Path(scratch))
        expect(host.nvmove("provision", PF, "--vf", 1, "--queues", 5, "--vectors", 4, "--vfs", 2).code == 0, "VFs")
        expect(host.nvmove("unprovision", PF, "--vf", 1).code == 0, "a VF without a driver")
        answer = host.nvmove("record", "--json", vf(1))
        told = answer.json() or {"identity": {}}
        expect(answer.code == 0 and (told["identity"].get("serial"), told["identity"].get("cntlid")) == ("UNIT0001", 8) and
               [entry["nsid"] for entry in told["namespaces"]] == [2, 3], "controller 8's record", answer)
        other = host.nvmove("record", "--json", vf(2)).json() or {"identity": {}}
        expect(other["identity"].get("cntlid") == 9 and [entry["nsid"] for entry in other["namespaces"]] == [3],
               f"controller 9's record: {other}")
        expect(host.nvmove("check", vf(1), vf(1)).code == 0, "a controller and itself")
        answer = host.nvmove("check", "--json", vf(1), vf(2))
        expect(answer.code == 1 and [reason["field"] for reason in answer.json()["reasons"]] == ["controller id", "nsid 2"],
               "two controllers of a device", answer)
        host.fail("open")
        answer = host.nvmove("record", vf(1))
        expect(answer.code == 2 and "only root" in answer.err and not answer.out, "without permission", answer)
        host.fail("formats")
        answer = host.nvmove("record", vf(1))
        expect(answer.code == 2 and "not a device that is known" in answer.err, "a device of another kind is asked (R8)", answer)
        (host.devices / vf(1) / "vendor").write_text("0x8086\n", encoding="utf-8")
        (host.devices / vf(1) / "device").write_text("0x1457\n", encoding="utf-8")
        expect(host.nvmove("check", vf(1), vf(1)).code == 0, "a device of the vendor commands")
        host.fail("log")
        answer = host.nvmove("record", vf(1))
        expect(answer.code == 2 and "refused with status" in answer.err, "a device that refuses", answer)
        host.fail(None)
        (host.devices / vf(1) / "physfn").unlink()
        answer = host.nvmove("record", vf(1))
        expect(answer.code == 2 and "nor a VF" in answer.err, "a function that nobody controls", answer)
        (host.devices / vf(1) / "physfn").symlink_to("../0000:02:00.0")
        answer = host.nvmove("record", vf(1))
        expect(answer.code == 2 and "is not the nvme driver's" in answer.err, "a controlling function of another driver", answer)
    finish()


main()
