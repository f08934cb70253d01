#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# "make soak", the part inside the VM. Workers run until the time is over: open-iscsi
# with fio's verify on a block device and on a file, libiscsi, raw PDUs. Meanwhile one
# fault after the other, each chosen by the seed and told in the log.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=../functional/frozen.sh
. "${LAB_SRC:?}/tests/functional/frozen.sh"
# shellcheck source=../functional/lib.sh
. "$LAB_SRC/tests/functional/lib.sh"

MINUTES=${SOAK_MINUTES:-2}
SEED=${SOAK_SEED:-1}
PORTAL=127.0.0.1:3260
FILE=${BASE}file
WILD=${BASE}wild
SIZE=8
RANDOM=$((SEED % 32768))
declare -A faults

setup()
{
	# an initiator's disk waits for as long as its network is away
	put 120 /proc/sys/kernel/hung_task_timeout_secs
	frozen_targets iblock && mk_fileio file /tmp/file.img $((64 << 20)) &&
		quick_target "$FILE" file $PORTAL && mk_ramdisk wild 8 &&
		quick_target "$WILD" wild $PORTAL
}

log_in()
{
	local iqn

	for iqn in "$DEAD" "$FILE"; do
		node_new "$iqn" $PORTAL && node_digests "$iqn" $PORTAL CRC32C,None &&
			node_login "$iqn" $PORTAL || return 1
	done
}

stopped()
{
	[ -e /tmp/stop ]
}

# verifier NAME DISK: writes and reads back, round after round.
verifier()
{
	local n=0

	until stopped; do
		fio --name="$1" --filename="$2" --rw=randwrite --bsrange=4k-64k --size=${SIZE}M \
			--offset=$((n % 3 * SIZE))M --ioengine=libaio --iodepth=16 --direct=1 \
			--verify=crc32c --do_verify=1 --verify_fatal=1 --randseed=$((SEED + n)) \
			>"/tmp/fio.$1" 2>&1 || { cp "/tmp/fio.$1" "/tmp/wrong.$1"; return 1; }
		n=$((n + 1))
		echo $n >"/tmp/rounds.$1"
	done
}

# sums: a client that reads a whole LUN; refusals and resets are part of the game.
sums()
{
	local want sum n=0

	renice -n 5 $BASHPID >/dev/null
	want=$(head -c $((16 << 20)) /dev/zero | md5sum | cut -c1-32)
	until stopped; do
		sum=$(bounded 60 iscsi-md5sum -i "${BASE}sums" "iscsi://$PORTAL/$LIVE/0" 2>/dev/null |
			grep -oE '^[0-9a-f]{32}')
		[ -n "$sum" ] || continue
		[ "$sum" = "$want" ] || { echo "$sum" >/tmp/wrong.sums; return 1; }
		n=$((n + 1))
		echo $n >/tmp/rounds.sums
	done
}

# unruly CASE: raw PDUs at the target that nobody else uses.
unruly()
{
	local n=0

	renice -n 10 $BASHPID >/dev/null
	until stopped; do
		RAW_IQN=$WILD RACES_ROUNDS=10 bounded 120 raw-races "$1" >/dev/null 2>&1
		n=$((n + 1))
		echo $n >"/tmp/rounds.$1"
	done
}

# ---- faults: each undoes itself ----

fault_freeze()
{
	freeze
	poll $((1 + RANDOM % 8)) stopped
	thaw
}

fault_loss()
{
	tc qdisc add dev lo root netem loss $((1 + RANDOM % 4))% delay 1ms 1ms || return 1
	poll $((2 + RANDOM % 6)) stopped
	tc qdisc del dev lo root
}

fault_delay()
{
	tc qdisc add dev lo root netem delay $((20 + RANDOM % 80))ms 10ms reorder 5% || return 1
	poll $((2 + RANDOM % 4)) stopped
	tc qdisc del dev lo root
}

fault_blackhole()
{
	tc qdisc add dev lo root netem loss 100% || return 1
	poll $((1 + RANDOM % 6)) stopped
	tc qdisc del dev lo root
}

fault_reset()
{
	ss -K "( sport = :3260 )" >/dev/null 2>&1
}

fault_disable()
{
	tpg_disable "$WILD"
	tpg_enable "$WILD"
}

fault_acl()
{
	local acl=$CFG/iscsi/$WILD/tpgt_1/acls/${BASE}gone

	mk_acl "$WILD" 1 "${BASE}gone" && map_lun "$WILD" 1 "${BASE}gone" 0
	remove_links "$acl"/lun_* && remove_dirs "$acl"/lun_* && rmdir "$acl"
}

fault_portal()
{
	mk_portal "$WILD" 1 127.0.0.1:3261 &&
		rmdir "$CFG/iscsi/$WILD/tpgt_1/np/127.0.0.1:3261"
}

fault_lun()
{
	mk_lun "$WILD" 1 5 wild && rm "$CFG/iscsi/$WILD/tpgt_1/lun/lun_5/wild" &&
		rmdir "$CFG/iscsi/$WILD/tpgt_1/lun/lun_5"
}

fault_target()
{
	quick_target "${BASE}brief" wild 127.0.0.1:3262 && teardown_target "${BASE}brief"
}

fault_silent()
{
	# they hang up all at once
	RAW_IQN=$WILD STORM_N=200 STORM_BYTES=$((RANDOM % 60)) STORM_LIMIT=60 \
		bounded 3 raw-storm silent >/dev/null 2>&1
	return 0
}

fault_bad()
{
	RAW_IQN=${BASE}nowhere STORM_N=200 STORM_LIMIT=60 bounded 60 raw-storm bad >/dev/null 2>&1
}

fault_storm()
{
	RAW_IQN=$WILD STORM_N=100 STORM_LIMIT=60 bounded 60 raw-storm logins >/dev/null 2>&1
}

fault_discovery()
{
	bounded 30 iscsi-ls -i "${BASE}look" iscsi://$PORTAL/ >/dev/null 2>&1
}

# What nobody has to wait an hour for.
gone_wrong()
{
	[ -n "$(ls /tmp/wrong.* 2>/dev/null)" ] ||
		dmesg | grep -qE 'Oops|KASAN|UBSAN|ODEBUG|BUG:|WARNING:|possible (recursive|circular)|INFO: task'
}

# Only where the kernel can tell. The second scan: what is younger than 5 s doesn't count.
leaks()
{
	local file=/sys/kernel/debug/kmemleak

	[ -e $file ] || return 0
	echo scan >$file
	poll 6 false
	echo scan >$file
	awk '/^unreferenced/ { if (ours) printf "%s", text; text = ""; ours = 0 }
		{ text = text $0 "\n" }
		/tcm_iscsi|target_core/ { ours = 1 }
		END { if (ours) printf "%s", text }' $file
}

# Who waits where, when a fault does not undo itself.
watch_faults()
{
	local last=''

	until stopped; do
		poll 120 stopped && return
		[ "$(cat /tmp/fault 2>/dev/null)" = "$last" ] && break
		last=$(cat /tmp/fault)
	done
	stopped && return
	echo "stuck: $last" >/tmp/wrong.stuck
	echo t >/proc/sysrq-trigger
	dmesg >"$LAB_OUT/stuck.dmesg"
}

FAULTS=(freeze loss delay blackhole reset disable acl portal lun target silent bad storm discovery)

total()
{
	cat "$@" 2>/dev/null | awk '{ n += $1 } END { print n + 0 }'
}

all_ended()
{
	local pid

	for pid in "${workers[@]}"; do
		process_ended "$pid" || return 1
	done
}

try "the targets are set up" setup
set_initiator_name "$INITIATOR"
try "iscsid starts" start_iscsid node.session.timeo.replacement_timeout=600 \
	'node.conn[0].timeo.noop_out_interval=5' 'node.conn[0].timeo.noop_out_timeout=10'
try "open-iscsi logs in" log_in
dead=$(wait_disk 60 "$DEAD" 0)
file=$(wait_disk 60 "$FILE" 0)
ok '[ -b "$dead" ] && [ -b "$file" ]' "and has two disks" || bail_out "no disks"

workers=()
verifier block "$dead" &
workers+=($!)
verifier file "$file" &
workers+=($!)
sums &
workers+=($!)
for one in gone early login abort; do
	unruly $one &
	workers+=($!)
done

watch_faults &
# The host looks at its watch: that of a busy VM may be slow.
end=$((SECONDS + MINUTES * 120))
: >"$LAB_OUT/started"
until [ -e "$LAB_OUT/stop" ] || [ $SECONDS -ge $end ]; do
	fault=${FAULTS[RANDOM % ${#FAULTS[@]}]}
	echo "soak: $fault" >/dev/kmsg
	echo "$SECONDS $fault" >/tmp/fault
	"fault_$fault" 2>>/tmp/faults.err || echo "$fault" >>/tmp/faults.failed
	faults[$fault]=$((${faults[$fault]:-0} + 1))
	poll $((1 + RANDOM % 3)) gone_wrong && break
done
touch /tmp/stop
echo "soak: the end" >/dev/kmsg
ok '! gone_wrong' "the kernel has reported nothing" || diag "$(dmesg | grep -A 30 -m 1 -E 'Oops|KASAN|BUG:|WARNING:|INFO: task')"
ok 'poll 300 all_ended' "all workers come to their end" ||
	diag "$(ps -eo pid=,stat=,wchan=,args= | grep -vE '\[|ps -eo')"
ok '[ -z "$(ls /tmp/wrong.* 2>/dev/null)" ]' "whatever was read was what had been written" ||
	diag "$(cat /tmp/wrong.*)"
for one in block file sums; do
	ok "[ $(total /tmp/rounds.$one) -gt 0 ]" "there were rounds of $one"
done
{
	echo "minutes: $MINUTES, seed $SEED, kernel $(uname -r)"
	echo "rounds of write and verify: $(total /tmp/rounds.block /tmp/rounds.file)," \
		"$(($(total /tmp/rounds.block /tmp/rounds.file) * SIZE)) MiB verified"
	echo "LUNs read and summed up: $(total /tmp/rounds.sums)," \
		"$(($(total /tmp/rounds.sums) * 16)) MiB"
	echo "rounds of raw PDUs: $(total /tmp/rounds.gone /tmp/rounds.early /tmp/rounds.login /tmp/rounds.abort)"
	echo "faults: $(for one in "${!faults[@]}"; do echo "$one ${faults[$one]}"; done | sort | paste -sd, | sed 's/,/, /g')"
	[ ! -s /tmp/faults.failed ] ||
		echo "of these did not work: $(sort /tmp/faults.failed | uniq -c | tr -s ' \n' ' ')"
} >"$LAB_OUT/figures"
diag "$(cat "$LAB_OUT/figures")" "$(sort /tmp/faults.err 2>/dev/null | uniq -c | head -n 10)"
try "open-iscsi logs out" logout_all
ok 'poll 60 eval "! pgrep ^tcmi_[0-9] >/dev/null"' "no session is left" || diag "$(pgrep -l '^tcmi_')"
is "$(leaks | head -n 60)" "" "nothing has leaked"
try "everything is torn down, and the module unloads" frozen_end

done_testing
