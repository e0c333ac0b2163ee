#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Every planted bug must be seen by the twins: as a difference (exit code 1), or by the load, which
# refuses a state that contradicts itself (3).
#
# usage: mutants.sh TWIN
set -u

survivors=0
planted=0
for mutant in $("$1" --mutants); do
	"$1" --mutant "$mutant" --seeds 20 --steps 20000 --move-percent 3 >/dev/null 2>&1
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
