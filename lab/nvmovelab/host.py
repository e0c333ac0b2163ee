# SPDX-License-Identifier: BSD-2-Clause
"""One lab host: a QEMU process that boots Debian 13, a 9p share for files, an agent for commands, a serial log.

What a host is made of is decided here; what it is used for is decided by its user.
"""

import os
import shutil
import socket
import subprocess
import time

from . import qemu
from .channel import Channel
from .errors import LabError, Timeout, tail
from .paths import LAB
from .qmp import Qmp
from .subsystem import FURTHER_PF, PORT

BOOT_SECONDS = 240
# The largest frames that QEMU's socket network carries: the wire is bound by packets, not by bytes.
WIRE_MTU = 65000


class LocalStream:
    """A unix socket on this machine with the interface that Qmp wants."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._file = self._socket.makefile("rb")

    def readline(self, timeout):
        """One line, None at the end."""
        self._socket.settimeout(timeout)
        try:
            line = self._file.readline()
        except TimeoutError:
            raise Timeout("QMP: no answer in time") from None
        return line.decode() if line else None

    def write(self, data):
        """Send bytes."""
        self._socket.sendall(data)

    def close(self):
        """Drop the connection."""
        self._file.close()
        self._socket.close()


class Host:
    """One host. name is "A" or "B"; logs go to directory; sockets live in the short-named directory sockets; protocol is
    what its NVMe devices speak."""

    def __init__(self, name, products, directory, sockets, protocol, memory=2048):
        self.name = name
        self.protocol = protocol
        self.products = products
        self.directory = directory / f"host{name}"
        self.share = self.directory / "share"
        self.console = self.directory / "console.log"
        self._sockets = sockets
        self._memory = memory
        self._process = None
        self.channel = None
        self._qmp_stream = None
        self.qmp = None
        self.address = f"10.77.0.{ord(name) - ord('A') + 1}"
        self.share.mkdir(parents=True)
        shutil.copytree(LAB / "host", self.share / "host")

    def _arguments(self, devices):
        root = self.products.tree
        accel = self.products.accelerator
        wire = f"addr.type=unix,addr.path={self._sockets}/wire"
        first = self.name == "A"
        kernel = self.products.kernel
        # Debian's kernels have the driver of their root disk, and so everything else, in modules
        initrd = ["-initrd", str(kernel.initrd)] if kernel.initrd else []
        modules = [] if not kernel.modules else [
            "-drive", f"file={kernel.modules},if=none,id=modules,format=raw,snapshot=on,cache=unsafe",
            "-device", "virtio-blk-pci,drive=modules"]
        return qemu.command(root, self.products.qemu) + [
            "-name", f"lab-{self.name}", "-M", "q35,kernel-irqchip=split,sata=off,smbus=off,i8042=off",
            "-accel", "kvm" if accel == "kvm" else "tcg,thread=multi", "-cpu", "host" if accel == "kvm" else "max",
            "-smp", "1", "-m", str(self._memory), "-vga", "none", "-display", "none", "-monitor", "none", "-no-reboot",
            "-nodefaults", "-device", "intel-iommu,intremap=on,caching-mode=on",
            "-serial", f"file:{self.console}", "-qmp", f"unix:{self._sockets}/qmp{self.name},server=on,wait=off",
            "-kernel", str(kernel.image), *initrd,
            "-append", f"root=/dev/vda rw console=ttyS0 intel_iommu=on iommu=pt init=/sbin/lab-start "
                       f"lab.host=host{self.name} lab.address={self.address} lab.offline={FURTHER_PF} modprobe.blacklist=nvme "
                       # tests read what was said since they began: nothing may be overwritten before the last one has
                       # on a busy machine emulated timers miss the moment in which the kernel tries whether they work
                       "tsc=unstable no_timer_check panic=1 log_buf_len=16M",
            "-drive", f"file={self.products.image},if=none,id=root,format=raw,snapshot=on,cache=unsafe",
            "-device", "virtio-blk-pci,drive=root",
            "-drive", f"file={self.products.guest},if=none,id=guest,format=raw,snapshot=on,cache=unsafe",
            "-device", "virtio-blk-pci,drive=guest", *modules,
            "-fsdev", f"local,id=lab,path={self.share},security_model=none",
            "-device", "virtio-9p-pci,fsdev=lab,mount_tag=lab",
            "-chardev", f"socket,id=agent,path={self._sockets}/agent{self.name},server=on,wait=off",
            "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=agent,name=nvmove.agent",
            # the machine's own monitor, for a program in the host that plans faults of its devices
            "-chardev", f"socket,id=machine,path={self._sockets}/machine{self.name},server=on,wait=off",
            "-device", "virtserialport,chardev=machine,name=nvmove.machine",
            "-chardev", f"socket,id=monitor,path={self._sockets}/machine{self.name}", "-mon", "chardev=monitor,mode=control",
            "-netdev", f"stream,id=wire,server={'on' if first else 'off'},{wire}" + ("" if first else ",reconnect-ms=100"),
            "-device", f"virtio-net-pci,netdev=wire,romfile=,host_mtu={WIRE_MTU},mac=52:54:00:77:00:0{1 if first else 2}",
            "-device", f"{PORT},id=rp0,chassis=1,slot=1",
        ] + devices

    def start(self, devices):
        """Start the machine with additional QEMU arguments; returns at once."""
        arguments = self._arguments(devices)
        (self.directory / "qemu.cmdline").write_text("\n".join(arguments) + "\n")
        with open(self.directory / "qemu.log", "w") as log:
            # the machine ends with the lab even if the lab is killed
            self._process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                             start_new_session=True,
                                             env={**os.environ, "TMPDIR": str(self._sockets)})
        self.channel = Channel(f"host {self.name}", f"{self._sockets}/agent{self.name}", self.directory / "agent.log",
                               self.products.kernel.slowness)

    def alive(self):
        """Raise LabError with the logs' tails if the machine has ended."""
        code = self._process.poll()
        if code is not None:
            raise LabError(f"host {self.name}: its QEMU ended with code {code}:\n{tail(self.directory / 'qemu.log')}\n"
                           f"console:\n{tail(self.console)}")

    def wait_ready(self):
        """Wait for the agent."""
        try:
            self.channel.connect(BOOT_SECONDS, self.alive)
        except Timeout as error:
            raise Timeout(f"{error}; console:\n{tail(self.console)}") from None
        self._qmp_stream = LocalStream(f"{self._sockets}/qmp{self.name}")
        self.qmp = Qmp(f"host {self.name}'s QEMU", self._qmp_stream)

    def start_program(self, argv):
        """Start a program and return its job."""
        return self.channel.start(argv)

    def run(self, argv, timeout=60):
        """Run a program to its end and return its Result, whatever the exit code."""
        return self.channel.start(argv).wait(timeout)

    def sh(self, script, timeout=60):
        """Run a shell script, raise LabError if it fails, return its output without the last line end."""
        return self.run(["sh", "-euc", script], timeout).check().out.rstrip("\n")

    def dmesg(self):
        """The kernel's log so far."""
        return self.run(["dmesg"]).check().out

    def resident_bytes(self):
        """Resident memory of the machine's QEMU process."""
        with open(f"/proc/{self._process.pid}/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def stop(self):
        """End the machine; keeps its last kernel log. Never raises for a machine that is already gone."""
        if self._process is None:
            return
        if self._process.poll() is None and self.qmp:
            try:
                (self.directory / "dmesg.log").write_text(self.dmesg())
            except (LabError, OSError):
                pass
        if self._process.poll() is None:
            self._process.terminate()
            deadline = time.monotonic() + 5
            while self._process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
            if self._process.poll() is None:
                self._process.kill()
        self._process.wait()
        if self._qmp_stream:
            self._qmp_stream.close()
        self.channel.close()
