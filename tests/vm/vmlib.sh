# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Sourced by tests which run in the VM:  . "${VMLIB:?run by tests/vm/lab}"
# TAP helpers, bounded polling, services, and the target set up by raw configfs.

CFG=/sys/kernel/config/target
TARGET=${TARGET:-ours}

# ---- TAP -------------------------------------------------------------------

tap_count=0
tap_failed=0
tap_plan=
tap_todo=

plan()
{
	tap_plan=$1
	echo "1..$1"
}

skip_all()
{
	echo "1..0 # SKIP $*"
	exit 0
}

diag()
{
	printf '%s\n' "$*" | sed 's/^/# /'
}

tap_result()
{
	local status=$1 directive=

	shift
	tap_count=$((tap_count + 1))
	[ -z "$tap_todo" ] || directive=" # TODO $tap_todo"
	if [ "$status" = 0 ]; then
		echo "ok $tap_count - $*$directive"
	else
		echo "not ok $tap_count - $*$directive"
		[ -n "$tap_todo" ] || tap_failed=$((tap_failed + 1))
	fi
	return "$status"
}

pass()
{
	tap_result 0 "$@"
}

fail()
{
	tap_result 1 "$@"
}

# ok CONDITION NAME: a number is an exit status, anything else is evaluated.
ok()
{
	local condition=$1 status

	shift
	case $condition in
	'' | *[!0-9]*)
		eval "$condition"
		status=$?
		;;
	*)
		status=$condition
		;;
	esac
	tap_result "$status" "$@" || {
		diag "failed (status $status): $condition"
		return 1
	}
}

# try NAME COMMAND...: its output is shown when it fails.
try()
{
	local name=$1 output status

	shift
	output=$("$@" 2>&1 </dev/null)
	status=$?
	tap_result "$status" "$name" || {
		diag "status $status: $*"
		diag "$output"
		return 1
	}
}

# refused NAME COMMAND...: the command is expected to fail.
refused()
{
	local name=$1 output

	shift
	if output=$("$@" 2>&1 </dev/null); then
		fail "$name"
		diag "succeeded: $*"
		diag "$output"
		return 1
	fi
	pass "$name"
}

is()
{
	local got=$1 want=$2

	shift 2
	if [ "$got" = "$want" ]; then
		pass "$@"
	else
		fail "$@"
		diag "got:  $got"
		diag "want: $want"
		return 1
	fi
}

isnt()
{
	local got=$1 other=$2

	shift 2
	if [ "$got" != "$other" ]; then
		pass "$@"
	else
		fail "$@"
		diag "got what it must not be: $got"
		return 1
	fi
}

# like GOT REGEX NAME: extended regular expression, as in [[ =~ ]].
like()
{
	local got=$1 regex=$2

	shift 2
	if [[ $got =~ $regex ]]; then
		pass "$@"
	else
		fail "$@"
		diag "got: $got"
		diag "no match for: $regex"
		return 1
	fi
}

# skip N REASON: N cases which cannot be tried here.
skip()
{
	local n=$1

	shift
	while [ "$n" -gt 0 ]; do
		tap_count=$((tap_count + 1))
		echo "ok $tap_count # SKIP $*"
		n=$((n - 1))
	done
}

# todo REASON: what fails from here on is known to; todo without one ends it.
todo()
{
	tap_todo=$*
}

bail_out()
{
	echo "Bail out! $*"
	exit 255
}

done_testing()
{
	[ -n "$tap_plan" ] || echo "1..$tap_count"
	[ "$tap_failed" = 0 ]
	exit
}

# ---- waiting ---------------------------------------------------------------

# A pipe nobody writes to: reading it with a bound waits without a process.
exec {nap_fd}<> <(:)

# What naps have taken too long, in us: the machine stood still, or this processor of it.
stood=0

nap()
{
	local before=${EPOCHREALTIME/./} late

	read -rt 0.05 -u "$nap_fd" || :
	late=$((${EPOCHREALTIME/./} - before - 250000))
	[ $late -le 0 ] || stood=$((stood + late))
}

# poll SECONDS COMMAND...: until COMMAND succeeds, or 1 when time is up. While the machine
# stands still no time goes by.
poll()
{
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000 - stood))

	shift
	until "$@"; do
		[ "${EPOCHREALTIME/./}" -lt $((end + stood)) ] || return 1
		nap
	done
}

# patience MS: how long what waits for nobody may take. The debug kernel is slow.
patience()
{
	[ -z "${LAB_DEBUG:-}" ] && echo "$1" || echo 15000
}

# bounded SECONDS COMMAND...: gives up even on what cannot be killed (124).
bounded()
{
	local limit=$1 pid status

	shift
	"$@" &
	pid=$!
	if poll "$limit" process_ended "$pid"; then
		wait "$pid"
		status=$?
		return $status
	fi
	kill -KILL "$pid" 2>/dev/null
	return 124
}

process_ended()
{
	local stat

	read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
	stat=${stat##*) }
	[ "${stat%% *}" = Z ]
}

now_ms()
{
	echo $((${EPOCHREALTIME/./} / 1000))
}

# quickly NAME COMMAND...: within $PATIENCE ms, without those that the machine stood still.
quickly()
{
	local name=$1 started took status already=$stood

	shift
	started=$(now_ms)
	bounded 60 "$@" >/tmp/quickly 2>&1
	status=$?
	took=$(($(now_ms) - started - (stood - already) / 1000))
	[ $status = 0 ] && [ $took -le "$PATIENCE" ]
	tap_result $? "$name" || diag "status $status after $took ms" "$(tail -n 5 /tmp/quickly)"
}

# ---- the kernel log --------------------------------------------------------

dmesg_mark()
{
	tap_mark="test-mark $$.$EPOCHREALTIME:"
	echo "$tap_mark" >/dev/kmsg
}

dmesg_since()
{
	dmesg | awk -v mark="$tap_mark" 'seen { print } index($0, mark) { seen = 1 }'
}

# ---- modules and services --------------------------------------------------

target_module()
{
	case $TARGET in
	ours) echo tcm_iscsi ;;
	*) echo iscsi_target_mod ;;
	esac
}

module_loaded()
{
	[ -d "/sys/module/$1" ]
}

load_target()
{
	modprobe target_core_mod || return 1
	modprobe "$(target_module)" || return 1
	# For addresses in reports that are read when it has gone (99-leaks.t).
	grep "^$(target_module) " /proc/modules >>/run/modules
	[ -d $CFG/iscsi ] || mkdir $CFG/iscsi || return 1
	# Core refuses registrations when it can't write them down. Tools move the place.
	mkdir -p "$(cat $CFG/dbroot)/pr"
}

# Everything of configfs must be gone before, see teardown_all.
unload_target()
{
	local module

	module=$(target_module)
	module_loaded "$module" || return 0
	[ ! -d $CFG/iscsi ] || bounded 20 rmdir $CFG/iscsi || return 1
	if [ "$module" = iscsi_target_mod ] && ! poll 20 no_intree_threads; then
		echo "a thread of $module does not end" >&2
		return 1
	fi
	bounded 20 rmmod "$module"
}

# The in-tree module may be removed while its connection threads still run,
# and then they crash the kernel. Ours has to wait for its own by itself.
no_intree_threads()
{
	! pgrep '^iscsi_(np|ttx|trx)$' >/dev/null
}

# What targetcli needs of a running system.
start_dbus()
{
	[ ! -S /run/dbus/system_bus_socket ] || return 0
	mkdir -p /run/dbus /run/lock /etc/target/pr /etc/target/alua /var/target
	dbus-daemon --system --fork --nopidfile
	poll 60 test -S /run/dbus/system_bus_socket
}

# start_iscsid [KEY=VALUE]...: settings of iscsid.conf, e.g. for timeouts.
start_iscsid()
{
	local setting key conf=/etc/iscsi/iscsid.conf

	# Nobody here loads drivers by alias as udev would.
	modprobe -a iscsi_tcp sd_mod sg || return 1
	[ -e $conf.lab ] || cp $conf $conf.lab
	cp $conf.lab $conf
	sed -i -e '/^iscsid.startup/d' -e '/^node.startup/d' \
		-e '/^node.session.scan/d' $conf
	printf '%s\n' 'node.startup = manual' 'node.session.scan = auto' >>$conf
	for setting; do
		key=${setting%%=*}
		sed -i "/^${key//./\\.}[ =]/d" $conf
		echo "$key = ${setting#*=}" >>$conf
	done
	grep -qs '^InitiatorName=iqn' /etc/iscsi/initiatorname.iscsi ||
		set_initiator_name "$INITIATOR"
	iscsid_runs && return
	mkdir -p /run/lock/iscsi
	iscsid || return 1
	poll 60 iscsid_runs
}

INITIATOR=iqn.2003-01.org.example:initiator

set_initiator_name()
{
	echo "InitiatorName=$1" >/etc/iscsi/initiatorname.iscsi
}

# Its management socket is abstract, and may outlive what pidof sees of its process.
iscsid_runs()
{
	iscsid_listens && pidof iscsid >/dev/null
}

iscsid_listens()
{
	grep -q 'ISCSIADM_ABSTRACT_NAMESPACE' /proc/net/unix
}

stop_iscsid()
{
	local pid

	if pid=$(pidof iscsid); then
		iscsiadm -k 0 >/dev/null 2>&1
		poll 10 no_iscsid && return
		# shellcheck disable=SC2086
		kill -KILL $pid
	fi
	poll 30 no_iscsid
}

no_iscsid()
{
	! pidof iscsid >/dev/null && ! iscsid_listens
}

# session_disk IQN [LUN]: the block device of a session that is logged in.
session_disk()
{
	local iqn=$1 lun=${2:-0} session disk

	for session in /sys/class/iscsi_session/session*; do
		[ "$(cat "$session/targetname" 2>/dev/null)" = "$iqn" ] || continue
		for disk in "$session"/device/target*/*:*:*:"$lun"/block/*; do
			[ -d "$disk" ] || continue
			echo "/dev/${disk##*/}"
			return
		done
	done
	return 1
}

disk_ready()
{
	local disk

	disk=$(session_disk "$@") && [ -b "$disk" ] &&
		[ "$(blockdev --getsize64 "$disk" 2>/dev/null || echo 0)" != 0 ]
}

# wait_disk SECONDS IQN [LUN]: prints the device when it is there.
wait_disk()
{
	local limit=$1

	shift
	poll "$limit" disk_ready "$@" && session_disk "$@"
}

logout_all()
{
	[ -n "$(ls /sys/class/iscsi_session 2>/dev/null)" ] || return 0
	iscsid_runs || return 1
	bounded 40 iscsiadm -m session -u >/dev/null 2>&1
	[ -z "$(ls /sys/class/iscsi_session 2>/dev/null)" ]
}

# ---- the target by raw configfs --------------------------------------------

# put VALUE FILE: one write(), a refusal is reported with the file's name.
put()
{
	printf '%s\n' "$1" 2>/dev/null >"$2" && return
	echo "refused: '$1' > $2" >&2
	return 1
}

# new_backstore PLUGIN NAME: $backstore. An HBA for each keeps them independent.
new_backstore()
{
	local plugin=$1 name=$2 n=0

	module_loaded target_core_mod || modprobe target_core_mod || return 1
	while [ -d "$CFG/core/${plugin}_$n" ] || ! mkdir "$CFG/core/${plugin}_$n" 2>/dev/null; do
		n=$((n + 1))
		[ "$n" -lt 10000 ] || return 1
	done
	mkdir "$CFG/core/${plugin}_$n/$name" || return 1
	backstore=$CFG/core/${plugin}_$n/$name
}

# backstore_dir NAME: where the backstore NAME is.
backstore_dir()
{
	local dir

	for dir in "$CFG"/core/*_*/"$1"; do
		[ -d "$dir" ] || continue
		echo "$dir"
		return
	done
	echo "no backstore $1" >&2
	return 1
}

enable_backstore()
{
	put "serial-${1##*/}" "$1/wwn/vpd_unit_serial" && put 1 "$1/enable"
}

# mk_ramdisk NAME MB
mk_ramdisk()
{
	local backstore

	new_backstore rd_mcp "$1" &&
		put "rd_pages=$(($2 * 256))" "$backstore/control" &&
		enable_backstore "$backstore"
}

# mk_nullio NAME MB: reads and writes cost and move nothing.
mk_nullio()
{
	local backstore

	new_backstore rd_mcp "$1" &&
		put "rd_pages=$(($2 * 256)),rd_nullio=1" "$backstore/control" &&
		enable_backstore "$backstore"
}

# mk_fileio NAME PATH BYTES
mk_fileio()
{
	local backstore

	modprobe target_core_file || return 1
	[ -e "$2" ] || truncate -s "$3" "$2" || return 1
	new_backstore fileio "$1" &&
		put "fd_dev_name=$2,fd_dev_size=$3" "$backstore/control" &&
		enable_backstore "$backstore"
}

# mk_iblock NAME DEVICE
mk_iblock()
{
	local backstore

	modprobe target_core_iblock || return 1
	new_backstore iblock "$1" &&
		put "udev_path=$(readlink -f "$2")" "$backstore/control" &&
		enable_backstore "$backstore"
}

debug_disks()
{
	local disk

	for disk in /sys/bus/pseudo/drivers/scsi_debug/adapter0/host*/target*/*/block/*; do
		[ -b "/dev/${disk##*/}" ] && echo "/dev/${disk##*/}" && return
	done
	return 1
}

# scsi_debug_disk MB: loads scsi_debug; its disk.
scsi_debug_disk()
{
	modprobe sd_mod && modprobe scsi_debug dev_size_mb="$1" && poll 60 debug_disks >/dev/null &&
		debug_disks
}

# mk_pscsi NAME DEVICE: a SCSI disk's commands pass through core.
mk_pscsi()
{
	local backstore address device=$2

	address=$(basename "$(readlink -f "/sys/block/${2##*/}/device")") || return 1
	modprobe target_core_pscsi || return 1
	# shellcheck disable=SC2086
	set -- "$1" ${address//:/ }
	new_backstore pscsi "$1" &&
		put "scsi_host_id=$2,scsi_channel_id=$3,scsi_target_id=$4,scsi_lun_id=$5" \
			"$backstore/control" && put "$device" "$backstore/udev_path" &&
		enable_backstore "$backstore"
}

# tpg_dir IQN [TPGT]
tpg_dir()
{
	echo "$CFG/iscsi/$1/tpgt_${2:-1}"
}

# mk_target IQN [TPGT]
mk_target()
{
	[ -d "$CFG/iscsi/$1" ] || mkdir "$CFG/iscsi/$1" || return 1
	mkdir "$CFG/iscsi/$1/tpgt_${2:-1}"
}

# mk_portal IQN TPGT ADDRESS:PORT
mk_portal()
{
	mkdir "$CFG/iscsi/$1/tpgt_$2/np/$3"
}

# mk_lun IQN TPGT N BACKSTORE
mk_lun()
{
	local lun=$CFG/iscsi/$1/tpgt_$2/lun/lun_$3 dir

	dir=$(backstore_dir "$4") || return 1
	mkdir "$lun" && ln -s "$dir" "$lun/$4"
}

# mk_acl IQN TPGT INITIATOR
mk_acl()
{
	mkdir "$CFG/iscsi/$1/tpgt_$2/acls/$3"
}

# map_lun IQN TPGT INITIATOR MAPPED [LUN]: LUN of the TPG, the same by default.
map_lun()
{
	local tpg=$CFG/iscsi/$1/tpgt_$2
	local mapped=$tpg/acls/$3/lun_$4

	mkdir "$mapped" && ln -s "$tpg/lun/lun_${5:-$4}" "$mapped/lun_${5:-$4}"
}

# mk_links [TARGET LINK]...: one process for all, a debug kernel takes half a second for each.
mk_links()
{
	# shellcheck disable=SC2016
	perl -e 'while (@ARGV) {
		my ($target, $link) = splice @ARGV, 0, 2;
		symlink $target, $link or die "$link: $!\n";
	}' "$@"
}

# tpg_attrib IQN TPGT NAME VALUE, and the like for parameters.
tpg_attrib()
{
	put "$4" "$CFG/iscsi/$1/tpgt_$2/attrib/$3"
}

tpg_param()
{
	put "$4" "$CFG/iscsi/$1/tpgt_$2/param/$3"
}

tpg_enable()
{
	put 1 "$CFG/iscsi/$1/tpgt_${2:-1}/enable"
}

tpg_disable()
{
	put 0 "$CFG/iscsi/$1/tpgt_${2:-1}/enable"
}

# demo_mode IQN TPGT: everybody may log in and write.
demo_mode()
{
	tpg_attrib "$1" "$2" authentication 0 &&
		tpg_attrib "$1" "$2" generate_node_acls 1 &&
		tpg_attrib "$1" "$2" cache_dynamic_acls 1 &&
		tpg_attrib "$1" "$2" demo_mode_write_protect 0
}

# quick_target IQN BACKSTORE [ADDRESS:PORT]: the usual one, LUN 0, demo mode.
quick_target()
{
	mk_target "$1" 1 && mk_lun "$1" 1 0 "$2" &&
		mk_portal "$1" 1 "${3:-127.0.0.1:3260}" &&
		demo_mode "$1" 1 && tpg_enable "$1" 1
}

# ---- taking it down --------------------------------------------------------

# remove_links DIRECTORY...: symlinks a user made, in each.
remove_links()
{
	local dir link
	local -a links=()

	for dir; do
		for link in "$dir"/*; do
			[ ! -L "$link" ] || links+=("$link")
		done
	done
	[ ${#links[@]} = 0 ] || rm "${links[@]}"
}

# remove_dirs DIRECTORY...: those that are there, in this order.
remove_dirs()
{
	local dir
	local -a dirs=()

	for dir; do
		[ ! -d "$dir" ] || dirs+=("$dir")
	done
	[ ${#dirs[@]} = 0 ] || rmdir "${dirs[@]}"
}

tpg_enabled()
{
	local enabled

	read -r enabled 2>/dev/null <"$1/enable" && [ "$enabled" = 1 ]
}

# teardown_tpg DIRECTORY
teardown_tpg()
{
	local tpg=$1

	! tpg_enabled "$tpg" || put 0 "$tpg/enable" || return 1
	remove_links "$tpg"/acls/*/lun_* "$tpg"/lun/lun_* &&
		remove_dirs "$tpg"/acls/*/lun_* "$tpg"/acls/* "$tpg"/lun/lun_* \
			"$tpg"/np/* "$tpg"
}

teardown_target()
{
	local tpg

	for tpg in "$CFG/iscsi/$1"/tpgt_*; do
		[ ! -d "$tpg" ] || teardown_tpg "$tpg" || return 1
	done
	rmdir "$CFG/iscsi/$1"
}

teardown_backstore()
{
	local alua

	for alua in "$1"/alua/*; do
		case $alua in
		*/default_tg_pt_gp | *'/*') ;;
		*) rmdir "$alua" || return 1 ;;
		esac
	done
	rmdir "$1"
}

teardown_unbounded()
{
	local dir

	for dir in "$CFG"/iscsi/iqn.* "$CFG"/iscsi/eui.* "$CFG"/iscsi/naa.*; do
		[ ! -d "$dir" ] || teardown_target "${dir##*/}" || return 1
	done
	remove_dirs "$CFG/iscsi" || return 1
	for dir in "$CFG"/core/*_*/*/wwn; do
		[ ! -d "$dir" ] || teardown_backstore "${dir%/wwn}" || return 1
	done
	for dir in "$CFG"/core/*_[0-9]*; do
		[ ! -d "$dir" ] || rmdir "$dir" || return 1
	done
}

# Everything under target/iscsi and target/core goes, in the right order.
teardown_all()
{
	[ -d $CFG ] || return 0
	bounded "${1:-150}" teardown_unbounded && return
	echo "teardown failed, still there:" >&2
	find $CFG/iscsi $CFG/core -mindepth 1 -maxdepth 4 -type d 2>/dev/null |
		grep -E '/(iqn|eui|naa)\.[^/]*$|/(tpgt_[0-9]*|core/[^/]*_[0-9]*(/[^/]*)?|(acls|np|lun)/[^/]*)$' >&2
	return 1
}

# user_processes: all but init, iscsid and this one, as "PID COMMAND".
user_processes()
{
	local dir pid command

	for dir in /proc/[0-9]*; do
		pid=${dir#/proc/}
		case $pid in
		1 | "$$" | "$BASHPID") continue ;;
		esac
		# Kernel threads and zombies have no command line.
		IFS= read -r -d '' command 2>/dev/null <"$dir/cmdline" || continue
		[ "${command##*/}" = iscsid ] || echo "$pid $command"
	done
}

no_user_processes()
{
	[ -z "$(user_processes)" ]
}

end_user_processes()
{
	local pid command

	while read -r pid command; do
		kill -KILL "$pid" 2>/dev/null
	done < <(user_processes)
	poll 30 no_user_processes
}

# spoil_vm [all]: the script leaves a VM which is of no use to the next one, and may;
# "all": nothing needs to be taken down either.
spoil_vm()
{
	echo "${1:-}" >/run/spoilt
}

# After every script: whatever this says is a reason for a new VM.
leave_no_trace()
{
	local output bound=60

	! grep -qx all /run/spoilt 2>/dev/null || return 0
	[ "$(nproc)" = "$LAB_CPUS" ] || echo "$(nproc) processors, not $LAB_CPUS"
	if ! end_user_processes; then
		output=$(user_processes)
		echo "processes that cannot be killed: ${output//$'\n'/, }"
	fi
	rm -rf /run/dbus
	logout_all || echo "initiator sessions did not log out"
	stop_iscsid || echo "iscsid did not end"
	# every directory is an RCU grace period, and those are long on a busy debug kernel
	[ -z "${LAB_DEBUG:-}" ] || bound=240
	output=$(teardown_all $bound 2>&1) || echo "$output"
	output=$(unload_target 2>&1) ||
		echo "cannot unload $(target_module): $output"
}
