#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Commands in a slow backend.
. "${VMLIB:?run by tests/vm/lab}"
. "${LAB_SRC:?}/tests/raw/setup.sh"

modinfo scsi_debug >/dev/null 2>&1 || skip_all "no scsi_debug in this kernel"
raw_setup && raw_slow_lun || bail_out "cannot set the targets up"
# shellcheck disable=SC2086
raw-slow ${RAW_CASES-}
status=$?
teardown_all && modprobe -r scsi_debug
exit $status
