#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Mutated conversations over TCP. NETFUZZ has arguments of the program (main.c).
. "${VMLIB:?run by tests/vm/lab}"
. "${LAB_SRC:?}/tests/raw/setup.sh"

# LUN 3 has a backend which submits in a workqueue; what looks after the target's health
# has a disk of its own.
fuzz_setup()
{
	local name

	raw_setup && mk_fileio disk3 /dev/shm/disk3 8388608 &&
		mk_lun "$RAW" 1 3 disk3 || return 1
	for name in ini ini2 chap few; do
		map_lun "$RAW" 1 "$BASE$name" 3 || return 1
	done
	mk_ramdisk health 8 && mk_target "${BASE}health" 1 &&
		mk_lun "${BASE}health" 1 0 health &&
		mk_portal "${BASE}health" 1 127.0.0.1:3260 && demo_mode "${BASE}health" 1 &&
		tpg_enable "${BASE}health" 1
}

fuzz_setup || bail_out "cannot set the targets up"
# shellcheck disable=SC2086
exec netfuzz ${NETFUZZ:--s 1 -n 5 -t 10}
