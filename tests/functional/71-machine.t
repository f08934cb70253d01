#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What happens to the machine: signals to the threads, CPUs that go and come, clocks
# that jump, processes frozen as for a suspend. Sessions notice none of it.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

PORTAL=127.0.0.1:3260
IQN=${BASE}machine
URL=iscsi://$PORTAL/$IQN/0
CPU1=/sys/devices/system/cpu/cpu1/online
export RAW_IQN=$IQN

# As poll does, but by a clock that nobody sets.
uptime_ms()
{
	local up

	read -r up _ </proc/uptime
	echo $((${up/./} * 10))
}

poll()
{
	local end=$(($(uptime_ms) + $1 * 1000))

	shift
	until "$@"; do
		[ "$(uptime_ms)" -lt $end ] || return 1
		nap
	done
}

threads()
{
	pgrep '^tcmi_[0-9]|^kworker.*tcmi'
}

# reading: a reader without an end; it stops at the first wrong sum or refusal.
reading()
{
	local sum

	while [ ! -e /tmp/stop ]; do
		sum=$(bounded 30 iscsi-md5sum -i "${BASE}reader" "$URL" 2>&1 | cut -c1-32)
		[ "$sum" = "$want" ] || { echo "got $sum" >/tmp/wrong; return 1; }
		echo . >>/tmp/rounds
	done
}

rounds()
{
	cat /tmp/rounds 2>/dev/null | wc -l
}

more_rounds()
{
	[ "$(rounds)" -gt "$1" ] || [ -e /tmp/wrong ]
}

sitting()
{
	[ "$(ss -Htn state established "( sport = :3260 )" | wc -l)" -ge 20 ]
}

# Sessions that left would come back, and say so.
none_lost()
{
	! grep -q '^# back' /tmp/sit
}

rm -f /tmp/disk /tmp/stop /tmp/wrong /tmp/rounds
try "a target is set up" eval 'load_target && mk_fileio disk /tmp/disk $((1 << 20)) &&
	quick_target $IQN disk $PORTAL'
want=$(head -c $((1 << 20)) /dev/zero | md5sum | cut -c1-32)
rm -f /tmp/sit
STORM_N=20 STORM_LIMIT=3000 raw-storm sit >/tmp/sit &
sit=$!
ok 'poll 30 grep -q "^# ready" /tmp/sit' "20 sessions sit there" || diag "$(cat /tmp/sit)"
reading &
reader=$!
ok 'poll 30 more_rounds 1' "a reader reads"

# R22
for signal in INT TERM HUP QUIT USR1 ALRM STOP CONT KILL; do
	# the shell's own: a process for each of them takes minutes on a busy host
	# shellcheck disable=SC2046
	kill -$signal $(threads) 2>/dev/null
done
n=$(rounds)
ok "poll 30 more_rounds $((n + 1)) && [ ! -e /tmp/wrong ]" "after nine signals to each thread the reader goes on"
ok "sitting && none_lost" "and no session has ended" || diag "$(cat /tmp/sit)"

# R80
if [ -w $CPU1 ]; then
	for i in 1 2 3 4 5; do
		put 0 $CPU1 || break
		n=$(rounds)
		poll 10 more_rounds "$n"
		put 1 $CPU1 || break
		n=$(rounds)
		poll 10 more_rounds "$n"
	done
	is "$(cat $CPU1)" 1 "a CPU has gone and come five times"
	n=$(rounds)
	ok "poll 30 more_rounds $((n + 1)) && [ ! -e /tmp/wrong ]" "the reader goes on"
	ok "sitting && none_lost" "no session has ended" || diag "$(cat /tmp/sit)"
	put 0 $CPU1
	ok "STORM_N=20 raw-storm logins >/tmp/logins" "with one CPU others log in"
	put 1 $CPU1
	put 1 $CFG/iscsi/cpus_allowed_list 2>/dev/null
	ok "STORM_N=20 raw-storm logins >/tmp/logins" "with the threads bound to the other one, too"
	put 0-1 $CFG/iscsi/cpus_allowed_list 2>/dev/null
else
	skip 5 "this kernel does not let CPUs go"
fi
for pid in $(threads); do
	taskset -pc 0 "$pid" >/dev/null 2>&1
done
n=$(rounds)
ok "poll 30 more_rounds $((n + 1))" "threads moved to one CPU by taskset work on"

# R81
for step in "1 day" "-2 days" "20 years" "-19 years"; do
	date -s "$(date -d "$step")" >/dev/null
	n=$(rounds)
	ok "poll 30 more_rounds $n && [ ! -e /tmp/wrong ]" "the clock jumps by $step, the reader goes on"
	ok "sitting && none_lost" "and no session has ended" || diag "$(cat /tmp/sit)"
done
tpg_attrib "$IQN" 1 login_timeout 5
rm -f /tmp/silent
STORM_N=5 STORM_BYTES=1 STORM_LIMIT=100 raw-storm silent >/tmp/silent &
silent=$!
poll 60 grep -q '^# ready' /tmp/silent
date -s "$(date -d '-1 day')" >/dev/null
ok "poll 30 process_ended $silent" "a login's deadline does not follow the clock"
like "$(cat /tmp/silent)" "closed: 5" "it comes in time"

# Everything but the suspend itself: user space and freezable threads stop for a second,
# in which the kernel spins: with its usual five a busy host makes that a soft lockup.
if [ -w /sys/power/pm_test ] && put freezer /sys/power/pm_test 2>/dev/null; then
	put 1 /sys/module/suspend/parameters/pm_test_delay
	ok "put freeze /sys/power/state" "the machine gets ready to sleep and wakes up"
	put none /sys/power/pm_test
	n=$(rounds)
	ok "poll 30 more_rounds $((n + 1)) && [ ! -e /tmp/wrong ]" "the reader goes on"
	ok "sitting && none_lost" "no session has ended" || diag "$(cat /tmp/sit)"
else
	skip 3 "this kernel cannot try to suspend"
fi

touch /tmp/stop
ok "poll 40 process_ended $reader" "the reader ends"
ok '[ ! -e /tmp/wrong ]' "all it read was right" || diag "$(cat /tmp/wrong)"
kill -TERM $sit
ok "poll 60 process_ended $sit" "the sessions end"
like "$(cat /tmp/sit)" "in: 20 lost: 0" "and none has been lost"
# shellcheck disable=SC2046
kill -KILL $(threads) 2>/dev/null
try "everything is torn down" teardown_all
try "the module unloads" unload_target

done_testing
