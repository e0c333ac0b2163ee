#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Runs sparse and checkpatch --strict over the driver and fails on any finding. It changes no source.
#
# usage: check.sh KDIR [CHECKPATCH]
#   KDIR        headers of the kernel to build against
#   CHECKPATCH  the kernel's checkpatch.pl; found by itself in a full source tree
set -eu

die() {
	echo "check: $*" >&2
	exit 1
}

[ $# -ge 1 ] || die "usage: check.sh KDIR [CHECKPATCH]"
kdir=$1
checkpatch=${2:-}
cd "$(dirname "$0")"

command -v sparse >/dev/null || die "sparse is missing (Debian package sparse)"
command -v perl >/dev/null || die "perl is missing (Debian package perl)"
for script in "$kdir/scripts/checkpatch.pl" "$kdir/source/scripts/checkpatch.pl"; do
	[ -n "$checkpatch" ] || [ ! -r "$script" ] || checkpatch=$script
done
[ -r "$checkpatch" ] ||
	die "checkpatch.pl is not in $kdir (Debian's headers lack it): pass CHECKPATCH=.../checkpatch.pl"

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# W=1 C=2: every file, also unchanged ones. Findings in the kernel's own headers are not ours.
make -C "$kdir" M="$PWD" clean >/dev/null
make -C "$kdir" M="$PWD" C=2 W=1 modules >"$log" 2>&1 || {
	cat "$log"
	die "the build failed"
}
if grep -E "^($PWD/|\./)?[a-z-]+\.[ch]:[0-9]+(:[0-9]+)?: (warning|error)" "$log"; then
	die "sparse or the compiler found something"
fi

# what the build made is not ours to judge
sources=$(ls ./*.c ./*.h | grep -v -e '\.mod\.c$' -e '^./nvme-layout\.h$')
perl "$checkpatch" --strict --no-tree --no-summary --terse --max-line-length=100 \
	--file $sources ||
	die "checkpatch found something"
echo "check: sparse and checkpatch are clean"
