#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck source-path=SCRIPTDIR source=../vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
plan 2
pass "one"
pass "two"
done_testing
