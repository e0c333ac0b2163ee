# SPDX-License-Identifier: BSD-2-Clause
"""The Debian archive of the hosts: packages that one of them can install while it runs, because none reaches a network."""

from . import cache, run
from .paths import LAB, PROVISION
from .progress import stage


def archive(root):
    """The directory with the packages of lab/packages/archive.list and apt's index of them, for hosts of a tree."""
    inputs = [LAB / "packages" / "archive.list", PROVISION / "archive.sh", PROVISION / "apt.sh", PROVISION / "in-tree.sh"]

    def make(directory):
        with stage("Debian packages that hosts install"):
            run.logged([PROVISION / "archive.sh", root, inputs[0], directory], cache.root() / "archive.log", 300)

    return cache.product("archive", cache.digest(root.parent.name, *inputs), make)
