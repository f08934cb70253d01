// SPDX-License-Identifier: GPL-2.0
/*
 * Life of targets, portal groups, portals and ACLs: what mkdir and rmdir below
 * target/iscsi/ come to.
 *
 * Core turns every error of a make function into EINVAL, so the reason has to
 * be in the log.
 */
#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <scsi/scsi_proto.h>
#include "tcm_iscsi.h"

#define TCMI_DISABLE_WAIT	(HZ - HZ / 10)	/* twice: for logouts, then for the rest */
#define TCMI_DRAIN_REPORT	(30 * HZ)
#define TCMI_DRAIN_LOOK		(HZ / 5)	/* for signals that kill */

#define tcmi_refused(fmt, ...) \
	pr_notice_ratelimited(TCMI_NAME ": refused: " fmt "\n", ##__VA_ARGS__)

static DEFINE_IDA(tcmi_wwn_ids);

/* ---- targets ----------------------------------------------------------------- */

/**
 * tcmi_wwn_find() - the target of this name
 * @norm: normalised name
 *
 * The result is good for as long as the caller holds tcmi_config_mutex, or a
 * reference to one of its portal groups.
 */
struct tcmi_wwn *tcmi_wwn_find(const char *norm)
{
	struct tcmi_wwn *wwn;

	lockdep_assert_held(&tcmi_config_mutex);
	list_for_each_entry(wwn, &tcmi_wwns, entry) {
		if (!strcmp(wwn->norm, norm))
			return wwn;
	}
	return NULL;
}

/*
 * User space is free to call a target what it likes; what isn't an iSCSI name
 * can't be asked for by an initiator, but has to be unique all the same.
 */
static void tcmi_wwn_set_name(struct tcmi_wwn *wwn, const char *name)
{
	char *c;

	strscpy(wwn->name, name, sizeof(wwn->name));
	if (!iscsip_name_normalize(name, strlen(name), wwn->norm))
		return;
	strscpy(wwn->norm, name, sizeof(wwn->norm));
	for (c = wwn->norm; *c; c++)
		*c = tolower(*c);
}

static int tcmi_wwn_add(struct tcmi_wwn *wwn)
{
	int ret = 0;

	mutex_lock(&tcmi_config_mutex);
	if (tcmi_wwn_find(wwn->norm))
		ret = -EEXIST;
	else
		list_add_tail(&wwn->entry, &tcmi_wwns);
	mutex_unlock(&tcmi_config_mutex);
	return ret;
}

static void tcmi_wwn_release(struct kref *ref)
{
	struct tcmi_wwn *wwn = container_of(ref, struct tcmi_wwn, ref);

	ida_free(&tcmi_wwn_ids, wwn->index);
	kfree(wwn);
}

static void tcmi_wwn_put(struct tcmi_wwn *wwn)
{
	kref_put(&wwn->ref, tcmi_wwn_release);
}

/**
 * tcmi_make_wwn() - mkdir target/iscsi/<name>
 * @tf: ours
 * @group: target/iscsi
 * @name: as typed
 *
 * Return: the target, or an ERR_PTR.
 */
struct se_wwn *tcmi_make_wwn(struct target_fabric_configfs *tf,
			     struct config_group *group, const char *name)
{
	struct tcmi_wwn *wwn;
	int ret;

	if (strlen(name) > ISCSIP_NAME_MAX) {
		tcmi_refused("target name of more than %d bytes", ISCSIP_NAME_MAX);
		return ERR_PTR(-EINVAL);
	}
	wwn = kzalloc(sizeof(*wwn), GFP_KERNEL);
	if (!wwn)
		return ERR_PTR(-ENOMEM);
	kref_init(&wwn->ref);
	INIT_LIST_HEAD(&wwn->tpgs);
	tcmi_wwn_set_name(wwn, name);

	ret = ida_alloc(&tcmi_wwn_ids, GFP_KERNEL);
	if (ret < 0)
		goto out_free;
	wwn->index = ret;

	ret = tcmi_wwn_add(wwn);
	if (ret) {
		tcmi_refused("target %s: there is one of this name", name);
		goto out_id;
	}
	return &wwn->wwn;

out_id:
	ida_free(&tcmi_wwn_ids, wwn->index);
out_free:
	kfree(wwn);
	return ERR_PTR(ret);
}

/**
 * tcmi_drop_wwn() - rmdir target/iscsi/<name>, all its portal groups are gone
 * @se_wwn: the target
 */
void tcmi_drop_wwn(struct se_wwn *se_wwn)
{
	struct tcmi_wwn *wwn = to_tcmi_wwn(se_wwn);

	mutex_lock(&tcmi_config_mutex);
	list_del(&wwn->entry);
	mutex_unlock(&tcmi_config_mutex);
	tcmi_wwn_put(wwn);
}

/* ---- portal groups ------------------------------------------------------------ */

/**
 * tcmi_tpg_get() - keep a portal group
 * @tpg: found under tcmi_config_mutex, which is still held, or kept already
 */
void tcmi_tpg_get(struct tcmi_tpg *tpg)
{
	atomic_inc(&tpg->refs);
}

/**
 * tcmi_tpg_put() - let go of a portal group; any context
 * @tpg: kept by tcmi_tpg_get()
 */
void tcmi_tpg_put(struct tcmi_tpg *tpg)
{
	unsigned long flags;

	/* Under the queue's lock: see tcmi_tpg_drain() for what happens next. */
	if (!atomic_dec_and_lock_irqsave(&tpg->refs, &tpg->drained.lock, flags))
		return;
	wake_up_all_locked(&tpg->drained);
	if (tpg->ending)
		queue_work(tcmi_end_wq, &tpg->end_work);
	spin_unlock_irqrestore(&tpg->drained.lock, flags);
}

/* The last tcmi_tpg_put() may not have left the queue yet. */
static void tcmi_tpg_drained(struct tcmi_tpg *tpg)
{
	spin_lock_irq(&tpg->drained.lock);
	spin_unlock_irq(&tpg->drained.lock);
}

/*
 * rmdir can't be refused, so this waits for as long as it takes, visibly, or until somebody
 * kills who waits. Return: whether nothing is left.
 */
static bool tcmi_tpg_drain(struct tcmi_tpg *tpg)
{
	unsigned long report = jiffies + TCMI_DRAIN_REPORT;

	while (!wait_event_idle_timeout(tpg->drained, !atomic_read(&tpg->refs),
					TCMI_DRAIN_LOOK)) {
		if (fatal_signal_pending(current))
			return false;
		if (time_before(jiffies, report))
			continue;
		report = jiffies + TCMI_DRAIN_REPORT;
		pr_notice(TCMI_NAME ": removal of %s,%u waits for %d logins and sessions\n",
			  tpg->wwn->name, tpg->tag, atomic_read(&tpg->refs));
	}
	tcmi_tpg_drained(tpg);
	return true;
}

static bool tcmi_tpg_has_portal(const struct tcmi_tpg *tpg,
				const struct tcmi_portal *portal)
{
	const struct tcmi_np *np;

	list_for_each_entry(np, &tpg->nps, tpg_entry) {
		if (np->portal == portal)
			return true;
	}
	return false;
}

/*
 * 0.0.0.0 and [::] take IPv4 connections for each other, whichever of them has the
 * socket. What comes by IPv6 is for [::] alone.
 */
static bool tcmi_tpg_takes(const struct tcmi_tpg *tpg, const struct tcmi_conn *conn)
{
	const struct tcmi_portal *twin = conn->portal->twin;

	if (tcmi_tpg_has_portal(tpg, conn->portal))
		return true;
	return twin && conn->peer.ss_family == AF_INET && tcmi_tpg_has_portal(tpg, twin);
}

/**
 * tcmi_tpg_lookup() - the portal group that an initiator means
 * @wwn: the target it asked for
 * @conn: its connection: where it came to
 * @disabled: set when only inactive groups have this portal
 *
 * Return: the active group with the lowest tag, else an inactive one, else NULL.
 */
struct tcmi_tpg *tcmi_tpg_lookup(struct tcmi_wwn *wwn, const struct tcmi_conn *conn,
				 bool *disabled)
{
	struct tcmi_tpg *tpg, *inactive = NULL;

	lockdep_assert_held(&tcmi_config_mutex);
	*disabled = false;
	list_for_each_entry(tpg, &wwn->tpgs, entry) {
		if (!tcmi_tpg_takes(tpg, conn))
			continue;
		if (tpg->active)
			return tpg;
		if (!inactive)
			inactive = tpg;
	}
	*disabled = inactive;
	return inactive;
}

/* The incumbent takes "tpgt_" anywhere in the name, so saved trees may have it. */
static int tcmi_tpg_parse(const char *name, u16 *tag)
{
	const char *digits = strstr(name, "tpgt_");

	if (!digits)
		return -EINVAL;
	return kstrtou16(digits + strlen("tpgt_"), 0, tag);
}

static int tcmi_tpg_add(struct tcmi_wwn *wwn, struct tcmi_tpg *tpg)
{
	struct list_head *before = &wwn->tpgs;
	struct tcmi_tpg *other;
	int ret = 0;

	mutex_lock(&tcmi_config_mutex);
	list_for_each_entry(other, &wwn->tpgs, entry) {
		if (other->tag < tpg->tag)
			continue;
		if (other->tag == tpg->tag)
			ret = -EEXIST;
		before = &other->entry;
		break;
	}
	if (!ret)
		list_add_tail(&tpg->entry, before);
	mutex_unlock(&tcmi_config_mutex);
	return ret;
}

static void tcmi_tpg_defaults(struct tcmi_tpg *tpg)
{
	tpg->attrib = (struct tcmi_tpg_attrib) {
		.authentication = 1,
		.login_timeout = 15,
		.netif_timeout = 2,
		.default_cmdsn_depth = 64,
		.demo_mode_write_protect = 1,
		.demo_mode_discovery = 1,
		.tpg_enabled_sendtargets = 1,
		.login_keys_workaround = 1,
	};
	tcmi_param_defaults(tpg);
}

/* What sessions have for an ACL when they have left theirs: nobody looks it up. */
static struct tcmi_acl *tcmi_acl_departed(struct se_portal_group *se_tpg)
{
	struct tcmi_acl *acl = kzalloc(sizeof(*acl), GFP_KERNEL);

	if (!acl)
		return NULL;
	INIT_LIST_HEAD(&acl->se_acl.acl_list);
	INIT_LIST_HEAD(&acl->se_acl.acl_sess_list);
	INIT_HLIST_HEAD(&acl->se_acl.lun_entry_hlist);
	kref_init(&acl->se_acl.acl_kref);
	init_completion(&acl->se_acl.acl_free_comp);
	spin_lock_init(&acl->se_acl.nacl_sess_lock);
	mutex_init(&acl->se_acl.lun_entry_mutex);
	acl->se_acl.se_tpg = se_tpg;
	strscpy(acl->se_acl.initiatorname, "departed", sizeof(acl->se_acl.initiatorname));
	return acl;
}

static struct tcmi_tpg *tcmi_tpg_alloc(struct tcmi_wwn *wwn, u16 tag)
{
	struct tcmi_tpg *tpg = kzalloc(sizeof(*tpg), GFP_KERNEL);

	if (!tpg)
		return NULL;
	tpg->departed = tcmi_acl_departed(&tpg->se_tpg);
	if (!tpg->departed) {
		kfree(tpg);
		return NULL;
	}
	kref_get(&wwn->ref);
	tpg->wwn = wwn;
	tpg->tag = tag;
	INIT_LIST_HEAD(&tpg->nps);
	atomic_set(&tpg->refs, 0);
	init_waitqueue_head(&tpg->drained);
	ida_init(&tpg->tsihs);
	xa_init(&tpg->lanes);
	INIT_LIST_HEAD(&tpg->orphans);
	tcmi_tpg_defaults(tpg);
	return tpg;
}

static void tcmi_tpg_free(struct tcmi_tpg *tpg)
{
	tcmi_wwn_put(tpg->wwn);
	xa_destroy(&tpg->lanes);
	kfree(tpg->departed);
	ida_destroy(&tpg->tsihs);
	kfree_sensitive(tpg);
}

/**
 * tcmi_make_tpg() - mkdir tpgt_<tag>
 * @se_wwn: the target
 * @name: the directory's name
 *
 * Return: the inactive portal group, or an ERR_PTR.
 */
struct se_portal_group *tcmi_make_tpg(struct se_wwn *se_wwn, const char *name)
{
	struct tcmi_wwn *wwn = to_tcmi_wwn(se_wwn);
	struct tcmi_tpg *tpg;
	u16 tag;
	int ret;

	ret = tcmi_tpg_parse(name, &tag);
	if (ret) {
		tcmi_refused("%s of %s: not tpgt_<0..65535>", name, wwn->name);
		return ERR_PTR(ret);
	}
	tpg = tcmi_tpg_alloc(wwn, tag);
	if (!tpg)
		return ERR_PTR(-ENOMEM);

	ret = core_tpg_register(se_wwn, &tpg->se_tpg, SCSI_PROTOCOL_ISCSI);
	if (ret)
		goto out_free;

	ret = tcmi_tpg_add(wwn, tpg);
	if (ret) {
		tcmi_refused("%s of %s: there is a portal group %u", name, wwn->name, tag);
		goto out_deregister;
	}
	return &tpg->se_tpg;

out_deregister:
	core_tpg_deregister(&tpg->se_tpg);
out_free:
	tcmi_tpg_free(tpg);
	return ERR_PTR(ret);
}

/* Nothing points to it any more, but the ACLs of demo mode, which core takes along. */
static void tcmi_tpg_end(struct tcmi_tpg *tpg)
{
	core_tpg_deregister(&tpg->se_tpg);
	tcmi_tpg_free(tpg);
}

static void tcmi_tpg_end_work(struct work_struct *work)
{
	struct tcmi_tpg *tpg = container_of(work, struct tcmi_tpg, end_work);

	tcmi_tpg_drained(tpg);
	pr_notice(TCMI_NAME ": nothing is left of %s,%u\n", tpg->wwn->name, tpg->tag);
	tcmi_tpg_end(tpg);
	module_put(THIS_MODULE);
}

/**
 * tcmi_drop_tpg() - rmdir tpgt_<tag>: its luns, portals and ACLs are gone
 * @se_tpg: the portal group, which may still be enabled
 *
 * What is left are dynamic ACLs and their sessions, and logins under way. A work waits for
 * them when whoever calls is killed.
 */
void tcmi_drop_tpg(struct se_portal_group *se_tpg)
{
	struct tcmi_tpg *tpg = to_tcmi_tpg(se_tpg);

	/* From here on no login finds it. */
	mutex_lock(&tcmi_config_mutex);
	WRITE_ONCE(tpg->active, false);
	list_del(&tpg->entry);
	tcmi_portal_close_logins(tpg, "portal group deleted");
	mutex_unlock(&tcmi_config_mutex);

	tcmi_sess_close_tpg(tpg, "portal group deleted");
	/* Sessions and logins point to it. */
	if (tcmi_tpg_drain(tpg)) {
		tcmi_tpg_end(tpg);
		return;
	}
	pr_notice(TCMI_NAME ": %s,%u is removed; %d logins and sessions have not ended yet\n",
		  tpg->wwn->name, tpg->tag, atomic_read(&tpg->refs));
	__module_get(THIS_MODULE);
	INIT_WORK(&tpg->end_work, tcmi_tpg_end_work);
	spin_lock_irq(&tpg->drained.lock);
	tpg->ending = true;
	if (!atomic_read(&tpg->refs))
		queue_work(tcmi_end_wq, &tpg->end_work);
	spin_unlock_irq(&tpg->drained.lock);
}

static int tcmi_tpg_enable(struct tcmi_tpg *tpg)
{
	int ret = 0;

	mutex_lock(&tcmi_config_mutex);
	/* 0 leaves AuthMethod alone here: only writing the attribute adds None. */
	if (tpg->attrib.authentication)
		ret = tcmi_auth_method_require(tpg, true);
	if (!ret)
		WRITE_ONCE(tpg->active, true);
	mutex_unlock(&tcmi_config_mutex);
	return ret;
}

static void tcmi_tpg_disable(struct tcmi_tpg *tpg)
{
	mutex_lock(&tcmi_config_mutex);
	WRITE_ONCE(tpg->active, false);
	/* They could only be refused, and count as users of the group until then. */
	tcmi_portal_close_logins(tpg, "portal group disabled");
	mutex_unlock(&tcmi_config_mutex);

	/* Give initiators a moment to end in good order. */
	tcmi_sess_ask_tpg(tpg);
	if (tcmi_sess_wait_tpg(tpg, TCMI_DISABLE_WAIT))
		return;
	tcmi_sess_close_tpg(tpg, "portal group disabled");
	/* Scripts expect them gone; a backend that is stuck must not stop these. */
	if (!tcmi_sess_wait_tpg(tpg, TCMI_DISABLE_WAIT))
		pr_notice(TCMI_NAME ": %s,%u is disabled, %d logins or sessions have not ended yet\n",
			  tpg->wwn->name, tpg->tag, atomic_read(&tpg->refs));
}

/**
 * tcmi_enable_tpg() - a write to enable that changes it
 * @se_tpg: the portal group
 * @enable: the new value
 *
 * Disabling closes all sessions and waits for them, but not longer than 2 s.
 *
 * Return: 0, or -EINVAL when AuthMethod can't be brought in line.
 */
int tcmi_enable_tpg(struct se_portal_group *se_tpg, bool enable)
{
	struct tcmi_tpg *tpg = to_tcmi_tpg(se_tpg);

	if (enable)
		return tcmi_tpg_enable(tpg);
	tcmi_tpg_disable(tpg);
	return 0;
}

/* ---- portals -------------------------------------------------------------------- */

static int tcmi_np_add(struct tcmi_np *np, struct net *net,
		       const struct sockaddr_storage *addr)
{
	struct tcmi_portal *portal;
	struct tcmi_tpg *tpg;

	lockdep_assert_held(&tcmi_config_mutex);
	portal = tcmi_portal_get(net, addr);
	if (IS_ERR(portal))
		return PTR_ERR(portal);

	/* A login has to lead to one group only. */
	list_for_each_entry(tpg, &np->tpg->wwn->tpgs, entry) {
		if (tcmi_tpg_has_portal(tpg, portal) ||
		    (portal->twin && tcmi_tpg_has_portal(tpg, portal->twin))) {
			tcmi_portal_detach(portal);
			tcmi_portal_put(portal);
			return -EEXIST;
		}
	}
	np->portal = portal;
	list_add_tail(&np->tpg_entry, &np->tpg->nps);
	list_add_tail(&np->portal_entry, &portal->nps);
	return 0;
}

/**
 * tcmi_make_np() - mkdir np/<address:port>, which listens from now on
 * @se_tpg: the portal group
 * @group: its np directory
 * @name: "a.b.c.d:port" or "[v6]:port"
 *
 * The address belongs to the network namespace of who asks.
 *
 * Return: the portal, or an ERR_PTR.
 */
struct se_tpg_np *tcmi_make_np(struct se_portal_group *se_tpg, struct config_group *group,
			       const char *name)
{
	struct net *net = current->nsproxy->net_ns;
	struct tcmi_tpg *tpg = to_tcmi_tpg(se_tpg);
	struct sockaddr_storage addr;
	struct tcmi_np *np;
	int ret;

	ret = tcmi_portal_parse(net, name, &addr);
	if (ret) {
		tcmi_refused("portal %s: not an address and a port", name);
		return ERR_PTR(ret);
	}
	np = kzalloc(sizeof(*np), GFP_KERNEL);
	if (!np)
		return ERR_PTR(-ENOMEM);
	np->tpg = tpg;

	mutex_lock(&tcmi_config_mutex);
	ret = tcmi_np_add(np, net, &addr);
	mutex_unlock(&tcmi_config_mutex);
	if (!ret)
		return &np->se_np;

	if (ret == -EEXIST)
		tcmi_refused("portal %s: %s has it already", name, tpg->wwn->name);
	else
		tcmi_refused("portal %s of %s: error %d", name, tpg->wwn->name, ret);
	kfree(np);
	return ERR_PTR(ret);
}

/**
 * tcmi_drop_np() - rmdir np/<address:port>; sessions stay
 * @se_np: the portal
 */
void tcmi_drop_np(struct se_tpg_np *se_np)
{
	struct tcmi_np *np = to_tcmi_np(se_np);

	mutex_lock(&tcmi_config_mutex);
	list_del(&np->tpg_entry);
	list_del(&np->portal_entry);
	tcmi_portal_detach(np->portal);
	tcmi_portal_put(np->portal);
	mutex_unlock(&tcmi_config_mutex);
	kfree(np);
}

/* ---- ACLs ------------------------------------------------------------------------- */

/**
 * tcmi_acl_defaults() - core has made an ACL, explicit or dynamic
 * @se_acl: not yet in any list
 *
 * Initiators are looked up by normalised name, so that is what it is called,
 * however the directory is spelled.
 */
void tcmi_acl_defaults(struct se_node_acl *se_acl)
{
	struct tcmi_tpg *tpg = to_tcmi_tpg(se_acl->se_tpg);
	struct tcmi_acl *acl = to_tcmi_acl(se_acl);
	char norm[ISCSIP_NAME_MAX + 1];

	BUILD_BUG_ON(sizeof(norm) > sizeof(se_acl->initiatorname));
	acl->attrib = (struct tcmi_acl_attrib) {
		.dataout_timeout = 3,
		.dataout_timeout_retries = 5,
		.default_erl = READ_ONCE(tpg->attrib.default_erl),
		.nopin_timeout = 15,
		.nopin_response_timeout = 30,
		.authentication = -1,
	};
	if (!iscsip_name_normalize(se_acl->initiatorname, strlen(se_acl->initiatorname),
				   norm))
		strscpy(se_acl->initiatorname, norm, sizeof(norm));
}

/**
 * tcmi_init_nodeacl() - mkdir acls/<name>
 * @se_acl: a new ACL, or the dynamic one of that name which becomes explicit
 * @name: the directory's name
 *
 * Return: 0, or -EEXIST when another ACL means the same initiator.
 */
int tcmi_init_nodeacl(struct se_node_acl *se_acl, const char *name)
{
	bool dynamic;

	if (tcmi_sess_acl_is_double(se_acl, &dynamic)) {
		if (dynamic)
			tcmi_refused("ACL %s: demo mode has made one: use its name, %s",
				     name, se_acl->initiatorname);
		else
			tcmi_refused("ACL %s: there is one for %s", name, se_acl->initiatorname);
		/* core frees the ACL, but not a name too long to be inside: let go of that */
		config_item_set_name(&se_acl->acl_group.cg_item, "refused");
		return -EEXIST;
	}
	tcmi_stats_acl_groups(to_tcmi_acl(se_acl));
	return 0;
}
