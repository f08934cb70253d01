// SPDX-License-Identifier: GPL-2.0
/*
 * CHAP (RFC 7143 12.1.3, 9.2.1; RFC 1994).
 *
 * 9.2 tells the statuses apart: keys and values that are not what the step asks for,
 * such as a response that is no binary value, are an initiator error or a missing
 * parameter; a name, response or challenge whose length or content is no good is an
 * authentication failure.
 */
#include "internal.h"

#define FAIL_AUTH(why)	ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_AUTH_FAILED, why)
#define FAIL_KEYS(why)	ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_INITIATOR_ERROR, why)
#define FAIL_MISSING(why) ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_MISSING_PARAM, why)

/* One request's CHAP keys; a NULL key was not there */
struct chap_keys {
	struct iscsip_pair a, i, c, n, r;
};

static struct iscsip_pair *key_slot(struct chap_keys *k, enum iscsip_key_id id)
{
	switch (id) {
	case ISCSIP_KEY_CHAP_A:
		return &k->a;
	case ISCSIP_KEY_CHAP_I:
		return &k->i;
	case ISCSIP_KEY_CHAP_C:
		return &k->c;
	case ISCSIP_KEY_CHAP_N:
		return &k->n;
	case ISCSIP_KEY_CHAP_R:
		return &k->r;
	default:
		return NULL;
	}
}

static struct iscsip_verdict read_keys(const char *text, u32 len,
				       struct chap_keys *k)
{
	struct iscsip_cursor c;
	struct iscsip_pair pair, *slot;
	int ret;

	memset(k, 0, sizeof(*k));
	iscsip_cursor_init(&c, text, len);
	while ((ret = iscsip_next_pair(&c, &pair)) > 0) {
		slot = key_slot(k, iscsip_key_find(&pair));
		if (!slot)
			continue;
		if (slot->key)
			return FAIL_KEYS("CHAP key sent twice");
		*slot = pair;
	}
	return ret ? FAIL_KEYS("text that cannot be parsed") : ISCSIP_VERDICT_OK;
}

/* ---- first step: algorithm and challenge -------------------------------- */

static u8 digest_len(u64 alg)
{
	switch (alg) {
	case ISCSIP_CHAP_MD5:
		return 16;
	case ISCSIP_CHAP_SHA1:
		return 20;
	case ISCSIP_CHAP_SHA256:
	case ISCSIP_CHAP_SHA3_256:
		return 32;
	}
	return 0;
}

static u8 choose_alg(const struct iscsip_hash_ops *hash, struct iscsip_str value)
{
	struct iscsip_cursor c;
	struct iscsip_str item;
	u64 alg, missing = 0;

	iscsip_cursor_init(&c, value.s, value.len);
	while (iscsip_next_item(&c, &item)) {
		if (iscsip_number(item.s, item.len, &alg) || !digest_len(alg) ||
		    missing & 1ULL << alg)
			continue;
		if (hash->supported(alg))
			return alg;
		/* asking is expensive, and a list may be long */
		missing |= 1ULL << alg;
	}
	return 0;
}

static struct iscsip_verdict send_challenge(struct iscsip_login *l,
					    const struct chap_keys *k,
					    struct iscsip_out *out)
{
	struct iscsip_chap *chap = &l->chap;

	if (k->i.key || k->c.key || k->n.key || k->r.key)
		return FAIL_KEYS("CHAP key before the challenge");
	if (!k->a.key)
		return FAIL_MISSING("CHAP_A expected");
	chap->alg = choose_alg(l->hash, iscsip_value(&k->a));
	if (!chap->alg)
		return FAIL_AUTH("no CHAP algorithm in common");
	chap->digest_len = digest_len(chap->alg);
	l->hash->random(&chap->id, 1);
	l->hash->random(chap->challenge, chap->digest_len);
	iscsip_out_number(out, "CHAP_A", chap->alg);
	iscsip_out_number(out, "CHAP_I", chap->id);
	iscsip_out_hex(out, "CHAP_C", chap->challenge, chap->digest_len);
	chap->state = ISCSIP_CHAP_WANT_N;
	return ISCSIP_VERDICT_OK;
}

/* ---- second step: who is it --------------------------------------------- */

/*
 * All of it is always computed, so that the time it takes tells nobody whether
 * the name or the secret was wrong.
 */
static struct iscsip_verdict check_response(struct iscsip_login *l,
					    const struct chap_keys *k)
{
	const struct iscsip_credentials *cred = &l->offer.cred;
	u32 user_len = iscsip_min(cred->user_len, ISCSIP_CHAP_USER_MAX);
	u32 name_len = iscsip_min(k->n.value_len, ISCSIP_CHAP_USER_MAX);
	u8 want[ISCSIP_CHAP_DIGEST_MAX], got[ISCSIP_CHAP_DIGEST_MAX] = { 0 };
	bool name_ok, response_ok;
	int len, ret;

	len = iscsip_binary(k->r.value, k->r.value_len, got, l->chap.digest_len);
	if (len < 0 && len != -ENOSPC)
		return FAIL_KEYS("CHAP_R is not a binary value");
	ret = l->hash->digest(l->chap.alg, l->chap.id, cred->secret,
			      iscsip_min(cred->secret_len, ISCSIP_CHAP_SECRET_MAX),
			      l->chap.challenge, l->chap.digest_len, want);
	/* the buffer has room for any name that counts, whatever its user's length */
	name_ok = l->hash->equal((const u8 *)k->n.value, cred->user, name_len);
	name_ok &= k->n.value_len == user_len && user_len && cred->secret_len;
	response_ok = l->hash->equal(got, want, l->chap.digest_len);
	response_ok &= len == l->chap.digest_len;
	iscsip_wipe(want, sizeof(want));
	if (ret)
		return ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_TARGET_ERROR,
					    "CHAP digest failed");
	if (!name_ok || !response_ok)
		return FAIL_AUTH(user_len && cred->secret_len ? "CHAP name or response is wrong" :
				 "no CHAP credentials are set for this initiator");
	return ISCSIP_VERDICT_OK;
}

/* ---- our own proof ------------------------------------------------------ */

static bool same_secret(const struct iscsip_hash_ops *hash,
			const struct iscsip_credentials *cred)
{
	return cred->mutual_user_len && cred->secret_len == cred->mutual_secret_len &&
	       hash->equal(cred->secret, cred->mutual_secret, cred->secret_len);
}

static struct iscsip_verdict read_challenge(struct iscsip_login *l,
					    const struct chap_keys *k, u8 *id,
					    u32 *challenge_len)
{
	struct iscsip_chap *chap = &l->chap;
	u64 number;
	int len;

	if (iscsip_number(k->i.value, k->i.value_len, &number) || number > 255)
		return FAIL_KEYS("CHAP_I is not a byte");
	len = iscsip_binary(k->c.value, k->c.value_len, chap->peer_challenge,
			    sizeof(chap->peer_challenge));
	if (len == -ENOSPC)
		return FAIL_AUTH("CHAP_C is longer than 1024 bytes");
	if (len < 0)
		return FAIL_KEYS("CHAP_C is not a binary value");
	if (len == chap->digest_len &&
	    l->hash->equal(chap->peer_challenge, chap->challenge, len))
		return FAIL_AUTH("our own challenge was sent back");
	*id = number;
	*challenge_len = len;
	return ISCSIP_VERDICT_OK;
}

static struct iscsip_verdict send_proof(struct iscsip_login *l,
					const struct chap_keys *k,
					struct iscsip_out *out)
{
	const struct iscsip_credentials *cred = &l->offer.cred;
	struct iscsip_chap *chap = &l->chap;
	u8 proof[ISCSIP_CHAP_DIGEST_MAX], id;
	struct iscsip_verdict v;
	u32 len;

	if (!cred->mutual_user_len || !cred->mutual_secret_len)
		return FAIL_AUTH("proof wanted, but no mutual credentials are set");
	v = read_challenge(l, k, &id, &len);
	if (v.action != ISCSIP_OK)
		return v;
	if (l->hash->digest(chap->alg, id, cred->mutual_secret,
			    cred->mutual_secret_len, chap->peer_challenge, len,
			    proof))
		return ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_TARGET_ERROR,
					    "CHAP digest failed");
	iscsip_out_pair_n(out, "CHAP_N", strlen("CHAP_N"),
			  (const char *)cred->mutual_user, cred->mutual_user_len);
	iscsip_out_hex(out, "CHAP_R", proof, chap->digest_len);
	iscsip_wipe(proof, sizeof(proof));
	chap->mutual = true;
	return ISCSIP_VERDICT_OK;
}

static struct iscsip_verdict authenticate(struct iscsip_login *l,
					  const struct chap_keys *k,
					  struct iscsip_out *out)
{
	struct iscsip_verdict v;

	if (k->a.key)
		return FAIL_KEYS("CHAP_A after the challenge");
	if (!k->n.key || !k->r.key)
		return FAIL_MISSING("CHAP_N and CHAP_R expected");
	if (!k->i.key != !k->c.key)
		return FAIL_MISSING("CHAP_I and CHAP_C come together");
	v = check_response(l, k);
	/* 9.2.1: it is the response that we would give, whether we are asked for one or not */
	if (v.action == ISCSIP_OK && same_secret(l->hash, &l->offer.cred))
		return FAIL_AUTH("one CHAP secret for both directions");
	if (v.action == ISCSIP_OK && k->c.key)
		v = send_proof(l, k, out);
	if (v.action != ISCSIP_OK)
		return v;
	l->chap.state = ISCSIP_CHAP_DONE;
	l->authenticated = true;
	return v;
}

struct iscsip_verdict iscsip_chap_step(struct iscsip_login *l, const char *text,
				       u32 len, struct iscsip_out *out)
{
	struct iscsip_verdict v;
	struct chap_keys k;

	v = read_keys(text, len, &k);
	if (v.action == ISCSIP_OK) {
		switch (l->chap.state) {
		case ISCSIP_CHAP_WANT_A:
			v = send_challenge(l, &k, out);
			break;
		case ISCSIP_CHAP_WANT_N:
			v = authenticate(l, &k, out);
			break;
		default:
			v = FAIL_KEYS("CHAP key after the exchange");
		}
	}
	if (v.action != ISCSIP_OK) {
		l->chap.state = ISCSIP_CHAP_FAILED;
		l->authenticated = false;
	}
	return v;
}
