# SPDX-License-Identifier: BSD-2-Clause
"""The kernels that a host can boot, and what a module is built with for each.

"stock" is the Debian tree's own, "backports" the newest that Debian has for the same suite, in a tree of its own. The
others are made from the suite's Linux source package with the configurations of lab/kernel: "lab" is small and can carry
a device's dirty tracking, which Debian's kernels cannot; "debug" is the same with everything that finds a driver's
mistakes. A guest always boots the stock kernel.
"""

from dataclasses import dataclass
from pathlib import Path

from . import cache, run
from .paths import LAB, PROVISION
from .progress import stage
from .tree import kernel_release, only, tree

STOCK = "stock"
BACKPORTS = "backports"
DEBUG = "debug"
# name -> files of lab/kernel
CONFIGURATIONS = {"lab": ("lab.config",), DEBUG: ("lab.config", "debug.config")}
NAMES = (STOCK, *CONFIGURATIONS, BACKPORTS)
# How many times as long as under the stock kernel anything may take.
SLOWNESS = {DEBUG: 6}
JOBS = "2"
MODULES_SIZE = "256M"
# Where a build inside the tree finds a kernel that is not the tree's.
INSIDE = "/mnt/kernel"


@dataclass(frozen=True)
class Kernel:
    """A kernel: what boots, what it needs on the host's disks, what modules for it are built with.

    root is the tree of the hosts' root, in which modules are built. directory is the product of a kernel that does not come
    with its tree, and modules the image of its /lib/modules."""

    name: str
    release: str
    root: Path
    image: Path
    initrd: Path | None = None
    directory: Path | None = None
    modules: Path | None = None

    @property
    def slowness(self):
        """How many times as long as under the stock kernel anything may take."""
        return SLOWNESS.get(self.name, 1)

    @property
    def finds_leaks(self):
        """Whether it searches itself for memory that nobody knows any more (kmemleak). Such a kernel keeps what was freed for a
        while (KASAN), so that how much it holds says nothing."""
        return self.name == DEBUG

    @property
    def made_from(self):
        """Name of the product with the kernel."""
        return (self.directory or self.root.parent).name

    def binds(self):
        """What a build inside the tree needs beside its own directories (tree.inside)."""
        return {Path(INSIDE).name: self.directory} if self.directory else {}

    def make_arguments(self):
        """What make of the driver is told."""
        if not self.directory:
            return [f"KDIR=/lib/modules/{self.release}/build"]
        return [f"KDIR={INSIDE}/build",
                f"NVME_CORE={INSIDE}/modules/{self.release}/kernel/drivers/nvme/host/nvme-core.ko"]


def source():
    """The directory with the tarball of the suite's Linux source package (linux-source.sh)."""
    inputs = [PROVISION / "linux-source.sh", PROVISION / "apt.sh"]

    def make(directory):
        cache.require_space(1)
        with stage("Linux source package"):
            run.logged([PROVISION / "linux-source.sh", directory], cache.root() / "linux-source.log", 600)

    return cache.product("linux-source", cache.digest(*inputs), make)


def _image(directory, log):
    """Make an image of a directory's modules."""
    run.logged(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-d", directory / "modules",
                directory / "modules.img", MODULES_SIZE], log, 120, append=True)


def _built(root, name):
    """The product of kernel-build.sh for a configuration, with its modules as an image beside."""
    configurations = [LAB / "kernel" / file for file in CONFIGURATIONS[name]]
    tarball = source()

    def make(directory):
        cache.require_space(6)
        log = cache.root() / f"kernel-{name}.log"
        with stage(f"kernel {name}"):
            run.logged([PROVISION / "kernel-build.sh", root, tarball, name, JOBS, directory, *configurations], log, 5400)
            _image(directory, log)

    key = cache.digest(root.parent.name, tarball.name, PROVISION / "kernel-build.sh", PROVISION / "in-tree.sh", *configurations)
    return cache.product(f"kernel-{name}", key, make)


def _mended(root, built):
    """The product of nvme-core.sh for a kernel with lockdep, with its modules as an image beside."""
    tarball = source()

    def make(directory):
        log = cache.root() / "nvme-core.log"
        with stage("nvme driver that lockdep can follow"):
            run.logged([PROVISION / "nvme-core.sh", root, tarball, built, directory], log, 600)
            _image(directory, log)

    key = cache.digest(built.name, tarball.name, PROVISION / "nvme-core.sh", PROVISION / "in-tree.sh")
    return cache.product("nvme-core", key, make)


def _of_tree(root, name):
    """The kernel that a tree comes with."""
    return Kernel(name, kernel_release(root), root, only(root, "boot/vmlinuz-*"), only(root, "boot/initrd.img-*"))


def kernel(root, name):
    """The kernel of a name, made if the cache lacks it; root is the Debian tree."""
    if name == STOCK:
        return _of_tree(root, name)
    if name == BACKPORTS:
        return _of_tree(tree(backports=True), name)
    directory = _built(root, name)
    modules = _mended(root, directory) if name == DEBUG else directory
    return Kernel(name, (directory / "release").read_text().strip(), root, directory / "bzImage", directory=directory,
                  modules=modules / "modules.img")
