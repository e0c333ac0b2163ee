# SPDX-License-Identifier: BSD-2-Clause
"""Where nvmove record and nvmove check take records from: files, functions of this host, other hosts; each that has none
is told why."""

import os
import tempfile
from pathlib import Path

from program import NVMOVE, VECTORS, expect, finish, nvmove
import records

RECORD = records.encode(records.BASE)
VF, PLAIN, BROKEN, UNABLE = (f"0000:01:00.{function}" for function in range(1, 5))
SSH = """#!/bin/sh
[ "$1" = -- ] || exit 90
shift
echo "$*" >> "$SSH_LOG"
[ "$1" = down ] && { echo "ssh: no route to host down" >&2; exit 255; }
[ "$1" = mute ] && exit 0
shift
exec "$NVMOVE_THERE" "$2" "$3"
"""


def make_host(root):
    """A host with four functions, of which one has a record."""
    devices = root / "sys" / "bus" / "pci" / "devices"
    for address, record in ((VF, records.question(RECORD)), (PLAIN, None), (BROKEN, b"broken"), (UNABLE, b"")):
        (devices / address).mkdir(parents=True)
        if record is not None:
            (devices / address / "migration").mkdir()
            (devices / address / "migration" / "compat").write_bytes(record)
    (devices / UNABLE / "migration" / "reason").write_text("no such command\n", encoding="utf-8")
    ssh = root / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(SSH, encoding="utf-8")
    ssh.chmod(0o755)
    return {**os.environ, "NVMOVE_SYSFS": str(root / "sys"), "PATH": f"{ssh.parent}:{os.environ['PATH']}",
            "SSH_LOG": str(root / "log"), "NVMOVE_THERE": str(Path(NVMOVE).resolve())}


def check_functions(environment, root):
    """A function's record, whole and alone."""
    written = root / "written"
    for source in (VF, VF[5:], f"ssh:there:{VF}", f"ssh:root@there:{VF[5:]}", f"ssh:[fe80::1]:{VF}"):
        answer = nvmove("record", "--output", written, source, env=environment)
        expect(answer.code == 0 and written.read_bytes() == RECORD, f"{source}: another record", answer)
        written.write_bytes(b"")
        answer = nvmove("check", VF, source, env=environment)
        expect(answer.code == 0, f"{source}: not compatible with itself", answer)
    asked = (root / "log").read_text().splitlines()
    expect(asked[0] == f"there nvmove record {VF}", "ssh is not asked for the record")
    expect(f"fe80::1 nvmove record {VF}" in asked and not any("[" in line for line in asked), "ssh is given brackets, which it takes for a name")
    answer = nvmove("record", "--json", VF, env=environment)
    told = answer.json() or {}
    expect(answer.code == 0 and told.get("identity") == records.BASE["identity"] and
           told.get("limits", {}).get("queue_entries") == 65536 and told.get("namespaces") == records.BASE["namespaces"] and
           told.get("locators") == records.BASE["locators"] and told.get("policy") == "check", "the record in JSON", answer)
    for name, data in (("record", RECORD), ("question", records.question(RECORD))):
        written.write_bytes(data)
        for command in ("show", "verify"):
            answer = nvmove("state", command, "--json", written)
            shown = answer.json() or {}
            expect(answer.code == 0 and (shown.get("valid") or shown.get("compatibility record") == told),
                   f"state {command} of a {name}", answer)


def check_refused(environment, root):
    """What has no record, each for its own reason."""
    damaged = root / "damaged"
    damaged.write_bytes(RECORD[:-1] + bytes([RECORD[-1] ^ 1]))
    for source, word in ((PLAIN, "neither bound to nvme-vfio-pci nor a VF"), ("0000:02:00.0", "no such PCI function"), (BROKEN, "neither"), (UNABLE, "cannot migrate: no such command"),
                         (f"ssh:down:{VF}", "exit code 255"), (f"ssh:mute:{VF}", "neither"),
                         (f"ssh:there:{PLAIN}", "exit code 2"), ("ssh:there", "ssh:HOST:FUNCTION"),
                         ("ssh:there:0000:01:00.1;reboot", "ssh:HOST:FUNCTION"), (f"ssh::{VF}", "ssh:HOST:FUNCTION"),
                         (VECTORS / "idle.bin", "neither"), ("/nowhere", "No such file"), ("/dev/null", "neither"),
                         (damaged, "CRC")):
        for command in (("record",), ("check", VF)):
            answer = nvmove(*command, source, env=environment)
            expect(answer.code == 2 and word in answer.err and not answer.out, f"{command[0]} {source}: {word!r} expected",
                   answer)
    expect("reboot" not in (root / "log").read_text(), "what is no address reached ssh")
    answer = nvmove("state", "verify", damaged)
    expect(answer.code == 1 and "CRC" in answer.out, "a damaged record is valid", answer)


def become_nobody():
    """Drop root's right to read everything."""
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)


def check_permission(environment, root):
    """Only root reads records: they identify."""
    for path in (root, *root.rglob("*")):
        path.chmod(0o755)
    (root / "sys" / "bus" / "pci" / "devices" / VF / "migration" / "compat").chmod(0)
    answer = nvmove("record", VF, env=environment, preexec_fn=become_nobody)
    expect(answer.code == 2 and "only root" in answer.err, "a record for everybody", answer)


with tempfile.TemporaryDirectory() as scratch:
    host = make_host(Path(scratch))
    check_functions(host, Path(scratch))
    check_refused(host, Path(scratch))
    check_permission(host, Path(scratch))
finish()
