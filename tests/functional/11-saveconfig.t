#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A configuration moves from the in-tree module to ours and back by what
# administrators have for that: targetctl and /etc/target/saveconfig.json.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
HERE=${LAB_SRC:?}/tests/functional
# shellcheck source=configfs/both.sh
. "$HERE/configfs/both.sh"

IQN=iqn.2003-01.org.example:move
OTHER=iqn.2003-01.org.example:other
NODE=/iscsi/$IQN/tpg1
ACL=$NODE/acls/$INITIATOR

[ "$TARGET" = ours ] || skip_all "needs our module and the in-tree one"
both_modules_here || bail_out "one of the modules is missing"

# One process for many commands: starting targetcli is what takes time.
cli()
{
	cat >/tmp/cli.in
	bounded 100 sh -c 'exec targetcli </tmp/cli.in >/tmp/cli.out 2>&1' || return 1
	! grep -E 'Traceback|rror|annot|nvalid|nexpected' /tmp/cli.out
}

# It reports what it could not set, but not by its status.
silently()
{
	local output

	output=$(bounded 100 "$@" 2>&1) || return 1
	[ -z "$output" ] || {
		echo "$output"
		return 1
	}
}

configure()
{
	cli <<-END
		/backstores/ramdisk create name=rd0 size=16M
		/backstores/fileio create name=f0 file_or_dev=/tmp/f0.img size=16M
		/backstores/block create name=b0 dev=/dev/scratch1
		/iscsi create $IQN
		$NODE/portals delete 0.0.0.0 3260
		$NODE/portals create 127.0.0.1 3261
		$NODE/portals create ::1 3261
		$NODE/luns create /backstores/ramdisk/rd0
		$NODE/luns create /backstores/fileio/f0
		$NODE set attribute authentication=1 default_cmdsn_depth=32 login_timeout=20
		$NODE/acls create $INITIATOR
		$ACL set auth userid=alice password=alices-secret1
		$ACL set auth mutual_userid=tom mutual_password=toms-secret-01
		$ACL set attribute dataout_timeout=10 nopin_timeout=20 authentication=1
		$NODE/acls create iqn.2003-01.org.example:reader add_mapped_luns=false
		$NODE/acls/iqn.2003-01.org.example:reader create 5 0 1
		$NODE set attribute demo_mode_discovery=0 prod_mode_write_protect=1
		$NODE set parameter MaxBurstLength=131072 InitialR2T=No
		$NODE set parameter MaxRecvDataSegmentLength=16384 DataDigest=None
		$NODE set parameter TargetAlias=Moved
		$NODE set auth userid=bob password=bobs-secret-01
		/iscsi/$IQN create 7
		/iscsi/$IQN/tpg7 set attribute generate_node_acls=1 authentication=0
		/iscsi/$IQN/tpg7 set parameter AuthMethod=None,CHAP
		/iscsi/$IQN/tpg7/portals create 127.0.0.1 3262
		/iscsi create $OTHER
		/iscsi/$OTHER/tpg1/luns create /backstores/block/b0
		/iscsi/$OTHER/tpg1 disable
		/iscsi set discovery_auth enable=1 userid=carol password=carols-secret1
		/iscsi set discovery_auth mutual_userid=dave mutual_password=daves-secret-1
	END
}

# All that can be read, less what counts and what is counted.
tree()
{
	(cd "$CFG/iscsi" && find . -type f ! -path '*/statistics/*' \
		! -path '*/fabric_statistics/*' ! -name rtpi | LC_ALL=C sort | xargs -d '\n' grep -H '')
}

# configfs lists what is new first, so each restore turns the order round.
in_order()
{
	python3 -c '
import json, sys
def key(x): return json.dumps(x, sort_keys=True)
def order(x):
    if isinstance(x, dict): return {k: order(v) for k, v in x.items()}
    return sorted(map(order, x), key=key) if isinstance(x, list) else x
print(json.dumps(order(json.load(sys.stdin)), indent=1, sort_keys=True))'
}

save()
{
	silently targetctl save "/tmp/$1.save" && in_order <"/tmp/$1.save" >"/tmp/$1.json" &&
		tree >"/tmp/$1.tree"
}

change_module()
{
	silently targetctl clear && drop_module "$1" && use_module "$2"
}

# same A B SUFFIX NAME
same()
{
	local difference

	difference=$(diff -u "/tmp/$1.$3" "/tmp/$2.$3") && pass "$4" && return
	fail "$4"
	diag "$difference"
}

truncate -s 16M /tmp/f0.img
try "dbus starts" start_dbus
try "the in-tree module loads" use_module intree || bail_out "no module"
try "targetcli configures targets, ACLs, secrets and discovery with it" configure
printf 'a group' >"$CFG/iscsi/$IQN/tpgt_1/acls/$INITIATOR/tag"
try "targetctl saves them" save before
ok '[ "$(grep -c . /tmp/before.json)" -gt 200 ]' "there is something to save"
try "clear, and tcm_iscsi instead of the in-tree module" change_module intree ours ||
	bail_out "the modules do not change"
is "$(ls $CFG/iscsi)" "$(printf 'cpus_allowed_list\ndiscovery_auth\nlio_version')" \
	"no target is there"
try "targetctl restores without a complaint" silently targetctl restore /tmp/before.save
try "it saves again" save ours
same before ours json "what it saves is what it restored"
same before ours tree "the tree is the same, file by file"
try "clear, and back to the in-tree module" change_module ours intree ||
	bail_out "the modules do not change"
try "targetctl restores what was saved with ours" silently targetctl restore /tmp/ours.save
try "it saves once more" save back
same before back json "and all is as it was"
same before back tree "in the tree too"
try "targetctl clears it" silently targetctl clear
try "the in-tree module unloads" drop_module intree
done_testing
