// SPDX-License-Identifier: GPL-2.0
/* Commands that sit in the backend: a disk that takes seconds to answer. */
#include "raw.h"

#define LUN_SLOW	2
#define DELAY		"/sys/bus/pseudo/drivers/scsi_debug/delay"
#define DISK_MS		2500	/* what setup.sh's kernel makes of 625 jiffies */

static struct scsi *slow_read(struct conn *c)
{
	struct scsi *s = scsi_rw(false, LUN_SLOW, 0, 8);

	scsi_send(c, s);
	return s;
}

static struct conn *ready(void)
{
	struct conn *c = login_normal();

	scsi_settle(c, 0);
	scsi_settle(c, LUN_SLOW);
	cfg_set(DELAY, "625");
	return c;
}

static void bounded(int64_t start, int ms, const char *what)
{
	CK(tap_clock() - start < ms, "%s took %lld ms", what,
	   (long long)(tap_clock() - start));
}

static void wait_disk(void *arg)
{
	(void)arg;
	usleep((DISK_MS + 500) * 1000);
}

static void it_is_slow(const void *arg)
{
	struct conn *c = ready();
	int64_t start = tap_clock(), sent = tap_now();
	struct scsi *s = slow_read(c);

	(void)arg;
	nop_ping(c, "x", 1);
	scsi_tur(c, 0);
	scsi_write_check(c, 0, 0, 8, 0, 0);
	bounded(start, 1500, "the work beside it");
	CK(!s->done, "the disk is not slow");
	scsi_wait(c, s);
	CK_EQ(s->status, 0, "the status");
	CK(tap_now() - sent > 1000, "the disk is not slow");
}

/* The answer may wait for the disk, but no status may follow it. */
static void abort_one(const void *arg)
{
	struct conn *c = ready();
	struct scsi *s = slow_read(c);
	int r;

	(void)arg;
	nop_ping(c, "x", 1);
	r = tmf(c, TMF_ABORT_TASK, LUN_SLOW, s->itt, s->cmdsn);
	CK(r == TMR_COMPLETE || (r == TMR_NO_TASK && s->done), "the response is %d",
	   r);
	scsi_forget(c, s);
	conn_expect_silence(c, DISK_MS + 500);
	conn_healthy(c);
}

static void abort_keeps_window(const void *arg)
{
	struct conn *c = ready();
	struct scsi *s[4];
	uint32_t win = c->maxcmdsn - c->expcmdsn + 1;

	(void)arg;
	for (int i = 0; i < 4; i++)
		s[i] = slow_read(c);
	nop_ping(c, "x", 1);
	for (int i = 0; i < 4; i++) {
		tmf(c, TMF_ABORT_TASK, LUN_SLOW, s[i]->itt, s[i]->cmdsn);
		scsi_forget(c, s[i]);
	}
	nop_ping(c, "x", 1);
	CK_EQ(c->maxcmdsn - c->expcmdsn + 1, win, "the window");
}

static void lun_reset(const void *arg)
{
	struct conn *c = ready();
	struct scsi *s[4];

	(void)arg;
	for (int i = 0; i < 4; i++)
		s[i] = slow_read(c);
	nop_ping(c, "x", 1);
	CK_EQ(tmf(c, TMF_LUN_RESET, LUN_SLOW, NO_TAG, 0), TMR_COMPLETE,
	      "the response");
	for (int i = 0; i < 4; i++)
		scsi_forget(c, s[i]);
	conn_expect_silence(c, DISK_MS + 500);
	conn_healthy(c);
}

/* TAS is 1 by default: the other initiator's task ends with TASK ABORTED. */
static void clear_other(const void *arg)
{
	struct conn *a = ready(), *b;
	struct scsi *s = slow_read(a);

	(void)arg;
	nop_ping(a, "x", 1);
	b = login_new(&(struct login_opts){ .session = "Normal",
					    .initiator = env.ini2 });
	scsi_settle(b, LUN_SLOW);
	CK_EQ(tmf(b, TMF_CLEAR_TASK_SET, LUN_SLOW, NO_TAG, 0), TMR_COMPLETE,
	      "the response");
	scsi_wait(a, s);
	CK_EQ(s->status, 0x40, "the status of the task cleared");
	conn_healthy(a);
	conn_healthy(b);
}

/* One that has to wait for another one's is about what came before it all the same. */
static void clear_in_turn(const void *arg)
{
	struct conn *a = ready(), *b, *c;
	struct pdu *first, *second;
	struct scsi *x;

	(void)arg;
	slow_read(a);
	nop_ping(a, "x", 1);
	b = login_new(&(struct login_opts){ .session = "Normal", .initiator = env.ini2 });
	scsi_settle(b, LUN_SLOW);
	c = login_normal();
	scsi_settle(c, LUN_SLOW);
	first = tmf_pdu(b, TMF_CLEAR_TASK_SET, LUN_SLOW, NO_TAG, 0, true);
	pdu_send(b, first);
	nop_ping(b, "x", 1);
	second = tmf_pdu(c, TMF_CLEAR_TASK_SET, LUN_SLOW, NO_TAG, 0, true);
	pdu_send(c, second);
	x = slow_read(c);
	CK_EQ(tmf_wait(b, first), TMR_COMPLETE, "the first response");
	CK_EQ(tmf_wait(c, second), TMR_COMPLETE, "the second response");
	scsi_wait(c, x);
	CK_EQ(x->status, 0, "the status of what came behind");
	conn_healthy(c);
}

/*
 * A reset waits for what an ended session has left. What its initiator sends meanwhile is
 * not affected; if core ends it all the same, it has a status.
 */
static void behind_the_reset(const void *arg)
{
	struct conn *a = ready(), *b;
	struct pdu *reset;
	struct scsi *s;

	(void)arg;
	slow_read(a);
	nop_ping(a, "x", 1);
	b = login_new(&(struct login_opts){ .session = "Normal", .initiator = env.ini2 });
	scsi_settle(b, 0);
	conn_rst(a);
	usleep(300000);
	reset = tmf_pdu(b, TMF_LUN_RESET, LUN_SLOW, NO_TAG, 0, true);
	pdu_send(b, reset);
	usleep(300000);
	s = slow_read(b);
	CK_EQ(tmf_wait(b, reset), TMR_COMPLETE, "the reset");
	scsi_wait(b, s);
	tap_diag("the status of what came behind the reset is %02x", s->status);
	CK(!s->status || s->status == 0x40, "the status is %02x", s->status);
	conn_healthy(b);
}

/* Each initiator's reset is answered, though core works on one at a time. */
static void resets_together(const void *arg)
{
	struct conn *a = ready(), *b;
	struct scsi *s = slow_read(a);
	struct pdu *t[6];

	(void)arg;
	nop_ping(a, "x", 1);
	b = login_new(&(struct login_opts){ .session = "Normal",
					    .initiator = env.ini2 });
	scsi_settle(b, LUN_SLOW);
	for (int i = 0; i < 6; i++) {
		struct conn *c = i & 1 ? b : a;

		t[i] = tmf_pdu(c, TMF_LUN_RESET, LUN_SLOW, NO_TAG, 0, true);
		pdu_send(c, t[i]);
	}
	/* b's reset may end the read with TASK ABORTED, a's without a status */
	for (int i = 0; i < 6; i++)
		CK_EQ(tmf_wait(i & 1 ? b : a, t[i]), TMR_COMPLETE, "the response");
	if (!s->done)
		scsi_forget(a, s);
	conn_healthy(a);
	conn_healthy(b);
}

/* A ping and other commands go on while a reset waits for the disk. */
static void reset_holds_nobody(const void *arg)
{
	struct conn *c = ready();
	struct scsi *s = slow_read(c);
	struct pdu *t;
	int64_t start;

	(void)arg;
	nop_ping(c, "x", 1);
	t = tmf_pdu(c, TMF_LUN_RESET, LUN_SLOW, NO_TAG, 0, true);
	start = tap_clock();
	pdu_send(c, t);
	pdu_send(c, nop_pdu(c, next_itt(), NO_TAG, true));
	for (;;) {
		struct pdu *p = pdu_recv(c);

		CK(p, "the target closed");
		if (PDU_OP(p) == OP_NOP_IN)
			break;
		CK(PDU_OP(p) == OP_TMF_RSP || scsi_feed(c, p), "got %s",
		   op_name(PDU_OP(p)));
		if (PDU_OP(p) == OP_TMF_RSP)
			t = NULL;
	}
	bounded(start, 1000, "a ping beside the reset");
	if (t)
		CK_EQ(tmf_wait(c, t), TMR_COMPLETE, "the response");
	scsi_forget(c, s);
}

static void reinstatement(const void *arg)
{
	struct conn *c = ready(), *d;
	int64_t start;

	(void)arg;
	tap_defer(wait_disk, NULL);
	for (int i = 0; i < 4; i++)
		slow_read(c);
	nop_ping(c, "x", 1);
	start = tap_clock();
	d = login_new(&(struct login_opts){ .session = "Normal",
					    .isid = c->isid });
	bounded(start, 1500, "the login");
	conn_healthy(d);
	bounded(start, 2000, "the first I/O");
	conn_expect_eof(c);
}

static void other_login(const void *arg)
{
	struct conn *c = ready();
	int64_t start;

	tap_defer(wait_disk, NULL);
	for (int i = 0; i < 4; i++)
		slow_read(c);
	nop_ping(c, "x", 1);
	if (*(const char *)arg == 'r')
		conn_rst(c);
	else if (*(const char *)arg == 'c')
		conn_close(c);
	start = tap_clock();
	target_healthy();
	bounded(start, 1500, "another session's login and I/O");
}

static void logout_now(const void *arg)
{
	struct conn *c = ready();
	struct scsi *s = slow_read(c);
	struct pdu *l, *p;

	(void)arg;
	tap_defer(wait_disk, NULL);
	nop_ping(c, "x", 1);
	l = logout_pdu(c, 0, 0);
	pdu_send(c, l);
	while ((p = pdu_recv(c)) && PDU_OP(p) != OP_LOGOUT_RSP)
		CK(scsi_feed(c, p), "got %s", op_name(PDU_OP(p)));
	CK(p, "closed without a Logout Response");
	CK_EQ(PDU_RESPONSE(p), 0, "the Logout Response");
	conn_expect_eof(c);
	(void)s;
}

/*
 * The disk answers while the Logout Response is stuck behind reads of another one, which the
 * initiator has not taken yet: nothing may come behind it (4.6.3.3).
 */
static void logout_stuck(const void *arg)
{
	struct conn *b = ready(), *c = login_keys("MaxRecvDataSegmentLength=262144\n");
	struct pdu *p;

	(void)arg;
	tap_defer(wait_disk, NULL);
	scsi_settle(c, 0);
	scsi_settle(c, LUN_SLOW);
	for (int i = 0; i < 16; i++)
		scsi_send(c, scsi_rw(false, 0, 0, 2048));
	slow_read(c);
	/* they have been begun */
	CK(conn_readable(c, 5000), "no data came");
	pdu_send(c, logout_pdu(c, 0, 0));
	/* ours comes behind that one: when it is answered, so is the other */
	scsi_wait(b, slow_read(b));
	while ((p = pdu_recv(c)) && PDU_OP(p) != OP_LOGOUT_RSP)
		CK(scsi_feed(c, p), "got %s", op_name(PDU_OP(p)));
	CK(p, "closed without a Logout Response");
	p = pdu_recv(c);
	CK(!p, "a %s after the Logout Response", p ? op_name(PDU_OP(p)) : "");
}

static void switch_off(const void *arg)
{
	struct conn *c = ready();
	const char *file = tap_fmt("%s/enable", env.cfg);
	int64_t start;

	(void)arg;
	tap_defer(wait_disk, NULL);
	for (int i = 0; i < 4; i++)
		slow_read(c);
	nop_ping(c, "x", 1);
	start = tap_clock();
	cfg_set(file, "0");
	bounded(start, 6000, "switching off");
	while (pdu_recv(c))
		;
	cfg_write(file, "1");
	target_healthy();
}

static void statuses_late(const void *arg)
{
	struct conn *c = ready();
	struct scsi *s[6];

	(void)arg;
	/* Slow ones and quick ones mixed: each status finds its command. */
	for (int i = 0; i < 6; i++) {
		s[i] = scsi_rw(false, i & 1 ? 0 : LUN_SLOW, i * 8, 8);
		scsi_send(c, s[i]);
	}
	for (int i = 1; i < 6; i += 2)
		scsi_wait(c, s[i]);
	CK(!s[0]->done, "the disk is not slow");
	for (int i = 0; i < 6; i += 2)
		scsi_wait(c, s[i]);
}

static void pr_out(struct conn *c, unsigned int action, uint64_t key, uint64_t sakey)
{
	struct scsi *s = scsi_pr_out(LUN_SLOW, action, key, sakey);

	scsi_run(c, s);
	CK_EQ(s->status, 0, "the status of PERSISTENT RESERVE OUT");
}

/*
 * The node fenced comes back again and again and leaves a read behind each time, so that
 * the disk is never without: those that come later are not waited for.
 */
static void fence_ends(const void *arg)
{
	int64_t start;
	struct conn *a = ready(), *b;
	struct scsi *s;

	(void)arg;
	tap_defer(wait_disk, NULL);
	b = login_new(&(struct login_opts){ .session = "Normal", .initiator = env.ini2 });
	scsi_settle(b, LUN_SLOW);
	pr_out(a, PR_REGISTER_IGNORE, 0, 0xa);
	pr_out(b, PR_REGISTER_IGNORE, 0, 0xb);
	pr_out(b, PR_RESERVE, 0xb, 0);
	start = tap_now();
	slow_read(a);
	nop_ping(a, "x", 1);
	conn_rst(a);
	s = scsi_pr_out(LUN_SLOW, PR_PREEMPT_ABORT, 0xb, 0xa);
	scsi_send(b, s);
	while (!s->done && tap_now() - start < 4 * DISK_MS) {
		struct pdu *p;

		a = login_normal();
		slow_read(a);
		nop_ping(a, "x", 1);
		conn_rst(a);
		p = pdu_recv_ms(b, DISK_MS / 10);
		CK(!p || scsi_feed(b, p), "got %s", p ? op_name(PDU_OP(p)) : "");
	}
	CK(s->done, "PREEMPT AND ABORT waits for the reads that come after it");
	CK_EQ(s->status, 0, "its status");
	CK(tap_now() - start > DISK_MS / 2, "it did not wait for the read before it");
	pr_out(b, PR_CLEAR, 0xb, 0);
}

static const struct tap_case cases[] = {
	{ "4.2.2.1", "a slow disk holds up neither pings nor other disks",
	  it_is_slow },
	{ "4.2.2.1", "slow and quick commands are each answered", statuses_late },
	{ "11.5.1", "ABORT TASK of a command in the backend; no status follows",
	  abort_one },
	{ "4.2.2.1", "commands aborted in the backend give their window back",
	  abort_keeps_window },
	{ "11.5.1", "LOGICAL UNIT RESET of a slow disk; no status follows", lun_reset },
	{ "11.5.1", "CLEAR TASK SET ends another initiator's command in the backend",
	  clear_other },
	{ "11.5.1", "CLEAR TASK SET in turn spares what comes behind it", clear_in_turn },
	{ "11.5.1", "a command sent behind a reset that waits has a status", behind_the_reset },
	{ "11.5.1", "resets of two initiators at once are all answered", resets_together },
	{ "4.2.3.3", "a reset that waits for the disk holds up no ping",
	  reset_holds_nobody },
	{ "6.3.5", "session reinstatement does not wait for the disk", reinstatement },
	{ "6.3", "a login does not wait for another session's disk", other_login,
	  "stays" },
	{ "6.3", "a login does not wait for the disk of a closed session", other_login,
	  "closed" },
	{ "6.3", "a login does not wait for the disk of a reset session", other_login,
	  "reset" },
	{ "11.14", "a Logout amid slow commands is answered", logout_now },
	{ "4.6.3.3", "nothing follows a Logout Response that waits for the socket", logout_stuck },
	{ "4.2.3.3", "PREEMPT AND ABORT of a node that keeps leaving reads behind comes to its end",
	  fence_ends },
	{ "11.9.1", "switching off amid slow commands is bounded", switch_off },
};

RAW_MAIN(cases)
