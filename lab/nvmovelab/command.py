# SPDX-License-Identifier: BSD-2-Clause
"""The command line of lab/lab."""

import argparse
import sys

from . import demo, downtime, drivercheck, kernel, packages, packagetest, shell, suite
from .errors import LabError, Lost
from .products import prepare
from .progress import say
from .subsystem import PROTOCOLS
from .variant import Variant

# Exit code when a machine of the lab died without being asked to; tests/run knows it.
LOST = 3


def _prepare(options):
    products = prepare(options.kernel)
    say(f"everything is in the cache; hosts run under {products.accelerator}")
    return 0


def _variant(options):
    return Variant(options.protocol, options.kernel)


def main(argv):
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="lab/lab", description="Two hosts, a guest and a wire on one machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, function, text in (
            ("prepare", _prepare, "make what the cache lacks, boot nothing"),
            ("demo", lambda options: demo.main(_variant(options)), "move a guest with a VF between two hosts while fio runs in it"),
            ("downtime", lambda options: downtime.main(_variant(options)), "how long a move stops a guest with a VF, and one without"),
            ("shell", lambda options: shell.main(_variant(options)), "boot both hosts and open a shell on host A"),
            ("check-driver", lambda _: drivercheck.main(), "compile the driver with W=1, sparse and checkpatch; boot nothing"),
            ("packages", lambda _: packages.main(), "build the Debian packages into build/deb; boot nothing"),
            ("test-packages", lambda _: packagetest.main(), "install, upgrade and remove the Debian packages in a clean tree; boot nothing"),
            ("test", lambda options: suite.main(options.names, _variant(options), options.needed), "run the tests of tests/lab")):
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(function=function)
        if name in ("demo", "downtime", "shell", "test"):
            command.add_argument("--protocol", choices=PROTOCOLS, default=PROTOCOLS[0],
                                 help=f"what the hosts' NVMe devices speak; {PROTOCOLS[0]}")
        if name in ("demo", "downtime", "prepare", "shell", "test"):
            default = downtime.KERNEL if name == "downtime" else kernel.STOCK
            command.add_argument("--kernel", choices=kernel.NAMES, default=default, help=f"what the hosts boot; {default}")
        if name == "test":
            command.add_argument("--needed", action="store_true", help=f"beside those named, the tests that kernel {kernel.STOCK} is not for")
            command.add_argument("names", nargs="*", help="names of tests; all without")
    options = parser.parse_args(argv)
    try:
        return options.function(options)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return LOST if isinstance(error, Lost) else 1
    except KeyboardInterrupt:
        print("lab: interrupted", file=sys.stderr)
        return 130
