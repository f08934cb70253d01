// SPDX-License-Identifier: GPL-2.0
#include "iscsi_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct env env;

static const char *env_get(const char *name, const char *def)
{
	const char *v = getenv(name);

	return v && *v ? v : def;
}

void env_init(void)
{
	env.addr = env_get("RAW_ADDR", "127.0.0.1");
	env.port = env_get("RAW_PORT", "3260");
	env.iqn = env_get("RAW_IQN", "iqn.2003-01.org.example:raw");
	env.ini = env_get("RAW_INI", "iqn.2003-01.org.example:ini");
	env.ini2 = env_get("RAW_INI2", "iqn.2003-01.org.example:ini2");
	env.cfg = env_get("RAW_CFG", "iscsi/iqn.2003-01.org.example:raw/tpgt_1");
}

uint32_t next_itt(void)
{
	static uint32_t itt = 0x10000;

	return itt++;
}

static void conn_free(void *arg)
{
	struct conn *c = arg;

	if (c->fd >= 0)
		close(c->fd);
	free(c->cork);
	free(c->ltext);
	for (unsigned int i = 0; i < c->sent.n; i++)
		free(c->sent.k[i].name);
	for (unsigned int i = 0; i < c->got.n; i++)
		free(c->got.k[i].name);
	free(c);
}

static int connect_to(const char *addr, const char *port)
{
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6,
				   .sin6_port = htons(atoi(port)) };
	struct sockaddr_in a4 = { .sin_family = AF_INET,
				  .sin_port = htons(atoi(port)) };
	bool v4 = inet_pton(AF_INET, addr, &a4.sin_addr) == 1;
	struct pollfd pfd;
	int fd, one = 1, err = 0;
	socklen_t len = sizeof(err);

	if (!v4 && inet_pton(AF_INET6, addr, &a6.sin6_addr) != 1)
		FAIL("bad address %s", addr);
	fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, v4 ? (void *)&a4 : (void *)&a6,
		    v4 ? sizeof(a4) : sizeof(a6)) && errno != EINPROGRESS)
		err = errno;
	pfd = (struct pollfd){ .fd = fd, .events = POLLOUT };
	if (!err && poll(&pfd, 1, WAIT_MS) != 1)
		err = ETIMEDOUT;
	if (!err)
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err) {
		close(fd);
		FAIL("connect to %s port %s: %s", addr, port, strerror(err));
	}
	return fd;
}

struct conn *conn_open_to(const char *addr, const char *port)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (!c)
		FAIL("out of memory");
	c->fd = -1;
	tap_defer(conn_free, c);
	c->fd = connect_to(addr, port);
	c->initiator = env.ini;
	c->target = env.iqn;
	c->checks = CHECK_ALL;
	c->login_itt = next_itt();
	c->cmdsn = 1;
	c->p.our_mrdsl = 8192;
	c->p.tgt_mrdsl = 8192;
	conn_isid(c);
	return c;
}

struct conn *conn_open(void)
{
	return conn_open_to(env.addr, env.port);
}

void conn_close(struct conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->eof = true;
}

void conn_rst(struct conn *c)
{
	struct linger l = { 1, 0 };

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	conn_close(c);
}

/* 0 when ready, -1 when the time is over (tap_clock) */
static int conn_poll(struct conn *c, int events, int64_t until)
{
	struct pollfd pfd = { .fd = c->fd, .events = events };
	int64_t left;
	int n;

	if (until > tap_deadline())
		until = tap_deadline();
	do {
		left = until - tap_clock();
		n = poll(&pfd, 1, left > 0 ? left : 0);
	} while ((n < 0 && errno == EINTR) || (!n && tap_clock() < until));
	return n == 1 ? 0 : -1;
}

bool conn_readable(struct conn *c, int ms)
{
	return !conn_poll(c, POLLIN, tap_clock() + ms);
}

static bool write_some(struct conn *c, const uint8_t *b, size_t len)
{
	int64_t until = tap_clock() + WAIT_MS;

	while (len) {
		ssize_t n = send(c->fd, b, len, MSG_NOSIGNAL);

		if (n > 0) {
			b += n;
			len -= n;
		} else if (errno == EAGAIN) {
			if (conn_poll(c, POLLOUT, until))
				FAIL("the target takes no more data");
		} else if (errno == EPIPE || errno == ECONNRESET) {
			c->tx_err = true;
			return false;
		} else if (errno != EINTR) {
			FAIL("send: %s", strerror(errno));
		}
	}
	return true;
}

bool conn_write(struct conn *c, const void *buf, size_t len)
{
	const uint8_t *b = buf;
	size_t n;

	if (c->cork) {
		c->cork = realloc(c->cork, c->cork_len + len);
		memcpy(c->cork + c->cork_len, buf, len);
		c->cork_len += len;
		return true;
	}
	if (c->fd < 0)
		return false;
	for (; len; b += n, len -= n) {
		n = c->split && c->split < len ? c->split : len;
		if (!write_some(c, b, n))
			return false;
		if (c->split && c->split_pause_us)
			usleep(c->split_pause_us);
	}
	return true;
}

void conn_cork(struct conn *c)
{
	c->cork = malloc(1);
	c->cork_len = 0;
}

bool conn_uncork(struct conn *c)
{
	uint8_t *b = c->cork;
	bool ok;

	c->cork = NULL;
	ok = conn_write(c, b, c->cork_len);
	free(b);
	return ok;
}

bool pdu_send(struct conn *c, struct pdu *p)
{
	bool digests = c->full;
	uint8_t *b;
	size_t len;

	b = pdu_bytes(p, digests && c->p.hdgst, digests && c->p.ddgst, &len);
	if (!p->keep_lengths) {
		p->bhs[4] = p->ahs_len / 4;
		put24(p->bhs + 5, p->dlen);
	}
	tap_log("%d> %s", c->fd, pdu_str(p));
	return conn_write(c, b, len);
}

void put_sns(struct conn *c, struct pdu *p, bool immediate)
{
	if (immediate)
		p->bhs[0] |= OP_IMM;
	put32(p->bhs + 24, immediate ? c->cmdsn : c->cmdsn++);
	put32(p->bhs + 28, c->keep_statsn ? c->ack : c->statsn);
}

/* 1: all there, 0: closed before the first byte, -1: time-out */
static int read_all(struct conn *c, void *buf, size_t len, int64_t until,
		    bool first)
{
	uint8_t *b = buf;
	size_t got = 0;

	while (got < len) {
		ssize_t n = recv(c->fd, b + got, len - got, 0);

		if (n > 0) {
			got += n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			if (!conn_poll(c, POLLIN, until))
				continue;
			if (first && !got)
				return -1;
			FAIL("the target stopped in the middle of a PDU");
		}
		if (n < 0 && errno != ECONNRESET)
			FAIL("recv: %s", strerror(errno));
		c->reset = n < 0;
		c->eof = true;
		tap_log("%d< closed%s%s", c->fd, c->reset ? " (RST)" : "",
			got || !first ? " in the middle of a PDU" : "");
		return 0;
	}
	return 1;
}

static bool has_status(const struct pdu *p)
{
	switch (PDU_OP(p)) {
	case OP_NOP_IN:
		return PDU_ITT(p) != NO_TAG;
	case OP_DATA_IN:
		return p->bhs[1] & 1;
	case OP_LOGIN_RSP:
		return !p->bhs[36];
	case OP_R2T:
		return false;
	}
	return true;
}

/* Does the PDU carry the next StatSN, even if it does not use it up? */
static bool has_statsn(const struct pdu *p)
{
	return has_status(p) || PDU_OP(p) == OP_R2T || PDU_OP(p) == OP_NOP_IN;
}

static void check_statsn(struct conn *c, const struct pdu *p)
{
	uint32_t sn = PDU_STATSN(p);

	if (!c->statsn_valid && has_status(p)) {
		c->statsn_valid = true;
		c->statsn = sn;
	}
	if (c->checks & CHECK_STATSN && has_statsn(p) && sn != c->statsn)
		FAIL("%s carries StatSN 0x%x, expected 0x%x (4.2.2.2)",
		     op_name(PDU_OP(p)), sn, c->statsn);
	if (has_status(p))
		c->statsn = sn + 1;
}

static void check_cmdsn(struct conn *c, const struct pdu *p)
{
	uint32_t exp = PDU_EXPCMDSN(p), max = PDU_MAXCMDSN(p);

	if (PDU_OP(p) == OP_LOGIN_RSP && p->bhs[36])
		return;
	if (c->checks & CHECK_CMDSN) {
		CK(!sn_lt(max, exp - 1),
		   "MaxCmdSN 0x%x is below ExpCmdSN 0x%x - 1 (4.2.2.1)", max, exp);
		if (c->cmdsn_valid) {
			CK(!sn_lt(exp, c->expcmdsn),
			   "ExpCmdSN went back from 0x%x to 0x%x", c->expcmdsn, exp);
			CK(!sn_lt(max, c->maxcmdsn),
			   "MaxCmdSN went back from 0x%x to 0x%x", c->maxcmdsn, max);
		}
		CK(c->shared_cmdsn || !sn_lt(c->cmdsn, exp),
		   "ExpCmdSN 0x%x acknowledges what was never sent (next 0x%x)",
		   exp, c->cmdsn);
	}
	c->cmdsn_valid = true;
	c->expcmdsn = exp;
	c->maxcmdsn = max;
}

static void check_format(struct conn *c, const struct pdu *p)
{
	int op = PDU_OP(p);

	CK_EQ(p->bhs[0] & 0xc0, 0, "the top two bits of a response's opcode");
	CK_EQ(p->bhs[4], 0, "TotalAHSLength of a response");
	CK(p->dlen <= c->p.our_mrdsl,
	   "a data segment of %u bytes is over our MaxRecvDataSegmentLength %u",
	   p->dlen, c->p.our_mrdsl);
	if (op != OP_DATA_IN && op != OP_TEXT_RSP && op != OP_LOGIN_RSP)
		CK(PDU_F(p), "bit 0 of byte 1 is 0 in a %s", op_name(op));
	if (op == OP_R2T || op == OP_TMF_RSP || op == OP_LOGOUT_RSP ||
	    (op == OP_NOP_IN && PDU_ITT(p) == NO_TAG))
		CK_EQ(p->dlen, 0, "the data segment's length in a PDU without data");
	if (op == OP_REJECT || op == OP_ASYNC)
		CK_EQ(PDU_ITT(p), NO_TAG, "the ITT of a Reject or Async Message");
	if (op == OP_NOP_IN && PDU_ITT(p) != NO_TAG)
		CK_EQ(PDU_TTT(p), NO_TAG, "the TTT of a ping's echo (11.19)");
	if (op == OP_SCSI_RSP && PDU_STATUS(p) == 2 && !PDU_RESPONSE(p))
		CK(p->dlen > 2, "CHECK CONDITION without sense data (11.4.7)");
	if (op == OP_DATA_IN) {
		CK(!(p->bhs[1] & 1) || PDU_F(p), "S without F in a Data-In");
		CK(c->p.erl || !(p->bhs[1] & 0x40), "the A bit at ERL 0");
	}
	if (op == OP_TEXT_RSP) {
		CK(!(PDU_C(p) && PDU_F(p)), "C and F in a Text Response");
		CK(PDU_F(p) == (PDU_TTT(p) == NO_TAG),
		   "F is %d but the TTT is 0x%x (11.11.1)", PDU_F(p), PDU_TTT(p));
	}
}

static void read_digest(struct conn *c, uint32_t crc, int64_t until,
			const char *what)
{
	uint8_t d[4];

	if (read_all(c, d, 4, until, false) != 1)
		FAIL("closed in the middle of a PDU");
	CK((d[0] | d[1] << 8 | d[2] << 16 | (uint32_t)d[3] << 24) == crc,
	   "the %s digest of a response is wrong (13.1)", what);
}

static int read_rest(struct conn *c, struct pdu *p, int64_t until)
{
	uint32_t pad, crc;

	p->ahs_len = p->bhs[4] * 4;
	p->dlen = get24(p->bhs + 5);
	pad = -p->dlen & 3;
	if (p->ahs_len && read_all(c, p->ahs, p->ahs_len, until, false) != 1)
		return 0;
	if (c->full && c->p.hdgst) {
		crc = crc32c(0, p->bhs, 48);
		read_digest(c, crc32c(crc, p->ahs, p->ahs_len), until, "header");
	}
	if (!p->dlen)
		return 1;
	p->data = tap_alloc(p->dlen + pad + 1);
	if (read_all(c, p->data, p->dlen + pad, until, false) != 1)
		return 0;
	if (c->full && c->p.ddgst)
		read_digest(c, crc32c(0, p->data, p->dlen + pad), until, "data");
	p->data[p->dlen] = 0;
	return 1;
}

static struct pdu *recv_one(struct conn *c, int64_t until)
{
	struct pdu *p = tap_alloc(sizeof(*p));

	if (c->fd < 0 || c->eof)
		return NULL;
	/* A target that never stops sending is no reason to go on for ever. */
	CK(tap_clock() < tap_deadline(), "the case's time is over");
	if (read_all(c, p->bhs, 48, until, true) != 1)
		return NULL;
	/* how long a caller waits is for a PDU to begin */
	if (until < tap_clock() + WAIT_MS)
		until = tap_clock() + WAIT_MS;
	if (!read_rest(c, p, until))
		return NULL;
	tap_log("%d< %s", c->fd, pdu_str(p));
	if (c->checks & CHECK_FORMAT)
		check_format(c, p);
	check_statsn(c, p);
	check_cmdsn(c, p);
	return p;
}

/* A ping is answered and kept from the case, unless it wants to see it. */
static bool swallow(struct conn *c, struct pdu *p)
{
	struct pdu *r;

	if (PDU_OP(p) == OP_ASYNC) {
		c->asyncs++;
		c->last_async = p->bhs[36];
		return false;
	}
	if (PDU_OP(p) != OP_NOP_IN || PDU_ITT(p) != NO_TAG || c->no_pong)
		return false;
	if (PDU_TTT(p) == NO_TAG)
		return true;
	c->pings++;
	r = nop_pdu(c, NO_TAG, PDU_TTT(p), true);
	memcpy(r->bhs + 8, p->bhs + 8, 8);
	pdu_send(c, r);
	return true;
}

struct pdu *pdu_recv_ms(struct conn *c, int ms)
{
	int64_t until = tap_clock() + ms;
	struct pdu *p;

	do
		p = recv_one(c, until);
	while (p && swallow(c, p));
	return p;
}

struct pdu *pdu_recv(struct conn *c)
{
	struct pdu *p = pdu_recv_ms(c, WAIT_MS);

	if (!p && !c->eof)
		FAIL("no answer within %d ms", WAIT_MS);
	return p;
}

struct pdu *pdu_expect(struct conn *c, int op)
{
	struct pdu *p = pdu_recv(c);

	if (!p)
		FAIL("the target closed instead of sending %s", op_name(op));
	if (PDU_OP(p) != op)
		FAIL("expected %s, got %s (0x%02x, reason or response 0x%02x)",
		     op_name(op), op_name(PDU_OP(p)), PDU_OP(p), p->bhs[2]);
	return p;
}

struct pdu *reject_expect(struct conn *c, int reason, const struct pdu *bad)
{
	struct pdu *p = pdu_expect(c, OP_REJECT);

	CK_EQ(p->bhs[2], reason, "the Reject's reason");
	CK(p->dlen >= 48, "a Reject holds the bad PDU's header (11.17.4), this one %u bytes",
	   p->dlen);
	CK(!memcmp(p->data, bad->bhs, 48),
	   "the Reject's header is not that of the bad PDU");
	return p;
}

void conn_expect_eof(struct conn *c)
{
	int64_t until = tap_clock() + WAIT_MS;

	c->checks &= ~CHECK_CMDSN;
	while (tap_clock() < until && !c->eof)
		pdu_recv_ms(c, until - tap_clock());
	CK(c->eof, "the target did not close the connection");
}

void conn_expect_silence(struct conn *c, int ms)
{
	struct pdu *p = pdu_recv_ms(c, ms);

	CK(!c->eof, "the target closed the connection");
	CK(!p, "the target sent a %s", p ? op_name(PDU_OP(p)) : "");
}
