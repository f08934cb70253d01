// SPDX-License-Identifier: GPL-2.0
/* phase, limit, 48 bytes of header, then the AHS area */
#include "fuzz.h"

static void decoded(const struct iscsip_req *req, enum iscsip_phase phase, u32 mrdsl)
{
	MUST(req->dsl <= mrdsl);
	MUST(!req->ahs_len || req->opcode == ISCSIP_OP_SCSI_CMD);
	MUST(req->opcode <= ISCSIP_OP_SNACK);
	if (phase == ISCSIP_PHASE_LOGIN || phase == ISCSIP_PHASE_LOGIN_STARTED)
		MUST(req->opcode == ISCSIP_OP_LOGIN && req->login.csg != 2);
	else
		MUST(req->opcode != ISCSIP_OP_LOGIN);
	if (req->itt == ISCSIP_TAG_RESERVED)
		MUST(req->opcode == ISCSIP_OP_NOP_OUT || req->opcode == ISCSIP_OP_SNACK);
	if (req->opcode == ISCSIP_OP_SCSI_CMD)
		MUST(req->final || req->scsi.write);
}

static void ahs(const struct iscsip_req *req, const u8 *data, u32 len)
{
	u8 *bytes = copy_of(data, len), *cdb = malloc(ISCSIP_CDB_MAX);
	struct iscsip_verdict v;
	u16 cdb_len;
	u32 bidi;

	v = iscsip_parse_ahs(bytes, len, req, cdb, &cdb_len, &bidi);
	check_verdict(v);
	MUST(cdb_len >= 16 && cdb_len <= ISCSIP_CDB_MAX);
	MUST(!memcmp(cdb, req->scsi.cdb, 16));
	free(bytes);
	free(cdb);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct iscsip_verdict v;
	struct iscsip_req req;
	enum iscsip_phase phase;
	u32 mrdsl, left, dsl;
	u16 ahs_len;
	u8 *bhs;

	if (size < 50)
		return 0;
	phase = data[0] & 3;
	mrdsl = 512u << (data[1] & 15);
	bhs = copy_of(data + 2, ISCSIP_BHS_LEN);
	v = iscsip_decode(bhs, phase, mrdsl, &req);
	check_verdict(v);
	iscsip_bhs_lengths(bhs, &ahs_len, &dsl);
	MUST(req.ahs_len == ahs_len && req.dsl == dsl && ahs_len <= ISCSIP_AHS_MAX);
	MUST(req.opcode == (bhs[0] & 0x3f) && req.itt == iscsip_get32(bhs + 16));
	if (v.action == ISCSIP_OK)
		decoded(&req, phase, mrdsl);
	left = iscsip_min(size - 50, ISCSIP_AHS_MAX);
	if (req.opcode == ISCSIP_OP_SCSI_CMD)
		ahs(&req, data + 50, left);
	free(bhs);
	return 0;
}
