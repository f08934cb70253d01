// SPDX-License-Identifier: GPL-2.0
/*
 * What the pure CHAP machine needs from the kernel: hashes, chance, and a compare
 * that takes the same time whatever it finds. No secret gets to a format string.
 */
#include <crypto/hash.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/string.h>
#include "tcm_iscsi.h"

struct tcmi_auth tcmi_discovery_auth;
bool tcmi_discovery_enforce;

/*
 * All of them are there from the start, or never: to ask for one may load a module, which
 * takes the disk that modules are on, and no login waits for a disk.
 */
static struct {
	const u8 alg;
	const char *name;
	struct crypto_shash *tfm;
} tcmi_hashes[] = {
	{ ISCSIP_CHAP_MD5, "md5" },
	{ ISCSIP_CHAP_SHA1, "sha1" },
	{ ISCSIP_CHAP_SHA256, "sha256" },
	{ ISCSIP_CHAP_SHA3_256, "sha3-256" },
};

static struct crypto_shash *tcmi_hash_find(u8 alg)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(tcmi_hashes); i++)
		if (tcmi_hashes[i].alg == alg)
			return tcmi_hashes[i].tfm;
	return NULL;
}

static bool tcmi_hash_supported(u8 alg)
{
	return tcmi_hash_find(alg);
}

static int tcmi_hash_digest(u8 alg, u8 id, const u8 *secret, u32 secret_len,
			    const u8 *challenge, u32 challenge_len, u8 *out)
{
	struct crypto_shash *tfm = tcmi_hash_find(alg);
	SHASH_DESC_ON_STACK(desc, tfm);
	int ret;

	if (!tfm)
		return -ENOENT;
	desc->tfm = tfm;
	ret = crypto_shash_init(desc) ?:
	      crypto_shash_update(desc, &id, 1) ?:
	      crypto_shash_update(desc, secret, secret_len) ?:
	      crypto_shash_finup(desc, challenge, challenge_len, out);
	shash_desc_zero(desc);
	return ret;
}

/**
 * tcmi_auth_init() - at module load: the hashes that this kernel has
 *
 * A FIPS kernel knows MD5 and won't let us have it: then nobody is offered that.
 */
void tcmi_auth_init(void)
{
	struct crypto_shash *tfm;
	int i;

	for (i = 0; i < ARRAY_SIZE(tcmi_hashes); i++) {
		tfm = crypto_alloc_shash(tcmi_hashes[i].name, 0, 0);
		tcmi_hashes[i].tfm = IS_ERR(tfm) ? NULL : tfm;
	}
}

/**
 * tcmi_auth_exit() - no login is left
 */
void tcmi_auth_exit(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(tcmi_hashes); i++)
		crypto_free_shash(tcmi_hashes[i].tfm);
}

static void tcmi_hash_random(u8 *out, u32 len)
{
	get_random_bytes(out, len);
}

static bool tcmi_hash_equal(const u8 *a, const u8 *b, u32 len)
{
	return !crypto_memneq(a, b, len);
}

const struct iscsip_hash_ops tcmi_hash_ops = {
	.supported	= tcmi_hash_supported,
	.digest		= tcmi_hash_digest,
	.random		= tcmi_hash_random,
	.equal		= tcmi_hash_equal,
};

static u16 tcmi_auth_copy(u8 *to, const char *from, bool have, size_t size)
{
	u16 len = have ? strnlen(from, size - 1) : 0;

	memcpy(to, from, len);
	to[len] = '\0';
	return len;
}

/**
 * tcmi_auth_credentials() - configured strings as the protocol layer takes them
 * @auth: source; tcmi_config_mutex held
 * @cred: result; the owner wipes it
 */
void tcmi_auth_credentials(const struct tcmi_auth *auth, struct iscsip_credentials *cred)
{
	lockdep_assert_held(&tcmi_config_mutex);
	cred->user_len = tcmi_auth_copy(cred->user, auth->userid, auth->have_userid,
					sizeof(cred->user));
	cred->secret_len = tcmi_auth_copy(cred->secret, auth->password, auth->have_password,
					  sizeof(cred->secret));
	cred->mutual_user_len = tcmi_auth_copy(cred->mutual_user, auth->userid_mutual,
					       auth->have_userid_mutual,
					       sizeof(cred->mutual_user));
	cred->mutual_secret_len = tcmi_auth_copy(cred->mutual_secret, auth->password_mutual,
						 auth->have_password_mutual,
						 sizeof(cred->mutual_secret));
}
