#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# open-iscsi, the initiator of the kernel.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

IQN=${BASE}oi
OPEN=${BASE}open
TWO=${BASE}second
PORTAL=127.0.0.1:3260
PORTAL2=127.0.0.2:3260
TPG=$(tpg_dir "$IQN")

secret()
{
	printf %s "$3" >"$TPG/acls/$1/auth/$2"
}

setup()
{
	load_target && mk_ramdisk ram0 32 && mk_ramdisk ram1 16 &&
		mk_ramdisk ram2 8 && mk_target "$IQN" &&
		mk_portal "$IQN" 1 $PORTAL && mk_portal "$IQN" 1 $PORTAL2 &&
		mk_lun "$IQN" 1 0 ram0 && mk_lun "$IQN" 1 1 ram1 &&
		mk_acl "$IQN" 1 "$INITIATOR" && map_lun "$IQN" 1 "$INITIATOR" 0 &&
		mk_acl "$IQN" 1 "$TWO" && map_lun "$IQN" 1 "$TWO" 5 1 || return 1
	tpg_attrib "$IQN" 1 authentication 0 && tpg_enable "$IQN" &&
		quick_target "$OPEN" ram2 $PORTAL
}

# shown KEY: of the only session, as iscsiadm prints it.
shown()
{
	iscsiadm -m session -P 2 2>/dev/null | sed -n "s/^[[:space:]]*$1: //p" | head -n 1
}

bring_up()
{
	node_new "$IQN" $PORTAL && node_login "$IQN" $PORTAL
}

chap_login()
{
	node_new "$IQN" $PORTAL && node_chap "$IQN" $PORTAL "$@" &&
		node_set "$IQN" $PORTAL node.session.initial_login_retry_max 1 &&
		node_login "$IQN" $PORTAL
}

negotiate()
{
	local key=$1 value=$2

	node_new "$IQN" $PORTAL && node_set "$IQN" $PORTAL "$key" "$value" &&
		node_login "$IQN" $PORTAL
}

try "the targets are set up" setup
set_initiator_name "$INITIATOR"
try "iscsid starts" start_iscsid node.session.timeo.replacement_timeout=60 \
	node.session.initial_login_retry_max=2
pattern /tmp/data $((2 << 20))

# ---- discovery ----
found=$(iscsiadm -m discovery -t st -p $PORTAL 2>&1)
like "$found" "$PORTAL,1 $IQN" "discovery finds the target"
like "$found" "$PORTAL2,1 $IQN" "at its second portal too"
like "$found" "$PORTAL,1 $OPEN" "and the other target"
is "$(iscsiadm -m discovery -t st -p $PORTAL2 2>&1 | sort)" "$(echo "$found" | sort)" \
	"the other portal gives the same answer"

# ---- a session ----
try "the initiator logs in" bring_up
disk=$(wait_disk 60 "$IQN" 0)
ok '[ -b "$disk" ]' "its LUN 0 becomes a disk"
is "$(blockdev --getsize64 "$disk")" $((32 << 20)) "of the right size"
try "it gives back what was written" write_read "$disk" /tmp/data
like "$(iscsiadm -m session)" "$PORTAL,1 $IQN" "the session is listed"
is "$(cat "$(session_of "$IQN")/tpgt")" 1 "the initiator knows the portal group's tag"
like "$(cat "$TPG/acls/$INITIATOR/info")" "InitiatorName: $INITIATOR.*LOGGED_IN.*127[.]0[.]0[.]1 TCP" \
	"the ACL's info shows the session"

# ---- LUNs that come and go ----
try "a LUN is added to the session" map_lun "$IQN" 1 "$INITIATOR" 1
try "a rescan is asked for" iscsiadm -m node -T "$IQN" -p $PORTAL -R
session=$(session_of "$IQN")
disk1=$(wait_lun "$session" 1 block)
ok '[ -b "$disk1" ]' "the new LUN appears"
try "and gives back what was written" write_read "$disk1" /tmp/data
mapped=$TPG/acls/$INITIATOR/lun_1
try "it is taken away again" bounded 20 rm "$mapped"/lun_1
try "with its directory" bounded 20 rmdir "$mapped"
refused "reading it fails" dd if="$disk1" of=/dev/null bs=4k count=1 iflag=direct
try "the other LUN does not mind" write_read "$disk" /tmp/data
try "a write-protected LUN is added" \
	eval 'map_lun "$IQN" 1 "$INITIATOR" 3 1 && put 1 "$TPG/acls/$INITIATOR/lun_3/write_protect"'
iscsiadm -m node -T "$IQN" -p $PORTAL -R >/dev/null 2>&1
disk3=$(wait_lun "$session" 3 block)
is "$(blockdev --getro "$disk3")" 1 "the initiator sees that it is write-protected"

# ---- a session is lost and found ----
dd if=/dev/urandom of=/tmp/long bs=1M count=16 status=none
rm -f /tmp/dd.rc
(dd if=/tmp/long of="$disk" bs=64k oflag=direct status=none; echo $? >/tmp/dd.rc) &
try "the portal group is disabled under load" bounded 30 tpg_disable "$IQN"
ok 'poll 60 sysfs_is "$session/state" FAILED' "the session fails"
try "it is enabled again" tpg_enable "$IQN"
ok 'poll 120 sysfs_is "$session/state" LOGGED_IN' "the initiator logs in by itself"
ok 'poll 120 test -s /tmp/dd.rc && sysfs_is /tmp/dd.rc 0' "the interrupted write ends well"
ok 'dd if=$disk bs=1M count=16 iflag=direct status=none | cmp - /tmp/long' "and all of it is there"
try "the initiator logs out" node_logout "$IQN" $PORTAL
is "$(session_count "$IQN")" 0 "no session is left"
ok 'poll 10 grep -q "No active iSCSI Session" "$TPG/acls/$INITIATOR/info"' "nor does the target see one"

# ---- parameters ----
for digest in CRC32C CRC32C,None None; do
	case $digest in None) expected=None ;; *) expected=CRC32C ;; esac
	node_new "$IQN" $PORTAL >/dev/null
	node_digests "$IQN" $PORTAL "$digest"
	try "the initiator logs in with digests $digest" node_login "$IQN" $PORTAL
	is "$(shown HeaderDigest) $(shown DataDigest)" "$expected $expected" \
		"header and data digests are $expected"
	disk=$(wait_disk 60 "$IQN" 0)
	try "data survives with them" write_read "$disk" /tmp/data
	node_logout "$IQN" $PORTAL >/dev/null || fail "logs out"
done
while read -r key value field expected; do
	try "the initiator logs in with ${key##*.} $value" negotiate "$key" "$value"
	is "$(shown "$field")" "$expected" "$field becomes $expected"
	disk=$(wait_disk 60 "$IQN" 0)
	try "data survives with it" write_read "$disk" /tmp/data
	node_logout "$IQN" $PORTAL >/dev/null || fail "logs out"
done <<-END
	node.session.iscsi.InitialR2T Yes InitialR2T Yes
	node.session.iscsi.ImmediateData No ImmediateData No
	node.session.iscsi.FirstBurstLength 4096 FirstBurstLength 4096
	node.session.iscsi.MaxBurstLength 16384 MaxBurstLength 16384
	node.conn[0].iscsi.MaxRecvDataSegmentLength 4096 MaxRecvDataSegmentLength 4096
	node.conn[0].iscsi.MaxXmitDataSegmentLength 4096 MaxXmitDataSegmentLength 4096
END

# ---- CHAP ----
put 1 "$TPG/acls/$INITIATOR/attrib/authentication"
secret "$INITIATOR" userid alice
secret "$INITIATOR" password alices-secret1
refused "without CHAP the login is refused" negotiate node.session.initial_login_retry_max 1
refused "with the wrong secret too" chap_login alice not-the-secret
refused "and with the wrong name" chap_login bob alices-secret1
try "with the right ones it succeeds" chap_login alice alices-secret1
try "the initiator logs out" node_logout "$IQN" $PORTAL
for algorithm in MD5 SHA1 SHA256 SHA3-256; do
	node_new "$IQN" $PORTAL >/dev/null
	node_chap "$IQN" $PORTAL alice alices-secret1
	node_set "$IQN" $PORTAL node.session.auth.chap_algs "$algorithm"
	try "the initiator logs in with CHAP and $algorithm" node_login "$IQN" $PORTAL
	node_logout "$IQN" $PORTAL >/dev/null || fail "logs out"
done
secret "$INITIATOR" userid_mutual tom
secret "$INITIATOR" password_mutual toms-secret-01
try "mutual CHAP succeeds" chap_login alice alices-secret1 tom toms-secret-01
is "$(cat "$TPG/acls/$INITIATOR/auth/authenticate_target")" 1 "the target had to prove itself"
try "the initiator logs out" node_logout "$IQN" $PORTAL
refused "the initiator refuses a target with another secret" \
	chap_login alice alices-secret1 tom not-toms-secret
put 0 "$TPG/acls/$INITIATOR/attrib/authentication"

# ---- several initiators and sessions ----
try "a second initiator is configured" iface_new two "$TWO"
try "the first one logs in" negotiate node.startup manual
try "the second one has a record" node_new "$IQN" $PORTAL two
try "and logs in beside it" node_login "$IQN" $PORTAL two
is "$(session_count "$IQN")" 2 "there are two sessions"
first=$(session_of "$IQN" "$INITIATOR")
second=$(session_of "$IQN" "$TWO")
one=$(wait_lun "$first" 0 block)
two=$(wait_lun "$second" 5 block)
ok '[ -b "$one" ] && [ -b "$two" ]' "each sees its own LUN"
ok 'lun_absent "$first" 5 block && lun_absent "$second" 0 block' "and none of the other's"
is "$(blockdev --getsize64 "$two")" $((16 << 20)) "the second one's is the other backstore"
try "the second logs out" node_logout "$IQN" $PORTAL two
try "the first one does not mind" write_read "$one" /tmp/data
try "the first logs out" node_logout "$IQN" $PORTAL default
try "an initiator may have several sessions" negotiate node.session.nr_sessions 3
is "$(session_count "$IQN")" 3 "three are there"
try "they all log out" node_logout "$IQN" $PORTAL
is "$(session_count "$IQN")" 0 "and are gone"

# ---- refusals ----
iface_new stranger "${BASE}stranger" >/dev/null
node_new "$IQN" $PORTAL stranger >/dev/null
node_set "$IQN" $PORTAL node.session.initial_login_retry_max 1 >/dev/null
refused "an initiator without an ACL is refused" node_login "$IQN" $PORTAL stranger
node_new "${BASE}nothing" $PORTAL >/dev/null
refused "a target that does not exist is refused" node_login "${BASE}nothing" $PORTAL
try "in demo mode everybody may log in" \
	eval 'node_new "$OPEN" $PORTAL stranger && node_login "$OPEN" $PORTAL stranger'
like "$(tr '\0' '\n' <"$(tpg_dir "$OPEN")/dynamic_sessions")" "${BASE}stranger" \
	"dynamic_sessions shows who did"
try "the stranger logs out" node_logout "$OPEN" $PORTAL stranger

try "everything is torn down" teardown_all
try "the module unloads" unload_target

done_testing
