#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who removes what commands on a dead disk still use has to wait, and may decide not to: LUN,
# backstore, portal group and target go, under sessions that live and sessions that drain.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=frozen.sh
. "${LAB_SRC:?}/tests/functional/frozen.sh"

PORTAL=127.0.0.1:3260
TPG=$CFG/iscsi/$DEAD/tpgt_1
# The disk stands still for as long as all this takes.
PATIENCE=$(patience 8000)
export STORM_OWE=1 STORM_RESET=/tmp/reset
# where the late ones write
LATE=$((20000 * 512))

acl_for()
{
	mk_acl "$DEAD" 1 "$1" && map_lun "$DEAD" 1 "$1" 0 && map_lun "$DEAD" 1 "$1" 1 &&
		put 60 "$TPG/acls/$1/attrib/dataout_timeout"
}

state_of()
{
	ps -o stat= -p "$1" | cut -c 1
}

# reads IQN LUN [INITIATOR]: a block of it.

lun_0()
{
	mk_lun "$DEAD" 1 0 "$1" && map_lun "$DEAD" 1 "${BASE}storm0" 0
}

acls_gone()
{
	remove_links "$TPG"/acls/*/lun_* && remove_dirs "$TPG"/acls/*/lun_* "$TPG"/acls/*
}

claimed()
{
	local status

	mk_iblock again /dev/mapper/$FROZEN_DM
	status=$?
	rmdir "$(backstore_dir again)" "$(dirname "$(backstore_dir again)")"
	[ $status != 0 ]
}

hba_of()
{
	dirname "$(backstore_dir "$1")"
}

# removal BACKEND
removal()
{
	local kind=$1 remover hba disk

	try "two targets are set up, one on a disk about to freeze ($kind)" frozen_targets "$kind"
	hba=$(hba_of dying)
	for i in 0 1 2; do
		try "ACL $i" acl_for "${BASE}storm$i"
	done
	disk=/dev/mapper/$FROZEN_DM
	[ "$kind" = iblock ] || disk=/tmp/frozen/disk
	rm -f $STORM_RESET
	try "there are zeros where nothing will be written" \
		dd if=/dev/zero of=$disk bs=4096 count=1 seek=$((LATE / 4096)) conv=notrunc,fsync status=none
	try "four sessions have commands on it, and others that wait for those" stuck_sessions 4

	rm "$TPG/lun/lun_0/dying" 2>/tmp/rm &
	remover=$!
	ok "! poll 4 process_ended $remover" "removing the frozen LUN waits" || diag "$(cat /tmp/rm)"
	isnt "$(state_of $remover)" D "but not in D"
	like "$(dmesg | tail -n 30)" "removal of lun_0 of $DEAD,1 waits for [0-9]* commands; kill process $remover " \
		"the log says what it waits for" || diag "$(dmesg | tail -n 5)"
	quickly "another target's disk is read meanwhile" iscsi-readcapacity16 -i "${BASE}other" "iscsi://$PORTAL/$LIVE/0"
	quickly "who is killed is gone" eval "kill -KILL $remover && poll 10 process_ended $remover"
	ok "[ ! -L '$TPG/lun/lun_0/dying' ]" "and the LUN has no backstore any more"
	like "$(dmesg | tail -n 30)" "lun_0 of $DEAD,1 is removed; .*/dying stays open, it has [1-9][0-9]* of its" \
		"the log says what is left" || diag "$(dmesg | tail -n 5)"
	quickly "its other LUN is read" iscsi-readcapacity16 -i "${BASE}storm1" "iscsi://$PORTAL/$DEAD/1"

	quickly "the mapped LUNs are removed" eval "remove_links $TPG/acls/*/lun_0 && remove_dirs $TPG/acls/*/lun_0"
	quickly "the LUN's directory is removed" rmdir "$TPG/lun/lun_0"
	quickly "a LUN of its number gets another backstore" lun_0 ram
	quickly "and is read" iscsi-readcapacity16 -i "${BASE}storm0" "iscsi://$PORTAL/$DEAD/0"
	touch $STORM_RESET
	ok "poll 20 grep -q '^# read$' /tmp/storm" "who has commands of the old one resets and reads the new one" ||
		diag "$(cat /tmp/storm)"
	like "$(cat /tmp/storm)" "reset: 0" "the reset is complete"
	quickly "the backstore is removed" teardown_backstore "$(backstore_dir dying)"
	quickly "and its HBA" rmdir "$hba"
	[ "$kind" != iblock ] || ok claimed "nobody else gets the disk while it may write yet"

	quickly "the portal group is disabled" tpg_disable "$DEAD"
	quickly "the ACLs are removed" acls_gone
	try "what is left in the group is removed" \
		eval "remove_links $TPG/lun/lun_* && remove_dirs $TPG/lun/lun_* $TPG/np/*"
	rmdir "$TPG" &
	remover=$!
	ok "! poll 3 process_ended $remover" "removing the portal group waits"
	quickly "who is killed is gone" eval "kill -KILL $remover && poll 10 process_ended $remover"
	ok "[ ! -d $TPG ]" "and so is the group"
	quickly "the target is removed" rmdir "$CFG/iscsi/$DEAD"
	quickly "one of its name is made" quick_target "$DEAD" ram
	quickly "who has commands in the old one logs in to the new one" iscsi-readcapacity16 -i "${BASE}storm0" "iscsi://$PORTAL/$DEAD/0"
	is "$(long_in_d)" "" "nothing on the module's behalf is in D for longer than 5 s"

	try "the disk thaws" thaw
	ok sessions_end "the initiators end"
	ok 'poll 30 no_threads' "nothing of them is left" || diag "$(pgrep -l '^tcmi_[0-9]')"
	ok "poll 20 eval 'dmesg | tail -n 40 | grep -q \"dying has given back all commands\"'" \
		"the log says that the disk has given the commands back" || diag "$(dmesg | tail -n 10)"
	ok "poll 20 eval 'dmesg | tail -n 40 | grep -q \"nothing is left of $DEAD,1\"'" "and that the group has gone"
	ok "cmp -n 4096 -i $LATE:0 $disk /dev/zero" "what the disk did not have yet it never got"
	try "everything is torn down, and the module unloads" frozen_end
}

# the disk itself stands still for longer than the debug kernel allows
[ -z "${LAB_DEBUG:-}" ] || sysctl -qw kernel.hung_task_timeout_secs=0
removal iblock
removal fileio
[ -z "${LAB_DEBUG:-}" ] || sysctl -qw kernel.hung_task_timeout_secs=20

done_testing
