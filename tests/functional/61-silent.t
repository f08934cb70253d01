#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Connections that say nothing, or only half of it, delay nobody.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

IQN=${BASE}silent
CLIENT=${BASE}client
SILENT=20
PATIENCE=$(patience 3000)

# open_many N [BYTES]: connections, each says so many bytes of a Login Request.
open_many()
{
	local i fd

	for ((i = 0; i < $1; i++)); do
		exec {fd}<>/dev/tcp/127.0.0.1/3260 || return 1
		fds+=("$fd")
		[ "${2:-0}" = 0 ] || printf '\x43\x87%*s' $(($2 - 2)) '' >&"$fd"
	done
}

close_all()
{
	local fd

	for fd in "${fds[@]}"; do
		exec {fd}>&-
	done
	fds=()
}

established()
{
	ss -Htn state established "( sport = :3260 )" | wc -l
}

fds=()
try "a target is set up" eval 'load_target && mk_ramdisk ram 8 && quick_target $IQN ram'
quickly "an initiator logs in" iscsi-inq -i "$CLIENT" "iscsi://127.0.0.1:3260/$IQN/0"
[ "$TARGET" = ours ] || todo "the in-tree module serves one login after the other"
for bytes in 0 1 47; do
	open_many $SILENT $bytes
	is "$(established)" $SILENT "$SILENT connections are open and have said $bytes bytes"
	quickly "an initiator logs in beside them" \
		iscsi-inq -i "$CLIENT" "iscsi://127.0.0.1:3260/$IQN/0"
	quickly "another discovers" iscsi-ls -i "$CLIENT" iscsi://127.0.0.1:3260/
	close_all
	ok 'poll 20 eval "[ \$(established) = 0 ]"' "they close, and the target with them"
done
tpg_attrib "$IQN" 1 login_timeout 5
open_many $SILENT 1
is "$(established)" $SILENT "$SILENT connections say one byte"
ok 'poll 40 eval "[ \$(established) = 0 ]"' "the target ends them when their time is up"
close_all
todo
quickly "an initiator logs in" iscsi-inq -i "$CLIENT" "iscsi://127.0.0.1:3260/$IQN/0"
open_many 3 20
try "with silent connections there, everything is torn down" teardown_all
try "and the module unloads" unload_target
close_all

done_testing
