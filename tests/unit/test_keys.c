// SPDX-License-Identifier: GPL-2.0
#include "unit.h"

/* ---- configuration ------------------------------------------------------------------- */

#define S10	"0123456789"
#define S100	S10 S10 S10 S10 S10 S10 S10 S10 S10 S10

static const struct check {
	const char *name, *key, *value;
	bool good;
} checks[] = {
	{ "AuthMethod takes CHAP", "AuthMethod", "CHAP", true },
	{ "AuthMethod takes a list", "AuthMethod", "CHAP,None", true },
	{ "AuthMethod takes all methods that have a name", "AuthMethod",
	  "CHAP,KRB5,SPKM1,SPKM2,SRP,None", true },
	{ "AuthMethod refuses other methods", "AuthMethod", "CHAP,PAP", false },
	{ "AuthMethod refuses small letters", "AuthMethod", "chap", false },
	{ "AuthMethod refuses an empty list", "AuthMethod", "", false },
	{ "AuthMethod refuses an empty item", "AuthMethod", "CHAP,,None", false },
	{ "AuthMethod refuses a comma at the end", "AuthMethod", "CHAP,", false },
	{ "HeaderDigest takes CRC32C,None", "HeaderDigest", "CRC32C,None", true },
	{ "DataDigest takes None,CRC32C", "DataDigest", "None,CRC32C", true },
	{ "DataDigest refuses another digest", "DataDigest", "CRC64", false },
	{ "DataDigest refuses a space", "DataDigest", "CRC32C, None", false },
	{ "MaxConnections takes 1", "MaxConnections", "1", true },
	{ "MaxConnections takes 65535", "MaxConnections", "65535", true },
	{ "MaxConnections refuses 0", "MaxConnections", "0", false },
	{ "MaxConnections refuses 65536", "MaxConnections", "65536", false },
	{ "MaxConnections refuses trailing garbage", "MaxConnections", "1x", false },
	{ "MaxConnections refuses a trailing space", "MaxConnections", "1 ", false },
	{ "MaxConnections takes a hex number", "MaxConnections", "0x10", true },
	{ "MaxConnections refuses an empty value", "MaxConnections", "", false },
	{ "MaxConnections refuses Irrelevant", "MaxConnections", "Irrelevant", false },
	{ "MaxConnections refuses Reject", "MaxConnections", "Reject", false },
	{ "MaxConnections refuses NotUnderstood", "MaxConnections", "NotUnderstood",
	  false },
	{ "TargetAlias takes text", "TargetAlias", "LIO Target", true },
	{ "TargetAlias takes nothing", "TargetAlias", "", true },
	{ "TargetAlias refuses a comma", "TargetAlias", "a,b", false },
	{ "TargetAlias takes 255 bytes", "TargetAlias", S100 S100 S10 S10 S10 S10 S10
	  "12345", true },
	{ "TargetAlias refuses 256 bytes", "TargetAlias", S100 S100 S10 S10 S10 S10 S10
	  "123456", false },
	{ "InitialR2T takes Yes", "InitialR2T", "Yes", true },
	{ "InitialR2T takes No", "InitialR2T", "No", true },
	{ "InitialR2T refuses yes", "InitialR2T", "yes", false },
	{ "ImmediateData refuses 1", "ImmediateData", "1", false },
	{ "DataPDUInOrder takes No", "DataPDUInOrder", "No", true },
	{ "DataSequenceInOrder takes No", "DataSequenceInOrder", "No", true },
	{ "MaxRecvDataSegmentLength takes 512", "MaxRecvDataSegmentLength", "512", true },
	{ "MaxRecvDataSegmentLength refuses 511", "MaxRecvDataSegmentLength", "511",
	  false },
	{ "MaxXmitDataSegmentLength takes 16777215", "MaxXmitDataSegmentLength",
	  "16777215", true },
	{ "MaxXmitDataSegmentLength refuses 16777216", "MaxXmitDataSegmentLength",
	  "16777216", false },
	{ "MaxBurstLength takes 512", "MaxBurstLength", "512", true },
	{ "MaxBurstLength refuses 511", "MaxBurstLength", "511", false },
	{ "FirstBurstLength takes 16777215", "FirstBurstLength", "16777215", true },
	{ "FirstBurstLength refuses 16777216", "FirstBurstLength", "16777216", false },
	{ "DefaultTime2Wait takes 0", "DefaultTime2Wait", "0", true },
	{ "DefaultTime2Wait refuses 3601", "DefaultTime2Wait", "3601", false },
	{ "DefaultTime2Retain takes 3600", "DefaultTime2Retain", "3600", true },
	{ "MaxOutstandingR2T refuses 0", "MaxOutstandingR2T", "0", false },
	{ "ErrorRecoveryLevel takes 2", "ErrorRecoveryLevel", "2", true },
	{ "ErrorRecoveryLevel refuses 3", "ErrorRecoveryLevel", "3", false },
	{ "IFMarker takes No", "IFMarker", "No", true },
	{ "OFMarker takes Yes", "OFMarker", "Yes", true },
	{ "OFMarker refuses Reject", "OFMarker", "Reject", false },
	{ "IFMarkInt takes Reject", "IFMarkInt", "Reject", true },
	{ "IFMarkInt takes a number", "IFMarkInt", "2048", true },
	{ "IFMarkInt takes a range", "IFMarkInt", "2048~8192", true },
	{ "OFMarkInt takes a range of one", "OFMarkInt", "1~1", true },
	{ "OFMarkInt refuses a range upside down", "OFMarkInt", "8192~2048", false },
	{ "OFMarkInt refuses half a range", "OFMarkInt", "2048~", false },
	{ "OFMarkInt refuses the other half", "OFMarkInt", "~2048", false },
	{ "OFMarkInt refuses 65536", "OFMarkInt", "65536", false },
	{ "OFMarkInt refuses text", "OFMarkInt", "Yes", false },
	{ "there is no file for SessionType", "SessionType", "Normal", false },
	{ "there is no file for CHAP_A", "CHAP_A", "5", false },
	{ "there is no file for iSCSIProtocolLevel", "iSCSIProtocolLevel", "1", false },
	{ "there is no file for what does not exist", "Fancy", "1", false },
	{ "there is no file without a name", "", "1", false },
};

static void check_table(void)
{
	struct iscsip_params p;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(checks); i++) {
		const struct check *t = &checks[i];
		int want = t->good ? 0 : -EINVAL;

		iscsip_params_default(&p);
		CASE(t->name, CHECK(iscsip_key_check(t->key, t->value, &p) == want);
		     CHECK(iscsip_key_check(t->key, t->value, NULL) == want));
	}
}

static void typed(void)
{
	struct iscsip_params p;

	iscsip_params_default(&p);
	iscsip_key_check("AuthMethod", "KRB5,None,CHAP,None", &p);
	CHECK_EQ(p.auth_methods.n, 2);
	CHECK_EQ(p.auth_methods.item[0], ISCSIP_AUTH_NONE);
	CHECK_EQ(p.auth_methods.item[1], ISCSIP_AUTH_CHAP);
	iscsip_key_check("AuthMethod", "SRP", &p);
	CHECK_EQ(p.auth_methods.n, 0);
	iscsip_key_check("HeaderDigest", "None,CRC32C", &p);
	CHECK_EQ(p.header_digests.n, 2);
	CHECK_EQ(p.header_digests.item[1], ISCSIP_DIGEST_CRC32C);
	CHECK_EQ(p.data_digests.n, 1);
	iscsip_key_check("DataDigest", "CRC32C", &p);
	CHECK_EQ(p.data_digests.item[0], ISCSIP_DIGEST_CRC32C);
	iscsip_key_check("MaxBurstLength", "16777215", &p);
	CHECK_EQ(p.max_burst, 16777215);
	iscsip_key_check("FirstBurstLength", "0x200", &p);
	CHECK_EQ(p.first_burst, 512);
	iscsip_key_check("MaxConnections", "65535", &p);
	CHECK_EQ(p.max_connections, 65535);
	iscsip_key_check("MaxOutstandingR2T", "9", &p);
	CHECK_EQ(p.max_outstanding_r2t, 9);
	iscsip_key_check("DefaultTime2Wait", "3600", &p);
	CHECK_EQ(p.default_time2wait, 3600);
	iscsip_key_check("DefaultTime2Retain", "0", &p);
	CHECK_EQ(p.default_time2retain, 0);
	iscsip_key_check("ErrorRecoveryLevel", "2", &p);
	CHECK_EQ(p.error_recovery_level, 2);
	iscsip_key_check("InitialR2T", "No", &p);
	iscsip_key_check("ImmediateData", "No", &p);
	iscsip_key_check("DataPDUInOrder", "No", &p);
	iscsip_key_check("DataSequenceInOrder", "No", &p);
	CHECK(!p.initial_r2t && !p.immediate_data && !p.data_pdu_in_order &&
	      !p.data_sequence_in_order);
	iscsip_key_check("InitialR2T", "Yes", &p);
	CHECK(p.initial_r2t);
}

static void segment_lengths(void)
{
	struct iscsip_params p;

	iscsip_params_default(&p);
	CHECK_EQ(iscsip_key_check("MaxRecvDataSegmentLength", "65536", &p), 0);
	CHECK_EQ(p.mrdsl_local, 8192);
	CHECK_EQ(p.mrdsl_remote, 8192);
	CHECK_EQ(iscsip_key_check("MaxXmitDataSegmentLength", "65536", &p), 0);
	CHECK_EQ(p.mrdsl_local, 65536);
	CHECK_EQ(p.mrdsl_remote, 8192);
}

static void untouched(void)
{
	struct iscsip_params p, before;

	iscsip_params_default(&p);
	before = p;
	iscsip_key_check("AuthMethod", "CHAP,PAP", &p);
	iscsip_key_check("HeaderDigest", "CRC32C,X", &p);
	iscsip_key_check("MaxBurstLength", "1", &p);
	iscsip_key_check("TargetAlias", "a", &p);
	iscsip_key_check("IFMarker", "Yes", &p);
	CHECK(!memcmp(&p, &before, sizeof(p)));
}

static void defaults(void)
{
	struct iscsip_params p;

	memset(&p, 0xff, sizeof(p));
	iscsip_params_default(&p);
	CHECK(p.initial_r2t && p.immediate_data);
	CHECK(p.data_pdu_in_order && p.data_sequence_in_order);
	CHECK_EQ(p.max_connections, 1);
	CHECK_EQ(p.max_outstanding_r2t, 1);
	CHECK_EQ(p.default_time2wait, 2);
	CHECK_EQ(p.default_time2retain, 20);
	CHECK_EQ(p.error_recovery_level, 0);
	CHECK_EQ(p.max_burst, 262144);
	CHECK_EQ(p.first_burst, 65536);
	CHECK_EQ(p.mrdsl_local, 8192);
	CHECK_EQ(p.mrdsl_remote, 8192);
	CHECK_EQ(p.header_digest, ISCSIP_DIGEST_NONE);
	CHECK_EQ(p.data_digest, ISCSIP_DIGEST_NONE);
}

/* What holds for every row, whoever adds one */
static void rows(void)
{
	const struct iscsip_key *key, *other;
	u32 i, j;

	CHECK(ISCSIP_KEY_COUNT <= 64);
	for (i = 0; i < ISCSIP_KEY_COUNT; i++) {
		key = iscsip_key(i);
		CHECK(key->name && strlen(key->name) <= ISCSIP_KEY_MAX);
		if (!key->name)
			continue;
		for (j = 0; j < i; j++) {
			other = iscsip_key(j);
			CHECK(other->name && strcmp(key->name, other->name));
		}
		CHECK(key->stages || key->flags & ISCSIP_KF_NO_WIRE);
		CHECK(key->min <= key->max);
		if (key->max && !key->choices && key->width)
			CHECK(key->def >= key->min && key->def <= key->max);
		CHECK((key->kind != ISCSIP_KIND_LIST && key->kind != ISCSIP_KIND_AUTH) ||
		      key->choices);
	}
	CHECK(!strcmp(iscsip_choice_name(iscsip_key(ISCSIP_KEY_HEADER_DIGEST), 77), "None"));
}

static void odd_width(void)
{
	struct iscsip_key key = { .name = "A", .width = 3, .def = 5 };
	struct iscsip_params p, before;

	iscsip_params_default(&p);
	before = p;
	iscsip_param_set(&p, &key, 9);
	CHECK(!memcmp(&p, &before, sizeof(p)));
	CHECK_EQ(iscsip_param_get(&p, &key), 5);
}

/* ---- Text Requests ---------------------------------------------------------------------- */

#define FINE	ISCSIP_OK, 0
#define BAD	ISCSIP_REJECT, ISCSIP_REJ_PROTOCOL

static const struct text {
	const char *name, *text;
	enum iscsip_action action;
	u32 code;
	const char *out, *sendtargets;
	u32 mrdsl;
} texts[] = {
	{ "6.4 an empty Text Request is answered with nothing", "", FINE, "", NULL, 8192 },
	{ "13.3 SendTargets is handed on", "SendTargets=All\n", FINE, "", "All", 8192 },
	{ "13.3 SendTargets may be empty", "SendTargets=\n", FINE, "", "", 8192 },
	{ "6.2 an unknown key is not understood", "X-org.example.foo=1\n", FINE,
	  "X-org.example.foo=NotUnderstood\n", NULL, 8192 },
	{ "6.2 SendTargets goes with other keys", "Fancy=1\nSendTargets=" "iqn.a:b" "\n",
	  FINE, "Fancy=NotUnderstood\n", "iqn.a:b", 8192 },
	{ "13.12 MaxRecvDataSegmentLength may be declared anew",
	  "MaxRecvDataSegmentLength=4096\n", FINE, "", NULL, 4096 },
	{ "13.12 a declaration out of its range is refused",
	  "MaxRecvDataSegmentLength=511\n", BAD, NULL, NULL, 8192 },
	{ "6.2 nothing holds of a negotiation that fails",
	  "MaxRecvDataSegmentLength=4096\nMaxBurstLength=512\n", BAD, NULL, NULL, 8192 },
	{ "13.7 an InitiatorAlias may be declared", "InitiatorAlias=a b\n", FINE, "",
	  NULL, 8192 },
	{ "13.13 MaxBurstLength belongs to login", "MaxBurstLength=512\n", BAD, NULL, NULL,
	  8192 },
	{ "13.1 digests belong to login", "HeaderDigest=None\n", BAD, NULL, NULL, 8192 },
	{ "13.26 X#NodeArchitecture belongs to login", "X#NodeArchitecture=a\n", BAD, NULL,
	  NULL, 8192 },
	{ "13.7 an InitiatorAlias of 255 bytes is taken",
	  "InitiatorAlias=" S100 S100 S10 S10 S10 S10 S10 "12345\n", FINE, "", NULL, 8192 },
	{ "12 AuthMethod belongs to login", "AuthMethod=None\n", BAD, NULL, NULL, 8192 },
	{ "13.5 InitiatorName belongs to login", "InitiatorName=iqn.a\n", BAD, NULL, NULL,
	  8192 },
	{ "13.6 TargetAlias is for targets only", "TargetAlias=a\n", BAD, NULL, NULL, 8192 },
	{ "6.4 a key twice is refused", "SendTargets=All\nSendTargets=All\n", BAD, NULL,
	  NULL, 8192 },
	{ "6.1 text that cannot be parsed is refused", "SendTargets\n", BAD, NULL, NULL,
	  8192 },
	{ "6.1 text without its null is refused", "SendTargets=All", BAD, NULL, NULL,
	  8192 },
	{ "13 a key that is configuration only is not understood",
	  "MaxXmitDataSegmentLength=512\n", FINE,
	  "MaxXmitDataSegmentLength=NotUnderstood\n", NULL, 8192 },
	{ "6.2 an answer that does not fit is refused",
	  "A23456789012345678901234567890=1\nB23456789012345678901234567890=1\n",
	  BAD, NULL, NULL, 8192 },
	{ "13.7 an InitiatorAlias over 255 bytes is refused",
	  "InitiatorAlias=" S100 S100 S100 "\n", BAD, NULL, NULL, 8192 },
};

static void text_table(void)
{
	struct iscsip_pair st;
	struct iscsip_out out;
	u32 i, len;
	char *text, *buf = malloc(64);

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		const struct text *t = &texts[i];

		struct iscsip_text neg = { 0 };

		text = wire_text(t->text, &len);
		iscsip_out_init(&out, buf, 64);
		case_good = true;
		CHECK_VERDICT(iscsip_text_step(&neg, text, len, &out, &st), t->action, t->code);
		if (t->out)
			CHECK(!strcmp(lines_of(buf, out.len), t->out));
		if (t->action == ISCSIP_OK) {
			CHECK(!t->sendtargets == !st.key);
			if (t->sendtargets && st.key)
				CHECK(iscsip_value_is(&st, t->sendtargets));
			CHECK_EQ(iscsip_text_asked(&neg), !!t->sendtargets);
			CHECK_EQ(neg.mrdsl ? neg.mrdsl : 8192, t->mrdsl);
		}
		ok(case_good, t->name);
		free(text);
	}
	free(buf);
}

/* 6.2: all of its requests are one negotiation */
static void text_sequence(void)
{
	struct iscsip_text neg = { 0 };
	struct iscsip_pair st;
	struct iscsip_out out;
	char *text, *buf = malloc(64);
	u32 len;

	iscsip_out_init(&out, buf, 64);
	text = wire_text("MaxRecvDataSegmentLength=1024\n", &len);
	CHECK_VERDICT(iscsip_text_step(&neg, text, len, &out, &st), ISCSIP_OK, 0);
	free(text);
	text = wire_text("SendTargets=All\nX-a=1\n", &len);
	CHECK_VERDICT(iscsip_text_step(&neg, text, len, &out, &st), ISCSIP_OK, 0);
	CHECK(iscsip_text_asked(&neg));
	CHECK_EQ(neg.mrdsl, 1024);
	free(text);
	text = wire_text("MaxRecvDataSegmentLength=2048\n", &len);
	CHECK_VERDICT(iscsip_text_step(&neg, text, len, &out, &st), ISCSIP_REJECT,
		      ISCSIP_REJ_PROTOCOL);
	free(text);
	free(buf);
}

int main(void)
{
	CASE("13 the defaults are those of section 13", defaults());
	CASE("every row of the table is sound", rows());
	CASE("a field of an odd width is left alone", odd_width());
	check_table();
	CASE("configured values are kept by their types", typed());
	CASE("13.12 what we declare is configured as MaxXmitDataSegmentLength",
	     segment_lengths());
	CASE("a value that is refused, or only text, changes nothing", untouched());
	text_table();
	CASE("6.4 a key twice in a negotiation is refused, in whichever requests", text_sequence());
	return done();
}
