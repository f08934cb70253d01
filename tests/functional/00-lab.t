#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The lab itself: what every other test takes for granted.

# Conditions are quoted for ok() to evaluate.
# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"

IQN=iqn.2003-01.org.example:lab
PORTAL=127.0.0.1:3260

tools_here()
{
	local tool

	for tool in targetcli iscsiadm iscsid iscsi-ls iscsi-inq iscsi-test-cu \
		iscsi-perf sg_inq lsscsi fio mkfs.xfs mkfs.ext4 multipath qemu-img \
		ip ping nft dmsetup strace prove dbus-daemon python3; do
		command -v "$tool" >/dev/null || echo "$tool"
	done
}

write_and_compare()
{
	local disk=$1

	head -c 65536 /dev/urandom >/tmp/written
	dd if=/tmp/written of="$disk" bs=64k oflag=direct status=none &&
		dd if="$disk" of=/tmp/read bs=64k count=1 iflag=direct status=none &&
		cmp /tmp/written /tmp/read
}

release=$LAB_KERNEL.
case $LAB_KERNEL in
rt | debug | kcsan) release=6.12. ;;
debug-7) release=7. ;;
esac
like "$(uname -r)" "^${release//./\\.}" "the kernel is the one asked for"
is "$(tools_here)" "" "every tool is there"
for disk in scratch1 scratch2; do
	is "$(blockdev --getsize64 /dev/$disk)" $((1 << 30)) "/dev/$disk has 1 GiB"
done
ok 'ping -c 3 -i 0.2 -W 10 127.0.0.1 >/dev/null' "loopback is up"
ok '[ -e /src/tests/vm/lab ]' "the checkout is there"
ok '! touch /src/tests/vm/x 2>/dev/null' "the checkout cannot be written to"
ok 'touch "$LAB_OUT/x" && rm "$LAB_OUT/x"' "the results can"

if [ "$TARGET" = none ]; then
	done_testing
fi

try "the target's module loads" load_target
ok 'module_loaded "$(target_module)"' "it is the module asked for"
ok '[ -e $CFG/iscsi/lio_version ]' "it has registered the fabric iscsi"
try "a RAM disk is made" mk_ramdisk ram 64
try "a file-backed disk is made" mk_fileio file /tmp/file.img 16777216
try "a disk on a block device is made" mk_iblock block /dev/scratch1
try "a target in demo mode is made" quick_target "$IQN" ram "$PORTAL"
try "a second LUN is added" mk_lun "$IQN" 1 1 block
try "iscsid starts" start_iscsid
like "$(iscsiadm -m discovery -t st -p "$PORTAL" 2>&1)" \
	"$PORTAL,1 $IQN" "discovery names the target and its portal"
try "the initiator logs in" iscsiadm -m node -T "$IQN" -p "$PORTAL" -l
for lun in 0 1; do
	disk=$(wait_disk 60 "$IQN" $lun)
	ok '[ -b "$disk" ]' "LUN $lun becomes a disk"
	try "LUN $lun gives back what was written" write_and_compare "$disk"
done
try "the initiator logs out" iscsiadm -m node -T "$IQN" -p "$PORTAL" -u
try "everything is torn down" teardown_all
try "the module unloads" unload_target
ok '! module_loaded "$(target_module)"' "and is gone"

done_testing
