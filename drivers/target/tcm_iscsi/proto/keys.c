// SPDX-License-Identifier: GPL-2.0
/*
 * The table of keys (RFC 7143 12 and 13), and what follows from one row alone.
 */
#include "internal.h"

/* ---- the table ---------------------------------------------------------- */

static const struct iscsip_choice auth_choices[] = {
	{ "CHAP", ISCSIP_AUTH_CHAP },
	{ "None", ISCSIP_AUTH_NONE },
	{ "KRB5", ISCSIP_CHOICE_UNKNOWN },
	{ "SPKM1", ISCSIP_CHOICE_UNKNOWN },
	{ "SPKM2", ISCSIP_CHOICE_UNKNOWN },
	{ "SRP", ISCSIP_CHOICE_UNKNOWN },
	{ NULL, 0 },
};

static const struct iscsip_choice digest_choices[] = {
	{ "CRC32C", ISCSIP_DIGEST_CRC32C },
	{ "None", ISCSIP_DIGEST_NONE },
	{ NULL, 0 },
};

/* 13.23: without response fences and FastAbort there is but the one */
static const struct iscsip_choice reporting_choices[] = {
	{ "RFC3720", 0 },
	{ NULL, 0 },
};

static const struct iscsip_list reporting_ours = { 1, { 0 } };

#define KEY(n, k, s, f)	.name = (n), .kind = ISCSIP_KIND_##k, \
			.stages = (s), .flags = (f)
#define WIDTH(f)	.width = sizeof_field(struct iscsip_params, f)
#define AT(f)		.offset = offsetof(struct iscsip_params, f)
#define LIST(f)		.list = offsetof(struct iscsip_params, f)
#define RANGE(lo, hi)	.min = (lo), .max = (hi)
#define LENGTH_MAX	((1U << 24) - 1)

#define LO		ISCSIP_KF_LEADING
#define NOT_DISC	ISCSIP_KF_NOT_DISCOVERY
#define DEPENDS		ISCSIP_KF_DEPENDS
#define CONFIG		ISCSIP_KF_CONFIG
#define PROPOSE		ISCSIP_KF_PROPOSE
#define ALWAYS		ISCSIP_KF_ALWAYS

static const struct iscsip_key keys[ISCSIP_KEY_COUNT] = {
	/* section 12 */
	[ISCSIP_KEY_AUTH_METHOD] = {
		KEY("AuthMethod", AUTH, ISCSIP_IN_SECURITY, CONFIG),
		LIST(auth_methods), .choices = auth_choices },
	[ISCSIP_KEY_CHAP_A] = { KEY("CHAP_A", CHAP, ISCSIP_IN_SECURITY, 0) },
	[ISCSIP_KEY_CHAP_I] = { KEY("CHAP_I", CHAP, ISCSIP_IN_SECURITY, 0) },
	[ISCSIP_KEY_CHAP_C] = { KEY("CHAP_C", CHAP, ISCSIP_IN_SECURITY, 0) },
	[ISCSIP_KEY_CHAP_N] = { KEY("CHAP_N", CHAP, ISCSIP_IN_SECURITY, 0) },
	[ISCSIP_KEY_CHAP_R] = { KEY("CHAP_R", CHAP, ISCSIP_IN_SECURITY, 0) },
	/* 13.1 */
	[ISCSIP_KEY_HEADER_DIGEST] = {
		KEY("HeaderDigest", LIST, ISCSIP_IN_OPERATIONAL, CONFIG),
		WIDTH(header_digest), AT(header_digest), LIST(header_digests),
		.choices = digest_choices },
	[ISCSIP_KEY_DATA_DIGEST] = {
		KEY("DataDigest", LIST, ISCSIP_IN_OPERATIONAL, CONFIG),
		WIDTH(data_digest), AT(data_digest), LIST(data_digests),
		.choices = digest_choices },
	/* 13.2 to 13.9 */
	[ISCSIP_KEY_MAX_CONNECTIONS] = {
		KEY("MaxConnections", MIN,
		    ISCSIP_IN_OPERATIONAL, LO | NOT_DISC | CONFIG | PROPOSE),
		WIDTH(max_connections), AT(max_connections), RANGE(1, 65535), .def = 1 },
	[ISCSIP_KEY_SEND_TARGETS] = {
		KEY("SendTargets", REQUEST, ISCSIP_IN_FULL, 0) },
	[ISCSIP_KEY_TARGET_NAME] = {
		KEY("TargetName", NAME, ISCSIP_IN_LOGIN, 0) },
	[ISCSIP_KEY_INITIATOR_NAME] = {
		KEY("InitiatorName", NAME, ISCSIP_IN_LOGIN, 0) },
	[ISCSIP_KEY_TARGET_ALIAS] = {
		KEY("TargetAlias", TARGET, ISCSIP_IN_ANY, CONFIG),
		.max = ISCSIP_ALIAS_MAX },
	[ISCSIP_KEY_INITIATOR_ALIAS] = {
		KEY("InitiatorAlias", TEXT, ISCSIP_IN_ANY, 0),
		.max = ISCSIP_ALIAS_MAX },
	[ISCSIP_KEY_TARGET_ADDRESS] = {
		KEY("TargetAddress", TARGET, ISCSIP_IN_ANY, 0) },
	[ISCSIP_KEY_TPGT] = {
		KEY("TargetPortalGroupTag", TARGET, ISCSIP_IN_LOGIN, 0) },
	/* 13.10 to 13.20 */
	[ISCSIP_KEY_INITIAL_R2T] = {
		KEY("InitialR2T", OR,
		    ISCSIP_IN_OPERATIONAL, LO | NOT_DISC | CONFIG | PROPOSE),
		WIDTH(initial_r2t), AT(initial_r2t), RANGE(0, 1), .def = 1 },
	[ISCSIP_KEY_IMMEDIATE_DATA] = {
		KEY("ImmediateData", AND,
		    ISCSIP_IN_OPERATIONAL, LO | NOT_DISC | CONFIG | PROPOSE),
		WIDTH(immediate_data), AT(immediate_data), RANGE(0, 1), .def = 1 },
	[ISCSIP_KEY_MRDSL] = {
		KEY("MaxRecvDataSegmentLength", NUMBER,
		    ISCSIP_IN_OPERATIONAL | ISCSIP_IN_FULL, CONFIG),
		WIDTH(mrdsl_remote), AT(mrdsl_remote), RANGE(512, LENGTH_MAX),
		.def = ISCSIP_MRDSL_DEFAULT },
	[ISCSIP_KEY_MAX_BURST] = {
		KEY("MaxBurstLength", MIN,
		    ISCSIP_IN_OPERATIONAL, LO | NOT_DISC | CONFIG | PROPOSE),
		WIDTH(max_burst), AT(max_burst), RANGE(512, LENGTH_MAX), .def = 262144 },
	[ISCSIP_KEY_FIRST_BURST] = {
		KEY("FirstBurstLength", MIN,
		    ISCSIP_IN_OPERATIONAL, LO | NOT_DISC | CONFIG | PROPOSE | DEPENDS),
		WIDTH(first_burst), AT(first_burst), RANGE(512, LENGTH_MAX), .def = 65536 },
	[ISCSIP_KEY_TIME2WAIT] = {
		KEY("DefaultTime2Wait", MAX,
		    ISCSIP_IN_OPERATIONAL, LO | CONFIG | PROPOSE),
		WIDTH(default_time2wait), AT(default_time2wait), RANGE(0, 3600), .def = 2 },
	[ISCSIP_KEY_TIME2RETAIN] = {
		KEY("DefaultTime2Retain", MIN,
		    ISCSIP_IN_OPERATIONAL, LO | CONFIG | PROPOSE),
		WIDTH(default_time2retain), AT(default_time2retain), RANGE(0, 3600), .def = 20 },
	[ISCSIP_KEY_MAX_R2T] = {
		KEY("MaxOutstandingR2T", MIN,
		    ISCSIP_IN_OPERATIONAL, LO | NOT_DISC | CONFIG | PROPOSE | DEPENDS),
		WIDTH(max_outstanding_r2t), AT(max_outstanding_r2t), RANGE(1, 65535), .def = 1 },
	/* The transfer code knows one order only; OR lets either side insist on it. */
	[ISCSIP_KEY_PDU_IN_ORDER] = {
		KEY("DataPDUInOrder", OR,
		    ISCSIP_IN_OPERATIONAL, LO | NOT_DISC | CONFIG | ALWAYS),
		WIDTH(data_pdu_in_order), AT(data_pdu_in_order), RANGE(0, 1), .def = 1 },
	[ISCSIP_KEY_SEQ_IN_ORDER] = {
		KEY("DataSequenceInOrder", OR,
		    ISCSIP_IN_OPERATIONAL, LO | NOT_DISC | CONFIG | ALWAYS),
		WIDTH(data_sequence_in_order), AT(data_sequence_in_order), RANGE(0, 1), .def = 1 },
	[ISCSIP_KEY_ERL] = {
		KEY("ErrorRecoveryLevel", MIN,
		    ISCSIP_IN_OPERATIONAL, LO | CONFIG | PROPOSE),
		WIDTH(error_recovery_level), AT(error_recovery_level), RANGE(0, 2), .def = 0 },
	/* 13.21 to 13.26 */
	[ISCSIP_KEY_SESSION_TYPE] = {
		KEY("SessionType", NAME, ISCSIP_IN_LOGIN, 0) },
	[ISCSIP_KEY_TASK_REPORTING] = {
		KEY("TaskReporting", LIST,
		    ISCSIP_IN_OPERATIONAL, LO | NOT_DISC),
		.choices = reporting_choices },
	[ISCSIP_KEY_PROTOCOL_LEVEL] = {
		KEY("iSCSIProtocolLevel", MIN,
		    ISCSIP_IN_OPERATIONAL, LO | NOT_DISC | ALWAYS),
		RANGE(0, 31), .def = 1 },
	[ISCSIP_KEY_NODE_ARCH] = {
		KEY("X#NodeArchitecture", TEXT, ISCSIP_IN_OPERATIONAL, 0),
		.max = 255 },
	[ISCSIP_KEY_IFMARKER] = {
		KEY("IFMarker", OBSOLETE, ISCSIP_IN_OPERATIONAL, CONFIG) },
	[ISCSIP_KEY_OFMARKER] = {
		KEY("OFMarker", OBSOLETE, ISCSIP_IN_OPERATIONAL, CONFIG) },
	[ISCSIP_KEY_IFMARKINT] = {
		KEY("IFMarkInt", OBSOLETE, ISCSIP_IN_OPERATIONAL, CONFIG),
		RANGE(1, 65535) },
	[ISCSIP_KEY_OFMARKINT] = {
		KEY("OFMarkInt", OBSOLETE, ISCSIP_IN_OPERATIONAL, CONFIG),
		RANGE(1, 65535) },
	/*
	 * What users of the configuration know as the transmit limit is, by its
	 * effect, the limit that we declare for ourselves.
	 */
	[ISCSIP_KEY_MAX_XMIT] = {
		KEY("MaxXmitDataSegmentLength", NUMBER,
		    0, CONFIG | ISCSIP_KF_NO_WIRE),
		WIDTH(mrdsl_local), AT(mrdsl_local), RANGE(512, LENGTH_MAX),
		.def = ISCSIP_MRDSL_DEFAULT },
};

const struct iscsip_key *iscsip_key(enum iscsip_key_id id)
{
	return &keys[id];
}

static enum iscsip_key_id find(struct iscsip_str name, u8 without)
{
	u32 i;

	for (i = 0; i < ISCSIP_KEY_COUNT; i++)
		if (!(keys[i].flags & without) && iscsip_str_is(name, keys[i].name))
			return i;
	return ISCSIP_KEY_NONE;
}

enum iscsip_key_id iscsip_key_find(const struct iscsip_pair *pair)
{
	return find((struct iscsip_str){ pair->key, pair->key_len },
		    ISCSIP_KF_NO_WIRE);
}

/* ---- typed values ------------------------------------------------------- */

u32 iscsip_param_get(const struct iscsip_params *p, const struct iscsip_key *key)
{
	const u8 *field = (const u8 *)p + key->offset;
	u32 v32;
	u16 v16;

	switch (key->width) {
	case 1:
		return *field;
	case 2:
		memcpy(&v16, field, sizeof(v16));
		return v16;
	case 4:
		memcpy(&v32, field, sizeof(v32));
		return v32;
	}
	return key->def;
}

void iscsip_param_set(struct iscsip_params *p, const struct iscsip_key *key,
		      u32 value)
{
	u8 *field = (u8 *)p + key->offset;
	u16 v16 = value;

	switch (key->width) {
	case 1:
		*field = value;
		break;
	case 2:
		memcpy(field, &v16, sizeof(v16));
		break;
	case 4:
		memcpy(field, &value, sizeof(value));
		break;
	}
}

const struct iscsip_list *iscsip_param_list(const struct iscsip_params *p,
					    const struct iscsip_key *key)
{
	const u8 *base = (const u8 *)p;

	if (key->choices == reporting_choices)
		return &reporting_ours;
	return (const struct iscsip_list *)(base + key->list);
}

void iscsip_params_default(struct iscsip_params *p)
{
	u32 i;

	memset(p, 0, sizeof(*p));
	for (i = 0; i < ISCSIP_KEY_COUNT; i++)
		iscsip_param_set(p, &keys[i], keys[i].def);
	p->auth_methods.n = 1;
	p->auth_methods.item[0] = ISCSIP_AUTH_NONE;
	p->header_digests.n = 1;
	p->header_digests.item[0] = ISCSIP_DIGEST_NONE;
	p->data_digests = p->header_digests;
}

bool iscsip_list_has(const struct iscsip_list *list, u8 item)
{
	u32 i;

	for (i = 0; i < list->n && i < ISCSIP_LIST_MAX; i++)
		if (list->item[i] == item)
			return true;
	return false;
}

const char *iscsip_choice_name(const struct iscsip_key *key, u8 value)
{
	const struct iscsip_choice *c;

	for (c = key->choices; c->name; c++)
		if (c->value == value)
			return c->name;
	return "None";
}

static int choice_find(const struct iscsip_key *key, struct iscsip_str item)
{
	const struct iscsip_choice *c;

	for (c = key->choices; c->name; c++)
		if (iscsip_str_is(item, c->name))
			return c->value;
	return -ENOENT;
}

int iscsip_key_choose(const struct iscsip_key *key, const struct iscsip_list *ours,
		      struct iscsip_str value)
{
	struct iscsip_cursor c;
	struct iscsip_str item;
	int v;

	iscsip_cursor_init(&c, value.s, value.len);
	while (iscsip_next_item(&c, &item)) {
		v = choice_find(key, item);
		if (v >= 0 && v != ISCSIP_CHOICE_UNKNOWN && iscsip_list_has(ours, v))
			return v;
	}
	return -ENOENT;
}

int iscsip_key_number(const struct iscsip_key *key, struct iscsip_str value,
		      u32 *number)
{
	u64 n;

	if (iscsip_key_is_bool(key)) {
		*number = iscsip_str_is(value, "Yes");
		return *number || iscsip_str_is(value, "No") ? 0 : -EINVAL;
	}
	if (iscsip_number(value.s, value.len, &n) || n < key->min || n > key->max)
		return -EINVAL;
	*number = n;
	return 0;
}

/* 6.2: answers, which nobody may propose */
bool iscsip_reserved_word(struct iscsip_str value)
{
	return iscsip_str_is(value, "Reject") || iscsip_str_is(value, "Irrelevant") ||
	       iscsip_str_is(value, "NotUnderstood");
}

void iscsip_key_answer(struct iscsip_out *out, const struct iscsip_key *key,
		       u32 value)
{
	if (iscsip_key_is_bool(key))
		iscsip_out_pair(out, key->name, value ? "Yes" : "No");
	else if (key->choices)
		iscsip_out_pair(out, key->name, iscsip_choice_name(key, value));
	else
		iscsip_out_number(out, key->name, value);
}

/* ---- configuration ------------------------------------------------------ */

static int check_list(const struct iscsip_key *key, struct iscsip_str value,
		      struct iscsip_list *list)
{
	struct iscsip_cursor c;
	struct iscsip_str item;
	int v;

	list->n = 0;
	iscsip_cursor_init(&c, value.s, value.len);
	while (iscsip_next_item(&c, &item)) {
		v = choice_find(key, item);
		if (v < 0)
			return -EINVAL;
		if (v != ISCSIP_CHOICE_UNKNOWN && !iscsip_list_has(list, v))
			list->item[list->n++] = v;
	}
	return 0;
}

/* "Reject", one number, or a range of two */
static int check_interval(const struct iscsip_key *key, struct iscsip_str value)
{
	struct iscsip_str low = value, high;
	const char *tilde = memchr(value.s, '~', value.len);
	u32 from, to;

	if (iscsip_str_is(value, "Reject"))
		return 0;
	if (!tilde)
		return iscsip_key_number(key, value, &from);
	low.len = tilde - value.s;
	high.s = tilde + 1;
	high.len = value.len - low.len - 1;
	if (iscsip_key_number(key, low, &from) || iscsip_key_number(key, high, &to))
		return -EINVAL;
	return from <= to ? 0 : -EINVAL;
}

static int check_obsolete(const struct iscsip_key *key, struct iscsip_str value)
{
	if (key->max)
		return check_interval(key, value);
	return iscsip_str_is(value, "Yes") || iscsip_str_is(value, "No") ? 0 : -EINVAL;
}

static int check_text(const struct iscsip_key *key, struct iscsip_str value)
{
	if (value.len > key->max || memchr(value.s, ',', value.len))
		return -EINVAL;
	return 0;
}

int iscsip_key_check(const char *key_name, const char *text, struct iscsip_params *p)
{
	struct iscsip_str name = { key_name, strlen(key_name) };
	struct iscsip_str value = { text, strlen(text) };
	enum iscsip_key_id id = find(name, 0);
	const struct iscsip_key *key = &keys[id];
	struct iscsip_list list = { 0 };
	u32 number;
	int ret;

	if (id == ISCSIP_KEY_NONE || !(key->flags & CONFIG))
		return -EINVAL;
	if (key->kind == ISCSIP_KIND_OBSOLETE)
		return check_obsolete(key, value);
	if (key->kind == ISCSIP_KIND_TARGET)
		return check_text(key, value);
	if (key->choices) {
		ret = check_list(key, value, &list);
		if (!ret && p)
			memcpy((u8 *)p + key->list, &list, sizeof(list));
		return ret;
	}
	ret = iscsip_key_number(key, value, &number);
	/* MaxRecvDataSegmentLength is only kept as text: see MAX_XMIT above */
	if (!ret && p && id != ISCSIP_KEY_MRDSL)
		iscsip_param_set(p, key, number);
	return ret;
}

/* ---- Text Requests in full feature phase -------------------------------- */

#define REFUSE(why)	ISCSIP_VERDICT_REJECT(ISCSIP_REJ_PROTOCOL, why)

static struct iscsip_verdict text_key(struct iscsip_text *t, enum iscsip_key_id id,
				      const struct iscsip_pair *pair,
				      struct iscsip_pair *sendtargets)
{
	const struct iscsip_key *key = &keys[id];

	if (!(key->stages & ISCSIP_IN_FULL))
		return REFUSE("key that belongs to login");
	if (t->seen & iscsip_bit(id))
		return REFUSE("key sent twice");
	t->seen |= iscsip_bit(id);
	switch (key->kind) {
	case ISCSIP_KIND_REQUEST:
		*sendtargets = *pair;
		break;
	case ISCSIP_KIND_NUMBER:
		if (iscsip_key_number(key, iscsip_value(pair), &t->mrdsl))
			return REFUSE("declared value out of its range");
		break;
	case ISCSIP_KIND_TEXT:
		if (pair->value_len > key->max)
			return REFUSE("declared text too long");
		break;
	default:
		return REFUSE("key that only a target may send");
	}
	return ISCSIP_VERDICT_OK;
}

struct iscsip_verdict iscsip_text_step(struct iscsip_text *t, const char *text, u32 len,
				       struct iscsip_out *out,
				       struct iscsip_pair *sendtargets)
{
	struct iscsip_verdict v;
	struct iscsip_cursor c;
	struct iscsip_pair pair;
	enum iscsip_key_id id;
	int ret;

	memset(sendtargets, 0, sizeof(*sendtargets));
	iscsip_cursor_init(&c, text, len);
	while ((ret = iscsip_next_pair(&c, &pair)) > 0) {
		id = iscsip_key_find(&pair);
		if (id == ISCSIP_KEY_NONE) {
			iscsip_out_pair_n(out, pair.key, pair.key_len,
					  "NotUnderstood", strlen("NotUnderstood"));
			continue;
		}
		v = text_key(t, id, &pair, sendtargets);
		if (v.action != ISCSIP_OK)
			return v;
	}
	if (ret)
		return REFUSE("text that cannot be parsed");
	if (out->full)
		return REFUSE("answer does not fit");
	return ISCSIP_VERDICT_OK;
}

bool iscsip_text_asked(const struct iscsip_text *t)
{
	return t->seen & iscsip_bit(ISCSIP_KEY_SEND_TARGETS);
}
