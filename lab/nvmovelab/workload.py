# SPDX-License-Identifier: BSD-2-Clause
"""What runs in the guest while it moves: fio, which verifies what it wrote to the disk, with its rate as it happens, and
ramcheck (tests/lab/ramcheck), which verifies what the disk wrote to the guest's memory."""

import itertools
import json
import threading
import time

from . import kernellog
from .errors import LabError, Timeout

EILSEQ = 84
INTERVAL = 0.5
# A guest that does nothing for so long does nothing any more, however slow the machine.
STALLED = 120


def disk(guest, nsid):
    """Name of the guest's disk for a namespace: Linux numbers disks in the order in which they were found."""
    return guest.sh(f"grep -lx {nsid} /sys/block/nvme[0-9]n[0-9]*/nsid").split("/")[3]


class Rate:
    """Samples a disk's completed I/Os from the guest while it runs. Times are this machine's."""

    def __init__(self, guest, disk, show=lambda per_second, seconds: None):
        self._job = guest.start(f"rm -f /run/stop-rate; while read -r r a b c w rest </sys/block/{disk}/stat; do "
                                f"echo $r $w; [ -e /run/stop-rate ] && break; sleep {INTERVAL}; done")
        self._guest = guest
        self._show = show
        self.samples = []
        self.error = None
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self):
        try:
            while (line := self._job.readline(300)) is not None:
                reads, writes = (int(word) for word in line.split())
                now = time.monotonic()
                self.samples.append((now, reads + writes))
                if len(self.samples) > 1:
                    before, ios = self.samples[-2]
                    self._show((reads + writes - ios) / max(now - before, 0.001), now - before)
        except (LabError, ValueError) as error:
            self.error = error

    def ios_at(self, moment):
        """I/Os that the last sample before a moment had counted."""
        counts = [ios for when, ios in self.samples if when <= moment]
        return counts[-1] if counts else (self.samples[0][1] if self.samples else 0)

    def longest_gap(self):
        """Longest time in seconds between two samples: the guest's standstill as an observer saw it."""
        times = [when for when, _ in self.samples]
        return max((b - a for a, b in zip(times, times[1:])), default=0.0)

    def stop(self):
        """End the sampling."""
        self._guest.sh("touch /run/stop-rate")
        self._thread.join(30)
        if self.error:
            raise LabError(f"the guest's I/O rate is gone: {self.error}")


class Running:
    """fio with verification in the guest, from start() to finish(), however often the guest moves meanwhile."""

    NAME = "running"

    def __init__(self, guest, disk, show=lambda per_second, seconds: None, **options):
        self._guest = guest
        words = fio(self.NAME, f"/dev/{disk}", "randwrite", verify_backlog=64, time_based=1, runtime=3600, **options)
        self._job = guest.start(f"echo $$ >/run/{self.NAME}.pid; exec {words}")
        self.rate = Rate(guest, disk, show)

    def advance(self, seconds, when):
        """Let it run for some seconds, longer on a slow machine until it has done something; return the I/Os done."""
        start = time.monotonic()
        done = 0
        while self._job.running() and (not done or time.monotonic() < start + seconds):
            time.sleep(min(seconds, INTERVAL))
            done = self.rate.ios_at(time.monotonic()) - self.rate.ios_at(start)
            if time.monotonic() > start + STALLED:
                break
        if done <= 0 or not self._job.running():
            raise LabError(f"guest: {done} I/Os in {time.monotonic() - start:.0f} s {when}, fio "
                           f"{'runs' if self._job.running() else 'has ended'}; its words: {self._words()}"
                           + (f"; no samples any more: {self.rate.error!r}" if self.rate.error else ""))
        return done

    def _words(self):
        if self._job.running():
            return "none"
        return f"{self._job.wait(30).out} {self._guest.run(f'head -c 2000 /run/{self.NAME}.json').out}"

    def finish(self):
        """Stop fio and return its report, with what it printed under "words"."""
        self.rate.stop()
        # fio's first process alone, which sleeps: a handler that prints may hang the one that does the I/O
        self._guest.sh(f"kill -INT $(cat /run/{self.NAME}.pid)")
        words = self._end()
        return {**report(self._guest.sh(f"cat /run/{self.NAME}.json")), "words": words}

    def _end(self):
        try:
            return self._job.wait(120).out
        except Timeout as error:
            state = self._guest.run("grep . /sys/block/nvme*/inflight; "
                                    "for p in $(pidof fio); do echo $p; cat /proc/$p/wchan /proc/$p/stack; done")
            raise LabError(f"{error}; I/Os in flight and what fio waits for: {state.out!r}") from None


class Ramcheck:
    """ramcheck in the guest, from its start to finish(): most of the free memory is written by the device, page by page."""

    # as in the program
    PAGES_PER_READ = 16
    _generations = itertools.count(1)

    def __init__(self, guest, disk, first_mib, mib=32, percent=75, pages_per_second=2000):
        """The blocks that are read lie in mib MiB of the disk behind first_mib, and are written first."""
        self._guest = guest
        self._pid = f"/run/ramcheck-{disk}.pid"
        # the guest's kernel is not to move pages about, which would be writes of the processor
        guest.sh("echo never >/sys/kernel/mm/transparent_hugepage/enabled; echo 0 >/proc/sys/vm/compaction_proactiveness")
        self._job = guest.start(f"echo $$ >{self._pid}; exec ramcheck /dev/{disk} {first_mib} {mib} {percent} "
                                f"{pages_per_second} {next(self._generations)}")
        words = self._job.readline(STALLED) or f"end, {self._job.code}"
        if not words.startswith("running "):
            raise LabError(f"ramcheck in the guest does not run: {words}")
        self.pages = int(words.split()[1])

    def finish(self):
        """End it and return what it found: a dictionary, "first" in it names the first page that is wrong."""
        self._guest.sh(f"kill -INT $(cat {self._pid})")
        result = self._job.wait(STALLED)
        try:
            found = json.loads(result.out.splitlines()[-1])
        except (IndexError, ValueError):
            raise LabError(f"ramcheck in the guest: exit code {result.code}: {result.out}") from None
        if result.code not in (0, 1) or (result.code == 1) != (found["checksum"] != found["expected_checksum"]):
            raise LabError(f"ramcheck in the guest: exit code {result.code} with {found}")
        return found


class Load:
    """fio and ramcheck side by side on a guest's disk: 64 MiB behind first_mib are fio's, the 32 MiB behind these are
    what ramcheck reads."""

    def __init__(self, guest, disk, first_mib=0, **options):
        """Options are Ramcheck's."""
        self._guest = guest
        self._memory = Ramcheck(guest, disk, first_mib + 64, **options)
        self._fio = Running(guest, disk, offset=f"{first_mib}m", size="64m")
        self.advance = self._fio.advance
        self.rate = self._fio.rate

    def finish(self):
        """End both; returns what they found and a list of everything that is wrong with the disk, the memory or the guest."""
        memory = self._memory.finish()
        disk = self._fio.finish()
        wrong = [f"fio: {disk[key]} {key.replace('_', ' ')}: {disk['words']}" for key in ("io_errors", "verify_errors") if disk[key]]
        if not disk["bytes_verified"]:
            wrong.append(f"fio verified nothing: {disk}")
        if memory["wrong_pages"]:
            wrong.append(f"{memory['wrong_pages']} of {memory['pages']} pages of memory are wrong: {memory['first']}")
        if memory["pages_read"] < memory["pages"] // 4:
            wrong.append(f"the device has written {memory['pages_read']} pages, less than a quarter of {memory['pages']}")
        wrong += [f"guest's kernel: {line}" for line in kernellog.guest_trouble(self._guest)]
        return {"disk": disk, "memory": memory}, wrong


def fio(name, device, rw, **options):
    """fio's command line for verified direct I/O."""
    words = {"name": name, "filename": device, "rw": rw, "direct": 1, "ioengine": "libaio", "bs": "4k", "iodepth": 8,
             "allow_file_create": 0, "verify": "crc32c", "verify_fatal": 1, "output-format": "json",
             "output": f"/run/{name}.json", **options}
    return "fio " + " ".join(f"--{key}={value}" for key, value in words.items())


def report(text):
    """What fio's JSON says, in the terms of the demo's report."""
    start = text.find("{")
    jobs = json.loads(text[start:])["jobs"]
    return {
        "ios": sum(j["read"]["total_ios"] + j["write"]["total_ios"] for j in jobs),
        "bytes_verified": sum(j["read"]["io_bytes"] for j in jobs),
        "bytes_written": sum(j["write"]["io_bytes"] for j in jobs),
        "io_errors": sum(j["error"] not in (0, EILSEQ) for j in jobs),
        "verify_errors": sum(j["error"] == EILSEQ for j in jobs),
    }
