# SPDX-License-Identifier: BSD-2-Clause
"""The guest as its user sees it: shell commands over its serial agent. It stays the same object while it moves.

Nothing is sent while a migration runs (the moment at which a serial port's input changes hosts is not defined); output is
read from whichever host it comes from.
"""

import base64
import itertools
import queue
import shlex
import threading
import time

from .channel import Result
from .errors import LabError, Lost, Timeout

# A guest's answers come through a serial port that is emulated twice: tens of milliseconds a line on an idle machine.
COMMAND_SECONDS = 300


class GuestJob:
    """A shell command running in the guest."""

    def __init__(self, guest, number, script):
        self._guest = guest
        self._number = number
        self._script = script
        self._events = queue.Queue()
        self.code = None

    def deliver(self, kind, text):
        """Take a line of output or the exit code (called by the guest's reader)."""
        self._events.put((kind, text))

    def running(self):
        """Whether the command has not reported its end; meant for commands that print only little."""
        return self.code is None and not any(kind != "|" for kind, _ in list(self._events.queue))

    def readline(self, timeout):
        """Next line of output, None at the end."""
        if self.code is not None:
            return None
        try:
            kind, text = self._events.get(timeout=max(0.0, timeout))
        except queue.Empty:
            raise Timeout(f"guest: {self._script!r}: no answer within {timeout:.0f} s") from None
        if kind == "|":
            return text
        if kind == "!":
            raise Lost(f"guest: {self._script!r}: {text}: {self._guest.last_words()}")
        self.code = int(text)
        return None

    def wait(self, timeout):
        """Wait for the end and return a Result (both outputs in out)."""
        deadline = time.monotonic() + timeout
        lines = []
        while (line := self.readline(deadline - time.monotonic())) is not None:
            lines.append(line)
        return Result(["sh", "-c", self._script], self.code, "\n".join(lines), "")


class Guest:
    """The guest's agent."""

    def __init__(self, transcript):
        self._transcript = open(transcript, "w")
        self._jobs = {}
        self._numbers = itertools.count(1)
        self._ready = threading.Event()
        self._vmm = self._next_vmm = None
        self._stream = self._next = None

    def attach(self, vmm):
        """Use the agent behind a VMM's serial port."""
        self._vmm, self._stream = vmm, vmm.serial()
        threading.Thread(target=self._read, args=(self._stream,), daemon=True).start()

    def attach_later(self, vmm):
        """Listen to the serial port of the VMM that waits for the guest, too; commands go there after switch()."""
        self._next_vmm, self._next = vmm, vmm.serial()
        threading.Thread(target=self._read, args=(self._next,), daemon=True).start()

    def last_words(self):
        """Why the guest is gone: what its VMM and its console said."""
        return self._vmm.last_words()

    def switch(self):
        """The guest has moved: commands go to the port given to attach_later() from now on."""
        self._vmm, self._next_vmm = self._next_vmm, None
        self._stream, self._next = self._next, None

    def _read(self, stream):
        """Follow a port to its end. Where the guest moved in the middle of a line, each host has a piece of it: both are dropped."""
        rest = b""
        while data := self._receive(stream):
            *lines, rest = (rest + data).split(b"\n")
            for line in (line.decode(errors="replace").rstrip("\r") for line in lines):
                self._transcript.write(f"{time.monotonic():.3f} {line}\n")
                self._transcript.flush()
                self._line(line)
        if stream is self._stream:
            for job in list(self._jobs.values()):
                job.deliver("!", "the guest is gone")

    @staticmethod
    def _receive(stream):
        try:
            return stream.read(3600)
        except LabError:
            return None

    def _line(self, line):
        mark, _, rest = line.partition(" ")
        if not mark.startswith("@") or not mark[1:].isdigit() or not rest:
            return
        number = int(mark[1:])
        if number == 0:
            self._ready.set()
        elif number in self._jobs:
            self._jobs[number].deliver(rest[0], rest[1:])
            if rest[0] == "=":
                del self._jobs[number]

    def wait_ready(self, timeout, alive):
        """Wait for the agent's greeting; alive() raises if the guest cannot come any more."""
        deadline = time.monotonic() + timeout
        while not self._ready.wait(0.5):
            alive()
            if time.monotonic() > deadline:
                raise Timeout(f"guest: its agent did not answer within {timeout} s")

    def start(self, script):
        """Start a shell script in the guest."""
        number = next(self._numbers)
        job = GuestJob(self, number, script)
        self._jobs[number] = job
        self._transcript.write(f"{time.monotonic():.3f} > {number} {script}\n")
        self._stream.write(f"run {number} {base64.b64encode(script.encode()).decode()}\n".encode())
        return job

    def run(self, script, timeout=COMMAND_SECONDS):
        """Run a shell script to its end; returns its Result whatever the exit code."""
        return self.start(script).wait(timeout)

    def sh(self, script, timeout=COMMAND_SECONDS):
        """Run a shell script, raise LabError if it fails, return its output."""
        return self.run(script, timeout).check().out

    def argv(self, *argv, timeout=COMMAND_SECONDS):
        """Run one program, raise LabError if it fails, return its output."""
        return self.sh(shlex.join(argv), timeout)

    def close(self):
        """End the transcript."""
        self._transcript.close()
