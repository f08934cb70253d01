// SPDX-License-Identifier: GPL-2.0
/*
 * The files of an ACL, but for auth/, which is beside the other secrets in
 * configfs.c. An ACL shows its last session only, as user space expects it.
 */
#include <linux/module.h>
#include "tcm_iscsi.h"

#define TCMI_DEPTH_MAX	512

/* The last session, NULL if there is none. Keep nacl_sess_lock while using it. */
static struct tcmi_sess *tcmi_acl_sess(struct se_node_acl *se_acl)
{
	lockdep_assert_held(&se_acl->nacl_sess_lock);
	return se_acl->nacl_sess ? se_acl->nacl_sess->fabric_sess_ptr : NULL;
}

/* ---- info ---------------------------------------------------------------------- */

/* User space parses these lines: each blank counts. */

static const char *tcmi_info_sess_state(const struct tcmi_sess *sess)
{
	return sess->state == TCMI_SESS_ACTIVE ? "TARG_SESS_STATE_LOGGED_IN" :
						 "TARG_SESS_STATE_FAILED";
}

static const char *tcmi_info_conn_state(const struct tcmi_conn *conn)
{
	switch (READ_ONCE(conn->state)) {
	case TCMI_CONN_NEW:
		return "TARG_CONN_STATE_XPT_UP";
	case TCMI_CONN_LOGIN:
		return "TARG_CONN_STATE_IN_LOGIN";
	case TCMI_CONN_FULL:
		return "TARG_CONN_STATE_LOGGED_IN";
	case TCMI_CONN_LOGOUT:
		return "TARG_CONN_STATE_IN_LOGOUT";
	default:
		return "TARG_CONN_STATE_CLEANUP_WAIT";
	}
}

static int tcmi_info_head(const struct tcmi_sess *sess, char *page, int at)
{
	const char *type = sess->type == ISCSIP_SESSION_NORMAL ? "Normal" : "Discovery";
	int start = at;

	at += sysfs_emit_at(page, at, "InitiatorName: %s\n", sess->initiator_name);
	at += sysfs_emit_at(page, at, "InitiatorAlias: %s\n", sess->initiator_alias);
	at += sysfs_emit_at(page, at, "LIO Session ID: %u   ISID: 0x%*ph  TSIH: %hu  ",
			    sess->index, ISCSIP_ISID_LEN, sess->isid, sess->tsih);
	at += sysfs_emit_at(page, at, "SessionType: %s\n", type);
	at += sysfs_emit_at(page, at, "Session State: %s\n", tcmi_info_sess_state(sess));
	return at - start;
}

/* Tags are those of the first connection, whose thread writes them meanwhile. */
static int tcmi_info_values(struct tcmi_sess *sess, char *page, int at)
{
	const struct iscsip_window *window = &sess->window;
	const struct tcmi_conn *conn;
	u32 itt = ISCSIP_TAG_RESERVED;
	u32 ttt = 0;
	int start = at;

	conn = list_first_entry_or_null(&sess->conns, struct tcmi_conn, sess_entry);
	if (conn) {
		itt = READ_ONCE(conn->rx.req.itt);
		ttt = READ_ONCE(conn->next_ttt);
	}
	at += sysfs_emit_at(page, at,
			    "---------------------[iSCSI Session Values]-----------------------\n");
	at += sysfs_emit_at(page, at,
			    "  CmdSN/WR  :  CmdSN/WC  :  ExpCmdSN  :  MaxCmdSN  :     ITT    :     TTT\n");
	at += sysfs_emit_at(page, at,
			    " 0x%08x   0x%08x   0x%08x   0x%08x   0x%08x   0x%08x\n",
			    window->depth, window->max - window->exp + 1, window->exp,
			    window->max, itt, ttt);
	return at - start;
}

static int tcmi_info_conns(const struct tcmi_sess *sess, char *page, int at)
{
	const struct tcmi_conn *conn;
	int start = at;

	at += sysfs_emit_at(page, at,
			    "----------------------[iSCSI Connections]-------------------------\n");
	list_for_each_entry(conn, &sess->conns, sess_entry) {
		at += sysfs_emit_at(page, at, "CID: %hu  Connection State: %s\n", conn->cid,
				    tcmi_info_conn_state(conn));
		at += sysfs_emit_at(page, at, "   Address %pISc TCP  StatSN: 0x%08x\n",
				    &conn->peer, READ_ONCE(conn->statsn));
	}
	return at - start;
}

static int tcmi_info_sess(struct tcmi_sess *sess, char *page)
{
	int at = 0;

	spin_lock(&sess->lock);
	at += tcmi_info_head(sess, page, at);
	at += tcmi_info_values(sess, page, at);
	at += tcmi_info_conns(sess, page, at);
	spin_unlock(&sess->lock);
	return at;
}

static ssize_t tcmi_acl_info_show(struct config_item *item, char *page)
{
	struct se_node_acl *se_acl = acl_to_nacl(item);
	struct tcmi_sess *sess;
	unsigned long flags;
	ssize_t ret;

	spin_lock_irqsave(&se_acl->nacl_sess_lock, flags);
	sess = tcmi_acl_sess(se_acl);
	if (sess)
		ret = tcmi_info_sess(sess, page);
	else
		ret = sysfs_emit(page, "No active iSCSI Session for Initiator Endpoint: %s\n",
				 se_acl->initiatorname);
	spin_unlock_irqrestore(&se_acl->nacl_sess_lock, flags);
	return ret;
}

/* ---- cmdsn_depth, tag ------------------------------------------------------------ */

static ssize_t tcmi_acl_cmdsn_depth_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(acl_to_nacl(item)->queue_depth));
}

static ssize_t tcmi_acl_cmdsn_depth_store(struct config_item *item, const char *page,
					  size_t count)
{
	u32 depth;
	int ret;

	ret = kstrtou32(page, 0, &depth);
	if (ret)
		return ret;
	if (depth > TCMI_DEPTH_MAX)
		return -EINVAL;
	/* Core closes the ACL's sessions, which must find no lock of ours held. */
	ret = core_tpg_set_initiator_node_queue_depth(acl_to_nacl(item), max(depth, 1U));
	return ret ? ret : count;
}

/* As written, with its newline or without. */
static ssize_t tcmi_acl_tag_show(struct config_item *item, char *page)
{
	ssize_t ret;

	mutex_lock(&tcmi_config_mutex);
	ret = sysfs_emit(page, "%s", acl_to_nacl(item)->acl_tag);
	mutex_unlock(&tcmi_config_mutex);
	return ret;
}

static ssize_t tcmi_acl_tag_store(struct config_item *item, const char *page, size_t count)
{
	struct se_node_acl *se_acl = acl_to_nacl(item);
	int ret;

	mutex_lock(&tcmi_config_mutex);
	ret = core_tpg_set_initiator_node_tag(se_acl->se_tpg, se_acl, page);
	mutex_unlock(&tcmi_config_mutex);
	return ret < 0 ? ret : count;
}

CONFIGFS_ATTR_RO(tcmi_acl_, info);
CONFIGFS_ATTR(tcmi_acl_, cmdsn_depth);
CONFIGFS_ATTR(tcmi_acl_, tag);

struct configfs_attribute *tcmi_acl_base_attrs[] = {
	&tcmi_acl_attr_info,
	&tcmi_acl_attr_cmdsn_depth,
	&tcmi_acl_attr_tag,
	NULL,
};

/* ---- attrib/ ---------------------------------------------------------------------- */

static ssize_t tcmi_acl_attrib_store(u32 *attrib, u32 min, u32 max, bool or_zero,
				     const char *page, size_t count)
{
	u32 value;
	int ret;

	ret = kstrtou32(page, 0, &value);
	if (ret)
		return ret;
	if ((value < min || value > max) && !(or_zero && !value))
		return -EINVAL;
	mutex_lock(&tcmi_config_mutex);
	WRITE_ONCE(*attrib, value);
	mutex_unlock(&tcmi_config_mutex);
	return count;
}

#define TCMI_ACL_SHOW(_name, _fmt)						\
static ssize_t tcmi_acl_attrib_##_name##_show(struct config_item *item, char *page) \
{										\
	struct tcmi_acl *acl = to_tcmi_acl(attrib_to_nacl(item));		\
										\
	return sysfs_emit(page, _fmt "\n", READ_ONCE(acl->attrib._name));	\
}

#define TCMI_ACL_FILE(_name, _min, _max, _or_zero)				\
TCMI_ACL_SHOW(_name, "%u")							\
static ssize_t tcmi_acl_attrib_##_name##_store(struct config_item *item,	\
					       const char *page, size_t count)	\
{										\
	struct tcmi_acl *acl = to_tcmi_acl(attrib_to_nacl(item));		\
										\
	return tcmi_acl_attrib_store(&acl->attrib._name, _min, _max, _or_zero,	\
				     page, count);				\
}										\
CONFIGFS_ATTR(tcmi_acl_attrib_, _name)

TCMI_ACL_FILE(dataout_timeout, 2, 60, false);
TCMI_ACL_FILE(dataout_timeout_retries, 1, 15, false);
TCMI_ACL_FILE(default_erl, 0, 2, false);
TCMI_ACL_FILE(nopin_response_timeout, 3, 60, false);
TCMI_ACL_FILE(random_datain_pdu_offsets, 0, 1, false);
TCMI_ACL_FILE(random_datain_seq_offsets, 0, 1, false);
TCMI_ACL_FILE(random_r2t_offsets, 0, 1, false);

/* Threads that sleep without a deadline have to hear of the new one. */
static void tcmi_acl_kick(struct tcmi_sess *sess, void *se_acl)
{
	struct tcmi_conn *conn;

	if (!sess->se_sess || sess->se_sess->se_node_acl != se_acl)
		return;
	spin_lock(&sess->lock);
	list_for_each_entry(conn, &sess->conns, sess_entry)
		tcmi_conn_kick(conn);
	spin_unlock(&sess->lock);
}

TCMI_ACL_SHOW(nopin_timeout, "%u")

static ssize_t tcmi_acl_attrib_nopin_timeout_store(struct config_item *item,
						   const char *page, size_t count)
{
	struct se_node_acl *se_acl = attrib_to_nacl(item);
	ssize_t ret;

	ret = tcmi_acl_attrib_store(&to_tcmi_acl(se_acl)->attrib.nopin_timeout, 3, 60, true,
				    page, count);
	if (ret > 0)
		tcmi_sess_each(to_tcmi_tpg(se_acl->se_tpg), tcmi_acl_kick, se_acl);
	return ret;
}

CONFIGFS_ATTR(tcmi_acl_attrib_, nopin_timeout);

TCMI_ACL_SHOW(authentication, "%d")

static ssize_t tcmi_acl_attrib_authentication_store(struct config_item *item,
						    const char *page, size_t count)
{
	struct tcmi_acl *acl = to_tcmi_acl(attrib_to_nacl(item));
	s32 value;
	int ret;

	ret = kstrtos32(page, 0, &value);
	if (ret)
		return ret;
	if (value < -1 || value > 1)
		return -EINVAL;
	mutex_lock(&tcmi_config_mutex);
	WRITE_ONCE(acl->attrib.authentication, value);
	mutex_unlock(&tcmi_config_mutex);
	return count;
}

CONFIGFS_ATTR(tcmi_acl_attrib_, authentication);

struct configfs_attribute *tcmi_acl_attrib_attrs[] = {
	&tcmi_acl_attrib_attr_dataout_timeout,
	&tcmi_acl_attrib_attr_dataout_timeout_retries,
	&tcmi_acl_attrib_attr_default_erl,
	&tcmi_acl_attrib_attr_nopin_timeout,
	&tcmi_acl_attrib_attr_nopin_response_timeout,
	&tcmi_acl_attrib_attr_random_datain_pdu_offsets,
	&tcmi_acl_attrib_attr_random_datain_seq_offsets,
	&tcmi_acl_attrib_attr_random_r2t_offsets,
	&tcmi_acl_attrib_attr_authentication,
	NULL,
};

/* ---- param/: what the last session negotiated --------------------------------------- */

#define TCMI_ACL_PARAM(_name, _member)						\
static ssize_t tcmi_acl_param_##_name##_show(struct config_item *item, char *page) \
{										\
	struct se_node_acl *se_acl = param_to_nacl(item);			\
	struct tcmi_sess *sess;							\
	unsigned long flags;							\
	ssize_t ret;								\
										\
	spin_lock_irqsave(&se_acl->nacl_sess_lock, flags);			\
	sess = tcmi_acl_sess(se_acl);						\
	if (sess)								\
		ret = sysfs_emit(page, "%u\n", sess->params._member);		\
	else									\
		ret = sysfs_emit(page, "No Active iSCSI Session\n");		\
	spin_unlock_irqrestore(&se_acl->nacl_sess_lock, flags);			\
	return ret;								\
}										\
CONFIGFS_ATTR_RO(tcmi_acl_param_, _name)

TCMI_ACL_PARAM(MaxConnections, max_connections);
TCMI_ACL_PARAM(InitialR2T, initial_r2t);
TCMI_ACL_PARAM(ImmediateData, immediate_data);
TCMI_ACL_PARAM(MaxBurstLength, max_burst);
TCMI_ACL_PARAM(FirstBurstLength, first_burst);
TCMI_ACL_PARAM(DefaultTime2Wait, default_time2wait);
TCMI_ACL_PARAM(DefaultTime2Retain, default_time2retain);
TCMI_ACL_PARAM(MaxOutstandingR2T, max_outstanding_r2t);
TCMI_ACL_PARAM(DataPDUInOrder, data_pdu_in_order);
TCMI_ACL_PARAM(DataSequenceInOrder, data_sequence_in_order);
TCMI_ACL_PARAM(ErrorRecoveryLevel, error_recovery_level);

struct configfs_attribute *tcmi_acl_param_attrs[] = {
	&tcmi_acl_param_attr_MaxConnections,
	&tcmi_acl_param_attr_InitialR2T,
	&tcmi_acl_param_attr_ImmediateData,
	&tcmi_acl_param_attr_MaxBurstLength,
	&tcmi_acl_param_attr_FirstBurstLength,
	&tcmi_acl_param_attr_DefaultTime2Wait,
	&tcmi_acl_param_attr_DefaultTime2Retain,
	&tcmi_acl_param_attr_MaxOutstandingR2T,
	&tcmi_acl_param_attr_DataPDUInOrder,
	&tcmi_acl_param_attr_DataSequenceInOrder,
	&tcmi_acl_param_attr_ErrorRecoveryLevel,
	NULL,
};
