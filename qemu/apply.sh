#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# apply.sh QEMU-SOURCE PROJECT: put the nvmove device into the source tree of QEMU 10.0, as hw/nvmove/, or bring it up to
# date there. Files that have not changed keep their time stamps, so that an existing build only compiles what has.
# Nothing outside hw/nvmove/ is touched but for one line each in the files that list QEMU's devices.
set -euo pipefail

die() {
	echo "apply.sh: $*" >&2
	exit 1
}

[ $# = 2 ] || die "usage: apply.sh QEMU-SOURCE PROJECT"
source=$1
project=$2
target=$source/hw/nvmove

[ -e "$source/VERSION" ] || die "$source: no QEMU source tree"
[ -e "$project/ctrl/ctrl.h" ] || die "$project: no ctrl/ctrl.h there"
version=$(<"$source/VERSION")
case $version in
10.0.*) ;;
*) die "$source: QEMU $version, the device is for 10.0" ;;
esac

declare -A wanted

# put FILE NAME: make hw/nvmove/NAME a copy of FILE
put() {
	wanted[$2]=1
	cmp -s "$1" "$target/$2" && return
	mkdir -p "$(dirname "$target/$2")"
	cp "$1" "$target/$2"
}

# add_line FILE ANCHOR LINE: have LINE in FILE, after ANCHOR
add_line() {
	local file=$source/$1 new

	grep -qxF -- "$3" "$file" && return
	grep -qxF -- "$2" "$file" || die "$file: no line \"$2\""
	new=$(mktemp)
	awk -v anchor="$2" -v line="$3" '{ print } $0 == anchor { print line }' "$file" >"$new"
	cat "$new" >"$file"
	rm "$new"
}

for file in Kconfig meson.build fault-command.c fault-command.h nvmove.c nvmove.h nvmove-fault.c nvmove-function.c nvmove-ns.c \
	nvmove-pf.c nvmove-vss.c trace.h trace-events; do
	put "$project/qemu/$file" "$file"
done
while IFS= read -r file; do
	put "$project/$file" "$file"
done < <(cd "$project" && find ctrl include/nvmove -name '*.[ch]' | sort)

list=$(mktemp)
trap 'rm -f "$list"' EXIT
(cd "$project" && find ctrl -name '*.c' | sort) >"$list"
put "$list" ctrl.list

while IFS= read -r file; do
	[ -n "${wanted[$file]:-}" ] || rm "$target/$file"
done < <(cd "$target" && find . -type f -printf '%P\n')

add_line hw/meson.build "subdir('nvme')" "subdir('nvmove')"
add_line hw/Kconfig "source nvme/Kconfig" "source nvmove/Kconfig"
add_line meson.build "    'hw/nvme'," "    'hw/nvmove',"

# Lists of devices made by hand (configure --with-devices-x86_64=) are complete as they are: the device has to be named.
for file in "$source"/configs/devices/x86_64-softmmu/*.mak; do
	case $file in
	*/default.mak) ;;
	*) grep -qx 'CONFIG_NVMOVE=y' "$file" || echo 'CONFIG_NVMOVE=y' >>"$file" ;;
	esac
done
