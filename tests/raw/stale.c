// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that were used before: nothing of what they held may reach an initiator that
 * has not sent or read it itself, or a disk.
 */
#include "raw.h"

#include <fcntl.h>
#include <sys/socket.h>

#define LUN_NULL	2	/* says GOOD and fills in nothing */
#define LUN_FILE	3
#define LUN_ASYNC	4	/* a file, by direct I/O */
#define LUN_BAD		5	/* a disk with a medium error */
#define FILE_OF(lun)	((lun) == LUN_FILE ? "/tmp/stale-file" : "/stale-async")
#define FILE_BYTES	(8 << 20)
#define BAD_LBA		0x1234
#define OPTS		"/sys/bus/pseudo/drivers/scsi_debug/opts"
#define STOCK		"/sys/module/tcm_iscsi/parameters/stock_pages"

static const uint32_t sizes[] = { 1, 8, 16, 24, 64, 100, 128, 200, 512, 2048 };

static struct conn *login_as(const char *initiator, unsigned int lun)
{
	struct conn *c = login_new(&(struct login_opts){ .session = "Normal",
							 .initiator = initiator });

	scsi_settle(c, lun);
	return c;
}

/* The pages of @c have held a pattern, of reads and of writes, in all sizes. */
static void soil(struct conn *c, unsigned int lun)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (int n = 0; n < 3; n++)
			scsi_write_check(c, lun, 0, sizes[i], 0, 0);
}

static void all_zero(const struct scsi *s, uint32_t from)
{
	for (uint32_t i = from; i < s->edtl; i++)
		CK(!s->in[i], "byte %u of %u is %02x", i, s->edtl, s->in[i]);
}

static void empty_backend(const void *arg)
{
	struct conn *a = login_as(env.ini, 0), *b;
	bool closed = arg;

	soil(a, 0);
	if (closed)
		conn_close(a);
	b = login_as(env.ini2, LUN_NULL);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (int n = 0; n < 8; n++) {
			struct scsi *r = scsi_rw(false, LUN_NULL, 0, sizes[i]);

			memset(r->in, 0xaa, r->edtl);
			scsi_good(b, r);
			CK_EQ(r->in_len, r->edtl, "the bytes");
			all_zero(r, 0);
		}
		if (!closed)
			scsi_write_check(a, 0, 0, sizes[i], 0, 0);
	}
}

static void restore(void *arg)
{
	CK(!truncate(arg, FILE_BYTES), "truncate");
}

static void short_file(const void *arg)
{
	unsigned int lun = *(const unsigned int *)arg;
	const uint32_t left = 6000;
	struct conn *c;

	if (access(FILE_OF(lun), F_OK))
		tap_skip("no such LUN on this kernel");
	c = login_as(env.ini, lun);
	tap_defer(restore, FILE_OF(lun));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct scsi *r, *w = scsi_rw(true, lun, 0, sizes[i]);

		scsi_good(c, w);
		CK(!truncate(FILE_OF(lun), left), "truncate");
		r = scsi_rw(false, lun, 0, sizes[i]);
		memset(r->in, 0xaa, r->edtl);
		scsi_run(c, r);
		if (r->status) {
			CK_EQ(r->in_len, 0, "data with an error");
		} else {
			CK_EQ(r->in_len, r->edtl, "the bytes");
			CK(!memcmp(r->in, w->out, r->edtl < left ? r->edtl : left),
			   "what is there is wrong");
			all_zero(r, left);
		}
		CK(lun == LUN_FILE ? !r->status : r->edtl < left || r->status,
		   "status %02x", r->status);
		CK(!truncate(FILE_OF(lun), FILE_BYTES), "truncate");
	}
}

static void medium_error(const void *arg)
{
	struct conn *c = login_as(env.ini, LUN_BAD);

	(void)arg;
	soil(c, LUN_BAD);
	cfg_set(OPTS, "2");
	for (size_t i = 0; i < 2 * ARRAY_SIZE(sizes); i++) {
		uint32_t n = sizes[i / 2];
		struct scsi *r = scsi_rw(false, LUN_BAD, BAD_LBA - n / 4, n);

		/* less expected than the CDB asks for: nothing has come all the same */
		r->edtl >>= i & 1;
		scsi_run(c, r);
		CK_EQ(r->status, 2, "the status");
		CK_EQ(r->in_len, 0, "the bytes");
		CK_EQ(r->flags & (RES_O | RES_U), RES_U, "the residual's kind");
		CK_EQ(r->residual, r->edtl, "the residual");
	}
	conn_healthy(c);
}

/* More expected, or less, than the CDB asks for. */
static void lengths_differ(const void *arg)
{
	struct conn *c = login_as(env.ini, 0);

	(void)arg;
	for (size_t i = 1; i < ARRAY_SIZE(sizes); i++) {
		struct scsi *w = scsi_rw(true, 0, 0, sizes[i]);
		struct scsi *r = scsi_rw(false, 0, 0, sizes[i]);

		scsi_good(c, w);
		r->edtl += 65536;
		r->in = tap_alloc(r->edtl);
		scsi_run(c, r);
		CK_EQ(r->in_len, w->edtl, "the bytes");
		CK_EQ(r->residual, 65536, "the residual");
		CK(!memcmp(r->in, w->out, w->edtl), "data differ");

		r = scsi_rw(false, 0, 0, sizes[i]);
		r->edtl -= 512;
		scsi_run(c, r);
		CK(r->in_len <= r->edtl, "%u bytes for %u", r->in_len, r->edtl);
		CK(!memcmp(r->in, w->out, r->in_len), "data differ");
	}
	conn_healthy(c);
}

/* What a command that is no READ answers doesn't depend on what went before. */
static void parameter_data(const void *arg)
{
	static const uint8_t cdb[][16] = {
		{ 0x12, 0, 0, 0x10, 0 }, { 0x12, 1, 0x83, 0x10, 0 }, { 0x1a, 0, 0x3f, 0, 255 },
		{ 0x5a, 0, 0x3f, 0, 0, 0, 0, 0x10, 0 }, { 0x03, 0, 0, 0, 252 },
		{ 0x9e, 0x10, [12] = 0x10 }, { 0xa0, [8] = 0x10 }, { 0x5e, [7] = 0x10 },
	};
	struct conn *fresh = login_as(env.ini2, 0), *c = login_as(env.ini, 0);

	(void)arg;
	soil(c, 0);
	for (size_t i = 0; i < ARRAY_SIZE(cdb); i++) {
		struct scsi *s[2];

		for (int n = 0; n < 2; n++) {
			s[n] = scsi_new(0, cdb[i], 16);
			s[n]->read = true;
			s[n]->edtl = 4096;
			s[n]->in = tap_alloc(4096);
			scsi_run(n ? c : fresh, s[n]);
			CK(s[n]->status == 0 || s[n]->status == 2, "the status");
		}
		CK_EQ(s[0]->in_len, s[1]->in_len, "the bytes");
		CK(!memcmp(s[0]->in, s[1]->in, 4096), "answer %zu differs", i);
	}
}

/* A write that does not get all its data leaves the disk as it was. */
static void half_write(const void *arg)
{
	const char *how = arg;
	struct conn *c = login_keys("DataDigest=CRC32C\nInitialR2T=No\n"), *d;
	struct scsi *old = scsi_rw(true, 0, 4096, 2048), *w, *r;
	struct pdu *p;
	uint32_t len;

	scsi_settle(c, 0);
	soil(c, 0);
	scsi_good(c, old);
	soil(c, 0);
	w = scsi_rw(true, 0, 4096, 2048);
	w->manual_r2t = true;
	scsi_send(c, w);
	scsi_feed(c, pdu_expect(c, OP_R2T));
	len = c->p.tgt_mrdsl;
	p = data_out_pdu(c, w, PDU_TTT(w->r2t[0]), 0, PDU_OFFSET(w->r2t[0]), len, false);
	if (!strcmp(how, "digest"))
		p->bad_ddgst = true;
	if (!strcmp(how, "f early"))
		p->bhs[1] |= 0x80;
	pdu_send(c, p);
	d = login_as(env.ini2, 0);
	if (!strcmp(how, "abort")) {
		tmf(c, TMF_ABORT_TASK, 0, w->itt, w->cmdsn);
		scsi_forget(c, w);
	} else if (!strcmp(how, "close")) {
		conn_close(c);
	}
	for (int n = 0; n < 10; n++) {
		r = scsi_rw(false, 0, 4096, 2048);
		scsi_good(d, r);
		CK(!memcmp(r->in, old->out, old->edtl), "the disk has changed");
	}
}

/*
 * What TCP still has to send stays as it is, while writes of the same connection bring
 * all their data without being asked.
 */
static void unread_answers(const void *arg)
{
	const uint32_t blocks = *(const uint32_t *)arg, wblocks = blocks < 128 ? blocks : 128;
	const uint32_t n = blocks > 128 ? 4 : 24;
	struct conn *c;
	struct scsi *w[24], *r[24], *o[24];
	uint32_t i, round;
	int buf = 131072;

	tpg_set("param/InitialR2T", "No");
	c = login_keys("InitialR2T=No\nFirstBurstLength=65536\n");
	CK(!c->p.initial_r2t, "InitialR2T");
	scsi_settle(c, 0);
	setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &buf, sizeof(buf));
	for (i = 0; i < n; i++) {
		w[i] = scsi_rw(true, 0, i * blocks, blocks);
		scsi_good(c, w[i]);
	}
	for (round = 0; round < 5; round++) {
		for (i = 0; i < n; i++) {
			r[i] = scsi_rw(false, 0, i * blocks, blocks);
			scsi_send(c, r[i]);
		}
		usleep(20000);
		for (i = 0; i < 24; i++) {
			o[i] = scsi_rw(true, 0, 32768 + i * wblocks, wblocks);
			o[i]->imm_len = 4096;
			o[i]->unsol_len = o[i]->edtl;
			scsi_send(c, o[i]);
		}
		usleep(20000);
		for (i = 0; i < 24; i++)
			if (!o[i]->done)
				scsi_wait(c, o[i]);
		for (i = 0; i < n; i++) {
			if (!r[i]->done)
				scsi_wait(c, r[i]);
			CK_EQ(r[i]->status, 0, "the status");
			CK(!memcmp(r[i]->in, w[i]->out, w[i]->edtl), "read %u is wrong", i);
		}
	}
}

static long stock(void)
{
	return atol(cfg_read(STOCK));
}

static void given_back(const void *arg)
{
	struct conn *c;
	int64_t end;

	(void)arg;
	if (access(STOCK, R_OK))
		tap_skip("only tcm_iscsi has a stock");
	c = login_as(env.ini, 0);
	soil(c, 0);
	CK(stock() > 0, "nothing is kept");
	for (end = tap_clock() + 30000; stock(); usleep(50000))
		CK(tap_clock() < end, "%ld pages are kept by an idle connection", stock());
	soil(c, 0);
	conn_close(c);
	for (end = tap_clock() + 30000; stock(); usleep(50000))
		CK(tap_clock() < end, "%ld pages are kept without connections", stock());
}

static const unsigned int file = LUN_FILE, async = LUN_ASYNC;
static const uint32_t one = 8, sixteen = 128, many = 1024;

static const struct tap_case cases[] = {
	{ "9.2", "what one initiator sends is in no READ of another one", empty_backend },
	{ "9.2", "nor after its connection has ended", empty_backend, "closed" },
	{ "9.2", "a READ behind the end of a file that was cut brings zeros", short_file, &file },
	{ "9.2", "by direct I/O it brings an error and no data", short_file, &async },
	{ "11.4.5.2", "a READ that fails in the disk brings no data, and all is residual",
	  medium_error },
	{ "11.4.5.1", "a READ of other length than expected brings no byte too many",
	  lengths_differ },
	{ "9.2", "other answers are as on a connection without I/O before", parameter_data },
	{ "11.7", "a write aborted halfway changes nothing", half_write, "abort" },
	{ "11.7", "nor does one whose connection closes", half_write, "close" },
	{ "7.9", "nor does one with a wrong data digest", half_write, "digest" },
	{ "11.7", "nor does one whose sequence ends too early", half_write, "f early" },
	{ "11.7", "answers of 4 KiB that are read late are right", unread_answers, &one },
	{ "11.7", "answers of 64 KiB that are read late are right", unread_answers, &sixteen },
	{ "11.7", "answers of 512 KiB that are read late are right", unread_answers, &many },
	{ "9.2", "an idle connection gives its pages back, a closed one too", given_back },
};

RAW_MAIN(cases)
