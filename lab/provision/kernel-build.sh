#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# kernel-build.sh TREE SOURCE NAME JOBS DEST CONFIG...: build the tarball in SOURCE (linux-source.sh) inside TREE, configured as
# allnoconfig and the files CONFIG, and leave in DEST
#   release      the kernel's release string, which ends with -NAME
#   bzImage      what boots
#   modules/     /lib/modules of a machine that boots it
#   build/       what modules outside of its tree are built with: headers, Module.symvers, type information
# A line of a CONFIG that does not hold in the finished configuration is an error: an option that was renamed, or lacks
# what it depends on.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
tree=$1 source=$2 name=$3 jobs=$4 dest=$5
shift 5

{
	echo "CONFIG_LOCALVERSION=\"-$name\""
	cat "$@"
} >"$dest/wanted.config"

"$here/in-tree.sh" "$tree" --bind "$source:source" --bind "$dest:dest" bash -euc '
	jobs=$1
	mkdir /mnt/dest/work /mnt/dest/build
	cd /mnt/dest/work
	# no lab machine has these devices; their Kconfig files stay
	tar --extract --file=/mnt/source/linux.tar.xz --strip-components=1 --exclude="*/drivers/gpu/*.[chS]" \
		--exclude="*/drivers/media/*.[ch]" --exclude="*/drivers/net/*/*.[ch]" --exclude="*/drivers/infiniband/*.[ch]" \
		--exclude="*/drivers/scsi/*.[ch]" --exclude="*/drivers/staging/*.[ch]" --exclude="*/sound/*.[ch]" \
		--exclude="*/Documentation/*.rst" --exclude="*/arch/*.dts*"
	make KCONFIG_ALLCONFIG=/mnt/dest/wanted.config allnoconfig
	while read -r line; do
		case $line in
		CONFIG_* | "# CONFIG_"*" is not set")
			grep -qxF "$line" .config || { echo "the configuration lacks: $line" >&2; exit 1; } ;;
		esac
	done </mnt/dest/wanted.config
	make -j "$jobs" bzImage modules
	make INSTALL_MOD_PATH=/mnt/dest/modules INSTALL_MOD_STRIP=1 modules_install
	make run-command KBUILD_RUN_COMMAND="\$(srctree)/scripts/package/install-extmod-build /mnt/dest/build"
	cp .config /mnt/dest/build/.config
	objcopy --only-section=.BTF vmlinux /mnt/dest/build/vmlinux
	cp arch/x86/boot/bzImage include/config/kernel.release /mnt/dest/
' bash "$jobs"

mv "$dest/kernel.release" "$dest/release"
mv "$dest/modules" "$dest/installed"
mv "$dest/installed/lib/modules" "$dest/modules"
rm -rf "$dest/work" "$dest/installed" "$dest/wanted.config"
