#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Task attributes amid aborts, on a backend that takes its time.
. "${VMLIB:?run by tests/vm/lab}"
. "${LAB_SRC:?}/tests/raw/setup.sh"

modinfo scsi_debug >/dev/null 2>&1 || skip_all "no scsi_debug in this kernel"
raw_setup && raw_slow_lun || bail_out "cannot set the targets up"
map_lun "$RAW" 1 "${BASE}ini2" 2 || :
# shellcheck disable=SC2086
raw-order ${RAW_CASES-}
status=$?
teardown_all && modprobe -r scsi_debug
exit $status
