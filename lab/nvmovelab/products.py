# SPDX-License-Identifier: BSD-2-Clause
"""Everything a session takes from the cache, made as needed: the tree, QEMU, the images, the hosts' kernel, the driver for
it, the programs that run in the hosts."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from . import accel, cache, guestimage, image, kernel, qemu, run, tools, tree
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
    kernel: kernel.Kernel
    driver: Path
    mover: Path
    conformance: Path
    command: Path
    accelerator: str


def _copy_sources(names, directory):
    """A private copy of project directories, so that building leaves nothing in the checkout."""
    for name in names:
        shutil.copytree(PROJECT / name, directory / name)


def _driver(booted):
    """nvme-vfio-pci.ko for the hosts' kernel."""
    sources = ["kernel", "include/nvmove"]
    name = f"driver-{booted.name}"

    def make(directory):
        work = directory / "work"
        _copy_sources(sources, work)
        with stage(f"VFIO driver for {booted.release}"):
            run.logged(tree.inside(booted.root, {"work": work, **booted.binds()},
                                   ["make", "-C", "/mnt/work/kernel", "-j", JOBS, *booted.make_arguments()]),
                       cache.root() / f"{name}.log", 300)
        shutil.copy2(work / "kernel" / "nvme-vfio-pci.ko", directory)
        cache.remove(work)

    key = cache.digest(booted.made_from, *(PROJECT / source for source in sources))
    return cache.product(name, key, make) / "nvme-vfio-pci.ko"


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


def prepare(kernel_name=kernel.STOCK):
    """Make what the cache lacks for hosts that boot a kernel."""
    tools.require()
    root = tree.tree()
    binary = qemu.binary(root)
    booted = kernel.kernel(root, kernel_name)
    return Products(tree=root, qemu=binary, image=image.host_image(booted.root), guest=guestimage.guest_image(root, _ramcheck(root)),
                    kernel=booted, driver=_driver(booted), mover=_mover(root), conformance=_conformance(root),
                    command=_command(root), accelerator=accel.accelerator(root, binary))
