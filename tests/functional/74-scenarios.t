#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What users have met elsewhere, as far as no other test has it; the numbers are those
# of Documentation/scenarios.rst.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

IQN=${BASE}scene
PORTAL=127.0.0.1:3260
FAR=192.0.2.1:3260
CLIENT=${BASE}client
LUNS=20
PATIENCE=$(patience 4000)
export RAW_IQN=$IQN RACES_ROUNDS=10

no_threads()
{
	! pgrep '^tcmi_[0-9]' >/dev/null
}

inquiry()
{
	iscsi-inq -i "$1" "iscsi://${2:-$PORTAL}/$IQN/0"
}

setup()
{
	load_target && mk_ramdisk ram 8 && quick_target "$IQN" ram $PORTAL
}

# R24: the network goes, and with it every FIN and RST.
far_network()
{
	ip netns add far && ip link add near type veth peer name far netns far &&
		ip addr add 192.0.2.1/24 dev near && ip link set near up &&
		ip -n far addr add 192.0.2.2/24 dev far && ip -n far link set far up &&
		mk_portal "$IQN" 1 $FAR
}

far_reads()
{
	ip netns exec far iscsi-perf -i "$CLIENT" -m 32 -b 128 -t 300 \
		"iscsi://$FAR/$IQN/0" >/tmp/perf 2>&1 &
	far=$!
	poll 60 grep -q 'iops' /tmp/perf
}

cut()
{
	modprobe sch_netem && tc qdisc add dev near root netem loss 100% &&
		ip netns exec far tc qdisc add dev far root netem loss 100%
}

vanished()
{
	try "an initiator is at another network" far_network
	ok far_reads "it reads" || diag "$(cat /tmp/perf)"
	try "that network is cut (R24)" cut
	quickly "the same initiator comes by another way" inquiry "$CLIENT"
	quickly "another one logs in" inquiry "${CLIENT}2"
	quickly "the portal group is disabled" tpg_disable "$IQN"
	ok 'poll 30 no_threads' "no connection is left"
	quickly "the portal is removed" rmdir "$(tpg_dir "$IQN" 1)/np/$FAR"
	tpg_enable "$IQN" 1
	kill -KILL $far
	ip link del near
	ip netns del far
}

# R83
portals()
{
	local i
	local -a pids=()

	mk_target "${IQN}2" 1 && mk_target "${IQN}2" 2 || return 1
	for i in $(seq 100); do
		mk_portal "$IQN$([ $((i % 2)) = 0 ] || echo 2)" 1 "127.0.1.$i:3264" &
		pids+=($!)
	done
	wait "${pids[@]}"
	[ "$(cat /proc/net/tcp | awk '$2 ~ /:0CC0$/ && $4 == "0A"' | wc -l)" = 100 ]
}

no_portals()
{
	local dir
	local -a pids=()

	for dir in "$CFG/iscsi/$IQN"{,2}/tpgt_1/np/127.0.1.*; do
		rmdir "$dir" &
		pids+=($!)
	done
	wait "${pids[@]}"
	! awk '$2 ~ /:0CC0$/ && $4 == "0A"' /proc/net/tcp | grep .
}

# R44
discoveries()
{
	local i
	local -a pids=()

	for i in $(seq 40); do
		bounded 60 iscsi-ls -i "$CLIENT$i" iscsi://$PORTAL/ >"/tmp/found.$i" 2>&1 &
		pids+=($!)
	done
	wait "${pids[@]}"
	[ "$(cat /tmp/found.* | grep -c "$IQN ")" = 40 ]
}

# R51
discovery_secret()
{
	printf %s carol >"$CFG/iscsi/discovery_auth/userid" &&
		printf %s "$1" >"$CFG/iscsi/discovery_auth/password" &&
		printf %s "${2:-1}" >"$CFG/iscsi/discovery_auth/enforce_discovery_auth"
}

changing_secret()
{
	local n=0 i
	local -a pids=()

	rm -f /tmp/stop
	: >/tmp/looked
	for i in 1 2 3; do
		(
			while [ ! -e /tmp/stop ]; do
				iscsi-ls -i "$CLIENT" "iscsi://carol%secret-of-carol$i@$PORTAL/" >/dev/null 2>&1
				echo $? >>/tmp/looked
			done
		) &
		pids+=($!)
	done
	while [ $n -lt 400 ] || [ "$(wc -l </tmp/looked)" -lt 12 ]; do
		discovery_secret "secret-of-carol$((n % 4))" $((n % 3 > 0)) || { n=-1; break; }
		n=$((n + 1))
	done
	touch /tmp/stop
	for i in "${pids[@]}"; do
		poll 30 process_ended "$i" || return 1
	done
	rm /tmp/stop
	[ $n -ge 400 ]
}

# R10: with and without TASK ABORTED to those whose commands another one resets; without
# it those have no answer, and may complain.
resets()
{
	local i
	local -a pids=()

	mk_ramdisk "tas$1" 8 && put "$1" "$(backstore_dir "tas$1")/attrib/emulate_tas" &&
		quick_target "${IQN}tas$1" "tas$1" $PORTAL || return 1
	for i in 1 2 3; do
		RAW_IQN=${IQN}tas$1 RACES_NODE=$i bounded 100 raw-races gone >/tmp/race.$i 2>&1 &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || [ "$1" = 0 ] || { cat /tmp/race.*; return 1; }
	done
	poll 30 no_threads
}

# R73: initiator and target in one machine, the writer short of memory.
short_of_memory()
{
	local group=/sys/fs/cgroup/short disk

	mkdir -p /sys/fs/cgroup
	[ -e /sys/fs/cgroup/cgroup.controllers ] || mount -t cgroup2 none /sys/fs/cgroup || return 1
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	mkdir -p $group && put 64M $group/memory.max && node_new "$IQN" $PORTAL &&
		node_login "$IQN" $PORTAL && disk=$(wait_disk 60 "$IQN" 1) || return 1
	bounded 400 sh -c "echo \$\$ >$group/cgroup.procs && dd if=/dev/zero of=$disk bs=1M count=200 status=none &&
		dd if=$disk bs=1M count=200 status=none | tr -d '\\000' | wc -c" >/tmp/zeros
	[ "$(cat /tmp/zeros)" = 0 ]
}

# R88, R89
config()
{
	local i

	echo "/iscsi create ${BASE}saved"
	echo "/iscsi/${BASE}saved/tpg1 set attribute authentication=0 generate_node_acls=1"
	echo "/iscsi/${BASE}saved/tpg1/portals delete 0.0.0.0 3260"
	echo "/iscsi/${BASE}saved/tpg1/portals create 127.0.0.1 3265"
	for i in $(seq $LUNS); do
		echo "/backstores/ramdisk create name=r$i size=1M"
		echo "/iscsi/${BASE}saved/tpg1/luns create /backstores/ramdisk/r$i"
	done
}

all_luns()
{
	[ "$(find "$CFG/iscsi/${BASE}saved/tpgt_1/lun" -name 'lun_*' | wc -l)" = $LUNS ]
}

killed()
{
	local i

	config >/tmp/cli.in
	for i in 1 2 3 4; do
		timeout -s KILL "$((2 + i)).$i" targetcli </tmp/cli.in >/dev/null 2>&1
		bounded 60 targetcli clearconfig confirm=True >/tmp/cli.out 2>&1 &&
			[ ! -d "$CFG/iscsi/${BASE}saved" ] && continue
		echo "status $?, killed after $((2 + i)) s"
		cat /tmp/cli.out
		return 1
	done
	bounded 300 sh -c 'targetcli </tmp/cli.in >/tmp/cli.out 2>&1'
	all_luns || { tail -n 30 /tmp/cli.out; return 1; }
}

knock()
{
	STORM_N=20 STORM_LIMIT=30 RAW_IQN=${BASE}saved RAW_PORT=3265 raw-storm logins
}

restored()
{
	local pid

	bounded 60 targetctl save /tmp/saved.json && bounded 60 targetctl clear || return 1
	(until [ -e /tmp/stop ]; do knock; done >/dev/null 2>&1) &
	pid=$!
	bounded 300 targetctl restore /tmp/saved.json || return 1
	touch /tmp/stop
	poll 60 process_ended $pid && rm /tmp/stop && knock && all_luns
}

try "a target is set up" setup
vanished
try "100 portals are made at a time (R83)" portals
refused "two groups of a target do not share one" mk_portal "${IQN}2" 2 127.0.1.1:3264
try "two targets do" mk_portal "${IQN}2" 1 127.0.1.2:3264
try "discovery finds them" eval 'iscsi-ls -i "$CLIENT" iscsi://127.0.1.2:3264/ | grep "$IQN"'
try "they are removed at a time" no_portals
try "40 initiators discover at a time (R44)" discoveries
try "discovery's secret changes amid discoveries (R51)" changing_secret
discovery_secret secret-of-carol1
try "the last one counts" iscsi-ls -i "$CLIENT" "iscsi://carol%secret-of-carol1@$PORTAL/"
refused "and no other" iscsi-ls -i "$CLIENT" "iscsi://carol%secret-of-carol2@$PORTAL/"
printf 0 >"$CFG/iscsi/discovery_auth/enforce_discovery_auth"
for tas in 0 1; do
	try "commands and sessions end each other, TAS=$tas (R10)" resets $tas
done
try "a larger disk" eval 'mk_fileio large /dev/scratch1 $((256 << 20)) && mk_lun "$IQN" 1 1 large'
try "iscsid starts" start_iscsid
try "the initiator beside the target is short of memory and writes on (R73)" short_of_memory
try "the initiator logs out" node_logout "$IQN" $PORTAL
try "all of it is torn down" teardown_all
try "dbus starts" start_dbus
try "targetcli is killed at four moments, and works again (R89)" killed
try "$LUNS LUNs are restored while initiators knock (R88)" restored
try "targetctl clears" bounded 60 targetctl clear
try "everything is torn down" teardown_all
try "the module unloads" unload_target

done_testing
