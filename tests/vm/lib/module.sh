# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# The checkout, built inside a root: its compiler, its headers, its libc.

# One build directory for each checkout (and version of its layout); it lives in the root's tree so that
# chroot alone is enough to build in it.
module_dir()
{
	echo "$(root_dir "$1")/tree/build/$(echo "$LAB_SRC 2" | hash_of)"
}

# The makefiles below tests/ and tools/ that build programs for the VM.
program_dirs()
{
	(
		cd "$LAB_SRC" || exit
		grep -ls '^vm-programs[[:space:]]*:' tests/*/Makefile tools/Makefile |
			xargs -r -n1 dirname
	)
}

module_sources()
{
	local -a dirs

	mapfile -t dirs < <(program_dirs)
	(
		cd "$LAB_SRC" || exit
		set -- Kbuild Makefile drivers include tools "${dirs[@]}"
		for dir; do
			shift
			[ ! -e "$dir" ] || set -- "$@" "$dir"
		done
		[ $# = 0 ] ||
			find "$@" -name build -prune -o -type f ! -name '*.o' ! -name '*.ko' ! -name '*.mod' \
				! -name '*.mod.c' ! -name '.*.cmd' ! -name '*.a' \
				! -name Module.symvers ! -name modules.order -print
	) | sort -u
}

# Bring the copy up to date. A source that has vanished may have left products
# behind which would still be found, so then everything is built anew.
module_sync()
{
	local dir=$1

	mkdir -p "$dir" || return 1
	module_sources >"$dir.list.new"
	if [ -e "$dir.list" ] && [ -n "$(comm -23 "$dir.list" "$dir.list.new")" ]; then
		rm -rf "$dir"
		mkdir "$dir" || return 1
	fi
	(cd "$LAB_SRC" && tr '\n' '\0' <"$dir.list.new" |
		xargs -0 -r cp -pu --parents -t "$dir" --) || return 1
	mv "$dir.list.new" "$dir.list"
}

# make_in ROOT DIR ARG...: DIR as seen from inside.
make_in()
{
	local tree=$1 dir=$2

	shift 2
	in_root "$tree" make -s -j"$(nproc)" -C "$dir" \
		KDIR="/lib/modules/$release/build" "$@"
}

# The module's tree: what install would do, and an index that knows of it.
# (/lib is a link in the VM: the overlay has to say /usr/lib.)
# depmod takes seconds, so only a change of what it reads makes it run.
module_overlay()
{
	local tree=$1 dir=$2 ko key over base=lib/modules/$release
	local -a modules

	mapfile -t modules < <(find "$dir/drivers" -name '*.ko' | sort)
	over=$dir.overlay/usr/$base
	mkdir -p "$over/updates"
	rm -f "$over"/updates/*
	for ko in "${modules[@]}"; do
		cp "$ko" "$over/updates/" || return 1
	done
	key=$(for ko in "${modules[@]}"; do
		modinfo -F name "$ko"
		modinfo -F depends "$ko"
		modinfo -F alias "$ko"
		modinfo -F softdep "$ko"
	done | hash_of)
	if [ "$key" = "$(cat "$dir.depmod" 2>/dev/null)" ] && [ -e "$over/modules.dep.bin" ]; then
		return 0
	fi
	rm -rf "$tree/build/depmod.$$"
	mkdir -p "$tree/build/depmod.$$/$base"
	cp -al "$tree/$base/kernel" "$tree/$base"/modules.{order,builtin*} \
		"$over/updates" "$tree/build/depmod.$$/$base/" &&
		in_root "$tree" depmod -b "/build/depmod.$$" "$release" &&
		cp "$tree/build/depmod.$$/$base"/modules.* "$over/" &&
		echo "$key" >"$dir.depmod"
	key=$?
	rm -rf "$tree/build/depmod.$$"
	return $key
}

module_modprobe_conf()
{
	local dir=$1 conf

	conf=$(cd "$dir" && find . -name tcm_iscsi.conf | sort | head -n 1)
	[ -n "$conf" ] || return 0
	mkdir -p "$dir.overlay/usr/lib/modprobe.d"
	cp "$dir/$conf" "$dir.overlay/usr/lib/modprobe.d/tcm_iscsi.conf"
}

# Every executable which is not one of the sources is a program for the VM.
module_programs()
{
	local tree=$1 dir=$2 inside=$3 sub file

	rm -rf "$dir.programs"
	mkdir -p "$dir.programs/usr/local/bin"
	while read -r sub; do
		[ -n "$sub" ] || continue
		make_in "$tree" "$inside/$sub" vm-programs || return 1
		while read -r file; do
			grep -qxF -- "$sub/${file#./}" "$dir.list" ||
				cp "$dir/$sub/$file" "$dir.programs/usr/local/bin/"
		done < <(cd "$dir/$sub" && find . -type f -perm -u+x ! -name '*.o')
	done < <(program_dirs)
}

# module_build KERNEL TARGET MAKEARG...: the module only where it is the target,
# so that the in-tree one can be tried whatever state ours is in.
module_build()
{
	local kernel=$1 target=$2 tree dir inside release

	shift 2
	tree=$(root_dir "$kernel")/tree
	dir=$(module_dir "$kernel")
	inside=${dir#"$tree"}
	release=$(cat "$(root_dir "$kernel")/release")
	module_sync "$dir" || die "cannot copy the sources to $dir"
	if [ "${opt_target:-ours}" != ours ]; then
		# Such a run needs the programs alone, whatever state the module is in.
		:
	elif [ -e "$dir/Kbuild" ]; then
		make_in "$tree" "$inside" "$@" || die "the module does not build for $kernel"
		module_overlay "$tree" "$dir" || die "cannot prepare $dir.overlay"
		module_modprobe_conf "$dir" || die "cannot copy tcm_iscsi.conf"
	else
		say "no Kbuild in $LAB_SRC: no module to build"
	fi
	module_programs "$tree" "$dir" "$inside" ||
		die "the test programs do not build for $kernel"
}

module_lock()
{
	basename "$(root_dir "$1")-$(basename "$(module_dir "$1")")"
}

cmd_module()
{
	local kernel=6.12

	case ${1:-} in
	'' | *=*) ;;
	*)
		kernel=$1
		shift
		;;
	esac
	ensure_root "$kernel" || exit 2
	need_root "building in a root"
	with_lock "module-$(module_lock "$kernel")" module_build "$kernel" ours "$@" ||
		exit 2
	find "$(module_dir "$kernel").overlay" -name '*.ko' 2>/dev/null
}

# module_take KERNEL TARGET DIR: copy what a VM needs into DIR.
module_take()
{
	local dir

	dir=$(module_dir "$1")
	mkdir -p "$3"
	[ ! -d "$dir.programs" ] || cp -a "$dir.programs/." "$3/" || return 1
	[ "$2" = ours ] || return 0
	cp -a "$dir.overlay/." "$3/"
}
