#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# qemu-source.sh TREE DEST: fetch the source package of the suite's QEMU and unpack it, patches applied, as DEST/qemu.
# DEST/version receives the package's version.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=lab/provision/apt.sh
. "$here/apt.sh"

tree=$1
dest=$2

mirror=$(require_mirror)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/source"
APT_CONFIG=$(private_apt "$work" "$mirror")
export APT_CONFIG
apt-get update -qq
(cd "$work/source" && apt-get source -qq --download-only qemu)
unset APT_CONFIG

dsc=$(basename "$work"/source/qemu_*.dsc)
sed -n 's/^Version: //p' "$work/source/$dsc" | head -n 1 >"$dest/version"
"$here/in-tree.sh" "$tree" --bind "$work/source:source" --bind "$dest:dest" \
	dpkg-source --no-check -x "/mnt/source/$dsc" /mnt/dest/qemu
