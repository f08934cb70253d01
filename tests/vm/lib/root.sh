# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Debian roots: a tree to build in, a disk image, kernel and initramfs to boot.

# Raise it when a root must be rebuilt although its package list is the same.
ROOT_VERSION=1

ROOT_PACKAGES="gcc libc6-dev make kmod sparse libmnl-dev perl python3
	targetcli-fb python3-rtslib-fb dbus
	open-iscsi libiscsi-bin libiscsi-dev qemu-utils qemu-block-extra
	sg3-utils lsscsi multipath-tools fio dmsetup
	xfsprogs e2fsprogs util-linux
	iproute2 iputils-ping nftables
	strace procps psmisc socat tcpdump bsdextrautils"

# What the initramfs needs if the kernel has it as a module.
ROOT_MODULES="virtio_pci virtio_blk crc32c_generic ext4 9pnet_virtio 9p"

root_hash()
{
	{
		echo "$ROOT_VERSION $1 $(kernel_suite "$1") $(kernel_backports "$1")"
		echo "$ROOT_PACKAGES"
		! kernel_config "$1" || cat "$LAB_VM/lib/build-debug-kernel"
	} | hash_of
}

root_dir()
{
	echo "$LAB_CACHE/root/$1-$(root_hash "$1")"
}

# The host's apt sources as lines "URI SUITE", of both formats.
apt_sources()
{
	local file

	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -f "$file" ] || continue
		sed -n 's/^[[:space:]]*deb[[:space:]]\{1,\}//p' "$file" |
			sed 's/^\[[^]]*\][[:space:]]*//' |
			awk 'NF >= 2 { print $1, $2 }'
	done
	for file in /etc/apt/sources.list.d/*.sources; do
		[ -f "$file" ] || continue
		grep -v '^#' "$file" | awk -f "$LAB_VM/lib/deb822.awk"
	done
}

# A mirror+file: list stands for the first mirror in it.
resolve_mirror()
{
	case $1 in
	mirror+file:*)
		awk '!/^#/ && NF { print $1; exit }' "${1#mirror+file:}"
		;;
	*)
		echo "$1"
		;;
	esac
}

mirror_of_suite()
{
	local uri

	uri=$(apt_sources | awk -v s="$1" '$2 == s { print $1; exit }')
	[ -z "$uri" ] || resolve_mirror "$uri"
}

# The lines of KERNEL's sources.list.
root_sources()
{
	local host suite mirror security backports

	host=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release | tr -d '"')
	suite=$(kernel_suite "$1")
	backports=$(kernel_backports "$1")
	mirror=${LAB_MIRROR:-$(mirror_of_suite "$host")}
	security=${LAB_SECURITY_MIRROR:-$(mirror_of_suite "$host-security")}
	if [ -z "$mirror" ]; then
		say "no mirror for '$host' in the host's apt sources; set LAB_MIRROR"
		return 1
	fi
	echo "deb $mirror $suite main"
	[ -z "$security" ] || echo "deb $security $suite-security main"
	[ -z "$backports" ] || echo "deb $mirror $backports main"
}

root_packages()
{
	local backports pkg flavour=

	# shellcheck disable=SC2086
	printf '%s\n' $ROOT_PACKAGES
	backports=$(kernel_backports "$1")
	if is_debug "$1"; then
		printf '%s\n' "$(kernel_source "$1")${backports:+/$backports}" bc bison flex \
			libelf-dev libssl-dev xz-utils
		return
	fi
	[ "$1" != rt ] || flavour=rt-
	for pkg in linux-image linux-headers; do
		echo "$pkg-${flavour}amd64${backports:+/$backports}"
	done
}

root_proxy()
{
	local value

	value=$(apt-config dump --format '%v' Acquire::http::Proxy 2>/dev/null)
	[ -z "$value" ] || echo "Acquire::http::Proxy \"$value\";"
}

root_bootstrap()
{
	local kernel=$1 tree=$2 sources packages proxy

	sources=$(root_sources "$kernel") || return 1
	packages=$(root_packages "$kernel" | paste -sd, -)
	proxy=$(root_proxy)
	say "building the root of $kernel from:"
	printf '%s\n' "$sources" | sed 's/^/lab:   /' >&2
	printf '%s\n' "$sources" >"$LAB_TMP/sources.list"
	bounded_log "$tree.log" 1800 mmdebstrap --mode=root --variant=minbase \
		${proxy:+--aptopt="$proxy"} \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--aptopt='Acquire::Retries "3"' \
		--include="$packages" "$(kernel_suite "$kernel")" "$tree" \
		"$LAB_TMP/sources.list"
}

# in_root TREE COMMAND...: with /proc and /dev where we may mount them. In a chroot whose
# / is no mount point, what we mount may show outside, so it is taken away again.
in_root()
{
	local tree=$1

	shift
	if unshare --mount true 2>/dev/null; then
		# shellcheck disable=SC2016
		unshare --mount --propagation private sh -c '
			mount -t proc proc "$0/proc" && mount --bind /dev "$0/dev" &&
			exec chroot "$0" "$@"' "$tree" "$@"
	elif unshare --mount --propagation unchanged true 2>/dev/null; then
		# shellcheck disable=SC2016
		unshare --mount --propagation unchanged sh -c '
			mount -t proc proc "$0/proc" && mount --bind /dev "$0/dev" || exit
			chroot "$0" "$@"
			status=$?
			umount "$0/dev" "$0/proc"
			exit $status' "$tree" "$@"
	else
		chroot "$tree" "$@"
	fi
}

# Every module file (and its dependencies first) that NAME... need.
module_closure()
{
	local base=$1 name file dep

	shift
	for name in "$@"; do
		file=$(modinfo -b "$base" -k "$release" -n "$name" 2>/dev/null)
		case $file in
		/*) ;;
		*) continue ;;
		esac
		for dep in $(modinfo -b "$base" -k "$release" -F depends "$name" |
				tr ',' ' '); do
			module_closure "$base" "$dep"
		done
		echo "$file"
	done
}

initramfs_of()
{
	local key

	key=$( (echo "$ROOT_MODULES" && cat "$LAB_VM/initramfs-init") | hash_of)
	echo "$(root_dir "$1")/initramfs-$key"
}

initramfs_build()
{
	local out=$2 dir=$2.d tree file name release

	[ ! -e "$out" ] || return 0
	need_tool cpio xz zstd modinfo busybox
	tree=$(root_dir "$1")/tree
	release=$(cat "$(root_dir "$1")/release")
	rm -rf "$dir"
	mkdir -p "$dir"/{bin,dev,proc,sys,new,modules}
	cp /bin/busybox "$dir/bin/busybox"
	cp "$LAB_VM/initramfs-init" "$dir/init"
	chmod 755 "$dir/init"
	: >"$dir/modules/order"
	# shellcheck disable=SC2086
	module_closure "$tree" $ROOT_MODULES | awk '!seen[$0]++' >"$dir.files"
	while read -r file; do
		name=$(basename "$file" | sed 's/\.ko.*/.ko/')
		case $file in
		*.xz) xz -dc "$file" ;;
		*.zst) zstd -qdc "$file" ;;
		*) cat "$file" ;;
		esac >"$dir/modules/$name" || return 1
		echo "$name" >>"$dir/modules/order"
	done <"$dir.files"
	(cd "$dir" && find . | cpio -o -H newc --quiet) | gzip -1 >"$out.new" &&
		mv "$out.new" "$out"
}

root_debug_kernel()
{
	local kernel=$1 tree=$2 jobs
	local -a enter=(chroot)

	jobs=$(($(nproc) > 1 ? $(nproc) - 1 : 1))
	say "building the kernel $kernel (-j$jobs)"
	cp "$LAB_VM/lib/build-debug-kernel" "$tree/tmp/" || return 1
	kernel_config "$kernel" >"$tree/tmp/debug.config"
	# objtool of Linux 7 reads its limits in /proc
	# shellcheck disable=SC2016
	! unshare --mount true 2>/dev/null ||
		enter=(unshare --mount --propagation private sh -c
			'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"')
	bounded_log "$tree.kernel.log" 7200 nice -n 10 \
		"${enter[@]}" "$tree" sh /tmp/build-debug-kernel "$jobs"
}

# What the tree is built in does not belong on the disk.
root_image()
{
	local tree=$1 image=$2

	mkdir -p "$tree"/{lab,src,out} || return 1
	[ ! -d "$tree/build" ] || mv "$tree/build" "$tree.build" || return 1
	root_mke2fs "$tree" "$image" || return 1
	[ ! -d "$tree.build" ] || mv "$tree.build" "$tree/build"
}

root_mke2fs()
{
	local tree=$1 image=$2 size

	size=$(($(du -sm "$tree" | cut -f1) + 1200))
	bounded_log "$image.log" 600 mke2fs -q -F -t ext4 -L root -E lazy_itable_init=1 \
		-O ^metadata_csum -m 0 -d "$tree" "$image" "${size}M"
}

root_finish()
{
	local dir=$1 release

	release=$(basename "$(echo "$dir"/tree/lib/modules/*)")
	[ -f "$dir/tree/boot/vmlinuz-$release" ] || return 1
	echo "$release" >"$dir/release"
	cp "$dir/tree/boot/vmlinuz-$release" "$dir/vmlinuz"
	chmod 644 "$dir/vmlinuz"
	rm -f "$dir"/tree/boot/initrd.img-* "$dir"/tree/var/cache/apt/archives/*.deb
	root_image "$dir/tree" "$dir/image"
}

root_build()
{
	local kernel=$1 dir=$2 started=$SECONDS

	[ ! -e "$dir/complete" ] || return 0
	need_root "building a root"
	need_tool mmdebstrap mke2fs
	rm -rf "$dir"
	mkdir -p "$dir" || die "cannot write $dir"
	root_bootstrap "$kernel" "$dir/tree" || die "no root, see $dir/tree.log"
	! is_debug "$kernel" || root_debug_kernel "$kernel" "$dir/tree" ||
		die "no kernel $kernel, see $dir/tree.kernel.log"
	root_finish "$dir" || die "no image in $dir"
	date >"$dir/complete"
	say "root of $kernel ($(cat "$dir/release")) is ready after $((SECONDS - started)) s"
}

# ensure_root KERNEL: build it unless it is in the cache.
ensure_root()
{
	local dir initramfs

	check_kernel "$1"
	dir=$(root_dir "$1")
	[ -e "$dir/complete" ] || with_lock "root-$1" root_build "$1" "$dir" || return
	initramfs=$(initramfs_of "$1")
	[ -e "$initramfs" ] ||
		with_lock "root-$1" initramfs_build "$1" "$initramfs"
}

cmd_root()
{
	local kernel

	[ $# -gt 0 ] || set -- 6.12
	for kernel in "$@"; do
		ensure_root "$kernel" || exit 2
		root_dir "$kernel"
	done
}
