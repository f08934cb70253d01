#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# "make demo-frozen", the part inside the VM: a disk freezes under one initiator, and
# what others notice is measured. One line "KEY<TAB>VALUE" for each in $LAB_OUT/figures.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=../functional/lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

DEAD=${BASE}dead
LIVE=${BASE}live
OTHER=${BASE}other
PORTAL=127.0.0.1:3260
GIVE_UP=10

figure()
{
	printf '%s\t%s\n' "$1" "$2" >>"$LAB_OUT/figures"
}

# measured KEY COMMAND...: how long it takes, or that it did not end.
measured()
{
	local key=$1 started took

	shift
	started=$(now_ms)
	if bounded $GIVE_UP "$@" >/dev/null 2>&1; then
		took=$(($(now_ms) - started))
		figure "$key" "$(printf '%d.%02d s' $((took / 1000)) $((took % 1000 / 10)))"
	elif [ $(($(now_ms) - started)) -ge $((GIVE_UP * 1000)) ]; then
		figure "$key" "not within $GIVE_UP s"
	else
		figure "$key" "fails"
	fi
}

others()
{
	measured "discover:$1" iscsi-ls -i "$OTHER" iscsi://$PORTAL/
	measured "login:$1" iscsi-inq -i "$OTHER" "iscsi://$PORTAL/$LIVE/0"
	measured "read:$1" iscsi-md5sum -i "$OTHER" "iscsi://$PORTAL/$LIVE/0"
}

reconnects()
{
	dmesg | grep -c 'detected conn error'
}

gave_up()
{
	[ "$(reconnects)" -ge 1 ]
}

logged_in_again()
{
	sysfs_is "$session/state" LOGGED_IN
}

setup()
{
	dmsetup create dying --table "0 524288 linear /dev/scratch1 0" &&
		load_target && mk_iblock dying /dev/mapper/dying && mk_ramdisk ram 4 &&
		quick_target "$DEAD" dying $PORTAL && quick_target "$LIVE" ram $PORTAL
}

: >"$LAB_OUT/figures"
try "two targets at one portal" setup
set_initiator_name "$INITIATOR"
try "iscsid starts" start_iscsid node.session.err_timeo.abort_timeout=3 \
	node.session.err_timeo.lu_reset_timeout=3 node.session.err_timeo.tgt_reset_timeout=3 \
	node.session.err_timeo.host_reset_timeout=3 node.session.timeo.replacement_timeout=300 \
	'node.conn[0].timeo.login_timeout=5'
try "an initiator logs in" eval 'node_new $DEAD $PORTAL && node_login $DEAD $PORTAL'
disk=$(wait_disk 20 "$DEAD" 0)
session=$(session_of "$DEAD")
ok '[ -b "$disk" ]' "and has the disk" || bail_out "no disk"
echo 3 >"/sys/block/${disk#/dev/}/device/timeout"
others before

try "the disk freezes" dmsetup suspend --noflush --nolockfs dying
dd if="$disk" of=/dev/null bs=64k count=64 iflag=direct status=none 2>/dev/null &
reader=$!
dd if=/dev/zero of="$disk" bs=64k count=64 seek=64 oflag=direct status=none 2>/dev/null &
writer=$!
frozen=$(now_ms)
ok 'poll 60 gave_up' "after its time-outs the initiator drops the connection"
started=$(now_ms)
if poll 20 logged_in_again; then
	took=$(($(now_ms) - started))
	figure again "$(printf '%d.%02d s' $((took / 1000)) $((took % 1000 / 10)))"
else
	figure again "not within 20 s"
fi
others frozen
measured disable tpg_disable "$DEAD"
figure lasted "$((($(now_ms) - frozen) / 1000)) s"
figure d "$(ps -eo stat=,comm= |
	awk '$1 ~ /^D/ && $2 ~ /^(iscsi_t|iscsi_np|tcmi_|bash)/ { sub(/_[0-9]*$/, "", $2); s = s " " $2 }
		END { print s == "" ? "none" : substr(s, 2) }')"
try "the disk thaws" dmsetup resume dying
ok 'poll 60 eval "process_ended $reader && process_ended $writer"' "reader and writer end"
poll 20 tpg_enable "$DEAD"
poll 30 logged_in_again
node_logout "$DEAD" $PORTAL
others after

# The other story, because it is short: somebody connects and says nothing.
exec {fd}<>/dev/tcp/127.0.0.1/3260
GIVE_UP=30 measured "login:silent" iscsi-inq -i "$OTHER" "iscsi://$PORTAL/$LIVE/0"
exec {fd}>&-
try "everything is torn down" teardown_all
try "the module unloads" unload_target
dmsetup remove dying
figure end 1

done_testing
