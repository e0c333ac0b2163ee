#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# in-copy.sh TREE [--bind SOURCE:TARGET]... COMMAND...: run a command inside a Debian tree that it may change: what it writes is in
# memory and vanishes with it. Binds are as in in-tree.sh. There is no network.
set -euo pipefail

tree=$1
shift
binds=()
while [ "${1:-}" = --bind ]; do
	binds+=("$2")
	shift 2
done
[ "$(id -u)" = 0 ] || { echo "lab: running inside the Debian tree needs root" >&2; exit 1; }

exec unshare --mount --net --propagation private bash -c '
	set -euo pipefail
	tree=$1 count=$2
	shift 2
	memory=$tree/mnt
	mount -t tmpfs -o size=75% tmpfs "$memory"
	mkdir "$memory/changed" "$memory/work" "$memory/root"
	mount -t overlay -o "lowerdir=$tree,upperdir=$memory/changed,workdir=$memory/work" overlay "$memory/root"
	cd "$memory/root"
	mount -t proc proc proc
	mount -t devpts devpts dev/pts
	mount -t tmpfs tmpfs tmp
	mount -t tmpfs tmpfs mnt
	for ((i = 0; i < count; i++)); do
		source=${1%%:*} target=mnt/${1#*:}
		mkdir -p "$target"
		mount --bind "$source" "$target"
		shift
	done
	exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 TERM=dumb \
		DEBIAN_FRONTEND=noninteractive chroot . "$@"
' bash "$tree" "${#binds[@]}" "${binds[@]}" "$@"
