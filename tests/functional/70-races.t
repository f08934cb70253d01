#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Aborts, resets, closes, reinstatements, reservations: as fast as it goes, from
# several initiators at a time. RACES_ROUNDS says how long.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

export RAW_IQN=${BASE}races RACES_ROUNDS=${RACES_ROUNDS:-40}
LIMIT=$((60 + RACES_ROUNDS * 2))
[ -z "${LAB_DEBUG:-}" ] || LIMIT=$((LIMIT * 3))

no_threads()
{
	! pgrep '^tcmi_[0-9]' >/dev/null
}

# race NAME CASE...: one program for each, at the same time.
race()
{
	local name=$1 i=0 status=0
	local -a pids=()

	shift
	for one; do
		RACES_NODE=$i raw-races "$one" >/tmp/race.$i 2>&1 &
		pids+=($!)
		i=$((i + 1))
	done
	for ((i = 0; i < ${#pids[@]}; i++)); do
		poll $LIMIT process_ended "${pids[i]}" || status=124
		wait "${pids[i]}" || status=$?
	done
	tap_result $status "$name" || diag "$(grep -hv '^ok\|^1\.\.' /tmp/race.* | head -n 40)"
	diag "$(grep -h '^# [0-9]* ' /tmp/race.*)"
	won=$(awk '/ won$/ { n += $2 } END { print n + 0 }' /tmp/race.*)
	rm -f /tmp/race.*
	ok 'poll 30 no_threads' "and nothing is left of it" || diag "$(pgrep -l '^tcmi_')"
}

# block_says: the counter of the COMPARE AND WRITEs.
block_says()
{
	raw-races count | sed -n 's/^# the block says //p'
}

# What the disk itself has to know, and scsi_debug does not: reservations.
passed_through()
{
	[ "$kind" = pscsi ]
}

kinds="ramdisk fileio"
! modinfo scsi_debug >/dev/null 2>&1 || kinds="$kinds pscsi"
for kind in $kinds; do
	try "a target on a $kind is set up" load_target
	case $kind in
	ramdisk) mk_ramdisk disk 8 ;;
	fileio) mk_fileio disk /tmp/disk $((8 << 20)) ;;
	pscsi) mk_pscsi disk "$(scsi_debug_disk 8)" ;;
	esac
	quick_target "$RAW_IQN" disk || bail_out "no target on a $kind"
	race "256 writes and their aborts, from two" abort abort
	race "connections that end amid aborts and resets, from three" gone gone gone
	race "connections that end amid held and half commands, from two" early early
	race "four fight for one I_T nexus" nexus nexus nexus nexus
	if ! passed_through; then
		before=$(block_says)
		race "four compare and write one block" caw caw caw caw
		is "$(block_says)" $(((before + won) & 0xffffffff)) "and the block has counted each that won"
	fi
	# two at a time in core lock a CPU up, on a dead disk for as long as it is dead
	passed_through || race "three nodes preempt and abort each other, two read" preempt preempt preempt \
		reader reader
	race "logins and their ends, from three" login login login
	if passed_through; then
		race "all of it" abort gone early nexus nexus reader login
	else
		race "all of it" abort gone early nexus nexus caw reader login
	fi
	try "an initiator reads the disk" iscsi-md5sum -i "${BASE}other" "iscsi://127.0.0.1:3260/$RAW_IQN/0"
	try "everything is torn down" teardown_all
	try "the module unloads" unload_target
done
! passed_through || modprobe -r scsi_debug

done_testing
