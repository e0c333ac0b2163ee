# SPDX-License-Identifier: BSD-2-Clause
"""QEMU's machine protocol over anything with readline(timeout) and write(bytes)."""

import json
import time

from .errors import LabError, Timeout


class Qmp:
    """One QMP connection. Events are kept in the order they came."""

    def __init__(self, name, stream, timeout=60):
        self.name = name
        self._stream = stream
        self.events = []
        greeting = self._message(time.monotonic() + timeout)
        if "QMP" not in greeting:
            raise LabError(f"{name}: no QMP greeting but {greeting}")
        version = greeting["QMP"]["version"]
        self.version = version.get("package") or ".".join(str(version["qemu"][k]) for k in ("major", "minor", "micro"))
        self.command("qmp_capabilities", timeout=timeout)

    def _message(self, deadline):
        line = self._stream.readline(max(0.0, deadline - time.monotonic()))
        if line is None:
            raise LabError(f"{self.name}: QEMU closed its QMP connection")
        return json.loads(line)

    def command(self, execute, timeout=60, **arguments):
        """Run a command and return its result; an error of QEMU's becomes LabError."""
        request = {"execute": execute}
        if arguments:
            request["arguments"] = {k.replace("_", "-"): v for k, v in arguments.items()}
        self._stream.write(json.dumps(request).encode() + b"\n")
        deadline = time.monotonic() + timeout
        while True:
            try:
                message = self._message(deadline)
            except Timeout:
                raise Timeout(f"{self.name}: {execute}: no answer within {timeout} s") from None
            if "event" in message:
                self.events.append(message)
            elif "error" in message:
                raise LabError(f"{self.name}: {execute}: {message['error']['desc']}")
            elif "return" in message:
                return message["return"]
