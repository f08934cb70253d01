// SPDX-License-Identifier: GPL-2.0
/*
 * What a connection leaves behind when its backend still has commands: no thread, no
 * socket, no buffer. The rest of its teardown is a work that runs when something comes
 * back. Counted, shown in attrib/draining, and bounded for each backend.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <scsi/scsi_proto.h>
#include "cmd.h"

#define TCMI_ORPHANS_MAX	1024	/* commands of one backend */
#define TCMI_DEPART		HZ	/* a session with less to wait for keeps its ACL */

static DEFINE_SPINLOCK(tcmi_orphans_lock);	/* tpg->orphans, lane->orphans, and these: */
static u32 tcmi_orphans;
static u64 tcmi_orphan_bytes;

/* ---- orphans: commands whose connection has ended ---- */

static void tcmi_orphan_add(struct tcmi_cmd *cmd)
{
	struct tcmi_tpg *tpg = cmd->conn->sess->tpg;
	struct tcmi_lane *lane;

	if (cmd->unlinked)
		lane = tcmi_unlink_lane(cmd->unlinked);
	else
		lane = tcmi_lane_find(tpg, cmd->tpg_lun, cmd->se_cmd.se_dev);
	spin_lock(&tcmi_orphans_lock);
	list_add_tail(&cmd->orphan, &tpg->orphans);
	cmd->orphan_lane = lane;
	/* bounded here from now on: a dead disk must not use up what there is for others */
	tcmi_quota_give(cmd->conn, cmd->quota);
	cmd->quota = 0;
	/* core may change the length when the command ends */
	cmd->orphan_bytes = cmd->se_cmd.data_length;
	tcmi_orphan_bytes += cmd->orphan_bytes;
	WRITE_ONCE(tcmi_orphans, tcmi_orphans + 1);
	if (lane) {
		cmd->orphan_epoch = lane->orphan_epoch;
		list_add_tail(&cmd->lane_orphan, &lane->orphan_list);
		WRITE_ONCE(lane->orphans, lane->orphans + 1);
	}
	spin_unlock(&tcmi_orphans_lock);
}

static void tcmi_drain_pass(struct tcmi_cmd *fence)
{
	lockdep_assert_held(&tcmi_orphans_lock);
	list_del_init(&fence->entry);
	tcmi_cmd_pass(fence);
}

/* Those whose orphans have all ended; both lists are in the order of their epochs. */
static void tcmi_drain_pass_fences(struct tcmi_lane *lane)
{
	struct tcmi_cmd *oldest, *fence, *next;

	lockdep_assert_held(&tcmi_orphans_lock);
	oldest = list_first_entry_or_null(&lane->orphan_list, struct tcmi_cmd, lane_orphan);
	list_for_each_entry_safe(fence, next, &lane->fences, entry) {
		if (oldest && (s32)(oldest->orphan_epoch - fence->orphan_epoch) <= 0)
			break;
		tcmi_drain_pass(fence);
	}
}

/**
 * tcmi_drain_forget() - a command is over
 * @cmd: the command, perhaps an orphan; whoever drains its connection calls
 */
void tcmi_drain_forget(struct tcmi_cmd *cmd)
{
	struct tcmi_lane *lane = cmd->orphan_lane;

	if (list_empty(&cmd->orphan))
		return;
	spin_lock(&tcmi_orphans_lock);
	list_del_init(&cmd->orphan);
	tcmi_orphan_bytes -= cmd->orphan_bytes;
	WRITE_ONCE(tcmi_orphans, tcmi_orphans - 1);
	if (lane) {
		list_del(&cmd->lane_orphan);
		WRITE_ONCE(lane->orphans, lane->orphans - 1);
		tcmi_drain_pass_fences(lane);
	}
	spin_unlock(&tcmi_orphans_lock);
	tcmi_lane_put(lane);
}

/**
 * tcmi_drain_await() - wait for the orphans that a backend has now
 * @lane: the way to it
 * @fence: what waits; its connection's thread calls, and gets it posted
 * Return: false if there are none.
 */
bool tcmi_drain_await(struct tcmi_lane *lane, struct tcmi_cmd *fence)
{
	bool wait;

	spin_lock(&tcmi_orphans_lock);
	wait = lane->orphans;
	if (wait) {
		fence->orphan_epoch = lane->orphan_epoch++;
		list_add_tail(&fence->entry, &lane->fences);
	}
	spin_unlock(&tcmi_orphans_lock);
	return wait;
}

/**
 * tcmi_drain_leave() - a connection's functions do not wait for a backend's orphans any more
 * @lane: the way to it
 * @conn: the connection, which has ended; whoever drains it calls
 * @left: gets them
 *
 * But for the fence of PREEMPT AND ABORTs, which others wait for.
 */
void tcmi_drain_leave(struct tcmi_lane *lane, struct tcmi_conn *conn, struct list_head *left)
{
	struct tcmi_cmd *fence, *next;

	spin_lock(&tcmi_orphans_lock);
	list_for_each_entry_safe(fence, next, &lane->fences, entry)
		if (fence->conn == conn && fence->tmf_step != TCMI_TMF_FENCE_DOWN)
			list_move_tail(&fence->entry, left);
	spin_unlock(&tcmi_orphans_lock);
}

/**
 * tcmi_drain_any() - has any backend commands of ended connections?
 *
 * For those who would have to look for the lane first. Context: any.
 */
bool tcmi_drain_any(void)
{
	return READ_ONCE(tcmi_orphans);
}

/**
 * tcmi_drain_full() - has a backend so many orphans that it gets no more commands?
 * @lane: the way to it
 *
 * An initiator that logs in again and again over a dead disk would take all memory.
 */
bool tcmi_drain_full(const struct tcmi_lane *lane)
{
	u32 orphans = READ_ONCE(lane->orphans);

	if (!orphans)
		return false;
	return orphans >= TCMI_ORPHANS_MAX ||
	       READ_ONCE(tcmi_orphan_bytes) >> PAGE_SHIFT > totalram_pages() / 8;
}

/**
 * tcmi_drain_each_conn() - call a function for each connection that drains, more than once
 * @tpg: its portal group
 * @fn: must not sleep
 * @arg: its argument
 */
void tcmi_drain_each_conn(struct tcmi_tpg *tpg,
			  void (*fn)(struct tcmi_conn *conn, void *arg), void *arg)
{
	struct tcmi_cmd *cmd;

	spin_lock(&tcmi_orphans_lock);
	list_for_each_entry(cmd, &tpg->orphans, orphan)
		fn(cmd->conn, arg);
	spin_unlock(&tcmi_orphans_lock);
}

struct tcmi_orphans {
	u64 lun;
	u64 bytes;
	u32 commands;
	unsigned long oldest;
};

#define TCMI_ORPHANS_SHOWN	32	/* LUNs; the last one stands for all others */

static struct tcmi_orphans *tcmi_orphans_of(struct tcmi_orphans *all, u64 lun)
{
	int i;

	for (i = 0; i < TCMI_ORPHANS_SHOWN - 1; i++)
		if (!all[i].commands || all[i].lun == lun)
			break;
	all[i].lun = lun;
	return &all[i];
}

static ssize_t tcmi_orphans_line(const struct tcmi_orphans *one, bool others, char *page,
				 ssize_t len)
{
	ssize_t start = len;

	if (others)
		len += sysfs_emit_at(page, len, "others: ");
	else
		len += sysfs_emit_at(page, len, "lun_%llu: ", one->lun);
	len += sysfs_emit_at(page, len, "%u commands, %llu bytes, oldest %lu s\n",
			     one->commands, one->bytes, (jiffies - one->oldest) / HZ);
	return len - start;
}

/**
 * tcmi_drain_show() - what a portal group's ended connections still wait for
 * @tpg: the group
 * @page: gets a line for each LUN, and if there are too many one for the others
 * Return: the length.
 */
ssize_t tcmi_drain_show(struct tcmi_tpg *tpg, char *page)
{
	struct tcmi_orphans *all, *one;
	struct tcmi_cmd *cmd;
	ssize_t len = 0;
	int i;

	all = kcalloc(TCMI_ORPHANS_SHOWN, sizeof(*all), GFP_KERNEL);
	if (!all)
		return -ENOMEM;
	spin_lock(&tcmi_orphans_lock);
	list_for_each_entry(cmd, &tpg->orphans, orphan) {
		one = tcmi_orphans_of(all, cmd->tpg_lun);
		if (!one->commands++ || time_before(cmd->born, one->oldest))
			one->oldest = cmd->born;
		one->bytes += cmd->orphan_bytes;
	}
	spin_unlock(&tcmi_orphans_lock);
	for (i = 0; i < TCMI_ORPHANS_SHOWN && all[i].commands; i++)
		len += tcmi_orphans_line(&all[i], i == TCMI_ORPHANS_SHOWN - 1, page, len);
	kfree(all);
	return len;
}

/* ---- the work ---- */

/**
 * tcmi_drain_kick() - something has come back for a connection that drains
 * @conn: the connection; the caller holds a reference
 * Context: any.
 */
void tcmi_drain_kick(struct tcmi_conn *conn)
{
	kref_get(&conn->ref);
	if (mod_delayed_work(tcmi_wq, &conn->drain_work, 0))
		tcmi_conn_put(conn);
}

/*
 * Core waits for ever for data which nobody will send: fail these. The rest comes back
 * from the backend when it comes back. Return: true when nothing is left.
 */
static bool tcmi_drain_look(struct tcmi_conn *conn)
{
	bool over;

	clear_bit(TCMI_CONN_KICKED, &conn->flags);
	smp_mb__after_atomic();		/* pairs with test_and_set in kick */
	tcmi_cmd_go_on(conn);
	tcmi_cmd_fail_all(conn);
	tcmi_unlink_look(conn);
	tcmi_tmf_abandon(conn);
	tcmi_io_posts(conn);
	/* the last one has given back what it had before it is counted here */
	over = !atomic_read_acquire(&conn->ncmds);
	tcmi_quota_settle(conn);
	return over;
}

static void tcmi_drain_over(struct tcmi_conn *conn)
{
	struct tcmi_sess *sess = conn->sess;

	tcmi_conn_set_state(conn, TCMI_CONN_DEAD);
	/* the last connection of a session ends the I_T nexus */
	if (sess)
		tcmi_sess_put(sess);
	tcmi_conn_put(conn);
}

static void tcmi_drain_work(struct work_struct *work)
{
	struct tcmi_conn *conn = container_of(to_delayed_work(work), struct tcmi_conn,
					      drain_work);
	unsigned int noio = memalloc_noio_save();

	if (conn->state == TCMI_CONN_DEAD) {
		/* kicked once more behind its end */
	} else if (tcmi_drain_look(conn)) {
		tcmi_drain_over(conn);
		module_put(THIS_MODULE);
	} else {
		if (time_after_eq(jiffies, conn->drain_since + TCMI_DEPART))
			tcmi_sess_depart(conn->sess);
		kref_get(&conn->ref);
		if (!queue_delayed_work(tcmi_wq, &conn->drain_work, TCMI_DEPART))
			tcmi_conn_put(conn);
	}
	memalloc_noio_restore(noio);
	tcmi_conn_put(conn);
}

/**
 * tcmi_drain_release() - no PREEMPT AND ABORT needs the fence that waits for orphans
 * @lane: the way to its backend
 */
void tcmi_drain_release(struct tcmi_lane *lane)
{
	struct tcmi_cmd *fence, *next;

	spin_lock(&tcmi_orphans_lock);
	list_for_each_entry_safe(fence, next, &lane->fences, entry)
		if (fence->tmf_step == TCMI_TMF_FENCE_DOWN)
			tcmi_drain_pass(fence);
	spin_unlock(&tcmi_orphans_lock);
}

/**
 * tcmi_drain_begin() - count as orphans what a connection has in the backend
 * @conn: the connection; its thread calls, before it leaves the session: who waits for the
 *	  tasks of all sessions finds them here from then on
 */
void tcmi_drain_begin(struct tcmi_conn *conn)
{
	struct tcmi_cmd *cmd;
	int i;

	if (!conn->sess || !conn->sess->tpg)
		return;
	for (i = 0; i < TCMI_TASK_BUCKETS; i++)
		hlist_for_each_entry(cmd, &conn->tasks[i], task) {
			if (cmd->req.opcode == ISCSIP_OP_SCSI_CMD && list_empty(&cmd->orphan) &&
			    cmd->state == TCMI_CMD_IN_CORE &&
			    test_bit(TCMI_CMD_SUBMITTED, &cmd->flags) &&
			    !test_bit(TCMI_CMD_POSTED, &cmd->flags))
				tcmi_orphan_add(cmd);
			/* the session may go on with another connection */
			tcmi_cmd_slot_give(cmd);
		}
}

/**
 * tcmi_drain() - the last part of a connection's teardown
 * @conn: the connection; its thread calls, and gives up its reference. The session has
 *	  been left, the socket and the buffers are gone
 *
 * Waits for nothing: if commands are left, the work goes on with them.
 */
void tcmi_drain(struct tcmi_conn *conn)
{
	if (tcmi_drain_look(conn)) {
		tcmi_drain_over(conn);
		return;
	}
	conn->drain_since = jiffies;
	INIT_DELAYED_WORK(&conn->drain_work, tcmi_drain_work);
	/* this thread's own reference ends with it */
	__module_get(THIS_MODULE);
	/* with the bit set, others' kicks may bring it to its end at any time */
	kref_get(&conn->ref);
	smp_mb__before_atomic();	/* the work before the bit; pairs with tcmi_conn_kick() */
	set_bit(TCMI_CONN_DRAIN, &conn->flags);
	/* who kicked before it saw the bit has set KICKED, which the work looks behind */
	smp_mb__after_atomic();
	tcmi_drain_kick(conn);
	tcmi_conn_put(conn);
}
