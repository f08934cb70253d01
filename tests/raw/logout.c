// SPDX-License-Identifier: GPL-2.0
/* Logout, and how the target ends a session of its own accord. */
#include "raw.h"

#include <sys/wait.h>

static void plain(const void *arg)
{
	int reason = *(const int *)arg;
	struct conn *c = login_new(&(struct login_opts){ .session = "Normal",
							 .cid = 5 });
	struct pdu *p;

	conn_healthy(c);
	p = logout(c, reason, 5);
	CK_EQ(PDU_RESPONSE(p), 0, "the Logout Response");
	conn_expect_eof(c);
}

static void wrong_cid(const void *arg)
{
	struct conn *c = login_normal();

	(void)arg;
	CK_EQ(PDU_RESPONSE(logout(c, 1, 99)), 1, "the Logout Response");
	conn_healthy(c);
}

static void recovery(const void *arg)
{
	struct conn *c = login_normal();

	(void)arg;
	CK_EQ(PDU_RESPONSE(logout(c, 2, 0)), 2, "the Logout Response");
	conn_healthy(c);
}

static void unknown_reason(const void *arg)
{
	struct conn *c = login_normal();
	struct pdu *p;

	pdu_send(c, logout_pdu(c, *(const int *)arg, 0));
	p = pdu_recv(c);
	CK(!p || PDU_OP(p) == OP_REJECT ||
	   (PDU_OP(p) == OP_LOGOUT_RSP && PDU_RESPONSE(p)), "it got %s %d",
	   p ? op_name(PDU_OP(p)) : "", p ? PDU_RESPONSE(p) : 0);
	target_healthy();
}

static void ordered(const void *arg)
{
	struct conn *c = login_normal();
	struct pdu *l, *p;
	uint32_t sn = c->cmdsn;

	(void)arg;
	l = logout_pdu(c, 0, 0);
	l->bhs[0] &= ~OP_IMM;
	put32(l->bhs + 24, sn + 1);
	c->cmdsn = sn + 2;
	pdu_send(c, l);
	conn_expect_silence(c, 300);
	p = nop_pdu(c, next_itt(), NO_TAG, true);
	p->bhs[0] &= ~OP_IMM;
	put32(p->bhs + 24, sn);
	pdu_send(c, p);
	CK_EQ(PDU_ITT(pdu_expect(c, OP_NOP_IN)), PDU_ITT(p), "the echo's ITT");
	p = pdu_expect(c, OP_LOGOUT_RSP);
	CK_EQ(PDU_RESPONSE(p), 0, "the Logout Response");
	conn_expect_eof(c);
}

static void behind(const void *arg)
{
	struct conn *c = login_normal();
	struct pdu *l, *p;

	(void)arg;
	l = logout_pdu(c, 0, 0);
	conn_cork(c);
	pdu_send(c, l);
	for (int i = 0; i < 5; i++)
		pdu_send(c, nop_pdu(c, next_itt(), NO_TAG, false));
	conn_uncork(c);
	p = pdu_expect(c, OP_LOGOUT_RSP);
	CK_EQ(PDU_RESPONSE(p), 0, "the Logout Response");
	p = pdu_recv(c);
	CK(!p, "a %s after the Logout Response", p ? op_name(PDU_OP(p)) : "");
	target_healthy();
}

/* What was answered before counts; what waits for data is ended. */
static void pending(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *w = scsi_rw(true, 0, 0, 8);
	struct pdu *p;

	(void)arg;
	scsi_settle(c, 0);
	w->manual_r2t = true;
	scsi_send(c, w);
	scsi_feed(c, pdu_expect(c, OP_R2T));
	p = logout(c, 0, 0);
	CK_EQ(PDU_RESPONSE(p), 0, "the Logout Response");
	CK(!w->done, "the write was answered");
	conn_expect_eof(c);
	target_healthy();
}

static void after_reads(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *s[8];

	(void)arg;
	scsi_settle(c, 0);
	conn_cork(c);
	for (int i = 0; i < 8; i++) {
		s[i] = scsi_rw(false, 0, 0, 256);
		scsi_send(c, s[i]);
	}
	conn_uncork(c);
	CK_EQ(PDU_RESPONSE(logout(c, 0, 0)), 0, "the Logout Response");
	conn_expect_eof(c);
	target_healthy();
}

/* What was answered before goes first; nothing goes behind the Logout Response (4.6.3.3). */
static void last_answer(struct conn *c)
{
	struct pdu *p;

	while ((p = pdu_recv(c)) && PDU_OP(p) != OP_LOGOUT_RSP)
		CK(scsi_feed(c, p), "got %s", op_name(PDU_OP(p)));
	CK(p, "closed without a Logout Response");
	CK_EQ(PDU_RESPONSE(p), 0, "the Logout Response");
	p = pdu_recv(c);
	CK(!p, "a %s after the Logout Response", p ? op_name(PDU_OP(p)) : "");
}

static void overtaken(const void *arg)
{
	struct conn *c = login_normal();

	(void)arg;
	scsi_settle(c, 0);
	conn_cork(c);
	for (int i = 0; i < 32; i++)
		scsi_send(c, scsi_rw(false, 0, 0, 256));
	pdu_send(c, logout_pdu(c, 0, 0));
	conn_uncork(c);
	last_answer(c);
	target_healthy();
}

/* 4.2.2.1: a write whose turn comes behind that of the Logout never starts. */
static void overtaken_in_turn(const void *arg)
{
	struct conn *c = login_normal(), *d;
	struct scsi *w = scsi_rw(true, 0, 400, 8), *before, *after;
	uint32_t sn;
	struct pdu *p;

	(void)arg;
	scsi_settle(c, 0);
	before = scsi_rw(false, 0, 400, 8);
	scsi_good(c, before);
	sn = c->cmdsn;
	scsi_imm(w, 4096);
	conn_cork(c);
	c->cmdsn = sn + 2;
	scsi_send(c, w);
	p = logout_pdu(c, 0, 0);
	p->bhs[0] &= ~OP_IMM;
	put32(p->bhs + 24, sn + 1);
	pdu_send(c, p);
	p = nop_pdu(c, next_itt(), NO_TAG, true);
	p->bhs[0] &= ~OP_IMM;
	put32(p->bhs + 24, sn);
	pdu_send(c, p);
	conn_uncork(c);
	CK_EQ(PDU_ITT(pdu_expect(c, OP_NOP_IN)), PDU_ITT(p), "the echo's ITT");
	last_answer(c);
	d = login_normal();
	scsi_settle(d, 0);
	after = scsi_rw(false, 0, 400, 8);
	scsi_good(d, after);
	CK(!memcmp(before->in, after->in, 4096), "the write was carried out");
}

static void session_gone(const void *arg)
{
	struct conn *c = login_normal(), *d;
	uint16_t st;

	(void)arg;
	logout(c, 0, 0);
	conn_expect_eof(c);
	d = login_new(&(struct login_opts){ .session = "Normal", .isid = c->isid,
		.tsih = c->tsih, .cid = 1, .status = &st });
	(void)d;
	CK_EQ(st, 0x020a, "the status of a login to the session that was closed");
}

static void with_data(const void *arg)
{
	struct conn *c = login_normal();
	struct pdu *l = logout_pdu(c, 0, 0), *p;

	(void)arg;
	pdu_data(l, "1234", 4);
	pdu_send(c, l);
	p = pdu_recv(c);
	CK(!p || PDU_OP(p) == OP_REJECT || PDU_OP(p) == OP_LOGOUT_RSP, "it got %s",
	   p ? op_name(PDU_OP(p)) : "");
	target_healthy();
}

static void discovery_reason(const void *arg)
{
	struct conn *c = login_discovery();
	struct pdu *p;

	(void)arg;
	pdu_send(c, logout_pdu(c, 1, c->cid));
	p = pdu_recv(c);
	CK(!p || PDU_OP(p) == OP_REJECT || PDU_OP(p) == OP_LOGOUT_RSP, "it got %s",
	   p ? op_name(PDU_OP(p)) : "");
	target_healthy();
}

static void no_response_needed(const void *arg)
{
	struct conn *c = login_normal();

	pdu_send(c, logout_pdu(c, 0, 0));
	if (*(const char *)arg == 'r')
		conn_rst(c);
	else
		conn_close(c);
	target_healthy();
}

/* The target ends the session: by an Async Message first, or by closing. */
static void expect_end(struct conn *c)
{
	struct pdu *p;

	while ((p = pdu_recv(c))) {
		CK(PDU_OP(p) == OP_ASYNC && p->bhs[36] >= 1 && p->bhs[36] <= 3,
		   "got %s (event %u)", op_name(PDU_OP(p)), p->bhs[36]);
		if (p->bhs[36] != 2)
			CK_EQ(get16(p->bhs + 38), 0, "the reserved Parameter1");
	}
}

static void disabled(const void *arg)
{
	struct conn *c = login_normal(), *d;
	const char *file = tap_fmt("%s/enable", env.cfg);

	(void)arg;
	cfg_set(file, "0");
	expect_end(c);
	d = conn_open();
	refused(d, first_login(d, "SessionType=Normal\n"), 0x0301);
	cfg_write(file, "1");
	target_healthy();
}

static void disabled_amid(const void *arg)
{
	struct conn *c = login_normal();
	const char *file = tap_fmt("%s/enable", env.cfg);
	struct scsi *w = scsi_rw(true, 0, 0, 8);
	int64_t start;

	(void)arg;
	scsi_settle(c, 0);
	w->manual_r2t = true;
	scsi_send(c, w);
	scsi_feed(c, pdu_expect(c, OP_R2T));
	start = tap_clock();
	cfg_set(file, "0");
	CK(tap_clock() - start < 5000, "switching off took %lld ms",
	   (long long)(tap_clock() - start));
	expect_end(c);
	cfg_write(file, "1");
	target_healthy();
}

/* Asked to log out, the initiator does (11.9.1, event 1). */
static void asked(const void *arg)
{
	struct conn *c = login_normal();
	const char *file = tap_fmt("%s/enable", env.cfg);
	bool late = *(const char *)arg == 'l';
	struct pdu *p, *ping;
	pid_t pid;

	cfg_set(file, "1");
	pid = fork();
	if (!pid)
		_exit(!cfg_try(file, "0"));
	p = pdu_recv(c);
	if (!p || p->bhs[36] != 1) {
		waitpid(pid, NULL, 0);
		cfg_write(file, "1");
		tap_skip("this target does not ask");
	}
	CK_EQ(PDU_OP(p), OP_ASYNC, "what came");
	ping = nop_pdu(c, next_itt(), NO_TAG, false);
	pdu_send(c, ping);
	p = pdu_recv(c);
	CK(p && (PDU_OP(p) == OP_NOP_IN ||
		 (PDU_OP(p) == OP_REJECT && p->bhs[2] == REJ_LOGOUT)),
	   "a request after it got %s", p ? op_name(PDU_OP(p)) : "EOF");
	if (PDU_OP(p) == OP_REJECT)
		c->cmdsn--;
	if (!late)
		CK_EQ(PDU_RESPONSE(logout(c, 0, 0)), 0, "the Logout Response");
	while (pdu_recv(c))
		;
	CK(waitpid(pid, NULL, 0) == pid, "no end of the writer");
	cfg_write(file, "1");
	target_healthy();
}

static void depth_changed(const void *arg)
{
	struct conn *c = login_new(&(struct login_opts){ .session = "Normal", .cid = 7 });
	struct conn *d;

	(void)arg;
	cfg_set(acl_path(env.ini, "cmdsn_depth"), "16");
	expect_end(c);
	d = login_normal();
	nop_ping(d, "x", 1);
	CK_EQ(d->maxcmdsn - d->expcmdsn + 1, 16, "the new window");
}

/* 4.2.6: whom the target gives up is told, if it listens. */
static void given_up(const void *arg)
{
	bool data = *(const char *)arg == 'd', told = false;
	struct scsi *w = scsi_rw(true, 0, 0, 8);
	struct conn *c;
	struct pdu *p;

	cfg_set(acl_path(env.ini, "attrib/dataout_timeout"), "2");
	cfg_set(acl_path(env.ini, "attrib/dataout_timeout_retries"), "1");
	cfg_set(acl_path(env.ini, "attrib/nopin_timeout"), "3");
	cfg_set(acl_path(env.ini, "attrib/nopin_response_timeout"), "3");
	c = login_normal();
	scsi_settle(c, 0);
	c->no_pong = true;
	if (data) {
		w->manual_r2t = true;
		scsi_send(c, w);
		scsi_feed(c, pdu_expect(c, OP_R2T));
	}
	while ((p = pdu_recv(c))) {
		if (PDU_OP(p) == OP_NOP_IN && !told)
			continue;
		CK_EQ(PDU_OP(p), OP_ASYNC, "what came");
		CK_EQ(p->bhs[36], 3, "the event");
		CK_EQ(get16(p->bhs + 38), 0, "the reserved Parameter1");
		told = true;
	}
	CK(told, "the target closed without a word");
}

static void half_closed(const void *arg)
{
	struct conn *c = login_normal();

	(void)arg;
	conn_healthy(c);
	conn_write(c, "\0\x80", 2);
	conn_close(c);
	target_healthy();
}

static const int r0 = 0, r1 = 1, r3 = 3, r127 = 127;

static const struct tap_case cases[] = {
	{ "11.14.1", "\"close the session\" is answered, and the connection closed",
	  plain, &r0 },
	{ "11.14.1", "\"close the connection\" is answered, and the connection closed",
	  plain, &r1 },
	{ "11.15.1", "an unknown CID is not found, and the connection stays",
	  wrong_cid },
	{ "11.15.1", "\"remove for recovery\" is not supported at ErrorRecoveryLevel 0",
	  recovery },
	{ "11.14.1", "reason 3 is refused", unknown_reason, &r3 },
	{ "11.14.1", "reason 127 is refused", unknown_reason, &r127 },
	{ "4.2.2.1", "a Logout that is not immediate waits for its turn", ordered },
	{ "11.14", "commands behind the Logout are not served", behind },
	{ "11.14", "a write that waits for data is ended by the Logout", pending },
	{ "11.14", "a Logout amid reads is answered", after_reads },
	{ "4.6.3.3", "nothing follows the Logout Response: not the reads it has overtaken",
	  overtaken },
	{ "4.6.3.3", "a write behind the Logout's turn is not carried out", overtaken_in_turn },
	{ "6.3.5", "after the Logout the session does not exist", session_gone },
	{ "11.14.2", "a Logout with data does no harm", with_data },
	{ "13.21", "\"close the connection\" on a discovery session does no harm",
	  discovery_reason },
	{ "11.14", "closing without waiting for the response does no harm",
	  no_response_needed, "close" },
	{ "11.14", "resetting without waiting for the response does no harm",
	  no_response_needed, "reset" },
	{ "11.9.1", "switching the target off ends its sessions; then 0301 comes",
	  disabled },
	{ "11.9.1", "asked to log out, the initiator gets its Logout Response", asked,
	  "early" },
	{ "11.9.1", "asked to log out, who does not is dropped", asked, "late" },
	{ "11.9.1", "switching off does not wait for a write without data",
	  disabled_amid },
	{ "11.9.1", "a new cmdsn_depth ends the sessions, and then counts",
	  depth_changed },
	{ "4.2.6", "who sends no Data-Out is told that its session is dropped", given_up, "data" },
	{ "4.2.6", "who answers no ping is told that its session is dropped", given_up, "ping" },
	{ "7.14", "closing amid a header does no harm", half_closed },
};

RAW_MAIN(cases)
