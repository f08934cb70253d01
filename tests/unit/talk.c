// SPDX-License-Identifier: GPL-2.0
#include "talk.h"

#define OUT_SIZE	16384

struct iscsip_login *login;

struct iscsip_req talk_req(const char *flags)
{
	static const u8 isid[] = { 0x80, 1, 2, 3, 4, 5 };
	struct iscsip_req req;

	memset(&req, 0, sizeof(req));
	req.opcode = ISCSIP_OP_LOGIN;
	req.immediate = true;
	req.login.csg = flags[0] - '0';
	req.final = flags[1] == 'T';
	req.login.nsg = flags[2] - '0';
	memcpy(req.login.isid, isid, sizeof(isid));
	req.login.cid = 7;
	req.itt = 0x1234;
	req.cmdsn = 99;
	return req;
}

void talk_offer(struct iscsip_login_offer *offer)
{
	memset(offer, 0, sizeof(*offer));
	iscsip_params_default(&offer->params);
	iscsip_key_check("HeaderDigest", "CRC32C,None", &offer->params);
	iscsip_key_check("DataDigest", "CRC32C,None", &offer->params);
	iscsip_key_check("AuthMethod", "CHAP,None", &offer->params);
	iscsip_key_check("MaxXmitDataSegmentLength", "262144", &offer->params);
	offer->tpgt = 1;
	offer->keys_workaround = true;
	offer->leading = true;
}

static u16 set(u8 *field, const char *value)
{
	if (!value)
		return 0;
	memcpy(field, value, strlen(value));
	return strlen(value);
}

void set_credentials(struct iscsip_login_offer *offer, const char *user,
		     const char *secret, const char *mutual_user,
		     const char *mutual_secret)
{
	struct iscsip_credentials *c = &offer->cred;

	c->user_len = set(c->user, user);
	c->secret_len = set(c->secret, secret);
	c->mutual_user_len = set(c->mutual_user, mutual_user);
	c->mutual_secret_len = set(c->mutual_secret, mutual_secret);
}

/* ---- what '$' brings in -------------------------------------------------------- */

static char *put_hex(char *to, const u8 *bytes, u32 len)
{
	while (len--)
		to += sprintf(to, "%02x", *bytes++);
	return to;
}

static char *put_base64(char *to, const u8 *b, u32 len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	u32 i, v;

	for (i = 0; i < len; i += 3) {
		v = (u32)b[i] << 16 | (i + 1 < len ? b[i + 1] << 8 : 0) |
		    (i + 2 < len ? b[i + 2] : 0);
		*to++ = digits[v >> 18];
		*to++ = digits[v >> 12 & 63];
		*to++ = i + 1 < len ? digits[v >> 6 & 63] : '=';
		*to++ = i + 2 < len ? digits[v & 63] : '=';
	}
	return to;
}

/* H(id || secret || challenge) by @digits and bytes of the target's own challenge */
static void response(const char *secret, u8 *out)
{
	const struct iscsip_chap *c = &login->chap;

	test_hash.digest(c->alg, c->id, (const u8 *)secret, strlen(secret),
			 c->challenge, c->digest_len, out);
}

/*
 * $R the right response in hex digits, $B in base64, $W one with a wrong secret,
 * $I the target's identifier, $C its challenge, $P its proof for CHAP_I=5 and the
 * challenge 0102030405, $K 1024 bytes of challenge in hex digits, $L a kilobyte.
 */
static char *expand(const char *from)
{
	char *text = calloc(1, strlen(from) + 8192), *to = text;
	u8 d[ISCSIP_CHAP_DIGEST_MAX];
	u32 n = login->chap.digest_len;

	for (; *from; from++) {
		if (*from != '$') {
			*to++ = *from;
			continue;
		}
		switch (*++from) {
		case 'R':
			response("secret", d);
			to = put_hex(to, d, n);
			break;
		case 'B':
			response("secret", d);
			to = put_base64(to, d, n);
			break;
		case 'W':
			response("Secret", d);
			to = put_hex(to, d, n);
			break;
		case 'I':
			to += sprintf(to, "%u", login->chap.id);
			break;
		case 'C':
			to = put_hex(to, login->chap.challenge, n);
			break;
		case 'P':
			test_hash.digest(login->chap.alg, 5, (const u8 *)"mirror", 6,
					 (const u8 *)"\1\2\3\4\5", 5, d);
			to = put_hex(to, d, n);
			break;
		case 'K':
			memset(to, '7', 2048);
			to += 2048;
			break;
		case 'L':
			memset(to, 'l', 1024);
			to += 1024;
			break;
		}
	}
	return text;
}

/* ---- running ---------------------------------------------------------------------- */

static struct iscsip_verdict names_and_offer(const struct talk *t, const char *text,
					     u32 len)
{
	struct iscsip_login_offer offer;
	struct iscsip_verdict v;

	v = iscsip_login_names(login, text, len);
	if (v.action != ISCSIP_OK)
		return v;
	talk_offer(&offer);
	if (t->prepare)
		t->prepare(&offer);
	iscsip_login_offer_set(login, &offer);
	return v;
}

static void check_answer(const struct turn *turn, const struct iscsip_login_result *r,
			 const struct iscsip_out *out)
{
	char flags[4] = { '0' + r->csg, r->transit ? 'T' : '-', '0' + r->nsg, 0 };
	char *want;

	if (turn->answer && strcmp(flags, turn->answer)) {
		case_good = false;
		note("answer %s, expected %s", flags, turn->answer);
	}
	CHECK_EQ(r->done, r->transit && r->nsg == 3);
	if (!turn->out)
		return;
	want = expand(turn->out);
	if (strcmp(lines_of(out->buf, out->len), want)) {
		case_good = false;
		note("text %s", lines_of(out->buf, out->len));
		note("expected %s", want);
	}
	free(want);
}

static bool run_turn(const struct talk *t, const struct turn *turn, bool first)
{
	struct iscsip_req req = talk_req(turn->flags);
	struct iscsip_login_result result;
	char *lines = expand(turn->text);
	struct iscsip_verdict v;
	struct iscsip_out out;
	char *buf, *text;
	u32 len;

	text = wire_text(lines, &len);
	buf = malloc(OUT_SIZE);
	iscsip_out_init(&out, buf, OUT_SIZE);
	v = iscsip_login_check(login, &req);
	if (v.action == ISCSIP_OK && first)
		v = names_and_offer(t, text, len);
	if (v.action == ISCSIP_OK)
		v = iscsip_login_step(login, &req, text, len, &out, &result);
	CHECK_VERDICT(v, turn->status ? ISCSIP_LOGIN_FAIL : ISCSIP_OK, turn->status);
	if (v.action == ISCSIP_OK && !turn->status)
		check_answer(turn, &result, &out);
	free(buf);
	free(text);
	free(lines);
	return v.action == ISCSIP_OK;
}

#define FIELD(f)	{ #f, offsetof(struct iscsip_params, f), \
			  sizeof_field(struct iscsip_params, f) }
static const struct { const char *name; u32 offset, size; } fields[] = {
	FIELD(header_digest), FIELD(data_digest), FIELD(initial_r2t),
	FIELD(immediate_data), FIELD(data_pdu_in_order), FIELD(data_sequence_in_order),
	FIELD(max_connections), FIELD(max_outstanding_r2t), FIELD(default_time2wait),
	FIELD(default_time2retain), FIELD(error_recovery_level), FIELD(max_burst),
	FIELD(first_burst), FIELD(mrdsl_local), FIELD(mrdsl_remote),
};

static void check_field(const char *name, u32 len, u32 want)
{
	const u8 *at;
	u32 i, got;

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strlen(fields[i].name) != len || memcmp(fields[i].name, name, len))
			continue;
		at = (const u8 *)&login->params + fields[i].offset;
		got = fields[i].size == 1 ? *at :
		      fields[i].size == 2 ? *(const u16 *)at : *(const u32 *)at;
		if (got != want) {
			case_good = false;
			note("%s is %u, expected %u", fields[i].name, got, want);
		}
		return;
	}
	case_good = false;
	note("no field %.*s", len, name);
}

static void check_result(const char *want)
{
	u32 name, number;
	char *end;

	while (want && *want) {
		name = strcspn(want, "=");
		number = strtoul(want + name + 1, &end, 10);
		check_field(want, name, number);
		want = *end ? end + 1 : end;
	}
}

void talk_run(const struct talk *t)
{
	u32 i;

	test_random_reset();
	test_algs = 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8;
	test_hash_fails = false;
	/* a fresh one each time, so that the sanitizer sees what runs past it */
	free(login);
	login = malloc(sizeof(*login));
	iscsip_login_init(login, &test_hash);
	for (i = 0; i < TALK_TURNS && t->turns[i].flags; i++)
		if (!run_turn(t, &t->turns[i], !i))
			break;
	check_result(t->result);
}

void talk_table(const struct talk *t, u32 n)
{
	for (; n--; t++)
		CASE(t->name, talk_run(t));
}
