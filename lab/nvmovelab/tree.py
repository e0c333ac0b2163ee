# SPDX-License-Identifier: BSD-2-Clause
"""The Debian 13 tree: root of the hosts and of every build. Made once, then only read. A second one has the kernel of the
suite's backports."""

from . import cache, run
from .errors import LabError
from .paths import LAB, PROVISION
from .progress import stage


def tree(backports=False):
    """Path of the tree, made if the cache lacks it; with the backports' kernel if asked for."""
    inputs = [LAB / "packages" / "tree.list", PROVISION / "tree.sh", PROVISION / "apt.sh", LAB / "host" / "start"]
    name, options, title = ("tree-backports", ["backports"], ", kernel of its backports") if backports else ("tree", [], "")

    def make(directory):
        cache.require_space(12)
        with stage(f"Debian 13 tree{title}"):
            run.logged([PROVISION / "tree.sh", inputs[0], directory / "root", *options], cache.root() / f"{name}.log", 1200)

    return cache.product(name, cache.digest(*inputs), make) / "root"


def inside(root, binds, command):
    """The argument vector that runs command inside the tree, with binds ({name: directory}) below /mnt."""
    argv = [PROVISION / "in-tree.sh", root]
    for name, directory in binds.items():
        argv += ["--bind", f"{directory}:{name}"]
    return argv + command


def only(root, pattern):
    """The one file of the tree that matches a glob pattern."""
    found = sorted(root.glob(pattern))
    if len(found) != 1:
        raise LabError(f"{root}/{pattern}: {len(found)} files match, expected 1")
    return found[0]


def kernel_release(root):
    """The release string of the tree's kernel."""
    return only(root, "boot/vmlinuz-*").name.removeprefix("vmlinuz-")
