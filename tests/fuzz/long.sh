#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# long.sh BUILD SECONDS TARGET...: fuzzes the targets in turn, a slice at a time, until
# so many seconds of CPU are used. Every slice is a line of BUILD/long/slices; a finding
# ends its slice only. long.sh BUILD report sums up what all such runs came to.
set -u -o pipefail
export LC_ALL=C

build=$1
seconds=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
dir=$build/long
slice=${SLICE:-180}

report()
{
	awk -F '\t' '
		NF >= 7 {
			n++; cpu[$2] += $3; execs[$2] += $4; found[$2] += $7
			if ($5 + 0 > cov[$2])
				cov[$2] = $5
			if ($6 + 0 > ft[$2])
				ft[$2] = $6
			total += $3; all += $4; bad += $7
		}
		END {
			printf "%-8s %9s %14s %6s %9s %9s\n", "target", "CPU s", "executions",
				"edges", "features", "findings"
			for (t in cpu)
				printf "%-8s %9d %14d %6d %9d %9d\n", t, cpu[t], execs[t], cov[t],
					ft[t], found[t] | "sort"
			close("sort")
			printf "%-8s %9d %14d %6s %9s %9d\n", "all", total, all, "", "", bad
		}' "$dir/slices"
}

# one TARGET: prints its line
one()
{
	local target=$1 log=$dir/$1.log cpu status execs cov ft findings=0

	mkdir -p "$build/corpus/$target" "$build/crash"
	TIMEFORMAT='%U %S'
	cpu=$({ time "$dir/fuzz_$target" -max_total_time="$slice" -timeout=10 -max_len=20000 \
		-print_final_stats=1 -dict="$here/keys.dict" \
		-artifact_prefix="$build/crash/$target-" \
		"$build/corpus/$target" "$here/corpus/$target" >"$log" 2>&1; } 2>&1)
	status=$?
	[ $status = 0 ] || {
		findings=1
		cp "$log" "$build/crash/$target-$(date +%H%M%S).log"
	}
	execs=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
	cov=$(grep -o 'cov: [0-9]*' "$log" | tail -n 1)
	ft=$(grep -o 'ft: [0-9]*' "$log" | tail -n 1)
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$(date +%FT%T)" "$target" \
		"$(awk '{ printf "%.0f", $1 + $2 }' <<<"$cpu")" "${execs:-0}" \
		"${cov#cov: }" "${ft#ft: }" "$findings"
}

used()
{
	tail -n +"$((before + 1))" "$dir/slices" | awk -F '\t' '{ n += $3 } END { print n + 0 }'
}

if [ "$seconds" = report ]; then
	report
	exit
fi
mkdir -p "$dir"
touch "$dir/slices"
before=$(wc -l <"$dir/slices")
# what is built meanwhile does not disturb the run
for target; do
	cp "$build/fuzz_$target" "$dir/fuzz_$target.new" &&
		mv "$dir/fuzz_$target.new" "$dir/fuzz_$target" || exit 1
done
while [ "$(used)" -lt "$seconds" ]; do
	for target; do
		[ "$(used)" -lt "$seconds" ] || break
		one "$target" >>"$dir/slices"
		tail -n 1 "$dir/slices"
	done
done
report
! tail -n +"$((before + 1))" "$dir/slices" | awk -F '\t' '$7 { bad = 1 } END { exit !bad }'
