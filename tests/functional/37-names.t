#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Names and addresses: IPv6, scopes, wildcards, addresses not there yet,
# network namespaces, and names in their three formats.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

IQN=${BASE}names
CLIENT=${BASE}client

# Without its mount namespace, which would hide configfs.
in_ns()
{
	local ns=$1

	shift
	nsenter --net="/run/netns/$ns" -- "$@"
}

setup()
{
	start_iscsid && load_target && mk_ramdisk ram0 8 && mk_ramdisk ram1 16 &&
		quick_target "$IQN" ram0 127.0.0.1:3260
}

# red and blue have the same address; each reaches its own.
make_namespaces()
{
	local ns

	for ns in red blue; do
		ip netns add $ns && ip -n $ns link set lo up &&
			ip -n $ns link add v0 type dummy && ip -n $ns link set v0 up &&
			ip -n $ns addr add 192.0.2.1/24 dev v0 &&
			ip -n $ns -6 addr add fe80::5/64 dev v0 nodad || return 1
	done
	ip link add v9 type dummy && ip link set v9 up &&
		ip -6 addr add fe80::9/64 dev v9 nodad
}

# demo_target IQN BACKSTORE: without a portal.
demo_target()
{
	mk_target "$1" && mk_lun "$1" 1 0 "$2" && demo_mode "$1" 1 && tpg_enable "$1"
}

list()
{
	bounded 15 iscsi-ls -i "$CLIENT" "iscsi://$1/" 2>&1
}

size_of()
{
	bounded 15 iscsi-readcapacity16 -i "$CLIENT" -s "$1" 2>&1
}

# listed ADDRESS IQN: does discovery there name it, at that address?
listed()
{
	list "$1" | grep -qF "Target:$2 Portal:$1,1"
}

# reaches ADDRESS IQN: is its disk to be had there?
reaches()
{
	[ "$(size_of "iscsi://$1/$2/0")" = $((16 << 20)) ]
}

# serves ADDRESS IQN
serves()
{
	listed "$1" "$2" && reaches "$1" "$2"
}

serves_not()
{
	! listed "$1" "$2" && ! reaches "$1" "$2"
}

knows_no_better()
{
	[ "$TARGET" = ours ] || todo "the in-tree module: $*"
}

try "a target is set up" setup
try "the network namespaces are made" make_namespaces

# ---- IPv6 ----
try "a portal at [::1] is made" mk_portal "$IQN" 1 '[::1]:3260'
like "$(list '[::1]:3260')" "\[::1\]:3260,1" "discovery over IPv6 names it"
is "$(size_of "iscsi://[::1]:3260/$IQN/0")" $((8 << 20)) "login over IPv6"
like "$(list 127.0.0.1:3260)" "\[::1\]:3260,1" "discovery over IPv4 names it too"
try "a link-local portal with a scope is made" mk_portal "$IQN" 1 '[fe80::9%v9]:3260'
ok 'ss -6tln | grep -q "fe80::9.*:3260"' "it listens"
like "$(bounded 20 iscsiadm -m discovery -t st -p '[fe80::9%v9]:3260' 2>&1)" "$IQN" \
	"discovery reaches it"
refused "a scope that does not exist is refused" mk_portal "$IQN" 1 '[fe80::9%nosuch]:3260'
refused "a link-local portal without a scope is refused, or a name without address" \
	mk_portal "$IQN" 1 'somehost:3260'
refused "so is a port out of range" mk_portal "$IQN" 1 127.0.0.1:65536
refused "and a second portal at the same place" mk_portal "$IQN" 1 '[0::1]:3260'

# ---- addresses not there yet ----
try "a portal at an address that is not there is made" mk_portal "$IQN" 1 198.51.100.7:3260
refused "nobody reaches it" list 198.51.100.7:3260
try "the address appears" ip addr add 198.51.100.7/32 dev v9
like "$(list 198.51.100.7:3260)" "$IQN" "now the portal answers"

# ---- wildcards ----
try "a target with a wildcard portal is made" \
	eval 'demo_target ${BASE}wild ram1 && mk_portal ${BASE}wild 1 0.0.0.0:3270'
for address in 127.0.0.1 127.0.0.5 198.51.100.7; do
	like "$(list $address:3270)" "Target:${BASE}wild Portal:$address:3270,1" \
		"it answers with the address asked at, $address"
done
try "a target with an IPv6 wildcard portal is made" \
	eval 'demo_target ${BASE}wild6 ram1 && mk_portal ${BASE}wild6 1 "[::]:3271"'
like "$(list '[::1]:3271')" "Portal:\[::1\]:3271,1" "it answers with ::1"
if mk_portal "${BASE}wild6" 1 0.0.0.0:3271 2>/dev/null; then
	like "$(list '127.0.0.1:3271')" "${BASE}wild6 Portal:127.0.0.1:3271" \
		"0.0.0.0 beside [::] at the same port serves IPv4"
else
	pass "0.0.0.0 beside [::] at the same port is refused"
fi

# 0.0.0.0 and [::] at the same port, of two targets: what old and new targetcli make.
four=${BASE}four six=${BASE}six
try "two more targets are made" eval 'demo_target $four ram1 && demo_target $six ram1'
for order in "0.0.0.0 [::]" "[::] 0.0.0.0"; do
	read -r first second <<<"$order"
	for portal in $first $second; do
		case $portal in
		0.0.0.0) iqn=$four ;;
		*) iqn=$six ;;
		esac
		try "first $first, then $second: a portal at $portal" \
			mk_portal $iqn 1 "$portal:3272"
	done
	ok 'serves 127.0.0.1:3272 $four' "IPv4 reaches the target at 0.0.0.0"
	ok 'serves 127.0.0.1:3272 $six' "and the one at [::]"
	knows_no_better "one listener serves all of its portals"
	ok 'serves "[::1]:3272" $six' "IPv6 reaches the one at [::]"
	ok 'serves_not "[::1]:3272" $four' "but not the one at 0.0.0.0"
	todo
	refused "the first target gets no [::] beside its 0.0.0.0" mk_portal $four 1 '[::]:3272'
	refused "nor the second one 0.0.0.0 beside its [::]" mk_portal $six 1 0.0.0.0:3272
	knows_no_better "one listener serves all of its portals"
	for gone in 0.0.0.0 "[::]"; do
		case $gone in
		0.0.0.0) iqn=$four other=$six ;;
		*) iqn=$six other=$four ;;
		esac
		try "$gone goes" rmdir "$(tpg_dir $iqn)/np/$gone:3272"
		ok 'serves 127.0.0.1:3272 $other' "IPv4 still reaches the other"
		ok 'serves_not 127.0.0.1:3272 $iqn' "and no more that one"
		if [ "$gone" = 0.0.0.0 ]; then
			ok 'serves "[::1]:3272" $other' "and IPv6 that at [::]"
		else
			ok 'serves_not "[::1]:3272" $other && serves_not "[::1]:3272" $iqn' \
				"and IPv6 nothing"
		fi
		try "$gone comes back" mk_portal $iqn 1 "$gone:3272"
		ok 'serves 127.0.0.1:3272 $four && serves 127.0.0.1:3272 $six' "IPv4 reaches both"
		ok 'serves "[::1]:3272" $six && serves_not "[::1]:3272" $four' "IPv6 one"
	done
	todo
	try "both go" rmdir "$(tpg_dir $four)/np/0.0.0.0:3272" "$(tpg_dir $six)/np/[::]:3272"
	ok '! ss -tln | grep -q ":3272 "' "nobody listens any more"
done
knows_no_better "one listener serves all of its portals"
try "with bindv6only both are made" eval 'echo 1 >/proc/sys/net/ipv6/bindv6only &&
	mk_portal $six 1 "[::]:3272" && mk_portal $four 1 0.0.0.0:3272'
ok 'reaches 127.0.0.1:3272 $four && ! reaches 127.0.0.1:3272 $six' "IPv4 reaches 0.0.0.0 only"
ok 'reaches "[::1]:3272" $six && ! reaches "[::1]:3272" $four' "IPv6 [::] only"
todo
try "all that goes" eval 'echo 0 >/proc/sys/net/ipv6/bindv6only && teardown_target $four &&
	teardown_target $six'

# ---- namespaces ----
knows_no_better "it shares a portal between network namespaces"
try "red and blue have a target each" \
	eval 'demo_target ${BASE}red ram0 && demo_target ${BASE}blue ram1'
try "red's portal is made in red" in_ns red mkdir "$(tpg_dir "${BASE}red")/np/192.0.2.1:3260"
try "blue's portal, with the same address, in blue" \
	in_ns blue mkdir "$(tpg_dir "${BASE}blue")/np/192.0.2.1:3260"
for ns in red blue; do
	listed=$(bounded 15 nsenter --net=/run/netns/$ns iscsi-ls -i "$CLIENT" iscsi://192.0.2.1:3260/ 2>&1)
	like "$listed" "Target:${BASE}$ns Portal:192.0.2.1:3260,1" "in $ns discovery finds $ns"
	is "$(grep -c Target: <<<"$listed")" 1 "and nothing else"
done
is "$(bounded 15 nsenter --net=/run/netns/red iscsi-readcapacity16 -i "$CLIENT" -s \
	"iscsi://192.0.2.1:3260/${BASE}red/0" 2>&1)" $((8 << 20)) "red's disk is ram0"
is "$(bounded 15 nsenter --net=/run/netns/blue iscsi-readcapacity16 -i "$CLIENT" -s \
	"iscsi://192.0.2.1:3260/${BASE}blue/0" 2>&1)" $((16 << 20)) "blue's is ram1"
refused "red cannot log in to blue's target" nsenter --net=/run/netns/red \
	iscsi-inq -i "$CLIENT" "iscsi://192.0.2.1:3260/${BASE}blue/0"
refused "the first namespace does not reach them" list 192.0.2.1:3260
try "in red a link-local portal takes red's interface" \
	in_ns red mkdir "$(tpg_dir "${BASE}red")/np/[fe80::5%v0]:3260"
ok 'in_ns red ss -6tln | grep -q "fe80::5.*:3260"' "and listens there"
try "red's target is removed" bounded 20 teardown_target "${BASE}red"
like "$(bounded 15 nsenter --net=/run/netns/blue iscsi-ls -i "$CLIENT" iscsi://192.0.2.1:3260/ 2>&1)" \
	"${BASE}blue" "blue's does not mind"
todo
try "blue's target is removed" bounded 20 teardown_target "${BASE}blue"
try "the namespaces are removed" eval 'ip netns del red && ip netns del blue'

# ---- names ----
for iqn in eui.02004567a425678d naa.62004567ba64678d0123456789abcdef; do
	try "a target named $iqn is made" \
		eval 'demo_target $iqn ram1 && mk_portal $iqn 1 127.0.0.1:3260'
	is "$(size_of "iscsi://127.0.0.1:3260/$iqn/0")" $((16 << 20)) "and serves its disk"
done
try "an ACL for a name in lower case is made" mk_acl "$IQN" 1 "${BASE}upper"
try "a LUN is mapped to it" map_lun "$IQN" 1 "${BASE}upper" 0
tpg_attrib "$IQN" 1 generate_node_acls 0
is "$(bounded 15 iscsi-readcapacity16 -i "${BASE}UPPER" -s "iscsi://127.0.0.1:3260/$IQN/0" 2>&1)" \
	$((8 << 20)) "an initiator whose name has capitals is the same one (RFC 3722)"
refused "another is not" iscsi-inq -i "${BASE}upper2" "iscsi://127.0.0.1:3260/$IQN/0"

# Core doesn't free the names of refused ACLs, unless they are short.
long_names()
{
	awk '$1 ~ /^kmalloc.*-256$/ { n += $2 } END { print n }' /proc/slabinfo
}

# No process for each of them.
refuse_many()
{
	! yes "$1" | head -n 4000 | xargs -n 1000 mkdir 2>/dev/null && [ ! -e "$1" ]
}

long=$BASE$(printf 'x%.0s' {1..180})
try "an ACL with a long name is made" mk_acl "$IQN" 1 "$long"
before=$(long_names)
try "4000 more, with a capital, are refused" refuse_many "$(tpg_dir "$IQN")/acls/${long/%x/X}"
after=$(long_names)
ok '[ $((after - before)) -lt 2000 ]' "which leaves no names in memory" ||
	diag "kmalloc-256: $before objects before, $after after"

# As CSI drivers call them.
pvc="pvc-01234567-89ab-cdef-0123-456789abcdef"
dmesg_mark
try "a backstore with a name of 40 characters serves a target" \
	eval 'mk_ramdisk $pvc 8 && quick_target ${BASE}pvc $pvc'
is "$(size_of "iscsi://127.0.0.1:3260/${BASE}pvc/0")" $((8 << 20)) "which has its disk"
ok '! dmesg_since | grep -q WQ_NAME_LEN' "and is not too long for a workqueue's name"

# ---- names in the log ----
# Another stranger each time: a row of refusals is logged once, and five of all a minute.
logged()
{
	strangers=$((strangers + 1))
	! bounded 15 iscsi-inq -i "${BASE}stranger$strangers" "iscsi://127.0.0.1:3260/$1/0" &&
		dmesg_since | grep -q "login of ${BASE}stranger.* at 127.0.0.1:.* to $1 refused, status $2: "
} >/dev/null 2>&1

dmesg_mark
strangers=0
ok "poll 70 logged $IQN 0202" "the log says who is refused, from where, and at which target"
ok "poll 70 logged ${BASE}nowhere 0203" "also where there is no such target"

try "everything is torn down" teardown_all
try "the module unloads" unload_target
ip link del v9

done_testing
