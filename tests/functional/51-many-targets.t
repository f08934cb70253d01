#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# MANY targets: what their number costs, and one SendTargets that has them all.

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

try "a backstore is there" eval "load_target && mk_ramdisk ram 8"
before=$(slabs)
# shellcheck disable=SC2207
took=($("$LAB_SRC/tests/vm/many-targets" make "${BASE}many" $MANY "$(backstore_dir ram)" $PORTAL))
is "$(find $CFG/iscsi -maxdepth 1 -name "${BASE}many*" | wc -l)" "$MANY" "$MANY targets are made"
each=$((($(slabs) - before) * 1024 / MANY))
diag "${took[0]} us for each of the first quarter, ${took[3]} of the last; $each bytes each"
# Were each dearer by what there are already, the last quarter would take seven times as much.
ok "[ ${took[3]:-0} -le $((${took[0]:-0} * 4)) ]" "the last ones take no longer than the first" ||
	diag "${took[*]} us each"

before=$(slabs)
rm -f /tmp/discovered
watch_slabs "$before" >/tmp/most &
watcher=$!
STORM_LIMIT=200 raw-storm discover >/tmp/found
: >/tmp/discovered
wait $watcher
is "$(sed -n 's/^# targets: \([0-9]*\),.*/\1/p' /tmp/found)" "$MANY" "one discovery finds them all"
diag "$(grep '^# targets' /tmp/found), $(cat /tmp/most) KiB at the most"
ok "[ $(cat /tmp/most) -lt $((2048 + MANY)) ]" "with a KiB of memory for each at the most"
gone=$("$LAB_SRC/tests/vm/many-targets" remove "${BASE}many" $MANY "$(backstore_dir ram)" $PORTAL)
is "$(find $CFG/iscsi -maxdepth 1 -name "${BASE}many*" | wc -l)" 0 "and all of them go"
diag "$gone us each, quarter by quarter"
try "everything is torn down" teardown_all
try "the module unloads" unload_target
done_testing
