// SPDX-License-Identifier: GPL-2.0
/*
 * What no initiator would send. The connection may end as it likes; the
 * target has to stay, and a fresh login has to work at once.
 */
#include "raw.h"

#include <errno.h>
#include <sys/socket.h>

static uint32_t seed;

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

static void quick_login(void)
{
	int64_t start = tap_clock();
	struct conn *c = login_normal();

	CK(tap_clock() - start < 3000, "a login took %lld ms",
	   (long long)(tap_clock() - start));
	conn_healthy(c);
	conn_close(c);
}

/* Read and drop whatever comes, without looking at it */
static void drain(struct conn *c, int ms)
{
	int64_t end = tap_clock() + ms;

	c->checks = 0;
	while (!c->eof && tap_clock() < end && conn_readable(c, end - tap_clock())) {
		char b[4096];
		ssize_t n = read(c->fd, b, sizeof(b));

		if (n <= 0)
			c->eof = true;
	}
}

static void bytes(const void *arg)
{
	const char *what = arg;
	struct conn *c = conn_open();
	uint8_t *b = tap_alloc(1 << 20);
	size_t len = 48;

	seed = 12345;
	for (int i = 0; i < 1 << 20; i++)
		b[i] = rnd();
	if (!strcmp(what, "ones"))
		memset(b, 0xff, 48);
	else if (!strcmp(what, "zeros"))
		memset(b, 0, 48);
	else if (!strcmp(what, "tls"))
		memcpy(b, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),
		len = 517;
	else if (!strcmp(what, "http"))
		len = sprintf((char *)b, "GET / HTTP/1.1\r\nHost: a\r\n"
			      "User-Agent: a-browser-with-a-long-name\r\n\r\n");
	else if (!strcmp(what, "ssh"))
		len = sprintf((char *)b, "SSH-2.0-client_1.0_and_some_more_to_"
			      "fill_a_header\r\n");
	else if (!strcmp(what, "long"))
		len = 1 << 20;
	conn_write(c, b, len);
	drain(c, 200);
	quick_login();
}

static struct pdu *login_pdu(struct conn *c)
{
	struct pdu *p = pdu_new(OP_LOGIN_REQ | OP_IMM, LT | 1 << 2 | 3);
	char *t = tap_fmt("%sSessionType=Normal\n%s", names(c),
			  login_proposal(NULL, true));
	size_t len = strlen(t);

	for (size_t i = 0; i < len; i++)
		if (t[i] == '\n')
			t[i] = 0;
	memcpy(p->bhs + 8, c->isid, 6);
	put32(p->bhs + 16, c->login_itt);
	put32(p->bhs + 24, c->cmdsn);
	pdu_data(p, t, len);
	return p;
}

/* A login PDU cut off after *arg bytes; then close or reset */
static void cut_login(const void *arg)
{
	for (int rst = 0; rst < 2; rst++) {
		struct conn *c = conn_open();
		size_t len;
		uint8_t *b = pdu_bytes(login_pdu(c), false, false, &len);

		conn_write(c, b, *(const int *)arg);
		if (rst)
			conn_rst(c);
		else
			conn_close(c);
		quick_login();
	}
}

static void silent(const void *arg)
{
	int n = *(const int *)arg;

	for (int i = 0; i < n; i++)
		conn_open();
	for (int i = 0; i < 3; i++)
		quick_login();
}

static void half_headers(const void *arg)
{
	int n = *(const int *)arg;

	for (int i = 0; i < n; i++)
		conn_write(conn_open(), "\x43\x87\0\0\0\0\0\x40", 8);
	for (int i = 0; i < 3; i++)
		quick_login();
}

/* Header without its data; and logins that have begun and go no further */
static void stalled(const void *arg)
{
	(void)arg;
	for (int i = 0; i < 10; i++) {
		struct conn *c = conn_open();
		size_t len;
		uint8_t *b = pdu_bytes(login_pdu(c), false, false, &len);

		conn_write(c, b, 48);
	}
	quick_login();
	for (int i = 0; i < 10; i++) {
		struct conn *c = conn_open();

		CK_EQ(login_status(login_step(c, 0, 1, 0, "%sSessionType=Normal\n",
					      names(c))), 0, "the status");
	}
	quick_login();
}

static void stalled_chap(const void *arg)
{
	(void)arg;
	for (int i = 0; i < 10; i++) {
		struct conn *c = conn_open();

		c->initiator = INI_CHAP;
		CK_EQ(login_status(login_step(c, 0, 0, 0, "%sSessionType=Normal\n"
			"AuthMethod=CHAP\n", names(c))), 0, "the status");
		CK_EQ(login_status(login_step(c, 0, 0, 0, "CHAP_A=5\n")), 0,
		      "the status");
	}
	quick_login();
}

/* Lengths that promise more than comes */
static void promises(const void *arg)
{
	const char *what = arg;
	bool full = strchr(what, 'f');
	struct conn *c = full ? login_normal() : conn_open();
	struct pdu *p = full ? nop_pdu(c, next_itt(), NO_TAG, true) :
			login_pdu(c);

	p->keep_lengths = true;
	if (*what == 'a')
		p->bhs[4] = 255;
	else
		put24(p->bhs + 5, 0xffffff);
	pdu_send(c, p);
	drain(c, 200);
	quick_login();
	conn_rst(c);
	quick_login();
}

static void huge_data(const void *arg)
{
	struct conn *c = login_normal();
	struct pdu *p = nop_pdu(c, next_itt(), NO_TAG, true);
	uint8_t *b = tap_alloc(1 << 20);
	int64_t end = tap_clock() + 2000;
	int n = 0;

	(void)arg;
	p->keep_lengths = true;
	put24(p->bhs + 5, 0xfffffc);
	pdu_send(c, p);
	/* It may close, take it all, or leave it in the socket. */
	while (n < 16 << 20 && tap_clock() < end) {
		ssize_t k = send(c->fd, b, 1 << 20, MSG_NOSIGNAL);

		if (k < 0 && errno != EAGAIN)
			break;
		n += k > 0 ? k : 0;
		drain(c, 5);
		if (c->eof)
			break;
	}
	quick_login();
}

static void does_not_read(const void *arg)
{
	struct conn *c = login_normal();

	(void)arg;
	scsi_settle(c, 0);
	for (int i = 0; i < 32; i++)
		pdu_send(c, scsi_pdu(c, scsi_rw(false, 0, 0, 2048)));
	usleep(200000);
	for (int i = 0; i < 3; i++)
		quick_login();
	conn_close(c);
	quick_login();
}

static void does_not_read_pings(const void *arg)
{
	struct conn *c = login_normal();
	uint8_t *b = tap_alloc(8192);

	(void)arg;
	conn_cork(c);
	for (int i = 0; i < 60; i++) {
		struct pdu *p = nop_pdu(c, next_itt(), NO_TAG, true);

		pdu_data(p, b, 8192);
		pdu_send(c, p);
	}
	conn_uncork(c);
	quick_login();
	conn_rst(c);
	quick_login();
}

static void rst_anywhere(const void *arg)
{
	const char *where = arg;

	for (int i = 0; i < 5; i++) {
		struct conn *c = conn_open();

		if (*where == 'c') {
			conn_rst(c);
			continue;
		}
		pdu_send(c, login_pdu(c));
		if (*where == 'l') {
			conn_rst(c);
			continue;
		}
		CK_EQ(login_finish(c, login_recv(c)), 0, "the status");
		c->p.our_mrdsl = 262144;	/* as that PDU declared */
		if (*where == 'r')
			for (int k = 0; k < 8; k++)
				pdu_send(c, scsi_pdu(c, scsi_rw(false, 0, 0, 512)));
		if (*where == 'w')
			for (int k = 0; k < 8; k++)
				pdu_send(c, scsi_pdu(c, scsi_rw(true, 0, 0, 512)));
		if (*where == 'o')
			pdu_send(c, logout_pdu(c, 0, 0));
		if (i & 1)
			pdu_recv_ms(c, 50);
		conn_rst(c);
	}
	quick_login();
}

static void storm(const void *arg)
{
	(void)arg;
	for (int i = 0; i < 200; i++) {
		struct conn *c = conn_open();

		if (i & 1)
			conn_rst(c);
		else
			conn_close(c);
	}
	quick_login();
}

/* Bytes of a login PDU changed at random */
static void mutated_login(const void *arg)
{
	seed = *(const int *)arg;
	tap_limit(60000);
	for (int i = 0; i < 80; i++) {
		struct conn *c = conn_open();
		size_t len;
		uint8_t *b = pdu_bytes(login_pdu(c), false, false, &len);
		int n = 1 + rnd() % 4;

		while (n--)
			b[rnd() & 1 ? rnd() % 48 : rnd() % len] = rnd();
		conn_write(c, b, len);
		drain(c, 15);
		conn_close(c);
	}
	quick_login();
}

/* The same in full feature phase, with every kind of request */
static struct pdu *some_pdu(struct conn *c, uint32_t kind)
{
	uint8_t b[8] = { 0 };
	struct pdu *p;

	switch (kind) {
	case 0:
		return nop_pdu(c, next_itt(), NO_TAG, rnd() & 1);
	case 1:
		return tmf_pdu(c, rnd() % 14, rnd() & 1, NO_TAG, c->cmdsn, rnd() & 1);
	case 2:
		return text_pdu(c, next_itt(), NO_TAG, 0x80, "SendTargets=\n");
	case 3:
		return snack_pdu(c, rnd() & 3, next_itt(), NO_TAG, 0, 0);
	case 4:
		p = scsi_pdu(c, scsi_rw(true, 0, 0, 8));
		pdu_data(p, tap_alloc(4096), 4096);
		return p;
	case 5:
		p = scsi_pdu(c, scsi_rw(false, 0, 0, 8));
		pdu_ahs(p, 1 + rnd() % 3, b, 1 + rnd() % 8);
		return p;
	default:
		return data_out_pdu(c, scsi_rw(true, 0, 0, 8), rnd() % 16, 0, 0,
				    512, true);
	}
}

static void mutated_pdus(const void *arg)
{
	seed = *(const int *)arg;
	tap_limit(60000);
	for (int i = 0; i < 60; i++) {
		struct conn *c = login_normal();

		for (int k = 0; k < 6 && !c->tx_err; k++) {
			struct pdu *p = some_pdu(c, rnd() % 7);
			size_t len;
			uint8_t *b = pdu_bytes(p, false, false, &len);
			int n = rnd() % 3;

			while (n--)
				b[rnd() % 48] = rnd();
			conn_write(c, b, len);
		}
		drain(c, 10);
		conn_close(c);
	}
	quick_login();
}

static void mutated_text(const void *arg)
{
	static const char set[] = "=\0,\0~0x=ANo";

	seed = *(const int *)arg;
	tap_limit(60000);
	for (int i = 0; i < 60; i++) {
		struct conn *c = login_discovery();
		char *t = tap_fmt("SendTargets=All%cX-a.b=1%c", 0, 0);
		int n = 1 + rnd() % 4;
		struct pdu *p = text_pdu(c, next_itt(), NO_TAG, 0x80, "");

		memcpy(t, "SendTargets=All\0X-a.b=1\0", 24);
		while (n--)
			t[rnd() % 24] = rnd() & 1 ? (char)rnd() : set[rnd() % 12];
		pdu_data(p, t, 24);
		pdu_send(c, p);
		drain(c, 10);
		conn_close(c);
	}
	quick_login();
}

static void huge_edtl(const void *arg)
{
	const char *what = arg;
	struct conn *c = login_normal();
	struct scsi *s = scsi_rw(*what == 'w', 0, 0, 8);

	scsi_settle(c, 0);
	s->edtl = 0xfffffe00;
	for (int i = 0; i < 16 && *what == 'w'; i++) {
		struct scsi *x = scsi_rw(true, 0, 0, 8);

		x->edtl = 0xfffffe00;
		pdu_send(c, scsi_pdu(c, x));
	}
	pdu_send(c, scsi_pdu(c, s));
	drain(c, 300);
	quick_login();
	conn_rst(c);
	quick_login();
}

/* A command that claims 4 GiB in its CDB as well */
static void huge_transfer(const void *arg)
{
	uint8_t cdb[16] = { 0x8a };
	struct conn *c = login_normal();

	(void)arg;
	scsi_settle(c, 0);
	put32(cdb + 10, 0x7fffff);
	for (int i = 0; i < 8; i++) {
		struct scsi *s = scsi_new(0, cdb, 16);

		s->write = true;
		s->edtl = 0x7fffffu * 512;
		pdu_send(c, scsi_pdu(c, s));
	}
	drain(c, 300);
	quick_login();
	conn_rst(c);
	quick_login();
}

static void many_r2t(const void *arg)
{
	struct conn *c = login_normal();

	(void)arg;
	scsi_settle(c, 0);
	for (int i = 0; i < 60; i++)
		pdu_send(c, scsi_pdu(c, scsi_rw(true, 0, i * 64, 512)));
	drain(c, 200);
	quick_login();
	conn_rst(c);
	quick_login();
}

static void many_sessions(const void *arg)
{
	struct conn *c[40];

	(void)arg;
	for (int i = 0; i < 40; i++)
		c[i] = login_normal();
	conn_healthy(c[0]);
	conn_healthy(c[39]);
	for (int i = 0; i < 40; i++)
		conn_rst(c[i]);
	quick_login();
}

/* Names made up without end, refused each */
static void many_names(const void *arg)
{
	(void)arg;
	for (int i = 0; i < 60; i++) {
		struct conn *c = conn_open();
		struct pdu *p;

		c->initiator = tap_fmt(BASE "made-up.%d", i);
		p = first_login(c, "SessionType=Normal\n");
		CK_EQ(login_status(p), 0x0202, "the status");
		conn_close(c);
	}
	quick_login();
}

static const int at[] = { 0, 1, 8, 47, 48, 60, 140 };
static const int n1 = 1, n50 = 50, n10 = 10;
static const int seeds[] = { 1, 77777, 424242, 987654321 };

static const struct tap_case cases[] = {
	{ "11.2", "48 random bytes do no harm", bytes, "random" },
	{ "11.2", "48 bytes of 0xff do no harm", bytes, "ones" },
	{ "11.2", "48 bytes of zero do no harm", bytes, "zeros" },
	{ "11.2", "a megabyte of random bytes does no harm", bytes, "long" },
	{ "11.2", "a TLS hello does no harm", bytes, "tls" },
	{ "11.2", "an HTTP request does no harm", bytes, "http" },
	{ "11.2", "an SSH banner does no harm", bytes, "ssh" },
	{ "7.14", "closing and resetting before the first byte does no harm",
	  cut_login, &at[0] },
	{ "7.14", "closing and resetting after 1 byte does no harm", cut_login, &at[1] },
	{ "7.14", "closing and resetting after 8 bytes does no harm", cut_login,
	  &at[2] },
	{ "7.14", "closing and resetting after 47 bytes does no harm", cut_login,
	  &at[3] },
	{ "7.14", "closing and resetting after 48 bytes does no harm", cut_login,
	  &at[4] },
	{ "7.14", "closing and resetting amid the names does no harm", cut_login,
	  &at[5] },
	{ "7.14", "closing and resetting amid the keys does no harm", cut_login,
	  &at[6] },
	{ "6.3", "one silent connection holds up no login", silent, &n1 },
	{ "6.3", "fifty silent connections hold up no login", silent, &n50 },
	{ "6.3", "ten half headers hold up no login", half_headers, &n10 },
	{ "6.3", "logins that have stalled hold up no other", stalled },
	{ "6.3", "CHAP exchanges that have stalled hold up no login", stalled_chap },
	{ "11.2.1.6", "a promise of 16 MiB in a login does no harm", promises, "data" },
	{ "11.2.1.5", "a promise of 1020 bytes of AHS in a login does no harm",
	  promises, "ahs" },
	{ "11.2.1.6", "a promise of 16 MiB of ping data does no harm", promises,
	  "data in full feature phase" },
	{ "11.2.1.5", "a promise of 1020 bytes of AHS does no harm", promises,
	  "ahs in full feature phase" },
	{ "13.12", "16 MiB of ping data that come do no harm", huge_data },
	{ "7.14", "a peer that does not read holds up nobody", does_not_read },
	{ "7.14", "a peer that does not read its echoes holds up nobody",
	  does_not_read_pings },
	{ "7.14", "a reset after connecting does no harm", rst_anywhere, "connect" },
	{ "7.14", "a reset after the Login Request does no harm", rst_anywhere,
	  "login" },
	{ "7.14", "a reset amid reads does no harm", rst_anywhere, "read" },
	{ "7.14", "a reset amid writes does no harm", rst_anywhere, "write" },
	{ "7.14", "a reset amid a logout does no harm", rst_anywhere, "out" },
	{ "7.14", "two hundred connections opened and dropped do no harm", storm },
	{ "6.3", "changed login PDUs do no harm (1)", mutated_login, &seeds[0] },
	{ "6.3", "changed login PDUs do no harm (2)", mutated_login, &seeds[1] },
	{ "7.7", "changed requests do no harm (1)", mutated_pdus, &seeds[0] },
	{ "7.7", "changed requests do no harm (2)", mutated_pdus, &seeds[2] },
	{ "7.7", "changed requests do no harm (3)", mutated_pdus, &seeds[3] },
	{ "6.1", "changed text does no harm (1)", mutated_text, &seeds[0] },
	{ "6.1", "changed text does no harm (2)", mutated_text, &seeds[3] },
	{ "11.3.4", "an expected length of 4 GiB for a read does no harm", huge_edtl,
	  "read" },
	{ "11.3.4", "expected lengths of 4 GiB for writes do no harm", huge_edtl,
	  "write" },
	{ "11.3.4", "writes of 4 GiB do no harm", huge_transfer },
	{ "4.2.5.2", "sixty writes without data do no harm", many_r2t },
	{ "6.3", "forty sessions reset at once do no harm", many_sessions },
	{ "11.13.5", "names made up without end get 0202 and nothing else",
	  many_names },
};

RAW_MAIN(cases)
