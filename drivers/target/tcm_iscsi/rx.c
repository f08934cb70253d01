// SPDX-License-Identifier: GPL-2.0
/*
 * The receive machine: socket to PDUs to verdicts to actions. Every step can
 * stop at any byte and go on later. This is the one place where a verdict
 * becomes a Reject, a login status or the end of the connection.
 */
#include <linux/crc32c.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <net/sock.h>
#include "cmd.h"

#define TCMI_RX_BUDGET		64	/* PDUs before the send side gets its turn */
#define TCMI_RX_DIRECT		1024	/* bytes from which pages are received directly */
#define TCMI_RX_BVECS		32

/* ---- bytes ---- */

static int tcmi_rx_recv(struct tcmi_conn *conn, struct msghdr *msg, u32 len)
{
	int ret = sock_recvmsg(conn->sock, msg, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (!ret && len)
		return -ECONNRESET;
	if (ret > 0) {
		conn->last_rx = jiffies;
		if (conn->sess)
			conn->sess->rx_octets += ret;
	}
	return ret;
}

/* What follows the payload, up to the next header. */
static u32 tcmi_rx_follows(const struct tcmi_rx *rx)
{
	u32 len = ISCSIP_BHS_LEN + (rx->hdgst_on ? ISCSIP_DIGEST_LEN : 0);

	if (rx->state >= TCMI_RX_DATA)
		len += iscsip_pad(rx->req.dsl) + (rx->ddgst_on ? ISCSIP_DIGEST_LEN : 0);
	return len;
}

/* More bytes into the stage. Return: > 0, -EAGAIN, or another error. */
static int tcmi_rx_fill(struct tcmi_conn *conn)
{
	struct tcmi_rx *rx = &conn->rx;
	struct msghdr msg = {};
	struct kvec iov;
	int ret;

	if (rx->head == rx->tail) {
		rx->head = 0;
		rx->tail = 0;
	}
	iov.iov_base = rx->stage + rx->tail;
	iov.iov_len = TCMI_STAGE - rx->tail;
	/* behind much data there may be more, which is not to be copied twice */
	if (rx->req.dsl >= TCMI_STAGE / 2)
		iov.iov_len = min_t(u32, iov.iov_len, tcmi_rx_follows(rx) +
				    (rx->state == TCMI_RX_DATA ? rx->left : 0));
	iov_iter_kvec(&msg.msg_iter, ITER_DEST, &iov, 1, iov.iov_len);
	ret = tcmi_rx_recv(conn, &msg, iov.iov_len);
	if (ret > 0)
		rx->tail += ret;
	return ret;
}

/* Collect a small piece. Return: 1 complete, -EAGAIN, or another error. */
static int tcmi_rx_piece(struct tcmi_conn *conn, u8 *to, u32 want)
{
	struct tcmi_rx *rx = &conn->rx;

	for (;;) {
		u32 n = min(want - rx->have, rx->tail - rx->head);
		int ret;

		memcpy(to + rx->have, rx->stage + rx->head, n);
		rx->have += n;
		rx->head += n;
		if (rx->have == want) {
			rx->have = 0;
			return 1;
		}
		ret = tcmi_rx_fill(conn);
		if (ret < 0)
			return ret;
	}
}

/* ---- payload ---- */

/**
 * tcmi_rx_sg() - the payload being received goes to these pages
 * @conn: the connection
 * @sg: scatterlist
 * @offset: byte in it where the payload starts
 * @len: bytes of payload; @sg has room for them
 */
void tcmi_rx_sg(struct tcmi_conn *conn, struct scatterlist *sg, u32 offset, u32 len)
{
	struct tcmi_rx *rx = &conn->rx;

	while (offset >= sg->length && len) {
		offset -= sg->length;
		sg = sg_next(sg);
	}
	rx->dest = TCMI_DEST_SG;
	rx->sg = sg;
	rx->sg_off = offset;
}

static void tcmi_rx_sg_advance(struct tcmi_rx *rx, u32 n)
{
	rx->sg_off += n;
	if (rx->sg_off == rx->sg->length) {
		rx->sg = sg_next(rx->sg);
		rx->sg_off = 0;
	}
}

static void tcmi_rx_crc(struct tcmi_rx *rx, const void *p, u32 n)
{
	if (rx->ddgst_on)
		rx->crc = crc32c(rx->crc, p, n);
}

/* Move what the stage has of the payload to where it goes. */
static void tcmi_rx_unstage(struct tcmi_rx *rx)
{
	while (rx->left && rx->head < rx->tail) {
		u32 n = min(rx->left, rx->tail - rx->head);
		const u8 *from = rx->stage + rx->head;

		if (rx->dest == TCMI_DEST_SG) {
			void *to;

			n = min(n, rx->sg->length - rx->sg_off);
			n = min_t(u32, n, PAGE_SIZE - offset_in_page(rx->sg->offset + rx->sg_off));
			to = kmap_local_page(sg_page(rx->sg) +
					     ((rx->sg->offset + rx->sg_off) >> PAGE_SHIFT));
			memcpy(to + offset_in_page(rx->sg->offset + rx->sg_off), from, n);
			kunmap_local(to);
			tcmi_rx_sg_advance(rx, n);
		} else if (rx->dest == TCMI_DEST_BUF) {
			memcpy(rx->buf, from, n);
			rx->buf += n;
		}
		tcmi_rx_crc(rx, from, n);
		rx->head += n;
		rx->left -= n;
	}
}

/*
 * Straight from the socket into the pages, and what follows into the stage. Return:
 * bytes or an error.
 */
static int tcmi_rx_direct(struct tcmi_conn *conn)
{
	struct tcmi_rx *rx = &conn->rx;
	struct bio_vec bv[TCMI_RX_BVECS + 1] __uninitialized;	/* as many as are used */
	struct scatterlist *sg = rx->sg;
	struct msghdr msg = {};
	u32 off = rx->sg_off, total = 0, extra = 0;
	int n = 0, i, got, ret;

	while (total < rx->left && n < TCMI_RX_BVECS) {
		u32 len = min(rx->left - total, sg->length - off);

		bvec_set_page(&bv[n++], sg_page(sg), len, sg->offset + off);
		total += len;
		off = 0;
		if (total < rx->left)
			sg = sg_next(sg);
	}
	if (total == rx->left) {
		extra = tcmi_rx_follows(rx);
		bvec_set_page(&bv[n++], virt_to_page(rx->stage), extra,
			      offset_in_page(rx->stage));
	}
	iov_iter_bvec(&msg.msg_iter, ITER_DEST, bv, n, total + extra);
	ret = tcmi_rx_recv(conn, &msg, total + extra);
	if (ret <= 0)
		return ret;
	rx->head = 0;
	rx->tail = ret > total ? ret - total : 0;
	got = ret - rx->tail;
	rx->left -= got;
	for (i = 0; got; i++) {
		u32 len = min_t(u32, got, bv[i].bv_len);

		if (rx->ddgst_on)
			rx->crc = tcmi_page_crc(rx->crc, bv[i].bv_page, bv[i].bv_offset, len);
		tcmi_rx_sg_advance(rx, len);
		got -= len;
	}
	return ret;
}

static int tcmi_rx_data(struct tcmi_conn *conn)
{
	struct tcmi_rx *rx = &conn->rx;
	int ret;

	for (;;) {
		tcmi_rx_unstage(rx);
		if (!rx->left)
			return 1;
		if (rx->dest == TCMI_DEST_SG && rx->left >= TCMI_RX_DIRECT)
			ret = tcmi_rx_direct(conn);
		else
			ret = tcmi_rx_fill(conn);
		if (ret < 0)
			return ret;
	}
}

/* ---- verdicts become actions ---- */

/**
 * tcmi_rx_reject_new() - a Reject of the PDU being received (11.17)
 * @conn: the connection
 * @reason: why; who sends it later may still change that
 * Return: the Reject, or NULL without memory.
 */
struct tcmi_pdu *tcmi_rx_reject_new(struct tcmi_conn *conn, u8 reason)
{
	const struct tcmi_rx *rx = &conn->rx;
	u32 len = ISCSIP_BHS_LEN, dsl;
	struct tcmi_pdu *pdu;
	u16 ahs;

	/* 11.17.4: the complete header, as far as the initiator takes so much */
	iscsip_bhs_lengths(rx->bhs, &ahs, &dsl);
	if (ahs)
		len = min(len + ahs, conn->params.mrdsl_remote);
	pdu = tcmi_pdu_new(ISCSIP_OP_REJECT, NULL, len);
	if (!pdu)
		return NULL;
	sg_copy_from_buffer(pdu->sgl, pdu->nents, rx->bhs, ISCSIP_BHS_LEN);
	if (ahs)
		sg_pcopy_from_buffer(pdu->sgl, pdu->nents, rx->ahs, len - ISCSIP_BHS_LEN,
				     ISCSIP_BHS_LEN);
	pdu->code = reason;
	pdu->itt = ISCSIP_TAG_RESERVED;
	pdu->own_statsn = true;
	return pdu;
}

/* Answer the PDU being received with a Reject (11.17). */
static void tcmi_rx_reject(struct tcmi_conn *conn, u8 reason)
{
	struct tcmi_pdu *pdu = tcmi_rx_reject_new(conn, reason);

	if (pdu)
		tcmi_tx_pdu(conn, pdu);
	else
		tcmi_conn_close(conn, "out of memory");
}

static int tcmi_rx_act(struct tcmi_conn *conn, struct iscsip_verdict v)
{
	switch (v.action) {
	case ISCSIP_OK:
		return 0;
	case ISCSIP_IGNORE:
		break;
	case ISCSIP_REJECT:
		pr_debug("%s: %s: reject %#x: %s\n", TCMI_NAME, conn->peer_text, v.code, v.why);
		tcmi_rx_reject(conn, v.code);
		break;
	case ISCSIP_LOGIN_FAIL:
		conn->rx.dest = TCMI_DEST_DRAIN;
		conn->rx.refused = true;
		return tcmi_login_reply(conn, &conn->rx.req, v.code, v.why);
	case ISCSIP_DROP:
		if (conn->phase == ISCSIP_PHASE_LOGIN)
			tcmi_refusal_dropped(conn, v.why);
		else
			tcmi_conn_log(conn, v.why);
		tcmi_conn_close(conn, v.why);
		return -EPROTO;
	}
	conn->rx.dest = TCMI_DEST_DRAIN;
	conn->rx.cmd = NULL;
	conn->rx.refused = true;
	return 0;
}

/* ---- PDUs ---- */

static struct iscsip_verdict tcmi_rx_dispatch(struct tcmi_conn *conn, struct iscsip_req *req)
{
	struct tcmi_rx *rx = &conn->rx;
	struct iscsip_verdict v;

	if (req->opcode == ISCSIP_OP_LOGIN || req->opcode == ISCSIP_OP_TEXT) {
		if (req->opcode == ISCSIP_OP_LOGIN)
			v = tcmi_login_header(conn, req, &rx->buf);
		else
			v = tcmi_text_header(conn, req, &rx->buf);
		if (!v.action && req->dsl)
			rx->dest = TCMI_DEST_BUF;
		return v;
	}
	switch (req->opcode) {
	case ISCSIP_OP_SCSI_CMD:
		return tcmi_cmd_header(conn, req);
	case ISCSIP_OP_DATA_OUT:
		return tcmi_data_out_header(conn, req);
	case ISCSIP_OP_NOP_OUT:
		return tcmi_nop_header(conn, req);
	case ISCSIP_OP_TMF:
		return tcmi_tmf_header(conn, req);
	case ISCSIP_OP_LOGOUT:
		return tcmi_logout_header(conn, req);
	case ISCSIP_OP_SNACK:
		/* not "SNACK reject": 7.8 ends the command with that */
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_PROTOCOL,
					     "SNACK at ErrorRecoveryLevel 0");
	default:
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_CMD_NOT_SUPPORTED, "unknown opcode");
	}
}

static int tcmi_rx_header(struct tcmi_conn *conn)
{
	struct tcmi_rx *rx = &conn->rx;
	struct iscsip_verdict v;
	u32 mrdsl = conn->phase == ISCSIP_PHASE_LOGIN ? ISCSIP_MRDSL_DEFAULT :
		    conn->params.mrdsl_local;

	rx->dest = TCMI_DEST_DRAIN;
	rx->cmd = NULL;
	rx->pdu = NULL;
	rx->refused = false;
	rx->rest = false;
	rx->pass_due = false;
	rx->held = NULL;
	rx->crc = ~0;
	v = iscsip_decode(rx->bhs, conn->phase, mrdsl, &rx->req);
	rx->left = rx->req.dsl;
	/* 11.13.5: once a login is under way, other requests are told so */
	if (v.action && conn->phase == ISCSIP_PHASE_LOGIN &&
	    rx->req.opcode != ISCSIP_OP_LOGIN && tcmi_login_started(conn))
		v = ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_BAD_REQUEST, v.why);
	if (!v.action && conn->phase != ISCSIP_PHASE_LOGIN)
		conn->exp_statsn = rx->req.expstatsn;
	if (!v.action)
		v = tcmi_rx_dispatch(conn, &rx->req);
	else if (rx->req.opcode == ISCSIP_OP_DATA_OUT && v.action == ISCSIP_REJECT)
		v = tcmi_data_out_refuse(conn, &rx->req, v);
	return tcmi_rx_act(conn, v);
}

static void tcmi_rx_digest_error(struct tcmi_conn *conn)
{
	struct tcmi_sess *sess = conn->sess;

	if (!sess)
		return;
	sess->digest_errors++;
	if (sess->tpg)
		tcmi_stats_sess_fail(sess->tpg->wwn, TCMI_SESS_FAIL_DIGEST,
				     sess->initiator_name);
}

static int tcmi_rx_payload(struct tcmi_conn *conn, bool digest_ok)
{
	struct tcmi_rx *rx = &conn->rx;
	struct iscsip_verdict v = ISCSIP_VERDICT_OK;

	if (rx->rest)
		tcmi_data_rest(conn);
	if (rx->refused)
		return 0;
	if (!digest_ok) {
		tcmi_rx_digest_error(conn);
		tcmi_rx_reject(conn, ISCSIP_REJ_DATA_DIGEST);
		if (rx->req.opcode == ISCSIP_OP_TEXT)
			tcmi_text_end(conn);
		if (rx->held) {
			list_del_init(&rx->held->entry);
			tcmi_cmd_free_held(conn, rx->held);
			tcmi_cmd_free(rx->held);
			rx->held = NULL;
		}
	} else if (rx->req.opcode != ISCSIP_OP_TEXT) {
		tcmi_window_intact(conn);
	}
	if (rx->cmd)
		return tcmi_cmd_payload(conn, digest_ok);
	if (!digest_ok) {
		tcmi_pdu_free(rx->pdu);
		rx->pdu = NULL;
		return 0;
	}
	if (rx->held) {
		rx->held->pdu = rx->pdu;
		rx->pdu = NULL;
	} else if (rx->pdu) {
		tcmi_nop_echo(conn, rx->pdu);
		rx->pdu = NULL;
	} else {
		v = rx->req.opcode == ISCSIP_OP_LOGIN ? tcmi_login_payload(conn, &rx->req) :
		    rx->req.opcode == ISCSIP_OP_TEXT ? tcmi_text_payload(conn, &rx->req) : v;
	}
	return tcmi_rx_act(conn, v);
}

static bool tcmi_rx_digest_ok(const u8 *wire, u32 crc)
{
	return (wire[0] | wire[1] << 8 | wire[2] << 16 | (u32)wire[3] << 24) == ~crc;
}

static int tcmi_rx_headers(struct tcmi_conn *conn)
{
	struct tcmi_rx *rx = &conn->rx;
	u32 dsl, crc;
	u16 ahs;
	int ret;

	if (rx->state == TCMI_RX_BHS) {
		ret = tcmi_rx_piece(conn, rx->bhs, ISCSIP_BHS_LEN);
		if (ret < 0)
			return ret;
		rx->state = TCMI_RX_AHS;
	}
	iscsip_bhs_lengths(rx->bhs, &ahs, &dsl);
	if (rx->state == TCMI_RX_AHS) {
		if (ahs && !rx->ahs) {
			/* AHS belong to commands: nobody unauthenticated makes us allocate */
			if (conn->phase == ISCSIP_PHASE_LOGIN)
				return -EPROTO;
			rx->ahs = kmalloc(ISCSIP_AHS_MAX, GFP_KERNEL);
			if (!rx->ahs)
				return -ENOMEM;
		}
		ret = ahs ? tcmi_rx_piece(conn, rx->ahs, ahs) : 1;
		if (ret < 0)
			return ret;
		rx->state = TCMI_RX_HDGST;
	}
	if (rx->hdgst_on) {
		ret = tcmi_rx_piece(conn, rx->small, ISCSIP_DIGEST_LEN);
		if (ret < 0)
			return ret;
		crc = crc32c(~0, rx->bhs, ISCSIP_BHS_LEN);
		if (ahs)
			crc = crc32c(crc, rx->ahs, ahs);
		/* 7.8: with the header in doubt, so is where the next one starts */
		if (!tcmi_rx_digest_ok(rx->small, crc)) {
			tcmi_rx_digest_error(conn);
			return -EBADMSG;
		}
	}
	return 1;
}

/*
 * Not BUF_READY: that core's worker may set at any time, and until tcmi_cmd_buffer() has
 * seen it the data would have no place to go.
 */
static bool tcmi_rx_buffer_missing(struct tcmi_conn *conn)
{
	struct tcmi_cmd *cmd = conn->rx.cmd;

	return cmd && conn->rx.dest == TCMI_DEST_DRAIN && cmd->state == TCMI_CMD_IN_CORE &&
	       !test_bit(TCMI_CMD_EXECUTED, &cmd->flags) &&
	       !test_bit(TCMI_CMD_POSTED, &cmd->flags) && !cmd->held_sgl;
}

/* One PDU, or as much of it as there is. Return: 1 done, -EAGAIN, error. */
static int tcmi_rx_pdu(struct tcmi_conn *conn)
{
	struct tcmi_rx *rx = &conn->rx;
	bool digest;
	u32 tail;
	int ret;

	if (rx->state < TCMI_RX_WAIT_BUF) {
		ret = tcmi_rx_headers(conn);
		if (ret < 0)
			return ret;
		ret = tcmi_rx_header(conn);
		if (ret < 0)
			return ret;
		rx->state = TCMI_RX_WAIT_BUF;
	}
	if (rx->state == TCMI_RX_WAIT_BUF) {
		if (rx->left && tcmi_rx_buffer_missing(conn) && !tcmi_cmd_hold_data(conn, rx->cmd))
			return -EAGAIN;
		if (rx->left && rx->cmd && rx->dest == TCMI_DEST_DRAIN)
			tcmi_cmd_rx_dest(conn);
		rx->state = TCMI_RX_DATA;
	}
	digest = rx->ddgst_on && rx->req.dsl;
	if (rx->state == TCMI_RX_DATA) {
		ret = tcmi_rx_data(conn);
		if (ret < 0)
			return ret;
		rx->state = TCMI_RX_PAD;
	}
	tail = iscsip_pad(rx->req.dsl) + (digest ? ISCSIP_DIGEST_LEN : 0);
	ret = tail ? tcmi_rx_piece(conn, rx->small, tail) : 1;
	if (ret < 0)
		return ret;
	tcmi_rx_crc(rx, rx->small, iscsip_pad(rx->req.dsl));
	rx->state = TCMI_RX_BHS;
	ret = tcmi_rx_payload(conn, !digest ||
			      tcmi_rx_digest_ok(rx->small + tail - ISCSIP_DIGEST_LEN, rx->crc));
	rx->cmd = NULL;
	if (!list_empty(&conn->held))
		tcmi_window_run(conn);
	return ret < 0 ? ret : 1;
}

/**
 * tcmi_rx_run() - receive until the socket is empty or the budget is used
 * @conn: the connection; called by its thread only
 *
 * Stops reading while too many answers wait to be sent: a peer that asks and
 * never reads is held back by TCP, not by our memory.
 *
 * Return: 1 if there may be more, 0 if not, or a negative error: close.
 */
int tcmi_rx_run(struct tcmi_conn *conn)
{
	int budget = TCMI_RX_BUDGET;
	int ret;

	while (budget--) {
		if (tcmi_conn_mute(conn) || tcmi_conn_over(conn))
			return 0;
		if (tcmi_tx_full(conn)) {
			conn->last_rx = jiffies;	/* the silence is ours */
			return 0;
		}
		ret = tcmi_rx_pdu(conn);
		if (ret == -EAGAIN)
			return 0;
		if (ret < 0)
			return ret;
	}
	return 1;
}

/**
 * tcmi_rx_abandon() - forget the PDU being received; at teardown
 * @conn: the connection
 */
void tcmi_rx_abandon(struct tcmi_conn *conn)
{
	conn->rx.dest = TCMI_DEST_DRAIN;
	conn->rx.cmd = NULL;
	tcmi_pdu_free(conn->rx.pdu);
	conn->rx.pdu = NULL;
}
