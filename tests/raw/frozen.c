// SPDX-License-Identifier: GPL-2.0
/*
 * A disk that does not answer, under initiators which behave like those of Linux,
 * ESXi, Windows and a cluster. LUN 0 of the target is the frozen disk, behind the
 * device-mapper device FROZEN_DM; LUN 1 is a RAM disk, and so is LUN 0 of the
 * target "live". What initiators do after 60 seconds they do after two here.
 */
#include "raw.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sys/socket.h>

#define BUSY		0x08
#define ORDERED		2	/* ATTR */
#define IQN_LIVE	BASE "live"
#define LUN_DEAD	0
#define LUN_LIVE	1
#define AGAIN_MS	1000	/* an initiator is logged in again */
#define PATIENCE_MS	1000	/* any other answer */
#define NOISE_MS	50	/* a busy host and a late ACK; a wait for a disk is seconds */
#define STUCK		24	/* commands; the window has 64 */
#define SAMPLES		60

static bool frozen;
static unsigned int lba;

/* ---- the disk ---- */

static void dm(const char *what)
{
	const char *name = getenv("FROZEN_DM");

	CK(!system(tap_fmt("dmsetup %s %s >/dev/null", what, name ? name : "dying")),
	   "dmsetup %s failed", what);
}

static void thaw(void)
{
	if (frozen)
		dm("resume");
	frozen = false;
}

static void thaw_at_end(void *arg)
{
	(void)arg;
	thaw();
}

static void freeze(void)
{
	/* what is in the page cache would be answered all the same */
	cfg_write("/proc/sys/vm/drop_caches", "1");
	dm("suspend --noflush --nolockfs");
	frozen = true;
	tap_defer(thaw_at_end, NULL);
}

/* ---- who is there ---- */

static bool in_d(int pid)
{
	char stat[512], *p;
	FILE *f = fopen(tap_fmt("/proc/%d/stat", pid), "r");

	if (!f)
		return false;
	p = fgets(stat, sizeof(stat), f);
	fclose(f);
	p = p ? strrchr(stat, ')') : NULL;
	return p && p[1] && p[2] == 'D';
}

/* Does the kernel stack of @pid have a function of the module? */
static bool is_ours(int pid)
{
	FILE *f = fopen(tap_fmt("/proc/%d/stack", pid), "r");
	char line[256];
	bool ours = false;

	while (f && fgets(line, sizeof(line), f))
		ours |= strstr(line, "[tcm_iscsi]") || strstr(line, "[iscsi_target_mod]");
	if (f)
		fclose(f);
	return ours;
}

static const char *comm(int pid)
{
	FILE *f = fopen(tap_fmt("/proc/%d/comm", pid), "r");
	char *s = tap_alloc(64);

	if (f) {
		if (fgets(s, 64, f))
			s[strcspn(s, "\n")] = 0;
		fclose(f);
	}
	return s;
}

/* Calls @fn for each process. */
static unsigned int each_task(bool (*fn)(int pid))
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	unsigned int n = 0;

	while (d && (e = readdir(d)))
		if (atoi(e->d_name) > 0)
			n += fn(atoi(e->d_name));
	if (d)
		closedir(d);
	return n;
}

static bool is_thread(int pid)
{
	const char *name = comm(pid);

	return !strncmp(name, "tcmi_", 5) || !strncmp(name, "iscsi_t", 7);
}

static bool thread_in_d(int pid)
{
	if (!is_thread(pid) || !in_d(pid))
		return false;
	tap_diag("%s (%d) is in D", comm(pid), pid);
	return true;
}

/* Workers which wait below the module; those may only wait in a backend. */
static bool worker_in_d(int pid)
{
	return in_d(pid) && !is_thread(pid) && is_ours(pid);
}

static bool core_in_d(int pid)
{
	FILE *f;
	char line[256];
	bool core = false;

	if (!in_d(pid) || is_ours(pid))
		return false;
	f = fopen(tap_fmt("/proc/%d/stack", pid), "r");
	while (f && fgets(line, sizeof(line), f))
		core |= !!strstr(line, "[target_core_mod]");
	if (f)
		fclose(f);
	return core;
}

/* Until as many connections have a thread as are open here. */
static void threads_end(unsigned int want)
{
	int64_t end = tap_clock() + 60000;

	while (each_task(is_thread) > want) {
		CK(tap_clock() < end, "%u threads are left, %u connections are open",
		   each_task(is_thread), want);
		usleep(50000);
	}
}

/* ---- initiators ---- */

static void within(int64_t start, int ms, const char *what)
{
	CK(tap_clock() - start < ms, "%s took %lld ms", what,
	   (long long)(tap_clock() - start));
}

static struct {
	uint32_t itt;
	struct scsi *s;
} aborts[1024];
static unsigned int n_aborts, n_answers;

static void abort_it(struct conn *c, struct scsi *s)
{
	struct pdu *p = tmf_pdu(c, TMF_ABORT_TASK, LUN_DEAD, s->itt, s->cmdsn, true);

	aborts[n_aborts % ARRAY_SIZE(aborts)].itt = PDU_ITT(p);
	aborts[n_aborts++ % ARRAY_SIZE(aborts)].s = s;
	pdu_send(c, p);
}

/* No status may come for a task once its abort has been answered. */
static void on_abort(struct conn *c, struct pdu *p)
{
	n_answers++;
	for (unsigned int i = 0; i < ARRAY_SIZE(aborts) && i < n_aborts; i++)
		if (aborts[i].itt == PDU_ITT(p) && !aborts[i].s->done)
			scsi_forget(c, aborts[i].s);
}

/* Takes what a command or an abort is answered by; anything else ends the case. */
static void take(struct conn *c, struct pdu *p)
{
	CK(p, "the target closed");
	if (PDU_OP(p) == OP_TMF_RSP)
		on_abort(c, p);
	else
		CK(scsi_feed(c, p), "got %s", op_name(PDU_OP(p)));
}

static void await(struct conn *c, struct scsi *s)
{
	while (!s->done)
		take(c, pdu_recv(c));
}

/* Return: false when there was no answer in this time. */
static bool await_ms(struct conn *c, struct scsi *s, int ms)
{
	int64_t end = tap_clock() + ms;
	struct pdu *p;

	while (!s->done && tap_clock() < end) {
		p = pdu_recv_ms(c, end - tap_clock());
		if (p)
			take(c, p);
		else
			CK(!c->eof, "the target closed");
	}
	return s->done;
}

/*
 * A reset may still end what came after it, with TAS 0 without a word: once more then,
 * and after attentions.
 */
static void settle(struct conn *c, unsigned int lun)
{
	static const uint8_t cdb[6];
	struct scsi *s;

	for (int i = 0; i < 12; i++) {
		s = scsi_new(lun, cdb, 6);
		scsi_send(c, s);
		if (!await_ms(c, s, 5000))
			scsi_forget(c, s);
		else if (!s->status)
			return;
	}
	FAIL("LUN %u is not ready, status %02x", lun, s->status);
}

/* Until it is done: attentions come first, and a reset may end it. */
static void do_it(struct conn *c, struct scsi *s)
{
	struct scsi saved = *s;

	for (int i = 0; i < 8; i++) {
		*s = saved;
		scsi_send(c, s);
		await(c, s);
		if (!s->status)
			return;
	}
	FAIL("status %02x", s->status);
}

static void write_check(struct conn *c, unsigned int lun)
{
	struct scsi *w = scsi_rw(true, lun, 64, 8), *r = scsi_rw(false, lun, 64, 8);

	do_it(c, w);
	do_it(c, r);
	CK(!memcmp(w->out, r->in, r->edtl), "what is read is not what was written");
}

static struct conn *ready_as(const char *initiator)
{
	struct conn *c = login_new(&(struct login_opts){ .session = "Normal",
							 .initiator = initiator });

	settle(c, LUN_DEAD);
	settle(c, LUN_LIVE);
	return c;
}

static void ping(struct conn *c)
{
	struct pdu *n = nop_pdu(c, next_itt(), NO_TAG, true), *p;
	int64_t start = tap_clock();

	pdu_send(c, n);
	while ((p = pdu_recv(c)) && PDU_OP(p) != OP_NOP_IN)
		take(c, p);
	CK(p, "the target closed instead of answering a ping");
	within(start, PATIENCE_MS, "a ping");
}

static struct scsi *stuck_one(struct conn *c, bool write)
{
	struct scsi *s = scsi_rw(write, LUN_DEAD, 4096 + lba, 8);

	lba = (lba + 256) % 200000;
	if (write)
		scsi_imm(s, s->edtl);
	scsi_send(c, s);
	return s;
}

/* Reads and writes which the frozen disk has when this returns. */
static struct scsi **stuck(struct conn *c, unsigned int n)
{
	struct scsi **s = tap_alloc(n * sizeof(*s));

	for (unsigned int i = 0; i < n; i++)
		s[i] = stuck_one(c, i & 1);
	ping(c);
	return s;
}

static void live_io(struct conn *c)
{
	int64_t start = tap_clock();

	settle(c, LUN_LIVE);
	write_check(c, LUN_LIVE);
	within(start, PATIENCE_MS, "I/O on another LUN");
}

/* The same initiator port logs in again. */
static struct conn *login_again(struct conn *old)
{
	int64_t start = tap_clock();
	struct conn *c = login_new(&(struct login_opts){ .session = "Normal",
				   .initiator = old->initiator, .isid = old->isid });

	within(start, AGAIN_MS, "the new login");
	return c;
}

static struct conn *again(struct conn *old)
{
	struct conn *c = login_again(old);

	live_io(c);
	return c;
}

static void bystander(const char *target)
{
	struct conn *c = login_new(&(struct login_opts){ .session = "Normal",
				   .target = target, .initiator = BASE "bystander" });

	scsi_tur(c, target ? 0 : LUN_LIVE);
	logout(c, 0, 0);
	conn_close(c);
}

static void discover(void)
{
	struct conn *c = login_new(&(struct login_opts){ .session = "Discovery",
				   .target = "", .initiator = BASE "bystander" });
	struct keys *k = tap_alloc(sizeof(*k));

	text(c, "SendTargets=All\n", k);
	logout(c, 0, 0);
	conn_close(c);
}

static int order(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* kind: 0 another target, 1 another LUN of this one, 2 discovery */
static int64_t p99(int kind)
{
	int64_t t[SAMPLES], start;

	for (int i = 0; i < SAMPLES; i++) {
		start = tap_clock();
		if (kind == 2)
			discover();
		else
			bystander(kind ? NULL : IQN_LIVE);
		t[i] = tap_clock() - start;
	}
	qsort(t, SAMPLES, sizeof(*t), order);
	return t[SAMPLES * 99 / 100 - (SAMPLES < 100)];
}

static void nobody_else_notices(void)
{
	int64_t start = tap_clock();

	bystander(IQN_LIVE);
	within(start, PATIENCE_MS, "a login to another target");
	start = tap_clock();
	bystander(NULL);
	within(start, PATIENCE_MS, "another initiator's login to this target");
	start = tap_clock();
	discover();
	within(start, PATIENCE_MS, "a discovery");
}

/* After the thaw: the disk serves a new session, and nothing is left of the old ones. */
static void all_is_well(void)
{
	struct conn *c;

	thaw();
	c = ready_as(BASE "afterwards");
	write_check(c, LUN_DEAD);
	logout(c, 0, 0);
	conn_close(c);
}

/* ---- Linux: aborts, a LUN reset, a target reset, then a new connection ---- */

static void linux_like(const void *arg)
{
	struct conn *c = ready_as(BASE "linux"), *d;
	unsigned int threads = each_task(is_thread) - 1;
	struct scsi **s;

	(void)arg;
	freeze();
	s = stuck(c, STUCK);
	for (int i = 0; i < STUCK; i++)
		abort_it(c, s[i]);
	usleep(500000);
	pdu_send(c, tmf_pdu(c, TMF_LUN_RESET, LUN_DEAD, NO_TAG, 0, true));
	usleep(500000);
	pdu_send(c, tmf_pdu(c, TMF_WARM_RESET, LUN_DEAD, NO_TAG, 0, true));
	usleep(500000);
	nobody_else_notices();
	conn_close(c);
	d = again(c);
	stuck(d, STUCK);
	nobody_else_notices();
	conn_rst(d);
	d = again(d);
	nobody_else_notices();
	thaw();
	settle(d, LUN_DEAD);
	write_check(d, LUN_DEAD);
	logout(d, 0, 0);
	conn_close(d);
	all_is_well();
	threads_end(threads);
}

/* ---- ESXi: aborts, silence on the data, pings that want an answer ---- */

static void esxi_like(const void *arg)
{
	struct conn *c = ready_as(BASE "esxi"), *d;
	struct scsi *w[8], **s;
	int64_t start;
	int r;

	(void)arg;
	freeze();
	s = stuck(c, STUCK);
	for (int i = 0; i < 8; i++) {
		w[i] = scsi_rw(true, LUN_DEAD, 1024 + i * 128, 128);
		w[i]->manual_r2t = true;
		scsi_send(c, w[i]);
	}
	ping(c);
	for (int i = 0; i < 8; i++) {
		start = tap_clock();
		r = tmf(c, TMF_ABORT_TASK, LUN_DEAD, w[i]->itt, w[i]->cmdsn);
		within(start, PATIENCE_MS, "ABORT TASK of a write without its data");
		CK_EQ(r, TMR_COMPLETE, "the response");
		scsi_forget(c, w[i]);
	}
	for (int i = 0; i < STUCK; i++)
		abort_it(c, s[i]);
	for (int i = 0; i < 4; i++) {
		usleep(500000);
		ping(c);
		live_io(c);
	}
	nobody_else_notices();
	/* it drops nothing, it just logs in again */
	d = again(c);
	conn_expect_eof(c);
	nobody_else_notices();
	conn_rst(d);
	all_is_well();
}

/* ---- Windows: a LUN reset, and a new login while it is not answered ---- */

static void windows_like(const void *arg)
{
	struct conn *c = ready_as(BASE "windows");
	unsigned int threads = each_task(is_thread) - 1;

	(void)arg;
	freeze();
	for (int round = 0; round < 3; round++) {
		stuck(c, STUCK);
		usleep(1000000);
		pdu_send(c, tmf_pdu(c, TMF_LUN_RESET, LUN_DEAD, NO_TAG, 0, true));
		usleep(500000);
		live_io(c);
		nobody_else_notices();
		c = again(c);
	}
	thaw();
	settle(c, LUN_DEAD);
	write_check(c, LUN_DEAD);
	logout(c, 0, 0);
	conn_close(c);
	all_is_well();
	threads_end(threads);
}

/* ---- a cluster: the other node preempts and aborts, again and again ---- */

static void pr_done(struct conn *c, struct scsi *s, const char *what)
{
	int64_t start = tap_clock();

	scsi_send(c, s);
	await(c, s);
	CK_EQ(s->status, 0, what);
	within(start, PATIENCE_MS, what);
}

static void registered(struct conn *c, uint64_t key)
{
	pr_done(c, scsi_pr_out(LUN_DEAD, PR_REGISTER_IGNORE, 0, key), "a registration");
}

static void reserved(struct conn *c, uint64_t key)
{
	pr_done(c, scsi_pr_out(LUN_DEAD, PR_RESERVE, key, 0), "RESERVE");
}

/* Whatever becomes of the case, no reservation is left to the next one. */
static void clear_at_end(void *arg)
{
	struct conn *c;

	(void)arg;
	thaw();
	c = ready_as(BASE "node-c");
	registered(c, 0xc);
	pr_done(c, scsi_pr_out(LUN_DEAD, PR_CLEAR, 0xc, 0), "CLEAR");
	logout(c, 0, 0);
	conn_close(c);
}

/* Two nodes of a cluster, node A with the reservation. */
static void two_nodes(struct conn **a, struct conn **b)
{
	*a = ready_as(BASE "node-a");
	*b = ready_as(BASE "node-b");
	registered(*a, 0xa);
	registered(*b, 0xb);
	reserved(*a, 0xa);
	tap_defer(clear_at_end, NULL);
}

static void cluster_like(const void *arg)
{
	unsigned int threads = each_task(is_thread);
	struct conn *a, *b;

	(void)arg;
	two_nodes(&a, &b);
	freeze();
	stuck(a, STUCK);
	for (int round = 0; round < 4; round++) {
		/* node B fences node A, waits in vain and comes again */
		scsi_send(b, scsi_pr_out(LUN_DEAD, PR_PREEMPT_ABORT, 0xb, 0xa));
		usleep(1000000);
		live_io(b);
		ping(b);
		nobody_else_notices();
		b = again(b);
		registered(b, 0xb);
		a = again(a);
		registered(a, 0xa);
		stuck(a, STUCK);
	}
	conn_rst(a);
	conn_rst(b);
	thaw();
	threads_end(threads);
	clear_at_end(NULL);
	all_is_well();
}

/* Node A takes no answers; then it has gone: both times its tasks end with the thaw. */
static void fenced(const void *arg)
{
	bool gone = *(const int *)arg;
	struct scsi *s, *r = scsi_rw(false, LUN_DEAD, 0, 8);
	struct conn *a, *b, *d;
	int small = 2304;

	two_nodes(&a, &b);
	setsockopt(a->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	freeze();
	for (int i = 0; i < STUCK; i++)
		scsi_send(a, scsi_rw(false, LUN_DEAD, i * 1024, 1024));
	usleep(300000);
	if (gone)
		conn_rst(a);
	s = scsi_pr_out(LUN_DEAD, PR_PREEMPT_ABORT, 0xb, 0xa);
	scsi_send(b, s);
	CK(!await_ms(b, s, 500), "answered while the disk is frozen, status %02x", s->status);
	ping(b);
	d = ready_as(BASE "node-d");
	registered(d, 0xd);
	conn_close(d);
	thaw();
	CK(await_ms(b, s, WAIT_MS), "no answer after the thaw");
	CK_EQ(s->status, 0, "the status of PREEMPT AND ABORT");
	do_it(b, r);
	a = again(a);
	settle(a, LUN_DEAD);
	r = scsi_rw(true, LUN_DEAD, 0, 8);
	scsi_run(a, r);
	CK_EQ(r->status, 0x18, "the status of a write of the fenced node");
	conn_close(a);
}

/* What waits is taken back by ABORT TASK, and then has done nothing. */
static void fence_aborted(const void *arg)
{
	unsigned int before = n_answers;
	struct scsi *s, **io;
	struct conn *a, *b;

	(void)arg;
	two_nodes(&a, &b);
	freeze();
	io = stuck(a, STUCK);
	s = scsi_pr_out(LUN_DEAD, PR_PREEMPT_ABORT, 0xb, 0xa);
	scsi_send(b, s);
	ping(b);
	abort_it(b, s);
	while (n_answers < before + 1)
		take(b, pdu_recv(b));
	thaw();
	conn_expect_silence(b, 500);
	for (int i = 0; i < STUCK; i++) {
		await(a, io[i]);
		CK_EQ(io[i]->status, 0, "the status");
	}
	write_check(a, LUN_DEAD);
}

/* What waits for its turn in core is neither a registration nor the removal of an ACL. */
static void ordered_registrations(const void *arg)
{
	struct conn *a = ready_as(BASE "node-a"), *b = ready_as(BASE "node-b");
	struct scsi *o, *s;

	(void)arg;
	tap_defer(clear_at_end, NULL);
	freeze();
	stuck(a, STUCK);
	o = scsi_rw(false, LUN_DEAD, 2048, 8);
	o->attr = ORDERED;
	scsi_send(a, o);
	ping(a);
	s = scsi_pr_out(LUN_DEAD, PR_REGISTER_IGNORE, 0, 0xa);
	s->attr = ORDERED;
	pr_done(a, s, "an ORDERED registration");
	registered(b, 0xb);
	live_io(a);
	thaw();
	await(a, o);
	all_is_well();
}

/* Core's workqueue sleeps in the disk; data for it has come, and something else behind them. */
static void queued_writes(const void *arg)
{
	char disk[PATH_MAX];
	struct scsi *w[4];
	struct conn *c;

	(void)arg;
	CK(realpath(tap_fmt("/sys/kernel/config/target/%s/lun/lun_%u/dying", getenv("RAW_CFG"),
			    LUN_DEAD), disk), "no link to the backstore");
	if (access(tap_fmt("%s/attrib/submit_type", disk), F_OK))
		tap_skip("core does not submit from a workqueue in this kernel");
	c = ready_as(BASE "queued");
	cfg_set(tap_fmt("%s/attrib/submit_type", disk), "2");
	freeze();
	stuck(c, 4);
	for (int i = 0; i < 4; i++) {
		w[i] = scsi_rw(true, LUN_DEAD, 1024 + 8 * i, 8);
		scsi_imm(w[i], 4096);
		scsi_send(c, w[i]);
	}
	ping(c);
	live_io(c);
	nobody_else_notices();
	thaw();
	for (int i = 0; i < 4; i++) {
		await(c, w[i]);
		CK_EQ(w[i]->status, 0, "the status");
	}
	for (int i = 0; i < 4; i++)
		scsi_good(c, scsi_rw(false, LUN_DEAD, 1024 + 8 * i, 8));
	settle(c, LUN_DEAD);
	write_check(c, LUN_DEAD);
	all_is_well();
}

/* Sent and aborted, again and again: none of it stays with the tasks it waits for. */
static void fences_pile_up(const void *arg)
{
	struct conn *a, *b;
	struct scsi *s;

	(void)arg;
	tap_limit(300000);
	two_nodes(&a, &b);
	freeze();
	stuck(a, STUCK);
	for (unsigned int i = 0; i < 300; i++) {
		unsigned int before = n_answers;

		s = scsi_pr_out(LUN_DEAD, PR_PREEMPT_ABORT, 0xb, 0xa);
		scsi_send(b, s);
		abort_it(b, s);
		while (n_answers < before + 1)
			take(b, pdu_recv(b));
	}
	/* what they leave behind is no reason to refuse node A anything */
	for (int i = 0; i < 40; i++)
		abort_it(a, stuck_one(a, false));
	ping(a);
	live_io(b);
	conn_rst(a);
	conn_rst(b);
}

/* Functions that wait for one task, as many as may wait, and their connection ends. */
static void deep_chain(const void *arg)
{
	struct conn *c = ready_as(BASE "chain");
	struct scsi *s;

	(void)arg;
	freeze();
	s = stuck_one(c, false);
	for (int i = 0; i < 150; i++)
		pdu_send(c, tmf_pdu(c, TMF_ABORT_TASK, LUN_DEAD, s->itt, s->cmdsn, true));
	ping(c);
	conn_rst(c);
	nobody_else_notices();
	all_is_well();
}

/* ---- all of them at once, for longer than anything may be in D ---- */

static void in_nobodys_way(const void *arg)
{
	struct conn *c[6];

	(void)arg;
	for (int i = 0; i < 6; i++)
		c[i] = ready_as(tap_fmt(BASE "all%d", i));
	freeze();
	for (int i = 0; i < 6; i++) {
		struct scsi **s = stuck(c[i], STUCK);

		for (int k = 0; k < 4; k++)
			abort_it(c[i], s[k]);
		pdu_send(c[i], tmf_pdu(c[i], TMF_LUN_RESET, LUN_DEAD, NO_TAG, 0, true));
	}
	conn_rst(c[0]);
	conn_close(c[1]);
	again(c[2]);
	usleep(5500000);
	tap_diag("in D: %u workers below the module, %u in core alone", each_task(worker_in_d),
		 each_task(core_in_d));
	CK_EQ(each_task(thread_in_d), 0, "connection threads in D");
	CK_EQ(each_task(core_in_d), 0, "workers in D on our behalf, in target core");
	all_is_well();
}

/* Whatever aborts wait in, others need it, too. */
static void many_aborts(const void *arg)
{
	struct conn *c[12], *d = ready_as(BASE "healthy");
	struct pdu *t;
	int64_t start;

	(void)arg;
	tap_limit(300000);
	for (int i = 0; i < 12; i++)
		c[i] = ready_as(tap_fmt(BASE "many%d", i));
	freeze();
	for (int i = 0; i < 12; i++) {
		struct scsi **s = stuck(c[i], 60);

		for (int k = 0; k < 60; k++)
			abort_it(c[i], s[k]);
		ping(c[i]);
	}
	usleep(500000);
	tap_diag("%u workers of core are in D", each_task(core_in_d));
	start = tap_clock();
	t = tmf_pdu(d, TMF_LUN_RESET, LUN_LIVE, NO_TAG, 0, true);
	pdu_send(d, t);
	CK_EQ(tmf_wait(d, t), TMR_COMPLETE, "the reset of a healthy LUN");
	within(start, PATIENCE_MS, "the reset of a healthy LUN");
	nobody_else_notices();
	for (int i = 0; i < 12; i++)
		conn_rst(c[i]);
	all_is_well();
}

/* ---- figures ---- */

static void as_fast(const void *arg)
{
	int kind = *(const int *)arg;
	struct conn *c[4];
	int64_t before, now = 0;

	tap_limit(300000);
	for (int i = 0; i < 4; i++)
		c[i] = ready_as(tap_fmt(BASE "slow%d", i));
	before = p99(kind);
	freeze();
	for (int i = 0; i < 4; i++)
		stuck(c[i], STUCK);
	pdu_send(c[0], tmf_pdu(c[0], TMF_LUN_RESET, LUN_DEAD, NO_TAG, 0, true));
	conn_rst(c[1]);
	again(c[2]);
	/* other work on this machine is not the target's fault */
	for (int i = 0; i < 8; i++) {
		now = p99(kind);
		if (now <= 2 * before || now <= NOISE_MS)
			break;
	}
	tap_diag("p99 %lld ms on a healthy system, %lld ms beside the frozen disk",
		 (long long)before, (long long)now);
	if (now > 2 * before && now > NOISE_MS) {
		/* or has the machine become slower since? */
		all_is_well();
		before = p99(kind);
	}
	CK(now <= 2 * before || now <= NOISE_MS, "p99 was %lld ms, now it is %lld ms", (long long)before,
	   (long long)now);
	all_is_well();
}

/* ---- single things ---- */

static void other_lun_of_session(const void *arg)
{
	struct conn *c = ready_as(BASE "lun");

	(void)arg;
	freeze();
	stuck(c, STUCK);
	for (int i = 0; i < 20; i++) {
		live_io(c);
		ping(c);
	}
	conn_close(c);
	all_is_well();
}

/* The window is full of frozen commands: what is immediate still goes. */
static void full_window(const void *arg)
{
	struct conn *c = ready_as(BASE "full");
	struct scsi *s;

	(void)arg;
	ping(c);
	freeze();
	stuck(c, c->maxcmdsn - c->expcmdsn + 1);
	ping(c);
	s = scsi_rw(false, LUN_LIVE, 0, 8);
	s->imm = true;
	scsi_run(c, s);
	CK_EQ(s->status, 0, "an immediate command's status");
	conn_close(c);
	again(c);
	all_is_well();
}

static void logout_now(const void *arg)
{
	struct conn *c = ready_as(BASE "out");
	int64_t start;

	(void)arg;
	freeze();
	stuck(c, STUCK);
	start = tap_clock();
	logout(c, 0, 0);
	within(start, PATIENCE_MS, "the logout");
	conn_expect_eof(c);
	again(c);
	nobody_else_notices();
	all_is_well();
}

/* The peer is gone without FIN or RST: nothing tells the target. */
static void peer_vanishes(const void *arg)
{
	struct conn *c = ready_as(BASE "gone"), *d;

	(void)arg;
	freeze();
	stuck(c, STUCK);
	for (int i = 0; i < 5; i++) {
		d = again(c);
		stuck(d, STUCK);
		memcpy(c->isid, d->isid, 6);
	}
	nobody_else_notices();
	all_is_well();
}

/* Memory of sessions that wait for the disk must not grow for ever. */
static void many_returns(const void *arg)
{
	struct conn *c = ready_as(BASE "returns");
	unsigned int threads = each_task(is_thread) - 1;
	int64_t start;

	(void)arg;
	tap_limit(300000);
	freeze();
	start = tap_clock();
	for (int i = 0; i < 100; i++) {
		stuck(c, 8);
		if (i & 1)
			conn_rst(c);
		c = again(c);
	}
	tap_diag("100 rounds of 8 stuck commands and a new login: %lld ms, %u threads",
		 (long long)(tap_clock() - start), each_task(is_thread));
	CK(each_task(is_thread) <= threads + 20, "%u threads, %u before",
	   each_task(is_thread), threads);
	conn_close(c);
	all_is_well();
	threads_end(threads);
}

static unsigned int rw_status(struct conn *c, bool write, unsigned int lun)
{
	struct scsi *s = scsi_rw(write, lun, 4096 + lba, 8);

	scsi_send(c, s);
	if (!await_ms(c, s, 300))
		return ~0U;
	return s->status;
}

/* Commands whose connections have ended, of the dead target. */
static unsigned int draining(void)
{
	unsigned int n = 0, count;
	char line[128];
	FILE *f = fopen(tap_fmt("/sys/kernel/config/target/%s/attrib/draining",
				getenv("RAW_CFG")), "r");

	CK(f, "no attrib/draining");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%*[^:]: %u commands", &count) == 1)
			n += count;
	fclose(f);
	return n;
}

/* max_sessions is about threads and sockets, which a session has that waits for the disk no more */
static void not_counted(const void *arg)
{
	const char *file = "/sys/module/tcm_iscsi/parameters/max_sessions";
	struct conn *c = ready_as(BASE "returns");

	(void)arg;
	tap_limit(120000);
	if (access(file, F_OK))
		tap_skip("it has no cap of sessions");
	freeze();
	cfg_set(file, "8");
	for (int i = 0; i < 12; i++) {
		stuck(c, 1);
		ping(c);
		conn_close(c);
		c = login_again(c);
	}
	CK(draining() >= 10, "%u commands drain", draining());
	live_io(c);
	nobody_else_notices();
	thaw();
	settle(c, LUN_DEAD);
	write_check(c, LUN_DEAD);
	all_is_well();
}

/* Of what has ended but for its commands in the backend, each keeps the module, too. */
static unsigned int users(void)
{
	return atoi(cfg_read("/sys/module/tcm_iscsi/refcnt"));
}

/* Resets and CLEAR TASK SETs of sessions that are gone wait for nothing. */
static void many_resets(const void *arg)
{
	struct conn *c = ready_as(BASE "resetter");
	unsigned int before;
	int64_t end;

	(void)arg;
	tap_limit(300000);
	for (end = tap_clock() + 30000; draining(); usleep(50000))
		CK(tap_clock() < end, "%u commands of the case before drain", draining());
	before = users();
	freeze();
	stuck(c, 4);
	for (int i = 0; i < 300; i++) {
		pdu_send(c, tmf_pdu(c, i & 1 ? TMF_LUN_RESET : TMF_CLEAR_TASK_SET, LUN_DEAD,
				    NO_TAG, 0, true));
		ping(c);
		conn_rst(c);
		c = login_again(c);
	}
	/* the first session, with its commands, and one that waits for these */
	for (end = tap_clock() + 60000; users() > before + 4; usleep(50000))
		CK(tap_clock() < end, "%u connections are left behind, %u before", users(), before);
	live_io(c);
	thaw();
	settle(c, LUN_DEAD);
	write_check(c, LUN_DEAD);
	conn_close(c);
	all_is_well();
}

/*
 * The commands that ended sessions leave on one disk are bounded: then it is BUSY, before
 * it asks for data. Of those that wait for a worker none is left.
 */
static void too_many(const void *arg)
{
	bool write = arg;
	struct conn *c = ready_as(BASE "many");
	unsigned int threads = each_task(is_thread) - 1;
	unsigned int rounds = 0, status = ~0U;

	tap_limit(300000);
	freeze();
	while (status == ~0U && rounds++ < 24) {
		for (int i = 0; i < 60; i++)
			stuck_one(c, write);
		ping(c);
		c = login_again(c);
		status = rw_status(c, write, LUN_DEAD);
	}
	CK(draining() > 0, "nothing drains");
	CK(status == BUSY || draining() <= 60, "status %02x, %u commands drain", status,
	   draining());
	CK(draining() <= 1100, "%u commands drain", draining());
	tap_diag("after %u rounds of 60 commands and a new login %u drain, status %02x", rounds,
		 draining(), status);
	live_io(c);
	nobody_else_notices();
	thaw();
	for (int64_t end = tap_clock() + 60000; draining(); usleep(50000))
		CK(tap_clock() < end, "%u commands drain after the thaw", draining());
	settle(c, LUN_DEAD);
	write_check(c, LUN_DEAD);
	conn_close(c);
	all_is_well();
	threads_end(threads);
}

/* More LUNs than attrib/draining has lines for: from 100 on, of the same disk. */
static void many_luns(unsigned int n)
{
	const char *tpg = getenv("RAW_CFG");
	char disk[PATH_MAX];

	CK(realpath(tap_fmt("/sys/kernel/config/target/%s/lun/lun_%u/%s", tpg, LUN_DEAD,
			    "dying"), disk), "no link to the backstore");
	if (strstr(disk, "/fileio_"))
		tap_skip("a file has 16 commands at a time");
	for (unsigned int i = 100; i < 100 + n; i++) {
		cfg_mkdir(tap_fmt("%s/lun/lun_%u", tpg, i));
		cfg_link(disk, tap_fmt("%s/lun/lun_%u/dying", tpg, i));
	}
}

static void draining_lines(const void *arg)
{
	unsigned int lines = 0;
	struct conn *c;
	char *text;

	(void)arg;
	tap_limit(120000);
	many_luns(40);
	c = ready_as(BASE "lines");
	for (unsigned int i = 100; i < 140; i++)
		settle(c, i);
	freeze();
	for (unsigned int i = 100; i < 140; i++)
		scsi_send(c, scsi_rw(false, i, 4096 + 8 * i, 8));
	ping(c);
	conn_close(c);
	for (int64_t end = tap_clock() + WAIT_MS; draining() < 40; usleep(20000))
		CK(tap_clock() < end, "%u of 40 commands drain", draining());
	text = cfg_read(tap_fmt("%s/attrib/draining", getenv("RAW_CFG")));
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
		if (lines < 31)
			CK(!strncmp(line, "lun_1", 5), "line %u: %s", lines, line);
		else
			CK(strstr(line, "others: 9 commands, 36864 bytes, oldest "),
			   "the last line: %s", line);
	}
	CK_EQ(lines, 32, "lines");
	thaw();
	for (int64_t end = tap_clock() + 60000; draining(); usleep(50000))
		CK(tap_clock() < end, "%u commands drain after the thaw", draining());
}

/* Answers come after the thaw, each its own, and none for what was aborted. */
static void answers_after_thaw(const void *arg)
{
	struct conn *c = ready_as(BASE "thaw");
	struct scsi **s;

	(void)arg;
	freeze();
	s = stuck(c, STUCK);
	for (int i = 0; i < 20; i++)
		live_io(c);
	thaw();
	for (int i = 0; i < STUCK; i++) {
		await(c, s[i]);
		CK_EQ(s[i]->status, 0, "the status");
	}
	write_check(c, LUN_DEAD);
}

/* Two resets, one waiting for the other; both initiators go. Who comes then is spared. */
static void resets_of_the_dead(const void *arg)
{
	struct conn *a = ready_as(BASE "first"), *b = ready_as(BASE "second"), *c;
	struct scsi **s;

	(void)arg;
	freeze();
	stuck(a, STUCK);
	stuck(b, STUCK);
	pdu_send(a, tmf_pdu(a, TMF_LUN_RESET, LUN_DEAD, NO_TAG, 0, true));
	ping(a);
	pdu_send(b, tmf_pdu(b, TMF_LUN_RESET, LUN_DEAD, NO_TAG, 0, true));
	ping(b);
	conn_rst(a);
	conn_rst(b);
	c = ready_as(BASE "third");
	s = stuck(c, STUCK);
	thaw();
	for (int i = 0; i < STUCK; i++) {
		await(c, s[i]);
		CK_EQ(s[i]->status, 0, "the status");
	}
	write_check(c, LUN_DEAD);
}

static void reset_over_thaw(const void *arg)
{
	struct conn *c = ready_as(BASE "reset");
	unsigned int before = n_answers;
	struct scsi **s;

	(void)arg;
	freeze();
	s = stuck(c, STUCK);
	pdu_send(c, tmf_pdu(c, TMF_LUN_RESET, LUN_DEAD, NO_TAG, 0, true));
	usleep(500000);
	live_io(c);
	thaw();
	while (n_answers < before + 1)
		take(c, pdu_recv(c));
	for (int i = 0; i < STUCK; i++)
		scsi_forget(c, s[i]);
	conn_expect_silence(c, 1000);
	settle(c, LUN_DEAD);
	write_check(c, LUN_DEAD);
	ping(c);
	CK_EQ(c->maxcmdsn - c->expcmdsn + 1, 64, "the window");
}

static void aborts_over_thaw(const void *arg)
{
	struct conn *c = ready_as(BASE "aborts");
	unsigned int before = n_answers;
	struct scsi **s;

	(void)arg;
	freeze();
	s = stuck(c, STUCK);
	for (int i = 0; i < STUCK; i++)
		abort_it(c, s[i]);
	usleep(500000);
	live_io(c);
	thaw();
	while (n_answers < before + STUCK)
		take(c, pdu_recv(c));
	conn_expect_silence(c, 1000);
	ping(c);
	CK_EQ(c->maxcmdsn - c->expcmdsn + 1, 64, "the window");
}

/* Session B resets the LUN, session A dies meanwhile, then the disk comes back. */
static void reset_of_others(const void *arg)
{
	struct conn *a = ready_as(BASE "a"), *b = ready_as(BASE "b");
	struct pdu *t;

	(void)arg;
	freeze();
	stuck(a, STUCK);
	stuck(b, STUCK);
	t = tmf_pdu(b, TMF_LUN_RESET, LUN_DEAD, NO_TAG, 0, true);
	pdu_send(b, t);
	usleep(300000);
	conn_rst(a);
	a = again(a);
	live_io(b);
	thaw();
	while (true) {
		struct pdu *p = pdu_recv(b);

		CK(p, "the target closed");
		if (PDU_OP(p) == OP_TMF_RSP) {
			CK_EQ(PDU_RESPONSE(p), TMR_COMPLETE, "the response");
			break;
		}
		CK(scsi_feed(b, p), "got %s", op_name(PDU_OP(p)));
	}
	settle(a, LUN_DEAD);
	write_check(a, LUN_DEAD);
}

/*
 * What ended sessions have left on the disk is waited for without core, which would do it
 * in a worker that all of the kernel shares. No task is there but theirs.
 */
static void behind_orphans(const void *arg)
{
	struct conn *a = ready_as(BASE "gone"), *b = ready_as(BASE "b"), *c = ready_as(BASE "c");
	struct pdu *reset, *clear;
	unsigned int before = n_answers;
	int64_t end;

	(void)arg;
	for (end = tap_clock() + 30000; draining(); usleep(50000))
		CK(tap_clock() < end, "%u commands of the case before drain", draining());
	freeze();
	stuck(a, STUCK);
	ping(a);
	usleep(300000);		/* a worker has them by now */
	conn_rst(a);
	for (end = tap_clock() + 10000; !draining(); usleep(50000))
		CK(tap_clock() < end, "nothing drains");
	reset = tmf_pdu(b, TMF_LUN_RESET, LUN_DEAD, NO_TAG, 0, true);
	pdu_send(b, reset);
	ping(b);
	clear = tmf_pdu(c, TMF_CLEAR_TASK_SET, LUN_DEAD, NO_TAG, 0, true);
	pdu_send(c, clear);
	for (int i = 0; i < 20; i++, usleep(50000)) {
		ping(b);
		ping(c);
		CK_EQ(each_task(core_in_d), 0, "workers in D on our behalf, in target core");
	}
	CK_EQ(n_answers, before, "answers while the disk has others' commands");
	thaw();
	CK_EQ(tmf_wait(b, reset), TMR_COMPLETE, "the reset");
	CK_EQ(tmf_wait(c, clear), TMR_COMPLETE, "CLEAR TASK SET");
	settle(b, LUN_DEAD);
	write_check(b, LUN_DEAD);
	all_is_well();
}

/*
 * A reset and a PREEMPT AND ABORT at the same time. Core does each with a mutex of the device
 * in hand, and waits for all commands that it finds: for each other for ever, if it has both.
 */
static void reset_and_fence(struct conn *r, struct conn *b, int us)
{
	struct pdu *t = tmf_pdu(r, TMF_LUN_RESET, LUN_DEAD, NO_TAG, 0, true);
	struct scsi *s = scsi_pr_out(LUN_DEAD, PR_PREEMPT_ABORT, 0xb, 0xa);
	int64_t end = tap_clock() + WAIT_MS;

	pdu_send(r, t);
	usleep(us);
	scsi_send(b, s);
	if (frozen) {
		ping(r);
		ping(b);
		thaw();
	}
	CK_EQ(tmf_wait(r, t), TMR_COMPLETE, "the reset");
	/* with TAS 0 the reset ends it without a word, but for its place in the window */
	do {
		CK(tap_clock() < end, "PREEMPT AND ABORT does not end");
		ping(b);
	} while (!s->done && b->maxcmdsn - b->expcmdsn + 1 != 64);
	if (!s->done)
		scsi_forget(b, s);
	else
		CK(!s->status || s->status == 0x40 || s->status == 2, "status %02x", s->status);
	settle(r, LUN_DEAD);
	settle(b, LUN_DEAD);
}

/* Both wait for the same orphans. */
static void fence_and_reset(const void *arg)
{
	struct conn *a, *b, *r = ready_as(BASE "resetter");
	int64_t end;

	(void)arg;
	tap_limit(120000);
	two_nodes(&a, &b);
	for (int round = 0; round < 10; round++) {
		freeze();
		stuck(a, 4);
		ping(a);
		usleep(300000);		/* a worker has them by now */
		conn_rst(a);
		for (end = tap_clock() + 10000; !draining(); usleep(20000))
			CK(tap_clock() < end, "nothing drains");
		reset_and_fence(r, b, 0);
		a = ready_as(BASE "node-a");
		registered(a, 0xa);
	}
	clear_at_end(NULL);
	settle(r, LUN_DEAD);
	write_check(r, LUN_DEAD);
	all_is_well();
}

/* Nothing to wait for: they meet in core, if they can. */
static void fences_and_resets(const void *arg)
{
	struct conn *a, *b, *r = ready_as(BASE "resetter");
	int64_t end = tap_clock() + 10000;
	unsigned int n;

	(void)arg;
	tap_limit(60000);
	two_nodes(&a, &b);
	for (n = 0; tap_clock() < end; n++) {
		do_it(a, scsi_pr_out(LUN_DEAD, PR_REGISTER_IGNORE, 0, 0xa));
		reset_and_fence(r, b, n * 13 % 700);
	}
	tap_diag("%u times", n);
	clear_at_end(NULL);
	all_is_well();
}

static const int k0 = 0, k1 = 1, k2 = 2;

static const struct tap_case cases[] = {
	{ "4.2.3.3", "Linux: aborts, resets, new connections; the disk is frozen", linux_like },
	{ "11.5.1", "ESXi: aborts, no data, pings, a new login; the disk is frozen", esxi_like },
	{ "6.3.5", "Windows: three times a LUN reset and a new login; the disk is frozen",
	  windows_like },
	{ "4.2.3.3", "a cluster: PREEMPT AND ABORT in a loop; the disk is frozen", cluster_like },
	{ "4.2.3.3", "PREEMPT AND ABORT of a node that takes no answers is answered after the thaw",
	  fenced, &k0 },
	{ "4.2.3.3", "PREEMPT AND ABORT of a node that has gone is answered after the thaw",
	  fenced, &k1 },
	{ "4.2.3.3", "PREEMPT AND ABORT that waits for a frozen disk can be aborted", fence_aborted },
	{ "4.2.2.1", "ORDERED registrations, and those behind ORDERED commands, are carried out",
	  ordered_registrations },
	{ "4.2.2.1", "data for core's workqueue, which sleeps in the disk, hold up no other LUN",
	  queued_writes },
	{ "4.2.3.3", "a reset and a PREEMPT AND ABORT behind the same orphans are both answered",
	  fence_and_reset },
	{ "4.2.3.3", "resets and PREEMPT AND ABORTs at the same time are all answered",
	  fences_and_resets },
	{ "4.2.3.3", "PREEMPT AND ABORT sent and aborted 300 times leaves nothing", fences_pile_up },
	{ "11.5.1", "150 ABORT TASKs of one frozen task end with their connection", deep_chain },
	{ "4.2.2.1", "other LUNs of the session go on beside the frozen one",
	  other_lun_of_session },
	{ "4.2.2.1", "with the window full of frozen commands pings and immediate ones go on",
	  full_window },
	{ "11.14", "a Logout amid frozen commands is answered", logout_now },
	{ "6.3.5", "an initiator that vanished without a word logs in again, five times",
	  peer_vanishes },
	{ "6.3.5", "a hundred new logins over frozen commands", many_returns },
	{ "11.13.5", "sessions which only wait for the disk do not count as sessions", not_counted },
	{ "4.2.3.3", "300 resets of a frozen disk by sessions that end leave nothing behind",
	  many_resets },
	{ "6.3.5", "new logins over frozen reads until the disk takes no more", too_many },
	{ "6.3.5", "new logins over frozen writes until the disk takes no more", too_many, "writes" },
	{ "6.3.5", "attrib/draining has a line for 31 LUNs each, and one for all others",
	  draining_lines },
	{ "4.2.2.1", "after the thaw each command gets its answer", answers_after_thaw },
	{ "11.5.1", "a LUN RESET is answered after the thaw, no status follows",
	  reset_over_thaw },
	{ "11.5.1", "ABORT TASKs are answered after the thaw, no status follows",
	  aborts_over_thaw },
	{ "11.5.1", "a reset of another session that dies meanwhile is answered after the thaw",
	  reset_of_others },
	{ "11.5.1", "resets whose sessions have ended spare the tasks of later ones",
	  resets_of_the_dead },
	{ "11.5.1", "resets wait for what ended sessions left, in no worker of core",
	  behind_orphans },
	{ "6.3", "logins to another target are as fast as ever (p99)", as_fast, &k0 },
	{ "6.3", "logins of others to the same target are as fast as ever (p99)", as_fast,
	  &k1 },
	{ "4.3", "discoveries are as fast as ever (p99)", as_fast, &k2 },
	{ "11.5.1", "720 aborts of frozen commands hold up no reset of a healthy LUN",
	  many_aborts },
	{ "4.2.3.3", "nothing of the module is in D for longer than 5 s", in_nobodys_way },
};

RAW_MAIN(cases)
