#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck source-path=SCRIPTDIR source=../vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
skip_all "not here"
