# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# A batch of scripts in as few boots as possible, and what became of them.

run_options()
{
	local option

	opt_kernel=6.12 opt_target=${TARGET:-ours} opt_mem='' opt_cpus=2
	opt_limit='' opt_out='' opt_env=() opt_append=() opt_count='' opt_panic=''
	opt_verbose='' opt_build=1 opt_slow=1
	OPTIND=1
	while getopts k:T:m:c:t:o:e:a:iwvn option; do
		case $option in
		k) opt_kernel=$OPTARG ;;
		T) opt_target=$OPTARG ;;
		m) opt_mem=$OPTARG ;;
		c) opt_cpus=$OPTARG ;;
		t) opt_limit=$OPTARG ;;
		o) opt_out=$OPTARG ;;
		e) opt_env+=("$OPTARG") ;;
		a) opt_append+=("$OPTARG") ;;
		i) opt_count=1 opt_cpus=1 opt_slow=20 ;;
		w) opt_panic=1 ;;
		v) opt_verbose=1 ;;
		n) opt_build='' ;;
		*) die "see 'lab help'" ;;
		esac
	done
	check_kernel "$opt_kernel"
	case $opt_target in
	ours | intree | none) ;;
	*) die "-T is one of ours, intree, none" ;;
	esac
	[ -z "$opt_count" ] || opt_cpus=1
	if is_debug "$opt_kernel"; then
		opt_slow=$((opt_slow * 5))
		: "${opt_mem:=3G}" "${opt_limit:=1200}"
	fi
	: "${opt_mem:=2G}" "${opt_limit:=300}"
}

script_name()
{
	basename "$1" | sed 's/\.\(t\|sh\)$//'
}

# Which path SCRIPT has in the VM; one outside the checkout is copied.
script_inside()
{
	local path name

	path=$(readlink -f "$1")
	case $path in
	"$LAB_SRC"/*)
		echo "/src/${path#"$LAB_SRC"/}"
		;;
	*)
		name=$(script_name "$path")
		mkdir -p "$work/scripts/$name"
		cp "$path" "$work/scripts/$name/" || return 1
		echo "/lab/scripts/$name/$(basename "$path")"
		;;
	esac
}

# Fill $names and write what the VM is told into $work.
run_prepare()
{
	local script name inside

	mkdir -p "$work/vm" "$work/overlay"
	cp "$LAB_VM/init" "$LAB_VM/vmlib.sh" "$LAB_VM/fstab" "$work/vm/" || die "no init"
	chmod 755 "$work/vm/init"
	names=()
	: >"$work/all"
	for script in "$@"; do
		[ -f "$script" ] || die "no such script: $script"
		name=$(script_name "$script")
		case " ${names[*]:-} " in
		*" $name "*) die "two scripts are named $name" ;;
		esac
		case $name in
		*[!A-Za-z0-9_.+-]*) die "odd name: $name" ;;
		esac
		names+=("$name")
		inside=$(script_inside "$script") || die "cannot copy $script"
		echo "$name $inside" >>"$work/all"
		rm -f "$out/$name".{start,log,rc,dmesg,left,tap,allow,seconds,console,blocked}
		[ ! -f "${script%.*}.allow" ] || cp "${script%.*}.allow" "$out/$name.allow"
	done
	run_module
	{
		printf 'TARGET=%q\nLAB_KERNEL=%q\n' "$opt_target" "$opt_kernel"
		is_debug "$opt_kernel" && printf 'LAB_DEBUG=yes\n' || printf 'LAB_DEBUG=\n'
		printf 'LAB_CPUS=%q\nexport TARGET LAB_KERNEL LAB_DEBUG LAB_CPUS\n' "$opt_cpus"
		printf 'limit=%q\nverbose=%q\nmode=%q\n' "$opt_limit" "$opt_verbose" "$mode"
		[ ${#opt_env[@]} = 0 ] || printf 'export %q\n' "${opt_env[@]}"
	} >"$work/config"
}

run_module()
{
	local kbuild=$LAB_SRC/Kbuild

	[ "$opt_target" != none ] || return 0
	if [ "$opt_target" = ours ] && [ ! -e "$kbuild" ]; then
		die "no module in $LAB_SRC yet: use -T intree"
	fi
	if [ -n "$opt_build" ]; then
		with_lock "module-$(module_lock "$opt_kernel")" \
			module_build "$opt_kernel" "$opt_target" >&2 || exit 2
	fi
	with_lock "module-$(module_lock "$opt_kernel")" \
		module_take "$opt_kernel" "$opt_target" "$work/overlay" ||
		die "no module in the cache: leave -n out"
}

run_begin()
{
	umask 022
	mkdir -p "$LAB_CACHE/run" "$LAB_CACHE/results" || die "cannot write $LAB_CACHE"
	ensure_root "$opt_kernel" || exit 2
	need_tool qemu-system-x86_64
	run_expire
	work=$(mktemp -d "$LAB_CACHE/run/$$-XXXXXX") || die "cannot write $LAB_CACHE/run"
	qemu_pid=
	trap run_end EXIT
	if [ -z "$opt_out" ]; then
		opt_out=$LAB_CACHE/results/$(date +%m%d-%H%M%S)-$$
	fi
	mkdir -p "$opt_out" || die "cannot write $opt_out"
	out=$(readlink -f "$opt_out")
	choose_accel
}

# What a killed lab left behind, and results nobody looked at for days.
run_expire()
{
	local dir pid

	for dir in "$LAB_CACHE"/run/*-*; do
		pid=${dir##*/}
		[ -d "/proc/${pid%-*}" ] || rm -rf "$dir"
	done
	find "$LAB_CACHE/results" -mindepth 1 -maxdepth 1 -mtime +3 -exec rm -rf {} +
}

run_end()
{
	[ -z "$qemu_pid" ] || qemu_stop
	rm -rf "$work" "$LAB_TMP"
}

# Boot with what is left to do until nothing is, or a boot achieves nothing. One that
# does not even come up gets a second chance: on a busy host, KASAN's early boot does fail.
run_boots()
{
	local serial=null left=${#names[@]} before boots=0 failed=0

	[ -z "$opt_verbose" ] || serial=stdio
	while [ "$left" -gt 0 ]; do
		before=$left
		rm -f "$work/beat"
		run_todo >"$work/list"
		qemu_start "$work" "$out" "$accel" "$serial" || die "QEMU does not start"
		qemu_watch "$work"
		boots=$((boots + 1))
		mv "$out/console.log" "$out/console.$boots.log"
		run_casualty "$out/console.$boots.log"
		left=$(run_todo | wc -l)
		[ "$left" -ge "$before" ] || continue
		[ ! -e "$work/beat" ] && [ $((failed++)) = 0 ] || break
	done
}

# The script during which the VM went away gets its last words.
run_casualty()
{
	local name

	for name in "${names[@]}"; do
		[ -e "$out/$name.start" ] && [ ! -e "$out/$name.rc" ] || continue
		[ -e "$out/$name.console" ] || cp "$1" "$out/$name.console"
	done
}

run_todo()
{
	local name inside

	while read -r name inside; do
		[ -e "$out/$name.start" ] || echo "$name $inside"
	done <"$work/all"
}

# Lines of the kernel log which no test may cause.
SPLAT='WARNING|\bBUG\b|Oops|Call Trace|refcount|UBSAN|KASAN|KCSAN|KFENCE'
SPLAT="$SPLAT|possible (recursive|circular)|inconsistent lock state"
SPLAT="$SPLAT|suspicious RCU|INFO: task .* blocked|INFO: rcu|soft lockup"
SPLAT="$SPLAT|list_(add|del) corruption|general protection|kmemleak|ODEBUG"
SPLAT="$SPLAT|unregister_netdevice|Kernel panic|sleeping function called"
SPLAT="$SPLAT|scheduling while atomic|page allocation failure"

kernel_splats()
{
	local name=$1

	[ -e "$out/$name.dmesg" ] || return 0
	awk -f "$LAB_VM/lib/foreign.awk" "$out/$name.dmesg" >"$LAB_TMP/dmesg"
	if [ -s "$out/$name.allow" ]; then
		grep -v '^#' "$out/$name.allow" | grep -v '^$' >"$LAB_TMP/allow"
		grep -vEf "$LAB_TMP/allow" "$LAB_TMP/dmesg" | grep -E "$SPLAT"
	else
		grep -E "$SPLAT" "$LAB_TMP/dmesg"
	fi
	return 0
}

# Turn one script's output into TAP that says everything that went wrong.
run_tap()
{
	local name=$1 state=ran console

	if [ ! -e "$out/$name.start" ]; then
		state=never
	elif [ ! -e "$out/$name.rc" ]; then
		state=died
	fi
	: >"$LAB_TMP/splat"
	if [ -n "$(kernel_splats "$name")" ]; then
		head -n 400 "$out/$name.dmesg" >"$LAB_TMP/splat"
	fi
	[ -e "$out/$name.log" ] || : >"$out/$name.log"
	console=$out/$name.console
	[ -e "$console" ] || console=$(find "$out" -name 'console.*.log' | sort | tail -n 1)
	awk -v name="$name" -v state="$state" -v rc="$(cat "$out/$name.rc" 2>/dev/null)" \
		-v limit="$opt_limit" -v splat="$LAB_TMP/splat" \
		-v left="$out/$name.left" -v blocked="$out/$name.blocked" -v console="$console" \
		-f "$LAB_VM/lib/tap.awk" "$out/$name.log" >"$out/$name.tap"
}

run_report()
{
	local name failed=0 tests bad

	for name in "${names[@]}"; do
		run_tap "$name"
		tests=$(grep -cE '^(not )?ok\b' "$out/$name.tap")
		bad=$(grep -E '^not ok\b' "$out/$name.tap" | grep -cviE '# *TODO')
		if [ "$bad" = 0 ]; then
			printf '%s: ok (%s tests, %s s)\n' "$name" "$tests" \
				"$(cat "$out/$name.seconds" 2>/dev/null)"
		else
			failed=1
			printf '%s: %s of %s FAILED\n' "$name" "$bad" "$tests"
			grep -A 60 -E '^not ok\b' "$out/$name.tap" | grep -vE '^(ok\b|1\.\.)' |
				sed 's/^/    /'
		fi
	done
	return $failed
}

run_batch()
{
	local started=$SECONDS

	[ $# -gt 0 ] || die "no script given"
	mode=batch
	run_begin
	run_prepare "$@"
	rm -f "$out"/console.*
	run_boots
	run_report
	run_verdict=$?
	say "kernel $opt_kernel, target $opt_target, $accel," \
		"$((SECONDS - started)) s, results in $out"
}

cmd_run()
{
	run_options "$@"
	shift $((OPTIND - 1))
	run_batch "$@"
	exit "$run_verdict"
}

cmd_test()
{
	local -a taps
	local name

	need_tool prove
	run_options "$@"
	shift $((OPTIND - 1))
	run_batch "$@"
	taps=()
	for name in "${names[@]}"; do
		taps+=("$out/$name.tap")
	done
	prove --exec cat "${taps[@]}" || exit 1
	exit "$run_verdict"
}

cmd_shell()
{
	local size

	run_options "$@"
	mode=shell
	run_begin
	run_prepare
	size=$(stty size 2>/dev/null)
	case $size in
	'' | '0 0') size='24 80' ;;
	esac
	echo "stty_size='$size'" >>"$work/config"
	opt_slow=1000
	say "console log in $out/console.log; leave with 'exit' or Ctrl-a x"
	qemu_stdin=/dev/stdin
	qemu_start "$work" "$out" "$accel" mon:stdio || die "QEMU does not start"
	[ ! -t 0 ] || stty raw -echo
	qemu_watch "$work"
	[ ! -t 0 ] || stty sane
}

cmd_status()
{
	local kernel dir

	for kernel in $LAB_KERNELS; do
		dir=$(root_dir "$kernel")
		if [ -e "$dir/complete" ]; then
			printf '%-7s %s  %s\n' "$kernel" "$(cat "$dir/release")" "$dir"
		else
			printf '%-7s not built\n' "$kernel"
		fi
	done
	[ ! -d "$LAB_CACHE" ] || du -sh "$LAB_CACHE"
}

cmd_clean()
{
	local dir kernel keep=

	case ${1:-old} in
	all)
		rm -rf "$LAB_CACHE"
		;;
	results)
		rm -rf "$LAB_CACHE/results"
		;;
	old)
		for kernel in $LAB_KERNELS; do
			keep="$keep $(root_dir "$kernel")"
		done
		for dir in "$LAB_CACHE"/root/*; do
			case "$keep " in
			*" $dir "*) ;;
			*) rm -rf "$dir" ;;
			esac
		done
		;;
	*)
		die "clean: old, results or all"
		;;
	esac
}
