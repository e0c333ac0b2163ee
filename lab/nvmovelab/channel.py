# SPDX-License-Identifier: BSD-2-Clause
"""The orchestrator's end of a host agent: jobs on the host, each with its output, its input and its exit code."""

import base64
import itertools
import json
import queue
import shlex
import signal
import socket
import threading
import time
from dataclasses import dataclass

from .errors import LabError, Lost, Timeout


@dataclass
class Result:
    """What a finished program left."""

    argv: list
    code: int
    out: str
    err: str

    def check(self):
        """Raise LabError unless the exit code is 0."""
        if self.code:
            raise LabError(f"{shlex.join(self.argv)}: exit code {self.code}: {(self.err or self.out).strip()}")
        return self


class Job:
    """A running program or a relayed socket. Output arrives in order; reading is for one thread."""

    def __init__(self, channel, number, argv):
        self.argv = argv
        self._channel = channel
        self._number = number
        self._events = queue.Queue()
        self._buffers = {"out": b"", "err": b""}
        self.code = None

    def _deadline(self, timeout):
        return time.monotonic() + timeout * self._channel.patience

    def deliver(self, answer):
        """Take one answer of the agent (called by the channel's reader)."""
        self._events.put(answer)

    def _pump(self, deadline):
        """Take the next event; False once the job has ended."""
        if self.code is not None:
            return False
        try:
            answer = self._events.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise Timeout(f"{self._channel.name}: {shlex.join(self.argv)}: no answer in time; so far: "
                          f"{(self._buffers['out'] + self._buffers['err'])[-2000:].decode(errors='replace')}") from None
        if "error" in answer:
            self.code = 127
            kind = Lost if answer.get("lost") else LabError
            raise kind(f"{self._channel.name}: {shlex.join(self.argv)}: {answer['error']}")
        for name in ("out", "err"):
            if name in answer:
                self._buffers[name] += base64.b64decode(answer[name])
        if "exit" in answer:
            self.code = answer["exit"]
        return True

    def started(self, timeout=20):
        """Wait until the agent has reported anything: a relayed socket is connected then."""
        self._pump(self._deadline(timeout))
        return self

    def read(self, timeout):
        """What the program has printed on its standard output since the last read, None at the end."""
        deadline = self._deadline(timeout)
        while not self._buffers["out"]:
            if not self._pump(deadline):
                return None
        data, self._buffers["out"] = self._buffers["out"], b""
        return data

    def readline(self, timeout):
        """Next line of the standard output without its end, or None at the end of the output."""
        deadline = self._deadline(timeout)
        while b"\n" not in self._buffers["out"]:
            if not self._pump(deadline):
                rest, self._buffers["out"] = self._buffers["out"], b""
                return rest.decode(errors="replace") or None
        line, self._buffers["out"] = self._buffers["out"].split(b"\n", 1)
        return line.decode(errors="replace").rstrip("\r")

    def _drain(self):
        """Take the events that are there already."""
        try:
            while self.code is None and not self._events.empty():
                self._pump(time.monotonic() + 1)
        except LabError:
            pass  # the error is in self.code

    def ended(self):
        """Whether the program has ended."""
        self._drain()
        return self.code is not None

    def error_text(self):
        """What the program has printed on its standard error so far."""
        self._drain()
        return self._buffers["err"].decode(errors="replace")

    def write(self, data):
        """Send bytes to the job's input."""
        for start in range(0, len(data), 16384):
            self._channel.request(self._number, "write", data=base64.b64encode(data[start:start + 16384]).decode())

    def eof(self):
        """Close the job's input."""
        self._channel.request(self._number, "eof")

    def signal(self, number=signal.SIGTERM):
        """Signal the program and its children."""
        self._channel.request(self._number, "signal", signum=int(number))

    def wait(self, timeout):
        """Wait for the end; a program that does not end in time is killed and reported."""
        deadline = self._deadline(timeout)
        try:
            while self._pump(deadline):
                pass
        except Timeout:
            self.signal(signal.SIGKILL)
            raise
        return Result(self.argv, self.code, self._buffers["out"].decode(errors="replace"),
                      self._buffers["err"].decode(errors="replace"))


class Channel:
    """The connection to one agent. A reader thread hands answers to their jobs. Every timeout is multiplied by patience."""

    def __init__(self, name, path, transcript, patience=1):
        self.name = name
        self.patience = patience
        self._path = path
        self._transcript = open(transcript, "w")
        self._jobs = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._ready = threading.Event()
        self._socket = None
        self._alive = None
        self._closing = False

    def connect(self, timeout, alive):
        """Connect to the machine's end of the port and wait for the agent's greeting; alive() raises if its machine died."""
        deadline = time.monotonic() + timeout * self.patience
        self._alive = alive
        self._socket = socket.socket(socket.AF_UNIX)
        while True:
            alive()
            try:
                self._socket.connect(str(self._path))
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise Timeout(f"{self.name}: nobody listens on {self._path}") from None
                time.sleep(0.05)
        threading.Thread(target=self._read, daemon=True).start()
        while not self._ready.wait(0.2):
            alive()
            if time.monotonic() > deadline:
                raise Timeout(f"{self.name}: its agent did not answer within {timeout * self.patience} s")

    def _log(self, text):
        try:
            self._transcript.write(f"{time.monotonic():.3f} {text}\n")
            self._transcript.flush()
        except ValueError:
            pass  # closed

    def _read(self):
        pending = b""
        while True:
            try:
                data = self._socket.recv(1 << 16)
            except OSError:
                data = b""
            if not data:
                break
            pending += data
            *lines, pending = pending.split(b"\n")
            for line in lines:
                self._answer(json.loads(line))
        reason = self._reason()
        for job in list(self._jobs.values()):
            job.deliver({"error": reason, "lost": True})

    def _reason(self):
        """Why the connection ended: usually because the machine did, which takes it a moment to be seen."""
        deadline = time.monotonic() + 5
        while not self._closing and time.monotonic() < deadline:
            try:
                self._alive()
            except LabError as error:
                return str(error)
            time.sleep(0.1)
        return "the connection to its agent is gone"

    def _answer(self, answer):
        number = answer["job"]
        if number == 0:
            self._ready.set()
            return
        for name in ("out", "err"):
            if answer.get(name):
                self._log(f"{number} {name} {base64.b64decode(answer[name])!r}")
        if "exit" in answer or "error" in answer:
            self._log(f"{number} end {answer}")
        job = self._jobs.get(number)
        if job:
            job.deliver(answer)

    def request(self, number, op, **fields):
        """Send one request."""
        if op != "write":
            self._log(f"{number} {op} {fields}")
        data = json.dumps({"job": number, "op": op, **fields}).encode() + b"\n"
        with self._lock:
            try:
                self._socket.sendall(data)
            except OSError as error:
                raise Lost(f"{self.name}: the host is gone ({error})") from None

    def _job(self, op, title, **fields):
        number = next(self._numbers)
        job = Job(self, number, title)
        self._jobs[number] = job
        self.request(number, op, **fields)
        return job

    def start(self, argv, directory=None):
        """Start a program on the host."""
        argv = [str(a) for a in argv]
        return self._job("run", argv, argv=argv, directory=directory)

    def relay(self, path):
        """Connect to a unix socket on the host."""
        return self._job("connect", [f"relay of {path}"], path=path).started()

    def close(self):
        """Drop the connection."""
        self._closing = True
        if self._socket:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self._socket.close()
        self._transcript.close()
