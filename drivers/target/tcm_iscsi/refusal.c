// SPDX-License-Identifier: GPL-2.0
/*
 * Logins that are refused: a table of who, why and how often; few lines in the log,
 * however many they are; and an answer that comes the later the more often the same
 * refusal has been given, without a thread that waits for it.
 */
#include <linux/debugfs.h>
#include <linux/hashtable.h>
#include <linux/jhash.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/tcp_states.h>
#include "cmd.h"

#define TCMI_REFUSED_MAX	1024	/* entries; then the one refused longest ago goes */
#define TCMI_REFUSED_BITS	8
#define TCMI_REFUSED_MEMORY	(60 * HZ)	/* after that long it's a first one again */
#define TCMI_REFUSED_FREE	3	/* so many in a row are answered at once */
#define TCMI_REFUSED_STEPS	4	/* doublings of the first delay */
#define TCMI_DELAY_FIRST	(HZ / 5)
#define TCMI_DELAY_MAX		(3 * HZ)
#define TCMI_REFUSALS_MAX	1024	/* answers that wait, of one portal */
#define TCMI_LOG_MINUTE		(60 * HZ)
#define TCMI_LOG_LINES		4	/* in a minute, and one which sums up the rest */
#define TCMI_LINGER_LOOK	(HZ / 10)
#define TCMI_LINGER		(2 * HZ)	/* for the peer to take the answer and close */
#define TCMI_DRAIN_MAX		(64 * 1024)

/*
 * struct tcmi_refused - what one initiator at one address was told of one target
 * All of it under tcmi_refused_lock.
 */
struct tcmi_refused {
	struct hlist_node hash;
	struct list_head entry;		/* tcmi_refused_list */
	u32 key[TCMI_SOURCE_WORDS];
	u32 count;
	u32 row;			/* the same in a row, no more than a minute apart */
	u16 status;			/* 0: closed without an answer */
	const char *why;
	u64 last;			/* jiffies64 */
	const char *target;		/* in @initiator's memory, behind it */
	char initiator[];
};

/*
 * struct tcmi_refusal - an answer that waits, and what is left of its connection
 */
struct tcmi_refusal {
	struct delayed_work work;
	struct list_head entry;		/* portal->refusals; who takes it off ends it */
	struct tcmi_portal *portal;	/* ref */
	struct socket *sock;
	u32 delay;
	bool sent;			/* the work only */
	bool lingers;
	u8 bhs[ISCSIP_BHS_LEN];
};

/* who it was that is refused */
struct tcmi_who {
	u32 key[TCMI_SOURCE_WORDS];
	u32 hash;
	const char *initiator;
	const char *target;
};

static DEFINE_SPINLOCK(tcmi_refused_lock);	/* all up to the counters */
static DEFINE_HASHTABLE(tcmi_refused_table, TCMI_REFUSED_BITS);
static LIST_HEAD(tcmi_refused_list);		/* refused longest ago first */
static u32 tcmi_refused_n;
static u64 tcmi_log_until[TCMI_LOG_LINES];	/* jiffies64: each place is taken until then */
static u32 tcmi_log_place;
static u32 tcmi_log_unlogged;

static struct dentry *tcmi_debugfs;
static atomic_t tcmi_refusals = ATOMIC_INIT(0);	/* logins answered with an error */

/* ---- the log ---- */

static void tcmi_log_rest(struct work_struct *work)
{
	u32 n;

	spin_lock(&tcmi_refused_lock);
	n = tcmi_log_unlogged;
	tcmi_log_unlogged = 0;
	spin_unlock(&tcmi_refused_lock);
	pr_info("%s: %u more logins refused in a minute, see refused_logins in debugfs\n",
		TCMI_NAME, n);
}

static DECLARE_DELAYED_WORK(tcmi_log_work, tcmi_log_rest);

/* Return: whether a line may be written; else it counts for the one that sums up. */
static bool tcmi_log_allowed(bool news)
{
	u64 now = get_jiffies_64();

	lockdep_assert_held(&tcmi_refused_lock);
	if (news && time_after_eq64(now, tcmi_log_until[tcmi_log_place])) {
		tcmi_log_until[tcmi_log_place] = now + TCMI_LOG_MINUTE;
		tcmi_log_place = (tcmi_log_place + 1) % TCMI_LOG_LINES;
		return true;
	}
	if (!tcmi_log_unlogged++)
		queue_delayed_work(tcmi_wq, &tcmi_log_work, TCMI_LOG_MINUTE);
	return false;
}

/* ---- the table ---- */

static void tcmi_who(struct tcmi_who *who, const struct tcmi_conn *conn, const char *initiator,
		     const char *target)
{
	tcmi_source_key(&conn->peer, who->key);
	who->initiator = initiator;
	who->target = target;
	who->hash = jhash2(who->key, TCMI_SOURCE_WORDS,
			   jhash(initiator, strlen(initiator), jhash(target, strlen(target), 0)));
}

static struct tcmi_refused *tcmi_refused_find(const struct tcmi_who *who)
{
	struct tcmi_refused *refused;

	lockdep_assert_held(&tcmi_refused_lock);
	hash_for_each_possible(tcmi_refused_table, refused, hash, who->hash)
		if (!memcmp(refused->key, who->key, sizeof(who->key)) &&
		    !strcmp(refused->initiator, who->initiator) &&
		    !strcmp(refused->target, who->target))
			return refused;
	return NULL;
}

static struct tcmi_refused *tcmi_refused_alloc(const struct tcmi_who *who)
{
	size_t initiator = strlen(who->initiator) + 1, target = strlen(who->target) + 1;
	struct tcmi_refused *refused;

	refused = kzalloc(struct_size(refused, initiator, initiator + target), GFP_KERNEL);
	if (!refused)
		return NULL;
	memcpy(refused->key, who->key, sizeof(who->key));
	memcpy(refused->initiator, who->initiator, initiator);
	memcpy(refused->initiator + initiator, who->target, target);
	refused->target = refused->initiator + initiator;
	return refused;
}

/* Return: the entry that had to go for it, for the caller to free. */
static struct tcmi_refused *tcmi_refused_add(struct tcmi_refused *refused, u32 hash)
{
	struct tcmi_refused *old = NULL;

	lockdep_assert_held(&tcmi_refused_lock);
	if (tcmi_refused_n == TCMI_REFUSED_MAX) {
		old = list_first_entry(&tcmi_refused_list, struct tcmi_refused, entry);
		hash_del(&old->hash);
		list_del(&old->entry);
	} else {
		tcmi_refused_n++;
	}
	hash_add(tcmi_refused_table, &refused->hash, hash);
	list_add_tail(&refused->entry, &tcmi_refused_list);
	return old;
}

static u32 tcmi_refused_delay(const struct tcmi_refused *refused)
{
	if (refused->row <= TCMI_REFUSED_FREE)
		return 0;
	return min_t(u32, TCMI_DELAY_MAX, TCMI_DELAY_FIRST <<
		     min_t(u32, refused->row - TCMI_REFUSED_FREE - 1, TCMI_REFUSED_STEPS));
}

/* Return: whether a log line is due. */
static bool tcmi_refused_update(struct tcmi_refused *refused, u16 status, const char *why)
{
	u64 now = get_jiffies_64();
	bool again = refused->count && refused->status == status && refused->why == why &&
		     time_before64(now, refused->last + TCMI_REFUSED_MEMORY);

	lockdep_assert_held(&tcmi_refused_lock);
	refused->count++;
	refused->row = again ? refused->row + 1 : 1;
	refused->status = status;
	refused->why = why;
	refused->last = now;
	list_move_tail(&refused->entry, &tcmi_refused_list);
	return tcmi_log_allowed(!again);
}

/* Return: jiffies that the answer has to wait. */
static u32 tcmi_refused_note(const struct tcmi_who *who, u16 status, const char *why, bool *log)
{
	struct tcmi_refused *refused, *fresh = NULL;
	u32 delay = 0;

	spin_lock(&tcmi_refused_lock);
	refused = tcmi_refused_find(who);
	if (!refused) {
		spin_unlock(&tcmi_refused_lock);
		fresh = tcmi_refused_alloc(who);
		spin_lock(&tcmi_refused_lock);
		refused = tcmi_refused_find(who);
		if (!refused && fresh) {
			refused = fresh;
			fresh = tcmi_refused_add(refused, who->hash);
		}
	}
	/* without memory nothing is known of it */
	*log = refused ? tcmi_refused_update(refused, status, why) : tcmi_log_allowed(true);
	if (refused)
		delay = tcmi_refused_delay(refused);
	spin_unlock(&tcmi_refused_lock);
	kfree(fresh);
	return delay;
}

/**
 * tcmi_refusal_note() - a login is refused: into the table, and perhaps into the log
 * @conn: the connection; its thread calls
 * @initiator: name, normalised, or ""
 * @target: the same
 * @status: what it is told
 * @why: constant text
 * Return: for how many jiffies the answer ought to wait; 0 for the first few, and where
 * nobody knows yet who it is: all of an address would wait for one of them, and nobody's
 * success would end that. The caps of connections bound what these cost.
 */
u32 tcmi_refusal_note(const struct tcmi_conn *conn, const char *initiator, const char *target,
		      u16 status, const char *why)
{
	struct tcmi_who who;
	u32 delay;
	bool log;

	atomic_inc(&tcmi_refusals);
	tcmi_who(&who, conn, initiator, target);
	delay = tcmi_refused_note(&who, status, why, &log);
	if (log)
		pr_info("%s: login of %s at %s%s%s refused, status %04x: %s\n", TCMI_NAME,
			*initiator ? initiator : "(unnamed)", conn->peer_text,
			*target ? " to " : "", target, status, why);
	return *initiator ? delay : 0;
}

/**
 * tcmi_refusal_dropped() - closed without an answer because it makes no sense
 * @conn: the connection; its thread calls
 * @why: constant text
 */
void tcmi_refusal_dropped(const struct tcmi_conn *conn, const char *why)
{
	struct tcmi_who who;
	bool log;

	tcmi_who(&who, conn, "", "");
	tcmi_refused_note(&who, 0, why, &log);
	if (log)
		pr_info("%s: connection from %s dropped: %s\n", TCMI_NAME, conn->peer_text, why);
}

/**
 * tcmi_refusal_success() - a login succeeds: a refusal after it is a first one
 * @conn: the connection; its thread calls
 * @initiator: name, normalised
 * @target: the same, "" for discovery
 */
void tcmi_refusal_success(const struct tcmi_conn *conn, const char *initiator,
			  const char *target)
{
	struct tcmi_refused *refused;
	struct tcmi_who who;

	tcmi_who(&who, conn, initiator, target);
	spin_lock(&tcmi_refused_lock);
	refused = tcmi_refused_find(&who);
	if (refused)
		refused->row = 0;
	spin_unlock(&tcmi_refused_lock);
}

static void tcmi_refused_address(const struct tcmi_refused *refused, struct seq_file *seq)
{
	const struct in6_addr *addr = (const void *)refused->key;

	if (ipv6_addr_v4mapped(addr))
		seq_printf(seq, "%pI4", &addr->s6_addr32[3]);
	else if (refused->key[4])
		seq_printf(seq, "%pI6c%%%u", addr, refused->key[4]);
	else
		seq_printf(seq, "%pI6c", addr);
}

static int tcmi_refused_logins_show(struct seq_file *seq, void *unused)
{
	const struct tcmi_refused *refused;
	u64 now = get_jiffies_64();

	seq_printf(seq, "refused %u closed %u expired %u displaced %u\n",
		   atomic_read(&tcmi_refusals), atomic_read(&tcmi_callers_closed),
		   atomic_read(&tcmi_callers_expired), atomic_read(&tcmi_callers_displaced));
	seq_puts(seq, "address status times seconds-ago initiator target reason\n");
	spin_lock(&tcmi_refused_lock);
	list_for_each_entry_reverse(refused, &tcmi_refused_list, entry) {
		tcmi_refused_address(refused, seq);
		seq_printf(seq, " %04x %u %llu %s %s %s\n", refused->status, refused->count,
			   div_u64(now - refused->last, HZ),
			   *refused->initiator ? refused->initiator : "-",
			   *refused->target ? refused->target : "-", refused->why);
	}
	spin_unlock(&tcmi_refused_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(tcmi_refused_logins);

/* ---- answers that wait ---- */

static void tcmi_refusal_send(struct tcmi_refusal *refusal)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	struct kvec iov = { .iov_base = refusal->bhs, .iov_len = sizeof(refusal->bhs) };

	refusal->sent = true;
	/* the queue is empty, so it takes them, or the connection has gone */
	if (kernel_sendmsg(refusal->sock, &msg, &iov, 1, iov.iov_len) != iov.iov_len)
		pr_debug("%s: a refusal could not be sent\n", TCMI_NAME);
	kernel_sock_shutdown(refusal->sock, SHUT_WR);
}

/* What nobody has read would make the end a reset, and the answer get lost. */
static void tcmi_refusal_drain(struct tcmi_refusal *refusal)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_TRUNC };

	iov_iter_discard(&msg.msg_iter, ITER_DEST, TCMI_DRAIN_MAX);
	sock_recvmsg(refusal->sock, &msg, msg.msg_flags);
}

static void tcmi_refusal_free(struct tcmi_refusal *refusal)
{
	sock_release(refusal->sock);
	tcmi_portal_put(refusal->portal);
	kfree(refusal);
}

/* Return: jiffies until it is to run again, 0: that's it. */
static u32 tcmi_refusal_step(struct tcmi_refusal *refusal)
{
	tcmi_refusal_drain(refusal);
	if (!refusal->sent) {
		tcmi_refusal_send(refusal);
		return TCMI_LINGER_LOOK;
	}
	if (refusal->lingers || refusal->sock->sk->sk_state == TCP_CLOSE)
		return 0;
	refusal->lingers = true;
	return TCMI_LINGER;
}

static void tcmi_refusal_work(struct work_struct *work)
{
	struct tcmi_refusal *refusal = container_of(to_delayed_work(work), struct tcmi_refusal,
						    work);
	struct tcmi_portal *portal = refusal->portal;
	u32 again = tcmi_refusal_step(refusal);
	bool mine;

	spin_lock_bh(&portal->lock);
	/* else somebody else ends it, who is waiting for us to return */
	mine = !list_empty(&refusal->entry);
	if (mine && again) {
		queue_delayed_work(tcmi_wq, &refusal->work, again);
	} else if (mine) {
		list_del_init(&refusal->entry);
		portal->nrefusals--;
	}
	spin_unlock_bh(&portal->lock);
	if (mine && !again)
		tcmi_refusal_free(refusal);
}

/**
 * tcmi_refusal_delay() - a refusal is to be sent later
 * @conn: the connection; its thread calls, and ends it then
 * @pdu: the refusal; stays the caller's
 * @delay: jiffies
 * Return: 0, or a negative error: answer now.
 */
int tcmi_refusal_delay(struct tcmi_conn *conn, const struct tcmi_pdu *pdu, u32 delay)
{
	struct tcmi_refusal *refusal;
	struct iscsip_sn sn;

	/* what it is told before this has to come first */
	if (tcmi_tx_run(conn) < 0 || !list_empty(&conn->tx.queue) || conn->tx.bytes)
		return -EBUSY;
	refusal = kzalloc(sizeof(*refusal), GFP_KERNEL);
	if (!refusal)
		return -ENOMEM;
	refusal->delay = delay;
	INIT_DELAYED_WORK(&refusal->work, tcmi_refusal_work);
	tcmi_window_numbers(conn, &sn);
	sn.statsn = conn->statsn++;
	iscsip_put_login_rsp(refusal->bhs, &sn, pdu->itt, pdu->isid, pdu->p1, false, false, 0, 0,
			     0, 0, pdu->status, 0);
	conn->refusal = refusal;
	return 0;
}

/* @refusal is off the list. */
static void tcmi_refusal_end(struct tcmi_refusal *refusal)
{
	cancel_delayed_work_sync(&refusal->work);
	if (!refusal->sent)
		tcmi_refusal_send(refusal);
	tcmi_refusal_free(refusal);
}

static struct tcmi_refusal *tcmi_refusal_take(struct tcmi_portal *portal)
{
	struct tcmi_refusal *refusal;

	lockdep_assert_held(&portal->lock);
	refusal = list_first_entry_or_null(&portal->refusals, struct tcmi_refusal, entry);
	if (refusal) {
		list_del_init(&refusal->entry);
		portal->nrefusals--;
	}
	return refusal;
}

/**
 * tcmi_refusal_later() - the connection ends, its answer is still to come
 * @conn: the connection; its thread calls, and leaves the socket to us
 */
void tcmi_refusal_later(struct tcmi_conn *conn)
{
	struct tcmi_refusal *refusal = conn->refusal, *oldest = NULL;
	struct tcmi_portal *portal = conn->portal;

	conn->refusal = NULL;
	refusal->sock = conn->sock;
	refusal->portal = portal;
	kref_get(&portal->ref);
	INIT_LIST_HEAD(&refusal->entry);
	spin_lock_bh(&portal->lock);
	/* pairs with tcmi_portal_detach(), which looks at the list after it has said so */
	if (READ_ONCE(portal->closing)) {
		oldest = refusal;
	} else {
		if (portal->nrefusals >= TCMI_REFUSALS_MAX)
			oldest = tcmi_refusal_take(portal);
		list_add_tail(&refusal->entry, &portal->refusals);
		portal->nrefusals++;
		queue_delayed_work(tcmi_wq, &refusal->work, refusal->delay);
	}
	spin_unlock_bh(&portal->lock);
	if (oldest)
		tcmi_refusal_end(oldest);
}

/**
 * tcmi_refusal_forget() - a portal goes: give the answers that wait, and close
 * @portal: the portal, already closing
 */
void tcmi_refusal_forget(struct tcmi_portal *portal)
{
	struct tcmi_refusal *refusal;

	do {
		spin_lock_bh(&portal->lock);
		refusal = tcmi_refusal_take(portal);
		spin_unlock_bh(&portal->lock);
		if (refusal)
			tcmi_refusal_end(refusal);
	} while (refusal);
}

/**
 * tcmi_refusal_init() - let the table be read; without debugfs it can't
 */
void tcmi_refusal_init(void)
{
	tcmi_debugfs = debugfs_create_dir(TCMI_NAME, NULL);
	debugfs_create_file("refused_logins", 0400, tcmi_debugfs, NULL,
			    &tcmi_refused_logins_fops);
}

/**
 * tcmi_refusal_exit() - the module goes
 */
void tcmi_refusal_exit(void)
{
	struct tcmi_refused *refused, *next;

	debugfs_remove(tcmi_debugfs);
	cancel_delayed_work_sync(&tcmi_log_work);
	list_for_each_entry_safe(refused, next, &tcmi_refused_list, entry)
		kfree(refused);
}
