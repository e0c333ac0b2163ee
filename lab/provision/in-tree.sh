#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# in-tree.sh TREE [--bind SOURCE:TARGET]... COMMAND...: run a command inside a Debian tree. The mounts live in a private
# mount namespace and vanish with the command; the tree is used read-only except for empty mount points under /mnt.
set -euo pipefail

tree=$1
shift
binds=()
while [ "${1:-}" = --bind ]; do
	binds+=("$2")
	shift 2
done
[ "$(id -u)" = 0 ] || { echo "lab: building inside the Debian tree needs root" >&2; exit 1; }

exec unshare --mount --propagation private bash -c '
	set -euo pipefail
	tree=$1 count=$2
	shift 2
	mount -t proc proc "$tree/proc"
	mount -t tmpfs tmpfs "$tree/tmp"
	mount -t tmpfs tmpfs "$tree/mnt"
	for ((i = 0; i < count; i++)); do
		source=${1%%:*} target=$tree/mnt/${1#*:}
		mkdir -p "$target"
		mount --bind "$source" "$target"
		shift
	done
	exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C.UTF-8 TERM="${TERM:-dumb}" chroot "$tree" "$@"
' bash "$tree" "${#binds[@]}" "${binds[@]}" "$@"
