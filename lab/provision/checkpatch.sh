#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# checkpatch.sh TREE DEST: put the kernel's checkpatch.pl and its word lists into DEST. Debian's kernel headers lack it, so
# it comes from the suite's kernel source package, of which nothing else is kept.
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
(cd "$work/source" && apt-get source -qq --download-only --tar-only linux)
unset APT_CONFIG

tarball=$(basename "$work"/source/linux_*.orig.tar.xz)
"$here/in-tree.sh" "$tree" --bind "$work/source:source" --bind "$dest:dest" \
	tar --extract --file="/mnt/source/$tarball" --directory=/mnt/dest --strip-components=2 --wildcards \
	--no-wildcards-match-slash --occurrence=1 \
	'*/scripts/checkpatch.pl' '*/scripts/spelling.txt' '*/scripts/const_structs.checkpatch'
chmod 755 "$dest/checkpatch.pl"
