// SPDX-License-Identifier: GPL-2.0
#include "netfuzz.h"

void rng_seed(struct rng *r, uint64_t seed)
{
	r->s = seed;
}

/* splitmix64: any seed will do, also 0 */
uint32_t rng_next(struct rng *r)
{
	uint64_t z = r->s += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (z ^ z >> 31) >> 16;
}

uint32_t rng_below(struct rng *r, uint32_t n)
{
	return n ? rng_next(r) % n : 0;
}

bool rng_one_in(struct rng *r, uint32_t n)
{
	return n && !rng_below(r, n);
}
