/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A load generator that costs next to nothing itself: PDUs are templates in
 * which a tag, a number and an address get patched, a whole batch is one
 * sendmsg(), answers are taken with big reads, and payloads are discarded by
 * the kernel unless they are to be looked at.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define MAX_DEPTH	1024
#define MAX_IOV		1024
#define HDR_ARENA	(MAX_IOV * 64)
#define HDR_MAX		128	/* header and digests of one PDU */
#define TIMEOUT_S	20	/* no answer for so long is an error */
#define HIST		(64 * 32)
#define DISCARD_MIN	2048	/* of a payload: worth a system call of its own */

enum write_mode { WRITE_IMM, WRITE_UNSOL, WRITE_BOTH, WRITE_SOL };

struct options {
	const char *addr, *port, *target, *initiator;
	bool nvme;
	unsigned int lun;
	unsigned int read_pct;		/* 100: only reads */
	uint32_t bs;
	unsigned int depth, batch, sessions, procs;
	double seconds, warm;		/* or else: */
	uint64_t count, warm_count;
	enum write_mode wmode;
	bool hdgst, ddgst, sequential;
	uint32_t discard;		/* payloads of blocks so long are not copied */
	uint64_t range;			/* bytes from the start of the LUN */
	unsigned int verify;		/* look at 1 of so many, 0 = none */
	uint32_t mrdsl, first_burst, max_burst;
};

extern struct options opt;

struct slot {
	uint64_t off;		/* on the disk, bytes */
	uint64_t t0;
	uint32_t got;		/* bytes of payload so far */
	bool busy, write, check;
	uint8_t *wbuf;		/* with verify: the stamped data */
};

/* What the target asked for and still has to get. */
struct pend {
	uint32_t kind, slot, ttt, off, len, sn;
};

struct sess {
	int fd;
	unsigned int index;

	struct slot *slots;
	uint16_t *free;
	unsigned int nfree;

	/* to send */
	struct iovec iov[MAX_IOV];
	unsigned int niov, cur;
	uint8_t *hdr;
	size_t hdr_used;
	struct pend pend[MAX_DEPTH * 2];
	unsigned int phead, ptail;
	bool want_out;			/* epoll: waits until it can send */

	/* received */
	uint8_t *buf;
	size_t buf_len, head, tail;
	uint32_t skip;			/* payload of this PDU still to come */
	bool in_payload;
	bool has_crc;			/* a digest follows, and is looked at */
	struct slot *check;		/* whose payload, if it is looked at */
	uint32_t check_off, done_tag;
	bool done_after;		/* the payload ends the command */
	uint32_t crc;
	unsigned int freed;		/* answers since the last batch was sent */
	int lowat;
	bool windowed, window_full;

	/* iSCSI */
	uint32_t cmdsn, maxcmdsn, exp_statsn;
	bool hdgst, ddgst, imm_ok, unsol_ok;
	uint32_t tgt_mrdsl, first_burst, max_burst;
	uint8_t tmpl[2][48];
	/* NVMe */
	int admin_fd;
	uint32_t maxh2c;
};

struct counters {
	uint64_t ios, bytes, errors, checked, rejects, pings, sends, recvs, windows;
};

enum phase { PH_FILL, PH_WARM, PH_RUN, PH_DRAIN, PH_READBACK };

/* Where the processes meet; one element of @res for each. */
struct result {
	struct counters c;
	double client_us;		/* CPU time */
	uint32_t hist[HIST];
};

struct shared {
	volatile int state;		/* with several processes: phase */
	volatile int ready;
	double tps;			/* ticks a second */
	struct result res[];
};

extern struct counters cnt;
extern struct shared *shared;

/* A protocol: how to get in, and what a command and an answer look like. */
struct proto {
	void (*open)(struct sess *s);
	void (*close)(struct sess *s);
	void (*put_cmd)(struct sess *s, unsigned int slot);
	/* false: there was no room for all of it */
	bool (*put_pend)(struct sess *s, struct pend *p);
	/* false: bytes are missing */
	bool (*parse_hdr)(struct sess *s);
};

extern const struct proto iscsi_proto, nvme_proto;

/* main.c */
_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void io_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int tcp_connect(const char *addr, const char *port);
void send_all(int fd, const void *buf, size_t len);
void recv_all(int fd, void *buf, size_t len);

void global_start(void);
void global_end(void);

/* engine.c */
uint8_t *tx_hdr(struct sess *s, size_t len);
void tx_iov(struct sess *s, const void *p, size_t len);
bool tx_room(const struct sess *s, unsigned int pdus);
void tx_pend(struct sess *s, const struct pend *p);
struct slot *slot_of(struct sess *s, uint32_t tag);
void slot_done(struct sess *s, uint32_t tag);
const uint8_t *out_data(const struct slot *sl, uint32_t off);
uint32_t out_crc(const struct slot *sl, uint32_t off, uint32_t len);
void expect_payload(struct sess *s, struct slot *sl, uint32_t off, uint32_t len,
		    uint32_t behind);
void engine_run(struct sess *s, unsigned int n, unsigned int proc);

/* data.c */
extern uint8_t *pattern;
uint32_t crc32c(uint32_t crc, const void *data, size_t len);
void stamp(uint8_t *b, uint64_t off, size_t len);
bool stamped(const uint8_t *b, uint64_t off, size_t len);
uint64_t rnd(void);
void rnd_seed(uint64_t v);
uint64_t ticks(void);
void hist_add(uint64_t t);
double hist_pct(const uint64_t *sum, double p);	/* in ticks */
extern uint32_t *hist;

static inline bool sn_window_full(const struct sess *s)
{
	return s->windowed && (int32_t)(s->maxcmdsn - s->cmdsn) < 0;
}

static inline uint16_t get16(const void *p)
{
	const uint8_t *b = p;

	return b[0] << 8 | b[1];
}

static inline uint32_t get24(const void *p)
{
	const uint8_t *b = p;

	return b[0] << 16 | b[1] << 8 | b[2];
}

static inline uint32_t get32(const void *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, 4);
	return __builtin_bswap32(v);
}

static inline void put32(void *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	__builtin_memcpy(p, &v, 4);
}

static inline void put24(void *p, uint32_t v)
{
	uint8_t *b = p;

	b[0] = v >> 16;
	b[1] = v >> 8;
	b[2] = v;
}

static inline uint32_t le32(const void *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, 4);
	return v;
}

static inline void put_le32(void *p, uint32_t v)
{
	__builtin_memcpy(p, &v, 4);
}

static inline void put_le64(void *p, uint64_t v)
{
	__builtin_memcpy(p, &v, 8);
}

#endif
