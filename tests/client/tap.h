/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TAP output for table-driven test programs. A case that fails leaves through
 * tap_fail() at once; what it opened or changed is undone by the functions it
 * had registered with tap_defer(), newest first.
 */
#ifndef TAP_H
#define TAP_H

#include <stddef.h>
#include <stdint.h>

struct tap_case {
	const char *sec;	/* "RFC 7143 " is put before it */
	const char *what;
	void (*fn)(const void *arg);
	const void *arg;
	const char *todo;	/* known to fail, and why */
};

#define TAP_PRINTF(f, a) __attribute__((format(printf, f, a)))

int tap_main(const struct tap_case *cases, size_t n, int argc, char **argv);
void tap_defer(void (*fn)(void *), void *arg);
void *tap_alloc(size_t len);
char *tap_fmt(const char *fmt, ...) TAP_PRINTF(1, 2);
void tap_diag(const char *fmt, ...) TAP_PRINTF(1, 2);
void tap_log(const char *fmt, ...) TAP_PRINTF(1, 2);
_Noreturn void tap_fail(const char *file, int line, const char *fmt, ...)
	TAP_PRINTF(3, 4);
_Noreturn void tap_skip(const char *fmt, ...) TAP_PRINTF(1, 2);
/* The time in ms. */
int64_t tap_now(void);
/* The same, but it stands still while the machine or a processor of it does: for limits. */
int64_t tap_clock(void);
/* When the running case has to be over, by tap_clock(). */
int64_t tap_deadline(void);
/* Gives the running case another amount of time. */
void tap_limit(int ms);

#define FAIL(...) tap_fail(__FILE__, __LINE__, __VA_ARGS__)
#define CK(cond, ...)							\
	do {								\
		if (!(cond))						\
			FAIL(__VA_ARGS__);				\
	} while (0)
#define CK_EQ(got, want, what)						\
	do {								\
		unsigned long long g_ = (got), w_ = (want);		\
		if (g_ != w_)						\
			FAIL("%s: expected 0x%llx (%llu), got 0x%llx (%llu)", \
			     (what), w_, w_, g_, g_);			\
	} while (0)

#endif
