// SPDX-License-Identifier: GPL-2.0
/*
 * CDBs that move other data than R, W and the length say; LUN 3 can discard, LUN 4 has
 * protection information.
 */
#include "raw.h"

#define LUN	3
#define LUN_PI	4
#define BLOCKS	64		/* the part of the disk that is looked at */

enum who { OWNER, READER, OUTSIDER };	/* may write; read only; reserved by another */

struct lie {
	uint8_t cdb[32];
	uint32_t cdb_len, edtl;
	bool write;		/* W, else R unless @edtl is 0 */
};

static uint8_t before[BLOCKS * 512];

/* Whatever became of the case, its reservation goes: the same port comes back for it. */
static void clear_reservation(void *arg)
{
	const struct conn *owner = arg;
	struct conn *c = login_new(&(struct login_opts){ .session = "Normal",
							 .isid = owner->isid });

	scsi_settle(c, LUN);
	scsi_run(c, scsi_pr_out(LUN, PR_CLEAR, 1, 0));
	scsi_settle(c, LUN);
}

static void reserve(struct conn *c)
{
	struct scsi *s = scsi_pr_out(LUN, PR_RESERVE, 1, 0);

	scsi_good(c, scsi_pr_out(LUN, PR_REGISTER_IGNORE, 0, 1));
	tap_defer(clear_reservation, c);
	s->cdb[2] = 1;		/* Write Exclusive */
	scsi_good(c, s);
}

static struct conn *liar(struct conn *owner, enum who who)
{
	struct conn *c = owner;

	if (who == READER)
		c = login_new(&(struct login_opts){ .session = "Normal", .initiator = INI_RO });
	if (who == OUTSIDER) {
		reserve(owner);
		c = login_new(&(struct login_opts){ .session = "Normal",
						    .initiator = env.ini2 });
	}
	scsi_settle(c, LUN);
	return c;
}

static void unchanged(struct conn *c)
{
	struct scsi *r = scsi_rw(false, LUN, 0, BLOCKS);

	scsi_good(c, r);
	for (uint32_t i = 0; i < sizeof(before); i += 512)
		CK(!memcmp(r->in + i, before + i, 512), "block %u has changed", i / 512);
}

static void lies(const struct lie *lie, enum who who)
{
	struct conn *owner = login_normal(), *c;
	struct scsi *w = scsi_rw(true, LUN, 0, BLOCKS), *s;

	if (access("/sys/module/iscsi_target_mod", F_OK) == 0)
		tap_skip("the in-tree target does what the CDB says");
	scsi_good(owner, w);
	memcpy(before, w->out, sizeof(before));
	c = liar(owner, who);
	s = scsi_new(LUN, lie->cdb, lie->cdb_len);
	s->write = lie->write;
	s->read = !lie->write && lie->edtl;
	s->edtl = lie->edtl;
	s->in = tap_alloc(lie->edtl);
	s->out = tap_alloc(lie->edtl);
	s->manual_r2t = true;
	scsi_run(c, s);
	CK(s->status, "it is GOOD");
	if (s->status == 2)
		CK((s->sense[2] & 0xf) == 5 || (s->sense[2] & 0xf) == 7, "the sense key is %x",
		   s->sense[2] & 0xf);
	else
		CK(!s->status || s->status == 0x18, "the status is %02x", s->status);
	unchanged(owner);
	nop_ping(c, "x", 1);
}

static void by_owner(const void *arg)
{
	lies(arg, OWNER);
}

static void by_reader(const void *arg)
{
	lies(arg, READER);
}

static void by_outsider(const void *arg)
{
	lies(arg, OUTSIDER);
}

/* What has no data rightly, and what discards in the right direction */
static void honest(const void *arg)
{
	static const uint8_t write0[10] = { 0x2a }, read0[10] = { 0x28 }, unmap0[10] = { 0x42 };
	static const uint8_t same[16] = { 0x93, 8, [13] = 8 };
	static const uint8_t unmap[10] = { 0x42, [8] = 24 };
	struct conn *c = login_normal();
	uint8_t list[24] = { [1] = 22, [3] = 16, [19] = 8 };
	struct scsi *s, *r;

	(void)arg;
	scsi_good(c, scsi_rw(true, LUN, 0, BLOCKS));
	scsi_good(c, scsi_new(LUN, write0, 10));
	scsi_good(c, scsi_new(LUN, read0, 10));
	scsi_good(c, scsi_new(LUN, unmap0, 10));
	for (int i = 0; i < 2; i++) {
		s = i ? scsi_new(LUN, unmap, 10) : scsi_new(LUN, same, 16);
		s->write = true;
		s->edtl = i ? 24 : 512;
		s->out = i ? list : tap_alloc(512);
		scsi_imm(s, s->edtl);
		scsi_good(c, scsi_rw(true, LUN, 0, 16));
		scsi_good(c, s);
		r = scsi_rw(false, LUN, 0, 8);
		scsi_good(c, r);
		for (int j = 0; j < 4096; j++)
			CK(!r->in[j], "byte %d has not been discarded", j);
	}
	conn_healthy(c);
}

/* WRPROTECT and RDPROTECT 3: core goes by the blocks, whatever the length is. */
static void protection(const void *arg)
{
	static const struct lie protected[] = {
		{ { 0x2a, 0x60, [8] = 1 }, 10, 0, false },
		{ { 0x2a, 0x60, [7] = 8 }, 10, 512, true },
		{ { 0x41, 0x60, [8] = 8 }, 10, 0, false },
		{ { 0x28, 0x60, [8] = 1 }, 10, 0, false },
		{ { 0x28, 0x60, [7] = 8 }, 10, 512, false },
		/* what is written would be less than what has come */
		{ { 0x2a, 0x60, [8] = 8 }, 10, 8192, true },
	};
	static const uint8_t write0[10] = { 0x2a }, read0[10] = { 0x28 };
	struct conn *c = login_normal();
	struct scsi *s;

	(void)arg;
	if (access("/sys/module/iscsi_target_mod", F_OK) == 0)
		tap_skip("the in-tree target waits for ever");
	scsi_settle(c, LUN_PI);
	for (unsigned int i = 0; i < ARRAY_SIZE(protected); i++) {
		s = scsi_new(LUN_PI, protected[i].cdb, protected[i].cdb_len);
		s->edtl = protected[i].edtl;
		s->write = protected[i].write;
		s->read = !s->write && s->edtl;
		s->in = tap_alloc(8192);
		s->out = tap_alloc(8192);
		scsi_run(c, s);
		CK_EQ(s->status, 2, "the status");
	}
	scsi_good(c, scsi_new(LUN_PI, write0, 10));
	scsi_good(c, scsi_new(LUN_PI, read0, 10));
	scsi_write_check(c, LUN_PI, 0, 8, 0, 0);
	conn_healthy(c);
}

#define L(name, len, ...) static const struct lie name = { { __VA_ARGS__ }, len, 512, false }
L(same10, 16, 0x41, [8] = 8);
L(same16, 16, 0x93, [13] = 8);
L(unmap16, 16, 0x93, 8, [13] = 8);
L(same32, 32, 0x7f, [7] = 24, [9] = 0x0d, [31] = 8);
L(write6, 16, 0x0a, [4] = 1);
L(write10, 16, 0x2a, [8] = 1);
L(write12, 16, 0xaa, [9] = 1);
L(write16, 16, 0x8a, [13] = 1);
L(verify10, 16, 0x2e, [8] = 1);
L(discard, 16, 0x42, [7] = 2);
static const struct lie caw = { { 0x89, [13] = 1 }, 16, 1024, false };
static const struct lie silent10 = { { 0x41, 8, [8] = 8 }, 16, 0, false };
static const struct lie silent16 = { { 0x93, 8, [13] = 8 }, 16, 0, false };
static const struct lie silent32 = { { 0x7f, [7] = 24, [9] = 0x0d, 8, [31] = 8 }, 32, 0, false };
static const struct lie read6 = { { 0x08, [4] = 8 }, 16, 4096, true };
static const struct lie read10 = { { 0x28, [8] = 8 }, 16, 4096, true };
static const struct lie read12 = { { 0xa8, [9] = 8 }, 16, 4096, true };
static const struct lie read16 = { { 0x88, [13] = 8 }, 16, 4096, true };

#define ALL(text, lie)								\
	{ "11.3.1", text " is refused and changes nothing", by_owner, &(lie) },	\
	{ "11.3.1", text " where one may only read, too", by_reader, &(lie) },	\
	{ "11.3.1", text " where another has reserved the disk, too", by_outsider, &(lie) }

static const struct tap_case cases[] = {
	ALL("WRITE SAME(10) with R", same10),
	ALL("WRITE SAME(16) with R", same16),
	ALL("WRITE SAME(16) that discards, with R", unmap16),
	ALL("WRITE SAME(32) with R", same32),
	ALL("WRITE(6) with R", write6),
	ALL("WRITE(10) with R", write10),
	ALL("WRITE(12) with R", write12),
	ALL("WRITE(16) with R", write16),
	ALL("WRITE AND VERIFY(10) with R", verify10),
	ALL("COMPARE AND WRITE with R", caw),
	ALL("UNMAP with R", discard),
	ALL("WRITE SAME(10) that discards, without data", silent10),
	ALL("WRITE SAME(16) that discards, without data", silent16),
	ALL("WRITE SAME(32) that discards, without data", silent32),
	ALL("READ(6) with W", read6),
	ALL("READ(10) with W", read10),
	ALL("READ(12) with W", read12),
	ALL("READ(16) with W", read16),
	{ "11.3.1", "what has no data, and what discards with W, is served", honest },
	{ "11.3.1", "CDBs for more than the length are refused, also with protection", protection },
};

RAW_MAIN(cases)
