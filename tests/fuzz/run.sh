#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# run.sh BUILD SECONDS TARGET...: with 0 seconds only the seeds are replayed.
# What a run finds worth keeping stays in BUILD/corpus for the next one, crashes in
# BUILD/crash.
set -u

build=$1
seconds=$2
shift 2
here=$(dirname "$0")
mkdir -p "$build/crash"
echo "1..$#"
n=0
failed=0
for target; do
	n=$((n + 1))
	mkdir -p "$build/corpus/$target"
	if [ "$seconds" -gt 0 ]; then
		limit=-max_total_time=$seconds
		name="$target: $seconds seconds without a finding"
	else
		limit=-runs=0
		name="$target: the seeds pass"
	fi
	log=$build/$target.log
	if "$build/fuzz_$target" "$limit" -timeout=10 -max_len=20000 \
	    -dict="$here/keys.dict" -artifact_prefix="$build/crash/$target-" \
	    "$build/corpus/$target" "$here/corpus/$target" >"$log" 2>&1; then
		echo "ok $n - $name"
		sed -n '$s/^/# /p' "$log"
	else
		echo "not ok $n - $name"
		tail -n 40 "$log" | sed 's/^/# /'
		failed=1
	fi
done
exit $failed
