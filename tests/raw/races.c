// SPDX-License-Identifier: GPL-2.0
/*
 * The same thing again and again, as fast as it goes, while others of these
 * programs do so, too: what is wrong only now and then. RACES_ROUNDS says how often.
 */
#include "raw.h"

#define ISID_SHARED	"\x80\x12\x34\x56\x78\x9a"

static unsigned int rounds;
static unsigned int answered, lost, n_refused;

static struct conn *one(const char *name)
{
	return login_new(&(struct login_opts){ .session = "Normal",
			 .initiator = tap_fmt(BASE "%s%d", name, getpid()) });
}

/* Feeds whatever comes until @s is done; false when the session has ended. */
static bool done(struct conn *c, struct scsi *s)
{
	struct pdu *p;

	while (!s->done) {
		p = pdu_recv(c);
		if (!p)
			return false;
		if (PDU_OP(p) != OP_TMF_RSP && PDU_OP(p) != OP_ASYNC)
			CK(scsi_feed(c, p), "got %s", op_name(PDU_OP(p)));
	}
	return true;
}

/* Anything that a shared disk may answer with. */
static bool settled(struct conn *c)
{
	static const uint8_t cdb[6];

	for (int i = 0; i < 8; i++) {
		struct scsi *s = scsi_new(0, cdb, 6);

		scsi_send(c, s);
		if (!done(c, s))
			return false;
		if (!s->status)
			return true;
	}
	return true;
}

/* Closes all that is open, so that a case may go on for ever. */
static void part(struct conn *c, unsigned int how)
{
	switch (how % 3) {
	case 0:
		conn_rst(c);
		break;
	case 1:
		conn_close(c);
		break;
	default:
		if (!c->eof)
			pdu_send(c, logout_pdu(c, 0, 0));
		conn_close(c);
	}
}

/* R7: as many aborts as writes, half of these with their data under way */
static void abort_storm(const void *arg)
{
	struct conn *c = one("storm");
	struct scsi *s[30];

	(void)arg;
	settled(c);
	for (unsigned int r = 0; r < rounds; r++) {
		unsigned int left = ARRAY_SIZE(s);

		for (unsigned int i = 0; i < ARRAY_SIZE(s); i++) {
			s[i] = scsi_rw(true, 0, i * 16, 16);
			s[i]->manual_r2t = true;
			if (i & 1)
				scsi_imm(s[i], 4096);
			scsi_send(c, s[i]);
		}
		for (unsigned int i = 0; i < ARRAY_SIZE(s); i++)
			pdu_send(c, tmf_pdu(c, TMF_ABORT_TASK, 0, s[i]->itt, s[i]->cmdsn,
					    true));
		while (left) {
			struct pdu *p = pdu_recv(c);

			CK(p, "the target closed");
			if (PDU_OP(p) == OP_TMF_RSP)
				left--;
			else
				CK(scsi_feed(c, p), "got %s", op_name(PDU_OP(p)));
		}
		for (unsigned int i = 0; i < ARRAY_SIZE(s); i++)
			scsi_forget(c, s[i]);
		tap_limit(30000);
	}
	/* another one's reset may end a command with TASK ABORTED */
	CK(settled(c), "the target closed");
	nop_ping(c, "x", 1);
}

/* R3, R9, R11, R12, R13, R26: gone while commands and functions are on their way */
static void gone(const void *arg)
{
	(void)arg;
	for (unsigned int r = 0; r < rounds; r++) {
		struct conn *c = one("gone");
		struct scsi *s = NULL;

		settled(c);
		for (unsigned int i = 0; i < 8; i++) {
			s = scsi_rw(i & 1, 0, i * 64, 64);
			s->manual_r2t = i & 2;
			scsi_send(c, s);
		}
		pdu_send(c, tmf_pdu(c, TMF_ABORT_TASK, 0, s->itt, s->cmdsn, true));
		if (r & 1)
			pdu_send(c, tmf_pdu(c, TMF_LUN_RESET, 0, NO_TAG, 0, true));
		if (r & 2)
			pdu_send(c, tmf_pdu(c, TMF_WARM_RESET, 0, NO_TAG, 0, true));
		part(c, r / 4);
		tap_limit(30000);
	}
}

/* R4, R5: aborts of what waits for an earlier CmdSN or is half here, then the end */
static void gone_early(const void *arg)
{
	(void)arg;
	for (unsigned int r = 0; r < rounds; r++) {
		struct conn *c = one("early");
		struct scsi *s;
		struct pdu *p;
		uint8_t *b;
		size_t len;

		settled(c);
		if (r & 1)
			c->cmdsn++;
		s = scsi_rw(true, 0, 0, 16);
		scsi_imm(s, 8192);
		p = scsi_pdu(c, s);
		b = pdu_bytes(p, false, false, &len);
		if (r & 2) {
			conn_write(c, b, len);
			pdu_send(c, tmf_pdu(c, TMF_ABORT_TASK, 0, s->itt, s->cmdsn, true));
		} else {
			conn_write(c, b, 48 + r * 97 % 8192);
		}
		part(c, r / 4);
		tap_limit(30000);
	}
}

/* R23: several of these programs fight for one I_T nexus */
static void same_nexus(const void *arg)
{
	(void)arg;
	for (unsigned int r = 0; r < rounds; r++) {
		uint16_t status = 0;
		struct conn *c = login_new(&(struct login_opts){ .session = "Normal",
					   .initiator = BASE "nexus", .status = &status,
					   .isid = (const uint8_t *)ISID_SHARED });

		CK(!status || status == ST_CLOSED, "status %04x", status);
		if (!status) {
			for (unsigned int i = 0; i < 4; i++)
				scsi_send(c, scsi_rw(i & 1, 0, i * 64, 8));
			if (settled(c))
				answered++;
			else
				lost++;
		}
		if (r & 1)
			conn_close(c);
		else
			conn_rst(c);
		tap_limit(30000);
	}
	tap_diag("%u sessions worked, %u were reinstated under us", answered, lost);
}

/* R25: COMPARE AND WRITE of one block */
static void compare_and_write(const void *arg)
{
	uint8_t cdb[16] = { 0x89, [13] = 1 };
	struct conn *c = one("caw");
	unsigned int good = 0;

	(void)arg;
	settled(c);
	for (unsigned int r = 0; r < rounds * 4; r++) {
		struct scsi *s = scsi_new(0, cdb, sizeof(cdb)), *g = scsi_rw(false, 0, 0, 1);
		uint8_t *b = tap_alloc(1024);

		scsi_send(c, g);
		CK(done(c, g), "the target closed");
		memcpy(b, g->in, 512);
		memcpy(b + 512, g->in, 512);
		put32(b + 512, get32(b) + 1);
		s->write = true;
		s->out = b;
		s->edtl = 1024;
		scsi_imm(s, 1024);
		scsi_send(c, s);
		CK(done(c, s), "the target closed");
		/* another one's reset ends it with TASK ABORTED */
		CK(!s->status || s->status == 2 || s->status == 0x40, "status %02x", s->status);
		good += !s->status;
		tap_limit(30000);
	}
	tap_diag("%u of %u won", good, rounds * 4);
}

/* What each success of COMPARE AND WRITE adds one to */
static void count(const void *arg)
{
	struct conn *c = one("count");
	struct scsi *s = scsi_rw(false, 0, 0, 1);

	(void)arg;
	scsi_good(c, s);
	tap_diag("the block says %u", get32(s->in));
}

static unsigned int pr_status;

/* R21: register, reserve, preempt and abort, while others read */
static bool pr_out(struct conn *c, unsigned int action, uint64_t key, uint64_t sakey)
{
	struct scsi *s = scsi_pr_out(0, action, key, sakey);

	scsi_send(c, s);
	if (!done(c, s))
		return false;
	pr_status = s->status;
	return true;
}

/* One initiator port: core mixes up the registrations of two of one initiator. */
static struct conn *node(void)
{
	return login_new(&(struct login_opts){ .session = "Normal",
			 .isid = (const uint8_t *)ISID_SHARED,
			 .initiator = tap_fmt(BASE "node%d", getpid()) });
}

static void preempt(const void *arg)
{
	uint32_t key = 1 + atoi(getenv("RACES_NODE") ? getenv("RACES_NODE") : "0");
	struct conn *c = node();

	(void)arg;
	for (unsigned int r = 0; r < rounds; r++) {
		bool alive = settled(c) && pr_out(c, PR_REGISTER_IGNORE, 0, key) && pr_out(c, PR_RESERVE, key, 0);

		for (unsigned int i = 0; i < 4; i++)
			scsi_send(c, scsi_rw(i & 1, 0, i * 8, 8));
		for (uint32_t other = 1; alive && other <= 3; other++)
			if (other != key)
				alive = pr_out(c, PR_PREEMPT_ABORT, key, other);
		if (!alive || r % 16 == 15) {
			conn_rst(c);
			c = node();
		}
		tap_limit(30000);
	}
	/* CLEAR, which others' preemptions may foil: who comes last leaves no reservation */
	for (int i = 0; i < 16; i++)
		if (settled(c) && pr_out(c, PR_REGISTER_IGNORE, 0, key) && !pr_status && pr_out(c, PR_CLEAR, key, 0) &&
		    !pr_status)
			return;
	FAIL("no CLEAR succeeds, status %02x", pr_status);
}

static void reader(const void *arg)
{
	struct conn *c = one("reader");
	unsigned int n = 0;

	(void)arg;
	for (unsigned int r = 0; r < rounds * 4; r++) {
		struct scsi *s = scsi_rw(false, 0, r * 8 % 1024, 8);

		scsi_send(c, s);
		CK(done(c, s), "the target closed");
		n += !s->status;
		tap_limit(30000);
	}
	tap_diag("%u of %u reads were good", n, rounds * 4);
}

/* R30, R33: from a login to its end in all ways, without a pause */
static void in_and_out(const void *arg)
{
	(void)arg;
	for (unsigned int r = 0; r < rounds * 2; r++) {
		uint16_t status = 0;
		struct conn *c = login_new(&(struct login_opts){ .session = "Normal",
					   .stages = r % 3, .status = &status });

		if (!status && r & 1)
			pdu_send(c, scsi_pdu(c, scsi_rw(false, 0, 0, 8)));
		if (status) {
			n_refused++;
			conn_close(c);
		} else {
			part(c, r);
		}
		tap_limit(30000);
	}
	tap_diag("%u of %u were refused or closed", n_refused, rounds * 2);
}

static const struct tap_case cases[] = {
	{ "11.5.1", "abort: as many aborts as writes, round after round", abort_storm },
	{ "7.14", "gone: connections end amid commands, aborts and resets", gone },
	{ "7.14", "early: connections end amid commands which are not due or not complete",
	  gone_early },
	{ "6.3.5", "nexus: one ISID, many at the same time", same_nexus },
	{ "4.2.2.1", "caw: COMPARE AND WRITE of one block", compare_and_write },
	{ "4.2.2.1", "count: the counter which they compare and write", count },
	{ "4.2.3.2", "preempt: nodes which preempt and abort each other", preempt },
	{ "4.2.2.1", "reader: a reader beside the others", reader },
	{ "6.3", "login: logins and their ends, without a pause", in_and_out },
};

int main(int argc, char **argv)
{
	const char *v = getenv("RACES_ROUNDS");
	char name[32];

	rounds = v && *v ? strtoul(v, NULL, 0) : 50;
	/* not from tap_alloc(), whose memory goes with each case */
	if (argc == 2) {
		snprintf(name, sizeof(name), "%s:", argv[1]);
		argv[1] = name;
	}
	env_init();
	return tap_main(cases, ARRAY_SIZE(cases), argc, argv);
}
