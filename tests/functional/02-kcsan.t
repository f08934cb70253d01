#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel with KCSAN sees a data race. Spoils the VM.

# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"

[ "$LAB_KERNEL" = kcsan ] || skip_all "this kernel is not built with KCSAN"
# shellcheck source=plant.sh
. "${LAB_SRC:?}/tests/functional/plant.sh"

is "$(options_missing base kcsan)" "" "every option of kcsan.config is in the running kernel"
try "the module of bugs loads" insmod /usr/local/bin/plant-module || bail_out "no module of bugs"
reports data-race 'KCSAN: data-race in plant_(data_race|racer)' "two writers without a lock are reported"
try "the module unloads" rmmod plant
spoil_vm
done_testing
