// SPDX-License-Identifier: GPL-2.0
#include "load.h"

#include <string.h>
#include <time.h>
#ifdef __x86_64__
#include <x86intrin.h>
#endif

uint8_t *pattern;
uint32_t *hist;

static uint64_t rnd_state = 0x9e3779b97f4a7c15;

void rnd_seed(uint64_t v)
{
	rnd_state = (v + 1) * 0x9e3779b97f4a7c15;
}

uint64_t rnd(void)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return rnd_state;
}

/* A clock without a system call, which is dear in User Mode Linux. */
uint64_t ticks(void)
{
#ifdef __x86_64__
	return __rdtsc();
#else
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
#endif
}

static uint32_t crc_table[256];

static uint32_t crc_bytes(uint32_t crc, const uint8_t *b, size_t len)
{
	if (!crc_table[1]) {
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t c = i;

			for (int j = 0; j < 8; j++)
				c = c >> 1 ^ (c & 1 ? 0x82f63b78 : 0);
			crc_table[i] = c;
		}
	}
	while (len--)
		crc = crc >> 8 ^ crc_table[(crc ^ *b++) & 0xff];
	return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2")))
static uint32_t crc_fast(uint64_t crc, const uint8_t *b, size_t len)
{
	for (; len >= 8; len -= 8, b += 8) {
		uint64_t v;

		memcpy(&v, b, 8);
		crc = _mm_crc32_u64(crc, v);
	}
	while (len--)
		crc = _mm_crc32_u8(crc, *b++);
	return crc;
}
#endif

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("sse4.2"))
		return ~crc_fast(~crc, data, len);
#endif
	return ~crc_bytes(~crc, data, len);
}

/* Each 8 bytes of the disk have a value of their own. */
static uint64_t word_at(uint64_t off)
{
	return (off / 8 + 1) * 0x9e3779b97f4a7c15;
}

void stamp(uint8_t *b, uint64_t off, size_t len)
{
	for (size_t i = 0; i < len; i += 8) {
		uint64_t v = word_at(off + i);

		memcpy(b + i, &v, 8);
	}
}

/* @b begins and ends at any byte. */
bool stamped(const uint8_t *b, uint64_t off, size_t len)
{
	size_t i = 0;

	for (; i < len && (off + i) % 8; i++)
		if (b[i] != (uint8_t)(word_at((off + i) & ~7ull) >> (off + i) % 8 * 8))
			return false;
	for (; i + 8 <= len; i += 8) {
		uint64_t v = word_at(off + i);

		if (memcmp(b + i, &v, 8))
			return false;
	}
	for (; i < len; i++)
		if (b[i] != (uint8_t)(word_at((off + i) & ~7ull) >> (off + i) % 8 * 8))
			return false;
	return true;
}

/* Buckets: 32 to each power of two, 3 % wide. */
void hist_add(uint64_t t)
{
	unsigned int e;

	if (t < 32) {
		hist[t]++;
		return;
	}
	e = 58 - __builtin_clzll(t);
	hist[(e + 1) * 32 + (t >> e & 31)]++;
}

static double bucket_ticks(unsigned int i)
{
	if (i < 32)
		return i;
	return (double)(32 + i % 32) * (double)(1ull << (i / 32 - 1));
}

double hist_pct(const uint64_t *h, double p)
{
	uint64_t n = 0, sum = 0;

	for (unsigned int i = 0; i < HIST; i++)
		n += h[i];
	for (unsigned int i = 0; i < HIST; i++) {
		sum += h[i];
		if (sum && sum >= p * n)
			return bucket_ticks(i);
	}
	return 0;
}
