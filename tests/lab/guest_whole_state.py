# SPDX-License-Identifier: BSD-2-Clause
"""Nothing is left behind: what a guest's nvme-cli reads of its controller before a move is what it reads after it.

Four namespaces of two block sizes, a reservation held and another registered, features far from their defaults, a full
completion queue, two events that nobody could report yet. R1.
"""

import json
import struct
import sys
import time

from nvmovelab import kernellog, provision, workload
from nvmovelab.paths import PROJECT
from nvmovelab.subsystem import LARGE_BLOCKS, SHARED, SHARED_SMALL, SPARE, WHOLE_STATE_VF

sys.path.insert(0, str(PROJECT / "tests" / "vectors"))
import cstate  # noqa: E402  (the document's own reader of the format, tests/vectors)

CNTLID = WHOLE_STATE_VF + 1
HELD, REGISTERED = (namespace.nsid for namespace in LARGE_BLOCKS)
NSIDS = [SHARED.nsid, SHARED_SMALL.nsid, HELD, REGISTERED]
KEY, FOREIGN_KEY = "0xabcdef01", "0x5eed"
HOST_ID = "0102030405060708090a0b0c0d0e0f10"
FOREIGN_HOST_ID = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
# An entry of a submission queue is one command, so the queue below is full with one unread completion.
QUEUE_DEPTH = 2
STATE_BYTES = 65536
# The command by which a PF hands out the state: Get Controller State of Migration Receive, or SAVE_DATA.
GET_STATE = {
    "hmlm": f"--opcode=0x42 --cdw10={1 << 16:#x} --cdw11={1 << 16 | CNTLID:#x} --cdw15={STATE_BYTES // 4 - 1}",
    "rfc": f"--opcode=0xd2 --cdw10={WHOLE_STATE_VF}",
}

# Features whose value is one dword: identifier, value to set.
WORDS = {0x01: 0x04030201, 0x04: 0x0000015e, 0x08: 0x0000_0305, 0x0a: 0x1}
SAVED = {0x01: 0x01010102}
# What goes on while nobody looks; it never goes back.
GROWING = {"data_units_read", "data_units_written", "host_read_commands", "host_write_commands", "controller_busy_time",
           "power_on_hours"}


def _set(fid, value, nsid=None, save=False):
    return (f"nvme set-feature /dev/nvme0 -f {fid:#x} -V {value:#x}" + (f" -n {nsid}" if nsid else "")
            + (" --save" if save else "") + " >/dev/null")


def _host_id(text):
    return (f"printf '{''.join(chr(92) + 'x' + text[i:i + 2] for i in range(0, 32, 2))}' >/tmp/hostid && "
            "nvme set-feature /dev/nvme0 -f 0x81 -V 1 -l 16 -d /tmp/hostid >/dev/null")


def _device(nsid):
    """Shell words for a namespace's device: Linux takes I/O commands there, not at the controller's, and numbers disks in
    the order in which it found them."""
    return f"/dev/$(grep -lx {nsid} /sys/block/nvme[0-9]n*/nsid | cut -d/ -f4)"


def _prepare(guest):
    """Bring the guest's controller far from its defaults."""
    # the driver is in use as long as it looks at its namespaces
    guest.sh("for i in $(seq 600); do rmmod nvme 2>/dev/null && break; sleep 0.1; done; "
             f"insmod /modules/nvme.ko io_queue_depth={QUEUE_DEPTH} && "
             f"for i in $(seq 600); do [ $(ls -d /sys/block/nvme0n* 2>/dev/null | wc -l) = {len(NSIDS)} ] && exit 0; "
             "sleep 0.1; done; exit 1", 300)
    script = [_host_id(HOST_ID)]
    script += [_set(fid, value) for fid, value in WORDS.items()]
    script += [_set(fid, value, save=True) for fid, value in SAVED.items()]
    script += [_set(0x01, WORDS[0x01]), _set(0x05, 0x1234, nsid=HELD), _set(0x84, 1, nsid=REGISTERED)]
    for nsid in (HELD, REGISTERED):
        script.append(f"nvme resv-register {_device(nsid)} --nrkey={KEY} --rrega=0 >/dev/null")
    script.append(f"nvme resv-acquire {_device(HELD)} --crkey={KEY} --rtype=1 --racqa=0 >/dev/null")
    # refused: entries of the error log
    script.append("for i in 1 2 3; do nvme admin-passthru /dev/nvme0 --opcode=0xff >/dev/null 2>&1; done; true")
    for line in script:
        guest.sh(line)


def _questions():
    """Shell commands, by a name: everything that nvme-cli can read of a controller."""
    found = {"error log": "error-log /dev/nvme0 -o json", "health": "smart-log /dev/nvme0 -o json",
             "firmware log": "fw-log /dev/nvme0 -o json", "effects log": "effects-log /dev/nvme0 --csi=0 -o json",
             "controller": "id-ctrl /dev/nvme0 -o json", "I/O command sets": "id-iocs /dev/nvme0",
             "controllers": "list-ctrl /dev/nvme0 -o json", "timestamp": "get-feature /dev/nvme0 -f 0x0e -l 8 -b | od -tx8"}
    for fid in (0x01, 0x02, 0x04, 0x06, 0x07, 0x08, 0x0a, 0x0b, 0x0f):
        for select in range(4):
            found[f"feature {fid:#04x}, select {select}"] = f"get-feature /dev/nvme0 -f {fid:#x} -s {select}"
    for vector in range(provision.VECTORS):
        found[f"feature 0x09 of vector {vector}"] = f"get-feature /dev/nvme0 -f 0x09 --cdw11={vector}"
    found["host behavior"] = "get-feature /dev/nvme0 -f 0x16 -l 512"
    found["host id"] = "get-feature /dev/nvme0 -f 0x81 --cdw11=1 -l 16"
    for nsid in NSIDS:
        found[f"nsid {nsid}"] = f"id-ns /dev/nvme0 -n {nsid} -o json"
        found[f"nsid {nsid}, descriptors"] = f"ns-descs /dev/nvme0 -n {nsid} -o json"
        found[f"nsid {nsid}, independent"] = f"cmdset-ind-id-ns /dev/nvme0 -n {nsid} -o json"
        for fid in (0x05, 0x82, 0x83, 0x84):
            found[f"nsid {nsid}, feature {fid:#04x}"] = f"get-feature /dev/nvme0 -f {fid:#x} -n {nsid}"
    found["reservation"] = f"resv-report {_device(HELD)} --eds -o json"
    return found


def _observe(guest):
    """Every answer, by the question's name."""
    questions = _questions()
    script = "; ".join(f"echo '### {name}'; nvme {command} 2>&1; echo \"code $?\"" for name, command in questions.items())
    answers = {}
    for line in guest.sh(script, 600).splitlines():
        if line.startswith("### "):
            answers[name := line[4:]] = []
        else:
            answers[name].append(line)
    return {name: "\n".join(lines) for name, lines in answers.items()}


def _differences(before, after):
    """What is not as it was, except for what may only grow."""
    found = []
    for name, text in before.items():
        now = after[name]
        if name == "timestamp":
            found += [f"timestamp went back: {text} {now}"] if _timestamp(now) < _timestamp(text) else []
            continue
        if name == "health":
            text, now = (json.loads(t.rpartition("code")[0]) for t in (text, now))
            found += [f"{key} went back: {text[key]} {now[key]}" for key in GROWING if float(now[key]) < float(text[key])]
            text, now = ({k: v for k, v in t.items() if k not in GROWING} for t in (text, now))
        if text != now:
            found.append(f"{name}:\n{text}\nbefore,\n{now}\nafter")
    return found


def _timestamp(text):
    return int(text.split()[1], 16) & 0xffffffffffff


def _state(host):
    """The state of the suspended controller, as the PF hands it out, decoded."""
    pf = provision.pf_controller(host)
    host.sh(f"nvme admin-passthru /dev/{pf} {GET_STATE[host.protocol]} --data-len={STATE_BYTES} -r -b 2>/dev/null "
            ">/lab/whole-state")
    data = (host.share / "whole-state").read_bytes()
    # the container's header says how much of the buffer it filled
    nvme, _, vendor, _ = struct.unpack_from("<4Q", data, 16)
    return cstate.decode(data[:48 + 4 * (nvme + vendor)])


def _full(state):
    """Ids of the completion queues that have no room."""
    return [queue["qid"] for queue in state["completion queues"]
            if (queue["tail"] + 1) % queue["entries"] == queue["head"]]


def _stop_with_a_full_queue(bench, source):
    """Stop the guest's processor at a moment when a completion queue is full."""
    for _ in range(20):
        source.qmp.command("stop")
        if _full(_state(bench.a)):
            return
        source.qmp.command("cont")
        time.sleep(0.3)
    bench.expect(False, "no completion queue was full in 20 attempts")


def _attach_spare(host):
    host.sh(f"nvme attach-ns /dev/{provision.pf_controller(host)} -n {SPARE.nsid} -c {CNTLID}")


def _preempt(host):
    """The PF's host takes the guest's registration away: a reservation notification."""
    pf = f"/dev/{provision.pf_controller(host)}"
    host.sh(f"nvme attach-ns {pf} -n {REGISTERED} -c 1")
    host.sh(_host_id(FOREIGN_HOST_ID).replace("/dev/nvme0", pf))
    host.sh(f"for i in $(seq 600); do grep -qx {REGISTERED} /sys/block/nvme[0-9]n*/nsid && exit 0; sleep 0.1; done; exit 1")
    host.sh(f"nvme resv-register {_device(REGISTERED)} --nrkey={FOREIGN_KEY} --rrega=0")
    host.sh(f"nvme resv-acquire {_device(REGISTERED)} --crkey={FOREIGN_KEY} --prkey={KEY} --rtype=1 --racqa=1")


def _undo(bench):
    """What clear() does not: attachments and reservations outlive the VFs."""
    pf = f"/dev/{provision.pf_controller(bench.a)}"
    bench.a.sh(f"nvme resv-release {_device(REGISTERED)} --crkey={FOREIGN_KEY} --rrela=1; "
               f"nvme detach-ns {pf} -n {REGISTERED} -c 1")
    for host in bench.hosts:
        host.sh(f"nvme detach-ns /dev/{provision.pf_controller(host)} -n {SPARE.nsid} -c {CNTLID}")


def run(bench):
    """Prepare, stop with a full queue, let events happen, move, compare."""
    functions = [bench.vf(host, WHOLE_STATE_VF) for host in bench.hosts]
    source, guest = bench.boot_guest(bench.a, functions[0])
    _prepare(guest)
    before = _observe(guest)
    failed = [f"{name}: {text}" for name, text in before.items() if not text.endswith("code 0")]
    bench.expect_equal("questions that got no answer", failed, [])

    load = workload.Running(guest, workload.disk(guest, SHARED.nsid), size="8m")
    load.advance(2, "before the move")
    _stop_with_a_full_queue(bench, source)
    _attach_spare(bench.a)
    _preempt(bench.a)
    state = _state(bench.a)
    events = state["sections"]["events"]
    bench.expect(len(events["pending"]) >= 2, f"two events should be pending: {events}")
    bench.expect(_full(state), "the completion queue is full no more")

    _attach_spare(bench.b)
    destination = bench.await_guest(bench.b, functions[1], guest)
    info = source.migrate(destination)
    bench.expect_equal("migration", info["status"], "completed")
    destination.qmp.command("cont")
    guest.switch()
    load.advance(2, "after the move")
    found = load.finish()
    for name in ("io_errors", "verify_errors"):
        bench.expect_equal(name, found[name], 0)
    bench.expect_equal("what changed", _differences(before, _observe(guest)), [])

    guest.sh(f"for i in $(seq 600); do grep -qx {SPARE.nsid} /sys/block/nvme0n*/nsid && exit 0; sleep 0.1; done; exit 1", 300)
    notification = json.loads(guest.sh("nvme resv-notif-log /dev/nvme0 -o json"))
    bench.expect_equal("namespace of the reservation notification", notification["NSID"], REGISTERED)
    guest.sh(f"nvme resv-release {_device(HELD)} --crkey={KEY} --rrela=1; " + _set(0x84, 0, nsid=REGISTERED))
    _undo(bench)
    bench.expect_equal("guest's kernel log", kernellog.guest_trouble(guest), [])
