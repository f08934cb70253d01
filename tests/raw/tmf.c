// SPDX-License-Identifier: GPL-2.0
/* Task management. */
#include "raw.h"

/* A write whose R2T came and is not answered yet */
static struct scsi *held(struct conn *c, unsigned int lun, bool imm)
{
	struct scsi *w = scsi_rw(true, lun, 16, 8);

	w->manual_r2t = true;
	w->imm = imm;
	scsi_send(c, w);
	while (!w->n_held)
		CK(scsi_feed(c, pdu_expect(c, OP_R2T)), "not an R2T");
	return w;
}

static void late_data(struct conn *c, struct scsi *w)
{
	data_out(c, w, PDU_TTT(w->r2t[0]), 0, 4096);
}

static struct conn *ready(void)
{
	struct conn *c = login_normal();

	scsi_settle(c, 0);
	scsi_settle(c, 1);
	return c;
}

static void answer_is(int got, const char *list)
{
	CK(is_one_of(tap_fmt("%d", got), list), "the response is %d, expected %s",
	   got, list);
}

static void abort_held(const void *arg)
{
	struct conn *c = ready();
	struct scsi *w = held(c, 0, *(const int *)arg);
	uint32_t ref = *(const int *)arg ? c->cmdsn : w->cmdsn;

	answer_is(tmf(c, TMF_ABORT_TASK, 0, w->itt, ref), "0");
	CK(!w->done, "the aborted task was answered before the TMF Response");
	scsi_forget(c, w);
	late_data(c, w);
	conn_expect_silence(c, 300);
	conn_healthy(c);
}

/* The data first, then the response may come; both orders are right. */
static void abort_then_data(const void *arg)
{
	struct conn *c = ready();
	struct scsi *w = held(c, 0, false);
	struct pdu *p;

	(void)arg;
	conn_cork(c);
	p = tmf_pdu(c, TMF_ABORT_TASK, 0, w->itt, w->cmdsn, true);
	pdu_send(c, p);
	late_data(c, w);
	conn_uncork(c);
	answer_is(tmf_wait(c, p), "0|1");
	scsi_forget(c, w);
	conn_expect_silence(c, 300);
	conn_healthy(c);
}

static void abort_and_same_tag(const void *arg)
{
	static const uint8_t cdb[6];
	struct conn *c = ready();
	struct scsi *w = held(c, 0, false), *t = scsi_new(0, cdb, 6);
	struct pdu *p;

	(void)arg;
	answer_is(tmf(c, TMF_ABORT_TASK, 0, w->itt, w->cmdsn), "0");
	scsi_forget(c, w);
	p = scsi_pdu(c, t);
	t->itt = w->itt;
	put32(p->bhs + 16, w->itt);
	pdu_send(c, p);
	scsi_wait(c, t);
	CK(t->status == 0 || t->status == 2, "status 0x%02x", t->status);
}

/* Once aborted, a task's place in the window is free again. */
static void abort_many(const void *arg)
{
	struct conn *c = login_new(&(struct login_opts){ .session = "Normal",
		.initiator = INI_FEW });

	(void)arg;
	scsi_settle(c, 0);
	for (int i = 0; i < 20; i++) {
		struct scsi *w;

		CK(!sn_lt(c->maxcmdsn, c->cmdsn),
		   "the window is closed after %d aborts", i);
		w = held(c, 0, false);
		answer_is(tmf(c, TMF_ABORT_TASK, 0, w->itt, w->cmdsn), "0");
		scsi_forget(c, w);
		late_data(c, w);
	}
	nop_ping(c, "x", 1);
	CK_EQ(c->maxcmdsn - c->expcmdsn + 1, 4, "the window in the end");
}

/* 11.6.1 b: not here yet, RefCmdSN in the window: counts as received */
static void abort_missing(const void *arg)
{
	struct conn *c = ready();
	uint32_t sn = c->cmdsn++;

	(void)arg;
	answer_is(tmf(c, TMF_ABORT_TASK, 0, next_itt(), sn), "0");
	nop_ping(c, "x", 1);
	CK_EQ(c->expcmdsn, sn + 2, "ExpCmdSN: the missing one counts as received");
	conn_healthy(c);
}

static void abort_missing_then_late(const void *arg)
{
	static const uint8_t cdb[6];
	struct conn *c = ready();
	struct scsi *s = scsi_new(0, cdb, 6);
	struct pdu *p = scsi_pdu(c, s);

	(void)arg;
	answer_is(tmf(c, TMF_ABORT_TASK, 0, s->itt, s->cmdsn), "0");
	scsi_forget(c, s);
	pdu_send(c, p);
	conn_expect_silence(c, 300);
	conn_healthy(c);
}

/* 11.6.1 c: outside the window */
static void abort_gone(const void *arg)
{
	static const uint8_t cdb[6];
	struct conn *c = ready();
	struct scsi *s = scsi_new(0, cdb, 6);

	(void)arg;
	scsi_run(c, s);
	answer_is(tmf(c, TMF_ABORT_TASK, 0, s->itt, s->cmdsn), "1");
	answer_is(tmf(c, TMF_ABORT_TASK, 0, next_itt(), c->maxcmdsn + 100), "1");
	conn_healthy(c);
}

/* A task that waits behind a missing CmdSN */
static void abort_queued(const void *arg)
{
	static const uint8_t cdb[6];
	struct conn *c = ready();
	uint32_t sn = c->cmdsn++;
	struct scsi *s = scsi_new(0, cdb, 6);
	struct pdu *p;

	(void)arg;
	pdu_send(c, scsi_pdu(c, s));
	answer_is(tmf(c, TMF_ABORT_TASK, 0, s->itt, s->cmdsn), "0");
	scsi_forget(c, s);
	p = nop_pdu(c, next_itt(), NO_TAG, true);
	p->bhs[0] &= ~OP_IMM;
	put32(p->bhs + 24, sn);
	pdu_send(c, p);
	CK_EQ(PDU_ITT(pdu_expect(c, OP_NOP_IN)), PDU_ITT(p), "the echo's ITT");
	conn_expect_silence(c, 300);
	nop_ping(c, "x", 1);
	CK_EQ(c->expcmdsn, sn + 3, "ExpCmdSN: the aborted one keeps its place");
	conn_healthy(c);
}

static void abort_tmf(const void *arg)
{
	struct conn *c = ready();
	struct pdu *a = tmf_pdu(c, TMF_LUN_RESET, 1, NO_TAG, 0, false);
	struct pdu *b;

	(void)arg;
	/* It waits for a missing CmdSN, so there is time to abort it. */
	put32(a->bhs + 24, c->cmdsn);
	c->cmdsn++;
	pdu_send(c, a);
	b = tmf_pdu(c, TMF_ABORT_TASK, 0, PDU_ITT(a), PDU_STATSN(a), true);
	pdu_send(c, b);
	answer_is(tmf_wait(c, b), "255");
	target_healthy();
}

/* A task whose tag is not the one named stays. */
static void abort_wrong_tag(const void *arg)
{
	struct conn *c = ready();
	struct scsi *w = held(c, 0, false);

	(void)arg;
	tmf(c, TMF_ABORT_TASK, 0, w->itt + 0x1000000, w->cmdsn);
	CK(!w->done, "the task was ended");
	late_data(c, w);
	scsi_wait(c, w);
	CK_EQ(w->status, 0, "the status of the task that was not meant");
}

static void tag_zero(const void *arg)
{
	struct conn *c = ready();
	struct scsi *w = scsi_rw(true, 0, 16, 8);
	struct pdu *p;

	(void)arg;
	w->manual_r2t = true;
	p = scsi_pdu(c, w);
	w->itt = 0;
	put32(p->bhs + 16, 0);
	pdu_send(c, p);
	scsi_feed(c, pdu_expect(c, OP_R2T));
	tmf(c, TMF_ABORT_TASK, 0, next_itt(), c->cmdsn - 1);
	CK(!w->done, "the task with tag 0 was ended");
	late_data(c, w);
	scsi_wait(c, w);
	CK_EQ(w->status, 0, "the status of the task with tag 0");
}

/* 4.2.3.3: the initiator answers its R2Ts, and the target waits for that. */
static void set_with_held(const void *arg)
{
	int fn = *(const int *)arg, r;
	struct conn *c = ready();
	struct scsi *w = held(c, 0, false);
	struct pdu *p = tmf_pdu(c, fn, 0, NO_TAG, 0, true);

	conn_cork(c);
	pdu_send(c, p);
	late_data(c, w);
	conn_uncork(c);
	r = tmf_wait(c, p);
	answer_is(r, fn == TMF_LUN_RESET ? "0" : "0|5");
	if (r == 5 && !w->done) {
		scsi_wait(c, w);
	} else if (!w->done) {
		scsi_forget(c, w);
		conn_expect_silence(c, 300);
	}
	conn_healthy(c);
}

static void reset_open_r2t(const void *arg)
{
	struct conn *c = ready();
	struct scsi *w = held(c, 0, false);
	struct pdu *p = tmf_pdu(c, TMF_LUN_RESET, 0, NO_TAG, 0, true);

	(void)arg;
	pdu_send(c, p);
	late_data(c, w);
	answer_is(tmf_wait(c, p), "0");
	scsi_forget(c, w);
	conn_expect_silence(c, 300);
	conn_healthy(c);
}

static void reset_many(const void *arg)
{
	struct conn *c = ready();
	struct scsi *w[8];
	struct pdu *p;

	(void)arg;
	for (int i = 0; i < 8; i++)
		w[i] = held(c, 0, false);
	p = tmf_pdu(c, TMF_LUN_RESET, 0, NO_TAG, 0, true);
	pdu_send(c, p);
	for (int i = 0; i < 8; i++)
		late_data(c, w[i]);
	answer_is(tmf_wait(c, p), "0");
	for (int i = 0; i < 8; i++)
		scsi_forget(c, w[i]);
	conn_expect_silence(c, 300);
	conn_healthy(c);
}

static void reset_other_lun(const void *arg)
{
	struct conn *c = ready();
	struct scsi *w = held(c, 0, false);

	(void)arg;
	answer_is(tmf(c, TMF_LUN_RESET, 1, NO_TAG, 0), "0");
	late_data(c, w);
	scsi_wait(c, w);
	CK_EQ(w->status, 0, "the status of a write on the other LUN");
}

static void third_party(const void *arg)
{
	struct conn *a = ready(), *b;
	struct scsi *w = held(a, 0, false);
	struct pdu *p;

	(void)arg;
	b = login_new(&(struct login_opts){ .session = "Normal",
					    .initiator = env.ini2 });
	scsi_settle(b, 0);
	p = tmf_pdu(b, TMF_LUN_RESET, 0, NO_TAG, 0, true);
	pdu_send(b, p);
	late_data(a, w);
	answer_is(tmf_wait(b, p), "0");
	/* Its write may have been done, aborted or answered with a status. */
	for (int i = 0; i < 3; i++) {
		struct pdu *r = pdu_recv_ms(a, 200);

		CK(!a->eof, "the other session's connection was closed");
		if (r)
			scsi_feed(a, r);
	}
	scsi_forget(a, w);
	conn_healthy(a);
	conn_healthy(b);
}

/* Control mode page: TAS is 1 by default, so the other initiator is told. */
static void clear_other(const void *arg)
{
	struct conn *a = ready(), *b;
	struct scsi *w = held(a, 0, false);
	uint32_t win = a->maxcmdsn - a->expcmdsn + 1;

	(void)arg;
	b = login_new(&(struct login_opts){ .session = "Normal",
					    .initiator = env.ini2 });
	scsi_settle(b, 0);
	answer_is(tmf(b, TMF_CLEAR_TASK_SET, 0, NO_TAG, 0), "0");
	scsi_wait(a, w);
	CK_EQ(w->status, 0x40, "the status of the task cleared");
	late_data(a, w);
	conn_healthy(a);
	CK_EQ(a->maxcmdsn - a->expcmdsn + 1, win + 1, "the window");
	conn_healthy(b);
}

static void plain(const void *arg)
{
	const char *const *a = arg;	/* function, LUN, responses */
	struct conn *c = ready();

	answer_is(tmf(c, atoi(a[0]), atoi(a[1]), NO_TAG, 0), a[2]);
	conn_healthy(c);
}

static void ordered(const void *arg)
{
	struct conn *c = ready();
	uint32_t sn = c->cmdsn++;
	struct pdu *t = tmf_pdu(c, TMF_LUN_RESET, 1, NO_TAG, 0, false), *p;

	(void)arg;
	pdu_send(c, t);
	conn_expect_silence(c, 300);
	p = nop_pdu(c, next_itt(), NO_TAG, true);
	p->bhs[0] &= ~OP_IMM;
	put32(p->bhs + 24, sn);
	pdu_send(c, p);
	CK_EQ(PDU_ITT(pdu_expect(c, OP_NOP_IN)), PDU_ITT(p), "the echo's ITT");
	answer_is(tmf_wait(c, t), "0");
}

static void warm_reset(const void *arg)
{
	struct conn *c = ready();
	int r = tmf(c, TMF_WARM_RESET, 0, NO_TAG, 0);

	(void)arg;
	answer_is(r, "0|5|6");
	conn_healthy(c);
}

static void cold_reset(const void *arg)
{
	struct conn *c = ready();
	struct pdu *t = tmf_pdu(c, TMF_COLD_RESET, 0, NO_TAG, 0, true), *p;

	(void)arg;
	pdu_send(c, t);
	p = pdu_recv(c);
	if (p && PDU_OP(p) == OP_ASYNC)
		p = pdu_recv(c);
	CK(!p || PDU_OP(p) == OP_TMF_RSP, "it got %s", p ? op_name(PDU_OP(p)) : "");
	if (p)
		answer_is(PDU_RESPONSE(p), "0|5|6");
	if (p && PDU_RESPONSE(p))
		conn_healthy(c);
	else
		conn_expect_eof(c);
	target_healthy();
}

static void reassign(const void *arg)
{
	struct conn *c = ready();
	struct scsi *w = held(c, 0, false);

	(void)arg;
	answer_is(tmf(c, TMF_REASSIGN, 0, w->itt, 0), "4");
	late_data(c, w);
	scsi_wait(c, w);
	CK_EQ(w->status, 0, "the status of the write");
}

static void unknown(const void *arg)
{
	struct conn *c = ready();
	struct pdu *t = tmf_pdu(c, *(const int *)arg, 0, NO_TAG, 0, true), *p;

	pdu_send(c, t);
	p = pdu_recv(c);
	CK(p && PDU_OP(p) == OP_TMF_RSP, "it got %s", p ? op_name(PDU_OP(p)) : "EOF");
	answer_is(PDU_RESPONSE(p), "5|255");
	conn_healthy(c);
}

/* RFC 7144: what is not negotiated for may be refused, not left. */
static void rfc7144(const void *arg)
{
	struct conn *c = ready();
	struct pdu *t = tmf_pdu(c, *(const int *)arg, 0, NO_TAG, 0, true), *p;

	pdu_send(c, t);
	p = pdu_recv(c);
	CK(p && (PDU_OP(p) == OP_TMF_RSP || PDU_OP(p) == OP_REJECT), "it got %s",
	   p ? op_name(PDU_OP(p)) : "EOF");
	if (PDU_OP(p) == OP_TMF_RSP)
		answer_is(PDU_RESPONSE(p), "0|1|5|6|7|255");
	conn_healthy(c);
}

static void with_data(const void *arg)
{
	struct conn *c = ready();
	struct pdu *t = tmf_pdu(c, TMF_LUN_RESET, 1, NO_TAG, 0, true), *p;

	(void)arg;
	pdu_data(t, "12345678", 8);
	pdu_send(c, t);
	p = pdu_recv(c);
	CK(!p || PDU_OP(p) == OP_REJECT || PDU_OP(p) == OP_TMF_RSP, "it got %s",
	   p ? op_name(PDU_OP(p)) : "");
	if (p && PDU_OP(p) == OP_TMF_RSP)
		conn_healthy(c);
	target_healthy();
}

/* A write that has sent part of its unsolicited data */
static void abort_unsolicited(const void *arg)
{
	struct conn *c;
	struct scsi *w = scsi_rw(true, 0, 0, 32);

	(void)arg;
	tpg_set("param/InitialR2T", "No");
	c = login_keys("InitialR2T=No\n");
	scsi_settle(c, 0);
	w->unsol_len = w->edtl;
	pdu_send(c, scsi_pdu(c, w));
	pdu_send(c, data_out_pdu(c, w, NO_TAG, 0, 0, 4096, false));
	answer_is(tmf(c, TMF_ABORT_TASK, 0, w->itt, w->cmdsn), "0");
	scsi_forget(c, w);
	pdu_send(c, data_out_pdu(c, w, NO_TAG, 1, 4096, 4096, false));
	pdu_send(c, data_out_pdu(c, w, NO_TAG, 2, 8192, 8192, true));
	conn_expect_silence(c, 300);
	conn_healthy(c);
}

static void other_session(const void *arg)
{
	struct conn *a = ready(), *b = login_normal();
	struct scsi *w = held(a, 0, false);

	(void)arg;
	scsi_settle(b, 0);
	tmf(b, TMF_ABORT_TASK, 0, w->itt, b->cmdsn - 1);
	CK(!w->done, "the task was ended");
	late_data(a, w);
	scsi_wait(a, w);
	CK_EQ(w->status, 0, "the status of the other session's task");
}

static void set_spares_others(const void *arg)
{
	struct conn *a = ready(), *b;
	struct scsi *w = held(a, 0, false);

	(void)arg;
	b = login_new(&(struct login_opts){ .session = "Normal",
					    .initiator = env.ini2 });
	scsi_settle(b, 0);
	answer_is(tmf(b, TMF_ABORT_TASK_SET, 0, NO_TAG, 0), "0|5");
	late_data(a, w);
	scsi_wait(a, w);
	CK_EQ(w->status, 0, "the status of the other initiator's write");
}

/* Reads on their way out: no part of them after the TMF Response */
static void abort_amid_data(const void *arg)
{
	int fn = *(const int *)arg;
	struct conn *c = ready();
	struct scsi *r[8];
	struct pdu *t;

	for (int i = 0; i < 8; i++) {
		r[i] = scsi_rw(false, 0, 0, 2048);
		scsi_send(c, r[i]);
	}
	if (fn == TMF_ABORT_TASK)
		t = tmf_pdu(c, fn, 0, r[7]->itt, r[7]->cmdsn, true);
	else
		t = tmf_pdu(c, fn, 0, NO_TAG, 0, true);
	pdu_send(c, t);
	answer_is(tmf_wait(c, t), "0|1|5");
	for (int i = 0; i < 7 && fn == TMF_ABORT_TASK; i++) {
		scsi_wait(c, r[i]);
		CK_EQ(r[i]->status, 0, "the status of a read that was not meant");
	}
	for (int i = 0; i < 8; i++)
		scsi_forget(c, r[i]);
	conn_expect_silence(c, 300);
	conn_healthy(c);
}

/* Command and abort in one segment, again and again */
static void abort_races(const void *arg)
{
	struct conn *c = ready();

	for (int i = 0; i < 60; i++) {
		struct scsi *s = scsi_rw(i & 1, 0, 0, 8);
		struct pdu *t;

		if (i & 1 && *(const char *)arg == 'i')
			scsi_imm(s, 4096);
		s->manual_r2t = true;
		conn_cork(c);
		pdu_send(c, scsi_pdu(c, s));
		t = tmf_pdu(c, TMF_ABORT_TASK, 0, s->itt, s->cmdsn, true);
		pdu_send(c, t);
		conn_uncork(c);
		answer_is(tmf_wait(c, t), "0|1");
		if (s->n_held)
			late_data(c, s);
		scsi_forget(c, s);
	}
	conn_expect_silence(c, 300);
	nop_ping(c, "x", 1);
	CK_EQ(c->maxcmdsn - c->expcmdsn + 1, 64, "the window in the end");
	conn_healthy(c);
}

static void warm_reset_ends(const void *arg)
{
	struct conn *c = ready();
	struct scsi *a = held(c, 0, false), *b = held(c, 1, false);
	struct pdu *t = tmf_pdu(c, TMF_WARM_RESET, 0, NO_TAG, 0, true);
	int r;

	(void)arg;
	pdu_send(c, t);
	late_data(c, a);
	late_data(c, b);
	r = tmf_wait(c, t);
	answer_is(r, "0|5|6");
	if (r) {
		scsi_wait(c, a);
		scsi_wait(c, b);
	}
	scsi_forget(c, a);
	scsi_forget(c, b);
	conn_expect_silence(c, 300);
	conn_healthy(c);
}

static void cold_reset_ends(struct conn *a, struct conn *b)
{
	struct pdu *t = tmf_pdu(a, TMF_COLD_RESET, 0, NO_TAG, 0, true), *p;

	pdu_send(a, t);
	do
		p = pdu_recv(a);
	while (p && PDU_OP(p) == OP_ASYNC);
	if (p && PDU_OP(p) == OP_TMF_RSP && PDU_RESPONSE(p))
		tap_skip("this target does not support it");
	conn_expect_eof(a);
	conn_expect_eof(b);
	target_healthy();
}

static void cold_reset_ends_others(const void *arg)
{
	struct conn *a = ready(), *b;

	(void)arg;
	b = login_new(&(struct login_opts){ .session = "Normal",
					    .initiator = env.ini2 });
	cold_reset_ends(a, b);
}

static void cold_reset_other_group(const void *arg)
{
	struct conn *a, *b;

	(void)arg;
	a = login_new(&(struct login_opts){ .session = "Normal", .target = IQN_TWO });
	b = login_new(&(struct login_opts){ .session = "Normal", .target = IQN_TWO,
					    .port = "3262" });
	cold_reset_ends(a, b);
}

/* Answered with the unit attention of a reset: core warned, and unlocked what is locked. */
static void caw_attention(const void *arg)
{
	static const uint8_t cdb[16] = { 0x89, [13] = 1 };
	struct conn *a = ready(), *b;
	struct scsi *s;

	(void)arg;
	b = login_new(&(struct login_opts){ .session = "Normal", .initiator = env.ini2 });
	scsi_settle(b, 0);
	answer_is(tmf(b, TMF_LUN_RESET, 0, NO_TAG, 0), "0");
	for (int i = 0; i < 2; i++) {
		uint8_t *data = tap_alloc(1024);

		memset(data, 0xa5, 1024);
		s = scsi_new(0, cdb, sizeof(cdb));
		s->write = true;
		s->out = data;
		s->edtl = 1024;
		scsi_imm(s, 1024);
		scsi_send(a, s);
		scsi_wait(a, s);
		CK_EQ(s->status, 2, "the status");
		/* UNIT ATTENTION, then MISCOMPARE: the disk has other data */
		CK_EQ(s->sense[2] & 0xf, i ? 0xe : 6, "the sense key");
	}
	conn_healthy(a);
	conn_healthy(b);
}

static void reset_then_gone(const void *arg)
{
	struct conn *c = ready();

	held(c, 0, false);
	pdu_send(c, tmf_pdu(c, *(const int *)arg, 0, c->cmds->itt,
			    c->cmds->cmdsn, true));
	conn_rst(c);
	target_healthy();
}

/* All in one segment: the command is aborted before the backend has seen it. */
static void behind_then_end(const void *arg)
{
	const char *how = arg;

	for (int i = 0; i < 10; i++) {
		struct conn *c = ready();
		struct scsi *s = scsi_rw(*how == 'w', 0, 0, 8);
		struct pdu *p;

		conn_cork(c);
		if (s->write)
			scsi_imm(s, 4096);
		scsi_send(c, s);
		pdu_send(c, tmf_pdu(c, TMF_ABORT_TASK, 0, s->itt, s->cmdsn, true));
		if (how[1])
			pdu_send(c, tmf_pdu(c, TMF_ABORT_TASK, 0, s->itt, s->cmdsn, true));
		p = pdu_new(OP_LOGIN_REQ, 0x80);
		pdu_send(c, p);
		conn_uncork(c);
		conn_rst(c);
	}
	target_healthy();
}

static const int zero = 0, one = 1, aset = TMF_ABORT_TASK_SET,
	cset = TMF_CLEAR_TASK_SET, reset = TMF_LUN_RESET, abrt = TMF_ABORT_TASK,
	f0 = 0, f13 = 13, f64 = 64, f127 = 127, f9 = 9, f10 = 10, f11 = 11, f12 = 12;
static const char *const t_reset[] = { "5", "0", "0" };
static const char *const t_reset300[] = { "5", "300", "0" };
static const char *const t_nolun[] = { "5", "77", "2" };
static const char *const t_aset[] = { "2", "0", "0|5" };
static const char *const t_aset_nolun[] = { "2", "77", "2|5" };
static const char *const t_aca[] = { "3", "0", "0|5" };
static const char *const t_cset[] = { "4", "0", "0" };
static const char *const t_cset_nolun[] = { "4", "77", "2" };
static const char *const t_reassign[] = { "8", "0", "4" };

static const struct tap_case cases[] = {
	{ "11.6.1", "ABORT TASK ends a write that waits for data; its data are drained",
	  abort_held, &zero },
	{ "11.5.1", "ABORT TASK ends an immediate write", abort_held, &one },
	{ "11.5.1", "ABORT TASK crossing the write's data leaves all in order",
	  abort_then_data },
	{ "11.5.1", "ABORT TASK amid unsolicited data drains the rest",
	  abort_unsolicited },
	{ "11.2.1.8", "an aborted task's tag can be used again", abort_and_same_tag },
	{ "4.2.2.1", "aborted tasks give their place in the window back", abort_many },
	{ "11.6.1", "ABORT TASK of a task not here yet is complete, its CmdSN received",
	  abort_missing },
	{ "11.6.1", "a task aborted before it came is ignored when it comes",
	  abort_missing_then_late },
	{ "11.6.1", "ABORT TASK outside the window: the task does not exist",
	  abort_gone },
	{ "11.6.1", "ABORT TASK ends a task behind a missing CmdSN", abort_queued },
	{ "11.5.1", "ABORT TASK of a task management request is rejected", abort_tmf },
	{ "11.5.4", "ABORT TASK with another tag leaves the task alone",
	  abort_wrong_tag },
	{ "11.5.4", "ABORT TASK of an unknown tag leaves the task with tag 0 alone",
	  tag_zero },
	{ "11.5.1", "ABORT TASK does not reach into another session", other_session },
	{ "11.5.1", "LOGICAL UNIT RESET is complete", plain, t_reset },
	{ "11.5.1", "LOGICAL UNIT RESET of a flat LUN is complete", plain, t_reset300 },
	{ "11.6.1", "LOGICAL UNIT RESET of an unknown LUN: it does not exist", plain,
	  t_nolun },
	{ "4.2.3.3", "LOGICAL UNIT RESET ends a write that gets its data", set_with_held,
	  &reset },
	{ "4.2.3.3", "LOGICAL UNIT RESET with R2Ts open is complete, their data drained",
	  reset_open_r2t },
	{ "4.2.3.3", "LOGICAL UNIT RESET ends eight writes; none is answered later",
	  reset_many },
	{ "4.2.3.2", "LOGICAL UNIT RESET leaves the other LUN alone", reset_other_lun },
	{ "4.2.3.2", "LOGICAL UNIT RESET by another initiator leaves both in order",
	  third_party },
	{ "11.5.1", "ABORT TASK SET is complete or not supported", plain, t_aset },
	{ "4.2.3.3", "ABORT TASK SET with a write that gets its data is answered",
	  set_with_held, &aset },
	{ "11.6.1", "ABORT TASK SET of an unknown LUN is not complete", plain,
	  t_aset_nolun },
	{ "11.5.1", "CLEAR TASK SET is complete", plain, t_cset },
	{ "11.6.1", "CLEAR TASK SET of an unknown LUN: it does not exist", plain,
	  t_cset_nolun },
	{ "11.5.1", "CLEAR TASK SET ends the tasks of other initiators", clear_other },
	{ "4.2.3.3", "CLEAR TASK SET with a write that gets its data is answered",
	  set_with_held, &cset },
	{ "11.5.1", "CLEAR ACA is complete or not supported", plain, t_aca },
	{ "11.5.1", "TARGET WARM RESET is complete, not supported or not allowed",
	  warm_reset },
	{ "11.6.1", "TARGET COLD RESET ends all connections or is not supported",
	  cold_reset },
	{ "7.2.2", "TASK REASSIGN at ErrorRecoveryLevel 0 is not supported", plain,
	  t_reassign },
	{ "7.2.2", "a refused TASK REASSIGN leaves the task alone", reassign },
	{ "11.6.1", "function 0 is not supported", unknown, &f0 },
	{ "11.6.1", "function 13 is not supported", unknown, &f13 },
	{ "11.6.1", "function 64 is not supported", unknown, &f64 },
	{ "11.6.1", "function 127 is not supported", unknown, &f127 },
	{ "11.5.1", "QUERY TASK (RFC 7144) is answered", rfc7144, &f9 },
	{ "11.5.1", "QUERY TASK SET (RFC 7144) is answered", rfc7144, &f10 },
	{ "11.5.1", "I_T NEXUS RESET (RFC 7144) is answered", rfc7144, &f11 },
	{ "11.5.1", "QUERY ASYNC EVENT (RFC 7144) is answered", rfc7144, &f12 },
	{ "4.2.2.1", "a task management request waits for its CmdSN's turn", ordered },
	{ "11.5.2", "a task management request with data does no harm", with_data },
	{ "4.2.3.2", "ABORT TASK SET spares the tasks of other initiators",
	  set_spares_others },
	{ "11.5.1", "ABORT TASK amid Data-In: nothing of it after the response",
	  abort_amid_data, &abrt },
	{ "11.5.1", "ABORT TASK SET amid Data-In: nothing of it after the response",
	  abort_amid_data, &aset },
	{ "11.5.1", "LOGICAL UNIT RESET amid Data-In: nothing of it after the response",
	  abort_amid_data, &reset },
	{ "11.5.1", "sixty aborts right behind their commands leave all in order",
	  abort_races, "solicited" },
	{ "11.5.1", "sixty aborts right behind commands with data leave all in order",
	  abort_races, "immediate" },
	{ "4.2.3.2", "TARGET WARM RESET ends the tasks of each LUN", warm_reset_ends },
	{ "11.6.1", "TARGET COLD RESET ends other initiators' sessions, too",
	  cold_reset_ends_others },
	{ "11.6.1", "TARGET COLD RESET ends the sessions of the target's other portal groups",
	  cold_reset_other_group },
	{ "4.2.3.3", "COMPARE AND WRITE behind another initiator's reset gets its attention",
	  caw_attention },
	{ "7.14", "a connection reset right after ABORT TASK does no harm",
	  reset_then_gone, &abrt },
	{ "7.14", "a connection reset right after LOGICAL UNIT RESET does no harm",
	  reset_then_gone, &reset },
	{ "7.14", "a read, its abort and a protocol error in one segment do no harm",
	  behind_then_end, "r" },
	{ "7.14", "a read, two aborts and a protocol error in one segment do no harm",
	  behind_then_end, "r2" },
	{ "7.14", "a write, two aborts and a protocol error in one segment do no harm",
	  behind_then_end, "w2" },
};

RAW_MAIN(cases)
