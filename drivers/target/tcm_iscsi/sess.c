// SPDX-License-Identifier: GPL-2.0
/*
 * Sessions: the table by portal group, InitiatorName and ISID; reinstatement
 * that never waits; the I_T nexus of core, which ends with the last reference.
 */
#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include "cmd.h"

#define TCMI_SESS_BITS		8
#define TCMI_DISCOVERY_DEPTH	8

static DEFINE_HASHTABLE(tcmi_sess_table, TCMI_SESS_BITS);
static LIST_HEAD(tcmi_sess_list);
static DEFINE_SPINLOCK(tcmi_sess_table_lock);
static DEFINE_IDA(tcmi_discovery_tsihs);
static DEFINE_MUTEX(tcmi_nexus_mutex);	/* core finds or makes an ACL, lists a session */
static atomic_t tcmi_sess_index = ATOMIC_INIT(0);

/* A session has a thread and its stack, a socket, and up to some 64 KiB in all when idle. */
#define TCMI_SESS_PAGES		(SZ_64K >> PAGE_SHIFT)

static u32 tcmi_max_sessions;
module_param_named(max_sessions, tcmi_max_sessions, uint, 0644);
MODULE_PARM_DESC(max_sessions, "normal sessions, half of them for one initiator (0: as many as take a quarter of the memory)");
static u32 tcmi_sess_normal;	/* sessions that count; tcmi_sess_table_lock */

static u32 tcmi_sess_key(const char *name, const u8 *isid)
{
	return jhash(name, strlen(name), jhash(isid, ISCSIP_ISID_LEN, 0));
}

static struct ida *tcmi_sess_tsihs(struct tcmi_tpg *tpg)
{
	return tpg ? &tpg->tsihs : &tcmi_discovery_tsihs;
}

/* The I_T nexus: only now, after authentication, may an ACL be made. */
static struct iscsip_verdict tcmi_sess_nexus(struct tcmi_sess *sess)
{
	struct se_portal_group *se_tpg = &sess->tpg->se_tpg;
	struct se_session *se_sess;

	se_sess = transport_alloc_session(TARGET_PROT_NORMAL);
	if (IS_ERR(se_sess))
		return ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_NO_RESOURCES, "out of memory");
	mutex_lock(&tcmi_nexus_mutex);
	se_sess->se_node_acl = core_tpg_check_initiator_node_acl(se_tpg,
								 sess->initiator_name);
	if (se_sess->se_node_acl) {
		sess->se_sess = se_sess;
		transport_register_session(se_tpg, se_sess->se_node_acl, se_sess, sess);
	}
	mutex_unlock(&tcmi_nexus_mutex);
	if (sess->se_sess)
		return ISCSIP_VERDICT_OK;
	transport_free_session(se_sess);
	return ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_FORBIDDEN, "no ACL for it, or no room for one");
}

/**
 * tcmi_sess_hide_lun() - no login from now on makes an ACL with this LUN
 * @se_tpg: its portal group
 * @lun: the LUN; core is about to take it from all ACLs
 *
 * A login in demo mode gets all LUNs of the group's list. One that is being removed
 * stays there until its last command has come back, long after core has looked for the
 * ACLs that have it: who logged in meanwhile would keep a pointer to it. So it moves to
 * a list of its own; only those who add to ACLs walk core's, with tpg_lun_mutex.
 *
 * Context: process.
 */
void tcmi_sess_hide_lun(struct se_portal_group *se_tpg, struct se_lun *lun)
{
	mutex_lock(&tcmi_nexus_mutex);
	mutex_lock(&se_tpg->tpg_lun_mutex);
	hlist_del_rcu(&lun->link);
	hlist_add_head_rcu(&lun->link, &to_tcmi_tpg(se_tpg)->leaving);
	mutex_unlock(&se_tpg->tpg_lun_mutex);
	mutex_unlock(&tcmi_nexus_mutex);
}

/**
 * tcmi_sess_acl_is_double() - is there another ACL for the initiator of this one?
 * @se_acl: in the list of its portal group
 * @dynamic: set if that is one of demo mode
 *
 * Core has compared the name as typed, and let go of the list then. A login in demo
 * mode looks and adds under tcmi_nexus_mutex: it has added, or finds this one.
 *
 * Context: process.
 */
bool tcmi_sess_acl_is_double(struct se_node_acl *se_acl, bool *dynamic)
{
	struct se_portal_group *se_tpg = se_acl->se_tpg;
	struct se_node_acl *other;
	bool found = false;

	mutex_lock(&tcmi_nexus_mutex);
	mutex_lock(&se_tpg->acl_node_mutex);
	list_for_each_entry(other, &se_tpg->acl_node_list, acl_list) {
		if (other == se_acl || strcmp(other->initiatorname, se_acl->initiatorname))
			continue;
		*dynamic = other->dynamic_node_acl;
		found = true;
	}
	mutex_unlock(&se_tpg->acl_node_mutex);
	mutex_unlock(&tcmi_nexus_mutex);
	return found;
}

static bool tcmi_sess_match(const struct tcmi_sess *sess, const void *endpoint,
			    const char *name, const u8 *isid)
{
	return sess->endpoint == endpoint && !memcmp(sess->isid, isid, ISCSIP_ISID_LEN) &&
	       !strcmp(sess->initiator_name, name);
}

static struct tcmi_sess *tcmi_sess_lookup(const void *endpoint, const char *name,
					  const u8 *isid)
{
	struct tcmi_sess *sess;

	lockdep_assert_held(&tcmi_sess_table_lock);
	hash_for_each_possible(tcmi_sess_table, sess, hash, tcmi_sess_key(name, isid))
		if (tcmi_sess_match(sess, endpoint, name, isid))
			return sess;
	return NULL;
}

/* Towards the most that there may be; not those which only wait for the backend. */
static void tcmi_sess_counts(struct tcmi_sess *sess, bool counted)
{
	lockdep_assert_held(&tcmi_sess_table_lock);
	if (sess->counted != counted)
		tcmi_sess_normal += counted ? 1 : -1;
	sess->counted = counted;
}

/* How many sessions the initiator of this one has; none if it takes the place of another */
static u32 tcmi_sess_count_own(const struct tcmi_sess *sess)
{
	struct tcmi_sess *other;
	u32 n = 0;

	spin_lock(&tcmi_sess_table_lock);
	if (!tcmi_sess_lookup(sess->endpoint, sess->initiator_name, sess->isid))
		list_for_each_entry(other, &tcmi_sess_list, entry)
			if (other->counted &&
			    !strcmp(other->initiator_name, sess->initiator_name))
				n++;
	spin_unlock(&tcmi_sess_table_lock);
	return n;
}

/* Is there room for this one, which is counted and listed already? */
static bool tcmi_sess_fits(const struct tcmi_sess *sess)
{
	u32 max = READ_ONCE(tcmi_max_sessions) ?: totalram_pages() / (4 * TCMI_SESS_PAGES);
	u32 n = READ_ONCE(tcmi_sess_normal), own;

	if (n <= max / 2)
		return true;
	own = tcmi_sess_count_own(sess);
	return !own || (n <= max && own <= DIV_ROUND_UP(max, 2));
}

/**
 * tcmi_sess_new() - a session for a login that has proved itself
 * @type: Normal or Discovery
 * @tpg: portal group of a Normal session; the caller's reference stays the caller's
 * @endpoint: what a login has to name to find it; compared only
 * @login: the finished login
 * @v: gets the reason of a failure
 *
 * Context: process, no locks. Not in the table yet: see tcmi_sess_publish().
 * Return: the session with one reference, or NULL.
 */
struct tcmi_sess *tcmi_sess_new(enum iscsip_session_type type, struct tcmi_tpg *tpg,
				const void *endpoint, const struct iscsip_login *login,
				struct iscsip_verdict *v)
{
	struct tcmi_sess *sess = kzalloc(sizeof(*sess), GFP_KERNEL);
	u32 depth = TCMI_DISCOVERY_DEPTH;
	int tsih;

	*v = ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_NO_RESOURCES, "out of memory");
	if (!sess)
		return NULL;
	tsih = ida_alloc_range(tcmi_sess_tsihs(tpg), 1, U16_MAX, GFP_KERNEL);
	if (tsih < 0) {
		kfree(sess);
		return NULL;
	}
	kref_init(&sess->ref);
	spin_lock_init(&sess->lock);
	INIT_LIST_HEAD(&sess->conns);
	INIT_LIST_HEAD(&sess->entry);
	INIT_HLIST_NODE(&sess->hash);
	sess->type = type;
	sess->tpg = tpg;
	sess->endpoint = endpoint;
	if (tpg)
		tcmi_tpg_get(tpg);
	sess->tsih = tsih;
	sess->index = atomic_inc_return(&tcmi_sess_index);
	sess->created = get_jiffies_64();
	sess->params = login->params;
	memcpy(sess->isid, login->isid, sizeof(sess->isid));
	strscpy(sess->initiator_name, login->initiator_name, sizeof(sess->initiator_name));
	strscpy(sess->initiator_alias, login->initiator_alias, sizeof(sess->initiator_alias));
	/* core may ask for its end as soon as it knows the nexus */
	spin_lock(&tcmi_sess_table_lock);
	list_add_tail(&sess->entry, &tcmi_sess_list);
	if (type == ISCSIP_SESSION_NORMAL)
		tcmi_sess_counts(sess, true);
	spin_unlock(&tcmi_sess_table_lock);
	if (type == ISCSIP_SESSION_NORMAL) {
		if (tcmi_sess_fits(sess))
			*v = tcmi_sess_nexus(sess);
		else
			v->why = "too many sessions (max_sessions)";
		if (v->action) {
			tcmi_sess_put(sess);
			return NULL;
		}
		depth = sess->se_sess->se_node_acl->queue_depth;
	}
	iscsip_window_init(&sess->window, login->cmdsn, depth);
	return sess;
}

struct tcmi_departure {
	struct rcu_head rcu;
	struct se_node_acl *acl;
};

static void tcmi_sess_departed(struct rcu_head *rcu)
{
	struct tcmi_departure *departure = container_of(rcu, struct tcmi_departure, rcu);

	/* an explicit ACL: this only wakes who wants to delete it */
	target_put_nacl(departure->acl);
	kfree(departure);
}

/* Return: the ACL, whose reference is the caller's now; NULL: a dynamic one, or left. */
static struct se_node_acl *tcmi_sess_leave_acl(struct tcmi_sess *sess)
{
	struct se_portal_group *se_tpg = &sess->tpg->se_tpg;
	struct se_node_acl *departed = &sess->tpg->departed->se_acl;
	struct se_session *se_sess = sess->se_sess;
	struct se_node_acl *acl = NULL;

	mutex_lock(&tcmi_nexus_mutex);
	mutex_lock(&se_tpg->acl_node_mutex);
	if (!sess->departed && !se_sess->se_node_acl->dynamic_node_acl) {
		acl = se_sess->se_node_acl;
		transport_deregister_session_configfs(se_sess);
		kref_get(&departed->acl_kref);
		spin_lock_irq(&se_tpg->session_lock);
		WRITE_ONCE(se_sess->se_node_acl, departed);
		spin_unlock_irq(&se_tpg->session_lock);
		WRITE_ONCE(sess->departed, true);
	}
	mutex_unlock(&se_tpg->acl_node_mutex);
	mutex_unlock(&tcmi_nexus_mutex);
	return acl;
}

/*
 * No connection is left, and core changes no reservations for it, with its ACL in hand. Those
 * of a connection that has left have been counted before.
 */
static bool tcmi_sess_may_depart(struct tcmi_sess *sess)
{
	bool left;

	spin_lock(&sess->lock);
	left = !sess->nconns;
	spin_unlock(&sess->lock);
	return left && !atomic_read(&sess->reserving);
}

/**
 * tcmi_sess_depart() - leave the ACL to who wants to change or delete it
 * @sess: the session; departs when nothing of it is left but commands in the backend
 *
 * Core waits uninterruptibly for an ACL's last session, and the backend may be dead.
 * Commands there don't look at the ACL any more. One that was preempted on its way to
 * the backend, with the ACL in hand, has gone on and slept by the end of an RCU tasks
 * grace period.
 *
 * Context: process.
 */
void tcmi_sess_depart(struct tcmi_sess *sess)
{
	struct tcmi_departure *departure;

	if (!sess || !sess->se_sess || READ_ONCE(sess->departed) || !tcmi_sess_may_depart(sess))
		return;
	tcmi_lane_drop_reservations(sess->tpg, sess->se_sess);
	departure = kzalloc(sizeof(*departure), GFP_KERNEL);
	if (!departure)
		return;
	departure->acl = tcmi_sess_leave_acl(sess);
	if (departure->acl)
		call_rcu_tasks(&departure->rcu, tcmi_sess_departed);
	else
		kfree(departure);
}

static void tcmi_sess_release(struct kref *ref)
{
	struct tcmi_sess *sess = container_of(ref, struct tcmi_sess, ref);

	spin_lock(&tcmi_sess_table_lock);
	list_del_init(&sess->entry);
	tcmi_sess_counts(sess, false);
	spin_unlock(&tcmi_sess_table_lock);
	if (sess->se_sess) {
		mutex_lock(&tcmi_nexus_mutex);
		transport_deregister_session_configfs(sess->se_sess);
		transport_deregister_session(sess->se_sess);
		mutex_unlock(&tcmi_nexus_mutex);
	}
	ida_free(tcmi_sess_tsihs(sess->tpg), sess->tsih);
	if (sess->tpg)
		tcmi_tpg_put(sess->tpg);
	kfree(sess);
}

/**
 * tcmi_sess_put() - drop a reference
 * @sess: the session
 *
 * Context: process, may sleep: the last one ends the I_T nexus. By then no
 * command of the session is left.
 */
void tcmi_sess_put(struct tcmi_sess *sess)
{
	kref_put(&sess->ref, tcmi_sess_release);
}

static void tcmi_sess_unhash(struct tcmi_sess *sess)
{
	lockdep_assert_held(&tcmi_sess_table_lock);
	hash_del(&sess->hash);
}

/**
 * tcmi_sess_publish() - let the session be found; reinstate an older one (6.3.5)
 * @sess: the session
 *
 * The old session of the same I_T nexus is unhashed and told to close; nobody
 * waits for it. A discovery session reinstates one at the same portal (7.4.2.1), or if
 * it names a target, one which names the same (7.4.2.2).
 *
 * Return: a refusal when the portal group has been disabled meanwhile.
 */
struct iscsip_verdict tcmi_sess_publish(struct tcmi_sess *sess)
{
	struct tcmi_sess *old = NULL;

	spin_lock(&tcmi_sess_table_lock);
	/* pairs with disable, which clears active and then closes what it finds here */
	if (sess->tpg && !READ_ONCE(sess->tpg->active)) {
		spin_unlock(&tcmi_sess_table_lock);
		return ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_UNAVAILABLE,
					    "portal group has just been disabled");
	}
	old = tcmi_sess_lookup(sess->endpoint, sess->initiator_name, sess->isid);
	if (old) {
		kref_get(&old->ref);
		tcmi_sess_unhash(old);
	}
	hash_add(tcmi_sess_table, &sess->hash, tcmi_sess_key(sess->initiator_name, sess->isid));
	spin_unlock(&tcmi_sess_table_lock);
	if (old) {
		tcmi_sess_close(old, "reinstated by a new login");
		tcmi_sess_put(old);
	}
	return ISCSIP_VERDICT_OK;
}

/**
 * tcmi_sess_find() - the session that a login with a TSIH wants to join
 * @endpoint: what the login has named
 * @name: InitiatorName, normalised
 * @isid: ISID
 * @tsih: TSIH
 * Return: the session with a reference, or NULL.
 */
struct tcmi_sess *tcmi_sess_find(const void *endpoint, const char *name, const u8 *isid,
				 u16 tsih)
{
	struct tcmi_sess *sess;

	spin_lock(&tcmi_sess_table_lock);
	sess = tcmi_sess_lookup(endpoint, name, isid);
	if (sess && sess->tsih == tsih)
		kref_get(&sess->ref);
	else
		sess = NULL;
	spin_unlock(&tcmi_sess_table_lock);
	return sess;
}

/**
 * tcmi_sess_join() - a connection becomes part of the session
 * @sess: the session; the connection takes a reference
 * @conn: the connection; its thread calls
 *
 * A connection with the same CID is reinstated (6.3.4): told to close, not
 * waited for.
 *
 * Return: a refusal when there are too many connections, or the session is closing.
 */
struct iscsip_verdict tcmi_sess_join(struct tcmi_sess *sess, struct tcmi_conn *conn)
{
	struct iscsip_verdict v = ISCSIP_VERDICT_OK;
	struct tcmi_conn *other;
	bool same = false;

	spin_lock(&sess->lock);
	list_for_each_entry(other, &sess->conns, sess_entry) {
		if (other->cid != conn->cid)
			continue;
		tcmi_conn_close(other, "reinstated by a new login");
		same = true;
	}
	if (sess->state != TCMI_SESS_ACTIVE)
		v = ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_NO_SESSION, "session is closing");
	else if (sess->nconns >= sess->params.max_connections && !same)
		v = ISCSIP_VERDICT_LOGIN(ISCSIP_LOGIN_TOO_MANY_CONNS,
					 "too many connections in the session");
	if (!v.action) {
		list_add_tail(&conn->sess_entry, &sess->conns);
		sess->nconns++;
		kref_get(&sess->ref);
		conn->sess = sess;
	}
	spin_unlock(&sess->lock);
	return v;
}

/**
 * tcmi_sess_unpublish() - the session has logged out: no login finds it
 * @sess: the session
 */
void tcmi_sess_unpublish(struct tcmi_sess *sess)
{
	spin_lock(&tcmi_sess_table_lock);
	spin_lock(&sess->lock);
	sess->state = TCMI_SESS_CLOSING;
	hash_del(&sess->hash);
	spin_unlock(&sess->lock);
	spin_unlock(&tcmi_sess_table_lock);
}

/**
 * tcmi_sess_leave() - a connection is going; the last one closes the session
 * @conn: the connection; its thread calls, and keeps its reference of the session
 *	  until its commands are through
 */
void tcmi_sess_leave(struct tcmi_conn *conn)
{
	struct tcmi_sess *sess = conn->sess;

	spin_lock(&tcmi_sess_table_lock);
	spin_lock(&sess->lock);
	list_del_init(&conn->sess_entry);
	if (!--sess->nconns) {
		sess->state = TCMI_SESS_CLOSING;
		tcmi_sess_unhash(sess);
		tcmi_sess_counts(sess, false);
	}
	spin_unlock(&sess->lock);
	spin_unlock(&tcmi_sess_table_lock);
}

/**
 * tcmi_sess_close() - ask for the end of a session; never waits
 * @sess: the session; the caller has a reference or holds a lock that keeps it
 * @why: constant text
 * Context: any process context.
 */
void tcmi_sess_close(struct tcmi_sess *sess, const char *why)
{
	struct tcmi_conn *conn;

	spin_lock(&sess->lock);
	sess->state = TCMI_SESS_CLOSING;
	list_for_each_entry(conn, &sess->conns, sess_entry) {
		set_bit(TCMI_CONN_ANNOUNCE, &conn->flags);
		tcmi_conn_close(conn, why);
	}
	spin_unlock(&sess->lock);
}

/**
 * tcmi_sess_each() - call a function for each session of a portal group
 * @tpg: the group
 * @fn: must not sleep
 * @arg: its argument
 */
void tcmi_sess_each(struct tcmi_tpg *tpg, void (*fn)(struct tcmi_sess *sess, void *arg),
		    void *arg)
{
	struct tcmi_sess *sess;

	spin_lock(&tcmi_sess_table_lock);
	list_for_each_entry(sess, &tcmi_sess_list, entry)
		if (sess->tpg == tpg)
			fn(sess, arg);
	spin_unlock(&tcmi_sess_table_lock);
}

/**
 * tcmi_sess_each_conn() - call a function for each connection of each session
 * @fn: must not sleep
 * @arg: its argument
 */
void tcmi_sess_each_conn(void (*fn)(struct tcmi_conn *conn, void *arg), void *arg)
{
	struct tcmi_conn *conn;
	struct tcmi_sess *sess;

	spin_lock(&tcmi_sess_table_lock);
	list_for_each_entry(sess, &tcmi_sess_list, entry) {
		spin_lock(&sess->lock);
		list_for_each_entry(conn, &sess->conns, sess_entry)
			fn(conn, arg);
		spin_unlock(&sess->lock);
	}
	spin_unlock(&tcmi_sess_table_lock);
}

static void tcmi_sess_ask_one(struct tcmi_sess *sess, void *arg)
{
	struct tcmi_conn *conn;

	spin_lock(&sess->lock);
	list_for_each_entry(conn, &sess->conns, sess_entry) {
		set_bit(TCMI_CONN_ASK_LOGOUT, &conn->flags);
		tcmi_conn_kick(conn);
	}
	spin_unlock(&sess->lock);
}

/**
 * tcmi_sess_ask_tpg() - ask the initiators of a portal group to log out (11.9.1)
 * @tpg: the group
 */
void tcmi_sess_ask_tpg(struct tcmi_tpg *tpg)
{
	tcmi_sess_each(tpg, tcmi_sess_ask_one, NULL);
}

static void tcmi_sess_close_one(struct tcmi_sess *sess, void *why)
{
	tcmi_sess_close(sess, why);
}

/**
 * tcmi_sess_close_tpg() - ask all sessions of a portal group to end
 * @tpg: the group
 * @why: constant text
 */
void tcmi_sess_close_tpg(struct tcmi_tpg *tpg, const char *why)
{
	tcmi_sess_each(tpg, tcmi_sess_close_one, (void *)why);
}

/**
 * tcmi_sess_close_target() - ask all sessions of a target to end
 * @wwn: the target
 * @why: constant text
 */
void tcmi_sess_close_target(const struct tcmi_wwn *wwn, const char *why)
{
	struct tcmi_sess *sess;

	spin_lock(&tcmi_sess_table_lock);
	list_for_each_entry(sess, &tcmi_sess_list, entry)
		if (sess->tpg && sess->tpg->wwn == wwn)
			tcmi_sess_close(sess, why);
	spin_unlock(&tcmi_sess_table_lock);
}

/**
 * tcmi_sess_close_endpoint() - ask the unnamed discovery sessions of a portal to end
 * @endpoint: the portal
 * @why: constant text
 */
void tcmi_sess_close_endpoint(const void *endpoint, const char *why)
{
	struct tcmi_sess *sess;

	spin_lock(&tcmi_sess_table_lock);
	list_for_each_entry(sess, &tcmi_sess_list, entry)
		if (sess->endpoint == endpoint)
			tcmi_sess_close(sess, why);
	spin_unlock(&tcmi_sess_table_lock);
}

/**
 * tcmi_sess_wait_tpg() - wait for the sessions of a portal group, not longer than @timeout
 * @tpg: the group
 * @timeout: jiffies
 * Return: true when none is left.
 */
bool tcmi_sess_wait_tpg(struct tcmi_tpg *tpg, unsigned long timeout)
{
	return wait_event_idle_timeout(tpg->drained, !atomic_read(&tpg->refs), timeout);
}

/**
 * tcmi_sess_count() - sessions of a target now
 * @wwn: the target
 */
u32 tcmi_sess_count(const struct tcmi_wwn *wwn)
{
	struct tcmi_sess *sess;
	u32 n = 0;

	spin_lock(&tcmi_sess_table_lock);
	list_for_each_entry(sess, &tcmi_sess_list, entry)
		if (sess->tpg && sess->tpg->wwn == wwn)
			n++;
	spin_unlock(&tcmi_sess_table_lock);
	return n;
}
