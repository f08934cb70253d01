# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# One run in User Mode Linux: what it needs is copied into its root.

uml_chroot()
{
	local tree=$1

	shift
	# shellcheck disable=SC2016
	unshare --mount --propagation private sh -c '
		mount -t proc proc "$0/proc" && mount --bind /dev "$0/dev" &&
		mount -t tmpfs tmpfs "$0/dev/shm" && mount -t tmpfs tmpfs "$0/tmp" &&
		exec chroot "$0" "$@"' "$tree" "$@"
}

# The module, the load generator and the null responder, of this checkout.
uml_build()
{
	local tree=$1 release=$2 inside dir
	local -a make=(make -s -j2 ARCH=um KDIR=/build/linux)

	# One for each checkout, as in the lab.
	inside=/build/$(echo "$LAB_SRC" | hash_of)
	dir=$tree$inside
	module_sync "$dir" || return 1
	uml_chroot "$tree" nice -n 10 "${make[@]}" -C "$inside" || return 1
	uml_chroot "$tree" nice -n 10 "${make[@]}" BENCH_NULL=1 \
		-C "$inside/tests/bench" vm-programs || return 1
	mkdir -p "$tree/lib/modules/$release/updates"
	cp "$dir/drivers/target/tcm_iscsi/tcm_iscsi.ko" "$tree/lib/modules/$release/updates/" &&
		cp "$dir/tests/bench/build/bench-load" "$dir/tests/bench/null/bench_null.ko" \
			"$tree/usr/local/bin/" &&
		chroot "$tree" depmod "$release"
}

# uml_boot TREE CPU SECONDS: until it switches itself off.
uml_boot()
{
	local tree=$1 cpu=$2 limit=$3

	# Before everybody else on its CPU: time is what it measures.
	uml_chroot "$tree" timeout -k 10 "$limit" chrt -f 1 taskset -c "$cpu" \
		/build/linux/linux mem=2G root=/dev/root rootfstype=hostfs rootflags=/ rw \
		seccomp=on init=/bench/init con=null con0=null,fd:1 ssl=null quiet panic=-1 \
		</dev/null
}

# uml_run OUT CPU SECONDS VARIABLE=VALUE...: results are in OUT.
uml_run()
{
	local out=$1 cpu=$2 limit=$3 dir tree release

	shift 3
	dir=$(uml_root_dir)
	tree=$dir/tree
	release=$(cat "$tree/build/release")
	uml_build "$tree" "$release" || die "the module does not build for User Mode Linux"
	rm -rf "$tree/bench" "$tree/out"
	mkdir -p "$tree/bench" "$tree/out"
	cp "$LAB_VM/vmlib.sh" "$BENCH/rounds.sh" "$tree/bench/" &&
		cp "$BENCH/uml-init" "$tree/bench/init" && chmod 755 "$tree/bench/init" ||
		die "cannot write $tree/bench"
	printf 'export %q\n' LAB_OUT=/out LAB_KERNEL=uml "$@" >"$tree/bench/env"
	uml_boot "$tree" "$cpu" "$limit" >"$out/console" 2>&1
	cp -a "$tree/out/." "$out/"
	[ -e "$out/status" ] || die "User Mode Linux did not end well, see $out/console"
	return "$(cat "$out/status")"
}
