#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The debug kernel sees what it is there to see: one bug of each kind on purpose,
# and its report. Spoils the VM, because lockdep gives up after its first report.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"

case $LAB_KERNEL in
debug | debug-7) ;;
*) skip_all "this is not the debug kernel" ;;
esac

DEBUGFS=/sys/kernel/debug

# shellcheck source=plant.sh
. "${LAB_SRC:?}/tests/functional/plant.sh"

# The refused allocation is the answer: nothing is in the log.
alloc_fails()
{
	! echo "$1" 2>/dev/null >$BUG
}

# fault_on NAME: the next allocation of that kind made by plant's code fails.
fault_on()
{
	local dir=$DEBUGFS/$1 start

	start=$(cat /sys/module/plant/sections/.text) || return 1
	put "$start" "$dir/require-start" &&
		put "$(printf '0x%x' $((start + 0x4000)))" "$dir/require-end" &&
		put N "$dir/ignore-gfp-wait" && put 0 "$dir/verbose" && put 1 "$dir/times" &&
		put 100 "$dir/probability"
}

fault_off()
{
	local dir=$DEBUGFS/$1

	put 0 "$dir/probability" && put 0 "$dir/require-start" && put 0xffffffffffffffff "$dir/require-end"
}

leak_found()
{
	echo scan >$DEBUGFS/kmemleak
	grep -q 'plant_leak' $DEBUGFS/kmemleak
}

is "$(options_missing base debug)" "" "every option of debug.config is in the running kernel"
is "$(sysctl -n kernel.hung_task_timeout_secs)" 20 "a task hangs after 20 s"
is "$(awk '$1 == "debug_locks:" { print $2 }' /proc/lockdep_stats)" 1 "lockdep is at work"
try "kmemleak is at work" dd if=$DEBUGFS/kmemleak of=/dev/null status=none
try "the module of bugs loads" insmod /usr/local/bin/plant-module || bail_out "no module of bugs"

# Lockdep first: any report of KASAN is the end of it.
reports rcu-unprotected 'suspicious RCU usage' "an RCU pointer read without protection is reported"
reports lock-inversion 'possible circular locking dependency' "a lock inversion is reported"
is "$(awk '$1 == "debug_locks:" { print $2 }' /proc/lockdep_stats)" 0 "and lockdep gives up"

reports use-after-free 'KASAN: slab-use-after-free in plant_use_after_free' "a use after free is reported"
reports slab-bounds 'KASAN: slab-out-of-bounds in plant_slab_bounds' "a read behind an allocation is reported"
reports vmalloc-bounds 'KASAN: vmalloc-out-of-bounds in plant_vmalloc_bounds' \
	"a read behind a vmalloc allocation is reported"
reports stack-bounds 'KASAN: stack-out-of-bounds in plant_stack_bounds' "a read behind a variable is reported"
reports global-bounds 'KASAN: global-out-of-bounds in plant_global_bounds' \
	"a read behind a static variable is reported"
reports double-free 'KASAN: double-free in plant_double_free' "a double free is reported"
reports sleep-in-atomic 'BUG: (sleeping function called|scheduling while atomic)' \
	"sleeping with a spinlock held is reported"
reports sleep-in-rcu 'BUG: sleeping function called' "sleeping in an RCU section is reported"
reports preemptible 'BUG: using .*smp_processor_id\(\) in preemptible' \
	"a CPU's number that may be stale is reported"
reports free-active-timer 'ODEBUG: free active .*timer_list' "freeing an armed timer is reported"
reports init-active-work 'ODEBUG: init active' "initialising a scheduled work is reported"
reports list-add 'list_add (corruption|double add)' "adding an entry twice is reported"
reports list-del 'list_del corruption' "deleting an entry twice is reported"
reports refcount-underflow 'refcount_t: (underflow|decrement hit 0)' "a reference too few is reported"
reports refcount-from-zero 'refcount_t: addition on 0' "a reference to what has gone is reported"
reports shift 'UBSAN: shift-out-of-bounds' "a shift by too much is reported"
reports index 'UBSAN: array-index-out-of-bounds' "an index too large is reported"
reports bool 'UBSAN: invalid-load' "a bool of 7 is reported"

put 2 /proc/sys/kernel/hung_task_timeout_secs
reports hung-task 'INFO: task plant-hung.* blocked for more than' "a task that hangs is reported"
echo end-hung-task >$BUG
put 2 /proc/sys/kernel/watchdog_thresh
reports soft-lockup 'soft lockup - CPU' "a CPU that does nothing else is reported"

try "an allocation succeeds" put alloc $BUG
try "a page's allocation succeeds" put alloc-page $BUG
try "failslab is armed" fault_on failslab
ok 'alloc_fails alloc' "and fails one allocation"
try "and no second one" put alloc $BUG
fault_off failslab
try "fail_page_alloc is armed" eval 'put 0 $DEBUGFS/fail_page_alloc/min-order && fault_on fail_page_alloc'
ok 'alloc_fails alloc-page' "and fails one page's allocation"
try "and no second one" put alloc-page $BUG
fault_off fail_page_alloc

echo leak >$BUG
ok 'poll 60 leak_found' "kmemleak finds what was leaked" || diag "$(cat $DEBUGFS/kmemleak)"
try "the module unloads" rmmod plant
spoil_vm
done_testing
