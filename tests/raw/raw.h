/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs of the protocol suite share. */
#ifndef RAW_H
#define RAW_H

#include "../client/iscsi_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What setup.sh makes besides env.iqn with its LUNs 0, 1 and 300 */
#define BASE		"iqn.2003-01.org.example:"
#define IQN_DEMO	BASE "demo"	/* generate_node_acls=1 */
#define IQN_OFF		BASE "off"	/* its TPG is not enabled */
#define IQN_ELSE	BASE "else"	/* only on port 3262 */
#define IQN_WILD	BASE "wild"	/* TPG 3 on 0.0.0.0:3261, demo */
#define IQN_SIX		BASE "six"	/* on [::1]:3260 */
#define IQN_TWO		BASE "two"	/* group 1 on 3260, 2 on 3262 */
#define PORT_ELSE	"3262"
#define PORT_WILD	"3261"
#define TGT_EUI		"eui.02004567a425678d"
#define TGT_NAA		"naa.62004567ba64678d0123456789abcdef"
#define INI_CHAP	BASE "chap"	/* one-way secrets */
#define INI_MUTUAL	BASE "mutual"	/* and those of the target */
#define INI_RO		BASE "ro"	/* its LUNs are write-protected */
#define INI_FEW		BASE "few"	/* cmdsn_depth 4 */
#define INI_EUI		"eui.0123456789abcdef"
#define INI_NAA		"naa.52004567ba64678d"
#define INI_NONE	BASE "nobody"	/* has no ACL */
#define USER		"raw-user"
#define SECRET		"raw-secret-of-16"
#define TUSER		"raw-target"
#define TSECRET		"target-secret-16"
#define LUN_HIGH	300	/* what others abort there ends without a status (TAS 0) */
#define FLAT		0x4000
#define LUN_NONE	77

#define RAW_MAIN(cases)							\
	int main(int argc, char **argv)					\
	{								\
		env_init();						\
		return tap_main(cases, ARRAY_SIZE(cases), argc, argv);	\
	}

/* A login ended with just this status, and the connection was closed. */
void refused(struct conn *c, struct pdu *p, uint16_t status);
/* The status' class is 2 or 3, or the target closed without an answer. */
void refused_any(struct conn *c, struct pdu *p);
/* As above; only class 2, and an answer there must be. */
void refused_initiator(struct conn *c, struct pdu *p);
/* A new connection whose first login PDU (CSG 1 -> 3) has names and @keys. */
struct pdu *first_login(struct conn *c, const char *keys);
char *repeat(int ch, size_t n);
bool is_one_of(const char *v, const char *list);
/* The initiator's directory in the first TPG's acls */
char *acl_path(const char *ini, const char *file);

#endif
