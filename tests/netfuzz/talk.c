// SPDX-License-Identifier: GPL-2.0
/*
 * One conversation: up to three connections, a login each, then requests of all kinds in
 * full feature phase, and an end of some sort.
 */
#include "netfuzz.h"

#define PEERS		3
#define FLAG_F		0x80
#define FLAG_R		0x40
#define FLAG_W		0x20
#define LUNS		4

struct talk {
	struct rng rng;
	struct peer peer[PEERS];
	unsigned int n;
	uint32_t one_in;	/* so many requests, one is changed; 0: none */
	uint32_t login_one_in;
	int patience;		/* ms for an answer */
	bool discovery;
	struct wire w;
};

/* ---- login ---- */

static void login_head(struct peer *p, struct wire *w, int csg, int nsg, bool transit)
{
	uint32_t itt = p->itt;

	wire_head(p, w, OP_LOGIN_REQ | OP_IMM, (transit ? FLAG_F : 0) | csg << 2 |
		  (transit ? nsg : 0), true);
	/* one tag for all of a login */
	p->itt = itt;
	memcpy(w->bhs + 8, p->isid, 6);
	put16(w->bhs + 14, p->tsih);
	put16(w->bhs + 20, p->cid);
}

static void add_text(struct wire *w, const char *lines)
{
	size_t len = strlen(lines);

	for (size_t i = 0; i < len; i++)
		w->data[w->dlen + i] = lines[i] == '\n' ? 0 : lines[i];
	w->dlen += len;
}

static void add_names(struct talk *t, struct peer *p)
{
	char s[600];

	if (t->discovery)
		snprintf(s, sizeof(s), "InitiatorName=%s\nSessionType=Discovery\n", p->initiator);
	else
		snprintf(s, sizeof(s), "InitiatorName=%s\nTargetName=%s\nSessionType=Normal\n",
			 p->initiator, p->target);
	add_text(&t->w, s);
}

static void add_operational(struct talk *t)
{
	static const char *const sizes[] = { "512", "1024", "8192", "65536", "262144" };
	struct rng *r = &t->rng;
	char s[600];

	snprintf(s, sizeof(s), "HeaderDigest=%s\nDataDigest=%s\nMaxRecvDataSegmentLength=%s\n",
		 rng_one_in(r, 3) ? "CRC32C" : "None", rng_one_in(r, 3) ? "CRC32C,None" : "None",
		 sizes[rng_below(r, 5)]);
	add_text(&t->w, s);
	if (t->discovery || rng_one_in(r, 5))
		return;
	snprintf(s, sizeof(s), "InitialR2T=%s\nImmediateData=%s\nMaxBurstLength=%s\n"
		 "FirstBurstLength=%s\nMaxOutstandingR2T=%u\nErrorRecoveryLevel=0\n"
		 "DefaultTime2Wait=2\nDefaultTime2Retain=0\nMaxConnections=1\n",
		 rng_one_in(r, 2) ? "Yes" : "No", rng_one_in(r, 4) ? "No" : "Yes",
		 sizes[1 + rng_below(r, 4)], sizes[rng_below(r, 4)], 1 + rng_below(r, 8));
	add_text(&t->w, s);
}

/* The answer to a login request. Return: true if the login may go on. */
static bool login_answer(struct talk *t, struct peer *p)
{
	int64_t end = tap_now() + t->patience;

	while (!p->answered && !p->gone && tap_now() < end)
		peer_pump(p, t->patience, true);
	return p->answered && !p->status && !p->gone;
}

static bool login_turn(struct talk *t, struct peer *p)
{
	p->answered = false;
	mutate_send(p, &t->w, t->login_one_in);
	return login_answer(t, p);
}

static uint32_t hex_bytes(const char *s, uint8_t *out, uint32_t max)
{
	uint32_t n = 0;
	unsigned int v;

	while (n < max && sscanf(s + 2 * n, "%2x", &v) == 1)
		out[n++] = v;
	return n;
}

/* CHAP_N and CHAP_R for the challenge in the last answer */
static void add_response(struct talk *t, struct peer *p)
{
	static const char secret[] = "raw-secret-of-16";
	const char *i = strstr(p->text, "CHAP_I="), *c = strstr(p->text, "CHAP_C=0x");
	const char *a = strstr(p->text, "CHAP_A=");
	uint8_t msg[1 + sizeof(secret) + 64], hash[64];
	char s[300] = "CHAP_N=raw-user\nCHAP_R=0x";
	size_t n = 1 + strlen(secret), len;

	if (!i || !c || !a)
		return;
	msg[0] = atoi(i + 7);
	memcpy(msg + 1, secret, strlen(secret));
	n += hex_bytes(c + 9, msg + n, 64);
	len = chap_hash(atoi(a + 7), hash, msg, n);
	for (size_t k = 0; k < len && k < sizeof(hash); k++)
		sprintf(s + strlen(s), "%02x", hash[k]);
	strcat(s, "\n");
	if (rng_one_in(&t->rng, 3))
		strcat(s, "CHAP_I=5\nCHAP_C=0x00112233445566778899aabbccddeeff\n");
	add_text(&t->w, s);
}

static bool login_security(struct talk *t, struct peer *p, bool chap)
{
	login_head(p, &t->w, 0, 1, !chap);
	add_names(t, p);
	add_text(&t->w, chap ? "AuthMethod=CHAP,None\n" : "AuthMethod=None\n");
	if (!login_turn(t, p))
		return false;
	if (!chap || !strstr(p->text, "AuthMethod=CHAP"))
		return true;
	login_head(p, &t->w, 0, 0, false);
	add_text(&t->w, rng_one_in(&t->rng, 2) ? "CHAP_A=5\n" : "CHAP_A=7,8,6,5\n");
	if (!login_turn(t, p))
		return false;
	login_head(p, &t->w, 0, 1, true);
	add_response(t, p);
	return login_turn(t, p);
}

/* Text without an end, or nearly: requests with the C bit, full of one key */
static void fill_text(struct talk *t)
{
	uint32_t len = 1 + rng_below(&t->rng, 8000);

	memset(t->w.data, 'x', len);
	memcpy(t->w.data, "X-a=", len < 4 ? len : 4);
	if (rng_one_in(&t->rng, 3))
		t->w.data[rng_below(&t->rng, len)] = 0;
	t->w.dlen = len;
}

static bool login_flood(struct talk *t, struct peer *p)
{
	uint32_t n = 1 + rng_below(&t->rng, 5);

	while (n--) {
		login_head(p, &t->w, 1, 3, false);
		t->w.bhs[1] |= 0x40;
		fill_text(t);
		if (!login_turn(t, p))
			return false;
	}
	return true;
}

/* Operational keys in one request, or cut in two by the C bit */
static bool login_operational(struct talk *t, struct peer *p, bool names)
{
	static uint8_t rest[4096];
	uint32_t cut, left;

	if (rng_one_in(&t->rng, 24) && !login_flood(t, p))
		return false;
	login_head(p, &t->w, 1, 3, true);
	if (names)
		add_names(t, p);
	add_operational(t);
	if (rng_one_in(&t->rng, 6)) {
		cut = rng_below(&t->rng, t->w.dlen);
		left = t->w.dlen - cut;
		memcpy(rest, t->w.data + cut, left);
		t->w.dlen = cut;
		t->w.bhs[1] = 0x40 | 1 << 2;
		if (!login_turn(t, p))
			return false;
		login_head(p, &t->w, 1, 3, true);
		memcpy(t->w.data, rest, left);
		t->w.dlen = left;
	}
	return login_turn(t, p);
}

static void log_in(struct talk *t, struct peer *p)
{
	struct rng *r = &t->rng;
	bool chap = !strcmp(p->initiator, BASE "chap"), security = chap || rng_one_in(r, 4);

	if (security && !login_security(t, p, chap))
		return;
	login_operational(t, p, !security);
	/* a target may want one more turn */
	for (int i = 0; i < 3 && !p->full && !p->gone && p->answered && !p->status; i++) {
		login_head(p, &t->w, p->answer_flags & FLAG_F ? p->answer_flags & 3 :
			   p->answer_flags >> 2 & 3, 3, true);
		if (!login_turn(t, p))
			return;
	}
}

/* ---- full feature phase ---- */

static void put_lun(struct talk *t, struct wire *w)
{
	static const uint16_t luns[LUNS] = { 0, 1, 3, 300 };

	put16(w->bhs + 8, luns[rng_below(&t->rng, LUNS)]);
}

static void task_add(struct peer *p, const struct wire *w, uint32_t len, bool write)
{
	if (p->ntasks == TASKS)
		p->ntasks = 0;
	p->task[p->ntasks++] = (struct task){ get32(w->bhs + 16), len, write };
}

static void command(struct talk *t, struct peer *p, uint8_t flags, uint32_t edtl)
{
	uint8_t imm = rng_one_in(&t->rng, 8) ? OP_IMM : 0;

	wire_head(p, &t->w, OP_SCSI_CMD | imm, FLAG_F | flags |
		  (rng_one_in(&t->rng, 6) ? rng_below(&t->rng, 5) : 1), true);
	put_lun(t, &t->w);
	put32(t->w.bhs + 20, edtl);
}

static void small_command(struct talk *t, struct peer *p)
{
	static const uint8_t cdbs[][16] = {
		{ 0 }, { 0x12, 0, 0, 0, 255 }, { 0x12, 1, 0x83, 0, 255 }, { 0x25 },
		{ 0x12, 1, 0xb0, 0, 255 }, { 0x9e, 0x10, [13] = 32 }, { 0x1a, 0, 0x3f, 0, 255 },
		{ 0x5a, 0, 0x3f, 0, 0, 0, 0, 0, 255 }, { 0xa0, [9] = 255 }, { 0x03, [4] = 252 },
		{ 0x35 }, { 0x5e, 0, [8] = 255 }, { 0xa3, 0x0c, [9] = 255 }, { 0x93 },
		{ 0x7f, [7] = 24 }, { 0xff },
	};
	const uint8_t *cdb = cdbs[rng_below(&t->rng, ARRAY_SIZE(cdbs))];

	command(t, p, cdb[0] == 0 || cdb[0] == 0x35 ? 0 : FLAG_R, cdb[0] == 0 ||
		cdb[0] == 0x35 ? 0 : 255);
	memcpy(t->w.bhs + 32, cdb, 16);
	if (cdb[0] == 0x7f) {
		/* READ (32): its half is in an AHS */
		memset(t->w.ahs, 0, 20);
		put16(t->w.ahs, 17);
		t->w.ahs[2] = 1;
		t->w.ahs_len = 20;
	}
	task_add(p, &t->w, 255, false);
	mutate_send(p, &t->w, t->one_in);
}

static void put_rw(struct talk *t, bool write, uint32_t blocks)
{
	uint8_t *cdb = t->w.bhs + 32;

	cdb[0] = write ? 0x2a : 0x28;
	put32(cdb + 2, rng_below(&t->rng, 4096));
	put16(cdb + 7, blocks);
}

static void read_command(struct talk *t, struct peer *p)
{
	uint32_t blocks = 1 + rng_below(&t->rng, rng_one_in(&t->rng, 4) ? 512 : 16);

	command(t, p, FLAG_R, blocks * 512);
	put_rw(t, false, blocks);
	task_add(p, &t->w, blocks * 512, false);
	mutate_send(p, &t->w, t->one_in);
}

static void data_pdus(struct talk *t, struct peer *p, uint32_t itt, uint32_t ttt, uint32_t off,
		     uint32_t len)
{
	uint32_t datasn = 0, n, most = rng_one_in(&t->rng, 3) ? 512 : 8192;

	for (; len && !p->gone; off += n, len -= n) {
		n = len < most ? len : most;
		wire_head(p, &t->w, OP_DATA_OUT, n == len ? FLAG_F : 0, false);
		put32(t->w.bhs + 16, itt);
		put32(t->w.bhs + 20, ttt);
		put32(t->w.bhs + 36, datasn++);
		put32(t->w.bhs + 40, off);
		memset(t->w.data, 0xa5, n);
		t->w.dlen = n;
		mutate_send(p, &t->w, t->one_in);
		if (datasn > 40)
			return;
	}
}

static void write_command(struct talk *t, struct peer *p)
{
	struct rng *r = &t->rng;
	uint32_t blocks = 1 + rng_below(r, rng_one_in(r, 4) ? 256 : 16), len = blocks * 512;
	uint32_t imm = rng_one_in(r, 2) ? len < 4096 ? len : 512 : 0;
	bool unsolicited = imm < len && rng_one_in(r, 4);
	uint32_t itt = p->itt;

	command(t, p, FLAG_W, len);
	if (unsolicited)
		t->w.bhs[1] &= ~FLAG_F;
	put_rw(t, true, blocks);
	memset(t->w.data, 0x11, imm);
	t->w.dlen = imm;
	task_add(p, &t->w, len, true);
	mutate_send(p, &t->w, t->one_in);
	if (unsolicited)
		data_pdus(t, p, itt, NO_TAG, imm, (len < 8192 ? len : 8192) - imm);
}

static void answer_r2t(struct talk *t, struct peer *p)
{
	unsigned int i;
	struct r2t r;

	peer_pump(p, t->patience / 4, true);
	if (!p->nr2t)
		return;
	/* the oldest one, mostly */
	i = rng_one_in(&t->rng, 8) ? rng_below(&t->rng, p->nr2t) : 0;
	r = p->r2t[i];
	memmove(p->r2t + i, p->r2t + i + 1, (--p->nr2t - i) * sizeof(r));
	data_pdus(t, p, r.itt, r.ttt, r.off, r.len);
}

static void task_management(struct talk *t, struct peer *p)
{
	struct task *victim = p->ntasks ? &p->task[rng_below(&t->rng, p->ntasks)] : NULL;
	uint8_t fn = rng_one_in(&t->rng, 3) ? 1 + rng_below(&t->rng, 8) : TMF_ABORT_TASK;

	wire_head(p, &t->w, OP_TMF_REQ | (rng_one_in(&t->rng, 2) ? OP_IMM : 0), FLAG_F | fn, true);
	put_lun(t, &t->w);
	put32(t->w.bhs + 20, fn == TMF_ABORT_TASK && victim ? victim->itt : NO_TAG);
	put32(t->w.bhs + 32, p->cmdsn - 1 - rng_below(&t->rng, 3));
	mutate_send(p, &t->w, t->one_in);
}

static void text_request(struct talk *t, struct peer *p)
{
	static const char *const lines[] = {
		"SendTargets=All\n", "SendTargets=\n", "SendTargets=" BASE "raw\n",
		"MaxRecvDataSegmentLength=512\n", "X-org.example.a=b\n",
		"SendTargets=All\nInitiatorAlias=me\n",
	};
	uint8_t imm = rng_one_in(&t->rng, 2) ? OP_IMM : 0;
	bool cont = rng_one_in(&t->rng, 8);
	uint32_t itt = p->itt;

	wire_head(p, &t->w, OP_TEXT_REQ | imm, cont ? 0x40 : FLAG_F, true);
	put32(t->w.bhs + 20, NO_TAG);
	add_text(&t->w, lines[rng_below(&t->rng, ARRAY_SIZE(lines))]);
	p->text_ttt = NO_TAG;
	mutate_send(p, &t->w, t->one_in);
	for (int i = 0; i < 6 && !p->gone; i++) {
		peer_pump(p, t->patience / 4, true);
		if (p->text_ttt == NO_TAG)
			return;
		wire_head(p, &t->w, OP_TEXT_REQ | imm, FLAG_F, true);
		put32(t->w.bhs + 16, itt);
		put32(t->w.bhs + 20, p->text_ttt);
		/* more of the question, or the next piece of the answer */
		if (cont && i < 4 && rng_one_in(&t->rng, 2)) {
			fill_text(t);
			t->w.bhs[1] = 0x40;
		} else if (cont && !i) {
			add_text(&t->w, "X-a=b\n");
		}
		p->text_ttt = NO_TAG;
		mutate_send(p, &t->w, t->one_in);
	}
}

static void ping(struct talk *t, struct peer *p)
{
	bool imm = rng_one_in(&t->rng, 2);

	wire_head(p, &t->w, OP_NOP_OUT | (imm ? OP_IMM : 0), FLAG_F, true);
	put32(t->w.bhs + 20, NO_TAG);
	if (imm && rng_one_in(&t->rng, 3))
		put32(t->w.bhs + 16, NO_TAG);
	t->w.dlen = rng_one_in(&t->rng, 3) ? rng_below(&t->rng, 8192) : rng_below(&t->rng, 64);
	memset(t->w.data, 'p', t->w.dlen);
	mutate_send(p, &t->w, t->one_in);
}

static void others(struct talk *t, struct peer *p)
{
	switch (rng_below(&t->rng, 4)) {
	case 0:
		wire_head(p, &t->w, OP_SNACK, FLAG_F | rng_below(&t->rng, 4), false);
		break;
	case 1:
		/* a number is left out: what follows has to wait */
		p->cmdsn++;
		return;
	case 2:
		if (p->cmdsn)
			p->cmdsn--;
		return;
	default:
		wire_head(p, &t->w, OP_LOGOUT_REQ | (rng_one_in(&t->rng, 2) ? OP_IMM : 0),
			  FLAG_F | rng_below(&t->rng, 4), true);
	}
	mutate_send(p, &t->w, t->one_in);
}

static void request(struct talk *t, struct peer *p)
{
	uint32_t k = rng_below(&t->rng, 32);

	if (t->discovery && k > 1 && !rng_one_in(&t->rng, 3))
		text_request(t, p);
	else if (k < 8)
		read_command(t, p);
	else if (k < 15)
		write_command(t, p);
	else if (k < 20)
		answer_r2t(t, p);
	else if (k < 24)
		small_command(t, p);
	else if (k < 26)
		ping(t, p);
	else if (k < 28)
		task_management(t, p);
	else if (k < 29)
		text_request(t, p);
	else if (k < 30)
		others(t, p);
	else
		peer_pump(p, 20, false);
}

/* ---- all of it ---- */

static void set_up(struct talk *t, uint64_t seed)
{
	static const uint32_t rates[] = { 0, 40, 12, 12, 5, 5, 2, 1 };
	static const char *const initiators[] = {
		BASE "ini", BASE "ini", BASE "ini2", BASE "few", BASE "chap", BASE "ro",
	};
	struct rng *r = &t->rng;
	uint8_t base = rng_next((rng_seed(r, seed), r));

	t->n = rng_one_in(r, 4) ? 1 + rng_below(r, PEERS) : 1;
	t->one_in = rates[rng_below(r, ARRAY_SIZE(rates))];
	t->login_one_in = rng_one_in(r, 3) ? 1 + rng_below(r, 6) : 0;
	t->patience = t->one_in || t->login_one_in ? 150 : 2000;
	t->discovery = rng_one_in(r, 10);
	for (unsigned int i = 0; i < t->n; i++) {
		struct peer *p = &t->peer[i];

		p->rng = r;
		p->fd = -1;
		p->initiator = initiators[rng_below(r, ARRAY_SIZE(initiators))];
		p->target = BASE "raw";
		p->isid[0] = 0x80;
		/* the same identity again: a reinstatement, or a second connection */
		p->isid[5] = rng_one_in(r, 2) ? base : rng_below(r, 4);
		p->cid = rng_one_in(r, 3) ? i : 0;
		p->cmdsn = rng_one_in(r, 8) ? 0xfffffffd : rng_below(r, 100);
		p->itt = rng_one_in(r, 8) ? 0xfffffff8 : 1000 * i;
	}
}

static void end(struct talk *t, struct peer *p)
{
	if (p->gone) {
		peer_close(p, false);
		return;
	}
	switch (rng_below(&t->rng, 6)) {
	case 0:
	case 1:
		wire_head(p, &t->w, OP_LOGOUT_REQ | OP_IMM, FLAG_F, true);
		mutate_send(p, &t->w, t->one_in);
		peer_pump(p, t->patience, false);
		peer_close(p, false);
		break;
	case 2:
		p->deaf = true;
		usleep(rng_below(&t->rng, 20000));
		peer_close(p, true);
		break;
	case 3:
		peer_close(p, true);
		break;
	default:
		peer_pump(p, rng_below(&t->rng, 20), false);
		peer_close(p, false);
	}
}

void conversation(uint64_t seed)
{
	struct talk *t = calloc(1, sizeof(*t));
	unsigned int i, steps;
	struct peer *p;

	set_up(t, seed);
	for (i = 0; i < t->n; i++) {
		p = &t->peer[i];
		/* joins the session of the one before, now and then */
		if (i && rng_one_in(&t->rng, 4)) {
			p->tsih = t->peer[i - 1].tsih;
			p->cid++;
		}
		if (peer_open(p))
			log_in(t, p);
	}
	steps = 1 + rng_below(&t->rng, 40);
	while (steps--) {
		p = &t->peer[rng_below(&t->rng, t->n)];
		if (p->full && !p->gone)
			request(t, p);
		else if (!p->gone && rng_one_in(&t->rng, 4))
			ping(t, p);
		if (!p->gone && rng_one_in(&t->rng, 4))
			peer_pump(p, 0, false);
	}
	for (i = 0; i < t->n; i++)
		end(t, &t->peer[i]);
	free(t);
	tally->conversations++;
}
