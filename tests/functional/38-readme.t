#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# README.md's example, word for word but for the size: the target as told there, and a
# client.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

IQN=${BASE}disk
PORTAL=127.0.0.1:3260

# The indented lines of the section, from the first name of the target on.
example()
{
	sed -n '/^## On a server/,/^Where the in-tree/p' "$LAB_SRC/README.md" |
		sed -n '/^    T=/,/^$/s/^    //p' | sed 's/10G/100M/'
}

log_in()
{
	node_new "$IQN" $PORTAL && node_chap "$IQN" $PORTAL "$1" "$2" && node_login "$IQN" $PORTAL
}

try "dbus starts" start_dbus
mkdir -p /srv /etc/rtslib-fb-target
example >/tmp/example.sh
is "$(grep -c targetcli /tmp/example.sh)" 7 "README.md has the seven commands"
try "they succeed" bounded 200 bash -e /tmp/example.sh
set_initiator_name "${BASE}client"
try "iscsid starts" start_iscsid
like "$(iscsiadm -m discovery -t sendtargets -p $PORTAL 2>&1)" "$IQN" "the client finds the target"
refused "without the secret it is kept out" log_in alice another-secret
try "with it, it is let in" log_in alice a-secret-of-hers
try "its disk comes" wait_disk 60 "$IQN"
iscsiadm -m node -T "$IQN" -u >/dev/null
try "the configuration is saved, and restored" \
	eval 'targetctl clear && targetctl restore && [ -d "$CFG/iscsi/$IQN/tpgt_1" ]'
try "everything goes, as told for the way back" \
	eval 'targetctl clear && rmdir "$CFG/iscsi"'
try "the module unloads" unload_target

done_testing
