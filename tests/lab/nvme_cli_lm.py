# SPDX-License-Identifier: BSD-2-Clause
"""nvme-cli's live-migration commands work on the PF: a VF's controller is suspended, its state read, set and resumed, its
changes of user data logged into a controller data queue; and what nvme-cli shows of the state is what the state says.

nvme-cli 2.13 has mistakes of its own; each is named where this test works around it.
"""

import json
import re
import struct
import sys

from nvmovelab import provision
from nvmovelab.paths import PROJECT
from nvmovelab.subsystem import SHARED

sys.path.insert(0, str(PROJECT / "tests" / "vectors"))
import cstate  # noqa: E402  (the document's own reader of the format, tests/vectors)

PROTOCOLS = ("hmlm",)
VF = 1
CNTLID = VF + 1
# Linux gives a host of one processor one queue pair, and one more for each of these.
MORE_QUEUES = ("write_queues", "poll_queues")
HEADER = 48
WHOLE, QUEUES, VENDOR = "--csvi=1 --csuuidi=1", "--csvi=1", "--csuuidi=1"
MIGRATION_SEND, SET_STATE, ONLY = 0x41, 2, 3
DATA_QUEUE, CONTIGUOUS = 0x45, 1
OFFLINE, ONLINE = 7, 9
INVALID_FIELD = "Invalid Field"

# nvme-cli has queues of this size in a huge page; that stays where it is when nvme-cli ends, if it is the only one.
HUGE_PAGE = 2 << 20
QUEUE_BYTES = 512 << 10
ENTRY = struct.Struct("<IIQ15xB")
PHASE, NO_RANGE = 1, 2
FIRST, STOPPED = 1, 2

# Where nvme-cli's names for a queue's fields and those of cstate.py meet; the sizes are 0-based here and 1-based there.
SUBMISSION = {"PRP Entry 1 (IOSQPRP1)": "address", "Queue Size (IOSQQSIZE)": "entries", "Identifier (IOSQQID)": "qid",
              "Completion Queue Identifier (IOSQCQID)": "cqid", "Attributes (IOSQA)": "attributes",
              "I/O Submission Queue Head Pointer (IOSQHP)": "head", "I/O Submission Queue Tail Pointer (IOSQTP)": "tail"}
COMPLETION = {"I/O Completion PRP Entry 1 (IOCQPRP1)": "address", "I/O Completion Queue Size (IOCQQSIZE)": "entries",
              "I/O Completion Queue Identifier (IOCQQID)": "qid", "I/O Completion Queue Head Pointer (IOSQHP)": "head",
              "I/O Completion Queue Tail Pointer (IOSQTP)": "tail", "I/O Completion Queue Attributes (IOCQA)": "attributes"}
SUBMISSION_JSON = {"io submission prp entry 1": "address", "io submission queue size": "entries",
                   "io submission queue identifier": "qid", "io completion queue identifier": "cqid",
                   "io submission queue attributes": "attributes", "io submission queue head pointer": "head",
                   "io submission queue tail pointer": "tail"}


class Manager:
    """A host's PF as nvme-cli sees it."""

    def __init__(self, bench, host):
        self.bench = bench
        self.host = host
        self.device = f"/dev/{provision.pf_controller(host)}"

    def lm(self, command, options):
        """A live-migration command that must succeed; returns what it prints."""
        return self.host.sh(f"nvme lm {command} {self.device} {options}")

    def refused(self, command, options):
        """What nvme-cli says of a live-migration command that must be refused."""
        result = self.host.run(["sh", "-c", f"nvme lm {command} {self.device} {options}"])
        self.bench.expect(result.code != 0, f"nvme lm {command} {options} was accepted: {result.out}")
        return result.err + result.out

    def suspend(self):
        """Suspend the VF's controller."""
        self.lm("migration-send", f"--sel=0 --stype=1 --cntlid={CNTLID}")

    def resume(self):
        """Resume the VF's controller."""
        self.lm("migration-send", f"--sel=1 --cntlid={CNTLID}")

    def receive(self, length, options, offset=0, what=WHOLE):
        """Options of migration-recv for a part of the state; its count of dwords is 0-based."""
        return f"--sel=0 --cntlid={CNTLID} {what} --offset={offset} --numd={length // 4 - 1} {options}"

    def read(self, length, offset=0, what=WHOLE):
        """Bytes of the state. With --output-file nvme-cli leaves out the last dword, hence the standard output."""
        self.lm("migration-recv", self.receive(length, "--output-format=binary", offset, what) + " >/lab/lm-state")
        return (self.host.share / "lm-state").read_bytes()

    def state(self, what=WHOLE):
        """The state or a part of it, whose size its header says."""
        nvme, _, vendor, _ = struct.unpack_from("<4Q", self.read(HEADER, what=what), 16)
        return self.read(HEADER + 4 * (nvme + vendor), what=what)

    def set_vendor(self, state):
        """Set a state that is everything but I/O queues. nvme-cli closes the input file twice, so that the C library ends it
        after it has said that it was successful."""
        self._put(state)
        result = self.host.run(["stdbuf", "-oL", "nvme", "lm", "migration-send", self.device, f"--sel={SET_STATE}",
                                f"--cntlid={CNTLID}", f"--seq-ind={ONLY}", "--csuuidi=1", f"--numd={len(state) // 4}",
                                "--input-file=/lab/lm-state"])
        self.bench.expect("Successful" in result.out, f"Set Controller State: {result}")

    def set(self, state, csuuidi):
        """Set a state with I/O queues. Not by "nvme lm migration-send": that takes --csvi and sends 0, which means that there
        are none."""
        self._put(state)
        self.host.sh(f"nvme admin-passthru {self.device} --opcode={MIGRATION_SEND:#x} --cdw10={ONLY << 16 | SET_STATE:#x} "
                     f"--cdw11={csuuidi << 24 | 1 << 16 | CNTLID:#x} --cdw15={len(state) // 4} --data-len={len(state)} "
                     "--write --input-file=/lab/lm-state")

    def _put(self, state):
        (self.host.share / "lm-state").write_bytes(state)

    def create_queue(self):
        """Create a controller data queue for the VF's controller; returns its id. Not by "nvme lm create-cdq": libnvme 1.13
        sends the low 8 bits of the size, and the controller id in bits that are reserved."""
        created = self.host.sh(f"nvme admin-passthru {self.device} --opcode={DATA_QUEUE:#x} --cdw11={CNTLID << 16 | CONTIGUOUS:#x} "
                               f"--cdw12={QUEUE_BYTES // 4} --data-len={QUEUE_BYTES} --write </dev/null 2>&1")
        return int(re.search(r"result: (0x[0-9a-f]+)", created)[1], 16)

    def forget(self):
        """Have the VF's controller forget everything: take it offline, and online again."""
        for action in (OFFLINE, ONLINE):
            self.host.sh(f"nvme virt-mgmt {self.device} -c {CNTLID} -a {action}")


def _shown_queues(text):
    """The queues in nvme-cli's words: by kind, a list of fields and values."""
    queues = {"Submission": [], "Completion": []}
    fields = {}
    for line in text.splitlines():
        if head := re.match(r"NVMe I/O (\w+) Queue Data \[", line):
            queues[head[1]].append(fields := {})
        elif field := re.match(r"(\S.*\)) *: (\S+)", line):
            fields[field[1]] = field[2]
    return queues


def _queue(shown, names):
    """A queue with cstate.py's names and numbers."""
    found = {}
    for name, field in names.items():
        text = str(shown[name])
        # nvme-cli writes 0x before an address in decimal digits
        found[field] = int(text.removeprefix("0x")) if field == "address" else int(text, 0)
    found["entries"] += 1
    return found


def _numbers(queues):
    """cstate.py's queues with numbers for all fields."""
    return [{field: cstate.number(value) for field, value in queue.items()} for queue in queues]


def _compare_shown(bench, manager, data):
    """What nvme-cli shows of the state against cstate.py's reading of the same bytes."""
    state = cstate.decode(data)
    submission, completion = _numbers(state["submission queues"]), _numbers(state["completion queues"])
    bench.expect(len(submission) > len(MORE_QUEUES), f"{len(submission)} queues are too few to compare: {submission}")

    text = manager.lm("migration-recv", manager.receive(len(data), "--human-readable"))
    bench.expect("Controller Suspended" in text and "NOT Suspended" not in text, f"nvme-cli does not say suspended:\n{text}")
    shown = _shown_queues(text)
    bench.expect_equal("submission queues as text", [_queue(q, SUBMISSION) for q in shown["Submission"]], submission)
    bench.expect_equal("completion queues as text", [_queue(q, COMPLETION) for q in shown["Completion"]], completion)

    # In JSON nvme-cli takes the completion queues from where the submission queues are: those are in the text only.
    shown = json.loads(manager.lm("migration-recv", manager.receive(len(data), "--output-format=json")))
    sizes = [shown["nvme controller state size"], shown["vendor specific size"]]
    bench.expect_equal("sizes in dwords", [int(size) for size in sizes], list(struct.unpack_from("<Q8xQ", data, 16)))
    shown = shown["nvme controller state"]
    bench.expect_equal("submission queues", shown["number of io submission queues"], len(submission))
    bench.expect_equal("completion queues", shown["number of io completion queues"], len(completion))
    bench.expect_equal("submission queues in JSON",
                       [_queue(q, SUBMISSION_JSON) for q in shown["io submission queue list"]], submission)


def _move_on_a(bench, a, disk):
    """Suspend, read, lose everything, set and resume, while A's Linux owns the controller and notices nothing; returns the
    state."""
    bench.expect("Not Suspended" in a.refused("migration-send", f"--sel=1 --cntlid={CNTLID}"), "resumed, but not suspended")
    a.suspend()
    data, queues, vendor = (a.state(what) for what in (WHOLE, QUEUES, VENDOR))
    _compare_shown(bench, a, data)
    half = len(data) // 8 * 4
    bench.expect(a.read(half) + a.read(len(data) - half, half) == data, "two halves are not the whole state")

    a.forget()
    a.suspend()
    bench.expect_equal("queues of a controller that was offline", _queues(a.state()), ([], []))
    a.set_vendor(vendor)
    a.set(queues, csuuidi=0)
    bench.expect_equal("queues after they were set", _queues(a.state()), _queues(data))
    a.resume()
    bench.a.sh(f"dd if=/dev/urandom of=/tmp/written bs=64k count=1 2>/dev/null; dd if=/tmp/written of={disk} bs=4k oflag=direct "
               f"2>/dev/null; dd if={disk} bs=4k count=16 iflag=direct 2>/dev/null | cmp - /tmp/written")
    return data


def _set_on_b(bench, b, data):
    """B's controller gets the whole state of A's. It is not resumed: its queues are in memory of A."""
    b.suspend()
    b.set(data, csuuidi=1)
    bench.expect_equal("queues on B", _queues(b.state()), _queues(data))
    bench.expect_equal("identity on B", *(cstate.decode(state)["sections"]["identity"] for state in (b.state(), data)))
    bench.b.sh(f"nvme virt-mgmt {b.device} -c {CNTLID} -a {OFFLINE}")


def _queues(data):
    state = cstate.decode(data)
    return state["submission queues"], state["completion queues"]


def _huge_page(host):
    """Have exactly one huge page; returns its address in the host's memory."""
    host.sh("echo 1 >/proc/sys/vm/nr_hugepages; grep -q 'HugePages_Total: *1$' /proc/meminfo")
    return int(host.run(["python3", "-c", f"""
import ctypes, mmap, struct
MAP_HUGETLB = 0x40000
page = mmap.mmap(-1, {HUGE_PAGE}, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_HUGETLB)
page[0] = 0
with open("/proc/self/pagemap", "rb") as entries:
    entries.seek(ctypes.addressof(ctypes.c_char.from_buffer(page)) // 4096 * 8)
    print((struct.unpack("<Q", entries.read(8))[0] & (1 << 55) - 1) * 4096)
"""]).check().out)


def _entries(host, address, count):
    """Entries of a queue in a host's memory, in which its nvme-cli has put it."""
    path = host.share / "cdq"
    host.qmp.command("pmemsave", val=address, size=count * ENTRY.size, filename=str(path))
    return [ENTRY.unpack_from(path.read_bytes(), index * ENTRY.size) for index in range(count)]


def _log(bench, a, disk):
    """Log one write of the VF's controller into a controller data queue."""
    address = _huge_page(bench.a)
    try:
        cdqid = a.create_queue()
        a.lm("track-send", f"--sel=0 --start --cdqid={cdqid}")
        bench.a.sh(f"dd if=/dev/zero of={disk} bs=4k count=1 seek=3 oflag=direct 2>/dev/null")
        a.lm("track-send", f"--sel=0 --stop --cdqid={cdqid}")
        (*_, first), (nsid, nlb, slba, attributes), (*_, last), (*_, free) = _entries(bench.a, address, 4)
        bench.expect_equal("attributes of the first entry", first, NO_RANGE << 6 | FIRST << 1 | PHASE)
        bench.expect_equal("the write in the log", (nsid, nlb, slba), (SHARED.nsid, 7, 24))
        bench.expect_equal("its attributes", attributes, PHASE)
        bench.expect_equal("attributes of the last entry", last, NO_RANGE << 6 | STOPPED << 1 | PHASE)
        bench.expect_equal("attributes of a free slot", free, 0)

        a.lm("set-cdq", f"--cdqid={cdqid} --hp=1 --tpt=5")
        shown = json.loads(a.lm("get-cdq", f"--cdqid={cdqid} --output-format=json"))
        bench.expect_equal("head and trigger", shown, {"head_pointer": 1, "tail_pointer_trigger": 5})
        bench.expect(INVALID_FIELD in a.refused("set-cdq", f"--cdqid={cdqid} --hp={QUEUE_BYTES}"), "a head beyond the queue")
        a.lm("delete-cdq", f"--cdqid={cdqid}")
        bench.expect("Invalid Controller Data Queue" in a.refused("get-cdq", f"--cdqid={cdqid}"), "a queue that was deleted")
    finally:
        bench.a.sh("echo 0 >/proc/sys/vm/nr_hugepages")


def _linux_drives(bench):
    """Let A's Linux drive the VF with several queues; returns its disk."""
    for name in MORE_QUEUES:
        bench.a.sh(f"echo 1 >/sys/module/nvme/parameters/{name}")
    return provision.disk(bench.a, bench.vf(bench.a, VF, driver="nvme"), SHARED.nsid)


def run(bench):
    """The VF's controller is driven by A's own Linux; B's VF has no driver that uses it."""
    a, b = (Manager(bench, host) for host in bench.hosts)
    try:
        disk = _linux_drives(bench)
        bench.vf(bench.b, VF, driver="vfio-pci")
        _set_on_b(bench, b, _move_on_a(bench, a, disk))
        _log(bench, a, disk)
    finally:
        for name in MORE_QUEUES:
            bench.a.sh(f"echo 0 >/sys/module/nvme/parameters/{name}")
