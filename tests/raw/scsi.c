// SPDX-License-Identifier: GPL-2.0
/* SCSI commands: reads, status, residuals, sense, addressing, AHS. */
#include "raw.h"

static struct scsi *reader(unsigned int lun, const void *cdb, size_t len,
			   uint32_t edtl)
{
	struct scsi *s = scsi_new(lun, cdb, len);

	s->read = true;
	s->edtl = edtl;
	s->in = tap_alloc(edtl);
	return s;
}

static struct scsi *inquiry(unsigned int lun, uint8_t alloc, uint32_t edtl)
{
	uint8_t cdb[6] = { 0x12, 0, 0, 0, alloc };

	return reader(lun, cdb, 6, edtl);
}

static void read_split(const void *arg)
{
	const uint32_t *a = arg;	/* MRDSL, MaxBurst, blocks */
	struct conn *c = login_keys(tap_fmt("MaxRecvDataSegmentLength=%u\n"
		"MaxBurstLength=%u\nFirstBurstLength=512\n", a[0], a[1]));
	struct scsi *s = scsi_rw(false, 0, 0, a[2]);

	scsi_good(c, s);
	CK_EQ(s->in_len, a[2] * 512, "the length read");
	CK(s->n_in >= (a[2] * 512 + a[0] - 1) / a[0], "%u Data-In PDUs", s->n_in);
	CK(s->seqs >= (a[2] * 512 + a[1] - 1) / a[1], "%u sequences", s->seqs);
	CK(!s->flags, "a residual where there is none");
}

static void underflow(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *s = inquiry(0, 36, 4096);

	(void)arg;
	scsi_good(c, s);
	CK_EQ(s->in_len, 36, "the length read");
	CK_EQ(s->flags, RES_U, "the O and U bits");
	CK_EQ(s->residual, 4096 - 36, "the residual count");
}

/* Less than either length: what counts is what is missing of the expected one. */
static void underflow_of_less(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *s = inquiry(0, 255, 200);

	(void)arg;
	scsi_good(c, s);
	CK(s->in_len < 200, "INQUIRY gave %u bytes", s->in_len);
	CK_EQ(s->flags, RES_U, "the O and U bits");
	CK_EQ(s->residual, 200 - s->in_len, "the residual count");
}

/* 11.4.5.3: the allocation length cuts before iSCSI sees the data. */
static void alloc_exceeds(const void *arg)
{
	static const uint8_t report[12] = { 0xa0, [8] = 16 }, inq[6] = { 0x12, [4] = 255 };
	struct conn *c = login_normal();
	struct scsi *s = reader(0, arg ? report : inq, arg ? 12 : 6, arg ? 4096 : 255), *t;
	uint32_t n;

	scsi_good(c, s);
	n = s->in_len;
	CK(n > 20 && n < 255, "the answer has %u bytes", n);
	t = reader(0, s->cdb, 16, n);
	scsi_good(c, t);
	CK_EQ(t->in_len, n, "the length read");
	CK(!memcmp(s->in, t->in, n), "data differ");
	CK_EQ(t->flags, 0, "the O and U bits, all being sent");
	t = reader(0, s->cdb, 16, n - 5);
	scsi_good(c, t);
	CK_EQ(t->in_len, n - 5, "the length read");
	CK(!memcmp(s->in, t->in, n - 5), "data differ");
	CK_EQ(t->flags, RES_O, "the O and U bits");
	CK_EQ(t->residual, 5, "the residual count");
	t = reader(0, s->cdb, 16, n + 3);
	scsi_good(c, t);
	CK_EQ(t->flags, RES_U, "the O and U bits");
	CK_EQ(t->residual, 3, "the residual count");
	conn_healthy(c);
}

/* A list that the target will never want in full, and has no memory for now */
static struct scsi *long_list(uint32_t edtl)
{
	static const uint8_t pr_out[10] = { 0x5f, PR_REGISTER_IGNORE, [8] = 24 };
	struct scsi *s = scsi_new(0, pr_out, sizeof(pr_out));

	s->write = true;
	s->edtl = edtl;
	s->manual_r2t = true;
	return s;
}

static void too_long(const void *arg)
{
	static const uint8_t report[12] = { 0xa0, [6] = 0x40 };
	struct conn *c = login_normal();
	struct scsi *s = long_list(256 << 20);

	(void)arg;
	scsi_settle(c, 0);
	scsi_send(c, s);
	scsi_wait(c, s);
	scsi_check(s, 5, 0x24, 0);
	s = long_list(0xfffffe00);
	scsi_send(c, s);
	scsi_wait(c, s);
	CK_EQ(s->status, 2, "the status for 4 GiB");
	s = scsi_new(0, report, sizeof(report));
	s->read = true;
	s->edtl = 1 << 30;
	scsi_send(c, s);
	scsi_wait(c, s);
	scsi_check(s, 5, 0x24, 0);
	conn_healthy(c);
}

/* Is data asked for, or is it one too many? */
static bool has_room(struct conn *c, struct scsi *s)
{
	while (!s->done && !s->n_held) {
		struct pdu *p = pdu_recv(c);

		CK(p, "the target closed");
		scsi_feed(c, p);
	}
	if (s->done)
		CK_EQ(s->status, 0x28, "the status of one too many");
	return !s->done;
}

/* A window of them, each as long as may be: an eighth of the memory, and others work. */
static void much_memory(const void *arg)
{
	struct conn *c = login_normal(), *d;
	struct scsi *s[60], *r;
	unsigned int taken = 0;

	(void)arg;
	scsi_settle(c, 0);
	for (int i = 0; i < 60; i++) {
		s[i] = long_list(32 << 20);
		scsi_send(c, s[i]);
	}
	for (int i = 0; i < 60; i++)
		taken += has_room(c, s[i]);
	CK(taken && taken < 30, "%u of 60 commands of 32 MiB were taken", taken);
	d = login_new(&(struct login_opts){ .session = "Normal", .initiator = env.ini2 });
	r = scsi_rw(false, 0, 0, 2048);
	scsi_good(d, r);
	conn_rst(c);
	conn_healthy(d);
}

/* Each connection has one command, as long as may be, until a quarter of the memory is gone. */
static void small_memory(const void *arg)
{
	struct conn *hogs[300], *c, *d;
	struct scsi *s, *t;
	unsigned int n = 0, taken = true;

	(void)arg;
	cfg_set(acl_path(env.ini, "attrib/dataout_timeout"), "60");
	tap_limit(60000);
	for (uint32_t len = 32 << 20; len > 64 << 10; len = taken ? len : len / 2) {
		CK(n < 300, "300 long commands were taken");
		if (taken) {
			hogs[n] = login_normal();
			scsi_settle(hogs[n++], 0);
		}
		s = long_list(len);
		scsi_send(hogs[n - 1], s);
		taken = has_room(hogs[n - 1], s);
	}
	c = login_normal();
	s = long_list(64 << 10);
	t = long_list(64 << 10);
	scsi_settle(c, 0);
	scsi_send(c, s);
	CK(has_room(c, s), "no room for the first one");
	scsi_send(c, t);
	CK(!has_room(c, t), "memory for any number of short ones");
	d = login_new(&(struct login_opts){ .session = "Normal", .initiator = env.ini2 });
	scsi_good(d, scsi_rw(false, 0, 0, 128));
	conn_healthy(d);
	while (n)
		conn_rst(hogs[--n]);
	for (n = 0; n < 200; n++) {
		t = long_list(64 << 10);
		scsi_send(c, t);
		if (has_room(c, t))
			return;
		usleep(50000);
	}
	CK(false, "the memory did not come back");
}

/* 4,000 of each; the script looks at the log. */
static void noise(const void *arg)
{
	struct conn *c = login_normal();
	struct conn *ro = login_new(&(struct login_opts){ .session = "Normal", .initiator = INI_RO });
	static const uint8_t tur[6];

	(void)arg;
	scsi_settle(c, 0);
	scsi_settle(ro, 0);
	for (int i = 0; i < 4000; i++) {
		struct scsi *s = scsi_new(LUN_NONE, tur, 6), *w = scsi_rw(true, 0, 0, 1);

		scsi_run(c, s);
		scsi_check(s, 5, 0x25, 0);
		w->manual_r2t = true;
		scsi_run(ro, w);
		scsi_check(w, 7, 0x27, 0);
		w = scsi_rw(i & 1, 0, 0x7ffffff0, 1);
		w->manual_r2t = true;
		scsi_run(c, w);
		scsi_check(w, 5, 0x21, 0);
		tap_limit(30000);
	}
	conn_healthy(c);
	scsi_good(ro, scsi_rw(false, 0, 0, 8));
}

static void alloc_truncates(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *s = inquiry(0, 36, 36);

	(void)arg;
	scsi_good(c, s);
	CK_EQ(s->in_len, 36, "the length read");
	CK_EQ(s->flags, 0, "the O and U bits (11.4.5.2)");
}

static void read_overflow(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *s = scsi_rw(false, 0, 0, 8);

	(void)arg;
	s->edtl = 1024;
	scsi_run(c, s);
	if (s->status == 2) {
		/* SPC lets the device server refuse the mismatch. */
		conn_healthy(c);
		return;
	}
	CK_EQ(s->status, 0, "the status");
	CK_EQ(s->in_len, 1024, "the length read");
	CK_EQ(s->flags, RES_O, "the O and U bits");
	CK_EQ(s->residual, 3072, "the residual count");
	conn_healthy(c);
}

static void read_underflow(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *s = scsi_rw(false, 0, 0, 2);

	(void)arg;
	s->edtl = 8192;
	s->in = tap_alloc(8192);
	scsi_good(c, s);
	CK_EQ(s->in_len, 1024, "the length read");
	CK_EQ(s->flags, RES_U, "the O and U bits");
	CK_EQ(s->residual, 8192 - 1024, "the residual count");
	conn_healthy(c);
}

static void write_underflow(const void *arg)
{
	struct conn *c = login_keys(*(const int *)arg ? "InitialR2T=Yes\n" :
				    "ImmediateData=No\n");
	struct scsi *s = scsi_rw(true, 0, 0, 2);
	uint8_t *b = tap_alloc(8192);

	fill(b, 8192, 7);
	s->out = b;
	s->edtl = 8192;
	scsi_imm(s, *(const int *)arg ? 8192 : 0);
	scsi_run(c, s);
	CK(s->status == 0 || s->status == 2, "status 0x%02x", s->status);
	if (!s->status) {
		CK_EQ(s->flags, RES_U, "the O and U bits");
		CK_EQ(s->residual, 8192 - 1024, "the residual count");
	}
	conn_healthy(c);
}

static void write_overflow(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *s = scsi_rw(true, 0, 0, 8);

	s->edtl = 1024;
	scsi_imm(s, *(const int *)arg ? 1024 : 0);
	scsi_run(c, s);
	CK(s->status == 0 || s->status == 2, "status 0x%02x", s->status);
	if (!s->status) {
		CK_EQ(s->flags, RES_O, "the O and U bits");
		CK_EQ(s->residual, 3072, "the residual count");
	}
	conn_healthy(c);
}

static void bad_cdb(const void *arg)
{
	static const uint8_t cdb[6] = { 0xff };
	struct conn *c = login_normal();
	struct scsi *s = scsi_new(0, cdb, 6);

	(void)arg;
	scsi_settle(c, 0);
	scsi_run(c, s);
	scsi_check(s, 5, 0x20, 0);
	conn_healthy(c);
}

static struct conn *unsolicited(bool yes)
{
	if (!yes)
		return login_normal();
	tpg_set("param/InitialR2T", "No");
	return login_keys("InitialR2T=No\n");
}

static void bad_cdb_with_data(const void *arg)
{
	const char *how = arg;
	struct conn *c = unsolicited(*how == 'u');
	struct scsi *s = scsi_rw(true, 0, 0, 16);

	scsi_settle(c, 0);
	s->cdb[0] = 0xfe;
	if (*how == 'i')
		scsi_imm(s, s->edtl);
	if (*how == 'u')
		s->unsol_len = s->edtl;
	scsi_run(c, s);
	scsi_check(s, 5, 0x20, 0);
	conn_healthy(c);
}

static void bad_read(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *s = scsi_rw(false, 0, 0x7fffffff, 8);

	scsi_settle(c, 0);
	scsi_run(c, s);
	scsi_check(s, 5, 0x21, 0);
	CK_EQ(s->in_len, 0, "the length read");
	CK_EQ(PDU_DATASN(s->rsp), 0, "ExpDataSN without Data-In (11.4.8)");
	if (arg)
		CK(s->flags == RES_U && s->residual == 4096,
		   "flags %x, residual %u, expected U and 4096", s->flags,
		   s->residual);
}

static void exp_data_sn(const void *arg)
{
	struct conn *c = login_keys("MaxRecvDataSegmentLength=1024\n");
	struct scsi *s = inquiry(0, 255, 4096);

	(void)arg;
	scsi_good(c, s);
	if (PDU_OP(s->rsp) == OP_SCSI_RSP)
		CK_EQ(PDU_DATASN(s->rsp), s->n_in, "ExpDataSN");
}

static void immediate(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *s = inquiry(0, 96, 96);
	uint32_t sn = c->cmdsn;

	(void)arg;
	scsi_settle(c, 0);
	sn = c->cmdsn;
	s->imm = true;
	scsi_good(c, s);
	CK(s->in_len >= 36, "INQUIRY gave %u bytes", s->in_len);
	CK_EQ(c->cmdsn, sn, "the client's CmdSN");
	CK_EQ(PDU_EXPCMDSN(s->rsp), sn, "ExpCmdSN after an immediate command");
	conn_healthy(c);
}

static void immediate_write(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *s = scsi_rw(true, 0, 8, 8), *r = scsi_rw(false, 0, 8, 8);

	(void)arg;
	s->imm = true;
	scsi_imm(s, 1024);
	scsi_good(c, s);
	scsi_good(c, r);
	CK(!memcmp(r->in, s->out, 4096), "data differ");
}

static void attributes(const void *arg)
{
	struct conn *c = login_normal();

	(void)arg;
	for (int attr = 0; attr <= 3; attr++) {
		static const uint8_t cdb[6];
		struct scsi *s = scsi_new(0, cdb, 6);

		s->attr = attr;
		scsi_good(c, s);
	}
}

/* A CDB of 32 bytes in an AHS: READ(32) works or is an invalid command. */
static void long_cdb(const void *arg)
{
	uint8_t cdb[32] = { 0x7f };
	struct conn *c = login_normal();
	struct scsi *s;

	(void)arg;
	cdb[7] = 24;
	put16(cdb + 8, 0x0009);
	put32(cdb + 28, 8);
	scsi_settle(c, 0);
	s = reader(0, cdb, 32, 4096);
	scsi_run(c, s);
	if (s->status == 2)
		scsi_check(s, 5, -1, -1);
	else
		CK_EQ(s->in_len, 4096, "the length read");
	conn_healthy(c);
}

static void unknown_long_cdb(const void *arg)
{
	uint8_t cdb[64] = { 0x7f };
	struct conn *c = login_normal();
	struct scsi *s;

	scsi_settle(c, 0);
	cdb[7] = *(const int *)arg - 8;
	put16(cdb + 8, 0xfff0);
	s = scsi_new(0, cdb, *(const int *)arg);
	scsi_run(c, s);
	scsi_check(s, 5, -1, -1);
	conn_healthy(c);
}

static void long_cdb_write(const void *arg)
{
	uint8_t cdb[32] = { 0x7f };
	struct conn *c = login_normal();
	struct scsi *s = scsi_rw(true, 0, 0, 8);

	(void)arg;
	scsi_settle(c, 0);
	cdb[7] = 24;
	put16(cdb + 8, 0xfff0);
	memcpy(s->cdb, cdb, 32);
	s->cdb_len = 32;
	scsi_imm(s, 4096);
	scsi_run(c, s);
	scsi_check(s, 5, -1, -1);
	conn_healthy(c);
}

/* Any answer will do that leaves target and, if it stays, connection sane. */
static void odd_ahs(const void *arg)
{
	const char *how = arg;
	struct conn *c = login_normal();
	static const uint8_t cdb[6];
	uint8_t b[1024] = { 0 };
	struct scsi *s = scsi_new(0, cdb, 6);
	struct pdu *p = scsi_pdu(c, s), *r;

	if (!strcmp(how, "unknown"))
		pdu_ahs(p, 9, b, 5);
	else if (!strcmp(how, "zero length"))
		p->ahs_len = 4;
	else if (!strcmp(how, "too long inside"))
		p->ahs_len = 8, p->ahs[0] = 1, p->ahs[2] = 1;
	else if (!strcmp(how, "two cdbs"))
		pdu_ahs(p, 1, b, 17), pdu_ahs(p, 1, b, 17);
	else if (!strcmp(how, "short cdb"))
		pdu_ahs(p, 1, b, 1);
	else if (!strcmp(how, "biggest"))
		pdu_ahs(p, 1, b, 1017);
	else
		FAIL("unknown case %s", how);
	pdu_send(c, p);
	r = pdu_recv(c);
	CK(!r || PDU_OP(r) == OP_REJECT || PDU_OP(r) == OP_SCSI_RSP, "it got %s",
	   r ? op_name(PDU_OP(r)) : "");
	if (r && PDU_OP(r) == OP_SCSI_RSP)
		conn_healthy(c);
	target_healthy();
}

static void bidi(const void *arg)
{
	const char *how = arg;
	struct conn *c = login_normal();
	struct scsi *s = scsi_rw(true, 0, 0, 8);
	struct pdu *p, *r;
	uint8_t b[5] = { 0 };

	scsi_settle(c, 0);
	s->read = true;
	s->in = tap_alloc(4096);
	p = scsi_pdu(c, s);
	put32(b + 1, 4096);
	if (*how == 'a')
		pdu_ahs(p, 2, b, 5);
	pdu_send(c, p);
	do {
		r = pdu_recv(c);
	} while (r && PDU_OP(r) != OP_REJECT && scsi_feed(c, r) && !s->done);
	CK(!r || PDU_OP(r) == OP_REJECT || s->done, "it got %s",
	   r ? op_name(PDU_OP(r)) : "");
	if (s->done)
		conn_healthy(c);
	target_healthy();
}

static void lun_works(const void *arg)
{
	struct conn *c = login_normal();
	unsigned int lun = *(const int *)arg;

	scsi_settle(c, lun);
	scsi_write_check(c, lun, 0, 8, 0, 0);
}

/* LUN 1 in the flat space's format (SAM-2) is LUN 1. */
static void flat_one(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *s = inquiry(1, 96, 96);
	struct pdu *p;

	(void)arg;
	scsi_settle(c, 1);
	p = scsi_pdu(c, s);
	p->bhs[8] = 0x40;
	pdu_send(c, p);
	scsi_wait(c, s);
	if (s->status)
		scsi_check(s, 5, 0x25, 0);
	else
		CK(s->in[0] == 0 || s->in[0] == 0x7f,
		   "the peripheral byte is 0x%02x", s->in[0]);
}

static void luns_apart(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *a = scsi_rw(true, 0, 16, 8), *b = scsi_rw(true, 1, 16, 8);
	struct scsi *x = scsi_rw(true, LUN_HIGH, 16, 8), *r;
	uint8_t *t = tap_alloc(3 * 4096);

	(void)arg;
	fill(t, 3 * 4096, 99);
	a->out = t;
	b->out = t + 4096;
	x->out = t + 8192;
	scsi_good(c, a);
	scsi_good(c, b);
	scsi_good(c, x);
	for (int i = 0; i < 3; i++) {
		r = scsi_rw(false, i == 2 ? LUN_HIGH : i, 16, 8);
		scsi_good(c, r);
		CK(!memcmp(r->in, t + 4096 * i, 4096), "data of LUN %u differ",
		   r->lun);
	}
}

static void unknown_lun(const void *arg)
{
	struct conn *c = login_normal();
	static const uint8_t cdb[6];
	struct scsi *s = scsi_new(*(const int *)arg, cdb, 6);

	scsi_run(c, s);
	scsi_check(s, 5, 0x25, 0);
	conn_healthy(c);
}

static void unknown_lun_write(const void *arg)
{
	const char *how = arg;
	struct conn *c = unsolicited(*how == 'u');
	struct scsi *s = scsi_rw(true, LUN_NONE, 0, 32);

	if (*how == 'i')
		scsi_imm(s, s->edtl);
	if (*how == 'u')
		s->imm_len = 512, s->unsol_len = s->edtl;
	scsi_run(c, s);
	scsi_check(s, 5, 0x25, 0);
	CK(s->flags == RES_U && s->residual == s->edtl, "flags %x, residual %u", s->flags,
	   s->residual);
	conn_healthy(c);
}

static void unknown_lun_inquiry(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *s = inquiry(LUN_NONE, 96, 96);

	(void)arg;
	scsi_run(c, s);
	if (s->status == 0)
		CK(s->in[0] == 0x7f, "the peripheral byte is 0x%02x", s->in[0]);
	else
		scsi_check(s, 5, 0x25, 0);
}

static void report_luns(const void *arg)
{
	uint8_t cdb[12] = { 0xa0 };
	struct conn *c = login_normal();
	struct scsi *s;
	int seen = 0;

	(void)arg;
	put32(cdb + 6, 4096);
	s = reader(0, cdb, 12, 4096);
	scsi_good(c, s);
	CK(s->in_len >= 8 + 24, "%u bytes", s->in_len);
	CK_EQ(get32(s->in) + 8, s->in_len, "the list's length");
	for (uint32_t i = 8; i < s->in_len; i += 8) {
		unsigned int lun = get16(s->in + i) & 0x3fff;

		seen |= lun == 0 ? 1 : lun == 1 ? 2 : lun == LUN_HIGH ? 4 : 8;
	}
	CK_EQ(seen, 7, "which LUNs are listed (0, 1 and 300)");
	CK_EQ(s->flags, RES_U, "the O and U bits");
}

/* 11.4.5.2 has REPORT LUNS as its example. */
static void report_luns_short(const void *arg)
{
	uint8_t cdb[12] = { 0xa0 };
	struct conn *c = login_normal();
	struct scsi *s;

	(void)arg;
	put32(cdb + 6, 16);
	s = reader(0, cdb, 12, 16);
	scsi_good(c, s);
	CK_EQ(s->in_len, 16, "the length read");
	CK_EQ(s->flags, 0, "the O and U bits");
	CK(get32(s->in) >= 24, "the list's length is %u", get32(s->in));
}

static void edtl_zero(const void *arg)
{
	struct conn *c = login_normal();
	static const uint8_t cdb[6];
	struct scsi *s = scsi_new(0, cdb, 6);

	scsi_settle(c, 0);
	s->read = *(const char *)arg != 'w';
	s->write = *(const char *)arg != 'r';
	scsi_run(c, s);
	CK_EQ(s->status, 0, "the status");
	conn_healthy(c);
}

/* A write with R, and an AHS that says it reads nothing */
static void reads_nothing(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *s = scsi_rw(true, 0, 0, 8), *r = scsi_rw(false, 0, 0, 8);
	uint8_t none[5] = { 0 };
	struct pdu *p;

	(void)arg;
	scsi_settle(c, 0);
	s->read = true;
	p = scsi_pdu(c, s);
	pdu_ahs(p, 2, none, 5);
	pdu_send(c, p);
	scsi_wait(c, s);
	CK_EQ(s->status, 0, "the status");
	CK(!s->flags, "a residual where there is none");
	scsi_good(c, r);
	CK(!memcmp(s->out, r->in, 4096), "data differ");
	conn_healthy(c);
}

static void edtl_zero_read(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *s = scsi_rw(false, 0, 0, 8);

	(void)arg;
	scsi_settle(c, 0);
	s->edtl = 0;
	scsi_run(c, s);
	CK_EQ(s->in_len, 0, "the length read");
	if (!s->status)
		CK(s->flags == RES_O && s->residual == 4096,
		   "flags %x, residual %u, expected O and 4096", s->flags,
		   s->residual);
	conn_healthy(c);
}

static void no_direction(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *s = scsi_rw(false, 0, 0, 8);
	struct pdu *p, *r;

	(void)arg;
	s->read = false;
	p = scsi_pdu(c, s);
	pdu_send(c, p);
	r = pdu_recv(c);
	CK(!r || PDU_OP(r) == OP_REJECT || PDU_OP(r) == OP_SCSI_RSP, "it got %s",
	   r ? op_name(PDU_OP(r)) : "");
	target_healthy();
}

static void neither_f_nor_w(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *s = scsi_rw(false, 0, 0, 8);
	struct pdu *p, *r;

	(void)arg;
	s->no_final = true;
	p = scsi_pdu(c, s);
	pdu_send(c, p);
	r = pdu_recv(c);
	CK(!r || PDU_OP(r) == OP_REJECT, "it got %s", r ? op_name(PDU_OP(r)) : "");
	target_healthy();
}

static void read_only(const void *arg)
{
	struct conn *c = login_new(&(struct login_opts){ .session = "Normal",
		.initiator = INI_RO });
	struct scsi *s = scsi_rw(true, 0, 0, 8);

	scsi_settle(c, 0);
	scsi_imm(s, *(const int *)arg ? s->edtl : 0);
	scsi_run(c, s);
	scsi_check(s, 7, 0x27, 0);
	CK(s->flags == RES_U && s->residual == s->edtl, "flags %x, residual %u", s->flags,
	   s->residual);
	scsi_good(c, scsi_rw(false, 0, 0, 8));
	CK(nop_ping(c, "x", 1)->dlen == 1, "the connection is not in order");
}

static void queue(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *s[16];

	(void)arg;
	scsi_settle(c, 0);
	conn_cork(c);
	for (int i = 0; i < 16; i++) {
		s[i] = scsi_rw(i & 1, 0, i * 64, 32);
		s[i]->imm_len = s[i]->unsol_len = i & 1 ? 4096 : 0;
		scsi_send(c, s[i]);
	}
	conn_uncork(c);
	for (int i = 0; i < 16; i++) {
		scsi_wait(c, s[i]);
		CK_EQ(s[i]->status, 0, "the status");
	}
	conn_healthy(c);
}

static void same_itt(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *s = scsi_rw(true, 0, 0, 8);
	static const uint8_t cdb[6];
	struct scsi *t = scsi_new(0, cdb, 6);
	struct pdu *p;

	(void)arg;
	s->manual_r2t = true;
	scsi_send(c, s);
	while (!s->n_held)
		scsi_feed(c, pdu_expect(c, OP_R2T));
	p = scsi_pdu(c, t);
	scsi_forget(c, t);
	put32(p->bhs + 16, s->itt);
	pdu_send(c, p);
	p = pdu_recv(c);
	CK(!p || PDU_OP(p) == OP_REJECT, "a second task with the same ITT got %s",
	   p ? op_name(PDU_OP(p)) : "");
	target_healthy();
}

static const uint32_t s1[] = { 512, 512, 64 }, s2[] = { 4096, 8192, 64 },
	s3[] = { 65536, 65536, 512 }, s4[] = { 1000, 5000, 33 },
	s5[] = { 262144, 1024, 16 }, s6[] = { 8192, 262144, 2048 };
static const int zero = 0, one = 1, high = LUN_HIGH, flat = FLAT | LUN_HIGH, none = LUN_NONE,
	none_flat = FLAT | 5000, len32 = 32, len17 = 17, len33 = 33;

static const struct tap_case cases[] = {
	{ "11.7", "32 KiB come in PDUs and sequences of 512 bytes", read_split, s1 },
	{ "11.7", "32 KiB come in PDUs of 4096, sequences of 8192", read_split, s2 },
	{ "11.7", "256 KiB come in PDUs of 64 KiB", read_split, s3 },
	{ "11.7", "limits that are no multiple of 4 or 512 are kept", read_split, s4 },
	{ "11.7.1", "MaxBurstLength bounds a sequence below the PDU limit",
	  read_split, s5 },
	{ "11.7", "1 MiB comes in PDUs of 8192 bytes", read_split, s6 },
	{ "11.4.5", "a read that gives less is an underflow", underflow },
	{ "11.4.5.2", "data cut by the allocation length are no overflow",
	  alloc_truncates },
	{ "11.4.5.2", "less than the CDB and the initiator allow is an underflow",
	  underflow_of_less },
	{ "11.4.5.3", "an allocation length above the expected length is no overflow",
	  alloc_exceeds },
	{ "11.4.5.3", "so it is with REPORT LUNS", alloc_exceeds, "luns" },
	{ "11.4.2", "a list of 256 MiB is refused before any of it is asked for", too_long },
	{ "11.4.2", "many long lists get TASK SET FULL, and others their memory", much_memory },
	{ "11.4.2", "who has some gets TASK SET FULL when a quarter of the memory is gone",
	  small_memory },
	{ "11.4.2", "commands for no LUN, beyond the end, and writes where none may be are refused",
	  noise },
	{ "11.4.5", "a read of more than expected is an overflow", read_overflow },
	{ "11.4.5", "a read of less than expected is an underflow", read_underflow },
	{ "11.4.5", "a write of less than expected is an underflow",
	  write_underflow, &zero },
	{ "11.4.5", "a write with more immediate data than its CDB wants is an underflow",
	  write_underflow, &one },
	{ "11.4.5", "a write of more than expected is an overflow", write_overflow,
	  &zero },
	{ "11.4.5", "a write of more than its immediate data is an overflow",
	  write_overflow, &one },
	{ "11.4.7", "an invalid CDB gets CHECK CONDITION with sense data", bad_cdb },
	{ "11.4.2", "an invalid CDB with immediate data leaves the stream in order",
	  bad_cdb_with_data, "immediate" },
	{ "11.4.2", "an invalid CDB with unsolicited data waits for them",
	  bad_cdb_with_data, "unsolicited" },
	{ "11.4.2", "an invalid CDB with solicited data is answered",
	  bad_cdb_with_data, "solicited" },
	{ "11.4.7", "a read beyond the end gets CHECK CONDITION", bad_read },
	{ "11.4.5.2", "a read that fails without data is an underflow of all of it",
	  bad_read, "residual" },
	{ "11.4.8", "ExpDataSN counts the Data-In PDUs", exp_data_sn },
	{ "11.2.1.1", "an immediate command is served and takes no CmdSN", immediate },
	{ "11.2.1.1", "an immediate write with immediate data and R2T works",
	  immediate_write },
	{ "11.3.1", "untagged, simple, ordered and head-of-queue tasks are served",
	  attributes },
	{ "11.2.2.3", "READ(32) in an extended CDB is served or invalid", long_cdb },
	{ "11.2.2.3", "an unknown CDB of 32 bytes gets CHECK CONDITION",
	  unknown_long_cdb, &len32 },
	{ "11.2.2.3", "an unknown CDB of 17 bytes gets CHECK CONDITION",
	  unknown_long_cdb, &len17 },
	{ "11.2.2.3", "an unknown CDB of 33 bytes, padded, gets CHECK CONDITION",
	  unknown_long_cdb, &len33 },
	{ "11.2.2.3", "an extended CDB with immediate data leaves the stream in order",
	  long_cdb_write },
	{ "11.2.2.1", "an AHS of unknown type does no harm", odd_ahs, "unknown" },
	{ "11.2.2.2", "an AHS of length 0 does no harm", odd_ahs, "zero length" },
	{ "11.2.2.2", "an AHS longer than TotalAHSLength does no harm", odd_ahs,
	  "too long inside" },
	{ "11.2.2.3", "two extended CDBs do no harm", odd_ahs, "two cdbs" },
	{ "11.2.2.3", "an extended CDB of 16 bytes does no harm", odd_ahs,
	  "short cdb" },
	{ "11.2.2.3", "the largest AHS, 1020 bytes, does no harm", odd_ahs, "biggest" },
	{ "11.2.2.4", "a bidirectional command is answered, not left", bidi, "ahs" },
	{ "11.3.4", "R and W without the AHS are answered, not left", bidi, "none" },
	{ "11.2.1.7", "LUN 1 in peripheral addressing works", lun_works, &one },
	{ "11.2.1.7", "LUN 300 as REPORT LUNS shows it works", lun_works, &high },
	{ "11.2.1.7", "LUN 300 in flat addressing works", lun_works, &flat },
	{ "11.2.1.7", "LUN 1 in flat addressing is LUN 1 or does not exist", flat_one },
	{ "11.2.1.7", "the LUNs are different disks", luns_apart },
	{ "11.4.2", "an unknown LUN gets CHECK CONDITION", unknown_lun, &none },
	{ "11.4.2", "an unknown flat LUN gets CHECK CONDITION", unknown_lun,
	  &none_flat },
	{ "11.4.2", "a write with immediate data to an unknown LUN is answered",
	  unknown_lun_write, "immediate" },
	{ "11.4.2", "a write with unsolicited data to an unknown LUN is answered",
	  unknown_lun_write, "unsolicited" },
	{ "11.4.2", "a write without data to an unknown LUN is answered",
	  unknown_lun_write, "solicited" },
	{ "11.4.2", "INQUIRY to an unknown LUN says so", unknown_lun_inquiry },
	{ "4.1", "REPORT LUNS lists 0, 1 and 300", report_luns },
	{ "11.4.5.2", "REPORT LUNS cut by its allocation length has no overflow",
	  report_luns_short },
	{ "11.3.1", "R with an expected length of 0 is taken", edtl_zero, "r" },
	{ "11.3.1", "W with an expected length of 0 is taken", edtl_zero, "w" },
	{ "11.3.1", "both with an expected length of 0 are taken", edtl_zero, "both" },
	{ "11.3.1", "a write with R that reads nothing is a write", reads_nothing },
	{ "11.4.5", "a read with an expected length of 0 overflows", edtl_zero_read },
	{ "11.3.1", "data expected, but neither R nor W, does no harm", no_direction },
	{ "11.3.1", "neither F nor W is rejected", neither_f_nor_w },
	{ "11.4.2", "a write to a write-protected LUN gets CHECK CONDITION", read_only,
	  &zero },
	{ "11.4.2", "so does one with immediate data", read_only, &one },
	{ "4.2.2.1", "16 commands in one segment are all served", queue },
	{ "11.2.1.8", "a task with the tag of another is refused", same_itt },
};

RAW_MAIN(cases)
