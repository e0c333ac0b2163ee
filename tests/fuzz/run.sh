#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Runs a fuzzer on generated seeds, and on the inputs that were findings once (corpus/TARGET). What it
# learns and what it finds stays in FUZZ_OUTPUT, output/TARGET beside the programs unless it is set.
#
# usage: run.sh TARGET SECONDS [FUZZER-OPTION...]      e.g. run.sh queues 3600 -jobs=2
#   TARGET   queues, load, media or compat
#   FUZZERS  directory of the programs, in the environment; build/unit-clang/tests/fuzz if it is not
set -eu

[ $# -ge 2 ] || { sed -n '3,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
target=$1 seconds=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
fuzzers=${FUZZERS:-$here/../../build/unit-clang/tests/fuzz}
output=${FUZZ_OUTPUT:-$fuzzers/output}/$target
seeds=$(mktemp -d)
trap 'rm -rf "$seeds"' EXIT

mkdir -p "$output/corpus" "$output/findings"
"$fuzzers/fuzz_seeds" "$target" "$seeds"
[ -d "$here/corpus/$target" ] && set -- "$@" "$here/corpus/$target"
status=0
"$fuzzers/fuzz_$target" -max_total_time="$seconds" -max_len=8192 -len_control=20 \
	-rss_limit_mb=2048 -print_final_stats=1 -dict="$here/$target.dict" -artifact_prefix="$output/findings/" \
	"$output/corpus" "$seeds" "$@" >"$output/log" 2>&1 || status=$?
if [ $status -ne 0 ]; then
	tail -40 "$output/log"
	echo "$target: a finding in $output/findings:"
	ls -t "$output/findings"
	exit $status
fi
awk -F': *' -v target="$target" -v corpus="$(ls "$output/corpus" | wc -l)" '
	/number_of_executed_units/ { executions = $NF }
	/average_exec_per_sec/ { rate = $NF }
	/peak_rss_mb/ { memory = $NF }
	END { printf "%s: %d inputs, %d per second, %d in the corpus, %d MB at most, no finding\n",
		target, executions, rate, corpus, memory }' "$output/log"
