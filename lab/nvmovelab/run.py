# SPDX-License-Identifier: BSD-2-Clause
"""Runs one program of the machine to its end, output into a log; a failure carries the log's tail."""

import os
import signal
import subprocess

from .errors import LabError, Timeout, tail


def logged(argv, log, timeout, cwd=None, append=False):
    """Run argv, write both outputs to log, raise LabError with the log's tail if it fails or lasts longer than timeout."""
    argv = [str(a) for a in argv]
    with open(log, "a" if append else "w") as file:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, cwd=cwd,
                                   start_new_session=True,
                                   env={**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"})
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Timeout(f"{argv[0]}: no end after {timeout} s; last lines of {log}:\n{tail(log)}") from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    if code:
        raise LabError(f"{' '.join(argv[:3])} …: exit code {code}; last lines of {log}:\n{tail(log)}")
