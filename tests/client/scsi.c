// SPDX-License-Identifier: GPL-2.0
#include "iscsi_client.h"

#include <string.h>

#define BLOCK	512

void fill(uint8_t *b, size_t len, uint32_t seed)
{
	for (size_t i = 0; i < len; i++)
		b[i] = (i * 2654435761u + seed * 40503u) >> 13 ^ i / 512 ^ seed;
}

struct scsi *scsi_new(unsigned int lun, const void *cdb, size_t len)
{
	struct scsi *s = tap_alloc(sizeof(*s));

	s->lun = lun;
	memcpy(s->cdb, cdb, len);
	s->cdb_len = len < 16 ? 16 : len;
	s->attr = 1;
	return s;
}

/* READ(10) or WRITE(10), with a buffer of the right size */
struct scsi *scsi_rw(bool write, unsigned int lun, uint32_t lba,
		     uint32_t blocks)
{
	uint8_t cdb[10] = { write ? 0x2a : 0x28 };
	struct scsi *s;
	uint8_t *buf;

	put32(cdb + 2, lba);
	put16(cdb + 7, blocks);
	s = scsi_new(lun, cdb, sizeof(cdb));
	s->edtl = blocks * BLOCK;
	buf = tap_alloc(s->edtl);
	s->read = !write;
	s->write = write;
	if (write) {
		fill(buf, s->edtl, lba + tap_now());
		s->out = buf;
	} else {
		s->in = buf;
	}
	return s;
}

void scsi_imm(struct scsi *s, uint32_t len)
{
	s->imm_len = len;
	s->unsol_len = len;
}

struct scsi *scsi_pr_out(unsigned int lun, unsigned int action, uint64_t key, uint64_t sakey)
{
	uint8_t cdb[10] = { 0x5f, action, 5, [8] = 24 }, *b = tap_alloc(24);
	struct scsi *s = scsi_new(lun, cdb, sizeof(cdb));

	put32(b, key >> 32);
	put32(b + 4, key);
	put32(b + 8, sakey >> 32);
	put32(b + 12, sakey);
	s->write = true;
	s->out = b;
	s->edtl = 24;
	scsi_imm(s, 24);
	return s;
}

struct pdu *scsi_pdu(struct conn *c, struct scsi *s)
{
	struct pdu *p = pdu_new(OP_SCSI_CMD, s->attr);

	s->itt = next_itt();
	s->cmdsn = c->cmdsn;
	s->next_r2t = s->unsol_len > s->imm_len ? s->unsol_len : s->imm_len;
	if (s->no_final ? s->final : s->unsol_len <= s->imm_len)
		p->bhs[1] |= 0x80;
	if (s->read)
		p->bhs[1] |= 0x40;
	if (s->write)
		p->bhs[1] |= 0x20;
	lun_bytes(p->bhs + 8, s->lun);
	put32(p->bhs + 16, s->itt);
	put32(p->bhs + 20, s->edtl);
	put_sns(c, p, s->imm);
	memcpy(p->bhs + 32, s->cdb, 16);
	if (s->cdb_len > 16) {
		uint8_t a[256] = { 0 };

		memcpy(a + 1, s->cdb + 16, s->cdb_len - 16);
		pdu_ahs(p, 1, a, s->cdb_len - 15);
	}
	if (s->imm_len)
		pdu_data(p, s->out, s->imm_len);
	s->next = c->cmds;
	c->cmds = s;
	return p;
}

struct pdu *data_out_pdu(struct conn *c, struct scsi *s, uint32_t ttt,
			 uint32_t datasn, uint32_t off, uint32_t len, bool f)
{
	struct pdu *p = pdu_new(OP_DATA_OUT, f ? 0x80 : 0);

	lun_bytes(p->bhs + 8, s->lun);
	put32(p->bhs + 16, s->itt);
	put32(p->bhs + 20, ttt);
	put32(p->bhs + 28, c->keep_statsn ? c->ack : c->statsn);
	put32(p->bhs + 36, datasn);
	put32(p->bhs + 40, off);
	if (len)
		pdu_data(p, s->out + off, len);
	return p;
}

/* One sequence of Data-Out PDUs. */
void data_out(struct conn *c, struct scsi *s, uint32_t ttt, uint32_t off,
	      uint32_t len)
{
	uint32_t seg = s->seg ? s->seg : c->p.tgt_mrdsl, sn = 0;

	while (len) {
		uint32_t n = len < seg ? len : seg;

		if (!pdu_send(c, data_out_pdu(c, s, ttt, sn++, off, n, n == len)))
			return;
		off += n;
		len -= n;
	}
}

void scsi_send(struct conn *c, struct scsi *s)
{
	pdu_send(c, scsi_pdu(c, s));
	if (s->unsol_len > s->imm_len)
		data_out(c, s, NO_TAG, s->imm_len, s->unsol_len - s->imm_len);
}

void scsi_forget(struct conn *c, struct scsi *s)
{
	struct scsi **pp = &c->cmds;

	while (*pp && *pp != s)
		pp = &(*pp)->next;
	if (*pp)
		*pp = s->next;
}

static void on_r2t(struct conn *c, struct scsi *s, struct pdu *p)
{
	uint32_t off = PDU_OFFSET(p), len = PDU_LEN44(p);
	uint8_t lun[8];

	lun_bytes(lun, s->lun);
	CK(s->write, "an R2T for a command that writes nothing");
	CK(PDU_TTT(p) != NO_TAG, "an R2T with the reserved TTT (11.8.5)");
	CK(!memcmp(p->bhs + 8, lun, 8), "the R2T's LUN is not the command's");
	CK_EQ(PDU_DATASN(p), s->n_r2t, "R2TSN (11.8.2)");
	CK(len && len <= c->p.max_burst,
	   "the R2T wants %u bytes, MaxBurstLength is %u (11.8.4)", len,
	   c->p.max_burst);
	CK_EQ(off, s->next_r2t, "the R2T's offset (11.8: continuous ranges)");
	CK(off + len <= s->edtl, "the R2T reaches over the expected length");
	s->next_r2t = off + len;
	s->n_r2t++;
	s->r2t_open++;
	CK(s->r2t_open <= c->p.max_r2t,
	   "%u R2Ts are outstanding, MaxOutstandingR2T is %u (13.17)",
	   s->r2t_open, c->p.max_r2t);
	if (s->manual_r2t) {
		CK(s->n_held < ARRAY_SIZE(s->r2t), "too many R2Ts to hold");
		s->r2t[s->n_held++] = p;
		return;
	}
	data_out(c, s, PDU_TTT(p), off, len);
	s->r2t_open--;
}

static void on_data_in(struct conn *c, struct scsi *s, struct pdu *p)
{
	uint32_t off = PDU_OFFSET(p);

	CK(s->read, "Data-In for a command that reads nothing");
	CK_EQ(PDU_DATASN(p), s->n_in, "DataSN (11.7.5)");
	CK_EQ(off, s->in_len, "the Data-In's offset (11.7.6)");
	CK(off + p->dlen <= s->edtl,
	   "Data-In reaches to %u, only %u are expected", off + p->dlen, s->edtl);
	if (p->dlen)
		memcpy(s->in + off, p->data, p->dlen);
	s->in_len += p->dlen;
	s->n_in++;
	s->burst += p->dlen;
	CK(s->burst <= c->p.max_burst,
	   "a sequence of %u bytes, MaxBurstLength is %u (11.7.1)", s->burst,
	   c->p.max_burst);
	if (PDU_F(p)) {
		s->burst = 0;
		s->seqs++;
	}
	if (!(p->bhs[1] & 1))
		return;
	s->flags = p->bhs[1] & 0x06;
	s->status = PDU_STATUS(p);
	s->residual = PDU_LEN44(p);
	s->rsp = p;
	s->done = true;
}

static void on_response(struct scsi *s, struct pdu *p)
{
	s->response = PDU_RESPONSE(p);
	s->status = PDU_STATUS(p);
	s->flags = p->bhs[1] & 0x06;
	s->residual = PDU_LEN44(p);
	s->rsp = p;
	s->done = true;
	CK(s->flags != 6, "O and U in one response (11.4.1)");
	CK(!s->n_in || !s->burst,
	   "the last Data-In before the response had no F bit (11.7.1)");
	CK(PDU_DATASN(p) == s->n_in || !PDU_DATASN(p),
	   "ExpDataSN is %u, %u Data-In PDUs came (11.4.8)", PDU_DATASN(p),
	   s->n_in);
	if (p->dlen >= 2) {
		s->sense_len = get16(p->data);
		s->sense = p->data + 2;
		CK(2 + s->sense_len <= p->dlen,
		   "SenseLength %u in a data segment of %u bytes", s->sense_len,
		   p->dlen);
	}
}

bool scsi_feed(struct conn *c, struct pdu *p)
{
	struct scsi *s;
	int op = PDU_OP(p);

	if (op != OP_R2T && op != OP_DATA_IN && op != OP_SCSI_RSP)
		return false;
	for (s = c->cmds; s && s->itt != PDU_ITT(p); s = s->next)
		;
	if (!s)
		FAIL("%s for a task that is not outstanding (ITT 0x%x)",
		     op_name(op), PDU_ITT(p));
	if (op == OP_R2T)
		on_r2t(c, s, p);
	else if (op == OP_DATA_IN)
		on_data_in(c, s, p);
	else
		on_response(s, p);
	if (s->done) {
		if (s->cmdsn == c->cmdsn - 1 && !s->imm)
			CK(!sn_lt(PDU_EXPCMDSN(p), s->cmdsn + 1),
			   "the response comes before the command's acknowledgment");
		scsi_forget(c, s);
	}
	return true;
}

void scsi_wait(struct conn *c, struct scsi *s)
{
	struct pdu *p;

	while (!s->done) {
		p = pdu_recv(c);
		if (!p)
			FAIL("the target closed instead of answering a command");
		if (!scsi_feed(c, p))
			FAIL("expected a SCSI answer, got %s (0x%02x, reason 0x%02x)",
			     op_name(PDU_OP(p)), PDU_OP(p), p->bhs[2]);
	}
}

void scsi_run(struct conn *c, struct scsi *s)
{
	scsi_send(c, s);
	scsi_wait(c, s);
}

/* Runs it, once more after a unit attention; it has to be GOOD. */
void scsi_good(struct conn *c, struct scsi *s)
{
	struct scsi saved = *s;

	for (int i = 0; i < 4; i++) {
		*s = saved;
		scsi_run(c, s);
		if (s->status != 2 || s->sense_len < 3 ||
		    (s->sense[2] & 0xf) != 6)
			break;
	}
	CK_EQ(s->response, 0, "the iSCSI response code");
	if (s->status == 2 && s->sense_len > 13)
		FAIL("CHECK CONDITION, sense %x/%02x/%02x", s->sense[2] & 0xf,
		     s->sense[12], s->sense[13]);
	CK_EQ(s->status, 0, "the SCSI status");
}

/* Pass -1 for what does not matter. */
void scsi_check(struct scsi *s, int key, int asc, int ascq)
{
	CK_EQ(s->response, 0, "the iSCSI response code");
	CK_EQ(s->status, 2, "the SCSI status");
	CK(s->sense_len >= 14, "sense data of %u bytes", s->sense_len);
	if (key >= 0)
		CK_EQ(s->sense[2] & 0xf, key, "the sense key");
	if (asc >= 0)
		CK_EQ(s->sense[12], asc, "the additional sense code");
	if (ascq >= 0)
		CK_EQ(s->sense[13], ascq, "the sense code's qualifier");
}

void scsi_tur(struct conn *c, unsigned int lun)
{
	static const uint8_t cdb[6];

	scsi_good(c, scsi_new(lun, cdb, 6));
}

void scsi_settle(struct conn *c, unsigned int lun)
{
	scsi_tur(c, lun);
}

/* Writes, then reads back on the same connection and compares. */
void scsi_write_check(struct conn *c, unsigned int lun, uint32_t lba,
		      uint32_t blocks, uint32_t imm_len, uint32_t unsol_len)
{
	struct scsi *w = scsi_rw(true, lun, lba, blocks), *r;
	uint32_t i;

	w->imm_len = imm_len;
	w->unsol_len = unsol_len > imm_len ? unsol_len : imm_len;
	scsi_good(c, w);
	CK(!w->flags, "a residual where there is none");
	r = scsi_rw(false, lun, lba, blocks);
	scsi_good(c, r);
	CK_EQ(r->in_len, r->edtl, "the length read back");
	for (i = 0; i < r->edtl && r->in[i] == w->out[i]; i++)
		;
	CK(i == r->edtl, "data differ at offset %u: wrote %02x, read %02x", i,
	   w->out[i], r->in[i]);
}

void conn_healthy(struct conn *c)
{
	struct pdu *p = nop_ping(c, "still there?", 12);

	CK(p->dlen == 12 && !memcmp(p->data, "still there?", 12),
	   "a ping's data come back changed");
	scsi_tur(c, 0);
	scsi_write_check(c, 0, 64, 4, 0, 0);
}

void target_healthy(void)
{
	struct conn *c = login_normal();

	conn_healthy(c);
	logout(c, 0, 0);
}
