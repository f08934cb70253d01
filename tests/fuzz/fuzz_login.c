// SPDX-License-Identifier: GPL-2.0
/*
 * Whole logins: two bytes of offer, then requests, each a byte of flags as in the
 * header and text up to the byte 0xff. The byte 0x01 in text stands for the right
 * CHAP response in hex.
 */
#include "fuzz.h"

#define OUT_SIZE	65536

static bool response_given;

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
		check_login_done(l, response_given);
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
