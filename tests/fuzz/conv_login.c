// SPDX-License-Identifier: GPL-2.0
#include "conv.h"

#define LOGIN_OUT	ISCSIP_MRDSL_DEFAULT

void conv_login_rsp(struct conv *c, const struct iscsip_req *req,
		    const struct iscsip_login_result *r, u16 status, u32 dsl)
{
	u8 *bhs = malloc(ISCSIP_BHS_LEN);
	struct iscsip_sn sn;

	conv_numbers(c, &sn, true);
	iscsip_put_login_rsp(bhs, &sn, req->itt, req->login.isid, req->login.tsih, r->transit,
			     false, r->csg, r->nsg, 0, 0, status, dsl);
	conv_sent(c, bhs, ISCSIP_OP_LOGIN_RSP, req->itt, dsl, true);
	MUST((bhs[1] >> 2 & 3) == r->csg && (bhs[1] & 3) == r->nsg);
	MUST(iscsip_get16(bhs + 36) == status && !memcmp(bhs + 8, req->login.isid, 6));
	free(bhs);
	if (status)
		c->over = true;
}

/* The text of one PDU behind what there is; a byte of 1 is the CHAP response. */
static struct iscsip_verdict join(struct conv *c, const u8 *data, u32 len)
{
	char hex[2 * ISCSIP_CHAP_DIGEST_MAX + 1];
	u32 i, n;

	if (c->ltext_len + len > ISCSIP_LOGIN_TEXT_MAX)
		return ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_INITIATOR_ERROR, "too much login text");
	for (i = 0; i < len; i++) {
		n = data[i] == 1 ? right_response(c->l, hex) : 0;
		if (n && c->ltext_len + n + len - i <= ISCSIP_LOGIN_TEXT_MAX) {
			memcpy(c->ltext + c->ltext_len, hex, n);
			c->ltext_len += n;
			c->response_given = true;
		} else {
			c->ltext[c->ltext_len++] = data[i];
		}
	}
	return ISCSIP_VERDICT_OK;
}

static struct iscsip_verdict step(struct conv *c, const struct iscsip_req *req,
				  struct iscsip_out *out, struct iscsip_login_result *r)
{
	struct iscsip_login_offer offer;
	struct iscsip_verdict v;
	char *text = copy_of(c->ltext, c->ltext_len);

	v = ISCSIP_VERDICT_OK;
	if (!c->located) {
		v = iscsip_login_names(c->l, text, c->ltext_len);
		if (v.action == ISCSIP_OK) {
			make_offer(&offer, c->offer_a, c->offer_b);
			iscsip_login_offer_set(c->l, &offer);
			c->located = true;
		}
	}
	if (v.action == ISCSIP_OK)
		v = iscsip_login_step(c->l, req, text, c->ltext_len, out, r);
	check_out(out);
	free(text);
	return v;
}

static void finish(struct conv *c)
{
	struct iscsip_login *l = c->l;

	check_login_done(l, c->response_given);
	c->p = l->params;
	c->type = l->type;
	c->cid = l->cid;
	c->hdgst = c->p.header_digest == ISCSIP_DIGEST_CRC32C;
	c->ddgst = c->p.data_digest == ISCSIP_DIGEST_CRC32C;
	c->phase = l->type == ISCSIP_SESSION_DISCOVERY ? ISCSIP_PHASE_DISCOVERY :
							 ISCSIP_PHASE_FULL;
	iscsip_window_init(&c->win, l->cmdsn, 1 + (c->options & 7) % CONV_DEPTH);
	c->last_max = c->win.max;
	c->have_win = true;
	c->l = NULL;
	free(l);
	if (c->options & 16)
		conv_async(c, ISCSIP_ASYNC_REQUEST_LOGOUT);
}

struct iscsip_verdict conv_login(struct conv *c, const struct iscsip_req *req,
				 const u8 *data)
{
	struct iscsip_login_result r = { .csg = req->login.csg };
	struct iscsip_verdict v;
	struct iscsip_out out;
	char *buf;
	u8 stage;

	v = iscsip_login_check(c->l, req);
	if (v.action == ISCSIP_OK)
		v = join(c, data, req->dsl);
	if (v.action != ISCSIP_OK)
		return v;
	if (req->cont) {
		conv_login_rsp(c, req, &r, 0, 0);
		return v;
	}
	buf = malloc(LOGIN_OUT);
	iscsip_out_init(&out, buf, LOGIN_OUT);
	stage = c->l->stage;
	v = step(c, req, &out, &r);
	c->ltext_len = 0;
	if (v.action == ISCSIP_OK) {
		MUST(!out.full && r.csg == stage);
		MUST(!r.transit || (req->final && r.nsg > stage && r.nsg <= req->login.nsg));
		MUST(r.transit || (!r.nsg && !r.done));
		MUST(r.done == (r.transit && r.nsg == ISCSIP_STAGE_FULL));
		conv_login_rsp(c, req, &r, 0, out.len);
		if (r.done)
			finish(c);
	}
	free(buf);
	return v;
}
