#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Commands which a connection had received, but not begun, when it ended.
. "${VMLIB:?run by tests/vm/lab}"
. "${LAB_SRC:?}/tests/raw/setup.sh"

NULLB=/sys/kernel/config/nullb/nullb0

# One command at a time, 1.5 s each: who has the next one sleeps.
slow_disk()
{
	modprobe null_blk nr_devices=0 && mkdir $NULLB || return 1
	put 64 $NULLB/size && put 512 $NULLB/blocksize && put 2 $NULLB/irqmode &&
		put 1500000000 $NULLB/completion_nsec && put 1 $NULLB/submit_queues &&
		put 1 $NULLB/hw_queue_depth && put 1 $NULLB/power || return 1
	poll 10 test -b /dev/nullb0 && put none /sys/block/nullb0/queue/scheduler
}

modinfo null_blk >/dev/null 2>&1 || skip_all "this kernel has no null_blk"
raw_setup && slow_disk && mk_iblock disk2 /dev/nullb0 && mk_lun "$RAW" 1 2 disk2 &&
	map_lun "$RAW" 1 "${BASE}ini" 2 && map_lun "$RAW" 1 "${BASE}ini2" 2 ||
	bail_out "cannot set the targets up"
# shellcheck disable=SC2086
raw-late ${RAW_CASES-}
status=$?
teardown_all && put 0 $NULLB/power && rmdir $NULLB && modprobe -r null_blk || status=1
exit $status
