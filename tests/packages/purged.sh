#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# After a purge every file that was there before our packages is there, and no other.
set -eu
. /mnt/tests/packages.sh

[ -e "/lib/modules/$(the_kernel)/updates/dkms" ] || fail "there is no module that could be left"
apt-get purge --yes nvmove nvme-vfio-pci-dkms libnvmove-ctrl-dev
files >/tmp/after
diff /mnt/results/before /tmp/after || fail "files differ (>: left behind, <: lost)"
if grep nvme-vfio-pci "/lib/modules/$(the_kernel)"/modules.*; then
	fail "the kernel's list of modules still names the driver"
fi
