#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Twenty files on a frozen filesystem, deep queues of many sessions: healthy disks,
# files among them, are served as ever.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=frozen.sh
. "${LAB_SRC:?}/tests/functional/frozen.sh"

LUNS=20
SESSIONS=20
DEPTH=60
PATIENCE=$(patience 3000)
PORTAL=127.0.0.1:3260

setup()
{
	local i

	load_target && frozen_fs && mk_ramdisk ram 8 || return 1
	head -c 8M /dev/urandom >/tmp/healthy &&
		mk_fileio healthy /tmp/healthy $((8 << 20)) &&
		quick_target "$LIVE" healthy && mk_lun "$LIVE" 1 1 ram || return 1
	frozen_file file0 8 && mk_fileio frozen0 /tmp/frozen/file0 $((8 << 20)) &&
		quick_target "$DEAD" frozen0 || return 1
	for ((i = 1; i < LUNS; i++)); do
		frozen_file file$i 8 && mk_fileio frozen$i /tmp/frozen/file$i $((8 << 20)) &&
			mk_lun "$DEAD" 1 $i frozen$i || return 1
	done
}

bystanders()
{
	quickly "an initiator discovers ($1)" iscsi-ls -i "${BASE}other" iscsi://$PORTAL/
	quickly "one asks a healthy file what it is ($1)" \
		iscsi-inq -i "${BASE}other" "iscsi://$PORTAL/$LIVE/0"
	quickly "one asks a RAM disk ($1)" iscsi-inq -i "${BASE}other" "iscsi://$PORTAL/$LIVE/1"
	quickly "one reads the RAM disk ($1)" \
		iscsi-md5sum -i "${BASE}other" "iscsi://$PORTAL/$LIVE/1"
	PATIENCE=$(patience 6000) quickly "one reads the healthy file ($1)" \
		iscsi-md5sum -i "${BASE}other" "iscsi://$PORTAL/$LIVE/0"
	quickly "one logs in to the target of the frozen ones ($1)" \
		env RAW_INI="${BASE}new" STORM_N=1 raw-storm logins
}

try "$LUNS files on one disk are set up" setup
bystanders "before"
rm -f /tmp/go /tmp/storm
STORM_N=$SESSIONS STORM_DEPTH=$DEPTH STORM_LUNS=$LUNS STORM_GO=/tmp/go STORM_LIMIT=1000 \
	raw-storm stuck >/tmp/storm 2>&1 &
storm=$!
ok 'poll 60 grep -q "^# ready" /tmp/storm' "$SESSIONS sessions are logged in" ||
	diag "$(cat /tmp/storm)"
try "the disk freezes" freeze
touch /tmp/go
ok 'poll 60 grep -q "^# stuck" /tmp/storm' "$((SESSIONS * DEPTH)) commands are sent" ||
	diag "$(cat /tmp/storm)"
bystanders "at once"
bystanders "and again"
diag "threads in D: $(ps -eo stat=,comm= | grep -c '^D')"
quickly "a session's own ping and another initiator's inquiry of a frozen disk" \
	iscsi-inq -i "${BASE}other" "iscsi://$PORTAL/$DEAD/3"
try "the disk thaws" thaw
kill -TERM $storm
ok "poll 60 process_ended $storm" "the sessions end"
ok 'poll 60 eval "! pgrep ^tcmi_[0-9] >/dev/null"' "and their threads" || diag "$(pgrep -l tcmi_)"
bystanders "after the thaw"
try "everything is torn down, and the module unloads" frozen_end

done_testing
