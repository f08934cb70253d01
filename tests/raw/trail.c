// SPDX-License-Identifier: GPL-2.0
/*
 * What the answers to writes that end early, and to sets and resets, wait for: the rest of
 * the data, and commands that are missing; and for how long.
 */
#include "raw.h"

#define WHOLE		8192
#define AT_ONCE_MS	1000	/* slow machines included */
#define BOUND_MS	1500	/* an answer without the rest comes later than this ... */
#define LATEST_MS	6000	/* ... and earlier than this: 2 s */

/* Nothing of a command or a function may come meanwhile. */
static void still_waits(struct conn *c)
{
	conn_expect_silence(c, 400);
}

static void at_once(int64_t since)
{
	int ms = tap_clock() - since;

	CK(ms < AT_ONCE_MS, "it took %d ms", ms);
}

static void in_time(int64_t since)
{
	int ms = tap_clock() - since;

	CK(ms >= BOUND_MS && ms < LATEST_MS, "it came after %d ms", ms);
}

static struct conn *ready(void)
{
	struct conn *c = login_normal();

	scsi_settle(c, 0);
	scsi_settle(c, 1);
	return c;
}

static struct conn *unsolicited(void)
{
	struct conn *c;

	tpg_set("param/InitialR2T", "No");
	c = login_keys("InitialR2T=No\n");
	scsi_settle(c, 0);
	return c;
}

/* A write whose R2T has come */
static struct scsi *held(struct conn *c, unsigned int lun)
{
	struct scsi *w = scsi_rw(true, lun, 16, WHOLE / 512);

	w->manual_r2t = true;
	scsi_send(c, w);
	while (!w->n_held)
		CK(scsi_feed(c, pdu_expect(c, OP_R2T)), "not an R2T");
	return w;
}

static void part(struct conn *c, struct scsi *w, uint32_t sn, bool f)
{
	pdu_send(c, data_out_pdu(c, w, PDU_TTT(w->r2t[0]), sn, sn * WHOLE / 2, WHOLE / 2, f));
}

/* ---- task management ---- */

static void waits(const void *arg)
{
	int fn = *(const int *)arg;
	struct conn *c = ready();
	struct scsi *w = held(c, 0);
	struct pdu *p = tmf_pdu(c, fn, 0, NO_TAG, 0, true);
	int64_t since;

	pdu_send(c, p);
	part(c, w, 0, false);
	still_waits(c);
	since = tap_clock();
	part(c, w, 1, true);
	CK_EQ(tmf_wait(c, p), 0, "the response");
	at_once(since);
	CK(!w->done, "the write that was ended has been answered");
	scsi_forget(c, w);
	conn_expect_silence(c, 300);
	conn_healthy(c);
}

/* F is what counts: 11.5.1 has the initiator end its sequences as quickly as it can. */
static void cut_short(const void *arg)
{
	int fn = *(const int *)arg;
	struct conn *c = ready();
	struct scsi *w = held(c, 0);
	struct pdu *p = tmf_pdu(c, fn, 0, NO_TAG, 0, true);
	int64_t since = tap_clock();

	pdu_send(c, p);
	pdu_send(c, data_out_pdu(c, w, PDU_TTT(w->r2t[0]), 0, 0, 0, true));
	CK_EQ(tmf_wait(c, p), 0, "the response");
	at_once(since);
	scsi_forget(c, w);
	conn_expect_silence(c, 300);
	conn_healthy(c);
}

static void not_for_ever(const void *arg)
{
	int fn = *(const int *)arg;
	struct conn *c = ready();
	struct scsi *w = held(c, 0), *again;
	int64_t since = tap_clock();
	struct pdu *p;

	CK_EQ(tmf(c, fn, 0, NO_TAG, 0), 0, "the response");
	in_time(since);
	scsi_forget(c, w);
	/* late, in silence */
	part(c, w, 0, false);
	part(c, w, 1, true);
	conn_expect_silence(c, 300);
	/* the tag is free */
	scsi_settle(c, 0);
	again = scsi_rw(true, 0, 16, 8);
	p = scsi_pdu(c, again);
	again->itt = w->itt;
	put32(p->bhs + 16, w->itt);
	pdu_send(c, p);
	scsi_wait(c, again);
	CK_EQ(again->status, 0, "the status of the next write with its tag");
	conn_healthy(c);
}

/* 11.4.2: received, not begun */
static void to_the_last_byte(const void *arg)
{
	int fn = *(const int *)arg;
	struct conn *c = ready();
	struct scsi *w = held(c, 0);
	struct pdu *p = tmf_pdu(c, fn, 0, NO_TAG, 0, true);
	struct pdu *d = data_out_pdu(c, w, PDU_TTT(w->r2t[0]), 0, 0, WHOLE, true);
	uint8_t wire[48 + WHOLE];

	memcpy(wire, d->bhs, 48);
	wire[5] = WHOLE >> 16;
	wire[6] = WHOLE >> 8 & 0xff;
	wire[7] = WHOLE & 0xff;
	memcpy(wire + 48, w->out, WHOLE);
	pdu_send(c, p);
	conn_write(c, wire, 48 + WHOLE / 2);
	still_waits(c);
	conn_write(c, wire + 48 + WHOLE / 2, WHOLE / 2);
	CK_EQ(tmf_wait(c, p), 0, "the response");
	scsi_forget(c, w);
	conn_healthy(c);
}

/* Both R2Ts of a write */
static void two_r2ts(const void *arg)
{
	struct conn *c;
	struct scsi *w;
	struct pdu *p;
	int64_t since;

	(void)arg;
	tpg_set("param/MaxOutstandingR2T", "2");
	c = login_keys("MaxOutstandingR2T=2\nMaxBurstLength=4096\nFirstBurstLength=4096\n");
	scsi_settle(c, 0);
	w = scsi_rw(true, 0, 16, WHOLE / 512);
	w->manual_r2t = true;
	scsi_send(c, w);
	while (w->n_held < 2)
		CK(scsi_feed(c, pdu_expect(c, OP_R2T)), "not an R2T");
	p = tmf_pdu(c, TMF_ABORT_TASK_SET, 0, NO_TAG, 0, true);
	pdu_send(c, p);
	pdu_send(c, data_out_pdu(c, w, PDU_TTT(w->r2t[0]), 0, 0, 4096, true));
	still_waits(c);
	since = tap_clock();
	pdu_send(c, data_out_pdu(c, w, PDU_TTT(w->r2t[1]), 0, 4096, 4096, true));
	CK_EQ(tmf_wait(c, p), 0, "the response");
	at_once(since);
	scsi_forget(c, w);
	conn_healthy(c);
}

/* Two sets that wait for the same data: another initiator's reset waits for neither. */
static void sets_beside(const void *arg)
{
	struct conn *c = ready(), *d;
	struct pdu *one, *two;
	struct scsi *w;
	int64_t since;

	(void)arg;
	d = login_new(&(struct login_opts){ .session = "Normal", .initiator = env.ini2 });
	scsi_settle(d, 0);
	scsi_settle(c, 0);
	w = held(c, 0);
	conn_cork(c);
	one = tmf_pdu(c, TMF_CLEAR_TASK_SET, 0, NO_TAG, 0, true);
	pdu_send(c, one);
	two = tmf_pdu(c, TMF_CLEAR_TASK_SET, 0, NO_TAG, 0, true);
	pdu_send(c, two);
	conn_uncork(c);
	still_waits(c);
	since = tap_clock();
	CK_EQ(tmf(d, TMF_LUN_RESET, 0, NO_TAG, 0), 0, "the other initiator's reset");
	at_once(since);
	CK_EQ(tmf_wait(c, one), 0, "the response of the first");
	CK_EQ(tmf_wait(c, two), 0, "the response of the second");
	scsi_forget(c, w);
	conn_healthy(c);
	conn_healthy(d);
}

/* ABORT TASK ends the wait of a set before it, also when both come at once. */
static void abort_behind_set(const void *arg)
{
	struct conn *c = ready();
	struct scsi *w = held(c, 0);
	struct pdu *set = tmf_pdu(c, TMF_ABORT_TASK_SET, 0, NO_TAG, 0, true);
	struct pdu *one = tmf_pdu(c, TMF_ABORT_TASK, 0, w->itt, w->cmdsn, true);
	int64_t since;

	conn_cork(c);
	pdu_send(c, set);
	if (arg) {
		conn_uncork(c);
		still_waits(c);
		conn_cork(c);
	}
	since = tap_clock();
	pdu_send(c, one);
	conn_uncork(c);
	CK_EQ(tmf_wait(c, set), 0, "the response of ABORT TASK SET");
	CK_EQ(tmf_wait(c, one), 0, "the response of ABORT TASK");
	at_once(since);
	scsi_forget(c, w);
	part(c, w, 0, false);
	part(c, w, 1, true);
	conn_expect_silence(c, 300);
	conn_healthy(c);
}

static void reset_at_once(const void *arg)
{
	struct conn *c = ready();
	struct scsi *w = held(c, 0);
	int64_t since = tap_clock();
	struct conn *d = login_new(&(struct login_opts){ .session = "Normal",
							 .initiator = env.ini2 });

	(void)arg;
	scsi_settle(d, 0);
	since = tap_clock();
	CK_EQ(tmf(d, TMF_LUN_RESET, 0, NO_TAG, 0), 0, "the other initiator's reset");
	at_once(since);
	scsi_forget(c, w);
	conn_rst(c);
	conn_healthy(d);
}

/* Another initiator's reset does not wait for one that waits for data. */
static void reset_beside(const void *arg)
{
	struct conn *c = ready(), *d;
	struct scsi *w;
	struct pdu *p;
	int64_t since;

	(void)arg;
	d = login_new(&(struct login_opts){ .session = "Normal", .initiator = env.ini2 });
	scsi_settle(d, 0);
	scsi_settle(c, 0);
	w = held(c, 0);
	p = tmf_pdu(c, TMF_LUN_RESET, 0, NO_TAG, 0, true);
	pdu_send(c, p);
	still_waits(c);
	since = tap_clock();
	CK_EQ(tmf(d, TMF_LUN_RESET, 0, NO_TAG, 0), 0, "the other initiator's reset");
	at_once(since);
	CK_EQ(tmf_wait(c, p), 0, "the response");
	scsi_forget(c, w);
	conn_healthy(c);
	conn_healthy(d);
}

static void abort_at_once(const void *arg)
{
	struct conn *c = ready();
	struct scsi *w = held(c, 0);
	int64_t since = tap_clock();

	(void)arg;
	CK_EQ(tmf(c, TMF_ABORT_TASK, 0, w->itt, w->cmdsn), 0, "the response");
	at_once(since);
	scsi_forget(c, w);
	part(c, w, 0, false);
	part(c, w, 1, true);
	conn_expect_silence(c, 300);
	conn_healthy(c);
}

static void other_lun(const void *arg)
{
	struct conn *c = ready();
	struct scsi *w = held(c, 1);
	int64_t since = tap_clock();

	(void)arg;
	CK_EQ(tmf(c, TMF_ABORT_TASK_SET, 0, NO_TAG, 0), 0, "the response");
	at_once(since);
	part(c, w, 0, false);
	part(c, w, 1, true);
	scsi_wait(c, w);
	CK_EQ(w->status, 0, "the status of the other LUN's write");
}

/* A set, the end of the connection: nothing is left behind (the script looks). */
static void then_gone(const void *arg)
{
	struct conn *c = ready();
	struct scsi *w = held(c, 0), *r = held(c, 0);

	(void)w, (void)r;
	pdu_send(c, tmf_pdu(c, *(const int *)arg, 0, NO_TAG, 0, true));
	still_waits(c);
	conn_rst(c);
	target_healthy();
}

static void then_logout(const void *arg)
{
	struct conn *c = ready();
	struct scsi *w = held(c, 0);
	int64_t since;

	pdu_send(c, tmf_pdu(c, *(const int *)arg, 0, NO_TAG, 0, true));
	still_waits(c);
	scsi_forget(c, w);
	since = tap_clock();
	CK_EQ(PDU_RESPONSE(logout(c, 0, 0)), 0, "the Logout Response");
	at_once(since);
}

/* ---- commands that are missing ---- */

static struct pdu *tur_pdu(struct conn *c, struct scsi **s)
{
	static const uint8_t cdb[6];

	*s = scsi_new(0, cdb, 6);
	return scsi_pdu(c, *s);
}

static void waits_for_commands(const void *arg)
{
	int fn = *(const int *)arg;
	struct conn *c = ready();
	struct scsi *first, *second;
	struct pdu *late = tur_pdu(c, &first), *p;
	uint32_t sn = first->cmdsn;

	pdu_send(c, tur_pdu(c, &second));
	p = tmf_pdu(c, fn, 0, NO_TAG, 0, true);
	pdu_send(c, p);
	still_waits(c);
	pdu_send(c, late);
	CK_EQ(tmf_wait(c, p), 0, "the response");
	/* done before it, or not at all */
	if (!first->done)
		scsi_forget(c, first);
	if (!second->done)
		scsi_forget(c, second);
	conn_expect_silence(c, 300);
	nop_ping(c, "x", 1);
	CK_EQ(c->expcmdsn, sn + 3, "ExpCmdSN");
	conn_healthy(c);
}

static void commands_never_come(const void *arg)
{
	int fn = *(const int *)arg;
	struct conn *c = ready();
	struct scsi *first, *second;
	struct pdu *late = tur_pdu(c, &first);
	uint32_t sn = first->cmdsn;
	int64_t since;

	pdu_send(c, tur_pdu(c, &second));
	since = tap_clock();
	CK_EQ(tmf(c, fn, 0, NO_TAG, 0), 0, "the response");
	in_time(since);
	CK(!second->done, "a command behind the gap has been answered");
	scsi_forget(c, second);
	pdu_send(c, late);
	scsi_wait(c, first);
	conn_expect_silence(c, 300);
	nop_ping(c, "x", 1);
	CK_EQ(c->expcmdsn, sn + 3, "ExpCmdSN");
	scsi_settle(c, 0);
	conn_healthy(c);
}

static void abort_with_gap(const void *arg)
{
	struct conn *c = ready();
	struct scsi *first, *second;
	struct pdu *late = tur_pdu(c, &first);
	int64_t since;

	(void)arg;
	pdu_send(c, tur_pdu(c, &second));
	since = tap_clock();
	CK_EQ(tmf(c, TMF_ABORT_TASK, 0, second->itt, second->cmdsn), 0, "the response");
	at_once(since);
	scsi_forget(c, second);
	pdu_send(c, late);
	scsi_wait(c, first);
	conn_healthy(c);
}

/* 11.6.1 b: the one that is missing counts as received, so there is nothing to wait for. */
static void abort_fills_gap(const void *arg)
{
	struct conn *c = ready();
	uint32_t sn = c->cmdsn++;
	struct pdu *one, *two, *abort;
	struct scsi *second;
	int64_t since;

	(void)arg;
	pdu_send(c, tur_pdu(c, &second));
	one = tmf_pdu(c, TMF_ABORT_TASK_SET, 0, NO_TAG, 0, true);
	pdu_send(c, one);
	two = tmf_pdu(c, TMF_LUN_RESET, 0, NO_TAG, 0, true);
	pdu_send(c, two);
	still_waits(c);
	since = tap_clock();
	abort = tmf_pdu(c, TMF_ABORT_TASK, 0, next_itt(), sn, true);
	pdu_send(c, abort);
	CK_EQ(tmf_wait(c, abort), 0, "the response of ABORT TASK");
	CK_EQ(tmf_wait(c, one), 0, "the response of ABORT TASK SET");
	CK_EQ(tmf_wait(c, two), 0, "the response of LOGICAL UNIT RESET");
	at_once(since);
	if (!second->done)
		scsi_forget(c, second);
	conn_expect_silence(c, 300);
	scsi_settle(c, 0);
	conn_healthy(c);
}

static void gap_then_gone(const void *arg)
{
	struct conn *c = ready();
	struct scsi *second;

	c->cmdsn++;
	pdu_send(c, tur_pdu(c, &second));
	pdu_send(c, tmf_pdu(c, *(const int *)arg, 0, NO_TAG, 0, true));
	still_waits(c);
	conn_rst(c);
	target_healthy();
}

/* Not in the window, so nothing that could still come is before it. */
static void nonsense_number(const void *arg)
{
	struct conn *c = ready();
	struct pdu *p = tmf_pdu(c, TMF_LUN_RESET, 0, NO_TAG, 0, true);
	int64_t since = tap_clock();

	(void)arg;
	put32(p->bhs + 24, c->maxcmdsn + 100000);
	pdu_send(c, p);
	CK_EQ(tmf_wait(c, p), 0, "the response");
	at_once(since);
	scsi_settle(c, 0);
	conn_healthy(c);
}

/* ---- writes that are refused ---- */

static struct scsi *refused_write(struct conn *c)
{
	struct scsi *s = scsi_rw(true, LUN_NONE, 0, WHOLE / 512);

	s->unsol_len = s->edtl;
	pdu_send(c, scsi_pdu(c, s));
	return s;
}

static void refused_waits(const void *arg)
{
	struct conn *c = unsolicited();
	struct scsi *s = refused_write(c);

	int64_t since;

	(void)arg;
	pdu_send(c, data_out_pdu(c, s, NO_TAG, 0, 0, WHOLE / 2, false));
	still_waits(c);
	since = tap_clock();
	pdu_send(c, data_out_pdu(c, s, NO_TAG, 1, WHOLE / 2, WHOLE / 2, true));
	scsi_wait(c, s);
	at_once(since);
	scsi_check(s, 5, 0x25, 0);
	conn_healthy(c);
}

static void refused_not_for_ever(const void *arg)
{
	struct conn *c = unsolicited();
	struct scsi *s = refused_write(c);
	int64_t since = tap_clock();

	(void)arg;
	scsi_wait(c, s);
	scsi_check(s, 5, 0x25, 0);
	in_time(since);
	data_out(c, s, NO_TAG, 0, WHOLE);
	conn_expect_silence(c, 300);
	conn_healthy(c);
}

/* With F, or in the command, there is nothing to wait for. */
static void refused_at_once(const void *arg)
{
	struct conn *c = ready();
	struct scsi *s = scsi_rw(true, LUN_NONE, 0, WHOLE / 512);
	int64_t since = tap_clock();

	(void)arg;
	scsi_run(c, s);
	scsi_check(s, 5, 0x25, 0);
	at_once(since);
}

static void refused_and_aborted(const void *arg)
{
	struct conn *c = unsolicited();
	struct scsi *s = refused_write(c);
	int64_t since = tap_clock();

	(void)arg;
	still_waits(c);
	CK_EQ(tmf(c, TMF_ABORT_TASK, LUN_NONE, s->itt, s->cmdsn), 0, "the response");
	at_once(since);
	CK(!s->done, "it has been answered");
	scsi_forget(c, s);
	data_out(c, s, NO_TAG, 0, WHOLE);
	conn_expect_silence(c, 300);
	conn_healthy(c);
}

/* 11.6.1: the response of a task that is affected goes first, or never. */
static void refused_and_set(const void *arg)
{
	struct conn *c = unsolicited();
	struct scsi *s = scsi_rw(true, 0, 0, WHOLE / 512);
	struct pdu *p;

	(void)arg;
	s->cdb[0] = 0xfe;
	s->unsol_len = s->edtl;
	pdu_send(c, scsi_pdu(c, s));
	p = tmf_pdu(c, TMF_ABORT_TASK_SET, 0, NO_TAG, 0, true);
	pdu_send(c, p);
	still_waits(c);
	data_out(c, s, NO_TAG, 0, WHOLE);
	CK_EQ(tmf_wait(c, p), 0, "the response");
	if (!s->done)
		scsi_forget(c, s);
	conn_expect_silence(c, 300);
	conn_healthy(c);
}

static void refused_and_aborted_at_once(const void *arg)
{
	struct conn *c = unsolicited();
	int64_t since = tap_clock();
	struct scsi *s;
	int r;

	(void)arg;
	conn_cork(c);
	s = refused_write(c);
	pdu_send(c, tmf_pdu(c, TMF_ABORT_TASK, LUN_NONE, s->itt, s->cmdsn, true));
	conn_uncork(c);
	r = PDU_RESPONSE(pdu_expect(c, OP_TMF_RSP));
	CK_EQ(r, 0, "the response");
	at_once(since);
	scsi_forget(c, s);
	data_out(c, s, NO_TAG, 0, WHOLE);
	conn_expect_silence(c, 300);
	conn_healthy(c);
}

static void many_refused(const void *arg)
{
	struct conn *c = unsolicited();
	struct scsi *s[8];
	int64_t since;

	(void)arg;
	for (int i = 0; i < 8; i++)
		s[i] = refused_write(c);
	still_waits(c);
	since = tap_clock();
	for (int i = 7; i >= 0; i--) {
		data_out(c, s[i], NO_TAG, 0, WHOLE);
		scsi_wait(c, s[i]);
		scsi_check(s[i], 5, 0x25, 0);
	}
	at_once(since);
	for (int i = 0; i < 7; i++)
		CK(s[i]->done, "a write has no answer");
	conn_healthy(c);
}

/* ---- Data-Out that is rejected ---- */

static void spoil(struct pdu *p, const char *how)
{
	if (!strcmp(how, "datasn"))
		put32(p->bhs + 36, 5);
	else if (!strcmp(how, "offset"))
		put32(p->bhs + 40, 512);
	else
		p->bad_ddgst = true;
}

static void rejected(const void *arg)
{
	const char *how = arg;
	struct conn *c = login_keys(strcmp(how, "digest") ? "" : "DataDigest=CRC32C\n");
	int64_t since;
	struct scsi *w;
	struct pdu *p;

	scsi_settle(c, 0);
	w = held(c, 0);
	p = data_out_pdu(c, w, PDU_TTT(w->r2t[0]), 0, 0, WHOLE / 2, false);
	spoil(p, how);
	pdu_send(c, p);
	pdu_expect(c, OP_REJECT);
	still_waits(c);
	since = tap_clock();
	part(c, w, 1, true);
	scsi_wait(c, w);
	at_once(since);
	CK_EQ(w->status, 2, "the status of the write");
	conn_healthy(c);
}

/* The one with F is the last one, whatever else is wrong with it. */
static void rejected_last(const void *arg)
{
	const char *how = arg;
	struct conn *c = login_keys(strcmp(how, "digest") ? "" : "DataDigest=CRC32C\n");
	int64_t since;
	struct scsi *w;
	struct pdu *p;

	scsi_settle(c, 0);
	w = held(c, 0);
	p = data_out_pdu(c, w, PDU_TTT(w->r2t[0]), 0, 0, WHOLE, true);
	spoil(p, how);
	since = tap_clock();
	pdu_send(c, p);
	pdu_expect(c, OP_REJECT);
	scsi_wait(c, w);
	CK_EQ(w->status, 2, "the status of the write");
	at_once(since);
	conn_healthy(c);
}

static const int aset = TMF_ABORT_TASK_SET, cset = TMF_CLEAR_TASK_SET,
		 reset = TMF_LUN_RESET, warm = TMF_WARM_RESET;

static const struct tap_case cases[] = {
	{ "11.5.1", "ABORT TASK SET waits for the data of its R2Ts", waits, &aset },
	{ "11.5.1", "CLEAR TASK SET waits for the data of its R2Ts", waits, &cset },
	{ "4.2.3.3", "LOGICAL UNIT RESET waits for the data of its R2Ts", waits, &reset },
	{ "4.2.3.3", "TARGET WARM RESET waits for the data of its R2Ts", waits, &warm },
	{ "11.5.1", "ABORT TASK SET waits for F, not for all of the data", cut_short, &aset },
	{ "11.5.1", "LOGICAL UNIT RESET waits for F, not for all of the data", cut_short,
	  &reset },
	{ "4.2.3.4", "ABORT TASK SET is answered even if no data come", not_for_ever, &aset },
	{ "4.2.3.4", "CLEAR TASK SET is answered even if no data come", not_for_ever, &cset },
	{ "4.2.3.4", "LOGICAL UNIT RESET is answered even if no data come", not_for_ever,
	  &reset },
	{ "4.2.3.4", "TARGET WARM RESET is answered even if no data come", not_for_ever, &warm },
	{ "4.2.3.3", "a reset waits for no other initiator's data", reset_at_once },
	{ "4.2.3.3", "nor for a reset that waits for data", reset_beside },
	{ "11.4.2", "ABORT TASK SET waits for the last byte of the data", to_the_last_byte,
	  &aset },
	{ "4.2.3.3", "LOGICAL UNIT RESET waits for the last byte of the data",
	  to_the_last_byte, &reset },
	{ "4.2.3.3", "ABORT TASK SET waits for both R2Ts of a write", two_r2ts },
	{ "4.2.3.3", "nor for CLEAR TASK SETs that wait for data", sets_beside },
	{ "11.5.1", "ABORT TASK does not wait for data", abort_at_once },
	{ "11.5.1", "ABORT TASK ends what an ABORT TASK SET waits for", abort_behind_set,
	  "later" },
	{ "11.5.1", "ABORT TASK in one segment with an ABORT TASK SET does not wait",
	  abort_behind_set },
	{ "4.2.3.2", "ABORT TASK SET does not wait for another LUN's data", other_lun },
	{ "11.5.1", "a connection that ends amid an ABORT TASK SET leaves nothing", then_gone,
	  &aset },
	{ "11.5.1", "a connection that ends amid a reset leaves nothing", then_gone, &reset },
	{ "11.15", "a logout does not wait for an ABORT TASK SET's data", then_logout, &aset },
	{ "11.15", "a logout does not wait for a reset's data", then_logout, &reset },
	{ "4.2.3.3", "an immediate ABORT TASK SET waits for the commands before it",
	  waits_for_commands, &aset },
	{ "4.2.3.3", "an immediate CLEAR TASK SET waits for the commands before it",
	  waits_for_commands, &cset },
	{ "4.2.3.3", "an immediate LOGICAL UNIT RESET waits for the commands before it",
	  waits_for_commands, &reset },
	{ "4.2.3.3", "an ABORT TASK SET is answered even if these never come",
	  commands_never_come, &aset },
	{ "4.2.3.3", "a LOGICAL UNIT RESET is answered even if these never come",
	  commands_never_come, &reset },
	{ "11.5.1", "an ABORT TASK does not wait for commands before it", abort_with_gap },
	{ "11.6.1", "an ABORT TASK of what is missing ends the wait", abort_fills_gap },
	{ "4.2.3.3", "a connection that ends amid such a wait leaves nothing", gap_then_gone,
	  &reset },
	{ "4.2.2.1", "a reset whose CmdSN is nonsense waits for nothing", nonsense_number },
	{ "11.4.2", "a refused write is answered behind its unsolicited data", refused_waits },
	{ "11.4.2", "eight refused writes are answered behind their data", many_refused },
	{ "11.4.2", "a refused write is answered even if no data come", refused_not_for_ever },
	{ "11.4.2", "a refused write without unsolicited data is answered at once",
	  refused_at_once },
	{ "11.6.1", "a refused write that waits for its data can be aborted",
	  refused_and_aborted },
	{ "11.6.1", "a refused write that is aborted at once has no response",
	  refused_and_aborted_at_once },
	{ "11.6.1", "the response of a refused write goes before ABORT TASK SET's",
	  refused_and_set },
	{ "11.17.1", "a write with a wrong DataSN is answered behind the rest", rejected,
	  "datasn" },
	{ "11.17.1", "a write with a wrong offset is answered behind the rest", rejected,
	  "offset" },
	{ "11.17.1", "a write with a wrong data digest is answered behind the rest", rejected,
	  "digest" },
	{ "11.17.1", "a wrong DataSN in the last Data-Out needs no other", rejected_last,
	  "datasn" },
	{ "11.17.1", "a wrong offset in the last Data-Out needs no other", rejected_last,
	  "offset" },
	{ "11.17.1", "a wrong data digest in the last Data-Out needs no other", rejected_last,
	  "digest" },
};

RAW_MAIN(cases)
