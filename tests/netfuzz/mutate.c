// SPDX-License-Identifier: GPL-2.0
/*
 * What may happen to a valid PDU on its way out.
 */
#include "netfuzz.h"

/* SCSI commands whose effects would outlive the session and disturb what follows */
static bool lasting(uint8_t op)
{
	return op == 0x5f || op == 0x16 || op == 0x56;
}

static uint32_t word(struct peer *p)
{
	static const uint32_t values[] = {
		0, 1, 2, 3, 4, 8, 511, 512, 513, 4095, 4096, 8192, 65535, 65536, 0x7fffffff,
		0x80000000, 0xfffffffe, 0xffffffff, 0xfffffe00, 0x01000000, 0x00ffffff,
	};

	switch (rng_below(p->rng, 8)) {
	case 0:
		return rng_next(p->rng);
	case 1:
		return p->cmdsn + rng_below(p->rng, 9) - 4;
	case 2:
		return p->itt - rng_below(p->rng, 8);
	case 3:
		return p->text_ttt;
	case 4:
		return p->nr2t ? p->r2t[0].ttt : p->statsn;
	default:
		return values[rng_below(p->rng, ARRAY_SIZE(values))];
	}
}

static void change_field(struct peer *p, struct wire *w)
{
	static const uint8_t at[] = { 8, 12, 16, 16, 20, 20, 24, 24, 28, 32, 36, 40, 44 };
	uint8_t *f = w->bhs + at[rng_below(p->rng, ARRAY_SIZE(at))];

	if (rng_one_in(p->rng, 3))
		put32(f, get32(f) + rng_below(p->rng, 9) - 4);
	else
		put32(f, word(p));
}

static void change_length(struct peer *p, struct wire *w)
{
	static const int32_t by[] = { -4, -1, 1, 3, 4, 48, 8192, 262144 };

	if (rng_one_in(p->rng, 4)) {
		w->lie_ahs = true;
		w->bhs[4] = rng_one_in(p->rng, 2) ? 1 + rng_below(p->rng, 3) : rng_next(p->rng);
		return;
	}
	w->lie_dsl = true;
	if (rng_one_in(p->rng, 4))
		put24(w->bhs + 5, rng_one_in(p->rng, 2) ? 0xffffff : rng_next(p->rng));
	else
		put24(w->bhs + 5, w->dlen + by[rng_below(p->rng, ARRAY_SIZE(by))]);
}

static void add_ahs(struct peer *p, struct wire *w)
{
	uint32_t most = rng_one_in(p->rng, 6) ? 900 : 60;
	uint32_t body = rng_one_in(p->rng, 3) ? 5 : 1 + rng_below(p->rng, most);
	uint32_t size = (3 + body + 3) & ~3u;
	uint8_t *a = w->ahs + w->ahs_len;

	if (w->ahs_len + size > sizeof(w->ahs))
		return;
	for (uint32_t i = 0; i < size; i++)
		a[i] = rng_one_in(p->rng, 2) ? rng_next(p->rng) : 0;
	put16(a, rng_one_in(p->rng, 6) ? rng_next(p->rng) : body);
	a[2] = rng_one_in(p->rng, 6) ? rng_next(p->rng) : 1 + (body == 5);
	w->ahs_len += size;
	if (rng_one_in(p->rng, 2))
		w->bhs[1] |= 0x60;
}

static void change_text(struct peer *p, struct wire *w)
{
	static const char *const words[] = {
		"MaxRecvDataSegmentLength=512", "MaxBurstLength=16777215", "=", "\x01", "A=B",
		"FirstBurstLength=512", "SendTargets=", "SendTargets=All", "HeaderDigest=None",
		"AuthMethod=CHAP", "CHAP_A=5", "CHAP_N=raw-user", "CHAP_R=0x00", "TargetName=",
		"DataPDUInOrder=No", "ErrorRecoveryLevel=2", "MaxConnections=8", "X-a.b=c",
		"CHAP_I=1", "CHAP_C=0b////", "MaxOutstandingR2T=65535", "InitialR2T=No",
		"ImmediateData=No", "InitiatorAlias=a", "TaskReporting=RFC3720",
	};
	const char *s = words[rng_below(p->rng, ARRAY_SIZE(words))];
	uint32_t len = strlen(s) + 1, at;

	if (w->dlen + len > 8000)
		return;
	at = rng_below(p->rng, w->dlen + 1);
	/* mostly between two pairs */
	while (!rng_one_in(p->rng, 8) && at && w->data[at - 1])
		at--;
	memmove(w->data + at + len, w->data + at, w->dlen - at);
	memcpy(w->data + at, s, len);
	w->dlen += len;
}

static void change_data(struct peer *p, struct wire *w)
{
	uint8_t op = w->bhs[0] & 0x3f;
	uint32_t n;

	if ((op == OP_LOGIN_REQ || op == OP_TEXT_REQ) && !rng_one_in(p->rng, 3)) {
		change_text(p, w);
		return;
	}
	switch (rng_below(p->rng, 3)) {
	case 0:
		w->dlen = rng_below(p->rng, w->dlen + 1);
		break;
	case 1:
		n = rng_one_in(p->rng, 4) ? DATA_MAX - w->dlen : rng_below(p->rng, 600);
		if (w->dlen + n <= DATA_MAX) {
			memset(w->data + w->dlen, 0x5a, n);
			w->dlen += n;
		}
		break;
	default:
		for (n = 1 + rng_below(p->rng, 4); n-- && w->dlen;)
			w->data[rng_below(p->rng, w->dlen)] = rng_next(p->rng);
	}
}

static void change(struct peer *p, struct wire *w)
{
	struct rng *r = p->rng;

	switch (rng_below(r, 14)) {
	case 0:
		w->bhs[rng_below(r, 2)] ^= 1u << rng_below(r, 8);
		break;
	case 1:
		w->bhs[0] = (w->bhs[0] & OP_IMM) | (rng_one_in(r, 4) ? rng_next(r) & 0x3f :
						    rng_below(r, 7));
		break;
	case 2:
		change_length(p, w);
		break;
	case 3:
		add_ahs(p, w);
		break;
	case 4:
	case 5:
		change_data(p, w);
		break;
	case 6:
		w->bad_hdgst = rng_one_in(r, 3);
		w->bad_ddgst = !w->bad_hdgst;
		break;
	case 7:
		w->dirty_pad = true;
		w->bhs[rng_below(r, 48)] = rng_next(r);
		break;
	case 8:
		w->bhs[32 + rng_below(r, 16)] = rng_next(r);
		break;
	default:
		change_field(p, w);
	}
	if ((w->bhs[0] & 0x3f) == OP_SCSI_CMD && lasting(w->bhs[32]))
		w->bhs[32] = 0;
}

static void garbage(struct peer *p)
{
	uint8_t b[256];
	uint32_t n = 1 + rng_below(p->rng, sizeof(b));

	for (uint32_t i = 0; i < n; i++)
		b[i] = rng_next(p->rng);
	peer_bytes(p, b, n);
}

static void flush_held(struct peer *p)
{
	struct wire *w = p->held;

	p->held = NULL;
	if (w)
		peer_send(p, w);
	free(w);
}

/* Whole PDUs: twice, not at all, later, or less than all of it. */
static void misplace(struct peer *p, struct wire *w)
{
	struct rng *r = p->rng;

	switch (rng_below(r, 8)) {
	case 0:
	case 1:
		peer_send(p, w);
		peer_send(p, w);
		break;
	case 2:
		break;
	case 3:
		garbage(p);
		break;
	case 4:
		peer_bytes(p, w->bhs, 1 + rng_below(r, 48));
		peer_pump(p, 10, false);
		peer_close(p, rng_one_in(r, 2));
		break;
	default:
		if (p->held) {
			peer_send(p, w);
			break;
		}
		p->held = malloc(sizeof(*w));
		memcpy(p->held, w, sizeof(*w));
	}
}

void mutate_send(struct peer *p, struct wire *w, uint32_t one_in)
{
	bool late = p->held;

	if (p->gone)
		return;
	if (!rng_one_in(p->rng, one_in)) {
		peer_send(p, w);
	} else {
		tally->changed++;
		if (rng_one_in(p->rng, 5)) {
			misplace(p, w);
		} else {
			do
				change(p, w);
			while (rng_one_in(p->rng, 3));
			peer_send(p, w);
		}
	}
	if (late && !p->gone)
		flush_held(p);
}
