#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# qemu-configure.sh TREE BASE: configure BASE/qemu for the lab's host machines in BASE/build and build it once.
# Only what a host machine of the lab uses is enabled.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
tree=$1
base=$2

# Debian's source has no edk2 images, and configure wants to unpack them; the lab boots with SeaBIOS.
for image in i386-code i386-secure-code i386-vars x86_64-code x86_64-secure-code aarch64-code arm-code arm-vars \
	riscv-code riscv-vars loongarch64-code loongarch64-vars; do
	[ -e "$base/qemu/pc-bios/edk2-$image.fd.bz2" ] || : >"$base/qemu/pc-bios/edk2-$image.fd.bz2"
done
cp "$here/qemu-devices.mak" "$base/qemu/configs/devices/x86_64-softmmu/lab.mak"
mkdir -p "$base/build"
"$here/in-tree.sh" "$tree" --bind "$base:qemu" bash -euc '
	cd /mnt/qemu/build
	../qemu/configure --target-list=x86_64-softmmu --without-default-features --enable-tcg --enable-kvm \
		--enable-virtfs --enable-attr --enable-linux-aio --enable-linux-io-uring --enable-trace-backends=log \
		--disable-docs --disable-werror --disable-install-blobs --disable-tools --disable-guest-agent \
		--disable-user --disable-fdt --without-default-devices --with-devices-x86_64=lab
	ninja -j "$(nproc)" qemu-system-x86_64
'
