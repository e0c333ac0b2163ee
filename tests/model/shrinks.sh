#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What shows a planted bug becomes a script that a reader can follow: it still shows the bug, is
# short, and shows nothing where the bug is not planted.
#
# usage: shrinks.sh TWIN
set -u

MOST=60
twin=$1
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT
failed=0

refute()
{
	echo "$1: $2"
	failed=1
}

for mutant in request-forgotten completion-lost error-log-left-out commands-skipped; do
	rm -f "$directory"/*.script
	"$twin" --mutant "$mutant" --seeds 20 --steps 4000 --move-percent 3 \
		--scripts "$directory" >/dev/null 2>&1
	script=$(echo "$directory"/*.script)
	if [ ! -f "$script" ]; then
		refute "$mutant" "no script was written"
		continue
	fi
	actions=$(wc -l <"$script")
	"$twin" --mutant "$mutant" --script "$script" >/dev/null 2>&1
	with=$?
	"$twin" --script "$script" >/dev/null 2>&1
	without=$?
	[ "$actions" -lt "$MOST" ] || refute "$mutant" "$actions actions, want fewer than $MOST"
	[ "$with" = 1 ] || refute "$mutant" "the script does not show the bug (exit code $with)"
	[ "$without" = 0 ] || refute "$mutant" "the script shows something else (exit code $without)"
	echo "$mutant: $actions actions"
	cat "$script"
done
exit "$failed"
