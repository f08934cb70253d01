#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# coverage.sh BUILD PERCENT TARGET...: the lines of proto/ which all targets together run
# on their seeds. Fails below so many percent.
set -eu

build=$1
percent=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
proto=$(cd "$here/../../drivers/target/tcm_iscsi/proto" && pwd)
objects=
for target; do
	LLVM_PROFILE_FILE=$build/$target.profraw "$build/fuzz_$target" -runs=0 \
		"$here/corpus/$target" >"$build/$target.log" 2>&1
	objects="${objects:+$objects -object }$build/fuzz_$target"
done
cd "$build"
llvm-profdata merge -o all.profdata ./*.profraw
# shellcheck disable=SC2086
llvm-cov report $objects -instr-profile=all.profdata "$proto" -show-region-summary=false \
	-show-branch-summary=false
# shellcheck disable=SC2086
llvm-cov show $objects -instr-profile=all.profdata "$proto" >lines.txt
echo "Lines that were not run:"
awk -F '|' '/^\// { file = $1; sub(".*/", "", file) }
	$2 ~ /^ *0$/ && $3 !~ /^ *[{}]? *$/ { printf "  %s%s: %s\n", file, $1, $3 }' lines.txt
# shellcheck disable=SC2086
llvm-cov export $objects -instr-profile=all.profdata -summary-only "$proto" |
	python3 -c '
import json, sys
got = json.load(sys.stdin)["data"][0]["totals"]["lines"]["percent"]
print("%.2f %% of the lines of proto/, %s %% wanted" % (got, sys.argv[1]))
sys.exit(got < float(sys.argv[1]))' "$percent"
