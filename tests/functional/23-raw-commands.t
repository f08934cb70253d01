#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Particular SCSI commands.
. "${VMLIB:?run by tests/vm/lab}"
. "${LAB_SRC:?}/tests/raw/setup.sh"

raw_run commands
