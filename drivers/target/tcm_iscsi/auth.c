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

static const char *tcmi_hash_name(u8 alg)
{
	switch (alg) {
	case ISCSIP_CHAP_MD5:
		return "md5";
	case ISCSIP_CHAP_SHA1:
		return "sha1";
	case ISCSIP_CHAP_SHA256:
		return "sha256";
	case ISCSIP_CHAP_SHA3_256:
		return "sha3-256";
	default:
		return NULL;
	}
}

static bool tcmi_hash_supported(u8 alg)
{
	const char *name = tcmi_hash_name(alg);
	struct crypto_shash *tfm;

	if (!name)
		return false;
	/* a FIPS kernel knows MD5 and won't let us have it: asking is not enough */
	tfm = crypto_alloc_shash(name, 0, 0);
	if (IS_ERR(tfm))
		return false;
	crypto_free_shash(tfm);
	return true;
}

static int tcmi_hash_digest(u8 alg, u8 id, const u8 *secret, u32 secret_len,
			    const u8 *challenge, u32 challenge_len, u8 *out)
{
	struct crypto_shash *tfm = crypto_alloc_shash(tcmi_hash_name(alg), 0, 0);
	int ret;

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	{
		SHASH_DESC_ON_STACK(desc, tfm);

		desc->tfm = tfm;
		ret = crypto_shash_init(desc) ?:
		      crypto_shash_update(desc, &id, 1) ?:
		      crypto_shash_update(desc, secret, secret_len) ?:
		      crypto_shash_finup(desc, challenge, challenge_len, out);
		shash_desc_zero(desc);
	}
	crypto_free_shash(tfm);
	return ret;
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
