// SPDX-License-Identifier: GPL-2.0
/* Particular SCSI commands, whose data phases are not those of READ and WRITE. */
#include "raw.h"

#include <unistd.h>

static struct scsi *reader(unsigned int lun, const void *cdb, size_t len,
			   uint32_t edtl)
{
	struct scsi *s = scsi_new(lun, cdb, len);

	s->read = true;
	s->edtl = edtl;
	s->in = tap_alloc(edtl);
	return s;
}

/* A write whose expected length is no multiple of anything */
static void odd_edtl(const void *arg)
{
	struct conn *c = login_keys("MaxBurstLength=4096\nFirstBurstLength=512\n");
	struct scsi *s = scsi_rw(true, 0, 0, 16), *r = scsi_rw(false, 0, 0, 16);
	uint8_t *b = tap_alloc(12345);

	(void)arg;
	fill(b, 12345, 5);
	s->out = b;
	s->edtl = 12345;
	scsi_run(c, s);
	CK(s->status == 0 || s->status == 2, "status 0x%02x", s->status);
	if (!s->status) {
		CK(s->flags == RES_U && s->residual == 12345 - 8192,
		   "flags %x, residual %u", s->flags, s->residual);
		scsi_good(c, r);
		CK(!memcmp(r->in, b, 8192), "data differ");
	}
	conn_healthy(c);
}

static struct scsi *writer(const void *cdb, size_t len, const void *data,
			   uint32_t n)
{
	struct scsi *s = scsi_new(0, cdb, len);
	uint8_t *b = tap_alloc(n);

	memcpy(b, data, n);
	s->write = true;
	s->edtl = n;
	s->out = b;
	return s;
}

/* 512 bytes of data, 64 blocks on the disk */
static void write_same(const void *arg)
{
	uint8_t cdb[16] = { 0x93 }, b[512];
	struct conn *c = login_normal();
	struct scsi *s, *r = scsi_rw(false, 0, 32, 64);

	put32(cdb + 6, 32);
	put32(cdb + 10, 64);
	fill(b, 512, 11);
	s = writer(cdb, 16, b, 512);
	if (arg)
		scsi_imm(s, 512);
	scsi_settle(c, 0);
	scsi_run(c, s);
	if (s->status) {
		scsi_check(s, 5, -1, -1);
	} else {
		scsi_good(c, r);
		for (int i = 0; i < 64; i++)
			CK(!memcmp(r->in + i * 512, b, 512), "block %d differs", i);
	}
	conn_healthy(c);
}

/* COMPARE AND WRITE: 1024 bytes out for one block; both outcomes */
static void compare_and_write(const void *arg)
{
	uint8_t cdb[16] = { 0x89 }, b[1024];
	struct conn *c = login_normal();
	struct scsi *s = scsi_rw(true, 0, 9, 1), *r = scsi_rw(false, 0, 9, 1);

	(void)arg;
	scsi_good(c, s);
	put32(cdb + 6, 9);
	cdb[13] = 1;
	memcpy(b, s->out, 512);
	fill(b + 512, 512, 77);
	s = writer(cdb, 16, b, 1024);
	scsi_run(c, s);
	if (s->status == 2 && (s->sense[2] & 0xf) == 5)
		tap_skip("this disk does not know COMPARE AND WRITE");
	CK_EQ(s->status, 0, "the status of the match");
	scsi_good(c, r);
	CK(!memcmp(r->in, b + 512, 512), "the block was not written");
	s = writer(cdb, 16, b, 1024);
	scsi_imm(s, 1024);
	scsi_run(c, s);
	scsi_check(s, 0xe, 0x1d, 0);
	conn_healthy(c);
}

static struct scsi *pr_out(int action, int type, uint8_t key_old, uint8_t key)
{
	uint8_t cdb[10] = { 0x5f, action, type }, b[24] = { 0 };

	put32(cdb + 5, 24);
	b[7] = key_old;
	b[15] = key;
	return writer(cdb, 10, b, 24);
}

/* Whatever became of the case, its reservation goes: key 9 is let in. */
static void clear_reservation(void *arg)
{
	struct conn *c = login_normal();

	(void)arg;
	scsi_settle(c, 0);
	scsi_run(c, pr_out(0, 0, 0, 9));
	scsi_run(c, pr_out(3, 0, 9, 0));
	scsi_settle(c, 0);
}

/* 4.4.3.2: the reservation is the initiator port's, name and ISID. */
static void reservation(const void *arg)
{
	struct conn *a = login_normal(), *b, *d;
	struct scsi *s, *w;
	uint8_t isid[6];

	(void)arg;
	b = login_new(&(struct login_opts){ .session = "Normal",
					    .initiator = env.ini2 });
	scsi_settle(a, 0);
	scsi_settle(b, 0);
	tap_defer(clear_reservation, NULL);
	s = pr_out(0, 0, 0, 1);		/* REGISTER */
	scsi_imm(s, 24);
	scsi_good(a, s);
	scsi_good(a, pr_out(1, 1, 1, 0));	/* RESERVE, write exclusive */
	w = scsi_rw(true, 0, 0, 8);
	scsi_run(b, w);
	CK_EQ(w->status, 0x18, "the other initiator's status");
	w = scsi_rw(true, 0, 0, 8);
	scsi_imm(w, 4096);
	scsi_run(b, w);
	CK_EQ(w->status, 0x18, "its status with immediate data");
	nop_ping(b, "x", 1);
	/* The same port comes back and still holds it; another port does not. */
	d = login_new(&(struct login_opts){ .session = "Normal", .isid = a->isid });
	scsi_settle(d, 0);
	scsi_good(d, scsi_rw(true, 0, 0, 8));
	w = scsi_rw(true, 0, 0, 8);
	/* The first bytes differ: Linux' target core compares no more than four. */
	memcpy(isid, a->isid, 6);
	isid[1] ^= 0xff;
	scsi_run(login_new(&(struct login_opts){ .session = "Normal",
						 .isid = isid }), w);
	CK_EQ(w->status, 0x18, "the status of another port of the initiator");
	scsi_good(d, pr_out(3, 0, 1, 0));	/* CLEAR */
	scsi_settle(b, 0);
	scsi_good(b, scsi_rw(true, 0, 0, 8));
}

/* The relative identifier of the port that @c is connected to: VPD page 83h. */
static uint16_t relative_port(struct conn *c)
{
	static const uint8_t cdb[6] = { 0x12, 1, 0x83, 0, 255 };
	struct scsi *s = reader(0, cdb, 6, 255);

	scsi_good(c, s);
	for (uint32_t i = 4; i + 8 <= s->in_len; i += 4 + s->in[i + 3])
		if ((s->in[i + 1] & 0x3f) == 0x14)
			return get16(s->in + i + 6);
	FAIL("VPD page 83h has no relative target port");
}

/* PERSISTENT RESERVE OUT with the parameters of REGISTER AND MOVE. */
static struct scsi *register_and_move(struct conn *c, const uint8_t *id, size_t len)
{
	uint8_t cdb[10] = { 0x5f, 7 }, b[1024] = { 0 };

	put32(cdb + 5, 24 + len);
	b[7] = 1;
	b[15] = 2;
	put16(b + 18, relative_port(c));
	put32(b + 20, len);
	memcpy(b + 24, id, len);
	return writer(cdb, 10, b, 24 + len);
}

/* SPC-4's iSCSI TransportID. */
static size_t transport_id(uint8_t *b, const char *name, const uint8_t *isid)
{
	int n = snprintf((char *)b + 4, 300, "%s,i,0x%02x%02x%02x%02x%02x%02x", name,
			 isid[0], isid[1], isid[2], isid[3], isid[4], isid[5]) + 1;

	n = (n + 3) & ~3;
	b[0] = 0x45;
	put16(b + 2, n);
	return n + 4;
}

static void reservation_moves(const void *arg)
{
	struct conn *a = login_normal(), *b;
	uint8_t id[320] = { 0 };
	struct scsi *w;

	(void)arg;
	b = login_new(&(struct login_opts){ .session = "Normal",
					    .initiator = env.ini2 });
	scsi_settle(a, 0);
	scsi_settle(b, 0);
	tap_defer(clear_reservation, NULL);
	scsi_good(a, pr_out(0, 0, 0, 1));	/* REGISTER */
	scsi_good(a, pr_out(1, 1, 1, 0));	/* RESERVE, write exclusive */
	/* The in-tree target lets core register it, which drops a reference too many. */
	if (access("/sys/module/iscsi_target_mod", F_OK)) {
		w = register_and_move(a, id, transport_id(id, env.ini2, b->isid));
		scsi_run(a, w);
		scsi_check(w, 5, 0x26, 0);
	}
	scsi_good(b, pr_out(0, 0, 0, 3));
	scsi_good(a, register_and_move(a, id, transport_id(id, env.ini2, b->isid)));
	scsi_settle(b, 0);
	scsi_good(b, scsi_rw(true, 0, 0, 8));
	w = scsi_rw(true, 0, 0, 8);
	scsi_run(a, w);
	CK_EQ(w->status, 0x18, "the status of the one who gave it away");
	scsi_good(b, pr_out(3, 0, 2, 0));	/* CLEAR by its new holder */
}

/* Whatever the TransportID says: an answer, and the reservation stays. */
static void bad_transport_ids(const void *arg)
{
	static const struct {
		uint8_t first;
		uint16_t len;
		const char *name;
	} bad[] = {
		{ 0x45, 0, "" }, { 0x45, 4, "" }, { 0x45, 0xffff, "iqn.x" },
		{ 0x45, 20, "iqn.x" }, { 0x45, 20, "iqn.x,i,0x" },
		{ 0x45, 40, "iqn.x,i,0xzzzzzzzzzzzz" }, { 0x05, 20, "iqn.x,i,0x1" },
		{ 0x85, 20, "iqn.x" }, { 0x4f, 20, "iqn.x" }, { 0x00, 20, "" },
		{ 0x45, 20, "aaaaaaaaaaaaaaaaaaaa" },
	};
	struct conn *a = login_normal();
	uint8_t id[64];
	struct scsi *s;

	(void)arg;
	scsi_settle(a, 0);
	tap_defer(clear_reservation, NULL);
	scsi_good(a, pr_out(0, 0, 0, 1));
	scsi_good(a, pr_out(1, 1, 1, 0));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		memset(id, 0, sizeof(id));
		id[0] = bad[i].first;
		put16(id + 2, bad[i].len);
		memcpy(id + 4, bad[i].name, strlen(bad[i].name));
		s = register_and_move(a, id, i % 2 ? 24 : 64);
		scsi_run(a, s);
		CK(s->status == 2 || s->status == 0x18, "number %zu: status %02x", i, s->status);
	}
	scsi_good(a, scsi_rw(true, 0, 0, 8));
	scsi_good(a, pr_out(3, 0, 1, 0));	/* CLEAR */
	conn_healthy(a);
}

static void other_cdbs(const void *arg)
{
	static const uint8_t cdbs[][16] = {
		{ 0x35 },				/* SYNCHRONIZE CACHE */
		{ 0x9e, 0x10, [13] = 32 },		/* READ CAPACITY(16) */
		{ 0x25 },				/* READ CAPACITY(10) */
		{ 0x1a, 0, 0x3f, 0, 192 },		/* MODE SENSE(6) */
		{ 0x5a, 0, 0x3f, [8] = 192 },		/* MODE SENSE(10) */
		{ 0xa3, 0x0a, [9] = 64 },		/* REPORT TARGET PORT GROUPS */
		{ 0x5e, 0, [8] = 64 },			/* PR IN, READ KEYS */
		{ 0x03, 0, 0, 0, 96 },			/* REQUEST SENSE */
	};
	static const uint32_t len[] = { 0, 32, 8, 192, 192, 64, 64, 96 };
	struct conn *c = login_normal();
	int i = *(const int *)arg;
	struct scsi *s = scsi_new(0, cdbs[i], 16);

	s->read = len[i];
	s->edtl = len[i];
	s->in = tap_alloc(len[i]);
	scsi_good(c, s);
	CK(!len[i] || s->in_len, "no data came");
	CK_EQ(s->in_len + (s->flags == RES_U ? s->residual : 0), len[i],
	      "data and residual together");
}

static void mode_select_short(const void *arg)
{
	uint8_t cdb[6] = { 0x15, 0x10, 0, 0, 12 };
	struct conn *c = login_normal();
	struct scsi *s = scsi_new(0, cdb, 6);

	(void)arg;
	scsi_settle(c, 0);
	s->write = true;
	s->edtl = 12;
	s->out = tap_alloc(12);
	scsi_imm(s, 12);
	scsi_run(c, s);
	CK(s->status == 0 || s->status == 2, "status 0x%02x", s->status);
	conn_healthy(c);
}

static void vpd(const void *arg)
{
	uint8_t cdb[6] = { 0x12, 1, *(const int *)arg, 0, 255 };
	struct conn *c = login_normal();
	struct scsi *s = reader(0, cdb, 6, 255);

	scsi_good(c, s);
	CK_EQ(s->in[1], *(const int *)arg, "the page's code");
	CK(s->in_len >= 4, "%u bytes", s->in_len);
}

static const int cdbs[] = { 0, 1, 2, 3, 4, 5, 6, 7 };
static const int vpd0 = 0, vpd80 = 0x80, vpd83 = 0x83, vpdb0 = 0xb0;

static const struct tap_case cases[] = {
	{ "11.4.5", "a write of 12345 bytes for 8192 is an underflow", odd_edtl },
	{ "11.3.4", "WRITE SAME: one block comes, 64 are written", write_same },
	{ "11.3.4", "WRITE SAME with immediate data", write_same, "immediate" },
	{ "11.3.4", "COMPARE AND WRITE takes two blocks for one, and miscompares",
	  compare_and_write },
	{ "4.4.3.2", "a persistent reservation belongs to the initiator port",
	  reservation },
	{ "4.4.3.2", "REGISTER AND MOVE gives it to an initiator port by its TransportID",
	  reservation_moves },
	{ "4.4.3.2", "TransportIDs that are none get an answer and move nothing",
	  bad_transport_ids },
	{ "11.7", "SYNCHRONIZE CACHE is served", other_cdbs, &cdbs[0] },
	{ "11.7", "READ CAPACITY(16) is served", other_cdbs, &cdbs[1] },
	{ "11.7", "READ CAPACITY(10) is served", other_cdbs, &cdbs[2] },
	{ "11.7", "MODE SENSE(6) is served", other_cdbs, &cdbs[3] },
	{ "11.7", "MODE SENSE(10) is served", other_cdbs, &cdbs[4] },
	{ "11.7", "REPORT TARGET PORT GROUPS is served", other_cdbs, &cdbs[5] },
	{ "11.7", "PERSISTENT RESERVE IN is served", other_cdbs, &cdbs[6] },
	{ "11.7", "REQUEST SENSE is served", other_cdbs, &cdbs[7] },
	{ "11.3.6", "parameter data of 12 bytes go with the command",
	  mode_select_short },
	{ "11.7", "VPD page 0x00 comes", vpd, &vpd0 },
	{ "11.7", "VPD page 0x80 comes", vpd, &vpd80 },
	{ "11.7", "VPD page 0x83 comes", vpd, &vpd83 },
	{ "11.7", "VPD page 0xb0 comes", vpd, &vpdb0 },
};

RAW_MAIN(cases)
