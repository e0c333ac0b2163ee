#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Kernels that cannot have the driver are left alone, and DKMS says why: when the package is installed and when it is asked to build.
set -eu
. /mnt/tests/packages.sh

# apt installs at a terminal of its own, which ends lines in its way
tr -d '\r' </mnt/results/installed.log >/tmp/installed

# left_alone KERNEL WHY
left_alone() {
	said="nvme-vfio-pci cannot be built for $1: $2"
	grep -qxF "$said" /tmp/installed || fail "the installation did not say: $said"
	status=0
	dkms build nvme-vfio-pci/"$OLD_VERSION" -k "$1" >/tmp/said 2>&1 || status=$?
	cat /tmp/said
	expect "exit status for $1" 77 "$status"
	expect "how often it says why" 1 "$(grep -cxF "$said" /tmp/said)"
	[ ! -e "/lib/modules/$1/updates" ] || fail "$1 has a module"
}

left_alone 6.11.9-old "it is older than 6.12"
left_alone 6.12.1-novfio "it was built without CONFIG_VFIO_PCI_CORE"
left_alone 6.12.1-builtin "its nvme-core is not a module"
left_alone 6.12.1-noimage "/lib/modules/6.12.1-noimage has no nvme-core.ko; is its image package installed?"
if grep "cannot be built for $(the_kernel)" /tmp/installed; then
	fail "the installed kernel was refused"
fi
