/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Login conversations as tables.
 */
#ifndef TCM_ISCSI_TALK_H
#define TCM_ISCSI_TALK_H

#include "unit.h"

#define TALK_TURNS	40

/**
 * struct turn - one request and its answer
 * @flags: CSG, 'T' or '-', NSG of the request: "1T3"
 * @text: its keys, newlines for nulls; see talk.c for what '$' brings in
 * @status: of the answer
 * @answer: CSG, T and NSG of the answer
 * @out: its text; NULL: any
 */
struct turn {
	const char *flags, *text;
	u32 status;
	const char *answer, *out;
};

/**
 * struct talk - one login
 * @prepare: changes the offer before the first turn
 * @result: "field=value ..." of the parameters afterwards
 */
struct talk {
	const char *name;
	void (*prepare)(struct iscsip_login_offer *offer);
	const char *result;
	struct turn turns[TALK_TURNS];
};

#define INI	"iqn.2003-01.org.example:ini"
#define TGT	"iqn.2003-01.org.example:disk"
#define NAMES	"InitiatorName=" INI "\nTargetName=" TGT "\n"
#define NORMAL	NAMES "SessionType=Normal\n"
#define DISCO	"InitiatorName=" INI "\nSessionType=Discovery\n"
#define TPGT	"TargetPortalGroupTag=1\n"
#define MRDSL	"MaxRecvDataSegmentLength=262144\n"

extern struct iscsip_login *login;	/* the last one run */

void talk_run(const struct talk *t);
void talk_table(const struct talk *t, u32 n);
/* One login request with the header that talk_run() would give it */
struct iscsip_req talk_req(const char *flags);
void talk_offer(struct iscsip_login_offer *offer);
void set_credentials(struct iscsip_login_offer *offer, const char *user,
		     const char *secret, const char *mutual_user,
		     const char *mutual_secret);

#endif
