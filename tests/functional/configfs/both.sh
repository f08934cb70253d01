# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# For tests that need the in-tree module and ours, one after the other; sourced
# after vmlib.sh.

both_modules_here()
{
	modinfo iscsi_target_mod >/dev/null && modinfo tcm_iscsi >/dev/null
}

module_of()
{
	case $1 in
	intree) echo iscsi_target_mod ;;
	*) echo tcm_iscsi ;;
	esac
}

# use_module intree|ours: past modprobe.d, which maps one name to the other module.
use_module()
{
	modprobe target_core_mod && modprobe -C /dev/null "$(module_of "$1")" &&
		module_loaded "$(module_of "$1")" && mkdir -p "$CFG/iscsi"
}

# drop_module intree|ours: the fabric's directory must be empty.
drop_module()
{
	[ ! -d "$CFG/iscsi" ] || rmdir "$CFG/iscsi" || return 1
	[ "$1" = ours ] || poll 20 no_intree_threads || return 1
	bounded 20 rmmod "$(module_of "$1")"
}
