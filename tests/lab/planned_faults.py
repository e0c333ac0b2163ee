# SPDX-License-Identifier: BSD-2-Clause
"""The device has the faults that are planned for it, and no others: each kind, seen by nvme-cli on the PF."""

import struct
import time

from nvmovelab import faults, provision
from nvmovelab.errors import LabError
from nvmovelab.subsystem import PF

BY_HAND = "every kind of fault by nvme-cli: half a minute, and other tests fail without them"
PROTOCOLS = ("hmlm",)
VF = 1
CNTLID = VF + 1
MIGRATION_SEND, RESUME, MIGRATION_RECEIVE = 0x41, 1, 0x42
HEAD = 48
IDENTIFY_BYTES = 4096
LOAD_REPORT, LOAD_REPORT_BYTES = 0xC0, 256
# What the PF's driver says when it ends a command that does not end by itself.
EXPECTED_TROUBLE = r"nvme nvme\d+: .*(timeout|timed out|reset controller)"
SECONDS = 3

# Plans that are refused, and what the refusal names.
REFUSED = {
    "fault=torn": "lacks a command",
    "command=save": "lacks a command or a fault",
    "command=flush,fault=never": "'flush'",
    "command=save,fault=odd": "'odd'",
    "command=save,fault=delay": "has 0 numbers, delay has 1",
    "command=save,fault=delay:-1": "'-1'",
    "command=save,fault=short:x": "'x'",
    "command=suspend,fault=torn": "suspend cannot have torn",
    "command=save,fault=torn,nth=0": "nth: '0'",
    "command=save,fault=torn,hits=1": "'hits'",
    "command=save;command=save,fault=torn": "lacks a command or a fault",
    "save": "'save' is no KEY=VALUE",
}


class Primary:
    """Host A's PF as nvme-cli sees it."""

    def __init__(self, bench):
        self.bench = bench
        self.host = bench.a
        self.device = f"/dev/{provision.pf_controller(bench.a)}"

    def plan(self, text):
        """Plan faults."""
        faults.plan(self.host, text)

    def run(self, options):
        """Run a command; returns its exit code, what it printed, and the data that it brought."""
        result = self.host.run(["sh", "-c", f"rm -f /lab/fault-data; nvme {options} 2>&1 >/lab/fault-data"], timeout=120)
        path = self.host.share / "fault-data"
        return result.code, result.out, path.read_bytes() if path.exists() else b""

    def query(self, cntlid=CNTLID, options=""):
        """The head of a controller's state."""
        return self.run(f"admin-passthru {self.device} --opcode={MIGRATION_RECEIVE:#x} --cdw10={1 << 16:#x} "
                        f"--cdw11={1 << 16 | cntlid:#x} --cdw15={HEAD // 4 - 1} --data-len={HEAD} --read --raw-binary {options}")

    def identify(self):
        """Identify Controller data."""
        return self.run(f"admin-passthru {self.device} --opcode=0x06 --cdw10=1 --data-len={IDENTIFY_BYTES} --read --raw-binary")

    def load_report(self):
        """Log page C0h."""
        return self.run(f"get-log {self.device} --log-id={LOAD_REPORT:#x} --log-len={LOAD_REPORT_BYTES} --raw-binary")

    def good(self, found):
        """The data of a command that succeeded."""
        code, words, data = found
        self.bench.expect(code == 0, f"a command without a fault: exit code {code}: {words}")
        return data

    def wait_live(self):
        """Wait until the PF's driver has its controller back."""
        self.host.sh(f"until grep -q live /sys/bus/pci/devices/{PF}/nvme/nvme*/state; do sleep 0.1; done", timeout=60)


def _differing(a, b):
    return [offset for offset, (x, y) in enumerate(zip(a, b)) if x != y]


def _refusals(bench, pf):
    for text, words in REFUSED.items():
        try:
            pf.plan(text)
        except LabError as error:
            bench.expect(words in str(error), f"plan {text}: {error}")
        else:
            bench.expect(False, f"plan {text} was taken")


def _status(bench, pf):
    """Only the command, only the controller, only as often as planned."""
    good = pf.good(pf.query())
    pf.plan(f"command=query,fault=status:0x6,nth=2,count=2,controller={CNTLID}")
    pf.good(pf.identify())
    bench.expect_equal("another controller's head", len(pf.good(pf.query(CNTLID + 1))), HEAD)
    found = [pf.query() for _ in range(4)]
    bench.expect_equal("exit codes are failures", [code != 0 for code, _, _ in found], [False, True, True, False])
    bench.expect("Internal" in found[1][1], f"not the planned status: {found[1][1]}")
    bench.expect_equal("the state's head", (found[0][2], found[3][2]), (good, good))
    bench.expect_equal("hits", faults.hits(pf.host), [2])
    # a refused command was not carried out: a resume that had been would be refused by itself
    pf.plan("command=suspend,fault=status:0x6")
    send = f"admin-passthru {pf.device} --opcode={MIGRATION_SEND:#x} --cdw11={1 << 16 | CNTLID:#x}"
    bench.expect(pf.run(f"{send} --cdw10=0")[0] != 0, "a suspend with a status was successful")
    code, words, _ = pf.run(f"{send} --cdw10={RESUME}")
    bench.expect(code != 0 and "13a" in words.lower(), f"resume of what must not be suspended: exit code {code}: {words}")


def _data(bench, pf):
    """What is delivered is wrong where it was planned, and nowhere else."""
    good = pf.good(pf.query())
    size = struct.unpack_from("<Q", good, 32)[0]
    pf.plan("command=query,fault=size:-8;command=identify,fault=flip:3000;command=load-report,fault=short:1")
    wrong = pf.good(pf.query())
    bench.expect_equal("dwords of vendor data", struct.unpack_from("<Q", wrong, 32)[0], size - 2)
    bench.expect_equal("bytes that differ", _differing(good[:32] + good[40:], wrong[:32] + wrong[40:]), [])
    wrong, good = pf.good(pf.identify()), pf.good(pf.identify())
    bench.expect_equal("bytes of Identify that differ", _differing(good, wrong), [3000])
    bench.expect_equal("byte 3000", wrong[3000], good[3000] ^ 0xFF)
    pf.good(pf.load_report())
    bench.expect_equal("hits", faults.hits(pf.host), [1, 1, 1])
    pf.plan("command=identify,fault=short:64")
    wrong = pf.good(pf.identify())
    bench.expect_equal("Identify", wrong, good[:64] + bytes(IDENTIFY_BYTES - 64))


def _time(bench, pf):
    """Carried out at once and answered late, or carried out late."""
    for kind in ("delay", "late"):
        pf.plan(f"command=query,fault={kind}:1500")
        begin = time.monotonic()
        pf.good(pf.query())
        bench.expect(time.monotonic() - begin >= 1.5, f"{kind} of 1500 ms took {time.monotonic() - begin:.3f} s")
        bench.expect_equal(f"hits of {kind}", faults.hits(pf.host), [1])
        pf.good(pf.query())


def _lost(bench, pf):
    """No answer at all: the driver gives up, resets the controller, and all is well again."""
    for kind in ("never", "reset", f"late:{1000 * 1000}"):
        pf.plan(f"command=query,fault={kind}")
        code, words, _ = pf.query(options=f"--timeout={SECONDS * 1000}")
        bench.expect(code != 0, f"{kind}: the command was successful: {words}")
        bench.expect_equal(f"hits of {kind}", faults.hits(pf.host), [1])
        pf.wait_live()
        bench.expect_equal("bytes of Identify afterwards", len(pf.good(pf.identify())), IDENTIFY_BYTES)


def run(bench):
    """Faults of commands about a VF's controller that nobody uses."""
    pf = Primary(bench)
    bench.vf(bench.a, VF, driver="vfio-pci")
    _refusals(bench, pf)
    _status(bench, pf)
    _data(bench, pf)
    _time(bench, pf)
    _lost(bench, pf)
