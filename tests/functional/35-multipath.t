#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Two portals, one disk, dm-multipath: a path goes, I/O goes on.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

IQN=${BASE}mp
P1=127.0.0.1:3260
P2=127.0.0.2:3260
SIZE=$((1 << 30))

setup()
{
	load_target && mk_fileio file /dev/scratch1 $SIZE &&
		quick_target "$IQN" file $P1 && mk_target "$IQN" 2 &&
		mk_lun "$IQN" 2 0 file && mk_portal "$IQN" 2 $P2 &&
		demo_mode "$IQN" 2 && tpg_enable "$IQN" 2
}

# Device names and identifiers come from udev, as on any system.
start_udev()
{
	mkdir -p /run/udev
	/usr/lib/systemd/systemd-udevd --daemon || return 1
	bounded 20 udevadm trigger --type=all --action=add -s block -s scsi &&
		bounded 30 udevadm settle --timeout=20
}

start_multipathd()
{
	cat >/etc/multipath.conf <<-END
		defaults {
			user_friendly_names yes
			find_multipaths no
			polling_interval 1
			max_polling_interval 2
			no_path_retry 60
			path_checker tur
			path_grouping_policy failover
			fast_io_fail_tmo 5
		}
		blacklist {
			devnode "^vd"
		}
	END
	modprobe -a dm_multipath dm_service_time scsi_dh_alua || return 1
	multipathd || return 1
	poll 60 eval 'multipathd show daemon 2>/dev/null | grep -q ^pid'
}

paths_active()
{
	[ "$(multipathd show paths raw format '%d %t %T' 2>/dev/null | grep -c 'active ready')" = "$1" ]
}

map_there()
{
	map=$(multipathd show maps raw format '%n' 2>/dev/null | head -n 1)
	[ -n "$map" ] && [ -b "/dev/mapper/$map" ]
}

# writer DISK: five seconds again and again, for however long the paths take to go and return.
writer()
{
	local rc=0

	while [ $rc = 0 ] && [ ! -e /tmp/stop ]; do
		fio --name=w --filename="$1" --ioengine=libaio --direct=1 --iodepth=4 \
			--rw=randwrite --bs=16k --size=64M --io_size=4G --time_based --runtime=5 \
			--verify=crc32c --verify_backlog=64 --verify_fatal=1 --verify_state_save=0 \
			--output=/tmp/fio.out
		rc=$?
	done
	echo $rc >/tmp/fio.rc
}

completions()
{
	awk '{ print $5 }' "/sys/block/$(basename "$(readlink -f "/dev/mapper/$map")")/stat"
}

goes_on()
{
	local before

	before=$(completions)
	poll "$1" eval '[ "$(completions)" -gt '$((before + 50))' ]'
}

unset DM_DISABLE_UDEV
try "the target is set up with two portal groups" setup
try "udev starts" start_udev
try "multipathd starts" start_multipathd
set_initiator_name "$INITIATOR"
try "iscsid starts" start_iscsid node.session.timeo.replacement_timeout=5 \
	'node.conn[0].timeo.noop_out_interval=2' 'node.conn[0].timeo.noop_out_timeout=2'
try "discovery finds both portals" \
	eval '[ "$(iscsiadm -m discovery -t st -I default -p $P1 | grep -c "$IQN")" = 2 ]'
try "the initiator logs in at both" bounded 40 iscsiadm -m node -T "$IQN" -l
ok 'poll 90 map_there' "multipathd makes a map" || diag "$(multipathd show paths 2>&1)"
map_there
ok 'poll 90 paths_active 2' "of two paths" || diag "$(multipath -ll 2>&1)"
is "$(blockdev --getsize64 "/dev/mapper/$map")" $SIZE "it has the disk's size"
like "$(multipath -ll)" "LIO-ORG" "multipath -ll shows it"

rm -f /tmp/stop /tmp/fio.rc
writer "/dev/mapper/$map" &
ok 'goes_on 60' "a writer runs on it"
try "the first portal group is disabled under it" bounded 30 tpg_disable "$IQN" 1
ok 'poll 90 paths_active 1' "one path fails" || diag "$(multipathd show paths 2>&1)"
ok 'goes_on 60' "the writer goes on"
try "the portal group is enabled again" tpg_enable "$IQN" 1
ok 'poll 90 paths_active 2' "the path returns" || diag "$(multipathd show paths 2>&1)"
try "the second one is disabled" bounded 30 tpg_disable "$IQN" 2
ok 'goes_on 60' "the writer goes on"
try "and enabled" tpg_enable "$IQN" 2
ok 'poll 90 paths_active 2' "both paths are active"
touch /tmp/stop
ok 'poll 120 test -s /tmp/fio.rc' "the writer ends"
rm -f /tmp/stop
is "$(cat /tmp/fio.rc)" 0 "and found everything as written" || diag "$(cat /tmp/fio.out)"

try "the map is removed" eval 'multipathd shutdown; poll 10 eval "! pidof multipathd" >/dev/null;
	bounded 20 multipath -F'
try "the initiator logs out" bounded 40 iscsiadm -m node -T "$IQN" -u
try "everything is torn down" teardown_all
try "the module unloads" unload_target

done_testing
