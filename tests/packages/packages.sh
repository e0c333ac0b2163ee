# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# What the tests of this directory share; sourced by them. OLD_VERSION and NEW_VERSION are those of the packages in /mnt/old and
# /mnt/new.

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# expect WHAT WANTED FOUND
expect() {
	[ "$2" = "$3" ] || fail "$1: \"$3\", expected \"$2\""
}

# debs DIRECTORY: our packages there, without those of debugging symbols
debs() {
	find "$1" -name '*.deb' ! -name '*-dbgsym_*'
}

# apt_install PACKAGE...: there is no network, so all is at hand; what is only recommended is not installed in this tree
apt_install() {
	apt-get install --yes "$@"
}

# files: every file of the installation, but for what package managers and the manual pages' index write about themselves
files() {
	find / -xdev \( -path /var/cache -o -path /var/log -o -path /var/lib/apt -o -path /var/lib/dpkg -o -path /mnt -o -path /tmp \) \
		-prune -o -print | sort
}

# the_kernel: the release of the installed kernel
the_kernel() {
	ls /boot/vmlinuz-* | sed 's,.*/vmlinuz-,,'
}

# module_of KERNEL FIELD: what the installed driver says of itself
module_of() {
	modinfo -k "$1" -F "$2" nvme-vfio-pci
}
