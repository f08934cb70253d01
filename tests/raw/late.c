// SPDX-License-Identifier: GPL-2.0
/*
 * What a connection has received but not begun when it ends: a LUN is so slow that the
 * thread which gives it commands sleeps, with others behind.
 */
#include "raw.h"

#define LUN_SLOW	2	/* takes one command at a time, SLOW_MS for each */
#define SLOW_MS		1500

static struct conn *ready(const char *keys)
{
	struct conn *c = login_keys(keys);

	scsi_settle(c, 0);
	scsi_settle(c, LUN_SLOW);
	return c;
}

/* Reads, of which the second has to wait in the backend's submission */
static void fall_asleep(struct conn *c)
{
	for (int i = 0; i < 3; i++)
		pdu_send(c, scsi_pdu(c, scsi_rw(false, LUN_SLOW, i * 1024, 8)));
}

static void same_block(struct conn *c, const uint8_t *want, const char *what)
{
	struct scsi *r = scsi_rw(false, 0, 64, 8);

	scsi_good(c, r);
	CK(!memcmp(r->in, want, 4096), "%s", what);
}

/* 6.3.5: the tasks of the old session end before the new one begins. */
static void stale_write(const void *arg)
{
	struct conn *c = ready(""), *d;
	struct scsi *old = scsi_rw(true, 0, 64, 8), *new = scsi_rw(true, 0, 64, 8);

	(void)arg;
	memset((void *)new->out, 0x5a, 4096);
	scsi_imm(old, 4096);
	conn_cork(c);
	fall_asleep(c);
	pdu_send(c, scsi_pdu(c, old));
	conn_uncork(c);
	d = login_new(&(struct login_opts){ .session = "Normal", .isid = c->isid });
	scsi_good(d, new);
	same_block(d, new->out, "what was written is not there");
	usleep(3 * SLOW_MS * 1000);
	same_block(d, new->out, "a write of the session before has come behind ours");
}

/* 7.8: damaged data are not written, whoever finds out when. */
static void damaged(const void *arg)
{
	struct conn *c = ready("DataDigest=CRC32C\n"), *d;
	struct scsi *good = scsi_rw(true, 0, 64, 8), *bad = scsi_rw(true, 0, 64, 8);
	struct scsi *gap = scsi_rw(false, 0, 0, 8);
	struct pdu *p, *q;

	(void)arg;
	CK(c->p.ddgst, "no data digest");
	scsi_good(c, good);
	memset((void *)bad->out, 0x5a, 4096);
	conn_cork(c);
	fall_asleep(c);
	q = scsi_pdu(c, gap);
	scsi_imm(bad, 4096);
	p = scsi_pdu(c, bad);
	p->bad_ddgst = true;
	pdu_send(c, p);
	conn_uncork(c);
	usleep(300000);
	pdu_send(c, q);
	d = login_new(&(struct login_opts){ .session = "Normal", .initiator = env.ini2 });
	usleep(3 * SLOW_MS * 1000);
	same_block(d, good->out, "damaged data have been written");
	conn_rst(c);
}

static const struct tap_case cases[] = {
	{ "6.3.5", "what a reinstated session had not begun is not begun any more", stale_write },
	{ "7.8", "a write with a wrong digest is not executed by the next thread", damaged },
};

RAW_MAIN(cases)
