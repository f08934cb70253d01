#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Writes and Data-Out where core submits from a workqueue, and gets their pages there.
. "${VMLIB:?run by tests/vm/lab}"
. "${LAB_SRC:?}/tests/raw/setup.sh"

raw_setup || bail_out "cannot set the targets up"
for attrib in "$CFG"/core/*/*/attrib; do
	[ -e "$attrib/submit_type" ] || skip_all "this kernel has no choice of submit_type"
	put 2 "$attrib/submit_type" || bail_out "cannot choose it"
done
# shellcheck disable=SC2086
raw-data ${RAW_CASES-}
