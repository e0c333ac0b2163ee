# SPDX-License-Identifier: BSD-2-Clause
"""What a lab test is given: two booted hosts, its own directory for logs, and the few steps that tests share.

Whatever a test started through it is ended when the test ends.
"""

import contextlib
import json

from . import faults, kernelchecks, kernellog, mover, provision
from .errors import LabError
from .guest import Guest
from .vmm import Vmm

GUEST_BOOT_SECONDS = 300
# What a host's kernel may hold more after thousands of operations than before.
GROWTH_KIB = 16384


class Failure(Exception):
    """A behaviour is not what the test demands."""


class Bench:
    """The hosts as one test sees them."""

    def __init__(self, hosts, directory):
        self.a, self.b = hosts
        self.hosts = hosts
        self.protocol = self.a.protocol
        self.directory = directory
        self._vmms = []
        self._guests = []
        self._marks = [(host, kernellog.Mark(host)) for host in hosts]

    def expect(self, condition, message):
        """Fail the test with a message unless the condition holds."""
        if not condition:
            raise Failure(message)

    def expect_equal(self, what, found, wanted):
        """Fail the test unless two values are equal."""
        if found != wanted:
            raise Failure(f"{what}: {found!r}, expected {wanted!r}")

    def note(self, **figures):
        """Keep what the test has measured: figures.json in its directory."""
        (self.directory / "figures.json").write_text(json.dumps(figures, indent=2, default=str) + "\n")

    def vf(self, host, number=1, driver=provision.DRIVER, **resources):
        """Provision a VF, with the project's driver loaded if that is to bind it; returns its PCI address."""
        if driver == provision.DRIVER:
            provision.load_driver(host)
        return provision.vf(host, number, driver, **resources)

    @contextlib.contextmanager
    def kernel_memory_bounded(self):
        """Fail the test if the hosts' kernels hold much more memory when the block ends than when it began."""
        before = [kernelchecks.held_kib(host) for host in self.hosts]
        yield
        growth = [kernelchecks.held_kib(host) - kib for host, kib in zip(self.hosts, before)]
        if not self.a.products.kernel.finds_leaks:
            self.expect(max(growth) <= GROWTH_KIB, f"kernel memory of the hosts grew by {growth} KiB, {GROWTH_KIB} allowed")

    def vmm(self, host, *functions, **options):
        """Start a VMM with VFs; options are Vmm's. QEMU is forced to migrate only what cannot track."""
        forced = not all(provision.tracks(host, function) for function in functions)
        vmm = Vmm(host, functions, **{"forced": forced, **options})
        self._vmms.append(vmm)
        return vmm

    def boot_guest(self, host, *functions, **options):
        """Boot a guest that owns VFs; returns its VMM and the guest. Options are Vmm's."""
        vmm = self.vmm(host, *functions, **options)
        guest = Guest(self.directory / f"guest-{len(self._guests)}.log")
        self._guests.append(guest)
        guest.attach(vmm)
        guest.wait_ready(GUEST_BOOT_SECONDS, vmm.alive)
        return vmm, guest

    def await_guest(self, host, function, guest, *more, **options):
        """Start a VMM with VFs that waits for a guest. Options are Vmm's."""
        vmm = self.vmm(host, function, *more, incoming=True, **options)
        guest.attach_later(vmm)
        vmm.listen()
        return vmm

    def vfio(self, host, test, function, *options, **more):
        """Run a test of the VFIO program on a host (mover.run); returns what it found, raises if anything was wrong."""
        return mover.run(host, self.directory, test, function, *options, **more)

    def vfio_together(self, runs, **more):
        """Run tests of the VFIO program at the same time (mover.run_together); returns what each found."""
        return mover.run_together(self.directory, runs, **more)

    def vfio_pair(self, functions, *options, **more):
        """Let the VFIO program move its guest between the hosts (mover.run_pair); returns what it found, raises if
        anything was wrong."""
        return mover.run_pair(self.hosts, self.directory, functions, *options, **more)

    def new_trouble(self, searching):
        """What the hosts' kernels complained about since the test began, and the lines' file for the log; with the searches of the debug
        kernel, which take long, also what they find that earlier tests have left."""
        found = []
        reports = kernelchecks.reports(self.hosts) if searching else [""] * len(self.hosts)
        for (host, mark), report in zip(self._marks, reports):
            lines = report.splitlines() + mark.new()
            (self.directory / f"dmesg-{host.name}.log").write_text("\n".join(lines) + "\n")
            found += [f"host {host.name}: {line}" for line in kernellog.trouble("\n".join(lines))]
        return found

    def finish(self):
        """End what the test started and put the hosts back into the state after boot."""
        for vmm in self._vmms:
            if not vmm.ended():
                vmm.quit()
        for guest in self._guests:
            guest.close()
        for host in self.hosts:
            try:
                faults.clear(host)
                provision.clear(host)
            except LabError as error:
                raise Failure(f"host {host.name} cannot be cleared after the test: {error}") from None
