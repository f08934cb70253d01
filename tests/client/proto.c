// SPDX-License-Identifier: GPL-2.0
/* NOP, task management, logout, text and SNACK. */
#include "iscsi_client.h"

#include <string.h>

struct pdu *nop_pdu(struct conn *c, uint32_t itt, uint32_t ttt, bool imm)
{
	struct pdu *p = pdu_new(OP_NOP_OUT, 0x80);

	put32(p->bhs + 16, itt);
	put32(p->bhs + 20, ttt);
	put_sns(c, p, imm);
	return p;
}

/* Receives until an @op for @itt comes; commands are fed meanwhile. */
static struct pdu *wait_for(struct conn *c, int op, uint32_t itt)
{
	struct pdu *p;

	for (;;) {
		p = pdu_recv(c);
		if (!p)
			FAIL("the target closed instead of sending %s",
			     op_name(op));
		if (PDU_OP(p) == op)
			break;
		if (!scsi_feed(c, p))
			FAIL("expected %s, got %s (0x%02x, reason 0x%02x)",
			     op_name(op), op_name(PDU_OP(p)), PDU_OP(p),
			     p->bhs[2]);
	}
	CK_EQ(PDU_ITT(p), itt, "the answer's ITT");
	return p;
}

struct pdu *nop_ping(struct conn *c, const void *data, size_t len)
{
	struct pdu *p = nop_pdu(c, next_itt(), NO_TAG, false);

	if (len)
		pdu_data(p, data, len);
	pdu_send(c, p);
	return wait_for(c, OP_NOP_IN, PDU_ITT(p));
}

struct pdu *tmf_pdu(struct conn *c, int fn, unsigned int lun, uint32_t rtt,
		    uint32_t refcmdsn, bool imm)
{
	struct pdu *p = pdu_new(OP_TMF_REQ, 0x80 | fn);

	lun_bytes(p->bhs + 8, lun);
	put32(p->bhs + 16, next_itt());
	put32(p->bhs + 20, rtt);
	put_sns(c, p, imm);
	put32(p->bhs + 32, refcmdsn);
	return p;
}

int tmf_wait(struct conn *c, struct pdu *req)
{
	return PDU_RESPONSE(wait_for(c, OP_TMF_RSP, PDU_ITT(req)));
}

int tmf(struct conn *c, int fn, unsigned int lun, uint32_t rtt,
	uint32_t refcmdsn)
{
	struct pdu *p = tmf_pdu(c, fn, lun, rtt, refcmdsn, true);

	pdu_send(c, p);
	return tmf_wait(c, p);
}

struct pdu *logout_pdu(struct conn *c, int reason, uint16_t cid)
{
	struct pdu *p = pdu_new(OP_LOGOUT_REQ, 0x80 | reason);

	put32(p->bhs + 16, next_itt());
	put16(p->bhs + 20, cid);
	put_sns(c, p, true);
	return p;
}

struct pdu *logout(struct conn *c, int reason, uint16_t cid)
{
	struct pdu *p = logout_pdu(c, reason, cid);

	pdu_send(c, p);
	return wait_for(c, OP_LOGOUT_RSP, PDU_ITT(p));
}

struct pdu *text_pdu(struct conn *c, uint32_t itt, uint32_t ttt, int flags,
		     const char *lines)
{
	struct pdu *p = pdu_new(OP_TEXT_REQ, flags);
	size_t len = strlen(lines);

	put32(p->bhs + 16, itt);
	put32(p->bhs + 20, ttt);
	put_sns(c, p, false);
	if (!len)
		return p;
	pdu_data(p, lines, len);
	for (size_t i = 0; i < len; i++)
		if (p->data[i] == '\n')
			p->data[i] = 0;
	return p;
}

/* 7.3: the CmdSN of what is rejected is free, the next request takes it. */
void text_rejected(struct conn *c, const struct pdu *reject)
{
	if (PDU_EXPCMDSN(reject) == c->cmdsn - 1)
		c->cmdsn--;
}

/*
 * The last response, or the Reject that ended the exchange; all text of the answer is in
 * @all then, @len bytes.
 */
struct pdu *text_all(struct conn *c, const char *lines, char **all, size_t *len)
{
	uint32_t itt = next_itt(), ttt = NO_TAG;
	struct pdu *p;
	int rounds;

	*all = tap_alloc(1 << 22);
	*len = 0;
	for (rounds = 0; rounds < 2000; rounds++) {
		pdu_send(c, text_pdu(c, itt, ttt, 0x80, rounds ? "" : lines));
		p = pdu_recv(c);
		if (!p)
			FAIL("the target closed instead of sending text");
		if (PDU_OP(p) == OP_REJECT) {
			text_rejected(c, p);
			return p;
		}
		if (PDU_OP(p) != OP_TEXT_RSP)
			FAIL("expected Text Response, got %s",
			     op_name(PDU_OP(p)));
		CK_EQ(PDU_ITT(p), itt, "the Text Response's ITT");
		CK(*len + p->dlen < 1 << 22, "too much text");
		if (p->dlen)
			memcpy(*all + *len, p->data, p->dlen);
		*len += p->dlen;
		if (PDU_F(p))
			break;
		ttt = PDU_TTT(p);
	}
	CK(PDU_F(p), "the text does not come to an end");
	return p;
}

struct pdu *text(struct conn *c, const char *lines, struct keys *out)
{
	struct pdu *p;
	size_t len;
	char *all;

	p = text_all(c, lines, &all, &len);
	if (out && PDU_OP(p) == OP_TEXT_RSP)
		keys_parse(out, all, len);
	return p;
}

struct pdu *snack_pdu(struct conn *c, int type, uint32_t itt, uint32_t ttt,
		      uint32_t beg, uint32_t run)
{
	struct pdu *p = pdu_new(OP_SNACK, 0x80 | type);

	put32(p->bhs + 16, itt);
	put32(p->bhs + 20, ttt);
	put32(p->bhs + 28, c->statsn);
	put32(p->bhs + 40, beg);
	put32(p->bhs + 44, run);
	return p;
}
