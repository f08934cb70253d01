// SPDX-License-Identifier: GPL-2.0
/* Negotiation of the operational keys (section 13), one row for each rule. */
#include "raw.h"

struct neg {
	const char *keys;	/* proposed */
	const char *want;	/* "Key=A|B": the answer; "Key=-" none allowed too */
	const char *param, *value;	/* a file in the TPG's param, set first */
	bool may_refuse;	/* a refusal of the login will do as well */
};

static struct pdu *propose(struct conn *c, const char *keys)
{
	struct pdu *p = first_login(c, tap_fmt("SessionType=Normal\n%s", keys));

	return p;
}

/* Numbers may be answered in hex: 0x200 is 512. */
static bool same_value(const char *got, const char *list)
{
	char *end;
	unsigned long v = strtoul(got, &end, 0);

	if (is_one_of(got, list))
		return true;
	return !*end && *got == '0' && is_one_of(tap_fmt("%lu", v), list);
}

static void check_answer(struct conn *c, const char *want)
{
	size_t n = strcspn(want, "=");
	const char *list = want + n + 1, *key = tap_fmt("%.*s", (int)n, want);
	const char *got = key_got(c, key);

	if (!got && is_one_of("-", list))
		return;
	CK(got, "no answer for %s", key);
	if (*list == '<') {
		unsigned long lo, hi, v = strtoul(got, NULL, 0);

		if (!strcmp(got, "Reject"))
			return;
		CK(sscanf(list, "<%lu~%lu", &lo, &hi) == 2, "bad test %s", list);
		CK(*got >= '0' && *got <= '9', "%s=%s", key, got);
		CK(v >= lo && v <= hi, "%s=%s, admissible are %lu to %lu", key,
		   got, lo, hi);
		return;
	}
	CK(same_value(got, list), "%s=%s, expected %s", key, got, list);
	CK_EQ(keys_count(&c->got, key), 1, "how often it was answered");
}

static void negotiate(const void *arg)
{
	const struct neg *n = arg;
	struct conn *c;
	struct pdu *p;

	if (n->param)
		tpg_set(tap_fmt("param/%s", n->param), n->value);
	c = conn_open();
	p = propose(c, n->keys);
	if (n->may_refuse && (!p || p->bhs[36] == 2)) {
		refused_any(c, p);
		return;
	}
	CK_EQ(login_finish(c, p), 0, "the status");
	check_answer(c, n->want);
}

static void refuse_or_reject(const void *arg)
{
	struct conn *c = conn_open();
	const char *keys = arg, *key;
	struct pdu *p = propose(c, keys);

	if (login_status(p)) {
		refused_any(c, p);
		return;
	}
	key = key_got(c, tap_fmt("%.*s", (int)strcspn(keys, "="), keys));
	CK(key && is_one_of(key, "Reject|Irrelevant|NotUnderstood"),
	   "it is answered with %s", key ? key : "nothing");
}

/* Twice, in one PDU or in two */
static void twice(const void *arg)
{
	const char *keys = arg;
	struct conn *c = conn_open();
	struct pdu *p;

	if (*keys == '+') {
		keys++;
		p = login_step(c, 0, 1, 0, "%sSessionType=Normal\n%s", names(c),
			       keys);
		CK_EQ(login_status(p), 0, "the status of the first PDU");
		p = login_step(c, LT, 1, 3, "%s", keys);
	} else {
		p = propose(c, tap_fmt("%s%s", keys, keys));
	}
	refused(c, p, 0x0200);
}

static void with_discovery(const void *arg)
{
	const char *const *a = arg;
	struct conn *c = conn_open();
	struct pdu *p;

	c->target = NULL;
	p = first_login(c, tap_fmt("SessionType=Discovery\n%s", a[0]));
	CK_EQ(login_status(p), 0, "the status");
	check_answer(c, a[1]);
}

/* 13.12: 8192 is the limit when the initiator declares nothing. */
static void default_mrdsl(const void *arg)
{
	struct conn *c = login_keys("MaxRecvDataSegmentLength\n");
	struct scsi *s = scsi_rw(false, 0, 0, 64);

	(void)arg;
	CK_EQ(c->p.our_mrdsl, 8192, "the client's own limit");
	scsi_good(c, s);
	CK_EQ(s->in_len, 32768, "the length read");
	CK(s->n_in >= 4, "%u Data-In PDUs for 32 KiB", s->n_in);
}

static void small_mrdsl(const void *arg)
{
	struct conn *c = login_keys("MaxRecvDataSegmentLength=512\n");
	struct scsi *s = scsi_rw(false, 0, 0, 16);

	(void)arg;
	scsi_good(c, s);
	CK_EQ(s->n_in, 16, "Data-In PDUs for 8 KiB");
}

/* The later PDU's value may not be used before it was negotiated. */
static void two_steps(const void *arg)
{
	struct conn *c = conn_open();
	struct pdu *p;

	(void)arg;
	p = login_step(c, 0, 1, 0, "%sSessionType=Normal\nMaxBurstLength=8192\n",
		       names(c));
	CK_EQ(login_status(p), 0, "the status");
	p = login_step(c, LT, 1, 3, "FirstBurstLength=4096\n"
		       "MaxRecvDataSegmentLength=4096\n");
	CK_EQ(login_finish(c, p), 0, "the status");
	CK_EQ(c->p.max_burst, 8192, "MaxBurstLength");
	CK_EQ(c->p.first_burst, 4096, "FirstBurstLength");
	scsi_write_check(c, 0, 0, 64, 4096, 0);
}

static void first_over_max(const void *arg)
{
	struct conn *c = login_keys("MaxBurstLength=4096\n"
				    "FirstBurstLength=65536\nInitialR2T=No\n");
	const char *f = key_got(c, "FirstBurstLength");

	(void)arg;
	CK(f && (!strcmp(f, "Reject") || strtoul(f, NULL, 0) <= 4096),
	   "FirstBurstLength=%s with MaxBurstLength=4096", f);
	scsi_write_check(c, 0, 0, 32, 4096, 4096);
}

static void erl_one_r2t(const void *arg)
{
	struct conn *c;
	const char *r, *e;

	(void)arg;
	cfg_set(acl_path(env.ini, "attrib/default_erl"), "1");
	tpg_set("param/MaxOutstandingR2T", "8");
	c = conn_open();
	CK_EQ(login_status(propose(c, "ErrorRecoveryLevel=1\nMaxOutstandingR2T=8\n"
				   "DataSequenceInOrder=Yes\n")), 0, "the status");
	r = key_got(c, "MaxOutstandingR2T");
	e = key_got(c, "ErrorRecoveryLevel");
	CK(r && e, "no answer");
	CK(strcmp(e, "0") ? !strcmp(r, "1") : true,
	   "MaxOutstandingR2T=%s with ErrorRecoveryLevel=%s", r, e);
}

static void alias(const void *arg)
{
	struct conn *c;

	(void)arg;
	tpg_set("param/TargetAlias", "Bob-s Disk");
	c = login_normal();
	CK(key_got(c, "TargetAlias") &&
	   !strcmp(key_got(c, "TargetAlias"), "Bob-s Disk"), "TargetAlias is %s",
	   key_got(c, "TargetAlias"));
}

static void no_null(const void *arg)
{
	struct conn *c = conn_open();
	char *t = tap_fmt("%sSessionType=Normal", names(c));
	size_t len = strlen(t);
	struct pdu *p;

	(void)arg;
	for (size_t i = 0; i < len; i++)
		if (t[i] == '\n')
			t[i] = 0;
	login_send_raw(c, LT, 1, 3, t, len);
	p = login_recv(c);
	if (login_status(p))
		refused_any(c, p);
	conn_close(c);
	target_healthy();
}

/* The keys for one side only leave the limits of the other alone. */
static void own_mrdsl(const void *arg)
{
	struct conn *c = login_keys("MaxRecvDataSegmentLength=512\n");
	const char *m = key_got(c, "MaxRecvDataSegmentLength");

	(void)arg;
	CK(!m || (strtoul(m, NULL, 0) >= 512 && strtoul(m, NULL, 0) < 1 << 24),
	   "the target declares %s", m);
	scsi_write_check(c, 0, 0, 32, 0, 0);
}

static void pseudo_key(const void *arg)
{
	struct conn *c = conn_open();
	struct pdu *p = propose(c, "MaxXmitDataSegmentLength=16777215\n");
	const char *v = key_got(c, "MaxXmitDataSegmentLength");

	(void)arg;
	CK_EQ(login_status(p), 0, "the status");
	CK(v && !strcmp(v, "NotUnderstood"), "it is answered with %s",
	   v ? v : "nothing");
}

#define N(...) &(const struct neg){ __VA_ARGS__ }
#define NUM(sec, key, prop, want, what)					\
	{ sec, key "=" prop " " what, negotiate,			\
	  N(key "=" prop "\n", key "=" want) }
#define SET(sec, key, tgt, prop, want, what)				\
	{ sec, key "=" prop " against " tgt " " what, negotiate,	\
	  N(key "=" prop "\n", key "=" want, key, tgt) }
#define BAD(sec, key, prop, want)					\
	{ sec, key "=" prop " is refused or answered with an admissible value", \
	  negotiate, N(key "=" prop "\n", key "=" want, .may_refuse = true) }
#define BADBOOL(sec, key, prop)						\
	{ sec, key "=" prop " is refused or answered with Reject", negotiate, \
	  N(key "=" prop "\n", key "=Reject", .may_refuse = true) }

static const char *const disc_conn[] = {
	"MaxConnections=4\n", "MaxConnections=Irrelevant|1" };
static const char *const disc_erl[] = {
	"ErrorRecoveryLevel=2\n", "ErrorRecoveryLevel=0|Irrelevant" };
static const char *const disc_r2t[] = {
	"InitialR2T=No\n", "InitialR2T=Irrelevant|Yes|No" };
static const char *const disc_digest[] = {
	"HeaderDigest=CRC32C,None\n", "HeaderDigest=CRC32C|None" };

#define S10 "0123456789"
static const char name63[] = "K" S10 S10 S10 S10 S10 S10 "ab=1\n";
static const char name64[] = "K" S10 S10 S10 S10 S10 S10 "abc=1\n";
#define V250 S10 S10 S10 S10 S10 S10 S10 S10 S10 S10 S10 S10 S10 S10 S10 S10 \
	S10 S10 S10 S10 S10 S10 S10 S10 S10

static const struct tap_case cases[] = {
	/* Minimum */
	NUM("13.13", "MaxBurstLength", "65536", "65536", "is answered with 65536"),
	NUM("13.13", "MaxBurstLength", "512", "512", "is answered with 512"),
	NUM("13.13", "MaxBurstLength", "16777215", "262144",
	    "is answered with the target's 262144"),
	NUM("13.13", "MaxBurstLength", "0x10000", "65536",
	    "in hex is answered with 65536"),
	NUM("13.13", "MaxBurstLength", "0X200", "512",
	    "in hex is answered with 512"),
	SET("13.13", "MaxBurstLength", "8192", "65536", "8192",
	    "is answered with 8192"),
	BAD("13.13", "MaxBurstLength", "511", "<512~262144"),
	BAD("13.13", "MaxBurstLength", "0", "<512~262144"),
	BAD("13.13", "MaxBurstLength", "16777216", "<512~16777215"),
	BAD("6.1", "MaxBurstLength", "4294967808", "<512~16777215"),
	BAD("6.1", "MaxBurstLength", "18446744073709552128", "<512~16777215"),
	BADBOOL("6.1", "MaxBurstLength", "abc"),
	BADBOOL("6.1", "MaxBurstLength", "8192abc"),
	BADBOOL("6.1", "MaxBurstLength", "-8192"),
	BADBOOL("6.1", "MaxBurstLength", " 8192"),
	BADBOOL("6.1", "MaxBurstLength", "0x"),
	BADBOOL("6.1", "MaxBurstLength", ""),
	NUM("13.14", "FirstBurstLength", "4096", "4096", "is answered with 4096"),
	NUM("13.14", "FirstBurstLength", "16777215", "65536",
	    "is answered with the target's 65536"),
	BAD("13.14", "FirstBurstLength", "511", "<512~65536"),
	{ "13.14", "FirstBurstLength never exceeds MaxBurstLength", first_over_max },
	NUM("13.2", "MaxConnections", "1", "1", "is answered with 1"),
	NUM("13.2", "MaxConnections", "65535", "1", "is answered with the target's 1"),
	SET("13.2", "MaxConnections", "4", "2", "2|1", "is answered with 2 at most"),
	BAD("13.2", "MaxConnections", "0", "<1~1"),
	BAD("13.2", "MaxConnections", "65536", "<1~65535"),
	NUM("13.16", "DefaultTime2Retain", "0", "0", "is answered with 0"),
	NUM("13.16", "DefaultTime2Retain", "3600", "20", "is answered with 20"),
	BAD("13.16", "DefaultTime2Retain", "3601", "<0~3600"),
	NUM("13.17", "MaxOutstandingR2T", "1", "1", "is answered with 1"),
	SET("13.17", "MaxOutstandingR2T", "8", "4", "4", "is answered with 4"),
	SET("13.17", "MaxOutstandingR2T", "2", "65535", "2", "is answered with 2"),
	BAD("13.17", "MaxOutstandingR2T", "0", "<1~1"),
	BAD("13.17", "MaxOutstandingR2T", "65536", "<1~65535"),
	NUM("13.20", "ErrorRecoveryLevel", "0", "0", "is answered with 0"),
	NUM("13.20", "ErrorRecoveryLevel", "2", "0", "is answered with the target's 0"),
	BAD("13.20", "ErrorRecoveryLevel", "3", "<0~2"),
	/* Maximum */
	NUM("13.15", "DefaultTime2Wait", "0", "2", "is answered with the target's 2"),
	NUM("13.15", "DefaultTime2Wait", "10", "10", "is answered with 10"),
	NUM("13.15", "DefaultTime2Wait", "3600", "3600", "is answered with 3600"),
	BAD("13.15", "DefaultTime2Wait", "3601", "<0~3600"),
	/* OR and AND */
	NUM("13.10", "InitialR2T", "No", "Yes", "is answered with the target's Yes"),
	NUM("6.2.2", "InitialR2T", "Yes", "Yes|-", "needs no answer but Yes"),
	SET("13.10", "InitialR2T", "No", "No", "No", "is answered with No"),
	SET("13.10", "InitialR2T", "No", "Yes", "Yes|-", "is Yes"),
	BADBOOL("6.1", "InitialR2T", "Maybe"),
	BADBOOL("6.1", "InitialR2T", "yes"),
	BADBOOL("6.1", "InitialR2T", "1"),
	NUM("13.11", "ImmediateData", "Yes", "Yes", "is answered with Yes"),
	NUM("6.2.2", "ImmediateData", "No", "No|-", "needs no answer but No"),
	SET("13.11", "ImmediateData", "No", "Yes", "No", "is answered with No"),
	BADBOOL("6.1", "ImmediateData", "YES"),
	NUM("13.18", "DataPDUInOrder", "No", "Yes", "is answered with the target's Yes"),
	NUM("13.18", "DataPDUInOrder", "Yes", "Yes|-", "needs no answer but Yes"),
	NUM("13.19", "DataSequenceInOrder", "No", "Yes",
	    "is answered with the target's Yes"),
	NUM("13.19", "DataSequenceInOrder", "Yes", "Yes|-", "needs no answer but Yes"),
	/* Lists */
	NUM("6.2.1", "HeaderDigest", "CRC32C,None", "CRC32C",
	    "is answered with the first, CRC32C"),
	NUM("6.2.1", "HeaderDigest", "None,CRC32C", "None",
	    "is answered with the first, None"),
	NUM("6.2.1", "HeaderDigest", "None", "None", "is answered with None"),
	NUM("6.2.1", "HeaderDigest", "CRC32C", "CRC32C", "is answered with CRC32C"),
	NUM("6.2.1", "HeaderDigest", "Y-org.example.sum,None", "None",
	    "is answered with None: what is not understood is ignored"),
	NUM("6.2.1", "HeaderDigest", "CRC32,crc32c,None", "None",
	    "is answered with None: neither a prefix nor other case will do"),
	SET("6.2.1", "HeaderDigest", "None", "CRC32C,None", "None",
	    "is answered with None"),
	SET("6.2.1", "HeaderDigest", "CRC32C", "None,CRC32C", "CRC32C",
	    "is answered with CRC32C"),
	BADBOOL("6.2.1", "HeaderDigest", "Y-org.example.sum"),
	BADBOOL("6.2.1", "HeaderDigest", ""),
	NUM("6.2.1", "DataDigest", "CRC32C,None", "CRC32C",
	    "is answered with the first, CRC32C"),
	NUM("6.2.1", "DataDigest", "None,CRC32C", "None",
	    "is answered with the first, None"),
	SET("6.2.1", "DataDigest", "None", "CRC32C,None", "None",
	    "is answered with None"),
	{ "6.2.1", "DataDigest=CRC32C against None is refused or rejected", negotiate,
	  N("DataDigest=CRC32C\n", "DataDigest=Reject", "DataDigest", "None", true) },
	/* Declarations */
	{ "13.12", "MaxRecvDataSegmentLength=512 holds for Data-In", small_mrdsl },
	{ "13.12", "without MaxRecvDataSegmentLength 8192 holds for Data-In",
	  default_mrdsl },
	{ "13.12", "each side's MaxRecvDataSegmentLength is its own", own_mrdsl },
	{ "13.12", "MaxRecvDataSegmentLength=16777215 is taken", negotiate,
	  N("MaxRecvDataSegmentLength=16777215\nHeaderDigest=None\n",
	    "HeaderDigest=None") },
	{ "13.12", "MaxRecvDataSegmentLength=511 fails the login", refuse_or_reject,
	  "MaxRecvDataSegmentLength=511\n" },
	{ "13.12", "MaxRecvDataSegmentLength=0 fails the login", refuse_or_reject,
	  "MaxRecvDataSegmentLength=0\n" },
	{ "13.12", "MaxRecvDataSegmentLength=16777216 fails the login",
	  refuse_or_reject, "MaxRecvDataSegmentLength=16777216\n" },
	{ "13.12", "MaxRecvDataSegmentLength=big fails the login", refuse_or_reject,
	  "MaxRecvDataSegmentLength=big\n" },
	{ "13.6", "a configured TargetAlias is told", alias },
	{ "13.7", "an InitiatorAlias of 255 bytes is taken", negotiate,
	  N("InitiatorAlias=" V250 "abcde\nHeaderDigest=None\n",
	    "HeaderDigest=None") },
	{ "6.1", "an InitiatorAlias of 256 bytes is refused", refuse_or_reject,
	  "InitiatorAlias=" V250 "abcdef\n" },
	/* Keys out of the ordinary */
	{ "13.23", "TaskReporting is understood", negotiate,
	  N("TaskReporting=RFC3720,ResponseFence,FastAbort\n",
	    "TaskReporting=RFC3720|ResponseFence|FastAbort") },
	{ "13.23", "TaskReporting is answered with the one value proposed",
	  negotiate, N("TaskReporting=RFC3720\n", "TaskReporting=RFC3720") },
	{ "13.24", "iSCSIProtocolLevel=1 is answered with 1", negotiate,
	  N("iSCSIProtocolLevel=1\n", "iSCSIProtocolLevel=1") },
	{ "13.24", "iSCSIProtocolLevel=31 is answered with what the target has",
	  negotiate, N("iSCSIProtocolLevel=31\n", "iSCSIProtocolLevel=1|2") },
	{ "13.22", "a private X- key is answered with NotUnderstood", negotiate,
	  N("X-org.example.foo=bar\n", "X-org.example.foo=NotUnderstood") },
	{ "6.2", "an unknown key is answered with NotUnderstood", negotiate,
	  N("FancyKey=1\n", "FancyKey=NotUnderstood") },
	{ "13.26", "X#NodeArchitecture is passed over or not understood", negotiate,
	  N("X#NodeArchitecture=Raw/1\n", "X#NodeArchitecture=NotUnderstood|-") },
	{ "6.2", "the longest unknown key, 63 bytes, is answered with NotUnderstood",
	  negotiate, N(name63, "K" S10 S10 S10 S10 S10 S10 "ab=NotUnderstood") },
	{ "6.1", "a key of 64 bytes is not taken", refuse_or_reject, name64 },
	{ "13.25", "IFMarker=Yes is answered with Reject or No", negotiate,
	  N("IFMarker=Yes\n", "IFMarker=Reject|No") },
	{ "13.25", "OFMarker=Yes is answered with Reject or No", negotiate,
	  N("OFMarker=Yes\n", "OFMarker=Reject|No") },
	{ "13.25", "IFMarker=No is answered with Reject or No", negotiate,
	  N("IFMarker=No\n", "IFMarker=Reject|No") },
	{ "13.25", "IFMarkInt is answered with Reject", negotiate,
	  N("IFMarkInt=2048~8192\n", "IFMarkInt=Reject") },
	{ "13.25", "OFMarkInt is answered with Reject", negotiate,
	  N("OFMarkInt=2048~8192\n", "OFMarkInt=Reject") },
	{ "6.2", "a key that is only configuration here is not understood",
	  pseudo_key },
	{ "6.2", "\"Reject\" as a proposal is a protocol error", refuse_or_reject,
	  "MaxBurstLength=Reject\n" },
	{ "6.2", "\"Irrelevant\" as a proposal is a protocol error",
	  refuse_or_reject, "MaxBurstLength=Irrelevant\n" },
	{ "6.2", "\"NotUnderstood\" as a proposal is a protocol error",
	  refuse_or_reject, "InitialR2T=NotUnderstood\n" },
	/* More than once */
	{ "6.3", "a key proposed twice in a PDU is answered with 0200", twice,
	  "MaxBurstLength=65536\n" },
	{ "6.3", "a key proposed again in the next PDU is answered with 0200",
	  twice, "+MaxBurstLength=65536\n" },
	{ "6.3", "a declaration made twice is answered with 0200", twice,
	  "MaxRecvDataSegmentLength=65536\n" },
	{ "6.3", "a declaration made again in the next PDU is answered with 0200",
	  twice, "+MaxRecvDataSegmentLength=65536\n" },
	{ "6.3", "a digest proposed again is answered with 0200", twice,
	  "+HeaderDigest=None\n" },
	{ "6.2", "keys of two PDUs make one negotiation", two_steps },
	{ "13.20", "above ErrorRecoveryLevel 0 MaxOutstandingR2T is 1", erl_one_r2t },
	{ "6.1", "a last pair without its null is refused or read to the data's end", no_null },
	/* Discovery sessions */
	{ "13.2", "MaxConnections is irrelevant for discovery", with_discovery,
	  disc_conn },
	{ "7.4.1", "ErrorRecoveryLevel is 0 for discovery", with_discovery, disc_erl },
	{ "13.10", "InitialR2T does no harm to discovery", with_discovery, disc_r2t },
	{ "13.1", "HeaderDigest is negotiated for discovery", with_discovery,
	  disc_digest },
};

RAW_MAIN(cases)
