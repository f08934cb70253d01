#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# libiscsi, the initiator of QEMU and others in user space.

# shellcheck disable=SC2016,SC2317
# shellcheck source-path=SCRIPTDIR source=../vm/vmlib.sh
. "${VMLIB:?run by tests/vm/lab}"
# shellcheck source=lib.sh
. "${LAB_SRC:?}/tests/functional/lib.sh"

OPEN=${BASE}open
CHAP=${BASE}chap
CLIENT=${BASE}client
PORTAL=127.0.0.1:3260
CHAPPORTAL=127.0.0.1:3261
URL=iscsi://$PORTAL/$OPEN/0
CHAPURL=iscsi://alice%alices-secret1@$CHAPPORTAL/$CHAP/0
MUTUAL="$CHAPURL?target_user=tom&target_password=toms-secret-01"
TPG=$(tpg_dir "$CHAP")

setup()
{
	local acl

	load_target && mk_ramdisk ram0 32 && mk_ramdisk ram1 32 &&
		mk_ramdisk ram2 4 &&
		quick_target "$OPEN" ram0 $PORTAL && mk_lun "$OPEN" 1 7 ram2 &&
		mk_target "$CHAP" && mk_lun "$CHAP" 1 0 ram1 &&
		mk_portal "$CHAP" 1 $CHAPPORTAL && mk_acl "$CHAP" 1 "$CLIENT" &&
		map_lun "$CHAP" 1 "$CLIENT" 0 || return 1
	acl=$TPG/acls/$CLIENT
	printf alice >"$acl/auth/userid" &&
		printf alices-secret1 >"$acl/auth/password" &&
		tpg_attrib "$CHAP" 1 demo_mode_discovery 0 &&
		tpg_attrib "$CHAP" 1 authentication 1 && tpg_enable "$CHAP"
}


# Same bytes on the disk as in the file?
same()
{
	qemu-img compare -f raw -F raw "$1" "$2"
}

perf()
{
	bounded 30 iscsi-perf -i "$CLIENT" -t 2 "$@"
}

try "the targets are set up" setup
# It stops at the first unit attention, and a new ACL's LUNs have one.
iscsi-ls -i "${BASE}guest" -s iscsi://$PORTAL/ >/dev/null 2>&1
listed=$(iscsi-ls -i "${BASE}guest" -s iscsi://$PORTAL/ 2>&1)
like "$listed" "Target:$OPEN Portal:$PORTAL,1" "iscsi-ls lists the open target"
like "$listed" "Lun:0" "its LUN 0"
like "$listed" "Lun:7" "and its LUN 7"
ok '! grep -q "$CHAP" <<<"$listed"' "but not a target which is hidden from strangers"
like "$(iscsi-ls -i "$CLIENT" iscsi://$CHAPPORTAL/ 2>&1)" "Target:$CHAP Portal:$CHAPPORTAL,1" \
	"which an initiator with an ACL finds"

like "$(iscsi-inq -i "$CLIENT" $URL 2>&1)" "Vendor:LIO-ORG" "iscsi-inq shows the vendor"
like "$(iscsi-inq -i "$CLIENT" -e 1 -c 128 $URL 2>&1)" "serial-ram0" \
	"and the serial number in VPD page 80h"
like "$(iscsi-inq -i "$CLIENT" -e 1 -c 131 $URL 2>&1)" "${OPEN}" \
	"and the target's name in VPD page 83h"
like "$(iscsi-readcapacity16 -i "$CLIENT" $URL 2>&1)" \
	"Total size:$((32 << 20))|$((32 << 20))" "iscsi-readcapacity16 shows the size"

# ---- CHAP ----
refused "without CHAP the login is refused" \
	bounded 20 iscsi-inq -i "$CLIENT" "iscsi://$CHAPPORTAL/$CHAP/0"
refused "with the wrong secret too" \
	bounded 20 iscsi-inq -i "$CLIENT" "iscsi://alice%wrong-secret-12@$CHAPPORTAL/$CHAP/0"
try "with the right one it succeeds" iscsi-inq -i "$CLIENT" "$CHAPURL"
printf tom >"$TPG/acls/$CLIENT/auth/userid_mutual"
printf toms-secret-01 >"$TPG/acls/$CLIENT/auth/password_mutual"
[ "$TARGET" = ours ] || todo "the in-tree module does not terminate the last key"
try "mutual CHAP succeeds" iscsi-inq -i "$CLIENT" "$MUTUAL"
todo
refused "a target with another secret is refused" \
	bounded 20 iscsi-inq -i "$CLIENT" "${MUTUAL%-01}-02"

# ---- I/O ----
for arguments in "-m 1 -b 8" "-m 32 -b 8 -r" "-m 8 -b 128" "-m 4 -b 2048"; do
	# shellcheck disable=SC2086
	like "$(perf $arguments $URL 2>&1)" "iops|IOPS" "iscsi-perf $arguments runs"
done

pattern /tmp/disk.raw $((32 << 20))
try "qemu-img writes a disk" qemu-img convert -n -f raw -O raw /tmp/disk.raw "$URL"
try "and finds it the same" same /tmp/disk.raw "$URL"
try "it reads it back" qemu-img convert -f raw -O raw "$URL" /tmp/back.raw
ok 'cmp /tmp/disk.raw /tmp/back.raw' "byte for byte"
like "$(qemu-img info -f raw "$URL" 2>&1)" "virtual size: 32 MiB" "qemu-img info shows the size"

CREDENTIALS=driver=iscsi,transport=tcp,portal=$CHAPPORTAL,target=$CHAP,lun=0
CREDENTIALS=$CREDENTIALS,user=alice,password-secret=s0,initiator-name=$CLIENT
SECRET=secret,id=s0,data=alices-secret1
printf NULL >"$TPG/acls/$CLIENT/auth/userid_mutual"
printf NULL >"$TPG/acls/$CLIENT/auth/password_mutual"
for digest in none crc32c none-crc32c; do
	try "qemu-img writes with CHAP and header-digest $digest" \
		qemu-img convert -n --object $SECRET -f raw /tmp/disk.raw \
		--target-image-opts "$CREDENTIALS,header-digest=$digest"
	try "and reads the same" qemu-img compare --object $SECRET --image-opts \
		driver=raw,file.driver=file,file.filename=/tmp/disk.raw \
		"$CREDENTIALS,header-digest=$digest"
done

# ---- a format of QEMU's on the LUN ----
try "qemu-img makes a qcow2 on the LUN" qemu-img create -q -f qcow2 "$URL" 24M
like "$(qemu-img info "$URL" 2>&1)" "file format: qcow2" "and finds it again"
try "it fills it" qemu-io -f qcow2 -c "write -P 0x5a 1M 8M" -c "write -z 3M 1M" "$URL"
try "and reads what it wrote" qemu-io -f qcow2 -c "read -P 0x5a 1M 2M" \
	-c "read -P 0 3M 1M" -c "read -P 0x5a 4M 5M" "$URL"
try "qemu-img finds it consistent" qemu-img check -f qcow2 "$URL"

try "everything is torn down" teardown_all
try "the module unloads" unload_target

done_testing
