#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Filesystems on LUNs: what is written is there, before and after a new login.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

IQN=${BASE}fs
PORTAL=127.0.0.1:3260
MNT=/tmp/mnt

setup()
{
	mkdir -p $MNT && load_target && mk_iblock block /dev/scratch1 &&
		mk_fileio file /dev/scratch2 1073741824 &&
		put 1 "$(backstore_dir block)/attrib/emulate_tpu" &&
		quick_target "$IQN" block $PORTAL && mk_lun "$IQN" 1 1 file
}

log_in()
{
	node_new "$IQN" $PORTAL && node_digests "$IQN" $PORTAL "$1" &&
		node_login "$IQN" $PORTAL
}

# Random sizes and offsets, overlapping, through page cache, mmap and O_DIRECT.
exercise()
{
	local engine extra

	for engine in psync mmap libaio; do
		extra=
		[ $engine != libaio ] || extra="--direct=1 --iodepth=16"
		# shellcheck disable=SC2086
		bounded 400 fio --name=x --directory=$MNT --filename="fio.$engine" \
			--ioengine=$engine $extra \
			--rw=randrw --rwmixread=30 --bsrange=4k-128k --size=8M --io_size=12M \
			--verify=crc32c --verify_fatal=1 --do_verify=1 --fsync=64 \
			--fallocate=none --randseed=42 --output=/tmp/fio.out ||
			{ cat /tmp/fio.out; return 1; }
	done
}

# Files of many sizes, truncated, punched, renamed, with their sums.
make_files()
{
	local i size

	mkdir $MNT/tree || return 1
	for i in $(seq 40); do
		size=$((i * i * 97 + i))
		head -c $size /dev/urandom >"$MNT/tree/f$i" || return 1
		[ $((i % 5)) != 0 ] || truncate -s $((size / 2 + 100000)) "$MNT/tree/f$i"
		[ $((i % 7)) != 0 ] || fallocate -p -o 4096 -l 8192 "$MNT/tree/f$i"
		[ $((i % 3)) != 0 ] || mv "$MNT/tree/f$i" "$MNT/tree/renamed$i"
	done
	head -c 12M /dev/urandom >$MNT/tree/large
	(cd $MNT && find . -type f -exec sha256sum {} + | sort) >/tmp/sums
}

sums_match()
{
	(cd $MNT && find . -type f -exec sha256sum {} + | sort) | cmp - /tmp/sums
}

disk_of()
{
	wait_disk 60 "$IQN" "$1"
}

try "the target is set up" setup
set_initiator_name "$INITIATOR"
try "iscsid starts" start_iscsid
modprobe -a ext4 xfs

lun=0
for fs in ext4 xfs; do
	digest=None
	[ $fs = ext4 ] || digest=CRC32C
	try "the initiator logs in, digests $digest" log_in $digest
	disk=$(disk_of $lun)
	case $fs in
	ext4) try "mkfs.ext4 on LUN $lun" bounded 200 mkfs.ext4 -q -F "$disk" 512M ;;
	xfs) try "mkfs.xfs on LUN $lun" bounded 200 mkfs.xfs -q -f -d size=512m "$disk" ;;
	esac
	try "$fs is mounted" mount -t $fs "$disk" $MNT
	try "fio verifies random I/O through cache, mmap and O_DIRECT" exercise
	try "many files are written" make_files
	try "they are unmounted" umount $MNT
	try "the initiator logs out" node_logout "$IQN" $PORTAL
	try "and in again" log_in None
	disk=$(disk_of $lun)
	case $fs in
	ext4) try "e2fsck finds nothing" e2fsck -fn "$disk" ;;
	xfs) try "xfs_repair finds nothing" xfs_repair -n "$disk" ;;
	esac
	try "$fs is mounted again" mount -t $fs "$disk" $MNT
	try "every file is as it was" sums_match
	try "files are removed" rm -r $MNT/tree
	if [ $lun = 0 ]; then
		try "the free space is given back by UNMAP" fstrim $MNT
	fi
	try "the filesystem is unmounted" umount $MNT
	try "the initiator logs out" node_logout "$IQN" $PORTAL
	lun=$((lun + 1))
done

try "everything is torn down" teardown_all
try "the module unloads" unload_target

done_testing
