# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# The targets which the programs of the protocol suite expect; sourced by
# tests/functional/2?-raw-*.t in the VM, after vmlib.sh. See raw.h.

BASE=iqn.2003-01.org.example:
RAW=${BASE}raw
RAW_TPG=$CFG/iscsi/$RAW/tpgt_1

# raw_acls NAME...: each sees all three LUNs.
raw_acls()
{
	local name lun acl
	local -a dirs=() links=()

	for name; do
		acl=$RAW_TPG/acls/$name
		dirs+=("$acl")
		for lun in 0 1 300; do
			dirs+=("$acl/lun_$lun")
			links+=("$RAW_TPG/lun/lun_$lun" "$acl/lun_$lun/lun_$lun")
		done
	done
	mkdir "${dirs[@]}" && mk_links "${links[@]}" || return 1
	for name; do
		put 0 "$RAW_TPG/acls/$name/attrib/authentication" || return 1
	done
}

# raw_secret INITIATOR FILE VALUE: without a newline, it would count.
raw_secret()
{
	printf %s "$3" >"$RAW_TPG/acls/$1/auth/$2"
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
	raw_acls "$BASE"{ini,ini2,few,ro,chap,mutual} "$long" \
		eui.0123456789abcdef naa.52004567ba64678d &&
		put 4 "$RAW_TPG/acls/${BASE}few/cmdsn_depth" || return 1
	for name in chap mutual; do
		put 1 "$RAW_TPG/acls/$BASE$name/attrib/authentication" &&
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
		put 1 "$RAW_TPG/acls/${BASE}ro/lun_$lun/write_protect" ||
			return 1
	done
}

# raw_demo_targets [TARGET TPGT PORTAL]...: LUN 0, for everybody who may reach it
raw_demo_targets()
{
	local disk tpg
	local -a dirs=() links=() tpgs=()

	disk=$(backstore_dir disk0) || return 1
	while [ $# -gt 0 ]; do
		tpg=$CFG/iscsi/$1/tpgt_$2
		tpgs+=("$1 $2")
		dirs+=("$tpg/lun/lun_0" "$tpg/np/$3")
		links+=("$disk" "$tpg/lun/lun_0/disk0")
		shift 3
	done
	mkdir -p "${dirs[@]}" && mk_links "${links[@]}" || return 1
	for tpg in "${tpgs[@]}"; do
		# shellcheck disable=SC2086
		demo_mode $tpg || return 1
	done
}

raw_setup()
{
	local tpg

	load_target && mk_ramdisk disk0 32 && mk_ramdisk disk1 8 &&
		mk_ramdisk disk300 8 && put 0 "$(backstore_dir disk300)/attrib/emulate_tas" &&
		raw_main_target || return 1
	raw_demo_targets "${BASE}demo" 1 127.0.0.1:3260 "${BASE}off" 1 127.0.0.1:3260 \
		"${BASE}else" 1 127.0.0.1:3262 "${BASE}six" 1 '[::1]:3260' \
		"${BASE}two" 1 127.0.0.1:3260 "${BASE}two" 2 127.0.0.1:3262 \
		"${BASE}wild" 3 0.0.0.0:3261 eui.02004567a425678d 1 127.0.0.1:3260 \
		naa.62004567ba64678d0123456789abcdef 1 127.0.0.1:3260 || return 1
	for tpg in "${BASE}"{demo,else,six,two}/tpgt_1 "${BASE}two/tpgt_2" "${BASE}wild/tpgt_3" \
			{eui.02004567a425678d,naa.62004567ba64678d0123456789abcdef}/tpgt_1; do
		put 1 "$CFG/iscsi/$tpg/enable" || return 1
	done
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
	put 1 "$RAW_TPG/acls/${BASE}ro/lun_3/write_protect"
}
