/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Valid conversations with a target over TCP, and what can be done to them. All choices
 * come from a seed; what the target answers decides only which numbers are the right ones.
 */
#ifndef NETFUZZ_H
#define NETFUZZ_H

#include "../client/iscsi_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RX_SIZE		(1 << 20)
#define DATA_MAX	65536
#define R2TS		16
#define TASKS		32

#define BASE		"iqn.2003-01.org.example:"

struct rng {
	uint64_t s;
};

/* A PDU before it becomes bytes */
struct wire {
	uint8_t bhs[48];
	uint8_t ahs[1020];
	uint32_t ahs_len;
	uint8_t data[DATA_MAX + 1024];
	uint32_t dlen;
	bool lie_ahs, lie_dsl;		/* the lengths in the header stay as they are */
	bool bad_hdgst, bad_ddgst, dirty_pad;
};

struct task {
	uint32_t itt, len;
	bool write;
};

struct r2t {
	uint32_t itt, ttt, off, len;
};

struct peer {
	int fd;
	struct rng *rng;
	const char *initiator, *target;
	uint8_t isid[6];
	uint16_t tsih, cid;
	uint32_t cmdsn, statsn, itt;
	bool full, hdgst, ddgst, gone, deaf;
	/* the last answer to a login */
	bool answered, want_digests;
	uint16_t status;
	uint8_t answer_flags;
	char text[4096];
	/* what it waits for */
	struct r2t r2t[R2TS];
	unsigned int nr2t;
	struct task task[TASKS];
	unsigned int ntasks;
	uint32_t text_itt, text_ttt;
	uint8_t *rx;
	size_t rx_len;
	struct wire *held;		/* comes behind the next one */
	unsigned int replies;
};

/* What a conversation came to, in memory that the workers share with the parent */
struct tally {
	uint32_t conversations, logins, pdus, changed, replies, rejects, digests, commands;
	uint32_t now;			/* the conversation under way */
};

extern struct tally *tally;

/* rng.c */
void rng_seed(struct rng *r, uint64_t seed);
uint32_t rng_next(struct rng *r);
uint32_t rng_below(struct rng *r, uint32_t n);
/* True once in @n times; 0 never. */
bool rng_one_in(struct rng *r, uint32_t n);

/* peer.c */
bool peer_open(struct peer *p);
void peer_close(struct peer *p, bool reset);
void peer_send(struct peer *p, const struct wire *w);
void peer_bytes(struct peer *p, const uint8_t *b, size_t len);
/* Reads what comes for @ms at most; less when @one and an answer has come. */
void peer_pump(struct peer *p, int ms, bool one);
void wire_head(struct peer *p, struct wire *w, uint8_t op, uint8_t flags, bool cmdsn);

/* mutate.c: sends @w, changed or not */
void mutate_send(struct peer *p, struct wire *w, uint32_t one_in);

/* talk.c */
void conversation(uint64_t seed);

#endif
