# SPDX-License-Identifier: BSD-2-Clause
"""Checks the driver's source as a kernel maintainer would: compiler with W=1, sparse, checkpatch --strict. Boots nothing."""

import shutil
import tempfile
from pathlib import Path

from . import cache, kernel, run, tools
from .errors import LabError
from .paths import BUILD, PROJECT, PROVISION
from .progress import say, stage
from .tree import inside, kernel_release, tree

SOURCES = ("kernel", "include/nvmove")


def _checkpatch(root):
    """The directory with the kernel's checkpatch.pl."""
    source = kernel.source()
    inputs = [PROVISION / "checkpatch.sh", source.name, root.parent.name]

    def make(directory):
        cache.require_space(1)
        with stage("checkpatch of the kernel's source package"):
            run.logged([PROVISION / "checkpatch.sh", root, source, directory], cache.root() / "checkpatch.log", 600)

    return cache.product("checkpatch", cache.digest(*inputs), make)


def main():
    """Check a private copy of the driver; returns 0 if nothing was found."""
    tools.require()
    root = tree()
    scripts = _checkpatch(root)
    log = BUILD / "check-driver.log"
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lab-") as work:
        for name in SOURCES:
            shutil.copytree(PROJECT / name, Path(work) / name)
        with stage("driver: W=1, sparse, checkpatch"):
            try:
                run.logged(inside(root, {"work": work, "scripts": scripts},
                                  ["sh", "/mnt/work/kernel/check.sh", f"/lib/modules/{kernel_release(root)}/build",
                                   "/mnt/scripts/checkpatch.pl"]), log, 600)
            except LabError as error:
                raise LabError(f"the driver does not pass: {error}") from None
    say("ok   driver: no warning of W=1, sparse or checkpatch --strict")
    return 0
