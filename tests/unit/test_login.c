// SPDX-License-Identifier: GPL-2.0
#include "talk.h"

/* ---- offers ------------------------------------------------------------------------ */

static void auth(struct iscsip_login_offer *o)
{
	o->auth_required = true;
	set_credentials(o, "user", "secret", NULL, NULL);
}

static void auth_no_credentials(struct iscsip_login_offer *o)
{
	o->auth_required = true;
}

static void free_with_credentials(struct iscsip_login_offer *o)
{
	set_credentials(o, "user", "secret", NULL, NULL);
}

static void free_chap_only(struct iscsip_login_offer *o)
{
	set_credentials(o, "user", "secret", NULL, NULL);
	iscsip_key_check("AuthMethod", "CHAP", &o->params);
}

static void crc_only(struct iscsip_login_offer *o)
{
	iscsip_key_check("HeaderDigest", "CRC32C", &o->params);
}

static void crc_both(struct iscsip_login_offer *o)
{
	iscsip_key_check("HeaderDigest", "CRC32C", &o->params);
	iscsip_key_check("DataDigest", "CRC32C", &o->params);
}

static void none_only(struct iscsip_login_offer *o)
{
	iscsip_key_check("HeaderDigest", "None", &o->params);
	iscsip_key_check("DataDigest", "None", &o->params);
}

static void no_digests(struct iscsip_login_offer *o)
{
	o->params.header_digests.n = 0;
}

static void small_limit(struct iscsip_login_offer *o)
{
	o->params.mrdsl_local = 4096;
}

static void default_limit(struct iscsip_login_offer *o)
{
	o->params.mrdsl_local = 8192;
}

static void alias(struct iscsip_login_offer *o)
{
	strcpy(o->alias, "Bob-s Disk");
}

static void further(struct iscsip_login_offer *o)
{
	o->leading = false;
	o->params.max_burst = 65536;
	o->params.max_connections = 4;
	o->params.initial_r2t = false;
	o->params.header_digest = 1;
	o->params.mrdsl_remote = 512;
}

static void no_r2t(struct iscsip_login_offer *o)
{
	o->params.initial_r2t = false;
}

static void no_immediate(struct iscsip_login_offer *o)
{
	o->params.immediate_data = false;
}

static void any_order(struct iscsip_login_offer *o)
{
	o->params.data_pdu_in_order = false;
	o->params.data_sequence_in_order = false;
}

static void many_r2ts(struct iscsip_login_offer *o)
{
	o->params.max_outstanding_r2t = 8;
}

static void recovery(struct iscsip_login_offer *o)
{
	o->params.error_recovery_level = 2;
	o->params.max_outstanding_r2t = 8;
}

static void connections(struct iscsip_login_offer *o)
{
	o->params.max_connections = 4;
}

static void times(struct iscsip_login_offer *o)
{
	o->params.default_time2wait = 5;
	o->params.default_time2retain = 10;
}

static void bursts(struct iscsip_login_offer *o)
{
	o->params.max_burst = 1048576;
	o->params.first_burst = 524288;
}

static void talkative(struct iscsip_login_offer *o)
{
	o->keys_workaround = false;
	o->params.max_burst = 16384;
	o->params.first_burst = 32768;
	o->params.immediate_data = false;
	o->params.initial_r2t = false;
	o->params.default_time2wait = 5;
	o->params.error_recovery_level = 1;
	o->params.max_outstanding_r2t = 4;
}

static void talkative_default(struct iscsip_login_offer *o)
{
	o->keys_workaround = false;
}

/* ---- stages -------------------------------------------------------------------------- */

static const struct talk stages[] = {
	{ "6.3.1 one request with T goes straight to full feature phase", .turns = {
		{ "1T3", NORMAL, 0, "1T3", TPGT MRDSL } } },
	{ "6.3.1 an initiator without SessionType means Normal", .turns = {
		{ "1T3", NAMES, 0, "1T3", TPGT MRDSL } } },
	{ "6.3 both stages, and each answer once", .turns = {
		{ "0T1", NORMAL "AuthMethod=None\n", 0, "0T1", "AuthMethod=None\n" TPGT },
		{ "1T3", "MaxBurstLength=512\n", 0, "1T3", "MaxBurstLength=512\n" MRDSL } } },
	{ "6.3.1 without a security proposal the initiator is let on", .turns = {
		{ "0T1", NORMAL, 0, "0T1", TPGT }, { "1T3", "", 0, "1T3", MRDSL } } },
	{ "6.3 from security straight to full feature phase",
	  .result = "mrdsl_local=8192", .turns = {
		{ "0T3", NORMAL "AuthMethod=None\n", 0, "0T3", "AuthMethod=None\n" TPGT } } },
	{ "6.3 a digest that we insist on needs the operational stage", crc_only, .turns = {
		{ "0T3", NORMAL, 0, "0T1", TPGT },
		{ "1T3", "HeaderDigest=CRC32C\n", 0, "1T3", "HeaderDigest=CRC32C\n" MRDSL } } },
	{ "13.12 a receive limit below the default needs the operational stage",
	  small_limit, "mrdsl_local=4096", { { "0T3", NORMAL, 0, "0T1", TPGT },
		{ "1T3", "", 0, "1T3", "MaxRecvDataSegmentLength=4096\n" } } },
	{ "13.12 a receive limit that is the default does not need it", default_limit,
	  "mrdsl_local=8192", { { "0T3", NORMAL, 0, "0T3", TPGT } } },
	{ "11.13.6 T is only answered with T", .turns = {
		{ "1-0", NORMAL, 0, "1-0", TPGT MRDSL }, { "1-0", "", 0, "1-0", "" },
		{ "1T3", "", 0, "1T3", "" } } },
	{ "6.3.1 an empty first security request without T is answered in kind", .turns = {
		{ "0-0", NORMAL, 0, "0-0", TPGT },
		{ "0T1", "AuthMethod=None\n", 0, "0T1", "AuthMethod=None\n" },
		{ "1T3", "", 0, "1T3", MRDSL } } },
	{ "6.2 six exchanges and more are allowed", .turns = {
		{ "1-0", NORMAL, 0, "1-0" }, { "1-0", "", 0, "1-0" },
		{ "1-0", "", 0, "1-0" }, { "1-0", "", 0, "1-0" },
		{ "1-0", "", 0, "1-0" }, { "1-0", "", 0, "1-0" },
		{ "1-0", "", 0, "1-0" }, { "1T3", "", 0, "1T3" } } },
#define R8 { "1-0", "", 0 }, { "1-0", "", 0 }, { "1-0", "", 0 }, { "1-0", "", 0 }, \
	   { "1-0", "", 0 }, { "1-0", "", 0 }, { "1-0", "", 0 }, { "1-0", "", 0 }
	{ "6.2 a login does not go on for ever", .turns = {
		{ "1-0", NORMAL, 0 }, R8, R8, R8, { "1-0", "", 0 }, { "1-0", "", 0 },
		{ "1-0", "", 0 }, { "1-0", "", 0 }, { "1-0", "", 0 }, { "1-0", "", 0 },
		{ "1-0", "", 0 }, { "1T3", "", 0x0200 } } },
	{ "6.3 a login that begins in full feature phase is refused", .turns = {
		{ "3-0", NORMAL, 0x0200 } } },
	{ "6.3 a request may not go back to the security stage", .turns = {
		{ "1-0", NORMAL, 0 }, { "0-0", "", 0x0200 } } },
	{ "6.3 a request may not go on before the target does", .turns = {
		{ "0-0", NORMAL, 0 }, { "1-0", "", 0x0200 } } },
	{ "6.3 from operational there is no way to operational", .turns = {
		{ "1T1", NORMAL, 0x0200 } } },
	{ "6.3 from operational there is no way to security", .turns = {
		{ "1T0", NORMAL, 0x0200 } } },
	{ "11.12.3 the reserved next stage 2 is refused", .turns = {
		{ "0T2", NORMAL, 0x0200 } } },
	{ "6.3 after full feature phase there are no more requests", .turns = {
		{ "1T3", NORMAL, 0, "1T3" }, { "1T3", "", 0x0200 } } },
	/* discovery */
	{ "13.9 a discovery session without a target has no portal group tag", .turns = {
		{ "1T3", DISCO, 0, "1T3", MRDSL } } },
	{ "13.6 a TargetAlias is told once", alias, .turns = {
		{ "0T1", NORMAL, 0, "0T1", TPGT "TargetAlias=Bob-s Disk\n" },
		{ "1T3", "", 0, "1T3", MRDSL } } },
	{ "13.6 a discovery session is told no TargetAlias", alias, .turns = {
		{ "1T3", DISCO, 0, "1T3", MRDSL } } },
};

static const struct talk names[] = {
	{ "11.13.5 a missing InitiatorName is answered with 0207", .turns = {
		{ "1T3", "TargetName=" TGT "\nSessionType=Normal\n", 0x0207 } } },
	{ "11.13.5 a missing TargetName is answered with 0207", .turns = {
		{ "1T3", "InitiatorName=" INI "\n", 0x0207 } } },
	{ "11.13.5 no name at all is answered with 0207", .turns = {
		{ "1T3", "", 0x0207 } } },
	{ "4.2.7.1 an InitiatorName that is none is answered with 0200", .turns = {
		{ "1T3", "InitiatorName=foo\nTargetName=" TGT "\n", 0x0200 } } },
	{ "4.2.7.1 an empty InitiatorName is answered with 0200", .turns = {
		{ "1T3", "InitiatorName=\nTargetName=" TGT "\n", 0x0200 } } },
	{ "4.2.7.1 a TargetName that is none is answered with 0203", .turns = {
		{ "1T3", "InitiatorName=" INI "\nTargetName=foo\n", 0x0203 } } },
	{ "13.21 another SessionType is answered with 0209", .turns = {
		{ "1T3", NAMES "SessionType=Fancy\n", 0x0209 } } },
	{ "13.21 an empty SessionType is answered with 0209", .turns = {
		{ "1T3", NAMES "SessionType=\n", 0x0209 } } },
	{ "6.1 SessionType has its case", .turns = {
		{ "1T3", NAMES "SessionType=normal\n", 0x0209 } } },
	{ "13.5 a second InitiatorName is answered with 0200", .turns = {
		{ "1T3", NORMAL "InitiatorName=" INI "\n", 0x0200 } } },
	{ "13.9 a discovery session without a target is told no tag", .turns = {
		{ "1T3", DISCO, 0, "1T3", MRDSL } } },
	{ "13.4 a second TargetName is answered with 0200", .turns = {
		{ "1T3", NORMAL "TargetName=" TGT "\n", 0x0200 } } },
	{ "13.21 a second SessionType is answered with 0200", .turns = {
		{ "1T3", NORMAL "SessionType=Normal\n", 0x0200 } } },
	{ "13.5 an InitiatorName again in a later request is answered with 0200",
	  .turns = { { "1-0", NORMAL, 0 }, { "1T3", "InitiatorName=" INI "\n", 0x0200 } } },
	{ "13.21 a SessionType after the first request is answered with 0200",
	  .turns = { { "1-0", NAMES, 0 }, { "1T3", "SessionType=Discovery\n", 0x0200 } } },
	{ "13.21 SessionType=Normal may come after the first request", .turns = {
		{ "0T1", NAMES, 0, "0T1" }, { "1T3", "SessionType=Normal\n", 0, "1T3", MRDSL } } },
	{ "13.21 but once", .turns = { { "1-0", NORMAL, 0 },
		{ "1T3", "SessionType=Normal\n", 0x0200 } } },
	{ "13.4 a TargetName after the first request is answered with 0200",
	  .turns = { { "1-0", DISCO, 0 }, { "1T3", "TargetName=" TGT "\n", 0x0200 } } },
	{ "6.1 keys have their case: initiatorname is no InitiatorName", .turns = {
		{ "1T3", "initiatorname=" INI "\nTargetName=" TGT "\n", 0x0207 } } },
	{ "6.1 text that cannot be parsed is answered with 0200", .turns = {
		{ "1T3", NORMAL "Nonsense\n", 0x0200 } } },
	{ "6.1 such text is refused in later requests as well", .turns = {
		{ "1-0", NORMAL, 0 }, { "1T3", "Nonsense\n", 0x0200 } } },
	{ "13.9 a discovery session may name a target, and is told the tag", .turns = {
		{ "1T3", DISCO "TargetName=" TGT "\n", 0, "1T3", TPGT MRDSL } } },
};

/* ---- keys ------------------------------------------------------------------------------ */

#define K(name, keys, answers, ...) \
	{ name, .turns = { { "1T3", NORMAL keys, 0, "1T3", answers TPGT MRDSL } }, \
	  __VA_ARGS__ }
#define BAD(name, keys, status, ...) \
	{ name, .turns = { { "1T3", NORMAL keys, status } }, __VA_ARGS__ }
#define D(name, keys, answers, ...) \
	{ name, .turns = { { "1T3", DISCO keys, 0, "1T3", answers MRDSL } }, __VA_ARGS__ }

static const struct talk numbers[] = {
	/* Minimum */
	K("13.13 MaxBurstLength is the smaller: the initiator's", "MaxBurstLength=65536\n",
	  "MaxBurstLength=65536\n", .result = "max_burst=65536"),
	K("13.13 MaxBurstLength is the smaller: ours", "MaxBurstLength=16777215\n",
	  "MaxBurstLength=262144\n", .result = "max_burst=262144"),
	K("13.13 a larger MaxBurstLength of ours lets the initiator's stand",
	  "MaxBurstLength=16777215\n", "MaxBurstLength=1048576\n",
	  .prepare = bursts, .result = "max_burst=1048576"),
	K("13.13 what was not negotiated has the default, not our offer", "", "",
	  .prepare = bursts, .result = "max_burst=262144 first_burst=65536"),
	K("13.13 the smallest MaxBurstLength is taken", "MaxBurstLength=512\n",
	  "MaxBurstLength=512\n", .result = "max_burst=512 first_burst=512"),
	K("13.13 MaxBurstLength=511 is answered with Reject, the default stays",
	  "MaxBurstLength=511\n", "MaxBurstLength=Reject\n", .result = "max_burst=262144"),
	K("13.13 MaxBurstLength=16777216 is answered with Reject",
	  "MaxBurstLength=16777216\n", "MaxBurstLength=Reject\n",
	  .result = "max_burst=262144"),
	K("6.1 a number that wraps 32 bits is answered with Reject",
	  "MaxBurstLength=4294967808\n", "MaxBurstLength=Reject\n"),
	K("6.1 a number that wraps 64 bits is answered with Reject",
	  "MaxBurstLength=18446744073709552128\n", "MaxBurstLength=Reject\n"),
	K("6.1 a number with trailing garbage is answered with Reject",
	  "MaxBurstLength=8192abc\n", "MaxBurstLength=Reject\n"),
	K("6.1 an empty number is answered with Reject", "MaxBurstLength=\n",
	  "MaxBurstLength=Reject\n"),
	K("6.2 a range, where none is allowed, is answered with Reject",
	  "MaxBurstLength=512~1024\n", "MaxBurstLength=Reject\n"),
	K("6.1 a hex number is taken", "MaxBurstLength=0x10000\n",
	  "MaxBurstLength=65536\n"),
	K("13.14 FirstBurstLength is the smaller", "FirstBurstLength=16777215\n",
	  "FirstBurstLength=65536\n", .result = "first_burst=65536"),
	K("13.14 FirstBurstLength never exceeds MaxBurstLength",
	  "MaxBurstLength=4096\nFirstBurstLength=65536\n",
	  "MaxBurstLength=4096\nFirstBurstLength=4096\n",
	  .result = "max_burst=4096 first_burst=4096"),
	K("13.14 their sequence within the request makes no difference",
	  "FirstBurstLength=65536\nMaxBurstLength=4096\n",
	  "MaxBurstLength=4096\nFirstBurstLength=4096\n",
	  .result = "max_burst=4096 first_burst=4096"),
	K("13.14 FirstBurstLength of its own accord follows a small MaxBurstLength",
	  "MaxBurstLength=4096\n", "MaxBurstLength=4096\n", .result = "first_burst=4096"),
	{ "13.14 a MaxBurstLength below the FirstBurstLength settled before fails",
	  .turns = { { "1-0", NORMAL "FirstBurstLength=65536\n", 0, "1-0",
		       "FirstBurstLength=65536\n" TPGT MRDSL },
		     { "1T3", "MaxBurstLength=4096\n", 0x0200 } } },
	{ "13.13, 13.14 two requests make one negotiation",
	  .result = "max_burst=8192 first_burst=4096", .turns = {
		{ "1-0", NORMAL "MaxBurstLength=8192\n", 0, "1-0" },
		{ "1T3", "FirstBurstLength=4096\n", 0, "1T3", "FirstBurstLength=4096\n" } } },
	K("13.14 FirstBurstLength is irrelevant without unsolicited data",
	  "ImmediateData=No\nInitialR2T=Yes\nFirstBurstLength=4096\n",
	  "ImmediateData=No\nInitialR2T=Yes\nFirstBurstLength=Irrelevant\n",
	  .result = "first_burst=65536"),
	K("13.14 our ImmediateData=No makes it irrelevant as well",
	  "FirstBurstLength=4096\nImmediateData=Yes\n",
	  "ImmediateData=No\nFirstBurstLength=Irrelevant\n", .prepare = no_immediate),
	K("13.2 MaxConnections is the smaller", "MaxConnections=65535\n",
	  "MaxConnections=4\n", .prepare = connections, .result = "max_connections=4"),
	K("13.2 MaxConnections=0 is answered with Reject", "MaxConnections=0\n",
	  "MaxConnections=Reject\n", .result = "max_connections=1"),
	K("13.16 DefaultTime2Retain is the smaller", "DefaultTime2Retain=3600\n",
	  "DefaultTime2Retain=10\n", .prepare = times, .result = "default_time2retain=10"),
	K("13.16 DefaultTime2Retain may be 0", "DefaultTime2Retain=0\n",
	  "DefaultTime2Retain=0\n", .result = "default_time2retain=0"),
	K("13.16 DefaultTime2Retain=3601 is answered with Reject",
	  "DefaultTime2Retain=3601\n", "DefaultTime2Retain=Reject\n",
	  .result = "default_time2retain=20"),
	K("13.17 MaxOutstandingR2T is the smaller", "MaxOutstandingR2T=65535\n",
	  "MaxOutstandingR2T=8\n", .prepare = many_r2ts,
	  .result = "max_outstanding_r2t=8"),
	K("13.17 MaxOutstandingR2T=65536 is answered with Reject",
	  "MaxOutstandingR2T=65536\n", "MaxOutstandingR2T=Reject\n"),
	K("13.20 ErrorRecoveryLevel is the smaller", "ErrorRecoveryLevel=1\n",
	  "ErrorRecoveryLevel=1\n", .prepare = recovery,
	  .result = "error_recovery_level=1"),
	K("13.20 ErrorRecoveryLevel=3 is answered with Reject", "ErrorRecoveryLevel=3\n",
	  "ErrorRecoveryLevel=Reject\n", .prepare = recovery,
	  .result = "error_recovery_level=0"),
	K("13.19 above ErrorRecoveryLevel 0 there is one R2T at a time",
	  "MaxOutstandingR2T=8\nErrorRecoveryLevel=1\n",
	  "ErrorRecoveryLevel=1\nMaxOutstandingR2T=1\n", .prepare = recovery,
	  .result = "max_outstanding_r2t=1"),
	K("13.19 at ErrorRecoveryLevel 0 there may be more",
	  "MaxOutstandingR2T=8\nErrorRecoveryLevel=0\n",
	  "ErrorRecoveryLevel=0\nMaxOutstandingR2T=8\n", .prepare = recovery,
	  .result = "max_outstanding_r2t=8"),
	{ "13.19 an ErrorRecoveryLevel yet to come keeps it at one", recovery,
	  "max_outstanding_r2t=1 error_recovery_level=2", {
		{ "1-0", NORMAL "MaxOutstandingR2T=8\n", 0, "1-0",
		  "MaxOutstandingR2T=1\n" TPGT MRDSL },
		{ "1T3", "ErrorRecoveryLevel=2\n", 0, "1T3", "ErrorRecoveryLevel=2\n" } } },
	/* Maximum */
	K("13.15 DefaultTime2Wait is the larger: ours", "DefaultTime2Wait=0\n",
	  "DefaultTime2Wait=5\n", .prepare = times, .result = "default_time2wait=5"),
	K("13.15 DefaultTime2Wait is the larger: the initiator's", "DefaultTime2Wait=60\n",
	  "DefaultTime2Wait=60\n", .prepare = times, .result = "default_time2wait=60"),
	K("13.15 DefaultTime2Wait=3601 is answered with Reject", "DefaultTime2Wait=3601\n",
	  "DefaultTime2Wait=Reject\n", .result = "default_time2wait=2"),
	/* declared */
	K("13.12 MaxRecvDataSegmentLength is declared, not answered",
	  "MaxRecvDataSegmentLength=512\n", "",
	  .result = "mrdsl_remote=512 mrdsl_local=262144"),
	K("13.12 the default is 8192", "", "", .result = "mrdsl_remote=8192"),
	K("13.12 the largest MaxRecvDataSegmentLength is taken",
	  "MaxRecvDataSegmentLength=16777215\n", "", .result = "mrdsl_remote=16777215"),
	BAD("13.12 MaxRecvDataSegmentLength=511 fails the login",
	    "MaxRecvDataSegmentLength=511\n", 0x0200),
	BAD("13.12 MaxRecvDataSegmentLength=16777216 fails the login",
	    "MaxRecvDataSegmentLength=16777216\n", 0x0200),
	BAD("13.12 MaxRecvDataSegmentLength=big fails the login",
	    "MaxRecvDataSegmentLength=big\n", 0x0200),
};

static const struct talk booleans[] = {
	K("13.10 InitialR2T is OR: our Yes", "InitialR2T=No\n", "InitialR2T=Yes\n",
	  .result = "initial_r2t=1"),
	K("13.10 InitialR2T is OR: their Yes", "InitialR2T=Yes\n", "InitialR2T=Yes\n",
	  .prepare = no_r2t, .result = "initial_r2t=1"),
	K("13.10 InitialR2T is No if both say so", "InitialR2T=No\n", "InitialR2T=No\n",
	  .prepare = no_r2t, .result = "initial_r2t=0"),
	K("13.10 InitialR2T is Yes if nobody says so", "", "", .prepare = no_r2t,
	  .result = "initial_r2t=1"),
	K("13.11 ImmediateData is AND: their No", "ImmediateData=No\n",
	  "ImmediateData=No\n", .result = "immediate_data=0"),
	K("13.11 ImmediateData is AND: our No", "ImmediateData=Yes\n",
	  "ImmediateData=No\n", .prepare = no_immediate, .result = "immediate_data=0"),
	K("13.11 ImmediateData is Yes if both say so", "ImmediateData=Yes\n",
	  "ImmediateData=Yes\n", .result = "immediate_data=1"),
	K("13.18 DataPDUInOrder stays Yes whatever is configured", "DataPDUInOrder=No\n",
	  "DataPDUInOrder=Yes\n", .prepare = any_order, .result = "data_pdu_in_order=1"),
	K("13.19 DataSequenceInOrder stays Yes whatever is configured",
	  "DataSequenceInOrder=No\n", "DataSequenceInOrder=Yes\n", .prepare = any_order,
	  .result = "data_sequence_in_order=1"),
	K("6.1 a boolean in small letters is answered with Reject", "InitialR2T=no\n",
	  "InitialR2T=Reject\n"),
	K("6.1 a boolean 1 is answered with Reject", "ImmediateData=1\n",
	  "ImmediateData=Reject\n"),
	K("6.1 an empty boolean is answered with Reject", "ImmediateData=\n",
	  "ImmediateData=Reject\n"),
};

static const struct talk lists[] = {
	K("13.1 the first digest that both have: CRC32C", "HeaderDigest=CRC32C,None\n",
	  "HeaderDigest=CRC32C\n", .result = "header_digest=1 data_digest=0"),
	K("13.1 the first digest that both have: None", "HeaderDigest=None,CRC32C\n",
	  "HeaderDigest=None\n", .result = "header_digest=0"),
	K("13.1 DataDigest is a key of its own", "DataDigest=CRC32C\n",
	  "DataDigest=CRC32C\n", .result = "header_digest=0 data_digest=1"),
	K("6.2.1 what is not understood is ignored",
	  "HeaderDigest=Y-org.example.sum,crc32c,CRC32,,CRC32C\n", "HeaderDigest=CRC32C\n"),
	K("6.2.1 nothing understood is answered with Reject",
	  "HeaderDigest=Y-org.example.sum\n", "HeaderDigest=Reject\n",
	  .result = "header_digest=0"),
	K("6.2.1 an empty list is answered with Reject", "HeaderDigest=\n",
	  "HeaderDigest=Reject\n"),
	K("6.2.1 a digest that is not ours is passed over",
	  "HeaderDigest=CRC32C,None\nDataDigest=CRC32C\n",
	  "HeaderDigest=None\nDataDigest=Reject\n", .prepare = none_only,
	  .result = "header_digest=0 data_digest=0"),
	K("13.1 no digest configured means no digest", "HeaderDigest=CRC32C,None\n",
	  "HeaderDigest=Reject\n", .prepare = no_digests),
	K("13.1 of None,CRC32C the one we insist on is chosen", "HeaderDigest=None,CRC32C\n",
	  "HeaderDigest=CRC32C\n", .prepare = crc_only, .result = "header_digest=1"),
	BAD("7.12 a digest that we insist on, not offered, fails the login",
	    "HeaderDigest=None\n", 0x0200, .prepare = crc_only),
	{ "13.1 a digest that we insist on is proposed when the initiator is ready",
	  crc_only, "header_digest=1", {
		{ "1-0", NORMAL, 0, "1-0", TPGT MRDSL },
		{ "1T3", "", 0, "1-0", "HeaderDigest=CRC32C\n" },
		{ "1T3", "HeaderDigest=CRC32C\n", 0, "1T3", "" } } },
	{ "13.1 both digests are proposed together", crc_both,
	  "header_digest=1 data_digest=1", {
		{ "1T3", NORMAL, 0, "1-0",
		  TPGT MRDSL "HeaderDigest=CRC32C\nDataDigest=CRC32C\n" },
		{ "1T3", "DataDigest=CRC32C\nHeaderDigest=CRC32C\n", 0, "1T3", "" } } },
	{ "13.1 the initiator may refuse it, and the login fails", crc_only, .turns = {
		{ "1T3", NORMAL, 0, "1-0" }, { "1T3", "HeaderDigest=Reject\n", 0x0200 } } },
	{ "13.1 None is no answer to CRC32C", crc_only, .turns = {
		{ "1T3", NORMAL, 0, "1-0" }, { "1T3", "HeaderDigest=None\n", 0x0200 } } },
	{ "6.2 no answer to our proposal fails the login", crc_only, .turns = {
		{ "1T3", NORMAL, 0, "1-0" }, { "1T3", "", 0x0200 } } },
	{ "6.2 an answer to our proposal comes once", crc_only, .turns = {
		{ "1T3", NORMAL, 0, "1-0" },
		{ "1T3", "HeaderDigest=CRC32C\nHeaderDigest=CRC32C\n", 0x0200 } } },
	K("13.23 TaskReporting is understood",
	  "TaskReporting=FastAbort,ResponseFence,RFC3720\n", "TaskReporting=RFC3720\n"),
	K("13.23 TaskReporting without RFC3720 is answered with Reject",
	  "TaskReporting=FastAbort\n", "TaskReporting=Reject\n"),
};

#define A50	"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"

static const struct talk others[] = {
	K("13.24 iSCSIProtocolLevel is 1", "iSCSIProtocolLevel=1\n",
	  "iSCSIProtocolLevel=1\n"),
	K("13.24 iSCSIProtocolLevel=31 is answered with 1", "iSCSIProtocolLevel=31\n",
	  "iSCSIProtocolLevel=1\n"),
	K("RFC 7144 7.1.1 iSCSIProtocolLevel=0 is answered with 0",
	  "iSCSIProtocolLevel=0\n", "iSCSIProtocolLevel=0\n"),
	K("RFC 7144 7.1.1 iSCSIProtocolLevel=32 is answered with Reject",
	  "iSCSIProtocolLevel=32\n", "iSCSIProtocolLevel=Reject\n"),
	K("13.25 the obsolete markers are answered with Reject",
	  "IFMarker=Yes\nOFMarker=No\nIFMarkInt=2048~8192\nOFMarkInt=1\n",
	  "IFMarker=Reject\nOFMarker=Reject\nIFMarkInt=Reject\nOFMarkInt=Reject\n"),
	K("13.22 a private key is not understood", "X-org.example.foo=bar\n",
	  "X-org.example.foo=NotUnderstood\n"),
	K("6.2 unknown keys are not understood, each time", "Fancy=1\nFancy=2\n",
	  "Fancy=NotUnderstood\nFancy=NotUnderstood\n"),
	K("6.2 a key that is configuration only is not understood",
	  "MaxXmitDataSegmentLength=512\n", "MaxXmitDataSegmentLength=NotUnderstood\n",
	  .result = "mrdsl_local=262144"),
	K("13.26 X#NodeArchitecture is passed over in silence",
	  "X#NodeArchitecture=Raw/1\n", ""),
	K("13.7 an InitiatorAlias needs no answer", "InitiatorAlias=Web Server 4\n", ""),
	K("13.7 an InitiatorAlias of 255 bytes is taken",
	  "InitiatorAlias=" A50 A50 A50 A50 A50 "abcde\n", ""),
	BAD("13.7 an InitiatorAlias of 256 bytes fails the login",
	    "InitiatorAlias=" A50 A50 A50 A50 A50 "abcdef\n", 0x0200),
	BAD("13.7 an InitiatorAlias over 255 bytes fails the login", "InitiatorAlias=$L\n",
	    0x0200),
	BAD("13.6 TargetAlias is for targets only", "TargetAlias=x\n", 0x0200),
	BAD("13.8 TargetAddress is for targets only", "TargetAddress=10.0.0.1:3260,1\n",
	    0x0200),
	BAD("13.9 TargetPortalGroupTag is for targets only", "TargetPortalGroupTag=1\n",
	    0x0200),
	BAD("13.3 SendTargets is not for login", "SendTargets=All\n", 0x0200),
	BAD("6.2 Reject is nothing to propose", "MaxBurstLength=Reject\n", 0x0200),
	BAD("6.2 Irrelevant is nothing to propose", "InitialR2T=Irrelevant\n", 0x0200),
	BAD("6.2 NotUnderstood is nothing to propose", "HeaderDigest=NotUnderstood\n",
	    0x0200),
	{ "6.2 a shrug at what we declared changes nothing", alias, "mrdsl_remote=512", {
		{ "1-0", NORMAL, 0, "1-0" },
		{ "1T3", "TargetAlias=NotUnderstood\nTargetPortalGroupTag=NotUnderstood\n"
		  "MaxRecvDataSegmentLength=NotUnderstood\nMaxRecvDataSegmentLength=512\n",
		  0, "1T3", "" } } },
	/* once only */
	BAD("6.3 a key twice in one request fails the login",
	    "MaxBurstLength=512\nMaxBurstLength=512\n", 0x0200),
	BAD("6.3 a declaration twice in one request fails the login",
	    "MaxRecvDataSegmentLength=512\nMaxRecvDataSegmentLength=512\n", 0x0200),
	{ "6.3 a key again in the next request fails the login", .turns = {
		{ "1-0", NORMAL "HeaderDigest=None\n", 0 },
		{ "1T3", "HeaderDigest=None\n", 0x0200 } } },
	{ "6.3 a rejected key may not be tried again", .turns = {
		{ "1-0", NORMAL "MaxBurstLength=1\n", 0 },
		{ "1T3", "MaxBurstLength=512\n", 0x0200 } } },
	{ "6.3 a key of another stage is remembered too", .turns = {
		{ "0T1", NORMAL "InitiatorAlias=a\n", 0 },
		{ "1T3", "InitiatorAlias=a\n", 0x0200 } } },
	/* stages */
	{ "12 an operational key in the security stage fails the login", .turns = {
		{ "0T1", NORMAL "MaxBurstLength=512\n", 0x0200 } } },
	{ "12 a digest in the security stage fails the login", .turns = {
		{ "0T1", NORMAL "AuthMethod=None\nHeaderDigest=None\n", 0x0200 } } },
	{ "6.3 AuthMethod in the operational stage fails the login", .turns = {
		{ "1T3", NORMAL "AuthMethod=None\n", 0x0200 } } },
	{ "6.3 CHAP keys in the operational stage fail the login", .turns = {
		{ "1T3", NORMAL "CHAP_A=5\n", 0x0200 } } },
};

static const struct talk sessions[] = {
	D("13 session-wide keys are irrelevant for discovery",
	  "MaxConnections=4\nInitialR2T=No\nImmediateData=No\nMaxBurstLength=512\n"
	  "FirstBurstLength=512\nMaxOutstandingR2T=2\nDataPDUInOrder=No\n"
	  "DataSequenceInOrder=No\nTaskReporting=RFC3720\niSCSIProtocolLevel=1\n",
	  "MaxConnections=Irrelevant\nInitialR2T=Irrelevant\nImmediateData=Irrelevant\n"
	  "MaxBurstLength=Irrelevant\nDataPDUInOrder=Irrelevant\n"
	  "DataSequenceInOrder=Irrelevant\nTaskReporting=Irrelevant\n"
	  "iSCSIProtocolLevel=Irrelevant\nFirstBurstLength=Irrelevant\n"
	  "MaxOutstandingR2T=Irrelevant\n",
	  .result = "max_connections=1 max_burst=262144 initial_r2t=1"),
	D("7.4.1 ErrorRecoveryLevel is 0 for discovery", "ErrorRecoveryLevel=2\n",
	  "ErrorRecoveryLevel=0\n", .prepare = recovery),
	D("13.15, 13.16 times are negotiated for discovery",
	  "DefaultTime2Wait=3\nDefaultTime2Retain=0\n",
	  "DefaultTime2Wait=3\nDefaultTime2Retain=0\n"),
	D("13.1 digests are negotiated for discovery", "HeaderDigest=CRC32C,None\n",
	  "HeaderDigest=CRC32C\n"),
	D("13.12 the receive limit is declared for discovery",
	  "MaxRecvDataSegmentLength=4096\n", "", .result = "mrdsl_remote=4096"),
	/* a further connection */
	K("13 on a further connection session-wide keys are answered with Reject",
	  "MaxBurstLength=512\nMaxConnections=2\nInitialR2T=Yes\nFirstBurstLength=512\n",
	  "MaxBurstLength=Reject\nMaxConnections=Reject\nInitialR2T=Reject\n"
	  "FirstBurstLength=Reject\n", .prepare = further,
	  .result = "max_burst=65536 max_connections=4 initial_r2t=0"),
	K("13 a further connection has its own digests and limits",
	  "HeaderDigest=None\nDataDigest=CRC32C\nMaxRecvDataSegmentLength=1024\n",
	  "HeaderDigest=None\nDataDigest=CRC32C\n", .prepare = further,
	  .result = "header_digest=0 data_digest=1 mrdsl_remote=1024"),
	K("13 a further connection does not inherit them", "", "", .prepare = further,
	  .result = "header_digest=0 mrdsl_remote=8192"),
};

/* With the workaround off, offers that differ from the defaults are proposed. */
static const struct talk proposals[] = {
	K("13 with all defaults there is nothing to propose", "", "",
	  .prepare = talkative_default),
	{ "13 offers that differ from the defaults are proposed", talkative,
	  "max_burst=8192 first_burst=4096 initial_r2t=0 immediate_data=0 "
	  "default_time2wait=9 error_recovery_level=1 max_outstanding_r2t=1", {
		{ "1T3", NORMAL, 0, "1-0", TPGT MRDSL "InitialR2T=No\nImmediateData=No\n"
		  "MaxBurstLength=16384\nFirstBurstLength=16384\nDefaultTime2Wait=5\n"
		  "ErrorRecoveryLevel=1\n" },
		{ "1T3", "InitialR2T=No\nImmediateData=No\nFirstBurstLength=4096\n"
		  "MaxBurstLength=8192\nDefaultTime2Wait=9\nErrorRecoveryLevel=1\n",
		  0, "1T3", "" } } },
	{ "6.2 what the initiator settled is not proposed again", talkative,
	  "max_burst=4096", {
		{ "1T3", NORMAL "InitialR2T=No\nImmediateData=No\nMaxBurstLength=4096\n"
		  "FirstBurstLength=512\nDefaultTime2Wait=0\nErrorRecoveryLevel=0\n"
		  "MaxOutstandingR2T=1\n", 0, "1T3" } } },
	{ "6.2 refusing words leave the default", talkative,
	  "max_burst=262144 default_time2wait=2 error_recovery_level=0", {
		{ "1T3", NORMAL, 0, "1-0" },
		{ "1T3", "InitialR2T=Yes\nImmediateData=No\nMaxBurstLength=Reject\n"
		  "FirstBurstLength=Irrelevant\nDefaultTime2Wait=Reject\n"
		  "ErrorRecoveryLevel=Reject\n", 0, "1-0",
		  "MaxOutstandingR2T=4\n" },
		{ "1T3", "MaxOutstandingR2T=Irrelevant\n", 0, "1T3", "" } } },
	{ "6.2 NotUnderstood in answer to our proposal fails the login", talkative, .turns = {
		{ "1T3", NORMAL, 0, "1-0" },
		{ "1T3", "MaxBurstLength=NotUnderstood\n", 0x0200 } } },
	{ "6.2.2 an answer over our minimum offer fails the login", talkative, .turns = {
		{ "1T3", NORMAL, 0, "1-0" },
		{ "1T3", "InitialR2T=Yes\nImmediateData=No\nMaxBurstLength=32768\n"
		  "FirstBurstLength=512\nDefaultTime2Wait=5\nErrorRecoveryLevel=0\n",
		  0x0200 } } },
	{ "6.2.2 an answer under our maximum offer fails the login", talkative, .turns = {
		{ "1T3", NORMAL, 0, "1-0" },
		{ "1T3", "InitialR2T=Yes\nImmediateData=No\nMaxBurstLength=512\n"
		  "FirstBurstLength=512\nDefaultTime2Wait=4\nErrorRecoveryLevel=0\n",
		  0x0200 } } },
	{ "13.11 Yes is no answer to ImmediateData=No", talkative, .turns = {
		{ "1T3", NORMAL, 0, "1-0" },
		{ "1T3", "InitialR2T=Yes\nImmediateData=Yes\nMaxBurstLength=512\n"
		  "FirstBurstLength=512\nDefaultTime2Wait=5\nErrorRecoveryLevel=0\n",
		  0x0200 } } },
	{ "6.2.2 an answer that is no number fails the login", talkative, .turns = {
		{ "1T3", NORMAL, 0, "1-0" },
		{ "1T3", "MaxBurstLength=many\n", 0x0200 } } },
	{ "6.2.2 our No to ImmediateData needs no answer", talkative,
	  "max_burst=512 immediate_data=0 initial_r2t=1", {
		{ "1T3", NORMAL, 0, "1-0" },
		{ "1T3", "InitialR2T=Yes\nMaxBurstLength=512\nFirstBurstLength=512\n"
		  "DefaultTime2Wait=5\nErrorRecoveryLevel=0\n", 0, "1-0",
		  "MaxOutstandingR2T=4\n" },
		{ "1T3", "MaxOutstandingR2T=1\n", 0, "1T3", "" } } },
	{ "6.2.2 our No to InitialR2T does", talkative, .turns = {
		{ "1T3", NORMAL, 0, "1-0" },
		{ "1T3", "ImmediateData=No\nMaxBurstLength=512\nFirstBurstLength=512\n"
		  "DefaultTime2Wait=5\nErrorRecoveryLevel=0\n", 0x0200 } } },
	{ "6.2 an answer left out fails the login", talkative, .turns = {
		{ "1T3", NORMAL, 0, "1-0" },
		{ "1T3", "InitialR2T=No\n", 0x0200 } } },
	D("13 nothing is proposed for discovery", "", "", .prepare = talkative),
};

/* ---- AuthMethod: the exchange itself is in chap.c ------------------------------------------ */

static const struct talk methods[] = {
	{ "12.1 CHAP is agreed on, and T waits", auth, .turns = {
		{ "0T1", NORMAL "AuthMethod=CHAP,None\n", 0, "0-0",
		  "AuthMethod=CHAP\n" TPGT } } },
	{ "12.1 of None,CHAP CHAP is chosen where it is required", auth, .turns = {
		{ "0-0", NORMAL "AuthMethod=None,CHAP\n", 0, "0-0",
		  "AuthMethod=CHAP\n" TPGT } } },
	{ "12.1 None is answered with 0201 where authentication is required", auth,
	  .turns = { { "0T1", NORMAL "AuthMethod=None\n", 0x0201 } } },
	{ "12.1 without credentials CHAP is agreed on all the same", auth_no_credentials,
	  .turns = { { "0-0", NORMAL "AuthMethod=CHAP,None\n", 0, "0-0",
		       "AuthMethod=CHAP\n" TPGT } } },
	{ "6.3.1 skipping the security stage is answered with 0201", auth, .turns = {
		{ "1T3", NORMAL, 0x0201 } } },
	{ "6.3.1 leaving it without AuthMethod is answered with 0201", auth, .turns = {
		{ "0T1", NORMAL, 0x0201 } } },
	{ "6.3.1 leaving it later without AuthMethod is answered with 0201", auth, .turns = {
		{ "0-0", NORMAL, 0, "0-0", TPGT }, { "0T3", "", 0x0201 } } },
	{ "12.1 methods that are not supported are passed over", auth, .turns = {
		{ "0-0", NORMAL "AuthMethod=KRB5,SRP,SPKM1,Z-org.example.x,CHAP\n", 0, "0-0",
		  "AuthMethod=CHAP\n" TPGT } } },
	{ "12.1 no method in common is answered with 0201", auth, .turns = {
		{ "0-0", NORMAL "AuthMethod=KRB5,SRP\n", 0x0201 } } },
	{ "12.1 an empty AuthMethod is answered with 0201", auth, .turns = {
		{ "0-0", NORMAL "AuthMethod=\n", 0x0201 } } },
	{ "6.2 Reject is no AuthMethod to propose", auth, .turns = {
		{ "0-0", NORMAL "AuthMethod=Reject\n", 0x0200 } } },
	{ "6.3 AuthMethod twice is answered with 0200", auth, .turns = {
		{ "0-0", NORMAL "AuthMethod=CHAP\n", 0 },
		{ "0-0", "AuthMethod=CHAP\n", 0x0200 } } },
	{ "12.1 the initiator's order decides where both are allowed: CHAP",
	  free_with_credentials, .turns = {
		{ "0T1", NORMAL "AuthMethod=CHAP,None\n", 0, "0-0",
		  "AuthMethod=CHAP\n" TPGT } } },
	{ "12.1 the initiator's order decides where both are allowed: None",
	  free_with_credentials, .turns = {
		{ "0T1", NORMAL "AuthMethod=None,CHAP\n", 0, "0T1",
		  "AuthMethod=None\n" TPGT }, { "1T3", "", 0, "1T3" } } },
	{ "12.1 where none is needed and nobody could pass, None is chosen", .turns = {
		{ "0T1", NORMAL "AuthMethod=CHAP,None\n", 0, "0T1",
		  "AuthMethod=None\n" TPGT } } },
	{ "12.1 where none is needed and None not listed, None is chosen", free_chap_only,
	  .turns = { { "0T1", NORMAL "AuthMethod=CHAP,None\n", 0, "0T1",
		       "AuthMethod=None\n" TPGT } } },
	{ "12.1 CHAP alone where nobody could pass is answered with 0201", .turns = {
		{ "0T1", NORMAL "AuthMethod=CHAP\n", 0x0201 } } },
};

/* ---- headers ------------------------------------------------------------------------------- */

static void changed(struct iscsip_login *l, struct iscsip_req req, u32 status)
{
	CHECK_VERDICT(iscsip_login_check(l, &req), ISCSIP_LOGIN_FAIL, status);
}

static void header_changes(void)
{
	struct iscsip_req first = talk_req("1-0"), req;
	struct iscsip_login l;

	iscsip_login_init(&l, &test_hash);
	CHECK_VERDICT(iscsip_login_check(&l, &first), ISCSIP_OK, 0);
	CHECK_EQ(l.cmdsn, 99);
	CHECK_EQ(l.cid, 7);
	CHECK_EQ(l.itt, 0x1234);
	CHECK_EQ(l.tsih, 0);
	CHECK_EQ(l.isid[5], 5);
	CHECK_EQ(l.stage, 1);
	req = first;
	req.login.isid[5]++;
	changed(&l, req, 0x0200);
	req = first;
	req.login.tsih++;
	changed(&l, req, 0x0200);
	req = first;
	req.login.cid++;
	changed(&l, req, 0x0200);
	req = first;
	req.itt++;
	changed(&l, req, 0x0200);
	CHECK_VERDICT(iscsip_login_check(&l, &first), ISCSIP_OK, 0);
}

/* Text may come in many parts; it is its size that is limited then. */
static void fragments(void)
{
	struct iscsip_req req = talk_req("1-0");
	struct iscsip_login l;
	u32 i;

	iscsip_login_init(&l, &test_hash);
	req.cont = true;
	req.dsl = 1;
	for (i = 0; i < 1000; i++)
		CHECK_VERDICT(iscsip_login_check(&l, &req), ISCSIP_OK, 0);
	req.cont = false;
	for (i = 0; i < 32; i++)
		CHECK_VERDICT(iscsip_login_check(&l, &req), ISCSIP_OK, 0);
	CHECK_VERDICT(iscsip_login_check(&l, &req), ISCSIP_LOGIN_FAIL, 0x0200);
	iscsip_login_init(&l, &test_hash);
	req.cont = true;
	req.dsl = 0;
	for (i = 0; i < 32; i++)
		CHECK_VERDICT(iscsip_login_check(&l, &req), ISCSIP_OK, 0);
	CHECK_VERDICT(iscsip_login_check(&l, &req), ISCSIP_LOGIN_FAIL, 0x0200);
}

static void versions(void)
{
	struct iscsip_req req = talk_req("1T3");
	struct iscsip_login l;

	iscsip_login_init(&l, &test_hash);
	req.login.version_min = 1;
	req.login.version_max = 2;
	CHECK_VERDICT(iscsip_login_check(&l, &req), ISCSIP_LOGIN_FAIL, 0x0205);
	req.login.version_min = 0;
	CHECK_VERDICT(iscsip_login_check(&l, &req), ISCSIP_OK, 0);
}

static void identity(void)
{
	static const struct talk t = { "", .turns = { { "1T3",
		"InitiatorName=IQN.2003-01.org.example:INI\nTargetName=" TGT
		"\nInitiatorAlias=bell\x07\n", 0 } } };

	talk_run(&t);
	CHECK(!strcmp(login->initiator_name, INI));
	CHECK(!strcmp(login->target_name, TGT));
	CHECK(!strcmp(login->initiator_alias, "bell?"));
	CHECK_EQ(login->type, ISCSIP_SESSION_NORMAL);
}

static void no_names(void)
{
	struct iscsip_login_result result;
	struct iscsip_req req = talk_req("1T3");
	struct iscsip_login l;
	struct iscsip_out out;
	char buf[64];

	iscsip_login_init(&l, &test_hash);
	iscsip_out_init(&out, buf, sizeof(buf));
	iscsip_login_check(&l, &req);
	CHECK_VERDICT(iscsip_login_step(&l, &req, "", 0, &out, &result),
		      ISCSIP_LOGIN_FAIL, 0x0207);
}

static void no_room(void)
{
	struct iscsip_login_result result;
	struct iscsip_req req = talk_req("1T3");
	struct iscsip_login_offer offer;
	struct iscsip_login l;
	struct iscsip_out out;
	char buf[20], *text;
	u32 len;

	iscsip_login_init(&l, &test_hash);
	iscsip_login_check(&l, &req);
	text = wire_text(NORMAL "Fancy=1\n", &len);
	CHECK_VERDICT(iscsip_login_names(&l, text, len), ISCSIP_OK, 0);
	talk_offer(&offer);
	iscsip_login_offer_set(&l, &offer);
	iscsip_out_init(&out, buf, sizeof(buf));
	CHECK_VERDICT(iscsip_login_step(&l, &req, text, len, &out, &result),
		      ISCSIP_LOGIN_FAIL, 0x0302);
	CHECK(!result.transit && !result.done);
	free(text);
}

/* 6.2: more than a PDU's worth of answers waits for its last piece with the transition. */
static void long_answer(void)
{
	struct iscsip_login_result result;
	struct iscsip_req req = talk_req("1T3");
	char *text, *keys = malloc(8192), *buf = malloc(16384);
	struct iscsip_login_offer offer;
	struct iscsip_login l;
	struct iscsip_out out;
	u32 len, i, n = 0;

	n = sprintf(keys, NORMAL);
	for (i = 0; i < 600; i++)
		n += sprintf(keys + n, "X%03u=\n", i);
	iscsip_login_init(&l, &test_hash);
	iscsip_login_check(&l, &req);
	text = wire_text(keys, &len);
	CHECK_VERDICT(iscsip_login_names(&l, text, len), ISCSIP_OK, 0);
	talk_offer(&offer);
	iscsip_login_offer_set(&l, &offer);
	iscsip_out_init(&out, buf, 16384);
	CHECK_VERDICT(iscsip_login_step(&l, &req, text, len, &out, &result), ISCSIP_OK, 0);
	CHECK(out.len > 600 * strlen("X000=NotUnderstood"));
	CHECK(!result.transit && !result.done && l.stage == ISCSIP_STAGE_OPERATIONAL);
	req.final = false;
	iscsip_login_transit(&l, &req, &result);
	CHECK(!result.transit && result.csg == ISCSIP_STAGE_OPERATIONAL);
	req.final = true;
	iscsip_login_transit(&l, &req, &result);
	CHECK(result.transit && result.done);
	free(text);
	free(keys);
	free(buf);
}

#define TABLE(t)	talk_table(t, ARRAY_SIZE(t))

int main(void)
{
	CASE("11.12 ISID, TSIH, CID and task tag may not change", header_changes());
	CASE("11.12.2 parts of one text do not count as requests, unless they are empty",
	     fragments());
	CASE("11.12.4 a version range above 0 is answered with 0205", versions());
	CASE("4.2.7 names are kept in their canonical form, aliases printable",
	     identity());
	CASE("11.13.5 a step without names is answered with 0207", no_names());
	CASE("11.13.5 an answer that does not fit is answered with 0302", no_room());
	CASE("6.2 behind an answer of several PDUs the transition is made once", long_answer());
	TABLE(stages);
	TABLE(names);
	TABLE(numbers);
	TABLE(booleans);
	TABLE(lists);
	TABLE(others);
	TABLE(sessions);
	TABLE(proposals);
	TABLE(methods);
	free(login);
	return done();
}
