# SPDX-License-Identifier: BSD-2-Clause
"""The demonstration: a guest that owns a VF moves from host A to host B while fio runs and verifies in it.

Everything that is reported was measured or read during the run; the exit code says whether every condition held.
"""

import hashlib
import json
import sys
import time

from . import identity, kernellog, provision, qemu, recording, session, subsystem, workload
from .errors import LabError
from .guest import Guest
from .paths import BUILD
from .products import prepare
from .progress import live, say, stage
from .vmm import Vmm

FIGURES, PAGE = BUILD / "demo" / "report.json", BUILD / "demo" / "report.html"
GUEST_BOOT_SECONDS = 300
BEFORE_SECONDS = 6
AFTER_SECONDS = 6
# fio writes and verifies in one part of the disk; another part is written on A and read back on B.
RUNNING = {"offset": "64m", "size": "128m"}
CARRIED = {"offset": "0", "size": "32m", "bs": "64k"}


class Demo:
    """One run: what it uses and what it found."""

    def __init__(self, products, directory, hosts):
        self.products = products
        self.a, self.b = hosts
        self.guest = Guest(directory / "guest.log")
        self.source = self.destination = None
        self.rate = None
        self.recorded = {}
        self.protocols = []
        self.tracked = False
        self.recordings = []
        self.report = {}
        self.info = {}
        self.problems = []
        self._shown = 0.0

    def show_rate(self, per_second, seconds):
        """Display the rate; in a pipe every few seconds only."""
        now = time.monotonic()
        if sys.stdout.isatty() or now - self._shown > 2 or seconds > 2:
            self._shown = now
            live(f"guest: {per_second:6.0f} I/Os per second" + (f" (stood still {seconds:.1f} s)" if seconds > 2 else ""))

    def start_guest(self):
        """Provision both hosts and boot the guest on A."""
        with stage("hosts: driver loaded, one VF each provisioned and bound to nvme-vfio-pci"):
            functions = []
            for host in (self.a, self.b):
                provision.load_driver(host)
                functions.append(provision.vf(host))
                self.protocols.append(provision.protocol(host, functions[-1]))
        with stage(f"host A: guest boots with VF {functions[0]} (stock QEMU, stock kernel)"):
            self.tracked = all(provision.tracks(host, function) for host, function in zip((self.a, self.b), functions))
            self.source = Vmm(self.a, functions[:1], forced=not self.tracked)
            self.guest.attach(self.source)
            self.guest.wait_ready(GUEST_BOOT_SECONDS, self.source.alive)
        with stage(f"host B: VMM waits with VF {functions[1]}"):
            self.destination = Vmm(self.b, functions[1:], incoming=True, forced=not self.tracked)
            self.guest.attach_later(self.destination)
            self.destination.listen()
        with stage("hosts: nvmove watch records"):
            self.recordings = [recording.Recording(host, vmm) for host, vmm in ((self.a, self.source), (self.b, self.destination))]
            for begun in self.recordings:
                begun.wait()

    def start_io(self):
        """Leave data to be found again on B, then start fio."""
        self.before = identity.read(self.guest)
        say(f"guest: controller {self.before['cntlid']}, serial {self.before['serial']}, {self.before['subnqn']}, "
            f"namespaces {self.before['namespaces']}")
        self.disk = workload.disk(self.guest, subsystem.SHARED.nsid)
        with stage("guest: writes data to be found again on B"):
            self.guest.sh(workload.fio("carried", f"/dev/{self.disk}", "write", do_verify=0, **CARRIED))
        self.fio = workload.Running(self.guest, self.disk, self.show_rate, **RUNNING)
        self.rate = self.fio.rate
        say("guest: fio runs and verifies")
        self.fio.advance(BEFORE_SECONDS, "before the move")

    def migrate(self):
        """Move the guest."""
        self.moved_from = time.monotonic()
        with stage("migration from A to B"):
            self.info = self.source.migrate(self.destination)
        self.moved_to = time.monotonic()
        if self.info["status"] != "completed":
            raise LabError(f"migration {self.info['status']}: {self.info.get('error-desc', '')} "
                           f"source: {self.source.errors()} destination: {self.destination.errors()}")
        self.destination.alive()
        self.guest.switch()

    def after_move(self):
        """What the guest does on B."""
        self.fio.advance(AFTER_SECONDS, "after the move")
        self.problems += identity.differences(self.before, identity.read(self.guest))
        self.identity_unchanged = not self.problems
        with stage("guest: resets its controller while fio runs"):
            self.guest.sh("echo 1 >/sys/class/nvme/nvme0/reset_controller")
        state = self.guest.sh("cat /sys/class/nvme/nvme0/state")
        self.reset_after_ok = state == "live" and self.fio.advance(AFTER_SECONDS, "after the reset") > 0
        if not self.reset_after_ok:
            self.problems.append(f"after its reset the controller is {state}")

    def finish_io(self):
        """Stop fio, verify what was carried over, read the guest's kernel log."""
        with stage("guest: fio ends, the data written on A is verified on B"):
            running = self.fio.finish()
            words = running.pop("words")
            self.guest.run(workload.fio("carried", f"/dev/{self.disk}", "read", verify_only=1, **CARRIED))
            carried = workload.report(self.guest.sh("cat /run/carried.json"))
        self.totals = {key: running[key] + carried[key] for key in running}
        for key in ("io_errors", "verify_errors"):
            if self.totals[key]:
                self.problems.append(f"fio: {self.totals[key]} {key.replace('_', ' ')}: {words}")
        if not carried["bytes_verified"] or not running["bytes_verified"]:
            self.problems.append(f"fio verified {carried['bytes_verified']} bytes written on A and "
                                 f"{running['bytes_verified']} bytes of its running job; both must be more than 0")
        complaints = kernellog.guest_trouble(self.guest)
        self.problems += [f"guest kernel: {line}" for line in complaints]
        self.totals["io_errors"] += sum("I/O error" in line for line in complaints)

    def finish_recordings(self):
        """End the recordings of the hosts, write the guest's, and have nvmove report make the page of them."""
        on_a, on_b = self.recordings
        on_a.finish(self.source.downtime_checkpoints())
        on_b.finish()
        guest = self.b.share / "recording-of-guest"
        recording.write_guest(guest, self.rate.samples)
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        self.recorded = recording.report(self.products, [on_a.path, on_b.path, guest], PAGE)

    def make_report(self):
        """The figures, in the schema of the report."""
        move = recording.move(self.recorded)
        first, last = self.rate.samples[0][0], self.rate.samples[-1][0]
        at = self.rate.ios_at
        guest = {
            "ios_before": at(self.moved_from) - at(first),
            "ios_during": at(self.moved_to) - at(self.moved_from),
            "ios_after": at(last) - at(self.moved_to),
            "bytes_verified": self.totals["bytes_verified"],
            "io_errors": self.totals["io_errors"],
            "verify_errors": self.totals["verify_errors"],
            "reset_after_ok": self.reset_after_ok,
            "identity_unchanged": self.identity_unchanged,
        }
        migration = {
            "total_ms": self.info["total-time"],
            "downtime_ms": self.info["downtime"],
            "downtime_steps_ms": self.source.downtime_steps(),
            "device_tracks_memory": self.tracked,
            "device_states": [state for _, state in self.source.device_states()],
            "ram_bytes": self.info["ram"]["transferred"],
            "device_state_bytes": move["state_bytes"],
            "device_us": {step: move[f"{step}_ns"] / 1000 for step in ("suspend", "save", "load", "resume")},
        }
        hosts = [{"name": host.name, "kernel": host.sh("uname -r"), "accelerator": self.products.accelerator}
                 for host in (self.a, self.b)]
        versions = {
            "kernel": self.products.kernel.release,
            "vmm": self.source_version,
            "nvme_cli": self.guest.sh("nvme version | head -n 1"),
            "fio": self.guest.sh("fio --version"),
            "lab_qemu": qemu.version(self.products.qemu),
            "driver_sha256": hashlib.sha256(self.products.driver.read_bytes()).hexdigest(),
        }
        self.report = {"protocol": self.protocols[0], "guest": guest, "migration": migration, "hosts": hosts, "versions": versions}
        for key in ("ios_before", "ios_after"):
            if guest[key] <= 0:
                self.problems.append(f"the guest's {key.replace('_', ' ')} the move: {guest[key]}")
        if set(self.protocols) != {self.a.protocol}:
            self.problems.append(f"protocols of the drivers: {self.protocols}, of the devices: {self.a.protocol}")
        if migration["device_state_bytes"] <= 0:
            self.problems.append("the driver saved no device state")
        for host in (self.a, self.b):
            self.problems += [f"host {host.name} kernel: {line}" for line in kernellog.trouble(host.dmesg())]

    def summary(self):
        """What a person wants to know."""
        guest, move = self.report["guest"], self.report["migration"]
        us = move["device_us"]
        blackout = sum(us.values()) / 1000
        return "\n".join([
            "",
            f"  The guest moved from host A to host B in {move['total_ms'] / 1000:.2f} s, protocol {self.report['protocol']}.",
            f"  Downtime               {move['downtime_ms']:9.0f} ms   (guest's I/O stood still "
            f"{self.rate.longest_gap() * 1000:.0f} ms)",
            "  Steps of the downtime       " + ", ".join(f"{name.replace('_', ' ')} {ms:.0f}"
                                                        for name, ms in move["downtime_steps_ms"].items()) + " ms",
            f"  Device blackout        {blackout:9.2f} ms   suspend {us['suspend'] / 1000:.2f}, save "
            f"{us['save'] / 1000:.2f}, load {us['load'] / 1000:.2f}, resume {us['resume'] / 1000:.2f}",
            f"  Controller state       {move['device_state_bytes']:9d} bytes",
            f"  Guest RAM sent         {move['ram_bytes'] / 1e6:9.1f} MB   "
            f"({'by the log of the device' if move['device_tracks_memory'] else 'all while it stood still: no log of the device'})",
            f"  I/Os before/during/after  {guest['ios_before']} / {guest['ios_during']} / {guest['ios_after']}",
            f"  Verified               {guest['bytes_verified'] / 1e6:9.1f} MB, {guest['io_errors']} I/O errors, "
            f"{guest['verify_errors']} verify errors",
            f"  Identity               {'unchanged' if guest['identity_unchanged'] else 'CHANGED'} "
            f"(controller {self.before['cntlid']}, {self.before['serial']}, namespaces {self.before['namespaces']})",
            f"  Controller reset on B  {'worked, I/O went on' if guest['reset_after_ok'] else 'FAILED'}",
            "",
        ])

    def run(self):
        """The whole demonstration."""
        self.start_guest()
        self.source_version = self.source.qmp.version
        self.start_io()
        self.migrate()
        self.after_move()
        self.finish_io()
        self.finish_recordings()
        self.make_report()


def main(variant):
    """Run the demonstration in a variant; returns the exit code."""
    products = prepare(variant.kernel)
    directory = session.results(variant, "demo")
    with session.hosts(products, directory, variant.protocol) as hosts:
        demo = Demo(products, directory, hosts)
        try:
            demo.run()
        except ValueError as error:
            raise LabError(str(error)) from None
    FIGURES.write_text(json.dumps(demo.report, indent=2) + "\n")
    print(demo.summary())
    print(f"  report: {PAGE.relative_to(BUILD.parent)}, figures: {FIGURES.relative_to(BUILD.parent)}")
    for problem in demo.problems:
        print(f"  FAILED: {problem}")
    return 1 if demo.problems else 0
