# SPDX-License-Identifier: BSD-2-Clause
"""The VMM inside a host: Debian's own QEMU with a guest that owns VFs, and its migration to the other host.

The machine model is the same on both hosts. Nothing here knows how the VFs' state travels: that is VFIO's.
"""

import itertools
import re
import signal
import time

from .errors import LabError, Lost, Timeout
from .qmp import Qmp

FIRST_PORT = 4444
MEMORY = 256
# Without dirty tracking by the device all pinned memory counts as dirty until the guest stops (docs/lab.md); with it, what QEMU
# takes by default is enough.
UNTRACKED_LIMIT_MS = 60000
TRACKED_LIMIT_MS = 300
BANDWIDTH = 10 << 30
MIGRATION_SECONDS = 300
ENDED = ("completed", "failed", "cancelled")
# Without the return path a source takes its migration for completed although the destination refused the state. With the
# acknowledgement it stops the guest only after the destination has taken what devices send before that.
CAPABILITIES = ("events", "return-path", "switchover-ack")
# What QEMU is asked to record: states of the devices, the use of their dirty log, and the steps of the downtime.
TRACED = ("vfio_migration_set_device_state", "vfio_device_dirty_tracking_start", "vfio_get_dirty_bitmap",
          "vfio_save_block", "vfio_load_state_device_data", "vmstate_downtime_*", "migration_completion_*")
# The steps of a downtime at the source by the record that ends each; in the last one the destination loads what was sent.
STEPS = {"src-vm-stopped": "stop", "src-iterable-saved": "memory_and_device", "src-non-iterable-saved": "machine",
         "src-downtime-end": "load"}


class Vmm:
    """One QEMU process in a host, running a guest or waiting for one."""

    _numbers = itertools.count(1)

    def __init__(self, host, functions, incoming=False, memory=MEMORY, forced=True, command=None):
        """functions are the PCI addresses of the VFs that the guest owns. forced: let QEMU migrate them even if it finds
        no way to learn which memory they write; without, it refuses such a migration. command makes the argument vector from
        the guest's own options, and says all that functions, incoming and forced would."""
        self.host = host
        self._forced = forced
        number = next(self._numbers)
        self.port = FIRST_PORT + number
        self._qmp_path, self._agent_path = f"/run/vmm{number}.qmp", f"/run/vmm{number}.agent"
        # a monitor has one client at a time: one for the lab, one for nvmove watch
        self.watch_path = f"/run/vmm{number}.watch"
        self._trace = f"/run/vmm{number}.trace"
        self._console = f"guest-console-{number}.log"
        accel = host.sh("test -c /dev/kvm && echo kvm || echo tcg")
        self.accelerator = accel
        own = ["-nodefaults", "-display", "none", "-vga", "none", "-no-reboot",
               "-M", f"q35,accel={accel}", "-cpu", "host" if accel == "kvm" else "max",
               "-m", str(memory), "-qmp", f"unix:{self._qmp_path},server=on,wait=off",
               "-qmp", f"unix:{self.watch_path},server=on,wait=off",
               "-serial", f"file:/lab/{self._console}",
               "-chardev", f"socket,id=agent,path={self._agent_path},server=on,wait=off", "-serial", "chardev:agent",
               "-kernel", "/mnt/kernel", "-initrd", "/mnt/initramfs",
               "-append", "console=ttyS0 nokaslr tsc=unstable rdinit=/init panic=-1 quiet loglevel=4",
               "-msg", "timestamp=on", "-D", self._trace]
        own += [word for event in TRACED for word in ("-trace", event)]
        self._job = host.start_program(command(own) if command else self._argv(own, functions, incoming))
        self.qmp = self._connect_qmp()

    def _argv(self, own, functions, incoming):
        argv = ["qemu-system-x86_64", *own]
        for index, function in enumerate(functions):
            argv += ["-device", f"vfio-pci,host={function},id=vf{index}" + (",enable-migration=on" if self._forced else "")]
        return argv + (["-incoming", "defer"] if incoming else [])

    def _connect_qmp(self):
        deadline = time.monotonic() + 60
        while True:
            try:
                return Qmp(f"VMM on host {self.host.name}", self.host.channel.relay(self._qmp_path))
            except LabError:
                self.alive()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def ended(self):
        """Whether QEMU has ended."""
        return self._job.ended()

    def alive(self):
        """Raise LabError with QEMU's words if it has ended."""
        self.host.alive()
        if self._job.ended():
            result = self._job.wait(1)
            raise Lost(f"VMM on host {self.host.name} ended with code {result.code}: {result.err.strip()}")

    def last_words(self):
        """How QEMU has ended, if it has, with what it said and the end of the guest's console."""
        deadline = time.monotonic() + 5
        while not self._job.ended() and time.monotonic() < deadline:
            time.sleep(0.1)
        if self._job.ended():
            end = f"VMM on host {self.host.name} ended with code {self._job.code}"
        else:
            end = f"VMM on host {self.host.name} still runs"
        console = (self.host.share / self._console).read_text(errors="replace")
        return f"{end}; it said: {self.errors().strip()!r}; the console's end: {console[-1500:]!r}"

    def serial(self):
        """The stream of the guest agent's serial port."""
        return self.host.channel.relay(self._agent_path)

    def _capabilities(self, **more):
        self.qmp.command("migrate-set-capabilities", capabilities=[
            {"capability": name, "state": state} for name, state in {**dict.fromkeys(CAPABILITIES, True), **more}.items()])

    def listen(self):
        """Make an incoming VMM wait for the guest."""
        self._capabilities()
        self.qmp.command("migrate-incoming", uri=f"tcp:0.0.0.0:{self.port}")

    def start_migration(self, address, port, bandwidth=BANDWIDTH, downtime_limit_ms=None, pause=False):
        """Begin to move the guest to whoever listens at an address, with so many bytes per second at most, stopping the
        guest when QEMU expects the rest to take no longer than the limit, which is generous without tracking. pause: wait for resume_migration() once the guest
        and its devices are stopped."""
        self._capabilities(**{"pause-before-switchover": pause})
        limit = downtime_limit_ms or (UNTRACKED_LIMIT_MS if self._forced else TRACKED_LIMIT_MS)
        self.qmp.command("migrate-set-parameters", downtime_limit=limit, max_bandwidth=bandwidth)
        self.qmp.command("migrate", uri=f"tcp:{address}:{port}")

    def migration(self):
        """query-migrate's answer; "status" is always there."""
        # QEMU answers nobody while it sends what is left of the memory of a guest that it has stopped
        return {"status": "none", **self.qmp.command("query-migrate", timeout=MIGRATION_SECONDS)}

    def wait_migration(self, until=lambda info: info["status"] in ENDED, timeout=MIGRATION_SECONDS):
        """Wait for a condition on query-migrate's answer and return the answer."""
        deadline = time.monotonic() + timeout
        while True:
            info = self.migration()
            if until(info):
                return info
            if time.monotonic() > deadline:
                raise Timeout(f"migration from host {self.host.name}: {info['status']} after {timeout} s")
            time.sleep(0.1)

    def migrate(self, destination, **options):
        """Move the guest to the listening VMM destination; returns query-migrate's last answer, also after a failure.
        Options are start_migration()'s."""
        self.start_migration(destination.host.address, destination.port, **options)
        return self.wait_migration()

    def end_precopy(self):
        """Let a migration stop the guest that was given too little time for it."""
        self.qmp.command("migrate-set-parameters", downtime_limit=UNTRACKED_LIMIT_MS)

    def resume_migration(self):
        """Let a migration go on that has paused with the guest stopped."""
        self.qmp.command("migrate-continue", state="pre-switchover")

    def cancel(self):
        """Give a migration up and wait until it has ended; returns query-migrate's last answer."""
        self.qmp.command("migrate_cancel", timeout=MIGRATION_SECONDS)
        return self.wait_migration()

    def trace(self):
        """What QEMU recorded so far (TRACED): pairs of the host's time in seconds and the event with its words."""
        found = [re.match(r"\d+@(\d+\.\d+):(.*)", line) for line in self.host.sh(f"cat {self._trace}").splitlines()]
        return [(float(match[1]), match[2].strip()) for match in found if match]

    def device_states(self):
        """What QEMU has made of its devices so far: pairs of a device's PCI address and the state that it entered."""
        return [match.groups() for _, words in self.trace()
                if (match := re.match(r"vfio_migration_set_device_state +\(([\da-f:.]+)\) state (\w+)", words))]

    def device_logs(self):
        """How often QEMU has made its devices log what memory they write."""
        return sum(words.startswith("vfio_device_dirty_tracking_start") for _, words in self.trace())

    def downtime_checkpoints(self):
        """Steps of the source's last downtime: when each ended by the host's clock, its name (STEPS), its seconds."""
        found = []
        before = None
        for when, words in self.trace():
            checkpoint = words.removeprefix("vmstate_downtime_checkpoint ")
            if checkpoint == "src-downtime-start":
                found = []
                before = when
            elif before and checkpoint in STEPS:
                found.append((when, STEPS[checkpoint], when - before))
                before = when
        return found

    def downtime_steps(self):
        """Milliseconds that each step of the source's last downtime took, by its name (STEPS)."""
        return {name: round(seconds * 1000, 1) for _, name, seconds in self.downtime_checkpoints()}

    def dirty_reports(self):
        """What QEMU was told about the guest's memory by its devices, or took for granted without them: pairs of a region's
        number of pages and how many of them are dirty."""
        found = [re.match(r"vfio_get_dirty_bitmap .* size= (0x[\da-f]+) .* dirty_pages=(\d+)", words) for _, words in self.trace()]
        return [(int(match[1], 16) // 4096, int(match[2])) for match in found if match]

    def status(self):
        """QEMU's run state."""
        return self.qmp.command("query-status")["status"]

    def errors(self):
        """What QEMU has printed on its standard error so far."""
        return self._job.error_text()

    def signal(self, number):
        """Send a signal to QEMU."""
        self._job.signal(number)

    def kill(self):
        """Let the VMM die without a word."""
        self.signal(signal.SIGKILL)
        self._job.wait(60)

    def quit(self):
        """End the VMM and wait for it."""
        try:
            self.qmp.command("quit", timeout=20)
        except LabError:
            self._job.signal(signal.SIGKILL)
        self._job.wait(60)
        self.host.sh(f"rm -f {self._qmp_path} {self.watch_path} {self._agent_path}; mv {self._trace} /lab/")
