#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# First figures against the in-tree module: kernel initiator, fio and target in
# one VM, a null_blk disk behind both, interleaved rounds. Prints IOPS and the
# median ratio ours/in-tree for each workload. A benchmark, not a test.
#
#   tests/vm/lab run -v -t 1500 tests/bench/first.sh

. "$(dirname "$0")/../vm/vmlib.sh"

ROUNDS=${ROUNDS:-3}
SECONDS_EACH=${SECONDS_EACH:-4}
IQN=iqn.2003-01.org.example:bench
OUT=$(mktemp -d)

# name rw block-size depth
WORK=${WORK:-"read-4k-1 randread 4k 1
read-4k-32 randread 4k 32
write-4k-1 randwrite 4k 1
write-4k-32 randwrite 4k 32
read-64k-16 read 64k 16
write-64k-16 write 64k 16
read-1m-8 read 1m 8
write-1m-8 write 1m 8"}

give_up()
{
	echo "Bail out! $1"
	exit 2
}

iops()
{
	fio --name=b --filename="$1" --rw="$2" --bs="$3" --iodepth="$4" \
		--ioengine=libaio --direct=1 --time_based --runtime="$SECONDS_EACH" \
		--ramp_time=1 --norandommap --randrepeat=0 --output-format=json |
	python3 -c 'import json,sys
j = json.load(sys.stdin)["jobs"][0]
print(round(j["read"]["iops"] + j["write"]["iops"], 1))'
}

one_round()
{
	local disk name rw bs depth

	TARGET=$1
	# past modprobe.d, which maps the in-tree module's name to ours
	modprobe target_core_mod && modprobe -C /dev/null "$(target_module)" &&
		{ [ -d "$CFG/iscsi" ] || mkdir "$CFG/iscsi"; } || give_up "cannot load $(target_module)"
	mk_iblock null /dev/nullb0 && quick_target $IQN null || give_up "no target"
	iscsiadm -m discovery -t st -p 127.0.0.1 >/dev/null &&
		iscsiadm -m node -T $IQN -l >/dev/null || give_up "no login"
	poll 20 session_disk $IQN >/dev/null || give_up "no disk"
	disk=$(session_disk $IQN)
	while read -r name rw bs depth; do
		iops "$disk" "$rw" "$bs" "$depth" >>"$OUT/$TARGET.$name"
		diag "$TARGET $name $(tail -n 1 "$OUT/$TARGET.$name")"
	done <<<"$WORK"
	logout_all
	teardown_all
	unload_target || give_up "cannot unload"
}

modprobe null_blk nr_devices=1 gb=4 queue_mode=2 irqmode=0 || give_up "no null_blk"
start_iscsid || give_up "no iscsid"
for _ in $(seq "$ROUNDS"); do
	one_round ours
	one_round intree
done
python3 - "$OUT" <<'PY'
import os, statistics, sys
d = sys.argv[1]
print("# %-14s %9s %9s %6s  %s" % ("workload", "ours", "in-tree", "ratio", "of each round"))
for n in sorted(f[5:] for f in os.listdir(d) if f.startswith("ours.")):
    a = [float(x) for x in open(f"{d}/ours.{n}")]
    b = [float(x) for x in open(f"{d}/intree.{n}")]
    r = [x / y for x, y in zip(a, b)]
    print("# %-14s %9.0f %9.0f %6.2f  %s" % (n, statistics.median(a), statistics.median(b),
          statistics.median(r), " ".join("%.2f" % x for x in r)))
PY
echo "ok 1 - the benchmark has run"
echo "1..1"
