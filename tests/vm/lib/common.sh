# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Messages, locks and what is known about each KERNEL.

LAB_KERNELS="6.12 6.1 7 rt debug debug-7 kcsan"

say()
{
	printf 'lab: %s\n' "$*" >&2
}

die()
{
	say "$*"
	exit 2
}

need_root()
{
	[ "$(id -u)" = 0 ] || die "$1 needs root"
}

# need_tool COMMAND...: all of them, or a hint how to get them.
need_tool()
{
	local tool missing=

	for tool in "$@"; do
		command -v "$tool" >/dev/null || missing="$missing $tool"
	done
	[ -z "$missing" ] || die "missing here:$missing; 'lab deps' installs it"
}

# with_lock NAME COMMAND...: COMMAND runs in a subshell which holds the lock.
with_lock()
{
	local name=$1

	shift
	mkdir -p "$LAB_CACHE/lock" || die "cannot write $LAB_CACHE"
	(
		if ! flock -n 9; then
			say "waiting for another lab ($name)"
			flock -w 7200 9 || die "lock $name: not free after 7200 s"
		fi
		"$@"
	) 9>>"$LAB_CACHE/lock/$name"
}

# bounded_log LOG SECONDS COMMAND...: quiet on success, LOG's tail on failure.
bounded_log()
{
	local log=$1 limit=$2

	shift 2
	timeout -k 10 "$limit" "$@" >"$log" 2>&1 9>&- </dev/null && return
	tail -n 40 "$log" >&2
	return 1
}

hash_of()
{
	sha256sum | cut -c1-12
}

check_kernel()
{
	case " $LAB_KERNELS " in
	*" $1 "*) ;;
	*) die "unknown kernel '$1'; one of: $LAB_KERNELS" ;;
	esac
}

kernel_suite()
{
	case $1 in
	6.1) echo bookworm ;;
	*) echo trixie ;;
	esac
}

# The suite which only the kernel comes from, if any.
kernel_backports()
{
	case $1 in
	7 | debug-7) echo trixie-backports ;;
	esac
}

# What a kernel is configured by that is built here, from Debian's source.
kernel_config()
{
	case $1 in
	debug) cat "$LAB_VM/base.config" "$LAB_VM/debug.config" ;;
	# there /proc/sys is no choice any more
	debug-7) cat "$LAB_VM/base.config" "$LAB_VM/debug.config" | grep -v PROC_SYSCTL ;;
	kcsan) cat "$LAB_VM/base.config" "$LAB_VM/kcsan.config" ;;
	*) return 1 ;;
	esac
}

is_debug()
{
	kernel_config "$1" >/dev/null
}

kernel_source()
{
	case $1 in
	debug-7) echo linux-source-7.3 ;;
	*) echo linux-source-6.12 ;;
	esac
}
