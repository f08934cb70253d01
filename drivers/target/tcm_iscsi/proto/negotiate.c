// SPDX-License-Identifier: GPL-2.0
/*
 * The login stage machine (RFC 7143 6.2, 6.3).
 */
#include "internal.h"

#define FAIL(status, why)	ISCSIP_VERDICT_LOGIN(status, why)
#define FAIL_PEER(why)		FAIL(ISCSIP_LOGIN_INITIATOR_ERROR, why)
#define FAIL_AUTH(why)		FAIL(ISCSIP_LOGIN_AUTH_FAILED, why)

/* 6.2 asks for six exchanges at least */
#define MAX_REQUESTS	32

/* One call of iscsip_login_step() */
struct step {
	struct iscsip_login *l;
	struct iscsip_out *out;
	bool first;		/* the request with the names */
	bool was_agreed;	/* AuthMethod was settled by an earlier request */
	bool chap;		/* has CHAP keys */
};

/* ---- the header of each request ----------------------------------------- */

void iscsip_login_init(struct iscsip_login *l, const struct iscsip_hash_ops *hash)
{
	memset(l, 0, sizeof(*l));
	l->hash = hash;
	iscsip_params_default(&l->params);
	iscsip_params_default(&l->offer.params);
}

static void latch(struct iscsip_login *l, const struct iscsip_req *req)
{
	l->started = true;
	memcpy(l->isid, req->login.isid, ISCSIP_ISID_LEN);
	l->tsih = req->login.tsih;
	l->cid = req->login.cid;
	l->itt = req->itt;
	l->cmdsn = req->cmdsn;
	l->stage = req->login.csg;
}

static bool same_login(const struct iscsip_login *l, const struct iscsip_req *req)
{
	return !memcmp(l->isid, req->login.isid, ISCSIP_ISID_LEN) &&
	       l->tsih == req->login.tsih && l->cid == req->login.cid &&
	       l->itt == req->itt;
}

struct iscsip_verdict iscsip_login_check(struct iscsip_login *l,
					 const struct iscsip_req *req)
{
	/* version 0 is the only one, so a range has it or begins above it */
	if (req->login.version_min)
		return FAIL(ISCSIP_LOGIN_VERSION, "unsupported version");
	if (!l->started) {
		if (req->login.csg == ISCSIP_STAGE_FULL)
			return FAIL_PEER("login begins in full feature phase");
		latch(l, req);
	}
	if (!same_login(l, req))
		return FAIL_PEER("ISID, TSIH, CID or task tag changed during login");
	if (req->login.csg != l->stage)
		return FAIL_PEER("wrong current stage");
	if (req->final && (req->login.nsg <= req->login.csg || req->login.nsg == 2))
		return FAIL_PEER("impossible next stage");
	/* fragments of one text are bounded by its size, if they have any */
	if (!(req->cont && req->dsl) && ++l->requests > MAX_REQUESTS)
		return FAIL_PEER("login takes too many requests");
	return ISCSIP_VERDICT_OK;
}

/* ---- names -------------------------------------------------------------- */

struct names {
	struct iscsip_pair initiator, target, type;
};

static struct iscsip_pair *name_slot(struct names *n, enum iscsip_key_id id)
{
	switch (id) {
	case ISCSIP_KEY_INITIATOR_NAME:
		return &n->initiator;
	case ISCSIP_KEY_TARGET_NAME:
		return &n->target;
	case ISCSIP_KEY_SESSION_TYPE:
		return &n->type;
	default:
		return NULL;
	}
}

static struct iscsip_verdict read_names(const char *text, u32 len, struct names *n)
{
	struct iscsip_cursor c;
	struct iscsip_pair pair, *slot;
	int ret;

	memset(n, 0, sizeof(*n));
	iscsip_cursor_init(&c, text, len);
	while ((ret = iscsip_next_pair(&c, &pair)) > 0) {
		slot = name_slot(n, iscsip_key_find(&pair));
		if (!slot)
			continue;
		if (slot->key)
			return FAIL_PEER("name declared twice");
		*slot = pair;
	}
	return ret ? FAIL_PEER("text that cannot be parsed") : ISCSIP_VERDICT_OK;
}

static struct iscsip_verdict take_type(struct iscsip_login *l,
				       const struct iscsip_pair *type)
{
	l->type = ISCSIP_SESSION_NORMAL;
	if (!type->key || iscsip_value_is(type, "Normal"))
		return ISCSIP_VERDICT_OK;
	if (!iscsip_value_is(type, "Discovery"))
		return FAIL(ISCSIP_LOGIN_BAD_SESSION_TYPE, "unknown SessionType");
	l->type = ISCSIP_SESSION_DISCOVERY;
	return ISCSIP_VERDICT_OK;
}

struct iscsip_verdict iscsip_login_names(struct iscsip_login *l,
					 const char *text, u32 len)
{
	struct iscsip_verdict v;
	struct names n;

	v = read_names(text, len, &n);
	if (v.action != ISCSIP_OK)
		return v;
	if (!n.initiator.key)
		return FAIL(ISCSIP_LOGIN_MISSING_PARAM, "InitiatorName is missing");
	if (iscsip_name_normalize(n.initiator.value, n.initiator.value_len,
				  l->initiator_name))
		return FAIL_PEER("InitiatorName is not a name");
	v = take_type(l, &n.type);
	if (v.action != ISCSIP_OK)
		return v;
	l->target_name[0] = 0;
	if (n.target.key && iscsip_name_normalize(n.target.value,
						  n.target.value_len,
						  l->target_name))
		return FAIL(ISCSIP_LOGIN_NOT_FOUND, "TargetName is not a name");
	if (!n.target.key && l->type == ISCSIP_SESSION_NORMAL)
		return FAIL(ISCSIP_LOGIN_MISSING_PARAM, "TargetName is missing");
	l->names_known = true;
	return ISCSIP_VERDICT_OK;
}

/*
 * What is never negotiated has section 13's default, not our offer. A further
 * connection has its session's values instead, which are the offer then.
 */
void iscsip_login_offer_set(struct iscsip_login *l,
			    const struct iscsip_login_offer *offer)
{
	const struct iscsip_params *o = &offer->params;

	l->offer = *offer;
	iscsip_params_default(&l->params);
	if (!offer->leading)
		l->params = *o;
	l->params.auth_methods = o->auth_methods;
	l->params.header_digests = o->header_digests;
	l->params.data_digests = o->data_digests;
	l->params.header_digest = ISCSIP_DIGEST_NONE;
	l->params.data_digest = ISCSIP_DIGEST_NONE;
	l->params.mrdsl_local = o->mrdsl_local;
	l->params.mrdsl_remote = ISCSIP_MRDSL_DEFAULT;
}

/* ---- what we want ------------------------------------------------------- */

static bool answered(const struct iscsip_login *l, enum iscsip_key_id id)
{
	return l->answered & iscsip_bit(id);
}

/* Recovery that the initiator may still ask for, and would get */
static bool undecided_erl(const struct iscsip_login *l)
{
	return l->offer.params.error_recovery_level &&
	       !(l->seen & iscsip_bit(ISCSIP_KEY_ERL));
}

/* Our offer for a number, as far as other results leave it open */
static u32 offered(const struct iscsip_login *l, enum iscsip_key_id id)
{
	const struct iscsip_key *key = iscsip_key(id);
	const struct iscsip_params *p = &l->params;
	u32 ours = iscsip_param_get(&l->offer.params, key);

	if (key->flags & ISCSIP_KF_ALWAYS)
		return key->def;
	switch (id) {
	case ISCSIP_KEY_FIRST_BURST:
		if (!answered(l, ISCSIP_KEY_MAX_BURST))
			ours = iscsip_min(ours, l->offer.params.max_burst);
		return iscsip_min(ours, p->max_burst);
	case ISCSIP_KEY_MAX_R2T:
		/* 13.19: lost data can be asked for again for the last R2T only */
		return p->error_recovery_level || undecided_erl(l) ? 1 : ours;
	case ISCSIP_KEY_ERL:
		return l->type == ISCSIP_SESSION_DISCOVERY ? 0 : ours;
	default:
		return ours;
	}
}

/* A digest without which we would not go on */
static bool insists(const struct iscsip_login *l, enum iscsip_key_id id)
{
	const struct iscsip_key *key = iscsip_key(id);
	const struct iscsip_list *ours = iscsip_param_list(&l->offer.params, key);

	return key->kind == ISCSIP_KIND_LIST && ours->n && key->width &&
	       !iscsip_list_has(ours, ISCSIP_DIGEST_NONE);
}

static bool irrelevant(const struct iscsip_login *l, enum iscsip_key_id id)
{
	if (l->type == ISCSIP_SESSION_DISCOVERY &&
	    iscsip_key(id)->flags & ISCSIP_KF_NOT_DISCOVERY)
		return true;
	return id == ISCSIP_KEY_FIRST_BURST && l->params.initial_r2t &&
	       !l->params.immediate_data;
}

/* ---- answers to the initiator's proposals ------------------------------- */

static u32 combine(const struct iscsip_key *key, u32 theirs, u32 ours)
{
	switch (key->kind) {
	case ISCSIP_KIND_MAX:
	case ISCSIP_KIND_OR:
		return iscsip_max(theirs, ours);
	default:
		return iscsip_min(theirs, ours);
	}
}

static void settle(struct iscsip_login *l, enum iscsip_key_id id, u32 value)
{
	iscsip_param_set(&l->params, iscsip_key(id), value);
	l->answered |= iscsip_bit(id);
}

static struct iscsip_verdict answer_list(struct step *s, enum iscsip_key_id id,
					 struct iscsip_str value)
{
	const struct iscsip_key *key = iscsip_key(id);
	int choice = iscsip_key_choose(key, iscsip_param_list(&s->l->offer.params,
							      key), value);

	if (choice >= 0) {
		settle(s->l, id, choice);
		iscsip_key_answer(s->out, key, choice);
		return ISCSIP_VERDICT_OK;
	}
	if (insists(s->l, id))
		return FAIL_PEER("no digest in common");
	iscsip_out_pair(s->out, key->name, "Reject");
	return ISCSIP_VERDICT_OK;
}

static struct iscsip_verdict answer_number(struct step *s, enum iscsip_key_id id,
					   struct iscsip_str value)
{
	const struct iscsip_key *key = iscsip_key(id);
	u32 theirs;

	if (iscsip_key_number(key, value, &theirs)) {
		iscsip_out_pair(s->out, key->name, "Reject");
		return ISCSIP_VERDICT_OK;
	}
	theirs = combine(key, theirs, offered(s->l, id));
	settle(s->l, id, theirs);
	iscsip_key_answer(s->out, key, theirs);
	return ISCSIP_VERDICT_OK;
}

static struct iscsip_verdict answer(struct step *s, enum iscsip_key_id id,
				    struct iscsip_str value)
{
	const struct iscsip_key *key = iscsip_key(id);

	if (iscsip_reserved_word(value))
		return FAIL_PEER("reserved word as a proposal");
	/* 13: on a further connection the session's values stay as they are */
	if (key->flags & ISCSIP_KF_LEADING && !s->l->offer.leading) {
		iscsip_out_pair(s->out, key->name, "Reject");
		return ISCSIP_VERDICT_OK;
	}
	if (irrelevant(s->l, id)) {
		iscsip_out_pair(s->out, key->name, "Irrelevant");
		return ISCSIP_VERDICT_OK;
	}
	if (key->kind == ISCSIP_KIND_LIST)
		return answer_list(s, id, value);
	return answer_number(s, id, value);
}

/*
 * None suffices where no authentication is needed. There, CHAP is only worth
 * agreeing on if somebody could pass it; where it is needed, a target without
 * credentials must not be told apart from one that has them.
 */
static struct iscsip_list auth_acceptable(const struct iscsip_login *l)
{
	const struct iscsip_list *ours = &l->offer.params.auth_methods;
	struct iscsip_list list = { 0 };

	if (l->offer.auth_required ||
	    (iscsip_list_has(ours, ISCSIP_AUTH_CHAP) &&
	     iscsip_list_has(ours, ISCSIP_AUTH_NONE) && l->offer.cred.user_len))
		list.item[list.n++] = ISCSIP_AUTH_CHAP;
	if (!l->offer.auth_required)
		list.item[list.n++] = ISCSIP_AUTH_NONE;
	return list;
}

static struct iscsip_verdict answer_auth(struct step *s, struct iscsip_str value)
{
	const struct iscsip_key *key = iscsip_key(ISCSIP_KEY_AUTH_METHOD);
	struct iscsip_list list = auth_acceptable(s->l);
	int method;

	if (iscsip_reserved_word(value))
		return FAIL_PEER("reserved word as a proposal");
	method = iscsip_key_choose(key, &list, value);
	if (method < 0) {
		iscsip_out_pair(s->out, key->name, "Reject");
		return FAIL_AUTH("no authentication method in common");
	}
	s->l->auth_agreed = true;
	s->l->auth_method = method;
	s->l->authenticated = method == ISCSIP_AUTH_NONE;
	s->l->chap.state = ISCSIP_CHAP_WANT_A;
	iscsip_key_answer(s->out, key, method);
	return ISCSIP_VERDICT_OK;
}

/* ---- answers to ours ---------------------------------------------------- */

/* 6.2.2: may a peer answer our @ours with @theirs? */
static bool admissible(const struct iscsip_key *key, u32 theirs, u32 ours)
{
	return combine(key, theirs, ours) == theirs;
}

static struct iscsip_verdict take_answer(struct step *s, enum iscsip_key_id id,
					 struct iscsip_str value)
{
	const struct iscsip_key *key = iscsip_key(id);
	struct iscsip_login *l = s->l;
	u32 theirs;
	int choice;

	if (iscsip_str_is(value, "Irrelevant"))
		l->irrelevant_seen = true;
	if (key->kind == ISCSIP_KIND_LIST) {
		choice = iscsip_key_choose(key, iscsip_param_list(&l->offer.params,
								  key), value);
		if (choice < 0)
			return FAIL_PEER("digest that we insist on refused");
		settle(l, id, choice);
		return ISCSIP_VERDICT_OK;
	}
	/* 6.2: all we propose is of the RFC, and has to be understood */
	if (iscsip_str_is(value, "NotUnderstood"))
		return FAIL_PEER("NotUnderstood in answer to our proposal");
	/* it stays at the default, which is good enough for all we propose */
	if (iscsip_reserved_word(value))
		return ISCSIP_VERDICT_OK;
	if (iscsip_key_number(key, value, &theirs) ||
	    !admissible(key, theirs, offered(l, id)))
		return FAIL_PEER("inadmissible answer to our proposal");
	settle(l, id, theirs);
	return ISCSIP_VERDICT_OK;
}

/* ---- declarations ------------------------------------------------------- */

static struct iscsip_verdict take_text(struct step *s, enum iscsip_key_id id,
				       struct iscsip_str value)
{
	if (value.len > iscsip_key(id)->max)
		return FAIL_PEER("declared text too long");
	if (id == ISCSIP_KEY_INITIATOR_ALIAS)
		iscsip_printable(value.s, value.len, s->l->initiator_alias);
	return ISCSIP_VERDICT_OK;
}

static struct iscsip_verdict take_number(struct step *s, enum iscsip_key_id id,
					 struct iscsip_str value)
{
	u32 number;

	if (iscsip_key_number(iscsip_key(id), value, &number))
		return FAIL_PEER("declared value out of its range");
	iscsip_param_set(&s->l->params, iscsip_key(id), number);
	return ISCSIP_VERDICT_OK;
}

static struct iscsip_verdict take_name(struct step *s, enum iscsip_key_id id,
				       struct iscsip_str value)
{
	/* the caller has read them, and decided by them */
	if (s->first)
		return ISCSIP_VERDICT_OK;
	/* 13.21: in any stage, and Normal by default, so this may still say so */
	if (id == ISCSIP_KEY_SESSION_TYPE && s->l->type == ISCSIP_SESSION_NORMAL &&
	    iscsip_str_is(value, "Normal"))
		return ISCSIP_VERDICT_OK;
	return FAIL_PEER("name after the first request");
}

/* ---- one key, and all of them ------------------------------------------- */

static struct iscsip_verdict take_key(struct step *s, enum iscsip_key_id id,
				      struct iscsip_str value)
{
	switch (iscsip_key(id)->kind) {
	case ISCSIP_KIND_NAME:
		return take_name(s, id, value);
	case ISCSIP_KIND_AUTH:
		return answer_auth(s, value);
	case ISCSIP_KIND_CHAP:
		s->chap = true;
		return ISCSIP_VERDICT_OK;
	case ISCSIP_KIND_NUMBER:
		return take_number(s, id, value);
	case ISCSIP_KIND_TEXT:
		return take_text(s, id, value);
	case ISCSIP_KIND_TARGET:
		return FAIL_PEER("key that only a target may send");
	case ISCSIP_KIND_OBSOLETE:
		iscsip_out_pair(s->out, iscsip_key(id)->name, "Reject");
		return ISCSIP_VERDICT_OK;
	default:
		return answer(s, id, value);
	}
}

static u8 stage_bit(const struct iscsip_login *l)
{
	return l->stage == ISCSIP_STAGE_SECURITY ? ISCSIP_IN_SECURITY :
						   ISCSIP_IN_OPERATIONAL;
}

/* Old boot firmware says so; it changes nothing. */
static bool shrugs(const struct iscsip_login *l, enum iscsip_key_id id,
		   struct iscsip_str value)
{
	u8 kind = iscsip_key(id)->kind;

	return (kind == ISCSIP_KIND_TARGET || kind == ISCSIP_KIND_NUMBER) &&
	       answered(l, id) && iscsip_str_is(value, "NotUnderstood");
}

static struct iscsip_verdict take_pair(struct step *s, const struct iscsip_pair *pair,
				       enum iscsip_key_id id)
{
	struct iscsip_str value = iscsip_value(pair);
	struct iscsip_login *l = s->l;
	u64 bit = iscsip_bit(id);

	if (shrugs(l, id, value))
		return ISCSIP_VERDICT_OK;
	if (!(iscsip_key(id)->stages & stage_bit(l)))
		return FAIL_PEER("key in the wrong stage");
	if (l->seen & bit)
		return FAIL_PEER("key sent twice");
	l->seen |= bit;
	if (l->proposed & bit) {
		l->proposed &= ~bit;
		return take_answer(s, id, value);
	}
	return take_key(s, id, value);
}

/*
 * Answers may come in any order, so those which hang on others (13.14, 13.19) are
 * given last: the sequence within the request makes no difference then.
 */
static struct iscsip_verdict take_text_keys(struct step *s, const char *text, u32 len,
					    bool dependent)
{
	struct iscsip_verdict v;
	struct iscsip_cursor c;
	struct iscsip_pair pair;
	enum iscsip_key_id id;
	int ret;

	iscsip_cursor_init(&c, text, len);
	while ((ret = iscsip_next_pair(&c, &pair)) > 0) {
		id = iscsip_key_find(&pair);
		if (id == ISCSIP_KEY_NONE) {
			if (!dependent)
				iscsip_out_pair_n(s->out, pair.key, pair.key_len,
						  "NotUnderstood",
						  strlen("NotUnderstood"));
			continue;
		}
		if (!(iscsip_key(id)->flags & ISCSIP_KF_DEPENDS) == dependent)
			continue;
		v = take_pair(s, &pair, id);
		if (v.action != ISCSIP_OK)
			return v;
	}
	return ret ? FAIL_PEER("text that cannot be parsed") : ISCSIP_VERDICT_OK;
}

/* 6.2: integrity is checked over all results, new and old */
static struct iscsip_verdict check_integrity(struct iscsip_login *l)
{
	struct iscsip_params *p = &l->params;

	if (p->first_burst <= p->max_burst)
		return ISCSIP_VERDICT_OK;
	if (answered(l, ISCSIP_KEY_FIRST_BURST))
		return FAIL_PEER("FirstBurstLength exceeds MaxBurstLength");
	p->first_burst = p->max_burst;
	return ISCSIP_VERDICT_OK;
}

/* 6.2.2: our No to an AND and our Yes to an OR decide, and need no answer */
static void settle_unanswered(struct iscsip_login *l, u64 pending)
{
	const struct iscsip_key *key;
	u32 id, ours;

	for (id = 0; id < ISCSIP_KEY_COUNT; id++) {
		key = iscsip_key(id);
		if (!(l->proposed & pending & iscsip_bit(id)) || !iscsip_key_is_bool(key))
			continue;
		ours = offered(l, id);
		if (key->kind == ISCSIP_KIND_OR ? !ours : ours)
			continue;
		l->proposed &= ~iscsip_bit(id);
		settle(l, id, ours);
	}
}

static struct iscsip_verdict take_request(struct step *s, const char *text, u32 len)
{
	u64 pending = s->l->proposed;
	struct iscsip_verdict v;

	v = take_text_keys(s, text, len, false);
	if (v.action == ISCSIP_OK)
		v = take_text_keys(s, text, len, true);
	if (v.action != ISCSIP_OK)
		return v;
	settle_unanswered(s->l, pending);
	if (s->l->proposed & pending)
		return FAIL_PEER("no answer to our proposal");
	return check_integrity(s->l);
}

/* ---- what we say unasked ------------------------------------------------ */

static void declare(struct step *s)
{
	struct iscsip_login *l = s->l;

	/* 13.9: whenever a target was named */
	if (l->target_name[0] && !answered(l, ISCSIP_KEY_TPGT)) {
		iscsip_out_number(s->out, "TargetPortalGroupTag", l->offer.tpgt);
		l->answered |= iscsip_bit(ISCSIP_KEY_TPGT);
	}
	if (l->type == ISCSIP_SESSION_NORMAL && l->offer.alias[0] &&
	    !answered(l, ISCSIP_KEY_TARGET_ALIAS)) {
		iscsip_out_pair(s->out, "TargetAlias", l->offer.alias);
		l->answered |= iscsip_bit(ISCSIP_KEY_TARGET_ALIAS);
	}
	if (l->stage == ISCSIP_STAGE_OPERATIONAL && !answered(l, ISCSIP_KEY_MRDSL)) {
		iscsip_out_number(s->out, "MaxRecvDataSegmentLength",
				  l->params.mrdsl_local);
		l->answered |= iscsip_bit(ISCSIP_KEY_MRDSL);
	}
}

/*
 * As little as possible: initiators exist which leave a proposal unanswered, so
 * that with the workaround only those digests remain that we insist on.
 */
static bool to_propose(const struct iscsip_login *l, enum iscsip_key_id id)
{
	const struct iscsip_key *key = iscsip_key(id);

	if ((l->seen | l->proposed | l->answered) & iscsip_bit(id))
		return false;
	if (insists(l, id))
		return true;
	return !l->offer.keys_workaround && key->flags & ISCSIP_KF_PROPOSE &&
	       l->offer.leading && l->type == ISCSIP_SESSION_NORMAL &&
	       !irrelevant(l, id) && offered(l, id) != key->def;
}

static void propose(struct step *s)
{
	const struct iscsip_list *list;
	const struct iscsip_key *key;
	u32 id;

	for (id = 0; id < ISCSIP_KEY_COUNT; id++) {
		if (!to_propose(s->l, id))
			continue;
		key = iscsip_key(id);
		list = iscsip_param_list(&s->l->offer.params, key);
		iscsip_key_answer(s->out, key,
				  key->choices ? list->item[0] : offered(s->l, id));
		s->l->proposed |= iscsip_bit(id);
	}
}

/* ---- the stages --------------------------------------------------------- */

static struct iscsip_verdict security_stage(struct step *s, const struct iscsip_req *req,
					    const char *text, u32 len)
{
	struct iscsip_login *l = s->l;
	bool chap = l->auth_agreed && l->auth_method == ISCSIP_AUTH_CHAP &&
		    l->chap.state != ISCSIP_CHAP_DONE;

	/* CHAP_A may come along with AuthMethod: by then the method is known */
	if (chap && (s->was_agreed || s->chap))
		return iscsip_chap_step(l, text, len, s->out);
	if (s->chap)
		return FAIL_PEER("CHAP key, but CHAP is not under way");
	if (!req->final || l->auth_agreed)
		return ISCSIP_VERDICT_OK;
	if (l->offer.auth_required)
		return FAIL_AUTH("initiator leaves without authentication");
	l->authenticated = true;
	return ISCSIP_VERDICT_OK;
}

static struct iscsip_verdict run_stage(struct step *s, const struct iscsip_req *req,
				       const char *text, u32 len)
{
	struct iscsip_login *l = s->l;

	if (l->stage == ISCSIP_STAGE_SECURITY)
		return security_stage(s, req, text, len);
	l->authenticated = true;
	if (req->final)
		propose(s);
	return ISCSIP_VERDICT_OK;
}

/* Going from security straight to full feature phase leaves us nothing to say. */
static bool needs_operational(const struct iscsip_login *l)
{
	return insists(l, ISCSIP_KEY_HEADER_DIGEST) ||
	       insists(l, ISCSIP_KEY_DATA_DIGEST) ||
	       l->params.mrdsl_local < ISCSIP_MRDSL_DEFAULT;
}

void iscsip_login_transit(struct iscsip_login *l, const struct iscsip_req *req,
			  struct iscsip_login_result *result)
{
	u8 nsg = req->login.nsg;

	memset(result, 0, sizeof(*result));
	result->csg = l->stage;
	if (!req->final || !l->authenticated || l->proposed)
		return;
	if (l->stage == ISCSIP_STAGE_SECURITY && nsg == ISCSIP_STAGE_FULL) {
		if (needs_operational(l))
			nsg = ISCSIP_STAGE_OPERATIONAL;
		else
			l->params.mrdsl_local = ISCSIP_MRDSL_DEFAULT;
	}
	l->stage = nsg;
	result->transit = true;
	result->nsg = nsg;
	result->done = nsg == ISCSIP_STAGE_FULL;
}

struct iscsip_verdict iscsip_login_step(struct iscsip_login *l,
					const struct iscsip_req *req,
					const char *text, u32 len,
					struct iscsip_out *out,
					struct iscsip_login_result *result)
{
	struct step s = {
		.l = l,
		.out = out,
		.first = !(l->seen & iscsip_bit(ISCSIP_KEY_INITIATOR_NAME)),
		.was_agreed = l->auth_agreed,
	};
	struct iscsip_verdict v;

	memset(result, 0, sizeof(*result));
	result->csg = l->stage;
	if (!l->names_known)
		return FAIL(ISCSIP_LOGIN_MISSING_PARAM, "names are missing");
	if (l->stage != ISCSIP_STAGE_SECURITY && l->offer.auth_required &&
	    !l->authenticated)
		return FAIL_AUTH("initiator skips authentication");
	v = take_request(&s, text, len);
	if (v.action != ISCSIP_OK)
		return v;
	declare(&s);
	v = run_stage(&s, req, text, len);
	if (v.action != ISCSIP_OK)
		return v;
	if (out->full)
		return FAIL(ISCSIP_LOGIN_NO_RESOURCES, "answer does not fit");
	if (out->len <= ISCSIP_MRDSL_DEFAULT)
		iscsip_login_transit(l, req, result);
	return v;
}
