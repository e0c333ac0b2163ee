# SPDX-License-Identifier: BSD-2-Clause
"""What the hosts boot: the Debian tree as an ext4 image, used with snapshot=on so that it never changes."""

import os

from . import cache, run
from .progress import stage

SIZE = "3G"


def host_image(root):
    """Path of the hosts' root image."""

    def make(directory):
        with stage("hosts' root image"):
            run.logged(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-L", "lab",
                        "-d", root, directory / "root.img", SIZE], cache.root() / "image.log", 300)

    return cache.product("image", cache.digest(root.parent.name, SIZE), make) / "root.img"


def medium(path, megabytes):
    """Create a sparse raw file that stores a namespace."""
    with open(path, "wb") as file:
        os.truncate(file.fileno(), megabytes << 20)
    return path
