// SPDX-License-Identifier: GPL-2.0
/* Text requests: SendTargets and long answers. */
#include "raw.h"

#define MANY	210
#define MRDSL	"MaxRecvDataSegmentLength=32768\n"

static struct keys *targets(struct conn *c, const char *value)
{
	struct keys *k = tap_alloc(sizeof(*k));
	struct pdu *p = text(c, tap_fmt("SendTargets=%s\n", value), k);

	if (PDU_OP(p) == OP_REJECT)
		FAIL("SendTargets=%s was rejected, reason 0x%02x", value, p->bhs[2]);
	return k;
}

static bool has_target(struct keys *k, const char *name)
{
	for (unsigned int i = 0; i < k->n; i++)
		if (!strcmp(k->k[i].name, "TargetName") &&
		    !strcmp(k->k[i].value, name))
			return true;
	return false;
}

/* The n-th address in the record of @name, or NULL */
static const char *address(struct keys *k, const char *name, int n)
{
	bool in = false;

	for (unsigned int i = 0; i < k->n; i++) {
		if (!strcmp(k->k[i].name, "TargetName")) {
			in = !strcmp(k->k[i].value, name);
			continue;
		}
		CK(!strcmp(k->k[i].name, "TargetAddress"),
		   "%s in a SendTargets answer", k->k[i].name);
		if (in && !n--)
			return k->k[i].value;
	}
	return NULL;
}

static void all(const void *arg)
{
	struct keys *k = targets(login_discovery(), "All");
	const char *a = address(k, env.iqn, 0);

	(void)arg;
	CK(k->n && !strcmp(k->k[0].name, "TargetName"),
	   "the answer does not begin with TargetName");
	CK(has_target(k, env.iqn), "%s is not listed", env.iqn);
	CK(has_target(k, IQN_ELSE), "a target on another port is not listed");
	CK(has_target(k, TGT_EUI) && has_target(k, TGT_NAA),
	   "the eui. or naa. target is not listed");
	CK(a && !strcmp(a, tap_fmt("%s:%s,1", env.addr, env.port)),
	   "the address is %s", a);
	a = address(k, IQN_ELSE, 0);
	CK(a && !strcmp(a, "127.0.0.1:" PORT_ELSE ",1"),
	   "the other's address is %s", a);
}

static void by_name(const void *arg)
{
	const char *name = arg;
	struct keys *k = targets(login_discovery(), name);

	CK_EQ(keys_count(k, "TargetName"), 1, "the number of targets");
	CK(has_target(k, name), "%s is not listed", name);
	CK(address(k, name, 0), "no address");
}

static void by_unknown_name(const void *arg)
{
	struct keys *k = tap_alloc(sizeof(*k));
	struct conn *c = login_discovery();
	struct pdu *p = text(c, tap_fmt("SendTargets=%s\n", (char *)arg), k);

	if (PDU_OP(p) != OP_REJECT)
		CK_EQ(k->n, 0, "the number of keys in the answer");
}

static void empty_in_normal(const void *arg)
{
	struct conn *c = login_normal();
	struct keys *k = targets(c, "");

	(void)arg;
	CK_EQ(keys_count(k, "TargetName"), 1, "the number of targets");
	CK(has_target(k, env.iqn), "our target is not listed");
	conn_healthy(c);
}

static void own_name_in_normal(const void *arg)
{
	struct conn *c = login_normal();
	struct keys *k = tap_alloc(sizeof(*k));
	struct pdu *p = text(c, tap_fmt("SendTargets=%s\n", env.iqn), k);

	(void)arg;
	if (PDU_OP(p) == OP_TEXT_RSP)
		CK(!has_target(k, IQN_DEMO), "another target is listed");
	conn_healthy(c);
}

static void all_in_normal(const void *arg)
{
	struct conn *c = login_normal();
	struct keys *k = tap_alloc(sizeof(*k));
	struct pdu *p = text(c, "SendTargets=All\n", k);
	const char *v;

	(void)arg;
	if (PDU_OP(p) == OP_TEXT_RSP) {
		v = keys_get(k, "SendTargets");
		CK(!keys_get(k, "TargetName"),
		   "SendTargets=All was served on an operational session");
		CK(v && is_one_of(v, "Reject|NotUnderstood|Irrelevant"),
		   "SendTargets=%s", v);
	}
	conn_healthy(c);
}

static void other_name_in_normal(const void *arg)
{
	struct conn *c = login_normal();
	struct keys *k = tap_alloc(sizeof(*k));
	struct pdu *p = text(c, "SendTargets=" IQN_DEMO "\n", k);

	(void)arg;
	if (PDU_OP(p) == OP_TEXT_RSP)
		CK(!has_target(k, IQN_DEMO), "another target than ours is listed");
	conn_healthy(c);
}

/* They go at the end of the case. */
static void add_many(int n)
{
	tap_limit(60000);
	for (int i = 0; i < n; i++) {
		const char *t = tap_fmt("iscsi/" BASE "many.%03d", i);

		cfg_mkdir(t);
		cfg_mkdir(tap_fmt("%s/tpgt_1", t));
		cfg_mkdir(tap_fmt("%s/tpgt_1/np/127.0.0.1:3260", t));
		cfg_write(tap_fmt("%s/tpgt_1/enable", t), "1");
	}
}

/* All of them once, with their addresses, over many PDUs */
static void many(const void *arg)
{
	struct conn *c;
	char *all = tap_alloc(1 << 17);
	uint32_t itt = next_itt(), ttt = NO_TAG;
	size_t n = 0;
	int pdus = 0, limit = *(const int *)arg;
	struct pdu *p;

	add_many(MANY);
	c = login_new(&(struct login_opts){ .session = "Discovery", .target = "",
		.no_defaults = true, .keys =
		tap_fmt("MaxRecvDataSegmentLength=%d\n", limit) });
	do {
		p = text_pdu(c, itt, ttt, 0x80, pdus ? "" : "SendTargets=All\n");
		pdu_send(c, p);
		p = pdu_expect(c, OP_TEXT_RSP);
		CK(n + p->dlen < 1 << 17, "too much text");
		if (p->dlen)
			memcpy(all + n, p->data, p->dlen);
		n += p->dlen;
		ttt = PDU_TTT(p);
		pdus++;
	} while (!PDU_F(p) && pdus < 1000);
	CK(pdus >= (int)n / limit, "%d PDUs", pdus);
	CK(!n || !all[n - 1], "the last pair has no null");
	for (int i = 0; i < MANY; i++) {
		const char *want = tap_fmt("TargetName=" BASE "many.%03d", i);
		const char *s = all;
		int seen = 0;

		for (; s < all + n; s += strlen(s) + 1) {
			if (strcmp(s, want))
				continue;
			seen++;
			CK(!strcmp(s + strlen(s) + 1,
				   "TargetAddress=127.0.0.1:3260,1"),
			   "%s is followed by %s", want, s + strlen(s) + 1);
		}
		CK(seen == 1, "%s is listed %d times", want, seen);
	}
}

/* 11.11.2: C says that the set goes on, wherever it has been cut. */
static void c_on_all_but_the_last(const void *arg)
{
	unsigned int behind_pairs = 0;

	(void)arg;
	add_many(20);
	for (int limit = 512; limit < 576; limit++) {
		struct conn *c = login_new(&(struct login_opts){ .session = "Discovery",
			.target = "", .no_defaults = true,
			.keys = tap_fmt("MaxRecvDataSegmentLength=%d\n", limit) });
		uint32_t itt = next_itt(), ttt = NO_TAG;
		struct pdu *p;

		for (int pdus = 0; ; pdus++) {
			CK(pdus < 100, "no end of the answer");
			pdu_send(c, text_pdu(c, itt, ttt, 0x80, pdus ? "" : "SendTargets=All\n"));
			p = pdu_expect(c, OP_TEXT_RSP);
			ttt = PDU_TTT(p);
			CK_EQ(!!(p->bhs[1] & 0x40), !PDU_F(p), "C");
			if (PDU_F(p))
				break;
			behind_pairs += !p->data[p->dlen - 1];
		}
		conn_close(c);
	}
	CK(behind_pairs, "no answer has been cut behind a pair");
}

static struct conn *half_way(uint32_t itt, uint32_t *ttt)
{
	struct conn *c = login_new(&(struct login_opts){ .session = "Discovery",
		.target = "", .no_defaults = true,
		.keys = "MaxRecvDataSegmentLength=512\n" });
	struct pdu *p;

	add_many(20);
	pdu_send(c, text_pdu(c, itt, NO_TAG, 0x80, "SendTargets=All\n"));
	p = pdu_expect(c, OP_TEXT_RSP);
	CK(!PDU_F(p), "the whole list in 512 bytes?");
	*ttt = PDU_TTT(p);
	return c;
}

/* A new request instead of the continuation starts afresh (11.10.4). */
static void restart(const void *arg)
{
	uint32_t ttt, itt = next_itt();
	struct conn *c = half_way(itt, &ttt);
	struct pdu *p;

	(void)arg;
	pdu_send(c, text_pdu(c, itt, NO_TAG, 0x80, "SendTargets=All\n"));
	p = pdu_expect(c, OP_TEXT_RSP);
	CK(p->dlen && !strncmp((char *)p->data, "TargetName=", 11),
	   "the answer does not begin anew");
}

static void wrong_ttt(const void *arg)
{
	uint32_t ttt, itt = next_itt();
	struct conn *c = half_way(itt, &ttt);
	struct pdu *bad, *p;

	(void)arg;
	bad = text_pdu(c, itt, ttt ^ 0x5a5a, 0x80, "");
	pdu_send(c, bad);
	p = pdu_recv(c);
	CK(!p || PDU_OP(p) == OP_REJECT, "a wrong TTT was answered with %s",
	   p ? op_name(PDU_OP(p)) : "");
	target_healthy();
}

static void stray_ttt(const void *arg)
{
	struct conn *c = login_discovery();
	struct pdu *p;

	(void)arg;
	pdu_send(c, text_pdu(c, next_itt(), 0x1234, 0x80, ""));
	p = pdu_recv(c);
	CK(!p || PDU_OP(p) == OP_REJECT, "a stray TTT was answered with %s",
	   p ? op_name(PDU_OP(p)) : "");
	if (p) {
		/* 7.3: it was not received, and the same CmdSN fills the gap */
		CK_EQ(PDU_EXPCMDSN(p), c->cmdsn - 1, "ExpCmdSN in the Reject");
		c->cmdsn--;
		CK(targets(c, "All"), "no answer behind the Reject");
	}
	target_healthy();
}

/* SendTargets itself over several requests: C = 1, then the rest */
static void split_request(const void *arg)
{
	struct conn *c = login_discovery();
	uint32_t itt = next_itt();
	struct pdu *p;

	(void)arg;
	p = text_pdu(c, itt, NO_TAG, 0x40, "SendTar");
	pdu_send(c, p);
	p = pdu_expect(c, OP_TEXT_RSP);
	CK_EQ(p->dlen, 0, "data in the answer to a request with C (6.2)");
	CK(!PDU_F(p), "F in the answer to a request with C");
	pdu_send(c, text_pdu(c, itt, PDU_TTT(p), 0x80, "gets=All\n"));
	p = pdu_expect(c, OP_TEXT_RSP);
	CK(p->dlen && !strncmp((char *)p->data, "TargetName=", 11),
	   "no targets in the answer");
}

static void no_final(const void *arg)
{
	struct conn *c = login_discovery();
	uint32_t itt = next_itt();
	struct pdu *p;

	(void)arg;
	pdu_send(c, text_pdu(c, itt, NO_TAG, 0, "SendTargets=All\n"));
	p = pdu_recv(c);
	CK(p, "the target closed");
	if (PDU_OP(p) == OP_REJECT)
		return;
	CK(PDU_OP(p) == OP_TEXT_RSP && !PDU_F(p),
	   "F in the answer to a request without F (11.11.1)");
	pdu_send(c, text_pdu(c, itt, PDU_TTT(p), 0x80, ""));
	p = pdu_expect(c, OP_TEXT_RSP);
}

/* 11.11.1: F in response to a request without F is a protocol error, to the very end. */
static void final_when_asked(const void *arg)
{
	uint32_t ttt, itt = next_itt();
	struct conn *c = half_way(itt, &ttt);
	struct pdu *p;
	int i;

	(void)arg;
	for (i = 0; i < 200; i++) {
		pdu_send(c, text_pdu(c, itt, ttt, 0, ""));
		p = pdu_expect(c, OP_TEXT_RSP);
		CK(!PDU_F(p), "F in the answer to a request without F");
		ttt = PDU_TTT(p);
		if (!p->dlen)
			break;
	}
	CK(i < 200, "no end of the answer");
	pdu_send(c, text_pdu(c, itt, ttt, 0x80, ""));
	p = pdu_expect(c, OP_TEXT_RSP);
	CK(PDU_F(p) && !p->dlen, "the negotiation does not end");
	CK(targets(c, "All"), "no answer to the next one");
}

static struct pdu *text_ask(struct conn *c, uint32_t itt, uint32_t ttt, int flags,
			    const char *lines)
{
	struct pdu *p;

	pdu_send(c, text_pdu(c, itt, ttt, flags, lines));
	p = pdu_expect(c, OP_TEXT_RSP);
	CK_EQ(PDU_ITT(p), itt, "the Text Response's ITT");
	return p;
}

static void says(struct pdu *p, const char *pair)
{
	CK(p->dlen == strlen(pair) + 1 && !memcmp(p->data, pair, p->dlen),
	   "the answer is not %s alone", pair);
}

/* 6: the answer to a set of keys is in the following response. */
static void set_by_set(const void *arg)
{
	struct conn *c = login_normal();
	uint32_t itt = next_itt();
	struct pdu *p;

	(void)arg;
	p = text_ask(c, itt, NO_TAG, 0, "X-org.example.a=1\n");
	says(p, "X-org.example.a=NotUnderstood");
	p = text_ask(c, itt, PDU_TTT(p), 0x40, "X-org.");
	CK_EQ(p->dlen, 0, "data in the answer to a request with C (6.2)");
	p = text_ask(c, itt, PDU_TTT(p), 0, "example.b=1\n");
	says(p, "X-org.example.b=NotUnderstood");
	p = text_ask(c, itt, PDU_TTT(p), 0x80, "X-org.example.c=1\n");
	says(p, "X-org.example.c=NotUnderstood");
	CK(PDU_F(p), "no F at the end");
	conn_healthy(c);
}

/* 8 KiB from the disk, in how many Data-In PDUs? */
static uint32_t pieces(struct conn *c)
{
	struct scsi *s = scsi_rw(false, 0, 0, 16);

	scsi_good(c, s);
	return s->n_in;
}

/* 6.2: what was declared holds from the end of the negotiation. */
static void declared_early(const void *arg)
{
	struct conn *c = login_normal();
	uint32_t itt = next_itt();
	struct pdu *p;

	(void)arg;
	p = text_ask(c, itt, NO_TAG, 0, "MaxRecvDataSegmentLength=1024\n");
	CK_EQ(pieces(c), 1, "Data-In PDUs amid the negotiation");
	p = text_ask(c, itt, PDU_TTT(p), 0x80, "");
	CK(PDU_F(p), "no F at the end");
	c->p.our_mrdsl = 1024;
	CK_EQ(pieces(c), 8, "Data-In PDUs behind it");
}

/* 7.12 b: of a negotiation that fails nothing holds. */
static void declared_in_vain(const void *arg)
{
	struct conn *c = login_normal();
	uint32_t itt = next_itt();
	struct pdu *p, *r;

	if (arg) {
		p = text(c, tap_fmt("MaxRecvDataSegmentLength=1024\n%s", (char *)arg), NULL);
	} else {
		p = text_ask(c, itt, NO_TAG, 0, "MaxRecvDataSegmentLength=1024\n");
		r = text_pdu(c, itt, PDU_TTT(p), 0x80, "MaxRecvDataSegmentLength=2048\n");
		pdu_send(c, r);
		p = reject_expect(c, REJ_PROTOCOL, r);
		text_rejected(c, p);
	}
	CK_EQ(PDU_OP(p), OP_REJECT, "the answer's opcode");
	CK_EQ(pieces(c), 1, "Data-In PDUs for 8 KiB");
}

/* 6.1: 8192 bytes of keys; the longest of all answers are those to the shortest keys. */
static void many_unknown(const void *arg)
{
	struct conn *c = login_normal();
	char *lines = tap_alloc(8193), *all;
	size_t n = 0, len, seen = 0;
	const char *s;
	struct pdu *p;

	(void)arg;
	for (int i = 0; n + 6 <= 8192; i++)
		n += sprintf(lines + n, "k%03x=\n", i);
	p = text_all(c, lines, &all, &len);
	CK_EQ(PDU_OP(p), OP_TEXT_RSP, "the answer's opcode");
	for (s = all; s < all + len; s += strlen(s) + 1, seen++)
		CK(!strcmp(s, tap_fmt("k%03zx=NotUnderstood", seen)), "number %zu is %s", seen, s);
	CK_EQ(seen, n / 6, "answers");
	conn_healthy(c);
}

/* 11.11.4: the LUN goes with a TTT. */
static void lun_field(const void *arg)
{
	struct conn *c = login_normal();
	uint32_t itt = next_itt();
	struct pdu *p = text_pdu(c, itt, NO_TAG, 0, "");
	uint8_t lun[8];

	(void)arg;
	lun_bytes(p->bhs + 8, 1);
	memcpy(lun, p->bhs + 8, 8);
	pdu_send(c, p);
	p = pdu_expect(c, OP_TEXT_RSP);
	CK(!memcmp(p->bhs + 8, lun, 8), "not our LUN beside the TTT");
	p = text_pdu(c, itt, PDU_TTT(p), 0x80, "");
	memcpy(p->bhs + 8, lun, 8);
	pdu_send(c, p);
	p = pdu_expect(c, OP_TEXT_RSP);
	CK(!memcmp(p->bhs + 8, "\0\0\0\0\0\0\0", 8), "a LUN without a TTT");
	conn_healthy(c);
}

static void c_and_f(const void *arg)
{
	struct conn *c = login_discovery();
	struct pdu *p;

	(void)arg;
	pdu_send(c, text_pdu(c, next_itt(), NO_TAG, 0xc0, "SendTargets=All\n"));
	p = pdu_recv(c);
	CK(!p || PDU_OP(p) == OP_REJECT, "C and F got %s",
	   p ? op_name(PDU_OP(p)) : "");
	target_healthy();
}

static void wildcard(const void *arg)
{
	const char *addr = arg;
	struct conn *c = login_new(&(struct login_opts){ .session = "Discovery",
		.target = "", .no_defaults = true, .keys = MRDSL, .addr = addr,
		.port = PORT_WILD });
	const char *a = address(targets(c, IQN_WILD), IQN_WILD, 0);

	CK(a && !strcmp(a, tap_fmt("%s:" PORT_WILD ",3", addr)),
	   "the address is %s", a);
}

/* Asked over another portal, the wildcard keeps its own port. */
static void wildcard_port(const void *arg)
{
	const char *a = address(targets(login_discovery(), "All"), IQN_WILD, 0);

	(void)arg;
	CK(a && !strcmp(a, "127.0.0.1:" PORT_WILD ",3"), "the address is %s", a);
}

static void six(const void *arg)
{
	struct conn *c = login_new(&(struct login_opts){ .session = "Discovery",
		.target = "", .no_defaults = true, .keys = MRDSL, .addr = "::1",
		.port = "3260" });
	const char *a = address(targets(c, IQN_SIX), IQN_SIX, 0);

	(void)arg;
	CK(a && !strcmp(a, "[::1]:3260,1"), "the address is %s", a);
}

static void two_groups(const void *arg)
{
	struct keys *k = targets(login_discovery(), IQN_TWO);
	const char *a = address(k, IQN_TWO, 0), *b = address(k, IQN_TWO, 1);

	(void)arg;
	CK_EQ(keys_count(k, "TargetName"), 1, "records of the one target");
	CK(a && b && strcmp(a, b) &&
	   is_one_of(a, "127.0.0.1:3260,1|127.0.0.1:3262,2") &&
	   is_one_of(b, "127.0.0.1:3260,1|127.0.0.1:3262,2"),
	   "the addresses are %s and %s", a, b);
}

/* 512 bytes at a time */
static void in_pieces(const void *arg)
{
	uint32_t ttt, itt = next_itt();
	struct conn *c = half_way(itt, &ttt);
	struct pdu *p;

	(void)arg;
	for (int i = 0; i < 200; i++) {
		pdu_send(c, text_pdu(c, itt, ttt, 0x80, ""));
		p = pdu_expect(c, OP_TEXT_RSP);
		if (PDU_F(p))
			return;
		ttt = PDU_TTT(p);
	}
	FAIL("no end of the answer");
}

/* 11.10.4: what nobody asks for is forgotten. */
static void stalled(const void *arg)
{
	uint32_t ttt, itt = next_itt();
	struct conn *c = half_way(itt, &ttt);
	struct pdu *p;

	(void)arg;
	tap_limit(60000);
	for (int i = 0; i < 3; i++) {
		usleep(5000000);
		pdu_send(c, text_pdu(c, itt, ttt, 0x80, ""));
		p = pdu_expect(c, OP_TEXT_RSP);
		CK(!PDU_F(p), "the end after %d pieces", i + 2);
	}
	usleep(24000000);	/* the kernel's long timers are an eighth late */
	pdu_send(c, text_pdu(c, itt, ttt, 0x80, ""));
	p = pdu_recv(c);
	CK(p && PDU_OP(p) == OP_REJECT, "got %s", p ? op_name(PDU_OP(p)) : "nothing");
	/* what is rejected has not been received (7.3) */
	c->cmdsn = PDU_EXPCMDSN(p);
	CK_EQ(keys_count(targets(c, "All"), "TargetName") > 20, 1, "the list afterwards");
}

static void endless_request(const void *arg)
{
	struct conn *c = login_normal();
	uint32_t itt = next_itt(), ttt = NO_TAG;
	char *x = repeat('x', 8000);
	struct pdu *p;

	(void)arg;
	for (int i = 0; i < 64; i++) {
		pdu_send(c, text_pdu(c, itt, ttt, 0x40, x));
		p = pdu_recv(c);
		if (!p)
			break;
		if (PDU_OP(p) == OP_REJECT) {
			text_rejected(c, p);
			break;
		}
		CK_EQ(PDU_OP(p), OP_TEXT_RSP, "what came");
		CK(i < 63, "the target has taken 500 KiB of text");
		ttt = PDU_TTT(p);
	}
	if (!c->eof)
		conn_healthy(c);
	target_healthy();
}

static void off_hidden(const void *arg)
{
	const char *how = arg, *file = "iscsi/" IQN_OFF
		"/tpgt_1/attrib/tpg_enabled_sendtargets";

	if (*how == '0')
		cfg_set(file, "0");
	CK_EQ(has_target(targets(login_discovery(), "All"), IQN_OFF), *how == '0',
	      "is the switched-off target listed?");
}

static void discovery_mode(const void *arg)
{
	const char *ini = arg;
	struct conn *c;

	tpg_set("attrib/demo_mode_discovery", "0");
	c = login_new(&(struct login_opts){ .session = "Discovery", .target = "",
		.no_defaults = true, .keys = MRDSL, .initiator = ini });
	CK_EQ(has_target(targets(c, "All"), env.iqn), !strcmp(ini, env.ini),
	      "is the target listed for this initiator?");
}

static void unknown_key(const void *arg)
{
	struct conn *c = login_normal();
	struct keys *k = tap_alloc(sizeof(*k));
	struct pdu *p = text(c, "X-org.example.foo=1\n", k);
	const char *v = keys_get(k, "X-org.example.foo");

	(void)arg;
	CK_EQ(PDU_OP(p), OP_TEXT_RSP, "the answer's opcode");
	CK(v && !strcmp(v, "NotUnderstood"), "it is answered with %s", v);
	conn_healthy(c);
}

static void mrdsl_later(const void *arg)
{
	struct conn *c = login_normal();
	struct keys *k = tap_alloc(sizeof(*k));
	struct scsi *s;
	struct pdu *p;

	(void)arg;
	p = text(c, "MaxRecvDataSegmentLength=1024\n", k);
	if (PDU_OP(p) == OP_REJECT)
		FAIL("the declaration was rejected, reason 0x%02x", p->bhs[2]);
	c->p.our_mrdsl = 1024;
	s = scsi_rw(false, 0, 0, 16);
	scsi_good(c, s);
	CK(s->n_in >= 8, "%u Data-In PDUs for 8 KiB", s->n_in);
}

/* LO and IO keys may not be negotiated any more. */
static void login_key_later(const void *arg)
{
	struct conn *c = login_normal();
	struct keys *k = tap_alloc(sizeof(*k));
	struct pdu *p = text(c, arg, k);

	if (PDU_OP(p) == OP_TEXT_RSP)
		CK(k->n == 1 && is_one_of(k->k[0].value,
					  "Reject|NotUnderstood|Irrelevant"),
		   "%s=%s", k->k[0].name, k->k[0].value);
	conn_healthy(c);
}

static void twice(const void *arg)
{
	struct conn *c = login_normal();
	struct pdu *p;

	(void)arg;
	p = text(c, "MaxRecvDataSegmentLength=8192\nMaxRecvDataSegmentLength=8192\n",
		 NULL);
	CK_EQ(PDU_OP(p), OP_REJECT, "the answer's opcode");
	CK_EQ(p->bhs[2], REJ_PROTOCOL, "the Reject's reason");
	conn_healthy(c);
}

static void statsn(const void *arg)
{
	struct conn *c = login_discovery();
	uint32_t sn = c->statsn;

	(void)arg;
	for (int i = 0; i < 3; i++)
		targets(c, "All");
	CK_EQ(c->statsn, sn + 3, "StatSN after three answers");
}

/* 4.3: only Text with SendTargets and a Logout of the session are accepted. */
static void not_served(const void *arg)
{
	struct conn *c = login_discovery();
	const char *what = arg;
	static const uint8_t cdb[6];
	struct pdu *p, *r;

	if (*what == 's')
		p = scsi_pdu(c, scsi_new(0, cdb, 6));
	else if (*what == 't')
		p = tmf_pdu(c, TMF_LUN_RESET, 0, NO_TAG, 0, true);
	else if (*what == 'p')
		p = nop_pdu(c, next_itt(), NO_TAG, true);
	else if (*what == 'l')
		p = logout_pdu(c, what[1] - '0', 0);
	else
		p = text_pdu(c, next_itt(), NO_TAG, 0x80, what);
	pdu_send(c, p);
	r = reject_expect(c, REJ_PROTOCOL, p);
	text_rejected(c, r);
	CK(targets(c, "All"), "no answer behind the Reject");
	CK_EQ(PDU_RESPONSE(logout(c, 0, 0)), 0, "the Logout Response");
	target_healthy();
}

/* The request for targets may come with any of the requests. */
static void served_late(const void *arg)
{
	struct conn *c = login_discovery();
	uint32_t itt = next_itt();
	struct pdu *p;

	(void)arg;
	p = text_ask(c, itt, NO_TAG, 0, "X-org.example.a=1\n");
	says(p, "X-org.example.a=NotUnderstood");
	p = text_ask(c, itt, PDU_TTT(p), 0x80, "SendTargets=" TGT_EUI "\n");
	CK(PDU_F(p) && p->dlen && !strncmp((char *)p->data, "TargetName=", 11), "no targets");
}

static void bye(const void *arg)
{
	struct conn *c = login_discovery();

	(void)arg;
	targets(c, "All");
	CK_EQ(PDU_RESPONSE(logout(c, 0, 0)), 0, "the Logout Response");
	conn_expect_eof(c);
}

static void junk(const void *arg)
{
	struct conn *c = login_discovery();
	struct pdu *t = text_pdu(c, next_itt(), NO_TAG, 0x80, ""), *p;

	/* A multiple of 4 without a null at its end */
	pdu_data(t, arg, strlen(arg));
	pdu_send(c, t);
	p = pdu_recv(c);
	CK(!p || PDU_OP(p) == OP_REJECT || PDU_OP(p) == OP_TEXT_RSP, "it got %s",
	   p ? op_name(PDU_OP(p)) : "");
	target_healthy();
}

static const int small = 512, middle = 8192;

static const struct tap_case cases[] = {
	{ "C", "SendTargets=All lists every target with address and tag", all },
	{ "C", "SendTargets with an iqn. name lists that target alone", by_name,
	  "iqn.2003-01.org.example:raw" },
	{ "C", "SendTargets with an eui. name lists that target alone", by_name,
	  TGT_EUI },
	{ "C", "SendTargets with an naa. name lists that target alone", by_name,
	  TGT_NAA },
	{ "C", "SendTargets with an unknown name lists nothing", by_unknown_name,
	  BASE "unknown" },
	{ "C", "SendTargets with the start of a name lists nothing",
	  by_unknown_name, BASE "ra" },
	{ "C", "SendTargets= on an operational session lists its target",
	  empty_in_normal },
	{ "C", "SendTargets=All on an operational session is not served",
	  all_in_normal },
	{ "C", "SendTargets with another name on an operational session is not served",
	  other_name_in_normal },
	{ "C", "SendTargets with its own name on an operational session does no harm",
	  own_name_in_normal },
	{ "11.10.4", "210 targets come in PDUs of 512 bytes, each once", many, &small },
	{ "11.10.4", "210 targets come in PDUs of 8192 bytes, each once", many,
	  &middle },
	{ "11.11.2", "each PDU of an answer but the last has C, wherever it is cut",
	  c_on_all_but_the_last },
	{ "11.10.4", "an answer that nobody asks for is forgotten after 20 s, not before", stalled },
	{ "11.10.4", "TTT 0xffffffff begins the answer anew", restart },
	{ "11.11.4", "a wrong TTT is rejected", wrong_ttt },
	{ "11.11.4", "a TTT without an exchange is rejected", stray_ttt },
	{ "11.10.2", "a key cut by C is joined", split_request },
	{ "11.11.1", "F is not answered before it is asked for", no_final },
	{ "11.11.1", "nor at the end of a long answer", final_when_asked },
	{ "6", "each set of keys of a negotiation is answered in the next response", set_by_set },
	{ "6.2", "what is declared holds from the end of the negotiation", declared_early },
	{ "7.12", "nothing holds of a request that asks for what it may not have",
	  declared_in_vain, "SendTargets=All\n" },
	{ "7.12", "nothing holds of a request with a key of the login", declared_in_vain,
	  "MaxBurstLength=512\n" },
	{ "7.12", "nothing holds of a negotiation with a key twice", declared_in_vain },
	{ "6.1", "8192 bytes of unknown keys are answered with NotUnderstood each", many_unknown },
	{ "11.11.4", "the LUN is told with a TTT only", lun_field },
	{ "11.10.2", "C and F together are rejected", c_and_f },
	{ "C", "a wildcard portal is told as 127.0.0.1 when asked there", wildcard,
	  "127.0.0.1" },
	{ "C", "a wildcard portal is told as 127.0.0.2 when asked there", wildcard,
	  "127.0.0.2" },
	{ "C", "a wildcard portal keeps its port when asked on another",
	  wildcard_port },
	{ "C", "an IPv6 address is told in brackets", six },
	{ "C", "a target with two groups is one record with two tags", two_groups },
	{ "11.10.4", "an answer in many pieces comes to an end", in_pieces },
	{ "11.10.2", "a Text Request without end is refused in the end",
	  endless_request },
	{ "C", "a switched-off target is not listed", off_hidden, "1" },
	{ "C", "a switched-off target is listed with tpg_enabled_sendtargets=0",
	  off_hidden, "0" },
	{ "C", "with demo_mode_discovery=0 an initiator with an ACL sees its target",
	  discovery_mode, BASE "ini" },
	{ "C", "with demo_mode_discovery=0 a stranger does not see the target",
	  discovery_mode, INI_NONE },
	{ "6.2", "an unknown key in a Text Request is answered with NotUnderstood",
	  unknown_key },
	{ "13.12", "MaxRecvDataSegmentLength may be declared again later",
	  mrdsl_later },
	{ "13", "MaxBurstLength in full feature phase is not negotiated",
	  login_key_later, "MaxBurstLength=512\n" },
	{ "13", "HeaderDigest in full feature phase is not negotiated",
	  login_key_later, "HeaderDigest=CRC32C\n" },
	{ "13.5", "InitiatorName in full feature phase is not taken",
	  login_key_later, "InitiatorName=iqn.2003-01.org.example:ini2\n" },
	{ "6.4", "a key twice in a Text Request is a protocol error", twice },
	{ "11.11.5", "each Text Response advances StatSN", statsn },
	{ "4.3", "a SCSI Command on a discovery session is rejected", not_served, "scsi" },
	{ "4.3", "task management on a discovery session is rejected", not_served, "tmf" },
	{ "4.3", "a NOP-Out on a discovery session is rejected", not_served, "ping" },
	{ "4.3", "a Logout of the connection on a discovery session is rejected", not_served,
	  "l1" },
	{ "4.3", "a Logout for recovery on a discovery session is rejected", not_served, "l2" },
	{ "4.3", "a key of the login on a discovery session is rejected", not_served,
	  "MaxBurstLength=512\n" },
	{ "4.3", "another key than SendTargets alone is rejected", not_served,
	  "X-org.example.a=1\n" },
	{ "4.3", "text without a key is rejected", not_served, "" },
	{ "4.3", "SendTargets may come behind other keys", served_late },
	{ "13.21", "a discovery session logs out", bye },
	{ "6.1", "text of 16 bytes without any null does no harm", junk,
	  "SendTargets=iqn." },
	{ "6.1", "text without \"=\" and null does no harm", junk, "SendTargets!" },
	{ "6.1", "text of nulls does no harm", junk, "x" },
};

RAW_MAIN(cases)
