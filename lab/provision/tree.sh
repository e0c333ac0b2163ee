#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# tree.sh PACKAGE-LIST DEST [backports]: make a Debian 13 tree in DEST with the packages of PACKAGE-LIST, the kernel's from the
# suite's backports if asked for.
# It leaves nothing mounted and never touches the machine's own packages or apt configuration.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=lab/provision/apt.sh
. "$here/apt.sh"

list=$1
dest=$2
backports=${3:+$suite-backports}

[ "$(id -u)" = 0 ] || die "making the Debian tree needs root"
need mmdebstrap mmdebstrap
mirror=$(require_mirror)
packages=$(sed 's/#.*//' "$list" | tr -s ' \n' ',,' | sed 's/^,//; s/,$//')

# The machine's own transport settings (proxy, certificates) apply to the tree's downloads as well.
transport=$(mktemp)
trap 'rm -f "$transport" "$transport.pin"' EXIT
apt-config dump Acquire | grep -v '"";$' >"$transport" || true

# Documentation and the drivers of hardware that no lab machine has would double the size of the images.
set --
for path in '/usr/share/doc/*' '/usr/share/man/*' '/usr/share/info/*' '/usr/share/locale/*' \
	'/usr/lib/modules/*/kernel/sound/*' '/usr/lib/modules/*/kernel/drivers/gpu/*' \
	'/usr/lib/modules/*/kernel/drivers/media/*' '/usr/lib/modules/*/kernel/drivers/infiniband/*' \
	'/usr/lib/modules/*/kernel/drivers/net/wireless/*' '/usr/lib/modules/*/kernel/drivers/net/ethernet/*'; do
	set -- "$@" "--dpkgopt=path-exclude=$path"
done

sources="deb $mirror $suite main"
if [ "$backports" ]; then
	# the kernel, and what it is installed by
	cat >"$transport.pin" <<-PIN
		Package: src:linux src:linux-signed-amd64 src:linux-base
		Pin: release n=$backports
		Pin-Priority: 900
	PIN
	set -- "$@" --setup-hook='mkdir -p "$1/etc/apt/preferences.d"' \
		--setup-hook="upload $transport.pin /etc/apt/preferences.d/backports"
	sources+=$'\n'"deb $mirror $backports main"
fi

mmdebstrap --mode=root --variant=essential --quiet --keyring="$keyring" \
	--aptopt="$transport" --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
	--dpkgopt=force-unsafe-io "$@" --include="$packages" \
	--customize-hook='mkdir -p "$1/lab"' --customize-hook="upload $here/../host/start /sbin/lab-start" \
	--customize-hook='chmod 755 "$1/sbin/lab-start"' \
	"$suite" "$dest" - <<<"$sources"
