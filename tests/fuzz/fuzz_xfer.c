// SPDX-License-Identifier: GPL-2.0
/*
 * A command's parameters, then what happens to it: Data-Outs, mostly near what
 * would be right, and R2Ts as they fall due. No byte may come twice or outside.
 */
#include "fuzz.h"

#define EDTL_MAX	65536

struct model {
	struct iscsip_xfer x;
	struct iscsip_params p;
	u32 edtl, next_ttt, asked;
	u8 *got;
};

static u32 near(struct input *in, u32 right)
{
	u8 how = take8(in);

	if (how < 200)
		return right;
	return how < 240 ? right + how - 220 : take32(in);
}

static void data_out(struct model *m, struct input *in)
{
	const struct iscsip_burst *b = &m->x.burst[m->x.r2t_head % ISCSIP_R2T_MAX];
	bool unsol = m->x.unsolicited;
	u32 pos = unsol ? m->x.received : b->pos;
	u32 end = unsol ? m->x.unsol_end : b->end;
	struct iscsip_verdict v;
	struct iscsip_req req;
	u32 part, i;

	memset(&req, 0, sizeof(req));
	req.opcode = ISCSIP_OP_DATA_OUT;
	part = take8(in) & 1 ? end - pos : iscsip_min(end - pos, take8(in) * 8);
	req.ttt = near(in, unsol ? ISCSIP_TAG_RESERVED : b->ttt);
	req.dsl = near(in, part) & 0xffffff;
	req.data_out.datasn = near(in, unsol ? m->x.unsol_datasn : b->datasn);
	req.data_out.offset = near(in, pos);
	req.final = near(in, req.dsl == end - pos) & 1;
	v = iscsip_xfer_data_out(&m->x, &req);
	check_verdict(v);
	if (v.action != ISCSIP_OK)
		return;
	MUST(unsol == (req.ttt == ISCSIP_TAG_RESERVED));
	MUST(req.data_out.offset <= m->edtl);
	MUST(req.dsl <= m->edtl - req.data_out.offset);
	for (i = 0; i < req.dsl; i++)
		MUST(!m->got[req.data_out.offset + i]++);
	iscsip_xfer_data_done(&m->x, &req);
	MUST(m->x.received <= m->edtl);
}

static void r2t(struct model *m)
{
	u32 r2tsn, offset, len, before = m->x.r2tsn;

	if (!iscsip_xfer_next_r2t(&m->x, &m->p, m->next_ttt, &r2tsn, &offset, &len))
		return;
	MUST(!m->x.unsolicited && r2tsn == before);
	MUST(len && len <= m->p.max_burst);
	MUST(offset == m->asked && len <= m->edtl - offset);
	MUST(m->x.r2t_open <= ISCSIP_R2T_MAX);
	MUST(m->x.r2t_open <= m->p.max_outstanding_r2t);
	m->asked = offset + len;
	m->next_ttt++;
}

static void write_command(struct model *m, struct input *in)
{
	u32 imm = take32(in) % (m->edtl + 2), i;
	bool final = take8(in) & 1;

	if (iscsip_xfer_write_init(&m->x, &m->p, m->edtl, imm, final).action != ISCSIP_OK)
		return;
	MUST(imm <= m->edtl && imm <= m->p.first_burst);
	MUST(!imm || m->p.immediate_data);
	MUST(final || !m->p.initial_r2t);
	memset(m->got, 1, imm);
	m->asked = m->x.r2t_next;
	MUST(m->asked <= iscsip_max(imm, m->p.first_burst));
	while (in->pos < in->end && !iscsip_xfer_complete(&m->x)) {
		if (take8(in) & 1)
			r2t(m);
		else
			data_out(m, in);
	}
	if (!iscsip_xfer_complete(&m->x))
		return;
	MUST(m->x.received == m->edtl);
	for (i = 0; i < m->edtl; i++)
		MUST(m->got[i] == 1);
}

static void read_command(struct model *m)
{
	u32 datasn, offset, len, next = 0, sn = 0, burst = 0;
	bool final, last = false;

	iscsip_xfer_read_init(&m->x, m->edtl);
	while (iscsip_xfer_next_data_in(&m->x, &m->p, &datasn, &offset, &len, &final,
					&last)) {
		MUST(offset == next && datasn == sn++);
		MUST(len && len <= m->p.mrdsl_remote);
		next += len;
		burst += len;
		MUST(burst <= m->p.max_burst && last == (next == m->edtl));
		MUST(final == (last || burst == m->p.max_burst));
		if (final)
			burst = 0;
	}
	MUST(next == m->edtl && (last || !m->edtl));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, data + size };
	struct model m;
	u8 options = take8(&in);

	memset(&m, 0, sizeof(m));
	iscsip_params_default(&m.p);
	m.p.initial_r2t = options & 1;
	m.p.immediate_data = options & 2;
	m.p.max_outstanding_r2t = 1 + (options >> 2 & 15);
	m.edtl = take32(&in) % (EDTL_MAX + 1);
	m.p.max_burst = 512 + take32(&in) % 16384;
	m.p.first_burst = 512 + take32(&in) % 16384;
	m.p.mrdsl_remote = 512 + take32(&in) % 16384;
	m.got = calloc(1, m.edtl + 1);
	if (options & 64)
		read_command(&m);
	else
		write_command(&m, &in);
	free(m.got);
	return 0;
}
