// SPDX-License-Identifier: GPL-2.0
/*
 * The receiver: bytes become requests, requests verdicts, and verdicts answers.
 */
#include "conv.h"

void conv_init(struct conv *c, const u8 *data, size_t size)
{
	memset(c, 0, sizeof(*c));
	c->in.pos = data;
	c->in.end = data + size;
	c->offer_a = take8(&c->in);
	c->offer_b = take8(&c->in);
	c->options = take8(&c->in);
	c->phase = ISCSIP_PHASE_LOGIN;
	iscsip_params_default(&c->p);
	c->l = malloc(sizeof(*c->l));
	iscsip_login_init(c->l, &fuzz_hash);
	c->ltext = malloc(ISCSIP_LOGIN_TEXT_MAX);
	/* the numbers of tags wrap, and one of them is reserved */
	c->next_ttt = c->options & 64 ? ISCSIP_TAG_RESERVED - 2 : 0;
	c->statsn = c->options & 128 ? ISCSIP_TAG_RESERVED : 0;
}

void conv_end(struct conv *c)
{
	free(c->l);
	free(c->ltext);
	free(c->tout);
}

/* ---- tasks -------------------------------------------------------------- */

static struct task *task_find(struct conv *c, u32 itt)
{
	struct task *t;

	for (t = c->tasks; t < c->tasks + CONV_TASKS; t++)
		if (t->used && !t->other && t->req.itt == itt)
			return t;
	return NULL;
}

static struct task *task_new(struct conv *c, const struct iscsip_req *req)
{
	struct task *t;

	for (t = c->tasks; t < c->tasks + CONV_TASKS && t->used; t++)
		;
	if (t == c->tasks + CONV_TASKS)
		return NULL;
	memset(t, 0, sizeof(*t));
	t->used = true;
	t->req = *req;
	return t;
}

static void task_over(struct conv *c, struct task *t)
{
	if (!t->other && !t->req.immediate)
		iscsip_window_give(&c->win);
	t->used = false;
}

static void tmf_run(struct conv *c, struct task *t)
{
	u8 response = ISCSIP_TMF_COMPLETE, *bhs = malloc(ISCSIP_BHS_LEN);
	u8 fn = t->req.tmf.function;
	struct task *other;
	struct iscsip_sn sn;

	if (fn == ISCSIP_TMF_ABORT_TASK) {
		other = task_find(c, t->req.tmf.rtt);
		if (other && other != t && !other->tmf && !other->held)
			task_over(c, other);
		else
			response = ISCSIP_TMF_NO_TASK;
	} else if (fn == ISCSIP_TMF_LUN_RESET || fn == ISCSIP_TMF_ABORT_TASK_SET) {
		for (other = c->tasks; other < c->tasks + CONV_TASKS; other++)
			if (other->used && !other->held && !other->tmf && !other->other)
				task_over(c, other);
	} else {
		response = ISCSIP_TMF_NOT_SUPPORTED;
	}
	conv_numbers(c, &sn, true);
	iscsip_put_tmf_rsp(bhs, &sn, t->req.itt, response);
	conv_sent(c, bhs, ISCSIP_OP_TMF_RSP, t->req.itt, 0, true);
	MUST(bhs[2] == response);
	free(bhs);
	task_over(c, t);
}

/* More of a write has come, or it was its turn: ask for the rest, or end it. */
static void write_more(struct conv *c, struct task *t)
{
	if (!iscsip_xfer_complete(&t->x)) {
		conv_r2ts(c, t);
		return;
	}
	MUST(t->x.received == t->req.scsi.edtl);
	conv_scsi_rsp(c, t, 0, t->req.scsi.cdb[1] & 1 ? 2 : 0);
	task_over(c, t);
}

static void scsi_start(struct conv *c, struct task *t)
{
	/* a disk that does not answer: only an abort ends these */
	if (t->req.scsi.cdb[0] == 0xff && !t->write)
		return;
	if (t->write) {
		write_more(c, t);
		return;
	}
	iscsip_xfer_read_init(&t->x, t->req.scsi.read ?
			      iscsip_min(t->req.scsi.edtl, CONV_DISK) : 0);
	if (t->x.want && !t->req.scsi.cdb[15])
		conv_data_in(c, t);
	else
		conv_scsi_rsp(c, t, t->req.scsi.cdb[15] & 1, t->req.scsi.cdb[15] & 2);
	task_over(c, t);
}

/* ---- requests that are answered at once --------------------------------- */

static void nop_in(struct conv *c, const struct iscsip_req *req)
{
	u32 dsl = iscsip_min(req->dsl, c->p.mrdsl_remote);
	u8 *bhs;
	struct iscsip_sn sn;

	if (req->itt == ISCSIP_TAG_RESERVED)
		return;
	bhs = malloc(ISCSIP_BHS_LEN);
	conv_numbers(c, &sn, true);
	iscsip_put_nop_in(bhs, &sn, req->lun, req->itt, ISCSIP_TAG_RESERVED, dsl);
	conv_sent(c, bhs, ISCSIP_OP_NOP_IN, req->itt, dsl, true);
	MUST(iscsip_get64(bhs + 8) == req->lun);
	free(bhs);
}

static void logout_rsp(struct conv *c, const struct iscsip_req *req)
{
	u8 *bhs = malloc(ISCSIP_BHS_LEN), response = ISCSIP_LOGOUT_NO_RECOVERY;
	struct iscsip_sn sn;

	if (req->logout.reason == ISCSIP_LOGOUT_SESSION)
		response = ISCSIP_LOGOUT_OK;
	else if (req->logout.reason == ISCSIP_LOGOUT_CONN)
		response = req->logout.cid == c->cid ? ISCSIP_LOGOUT_OK : ISCSIP_LOGOUT_NO_CID;
	conv_numbers(c, &sn, true);
	iscsip_put_logout_rsp(bhs, &sn, req->itt, response, c->p.default_time2wait,
			      c->p.default_time2retain);
	conv_sent(c, bhs, ISCSIP_OP_LOGOUT_RSP, req->itt, 0, true);
	MUST(bhs[2] == response);
	MUST(iscsip_get16(bhs + 40) == c->p.default_time2wait);
	free(bhs);
	c->over = response == ISCSIP_LOGOUT_OK;
}

static void due(struct conv *c, struct task *t)
{
	struct iscsip_req req = t->req;
	struct iscsip_verdict v = ISCSIP_VERDICT_OK;

	t->held = false;
	if (t->tmf) {
		tmf_run(c, t);
	} else if (!t->other) {
		scsi_start(c, t);
	} else {
		t->used = false;
		if (req.opcode == ISCSIP_OP_TEXT)
			v = conv_text_payload(c, &req);
		else if (req.opcode == ISCSIP_OP_LOGOUT)
			logout_rsp(c, &req);
		else
			nop_in(c, &req);
	}
	c->over |= v.action != ISCSIP_OK;
}

static struct task *next_due(struct conv *c)
{
	struct task *t;

	for (t = c->tasks; t < c->tasks + CONV_TASKS; t++)
		if (t->used && t->held && t->req.cmdsn == c->win.exp)
			return t;
	return NULL;
}

static void run_held(struct conv *c)
{
	struct task *t;

	while (!c->over && (t = next_due(c))) {
		iscsip_window_advance(&c->win);
		due(c, t);
	}
}

/* ---- by opcode ---------------------------------------------------------- */

static enum iscsip_window_verdict enter(struct conv *c, const struct iscsip_req *req)
{
	enum iscsip_window_verdict v;
	struct task *t;

	if (req->immediate)
		return ISCSIP_WIN_IN_ORDER;
	v = iscsip_window_check(&c->win, req->cmdsn);
	/* a number that is in order can't be held */
	for (t = c->tasks; t < c->tasks + CONV_TASKS; t++)
		if (t->used && t->held && t->req.cmdsn == req->cmdsn)
			return ISCSIP_WIN_OUTSIDE;
	return v;
}

static struct iscsip_verdict start(struct conv *c, struct task *t,
				   enum iscsip_window_verdict order, bool digest_ok)
{
	if (!digest_ok) {
		/* 7.3: as if it had never come */
		t->used = false;
		conv_reject(c, ISCSIP_REJ_DATA_DIGEST);
		return ISCSIP_VERDICT_OK;
	}
	if (!t->other && !t->req.immediate)
		iscsip_window_take(&c->win);
	t->held = order == ISCSIP_WIN_GAP;
	if (t->held)
		return ISCSIP_VERDICT_OK;
	if (!t->req.immediate)
		iscsip_window_advance(&c->win);
	due(c, t);
	return ISCSIP_VERDICT_OK;
}

static struct iscsip_verdict build(struct conv *c, struct task *t, const u8 *ahs)
{
	struct iscsip_req *req = &t->req;
	u8 *cdb = malloc(ISCSIP_CDB_MAX), *exact = copy_of(ahs, req->ahs_len);
	struct iscsip_verdict v;
	u16 cdb_len;
	u32 bidi;

	v = iscsip_parse_ahs(exact, req->ahs_len, req, cdb, &cdb_len, &bidi);
	MUST(cdb_len >= 16 && cdb_len <= ISCSIP_CDB_MAX && !memcmp(cdb, req->scsi.cdb, 16));
	free(exact);
	free(cdb);
	if (v.action != ISCSIP_OK)
		return v;
	if (bidi)
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_CMD_NOT_SUPPORTED, "bidirectional");
	t->write = req->scsi.write && req->scsi.edtl;
	if (t->write) {
		v = iscsip_xfer_write_init(&t->x, &c->p, req->scsi.edtl, req->dsl, req->final);
		t->asked = t->x.r2t_next;
		MUST(v.action != ISCSIP_OK || t->asked <= iscsip_max(req->dsl, c->p.first_burst));
		return v;
	}
	if (req->dsl)
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_PROTOCOL, "data without a write");
	return v;
}

static struct iscsip_verdict command(struct conv *c, const struct iscsip_req *req,
				     const u8 *ahs, bool digest_ok)
{
	enum iscsip_window_verdict order = enter(c, req);
	struct iscsip_verdict v;
	struct task *t;

	if (order == ISCSIP_WIN_OUTSIDE)
		return ISCSIP_VERDICT_IGNORE("outside the window");
	if (task_find(c, req->itt))
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_TASK_IN_PROGRESS, "task tag in use");
	t = task_new(c, req);
	if (!t)
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_TOO_MANY_IMMEDIATE, "too many");
	if (req->opcode == ISCSIP_OP_TMF) {
		t->tmf = true;
	} else {
		v = build(c, t, ahs);
		if (v.action != ISCSIP_OK) {
			t->used = false;
			return v;
		}
	}
	return start(c, t, order, digest_ok);
}

static struct iscsip_verdict data_out(struct conv *c, struct iscsip_req *req, bool digest_ok)
{
	struct task *t = task_find(c, req->itt);
	struct iscsip_verdict v;

	if (!t || !t->write)
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_INVALID_FIELD, "no such write");
	v = iscsip_xfer_data_out(&t->x, req);
	if (v.action == ISCSIP_REJECT || (v.action == ISCSIP_OK && !digest_ok)) {
		if (t->held)
			return ISCSIP_VERDICT_DROP("bad data for a held command");
		conv_scsi_rsp(c, t, 0, 2);
		task_over(c, t);
		return v.action ? v : ISCSIP_VERDICT_REJECT(ISCSIP_REJ_DATA_DIGEST, "digest");
	}
	MUST(req->data_out.offset == t->x.received);
	MUST(req->dsl <= t->req.scsi.edtl - req->data_out.offset);
	MUST(req->data_out.offset + req->dsl <=
	     (req->ttt == ISCSIP_TAG_RESERVED ? t->x.unsol_end : t->asked));
	iscsip_xfer_data_done(&t->x, req);
	MUST(t->x.received <= t->req.scsi.edtl);
	if (!t->held)
		write_more(c, t);
	return v;
}

static struct iscsip_verdict simple(struct conv *c, const struct iscsip_req *req,
				    const u8 *data, bool digest_ok)
{
	enum iscsip_window_verdict order = enter(c, req);
	struct iscsip_verdict v;
	struct task *t;

	if (order == ISCSIP_WIN_OUTSIDE)
		return ISCSIP_VERDICT_IGNORE("outside the window");
	if (req->opcode == ISCSIP_OP_LOGOUT && req->logout.reason > ISCSIP_LOGOUT_RECOVERY)
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_INVALID_FIELD, "unknown reason");
	if (req->opcode == ISCSIP_OP_TEXT) {
		v = conv_text_header(c, req, data);
		if (v.action != ISCSIP_OK)
			return v;
		c->seq &= digest_ok;
	}
	t = task_new(c, req);
	if (!t)
		return ISCSIP_VERDICT_DROP("too many");
	t->other = true;
	return start(c, t, order, digest_ok);
}

/* ---- PDUs --------------------------------------------------------------- */

/* Puts in what a peer would have learnt from our answers. */
static void fix_up(struct conv *c, u8 *bhs, u32 dsl)
{
	u8 op = bhs[0] & 0x3f;
	struct task *t = task_find(c, iscsip_get32(bhs + 16));
	const struct iscsip_burst *b;
	u32 sn = iscsip_get32(bhs + 24);
	bool unsol;

	if (op == ISCSIP_OP_TEXT && iscsip_get32(bhs + 20) == RIGHT)
		iscsip_put32(bhs + 20, c->seq_ttt);
	if (op != ISCSIP_OP_DATA_OUT) {
		if (c->have_win && sn <= RIGHT && sn >= RIGHT_AND_2)
			iscsip_put32(bhs + 24, c->win.exp + (RIGHT - sn));
		return;
	}
	if (!t || !t->write)
		return;
	b = &t->x.burst[t->x.r2t_head % ISCSIP_R2T_MAX];
	unsol = t->x.unsolicited;
	if (iscsip_get32(bhs + 20) == RIGHT)
		iscsip_put32(bhs + 20, unsol ? ISCSIP_TAG_RESERVED : b->ttt);
	if (iscsip_get32(bhs + 36) == RIGHT)
		iscsip_put32(bhs + 36, unsol ? t->x.unsol_datasn : b->datasn);
	if (iscsip_get32(bhs + 40) == RIGHT)
		iscsip_put32(bhs + 40, unsol ? t->x.received : b->pos);
	/* a burst that this fills ends with it */
	if (bhs[2] & 1 && dsl == (unsol ? t->x.unsol_end - t->x.received : b->end - b->pos))
		bhs[1] |= 0x80;
}

static struct iscsip_verdict dispatch(struct conv *c, struct iscsip_req *req, const u8 *ahs,
				      const u8 *data, bool digest_ok)
{
	switch (req->opcode) {
	case ISCSIP_OP_LOGIN:
		return conv_login(c, req, data);
	case ISCSIP_OP_SCSI_CMD:
	case ISCSIP_OP_TMF:
		return command(c, req, ahs, digest_ok);
	case ISCSIP_OP_DATA_OUT:
		return data_out(c, req, digest_ok);
	case ISCSIP_OP_TEXT:
	case ISCSIP_OP_NOP_OUT:
	case ISCSIP_OP_LOGOUT:
		return simple(c, req, data, digest_ok);
	default:
		MUST(req->opcode == ISCSIP_OP_SNACK);
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_PROTOCOL, "nothing is sent again");
	}
}

static void act(struct conv *c, const struct iscsip_req *req, struct iscsip_verdict v)
{
	struct iscsip_login_result r = { .csg = req->login.csg };

	check_verdict(v);
	switch (v.action) {
	case ISCSIP_REJECT:
		MUST(c->have_win);
		conv_reject(c, v.code);
		break;
	case ISCSIP_LOGIN_FAIL:
		MUST(!c->have_win);
		if (req->opcode != ISCSIP_OP_LOGIN)
			r.csg = 0;
		conv_login_rsp(c, req, &r, v.code, 0);
		break;
	case ISCSIP_DROP:
		c->over = true;
		break;
	default:
		break;
	}
}

static const u8 *take(struct conv *c, u32 len)
{
	const u8 *p = c->in.pos;

	if ((size_t)(c->in.end - p) < len)
		return NULL;
	c->in.pos += len;
	return p;
}

bool conv_pdu(struct conv *c)
{
	u32 dsl, mrdsl = c->have_win ? c->p.mrdsl_local : ISCSIP_MRDSL_DEFAULT;
	const u8 *wire = take(c, ISCSIP_BHS_LEN), *ahs, *data;
	struct iscsip_verdict v;
	struct iscsip_req req;
	bool bad;
	u16 len;
	u8 *bhs;

	if (!wire || c->over)
		return false;
	bhs = copy_of(wire, ISCSIP_BHS_LEN);
	iscsip_bhs_lengths(bhs, &len, &dsl);
	ahs = take(c, len);
	fix_up(c, bhs, dsl);
	bad = c->ddgst && dsl && bhs[3] & BAD_DDGST;
	if (!ahs || (len && !c->have_win) || (c->hdgst && bhs[0] & BAD_HDGST)) {
		free(bhs);
		return false;
	}
	v = iscsip_decode(bhs, c->phase, mrdsl, &req);
	free(bhs);
	MUST(req.ahs_len == len && req.dsl == dsl);
	c->rx_cmdsn = req.cmdsn;
	data = take(c, dsl);
	take(c, iscsip_min(iscsip_pad(dsl), c->in.end - c->in.pos));
	if (v.action == ISCSIP_OK && data)
		v = dispatch(c, &req, ahs, data, !bad);
	if (!c->have_win && v.action == ISCSIP_OK)
		c->phase = ISCSIP_PHASE_LOGIN_STARTED;
	act(c, &req, v);
	if (c->have_win && !c->over)
		run_held(c);
	return data && !c->over;
}
