#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# libiscsi's iscsi-test-cu, all suites, on a RAM disk and on a block device:
# first against this module, then against the in-tree one in the same VM. What
# passes there must pass here. The table of both goes to the results.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

# Seconds for the whole of a suite on one disk.
LIMIT=${ITEST_LIMIT:-1200}

setup()
{
	load_module && mk_ramdisk ram 16 && mk_iblock block /dev/scratch1 || return 1
	put 1 "$(backstore_dir block)/attrib/emulate_tpu"
	put 1 "$(backstore_dir block)/attrib/emulate_tpws"
	quick_target "${BASE}ram" ram && quick_target "${BASE}block" block
}

# The alias of modprobe.d would load this module under the other's name.
load_module()
{
	if [ "$TARGET" = ours ]; then
		load_target
	else
		modprobe target_core_mod && modprobe -C /dev/null iscsi_target_mod &&
			mkdir $CFG/iscsi
	fi
}

# itest LOG FAMILY DISK SECONDS
itest()
{
	timeout -k 5 "$4" iscsi-test-cu --dataloss --verbose -t "$2" \
		"iscsi://127.0.0.1:3260/${BASE}$3/0" >>"$1" 2>&1
}

# suites MODULE DISK: those of SCSI in one go, those of the protocol one by one,
# since the program may wait for ever in one of them.
suites()
{
	local log=/tmp/itest.$1.$2 suite

	itest "$log" SCSI "$2" "$LIMIT"
	echo $? >"$log.rc"
	iscsi-test-cu -l 2>/dev/null | grep -E '^iSCSI\.[A-Za-z]*$' | while read -r suite; do
		itest "$log" "$suite" "$2" 90
	done
	awk -f "$LAB_SRC/tests/functional/itest.awk" "$log" >"$log.table"
}

# Both disks at once: there are two CPUs.
pass_of()
{
	local module=$1 disk one two

	TARGET=$module
	try "the $module module is set up" setup || return
	suites "$module" ram &
	one=$!
	suites "$module" block &
	two=$!
	wait $one $two
	for disk in ram block; do
		isnt "$(cat "/tmp/itest.$module.$disk.rc")" 124 \
			"the suites of SCSI end on the $module module's $disk disk"
		isnt "$(wc -l <"/tmp/itest.$module.$disk.table")" 0 "and did something"
	done
	try "everything is torn down" teardown_all
	try "the $module module unloads" unload_target
}

# Into $verdict["MODULE DISK NAME"], and $cases in the order of the suite.
read_tables()
{
	local module disk name outcome

	for module in ours intree; do
		for disk in ram block; do
			while read -r name outcome; do
				[ -n "${seen[$name]:-}" ] || cases+=("$name")
				seen[$name]=1
				verdict["$module $disk $name"]=$outcome
			done <"/tmp/itest.$module.$disk.table"
		done
	done
	while read -r name outcome; do
		[ "$name" = '#' ] || known[$name]=$outcome
	done <"$LAB_SRC/tests/functional/itest.known"
}

# One row for each test: name, result on each module and disk.
table()
{
	local name

	for name in "${cases[@]}"; do
		echo "$name ${verdict["intree ram $name"]:-ended}" \
			"${verdict["intree block $name"]:-ended}" \
			"${verdict["ours ram $name"]:-ended}" \
			"${verdict["ours block $name"]:-ended}"
	done
}

compare()
{
	local disk name there here

	for disk in ram block; do
		for name in "${cases[@]}"; do
			here=${verdict["ours $disk $name"]:-ended}
			there=${verdict["intree $disk $name"]:-ended}
			todo "${known[$name]:-}"
			[ "$there" != passed ] || [ "$here" = passed ]
			tap_result $? "$name on $disk: $here here, $there in-tree" ||
				grep -m1 -A8 "Test: ${name#*.} " "/tmp/itest.ours.$disk" | sed 's/^/# /'
		done
	done
	todo
}

declare -A verdict seen known
cases=()
[ "$TARGET" = intree ] || pass_of ours
pass_of intree
if [ -e /tmp/itest.ours.ram.table ]; then
	read_tables
	table >"$LAB_OUT/itest.table"
	compare
fi

done_testing
