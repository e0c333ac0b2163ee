# SPDX-License-Identifier: BSD-2-Clause
"""The hosts' QEMU: Debian 13's source package with the project's device in it, built inside the Debian tree.

The base build does not depend on the project's sources; a change of the device is an incremental build in it. The
finished binary runs on the bare machine through the tree's own dynamic loader and needs no privileges.
"""

import shutil

from . import cache, run
from .paths import PROJECT, PROVISION
from .progress import stage
from .tree import inside

JOBS = "2"
DEVICE_SOURCES = ["qemu", "ctrl", "include/nvmove"]


def _base(root):
    """The directory with QEMU's sources and a complete build of them."""
    inputs = [PROVISION / "qemu-source.sh", PROVISION / "qemu-configure.sh", PROVISION / "in-tree.sh",
              PROVISION / "qemu-devices.mak", root.parent.name]

    def make(directory):
        cache.require_space(6)
        log = cache.root() / "qemu-base.log"
        with stage("QEMU source package"):
            run.logged([PROVISION / "qemu-source.sh", root, directory], log, 600)
        with stage("QEMU build"):
            run.logged([PROVISION / "qemu-configure.sh", root, directory], log, 2400, append=True)

    return cache.product("qemu-base", cache.digest(*inputs), make)


def binary(root):
    """The directory that holds qemu-system-x86_64 with the project's device."""
    base = _base(root)
    sources = [PROJECT / name for name in DEVICE_SOURCES]

    def make(directory):
        log = cache.root() / "qemu-device.log"
        with stage("QEMU with the nvmove device"), cache.lock(base.name):
            run.logged([PROJECT / "qemu" / "apply.sh", base / "qemu", PROJECT], log, 60)
            run.logged(inside(root, {"qemu": base},
                              ["ninja", "-C", "/mnt/qemu/build", "-j", JOBS, "qemu-system-x86_64"]),
                       log, 1800, append=True)
            shutil.copy2(base / "build" / "qemu-system-x86_64", directory)
            shutil.copy2(base / "version", directory)

    return cache.product("qemu", cache.digest(base.name, *sources), make)


def command(root, directory):
    """How to start that QEMU on this machine: the first words of its command line."""
    libraries = f"{root}/lib/x86_64-linux-gnu:{root}/usr/lib/x86_64-linux-gnu"
    return [f"{root}/lib64/ld-linux-x86-64.so.2", "--library-path", libraries,
            f"{directory}/qemu-system-x86_64", "-L", f"{root}/usr/share/seabios", "-L", f"{root}/usr/share/qemu"]


def version(directory):
    """Version of the QEMU source package."""
    return (directory / "version").read_text().strip()
