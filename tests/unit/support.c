// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>

#include "unit.h"

static int planned, failed;
bool case_good;

void ok(bool good, const char *name)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++planned, name);
	failed += !good;
}

void note(const char *format, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	printf("\n");
}

int done(void)
{
	printf("1..%d\n", planned);
	return failed ? 1 : 0;
}

char *wire_text(const char *lines, u32 *len)
{
	char *text;
	u32 i;

	*len = strlen(lines);
	text = malloc(*len ? *len : 1);
	memcpy(text, lines, *len);
	for (i = 0; i < *len; i++)
		if (text[i] == '\n')
			text[i] = 0;
	return text;
}

const char *lines_of(const char *text, u32 len)
{
	static char buf[65536];
	u32 i;

	for (i = 0; i < len && i < sizeof(buf) - 1; i++)
		buf[i] = text[i] ? text[i] : '\n';
	buf[i] = 0;
	return buf;
}

void check_verdict(int line, struct iscsip_verdict v, enum iscsip_action action,
		   u32 code)
{
	if (v.action != action || v.code != code) {
		case_good = false;
		note("line %d: verdict %d/%04x (%s), expected %d/%04x", line,
		     v.action, v.code, v.why ? v.why : "-", action, code);
	}
	if (v.action != ISCSIP_OK && !v.why) {
		case_good = false;
		note("line %d: a refusal without a reason", line);
	}
}

u32 test_algs = 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8;
bool test_hash_fails;
static u8 next_random;

void test_random_reset(void)
{
	next_random = 0x21;
}

static bool supported(u8 alg)
{
	return alg < 32 && test_algs >> alg & 1;
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

	h = mix(h, &alg, 1);
	h = mix(h, &id, 1);
	h = mix(h, secret, secret_len);
	h = mix(h, challenge, challenge_len);
	for (i = 0; i < len[alg]; i++) {
		h = mix(h, &alg, 1);
		out[i] = h >> 16;
	}
	return test_hash_fails ? -EIO : 0;
}

static void fill_random(u8 *out, u32 len)
{
	while (len--)
		*out++ = next_random++;
}

static bool equal(const u8 *a, const u8 *b, u32 len)
{
	u8 diff = 0;

	while (len--)
		diff |= *a++ ^ *b++;
	return !diff;
}

const struct iscsip_hash_ops test_hash = {
	.supported = supported,
	.digest = digest,
	.random = fill_random,
	.equal = equal,
};
