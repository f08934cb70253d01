#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# "make demo", the part inside the VM: from an empty machine to a filesystem
# whose files survive. What happened is told in $LAB_OUT/story.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=../functional/lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

IQN=${BASE}demo
PORTAL=127.0.0.1:3260
TPG=/iscsi/$IQN/tpg1
MNT=/tmp/demo

tell()
{
	printf '%s\n' "$*" >>"$LAB_OUT/story"
}

# step NAME COMMAND...: nothing goes on after a failure.
step()
{
	try "$@" && return
	tell "FAILED: $1"
	done_testing
}

cli()
{
	targetcli <<-END >/tmp/cli.out 2>&1 || return 1
		/backstores/block create name=disk dev=/dev/scratch1
		/iscsi create $IQN
		$TPG/portals delete 0.0.0.0 3260
		$TPG/portals create 127.0.0.1 3260
		$TPG/luns create /backstores/block/disk
		$TPG/acls create $INITIATOR
		$TPG/acls/$INITIATOR set auth userid=alice password=alices-secret1
		$TPG/acls/$INITIATOR set auth mutual_userid=tom mutual_password=toms-secret-01
		$TPG set attribute authentication=1
		/iscsi ls
	END
	! grep -E 'Traceback|rror|annot|nvalid|nexpected' /tmp/cli.out
}

log_in()
{
	node_new "$IQN" $PORTAL &&
		node_chap "$IQN" $PORTAL alice alices-secret1 tom toms-secret-01 &&
		node_digests "$IQN" $PORTAL CRC32C && node_login "$IQN" $PORTAL
}

write_files()
{
	local i

	for ((i = 1; i <= 100; i++)); do
		head -c $((i * 997)) /dev/urandom >$MNT/file$i || return 1
	done
	head -c 64M /dev/urandom >$MNT/large &&
		(cd $MNT && sha256sum file* large) >/tmp/sums
}

# rate NAME FIO-OPTION...: one line of the story.
rate()
{
	local name=$1 result

	shift
	result=$(fio --name=x --filename="$disk" --ioengine=libaio --direct=1 --runtime=3 \
		--time_based --size=200M --offset=700M --output-format=terse --terse-version=3 "$@" |
		awk -F';' '{ printf "%d MB/s, %d I/Os a second\n",
			($7 + $48) / 1000, $8 + $49 }')
	[ -n "$result" ] && tell "    $name: $result"
}

warnings()
{
	dmesg | awk -f "$LAB_SRC/tests/vm/lib/foreign.awk" | grep -E 'WARNING|BUG|Oops|Call Trace|refcount|possible circular|blocked for more'
}

: >"$LAB_OUT/story"
tell "Debian's kernel $(uname -r) was booted in a VM. Nothing of iSCSI was loaded."
step "dbus starts" start_dbus
step "targetcli makes a target" cli
cp /tmp/cli.out "$LAB_OUT/targetcli"
step "tcm_iscsi is loaded" module_loaded tcm_iscsi
step "the in-tree module is not" eval '! module_loaded iscsi_target_mod'
tell "An unmodified targetcli made the target $IQN:"
tell "a block device as LUN 0, a portal at $PORTAL, one initiator with CHAP both ways."
tell "The kernel asked for iscsi_target_mod and got tcm_iscsi; the in-tree module stayed away."

set_initiator_name "$INITIATOR"
step "iscsid starts" start_iscsid
step "discovery finds the target" \
	eval 'iscsiadm -m discovery -t st -p $PORTAL | grep -q "$PORTAL,1 $IQN"'
step "the initiator logs in" log_in
disk=$(wait_disk 20 "$IQN")
step "a disk appears" test -b "$disk"
iscsiadm -m session -P 2 >"$LAB_OUT/session"
step "digests are on" eval '[ "$(grep -cE "(Header|Data)Digest: CRC32C" "$LAB_OUT/session")" = 2 ]'
step "the target had to prove itself" \
	grep -q '^1$' "$CFG/iscsi/$IQN/tpgt_1/acls/$INITIATOR/auth/authenticate_target"
tell "open-iscsi discovered it and logged in: mutual CHAP, header and data digests CRC32C."

mkdir -p $MNT
step "ext4 is made" mkfs.ext4 -q -F "$disk" 600M
step "it is mounted" mount -t ext4 "$disk" $MNT
step "files are written" write_files
step "it is unmounted" umount $MNT
step "the initiator logs out" node_logout "$IQN" $PORTAL
step "no session is left" eval '[ "$(session_count "$IQN")" = 0 ]'
step "it logs in again" log_in
disk=$(wait_disk 20 "$IQN")
step "the disk is back" test -b "$disk"
step "ext4 is mounted again" mount -t ext4 "$disk" $MNT
step "every checksum is right" eval '(cd $MNT && sha256sum --quiet -c /tmp/sums)'
step "it is unmounted" umount $MNT
step "e2fsck finds nothing" e2fsck -fn "$disk"
tell "On its disk $(wc -l </tmp/sums) files were written to ext4; after logout and a new login all"
tell "checksums were right and e2fsck found nothing."

tell "Throughput seen, digests on, everything in one emulated machine (a real one is not to be compared):"
step "small random reads" rate "4 KiB random reads, 32 deep" --rw=randread --bs=4k --iodepth=32
step "large reads" rate "1 MiB reads, 4 deep" --rw=read --bs=1M --iodepth=4
step "large writes" rate "1 MiB writes, 4 deep" --rw=write --bs=1M --iodepth=4

step "the initiator logs out" node_logout "$IQN" $PORTAL
step "everything is torn down" teardown_all
step "the module unloads" unload_target
step "the kernel log is clean" eval '! warnings'
tell "Then all was torn down and the module unloaded. The kernel log is clean."
tell "THE END"

done_testing
