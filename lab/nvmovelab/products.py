# SPDX-License-Identifier: BSD-2-Clause
"""Everything a session takes from the cache, made as needed: the tree, QEMU, the images, the driver, the
programs that run in the hosts."""

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
    conformance: Path
    command: Path
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


def _program(root, kind, name, title, directory, sources, libraries, parts=(), options=()):
    """A user-space program of C sources in one of the project's directories, and of all those of other parts of the project,
    built for the tree."""
    copied = [directory, *parts, "include/nvmove"]
    sources = [*(f"{directory}/{source}" for source in sources),
               *(str(path.relative_to(PROJECT)) for part in parts for path in sorted((PROJECT / part).rglob("*.c")))]

    def make(made):
        work = made / "work"
        _copy_sources(copied, work)
        files = [f"/mnt/work/{source}" for source in sources]
        options_of_parts = [f"-I/mnt/work/{part}" for part in parts]
        with stage(title):
            run.logged(tree.inside(root, {"work": work},
                                   ["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-g", "-Wall", "-Wextra", "-Wshadow",
                                    "-Wvla", "-Werror", "-I/mnt/work/include", *options_of_parts, *options,
                                    "-o", f"/mnt/work/{name}", *files, *libraries]),
                       cache.root() / f"{kind}.log", 300)
        shutil.copy2(work / name, made)
        cache.remove(work)

    key = cache.digest(root.parent.name, *(PROJECT / name for name in copied))
    return cache.product(kind, key, make) / name


def _sources(directory, without=()):
    """Names of the C files of a project directory."""
    return sorted(path.name for path in (PROJECT / directory).glob("*.c") if path.name not in without)


def _mover(root):
    """The VFIO program of tests/lab/vfio."""
    directory = "tests/lab/vfio"
    return _program(root, "mover", "vfio-nvme-move", "VFIO program", directory, _sources(directory), ["-pthread"])


def _ramcheck(root):
    """The program of tests/lab/ramcheck, which runs in the guest."""
    directory = "tests/lab/ramcheck"
    return _program(root, "ramcheck", "ramcheck", "memory check program", directory, _sources(directory), [])


def _conformance(root):
    """The program that tests a device for conformance; its other back end is no part of it."""
    directory = "tests/conformance"
    return _program(root, "conformance", "nvmove-conformance", "conformance program", directory,
                    _sources(directory, without=("in_process.c",)), ["-lnvme"])


def _command(root):
    """nvmove, the administrator's command."""
    return _program(root, "command", "nvmove", "administrator's command", "tool", _sources("tool"),
                    ["-ljson-c", "-luring", "-pthread"], parts=("ctrl",), options=("-DNVMOVE_VERSION=\"lab\"",))


def prepare():
    """Make what the cache lacks."""
    tools.require()
    root = tree.tree()
    binary = qemu.binary(root)
    return Products(tree=root, qemu=binary, image=image.host_image(root), guest=guestimage.guest_image(root, _ramcheck(root)),
                    driver=_driver(root), mover=_mover(root), conformance=_conformance(root),
                    command=_command(root), accelerator=accel.accelerator(root, binary))
