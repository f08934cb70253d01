#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Which lines of proto/ the unit tests ran, all programs together.
set -eu

for data in "$1"/proto_*.gcda; do
	name=$(basename "$data" .gcda)
	gcov -t "$data" 2>/dev/null | awk -v file="${name#proto_}.c" '
		{ split($0, a, ":"); gsub(/ /, "", a[1]); gsub(/ /, "", a[2]) }
		a[3] == "Source" { mine = index($0, "/proto/" file) }
		!mine || a[2] == 0 || a[1] == "-" { next }
		{ print file, a[2], a[1] ~ /^[#=]/ ? 0 : 1 }'
done | awk '
	{ key = $1 SUBSEP $2; if (!(key in run)) { run[key] = 0; lines[$1]++ } }
	$3 && !run[key] { run[key] = 1; hit[$1]++ }
	END {
		for (f in lines) {
			printf "%-14s %4d of %4d lines  %5.1f%%\n", f, hit[f],
			       lines[f], 100 * hit[f] / lines[f] | "sort"
			n += lines[f]; h += hit[f]
			for (key in run) {
				split(key, k, SUBSEP)
				if (k[1] == f && !run[key])
					missed[f] = missed[f] " " k[2]
			}
		}
		close("sort")
		printf "%-14s %4d of %4d lines  %5.1f%%\n", "all", h, n, 100 * h / n
		for (f in missed)
			print "not run in " f ":" missed[f]
	}'
