#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A disk whose commands complete in hard interrupts, on a processor of its own choice,
# amid resets, disabled portal groups and logouts. From 7.0 on core calls us there.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

IQN=${BASE}interrupts
PORTAL=127.0.0.1:3260
NULLB=/sys/kernel/config/nullb/nullb0

# Each command takes 200 us, until a timer of its processor fires.
make_disk()
{
	modprobe null_blk nr_devices=0 && mkdir $NULLB || return 1
	put 64 $NULLB/size && put 512 $NULLB/blocksize && put 2 $NULLB/irqmode &&
		put 200000 $NULLB/completion_nsec && put 1 $NULLB/memory_backed &&
		put 64 $NULLB/hw_queue_depth && put 1 $NULLB/power || return 1
	poll 60 test -b /dev/nullb0
}

remove_disk()
{
	put 0 $NULLB/power && rmdir $NULLB && modprobe -r null_blk
}

setup()
{
	make_disk && start_iscsid && load_target && mk_iblock block /dev/nullb0 &&
		quick_target "$IQN" block $PORTAL && node_new "$IQN" $PORTAL &&
		node_set "$IQN" $PORTAL node.session.timeo.replacement_timeout 60
}

# Each part of the disk is written once: fio forgets what a second round has written.
verify()
{
	local seed

	for seed in 1 2; do
		bounded 400 fio --name=x --filename="$disk" --direct=1 --ioengine=libaio \
			--iodepth=32 --rw=randrw --rwmixread=40 --bsrange=4k-128k --size=10M \
			--verify=crc32c --verify_fatal=1 --do_verify=1 --randseed=$seed \
			--output=/tmp/fio.out || { cat /tmp/fio.out; return 1; }
	done
}

# until_ended PID COMMAND...: again and again.
until_ended()
{
	local pid=$1 n=0 good=0

	shift
	until process_ended "$pid"; do
		! "$@" >/dev/null 2>&1 || good=$((good + 1))
		n=$((n + 1))
		nap
	done
	diag "$good of $n times"
	[ $good -gt 0 ]
}

logged_in()
{
	[ "$(cat "$(session_of "$IQN")/state")" = LOGGED_IN ]
}

flap()
{
	tpg_disable "$IQN" && tpg_enable "$IQN" && poll 60 logged_in
}

reset_lun()
{
	bounded 30 sg_reset -d "$disk"
}

# amid NAME COMMAND...: verified I/O while the command runs over and over.
amid()
{
	local name=$1 pid

	shift
	verify >/tmp/verify.out 2>&1 &
	pid=$!
	ok "until_ended $pid $*" "$name succeed meanwhile"
	ok "wait $pid" "data is whole amid $name" || diag "$(tail -n 20 /tmp/verify.out)"
}

vanish()
{
	STORM_N=20 STORM_PARALLEL=10 STORM_LIMIT=20 RAW_IQN=$IQN raw-storm logins
}

no_threads()
{
	! pgrep '^tcmi_[0-9]' >/dev/null
}

try "a target on such a disk" setup
try "the initiator logs in" node_login "$IQN" $PORTAL
disk=$(wait_disk 60 "$IQN" 0)
try "data is whole" verify
amid "LUN RESETs" reset_lun
amid "a portal group that comes and goes" flap
amid "logins of others" vanish
try "the initiator logs out" node_logout "$IQN" $PORTAL
ok 'poll 30 no_threads' "no connection is left" || diag "$(pgrep -l '^tcmi_')"
try "everything is torn down" teardown_all
try "the module unloads" unload_target
try "the disk goes" remove_disk

done_testing
