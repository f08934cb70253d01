// SPDX-License-Identifier: GPL-2.0
/*
 * Task attributes (11.3.1.1, SAM-5 8.9) amid aborts: what is aborted in the backend must
 * not count for ever among what an ORDERED command waits for.
 */
#include "raw.h"

#define LUN_SLOW	2
#define DELAY		"/sys/bus/pseudo/drivers/scsi_debug/delay"
#define DELAY_SLOW	"250"	/* jiffies, a second or so */
#define SIMPLE		1
#define ORDERED		2
#define HEAD		3

enum how { BY_ABORT, BY_SET, BY_RESET, BY_OTHER };

struct order {
	uint8_t victim;		/* attribute of the task that is aborted */
	enum how how;
};

static struct scsi *a_read(struct conn *c, uint8_t attr)
{
	struct scsi *s = scsi_rw(false, LUN_SLOW, 0, 8);

	s->attr = attr;
	scsi_send(c, s);
	return s;
}

static struct conn *ready(void)
{
	struct conn *c = login_normal();

	scsi_settle(c, 0);
	scsi_settle(c, LUN_SLOW);
	return c;
}

static void give_up(struct conn *c, struct scsi *s, enum how how)
{
	struct conn *b;

	switch (how) {
	case BY_ABORT:
		tmf(c, TMF_ABORT_TASK, LUN_SLOW, s->itt, s->cmdsn);
		scsi_forget(c, s);
		break;
	case BY_SET:
		tmf(c, TMF_ABORT_TASK_SET, LUN_SLOW, NO_TAG, 0);
		scsi_forget(c, s);
		break;
	case BY_RESET:
		tmf(c, TMF_LUN_RESET, LUN_SLOW, NO_TAG, 0);
		scsi_forget(c, s);
		break;
	case BY_OTHER:
		b = login_new(&(struct login_opts){ .session = "Normal",
						    .initiator = env.ini2 });
		scsi_settle(b, LUN_SLOW);
		tmf(b, TMF_LUN_RESET, LUN_SLOW, NO_TAG, 0);
		scsi_wait(c, s);
	}
}

/* Each kind of command in turn, behind the aborted one */
static void behind(const void *arg)
{
	static const uint8_t attrs[] = { ORDERED, SIMPLE, ORDERED, HEAD, ORDERED };
	const struct order *o = arg;
	struct conn *c = ready();
	struct scsi *s;

	for (int i = 0; i < 3; i++) {
		cfg_set(DELAY, DELAY_SLOW);
		s = a_read(c, o->victim);
		nop_ping(c, "x", 1);
		give_up(c, s, o->how);
		cfg_write(DELAY, "1");
		if (o->how != BY_ABORT)
			scsi_settle(c, LUN_SLOW);
		for (unsigned int k = 0; k < ARRAY_SIZE(attrs); k++) {
			s = a_read(c, attrs[k]);
			scsi_wait(c, s);
			CK_EQ(s->status, 0, "the status");
		}
	}
}

/* Several at a time: none may be forgotten. */
static void mixed(const void *arg)
{
	struct conn *c = ready();
	struct scsi *s[16];

	(void)arg;
	cfg_set(DELAY, "2");
	for (int i = 0; i < 16; i++)
		s[i] = a_read(c, i % 3 == 1 ? ORDERED : i % 5 ? SIMPLE : HEAD);
	for (int i = 0; i < 16; i++) {
		scsi_wait(c, s[i]);
		CK_EQ(s[i]->status, 0, "the status");
	}
}

static const struct tap_case cases[] = {
	{ "11.3.1", "SIMPLE, ORDERED and HEAD OF QUEUE commands mixed are all answered", mixed },
	{ "11.5.1", "ORDERED commands go on behind a SIMPLE one that was aborted", behind,
	  &(const struct order){ SIMPLE, BY_ABORT } },
	{ "11.5.1", "commands go on behind an ORDERED one that was aborted", behind,
	  &(const struct order){ ORDERED, BY_ABORT } },
	{ "11.5.1", "commands go on behind a HEAD OF QUEUE one that was aborted", behind,
	  &(const struct order){ HEAD, BY_ABORT } },
	{ "11.5.1", "ORDERED commands go on behind ABORT TASK SET", behind,
	  &(const struct order){ SIMPLE, BY_SET } },
	{ "11.5.1", "ORDERED commands go on behind LOGICAL UNIT RESET", behind,
	  &(const struct order){ SIMPLE, BY_RESET } },
	{ "11.5.1", "commands go on behind an ORDERED one that a reset ended", behind,
	  &(const struct order){ ORDERED, BY_RESET } },
	{ "11.5.1", "ORDERED commands go on behind another initiator's reset", behind,
	  &(const struct order){ ORDERED, BY_OTHER } },
};

RAW_MAIN(cases)
