// SPDX-License-Identifier: GPL-2.0
/*
 * One connection: bytes out, in pieces, and answers in, from which the right numbers
 * for the next request are learnt. Nothing here complains: after what was sent, the
 * target may answer whatever it likes.
 */
#include "netfuzz.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

bool peer_open(struct peer *p)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int one = 1;

	a.sin_port = htons(atoi(env.port));
	inet_pton(AF_INET, env.addr, &a.sin_addr);
	p->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (p->fd < 0 || connect(p->fd, (struct sockaddr *)&a, sizeof(a))) {
		p->gone = true;
		return false;
	}
	setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	fcntl(p->fd, F_SETFL, O_NONBLOCK);
	p->rx = malloc(RX_SIZE);
	return true;
}

void peer_close(struct peer *p, bool reset)
{
	struct linger l = { .l_onoff = 1 };

	if (p->fd >= 0) {
		if (reset)
			setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
		close(p->fd);
	}
	free(p->rx);
	free(p->held);
	p->fd = -1;
	p->rx = NULL;
	p->held = NULL;
	p->gone = true;
}

/* ---- answers ---- */

static void on_login(struct peer *p, const uint8_t *b, const uint8_t *data, uint32_t dlen)
{
	p->answered = true;
	p->status = get16(b + 36);
	p->answer_flags = b[1];
	if (dlen >= sizeof(p->text))
		dlen = sizeof(p->text) - 1;
	memcpy(p->text, data, dlen);
	p->text[dlen] = 0;
	for (uint32_t i = 0; i < dlen; i++)
		if (!p->text[i])
			p->text[i] = '\n';
	if (strstr(p->text, "HeaderDigest=CRC32C"))
		p->hdgst = true;
	if (strstr(p->text, "DataDigest=CRC32C"))
		p->ddgst = true;
	if (!p->status && (b[1] & 0x83) == 0x83) {
		p->full = true;
		p->tsih = get16(b + 14);
		tally->logins++;
		if (p->hdgst || p->ddgst)
			tally->digests++;
	}
}

static void task_done(struct peer *p, uint32_t itt, uint8_t status)
{
	tally->commands += !status;
	for (unsigned int i = 0; i < p->ntasks; i++)
		if (p->task[i].itt == itt)
			p->task[i--] = p->task[--p->ntasks];
}

static void on_pdu(struct peer *p, const uint8_t *b, const uint8_t *data, uint32_t dlen)
{
	uint8_t op = b[0] & 0x3f;
	struct r2t *r;

	p->replies++;
	tally->replies++;
	if (op != OP_R2T && (op != OP_DATA_IN || b[1] & 1))
		p->statsn = get32(b + 24) + 1;
	switch (op) {
	case OP_LOGIN_RSP:
		on_login(p, b, data, dlen);
		break;
	case OP_R2T:
		if (p->nr2t == R2TS)
			break;
		r = &p->r2t[p->nr2t++];
		r->itt = get32(b + 16);
		r->ttt = get32(b + 20);
		r->off = get32(b + 40);
		r->len = get32(b + 44);
		break;
	case OP_TEXT_RSP:
		p->text_itt = get32(b + 16);
		p->text_ttt = get32(b + 20);
		break;
	case OP_REJECT:
		tally->rejects++;
		break;
	case OP_SCSI_RSP:
		task_done(p, get32(b + 16), b[3]);
		break;
	case OP_DATA_IN:
		if (b[1] & 1)
			task_done(p, get32(b + 16), b[3]);
		break;
	}
}

/* One PDU off the front of what was received. Return: its length, 0 if it is not all here */
static size_t parse(struct peer *p, const uint8_t *b, size_t len)
{
	bool hdgst = p->full && p->hdgst, ddgst = p->full && p->ddgst;
	size_t n = 48, at;
	uint32_t dlen;

	if (len < n)
		return 0;
	dlen = get24(b + 5);
	n += b[4] * 4 + (hdgst ? 4 : 0);
	at = n;
	n += (dlen + 3) & ~3u;
	n += ddgst && dlen ? 4 : 0;
	if (n > RX_SIZE / 2) {
		p->gone = true;
		return 0;
	}
	if (len < n)
		return 0;
	on_pdu(p, b, b + at, dlen);
	return n;
}

static void receive(struct peer *p)
{
	size_t pos = 0, n;
	ssize_t ret;

	ret = read(p->fd, p->rx + p->rx_len, RX_SIZE - p->rx_len);
	if (ret == 0 || (ret < 0 && errno != EAGAIN)) {
		p->gone = true;
		return;
	}
	if (ret < 0)
		return;
	p->rx_len += ret;
	while (!p->gone && (n = parse(p, p->rx + pos, p->rx_len - pos)))
		pos += n;
	memmove(p->rx, p->rx + pos, p->rx_len - pos);
	p->rx_len -= pos;
}

void peer_pump(struct peer *p, int ms, bool one)
{
	struct pollfd pfd = { .fd = p->fd, .events = POLLIN };
	unsigned int before = p->replies;
	int64_t end = tap_now() + ms;

	while (!p->gone && !p->deaf) {
		int64_t left = end - tap_now();

		if (poll(&pfd, 1, left > 0 ? left : 0) <= 0)
			return;
		receive(p);
		if ((one && p->replies != before) || tap_now() >= end)
			return;
	}
}

/* ---- requests ---- */

void wire_head(struct peer *p, struct wire *w, uint8_t op, uint8_t flags, bool cmdsn)
{
	memset(w->bhs, 0, sizeof(w->bhs));
	w->bhs[0] = op;
	w->bhs[1] = flags;
	put32(w->bhs + 16, p->itt++);
	if (cmdsn) {
		put32(w->bhs + 24, p->cmdsn);
		if (!(op & OP_IMM))
			p->cmdsn++;
	}
	put32(w->bhs + 28, p->statsn);
	w->ahs_len = 0;
	w->dlen = 0;
	w->lie_ahs = false;
	w->lie_dsl = false;
	w->bad_hdgst = false;
	w->bad_ddgst = false;
	w->dirty_pad = false;
}

/* A target that takes nothing for a second has lost this one. */
static void write_all(struct peer *p, const uint8_t *b, size_t len)
{
	struct pollfd pfd = { .fd = p->fd, .events = POLLOUT };
	int64_t end = tap_now() + 1000;

	while (len && !p->gone) {
		ssize_t n = send(p->fd, b, len, MSG_NOSIGNAL);

		if (n > 0) {
			b += n;
			len -= n;
			continue;
		}
		if (n < 0 && errno != EAGAIN)
			p->gone = true;
		if (tap_now() > end)
			p->gone = true;
		/* what it wants to say may have to go first */
		peer_pump(p, 0, false);
		poll(&pfd, 1, 20);
	}
}

void peer_bytes(struct peer *p, const uint8_t *b, size_t len)
{
	struct rng *r = p->rng;
	uint32_t cuts = rng_one_in(r, 4) ? 1 + rng_below(r, 4) : 0;

	while (cuts-- && len > 1 && !p->gone) {
		size_t n = rng_one_in(r, 2) ? 1 + rng_below(r, 60) : 1 + rng_below(r, len);

		if (n >= len)
			break;
		write_all(p, b, n);
		b += n;
		len -= n;
		if (rng_one_in(r, 2))
			usleep(rng_below(r, 3000));
	}
	write_all(p, b, len);
}

static size_t digest(uint8_t *b, size_t n, uint32_t crc, bool bad)
{
	if (bad)
		crc ^= 1;
	for (int i = 0; i < 4; i++)
		b[n++] = crc >> 8 * i;
	return n;
}

void peer_send(struct peer *p, const struct wire *w)
{
	static uint8_t b[sizeof(struct wire) + 64];
	size_t n = 48 + w->ahs_len, at, pad = -w->dlen & 3;

	memcpy(b, w->bhs, 48);
	if (!w->lie_ahs)
		b[4] = w->ahs_len / 4;
	if (!w->lie_dsl)
		put24(b + 5, w->dlen);
	memcpy(b + 48, w->ahs, w->ahs_len);
	if (p->full && p->hdgst)
		n = digest(b, n, crc32c(0, b, n), w->bad_hdgst);
	at = n;
	memcpy(b + n, w->data, w->dlen);
	memset(b + n + w->dlen, w->dirty_pad ? 0xff : 0, pad);
	n += w->dlen + pad;
	if (p->full && p->ddgst && w->dlen)
		n = digest(b, n, crc32c(0, b + at, n - at), w->bad_ddgst);
	tally->pdus++;
	peer_bytes(p, b, n);
}
