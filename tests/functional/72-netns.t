#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Network namespaces with portals in them: removed under live sessions, two with the
# same address, and still there when the module goes.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

PORTAL=127.0.0.1:3260
IQN=${BASE}netns

# Namespaces that the kernel still has.
namespaces()
{
	echo 1 >/sys/kernel/slab/net_namespace/shrink 2>/dev/null
	awk '$1 == "net_namespace" { print $2 }' /proc/slabinfo
}

in_ns()
{
	nsenter --net=/run/netns/"$1" env RAW_IQN="$IQN$2" "${@:3}"
}

ns_new()
{
	ip netns add "$1" && ip netns exec "$1" ip link set lo up
}

# ns_target N: a target of its own in a namespace of its own, the same address each time.
ns_target()
{
	mk_target "$IQN$1" 1 && mk_lun "$IQN$1" 1 0 ram &&
		nsenter --net="/run/netns/ns$1" mkdir "$(tpg_dir "$IQN$1" 1)/np/$PORTAL" &&
		demo_mode "$IQN$1" 1 && tpg_enable "$IQN$1" 1
}

# in_background NS SUFFIX COMMAND...: its process is the last of $pids.
in_background()
{
	(exec nsenter --net=/run/netns/"$1" env RAW_IQN="$IQN$2" "${@:3}") &
	pids+=($!)
}

sit()
{
	rm -f /tmp/sit$1
	in_background "ns$1" "$1" STORM_N=10 STORM_LIMIT=1000 raw-storm sit >/tmp/sit$1
	poll 60 grep -q '^# ready' /tmp/sit$1
}

no_threads()
{
	! pgrep '^tcmi_[0-9]' >/dev/null
}

at_most()
{
	[ "$(namespaces)" -le "$1" ]
}

# The kernel frees those that have ended when the next one ends, in its own time, so that
# one more is always there.
few_namespaces()
{
	ip netns add flush && ip netns del flush && poll 5 at_most $(($1 + 1))
}

pids=()
try "a disk" eval 'load_target && mk_ramdisk ram 8'
before=$(ip netns list | wc -l)
for i in 1 2; do
	try "namespace $i" ns_new ns$i
	try "a target in it, at $PORTAL" ns_target $i
	ok "sit $i" "10 sessions in it" || diag "$(cat /tmp/sit$i)"
done
is "$(in_ns ns1 1 iscsi-ls -i "${BASE}a" iscsi://$PORTAL/ 2>&1 | grep -c "$IQN")" 1 \
	"each shows its own target and no other"
like "$(in_ns ns1 1 iscsi-ls -i "${BASE}a" iscsi://$PORTAL/ 2>&1)" "${IQN}1" "that one"
refused "outside nobody listens" iscsi-ls -i "${BASE}a" iscsi://$PORTAL/

# R92: the name goes, what uses the namespace keeps it
try "a namespace is removed under its sessions" ip netns del ns1
try "its target is disabled" tpg_disable "${IQN}1"
try "and enabled" tpg_enable "${IQN}1"
try "and torn down" teardown_target "${IQN}1"
try "the other one works on" in_ns ns2 2 env STORM_N=5 raw-storm logins
try "all processes of the removed one end" eval 'kill -TERM ${pids[0]}; poll 20 process_ended ${pids[0]}'
ok "poll 30 few_namespaces $((before + 1))" "the namespace is gone" || diag "$(namespaces), before $before"

# The other order: the portal while its sessions are there, then the namespace.
try "the portal of the other one is removed" rmdir "$(tpg_dir "${IQN}2" 1)/np/$PORTAL"
ok 'poll 10 eval "[ \$(pgrep -c ^tcmi_[0-9]) = 10 ]"' "its sessions stay" || diag "$(pgrep -c '^tcmi_[0-9]')"
try "the namespace goes" ip netns del ns2
kill -KILL "${pids[1]}"
ok 'poll 30 no_threads' "its sessions end with the initiator" || diag "$(pgrep -l '^tcmi_')"
ok "poll 30 few_namespaces $before" "no namespace is left" || diag "$(namespaces), before $before"

# Round after round, connections in all stages.
for i in 3 4 5 6; do
	ns_new ns$i && ns_target $i || fail "round $i"
	in_background ns$i $i STORM_N=50 STORM_BYTES=1 raw-storm silent >/tmp/silent
	sit $i
	ip netns del ns$i
	teardown_target "$IQN$i" || fail "round $i is torn down"
	kill -KILL "${pids[@]:2}" 2>/dev/null
done
ok 'poll 30 no_threads' "four more rounds leave no thread" || diag "$(pgrep -l '^tcmi_')"
ok "poll 30 few_namespaces $before" "and no namespace" || diag "$(namespaces), before $before"

try "a namespace which outlives the module" eval 'ns_new ns7 && ns_target 7'
ok "sit 7" "with sessions" || diag "$(cat /tmp/sit7)"
try "everything is torn down" teardown_all
try "the module unloads" unload_target
kill -KILL "${pids[@]}" 2>/dev/null
try "the namespace goes" ip netns del ns7
ok "poll 30 few_namespaces $before" "and is gone" || diag "$(namespaces), before $before"

done_testing
