# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# The root of User Mode Linux: Debian 13, and in it the kernel, built once from
# the kernel source of its backports. Uses the functions of tests/vm/lib.

UML_ROOT_VERSION=1
UML_SOURCE=linux-source-7.3
UML_PACKAGES="gcc libc6-dev make kmod bc bison flex xz-utils perl python3
	$UML_SOURCE/trixie-backports
	fio open-iscsi tgt iproute2 util-linux procps"

uml_root_dir()
{
	echo "$LAB_CACHE/uml/$( {
		echo "$UML_ROOT_VERSION $UML_PACKAGES"
		cat "$BENCH/uml.config" "$BENCH/lib/build-uml"
	} | hash_of)"
}

uml_bootstrap()
{
	local tree=$1 sources packages proxy

	# Those of the lab's newest kernel have the backports, too.
	sources=$(root_sources 7) || return 1
	# shellcheck disable=SC2086
	packages=$(printf '%s\n' $UML_PACKAGES | paste -sd, -)
	proxy=$(root_proxy)
	printf '%s\n' "$sources" >"$LAB_TMP/uml.list"
	bounded_log "$tree.log" 1800 nice -n 10 mmdebstrap --mode=root --variant=minbase \
		${proxy:+--aptopt="$proxy"} \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--aptopt='Acquire::Retries "3"' \
		--include="$packages" trixie "$tree" "$LAB_TMP/uml.list"
}

uml_root_build()
{
	local dir=$1 jobs=$(($(nproc) > 3 ? 2 : 1)) started=$SECONDS

	[ ! -e "$dir/complete" ] || return 0
	need_root "building a root"
	need_tool mmdebstrap
	rm -rf "$dir"
	mkdir -p "$dir" || die "cannot write $dir"
	say "building the root of User Mode Linux"
	uml_bootstrap "$dir/tree" || die "no root, see $dir/tree.log"
	cp "$BENCH/uml.config" "$BENCH/lib/build-uml" "$dir/tree/tmp/"
	say "building User Mode Linux (-j$jobs)"
	bounded_log "$dir/kernel.log" 7200 nice -n 10 \
		chroot "$dir/tree" sh /tmp/build-uml "$jobs" ||
		die "no kernel, see $dir/kernel.log"
	mkdir -p "$dir"/tree/{bench,out}
	date >"$dir/complete"
	say "User Mode Linux $(cat "$dir/tree/build/release") is ready after" \
		"$((SECONDS - started)) s"
}

ensure_uml_root()
{
	local dir

	dir=$(uml_root_dir)
	[ -e "$dir/complete" ] || with_lock uml-root uml_root_build "$dir"
}
