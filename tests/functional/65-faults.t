#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Memory runs out: each allocation between the first byte of a connection and the end of
# its I/O fails once, then one in a hundred of all, under load. An initiator may be refused
# or cut off; nothing hangs, is lost in silence, or leaks. FAULTS says how many,
# FAULT_SECONDS how long the load lasts, for each kind of allocation.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

[ -e /sys/kernel/debug/failslab ] || skip_all "only the debug kernel lets allocations fail on purpose"

FAULTS=${FAULTS:-60}
FAULT_SECONDS=${FAULT_SECONDS:-15}
DEBUGFS=/sys/kernel/debug
IQN=${BASE}faults
URL=iscsi://127.0.0.1:3260/$IQN/0
export RAW_IQN=$IQN

# filter KIND: only what the module asks for, itself or through core and the network.
filter()
{
	local dir=$DEBUGFS/$1 start size

	start=$(cat "/sys/module/$(target_module)/sections/.text") &&
		size=$(awk -v m="$(target_module)" '$1 == m { print $2 }' /proc/modules) || return 1
	put "$start" "$dir/require-start" &&
		put "$(printf '0x%x' $((start + size)))" "$dir/require-end" &&
		put 32 "$dir/stacktrace-depth" && put N "$dir/ignore-gfp-wait" && put 0 "$dir/verbose"
}

# faults KIND PERCENT INTERVAL TIMES
faults()
{
	local dir=$DEBUGFS/$1

	put "$3" "$dir/interval" && put "$4" "$dir/times" && put "$2" "$dir/probability"
}

no_faults()
{
	put 0 $DEBUGFS/failslab/probability
	put 0 $DEBUGFS/fail_page_alloc/probability
}

read_all()
{
	bounded 20 iscsi-md5sum -i "${BASE}reader" "$URL" 2>&1 | cut -c1-32
}

no_threads()
{
	! pgrep '^tcmi_[0-9]' >/dev/null
}

# one_by_one KIND: interval N fails one of the first N.
one_by_one()
{
	local n hit=0 refused=0 bad=""

	for ((n = 1; n <= FAULTS; n++)); do
		faults "$1" 100 $n 1
		STORM_N=1 STORM_LIMIT=4 bounded 6 raw-storm logins >/dev/null 2>&1 || refused=$((refused + 1))
		io >/dev/null 2>&1 || refused=$((refused + 1))
		[ "$(cat $DEBUGFS/"$1"/times)" = 1 ] || hit=$((hit + 1))
		no_faults
		[ "$(read_all)" = "$want" ] || bad="$bad $n"
	done
	is "$bad" "" "$1: an allocation fails, $FAULTS times; the next initiator reads all there is"
	ok "[ $hit -ge $((FAULTS / 2)) ]" "$1: most of these were met" || diag "$hit of $FAULTS"
	diag "$1: $hit of $FAULTS failures met, $refused initiators noticed"
}

# Two initiators write and two read, as well as they can.
under_load()
{
	local end=$((SECONDS + FAULT_SECONDS)) i sum

	for i in 0 1; do
		while [ $SECONDS -lt $end ]; do
			io >/dev/null 2>&1
			bounded 6 iscsi-perf -i "${BASE}perf$i" -m 8 -b 128 -t 2 "$URL" >/dev/null 2>&1
		done &
	done
	while [ $SECONDS -lt $end ]; do
		sum=$(read_all)
		case $sum in
		"$want") echo . >>/tmp/good ;;
		[0-9a-f]*[0-9a-f]) [ ${#sum} != 32 ] || echo "$sum" >>/tmp/wrong ;;
		esac
	done
	wait
}

# Writes what is there already, and reads it.
io()
{
	bounded 8 qemu-img convert -n -f raw -O raw /tmp/zeros "$URL"
}

head -c $((2 << 20)) /dev/zero >/tmp/zeros
try "a target is set up" eval 'load_target && mk_ramdisk disk 2 && quick_target "$IQN" disk'
want=$(head -c $((2 << 20)) /dev/zero | md5sum | cut -c1-32)
is "$(read_all)" "$want" "an initiator reads it"
for kind in failslab fail_page_alloc; do
	[ $kind != fail_page_alloc ] || put 0 $DEBUGFS/$kind/min-order
	try "$kind is armed for the module" filter $kind
	one_by_one $kind
done

for kind in failslab fail_page_alloc; do
	faults $kind 1 1 -1
done
under_load
no_faults
ok '[ ! -e /tmp/wrong ]' "one allocation of a hundred fails: no initiator reads wrong data"
diag "whole reads amid failures: $(grep -c . /tmp/good 2>/dev/null)"
is "$(read_all)" "$want" "afterwards an initiator reads it"
ok 'poll 40 no_threads' "no connection is left" || diag "$(pgrep -l '^tcmi_')"
try "everything is torn down" teardown_all
try "the module unloads" unload_target

done_testing
