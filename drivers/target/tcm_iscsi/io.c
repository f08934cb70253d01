// SPDX-License-Identifier: GPL-2.0
/*
 * The thread of a connection: its loop, its deadlines, its one teardown.
 *
 * Everything about a connection happens in this thread; other contexts hand it
 * work (conn->posts, bits of conn->flags) and kick. It sleeps in one place only.
 */
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <net/sock.h>
#include "cmd.h"

#define TCMI_LINGER	(2 * HZ)	/* for the peer to take our last PDU and close */

static unsigned long tcmi_sooner(unsigned long a, unsigned long b)
{
	if (!a || !b)
		return a ?: b;
	return time_before(a, b) ? a : b;
}

/* Everything whose time has come. Return: the next deadline, 0 if none. */
static unsigned long tcmi_io_deadlines(struct tcmi_conn *conn)
{
	unsigned long next = 0;

	if (conn->login_deadline) {
		if (time_after_eq(jiffies, conn->login_deadline))
			tcmi_conn_close(conn, conn->login ? "login timeout" :
					"its last answer was not taken");
		next = tcmi_sooner(next, conn->login_deadline);
	}
	if (conn->logout_deadline) {
		if (time_after_eq(jiffies, conn->logout_deadline))
			tcmi_conn_drop(conn, conn->logout_asked ? "no logout came" :
				       "closed after its last answer");
		next = tcmi_sooner(next, conn->logout_deadline);
	}
	if (conn->state == TCMI_CONN_FULL) {
		if (test_and_clear_bit(TCMI_CONN_ASK_LOGOUT, &conn->flags))
			tcmi_logout_ask(conn);
		next = tcmi_sooner(next, tcmi_nop_tick(conn));
		next = tcmi_sooner(next, tcmi_cmd_tick(conn));
		next = tcmi_sooner(next, tcmi_text_tick(conn));
		next = tcmi_sooner(next, tcmi_stock_tick(&conn->stock));
	}
	return next;
}

static void tcmi_io_sleep(struct tcmi_conn *conn, unsigned long deadline)
{
	long left = MAX_SCHEDULE_TIMEOUT;

	if (conn->lent > TCMI_QUOTA_FREE)
		tcmi_quota_settle(conn);
	if (deadline)
		left = max_t(long, 1, (long)(deadline - jiffies));
	prepare_to_rcuwait(&conn->wait);
	set_current_state(TASK_IDLE);
	if (!test_bit(TCMI_CONN_KICKED, &conn->flags))
		schedule_timeout(left);
	finish_rcuwait(&conn->wait);
}

/**
 * tcmi_io_posts() - take what core and others have posted
 * @conn: the connection; its thread calls, or the work that drains it
 */
void tcmi_io_posts(struct tcmi_conn *conn)
{
	struct llist_node *list = llist_reverse_order(llist_del_all(&conn->posts));
	struct tcmi_cmd *cmd, *next;

	llist_for_each_entry_safe(cmd, next, list, post)
		tcmi_cmd_posted(conn, cmd);
}

/*
 * Our last PDU is on its way: give the peer time to read it and close, instead
 * of resetting the connection under it because of bytes that we never read.
 */
static int tcmi_io_linger(struct tcmi_conn *conn)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	struct kvec iov = { .iov_base = conn->rx.stage, .iov_len = TCMI_STAGE };
	int ret;

	if (!conn->logout_deadline) {
		conn->login_deadline = 0;
		conn->logout_deadline = jiffies + TCMI_LINGER;
		kernel_sock_shutdown(conn->sock, SHUT_WR);
	}
	ret = kernel_recvmsg(conn->sock, &msg, &iov, 1, iov.iov_len, msg.msg_flags);
	if (ret == -EAGAIN)
		return 0;
	return ret > 0 ? 1 : -ECONNRESET;
}

static const char *tcmi_io_error(int err)
{
	switch (err) {
	case -ECONNRESET:
	case -EPIPE:
		return "closed by the initiator";
	case -ETIMEDOUT:
		return "the network gave up";
	case -EPROTO:
		return "protocol error";
	case -EBADMSG:
		return "header digest error";
	case -ENOMEM:
		return "out of memory";
	default:
		return "network error";
	}
}

static void tcmi_io_failed(struct tcmi_conn *conn, int err)
{
	const char *why = tcmi_io_error(err);

	/* that an initiator goes is its own business; the receiver has told what it did wrong */
	if (conn->phase == ISCSIP_PHASE_FULL && !tcmi_conn_over(conn) && err != -ECONNRESET &&
	    err != -EPIPE && err != -EPROTO)
		tcmi_conn_log(conn, why);
	tcmi_conn_close(conn, why);
}

/*
 * One look at everything. Return: > 0 look again, 0 sleep, < 0 close; of these
 * -EOWNERDEAD: the connection belongs to another thread now.
 */
static int tcmi_io_once(struct tcmi_conn *conn)
{
	int rx, tx;

	if (unlikely(test_bit(TCMI_CONN_UNLINK, &conn->flags)))
		tcmi_unlink_look(conn);
	tcmi_io_posts(conn);
	if (conn->tx.close_after && list_empty(&conn->tx.queue) && !conn->tx.bytes)
		return tcmi_io_linger(conn);
	tcmi_cmd_go_on(conn);
	rx = tcmi_rx_run(conn);
	/* at once: the next thread of the connection would not know of it */
	if (rx < 0)
		tcmi_io_failed(conn, rx);
	if (!tcmi_submit_run(conn))
		return -EOWNERDEAD;
	if (rx < 0)
		return rx;
	tcmi_io_posts(conn);
	tx = tcmi_tx_run(conn);
	if (tx < 0)
		return tx;
	if (test_bit(TCMI_CONN_WINDOW, &conn->flags) && tcmi_window_tell(conn))
		return 1;
	return rx || tx;
}

/* cpus_allowed_list may change while the thread runs. */
static void tcmi_io_cpus(unsigned int *version)
{
	unsigned int now = READ_ONCE(tcmi_cpus_version);

	if (likely(now == *version))
		return;
	*version = now;
	tcmi_cpus_apply(current);
}

/* Return: true when the connection is to end, false when it has another thread. */
static bool tcmi_io_loop(struct tcmi_conn *conn)
{
	unsigned int cpus = 0;
	unsigned long deadline;
	int ret;

	for (;;) {
		clear_bit(TCMI_CONN_KICKED, &conn->flags);
		smp_mb__after_atomic();		/* pairs with test_and_set in kick */
		tcmi_io_cpus(&cpus);
		ret = tcmi_io_once(conn);
		if (ret == -EOWNERDEAD)
			return false;
		if (ret < 0)
			tcmi_io_failed(conn, ret);
		deadline = tcmi_io_deadlines(conn);
		if (tcmi_conn_over(conn))
			return true;
		/* TCP would wake us at once, and have no more memory than before */
		if (!ret && conn->tx.starved)
			schedule_timeout_idle(1);
		if (!ret && (list_empty(&conn->tx.queue) || conn->tx.blocked))
			tcmi_io_sleep(conn, deadline);
		cond_resched();
	}
}

/*
 * The end of a connection, top to bottom, in its own thread. It waits for nothing.
 */
static void tcmi_conn_teardown(struct tcmi_conn *conn)
{
	struct tcmi_sess *sess = conn->sess;

	tcmi_conn_set_state(conn, TCMI_CONN_CLOSING);
	if (conn->why)
		pr_debug("%s: connection %u from %s ends: %s\n", TCMI_NAME, conn->id,
			 conn->peer_text, conn->why);
	/* nobody new finds the session through us */
	tcmi_drain_begin(conn);
	if (sess) {
		tcmi_sess_leave(conn);
		tcmi_window_opened(sess);
	}
	/* the peer is told, as far as it listens, and the socket's memory goes back */
	if (test_bit(TCMI_CONN_ANNOUNCE, &conn->flags) && conn->phase == ISCSIP_PHASE_FULL &&
	    !conn->tx.broken) {
		tcmi_logout_announce(conn);
		tcmi_tx_run(conn);
	}
	tcmi_caller_detach(conn->caller);
	if (!conn->refusal)
		kernel_sock_shutdown(conn->sock, SHUT_RDWR);
	/* what was half received or half sent has no future */
	tcmi_rx_abandon(conn);
	tcmi_text_end(conn);
	tcmi_tx_drop(conn);
	tcmi_stock_close(&conn->stock);
	if (conn->refusal)
		tcmi_refusal_later(conn);
	else
		sock_release(conn->sock);
	tcmi_login_end(conn);
	kfree(conn->rx.ahs);
	kfree(conn->rx.stage);
	kfree(conn->tx.bv);
	if (conn->tx.hpage)
		put_page(conn->tx.hpage);
	/* commands that the backend still has come back when they come back */
	tcmi_drain(conn);
}

static int tcmi_io_thread(void *data)
{
	struct tcmi_conn *conn = data;
	/* allocations here may be on the way of writeback to our own disks */
	unsigned int noio = memalloc_noio_save();

	if (tcmi_io_loop(conn))
		tcmi_conn_teardown(conn);
	else
		tcmi_conn_put(conn);
	memalloc_noio_restore(noio);
	module_put_and_kthread_exit(0);
	return 0;
}

/**
 * tcmi_io_spawn() - a thread for a connection; it waits to be woken
 * @conn: the connection
 *
 * Context: process. The thread has a reference of the module, and uses the caller's
 * of the connection. Return: the thread, or an error pointer: no memory, or the module
 * is being unloaded.
 */
struct task_struct *tcmi_io_spawn(struct tcmi_conn *conn)
{
	struct task_struct *task;

	if (!try_module_get(THIS_MODULE))
		return ERR_PTR(-ENODEV);
	task = kthread_create(tcmi_io_thread, conn, "tcmi_%u", conn->id);
	if (IS_ERR(task))
		module_put(THIS_MODULE);
	else
		tcmi_cpus_apply(task);
	return task;
}

/**
 * tcmi_io_unspawn() - a thread that has not been woken is not needed
 * @task: of tcmi_io_spawn()
 */
void tcmi_io_unspawn(struct task_struct *task)
{
	kthread_stop(task);
	module_put(THIS_MODULE);
}

static struct task_struct *tcmi_conn_prepare(struct tcmi_conn *conn)
{
	conn->rx.stage = kmalloc(TCMI_STAGE, GFP_KERNEL);
	conn->tx.bv = kcalloc(TCMI_TX_BVECS, sizeof(*conn->tx.bv), GFP_KERNEL);
	if (!conn->rx.stage || !conn->tx.bv || tcmi_login_begin(conn))
		return ERR_PTR(-ENOMEM);
	return tcmi_io_spawn(conn);
}

/**
 * tcmi_conn_end() - a connection that never had a thread
 * @conn: the connection; the caller's reference goes
 */
void tcmi_conn_end(struct tcmi_conn *conn)
{
	tcmi_conn_set_state(conn, TCMI_CONN_DEAD);
	tcmi_caller_detach(conn->caller);
	sock_release(conn->sock);
	tcmi_login_end(conn);
	kfree(conn->rx.stage);
	kfree(conn->tx.bv);
	tcmi_conn_put(conn);
}

/**
 * tcmi_conn_start() - a silent connection has spoken: give it a thread
 * @conn: the connection; the caller's reference is the thread's from here on
 */
void tcmi_conn_start(struct tcmi_conn *conn)
{
	struct task_struct *task = tcmi_conn_prepare(conn);

	if (IS_ERR(task)) {
		tcmi_conn_end(conn);
		return;
	}
	tcmi_conn_set_state(conn, TCMI_CONN_LOGIN);
	wake_up_process(task);
}
