// SPDX-License-Identifier: GPL-2.0
/*
 * Very many connections at once. Each case is a kind of crowd and is run alone, by
 * its name; how many and how long is in the environment (see struct opt). What
 * it measures is said in lines "# WORD: ...". A crowd that only has to be there
 * says "# ready" and stays until it gets SIGTERM.
 */
#include "raw.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define PDU_MAX		16384

static struct opt {
	unsigned int n;		/* STORM_N: connections in all */
	unsigned int parallel;	/* STORM_PARALLEL: at a time */
	unsigned int bytes;	/* STORM_BYTES: of a Login Request that are sent */
	unsigned int targets;	/* STORM_TARGETS: RAW_IQN with 0, 1, ... behind it */
	unsigned int luns;	/* STORM_LUNS: LUNs from 0 on that are used */
	unsigned int depth;	/* STORM_DEPTH: commands of a session */
	unsigned int sources;	/* STORM_SOURCES: addresses they come from */
	unsigned int ms;	/* STORM_MS: how long, or the pause between bytes */
	unsigned int wake;	/* STORM_WAKE: the deaf hear again after SIGTERM */
	unsigned int fence;	/* STORM_FENCE: each preempts and aborts the one before */
	unsigned int owe;	/* STORM_OWE: each has a write besides whose data do not come */
	unsigned int limit;	/* STORM_LIMIT: seconds until it gives up */
} opt;

enum state { IDLE, CONNECTING, LOGGING_IN, IN, SILENT };

struct slot {
	unsigned int num;
	int fd;
	enum state state;
	int64_t start, due;
	uint32_t statsn, cmdsn, itt;
	uint8_t bhs[48];
	unsigned int have, skip;
	uint8_t *login;
	size_t login_len;
};

static struct slot *slots;
static int ep;
static volatile sig_atomic_t stop;
static unsigned int n_open, n_closed, n_in, n_failed, n_done, n_attempts;
static unsigned int statuses[0x1000];
static int64_t *took;

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static unsigned int number(const char *name, unsigned int def)
{
	const char *v = getenv(name);

	return v && *v ? strtoul(v, NULL, 0) : def;
}

static void begin(void)
{
	struct rlimit r = { 65536, 65536 };

	tap_limit(opt.limit * 1000);
	CK(!setrlimit(RLIMIT_NOFILE, &r), "setrlimit: %s", strerror(errno));
	signal(SIGTERM, on_term);
	ep = epoll_create1(0);
	slots = tap_alloc((opt.n + 1) * sizeof(*slots));
	took = tap_alloc((opt.n + 1) * sizeof(*took));
	for (unsigned int i = 0; i < opt.n; i++)
		slots[i] = (struct slot){ .num = i, .fd = -1 };
}

static void ready(void)
{
	tap_diag("ready");
	fflush(stdout);
}

static uint8_t *login_bytes(struct slot *s, size_t *len)
{
	struct pdu *p = pdu_new(OP_LOGIN_REQ | OP_IMM, LT | 1 << 2 | 3);
	char text[1024];
	int n;

	n = snprintf(text, sizeof(text), "InitiatorName=%s%u%cTargetName=%s", BASE "storm",
		     s->num, 0, env.iqn);
	if (opt.targets)
		n += snprintf(text + n, sizeof(text) - n, "%u", s->num % opt.targets);
	n += 1 + snprintf(text + n + 1, sizeof(text) - n - 1, "SessionType=Normal") + 1;
	/* two of these programs do not reinstate each other's sessions */
	p->bhs[8] = 0x80;
	put32(p->bhs + 10, s->num);
	p->bhs[9] = getpid() >> 8;
	p->bhs[10] = getpid();
	put32(p->bhs + 16, s->num);
	put32(p->bhs + 24, 1);
	pdu_data(p, text, n);
	return pdu_bytes(p, false, false, len);
}

static void hang_up(struct slot *s, bool reset)
{
	struct linger l = { 1, 0 };

	if (reset)
		setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	close(s->fd);
	s->fd = -1;
	s->state = IDLE;
}

/* The first few hundred initiators have addresses of their own. */
static void from(struct slot *s)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int one = 1;

	if (strncmp(env.addr, "127.", 4))
		return;
	setsockopt(s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	a.sin_addr.s_addr = htonl(0x7f000100 + s->num % opt.sources);
	CK(!bind(s->fd, (void *)&a, sizeof(a)), "bind: %s", strerror(errno));
}

static void dial(struct slot *s)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(env.port)) };
	struct epoll_event ev = { .events = EPOLLOUT, .data.ptr = s };
	int one = 1;

	inet_pton(AF_INET, env.addr, &a.sin_addr);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	CK(s->fd >= 0, "socket: %s", strerror(errno));
	from(s);
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	s->start = tap_clock();
	s->state = CONNECTING;
	s->have = 0;
	s->skip = 0;
	n_attempts++;
	if (connect(s->fd, (void *)&a, sizeof(a)) && errno != EINPROGRESS) {
		hang_up(s, false);
		s->due = tap_clock() + 100;
		return;
	}
	CK(!epoll_ctl(ep, EPOLL_CTL_ADD, s->fd, &ev), "epoll_ctl: %s", strerror(errno));
}

static void send_login(struct slot *s)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP, .data.ptr = s };
	size_t len;

	if (!s->login)
		s->login = login_bytes(s, &s->login_len);
	len = s->login_len;
	if (s->state == SILENT && opt.bytes < len)
		len = opt.bytes;
	if (len && send(s->fd, s->login, len, MSG_NOSIGNAL) != (ssize_t)len)
		tap_log("slot %u: send: %s", s->num, strerror(errno));
	epoll_ctl(ep, EPOLL_CTL_MOD, s->fd, &ev);
	s->cmdsn = 1;
}

/* An answer to the target's ping, else the session would end. */
static void pong(struct slot *s)
{
	struct pdu *p = pdu_new(OP_NOP_OUT | OP_IMM, 0x80);
	size_t len;
	uint8_t *b;

	memcpy(p->bhs + 8, s->bhs + 8, 8);
	put32(p->bhs + 16, NO_TAG);
	memcpy(p->bhs + 20, s->bhs + 20, 4);
	put32(p->bhs + 24, s->cmdsn);
	put32(p->bhs + 28, s->statsn);
	b = pdu_bytes(p, false, false, &len);
	if (send(s->fd, b, len, MSG_NOSIGNAL) != (ssize_t)len)
		tap_log("slot %u: pong: %s", s->num, strerror(errno));
}

/* Return: true when a PDU is complete; its header is in s->bhs. */
static bool receive(struct slot *s, bool *closed)
{
	uint8_t drop[PDU_MAX];
	ssize_t n;

	*closed = false;
	while (s->have < 48 || s->skip) {
		if (s->have < 48)
			n = recv(s->fd, s->bhs + s->have, 48 - s->have, 0);
		else
			n = recv(s->fd, drop, s->skip < PDU_MAX ? s->skip : PDU_MAX, 0);
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n <= 0) {
			*closed = true;
			return false;
		}
		if (s->have == 48) {
			s->skip -= n;
			continue;
		}
		s->have += n;
		if (s->have == 48)
			s->skip = (get24(s->bhs + 5) + 3) & ~3u;
	}
	s->have = 0;
	return true;
}

static int order(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void say_times(const char *what, unsigned int n)
{
	qsort(took, n, sizeof(*took), order);
	if (!n)
		tap_diag("%s: none", what);
	else
		tap_diag("%s: %u p50 %lld p99 %lld max %lld ms", what, n,
			 (long long)took[n / 2], (long long)took[n * 99 / 100],
			 (long long)took[n - 1]);
}

/* What becomes of a slot: one function for each case. */
struct crowd {
	void (*connected)(struct slot *s);
	void (*answered)(struct slot *s);	/* a Login Response */
	void (*closed)(struct slot *s);
};

static void on_event(const struct crowd *c, struct slot *s, uint32_t events)
{
	int err = 0;
	socklen_t len = sizeof(err);
	bool closed;

	if (s->state == CONNECTING) {
		getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &err, &len);
		if (err || events & EPOLLERR) {
			tap_log("slot %u: connect: %s", s->num, strerror(err));
			c->closed(s);
			return;
		}
		c->connected(s);
		return;
	}
	while (s->fd >= 0) {
		if (!receive(s, &closed)) {
			if (closed)
				c->closed(s);
			return;
		}
		if ((s->bhs[0] & 0x3f) == OP_LOGIN_RSP)
			c->answered(s);
		else if ((s->bhs[0] & 0x3f) == OP_NOP_IN && get32(s->bhs + 20) != NO_TAG)
			pong(s);
	}
}

static void turn(const struct crowd *c, int ms)
{
	struct epoll_event ev[256];
	int n = epoll_wait(ep, ev, 256, ms);

	for (int i = 0; i < n; i++) {
		struct slot *s = ev[i].data.ptr;

		if (s->fd >= 0)
			on_event(c, s, ev[i].events);
	}
	CK(tap_clock() < tap_deadline(), "time is over");
}

/* Opens all, in bursts which the backlog can take. */
static void open_all(const struct crowd *c, unsigned int *count)
{
	for (unsigned int i = 0; i < opt.n && !stop; i++) {
		dial(&slots[i]);
		while (i + 1 - *count - n_failed > opt.parallel && !stop)
			turn(c, 100);
	}
	while (*count + n_failed < opt.n && !stop)
		turn(c, 100);
}

/* ---- silent: say STORM_BYTES bytes and wait for what comes ---- */

static void silent_connected(struct slot *s)
{
	s->state = SILENT;
	send_login(s);
	n_open++;
}

static void silent_closed(struct slot *s)
{
	hang_up(s, false);
	n_closed++;
}

static void nothing(struct slot *s)
{
	(void)s;
}

static const struct crowd silent_crowd = { silent_connected, nothing, silent_closed };

static void say_left(void)
{
	unsigned int n = 0, first = 0;

	for (unsigned int i = opt.n; i--;)
		if (slots[i].fd >= 0) {
			first = i;
			n++;
		}
	tap_diag("left: %u, the first is %u", n, first);
}

static void silent(const void *arg)
{
	(void)arg;
	begin();
	open_all(&silent_crowd, &n_open);
	tap_diag("open: %u", n_open);
	ready();
	while (!stop && n_closed < opt.n)
		turn(&silent_crowd, 100);
	tap_diag("closed: %u", n_closed);
	say_left();
}

/* ---- logins: STORM_N of them, STORM_PARALLEL at a time ---- */

static void login_connected(struct slot *s)
{
	s->state = LOGGING_IN;
	send_login(s);
}

static void login_answered(struct slot *s)
{
	unsigned int status = get16(s->bhs + 36);

	if (status) {
		statuses[status & 0xfff]++;
		n_failed++;
	} else {
		took[n_done++] = tap_clock() - s->start;
	}
	hang_up(s, false);
}

static void login_closed(struct slot *s)
{
	n_failed++;
	hang_up(s, false);
}

static const struct crowd login_crowd = { login_connected, login_answered, login_closed };

static void say_statuses(void)
{
	for (unsigned int i = 0; i < 0x1000; i++)
		if (statuses[i])
			tap_diag("status %04x: %u", i, statuses[i]);
}

static void logins(const void *arg)
{
	int64_t start;

	(void)arg;
	begin();
	start = tap_clock();
	open_all(&login_crowd, &n_done);
	say_times("logins", n_done);
	say_statuses();
	tap_diag("all: %lld ms", (long long)(tap_clock() - start));
	CK(!n_failed, "%u of %u logins failed", n_failed, opt.n);
}

/* ---- retry: initiators which do not take no for an answer ---- */

static int64_t longest;

static void retry_answered(struct slot *s)
{
	if (tap_clock() - s->start > longest)
		longest = tap_clock() - s->start;
	statuses[get16(s->bhs + 36) & 0xfff]++;
	hang_up(s, false);
	dial(s);
}

static void retry_closed(struct slot *s)
{
	n_closed++;
	hang_up(s, false);
	dial(s);
}

static const struct crowd retry_crowd = { login_connected, retry_answered, retry_closed };

static void retry(const void *arg)
{
	int64_t end;

	(void)arg;
	begin();
	for (unsigned int i = 0; i < opt.n; i++)
		dial(&slots[i]);
	ready();
	end = tap_clock() + opt.ms;
	while (!stop && tap_clock() < end)
		turn(&retry_crowd, 100);
	tap_diag("attempts: %u", n_attempts);
	tap_diag("longest: %lld ms", (long long)longest);
	tap_diag("closed: %u", n_closed);
	say_statuses();
}

/* ---- sit: sessions that stay, and come back when they are thrown out ---- */

static int64_t last_in, first_out;
static unsigned int n_lost;

static void sit_answered(struct slot *s)
{
	unsigned int status = get16(s->bhs + 36);

	if (status) {
		statuses[status & 0xfff]++;
		hang_up(s, false);
		s->due = tap_clock() + opt.ms;
		return;
	}
	s->state = IN;
	s->statsn = get32(s->bhs + 24) + 1;
	n_in++;
	last_in = tap_clock();
}

static void sit_closed(struct slot *s)
{
	if (s->state == IN) {
		n_in--;
		n_lost++;
		if (!first_out)
			first_out = tap_clock();
	}
	hang_up(s, false);
	s->due = tap_clock() + opt.ms;
}

static const struct crowd sit_crowd = { login_connected, sit_answered, sit_closed };

static void redial(void)
{
	for (unsigned int i = 0; i < opt.n; i++)
		if (slots[i].fd < 0 && slots[i].due <= tap_clock())
			dial(&slots[i]);
}

static void sit(const void *arg)
{
	unsigned int told = 0;

	(void)arg;
	begin();
	open_all(&sit_crowd, &n_in);
	tap_diag("in: %u", n_in);
	ready();
	while (!stop) {
		turn(&sit_crowd, 20);
		if (n_in < opt.n)
			redial();
		else if (n_lost > told) {
			tap_diag("back: %u of %u, the last %lld ms after the first loss", n_in,
				 n_lost, (long long)(last_in - first_out));
			fflush(stdout);
			told = n_lost;
			first_out = 0;
		}
	}
	tap_diag("in: %u lost: %u", n_in, n_lost);
	say_statuses();
}

/* ---- bad: whatever is not a login ---- */

static void bad_connected(struct slot *s)
{
	static const char *const junk[] = {
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"SSH-2.0-scan\r\n", "\x43", "",
	};
	const char *b = junk[s->num % ARRAY_SIZE(junk)];
	uint8_t noise[96];

	s->state = LOGGING_IN;
	if (s->num % 7 == 0) {
		send_login(s);
		return;
	}
	if (s->num % 7 == 1) {
		fill(noise, sizeof(noise), s->num);
		b = (char *)noise;
		send(s->fd, noise, sizeof(noise), MSG_NOSIGNAL);
	} else if (*b) {
		send(s->fd, b, strlen(b), MSG_NOSIGNAL);
	}
	n_done++;
	hang_up(s, s->num % 2);
}

static void bad_answered(struct slot *s)
{
	statuses[get16(s->bhs + 36) & 0xfff]++;
	n_done++;
	hang_up(s, true);
}

static void bad_closed(struct slot *s)
{
	n_done++;
	n_closed++;
	hang_up(s, false);
}

static const struct crowd bad_crowd = { bad_connected, bad_answered, bad_closed };

static void bad(const void *arg)
{
	int64_t start;

	(void)arg;
	begin();
	start = tap_clock();
	open_all(&bad_crowd, &n_done);
	tap_diag("bad: %u in %lld ms", n_done, (long long)(tap_clock() - start));
	say_statuses();
}

/* ---- drip: logins of one byte a segment ---- */

static void drip(const void *arg)
{
	uint8_t **b;
	size_t len, max = 0, *lens;

	(void)arg;
	begin();
	b = tap_alloc(opt.n * sizeof(*b));
	lens = tap_alloc(opt.n * sizeof(*lens));
	for (unsigned int i = 0; i < opt.n; i++) {
		dial(&slots[i]);
		b[i] = login_bytes(&slots[i], &len);
		lens[i] = len;
		max = len > max ? len : max;
	}
	usleep(100000);
	for (size_t k = 0; k < max; k++) {
		for (unsigned int i = 0; i < opt.n; i++)
			if (k < lens[i])
				CK(send(slots[i].fd, b[i] + k, 1, MSG_NOSIGNAL) == 1,
				   "byte %zu of connection %u: %s", k, i, strerror(errno));
		usleep(opt.ms * 1000);
	}
	for (unsigned int i = 0; i < opt.n; i++) {
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &slots[i] };

		slots[i].state = LOGGING_IN;
		epoll_ctl(ep, EPOLL_CTL_MOD, slots[i].fd, &ev);
	}
	while (n_done + n_failed < opt.n)
		turn(&login_crowd, 100);
	say_times("logins", n_done);
	CK(!n_failed, "%u of %u failed", n_failed, opt.n);
}

/* ---- stuck: sessions with commands that wait for their disk ---- */

static struct conn *stuck_session(unsigned int i)
{
	const char *ini = tap_fmt(BASE "storm%u", i);
	struct conn *c = login_new(&(struct login_opts){ .session = "Normal",
							 .initiator = ini });
	unsigned int lun;

	for (lun = 0; lun < opt.luns; lun++)
		scsi_settle(c, lun);
	if (opt.fence) {
		scsi_good(c, scsi_pr_out(0, PR_REGISTER_IGNORE, 0, 1 + i));
		/* core aborts nothing if there is no reservation */
		if (!i)
			scsi_good(c, scsi_pr_out(0, PR_RESERVE, 1, 0));
	}
	return c;
}

static void wait_term(void)
{
	while (!stop && tap_clock() < tap_deadline())
		usleep(50000);
}

/*
 * When @file comes: the LUN of that number is another one by now. A reset of it has nothing
 * to do with the old one's commands, and it can be read.
 */
static void stuck_reset(struct conn *c, const char *file)
{
	static const uint8_t tur[6];

	while (file && access(file, F_OK) && !stop)
		usleep(20000);
	if (!file || stop)
		return;
	tap_diag("reset: %d", tmf(c, TMF_LUN_RESET, 0, NO_TAG, 0));
	fflush(stdout);
	for (int i = 0; i < 8; i++)
		scsi_run(c, scsi_new(0, tur, 6));	/* unit attentions */
	scsi_good(c, scsi_rw(false, 0, 0, 8));
	tap_diag("read");
	fflush(stdout);
}

/*
 * Says "# ready" when all are in, and waits for the file STORM_GO before it sends the
 * commands; "# stuck" when they are on their way.
 */
static void stuck(const void *arg)
{
	const char *go = getenv("STORM_GO");
	struct conn **c;

	(void)arg;
	begin();
	c = tap_alloc(opt.n * sizeof(*c));
	for (unsigned int i = 0; i < opt.n; i++)
		c[i] = stuck_session(i);
	ready();
	while (go && access(go, F_OK) && !stop)
		usleep(20000);
	for (unsigned int i = 0; i < opt.n; i++)
		for (unsigned int k = 0; k < opt.depth; k++) {
			struct scsi *s = scsi_rw(k & 1, k % opt.luns,
						 (i * opt.depth + k) * 8 % 16384, 8);

			if (s->write)
				scsi_imm(s, s->edtl);
			scsi_send(c[i], s);
		}
	for (unsigned int i = 0; opt.owe && i < opt.n; i++) {
		struct scsi *s = scsi_rw(true, 0, 0, 8), *late = scsi_rw(true, 0, 20000, 8);

		s->manual_r2t = true;
		scsi_send(c[i], s);
		late->attr = 2;		/* ORDERED: behind all that the disk has */
		scsi_imm(late, late->edtl);
		scsi_send(c[i], late);
	}
	for (unsigned int i = 0; opt.fence && i < opt.n; i++)
		scsi_send(c[i], scsi_pr_out(0, PR_PREEMPT_ABORT, 1 + i,
					       1 + (i + opt.n - 1) % opt.n));
	tap_diag("stuck");
	fflush(stdout);
	stuck_reset(c[0], getenv("STORM_RESET"));
	wait_term();
}

/* ---- deaf: ask for much and don't read it; with STORM_BYTES go on talking ---- */

static void chatter(struct conn *c)
{
	size_t len;
	uint8_t *b = pdu_bytes(nop_pdu(c, NO_TAG, NO_TAG, true), false, false, &len);

	if (!c->eof && send(c->fd, b, len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)len)
		c->eof = true;
}

static void deaf(const void *arg)
{
	int small = 2304;
	struct scsi **s;
	struct conn **c;

	(void)arg;
	begin();
	c = tap_alloc(opt.n * sizeof(*c));
	s = tap_alloc(opt.n * opt.depth * sizeof(*s));
	for (unsigned int i = 0; i < opt.n; i++) {
		c[i] = login_new(&(struct login_opts){ .session = "Normal",
				 .initiator = tap_fmt(BASE "storm%u", i) });
		scsi_settle(c[i], 0);
		/* so small that TCP drops what comes, and is slow to try again */
		if (!opt.wake)
			setsockopt(c[i]->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
		for (unsigned int k = 0; k < opt.depth; k++) {
			s[i * opt.depth + k] = scsi_rw(false, 0, k * 8 % 1024, 512);
			scsi_send(c[i], s[i * opt.depth + k]);
		}
	}
	ready();
	while (opt.bytes && !stop && tap_clock() < tap_deadline()) {
		for (unsigned int i = 0; i < opt.n; i++)
			chatter(c[i]);
		usleep(500000);
	}
	wait_term();
	for (unsigned int k = 0; opt.wake && k < opt.n * opt.depth; k++) {
		scsi_wait(c[k / opt.depth], s[k]);
		CK_EQ(s[k]->status, 0, "the status of a read");
		CK_EQ(s[k]->in_len, 512 * 512, "what was read");
	}
	if (opt.wake)
		tap_diag("heard: %u", opt.n * opt.depth);
	for (unsigned int i = 0; i < opt.n; i++)
		conn_rst(c[i]);
}

/* ---- unread: discovery sessions ask for what is rejected, and read no Reject ---- */

static void ask_until_stuck(struct conn *c, const uint8_t *b, size_t len)
{
	int64_t moved = tap_clock();
	size_t at = 0;

	while (!stop && tap_clock() - moved < 500) {
		ssize_t n = send(c->fd, b + at, len - at, MSG_NOSIGNAL | MSG_DONTWAIT);

		CK(n > 0 || errno == EAGAIN, "send: %s", strerror(errno));
		if (n > 0) {
			at = (at + n) % len;
			moved = tap_clock();
		} else {
			usleep(10000);
		}
	}
}

static void unread(const void *arg)
{
	struct conn **c = tap_alloc(opt.n * sizeof(*c));
	uint8_t asked[64 * 48];
	int small = 65536;

	(void)arg;
	tap_limit(opt.limit * 1000);
	for (unsigned int i = 0; i < opt.n; i++) {
		c[i] = login_discovery();
		/* what waits at our end is not meant */
		setsockopt(c[i]->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
		for (size_t at = 0; at < sizeof(asked); at += 48)
			memcpy(asked + at, tmf_pdu(c[i], TMF_LUN_RESET, 0, NO_TAG, 0, true)->bhs, 48);
		ask_until_stuck(c[i], asked, sizeof(asked));
	}
	ready();
	wait_term();
	for (unsigned int i = 0; i < opt.n; i++)
		conn_rst(c[i]);
}

/* ---- discover: one discovery of all there are ---- */

static void discover(const void *arg)
{
	struct conn *c = login_discovery();
	int64_t start = tap_clock();
	unsigned int n = 0;
	struct pdu *p;
	size_t len;
	char *all;

	(void)arg;
	tap_limit(opt.limit * 1000);
	p = text_all(c, "SendTargets=All\n", &all, &len);
	CK_EQ(PDU_OP(p), OP_TEXT_RSP, "the answer's opcode");
	for (char *s = all; s < all + len; s += strlen(s) + 1)
		n += !strncmp(s, "TargetName=", strlen("TargetName="));
	tap_diag("targets: %u, %zu bytes, %lld ms", n, len, (long long)(tap_clock() - start));
}

/* ---- lurk: discovery sessions which ask for nothing ---- */

static void lurk(const void *arg)
{
	struct conn **c = tap_alloc(opt.n * sizeof(*c));
	unsigned int n = 0, first = 0;

	(void)arg;
	tap_limit(opt.limit * 1000);
	for (unsigned int i = 0; i < opt.n; i++)
		c[i] = login_discovery();
	ready();
	wait_term();
	for (unsigned int i = opt.n; i--;) {
		pdu_recv_ms(c[i], 100);
		if (!c[i]->eof) {
			first = i;
			n++;
		}
	}
	tap_diag("left: %u, the first is %u", n, first);
}

static const struct tap_case cases[] = {
	{ "6.3", "silent: connections which say a part of a login", silent },
	{ "6.3", "logins: many at a time", logins },
	{ "11.13.5", "retry: refused and back at once", retry },
	{ "6.3", "sit: sessions which come back", sit },
	{ "6.3", "bad: whatever is not a login", bad },
	{ "6.3", "drip: logins byte by byte", drip },
	{ "4.2.2.1", "stuck: commands which wait for their disk", stuck },
	{ "7.14", "deaf: reads whose data nobody takes", deaf },
	{ "7.14", "unread: Rejects which nobody takes", unread },
	{ "C", "discover: one discovery of all targets", discover },
	{ "7.4.3", "lurk: discovery sessions which ask for nothing", lurk },
};

int main(int argc, char **argv)
{
	char name[32];

	if (argc != 2) {
		fprintf(stderr, "usage: raw-storm silent|logins|retry|sit|bad|drip|stuck|deaf|unread|discover|lurk\n");
		return 2;
	}
	env_init();
	opt = (struct opt){
		.n = number("STORM_N", 100), .parallel = number("STORM_PARALLEL", 50),
		.bytes = number("STORM_BYTES", 0), .targets = number("STORM_TARGETS", 0),
		.luns = number("STORM_LUNS", 1), .depth = number("STORM_DEPTH", 16),
		.sources = number("STORM_SOURCES", 200), .ms = number("STORM_MS", 100),
		.fence = number("STORM_FENCE", 0), .owe = number("STORM_OWE", 0),
		.wake = number("STORM_WAKE", 0),
		.limit = number("STORM_LIMIT", 120),
	};
	/* not from tap_alloc(), whose memory goes with each case */
	snprintf(name, sizeof(name), "%s:", argv[1]);
	argv[1] = name;
	return tap_main(cases, ARRAY_SIZE(cases), argc, argv);
}
