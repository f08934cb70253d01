#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Logout, Async Messages.
. "${VMLIB:?run by tests/vm/lab}"
. "${LAB_SRC:?}/tests/raw/setup.sh"

raw_run logout
