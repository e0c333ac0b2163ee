#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What is there before our packages: their dependencies, which apt names and has at hand; what the tests look at them with; kernels
# that cannot have the driver, as far as DKMS looks at them. The list of all files goes to /mnt/results/before.
set -eu
. /mnt/tests/packages.sh

# made_up_kernel RELEASE OPTION...: headers of a kernel that was configured so
made_up_kernel() {
	mkdir -p "/lib/modules/$1/build/include"
	release=$1
	shift
	printf '%s\n' "$@" >"/lib/modules/$release/build/.config"
}

btf=CONFIG_DEBUG_INFO_BTF_MODULES=y
made_up_kernel 6.11.9-old CONFIG_VFIO_PCI_CORE=m CONFIG_NVME_CORE=m $btf
made_up_kernel 6.12.1-novfio CONFIG_NVME_CORE=m $btf
made_up_kernel 6.12.1-builtin CONFIG_VFIO_PCI_CORE=m CONFIG_NVME_CORE=y $btf
made_up_kernel 6.12.1-noimage CONFIG_VFIO_PCI_CORE=m CONFIG_NVME_CORE=m $btf

# shellcheck disable=SC2046 # each name is a word
apt_install $(apt-get --simulate install $(debs /mnt/old) |
	awk '$1 == "Inst" && $2 !~ /^(nvmove|nvme-vfio-pci-dkms|libnvmove-ctrl-dev)$/ { print $2 }') man-db gcc pkgconf
files >/mnt/results/before
