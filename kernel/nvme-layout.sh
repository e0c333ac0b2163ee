#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Prints nvme-layout.h: where the members of the private struct nvme_ctrl that controlling.c uses lie
# in the kernel built against, read from that kernel's own type information (BTF). It guesses
# nothing: what it does not find, it refuses.
#
# usage: nvme-layout.sh VMLINUX NVME_CORE
#   VMLINUX    file with the kernel's BTF
#   NVME_CORE  nvme-core.ko, possibly compressed
set -eu

die() {
	echo "nvme-layout: $*" >&2
	exit 1
}

[ $# -eq 2 ] || die "usage: nvme-layout.sh VMLINUX NVME_CORE"
vmlinux=$1
module=$2

command -v "${PAHOLE:=pahole}" >/dev/null || die "$PAHOLE is missing (Debian package dwarves)"
[ -r "$vmlinux" ] ||
	die "$vmlinux is missing: the kernel's headers package should have it; else set VMLINUX_BTF"

for file in "$module" "$module.xz" "$module.zst" "$module.gz"; do
	[ -r "$file" ] && break
done
[ -r "$file" ] ||
	die "$module[.xz|.zst|.gz] is missing: install the kernel's image package; else set NVME_CORE"

plain=$(mktemp)
trap 'rm -f "$plain"' EXIT
case $file in
*.xz) xz -dc "$file" >"$plain" ;;
*.zst) zstd -qdc "$file" >"$plain" ;;
*.gz) gzip -dc "$file" >"$plain" ;;
*) cat "$file" >"$plain" ;;
esac

describe() {
	"$PAHOLE" -C "$1" --btf_base "$vmlinux" "$plain" || die "$PAHOLE cannot read $file"
}

# member STRUCTURE NAME PREFIX: two defines from pahole's line "TYPE NAME; /* OFFSET SIZE */"
member() {
	describe "$1" | awk -v name="$2" -v prefix="$3" '
		/^\t[^\t]/ && match($0, "[ *]" name "; +/\\* +[0-9]+ +[0-9]+ \\*/$") {
			n = split(substr($0, RSTART, RLENGTH), word, " ")
			printf "#define %s_OFFSET %s\n", prefix, word[n - 2]
			printf "#define %s_SIZE %s\n", prefix, word[n - 1]
			found++
		}
		END { exit found != 1 }' || die "$file: no member $2 in struct $1"
}

# value ENUM NAME DEFINE: one define from pahole's line "NAME = VALUE,"
value() {
	describe "$1" | awk -v name="$2" -v define="$3" '
		$1 == name && $2 == "=" {
			sub(",", "", $3)
			printf "#define %s %s\n", define, $3
			found++
		}
		END { exit found != 1 }' || die "$file: no $2 in enum $1"
}

cat <<END
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Made by nvme-layout.sh from the type information of the kernel built against.
 */
END
member nvme_ctrl state NVME_CTRL_STATE
member nvme_ctrl admin_q NVME_CTRL_ADMIN_Q
member nvme_ctrl ctrl_device NVME_CTRL_DEVICE
value nvme_ctrl_state NVME_CTRL_LIVE NVME_CTRL_STATE_LIVE
