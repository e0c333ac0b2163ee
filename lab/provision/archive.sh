#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# archive.sh TREE PACKAGE-LIST DEST: make DEST an apt archive ("deb [trusted=yes] file:DEST ./") of the packages of PACKAGE-LIST
# and of what they depend on, as far as the Debian tree TREE does not have it. DEST/apt has apt itself, which the tree is made
# without, to be installed by dpkg.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=lab/provision/apt.sh
. "$here/apt.sh"

tree=$1
list=$2
dest=$3

mirror=$(require_mirror)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
APT_CONFIG=$(private_apt "$work" "$mirror")
export APT_CONFIG
echo "deb [signed-by=$keyring] $mirror $suite main" >"$work/sources.list"
cp "$tree/var/lib/dpkg/status" "$work/status"
apt-get update -qq

# fetch DIR PACKAGE...: download packages and what they depend on into DIR
fetch() {
	local dir=$1

	shift
	mkdir -p "$dir"
	apt-get install --yes -qq --download-only --no-install-recommends -o Debug::NoLocking=true "$@"
	mv "$work"/cache/archives/*.deb "$dest/$dir"
}

cd "$dest"
fetch apt apt
fetch . $(sed 's/#.*//' "$list")
unset APT_CONFIG
"$here/in-tree.sh" "$tree" --bind "$dest:archive" sh -euc 'cd /mnt/archive; dpkg-scanpackages --multiversion . >Packages'
