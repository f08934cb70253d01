// SPDX-License-Identifier: GPL-2.0
/* The ISID/TSIH/CID table of 6.3.1: sessions, reinstatement, connections. */
#include "raw.h"

static struct conn *again(struct conn *old, uint16_t tsih, uint16_t cid,
			  uint16_t *st)
{
	struct login_opts o = { .session = "Normal", .isid = old->isid,
		.initiator = old->initiator, .tsih = tsih, .cid = cid,
		.status = st };

	/* 11.12.8: the session's current CmdSN */
	if (tsih)
		o.cmdsn = old->cmdsn;
	return login_new(&o);
}

static void status_is(uint16_t got, uint16_t want)
{
	CK(got == want, "expected status %04x, got %04x", want, got);
}

static void reinstated(const void *arg)
{
	struct conn *a = login_normal(), *b;

	(void)arg;
	conn_healthy(a);
	b = again(a, 0, 0, NULL);
	conn_expect_eof(a);
	conn_healthy(b);
}

static void with_write(const void *arg)
{
	struct conn *a = login_normal(), *b;
	struct scsi *w = scsi_rw(true, 0, 0, 8);
	int64_t start;

	(void)arg;
	scsi_settle(a, 0);
	w->manual_r2t = true;
	scsi_send(a, w);
	scsi_feed(a, pdu_expect(a, OP_R2T));
	start = tap_clock();
	b = again(a, 0, 0, NULL);
	CK(tap_clock() - start < 2000, "it took %lld ms",
	   (long long)(tap_clock() - start));
	a->cmds = NULL;
	conn_expect_eof(a);
	CK(!w->done, "the old write was answered");
	conn_healthy(b);
}

/* 4.2.2.1: a login to a session that is there acknowledges nothing that has not come. */
static void acknowledges_nothing(const void *arg)
{
	struct conn *a = login_normal(), *b = conn_open();
	struct pdu *p;

	(void)arg;
	conn_healthy(a);
	b->tsih = a->tsih;
	memcpy(b->isid, a->isid, sizeof(b->isid));
	b->cmdsn = a->cmdsn + 5;
	p = login_step(b, 0, 1, 0, "%sSessionType=Normal\n", names(b));
	CK_EQ(login_status(p), 0, "the status");
	CK_EQ(PDU_EXPCMDSN(p), a->cmdsn, "ExpCmdSN");
	CK_EQ(PDU_MAXCMDSN(p), a->maxcmdsn, "MaxCmdSN");
	conn_close(b);
	conn_healthy(a);
}

/* The old connection takes no data: its peer does not read. */
static void with_full_pipe(const void *arg)
{
	struct conn *a = login_normal(), *b;
	int64_t start;

	(void)arg;
	scsi_settle(a, 0);
	for (int i = 0; i < 16; i++) {
		struct scsi *r = scsi_rw(false, 0, 0, 4096);

		pdu_send(a, scsi_pdu(a, r));
	}
	usleep(300000);
	start = tap_clock();
	b = again(a, 0, 0, NULL);
	CK(tap_clock() - start < 2000, "it took %lld ms",
	   (long long)(tap_clock() - start));
	conn_healthy(b);
}

static void many_times(const void *arg)
{
	struct conn *a = login_normal();

	(void)arg;
	for (int i = 0; i < 30; i++)
		a = again(a, 0, 0, NULL);
	conn_healthy(a);
}

static void other_isid(const void *arg)
{
	struct conn *a = login_normal(), *b = login_normal();

	(void)arg;
	CK(a->tsih != b->tsih, "both have TSIH 0x%x", a->tsih);
	conn_healthy(b);
	conn_healthy(a);
}

static void other_initiator(const void *arg)
{
	struct conn *a = login_normal(), *b;

	(void)arg;
	b = login_new(&(struct login_opts){ .session = "Normal",
		.isid = a->isid, .initiator = env.ini2 });
	conn_healthy(b);
	conn_healthy(a);
}

static void other_target(const void *arg)
{
	struct conn *a = login_normal(), *b;

	(void)arg;
	b = login_new(&(struct login_opts){ .session = "Normal",
		.isid = a->isid, .target = IQN_DEMO });
	conn_healthy(b);
	conn_healthy(a);
}

static void discovery_beside(const void *arg)
{
	struct conn *a = login_normal(), *b;

	(void)arg;
	b = login_new(&(struct login_opts){ .session = "Discovery",
		.isid = a->isid, .target = "", .no_defaults = true,
		.keys = "MaxRecvDataSegmentLength=8192\n" });
	CK_EQ(PDU_OP(text(b, "SendTargets=All\n", NULL)), OP_TEXT_RSP,
	      "the discovery session's answer");
	conn_healthy(a);
}

static void discovery_twice(const void *arg)
{
	struct conn *a = login_discovery(), *b;

	(void)arg;
	b = login_new(&(struct login_opts){ .session = "Discovery",
		.isid = a->isid, .target = "", .no_defaults = true,
		.keys = "MaxRecvDataSegmentLength=8192\n" });
	conn_expect_eof(a);
	CK_EQ(PDU_OP(text(b, "SendTargets=All\n", NULL)), OP_TEXT_RSP,
	      "the new session's answer");
}

/* 7.4.2.1: independent of each other on different portals */
static void discovery_portals(const void *arg)
{
	struct conn *a = login_discovery();

	(void)arg;
	login_new(&(struct login_opts){ .session = "Discovery",
		.isid = a->isid, .target = "", .no_defaults = true,
		.keys = "MaxRecvDataSegmentLength=8192\n", .addr = "127.0.0.1",
		.port = PORT_WILD });
	CK_EQ(PDU_OP(text(a, "SendTargets=All\n", NULL)), OP_TEXT_RSP,
	      "the first session's answer");
}

static struct conn *discovery_of(const char *target, const struct conn *like)
{
	return login_new(&(struct login_opts){ .session = "Discovery", .target = target,
		.isid = like->isid, .no_defaults = true,
		.keys = "MaxRecvDataSegmentLength=32768\n" });
}

static void asks(struct conn *c)
{
	CK_EQ(PDU_OP(text(c, "SendTargets=" TGT_EUI "\n", NULL)), OP_TEXT_RSP,
	      "a discovery session's answer");
}

/* 7.4.2.2: a named one is the same as one that names the same target, and no other. */
static void discovery_named(const void *arg)
{
	struct conn *normal = login_normal(), *unnamed, *other, *first, *second;

	(void)arg;
	unnamed = discovery_of("", normal);
	other = discovery_of(IQN_DEMO, normal);
	first = discovery_of(env.iqn, normal);
	CK(key_got(first, "TargetPortalGroupTag"), "no TargetPortalGroupTag (13.9)");
	CK(!key_got(unnamed, "TargetPortalGroupTag"), "a TargetPortalGroupTag of no target");
	asks(first);
	second = discovery_of(env.iqn, normal);
	conn_expect_eof(first);
	asks(second);
	asks(other);
	asks(unnamed);
	conn_healthy(normal);
	login_new(&(struct login_opts){ .session = "Normal", .isid = normal->isid });
	conn_expect_eof(normal);
	asks(second);
}

static void discovery_of_none(const void *arg)
{
	struct conn *c = conn_open();

	(void)arg;
	c->target = BASE "unknown";
	refused(c, first_login(c, "SessionType=Discovery\n"), 0x0203);
}

/* It holds up nobody who removes the portal group, and ends with it. */
static void discovery_removal(const void *arg)
{
	const char *t = "iscsi/" BASE "named", *tpg = tap_fmt("%s/tpgt_1", t);
	const char *np = tap_fmt("%s/np/127.0.0.1:3260", tpg);
	struct conn *c = conn_open(), *other;
	int64_t start;

	(void)arg;
	other = discovery_of("", c);
	cfg_mkdir(t);
	cfg_mkdir(tpg);
	cfg_mkdir(np);
	cfg_write(tap_fmt("%s/enable", tpg), "1");
	c = discovery_of(BASE "named", c);
	asks(c);
	start = tap_clock();
	cfg_write(tap_fmt("%s/enable", tpg), "0");
	cfg_rmdir(np);
	cfg_rmdir(tpg);
	CK(tap_clock() - start < 3000, "removal took %lld ms",
	   (long long)(tap_clock() - start));
	conn_expect_eof(c);
	asks(other);
}

static void unknown_tsih(const void *arg)
{
	const char *how = arg;
	struct conn *a = login_normal(), *b = conn_open();
	uint16_t st;

	if (*how == 'n') {		/* new ISID, no such TSIH */
		b->tsih = a->tsih ^ 0x4000;
		b->cid = 1;
		refused(b, first_login(b, "SessionType=Normal\n"), 0x020a);
	} else if (*how == 'i') {	/* new ISID, the other's TSIH */
		b->tsih = a->tsih;
		b->cid = 1;
		refused(b, first_login(b, "SessionType=Normal\n"), 0x020a);
	} else if (*how == 'o') {	/* ISID and TSIH, but another initiator */
		b->initiator = env.ini2;
		memcpy(b->isid, a->isid, 6);
		b->tsih = a->tsih;
		b->cid = 1;
		refused(b, first_login(b, "SessionType=Normal\n"), 0x020a);
	} else {			/* ISID exists, TSIH does not */
		again(a, a->tsih ^ 0x4000, 1, &st);
		status_is(st, 0x020a);
	}
	conn_healthy(a);
}

static void second_refused(const void *arg)
{
	struct conn *a = login_normal();
	uint16_t st;

	(void)arg;
	conn_healthy(a);
	again(a, a->tsih, 1, &st);
	status_is(st, 0x0206);
	conn_healthy(a);
}

static void same_cid(const void *arg)
{
	struct conn *a = login_normal(), *b;
	uint16_t tsih = a->tsih;

	(void)arg;
	conn_healthy(a);
	b = again(a, tsih, 0, NULL);
	CK_EQ(b->tsih, tsih, "the TSIH after connection reinstatement");
	conn_expect_eof(a);
	conn_healthy(b);
}

static void same_cid_with_write(const void *arg)
{
	struct conn *a = login_normal(), *b;
	struct scsi *w = scsi_rw(true, 0, 0, 8);

	(void)arg;
	scsi_settle(a, 0);
	w->manual_r2t = true;
	scsi_send(a, w);
	scsi_feed(a, pdu_expect(a, OP_R2T));
	b = again(a, a->tsih, 0, NULL);
	a->cmds = NULL;
	conn_expect_eof(a);
	conn_healthy(b);
}

static struct conn *two(struct conn **second)
{
	struct conn *a;

	tpg_set("param/MaxConnections", "2");
	a = login_keys("MaxConnections=2\n");
	if (a->p.max_conn < 2)
		tap_skip("this target allows one connection for each session");
	*second = again(a, a->tsih, 1, NULL);
	CK_EQ((*second)->tsih, a->tsih, "the second connection's TSIH");
	a->shared_cmdsn = (*second)->shared_cmdsn = true;
	return a;
}

/* CmdSN is the session's, StatSN each connection's. */
static void second_joins(const void *arg)
{
	struct conn *b, *a = two(&b);

	(void)arg;
	for (int i = 0; i < 10; i++) {
		struct conn *c = i & 1 ? b : a;

		c->cmdsn = i & 1 ? a->cmdsn : b->cmdsn > a->cmdsn ? b->cmdsn :
			   a->cmdsn;
		nop_ping(c, "x", 1);
		scsi_tur(c, 0);
	}
}

static void order_over_two(const void *arg)
{
	struct conn *b, *a = two(&b);
	struct pdu *p, *q;

	(void)arg;
	q = nop_pdu(b, next_itt(), NO_TAG, false);
	put32(q->bhs + 24, a->cmdsn + 1);
	pdu_send(b, q);
	conn_expect_silence(b, 300);
	p = nop_pdu(a, next_itt(), NO_TAG, false);
	pdu_send(a, p);
	CK_EQ(PDU_ITT(pdu_expect(a, OP_NOP_IN)), PDU_ITT(p), "the first's echo");
	CK_EQ(PDU_ITT(pdu_expect(b, OP_NOP_IN)), PDU_ITT(q), "the second's echo");
}

static void third_refused(const void *arg)
{
	struct conn *b, *a = two(&b);
	uint16_t st;

	(void)arg;
	again(a, a->tsih, 2, &st);
	status_is(st, 0x0206);
	nop_ping(a, "x", 1);
}

static void logout_other(const void *arg)
{
	struct conn *b, *a = two(&b);

	(void)arg;
	CK_EQ(PDU_RESPONSE(logout(a, 1, 1)), 0, "the Logout Response");
	conn_expect_eof(b);
	nop_ping(a, "x", 1);
	scsi_tur(a, 0);
}

static void logout_session(const void *arg)
{
	struct conn *b, *a = two(&b);

	(void)arg;
	CK_EQ(PDU_RESPONSE(logout(a, 0, 0)), 0, "the Logout Response");
	conn_expect_eof(a);
	conn_expect_eof(b);
}

static void one_breaks(const void *arg)
{
	struct conn *b, *a = two(&b);

	(void)arg;
	conn_rst(b);
	for (int i = 0; i < 5; i++)
		nop_ping(a, "x", 1);
	scsi_tur(a, 0);
}

static void two_reinstated(const void *arg)
{
	struct conn *b, *a = two(&b), *c;

	(void)arg;
	c = again(a, 0, 0, NULL);
	conn_expect_eof(a);
	conn_expect_eof(b);
	conn_healthy(c);
}

/* A login that does not get through has reinstated nothing. */
static void half_login(const void *arg)
{
	struct conn *a = login_normal(), *b = conn_open();

	(void)arg;
	memcpy(b->isid, a->isid, 6);
	CK_EQ(login_status(login_step(b, 0, 1, 0, "%sSessionType=Normal\n",
				      names(b))), 0, "the status");
	conn_rst(b);
	conn_expect_silence(a, 300);
	conn_healthy(a);
}

static void refused_login(const void *arg)
{
	struct conn *a = login_normal(), *b = conn_open();

	(void)arg;
	memcpy(b->isid, a->isid, 6);
	refused_any(b, first_login(b, "SessionType=Normal\nInitialR2T=No\n"
				   "InitialR2T=No\n"));
	conn_expect_silence(a, 300);
	conn_healthy(a);
}

static void all_at_once(const void *arg)
{
	struct conn *c[8];
	int64_t end = tap_clock() + WAIT_MS;
	int alive, last = -1;

	(void)arg;
	for (int i = 0; i < 8; i++) {
		c[i] = conn_open();
		memcpy(c[i]->isid, c[0]->isid, 6);
		login_send(c[i], LT, 1, 3, tap_fmt("%sSessionType=Normal\n%s",
			names(c[i]), login_proposal(NULL, true)));
	}
	for (int i = 0; i < 8; i++) {
		struct pdu *p = login_recv(c[i]);

		CK(!p || !LOGIN_STATUS(p) || p->bhs[36] == 3, "status %04x",
		   login_status(p));
	}
	/* Those that have lost may still be about to be closed. */
	do {
		alive = 0;
		for (int i = 0; i < 8; i++) {
			if (!c[i]->full)
				continue;
			while (!c[i]->eof && pdu_recv_ms(c[i], 300))
				;
			if (!c[i]->eof) {
				alive++;
				last = i;
			}
		}
	} while (alive > 1 && tap_clock() < end);
	CK(alive == 1, "%d sessions of one ISID live on", alive);
	conn_healthy(c[last]);
}

/* Unit attention: what was going on has been lost. */
static void tasks_end(const void *arg)
{
	struct conn *a = login_normal(), *b;
	struct scsi *w = scsi_rw(true, 1, 64, 8), *r = scsi_rw(false, 1, 64, 8);
	uint8_t *zero = tap_alloc(4096);
	struct scsi *z = scsi_rw(true, 1, 64, 8);

	(void)arg;
	z->out = zero;
	scsi_good(a, z);
	w->manual_r2t = true;
	scsi_send(a, w);
	scsi_feed(a, pdu_expect(a, OP_R2T));
	b = again(a, 0, 0, NULL);
	scsi_good(b, r);
	CK(!memcmp(r->in, zero, 4096), "the ended write reached the disk");
}

static void isid_after_reset(const void *arg)
{
	struct conn *a = login_normal(), *b;

	(void)arg;
	for (int i = 0; i < 20; i++) {
		conn_rst(a);
		b = again(a, 0, 0, NULL);
		nop_ping(b, "x", 1);
		a = b;
	}
	conn_healthy(a);
}

static void tsih_differ(const void *arg)
{
	struct conn *c[50];

	(void)arg;
	for (int i = 0; i < 50; i++) {
		c[i] = login_normal();
		for (int k = 0; k < i; k++)
			CK(c[k]->tsih != c[i]->tsih, "two sessions with TSIH 0x%x",
			   c[i]->tsih);
	}
}

static const struct tap_case cases[] = {
	{ "6.3.5", "the same ISID with TSIH 0 reinstates the session", reinstated },
	{ "6.3.5", "reinstatement ends a write that waits for data", with_write },
	{ "4.2.2.1", "a login to a session that is there acknowledges nothing that has not come",
	  acknowledges_nothing },
	{ "6.3.5", "a write ended so leaves the disk alone", tasks_end },
	{ "6.3.5", "reinstatement does not wait for a peer that does not read",
	  with_full_pipe },
	{ "6.3.5", "thirty reinstatements in a row leave a session that works",
	  many_times },
	{ "6.3.5", "of eight logins with one ISID at once just one session stays",
	  all_at_once },
	{ "6.3.5", "a login broken off reinstates nothing", half_login },
	{ "6.3.5", "a refused login reinstates nothing", refused_login },
	{ "6.3.5", "right after a reset the same ISID logs in again, twenty times",
	  isid_after_reset },
	{ "11.13.3", "fifty sessions have fifty TSIHs", tsih_differ },
	{ "6.3.1", "another ISID makes another session", other_isid },
	{ "4.4.3", "the same ISID of another initiator is another session",
	  other_initiator },
	{ "4.4.3", "the same ISID to another target is another session", other_target },
	{ "7.4.2", "an unnamed discovery session does not touch a normal one",
	  discovery_beside },
	{ "7.4.2.1", "an unnamed discovery session reinstates one of the same ISID",
	  discovery_twice },
	{ "7.4.2.1", "discovery sessions on two portals do not touch each other",
	  discovery_portals },
	{ "7.4.2.2", "a named discovery session reinstates one of the same target alone",
	  discovery_named },
	{ "11.13.5", "a discovery session of an unknown target is answered with 0203",
	  discovery_of_none },
	{ "7.4.2.2", "a named discovery session holds up no removal of its portal group",
	  discovery_removal },
	{ "6.3.1", "a new ISID with an unknown TSIH is answered with 020a",
	  unknown_tsih, "new" },
	{ "6.3.1", "a new ISID with another session's TSIH is answered with 020a",
	  unknown_tsih, "isid" },
	{ "6.3.1", "another initiator with ISID and TSIH is answered with 020a",
	  unknown_tsih, "other" },
	{ "6.3.1", "a known ISID with an unknown TSIH is answered with 020a",
	  unknown_tsih, "known" },
	{ "11.13.5", "a second connection with MaxConnections=1 is answered with 0206",
	  second_refused },
	{ "6.3.4", "the same CID reinstates the connection within its session",
	  same_cid },
	{ "6.3.4", "connection reinstatement ends the tasks of the old one",
	  same_cid_with_write },
	{ "6.3.1", "with MaxConnections=2 a second connection joins the session",
	  second_joins },
	{ "4.2.2.1", "commands are ordered over both connections", order_over_two },
	{ "11.13.5", "a third with MaxConnections=2 is answered with 0206",
	  third_refused },
	{ "11.14", "one connection logs the other out", logout_other },
	{ "11.14", "\"close the session\" closes both connections", logout_session },
	{ "7.14", "when one connection breaks the other goes on", one_breaks },
	{ "6.3.5", "reinstatement closes both connections of the session",
	  two_reinstated },
};

RAW_MAIN(cases)
