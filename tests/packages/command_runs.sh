#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The command says its version and helps, every manual page is rendered without a warning, the shell completes, the example is there.
set -eu
. /mnt/tests/packages.sh

expect "version" "nvmove $OLD_VERSION" "$(nvmove --version)"
nvmove --help | grep -q '^Usage: nvmove' || fail "no help"
nvmove-conformance --list | grep -q mmc_announced || fail "no list of requirements"

pages=0
for page in $(dpkg-query --listfiles nvmove nvme-vfio-pci-dkms | grep '/man/man.*gz$'); do
	man --warnings --local-file "$page" >/tmp/rendered 2>/tmp/warnings
	[ ! -s /tmp/warnings ] || fail "$page: $(cat /tmp/warnings)"
	grep -q NAME /tmp/rendered || fail "$page: nothing is rendered"
	pages=$((pages + 1))
done
for page in "1 nvmove" "1 nvmove-provision" "1 nvmove-conformance" "4 nvme-vfio-pci" "5 nvmove-state"; do
	# shellcheck disable=SC2086 # two words
	man --where $page >/dev/null || fail "no manual page $page"
done
[ "$pages" -ge 10 ] || fail "$pages manual pages"

bash -c '. /usr/share/bash-completion/completions/nvmove; complete -p nvmove' >/dev/null || fail "no completion"
[ -s /usr/share/doc/nvmove/examples/provision.json ] || fail "no example of a provision file"
