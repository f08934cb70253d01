// SPDX-License-Identifier: GPL-2.0
/*
 * netfuzz [-s SEED] [-n BATCHES] [-f FIRST] [-t SECONDS] [-w WORKERS] [-c WORKER:NUMBER]
 *
 * Batches of conversations by several workers at a time. Behind each of them: the kernel
 * has reported nothing, all connections and their commands have ended, and a login to
 * another target is served as ever. "-f 7 -n 1" runs batch 7 of the seed once more, and
 * "-c 1:23" only conversation 23 of its worker 1.
 */
#include "netfuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define WORKERS_MAX	16
#define DRAIN_MS	120000
#define REPORT		"WARNING|BUG|Oops|Call Trace|refcount|UBSAN|KASAN|KCSAN|KFENCE|INFO: task" \
			"|INFO: rcu|list_(add|del) corruption|general protection|ODEBUG|kmemleak" \
			"|possible (recursive|circular)|suspicious RCU|sleeping function|stack-out"

struct tally *tally;

static uint64_t seed;
static unsigned int batches = 6, first, seconds = 10, workers = 3;
static int only_worker = -1, only_number = -1;
static struct tally *tallies;
static int kmsg = -1;
static regex_t report;
static pid_t running[WORKERS_MAX];

/* ---- a batch ---- */

static uint64_t conversation_seed(unsigned int batch, unsigned int worker, unsigned int n)
{
	struct rng r;

	rng_seed(&r, seed);
	for (unsigned int i = 0; i < 3; i++)
		rng_seed(&r, ((uint64_t)rng_next(&r) << 32 | rng_next(&r)) +
			 (i == 0 ? batch : i == 1 ? worker : n));
	return (uint64_t)rng_next(&r) << 32 | rng_next(&r);
}

static void work(unsigned int batch, unsigned int worker)
{
	int64_t end = tap_now() + seconds * 1000;

	for (uint32_t n = 0; tap_now() < end; n++) {
		if (only_number >= 0 && (int)n < only_number)
			continue;
		if (only_number >= 0 && (int)n > only_number)
			break;
		tally->now = n;
		conversation(conversation_seed(batch, worker, n));
	}
	_exit(0);
}

static void start(unsigned int batch)
{
	for (unsigned int w = 0; w < workers; w++) {
		running[w] = 0;
		if (only_worker >= 0 && (int)w != only_worker)
			continue;
		running[w] = fork();
		if (running[w])
			continue;
		signal(SIGPIPE, SIG_IGN);
		tally = &tallies[w];
		work(batch, w);
	}
}

/* Return: false when a worker did not come to its end. */
static bool finish(void)
{
	int64_t end = tap_now() + seconds * 1000 + 180000;
	bool good = true;

	for (unsigned int w = 0; w < workers; w++) {
		int status = 0;
		pid_t pid = 0;

		if (!running[w])
			continue;
		while (!pid && tap_now() < end) {
			pid = waitpid(running[w], &status, WNOHANG);
			if (!pid)
				poll(NULL, 0, 20);
		}
		if (!pid) {
			kill(running[w], SIGKILL);
			waitpid(running[w], &status, 0);
		}
		if (status) {
			printf("# worker %u ended with %#x in conversation %u\n", w, status,
			       tallies[w].now);
			good = false;
		}
	}
	return good;
}

/* ---- what is looked at behind it ---- */

/* What a thread sleeps in, for whoever has to find out why */
static void show_stack(const char *pid, const char *comm)
{
	char path[300], line[200];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/stack", pid);
	f = fopen(path, "r");
	printf("# %s", comm);
	while (f && fgets(line, sizeof(line), f))
		printf("#   %s", line);
	if (f)
		fclose(f);
}

static bool is_connection(const char *comm)
{
	return !strncmp(comm, "tcmi_", 5) && comm[5] >= '0' && comm[5] <= '9';
}

static bool is_blocked(const char *pid)
{
	char path[300], line[300] = "", *state;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	f = fopen(path, "r");
	if (f && !fgets(line, sizeof(line), f))
		line[0] = 0;
	if (f)
		fclose(f);
	state = strrchr(line, ')');
	return state && state[1] == ' ' && state[2] == 'D';
}

/* How many connections have a thread; @show: and what they and all blocked threads do */
static unsigned int threads(bool show)
{
	DIR *d = opendir("/proc");
	unsigned int n = 0, shown = 0;
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char path[300], comm[32] = "";
		FILE *f;

		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", e->d_name);
		f = fopen(path, "r");
		if (!f)
			continue;
		if (!fgets(comm, sizeof(comm), f))
			comm[0] = 0;
		fclose(f);
		n += is_connection(comm);
		if (show && shown < 24 && (is_connection(comm) || is_blocked(e->d_name))) {
			show_stack(e->d_name, comm);
			shown++;
		}
	}
	if (d)
		closedir(d);
	return n;
}

/* A connection's thread ends with its last command. */
static bool drained(void)
{
	int64_t end = tap_now() + DRAIN_MS;
	unsigned int n;

	while ((n = threads(false)) && tap_now() < end)
		poll(NULL, 0, 50);
	if (n) {
		printf("# %u connections have not ended after %u s\n", n, DRAIN_MS / 1000);
		threads(true);
	}
	return !n;
}

static bool quiet(void)
{
	char line[8192];
	bool good = true;
	ssize_t n;

	while (kmsg >= 0 && (n = read(kmsg, line, sizeof(line) - 1)) != 0) {
		if (n < 0)
			break;
		line[n] = 0;
		if (regexec(&report, line, 0, NULL, 0))
			continue;
		printf("# kernel: %s", strchr(line, ';') ? strchr(line, ';') + 1 : line);
		good = false;
	}
	return good;
}

static void health_case(const void *arg)
{
	(void)arg;
	target_healthy();
}

/* In a process of its own: what it opens ends with it. */
static bool healthy(void)
{
	static const struct tap_case one = { "7", "a login and I/O are served", health_case, NULL,
					     NULL };
	char *argv[] = { "netfuzz", NULL };
	int status, fds[2];
	char text[4096];
	size_t len;
	FILE *f;
	pid_t pid;

	if (pipe(fds))
		return false;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		dup2(fds[1], 1);
		close(fds[0]);
		env.iqn = BASE "health";
		env.ini = BASE "doctor";
		exit(tap_main(&one, 1, 1, argv));
	}
	close(fds[1]);
	f = fdopen(fds[0], "r");
	len = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	text[len] = 0;
	if (f)
		fclose(f);
	waitpid(pid, &status, 0);
	for (char *s = status ? strtok(text, "\n") : NULL; s; s = strtok(NULL, "\n"))
		printf("# health: %s\n", s);
	return !status;
}

/* ---- all of it ---- */

static void show(void)
{
	struct tally sum = { 0 };

	for (unsigned int w = 0; w < workers; w++) {
		sum.conversations += tallies[w].conversations;
		sum.logins += tallies[w].logins;
		sum.pdus += tallies[w].pdus;
		sum.changed += tallies[w].changed;
		sum.replies += tallies[w].replies;
		sum.rejects += tallies[w].rejects;
		sum.digests += tallies[w].digests;
		sum.commands += tallies[w].commands;
	}
	printf("# %u conversations, %u logins (%u with digests), %u PDUs sent, %u of them changed, "
	       "%u answers, %u GOOD, %u Rejects\n", sum.conversations, sum.logins, sum.digests,
	       sum.pdus, sum.changed, sum.replies, sum.commands, sum.rejects);
}

static bool batch_run(unsigned int batch, unsigned int number)
{
	bool good, ended;

	memset(tallies, 0, WORKERS_MAX * sizeof(*tallies));
	printf("# seed %llu batch %u starts\n", (unsigned long long)seed, batch);
	fflush(stdout);
	start(batch);
	good = finish();
	ended = drained();
	good &= ended;
	good &= healthy();
	/* last, for what the others have provoked */
	good &= quiet();
	printf("%sok %u - batch %u of seed %llu: no report, nothing stuck, a login and I/O are served\n",
	       good ? "" : "not ", number, batch, (unsigned long long)seed);
	if (!good)
		printf("# again: netfuzz -s %llu -f %u -n 1 -t %u -w %u\n",
		       (unsigned long long)seed, batch, seconds, workers);
	show();
	fflush(stdout);
	return good;
}

static void options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "s:n:f:t:w:c:")) != -1) {
		switch (c) {
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			batches = atoi(optarg);
			break;
		case 'f':
			first = atoi(optarg);
			break;
		case 't':
			seconds = atoi(optarg);
			break;
		case 'w':
			workers = atoi(optarg);
			break;
		case 'c':
			if (sscanf(optarg, "%d:%d", &only_worker, &only_number) == 2)
				break;
			/* fall through */
		default:
			fprintf(stderr, "netfuzz: see the head of tests/netfuzz/main.c\n");
			exit(2);
		}
	}
	if (!workers || workers > WORKERS_MAX)
		workers = WORKERS_MAX;
}

int main(int argc, char **argv)
{
	unsigned int bad = 0, i;

	env_init();
	options(argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	tallies = mmap(NULL, WORKERS_MAX * sizeof(*tallies), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tallies == MAP_FAILED || regcomp(&report, REPORT, REG_EXTENDED | REG_NOSUB))
		return 2;
	tally = tallies;
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	if (kmsg >= 0)
		lseek(kmsg, 0, SEEK_END);
	printf("1..%u\n", batches);
	/* what is stuck would be held against the batches that follow */
	for (i = 0; i < batches && !bad; i++)
		bad += !batch_run(first + i, i + 1);
	for (; i < batches; i++)
		printf("not ok %u - batch %u is run\n", i + 1, first + i);
	return bad ? 1 : 0;
}
