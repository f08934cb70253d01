// SPDX-License-Identifier: GPL-2.0
#include "unit.h"

/* ---- pairs ---------------------------------------------------------------------- */

#define S10	"0123456789"
#define KEY60	"Kabcdefghi" S10 S10 S10 S10 S10

/* Newlines stand for nulls; @want lists the pairs as key|value; NULL: refused. */
static const struct pairs {
	const char *name, *text, *want;
} pairs[] = {
	{ "6.1 one pair is read", "A=b\n", "A|b;" },
	{ "6.1 two pairs are read", "A=b\nC=d\n", "A|b;C|d;" },
	{ "6.1 an empty text has no pair", "", "" },
	{ "6.1 nulls between pairs are passed over", "\n\nA=b\n\n\nC=d\n\n", "A|b;C|d;" },
	{ "6.1 nulls alone are no pair", "\n\n\n", "" },
	{ "6.1 a value may be empty", "A=\n", "A|;" },
	{ "6.1 a value may have further equal signs", "A=b=c=\n", "A|b=c=;" },
	{ "6.1 a pair without its null is refused", "A=b\nC=d", NULL },
	{ "6.1 a pair without an equal sign is refused", "Abc\n", NULL },
	{ "6.1 a pair without a key is refused", "=b\n", NULL },
	{ "6.1 an equal sign alone is refused", "=\n", NULL },
	{ "6.1 all characters of a standard-label are taken", "Az09.-+@_=1\n",
	  "Az09.-+@_|1;" },
	{ "13.26 the # of X#NodeArchitecture is taken", "X#Node=1\n", "X#Node|1;" },
	{ "13.24 a small first letter is taken", "iSCSIProtocolLevel=1\n",
	  "iSCSIProtocolLevel|1;" },
	{ "6.1 a key that begins with a digit is refused", "1A=1\n", NULL },
	{ "6.1 a key with a space is refused", "A B=1\n", NULL },
	{ "6.1 a key with a comma is refused", "A,B=1\n", NULL },
	{ "6.1 a key beyond ASCII is refused", "A\xc3\xa4=1\n", NULL },
	{ "6.1 a key of 63 bytes is taken", KEY60 "abc=1\n", KEY60 "abc|1;" },
	{ "6.1 a key of 64 bytes is refused", KEY60 "abcd=1\n", NULL },
	{ "6.1 values keep their spaces", "A= b \n", "A| b ;" },
};

static void pair_table(void)
{
	struct iscsip_cursor c;
	struct iscsip_pair p;
	char got[512], *text;
	u32 i, len, n;
	int ret;

	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		text = wire_text(pairs[i].text, &len);
		iscsip_cursor_init(&c, text, len);
		got[0] = 0;
		n = 0;
		while ((ret = iscsip_next_pair(&c, &p)) > 0)
			n += sprintf(got + n, "%.*s|%.*s;", p.key_len, p.key,
				     p.value_len, p.value);
		case_good = true;
		CHECK(pairs[i].want ? !ret : ret == -EINVAL);
		if (pairs[i].want && strcmp(got, pairs[i].want)) {
			case_good = false;
			note("got %s", got);
		}
		ok(case_good, pairs[i].name);
		free(text);
	}
}

static int value_of(u32 value_len)
{
	struct iscsip_cursor c;
	struct iscsip_pair p;
	char *text = malloc(value_len + 3);
	int ret;

	memset(text, 'v', value_len + 3);
	text[1] = '=';
	text[0] = 'A';
	text[value_len + 2] = 0;
	iscsip_cursor_init(&c, text, value_len + 3);
	ret = iscsip_next_pair(&c, &p);
	if (ret > 0)
		CHECK_EQ(p.value_len, value_len);
	free(text);
	return ret;
}

static void compare(void)
{
	struct iscsip_pair p = { "Abc", "Yes", 3, 3 };

	CHECK(iscsip_pair_is(&p, "Abc"));
	CHECK(!iscsip_pair_is(&p, "Ab"));
	CHECK(!iscsip_pair_is(&p, "Abcd"));
	CHECK(!iscsip_pair_is(&p, "abc"));
	CHECK(iscsip_value_is(&p, "Yes"));
	CHECK(!iscsip_value_is(&p, "YES"));
	CHECK(!iscsip_value_is(&p, ""));
}

static void items(void)
{
	static const char text[] = "a,,bc,";
	static const char *const want[] = { "a", "", "bc", "" };
	struct iscsip_cursor c;
	struct iscsip_str item;
	u32 n = 0;

	iscsip_cursor_init(&c, text, strlen(text));
	while (iscsip_next_item(&c, &item)) {
		CHECK(n < 4 && iscsip_str_is(item, want[n]));
		n++;
	}
	CHECK_EQ(n, 4);
	iscsip_cursor_init(&c, text, 0);
	CHECK(iscsip_next_item(&c, &item) && !item.len);
	CHECK(!iscsip_next_item(&c, &item));
}

/* ---- numbers -------------------------------------------------------------------- */

static const struct number {
	const char *name, *text;
	int ret;
	u64 want;
} numbers[] = {
	{ "6.1 0 is a number", "0", 0, 0 },
	{ "6.1 a decimal number is read", "8192", 0, 8192 },
	{ "6.1 the largest decimal number is read", "18446744073709551615", 0, ~0ULL },
	{ "6.1 one more than the largest is out of range", "18446744073709551616",
	  -ERANGE, 0 },
	{ "6.1 ten times the largest is out of range", "184467440737095516150",
	  -ERANGE, 0 },
	{ "6.1 a long number is out of range", "99999999999999999999999999", -ERANGE, 0 },
	{ "6.1 a hex number is read", "0x1fF", 0, 0x1ff },
	{ "6.1 0X begins a hex number as well", "0X200", 0, 0x200 },
	{ "6.1 the largest hex number is read", "0xffffffffffffffff", 0, ~0ULL },
	{ "6.1 17 hex digits are out of range", "0x10000000000000000", -ERANGE, 0 },
	{ "6.1 leading zeros of a hex number do not count", "0x0000000000000000000001",
	  0, 1 },
	{ "6.1 an empty number is refused", "", -EINVAL, 0 },
	{ "6.1 a hex number without digits is refused", "0x", -EINVAL, 0 },
	{ "6.1 a decimal number does not begin with 0", "010", -EINVAL, 0 },
	{ "6.1 00 is no number", "00", -EINVAL, 0 },
	{ "6.1 a sign is refused", "-1", -EINVAL, 0 },
	{ "6.1 a plus sign is refused", "+1", -EINVAL, 0 },
	{ "6.1 a leading space is refused", " 1", -EINVAL, 0 },
	{ "6.1 trailing garbage is refused", "8192abc", -EINVAL, 0 },
	{ "6.1 trailing garbage is refused in a number out of range as well",
	  "99999999999999999999999999x", -EINVAL, 0 },
	{ "6.1 a bad hex digit is refused", "0x12g", -EINVAL, 0 },
	{ "6.1 a letter is no number", "x", -EINVAL, 0 },
	{ "6.1 a range is no number", "1~2", -EINVAL, 0 },
};

static void number_table(void)
{
	char *text;
	u32 i, len;
	u64 n;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		text = wire_text(numbers[i].text, &len);
		n = 0;
		CASE(numbers[i].name,
		     CHECK_EQ(-iscsip_number(text, len, &n), -numbers[i].ret);
		     CHECK_EQ(n, numbers[i].want));
		free(text);
	}
}

/* ---- binary values ---------------------------------------------------------------- */

static const struct binary {
	const char *name, *text;
	u32 max;
	int ret;
	const char *want;
} binaries[] = {
	{ "6.1 hex digits are bytes", "0x00ffA5", 3, 3, "\x00\xff\xa5" },
	{ "6.1 0X begins hex digits as well", "0Xab", 3, 1, "\xab" },
	{ "6.1 an odd number of hex digits has half a first byte", "0x123", 2, 2,
	  "\x01\x23" },
	{ "6.1 one hex digit is a byte", "0x7", 1, 1, "\x07" },
	{ "6.1 hex digits beyond the room are refused", "0x010203", 2, -ENOSPC, "" },
	{ "6.1 an odd digit beyond the room is refused", "0x12345", 2, -ENOSPC, "" },
	{ "6.1 hex without digits is refused", "0x", 2, -EINVAL, "" },
	{ "6.1 a bad hex digit is refused", "0x0g", 2, -EINVAL, "" },
	{ "RFC 4648: no padding", "0bTWFu", 3, 3, "Man" },
	{ "RFC 4648: one padding character", "0bTWE=", 3, 2, "Ma" },
	{ "RFC 4648: two padding characters", "0bTQ==", 3, 1, "M" },
	{ "RFC 4648: every sixth bit of + and /", "0B+/+/", 3, 3, "\xfb\xff\xbf" },
	{ "RFC 4648: digits and both cases", "0bZz09", 3, 3, "\x67\x3d\x3d" },
	{ "RFC 4648: more than one group", "0bTWFuTWFu", 6, 6, "ManMan" },
	{ "RFC 4648: beyond the room is refused", "0bTWFuTWFu", 5, -ENOSPC, "" },
	{ "6.1 what is no digit is that beyond the room, too", "0x0102g3", 2, -EINVAL, "" },
	{ "RFC 4648: what is no digit is that beyond the room, too", "0bTWFuTW!u", 3, -EINVAL, "" },
	{ "RFC 4648: padding makes it fit", "0bTWFuTQ==", 4, 4, "ManM" },
	{ "RFC 4648: a length that is no multiple of 4 is refused", "0bTWF", 9, -EINVAL,
	  "" },
	{ "RFC 4648: no digits are refused", "0b", 9, -EINVAL, "" },
	{ "RFC 4648: three padding characters are refused", "0bT===", 9, -EINVAL, "" },
	{ "RFC 4648: three padding characters are refused after zero bits too", "0bA===", 9,
	  -EINVAL, "" },
	{ "RFC 4648: padding amid the text is refused", "0bTQ==TWFu", 9, -EINVAL, "" },
	{ "RFC 4648: a foreign character is refused", "0bTW*u", 9, -EINVAL, "" },
	{ "RFC 4648: a space is refused", "0bTW u", 9, -EINVAL, "" },
	{ "RFC 4648: stray bits before the padding are refused", "0bTR==", 9, -EINVAL,
	  "" },
	{ "6.1 a decimal value is no binary value here", "1234", 9, -EINVAL, "" },
	{ "6.1 an empty binary value is refused", "", 9, -EINVAL, "" },
	{ "6.1 a binary value needs its prefix", "abcdef", 9, -EINVAL, "" },
};

static void binary_table(void)
{
	u32 i, len;
	char *text;
	u8 *out;
	int ret;

	for (i = 0; i < ARRAY_SIZE(binaries); i++) {
		const struct binary *t = &binaries[i];

		text = wire_text(t->text, &len);
		out = malloc(t->max);
		case_good = true;
		ret = iscsip_binary(text, len, out, t->max);
		CHECK_EQ((u32)ret, (u32)t->ret);
		if (ret > 0 && ret == t->ret)
			CHECK(!memcmp(out, t->want, ret));
		ok(case_good, t->name);
		free(text);
		free(out);
	}
}

/* ---- response text -------------------------------------------------------------------- */

static void out_pairs(void)
{
	char buf[64];
	struct iscsip_out out;

	iscsip_out_init(&out, buf, sizeof(buf));
	iscsip_out_pair(&out, "A", "b");
	iscsip_out_pair_n(&out, "Keyxx", 3, "valuexx", 5);
	iscsip_out_pair(&out, "E", "");
	CHECK(!out.full);
	CHECK(!strcmp(lines_of(buf, out.len), "A=b\nKey=value\nE=\n"));
}

static void out_exact(void)
{
	char *buf = malloc(6);
	struct iscsip_out out;

	iscsip_out_init(&out, buf, 6);
	iscsip_out_pair(&out, "Abc", "d");
	CHECK(!out.full);
	CHECK_EQ(out.len, 6);
	iscsip_out_pair(&out, "", "");
	CHECK(out.full);
	CHECK_EQ(out.len, 6);
	iscsip_out_init(&out, buf, 6);
	iscsip_out_pair(&out, "Abc", "de");
	CHECK(out.full);
	CHECK_EQ(out.len, 0);
	/* what fits may still follow, and the mark stays */
	iscsip_out_pair(&out, "A", "b");
	CHECK_EQ(out.len, 4);
	CHECK(out.full);
	iscsip_out_init(&out, buf, 6);
	iscsip_out_pair_n(&out, "A", 1, "b", U32_MAX);
	CHECK(out.full);
	iscsip_out_init(&out, buf, 6);
	iscsip_out_pair_n(&out, "A", U32_MAX - 1, "b", 4);
	CHECK(out.full);
	iscsip_out_init(&out, buf, 6);
	iscsip_out_hex(&out, "A", (const u8 *)"x", U32_MAX);
	CHECK(out.full);
	iscsip_out_init(&out, buf, 6);
	iscsip_out_hex(&out, "A", (const u8 *)"x", 1);
	CHECK(out.full);
	CHECK_EQ(out.len, 0);
	iscsip_out_init(&out, buf, 0);
	iscsip_out_number(&out, "A", 1);
	CHECK(out.full);
	free(buf);
}

static void out_numbers(void)
{
	static const u64 values[] = { 0, 1, 9, 10, 99, 100, 65536, 4294967296ULL,
		9999999999999999999ULL, 10000000000000000000ULL, ~0ULL };
	char buf[64], want[64];
	struct iscsip_out out;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		iscsip_out_init(&out, buf, sizeof(buf));
		iscsip_out_number(&out, "N", values[i]);
		sprintf(want, "N=%llu\n", values[i]);
		CHECK(!strcmp(lines_of(buf, out.len), want));
	}
}

static void out_hex(void)
{
	static const u8 bytes[] = { 0x00, 0x1f, 0xa0, 0xff };
	char buf[32];
	struct iscsip_out out;

	iscsip_out_init(&out, buf, sizeof(buf));
	iscsip_out_hex(&out, "H", bytes, sizeof(bytes));
	CHECK(!strcmp(lines_of(buf, out.len), "H=0x001fa0ff\n"));
}

/* ---- names ------------------------------------------------------------------------------ */

#define Q	"iqn.2003-01.org.example:"
#define X50	"12345678901234567890123456789012345678901234567890"
#define N223	Q X50 X50 X50 "1234567890123456789012345678901234567890123456789"

static const struct name {
	const char *name, *text, *want;
} names[] = {
	{ "4.2.7.4 an iqn. name is taken", Q "disk-1", Q "disk-1" },
	{ "4.2.7.2 ASCII capitals become small", "IQN.2003-01.ORG.Example:DISK",
	  "iqn.2003-01.org.example:disk" },
	{ "4.2.7.5 an eui. name of 16 digits is taken", "eui.02004567A425678D",
	  "eui.02004567a425678d" },
	{ "4.2.7.5 an eui. name of 15 digits is refused", "eui.02004567A425678", NULL },
	{ "4.2.7.5 an eui. name of 17 digits is refused", "eui.02004567A425678D1", NULL },
	{ "4.2.7.5 an eui. name with a letter too far is refused", "eui.02004567A425678G",
	  NULL },
	{ "4.2.7.6 an naa. name of 16 digits is taken", "naa.52004567BA64678D",
	  "naa.52004567ba64678d" },
	{ "4.2.7.6 an naa. name of 32 digits is taken",
	  "naa.62004567BA64678D0123456789ABCDEF", "naa.62004567ba64678d0123456789abcdef" },
	{ "4.2.7.6 an naa. name of 24 digits is refused", "naa.62004567BA64678D01234567",
	  NULL },
	{ "4.2.7.6 an naa. name with a colon is refused", "naa.5200456:BA64678D", NULL },
	{ "4.2.7.1 223 bytes are taken", N223, N223 },
	{ "4.2.7.1 224 bytes are refused", N223 "1", NULL },
	{ "4.2.7.3 another type is refused", "foo.2003-01.org.example", NULL },
	{ "4.2.7.3 a type alone is refused", "iqn.", NULL },
	{ "4.2.7.3 less than a type is refused", "iqn", NULL },
	{ "4.2.7.3 an empty name is refused", "", NULL },
	{ "RFC 3722 a space is refused", Q "a b", NULL },
	{ "RFC 3722 a slash is refused", Q "a/b", NULL },
	{ "what RFC 3722 prohibits but is in use is taken", Q "a_b#1+@(x)", Q "a_b#1+@(x)" },
	{ "RFC 3722 a comma is refused", Q "a,b", NULL },
	{ "RFC 3722 a tab is refused", Q "a\tb", NULL },
	{ "RFC 3722 a null is refused", Q "a\nb", NULL },
	{ "RFC 3722 DEL is refused", Q "a\x7f", NULL },
	{ "RFC 3722 a C1 control is refused", Q "a\xc2\x85", NULL },
	{ "4.2.7.2 two bytes of UTF-8 are kept", Q "\xc3\xa4", Q "\xc3\xa4" },
	{ "4.2.7.2 three bytes of UTF-8 are kept", Q "\xe6\x97\xa5", Q "\xe6\x97\xa5" },
	{ "4.2.7.2 four bytes of UTF-8 are kept", Q "\xf0\xa0\x80\x80",
	  Q "\xf0\xa0\x80\x80" },
	{ "4.2.7.2 the first character of two bytes beyond the controls is kept",
	  Q "\xc2\xa0", Q "\xc2\xa0" },
	{ "4.2.7.2 the first character of three bytes is kept", Q "\xe0\xa0\x80",
	  Q "\xe0\xa0\x80" },
	{ "4.2.7.2 the first character of four bytes is kept", Q "\xf0\x90\x80\x80",
	  Q "\xf0\x90\x80\x80" },
	{ "4.2.7.2 the last character of all is kept", Q "\xf4\x8f\xbf\xbf",
	  Q "\xf4\x8f\xbf\xbf" },
	{ "4.2.7.4 the shortest name is taken", "iqn.a", "iqn.a" },
	{ "RFC 3629 the last surrogate is refused", Q "\xed\xbf\xbf", NULL },
	{ "RFC 3629 a continuation byte alone is refused", Q "\x80", NULL },
	{ "RFC 3629 a sequence cut short is refused", Q "\xe6\x97", NULL },
	{ "RFC 3629 a sequence interrupted is refused", Q "\xe6\x97q", NULL },
	{ "RFC 3629 an overlong slash is refused", Q "\xc0\xaf", NULL },
	{ "RFC 3629 an overlong sequence of three is refused", Q "\xe0\x80\xaf", NULL },
	{ "RFC 3629 an overlong sequence of four is refused", Q "\xf0\x80\x80\xaf", NULL },
	{ "RFC 3629 a surrogate is refused", Q "\xed\xa0\x80", NULL },
	{ "RFC 3629 beyond U+10FFFF is refused", Q "\xf4\x90\x80\x80", NULL },
	{ "RFC 3629 a first byte of f5 is refused", Q "\xf5\x80\x80\x80", NULL },
	{ "RFC 3629 a byte of ff is refused", Q "\xff", NULL },
};

static void name_table(void)
{
	char *out = malloc(ISCSIP_NAME_MAX + 1), *text;
	u32 i, len;
	int ret;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		text = wire_text(names[i].text, &len);
		memset(out, 'x', ISCSIP_NAME_MAX + 1);
		case_good = true;
		ret = iscsip_name_normalize(text, len, out);
		if (names[i].want)
			CHECK(!ret && !strcmp(out, names[i].want));
		else
			CHECK(ret == -EINVAL && !out[0]);
		ok(case_good, names[i].name);
		free(text);
	}
	free(out);
}

static void printable(void)
{
	char out[32];

	iscsip_printable("a\nb\x7f\xc3\xa4\xff\xc2\x80z", 10, out);
	CHECK(!strcmp(out, "a?b?\xc3\xa4???z"));
	iscsip_printable("a b\x80", 4, out);
	CHECK(!strcmp(out, "a b?"));
	iscsip_printable("", 0, out);
	CHECK(!strcmp(out, ""));
	CHECK_EQ(iscsip_utf8_len((const u8 *)"", 0), 0);
}

static void unaligned(void)
{
	u8 b[16];
	u32 i;

	for (i = 0; i < 4; i++) {
		iscsip_put64(b + i, 0x0102030405060708ULL);
		CHECK_EQ(b[i], 1);
		CHECK_EQ(b[i + 7], 8);
		CHECK_EQ(iscsip_get64(b + i), 0x0102030405060708ULL);
		CHECK_EQ(iscsip_get32(b + i), 0x01020304);
		CHECK_EQ(iscsip_get24(b + i), 0x010203);
		CHECK_EQ(iscsip_get16(b + i), 0x0102);
	}
	memset(b, 0xff, sizeof(b));
	CHECK_EQ(iscsip_get32(b), U32_MAX);
	CHECK_EQ(iscsip_get64(b), ~0ULL);
}

int main(void)
{
	CASE("big-endian numbers are read and written at any alignment", unaligned());
	pair_table();
	CASE("6.1 a value of 8192 bytes is taken", CHECK_EQ(value_of(8192), 1));
	CASE("6.1 a value of 8193 bytes is refused", CHECK(value_of(8193) == -EINVAL));
	CASE("6.1 keys and values are compared whole and with their case", compare());
	CASE("6.2.1 a list is split at its commas, empty items too", items());
	number_table();
	binary_table();
	CASE("6.1 pairs are written with their nulls", out_pairs());
	CASE("a pair that does not fit is not written in part", out_exact());
	CASE("6.1 numbers are written in decimal", out_numbers());
	CASE("6.1 bytes are written in hex", out_hex());
	name_table();
	CASE("13.7 what could upset a log is replaced in an alias", printable());
	return done();
}
