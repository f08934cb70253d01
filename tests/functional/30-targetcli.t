#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# An unmodified targetcli: what it makes, shows, saves, restores and removes.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

IQN=${BASE}tcli
TPG=$CFG/iscsi/$IQN/tpgt_1
ACL=$TPG/acls/$INITIATOR
PORTAL=127.0.0.1:3261
NODE=/iscsi/$IQN/tpg1

# One process for many commands: starting targetcli is what takes time.
cli()
{
	local name=$1

	cat >/tmp/cli.in
	try "$name" cli_run
}

cli_run()
{
	bounded 60 sh -c 'targetcli </tmp/cli.in' >/tmp/cli.out 2>&1 || return 1
	! grep -E 'Traceback|rror|annot|nvalid|nexpected' /tmp/cli.out
}

cli_says()
{
	bounded 60 targetcli "$@" 2>&1
}

login_mutual()
{
	node_new "$IQN" $PORTAL && node_chap "$IQN" $PORTAL "$@" &&
		node_login "$IQN" $PORTAL
}

# What a tool can say about the tree, for comparison.
tree()
{
	(cd $CFG/iscsi && find . -type f ! -path '*/statistics/*' \
		! -path '*/fabric_statistics/*' ! -path '*/acls/*/param/*' \
		! -name info ! -name dynamic_sessions |
		sort | xargs grep -H '' | sed 's/:NULL$/:/') 2>/dev/null
}

# The file lists objects in an order that means nothing.
canonical()
{
	python3 - "$1" <<-'END'
		import json, sys
		def order(x):
		    if isinstance(x, dict):
		        return {k: order(x[k]) for k in sorted(x)}
		    if isinstance(x, list):
		        return sorted((order(i) for i in x), key=lambda i: json.dumps(i))
		    return x
		print(json.dumps(order(json.load(open(sys.argv[1]))), indent=1))
	END
}

try "dbus starts" start_dbus
truncate -s 32M /tmp/f0.img
cli "targetcli makes backstores of three kinds" <<END
/backstores/ramdisk create name=rd0 size=32M
/backstores/fileio create name=f0 file_or_dev=/tmp/f0.img size=32M
/backstores/block create name=b0 dev=/dev/scratch1
END
is "$(find $CFG/core -mindepth 3 -maxdepth 3 -name wwn | wc -l)" 3 "and they are there"
cli "it makes a target" <<END
/iscsi create $IQN
END
ok 'module_loaded "$(target_module)"' "the fabric is the module asked for, loaded by targetcli"
ok '[ -d "$TPG/np/0.0.0.0:3260" ]' "the target comes with a portal at 0.0.0.0:3260"
is "$(cat "$TPG/enable")" 1 "it is enabled"
is "$(cat "$TPG/attrib/authentication")" 0 "targetcli's default is no authentication"
cli "it moves the portal" <<END
$NODE/portals delete 0.0.0.0 3260
$NODE/portals create 127.0.0.1 3261
$NODE/portals create ::1 3261
END
ok '[ -d "$TPG/np/$PORTAL" ] && [ ! -d "$TPG/np/0.0.0.0:3260" ]' "only the new ones are left"
ok '[ -d "$TPG/np/[::1]:3261" ]' "an IPv6 portal is made too"
cli "it exports the backstores" <<END
$NODE/luns create /backstores/ramdisk/rd0
$NODE/luns create /backstores/fileio/f0
$NODE/luns create /backstores/block/b0
END
is "$(find "$TPG/lun" -name 'lun_*' | wc -l)" 3 "there are three LUNs"
cli "it makes an ACL with mapped LUNs and CHAP both ways" <<END
$NODE set attribute authentication=1 default_cmdsn_depth=32
$NODE/acls create $INITIATOR
$NODE/acls/$INITIATOR set auth userid=alice password=alices-secret1
$NODE/acls/$INITIATOR set auth mutual_userid=tom mutual_password=toms-secret-01
$NODE/acls/$INITIATOR set attribute dataout_timeout=10 nopin_timeout=20
$NODE set parameter MaxBurstLength=131072 InitialR2T=No
END
is "$(find "$ACL" -maxdepth 1 -name 'lun_*' | wc -l)" 3 "all LUNs are mapped"
is "$(cat "$ACL/auth/userid" "$ACL/auth/password_mutual" | paste -sd ' ')" \
	"alice toms-secret-01" "the credentials are stored"
is "$(cat "$ACL/auth/authenticate_target")" 1 "the ACL authenticates the target"
is "$(cat "$ACL/attrib/dataout_timeout" "$ACL/attrib/nopin_timeout" | paste -sd ' ')" \
	"10 20" "its attributes are set"
is "$(cat "$TPG/param/MaxBurstLength" "$TPG/param/InitialR2T" | paste -sd ' ')" \
	"131072 No" "the parameters are set"
cli "it protects discovery" <<END
/iscsi set discovery_auth enable=1 userid=disco password=disco-secret12
END
is "$(cat $CFG/iscsi/discovery_auth/enforce_discovery_auth)" 1 "discovery authentication is enforced"
listing=$(cli_says ls /iscsi)
like "$listing" "$IQN" "ls shows the target"
like "$listing" "mapped_lun2" "ls shows the mapped LUNs"
like "$listing" "mutual auth" "ls shows the authentication"

set_initiator_name "$INITIATOR"
try "iscsid starts" start_iscsid discovery.sendtargets.auth.authmethod=CHAP \
	discovery.sendtargets.auth.username=disco \
	discovery.sendtargets.auth.password=disco-secret12
like "$(iscsiadm -m discovery -t st -p $PORTAL 2>&1)" "$PORTAL,1 $IQN" \
	"discovery with the right secret finds the target"
try "the initiator logs in with CHAP both ways" \
	login_mutual alice alices-secret1 tom toms-secret-01
disk=$(wait_disk 60 "$IQN" 1)
pattern /tmp/data $((4 << 20))
try "LUN 1 gives back what was written" write_read "$disk" /tmp/data
like "$(cli_says sessions list)" "type: Normal session-state: LOGGED_IN" \
	"targetcli lists the session"
like "$(cli_says sessions detail)" "$INITIATOR.*127[.]0[.]0[.]1.*TCP" "and its details"

try "targetctl saves" bounded 60 targetctl save /tmp/first.json
try "the initiator logs out" node_logout "$IQN" $PORTAL
tree >/tmp/first.tree
try "targetctl clears" bounded 60 targetctl clear
ok '[ -z "$(ls -d $CFG/iscsi/iqn.* $CFG/core/*_*/* 2>/dev/null | grep -v hba_)" ]' "nothing is left"
try "targetctl restores" bounded 60 targetctl restore /tmp/first.json
try "targetctl saves again" bounded 60 targetctl save /tmp/second.json
canonical /tmp/first.json >/tmp/first.canon
canonical /tmp/second.json >/tmp/second.canon
ok '[ -s /tmp/first.canon ] && cmp /tmp/first.canon /tmp/second.canon' \
	"the two files say the same" ||
	diag "$(diff /tmp/first.canon /tmp/second.canon | head -n 20)"
tree >/tmp/second.tree
ok 'cmp /tmp/first.tree /tmp/second.tree' "and so is the tree" ||
	diag "$(diff /tmp/first.tree /tmp/second.tree | head -n 20)"
try "the initiator logs in again" \
	login_mutual alice alices-secret1 tom toms-secret-01
disk=$(wait_disk 60 "$IQN" 1)
ok 'dd if=$disk bs=256k count=16 iflag=direct status=none | cmp - /tmp/data' \
	"the data is still there"
try "it logs out" node_logout "$IQN" $PORTAL

cli "targetcli removes mapped LUN, ACL, LUN and portal" <<END
$NODE/acls/$INITIATOR delete 2
$NODE/acls delete $INITIATOR
$NODE/luns delete 2
$NODE/portals delete ::1 3261
END
ok '[ ! -d "$ACL" ] && [ ! -d "$TPG/lun/lun_2" ] && [ ! -d "$TPG/np/[::1]:3261" ]' "they are gone"
try "clearconfig removes the rest" cli_says clearconfig confirm=True
ok '[ -z "$(ls -d $CFG/iscsi/iqn.* 2>/dev/null)" ]' "no target is left"

done_testing
