// SPDX-License-Identifier: GPL-2.0
/*
 * Text Requests in full feature phase (11.10, 11.11): SendTargets (Appendix C)
 * and the few keys that may be spoken there. Each set of keys is answered at once; a
 * long answer is made once, and given out in pieces as the initiator asks for them.
 */
#include <linux/inet.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include "cmd.h"

#define TCMI_TEXT_IN_MAX	8192		/* a set of keys, all its fragments */
#define TCMI_TEXT_GROWTH	6		/* "a=" becomes "a=NotUnderstood", and a null */
#define TCMI_TEXT_OUT_MAX	(16 * 1024 * 1024)
#define TCMI_TEXT_PATIENCE	(20 * HZ)	/* for the next piece to be asked for */
#define TCMI_TEXT_SHARE		64	/* of all memory, at most this part for such answers */

static atomic_long_t tcmi_text_kept;	/* bytes */
static DEFINE_MUTEX(tcmi_st_mutex);	/* who makes a list of targets */

/*
 * struct tcmi_textseq - one Text negotiation: sets of keys, each with its answer
 */
struct tcmi_textseq {
	u32 itt;
	u32 ttt;		/* of all its answers but the last; reserved before */
	u64 lun;
	struct iscsip_text keys;
	u32 in_len;		/* of a set that is not answered yet */
	u8 in[TCMI_TEXT_IN_MAX];
	char *out;		/* kvmalloc()ed: the answer to the last set, as far as it goes */
	u32 out_len;
	u32 out_pos;
	u32 kept;		/* bytes counted in tcmi_text_kept */
	unsigned long deadline;	/* for the rest to be asked for; of an answer that is kept */
};

static void tcmi_text_drop_answer(struct tcmi_textseq *seq)
{
	atomic_long_sub(seq->kept, &tcmi_text_kept);
	kvfree(seq->out);
	seq->out = NULL;
	seq->out_len = 0;
	seq->out_pos = 0;
	seq->kept = 0;
	seq->deadline = 0;
}

/**
 * tcmi_text_end() - forget a Text negotiation
 * @conn: the connection; its thread calls
 */
void tcmi_text_end(struct tcmi_conn *conn)
{
	if (!conn->text)
		return;
	tcmi_text_drop_answer(conn->text);
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
		/* net.ipv6.bindv6only, and no 0.0.0.0 beside it */
		if (conn->peer.ss_family == AF_INET && !portal->twin &&
		    ipv6_only_sock(portal->sock->sk))
			return false;
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

/*
 * @name "": all targets. Under tcmi_config_mutex, for which one of these waits at a time: who
 * logs in meanwhile waits for one list, not for one of each session that asks.
 */
static void tcmi_st_fill(const struct tcmi_conn *conn, const char *name,
			 struct iscsip_out *out)
{
	struct tcmi_wwn *wwn;

	mutex_lock(&tcmi_st_mutex);
	mutex_lock(&tcmi_config_mutex);
	list_for_each_entry(wwn, &tcmi_wwns, entry) {
		if (out->full)
			break;
		if (!*name || !strcmp(wwn->norm, name))
			tcmi_st_target(conn, wwn, out);
	}
	mutex_unlock(&tcmi_config_mutex);
	mutex_unlock(&tcmi_st_mutex);
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

	while (size < keys->len + PAGE_SIZE)
		size *= 4;
	for (; size <= TCMI_TEXT_OUT_MAX; size *= 4) {
		tcmi_text_drop_answer(seq);
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

/* ---- answers ---- */

static struct iscsip_verdict tcmi_text_keys(struct tcmi_conn *conn, struct iscsip_out *keys)
{
	struct tcmi_textseq *seq = conn->text;
	char name[ISCSIP_NAME_MAX + 1];
	struct iscsip_pair st = {};
	struct iscsip_verdict v;

	v = iscsip_text_step(&seq->keys, (const char *)seq->in, seq->in_len, keys, &st);
	if (v.action)
		return v;
	if (st.key && !tcmi_st_which(conn, &st, name))
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_PROTOCOL,
					     "SendTargets not for this session");
	if (tcmi_st_build(conn, st.key ? name : NULL, keys))
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_LONG_OP, "answer too long");
	seq->in_len = 0;
	return v;
}

/* A set of keys is complete: make its answer. */
static struct iscsip_verdict tcmi_text_set(struct tcmi_conn *conn)
{
	u32 size = conn->text->in_len * TCMI_TEXT_GROWTH;
	struct iscsip_verdict v;
	struct iscsip_out keys;
	char *buf;

	buf = kvmalloc(size, GFP_KERNEL);
	if (!buf)
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_LONG_OP, "out of memory");
	iscsip_out_init(&keys, buf, size);
	v = tcmi_text_keys(conn, &keys);
	kvfree(buf);
	return v;
}

/* As much as the initiator takes in one PDU */
static u32 tcmi_text_piece(const struct tcmi_conn *conn)
{
	const struct tcmi_textseq *seq = conn->text;
	u32 left = seq->out_len - seq->out_pos;

	return min3(left, conn->params.mrdsl_remote, seq->keys.mrdsl ?: U32_MAX);
}

/*
 * An answer of several pieces stays until the initiator has asked for all of them, which it
 * need never do, and nobody knows who it is. So there is an end to what all of them may have,
 * and to how long. Return: false when there is no room.
 */
static bool tcmi_text_keep(struct tcmi_conn *conn)
{
	struct tcmi_textseq *seq = conn->text;
	u32 len = seq->out_len;
	char *out;

	if (seq->kept || seq->out_pos + tcmi_text_piece(conn) == len)
		return true;
	if (atomic_long_add_return(len, &tcmi_text_kept) >> PAGE_SHIFT >
	    totalram_pages() / TCMI_TEXT_SHARE)
		goto out;
	out = kvmalloc(len, GFP_KERNEL);
	if (!out)
		goto out;
	memcpy(out, seq->out, len);
	kvfree(seq->out);
	seq->out = out;
	seq->kept = len;
	return true;
out:
	atomic_long_sub(len, &tcmi_text_kept);
	return false;
}

/* 6.2: what was declared holds from here on. */
static void tcmi_text_agreed(struct tcmi_conn *conn)
{
	u32 mrdsl = conn->text->keys.mrdsl;

	if (mrdsl)
		conn->params.mrdsl_remote = min_t(u32, mrdsl, TCMI_MRDSL_REMOTE_MAX);
	tcmi_text_end(conn);
}

/*
 * What there is of the answer, or as much as the initiator takes: it asks for more by a
 * request with our TTT. Only a request with F is answered with F (11.11.1).
 */
static struct iscsip_verdict tcmi_text_respond(struct tcmi_conn *conn, bool final)
{
	struct tcmi_textseq *seq = conn->text;
	u32 left = seq->out_len - seq->out_pos;
	u32 len = tcmi_text_piece(conn);
	struct tcmi_pdu *pdu;

	pdu = tcmi_pdu_new(ISCSIP_OP_TEXT_RSP, len ? seq->out + seq->out_pos : NULL, len);
	if (!pdu)
		return ISCSIP_VERDICT_DROP("out of memory");
	pdu->itt = seq->itt;
	pdu->final = final && len == left;
	pdu->own_statsn = true;
	seq->out_pos += len;
	if (!pdu->final) {
		if (seq->ttt == ISCSIP_TAG_RESERVED) {
			seq->ttt = conn->next_ttt;
			if (++conn->next_ttt == ISCSIP_TAG_RESERVED)
				conn->next_ttt = 0;
		}
		/* 11.11.4: without a TTT the LUN is reserved */
		pdu->ttt = seq->ttt;
		pdu->lun = seq->lun;
		pdu->cont = len < left;
		if (pdu->cont)
			seq->deadline = (jiffies + TCMI_TEXT_PATIENCE) ?: 1;
	}
	if (len == left)
		tcmi_text_drop_answer(seq);
	final = pdu->final;
	tcmi_tx_pdu(conn, pdu);
	if (final)
		tcmi_text_agreed(conn);
	return ISCSIP_VERDICT_OK;
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
	if (req->ttt != ISCSIP_TAG_RESERVED && seq->out_pos < seq->out_len &&
	    (req->dsl || req->cont))
		return tcmi_text_refuse(conn, "text in the middle of an answer");
	if ((req->ttt != ISCSIP_TAG_RESERVED ? seq->in_len : 0) + req->dsl > TCMI_TEXT_IN_MAX)
		return tcmi_text_refuse(conn, "too much text");
	v = tcmi_window_answer(conn, req);
	if (v.action)
		return v;
	/* when it is due, its header may be needed again */
	if (conn->rx.held)
		conn->rx.pdu = tcmi_rx_reject_new(conn, ISCSIP_REJ_PROTOCOL);
	if (conn->rx.held && !conn->rx.pdu)
		return ISCSIP_VERDICT_DROP("out of memory");
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
 *
 * With its keys accepted its CmdSN counts, unless that is the caller's business, who
 * says it is immediate then.
 */
struct iscsip_verdict tcmi_text_payload(struct tcmi_conn *conn, const struct iscsip_req *req)
{
	struct tcmi_textseq *seq = conn->text;
	struct iscsip_verdict v = ISCSIP_VERDICT_OK;

	/* one that was held for its turn may have been given up meanwhile (11.10.4) */
	if (!seq)
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_INVALID_FIELD, "no such Text negotiation");
	if (seq->itt != req->itt)
		return v;
	if (seq->in_len && !req->cont)
		v = tcmi_text_set(conn);
	/* 4.3: that's what such a session is for */
	if (!v.action && req->final && conn->phase == ISCSIP_PHASE_DISCOVERY &&
	    !iscsip_text_asked(&seq->keys))
		v = ISCSIP_VERDICT_REJECT(ISCSIP_REJ_PROTOCOL,
					  "no SendTargets in a discovery session");
	if (!v.action && !tcmi_text_keep(conn))
		v = ISCSIP_VERDICT_REJECT(ISCSIP_REJ_LONG_OP,
					  "too much text that is not asked for");
	if (v.action) {
		tcmi_text_end(conn);
		return v;
	}
	if (!req->immediate)
		tcmi_window_intact(conn);
	return tcmi_text_respond(conn, req->final);
}

/**
 * tcmi_text_tick() - an initiator that does not ask for the rest of its answer
 * @conn: the connection; its thread calls
 *
 * 11.10.4: such an exchange may be forgotten; the initiator's next request is rejected.
 *
 * Return: when to look again, 0 for not.
 */
unsigned long tcmi_text_tick(struct tcmi_conn *conn)
{
	struct tcmi_textseq *seq = conn->text;

	if (!seq || !seq->deadline)
		return 0;
	if (time_before(jiffies, seq->deadline))
		return seq->deadline;
	tcmi_text_end(conn);
	return 0;
}
