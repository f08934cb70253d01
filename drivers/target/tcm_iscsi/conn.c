// SPDX-License-Identifier: GPL-2.0
/*
 * The connection object: its references, its state, the socket's callbacks.
 */
#include <linux/inet.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <net/sock.h>
#include <net/tcp.h>
#include "tcm_iscsi.h"

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

/**
 * tcmi_conn_new() - make a connection of an accepted socket
 * @portal: where it was accepted; a reference is taken
 * @sock: the socket; owned by the connection from here on
 *
 * Context: process. Costs no thread and no page: those come with the first
 * bytes. Return: the connection with one reference, or NULL (no memory).
 */
struct tcmi_conn *tcmi_conn_new(struct tcmi_portal *portal, struct socket *sock)
{
	struct tcmi_conn *conn;

	conn = kzalloc(sizeof(*conn), GFP_KERNEL);
	if (!conn)
		return NULL;
	kref_init(&conn->ref);
	kref_get(&portal->ref);
	conn->portal = portal;
	conn->sock = sock;
	conn->state = TCMI_CONN_NEW;
	conn->id = atomic_inc_return(&tcmi_conn_ids);
	conn->accepted = jiffies;
	conn->last_rx = jiffies;
	conn->nop_ttt = ISCSIP_TAG_RESERVED;
	init_llist_head(&conn->posts);
	rcuwait_init(&conn->wait);
	INIT_WORK(&conn->start_work, tcmi_conn_start_work);
	INIT_LIST_HEAD(&conn->portal_entry);
	INIT_LIST_HEAD(&conn->sess_entry);
	INIT_LIST_HEAD(&conn->tx.queue);
	INIT_LIST_HEAD(&conn->tx.batch);
	INIT_LIST_HEAD(&conn->wait_data);
	INIT_LIST_HEAD(&conn->submit);
	INIT_LIST_HEAD(&conn->held);
	kernel_getpeername(sock, (struct sockaddr *)&conn->peer);
	kernel_getsockname(sock, (struct sockaddr *)&conn->local);
	tcmi_addr_text(&conn->peer, conn->peer_text, sizeof(conn->peer_text));
	tcp_sock_set_nodelay(sock->sk);
	return conn;
}

static void tcmi_conn_release(struct kref *ref)
{
	struct tcmi_conn *conn = container_of(ref, struct tcmi_conn, ref);

	tcmi_portal_put(conn->portal);
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
	if (test_bit(TCMI_CONN_DRAIN, &conn->flags))
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

static void tcmi_conn_first_bytes(struct tcmi_conn *conn)
{
	if (test_and_set_bit(TCMI_CONN_STARTED, &conn->flags)) {
		tcmi_conn_kick(conn);
		return;
	}
	kref_get(&conn->ref);
	queue_work(tcmi_wq, &conn->start_work);
}

static void tcmi_sk_data_ready(struct sock *sk)
{
	struct tcmi_conn *conn;

	read_lock_bh(&sk->sk_callback_lock);
	conn = sk->sk_user_data;
	if (conn)
		tcmi_conn_first_bytes(conn);
	read_unlock_bh(&sk->sk_callback_lock);
}

static void tcmi_sk_write_space(struct sock *sk)
{
	struct tcmi_conn *conn;

	read_lock_bh(&sk->sk_callback_lock);
	conn = sk->sk_user_data;
	if (conn && sk_stream_is_writeable(sk)) {
		clear_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
		tcmi_conn_kick(conn);
	}
	read_unlock_bh(&sk->sk_callback_lock);
}

static void tcmi_sk_state_change(struct sock *sk)
{
	struct tcmi_conn *conn;

	read_lock_bh(&sk->sk_callback_lock);
	conn = sk->sk_user_data;
	if (conn)
		tcmi_conn_first_bytes(conn);
	read_unlock_bh(&sk->sk_callback_lock);
}

/**
 * tcmi_conn_attach() - let the socket's callbacks reach the connection
 * @conn: the connection; its first reference covers the callbacks until
 *	  tcmi_conn_detach()
 *
 * An accepted socket has inherited the listener's callbacks: what is saved here
 * are the defaults that the listener had before.
 */
void tcmi_conn_attach(struct tcmi_conn *conn)
{
	struct sock *sk = conn->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	conn->saved_data_ready = conn->portal->saved_data_ready;
	conn->saved_write_space = sk->sk_write_space;
	conn->saved_state_change = sk->sk_state_change;
	sk->sk_user_data = conn;
	sk->sk_data_ready = tcmi_sk_data_ready;
	sk->sk_write_space = tcmi_sk_write_space;
	sk->sk_state_change = tcmi_sk_state_change;
	/* bytes and FINs that came before the callbacks were ours */
	if (!skb_queue_empty_lockless(&sk->sk_receive_queue) ||
	    sk->sk_state != TCP_ESTABLISHED)
		tcmi_conn_first_bytes(conn);
	write_unlock_bh(&sk->sk_callback_lock);
}

/**
 * tcmi_conn_detach() - no callback reaches the connection after this
 * @conn: the connection
 */
void tcmi_conn_detach(struct tcmi_conn *conn)
{
	struct sock *sk = conn->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	if (sk->sk_user_data == conn) {
		sk->sk_user_data = NULL;
		sk->sk_data_ready = conn->saved_data_ready;
		sk->sk_write_space = conn->saved_write_space;
		sk->sk_state_change = conn->saved_state_change;
	}
	write_unlock_bh(&sk->sk_callback_lock);
}
