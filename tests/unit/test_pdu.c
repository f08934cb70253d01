// SPDX-License-Identifier: GPL-2.0
#include "unit.h"

#define PROTO	ISCSIP_REJECT, ISCSIP_REJ_PROTOCOL
#define FIELD	ISCSIP_REJECT, ISCSIP_REJ_INVALID_FIELD
#define NOSUCH	ISCSIP_REJECT, ISCSIP_REJ_CMD_NOT_SUPPORTED
#define FINE	ISCSIP_OK, 0
#define DROP	ISCSIP_DROP, 0
#define LOGIN(s) ISCSIP_LOGIN_FAIL, (s)

#define FULL	ISCSIP_PHASE_FULL
#define DISC	ISCSIP_PHASE_DISCOVERY
#define FIRST	ISCSIP_PHASE_LOGIN
#define MORE	ISCSIP_PHASE_LOGIN_STARTED

/* ---- decoding --------------------------------------------------------------- */

/* What is not named is 0; ITT and TTT are set by their own fields when not 0. */
static const struct decode {
	const char *name;
	enum iscsip_phase phase;
	u8 b0, b1, b2, b3, ahs;
	u32 dsl, itt, word20, word40, word44;
	enum iscsip_action action;
	u32 code;
} decodes[] = {
	/* lengths first */
	{ "13.12 data of exactly MaxRecvDataSegmentLength are taken", FULL,
	  0x00, 0x80, .dsl = 8192, .itt = 1, .word20 = -1, .action = FINE },
	{ "13.12 data over MaxRecvDataSegmentLength are a protocol error", FULL,
	  0x00, 0x80, .dsl = 8193, .itt = 1, .word20 = -1, .action = PROTO },
	{ "13.12 the length is judged before the opcode", FULL,
	  0x3e, 0x80, .dsl = 8193, .itt = 1, .action = PROTO },
	{ "6.3 a login's data over the limit end the connection", FIRST,
	  0x43, 0x87, .dsl = 8193, .itt = 1, .action = DROP },
	{ "6.3 a later login request's data over the limit end it as well", MORE,
	  0x43, 0x87, .dsl = 8193, .itt = 1, .action = DROP },
	/* phases */
	{ "4.2.4 a NOP-Out before login ends the connection", FIRST,
	  0x40, 0x80, .itt = 1, .action = DROP },
	{ "4.2.4 an unknown opcode before login ends the connection", FIRST,
	  0x1f, 0x80, .itt = 1, .action = DROP },
	{ "4.2.4 a SCSI Command during login is answered with 020b", MORE,
	  0x01, 0x80, .itt = 1, .action = LOGIN(0x020b) },
	{ "4.2.4 an unknown opcode during login is answered with 020b", MORE,
	  0x1f, 0x80, .itt = 1, .action = LOGIN(0x020b) },
	{ "6.3 a Login Request after login is a protocol error", FULL,
	  0x43, 0x87, .itt = 1, .action = PROTO },
	{ "6.3 a Login Request in a discovery session is a protocol error", DISC,
	  0x43, 0x87, .itt = 1, .action = PROTO },
	{ "13.21 a discovery session takes Text", DISC,
	  0x04, 0x80, .itt = 1, .word20 = -1, .action = FINE },
	{ "13.21 a discovery session takes Logout", DISC,
	  0x06, 0x80, .itt = 1, .action = FINE },
	{ "13.21 a discovery session takes NOP-Out", DISC,
	  0x40, 0x80, .itt = 1, .word20 = -1, .action = FINE },
	{ "13.21 a discovery session refuses SCSI Commands", DISC,
	  0x01, 0x80, .itt = 1, .action = PROTO },
	{ "13.21 a discovery session refuses task management", DISC,
	  0x02, 0x81, .itt = 1, .action = PROTO },
	{ "13.21 a discovery session refuses Data-Out", DISC,
	  0x05, 0x80, .itt = 1, .action = PROTO },
	{ "13.21 a discovery session refuses SNACK", DISC,
	  0x10, 0x80, .itt = 1, .action = PROTO },
	{ "11.17.1 an unassigned opcode is not supported", FULL,
	  0x07, 0x80, .itt = 1, .action = NOSUCH },
	{ "11.17.1 a vendor's opcode is not supported", FULL,
	  0x1c, 0x80, .itt = 1, .action = NOSUCH },
	{ "11.2.1.2 a target's opcode is not supported", FULL,
	  0x21, 0x80, .itt = 1, .action = NOSUCH },
	{ "11.17.1 an unknown opcode in discovery is not supported", DISC,
	  0x3f, 0x80, .itt = 1, .action = NOSUCH },
	{ "11.2.1 the reserved top bit of the opcode byte is ignored", FULL,
	  0x80, 0x80, .itt = 1, .word20 = -1, .action = FINE },
	/* common rules */
	{ "11.2.1.5 an AHS on a NOP-Out is refused", FULL,
	  0x00, 0x80, .ahs = 1, .itt = 1, .action = FIELD },
	{ "11.2.1.5 an AHS on a Text Request is refused", FULL,
	  0x04, 0x80, .ahs = 255, .itt = 1, .action = FIELD },
	{ "11.12 an AHS on a Login Request fails the login", FIRST,
	  0x43, 0x87, .ahs = 2, .itt = 1, .action = LOGIN(0x0200) },
	{ "11.5.2 data on a task management request are refused", FULL,
	  0x02, 0x81, .dsl = 4, .itt = 1, .action = FIELD },
	{ "11.14.2 data on a Logout Request are refused", FULL,
	  0x06, 0x80, .dsl = 4, .itt = 1, .action = FIELD },
	{ "11.2.1.8 a SCSI Command with the reserved tag is refused", FULL,
	  0x01, 0x80, .itt = -1, .action = FIELD },
	{ "11.2.1.8 a Text Request with the reserved tag is refused", FULL,
	  0x04, 0x80, .itt = -1, .action = FIELD },
	{ "11.2.1.8 a Data-Out with the reserved tag is refused", FULL,
	  0x05, 0x80, .itt = -1, .action = FIELD },
	{ "11.2.1.8 a Logout with the reserved tag is refused", FULL,
	  0x06, 0x80, .itt = -1, .action = FIELD },
	{ "11.2.1.8 a task management request with the reserved tag is refused", FULL,
	  0x02, 0x81, .itt = -1, .action = FIELD },
	{ "11.2.1.8 a Login Request with the reserved tag fails the login", FIRST,
	  0x43, 0x87, .itt = -1, .action = LOGIN(0x0200) },
	/* NOP-Out */
	{ "11.18.1 an answer to a NOP-In, immediate and without a task tag, is taken",
	  FULL, 0x40, 0x80, .itt = -1, .word20 = 5, .action = FINE },
	{ "11.18.1 a NOP-Out without a task tag has to be immediate", FULL,
	  0x00, 0x80, .itt = -1, .word20 = 5, .action = FIELD },
	/* SCSI Command */
	{ "11.3.1 neither F nor W is refused", FULL, 0x01, 0x41, .itt = 1, .word20 = 512,
	  .action = FIELD },
	{ "11.3.1 W without F is taken", FULL, 0x01, 0x21, .itt = 1, .word20 = 512,
	  .action = FINE },
	{ "11.3.1 a read with F is taken", FULL, 0x01, 0xc1, .itt = 1, .word20 = 512,
	  .action = FINE },
	{ "11.3.1 a length without a direction is refused", FULL,
	  0x01, 0x81, .itt = 1, .word20 = 1, .action = FIELD },
	{ "11.3.1 R with a length of 0 is taken", FULL, 0x01, 0xc1, .itt = 1,
	  .action = FINE },
	{ "11.3.1 W with a length of 0 is taken", FULL, 0x01, 0xa1, .itt = 1,
	  .action = FINE },
	{ "11.3.1 R and W with a length of 0 are taken", FULL, 0x01, 0xe1, .itt = 1,
	  .action = FINE },
	{ "11.3.1 the attribute ACA is taken", FULL, 0x01, 0x84, .itt = 1,
	  .action = FINE },
	{ "11.3.1 a reserved attribute is refused", FULL, 0x01, 0x85, .itt = 1,
	  .action = FIELD },
	{ "11.3.4 R and W without an AHS are refused", FULL,
	  0x01, 0xe1, .itt = 1, .word20 = 512, .action = FIELD },
	{ "11.3.4 R and W with an AHS are taken", FULL,
	  0x01, 0xe1, .ahs = 2, .itt = 1, .word20 = 512, .action = FINE },
	{ "11.3.6 immediate data without W are refused", FULL,
	  0x01, 0xc1, .dsl = 4, .itt = 1, .word20 = 512, .action = FIELD },
	{ "11.3 an immediate SCSI Command is taken", FULL, 0x41, 0x81, .itt = 1,
	  .action = FINE },
	/* Text */
	{ "11.10.2 F with C is a protocol error", FULL, 0x04, 0xc0, .itt = 1,
	  .word20 = -1, .action = PROTO },
	{ "11.10.2 C without F is taken", FULL, 0x04, 0x40, .itt = 1, .word20 = -1,
	  .action = FINE },
	/* Login */
	{ "11.12 a Login Request is taken", FIRST, 0x43, 0x87, .itt = 1, .action = FINE },
	{ "11.12 a later Login Request is taken", MORE, 0x43, 0x87, .itt = 1,
	  .action = FINE },
	{ "11.12 a Login Request without the I bit is taken", FIRST, 0x03, 0x87,
	  .itt = 1, .action = FINE },
	{ "11.12.2 T with C fails the login", FIRST, 0x43, 0xc7, .itt = 1,
	  .action = LOGIN(0x0200) },
	{ "11.12.3 the reserved CSG 2 fails the login", FIRST, 0x43, 0x8b, .itt = 1,
	  .action = LOGIN(0x0200) },
	{ "11.12.3 the reserved NSG 2 fails the login", FIRST, 0x43, 0x86, .itt = 1,
	  .action = LOGIN(0x0200) },
	{ "11.12.3 NSG counts for nothing without T", FIRST, 0x43, 0x06, .itt = 1,
	  .action = FINE },
	/* SNACK */
	{ "11.16 a Data/R2T SNACK is taken", FULL, 0x10, 0x80, .itt = 1, .word20 = -1,
	  .word40 = 3, .word44 = 2, .action = FINE },
	{ "11.16.4 a Data/R2T SNACK without a task tag is refused", FULL,
	  0x10, 0x80, .itt = -1, .word20 = -1, .action = FIELD },
	{ "11.16 a Status SNACK is taken", FULL, 0x10, 0x81, .itt = -1, .word20 = -1,
	  .action = FINE },
	{ "11.16.4 a Status SNACK with a task tag is refused", FULL,
	  0x10, 0x81, .itt = 1, .word20 = -1, .action = FIELD },
	{ "11.16 a DataACK is taken", FULL, 0x10, 0x82, .itt = -1, .word20 = 9,
	  .word40 = 4, .action = FINE },
	{ "11.16.7 a DataACK with a RunLength is refused", FULL,
	  0x10, 0x82, .itt = -1, .word20 = 9, .word44 = 1, .action = FIELD },
	{ "11.16 an R-Data SNACK is taken", FULL, 0x10, 0x83, .itt = 1, .word20 = 9,
	  .action = FINE },
	{ "11.16.5 an R-Data SNACK with the tag 0 is refused", FULL,
	  0x10, 0x83, .itt = 1, .action = FIELD },
	{ "11.16.5 an R-Data SNACK with the reserved tag is refused", FULL,
	  0x10, 0x83, .itt = 1, .word20 = -1, .action = FIELD },
	{ "11.16.6 an R-Data SNACK with a BegRun is refused", FULL,
	  0x10, 0x83, .itt = 1, .word20 = 9, .word40 = 1, .action = FIELD },
	{ "11.16.7 an R-Data SNACK with a RunLength is refused", FULL,
	  0x10, 0x83, .itt = 1, .word20 = 9, .word44 = 1, .action = FIELD },
	{ "11.16.1 a reserved SNACK type is refused", FULL,
	  0x10, 0x84, .itt = 1, .word20 = -1, .action = FIELD },
};

static void decode_table(void)
{
	struct iscsip_req req;
	u8 bhs[48];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(decodes); i++) {
		const struct decode *t = &decodes[i];

		memset(bhs, 0, sizeof(bhs));
		bhs[0] = t->b0;
		bhs[1] = t->b1;
		bhs[4] = t->ahs;
		iscsip_put24(bhs + 5, t->dsl);
		iscsip_put32(bhs + 16, t->itt);
		iscsip_put32(bhs + 20, t->word20);
		iscsip_put32(bhs + 40, t->word40);
		iscsip_put32(bhs + 44, t->word44);
		case_good = true;
		CHECK_VERDICT(iscsip_decode(bhs, t->phase, 8192, &req), t->action, t->code);
		CHECK_EQ(req.opcode, t->b0 & 0x3f);
		CHECK_EQ(req.itt, t->itt);
		CHECK_EQ(req.dsl, t->dsl);
		CHECK_EQ(req.ahs_len, t->ahs * 4);
		ok(case_good, t->name);
	}
}

/* Byte i of the header is 0x80 + i, so that each field tells where it was read. */
static void counted(u8 *bhs, u8 b0, u8 b1, bool data)
{
	u32 i;

	for (i = 0; i < 48; i++)
		bhs[i] = 0x80 + i;
	bhs[0] = b0;
	bhs[1] = b1;
	bhs[4] = 0;
	iscsip_put24(bhs + 5, data ? 0x010203 : 0);
}

#define LUN_AT_8	0x88898a8b8c8d8e8fULL

static struct iscsip_req decode(u8 b0, u8 b1, enum iscsip_phase phase, bool data)
{
	struct iscsip_req req;
	u8 bhs[48];

	counted(bhs, b0, b1, data);
	CHECK_VERDICT(iscsip_decode(bhs, phase, 1 << 24, &req), FINE);
	CHECK_EQ(req.itt, 0x90919293);
	CHECK_EQ(req.expstatsn, 0x9c9d9e9f);
	CHECK_EQ(req.dsl, data ? 0x010203 : 0);
	CHECK_EQ(req.immediate, b0 >> 6 & 1);
	CHECK_EQ(req.final, b1 >> 7);
	return req;
}

static void fields_scsi(void)
{
	struct iscsip_req r = decode(0x01, 0xa3, FULL, true);

	CHECK_EQ(r.lun, LUN_AT_8);
	CHECK_EQ(r.ttt, ISCSIP_TAG_RESERVED);
	CHECK_EQ(r.cmdsn, 0x98999a9b);
	CHECK_EQ(r.scsi.edtl, 0x94959697);
	CHECK(!r.scsi.read && r.scsi.write);
	CHECK_EQ(r.scsi.attr, ISCSIP_ATTR_HEAD);
	CHECK_EQ(r.scsi.cdb[0], 0xa0);
	CHECK_EQ(r.scsi.cdb[15], 0xaf);
}

static void fields_tmf(void)
{
	struct iscsip_req r = decode(0x42, 0x85, FULL, false);

	CHECK_EQ(r.tmf.function, ISCSIP_TMF_LUN_RESET);
	CHECK_EQ(r.lun, LUN_AT_8);
	CHECK_EQ(r.tmf.rtt, 0x94959697);
	CHECK_EQ(r.cmdsn, 0x98999a9b);
	CHECK_EQ(r.tmf.refcmdsn, 0xa0a1a2a3);
	CHECK_EQ(r.tmf.expdatasn, 0xa4a5a6a7);
}

static void fields_login(void)
{
	static const u8 isid[] = { 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d };
	struct iscsip_req r = decode(0x43, 0x87, FIRST, true);

	CHECK_EQ(r.login.csg, 1);
	CHECK_EQ(r.login.nsg, 3);
	CHECK(!r.cont);
	CHECK_EQ(r.login.version_max, 0x82);
	CHECK_EQ(r.login.version_min, 0x83);
	CHECK(!memcmp(r.login.isid, isid, 6));
	CHECK_EQ(r.login.tsih, 0x8e8f);
	CHECK_EQ(r.login.cid, 0x9495);
	CHECK_EQ(r.lun, 0);
	CHECK_EQ(r.cmdsn, 0x98999a9b);
	r = decode(0x43, 0x40, FIRST, true);
	CHECK(r.cont);
	CHECK_EQ(r.login.csg, 0);
}

static void fields_others(void)
{
	struct iscsip_req r = decode(0x04, 0x40, FULL, true);

	CHECK(r.cont && !r.final);
	CHECK_EQ(r.ttt, 0x94959697);
	CHECK_EQ(r.lun, LUN_AT_8);
	r = decode(0x40, 0x80, FULL, true);
	CHECK_EQ(r.ttt, 0x94959697);
	CHECK_EQ(r.cmdsn, 0x98999a9b);
	r = decode(0x05, 0x80, FULL, true);
	CHECK_EQ(r.cmdsn, 0);
	CHECK_EQ(r.ttt, 0x94959697);
	CHECK_EQ(r.data_out.datasn, 0xa4a5a6a7);
	CHECK_EQ(r.data_out.offset, 0xa8a9aaab);
	r = decode(0x46, 0x82, FULL, false);
	CHECK_EQ(r.logout.reason, ISCSIP_LOGOUT_RECOVERY);
	CHECK_EQ(r.logout.cid, 0x9495);
	CHECK_EQ(r.lun, 0);
	r = decode(0x10, 0x80, FULL, false);
	CHECK_EQ(r.snack.type, 0);
	CHECK_EQ(r.cmdsn, 0);
	CHECK_EQ(r.snack.begrun, 0xa8a9aaab);
	CHECK_EQ(r.snack.runlength, 0xacadaeaf);
}

/* ---- additional header segments ---------------------------------------------- */

#define READ	0x40
#define WRITE	0x20

static const struct ahs {
	const char *name;
	u8 dir;
	u32 len;
	const char *bytes;
	bool good;
	u16 cdb_len;
	u32 bidi;
} ahss[] = {
	{ "11.2.2 no AHS leaves the CDB as it is", READ, 0, "", true, 16, 0 },
	{ "11.2.2.3 the shortest extended CDB has one more byte", READ, 8,
	  "\0\2\1\0\xee\0\0\0", true, 17, 0 },
	{ "11.2.2.3 an extended CDB of 20 bytes fills its words", READ, 8,
	  "\0\5\1\0\xee\xee\xee\xee", true, 20, 0 },
	{ "11.2.2.3 an extended CDB of no byte is refused", READ, 4, "\0\1\1\0", false,
	  0, 0 },
	{ "11.2.2.3 an AHSLength of 0 is refused", READ, 4, "\0\0\1\0", false, 0, 0 },
	{ "11.2.2.3 two extended CDBs are refused", READ, 16,
	  "\0\2\1\0\xee\0\0\0\0\2\1\0\xee\0\0\0", false, 0, 0 },
	{ "11.2.2.2 an AHSLength past its place is refused", READ, 8,
	  "\0\6\1\0\xee\xee\xee\xee", false, 0, 0 },
	{ "11.2.2.2 an AHSLength of 65535 is refused", READ, 8,
	  "\xff\xff\1\0\xee\xee\xee\xee", false, 0, 0 },
	{ "11.2.2.4 a bidirectional read length is taken", READ | WRITE, 8,
	  "\0\5\2\0\1\2\3\4", true, 16, 0x01020304 },
	{ "11.2.2.4 a bidirectional length of 4 bytes is refused", READ | WRITE, 8,
	  "\0\4\2\0\1\2\3\4", false, 0, 0 },
	{ "11.2.2.4 two bidirectional lengths are refused", READ | WRITE, 16,
	  "\0\5\2\0\1\2\3\4\0\5\2\0\1\2\3\4", false, 0, 0 },
	{ "11.2.2.4 a bidirectional length for a read is refused", READ, 8,
	  "\0\5\2\0\1\2\3\4", false, 0, 0 },
	{ "11.3.4 R and W with another AHS only are refused", READ | WRITE, 8,
	  "\0\2\1\0\xee\0\0\0", false, 0, 0 },
	{ "11.2.2 both kinds go together", READ | WRITE, 16,
	  "\0\3\1\0\xee\xee\0\0\0\5\2\0\0\0\2\0", true, 18, 512 },
	{ "11.2.2 the kinds may come in either order", READ | WRITE, 16,
	  "\0\5\2\0\0\0\2\0\0\3\1\0\xee\xee\0\0", true, 18, 512 },
	{ "11.2.2.2 a second segment past its place is refused", READ | WRITE, 16,
	  "\0\5\2\0\0\0\2\0\0\6\1\0\xee\xee\xee\xee", false, 0, 0 },
	{ "11.2.2 a second segment without its head is refused", READ | WRITE, 11,
	  "\0\5\2\0\0\0\2\0\0\1\1", false, 0, 0 },
	{ "11.2.2.1 type 0 is refused", READ, 4, "\0\1\0\0", false, 0, 0 },
	{ "11.2.2.1 type 3 is refused", READ, 4, "\0\1\3\0", false, 0, 0 },
	{ "11.2.2.1 the reserved bits of AHSType are ignored", READ, 8,
	  "\0\2\xc1\0\xee\0\0\0", true, 17, 0 },
	{ "11.2.2 less than a segment's head is refused", READ, 3, "\0\1\1", false, 0, 0 },
};

static void ahs_table(void)
{
	u8 cdb[ISCSIP_CDB_MAX], *bytes;
	struct iscsip_verdict v;
	struct iscsip_req req;
	u16 cdb_len;
	u32 bidi, i, b;

	for (i = 0; i < ARRAY_SIZE(ahss); i++) {
		const struct ahs *t = &ahss[i];

		memset(&req, 0, sizeof(req));
		memset(req.scsi.cdb, 0x77, 16);
		req.scsi.read = t->dir & READ;
		req.scsi.write = t->dir & WRITE;
		req.scsi.edtl = 512;
		bytes = malloc(t->len ? t->len : 1);
		memcpy(bytes, t->bytes, t->len);
		case_good = true;
		v = iscsip_parse_ahs(bytes, t->len, &req, cdb, &cdb_len, &bidi);
		if (!t->good) {
			CHECK_VERDICT(v, FIELD);
		} else {
			CHECK_VERDICT(v, FINE);
			CHECK_EQ(cdb_len, t->cdb_len);
			CHECK_EQ(bidi, t->bidi);
			for (b = 0; b < t->cdb_len; b++)
				CHECK_EQ(cdb[b], b < 16 ? 0x77 : 0xee);
		}
		ok(case_good, t->name);
		free(bytes);
	}
}

/* 11.3.1: both bits may be set when one of the lengths, or both, are 0 */
static void both_bits(void)
{
	static const u8 none[8] = "\0\5\2\0\0\0\0\0", cdb17[8] = "\0\2\1\0\xee\0\0\0";
	struct iscsip_req req = { .scsi = { .read = true, .write = true } };
	u8 cdb[ISCSIP_CDB_MAX];
	u16 cdb_len;
	u32 bidi;

	CASE("11.3.1 R and W with another AHS only are taken without any data",
	     CHECK_VERDICT(iscsip_parse_ahs(cdb17, 8, &req, cdb, &cdb_len, &bidi), FINE);
	     CHECK_EQ(bidi, 0); CHECK_EQ(cdb_len, 17));
	req.scsi.edtl = 512;
	CASE("11.3.1 R and W with nothing to read are taken",
	     CHECK_VERDICT(iscsip_parse_ahs(none, 8, &req, cdb, &cdb_len, &bidi), FINE);
	     CHECK_EQ(bidi, 0));
}

static void longest_cdb(void)
{
	u8 cdb[ISCSIP_CDB_MAX + 1], ahs[252] = { 0, 245, 1 };
	struct iscsip_req req;
	u16 cdb_len;
	u32 bidi;

	memset(&req, 0, sizeof(req));
	memset(ahs + 4, 0xee, 244);
	cdb[ISCSIP_CDB_MAX] = 0x55;
	CHECK_VERDICT(iscsip_parse_ahs(ahs, 248, &req, cdb, &cdb_len, &bidi), FINE);
	CHECK_EQ(cdb_len, ISCSIP_CDB_MAX);
	CHECK_EQ(cdb[ISCSIP_CDB_MAX - 1], 0xee);
	CHECK_EQ(cdb[ISCSIP_CDB_MAX], 0x55);
	ahs[1] = 246;
	CHECK_VERDICT(iscsip_parse_ahs(ahs, 252, &req, cdb, &cdb_len, &bidi), FIELD);
	CHECK_EQ(cdb[ISCSIP_CDB_MAX], 0x55);
}

/* ---- encoders ------------------------------------------------------------------ */

static const struct iscsip_sn sn = { 0xa1a2a3a4, 0xb1b2b3b4, 0xc1c2c3c4 };
static const u64 lun = 0x0102030405060708ULL;

/* Two hex digits a byte; spaces are for the eye. */
static void same(const u8 *bhs, const char *hex)
{
	char got[97];
	char want[97];
	u32 i, n = 0;

	for (i = 0; i < 48; i++)
		sprintf(got + 2 * i, "%02x", bhs[i]);
	for (; *hex && n < 96; hex++)
		if (*hex != ' ')
			want[n++] = *hex;
	want[n] = 0;
	if (strcmp(got, want)) {
		case_good = false;
		note("got      %s", got);
		note("expected %s", want);
	}
}

#define SNS	"a1a2a3a4 b1b2b3b4 c1c2c3c4 "

static void encoders(void)
{
	static const u8 isid[] = { 1, 2, 3, 4, 5, 6 };
	struct iscsip_residual over = { .overflow = true, .count = 5 };
	struct iscsip_residual under = { .underflow = true, .count = 0x1ff };
	struct iscsip_residual none = { .count = 7 };
	u8 b[48];

	memset(b, 0xff, sizeof(b));
	CASE("11.19 a NOP-In has each field in its place",
	     iscsip_put_nop_in(b, &sn, lun, 0x11121314, 0x21222324, 0x31323);
	     same(b, "20800000 00031323 0102030405060708 11121314 21222324 " SNS
		  "00000000 00000000 00000000"));
	memset(b, 0xff, sizeof(b));
	CASE("11.4 a SCSI Response has each field in its place",
	     iscsip_put_scsi_rsp(b, &sn, 0x11121314, 0, 2, &under, 9, 20);
	     same(b, "21820002 00000014 0000000000000000 11121314 00000000 " SNS
		  "00000009 00000000 000001ff"));
	CASE("11.4.1 the O bit says overflow",
	     iscsip_put_scsi_rsp(b, &sn, 1, 0, 0, &over, 0, 0);
	     CHECK_EQ(b[1], 0x84); CHECK_EQ(iscsip_get32(b + 44), 5));
	CASE("11.4.5.1 without O and U the residual count is 0",
	     iscsip_put_scsi_rsp(b, &sn, 1, 0, 0, &none, 0, 0);
	     CHECK_EQ(b[1], 0x80); CHECK_EQ(iscsip_get32(b + 44), 0);
	     iscsip_put_scsi_rsp(b, &sn, 1, 0, 0, NULL, 0, 0);
	     CHECK_EQ(b[1], 0x80));
	CASE("11.4.1 a target failure has no residual bits",
	     iscsip_put_scsi_rsp(b, &sn, 1, 1, 0, &over, 0, 0);
	     CHECK_EQ(b[1], 0x80); CHECK_EQ(b[2], 1));
	memset(b, 0xff, sizeof(b));
	CASE("11.7 a Data-In has each field in its place",
	     iscsip_put_data_in(b, &sn, 0x11121314, true, false, 0, NULL, 3, 0x41424344,
				0x8000, true, lun, 0x21222324);
	     same(b, "25c00000 00008000 0102030405060708 11121314 21222324 00000000 "
		  "b1b2b3b4 c1c2c3c4 00000003 41424344 00000000"));
	CASE("11.7.3 a Data-In with status has S, StatSN and residual",
	     iscsip_put_data_in(b, &sn, 0x11121314, true, true, 4, &under, 3, 0, 8,
				false, lun, 5);
	     same(b, "25830004 00000008 0000000000000000 11121314 ffffffff " SNS
		  "00000003 00000000 000001ff"));
	CASE("11.7.1 a Data-In amid a sequence has no F",
	     iscsip_put_data_in(b, &sn, 1, false, false, 0, &under, 3, 0, 8, false, 0, 0);
	     CHECK_EQ(b[1], 0); CHECK_EQ(iscsip_get32(b + 44), 0));
	memset(b, 0xff, sizeof(b));
	CASE("11.8 an R2T has each field in its place",
	     iscsip_put_r2t(b, &sn, lun, 0x11121314, 0x21222324, 6, 0x41424344, 0x10000);
	     same(b, "31800000 00000000 0102030405060708 11121314 21222324 " SNS
		  "00000006 41424344 00010000"));
	memset(b, 0xff, sizeof(b));
	CASE("11.6 a task management response has each field in its place",
	     iscsip_put_tmf_rsp(b, &sn, 0x11121314, 255);
	     same(b, "2280ff00 00000000 0000000000000000 11121314 00000000 " SNS
		  "00000000 00000000 00000000"));
	memset(b, 0xff, sizeof(b));
	CASE("11.13 a Login Response has each field in its place",
	     iscsip_put_login_rsp(b, &sn, 0x11121314, isid, 0x0a0b, true, false, 1, 3,
				  2, 1, 0x0201, 0x99);
	     same(b, "23870201 00000099 0102030405060a0b 11121314 00000000 " SNS
		  "02010000 00000000 00000000"));
	CASE("11.13.7 a Login Response may have C",
	     iscsip_put_login_rsp(b, &sn, 1, isid, 0, false, true, 0, 0, 0, 0, 0, 0);
	     CHECK_EQ(b[1], 0x40));
	memset(b, 0xff, sizeof(b));
	CASE("11.11 a Text Response has each field in its place",
	     iscsip_put_text_rsp(b, &sn, lun, 0x11121314, 0x21222324, false, true, 77);
	     same(b, "24400000 0000004d 0102030405060708 11121314 21222324 " SNS
		  "00000000 00000000 00000000"));
	CASE("11.11.1 a Text Response may have F",
	     iscsip_put_text_rsp(b, &sn, 0, 1, -1, true, false, 0);
	     CHECK_EQ(b[1], 0x80));
	memset(b, 0xff, sizeof(b));
	CASE("11.15 a Logout Response has each field in its place",
	     iscsip_put_logout_rsp(b, &sn, 0x11121314, 2, 0x0506, 0x0708);
	     same(b, "26800200 00000000 0000000000000000 11121314 00000000 " SNS
		  "00000000 05060708 00000000"));
	memset(b, 0xff, sizeof(b));
	CASE("11.9 an Asynchronous Message has each field in its place",
	     iscsip_put_async(b, &sn, lun, 2, 9, 0x0102, 0x0304, 0x0506, 18);
	     same(b, "32800000 00000012 0102030405060708 ffffffff 00000000 " SNS
		  "02090102 03040506 00000000"));
	memset(b, 0xff, sizeof(b));
	CASE("11.17 a Reject has each field in its place",
	     iscsip_put_reject(b, &sn, ISCSIP_REJ_PROTOCOL, 0x61626364, 48);
	     same(b, "3f800400 00000030 0000000000000000 ffffffff 00000000 " SNS
		  "61626364 00000000 00000000"));
}

static void lengths(void)
{
	u8 bhs[48] = { 0 };
	u16 ahs;
	u32 dsl;

	bhs[4] = 255;
	memset(bhs + 5, 0xff, 3);
	iscsip_bhs_lengths(bhs, &ahs, &dsl);
	CHECK_EQ(ahs, ISCSIP_AHS_MAX);
	CHECK_EQ(dsl, 0xffffff);
	CHECK_EQ(iscsip_pad(0), 0);
	CHECK_EQ(iscsip_pad(1), 3);
	CHECK_EQ(iscsip_pad(2), 2);
	CHECK_EQ(iscsip_pad(3), 1);
	CHECK_EQ(iscsip_pad(4), 0);
}

int main(void)
{
	CASE("11.2.1.5, 11.2.1.6 the longest lengths are read right", lengths());
	decode_table();
	CASE("11.3 the fields of a SCSI Command are where they are read", fields_scsi());
	CASE("11.5 the fields of a task management request are where they are read",
	     fields_tmf());
	CASE("11.12 the fields of a Login Request are where they are read",
	     fields_login());
	CASE("11.7, 11.10, 11.14, 11.16, 11.18 the fields of the others are there too",
	     fields_others());
	ahs_table();
	both_bits();
	CASE("11.2.2.3 the longest CDB is 260 bytes, and no byte is written after it",
	     longest_cdb());
	encoders();
	return done();
}
