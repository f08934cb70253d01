// SPDX-License-Identifier: GPL-2.0
/* What the client computes itself, against published test vectors. */
#include "iscsi_client.h"

#include <string.h>

struct vector {
	int alg;
	size_t repeat;
	const char *msg, *digest;
};

static const struct vector vectors[] = {
	{ CHAP_MD5, 1, "abc", "0x900150983cd24fb0d6963f7d28e17f72" },
	{ CHAP_MD5, 8, "1234567890", "0x57edf4a22be3c955ac49da2e2107b67a" },
	{ CHAP_SHA1, 1, "abc", "0xa9993e364706816aba3e25717850c26c9cd0d89d" },
	{ CHAP_SHA256, 1, "abc", "0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ CHAP_SHA256, 1, "", "0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ CHAP_SHA3_256, 1, "abc", "0x3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532" },
	{ CHAP_SHA3_256, 1, "", "0xa7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a" },
	{ CHAP_SHA3_256, 200, "\xa3", "0x79f38adec5c20307a98ef76e8324afbfd46cfd81b22e3973c65fa1bd9de31787" },
};

static void hashes(const void *arg)
{
	const struct vector *v = arg;
	uint8_t out[64];
	char msg[4096] = "";
	size_t n;

	for (size_t i = 0; i < v->repeat; i++)
		strcat(msg, v->msg);
	n = chap_hash(v->alg, out, msg, strlen(msg));
	CK(!strcmp(bin_encode(out, n, 0), v->digest), "got %s",
	   bin_encode(out, n, 0));
}

static void crc(const void *arg)
{
	uint8_t b[32] = { 0 };

	(void)arg;
	CK_EQ(crc32c(0, b, 32), 0x8a9136aa, "32 bytes of zero (RFC 3720 B.4)");
	memset(b, 0xff, 32);
	CK_EQ(crc32c(0, b, 32), 0x62a8ab43, "32 bytes of ones");
	CK_EQ(crc32c(0, "123456789", 9), 0xe3069283, "123456789");
}

static void binaries(const void *arg)
{
	uint8_t in[40], out[40];

	(void)arg;
	for (int len = 1; len < 40; len++) {
		fill(in, len, len);
		for (int e = 0; e < 3; e++) {
			int n = bin_decode(bin_encode(in, len, "xXb"[e]), out, 40);

			CK_EQ(n, len, "the length");
			CK(!memcmp(in, out, len), "the bytes");
		}
	}
	CK_EQ(bin_decode("0xabc", out, 40), 2, "odd hex digits (6.1)");
}

static void serials(const void *arg)
{
	(void)arg;
	CK(sn_lt(0xffffffff, 0) && !sn_lt(0, 0xffffffff) && !sn_lt(5, 5),
	   "serial number arithmetic");
}

static const struct tap_case cases[] = {
	{ "12.1.3", "MD5 of abc", hashes, &vectors[0] },
	{ "12.1.3", "MD5 over two blocks", hashes, &vectors[1] },
	{ "12.1.3", "SHA-1 of abc", hashes, &vectors[2] },
	{ "12.1.3", "SHA-256 of abc", hashes, &vectors[3] },
	{ "12.1.3", "SHA-256 of nothing", hashes, &vectors[4] },
	{ "12.1.3", "SHA3-256 of abc", hashes, &vectors[5] },
	{ "12.1.3", "SHA3-256 of nothing", hashes, &vectors[6] },
	{ "12.1.3", "SHA3-256 over two blocks", hashes, &vectors[7] },
	{ "13.1", "CRC32C of the published examples", crc, NULL },
	{ "6.1", "binary values survive hex and base64", binaries, NULL },
	{ "4.2.2.1", "serial numbers compare over the wrap", serials, NULL },
};

int main(int argc, char **argv)
{
	return tap_main(cases, ARRAY_SIZE(cases), argc, argv);
}
