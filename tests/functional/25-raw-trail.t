#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Writes that end before their data have come.
. "${VMLIB:?run by tests/vm/lab}"
. "${LAB_SRC:?}/tests/raw/setup.sh"

raw_run trail
