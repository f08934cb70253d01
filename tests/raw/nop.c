// SPDX-License-Identifier: GPL-2.0
/* NOP-Out and NOP-In. */
#include "raw.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

static void echo(const void *arg)
{
	uint32_t len = *(const int *)arg;
	struct conn *c = login_normal();
	uint8_t *b;
	struct pdu *p;

	if (!len)
		len = c->p.tgt_mrdsl < c->p.our_mrdsl ? c->p.tgt_mrdsl :
		      c->p.our_mrdsl;
	b = tap_alloc(len);
	fill(b, len, len);
	p = nop_ping(c, b, len);
	CK_EQ(p->dlen, len, "the echo's length");
	CK(!memcmp(p->data, b, len), "the echo differs");
	conn_healthy(c);
}

static void empty(const void *arg)
{
	struct conn *c = login_normal();

	(void)arg;
	CK_EQ(nop_ping(c, "", 0)->dlen, 0, "the echo's length");
}

/* 11.19.3: there is a LUN only where there is a Target Transfer Tag. */
static void no_lun(const void *arg)
{
	static const uint8_t none[8];
	struct conn *c = login_normal();
	struct pdu *t = nop_pdu(c, next_itt(), NO_TAG, true), *p;

	(void)arg;
	lun_bytes(t->bhs + 8, 1);
	pdu_send(c, t);
	p = pdu_expect(c, OP_NOP_IN);
	CK_EQ(PDU_ITT(p), PDU_ITT(t), "the echo's ITT");
	CK(!memcmp(p->bhs + 8, none, 8), "the echo has a LUN");
}

/* 11.19: only so much comes back as we can receive. */
static void cut(const void *arg)
{
	struct conn *c = login_keys("MaxRecvDataSegmentLength=512\n");
	uint8_t b[1500];
	struct pdu *p;

	(void)arg;
	fill(b, sizeof(b), 3);
	p = nop_ping(c, b, sizeof(b));
	CK_EQ(p->dlen, 512, "the echo's length");
	CK(!memcmp(p->data, b, 512), "the echo differs");
	conn_healthy(c);
}

static void too_long(const void *arg)
{
	struct conn *c = login_normal();
	uint32_t len = c->p.tgt_mrdsl + 4;
	struct pdu *t = nop_pdu(c, next_itt(), NO_TAG, true), *p;

	(void)arg;
	pdu_data(t, tap_alloc(len), len);
	pdu_send(c, t);
	p = pdu_recv(c);
	CK(!p || PDU_OP(p) == OP_REJECT, "it got %s", p ? op_name(PDU_OP(p)) : "");
	target_healthy();
}

static void immediate(const void *arg)
{
	struct conn *c = login_normal();
	struct pdu *t = nop_pdu(c, next_itt(), NO_TAG, true), *p;

	(void)arg;
	pdu_data(t, "now", 3);
	pdu_send(c, t);
	p = pdu_expect(c, OP_NOP_IN);
	CK_EQ(PDU_ITT(p), PDU_ITT(t), "the echo's ITT");
	CK(p->dlen == 3 && !memcmp(p->data, "now", 3), "the echo differs");
}

static void fifty(const void *arg)
{
	struct conn *c = login_normal();
	uint32_t itt[50];

	(void)arg;
	conn_cork(c);
	for (int i = 0; i < 50; i++) {
		struct pdu *p = nop_pdu(c, next_itt(), NO_TAG, false);

		pdu_data(p, "123456789", i % 10);
		itt[i] = PDU_ITT(p);
		pdu_send(c, p);
	}
	conn_uncork(c);
	for (int i = 0; i < 50; i++) {
		struct pdu *p = pdu_expect(c, OP_NOP_IN);

		CK_EQ(PDU_ITT(p), itt[i], "the echo's ITT");
		CK_EQ(p->dlen, i % 10, "the echo's length");
	}
}

/* A NOP-Out that must not be answered and must not do harm */
static void unanswered(const void *arg)
{
	const char *how = arg;
	struct conn *c = login_normal();
	struct pdu *t = nop_pdu(c, NO_TAG, NO_TAG, true), *p;

	scsi_settle(c, 0);
	if (!strcmp(how, "ttt"))
		put32(t->bhs + 20, 0x12345);
	else if (!strcmp(how, "not immediate")) {
		t->bhs[0] &= ~OP_IMM;
		put32(t->bhs + 28, c->statsn);
	} else if (!strcmp(how, "data"))
		pdu_data(t, "unasked", 7);
	pdu_send(c, t);
	p = pdu_recv_ms(c, 300);
	CK(!p || PDU_OP(p) == OP_REJECT, "it got %s", p ? op_name(PDU_OP(p)) : "");
	if (!p && !c->eof && !strcmp(how, "not immediate")) {
		/* Whether it used up its CmdSN is not said. */
		c->checks &= ~CHECK_CMDSN;
		pdu_send(c, nop_pdu(c, next_itt(), NO_TAG, true));
		c->cmdsn = PDU_EXPCMDSN(pdu_expect(c, OP_NOP_IN));
	}
	if (!c->eof)
		conn_healthy(c);
	target_healthy();
}

/* The TTT of an R2T is none that a NOP-Out may use. */
static void ttt_of_r2t(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *w = scsi_rw(true, 0, 0, 8);
	struct pdu *t;

	(void)arg;
	scsi_settle(c, 0);
	w->manual_r2t = true;
	scsi_send(c, w);
	scsi_feed(c, pdu_expect(c, OP_R2T));
	t = nop_pdu(c, NO_TAG, PDU_TTT(w->r2t[0]), true);
	memcpy(t->bhs + 8, w->r2t[0]->bhs + 8, 8);
	pdu_send(c, t);
	t = pdu_recv_ms(c, 300);
	CK(!t || PDU_OP(t) == OP_REJECT, "it got %s", t ? op_name(PDU_OP(t)) : "");
	if (!c->eof) {
		data_out(c, w, PDU_TTT(w->r2t[0]), 0, 4096);
		scsi_wait(c, w);
		CK_EQ(w->status, 0, "the status of the write");
		conn_healthy(c);
	}
	target_healthy();
}

/* Small TTTs, as a target might give them to reads */
static void guess_ttt(const void *arg)
{
	struct conn *c = login_normal();

	(void)arg;
	scsi_settle(c, 0);
	for (uint32_t ttt = 0; ttt < 40 && !c->eof && !c->tx_err; ttt++) {
		struct scsi *s = scsi_rw(false, 0, 0, 256);

		conn_cork(c);
		pdu_send(c, scsi_pdu(c, s));
		pdu_send(c, nop_pdu(c, NO_TAG, ttt, true));
		conn_uncork(c);
		while (!s->done && !c->eof) {
			struct pdu *p = pdu_recv(c);

			if (p && PDU_OP(p) != OP_REJECT)
				CK(scsi_feed(c, p), "got %s", op_name(PDU_OP(p)));
		}
	}
	target_healthy();
}

#define PINGS		100
#define PING_LEN	(256 * 1024)

static void write_rest(struct conn *c, const uint8_t *b, size_t len)
{
	pid_t pid = fork();

	if (!pid)
		_exit(!conn_write(c, b, len));
	CK(pid > 0, "fork: %s", strerror(errno));
}

static size_t write_until_full(struct conn *c, const uint8_t *b, size_t len)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLOUT };
	size_t done = 0;

	/* what the sockets take between themselves comes to an end within a second */
	while (done < len && poll(&pfd, 1, 2000) == 1) {
		ssize_t n = send(c->fd, b + done, len - done, MSG_NOSIGNAL);

		CK(n > 0, "send: %s", strerror(errno));
		done += n;
	}
	return done;
}

/*
 * Echoes that nobody takes fill the sockets, and then about a MiB of the target's memory.
 * Read again, they all come.
 */
static void large_unread(const void *arg)
{
	struct conn *c = login_keys("MaxRecvDataSegmentLength=262144\n");
	uint8_t *data = tap_alloc(PING_LEN), *all;
	uint32_t first = next_itt(), last = first;
	size_t len, done;
	int small = 65536;

	(void)arg;
	CK(c->p.tgt_mrdsl >= PING_LEN, "the target takes %u bytes only", c->p.tgt_mrdsl);
	setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	fill(data, PING_LEN, 7);
	conn_cork(c);
	for (int i = 0; i < PINGS; i++) {
		struct pdu *p = nop_pdu(c, last, NO_TAG, true);

		last = next_itt();
		pdu_data(p, data, PING_LEN);
		pdu_send(c, p);
	}
	all = c->cork;
	len = c->cork_len;
	c->cork = NULL;
	done = write_until_full(c, all, len);
	tap_log("the target took %zu bytes", done);
	CK(done < 16 << 20, "the target took %zu bytes without an answer", done);
	write_rest(c, all + done, len - done);
	for (int i = 0; i < PINGS; i++) {
		struct pdu *p = pdu_expect(c, OP_NOP_IN);

		CK_EQ(PDU_ITT(p), first + i, "the echo's ITT");
		CK_EQ(p->dlen, PING_LEN, "the echo's length");
		CK(!memcmp(p->data, data, PING_LEN), "the echo differs");
	}
	free(all);
	conn_healthy(c);
}

static void ping_with_ttt(const void *arg)
{
	struct conn *c = login_normal();
	struct pdu *t = nop_pdu(c, next_itt(), 0x4711, true), *p;

	(void)arg;
	pdu_send(c, t);
	p = pdu_recv(c);
	CK(!p || PDU_OP(p) == OP_REJECT || PDU_OP(p) == OP_NOP_IN, "it got %s",
	   p ? op_name(PDU_OP(p)) : "");
	target_healthy();
}

/* 15 s would be long: the ACL's timers are set to their least. */
static void target_pings(const void *arg)
{
	struct conn *a, *b;
	struct pdu *p, *first = NULL;
	int64_t start, until;

	(void)arg;
	cfg_set(acl_path(env.ini2, "attrib/nopin_timeout"), "3");
	cfg_set(acl_path(env.ini, "attrib/nopin_timeout"), "3");
	cfg_set(acl_path(env.ini, "attrib/nopin_response_timeout"), "3");
	a = login_new(&(struct login_opts){ .session = "Normal", .initiator = env.ini2 });
	b = login_normal();
	b->no_pong = true;
	start = tap_now();
	until = tap_clock() + 25000;
	p = pdu_recv_ms(b, 10000);
	CK(p && PDU_OP(p) == OP_NOP_IN, "no ping within 10 s");
	CK_EQ(PDU_ITT(p), NO_TAG, "the ping's ITT");
	CK(PDU_TTT(p) != NO_TAG, "the ping's TTT is the reserved one");
	CK(tap_now() - start > 1500, "a ping after %lld ms",
	   (long long)(tap_now() - start));
	/* The other one answers, and is asked again. */
	while (a->pings < 2 && tap_clock() < until) {
		first = pdu_recv_ms(a, 200);
		CK(!first && !a->eof, "something else than pings");
		if (!b->eof)
			pdu_recv_ms(b, 200);
		if (b->eof && a->pings >= 2)
			break;
	}
	CK(a->pings >= 2, "%u pings in 25 s", a->pings);
	while (!b->eof && tap_clock() < until) {
		pdu_recv_ms(b, 200);
		pdu_recv_ms(a, 10);
	}
	CK(b->eof, "an unanswered ping has no consequence");
	conn_healthy(a);
}

/* 11.18.1: what answers the target's ping may be a ping itself. */
static void both_at_once(const void *arg)
{
	struct conn *c;
	struct pdu *p, *r;

	(void)arg;
	cfg_set(acl_path(env.ini, "attrib/nopin_timeout"), "3");
	cfg_set(acl_path(env.ini, "attrib/nopin_response_timeout"), "3");
	c = login_normal();
	c->no_pong = true;
	for (int i = 0; i < 3; i++) {
		p = pdu_recv_ms(c, 10000);
		CK(p, "%s instead of ping %d", c->eof ? "closed" : "nothing", i);
		CK_EQ(PDU_OP(p), OP_NOP_IN, "what came");
		CK_EQ(PDU_ITT(p), NO_TAG, "the ping's ITT");
		r = nop_pdu(c, next_itt(), PDU_TTT(p), true);
		memcpy(r->bhs + 8, p->bhs + 8, 8);
		pdu_send(c, r);
		p = pdu_expect(c, OP_NOP_IN);
		CK_EQ(PDU_ITT(p), PDU_ITT(r), "the echo's ITT");
		CK_EQ(PDU_TTT(p), NO_TAG, "the echo's TTT");
	}
}

/*
 * A link so slow that the ping has to wait behind data for longer than its answer may take:
 * the initiator takes what comes, and says nothing meanwhile.
 */
static void behind_data(const void *arg)
{
	struct conn *c;
	int64_t slow_until;
	struct scsi *s[16];
	int small = 65536;
	struct pdu *p;

	(void)arg;
	cfg_set(acl_path(env.ini, "attrib/nopin_timeout"), "3");
	cfg_set(acl_path(env.ini, "attrib/nopin_response_timeout"), "3");
	c = login_keys("MaxRecvDataSegmentLength=65536\n");
	setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	scsi_settle(c, 0);
	for (int i = 0; i < 16; i++) {
		s[i] = scsi_rw(false, 0, 0, 2048);
		scsi_send(c, s[i]);
	}
	slow_until = tap_clock() + 10000;
	while (c->cmds) {
		if (tap_clock() < slow_until)
			usleep(100000);
		p = pdu_recv(c);
		CK(p, "closed while it took its data");
		CK(scsi_feed(c, p), "got %s", op_name(PDU_OP(p)));
	}
	while (!c->pings) {
		p = pdu_recv_ms(c, 1000);
		CK(!p && !c->eof, "no ping came");
	}
	conn_healthy(c);
}

static void no_pings(const void *arg)
{
	struct conn *c;

	(void)arg;
	cfg_set(acl_path(env.ini, "attrib/nopin_timeout"), "0");
	c = login_normal();
	c->no_pong = true;
	conn_expect_silence(c, 4000);
}

static void while_waiting(const void *arg)
{
	struct conn *c = login_normal();
	struct scsi *w = scsi_rw(true, 0, 0, 8);

	(void)arg;
	scsi_settle(c, 0);
	w->manual_r2t = true;
	scsi_send(c, w);
	scsi_feed(c, pdu_expect(c, OP_R2T));
	for (int i = 0; i < 5; i++)
		nop_ping(c, "x", 1);
	data_out(c, w, PDU_TTT(w->r2t[0]), 0, 4096);
	scsi_wait(c, w);
	CK_EQ(w->status, 0, "the status of the write");
}

static void in_discovery(const void *arg)
{
	struct conn *c = login_discovery();
	struct pdu *p;

	(void)arg;
	pdu_send(c, nop_pdu(c, next_itt(), NO_TAG, true));
	p = pdu_recv(c);
	CK(!p || PDU_OP(p) == OP_REJECT, "it got %s", p ? op_name(PDU_OP(p)) : "");
	target_healthy();
}

static const int n1 = 1, n3 = 3, n4 = 4, n1000 = 1000, n4096 = 4096, max = 0;

static const struct tap_case cases[] = {
	{ "11.18", "a NOP-Out without data is echoed", empty },
	{ "11.19.3", "an echo has no LUN, whatever the ping's was", no_lun },
	{ "11.18.3", "1 byte of ping data comes back", echo, &n1 },
	{ "11.18.3", "3 bytes of ping data come back", echo, &n3 },
	{ "11.18.3", "4 bytes of ping data come back", echo, &n4 },
	{ "11.18.3", "1000 bytes of ping data come back", echo, &n1000 },
	{ "11.18.3", "4096 bytes of ping data come back", echo, &n4096 },
	{ "11.18.3", "as much ping data as both can receive comes back", echo, &max },
	{ "11.19", "ping data are cut to our MaxRecvDataSegmentLength", cut },
	{ "13.12", "ping data over the target's limit are refused", too_long },
	{ "11.18", "an immediate NOP-Out is echoed", immediate },
	{ "11.18", "fifty pings in one segment are echoed in order", fifty },
	{ "11.18.3", "pings of 256 KiB whose echoes nobody reads are not read either, and then are",
	  large_unread },
	{ "11.19", "a NOP-Out with ITT 0xffffffff is not answered", unanswered,
	  "plain" },
	{ "11.18.1", "such a NOP-Out that is not immediate does no harm", unanswered,
	  "not immediate" },
	{ "11.18.2", "such a NOP-Out with an unknown TTT does no harm", unanswered,
	  "ttt" },
	{ "11.18.3", "such a NOP-Out with data does no harm", unanswered, "data" },
	{ "11.18.2", "a NOP-Out with the TTT of an R2T leaves the write alone",
	  ttt_of_r2t },
	{ "11.18.2", "NOP-Outs with guessed TTTs do no harm to reads", guess_ttt },
	{ "11.18.2", "a ping with a TTT does no harm", ping_with_ttt },
	{ "11.18", "a ping is echoed while a write waits for data", while_waiting },
	{ "11.19", "the target pings, and ends what does not answer", target_pings },
	{ "11.18.1", "an answer to the target's ping that is a ping itself counts as both",
	  both_at_once },
	{ "11.19", "the time for the answer to a ping begins when the ping is sent", behind_data },
	{ "11.19", "nopin_timeout=0: the target does not ping", no_pings },
	{ "7.4.3", "a NOP-Out on a discovery session is not served", in_discovery },
};

RAW_MAIN(cases)
