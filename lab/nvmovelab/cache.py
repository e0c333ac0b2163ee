# SPDX-License-Identifier: BSD-2-Clause
"""The content-keyed cache: a product is stored under the hash of everything it was made from and is never changed after.

The one exception is a workspace: a build directory that is reused incrementally under a lock. Nothing here knows what
the products are.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import time
from pathlib import Path

from .errors import LabError

# No session lasts longer: what was taken from the cache before that is no longer in use.
SESSION_SECONDS = 2 * 3600


def root():
    """The cache's directory."""
    return Path(os.environ.get("NVMOVE_CACHE") or Path.home() / ".cache" / "nvmove")


def digest(*inputs):
    """Hash strings and files (a directory counts with all files below it) into a short key."""
    total = hashlib.sha256()

    def add(data):
        total.update(len(data).to_bytes(8, "little"))
        total.update(data)

    for item in inputs:
        if isinstance(item, str):
            add(item.encode())
            continue
        files = [item] if item.is_file() else sorted(f for f in item.rglob("*") if f.is_file())
        if not files:
            raise LabError(f"{item}: nothing to hash")
        for file in files:
            if file.suffix in (".o", ".ko", ".cmd", ".pyc"):
                continue
            add(str(file.relative_to(item.parent)).encode())
            add(file.read_bytes())
    return total.hexdigest()[:16]


@contextlib.contextmanager
def lock(name):
    """Hold the cache-wide lock called name."""
    locks = root() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with open(locks / name, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def require_space(gib):
    """Fail early if the cache's file system has less than gib GiB left."""
    root().mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(root()).free / 2**30
    if free < gib:
        raise LabError(f"{root()} has {free:.1f} GiB free, the lab needs {gib} GiB: set NVMOVE_CACHE to a larger place")


def product(name, key, make):
    """Return the directory of a product; call make(directory) to fill it if the cache does not have it yet."""
    final = root() / f"{name}-{key}"
    if final.is_dir():
        os.utime(final)
        return final
    with lock(f"{name}-{key}"):
        if final.is_dir():
            return final
        partial = root() / f"{name}-{key}.partial"
        remove(partial)
        partial.mkdir(parents=True)
        make(partial)
        partial.rename(final)
        discard_old(name, final)
    return final


def discard_old(name, newest, keep=2):
    """Keep the most recently used products of a name, so that the cache does not grow with every edit, and those that a
    session of another checkout may be using; delete what interrupted runs left."""
    siblings = sorted((p for p in root().glob(f"{name}-*") if p.suffix != ".partial" and
                       len(p.name) == len(name) + 17), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in [p for p in siblings if p != newest][keep - 1:]:
        if time.time() - old.stat().st_mtime > SESSION_SECONDS:
            remove(old)
    for partial in root().glob(f"{name}-{'?' * 16}.partial"):
        with open(root() / "locks" / partial.name.removesuffix(".partial"), "w") as file:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(partial)  # left by a run that was ended


def remove(path):
    """Delete a directory; refuse if something is mounted below it."""
    if not path.exists():
        return
    with open("/proc/self/mounts") as mounts:
        if any(line.split()[1].startswith(f"{path}/") for line in mounts):
            raise LabError(f"{path}: something is mounted below it, not deleting it")
    shutil.rmtree(path)
