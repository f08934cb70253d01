// SPDX-License-Identifier: GPL-2.0
/* The login phase: stages, flags, header fields, what may come when. */
#include "raw.h"

#define NORMAL	"SessionType=Normal\n"

static void stages(const void *arg)
{
	struct login_opts o = { .session = "Normal", .stages = *(const int *)arg };
	struct conn *c = login_new(&o);

	scsi_tur(c, 0);
}

/* 6.3: from security to full feature phase, unless the target says op. */
static void zero_to_three(const void *arg)
{
	struct conn *c = conn_open();
	struct pdu *p;

	(void)arg;
	p = login_step(c, LT, 0, 3, "%s" NORMAL "AuthMethod=None\n", names(c));
	CK_EQ(login_status(p), 0, "the status");
	CK_EQ(LOGIN_CSG(p), 0, "CSG of the response");
	CK(PDU_F(p), "the target does not follow the transition 0 -> 3");
	if (LOGIN_NSG(p) == 1)
		CK_EQ(login_finish(c, p), 0, "the status");
	CK(c->full, "not in full feature phase");
	scsi_tur(c, 0);
}

static void partial_then_final(const void *arg)
{
	struct conn *c = conn_open();
	struct pdu *p;

	(void)arg;
	p = login_step(c, 0, 1, 0, "%s" NORMAL, names(c));
	CK_EQ(login_status(p), 0, "the status");
	CK(!PDU_F(p), "T in the response to a request without T (11.13.6)");
	CK_EQ(LOGIN_CSG(p), 1, "CSG of the response");
	CK_EQ(LOGIN_TSIH(p), 0, "TSIH before the final response (11.13.3)");
	CK_EQ(login_finish(c, p), 0, "the status");
	scsi_tur(c, 0);
}

static void no_security_proposal(const void *arg)
{
	struct conn *c = conn_open();
	struct pdu *p;

	(void)arg;
	p = login_step(c, LT, 0, 1, "%s" NORMAL, names(c));
	CK_EQ(login_status(p), 0, "the status");
	CK(key_got(c, "TargetPortalGroupTag"), "no TargetPortalGroupTag");
	/* The target may direct the negotiation itself (6.3.2). */
	if (!PDU_F(p)) {
		CK(key_got(c, "AuthMethod"), "neither a transition nor AuthMethod");
		p = login_step(c, LT, 0, 1, "AuthMethod=None\n");
		CK_EQ(login_status(p), 0, "the status");
	}
	CK(PDU_F(p) && LOGIN_NSG(p) == 1, "no transition to operational");
	CK_EQ(login_finish(c, p), 0, "the status");
}

/* 11.13.6: with T = 1 nothing may come that needs an answer. */
static void bare_login(const void *arg)
{
	struct conn *c = conn_open();
	struct pdu *p = first_login(c, "");

	(void)arg;
	CK_EQ(login_status(p), 0, "the status");
	if (!PDU_F(p))
		return;
	for (unsigned int i = 0; i < c->got.n; i++)
		CK(is_one_of(c->got.k[i].name, "TargetPortalGroupTag|TargetAlias|MaxRecvDataSegmentLength"),
		   "%s wants an answer, but T is set", c->got.k[i].name);
	conn_healthy(c);
}

static void tpgt(const void *arg)
{
	const char *want = arg;
	struct login_opts o = { .session = "Normal", .stages = 1 };
	struct conn *c;
	struct pdu *p;

	if (*want == '2') {
		o.addr = "127.0.0.1";
		o.port = PORT_ELSE;
		o.target = IQN_TWO;
		c = login_new(&o);
	} else if (*want == '3') {
		o.addr = "127.0.0.1";
		o.port = PORT_WILD;
		o.target = IQN_WILD;
		c = login_new(&o);
	} else {
		c = conn_open();
		p = login_step(c, 0, 0, 0, "%s" NORMAL "AuthMethod=None\n",
			       names(c));
		CK_EQ(login_status(p), 0, "the status");
	}
	CK(key_got(c, "TargetPortalGroupTag"), "no TargetPortalGroupTag");
	CK(!strcmp(key_got(c, "TargetPortalGroupTag"), want), "it is %s, not %s",
	   key_got(c, "TargetPortalGroupTag"), want);
	CK_EQ(keys_count(&c->got, "TargetPortalGroupTag"), 1, "how often it came");
}

static void over_six(const void *arg)
{
	struct conn *c;

	(void)arg;
	c = login_new(&(struct login_opts){ .session = "Normal", .addr = "::1",
		.port = "3260", .target = IQN_SIX });
	scsi_write_check(c, 0, 0, 8, 0, 0);
}

static void tpgt_after_c(const void *arg)
{
	struct conn *c = conn_open();
	struct pdu *p;

	(void)arg;
	p = login_step(c, LC, 1, 0, "%s", names(c));
	CK_EQ(login_status(p), 0, "the status");
	CK_EQ(p->dlen, 0, "data in the response to a PDU with C (6.2)");
	CK(!PDU_F(p), "T in the response to a PDU with C");
	p = login_step(c, LT, 1, 3, NORMAL);
	CK_EQ(login_status(p), 0, "the status");
	CK(key_got(c, "TargetPortalGroupTag"), "no TargetPortalGroupTag");
}

/* The text of a login, cut at *arg (negative: from its end) by the C bit */
static void split_text(const void *arg)
{
	struct conn *c = conn_open();
	char *t = tap_fmt("%s" NORMAL "MaxBurstLength=65536\n"
			  "FirstBurstLength=4096\n", names(c));
	size_t len = strlen(t), cut;
	struct pdu *p;
	int at = *(const int *)arg;

	cut = at < 0 ? len + at : (size_t)at;
	for (size_t i = 0; i < len; i++)
		if (t[i] == '\n')
			t[i] = 0;
	login_send_raw(c, LC, 1, 0, t, cut);
	p = login_recv(c);
	CK_EQ(login_status(p), 0, "the status of the first half");
	CK_EQ(p->dlen, 0, "data in the response to a PDU with C (6.2)");
	login_send_raw(c, LT, 1, 3, t + cut, len - cut);
	p = login_recv(c);
	CK_EQ(login_finish(c, p), 0, "the status");
	CK(key_got(c, "MaxBurstLength") &&
	   !strcmp(key_got(c, "MaxBurstLength"), "65536"), "MaxBurstLength is %s",
	   key_got(c, "MaxBurstLength"));
}

/* One byte of text in each PDU */
static void split_bytes(const void *arg)
{
	struct conn *c = conn_open();
	char *t = tap_fmt("%s", names(c));
	size_t len = strlen(t);
	struct pdu *p = NULL;

	(void)arg;
	for (size_t i = 0; i < len; i++) {
		if (t[i] == '\n')
			t[i] = 0;
		login_send_raw(c, i + 1 < len ? LC : LT, 1, i + 1 < len ? 0 : 3,
			       t + i, 1);
		p = login_recv(c);
		CK_EQ(login_status(p), 0, "the status");
	}
	CK_EQ(login_finish(c, p), 0, "the status");
}

static void long_text(const void *arg)
{
	struct conn *c = conn_open();
	char *t = tap_alloc(16384);
	struct pdu *p;
	size_t n = 0;

	(void)arg;
	n = sprintf(t, "%s" NORMAL, names(c));
	for (int i = 0; n < 8192; i++)
		n += sprintf(t + n, "X-org.example.k%02d=%s\n", i,
			     repeat('v', 200));
	for (size_t i = 0; i < n; i++)
		if (t[i] == '\n')
			t[i] = 0;
	CK(n > 8192 && n < 8500, "the test's text has %zu bytes", n);
	login_send_raw(c, LC, 1, 0, t, 4000);
	p = login_recv(c);
	CK_EQ(login_status(p), 0, "the status");
	login_send_raw(c, LT, 1, 3, t + 4000, n - 4000);
	p = login_recv(c);
	CK_EQ(login_finish(c, p), 0, "the status");
	CK(key_got(c, "X-org.example.k20") &&
	   !strcmp(key_got(c, "X-org.example.k20"), "NotUnderstood"),
	   "X-org.example.k20 is not answered with NotUnderstood");
}

/* 150 unknown keys, whose answers take more than one PDU */
static struct pdu *many_keys(struct conn *c)
{
	char *t = tap_alloc(8192), *name = repeat('n', 36);
	struct pdu *p;
	size_t n = 0;

	for (int i = 0; i < 150; i++)
		n += sprintf(t + n, "X-org.%s%03d=\n", name, i);
	p = login_step(c, LT, 1, 3, "%s" NORMAL "%s", names(c), t);
	CK_EQ(login_status(p), 0, "the status");
	CK(PDU_C(p) && !PDU_F(p), "C and T are %d and %d in the first of more PDUs", PDU_C(p),
	   PDU_F(p));
	return p;
}

/* 6.2: empty requests ask for the rest; T is only answered where it is asked. */
static void long_answer(const void *arg)
{
	bool t = *(const int *)arg;
	struct conn *c = conn_open();
	struct pdu *p;
	unsigned int seen = 0;

	many_keys(c);
	p = login_step(c, t ? LT : 0, 1, t ? 3 : 0, "%s", "");
	CK_EQ(login_status(p), 0, "the status");
	CK(!PDU_C(p), "C in the last PDU");
	CK_EQ(PDU_F(p), t, "T in the last PDU");
	if (!t) {
		p = login_step(c, LT, 1, 3, "%s", "");
		CK_EQ(login_status(p), 0, "the status");
	}
	CK(c->full, "not in full feature phase");
	for (unsigned int i = 0; i < c->got.n; i++)
		seen += !strcmp(c->got.k[i].value, "NotUnderstood");
	CK_EQ(seen, 150, "keys not understood");
	conn_healthy(c);
}

static void text_amid_answer(const void *arg)
{
	struct conn *c = conn_open();

	(void)arg;
	many_keys(c);
	refused(c, login_step(c, LT, 1, 3, "X-org.example.a=1\n"), 0x0200);
	target_healthy();
}

/* 6.1: 8192 bytes, with the shortest keys, whose answers are the longest in all */
static void short_keys(const void *arg)
{
	struct conn *c = conn_open();
	char *t = tap_alloc(8200);
	size_t n = sprintf(t, "%s" NORMAL, names(c)), keys = 0, seen = 0;
	struct pdu *p;

	(void)arg;
	for (; n + 6 <= 8192; keys++)
		n += sprintf(t + n, "k%03zx=\n", keys);
	for (size_t i = 0; i < n; i++)
		if (t[i] == '\n')
			t[i] = 0;
	login_send_raw(c, LT, 1, 3, t, n);
	for (;;) {
		p = pdu_expect(c, OP_LOGIN_RSP);
		CK_EQ(login_status(p), 0, "the status");
		for (uint32_t i = 0; i + 13 <= p->dlen; i++)
			seen += !memcmp(p->data + i, "NotUnderstood", 13);
		if (!PDU_C(p))
			break;
		login_send_raw(c, LT, 1, 3, "", 0);
	}
	CK(PDU_F(p) && LOGIN_TSIH(p), "no session at the end");
	/* one or two may lie over the end of a PDU */
	CK(seen <= keys && seen + 4 >= keys, "%zu answers to %zu keys", seen, keys);
	target_healthy();
}

static void endless_text(const void *arg)
{
	struct conn *c = conn_open();
	struct pdu *p = login_step(c, LC, 1, 0, "%s", names(c));

	(void)arg;
	for (int i = 0; p && !login_status(p); i++) {
		CK(i < 64, "the target has taken %d KiB of text", i * 8);
		login_send_raw(c, LC, 1, 0, repeat('x', 8192), 8192);
		p = login_recv(c);
	}
	refused_any(c, p);
	target_healthy();
}

struct hdr_case {
	int flags, csg, nsg;
	const char *keys;
};

/* A first login request that is wrong in itself */
static void bad_first(const void *arg)
{
	const struct hdr_case *h = arg;
	struct conn *c = conn_open();

	refused_any(c, login_step(c, h->flags, h->csg, h->nsg, "%s%s%s", names(c),
				  NORMAL, h->keys ? h->keys : ""));
	target_healthy();
}

/* A second one after a good first one in the security stage */
static void bad_second(const void *arg)
{
	const struct hdr_case *h = arg;
	struct conn *c = conn_open();
	struct pdu *p;

	p = login_step(c, LT, 0, 1, "%s" NORMAL "AuthMethod=None\n", names(c));
	CK_EQ(login_status(p), 0, "the status of the first PDU");
	CK(PDU_F(p) && LOGIN_NSG(p) == 1, "no transition to operational");
	refused_any(c, login_step(c, h->flags, h->csg, h->nsg, "%s",
				  h->keys ? h->keys : ""));
	target_healthy();
}

/* 6.3.1: T, CSG and NSG are reserved; 11.12, 11.13.3: the rest is of the login's first PDU. */
static void is_reject(struct conn *c, struct pdu *p)
{
	CK_EQ(PDU_ITT(p), c->login_itt, "the ITT of a Login reject");
	CK(!memcmp(p->bhs + 8, c->isid, 6), "the ISID of a Login reject differs");
	CK_EQ(LOGIN_TSIH(p), c->tsih, "the TSIH of a Login reject");
	CK_EQ(p->bhs[1], 0, "T, C, CSG and NSG of a Login reject");
}

/*
 * The target has to use the values of the first PDU: it may refuse the change
 * or take no notice of it.
 */
static void other_field(const void *arg)
{
	const char *field = arg;
	struct conn *c = conn_open(), first = *c;
	struct pdu *p;

	p = login_step(c, 0, 1, 0, "%s" NORMAL, names(c));
	CK_EQ(login_status(p), 0, "the status of the first PDU");
	c->checks = 0;
	switch (*field) {
	case 'c':
		c->cid++;
		break;
	case 't':
		c->tsih = 0x1234;
		break;
	case 'i':
		c->isid[5]++;
		break;
	case 'I':
		c->login_itt++;
		break;
	case 'v':
		c->vmax = 1;
		break;
	}
	login_send(c, LT, 1, 3, "");
	c->tsih = first.tsih;
	c->login_itt = first.login_itt;
	memcpy(c->isid, first.isid, 6);
	p = pdu_recv(c);
	CK(!p || PDU_OP(p) == OP_LOGIN_RSP, "got %s", p ? op_name(PDU_OP(p)) : "");
	if (p && LOGIN_STATUS(p))
		is_reject(c, p);
	if (p && !LOGIN_STATUS(p)) {
		CK(strchr("ctv", *field), "it was accepted");
		CK(!PDU_F(p) || *field == 'v' || LOGIN_TSIH(p) != 0x1234,
		   "the new session's TSIH is what the initiator made up");
		conn_close(c);
	} else {
		refused_any(c, p);
	}
	target_healthy();
}

static void version(const void *arg)
{
	const char *v = arg;
	struct conn *c = conn_open();
	struct pdu *p;

	c->vmin = v[0] - '0';
	c->vmax = v[1] - '0';
	p = first_login(c, NORMAL);
	if (v[2] == '+') {
		CK_EQ(login_status(p), 0, "the status");
		CK_EQ(p->bhs[3], 0, "Version-active");
		return;
	}
	CK(p, "closed without an answer");
	CK_EQ(p->bhs[3], 0, "Version-active: the lowest one supported (11.13.2)");
	if (v[2] == '?')
		refused_any(c, p);
	else
		refused(c, p, 0x0205);
}

static struct pdu *odd_pdu(struct conn *c, int op)
{
	struct pdu *p = pdu_new(op | (op == OP_DATA_OUT ? 0 : OP_IMM), 0x80);

	put32(p->bhs + 16, next_itt());
	put32(p->bhs + 20, op == OP_LOGOUT_REQ ? 0 : NO_TAG);
	put32(p->bhs + 24, c->cmdsn);
	return p;
}

static void first_not_login(const void *arg)
{
	struct conn *c = conn_open();
	struct pdu *p;

	pdu_send(c, odd_pdu(c, *(const int *)arg));
	p = pdu_recv(c);
	CK(!p || (PDU_OP(p) == OP_LOGIN_RSP && p->bhs[36] >= 2),
	   "an answer to a PDU before login: %s", p ? op_name(PDU_OP(p)) : "");
	conn_expect_eof(c);
	target_healthy();
}

static void not_login_amid(const void *arg)
{
	struct conn *c = conn_open();
	struct pdu *p;

	p = login_step(c, 0, 1, 0, "%s" NORMAL, names(c));
	CK_EQ(login_status(p), 0, "the status");
	pdu_send(c, odd_pdu(c, *(const int *)arg));
	p = login_recv(c);
	CK(p, "no Login reject");
	is_reject(c, p);
	refused(c, p, 0x020b);
	target_healthy();
}

/* Each reject, and those that had to wait, are of this login and of no stage. */
static void reject_fields(const void *arg)
{
	(void)arg;
	for (int i = 0; i < 5; i++) {
		struct conn *c = conn_open();
		struct pdu *p;

		c->tsih = 0x1234;
		p = first_login(c, NORMAL);
		CK(p, "no Login reject");
		is_reject(c, p);
		refused(c, p, 0x020a);
	}
}

/* One that knows no names is no reason to let others of its address wait. */
static void nameless_at_once(const void *arg)
{
	int64_t start = tap_clock();

	(void)arg;
	for (int i = 0; i < 7; i++) {
		struct conn *c = conn_open();

		c->vmin = 1;
		c->vmax = 1;
		refused(c, first_login(c, NORMAL), 0x0205);
	}
	/* 0.2, 0.4, 0.8 and 1.6 s, were they to wait */
	CK(tap_clock() - start < 2500, "seven refusals took %lld ms",
	   (long long)(tap_clock() - start));
}

/* Who is refused again and again waits, with an answer to an earlier request still to send, too. */
static void refused_in_one_segment(const void *arg)
{
	int64_t start = tap_clock();

	(void)arg;
	for (int i = 0; i < 6; i++) {
		struct conn *c = conn_open();

		conn_cork(c);
		login_send(c, 0, 1, 0, tap_fmt("%s" NORMAL, names(c)));
		login_send(c, LT, 1, 0, "");
		conn_uncork(c);
		CK_EQ(login_status(login_recv(c)), 0, "the first status");
		refused_any(c, login_recv(c));
	}
	/* 0.2, 0.4 and 0.8 s */
	CK(tap_clock() - start > 1300, "six refusals took %lld ms",
	   (long long)(tap_clock() - start));
	target_healthy();
}

/* 11.12.8: a leading login's first CmdSN is the next one that is expected. */
static void first_cmdsn_holds(const void *arg)
{
	struct conn *c = conn_open();
	struct pdu *p;

	(void)arg;
	c->cmdsn = 0x1000;
	p = login_step(c, 0, 1, 0, "%s" NORMAL, names(c));
	CK_EQ(login_status(p), 0, "the status");
	CK_EQ(PDU_EXPCMDSN(p), 0x1000, "ExpCmdSN");
	c->cmdsn = 0x1005;
	p = login_step(c, 0, 1, 0, "X-org.example.a=1\n");
	CK_EQ(login_status(p), 0, "the second status");
	CK_EQ(PDU_EXPCMDSN(p), 0x1000, "ExpCmdSN after another CmdSN");
}

static void login_in_full(const void *arg)
{
	struct conn *c = login_normal();
	struct pdu *p;

	(void)arg;
	login_send(c, LT, 1, 3, names(c));
	p = pdu_recv(c);
	CK(!p || PDU_OP(p) == OP_REJECT, "a login in full feature phase got %s",
	   p ? op_name(PDU_OP(p)) : "");
	target_healthy();
}

/* The first command follows the last login request in the same segment. */
static void pipelined(const void *arg)
{
	static const uint8_t inquiry[6] = { 0x12, 0, 0, 0, 96 };
	struct conn *c = conn_open();
	struct scsi *s = scsi_new(0, inquiry, 6);
	struct pdu *ping, *p;

	(void)arg;
	s->read = true;
	s->edtl = 96;
	s->in = tap_alloc(96);
	conn_cork(c);
	login_send(c, LT, 1, 3, tap_fmt("%s" NORMAL "%s", names(c),
					login_proposal(NULL, true)));
	/* The target's StatSN is not known yet: nothing is acknowledged. */
	ping = nop_pdu(c, next_itt(), NO_TAG, false);
	pdu_send(c, ping);
	pdu_send(c, scsi_pdu(c, s));
	conn_uncork(c);
	p = login_recv(c);
	CK_EQ(login_status(p), 0, "the status");
	CK(c->full, "the target did not finish the login in one step");
	p = pdu_expect(c, OP_NOP_IN);
	CK_EQ(PDU_ITT(p), PDU_ITT(ping), "the echo's ITT");
	scsi_wait(c, s);
	CK(s->in_len >= 36, "INQUIRY gave %u bytes", s->in_len);
}

static void byte_by_byte(const void *arg)
{
	struct conn *c = conn_open();

	(void)arg;
	c->split = 1;
	c->split_pause_us = 50;
	CK_EQ(login(c, &(struct login_opts){ .session = "Normal" }), 0,
	      "the status");
	c->split = 0;
	c->split_pause_us = 0;
	conn_healthy(c);
}

static void session_type(const void *arg)
{
	const char *const *a = arg;
	struct conn *c = conn_open();
	struct pdu *p = first_login(c, a[0]);

	if (!*a[1]) {
		CK_EQ(login_status(p), 0, "the status");
		return;
	}
	CK(p, "closed without an answer");
	CK(is_one_of(tap_fmt("%04x", LOGIN_STATUS(p)), a[1]),
	   "status %04x, expected %s", LOGIN_STATUS(p), a[1]);
	conn_expect_eof(c);
}

static void cmdsn_start(const void *arg)
{
	uint32_t sn = *(const uint32_t *)arg;
	struct conn *c = conn_open();

	c->cmdsn = sn;
	CK_EQ(login(c, &(struct login_opts){ .session = "Normal", .stages = 1 }),
	      0, "the status");
	CK_EQ(c->expcmdsn, sn, "ExpCmdSN after a login with that CmdSN");
	conn_healthy(c);
}

static void name_late(const void *arg)
{
	struct conn *c = conn_open();

	(void)arg;
	refused(c, login_step(c, 0, 1, 0, "TargetName=%s\n", c->target), 0x0207);
}

static void timeouts(const void *arg)
{
	struct conn *c = conn_open();
	int64_t start, until;

	(void)arg;
	tpg_set("attrib/login_timeout", "5");
	start = tap_now();
	until = tap_clock() + 12000;
	CK_EQ(login_status(login_step(c, 0, 1, 0, "%s" NORMAL, names(c))), 0,
	      "the status of the first PDU");
	while (!c->eof && tap_clock() < until)
		pdu_recv_ms(c, until - tap_clock());
	CK(c->eof, "no end 12 s after the start, login_timeout is 5 and not 15");
	CK(tap_now() - start >= 4000, "closed after %lld ms",
	   (long long)(tap_now() - start));
}

static void silent_timeout(const void *arg)
{
	struct conn *c = conn_open(), *d = conn_open();
	int64_t start = tap_clock();

	(void)arg;
	conn_write(d, "\x43\x87\0\0\0\0\0\x20", 8);
	tap_limit(45000);
	while (!c->eof && tap_clock() - start < 20000)
		pdu_recv_ms(c, 20000 - (tap_clock() - start));
	while (!d->eof && tap_clock() - start < 32000)
		pdu_recv_ms(d, 32000 - (tap_clock() - start));
	CK(c->eof && d->eof, "a silent connection is kept for ever");
}

static void many_at_once(const void *arg)
{
	struct conn *c[20];

	(void)arg;
	for (int i = 0; i < 20; i++) {
		c[i] = conn_open();
		login_send(c[i], LT, 1, 3, tap_fmt("%s" NORMAL "%s", names(c[i]),
						   login_proposal(NULL, true)));
	}
	for (int i = 0; i < 20; i++) {
		CK_EQ(login_finish(c[i], login_recv(c[i])), 0, "the status");
	}
	for (int i = 0; i < 20; i++)
		CK(c[i]->tsih && (!i || c[i]->tsih != c[i - 1]->tsih),
		   "two sessions with TSIH 0x%x", c[i]->tsih);
	scsi_tur(c[0], 0);
	scsi_tur(c[19], 0);
}

/* Lengths that a login PDU must not have */
static void bad_lengths(const void *arg)
{
	const char *how = arg;
	struct conn *c = conn_open();
	struct pdu *p = pdu_new(OP_LOGIN_REQ | OP_IMM, LT | 1 << 2 | 3);
	char *t = tap_fmt("%s", names(c));

	memcpy(p->bhs + 8, c->isid, 6);
	put32(p->bhs + 16, c->login_itt);
	for (char *s = t; *s; s++)
		if (*s == '\n')
			*s = 0;
	if (*how == 'a') {
		pdu_data(p, t, strlen(names(c)));
		p->ahs_len = 8;
		p->ahs[1] = 5;
		p->ahs[2] = 1;
	} else {
		char *big = repeat(0, 9000);

		memcpy(big, t, strlen(names(c)));
		pdu_data(p, big, 9000);
	}
	pdu_send(c, p);
	refused_any(c, login_recv(c));
	target_healthy();
}

static void no_equals(const void *arg)
{
	struct conn *c = conn_open();

	refused_any(c, first_login(c, arg));
	target_healthy();
}

static const int one = 1, two = 2, zero = 0;
static const int cuts[] = { 1, 14, 20, -1, -5, -22, -23 };
/* Who has named a target and then says nothing holds up nobody who removes it. */
static void removal(const void *arg)
{
	const char *t = "iscsi/" BASE "halfway", *tpg = tap_fmt("%s/tpgt_1", t);
	const char *np = tap_fmt("%s/np/127.0.0.1:3260", tpg);
	struct conn *c;
	int64_t start;

	(void)arg;
	cfg_mkdir(t);
	cfg_mkdir(tpg);
	cfg_mkdir(np);
	cfg_write(tap_fmt("%s/attrib/authentication", tpg), "0");
	cfg_write(tap_fmt("%s/attrib/generate_node_acls", tpg), "1");
	cfg_write(tap_fmt("%s/enable", tpg), "1");
	c = conn_open();
	c->target = BASE "halfway";
	CK_EQ(login_status(login_step(c, 0, 0, 0, "%sAuthMethod=None\n", names(c))), 0,
	      "the status of a login half way");
	cfg_rmdir(np);
	start = tap_clock();
	cfg_rmdir(tpg);
	CK(tap_clock() - start < 3000, "rmdir took %lld ms",
	   (long long)(tap_clock() - start));
	conn_expect_eof(c);
	target_healthy();
}

#define MAX_SESSIONS	"/sys/module/tcm_iscsi/parameters/max_sessions"

static uint16_t one_more(const char *initiator, struct conn **c)
{
	uint16_t status = 0;

	*c = login_new(&(struct login_opts){ .session = "Normal", .initiator = initiator,
					     .status = &status });
	return status;
}

/* Out of resources (0302) beyond the cap, and for one initiator beyond half of it */
static void max_sessions(const void *arg)
{
	struct conn *mine[4], *others[4], *c;
	int64_t end;

	(void)arg;
	if (access(MAX_SESSIONS, F_OK))
		tap_skip("it has no cap of sessions");
	cfg_set(MAX_SESSIONS, "8");
	for (int i = 0; i < 4; i++)
		/* those of the case before may still be ending */
		for (end = tap_clock() + WAIT_MS; one_more(env.ini, &mine[i]); usleep(20000))
			CK(tap_clock() < end, "the session %d of 4 is refused", i + 1);
	CK_EQ(one_more(env.ini, &c), 0x0302, "the status of an initiator's fifth");
	for (int i = 0; i < 4; i++)
		CK_EQ(one_more(env.ini2, &others[i]), 0, "the status of another one's");
	CK_EQ(one_more(INI_FEW, &c), 0x0302, "the status of the ninth");
	conn_healthy(mine[3]);
	logout(others[0], 0, 0);
	for (end = tap_clock() + WAIT_MS; one_more(INI_FEW, &c); usleep(20000))
		CK(tap_clock() < end, "there is no room after a logout");
	conn_healthy(c);
	/* not one of them more than before */
	c = login_new(&(struct login_opts){ .session = "Normal", .isid = others[1]->isid,
					    .initiator = env.ini2 });
	conn_healthy(c);
}

static const int ops[] = { OP_NOP_OUT, OP_SCSI_CMD, OP_TMF_REQ, OP_TEXT_REQ,
			   OP_DATA_OUT, OP_LOGOUT_REQ, OP_SNACK, 0x1f };
static const uint32_t sns[] = { 0, 0xffffffff, 0x80000000 };
static const char *const st_none[] = { "", "" };
static const char *const st_bad[] = { "SessionType=Fancy\n", "0200|0209" };
static const char *const st_empty[] = { "SessionType=\n", "0200|0209" };
static const char *const st_case[] = { "SessionType=normal\n", "0200|0209" };
static const char *const st_disc[] = { "SessionType=Discovery\n", "" };

#define H(...) &(const struct hdr_case){ __VA_ARGS__ }
/* 11.13.5: what has begun with an enabled portal group does not outlive it. */
static void disabled_amid(const void *arg)
{
	const char *file = tap_fmt("%s/enable", env.cfg);
	struct conn *c = conn_open();
	struct pdu *p = login_step(c, 0, 1, 0, "%s" NORMAL, names(c));
	int64_t start = tap_clock();

	(void)arg;
	CK_EQ(login_status(p), 0, "the status");
	cfg_set(file, "0");
	CK(tap_clock() - start < 1500, "switching off took %lld ms",
	   (long long)(tap_clock() - start));
	login_send(c, LT, 1, 3, "");
	refused_any(c, login_recv(c));
	cfg_write(file, "1");
	target_healthy();
}

static const struct tap_case cases[] = {
	{ "6.3", "a login with the operational stage alone succeeds", stages, &zero },
	{ "6.3", "a login with both stages succeeds", stages, &one },
	{ "6.3", "a login with the security stage alone succeeds", stages, &two },
	{ "6.3", "the transition from security straight to full feature phase is taken",
	  zero_to_three },
	{ "11.13.5", "sessions are bounded, and those of one initiator", max_sessions },
	{ "6.3", "a login half way holds up no removal of its portal group", removal },
	{ "11.13.6", "T is only answered with T, and TSIH is 0 until the end",
	  partial_then_final },
	{ "6.3.1", "an initiator without a security proposal is let on",
	  no_security_proposal },
	{ "11.13.6", "the final response holds no key that wants an answer",
	  bare_login },
	{ "6.3.1", "TargetPortalGroupTag is in the first response", tpgt, "1" },
	{ "6.3.1", "TargetPortalGroupTag is that of the serving portal group",
	  tpgt, "3" },
	{ "6.3.1", "of two groups of a target, that of the portal is told", tpgt, "2" },
	{ "6.3.1", "over IPv6 a login succeeds", over_six },
	{ "6.3.1", "after a first PDU with C, TargetPortalGroupTag comes once C is 0",
	  tpgt_after_c },
	{ "6.1", "text cut after one byte is joined", split_text, &cuts[0] },
	{ "6.1", "text cut before a \"=\" is joined", split_text, &cuts[1] },
	{ "6.1", "text cut in a value is joined", split_text, &cuts[2] },
	{ "6.1", "text cut before its last null is joined", split_text, &cuts[3] },
	{ "6.1", "text cut in a number is joined", split_text, &cuts[4] },
	{ "6.1", "text cut between two keys is joined", split_text, &cuts[5] },
	{ "6.1", "text cut before the null between two keys is joined",
	  split_text, &cuts[6] },
	{ "6.1", "text of one byte in each PDU is joined", split_bytes },
	{ "6.1", "more than 8192 bytes of text in two PDUs are taken", long_text },
	{ "6.2", "an answer of more than 8192 bytes comes in two PDUs", long_answer, &zero },
	{ "6.2", "T with the request for the last of them is answered", long_answer, &one },
	{ "6.2", "text amid such an answer is refused", text_amid_answer },
	{ "6.1", "8192 bytes of unknown keys are answered with NotUnderstood each", short_keys },
	{ "6.1", "text without end is refused in the end", endless_text },
	{ "11.12.2", "C and T together are refused", bad_first, H(LC | LT, 1, 3) },
	{ "11.12.3", "CSG 2 is refused", bad_first, H(LT, 2, 3) },
	{ "11.12.3", "CSG 3 is refused", bad_first, H(LT, 3, 3) },
	{ "11.12.3", "NSG 2 is refused", bad_first, H(LT, 1, 2) },
	{ "6.3", "a transition from operational to operational is refused",
	  bad_first, H(LT, 1, 1) },
	{ "6.3", "a transition from operational to security is refused",
	  bad_first, H(LT, 1, 0) },
	{ "6.3", "a transition from security to security is refused", bad_first,
	  H(LT, 0, 0) },
	{ "6.3", "going back to the security stage is refused", bad_second,
	  H(LT, 0, 1) },
	{ "6.3", "going back without T is refused too", bad_second, H(0, 0, 0) },
	{ "11.12.3", "CSG 3 in the second PDU is refused", bad_second,
	  H(LT, 3, 3) },
	{ "13.1", "an operational key in the security stage is refused",
	  bad_first, H(LT, 0, 1, "HeaderDigest=None\n") },
	{ "12", "AuthMethod in the operational stage is refused", bad_second,
	  H(LT, 1, 3, "AuthMethod=None\n") },
	{ "12.1.3", "CHAP_A in the operational stage is refused", bad_second,
	  H(LT, 1, 3, "CHAP_A=5\n") },
	{ "13.3", "SendTargets during login is refused", bad_second,
	  H(LT, 1, 3, "SendTargets=All\n") },
	{ "11.12.7", "another CID amid a login is refused or passed over", other_field, "cid" },
	{ "11.12.6", "another TSIH amid a login is refused or passed over", other_field, "tsih" },
	{ "11.12.5", "another ISID amid a login is refused", other_field, "isid" },
	{ "6.3", "another Initiator Task Tag amid a login is refused",
	  other_field, "ITT" },
	{ "11.12.4.1", "another Version-max amid a login is refused or passed over",
	  other_field, "version" },
	{ "11.12.4", "versions 0 to 5 are answered with version 0", version, "05+" },
	{ "11.13.5", "versions 1 to 1 are answered with 0205", version, "11" },
	{ "11.13.5", "versions 1 to 5 are answered with 0205", version, "15" },
	{ "11.12.4", "Version-min above Version-max is refused", version, "10?" },
	{ "11.13.5", "logins without a name are refused at once, however many",
	  nameless_at_once },
	{ "11.12.8", "the CmdSN of a leading login's first PDU is the one that is expected",
	  first_cmdsn_holds },
	{ "11.13.5", "who is refused waits for it, whatever comes in the same segment",
	  refused_in_one_segment },
	{ "4.2.4", "a NOP-Out before login ends the connection", first_not_login,
	  &ops[0] },
	{ "4.2.4", "a SCSI Command before login ends the connection",
	  first_not_login, &ops[1] },
	{ "4.2.4", "a task management request before login ends the connection",
	  first_not_login, &ops[2] },
	{ "4.2.4", "a Text Request before login ends the connection",
	  first_not_login, &ops[3] },
	{ "4.2.4", "a Data-Out before login ends the connection", first_not_login,
	  &ops[4] },
	{ "4.2.4", "a Logout Request before login ends the connection",
	  first_not_login, &ops[5] },
	{ "4.2.4", "a SNACK before login ends the connection", first_not_login,
	  &ops[6] },
	{ "4.2.4", "an unknown opcode before login ends the connection",
	  first_not_login, &ops[7] },
	{ "11.13.5", "a NOP-Out amid a login is answered with 020b",
	  not_login_amid, &ops[0] },
	{ "11.13.5", "a SCSI Command amid a login is answered with 020b",
	  not_login_amid, &ops[1] },
	{ "11.13.5", "a Text Request amid a login is answered with 020b",
	  not_login_amid, &ops[3] },
	{ "11.13.5", "a Logout Request amid a login is answered with 020b",
	  not_login_amid, &ops[5] },
	{ "6.3.1", "a Login reject has the login's tag, ISID and TSIH, and no stage",
	  reject_fields },
	{ "4.2.4", "a Login Request in full feature phase is not served",
	  login_in_full },
	{ "6.3", "commands in one segment with the last Login Request are served",
	  pipelined },
	{ "11.2", "a login sent byte by byte succeeds", byte_by_byte },
	{ "13.21", "SessionType defaults to Normal", session_type, st_none },
	{ "13.21", "an unknown SessionType is refused", session_type, st_bad },
	{ "13.21", "an empty SessionType is refused", session_type, st_empty },
	{ "6.1", "values are case sensitive: SessionType=normal is refused",
	  session_type, st_case },
	{ "7.4.2.2", "a discovery session may name a target", session_type, st_disc },
	{ "11.12.8", "the leading login's CmdSN 0 becomes ExpCmdSN", cmdsn_start,
	  &sns[0] },
	{ "11.12.8", "the leading login's CmdSN 0xffffffff becomes ExpCmdSN",
	  cmdsn_start, &sns[1] },
	{ "11.12.8", "the leading login's CmdSN 0x80000000 becomes ExpCmdSN",
	  cmdsn_start, &sns[2] },
	{ "6.3", "InitiatorName must be in the first PDU", name_late },
	{ "6.3", "a login that stalls is ended after login_timeout", timeouts },
	{ "11.13.5", "a target that is switched off amid a login ends it", disabled_amid },
	{ "6.3", "connections that say nothing or half a header are ended",
	  silent_timeout },
	{ "6.3", "twenty logins at once all succeed", many_at_once },
	{ "11.12", "a Login Request with an AHS is refused", bad_lengths, "ahs" },
	{ "6.3", "a Login Request of 9000 bytes is over the limit of 8192",
	  bad_lengths, "data" },
	{ "6.1", "a pair without \"=\" is refused", no_equals,
	  "SessionType=Normal\nJunk\n" },
	{ "6.1", "a pair without a key is refused", no_equals,
	  "SessionType=Normal\n=Junk\n" },
};

RAW_MAIN(cases)
