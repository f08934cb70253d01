# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# The targets which the programs of the protocol suite expect; sourced by
# tests/functional/2?-raw-*.t in the VM, after vmlib.sh. See raw.h.

BASE=iqn.2003-01.org.example:
RAW=${BASE}raw

raw_acl()
{
	local name=$1 acl lun

	acl=$(tpg_dir "$RAW" 1)/acls/$name
	mk_acl "$RAW" 1 "$name" || return 1
	for lun in 0 1 300; do
		map_lun "$RAW" 1 "$name" $lun || return 1
	done
	put "${2:-0}" "$acl/attrib/authentication"
}

# raw_secret INITIATOR FILE VALUE: without a newline, it would count.
raw_secret()
{
	printf %s "$3" >"$(tpg_dir "$RAW" 1)/acls/$1/auth/$2"
}

raw_main_target()
{
	local long name

	long=${BASE}long.$(printf '%*s' $((223 - ${#BASE} - 5)) '' | tr ' ' x)
	mk_target "$RAW" 1 &&
		mk_lun "$RAW" 1 0 disk0 && mk_lun "$RAW" 1 1 disk1 &&
		mk_lun "$RAW" 1 300 disk300 &&
		mk_portal "$RAW" 1 127.0.0.1:3260 &&
		tpg_attrib "$RAW" 1 authentication 0 &&
		tpg_attrib "$RAW" 1 generate_node_acls 0 || return 1
	raw_acl "${BASE}ini" && raw_acl "${BASE}ini2" && raw_acl "$long" &&
		raw_acl eui.0123456789abcdef && raw_acl naa.52004567ba64678d &&
		raw_acl "${BASE}few" && raw_acl "${BASE}ro" &&
		raw_acl "${BASE}chap" 1 && raw_acl "${BASE}mutual" 1 || return 1
	put 4 "$(tpg_dir "$RAW" 1)/acls/${BASE}few/cmdsn_depth" || return 1
	for name in chap mutual; do
		raw_secret "$BASE$name" userid raw-user &&
			raw_secret "$BASE$name" password raw-secret-of-16 || return 1
	done
	raw_secret "${BASE}mutual" userid_mutual raw-target &&
		raw_secret "${BASE}mutual" password_mutual target-secret-16 &&
		raw_protect && tpg_enable "$RAW" 1
}

raw_protect()
{
	local lun

	for lun in 0 1 300; do
		put 1 "$(tpg_dir "$RAW" 1)/acls/${BASE}ro/lun_$lun/write_protect" ||
			return 1
	done
}

raw_demo_target()
{
	mk_target "$1" "$2" && mk_lun "$1" "$2" 0 disk0 &&
		mk_portal "$1" "$2" "$3" && demo_mode "$1" "$2"
}

raw_setup()
{
	load_target && mk_ramdisk disk0 32 && mk_ramdisk disk1 8 &&
		mk_ramdisk disk300 8 && put 0 "$(backstore_dir disk300)/attrib/emulate_tas" &&
		raw_main_target || return 1
	raw_demo_target "${BASE}demo" 1 127.0.0.1:3260 &&
		tpg_enable "${BASE}demo" 1 &&
		raw_demo_target "${BASE}off" 1 127.0.0.1:3260 &&
		raw_demo_target "${BASE}else" 1 127.0.0.1:3262 &&
		tpg_enable "${BASE}else" 1 &&
		raw_demo_target "${BASE}six" 1 '[::1]:3260' &&
		tpg_enable "${BASE}six" 1 &&
		raw_demo_target "${BASE}two" 1 127.0.0.1:3260 &&
		tpg_enable "${BASE}two" 1 &&
		raw_demo_target "${BASE}two" 2 127.0.0.1:3262 &&
		tpg_enable "${BASE}two" 2 &&
		raw_demo_target "${BASE}wild" 3 0.0.0.0:3261 &&
		tpg_enable "${BASE}wild" 3 &&
		raw_demo_target eui.02004567a425678d 1 127.0.0.1:3260 &&
		tpg_enable eui.02004567a425678d 1 &&
		raw_demo_target naa.62004567ba64678d0123456789abcdef 1 \
			127.0.0.1:3260 &&
		tpg_enable naa.62004567ba64678d0123456789abcdef 1
}

# raw_run SUBJECT: the whole of a test script. RAW_CASES chooses some of them.
raw_run()
{
	raw_setup || bail_out "cannot set the targets up"
	# core keeps reservations there; targetctl names another place
	mkdir -p "$(cat $CFG/dbroot)/pr"
	# shellcheck disable=SC2086
	"raw-$1" ${RAW_CASES-}
}

# raw_slow_lun: LUN 2 of the main target, a disk whose delay can be set.
raw_slow_lun()
{
	mk_iblock disk2 "$(scsi_debug_disk 8)" && mk_lun "$RAW" 1 2 disk2 &&
		map_lun "$RAW" 1 "${BASE}ini" 2 && map_lun "$RAW" 1 "${BASE}ini2" 2
}

# raw_protected_lun: LUN 4 of the main target, a RAM disk with protection information.
raw_protected_lun()
{
	mk_ramdisk disk4 8 && put 1 "$(backstore_dir disk4)/attrib/pi_prot_type" &&
		mk_lun "$RAW" 1 4 disk4 && map_lun "$RAW" 1 "${BASE}ini" 4
}

# raw_discard_lun: LUN 3 of the main target, a file that can discard; write-protected for "ro".
raw_discard_lun()
{
	local name attrib

	mk_fileio disk3 /tmp/disk3 8388608 && mk_lun "$RAW" 1 3 disk3 || return 1
	attrib=$(backstore_dir disk3)/attrib
	put 1 "$attrib/emulate_tpu" && put 1 "$attrib/emulate_tpws" || return 1
	for name in ini ini2 ro; do
		map_lun "$RAW" 1 "$BASE$name" 3 || return 1
	done
	put 1 "$(tpg_dir "$RAW" 1)/acls/${BASE}ro/lun_3/write_protect"
}
