// SPDX-License-Identifier: GPL-2.0
/* Batches out, answers in; what a PDU looks like is the protocol's business. */
#include "load.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define LOWAT_MAX	(128 * 1024)
#define SAMPLES		1024
#define CRC_CACHE	4096

struct counters cnt;

static enum phase phase;
static const struct proto *proto;
static struct sess *sessions;
static unsigned int nsess, live;	/* commands outstanding, of all sessions */
static struct counters base;
static double base_us;
static uint64_t phase_start, next_seq, nth;
static uint64_t samples[SAMPLES], nsamples, replayed;
static unsigned int nproc_index;

/* ---- what to send --------------------------------------------------------- */

uint8_t *tx_hdr(struct sess *s, size_t len)
{
	uint8_t *h = s->hdr + s->hdr_used;

	s->hdr_used += len;
	tx_iov(s, h, len);
	return h;
}

void tx_iov(struct sess *s, const void *p, size_t len)
{
	struct iovec *last = s->niov ? &s->iov[s->niov - 1] : NULL;

	if (last && (uint8_t *)last->iov_base + last->iov_len == p) {
		last->iov_len += len;
		return;
	}
	s->iov[s->niov++] = (struct iovec){ (void *)p, len };
}

bool tx_room(const struct sess *s, unsigned int pdus)
{
	return s->niov + 3 * pdus <= MAX_IOV &&
	       s->hdr_used + HDR_MAX * pdus <= HDR_ARENA;
}

void tx_pend(struct sess *s, const struct pend *p)
{
	if (s->ptail - s->phead == 2 * MAX_DEPTH)
		die("the target asks for more than there is");
	s->pend[s->ptail++ % (2 * MAX_DEPTH)] = *p;
}

const uint8_t *out_data(const struct slot *sl, uint32_t off)
{
	return (sl->wbuf ? sl->wbuf : pattern) + off;
}

uint32_t out_crc(const struct slot *sl, uint32_t off, uint32_t len)
{
	static struct { uint32_t off, len, crc; } cache[CRC_CACHE];
	unsigned int i = (off / 512 + len) % CRC_CACHE;

	if (sl->wbuf)
		return crc32c(0, sl->wbuf + off, len);
	if (cache[i].off != off || cache[i].len != len) {
		cache[i].off = off;
		cache[i].len = len;
		cache[i].crc = crc32c(0, pattern + off, len);
	}
	return cache[i].crc;
}

/* Whether another command is wanted at all. */
static bool wanted(void)
{
	switch (phase) {
	case PH_FILL:
		return next_seq + opt.bs <= opt.range;
	case PH_READBACK:
		return replayed < nsamples && replayed < SAMPLES;
	case PH_DRAIN:
		return false;
	default:
		return true;
	}
}

static void choose(struct slot *sl)
{
	uint64_t blocks = opt.range / opt.bs, r;

	sl->got = 0;
	sl->check = false;
	sl->write = phase == PH_FILL;
	if (phase == PH_FILL) {
		sl->off = next_seq;
		next_seq += opt.bs;
	} else if (phase == PH_READBACK) {
		sl->off = samples[replayed++];
		sl->check = true;
	} else {
		r = opt.read_pct == 100 && opt.sequential ? 0 : rnd();
		if (opt.read_pct < 100)
			sl->write = (r >> 40) % 100 >= opt.read_pct;
		sl->off = (opt.sequential ? next_seq++ % blocks : (r & 0xffffffff) *
			   blocks >> 32) * opt.bs;
		if (opt.verify && ++nth % opt.verify == 0) {
			sl->check = !sl->write;
			if (sl->write)
				samples[nsamples++ % SAMPLES] = sl->off;
		}
	}
	if (sl->write && sl->wbuf)
		stamp(sl->wbuf, sl->off, opt.bs);
}

static bool put_cmds(struct sess *s)
{
	unsigned int pdus = 1 + (s->first_burst < opt.bs ? s->first_burst : opt.bs) /
		s->tgt_mrdsl + 1;
	uint64_t now = ticks();
	bool any = false;

	s->window_full = false;
	while (s->nfree && wanted() && tx_room(s, pdus)) {
		unsigned int i = s->free[s->nfree - 1];
		struct slot *sl = &s->slots[i];

		if (sn_window_full(s)) {
			s->window_full = true;
			cnt.windows++;
			break;
		}
		choose(sl);
		proto->put_cmd(s, i);
		sl->busy = true;
		sl->t0 = now;
		s->nfree--;
		live++;
		any = true;
	}
	if (any)
		s->freed = 0;
	return any;
}

static bool fill(struct sess *s)
{
	bool any = false;

	while (s->phead != s->ptail && tx_room(s, 1)) {
		any = true;
		if (!proto->put_pend(s, &s->pend[s->phead % (2 * MAX_DEPTH)]))
			return true;
		s->phead++;
	}
	return put_cmds(s) || any;
}

/* false: the socket takes no more for now */
static bool flush(struct sess *s)
{
	while (s->cur < s->niov) {
		struct msghdr msg = { .msg_iov = s->iov + s->cur,
				      .msg_iovlen = s->niov - s->cur };
		ssize_t n = sendmsg(s->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);

		cnt.sends++;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n < 0)
			die("session %u: send: %s", s->index, strerror(errno));
		for (; n; s->cur++) {
			struct iovec *v = &s->iov[s->cur];

			if ((size_t)n < v->iov_len) {
				v->iov_base = (uint8_t *)v->iov_base + n;
				v->iov_len -= n;
				break;
			}
			n -= v->iov_len;
		}
	}
	s->cur = 0;
	s->niov = 0;
	s->hdr_used = 0;
	return true;
}

static bool unsent(const struct sess *s)
{
	return s->cur < s->niov;
}

static void pump(struct sess *s)
{
	do {
		if (!flush(s))
			return;
	} while (fill(s));
}

/* ---- what came ------------------------------------------------------------ */

struct slot *slot_of(struct sess *s, uint32_t tag)
{
	if (tag >= opt.depth || !s->slots[tag].busy)
		die("session %u: an answer to tag 0x%x, which is not outstanding",
		    s->index, tag);
	return &s->slots[tag];
}

void slot_done(struct sess *s, uint32_t tag)
{
	struct slot *sl = slot_of(s, tag);

	if (!sl->write && sl->got != opt.bs)
		io_error("a read of %u bytes brought %u", opt.bs, sl->got);
	sl->busy = false;
	s->free[s->nfree++] = tag;
	s->freed++;
	live--;
	cnt.ios++;
	cnt.bytes += opt.bs;
	cnt.checked += sl->check;
	if (phase == PH_RUN)
		hist_add(ticks() - sl->t0);
}

/* @behind: bytes of digest and padding. */
void expect_payload(struct sess *s, struct slot *sl, uint32_t off, uint32_t len,
		    uint32_t behind)
{
	s->in_payload = true;
	s->skip = len;
	s->check = sl && sl->check ? sl : NULL;
	s->check_off = off;
	s->crc = 0;
	s->has_crc = s->check && s->ddgst;
	if (!s->has_crc)
		s->skip += behind;
	if (sl) {
		if (off != sl->got || off + len > opt.bs)
			io_error("data at %u after %u bytes", off, sl->got);
		sl->got += len;
	}
}

static void look_at(struct sess *s, size_t n)
{
	const uint8_t *b = s->buf + s->head;

	if (!stamped(b, s->check->off + s->check_off, n))
		io_error("wrong data at %llu",
			 (unsigned long long)(s->check->off + s->check_off));
	if (s->has_crc)
		s->crc = crc32c(s->crc, b, n);
	s->check_off += n;
}

static bool payload(struct sess *s)
{
	size_t n = s->tail - s->head;

	if (n > s->skip)
		n = s->skip;
	if (s->check && n)
		look_at(s, n);
	s->head += n;
	s->skip -= n;
	if (s->skip)
		return false;
	if (s->has_crc) {
		if (s->tail - s->head < 4)
			return false;
		if (le32(s->buf + s->head) != s->crc)
			io_error("wrong data digest");
		s->head += 4;
	}
	s->in_payload = false;
	if (s->done_after)
		slot_done(s, s->done_tag);
	s->done_after = false;
	return true;
}

static void parse(struct sess *s)
{
	while (s->in_payload ? payload(s) : proto->parse_hdr(s))
		;
	if (s->head == s->tail) {
		s->head = 0;
		s->tail = 0;
	} else if (s->head) {
		memmove(s->buf, s->buf + s->head, s->tail - s->head);
		s->tail -= s->head;
		s->head = 0;
	}
}

/* false: nothing there (with @wait: an error after TIMEOUT_S) */
static bool receive(struct sess *s, bool wait)
{
	bool discard = s->in_payload && s->skip >= DISCARD_MIN && !s->check &&
		opt.bs >= opt.discard;
	int flags = wait ? 0 : MSG_DONTWAIT;
	ssize_t n;

	cnt.recvs++;
	if (discard)
		n = recv(s->fd, NULL, s->skip, flags | MSG_TRUNC);
	else
		n = recv(s->fd, s->buf + s->tail, s->buf_len - s->tail, flags);
	if (!n)
		die("session %u: the target has closed", s->index);
	if (n < 0 && errno == EINTR)
		return true;
	if (n < 0 && errno == EAGAIN) {
		if (wait)
			die("session %u: no answer for %d s", s->index, TIMEOUT_S);
		return false;
	}
	if (n < 0)
		die("session %u: recv: %s", s->index, strerror(errno));
	if (discard)
		s->skip -= n;
	else
		s->tail += n;
	parse(s);
	return true;
}

/* ---- phases --------------------------------------------------------------- */

static double cpu_us(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1e6 +
	       ru.ru_utime.tv_usec + ru.ru_stime.tv_usec;
}

static void run_begins(void)
{
	phase = PH_RUN;
	phase_start = ticks();
	base = cnt;
	base_us = cpu_us();
	if (opt.procs == 1)
		global_start();
}

static void run_ends(void)
{
	struct result *r = &shared->res[nproc_index];
	const uint64_t *c = (uint64_t *)&cnt, *b = (uint64_t *)&base;
	uint64_t *to = (uint64_t *)&r->c;

	if (opt.procs == 1)
		global_end();
	for (unsigned int i = 0; i < sizeof(cnt) / 8; i++)
		to[i] = c[i] - b[i];
	r->client_us = cpu_us() - base_us;
	phase = PH_DRAIN;
}

static bool over(double seconds, uint64_t count, uint64_t done)
{
	if (opt.procs > 1)
		return false;
	return count ? done >= count :
		ticks() - phase_start >= seconds * shared->tps;
}

static void tick(void)
{
	if (phase == PH_WARM &&
	    (shared->state == PH_RUN || over(opt.warm, opt.warm_count, cnt.ios - base.ios)))
		run_begins();
	if (phase == PH_RUN &&
	    (shared->state == PH_DRAIN || over(opt.seconds, opt.count, cnt.ios - base.ios)))
		run_ends();
}

/* Sleeping until half the queue has come is what a good initiator would do. */
static void set_lowat(struct sess *s, bool on)
{
	bool whole = s->imm_ok && opt.bs <= s->first_burst && opt.bs <= s->tgt_mrdsl;
	uint64_t len = 1;
	int v;

	if (on && opt.depth >= 2 * opt.batch && opt.batch > 1 && !s->window_full &&
	    (opt.read_pct == 100 || (!opt.read_pct && whole)))
		len = (uint64_t)opt.batch * (16 + (opt.read_pct ? opt.bs : 0));
	v = len > LOWAT_MAX ? LOWAT_MAX : len;
	if (v == s->lowat)
		return;
	s->lowat = v;
	if (setsockopt(s->fd, SOL_SOCKET, SO_RCVLOWAT, &v, sizeof(v)))
		die("SO_RCVLOWAT: %s", strerror(errno));
}

static void wait_io(struct sess *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN | POLLOUT };

	if (poll(&p, 1, TIMEOUT_S * 1000) == 0)
		die("the target takes no data for %d s", TIMEOUT_S);
}

static void loop_one(struct sess *s)
{
	pump(s);
	while (live || unsent(s) || wanted()) {
		if (s->window_full || phase == PH_DRAIN)
			set_lowat(s, false);
		if (unsent(s)) {
			wait_io(s);
			receive(s, false);
		} else {
			receive(s, true);
		}
		tick();
		if (s->freed < opt.batch && s->phead == s->ptail && live && !unsent(s) &&
		    !s->window_full)
			continue;
		pump(s);
	}
}

static void want_out(int ep, struct sess *s)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = s };

	if (s->want_out == unsent(s))
		return;
	s->want_out = unsent(s);
	if (s->want_out)
		ev.events |= EPOLLOUT;
	epoll_ctl(ep, EPOLL_CTL_MOD, s->fd, &ev);
}

static void loop_ready(int ep, struct sess *s, uint32_t events)
{
	if (events & ~(uint32_t)EPOLLOUT)
		receive(s, false);
	if (s->freed >= opt.batch || s->phead != s->ptail || unsent(s) ||
	    s->window_full || s->nfree == opt.depth)
		pump(s);
	want_out(ep, s);
}

static void loop_many(int ep)
{
	struct epoll_event ev[64];

	for (unsigned int i = 0; i < nsess; i++) {
		pump(&sessions[i]);
		want_out(ep, &sessions[i]);
	}
	while (live) {
		int n = epoll_wait(ep, ev, 64, TIMEOUT_S * 1000);

		if (!n)
			die("no answer for %d s", TIMEOUT_S);
		for (int i = 0; i < n; i++)
			loop_ready(ep, ev[i].data.ptr, ev[i].events);
		tick();
	}
}

static int make_epoll(void)
{
	int ep = epoll_create1(0);

	for (unsigned int i = 0; i < nsess; i++) {
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &sessions[i] };

		if (epoll_ctl(ep, EPOLL_CTL_ADD, sessions[i].fd, &ev))
			die("epoll: %s", strerror(errno));
	}
	return ep;
}

static void run_phase(enum phase which, int ep)
{
	phase = which;
	phase_start = ticks();
	base = cnt;
	for (unsigned int i = 0; i < nsess; i++)
		set_lowat(&sessions[i], which == PH_WARM && nsess == 1);
	if (nsess == 1)
		loop_one(&sessions[0]);
	else
		loop_many(ep);
}

static void sess_init(struct sess *s)
{
	s->slots = calloc(opt.depth, sizeof(*s->slots));
	s->free = calloc(opt.depth, sizeof(*s->free));
	s->hdr = malloc(HDR_ARENA);
	s->buf_len = opt.bs >= opt.discard && opt.read_pct ? 2048 : 262144;
	s->buf = malloc(s->buf_len);
	if (!s->slots || !s->free || !s->hdr || !s->buf)
		die("out of memory");
	for (unsigned int i = 0; i < opt.depth; i++) {
		s->free[s->nfree++] = opt.depth - 1 - i;
		if (!opt.verify)
			continue;
		s->slots[i].wbuf = malloc(opt.bs);
		if (!s->slots[i].wbuf)
			die("out of memory");
	}
}

void engine_run(struct sess *s, unsigned int n, unsigned int proc)
{
	int ep = -1;

	sessions = s;
	nsess = n;
	nproc_index = proc;
	hist = shared->res[proc].hist;
	proto = opt.nvme ? &nvme_proto : &iscsi_proto;
	rnd_seed(proc);
	for (unsigned int i = 0; i < n; i++) {
		sess_init(&s[i]);
		proto->open(&s[i]);
	}
	if (n > 1)
		ep = make_epoll();
	if (opt.verify)
		run_phase(PH_FILL, ep);
	next_seq = 0;
	__atomic_add_fetch(&shared->ready, 1, __ATOMIC_SEQ_CST);
	run_phase(PH_WARM, ep);
	shared->res[proc].c.checked = 0;
	if (nsamples)
		run_phase(PH_READBACK, ep);
	shared->res[proc].c.checked = cnt.checked;
	shared->res[proc].c.errors = cnt.errors;
	for (unsigned int i = 0; i < n; i++)
		proto->close(&s[i]);
}
