# SPDX-License-Identifier: BSD-2-Clause
"""A lab host's agent: runs programs and relays unix sockets for the orchestrator over a virtio serial port.

Both directions are lines of JSON. Requests: {"job", "op"} with op one of run (argv, directory), connect (path),
write (data), eof, signal (signum). Answers: {"job", "out"|"err": data}, {"job", "exit": code}, {"job", "error": text}.
Data is base64. A job number is used once. The agent starts only what it is told and ends with the port.
"""

import base64
import glob
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time

CHUNK = 48 * 1024
PORT = "nvmove.agent"


class Agent:
    """All jobs of one host."""

    def __init__(self, port):
        self.port = port
        self.selector = selectors.DefaultSelector()
        self.processes = {}
        self.open_outputs = {}
        self.inputs = {}
        self.sockets = {}

    def send(self, **answer):
        """Send one answer, whole."""
        data = json.dumps(answer).encode() + b"\n"
        while data:
            data = data[os.write(self.port, data):]

    def op_run(self, job, argv, directory=None):
        """Start a program."""
        try:
            process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       cwd=directory, bufsize=0, start_new_session=True)
        except OSError as error:
            self.send(job=job, error=f"{argv[0]}: {error}")
            return
        self.processes[job] = process
        self.inputs[job] = process.stdin
        self.open_outputs[job] = 2
        for name, pipe in (("out", process.stdout), ("err", process.stderr)):
            self.selector.register(pipe, selectors.EVENT_READ, (self.on_output, job, name))

    def op_connect(self, job, path):
        """Connect to a unix socket and relay it."""
        peer = socket.socket(socket.AF_UNIX)
        try:
            peer.connect(path)
        except OSError as error:
            self.send(job=job, error=f"{path}: {error}")
            peer.close()
            return
        self.sockets[job] = peer
        self.selector.register(peer, selectors.EVENT_READ, (self.on_socket, job, "out"))
        self.send(job=job, out="")

    def op_write(self, job, data):
        """Write to a job's input."""
        raw = base64.b64decode(data)
        try:
            if job in self.sockets:
                self.sockets[job].sendall(raw)
            elif job in self.inputs:
                self.inputs[job].write(raw)
        except OSError:
            pass  # the job's end is reported by its output

    def op_eof(self, job):
        """Close a job's input."""
        if job in self.sockets:
            self.sockets[job].shutdown(socket.SHUT_WR)
        elif job in self.inputs:
            self.inputs.pop(job).close()

    def op_signal(self, job, signum):
        """Send a signal to a program and its children."""
        if job in self.processes:
            try:
                os.killpg(self.processes[job].pid, signum)
            except ProcessLookupError:
                pass

    def on_output(self, pipe, job, name):
        """Forward a program's output; report its end."""
        data = os.read(pipe.fileno(), CHUNK)
        if data:
            self.send(job=job, **{name: base64.b64encode(data).decode()})
            return
        self.selector.unregister(pipe)
        pipe.close()
        self.open_outputs[job] -= 1
        if self.open_outputs[job]:
            return
        code = self.processes.pop(job).wait()
        if job in self.inputs:
            self.inputs.pop(job).close()
        self.send(job=job, exit=code)

    def on_socket(self, peer, job, name):
        """Forward what a socket says; report its end."""
        try:
            data = peer.recv(CHUNK)
        except OSError:
            data = b""
        if data:
            self.send(job=job, **{name: base64.b64encode(data).decode()})
            return
        self.selector.unregister(peer)
        self.sockets.pop(job).close()
        self.send(job=job, exit=0)

    def serve(self):
        """Work until the port goes away."""
        self.selector.register(self.port, selectors.EVENT_READ, None)
        self.send(job=0, out="")
        pending = b""
        while True:
            for key, _ in self.selector.select():
                if key.data:
                    handler, job, name = key.data
                    handler(key.fileobj, job, name)
                    continue
                data = os.read(self.port, CHUNK)
                if not data:
                    time.sleep(0.2)  # nobody has the other end open
                pending += data
                *lines, pending = pending.split(b"\n")
                for line in lines:
                    request = json.loads(line)
                    getattr(self, "op_" + request.pop("op"))(**request)


def main():
    """Find the port and serve it."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    for _ in range(100):
        ports = [name for name in glob.glob("/sys/class/virtio-ports/*/name") if open(name).read().strip() == PORT]
        if ports:
            break
        time.sleep(0.1)
    else:
        sys.exit(f"lab agent: no virtio serial port {PORT}")
    Agent(os.open(f"/dev/{ports[0].split('/')[-2]}", os.O_RDWR)).serve()


main()
