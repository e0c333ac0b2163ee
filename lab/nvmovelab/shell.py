# SPDX-License-Identifier: BSD-2-Clause
"""An interactive shell on host A while both hosts are up."""

import os
import sys
import termios
import threading
import tty

from . import provision, session
from .errors import LabError
from .products import prepare
from .progress import say


def _relay(host):
    """Connect this terminal with a shell on the host until the shell ends."""
    size = os.get_terminal_size()
    script = ("import os, pty; os.environ.update(TERM='linux', PS1='host%s# '); "
              "pty.spawn(['sh', '-c', 'stty rows %d columns %d; cd /lab; exec bash --norc'])"
              % (host.name, size.lines, size.columns))
    job = host.start_program(["python3", "-c", script])

    def forward():
        try:
            while (data := os.read(sys.stdin.fileno(), 4096)):
                job.write(data)
        except (OSError, LabError):
            pass

    before = termios.tcgetattr(sys.stdin)
    tty.setraw(sys.stdin)
    try:
        threading.Thread(target=forward, daemon=True).start()
        while (data := job.read(365 * 86400)) is not None:
            os.write(sys.stdout.fileno(), data)
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def main(variant):
    """Boot both hosts, provision nothing but the driver, open the shell."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise LabError("lab shell needs a terminal")
    products = prepare(variant.kernel)
    with session.hosts(products, session.results(variant, "shell"), variant.protocol) as hosts:
        for host in hosts:
            provision.load_driver(host)
        say("host A (10.77.0.1), host B is 10.77.0.2; the checkout's share is /lab; leave with exit")
        say("provision a VF:  sh /lab/host/provision 0000:01:00.0 8 1 5 5 nvme-vfio-pci")
        _relay(hosts[0])
    return 0
