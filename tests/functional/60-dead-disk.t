#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A disk that does not answer stops those who use it and nobody else.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

DEAD=${BASE}dead
LIVE=${BASE}live
OTHER=${BASE}other
PORTAL=127.0.0.1:3260
# What a bystander may have to wait, in ms; the VM is slow.
PATIENCE=$(patience 3000)

setup()
{
	dmsetup create dying --table "0 524288 linear /dev/scratch1 0" &&
		load_target && mk_iblock dying /dev/mapper/dying && mk_ramdisk ram 16 &&
		quick_target "$DEAD" dying $PORTAL && mk_lun "$DEAD" 1 1 ram &&
		quick_target "$LIVE" ram $PORTAL
}

log_in()
{
	node_new "$DEAD" $PORTAL && node_login "$DEAD" $PORTAL
}

bystanders()
{
	quickly "another initiator discovers ($1)" iscsi-ls -i "$OTHER" iscsi://$PORTAL/
	quickly "another initiator logs in to another target ($1)" \
		iscsi-inq -i "$OTHER" "iscsi://$PORTAL/$LIVE/0"
	quickly "and reads its disk ($1)" iscsi-md5sum -i "$OTHER" "iscsi://$PORTAL/$LIVE/0"
	[ "${2:-}" = disabled ] ||
		quickly "another initiator logs in to the same target, another LUN ($1)" \
			iscsi-inq -i "$OTHER" "iscsi://$PORTAL/$DEAD/1"
}

# A new session of the initiator whose commands are stuck, same ISID.
logged_in_anew()
{
	[ "$(cat "$session/recovery_tmo" 2>/dev/null)" != "" ] &&
		sysfs_is "$session/state" LOGGED_IN && [ "$(reconnects)" -gt "$1" ]
}

reconnects()
{
	dmesg | grep -c 'detected conn error'
}

stuck()
{
	local inflight

	inflight=$(awk '{ print $1 + $2 }' "/sys/block/${disk#/dev/}/inflight")
	[ "$inflight" -ge 2 ]
}

ended()
{
	process_ended "$reader" && process_ended "$writer"
}

try "two targets are set up, one on a disk about to die" setup
set_initiator_name "$INITIATOR"
try "iscsid starts" start_iscsid node.session.err_timeo.abort_timeout=3 \
	node.session.err_timeo.lu_reset_timeout=3 node.session.err_timeo.tgt_reset_timeout=3 \
	node.session.err_timeo.host_reset_timeout=3 node.session.timeo.replacement_timeout=300 \
	'node.conn[0].timeo.login_timeout=5'
try "the initiator logs in" log_in
disk=$(wait_disk 60 "$DEAD" 0)
session=$(session_of "$DEAD")
ok '[ -b "$disk" ]' "and has the disk" || bail_out "no disk"
echo 3 >"/sys/block/${disk#/dev/}/device/timeout"
pattern /tmp/data $((1 << 20))
dd if=/tmp/data of="$disk" bs=1M oflag=direct status=none

before=$(reconnects)
try "the disk dies" dmsetup suspend --noflush --nolockfs dying
dd if="$disk" of=/dev/null bs=64k count=64 iflag=direct status=none 2>/dev/null &
reader=$!
dd if=/tmp/data of="$disk" bs=64k seek=64 oflag=direct status=none 2>/dev/null &
writer=$!
ok 'poll 30 stuck' "a reader and a writer are stuck"
bystanders "at once"
[ "$TARGET" = ours ] || todo "the in-tree module waits for the dead disk here"
ok 'poll 120 logged_in_anew "$before"' "the initiator gives up and logs in anew meanwhile" ||
	diag "$(cat "$session/state") $(reconnects)"
bystanders "after its new login"
# It waits for the sessions, but not longer than 2 s.
PATIENCE=$(patience 4000) quickly "the portal group is disabled" tpg_disable "$DEAD"
bystanders "after disabling" disabled
quickly "and enabled" tpg_enable "$DEAD"
todo
try "the disk comes to life" dmsetup resume dying
ok 'poll 120 ended' "reader and writer end"
ok 'poll 60 sysfs_is "$session/state" LOGGED_IN' "the session is there"
echo 30 >"/sys/block/${disk#/dev/}/device/timeout"
ok 'poll 30 eval "dd if=$disk bs=1M count=1 iflag=direct status=none 2>/dev/null | cmp - /tmp/data"' \
	"the data is there"
try "the initiator logs out" node_logout "$DEAD" $PORTAL
try "everything is torn down" teardown_all
try "the module unloads" unload_target
try "the disk can be removed" dmsetup remove dying

done_testing
