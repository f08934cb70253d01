// SPDX-License-Identifier: GPL-2.0
/*
 * PERSISTENT RESERVE OUT on its way to core: one at a time for each backend, and a PREEMPT
 * AND ABORT when what it may abort has ended. Core would wait for that with the command in
 * hand, and with it the session and its ACL, however long a dead backend takes.
 */
#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <scsi/scsi_proto.h>
#include <target/target_core_backend.h>
#include "cmd.h"

/* SPC-4 6.16.2; core keeps its own names private */
#define TCMI_PRO_PREEMPT_AND_ABORT	5
#define TCMI_PRO_REGISTER_AND_MOVE	7

/* ---- one at a time ---- */

/*
 * Two PREEMPTs at once can have core spin for ever, one with a lock, waiting for the
 * registration of the other, which waits for the lock.
 */
static DEFINE_SPINLOCK(tcmi_reserve_lock);	/* lane->pr_*, cmd->pr_lane; the entries there */

/**
 * tcmi_reserve_emulated() - is it a PERSISTENT RESERVE OUT that core carries out by itself?
 * @se_cmd: a command, prepared
 *
 * An initiator may call it a read, and core takes a list of zeros.
 */
bool tcmi_reserve_emulated(const struct se_cmd *se_cmd)
{
	return se_cmd->t_task_cdb[0] == PERSISTENT_RESERVE_OUT &&
	       !(se_cmd->se_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH_PGR);
}

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

	if (!lane || !tcmi_reserve_emulated(&cmd->se_cmd))
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

static bool tcmi_reserve_is(const struct tcmi_cmd *cmd, u8 action)
{
	const u8 *cdb = cmd->se_cmd.t_task_cdb;

	return cdb[0] == PERSISTENT_RESERVE_OUT && (cdb[1] & 0x1f) == action;
}

/* ---- REGISTER AND MOVE ---- */

#define TCMI_TID	24	/* where the TransportID begins in the parameters */
#define TCMI_TID_ISID	12	/* hexadecimal digits */

/*
 * SPC-4 7.6.4.7: "NAME,i,0xISID", NULs behind it. Return: the ISID, the name ends before it;
 * NULL for what names no port, and for other fabrics.
 */
static char *tcmi_reserve_port(char *tid, u32 len)
{
	u32 tid_len = be16_to_cpup((__be16 *)(tid + 2)) + 4;
	char *isid, *p;

	if ((tid[0] & 0xc0) != 0x40 || tid_len > len)
		return NULL;
	isid = strnstr(tid + 4, ",i,0x", tid_len - 4);
	if (!isid)
		return NULL;
	*isid = 0;
	isid += strlen(",i,0x");
	if (!memchr(isid, 0, tid + tid_len - isid))
		return NULL;
	/* as many as core changes */
	for (p = isid; *p && p < isid + TCMI_TID_ISID; p++)
		*p = tolower(*p);
	return isid;
}

static bool tcmi_reserve_knows(struct se_device *dev, const char *name, const char *isid,
			       u16 rtpi)
{
	struct t10_pr_registration *reg;
	bool found = false;

	spin_lock(&dev->t10_pr.registration_lock);
	list_for_each_entry(reg, &dev->t10_pr.registration_list, pr_reg_list)
		if (reg->tg_pt_sep_rtpi == rtpi && reg->isid_present_at_reg &&
		    !strcmp(reg->pr_reg_nacl->initiatorname, name) &&
		    !strcmp(reg->pr_reg_isid, isid))
			found = true;
	spin_unlock(&dev->t10_pr.registration_lock);
	return found;
}

/* Would core move the reservation, if it could? */
static bool tcmi_reserve_key_holds(struct se_device *dev, u64 key)
{
	bool holds;

	spin_lock(&dev->dev_reservation_lock);
	holds = dev->dev_pr_res_holder && dev->dev_pr_res_holder->pr_res_key == key;
	spin_unlock(&dev->dev_reservation_lock);
	return holds;
}

/**
 * tcmi_reserve_strands() - is it a REGISTER AND MOVE to a nexus without a registration?
 * @cmd: a command whose turn it is, so that no registration comes or goes meanwhile
 *
 * Core would register it, and drop a reference too many of that nexus' LUN, which is in use
 * until somebody removes it. What core refuses by itself is left to core.
 *
 * Context: process.
 */
bool tcmi_reserve_strands(struct tcmi_cmd *cmd)
{
	struct se_cmd *se_cmd = &cmd->se_cmd;
	u32 len = min_t(u32, se_cmd->data_length, TCMI_TID + 4 + U16_MAX);
	bool stranded = false;
	char *buf, *isid;

	if (!tcmi_reserve_is(cmd, TCMI_PRO_REGISTER_AND_MOVE) || len < TCMI_TID + 4)
		return false;
	buf = kzalloc(len, GFP_KERNEL);
	if (!buf)
		return true;
	sg_copy_to_buffer(se_cmd->t_data_sg, se_cmd->t_data_nents, buf, len);
	if (tcmi_reserve_key_holds(se_cmd->se_dev, be64_to_cpup((__be64 *)buf))) {
		isid = tcmi_reserve_port(buf + TCMI_TID, len - TCMI_TID);
		stranded = !isid || !tcmi_reserve_knows(se_cmd->se_dev, buf + TCMI_TID + 4, isid,
							be16_to_cpup((__be16 *)(buf + 18)));
	}
	kfree(buf);
	return stranded;
}

/* ---- PREEMPT AND ABORT ---- */

/*
 * Each of them has a gate, and all gates of a lane share a fence, which waits for the tasks
 * that there were when it began. Who comes later waits for the next one: however often
 * initiators come back to a dead disk, each of its tasks is waited for once.
 */

/* @lane's fence is down: its gates open, and those that came since get one. */
static void tcmi_reserve_fence_over(struct tcmi_lane *lane)
{
	struct tcmi_cmd *gate, *tmp;

	spin_lock(&lane->lock);
	list_for_each_entry_safe(gate, tmp, &lane->gates, entry) {
		list_del_init(&gate->entry);
		gate->tmf_step = TCMI_TMF_GATE_OPEN;
		tcmi_cmd_pass(gate);
	}
	gate = list_first_entry_or_null(&lane->gates_next, struct tcmi_cmd, entry);
	lane->fence = gate;
	if (gate) {
		list_del_init(&gate->entry);
		list_splice_init(&lane->gates_next, &lane->gates);
		gate->tmf_step = TCMI_TMF_GATE_FENCE;
		tcmi_cmd_pass(gate);
	}
	spin_unlock(&lane->lock);
}

/* Nobody waits for the fence that is up. */
static bool tcmi_reserve_unfenced(const struct tcmi_lane *lane)
{
	lockdep_assert_held(&lane->lock);
	return list_empty(&lane->gates) && list_empty(&lane->gates_next);
}

/* @conn's thread puts a fence up, for @lane's gates. */
static void tcmi_reserve_fence_up(struct tcmi_conn *conn, struct tcmi_lane *lane)
{
	struct tcmi_cmd *fence = tcmi_cmd_alloc_part(conn, GFP_KERNEL);

	if (!fence) {
		tcmi_reserve_fence_over(lane);
		return;
	}
	kref_get(&lane->ref);
	fence->tmf_step = TCMI_TMF_FENCE;
	fence->tmf_dev = lane->dev;
	fence->lane = lane;
	tcmi_tmf_await_all(conn, fence);
	tcmi_tmf_others(fence, lane->dev, TCMI_TMF_AWAIT);
	tcmi_tmf_parts_started(conn, fence);
}

/**
 * tcmi_reserve_fence() - the tasks that a fence waited for have ended
 * @conn: its connection; the thread calls
 * @fence: the fence
 *
 * Those of connections which have ended are waited for together.
 */
void tcmi_reserve_fence(struct tcmi_conn *conn, struct tcmi_cmd *fence)
{
	struct tcmi_lane *lane = fence->lane;

	clear_bit(TCMI_CMD_POSTED, &fence->flags);
	if (fence->tmf_step == TCMI_TMF_FENCE) {
		fence->tmf_step = TCMI_TMF_FENCE_DOWN;
		if (tcmi_drain_await(lane, fence)) {
			/* its gates may have been taken back meanwhile */
			spin_lock(&lane->lock);
			if (tcmi_reserve_unfenced(lane))
				tcmi_drain_release(lane);
			spin_unlock(&lane->lock);
			return;
		}
	}
	tcmi_cmd_finish(conn, fence);
	tcmi_reserve_fence_over(lane);
	tcmi_lane_put(lane);
}

static void tcmi_reserve_gate_end(struct tcmi_conn *conn, struct tcmi_cmd *gate)
{
	struct tcmi_lane *lane = gate->lane;

	tcmi_cmd_finish(conn, gate);
	tcmi_lane_put(lane);
}

/**
 * tcmi_reserve_hold() - does a command wait for the tasks that it may abort?
 * @conn: the connection; its thread calls
 * @cmd: the command, ready for execution
 *
 * All tasks which the backend has now, of whomever: which registrations go is for core to
 * find out. Those that come later core ends by itself. The command is submitted when they
 * have ended, and until then nothing keeps it from being taken back. A device that keeps
 * reservations itself may need the command to let go of its tasks.
 *
 * Return: false if the caller submits it.
 */
bool tcmi_reserve_hold(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	struct tcmi_cmd *gate;
	struct tcmi_lane *lane;
	bool first;

	if (!tcmi_reserve_is(cmd, TCMI_PRO_PREEMPT_AND_ABORT) ||
	    cmd->se_cmd.se_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH_PGR)
		return false;
	lane = tcmi_lane_get(cmd->se_cmd.se_lun);
	if (!lane)
		return false;
	gate = tcmi_cmd_alloc_part(conn, GFP_KERNEL);
	if (!gate) {
		tcmi_lane_put(lane);
		tcmi_cmd_fail(cmd, TCM_OUT_OF_RESOURCES);
		return true;
	}
	gate->lane = lane;
	gate->fenced = cmd;
	cmd->gate = gate;
	list_add_tail(&cmd->entry, &conn->fenced);
	spin_lock(&lane->lock);
	first = !lane->fence;
	list_add_tail(&gate->entry, first ? &lane->gates : &lane->gates_next);
	if (first)
		lane->fence = gate;
	spin_unlock(&lane->lock);
	if (first)
		tcmi_reserve_fence_up(conn, lane);
	return true;
}

/**
 * tcmi_reserve_recall() - take back a command which waits for the tasks it may abort
 * @cmd: any command; its connection's thread calls
 * Return: true if it did wait.
 */
bool tcmi_reserve_recall(struct tcmi_cmd *cmd)
{
	struct tcmi_cmd *gate = cmd->gate;
	bool waits;

	if (!gate)
		return false;
	list_del_init(&cmd->entry);
	cmd->gate = NULL;
	gate->fenced = NULL;
	spin_lock(&gate->lane->lock);
	waits = !list_empty(&gate->entry);
	list_del_init(&gate->entry);
	if (tcmi_reserve_unfenced(gate->lane))
		tcmi_drain_release(gate->lane);
	spin_unlock(&gate->lane->lock);
	/* else it has been posted */
	if (waits)
		tcmi_reserve_gate_end(cmd->conn, gate);
	return true;
}

/* Return: false while core has a reset; the gate comes back when that is over. */
static bool tcmi_reserve_through(struct tcmi_cmd *gate)
{
	struct tcmi_lane *lane = gate->lane;
	bool shut;

	spin_lock(&lane->lock);
	shut = lane->shut;
	if (shut) {
		list_add_tail(&gate->entry, &lane->gates_shut);
	} else {
		lane->through++;
		kref_get(&lane->ref);
		gate->fenced->through = lane;
	}
	spin_unlock(&lane->lock);
	return !shut;
}

/**
 * tcmi_reserve_gate() - a gate has come back to its connection
 * @conn: the connection; its thread calls
 * @gate: open, or it is the one to put the next fence up
 */
void tcmi_reserve_gate(struct tcmi_conn *conn, struct tcmi_cmd *gate)
{
	struct tcmi_lane *lane = gate->lane;
	struct tcmi_cmd *cmd = gate->fenced;
	bool needed;

	clear_bit(TCMI_CMD_POSTED, &gate->flags);
	if (gate->tmf_step == TCMI_TMF_GATE_FENCE) {
		/* all others may have been taken back, and new ones have come behind it */
		spin_lock(&lane->lock);
		if (cmd)
			list_add_tail(&gate->entry, &lane->gates);
		needed = !list_empty(&lane->gates);
		spin_unlock(&lane->lock);
		if (needed)
			tcmi_reserve_fence_up(conn, lane);
		else
			tcmi_reserve_fence_over(lane);
		if (!cmd)
			tcmi_reserve_gate_end(conn, gate);
		return;
	}
	if (cmd && !tcmi_reserve_through(gate))
		return;
	if (cmd) {
		list_del_init(&cmd->entry);
		cmd->gate = NULL;
		tcmi_submit_later(conn, cmd);
		/* it may be behind this look's submissions */
		tcmi_conn_kick(conn);
	}
	tcmi_reserve_gate_end(conn, gate);
}

/* ---- PREEMPT AND ABORT and resets ---- */

/*
 * Core does both under a mutex of the device, and waits with it in hand for all commands it
 * finds; a reset for a PREEMPT AND ABORT, too, which waits for the mutex. So core has one
 * kind at a time. A gate that is shut has its command where it can be taken back: the reset
 * may have found it already.
 */

/**
 * tcmi_reserve_over() - core is through with a PREEMPT AND ABORT, or never got it
 * @cmd: the command, or any other one; whoever its connection's posts are taken by calls
 */
void tcmi_reserve_over(struct tcmi_cmd *cmd)
{
	struct tcmi_lane *lane = cmd->through;

	if (likely(!lane))
		return;
	cmd->through = NULL;
	spin_lock(&lane->lock);
	if (!--lane->through && lane->shutter) {
		tcmi_cmd_pass(lane->shutter);
		lane->shutter = NULL;
	}
	spin_unlock(&lane->lock);
	tcmi_lane_put(lane);
}

/**
 * tcmi_reserve_shut() - no PREEMPT AND ABORT goes to core from now on
 * @lane: the way to its backend
 * @reset: what core is to have instead; its connection's thread calls
 * Return: false if core has one; @reset is posted when that is over.
 */
bool tcmi_reserve_shut(struct tcmi_lane *lane, struct tcmi_cmd *reset)
{
	bool alone;

	spin_lock(&lane->lock);
	lane->shut = true;
	alone = !lane->through;
	if (!alone)
		lane->shutter = reset;
	spin_unlock(&lane->lock);
	return alone;
}

/**
 * tcmi_reserve_unshut() - the reset is over
 * @lane: the way to its backend; its lock is held
 */
void tcmi_reserve_unshut(struct tcmi_lane *lane)
{
	struct tcmi_cmd *gate, *next;

	lockdep_assert_held(&lane->lock);
	lane->shut = false;
	lane->shutter = NULL;
	list_for_each_entry_safe(gate, next, &lane->gates_shut, entry) {
		list_del_init(&gate->entry);
		tcmi_cmd_pass(gate);
	}
}
