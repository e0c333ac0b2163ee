#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Every planted bug that PROGRAM lists must be seen by it: as a difference (exit code 1), or by the load,
# which refuses a state that contradicts itself (3).
#
# usage: mutants.sh PROGRAM ARGUMENT...
set -u

program=$1
shift
survivors=0
planted=0
for mutant in $("$program" --mutants); do
	"$program" --mutant "$mutant" "$@" >/dev/null 2>&1
	code=$?
	planted=$((planted + 1))
	case $code in
	1)
		echo "caught: $mutant"
		;;
	3)
		echo "caught by the load: $mutant"
		;;
	*)
		echo "not caught: $mutant (exit code $code)"
		survivors=$((survivors + 1))
		;;
	esac
done
echo "$survivors of $planted planted bugs survived"
[ "$planted" -gt 0 ] && [ "$survivors" = 0 ]
