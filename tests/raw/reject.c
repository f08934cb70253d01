// SPDX-License-Identifier: GPL-2.0
/* Reject: what is not known, not allowed, or not supported at this level. */
#include "raw.h"

/* A Reject with the right header, or the connection is closed. */
static void reject_or_close(struct conn *c, struct pdu *bad, const char *reasons)
{
	struct pdu *p = pdu_recv(c);

	if (p) {
		CK(PDU_OP(p) == OP_REJECT, "it got %s", op_name(PDU_OP(p)));
		CK(is_one_of(tap_fmt("%d", p->bhs[2]), reasons),
		   "reason 0x%02x, expected %s", p->bhs[2], reasons);
		CK(p->dlen >= 48 && !memcmp(p->data, bad->bhs, 48),
		   "the Reject's header is not that of the bad PDU (11.17.4)");
		p = pdu_recv_ms(c, 200);
		CK(!p, "a %s after the Reject", p ? op_name(PDU_OP(p)) : "");
	}
	if (!c->eof)
		conn_healthy(c);
	target_healthy();
}

static void opcode(const void *arg)
{
	struct conn *c = login_normal();
	struct pdu *p = pdu_new(*(const int *)arg | OP_IMM, 0x80);

	scsi_settle(c, 0);
	put32(p->bhs + 16, next_itt());
	put32(p->bhs + 20, NO_TAG);
	put_sns(c, p, true);
	pdu_send(c, p);
	reject_or_close(c, p, "4|5|9");
}

static void opcode_with_data(const void *arg)
{
	struct conn *c = login_normal();
	struct pdu *p = pdu_new(0x1d | OP_IMM, 0x80);

	(void)arg;
	scsi_settle(c, 0);
	put32(p->bhs + 16, next_itt());
	put_sns(c, p, true);
	pdu_data(p, tap_alloc(1001), 1001);
	pdu_send(c, p);
	reject_or_close(c, p, "4|5|9");
}

static void top_bit(const void *arg)
{
	struct conn *c = login_normal();
	struct pdu *p = nop_pdu(c, next_itt(), NO_TAG, true), *r;

	(void)arg;
	p->bhs[0] |= 0x80;
	pdu_send(c, p);
	r = pdu_recv(c);
	CK(!r || PDU_OP(r) == OP_REJECT || PDU_OP(r) == OP_NOP_IN, "it got %s",
	   r ? op_name(PDU_OP(r)) : "");
	target_healthy();
}

/* 7.3: a rejected command's CmdSN is a gap, which the next one fills. */
static void cmdsn_is_free(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *s = scsi_rw(false, 0, 0, 8);
	struct pdu *p, *r;

	(void)arg;
	scsi_settle(c, 0);
	s->no_final = true;		/* neither F nor W */
	p = scsi_pdu(c, s);
	scsi_forget(c, s);
	pdu_send(c, p);
	r = pdu_recv(c);
	if (!r)
		tap_skip("the target closes the connection, which is allowed");
	CK_EQ(PDU_OP(r), OP_REJECT, "the answer");
	CK_EQ(PDU_EXPCMDSN(r), s->cmdsn, "ExpCmdSN in the Reject");
	c->cmdsn--;
	nop_ping(c, "x", 1);
	CK_EQ(c->expcmdsn, s->cmdsn + 1, "ExpCmdSN when the gap is filled");
	conn_healthy(c);
}

/* 11.17.4, 11.2: a header includes its AHS. */
static void whole_header(const void *arg)
{
	bool small = *(const char *)arg == 's';
	struct conn *c = login_keys(small ? "MaxRecvDataSegmentLength=512\n" : "");
	uint8_t cdb[260] = { 0x7f, [7] = 252 };
	struct scsi *s = scsi_new(0, cdb, small ? 260 : 32);
	struct pdu *p, *r;
	uint32_t len;

	scsi_settle(c, 0);
	if (!small)
		s->cdb[7] = 24;
	s->no_final = true;		/* neither F nor W */
	p = scsi_pdu(c, s);
	scsi_forget(c, s);
	if (small)
		pdu_ahs(p, 0x3f, cdb, 260);
	pdu_send(c, p);
	r = pdu_recv(c);
	if (!r)
		tap_skip("the target closes the connection, which is allowed");
	CK_EQ(PDU_OP(r), OP_REJECT, "the answer");
	len = 48 + p->ahs_len;
	CK(!small || len > 512, "the header has %u bytes only", len);
	if (small)
		len = 512;
	CK_EQ(r->dlen, len, "the length of the header in the Reject");
	CK(!memcmp(r->data, p->bhs, 48), "the BHS in the Reject differs");
	CK(!memcmp(r->data + 48, p->ahs, len - 48), "the AHS in the Reject differs");
	c->cmdsn--;
	conn_healthy(c);
}

static void snack(const void *arg)
{
	struct conn *c = login_normal();
	struct pdu *p;

	scsi_settle(c, 0);
	p = snack_pdu(c, *(const int *)arg, NO_TAG, NO_TAG, c->statsn - 1, 1);
	pdu_send(c, p);
	/* 7.8 a.1: the reason "SNACK reject" would oblige the target to end a command */
	reject_or_close(c, p, "4|5|9");
}

static void data_snack(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *s = scsi_rw(false, 0, 0, 8);
	struct pdu *p;

	(void)arg;
	scsi_good(c, s);
	p = snack_pdu(c, 0, s->itt, NO_TAG, 0, 0);
	pdu_send(c, p);
	/* 7.8 a.1: the reason "SNACK reject" would oblige the target to end a command */
	reject_or_close(c, p, "4|5|9");
}

static void with_ahs(const void *arg)
{
	struct conn *c = login_normal();
	int op = *(const int *)arg;
	uint8_t b[16] = { 0 };
	struct pdu *p, *r;

	scsi_settle(c, 0);
	if (op == OP_NOP_OUT)
		p = nop_pdu(c, next_itt(), NO_TAG, true);
	else if (op == OP_TMF_REQ)
		p = tmf_pdu(c, TMF_LUN_RESET, 1, NO_TAG, 0, true);
	else
		p = text_pdu(c, next_itt(), NO_TAG, 0x80, "SendTargets=\n");
	pdu_ahs(p, 1, b, 16);
	pdu_send(c, p);
	r = pdu_recv(c);
	CK(!r || PDU_OP(r) == OP_REJECT || PDU_OP(r) == OP_NOP_IN ||
	   PDU_OP(r) == OP_TMF_RSP || PDU_OP(r) == OP_TEXT_RSP, "it got %s",
	   r ? op_name(PDU_OP(r)) : "");
	target_healthy();
}

static void reserved_itt(const void *arg)
{
	static const uint8_t cdb[6];
	struct conn *c = login_normal();
	struct scsi *s = scsi_new(0, cdb, 6);
	struct pdu *p, *r;

	(void)arg;
	scsi_settle(c, 0);
	p = scsi_pdu(c, s);
	scsi_forget(c, s);
	put32(p->bhs + 16, NO_TAG);
	pdu_send(c, p);
	r = pdu_recv(c);
	CK(!r || PDU_OP(r) == OP_REJECT || PDU_OP(r) == OP_SCSI_RSP, "it got %s",
	   r ? op_name(PDU_OP(r)) : "");
	target_healthy();
}

static void task_attribute(const void *arg)
{
	static const uint8_t cdb[6];
	struct conn *c = login_normal();
	struct scsi *s = scsi_new(0, cdb, 6);
	struct pdu *r;

	scsi_settle(c, 0);
	s->attr = *(const int *)arg;
	pdu_send(c, scsi_pdu(c, s));
	r = pdu_recv(c);
	CK(!r || PDU_OP(r) == OP_REJECT || PDU_OP(r) == OP_SCSI_RSP, "it got %s",
	   r ? op_name(PDU_OP(r)) : "");
	target_healthy();
}

/* A text exchange may not be used by another tag of the same connection. */
static void two_texts(const void *arg)
{
	struct conn *c = login_normal();
	uint32_t a = next_itt(), b = next_itt();
	struct pdu *p, *r;

	(void)arg;
	pdu_send(c, text_pdu(c, a, NO_TAG, 0x40, "X-org.example.a="));
	r = pdu_expect(c, OP_TEXT_RSP);
	p = text_pdu(c, b, PDU_TTT(r), 0x80, "1\n");
	pdu_send(c, p);
	r = pdu_recv(c);
	CK(!r || PDU_OP(r) == OP_REJECT, "it got %s", r ? op_name(PDU_OP(r)) : "");
	target_healthy();
}

static void statsn_advances(const void *arg)
{
	struct conn *c = login_normal();
	uint32_t sn;
	int rejects = 0;

	(void)arg;
	scsi_settle(c, 0);
	sn = c->statsn;
	for (int i = 0; i < 3; i++) {
		struct pdu *p = snack_pdu(c, 1, NO_TAG, NO_TAG, 0, 1), *r;

		pdu_send(c, p);
		r = pdu_recv(c);
		if (!r)
			tap_skip("the target closes the connection, which is allowed");
		CK_EQ(PDU_OP(r), OP_REJECT, "the answer");
		rejects++;
	}
	CK_EQ(c->statsn, sn + rejects, "StatSN after the Rejects");
}

static const int o07 = 0x07, o0f = 0x0f, o1c = 0x1c, o1e = 0x1e, o1f = 0x1f,
	o20 = 0x20, o21 = 0x21, o25 = 0x25, o31 = 0x31, o32 = 0x32, o3f = 0x3f;
static const int t1 = 1, t2 = 2, t3 = 3, t15 = 15;
static const int nop = OP_NOP_OUT, tm = OP_TMF_REQ, txt = OP_TEXT_REQ;
static const int aca = 4, a5 = 5, a7 = 7;

static const struct tap_case cases[] = {
	{ "11.2.1.2", "the unassigned opcode 0x07 is rejected", opcode, &o07 },
	{ "11.2.1.2", "the unassigned opcode 0x0f is rejected", opcode, &o0f },
	{ "11.2.1.2", "the vendor's opcode 0x1c is rejected", opcode, &o1c },
	{ "11.2.1.2", "the vendor's opcode 0x1e is rejected", opcode, &o1e },
	{ "11.2.1.2", "the unassigned opcode 0x1f is rejected", opcode, &o1f },
	{ "11.2.1.2", "the target's opcode NOP-In is rejected", opcode, &o20 },
	{ "11.2.1.2", "the target's opcode SCSI Response is rejected", opcode, &o21 },
	{ "11.2.1.2", "the target's opcode Data-In is rejected", opcode, &o25 },
	{ "11.2.1.2", "the target's opcode R2T is rejected", opcode, &o31 },
	{ "11.2.1.2", "the target's opcode Async Message is rejected", opcode, &o32 },
	{ "11.2.1.2", "the target's opcode Reject is rejected", opcode, &o3f },
	{ "11.17", "an unknown opcode's data segment is passed over",
	  opcode_with_data },
	{ "11.2.1", "the reserved top bit of the opcode does no harm", top_bit },
	{ "7.3", "a rejected command has not used its CmdSN", cmdsn_is_free },
	{ "11.17.3", "each Reject advances StatSN", statsn_advances },
	{ "11.17.4", "a Reject has the AHS of the bad PDU, too", whole_header, "all" },
	{ "11.17.4", "of a header longer than our MaxRecvDataSegmentLength so much comes back",
	  whole_header, "small" },
	{ "11.16", "a Data SNACK at ErrorRecoveryLevel 0 is rejected", data_snack },
	{ "11.16", "a Status SNACK at ErrorRecoveryLevel 0 is rejected", snack, &t1 },
	{ "11.16", "a DataACK at ErrorRecoveryLevel 0 is rejected", snack, &t2 },
	{ "11.16", "an R-Data SNACK at ErrorRecoveryLevel 0 is rejected", snack, &t3 },
	{ "11.16.1", "a SNACK of an unknown type is rejected", snack, &t15 },
	{ "11.2.1.5", "a NOP-Out with an AHS does no harm", with_ahs, &nop },
	{ "11.2.1.5", "a task management request with an AHS does no harm", with_ahs,
	  &tm },
	{ "11.2.1.5", "a Text Request with an AHS does no harm", with_ahs, &txt },
	{ "11.2.1.8", "a command with ITT 0xffffffff does no harm", reserved_itt },
	{ "11.3.1", "the task attribute ACA does no harm", task_attribute, &aca },
	{ "11.3.1", "the reserved task attribute 5 does no harm", task_attribute, &a5 },
	{ "11.3.1", "the reserved task attribute 7 does no harm", task_attribute, &a7 },
	{ "11.10.3", "a text exchange cannot be taken over by another tag", two_texts },
};

RAW_MAIN(cases)
