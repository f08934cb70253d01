// SPDX-License-Identifier: GPL-2.0
/*
 * Whole logins: two bytes of offer, then requests, each a byte of flags as in the
 * header and text up to the byte 0xff. The byte 0x01 in text stands for the right
 * CHAP response in hex.
 */
#include "fuzz.h"

#define OUT_SIZE	65536

static bool response_given;

static void make_offer(struct iscsip_login_offer *o, u8 a, u8 b)
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

static struct iscsip_req request(u8 flags)
{
	struct iscsip_req req;

	memset(&req, 0, sizeof(req));
	req.opcode = ISCSIP_OP_LOGIN;
	req.final = flags & 0x80;
	req.login.csg = flags >> 2 & 3;
	req.login.nsg = flags & 3;
	/* what iscsip_decode() lets through */
	if (req.login.csg == 2)
		req.login.csg = 1;
	return req;
}

/* Text up to 0xff, with the response where it is wanted */
static char *next_text(const struct iscsip_login *l, struct input *in, u32 *len)
{
	const u8 *end = memchr(in->pos, 0xff, in->end - in->pos);
	char *big, *text;
	u32 n = 0;

	if (!end)
		end = in->end;
	big = malloc((end - in->pos) * 64 + 1);
	for (; in->pos < end; in->pos++) {
		if (*in->pos == 1) {
			u32 digits = right_response(l, big + n);

			n += digits;
			response_given |= digits;
		} else {
			big[n++] = *in->pos;
		}
	}
	if (in->pos < in->end)
		in->pos++;
	n = iscsip_min(n, ISCSIP_LOGIN_TEXT_MAX);
	text = copy_of(big, n);
	free(big);
	*len = n;
	return text;
}

static void finished(const struct iscsip_login *l)
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

static bool turn(struct iscsip_login *l, struct input *in, u8 a, u8 b, char *buf)
{
	struct iscsip_req req = request(take8(in));
	struct iscsip_login_result r;
	struct iscsip_login_offer offer;
	struct iscsip_verdict v;
	struct iscsip_out out;
	u8 stage;
	char *text;
	u32 len;

	text = next_text(l, in, &len);
	v = iscsip_login_check(l, &req);
	if (v.action == ISCSIP_OK && !l->names_known) {
		v = iscsip_login_names(l, text, len);
		if (v.action == ISCSIP_OK) {
			make_offer(&offer, a, b);
			iscsip_login_offer_set(l, &offer);
		}
	}
	stage = l->stage;
	iscsip_out_init(&out, buf, OUT_SIZE);
	if (v.action == ISCSIP_OK) {
		v = iscsip_login_step(l, &req, text, len, &out, &r);
		check_out(&out);
		MUST(r.csg == stage);
		MUST(!r.transit || (req.final && r.nsg > stage && r.nsg <= req.login.nsg));
		MUST(r.transit || (!r.nsg && !r.done));
		MUST(v.action == ISCSIP_OK || !r.transit);
		MUST(r.done == (r.transit && r.nsg == ISCSIP_STAGE_FULL));
	}
	check_verdict(v);
	MUST(v.action == ISCSIP_OK || v.action == ISCSIP_LOGIN_FAIL);
	free(text);
	if (v.action == ISCSIP_OK && r.done)
		finished(l);
	return v.action == ISCSIP_OK && !r.done;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, data + size };
	struct iscsip_login *l = malloc(sizeof(*l));
	char *buf = malloc(OUT_SIZE);
	u8 a = take8(&in), b = take8(&in);
	u32 turns = 0;

	iscsip_login_init(l, &fuzz_hash);
	response_given = false;
	while (in.pos < in.end && turn(l, &in, a, b, buf))
		MUST(++turns <= 64);
	free(buf);
	free(l);
	return 0;
}
