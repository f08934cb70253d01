#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# NOP-Out and NOP-In.
. "${VMLIB:?run by tests/vm/lab}"
. "${LAB_SRC:?}/tests/raw/setup.sh"

raw_run nop
