// SPDX-License-Identifier: GPL-2.0
/*
 * Who has connected: the socket's callbacks, and all that a connection costs until
 * its first byte. Counted by source address, so that one host can't take the
 * places of all others.
 */
#include <linux/jhash.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/tcp.h>
#include "tcm_iscsi.h"

#define TCMI_CAP_LOWEST		4
#define TCMI_CAP_HIGHEST	65536
#define TCMI_DISCOVERY_IDLE	60	/* seconds without a sign of the peer's TCP */

static int tcmi_cap_set(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, TCMI_CAP_LOWEST, TCMI_CAP_HIGHEST);
}

static const struct kernel_param_ops tcmi_cap_ops = {
	.set = tcmi_cap_set,
	.get = param_get_uint,
};

static u32 tcmi_max_silent = 8192;
module_param_cb(max_silent, &tcmi_cap_ops, &tcmi_max_silent, 0644);
MODULE_PARM_DESC(max_silent, "connections that have said nothing, of one portal (4..65536)");

static u32 tcmi_max_logins = 2048;
module_param_cb(max_logins, &tcmi_cap_ops, &tcmi_max_logins, 0644);
MODULE_PARM_DESC(max_logins, "logins under way and discoveries, of one portal (4..65536)");

static u32 tcmi_max_per_source = 1024;
module_param_cb(max_per_source, &tcmi_cap_ops, &tcmi_max_per_source, 0644);
MODULE_PARM_DESC(max_per_source, "of both together, from one address (4..65536)");

/* closed to make room for others, since the module was loaded */
atomic_t tcmi_callers_displaced = ATOMIC_INIT(0);
/* closed because they said nothing until their time was up */
atomic_t tcmi_callers_expired = ATOMIC_INIT(0);
/* ended after that, or by themselves, with no login and no refusal */
atomic_t tcmi_callers_closed = ATOMIC_INIT(0);

/*
 * struct tcmi_source - a host with connections that are not logged in yet
 * All of it under portal->lock.
 */
struct tcmi_source {
	struct hlist_node hash;
	u32 key[TCMI_SOURCE_WORDS];
	u32 n;				/* on both lists, or about to be */
	struct list_head silent;	/* struct tcmi_caller.source_entry, oldest first */
	struct list_head logins;
};

/* ---- sources ---- */

/**
 * tcmi_source_key() - a peer's address without its port
 * @addr: the address
 * @key: gets IPv6 address and scope; IPv4 as a mapped address
 */
void tcmi_source_key(const struct sockaddr_storage *addr, u32 key[TCMI_SOURCE_WORDS])
{
	const struct sockaddr_in6 *in6 = (const void *)addr;
	const struct sockaddr_in *in = (const void *)addr;
	struct in6_addr mapped;

	if (addr->ss_family == AF_INET) {
		ipv6_addr_set_v4mapped(in->sin_addr.s_addr, &mapped);
		memcpy(key, &mapped, sizeof(mapped));
		key[4] = 0;
	} else {
		memcpy(key, &in6->sin6_addr, sizeof(in6->sin6_addr));
		key[4] = in6->sin6_scope_id;
	}
}

static struct tcmi_source *tcmi_source_find(struct tcmi_portal *portal, const u32 *key, u32 hash)
{
	struct tcmi_source *source;

	hash_for_each_possible(portal->sources, source, hash, hash)
		if (!memcmp(source->key, key, sizeof(source->key)))
			return source;
	return NULL;
}

/* Only accept_work adds sources, so between our two looks nobody else has. */
static struct tcmi_source *tcmi_source_get(struct tcmi_portal *portal,
					   const struct sockaddr_storage *addr)
{
	struct tcmi_source *source;
	u32 key[TCMI_SOURCE_WORDS];
	u32 hash;

	tcmi_source_key(addr, key);
	hash = jhash2(key, TCMI_SOURCE_WORDS, portal->seed);
	spin_lock_bh(&portal->lock);
	source = tcmi_source_find(portal, key, hash);
	if (source)
		source->n++;
	spin_unlock_bh(&portal->lock);
	if (source)
		return source;
	source = kzalloc(sizeof(*source), GFP_KERNEL);
	if (!source)
		return NULL;
	source->n = 1;
	memcpy(source->key, key, sizeof(key));
	INIT_LIST_HEAD(&source->silent);
	INIT_LIST_HEAD(&source->logins);
	spin_lock_bh(&portal->lock);
	hash_add(portal->sources, &source->hash, hash);
	spin_unlock_bh(&portal->lock);
	return source;
}

/* From the list that it is on, with one of @caller->login's two counts. */
static void tcmi_caller_unlist(struct tcmi_caller *caller)
{
	struct tcmi_portal *portal = caller->portal;
	struct tcmi_source *source = caller->source;

	lockdep_assert_held(&portal->lock);
	list_del_init(&caller->entry);
	list_del_init(&caller->source_entry);
	if (caller->login)
		portal->nlogins--;
	else
		portal->nsilent--;
	caller->source = NULL;
	if (!--source->n) {
		hash_del(&source->hash);
		kfree(source);
	}
}

/* ---- references ---- */

static void tcmi_caller_release(struct kref *ref)
{
	struct tcmi_caller *caller = container_of(ref, struct tcmi_caller, ref);

	tcmi_portal_put(caller->portal);
	kfree(caller);
}

/**
 * tcmi_caller_put() - drop a reference; any context
 * @caller: off its lists and without callbacks before the last one goes
 */
void tcmi_caller_put(struct tcmi_caller *caller)
{
	kref_put(&caller->ref, tcmi_caller_release);
}

/* ---- callbacks ---- */

static void tcmi_caller_ready(struct tcmi_caller *caller)
{
	if (test_and_set_bit(TCMI_CALLER_STARTED, &caller->flags)) {
		if (caller->conn)
			tcmi_conn_kick(caller->conn);
		return;
	}
	kref_get(&caller->ref);
	queue_work(tcmi_wq, &caller->start_work);
}

static void tcmi_sk_data_ready(struct sock *sk)
{
	struct tcmi_caller *caller;

	read_lock_bh(&sk->sk_callback_lock);
	caller = sk->sk_user_data;
	if (caller)
		tcmi_caller_ready(caller);
	read_unlock_bh(&sk->sk_callback_lock);
}

static void tcmi_sk_write_space(struct sock *sk)
{
	struct tcmi_caller *caller;

	read_lock_bh(&sk->sk_callback_lock);
	caller = sk->sk_user_data;
	if (caller && caller->conn && sk_stream_is_writeable(sk)) {
		clear_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
		tcmi_conn_kick(caller->conn);
	}
	read_unlock_bh(&sk->sk_callback_lock);
}

static void tcmi_sk_state_change(struct sock *sk)
{
	struct tcmi_caller *caller;

	read_lock_bh(&sk->sk_callback_lock);
	caller = sk->sk_user_data;
	if (caller)
		tcmi_caller_ready(caller);
	read_unlock_bh(&sk->sk_callback_lock);
}

/*
 * An accepted socket has inherited the listener's callbacks: what is saved here
 * are the defaults that the listener had before. The lists' reference covers the
 * callbacks until tcmi_caller_detach().
 */
static void tcmi_caller_attach(struct tcmi_caller *caller)
{
	struct sock *sk = caller->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	caller->saved_data_ready = caller->portal->saved_data_ready;
	caller->saved_write_space = sk->sk_write_space;
	caller->saved_state_change = sk->sk_state_change;
	sk->sk_user_data = caller;
	sk->sk_data_ready = tcmi_sk_data_ready;
	sk->sk_write_space = tcmi_sk_write_space;
	sk->sk_state_change = tcmi_sk_state_change;
	/*
	 * bytes and FINs that came before the callbacks were ours; who is late with bytes waits
	 * for the lock, see tcmi_listen_data_ready()
	 */
	if (!skb_queue_empty_lockless(&sk->sk_receive_queue) ||
	    sk->sk_state != TCP_ESTABLISHED)
		tcmi_caller_ready(caller);
	write_unlock_bh(&sk->sk_callback_lock);
}

/**
 * tcmi_caller_detach() - no callback comes after this
 * @caller: its socket is still there
 */
void tcmi_caller_detach(struct tcmi_caller *caller)
{
	struct sock *sk = caller->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	if (sk->sk_user_data == caller) {
		sk->sk_user_data = NULL;
		sk->sk_data_ready = caller->saved_data_ready;
		sk->sk_write_space = caller->saved_write_space;
		sk->sk_state_change = caller->saved_state_change;
	}
	write_unlock_bh(&sk->sk_callback_lock);
}

/* ---- silent ones ---- */

/* A silent connection ends here; @caller is off the lists and their reference ours. */
static void tcmi_caller_drop(struct tcmi_caller *caller)
{
	tcmi_caller_detach(caller);
	kernel_sock_shutdown(caller->sock, SHUT_RDWR);
	sock_release(caller->sock);
	tcmi_caller_put(caller);
}

/**
 * tcmi_caller_reap() - end silent connections which are too old
 * @portal: where they were accepted
 * @before: jiffies; who came then or earlier goes
 * Return: how many.
 */
u32 tcmi_caller_reap(struct tcmi_portal *portal, unsigned long before)
{
	struct tcmi_caller *caller;
	u32 n;

	for (n = 0;; n++) {
		spin_lock_bh(&portal->lock);
		caller = list_first_entry_or_null(&portal->silent, struct tcmi_caller, entry);
		if (caller && time_before_eq(caller->accepted, before))
			tcmi_caller_unlist(caller);
		else
			caller = NULL;
		spin_unlock_bh(&portal->lock);
		if (!caller)
			return n;
		atomic_inc(&tcmi_callers_expired);
		tcmi_caller_drop(caller);
		cond_resched();
	}
}

/* ---- caps ---- */

/* Of those that have really said nothing, not of those which wait to be served. */
static struct tcmi_caller *tcmi_caller_silent(struct tcmi_portal *portal)
{
	struct tcmi_caller *caller;

	list_for_each_entry(caller, &portal->silent, entry)
		if (!test_bit(TCMI_CALLER_STARTED, &caller->flags))
			return caller;
	return list_first_entry(&portal->silent, struct tcmi_caller, entry);
}

static struct tcmi_caller *tcmi_caller_source(struct tcmi_source *source,
					      const struct tcmi_caller *newest)
{
	struct tcmi_caller *caller;

	list_for_each_entry(caller, &source->silent, source_entry)
		if (caller != newest && !test_bit(TCMI_CALLER_STARTED, &caller->flags))
			return caller;
	if (list_empty(&source->logins))
		return list_first_entry_or_null(&source->silent, struct tcmi_caller,
						source_entry);
	return list_first_entry(&source->logins, struct tcmi_caller, source_entry);
}

/*
 * Who has to go for @newest: of a source which has too many the oldest silent one,
 * then the oldest login; else the oldest of all.
 */
static struct tcmi_caller *tcmi_caller_victim(struct tcmi_portal *portal,
					      const struct tcmi_caller *newest)
{
	struct tcmi_source *source = newest->source;
	struct tcmi_caller *caller = NULL;

	/* it has left meanwhile; who comes next makes room */
	if (!source)
		return NULL;
	if (source->n > READ_ONCE(tcmi_max_per_source))
		caller = tcmi_caller_source(source, newest);
	else if (portal->nsilent > READ_ONCE(tcmi_max_silent))
		caller = tcmi_caller_silent(portal);
	else if (portal->nlogins > READ_ONCE(tcmi_max_logins))
		caller = list_first_entry(&portal->logins, struct tcmi_caller, entry);
	return caller == newest ? NULL : caller;
}

/* Make room after @newest has come to a list; the caller holds a reference of it. */
static void tcmi_caller_crowd(struct tcmi_portal *portal, const struct tcmi_caller *newest)
{
	struct tcmi_caller *caller;
	struct tcmi_conn *conn;

	for (;;) {
		conn = NULL;
		spin_lock_bh(&portal->lock);
		caller = tcmi_caller_victim(portal, newest);
		if (caller) {
			conn = caller->conn;
			if (conn)
				kref_get(&conn->ref);
			tcmi_caller_unlist(caller);
		}
		spin_unlock_bh(&portal->lock);
		if (!caller)
			return;
		atomic_inc(&tcmi_callers_displaced);
		if (conn) {
			tcmi_conn_close(conn, "too many logins or discoveries at once");
			tcmi_conn_put(conn);
		} else {
			tcmi_caller_drop(caller);
		}
	}
}

/* ---- from silence to login ---- */

/* Take it off the silent ones, before the reaper or a cap does. */
static bool tcmi_caller_claim(struct tcmi_caller *caller)
{
	struct tcmi_portal *portal = caller->portal;
	bool mine;

	spin_lock_bh(&portal->lock);
	mine = !list_empty(&caller->entry);
	if (mine) {
		list_del_init(&caller->entry);
		list_del_init(&caller->source_entry);
		portal->nsilent--;
	}
	spin_unlock_bh(&portal->lock);
	return mine;
}

/* Return: false when the portal has gone meanwhile, or there is no connection. */
static bool tcmi_caller_promote(struct tcmi_caller *caller, struct tcmi_conn *conn)
{
	struct tcmi_portal *portal = caller->portal;
	bool welcome;

	spin_lock_bh(&portal->lock);
	/* pairs with tcmi_portal_detach(), which looks at the list after it has said so */
	welcome = conn && !READ_ONCE(portal->closing);
	caller->login = true;
	portal->nlogins++;
	list_add_tail(&caller->entry, &portal->logins);
	list_add_tail(&caller->source_entry, &caller->source->logins);
	if (!welcome)
		tcmi_caller_unlist(caller);
	spin_unlock_bh(&portal->lock);
	if (!welcome)
		return false;
	tcmi_caller_crowd(portal, caller);
	return true;
}

/* Gone without a word, as port scanners do: not worth a thread. */
static bool tcmi_caller_hung_up(const struct tcmi_caller *caller)
{
	struct sock *sk = caller->sock->sk;
	int state = READ_ONCE(sk->sk_state);

	/* with Fast Open data may come before the handshake ends, and tcp_inq() denies them */
	return state != TCP_ESTABLISHED && state != TCP_SYN_RECV && !tcp_inq(sk);
}

/* A silent connection has spoken, or closed: it becomes a connection with a thread. */
static void tcmi_caller_start(struct work_struct *work)
{
	struct tcmi_caller *caller = container_of(work, struct tcmi_caller, start_work);
	struct tcmi_conn *conn = NULL;
	struct sock *sk;

	if (!tcmi_caller_claim(caller)) {
		tcmi_caller_put(caller);
		return;
	}
	sk = caller->sock->sk;
	if (tcmi_caller_hung_up(caller))
		atomic_inc(&tcmi_callers_closed);
	else
		conn = tcmi_conn_new(caller);
	if (conn) {
		/* the lists' reference is the connection's from here on */
		write_lock_bh(&sk->sk_callback_lock);
		caller->conn = conn;
		write_unlock_bh(&sk->sk_callback_lock);
	}
	if (tcmi_caller_promote(caller, conn))
		tcmi_conn_start(conn);
	else if (conn)
		tcmi_conn_end(conn);
	else
		tcmi_caller_drop(caller);
	tcmi_caller_put(caller);
}

/**
 * tcmi_caller_locates() - a login has found its portal group
 * @caller: of the connection, whose thread calls
 * @tpg: the portal group, which the login keeps unless it is for discovery
 */
void tcmi_caller_locates(struct tcmi_caller *caller, const struct tcmi_tpg *tpg)
{
	spin_lock_bh(&caller->portal->lock);
	caller->tpg = tpg;
	spin_unlock_bh(&caller->portal->lock);
}

/**
 * tcmi_caller_close() - end logins
 * @portal: the portal
 * @tpg: the portal group which they have found; NULL: all logins, and discovery sessions
 * @why: constant text
 */
void tcmi_caller_close(struct tcmi_portal *portal, const struct tcmi_tpg *tpg, const char *why)
{
	struct tcmi_caller *caller;

	spin_lock_bh(&portal->lock);
	list_for_each_entry(caller, &portal->logins, entry)
		if (!tpg || caller->tpg == tpg)
			tcmi_conn_close(caller->conn, why);
	spin_unlock_bh(&portal->lock);
}

/**
 * tcmi_caller_discovers() - a discovery session has begun, perhaps of somebody unknown
 * @caller: of the connection
 *
 * It stays among the logins, so that the caps hold for it: the oldest makes room. It may
 * be idle for as long as it likes (no NOP-In may ask, 7.4.3), so TCP has to find out whether
 * the peer is there and takes what it is sent.
 */
void tcmi_caller_discovers(struct tcmi_caller *caller)
{
	struct sock *sk = caller->sock->sk;

	sock_set_keepalive(sk);
	tcp_sock_set_keepidle(sk, TCMI_DISCOVERY_IDLE);
	tcp_sock_set_keepintvl(sk, TCMI_DISCOVERY_IDLE / 4);
	tcp_sock_set_user_timeout(sk, TCMI_DISCOVERY_IDLE * MSEC_PER_SEC);
}

/**
 * tcmi_caller_login_over() - a connection's login has come to its end
 * @caller: of the connection, whose thread calls before it drops its reference
 * @closed: neither by success nor by a refusal
 */
void tcmi_caller_login_over(struct tcmi_caller *caller, bool closed)
{
	spin_lock_bh(&caller->portal->lock);
	/* else it had to make room for another one, and has been counted then */
	if (!list_empty(&caller->entry)) {
		tcmi_caller_unlist(caller);
		if (closed)
			atomic_inc(&tcmi_callers_closed);
	}
	spin_unlock_bh(&caller->portal->lock);
}

/**
 * tcmi_caller_new() - somebody has connected
 * @portal: where
 * @sock: the accepted socket, ours from here on
 *
 * Context: accept_work. Costs no thread and no page: those come with the first bytes.
 */
void tcmi_caller_new(struct tcmi_portal *portal, struct socket *sock)
{
	struct tcmi_caller *caller = kzalloc(sizeof(*caller), GFP_KERNEL);
	struct sockaddr_storage peer = {};

	kernel_getpeername(sock, (struct sockaddr *)&peer);
	if (caller)
		caller->source = tcmi_source_get(portal, &peer);
	if (!caller || !caller->source) {
		kfree(caller);
		sock_release(sock);
		return;
	}
	kref_init(&caller->ref);
	kref_get(&portal->ref);
	caller->portal = portal;
	caller->sock = sock;
	caller->accepted = jiffies;
	INIT_WORK(&caller->start_work, tcmi_caller_start);
	spin_lock_bh(&portal->lock);
	list_add_tail(&caller->entry, &portal->silent);
	list_add_tail(&caller->source_entry, &caller->source->silent);
	portal->nsilent++;
	/* inside, because from then on whoever makes room may take its socket away */
	tcmi_caller_attach(caller);
	/* start_work may run, finish and put after this */
	kref_get(&caller->ref);
	spin_unlock_bh(&portal->lock);
	tcmi_caller_crowd(portal, caller);
	tcmi_caller_put(caller);
}
