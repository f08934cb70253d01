#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# run.sh BUILD SECONDS TARGET...: all targets share the time; with 0 seconds only the
# seeds are replayed. What a run finds worth keeping stays in BUILD/corpus for the next
# one, crashes in BUILD/crash.
set -u

build=$1
seconds=$2
shift 2
here=$(dirname "$0")
mkdir -p "$build/crash"
echo "1..$#"
each=$(((seconds + $# - 1) / $#))
n=0
failed=0
for target; do
	n=$((n + 1))
	seeds=$here/corpus/$target
	log=$build/$target.log
	if [ "$seconds" -gt 0 ]; then
		name="$target: $each seconds without a finding"
		mkdir -p "$build/corpus/$target"
		set -- "-max_total_time=$each" "$build/corpus/$target" "$seeds"
	else
		name="$target: the seeds pass"
		set -- -runs=0 "$seeds"
	fi
	if "$build/fuzz_$target" -timeout=25 -max_len=20000 -dict="$here/keys.dict" \
	    -artifact_prefix="$build/crash/$target-" "$@" >"$log" 2>&1; then
		echo "ok $n - $name"
		sed -n '$s/^/# /p' "$log"
	else
		echo "not ok $n - $name"
		tail -n 40 "$log" | sed 's/^/# /'
		failed=1
	fi
done
exit $failed
