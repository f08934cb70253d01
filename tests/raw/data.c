// SPDX-License-Identifier: GPL-2.0
/* Writes: every mix of the data keys, and what can go wrong with Data-Out. */
#include "raw.h"

struct mix {
	bool r2t, imm;			/* InitialR2T, ImmediateData = Yes */
	uint32_t first, max;		/* FirstBurstLength, MaxBurstLength */
	uint32_t n_r2t;			/* MaxOutstandingR2T */
	uint32_t seg;			/* length of our PDUs */
	uint32_t blocks;
};

/*
 * 4.2.5.2: besides solicited data there may be immediate data, up to
 * FirstBurstLength; with other unsolicited data the first burst is full.
 */
static void write_mix(const void *arg)
{
	const struct mix *m = arg;
	uint32_t len = m->blocks * 512, first, imm;
	struct conn *c;
	struct scsi *w, *r;

	tpg_set("param/InitialR2T", m->r2t ? "Yes" : "No");
	tpg_set("param/MaxOutstandingR2T", tap_fmt("%u", m->n_r2t));
	c = login_keys(tap_fmt("InitialR2T=%s\nImmediateData=%s\n"
		"FirstBurstLength=%u\nMaxBurstLength=%u\nMaxOutstandingR2T=%u\n",
		m->r2t ? "Yes" : "No", m->imm ? "Yes" : "No", m->first, m->max,
		m->n_r2t));
	CK_EQ(c->p.initial_r2t, m->r2t, "InitialR2T");
	CK_EQ(c->p.imm_data, m->imm, "ImmediateData");
	CK_EQ(c->p.max_r2t, m->n_r2t, "MaxOutstandingR2T");
	first = len < c->p.first_burst ? len : c->p.first_burst;
	imm = first < c->p.tgt_mrdsl ? first : c->p.tgt_mrdsl;
	if (m->seg < imm)
		imm = m->seg;
	w = scsi_rw(true, 0, 128, m->blocks);
	w->seg = m->seg < c->p.tgt_mrdsl ? m->seg : c->p.tgt_mrdsl;
	w->imm_len = m->imm ? imm : 0;
	w->unsol_len = m->r2t ? w->imm_len : first;
	scsi_good(c, w);
	CK(!w->flags, "a residual where there is none");
	if (w->unsol_len == len)
		CK_EQ(w->n_r2t, 0, "R2Ts for a write that had all its data");
	r = scsi_rw(false, 0, 128, m->blocks);
	scsi_good(c, r);
	CK(!memcmp(w->out, r->in, len), "data differ");
	conn_healthy(c);
}

/* All R2Ts that may be outstanding are, and each is answered in order. */
static void outstanding(const void *arg)
{
	uint32_t n = *(const int *)arg;
	struct conn *c;
	struct scsi *w, *r;

	tpg_set("param/MaxOutstandingR2T", tap_fmt("%u", n));
	c = login_keys(tap_fmt("MaxOutstandingR2T=%u\nMaxBurstLength=4096\n"
			       "FirstBurstLength=512\n", n));
	w = scsi_rw(true, 0, 256, 128);
	w->manual_r2t = true;
	scsi_send(c, w);
	while (w->n_held < n)
		CK(scsi_feed(c, pdu_expect(c, OP_R2T)), "not an R2T");
	conn_expect_silence(c, 200);
	w->manual_r2t = false;
	for (uint32_t i = 0; i < n; i++) {
		w->r2t_open--;
		data_out(c, w, PDU_TTT(w->r2t[i]), PDU_OFFSET(w->r2t[i]),
			 PDU_LEN44(w->r2t[i]));
	}
	scsi_wait(c, w);
	CK_EQ(w->status, 0, "the status");
	CK(w->n_r2t >= 16, "%u R2Ts for 64 KiB", w->n_r2t);
	r = scsi_rw(false, 0, 256, 128);
	scsi_good(c, r);
	CK(!memcmp(w->out, r->in, w->edtl), "data differ");
}

/* Sixteen writes whose solicited data come in turns, a PDU of each */
static void in_turns(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *w[16], *r;

	(void)arg;
	scsi_settle(c, 0);
	for (int i = 0; i < 16; i++) {
		w[i] = scsi_rw(true, 0, i * 64, 64);
		fill((uint8_t *)w[i]->out, 32768, 1000 + i);
		w[i]->manual_r2t = true;
		scsi_send(c, w[i]);
	}
	for (int i = 0; i < 16; i++)
		CK(scsi_feed(c, pdu_expect(c, OP_R2T)), "not an R2T");
	for (uint32_t off = 0; off < 32768; off += 4096)
		for (int i = 15; i >= 0; i--) {
			CK_EQ(PDU_LEN44(w[i]->r2t[0]), 32768, "the R2T's length");
			pdu_send(c, data_out_pdu(c, w[i], PDU_TTT(w[i]->r2t[0]),
						 off / 4096, off, 4096,
						 off + 4096 == 32768));
		}
	for (int i = 0; i < 16; i++) {
		scsi_wait(c, w[i]);
		CK_EQ(w[i]->status, 0, "the status");
	}
	for (int i = 0; i < 16; i++) {
		r = scsi_rw(false, 0, i * 64, 64);
		scsi_good(c, r);
		CK(!memcmp(r->in, w[i]->out, 32768), "data of write %d differ", i);
	}
}

/* Each piece alone in its segment, with time for the target to go to sleep */
static void slow_pieces(const void *arg)
{
	struct conn *c = login_keys(arg);

	c->split = 37;
	c->split_pause_us = 2000;
	scsi_write_check(c, 0, 32, 3, 700, 0);
	nop_ping(c, "123456789", 9);
}

/* Two writes with unsolicited data, commands first (4.2.5.2) */
static void interleaved(const void *arg)
{
	struct conn *c;
	struct scsi *a = scsi_rw(true, 0, 512, 32), *b = scsi_rw(true, 0, 600, 32);
	struct scsi *r;

	(void)arg;
	tpg_set("param/InitialR2T", "No");
	c = login_keys("InitialR2T=No\n");
	scsi_settle(c, 0);
	a->unsol_len = b->unsol_len = 16384;
	conn_cork(c);
	pdu_send(c, scsi_pdu(c, a));
	pdu_send(c, scsi_pdu(c, b));
	data_out(c, a, NO_TAG, 0, 16384);
	data_out(c, b, NO_TAG, 0, 16384);
	conn_uncork(c);
	scsi_wait(c, a);
	scsi_wait(c, b);
	r = scsi_rw(false, 0, 512, 32);
	scsi_good(c, r);
	CK(!memcmp(a->out, r->in, 16384), "data of the first differ");
	r = scsi_rw(false, 0, 600, 32);
	scsi_good(c, r);
	CK(!memcmp(b->out, r->in, 16384), "data of the second differ");
}

/*
 * A write, its abort, and only then the last of its data, in one segment. Whatever state the
 * target has it in by then, a write that has been aborted is not carried out (11.5.1).
 */
static void aborted_before_its_end(const void *arg)
{
	struct scsi *before = scsi_rw(true, 0, 700, 16), *w, *r;
	struct conn *c;
	struct pdu *t;

	(void)arg;
	tpg_set("param/InitialR2T", "No");
	c = login_keys("InitialR2T=No\n");
	scsi_settle(c, 0);
	scsi_good(c, before);
	for (int i = 0; i < 200; i++) {
		w = scsi_rw(true, 0, 700, 16);
		scsi_imm(w, 4096);
		w->unsol_len = 8192;
		conn_cork(c);
		pdu_send(c, scsi_pdu(c, w));
		t = tmf_pdu(c, TMF_ABORT_TASK, 0, w->itt, w->cmdsn, true);
		pdu_send(c, t);
		data_out(c, w, NO_TAG, 4096, 4096);
		conn_uncork(c);
		CK_EQ(tmf_wait(c, t), TMR_COMPLETE, "the response");
		CK(!w->done, "it has a status, %02x", w->status);
		scsi_forget(c, w);
		r = scsi_rw(false, 0, 700, 16);
		scsi_good(c, r);
		CK(!memcmp(before->out, r->in, 8192), "it has been carried out, round %d", i);
	}
	conn_healthy(c);
}

static void empty_data_out(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *w = scsi_rw(true, 0, 0, 8);
	uint32_t ttt;

	scsi_settle(c, 0);
	w->manual_r2t = true;
	scsi_send(c, w);
	scsi_feed(c, pdu_expect(c, OP_R2T));
	ttt = PDU_TTT(w->r2t[0]);
	if (*(const char *)arg == 'f') {	/* first */
		pdu_send(c, data_out_pdu(c, w, ttt, 0, 0, 0, false));
		pdu_send(c, data_out_pdu(c, w, ttt, 1, 0, 4096, true));
	} else {				/* last, with the F bit */
		pdu_send(c, data_out_pdu(c, w, ttt, 0, 0, 4096, false));
		pdu_send(c, data_out_pdu(c, w, ttt, 1, 4096, 0, true));
	}
	scsi_wait(c, w);
	CK_EQ(w->status, 0, "the status");
	conn_healthy(c);
}

/*
 * After a wrong command or Data-Out at ERL 0 the target may reject the PDU, fail the
 * command or drop the connection; never may it report GOOD, and afterwards
 * either this connection or a new one works.
 */
static void reacts(struct conn *c, struct scsi *w)
{
	struct pdu *p;
	int rejects = 0;

	for (;;) {
		p = pdu_recv_ms(c, rejects ? 1000 : WAIT_MS);
		if (!p && c->eof)
			break;
		if (!p) {
			CK(rejects, "no reaction at all");
			break;
		}
		if (PDU_OP(p) == OP_REJECT) {
			rejects++;
			continue;
		}
		w->manual_r2t = true;
		CK(scsi_feed(c, p), "it got %s", op_name(PDU_OP(p)));
		if (w->done)
			break;
	}
	CK(!w->done || w->status || w->response, "the write was reported GOOD");
	while (!c->eof && (p = pdu_recv_ms(c, 300)))
		CK(PDU_OP(p) == OP_REJECT, "later it got %s", op_name(PDU_OP(p)));
	if (w->done && !c->eof)
		conn_healthy(c);
	target_healthy();
}

/* 7.3, 11.17.1: a task whose Data-Out is rejected gets a response, too. */
static void sane(struct conn *c, struct scsi *w, int asc, int ascq)
{
	reacts(c, w);
	CK(w->done || c->eof, "the write has no answer");
	if (w->done)
		scsi_check(w, 0xb, asc, ascq);
}

static void bad_data_out(const void *arg)
{
	const char *how = arg;
	struct conn *c = login_normal();
	struct scsi *w = scsi_rw(true, 0, 0, 16);
	uint8_t *more = tap_alloc(1 << 20);
	struct pdu *p;
	uint32_t ttt;

	w->out = more;
	scsi_settle(c, 0);
	w->manual_r2t = true;
	scsi_send(c, w);
	scsi_feed(c, pdu_expect(c, OP_R2T));
	ttt = PDU_TTT(w->r2t[0]);
	p = data_out_pdu(c, w, ttt, 0, 0, 8192, true);
	if (!strcmp(how, "ttt"))
		put32(p->bhs + 20, ttt ^ 0x1111);
	else if (!strcmp(how, "reserved ttt"))
		put32(p->bhs + 20, NO_TAG);
	else if (!strcmp(how, "offset"))
		put32(p->bhs + 40, 512);
	else if (!strcmp(how, "huge offset"))
		put32(p->bhs + 40, 0xfffffe00);
	else if (!strcmp(how, "datasn"))
		put32(p->bhs + 36, 3);
	else if (!strcmp(how, "too much"))
		pdu_data(p, more, 12288);
	else if (!strcmp(how, "f early"))
		pdu_data(p, more, 4096);
	else if (!strcmp(how, "overlap")) {
		pdu_send(c, data_out_pdu(c, w, ttt, 0, 0, 4096, false));
		p = data_out_pdu(c, w, ttt, 1, 2048, 6144, true);
	} else if (!strcmp(how, "gap")) {
		pdu_send(c, data_out_pdu(c, w, ttt, 0, 0, 2048, false));
		p = data_out_pdu(c, w, ttt, 1, 4096, 4096, true);
	} else if (!strcmp(how, "mrdsl"))
		pdu_data(p, more, c->p.tgt_mrdsl + 4);
	else if (!strcmp(how, "ahs"))
		pdu_ahs(p, 1, more, 5);
	else if (!strcmp(how, "lun"))
		p->bhs[9] = 1;
	else
		FAIL("unknown case %s", how);
	pdu_send(c, p);
	/* 11.4.7.2; 7.9: a DataSN out of order is a digest error */
	if (!strcmp(how, "datasn"))
		sane(c, w, 0x47, 0x05);
	else
		sane(c, w, 0x0c, strcmp(how, "reserved ttt") ? 0x0d : 0x0c);
}

/* The F bit is missing on the last PDU: only more data could follow. */
static void f_missing(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *w = scsi_rw(true, 0, 0, 8);
	struct pdu *p;

	(void)arg;
	scsi_settle(c, 0);
	w->manual_r2t = true;
	scsi_send(c, w);
	scsi_feed(c, pdu_expect(c, OP_R2T));
	pdu_send(c, data_out_pdu(c, w, PDU_TTT(w->r2t[0]), 0, 0, 4096, false));
	p = pdu_recv_ms(c, 500);
	if (p && PDU_OP(p) != OP_REJECT)
		scsi_feed(c, p);
	target_healthy();
}

static void unknown_task(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *w = scsi_rw(true, 0, 0, 8);
	struct pdu *p;

	(void)arg;
	w->itt = next_itt();
	pdu_send(c, data_out_pdu(c, w, 0x77, 0, 0, 4096, true));
	p = pdu_recv_ms(c, 500);
	CK(!p || PDU_OP(p) == OP_REJECT, "it got %s", p ? op_name(PDU_OP(p)) : "");
	if (!c->eof)
		conn_healthy(c);
	target_healthy();
}

static void for_a_read(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *w = scsi_rw(true, 0, 0, 8), *r = scsi_rw(false, 0, 0, 8);
	struct pdu *p;

	(void)arg;
	scsi_settle(c, 0);
	conn_cork(c);
	pdu_send(c, scsi_pdu(c, r));
	w->itt = r->itt;
	pdu_send(c, data_out_pdu(c, w, NO_TAG, 0, 0, 4096, true));
	conn_uncork(c);
	do {
		p = pdu_recv_ms(c, 500);
		if (p && PDU_OP(p) != OP_REJECT)
			CK(scsi_feed(c, p), "it got %s", op_name(PDU_OP(p)));
	} while (p);
	if (!c->eof)
		conn_healthy(c);
	target_healthy();
}

/* Unsolicited data where the keys do not allow them */
static void not_allowed(const void *arg)
{
	const char *how = arg;
	struct conn *c;
	struct scsi *w = scsi_rw(true, 0, 0, 256);

	if (!strcmp(how, "first burst")) {
		tpg_set("param/InitialR2T", "No");
		c = login_keys("InitialR2T=No\nFirstBurstLength=4096\n");
		w->imm_len = 2048;
		w->unsol_len = 8192;
	} else if (!strcmp(how, "immediate over first burst")) {
		c = login_keys("FirstBurstLength=4096\n");
		scsi_imm(w, 8192);
	} else if (!strcmp(how, "immediate")) {
		c = login_keys("ImmediateData=No\n");
		scsi_imm(w, 4096);
	} else if (!strcmp(how, "unsolicited")) {
		c = login_keys("InitialR2T=Yes\nImmediateData=No\n");
		w->unsol_len = 4096;
	} else if (!strcmp(how, "after immediate")) {
		c = login_keys("InitialR2T=Yes\n");
		w->imm_len = 2048;
		w->unsol_len = 4096;
	} else {
		tpg_set("param/InitialR2T", "No");
		c = login_keys("InitialR2T=No\nFirstBurstLength=8192\n");
		w->unsol_len = 4096;	/* less than the whole first burst */
	}
	scsi_settle(c, 0);
	w->manual_r2t = true;
	scsi_send(c, w);
	if (strcmp(how, "short")) {
		reacts(c, w);
		return;
	}
	/* 11.4.7.2 names an error for it; going on with R2Ts harms nobody. */
	pdu_recv_ms(c, 1000);
	target_healthy();
}

static void immediate_no_f(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *w = scsi_rw(true, 0, 0, 8);
	struct pdu *p;

	(void)arg;
	scsi_settle(c, 0);
	scsi_imm(w, w->edtl);
	w->no_final = true;
	pdu_send(c, scsi_pdu(c, w));
	p = pdu_recv_ms(c, 1000);
	CK(!p || PDU_OP(p) == OP_REJECT || PDU_OP(p) == OP_SCSI_RSP, "it got %s",
	   p ? op_name(PDU_OP(p)) : "");
	target_healthy();
}

static void immediate_too_long(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *w = scsi_rw(true, 0, 0, 8);

	(void)arg;
	scsi_settle(c, 0);
	w->out = tap_alloc(8192);
	scsi_imm(w, 8192);
	pdu_send(c, scsi_pdu(c, w));
	reacts(c, w);
}

static void immediate_on_read(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *s = scsi_rw(false, 0, 0, 8);
	struct pdu *p;

	(void)arg;
	s->out = tap_alloc(512);
	s->imm_len = 512;
	pdu_send(c, scsi_pdu(c, s));
	p = pdu_recv(c);
	CK(!p || PDU_OP(p) == OP_REJECT || PDU_OP(p) == OP_SCSI_RSP ||
	   PDU_OP(p) == OP_DATA_IN, "it got %s", p ? op_name(PDU_OP(p)) : "");
	target_healthy();
}

static void odd_lengths(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *w = scsi_rw(true, 0, 0, 8), *r = scsi_rw(false, 0, 0, 8);

	w->seg = *(const int *)arg;
	scsi_imm(w, w->seg);
	scsi_good(c, w);
	scsi_good(c, r);
	CK(!memcmp(w->out, r->in, 4096), "data differ");
}

static void big(const void *arg)
{
	struct conn *c = login_keys("MaxBurstLength=16776192\n");

	(void)arg;
	scsi_write_check(c, 0, 0, 16384, 65536, 0);
}

/* The whole write in single bytes: command, data and all */
static void byte_by_byte(const void *arg)
{
	struct conn *c = login_normal();

	(void)arg;
	c->split = 1;
	scsi_write_check(c, 0, 32, 2, 300, 0);
	c->split = 7;
	scsi_write_check(c, 0, 32, 16, 1024, 0);
}

static void silent_data(const void *arg)
{
	struct conn *c = login_normal(), *d = login_normal();
	struct scsi *w = scsi_rw(true, 0, 0, 8);

	(void)arg;
	scsi_settle(c, 0);
	w->manual_r2t = true;
	scsi_send(c, w);
	scsi_feed(c, pdu_expect(c, OP_R2T));
	conn_healthy(d);
	CK(nop_ping(c, "x", 1)->dlen == 1, "the connection is not in order");
	data_out(c, w, PDU_TTT(w->r2t[0]), 0, 4096);
	scsi_wait(c, w);
	CK_EQ(w->status, 0, "the status");
}

static void timeout(const void *arg)
{
	struct conn *c;
	struct scsi *w = scsi_rw(true, 0, 0, 8);
	int64_t start, until;

	(void)arg;
	cfg_set(acl_path(env.ini, "attrib/dataout_timeout"), "2");
	cfg_set(acl_path(env.ini, "attrib/dataout_timeout_retries"), "1");
	c = login_normal();
	scsi_settle(c, 0);
	w->manual_r2t = true;
	scsi_send(c, w);
	scsi_feed(c, pdu_expect(c, OP_R2T));
	start = tap_now();
	until = tap_clock() + 10000;
	while (!c->eof && !w->done && tap_clock() < until) {
		struct pdu *p = pdu_recv_ms(c, 200);

		if (p && PDU_OP(p) != OP_ASYNC)
			CK(scsi_feed(c, p), "got %s", op_name(PDU_OP(p)));
	}
	CK(c->eof || w->status, "the write waits for ever for its data");
	CK(tap_now() - start > 1500, "it waited %lld ms only",
	   (long long)(tap_now() - start));
	target_healthy();
}

/* One piece at a time is slow, but it comes, in all later than the timeout. */
static void trickle(const void *arg)
{
	struct conn *c;
	struct scsi *w = scsi_rw(true, 0, 0, 8);

	(void)arg;
	cfg_set(acl_path(env.ini, "attrib/dataout_timeout"), "7");
	cfg_set(acl_path(env.ini, "attrib/dataout_timeout_retries"), "1");
	c = login_normal();
	scsi_settle(c, 0);
	w->seg = 512;
	w->manual_r2t = true;
	scsi_send(c, w);
	scsi_feed(c, pdu_expect(c, OP_R2T));
	for (int i = 0; i < 8; i++) {
		usleep(1100000);
		pdu_send(c, data_out_pdu(c, w, PDU_TTT(w->r2t[0]), i, i * 512,
					 512, i == 7));
	}
	scsi_wait(c, w);
	CK_EQ(w->status, 0, "the status");
}

/* A network that is slow: while one write gets its data, another one waits for its turn. */
static void behind(const void *arg)
{
	struct scsi *w[2];
	struct conn *c;

	(void)arg;
	cfg_set(acl_path(env.ini, "attrib/dataout_timeout"), "3");
	cfg_set(acl_path(env.ini, "attrib/dataout_timeout_retries"), "1");
	c = login_normal();
	scsi_settle(c, 0);
	for (int i = 0; i < 2; i++) {
		w[i] = scsi_rw(true, 0, i * 8, 8);
		w[i]->manual_r2t = true;
		scsi_send(c, w[i]);
		scsi_feed(c, pdu_expect(c, OP_R2T));
	}
	for (int i = 0; i < 8; i++) {
		usleep(700000);
		pdu_send(c, data_out_pdu(c, w[0], PDU_TTT(w[0]->r2t[0]), i, i * 512, 512, i == 7));
	}
	data_out(c, w[1], PDU_TTT(w[1]->r2t[0]), 0, 4096);
	for (int i = 0; i < 2; i++) {
		scsi_wait(c, w[i]);
		CK_EQ(w[i]->status, 0, "the status of a write");
	}
}

static void half_data_then_gone(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *w = scsi_rw(true, 0, 0, 64);
	size_t len;
	uint8_t *b;

	scsi_settle(c, 0);
	w->manual_r2t = true;
	scsi_send(c, w);
	scsi_feed(c, pdu_expect(c, OP_R2T));
	b = pdu_bytes(data_out_pdu(c, w, PDU_TTT(w->r2t[0]), 0, 0, 32768, true),
		      false, false, &len);
	conn_write(c, b, len / 2);
	if (*(const char *)arg == 'r')
		conn_rst(c);
	else
		conn_close(c);
	target_healthy();
}

#define M(r, i, f, m, n, s, b)						\
	{ "13.11", "InitialR2T=" #r ", ImmediateData=" #i ", bursts " #f "/" #m \
	  ", R2Ts " #n ", PDUs of " #s ": " #b " blocks are written right",	\
	  write_mix, &(const struct mix){ Is##r, Is##i, f, m, n, s, b } }
#define IsYes true
#define IsNo false
static const int one = 1, two = 2, eight = 8, odd1 = 1001, odd2 = 513, odd3 = 1023;

static const struct tap_case cases[] = {
	M(Yes, Yes, 65536, 262144, 1, 8192, 8),
	M(Yes, Yes, 65536, 262144, 1, 8192, 1024),
	M(Yes, Yes, 512, 512, 1, 512, 64),
	M(Yes, Yes, 4096, 8192, 1, 1024, 100),
	M(Yes, Yes, 65536, 65536, 8, 65536, 2048),
	M(Yes, Yes, 1000, 3000, 2, 700, 33),
	M(Yes, No, 65536, 262144, 1, 8192, 8),
	M(Yes, No, 512, 512, 1, 512, 64),
	M(Yes, No, 512, 4096, 4, 512, 256),
	M(Yes, No, 65536, 262144, 1, 262144, 1024),
	M(Yes, No, 1000, 3000, 3, 999, 65),
	M(No, Yes, 65536, 262144, 1, 8192, 8),
	M(No, Yes, 65536, 262144, 1, 8192, 1024),
	M(No, Yes, 512, 512, 1, 512, 64),
	M(No, Yes, 4096, 8192, 1, 1024, 100),
	M(No, Yes, 8192, 8192, 8, 1024, 512),
	M(No, Yes, 262144, 262144, 1, 65536, 1024),
	M(No, Yes, 1000, 3000, 2, 700, 33),
	M(No, No, 65536, 262144, 1, 8192, 8),
	M(No, No, 65536, 262144, 1, 8192, 1024),
	M(No, No, 512, 512, 1, 512, 64),
	M(No, No, 4096, 8192, 4, 4096, 512),
	M(No, No, 1000, 3000, 2, 700, 33),
	{ "13.17", "with MaxOutstandingR2T=1 just one R2T waits", outstanding, &one },
	{ "13.17", "with MaxOutstandingR2T=2 two R2Ts wait", outstanding, &two },
	{ "13.17", "with MaxOutstandingR2T=8 eight R2Ts wait", outstanding, &eight },
	{ "4.2.5.2", "unsolicited data may follow a later command", interleaved },
	{ "11.5.1", "a write that is aborted before the last of its data is not carried out",
	  aborted_before_its_end },
	{ "4.2.5.2", "sixteen writes take their data in turns", in_turns },
	{ "11.2", "PDUs in pieces of 37 bytes with pauses are put together",
	  slow_pieces, "HeaderDigest=None\n" },
	{ "11.2", "so are they with both digests", slow_pieces,
	  "HeaderDigest=CRC32C\nDataDigest=CRC32C\n" },
	{ "11.7.7", "a Data-Out without data before the others is taken",
	  empty_data_out, "first" },
	{ "11.7.7", "a Data-Out without data, but with F, ends the sequence",
	  empty_data_out, "last" },
	{ "11.7", "PDUs of 1001 bytes are put together right", odd_lengths, &odd1 },
	{ "11.7", "PDUs of 513 bytes are put together right", odd_lengths, &odd2 },
	{ "11.7", "PDUs of 1023 bytes are put together right", odd_lengths, &odd3 },
	{ "11.7", "8 MiB are written and read back", big },
	{ "11.7", "a write sent byte by byte is right", byte_by_byte },
	{ "4.2.5.2", "a write that waits for data holds up nobody", silent_data },
	{ "11.7.4", "a Data-Out with a wrong TTT is no success", bad_data_out, "ttt" },
	{ "11.7.4", "a Data-Out without TTT answering an R2T is no success",
	  bad_data_out, "reserved ttt" },
	{ "11.7.6", "a Data-Out at a wrong offset is no success", bad_data_out,
	  "offset" },
	{ "11.7.6", "a Data-Out far beyond the end is no success", bad_data_out,
	  "huge offset" },
	{ "7.9", "a Data-Out with a wrong DataSN is no success", bad_data_out,
	  "datasn" },
	{ "11.8", "more data than an R2T asks for are no success", bad_data_out,
	  "too much" },
	{ "11.8", "F before all data of an R2T is no success", bad_data_out,
	  "f early" },
	{ "11.7.6", "overlapping Data-Outs are no success", bad_data_out, "overlap" },
	{ "11.7.6", "Data-Outs with a gap are no success", bad_data_out, "gap" },
	{ "13.12", "a Data-Out over MaxRecvDataSegmentLength is no success",
	  bad_data_out, "mrdsl" },
	{ "11.2.2", "a Data-Out with an AHS is no success", bad_data_out, "ahs" },
	{ "4.2.5.3", "a Data-Out with another LUN is no success", bad_data_out,
	  "lun" },
	{ "11.7.1", "a missing F bit does no harm", f_missing },
	{ "11.7", "a Data-Out for no task does no harm", unknown_task },
	{ "11.7", "a Data-Out for a read does no harm", for_a_read },
	{ "13.14", "more unsolicited data than FirstBurstLength are no success",
	  not_allowed, "first burst" },
	{ "13.14", "more immediate data than FirstBurstLength are no success",
	  not_allowed, "immediate over first burst" },
	{ "13.11", "immediate data with ImmediateData=No are no success", not_allowed,
	  "immediate" },
	{ "13.10", "unsolicited data with InitialR2T=Yes are no success",
	  not_allowed, "unsolicited" },
	{ "13.10", "unsolicited data after immediate data with InitialR2T=Yes are no success",
	  not_allowed, "after immediate" },
	{ "4.2.5.2", "a first burst cut short does no harm", not_allowed, "short" },
	{ "11.3.4", "all data immediate, but F is 0, does no harm", immediate_no_f },
	{ "11.3.4", "more immediate data than expected in all are no success",
	  immediate_too_long },
	{ "11.3.6", "immediate data with a read do no harm", immediate_on_read },
	{ "7.1.4.1", "a write whose data never come is ended", timeout },
	{ "7.1.4.1", "a write whose data come slowly is not", trickle },
	{ "7.1.4.1", "nor is one that waits behind it", behind },
	{ "7.14", "a connection closed amid a Data-Out does no harm",
	  half_data_then_gone, "close" },
	{ "7.14", "a connection reset amid a Data-Out does no harm",
	  half_data_then_gone, "reset" },
};

RAW_MAIN(cases)
