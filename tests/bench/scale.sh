# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest: how many logins a second, and what many targets take, for each of
# IMPLS in turn, ROUNDS times. Says lines "IMPLEMENTATION ROUND WHAT VALUE UNIT".
#
#   IMPLS     of ours, intree
#   TARGETS   how many targets with a LUN each

. "${VMLIB:?run by tests/bench/bench}"

IQN=iqn.2003-01.org.example:bench
PORTAL=127.0.0.1:3260
FIGURES=${LAB_OUT:?}/figures
export RAW_IQN=$IQN

figure()
{
	echo "$impl $round $*" | tee -a "$FIGURES" | sed 's/^/# /'
}

# logins NAME PARALLEL N: how many a second, and how long each takes.
logins()
{
	local times ms

	STORM_PARALLEL=$2 STORM_N=$3 STORM_LIMIT=60 raw-storm logins >/tmp/logins
	times=$(sed -n 's/^# logins: [0-9]* \(p50 .*\)/\1/p' /tmp/logins)
	ms=$(sed -n 's/^# all: \([0-9]*\) ms.*/\1/p' /tmp/logins)
	figure "$1" $(($3 * 1000 / ${ms:-60000})) "logins/s, each ${times:-none}"
}

up()
{
	TARGET=$1
	# Past modprobe.d, which maps the in-tree module's name to ours.
	modprobe target_core_mod && modprobe -C /dev/null "$(target_module)" || return 1
	[ -d "$CFG/iscsi" ] || mkdir "$CFG/iscsi" || return 1
	mk_ramdisk ram 16 && quick_target $IQN ram $PORTAL
}

# Each quarter by itself: are the last ones dearer than the first?
targets()
{
	many make
	raw-storm discover >/tmp/found
	figure discovery "$(sed -n 's/^# targets: //p' /tmp/found)"
	many remove
}

many()
{
	figure "targets-$1" "$("$LAB_SRC/tests/vm/many-targets" "$1" $IQN.t "$TARGETS" \
		"$(backstore_dir ram)" $PORTAL)" "us/target, quarter by quarter"
}

: >"$FIGURES"
for ((round = 1; round <= ${ROUNDS:-2}; round++)); do
	for impl in ${IMPLS:-ours intree}; do
		up "$impl" || { echo "Bail out! $impl does not start"; exit 2; }
		logins logins-1 1 300
		logins logins-32 32 1000
		STORM_N=1000 STORM_LIMIT=200 raw-storm silent >/tmp/silent 2>&1 &
		silent=$!
		poll 60 grep -q '^# ready' /tmp/silent
		# each takes the in-tree module many seconds
		[ "$impl" = ours ] && n=300 || n=1
		logins logins-1-beside-1000-silent 1 $n
		kill $silent
		wait $silent 2>/dev/null
		targets
		teardown_all 300 && unload_target
	done
done
echo "ok 1 - the figures are there"
echo "1..1"
