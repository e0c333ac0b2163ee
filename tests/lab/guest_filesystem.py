# SPDX-License-Identifier: BSD-2-Clause
"""A guest makes an ext4 file system on its VF's namespace, moves with it mounted, and fsck finds it clean on the other host."""

from nvmovelab import kernellog, workload
from nvmovelab.subsystem import SHARED


def run(bench):
    """mkfs and files on A, move, files and fsck on B."""
    functions = [bench.vf(host) for host in bench.hosts]
    source, guest = bench.boot_guest(bench.a, functions[0])
    disk = f"/dev/{workload.disk(guest, SHARED.nsid)}"
    guest.sh(f"mke2fs -q -t ext4 {disk} && mkdir -p /mnt/disk && mount -t ext4 {disk} /mnt/disk")
    guest.sh("cd /mnt/disk && for i in $(seq 40); do dd if=/dev/urandom of=f$i bs=64k count=8 2>/dev/null; done && "
             "sha256sum f* >sums")
    destination = bench.await_guest(bench.b, functions[1], guest)
    info = source.migrate(destination)
    bench.expect_equal("migration", info["status"], "completed")
    guest.switch()
    guest.sh("cd /mnt/disk && dd if=/dev/urandom of=after bs=64k count=8 2>/dev/null && sync && "
             "echo 3 >/proc/sys/vm/drop_caches && sha256sum -c sums >/run/checked || { cat /run/checked; exit 1; }")
    guest.sh(f"umount /mnt/disk && e2fsck -fn {disk}")
    bench.expect_equal("guest's kernel log", kernellog.guest_trouble(guest), [])
