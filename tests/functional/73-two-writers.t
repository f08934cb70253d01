#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Several processes configure the same things at the same time, others log in and
# read every file. WRITERS_SECONDS says for how long.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

PORTAL=127.0.0.1:3260
IQN=${BASE}writers
LONG=${WRITERS_SECONDS:-6}
export RAW_IQN=$IQN

# configfs lets go of a directory while it looks up what a link in it shall point
# to; its rmdir in that moment has core follow a NULL pointer, under any fabric
# (Documentation/compat.rst). So these two take turns, and nothing else does.
ln()
{
	flock /tmp/links ln "$@"
}

rmdir()
{
	flock -s /tmp/links rmdir "$@"
}

# until_stop NAME FUNCTION: again and again, whatever it says, counting.
until_stop()
{
	local n=0

	while [ ! -e /tmp/stop ]; do
		"$2" >/dev/null 2>&1
		n=$((n + 1))
	done
	echo "$n" >"/tmp/n.$1"
}

# R18: both make and remove the same target, portal, ACL
whole_target()
{
	quick_target "${IQN}x" ram 127.0.0.1:3261
	mk_acl "${IQN}x" 1 "${BASE}a"
	map_lun "${IQN}x" 1 "${BASE}a" 0
	teardown_target "${IQN}x"
}

# R19, R90
one_acl()
{
	mk_acl "$IQN" 1 "${BASE}storm1" && map_lun "$IQN" 1 "${BASE}storm1" 0
	remove_links "$CFG/iscsi/$IQN/tpgt_1/acls/${BASE}storm1"/lun_*
	remove_dirs "$CFG/iscsi/$IQN/tpgt_1/acls/${BASE}storm1"/lun_*
	rmdir "$CFG/iscsi/$IQN/tpgt_1/acls/${BASE}storm1"
}

# R83
portals()
{
	local i

	for i in 1 2 3 4 5; do
		mkdir "$CFG/iscsi/$IQN/tpgt_1/np/127.0.0.$i:3263"
	done
	for i in 5 4 3 2 1; do
		rmdir "$CFG/iscsi/$IQN/tpgt_1/np/127.0.0.$i:3263"
	done
}

# R16
flap()
{
	tpg_disable "$IQN"
	tpg_enable "$IQN"
}

# R20
lun()
{
	mk_lun "$IQN" 1 1 ram
	rm "$CFG/iscsi/$IQN/tpgt_1/lun/lun_1/ram"
	rmdir "$CFG/iscsi/$IQN/tpgt_1/lun/lun_1"
}

# R87: what nobody would write, then what stood there
junk()
{
	local file old value

	for file in "$CFG/iscsi/$IQN"/tpgt_1/{attrib,param,auth}/*; do
		old=$(cat "$file")
		for value in 4294967296 -1 '' x "$(printf '%0500d' 0)" $'\377\376' Yes,No 0x7fffffff; do
			printf %s "$value" >"$file"
		done
		echo "$old" >"$file"
	done
}

# R86
readers()
{
	find "$CFG/iscsi" -type f -readable -exec cat {} + >/dev/null
}

logins()
{
	STORM_N=40 STORM_PARALLEL=20 STORM_LIMIT=20 raw-storm logins
}

discoveries()
{
	bounded 20 iscsi-ls -i "${BASE}d" iscsi://$PORTAL/
}

no_threads()
{
	! pgrep '^tcmi_[0-9]' >/dev/null
}

ended()
{
	local pid

	for pid; do
		process_ended "$pid" || return 1
	done
}

# together NAME FUNCTION...: each in a process of its own.
together()
{
	local name=$1 i=0 one
	local -a pids=()

	shift
	rm -f /tmp/stop /tmp/n.*
	for one; do
		until_stop "$i.$one" "$one" &
		pids+=($!)
		i=$((i + 1))
	done
	poll "$LONG" false
	touch /tmp/stop
	ok "poll 240 ended ${pids[*]}" "$name: nobody is stuck" ||
		diag "$(for one in "${pids[@]}"; do cat /proc/"$one"/stack 2>/dev/null; done)"
	diag "$(grep -H . /tmp/n.* | tr '\n' ' ')"
	ok 'poll 60 no_threads' "$name: no connection is left" || diag "$(pgrep -l '^tcmi_')"
}

try "a target is set up" eval 'load_target && mk_ramdisk ram 8 && quick_target $IQN ram $PORTAL'
together "two make and remove the same target" whole_target whole_target readers
together "two make and remove the same ACL amid logins" one_acl one_acl logins
together "two make and remove the same portals amid discoveries" portals portals discoveries
together "disabled and enabled amid logins" flap logins logins
together "two make and remove a LUN amid logins" lun lun logins readers
together "nonsense in every attribute, twice, amid logins" junk junk logins readers
rmdir "$CFG/iscsi/$IQN/tpgt_1/acls/"* 2>/dev/null
tpg_disable "$IQN"
try "the target is torn down" teardown_target "$IQN"
try "it is made again" quick_target "$IQN" ram $PORTAL
try "and works" env STORM_N=20 raw-storm logins
together "all of it at once" whole_target whole_target one_acl portals flap lun readers logins discoveries
try "everything is torn down" teardown_all 120
try "the module unloads" unload_target

done_testing
