// SPDX-License-Identifier: GPL-2.0
/*
 * CmdSN order (4.2.2.1): what is in order starts, what is early is held until
 * the gap closes, what is outside the window is ignored.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include "cmd.h"

/**
 * tcmi_window_enter() - where does this request stand in the command order?
 * @conn: the connection; its thread calls
 * @req: a request that carries a CmdSN
 *
 * Changes nothing: a request that is rejected afterwards counts as not received
 * (7.3). A repeated CmdSN which is held already is outside.
 */
enum iscsip_window_verdict tcmi_window_enter(struct tcmi_conn *conn,
					     const struct iscsip_req *req)
{
	struct tcmi_sess *sess = conn->sess;
	enum iscsip_window_verdict v;
	struct tcmi_cmd *cmd;

	if (req->immediate)
		return ISCSIP_WIN_IN_ORDER;
	spin_lock(&sess->lock);
	v = iscsip_window_check(&sess->window, req->cmdsn);
	spin_unlock(&sess->lock);
	if (v == ISCSIP_WIN_GAP)
		list_for_each_entry(cmd, &conn->held, entry)
			if (cmd->cmdsn == req->cmdsn && !cmd->immediate)
				return ISCSIP_WIN_OUTSIDE;
	return v;
}

/*
 * 6.3.4: the login that takes this connection's place says what is expected next. Who joins
 * closes us under this lock: what we still have in hand is lost, and comes again there.
 */
static void tcmi_window_advance(struct tcmi_conn *conn)
{
	struct tcmi_sess *sess = conn->sess;

	spin_lock(&sess->lock);
	if (!tcmi_conn_over(conn))
		iscsip_window_advance(&sess->window);
	spin_unlock(&sess->lock);
}

/**
 * tcmi_window_pass() - a non-immediate request in order has been accepted
 * @conn: the connection; its thread calls
 * @req: the request
 *
 * With a data digest still to come it counts only once that was right, and a Text Request
 * once its keys are accepted: what is rejected has not been received (7.3, 11.17.1).
 */
void tcmi_window_pass(struct tcmi_conn *conn, const struct iscsip_req *req)
{
	if (req->immediate)
		return;
	conn->rx.pass_due = req->opcode == ISCSIP_OP_TEXT || (conn->rx.ddgst_on && req->dsl);
	if (conn->rx.pass_due)
		return;
	tcmi_window_advance(conn);
}

/**
 * tcmi_window_intact() - the payload of a request that was accepted is intact and accepted
 * @conn: the connection; its thread calls
 */
void tcmi_window_intact(struct tcmi_conn *conn)
{
	if (!conn->rx.pass_due)
		return;
	conn->rx.pass_due = false;
	tcmi_window_advance(conn);
}

/**
 * tcmi_window_hold() - keep a command until its CmdSN is due
 * @conn: the connection; its thread calls
 * @cmd: the command
 */
void tcmi_window_hold(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	struct list_head *pos;

	cmd->state = TCMI_CMD_HELD;
	list_for_each(pos, &conn->held)
		if (iscsip_sn_lt(cmd->cmdsn,
				 list_entry(pos, struct tcmi_cmd, entry)->cmdsn))
			break;
	list_add_tail(&cmd->entry, pos);
}

/**
 * tcmi_window_mark() - a CmdSN ahead of its turn needs nothing when it is due
 * @conn: the connection; its thread calls
 * @cmdsn: the number, of a task aborted before it arrived (11.5.1)
 *
 * Return: the place holder, or NULL without memory.
 */
struct tcmi_cmd *tcmi_window_mark(struct tcmi_conn *conn, u32 cmdsn)
{
	struct tcmi_cmd *cmd = tcmi_cmd_alloc(conn, GFP_KERNEL);

	if (!cmd)
		return NULL;
	cmd->cmdsn = cmdsn;
	cmd->req.opcode = ISCSIP_OP_NOP_OUT;
	tcmi_window_hold(conn, cmd);
	return cmd;
}

/**
 * tcmi_window_answer() - put a request that is no task into the order
 * @conn: the connection; its thread calls
 * @req: NOP-Out, Text or Logout
 *
 * Ahead of its turn it is held like a command: rx.held is its place holder, and
 * tcmi_window_due() answers it.
 *
 * Return: OK, or IGNORE when it is outside the window.
 */
struct iscsip_verdict tcmi_window_answer(struct tcmi_conn *conn, const struct iscsip_req *req)
{
	switch (tcmi_window_enter(conn, req)) {
	case ISCSIP_WIN_IN_ORDER:
		tcmi_window_pass(conn, req);
		break;
	case ISCSIP_WIN_GAP:
		conn->rx.held = tcmi_window_mark(conn, req->cmdsn);
		if (!conn->rx.held)
			return ISCSIP_VERDICT_DROP("out of memory");
		conn->rx.held->req = *req;
		break;
	case ISCSIP_WIN_OUTSIDE:
		return ISCSIP_VERDICT_IGNORE("outside the CmdSN window");
	}
	return ISCSIP_VERDICT_OK;
}

/* Rejected it leaves its number open, like one which came in its turn. */
static struct iscsip_verdict tcmi_window_text(struct tcmi_conn *conn, struct tcmi_cmd *cmd,
					      const struct iscsip_req *req)
{
	struct iscsip_verdict v = tcmi_text_payload(conn, req);

	if (v.action != ISCSIP_REJECT) {
		tcmi_window_advance(conn);
		return v;
	}
	cmd->pdu->code = v.code;
	tcmi_tx_pdu(conn, cmd->pdu);
	cmd->pdu = NULL;
	return ISCSIP_VERDICT_OK;
}

/**
 * tcmi_window_due() - answer a held request which is no task
 * @conn: the connection; its thread calls
 * @cmd: its place holder; ends here
 */
void tcmi_window_due(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	struct iscsip_verdict v = ISCSIP_VERDICT_OK;
	struct iscsip_req req = cmd->req;

	req.immediate = true;		/* its number is seen to */
	if (req.opcode == ISCSIP_OP_TEXT) {
		v = tcmi_window_text(conn, cmd, &req);
	} else if (cmd->pdu) {
		tcmi_nop_echo(conn, cmd->pdu);
		cmd->pdu = NULL;
	} else if (req.opcode == ISCSIP_OP_LOGOUT) {
		v = tcmi_logout_header(conn, &req);
	}
	tcmi_cmd_free_held(conn, cmd);
	tcmi_cmd_free(cmd);
	if (v.action)
		tcmi_conn_close(conn, v.why);
}

/**
 * tcmi_window_run() - start what has been held for the number that is now due
 * @conn: the connection; its thread calls, behind each PDU
 */
void tcmi_window_run(struct tcmi_conn *conn)
{
	struct tcmi_cmd *cmd;

	/* one of them may be a Logout, which ends those behind it */
	while (!tcmi_conn_mute(conn) && !tcmi_conn_over(conn) &&
	       (cmd = list_first_entry_or_null(&conn->held, struct tcmi_cmd, entry))) {
		struct tcmi_sess *sess = conn->sess;
		bool due;

		spin_lock(&sess->lock);
		due = cmd->immediate ? !iscsip_sn_lt(sess->window.exp, cmd->cmdsn) :
				       cmd->cmdsn == sess->window.exp;
		due = due && !tcmi_conn_over(conn);	/* as in tcmi_window_advance() */
		/* a Text Request counts when its keys are accepted, an immediate PDU never */
		if (due && cmd->req.opcode != ISCSIP_OP_TEXT && !cmd->immediate)
			iscsip_window_advance(&sess->window);
		spin_unlock(&sess->lock);
		if (!due)
			return;
		/* a mark has no answer that would tell */
		set_bit(TCMI_CONN_WINDOW, &conn->flags);
		list_del_init(&cmd->entry);
		tcmi_cmd_start(conn, cmd);
	}
}

/**
 * tcmi_window_clamp() - the CmdSN of an immediate request
 * @conn: the connection; its thread calls
 * @cmdsn: as it came
 * Return: the same, or ExpCmdSN for one that the initiator cannot have come to.
 */
u32 tcmi_window_clamp(struct tcmi_conn *conn, u32 cmdsn)
{
	struct tcmi_sess *sess = conn->sess;

	spin_lock(&sess->lock);
	if (iscsip_sn_lt(sess->window.max + 1, cmdsn))
		cmdsn = sess->window.exp;
	spin_unlock(&sess->lock);
	return cmdsn;
}

/**
 * tcmi_window_lacks() - are requests before this one still to come?
 * @conn: the connection; its thread calls
 * @cmdsn: CmdSN of an immediate request
 */
bool tcmi_window_lacks(struct tcmi_conn *conn, u32 cmdsn)
{
	struct tcmi_sess *sess = conn->sess;
	bool lacks;

	spin_lock(&sess->lock);
	lacks = iscsip_sn_lt(sess->window.exp, cmdsn);
	spin_unlock(&sess->lock);
	return lacks;
}

/**
 * tcmi_window_tick() - immediate requests do not wait for ever for those before them
 * @conn: the connection; its thread calls
 */
void tcmi_window_tick(struct tcmi_conn *conn)
{
	struct tcmi_cmd *cmd;

restart:
	if (tcmi_conn_mute(conn) || tcmi_conn_over(conn))
		return;
	list_for_each_entry(cmd, &conn->held, entry)
		if (cmd->immediate && time_after_eq(jiffies, cmd->deadline)) {
			list_del_init(&cmd->entry);
			tcmi_cmd_start(conn, cmd);
			goto restart;
		}
}

/**
 * tcmi_window_numbers() - ExpCmdSN and MaxCmdSN for the PDU being encoded
 * @conn: the connection; its thread calls
 * @sn: gets both
 */
void tcmi_window_numbers(struct tcmi_conn *conn, struct iscsip_sn *sn)
{
	struct tcmi_sess *sess = conn->sess;

	if (!sess) {
		tcmi_login_numbers(conn, sn);
		return;
	}
	if (test_bit(TCMI_CONN_WINDOW, &conn->flags))
		clear_bit(TCMI_CONN_WINDOW, &conn->flags);
	spin_lock(&sess->lock);
	sn->expcmdsn = sess->window.exp;
	sn->maxcmdsn = iscsip_window_max(&sess->window);
	spin_unlock(&sess->lock);
	conn->max_told = sn->maxcmdsn;
}

/**
 * tcmi_window_tell() - the window has opened, and nothing that is sent says so (11.4.11)
 * @conn: the connection; its thread calls, behind its look at the send queue
 *
 * Only what the initiator takes for closed: in an open window it goes on by itself, and
 * the next answer says the rest.
 *
 * Return: true if there is something to send now.
 */
bool tcmi_window_tell(struct tcmi_conn *conn)
{
	struct tcmi_sess *sess = conn->sess;
	struct tcmi_pdu *pdu;
	bool shut;

	if (conn->state != TCMI_CONN_FULL || !list_empty(&conn->tx.queue))
		return false;
	spin_lock(&sess->lock);
	shut = iscsip_window_seems_shut(&sess->window, conn->max_told);
	spin_unlock(&sess->lock);
	pdu = shut ? tcmi_pdu_new(ISCSIP_OP_NOP_IN, NULL, 0) : NULL;
	if (!pdu)
		return false;
	clear_bit(TCMI_CONN_WINDOW, &conn->flags);
	pdu->itt = ISCSIP_TAG_RESERVED;
	tcmi_tx_pdu(conn, pdu);
	return true;
}

/**
 * tcmi_window_opened() - an ended connection has given its slots back
 * @sess: its session, which may go on with another connection
 */
void tcmi_window_opened(struct tcmi_sess *sess)
{
	struct tcmi_conn *conn;

	spin_lock(&sess->lock);
	list_for_each_entry(conn, &sess->conns, sess_entry) {
		set_bit(TCMI_CONN_WINDOW, &conn->flags);
		tcmi_conn_kick(conn);
	}
	spin_unlock(&sess->lock);
}
