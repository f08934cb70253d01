#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The target core's services as an initiator sees them through the fabric:
# ALUA, and persistent reservations which survive a restart of the target.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

IQN=${BASE}alua
TWO=${BASE}second
PORTAL=127.0.0.1:3260
SERIAL=6c1b0d9a-1111-4222-8333-444455556666

setup()
{
	load_target && mk_ramdisk ram 16 && quick_target "$IQN" ram $PORTAL &&
		GROUP=$(backstore_dir ram)/alua/gold && mkdir "$GROUP" &&
		put 16 "$GROUP/tg_pt_gp_id"
}

setup_restart()
{
	local name disk tpg

	truncate -s 16M /tmp/apt.img
	load_target && modprobe target_core_file || return 1
	mkdir -p $CFG/core/fileio_0 && mkdir $CFG/core/fileio_0/apt || return 1
	disk=$CFG/core/fileio_0/apt
	put "fd_dev_name=/tmp/apt.img,fd_dev_size=16777216" "$disk/control" &&
		put $SERIAL "$disk/wwn/vpd_unit_serial" && put 1 "$disk/enable" || return 1
	restore_reservations "$disk" || return 1
	mk_target "$IQN" && mk_lun "$IQN" 1 0 apt && mk_portal "$IQN" 1 $PORTAL || return 1
	for name in "$INITIATOR" "$TWO"; do
		mk_acl "$IQN" 1 "$name" && map_lun "$IQN" 1 "$name" 0 || return 1
	done
	tpg=$(tpg_dir "$IQN")
	put 0 "$tpg/attrib/authentication" && tpg_enable "$IQN"
}

reservation_file()
{
	echo "$(cat $CFG/dbroot)/pr/aptpl_$SERIAL"
}

# What rtslib does with the file that the core has written.
restore_reservations()
{
	local file reg

	file=$(reservation_file)
	mkdir -p "${file%/*}"
	[ -e "$file" ] || return 0
	reg=
	while read -r line; do
		case $line in
		PR_REG_START:*) reg= ;;
		PR_REG_END:*) printf '%s' "$reg" >"$1/pr/res_aptpl_metadata" || return 1 ;;
		*) reg=${reg:+$reg,}$line ;;
		esac
	done <"$file"
}

log_in()
{
	node_new "$IQN" $PORTAL && node_login "$IQN" $PORTAL
}

log_in_both()
{
	node_new "$IQN" $PORTAL && node_login "$IQN" $PORTAL default &&
		node_new "$IQN" $PORTAL two && node_login "$IQN" $PORTAL two
}

devices()
{
	a=$(wait_lun "$(session_of "$IQN" "$INITIATOR")" 0 scsi_generic)
	b=$(wait_lun "$(session_of "$IQN" "$TWO")" 0 scsi_generic)
	[ -c "$a" ] && [ -c "$b" ]
}

# Not sg_turs: that of sg3_utils 1.48 sends nothing.
unit_ready()
{
	sg_raw "$1" 00 00 00 00 00 00
}

conflict()
{
	sg_raw -s 512 -i /dev/zero "$1" 2a 00 00 00 00 00 00 00 01 00 >/dev/null 2>&1
	[ $? = 24 ]
}

# ---- ALUA ----
try "a target with a target port group is set up" setup
GROUP=$(backstore_dir ram)/alua/gold
set_initiator_name "$INITIATOR"
try "iscsid starts" start_iscsid
try "the LUN joins the group" put gold "$(tpg_dir "$IQN")/lun/lun_0/alua_tg_pt_gp"
like "$(cat "$GROUP/members")" "iSCSI/$IQN/tpgt_1/lun_0" "the group names the LUN by fabric, target and portal group"
try "the initiator logs in" log_in
a=$(wait_lun "$(session_of "$IQN" "$INITIATOR")" 0 scsi_generic)
like "$(sg_rtpg "$a" 2>&1)" "target port group id : 0x10" "it sees the group"
like "$(sg_vpd -p di "$a" 2>&1)" "Target port group: 0x10" "in VPD page 83h too"
while read -r number name code; do
	try "the group's state becomes $name" put "$number" "$GROUP/alua_access_state"
	unit_ready "$a" >/dev/null 2>&1
	like "$(sg_rtpg "$a" 2>&1)" "state : 0x0$code" "the initiator sees it"
done <<-END
	1 active/non-optimized 1
	2 standby 2
	3 unavailable 3
END
refused "an unavailable disk cannot be read" sg_raw -r 512 "$a" 28 00 00 00 00 00 00 00 01 00
try "the group's state becomes active/optimized" put 0 "$GROUP/alua_access_state"
poll 30 unit_ready "$a" >/dev/null 2>&1
try "it can be read again" sg_raw -r 512 "$a" 28 00 00 00 00 00 00 00 01 00
try "the initiator itself makes it non-optimized (SET TARGET PORT GROUPS)" \
	sg_stpg --tp=16 --state=an "$a"
is "$(cat "$GROUP/alua_access_state")" 1 "which the target sees"
try "the port is taken offline" put 1 "$(tpg_dir "$IQN")/lun/lun_0/alua_tg_pt_offline"
poll 2 unit_ready "$a" >/dev/null 2>&1
refused "the disk cannot be read" sg_raw -r 512 "$a" 28 00 00 00 00 00 00 00 01 00
try "it comes online" put 0 "$(tpg_dir "$IQN")/lun/lun_0/alua_tg_pt_offline"
poll 30 unit_ready "$a" >/dev/null 2>&1
try "it can be read again" sg_raw -r 512 "$a" 28 00 00 00 00 00 00 00 01 00
try "the initiator logs out" node_logout "$IQN" $PORTAL
try "everything is torn down" teardown_all

# ---- reservations that survive ----
try "a target with a file-backed disk is set up" setup_restart
try "a second initiator is configured" iface_new two "$TWO"
try "both log in" log_in_both
ok devices "and see the disk"
try "A registers, activating persistence through power loss" \
	sg_persist --out --register --param-sark=0xa1 --param-aptpl "$a"
try "A reserves the disk" sg_persist --out --reserve --param-rk=0xa1 --prout-type=1 "$a"
ok 'conflict "$b"' "B's write meets a conflict"
file=$(reservation_file)
like "$(tr -d "\0" <"$file")" "initiator_fabric=iSCSI" "the core has written it down, fabric iSCSI"
like "$(tr -d "\0" <"$file")" "initiator_node=$INITIATOR" "the initiator"
like "$(tr -d "\0" <"$file")" "target_node=$IQN" "and the target"
try "both log out" node_logout "$IQN" $PORTAL
try "everything is torn down" teardown_all
try "the module is unloaded" unload_target
try "the target is set up again" setup_restart
try "both log in" log_in_both
ok devices "and see the disk"
like "$(sg_persist --in --read-reservation "$a" 2>&1)" "Key=0xa1" "A's reservation is there"
poll 2 unit_ready "$b" >/dev/null 2>&1
ok 'conflict "$b"' "B's write meets a conflict still"
poll 2 unit_ready "$a" >/dev/null 2>&1
try "A's does not" sg_raw -s 512 -i /dev/zero "$a" 2a 00 00 00 00 00 00 00 01 00
# Another session of A is another I_T nexus: its ISID is not the old one.
try "A registers its new nexus" sg_persist --out --register-ignore --param-sark=0xa2 "$a"
try "A clears the reservation" sg_persist --out --clear --param-rk=0xa2 "$a"
try "both log out" node_logout "$IQN" $PORTAL
try "everything is torn down" teardown_all
try "the module unloads" unload_target

done_testing
