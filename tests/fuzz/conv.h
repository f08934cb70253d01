/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A target without sockets, disks and threads: the order in which a receiver calls
 * the pure layer, from the first Login Request to the end of the connection.
 */
#ifndef TCM_ISCSI_CONV_H
#define TCM_ISCSI_CONV_H

#include "fuzz.h"

#define CONV_TASKS	24
#define CONV_DEPTH	8
#define CONV_DISK	65536	/* bytes that any read returns at most */
#define CONV_TEXT_IN	8192
#define CONV_TEXT_KEYS	(6 * CONV_TEXT_IN)
#define CONV_OUT	(CONV_TEXT_KEYS + 16384)

/*
 * What a peer knows from answers, and a file of bytes can't: these numbers stand for
 * the right one (or the one after it, to leave a gap).
 */
#define RIGHT		0xfffffffeu
#define RIGHT_AND_1	0xfffffffdu
#define RIGHT_AND_2	0xfffffffcu
/* In reserved bits of the header: its digest, or its data's, is wrong */
#define BAD_HDGST	0x80	/* byte 0 */
#define BAD_DDGST	0x80	/* byte 3, in full feature phase */

struct task {
	bool used, held, write;
	bool tmf, other;	/* a function; a place holder of NOP-Out, Text, Logout */
	struct iscsip_req req;
	struct iscsip_xfer x;
	u32 asked;		/* bytes that R2Ts have asked for, or came unasked */
};

struct conv {
	struct input in;
	u8 offer_a, offer_b, options;
	enum iscsip_phase phase;
	bool over;
	bool hdgst, ddgst;
	struct iscsip_login *l;		/* NULL in full feature phase */
	bool located, response_given;
	char *ltext;
	u32 ltext_len;
	struct iscsip_params p;
	enum iscsip_session_type type;
	u16 cid;
	struct iscsip_window win;
	bool have_win;
	u32 last_max, statsn, next_ttt;
	u32 rx_cmdsn;
	struct task tasks[CONV_TASKS];
	/* a Text negotiation */
	bool seq;
	struct iscsip_text neg;
	u32 seq_itt, seq_ttt, in_len, out_len, out_pos;
	u64 seq_lun;
	char tin[CONV_TEXT_IN];
	char *tout;
	char *buf;
};

void conv_init(struct conv *c, const u8 *data, size_t size);
/* One PDU. Return: false when there is none, or nobody listens any more. */
bool conv_pdu(struct conv *c);
void conv_end(struct conv *c);

/* conv_tx.c: every answer is encoded, and looked at as a peer would */
void conv_numbers(struct conv *c, struct iscsip_sn *sn, bool own);
void conv_sent(struct conv *c, const u8 *bhs, u8 opcode, u32 itt, u32 dsl, bool own);
void conv_reject(struct conv *c, u8 reason);
void conv_data_in(struct conv *c, struct task *t);
void conv_r2ts(struct conv *c, struct task *t);
void conv_scsi_rsp(struct conv *c, struct task *t, u8 response, u8 status);
void conv_async(struct conv *c, u8 event);

/* conv_login.c, conv_text.c */
struct iscsip_verdict conv_login(struct conv *c, const struct iscsip_req *req,
				 const u8 *data);
void conv_login_rsp(struct conv *c, const struct iscsip_req *req,
		    const struct iscsip_login_result *r, u16 status, u32 dsl);
struct iscsip_verdict conv_text_header(struct conv *c, const struct iscsip_req *req,
				       const u8 *data);
struct iscsip_verdict conv_text_payload(struct conv *c, const struct iscsip_req *req);

#endif
