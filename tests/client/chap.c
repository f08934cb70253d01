// SPDX-License-Identifier: GPL-2.0
#include "iscsi_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

static const char b64[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* @enc: 'b' base64 (RFC 4648), 'X' hex in upper case, else hex */
char *bin_encode(const uint8_t *b, size_t len, int enc)
{
	char *s = tap_alloc(2 * len + 8), *o = s;

	if (enc != 'b') {
		o += sprintf(o, enc == 'X' ? "0X" : "0x");
		for (size_t i = 0; i < len; i++)
			o += sprintf(o, enc == 'X' ? "%02X" : "%02x", b[i]);
		return s;
	}
	o += sprintf(o, "0b");
	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = b[i] << 16;

		if (i + 1 < len)
			v |= b[i + 1] << 8;
		if (i + 2 < len)
			v |= b[i + 2];
		*o++ = b64[v >> 18];
		*o++ = b64[v >> 12 & 63];
		*o++ = i + 1 < len ? b64[v >> 6 & 63] : '=';
		*o++ = i + 2 < len ? b64[v & 63] : '=';
	}
	return s;
}

static int b64_decode(const char *s, uint8_t *out, size_t max)
{
	uint32_t v = 0;
	int bits = 0;
	size_t n = 0;

	for (; *s && *s != '='; s++) {
		const char *p = strchr(b64, *s);

		if (!p)
			return -1;
		v = v << 6 | (p - b64);
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		if (n == max)
			return -1;
		out[n++] = v >> bits;
	}
	return n;
}

/* Returns the length, or -1 if it is not a binary-value (6.1). */
int bin_decode(const char *s, uint8_t *out, size_t max)
{
	size_t len, n = 0;

	if (s[0] != '0' || !s[1])
		return -1;
	if (s[1] == 'b' || s[1] == 'B')
		return b64_decode(s + 2, out, max);
	if (s[1] != 'x' && s[1] != 'X')
		return -1;
	s += 2;
	len = strlen(s);
	if (strspn(s, "0123456789abcdefABCDEF") != len || (len + 1) / 2 > max)
		return -1;
	if (len & 1)
		out[n++] = hex_digit(*s++);
	for (; *s; s += 2)
		out[n++] = hex_digit(s[0]) << 4 | hex_digit(s[1]);
	return n;
}

static size_t chap_response(int alg, uint8_t *out, uint8_t id,
			    const char *secret, const uint8_t *chal, size_t len)
{
	uint8_t msg[1 + 512 + 2048];
	size_t n = 0;

	msg[n++] = id;
	memcpy(msg + n, secret, strlen(secret));
	n += strlen(secret);
	memcpy(msg + n, chal, len);
	return chap_hash(alg, out, msg, n + len);
}

static const char *mutual_part(struct chap *ch, const uint8_t *tchal,
			       const char *tchal_text)
{
	size_t len = ch->chal_len ? ch->chal_len : ch->tchal_len;
	const char *i, *c;

	ch->id = 0xa5;
	for (size_t k = 0; k < len && k < sizeof(ch->chal); k++)
		ch->chal[k] = (tchal[k % ch->tchal_len] ^ 0x5c) + k;
	i = tap_fmt(ch->id_format == 'x' ? "0x%x" : "%u", ch->id);
	if (ch->reflect)
		c = tchal_text;
	else
		c = bin_encode(ch->chal, len, ch->enc);
	return tap_fmt("CHAP_I=%s\nCHAP_C=%s\n", ch->raw_i ? ch->raw_i : i,
		       ch->raw_c ? ch->raw_c : c);
}

const char *chap_answer(struct conn *c, struct chap *ch)
{
	const char *a = key_got(c, "CHAP_A"), *i = key_got(c, "CHAP_I");
	const char *tc = key_got(c, "CHAP_C");
	uint8_t tchal[1024], out[64];
	size_t n;
	int len;

	CK(a && i && tc, "the target sent no CHAP_A, CHAP_I or CHAP_C");
	ch->alg = atoi(a);
	len = bin_decode(tc, tchal, sizeof(tchal));
	CK(len >= 1, "the target's CHAP_C is not a binary value: %s", tc);
	ch->tchal_len = len;
	n = chap_response(ch->alg, out, strtoul(i, NULL, 0), ch->secret, tchal,
			  len);
	CK(n, "the target chose the unknown algorithm %s", a);
	return tap_fmt("CHAP_N=%s\nCHAP_R=%s\n%s", ch->name,
		       ch->raw_r ? ch->raw_r : bin_encode(out, n, ch->enc),
		       ch->tname ? mutual_part(ch, tchal, tc) : "");
}

bool chap_verify(struct conn *c, struct chap *ch)
{
	const char *n = key_got(c, "CHAP_N"), *r = key_got(c, "CHAP_R");
	uint8_t want[64], got[1024];
	size_t len = ch->chal_len ? ch->chal_len : ch->tchal_len;
	int rlen;

	CK(n && r, "the target did not prove itself: no CHAP_N or CHAP_R");
	CK(!strcmp(n, ch->tname), "the target's CHAP_N is %s", n);
	rlen = bin_decode(r, got, sizeof(got));
	len = chap_response(ch->alg, want, ch->id, ch->tsecret, ch->chal, len);
	CK((int)len == rlen && !memcmp(want, got, len),
	   "the target's CHAP_R is wrong: %s", r);
	ch->verified = true;
	return true;
}
