#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Say what the fabric "iscsi" that is registered now does with its configfs tree.

usage: probe.py files BACKSTORE >RESULT
       probe.py session [DISK] >RESULT

The first makes targets of its own and tries everything; BACKSTORE is a directory of
target/core. The second looks at a target that an initiator has logged in to, as
session_setup of 10-configfs.t makes it.

Each line is "SUBJECT<TAB>ACTION<TAB>RESULT"; compare.py compares two such outputs.
"""
import errno
import os
import re
import stat
import subprocess
import sys

BASE = "/sys/kernel/config/target"
FABRIC = BASE + "/iscsi"
WWN = "iqn.2003-01.org.example:probe"
ACL = "iqn.2003-01.org.example:initiator"
PORTAL = "127.0.0.1:3270"
TPG = WWN + "/tpgt_1"

# Numbers of devices and ports count up for as long as the target core is loaded.
VARIES = ("dev", "device", "indx", "port_index", "port_auth_indx", "role", "creation_time")

NUMBERS = ["0", "1", "2", "3", "4", "5", "15", "16", "29", "30", "31", "60", "61",
           "64", "511", "512", "513", "65535", "65536", "-1", "-2", "+1", "0x1", "010",
           "1\n", "1\n\n", " 1", "1 ", "1x", "", "\n", "abc", "4294967295",
           "4294967296", "18446744073709551616"]

PARAM_VALUES = {
    "number": ["0", "1", "2", "3", "511", "512", "513", "3599", "3600", "3601", "8192",
               "65535", "65536", "262144", "16777215", "16777216", "4294967296",
               "18446744073709551616", "8192\n", "8192\n\n", "8192 ", " 8192",
               "8192abc", "0x2000", "0X2000", "010", "-1", "+1", "", "\n", "Yes",
               "None", "Reject", "Irrelevant", "NotUnderstood", "1,2", "1~2", "a"],
    "boolean": ["Yes", "No", "Yes\n", "No ", "yes", "NO", "Y", "1", "", "\n",
                "Yes,No", "Reject", "Irrelevant", "NotUnderstood", "None"],
    "auth": ["CHAP", "None", "CHAP,None", "None,CHAP", "KRB5", "SPKM1", "SPKM2", "SRP",
             "SRP,CHAP", "KRB5,SPKM1,SPKM2,SRP,CHAP,None", "CHAP,CHAP", "chap",
             "CHAP,", ",CHAP", "CHAP, None", "CHAP None", "MD5", "CHAP,MD5", "", "\n",
             "CHAP\n", "Yes", "Reject", "Irrelevant", "NotUnderstood"],
    "digest": ["CRC32C", "None", "CRC32C,None", "None,CRC32C", "crc32c", "CRC32C\n",
               "MD5", "CRC32C,MD5", "CRC32C,CRC32C", "CRC32C,", ",None", "", "\n",
               "Yes", "Reject", "Irrelevant", "NotUnderstood"],
    "alias": ["Alias", "two words", "with,comma", "a=b", "tab\there", "\xe4", "a" * 255,
              "a" * 256, "a" * 300, "", "\n", "Alias\n", "Alias\n\n", " Alias ", "None",
              "Reject", "Irrelevant", "NotUnderstood"],
    "interval": ["Reject", "No", "2048", "2048~8192", "1~65535", "0~1", "65536", "1",
                 "8192~2048", "2048~", "~2048", "a~b", "", "\n", "Reject\n",
                 "Irrelevant", "NotUnderstood", "Yes"],
}

PARAMS = {
    "AuthMethod": "auth", "HeaderDigest": "digest", "DataDigest": "digest",
    "TargetAlias": "alias", "InitialR2T": "boolean", "ImmediateData": "boolean",
    "DataPDUInOrder": "boolean", "DataSequenceInOrder": "boolean",
    "IFMarker": "boolean", "OFMarker": "boolean",
    "IFMarkInt": "interval", "OFMarkInt": "interval",
}

SECRETS = ["secret", "secret\n", "secret\n\n", "with blank", "", "\n", "NULL", "NULL\n",
           "NULLify", "null", "a" * 255, "a" * 255 + "\n", "a" * 256, "a" * 300,
           "a\nb", "\xe4\xf6", "0x00", "tab\t"]

CPUS = ["0", "0-1", "0,1", "0-1\n", "1\n\n", "0-0x1", "99999", "1-0", "0-", "-1", "a",
        "0,,1", " 0", "0:1", "N", "all"]

TAGS = ["tag", "tag\n", "", "\n", "NULL", "NULL\n", "NULLify", "a b", "x" * 63, "x" * 64,
        "x" * 62 + "\n", "x" * 63 + "\n"]

# What one write does to other files depends on the order.
SEQUENCES = [
    [("attrib/authentication", "0")],
    [("attrib/authentication", "0"), ("attrib/authentication", "1")],
    [("attrib/authentication", "0"), ("enable", "1")],
    [("param/AuthMethod", "CHAP,None"), ("enable", "1")],
    [("param/AuthMethod", "None,CHAP"), ("enable", "1")],
    [("param/AuthMethod", "None"), ("enable", "1")],
    [("param/AuthMethod", "CHAP,None,SRP"), ("attrib/authentication", "1")],
    [("param/AuthMethod", "None,CHAP"), ("attrib/authentication", "1")],
    [("param/AuthMethod", "SRP"), ("attrib/authentication", "0")],
    [("param/AuthMethod", "None"), ("attrib/authentication", "0"), ("enable", "1")],
    [("attrib/authentication", "0"), ("param/AuthMethod", "CHAP"), ("enable", "1")],
    [("enable", "1"), ("attrib/authentication", "0"), ("attrib/authentication", "1"),
     ("enable", "0"), ("enable", "1")],
    [("attrib/generate_node_acls", "1"), ("attrib/cache_dynamic_acls", "0"),
     ("attrib/generate_node_acls", "0"), ("attrib/cache_dynamic_acls", "0")],
    [("attrib/cache_dynamic_acls", "1"), ("attrib/generate_node_acls", "0")],
    [("attrib/t10_pi", "1"), ("attrib/fabric_prot_type", "3"), ("attrib/t10_pi", "0")],
    [("attrib/default_erl", "2"), ("param/ErrorRecoveryLevel", "1")],
    [("enable", "1"), ("enable", "1"), ("enable", "0"), ("enable", "0")],
]

TARGET_NAMES = ["iqn.2003-01.org.example:other", "iqn.2003-01.org.example:Upper",
                "iqn.2003-01.org.example:PROBE", "eui.0123456789abcdef",
                "eui.0123456789ABCDEF", "naa.0123456789abcdef", "naa.1", "foo", "a b",
                "iqn.2003-01.org.example:\xe4", "iqn." + "x" * 219, "iqn." + "x" * 220]

GROUP_NAMES = ["tpgt_0", "tpgt_2", "tpgt_02", "tpgt_1", "tpgt_01", "tpgt_0x10", "tpgt_010",
               "tpgt_65535", "tpgt_65536", "tpgt_-1", "tpgt_+3", "tpgt_", "tpgt_1x",
               "tpgt_1 ", "tpg_1", "foo_tpgt_5", "tpgt_6_7", "TPGT_8", "param"]

PORTAL_NAMES = ["127.0.0.1:3271", "0.0.0.0:3272", "[::]:3273", "[::0]:3274", "[::1]:3275",
                "10.1.2.3:3276", "[2001:db8::1]:3277", "127.0.0.1:0xcc8", "127.0.0.1:03300",
                "[fe80::1%lo]:3278", "[fe80::1]:3279", "[::ffff:127.0.0.1]:3280",
                "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:x",
                "127.0.0.1:3281x", "localhost:3282", "::1:3283", "[::1]", "[::1]3284",
                "[::1:3285", "::1]:3286", "256.0.0.1:3287", "1.2.3:3288", ":3289", "[]:3290",
                "127.0.0.1:3291:3292", "[::1%nosuch]:3293", "[10.1.2.3]:3300",
                "[10.1.2.3]x:3301", "x[::1]:3302", "[::1]x:3303", "[127.0.0.1:3304", PORTAL]

INITIATOR_NAMES = ["iqn.2003-01.org.example:other", "iqn.2003-01.org.example:Upper",
                   "IQN.2003-01.org.example:INITIATOR", "eui.0123456789abcdef", "naa.1",
                   "foo", "a b", "iqn." + "x" * 219, "iqn." + "x" * 220]


def path(name):
    return FABRIC + "/" + name if name else FABRIC


def say(subject, action, result):
    subject = subject.replace(WWN, "TARGET").replace(ACL, "INITIATOR")
    print("%s\t%s\t%s" % (subject, action, result))


def error(e):
    return errno.errorcode.get(e.errno, str(e.errno))


def read(name):
    """The content as a literal, or the error."""
    try:
        fd = os.open(path(name), os.O_RDONLY)
    except OSError as e:
        return "open " + error(e)
    try:
        return ascii(os.read(fd, 65536).decode("latin-1"))
    except OSError as e:
        return error(e)
    finally:
        os.close(fd)


def write(name, text):
    """One write(); None if it was taken, else the error."""
    data = text.encode("latin-1")
    try:
        fd = os.open(path(name), os.O_WRONLY)
    except OSError as e:
        return "open " + error(e)
    try:
        n = os.write(fd, data)
        return None if n == len(data) else "short: %d" % n
    except OSError as e:
        return error(e)
    finally:
        os.close(fd)


def mkdir(name):
    try:
        os.mkdir(path(name).encode("latin-1"))
        return "ok"
    except OSError as e:
        return error(e)


def rmdir(name):
    try:
        os.rmdir(path(name).encode("latin-1"))
        return "ok"
    except OSError as e:
        return error(e)


def short(text):
    return text if len(text) < 100 else "%s... (%d)" % (text[:12], len(text))


def quote(text):
    return short(ascii(text))


def entries(name):
    """All below NAME, sorted, without what rtslib's users made by links."""
    for entry in sorted(os.listdir(path(name))):
        child = name + "/" + entry if name else entry
        yield child
        if stat.S_ISDIR(os.lstat(path(child)).st_mode):
            yield from entries(child)


def snapshot(*names):
    """Content of every file in these directories."""
    files = {}
    for name in names:
        if os.path.isdir(path(name)):
            for entry in sorted(os.listdir(path(name))):
                if os.path.isfile(path(name + "/" + entry)):
                    files[name + "/" + entry] = read(name + "/" + entry)
        else:
            files[name] = read(name)
    return files


def changes(before, after, but):
    return "".join(", %s becomes %s" % (name.rsplit("/", 2)[-1], short(after[name]))
                   for name in sorted(after)
                   if name != but and before.get(name) != after[name])


def try_writes(name, texts, watched=(), afterwards=None):
    """Write each of TEXTS; see what NAME reads, and what else changes in WATCHED."""
    before = snapshot(name, *watched)
    for text in texts:
        failed = write(name, text)
        after = snapshot(name, *watched)
        result = failed or "reads " + short(after[name])
        if failed and after[name] != before[name]:
            result += ", reads " + short(after[name])
        say(name, "< " + quote(text), result + changes(before, after, name))
        if afterwards is not None:
            write(name, afterwards)
            after = snapshot(name, *watched)
        before = after


# ---- setting up ---------------------------------------------------------------


def make_group(group):
    for name in (group, group + "/np/" + PORTAL, group + "/lun/lun_0",
                 group + "/acls/" + ACL, group + "/acls/" + ACL + "/lun_0"):
        os.mkdir(path(name))
    os.symlink(BACKSTORE, path(group + "/lun/lun_0/probe"))
    os.symlink(path(group + "/lun/lun_0"), path(group + "/acls/" + ACL + "/lun_0/lun_0"))


def drop_group(group):
    os.unlink(path(group + "/acls/" + ACL + "/lun_0/lun_0"))
    os.unlink(path(group + "/lun/lun_0/probe"))
    for name in (group + "/acls/" + ACL + "/lun_0", group + "/acls/" + ACL,
                 group + "/lun/lun_0", group + "/np/" + PORTAL, group):
        os.rmdir(path(name))


# ---- what is looked at ------------------------------------------------------------


def probe_tree():
    """Names, modes, owners and what is there from the beginning."""
    for name in [""] + list(entries("")):
        status = os.lstat(path(name))
        kind = {stat.S_IFDIR: "directory", stat.S_IFREG: "file",
                stat.S_IFLNK: "link"}[stat.S_IFMT(status.st_mode)]
        say(name or "/", "is", "%s %04o %d:%d" % (
            kind, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid))
        if kind == "file":
            varies = "/statistics/" in name and name.rsplit("/", 1)[1] in VARIES
            say(name, "reads at first", "a number" if varies else read(name))
    for name in (WWN, WWN + "/fabric_statistics", TPG, TPG + "/attrib", TPG + "/lun/lun_0",
                 TPG + "/acls/" + ACL, "discovery_auth"):
        say(name, "rmdir", rmdir(name))
    for name in ("discovery_auth/foo", WWN + "/foo", TPG + "/foo", TPG + "/np/foo",
                 TPG + "/lun/foo", TPG + "/attrib/foo", TPG + "/acls/" + ACL + "/foo",
                 WWN + "/fabric_statistics/foo"):
        say(name, "mkdir", mkdir(name))


def probe_attrib():
    for group in (TPG, TPG + "/acls/" + ACL):
        for entry in sorted(os.listdir(path(group + "/attrib"))):
            name = group + "/attrib/" + entry
            try_writes(name, NUMBERS, [group + "/attrib"])


def probe_param():
    for entry in sorted(os.listdir(path(TPG + "/param"))):
        name = TPG + "/param/" + entry
        try_writes(name, PARAM_VALUES[PARAMS.get(entry, "number")],
                   [TPG + "/param", TPG + "/attrib"])


def unprivileged(command, name):
    done = subprocess.run(["setpriv", "--bounding-set=-sys_admin", "sh", "-c",
                           command, "sh", path(name)], capture_output=True, text=True)
    return "ok" if not done.returncode else done.stderr.strip().rsplit(": ", 1)[-1]


def probe_auth():
    for group in ("discovery_auth", TPG + "/auth", TPG + "/acls/" + ACL + "/auth"):
        for entry in ("userid", "password", "userid_mutual", "password_mutual"):
            name = group + "/" + entry
            try_writes(name, SECRETS, [group])
            write(name, "NULL")
            say(name, "read without CAP_SYS_ADMIN", unprivileged('cat "$1"', name))
            say(name, "written without CAP_SYS_ADMIN",
                unprivileged('printf x >"$1"', name))
        name = group + "/authenticate_target"
        say(name, "read without CAP_SYS_ADMIN", unprivileged('cat "$1"', name))
    name = "discovery_auth/enforce_discovery_auth"
    try_writes(name, NUMBERS, ["discovery_auth"])
    write(name, "0")


def probe_other():
    acl = TPG + "/acls/" + ACL
    try_writes("cpus_allowed_list", CPUS, afterwards="0-1")
    try_writes(acl + "/cmdsn_depth", NUMBERS)
    try_writes(acl + "/tag", TAGS)
    try_writes(TPG + "/enable", NUMBERS + ["y", "n", "on", "off", "t", "f"],
               [TPG + "/param"], afterwards="0")
    for entry in ("iser", "cxgbit"):
        try_writes(TPG + "/np/" + PORTAL + "/" + entry,
                   ["0", "0\n", "2", "-1", "x", "", "0x0"])
    try_writes(acl + "/lun_0/write_protect", ["0", "1", "2", ""])


def probe_sequence():
    for n, steps in enumerate(SEQUENCES):
        group = WWN + "/tpgt_%d" % (100 + n)
        os.mkdir(path(group))
        done = []
        for name, text in steps:
            before = snapshot(group, group + "/attrib", group + "/param")
            failed = write(group + "/" + name, text)
            after = snapshot(group, group + "/attrib", group + "/param")
            done.append("%s = %s" % (name, text))
            for varies in (before, after):
                varies.pop(group + "/rtpi", None)
            say("sequence of writes %d" % n, "; ".join(done),
                (failed or "ok") + changes(before, after, None))
        write(group + "/enable", "0")
        os.rmdir(path(group))


def try_names(what, parent, names):
    for name in names:
        child = parent + "/" + name if parent else name
        result = mkdir(child)
        say(what, quote(name), result)
        if result == "ok":
            if os.path.exists(path(child + "/info")):
                say(what, quote(name) + " info", read(child + "/info"))
            say(what, quote(name) + " rmdir", rmdir(child))


def probe_names():
    try_names("mkdir target", "", TARGET_NAMES)
    try_names("mkdir group", WWN, GROUP_NAMES)
    try_names("mkdir portal", TPG + "/np", PORTAL_NAMES)
    try_names("mkdir ACL", TPG + "/acls", INITIATOR_NAMES)
    try_names("mkdir LUN", TPG + "/lun", ["lun_1", "lun_x", "lun_", "1", "lun_0x2"])
    try_names("mkdir mapped LUN", TPG + "/acls/" + ACL, ["lun_1", "lun_x", "lun_", "1"])


def probe_shared():
    """Portals and names that somebody else has already."""
    other = WWN + "-2"
    for name in (WWN + "/tpgt_2", other, other + "/tpgt_1"):
        say(name, "mkdir", mkdir(name))
    for name in (WWN + "/tpgt_2/np/" + PORTAL, other + "/tpgt_1/np/" + PORTAL,
                 TPG + "/np/127.0.0.1:3270 "):
        say("mkdir of a portal that is there", name, mkdir(name))
        if os.path.isdir(path(name)):
            rmdir(name)
    mkdir(TPG + "/np/[::]:3295")
    for name in ("[::0]:3295", "[0::0]:3295", "[::1]:3295"):
        say("mkdir of a portal beside [::]:3295", name, mkdir(TPG + "/np/" + name))
        rmdir(TPG + "/np/" + name)
    rmdir(TPG + "/np/[::]:3295")
    for first, second in ("[::]", "0.0.0.0"), ("0.0.0.0", "[::]"):
        mkdir(TPG + "/np/%s:3298" % first)
        for group in (TPG, other + "/tpgt_1"):
            name = group + "/np/%s:3298" % second
            say("mkdir of a portal beside %s:3298" % first, name, mkdir(name))
            rmdir(name)
        rmdir(TPG + "/np/%s:3298" % first)
    for name in (other + "/tpgt_1", other, WWN + "/tpgt_2"):
        say(name, "rmdir", rmdir(name))


def probe_stats():
    """Counts and indexes of several targets and portals."""
    other = WWN + "-2"
    mkdir(other)
    mkdir(other + "/tpgt_1")
    for name in ("127.0.0.1:3296", "127.0.0.1:3297"):
        mkdir(other + "/tpgt_1/np/" + name)
    for name in (WWN, other):
        for entry in entries(name + "/fabric_statistics"):
            if os.path.isfile(path(entry)):
                say(entry, "reads with two targets", read(entry))
    for name in ("127.0.0.1:3296", "127.0.0.1:3297"):
        rmdir(other + "/tpgt_1/np/" + name)
    rmdir(other + "/tpgt_1")
    rmdir(other)
    mkdir(other)
    say(other, "made anew has the index",
        read(other + "/fabric_statistics/iscsi_instance/inst"))
    rmdir(other)


# ---- with a session ------------------------------------------------------------------

# What differs from login to login, whoever is the target.
NORMAL = [(r"0x[0-9a-f]{8}\b", "0x<8 digits>"), (r"ISID: 0x([0-9a-f]{2} ){5}[0-9a-f]{2} ",
          "ISID: 0x<6 bytes> "), (r"(Session ID|TSIH): [0-9]+", r"\1: <number>"),
          (r"\+i\+[0-9a-f]{12}\b", "+i+<12 digits>")]


def normal(text):
    for regex, by in NORMAL:
        text = re.sub(regex, by, text)
    return text


def probe_session():
    """The files that say something only while an initiator is logged in."""
    acl = TPG + "/acls/" + ACL
    say(acl + "/info", "reads with a session", normal(read(acl + "/info")))
    for entry in sorted(os.listdir(path(acl + "/param"))):
        say(acl + "/param/" + entry, "reads with a session", read(acl + "/param/" + entry))
    group = acl + "/fabric_statistics/iscsi_sess_stats"
    for entry in sorted(os.listdir(path(group))):
        text = read(group + "/" + entry)
        if entry not in ("inst", "node") and not entry.endswith("errors"):
            text = re.sub("[0-9]+", "<number>", text)
        say(group + "/" + entry, "reads with a session", text)
    group = acl + "/lun_0/statistics/scsi_att_intr_port"
    say(group + "/port_ident", "reads with a session", normal(read(group + "/port_ident")))
    say(TPG + "/dynamic_sessions", "reads with a session of an ACL",
        read(TPG + "/dynamic_sessions"))
    name = WWN + "/tpgt_2/dynamic_sessions"
    if os.path.exists(path(name)):
        say(name, "reads with a session", read(name))
    for entry in entries(WWN + "/fabric_statistics"):
        if os.path.isfile(path(entry)):
            text = read(entry)
            if entry.endswith("last_fail_time"):
                text = re.sub("[0-9]+", "<number>", text)
            say(entry, "reads with a session", text)


def probe_disk(disk):
    """What the initiator is told by INQUIRY and the like."""
    for what in (["sg_inq", "--hex"], ["sg_vpd", "--hex", "--page=0x80"],
                 ["sg_vpd", "--hex", "--page=0x83"], ["sg_vpd", "--hex", "--page=0xb0"],
                 ["sg_vpd", "--hex", "--page=0xb2"], ["sg_rtpg", "--hex"], ["sg_luns"]):
        done = subprocess.run(what + [disk], capture_output=True, text=True)
        say("what the disk says", " ".join(what), "%d %s" % (
            done.returncode, ascii(done.stdout)))


def probe_files():
    os.makedirs(FABRIC, exist_ok=True)
    os.mkdir(path(WWN))
    for probe in (probe_tree, probe_attrib, probe_param, probe_auth, probe_other,
                  probe_sequence, probe_names, probe_shared, probe_stats):
        make_group(TPG)
        try:
            probe()
        finally:
            write(TPG + "/enable", "0")
            drop_group(TPG)
    os.rmdir(path(WWN))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="ascii", line_buffering=True)
    if sys.argv[1] == "files":
        BACKSTORE = sys.argv[2]
        probe_files()
    else:
        probe_session()
        if len(sys.argv) > 2:
            probe_disk(sys.argv[2])
