// SPDX-License-Identifier: GPL-2.0
/* iSCSI as RFC 7143 has it, as much as a load generator needs. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	NOP_OUT = 0x00, SCSI_CMD = 0x01, LOGIN_REQ = 0x03, DATA_OUT = 0x05,
	LOGOUT_REQ = 0x06,
	NOP_IN = 0x20, SCSI_RSP = 0x21, LOGIN_RSP = 0x23, DATA_IN = 0x25,
	LOGOUT_RSP = 0x26, R2T = 0x31, ASYNC = 0x32, REJECT = 0x3f,
};

#define IMM		0x40
#define NO_TAG		0xffffffff
#define CTRL_TAG	0x7fff0000	/* what is not a command of a slot */

enum { PEND_R2T, PEND_PONG };

/* ---- one PDU at a time, before and after the load ------------------------- */

static void read_sns(struct sess *s, const uint8_t *b)
{
	uint32_t max = get32(b + 32);

	if ((int32_t)(max - s->maxcmdsn) > 0)
		s->maxcmdsn = max;
}

static void send_ctrl(struct sess *s, uint8_t *bhs, const void *data, uint32_t len)
{
	static const uint8_t zero[4];
	uint8_t crc[4];

	put24(bhs + 5, len);
	send_all(s->fd, bhs, 48);
	if (s->hdgst) {
		put_le32(crc, crc32c(0, bhs, 48));
		send_all(s->fd, crc, 4);
	}
	send_all(s->fd, data, len);
	send_all(s->fd, zero, -len & 3);
}

/* Pings are none of the caller's business. Data beyond 8 KiB is an error. */
static uint32_t recv_ctrl(struct sess *s, uint8_t *bhs, uint8_t *data)
{
	uint8_t crc[4];
	uint32_t len;

	do {
		recv_all(s->fd, bhs, 48);
		if (s->hdgst)
			recv_all(s->fd, crc, 4);
		len = get24(bhs + 5);
		if (len > 8192)
			die("a data segment of %u bytes during login", len);
		recv_all(s->fd, data, (len + 3) & ~3);
		if (len && s->ddgst)
			recv_all(s->fd, crc, 4);
	} while ((bhs[0] & 0x3f) == NOP_IN);
	data[len] = 0;
	return len;
}

/* "Key=Value" in text of pairs that end in null bytes. */
static const char *key(const uint8_t *text, uint32_t len, const char *name)
{
	size_t n = strlen(name);

	for (uint32_t i = 0; i < len; i += strlen((const char *)text + i) + 1)
		if (!strncmp((const char *)text + i, name, n) && text[i + n] == '=')
			return (const char *)text + i + n + 1;
	return NULL;
}

static uint32_t key_num(const uint8_t *text, uint32_t len, const char *name, uint32_t def)
{
	const char *v = key(text, len, name);

	return v ? strtoul(v, NULL, 0) : def;
}

static bool key_yes(const uint8_t *text, uint32_t len, const char *name, bool def)
{
	const char *v = key(text, len, name);

	return v ? !strcmp(v, "Yes") : def;
}

static uint32_t proposal(const struct sess *s, char *text, size_t max)
{
	bool unsol = opt.wmode == WRITE_UNSOL || opt.wmode == WRITE_BOTH;
	bool imm = opt.wmode == WRITE_IMM || opt.wmode == WRITE_BOTH;
	int n;

	(void)s;
	n = snprintf(text, max, "InitiatorName=%s%cTargetName=%s%cSessionType=Normal%c"
		"HeaderDigest=%s%cDataDigest=%s%cMaxRecvDataSegmentLength=%u%c"
		"InitialR2T=%s%cImmediateData=%s%cFirstBurstLength=%u%cMaxBurstLength=%u%c"
		"MaxOutstandingR2T=1%cDefaultTime2Wait=2%cDefaultTime2Retain=0%c"
		"ErrorRecoveryLevel=0%cMaxConnections=1%c"
		"DataPDUInOrder=Yes%cDataSequenceInOrder=Yes%c",
		opt.initiator, 0, opt.target, 0, 0, opt.hdgst ? "CRC32C" : "None", 0,
		opt.ddgst ? "CRC32C" : "None", 0, opt.mrdsl, 0, unsol ? "No" : "Yes", 0,
		imm ? "Yes" : "No", 0, opt.first_burst, 0, opt.max_burst,
		0, 0, 0, 0, 0, 0, 0, 0);
	return n;
}

static void outcome(struct sess *s, const uint8_t *t, uint32_t len)
{
	bool unsol = opt.wmode == WRITE_UNSOL || opt.wmode == WRITE_BOTH;
	const char *v;

	v = key(t, len, "HeaderDigest");
	s->hdgst = v && !strcmp(v, "CRC32C");
	v = key(t, len, "DataDigest");
	s->ddgst = v && !strcmp(v, "CRC32C");
	if (s->hdgst != opt.hdgst || s->ddgst != opt.ddgst)
		die("the target did not agree to the digests");
	s->tgt_mrdsl = key_num(t, len, "MaxRecvDataSegmentLength", 8192);
	s->first_burst = key_num(t, len, "FirstBurstLength", opt.first_burst);
	s->max_burst = key_num(t, len, "MaxBurstLength", opt.max_burst);
	s->unsol_ok = unsol && !key_yes(t, len, "InitialR2T", !unsol);
	s->imm_ok = opt.wmode == WRITE_IMM || opt.wmode == WRITE_BOTH;
	s->imm_ok = s->imm_ok && key_yes(t, len, "ImmediateData", true);
	if (unsol && !s->unsol_ok)
		die("the target insists on InitialR2T=Yes");
	if (s->first_burst > opt.first_burst)
		s->first_burst = opt.first_burst;
	if (!s->imm_ok && !s->unsol_ok)
		s->first_burst = 0;
	if (s->first_burst / s->tgt_mrdsl > 256)
		die("a first burst of more than 256 PDUs");
}

static void login(struct sess *s)
{
	uint8_t bhs[48] = { IMM | LOGIN_REQ, 0x87 }, rsp[48], data[8192 + 4];
	static uint8_t text[65536];
	uint32_t len = 0, n;
	int rounds;

	bhs[8] = 0x80;
	put32(bhs + 9, getpid() << 8);
	bhs[12] = s->index >> 8;
	bhs[13] = s->index;
	put32(bhs + 16, CTRL_TAG);
	put32(bhs + 24, 1);
	n = proposal(s, (char *)data, sizeof(data));
	for (rounds = 0; rounds < 8; rounds++) {
		send_ctrl(s, bhs, data, n);
		n = recv_ctrl(s, rsp, data);
		if ((rsp[0] & 0x3f) != LOGIN_RSP || rsp[36])
			die("login: opcode 0x%x, status 0x%02x%02x", rsp[0], rsp[36], rsp[37]);
		if (len + n > sizeof(text))
			die("login: too much text");
		memcpy(text + len, data, n);
		len += n;
		put32(bhs + 28, get32(rsp + 24) + 1);
		if ((rsp[1] & 0x83) == 0x83) {
			s->exp_statsn = get32(rsp + 24) + 1;
			s->maxcmdsn = get32(rsp + 32);
			s->cmdsn = get32(rsp + 28);
			outcome(s, text, len);
			return;
		}
		n = 0;
	}
	die("login: no end after %d requests", rounds);
}

/* As REPORT LUNS of LIO has them, which knows no address methods. */
static void put_lun(uint8_t *bhs)
{
	bhs[8] = opt.lun >> 8;
	bhs[9] = opt.lun;
}

/* Unit attentions stay with the first commands, so get them over with. */
static void test_unit_ready(struct sess *s)
{
	uint8_t rsp[48], data[8192 + 4];

	for (int i = 0; i < 8; i++) {
		uint8_t bhs[48] = { SCSI_CMD, 0x81 };

		put_lun(bhs);
		put32(bhs + 16, CTRL_TAG);
		put32(bhs + 24, s->cmdsn++);
		put32(bhs + 28, s->exp_statsn);
		send_ctrl(s, bhs, NULL, 0);
		recv_ctrl(s, rsp, data);
		if ((rsp[0] & 0x3f) != SCSI_RSP || rsp[2])
			die("TEST UNIT READY: opcode 0x%x, response %u", rsp[0], rsp[2]);
		s->exp_statsn = get32(rsp + 24) + 1;
		read_sns(s, rsp);
		if (!rsp[3])
			return;
	}
	die("LUN %u is not ready: status 0x%02x", opt.lun, rsp[3]);
}

static void iscsi_open(struct sess *s)
{
	s->fd = tcp_connect(opt.addr, opt.port);
	login(s);
	s->windowed = true;
	test_unit_ready(s);
	for (int w = 0; w < 2; w++) {
		uint8_t *t = s->tmpl[w];

		t[0] = SCSI_CMD;
		t[1] = w ? 0x21 : 0xc1;
		put_lun(t);
		put32(t + 20, opt.bs);
		t[32] = w ? 0x8a : 0x88;	/* WRITE(16), READ(16) */
		put32(t + 42, opt.bs / 512);
	}
}

static void iscsi_close(struct sess *s)
{
	uint8_t bhs[48] = { IMM | LOGOUT_REQ, 0x80 }, rsp[48], data[8192 + 4];

	put32(bhs + 16, CTRL_TAG);
	put32(bhs + 24, s->cmdsn);
	put32(bhs + 28, s->exp_statsn);
	send_ctrl(s, bhs, NULL, 0);
	recv_ctrl(s, rsp, data);
	if ((rsp[0] & 0x3f) != LOGOUT_RSP || rsp[2])
		io_error("logout: opcode 0x%x, response %u", rsp[0], rsp[2]);
	close(s->fd);
}

/* ---- sending -------------------------------------------------------------- */

static void put_pdu(struct sess *s, const uint8_t *bhs, const struct slot *sl,
		    uint32_t off, uint32_t len)
{
	uint8_t *h = tx_hdr(s, s->hdgst ? 52 : 48);

	memcpy(h, bhs, 48);
	put24(h + 5, len);
	if (s->hdgst)
		put_le32(h + 48, crc32c(0, h, 48));
	if (!len)
		return;
	tx_iov(s, out_data(sl, off), len);
	if (s->ddgst)
		put_le32(tx_hdr(s, 4), out_crc(sl, off, len));
}

/* As much of [@p->off, @p->off + @p->len) as there is room for. */
static bool put_data_out(struct sess *s, struct pend *p)
{
	const struct slot *sl = &s->slots[p->slot];
	uint8_t bhs[48] = { DATA_OUT };

	put_lun(bhs);
	put32(bhs + 16, p->slot);
	put32(bhs + 20, p->ttt);
	put32(bhs + 28, s->exp_statsn);
	while (p->len) {
		uint32_t n = p->len < s->tgt_mrdsl ? p->len : s->tgt_mrdsl;

		if (!tx_room(s, 1))
			return false;
		bhs[1] = n == p->len ? 0x80 : 0;
		put32(bhs + 36, p->sn++);
		put32(bhs + 40, p->off);
		put_pdu(s, bhs, sl, p->off, n);
		p->off += n;
		p->len -= n;
	}
	return true;
}

static bool iscsi_put_pend(struct sess *s, struct pend *p)
{
	uint8_t bhs[48] = { IMM | NOP_OUT, 0x80 };

	if (p->kind == PEND_R2T)
		return put_data_out(s, p);
	put_lun(bhs);
	put32(bhs + 16, NO_TAG);
	put32(bhs + 20, p->ttt);
	put32(bhs + 24, s->cmdsn);
	put32(bhs + 28, s->exp_statsn);
	put_pdu(s, bhs, NULL, 0, 0);
	return true;
}

static void iscsi_put_cmd(struct sess *s, unsigned int i)
{
	struct slot *sl = &s->slots[i];
	uint8_t *t = s->tmpl[sl->write];
	uint64_t lba = sl->off / 512;
	uint32_t first = 0, imm = 0;

	put32(t + 16, i);
	put32(t + 24, s->cmdsn++);
	put32(t + 28, s->exp_statsn);
	put32(t + 34, lba >> 32);
	put32(t + 38, lba);
	if (sl->write) {
		first = opt.bs < s->first_burst ? opt.bs : s->first_burst;
		imm = !s->imm_ok ? 0 : first < s->tgt_mrdsl ? first : s->tgt_mrdsl;
		if (!s->unsol_ok)
			first = imm;
		t[1] = first == imm ? 0xa1 : 0x21;
	}
	put_pdu(s, t, sl, 0, imm);
	if (first > imm) {
		struct pend p = { PEND_R2T, i, NO_TAG, imm, first - imm, 0 };

		put_data_out(s, &p);
	}
}

/* ---- receiving ------------------------------------------------------------ */

static void on_data_in(struct sess *s, const uint8_t *b, uint32_t len, uint32_t behind)
{
	uint32_t tag = get32(b + 16);
	struct slot *sl = slot_of(s, tag);

	if (b[1] & 1) {
		s->exp_statsn = get32(b + 24) + 1;
		s->done_tag = tag;
		s->done_after = true;
		if (b[3])
			io_error("status 0x%02x", b[3]);
	}
	expect_payload(s, sl, get32(b + 40), len, behind);
}

static void on_response(struct sess *s, const uint8_t *b, uint32_t len, uint32_t behind)
{
	uint32_t tag = get32(b + 16);

	s->exp_statsn = get32(b + 24) + 1;
	if (b[2] || b[3]) {
		io_error("response %u, status 0x%02x", b[2], b[3]);
		slot_of(s, tag)->got = opt.bs;
	}
	if (!len) {
		slot_done(s, tag);
		return;
	}
	s->done_tag = tag;
	s->done_after = true;
	expect_payload(s, NULL, 0, len, behind);
}

static void on_other(struct sess *s, const uint8_t *b, uint32_t len, uint32_t behind)
{
	struct pend p = { .ttt = get32(b + 20) };

	switch (b[0] & 0x3f) {
	case R2T:
		p.slot = get32(b + 16);
		slot_of(s, p.slot);
		p.off = get32(b + 40);
		p.len = get32(b + 44);
		if ((uint64_t)p.off + p.len > opt.bs)
			die("an R2T beyond the command's end");
		tx_pend(s, &p);
		break;
	case NOP_IN:
		cnt.pings++;
		p.kind = PEND_PONG;
		if (p.ttt != NO_TAG)
			tx_pend(s, &p);
		break;
	case ASYNC:
		die("session %u: the target sends event %u", s->index, b[36]);
	case REJECT:
		die("session %u: the target rejects, reason 0x%02x", s->index, b[2]);
	default:
		die("session %u: opcode 0x%02x", s->index, b[0]);
	}
	if (len)
		expect_payload(s, NULL, 0, len, behind);
}

static bool iscsi_parse_hdr(struct sess *s)
{
	uint32_t hlen = s->hdgst ? 52 : 48, len, behind;
	const uint8_t *b = s->buf + s->head;

	if (s->tail - s->head < hlen)
		return false;
	s->head += hlen;
	len = get24(b + 5);
	behind = (-len & 3) + (len && s->ddgst ? 4 : 0);
	read_sns(s, b);
	switch (b[0] & 0x3f) {
	case DATA_IN:
		on_data_in(s, b, len, behind);
		break;
	case SCSI_RSP:
		on_response(s, b, len, behind);
		break;
	default:
		on_other(s, b, len, behind);
	}
	return true;
}

const struct proto iscsi_proto = {
	.open = iscsi_open,
	.close = iscsi_close,
	.put_cmd = iscsi_put_cmd,
	.put_pend = iscsi_put_pend,
	.parse_hdr = iscsi_parse_hdr,
};
