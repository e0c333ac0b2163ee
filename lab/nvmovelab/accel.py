# SPDX-License-Identifier: BSD-2-Clause
"""Decides between KVM and TCG by booting the hosts' kernel: a /dev/kvm that exists need not run one."""

import os
import subprocess
import time
from pathlib import Path

from . import cache, qemu
from .tree import only

PROBE_SECONDS = 15
PANIC = b"Unable to mount root fs"


def _boots(root, binary):
    """Whether the kernel reaches the mount of a root that is not there under KVM."""
    process = subprocess.Popen(
        qemu.command(root, binary) +
        ["-M", "q35,kernel-irqchip=split", "-accel", "kvm", "-cpu", "host", "-m", "512", "-vga", "none", "-display",
         "none", "-monitor", "none", "-net", "none", "-serial", "stdio", "-no-reboot",
         "-kernel", str(only(root, "boot/vmlinuz-*")), "-append", "console=ttyS0 panic=-1"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    os.set_blocking(process.stdout.fileno(), False)
    seen = b""
    deadline = time.monotonic() + PROBE_SECONDS
    try:
        while time.monotonic() < deadline and PANIC not in seen:
            seen += process.stdout.read() or b""
            if process.poll() is not None:
                seen += process.stdout.read() or b""
                break
            time.sleep(0.1)
    finally:
        process.kill()
        process.wait()
    return PANIC in seen


def accelerator(root, binary):
    """"kvm" or "tcg"; the answer is kept until the machine reboots."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    memory = cache.root() / "accelerator"
    if memory.exists() and memory.read_text().split()[:1] == [boot]:
        return memory.read_text().split()[1]
    found = "kvm" if _boots(root, binary) else "tcg"
    memory.write_text(f"{boot} {found}\n")
    return found
