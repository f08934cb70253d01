#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# configfs while initiators are logged in: what a write or a removal does to them, and
# what the files say meanwhile.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

IQN=${BASE}live
TPG=$CFG/iscsi/$IQN/tpgt_1
ACL=$TPG/acls/$INITIATOR
PORTAL=127.0.0.1:3260

[ "$TARGET" = ours ] || skip_all "the in-tree module waits for initiators here"

info()
{
	cat "$ACL/info"
}

has_session()
{
	[[ $(info) == InitiatorName:* ]]
}

no_session()
{
	[[ $(info) == "No active iSCSI Session"* ]]
}

session_id()
{
	info | sed -n 's/^LIO Session ID: \([0-9]*\) .*/\1/p'
}

other_session()
{
	has_session && [ "$(session_id)" != "$1" ]
}

stat_of()
{
	cat "$CFG/iscsi/$IQN/fabric_statistics/$1"
}

# threads: CPUs that each connection's thread may use.
threads()
{
	local dir name

	for dir in /proc/[0-9]*; do
		read -r name 2>/dev/null <"$dir/comm" || continue
		[[ $name == tcmi_[0-9]* ]] || continue
		sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "$dir/status" 2>/dev/null
	done
}

threads_on()
{
	[ "$(threads | sort -u)" = "$1" ]
}

seconds_of()
{
	local start=$EPOCHREALTIME

	"$@" || return 1
	awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { exit !(b - a < 10) }'
}

set_initiator_name "$INITIATOR"
try "the module loads" load_target
try "a target with an ACL is made" eval 'mk_ramdisk ram 16 && mk_target $IQN 1 &&
	mk_lun $IQN 1 0 ram && mk_portal $IQN 1 $PORTAL && mk_acl $IQN 1 $INITIATOR &&
	map_lun $IQN 1 $INITIATOR 0 && tpg_attrib $IQN 1 authentication 0 && tpg_enable $IQN 1'
try "iscsid starts" start_iscsid node.session.timeo.replacement_timeout=30
try "the initiator logs in" eval 'node_new $IQN $PORTAL && node_login $IQN $PORTAL'
ok has_session "info shows the session"
is "$(stat_of iscsi_instance/sessions)" 1 "one session is counted"
like "$(info)" "Address 127.0.0.1 TCP  StatSN: 0x[0-9a-f]{8}" "info has the address"

old=$(session_id)
try "cmdsn_depth is changed" eval 'put 16 "$ACL/cmdsn_depth"'
ok 'poll 60 other_session "$old"' "which makes the initiator log in again"
like "$(info)" "0x00000010   0x" "with the new window"
old=$(session_id)
try "the same cmdsn_depth again" eval 'put 16 "$ACL/cmdsn_depth"'
is "$(session_id)" "$old" "leaves the session alone"
try "nopin_timeout off" eval 'put 0 "$ACL/attrib/nopin_timeout"'
try "nopin_timeout on again" eval 'put 3 "$ACL/attrib/nopin_timeout"'
refused "nopin_timeout 2 is refused" put 2 "$ACL/attrib/nopin_timeout"
ok has_session "the session is still there"

try "a portal for all addresses is made" mk_portal "$IQN" 1 '[::]:3261'
try "the initiator logs out" node_logout "$IQN" $PORTAL
try "and in to that one, by IPv4" eval 'node_new $IQN 127.0.0.1:3261 &&
	node_login $IQN 127.0.0.1:3261'
like "$(info)" "Address 127.0.0.1 TCP  StatSN: 0x[0-9a-f]{8}" "info has the address as IPv4"
refused "a login with a name that has no ACL is refused" \
	iscsi-inq -i "${BASE}stranger" "iscsi://127.0.0.1:3261/$IQN/0"
is "$(stat_of iscsi_tgt_attr/fail_intr_addr)" 127.0.0.1 "so have the statistics"
is "$(stat_of iscsi_tgt_attr/fail_intr_addr_type)" ipv6 "with the family of the portal"
try "back to the first portal" eval 'node_logout $IQN 127.0.0.1:3261 &&
	rmdir "$TPG/np/[::]:3261" && iscsiadm -m node -T $IQN -p 127.0.0.1:3261 -o delete &&
	node_login $IQN $PORTAL'
old=$(session_id)

try "the portal goes" rmdir "$TPG/np/$PORTAL"
is "$(session_id)" "$old" "its session stays"
is "$(stat_of iscsi_instance/portals)" 0 "no portal is counted"
try "the portal comes back" mk_portal "$IQN" 1 $PORTAL

try "one CPU is chosen for threads" eval 'put 1 "$CFG/iscsi/cpus_allowed_list"'
try "the initiator logs out" node_logout "$IQN" $PORTAL
ok 'poll 60 no_session' "info says so"
is "$(cat "$ACL/fabric_statistics/iscsi_sess_stats/cmd_pdus")" "" \
	"the counters of the session are empty"
is "$(cat "$ACL/param/MaxBurstLength")" "No Active iSCSI Session" "so are its parameters"
is "$(stat_of iscsi_instance/sessions)" 0 "no session is counted"
is "$(stat_of iscsi_logout_stats/normal_logouts)" 3 "the logouts are counted"
try "it logs in again" node_login "$IQN" $PORTAL
ok 'poll 30 threads_on 1' "the new thread keeps to that CPU" || diag "$(threads)"
try "the other CPU is chosen" eval 'put 0 "$CFG/iscsi/cpus_allowed_list"'
ok 'poll 10 threads_on 0' "the thread moves there with its session" || diag "$(threads)"
try "all CPUs are chosen again" eval 'put 0-1 "$CFG/iscsi/cpus_allowed_list"'
ok 'poll 10 threads_on 0-1' "and it may use them" || diag "$(threads)"

try "the group is disabled with a session, in bounded time" seconds_of tpg_disable "$IQN" 1
ok 'poll 30 no_session' "the session is gone then, or soon"
try "it is enabled again" tpg_enable "$IQN" 1
ok 'poll 90 has_session' "the initiator comes back by itself"

try "the ACL goes with a session, in bounded time" seconds_of eval \
	'remove_links "$ACL/lun_0" && rmdir "$ACL/lun_0" "$ACL"'
is "$(ls "$TPG/acls")" "" "it is gone"
ok 'poll 30 eval "[ \$(stat_of iscsi_instance/sessions) = 0 ]"' "and the session"
try "iscsid gives up" node_logout "$IQN" $PORTAL

demo_mode "$IQN" 1
try "a dynamic session" node_login "$IQN" $PORTAL
is "$(tr -d '\0' <"$TPG/dynamic_sessions")" "$INITIATOR" "dynamic_sessions names the initiator"
refused "with a capital in its name it gets no second ACL" mkdir "${ACL/%initiator/Initiator}"
like "$(dmesg | tail -n 5)" "demo mode has made one: use its name, $INITIATOR" \
	"and the log says which name it takes"
try "an ACL is made of it" mk_acl "$IQN" 1 "$INITIATOR"
ok has_session "with its session"
is "$(tr -d '\0' <"$TPG/dynamic_sessions")" "" "which is no dynamic one any more"
try "the ACL goes again" rmdir "$ACL"
ok 'poll 90 grep -q "$INITIATOR" "$TPG/dynamic_sessions"' "the initiator is back as a dynamic one"
try "the group goes while enabled and with that session, in bounded time" seconds_of eval \
	'remove_links $TPG/lun/lun_0 && rmdir $TPG/lun/lun_0 $TPG/np/$PORTAL $TPG'
ok '[ ! -d "$TPG" ]' "it is gone"
iscsiadm -m node -T "$IQN" -u >/dev/null 2>&1
try "everything is torn down" teardown_all
try "the module unloads" unload_target
done_testing
