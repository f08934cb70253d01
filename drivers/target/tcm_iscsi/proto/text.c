// SPDX-License-Identifier: GPL-2.0
/*
 * key=value text (RFC 7143 6.1) and iSCSI names (4.2.7).
 */
#include "internal.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_letter(char c)
{
	return is_upper(c) || (c >= 'a' && c <= 'z');
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool is_hex_constant(const char *text, u32 len)
{
	return len >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
}

static bool is_base64_constant(const char *text, u32 len)
{
	return len >= 2 && text[0] == '0' && (text[1] == 'b' || text[1] == 'B');
}

/* ---- pairs -------------------------------------------------------------- */

/*
 * A standard-label, but for two things that RFC 7143 itself does: a small first
 * letter (iSCSIProtocolLevel) and the '#' of X#NodeArchitecture.
 */
static bool is_key_name(const char *key, u32 len)
{
	u32 i;

	if (!len || len > ISCSIP_KEY_MAX || !is_letter(key[0]))
		return false;
	for (i = 1; i < len; i++) {
		if (!is_letter(key[i]) && !is_digit(key[i]) &&
		    (!key[i] || !strchr(".-+@_#", key[i])))
			return false;
	}
	return true;
}

int iscsip_next_pair(struct iscsip_cursor *c, struct iscsip_pair *pair)
{
	const char *eq, *nul;

	while (c->pos < c->end && !*c->pos)
		c->pos++;
	if (c->pos == c->end)
		return 0;
	nul = memchr(c->pos, 0, c->end - c->pos);
	if (!nul)
		return -EINVAL;
	eq = memchr(c->pos, '=', nul - c->pos);
	if (!eq || nul - eq - 1 > ISCSIP_VALUE_MAX ||
	    eq - c->pos > ISCSIP_KEY_MAX || !is_key_name(c->pos, eq - c->pos))
		return -EINVAL;
	pair->key = c->pos;
	pair->key_len = eq - c->pos;
	pair->value = eq + 1;
	pair->value_len = nul - eq - 1;
	c->pos = nul + 1;
	return 1;
}

bool iscsip_str_is(struct iscsip_str str, const char *what)
{
	return strlen(what) == str.len && !memcmp(str.s, what, str.len);
}

bool iscsip_pair_is(const struct iscsip_pair *pair, const char *key)
{
	return iscsip_str_is((struct iscsip_str){ pair->key, pair->key_len }, key);
}

bool iscsip_value_is(const struct iscsip_pair *pair, const char *value)
{
	return iscsip_str_is(iscsip_value(pair), value);
}

bool iscsip_next_item(struct iscsip_cursor *c, struct iscsip_str *item)
{
	const char *comma;

	if (!c->pos)
		return false;
	comma = memchr(c->pos, ',', c->end - c->pos);
	item->s = c->pos;
	item->len = (comma ? comma : c->end) - c->pos;
	c->pos = comma ? comma + 1 : NULL;
	return true;
}

/* ---- numbers and binary values ------------------------------------------ */

static int hex_number(const char *text, u32 len, u64 *number)
{
	u64 n = 0;
	u32 i;

	if (!len)
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (hex_digit(text[i]) < 0)
			return -EINVAL;
	for (i = 0; i < len; i++) {
		if (n >> 60)
			return -ERANGE;
		n = n << 4 | hex_digit(text[i]);
	}
	*number = n;
	return 0;
}

int iscsip_number(const char *text, u32 len, u64 *number)
{
	u64 n = 0;
	u32 i, d;

	if (is_hex_constant(text, len))
		return hex_number(text + 2, len - 2, number);
	if (!len || (len > 1 && text[0] == '0'))
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (!is_digit(text[i]))
			return -EINVAL;
	for (i = 0; i < len; i++) {
		d = text[i] - '0';
		/* 1844674407370955161 * 10 + 5 is the last number of 64 bits */
		if (n > 1844674407370955161ULL ||
		    (n == 1844674407370955161ULL && d > 5))
			return -ERANGE;
		n = n * 10 + d;
	}
	*number = n;
	return 0;
}

/* With an odd number of digits the first byte has but one: (n + 1) / 2, 6.1 */
static int hex_bytes(const char *text, u32 len, u8 *out, u32 max)
{
	u32 bytes = (len + 1) / 2, odd = len & 1, i;
	int d;

	if (!len)
		return -EINVAL;
	memset(out, 0, iscsip_min(bytes, max));
	for (i = 0; i < len; i++) {
		d = hex_digit(text[i]);
		if (d < 0)
			return -EINVAL;
		if ((i + odd) / 2 < max)
			out[(i + odd) / 2] |= (i + odd) & 1 ? d : d << 4;
	}
	return bytes > max ? -ENOSPC : (int)bytes;
}

static int base64_digit(char c)
{
	if (is_upper(c))
		return c - 'A';
	if (is_letter(c))
		return c - 'a' + 26;
	if (is_digit(c))
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

static int base64_bytes(const char *text, u32 len, u8 *out, u32 max)
{
	u32 pad = 0, bytes, n = 0, acc = 0, bits = 0, i;
	int d;

	if (!len || len % 4)
		return -EINVAL;
	while (pad < 2 && text[len - 1 - pad] == '=')
		pad++;
	bytes = len / 4 * 3 - pad;
	for (i = 0; i < len - pad; i++) {
		d = base64_digit(text[i]);
		if (d < 0)
			return -EINVAL;
		acc = (acc << 6 | d) & 0xffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			if (n < max)
				out[n] = acc >> bits & 0xff;
			n++;
		}
	}
	/* RFC 4648 3.5: one value, one spelling: no stray bits at the end */
	if (acc & ((1U << bits) - 1))
		return -EINVAL;
	return bytes > max ? -ENOSPC : (int)bytes;
}

int iscsip_binary(const char *text, u32 len, u8 *out, u32 max)
{
	if (is_hex_constant(text, len))
		return hex_bytes(text + 2, len - 2, out, max);
	if (is_base64_constant(text, len))
		return base64_bytes(text + 2, len - 2, out, max);
	return -EINVAL;
}

/* ---- response text ------------------------------------------------------ */

void iscsip_out_init(struct iscsip_out *out, void *buf, u32 size)
{
	out->buf = buf;
	out->len = 0;
	out->size = size;
	out->full = false;
}

/* The place of a value of @value_len bytes, or NULL when the pair does not fit */
static char *out_key(struct iscsip_out *out, const char *key, u32 key_len,
		     u32 value_len)
{
	u32 left = out->size - out->len;
	char *p = out->buf + out->len;

	/* one by one: a sum of the two might wrap */
	if (key_len >= left || value_len >= left || left - key_len < value_len ||
	    left - key_len - value_len < 2) {
		out->full = true;
		return NULL;
	}
	memcpy(p, key, key_len);
	p[key_len] = '=';
	p[key_len + 1 + value_len] = 0;
	out->len += key_len + value_len + 2;
	return p + key_len + 1;
}

void iscsip_out_pair_n(struct iscsip_out *out, const char *key, u32 key_len,
		       const char *value, u32 value_len)
{
	char *p = out_key(out, key, key_len, value_len);

	if (p)
		memcpy(p, value, value_len);
}

void iscsip_out_pair(struct iscsip_out *out, const char *key, const char *value)
{
	iscsip_out_pair_n(out, key, strlen(key), value, strlen(value));
}

/* By subtraction: a 32-bit kernel has no division of 64 bits. */
static char next_digit(u64 *number, u64 power)
{
	char digit = '0';

	while (*number >= power) {
		*number -= power;
		digit++;
	}
	return digit;
}

void iscsip_out_number(struct iscsip_out *out, const char *key, u64 number)
{
	static const u64 powers[] = {
		10000000000000000000ULL, 1000000000000000000ULL,
		100000000000000000ULL, 10000000000000000ULL,
		1000000000000000ULL, 100000000000000ULL, 10000000000000ULL,
		1000000000000ULL, 100000000000ULL, 10000000000ULL,
		1000000000ULL, 100000000ULL, 10000000ULL, 1000000ULL,
		100000ULL, 10000ULL, 1000ULL, 100ULL, 10ULL, 1ULL,
	};
	char digits[ARRAY_SIZE(powers)];
	u32 n = 0, i = 0;

	while (i < ARRAY_SIZE(powers) - 1 && number < powers[i])
		i++;
	do
		digits[n++] = next_digit(&number, powers[i++]);
	while (i < ARRAY_SIZE(powers));
	iscsip_out_pair_n(out, key, strlen(key), digits, n);
}

void iscsip_out_hex(struct iscsip_out *out, const char *key, const u8 *bytes,
		    u32 len)
{
	static const char digits[] = "0123456789abcdef";
	char *p;
	u32 i;

	if (len >= out->size) {
		out->full = true;
		return;
	}
	p = out_key(out, key, strlen(key), 2 + 2 * len);
	if (!p)
		return;
	*p++ = '0';
	*p++ = 'x';
	for (i = 0; i < len; i++) {
		*p++ = digits[bytes[i] >> 4];
		*p++ = digits[bytes[i] & 15];
	}
}

/* ---- UTF-8 and names ---------------------------------------------------- */

u32 iscsip_utf8_len(const u8 *s, u32 len)
{
	static const u32 smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	u32 n, i, code;

	if (!len)
		return 0;
	if (s[0] < 0x80)
		return 1;
	n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || n > len)
		return 0;
	code = s[0] & (0x7f >> n);
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < smallest[n] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return n;
}

/* C0, DEL and the C1 controls in their UTF-8 form */
static bool is_control(const u8 *s, u32 n)
{
	return s[0] < 0x20 || s[0] == 0x7f || (n == 2 && s[0] == 0xc2 && s[1] < 0xa0);
}

void iscsip_printable(const char *s, u32 len, char *out)
{
	u32 i = 0, n;

	while (i < len) {
		n = iscsip_utf8_len((const u8 *)s + i, len - i);
		if (!n || is_control((const u8 *)s + i, n)) {
			memset(out + i, '?', n ? n : 1);
			i += n ? n : 1;
			continue;
		}
		memcpy(out + i, s + i, n);
		i += n;
	}
	out[len] = 0;
}

/*
 * RFC 3722 has letters, digits and "-.:" only, but there are hosts with an underscore in
 * their name, and who has been served with it shall go on so. No directory has a slash, and
 * in a TransportID a comma ends the name.
 */
static bool is_name_char(char c)
{
	return c > ' ' && c < 0x7f && c != '/' && c != ',';
}

static bool all_hex(const char *s, u32 len)
{
	u32 i;

	for (i = 0; i < len; i++)
		if (hex_digit(s[i]) < 0)
			return false;
	return true;
}

static bool is_name_type(const char *name, u32 len)
{
	u32 rest = len - 4;

	if (len < 5)
		return false;
	if (!memcmp(name, "iqn.", 4))
		return true;
	if (!memcmp(name, "eui.", 4))
		return rest == 16 && all_hex(name + 4, rest);
	if (!memcmp(name, "naa.", 4))
		return (rest == 16 || rest == 32) && all_hex(name + 4, rest);
	return false;
}

int iscsip_name_normalize(const char *name, u32 len, char *out)
{
	const u8 *s = (const u8 *)name;
	u32 i = 0, n;

	out[0] = 0;
	if (!len || len > ISCSIP_NAME_MAX)
		return -EINVAL;
	while (i < len) {
		n = iscsip_utf8_len(s + i, len - i);
		if (!n || is_control(s + i, n) || (n == 1 && !is_name_char(name[i])))
			goto bad;
		memcpy(out + i, name + i, n);
		if (is_upper(name[i]))
			out[i] += 'a' - 'A';
		i += n;
	}
	if (!is_name_type(out, len))
		goto bad;
	out[len] = 0;
	return 0;
bad:
	out[0] = 0;
	return -EINVAL;
}
