#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Which module is loaded: this one under the other's name, never both, and the
# way back.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"

[ "$TARGET" = ours ] || skip_all "it is about the other module"

# The in-tree module by its own name, without modprobe.d.
modprobe_intree()
{
	modprobe -C /dev/null iscsi_target_mod
}

conf=$(find /lib/modprobe.d /usr/lib/modprobe.d -name tcm_iscsi.conf 2>/dev/null | head -n 1)
ok '[ -f "$conf" ]' "the modprobe.d file is installed"
try "modprobe iscsi_target_mod succeeds, as rtslib and the core do it" modprobe iscsi_target_mod
ok 'module_loaded tcm_iscsi && ! module_loaded iscsi_target_mod' "and loads tcm_iscsi"
dmesg_mark
refused "the in-tree module cannot be loaded beside it" modprobe_intree
like "$(dmesg_since)" "iscsi_target_mod: exports duplicate symbol" "the kernel log says why"
refused "nor can a module that depends on it be" modprobe ib_isert
ok '! module_loaded iscsi_target_mod' "it is not loaded"
try "tcm_iscsi unloads" rmmod tcm_iscsi

try "mkdir target/iscsi succeeds" eval 'modprobe target_core_mod && mkdir $CFG/iscsi'
ok 'module_loaded tcm_iscsi && ! module_loaded iscsi_target_mod' "and makes the core load tcm_iscsi"
refused "it cannot be unloaded while the directory is there" rmmod tcm_iscsi
try "it is removed" rmdir $CFG/iscsi
try "then it can be unloaded" rmmod tcm_iscsi

try "the in-tree module is loaded first" modprobe_intree
dmesg_mark
refused "tcm_iscsi cannot be loaded beside it" modprobe tcm_iscsi
like "$(dmesg_since)" "tcm_iscsi: exports duplicate symbol" "the kernel log says why"
try "the in-tree module unloads" rmmod iscsi_target_mod

mv "$conf" /tmp/ && sync
try "without the modprobe.d file iscsi_target_mod is loaded" modprobe iscsi_target_mod
ok 'module_loaded iscsi_target_mod && ! module_loaded tcm_iscsi' "and is the in-tree module"
try "it unloads" rmmod iscsi_target_mod
mv /tmp/tcm_iscsi.conf "$conf"

done_testing
