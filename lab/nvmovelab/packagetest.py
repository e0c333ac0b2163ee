# SPDX-License-Identifier: BSD-2-Clause
"""Tests of the Debian packages: the life of an installation, from an older version to its purge, in a Debian 13 tree that has a
kernel, its headers and nothing of ours. A test is a script of tests/packages; they run one after the other in one copy of the
tree, without a network. No kernel is booted."""

import json
import re
import shutil
import subprocess

from . import run, tools
from .errors import LabError, tail
from .packages import build_tree, packages, plain_tree, version
from .paths import BUILD, PROJECT, PROVISION
from .progress import say, stage
from .tree import inside

SCRIPTS = PROJECT / "tests" / "packages"
OLD_VERSION = "0.0.1"
KERNEL = ("linux-image-amd64", "linux-headers-amd64")
# What tests need and no package of ours: manual pages are rendered, an example is built.
FOR_TESTS = ("man-db", "gcc", "pkgconf")
# In the order of an installation's life.
LIFE = ("installed", "driver_built", "kernels_left_alone", "command_runs", "library_links", "upgraded", "purged")
RUN_ALL = """cd / && export OLD_VERSION=$1 NEW_VERSION=$2 && shift 2
sh /mnt/tests/prepare.sh >/mnt/results/prepare.log 2>&1 || exit 1
for name; do sh /mnt/tests/$name.sh >/mnt/results/$name.log 2>&1 && : >/mnt/results/$name.passed; done; exit 0"""


def _dependencies(directory):
    """Names of the packages that those of a directory depend on."""
    names = set()
    for package in sorted(directory.glob("*.deb")):
        field = subprocess.run(["dpkg-deb", "--field", str(package), "Depends"], capture_output=True, text=True, check=True).stdout
        names |= {re.match(r"[^ (|]+", item.strip()).group() for item in field.split(",") if item.strip()}
    return sorted(names - {package.name.split("_")[0] for package in directory.glob("*.deb")})


def _lintian(directory, results):
    """lintian's test, in the tree that the packages were built in."""
    log = results / "lintian_clean.log"
    try:
        run.logged(inside(build_tree(), {"new": directory, "tests": SCRIPTS}, ["sh", "/mnt/tests/lintian_clean.sh"]), log, 300)
    except LabError:
        return
    (results / "lintian_clean.passed").touch()


def _life(new, old, results):
    """The tests of an installation's life."""
    root = plain_tree("tree-clean", "Debian 13 tree that packages are installed in", KERNEL, [*_dependencies(new), *FOR_TESTS])
    command = [PROVISION / "in-copy.sh", root]
    for name, path in {"new": new, "old": old, "tests": SCRIPTS, "results": results}.items():
        command += ["--bind", f"{path}:{name}"]
    with stage("installation, upgrade and removal"):
        try:
            run.logged([*command, "sh", "-c", RUN_ALL, "sh", OLD_VERSION, version(), *LIFE], results / "life.log", 900)
        except LabError as error:
            raise LabError(f"{error}\n{tail(results / 'prepare.log')}") from None


def main():
    """Run all; returns the exit code. What passed is in build/packages/result.json, why not in a log of each test."""
    tools.require()
    new, old = packages(), packages(OLD_VERSION)
    results = BUILD / "packages"
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    _lintian(new, results)
    _life(new, old, results)
    passed = {name: (results / f"{name}.passed").exists() for name in ("lintian_clean", *LIFE)}
    for name, good in passed.items():
        say(f"ok   {name}" if good else f"FAIL {name}:\n{tail(results / f'{name}.log')}")
    (results / "result.json").write_text(json.dumps(passed, indent=1), encoding="utf-8")
    return 0 if all(passed.values()) else 1
