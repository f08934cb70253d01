#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A file on a filesystem whose disk does not answer, under initiators of all kinds.
. "${VMLIB:?run by tests/vm/lab}"
. "${LAB_SRC:?}/tests/functional/frozen.sh"

FROZEN_TAS=0 frozen_run fileio
