// SPDX-License-Identifier: GPL-2.0
/* CHAP: one-way, mutual, every algorithm and encoding, and every wrong turn. */
#include "raw.h"

#define ONE(...)	{ .name = USER, .secret = SECRET, __VA_ARGS__ }
#define TWO(...)							\
	{ .name = USER, .secret = SECRET, .tname = TUSER,		\
	  .tsecret = TSECRET, __VA_ARGS__ }

struct chap_case {
	struct chap ch;
	int alg;		/* expected */
	const char *ini, *tgt, *auth;
	uint16_t status;
	bool closed_ok;		/* closing without a response will do */
};

static struct conn *run_chap(const struct chap_case *cc, struct chap *ch,
			     uint16_t *st)
{
	struct login_opts o = { .session = "Normal", .stages = 1, .chap = ch,
				.status = st };

	*ch = cc->ch;
	o.initiator = cc->ini ? cc->ini : ch->tname ? INI_MUTUAL : INI_CHAP;
	o.target = cc->tgt;
	o.auth = cc->auth;
	return login_new(&o);
}

static void chap_in(const void *arg)
{
	const struct chap_case *cc = arg;
	struct chap ch;
	uint16_t st;
	struct conn *c = run_chap(cc, &ch, &st);

	CK_EQ(st, 0, "the status");
	if (cc->alg)
		CK_EQ(ch.alg, cc->alg, "the algorithm chosen");
	CK(!ch.tname || ch.verified, "the target's proof was not checked");
	CK(keys_get(&c->got, "AuthMethod") &&
	   !strcmp(keys_get(&c->got, "AuthMethod"), "CHAP"), "AuthMethod=%s",
	   keys_get(&c->got, "AuthMethod"));
	scsi_tur(c, 0);
}

static void chap_refused(const void *arg)
{
	const struct chap_case *cc = arg;
	struct chap ch;
	uint16_t st, want = cc->status ? cc->status : 0x0201;
	struct conn *c = run_chap(cc, &ch, &st);

	if (st == ST_CLOSED && cc->closed_ok)
		return;
	CK(st == want, "expected status %04x, got %04x", want, st);
	conn_expect_eof(c);
}

/* Up to the target's CHAP_A, _I, _C; then the caller's own lines */
static struct conn *to_challenge(const char *ini, const char *algs)
{
	struct conn *c = conn_open();
	struct pdu *p;

	c->initiator = ini;
	p = login_step(c, 0, 0, 0, "%sSessionType=Normal\nAuthMethod=CHAP\n",
		       names(c));
	CK_EQ(login_status(p), 0, "the status after AuthMethod");
	CK(!PDU_F(p), "a transition before CHAP");
	CK(key_got(c, "AuthMethod") && !strcmp(key_got(c, "AuthMethod"), "CHAP"),
	   "AuthMethod=%s", key_got(c, "AuthMethod"));
	p = login_step(c, 0, 0, 0, "CHAP_A=%s\n", algs);
	CK_EQ(login_status(p), 0, "the status after CHAP_A");
	return c;
}

static const char *right_answer(struct conn *c)
{
	struct chap *ch = tap_alloc(sizeof(*ch));

	*ch = (struct chap)ONE();
	return chap_answer(c, ch);
}

/* The first @n lines of @s */
static const char *cut_lines(const char *s, int n)
{
	const char *e = s;

	while (n--)
		e = strchr(e, '\n') + 1;
	return tap_fmt("%.*s", (int)(e - s), s);
}

/* @arg names what goes wrong with the answer. */
static void odd_answer(const void *arg)
{
	const char *how = arg, *a;
	struct conn *c = to_challenge(INI_CHAP, "5");
	const char *r;
	struct pdu *p;

	a = right_answer(c);
	r = lines_get(a, "CHAP_R");
	if (!strcmp(how, "no name"))
		a = tap_fmt("CHAP_R=%s\n", r);
	else if (!strcmp(how, "no response"))
		a = cut_lines(a, 1);
	else if (!strcmp(how, "nothing"))
		a = "";
	else if (!strcmp(how, "odd digits"))
		a = tap_fmt("CHAP_N=" USER "\nCHAP_R=%.*s\n", (int)strlen(r) - 1, r);
	else if (!strcmp(how, "long"))
		a = tap_fmt("CHAP_N=" USER "\nCHAP_R=%s00\n", r);
	else if (!strcmp(how, "short"))
		a = tap_fmt("CHAP_N=" USER "\nCHAP_R=%.*s\n", (int)strlen(r) - 2, r);
	else if (!strcmp(how, "very long"))
		a = tap_fmt("CHAP_N=" USER "\nCHAP_R=0x%s\n", repeat('a', 2200));
	else if (!strcmp(how, "no prefix"))
		a = tap_fmt("CHAP_N=" USER "\nCHAP_R=%s\n", r + 2);
	else if (!strcmp(how, "bad hex"))
		a = tap_fmt("CHAP_N=" USER "\nCHAP_R=0x%sg%s\n", "0", r + 4);
	else if (!strcmp(how, "bad base64"))
		a = "CHAP_N=" USER "\nCHAP_R=0b!!!!AAAAAAAAAAAAAAAAAAAA\n";
	else if (!strcmp(how, "empty"))
		a = "CHAP_N=" USER "\nCHAP_R=\n";
	else if (!strcmp(how, "prefix only"))
		a = "CHAP_N=" USER "\nCHAP_R=0x\n";
	else if (!strcmp(how, "base64 prefix only"))
		a = "CHAP_N=" USER "\nCHAP_R=0b\n";
	else if (!strcmp(how, "long name"))
		a = tap_fmt("CHAP_N=%s\nCHAP_R=%s\n", repeat('n', 600), r);
	else if (!strcmp(how, "twice"))
		a = tap_fmt("%s%s", a, a);
	else if (!strcmp(how, "identifier only"))
		a = tap_fmt("%sCHAP_I=7\n", a);
	else if (!strcmp(how, "challenge only"))
		a = tap_fmt("%sCHAP_C=0x00112233445566778899aabbccddeeff\n", a);
	else
		FAIL("unknown case %s", how);
	p = login_step(c, LT, 0, 1, "%s", a);
	/* 9.2: what is no value at all is the initiator's error */
	if (is_one_of(how, "no prefix|bad hex|bad base64|empty|prefix only|base64 prefix only"))
		CK_EQ(login_status(p), 0x0200, "the status");
	if (is_one_of(how, "odd digits|long|short|very long|long name"))
		CK_EQ(login_status(p), 0x0201, "the status");
	refused_any(c, p);
	target_healthy();
}

static void order_refused(const void *arg)
{
	const char *const *step = arg;
	struct conn *c = conn_open();
	struct pdu *p;

	c->initiator = INI_CHAP;
	p = login_step(c, 0, 0, 0, "%sSessionType=Normal\n%s", names(c), *step);
	while (p && !login_status(p) && *++step)
		p = login_step(c, LT, 0, 1, "%s", *step);
	CK(!p || login_status(p), "accepted");
	refused_any(c, p);
	target_healthy();
}

static void fresh_challenges(const void *arg)
{
	const char *last = NULL, *now;

	(void)arg;
	for (int i = 0; i < 3; i++) {
		struct conn *c = to_challenge(INI_CHAP, "5");
		uint8_t b[1024];

		now = key_got(c, "CHAP_C");
		CK(now, "no CHAP_C");
		CK(bin_decode(now, b, sizeof(b)) >= 16, "a challenge of %d bytes",
		   bin_decode(now, b, sizeof(b)));
		CK(!last || strcmp(last, now), "the same challenge twice");
		last = now;
		conn_close(c);
	}
}

/* An answer good for one connection is worth nothing on another. */
static void replay(const void *arg)
{
	struct conn *a = to_challenge(INI_CHAP, "5"), *b;
	const char *answer = right_answer(a);

	(void)arg;
	conn_close(a);
	b = to_challenge(INI_CHAP, "5");
	refused(b, login_step(b, LT, 0, 1, "%s", answer), 0x0201);
}

/* Without its turn in the security stage nobody gets in. */
static void skip_security(const void *arg)
{
	struct chap ch;
	uint16_t st;
	const struct chap_case good = { ONE(.algs = "5") };
	struct conn *old = run_chap(&good, &ch, &st), *c;

	(void)arg;
	CK_EQ(st, 0, "the status of the good login");
	c = conn_open();
	c->initiator = INI_CHAP;
	memcpy(c->isid, old->isid, 6);
	refused(c, first_login(c, "SessionType=Normal\n"), 0x0201);
	conn_expect_silence(old, 300);
	scsi_tur(old, 0);
}

static void skip_half(const void *arg)
{
	struct chap ch;
	uint16_t st;
	const struct chap_case good = { ONE(.algs = "5") };
	struct conn *old = run_chap(&good, &ch, &st), *c;

	(void)arg;
	CK_EQ(st, 0, "the status of the good login");
	c = conn_open();
	c->initiator = INI_CHAP;
	memcpy(c->isid, old->isid, 6);
	CK_EQ(login_status(login_step(c, 0, 0, 0, "%sSessionType=Normal\n"
				      "AuthMethod=CHAP\n", names(c))), 0,
	      "the status");
	refused_any(c, login_step(c, LT, 1, 3, "%s", ""));
	scsi_tur(old, 0);
}

/* Wrong secret, right name and ISID: the session goes on. */
static void bad_secret_keeps_session(const void *arg)
{
	struct chap ch;
	uint16_t st;
	const struct chap_case good = { ONE(.algs = "5") };
	struct conn *old = run_chap(&good, &ch, &st), *c;

	(void)arg;
	CK_EQ(st, 0, "the status of the good login");
	ch = (struct chap){ .algs = "5", .name = USER, .secret = "wrong" };
	c = login_new(&(struct login_opts){ .session = "Normal", .stages = 1,
		.chap = &ch, .status = &st, .initiator = INI_CHAP,
		.isid = old->isid });
	CK_EQ(st, 0x0201, "the status");
	conn_expect_eof(c);
	scsi_tur(old, 0);
}

static void good_secret_reinstates(const void *arg)
{
	struct chap ch;
	uint16_t st;
	const struct chap_case good = { ONE(.algs = "5") };
	struct conn *old = run_chap(&good, &ch, &st), *c;

	(void)arg;
	c = login_new(&(struct login_opts){ .session = "Normal", .stages = 1,
		.chap = &ch, .initiator = INI_CHAP, .isid = old->isid });
	conn_expect_eof(old);
	scsi_tur(c, 0);
}

static void auth_none(const void *arg)
{
	const char *ini = arg;
	uint16_t st;
	struct conn *c = login_new(&(struct login_opts){ .session = "Normal",
		.stages = 1, .auth = "None", .initiator = ini, .status = &st });

	CK_EQ(st, 0x0201, "the status");
	conn_expect_eof(c);
}

static void auth_method(const void *arg)
{
	const char *const *a = arg;
	struct conn *c = conn_open();
	struct pdu *p;
	const char *got;

	c->initiator = a[0];
	p = login_step(c, 0, 0, 0, "%sSessionType=Normal\nAuthMethod=%s\n",
		       names(c), a[1]);
	if (!strcmp(a[2], "refused")) {
		if (p && !LOGIN_STATUS(p)) {
			got = key_got(c, "AuthMethod");
			CK(got && !strcmp(got, "Reject"), "AuthMethod=%s", got);
			return;
		}
		refused(c, p, 0x0201);
		return;
	}
	CK_EQ(login_status(p), 0, "the status");
	got = key_got(c, "AuthMethod");
	CK(got && !strcmp(got, a[2]), "AuthMethod=%s, expected %s", got, a[2]);
}

/* Demo mode: the TPG's secrets */
static void demo(const void *arg)
{
	const char *how = arg, *cfg = "iscsi/" IQN_DEMO "/tpgt_1";
	struct chap ch = { .algs = "5", .name = USER, .secret = "demo-secret-0016" };
	struct login_opts o = { .session = "Normal", .target = IQN_DEMO,
				.initiator = INI_NONE, .stages = 1 };
	uint16_t st;

	cfg_set(tap_fmt("%s/auth/userid", cfg), USER);
	cfg_set(tap_fmt("%s/auth/password", cfg), "demo-secret-0016");
	if (strcmp(how, "off"))
		cfg_set(tap_fmt("%s/attrib/authentication", cfg), "1");
	o.status = &st;
	if (!strcmp(how, "wrong"))
		ch.secret = "demo-secret-0017";
	if (!strcmp(how, "none") || !strcmp(how, "off"))
		o.auth = "None";
	else
		o.chap = &ch;
	login_new(&o);
	CK_EQ(st, !strcmp(how, "wrong") || !strcmp(how, "none") ? 0x0201 : 0,
	      "the status");
}

static void discovery(const void *arg)
{
	const char *how = arg;
	struct chap ch = { .algs = "7,5", .name = "disc", .secret = "disc-secret-0016" };
	struct login_opts o = { .session = "Discovery", .target = "",
				.no_defaults = true, .stages = 1,
				.keys = "MaxRecvDataSegmentLength=32768\n" };
	struct keys *k = tap_alloc(sizeof(*k));
	struct conn *c;
	uint16_t st;

	cfg_set("iscsi/discovery_auth/userid", "disc");
	cfg_set("iscsi/discovery_auth/password", "disc-secret-0016");
	if (!strcmp(how, "mutual")) {
		cfg_set("iscsi/discovery_auth/userid_mutual", TUSER);
		cfg_set("iscsi/discovery_auth/password_mutual", TSECRET);
		ch.tname = TUSER;
		ch.tsecret = TSECRET;
	}
	cfg_set("iscsi/discovery_auth/enforce_discovery_auth", "1");
	o.status = &st;
	if (!strcmp(how, "wrong"))
		ch.secret = "x";
	if (!strcmp(how, "none"))
		o.auth = "None";
	else
		o.chap = &ch;
	if (!strcmp(how, "skip")) {
		o.stages = 0;
		o.chap = NULL;
	}
	c = login_new(&o);
	if (strcmp(how, "good") && strcmp(how, "mutual")) {
		CK_EQ(st, 0x0201, "the status");
		return;
	}
	CK_EQ(st, 0, "the status");
	text(c, "SendTargets=All\n", k);
	keys_parse(k, "", 0);
	CK(keys_get(k, "TargetName"), "no targets after authentication");
}

/* Secrets of the ACL, changed while nobody is logged in */
static void new_secret(const void *arg)
{
	struct chap ch = { .algs = "5", .name = "another", .secret = "another-secret16" };
	struct login_opts o = { .session = "Normal", .initiator = INI_CHAP,
				.stages = 1, .chap = &ch };

	(void)arg;
	cfg_set(acl_path(INI_CHAP, "auth/userid"), "another");
	cfg_set(acl_path(INI_CHAP, "auth/password"), "another-secret16");
	scsi_tur(login_new(&o), 0);
}

/* No secret at all is not the empty secret. */
static void no_secret(const void *arg)
{
	struct chap ch = { .algs = "5", .name = "", .secret = "" };
	uint16_t st;
	struct login_opts o = { .session = "Normal", .initiator = INI_CHAP,
				.stages = 1, .chap = &ch, .status = &st };

	(void)arg;
	cfg_set(acl_path(INI_CHAP, "auth/userid"), "NULL");
	cfg_set(acl_path(INI_CHAP, "auth/password"), "NULL");
	login_new(&o);
	CK(st >= 0x0200, "logged in without a secret, status %04x", st);
}

static void long_secret(const void *arg)
{
	char *s = repeat('s', 255);
	struct chap ch = { .algs = "7", .name = USER, .secret = s };
	struct login_opts o = { .session = "Normal", .initiator = INI_CHAP,
				.stages = 1, .chap = &ch };

	(void)arg;
	cfg_set(acl_path(INI_CHAP, "auth/password"), s);
	scsi_tur(login_new(&o), 0);
}

/* Asking a target without its own secret to prove itself */
static void mutual_without(const void *arg)
{
	struct chap ch = TWO(.algs = "5");
	uint16_t st;

	(void)arg;
	login_new(&(struct login_opts){ .session = "Normal", .stages = 1,
		.chap = &ch, .initiator = INI_CHAP, .status = &st });
	CK_EQ(st, 0x0201, "the status");
}

static void first_pdu_all(const void *arg)
{
	struct conn *c = conn_open();
	struct chap ch = ONE(.algs = "5");
	struct pdu *p;

	(void)arg;
	c->initiator = INI_CHAP;
	p = login_step(c, 0, 0, 0, "%sSessionType=Normal\nAuthMethod=CHAP,None\n",
		       names(c));
	CK_EQ(login_status(p), 0, "the status");
	p = login_step(c, LT, 0, 3, "CHAP_A=5,6,7\n");
	CK_EQ(login_status(p), 0, "the status after CHAP_A with T");
	CK(!PDU_F(p), "a transition before the response (12.1.3)");
	p = login_step(c, LT, 0, 3, "%s", chap_answer(c, &ch));
	CK_EQ(login_status(p), 0, "the status");
	if (PDU_F(p) && LOGIN_NSG(p) == 1)
		CK_EQ(login_finish(c, p), 0, "the status");
	CK(c->full, "not in full feature phase");
	scsi_tur(c, 0);
}

/* A list longer than a value may be */
static void long_list(const void *arg)
{
	const char *const *a = arg;
	struct conn *c = conn_open();
	char *l = tap_alloc(9000);
	struct pdu *p;

	c->initiator = INI_CHAP;
	for (int i = 0; i < 600; i++)
		strcat(l, a[1]);
	if (*a[0] == 'A') {
		p = login_step(c, 0, 0, 0, "%sSessionType=Normal\nAuthMethod=%sCHAP\n",
			       names(c), l);
	} else {
		p = login_step(c, 0, 0, 0, "%sSessionType=Normal\nAuthMethod=CHAP\n",
			       names(c));
		CK_EQ(login_status(p), 0, "the status after AuthMethod");
		p = login_step(c, 0, 0, 0, "CHAP_A=%s5\n", l);
	}
	/* Too long, or the right one of it found: both are sane. */
	if (login_status(p))
		refused_any(c, p);
	conn_close(c);
	target_healthy();
}

static const char *const long_a[] = { "CHAP_A", "99,250," };
static const char *const long_auth[] = { "AuthMethod", "Z-org.e.x," };
#define INI	BASE "ini"
static const char *const am_none[] = { INI, "None", "None" };
static const char *const am_srp[] = { INI_CHAP, "SRP,CHAP", "CHAP" };
static const char *const am_krb[] = { INI_CHAP, "KRB5,Z-org.example.x,CHAP,None",
				      "CHAP" };
static const char *const am_srp_only[] = { INI_CHAP, "SRP", "refused" };
static const char *const am_unknown[] = { INI_CHAP, "Z-org.example.x", "refused" };
static const char *const am_none_first[] = { INI_CHAP, "None,CHAP", "CHAP" };
static const char *const am_free[] = { INI, "SRP,None", "None" };

static const char *const ord_n_first[] = {
	"AuthMethod=CHAP\n", "CHAP_N=" USER "\nCHAP_R=0x00112233445566778899aabbccddeeff\n",
	NULL };
static const char *const ord_no_auth[] = { "CHAP_A=5\n", "", "", NULL };
static const char *const ord_a_twice[] = {
	"AuthMethod=CHAP\n", "CHAP_A=5\n", "CHAP_A=5\n", NULL };
static const char *const ord_auth_twice[] = {
	"AuthMethod=CHAP\n", "AuthMethod=CHAP\n", NULL };
static const char *const ord_a_empty[] = { "AuthMethod=CHAP\n", "CHAP_A=\n", NULL };
static const char *const ord_a_text[] = { "AuthMethod=CHAP\n", "CHAP_A=MD5\n", NULL };
static const char *const ord_a_unknown[] = {
	"AuthMethod=CHAP\n", "CHAP_A=1,99,4294967301\n", NULL };

#define C(...) &(const struct chap_case){ __VA_ARGS__ }
static const struct tap_case cases[] = {
	{ "12.1.3", "one-way CHAP with MD5 succeeds", chap_in,
	  C(ONE(.algs = "5"), 5) },
	{ "12.1.3", "one-way CHAP with SHA-1 succeeds", chap_in,
	  C(ONE(.algs = "6"), 6) },
	{ "12.1.3", "one-way CHAP with SHA-256 succeeds", chap_in,
	  C(ONE(.algs = "7"), 7) },
	{ "12.1.3", "one-way CHAP with SHA3-256 succeeds", chap_in,
	  C(ONE(.algs = "8"), 8) },
	{ "12.1.3", "mutual CHAP with MD5 succeeds", chap_in,
	  C(TWO(.algs = "5"), 5) },
	{ "12.1.3", "mutual CHAP with SHA-1 succeeds", chap_in,
	  C(TWO(.algs = "6"), 6) },
	{ "12.1.3", "mutual CHAP with SHA-256 succeeds", chap_in,
	  C(TWO(.algs = "7"), 7) },
	{ "12.1.3", "mutual CHAP with SHA3-256 succeeds", chap_in,
	  C(TWO(.algs = "8"), 8) },
	{ "12.1.3", "of 8,7,6,5 the first, SHA3-256, is chosen", chap_in,
	  C(ONE(.algs = "8,7,6,5"), 8) },
	{ "12.1.3", "of 5,8 the first, MD5, is chosen", chap_in,
	  C(ONE(.algs = "5,8"), 5) },
	{ "12.1.3", "unknown algorithms before a known one are passed over", chap_in,
	  C(ONE(.algs = "250,99,7,5"), 7) },
	{ "12.1.3", "unknown algorithms alone are refused", order_refused,
	  ord_a_unknown },
	{ "6.1", "a CHAP_A of 4 KiB does no harm", long_list, long_a },
	{ "6.1", "an AuthMethod of 6 KiB does no harm", long_list, long_auth },
	{ "12.1.3", "CHAP_A without a value is refused", order_refused, ord_a_empty },
	{ "12.1.3", "CHAP_A=MD5 is refused", order_refused, ord_a_text },
	{ "6.1", "CHAP_R in upper-case hex is taken", chap_in,
	  C(ONE(.algs = "7", .enc = 'X')) },
	{ "6.1", "CHAP_R in base64 is taken", chap_in,
	  C(ONE(.algs = "7", .enc = 'b')) },
	{ "6.1", "CHAP_R of 16 bytes in base64 with padding is taken", chap_in,
	  C(ONE(.algs = "5", .enc = 'b')) },
	{ "6.1", "the initiator's CHAP_C in base64 is taken", chap_in,
	  C(TWO(.algs = "7", .enc = 'b')) },
	{ "6.1", "the initiator's CHAP_C in upper-case hex is taken", chap_in,
	  C(TWO(.algs = "5", .enc = 'X')) },
	{ "6.1", "the initiator's CHAP_I in hex is taken", chap_in,
	  C(TWO(.algs = "5", .id_format = 'x')) },
	{ "12.1.3", "the initiator's challenge may have one byte", chap_in,
	  C(TWO(.algs = "5", .chal_len = 1)) },
	{ "12.1.3", "the initiator's challenge may have 1024 bytes", chap_in,
	  C(TWO(.algs = "5", .chal_len = 1024, .enc = 'b')) },
	{ "12.1.3", "the initiator's challenge of 1024 bytes in hex is taken", chap_in,
	  C(TWO(.algs = "7", .chal_len = 1024)) },
	{ "12.1.3", "an initiator may leave the target's proof out", chap_in,
	  C(ONE(.algs = "5"), 5, .ini = INI_MUTUAL) },
	{ "12.1.3", "a target without a secret of its own cannot be asked for proof",
	  mutual_without },
	{ "12.1.3", "T in the PDU with CHAP_A is not followed before the response",
	  first_pdu_all },
	{ "11.13.5", "a wrong secret is answered with 0201", chap_refused,
	  C({ .algs = "5", .name = USER, .secret = "raw-secret-of-17" }) },
	{ "11.13.5", "a wrong secret with SHA3-256 is answered with 0201", chap_refused,
	  C({ .algs = "8", .name = USER, .secret = "raw-secret-of-17" }) },
	{ "11.13.5", "a wrong CHAP_N is answered with 0201", chap_refused,
	  C({ .algs = "5", .name = "raw-usex", .secret = SECRET }) },
	{ "11.13.5", "the start of CHAP_N is answered with 0201", chap_refused,
	  C({ .algs = "5", .name = "raw-use", .secret = SECRET }) },
	{ "11.13.5", "CHAP_N and more is answered with 0201", chap_refused,
	  C({ .algs = "5", .name = USER "x", .secret = SECRET }) },
	{ "11.13.5", "CHAP_N in other case is answered with 0201", chap_refused,
	  C({ .algs = "5", .name = "RAW-USER", .secret = SECRET }) },
	{ "9.2.1", "the target's challenge sent back to it is refused", chap_refused,
	  C(TWO(.algs = "5", .reflect = true), .closed_ok = true) },
	{ "9.2.1", "the target's challenge sent back is refused with SHA-256 too",
	  chap_refused, C(TWO(.algs = "7", .reflect = true), .closed_ok = true) },
	{ "12.1.3", "a challenge over 1024 bytes is refused", chap_refused,
	  C(TWO(.algs = "5", .chal_len = 1025), .closed_ok = true) },
	{ "12.1.3", "a CHAP_I of the initiator above 255 is refused", chap_refused,
	  C(TWO(.algs = "5", .raw_i = "256"), .status = 0x0200) },
	{ "12.1.3", "a CHAP_I of the initiator that is no number is refused",
	  chap_refused, C(TWO(.algs = "5", .raw_i = "abc"), .status = 0x0200) },
	{ "6.1", "a CHAP_C of the initiator without digits is refused", chap_refused,
	  C(TWO(.algs = "5", .raw_c = "0x"), .status = 0x0200) },
	{ "6.1", "a CHAP_C of the initiator with bad digits is refused", chap_refused,
	  C(TWO(.algs = "5", .raw_c = "0x12zz"), .status = 0x0200) },
	{ "6.1", "a CHAP_C of the initiator in bad base64 is refused", chap_refused,
	  C(TWO(.algs = "5", .raw_c = "0bA*=="), .status = 0x0200) },
	{ "12.1.3", "CHAP_C without CHAP_I is refused", odd_answer, "challenge only" },
	{ "12.1.3", "CHAP_I without CHAP_C is refused", odd_answer, "identifier only" },
	{ "12.1.3", "CHAP_R without CHAP_N is refused", odd_answer, "no name" },
	{ "12.1.3", "CHAP_N without CHAP_R is refused", odd_answer, "no response" },
	{ "12.1.3", "no answer to the challenge is refused", odd_answer, "nothing" },
	{ "6.3", "CHAP_N and CHAP_R twice are refused", odd_answer, "twice" },
	{ "6.1", "a CHAP_R with an odd number of digits is refused", odd_answer,
	  "odd digits" },
	{ "12.1.3", "a CHAP_R one byte too long is refused", odd_answer, "long" },
	{ "12.1.3", "a CHAP_R one byte too short is refused", odd_answer, "short" },
	{ "12.1.3", "a CHAP_R of 1100 bytes is refused", odd_answer, "very long" },
	{ "6.1", "a CHAP_R without 0x is refused", odd_answer, "no prefix" },
	{ "6.1", "a CHAP_R with a bad hex digit is refused", odd_answer, "bad hex" },
	{ "6.1", "a CHAP_R in bad base64 is refused", odd_answer, "bad base64" },
	{ "6.1", "an empty CHAP_R is refused", odd_answer, "empty" },
	{ "6.1", "a CHAP_R of 0x alone is refused", odd_answer, "prefix only" },
	{ "6.1", "a CHAP_R of 0b alone is refused", odd_answer, "base64 prefix only" },
	{ "12.1.3", "a CHAP_N of 600 bytes is refused", odd_answer, "long name" },
	{ "12.1.3", "CHAP_N and CHAP_R before the challenge are refused",
	  order_refused, ord_n_first },
	{ "12.1", "CHAP_A without AuthMethod does not get in", order_refused,
	  ord_no_auth },
	{ "6.3", "CHAP_A twice is refused", order_refused, ord_a_twice },
	{ "6.3", "AuthMethod twice is refused", order_refused, ord_auth_twice },
	{ "9.2.1", "challenges are new each time and of 16 bytes or more",
	  fresh_challenges },
	{ "9.2.1", "an answer cannot be replayed on another connection", replay },
	{ "6.3.1", "without the security stage 0201 comes, and the old session stays",
	  skip_security },
	{ "6.3.1", "leaving the security stage half-way is refused, the old session stays",
	  skip_half },
	{ "6.3.5", "a wrong secret does not reinstate the session",
	  bad_secret_keeps_session },
	{ "6.3.5", "the right secret reinstates the session", good_secret_reinstates },
	{ "11.13.5", "AuthMethod=None where CHAP is required is answered with 0201",
	  auth_none, INI_CHAP },
	{ "11.13.5", "AuthMethod=None where mutual CHAP is set is answered with 0201",
	  auth_none, INI_MUTUAL },
	{ "6.2.1", "AuthMethod=None is chosen where no authentication is needed",
	  auth_method, am_none },
	{ "6.2.1", "of SRP,CHAP the supported CHAP is chosen", auth_method, am_srp },
	{ "6.2.1", "of KRB5, a private method, CHAP and None CHAP is chosen",
	  auth_method, am_krb },
	{ "6.2.1", "of None,CHAP CHAP is chosen where it is required", auth_method,
	  am_none_first },
	{ "6.2.1", "of SRP,None None is chosen where no authentication is needed",
	  auth_method, am_free },
	{ "6.2.1", "SRP alone is refused", auth_method, am_srp_only },
	{ "6.2.1", "a private method alone is refused", auth_method, am_unknown },
	{ "12.1.3", "an ACL's new secret counts for the next login", new_secret },
	{ "9.2.1", "an ACL without a secret lets nobody in", no_secret },
	{ "9.2.1", "a secret of 255 bytes works", long_secret },
	{ "12.1.3", "in demo mode the portal group's secret counts", demo, "good" },
	{ "11.13.5", "in demo mode a wrong secret is answered with 0201", demo,
	  "wrong" },
	{ "11.13.5", "in demo mode with authentication None is answered with 0201",
	  demo, "none" },
	{ "12.1", "in demo mode without authentication None is taken", demo, "off" },
	{ "12.1.3", "discovery with its secret succeeds", discovery, "good" },
	{ "12.1.3", "discovery with mutual CHAP succeeds", discovery, "mutual" },
	{ "11.13.5", "discovery with a wrong secret is answered with 0201", discovery,
	  "wrong" },
	{ "11.13.5", "discovery without the secret is answered with 0201", discovery,
	  "none" },
	{ "11.13.5", "discovery without the security stage is answered with 0201",
	  discovery, "skip" },
};

RAW_MAIN(cases)
