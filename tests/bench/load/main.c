// SPDX-License-Identifier: GPL-2.0
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

struct options opt = {
	.addr = "127.0.0.1", .target = "iqn.2003-01.org.example:bench",
	.initiator = "iqn.2003-01.org.example:load", .read_pct = 100, .bs = 4096,
	.depth = 32, .sessions = 1, .procs = 1, .seconds = 3, .warm = 0.5,
	.range = 256 << 20, .mrdsl = 262144, .first_burst = 262144,
	.max_burst = 1 << 20, .discard = 32768,
};

struct shared *shared;

/* All of the machine, as the kernel counts it. */
struct snap {
	double wall_us, idle_us;
	uint64_t segs, ctxt;
};

static struct snap snap0, snap1;

_Noreturn void die(const char *fmt, ...)
{
	va_list ap;

	fputs("bench-load: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

void io_error(const char *fmt, ...)
{
	va_list ap;

	if (cnt.errors++ >= 10)
		return;
	fputs("bench-load: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* ---- sockets -------------------------------------------------------------- */

int tcp_connect(const char *addr, const char *port)
{
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_port = htons(atoi(port)) };
	struct sockaddr_in a4 = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };
	bool v4 = inet_pton(AF_INET, addr, &a4.sin_addr) == 1;
	struct timeval tv = { TIMEOUT_S };
	int fd, one = 1;

	if (!v4 && inet_pton(AF_INET6, addr, &a6.sin6_addr) != 1)
		die("bad address %s", addr);
	fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	if (connect(fd, v4 ? (void *)&a4 : (void *)&a6, v4 ? sizeof(a4) : sizeof(a6)))
		die("connect to %s port %s: %s", addr, port, strerror(errno));
	return fd;
}

void send_all(int fd, const void *buf, size_t len)
{
	const uint8_t *b = buf;

	while (len) {
		ssize_t n = send(fd, b, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			die("send: %s", strerror(errno));
		b += n;
		len -= n;
	}
}

void recv_all(int fd, void *buf, size_t len)
{
	uint8_t *b = buf;

	while (len) {
		ssize_t n = recv(fd, b, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			die("recv: %s", n ? strerror(errno) : "closed by the target");
		b += n;
		len -= n;
	}
}

/* ---- what the kernel counts ----------------------------------------------- */

/* OutSegs of the lines "Tcp: NAME..." and "Tcp: VALUE..." */
static uint64_t tcp_out_segs(void)
{
	char names[1024], values[1024], *n, *v, *ns, *vs;
	uint64_t segs = 0;
	FILE *f = fopen("/proc/net/snmp", "r");

	if (!f)
		return 0;
	while (fgets(names, sizeof(names), f) && fgets(values, sizeof(values), f)) {
		if (strncmp(names, "Tcp:", 4))
			continue;
		n = strtok_r(names, " \n", &ns);
		v = strtok_r(values, " \n", &vs);
		for (; n && v; n = strtok_r(NULL, " \n", &ns), v = strtok_r(NULL, " \n", &vs))
			if (!strcmp(n, "OutSegs"))
				segs = strtoull(v, NULL, 10);
	}
	fclose(f);
	return segs;
}

static void proc_stat(struct snap *s)
{
	unsigned long long idle, iowait, ctxt;
	char line[4096];
	FILE *f = fopen("/proc/stat", "r");

	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "cpu %*u %*u %*u %llu %llu", &idle, &iowait) == 2)
			s->idle_us = (idle + iowait) * 1e6 / sysconf(_SC_CLK_TCK);
		else if (sscanf(line, "ctxt %llu", &ctxt) == 1)
			s->ctxt = ctxt;
	}
	fclose(f);
}

static double wall_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

void global_start(void)
{
	snap0.segs = tcp_out_segs();
	proc_stat(&snap0);
	snap0.wall_us = wall_us();
}

void global_end(void)
{
	snap1.wall_us = wall_us();
	proc_stat(&snap1);
	snap1.segs = tcp_out_segs();
}

static double ticks_per_second(void)
{
	struct timespec ts = { 0, 50000000 };
	double w = wall_us();
	uint64_t t = ticks();

	nanosleep(&ts, NULL);
	t = ticks() - t;
	return t / ((wall_us() - w) / 1e6);
}

/* ---- the result ----------------------------------------------------------- */

static void report(void)
{
	static uint64_t h[HIST];
	struct counters c = { 0 };
	double client = 0, wall = snap1.wall_us - snap0.wall_us, n, idle, busy;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	for (unsigned int p = 0; p < opt.procs; p++) {
		const uint64_t *from = (uint64_t *)&shared->res[p].c;

		for (unsigned int i = 0; i < sizeof(c) / 8; i++)
			((uint64_t *)&c)[i] += from[i];
		for (unsigned int i = 0; i < HIST; i++)
			h[i] += shared->res[p].hist[i];
		client += shared->res[p].client_us;
	}
	n = c.ios ? c.ios : 1;
	idle = (snap1.idle_us - snap0.idle_us) / (wall * cpus);
	/* One processor is never idle under load, but its clock may think so. */
	busy = cpus > 1 ? wall * cpus * (1 - idle) : wall;
	printf("ios=%llu seconds=%.3f iops=%.0f mbs=%.1f us_io=%.3f cpu_us_io=%.3f "
	       "client_us_io=%.3f idle=%.3f p50_us=%.1f p99_us=%.1f segs_io=%.3f ctxt_io=%.3f sends_io=%.3f "
	       "recvs_io=%.3f windows=%llu pings=%llu checked=%llu errors=%llu\n",
	       (unsigned long long)c.ios, wall / 1e6, c.ios * 1e6 / wall, c.bytes / wall,
	       wall / n, busy / n, client / n, idle,
	       hist_pct(h, 0.5) * 1e6 / shared->tps, hist_pct(h, 0.99) * 1e6 / shared->tps,
	       (snap1.segs - snap0.segs) / n, (snap1.ctxt - snap0.ctxt) / n,
	       c.sends / n, c.recvs / n, (unsigned long long)c.windows,
	       (unsigned long long)c.pings, (unsigned long long)c.checked,
	       (unsigned long long)c.errors);
	if (!c.ios || c.errors)
		exit(1);
}

/* ---- processes ------------------------------------------------------------ */

static void run_proc(unsigned int proc)
{
	unsigned int n = opt.sessions / opt.procs + (proc < opt.sessions % opt.procs);
	struct sess *s = calloc(n, sizeof(*s));

	if (!s)
		die("out of memory");
	for (unsigned int i = 0; i < n; i++)
		s[i].index = proc * 4096 + i;
	engine_run(s, n, proc);
}

static void pause_s(double seconds)
{
	struct timespec ts = { seconds, (seconds - (long)seconds) * 1e9 };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

static void run_procs(void)
{
	int status;
	bool failed = false;

	for (unsigned int p = 0; p < opt.procs; p++) {
		switch (fork()) {
		case -1:
			die("fork: %s", strerror(errno));
		case 0:
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			run_proc(p);
			exit(0);
		}
	}
	for (int i = 0; shared->ready < (int)opt.procs; i++) {
		if (i == 100 * TIMEOUT_S)
			die("the sessions are not up after %d s", TIMEOUT_S);
		pause_s(0.01);
	}
	pause_s(opt.warm);
	global_start();
	shared->state = PH_RUN;
	pause_s(opt.seconds);
	shared->state = PH_DRAIN;
	global_end();
	while (wait(&status) > 0)
		failed |= status != 0;
	if (failed)
		exit(1);
}

/* ---- options -------------------------------------------------------------- */

static void usage(FILE *f)
{
	fputs("usage: bench-load [OPTION]...\n"
	      "  -a ADDR  -p PORT      the portal               [127.0.0.1, 3260 or 4420]\n"
	      "  -t NAME  -l LUN       target (NQN) and LUN (namespace)\n"
	      "  -i NAME               initiator\n"
	      "  -P iscsi|nvme         protocol                 [iscsi]\n"
	      "  -w read|write|PCT     reads, writes, or PCT %% of reads  [read]\n"
	      "  -b BYTES              block size, 512 to 1m    [4k]\n"
	      "  -d DEPTH              commands of a session    [32]\n"
	      "  -B BATCH              sent when so many slots are free [DEPTH / 2]\n"
	      "  -s SESSIONS  -j PROCESSES                      [1, 1]\n"
	      "  -T SECONDS  -W SECONDS  measured, and before it [3, 0.5]\n"
	      "  -n COUNT              commands to measure instead; a tenth before it\n"
	      "  -m imm|unsol|both|sol  how writes send their data [imm]\n"
	      "  -H  -D                header digests, data digests\n"
	      "  -r MIB                use so much of the LUN   [256]\n"
	      "  -q                    sequential\n"
	      "  -V N                  write a pattern first, check 1 read in N\n"
	      "  -C BYTES              let the kernel discard the payload of reads of blocks so\n"
	      "                        long: no copy, but system calls  [32k]\n"
	      "  -R BYTES -F BYTES -M BYTES  our MaxRecvDataSegmentLength, FirstBurst-\n"
	      "                        Length, MaxBurstLength   [256k, 256k, 1m]\n", f);
}

static uint64_t number(const char *s)
{
	char *end;
	uint64_t v = strtoull(s, &end, 10);

	if (*end == 'k' || *end == 'K')
		v <<= 10, end++;
	else if (*end == 'm' || *end == 'M')
		v <<= 20, end++;
	if (end == s || *end)
		die("not a number: %s", s);
	return v;
}

static enum write_mode write_mode(const char *s)
{
	static const char *const names[] = { "imm", "unsol", "both", "sol" };

	for (unsigned int i = 0; i < 4; i++)
		if (!strcmp(s, names[i]))
			return i;
	die("unknown write mode %s", s);
}

static unsigned int read_share(const char *s)
{
	if (!strcmp(s, "read"))
		return 100;
	if (!strcmp(s, "write"))
		return 0;
	return number(s);
}

static void option(int c, const char *arg)
{
	switch (c) {
	case 'a': opt.addr = arg; break;
	case 'p': opt.port = arg; break;
	case 't': opt.target = arg; break;
	case 'l': opt.lun = number(arg); break;
	case 'i': opt.initiator = arg; break;
	case 'P': opt.nvme = !strcmp(arg, "nvme"); break;
	case 'w': opt.read_pct = read_share(arg); break;
	case 'b': opt.bs = number(arg); break;
	case 'd': opt.depth = number(arg); break;
	case 'B': opt.batch = number(arg); break;
	case 's': opt.sessions = number(arg); break;
	case 'j': opt.procs = number(arg); break;
	case 'T': opt.seconds = atof(arg); break;
	case 'W': opt.warm = atof(arg); break;
	case 'n': opt.count = number(arg); break;
	case 'm': opt.wmode = write_mode(arg); break;
	case 'H': opt.hdgst = true; break;
	case 'D': opt.ddgst = true; break;
	case 'r': opt.range = number(arg) << 20; break;
	case 'q': opt.sequential = true; break;
	case 'V': opt.verify = number(arg); break;
	case 'C': opt.discard = number(arg); break;
	case 'R': opt.mrdsl = number(arg); break;
	case 'F': opt.first_burst = number(arg); break;
	case 'M': opt.max_burst = number(arg); break;
	case 'h':
		usage(stdout);
		exit(0);
	default:
		usage(stderr);
		exit(2);
	}
}

static void check_options(void)
{
	if (opt.bs % 512 || !opt.bs || opt.bs > 1 << 20)
		die("a block size of %u bytes", opt.bs);
	if (!opt.depth || opt.depth > MAX_DEPTH)
		die("a depth of %u, the most is %u", opt.depth, MAX_DEPTH);
	if (!opt.sessions || !opt.procs || opt.procs > opt.sessions || opt.sessions > 4096)
		die("%u sessions in %u processes", opt.sessions, opt.procs);
	if (opt.range < opt.bs || opt.range / opt.bs > 0xffffffff || opt.read_pct > 100)
		die("a range of %llu bytes, %u %% reads", (unsigned long long)opt.range,
		    opt.read_pct);
	if (opt.procs > 1 && (opt.verify || opt.count))
		die("-V and -n want one process");
	if (!opt.batch)
		opt.batch = opt.depth > 1 ? opt.depth / 2 : 1;
	if (opt.batch > opt.depth)
		opt.batch = opt.depth;
	if (!opt.port)
		opt.port = opt.nvme ? "4420" : "3260";
	opt.warm_count = opt.count / 10 + (opt.count > 0);
	if (opt.read_pct == 100 && opt.sequential)
		opt.range -= opt.range % opt.bs;
}

int main(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "a:p:t:l:i:P:w:b:d:B:s:j:T:W:n:m:HDr:qV:C:R:F:M:h")) != -1)
		option(c, optarg);
	if (optind < argc)
		option('?', NULL);
	check_options();
	shared = mmap(NULL, sizeof(*shared) + opt.procs * sizeof(struct result),
		      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pattern = malloc(opt.bs);
	if (shared == MAP_FAILED || !pattern)
		die("out of memory");
	stamp(pattern, 0, opt.bs);
	shared->tps = ticks_per_second();
	if (opt.procs > 1)
		run_procs();
	else
		run_proc(0);
	report();
}
