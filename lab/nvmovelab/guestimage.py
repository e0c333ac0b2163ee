# SPDX-License-Identifier: BSD-2-Clause
"""What the guest boots: Debian's kernel, taken out of its compressed wrapper, and an initramfs made from the tree.

The wrapper is the slowest part of a nested boot; without it QEMU enters the same kernel through its PVH entry point.
"""

import lzma
import struct
import subprocess

from . import cache, loader, run
from .cpio import Archive
from .errors import LabError
from .paths import LAB
from .progress import stage
from .tree import kernel_release, only

PROGRAMS = ["usr/bin/busybox", "usr/bin/dash", "usr/bin/fio", "usr/sbin/nvme", "usr/sbin/mke2fs", "usr/sbin/e2fsck"]
SIZE = "256M"
MODULES = ["nvme", "ext4", "crc32c_generic", "crc32c-intel"]


def _kernel(root):
    """The ELF kernel inside the tree's bzImage (offsets: Linux' x86 boot protocol, payload_offset and payload_length)."""
    image = only(root, "boot/vmlinuz-*").read_bytes()
    if image[0x202:0x206] != b"HdrS":
        # the magic is at 0x202 in every kernel since boot protocol 2.00
        raise LabError("the tree's kernel is no bzImage")
    setup = (image[0x1f1] or 4) + 1
    offset, length = struct.unpack_from("<II", image, 0x248)
    payload = image[setup * 512 + offset:][:length]
    # the payload ends with its uncompressed size, which the decompressors here do not expect
    if payload[:4] == b"\x28\xb5\x2f\xfd":
        argv = loader.command(root, root / "usr/bin/zstd") + ["-dc"]
        unpacked = subprocess.run(argv, input=payload[:-4], capture_output=True)
        elf = unpacked.stdout
    elif payload[:6] == b"\xfd7zXZ\0":
        elf = lzma.decompress(payload[:-4])
    else:
        raise LabError(f"the tree's kernel is packed in an unknown way ({payload[:4].hex()})")
    size, = struct.unpack("<I", payload[-4:])
    if elf[:4] != b"\x7fELF" or len(elf) != size:
        raise LabError(f"the tree's kernel unpacks to {len(elf)} bytes, its header says {size}")
    return elf


def _modules(root):
    """Kernel modules to load, dependencies first, as paths below the module directory."""
    directory = root / "usr/lib/modules" / kernel_release(root)
    needs = {}
    for line in (directory / "modules.dep").read_text().splitlines():
        path, _, rest = line.partition(":")
        needs[path] = rest.split()
    by_name = {path.rsplit("/", 1)[1].split(".")[0].replace("-", "_"): path for path in needs}
    order = []
    for name in MODULES:
        path = by_name.get(name.replace("-", "_"))
        if path is None:
            continue
        for needed in [*reversed(needs[path]), path]:
            if needed not in order:
                order.append(needed)
    if by_name["nvme"] not in order:
        raise LabError("the tree's kernel has no nvme module")
    return directory, order


def _initramfs(root, ramcheck, path):
    archive = Archive(path)
    for name in ("proc", "sys", "dev", "tmp", "mnt", "run", "usr/bin", "usr/sbin", "usr/lib", "etc"):
        archive.directory(name)
    for link, target in (("bin", "usr/bin"), ("sbin", "usr/sbin"), ("lib", "usr/lib"), ("lib64", "usr/lib64")):
        archive.symlink(link, target)
    archive.character_device("dev/console", 5, 1)
    archive.character_device("dev/null", 1, 3)
    needed = set()
    for program, source in {**{program: root / program for program in PROGRAMS}, "usr/bin/ramcheck": ramcheck}.items():
        archive.file(program, source.read_bytes())
        needed |= loader.libraries(root, source)
    for library in sorted(needed):
        data = (root / library).read_bytes()
        target = library if library.startswith("usr/") else f"usr/{library}"
        archive.file(target, data)
    archive.file("etc/ld.so.conf", b"/usr/lib/x86_64-linux-gnu/ceph\n")
    archive.symlink("usr/bin/sh", "busybox")
    directory, order = _modules(root)
    for module in order:
        name = module.rsplit("/", 1)[1]
        data = (directory / module).read_bytes()
        if name.endswith(".xz"):
            name, data = name.removesuffix(".xz"), lzma.decompress(data)
        archive.file(f"modules/{name}", data)
    load = "".join(f"insmod /modules/{m.rsplit('/', 1)[1].removesuffix('.xz')}\n" for m in order)
    archive.file("modules/load", load.encode())
    for script in ("init", "agent"):
        archive.file(script, (LAB / "guest" / script).read_bytes())
    archive.close()


def guest_image(root, ramcheck):
    """An ext4 image with the guest's kernel ("kernel") and initramfs ("initramfs"), for the hosts to mount. ramcheck is
    the project's own program in it."""

    def make(directory):
        with stage("guest's kernel and initramfs"):
            files = directory / "files"
            files.mkdir()
            (files / "kernel").write_bytes(_kernel(root))
            _initramfs(root, ramcheck, files / "initramfs")
            run.logged(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-d", files,
                        directory / "guest.img", SIZE], cache.root() / "guest.log", 120)
            cache.remove(files)

    key = cache.digest(root.parent.name, ramcheck.parent.name, LAB / "guest", LAB / "nvmovelab" / "guestimage.py",
                       LAB / "nvmovelab" / "cpio.py")
    return cache.product("guest", key, make) / "guest.img"
