/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TCM_ISCSI_FUZZ_H
#define TCM_ISCSI_FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* Not assert(): it has to stay whatever the build says. */
#define MUST(cond)							\
	do {								\
		if (!(cond)) {						\
			fprintf(stderr, "%s:%d: %s does not hold\n",	\
				__FILE__, __LINE__, #cond);		\
			abort();					\
		}							\
	} while (0)

/* Takes bytes off the front of the input; past its end there are zeros. */
struct input {
	const u8 *pos, *end;
};

u8 take8(struct input *in);
u32 take32(struct input *in);

/* A copy of its exact size, so that the sanitizer sees the first byte too far */
void *copy_of(const void *from, size_t len);

extern const struct iscsip_hash_ops fuzz_hash;
/* The right response to the login's challenge for the secret "secret", in hex */
u32 right_response(const struct iscsip_login *l, char *hex);

void check_verdict(struct iscsip_verdict v);
/* Response text has to be what a peer can parse. */
void check_out(const struct iscsip_out *out);
void check_params(const struct iscsip_params *p);

/* What we offer, by two bytes of the input */
void make_offer(struct iscsip_login_offer *offer, u8 a, u8 b);
/* Full feature phase: nobody got there in a way that the offer does not allow. */
void check_login_done(const struct iscsip_login *l, bool response_given);

#endif
