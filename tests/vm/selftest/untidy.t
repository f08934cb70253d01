#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Leaves everything standing, a session included: the lab sweeps it.
# shellcheck source-path=SCRIPTDIR source=../vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
IQN=iqn.2003-01.org.example:untidy
try "the target is there" load_target
try "it has a disk" mk_ramdisk ram 16
try "it listens" quick_target "$IQN" ram
try "a second portal group" mk_target "$IQN" 2
try "an ACL" mk_acl "$IQN" 2 "$INITIATOR"
try "a LUN" mk_lun "$IQN" 2 5 ram
try "a mapped LUN" map_lun "$IQN" 2 "$INITIATOR" 0 5
try "the daemon" start_iscsid
try "discovery" iscsiadm -m discovery -t st -p 127.0.0.1
try "login" iscsiadm -m node -T "$IQN" -p 127.0.0.1 -l
done_testing
