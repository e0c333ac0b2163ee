# SPDX-License-Identifier: BSD-2-Clause
"""The programs of the machine itself that the lab needs; few, and installed through the machine's apt if root asks for the lab."""

import os
import shutil
from pathlib import Path

from . import cache, run
from .errors import LabError
from .progress import stage

# program -> Debian package
NEEDED = {"mmdebstrap": "mmdebstrap", "mke2fs": "e2fsprogs", "mount": "mount", "unshare": "util-linux", "setpriv": "util-linux"}
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def require():
    """Install what is missing, or say what to install."""
    search = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    missing = {package for program, package in NEEDED.items() if not shutil.which(program, path=search)}
    if not KEYRING.exists():
        missing.add("debian-archive-keyring")
    if not missing:
        return
    packages = sorted(missing)
    if os.geteuid() or not shutil.which("apt-get"):
        raise LabError(f"this machine lacks {' and '.join(packages)}: apt-get install {' '.join(packages)}")
    cache.root().mkdir(parents=True, exist_ok=True)
    log = cache.root() / "tools.log"
    with stage(f"installing {' '.join(packages)} on this machine"):
        run.logged(["apt-get", "update"], log, 300)
        run.logged(["apt-get", "install", "--yes", "--no-install-recommends", *packages], log, 600, append=True)
