// SPDX-License-Identifier: GPL-2.0
/* CmdSN order and window, StatSN. */
#include "raw.h"

#include <unistd.h>

static struct pdu *ping_pdu(struct conn *c, uint32_t cmdsn)
{
	struct pdu *p = nop_pdu(c, next_itt(), NO_TAG, true);

	p->bhs[0] &= ~OP_IMM;
	put32(p->bhs + 24, cmdsn);
	return p;
}

static void expect_echo(struct conn *c, struct pdu *ping)
{
	struct pdu *p = pdu_expect(c, OP_NOP_IN);

	CK(PDU_ITT(p) == PDU_ITT(ping), "the echo is for ITT 0x%x, not 0x%x",
	   PDU_ITT(p), PDU_ITT(ping));
}

static uint32_t window(struct conn *c)
{
	return c->maxcmdsn - c->expcmdsn + 1;
}

static void in_order(const void *arg)
{
	struct conn *c = login_normal();

	(void)arg;
	for (int i = 0; i < 20; i++) {
		struct pdu *p = nop_ping(c, "x", 1);

		CK_EQ(PDU_EXPCMDSN(p), c->cmdsn, "ExpCmdSN after the command");
	}
}

/* @arg commands ahead of the missing one wait for it, then come in order. */
static void gap(const void *arg)
{
	struct conn *c = login_normal();
	int n = *(const int *)arg;
	uint32_t sn = c->cmdsn;
	struct pdu *p[16];

	for (int i = n; i > 0; i--) {
		p[i] = ping_pdu(c, sn + i);
		pdu_send(c, p[i]);
	}
	c->cmdsn = sn + n + 1;
	conn_expect_silence(c, 300);
	p[0] = ping_pdu(c, sn);
	pdu_send(c, p[0]);
	for (int i = 0; i <= n; i++)
		expect_echo(c, p[i]);
	CK_EQ(c->expcmdsn, sn + n + 1, "ExpCmdSN after the gap is filled");
	conn_healthy(c);
}

static void gap_scsi(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *w1 = scsi_rw(true, 0, 8, 4), *w2 = scsi_rw(true, 0, 8, 4);
	struct scsi *r = scsi_rw(false, 0, 8, 4);
	struct pdu *a, *b;

	(void)arg;
	scsi_settle(c, 0);
	scsi_imm(w1, 2048);
	scsi_imm(w2, 2048);
	fill((uint8_t *)w1->out, 2048, 1);
	fill((uint8_t *)w2->out, 2048, 2);
	a = scsi_pdu(c, w1);
	b = scsi_pdu(c, w2);
	/* Ordered, so that the second may not overtake the first */
	a->bhs[1] = (a->bhs[1] & ~7) | 2;
	b->bhs[1] = (b->bhs[1] & ~7) | 2;
	pdu_send(c, b);
	conn_expect_silence(c, 200);
	pdu_send(c, a);
	scsi_wait(c, w1);
	scsi_wait(c, w2);
	scsi_good(c, r);
	CK(!memcmp(r->in, w2->out, 2048), "the later write is not what stays");
}

static void below(const void *arg)
{
	struct conn *c = login_normal();

	(void)arg;
	nop_ping(c, "x", 1);
	pdu_send(c, ping_pdu(c, c->cmdsn - 1));
	pdu_send(c, ping_pdu(c, c->cmdsn - 1000));
	pdu_send(c, ping_pdu(c, c->cmdsn + 0x80000000u));
	conn_expect_silence(c, 300);
	conn_healthy(c);
}

static void above(const void *arg)
{
	struct conn *c = login_normal();

	(void)arg;
	nop_ping(c, "x", 1);
	pdu_send(c, ping_pdu(c, c->maxcmdsn + 1));
	pdu_send(c, ping_pdu(c, c->maxcmdsn + 1000));
	conn_expect_silence(c, 300);
	conn_healthy(c);
	/* Had it been kept, it would be served when its turn comes. */
	for (int i = 0; i < 70; i++)
		nop_ping(c, "y", 1);
}

/* A write above the window goes by silently with its data. */
static void above_with_data(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *w = scsi_rw(true, 0, 8, 8);
	struct pdu *p;

	(void)arg;
	scsi_settle(c, 0);
	scsi_imm(w, 4096);
	p = scsi_pdu(c, w);
	c->cmdsn--;
	put32(p->bhs + 24, c->maxcmdsn + 5);
	pdu_send(c, p);
	scsi_forget(c, w);
	conn_expect_silence(c, 300);
	conn_healthy(c);
}

static void last_of_window(const void *arg)
{
	struct conn *c = login_normal();
	struct pdu *last, *p;
	uint32_t sn, max;

	(void)arg;
	nop_ping(c, "x", 1);
	sn = c->cmdsn;
	max = c->maxcmdsn;
	c->checks &= ~CHECK_CMDSN;
	last = ping_pdu(c, max);
	pdu_send(c, last);
	conn_expect_silence(c, 200);
	for (; sn != max; sn++) {
		p = ping_pdu(c, sn);
		pdu_send(c, p);
		expect_echo(c, p);
	}
	expect_echo(c, last);
	c->cmdsn = max + 1;
	conn_healthy(c);
}

static void duplicate(const void *arg)
{
	struct conn *c = login_normal();
	uint32_t sn = c->cmdsn;
	struct pdu *a, *b;

	(void)arg;
	a = ping_pdu(c, sn + 1);
	b = ping_pdu(c, sn + 1);
	pdu_send(c, a);
	pdu_send(c, b);
	c->cmdsn = sn + 2;
	conn_expect_silence(c, 200);
	b = ping_pdu(c, sn);
	pdu_send(c, b);
	expect_echo(c, b);
	expect_echo(c, a);
	conn_expect_silence(c, 300);
	CK_EQ(c->expcmdsn, sn + 2, "ExpCmdSN");
	conn_healthy(c);
}

static void duplicate_scsi(const void *arg)
{
	static const uint8_t tur[6];
	struct conn *c = login_normal();
	struct scsi *s = scsi_new(0, tur, 6);
	struct pdu *p;

	(void)arg;
	scsi_settle(c, 0);
	p = scsi_pdu(c, s);
	conn_cork(c);
	pdu_send(c, p);
	pdu_send(c, p);
	conn_uncork(c);
	scsi_wait(c, s);
	conn_expect_silence(c, 300);
	conn_healthy(c);
}

static void wrap(const void *arg)
{
	struct conn *c = login_new(&(struct login_opts){ .session = "Normal",
		.cmdsn = 0xfffffff8 });

	(void)arg;
	for (int i = 0; i < 20; i++)
		nop_ping(c, "x", 1);
	scsi_write_check(c, 0, 0, 8, 1024, 0);
	CK(c->cmdsn < 100, "the client's CmdSN did not wrap");
}

static void wrap_gap(const void *arg)
{
	struct conn *c = login_new(&(struct login_opts){ .session = "Normal",
		.cmdsn = 0xfffffffe });
	struct pdu *p[4];

	(void)arg;
	for (int i = 3; i >= 0; i--) {
		p[i] = ping_pdu(c, 0xfffffffe + i);
		pdu_send(c, p[i]);
	}
	c->cmdsn = 2;
	for (int i = 0; i < 4; i++)
		expect_echo(c, p[i]);
	CK_EQ(c->expcmdsn, 2, "ExpCmdSN");
}

static void immediate(const void *arg)
{
	struct conn *c = login_normal();
	uint32_t sn = c->cmdsn;
	struct pdu *p;

	(void)arg;
	for (int i = 0; i < 5; i++) {
		p = nop_pdu(c, next_itt(), NO_TAG, true);
		pdu_send(c, p);
		expect_echo(c, p);
		CK_EQ(c->expcmdsn, sn, "ExpCmdSN after an immediate command");
	}
	conn_healthy(c);
}

static void immediate_in_gap(const void *arg)
{
	struct conn *c = login_normal();
	uint32_t sn = c->cmdsn;
	struct pdu *late, *p;

	(void)arg;
	late = ping_pdu(c, sn + 1);
	pdu_send(c, late);
	c->cmdsn = sn + 2;
	p = nop_pdu(c, next_itt(), NO_TAG, true);
	pdu_send(c, p);
	expect_echo(c, p);
	CK_EQ(c->expcmdsn, sn, "ExpCmdSN while one is missing");
	p = ping_pdu(c, sn);
	pdu_send(c, p);
	expect_echo(c, p);
	expect_echo(c, late);
}

static void immediate_outside(const void *arg)
{
	struct conn *c = login_normal();
	struct pdu *p;

	(void)arg;
	nop_ping(c, "x", 1);
	p = ping_pdu(c, c->maxcmdsn + 1);
	p->bhs[0] |= OP_IMM;
	pdu_send(c, p);
	expect_echo(c, p);
	conn_healthy(c);
}

static void depth(const void *arg)
{
	const char *ini = arg;
	struct conn *c = login_new(&(struct login_opts){ .session = "Normal",
		.initiator = ini });
	uint32_t want = strtoul(cfg_read(acl_path(ini, "cmdsn_depth")), NULL, 0);

	nop_ping(c, "x", 1);
	CK_EQ(window(c), want, "MaxCmdSN - ExpCmdSN + 1");
}

static void reopens(const void *arg)
{
	struct conn *c = login_new(&(struct login_opts){ .session = "Normal",
		.initiator = INI_FEW });

	(void)arg;
	for (int i = 0; i < 50; i++) {
		nop_ping(c, "x", 1);
		CK(window(c) <= 4, "the window is %u, cmdsn_depth is 4", window(c));
	}
	for (int i = 0; i < 10; i++)
		scsi_write_check(c, 0, 0, 4, 0, 0);
	CK_EQ(window(c), 4, "the window when all is done");
}

/*
 * 11.4.11: writes which fill the window end without a status, by another initiator's reset.
 * Nothing else being sent, a NOP-In that wants no answer says that there is room again.
 */
static void reopens_by_itself(const void *arg)
{
	struct conn *c, *d;
	struct pdu *p;

	(void)arg;
	c = login_new(&(struct login_opts){ .session = "Normal", .initiator = INI_FEW });
	d = login_normal();
	scsi_settle(c, LUN_HIGH);
	scsi_settle(d, LUN_HIGH);
	c->no_pong = true;
	for (int i = 0; i < 4; i++) {
		struct scsi *w = scsi_rw(true, LUN_HIGH, 8 * i, 8);

		w->manual_r2t = true;
		scsi_send(c, w);
		scsi_feed(c, pdu_expect(c, OP_R2T));
	}
	CK_EQ(window(c), 0, "the window when it is full");
	CK_EQ(tmf(d, TMF_LUN_RESET, LUN_HIGH, NO_TAG, 0), TMR_COMPLETE, "the reset");
	p = pdu_recv_ms(c, 5000);
	CK(p, "nothing came within 5 s");
	CK_EQ(PDU_OP(p), OP_NOP_IN, "what came");
	CK_EQ(PDU_ITT(p), NO_TAG, "its ITT");
	CK_EQ(PDU_TTT(p), NO_TAG, "its TTT");
	CK(window(c) > 0, "the window it carries is shut");
	conn_expect_silence(c, 500);
	while (c->cmds)
		scsi_forget(c, c->cmds);
	scsi_settle(c, LUN_HIGH);
	conn_healthy(c);
}

/* As many commands as the window lets through, all held by their data */
static void fill_window(const void *arg)
{
	struct conn *c = login_new(&(struct login_opts){ .session = "Normal",
		.initiator = INI_FEW });
	struct scsi *w[4];
	int n = 0;

	(void)arg;
	scsi_settle(c, 0);
	while (n < 4 && !sn_lt(c->maxcmdsn, c->cmdsn)) {
		w[n] = scsi_rw(true, 0, n * 8, 8);
		w[n]->manual_r2t = true;
		scsi_send(c, w[n]);
		while (!w[n]->n_held)
			scsi_feed(c, pdu_expect(c, OP_R2T));
		CK(window(c) <= 4, "the window is %u", window(c));
		n++;
	}
	CK_EQ(n, 4, "commands taken");
	for (int i = n; i-- > 0;) {
		data_out(c, w[i], PDU_TTT(w[i]->r2t[0]), 0, 4096);
		scsi_wait(c, w[i]);
		CK_EQ(w[i]->status, 0, "the status");
	}
	nop_ping(c, "x", 1);
	CK_EQ(window(c), 4, "the window when all is done");
}

/* A window full of writes with their data, ahead of the missing command */
static void held_data(const void *arg)
{
	struct conn *c;
	uint32_t len = *(const int *)arg, sn, n;
	struct scsi *w[64];
	struct pdu *p;

	tpg_set("param/FirstBurstLength", "262144");
	c = login_keys("FirstBurstLength=262144\n");
	scsi_settle(c, 0);
	sn = c->cmdsn++;
	n = c->maxcmdsn - sn;
	if (n > 63)
		n = 63;
	for (uint32_t i = 0; i < n && !c->tx_err; i++) {
		w[i] = scsi_rw(true, 0, i * (len / 512), len / 512);
		scsi_imm(w[i], len);
		scsi_send(c, w[i]);
	}
	p = ping_pdu(c, sn);
	pdu_send(c, p);
	expect_echo(c, p);
	for (uint32_t i = 0; i < n; i++) {
		struct scsi *r;

		scsi_wait(c, w[i]);
		CK_EQ(w[i]->status, 0, "the status");
		if (i % 16)
			continue;
		r = scsi_rw(false, 0, i * (len / 512), len / 512);
		scsi_good(c, r);
		CK(!memcmp(r->in, w[i]->out, len), "data of write %u differ", i);
	}
	conn_healthy(c);
}

/* Early data of writes which fail when they are due takes no room for ever. */
static void held_failing(const void *arg)
{
	struct conn *c;
	struct scsi *w[8];

	(void)arg;
	tpg_set("param/FirstBurstLength", "262144");
	c = login_keys("FirstBurstLength=262144\n");
	scsi_settle(c, 0);
	for (int round = 0; round < 16; round++) {
		uint32_t sn = c->cmdsn++;
		struct pdu *p;

		for (int i = 0; i < 8; i++) {
			w[i] = scsi_rw(true, 77, 0, 128);
			scsi_imm(w[i], 65536);
			scsi_send(c, w[i]);
		}
		p = ping_pdu(c, sn);
		pdu_send(c, p);
		expect_echo(c, p);
		for (int i = 0; i < 8; i++) {
			scsi_wait(c, w[i]);
			CK_EQ(w[i]->status, 2, "the status of a write to no LUN");
		}
	}
	conn_healthy(c);
}

/* The largest queue there is, filled at one go */
static void deep(const void *arg)
{
	struct conn *c;
	struct scsi *s[512];

	(void)arg;
	cfg_set(acl_path(env.ini, "cmdsn_depth"), "512");
	c = login_normal();
	scsi_settle(c, 0);
	CK_EQ(window(c), 512, "the window");
	conn_cork(c);
	for (int i = 0; i < 512; i++) {
		s[i] = scsi_rw(i % 4 == 3, 0, i * 8, 8);
		if (i % 8 == 7)
			scsi_imm(s[i], 4096);
		pdu_send(c, scsi_pdu(c, s[i]));
	}
	conn_uncork(c);
	for (int i = 0; i < 512; i++) {
		scsi_wait(c, s[i]);
		CK_EQ(s[i]->status, 0, "the status");
	}
	conn_healthy(c);
	CK_EQ(window(c), 512, "the window when all is done");
}

/* More than the window may hold: taken or not, nothing breaks. */
static void too_much_held(const void *arg)
{
	struct conn *c;
	uint32_t len = 262144;

	(void)arg;
	tpg_set("param/FirstBurstLength", "262144");
	c = login_keys("FirstBurstLength=262144\n");
	scsi_settle(c, 0);
	c->cmdsn++;
	for (int i = 0; i < 62 && !c->tx_err; i++) {
		struct scsi *w = scsi_rw(true, 0, 0, len / 512);

		scsi_imm(w, len < c->p.tgt_mrdsl ? len : c->p.tgt_mrdsl);
		pdu_send(c, scsi_pdu(c, w));
	}
	while (pdu_recv_ms(c, 300))
		;
	target_healthy();
	conn_rst(c);
	target_healthy();
}

/* "Immediate command reject - too many" is what 0x06 is for. */
static void many_immediate(const void *arg)
{
	struct conn *c = login_normal();
	int rejects = 0, r2ts = 0;

	(void)arg;
	scsi_settle(c, 0);
	for (int i = 0; i < 300; i++) {
		struct scsi *w = scsi_rw(true, 0, 0, 8);

		w->imm = true;
		w->manual_r2t = true;
		pdu_send(c, scsi_pdu(c, w));
	}
	for (int i = 0; i < 300; i++) {
		struct pdu *p = pdu_recv(c);

		CK(p, "the target closed");
		if (PDU_OP(p) == OP_REJECT) {
			CK_EQ(p->bhs[2], REJ_IMMEDIATE, "the Reject's reason");
			rejects++;
		} else {
			CK_EQ(PDU_OP(p), OP_R2T, "what came");
			r2ts++;
		}
	}
	CK(r2ts > 0, "not one immediate command was taken");
	tap_log("%d taken, %d rejected", r2ts, rejects);
	CK_EQ(tmf(c, TMF_ABORT_TASK_SET, 0, NO_TAG, 0), TMR_COMPLETE, "ABORT TASK SET then");
	CK_EQ(PDU_RESPONSE(logout(c, 0, 0)), 0, "the Logout Response");
	target_healthy();
}

static void statsn_plain(const void *arg)
{
	struct conn *c = login_keys("MaxRecvDataSegmentLength=512\n"
				    "MaxBurstLength=1024\nFirstBurstLength=512\n");
	struct scsi *s;
	uint32_t sn;

	(void)arg;
	scsi_settle(c, 0);
	sn = c->statsn;
	s = scsi_rw(false, 0, 0, 16);
	scsi_good(c, s);
	CK_EQ(c->statsn, sn + 1, "StatSN after a read of many PDUs");
	s = scsi_rw(true, 0, 0, 16);
	scsi_good(c, s);
	CK(s->n_r2t > 4, "%u R2Ts", s->n_r2t);
	CK_EQ(c->statsn, sn + 2, "StatSN after a write with R2Ts");
	nop_ping(c, "x", 1);
	CK_EQ(c->statsn, sn + 3, "StatSN after a ping");
}

static void never_acknowledges(const void *arg)
{
	struct conn *c = login_normal();

	(void)arg;
	c->keep_statsn = true;
	c->ack = c->statsn;
	for (int i = 0; i < 300; i++)
		nop_ping(c, "x", 1);
	for (int i = 0; i < 300; i++) {
		struct scsi *s = scsi_rw(false, 0, 0, 1);

		scsi_good(c, s);
	}
}

static void acknowledges_too_much(const void *arg)
{
	struct conn *c = login_normal();

	(void)arg;
	scsi_settle(c, 0);
	c->keep_statsn = true;
	c->ack = c->statsn + 1000;
	nop_ping(c, "x", 1);
	c->ack = c->statsn - 1000;
	nop_ping(c, "x", 1);
	c->keep_statsn = false;
	conn_healthy(c);
}

static void acknowledge_only(const void *arg)
{
	struct conn *c = login_normal();
	struct pdu *p = nop_pdu(c, NO_TAG, NO_TAG, true);

	(void)arg;
	pdu_send(c, p);
	conn_expect_silence(c, 300);
	conn_healthy(c);
}

static void every_kind(const void *arg)
{
	struct conn *c = login_normal();
	uint32_t sn = c->cmdsn;
	struct pdu *t, *m, *p;

	(void)arg;
	t = text_pdu(c, next_itt(), NO_TAG, 0x80, "SendTargets=\n");
	m = tmf_pdu(c, TMF_LUN_RESET, 0, NO_TAG, 0, false);
	p = ping_pdu(c, c->cmdsn++);
	pdu_send(c, p);
	pdu_send(c, m);
	conn_expect_silence(c, 300);
	pdu_send(c, t);
	CK_EQ(PDU_ITT(pdu_expect(c, OP_TEXT_RSP)), PDU_ITT(t), "the first answer");
	for (int i = 0; i < 2; i++) {
		struct pdu *r = pdu_recv(c);

		CK(r && (PDU_OP(r) == OP_TMF_RSP || PDU_OP(r) == OP_NOP_IN),
		   "got %s", r ? op_name(PDU_OP(r)) : "nothing");
	}
	CK_EQ(c->expcmdsn, sn + 3, "ExpCmdSN");
}

static void forget_wrap(void *arg)
{
	(void)arg;
	if (system("rmmod statsn"))
		tap_diag("statsn is still loaded");
}

/* A module for it has the target begin sixteen before the wrap. */
static void statsn_wraps(const void *arg)
{
	uint32_t first, n = 0;
	struct conn *c;

	(void)arg;
	if (access("/usr/local/bin/statsn-module", R_OK))
		tap_skip("this kernel has no kretprobes");
	if (access("/sys/module/tcm_iscsi", F_OK))
		tap_skip("another target chooses its StatSN in another way");
	CK(!system("insmod /usr/local/bin/statsn-module"), "the module does not load");
	tap_defer(forget_wrap, NULL);
	c = login_normal();
	first = c->statsn;
	CK(first >= -16U, "the first StatSN is 0x%x", first);
	scsi_settle(c, 0);
	while (c->statsn >= first || n < 40) {
		struct scsi *w = scsi_rw(true, 0, n % 64 * 8, 8), *r = scsi_rw(false, 0, n % 64 * 8, 8);

		if (n & 1)
			scsi_imm(w, 4096);
		scsi_good(c, w);
		scsi_good(c, r);
		CK(!memcmp(w->out, r->in, 4096), "what is read is not what was written");
		nop_ping(c, "wrap", 4);
		CK(++n < 100, "StatSN is still 0x%x", c->statsn);
	}
	conn_healthy(c);
	logout(c, 0, 0);
}

/* 7.3: what is rejected has not been received, be it for its keys. */
static void text_in_vain(const void *arg)
{
	struct conn *c = login_normal();
	struct pdu *t = text_pdu(c, next_itt(), NO_TAG, 0x80, arg), *p;

	pdu_send(c, t);
	p = reject_expect(c, REJ_PROTOCOL, t);
	CK_EQ(PDU_EXPCMDSN(p), c->cmdsn - 1, "ExpCmdSN in the Reject");
	c->cmdsn--;
	conn_healthy(c);
}

/* The same ahead of its turn: the Reject comes then, and what is behind waits on. */
static void text_in_vain_early(const void *arg)
{
	struct conn *c = login_normal();
	uint32_t sn = c->cmdsn++;
	struct pdu *t = text_pdu(c, next_itt(), NO_TAG, 0x80, arg), *first, *last, *p;

	last = ping_pdu(c, sn + 2);
	pdu_send(c, t);
	pdu_send(c, last);
	conn_expect_silence(c, 200);
	first = ping_pdu(c, sn);
	pdu_send(c, first);
	expect_echo(c, first);
	p = reject_expect(c, REJ_PROTOCOL, t);
	CK_EQ(PDU_EXPCMDSN(p), sn + 1, "ExpCmdSN in the Reject");
	conn_expect_silence(c, 200);
	c->cmdsn = sn + 3;
	first = ping_pdu(c, sn + 1);
	pdu_send(c, first);
	expect_echo(c, first);
	expect_echo(c, last);
	conn_healthy(c);
}

static void text_early(const void *arg)
{
	struct conn *c = login_normal();
	uint32_t sn = c->cmdsn++;
	struct pdu *t = text_pdu(c, next_itt(), NO_TAG, 0x80, "X-org.example.a=1\n"), *first, *p;

	(void)arg;
	pdu_send(c, t);
	conn_expect_silence(c, 200);
	first = ping_pdu(c, sn);
	pdu_send(c, first);
	expect_echo(c, first);
	p = pdu_expect(c, OP_TEXT_RSP);
	CK_EQ(PDU_ITT(p), PDU_ITT(t), "the Text Response's ITT");
	CK_EQ(PDU_EXPCMDSN(p), sn + 2, "ExpCmdSN in the Text Response");
	conn_healthy(c);
}

static const int one = 1, three = 3, fifteen = 15, kib4 = 4096, kib64 = 65536;

static const struct tap_case cases[] = {
	{ "4.2.2.1", "each command in order advances ExpCmdSN", in_order },
	{ "4.2.2.1", "a command ahead waits for the missing one", gap, &one },
	{ "4.2.2.1", "three in reverse order are served in order", gap, &three },
	{ "4.2.2.1", "fifteen in reverse order are served in order", gap, &fifteen },
	{ "4.2.2.1", "ordered writes sent the wrong way round are done right",
	  gap_scsi },
	{ "4.2.2.1", "commands below the window are silently ignored", below },
	{ "4.2.2.1", "commands above the window are silently ignored", above },
	{ "4.2.2.1", "a write above the window is ignored with its data",
	  above_with_data },
	{ "4.2.2.1", "the last CmdSN of the window is taken and waits", last_of_window },
	{ "4.2.2.1", "a duplicate within the window is silently ignored", duplicate },
	{ "4.2.2.1", "a command sent twice is served once", duplicate_scsi },
	{ "4.2.2.1", "a Text Request ahead waits for the missing one", text_early },
	{ "7.3", "a Text Request with a key twice was not received", text_in_vain,
	  "InitiatorAlias=a\nInitiatorAlias=b\n" },
	{ "7.3", "a Text Request with a key of the login was not received", text_in_vain,
	  "MaxBurstLength=512\n" },
	{ "7.3", "a Text Request with what it may not ask for was not received", text_in_vain,
	  "SendTargets=All\n" },
	{ "7.3", "a Text Request ahead is rejected when it is due, and was not received",
	  text_in_vain_early, "MaxBurstLength=512\n" },
	{ "4.2.2.1", "CmdSN wraps from 2**32 - 1 to 0", wrap },
	{ "4.2.2.1", "a gap over the wrap is put in order", wrap_gap },
	{ "4.2.2.1", "immediate commands leave ExpCmdSN alone", immediate },
	{ "4.2.2.1", "an immediate command does not wait for the missing one",
	  immediate_in_gap },
	{ "4.2.2.1", "an immediate command's CmdSN may lie outside the window",
	  immediate_outside },
	{ "4.2.2.1", "the window is the ACL's cmdsn_depth of 64", depth, BASE "ini" },
	{ "4.2.2.1", "the window is the ACL's cmdsn_depth of 4", depth, INI_FEW },
	{ "4.2.2.1", "the window opens again with each completion", reopens },
	{ "11.4.11", "the window opens by itself where the commands in it end without a status",
	  reopens_by_itself },
	{ "4.2.2.1", "a window full of writes without data works out", fill_window },
	{ "4.2.2.1", "a window full of writes of 4 KiB waits for the missing command",
	  held_data, &kib4 },
	{ "4.2.2.1", "a window full of writes of 64 KiB waits for the missing command",
	  held_data, &kib64 },
	{ "4.2.2.1", "a window full of writes of 256 KiB that wait does no harm",
	  too_much_held },
	{ "4.2.2.1", "early writes which fail leave room for others", held_failing },
	{ "4.2.2.1", "512 commands at one go are all served with cmdsn_depth 512", deep },
	{ "11.17.1", "300 immediate commands: those too many are rejected",
	  many_immediate },
	{ "4.2.2.1", "Text, task management and NOP-Out are ordered together",
	  every_kind },
	{ "4.2.2.2", "only PDUs with status advance StatSN", statsn_plain },
	{ "4.2.2.2", "an initiator that never acknowledges status is served on",
	  never_acknowledges },
	{ "4.2.2.2", "an ExpStatSN from nowhere does no harm", acknowledges_too_much },
	{ "4.2.2.2", "StatSN wraps from 2**32 - 1 to 0", statsn_wraps },
	{ "11.18", "a NOP-Out that only acknowledges is not answered",
	  acknowledge_only },
};

RAW_MAIN(cases)
