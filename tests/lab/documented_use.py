# SPDX-License-Identifier: BSD-2-Clause
"""docs/quickstart-hardware.md from its first command to its last, as it stands there, on two hosts on which nothing is installed:
a guest is moved, its data and memory are right on the other host, and in the end nothing is left. R12, R17, R19."""

import json
import shlex
import shutil
import time
from xml.etree import ElementTree

from nvmovelab import document, identity, provision, run as program, server, workload
from nvmovelab.paths import BUILD, PROJECT
from nvmovelab.subsystem import PF, SHARED

FRESH_HOSTS = "they are what the document begins with"
PAGE = "docs/quickstart-hardware.md"
VF = "0000:01:00.1"
# DKMS builds the driver on an emulated processor.
BLOCK_SECONDS = 900
QUIT_SECONDS = 60
DONE = "the block is done"


class Administrator:
    """Somebody at a host, in a shell that stays."""

    def __init__(self, bench, host):
        self.bench = bench
        self.host = host
        self._shell = host.start_program(["bash", "-e"])
        self._commands = host.share / "block"
        self._output = host.share / "block.out"

    def start(self, text):
        """Begin to run commands."""
        self._commands.write_text(text, encoding="utf-8")
        self._shell.write(f". /lab/{self._commands.name} </dev/null >/lab/{self._output.name} 2>&1; echo '{DONE}'\n".encode())

    def wait(self, where):
        """Wait for their end, which is the shell's if one failed; returns what they have printed."""
        ended = self._shell.readline(BLOCK_SECONDS)
        output = self._output.read_text(encoding="utf-8", errors="replace")
        with open(self.bench.directory / f"transcript-{self.host.name}.log", "a", encoding="utf-8") as transcript:
            transcript.write(f"==== {where}\n{self._commands.read_text(encoding='utf-8')}----\n{output}")
        self.bench.expect_equal(f"{where}, host {self.host.name}: {output[-2000:]}", ended, DONE)
        return output

    def say(self, text):
        """Run commands of this test; what they have printed."""
        self.start(text)
        return self.wait("the test")


class Use:
    """Somebody who follows the document."""

    def __init__(self, bench):
        self.bench = bench
        self.administrators = [Administrator(bench, host) for host in bench.hosts]
        self.places = {"both hosts": self.administrators, "the source": self.administrators[:1],
                       "the destination": self.administrators[1:]}
        self.variables = None
        self.vmms = []
        self.guest = self.load = self.identity = None
        self.done = []
        # what this test sees to before and after commands with these words; each has to be in the document
        self.before = {"unprovision": self.end_guest}
        self.after = {"GUEST=(": self.take_variables, "iommu_groups": self.expect_silence, "provision --file": self.expect_migratable,
                      "nvmove check": self.expect_compatible,
                      "migrate -d": self.expect_moved, "info migrate": self.expect_completed, "<<<quit": self.expect_ended,
                      "nvmove report": self.expect_report, "apt-get purge": self.expect_nothing_left}

    def follow(self, block):
        """Do what a block says."""
        if block.kind == "xml":
            self.check_hostdev(block)
        elif block.kind != document.COMMANDS:
            self.bench.expect_equal(f"{block.where}: kind of the block", block.kind, "text")
        elif block.place == "the machine that builds":
            self.build(block)
        elif '"${GUEST[@]}"' in block.text:
            self.start_vmm(block)
        else:
            self.run(block)

    def at(self, block):
        """Who runs a block."""
        self.bench.expect(block.place in self.places, f"{block.where}: nobody is on {block.place}")
        return self.places[block.place]

    def run(self, block):
        """Commands, on both hosts at once if they are for both."""
        administrators = self.at(block)
        for word, action in self.before.items():
            if word in block.text:
                self.done.append(word)
                action()
        for administrator in administrators:
            administrator.start(block.text)
        outputs = [administrator.wait(block.where) for administrator in administrators]
        for word, action in self.after.items():
            if word in block.text:
                self.done.append(word)
                action(block, outputs)

    def build(self, block):
        """Packages are made on this machine, and somebody brings them to the hosts."""
        program.logged(["sh", "-euc", block.text], self.bench.directory / "build.log", BLOCK_SECONDS, cwd=PROJECT)
        for administrator in self.administrators:
            shutil.copytree(BUILD / "deb", administrator.host.share / "deb")
            administrator.say("cp -r /lab/deb /root/deb\n")

    def take_variables(self, block, _):
        """What the document is written with is what the lab has; VMMs are told it too."""
        for administrator in self.administrators:
            self.bench.expect_equal("variables of the document", administrator.say("echo $SOURCE $DESTINATION $PF $VF\n").split(),
                                    ["hosta", "hostb", PF, VF])
        self.variables = block.text

    def start_vmm(self, block):
        """The source's boots the guest, the destination's waits; the guest's own options are the lab's."""
        administrator, = self.at(block)
        host = administrator.host

        def command(own):
            (host.share / "vmm").write_text(f"{self.variables}GUEST=({shlex.join(own)})\n{block.text}", encoding="utf-8")
            return ["bash", "-e", "/lab/vmm"]

        if self.guest:
            self.vmms.append(self.bench.vmm(host, command=command))
            self.guest.attach_later(self.vmms[-1])
            return
        vmm, self.guest = self.bench.boot_guest(host, command=command)
        self.vmms.append(vmm)
        self.identity = identity.read(self.guest)
        self.load = workload.Load(self.guest, workload.disk(self.guest, SHARED.nsid))
        self.load.advance(3, "before the move")

    def check_hostdev(self, block):
        """The function that the document gives to libvirt is the one that it gives to QEMU."""
        address = ElementTree.fromstring(block.text).find("source/address").attrib
        found = "{:04x}:{:02x}:{:02x}.{:x}".format(*(int(address[name], 16) for name in ("domain", "bus", "slot", "function")))
        self.bench.expect_equal(f"{block.where}: function", found, VF)

    def expect_silence(self, block, outputs):
        """Nothing is missing on these hosts."""
        self.bench.expect_equal(f"{block.where}: output", outputs, ["", ""])

    def expect_migratable(self, block, outputs):
        """The function that is used further on can migrate."""
        for output in outputs:
            self.bench.expect(f"VF 1: {VF} can migrate\n" in output, f"{block.where}: {output}")

    def expect_compatible(self, block, outputs):
        """No reason against the move."""
        self.bench.expect(" can take the state of " in outputs[0], f"{block.where}: {outputs[0]}")

    def expect_moved(self, block, _):
        """The guest goes on at the destination."""
        info = self.vmms[0].wait_migration()
        self.bench.expect_equal(f"{block.where}: migration ({info.get('error-desc')})", info["status"], "completed")
        self.guest.switch()
        self.load.advance(3, "after the move")
        self.bench.expect_equal("identity after the move", identity.differences(self.identity, identity.read(self.guest)), [])

    def expect_completed(self, block, outputs):
        """QEMU says what the document says."""
        self.bench.expect("status: completed" in outputs[0].lower(), f"{block.where}: {outputs[0]}")

    def expect_ended(self, block, _):
        """The source's VMM has no more to do."""
        deadline = time.monotonic() + QUIT_SECONDS
        while not self.vmms[0].ended() and time.monotonic() < deadline:
            time.sleep(0.2)
        self.bench.expect(self.vmms[0].ended(), f"{block.where}: the source's QEMU goes on")

    def end_guest(self):
        """The guest's data and memory were right all the time."""
        found, wrong = self.load.finish()
        self.bench.note(**found)
        self.bench.expect_equal("what is wrong", wrong, [])
        self.vmms[1].quit()

    def expect_report(self, block, _):
        """There is a page, and one move in it: this one."""
        administrator = self.administrators[0]
        administrator.say("cp /root/migration.html /root/*.recording /lab/\n")
        share = administrator.host.share
        shutil.copy2(share / "migration.html", self.bench.directory)
        page = (self.bench.directory / "migration.html").read_text(encoding="utf-8")
        self.bench.expect("<svg" in page and VF in page, f"{block.where}: the report is {page[:2000]}")
        for recording in share.glob("*.recording"):
            shutil.copy2(recording, self.bench.directory)
        stops = json.loads(administrator.say("nvmove report --json /root/*.recording 2>/dev/null\n"))["stops"]
        sides = [{"host": host.sh("hostname"), "function": VF} for host in self.bench.hosts]
        self.bench.expect_equal(f"{block.where}: moves", [(stop["outcome"], stop["source"], stop["destination"]) for stop in stops],
                                [("moved", *sides)])

    def expect_nothing_left(self, block, _):
        """The hosts have neither the command nor the driver nor VFs."""
        for administrator in self.administrators:
            left = administrator.say(f"find /usr/bin /usr/src /lib/modules -name 'nvmove*' -o -name '{provision.DRIVER}*'\n"
                                     f"ls -d /sys/bus/pci/devices/{PF}/virtfn* 2>/dev/null || true\n")
            self.bench.expect_equal(f"{block.where}: left on host {administrator.host.name}", left, "")


def run(bench):
    """Every block of the page, in its order."""
    server.prepare(bench.hosts)
    use = Use(bench)
    for block in document.blocks(PAGE):
        use.follow(block)
    bench.expect_equal("done with the document", sorted(set(use.done)), sorted([*use.before, *use.after]))
