#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# SCSI commands one by one, with sg3_utils, from two initiators.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

IQN=${BASE}sg
TWO=${BASE}second
PORTAL=127.0.0.1:3260

setup()
{
	load_target && mk_iblock block /dev/scratch1 && mk_ramdisk ram 16 &&
		put 1 "$(backstore_dir block)/attrib/emulate_tpu" &&
		put 1 "$(backstore_dir block)/attrib/emulate_tpws" &&
		quick_target "$IQN" block $PORTAL && mk_lun "$IQN" 1 1 ram
}

both_in()
{
	set_initiator_name "$INITIATOR" && start_iscsid && iface_new two "$TWO" &&
		node_new "$IQN" $PORTAL && node_login "$IQN" $PORTAL default &&
		node_new "$IQN" $PORTAL two && node_login "$IQN" $PORTAL two
}

# expect STATUS NAME COMMAND...: by sg3_utils, 24 is a reservation conflict. The
# unit attentions which tell of others' doings come first (6).
expect()
{
	local status=$1 name=$2 output got i

	shift 2
	for i in 1 2 3 4 5; do
		output=$("$@" 2>&1 </dev/null)
		got=$?
		[ $got = 6 ] || break
	done
	[ $got = "$status" ]
	tap_result $? "$name" || {
		diag "status $got instead of $status: $*"
		diag "$output"
	}
}

# first_bytes DEVICE LBA COUNT
first_bytes()
{
	sg_dd if="$1" bs=512 skip="$2" count="$3" blk_sgio=1 2>/dev/null
}

zeros()
{
	[ -z "$(first_bytes "$1" "$2" "$3" | tr -d '\0' | head -c 1)" ]
}

try "the target is set up" setup
try "two initiators log in" both_in
a=$(wait_lun "$(session_of "$IQN" "$INITIATOR")" 0 scsi_generic)
b=$(wait_lun "$(session_of "$IQN" "$TWO")" 0 scsi_generic)
ram=$(wait_lun "$(session_of "$IQN" "$INITIATOR")" 1 scsi_generic)
ok '[ -c "$a" ] && [ -c "$b" ] && [ -c "$ram" ]' "each sees the disk" || bail_out "no disks"

# ---- who are you ----
like "$(sg_inq "$a")" "LIO-ORG" "sg_inq shows the vendor"
like "$(sg_vpd -p sv "$a" 2>&1)" "[Dd]evice identification" "the supported VPD pages have 83h"
like "$(sg_vpd -p sn "$a" 2>&1)" "serial-block" "VPD page 80h has the serial number"
di=$(sg_vpd -p di "$a" 2>&1)
like "$di" "$IQN,t,0x0001" "VPD page 83h has the target port's name"
like "$di" "Relative target port" "and its relative port"
like "$(sg_vpd -p bl "$a" 2>&1)" "Maximum transfer length" "VPD page B0h has the limits"
like "$(sg_vpd -p lbpv "$a" 2>&1)" "LBPU(=|\): )1" "VPD page B2h offers UNMAP"
like "$(sg_luns "$a" 2>&1)" "Lun list length = 16" "REPORT LUNS has two of them"
like "$(sg_readcap -l "$a" 2>&1)" "$(blockdev --getsize64 /dev/scratch1)" "READ CAPACITY (16) has the size"
try "TEST UNIT READY" sg_turs "$a"
try "MODE SENSE" sg_modes "$a"
try "REQUEST SENSE" sg_requests "$a"
try "REPORT SUPPORTED OPERATION CODES or its refusal" \
	eval 'sg_opcodes "$a" || [ $? = 9 ]'
try "REPORT TARGET PORT GROUPS" sg_rtpg "$a"
try "SYNCHRONIZE CACHE" sg_sync "$a"

# ---- data ----
pattern /tmp/data $((1 << 20))
try "sg_dd writes 1 MiB" sg_dd if=/tmp/data of="$a" bs=512 bpt=128
ok 'sg_dd if="$a" bs=512 count=2048 bpt=128 2>/dev/null | cmp - /tmp/data' "and reads it back"
ok 'sg_dd if="$b" bs=512 count=2048 bpt=32 2>/dev/null | cmp - /tmp/data' "so does the other initiator"
try "sgp_dd writes with four threads" sgp_dd if=/tmp/data of="$a" bs=512 bpt=64 thr=4 seek=4096 count=2048
try "and reads" sgp_dd if="$a" of=/tmp/back bs=512 bpt=64 thr=4 skip=4096 count=2048
ok 'cmp /tmp/data /tmp/back' "what it wrote"
for cdb in 10 12 16; do
	try "READ and WRITE ($cdb)" sg_dd if=/tmp/data of="$a" bs=512 cdbsz=$cdb bpt=16
	ok 'sg_dd if="$a" bs=512 count=2048 cdbsz=$cdb bpt=16 2>/dev/null | cmp - /tmp/data' \
		"READ ($cdb) reads it"
done
try "sg_verify finds the blocks readable" sg_verify -l 0 -c 128 "$a"
like "$(sg_raw -r 512 "$a" 28 00 ff ff ff ff 00 00 01 00 2>&1)" \
	"Illegal Request.*block address out of range" "reading behind the end is refused"

# ---- UNMAP, WRITE SAME, COMPARE AND WRITE ----
try "UNMAP" sg_unmap --lba=0 --num=256 --force "$a"
ok 'zeros "$a" 0 256' "the blocks read zeros"
ok 'sg_dd if="$a" bs=512 skip=256 count=1792 2>/dev/null | cmp - <(tail -c +131073 /tmp/data)' \
	"the others are as they were"
head -c 512 /tmp/data >/tmp/block
try "WRITE SAME (10)" sg_write_same --10 --in=/tmp/block --lba=100 --num=16 "$a"
ok 'first_bytes "$a" 115 1 | cmp - /tmp/block' "writes the last block too"
ok 'zeros "$a" 116 1' "and no further one"
try "WRITE SAME (16) with UNMAP" sg_write_same --16 --unmap --lba=100 --num=16 "$a"
ok 'zeros "$a" 100 16' "the blocks read zeros"
first_bytes "$ram" 8 1 >/tmp/old
cat /tmp/old /tmp/block >/tmp/caw
try "COMPARE AND WRITE writes what compares equal" \
	sg_compare_and_write --in=/tmp/caw --lba=8 --num=1 --xferlen=1024 "$ram"
ok 'first_bytes "$ram" 8 1 | cmp - /tmp/block' "the block is changed"
expect 14 "COMPARE AND WRITE reports a miscompare" \
	sg_compare_and_write --in=/tmp/caw --lba=8 --num=1 --xferlen=1024 "$ram"
ok 'first_bytes "$ram" 8 1 | cmp - /tmp/block' "and changes nothing"
try "EXTENDED COPY between two LUNs" \
	sg_xcopy if="$a" of="$ram" bs=512 skip=4096 seek=64 count=512
ok 'first_bytes "$ram" 64 512 | cmp - <(head -c 262144 /tmp/data)' "copies the blocks"

# ---- persistent reservations ----
mkdir -p "$(cat $CFG/dbroot)/pr"
A=0xa1a1 B=0xb2b2
try "A registers a key" sg_persist --out --register --param-sark=$A "$a"
try "B registers a key" sg_persist --out --register --param-sark=$B "$b"
keys=$(sg_persist --in --read-keys "$a" 2>&1)
like "$keys" "0xa1a1.*0xb2b2" "both keys are there"
try "A reserves for itself (write exclusive, registrants only)" \
	sg_persist --out --reserve --param-rk=$A --prout-type=5 "$a"
like "$(sg_persist --in --read-reservation "$b" 2>&1)" "[Rr]egistrants only" "B sees the reservation"
full=$(sg_persist --in --read-full-status "$a" 2>&1)
like "$full" "$INITIATOR,i,0x" "full status names initiator A with its ISID"
like "$full" "$TWO,i,0x" "and initiator B"
try "B may write, being registered" sg_dd if=/tmp/block of="$b" bs=512 count=1
try "A changes the reservation to exclusive access" eval '
	sg_persist --out --release --param-rk=$A --prout-type=5 "$a" &&
	sg_persist --out --reserve --param-rk=$A --prout-type=3 "$a"'
expect 24 "B's write meets a reservation conflict" \
	sg_raw -s 512 -i /tmp/block "$b" 2a 00 00 00 00 00 00 00 01 00
expect 24 "so does B's read" sg_raw -r 512 "$b" 28 00 00 00 00 00 00 00 01 00
expect 0 "A may write" sg_raw -s 512 -i /tmp/block "$a" 2a 00 00 00 00 00 00 00 01 00
try "B preempts A" sg_persist --out --preempt --param-rk=$B --param-sark=$A --prout-type=3 "$b"
expect 24 "now A's write meets a conflict" \
	sg_raw -s 512 -i /tmp/block "$a" 2a 00 00 00 00 00 00 00 01 00
expect 0 "B may write" sg_raw -s 512 -i /tmp/block "$b" 2a 00 00 00 00 00 00 00 01 00
expect 0 "A registers again" sg_persist --out --register-ignore --param-sark=$A "$a"
try "B preempts and aborts A" \
	sg_persist --out --preempt-abort --param-rk=$B --param-sark=$A --prout-type=3 "$b"
ok '! sg_persist --in --read-keys "$b" 2>&1 | grep -q "$A"' "A's key is gone"
try "B clears everything" sg_persist --out --clear --param-rk=$B "$b"
like "$(sg_persist --in --read-keys "$b" 2>&1)" "no registered|0 registered|NO registered|there are NO" \
	"no key is left"

# ---- resets ----
expect 0 "RESERVE (6) by A" sg_raw "$a" 16 00 00 00 00 00
expect 24 "B's read meets a conflict" \
	sg_raw -r 512 "$b" 28 00 00 00 00 00 00 00 01 00
try "LUN reset by B" bounded 40 sg_reset --device "$b"
expect 0 "it has ended the reservation" sg_raw -r 512 "$b" 28 00 00 00 00 00 00 00 01 00
try "target reset" bounded 40 sg_reset --target "$a"
poll 20 sg_raw "$a" 00 00 00 00 00 00 >/dev/null 2>&1
expect 0 "commands work after it" sg_dd if="$a" of=/dev/null bs=512 count=128
poll 20 sg_raw "$b" 00 00 00 00 00 00 >/dev/null 2>&1
expect 0 "the other initiator's too" sg_dd if="$b" of=/dev/null bs=512 count=128

try "both log out" eval 'node_logout "$IQN" $PORTAL default && node_logout "$IQN" $PORTAL two'
try "everything is torn down" teardown_all
try "the module unloads" unload_target

done_testing
