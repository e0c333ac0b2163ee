#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# apt installs the packages, although there are kernels that cannot have the driver.
set -eu
. /mnt/tests/packages.sh

# shellcheck disable=SC2046 # each name is a word
apt_install $(debs /mnt/old)
for package in nvmove nvme-vfio-pci-dkms libnvmove-ctrl-dev; do
	expect "$package" "ii  $OLD_VERSION" "$(dpkg-query --show --showformat '${db:Status-Abbrev} ${Version}' $package)"
done
