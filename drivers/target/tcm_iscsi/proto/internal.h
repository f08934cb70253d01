/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the pure protocol layer share, and nobody else may use.
 */
#ifndef TCM_ISCSI_PROTO_INTERNAL_H
#define TCM_ISCSI_PROTO_INTERNAL_H

#include <tcm_iscsi/iscsip.h>

#ifdef __KERNEL__
#include <linux/kernel.h>
#include <linux/stddef.h>
#endif

/*
 * Byte by byte: no header of any kernel or C library is needed, any alignment
 * will do, and compilers make one load and a swap of it.
 */
static inline u16 iscsip_get16(const u8 *p)
{
	return (u16)(p[0] << 8 | p[1]);
}

static inline u32 iscsip_get24(const u8 *p)
{
	return (u32)p[0] << 16 | (u32)p[1] << 8 | p[2];
}

static inline u32 iscsip_get32(const u8 *p)
{
	return (u32)p[0] << 24 | iscsip_get24(p + 1);
}

static inline u64 iscsip_get64(const u8 *p)
{
	return (u64)iscsip_get32(p) << 32 | iscsip_get32(p + 4);
}

static inline void iscsip_put16(u8 *p, u16 v)
{
	p[0] = v >> 8;
	p[1] = v & 0xff;
}

static inline void iscsip_put24(u8 *p, u32 v)
{
	p[0] = v >> 16 & 0xff;
	iscsip_put16(p + 1, v & 0xffff);
}

static inline void iscsip_put32(u8 *p, u32 v)
{
	iscsip_put16(p, v >> 16);
	iscsip_put16(p + 2, v & 0xffff);
}

static inline void iscsip_put64(u8 *p, u64 v)
{
	iscsip_put32(p, v >> 32);
	iscsip_put32(p + 4, v & U32_MAX);
}

static inline u32 iscsip_min(u32 a, u32 b)
{
	return a < b ? a : b;
}

static inline u32 iscsip_max(u32 a, u32 b)
{
	return a > b ? a : b;
}

static inline u64 iscsip_bit(u32 n)
{
	return 1ULL << n;
}

/* A memset() that the compiler may not take for a dead store. */
static inline void iscsip_wipe(void *p, size_t len)
{
	memset(p, 0, len);
	__asm__ __volatile__("" : : "r"(p) : "memory");
}

/* ---- text.c ------------------------------------------------------------- */

/* A piece of received text: the length counts */
struct iscsip_str {
	const char *s;
	u32 len;
};

bool iscsip_str_is(struct iscsip_str str, const char *what);
/* Next item of a comma separated list; an empty value has one empty item. */
bool iscsip_next_item(struct iscsip_cursor *c, struct iscsip_str *item);
/* Bytes of the well-formed UTF-8 sequence at @s, 0 if there is none. */
u32 iscsip_utf8_len(const u8 *s, u32 len);
/* @out: @len + 1 bytes; what would upset a log or a terminal becomes '?' */
void iscsip_printable(const char *s, u32 len, char *out);

static inline struct iscsip_str iscsip_value(const struct iscsip_pair *pair)
{
	return (struct iscsip_str){ pair->value, pair->value_len };
}

/* ---- keys.c ------------------------------------------------------------- */

/* Index into the table of keys, and bit in the masks of struct iscsip_login */
enum iscsip_key_id {
	ISCSIP_KEY_AUTH_METHOD,
	ISCSIP_KEY_CHAP_A,
	ISCSIP_KEY_CHAP_I,
	ISCSIP_KEY_CHAP_C,
	ISCSIP_KEY_CHAP_N,
	ISCSIP_KEY_CHAP_R,
	ISCSIP_KEY_HEADER_DIGEST,
	ISCSIP_KEY_DATA_DIGEST,
	ISCSIP_KEY_MAX_CONNECTIONS,
	ISCSIP_KEY_SEND_TARGETS,
	ISCSIP_KEY_TARGET_NAME,
	ISCSIP_KEY_INITIATOR_NAME,
	ISCSIP_KEY_TARGET_ALIAS,
	ISCSIP_KEY_INITIATOR_ALIAS,
	ISCSIP_KEY_TARGET_ADDRESS,
	ISCSIP_KEY_TPGT,
	ISCSIP_KEY_INITIAL_R2T,
	ISCSIP_KEY_IMMEDIATE_DATA,
	ISCSIP_KEY_MRDSL,
	ISCSIP_KEY_MAX_BURST,
	ISCSIP_KEY_FIRST_BURST,
	ISCSIP_KEY_TIME2WAIT,
	ISCSIP_KEY_TIME2RETAIN,
	ISCSIP_KEY_MAX_R2T,
	ISCSIP_KEY_PDU_IN_ORDER,
	ISCSIP_KEY_SEQ_IN_ORDER,
	ISCSIP_KEY_ERL,
	ISCSIP_KEY_SESSION_TYPE,
	ISCSIP_KEY_TASK_REPORTING,
	ISCSIP_KEY_PROTOCOL_LEVEL,
	ISCSIP_KEY_NODE_ARCH,
	ISCSIP_KEY_IFMARKER,
	ISCSIP_KEY_OFMARKER,
	ISCSIP_KEY_IFMARKINT,
	ISCSIP_KEY_OFMARKINT,
	ISCSIP_KEY_MAX_XMIT,
	ISCSIP_KEY_COUNT,
	ISCSIP_KEY_NONE = ISCSIP_KEY_COUNT,
};

/* How a key is answered */
enum iscsip_kind {
	ISCSIP_KIND_NAME,	/* read by iscsip_login_names(), no answer */
	ISCSIP_KIND_AUTH,
	ISCSIP_KIND_CHAP,
	ISCSIP_KIND_LIST,
	ISCSIP_KIND_MIN,
	ISCSIP_KIND_MAX,
	ISCSIP_KIND_AND,
	ISCSIP_KIND_OR,
	ISCSIP_KIND_NUMBER,	/* declared by each side for itself */
	ISCSIP_KIND_TEXT,	/* declared, no answer */
	ISCSIP_KIND_TARGET,	/* only we may say it */
	ISCSIP_KIND_OBSOLETE,	/* Reject, whatever it says (13.25) */
	ISCSIP_KIND_REQUEST,	/* SendTargets */
};

#define ISCSIP_IN_SECURITY	0x01
#define ISCSIP_IN_OPERATIONAL	0x02
#define ISCSIP_IN_FULL		0x04
#define ISCSIP_IN_LOGIN		(ISCSIP_IN_SECURITY | ISCSIP_IN_OPERATIONAL)
#define ISCSIP_IN_ANY		(ISCSIP_IN_LOGIN | ISCSIP_IN_FULL)

#define ISCSIP_KF_LEADING	0x01	/* use: LO */
#define ISCSIP_KF_NOT_DISCOVERY	0x02	/* irrelevant when SessionType=Discovery */
#define ISCSIP_KF_DEPENDS	0x04	/* its answer hangs on other keys' results */
#define ISCSIP_KF_CONFIG	0x08	/* has a file in configfs */
#define ISCSIP_KF_NO_WIRE	0x10	/* has nothing but that file */
#define ISCSIP_KF_PROPOSE	0x20	/* may be proposed by us */
#define ISCSIP_KF_ALWAYS	0x40	/* the default is our offer, whatever is set */

struct iscsip_choice {
	const char *name;
	u8 value;
};

#define ISCSIP_CHOICE_UNKNOWN	0xff	/* may be configured, does nothing */

/**
 * struct iscsip_key - one row of the table of keys
 * @name: as on the wire
 * @kind: &enum iscsip_kind
 * @stages: where an initiator may send it, ISCSIP_IN_*
 * @flags: ISCSIP_KF_*
 * @width: bytes of the field in &struct iscsip_params; 0: there is none
 * @offset: where that field is
 * @list: offset of the list of our choices, for lists
 * @min: smallest value
 * @max: largest value; for text its length in bytes
 * @def: section 13's default
 * @choices: for lists, ended by an empty name
 */
struct iscsip_key {
	const char *name;
	u8 kind;
	u8 stages;
	u8 flags;
	u8 width;
	u16 offset;
	u16 list;
	u32 min;
	u32 max;
	u32 def;
	const struct iscsip_choice *choices;
};

const struct iscsip_key *iscsip_key(enum iscsip_key_id id);
enum iscsip_key_id iscsip_key_find(const struct iscsip_pair *pair);
u32 iscsip_param_get(const struct iscsip_params *p, const struct iscsip_key *key);
void iscsip_param_set(struct iscsip_params *p, const struct iscsip_key *key,
		      u32 value);
const struct iscsip_list *iscsip_param_list(const struct iscsip_params *p,
					    const struct iscsip_key *key);
bool iscsip_list_has(const struct iscsip_list *list, u8 item);
const char *iscsip_choice_name(const struct iscsip_key *key, u8 value);
/* The value's meaning by the row's kind and range: 0 or -EINVAL */
int iscsip_key_number(const struct iscsip_key *key, struct iscsip_str value,
		      u32 *number);
/* First item of @value which is in @ours: its number, or -ENOENT */
int iscsip_key_choose(const struct iscsip_key *key, const struct iscsip_list *ours,
		      struct iscsip_str value);
bool iscsip_reserved_word(struct iscsip_str value);
void iscsip_key_answer(struct iscsip_out *out, const struct iscsip_key *key,
		       u32 value);

static inline bool iscsip_key_is_bool(const struct iscsip_key *key)
{
	return key->kind == ISCSIP_KIND_AND || key->kind == ISCSIP_KIND_OR;
}

#endif
