#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# How many connections that are not logged in there may be, in all and of one source:
# the oldest silent one goes, never the new one. Documentation/login.rst.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

PORTAL=127.0.0.1:3260
N=120
PARAMS=/sys/module/tcm_iscsi/parameters
REFUSED=/sys/kernel/debug/tcm_iscsi/refused_logins
export RAW_IQN=${BASE}caps

setup()
{
	load_target && mk_ramdisk ram 8 && quick_target "$RAW_IQN" ram $PORTAL &&
		tpg_attrib "$RAW_IQN" 1 login_timeout 30
}

established()
{
	ss -Htn state established "( sport = :3260 )" | wc -l
}

displaced()
{
	sed -n '1s/.*displaced //p' "$REFUSED"
}

# crowd N SOURCES BYTES: so many from so many addresses say so many bytes of a login.
crowd()
{
	rm -f /tmp/crowd
	STORM_N=$1 STORM_SOURCES=$2 STORM_BYTES=$3 STORM_PARALLEL=0 raw-storm silent >/tmp/crowd &
	crowd=$!
	poll 60 grep -q '^# ready' /tmp/crowd
}

disperse()
{
	kill -TERM $crowd
	poll 30 process_ended $crowd
}

# Who says a byte is served by one of several workers, so the order is not exact.
newest_left()
{
	local first

	first=$(sed -n "s/.*left: $1, the first is //p" /tmp/crowd)
	[ "${first:--1}" -le $((N - $1)) ] && [ "$first" -ge $((N - $1 - $2)) ]
}

# cap NAME VALUE SOURCES BYTES [OTHERS]: of N of them the last VALUE stay.
cap()
{
	local before

	before=$(displaced)
	put "$2" "$PARAMS/$1" || return 1
	crowd $N "$3" "$4"
	poll 20 eval "[ \$(established) = $(($2 + ${5:-0})) ]"
	disperse
	[ $(($(displaced) - before)) = $((N - $2)) ] &&
		newest_left "$2" $((10 * $4))
}

told()
{
	diag "$(grep '^#' /tmp/crowd)" "$(head -n 1 "$REFUSED")" "$(established) are left"
}

logs_in()
{
	STORM_N=20 STORM_PARALLEL=5 STORM_SOURCES=5 raw-storm logins >/tmp/logins
}

try "a target is set up" setup
is "$(cd $PARAMS && cat max_silent max_logins max_per_source | paste -sd " ")" "8192 2048 1024" \
	"the caps are what the documentation says"
for value in 3 65537 -1 x ''; do
	ok "! put '$value' $PARAMS/max_silent 2>/dev/null" "a cap of '$value' is refused"
done

exec {other}<>/dev/tcp/127.0.0.1/3260
ok "cap max_per_source 50 1 0 1" "of one source's silent connections the oldest go" || told
ok "cap max_per_source 40 1 1 1" "and of those that have begun to talk" || told
is "$(established)" 1 "another source's connection stays"
ok "crowd 60 1 0 && logs_in" "others log in while one source has all it may have" ||
	diag "$(cat /tmp/logins)"
disperse
put 4 $PARAMS/max_per_source
rm -f /tmp/crowd
STORM_N=40 STORM_PARALLEL=0 STORM_SOURCES=1 raw-storm sit >/tmp/crowd &
crowd=$!
ok "poll 30 grep -q '^# ready' /tmp/crowd && disperse" "sessions do not count" || told
like "$(cat /tmp/crowd)" "in: 40 lost: 0" "one source has forty, one login at a time"
put 10 $PARAMS/max_per_source
rm -f /tmp/crowd
STORM_N=30 raw-storm lurk >/tmp/crowd &
crowd=$!
# the other connection comes from that address, too
ok "poll 60 grep -q '^# ready' /tmp/crowd && poll 30 eval '[ \$(established) = 10 ]'" \
	"discovery sessions do, for anybody may have one" || told
ok "logs_in" "which keeps nobody out" || diag "$(cat /tmp/logins)"
ok '[ "$(ss -Htno state established "( sport = :3260 )" | grep -c timer:.keepalive)" -ge 5 ]' \
	"TCP looks whether they are still there" || diag "$(ss -Htno state established)"
disperse
diag "$(grep left: /tmp/crowd)"
put 1024 $PARAMS/max_per_source
exec {other}>&-
ok 'poll 20 eval "[ \$(established) = 0 ]"' "all have gone"

ok "cap max_silent 60 200 0" "of all silent connections the oldest go" || told
put 8192 $PARAMS/max_silent
ok "cap max_logins 30 200 1" "of all logins under way the oldest go" || told
ok 'poll 20 eval "[ \$(pgrep -c ^tcmi_[0-9]) = 0 ]"' "and their threads"
put 2048 $PARAMS/max_logins
ok "logs_in" "logins work after it" || diag "$(cat /tmp/logins)"
try "everything is torn down" teardown_all
try "the module unloads" unload_target

done_testing
