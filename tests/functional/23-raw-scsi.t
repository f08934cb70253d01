#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# SCSI commands.
. "${VMLIB:?run by tests/vm/lab}"
. "${LAB_SRC:?}/tests/raw/setup.sh"

dmesg_mark
raw_run scsi
status=$?
# core would log each of the 12,000 that "commands for no LUN" sends
lines=$(dmesg_since | grep -c 'NON_EXISTENT_LUN\|WRITE_PROTECTED\|exceeds last lba')
if [ "$lines" -ge 200 ]; then
	echo "# $lines lines of refused commands in the log"
	status=1
fi
exit $status
