#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does the lab notice what it is there to notice? Runs on the host:
#   prove tests/vm/selftest.t           (LAB_KERNEL chooses the kernel)

dir=$(cd "$(dirname "$0")" && pwd)
out=$(mktemp -d "${TMPDIR:-/tmp}/tcm-iscsi-selftest.XXXXXX") || exit 1
trap 'rm -rf "$out"' EXIT
count=0

ok()
{
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		sed 's/^/# /' "$out/report"
	fi
}

# verdict NAME "ok"|REGEX SENTENCE: REGEX names the line that must fail.
verdict()
{
	local bad

	bad=$(grep '^not ok' "$out/$1.tap" 2>/dev/null)
	if [ ! -e "$out/$1.tap" ]; then
		ok 1 "$3"
	elif [ "$2" = ok ]; then
		[ -z "$bad" ]
		ok $? "$3"
	else
		printf '%s\n' "$bad" | grep -qE "$2"
		ok $? "$3"
	fi
}

"$dir/lab" run -k "${LAB_KERNEL:-6.12}" -T intree -t 20 -o "$out" \
	"$dir"/selftest/*.sh "$dir"/selftest/*.t >"$out/report" 2>&1
status=$?
[ $status = 1 ]
ok $? "a batch with failures ends with status 1"

verdict exits0 ok "a script without TAP passes by its exit status"
verdict exits3 'exit status is 0' "and fails by it"
verdict passes ok "TAP that passes passes"
verdict skips ok "a script may skip itself"
verdict fails 'two' "one failed case fails the script"
verdict shortplan 'runs all 3 tests, not 1' "fewer cases than planned are a failure"
verdict noplan 'has a plan' "so is a missing plan"
verdict endless 'ends within 20 s' "a script which does not end is ended"
verdict warns 'kernel log has no warning' "a warning in the kernel log is a failure"
verdict allowed ok "unless the script is allowed to cause it"
verdict panics 'the VM survives' "a VM that dies fails the script it died in"
grep -q 'Kernel panic' "$out/panics.tap"
ok $? "and the console shows why"
verdict hangs 'the VM survives' "a VM that hangs fails the script it hung in"
verdict stuck 'ends within 20 s' "a script that cannot be killed does not end in time"
verdict stuck 'leaves a VM in which' "and leaves no VM for the next one"
verdict untidy ok "targets and sessions left behind are swept away"
verdict last ok "what comes after a dead VM runs in a new one"

echo "1..$count"
