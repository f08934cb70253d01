// SPDX-License-Identifier: GPL-2.0
#include "fuzz.h"

u8 take8(struct input *in)
{
	return in->pos < in->end ? *in->pos++ : 0;
}

u32 take32(struct input *in)
{
	u32 v = take8(in);

	v = v << 8 | take8(in);
	v = v << 8 | take8(in);
	return v << 8 | take8(in);
}

void *copy_of(const void *from, size_t len)
{
	void *to = malloc(len ? len : 1);

	memcpy(to, from, len);
	return to;
}

static bool supported(u8 alg)
{
	return alg >= 5 && alg <= 8;
}

static u32 mix(u32 h, const u8 *p, u32 len)
{
	while (len--)
		h = (h ^ *p++) * 16777619u;
	return h;
}

static int digest(u8 alg, u8 id, const u8 *secret, u32 secret_len,
		  const u8 *challenge, u32 challenge_len, u8 *out)
{
	static const u8 len[] = { [5] = 16, [6] = 20, [7] = 32, [8] = 32 };
	u32 h = 2166136261u, i;

	MUST(supported(alg));
	h = mix(h, &alg, 1);
	h = mix(h, &id, 1);
	h = mix(h, secret, secret_len);
	h = mix(h, challenge, challenge_len);
	for (i = 0; i < len[alg]; i++) {
		h = mix(h, &alg, 1);
		out[i] = h >> 16;
	}
	return 0;
}

static void fill_random(u8 *out, u32 len)
{
	memset(out, 0xa5, len);
}

static bool equal(const u8 *a, const u8 *b, u32 len)
{
	return !memcmp(a, b, len);
}

const struct iscsip_hash_ops fuzz_hash = {
	.supported = supported,
	.digest = digest,
	.random = fill_random,
	.equal = equal,
};

u32 right_response(const struct iscsip_login *l, char *hex)
{
	u8 d[ISCSIP_CHAP_DIGEST_MAX];
	u32 i;

	if (!l->chap.digest_len)
		return 0;
	digest(l->chap.alg, l->chap.id, (const u8 *)"secret", 6, l->chap.challenge,
	       l->chap.digest_len, d);
	for (i = 0; i < l->chap.digest_len; i++)
		sprintf(hex + 2 * i, "%02x", d[i]);
	return 2 * l->chap.digest_len;
}

void check_verdict(struct iscsip_verdict v)
{
	MUST(v.action <= ISCSIP_IGNORE);
	MUST(v.action == ISCSIP_OK || v.why);
	if (v.action == ISCSIP_LOGIN_FAIL)
		MUST(v.code >= 0x0200 && v.code <= 0x0302);
	if (v.action == ISCSIP_REJECT)
		MUST(v.code >= ISCSIP_REJ_DATA_DIGEST && v.code <= ISCSIP_REJ_WAIT_LOGOUT);
}

void check_out(const struct iscsip_out *out)
{
	struct iscsip_cursor c;
	struct iscsip_pair pair;
	enum iscsip_key_id id;
	u64 seen = 0;
	int ret;

	MUST(out->len <= out->size);
	iscsip_cursor_init(&c, out->buf, out->len);
	while ((ret = iscsip_next_pair(&c, &pair)) > 0) {
		id = iscsip_key_find(&pair);
		if (id == ISCSIP_KEY_NONE)
			continue;
		MUST(!(seen & iscsip_bit(id)));
		seen |= iscsip_bit(id);
	}
	MUST(!ret);
}

void check_params(const struct iscsip_params *p)
{
	MUST(p->header_digest <= ISCSIP_DIGEST_CRC32C);
	MUST(p->data_digest <= ISCSIP_DIGEST_CRC32C);
	MUST(p->max_connections >= 1);
	MUST(p->max_outstanding_r2t >= 1);
	MUST(p->default_time2wait <= 3600 && p->default_time2retain <= 3600);
	MUST(p->error_recovery_level <= 2);
	MUST(p->max_burst >= 512 && p->max_burst < 1 << 24);
	MUST(p->first_burst >= 512 && p->first_burst <= p->max_burst);
	MUST(p->mrdsl_local >= 512 && p->mrdsl_local < 1 << 24);
	MUST(p->mrdsl_remote >= 512 && p->mrdsl_remote < 1 << 24);
	MUST(p->data_pdu_in_order && p->data_sequence_in_order);
	MUST(!p->error_recovery_level || p->max_outstanding_r2t == 1);
}

void make_offer(struct iscsip_login_offer *o, u8 a, u8 b)
{
	memset(o, 0, sizeof(*o));
	iscsip_params_default(&o->params);
	iscsip_key_check("AuthMethod", a & 1 ? "CHAP,None" : "CHAP", &o->params);
	iscsip_key_check("HeaderDigest", a & 2 ? "CRC32C" : "CRC32C,None", &o->params);
	iscsip_key_check("DataDigest", a & 4 ? "None" : "None,CRC32C", &o->params);
	o->auth_required = a & 8;
	o->leading = !(a & 16);
	o->keys_workaround = !(a & 32);
	o->params.mrdsl_local = a & 64 ? 512 : 262144;
	o->params.max_burst = a & 128 ? 4096 : 1048576;
	o->params.first_burst = b & 1 ? 524288 : 4096;
	o->params.initial_r2t = b & 2;
	o->params.immediate_data = b & 4;
	o->params.error_recovery_level = b >> 3 & 1;
	o->params.max_outstanding_r2t = b & 16 && o->leading ? 8 : 1;
	if (!o->leading)
		o->params.first_burst = iscsip_min(o->params.first_burst,
						   o->params.max_burst);
	if (b & 32)
		strcpy(o->alias, "alias");
	if (b & 64) {
		memcpy(o->cred.user, "user", 4);
		memcpy(o->cred.secret, "secret", 6);
		o->cred.user_len = 4;
		o->cred.secret_len = 6;
	}
	if (b & 128) {
		memcpy(o->cred.mutual_user, "target", 6);
		memcpy(o->cred.mutual_secret, "mirror", 6);
		o->cred.mutual_user_len = 6;
		o->cred.mutual_secret_len = 6;
	}
}

void check_login_done(const struct iscsip_login *l, bool response_given)
{
	struct iscsip_params p = l->params;

	MUST(l->authenticated && !l->proposed);
	if (l->offer.auth_required)
		MUST(l->chap.state == ISCSIP_CHAP_DONE && response_given &&
		     l->offer.cred.user_len);
	if (l->auth_agreed && l->auth_method == ISCSIP_AUTH_CHAP)
		MUST(l->chap.state == ISCSIP_CHAP_DONE && response_given);
	MUST(strlen(l->initiator_name) >= 5);
	MUST(l->type == ISCSIP_SESSION_DISCOVERY || l->target_name[0]);
	if (!l->offer.leading)
		p.max_outstanding_r2t = 1;
	check_params(&p);
	if (iscsip_list_has(&l->offer.params.header_digests, ISCSIP_DIGEST_NONE))
		return;
	MUST(l->params.header_digest == ISCSIP_DIGEST_CRC32C);
}
