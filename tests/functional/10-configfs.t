#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# target/iscsi/, file by file, of the in-tree module and of ours: names, modes, first
# values, what is accepted, what it reads back as, and what is refused with which
# error. configfs/differences lists what we do otherwise on purpose, and why.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
HERE=${LAB_SRC:?}/tests/functional
# shellcheck source=lib.sh
. "$HERE/lib.sh"
# shellcheck source=configfs/both.sh
. "$HERE/configfs/both.sh"

TARGET_NAME=iqn.2003-01.org.example:probe
TPG=$CFG/iscsi/$TARGET_NAME/tpgt_1
PORTAL=127.0.0.1:3270
LISTEN='[::]:3270'
DEMO_PORTAL=127.0.0.1:3271
STRANGER=iqn.2003-01.org.example:stranger

[ "$TARGET" = ours ] || skip_all "compares our module with the in-tree one"
both_modules_here || bail_out "one of the modules is missing"

probe()
{
	python3 "$HERE/configfs/probe.py" "$@"
}

# compare INTREE OURS: a test for each subject.
compare()
{
	local status name

	while read -r status name; do
		case $status in
		'#') diag "$name" ;;
		0) pass "$name" ;;
		*) fail "$name" ;;
		esac
	done < <(python3 "$HERE/configfs/compare.py" "$1" "$2" "$HERE/configfs/differences")
}

# What probe.py session looks at: CHAP for an ACL, and a group for everybody. The portal
# is an IPv6 one, the initiators come by IPv4.
session_setup()
{
	local auth=$TPG/acls/$INITIATOR/auth

	mk_target "$TARGET_NAME" 1 && mk_lun "$TARGET_NAME" 1 0 probe &&
		mk_portal "$TARGET_NAME" 1 "$LISTEN" && mk_acl "$TARGET_NAME" 1 "$INITIATOR" &&
		map_lun "$TARGET_NAME" 1 "$INITIATOR" 0 || return 1
	printf alice >"$auth/userid" && printf alices-secret1 >"$auth/password" || return 1
	tpg_param "$TARGET_NAME" 1 InitialR2T No &&
		tpg_param "$TARGET_NAME" 1 MaxBurstLength 131072 || return 1
	tpg_enable "$TARGET_NAME" 1 || return 1
	mk_target "$TARGET_NAME" 2 && mk_portal "$TARGET_NAME" 2 "$DEMO_PORTAL" &&
		demo_mode "$TARGET_NAME" 2 && tpg_enable "$TARGET_NAME" 2
}

# Two logins that fail, two that do not, one that ends.
session_login()
{
	iface_new stranger "$STRANGER" || return 1
	node_new "$TARGET_NAME" "$PORTAL" stranger && ! node_login "$TARGET_NAME" "$PORTAL" stranger ||
		return 1
	iscsiadm -m node -T "$TARGET_NAME" -p "$PORTAL" -o delete || return 1
	node_new "$TARGET_NAME" "$PORTAL" && node_chap "$TARGET_NAME" "$PORTAL" alice wrong-secret1 ||
		return 1
	! node_login "$TARGET_NAME" "$PORTAL" || return 1
	node_chap "$TARGET_NAME" "$PORTAL" alice alices-secret1 || return 1
	node_login "$TARGET_NAME" "$PORTAL" && node_logout "$TARGET_NAME" "$PORTAL" &&
		node_login "$TARGET_NAME" "$PORTAL" || return 1
	node_new "$TARGET_NAME" "$DEMO_PORTAL" stranger &&
		node_login "$TARGET_NAME" "$DEMO_PORTAL" stranger
}

session_end()
{
	logout_all
	iscsiadm -m node -o delete >/dev/null 2>&1
	iscsiadm -m iface -I stranger -o delete >/dev/null 2>&1
	teardown_target "$TARGET_NAME"
}

# Some numbers count up for as long as the device is there.
new_device()
{
	rmdir "$backstore" && mkdir "$backstore" && put rd_pages=2048 "$backstore/control" &&
		enable_backstore "$backstore"
}

# record intree|ours: both outputs of the probe, in $LAB_OUT.
record()
{
	local disk

	try "the backstore is made anew" new_device
	try "the $1 module loads" use_module "$1" || bail_out "no module"
	probe files "$backstore" >"$LAB_OUT/10-configfs.files.$1" 2>"/tmp/probe.err"
	is "$?: $(cat /tmp/probe.err)" "0: " "its tree is probed to the end"
	try "a target for sessions is made with it" session_setup
	try "logins that fail, and some that do not" session_login
	disk=$(wait_disk 60 "$TARGET_NAME" 0)
	ok '[ -b "$disk" ]' "there is a disk"
	probe session "$disk" >"$LAB_OUT/10-configfs.session.$1" 2>"/tmp/probe.err"
	is "$?: $(cat /tmp/probe.err)" "0: " "the files of sessions are probed to the end"
	try "the sessions and the target go" session_end
	try "the $1 module unloads" drop_module "$1" || bail_out "the $1 module stays"
}

try "a backstore is made" mk_ramdisk probe 8
backstore=$(backstore_dir probe)
set_initiator_name "$INITIATOR"
try "iscsid starts" start_iscsid node.session.initial_login_retry_max=1
record intree
record ours
cat "$LAB_OUT"/10-configfs.{files,session}.intree >/tmp/intree
cat "$LAB_OUT"/10-configfs.{files,session}.ours >/tmp/ours
compare /tmp/intree /tmp/ours

# What the in-tree module does here can't be tried: it writes below a buffer.
use_module ours && mk_target "$TARGET_NAME" 1
try "AuthMethod None is accepted" tpg_param "$TARGET_NAME" 1 AuthMethod None
try "authentication=1 is accepted with AuthMethod None" \
	tpg_attrib "$TARGET_NAME" 1 authentication 1
is "$(cat "$TPG/param/AuthMethod")" CHAP "and makes it CHAP"
mk_portal "$TARGET_NAME" 1 "$PORTAL"
for transport in iser cxgbit; do
	refused "$transport cannot be switched on" put 1 "$TPG/np/$PORTAL/$transport"
	is "$(cat "$TPG/np/$PORTAL/$transport")" 0 "and stays off"
done
done_testing
