# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Targets on a disk that can be frozen; sourced after vmlib.sh. The target DEAD has
# the frozen disk as LUN 0 and a RAM disk as LUN 1, LIVE has a RAM disk alone.

BASE=iqn.2003-01.org.example:
DEAD=${BASE}dead
LIVE=${BASE}live
FROZEN_DM=dying

export RAW_IQN=$DEAD RAW_INI=${BASE}frozen RAW_CFG=iscsi/$DEAD/tpgt_1 FROZEN_DM

freeze()
{
	echo 1 >/proc/sys/vm/drop_caches
	dmsetup suspend --noflush --nolockfs $FROZEN_DM
}

thaw()
{
	dmsetup resume $FROZEN_DM
}

frozen_dm()
{
	dmsetup create $FROZEN_DM --table "0 1048576 linear /dev/scratch1 0"
}

frozen_fs()
{
	frozen_dm && modprobe ext4 && mkfs.ext4 -qF /dev/mapper/$FROZEN_DM && mkdir -p /tmp/frozen &&
		mount /dev/mapper/$FROZEN_DM /tmp/frozen
}

# frozen_file NAME MB: without holes, which would be read without the disk.
frozen_file()
{
	head -c "$2M" /dev/zero >/tmp/frozen/"$1" && sync
}

# frozen_backend iblock|fileio: the backstore "dying".
frozen_backend()
{
	case $1 in
	iblock)
		frozen_dm && mk_iblock dying /dev/mapper/$FROZEN_DM
		;;
	fileio)
		frozen_fs && frozen_file disk 128 &&
			mk_fileio dying /tmp/frozen/disk $((128 << 20))
		;;
	esac && put "${FROZEN_TAS:-1}" "$(backstore_dir dying)/attrib/emulate_tas"
}

# frozen_targets BACKEND
frozen_targets()
{
	load_target && frozen_backend "$1" && mk_ramdisk ram 16 &&
		quick_target "$DEAD" dying && mk_lun "$DEAD" 1 1 ram && quick_target "$LIVE" ram
}

frozen_gone()
{
	! mountpoint -q /tmp/frozen || umount /tmp/frozen || return 1
	dmsetup remove $FROZEN_DM
}

# ---- sessions with commands on it ----

# stuck_sessions N: they are in and the disk is frozen.
stuck_sessions()
{
	rm -f /tmp/go /tmp/storm
	STORM_N=$1 STORM_DEPTH=24 STORM_GO=/tmp/go STORM_LIMIT=1000 raw-storm stuck >/tmp/storm 2>&1 &
	echo $! >/tmp/storm.pid
	poll 90 grep -q '^# ready' /tmp/storm && freeze && touch /tmp/go &&
		poll 90 grep -q '^# stuck' /tmp/storm && return
	cat /tmp/storm
	return 1
}

sessions_end()
{
	kill -TERM "$(cat /tmp/storm.pid)" 2>/dev/null
	poll 30 process_ended "$(cat /tmp/storm.pid)"
}

no_threads()
{
	! pgrep '^tcmi_[0-9]' >/dev/null
}

# Who of ours or on our behalf waits in D, and is not in the backend's hands.
in_d()
{
	local pid state comm stack

	ps -eo pid=,stat=,comm= | while read -r pid state comm; do
		case $state in
		D*) ;;
		*) continue ;;
		esac
		stack=$(cat "/proc/$pid/stack" 2>/dev/null)
		case $stack in
		*target_core_file* | *target_core_iblock*) ;;
		*tcm_iscsi* | *target_core_mod*) echo "$pid $comm" "$(echo "$stack" | sed -n 2,5p)" ;;
		esac
	done
}

# Anything there now which was there five seconds ago?
long_in_d()
{
	local before now started=$SECONDS

	before=$(in_d | awk '{ print $1 }')
	poll 6 eval "[ \$((SECONDS - started)) -gt 5 ]"
	now=$(in_d)
	grep -wF "${before:-none}" <<<"$now"
}

# After a program that wrote its own TAP: everything can go.
frozen_end()
{
	teardown_all && unload_target && frozen_gone && return
	echo "# what is left could not be removed"
	return 1
}

# frozen_run BACKEND: the whole of a test script.
frozen_run()
{
	local status

	frozen_targets "$1" || bail_out "cannot set the targets up"
	# shellcheck disable=SC2086
	raw-frozen ${RAW_CASES-}
	status=$?
	dmsetup info -c --noheadings -o suspended $FROZEN_DM | grep -q Active || thaw
	frozen_end || exit 1
	exit $status
}
