# SPDX-License-Identifier: BSD-2-Clause
"""A VMM's monitor that a test plays: one client, greeting, answers, events."""

import json
import socket
import threading


class Monitor:
    """Listens at a path; answers what it is told to answer."""

    def __init__(self, path, greets=True):
        self.path = path
        self.asked = []
        self.status = {"status": "running", "running": True}
        self.migration = {}
        self._greets = greets
        self._client = None
        self._ready = threading.Event()
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen(1)
        threading.Thread(target=self._serve, daemon=True).start()

    def _say(self, message):
        self._client.sendall(json.dumps(message).encode() + b"\r\n")

    def _serve(self):
        self._client, _ = self._listening.accept()
        if not self._greets:
            return
        self._say({"QMP": {"version": {"qemu": {"major": 10, "minor": 0, "micro": 2}, "package": "x"}, "capabilities": ["oob"]}})
        self._ready.set()
        answers = {"qmp_capabilities": lambda: {}, "query-status": lambda: self.status, "query-migrate": lambda: self.migration}
        try:
            for line in self._client.makefile():
                request = json.loads(line)
                self.asked.append(request["execute"])
                self._say({"return": answers[request["execute"]](), "id": request["id"]})
        except OSError:
            pass

    def event(self, name, seconds, microseconds=0, **data):
        """Something happens."""
        self._ready.wait(10)
        self._say({"timestamp": {"seconds": seconds, "microseconds": microseconds}, "event": name, "data": data})

    def say(self, text):
        """Say what is no message."""
        self._client.sendall(text)

    def close(self):
        """The VMM ends."""
        self._client.shutdown(socket.SHUT_RDWR)
        self._client.close()
