// SPDX-License-Identifier: GPL-2.0
#include "talk.h"

/* ---- offers ---------------------------------------------------------------------------- */

static void one_way(struct iscsip_login_offer *o)
{
	o->auth_required = true;
	set_credentials(o, "user", "secret", NULL, NULL);
}

static void mutual(struct iscsip_login_offer *o)
{
	o->auth_required = true;
	set_credentials(o, "user", "secret", "target", "mirror");
}

static void same_secret(struct iscsip_login_offer *o)
{
	o->auth_required = true;
	set_credentials(o, "user", "secret", "target", "secret");
}

static void half_mutual(struct iscsip_login_offer *o)
{
	o->auth_required = true;
	set_credentials(o, "user", "secret", "target", NULL);
}

static void nobody(struct iscsip_login_offer *o)
{
	o->auth_required = true;
}

static void no_secret(struct iscsip_login_offer *o)
{
	o->auth_required = true;
	set_credentials(o, "user", NULL, NULL, NULL);
}

static void fips(struct iscsip_login_offer *o)
{
	one_way(o);
	test_algs = 1 << 7 | 1 << 8;
}

static void broken(struct iscsip_login_offer *o)
{
	mutual(o);
	test_hash_fails = true;
}

/* ---- conversations --------------------------------------------------------------------- */

#define AGREE	{ "0-0", NORMAL "AuthMethod=CHAP\n", 0, "0-0", "AuthMethod=CHAP\n" TPGT }
#define ASK(a)	{ "0-0", "CHAP_A=" a "\n", 0, "0-0" }
#define MD5	ASK("5")
#define NAME	"CHAP_N=user\n"
#define GOOD	NAME "CHAP_R=0x$R\n"
#define PEER	"CHAP_I=5\nCHAP_C=0x0102030405\n"
#define PROOF	"CHAP_N=target\nCHAP_R=0x$P\n"

#define LAST(title, offer, text, status) \
	{ title, offer, .turns = { AGREE, MD5, { "0T1", text, status } } }

static const struct talk talks[] = {
	{ "12.1.3 one-way CHAP succeeds", one_way, .turns = { AGREE,
		{ "0-0", "CHAP_A=5\n", 0, "0-0",
		  "CHAP_A=5\nCHAP_I=$I\nCHAP_C=0x$C\n" },
		{ "0T1", GOOD, 0, "0T1", "" }, { "1T3", "", 0, "1T3", MRDSL } } },
	{ "12.1.3 mutual CHAP succeeds, and the proof comes with the transition", mutual,
	  .turns = { AGREE, MD5, { "0T1", GOOD PEER, 0, "0T1", PROOF },
		     { "1T3", "", 0, "1T3", MRDSL } } },
	{ "12.1.3 straight to full feature phase after CHAP", mutual, .turns = { AGREE, MD5,
		{ "0T3", GOOD PEER, 0, "0T3", PROOF } } },
	{ "12.1.3 the transition may come in a request of its own", one_way,
	  .turns = { AGREE, MD5, { "0-0", GOOD, 0, "0-0", "" }, { "0T1", "", 0, "0T1", "" },
		     { "1T3", "", 0, "1T3" } } },
	{ "12.1.3 an initiator may leave the target's proof out", mutual, .turns = { AGREE,
		MD5, { "0T1", GOOD, 0, "0T1", "" } } },
	{ "12.1.3 T is not followed before the response", one_way, .turns = {
		{ "0T3", NORMAL "AuthMethod=CHAP,None\n", 0, "0-0" },
		{ "0T3", "CHAP_A=5\n", 0, "0-0" }, { "0T3", GOOD, 0, "0T3" } } },
	{ "12.1.3 CHAP_A may come along with AuthMethod", one_way, .turns = {
		{ "0-0", NORMAL "AuthMethod=CHAP\nCHAP_A=5\n", 0, "0-0",
		  "AuthMethod=CHAP\n" TPGT "CHAP_A=5\nCHAP_I=$I\nCHAP_C=0x$C\n" },
		{ "0T1", GOOD, 0, "0T1", "" } } },
	{ "12.1.3 CHAP_A along with an AuthMethod that gives None is refused",
	  .turns = { { "0-0", NORMAL "AuthMethod=None\nCHAP_A=5\n", 0x0200 } } },
	/* algorithms */
	{ "12.1.3 SHA-1 succeeds", one_way, .turns = { AGREE, ASK("6"),
		{ "0T1", GOOD, 0, "0T1" } } },
	{ "12.1.3 SHA-256 succeeds", one_way, .turns = { AGREE, ASK("7"),
		{ "0T1", GOOD, 0, "0T1" } } },
	{ "12.1.3 SHA3-256 succeeds both ways", mutual, .turns = { AGREE, ASK("8"),
		{ "0T1", GOOD PEER, 0, "0T1", PROOF } } },
	{ "12.1.3 the initiator's order decides", one_way, .turns = { AGREE,
		{ "0-0", "CHAP_A=8,7,6,5\n", 0, "0-0",
		  "CHAP_A=8\nCHAP_I=$I\nCHAP_C=0x$C\n" } } },
	{ "12.1.3 unknown algorithms are passed over", one_way, .turns = { AGREE,
		{ "0-0", "CHAP_A=250,MD5,,4294967301,0,7\n", 0, "0-0",
		  "CHAP_A=7\nCHAP_I=$I\nCHAP_C=0x$C\n" } } },
	{ "12.1.3 an algorithm may be in hex", one_way, .turns = { AGREE,
		{ "0-0", "CHAP_A=0x5\n", 0, "0-0", "CHAP_A=5\nCHAP_I=$I\nCHAP_C=0x$C\n" } } },
	{ "12.1.3 an algorithm that this kernel has not is passed over", fips, .turns = {
		AGREE, { "0-0", "CHAP_A=5,6,7\n", 0, "0-0",
			 "CHAP_A=7\nCHAP_I=$I\nCHAP_C=0x$C\n" } } },
	{ "12.1.3 no algorithm in common is answered with 0201", fips, .turns = { AGREE,
		{ "0-0", "CHAP_A=5,6\n", 0x0201 } } },
	{ "12.1.3 unknown algorithms alone are answered with 0201", one_way, .turns = {
		AGREE, { "0-0", "CHAP_A=1,99\n", 0x0201 } } },
	{ "12.1.3 an empty CHAP_A is answered with 0201", one_way, .turns = { AGREE,
		{ "0-0", "CHAP_A=\n", 0x0201 } } },
	/* the response */
	LAST("11.13.5 a wrong secret is answered with 0201", one_way,
	     NAME "CHAP_R=0x$W\n", 0x0201),
	LAST("11.13.5 a wrong name is answered with 0201", one_way,
	     "CHAP_N=usex\nCHAP_R=0x$R\n", 0x0201),
	LAST("11.13.5 the start of the name is answered with 0201", one_way,
	     "CHAP_N=use\nCHAP_R=0x$R\n", 0x0201),
	LAST("11.13.5 the name and more is answered with 0201", one_way,
	     "CHAP_N=userx\nCHAP_R=0x$R\n", 0x0201),
	LAST("11.13.5 the name in other case is answered with 0201", one_way,
	     "CHAP_N=User\nCHAP_R=0x$R\n", 0x0201),
	LAST("11.13.5 an empty name is answered with 0201", one_way,
	     "CHAP_N=\nCHAP_R=0x$R\n", 0x0201),
	LAST("11.13.5 a name of 1024 bytes is answered with 0201", one_way,
	     "CHAP_N=$L\nCHAP_R=0x$R\n", 0x0201),
	LAST("11.13.5 without credentials nobody gets in", nobody,
	     "CHAP_N=\nCHAP_R=0x$R\n", 0x0201),
	LAST("11.13.5 without a secret nobody gets in", no_secret,
	     "CHAP_N=user\nCHAP_R=0x$R\n", 0x0201),
	LAST("12.1.3 a response one byte too long is answered with 0201", one_way,
	     NAME "CHAP_R=0x$R00\n", 0x0201),
	LAST("12.1.3 a response one byte too short is answered with 0201", one_way,
	     NAME "CHAP_R=0x00112233445566778899aabbccddee\n", 0x0201),
	LAST("12.1.3 a response of 1024 bytes is answered with 0201", one_way,
	     NAME "CHAP_R=0x$K\n", 0x0201),
	LAST("6.1 a response in base64 is taken", one_way, NAME "CHAP_R=0b$B\n", 0),
	LAST("6.1 a response without 0x is answered with 0200", one_way,
	     NAME "CHAP_R=$R\n", 0x0200),
	LAST("6.1 a response with a bad digit is answered with 0200", one_way,
	     NAME "CHAP_R=0xzz112233445566778899aabbccddeeff\n", 0x0200),
	LAST("6.1 a response of 0x alone is answered with 0200", one_way,
	     NAME "CHAP_R=0x\n", 0x0200),
	LAST("6.1 a response in bad base64 is answered with 0200", one_way,
	     NAME "CHAP_R=0bA*==\n", 0x0200),
	LAST("6.1 an empty response is answered with 0200", one_way,
	     NAME "CHAP_R=\n", 0x0200),
	/* the target's proof */
	LAST("12.1.3 proof asked of a target without credentials is answered with 0201",
	     one_way, GOOD PEER, 0x0201),
	LAST("12.1.3 proof asked of a target with half of them is answered with 0201",
	     half_mutual, GOOD PEER, 0x0201),
	LAST("9.2.1 one secret for both directions is answered with 0201", same_secret,
	     GOOD PEER, 0x0201),
	LAST("9.2.1 one secret for both directions is answered with 0201 one-way, too", same_secret,
	     GOOD, 0x0201),
	LAST("9.2.1 our challenge sent back is answered with 0201", mutual,
	     GOOD "CHAP_I=5\nCHAP_C=0x$C\n", 0x0201),
	LAST("11.13.5 a wrong secret gets no proof", mutual,
	     NAME "CHAP_R=0x$W\n" PEER, 0x0201),
	LAST("12.1.3 a challenge of one byte is taken", mutual,
	     GOOD "CHAP_I=0\nCHAP_C=0x7\n", 0),
	LAST("12.1.3 a challenge of 1024 bytes is taken", mutual,
	     GOOD "CHAP_I=255\nCHAP_C=0x$K\n", 0),
	LAST("12.1.3 a challenge of 1025 bytes is answered with 0201", mutual,
	     GOOD "CHAP_I=255\nCHAP_C=0x$K00\n", 0x0201),
	LAST("12.1.3 CHAP_I may be in hex", mutual,
	     GOOD "CHAP_I=0x5\nCHAP_C=0x0102030405\n", 0),
	LAST("12.1.3 CHAP_I=256 is answered with 0200", mutual,
	     GOOD "CHAP_I=256\nCHAP_C=0x01\n", 0x0200),
	LAST("12.1.3 CHAP_I=abc is answered with 0200", mutual,
	     GOOD "CHAP_I=abc\nCHAP_C=0x01\n", 0x0200),
	LAST("6.1 a challenge without digits is answered with 0200", mutual,
	     GOOD "CHAP_I=1\nCHAP_C=0x\n", 0x0200),
	LAST("6.1 a challenge in bad base64 is answered with 0200", mutual,
	     GOOD "CHAP_I=1\nCHAP_C=0bA*==\n", 0x0200),
	/* order and presence: 9.2 */
	LAST("9.2 CHAP_N without CHAP_R is answered with 0207", one_way, NAME, 0x0207),
	LAST("9.2 CHAP_R without CHAP_N is answered with 0207", one_way,
	     "CHAP_R=0x$R\n", 0x0207),
	LAST("9.2 reflecting the challenge without a response is answered with 0207",
	     mutual, NAME "CHAP_I=$I\nCHAP_C=0x$C\n", 0x0207),
	LAST("9.2 CHAP_I without CHAP_C is answered with 0207", mutual,
	     GOOD "CHAP_I=5\n", 0x0207),
	LAST("9.2 CHAP_C without CHAP_I is answered with 0207", mutual,
	     GOOD "CHAP_C=0x01\n", 0x0207),
	LAST("9.2 no answer to the challenge is answered with 0207", one_way, "", 0x0207),
	LAST("6.3 CHAP_R twice is answered with 0200", one_way, GOOD "CHAP_R=0x$R\n",
	     0x0200),
	LAST("6.3 CHAP_A again after the challenge is answered with 0200", one_way,
	     "CHAP_A=5\n", 0x0200),
	{ "9.2 CHAP_N before the challenge is answered with 0200", one_way, .turns = {
		AGREE, { "0-0", GOOD, 0x0200 } } },
	{ "9.2 CHAP_A together with CHAP_N is answered with 0200", one_way, .turns = {
		AGREE, { "0-0", "CHAP_A=5\nCHAP_N=user\n", 0x0200 } } },
	{ "9.2 no CHAP_A after AuthMethod is answered with 0207", one_way, .turns = {
		AGREE, { "0-0", "", 0x0207 } } },
	{ "12.1 CHAP_A without AuthMethod is answered with 0200", one_way, .turns = {
		{ "0-0", NORMAL "CHAP_A=5\n", 0x0200 } } },
	{ "9.2 CHAP keys after the exchange are answered with 0200", mutual, .turns = {
		AGREE, MD5, { "0-0", GOOD, 0, "0-0" },
		{ "0T1", PEER, 0x0200 } } },
	{ "6.1 text that cannot be parsed is answered with 0200", one_way, .turns = {
		AGREE, { "0-0", "CHAP_A\n", 0x0200 } } },
	{ "11.13.5 a digest that cannot be computed is answered with 0300", broken,
	  .turns = { AGREE, MD5, { "0T1", GOOD, 0x0300 } } },
};

/* ---- beyond the tables ------------------------------------------------------------------ */

static const struct talk passed = { "", one_way, .turns = { AGREE, MD5,
	{ "0-0", GOOD, 0 } } };
static const struct talk challenged = { "", mutual, .turns = { AGREE, MD5 } };

static struct iscsip_verdict step(const char *lines, struct iscsip_out *out)
{
	struct iscsip_verdict v;
	char *text;
	u32 len;

	text = wire_text(lines, &len);
	v = iscsip_chap_step(login, text, len, out);
	free(text);
	return v;
}

/* The exchange refuses by itself what negotiate.c would not even hand on. */
static void by_itself(void)
{
	struct iscsip_out out;
	char buf[256];

	iscsip_out_init(&out, buf, sizeof(buf));
	talk_run(&challenged);
	CHECK_VERDICT(step("CHAP_N=a\nCHAP_N=b\nCHAP_R=0x00\n", &out), ISCSIP_LOGIN_FAIL,
		      0x0200);
	CHECK_EQ(login->chap.state, ISCSIP_CHAP_FAILED);
	CHECK_VERDICT(step("CHAP_A=5\n", &out), ISCSIP_LOGIN_FAIL, 0x0200);
	CHECK_VERDICT(step("CHAP_N", &out), ISCSIP_LOGIN_FAIL, 0x0200);
	talk_run(&challenged);
	CHECK_VERDICT(step("CHAP_A=5\n", &out), ISCSIP_LOGIN_FAIL, 0x0200);
	talk_run(&passed);
	CHECK(login->authenticated);
	CHECK_VERDICT(step("CHAP_I=1\n", &out), ISCSIP_LOGIN_FAIL, 0x0200);
	CHECK(!login->authenticated);
	talk_run(&challenged);
	CHECK_VERDICT(step("X=1\nCHAP_N=user\n", &out), ISCSIP_LOGIN_FAIL, 0x0207);
	CHECK(!login->authenticated);
}

/* The second digest, not the first, cannot be computed. */
static int calls;

static int fails_later(u8 alg, u8 id, const u8 *secret, u32 secret_len,
		       const u8 *challenge, u32 challenge_len, u8 *out)
{
	if (calls++)
		return -EIO;
	return test_hash.digest(alg, id, secret, secret_len, challenge, challenge_len, out);
}

static void proof_fails(void)
{
	struct iscsip_hash_ops ops = test_hash;
	u8 d[ISCSIP_CHAP_DIGEST_MAX];
	char buf[256], text[256], *p = text;
	struct iscsip_out out;
	u32 i;

	iscsip_out_init(&out, buf, sizeof(buf));
	talk_run(&challenged);
	ops.digest = fails_later;
	calls = 0;
	login->hash = &ops;
	test_hash.digest(5, login->chap.id, (const u8 *)"secret", 6,
			 login->chap.challenge, 16, d);
	p += sprintf(p, "CHAP_N=user\nCHAP_I=1\nCHAP_C=0x1234\nCHAP_R=0x");
	for (i = 0; i < 16; i++)
		p += sprintf(p, "%02x", d[i]);
	strcpy(p, "\n");
	CHECK_VERDICT(step(text, &out), ISCSIP_LOGIN_FAIL, 0x0300);
	CHECK_EQ(out.len, 0);
	CHECK(!login->authenticated && !login->chap.mutual);
	login->hash = &test_hash;
}

static void fresh(void)
{
	u8 first[16], id;

	talk_run(&challenged);
	memcpy(first, login->chap.challenge, 16);
	id = login->chap.id;
	CHECK_EQ(login->chap.digest_len, 16);
	/* the same place in the sequence would give the same again */
	iscsip_login_init(login, &test_hash);
	login->chap.state = ISCSIP_CHAP_WANT_A;
	{
		struct iscsip_out out;
		char buf[256];

		iscsip_out_init(&out, buf, sizeof(buf));
		CHECK_VERDICT(step("CHAP_A=5\n", &out), ISCSIP_OK, 0);
	}
	CHECK(memcmp(first, login->chap.challenge, 16));
	CHECK(id != login->chap.id);
}

/* Names and secrets as long as they may be */
static void longest_set(struct iscsip_login_offer *o)
{
	o->auth_required = true;
	memset(o->cred.user, 'l', ISCSIP_CHAP_USER_MAX);
	memset(o->cred.secret, 's', ISCSIP_CHAP_SECRET_MAX);
	o->cred.user_len = ISCSIP_CHAP_USER_MAX;
	o->cred.secret_len = ISCSIP_CHAP_SECRET_MAX;
}

static const struct talk longest_talk = { "", longest_set, .turns = { AGREE, MD5 } };

static void longest(void)
{
	u8 d[ISCSIP_CHAP_DIGEST_MAX], secret[ISCSIP_CHAP_SECRET_MAX];
	char buf[256], text[1024], *p = text;
	struct iscsip_out out;
	u32 i;

	iscsip_out_init(&out, buf, sizeof(buf));
	talk_run(&longest_talk);
	memset(secret, 's', sizeof(secret));
	test_hash.digest(5, login->chap.id, secret, sizeof(secret),
			 login->chap.challenge, 16, d);
	p += sprintf(p, "CHAP_N=");
	memset(p, 'l', ISCSIP_CHAP_USER_MAX);
	p += ISCSIP_CHAP_USER_MAX;
	p += sprintf(p, "\nCHAP_R=0x");
	for (i = 0; i < 16; i++)
		p += sprintf(p, "%02x", d[i]);
	strcpy(p, "\n");
	CHECK_VERDICT(step(text, &out), ISCSIP_OK, 0);
	CHECK(login->authenticated);
}

int main(void)
{
	talk_table(talks, ARRAY_SIZE(talks));
	CASE("9.2 keys twice, after a failure or among strangers are refused", by_itself());
	CASE("12.1.3 a proof that cannot be computed is answered with 0300", proof_fails());
	CASE("9.2.1 each challenge and identifier is new", fresh());
	CASE("12.1.3 a name and a secret of 255 bytes succeed", longest());
	free(login);
	return done();
}
