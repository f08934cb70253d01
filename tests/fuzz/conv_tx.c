// SPDX-License-Identifier: GPL-2.0
#include "conv.h"

void conv_numbers(struct conv *c, struct iscsip_sn *sn, bool own)
{
	sn->statsn = c->statsn;
	if (own)
		c->statsn++;
	sn->expcmdsn = c->rx_cmdsn;
	sn->maxcmdsn = c->rx_cmdsn;
	if (!c->have_win)
		return;
	sn->expcmdsn = c->win.exp;
	sn->maxcmdsn = iscsip_window_max(&c->win);
	/* 4.2.2.1: MaxCmdSN never goes back, and ExpCmdSN - 1 is its least */
	MUST(iscsip_sn_lte(c->last_max, sn->maxcmdsn));
	MUST(iscsip_sn_lte(sn->expcmdsn - 1, sn->maxcmdsn));
	MUST(sn->maxcmdsn - (sn->expcmdsn - 1) <= c->win.depth);
	c->last_max = sn->maxcmdsn;
}

void conv_sent(struct conv *c, const u8 *bhs, u8 opcode, u32 itt, u32 dsl, bool own)
{
	u16 ahs_len;
	u32 len;

	iscsip_bhs_lengths(bhs, &ahs_len, &len);
	MUST(bhs[0] == opcode && opcode >= ISCSIP_OP_NOP_IN);
	MUST(!ahs_len && len == dsl);
	MUST(iscsip_get32(bhs + 16) == itt);
	if (c->phase == ISCSIP_PHASE_FULL || c->phase == ISCSIP_PHASE_DISCOVERY)
		MUST(dsl <= iscsip_max(c->p.mrdsl_remote, ISCSIP_BHS_LEN));
	if (own)
		MUST(iscsip_get32(bhs + 24) == c->statsn - 1);
}

void conv_reject(struct conv *c, u8 reason)
{
	u8 *bhs = malloc(ISCSIP_BHS_LEN);
	struct iscsip_sn sn;

	conv_numbers(c, &sn, true);
	iscsip_put_reject(bhs, &sn, reason, 0, ISCSIP_BHS_LEN);
	conv_sent(c, bhs, ISCSIP_OP_REJECT, ISCSIP_TAG_RESERVED, ISCSIP_BHS_LEN, true);
	MUST(bhs[2] == reason);
	free(bhs);
}

/* The residual that a command of @t's length has, @got bytes being its own length */
static struct iscsip_residual residual(const struct task *t, u32 got)
{
	struct iscsip_residual res = { 0 };
	u32 edtl = t->req.scsi.edtl;

	res.underflow = got < edtl;
	res.overflow = got > edtl;
	res.count = got < edtl ? edtl - got : got - edtl;
	return res;
}

void conv_scsi_rsp(struct conv *c, struct task *t, u8 response, u8 status)
{
	struct iscsip_residual res = residual(t, t->x.received);
	u8 *bhs = malloc(ISCSIP_BHS_LEN);
	struct iscsip_sn sn;
	u32 sense = iscsip_min(status ? 20 : 0, c->p.mrdsl_remote);

	conv_numbers(c, &sn, true);
	iscsip_put_scsi_rsp(bhs, &sn, t->req.itt, response, status, &res, t->x.datasn, sense);
	conv_sent(c, bhs, ISCSIP_OP_SCSI_RSP, t->req.itt, sense, true);
	MUST(bhs[2] == response && bhs[3] == status);
	/* 11.4.1: never both, and none with a response of its own */
	MUST((bhs[1] & 6) != 6);
	MUST(!response || !(bhs[1] & 6));
	free(bhs);
}

void conv_data_in(struct conv *c, struct task *t)
{
	u32 datasn, offset, len, next = 0, n = 0, total = t->x.want;
	struct iscsip_residual res = residual(t, total);
	u8 *bhs = malloc(ISCSIP_BHS_LEN);
	struct iscsip_sn sn;
	bool final, last = false;

	while (iscsip_xfer_next_data_in(&t->x, &c->p, &datasn, &offset, &len, &final, &last)) {
		bool ack = c->options & 8 && final && !last;

		MUST(offset == next && datasn == n++ && len <= c->p.mrdsl_remote);
		conv_numbers(c, &sn, last);
		iscsip_put_data_in(bhs, &sn, t->req.itt, final, last, 0, &res, datasn, offset,
				   len, ack, t->req.lun, c->next_ttt);
		conv_sent(c, bhs, ISCSIP_OP_DATA_IN, t->req.itt, len, last);
		/* 11.7: S only with F, and StatSN only with S */
		MUST(last == (bhs[1] & 1) && (!last || bhs[1] & 0x80));
		MUST(last || !iscsip_get32(bhs + 24));
		MUST(iscsip_get32(bhs + 36) == datasn && iscsip_get32(bhs + 40) == offset);
		next += len;
	}
	MUST(next == total);
	free(bhs);
}

void conv_r2ts(struct conv *c, struct task *t)
{
	u8 *bhs = malloc(ISCSIP_BHS_LEN);
	u32 r2tsn, offset, len;
	struct iscsip_sn sn;

	while (iscsip_xfer_next_r2t(&t->x, &c->p, c->next_ttt, &r2tsn, &offset, &len)) {
		MUST(len && len <= c->p.max_burst);
		MUST(offset == t->asked && len <= t->req.scsi.edtl - offset);
		t->asked = offset + len;
		conv_numbers(c, &sn, false);
		iscsip_put_r2t(bhs, &sn, t->req.lun, t->req.itt, c->next_ttt, r2tsn, offset, len);
		conv_sent(c, bhs, ISCSIP_OP_R2T, t->req.itt, 0, false);
		MUST(iscsip_get32(bhs + 20) == c->next_ttt && iscsip_get32(bhs + 36) == r2tsn);
		MUST(iscsip_get32(bhs + 40) == offset && iscsip_get32(bhs + 44) == len);
		if (++c->next_ttt == ISCSIP_TAG_RESERVED)
			c->next_ttt = 0;
	}
	free(bhs);
}

void conv_async(struct conv *c, u8 event)
{
	u8 *bhs = malloc(ISCSIP_BHS_LEN);
	struct iscsip_sn sn;

	conv_numbers(c, &sn, true);
	iscsip_put_async(bhs, &sn, 0, event, 0, c->cid, c->p.default_time2wait, 1, 0);
	conv_sent(c, bhs, ISCSIP_OP_ASYNC, ISCSIP_TAG_RESERVED, 0, true);
	MUST(bhs[36] == event && iscsip_get16(bhs + 38) == c->cid);
	free(bhs);
}
