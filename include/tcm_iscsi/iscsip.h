/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tcm_iscsi: the pure protocol layer (layer 0).
 *
 * Bytes in, verdicts out. Nothing here allocates, locks, sleeps, logs or does
 * I/O; every buffer comes from the caller, and there is no mutable global. The
 * same files are built in user space for the unit tests and the fuzzers.
 *
 * All integers in the structs below are in host byte order; the wire order
 * exists only inside proto/pdu.c and in the byte arrays.
 */
#ifndef TCM_ISCSI_ISCSIP_H
#define TCM_ISCSI_ISCSIP_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/limits.h>
#else
#include "iscsip_user.h"
#endif

/* ---- sizes and limits (RFC 7143 6.1, 11, 13) ------------------------- */

#define ISCSIP_BHS_LEN		48
#define ISCSIP_AHS_MAX		1020	/* TotalAHSLength is 8 bit, in words */
#define ISCSIP_DIGEST_LEN	4
#define ISCSIP_NAME_MAX		223	/* bytes of an iSCSI name, 4.2.7.1 */
#define ISCSIP_KEY_MAX		63	/* bytes of a key name, 6.1 */
#define ISCSIP_VALUE_MAX	8192	/* bytes of a value, 6.1 */
#define ISCSIP_ALIAS_MAX	255
#define ISCSIP_LOGIN_TEXT_MAX	16384	/* all text of one login request sequence */
#define ISCSIP_MRDSL_DEFAULT	8192	/* 13.12; also the limit during login */
#define ISCSIP_CDB_MAX		260	/* 16 of the BHS plus an extended CDB AHS */
#define ISCSIP_ISID_LEN		6
#define ISCSIP_TAG_RESERVED	0xffffffffu

/* ---- opcodes (11.2.1.2) ----------------------------------------------- */

enum iscsip_opcode {
	ISCSIP_OP_NOP_OUT	= 0x00,
	ISCSIP_OP_SCSI_CMD	= 0x01,
	ISCSIP_OP_TMF		= 0x02,
	ISCSIP_OP_LOGIN		= 0x03,
	ISCSIP_OP_TEXT		= 0x04,
	ISCSIP_OP_DATA_OUT	= 0x05,
	ISCSIP_OP_LOGOUT	= 0x06,
	ISCSIP_OP_SNACK		= 0x10,
	ISCSIP_OP_NOP_IN	= 0x20,
	ISCSIP_OP_SCSI_RSP	= 0x21,
	ISCSIP_OP_TMF_RSP	= 0x22,
	ISCSIP_OP_LOGIN_RSP	= 0x23,
	ISCSIP_OP_TEXT_RSP	= 0x24,
	ISCSIP_OP_DATA_IN	= 0x25,
	ISCSIP_OP_LOGOUT_RSP	= 0x26,
	ISCSIP_OP_R2T		= 0x31,
	ISCSIP_OP_ASYNC		= 0x32,
	ISCSIP_OP_REJECT	= 0x3f,
};

/* Reject reasons (11.17.1) */
enum iscsip_reject {
	ISCSIP_REJ_DATA_DIGEST		= 0x02,
	ISCSIP_REJ_SNACK		= 0x03,
	ISCSIP_REJ_PROTOCOL		= 0x04,
	ISCSIP_REJ_CMD_NOT_SUPPORTED	= 0x05,
	ISCSIP_REJ_TOO_MANY_IMMEDIATE	= 0x06,
	ISCSIP_REJ_TASK_IN_PROGRESS	= 0x07,
	ISCSIP_REJ_INVALID_DATA_ACK	= 0x08,
	ISCSIP_REJ_INVALID_FIELD	= 0x09,
	ISCSIP_REJ_LONG_OP		= 0x0a,
	ISCSIP_REJ_WAIT_LOGOUT		= 0x0c,
};

/* Login status, class << 8 | detail (11.13.5) */
enum iscsip_login_status {
	ISCSIP_LOGIN_OK			= 0x0000,
	ISCSIP_LOGIN_MOVED_TEMP		= 0x0101,
	ISCSIP_LOGIN_MOVED_PERM		= 0x0102,
	ISCSIP_LOGIN_INITIATOR_ERROR	= 0x0200,
	ISCSIP_LOGIN_AUTH_FAILED	= 0x0201,
	ISCSIP_LOGIN_FORBIDDEN		= 0x0202,
	ISCSIP_LOGIN_NOT_FOUND		= 0x0203,
	ISCSIP_LOGIN_REMOVED		= 0x0204,
	ISCSIP_LOGIN_VERSION		= 0x0205,
	ISCSIP_LOGIN_TOO_MANY_CONNS	= 0x0206,
	ISCSIP_LOGIN_MISSING_PARAM	= 0x0207,
	ISCSIP_LOGIN_CANT_INCLUDE	= 0x0208,
	ISCSIP_LOGIN_BAD_SESSION_TYPE	= 0x0209,
	ISCSIP_LOGIN_NO_SESSION		= 0x020a,
	ISCSIP_LOGIN_BAD_REQUEST	= 0x020b,
	ISCSIP_LOGIN_TARGET_ERROR	= 0x0300,
	ISCSIP_LOGIN_UNAVAILABLE	= 0x0301,
	ISCSIP_LOGIN_NO_RESOURCES	= 0x0302,
};

/* Task management functions and responses (11.5.1, 11.6.1) */
enum iscsip_tmf {
	ISCSIP_TMF_ABORT_TASK		= 1,
	ISCSIP_TMF_ABORT_TASK_SET	= 2,
	ISCSIP_TMF_CLEAR_ACA		= 3,
	ISCSIP_TMF_CLEAR_TASK_SET	= 4,
	ISCSIP_TMF_LUN_RESET		= 5,
	ISCSIP_TMF_WARM_RESET		= 6,
	ISCSIP_TMF_COLD_RESET		= 7,
	ISCSIP_TMF_TASK_REASSIGN	= 8,
};

enum iscsip_tmf_rsp {
	ISCSIP_TMF_COMPLETE		= 0,
	ISCSIP_TMF_NO_TASK		= 1,
	ISCSIP_TMF_NO_LUN		= 2,
	ISCSIP_TMF_TASK_ALLEGIANT	= 3,
	ISCSIP_TMF_NO_REASSIGN		= 4,
	ISCSIP_TMF_NOT_SUPPORTED	= 5,
	ISCSIP_TMF_NOT_AUTHORIZED	= 6,
	ISCSIP_TMF_REJECTED		= 255,
};

/* Logout reasons and responses (11.14.1, 11.15.1) */
enum iscsip_logout {
	ISCSIP_LOGOUT_SESSION		= 0,
	ISCSIP_LOGOUT_CONN		= 1,
	ISCSIP_LOGOUT_RECOVERY		= 2,
};

enum iscsip_logout_rsp {
	ISCSIP_LOGOUT_OK		= 0,
	ISCSIP_LOGOUT_NO_CID		= 1,
	ISCSIP_LOGOUT_NO_RECOVERY	= 2,
	ISCSIP_LOGOUT_FAILED		= 3,
};

/* Asynchronous events (11.9.1) */
enum iscsip_async {
	ISCSIP_ASYNC_SCSI		= 0,
	ISCSIP_ASYNC_REQUEST_LOGOUT	= 1,
	ISCSIP_ASYNC_DROP_CONN		= 2,
	ISCSIP_ASYNC_DROP_SESSION	= 3,
	ISCSIP_ASYNC_RENEGOTIATE	= 4,
};

/* ---- verdicts ---------------------------------------------------------- */

/**
 * enum iscsip_action - what the receiver of a verdict has to do
 * @ISCSIP_OK: go on
 * @ISCSIP_REJECT: send a Reject with @code as its reason, drain the payload, go on
 * @ISCSIP_LOGIN_FAIL: answer the login with status @code, then close
 * @ISCSIP_DROP: close the connection: framing or trust is lost
 * @ISCSIP_IGNORE: drain the payload in silence (a PDU outside the window, ...)
 */
enum iscsip_action {
	ISCSIP_OK = 0,
	ISCSIP_REJECT,
	ISCSIP_LOGIN_FAIL,
	ISCSIP_DROP,
	ISCSIP_IGNORE,
};

/**
 * struct iscsip_verdict - the answer of every parser
 * @action: see &enum iscsip_action
 * @code: Reject reason or login status, by @action
 * @why: a constant string for tracepoints and rate-limited logs, never NULL
 *	 unless @action is %ISCSIP_OK
 */
struct iscsip_verdict {
	enum iscsip_action action;
	u16 code;
	const char *why;
};

#define ISCSIP_VERDICT_OK	((struct iscsip_verdict){ ISCSIP_OK, 0, NULL })
#define ISCSIP_VERDICT_REJECT(r, w) \
	((struct iscsip_verdict){ ISCSIP_REJECT, (r), (w) })
#define ISCSIP_VERDICT_LOGIN(s, w) \
	((struct iscsip_verdict){ ISCSIP_LOGIN_FAIL, (s), (w) })
#define ISCSIP_VERDICT_DROP(w)	((struct iscsip_verdict){ ISCSIP_DROP, 0, (w) })
#define ISCSIP_VERDICT_IGNORE(w) \
	((struct iscsip_verdict){ ISCSIP_IGNORE, 0, (w) })

/* ---- proto/pdu.c: PDUs -------------------------------------------------- */

/** enum iscsip_phase - which PDUs are legal now */
enum iscsip_phase {
	ISCSIP_PHASE_LOGIN,		/* nothing has been taken yet */
	ISCSIP_PHASE_DISCOVERY,		/* full feature phase of a discovery session */
	ISCSIP_PHASE_FULL,
	ISCSIP_PHASE_LOGIN_STARTED,	/* a Login Request has been taken (4.2.4) */
};

enum iscsip_attr {
	ISCSIP_ATTR_UNTAGGED	= 0,
	ISCSIP_ATTR_SIMPLE	= 1,
	ISCSIP_ATTR_ORDERED	= 2,
	ISCSIP_ATTR_HEAD	= 3,
	ISCSIP_ATTR_ACA		= 4,
};

/**
 * struct iscsip_req - one decoded request
 * @opcode: &enum iscsip_opcode, without the I bit
 * @immediate: I bit
 * @final: F bit (T bit of a Login Request)
 * @cont: C bit (Login and Text only)
 * @ahs_len: bytes of additional header segments which follow the BHS
 * @dsl: DataSegmentLength in bytes, without padding
 * @lun: the eight LUN bytes as a big-endian number (0 where the PDU has none)
 * @itt: Initiator Task Tag
 * @ttt: Target Transfer Tag (%ISCSIP_TAG_RESERVED where the PDU has none)
 * @cmdsn: CmdSN (0 for Data-Out and SNACK, which have none)
 * @expstatsn: ExpStatSN
 */
struct iscsip_req {
	u8 opcode;
	bool immediate;
	bool final;
	bool cont;
	u16 ahs_len;
	u32 dsl;
	u64 lun;
	u32 itt;
	u32 ttt;
	u32 cmdsn;
	u32 expstatsn;
	union {
		struct {
			bool read;
			bool write;
			u8 attr;	/* enum iscsip_attr, as on the wire */
			u32 edtl;	/* Expected Data Transfer Length */
			u8 cdb[16];
		} scsi;
		struct {
			u8 function;
			u32 rtt;	/* Referenced Task Tag */
			u32 refcmdsn;
			u32 expdatasn;
		} tmf;
		struct {
			u8 csg;
			u8 nsg;
			u8 version_max;
			u8 version_min;
			u8 isid[ISCSIP_ISID_LEN];
			u16 tsih;
			u16 cid;
		} login;
		struct {
			u32 datasn;
			u32 offset;
		} data_out;
		struct {
			u8 reason;
			u16 cid;
		} logout;
		struct {
			u8 type;
			u32 begrun;
			u32 runlength;
		} snack;
	};
};

/**
 * iscsip_bhs_lengths() - the two lengths of a BHS, before anything is believed
 * @bhs: 48 bytes
 * @ahs_len: bytes of AHS that follow
 * @dsl: bytes of payload that follow (without padding)
 */
void iscsip_bhs_lengths(const u8 *bhs, u16 *ahs_len, u32 *dsl);

static inline u32 iscsip_pad(u32 len)
{
	return -len & 3;
}

/**
 * iscsip_decode() - decode and judge one request header
 * @bhs: 48 bytes
 * @phase: which requests are legal
 * @mrdsl: the receive limit in force (our declared MaxRecvDataSegmentLength;
 *	   %ISCSIP_MRDSL_DEFAULT during login)
 * @req: filled as far as the header could be understood, also for a Reject
 *
 * Lengths first, then the opcode, then the fields. A payload above @mrdsl is a
 * DROP in the login phase, else a REJECT with reason protocol error as long as
 * it is small enough to drain (16 MiB is the format's limit, so it always is).
 * An AHS on anything but a SCSI Command is a REJECT. Checked by opcode: SCSI
 * Command per 11.3 (F=0 without W, W without ... , both R and W and an EDTL
 * without a bidirectional AHS: REJECT invalid field; EDTL 0 with R or W set is legal),
 * ITT 0xffffffff only where allowed (NOP-Out), TTT rules of Text and NOP-Out,
 * reserved TMF function codes are left to the caller, SNACK types, logout
 * reasons are left to the caller, Login bits (T with C, reserved stage 2) per
 * 11.12 give LOGIN_FAIL 0x0200. Opcodes illegal in @phase: LOGIN phase: DROP
 * unless Login; LOGIN_STARTED phase: LOGIN_FAIL 0x020b unless Login (4.2.4);
 * DISCOVERY: only Text, Logout, NOP-Out (answered), else REJECT protocol error;
 * FULL: Login gives REJECT protocol error. Unknown opcodes: REJECT command not
 * supported.
 *
 * Return: the verdict.
 */
struct iscsip_verdict iscsip_decode(const u8 *bhs, enum iscsip_phase phase,
				    u32 mrdsl, struct iscsip_req *req);

/**
 * iscsip_parse_ahs() - walk the AHS list of a SCSI Command (11.2.2)
 * @ahs: the bytes after the BHS
 * @len: how many
 * @req: the decoded command; its 16 CDB bytes are the head of the result
 * @cdb: %ISCSIP_CDB_MAX bytes; gets the whole CDB
 * @cdb_len: gets 16, or more with an extended CDB AHS
 * @bidi_len: gets the bidirectional expected read length, 0 without one
 *
 * Type 1 (extended CDB) and 2 (bidirectional read length), each at most once;
 * a length that leaves the area, or an unknown type, is a REJECT.
 */
struct iscsip_verdict iscsip_parse_ahs(const u8 *ahs, u32 len,
				       const struct iscsip_req *req,
				       u8 *cdb, u16 *cdb_len, u32 *bidi_len);

/**
 * struct iscsip_sn - the three numbers that nearly every response carries
 */
struct iscsip_sn {
	u32 statsn;
	u32 expcmdsn;
	u32 maxcmdsn;
};

/* A residual as the SCSI Response and the last Data-In carry it (11.4.5) */
struct iscsip_residual {
	bool underflow;
	bool overflow;
	u32 count;
};

/* Encoders: write all 48 bytes of @bhs, DataSegmentLength included. */
void iscsip_put_nop_in(u8 *bhs, const struct iscsip_sn *sn, u64 lun, u32 itt,
		       u32 ttt, u32 dsl);
void iscsip_put_scsi_rsp(u8 *bhs, const struct iscsip_sn *sn, u32 itt,
			 u8 response, u8 status, const struct iscsip_residual *res,
			 u32 expdatasn, u32 dsl);
/* @final: F bit; @status: S bit with @scsi_status, @res and StatSN (else reserved);
 * @ack: A bit with @ttt and @lun, else TTT is 0xffffffff
 */
void iscsip_put_data_in(u8 *bhs, const struct iscsip_sn *sn, u32 itt, bool final,
			bool status, u8 scsi_status,
			const struct iscsip_residual *res, u32 datasn,
			u32 offset, u32 dsl, bool ack, u64 lun, u32 ttt);
void iscsip_put_r2t(u8 *bhs, const struct iscsip_sn *sn, u64 lun, u32 itt,
		    u32 ttt, u32 r2tsn, u32 offset, u32 len);
void iscsip_put_tmf_rsp(u8 *bhs, const struct iscsip_sn *sn, u32 itt, u8 response);
void iscsip_put_login_rsp(u8 *bhs, const struct iscsip_sn *sn, u32 itt,
			  const u8 *isid, u16 tsih, bool transit, bool cont,
			  u8 csg, u8 nsg, u8 version_max, u8 version_active,
			  u16 status, u32 dsl);
void iscsip_put_text_rsp(u8 *bhs, const struct iscsip_sn *sn, u64 lun, u32 itt,
			 u32 ttt, bool final, bool cont, u32 dsl);
void iscsip_put_logout_rsp(u8 *bhs, const struct iscsip_sn *sn, u32 itt,
			   u8 response, u16 time2wait, u16 time2retain);
void iscsip_put_async(u8 *bhs, const struct iscsip_sn *sn, u64 lun, u8 event,
		      u8 vcode, u16 p1, u16 p2, u16 p3, u32 dsl);
void iscsip_put_reject(u8 *bhs, const struct iscsip_sn *sn, u8 reason,
		       u32 datasn, u32 dsl);

/* ---- proto/text.c: key=value pairs --------------------------------------- */

/**
 * struct iscsip_pair - one key=value, by reference into the received text
 *
 * Nothing is NUL-terminated from the reader's point of view: the lengths count.
 */
struct iscsip_pair {
	const char *key;
	const char *value;
	u16 key_len;
	u16 value_len;
};

/**
 * struct iscsip_cursor - reads pairs from received text without changing it
 */
struct iscsip_cursor {
	const char *pos;
	const char *end;
};

static inline void iscsip_cursor_init(struct iscsip_cursor *c, const void *text,
				      u32 len)
{
	c->pos = text;
	c->end = c->pos + len;
}

/**
 * iscsip_next_pair() - the next key=value pair
 *
 * Return: 1 with @pair filled, 0 at the end, -EINVAL on text that breaks 6.1
 * (no '=', an empty or over-long key name, a key name with characters that 6.1
 * does not allow, a value over its limit, no final NUL). Runs of NUL between
 * pairs are padding and are skipped.
 */
int iscsip_next_pair(struct iscsip_cursor *c, struct iscsip_pair *pair);

bool iscsip_pair_is(const struct iscsip_pair *pair, const char *key);
bool iscsip_value_is(const struct iscsip_pair *pair, const char *value);

/**
 * iscsip_number() - a numerical value: decimal or 0x hex constant (6.1)
 * Return: 0, or -EINVAL (empty, other characters, sign), -ERANGE (over 64 bit).
 */
int iscsip_number(const char *text, u32 len, u64 *number);

/**
 * iscsip_binary() - a large-numerical value: 0x hex or 0b base64 (6.1)
 * @out: at most @max bytes are written
 * Return: the number of bytes, -EINVAL on malformed text, however long it is, -ENOSPC
 * when it would not fit (nothing is written past @max).
 */
int iscsip_binary(const char *text, u32 len, u8 *out, u32 max);

/**
 * struct iscsip_out - builds response text in a caller's buffer
 * @full: set when a pair did not fit; nothing of that pair was written
 */
struct iscsip_out {
	char *buf;
	u32 len;
	u32 size;
	bool full;
};

void iscsip_out_init(struct iscsip_out *out, void *buf, u32 size);
void iscsip_out_pair(struct iscsip_out *out, const char *key, const char *value);
void iscsip_out_pair_n(struct iscsip_out *out, const char *key, u32 key_len,
		       const char *value, u32 value_len);
void iscsip_out_number(struct iscsip_out *out, const char *key, u64 number);
void iscsip_out_hex(struct iscsip_out *out, const char *key, const u8 *bytes,
		    u32 len);

/**
 * iscsip_name_normalize() - check an iSCSI name and bring it to its canonical form
 * @name: as received, @len bytes, not terminated
 * @out: ISCSIP_NAME_MAX + 1 bytes; NUL-terminated
 *
 * ASCII letters go to lower case (the ASCII part of RFC 3722); multi-byte UTF-8
 * sequences are checked for well-formedness and kept byte for byte. Refused:
 * an empty name, over 223 bytes, control characters, space, '/', ',', or a prefix
 * other than "iqn.", "eui." (16 hex digits), "naa." (16 or 32 hex digits). What else
 * RFC 3722 prohibits is in use, and taken.
 *
 * Return: 0 or -EINVAL.
 */
int iscsip_name_normalize(const char *name, u32 len, char *out);

/* ---- proto/keys.c: the table of keys (13) --------------------------------- */

/* Digest choice */
enum iscsip_digest { ISCSIP_DIGEST_NONE = 0, ISCSIP_DIGEST_CRC32C = 1 };

/* Authentication methods as a preference-ordered list */
enum iscsip_auth { ISCSIP_AUTH_NONE = 0, ISCSIP_AUTH_CHAP = 1 };

#define ISCSIP_LIST_MAX 8

/**
 * struct iscsip_list - an ordered list of enumerated choices
 */
struct iscsip_list {
	u8 n;
	u8 item[ISCSIP_LIST_MAX];
};

/**
 * struct iscsip_params - what we offer (from configfs), and later what holds
 *
 * Typed once; nothing stays a string after login. As an offer it is what the
 * target wants; iscsip_login works on a copy and leaves the negotiated result
 * there. Defaults where a key was never negotiated are those of section 13.
 */
struct iscsip_params {
	/* lists: our offer */
	struct iscsip_list auth_methods;	/* of enum iscsip_auth */
	struct iscsip_list header_digests;	/* of enum iscsip_digest */
	struct iscsip_list data_digests;
	/* results of the lists */
	u8 header_digest;
	u8 data_digest;
	/* numbers and booleans: offer, then result */
	bool initial_r2t;
	bool immediate_data;
	bool data_pdu_in_order;
	bool data_sequence_in_order;
	u16 max_connections;
	u16 max_outstanding_r2t;
	u16 default_time2wait;
	u16 default_time2retain;
	u8 error_recovery_level;
	u32 max_burst;
	u32 first_burst;
	u32 mrdsl_local;	/* what we declare: our receive limit */
	u32 mrdsl_remote;	/* what the peer declared: our send limit; 8192 */
};

/* RFC 7143 section 13 defaults */
void iscsip_params_default(struct iscsip_params *p);

/**
 * iscsip_key_check() - is @value acceptable for @key as a target's configuration?
 * @key: wire name (or the two pseudo names MaxXmitDataSegmentLength, AuthMethod...)
 * @value: text without newline
 * @p: if not NULL, gets the typed value on success
 *
 * Used by the configfs param/ files: same table, same ranges. Return 0/-EINVAL.
 */
int iscsip_key_check(const char *key, const char *value, struct iscsip_params *p);

/* ---- proto/chap.c: CHAP (12.1, RFC 1994) ------------------------------------ */

enum iscsip_chap_alg {
	ISCSIP_CHAP_MD5		= 5,
	ISCSIP_CHAP_SHA1	= 6,
	ISCSIP_CHAP_SHA256	= 7,
	ISCSIP_CHAP_SHA3_256	= 8,
};

#define ISCSIP_CHAP_DIGEST_MAX		32
#define ISCSIP_CHAP_CHALLENGE_MAX	1024
#define ISCSIP_CHAP_SECRET_MAX		255
#define ISCSIP_CHAP_USER_MAX		255

/**
 * struct iscsip_hash_ops - digests and chance, from outside
 * @supported: can @alg be computed here (FIPS kernels lose MD5)
 * @digest: H(id || secret || challenge) into @out; 0 or -errno. May sleep.
 * @random: @len unpredictable bytes
 * @equal: constant-time compare
 */
struct iscsip_hash_ops {
	bool (*supported)(u8 alg);
	int (*digest)(u8 alg, u8 id, const u8 *secret, u32 secret_len,
		      const u8 *challenge, u32 challenge_len, u8 *out);
	void (*random)(u8 *out, u32 len);
	bool (*equal)(const u8 *a, const u8 *b, u32 len);
};

/**
 * struct iscsip_credentials - who the peer has to be, and who we are to it
 *
 * Lengths count; an empty user means "not set". Wiped by its owner after login.
 */
struct iscsip_credentials {
	u8 user[ISCSIP_CHAP_USER_MAX + 1];
	u8 secret[ISCSIP_CHAP_SECRET_MAX + 1];
	u8 mutual_user[ISCSIP_CHAP_USER_MAX + 1];
	u8 mutual_secret[ISCSIP_CHAP_SECRET_MAX + 1];
	u16 user_len;
	u16 secret_len;
	u16 mutual_user_len;
	u16 mutual_secret_len;
};

enum iscsip_chap_state {
	ISCSIP_CHAP_WANT_A,	/* AuthMethod=CHAP agreed; CHAP_A expected */
	ISCSIP_CHAP_WANT_N,	/* challenge sent; CHAP_N and CHAP_R expected */
	ISCSIP_CHAP_DONE,
	ISCSIP_CHAP_FAILED,
};

struct iscsip_chap {
	enum iscsip_chap_state state;
	u8 alg;
	u8 id;
	u8 digest_len;
	u8 challenge[ISCSIP_CHAP_DIGEST_MAX];
	bool mutual;		/* the initiator asked for and got our answer */
	u8 peer_challenge[ISCSIP_CHAP_CHALLENGE_MAX];	/* too big for a stack */
};

/* ---- proto/negotiate.c: the login stage machine (6.3) -------------------------- */

enum iscsip_stage {
	ISCSIP_STAGE_SECURITY	= 0,
	ISCSIP_STAGE_OPERATIONAL = 1,
	ISCSIP_STAGE_FULL	= 3,
};

enum iscsip_session_type {
	ISCSIP_SESSION_NORMAL = 0,
	ISCSIP_SESSION_DISCOVERY = 1,
};

/**
 * struct iscsip_login_offer - what the caller decided once it knows who asks
 *
 * Filled by the caller between iscsip_login_names() and the first
 * iscsip_login_step(): names decide target, portal group and ACL, and those
 * decide offer and credentials.
 * @params: our offer, with default values for everything not configured
 * @auth_required: AuthMethod=None is not acceptable
 * @cred: credentials for CHAP; may be all empty (then CHAP always fails)
 * @tpgt: TargetPortalGroupTag to declare
 * @alias: TargetAlias to declare, or an empty string
 * @keys_workaround: attrib login_keys_workaround
 * @leading: TSIH was zero: session-wide keys may be negotiated
 */
struct iscsip_login_offer {
	struct iscsip_params params;
	bool auth_required;
	struct iscsip_credentials cred;
	u16 tpgt;
	char alias[ISCSIP_ALIAS_MAX + 1];
	bool keys_workaround;
	bool leading;
};

/**
 * struct iscsip_login - one login, from the first request to full feature phase
 *
 * Owned by the connection's thread. Big: allocate it, free it at the end.
 */
struct iscsip_login {
	/* identity, valid after iscsip_login_names() */
	char initiator_name[ISCSIP_NAME_MAX + 1];	/* normalised */
	char initiator_alias[ISCSIP_ALIAS_MAX + 1];
	char target_name[ISCSIP_NAME_MAX + 1];		/* normalised; "" if none */
	enum iscsip_session_type type;

	/* fixed by the first request */
	bool started;
	bool names_known;
	u8 isid[ISCSIP_ISID_LEN];
	u16 tsih;
	u16 cid;
	u32 itt;
	u32 cmdsn;

	/* where we are */
	u8 stage;		/* enum iscsip_stage: current stage */
	bool authenticated;	/* CHAP done, or None agreed where that suffices */
	bool auth_agreed;	/* AuthMethod has been answered */
	u8 auth_method;		/* enum iscsip_auth, once agreed */
	bool irrelevant_seen;
	u64 seen;		/* bit per key of the table: received */
	u64 answered;		/* bit per key: answered or declared by us */
	u64 proposed;		/* bit per key: offered by us, answer pending */
	u32 requests;		/* login requests so far, for a sane limit */
	struct iscsip_chap chap;
	struct iscsip_params params;	/* negotiated so far */
	struct iscsip_login_offer offer;
	const struct iscsip_hash_ops *hash;
};

/**
 * struct iscsip_login_result - what to send after one complete request
 * @transit: T bit of the response
 * @csg: CSG of the response
 * @nsg: NSG of the response (0 unless @transit)
 * @done: full feature phase is reached with this response
 * The response text is in the &struct iscsip_out given to iscsip_login_step().
 */
struct iscsip_login_result {
	bool transit;
	u8 csg;
	u8 nsg;
	bool done;
};

void iscsip_login_init(struct iscsip_login *l, const struct iscsip_hash_ops *hash);

/**
 * iscsip_login_check() - judge the header of a login request against the login so far
 * @l: the login
 * @req: a decoded Login Request
 *
 * Version (0205), ISID/TSIH/CID/ITT changed between requests, CSG going back
 * or jumping, NSG not above CSG, NSG 2, first request in stage 3: 0200 (6.3,
 * 11.12); too many requests: 0200. On the first request it latches ISID, TSIH,
 * CID, ITT, CmdSN and the stage.
 */
struct iscsip_verdict iscsip_login_check(struct iscsip_login *l,
					 const struct iscsip_req *req);

/**
 * iscsip_login_names() - find out who asks for what, in the first request's text
 * @l: the login; @text, @len: the complete text (all C-bit fragments joined)
 *
 * InitiatorName missing: 0207; not a name: 0200. SessionType default Normal,
 * other values: 0209; TargetName missing in a Normal session: 0207; a TargetName
 * that is not a name: 0203. Duplicates: 0200. Nothing is created from these names.
 */
struct iscsip_verdict iscsip_login_names(struct iscsip_login *l,
					 const char *text, u32 len);

/**
 * iscsip_login_offer_set() - the caller's decision; starts params from it
 */
void iscsip_login_offer_set(struct iscsip_login *l,
			    const struct iscsip_login_offer *offer);

/**
 * iscsip_login_step() - answer one complete login request (C bit already joined)
 * @l: the login
 * @req: its (last) header
 * @text: all its text
 * @len: bytes of text
 * @out: response text
 * @result: flags of the response
 *
 * Every key is answered or refused per 6.2 and 13. Authentication needed and not
 * done: 0201. CHAP failures: 0201; CHAP keys out of order or malformed 0200, missing
 * 0207 (9.2).
 * Text that can't be parsed, a repeated key, a key in the wrong stage or from the
 * wrong side: 0200. May call @l->hash (may sleep).
 *
 * An answer over %ISCSIP_MRDSL_DEFAULT is for the caller to give out in pieces with the
 * C bit: no transition comes with it, but perhaps with the last piece, see
 * iscsip_login_transit().
 */
struct iscsip_verdict iscsip_login_step(struct iscsip_login *l,
					const struct iscsip_req *req,
					const char *text, u32 len,
					struct iscsip_out *out,
					struct iscsip_login_result *result);

/**
 * iscsip_login_transit() - go on to the next stage, if that is what both sides want
 * @l: the login
 * @req: the request that is answered
 * @result: flags of the response
 */
void iscsip_login_transit(struct iscsip_login *l, const struct iscsip_req *req,
			  struct iscsip_login_result *result);

/* implemented in chap.c, called by negotiate.c: one request's CHAP keys */
struct iscsip_verdict iscsip_chap_step(struct iscsip_login *l, const char *text,
				       u32 len, struct iscsip_out *out);

/* ---- text negotiation in full feature phase (6.4, 13) -------------------------- */

/**
 * struct iscsip_text - one Text negotiation, from its first request to its last
 *
 * Zeroed at its start. What was declared holds when the negotiation has come to its end
 * (6.2, 7.12), so it's the caller who takes it over then.
 * @seen: bit per key of the table: received
 * @mrdsl: the peer's MaxRecvDataSegmentLength declared anew (13.12), 0 if it was not
 */
struct iscsip_text {
	u64 seen;
	u32 mrdsl;
};

/**
 * iscsip_text_step() - answer a set of keys of a Text negotiation, but for SendTargets
 * @t: the negotiation; it is over if the keys are refused
 * @text: all keys up to a request without the C bit
 * @len: bytes of text
 * @out: response text
 * @sendtargets: gets the SendTargets pair if there is one (key NULL if not)
 *
 * Keys that may only be negotiated at login, and keys that came before in this
 * negotiation: REJECT protocol error. Unknown keys: NotUnderstood. Text that can't be
 * parsed: REJECT protocol error.
 */
struct iscsip_verdict iscsip_text_step(struct iscsip_text *t, const char *text, u32 len,
				       struct iscsip_out *out,
				       struct iscsip_pair *sendtargets);

/* Has SendTargets been asked for? */
bool iscsip_text_asked(const struct iscsip_text *t);

/* ---- proto/xfer.c: the data of one command --------------------------------------- */

/**
 * struct iscsip_xfer - burst arithmetic of one SCSI command
 *
 * Owner: the thread of the connection that the command is allegiant to.
 * For a write: bytes arrive as immediate data, unsolicited Data-Out up to
 * FirstBurstLength, then solicited bursts, each opened by an R2T. In order only
 * (DataPDUInOrder and DataSequenceInOrder are Yes).
 */
struct iscsip_xfer {
	u32 edtl;		/* bytes the initiator means to move */
	u32 want;		/* bytes we really take: min(edtl, command's length) */
	u32 received;		/* bytes accounted for so far, from offset 0 */
	bool unsolicited;	/* unsolicited Data-Out still to come */
	u32 unsol_end;		/* first byte that unsolicited data may not reach */
	u32 unsol_datasn;
	/* solicited bursts */
	u32 r2t_next;		/* first byte not yet asked for */
	u32 r2tsn;		/* next R2TSN (shared with DataSN of Data-In, 11.8.3) */
	u16 r2t_open;		/* R2Ts sent and not yet satisfied */
	u16 r2t_head;		/* index of the oldest open one in burst[] */
	struct iscsip_burst {
		u32 ttt;
		u32 offset;
		u32 end;
		u32 pos;	/* next byte expected */
		u32 datasn;	/* next DataSN expected */
	} burst[8];		/* at most ISCSIP_R2T_MAX are open at once */
	/* reads */
	u32 sent;
	u32 datasn;
	u32 burst_left;		/* of MaxBurstLength in the current sequence */
};

#define ISCSIP_R2T_MAX 8

/**
 * iscsip_xfer_write_init() - a write command has arrived
 * @imm: bytes of immediate data in the command PDU
 * @final: its F bit
 *
 * REJECT protocol error: immediate data when ImmediateData=No, over
 * FirstBurstLength or EDTL; F=0 (unsolicited data announced) when InitialR2T=Yes,
 * or when immediate data already fills the first burst or EDTL.
 */
struct iscsip_verdict iscsip_xfer_write_init(struct iscsip_xfer *x,
					     const struct iscsip_params *p,
					     u32 edtl, u32 imm, bool final);

/**
 * iscsip_xfer_data_out() - judge a Data-Out header for this command
 * @req: decoded Data-Out
 *
 * TTT unknown, offset not the next one, DataSN not the next one, past the burst's
 * end, F too early: REJECT with the reason of 11.17 (protocol error / invalid PDU
 * field). A burst that is full without F waits for an empty PDU with F (11.7.7).
 * On OK the caller receives req->dsl bytes to offset req->data_out.offset, then
 * calls iscsip_xfer_data_done().
 */
struct iscsip_verdict iscsip_xfer_data_out(const struct iscsip_xfer *x,
					   const struct iscsip_req *req);

enum iscsip_condition {		/* for the sense data (11.4.7.2) */
	ISCSIP_COND_UNSOLICITED,	/* unexpected unsolicited data */
	ISCSIP_COND_AMOUNT,		/* incorrect amount of data */
	ISCSIP_COND_CRC,		/* protocol service CRC error */
};

/**
 * iscsip_xfer_condition() - what a Data-Out that is rejected means for its command
 * @req: decoded Data-Out
 *
 * A DataSN out of order means that a PDU before it was lost: a digest error (7.9).
 *
 * Return: the condition that ends the command.
 */
enum iscsip_condition iscsip_xfer_condition(const struct iscsip_xfer *x,
					    const struct iscsip_req *req);

/* Account for a Data-Out whose payload has been received (digest verified). */
void iscsip_xfer_data_done(struct iscsip_xfer *x, const struct iscsip_req *req);

/*
 * Account for a Data-Out of a write that has ended already: whatever is wrong with it, with
 * F it is the last one of the unsolicited data, or else of the oldest R2T.
 */
void iscsip_xfer_rest(struct iscsip_xfer *x, const struct iscsip_req *req);

/* A Data-Out with F is still to come: of unsolicited data, or of an R2T. */
bool iscsip_xfer_owed(const struct iscsip_xfer *x);

/* All bytes that will ever be sent have arrived. */
bool iscsip_xfer_complete(const struct iscsip_xfer *x);

/**
 * iscsip_xfer_next_r2t() - the next R2T to send, if one is due now
 * @ttt: tag for it, chosen by the caller
 * @r2tsn: gets its R2TSN
 * @offset: gets its Buffer Offset
 * @len: gets its Desired Data Transfer Length
 *
 * Due when no unsolicited data is outstanding, bytes remain, and fewer than
 * min(MaxOutstandingR2T, ISCSIP_R2T_MAX) are open. Return: true if there is one.
 */
bool iscsip_xfer_next_r2t(struct iscsip_xfer *x, const struct iscsip_params *p,
			  u32 ttt, u32 *r2tsn, u32 *offset, u32 *len);

void iscsip_xfer_read_init(struct iscsip_xfer *x, u32 len);

/**
 * iscsip_xfer_next_data_in() - the next Data-In PDU of @total bytes
 * Splits by the peer's MaxRecvDataSegmentLength and MaxBurstLength.
 * @final: F bit: last of a sequence; @last: no more data after this one
 * Return: true if there is one.
 */
bool iscsip_xfer_next_data_in(struct iscsip_xfer *x, const struct iscsip_params *p,
			      u32 *datasn, u32 *offset, u32 *len, bool *final,
			      bool *last);

/* ---- proto/window.c: the CmdSN window (4.2.2.1) --------------------------------- */

/* RFC 1982 serial number compare */
static inline bool iscsip_sn_lt(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

static inline bool iscsip_sn_lte(u32 a, u32 b)
{
	return (s32)(a - b) <= 0;
}

/**
 * struct iscsip_window - ExpCmdSN, MaxCmdSN and the slots behind them
 *
 * Owner: the session; the caller holds its lock.
 * @exp: ExpCmdSN: the next one in order
 * @max: MaxCmdSN as last computed; never goes back
 * @depth: slots of the session (the ACL's queue depth), 1 or more
 * @used: slots taken by commands received and not yet over
 */
struct iscsip_window {
	u32 exp;
	u32 max;
	u32 depth;
	u32 used;
};

enum iscsip_window_verdict {
	ISCSIP_WIN_IN_ORDER,	/* take it, then iscsip_window_advance() */
	ISCSIP_WIN_GAP,		/* inside the window, earlier ones are missing: hold it */
	ISCSIP_WIN_OUTSIDE,	/* below or above: ignore in silence (4.2.2.1) */
};

void iscsip_window_init(struct iscsip_window *w, u32 cmdsn, u32 depth);
enum iscsip_window_verdict iscsip_window_check(const struct iscsip_window *w, u32 cmdsn);
/* ExpCmdSN has been taken: move on by one */
void iscsip_window_advance(struct iscsip_window *w);
/* a slot was taken by a received, non-immediate command / given back */
void iscsip_window_take(struct iscsip_window *w);
void iscsip_window_give(struct iscsip_window *w);
/* MaxCmdSN to put into the next PDU: exp + free slots - 1, never backwards */
u32 iscsip_window_max(struct iscsip_window *w);
/* it has room, but by the MaxCmdSN that the peer was told last it has none */
bool iscsip_window_seems_shut(const struct iscsip_window *w, u32 told);

#endif
