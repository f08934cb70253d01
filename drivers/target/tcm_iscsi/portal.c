// SPDX-License-Identifier: GPL-2.0
/*
 * Listening sockets: one for each address of each network namespace, shared by
 * the portal groups that name it. Accepting hands over at once, see caller.c.
 *
 * 0.0.0.0 and [::] with the same port are twins, unless net.ipv6.bindv6only says that
 * the latter is for IPv6 only: both take IPv4 connections, so one socket has to do that
 * for both. If [::] came first it is its own, and 0.0.0.0 has none; if 0.0.0.0 came
 * first, [::] has one for the rest. tcmi_tpg_lookup() looks at both.
 */
#include <linux/inet.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/tcp.h>
#include "tcm_iscsi.h"

#define TCMI_BACKLOG		1024
#define TCMI_ACCEPT_BUDGET	64
#define TCMI_SILENT_TIMEOUT	15	/* seconds, when no group says otherwise */

static LIST_HEAD(tcmi_portals);		/* tcmi_config_mutex */

/**
 * tcmi_portal_parse() - the name of an np/ directory as an address
 * @net: namespace in which a scope ("%eth0") is resolved
 * @name: "1.2.3.4:3260" or "[fe80::1%eth0]:3260"; some write "[1.2.3.4]:3260"
 * @addr: result
 *
 * Return: 0 or -EINVAL.
 */
int tcmi_portal_parse(struct net *net, const char *name, struct sockaddr_storage *addr)
{
	char host[INET6_ADDRSTRLEN + 32];
	const char *start = name, *end, *port;

	if (*name == '[') {
		start = name + 1;
		end = strchr(start, ']');
		if (!end || end[1] != ':')
			return -EINVAL;
		port = end + 2;
	} else {
		end = strchr(start, ':');
		if (!end)
			return -EINVAL;
		port = end + 1;
	}
	if (end == start || end - start >= sizeof(host))
		return -EINVAL;
	memcpy(host, start, end - start);
	host[end - start] = '\0';
	memset(addr, 0, sizeof(*addr));
	if (inet_pton_with_scope(net, *name == '[' ? AF_UNSPEC : AF_INET, host, port, addr))
		return -EINVAL;
	return 0;
}

static bool tcmi_addr_equal(const struct sockaddr_storage *a,
			    const struct sockaddr_storage *b)
{
	const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;
	const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;

	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET)
		return a4->sin_port == b4->sin_port &&
		       a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return a6->sin6_port == b6->sin6_port &&
	       a6->sin6_scope_id == b6->sin6_scope_id &&
	       ipv6_addr_equal(&a6->sin6_addr, &b6->sin6_addr);
}

static bool tcmi_addr_any(const struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET)
		return ((const struct sockaddr_in *)addr)->sin_addr.s_addr == htonl(INADDR_ANY);
	return ipv6_addr_any(&((const struct sockaddr_in6 *)addr)->sin6_addr);
}

/* @addr, a wildcard, in the other family; the port is at the same place in both */
static void tcmi_addr_twin(const struct sockaddr_storage *addr, struct sockaddr_storage *twin)
{
	memset(twin, 0, sizeof(*twin));
	twin->ss_family = addr->ss_family == AF_INET ? AF_INET6 : AF_INET;
	((struct sockaddr_in *)twin)->sin_port = ((const struct sockaddr_in *)addr)->sin_port;
}

static void tcmi_listen_data_ready(struct sock *sk)
{
	void (*data_ready)(struct sock *sk) = tcmi_listen_data_ready;
	struct tcmi_portal *portal;

	read_lock_bh(&sk->sk_callback_lock);
	portal = sk->sk_user_data;
	if (sk->sk_state != TCP_LISTEN)
		/* a child inherits this; it may have been accepted since TCP looked */
		data_ready = sk->sk_data_ready;
	else if (portal)
		queue_work(tcmi_wq, &portal->accept_work);
	read_unlock_bh(&sk->sk_callback_lock);
	if (data_ready != tcmi_listen_data_ready)
		data_ready(sk);
}

static void tcmi_portal_accept(struct work_struct *work)
{
	struct tcmi_portal *portal = container_of(work, struct tcmi_portal, accept_work);
	int budget = TCMI_ACCEPT_BUDGET;
	struct socket *sock;
	int ret = 0;

	while (budget-- && !(ret = kernel_accept(portal->sock, &sock, O_NONBLOCK)))
		tcmi_caller_new(portal, sock);
	if (budget < 0)
		queue_work(tcmi_wq, &portal->accept_work);
	/* out of memory, say: the reaper looks again */
	portal->accept_again = budget >= 0 && ret != -EAGAIN;
	if (portal->nsilent || portal->accept_again)
		queue_delayed_work(tcmi_wq, &portal->reap_work, HZ);
}

static u32 tcmi_portal_longest(const struct tcmi_portal *portal)
{
	u32 timeout = 0;
	struct tcmi_np *np;

	list_for_each_entry(np, &portal->nps, portal_entry)
		timeout = max(timeout, np->tpg->attrib.login_timeout);
	return timeout;
}

/* the longest login_timeout among the groups: who is asked for is not known yet */
static void tcmi_portal_timeout(struct tcmi_portal *portal)
{
	u32 timeout;

	if (!mutex_trylock(&tcmi_config_mutex))
		return;
	timeout = tcmi_portal_longest(portal);
	if (portal->twin)
		timeout = max(timeout, tcmi_portal_longest(portal->twin));
	mutex_unlock(&tcmi_config_mutex);
	portal->timeout = timeout ?: TCMI_SILENT_TIMEOUT;
}

static void tcmi_portal_reap(struct work_struct *work)
{
	struct tcmi_portal *portal = container_of(to_delayed_work(work), struct tcmi_portal,
						  reap_work);

	tcmi_portal_timeout(portal);
	if (READ_ONCE(portal->accept_again) && !READ_ONCE(portal->closing))
		queue_work(tcmi_wq, &portal->accept_work);
	tcmi_caller_reap(portal, jiffies - portal->timeout * HZ);
	if (READ_ONCE(portal->nsilent))
		queue_delayed_work(tcmi_wq, &portal->reap_work, HZ);
}

/* Does its socket take IPv4 connections, for its twin too? */
static bool tcmi_portal_takes_ipv4(const struct tcmi_portal *portal)
{
	return portal->sock && (portal->addr.ss_family == AF_INET ||
				!ipv6_only_sock(portal->sock->sk));
}

static void tcmi_portal_pair(struct tcmi_portal *portal, struct tcmi_portal *twin)
{
	kref_get(&portal->ref);
	kref_get(&twin->ref);
	portal->twin = twin;
	twin->twin = portal;
}

static int tcmi_portal_bind(struct tcmi_portal *portal, struct socket *sock)
{
	int ret;

	ret = kernel_bind(sock, TCMI_SOCKADDR(&portal->addr),
			  portal->addr.ss_family == AF_INET ? sizeof(struct sockaddr_in) :
			  sizeof(struct sockaddr_in6));
	if (ret)
		return ret;
	write_lock_bh(&sock->sk->sk_callback_lock);
	portal->saved_data_ready = sock->sk->sk_data_ready;
	sock->sk->sk_user_data = portal;
	sock->sk->sk_data_ready = tcmi_listen_data_ready;
	write_unlock_bh(&sock->sk->sk_callback_lock);
	portal->sock = sock;
	portal->net = sock_net(sock->sk);
	ret = kernel_listen(sock, TCMI_BACKLOG);
	if (!ret)
		return 0;
	write_lock_bh(&sock->sk->sk_callback_lock);
	sock->sk->sk_user_data = NULL;
	sock->sk->sk_data_ready = portal->saved_data_ready;
	write_unlock_bh(&sock->sk->sk_callback_lock);
	return ret;
}

/* @rival: 0.0.0.0 with this port, where this is [::]. Becomes its twin if it would be. */
static int tcmi_portal_listen(struct tcmi_portal *portal, struct tcmi_portal *rival)
{
	struct socket *sock;
	int ret;

	/* of the caller's network namespace, which the socket keeps alive */
	ret = sock_create(portal->addr.ss_family, SOCK_STREAM, IPPROTO_TCP, &sock);
	if (ret)
		return ret;
	sock_set_reuseaddr(sock->sk);
	ip_sock_set_freebind(sock->sk);
	tcp_sock_set_nodelay(sock->sk);
	if (rival && !ipv6_only_sock(sock->sk))
		ip6_sock_set_v6only(sock->sk);
	else
		rival = NULL;
	ret = tcmi_portal_bind(portal, sock);
	if (ret)
		sock_release(sock);
	else if (rival)
		tcmi_portal_pair(portal, rival);
	return ret;
}

static struct tcmi_portal *tcmi_portal_find(struct net *net,
					    const struct sockaddr_storage *addr)
{
	struct tcmi_portal *portal;

	lockdep_assert_held(&tcmi_config_mutex);
	list_for_each_entry(portal, &tcmi_portals, entry) {
		if (portal->net == net && tcmi_addr_equal(&portal->addr, addr))
			return portal;
	}
	return NULL;
}

static struct tcmi_portal *tcmi_portal_alloc(const struct sockaddr_storage *addr)
{
	struct tcmi_portal *portal = kzalloc(sizeof(*portal), GFP_KERNEL);

	if (!portal)
		return NULL;
	kref_init(&portal->ref);
	INIT_LIST_HEAD(&portal->nps);
	INIT_LIST_HEAD(&portal->silent);
	INIT_LIST_HEAD(&portal->logins);
	spin_lock_init(&portal->lock);
	INIT_WORK(&portal->accept_work, tcmi_portal_accept);
	INIT_DELAYED_WORK(&portal->reap_work, tcmi_portal_reap);
	portal->addr = *addr;
	portal->timeout = TCMI_SILENT_TIMEOUT;
	portal->seed = get_random_u32();
	hash_init(portal->sources);
	INIT_LIST_HEAD(&portal->refusals);
	return portal;
}

static int tcmi_portal_open(struct tcmi_portal *portal, struct net *net)
{
	struct tcmi_portal *rival = NULL;
	struct sockaddr_storage addr;

	if (tcmi_addr_any(&portal->addr)) {
		tcmi_addr_twin(&portal->addr, &addr);
		rival = tcmi_portal_find(net, &addr);
	}
	if (rival && rival->addr.ss_family == AF_INET6) {
		if (tcmi_portal_takes_ipv4(rival)) {
			portal->net = rival->net;
			tcmi_portal_pair(portal, rival);
			return 0;
		}
		rival = NULL;
	}
	return tcmi_portal_listen(portal, rival);
}

/**
 * tcmi_portal_get() - find or open the listener of an address
 * @net: network namespace of the caller
 * @addr: address
 *
 * Context: process, in namespace @net; tcmi_config_mutex held. The socket is
 * bound even to an address that isn't there yet (IP_FREEBIND).
 *
 * Return: the portal with one reference for the caller, or ERR_PTR: what
 * bind() said (-EADDRINUSE when a wildcard portal has the port already). If no np
 * is added to it, tcmi_portal_detach() has to be called.
 */
struct tcmi_portal *tcmi_portal_get(struct net *net, const struct sockaddr_storage *addr)
{
	struct tcmi_portal *portal = tcmi_portal_find(net, addr);
	int ret;

	if (portal) {
		kref_get(&portal->ref);
		return portal;
	}
	portal = tcmi_portal_alloc(addr);
	if (!portal)
		return ERR_PTR(-ENOMEM);
	ret = tcmi_portal_open(portal, net);
	if (ret) {
		kfree(portal);
		return ERR_PTR(ret);
	}
	list_add_tail(&portal->entry, &tcmi_portals);
	return portal;
}

static void tcmi_portal_release(struct kref *ref)
{
	kfree(container_of(ref, struct tcmi_portal, ref));
}

/**
 * tcmi_portal_put() - drop a reference; any context
 * @portal: the portal
 */
void tcmi_portal_put(struct tcmi_portal *portal)
{
	kref_put(&portal->ref, tcmi_portal_release);
}

/**
 * tcmi_portal_close_logins() - end the logins to a portal group, wherever they came in
 * @tpg: the portal group, which no other login finds any more
 * @why: constant text
 *
 * They keep it, and their initiators may say nothing more. tcmi_config_mutex held.
 */
void tcmi_portal_close_logins(const struct tcmi_tpg *tpg, const char *why)
{
	struct tcmi_portal *portal;

	lockdep_assert_held(&tcmi_config_mutex);
	list_for_each_entry(portal, &tcmi_portals, entry)
		tcmi_caller_close(portal, tpg, why);
}

/* Without a socket it has had no connection either. */
static void tcmi_portal_shut(struct tcmi_portal *portal)
{
	struct socket *sock = portal->sock;

	if (!sock)
		return;
	write_lock_bh(&sock->sk->sk_callback_lock);
	sock->sk->sk_user_data = NULL;
	sock->sk->sk_data_ready = portal->saved_data_ready;
	write_unlock_bh(&sock->sk->sk_callback_lock);
	kernel_sock_shutdown(sock, SHUT_RDWR);
	cancel_work_sync(&portal->accept_work);
	cancel_delayed_work_sync(&portal->reap_work);
	/* either may have queued the other once more */
	cancel_work_sync(&portal->accept_work);
	cancel_delayed_work_sync(&portal->reap_work);
	tcmi_caller_reap(portal, jiffies);
	/* who was about to log in, or only looks around, would keep the module busy */
	tcmi_caller_close(portal, NULL, "portal removed");
	tcmi_refusal_forget(portal);
	tcmi_sess_close_endpoint(portal, "portal removed");
	portal->sock = NULL;
	sock_release(sock);
}

/* Has it groups, or does it take the connections of a twin which has? */
static bool tcmi_portal_used(const struct tcmi_portal *portal)
{
	return !list_empty(&portal->nps) ||
	       (portal->twin && !list_empty(&portal->twin->nps) &&
		tcmi_portal_takes_ipv4(portal));
}

/**
 * tcmi_portal_detach() - stop listening when no portal group is left
 * @portal: the portal; the caller still holds its reference
 *
 * Normal sessions go on; discovery sessions, logins and silent connections end.
 * tcmi_config_mutex held: accept_work doesn't take it and reap_work only tries.
 */
void tcmi_portal_detach(struct tcmi_portal *portal)
{
	struct tcmi_portal *twin = portal->twin;

	lockdep_assert_held(&tcmi_config_mutex);
	if (portal->closing || tcmi_portal_used(portal))
		return;
	WRITE_ONCE(portal->closing, true);
	list_del_init(&portal->entry);
	tcmi_portal_shut(portal);
	if (!twin)
		return;
	portal->twin = NULL;
	twin->twin = NULL;
	/* it may have been there for this one only */
	tcmi_portal_detach(twin);
	tcmi_portal_put(twin);
	tcmi_portal_put(portal);
}
