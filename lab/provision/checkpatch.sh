#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# checkpatch.sh TREE SOURCE DEST: put the kernel's checkpatch.pl and its word lists into DEST, out of the tarball in SOURCE
# (linux-source.sh): Debian's kernel headers lack it.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")

tree=$1
source=$2
dest=$3

"$here/in-tree.sh" "$tree" --bind "$source:source" --bind "$dest:dest" \
	tar --extract --file=/mnt/source/linux.tar.xz --directory=/mnt/dest --strip-components=2 --wildcards \
	--no-wildcards-match-slash --occurrence=1 \
	'*/scripts/checkpatch.pl' '*/scripts/spelling.txt' '*/scripts/const_structs.checkpatch'
chmod 755 "$dest/checkpatch.pl"
