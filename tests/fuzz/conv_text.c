// SPDX-License-Identifier: GPL-2.0
#include "conv.h"

static void seq_end(struct conv *c)
{
	c->seq = false;
	free(c->tout);
	c->tout = NULL;
}

static u32 take_ttt(struct conv *c)
{
	u32 ttt = c->next_ttt;

	if (++c->next_ttt == ISCSIP_TAG_RESERVED)
		c->next_ttt = 0;
	return ttt;
}

static void text_rsp(struct conv *c, bool final, bool cont, u32 ttt, u32 dsl)
{
	u8 *bhs = malloc(ISCSIP_BHS_LEN);
	struct iscsip_sn sn;

	conv_numbers(c, &sn, true);
	iscsip_put_text_rsp(bhs, &sn, c->seq_lun, c->seq_itt, ttt, final, cont, dsl);
	conv_sent(c, bhs, ISCSIP_OP_TEXT_RSP, c->seq_itt, dsl, true);
	/* 11.11.1, 11.11.4 */
	MUST(final == !!(bhs[1] & 0x80) && cont == !!(bhs[1] & 0x40) && !(final && cont));
	MUST(final == (iscsip_get32(bhs + 20) == ISCSIP_TAG_RESERVED));
	free(bhs);
}

static struct iscsip_verdict respond(struct conv *c, bool final)
{
	u32 left = c->out_len - c->out_pos, len = iscsip_min(left, c->p.mrdsl_remote);
	bool over, cont = false;

	if (c->neg.mrdsl)
		len = iscsip_min(len, c->neg.mrdsl);
	over = final && len == left;
	c->out_pos += len;
	if (!over) {
		if (c->seq_ttt == ISCSIP_TAG_RESERVED)
			c->seq_ttt = take_ttt(c);
		cont = len < left && c->tout[c->out_pos - 1] != '\0';
	}
	text_rsp(c, over, cont, over ? ISCSIP_TAG_RESERVED : c->seq_ttt, len);
	if (over && c->neg.mrdsl)
		c->p.mrdsl_remote = c->neg.mrdsl;
	if (over)
		seq_end(c);
	return ISCSIP_VERDICT_OK;
}

/* SendTargets with a name, or without: targets enough for an answer in pieces */
static void targets(const struct conv *c, const struct iscsip_pair *st, struct iscsip_out *out)
{
	char name[ISCSIP_NAME_MAX + 1], tgt[64];
	u32 i, n = iscsip_value_is(st, "All") ? 30 : 1;

	if (n == 1 && st->value_len && iscsip_name_normalize(st->value, st->value_len, name))
		return;
	for (i = 0; i < n; i++) {
		snprintf(tgt, sizeof(tgt), "iqn.2003-01.org.example:disk%u", i);
		iscsip_out_pair(out, "TargetName", tgt);
		if (c->options & 32)
			iscsip_out_pair(out, "TargetAddress", "192.0.2.1:3260,1");
	}
}

static struct iscsip_verdict answer(struct conv *c)
{
	char *keys = malloc(CONV_TEXT_KEYS), *text = copy_of(c->tin, c->in_len);
	struct iscsip_pair st = { 0 };
	struct iscsip_verdict v;
	struct iscsip_out out, all;

	iscsip_out_init(&out, keys, CONV_TEXT_KEYS);
	v = iscsip_text_step(&c->neg, text, c->in_len, &out, &st);
	MUST(v.action == ISCSIP_OK || v.action == ISCSIP_REJECT);
	check_out(&out);
	MUST(!out.full);
	if (v.action == ISCSIP_OK) {
		free(c->tout);
		c->tout = malloc(CONV_OUT);
		iscsip_out_init(&all, c->tout, CONV_OUT);
		memcpy(all.buf, out.buf, out.len);
		all.len = out.len;
		if (st.key)
			targets(c, &st, &all);
		MUST(!all.full);
		c->out_len = all.len;
		c->out_pos = 0;
		c->in_len = 0;
	}
	free(keys);
	free(text);
	if (v.action != ISCSIP_OK) {
		seq_end(c);
		return v;
	}
	return v;
}

static struct iscsip_verdict refuse(struct conv *c, const char *why)
{
	seq_end(c);
	return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_PROTOCOL, why);
}

/* The order has been seen to. */
struct iscsip_verdict conv_text_header(struct conv *c, const struct iscsip_req *req,
				       const u8 *data)
{
	bool more = req->ttt != ISCSIP_TAG_RESERVED;

	if (more && (!c->seq || c->seq_itt != req->itt || c->seq_ttt != req->ttt))
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_INVALID_FIELD, "no such negotiation");
	if (more && c->out_pos < c->out_len && (req->dsl || req->cont))
		return refuse(c, "text in the middle of an answer");
	if ((more ? c->in_len : 0) + req->dsl > CONV_TEXT_IN)
		return refuse(c, "too much text");
	if (!more) {
		seq_end(c);
		c->seq = true;
		memset(&c->neg, 0, sizeof(c->neg));
		c->out_len = 0;
		c->out_pos = 0;
		c->seq_itt = req->itt;
		c->seq_lun = req->lun;
		c->seq_ttt = ISCSIP_TAG_RESERVED;
		c->in_len = 0;
	}
	memcpy(c->tin + c->in_len, data, req->dsl);
	c->in_len += req->dsl;
	return ISCSIP_VERDICT_OK;
}

struct iscsip_verdict conv_text_payload(struct conv *c, const struct iscsip_req *req)
{
	struct iscsip_verdict v = ISCSIP_VERDICT_OK;

	if (!c->seq || c->seq_itt != req->itt)
		return v;
	if (c->in_len && !req->cont)
		v = answer(c);
	if (v.action != ISCSIP_OK)
		return v;
	return respond(c, req->final);
}
