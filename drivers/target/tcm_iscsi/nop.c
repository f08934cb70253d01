// SPDX-License-Identifier: GPL-2.0
/*
 * NOP-Out and NOP-In (11.18, 11.19): the initiator's ping is echoed, ours keeps
 * an eye on a silent connection.
 */
#include <linux/module.h>
#include "cmd.h"

/* Return: false if there is no such ping. */
static bool tcmi_nop_answered(struct tcmi_conn *conn, const struct iscsip_req *req)
{
	if (req->ttt == ISCSIP_TAG_RESERVED)
		return true;	/* only tells ExpStatSN, or is a ping */
	if (req->ttt != conn->nop_ttt)
		return false;
	conn->nop_ttt = ISCSIP_TAG_RESERVED;
	conn->nop_deadline = 0;
	return true;
}

/**
 * tcmi_nop_header() - a NOP-Out has arrived
 * @conn: the connection; its thread calls
 * @req: the decoded header
 *
 * Ping data is received straight into the pages of its echo. What doesn't fit
 * into the initiator's MaxRecvDataSegmentLength is cut off (11.19.2).
 */
struct iscsip_verdict tcmi_nop_header(struct tcmi_conn *conn, const struct iscsip_req *req)
{
	struct tcmi_rx *rx = &conn->rx;
	struct iscsip_verdict v;

	/* 4.3: only Text and Logout are served there */
	if (conn->phase == ISCSIP_PHASE_DISCOVERY)
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_PROTOCOL,
					     "NOP-Out on a discovery session");
	v = tcmi_window_answer(conn, req);
	if (v.action)
		return v;
	/* 11.18.1: an answer to our ping may be one, too, and is echoed then */
	if (!tcmi_nop_answered(conn, req) && req->itt == ISCSIP_TAG_RESERVED)
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_INVALID_FIELD, "no such ping");
	if (req->itt == ISCSIP_TAG_RESERVED)
		return v;
	if (rx->held && !tcmi_cmd_hold_room(conn, rx->held, req->dsl))
		return ISCSIP_VERDICT_DROP("too much data ahead of its turn");
	rx->pdu = tcmi_pdu_new(ISCSIP_OP_NOP_IN, NULL, req->dsl);
	if (!rx->pdu)
		return ISCSIP_VERDICT_DROP("out of memory");
	rx->pdu->itt = req->itt;
	rx->pdu->own_statsn = true;
	if (req->dsl)
		tcmi_rx_sg(conn, rx->pdu->sgl, 0, req->dsl);
	return v;
}

/**
 * tcmi_nop_echo() - answer a ping
 * @conn: the connection; its thread calls
 * @pdu: the echo with the data that came
 */
void tcmi_nop_echo(struct tcmi_conn *conn, struct tcmi_pdu *pdu)
{
	pdu->len = min(pdu->len, conn->params.mrdsl_remote);
	tcmi_tx_pdu(conn, pdu);
}

static void tcmi_nop_ping(struct tcmi_conn *conn)
{
	struct tcmi_pdu *pdu = tcmi_pdu_new(ISCSIP_OP_NOP_IN, NULL, 0);

	if (!pdu)
		return;		/* the next tick tries again */
	pdu->itt = ISCSIP_TAG_RESERVED;
	pdu->ttt = conn->next_ttt;
	if (++conn->next_ttt == ISCSIP_TAG_RESERVED)
		conn->next_ttt = 0;
	conn->nop_ttt = pdu->ttt;
	tcmi_tx_pdu(conn, pdu);
	tcmi_conn_kick(conn);
}

/**
 * tcmi_nop_sent() - TCP has taken a NOP-In
 * @conn: the connection; its thread calls
 * @pdu: the NOP-In; the time for the answer begins if it is our ping
 *
 * On a slow link much data may have been before it.
 */
void tcmi_nop_sent(struct tcmi_conn *conn, const struct tcmi_pdu *pdu)
{
	const struct tcmi_acl *acl;

	/* the answer may be quicker than the rest of the batch */
	if (pdu->ttt == ISCSIP_TAG_RESERVED || pdu->ttt != conn->nop_ttt)
		return;
	acl = to_tcmi_acl(conn->sess->se_sess->se_node_acl);
	conn->nop_deadline = jiffies + READ_ONCE(acl->attrib.nopin_response_timeout) * HZ;
}

/* Pings and other requests may come all the same, but who takes no answers is gone. */
static bool tcmi_nop_deaf(const struct tcmi_conn *conn, const struct tcmi_acl *acl)
{
	u32 seconds = READ_ONCE(acl->attrib.nopin_timeout) +
		      READ_ONCE(acl->attrib.nopin_response_timeout);

	return conn->tx.blocked && time_after(jiffies, conn->tx.took + seconds * HZ);
}

/**
 * tcmi_nop_timeout() - an initiator has said nothing for too long, or not what it owes
 * @conn: the connection, of a normal session; its thread calls
 * @why: constant text
 */
void tcmi_nop_timeout(struct tcmi_conn *conn, const char *why)
{
	conn->sess->timeout_errors++;
	tcmi_stats_sess_fail(conn->sess->tpg->wwn, TCMI_SESS_FAIL_TIMEOUT,
			     conn->sess->initiator_name);
	tcmi_conn_log(conn, why);
	tcmi_conn_drop(conn, why);
}

/**
 * tcmi_nop_tick() - ping a connection that has been silent, end one that is dead
 * @conn: the connection; its thread calls
 *
 * Any bytes count as a sign of life, so a busy connection is never pinged.
 *
 * Return: when to look again in jiffies, 0 for never.
 */
unsigned long tcmi_nop_tick(struct tcmi_conn *conn)
{
	struct tcmi_acl *acl;
	u32 interval;

	if (conn->phase != ISCSIP_PHASE_FULL)
		return 0;
	acl = to_tcmi_acl(conn->sess->se_sess->se_node_acl);
	interval = READ_ONCE(acl->attrib.nopin_timeout);
	if (interval && tcmi_nop_deaf(conn, acl)) {
		tcmi_nop_timeout(conn, "it takes no answers");
		return 0;
	}
	if (conn->nop_deadline) {
		if (time_before(jiffies, conn->nop_deadline))
			return conn->nop_deadline;
		if (time_before(jiffies, conn->last_rx +
				READ_ONCE(acl->attrib.nopin_response_timeout) * HZ)) {
			/* alive, if not answering: wait for the silence */
			conn->nop_deadline = conn->last_rx +
				READ_ONCE(acl->attrib.nopin_response_timeout) * HZ;
			return conn->nop_deadline;
		}
		tcmi_nop_timeout(conn, "no answer to NOP-In");
		return 0;
	}
	/* pings may be switched on at any time; one may wait to be sent */
	if (!interval || conn->nop_ttt != ISCSIP_TAG_RESERVED)
		return jiffies + HZ;
	conn->nop_due = conn->last_rx + interval * HZ;
	if (time_before(jiffies, conn->nop_due))
		return time_before(conn->nop_due, jiffies + HZ * 5) ? conn->nop_due :
		       jiffies + HZ * 5;
	tcmi_nop_ping(conn);
	return jiffies + HZ;
}
