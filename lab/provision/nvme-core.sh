#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# nvme-core.sh TREE SOURCE KERNEL DEST: leave in DEST/modules the modules of KERNEL (kernel-build.sh), which was built from the
# tarball in SOURCE (linux-source.sh), with another nvme-core.ko: one that does not switch lockdep off.
#
# The nvme driver freezes the queues of its namespaces in the task that resets a function and unfreezes them in a worker. Since
# 6.12 lockdep follows such a freeze as a lock of the task, reports the first one as held when the task returns to user space,
# and looks for nothing from then on. Linux 6.13 has the driver call other functions for that, blk_freeze_queue_start_non_owner()
# and blk_mq_unfreeze_queue_non_owner(), which the stable releases of 6.12 have and do not use.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
tree=$1 source=$2 kernel=$3 dest=$4

"$here/in-tree.sh" "$tree" --bind "$source:source" --bind "$kernel:kernel" --bind "$dest:dest" bash -euc '
	host=drivers/nvme/host
	mkdir /mnt/dest/work
	cd /mnt/dest/work
	tar --extract --file=/mnt/source/linux.tar.xz --strip-components=1 --wildcards "*/$host/*"
	for call in blk_freeze_queue_start blk_mq_unfreeze_queue; do
		grep -q "\\<$call(ns->queue);" "$host/core.c" || { echo "core.c does not call $call(ns->queue)" >&2; exit 1; }
		sed -i "s/\\<$call(ns->queue);/${call}_non_owner(ns->queue);/" "$host/core.c"
	done
	make -C /mnt/kernel/build M="/mnt/dest/work/$host" modules
	cp -a /mnt/kernel/modules /mnt/dest/
	strip --strip-debug -o "$(echo /mnt/dest/modules/*/kernel/$host/nvme-core.ko)" "$host/nvme-core.ko"
'

rm -rf "$dest/work"
