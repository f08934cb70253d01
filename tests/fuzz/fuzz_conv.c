// SPDX-License-Identifier: GPL-2.0
/*
 * Whole connections: two bytes of offer, one of options, then PDUs as they are on the
 * wire, less their digests (conv.h tells how one is wrong). The mutator knows where a
 * PDU ends and what its fields are; half of the time it leaves the work to libFuzzer.
 */
#include "conv.h"

#define HEAD		3
#define PDUS_MAX	64

size_t LLVMFuzzerMutate(u8 *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max_size, unsigned int seed);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct conv *c = malloc(sizeof(*c));

	conv_init(c, data, size);
	while (conv_pdu(c))
		;
	conv_end(c);
	free(c);
	return 0;
}

/* ---- the mutator -------------------------------------------------------- */

static u32 rnd_state;

static u32 rnd(u32 below)
{
	rnd_state = rnd_state * 1664525u + 1013904223u;
	return below ? (rnd_state >> 8) % below : 0;
}

struct template {
	u8 op, flags;
	u32 itt, w20, cmdsn, w36, w40;
	u8 cdb;
	u32 zeros;		/* bytes of data without text */
	const char *text;	/* newlines for nulls */
};

#define NAMES	"InitiatorName=iqn.2003-01.org.example:ini\n" \
		"TargetName=iqn.2003-01.org.example:disk\nSessionType=Normal\n"
#define OPER	"HeaderDigest=CRC32C,None\nDataDigest=CRC32C,None\nMaxRecvDataSegmentLength=" \
		"4096\nMaxBurstLength=8192\nFirstBurstLength=4096\nInitialR2T=No\n" \
		"ImmediateData=Yes\nMaxOutstandingR2T=8\nErrorRecoveryLevel=0\n"

static const struct template templates[] = {
	{ 0x43, 0x87, 1, 0, 5, 0, 0, 0, 0, NAMES OPER },
	{ 0x43, 0x87, 1, 0, 5, 0, 0, 0, 0, NAMES "MaxRecvDataSegmentLength=512\n" },
	{ 0x43, 0x87, 1, 0, 5, 0, 0, 0, 0,
	  "InitiatorName=iqn.2003-01.org.example:ini\nSessionType=Discovery\n" },
	{ 0x43, 0x81, 1, 0, 5, 0, 0, 0, 0, NAMES "AuthMethod=None\n" },
	{ 0x43, 0x00, 1, 0, 5, 0, 0, 0, 0, NAMES "AuthMethod=CHAP,None\n" },
	{ 0x43, 0x00, 1, 0, 5, 0, 0, 0, 0, "CHAP_A=7,5\n" },
	{ 0x43, 0x81, 1, 0, 5, 0, 0, 0, 0, "CHAP_N=user\nCHAP_R=0x\001\n" },
	{ 0x43, 0x81, 1, 0, 5, 0, 0, 0, 0,
	  "CHAP_N=user\nCHAP_R=0x\001\nCHAP_I=7\nCHAP_C=0x0123456789abcdef\n" },
	{ 0x43, 0x87, 1, 0, 5, 0, 0, 0, 0, OPER },
	{ 0x43, 0x47, 1, 0, 5, 0, 0, 0, 0, "TaskReporting=RFC3720\nX-org.exa" },
	{ 0x01, 0xc1, 16, 4096, RIGHT, 0, 0, 0x28, 0, NULL },
	{ 0x01, 0xc1, 17, 60000, RIGHT_AND_1, 0, 0, 0x28, 0, NULL },
	{ 0x41, 0x81, 18, 0, RIGHT, 0, 0, 0x00, 0, NULL },
	{ 0x01, 0xa1, 19, 512, RIGHT, 0, 0, 0x2a, 512, NULL },
	{ 0x01, 0xa1, 20, 40000, RIGHT, 0, 0, 0x2a, 0, NULL },
	{ 0x01, 0x21, 20, 12288, RIGHT_AND_1, 0, 0, 0x2a, 0, NULL },
	{ 0x05, 0x80, 20, RIGHT, 0, RIGHT, RIGHT, 0, 4096, NULL },
	{ 0x05, 0x00, 20, RIGHT, 0, RIGHT, RIGHT, 0, 512, NULL },
	{ 0x05, 0x00, 19, RIGHT, 0, RIGHT, RIGHT, 0, 256, NULL },
	{ 0x01, 0xc1, 21, 1000, RIGHT, 0, 0, 0xff, 0, NULL },
	{ 0x42, 0x81, 22, 21, RIGHT, 0, 0, 0, 0, NULL },
	{ 0x02, 0x85, 23, 0, RIGHT, 0, 0, 0, 0, NULL },
	{ 0x40, 0x80, 24, ISCSIP_TAG_RESERVED, RIGHT, 0, 0, 0, 100, NULL },
	{ 0x00, 0x80, 25, ISCSIP_TAG_RESERVED, RIGHT_AND_1, 0, 0, 0, 0, NULL },
	{ 0x04, 0x80, 26, ISCSIP_TAG_RESERVED, RIGHT, 0, 0, 0, 0, "SendTargets=All\n" },
	{ 0x44, 0x80, 26, RIGHT, RIGHT, 0, 0, 0, 0, NULL },
	{ 0x44, 0x40, 27, ISCSIP_TAG_RESERVED, RIGHT, 0, 0, 0, 0, "MaxRecvDataSegment" },
	{ 0x44, 0x80, 27, RIGHT, RIGHT, 0, 0, 0, 0, "Length=512\n" },
	{ 0x06, 0x80, 28, 0, RIGHT, 0, 0, 0, 0, NULL },
	{ 0x46, 0x81, 29, 0, RIGHT, 0, 0, 0, 0, NULL },
	{ 0x10, 0x80, 20, 0, 0, 0, 0, 0, 0, NULL },
};

static size_t padded(u32 len)
{
	return len + iscsip_pad(len);
}

static size_t build(u8 *to, size_t room)
{
	const struct template *t = &templates[rnd(ARRAY_SIZE(templates))];
	u32 len = t->text ? strlen(t->text) : t->zeros, i;

	if (room < ISCSIP_BHS_LEN + padded(len))
		return 0;
	memset(to, 0, ISCSIP_BHS_LEN + padded(len));
	to[0] = t->op;
	to[1] = t->flags;
	to[2] = (t->op & 0x3f) == ISCSIP_OP_DATA_OUT;
	iscsip_put24(to + 5, len);
	iscsip_put32(to + 16, t->itt);
	iscsip_put32(to + 20, t->w20);
	iscsip_put32(to + 24, t->cmdsn);
	iscsip_put32(to + 36, t->w36);
	iscsip_put32(to + 40, t->w40);
	if ((t->op & 0x3f) == ISCSIP_OP_SCSI_CMD)
		to[32] = t->cdb;
	for (i = 0; t->text && i < len; i++)
		to[ISCSIP_BHS_LEN + i] = t->text[i] == '\n' ? 0 : t->text[i];
	return ISCSIP_BHS_LEN + padded(len);
}

static u32 split(const u8 *data, size_t size, size_t *at)
{
	size_t pos = HEAD, len;
	u32 n = 0, dsl;
	u16 ahs;

	while (n < PDUS_MAX && size - pos >= ISCSIP_BHS_LEN) {
		iscsip_bhs_lengths(data + pos, &ahs, &dsl);
		len = ISCSIP_BHS_LEN + ahs + padded(dsl);
		if (len > size - pos)
			break;
		at[n++] = pos;
		pos += len;
	}
	at[n] = pos;
	return n;
}

/* Makes @old bytes at @pos into @new; the tail moves. Return: the new size, 0 if none */
static size_t resize(u8 *data, size_t size, size_t max, size_t pos, size_t old, size_t new)
{
	if (size - old + new > max)
		return 0;
	memmove(data + pos + new, data + pos + old, size - pos - old);
	return size - old + new;
}

static size_t insert(u8 *data, size_t size, size_t max, size_t pos, const u8 *pdu, size_t len)
{
	size_t now = len ? resize(data, size, max, pos, 0, len) : 0;

	if (now)
		memcpy(data + pos, pdu, len);
	return now;
}

static void change_field(u8 *bhs)
{
	static const u8 words[] = { 16, 16, 20, 20, 24, 24, 28, 32, 36, 40, 44 };
	static const u32 values[] = {
		RIGHT, RIGHT, RIGHT_AND_1, RIGHT_AND_2, ISCSIP_TAG_RESERVED, 0, 1, 2, 512, 4096,
		0x7fffffff, 0x80000000, 16, 19, 20, 21, 26,
	};
	u8 *p = bhs + words[rnd(ARRAY_SIZE(words))];

	switch (rnd(6)) {
	case 0:
		bhs[0] ^= 1u << rnd(8);
		break;
	case 1:
		bhs[1] ^= 1u << rnd(8);
		break;
	case 2:
		bhs[rnd(ISCSIP_BHS_LEN)] = rnd(256);
		break;
	case 3:
		iscsip_put32(p, iscsip_get32(p) + rnd(9) - 4);
		break;
	case 4:
		bhs[3] ^= BAD_DDGST;
		break;
	default:
		iscsip_put32(p, values[rnd(ARRAY_SIZE(values))]);
	}
}

/* libFuzzer's own mutations on the data alone; the header follows */
static size_t change_data(u8 *data, size_t size, size_t max, size_t pos)
{
	u8 tmp[2048];
	size_t now, at;
	u32 dsl;
	u16 ahs;

	iscsip_bhs_lengths(data + pos, &ahs, &dsl);
	if (dsl > sizeof(tmp))
		return 0;
	at = pos + ISCSIP_BHS_LEN + ahs;
	memset(tmp, 0, sizeof(tmp));
	memcpy(tmp, data + at, dsl);
	now = LLVMFuzzerMutate(tmp, dsl, sizeof(tmp));
	memset(tmp + now, 0, sizeof(tmp) - now);
	size = resize(data, size, max, at, padded(dsl), padded(now));
	if (!size)
		return 0;
	memcpy(data + at, tmp, padded(now));
	iscsip_put24(data + pos + 5, now);
	return size;
}

static size_t add_ahs(u8 *data, size_t size, size_t max, size_t pos)
{
	static const u8 bidi[] = { 0, 5, 2, 0, 0, 0, 2, 0 };
	u8 seg[64] = { 0 };
	u32 body = 1 + rnd(40), len = padded(3 + body);

	if (data[pos + 4] + len / 4 > 255)
		return 0;
	if (rnd(2)) {
		memcpy(seg, bidi, sizeof(bidi));
		len = sizeof(bidi);
		data[pos + 1] |= 0x60;
	} else {
		seg[1] = body;
		seg[2] = rnd(8) ? 1 : rnd(64);
	}
	if (!rnd(8))
		seg[rnd(3)] ^= 1u << rnd(8);
	size = insert(data, size, max, pos + ISCSIP_BHS_LEN + 4 * data[pos + 4], seg, len);
	if (size)
		data[pos + 4] += len / 4;
	return size;
}

static size_t change(u8 *data, size_t size, size_t max, const size_t *at, u32 n)
{
	u32 i = rnd(n), j = rnd(n + 1);
	size_t len = at[i + 1] - at[i], now;
	u8 *pdu;

	switch (rnd(8)) {
	case 0:
		return resize(data, size, max, at[i], len, 0);
	case 1:
		pdu = copy_of(data + at[i], len);
		now = insert(data, size, max, at[j], pdu, len);
		free(pdu);
		return now;
	case 2:
	case 3:
		return change_data(data, size, max, at[i]);
	case 4:
		return add_ahs(data, size, max, at[i]);
	default:
		change_field(data + at[i]);
		return size;
	}
}

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max_size, unsigned int seed)
{
	size_t at[PDUS_MAX + 1], now;
	u8 pdu[1024];
	u32 n;

	rnd_state = seed;
	if (size < HEAD) {
		memset(data, 0, iscsip_min(HEAD, max_size));
		size = iscsip_min(HEAD, max_size);
	}
	if (size < HEAD || !rnd(3))
		return LLVMFuzzerMutate(data, size, max_size);
	n = split(data, size, at);
	if (!rnd(20))
		data[rnd(HEAD)] ^= 1u << rnd(8);
	if (!n || !rnd(4))
		now = insert(data, size, max_size, at[rnd(2) ? n : rnd(n + 1)], pdu,
			     build(pdu, sizeof(pdu)));
	else
		now = change(data, size, max_size, at, n);
	return now ? now : LLVMFuzzerMutate(data, size, max_size);
}
