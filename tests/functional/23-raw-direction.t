#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# CDBs against R, W and the length, on disks that can discard or have protection information.
. "${VMLIB:?run by tests/vm/lab}"
. "${LAB_SRC:?}/tests/raw/setup.sh"

raw_setup && raw_discard_lun && raw_protected_lun || bail_out "cannot set the targets up"
mkdir -p "$(cat $CFG/dbroot)/pr"
# shellcheck disable=SC2086
raw-direction ${RAW_CASES-}
status=$?
rm -f /tmp/disk3
exit $status
