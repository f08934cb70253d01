// SPDX-License-Identifier: GPL-2.0
/*
 * The CHAP exchange alone: a byte of options, then the text of each step up to the
 * byte 0xff. The byte 0x01 stands for the right response in hex.
 */
#include "fuzz.h"

#define OUT_SIZE	8192

static bool response_given;

static void set_up(struct iscsip_login *l, u8 options)
{
	struct iscsip_credentials *c = &l->offer.cred;

	iscsip_login_init(l, &fuzz_hash);
	memcpy(c->user, "user", 4);
	memcpy(c->secret, "secret", 6);
	memcpy(c->mutual_user, "target", 6);
	memcpy(c->mutual_secret, options & 1 ? "mirror" : "secret", 6);
	c->user_len = options & 2 ? 4 : 0;
	c->secret_len = options & 4 ? 6 : 0;
	c->mutual_user_len = options & 8 ? 6 : 0;
	c->mutual_secret_len = options & 16 ? 6 : 0;
}

static bool step(struct iscsip_login *l, struct input *in, char *buf, u32 size)
{
	const u8 *end = memchr(in->pos, 0xff, in->end - in->pos);
	struct iscsip_verdict v;
	struct iscsip_out out;
	char *big, *text;
	u32 n = 0, digits;

	if (!end)
		end = in->end;
	big = malloc((end - in->pos) * 64 + 1);
	for (; in->pos < end; in->pos++) {
		if (*in->pos == 1) {
			digits = right_response(l, big + n);
			response_given |= digits;
			n += digits;
		} else {
			big[n++] = *in->pos;
		}
	}
	if (in->pos < in->end)
		in->pos++;
	n = iscsip_min(n, ISCSIP_LOGIN_TEXT_MAX);
	text = copy_of(big, n);
	iscsip_out_init(&out, buf, size);
	v = iscsip_chap_step(l, text, n, &out);
	check_verdict(v);
	check_out(&out);
	MUST(v.action == ISCSIP_OK || l->chap.state == ISCSIP_CHAP_FAILED);
	MUST(l->authenticated == (l->chap.state == ISCSIP_CHAP_DONE));
	free(text);
	free(big);
	return v.action == ISCSIP_OK;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, data + size };
	struct iscsip_login *l = malloc(sizeof(*l));
	u8 options = take8(&in);
	u32 room = options & 32 ? 64 : OUT_SIZE;
	char *buf = malloc(room);

	set_up(l, options);
	response_given = false;
	while (in.pos < in.end && step(l, &in, buf, room))
		;
	if (l->authenticated)
		MUST(response_given && (options & 6) == 6);
	if (l->authenticated && l->chap.mutual)
		MUST((options & 25) == 25);
	free(buf);
	free(l);
	return 0;
}
