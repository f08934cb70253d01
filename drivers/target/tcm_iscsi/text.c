// SPDX-License-Identifier: GPL-2.0
/*
 * Text Requests in full feature phase (11.10, 11.11): SendTargets (Appendix C)
 * and the few keys that may be spoken there. A long answer is made once, and
 * given out in pieces as the initiator asks for them.
 */
#include <linux/inet.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include "cmd.h"

#define TCMI_TEXT_IN_MAX	8192		/* all fragments of one request */
#define TCMI_TEXT_KEYS_MAX	2048		/* answers to keys other than SendTargets */
#define TCMI_TEXT_OUT_MAX	(16 * 1024 * 1024)

/*
 * struct tcmi_textseq - one Text negotiation: request coming, or answer going
 */
struct tcmi_textseq {
	u32 itt;
	u32 ttt;		/* of the pieces after the first; reserved before */
	u64 lun;
	bool answering;
	u32 in_len;
	u8 in[TCMI_TEXT_IN_MAX];
	char *out;		/* kvmalloc()ed */
	u32 out_len;
	u32 out_pos;
};

/**
 * tcmi_text_end() - forget a Text negotiation
 * @conn: the connection; its thread calls
 */
void tcmi_text_end(struct tcmi_conn *conn)
{
	if (!conn->text)
		return;
	kvfree(conn->text->out);
	kvfree(conn->text);
	conn->text = NULL;
}

/* ---- SendTargets ---- */

/* Which address to tell this initiator for a portal, or false for none. */
static bool tcmi_st_address(const struct tcmi_conn *conn, const struct tcmi_portal *portal,
			    struct sockaddr_storage *addr)
{
	const struct sockaddr_in6 *local6 = (const void *)&conn->local;
	struct sockaddr_in6 *a6 = (void *)addr;
	struct sockaddr_in *a4 = (void *)addr;
	__be16 port;

	if (portal->net != conn->portal->net)
		return false;
	*addr = portal->addr;
	if (addr->ss_family == AF_INET) {
		if (a4->sin_addr.s_addr != htonl(INADDR_ANY))
			return true;
		/* a wildcard: the address that the asker has reached us at */
		port = a4->sin_port;
		if (conn->local.ss_family == AF_INET6 &&
		    !ipv6_addr_v4mapped(&local6->sin6_addr))
			return false;
	} else {
		if (!ipv6_addr_any(&a6->sin6_addr))
			return true;
		port = a6->sin6_port;
	}
	*addr = conn->local;
	if (addr->ss_family == AF_INET)
		a4->sin_port = port;
	else
		a6->sin6_port = port;
	return true;
}

static bool tcmi_st_visible(const struct tcmi_conn *conn, struct tcmi_tpg *tpg)
{
	if (!tpg->active && tpg->attrib.tpg_enabled_sendtargets)
		return false;
	if (tpg->attrib.generate_node_acls || tpg->attrib.demo_mode_discovery)
		return true;
	return target_tpg_has_node_acl(&tpg->se_tpg, conn->sess->initiator_name);
}

static void tcmi_st_target(const struct tcmi_conn *conn, struct tcmi_wwn *wwn,
			   struct iscsip_out *out)
{
	struct sockaddr_storage addr;
	char text[TCMI_ADDR_MAX + 8];
	bool named = false;
	struct tcmi_tpg *tpg;
	struct tcmi_np *np;

	list_for_each_entry(tpg, &wwn->tpgs, entry) {
		if (!tcmi_st_visible(conn, tpg))
			continue;
		list_for_each_entry(np, &tpg->nps, tpg_entry) {
			if (!tcmi_st_address(conn, np->portal, &addr))
				continue;
			if (!named)
				iscsip_out_pair(out, "TargetName", wwn->name);
			named = true;
			tcmi_addr_text(&addr, text, TCMI_ADDR_MAX);
			snprintf(text + strlen(text), 8, ",%u", tpg->tag);
			iscsip_out_pair(out, "TargetAddress", text);
		}
	}
}

/* @name "": all targets. Under tcmi_config_mutex, which nothing slow holds. */
static void tcmi_st_fill(const struct tcmi_conn *conn, const char *name,
			 struct iscsip_out *out)
{
	struct tcmi_wwn *wwn;

	mutex_lock(&tcmi_config_mutex);
	list_for_each_entry(wwn, &tcmi_wwns, entry) {
		if (out->full)
			break;
		if (!*name || !strcmp(wwn->norm, name))
			tcmi_st_target(conn, wwn, out);
	}
	mutex_unlock(&tcmi_config_mutex);
}

/*
 * Appendix C: All is for discovery sessions only; an empty value means the target
 * of a normal session; a name means that target, in a normal session its own only.
 * Return: false when the request is to be rejected.
 */
static bool tcmi_st_which(const struct tcmi_conn *conn, const struct iscsip_pair *pair,
			  char *name)
{
	bool discovery = conn->sess->type == ISCSIP_SESSION_DISCOVERY;
	const char *own = discovery ? "" : conn->sess->tpg->wwn->norm;

	if (iscsip_value_is(pair, "All")) {
		*name = '\0';
		return discovery;
	}
	if (!pair->value_len) {
		strscpy(name, own, ISCSIP_NAME_MAX + 1);
		return !discovery;
	}
	if (iscsip_name_normalize(pair->value, pair->value_len, name))
		return false;
	return discovery || !strcmp(name, own);
}

/* The whole answer in one buffer: as large as needed, bounded. */
static int tcmi_st_build(struct tcmi_conn *conn, const char *name, const struct iscsip_out *keys)
{
	struct tcmi_textseq *seq = conn->text;
	struct iscsip_out out;
	u32 size = PAGE_SIZE;

	for (; size <= TCMI_TEXT_OUT_MAX; size *= 4) {
		kvfree(seq->out);
		seq->out = kvmalloc(size, GFP_KERNEL);
		if (!seq->out)
			return -ENOMEM;
		iscsip_out_init(&out, seq->out, size);
		memcpy(out.buf, keys->buf, keys->len);
		out.len = keys->len;
		if (name)
			tcmi_st_fill(conn, name, &out);
		seq->out_len = out.len;
		if (!out.full)
			return 0;
	}
	return -E2BIG;
}

/* ---- pieces ---- */

static struct iscsip_verdict tcmi_text_piece(struct tcmi_conn *conn)
{
	struct tcmi_textseq *seq = conn->text;
	u32 len = min(seq->out_len - seq->out_pos, conn->params.mrdsl_remote);
	bool last = seq->out_pos + len == seq->out_len;
	struct tcmi_pdu *pdu;

	pdu = tcmi_pdu_new(ISCSIP_OP_TEXT_RSP, seq->out + seq->out_pos, len);
	if (!pdu)
		return ISCSIP_VERDICT_DROP("out of memory");
	/* 11.11.1, 11.11.4: F ends the answer; until then a TTT asks for more */
	pdu->itt = seq->itt;
	pdu->lun = seq->lun;
	pdu->final = last;
	pdu->own_statsn = true;
	if (!last) {
		if (seq->ttt == ISCSIP_TAG_RESERVED) {
			seq->ttt = conn->next_ttt;
			if (++conn->next_ttt == ISCSIP_TAG_RESERVED)
				conn->next_ttt = 0;
		}
		pdu->ttt = seq->ttt;
		pdu->cont = seq->out[seq->out_pos + len - 1] != '\0';
	}
	seq->out_pos += len;
	tcmi_tx_pdu(conn, pdu);
	if (last)
		tcmi_text_end(conn);
	return ISCSIP_VERDICT_OK;
}

/* The initiator has more text to come: an empty answer with a TTT. */
static struct iscsip_verdict tcmi_text_go_on(struct tcmi_conn *conn)
{
	struct tcmi_textseq *seq = conn->text;
	struct tcmi_pdu *pdu = tcmi_pdu_new(ISCSIP_OP_TEXT_RSP, NULL, 0);

	if (!pdu)
		return ISCSIP_VERDICT_DROP("out of memory");
	if (seq->ttt == ISCSIP_TAG_RESERVED) {
		seq->ttt = conn->next_ttt;
		if (++conn->next_ttt == ISCSIP_TAG_RESERVED)
			conn->next_ttt = 0;
	}
	pdu->itt = seq->itt;
	pdu->lun = seq->lun;
	pdu->ttt = seq->ttt;
	pdu->final = false;
	pdu->own_statsn = true;
	tcmi_tx_pdu(conn, pdu);
	return ISCSIP_VERDICT_OK;
}

static struct iscsip_verdict tcmi_text_answer(struct tcmi_conn *conn)
{
	struct tcmi_textseq *seq = conn->text;
	char name[ISCSIP_NAME_MAX + 1];
	struct iscsip_pair st = {};
	struct iscsip_verdict v;
	struct iscsip_out keys;
	char *buf;
	int ret;

	buf = kmalloc(TCMI_TEXT_KEYS_MAX, GFP_KERNEL);
	if (!buf)
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_LONG_OP, "out of memory");
	iscsip_out_init(&keys, buf, TCMI_TEXT_KEYS_MAX);
	v = iscsip_text_step(&conn->params, (const char *)seq->in, seq->in_len, &keys, &st);
	/* it may have been declared anew */
	conn->params.mrdsl_remote = min_t(u32, conn->params.mrdsl_remote, TCMI_MRDSL_REMOTE_MAX);
	if (!v.action && st.key && !tcmi_st_which(conn, &st, name))
		v = ISCSIP_VERDICT_REJECT(ISCSIP_REJ_PROTOCOL, "SendTargets not for this session");
	if (!v.action && keys.full)
		v = ISCSIP_VERDICT_REJECT(ISCSIP_REJ_PROTOCOL, "too many keys to answer");
	if (!v.action) {
		ret = tcmi_st_build(conn, st.key ? name : NULL, &keys);
		if (ret)
			v = ISCSIP_VERDICT_REJECT(ISCSIP_REJ_LONG_OP, "answer too long");
	}
	kfree(buf);
	if (v.action) {
		tcmi_text_end(conn);
		return v;
	}
	seq->answering = true;
	seq->ttt = ISCSIP_TAG_RESERVED;
	return tcmi_text_piece(conn);
}

/* ---- from the receive machine ---- */

static struct iscsip_verdict tcmi_text_refuse(struct tcmi_conn *conn, const char *why)
{
	tcmi_text_end(conn);
	return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_PROTOCOL, why);
}

/**
 * tcmi_text_header() - a Text Request's header has arrived
 * @conn: the connection; its thread calls
 * @req: the decoded header
 * @buf: gets where its text goes
 */
struct iscsip_verdict tcmi_text_header(struct tcmi_conn *conn, const struct iscsip_req *req,
				       u8 **buf)
{
	struct tcmi_textseq *seq = conn->text;
	struct iscsip_verdict v;

	/* 7.3: what is rejected does not count as received */
	if (tcmi_window_enter(conn, req) == ISCSIP_WIN_OUTSIDE)
		return ISCSIP_VERDICT_IGNORE("outside the CmdSN window");
	/* 11.10.4: a reserved TTT starts anew, others go on */
	if (req->ttt != ISCSIP_TAG_RESERVED &&
	    (!seq || seq->itt != req->itt || seq->ttt != req->ttt))
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_INVALID_FIELD, "no such Text negotiation");
	if (req->ttt != ISCSIP_TAG_RESERVED && seq->answering && req->dsl)
		return tcmi_text_refuse(conn, "text in the middle of an answer");
	if ((req->ttt != ISCSIP_TAG_RESERVED ? seq->in_len : 0) + req->dsl > TCMI_TEXT_IN_MAX)
		return tcmi_text_refuse(conn, "too much text");
	v = tcmi_window_answer(conn, req);
	if (v.action)
		return v;
	if (req->ttt == ISCSIP_TAG_RESERVED) {
		tcmi_text_end(conn);
		seq = kvzalloc(sizeof(*seq), GFP_KERNEL);
		if (!seq)
			return ISCSIP_VERDICT_DROP("out of memory");
		seq->itt = req->itt;
		seq->lun = req->lun;
		seq->ttt = ISCSIP_TAG_RESERVED;
		conn->text = seq;
	}
	*buf = seq->in + seq->in_len;
	seq->in_len += req->dsl;
	return v;
}

/**
 * tcmi_text_payload() - a Text Request is complete
 * @conn: the connection; its thread calls
 * @req: its header
 */
struct iscsip_verdict tcmi_text_payload(struct tcmi_conn *conn, const struct iscsip_req *req)
{
	if (!conn->text)
		return ISCSIP_VERDICT_OK;
	if (conn->text->answering)
		return tcmi_text_piece(conn);
	if (!req->final || req->cont)
		return tcmi_text_go_on(conn);
	return tcmi_text_answer(conn);
}
