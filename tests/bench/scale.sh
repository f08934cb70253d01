# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest: what grows with the number of logins, targets and LUNs, for each of
# IMPLS in turn, ROUNDS times. Says lines "IMPLEMENTATION ROUND WHAT VALUE UNIT".
#
#   IMPLS     of ours, intree
#   TARGETS   how many targets with a LUN each
#   LUNS      how many LUNs of one target

. "${VMLIB:?run by tests/bench/bench}"

IQN=iqn.2003-01.org.example:bench
PORTAL=127.0.0.1:3260
FIGURES=${LAB_OUT:?}/figures
export RAW_IQN=$IQN

figure()
{
	echo "$impl $round $*" | tee -a "$FIGURES" | sed 's/^/# /'
}

# storm PARALLEL N: what raw-storm says of as many logins, at a time as many.
storm()
{
	STORM_PARALLEL=$1 STORM_N=$2 STORM_LIMIT=200 raw-storm logins
}

milliseconds()
{
	sed -n 's/^# all: \([0-9]*\) ms.*/\1/p'
}

logins()
{
	local name=$1 parallel=$2 n=$3 ms

	ms=$(storm "$parallel" "$n" | milliseconds)
	[ -z "$ms" ] || figure "$name" $((n * 1000 / (ms ? ms : 1))) "logins/s"
}

now_ms()
{
	echo $((${EPOCHREALTIME/./} / 1000))
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
	local i quarter start part=$((TARGETS / 4))

	for quarter in 1 2 3 4; do
		start=$(now_ms)
		for ((i = (quarter - 1) * part; i < quarter * part; i++)); do
			quick_target "$IQN.t$i" ram $PORTAL || return 1
		done
		figure "targets-quarter-$quarter" $((($(now_ms) - start) * 1000 / part)) "us/target"
	done
	start=$(now_ms)
	i=$(bounded 60 iscsi-ls -i "$IQN.client" iscsi://$PORTAL/ | grep -c "^Target:")
	figure discovery $(($(now_ms) - start)) "ms for $i targets"
	start=$(now_ms)
	for ((i = 0; i < 4 * part; i++)); do
		teardown_target "$IQN.t$i"
	done
	figure targets-removed $((($(now_ms) - start) * 1000 / (4 * part))) "us/target"
}

# The same LUN's reads, with few and with many LUNs beside it.
luns()
{
	local i

	reads luns-1
	for ((i = 1; i < LUNS; i++)); do
		mk_lun $IQN 1 $i ram || return 1
	done
	reads "luns-$LUNS"
}

reads()
{
	figure "$1" "$(bench-load -a 127.0.0.1 -t $IQN -w read -b 4k -d 32 -r 8 -T 3 -W 1 |
		sed -n 's/.*iops=\([0-9]*\).*/\1/p')" IOPS
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
		[ "$impl" = ours ] && n=300 || n=2
		logins logins-1-beside-1000-silent 1 $n
		kill $silent
		wait $silent 2>/dev/null
		luns
		teardown_target $IQN
		quick_target $IQN ram $PORTAL && targets
		teardown_all 300 && unload_target
	done
done
echo "ok 1 - the figures are there"
echo "1..1"
