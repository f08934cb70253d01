// SPDX-License-Identifier: GPL-2.0
/*
 * The data of a write: where they go, what is asked for, and when all have come. Pages may
 * come from core later than the command, and data of a held command earlier than its turn.
 */
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <scsi/scsi_proto.h>
#include "cmd.h"

static void tcmi_cmd_execute(struct tcmi_cmd *cmd)
{
	list_del_init(&cmd->entry);
	cmd->state = TCMI_CMD_IN_CORE;
	set_bit(TCMI_CMD_EXECUTED, &cmd->flags);
	if (!tcmi_reserve_hold(cmd->conn, cmd))
		tcmi_submit_later(cmd->conn, cmd);
}

static unsigned long tcmi_data_timeout(const struct tcmi_conn *conn)
{
	const struct tcmi_acl *acl = to_tcmi_acl(conn->sess->se_sess->se_node_acl);

	return HZ * READ_ONCE(acl->attrib.dataout_timeout) *
	       READ_ONCE(acl->attrib.dataout_timeout_retries);
}

static void tcmi_cmd_data_timer(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	cmd->deadline = jiffies + tcmi_data_timeout(conn);
}

/* Some R2T, or some other write's data, is on its way: a slow network, not a silent peer. */
static bool tcmi_data_flows(const struct tcmi_conn *conn, const struct tcmi_cmd *cmd)
{
	unsigned long since = jiffies - tcmi_data_timeout(conn);

	if (!list_empty(&cmd->txe.entry) || conn->tx.bytes)
		return true;
	if (conn->rx.cmd && conn->rx.req.opcode == ISCSIP_OP_DATA_OUT)
		return time_after(conn->last_rx, since);
	return conn->last_data && time_after(conn->last_data, since);
}

#define TCMI_DATA_MOST		8	/* times the timeout, for a write that others overtake */

/**
 * tcmi_data_overdue() - should data have come for a write?
 * @conn: the connection; its thread calls
 * @cmd: state WAIT_DATA
 */
bool tcmi_data_overdue(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	if (!cmd->deadline || !time_after(jiffies, cmd->deadline))
		return false;
	if (!tcmi_data_flows(conn, cmd) ||
	    time_after(jiffies, cmd->born + TCMI_DATA_MOST * tcmi_data_timeout(conn)))
		return true;
	tcmi_cmd_data_timer(conn, cmd);
	return false;
}

/* Data has arrived, or pages have: execute, or ask for what is missing. */
static void tcmi_cmd_more(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	if (conn->rx.cmd == cmd || cmd->state != TCMI_CMD_WAIT_DATA ||
	    test_bit(TCMI_CMD_POSTED, &cmd->flags) || conn->state >= TCMI_CONN_CLOSING)
		return;
	if (iscsip_xfer_complete(&cmd->xfer)) {
		tcmi_cmd_execute(cmd);
		return;
	}
	tcmi_cmd_data_timer(conn, cmd);
	if (!cmd->xfer.unsolicited)
		tcmi_tx_r2t(conn, cmd);
}

/**
 * tcmi_cmd_free_held() - early data of a command has its place, or is not wanted
 * @conn: the connection; its thread calls
 * @cmd: the command, into which nothing is received now
 */
void tcmi_cmd_free_held(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	conn->held_bytes -= cmd->held_len;
	tcmi_quota_give(conn, cmd->held_len);
	cmd->held_len = 0;
	if (cmd->held_sgl)
		sgl_free(cmd->held_sgl);
	cmd->held_sgl = NULL;
}

static void tcmi_cmd_unhold_data(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	/* data comes in order, and the rest of the pages is nobody's */
	u32 left = min3(cmd->held_len, cmd->xfer.received, cmd->se_cmd.data_length);
	u32 done = 0;
	struct scatterlist *from;

	for (from = cmd->held_sgl; from && done < left; from = sg_next(from))
		done += sg_pcopy_from_buffer(cmd->se_cmd.t_data_sg, cmd->se_cmd.t_data_nents,
					     sg_virt(from), min(left - done, from->length),
					     done);
	tcmi_cmd_free_held(conn, cmd);
}

/**
 * tcmi_cmd_buffer() - core may have the pages of a write by now
 * @conn: the connection; its thread calls
 * @cmd: the write, on conn->wait_data
 */
void tcmi_cmd_buffer(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	if (!test_bit(TCMI_CMD_BUF_READY, &cmd->flags) || cmd->state == TCMI_CMD_WAIT_DATA)
		return;
	/* held data is still being received into pages of its own */
	if (cmd->held_sgl && conn->rx.cmd == cmd)
		return;
	smp_rmb();	/* pairs with tcmi_write_pending() */
	conn->wait_buf--;
	cmd->state = TCMI_CMD_WAIT_DATA;
	if (cmd->held_sgl)
		tcmi_cmd_unhold_data(conn, cmd);
	if (test_bit(TCMI_CMD_ABORTED, &cmd->flags)) {
		tcmi_cmd_abort_waiting(conn, cmd);
		return;
	}
	if (unlikely(cmd->unlinked)) {
		tcmi_cmd_fail(cmd, TCM_NON_EXISTENT_LUN);
		return;
	}
	tcmi_cmd_data_timer(conn, cmd);
	tcmi_cmd_more(conn, cmd);
}

/**
 * tcmi_cmd_go_on() - look for commands whose pages have come in the meantime
 * @conn: the connection; its thread calls
 *
 * Only where the administrator made the backstore submit from core's workqueue.
 */
void tcmi_cmd_go_on(struct tcmi_conn *conn)
{
	struct tcmi_cmd *cmd, *next;

	if (!conn->wait_buf)
		return;
	list_for_each_entry_safe(cmd, next, &conn->wait_data, entry)
		tcmi_cmd_buffer(conn, cmd);
}

/**
 * tcmi_cmd_rx_dest() - say where the payload being received goes
 * @conn: the connection; its thread calls, with rx.cmd set
 */
void tcmi_cmd_rx_dest(struct tcmi_conn *conn)
{
	struct tcmi_rx *rx = &conn->rx;
	struct tcmi_cmd *cmd = rx->cmd;
	u32 offset = 0;

	if (rx->req.opcode == ISCSIP_OP_DATA_OUT)
		offset = rx->req.data_out.offset;
	if (cmd->held_sgl) {
		if (offset + rx->left <= cmd->held_len)
			tcmi_rx_sg(conn, cmd->held_sgl, offset, rx->left);
	} else if (cmd->state == TCMI_CMD_WAIT_DATA) {
		if (offset + rx->left <= cmd->se_cmd.data_length)
			tcmi_rx_sg(conn, cmd->se_cmd.t_data_sg, offset, rx->left);
	}
}

/* ---- the rest: Data-Out for a write that has ended ---- */

/**
 * tcmi_data_expect_rest() - data may come for a write that has been forgotten
 * @conn: the connection; its thread calls
 * @itt: the write's; what comes for it is taken in silence
 */
void tcmi_data_expect_rest(struct tcmi_conn *conn, u32 itt)
{
	conn->drain_itt[conn->drain_next++ % TCMI_DRAIN_RING] = itt;
	conn->drain_count++;
}

static bool tcmi_data_forgotten(const struct tcmi_conn *conn, u32 itt)
{
	u32 i, n = min_t(u32, conn->drain_count, TCMI_DRAIN_RING);

	for (i = 0; i < n; i++)
		if (conn->drain_itt[i] == itt)
			return true;
	return false;
}

/*
 * The answer to a write waits for the last Data-Out that is on its way (11.4.2, 11.17.1), and
 * so does the answer to the set or reset that has ended it (4.2.3.3 a, 11.5.1).
 */
static bool tcmi_data_holds_answer(struct tcmi_conn *conn, const struct tcmi_cmd *cmd)
{
	/* core aborts it for another nexus, and waits until we have let go of it */
	if (tcmi_conn_mute(conn) || READ_ONCE(cmd->se_cmd.transport_state) & CMD_T_ABORTED)
		return false;
	if (test_bit(TCMI_CMD_SILENT, &cmd->flags))
		return test_bit(TCMI_CMD_TRAILS, &cmd->flags);
	return cmd->se_cmd.scsi_status != SAM_STAT_TASK_ABORTED;
}

/**
 * tcmi_data_trail() - does the end of a command wait for the rest of its data?
 * @conn: the connection; its thread calls
 * @cmd: a SCSI command, over but for its answer
 * Return: true if it does, for TCMI_PATIENCE at most.
 */
bool tcmi_data_trail(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	if (!tcmi_cmd_is_write(cmd) || !iscsip_xfer_owed(&cmd->xfer))
		return false;
	if (!tcmi_data_holds_answer(conn, cmd)) {
		tcmi_data_expect_rest(conn, cmd->itt);
		return false;
	}
	cmd->state = TCMI_CMD_TRAILING;
	list_del_init(&cmd->txe.entry);	/* it asks for no more */
	cmd->deadline = jiffies + TCMI_PATIENCE;
	list_add_tail(&cmd->entry, &conn->trailing);
	tcmi_tmf_back(conn, cmd);
	return true;
}

/**
 * tcmi_data_trail_end() - a command does not wait for the rest of its data any more
 * @conn: the connection; its thread calls
 * @cmd: state TRAILING; may be gone afterwards
 */
void tcmi_data_trail_end(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	list_del_init(&cmd->entry);
	if (iscsip_xfer_owed(&cmd->xfer))
		tcmi_data_expect_rest(conn, cmd->itt);
	tcmi_cmd_over(conn, cmd);
}

/**
 * tcmi_data_trail_tick() - commands whose rest does not come are over
 * @conn: the connection; its thread calls
 */
void tcmi_data_trail_tick(struct tcmi_conn *conn)
{
	struct tcmi_cmd *cmd, *next;

	list_for_each_entry_safe(cmd, next, &conn->trailing, entry)
		if (time_after_eq(jiffies, cmd->deadline))
			tcmi_data_trail_end(conn, cmd);
}

/**
 * tcmi_data_rest() - a Data-Out of a write that has ended is here, to its last byte
 * @conn: the connection; its thread calls
 */
void tcmi_data_rest(struct tcmi_conn *conn)
{
	struct tcmi_cmd *cmd = tcmi_cmd_find(conn, conn->rx.req.itt);

	if (!cmd || !tcmi_cmd_is_write(cmd) || !test_bit(TCMI_CMD_POSTED, &cmd->flags))
		return;
	iscsip_xfer_rest(&cmd->xfer, &conn->rx.req);
	if (cmd->state == TCMI_CMD_TRAILING && !iscsip_xfer_owed(&cmd->xfer))
		tcmi_data_trail_end(conn, cmd);
}

/* ---- Data-Out ---- */

static void tcmi_data_out_fail(struct tcmi_cmd *cmd, enum iscsip_condition cond)
{
	static const sense_reason_t reasons[] = {
		[ISCSIP_COND_UNSOLICITED] = TCM_UNEXPECTED_UNSOLICITED_DATA,
		[ISCSIP_COND_AMOUNT] = TCM_INCORRECT_AMOUNT_OF_DATA,
		[ISCSIP_COND_CRC] = TCM_SERVICE_CRC_ERROR,
	};
	u8 *sense = cmd->sense;

	tcmi_cmd_fail(cmd, reasons[cond]);
	/* 11.4.7.2 has one key for all; nobody sends it before we return */
	sense[(sense[0] & 0x7f) < 0x72 ? 2 : 1] = ABORTED_COMMAND;
}

/**
 * tcmi_data_out_refuse() - a Data-Out is rejected: its task ends, too (7.3, 11.17.1)
 * @conn: the connection; its thread calls
 * @req: the decoded header
 * @v: why; a Reject
 * Return: @v, or DROP where the task can't be answered yet.
 */
struct iscsip_verdict tcmi_data_out_refuse(struct tcmi_conn *conn,
					   const struct iscsip_req *req,
					   struct iscsip_verdict v)
{
	struct tcmi_cmd *cmd = tcmi_cmd_find(conn, req->itt);

	if (!cmd || !tcmi_cmd_is_write(cmd))
		return v;
	conn->rx.rest = true;
	if (test_bit(TCMI_CMD_POSTED, &cmd->flags))
		return v;
	if (cmd->state != TCMI_CMD_WAIT_DATA)
		return ISCSIP_VERDICT_DROP(v.why);
	tcmi_data_out_fail(cmd, iscsip_xfer_condition(&cmd->xfer, req));
	return v;
}

/**
 * tcmi_data_out_header() - a Data-Out has arrived (11.7)
 * @conn: the connection; its thread calls
 * @req: the decoded header
 *
 * Data for a command that ended early (aborted, refused) is drained in silence.
 * Data that breaks the rules is rejected, and its command ends (11.17).
 */
struct iscsip_verdict tcmi_data_out_header(struct tcmi_conn *conn,
					   const struct iscsip_req *req)
{
	struct tcmi_cmd *cmd = tcmi_cmd_find(conn, req->itt);
	struct iscsip_verdict v;

	if (!cmd || !tcmi_cmd_is_write(cmd)) {
		if (!cmd && tcmi_data_forgotten(conn, req->itt))
			return ISCSIP_VERDICT_IGNORE("data of a command that is over");
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_INVALID_FIELD, "no such write");
	}
	if (test_bit(TCMI_CMD_POSTED, &cmd->flags)) {
		conn->rx.rest = true;
		return ISCSIP_VERDICT_IGNORE("data of a command that is over");
	}
	v = iscsip_xfer_data_out(&cmd->xfer, req);
	if (!v.action && req->ttt != ISCSIP_TAG_RESERVED && req->lun != cmd->lun)
		v = ISCSIP_VERDICT_REJECT(ISCSIP_REJ_INVALID_FIELD, "Data-Out for another LUN");
	if (v.action == ISCSIP_REJECT)
		return tcmi_data_out_refuse(conn, req, v);
	if (!v.action)
		conn->rx.cmd = cmd;
	return v;
}

/**
 * tcmi_cmd_payload() - the payload for rx.cmd is complete
 * @conn: the connection; its thread calls
 * @digest_ok: it is also intact
 * Return: 0, or a negative error: close.
 */
int tcmi_cmd_payload(struct tcmi_conn *conn, bool digest_ok)
{
	struct tcmi_cmd *cmd = conn->rx.cmd;

	conn->rx.cmd = NULL;
	if (test_bit(TCMI_CMD_POSTED, &cmd->flags)) {
		/* as if it never came, though core has refused it already */
		if (!digest_ok && conn->rx.req.opcode == ISCSIP_OP_SCSI_CMD)
			set_bit(TCMI_CMD_SILENT, &cmd->flags);
		else if (conn->rx.req.opcode == ISCSIP_OP_DATA_OUT)
			tcmi_data_rest(conn);
		return 0;
	}
	if (!digest_ok) {
		/*
		 * 11.17.1: rejected already. A command is as if it never came; Data-Out
		 * ends its task with a proper response.
		 */
		if (cmd->state != TCMI_CMD_WAIT_DATA) {
			tcmi_conn_log(conn, "data digest error in data ahead of their turn");
			return -EPROTO;
		}
		if (conn->rx.req.opcode == ISCSIP_OP_SCSI_CMD) {
			tcmi_cmd_abort_waiting(conn, cmd);
		} else {
			iscsip_xfer_rest(&cmd->xfer, &conn->rx.req);
			tcmi_cmd_fail(cmd, TCM_SERVICE_CRC_ERROR);
		}
		return 0;
	}
	if (conn->rx.req.opcode == ISCSIP_OP_DATA_OUT) {
		iscsip_xfer_data_done(&cmd->xfer, &conn->rx.req);
		conn->last_data = jiffies;
	}
	tcmi_cmd_buffer(conn, cmd);
	tcmi_cmd_more(conn, cmd);
	return 0;
}
