# SPDX-License-Identifier: BSD-2-Clause
"""The project's Debian packages, built as Debian builds them: in a Debian 13 tree with nothing but what debian/control asks for."""

import re
import shutil
from pathlib import Path

from . import cache, run, tools
from .errors import LabError
from .paths import BUILD, PROJECT, PROVISION
from .progress import stage
from .tree import inside

# What packages are made from: all but what tests and drives.
SOURCES = ("debian", "meson.build", "meson_options.txt", "CHANGELOG.md", "README.md", "LICENSE", "LICENSES", "ctrl", "docs",
           "examples", "include", "kernel", "tests/conformance", "tool")
# Where the version is said; `tests/unit/versions.py` holds them together.
VERSIONED = ("debian/changelog", "kernel/main.c", "meson.build")
TREE_SCRIPTS = ("apt.sh", "plain-tree.sh")


def version():
    """The version that the packages have."""
    return re.match(r"nvmove \((\S+)\)", (PROJECT / "debian" / "changelog").read_text(encoding="utf-8")).group(1)


def build_dependencies():
    """Names of the packages that debian/control builds with."""
    control = (PROJECT / "debian" / "control").read_text(encoding="utf-8")
    wanted = re.search(r"^Build-Depends: (.*)$", control, re.MULTILINE).group(1)
    names = [re.sub(r"\s*\(.*\)", "", item.strip()) for item in wanted.split(",")]
    return ["debhelper" if name == "debhelper-compat" else name for name in names]


def plain_tree(name, title, packages, fetched=()):
    """Path of a Debian 13 tree with packages installed, and others downloaded (plain-tree.sh)."""
    words = [" ".join(packages), " ".join(fetched)]

    def make(directory):
        cache.require_space(4)
        with stage(title):
            run.logged([PROVISION / "plain-tree.sh", directory / "root", *words], cache.root() / f"{name}.log", 1200)

    return cache.product(name, cache.digest(*words, *(PROVISION / script for script in TREE_SCRIPTS)), make) / "root"


def build_tree():
    """Path of the tree that the packages are built and examined in."""
    return plain_tree("tree-build", "Debian 13 tree that packages are built in",
                      ["build-essential", "lintian", *build_dependencies()])


def _copy_sources(directory, wanted):
    """A private copy of the sources, under the version wanted."""
    ignored = shutil.ignore_patterns("__pycache__", "*.o", "*.ko", "*.mod", "*.mod.c", ".*.cmd", "nvme-layout.h")
    for name in SOURCES:
        source, target = PROJECT / name, directory / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=ignored)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    for name in VERSIONED:
        text = (directory / name).read_text(encoding="utf-8")
        if text.count(version()) != 1:
            raise LabError(f"{name}: version {version()} stands there {text.count(version())} times, expected once")
        (directory / name).write_text(text.replace(version(), wanted), encoding="utf-8")


def packages(wanted=None):
    """The directory with the packages (*.deb, *.buildinfo, *.changes), made if the cache lacks them; as if their version were
    another one, if one is wanted."""
    wanted = wanted or version()
    root = build_tree()
    name = "packages" if wanted == version() else "packages-old"

    def make(directory):
        work = directory / "work"
        work.mkdir()
        _copy_sources(work / "nvmove", wanted)
        with stage(f"Debian packages {wanted}"):
            run.logged(inside(root, {"work": work},
                              ["sh", "-c", "cd /mnt/work/nvmove && exec dpkg-buildpackage --build=binary --no-sign"]),
                       cache.root() / f"{name}.log", 600)
        for file in (path for path in work.iterdir() if path.is_file()):
            shutil.copy2(file, directory)
        cache.remove(work)

    key = cache.digest(wanted, root.parent.name, *(PROJECT / source for source in SOURCES))
    return cache.product(name, key, make)


def main():
    """Put the packages into build/deb; returns the exit code."""
    tools.require()
    made = packages()
    target = BUILD / "deb"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(made, target)
    for file in sorted(target.glob("*.deb")):
        print(Path("build", "deb", file.name))
    return 0
