# SPDX-License-Identifier: BSD-2-Clause
"""How long a move stops a guest that owns a VF, beside a guest that is the same but for the VF.

The two move in turns between the hosts, so that whatever else the machine does falls on both. Only times that one QEMU measured
are compared; what is said about hardware is nothing.
"""

import json
import statistics

from . import provision, session, subsystem, workload
from .bench import GUEST_BOOT_SECONDS
from .errors import LabError
from .guest import Guest
from .paths import BUILD
from .products import prepare
from .progress import say, stage
from .vmm import STEPS, Vmm

# what can carry the log of the memory that a device writes
KERNEL = "lab"
MOVES = 5
MOST_RATIO = 1.15
# The same in both guests: a processor that writes to memory all the time, a little faster than once through 16 MiB in a second.
BUSY = "while :; do dd if=/dev/zero of=/run/busy bs=1M count=16 conv=notrunc 2>/dev/null; sleep 1; done"
# Verified I/O of the guest that has a VF, per second.
IOPS = 200


class Contender:
    """A guest that moves there and back; functions are the VFs it owns on the hosts, by host."""

    def __init__(self, name, hosts, functions, directory):
        self.name = name
        self._hosts = hosts
        self._functions = functions
        self._guest = Guest(directory / f"{name.replace(' ', '-')}.log")
        self._load = None
        self.moves = []
        self._source = self._vmm(hosts[0])
        self._guest.attach(self._source)

    def _vmm(self, host, **options):
        return Vmm(host, self._functions.get(host.name, ()), forced=False, **options)

    def start(self):
        """Wait for the guest and give it work; its VF, if it has one, works too."""
        self._guest.wait_ready(GUEST_BOOT_SECONDS, self._source.alive)
        self._guest.start(BUSY)
        if self._functions:
            disk = workload.disk(self._guest, subsystem.SHARED.nsid)
            self._load = workload.Running(self._guest, disk, size="64m", rate_iops=IOPS)
            self._load.advance(1, "before the first move")

    def move(self):
        """Move to the other host and note how long it stood still, and with what."""
        host = self._hosts[1 - self._hosts.index(self._source.host)]
        destination = self._vmm(host, incoming=True)
        self._guest.attach_later(destination)
        destination.listen()
        info = self._source.migrate(destination)
        if info["status"] != "completed":
            raise LabError(f"{self.name}: migration {info['status']}: {info.get('error-desc', '')}")
        self._guest.switch()
        self.moves.append({"downtime_ms": info["downtime"], "ram_bytes": info["ram"]["downtime-bytes"],
                           "steps_ms": self._source.downtime_steps(), "states": self._source.device_states()})
        self._source.quit()
        self._source = destination

    def medians(self):
        """Of the downtime and each of its steps, in milliseconds."""
        return {"downtime": statistics.median(move["downtime_ms"] for move in self.moves),
                **{step: statistics.median(move["steps_ms"][step] for move in self.moves) for step in STEPS.values()}}

    def close(self):
        """End the guest, whose I/O must have been right."""
        if self._load:
            found = self._load.finish()
            if found["io_errors"] or found["verify_errors"] or not found["bytes_verified"]:
                raise LabError(f"{self.name}: {found}")
        self._source.quit()
        self._guest.close()


def _report(contenders, variant, hosts_kernel):
    """Everything that was measured."""
    medians = {contender.name: contender.medians() for contender in contenders}
    owner, other = (medians[contender.name]["downtime"] for contender in contenders)
    return {"protocol": variant.protocol, "kernel": hosts_kernel, "moves": MOVES, "medians_ms": medians,
            "single": {contender.name: contender.moves for contender in contenders},
            "ratio": owner / other, "limit": MOST_RATIO, "holds": owner / other <= MOST_RATIO}


def _print(report):
    """The table and the verdict."""
    names = list(report["medians_ms"])
    print(f"\nDowntime of a guest, median of {report['moves']} moves each, milliseconds; kernel {report['kernel']}")
    print(f"  {'':26}" + "".join(f"{name:>16}" for name in names))
    for step in report["medians_ms"][names[0]]:
        print(f"  {step:26}" + "".join(f"{report['medians_ms'][name][step]:16.1f}" for name in names))
    print(f"{'holds' if report['holds'] else 'DOES NOT HOLD'}: at most {report['limit']} of the downtime without a VF "
          f"({report['ratio']:.3f})")


def main(variant):
    """Measure; returns 0 whatever the figures are, as times depend on the machine."""
    products = prepare(variant.kernel)
    directory = session.results(variant, "downtime")
    with session.hosts(products, directory, variant.protocol) as hosts:
        functions = {}
        for host in hosts:
            provision.load_driver(host)
            functions[host.name] = (provision.vf(host),)
        contenders = [Contender("with a VF", hosts, functions, directory), Contender("without", hosts, {}, directory)]
        with stage("two guests boot"):
            for contender in contenders:
                contender.start()
        for move in range(1, MOVES + 1):
            with stage(f"move {move} of {MOVES}, each guest"):
                for contender in contenders:
                    contender.move()
        kernel = hosts[0].sh("uname -r")
        for contender in contenders:
            contender.close()
    path = BUILD / "bench" / "downtime.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    report = _report(contenders, variant, kernel)
    path.write_text(json.dumps(report, indent=2) + "\n")
    _print(report)
    say(f"all figures: {path.relative_to(BUILD.parent)}")
    return 0
