#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# minimize.sh BUILD TARGET...: of what runs have found and the seeds have, the smallest
# files which reach all the edges become the seeds. Seeds with a name stay as they are.
set -eu

build=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
hash='.*/[0-9a-f]\{40\}'
for target; do
	seeds=$here/corpus/$target
	new=$build/min/$target
	found=$build/min/$target.found
	rm -rf "$new" "$found"
	mkdir -p "$new" "$seeds" "$found" "$build/corpus/$target"
	# a run under way may take files away
	cp -r "$build/corpus/$target/." "$found/" || :
	# named ones first: a merge keeps what its first directory has
	find "$seeds" -type f ! -regex "$hash" -exec cp {} "$new/" \;
	"$build/fuzz_$target" -set_cover_merge=1 -use_counters=0 "$new" "$seeds" \
		"$found" >"$build/min/$target.log" 2>&1
	find "$seeds" -type f -regex "$hash" -delete
	cp "$new"/* "$seeds/"
	echo "$target: $(find "$seeds" -type f | wc -l) files," \
		"$(cat "$seeds"/* | wc -c) bytes"
done
