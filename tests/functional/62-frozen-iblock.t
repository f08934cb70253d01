#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A block device that does not answer, under initiators of all kinds.
. "${VMLIB:?run by tests/vm/lab}"
. "${LAB_SRC:?}/tests/functional/frozen.sh"

frozen_run iblock
