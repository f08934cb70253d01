#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Initiators which are not told to stop: two hundred sessions of a deleted target
# that try again at once, and a thousand which all come back after a restart.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

REFUSED=/sys/kernel/debug/tcm_iscsi/refused_logins
PORTAL=127.0.0.1:3260
IQN=${BASE}orphans
ORPHANS=200
SECONDS_LONG=${ORPHANS_SECONDS:-20}
# the debug kernel serves a tenth
[ -z "${LAB_DEBUG:-}" ] || { ORPHANS=20 COMEBACK=${COMEBACK:-100}; }
COMEBACK=${COMEBACK:-1000}
export RAW_IQN=$IQN

setup()
{
	load_target && mk_ramdisk ram 8 && quick_target "$IQN" ram $PORTAL &&
		quick_target "${BASE}stays" ram $PORTAL
}

# Jiffies that the kernel has worked, for the client, too.
kernel_cpu()
{
	awk '/^cpu / { print $4 + $7 + $8 }' /proc/stat
}

refused()
{
	sed -n '1s/refused \([0-9]*\).*/\1/p' "$REFUSED"
}

sit()
{
	rm -f /tmp/sit
	STORM_N=$1 STORM_PARALLEL=100 STORM_MS=100 STORM_LIMIT=2000 raw-storm sit >/tmp/sit &
	sit=$!
	poll 120 grep -q '^# ready' /tmp/sit
}

dmesg_mark
try "two targets are set up" setup
ok "STORM_N=$ORPHANS raw-storm logins >/tmp/logins" "$ORPHANS initiators use one" ||
	diag "$(cat /tmp/logins)"
try "that one is deleted" teardown_target "$IQN"

dmesg_mark
STORM_N=$ORPHANS STORM_MS=$((SECONDS_LONG * 1000)) raw-storm retry >/tmp/retry &
storm=$!
# Eight each: from then on the delay is the longest.
poll $SECONDS_LONG eval '[ "$(refused)" -ge $((8 * ORPHANS)) ]'
# the best of three times two seconds: a stall of the host counts as work
busy=999
for i in 1 2 3; do
	before=$(kernel_cpu)
	sleep 2
	now=$(($(kernel_cpu) - before))
	[ $now -ge $busy ] || busy=$now
done
ok "poll 40 process_ended $storm" "these try it again and again"
diag "$(grep '^#' /tmp/retry)" "kernel CPU: $busy of 200 jiffies"
attempts=$(sed -n 's/^# attempts: //p' /tmp/retry)
like "$(cat /tmp/retry)" "status 0203" "they are told that there is no such target"
n=$(dmesg_since | grep -c .)
ok "[ $n -le $((5 * (SECONDS_LONG + 59) / 60 + 1)) ]" "5 lines a minute at most are logged" ||
	diag "$n lines in $SECONDS_LONG s" "$(dmesg_since | tail -n 3)"
# A delay before each further refusal, of 3 s at most: the first few come at once.
ok "[ ${attempts:-99999} -le $((ORPHANS * (SECONDS_LONG / 3 + 12))) ]" \
	"who is refused again and again has to wait for it" || diag "${attempts:-?} attempts"
# 2 % of a CPU; the VM is some fifteen times slower than a machine, on a busy host twice
# that. VMFLAGS=-i tells exactly: 4 jiffies.
most=120
# what its checks take is no measure
[ -z "${LAB_DEBUG:-}" ] || most=400
ok "[ $busy -le $most ]" "and they cost little CPU" ||
	diag "$busy jiffies"
longest=$(sed -n 's/^# longest: \([0-9]*\) ms/\1/p' /tmp/retry)
ok "[ ${longest:-0} -ge 2500 ] && [ ${longest:-9999} -le 4500 ]" "for three seconds at most" ||
	diag "${longest:-?} ms"
is "$(awk -v iqn="$IQN" '$2 == "0203" && $3 > 5 && $6 == iqn' "$REFUSED" | wc -l)" \
	$ORPHANS "the table has a line for each of them"
ok "RAW_IQN=${BASE}stays STORM_N=20 raw-storm logins >/tmp/logins" "others log in" ||
	diag "$(cat /tmp/logins)"
try "the target is made again" quick_target "$IQN" ram $PORTAL
ok "STORM_N=$ORPHANS STORM_PARALLEL=50 raw-storm logins >/tmp/logins" "and all get in at once" ||
	diag "$(cat /tmp/logins)"
diag "$(grep '^# logins' /tmp/logins)"
try "it is deleted once more" teardown_target "$IQN"
# Three at once, then after 0.2 and 0.4 s; were the first ones late, too, it would be three in all.
STORM_N=5 STORM_MS=1000 raw-storm retry >/tmp/retry
attempts=$(sed -n 's/^# attempts: //p' /tmp/retry)
ok "[ ${attempts:-0} -ge $((5 * 5)) ]" "who has been in is told so at once, three times" ||
	diag "$(cat /tmp/retry)"
try "and made again" quick_target "$IQN" ram $PORTAL

ok "sit $COMEBACK" "$COMEBACK initiators are logged in" || diag "$(cat /tmp/sit)"
try "the target is torn down under them" teardown_all 120
try "the module unloads" unload_target
started=$(now_ms)
try "all is set up again" setup
ok "poll 60 grep -q '^# back: $COMEBACK' /tmp/sit" "all $COMEBACK are back" || diag "$(tail -n 5 /tmp/sit)"
took=$(($(now_ms) - started))
ok "[ $took -le 20000 ]" "within seconds" || diag "$took ms"
diag "$(grep '^# back' /tmp/sit), $took ms after the start of the set-up"
kill -TERM $sit
ok "poll 30 process_ended $sit" "they go"
try "everything is torn down" teardown_all 120
try "the module unloads" unload_target

done_testing
