#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# DKMS has built the driver for the installed kernel, and the module says what it is; nothing but VFIO's aliases leads to it.
# usage: driver_built.sh [VERSION]
set -eu
. /mnt/tests/packages.sh

version=${1:-$OLD_VERSION}
kernel=$(the_kernel)
expect "dkms status" "nvme-vfio-pci/$version, $kernel, $(uname -m): installed" "$(dkms status)"
expect "place" "/lib/modules/$kernel/updates/dkms" "$(dirname "$(module_of "$kernel" filename)")"
expect "version" "$version" "$(module_of "$kernel" version)"
expect "license" GPL "$(module_of "$kernel" license)"
expect "vermagic" "$kernel" "$(module_of "$kernel" vermagic | cut -d ' ' -f 1)"
expect "aliases" "vfio_pci:v*d*sv*sd*bc01sc08i02*" "$(module_of "$kernel" alias)"
for needed in nvme-core vfio-pci-core; do
	module_of "$kernel" depends | grep -qw "$needed" || fail "the module does not depend on $needed"
done
grep -q "^updates/dkms/nvme-vfio-pci\.ko" "/lib/modules/$kernel/modules.dep" || fail "modprobe does not know the module"
