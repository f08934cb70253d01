// SPDX-License-Identifier: GPL-2.0
/*
 * PDU headers: the only place that knows where in the 48 bytes a field is.
 */
#include "internal.h"

#define BIT_IMMEDIATE	0x40
#define BIT_FINAL	0x80
#define BIT_CONT	0x40
#define BIT_READ	0x40
#define BIT_WRITE	0x20
#define BIT_ACK		0x40
#define BIT_OVERFLOW	0x04
#define BIT_UNDERFLOW	0x02
#define BIT_STATUS	0x01

#define BAD_FIELD(why)	ISCSIP_VERDICT_REJECT(ISCSIP_REJ_INVALID_FIELD, why)
#define BAD_PROTO(why)	ISCSIP_VERDICT_REJECT(ISCSIP_REJ_PROTOCOL, why)

/* What a request has, and where it may come */
#define HAS_LUN		0x01
#define HAS_TTT		0x02
#define HAS_CMDSN	0x04
#define HAS_DATA	0x08
#define HAS_AHS		0x10
#define NO_ITT_OK	0x20	/* an ITT of 0xffffffff is judged with the fields */
#define IN_DISCOVERY	0x40

struct op {
	u8 opcode;
	u8 has;
	void (*fields)(const u8 *bhs, struct iscsip_req *req);
	struct iscsip_verdict (*judge)(const struct iscsip_req *req);
};

void iscsip_bhs_lengths(const u8 *bhs, u16 *ahs_len, u32 *dsl)
{
	*ahs_len = bhs[4] * 4;
	*dsl = iscsip_get24(bhs + 5);
}

/* ---- fields and rules by opcode ----------------------------------------- */

static struct iscsip_verdict nop_judge(const struct iscsip_req *req)
{
	if (req->itt == ISCSIP_TAG_RESERVED && !req->immediate)
		return BAD_FIELD("NOP-Out without a task tag is not immediate");
	return ISCSIP_VERDICT_OK;
}

static void scsi_fields(const u8 *bhs, struct iscsip_req *req)
{
	req->scsi.read = bhs[1] & BIT_READ;
	req->scsi.write = bhs[1] & BIT_WRITE;
	req->scsi.attr = bhs[1] & 7;
	req->scsi.edtl = iscsip_get32(bhs + 20);
	memcpy(req->scsi.cdb, bhs + 32, sizeof(req->scsi.cdb));
}

static struct iscsip_verdict scsi_judge(const struct iscsip_req *req)
{
	if (!req->final && !req->scsi.write)
		return BAD_FIELD("SCSI Command with neither F nor W");
	if (req->scsi.attr > ISCSIP_ATTR_ACA)
		return BAD_FIELD("SCSI Command with a reserved task attribute");
	if (req->scsi.edtl && !req->scsi.read && !req->scsi.write)
		return BAD_FIELD("SCSI Command with a length but no direction");
	/* without any data both may be set, or neither */
	if (req->scsi.read && req->scsi.write && req->scsi.edtl && !req->ahs_len)
		return BAD_FIELD("bidirectional command without its read length");
	if (req->dsl && !req->scsi.write)
		return BAD_FIELD("immediate data for a command that writes nothing");
	return ISCSIP_VERDICT_OK;
}

static void tmf_fields(const u8 *bhs, struct iscsip_req *req)
{
	req->tmf.function = bhs[1] & 0x7f;
	req->tmf.rtt = iscsip_get32(bhs + 20);
	req->tmf.refcmdsn = iscsip_get32(bhs + 32);
	req->tmf.expdatasn = iscsip_get32(bhs + 36);
}

static void login_fields(const u8 *bhs, struct iscsip_req *req)
{
	req->cont = bhs[1] & BIT_CONT;
	req->login.csg = bhs[1] >> 2 & 3;
	req->login.nsg = bhs[1] & 3;
	req->login.version_max = bhs[2];
	req->login.version_min = bhs[3];
	memcpy(req->login.isid, bhs + 8, ISCSIP_ISID_LEN);
	req->login.tsih = iscsip_get16(bhs + 14);
	req->login.cid = iscsip_get16(bhs + 20);
}

static struct iscsip_verdict login_judge(const struct iscsip_req *req)
{
	if (req->ahs_len)
		return ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_INITIATOR_ERROR,
					    "Login Request with an AHS");
	if (req->itt == ISCSIP_TAG_RESERVED)
		return ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_INITIATOR_ERROR,
					    "Login Request without a task tag");
	if (req->final && req->cont)
		return ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_INITIATOR_ERROR,
					    "Login Request with both T and C");
	if (req->login.csg == 2 || (req->final && req->login.nsg == 2))
		return ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_INITIATOR_ERROR,
					    "Login Request with a reserved stage");
	return ISCSIP_VERDICT_OK;
}

static void text_fields(const u8 *bhs, struct iscsip_req *req)
{
	req->cont = bhs[1] & BIT_CONT;
}

static struct iscsip_verdict text_judge(const struct iscsip_req *req)
{
	if (req->final && req->cont)
		return BAD_PROTO("Text Request with both F and C");
	return ISCSIP_VERDICT_OK;
}

static void data_out_fields(const u8 *bhs, struct iscsip_req *req)
{
	req->data_out.datasn = iscsip_get32(bhs + 36);
	req->data_out.offset = iscsip_get32(bhs + 40);
}

static void logout_fields(const u8 *bhs, struct iscsip_req *req)
{
	req->logout.reason = bhs[1] & 0x7f;
	req->logout.cid = iscsip_get16(bhs + 20);
}

static void snack_fields(const u8 *bhs, struct iscsip_req *req)
{
	req->snack.type = bhs[1] & 0x0f;
	req->snack.begrun = iscsip_get32(bhs + 40);
	req->snack.runlength = iscsip_get32(bhs + 44);
}

static struct iscsip_verdict snack_judge(const struct iscsip_req *req)
{
	enum { DATA, STATUS, DATA_ACK, R_DATA };
	u8 type = req->snack.type;
	bool untagged = type == STATUS || type == DATA_ACK;
	bool reserved = req->itt == ISCSIP_TAG_RESERVED;

	if (type > R_DATA)
		return BAD_FIELD("SNACK of a reserved type");
	if (untagged != reserved)
		return BAD_FIELD("SNACK with the wrong kind of task tag");
	if (type == R_DATA && (!req->ttt || req->ttt == ISCSIP_TAG_RESERVED))
		return BAD_FIELD("R-Data SNACK without a SNACK tag");
	if (type == R_DATA && req->snack.begrun)
		return BAD_FIELD("R-Data SNACK with a BegRun");
	if ((type == R_DATA || type == DATA_ACK) && req->snack.runlength)
		return BAD_FIELD("SNACK with a RunLength it may not have");
	return ISCSIP_VERDICT_OK;
}

static const struct op ops[] = {
	{ ISCSIP_OP_NOP_OUT, HAS_LUN | HAS_TTT | HAS_CMDSN | HAS_DATA |
	  NO_ITT_OK | IN_DISCOVERY, NULL, nop_judge },
	{ ISCSIP_OP_SCSI_CMD, HAS_LUN | HAS_CMDSN | HAS_DATA | HAS_AHS,
	  scsi_fields, scsi_judge },
	{ ISCSIP_OP_TMF, HAS_LUN | HAS_CMDSN, tmf_fields, NULL },
	/* an AHS or a lost tag is a login's end, not a Reject: its rules see to it */
	{ ISCSIP_OP_LOGIN, HAS_CMDSN | HAS_DATA | HAS_AHS | NO_ITT_OK,
	  login_fields, login_judge },
	{ ISCSIP_OP_TEXT, HAS_LUN | HAS_TTT | HAS_CMDSN | HAS_DATA | IN_DISCOVERY,
	  text_fields, text_judge },
	{ ISCSIP_OP_DATA_OUT, HAS_LUN | HAS_TTT | HAS_DATA, data_out_fields, NULL },
	{ ISCSIP_OP_LOGOUT, HAS_CMDSN | IN_DISCOVERY, logout_fields, NULL },
	{ ISCSIP_OP_SNACK, HAS_LUN | HAS_TTT | NO_ITT_OK, snack_fields, snack_judge },
};

static const struct op *op_find(u8 opcode)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		if (ops[i].opcode == opcode)
			return &ops[i];
	return NULL;
}

/* ---- decoding ----------------------------------------------------------- */

static bool in_login(enum iscsip_phase phase)
{
	return phase == ISCSIP_PHASE_LOGIN || phase == ISCSIP_PHASE_LOGIN_STARTED;
}

static struct iscsip_verdict judge_opcode(const struct op *op,
					  enum iscsip_phase phase)
{
	bool login = op && op->opcode == ISCSIP_OP_LOGIN;

	if (phase == ISCSIP_PHASE_LOGIN && !login)
		return ISCSIP_VERDICT_DROP("not a Login Request before login");
	if (phase == ISCSIP_PHASE_LOGIN_STARTED && !login)
		return ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_BAD_REQUEST,
					    "not a Login Request during login");
	if (!op)
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_CMD_NOT_SUPPORTED,
					     "unknown opcode");
	if (!in_login(phase) && login)
		return BAD_PROTO("Login Request after login");
	if (phase == ISCSIP_PHASE_DISCOVERY && !(op->has & IN_DISCOVERY))
		return BAD_PROTO("request not allowed in a discovery session");
	return ISCSIP_VERDICT_OK;
}

static struct iscsip_verdict judge_common(const struct op *op,
					  const struct iscsip_req *req)
{
	if (req->ahs_len && !(op->has & HAS_AHS))
		return BAD_FIELD("AHS on a request that has none");
	if (req->dsl && !(op->has & HAS_DATA))
		return BAD_FIELD("data segment on a request that has none");
	if (req->itt == ISCSIP_TAG_RESERVED && !(op->has & NO_ITT_OK))
		return BAD_FIELD("request with the reserved task tag");
	return ISCSIP_VERDICT_OK;
}

static void read_common(const u8 *bhs, u8 has, struct iscsip_req *req)
{
	req->immediate = bhs[0] & BIT_IMMEDIATE;
	req->final = bhs[1] & BIT_FINAL;
	req->lun = has & HAS_LUN ? iscsip_get64(bhs + 8) : 0;
	req->itt = iscsip_get32(bhs + 16);
	req->ttt = has & HAS_TTT ? iscsip_get32(bhs + 20) : ISCSIP_TAG_RESERVED;
	req->cmdsn = has & HAS_CMDSN ? iscsip_get32(bhs + 24) : 0;
	req->expstatsn = iscsip_get32(bhs + 28);
}

struct iscsip_verdict iscsip_decode(const u8 *bhs, enum iscsip_phase phase,
				    u32 mrdsl, struct iscsip_req *req)
{
	const struct op *op = op_find(bhs[0] & 0x3f);
	struct iscsip_verdict v;

	memset(req, 0, sizeof(*req));
	req->opcode = bhs[0] & 0x3f;
	iscsip_bhs_lengths(bhs, &req->ahs_len, &req->dsl);
	read_common(bhs, op ? op->has : 0, req);
	if (op && op->fields)
		op->fields(bhs, req);

	if (req->dsl > mrdsl) {
		if (in_login(phase))
			return ISCSIP_VERDICT_DROP("login data over the limit");
		return BAD_PROTO("data segment over MaxRecvDataSegmentLength");
	}
	v = judge_opcode(op, phase);
	if (!op || v.action != ISCSIP_OK)
		return v;
	v = judge_common(op, req);
	if (v.action != ISCSIP_OK || !op->judge)
		return v;
	return op->judge(req);
}

/* ---- additional header segments ----------------------------------------- */

#define AHS_HEAD		3	/* AHSLength and AHSType */
#define AHS_EXT_CDB		1
#define AHS_BIDI		2
#define AHS_BIDI_LEN		5
#define CDB_HEAD		16

/* AHSLength counts the reserved byte before the spilled part of the CDB. */
static struct iscsip_verdict ahs_cdb(const u8 *body, u32 len, u8 *cdb, u16 *cdb_len)
{
	if (*cdb_len != CDB_HEAD)
		return BAD_FIELD("two extended CDB segments");
	if (len < 2 || len - 1 > ISCSIP_CDB_MAX - CDB_HEAD)
		return BAD_FIELD("extended CDB of an impossible length");
	memcpy(cdb + CDB_HEAD, body + 1, len - 1);
	*cdb_len = CDB_HEAD + len - 1;
	return ISCSIP_VERDICT_OK;
}

static struct iscsip_verdict ahs_bidi(const u8 *body, u32 len, bool *seen,
				      const struct iscsip_req *req, u32 *bidi_len)
{
	if (*seen)
		return BAD_FIELD("two bidirectional length segments");
	if (len != AHS_BIDI_LEN)
		return BAD_FIELD("bidirectional length segment of a wrong length");
	if (!req->scsi.read || !req->scsi.write)
		return BAD_FIELD("bidirectional length for a one-way command");
	*seen = true;
	*bidi_len = iscsip_get32(body + 1);
	return ISCSIP_VERDICT_OK;
}

struct iscsip_verdict iscsip_parse_ahs(const u8 *ahs, u32 len,
				       const struct iscsip_req *req,
				       u8 *cdb, u16 *cdb_len, u32 *bidi_len)
{
	struct iscsip_verdict v = ISCSIP_VERDICT_OK;
	u32 pos = 0, body, size;
	bool bidi = false;

	memcpy(cdb, req->scsi.cdb, CDB_HEAD);
	*cdb_len = CDB_HEAD;
	*bidi_len = 0;
	while (pos < len) {
		if (len - pos < AHS_HEAD + 1)
			return BAD_FIELD("AHS cut short");
		body = iscsip_get16(ahs + pos);
		size = AHS_HEAD + body;
		size += iscsip_pad(size);
		if (size > len - pos)
			return BAD_FIELD("AHS longer than its place");
		switch (ahs[pos + 2] & 0x3f) {
		case AHS_EXT_CDB:
			v = ahs_cdb(ahs + pos + AHS_HEAD, body, cdb, cdb_len);
			break;
		case AHS_BIDI:
			v = ahs_bidi(ahs + pos + AHS_HEAD, body, &bidi, req,
				     bidi_len);
			break;
		default:
			v = BAD_FIELD("AHS of an unknown type");
		}
		if (v.action != ISCSIP_OK)
			return v;
		pos += size;
	}
	if (req->scsi.read && req->scsi.write && req->scsi.edtl && !bidi)
		return BAD_FIELD("bidirectional command without its read length");
	return v;
}

/* ---- encoders ----------------------------------------------------------- */

static void put_head(u8 *bhs, u8 opcode, u8 flags, u32 itt, u32 dsl)
{
	memset(bhs, 0, ISCSIP_BHS_LEN);
	bhs[0] = opcode;
	bhs[1] = flags;
	iscsip_put24(bhs + 5, dsl);
	iscsip_put32(bhs + 16, itt);
}

static void put_sn(u8 *bhs, const struct iscsip_sn *sn)
{
	iscsip_put32(bhs + 24, sn->statsn);
	iscsip_put32(bhs + 28, sn->expcmdsn);
	iscsip_put32(bhs + 32, sn->maxcmdsn);
}

static void put_residual(u8 *bhs, const struct iscsip_residual *res)
{
	if (!res || (!res->overflow && !res->underflow))
		return;
	bhs[1] |= res->overflow ? BIT_OVERFLOW : BIT_UNDERFLOW;
	iscsip_put32(bhs + 44, res->count);
}

void iscsip_put_nop_in(u8 *bhs, const struct iscsip_sn *sn, u64 lun, u32 itt,
		       u32 ttt, u32 dsl)
{
	put_head(bhs, ISCSIP_OP_NOP_IN, BIT_FINAL, itt, dsl);
	put_sn(bhs, sn);
	iscsip_put64(bhs + 8, lun);
	iscsip_put32(bhs + 20, ttt);
}

void iscsip_put_scsi_rsp(u8 *bhs, const struct iscsip_sn *sn, u32 itt,
			 u8 response, u8 status, const struct iscsip_residual *res,
			 u32 expdatasn, u32 dsl)
{
	put_head(bhs, ISCSIP_OP_SCSI_RSP, BIT_FINAL, itt, dsl);
	put_sn(bhs, sn);
	bhs[2] = response;
	bhs[3] = status;
	/* 11.4.1: bits 3-6 are 0 for any other response */
	if (!response)
		put_residual(bhs, res);
	iscsip_put32(bhs + 36, expdatasn);
}

void iscsip_put_data_in(u8 *bhs, const struct iscsip_sn *sn, u32 itt, bool final,
			bool status, u8 scsi_status,
			const struct iscsip_residual *res, u32 datasn,
			u32 offset, u32 dsl, bool ack, u64 lun, u32 ttt)
{
	put_head(bhs, ISCSIP_OP_DATA_IN, final ? BIT_FINAL : 0, itt, dsl);
	put_sn(bhs, sn);
	if (ack) {
		bhs[1] |= BIT_ACK;
		iscsip_put64(bhs + 8, lun);
	}
	iscsip_put32(bhs + 20, ack ? ttt : ISCSIP_TAG_RESERVED);
	if (status) {
		bhs[1] |= BIT_STATUS;
		bhs[3] = scsi_status;
		put_residual(bhs, res);
	} else {
		iscsip_put32(bhs + 24, 0);
	}
	iscsip_put32(bhs + 36, datasn);
	iscsip_put32(bhs + 40, offset);
}

void iscsip_put_r2t(u8 *bhs, const struct iscsip_sn *sn, u64 lun, u32 itt,
		    u32 ttt, u32 r2tsn, u32 offset, u32 len)
{
	put_head(bhs, ISCSIP_OP_R2T, BIT_FINAL, itt, 0);
	put_sn(bhs, sn);
	iscsip_put64(bhs + 8, lun);
	iscsip_put32(bhs + 20, ttt);
	iscsip_put32(bhs + 36, r2tsn);
	iscsip_put32(bhs + 40, offset);
	iscsip_put32(bhs + 44, len);
}

void iscsip_put_tmf_rsp(u8 *bhs, const struct iscsip_sn *sn, u32 itt, u8 response)
{
	put_head(bhs, ISCSIP_OP_TMF_RSP, BIT_FINAL, itt, 0);
	put_sn(bhs, sn);
	bhs[2] = response;
}

void iscsip_put_login_rsp(u8 *bhs, const struct iscsip_sn *sn, u32 itt,
			  const u8 *isid, u16 tsih, bool transit, bool cont,
			  u8 csg, u8 nsg, u8 version_max, u8 version_active,
			  u16 status, u32 dsl)
{
	u8 flags = (transit ? BIT_FINAL : 0) | (cont ? BIT_CONT : 0) |
		   (csg & 3) << 2 | (nsg & 3);

	put_head(bhs, ISCSIP_OP_LOGIN_RSP, flags, itt, dsl);
	put_sn(bhs, sn);
	bhs[2] = version_max;
	bhs[3] = version_active;
	memcpy(bhs + 8, isid, ISCSIP_ISID_LEN);
	iscsip_put16(bhs + 14, tsih);
	iscsip_put16(bhs + 36, status);
}

void iscsip_put_text_rsp(u8 *bhs, const struct iscsip_sn *sn, u64 lun, u32 itt,
			 u32 ttt, bool final, bool cont, u32 dsl)
{
	u8 flags = (final ? BIT_FINAL : 0) | (cont ? BIT_CONT : 0);

	put_head(bhs, ISCSIP_OP_TEXT_RSP, flags, itt, dsl);
	put_sn(bhs, sn);
	iscsip_put64(bhs + 8, lun);
	iscsip_put32(bhs + 20, ttt);
}

void iscsip_put_logout_rsp(u8 *bhs, const struct iscsip_sn *sn, u32 itt,
			   u8 response, u16 time2wait, u16 time2retain)
{
	put_head(bhs, ISCSIP_OP_LOGOUT_RSP, BIT_FINAL, itt, 0);
	put_sn(bhs, sn);
	bhs[2] = response;
	iscsip_put16(bhs + 40, time2wait);
	iscsip_put16(bhs + 42, time2retain);
}

void iscsip_put_async(u8 *bhs, const struct iscsip_sn *sn, u64 lun, u8 event,
		      u8 vcode, u16 p1, u16 p2, u16 p3, u32 dsl)
{
	put_head(bhs, ISCSIP_OP_ASYNC, BIT_FINAL, ISCSIP_TAG_RESERVED, dsl);
	put_sn(bhs, sn);
	iscsip_put64(bhs + 8, lun);
	bhs[36] = event;
	bhs[37] = vcode;
	iscsip_put16(bhs + 38, p1);
	iscsip_put16(bhs + 40, p2);
	iscsip_put16(bhs + 42, p3);
}

void iscsip_put_reject(u8 *bhs, const struct iscsip_sn *sn, u8 reason,
		       u32 datasn, u32 dsl)
{
	put_head(bhs, ISCSIP_OP_REJECT, BIT_FINAL, ISCSIP_TAG_RESERVED, dsl);
	put_sn(bhs, sn);
	bhs[2] = reason;
	iscsip_put32(bhs + 36, datasn);
}
