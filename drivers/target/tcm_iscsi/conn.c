// SPDX-License-Identifier: GPL-2.0
/*
 * The connection object: its references, its state.
 */
#include <linux/inet.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <net/sock.h>
#include <net/tcp.h>
#include "cmd.h"

static atomic_t tcmi_conn_ids = ATOMIC_INIT(0);

/**
 * tcmi_addr_text() - "1.2.3.4:3260" or "[fe80::1]:3260"; v4-mapped ones as v4
 * @addr: the address
 * @text: buffer of @len bytes
 * @len: its size, at least %TCMI_ADDR_MAX
 */
void tcmi_addr_text(const struct sockaddr_storage *addr, char *text, size_t len)
{
	const struct sockaddr_in6 *in6 = (const void *)addr;

	if (addr->ss_family == AF_INET6 && ipv6_addr_v4mapped(&in6->sin6_addr))
		snprintf(text, len, "%pI4:%u", &in6->sin6_addr.s6_addr32[3],
			 ntohs(in6->sin6_port));
	else
		snprintf(text, len, "%pISpc", addr);
}

/* Whoever comes by IPv4 to an IPv6 socket has an IPv4 address: that is what tools know. */
static void tcmi_addr_unmap(struct sockaddr_storage *addr)
{
	struct sockaddr_in6 in6 = *(const struct sockaddr_in6 *)addr;
	struct sockaddr_in *in = (void *)addr;

	if (in6.sin6_family != AF_INET6 || !ipv6_addr_v4mapped(&in6.sin6_addr))
		return;
	memset(addr, 0, sizeof(*addr));
	in->sin_family = AF_INET;
	in->sin_port = in6.sin6_port;
	in->sin_addr.s_addr = in6.sin6_addr.s6_addr32[3];
}

/**
 * tcmi_conn_new() - make a connection of who has connected and spoken
 * @caller: a reference is taken over, unless this fails
 *
 * Context: process. Return: the connection with one reference, or NULL (no memory).
 */
struct tcmi_conn *tcmi_conn_new(struct tcmi_caller *caller)
{
	struct socket *sock = caller->sock;
	struct tcmi_conn *conn;

	conn = kzalloc(sizeof(*conn), GFP_KERNEL);
	if (!conn)
		return NULL;
	kref_init(&conn->ref);
	conn->caller = caller;
	conn->portal = caller->portal;
	conn->sock = sock;
	conn->state = TCMI_CONN_NEW;
	conn->id = atomic_inc_return(&tcmi_conn_ids);
	conn->accepted = caller->accepted;
	conn->last_rx = jiffies;
	conn->nop_ttt = ISCSIP_TAG_RESERVED;
	conn->lent = TCMI_QUOTA_FREE;
	init_llist_head(&conn->posts);
	rcuwait_init(&conn->wait);
	INIT_LIST_HEAD(&conn->sess_entry);
	INIT_LIST_HEAD(&conn->tx.queue);
	INIT_LIST_HEAD(&conn->tx.batch);
	INIT_LIST_HEAD(&conn->wait_data);
	INIT_LIST_HEAD(&conn->trailing);
	INIT_LIST_HEAD(&conn->fenced);
	INIT_LIST_HEAD(&conn->submit);
	INIT_LIST_HEAD(&conn->held);
	kernel_getpeername(sock, (struct sockaddr *)&conn->peer);
	tcmi_addr_unmap(&conn->peer);
	kernel_getsockname(sock, (struct sockaddr *)&conn->local);
	tcmi_addr_text(&conn->peer, conn->peer_text, sizeof(conn->peer_text));
	tcp_sock_set_nodelay(sock->sk);
	return conn;
}

static void tcmi_conn_release(struct kref *ref)
{
	struct tcmi_conn *conn = container_of(ref, struct tcmi_conn, ref);

	tcmi_caller_put(conn->caller);
	kfree_rcu(conn, rcu);
}

/**
 * tcmi_conn_put() - drop a reference; any context
 * @conn: the connection; its thread has left the socket and the session behind
 *	  before the last reference goes
 */
void tcmi_conn_put(struct tcmi_conn *conn)
{
	kref_put(&conn->ref, tcmi_conn_release);
}

/**
 * tcmi_conn_set_state() - move the connection on; states only go up
 * @conn: the connection
 * @state: the new state
 *
 * Context: any. Return: true for the one caller who made the change.
 */
bool tcmi_conn_set_state(struct tcmi_conn *conn, enum tcmi_conn_state state)
{
	int old = READ_ONCE(conn->state);

	do {
		if (old >= (int)state)
			return false;
	} while (!try_cmpxchg(&conn->state, &old, (int)state));
	return true;
}

/**
 * tcmi_conn_kick() - make the connection's thread look again
 * @conn: the connection; the caller holds a reference
 *
 * Context: any. The bit is cleared by the thread before it looks, so a kick
 * during its look makes it look once more (pairs with tcmi_io_sleep()).
 */
void tcmi_conn_kick(struct tcmi_conn *conn)
{
	if (test_and_set_bit(TCMI_CONN_KICKED, &conn->flags))
		return;
	if (test_bit_acquire(TCMI_CONN_DRAIN, &conn->flags))
		tcmi_drain_kick(conn);
	else
		rcuwait_wake_up(&conn->wait);
}

/**
 * tcmi_conn_close() - ask for the end of a connection; never waits
 * @conn: the connection; the caller holds a reference
 * @why: constant text; the first one stays
 */
void tcmi_conn_close(struct tcmi_conn *conn, const char *why)
{
	if (!test_and_set_bit(TCMI_CONN_CLOSE, &conn->flags))
		WRITE_ONCE(conn->why, why);
	tcmi_conn_kick(conn);
}

/**
 * tcmi_conn_drop() - tcmi_conn_close(), and the initiator is told as far as it listens
 * @conn: the connection; the caller holds a reference
 * @why: constant text; the first one stays
 */
void tcmi_conn_drop(struct tcmi_conn *conn, const char *why)
{
	set_bit(TCMI_CONN_ANNOUNCE, &conn->flags);
	tcmi_conn_close(conn, why);
}

/**
 * tcmi_conn_log() - we end a connection in full feature phase for what its initiator does
 * @conn: the connection; its thread calls
 * @why: constant text
 */
void tcmi_conn_log(const struct tcmi_conn *conn, const char *why)
{
	static DEFINE_RATELIMIT_STATE(limit, 60 * HZ, 10);
	const struct tcmi_sess *sess = conn->sess;

	if (!__ratelimit(&limit))
		return;
	if (sess && sess->tpg)
		pr_info("%s: session of %s at %s with %s,%u ends: %s\n", TCMI_NAME,
			sess->initiator_name, conn->peer_text, sess->tpg->wwn->name,
			sess->tpg->tag, why);
	else
		pr_info("%s: connection from %s dropped: %s\n", TCMI_NAME, conn->peer_text, why);
}
