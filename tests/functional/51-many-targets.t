#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# MANY targets: what their number costs, and one SendTargets that has them all. Spoils
# the VM: to remove them takes as many grace periods of RCU.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

MANY=${MANY:-400}
PORTAL=127.0.0.1:3260

# KiB; caches dropped first.
slabs()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^(Slab|VmallocUsed):/ { sum += $2 } END { print sum }' /proc/meminfo
}

# A quarter of them, NUMBER in 0..3. Says how many ms that took.
quarter()
{
	local i dir from=$(($1 * MANY / 4)) to=$((($1 + 1) * MANY / 4)) start

	start=$(now_ms)
	for ((i = from; i < to; i++)); do
		dir=$CFG/iscsi/${BASE}many$i
		mkdir "$dir" "$dir/tpgt_1" "$dir/tpgt_1/np/$PORTAL" || return 1
		echo 1 >"$dir/tpgt_1/enable" || return 1
	done
	echo $(($(now_ms) - start))
}

# What a discovery holds at the most while it lasts, above BASE KiB.
watch_slabs()
{
	local now most=0

	until [ -e /tmp/discovered ]; do
		now=$(awk '/^(Slab|VmallocUsed):/ { sum += $2 } END { print sum }' /proc/meminfo)
		[ "$now" -le "$most" ] || most=$now
	done
	echo $((most - $1))
}

try "the module loads" load_target
before=$(slabs)
took=()
for i in 0 1 2 3; do
	took+=("$(quarter $i)")
done
is "$(ls -d $CFG/iscsi/"${BASE}"many* | wc -l)" "$MANY" "$MANY targets are made"
each=$((($(slabs) - before) * 1024 / MANY))
diag "$((took[0] * 4000 / MANY)) us for each of the first quarter, $((took[3] * 4000 / MANY)) of the last;" \
	"$each bytes each"
ok "[ ${took[3]:-0} -le $((${took[0]:-0} * 2 + 500)) ]" "the last ones take no longer than the first" ||
	diag "${took[*]} ms"

before=$(slabs)
rm -f /tmp/discovered
watch_slabs "$before" >/tmp/most &
watcher=$!
start=$(now_ms)
bounded 60 iscsi-ls -i "${BASE}look" iscsi://$PORTAL/ >/tmp/found 2>&1
ms=$(($(now_ms) - start))
: >/tmp/discovered
wait $watcher
is "$(grep -c "^Target:${BASE}many" /tmp/found)" "$MANY" "one discovery finds them all"
diag "in $ms ms, with $(cat /tmp/most) KiB at the most"
ok "[ $ms -lt $((2000 + MANY * 2)) ]" "in bounded time"
ok "[ $(cat /tmp/most) -lt $((2048 + MANY)) ]" "and memory, a KiB for each"
spoil_vm all
done_testing
