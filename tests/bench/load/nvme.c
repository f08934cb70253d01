// SPDX-License-Identifier: GPL-2.0
/*
 * NVMe over TCP, for the target in the kernel that does the same job with
 * another protocol: one controller and one I/O queue for each session.
 */
#include "load.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	IC_REQ = 0, IC_RSP = 1, CAPSULE_CMD = 4, CAPSULE_RSP = 5, H2C_DATA = 6,
	C2H_DATA = 7, R2T = 9,
};

#define LAST		0x04
#define SUCCESS		0x08
#define FABRICS		0x7f
#define CMD_LEN		72
#define IN_CAPSULE	16384	/* what the target in the kernel takes */

static void put_le16(uint8_t *b, uint16_t v)
{
	b[0] = v;
	b[1] = v >> 8;
}

static uint16_t le16(const uint8_t *b)
{
	return b[0] | b[1] << 8;
}

/* ---- getting in ----------------------------------------------------------- */

static int ic_connect(struct sess *s)
{
	uint8_t pdu[128] = { IC_REQ, 0, 128 };
	int fd = tcp_connect(opt.addr, opt.port);

	put_le32(pdu + 4, 128);
	send_all(fd, pdu, 128);
	recv_all(fd, pdu, 128);
	if (pdu[0] != IC_RSP)
		die("PDU type %u for an answer to ICReq", pdu[0]);
	s->maxh2c = le32(pdu + 12);
	return fd;
}

/* The command is at @pdu + 8; returns the result's lower half. */
static uint32_t exec(int fd, uint8_t *pdu, uint32_t dlen)
{
	uint8_t rsp[24];

	pdu[0] = CAPSULE_CMD;
	pdu[2] = CMD_LEN;
	pdu[3] = dlen ? CMD_LEN : 0;
	put_le32(pdu + 4, CMD_LEN + dlen);
	pdu[8] = FABRICS;
	pdu[9] = 0x40;
	if (dlen) {
		put_le32(pdu + 8 + 32, dlen);
		pdu[8 + 39] = 0x01;
	}
	send_all(fd, pdu, CMD_LEN + dlen);
	recv_all(fd, rsp, 24);
	if (rsp[0] != CAPSULE_RSP || le16(rsp + 22) >> 1)
		die("fabrics command %u: PDU type %u, status 0x%x", pdu[8 + 4], rsp[0],
		    le16(rsp + 22) >> 1);
	return le32(rsp + 8);
}

static uint16_t fabrics_connect(struct sess *s, int fd, uint16_t qid, uint16_t cntlid)
{
	uint8_t pdu[CMD_LEN + 1024] = { 0 }, *data = pdu + CMD_LEN;

	pdu[8 + 4] = 0x01;
	put_le16(pdu + 8 + 42, qid);
	put_le16(pdu + 8 + 44, qid ? opt.depth : 31);
	put_le32(data, getpid());
	put_le32(data + 4, s->index + 1);
	put_le16(data + 16, cntlid);
	snprintf((char *)data + 256, 256, "%s", opt.target);
	snprintf((char *)data + 512, 256, "nqn.2014-08.org.example:load-%d-%u", getpid(),
		 s->index);
	return exec(fd, pdu, 1024);
}

static void enable(int fd)
{
	uint8_t set[CMD_LEN] = { 0 };

	put_le32(set + 8 + 44, 0x14);		/* CC: entries of 64 and 16 bytes */
	put_le32(set + 8 + 48, 0x00460001);
	exec(fd, set, 0);
	for (int i = 0; i < 500; i++) {
		uint8_t get[CMD_LEN] = { 0 };

		get[8 + 4] = 0x04;
		put_le32(get + 8 + 44, 0x1c);	/* CSTS */
		if (exec(fd, get, 0) & 1)
			return;
		usleep(10000);
	}
	die("the controller does not get ready");
}

static void nvme_open(struct sess *s)
{
	uint16_t cntlid;

	s->admin_fd = ic_connect(s);
	cntlid = fabrics_connect(s, s->admin_fd, 0, 0xffff);
	enable(s->admin_fd);
	s->fd = ic_connect(s);
	fabrics_connect(s, s->fd, 1, cntlid);
	s->tgt_mrdsl = s->maxh2c;
	s->imm_ok = true;
	s->first_burst = IN_CAPSULE;
}

static void nvme_close(struct sess *s)
{
	close(s->fd);
	close(s->admin_fd);
}

/* ---- sending -------------------------------------------------------------- */

static void nvme_put_cmd(struct sess *s, unsigned int i)
{
	struct slot *sl = &s->slots[i];
	uint32_t inside = sl->write && opt.bs <= IN_CAPSULE ? opt.bs : 0;
	uint8_t *p = tx_hdr(s, CMD_LEN), *c = p + 8;

	memset(p, 0, CMD_LEN);
	p[0] = CAPSULE_CMD;
	p[2] = CMD_LEN;
	p[3] = inside ? CMD_LEN : 0;
	put_le32(p + 4, CMD_LEN + inside);
	c[0] = sl->write ? 0x01 : 0x02;
	c[1] = 0x40;
	put_le16(c + 2, i);
	put_le32(c + 4, opt.lun);
	put_le32(c + 32, opt.bs);
	c[39] = inside ? 0x01 : 0x5a;
	put_le64(c + 40, sl->off / 512);
	put_le16(c + 48, opt.bs / 512 - 1);
	if (inside)
		tx_iov(s, out_data(sl, 0), inside);
}

static bool nvme_put_pend(struct sess *s, struct pend *p)
{
	const struct slot *sl = &s->slots[p->slot];

	while (p->len) {
		uint32_t n = p->len < s->maxh2c ? p->len : s->maxh2c;
		uint8_t *h;

		if (!tx_room(s, 1))
			return false;
		h = tx_hdr(s, 24);
		memset(h, 0, 24);
		h[0] = H2C_DATA;
		h[1] = n == p->len ? LAST : 0;
		h[2] = 24;
		h[3] = 24;
		put_le32(h + 4, 24 + n);
		put_le16(h + 8, p->slot);
		put_le16(h + 10, p->ttt);
		put_le32(h + 12, p->off);
		put_le32(h + 16, n);
		tx_iov(s, out_data(sl, p->off), n);
		p->off += n;
		p->len -= n;
	}
	return true;
}

/* ---- receiving ------------------------------------------------------------ */

static void on_r2t(struct sess *s, const uint8_t *b)
{
	struct pend p = { .slot = le16(b + 8), .ttt = le16(b + 10), .off = le32(b + 12),
			  .len = le32(b + 16) };

	slot_of(s, p.slot);
	if ((uint64_t)p.off + p.len > opt.bs)
		die("an R2T beyond the command's end");
	tx_pend(s, &p);
}

static bool nvme_parse_hdr(struct sess *s)
{
	const uint8_t *b = s->buf + s->head;

	/* All that may come have headers of this length. */
	if (s->tail - s->head < 24)
		return false;
	s->head += 24;
	switch (b[0]) {
	case C2H_DATA:
		s->done_tag = le16(b + 8);
		s->done_after = b[1] & SUCCESS;
		expect_payload(s, slot_of(s, s->done_tag), le32(b + 12), le32(b + 16), 0);
		break;
	case CAPSULE_RSP:
		if (le16(b + 22) >> 1)
			io_error("status 0x%x", le16(b + 22) >> 1);
		slot_done(s, le16(b + 20));
		break;
	case R2T:
		on_r2t(s, b);
		break;
	default:
		die("session %u: PDU type %u", s->index, b[0]);
	}
	return true;
}

const struct proto nvme_proto = {
	.open = nvme_open,
	.close = nvme_close,
	.put_cmd = nvme_put_cmd,
	.put_pend = nvme_put_pend,
	.parse_hdr = nvme_parse_hdr,
};
