# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What the tests with real initiators share; sourced after vmlib.sh.

BASE=iqn.2003-01.org.example:

# What an earlier script told the initiator is none of this one's business.
rm -rf /etc/iscsi/{nodes,send_targets,ifaces} /var/lib/iscsi/{nodes,send_targets,ifaces}

# node_new IQN PORTAL [IFACE]: a record without asking the target for one.
node_new()
{
	iscsiadm -m node -T "$1" -p "$2" -I "${3:-default}" -o delete >/dev/null 2>&1
	iscsiadm -m node -T "$1" -p "$2" -I "${3:-default}" -o new
}

# node_set IQN PORTAL KEY VALUE
node_set()
{
	iscsiadm -m node -T "$1" -p "$2" -o update -n "$3" -v "$4"
}

node_chap()
{
	local iqn=$1 portal=$2

	node_set "$iqn" "$portal" node.session.auth.authmethod CHAP &&
		node_set "$iqn" "$portal" node.session.auth.username "$3" &&
		node_set "$iqn" "$portal" node.session.auth.password "$4" || return 1
	[ $# -gt 4 ] || return 0
	node_set "$iqn" "$portal" node.session.auth.username_in "$5" &&
		node_set "$iqn" "$portal" node.session.auth.password_in "$6"
}

node_digests()
{
	node_set "$1" "$2" 'node.conn[0].iscsi.HeaderDigest' "$3" &&
		node_set "$1" "$2" 'node.conn[0].iscsi.DataDigest' "$3"
}

node_login()
{
	bounded 40 iscsiadm -m node -T "$1" -p "$2" ${3:+-I "$3"} -l
}

node_logout()
{
	bounded 40 iscsiadm -m node -T "$1" -p "$2" ${3:+-I "$3"} -u
}

# iface_new NAME INITIATOR: another initiator on this host.
iface_new()
{
	iscsiadm -m iface -I "$1" -o new &&
		iscsiadm -m iface -I "$1" -o update -n iface.initiatorname -v "$2"
}

# session_of IQN [INITIATOR]: its directory in sysfs.
session_of()
{
	local session

	for session in /sys/class/iscsi_session/session*; do
		[ "$(cat "$session/targetname" 2>/dev/null)" = "$1" ] || continue
		[ -z "${2:-}" ] ||
			[ "$(cat "$session/initiatorname")" = "$2" ] || continue
		echo "$session"
		return
	done
	return 1
}

session_count()
{
	local session n=0

	for session in /sys/class/iscsi_session/session*; do
		[ "$(cat "$session/targetname" 2>/dev/null)" != "$1" ] || n=$((n + 1))
	done
	echo "$n"
}

# lun_of SESSION LUN block|scsi_generic: the device file of a session's LUN.
lun_of()
{
	local dev

	for dev in "$1"/device/target*/*:*:*:"$2"/"$3"/*; do
		[ -d "$dev" ] || continue
		echo "/dev/${dev##*/}"
		return
	done
	return 1
}

# wait_lun SESSION LUN block|scsi_generic
wait_lun()
{
	poll 60 lun_there "$@" && lun_of "$@"
}

lun_there()
{
	local dev

	dev=$(lun_of "$@") && [ -e "$dev" ]
}

lun_absent()
{
	! lun_of "$@" >/dev/null
}

# pattern FILE BYTES: what no disk contains by chance.
pattern()
{
	head -c "$2" /dev/urandom >"$1"
}

# write_read DISK FILE: FILE through the disk and back.
write_read()
{
	dd if="$2" of="$1" bs=256k oflag=direct status=none &&
		blockdev --flushbufs "$1" &&
		dd if="$1" bs=256k iflag=direct status=none \
			count=$(($(stat -c %s "$2") / 262144)) | cmp - "$2"
}

# sysfs_is FILE VALUE
sysfs_is()
{
	[ "$(cat "$1" 2>/dev/null)" = "$2" ]
}
