# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# One boot: command line of QEMU, and who watches over it.

# Seconds from power-on to the first script that are not a hang yet.
BOOT_LIMIT=180

qemu_machine()
{
	case $1 in
	kvm)
		echo "-accel kvm -cpu host"
		;;
	count)
		echo "-accel tcg,thread=single -icount shift=0,sleep=off -cpu max,-erms,-fsrm"
		;;
	*)
		# TCG would count each byte of "rep movsb" as an instruction.
		echo "-accel tcg,thread=multi -cpu max,-erms,-fsrm"
		;;
	esac
}

# qemu_start WORK OUT ACCEL SERIAL: in the background, its pid in $qemu_pid.
qemu_start()
{
	local work=$1 out=$2 accel=$3 serial=$4 root append disk cpus=$opt_cpus
	local -a disks=()

	root=$(root_dir "$opt_kernel")
	append="console=ttyS0 loglevel=5 panic=-1 mitigations=off log_buf_len=4M"
	# The ACPI interpreter is slow under TCG: PCI does well without it.
	append="$append pci=noacpi no_timer_check nokaslr printk.time=1 tsc=reliable ${opt_append[*]:-}"
	if is_debug "$opt_kernel"; then
		# It has no ACPI, and the firmware's older table lists one CPU of each socket.
		cpus=$opt_cpus,sockets=$opt_cpus
		# KASAN would report the first bug of a boot alone.
		append="$append kasan_multi_shot"
	fi
	[ -z "$opt_panic" ] || append="$append panic_on_warn=1 oops=panic"
	for disk in 1 2; do
		truncate -s 1G "$work/scratch$disk" || return 1
		disks+=(-drive "if=none,id=d$disk,file=$work/scratch$disk,format=raw,cache=unsafe,discard=unmap"
			-device "virtio-blk-pci,drive=d$disk,serial=scratch$disk")
	done
	# shellcheck disable=SC2046
	TMPDIR=$work qemu-system-x86_64 $(qemu_machine "$accel") \
		-m "$opt_mem" -smp "$cpus" -nodefaults -display none -no-reboot \
		-serial "file:$out/console.log" -serial "$serial" \
		-drive "if=none,id=root,file=$root/image,format=raw,snapshot=on,cache=unsafe" \
		-device virtio-blk-pci,drive=root,serial=root "${disks[@]}" \
		-virtfs "local,path=$work,mount_tag=lab,security_model=none" \
		-virtfs "local,path=$LAB_SRC,mount_tag=src,security_model=none,readonly=on" \
		-virtfs "local,path=$out,mount_tag=out,security_model=none" \
		-kernel "$root/vmlinuz" -initrd "$(initramfs_of "$opt_kernel")" -append "$append" \
		<"${qemu_stdin:-/dev/null}" 2>"$work/qemu.err" 9>&- &
	qemu_pid=$!
}

qemu_stop()
{
	kill "$qemu_pid" 2>/dev/null
	wait "$qemu_pid" 2>/dev/null
	qemu_pid=
}

# The guest says in $work/beat what it does and how long that may take; no
# news within that time is a hang. Returns 0 when the VM went by itself.
qemu_watch()
{
	local work=$1 beat='' now limit=$((SECONDS + BOOT_LIMIT * opt_slow))

	# the debug kernel comes up within two minutes, or not at all
	! is_debug "$opt_kernel" || limit=$((SECONDS + BOOT_LIMIT * 2))
	while kill -0 "$qemu_pid" 2>/dev/null; do
		now=$(cat "$work/beat" 2>/dev/null)
		if [ -n "$now" ] && [ "$now" != "$beat" ]; then
			beat=$now
			limit=$((SECONDS + ${now##* } * opt_slow))
		fi
		if [ "$SECONDS" -gt "$limit" ]; then
			say "the VM hangs (${beat:-while booting})"
			qemu_stop
			return 1
		fi
		sleep 0.1
	done
	wait "$qemu_pid"
	qemu_pid=
	sed 's/^/lab: qemu: /' "$work/qemu.err" >&2
	[ ! -s "$work/setup.log" ] || sed 's/^/lab: init: /' "$work/setup.log" >&2
}

# /dev/kvm may open and yet hang every guest, so only a boot is evidence.
accel_trial()
{
	local verdict=$1 stamp=$2 work=$LAB_TMP/trial result=tcg

	! accel_known "$verdict" "$stamp" || return 0
	say "trying KVM for at most 20 s"
	mkdir -p "$work/work/vm" "$work/out"
	cp "$LAB_VM/init" "$LAB_VM/vmlib.sh" "$LAB_VM/fstab" "$work/work/vm/"
	echo 'mode=trial' >"$work/work/config"
	(
		qemu_pid=
		trap '[ -z "$qemu_pid" ] || qemu_stop' EXIT
		trap 'exit 143' TERM
		BOOT_LIMIT=20 opt_slow=1 opt_mem=1G opt_cpus=2 opt_panic=
		qemu_start "$work/work" "$work/out" kvm null && qemu_watch "$work/work"
	) >/dev/null 2>&1
	[ ! -e "$work/work/trial-passed" ] || result=kvm
	rm -rf "$work"
	echo "$result $stamp" >"$verdict"
	say "VMs with $opt_kernel run under $result here"
}

accel_known()
{
	[ -e "$1" ] && [ "$(cut -d' ' -f2- "$1")" = "$2" ]
}

# The accelerator for this host and kernel, in $accel.
choose_accel()
{
	local stamp verdict=$LAB_CACHE/accel-$opt_kernel

	accel=tcg
	if [ -n "${LAB_ACCEL:-}" ]; then
		accel=$LAB_ACCEL
	elif [ -n "$opt_count" ]; then
		accel=count
	elif [ -r /dev/kvm ] && [ -w /dev/kvm ]; then
		stamp="$(cat /proc/sys/kernel/random/boot_id) $(root_hash "$opt_kernel")"
		accel_known "$verdict" "$stamp" ||
			with_lock accel accel_trial "$verdict" "$stamp" || exit 2
		accel=$(cut -d' ' -f1 "$verdict")
	fi
}
