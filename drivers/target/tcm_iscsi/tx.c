// SPDX-License-Identifier: GPL-2.0
/*
 * The send machine: a queue of things to send becomes a batch of PDUs, the batch
 * becomes one send. Headers, padding and digests live in a page of their own,
 * data is sent by reference from the command's pages. StatSN, ExpCmdSN and
 * MaxCmdSN are put in when a PDU is encoded, so they are never older than its
 * place in the stream.
 */
#include <linux/crc32c.h>
#include <linux/gfp.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <net/sock.h>
#include <net/tcp.h>
#include "cmd.h"

#define TCMI_TX_BUDGET		16		/* batches before rx gets its turn */
#define TCMI_TX_BATCH		(512 * 1024)	/* bytes at which a batch is closed */
#define TCMI_TX_PDU_BVECS	(TCMI_MRDSL_REMOTE_MAX / PAGE_SIZE + 6)
#define TCMI_TX_HEADER_MAX	(ISCSIP_BHS_LEN + ISCSIP_DIGEST_LEN)
#define TCMI_TX_COPY		1024		/* bytes of data which go with the headers */
#define TCMI_TX_MAX_PDUS	128		/* queued answers, and bytes of their data, */
#define TCMI_TX_MAX_BYTES	(1024 * 1024)	/* at which we stop reading; that many */
#define TCMI_TX_LOW_BYTES	(64 * 1024)	/* when memory is scarce */

/* ---- control PDUs ---- */

/**
 * tcmi_pdu_new() - a response that is not a SCSI command's
 * @opcode: &enum iscsip_opcode
 * @payload: bytes to copy, or NULL to have them filled in later through @sgl
 * @len: their number
 *
 * Context: process. Return: the PDU, or NULL without memory.
 */
struct tcmi_pdu *tcmi_pdu_new(u8 opcode, const void *payload, u32 len)
{
	struct tcmi_pdu *pdu = kzalloc(sizeof(*pdu), GFP_KERNEL);

	if (!pdu)
		return NULL;
	pdu->txe.kind = TCMI_TXE_PDU;
	INIT_LIST_HEAD(&pdu->txe.entry);
	pdu->opcode = opcode;
	pdu->ttt = ISCSIP_TAG_RESERVED;
	pdu->final = true;
	pdu->len = len;
	if (len) {
		pdu->sgl = sgl_alloc(len, GFP_KERNEL, &pdu->nents);
		if (!pdu->sgl) {
			kfree(pdu);
			return NULL;
		}
		if (payload)
			sg_copy_from_buffer(pdu->sgl, pdu->nents, payload, len);
	}
	return pdu;
}

/**
 * tcmi_pdu_free() - free a PDU which is on no list
 * @pdu: the PDU, or NULL
 */
void tcmi_pdu_free(struct tcmi_pdu *pdu)
{
	if (!pdu)
		return;
	if (pdu->sgl)
		sgl_free(pdu->sgl);
	kfree(pdu);
}

/* Pings of any size are echoed whole or cut, but their pages are all there. */
static u32 tcmi_pdu_size(const struct tcmi_pdu *pdu)
{
	return pdu->nents * PAGE_SIZE;
}

/**
 * tcmi_tx_full() - do so many answers wait to be sent that there may be no more?
 * @conn: the connection; its thread calls
 */
bool tcmi_tx_full(const struct tcmi_conn *conn)
{
	u32 bytes = conn->tx.pdu_bytes;

	return conn->tx.npdus >= TCMI_TX_MAX_PDUS || bytes >= TCMI_TX_MAX_BYTES ||
	       (bytes >= TCMI_TX_LOW_BYTES && tcmi_quota_scarce());
}

/**
 * tcmi_tx_pdu() - queue a PDU; it belongs to the send queue now
 * @conn: the connection; its thread calls
 * @pdu: the PDU; the last one of a connection has none behind it
 */
void tcmi_tx_pdu(struct tcmi_conn *conn, struct tcmi_pdu *pdu)
{
	if (conn->tx.ended) {
		tcmi_pdu_free(pdu);
		return;
	}
	conn->tx.ended = pdu->close_after;
	conn->tx.npdus++;
	conn->tx.pdu_bytes += tcmi_pdu_size(pdu);
	tcmi_quota_add(conn, tcmi_pdu_size(pdu));
	list_add_tail(&pdu->txe.entry, &conn->tx.queue);
}

/**
 * tcmi_tx_cmd() - queue a command's data and status
 * @conn: the connection; its thread calls
 * @cmd: the command; R2Ts that it still wanted to send are forgotten
 */
void tcmi_tx_cmd(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	list_del_init(&cmd->txe.entry);
	cmd->txe.kind = TCMI_TXE_CMD;
	cmd->state = TCMI_CMD_QUEUED;
	list_add_tail(&cmd->txe.entry, &conn->tx.queue);
}

/**
 * tcmi_tx_r2t() - queue the R2Ts that are due for a command
 * @conn: the connection; its thread calls
 * @cmd: the command, waiting for data
 */
void tcmi_tx_r2t(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	if (!list_empty(&cmd->txe.entry) || tcmi_conn_mute(conn))
		return;
	cmd->txe.kind = TCMI_TXE_R2T;
	list_add_tail(&cmd->txe.entry, &conn->tx.queue);
}

/* ---- the pieces of a batch ---- */

static void tcmi_tx_bvec(struct tcmi_tx *tx, struct page *page, u32 off, u32 len)
{
	struct bio_vec *last = tx->nbv ? &tx->bv[tx->nbv - 1] : NULL;

	tx->bytes += len;
	if (last && last->bv_page == page && last->bv_offset + last->bv_len == off)
		last->bv_len += len;
	else
		bvec_set_page(&tx->bv[tx->nbv++], page, len, off);
}

/* @len bytes of header memory, in the batch already; NULL without memory */
static u8 *tcmi_tx_small(struct tcmi_tx *tx, u32 len)
{
	u8 *p;

	if (tx->hpage && tx->hoff + len > PAGE_SIZE) {
		/* the batch still points into it: TCP takes its references when sending */
		if (WARN_ON_ONCE(tx->nspent == TCMI_TX_SPENT))
			return NULL;
		tx->spent[tx->nspent++] = tx->hpage;
		tx->hpage = NULL;
	}
	if (!tx->hpage) {
		tx->hpage = alloc_page(GFP_KERNEL);
		tx->hoff = 0;
		if (!tx->hpage)
			return NULL;
	}
	p = page_address(tx->hpage) + tx->hoff;
	tcmi_tx_bvec(tx, tx->hpage, tx->hoff, len);
	/* keep the next header on a 4-byte boundary */
	tx->hoff += ALIGN(len, 4);
	return p;
}

static void tcmi_put_crc(u8 *p, u32 crc)
{
	crc = ~crc;
	p[0] = crc;
	p[1] = crc >> 8;
	p[2] = crc >> 16;
	p[3] = crc >> 24;
}

/* The header of a PDU, to be filled by an encoder and then sealed. */
static u8 *tcmi_tx_bhs(struct tcmi_tx *tx)
{
	return tcmi_tx_small(tx, tx->hdgst_on ? TCMI_TX_HEADER_MAX : ISCSIP_BHS_LEN);
}

static void tcmi_tx_seal(struct tcmi_tx *tx, u8 *bhs)
{
	if (tx->hdgst_on)
		tcmi_put_crc(bhs + ISCSIP_BHS_LEN, crc32c(~0, bhs, ISCSIP_BHS_LEN));
}

static u32 tcmi_tx_sg(struct tcmi_tx *tx, struct scatterlist *sg, u32 off, u32 len)
{
	u32 crc = ~0;

	while (off >= sg->length) {
		off -= sg->length;
		sg = sg_next(sg);
	}
	while (len) {
		u32 n = min(len, sg->length - off);

		tcmi_tx_bvec(tx, sg_page(sg), sg->offset + off, n);
		if (tx->ddgst_on)
			crc = tcmi_page_crc(crc, sg_page(sg), sg->offset + off, n);
		len -= n;
		off = 0;
		sg = sg_next(sg);
	}
	return crc;
}

/* Padding and data digest behind @len bytes of data with checksum @crc. */
static int tcmi_tx_tail(struct tcmi_tx *tx, u32 len, u32 crc)
{
	u32 pad = iscsip_pad(len);
	u8 *p;

	if (!len || (!pad && !tx->ddgst_on))
		return 0;
	p = tcmi_tx_small(tx, pad + (tx->ddgst_on ? ISCSIP_DIGEST_LEN : 0));
	if (!p)
		return -ENOMEM;
	memset(p, 0, pad);
	if (tx->ddgst_on)
		tcmi_put_crc(p + pad, crc32c(crc, p, pad));
	return 0;
}

/*
 * The data of a PDU. A page of its own for a few bytes would be TCP's until the peer has
 * taken them, and TCP counts only the bytes: who asks for small answers and reads none would
 * have a hundred times the memory that the socket may use.
 */
static int tcmi_tx_data(struct tcmi_tx *tx, struct scatterlist *sgl, u32 nents, u32 off,
			u32 len)
{
	u32 crc = ~0;
	u8 *p;

	if (len > TCMI_TX_COPY)
		return tcmi_tx_tail(tx, len, tcmi_tx_sg(tx, sgl, off, len));
	if (!len)
		return 0;
	p = tcmi_tx_small(tx, len);
	if (!p)
		return -ENOMEM;
	sg_pcopy_to_buffer(sgl, nents, p, len, off);
	if (tx->ddgst_on)
		crc = crc32c(crc, p, len);
	return tcmi_tx_tail(tx, len, crc);
}

/* ---- encoding ---- */

/* 11.4.5.2: what SCSI has presented, against what the initiator expects */
static void tcmi_tx_residual(const struct tcmi_cmd *cmd, struct iscsip_residual *res)
{
	const struct se_cmd *se_cmd = &cmd->se_cmd;
	bool in = test_bit(TCMI_CMD_HAS_DATA, &cmd->flags);
	u32 edtl = cmd->req.scsi.edtl;

	res->underflow = se_cmd->se_cmd_flags & SCF_UNDERFLOW_BIT;
	/* of a shorter answer than either length core counts what is missing, and leaves this */
	res->overflow = se_cmd->se_cmd_flags & SCF_OVERFLOW_BIT && !res->underflow;
	res->count = res->overflow || res->underflow ? se_cmd->residual_count : 0;
	if (in && !res->overflow) {
		/* core may have had room for more than is expected */
		res->overflow = se_cmd->data_length > edtl;
		res->underflow = se_cmd->data_length < edtl;
		res->count = res->overflow ? se_cmd->data_length - edtl :
			     edtl - se_cmd->data_length;
	} else if (!in && se_cmd->scsi_status && !test_bit(TCMI_CMD_EXECUTED, &cmd->flags) &&
		   (cmd->req.scsi.read || !(res->overflow || res->underflow))) {
		/* a read without data, a write that never began: nothing was presented */
		res->overflow = false;
		res->underflow = edtl;
		res->count = edtl;
	}
}

static void tcmi_tx_status_numbers(struct tcmi_conn *conn, struct tcmi_cmd *cmd,
				   struct iscsip_sn *sn)
{
	tcmi_cmd_slot_give(cmd);
	tcmi_window_numbers(conn, sn);
	sn->statsn = conn->statsn++;
	conn->sess->rsp_pdus++;
}

static bool tcmi_tx_has_sense(const struct se_cmd *se_cmd)
{
	return se_cmd->se_cmd_flags & (SCF_TRANSPORT_TASK_SENSE | SCF_EMULATED_TASK_SENSE) &&
	       se_cmd->scsi_sense_length;
}

/* One Data-In. Return: 1 when it was the command's last PDU. */
static int tcmi_tx_data_in(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	struct se_cmd *se_cmd = &cmd->se_cmd;
	struct tcmi_tx *tx = &conn->tx;
	struct iscsip_residual res = {};
	u32 datasn, offset, len;
	struct iscsip_sn sn = {};
	bool final, last, status;
	u8 *bhs;

	if (!iscsip_xfer_next_data_in(&cmd->xfer, &conn->params, &datasn, &offset, &len,
				      &final, &last))
		return -EIO;
	bhs = tcmi_tx_bhs(tx);
	if (!bhs)
		return -ENOMEM;
	/* 11.7.1: a status may ride on the last Data-In unless it needs sense */
	status = last && !tcmi_tx_has_sense(se_cmd);
	if (status) {
		tcmi_tx_residual(cmd, &res);
		tcmi_tx_status_numbers(conn, cmd, &sn);
	} else {
		tcmi_window_numbers(conn, &sn);
	}
	iscsip_put_data_in(bhs, &sn, cmd->itt, final, status, se_cmd->scsi_status, &res,
			   datasn, offset, len, false, 0, ISCSIP_TAG_RESERVED);
	tcmi_tx_seal(tx, bhs);
	return tcmi_tx_data(tx, se_cmd->t_data_sg, se_cmd->t_data_nents, offset, len) ?: status;
}

static int tcmi_tx_scsi_rsp(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	struct se_cmd *se_cmd = &cmd->se_cmd;
	struct tcmi_tx *tx = &conn->tx;
	struct iscsip_residual res;
	u32 len = 0, crc = ~0;
	struct iscsip_sn sn;
	u8 *bhs, *p;

	if (tcmi_tx_has_sense(se_cmd))
		len = 2 + se_cmd->scsi_sense_length;
	bhs = tcmi_tx_bhs(tx);
	if (!bhs)
		return -ENOMEM;
	tcmi_tx_residual(cmd, &res);
	tcmi_tx_status_numbers(conn, cmd, &sn);
	/* 11.4.8: how many Data-Ins went before; 0 for a write */
	iscsip_put_scsi_rsp(bhs, &sn, cmd->itt, 0, se_cmd->scsi_status, &res,
			    cmd->xfer.datasn, len);
	tcmi_tx_seal(tx, bhs);
	if (!len)
		return 1;
	p = tcmi_tx_small(tx, len);
	if (!p)
		return -ENOMEM;
	p[0] = se_cmd->scsi_sense_length >> 8;
	p[1] = se_cmd->scsi_sense_length;
	memcpy(p + 2, cmd->sense, se_cmd->scsi_sense_length);
	if (tx->ddgst_on)
		crc = crc32c(crc, p, len);
	return tcmi_tx_tail(tx, len, crc) ?: 1;
}

static int tcmi_tx_tmf_rsp(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	struct iscsip_sn sn;
	u8 *bhs = tcmi_tx_bhs(&conn->tx);

	if (!bhs)
		return -ENOMEM;
	tcmi_tx_status_numbers(conn, cmd, &sn);
	iscsip_put_tmf_rsp(bhs, &sn, cmd->itt, cmd->tmf_rsp);
	tcmi_tx_seal(&conn->tx, bhs);
	return 1;
}

static bool tcmi_tx_room(const struct tcmi_tx *tx)
{
	/* a PDU turns the header page at most once for its header, data and tail each */
	return tx->nbv + TCMI_TX_PDU_BVECS <= TCMI_TX_BVECS && tx->bytes < TCMI_TX_BATCH &&
	       tx->nspent + 3 <= TCMI_TX_SPENT;
}

/* Return: 1 when the command is encoded completely, 0 when the batch is full. */
static int tcmi_tx_encode_cmd(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	int ret;

	cmd->state = TCMI_CMD_SENDING;
	if (test_bit(TCMI_CMD_TMF, &cmd->flags))
		return tcmi_tx_room(&conn->tx) ? tcmi_tx_tmf_rsp(conn, cmd) : 0;
	while (test_bit(TCMI_CMD_HAS_DATA, &cmd->flags) && cmd->xfer.sent < cmd->xfer.want) {
		if (!tcmi_tx_room(&conn->tx))
			return 0;
		ret = tcmi_tx_data_in(conn, cmd);
		if (ret)
			return ret;
	}
	return tcmi_tx_room(&conn->tx) ? tcmi_tx_scsi_rsp(conn, cmd) : 0;
}

/* Return: 1 when all R2Ts that are due are encoded, 0 when the batch is full. */
static int tcmi_tx_encode_r2t(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	u32 ttt, r2tsn, offset, len;
	struct iscsip_sn sn;
	u8 *bhs;

	while (tcmi_tx_room(&conn->tx)) {
		ttt = conn->next_ttt;
		if (!iscsip_xfer_next_r2t(&cmd->xfer, &conn->params, ttt, &r2tsn, &offset, &len))
			return 1;
		if (++conn->next_ttt == ISCSIP_TAG_RESERVED)
			conn->next_ttt = 0;
		bhs = tcmi_tx_bhs(&conn->tx);
		if (!bhs)
			return -ENOMEM;
		tcmi_window_numbers(conn, &sn);
		sn.statsn = conn->statsn;
		iscsip_put_r2t(bhs, &sn, cmd->lun, cmd->itt, ttt, r2tsn, offset, len);
		tcmi_tx_seal(&conn->tx, bhs);
	}
	return 0;
}

static void tcmi_tx_put_pdu(struct tcmi_conn *conn, struct tcmi_pdu *pdu, u8 *bhs)
{
	struct iscsip_sn sn;

	tcmi_window_numbers(conn, &sn);
	sn.statsn = pdu->own_statsn ? conn->statsn++ : conn->statsn;
	switch (pdu->opcode) {
	case ISCSIP_OP_NOP_IN:
		iscsip_put_nop_in(bhs, &sn, pdu->lun, pdu->itt, pdu->ttt, pdu->len);
		break;
	case ISCSIP_OP_LOGIN_RSP:
		iscsip_put_login_rsp(bhs, &sn, pdu->itt, pdu->isid, pdu->p1, pdu->final,
				     pdu->cont, pdu->csg, pdu->nsg, 0, 0, pdu->status,
				     pdu->len);
		break;
	case ISCSIP_OP_TEXT_RSP:
		iscsip_put_text_rsp(bhs, &sn, pdu->lun, pdu->itt, pdu->ttt, pdu->final,
				    pdu->cont, pdu->len);
		break;
	case ISCSIP_OP_LOGOUT_RSP:
		iscsip_put_logout_rsp(bhs, &sn, pdu->itt, pdu->code, pdu->p1, pdu->p2);
		break;
	case ISCSIP_OP_ASYNC:
		iscsip_put_async(bhs, &sn, pdu->lun, pdu->code, 0, pdu->p1, pdu->p2, pdu->p3,
				 pdu->len);
		break;
	default:
		iscsip_put_reject(bhs, &sn, pdu->code, 0, pdu->len);
		break;
	}
}

static int tcmi_tx_encode_pdu(struct tcmi_conn *conn, struct tcmi_pdu *pdu)
{
	struct tcmi_tx *tx = &conn->tx;
	u8 *bhs;

	if (!tcmi_tx_room(tx))
		return 0;
	bhs = tcmi_tx_bhs(tx);
	if (!bhs)
		return -ENOMEM;
	tcmi_tx_put_pdu(conn, pdu, bhs);
	tcmi_tx_seal(tx, bhs);
	if (tcmi_tx_data(tx, pdu->sgl, pdu->nents, 0, pdu->len))
		return -ENOMEM;
	if (pdu->login_done) {
		tx->hdgst_on = conn->params.header_digest == ISCSIP_DIGEST_CRC32C;
		tx->ddgst_on = conn->params.data_digest == ISCSIP_DIGEST_CRC32C;
	}
	return 1;
}

static struct tcmi_cmd *tcmi_txe_cmd(struct tcmi_txe *txe)
{
	return container_of(txe, struct tcmi_cmd, txe);
}

static struct tcmi_pdu *tcmi_txe_pdu(struct tcmi_txe *txe)
{
	return container_of(txe, struct tcmi_pdu, txe);
}

static int tcmi_tx_encode(struct tcmi_conn *conn, struct tcmi_txe *txe)
{
	switch (txe->kind) {
	case TCMI_TXE_CMD:
		return tcmi_tx_encode_cmd(conn, tcmi_txe_cmd(txe));
	case TCMI_TXE_R2T:
		return tcmi_tx_encode_r2t(conn, tcmi_txe_cmd(txe));
	default:
		return tcmi_tx_encode_pdu(conn, tcmi_txe_pdu(txe));
	}
}

static int tcmi_tx_build(struct tcmi_conn *conn)
{
	struct tcmi_tx *tx = &conn->tx;
	struct tcmi_txe *txe, *next;
	int ret;

	tx->nbv = 0;
	tx->cur = 0;
	tx->cur_off = 0;
	list_for_each_entry_safe(txe, next, &tx->queue, entry) {
		ret = tcmi_tx_encode(conn, txe);
		if (ret < 0) {
			tx->broken = true;
			return ret;
		}
		if (!ret)
			break;
		if (txe->kind == TCMI_TXE_R2T)
			list_del_init(&txe->entry);
		else
			list_move_tail(&txe->entry, &tx->batch);
		/* the initiator may use the tag again before the batch is through */
		if (txe->kind == TCMI_TXE_CMD)
			hlist_del_init(&tcmi_txe_cmd(txe)->task);
	}
	return 0;
}

/* ---- sending ---- */

static void tcmi_tx_spent(struct tcmi_tx *tx)
{
	while (tx->nspent)
		put_page(tx->spent[--tx->nspent]);
}

static void tcmi_tx_done(struct tcmi_conn *conn)
{
	struct tcmi_txe *txe, *next;
	struct tcmi_pdu *pdu;

	tcmi_tx_spent(&conn->tx);

	list_for_each_entry_safe(txe, next, &conn->tx.batch, entry) {
		list_del_init(&txe->entry);
		if (txe->kind == TCMI_TXE_CMD) {
			tcmi_cmd_sent(conn, tcmi_txe_cmd(txe));
			continue;
		}
		pdu = tcmi_txe_pdu(txe);
		conn->tx.npdus--;
		conn->tx.pdu_bytes -= tcmi_pdu_size(pdu);
		tcmi_quota_give(conn, tcmi_pdu_size(pdu));
		if (pdu->close_after)
			conn->tx.close_after = true;
		if (pdu->opcode == ISCSIP_OP_NOP_IN)
			tcmi_nop_sent(conn, pdu);
		tcmi_pdu_free(pdu);
	}
}

static void tcmi_tx_advance(struct tcmi_tx *tx, u32 sent)
{
	tx->bytes -= sent;
	while (sent) {
		u32 left = tx->bv[tx->cur].bv_len - tx->cur_off;

		if (sent < left) {
			tx->cur_off += sent;
			return;
		}
		sent -= left;
		tx->cur++;
		tx->cur_off = 0;
	}
}

/**
 * tcmi_tx_run() - send until the queue is empty, the socket full, or the budget used
 * @conn: the connection; called by its thread only
 *
 * Return: 1 if something was sent, 0 if not, or a negative error: close.
 */
int tcmi_tx_run(struct tcmi_conn *conn)
{
	struct tcmi_tx *tx = &conn->tx;
	int budget = TCMI_TX_BUDGET;
	int progress = 0;
	bool more = false;
	int ret;

	/* half a PDU has been encoded: nothing can follow */
	if (tx->broken)
		return -ENOMEM;
	/* how long it takes nothing counts from where there was something to take */
	if (!tx->blocked)
		tx->took = jiffies;
	tx->blocked = false;
	tx->starved = false;
	while (budget--) {
		if (!tx->bytes) {
			ret = tcmi_tx_build(conn);
			if (ret < 0)
				return ret;
			if (!tx->bytes)
				break;
		}
		more = !list_empty(&tx->queue);
		ret = tcmi_compat_send(conn->sock, tx->bv + tx->cur, tx->nbv - tx->cur,
				       tx->cur_off, tx->bytes, more);
		if (ret == -EAGAIN) {
			tx->blocked = true;
			tx->starved = !READ_ONCE(conn->sock->sk->sk_wmem_queued);
			return progress;
		}
		if (ret < 0)
			return ret;
		progress = 1;
		tx->took = jiffies;
		if (conn->sess)
			conn->sess->tx_octets += ret;
		tcmi_tx_advance(tx, ret);
		if (!tx->bytes)
			tcmi_tx_done(conn);
	}
	/* what was announced as "more" turned out to be nothing: push */
	if (more && !tx->bytes)
		tcp_sock_set_nodelay(conn->sock->sk);
	return progress;
}

/**
 * tcmi_tx_drop() - nothing more will be sent; at teardown
 * @conn: the connection
 */
void tcmi_tx_drop(struct tcmi_conn *conn)
{
	struct tcmi_tx *tx = &conn->tx;
	struct tcmi_txe *txe, *next;

	tcmi_tx_spent(tx);
	list_splice_tail_init(&tx->batch, &tx->queue);
	tx->bytes = 0;
	list_for_each_entry_safe(txe, next, &tx->queue, entry) {
		list_del_init(&txe->entry);
		if (txe->kind == TCMI_TXE_CMD)
			tcmi_cmd_finish(conn, tcmi_txe_cmd(txe));
		else if (txe->kind == TCMI_TXE_PDU)
			tcmi_pdu_free(tcmi_txe_pdu(txe));
	}
	tx->npdus = 0;
	tcmi_quota_give(conn, tx->pdu_bytes);
	tx->pdu_bytes = 0;
}
