# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What the host itself needs: for the lab, the unit tests and the style gates.

LAB_DEPS="mmdebstrap debian-archive-keyring ca-certificates
	qemu-system-x86 busybox-static e2fsprogs cpio xz-utils zstd kmod
	util-linux coreutils procps findutils
	gcc libc6-dev make clang libclang-rt-dev llvm sparse shellcheck
	gcc-multilib codespell perl python3 git libmnl-dev pkgconf"
# Not every Debian has these: what needs them does without.
LAB_DEPS_MAYBE="coccinelle libpython3-dev"

deps_wanted()
{
	local pkg

	# shellcheck disable=SC2086
	printf '%s\n' $LAB_DEPS
	for pkg in $LAB_DEPS_MAYBE; do
		! apt-cache show "$pkg" >/dev/null 2>&1 || echo "$pkg"
	done
}

deps_installed()
{
	dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null |
		awk '$2 == "installed" { print $1 }'
}

deps_missing()
{
	local pkg

	deps_installed >"$LAB_TMP/installed"
	for pkg in "$@"; do
		grep -qxF -- "$pkg" "$LAB_TMP/installed" || echo "$pkg"
	done
}

cmd_deps()
{
	local -a missing

	command -v dpkg-query >/dev/null ||
		die "only Debian is supported: install by hand: $LAB_DEPS"
	# shellcheck disable=SC2046
	mapfile -t missing < <(deps_missing $(deps_wanted))
	if [ ${#missing[@]} = 0 ]; then
		say "nothing is missing"
		return
	fi
	need_root "installing packages"
	say "installing: ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	apt-get -q update || die "apt-get update failed"
	# shellcheck disable=SC2046
	mapfile -t missing < <(deps_missing $(deps_wanted))
	apt-get -q -y --no-install-recommends install "${missing[@]}" ||
		die "apt-get install failed"
}
