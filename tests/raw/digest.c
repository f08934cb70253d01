// SPDX-License-Identifier: GPL-2.0
/* Header and data digests. */
#include "raw.h"

static struct conn *with(const char *h, const char *d)
{
	struct conn *c = login_keys(tap_fmt("HeaderDigest=%s\nDataDigest=%s\n",
					    h, d));

	CK(c->p.hdgst == !strcmp(h, "CRC32C") &&
	   c->p.ddgst == !strcmp(d, "CRC32C"), "the digests were not agreed on");
	return c;
}

static struct conn *of(const char *which)
{
	return with(strchr(which, 'h') ? "CRC32C" : "None",
		    strchr(which, 'd') ? "CRC32C" : "None");
}

static void io(const void *arg)
{
	struct conn *c = of(arg);

	conn_healthy(c);
	scsi_write_check(c, 0, 0, 128, 4096, 0);
	scsi_write_check(c, 0, 0, 3, 1000, 0);
	CK_EQ(PDU_RESPONSE(logout(c, 0, 0)), 0, "the Logout Response");
	conn_expect_eof(c);
}

static void padding(const void *arg)
{
	struct conn *c = of(arg);

	for (int len = 1; len <= 9; len++) {
		struct pdu *p = nop_ping(c, "123456789", len);

		CK((int)p->dlen == len && !memcmp(p->data, "123456789", len),
		   "the echo of %d bytes differs", len);
	}
}

static void unsolicited(const void *arg)
{
	struct conn *c;

	(void)arg;
	tpg_set("param/InitialR2T", "No");
	c = login_keys("HeaderDigest=CRC32C\nDataDigest=CRC32C\nInitialR2T=No\n"
		       "FirstBurstLength=8192\n");
	CK(c->p.hdgst && c->p.ddgst, "the digests were not agreed on");
	scsi_write_check(c, 0, 0, 64, 2048, 8192);
	scsi_write_check(c, 0, 0, 64, 0, 8192);
}

static void ahs(const void *arg)
{
	uint8_t cdb[32] = { 0x7f };
	struct conn *c = of(arg);
	struct scsi *s;

	scsi_settle(c, 0);
	cdb[7] = 24;
	put16(cdb + 8, 0xfff0);
	s = scsi_new(0, cdb, 32);
	scsi_run(c, s);
	scsi_check(s, 5, -1, -1);
	s = scsi_rw(true, 0, 0, 8);
	memcpy(s->cdb, cdb, 32);
	s->cdb_len = 32;
	scsi_imm(s, 513);
	scsi_run(c, s);
	scsi_check(s, 5, -1, -1);
	conn_healthy(c);
}

static void split(const void *arg)
{
	struct conn *c = with("CRC32C", "CRC32C");

	c->split = *(const int *)arg;
	conn_healthy(c);
	scsi_write_check(c, 0, 0, 3, 777, 0);
}

static void sense(const void *arg)
{
	static const uint8_t cdb[6] = { 0xff };
	struct conn *c = of(arg);
	struct scsi *s = scsi_new(0, cdb, 6);

	scsi_settle(c, 0);
	scsi_run(c, s);
	scsi_check(s, 5, 0x20, 0);
	conn_healthy(c);
}

static void text_too(const void *arg)
{
	struct conn *c = login_new(&(struct login_opts){ .session = "Discovery",
		.target = "", .no_defaults = true,
		.keys = "HeaderDigest=CRC32C\nDataDigest=CRC32C\n"
			"MaxRecvDataSegmentLength=8192\n" });
	struct keys *k = tap_alloc(sizeof(*k));

	(void)arg;
	text(c, "SendTargets=All\n", k);
	CK(keys_get(k, "TargetName"), "no targets");
}

/* 7.8: discard up to a later PDU is impossible without steering: close. */
static void bad_header(const void *arg)
{
	const char *what = arg;
	struct conn *c = with("CRC32C", strchr(what, 'd') ? "CRC32C" : "None");
	struct scsi *s = scsi_rw(true, 0, 0, 8);
	struct pdu *p;

	scsi_settle(c, 0);
	if (*what == 'n')
		p = nop_pdu(c, next_itt(), NO_TAG, false);
	else
		p = scsi_pdu(c, s);
	p->bad_hdgst = true;
	pdu_send(c, p);
	c->cmds = NULL;
	conn_expect_eof(c);
	target_healthy();
}

static void bad_header_data_out(const void *arg)
{
	struct conn *c = with("CRC32C", "CRC32C");
	struct scsi *w = scsi_rw(true, 0, 0, 8);
	struct pdu *p;

	(void)arg;
	scsi_settle(c, 0);
	w->manual_r2t = true;
	scsi_send(c, w);
	scsi_feed(c, pdu_expect(c, OP_R2T));
	p = data_out_pdu(c, w, PDU_TTT(w->r2t[0]), 0, 0, 4096, true);
	p->bad_hdgst = true;
	pdu_send(c, p);
	conn_expect_eof(c);
	target_healthy();
}

static void reject_or_close(struct conn *c, struct pdu *bad)
{
	struct pdu *p = pdu_recv(c);

	if (!p)
		return;
	CK_EQ(PDU_OP(p), OP_REJECT, "the answer to a wrong data digest");
	CK_EQ(p->bhs[2], REJ_DATA_DIGEST, "the Reject's reason");
	CK(p->dlen >= 48 && !memcmp(p->data, bad->bhs, 48),
	   "the Reject's header is not that of the bad PDU");
}

static void bad_data(const void *arg)
{
	const char *what = arg;
	struct conn *c = with(strchr(what, 'h') ? "CRC32C" : "None", "CRC32C");
	struct scsi *s = scsi_rw(true, strchr(what, 'x') ? LUN_NONE : 0, 0, 8);
	struct pdu *p;

	scsi_settle(c, 0);
	if (*what == 'n') {
		p = nop_pdu(c, next_itt(), NO_TAG, true);
		pdu_data(p, "hello", 5);
	} else if (*what == 't') {
		p = text_pdu(c, next_itt(), NO_TAG, 0x80, "SendTargets=\n");
	} else {
		scsi_imm(s, 4096);
		p = scsi_pdu(c, s);
		scsi_forget(c, s);
	}
	p->bad_ddgst = true;
	pdu_send(c, p);
	reject_or_close(c, p);
	if (!c->eof) {
		/* 7.3: the CmdSN was not received; the same one fills the gap. */
		if (*what != 'n')
			c->cmdsn--;
		c->checks &= ~CHECK_CMDSN;
		conn_healthy(c);
	}
	target_healthy();
}

/* The header alone is enough to refuse it; the response may wait for the data, or not. */
static void refused_early(const void *arg)
{
	struct conn *c = with("CRC32C", "CRC32C");
	struct scsi *s = scsi_rw(true, LUN_NONE, 0, 8);
	struct pdu *p, *r;
	uint8_t *b;
	size_t len;

	scsi_settle(c, 0);
	scsi_imm(s, 4096);
	p = scsi_pdu(c, s);
	p->bad_ddgst = arg;
	b = pdu_bytes(p, true, true, &len);
	memcpy(p->bhs, b, 48);
	conn_write(c, b, 52);
	r = pdu_recv_ms(c, 1000);
	/* it checks that the command is acknowledged */
	CK(!r || scsi_feed(c, r), "it got %s", r ? op_name(PDU_OP(r)) : "");
	conn_write(c, b + 52, len - 52);
	if (arg) {
		if (!s->done)
			c->cmdsn--;
		scsi_forget(c, s);
		reject_or_close(c, p);
	} else {
		scsi_wait(c, s);
		scsi_check(s, 5, 0x25, 0);
	}
	if (!c->eof)
		conn_healthy(c);
	target_healthy();
}

/* A Reject, and then CHECK CONDITION, a recovery R2T or an end */
static void bad_data_out(const void *arg)
{
	struct conn *c = with("CRC32C", "CRC32C");
	struct scsi *w = scsi_rw(true, 0, 0, 8);
	struct pdu *p;

	(void)arg;
	scsi_settle(c, 0);
	w->manual_r2t = true;
	scsi_send(c, w);
	scsi_feed(c, pdu_expect(c, OP_R2T));
	p = data_out_pdu(c, w, PDU_TTT(w->r2t[0]), 0, 0, 4096, true);
	p->bad_ddgst = true;
	pdu_send(c, p);
	reject_or_close(c, p);
	while (!c->eof && !w->done) {
		p = pdu_recv(c);
		if (p && PDU_OP(p) == OP_R2T) {
			data_out(c, w, PDU_TTT(p), PDU_OFFSET(p), PDU_LEN44(p));
			continue;
		}
		CK(!p || scsi_feed(c, p), "it got %s", op_name(PDU_OP(p)));
	}
	if (w->done && w->status)
		scsi_check(w, 0xb, 0x47, 0x05);
	if (w->done)
		conn_healthy(c);
	target_healthy();
}

static void bad_data_ahead(const void *arg)
{
	struct conn *c = with("CRC32C", "CRC32C");
	struct scsi *w = scsi_rw(true, 0, 8, 8), *z = scsi_rw(true, 0, 8, 8);
	struct scsi *r = scsi_rw(false, 0, 8, 8);
	struct conn *d;
	struct pdu *p;

	(void)arg;
	scsi_good(c, z);
	c->cmdsn++;			/* one is missing */
	scsi_imm(w, 4096);
	p = scsi_pdu(c, w);
	p->bad_ddgst = true;
	pdu_send(c, p);
	reject_or_close(c, p);
	c->cmds = NULL;
	conn_close(c);
	d = login_normal();
	scsi_good(d, r);
	CK(!memcmp(r->in, z->out, 4096), "the damaged data reached the disk");
}

/* Digests are not for the login (13.1): it ends before they begin. */
static void from_full(const void *arg)
{
	struct conn *c = conn_open();

	(void)arg;
	CK_EQ(login(c, &(struct login_opts){ .session = "Normal", .stages = 1,
		.keys = "HeaderDigest=CRC32C\nDataDigest=CRC32C\n" }), 0,
	      "the status");
	CK(c->p.hdgst && c->p.ddgst, "the digests were not agreed on");
	conn_healthy(c);
}

static void no_data_no_digest(const void *arg)
{
	struct conn *c = of(arg);
	struct pdu *p = nop_ping(c, "", 0);

	CK_EQ(p->dlen, 0, "the echo's length");
	scsi_tur(c, 0);
}

static void pipelined(const void *arg)
{
	struct conn *c = conn_open();
	struct pdu *p, *ping;

	(void)arg;
	conn_cork(c);
	login_send(c, LT, 1, 3, tap_fmt("%sSessionType=Normal\n%s", names(c),
		login_proposal("HeaderDigest=CRC32C\nDataDigest=CRC32C\n", true)));
	c->full = c->p.hdgst = c->p.ddgst = true;
	ping = nop_pdu(c, next_itt(), NO_TAG, false);
	pdu_data(ping, "abc", 3);
	pdu_send(c, ping);
	c->full = c->p.hdgst = c->p.ddgst = false;
	conn_uncork(c);
	p = login_recv(c);
	CK_EQ(login_status(p), 0, "the status");
	CK(c->full && c->p.hdgst, "the target did not finish in one step");
	p = pdu_expect(c, OP_NOP_IN);
	CK(p->dlen == 3 && !memcmp(p->data, "abc", 3), "the echo differs");
}

static const int s1 = 1, s3 = 3, s47 = 47, s49 = 49, s53 = 53;

static const struct tap_case cases[] = {
	{ "13.1", "I/O with header digests is right", io, "h" },
	{ "13.1", "I/O with data digests is right", io, "d" },
	{ "13.1", "I/O with both digests is right", io, "hd" },
	{ "11.2.3", "data digests cover the padding", padding, "d" },
	{ "11.2.3", "with both digests the padding is right", padding, "hd" },
	{ "11.2.3", "no data segment, no data digest", no_data_no_digest, "d" },
	{ "11.2.3", "no data segment, no data digest, but a header digest",
	  no_data_no_digest, "hd" },
	{ "13.1", "unsolicited data carry digests", unsolicited },
	{ "11.2.3", "the header digest covers the AHS", ahs, "h" },
	{ "11.2.3", "AHS and immediate data with both digests are taken", ahs, "hd" },
	{ "13.1", "sense data carry digests", sense, "hd" },
	{ "13.1", "text carries digests", text_too },
	{ "13.1", "digests begin with the full feature phase", from_full },
	{ "13.1", "a command right behind the last Login Request carries digests",
	  pipelined },
	{ "11.2.3", "PDUs with digests sent byte by byte are taken", split, &s1 },
	{ "11.2.3", "PDUs with digests in pieces of 3 bytes are taken", split, &s3 },
	{ "11.2.3", "PDUs with digests in pieces of 47 bytes are taken", split, &s47 },
	{ "11.2.3", "PDUs with digests in pieces of 49 bytes are taken", split, &s49 },
	{ "11.2.3", "PDUs with digests in pieces of 53 bytes are taken", split, &s53 },
	{ "7.8", "a wrong header digest of a NOP-Out ends the connection", bad_header,
	  "nop" },
	{ "7.8", "a wrong header digest of a command ends the connection", bad_header,
	  "cmd" },
	{ "7.8", "a wrong header digest of a Data-Out ends the connection",
	  bad_header_data_out },
	{ "7.8", "a wrong data digest of a NOP-Out is rejected with 0x02", bad_data,
	  "n" },
	{ "7.8", "a wrong data digest of a NOP-Out with header digests is rejected",
	  bad_data, "nh" },
	{ "7.8", "a wrong data digest of a Text Request is rejected with 0x02",
	  bad_data, "t" },
	{ "7.8", "a wrong data digest of immediate data is rejected with 0x02",
	  bad_data, "c" },
	{ "7.8", "a wrong data digest of immediate data for no LUN is rejected, nothing else",
	  bad_data, "cx" },
	{ "4.2.2.1", "a command refused before its data is acknowledged with its status",
	  refused_early },
	{ "4.2.2.1", "so is one whose data have a wrong digest then", refused_early, "bad" },
	{ "7.8", "a wrong data digest of a command ahead of its turn is rejected",
	  bad_data_ahead },
	{ "7.8", "a wrong data digest of a Data-Out is rejected with 0x02",
	  bad_data_out },
};

RAW_MAIN(cases)
