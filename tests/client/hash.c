// SPDX-License-Identifier: GPL-2.0
/*
 * MD5 (RFC 1321), SHA-1 and SHA-256 (FIPS 180-4), SHA3-256 (FIPS 202) over a
 * whole message in memory: all that CHAP needs.
 */
#include "iscsi_client.h"

#include <stdlib.h>
#include <string.h>

static uint32_t rol(uint32_t v, int n)
{
	return v << n | v >> (32 - n);
}

static uint32_t ror(uint32_t v, int n)
{
	return v >> n | v << (32 - n);
}

static void md5_block(uint32_t *h, const uint8_t *p)
{
	static const uint8_t shift[16] = { 7, 12, 17, 22, 5, 9, 14, 20,
					   4, 11, 16, 23, 6, 10, 15, 21 };
	static const uint32_t k[64] = {
		0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf,
		0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af,
		0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e,
		0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa,
		0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6,
		0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8,
		0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122,
		0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
		0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039,
		0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97,
		0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d,
		0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1,
		0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391
	};
	uint32_t a = h[0], b = h[1], c = h[2], d = h[3], w[16];

	for (int i = 0; i < 16; i++)
		w[i] = p[4 * i] | p[4 * i + 1] << 8 | p[4 * i + 2] << 16 |
		       (uint32_t)p[4 * i + 3] << 24;
	for (int i = 0; i < 64; i++) {
		uint32_t f, t;
		int g;

		if (i < 16)
			f = (b & c) | (~b & d), g = i;
		else if (i < 32)
			f = (d & b) | (~d & c), g = (5 * i + 1) & 15;
		else if (i < 48)
			f = b ^ c ^ d, g = (3 * i + 5) & 15;
		else
			f = c ^ (b | ~d), g = 7 * i & 15;
		t = d;
		d = c;
		c = b;
		b += rol(a + f + k[i] + w[g], shift[i / 16 * 4 + i % 4]);
		a = t;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
}

static void sha1_block(uint32_t *h, const uint8_t *p)
{
	uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], w[80];

	for (int i = 0; i < 16; i++)
		w[i] = get32(p + 4 * i);
	for (int i = 16; i < 80; i++)
		w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (int i = 0; i < 80; i++) {
		uint32_t f, t;

		if (i < 20)
			f = ((b & c) | (~b & d)) + 0x5a827999;
		else if (i < 40)
			f = (b ^ c ^ d) + 0x6ed9eba1;
		else if (i < 60)
			f = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
		else
			f = (b ^ c ^ d) + 0xca62c1d6;
		t = rol(a, 5) + f + e + w[i];
		e = d;
		d = c;
		c = rol(b, 30);
		b = a;
		a = t;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

static const uint32_t sha256_k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
};

static void sha256_block(uint32_t *h, const uint8_t *p)
{
	uint32_t w[64], s[8];

	for (int i = 0; i < 16; i++)
		w[i] = get32(p + 4 * i);
	for (int i = 16; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3) +
		       (ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10);
	memcpy(s, h, sizeof(s));
	for (int i = 0; i < 64; i++) {
		uint32_t t1, t2;

		t1 = s[7] + (ror(s[4], 6) ^ ror(s[4], 11) ^ ror(s[4], 25)) +
		     ((s[4] & s[5]) ^ (~s[4] & s[6])) + sha256_k[i] + w[i];
		t2 = (ror(s[0], 2) ^ ror(s[0], 13) ^ ror(s[0], 22)) +
		     ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
		memmove(s + 1, s, 7 * sizeof(*s));
		s[4] += t1;
		s[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++)
		h[i] += s[i];
}

static uint64_t rol64(uint64_t v, int n)
{
	return n ? v << n | v >> (64 - n) : v;
}

static void keccak(uint64_t *a)
{
	static const uint8_t rot[24] = { 1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2,
		14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44 };
	static const uint8_t lane[24] = { 10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24,
		4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1 };
	static const uint64_t rc[24] = {
		0x0000000000000001, 0x0000000000008082, 0x800000000000808a,
		0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
		0x8000000080008081, 0x8000000000008009, 0x000000000000008a,
		0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
		0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
		0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
		0x000000000000800a, 0x800000008000000a, 0x8000000080008081,
		0x8000000000008080, 0x0000000080000001, 0x8000000080008008
	};

	for (int r = 0; r < 24; r++) {
		uint64_t b[5], t;

		for (int x = 0; x < 5; x++)
			b[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
		for (int i = 0; i < 25; i++)
			a[i] ^= b[(i + 4) % 5] ^ rol64(b[(i + 1) % 5], 1);
		t = a[1];
		for (int i = 0; i < 24; i++) {
			uint64_t u = a[lane[i]];

			a[lane[i]] = rol64(t, rot[i]);
			t = u;
		}
		for (int y = 0; y < 25; y += 5) {
			memcpy(b, a + y, sizeof(b));
			for (int x = 0; x < 5; x++)
				a[y + x] = b[x] ^ (~b[(x + 1) % 5] &
						   b[(x + 2) % 5]);
		}
		a[0] ^= rc[r];
	}
}

static size_t sha3_256(uint8_t *out, const uint8_t *msg, size_t len)
{
	const size_t rate = 136;
	uint64_t a[25] = { 0 };
	uint8_t last[136] = { 0 };
	size_t i;

	for (;; msg += rate, len -= rate) {
		const uint8_t *p = msg;

		if (len < rate) {
			memcpy(last, msg, len);
			last[len] = 0x06;
			last[rate - 1] |= 0x80;
			p = last;
		}
		for (i = 0; i < rate; i++)
			a[i / 8] ^= (uint64_t)p[i] << 8 * (i % 8);
		keccak(a);
		if (len < rate)
			break;
	}
	for (i = 0; i < 32; i++)
		out[i] = a[i / 8] >> 8 * (i % 8);
	return 32;
}

static void md_pad(void (*block)(uint32_t *, const uint8_t *), uint32_t *h,
		   const uint8_t *msg, size_t len, int big_endian)
{
	size_t total = (len + 8) / 64 * 64 + 64, i;
	uint8_t *buf = calloc(1, total);

	memcpy(buf, msg, len);
	buf[len] = 0x80;
	for (i = 0; i < 8; i++)
		buf[total - 8 + i] = (uint64_t)len * 8 >>
				     8 * (big_endian ? 7 - i : i);
	for (i = 0; i < total; i += 64)
		block(h, buf + i);
	free(buf);
}

/* @alg is the number in CHAP_A; returns the digest's length, 0 if unknown. */
size_t chap_hash(int alg, uint8_t *out, const void *msg, size_t len)
{
	uint32_t h[8] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
			  0xc3d2e1f0 };
	static const uint32_t h256[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
	};
	size_t words, i;

	switch (alg) {
	case CHAP_MD5:
		md_pad(md5_block, h, msg, len, 0);
		for (i = 0; i < 16; i++)
			out[i] = h[i / 4] >> 8 * (i % 4);
		return 16;
	case CHAP_SHA1:
		md_pad(sha1_block, h, msg, len, 1);
		words = 5;
		break;
	case CHAP_SHA256:
		memcpy(h, h256, sizeof(h));
		md_pad(sha256_block, h, msg, len, 1);
		words = 8;
		break;
	case CHAP_SHA3_256:
		return sha3_256(out, msg, len);
	default:
		return 0;
	}
	for (i = 0; i < words; i++)
		put32(out + 4 * i, h[i]);
	return 4 * words;
}
