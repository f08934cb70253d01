// SPDX-License-Identifier: GPL-2.0
/*
 * PERSISTENT RESERVE OUT on its way to core: one at a time for each backend, and a PREEMPT
 * AND ABORT when what it may abort has ended. Core would wait for that with the command in
 * hand, and with it the session and its ACL, however long a dead backend takes.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <scsi/scsi_proto.h>
#include "cmd.h"

#define TCMI_PRO_PREEMPT_AND_ABORT	5	/* SPC-4 6.16.2; core keeps its own name private */

/* ---- one at a time ---- */

/*
 * Two PREEMPTs at once can have core spin for ever, one with a lock, waiting for the
 * registration of the other, which waits for the lock.
 */
static DEFINE_SPINLOCK(tcmi_reserve_lock);	/* lane->pr_*, cmd->pr_lane; the entries there */

/**
 * tcmi_reserve_queue() - give core a command which may change reservations
 * @lane: the way to its backend. Not its queue: what sleeps there waits for the disk, which
 *	  this one does not need
 * @cmd: the command with its work, not queued
 * Return: false if it is another command.
 */
bool tcmi_reserve_queue(struct tcmi_lane *lane, struct tcmi_cmd *cmd)
{
	unsigned long flags;

	if (!lane || cmd->se_cmd.t_task_cdb[0] != PERSISTENT_RESERVE_OUT ||
	    !test_bit(TCMI_CMD_EXECUTED, &cmd->flags))
		return false;
	kref_get(&lane->ref);
	spin_lock_irqsave(&tcmi_reserve_lock, flags);
	cmd->pr_lane = lane;
	if (lane->pr_busy)
		list_add_tail(&cmd->entry, &lane->pr_next);
	else
		queue_work(tcmi_submit_wq, &cmd->work);
	lane->pr_busy = true;
	spin_unlock_irqrestore(&tcmi_reserve_lock, flags);
	return true;
}

/**
 * tcmi_reserve_unqueue() - take a command back that waits for others to change reservations
 * @cmd: the command; its connection's thread calls
 * Return: true if it still waited.
 */
bool tcmi_reserve_unqueue(struct tcmi_cmd *cmd)
{
	struct tcmi_lane *lane = NULL;
	unsigned long flags;

	spin_lock_irqsave(&tcmi_reserve_lock, flags);
	if (cmd->pr_lane && !list_empty(&cmd->entry)) {
		list_del_init(&cmd->entry);
		swap(lane, cmd->pr_lane);
	}
	spin_unlock_irqrestore(&tcmi_reserve_lock, flags);
	tcmi_lane_put(lane);
	return lane;
}

/**
 * tcmi_reserve_done() - core is through with a PERSISTENT RESERVE OUT; any context
 * @cmd: the command, or any other one
 */
void tcmi_reserve_done(struct tcmi_cmd *cmd)
{
	struct tcmi_lane *lane = NULL;
	struct tcmi_cmd *next;
	unsigned long flags;

	if (!READ_ONCE(cmd->pr_lane))
		return;
	spin_lock_irqsave(&tcmi_reserve_lock, flags);
	swap(lane, cmd->pr_lane);
	next = list_first_entry_or_null(&lane->pr_next, struct tcmi_cmd, entry);
	lane->pr_busy = next;
	if (next) {
		list_del_init(&next->entry);
		queue_work(tcmi_submit_wq, &next->work);
	}
	spin_unlock_irqrestore(&tcmi_reserve_lock, flags);
	tcmi_lane_put(lane);
}

/* ---- PREEMPT AND ABORT ---- */

static bool tcmi_reserve_aborts(const struct tcmi_cmd *cmd)
{
	const u8 *cdb = cmd->se_cmd.t_task_cdb;

	return cdb[0] == PERSISTENT_RESERVE_OUT &&
	       (cdb[1] & 0x1f) == TCMI_PRO_PREEMPT_AND_ABORT;
}

/**
 * tcmi_reserve_hold() - does a command wait for the tasks that it may abort?
 * @conn: the connection; its thread calls
 * @cmd: the command, ready for execution
 *
 * All tasks which the backend has now, of whomever: which registrations go is for core to
 * find out. Those that come later core ends by itself. The command is submitted when they
 * have ended, and until then nothing keeps it from being taken back.
 *
 * Return: false if the caller submits it.
 */
bool tcmi_reserve_hold(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	struct tcmi_cmd *fence;
	struct tcmi_lane *lane;

	if (!tcmi_reserve_aborts(cmd))
		return false;
	lane = tcmi_lane_get(cmd->se_cmd.se_lun);
	fence = lane ? tcmi_cmd_alloc(conn, GFP_KERNEL) : NULL;
	if (!fence) {
		tcmi_lane_put(lane);
		return false;
	}
	set_bit(TCMI_CMD_TMF, &fence->flags);
	fence->tmf_step = TCMI_TMF_FENCE;
	fence->tmf_dev = lane->dev;
	fence->lane = lane;
	fence->fenced = cmd;
	cmd->fence = fence;
	tcmi_tmf_await_all(conn, fence);
	tcmi_tmf_others(fence, lane->dev, TCMI_TMF_AWAIT);
	tcmi_tmf_parts_started(conn, fence);
	return true;
}

/**
 * tcmi_reserve_recall() - take back a command which waits for the tasks it may abort
 * @cmd: any command; its connection's thread calls
 * Return: true if it did wait.
 */
bool tcmi_reserve_recall(struct tcmi_cmd *cmd)
{
	struct tcmi_cmd *fence = cmd->fence;

	if (!fence)
		return false;
	cmd->fence = NULL;
	fence->fenced = NULL;
	/* others may still have parts of it, or have posted it */
	if (tcmi_drain_unawait(fence))
		tcmi_reserve_fence(cmd->conn, fence);
	return true;
}

/**
 * tcmi_reserve_fence() - the tasks that a PREEMPT AND ABORT waited for have ended
 * @conn: the connection; its thread calls
 * @fence: what waited for them
 *
 * Those of connections which have ended are waited for together.
 */
void tcmi_reserve_fence(struct tcmi_conn *conn, struct tcmi_cmd *fence)
{
	struct tcmi_cmd *cmd = fence->fenced;
	struct tcmi_lane *lane = fence->lane;

	clear_bit(TCMI_CMD_POSTED, &fence->flags);
	if (cmd && tcmi_drain_await(lane, fence))
		return;
	if (cmd) {
		cmd->fence = NULL;
		tcmi_submit_later(conn, cmd);
		/* it may be behind this look's submissions */
		tcmi_conn_kick(conn);
	}
	tcmi_cmd_finish(conn, fence);
	tcmi_lane_put(lane);
}
