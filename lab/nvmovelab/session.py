# SPDX-License-Identifier: BSD-2-Clause
"""A session: two hosts side by side with their media and logs, and nothing left behind when it ends, however it ends."""

import contextlib
import shutil
import signal
import tempfile
from pathlib import Path

from . import subsystem
from .host import Host
from .paths import BUILD
from .progress import say, stage


def _interrupted(*_):
    # a second signal must not interrupt the cleaning up
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def logs(variant, name):
    """Where a run's logs are."""
    return BUILD / "lab" / str(variant) / name


def results(variant, name):
    """Make the empty directory for a run's logs."""
    directory = logs(variant, name)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


@contextlib.contextmanager
def hosts(products, directory, protocol):
    """Boot hosts A and B in parallel, with the kernel of the products and NVMe subsystems that speak a protocol."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupted)
    sockets = Path(tempfile.mkdtemp(prefix="lab-"))
    pair = []
    try:
        with stage(f"booting hosts A and B ({products.accelerator}, kernel {products.kernel.name}, protocol {protocol})"):
            for name in ("A", "B"):
                host = Host(name, products, directory, sockets, protocol)
                pair.append(host)
                host.start(subsystem.arguments(name, directory, protocol))
            for host in pair:
                host.wait_ready()
        yield pair
    finally:
        for host in pair:
            host.stop()
        shutil.rmtree(sockets, ignore_errors=True)
        say(f"logs: {directory}")
