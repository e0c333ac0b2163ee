# SPDX-License-Identifier: BSD-2-Clause
"""Runs programs of the Debian tree on the bare machine through the tree's own dynamic loader, and lists their libraries."""

import re
import subprocess

from .errors import LabError

LIBRARIES = "usr/lib/x86_64-linux-gnu"


def command(root, program):
    """The first words of a command line that runs a program of the tree (a path below root, or a binary built for it)."""
    search = f"{root}/{LIBRARIES}:{root}/{LIBRARIES}/ceph"
    return [f"{root}/lib64/ld-linux-x86-64.so.2", "--library-path", search, str(program)]


def libraries(root, program):
    """Paths inside the tree, relative to root, of the loader and of every library that a program needs."""
    argv = command(root, program)
    argv.insert(1, "--list")
    listing = subprocess.run(argv, capture_output=True, text=True)
    if listing.returncode:
        raise LabError(f"{program}: cannot list its libraries: {listing.stderr.strip()}")
    found = re.findall(r"=> (/\S+)", listing.stdout)
    return {"lib64/ld-linux-x86-64.so.2"} | {path.removeprefix(f"{root}/") for path in found}
