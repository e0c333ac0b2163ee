#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# plain-tree.sh DEST PACKAGES [FETCHED]: make a Debian 13 tree in DEST with the essential packages, apt and PACKAGES (separated by
# blanks), as an installation has them: with manual pages, documentation and apt's knowledge of the archive. FETCHED are
# downloaded with all they depend on, not installed: apt installs them in the tree later, without a network.
# It leaves nothing mounted and never touches the machine's own packages or apt configuration.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=lab/provision/apt.sh
. "$here/apt.sh"

dest=$1
packages=$2
fetched=${3:-}

[ "$(id -u)" = 0 ] || die "making the Debian tree needs root"
need mmdebstrap mmdebstrap
mirror=$(require_mirror)

# The machine's own transport settings (proxy, certificates) apply to the tree's downloads as well.
transport=$(mktemp)
trap 'rm -f "$transport"' EXIT
apt-config dump Acquire | grep -v '"";$' >"$transport" || true

# Drivers of hardware that is not there would double the size of a tree with a kernel.
set --
for directory in sound drivers/gpu drivers/media drivers/infiniband drivers/net/wireless drivers/net/ethernet; do
	set -- "$@" "--dpkgopt=path-exclude=/usr/lib/modules/*/kernel/$directory/*"
done
if [ "$fetched" ]; then
	set -- "$@" --customize-hook="APT_CONFIG=\"\$MMDEBSTRAP_APT_CONFIG\" apt-get install --yes --download-only $fetched"
fi

mmdebstrap --mode=root --variant=apt --quiet --keyring="$keyring" --skip=cleanup/apt,cleanup/reproducible \
	--aptopt="$transport" --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
	--dpkgopt=force-unsafe-io "$@" --include="$packages" "$suite" "$dest" - <<<"deb $mirror $suite main"
