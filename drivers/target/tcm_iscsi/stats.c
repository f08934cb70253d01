// SPDX-License-Identifier: GPL-2.0
/*
 * fabric_statistics/ of targets and ACLs: objects of the ISCSI-MIB (RFC 7147).
 */
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/module.h>
#include "tcm_iscsi.h"

#define TCMI_STAT_NODE	1	/* index of the only node there is */

DEFINE_SPINLOCK(tcmi_stats_lock);	/* last_* of struct tcmi_login_stats */

static atomic_t *tcmi_login_counter(struct tcmi_login_stats *stats, enum tcmi_login_fail type)
{
	switch (type) {
	case TCMI_FAIL_REDIRECT:
		return &stats->redirects;
	case TCMI_FAIL_AUTHORIZE:
		return &stats->authorize_fails;
	case TCMI_FAIL_AUTHENTICATE:
		return &stats->authenticate_fails;
	case TCMI_FAIL_NEGOTIATE:
		return &stats->negotiate_fails;
	default:
		return &stats->other_fails;
	}
}

/**
 * tcmi_stats_login_fail() - a login to this target has failed
 * @wwn: the target, which the caller keeps from going away
 * @type: what kind of failure
 * @name: of the initiator; empty when it isn't known
 * @addr: of the initiator
 * @family: of the portal that it came to, which may be another than that of @addr
 *
 * To be called once for each login that fails.
 */
void tcmi_stats_login_fail(struct tcmi_wwn *wwn, enum tcmi_login_fail type,
			   const char *name, const struct sockaddr_storage *addr,
			   sa_family_t family)
{
	struct tcmi_login_stats *stats = &wwn->stats;
	unsigned long flags;

	atomic_inc(tcmi_login_counter(stats, type));
	spin_lock_irqsave(&tcmi_stats_lock, flags);
	stats->last_fail_time = get_jiffies_64();
	stats->last_fail_type = type;
	strscpy(stats->last_fail_name, name, sizeof(stats->last_fail_name));
	stats->last_fail_addr = *addr;
	stats->last_fail_family = family;
	spin_unlock_irqrestore(&tcmi_stats_lock, flags);
}

/**
 * tcmi_stats_sess_fail() - an error of a session, which ends it or not
 * @wwn: the target, which the caller keeps from going away
 * @type: 1 digest, 2 connection timeout
 * @name: of the initiator
 */
void tcmi_stats_sess_fail(struct tcmi_wwn *wwn, u8 type, const char *name)
{
	struct tcmi_login_stats *stats = &wwn->stats;
	unsigned long flags;

	if (type == 1)
		atomic_inc(&stats->digest_errors);
	else if (type == 2)
		atomic_inc(&stats->cxn_errors);
	spin_lock_irqsave(&tcmi_stats_lock, flags);
	stats->last_sess_fail_type = type;
	strscpy(stats->last_sess_fail_name, name, sizeof(stats->last_sess_fail_name));
	spin_unlock_irqrestore(&tcmi_stats_lock, flags);
}

/* ---- <wwn>/fabric_statistics/ ----------------------------------------------------- */

/* A file of the group stat_<_group>; the expression finds the target in wwn. */
#define TCMI_STAT(_group, _name, _fmt, _value)					\
static ssize_t tcmi_stat_##_group##_##_name##_show(struct config_item *item, char *page) \
{										\
	struct tcmi_wwn *wwn __maybe_unused = container_of(to_config_group(item), \
						struct tcmi_wwn, stat_##_group); \
										\
	return sysfs_emit(page, _fmt "\n", _value);				\
}										\
CONFIGFS_ATTR_RO(tcmi_stat_##_group##_, _name)

/* The same for what is protected by tcmi_stats_lock. */
#define TCMI_STAT_LOCKED(_group, _name, _fmt, _value)				\
static ssize_t tcmi_stat_##_group##_##_name##_show(struct config_item *item, char *page) \
{										\
	struct tcmi_wwn *wwn = container_of(to_config_group(item), struct tcmi_wwn, \
					    stat_##_group);			\
	unsigned long flags;							\
	ssize_t ret;								\
										\
	spin_lock_irqsave(&tcmi_stats_lock, flags);				\
	ret = sysfs_emit(page, _fmt "\n", _value);				\
	spin_unlock_irqrestore(&tcmi_stats_lock, flags);			\
	return ret;								\
}										\
CONFIGFS_ATTR_RO(tcmi_stat_##_group##_, _name)

#define TCMI_STAT_COUNT(_group, _name)						\
	TCMI_STAT(_group, _name, "%u", atomic_read(&wwn->stats._name))

static u32 tcmi_stat_portals(struct tcmi_wwn *wwn)
{
	struct tcmi_tpg *tpg;
	struct tcmi_np *np;
	u32 n = 0;

	mutex_lock(&tcmi_config_mutex);
	list_for_each_entry(tpg, &wwn->tpgs, entry) {
		list_for_each_entry(np, &tpg->nps, tpg_entry)
			n++;
	}
	mutex_unlock(&tcmi_config_mutex);
	return n;
}

static u32 tcmi_stat_sess_fails(const struct tcmi_login_stats *stats)
{
	return atomic_read(&stats->digest_errors) + atomic_read(&stats->cxn_errors);
}

static u32 tcmi_stat_login_fails(const struct tcmi_login_stats *stats)
{
	return atomic_read(&stats->redirects) + atomic_read(&stats->authorize_fails) +
	       atomic_read(&stats->authenticate_fails) +
	       atomic_read(&stats->negotiate_fails) + atomic_read(&stats->other_fails);
}

/* Hundredths of a second since boot, as a TimeStamp of SNMP. */
static u32 tcmi_stat_time(u64 time)
{
	return time ? div_u64((time - INITIAL_JIFFIES) * 100, HZ) : 0;
}

static const char *tcmi_stat_name(const char *name)
{
	return *name ? name : "None";
}

TCMI_STAT(instance, inst, "%u", wwn->index);
TCMI_STAT(instance, min_ver, "%u", 0);
TCMI_STAT(instance, max_ver, "%u", 0);
TCMI_STAT(instance, portals, "%u", tcmi_stat_portals(wwn));
TCMI_STAT(instance, nodes, "%u", TCMI_STAT_NODE);
TCMI_STAT(instance, sessions, "%u", tcmi_sess_count(wwn));
TCMI_STAT(instance, fail_sess, "%u", tcmi_stat_sess_fails(&wwn->stats));
TCMI_STAT_LOCKED(instance, fail_type, "%u", wwn->stats.last_sess_fail_type);
TCMI_STAT_LOCKED(instance, fail_rem_name, "%s",
		 tcmi_stat_name(wwn->stats.last_sess_fail_name));
TCMI_STAT(instance, disc_time, "%u", 0);
TCMI_STAT(instance, description, "%s", "Storage Engine Target");
TCMI_STAT(instance, vendor, "%s", "Datera, Inc. iSCSI-Target");
TCMI_STAT(instance, version, "%s", "v4.1.0");

static struct configfs_attribute *tcmi_stat_instance_attrs[] = {
	&tcmi_stat_instance_attr_inst,
	&tcmi_stat_instance_attr_min_ver,
	&tcmi_stat_instance_attr_max_ver,
	&tcmi_stat_instance_attr_portals,
	&tcmi_stat_instance_attr_nodes,
	&tcmi_stat_instance_attr_sessions,
	&tcmi_stat_instance_attr_fail_sess,
	&tcmi_stat_instance_attr_fail_type,
	&tcmi_stat_instance_attr_fail_rem_name,
	&tcmi_stat_instance_attr_disc_time,
	&tcmi_stat_instance_attr_description,
	&tcmi_stat_instance_attr_vendor,
	&tcmi_stat_instance_attr_version,
	NULL,
};

TCMI_STAT(sess_err, inst, "%u", wwn->index);
TCMI_STAT_COUNT(sess_err, digest_errors);
TCMI_STAT_COUNT(sess_err, cxn_errors);
/* PDUs in a wrong format are rejected */
TCMI_STAT(sess_err, format_errors, "%u", 0);

static struct configfs_attribute *tcmi_stat_sess_err_attrs[] = {
	&tcmi_stat_sess_err_attr_inst,
	&tcmi_stat_sess_err_attr_digest_errors,
	&tcmi_stat_sess_err_attr_cxn_errors,
	&tcmi_stat_sess_err_attr_format_errors,
	NULL,
};

TCMI_STAT(tgt_attr, inst, "%u", wwn->index);
TCMI_STAT(tgt_attr, indx, "%u", TCMI_STAT_NODE);
TCMI_STAT(tgt_attr, login_fails, "%u", tcmi_stat_login_fails(&wwn->stats));
TCMI_STAT_LOCKED(tgt_attr, last_fail_time, "%u", tcmi_stat_time(wwn->stats.last_fail_time));
TCMI_STAT_LOCKED(tgt_attr, last_fail_type, "%u", wwn->stats.last_fail_type);
TCMI_STAT_LOCKED(tgt_attr, fail_intr_name, "%s", tcmi_stat_name(wwn->stats.last_fail_name));
TCMI_STAT_LOCKED(tgt_attr, fail_intr_addr_type, "%s",
		 wwn->stats.last_fail_family == AF_INET6 ? "ipv6" : "ipv4");
TCMI_STAT_LOCKED(tgt_attr, fail_intr_addr, "%pISc", &wwn->stats.last_fail_addr);

static struct configfs_attribute *tcmi_stat_tgt_attr_attrs[] = {
	&tcmi_stat_tgt_attr_attr_inst,
	&tcmi_stat_tgt_attr_attr_indx,
	&tcmi_stat_tgt_attr_attr_login_fails,
	&tcmi_stat_tgt_attr_attr_last_fail_time,
	&tcmi_stat_tgt_attr_attr_last_fail_type,
	&tcmi_stat_tgt_attr_attr_fail_intr_name,
	&tcmi_stat_tgt_attr_attr_fail_intr_addr_type,
	&tcmi_stat_tgt_attr_attr_fail_intr_addr,
	NULL,
};

TCMI_STAT(login, inst, "%u", wwn->index);
TCMI_STAT(login, indx, "%u", TCMI_STAT_NODE);
TCMI_STAT_COUNT(login, accepts);
TCMI_STAT_COUNT(login, other_fails);
TCMI_STAT_COUNT(login, redirects);
TCMI_STAT_COUNT(login, authorize_fails);
TCMI_STAT_COUNT(login, authenticate_fails);
TCMI_STAT_COUNT(login, negotiate_fails);

static struct configfs_attribute *tcmi_stat_login_attrs[] = {
	&tcmi_stat_login_attr_inst,
	&tcmi_stat_login_attr_indx,
	&tcmi_stat_login_attr_accepts,
	&tcmi_stat_login_attr_other_fails,
	&tcmi_stat_login_attr_redirects,
	&tcmi_stat_login_attr_authorize_fails,
	&tcmi_stat_login_attr_authenticate_fails,
	&tcmi_stat_login_attr_negotiate_fails,
	NULL,
};

TCMI_STAT(logout, inst, "%u", wwn->index);
TCMI_STAT(logout, indx, "%u", TCMI_STAT_NODE);
TCMI_STAT_COUNT(logout, normal_logouts);
TCMI_STAT_COUNT(logout, abnormal_logouts);

static struct configfs_attribute *tcmi_stat_logout_attrs[] = {
	&tcmi_stat_logout_attr_inst,
	&tcmi_stat_logout_attr_indx,
	&tcmi_stat_logout_attr_normal_logouts,
	&tcmi_stat_logout_attr_abnormal_logouts,
	NULL,
};

#define TCMI_STAT_TYPE(_group)							\
static const struct config_item_type tcmi_stat_##_group##_type = {		\
	.ct_owner	= THIS_MODULE,						\
	.ct_attrs	= tcmi_stat_##_group##_attrs,				\
}

TCMI_STAT_TYPE(instance);
TCMI_STAT_TYPE(sess_err);
TCMI_STAT_TYPE(tgt_attr);
TCMI_STAT_TYPE(login);
TCMI_STAT_TYPE(logout);

static void tcmi_stat_group(struct config_group *group, const char *name,
			    const struct config_item_type *type, struct config_group *parent)
{
	config_group_init_type_name(group, name, type);
	configfs_add_default_group(group, parent);
}

/**
 * tcmi_stats_wwn_groups() - fill <wwn>/fabric_statistics/
 * @wwn: a target which core has set up
 */
void tcmi_stats_wwn_groups(struct tcmi_wwn *wwn)
{
	struct config_group *parent = &wwn->wwn.fabric_stat_group;

	tcmi_stat_group(&wwn->stat_instance, "iscsi_instance",
			&tcmi_stat_instance_type, parent);
	tcmi_stat_group(&wwn->stat_sess_err, "iscsi_sess_err",
			&tcmi_stat_sess_err_type, parent);
	tcmi_stat_group(&wwn->stat_tgt_attr, "iscsi_tgt_attr",
			&tcmi_stat_tgt_attr_type, parent);
	tcmi_stat_group(&wwn->stat_login, "iscsi_login_stats",
			&tcmi_stat_login_type, parent);
	tcmi_stat_group(&wwn->stat_logout, "iscsi_logout_stats",
			&tcmi_stat_logout_type, parent);
}

/* ---- acls/<initiator>/fabric_statistics/iscsi_sess_stats/ --------------------------- */

static struct tcmi_acl *tcmi_stat_acl(struct config_item *item)
{
	return container_of(to_config_group(item), struct tcmi_acl, stat_sess);
}

static ssize_t tcmi_stat_sess_inst_show(struct config_item *item, char *page)
{
	struct tcmi_acl *acl = tcmi_stat_acl(item);

	return sysfs_emit(page, "%u\n", to_tcmi_tpg(acl->se_acl.se_tpg)->wwn->index);
}

CONFIGFS_ATTR_RO(tcmi_stat_sess_, inst);

/* Of the last session; nothing to read without one. */
#define TCMI_STAT_SESS(_name, _value)						\
static ssize_t tcmi_stat_sess_##_name##_show(struct config_item *item, char *page) \
{										\
	struct se_node_acl *se_acl = &tcmi_stat_acl(item)->se_acl;		\
	struct tcmi_sess *sess;							\
	unsigned long flags;							\
	ssize_t ret = 0;							\
										\
	spin_lock_irqsave(&se_acl->nacl_sess_lock, flags);			\
	if (se_acl->nacl_sess) {						\
		sess = se_acl->nacl_sess->fabric_sess_ptr;			\
		ret = sysfs_emit(page, "%llu\n", (u64)(_value));		\
	}									\
	spin_unlock_irqrestore(&se_acl->nacl_sess_lock, flags);			\
	return ret;								\
}										\
CONFIGFS_ATTR_RO(tcmi_stat_sess_, _name)

TCMI_STAT_SESS(node, sess->type == ISCSIP_SESSION_NORMAL ? TCMI_STAT_NODE : 0);
TCMI_STAT_SESS(indx, sess->index);
TCMI_STAT_SESS(cmd_pdus, READ_ONCE(sess->cmd_pdus));
TCMI_STAT_SESS(rsp_pdus, READ_ONCE(sess->rsp_pdus));
TCMI_STAT_SESS(txdata_octs, READ_ONCE(sess->tx_octets));
TCMI_STAT_SESS(rxdata_octs, READ_ONCE(sess->rx_octets));
TCMI_STAT_SESS(conn_digest_errors, READ_ONCE(sess->digest_errors));
TCMI_STAT_SESS(conn_timeout_errors, READ_ONCE(sess->timeout_errors));

static struct configfs_attribute *tcmi_stat_sess_attrs[] = {
	&tcmi_stat_sess_attr_inst,
	&tcmi_stat_sess_attr_node,
	&tcmi_stat_sess_attr_indx,
	&tcmi_stat_sess_attr_cmd_pdus,
	&tcmi_stat_sess_attr_rsp_pdus,
	&tcmi_stat_sess_attr_txdata_octs,
	&tcmi_stat_sess_attr_rxdata_octs,
	&tcmi_stat_sess_attr_conn_digest_errors,
	&tcmi_stat_sess_attr_conn_timeout_errors,
	NULL,
};

TCMI_STAT_TYPE(sess);

/**
 * tcmi_stats_acl_groups() - fill acls/<initiator>/fabric_statistics/
 * @acl: an ACL which core has set up
 */
void tcmi_stats_acl_groups(struct tcmi_acl *acl)
{
	tcmi_stat_group(&acl->stat_sess, "iscsi_sess_stats", &tcmi_stat_sess_type,
			&acl->se_acl.acl_fabric_stat_group);
}
