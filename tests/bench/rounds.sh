# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest (a VM, or User Mode Linux): every implementation in turn,
# ROUNDS times, each with all of WORK. What bench-load prints goes to the file
# "figures" as lines "IMPLEMENTATION ROUND WORKLOAD KEY=VALUE...".
#
#   IMPLS     of ours, intree, nvmet, tgt, null
#   BACKEND   null_blk, brd, rd_mcp, fileio
#   WORK      lines "NAME OPTION..." with the options of bench-load; "luns=N" before them
#             first makes more LUNs, until there are N
#   NETEM     what "tc" is to do to everything on the loopback device
#   PARAMS    "KEY=VALUE..." for param/ of both iSCSI targets in the kernel

. "${VMLIB:?run by tests/bench/bench}"

IQN=iqn.2003-01.org.example:bench
FIGURES=${LAB_OUT:?}/figures
BACKEND=${BACKEND:-null_blk}
ROUNDS=${ROUNDS:-1}
DEPTH_MAX=256

give_up()
{
	echo "Bail out! $1"
	exit 2
}

# The block device, or file, behind every implementation.
backend_up()
{
	case $BACKEND in
	null_blk)
		# Completes in the context of the submitter.
		modprobe null_blk nr_devices=1 gb=4 queue_mode=2 irqmode=0 &&
			backend_path=/dev/nullb0
		;;
	brd)
		modprobe brd rd_nr=1 rd_size=524288 && backend_path=/dev/ram0
		;;
	fileio)
		backend_path=/dev/shm/bench.img
		[ -e "$backend_path" ] || truncate -s 512M "$backend_path"
		;;
	rd_mcp)
		backend_path=
		;;
	*)
		give_up "unknown backend $BACKEND"
		;;
	esac
}

mk_backstore()
{
	case $BACKEND in
	rd_mcp) mk_ramdisk disk 300 ;;
	fileio) mk_fileio disk "$backend_path" $((512 << 20)) ;;
	*) mk_iblock disk "$backend_path" ;;
	esac
}

# The deepest queue of the workloads has to fit; else all is as it comes.
lio_params()
{
	local param

	tpg_attrib $IQN 1 default_cmdsn_depth $DEPTH_MAX || return 1
	for param in ${PARAMS:-}; do
		tpg_param $IQN 1 "${param%%=*}" "${param#*=}" || return 1
	done
}

lio_up()
{
	TARGET=$1
	# Past modprobe.d, which maps the in-tree module's name to ours.
	modprobe target_core_mod && modprobe -C /dev/null "$(target_module)" || return 1
	[ -d "$CFG/iscsi" ] || mkdir "$CFG/iscsi" || return 1
	mk_backstore && mk_target $IQN 1 && mk_lun $IQN 1 0 disk &&
		mk_portal $IQN 1 127.0.0.1:3260 && demo_mode $IQN 1 && lio_params &&
		tpg_enable $IQN 1
}

# more_luns N: the iSCSI target of the kernel has N, all of the same backstore.
more_luns()
{
	while [ "$luns" -lt "$1" ]; do
		mk_lun $IQN 1 "$luns" disk || return 1
		luns=$((luns + 1))
	done
}

lio_down()
{
	teardown_all && unload_target
}

NVMET=/sys/kernel/config/nvmet
NQN=nqn.2014-08.org.example:bench

nvmet_up()
{
	[ -n "$backend_path" ] || return 1
	modprobe -a nvmet nvmet-tcp || return 1
	mkdir $NVMET/subsystems/$NQN $NVMET/subsystems/$NQN/namespaces/1 $NVMET/ports/1 &&
		put 1 $NVMET/subsystems/$NQN/attr_allow_any_host &&
		put "$backend_path" $NVMET/subsystems/$NQN/namespaces/1/device_path &&
		put 1 $NVMET/subsystems/$NQN/namespaces/1/enable &&
		put tcp $NVMET/ports/1/addr_trtype && put ipv4 $NVMET/ports/1/addr_adrfam &&
		put 127.0.0.1 $NVMET/ports/1/addr_traddr &&
		put 4420 $NVMET/ports/1/addr_trsvcid &&
		ln -s $NVMET/subsystems/$NQN $NVMET/ports/1/subsystems/$NQN
}

nvmet_down()
{
	rm $NVMET/ports/1/subsystems/$NQN && rmdir $NVMET/ports/1 &&
		put 0 $NVMET/subsystems/$NQN/namespaces/1/enable &&
		rmdir $NVMET/subsystems/$NQN/namespaces/1 &&
		rmdir $NVMET/subsystems/$NQN && modprobe -r nvmet-tcp
}

tgt_up()
{
	[ -n "$backend_path" ] || return 1
	command -v tgtd >/dev/null || return 1
	mkdir -p /var/run
	tgtd -f >/dev/null 2>&1 &
	tgt_pid=$!
	poll 10 tgtadm --mode system --op show >/dev/null 2>&1 || return 1
	tgtadm --lld iscsi --mode target --op new --tid 1 --targetname $IQN &&
		tgtadm --lld iscsi --mode logicalunit --op new --tid 1 --lun 1 \
			--backing-store "$backend_path" &&
		tgtadm --lld iscsi --mode target --op bind --tid 1 --initiator-address ALL
}

tgt_down()
{
	tgtadm --lld iscsi --mode target --op delete --force --tid 1
	tgtadm --mode system --op delete
	poll 10 process_ended "$tgt_pid" || kill "$tgt_pid"
	wait "$tgt_pid" 2>/dev/null
	return 0
}

impl_up()
{
	case $1 in
	ours | intree) lio_up "$1" ;;
	null) insmod "$(command -v bench_null.ko)" ;;
	*) "$1_up" ;;
	esac
}

impl_down()
{
	case $1 in
	ours | intree) lio_down ;;
	null) rmmod bench_null ;;
	*) "$1_down" ;;
	esac
}

# Options of bench-load which only say where to.
impl_options()
{
	case $1 in
	nvmet) echo "-P nvme -t $NQN -l 1" ;;
	tgt) echo "-t $IQN -l 1" ;;
	*) echo "-t $IQN" ;;
	esac
}

# The kernel's initiator and fio, for the iSCSI targets: the disk in $fio_disk.
fio_up()
{
	local lun=0

	[ "$1" != tgt ] || lun=1
	start_iscsid && iscsiadm -m discovery -t st -p 127.0.0.1 >/dev/null &&
		iscsiadm -m node -T $IQN -l >/dev/null &&
		fio_disk=$(wait_disk 20 $IQN $lun)
}

# Figures of fio, named as those of bench-load.
run_fio()
{
	# One system call for as many requests as there are.
	fio --name=b --filename="$fio_disk" --direct=1 --ioengine=io_uring \
		--iodepth_batch_submit=32 --iodepth_batch_complete_min=1 \
		--iodepth_batch_complete_max=32 --time_based --ramp_time=1 --norandommap \
		--randrepeat=0 --output-format=json "$@" | python3 -c 'import json, sys
j = json.load(sys.stdin)["jobs"][0]
d = j["read"] if j["read"]["total_ios"] else j["write"]
p = d["clat_ns"]["percentile"]
print("ios=%d iops=%.0f us_io=%.3f client_us_io=0 p50_us=%.1f p99_us=%.1f segs_io=0 ctxt_io=0" % (
    d["total_ios"], d["iops"], 1e6 / d["iops"], p["50.000000"] / 1e3, p["99.000000"] / 1e3))'
}

run_one()
{
	local impl=$1

	shift
	if [ "$1" = fio ]; then
		shift
		run_fio "$@"
	else
		# shellcheck disable=SC2046
		bench-load $(impl_options "$impl") "$@"
	fi
}

run_work()
{
	local impl=$1 round=$2 name options figures fio_disk='' luns=1

	while read -r name options; do
		[ -n "$name" ] || continue
		case $options in
		luns=*)
			figures=${options%% *} options=${options#* }
			more_luns "${figures#luns=}" || bad=1
			;;
		fio*) [ -n "$fio_disk" ] || fio_up "$impl" >"$LAB_OUT/fio_up" 2>&1 ;;
		esac
		echo "$impl $round $name" >"$LAB_OUT/running"
		# shellcheck disable=SC2086
		if figures=$(run_one "$impl" $options 2>"$LAB_OUT/load.err"); then
			echo "$impl $round $name $figures" >>"$FIGURES"
			diag "$impl $round $name $figures"
		else
			diag "$impl $round $name failed: $(head -n 3 "$LAB_OUT/load.err")"
			bad=1
		fi
		rm -f "$LAB_OUT/running"
	done <<<"$WORK"
	[ -z "$fio_disk" ] || logout_all || bad=1
}

# By way of memory: /proc reads in small pieces, and the way out is slow.
save_symbols()
{
	cp /proc/kallsyms /tmp/kallsyms && cp /tmp/kallsyms "$LAB_OUT/kallsyms"
	rm -f /tmp/kallsyms
}

bad=0
[ -n "${IMPLS:-}" ] && [ -n "${WORK:-}" ] || give_up "nothing to do"
backend_up || give_up "no backend $BACKEND"
if [ -n "${NETEM:-}" ]; then
	modprobe sch_netem
	# shellcheck disable=SC2086
	tc qdisc add dev lo root netem limit 100000 $NETEM || give_up "no netem"
fi
for round in $(seq "$ROUNDS"); do
	for impl in $IMPLS; do
		impl_up "$impl" || give_up "cannot set up $impl"
		[ "$impl" != "${SYMBOLS:-}" ] || save_symbols
		run_work "$impl" "$round" </dev/null
		impl_down "$impl" || give_up "cannot take down $impl"
	done
done
[ -z "${NETEM:-}" ] || tc qdisc del dev lo root
echo "$([ $bad = 0 ] || echo 'not ')ok 1 - every workload runs without an error"
echo "1..1"
exit $bad
