/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TAP output and what the unit tests share.
 */
#ifndef TCM_ISCSI_UNIT_H
#define TCM_ISCSI_UNIT_H

#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

/* One line of TAP for each case; the name is a sentence with the RFC's section. */
void ok(bool good, const char *name);
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
int done(void);

/* Inside a case: CHECK()s note what is wrong; the case's ok() is their sum. */
extern bool case_good;
#define CHECK(cond)							\
	do {								\
		if (!(cond)) {						\
			case_good = false;				\
			note("line %d: %s", __LINE__, #cond);		\
		}							\
	} while (0)
#define CHECK_EQ(got, want)						\
	do {								\
		unsigned long long g_ = (got), w_ = (want);		\
		if (g_ != w_) {						\
			case_good = false;				\
			note("line %d: %s is %llu (%#llx), expected %llu (%#llx)", \
			     __LINE__, #got, g_, g_, w_, w_);		\
		}							\
	} while (0)
#define CASE(name, ...)							\
	do {								\
		case_good = true;					\
		__VA_ARGS__;						\
		ok(case_good, name);					\
	} while (0)

/*
 * Exactly as many bytes as the text has, each newline a null: a reader that goes
 * one too far is caught by the address sanitizer. Freed by the caller.
 */
char *wire_text(const char *lines, u32 *len);
/* The other way, into a static buffer */
const char *lines_of(const char *text, u32 len);

void check_verdict(int line, struct iscsip_verdict v, enum iscsip_action action,
		   u32 code);
/* action and code: two arguments, or a macro that stands for both */
#define CHECK_VERDICT(v, ...)	check_verdict(__LINE__, v, __VA_ARGS__)

/* A hash that is none, and chance that is none: the same in every run */
extern const struct iscsip_hash_ops test_hash;
extern u32 test_algs;		/* bit per algorithm number */
extern bool test_hash_fails;
void test_random_reset(void);

#endif
