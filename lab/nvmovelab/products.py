# SPDX-License-Identifier: BSD-2-Clause
"""Everything a session takes from the cache, made as needed: the tree, QEMU, the images, the driver, the VFIO program."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from . import accel, cache, guestimage, image, qemu, run, tools, tree
from .paths import PROJECT
from .progress import stage

JOBS = "2"


@dataclass(frozen=True)
class Products:
    """Where each product is."""

    tree: Path
    qemu: Path
    image: Path
    guest: Path
    driver: Path
    mover: Path
    accelerator: str


def _copy_sources(names, directory):
    """A private copy of project directories, so that building leaves nothing in the checkout."""
    for name in names:
        shutil.copytree(PROJECT / name, directory / name)


def _driver(root):
    """nvme-vfio-pci.ko for the tree's kernel."""
    sources = ["kernel", "include/nvmove"]

    def make(directory):
        work = directory / "work"
        _copy_sources(sources, work)
        with stage("VFIO driver"):
            run.logged(tree.inside(root, {"work": work},
                                   ["make", "-C", "/mnt/work/kernel", "-j", JOBS,
                                    f"KDIR=/lib/modules/{tree.kernel_release(root)}/build"]),
                       cache.root() / "driver.log", 300)
        shutil.copy2(work / "kernel" / "nvme-vfio-pci.ko", directory)
        cache.remove(work)

    key = cache.digest(root.parent.name, *(PROJECT / name for name in sources))
    return cache.product("driver", key, make) / "nvme-vfio-pci.ko"


def _mover(root):
    """The VFIO program of tests/lab/vfio, built for the tree."""
    sources = ["tests/lab/vfio", "include/nvmove"]

    def make(directory):
        work = directory / "work"
        _copy_sources(sources, work)
        with stage("VFIO program"):
            run.logged(tree.inside(root, {"work": work},
                                   ["sh", "-euc",
                                    "gcc -std=gnu17 -O2 -g -Wall -Wextra -Wshadow -Wvla -Werror -I/mnt/work/include "
                                    "-o /mnt/work/vfio-nvme-move /mnt/work/tests/lab/vfio/*.c -pthread"]),
                       cache.root() / "mover.log", 300)
        shutil.copy2(work / "vfio-nvme-move", directory)
        cache.remove(work)

    key = cache.digest(root.parent.name, *(PROJECT / name for name in sources))
    return cache.product("mover", key, make) / "vfio-nvme-move"


def prepare():
    """Make what the cache lacks."""
    tools.require()
    root = tree.tree()
    binary = qemu.binary(root)
    return Products(tree=root, qemu=binary, image=image.host_image(root), guest=guestimage.guest_image(root),
                    driver=_driver(root), mover=_mover(root), accelerator=accel.accelerator(root, binary))
