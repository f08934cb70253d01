#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Again and again: nothing may stay behind. CYCLES_LOGINS and CYCLES_LOADS say
# how often.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

IQN=${BASE}cycles
PORTAL=127.0.0.1:3260
URL=iscsi://$PORTAL/$IQN/0
LOGINS=${CYCLES_LOGINS:-500}
LOADS=${CYCLES_LOADS:-50}
# KiB of kernel memory that may come and go by themselves.
TOLERANCE=3072

# Kernel memory in KiB: slabs, vmalloc, stacks, per-CPU; caches dropped first.
kernel_memory()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^(Slab|KernelStack|Percpu|VmallocUsed):/ { sum += $2 } END { print sum }' /proc/meminfo
}

# Freed by RCU and work items, so it settles with time.
settled()
{
	[ "$(kernel_memory)" -le $(($1 + TOLERANCE)) ]
}

memory_is_back()
{
	local before=$1

	shift
	if poll 20 settled "$before"; then
		pass "$@"
	else
		fail "$@"
		diag "before: $before KiB, after: $(kernel_memory) KiB"
	fi
	diag "kernel memory: $before KiB before, $(kernel_memory) KiB after"
}

threads()
{
	ps -eo comm --no-headers | grep -cE '^(tcmi|iscsi_t|iscsi_np|iscsi_tr)'
}

references()
{
	cat "/sys/module/$(target_module)/refcnt"
}

# Reads the whole LUN and logs out.
visit()
{
	[ "$(bounded 20 iscsi-md5sum -i "$1" "$URL" 2>&1 | cut -c1-32)" = "$sum" ]
}

visits()
{
	local n=$1 bad=0 i

	for ((i = 0; i < n; i++)); do
		visit "${BASE}c$((i % 3))" || bad=$((bad + 1))
	done
	echo $bad
}

configure()
{
	mk_ramdisk ram 1 && quick_target "$IQN" ram $PORTAL
}

round()
{
	load_target && configure && visit "${BASE}c1" && teardown_all && unload_target &&
		! module_loaded "$(target_module)"
}

rounds()
{
	local n=$1 i

	for ((i = 0; i < n; i++)); do
		round || { echo "round $i failed"; return 1; }
	done
}

sum=$(head -c 1048576 /dev/zero | md5sum | cut -c1-32)
try "the target is set up" eval 'load_target && configure'
is "$(visits 20)" 0 "the first 20 logins warm the caches"
before=$(kernel_memory)
refs=$(references)
threads=$(threads)
started=$SECONDS
is "$(visits "$LOGINS")" 0 "$LOGINS rounds of login, reading a disk, logout"
diag "$((SECONDS - started)) s"
memory_is_back "$before" "they leave no memory behind"
is "$(references)" "$refs" "no reference to the module"
ok 'poll 10 eval "[ \$(threads) -le $threads ]"' "no thread"
is "$(ss -tn state established "( sport = :3260 )" | grep -c 3260)" 0 "and no connection"
try "everything is torn down" teardown_all
try "the module unloads" unload_target

try "the first 3 rounds of loading warm the caches" rounds 3
before=$(kernel_memory)
started=$SECONDS
try "$LOADS rounds of load, configure, read a disk, tear down, unload" rounds "$LOADS"
diag "$((SECONDS - started)) s"
memory_is_back "$before" "they leave no memory behind"
ok '! module_loaded "$(target_module)"' "the module is gone"

done_testing
