// SPDX-License-Identifier: GPL-2.0
/*
 * Login (6.3, 11.12, 11.13): the pure stage machine decides what is said, this
 * file what it is said about. Nothing is made for an initiator before it has
 * proved itself: no session, no ACL, no tag.
 */
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include "tcm_iscsi.h"

#define TCMI_LOGIN_TIMEOUT	15	/* seconds until the portal group is known */
#define TCMI_LOGIN_RSP_MAX	ISCSIP_MRDSL_DEFAULT
/* the answers that are made: to known keys, and "NotUnderstood" to others, at most */
#define TCMI_LOGIN_KNOWN	4096
#define TCMI_LOGIN_GROWTH	6
#define TCMI_LOGIN_OUT_MAX	(48 * 1024)

/*
 * struct tcmi_login - what a login needs, freed at its end
 */
struct tcmi_login {
	struct iscsip_login l;
	struct tcmi_tpg *tpg;		/* ref, once a normal session's target was named */
	const void *endpoint;		/* what the session is found by; identity only */
	u32 expcmdsn;			/* of the session that it joins */
	u32 maxcmdsn;
	bool located;
	bool refused;
	u8 *text;			/* ISCSIP_LOGIN_TEXT_MAX, at the first need */
	u32 text_len;
	struct iscsip_out out;		/* kvmalloc()ed buf: an answer until it is given out */
	u32 out_pos;
	bool final;			/* T of the request that it answers */
};

/**
 * tcmi_login_begin() - prepare for the first Login Request
 * @conn: the connection, not yet running
 * Return: 0 or -ENOMEM.
 */
int tcmi_login_begin(struct tcmi_conn *conn)
{
	conn->login = kzalloc(sizeof(*conn->login), GFP_KERNEL);
	if (!conn->login)
		return -ENOMEM;
	iscsip_login_init(&conn->login->l, &tcmi_hash_ops);
	conn->phase = ISCSIP_PHASE_LOGIN;
	iscsip_params_default(&conn->params);
	conn->statsn = get_random_u32();
	conn->login_deadline = conn->accepted + TCMI_LOGIN_TIMEOUT * HZ;
	return 0;
}

static void tcmi_login_forget(struct tcmi_conn *conn)
{
	struct tcmi_login *login = conn->login;

	if (!login)
		return;
	conn->login = NULL;
	if (login->tpg)
		tcmi_tpg_put(login->tpg);
	kvfree_sensitive(login->text, login->text ? ISCSIP_LOGIN_TEXT_MAX : 0);
	kvfree(login->out.buf);
	kfree_sensitive(login);
}

static void tcmi_login_succeeded(struct tcmi_conn *conn)
{
	if (conn->phase == ISCSIP_PHASE_DISCOVERY)
		tcmi_caller_discovers(conn->caller);
	else
		tcmi_caller_login_over(conn->caller, false);
	tcmi_login_forget(conn);
}

/**
 * tcmi_login_end() - the connection ends; forget the login that it may be in, secrets first
 * @conn: the connection
 */
void tcmi_login_end(struct tcmi_conn *conn)
{
	struct tcmi_login *login = conn->login;

	tcmi_caller_login_over(conn->caller, conn->phase == ISCSIP_PHASE_LOGIN &&
			       login && !login->refused);
	tcmi_login_forget(conn);
}

/* Who is trying to log in, for a log line */
static const char *tcmi_login_name(struct tcmi_conn *conn)
{
	if (conn->sess)
		return conn->sess->initiator_name;
	return conn->login && *conn->login->l.initiator_name ?
	       conn->login->l.initiator_name : "(unnamed)";
}

/**
 * tcmi_login_started() - has there been a Login Request already?
 * @conn: the connection
 */
bool tcmi_login_started(const struct tcmi_conn *conn)
{
	return conn->login && conn->login->l.started;
}

/**
 * tcmi_login_numbers() - ExpCmdSN and MaxCmdSN of a Login Response without a session
 * @conn: the connection; its thread calls
 * @sn: gets both
 *
 * 11.12.8: the number that a leading login begins with is the next one expected. Of a session
 * that is there it is not: what came before it may have got lost (4.2.2.1).
 */
void tcmi_login_numbers(const struct tcmi_conn *conn, struct iscsip_sn *sn)
{
	const struct tcmi_login *login = conn->login;

	if (!tcmi_login_started(conn)) {
		sn->expcmdsn = conn->rx.req.cmdsn;
		sn->maxcmdsn = conn->rx.req.cmdsn;
	} else if (login->l.tsih && login->located) {
		sn->expcmdsn = login->expcmdsn;
		sn->maxcmdsn = login->maxcmdsn;
	} else {
		sn->expcmdsn = login->l.cmdsn;
		sn->maxcmdsn = login->l.cmdsn;
	}
}

static enum tcmi_login_fail tcmi_login_fail_type(u16 status)
{
	switch (status) {
	case ISCSIP_LOGIN_AUTH_FAILED:
		return TCMI_FAIL_AUTHENTICATE;
	case ISCSIP_LOGIN_FORBIDDEN:
		return TCMI_FAIL_AUTHORIZE;
	case ISCSIP_LOGIN_INITIATOR_ERROR:
	case ISCSIP_LOGIN_MISSING_PARAM:
		return TCMI_FAIL_NEGOTIATE;
	default:
		return TCMI_FAIL_OTHER;
	}
}

/*
 * 11.12: one task tag, ISID and TSIH for all of a login, so what its first request said
 * holds; the present one may say other things, or be no Login Request at all.
 */
static struct tcmi_pdu *tcmi_login_pdu(struct tcmi_conn *conn, const struct iscsip_req *req,
				       const void *text, u32 len)
{
	struct tcmi_pdu *pdu = tcmi_pdu_new(ISCSIP_OP_LOGIN_RSP, text, len);
	bool started = tcmi_login_started(conn);

	if (!pdu)
		return NULL;
	pdu->itt = started ? conn->login->l.itt : req->itt;
	memcpy(pdu->isid, started ? conn->login->l.isid : req->login.isid, ISCSIP_ISID_LEN);
	pdu->p1 = started ? conn->login->l.tsih : req->login.tsih;
	pdu->final = false;
	pdu->own_statsn = true;
	return pdu;
}

/* Into statistics, table and log. Return: jiffies that the answer has to wait. */
static u32 tcmi_login_refused(struct tcmi_conn *conn, u16 status, const char *why)
{
	struct tcmi_login *login = conn->login;
	u32 delay;

	if (!login) {
		tcmi_refusal_note(conn, tcmi_login_name(conn), "", status, why);
		return 0;
	}
	login->refused = true;
	delay = tcmi_refusal_note(conn, login->l.initiator_name, login->l.target_name, status,
				  why);
	if (login->tpg)
		tcmi_stats_login_fail(login->tpg->wwn, tcmi_login_fail_type(status),
				      tcmi_login_name(conn), &conn->peer,
				      conn->portal->addr.ss_family);
	return delay;
}

/**
 * tcmi_login_reply() - refuse a login (11.13.5), and close when that is sent
 * @conn: the connection; its thread calls
 * @req: the request that is refused
 * @status: class and detail
 * @why: constant text
 * Return: 0, or a negative error: close at once.
 */
int tcmi_login_reply(struct tcmi_conn *conn, const struct iscsip_req *req, u16 status,
		     const char *why)
{
	u32 delay = tcmi_login_refused(conn, status, why);
	struct tcmi_pdu *pdu = tcmi_login_pdu(conn, req, NULL, 0);

	if (!pdu)
		return -ENOMEM;
	/* 6.3.1: T, CSG and NSG are reserved in it */
	pdu->status = status;
	if (delay && !tcmi_refusal_delay(conn, pdu, delay)) {
		tcmi_pdu_free(pdu);
		tcmi_conn_close(conn, "refused once more");
		return -ECONNABORTED;
	}
	pdu->close_after = true;
	tcmi_conn_set_state(conn, TCMI_CONN_LOGOUT);
	tcmi_tx_pdu(conn, pdu);
	return 0;
}

/* ---- whom and what ---- */

static void tcmi_login_list(struct iscsip_list *list, bool chap, bool none)
{
	list->n = 0;
	if (chap)
		list->item[list->n++] = ISCSIP_AUTH_CHAP;
	if (none)
		list->item[list->n++] = ISCSIP_AUTH_NONE;
}

static bool tcmi_login_list_has(const struct iscsip_list *list, u8 item)
{
	int i;

	for (i = 0; i < list->n; i++)
		if (list->item[i] == item)
			return true;
	return false;
}

static void tcmi_login_discovery(struct tcmi_login *login, struct iscsip_login_offer *offer)
{
	static const struct iscsip_list digests = {
		.n = 2, .item = { ISCSIP_DIGEST_CRC32C, ISCSIP_DIGEST_NONE },
	};

	iscsip_params_default(&offer->params);
	offer->params.mrdsl_local = ISCSIP_MRDSL_DEFAULT;
	mutex_lock(&tcmi_config_mutex);
	offer->auth_required = tcmi_discovery_enforce;
	tcmi_auth_credentials(&tcmi_discovery_auth, &offer->cred);
	mutex_unlock(&tcmi_config_mutex);
	tcmi_login_list(&offer->params.auth_methods, offer->auth_required || offer->cred.user_len,
			!offer->auth_required);
	offer->params.header_digests = digests;
	offer->params.data_digests = digests;
	offer->keys_workaround = true;
}

static struct iscsip_verdict tcmi_login_target(struct tcmi_conn *conn)
{
	struct tcmi_login *login = conn->login;
	struct iscsip_verdict v = ISCSIP_VERDICT_OK;
	struct tcmi_wwn *wwn;
	bool disabled = false;

	mutex_lock(&tcmi_config_mutex);
	wwn = tcmi_wwn_find(login->l.target_name);
	if (wwn) {
		login->tpg = tcmi_tpg_lookup(wwn, conn, &disabled);
		if (login->tpg && !login->tpg->active) {
			login->tpg = NULL;
			disabled = true;
		}
	}
	if (login->tpg) {
		tcmi_tpg_get(login->tpg);
		tcmi_caller_locates(conn->caller, login->tpg);
	} else if (disabled) {
		v = ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_UNAVAILABLE, "portal group is disabled");
	} else if (wwn) {
		v = ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_NOT_FOUND, "target is not at this portal");
	} else {
		v = ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_NOT_FOUND, "no such target");
	}
	mutex_unlock(&tcmi_config_mutex);
	return v;
}

/*
 * 7.4.2.2: of a named discovery session the portal group is known, so that it is told, and
 * is part of what makes two sessions the same: an address within the group, as its own is
 * for normal sessions, which no discovery may end. Nothing else is done with the group, so
 * it's not kept; when it is deleted, who has located it is told to close.
 */
static struct iscsip_verdict tcmi_login_named(struct tcmi_conn *conn,
					      struct iscsip_login_offer *offer)
{
	struct tcmi_login *login = conn->login;
	struct iscsip_verdict v = tcmi_login_target(conn);
	struct tcmi_tpg *tpg = login->tpg;

	if (v.action)
		return v;
	offer->tpgt = tpg->tag;
	login->endpoint = &tpg->tag;
	login->tpg = NULL;
	tcmi_tpg_put(tpg);
	return v;
}

/* What the portal group and the ACL offer to this initiator. */
static void tcmi_login_normal(struct tcmi_login *login, const struct tcmi_acl *acl,
			      struct iscsip_login_offer *offer)
{
	struct tcmi_tpg *tpg = login->tpg;
	bool own = acl && !acl->se_acl.dynamic_node_acl;
	struct iscsip_list *methods = &offer->params.auth_methods;

	mutex_lock(&tcmi_config_mutex);
	offer->params = tpg->params;
	offer->auth_required = tpg->attrib.authentication;
	if (own && acl->attrib.authentication >= 0)
		offer->auth_required = acl->attrib.authentication;
	tcmi_auth_credentials(own ? &acl->auth : &tpg->auth, &offer->cred);
	strscpy(offer->alias, tpg->param_text[TCMI_PARAM_TARGET_ALIAS], sizeof(offer->alias));
	offer->keys_workaround = tpg->attrib.login_keys_workaround;
	offer->tpgt = tpg->tag;
	mutex_unlock(&tcmi_config_mutex);
	/* with authentication None is no way in; without it there must be one */
	if (offer->auth_required)
		tcmi_login_list(methods, true, false);
	else
		tcmi_login_list(methods, tcmi_login_list_has(methods, ISCSIP_AUTH_CHAP) &&
				offer->cred.user_len, true);
	/* these come with later releases; negotiated down */
	offer->params.max_connections = 1;
	offer->params.error_recovery_level = 0;
	offer->params.data_pdu_in_order = true;
	offer->params.data_sequence_in_order = true;
	offer->params.max_outstanding_r2t = min_t(u16, offer->params.max_outstanding_r2t,
						  ISCSIP_R2T_MAX);
}

static struct iscsip_verdict tcmi_login_acl(struct tcmi_conn *conn,
					    struct iscsip_login_offer *offer)
{
	struct tcmi_login *login = conn->login;
	struct tcmi_tpg *tpg = login->tpg;
	struct se_node_acl *nacl;

	/* looks only; a dynamic ACL is made with the session, after authentication */
	nacl = core_tpg_get_initiator_node_acl(&tpg->se_tpg, login->l.initiator_name);
	if (!nacl && !READ_ONCE(tpg->attrib.generate_node_acls))
		return ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_FORBIDDEN, "no ACL for this initiator");
	tcmi_login_normal(login, nacl ? to_tcmi_acl(nacl) : NULL, offer);
	if (nacl)
		target_put_nacl(nacl);
	conn->login_deadline = conn->accepted + READ_ONCE(tpg->attrib.login_timeout) * HZ;
	login->endpoint = tpg;
	return ISCSIP_VERDICT_OK;
}

static struct tcmi_sess *tcmi_login_joins(const struct tcmi_conn *conn)
{
	const struct iscsip_login *l = &conn->login->l;

	return tcmi_sess_find(conn->login->endpoint, l->initiator_name, l->isid, l->tsih);
}

/* Session-wide values were settled by the leading login; gives @sess back. */
static void tcmi_login_inherit(struct tcmi_login *login, struct iscsip_params *params,
			       struct tcmi_sess *sess)
{
	struct iscsip_params own = *params;

	spin_lock(&sess->lock);
	login->expcmdsn = sess->window.exp;
	login->maxcmdsn = iscsip_window_max(&sess->window);
	spin_unlock(&sess->lock);
	*params = sess->params;
	params->auth_methods = own.auth_methods;
	params->header_digests = own.header_digests;
	params->data_digests = own.data_digests;
	params->mrdsl_local = own.mrdsl_local;
	tcmi_sess_put(sess);
}

static struct iscsip_verdict tcmi_login_locate(struct tcmi_conn *conn)
{
	struct tcmi_login *login = conn->login;
	struct iscsip_verdict v = ISCSIP_VERDICT_OK;
	struct iscsip_login_offer *offer;
	struct tcmi_sess *sess;

	offer = kzalloc(sizeof(*offer), GFP_KERNEL);
	if (!offer)
		return ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_NO_RESOURCES, "out of memory");
	offer->leading = !login->l.tsih;
	if (login->l.type == ISCSIP_SESSION_DISCOVERY) {
		login->endpoint = conn->portal;
		tcmi_login_discovery(login, offer);
		if (*login->l.target_name)
			v = tcmi_login_named(conn, offer);
	} else {
		v = tcmi_login_target(conn);
		if (!v.action)
			v = tcmi_login_acl(conn, offer);
	}
	if (!v.action && login->l.tsih) {
		sess = tcmi_login_joins(conn);
		if (sess)
			tcmi_login_inherit(login, &offer->params, sess);
		else
			v = ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_NO_SESSION, "no such session");
	}
	if (!v.action)
		iscsip_login_offer_set(&login->l, offer);
	kfree_sensitive(offer);
	login->located = true;
	return v;
}

/* ---- the end of a login ---- */

/* Another ACL may have the name by now: it has to be the one of the session. */
static bool tcmi_login_acl_stays(struct tcmi_sess *sess)
{
	struct se_node_acl *nacl;

	nacl = core_tpg_get_initiator_node_acl(&sess->tpg->se_tpg, sess->initiator_name);
	if (nacl)
		target_put_nacl(nacl);
	return nacl == sess->se_sess->se_node_acl;
}

static struct iscsip_verdict tcmi_login_session(struct tcmi_conn *conn)
{
	struct tcmi_login *login = conn->login;
	struct iscsip_login *l = &login->l;
	struct iscsip_verdict v;
	struct tcmi_sess *sess;

	if (l->tsih) {
		sess = tcmi_login_joins(conn);
		if (!sess)
			return ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_NO_SESSION, "no such session");
	} else {
		sess = tcmi_sess_new(l->type, login->tpg, login->endpoint, l, &v);
		if (!sess)
			return v;
	}
	conn->cid = l->cid;
	v = tcmi_sess_join(sess, conn);
	if (!v.action && !l->tsih)
		v = tcmi_sess_publish(sess);
	tcmi_sess_put(sess);	/* the connection has its own reference */
	/* an ACL deleted between our look and the nexus would wait for us for ever */
	if (!v.action && login->tpg && !sess->se_sess->se_node_acl->dynamic_node_acl &&
	    !tcmi_login_acl_stays(sess))
		v = ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_FORBIDDEN, "its ACL has just been removed");
	return v;
}

static struct iscsip_verdict tcmi_login_finish(struct tcmi_conn *conn)
{
	struct iscsip_login *l = &conn->login->l;
	struct iscsip_verdict v = tcmi_login_session(conn);

	if (v.action)
		return v;
	conn->params = l->params;
	conn->params.mrdsl_remote = min_t(u32, conn->params.mrdsl_remote, TCMI_MRDSL_REMOTE_MAX);
	conn->rx.hdgst_on = conn->params.header_digest == ISCSIP_DIGEST_CRC32C;
	conn->rx.ddgst_on = conn->params.data_digest == ISCSIP_DIGEST_CRC32C;
	conn->phase = l->type == ISCSIP_SESSION_DISCOVERY ? ISCSIP_PHASE_DISCOVERY :
		      ISCSIP_PHASE_FULL;
	conn->login_deadline = 0;
	tcmi_conn_set_state(conn, TCMI_CONN_FULL);
	tcmi_refusal_success(conn, l->initiator_name, l->target_name);
	if (conn->sess->tpg)
		atomic_inc(&conn->sess->tpg->wwn->stats.accepts);
	return ISCSIP_VERDICT_OK;
}

static struct iscsip_verdict tcmi_login_answer(struct tcmi_conn *conn,
					       const struct iscsip_req *req,
					       const struct iscsip_login_result *result,
					       const void *text, u32 len, bool cont)
{
	struct tcmi_pdu *pdu = tcmi_login_pdu(conn, req, text, len);

	if (!pdu)
		return ISCSIP_VERDICT_DROP("out of memory");
	pdu->final = result->transit;
	pdu->cont = cont;
	pdu->csg = result->csg;
	pdu->nsg = result->nsg;
	if (result->done) {
		pdu->p1 = conn->sess->tsih;
		pdu->login_done = true;
	}
	tcmi_tx_pdu(conn, pdu);
	return ISCSIP_VERDICT_OK;
}

/* ---- from the receive machine ---- */

/**
 * tcmi_login_header() - a Login Request's header has arrived
 * @conn: the connection; its thread calls
 * @req: the decoded header
 * @buf: gets where its text goes
 *
 * The text of requests with the C bit is joined, up to %ISCSIP_LOGIN_TEXT_MAX. For the
 * rest of our own text it's asked by requests without any.
 */
struct iscsip_verdict tcmi_login_header(struct tcmi_conn *conn, const struct iscsip_req *req,
					u8 **buf)
{
	struct tcmi_login *login = conn->login;
	struct iscsip_verdict v = iscsip_login_check(&login->l, req);

	if (v.action)
		return v;
	if (login->out.buf && (req->dsl || req->cont))
		return ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_INITIATOR_ERROR,
					    "text in the middle of an answer");
	if (login->text_len + req->dsl > ISCSIP_LOGIN_TEXT_MAX)
		return ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_INITIATOR_ERROR, "too much login text");
	if (req->dsl && !login->text) {
		login->text = kvmalloc(ISCSIP_LOGIN_TEXT_MAX, GFP_KERNEL);
		if (!login->text)
			return ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_NO_RESOURCES, "out of memory");
	}
	*buf = login->text + login->text_len;
	login->text_len += req->dsl;
	return v;
}

/* Make the answer to a complete text. */
static struct iscsip_verdict tcmi_login_step(struct tcmi_conn *conn,
					     const struct iscsip_req *req,
					     struct iscsip_login_result *result)
{
	struct tcmi_login *login = conn->login;
	const char *text = (const char *)login->text;
	u32 size = min_t(u32, TCMI_LOGIN_KNOWN + login->text_len * TCMI_LOGIN_GROWTH,
			 TCMI_LOGIN_OUT_MAX);
	struct iscsip_verdict v;
	void *buf;

	if (!login->located) {
		v = iscsip_login_names(&login->l, text, login->text_len);
		if (!v.action)
			v = tcmi_login_locate(conn);
		if (v.action)
			return v;
	}
	buf = kvmalloc(size, GFP_KERNEL);
	if (!buf)
		return ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_NO_RESOURCES, "out of memory");
	iscsip_out_init(&login->out, buf, size);
	login->out_pos = 0;
	login->final = req->final;
	v = iscsip_login_step(&login->l, req, text, login->text_len, &login->out, result);
	login->text_len = 0;
	return v;
}

/*
 * What there is of the answer, or as much as fits into a PDU: the initiator asks for more
 * by an empty request (6.2). To the next stage we go with the last piece.
 */
static struct iscsip_verdict tcmi_login_give(struct tcmi_conn *conn,
					     const struct iscsip_req *req,
					     struct iscsip_login_result *result)
{
	struct tcmi_login *login = conn->login;
	const char *text = login->out.buf + login->out_pos;
	u32 left = login->out.len - login->out_pos;
	u32 len = min_t(u32, left, TCMI_LOGIN_RSP_MAX);
	struct iscsip_verdict v = ISCSIP_VERDICT_OK;

	if (login->out_pos && len == left && login->final)
		iscsip_login_transit(&login->l, req, result);
	login->out_pos += len;
	if (result->done)
		v = tcmi_login_finish(conn);
	if (!v.action)
		v = tcmi_login_answer(conn, req, result, text, len, len < left);
	if (len == left) {
		kvfree(login->out.buf);
		login->out.buf = NULL;
	}
	if (!v.action && result->done)
		tcmi_login_succeeded(conn);
	return v;
}

/**
 * tcmi_login_payload() - a Login Request is complete
 * @conn: the connection; its thread calls
 * @req: its header
 */
struct iscsip_verdict tcmi_login_payload(struct tcmi_conn *conn, const struct iscsip_req *req)
{
	struct iscsip_login_result result = { .csg = req->login.csg };
	struct iscsip_verdict v = ISCSIP_VERDICT_OK;

	/* 6.2: the rest of the text is still to come */
	if (req->cont)
		return tcmi_login_answer(conn, req, &result, NULL, 0, false);
	if (!conn->login->out.buf)
		v = tcmi_login_step(conn, req, &result);
	if (!v.action)
		v = tcmi_login_give(conn, req, &result);
	return v;
}
