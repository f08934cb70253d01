#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Pages that were used before.
. "${VMLIB:?run by tests/vm/lab}"
. "${LAB_SRC:?}/tests/raw/setup.sh"

modinfo scsi_debug >/dev/null 2>&1 || skip_all "no scsi_debug in this kernel"

# stale_lun LUN NAME
stale_lun()
{
	mk_lun "$RAW" 1 "$1" "$2" && map_lun "$RAW" 1 "${BASE}ini" "$1" &&
		map_lun "$RAW" 1 "${BASE}ini2" "$1"
}

# stale_async NAME PATH BYTES: a file that core reads and writes by direct I/O.
stale_async()
{
	modprobe target_core_file && truncate -s "$3" "$2" && new_backstore fileio "$1" &&
		put "fd_dev_name=$2,fd_dev_size=$3,fd_async_io=1" \
			"$(backstore_dir "$1")/control" && enable_backstore "$(backstore_dir "$1")"
}

stale_setup()
{
	local bytes=$((8 << 20))

	mk_nullio null 8 && mk_fileio file /tmp/stale-file $bytes &&
		mk_iblock bad "$(scsi_debug_disk 8)" &&
		stale_lun 2 null && stale_lun 3 file && stale_lun 5 bad || return 1
	# core leaves ki_ioprio of these as kmalloc() gave it, which KASAN reports
	[ -n "${LAB_DEBUG:-}" ] ||
		{ stale_async async /stale-async $bytes && stale_lun 4 async; }
}

raw_setup && stale_setup || bail_out "cannot set the targets up"
# shellcheck disable=SC2086
raw-stale ${RAW_CASES-}
status=$?
teardown_all && modprobe -r scsi_debug
rm -f /tmp/stale-file /stale-async
exit $status
