# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Bugs on purpose, by tests/plant; sourced after vmlib.sh.

BUG=/sys/module/plant/parameters/bug

# options_missing CONFIG...: those asked for there which the running kernel does not have.
options_missing()
{
	local name

	zcat /proc/config.gz >/tmp/config
	for name; do
		grep -E '^(# )?CONFIG_' "${LAB_SRC:?}/tests/vm/$name.config"
	done | grep -vxFf /tmp/config | if [ "$LAB_KERNEL" = debug-7 ]; then grep -v PROC_SYSCTL; else cat; fi
}

reported()
{
	dmesg_since | grep -qE "$1"
}

# reports BUG REGEX NAME
reports()
{
	dmesg_mark
	echo "$1" >$BUG
	poll 20 reported "$2"
	tap_result $? "$3 ($1)" || diag "no line like '$2' in:" "$(dmesg_since | head -n 40)"
}
