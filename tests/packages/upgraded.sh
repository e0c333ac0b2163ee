#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# An upgrade replaces the old version: the driver is built again, nothing of the old one is left, and everything works.
set -eu
. /mnt/tests/packages.sh

# shellcheck disable=SC2046 # each name is a word
apt_install $(debs /mnt/new)
sh /mnt/tests/driver_built.sh "$NEW_VERSION"
expect "version of the command" "nvmove $NEW_VERSION" "$(nvmove --version)"
expect "version of the library" "$NEW_VERSION" "$(pkg-config --modversion libnvmove-ctrl)"
for old in "/usr/src/nvme-vfio-pci-$OLD_VERSION" "/var/lib/dkms/nvme-vfio-pci/$OLD_VERSION"; do
	[ ! -e "$old" ] || fail "$old is left"
done
