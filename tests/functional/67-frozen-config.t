#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The administrator beside a disk that does not answer: what he changes is changed
# within two seconds, and nothing is left once the disk is back.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=frozen.sh
. "${LAB_SRC:?}/tests/functional/frozen.sh"

PORTAL=127.0.0.1:3260
TPG=$CFG/iscsi/$DEAD/tpgt_1
# Two seconds, and what the slow VM needs besides.
PATIENCE=$(patience 3000)

bystanders()
{
	quickly "an initiator discovers ($1)" iscsi-ls -i "${BASE}other" iscsi://$PORTAL/
	quickly "one asks another target's disk ($1)" \
		iscsi-readcapacity16 -i "${BASE}other" "iscsi://$PORTAL/$LIVE/0"
}

acl_for()
{
	mk_acl "$DEAD" 1 "$1" && map_lun "$DEAD" 1 "$1" 0 && map_lun "$DEAD" 1 "$1" 1
}

drop_acl()
{
	local acl=$TPG/acls/$1

	remove_links "$acl"/lun_* && remove_dirs "$acl"/lun_* && rmdir "$acl"
}

# luns_of IQN INITIATOR: as REPORT LUNS has them.
luns_of()
{
	bounded 20 iscsi-ls -s -i "$2" iscsi://$PORTAL/ 2>&1 |
		awk -v iqn="$1" '/^Target:/ { mine = index($0, iqn " ") } /^Lun:/ && mine { print $1 }' | sort -u
}

try "two targets are set up, one on a disk about to freeze" frozen_targets iblock
for i in 0 1 2; do
	try "ACL $i" acl_for "${BASE}storm$i"
done
bystanders "before"

try "three sessions with ACLs, one without, have commands on the frozen disk" stuck_sessions 4
quickly "the ACL's LUN is taken away, then the ACL" drop_acl "${BASE}storm0"
bystanders "after that"
quickly "it is made again" acl_for "${BASE}storm0"
quickly "and its initiator logs in" env STORM_N=1 raw-storm logins
quickly "a queue depth is changed, which ends sessions" put 32 "$TPG/acls/${BASE}storm1/cmdsn_depth"
quickly "another portal is added" mk_portal "$DEAD" 1 127.0.0.1:3261
quickly "the first portal is removed" rmdir "$TPG/np/$PORTAL"
quickly "it is added again" mk_portal "$DEAD" 1 $PORTAL
quickly "another target is made" quick_target "${BASE}new" ram 127.0.0.1:3262
quickly "and removed" teardown_target "${BASE}new"
# it waits for the sessions, but not longer than 2 s
PATIENCE=$(patience 5000) quickly "the portal group is disabled" tpg_disable "$DEAD"
bystanders "after disabling"
like "$(dmesg | tail -n 30)" "$DEAD,1 is disabled, [0-9]* logins or sessions" "the log says who has not ended yet" ||
	diag "$(dmesg | tail -n 5)"
quickly "the portal group is enabled" tpg_enable "$DEAD"
quickly "all logs in again" env STORM_N=4 raw-storm logins
stuck=$(long_in_d)
is "$stuck" "" "nothing on the module's behalf is in D for longer than 5 s"
try "the disk thaws" thaw
ok 'sessions_end' "the initiators end"
ok 'poll 30 no_threads' "nothing of the old sessions is left" || diag "$(pgrep -l '^tcmi_[0-9]')"
quickly "the disk is read by a new session" iscsi-inq -i "${BASE}storm1" "iscsi://$PORTAL/$DEAD/0"

export STORM_FENCE=1
try "again: sessions which preempt and abort each other over the frozen disk" stuck_sessions 4
unset STORM_FENCE
for i in 0 1 2; do
	quickly "ACL $i is removed" drop_acl "${BASE}storm$i"
	quickly "it is made again" acl_for "${BASE}storm$i"
done
quickly "and their initiators log in" env STORM_N=3 raw-storm logins
try "the disk thaws" thaw
ok 'sessions_end' "the initiators end"
ok 'poll 30 no_threads' "nothing of them is left" || diag "$(pgrep -l '^tcmi_[0-9]')"

# Deleting what commands still use may wait, but not uninterruptibly and not silently.
try "again: sessions with commands on the frozen disk" stuck_sessions 4
bounded 5 tpg_disable "$DEAD"
rm "$TPG/lun/lun_0/dying" 2>/tmp/rm &
remover=$!
ok "! poll 4 process_ended $remover" "removing the frozen LUN waits" || diag "$(cat /tmp/rm)"
bystanders "while a LUN is being removed"
quickly "its target is enabled" tpg_enable "$DEAD"
is "$(luns_of "$DEAD" "${BASE}late")" "Lun:1" "who logs in now does not get the LUN that goes"
quickly "another target is made meanwhile" quick_target "${BASE}new" ram 127.0.0.1:3262
quickly "and removed" teardown_target "${BASE}new"
try "the disk thaws" thaw
ok 'sessions_end' "the initiators end"
ok "poll 20 process_ended $remover" "and the LUN is gone"
ok 'poll 30 no_threads' "nothing of the sessions is left" || diag "$(pgrep -l '^tcmi_[0-9]')"
try "everything is torn down, and the module unloads" frozen_end

done_testing
