// SPDX-License-Identifier: GPL-2.0
/*
 * The rest of the data of a write that has ended before it had them all: what the answers
 * wait for, and for how long.
 */
#include "raw.h"

#define WHOLE		8192
#define AT_ONCE_MS	1000	/* slow machines included */
#define BOUND_MS	1500	/* an answer without the rest comes later than this */

/* Nothing of a command or a function may come meanwhile. */
static void still_waits(struct conn *c)
{
	conn_expect_silence(c, 400);
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

	pdu_send(c, p);
	still_waits(c);
	part(c, w, 0, false);
	still_waits(c);
	part(c, w, 1, true);
	CK_EQ(tmf_wait(c, p), 0, "the response");
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

	pdu_send(c, p);
	pdu_send(c, data_out_pdu(c, w, PDU_TTT(w->r2t[0]), 0, 0, 0, true));
	CK_EQ(tmf_wait(c, p), 0, "the response");
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

	CK_EQ(tmf(c, fn, 0, NO_TAG, 0), 0, "the response");
	CK(tap_clock() - since >= BOUND_MS, "it came after %d ms",
	   (int)(tap_clock() - since));
	scsi_forget(c, w);
	/* late, in silence */
	part(c, w, 0, false);
	part(c, w, 1, true);
	conn_expect_silence(c, 300);
	/* the tag is free */
	again = scsi_rw(false, 0, 0, 8);
	scsi_settle(c, 0);
	scsi_good(c, again);
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
	CK(tap_clock() - since < AT_ONCE_MS, "it took %d ms", (int)(tap_clock() - since));
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
	CK(tap_clock() - since < AT_ONCE_MS, "it took %d ms", (int)(tap_clock() - since));
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
	CK(tap_clock() - since < AT_ONCE_MS, "it took %d ms", (int)(tap_clock() - since));
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
	CK(tap_clock() - since < AT_ONCE_MS, "it took %d ms", (int)(tap_clock() - since));
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
	CK(tap_clock() - since < AT_ONCE_MS, "it took %d ms", (int)(tap_clock() - since));
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

	(void)arg;
	still_waits(c);
	pdu_send(c, data_out_pdu(c, s, NO_TAG, 0, 0, WHOLE / 2, false));
	still_waits(c);
	pdu_send(c, data_out_pdu(c, s, NO_TAG, 1, WHOLE / 2, WHOLE / 2, true));
	scsi_wait(c, s);
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
	CK(tap_clock() - since >= BOUND_MS, "it came after %d ms",
	   (int)(tap_clock() - since));
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
	CK(tap_clock() - since < AT_ONCE_MS, "it took %d ms", (int)(tap_clock() - since));
}

static void refused_and_aborted(const void *arg)
{
	struct conn *c = unsolicited();
	struct scsi *s = refused_write(c);
	int64_t since = tap_clock();

	(void)arg;
	still_waits(c);
	CK_EQ(tmf(c, TMF_ABORT_TASK, LUN_NONE, s->itt, s->cmdsn), 0, "the response");
	CK(tap_clock() - since < BOUND_MS, "it took %d ms", (int)(tap_clock() - since));
	CK(!s->done, "it has been answered");
	scsi_forget(c, s);
	data_out(c, s, NO_TAG, 0, WHOLE);
	conn_expect_silence(c, 300);
	conn_healthy(c);
}

static void many_refused(const void *arg)
{
	struct conn *c = unsolicited();
	struct scsi *s[8];

	(void)arg;
	for (int i = 0; i < 8; i++)
		s[i] = refused_write(c);
	still_waits(c);
	for (int i = 7; i >= 0; i--) {
		data_out(c, s[i], NO_TAG, 0, WHOLE);
		scsi_wait(c, s[i]);
		scsi_check(s[i], 5, 0x25, 0);
	}
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
	struct scsi *w;
	struct pdu *p;

	scsi_settle(c, 0);
	w = held(c, 0);
	p = data_out_pdu(c, w, PDU_TTT(w->r2t[0]), 0, 0, WHOLE / 2, false);
	spoil(p, how);
	pdu_send(c, p);
	pdu_expect(c, OP_REJECT);
	still_waits(c);
	part(c, w, 1, true);
	scsi_wait(c, w);
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
	CK(tap_clock() - since < AT_ONCE_MS, "it took %d ms", (int)(tap_clock() - since));
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
	{ "11.5.1", "ABORT TASK does not wait for data", abort_at_once },
	{ "4.2.3.2", "ABORT TASK SET does not wait for another LUN's data", other_lun },
	{ "11.5.1", "a connection that ends amid an ABORT TASK SET leaves nothing", then_gone,
	  &aset },
	{ "11.5.1", "a connection that ends amid a reset leaves nothing", then_gone, &reset },
	{ "11.15", "a logout does not wait for an ABORT TASK SET's data", then_logout, &aset },
	{ "11.15", "a logout does not wait for a reset's data", then_logout, &reset },
	{ "11.4.2", "a refused write is answered behind its unsolicited data", refused_waits },
	{ "11.4.2", "eight refused writes are answered behind their data", many_refused },
	{ "11.4.2", "a refused write is answered even if no data come", refused_not_for_ever },
	{ "11.4.2", "a refused write without unsolicited data is answered at once",
	  refused_at_once },
	{ "11.6.1", "a refused write that waits for its data can be aborted",
	  refused_and_aborted },
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
