// SPDX-License-Identifier: GPL-2.0
#include "iscsi_client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const default_keys[][2] = {
	{ "HeaderDigest", "None" }, { "DataDigest", "None" },
	{ "MaxRecvDataSegmentLength", "262144" }, { "InitialR2T", "Yes" },
	{ "ImmediateData", "Yes" }, { "MaxBurstLength", "262144" },
	{ "FirstBurstLength", "65536" }, { "DefaultTime2Wait", "2" },
	{ "DefaultTime2Retain", "20" }, { "MaxOutstandingR2T", "1" },
	{ "DataPDUInOrder", "Yes" }, { "DataSequenceInOrder", "Yes" },
	{ "ErrorRecoveryLevel", "0" }, { "MaxConnections", "1" },
};

static unsigned int key_order;

/* A new ISID for each connection: cases do not reinstate each other. */
void conn_isid(struct conn *c)
{
	static uint32_t n;
	uint32_t v = (uint32_t)tap_now() << 8 | (n++ & 0xff);

	c->isid[0] = 0x80;
	put16(c->isid + 1, v >> 16);
	c->isid[3] = 0x77;
	put16(c->isid + 4, v);
}

void keys_parse(struct keys *ks, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		size_t n = strnlen(text, end - text);
		char *s, *eq;

		if (n == (size_t)(end - text))
			FAIL("the last key=value pair has no null at its end (6.1)");
		s = malloc(n + 1);
		memcpy(s, text, n + 1);
		text += n + 1;
		eq = strchr(s, '=');
		if (!eq || ks->n == ARRAY_SIZE(ks->k)) {
			free(s);
			FAIL("%s in the target's text", eq ? "too many keys" :
			     "a pair without \"=\"");
		}
		*eq = 0;
		ks->k[ks->n].name = s;
		ks->k[ks->n].order = key_order++;
		ks->k[ks->n++].value = eq + 1;
	}
}

const char *keys_get(const struct keys *ks, const char *name)
{
	for (unsigned int i = ks->n; i-- > 0;)
		if (!strcmp(ks->k[i].name, name))
			return ks->k[i].value;
	return NULL;
}

unsigned int keys_count(const struct keys *ks, const char *name)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < ks->n; i++)
		n += !strcmp(ks->k[i].name, name);
	return n;
}

const char *key_got(struct conn *c, const char *name)
{
	return keys_get(&c->got, name);
}

/* The value of @name in "A=1\nB=2\n"; "" if it stands there without "=" */
const char *lines_get(const char *lines, const char *name)
{
	size_t n = strlen(name);

	for (; lines && *lines; lines = strchr(lines, '\n') ?
			strchr(lines, '\n') + 1 : NULL) {
		if (strncmp(lines, name, n))
			continue;
		if (lines[n] == '\n' || !lines[n])
			return "";
		if (lines[n] == '=')
			return tap_fmt("%.*s", (int)strcspn(lines + n + 1, "\n"),
				       lines + n + 1);
	}
	return NULL;
}

void login_send_raw(struct conn *c, int flags, int csg, int nsg,
		    const void *text, size_t len)
{
	struct pdu *p = pdu_new(OP_LOGIN_REQ | OP_IMM, flags | csg << 2 | nsg);

	p->bhs[2] = c->vmax;
	p->bhs[3] = c->vmin;
	memcpy(p->bhs + 8, c->isid, 6);
	put16(p->bhs + 14, c->tsih);
	put32(p->bhs + 16, c->login_itt);
	put16(p->bhs + 20, c->cid);
	put32(p->bhs + 24, c->cmdsn);
	put32(p->bhs + 28, c->statsn);
	pdu_data(p, text, len);
	if (len)
		tap_log("   text %.*s", (int)(len > 150 ? 150 : len),
			(const char *)text);
	pdu_send(c, p);
}

void login_send(struct conn *c, int flags, int csg, int nsg, const char *keys)
{
	size_t len = strlen(keys), i;
	char *t = tap_fmt("%s", keys), *s, *eq, *line;

	for (line = tap_fmt("%s", keys); line && *line; line = s) {
		s = strchr(line, '\n');
		if (s)
			*s++ = 0;
		eq = strchr(line, '=');
		if (!eq || c->sent.n == ARRAY_SIZE(c->sent.k))
			continue;
		c->sent.k[c->sent.n].name = strdup(line);
		c->sent.k[c->sent.n].name[eq - line] = 0;
		c->sent.k[c->sent.n].value = c->sent.k[c->sent.n].name +
					     (eq - line) + 1;
		c->sent.k[c->sent.n++].order = key_order++;
	}
	for (i = 0; i < len; i++)
		if (t[i] == '\n')
			t[i] = 0;
	login_send_raw(c, flags, csg, nsg, t, len);
}

static void login_rsp_check(struct conn *c, struct pdu *p)
{
	CK_EQ(PDU_ITT(p), c->login_itt, "the ITT of a Login Response");
	if (LOGIN_STATUS(p))
		return;
	CK(!memcmp(p->bhs + 8, c->isid, 6), "the ISID of a Login Response differs");
	CK_EQ(p->bhs[3], 0, "Version-active of a Login Response");
	CK_EQ(p->bhs[2], 0, "Version-max of a Login Response");
	CK(!(PDU_F(p) && PDU_C(p)), "T and C in a Login Response");
}

/* NULL when the target closes. The text goes to c->got once C is 0. */
struct pdu *login_recv(struct conn *c)
{
	struct pdu *p = pdu_recv(c);

	if (!p)
		return NULL;
	if (PDU_OP(p) != OP_LOGIN_RSP)
		FAIL("expected Login Response, got %s (reason 0x%02x)",
		     op_name(PDU_OP(p)), p->bhs[2]);
	login_rsp_check(c, p);
	if (LOGIN_STATUS(p)) {
		tap_log("   status %04x", LOGIN_STATUS(p));
		return p;
	}
	c->ltext = realloc(c->ltext, c->ltext_len + p->dlen + 1);
	if (p->dlen)
		memcpy(c->ltext + c->ltext_len, p->data, p->dlen);
	c->ltext_len += p->dlen;
	if (!PDU_C(p)) {
		for (size_t i = 0; i < c->ltext_len;
		     i += strlen(c->ltext + i) + 1)
			if (c->ltext_len < 8000)
				tap_log("   key %s", c->ltext + i);
		keys_parse(&c->got, c->ltext, c->ltext_len);
		c->ltext_len = 0;
	}
	if (PDU_F(p) && LOGIN_NSG(p) == 3) {
		CK(LOGIN_TSIH(p), "the final Login Response has TSIH 0 (11.13.3)");
		c->tsih = LOGIN_TSIH(p);
		login_outcome(c);
		c->full = true;
	}
	return p;
}

struct pdu *login_step(struct conn *c, int flags, int csg, int nsg,
		       const char *fmt, ...)
{
	char *s = tap_alloc(1 << 17);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s, 1 << 17, fmt, ap);
	va_end(ap);
	login_send(c, flags, csg, nsg, s);
	return login_recv(c);
}

uint16_t login_status(struct pdu *p)
{
	return p ? LOGIN_STATUS(p) : ST_CLOSED;
}

const char *names(struct conn *c)
{
	return tap_fmt("InitiatorName=%s\n%s%s%s", c->initiator,
		       c->target ? "TargetName=" : "", c->target ? c->target : "",
		       c->target ? "\n" : "");
}

static const struct key *last_key(const struct keys *ks, const char *name)
{
	for (unsigned int i = ks->n; i-- > 0;)
		if (!strcmp(ks->k[i].name, name))
			return &ks->k[i];
	return NULL;
}

const char *key_outcome(struct conn *c, const char *name)
{
	const struct key *g = last_key(&c->got, name);
	const struct key *s = last_key(&c->sent, name);

	if (g && s)
		return g->order > s->order ? g->value : s->value;
	return g ? g->value : s ? s->value : NULL;
}

static uint32_t number(const char *v, uint32_t def)
{
	char *end;
	unsigned long n;

	if (!v || *v < '0' || *v > '9')
		return def;
	n = strtoul(v, &end, 0);
	return *end ? def : n;
}

static uint32_t agreed(struct conn *c, const char *name, uint32_t def)
{
	return number(key_outcome(c, name), def);
}

static bool yes(struct conn *c, const char *name, bool def)
{
	const char *v = key_outcome(c, name);

	return v && (!strcmp(v, "Yes") || !strcmp(v, "No")) ? *v == 'Y' : def;
}

static bool crc(struct conn *c, const char *name)
{
	const char *v = key_outcome(c, name);

	return v && !strcmp(v, "CRC32C");
}

void login_outcome(struct conn *c)
{
	const char *mrdsl = keys_get(&c->sent, "MaxRecvDataSegmentLength");

	c->p.hdgst = crc(c, "HeaderDigest");
	c->p.ddgst = crc(c, "DataDigest");
	c->p.initial_r2t = yes(c, "InitialR2T", true);
	c->p.imm_data = yes(c, "ImmediateData", true);
	c->p.max_burst = agreed(c, "MaxBurstLength", 262144);
	c->p.first_burst = agreed(c, "FirstBurstLength", 65536);
	c->p.max_r2t = agreed(c, "MaxOutstandingR2T", 1);
	c->p.erl = agreed(c, "ErrorRecoveryLevel", 0);
	c->p.max_conn = agreed(c, "MaxConnections", 1);
	c->p.time2wait = agreed(c, "DefaultTime2Wait", 2);
	c->p.time2retain = agreed(c, "DefaultTime2Retain", 20);
	c->p.tgt_mrdsl = number(key_got(c, "MaxRecvDataSegmentLength"), 8192);
	c->p.our_mrdsl = number(mrdsl, 8192);
	if (c->p.first_burst > c->p.max_burst)
		c->p.first_burst = c->p.max_burst;
}

/* Our answers to what the target proposed of its own accord. */
static char *answers(struct conn *c)
{
	char *s = tap_alloc(65536);
	size_t n = 0;

	for (unsigned int i = c->answered; i < c->got.n; i++) {
		const char *k = c->got.k[i].name, *v = c->got.k[i].value;

		if (keys_get(&c->sent, k) || !strcmp(k, "TargetAlias") ||
		    !strcmp(k, "TargetPortalGroupTag") ||
		    !strcmp(k, "TargetAddress") ||
		    !strcmp(k, "MaxRecvDataSegmentLength"))
			continue;
		if (strstr(k, "Digest"))
			v = "None";
		n += snprintf(s + n, 65536 - n, "%s=%s\n", k,
			      strncmp(k, "X-", 2) ? v : "NotUnderstood");
	}
	c->answered = c->got.n;
	return s;
}

/* From a response in the operational stage to the end of the login */
uint16_t login_finish(struct conn *c, struct pdu *p)
{
	for (int round = 0; p && !login_status(p) && !c->full; round++) {
		CK(round < 10, "the login does not come to an end");
		if (PDU_C(p))
			p = login_step(c, 0, 1, 0, "%s", "");
		else
			p = login_step(c, LT, 1, 3, "%s", answers(c));
	}
	return login_status(p);
}

/* Our usual proposals, with @keys instead of or besides them */
const char *login_proposal(const char *keys, bool defaults)
{
	char *s = tap_alloc(65536);
	size_t n = 0;

	if (defaults)
		for (size_t i = 0; i < ARRAY_SIZE(default_keys); i++)
			if (!lines_get(keys, default_keys[i][0]))
				n += snprintf(s + n, 65536 - n, "%s=%s\n",
					      default_keys[i][0],
					      default_keys[i][1]);
	for (const char *l = keys; l && *l;) {
		size_t len = strcspn(l, "\n");

		if (memchr(l, '=', len))
			n += snprintf(s + n, 65536 - n, "%.*s\n", (int)len, l);
		l += len + (l[len] == '\n');
	}
	return s;
}

/* The CSG 0 part; *p is the last response. */
static uint16_t login_security(struct conn *c, const struct login_opts *o,
			       const char *first, int nsg)
{
	const char *auth = o->auth ? o->auth : o->chap ? "CHAP" : "None";
	struct pdu *p;

	p = login_step(c, o->chap ? 0 : LT, 0, o->chap ? 0 : nsg,
		       "%sAuthMethod=%s\n", first, auth);
	if (login_status(p) || PDU_F(p) || !o->chap)
		return login_status(p);
	p = login_step(c, 0, 0, 0, "CHAP_A=%s\n", o->chap->algs);
	if (login_status(p))
		return login_status(p);
	p = login_step(c, LT, 0, nsg, "%s", chap_answer(c, o->chap));
	if (login_status(p))
		return login_status(p);
	if (o->chap->tname)
		chap_verify(c, o->chap);
	CK(PDU_F(p), "no transition after CHAP is through");
	return 0;
}

uint16_t login(struct conn *c, const struct login_opts *o)
{
	const char *first, *keys = login_proposal(o->keys, !o->no_defaults);
	uint16_t st;

	first = tap_fmt("%s%s%s%s", names(c), o->session ? "SessionType=" : "",
			o->session ? o->session : "", o->session ? "\n" : "");
	if (o->stages) {
		st = login_security(c, o, first, o->stages == 2 ? 3 : 1);
		if (st || c->full)
			return st;
		first = "";
	}
	c->answered = c->got.n;
	return login_finish(c, login_step(c, LT, 1, 3, "%s%s", first, keys));
}

struct conn *login_new(const struct login_opts *o)
{
	struct conn *c = o->addr ? conn_open_to(o->addr, o->port) : conn_open();
	uint16_t st;

	if (o->initiator)
		c->initiator = o->initiator;
	c->target = o->target ? o->target : env.iqn;
	if (o->target && !*o->target)
		c->target = NULL;
	if (o->isid)
		memcpy(c->isid, o->isid, 6);
	if (o->cmdsn)
		c->cmdsn = o->cmdsn;
	c->tsih = o->tsih;
	c->cid = o->cid;
	c->shared_cmdsn = o->tsih;
	st = login(c, o);
	if (o->status)
		*o->status = st;
	else if (st == ST_CLOSED)
		FAIL("the target closed during login");
	else if (st)
		FAIL("login refused with status %04x", st);
	return c;
}

struct conn *login_normal(void)
{
	return login_new(&(struct login_opts){ .session = "Normal" });
}

struct conn *login_keys(const char *keys)
{
	return login_new(&(struct login_opts){ .session = "Normal",
					       .keys = keys });
}

struct conn *login_discovery(void)
{
	struct login_opts o = { .session = "Discovery", .target = "",
				.no_defaults = true, .stages = 0,
				.keys = "HeaderDigest=None\nDataDigest=None\n"
					"MaxRecvDataSegmentLength=32768\n" };

	return login_new(&o);
}
