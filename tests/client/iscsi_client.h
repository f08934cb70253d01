/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An iSCSI initiator for tests: it sends any PDU with any bytes and any timing,
 * and checks everything it receives against RFC 7143. Every wait has a bound,
 * and every error ends the running TAP case.
 */
#ifndef ISCSI_CLIENT_H
#define ISCSI_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tap.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define NO_TAG		0xffffffffu
#define WAIT_MS		15000

/* Opcodes, RFC 7143 11.2.1.2 */
enum {
	OP_NOP_OUT = 0x00, OP_SCSI_CMD = 0x01, OP_TMF_REQ = 0x02,
	OP_LOGIN_REQ = 0x03, OP_TEXT_REQ = 0x04, OP_DATA_OUT = 0x05,
	OP_LOGOUT_REQ = 0x06, OP_SNACK = 0x10,
	OP_NOP_IN = 0x20, OP_SCSI_RSP = 0x21, OP_TMF_RSP = 0x22,
	OP_LOGIN_RSP = 0x23, OP_TEXT_RSP = 0x24, OP_DATA_IN = 0x25,
	OP_LOGOUT_RSP = 0x26, OP_R2T = 0x31, OP_ASYNC = 0x32, OP_REJECT = 0x3f,
};
#define OP_IMM		0x40

/* Reject reasons, 11.17.1 */
enum {
	REJ_DATA_DIGEST = 2, REJ_SNACK = 3, REJ_PROTOCOL = 4,
	REJ_UNSUPPORTED = 5, REJ_IMMEDIATE = 6, REJ_IN_PROGRESS = 7,
	REJ_DATA_ACK = 8, REJ_FIELD = 9, REJ_LONG_OP = 10, REJ_LOGOUT = 12,
};

/* Login status, 11.13.5; the target closed without an answer */
#define ST_CLOSED	0xffffu

/* TMF, 11.5.1 and 11.6.1 */
enum {
	TMF_ABORT_TASK = 1, TMF_ABORT_TASK_SET, TMF_CLEAR_ACA,
	TMF_CLEAR_TASK_SET, TMF_LUN_RESET, TMF_WARM_RESET, TMF_COLD_RESET,
	TMF_REASSIGN,
};
enum {
	TMR_COMPLETE, TMR_NO_TASK, TMR_NO_LUN, TMR_ALLEGIANT, TMR_NO_REASSIGN,
	TMR_UNSUPPORTED, TMR_UNAUTHORISED, TMR_REJECTED = 255,
};

enum { CHAP_MD5 = 5, CHAP_SHA1 = 6, CHAP_SHA256 = 7, CHAP_SHA3_256 = 8 };

static inline uint16_t get16(const void *p)
{
	const uint8_t *b = p;

	return b[0] << 8 | b[1];
}

static inline uint32_t get24(const void *p)
{
	const uint8_t *b = p;

	return b[0] << 16 | b[1] << 8 | b[2];
}

static inline uint32_t get32(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)b[0] << 24 | get24(b + 1);
}

static inline void put16(void *p, uint16_t v)
{
	uint8_t *b = p;

	b[0] = v >> 8;
	b[1] = v;
}

static inline void put24(void *p, uint32_t v)
{
	uint8_t *b = p;

	b[0] = v >> 16;
	put16(b + 1, v);
}

static inline void put32(void *p, uint32_t v)
{
	put16(p, v >> 16);
	put16((uint8_t *)p + 2, v);
}

/* RFC 1982 with 32 bits: is @a before @b? */
static inline bool sn_lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* pdu.c */

struct pdu {
	uint8_t bhs[48];
	uint8_t ahs[1020];
	uint32_t ahs_len;
	uint8_t *data;
	uint32_t dlen;
	/* What pdu_send() is to do wrong */
	bool keep_lengths;	/* the lengths in the BHS are already there */
	bool bad_hdgst, bad_ddgst;
	bool no_pad;
};

#define PDU_OP(p)	((p)->bhs[0] & 0x3f)
#define PDU_F(p)	(!!((p)->bhs[1] & 0x80))
#define PDU_C(p)	(!!((p)->bhs[1] & 0x40))
#define PDU_ITT(p)	get32((p)->bhs + 16)
#define PDU_TTT(p)	get32((p)->bhs + 20)
#define PDU_STATSN(p)	get32((p)->bhs + 24)
#define PDU_EXPCMDSN(p)	get32((p)->bhs + 28)
#define PDU_MAXCMDSN(p)	get32((p)->bhs + 32)
#define PDU_DATASN(p)	get32((p)->bhs + 36)
#define PDU_OFFSET(p)	get32((p)->bhs + 40)
#define PDU_LEN44(p)	get32((p)->bhs + 44)	/* R2T length, residual */
#define PDU_RESPONSE(p)	((p)->bhs[2])
#define PDU_STATUS(p)	((p)->bhs[3])
#define LOGIN_STATUS(p)	get16((p)->bhs + 36)
#define LOGIN_CSG(p)	((p)->bhs[1] >> 2 & 3)
#define LOGIN_NSG(p)	((p)->bhs[1] & 3)
#define LOGIN_TSIH(p)	get16((p)->bhs + 14)

const char *op_name(int op);
const char *pdu_str(const struct pdu *p);
struct pdu *pdu_new(int op, int flags);
void pdu_data(struct pdu *p, const void *data, size_t len);
/* Appends an AHS: length field, type, content; padded. */
void pdu_ahs(struct pdu *p, int type, const void *data, size_t len);
/* The bytes on the wire; the caller's arena keeps them. */
uint8_t *pdu_bytes(const struct pdu *p, bool hdgst, bool ddgst, size_t *len);
uint32_t crc32c(uint32_t crc, const void *data, size_t len);
void lun_bytes(uint8_t *b, unsigned int lun);

/* conn.c */

enum {
	CHECK_STATSN = 1, CHECK_CMDSN = 2, CHECK_FORMAT = 4,
	CHECK_ALL = 7,
};

struct key {
	char *name, *value;
	unsigned int order;	/* over both directions */
};

struct keys {
	struct key k[256];
	unsigned int n;
};

struct params {
	bool hdgst, ddgst, initial_r2t, imm_data;
	uint32_t max_burst, first_burst, max_r2t, erl;
	uint32_t our_mrdsl, tgt_mrdsl, max_conn;
	uint32_t time2wait, time2retain;
};

struct scsi;

struct conn {
	int fd;
	const char *initiator, *target;
	uint8_t isid[6];
	uint16_t tsih, cid;
	uint32_t login_itt;
	uint8_t vmin, vmax;
	uint32_t cmdsn;		/* for the next non-immediate command */
	uint32_t statsn;	/* the next one expected */
	bool statsn_valid, cmdsn_valid;
	uint32_t expcmdsn, maxcmdsn;	/* last received */
	bool full;		/* full feature phase: digests apply */
	bool logout_sent;
	struct params p;
	unsigned int checks;
	bool shared_cmdsn;	/* others use this session's CmdSN too */
	bool keep_statsn;	/* never acknowledge: ExpStatSN stays */
	uint32_t ack;		/* then this is what is sent */
	bool no_pong;		/* leave the target's pings unanswered */
	unsigned int pings;	/* how many there were */
	unsigned int asyncs, last_async;
	size_t split;		/* bytes per write; 0 = all at once */
	int split_pause_us;
	bool tx_err, eof, reset;
	uint8_t *cork;		/* collects instead of sending */
	size_t cork_len;
	struct keys sent, got;
	unsigned int answered;	/* of the keys got, so many were dealt with */
	char *ltext;		/* text of the responses with C = 1 so far */
	size_t ltext_len;
	struct scsi *cmds;	/* outstanding */
};

/* Where the target is; filled from the environment by env_init(). */
struct env {
	const char *addr, *port, *iqn, *cfg;
	const char *ini, *ini2;		/* without authentication */
};

extern struct env env;
void env_init(void);

struct conn *conn_open(void);
struct conn *conn_open_to(const char *addr, const char *port);
void conn_close(struct conn *c);
void conn_rst(struct conn *c);
/* false once the target has closed; other errors end the case */
bool conn_write(struct conn *c, const void *buf, size_t len);
void conn_cork(struct conn *c);
bool conn_uncork(struct conn *c);
bool pdu_send(struct conn *c, struct pdu *p);
/* NULL: the target has closed. A time-out ends the case. */
struct pdu *pdu_recv(struct conn *c);
/* As above, but NULL also at a time-out; then c->eof is false. */
struct pdu *pdu_recv_ms(struct conn *c, int ms);
/* Anything else than @op ends the case. */
struct pdu *pdu_expect(struct conn *c, int op);
struct pdu *reject_expect(struct conn *c, int reason, const struct pdu *bad);
/* Waits for the target to close; PDUs before it are skipped. */
void conn_expect_eof(struct conn *c);
/* Nothing may come within @ms. */
void conn_expect_silence(struct conn *c, int ms);
/* The next tag, never the reserved one. */
uint32_t next_itt(void);
void put_sns(struct conn *c, struct pdu *p, bool immediate);
/* A read of one more byte or PDU is possible within @ms. */
bool conn_readable(struct conn *c, int ms);

/* login.c */

struct chap {
	const char *algs;		/* "5"; "7,5" */
	const char *name, *secret;
	const char *tname, *tsecret;	/* ask for the target's proof too */
	int enc;			/* 0 hex, 'X' upper case hex, 'b' base64 */
	/* Deviations */
	bool reflect;			/* send the target's challenge back */
	size_t chal_len;		/* 0 = the digest's length */
	const char *raw_r;		/* CHAP_R as text */
	const char *raw_c, *raw_i;	/* our CHAP_C, CHAP_I as text */
	int id_format;			/* 'x': CHAP_I in hex */
	/* Results */
	int alg;
	uint8_t id;
	uint8_t chal[2048];
	size_t tchal_len;
	bool verified;			/* the target's CHAP_R was right */
};

struct login_opts {
	const char *initiator, *target, *session;
	const uint8_t *isid;
	uint16_t tsih, cid;
	uint32_t cmdsn;
	/*
	 * Operational keys, "A=1\nB=2\n": each replaces our default for that key;
	 * a line without "=" leaves the key out.
	 */
	const char *keys;
	bool no_defaults;	/* only these keys */
	int stages;		/* 0: operational only, 1: both, 2: security only */
	const char *auth;	/* AuthMethod's list; NULL = CHAP or None */
	struct chap *chap;
	uint16_t *status;	/* wanted when it may fail, else that is an error */
	const char *addr, *port;
};

#define LT	0x80		/* T bit */
#define LC	0x40		/* C bit */
/* @keys: lines, each becoming a null-terminated pair. */
void login_send(struct conn *c, int flags, int csg, int nsg, const char *keys);
void login_send_raw(struct conn *c, int flags, int csg, int nsg,
		    const void *text, size_t len);
struct pdu *login_recv(struct conn *c);
struct pdu *login_step(struct conn *c, int flags, int csg, int nsg,
		       const char *fmt, ...) TAP_PRINTF(5, 6);
/* InitiatorName and TargetName of @c as lines. */
const char *names(struct conn *c);
/* Runs a whole login; returns the status, 0 when in full feature phase. */
uint16_t login(struct conn *c, const struct login_opts *o);
uint16_t login_finish(struct conn *c, struct pdu *p);
const char *login_proposal(const char *keys, bool defaults);
/* With a new connection; must succeed, unless o->status is set. */
struct conn *login_new(const struct login_opts *o);
struct conn *login_normal(void);
struct conn *login_keys(const char *keys);
struct conn *login_discovery(void);
uint16_t login_status(struct pdu *p);
void conn_isid(struct conn *c);
void keys_parse(struct keys *ks, const char *text, size_t len);
const char *keys_get(const struct keys *ks, const char *name);
unsigned int keys_count(const struct keys *ks, const char *name);
const char *key_got(struct conn *c, const char *name);
/* What was agreed on: the value that was sent last, by either side */
const char *key_outcome(struct conn *c, const char *name);
/* All text so far has come: marks the operational outcome in c->p. */
void login_outcome(struct conn *c);
const char *lines_get(const char *lines, const char *name);

/* chap.c, hash.c */

size_t chap_hash(int alg, uint8_t *out, const void *msg, size_t len);
/* The lines to send with CHAP_N; reads the target's CHAP_A, _I, _C. */
const char *chap_answer(struct conn *c, struct chap *ch);
bool chap_verify(struct conn *c, struct chap *ch);
char *bin_encode(const uint8_t *b, size_t len, int enc);
int bin_decode(const char *s, uint8_t *out, size_t max);

/* scsi.c */

struct scsi {
	unsigned int lun;
	uint8_t cdb[260];
	uint32_t cdb_len;
	bool read, write, imm, final;
	uint8_t attr;
	uint32_t edtl;
	const uint8_t *out;
	uint8_t *in;
	uint32_t imm_len;	/* immediate data in the command PDU */
	uint32_t unsol_len;	/* unsolicited data with and after it, in all */
	uint32_t seg;		/* length of our data PDUs; 0 = the maximum */
	bool manual_r2t;	/* leave R2Ts to the case */
	bool no_final;		/* the F bit exactly as given */
	/* Progress and result */
	struct scsi *next;
	uint32_t itt, cmdsn;
	bool done;
	uint8_t status, response, flags;
	uint32_t residual, in_len, n_in, n_r2t, burst, seqs;
	uint32_t next_r2t, r2t_open;
	struct pdu *r2t[16];	/* with manual_r2t */
	uint32_t n_held;
	const uint8_t *sense;
	uint32_t sense_len;
	struct pdu *rsp;
};

#define RES_O	0x04
#define RES_U	0x02
struct scsi *scsi_new(unsigned int lun, const void *cdb, size_t len);
struct scsi *scsi_rw(bool write, unsigned int lun, uint32_t lba,
		     uint32_t blocks);
/* @len bytes go with the command, and no others are unsolicited. */
void scsi_imm(struct scsi *s, uint32_t len);

/* PERSISTENT RESERVE OUT of the type Write Exclusive - Registrants Only, data immediate. */
enum { PR_REGISTER, PR_RESERVE, PR_RELEASE, PR_CLEAR, PR_PREEMPT, PR_PREEMPT_ABORT,
       PR_REGISTER_IGNORE };
struct scsi *scsi_pr_out(unsigned int lun, unsigned int action, uint64_t key, uint64_t sakey);
struct pdu *scsi_pdu(struct conn *c, struct scsi *s);
void scsi_send(struct conn *c, struct scsi *s);
void scsi_wait(struct conn *c, struct scsi *s);
/* Takes a received PDU: true if it was about an outstanding command. */
bool scsi_feed(struct conn *c, struct pdu *p);
void scsi_forget(struct conn *c, struct scsi *s);
void scsi_run(struct conn *c, struct scsi *s);
void scsi_good(struct conn *c, struct scsi *s);
void scsi_check(struct scsi *s, int key, int asc, int ascq);
void data_out(struct conn *c, struct scsi *s, uint32_t ttt, uint32_t off,
	      uint32_t len);
struct pdu *data_out_pdu(struct conn *c, struct scsi *s, uint32_t ttt,
			 uint32_t datasn, uint32_t off, uint32_t len, bool f);
void scsi_write_check(struct conn *c, unsigned int lun, uint32_t lba,
		      uint32_t blocks, uint32_t imm_len, uint32_t unsol_len);
void scsi_tur(struct conn *c, unsigned int lun);
/* Until no unit attention is left. */
void scsi_settle(struct conn *c, unsigned int lun);
void fill(uint8_t *b, size_t len, uint32_t seed);
/* Full feature phase, and all works: the connection is in order. */
void conn_healthy(struct conn *c);
/* A new login to the target works and does I/O. */
void target_healthy(void);

/* proto.c */

struct pdu *nop_ping(struct conn *c, const void *data, size_t len);
struct pdu *nop_pdu(struct conn *c, uint32_t itt, uint32_t ttt, bool imm);
struct pdu *tmf_pdu(struct conn *c, int fn, unsigned int lun, uint32_t rtt,
		    uint32_t refcmdsn, bool imm);
/* Sends it and returns the response's code; feeds commands meanwhile. */
int tmf(struct conn *c, int fn, unsigned int lun, uint32_t rtt,
	uint32_t refcmdsn);
int tmf_wait(struct conn *c, struct pdu *req);
struct pdu *logout_pdu(struct conn *c, int reason, uint16_t cid);
struct pdu *logout(struct conn *c, int reason, uint16_t cid);
struct pdu *text_pdu(struct conn *c, uint32_t itt, uint32_t ttt, int flags,
		     const char *lines);
void text_rejected(struct conn *c, const struct pdu *reject);
/* A whole exchange; the keys go to @out, NULL result is a Reject's reason. */
struct pdu *text_all(struct conn *c, const char *lines, char **all, size_t *len);
struct pdu *text(struct conn *c, const char *lines, struct keys *out);
struct pdu *snack_pdu(struct conn *c, int type, uint32_t itt, uint32_t ttt,
		      uint32_t beg, uint32_t run);

/* cfg.c */

/* Paths are relative to /sys/kernel/config/target unless they begin with / */
bool cfg_try(const char *path, const char *value);
void cfg_write(const char *path, const char *value);
char *cfg_read(const char *path);
/* As cfg_write(), undone at the end of the case. */
void cfg_set(const char *path, const char *value);
void tpg_set(const char *file, const char *value);
void cfg_mkdir(const char *path);
void cfg_rmdir(const char *path);
void cfg_link(const char *to, const char *path);
void cfg_unlink(const char *path);

#endif
