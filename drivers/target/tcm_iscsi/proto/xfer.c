// SPDX-License-Identifier: GPL-2.0
/*
 * The data of one command: which bytes come and go in which PDU.
 */
#include "internal.h"

#define BAD_FIELD(why)	ISCSIP_VERDICT_REJECT(ISCSIP_REJ_INVALID_FIELD, why)
#define BAD_PROTO(why)	ISCSIP_VERDICT_REJECT(ISCSIP_REJ_PROTOCOL, why)

/* ---- writes ------------------------------------------------------------- */

struct iscsip_verdict iscsip_xfer_write_init(struct iscsip_xfer *x,
					     const struct iscsip_params *p,
					     u32 edtl, u32 imm, bool final)
{
	u32 first = iscsip_min(p->first_burst, edtl);

	memset(x, 0, sizeof(*x));
	x->edtl = edtl;
	x->want = edtl;
	if (imm && !p->immediate_data)
		return BAD_PROTO("immediate data though ImmediateData=No");
	if (imm > first)
		return BAD_PROTO("immediate data over the first burst");
	if (!final && p->initial_r2t)
		return BAD_PROTO("unsolicited data though InitialR2T=Yes");
	if (!final && imm == first)
		return BAD_PROTO("unsolicited data after a full first burst");
	x->received = imm;
	x->unsolicited = !final;
	x->unsol_end = final ? imm : first;
	x->r2t_next = x->unsol_end;
	return ISCSIP_VERDICT_OK;
}

static const struct iscsip_burst *burst_head(const struct iscsip_xfer *x)
{
	return x->r2t_open ? &x->burst[x->r2t_head % ISCSIP_R2T_MAX] : NULL;
}

static bool burst_open(const struct iscsip_xfer *x, u32 ttt)
{
	u32 i;

	for (i = 0; i < x->r2t_open; i++)
		if (x->burst[(x->r2t_head + i) % ISCSIP_R2T_MAX].ttt == ttt)
			return true;
	return false;
}

/* The rules that solicited and unsolicited sequences share (11.7, 11.8) */
static struct iscsip_verdict judge_part(const struct iscsip_req *req, u32 pos,
					u32 end, u32 datasn)
{
	if (req->data_out.offset != pos)
		return BAD_FIELD("Data-Out at the wrong offset");
	if (req->data_out.datasn != datasn)
		return BAD_PROTO("Data-Out with the wrong DataSN");
	if (req->dsl > end - pos)
		return BAD_PROTO("Data-Out past the end of its burst");
	if (req->final && req->dsl != end - pos)
		return BAD_PROTO("Data-Out ends its burst too early");
	/* full without F: an empty PDU with F is still to come, and legal */
	return ISCSIP_VERDICT_OK;
}

struct iscsip_verdict iscsip_xfer_data_out(const struct iscsip_xfer *x,
					   const struct iscsip_req *req)
{
	const struct iscsip_burst *b = burst_head(x);

	if (req->ttt == ISCSIP_TAG_RESERVED) {
		if (!x->unsolicited)
			return BAD_PROTO("unsolicited Data-Out that was not announced");
		return judge_part(req, x->received, x->unsol_end,
				  x->unsol_datasn);
	}
	if (!b || !burst_open(x, req->ttt))
		return BAD_FIELD("Data-Out for an unknown transfer tag");
	if (b->ttt != req->ttt)
		return BAD_PROTO("Data-Out does not answer the oldest R2T");
	return judge_part(req, b->pos, b->end, b->datasn);
}

enum iscsip_condition iscsip_xfer_condition(const struct iscsip_xfer *x,
					    const struct iscsip_req *req)
{
	const struct iscsip_burst *b = burst_head(x);
	u32 datasn = req->data_out.datasn;

	if (req->ttt == ISCSIP_TAG_RESERVED) {
		if (!x->unsolicited)
			return ISCSIP_COND_UNSOLICITED;
		return datasn == x->unsol_datasn ? ISCSIP_COND_AMOUNT : ISCSIP_COND_CRC;
	}
	if (b && b->ttt == req->ttt && datasn != b->datasn)
		return ISCSIP_COND_CRC;
	return ISCSIP_COND_AMOUNT;
}

void iscsip_xfer_data_done(struct iscsip_xfer *x, const struct iscsip_req *req)
{
	struct iscsip_burst *b = &x->burst[x->r2t_head % ISCSIP_R2T_MAX];

	x->received += req->dsl;
	if (req->ttt == ISCSIP_TAG_RESERVED) {
		x->unsol_datasn++;
		x->unsolicited = !req->final;
		return;
	}
	b->pos += req->dsl;
	b->datasn++;
	if (req->final && x->r2t_open) {
		x->r2t_head = (x->r2t_head + 1) % ISCSIP_R2T_MAX;
		x->r2t_open--;
	}
}

void iscsip_xfer_rest(struct iscsip_xfer *x, const struct iscsip_req *req)
{
	if (!req->final)
		return;
	if (req->ttt == ISCSIP_TAG_RESERVED && x->unsolicited) {
		x->unsolicited = false;
	} else if (x->r2t_open) {
		x->r2t_head = (x->r2t_head + 1) % ISCSIP_R2T_MAX;
		x->r2t_open--;
	}
}

bool iscsip_xfer_owed(const struct iscsip_xfer *x)
{
	return x->unsolicited || x->r2t_open;
}

bool iscsip_xfer_complete(const struct iscsip_xfer *x)
{
	return !iscsip_xfer_owed(x) && x->r2t_next >= x->want;
}

bool iscsip_xfer_next_r2t(struct iscsip_xfer *x, const struct iscsip_params *p,
			  u32 ttt, u32 *r2tsn, u32 *offset, u32 *len)
{
	struct iscsip_burst *b;

	if (x->unsolicited || x->r2t_next >= x->want)
		return false;
	if (x->r2t_open >= iscsip_min(p->max_outstanding_r2t, ISCSIP_R2T_MAX))
		return false;
	*r2tsn = x->r2tsn++;
	*offset = x->r2t_next;
	*len = iscsip_min(p->max_burst, x->want - x->r2t_next);
	b = &x->burst[(x->r2t_head + x->r2t_open) % ISCSIP_R2T_MAX];
	b->ttt = ttt;
	b->offset = *offset;
	b->pos = *offset;
	b->end = *offset + *len;
	b->datasn = 0;
	x->r2t_next = b->end;
	x->r2t_open++;
	return true;
}

/* ---- reads -------------------------------------------------------------- */

void iscsip_xfer_read_init(struct iscsip_xfer *x, u32 len)
{
	memset(x, 0, sizeof(*x));
	x->edtl = len;
	x->want = len;
}

bool iscsip_xfer_next_data_in(struct iscsip_xfer *x, const struct iscsip_params *p,
			      u32 *datasn, u32 *offset, u32 *len, bool *final,
			      bool *last)
{
	u32 left = x->want - x->sent, n;

	if (x->sent >= x->want)
		return false;
	if (!x->burst_left)
		x->burst_left = p->max_burst;
	left = iscsip_min(left, x->burst_left);
	n = iscsip_min(left, p->mrdsl_remote);
	/* 11.7.7: whole words, except at the end of a sequence */
	if (n < left)
		n &= ~3U;
	if (!n)
		return false;
	*datasn = x->datasn++;
	*offset = x->sent;
	*len = n;
	x->sent += n;
	x->burst_left -= n;
	*last = x->sent == x->want;
	*final = *last || !x->burst_left;
	return true;
}
