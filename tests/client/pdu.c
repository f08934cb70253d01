// SPDX-License-Identifier: GPL-2.0
#include "iscsi_client.h"

#include <stdio.h>
#include <string.h>

const char *op_name(int op)
{
	switch (op) {
	case OP_NOP_OUT: return "NOP-Out";
	case OP_SCSI_CMD: return "SCSI Command";
	case OP_TMF_REQ: return "TMF Request";
	case OP_LOGIN_REQ: return "Login Request";
	case OP_TEXT_REQ: return "Text Request";
	case OP_DATA_OUT: return "Data-Out";
	case OP_LOGOUT_REQ: return "Logout Request";
	case OP_SNACK: return "SNACK";
	case OP_NOP_IN: return "NOP-In";
	case OP_SCSI_RSP: return "SCSI Response";
	case OP_TMF_RSP: return "TMF Response";
	case OP_LOGIN_RSP: return "Login Response";
	case OP_TEXT_RSP: return "Text Response";
	case OP_DATA_IN: return "Data-In";
	case OP_LOGOUT_RSP: return "Logout Response";
	case OP_R2T: return "R2T";
	case OP_ASYNC: return "Async Message";
	case OP_REJECT: return "Reject";
	}
	return "unknown opcode";
}

/* The words of the BHS that matter, for the log of a failed case. */
const char *pdu_str(const struct pdu *p)
{
	static char s[256];
	const uint8_t *b = p->bhs;
	int n;

	n = snprintf(s, sizeof(s), "%s%s fl %02x %02x%02x len %u itt %08x ttt %08x sn",
		     op_name(PDU_OP(p)), b[0] & OP_IMM ? " (I)" : "", b[1], b[2],
		     b[3], get24(b + 5), PDU_ITT(p), PDU_TTT(p));
	for (int i = 24; i < 48; i += 4)
		n += snprintf(s + n, sizeof(s) - n, " %x", get32(b + i));
	return s;
}

struct pdu *pdu_new(int op, int flags)
{
	struct pdu *p = tap_alloc(sizeof(*p));

	p->bhs[0] = op;
	p->bhs[1] = flags;
	return p;
}

void pdu_data(struct pdu *p, const void *data, size_t len)
{
	p->data = tap_alloc(len);
	memcpy(p->data, data, len);
	p->dlen = len;
}

void pdu_ahs(struct pdu *p, int type, const void *data, size_t len)
{
	uint8_t *a = p->ahs + p->ahs_len;
	size_t total = (3 + len + 3) & ~3u;

	CK(p->ahs_len + total <= sizeof(p->ahs), "the AHS is too long");
	put16(a, len);
	a[2] = type;
	memcpy(a + 3, data, len);
	p->ahs_len += total;
}

uint8_t *pdu_bytes(const struct pdu *p, bool hdgst, bool ddgst, size_t *len)
{
	size_t pad = p->no_pad ? 0 : -p->dlen & 3, n;
	uint8_t *b = tap_alloc(48 + p->ahs_len + p->dlen + pad + 8);
	uint32_t crc;

	memcpy(b, p->bhs, 48);
	if (!p->keep_lengths) {
		b[4] = p->ahs_len / 4;
		put24(b + 5, p->dlen);
	}
	memcpy(b + 48, p->ahs, p->ahs_len);
	n = 48 + p->ahs_len;
	if (hdgst) {
		crc = crc32c(0, b, n);
		if (p->bad_hdgst)
			crc ^= 0x10;
		/* The digest's first byte on the wire is the CRC's lowest. */
		for (int i = 0; i < 4; i++)
			b[n++] = crc >> 8 * i;
	}
	if (p->dlen)
		memcpy(b + n, p->data, p->dlen);
	if (ddgst && p->dlen) {
		crc = crc32c(0, b + n, p->dlen + pad);
		if (p->bad_ddgst)
			crc ^= 0x10;
		n += p->dlen + pad;
		for (int i = 0; i < 4; i++)
			b[n++] = crc >> 8 * i;
	} else {
		n += p->dlen + pad;
	}
	*len = n;
	return b;
}

/*
 * As REPORT LUNS shows it; with 0x4000 added it is SAM-2's flat space
 * addressing.
 */
void lun_bytes(uint8_t *b, unsigned int lun)
{
	memset(b, 0, 8);
	put16(b, lun);
}
