// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "tap.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CASE_MS		30000
#define LOG_LINES	40
#define LOG_WIDTH	200
#define NAP_MS		20
#define LATE_MS		200
#define LATE_MAX	16
#define CPUS_MAX	8

enum { CASE_OK, CASE_FAILED, CASE_SKIPPED };

static struct defer {
	void (*fn)(void *);
	void *arg;
} *defers;
static unsigned int n_defers, max_defers;

static jmp_buf leave;
static char reason[1024];
static char ring[LOG_LINES][LOG_WIDTH];
static unsigned int ring_next;
static int64_t case_end;
static int tracing;

int64_t tap_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t tap_deadline(void)
{
	return case_end;
}

void tap_limit(int ms)
{
	case_end = tap_clock() + ms;
}

void tap_defer(void (*fn)(void *), void *arg)
{
	if (n_defers == max_defers) {
		max_defers += 256;
		defers = realloc(defers, max_defers * sizeof(*defers));
		if (!defers)
			abort();
	}
	defers[n_defers].fn = fn;
	defers[n_defers++].arg = arg;
}

void *tap_alloc(size_t len)
{
	void *p = calloc(1, len ? len : 1);

	if (!p)
		FAIL("out of memory (%zu bytes)", len);
	tap_defer(free, p);
	return p;
}

char *tap_fmt(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	s = tap_alloc(n + 1);
	va_start(ap, fmt);
	vsnprintf(s, n + 1, fmt, ap);
	va_end(ap);
	return s;
}

void tap_diag(const char *fmt, ...)
{
	va_list ap;

	fputs("# ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

/* Kept back, and shown only when the case fails (or with RAW_TRACE=1). */
void tap_log(const char *fmt, ...)
{
	char *line = ring[ring_next++ % LOG_LINES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, LOG_WIDTH, fmt, ap);
	va_end(ap);
	if (tracing)
		tap_diag("%s", line);
}

/*
 * Did the machine stand still, or one of its processors? A sleeper on each notes when it
 * wakes late: what a case has waited for in vain may have been no fault of the target's.
 */
static struct {
	int64_t when;
	int ms;
} late[LATE_MAX];
static unsigned int n_late, n_sleepers;
static int64_t woke[CPUS_MAX], stood, stood_until;
static pthread_mutex_t late_lock = PTHREAD_MUTEX_INITIALIZER;

/* From when on the time up to @now does not count, for a sleeper that woke at @then. */
static int64_t late_from(int64_t then)
{
	return then + LATE_MS > stood_until ? then + LATE_MS : stood_until;
}

static void *sleeper(void *arg)
{
	int64_t *then = arg, now;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(then - woke, &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (;;) {
		usleep(NAP_MS * 1000);
		pthread_mutex_lock(&late_lock);
		now = tap_now();
		if (now - *then >= LATE_MS) {
			late[n_late % LATE_MAX].when = now;
			late[n_late++ % LATE_MAX].ms = now - *then;
		}
		if (now > late_from(*then)) {
			stood += now - late_from(*then);
			stood_until = now;
		}
		*then = now;
		pthread_mutex_unlock(&late_lock);
	}
	return NULL;
}

int64_t tap_clock(void)
{
	int64_t now, first;

	pthread_mutex_lock(&late_lock);
	now = tap_now();
	first = now;
	for (unsigned int i = 0; i < n_sleepers; i++)
		if (woke[i] < first)
			first = woke[i];
	first = late_from(first);
	now -= stood + (now > first ? now - first : 0);
	pthread_mutex_unlock(&late_lock);
	return now;
}

static void start_sleepers(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t thread;

	while (n_sleepers < n && n_sleepers < CPUS_MAX) {
		woke[n_sleepers] = tap_now();
		if (pthread_create(&thread, NULL, sleeper, &woke[n_sleepers]))
			break;
		pthread_detach(thread);
		n_sleepers++;
	}
}

static void say_late(int64_t since)
{
	for (unsigned int i = 0; i < LATE_MAX && i < n_late; i++)
		if (late[i].when >= since)
			tap_diag("%lld ms before this a processor had stood still for %d ms",
				 (long long)(tap_now() - late[i].when), late[i].ms);
}

_Noreturn void tap_fail(const char *file, int line, const char *fmt, ...)
{
	size_t n = snprintf(reason, sizeof(reason), "%s:%d: ", file, line);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason + n, sizeof(reason) - n, fmt, ap);
	va_end(ap);
	longjmp(leave, CASE_FAILED);
}

_Noreturn void tap_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	longjmp(leave, CASE_SKIPPED);
}

static void clean_up(void)
{
	/* A clean-up that fails itself must not be run again. */
	while (n_defers) {
		n_defers--;
		defers[n_defers].fn(defers[n_defers].arg);
	}
}

static int run_case(const struct tap_case *c)
{
	int rc;

	ring_next = 0;
	tap_limit(CASE_MS);
	rc = setjmp(leave);
	if (!rc)
		c->fn(c->arg);
	return rc;
}

static int run_clean_up(void)
{
	int rc;

	tap_limit(CASE_MS);
	do {
		rc = setjmp(leave);
		if (!rc)
			clean_up();
	} while (rc && n_defers);
	return rc;
}

static void show_log(void)
{
	unsigned int i = ring_next > LOG_LINES ? ring_next - LOG_LINES : 0;

	for (; !tracing && i < ring_next; i++)
		tap_diag("  %s", ring[i % LOG_LINES]);
}

static int one_case(const struct tap_case *c, unsigned int num)
{
	static char first[sizeof(reason)];
	int64_t start = tap_now();
	int rc, rc2;

	rc = run_case(c);
	memcpy(first, reason, sizeof(first));
	rc2 = run_clean_up();
	if (rc2 && rc != CASE_FAILED) {
		rc = CASE_FAILED;
		memcpy(first, reason, sizeof(first));
	}
	if (rc == CASE_SKIPPED)
		printf("ok %u - RFC 7143 %s: %s # SKIP %s\n", num, c->sec,
		       c->what, first);
	else
		printf("%sok %u - RFC 7143 %s: %s%s%s\n", rc ? "not " : "", num,
		       c->sec, c->what, c->todo ? " # TODO " : "",
		       c->todo ? c->todo : "");
	if (rc == CASE_FAILED) {
		tap_diag("%s", first);
		say_late(start);
		show_log();
	}
	if (tap_now() - start > 3000)
		tap_diag("took %lld ms", (long long)(tap_now() - start));
	fflush(stdout);
	return rc == CASE_FAILED && !c->todo;
}

/*
 * Arguments choose cases: a number, or a part of the name. Without any, all
 * are run.
 */
static int chosen(const struct tap_case *c, unsigned int num, int argc,
		  char **argv)
{
	int i;

	if (argc < 2)
		return 1;
	for (i = 1; i < argc; i++)
		if ((unsigned int)atoi(argv[i]) == num ||
		    strstr(c->what, argv[i]) || !strcmp(c->sec, argv[i]))
			return 1;
	return 0;
}

int tap_main(const struct tap_case *cases, size_t n, int argc, char **argv)
{
	unsigned int failed = 0, run = 0;
	const char *t = getenv("RAW_TRACE");
	size_t i;

	start_sleepers();
	tracing = t && *t == '1';
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < n; i++) {
		if (!chosen(&cases[i], i + 1, argc, argv))
			continue;
		run++;
		failed += one_case(&cases[i], argc < 2 ? i + 1 : run);
	}
	printf("1..%u\n", run);
	if (failed)
		tap_diag("%u of %u failed", failed, run);
	return failed ? 1 : 0;
}
