#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Initiators which ask for much and read none of it: their windows stay shut, and
# the target's ping stays unanswered. DEAF_SECONDS is how long where it does not ping.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

DEAF=20
DEAF_SECONDS=${DEAF_SECONDS:-5}
PORTAL=127.0.0.1:3260
export RAW_IQN=${BASE}deaf

setup()
{
	local acl i

	load_target && mk_ramdisk ram 8 && quick_target "$RAW_IQN" ram $PORTAL || return 1
	for ((i = 0; i < DEAF; i++)); do
		acl=$(tpg_dir "$RAW_IQN" 1)/acls/${BASE}storm$i
		mk_acl "$RAW_IQN" 1 "${BASE}storm$i" && map_lun "$RAW_IQN" 1 "${BASE}storm$i" 0 &&
			put 5 "$acl/attrib/nopin_timeout" &&
			put 5 "$acl/attrib/nopin_response_timeout" || return 1
	done
}

pings()
{
	local acl

	for acl in "$(tpg_dir "$RAW_IQN" 1)"/acls/*; do
		put "$1" "$acl/attrib/nopin_timeout" || return 1
	done
}

established()
{
	ss -Htn state established "( sport = :3260 )" | wc -l
}

# Bytes that TCP holds for them.
unsent()
{
	ss -Htn state established "( sport = :3260 )" | awk '{ sum += $2 } END { print sum + 0 }'
}

# settled: what TCP holds for them, $held, has not grown for three seconds. On a busy host it
# grows for some time after they have said that they are ready.
settled()
{
	local before i

	before=$(unsent)
	for i in 1 2 3; do
		poll 1 false
		held=$(unsent)
		[ "$held" -le "$before" ] || return 1
	done
}

# deaf BYTES WHO: closed when their time is up.
deaf()
{
	rm -f /tmp/deaf
	STORM_N=$DEAF STORM_DEPTH=32 STORM_BYTES=$1 STORM_LIMIT=600 raw-storm deaf >/tmp/deaf &
	deaf=$!
	ok "poll 60 grep -q '^# ready' /tmp/deaf" "$DEAF sessions $2" || diag "$(cat /tmp/deaf)"
	ok '[ "$(unsent)" -gt 0 ]' "their windows are shut"
	ok "STORM_N=20 STORM_PARALLEL=5 raw-storm logins >/tmp/logins" \
		"others log in beside them" || diag "$(cat /tmp/logins)"
	ok 'poll 40 eval "[ \$(established) = 0 ]"' "they are closed when their time is up" ||
		diag "$(established) are left"
	ok 'poll 20 eval "[ \$(pgrep -c ^tcmi_[0-9]) = 0 ]"' "and leave no thread"
	kill -TERM $deaf
	ok "poll 20 process_ended $deaf" "the initiators end"
}

# KiB of memory that nobody has.
available()
{
	awk '/^MemAvailable:/ { print $2 }' /proc/meminfo
}

# A page for each Reject would be TCP's, which counts its 48 bytes.
rejects()
{
	local before

	STORM_N=$DEAF STORM_LIMIT=300 raw-storm unread >/tmp/unread &
	unread=$!
	poll 10 grep -q . /tmp/unread
	before=$(available)
	ok "poll 200 grep -q '^# ready' /tmp/unread" "$DEAF discovery sessions are rejected and read nothing" ||
		diag "$(cat /tmp/unread)"
	used=$((before - $(available)))
	diag "they cost $used KiB"
	ok "[ $used -lt $((DEAF * 4096)) ]" "they take less than 4 MiB each"
	kill -TERM $unread
	ok "poll 20 process_ended $unread" "the initiators end"
}

try "a target is set up" setup
rejects
deaf 0 "ask for 8 MiB each, read nothing and say nothing"
deaf 1 "ask for as much, read nothing and go on talking"
# Without pings nobody closes them: what they cost is bounded, and they may hear again.
try "the pings are switched off" pings 0
rm -f /tmp/deaf
STORM_N=$DEAF STORM_DEPTH=32 STORM_WAKE=1 STORM_LIMIT=$((DEAF_SECONDS + 600)) raw-storm deaf >/tmp/deaf &
deaf=$!
ok "poll 60 grep -q '^# ready' /tmp/deaf" "$DEAF sessions read nothing for $DEAF_SECONDS s" ||
	diag "$(cat /tmp/deaf)"
ok "poll 90 settled" "their windows are shut"
SECONDS=0
ok "poll $((DEAF_SECONDS + 30)) eval '[ \$SECONDS -ge $DEAF_SECONDS ]'" "their time passes"
is "$(established)" "$DEAF" "they are still there"
diag "$held bytes in their send queues at first, $(unsent) at last"
ok "[ $(unsent) -le $((held + (1 << 20))) ]" "TCP holds no more for them than at first"
ok "STORM_N=20 STORM_PARALLEL=5 raw-storm logins >/tmp/logins" "others log in beside them" ||
	diag "$(cat /tmp/logins)"
kill -TERM $deaf
ok "poll 300 process_ended $deaf" "then they read"
like "$(cat /tmp/deaf)" "heard: $((DEAF * 32))" "all that they had asked for" || diag "$(tail -n 5 /tmp/deaf)"
ok 'poll 20 eval "[ \$(pgrep -c ^tcmi_[0-9]) = 0 ]"' "and leave no thread"
try "everything is torn down" teardown_all
try "the module unloads" unload_target

done_testing
