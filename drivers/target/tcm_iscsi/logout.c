// SPDX-License-Identifier: GPL-2.0
/*
 * Logout (11.14, 11.15) and the Async Message that asks for it (11.9).
 */
#include <linux/module.h>
#include "cmd.h"

#define TCMI_ANSWER_TIMEOUT	(30 * HZ)	/* for the initiator to take our answer */
#define TCMI_ASK_SECONDS	1	/* Parameter3 of "target requests logout" */

static u8 tcmi_logout_response(struct tcmi_conn *conn, const struct iscsip_req *req)
{
	switch (req->logout.reason) {
	case ISCSIP_LOGOUT_SESSION:
		return ISCSIP_LOGOUT_OK;
	case ISCSIP_LOGOUT_CONN:
		return req->logout.cid == conn->cid ? ISCSIP_LOGOUT_OK : ISCSIP_LOGOUT_NO_CID;
	default:
		/* needs ErrorRecoveryLevel 2 */
		return ISCSIP_LOGOUT_NO_RECOVERY;
	}
}

/**
 * tcmi_logout_header() - a Logout Request has arrived
 * @conn: the connection; its thread calls
 * @req: the decoded header
 *
 * With the answer on its way nothing more is read; the teardown ends what is
 * still running.
 */
struct iscsip_verdict tcmi_logout_header(struct tcmi_conn *conn, const struct iscsip_req *req)
{
	struct iscsip_verdict v;
	struct tcmi_pdu *pdu;

	/* 4.3: only "close the session" is accepted there */
	if (conn->phase == ISCSIP_PHASE_DISCOVERY && req->logout.reason != ISCSIP_LOGOUT_SESSION)
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_PROTOCOL,
					     "logout reason not for a discovery session");
	if (req->logout.reason > ISCSIP_LOGOUT_RECOVERY)
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_INVALID_FIELD, "unknown logout reason");
	v = tcmi_window_answer(conn, req);
	if (v.action || (!req->immediate && conn->rx.held))
		return v;
	pdu = tcmi_pdu_new(ISCSIP_OP_LOGOUT_RSP, NULL, 0);
	if (!pdu)
		return ISCSIP_VERDICT_DROP("out of memory");
	pdu->itt = req->itt;
	pdu->code = tcmi_logout_response(conn, req);
	pdu->own_statsn = true;
	if (pdu->code == ISCSIP_LOGOUT_OK) {
		pdu->close_after = true;
		pdu->p1 = conn->sess->params.default_time2wait;
		/* no login joins the session from here on */
		tcmi_sess_unpublish(conn->sess);
		tcmi_conn_set_state(conn, TCMI_CONN_LOGOUT);
		/* the teardown may be half a minute away, and others may wait for them */
		tcmi_cmd_fail_all(conn);
		conn->logout_asked = false;
		conn->logout_deadline = 0;	/* set when the answer is out */
		conn->login_deadline = jiffies + TCMI_ANSWER_TIMEOUT;
		if (conn->sess->tpg && req->logout.reason == ISCSIP_LOGOUT_SESSION)
			atomic_inc(&conn->sess->tpg->wwn->stats.normal_logouts);
		else if (conn->sess->tpg)
			atomic_inc(&conn->sess->tpg->wwn->stats.abnormal_logouts);
	}
	tcmi_tx_pdu(conn, pdu);
	return v;
}

/**
 * tcmi_logout_ask() - ask the initiator to log out, with a deadline (11.9.1)
 * @conn: the connection; its thread calls
 */
void tcmi_logout_ask(struct tcmi_conn *conn)
{
	struct tcmi_pdu *pdu;

	if (conn->logout_asked)
		return;
	pdu = tcmi_pdu_new(ISCSIP_OP_ASYNC, NULL, 0);
	if (!pdu) {
		tcmi_conn_close(conn, "out of memory");
		return;
	}
	pdu->code = ISCSIP_ASYNC_REQUEST_LOGOUT;
	pdu->itt = ISCSIP_TAG_RESERVED;
	pdu->p3 = TCMI_ASK_SECONDS;
	pdu->own_statsn = true;
	conn->logout_asked = true;
	conn->logout_deadline = jiffies + TCMI_ASK_SECONDS * HZ;
	tcmi_tx_pdu(conn, pdu);
}

/**
 * tcmi_logout_announce() - tell the initiator that we drop its session (11.9.1)
 * @conn: the connection; its thread calls, and sends once more afterwards
 */
void tcmi_logout_announce(struct tcmi_conn *conn)
{
	struct tcmi_pdu *pdu = tcmi_pdu_new(ISCSIP_OP_ASYNC, NULL, 0);

	if (!pdu)
		return;
	pdu->code = ISCSIP_ASYNC_DROP_SESSION;
	pdu->itt = ISCSIP_TAG_RESERVED;
	pdu->p2 = conn->sess->params.default_time2wait;
	pdu->own_statsn = true;
	tcmi_tx_pdu(conn, pdu);
}
