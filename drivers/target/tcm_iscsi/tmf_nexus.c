// SPDX-License-Identifier: GPL-2.0
/*
 * Task management that reaches other I_T nexuses. What concerns the tasks of another
 * connection is an errand to that connection's thread. Core gets a LOGICAL UNIT RESET
 * when our tasks have ended, those of ended sessions, too, and one at a time for each LUN:
 * it waits for what is left in a worker which all of the kernel shares, and the backend may
 * be dead.
 */
#include <linux/module.h>
#include <linux/rculist.h>
#include <scsi/scsi_proto.h>
#include "cmd.h"

/* The LUN that an initiator means, with its lane; NULL: none, or without a lane */
static struct tcmi_lane *tcmi_tmf_lane(struct tcmi_conn *conn, u64 lun)
{
	struct se_node_acl *nacl = conn->sess->se_sess->se_node_acl;
	struct tcmi_lane *lane = NULL;
	struct se_dev_entry *deve;

	rcu_read_lock();
	hlist_for_each_entry_rcu(deve, &nacl->lun_entry_hlist, link)
		if (deve->mapped_lun == tcmi_lun(lun))
			lane = tcmi_lane_get(deve->se_lun);
	rcu_read_unlock();
	return lane;
}

/* ---- errands ---- */

struct tcmi_tmf_call {
	struct tcmi_cmd *parent;
	const struct se_device *dev;
	bool all;		/* connections without a LUN of it may have commands, too */
	enum tcmi_tmf_step step;
};

static bool tcmi_tpg_has_device(struct tcmi_tpg *tpg, const struct se_device *dev)
{
	struct tcmi_lane *lane;
	bool found = false;
	unsigned long nr;

	rcu_read_lock();
	xa_for_each(&tpg->lanes, nr, lane)
		if (lane->dev == dev)
			found = true;
	rcu_read_unlock();
	return found;
}

/* sess->lock is held: the connection's teardown comes behind this errand */
static void tcmi_tmf_send_errand(struct tcmi_conn *conn, void *arg)
{
	const struct tcmi_tmf_call *call = arg;
	struct tcmi_cmd *parent = call->parent;
	struct tcmi_cmd *here, *there;

	if (conn == parent->conn || !conn->sess->tpg ||
	    (!call->all && !tcmi_tpg_has_device(conn->sess->tpg, call->dev)))
		return;
	here = tcmi_tmf_part_alloc(parent, GFP_ATOMIC);
	there = tcmi_cmd_alloc_part(conn, GFP_ATOMIC);
	if (!here || !there) {
		if (here)
			tcmi_cmd_free(here);
		if (there)
			tcmi_cmd_free(there);
		parent->tmf_rsp = ISCSIP_TMF_REJECTED;
		return;
	}
	here->tmf_parent = parent;
	here->state = TCMI_CMD_IN_CORE;
	parent->tmf_pending++;
	there->tmf_peer = here;
	there->tmf_dev = call->dev;
	there->tmf_step = call->step;
	tcmi_cmd_post(there);
}

/**
 * tcmi_tmf_others() - an errand to all other connections with tasks for a device
 * @parent: the function; its connection's thread calls. It gets a part for each
 * @dev: the device, or NULL for nothing
 * @step: what they do: %TCMI_TMF_ERRAND ends the tasks, %TCMI_TMF_AWAIT waits for them
 */
void tcmi_tmf_others(struct tcmi_cmd *parent, const struct se_device *dev,
		     enum tcmi_tmf_step step)
{
	struct tcmi_tmf_call call = { .parent = parent, .dev = dev, .step = step };

	if (!dev)
		return;
	call.all = tcmi_unlink_any(dev);
	tcmi_sess_each_conn(tcmi_tmf_send_errand, &call);
}

static void tcmi_tmf_errand(struct tcmi_conn *conn, struct tcmi_cmd *errand)
{
	struct tcmi_cmd *cmd;
	struct hlist_node *next;
	int i;

	errand->tmf_step = TCMI_TMF_ERRAND_BACK;
	for (i = 0; i < TCMI_TASK_BUCKETS; i++)
		hlist_for_each_entry_safe(cmd, next, &conn->tasks[i], task) {
			if (cmd->req.opcode != ISCSIP_OP_SCSI_CMD ||
			    !test_bit(TCMI_CMD_SUBMITTED, &cmd->flags) ||
			    test_bit(TCMI_CMD_POSTED, &cmd->flags) ||
			    cmd->se_cmd.se_dev != errand->tmf_dev)
				continue;
			/* what its own initiator has aborted stays without a status */
			if (cmd->se_cmd.se_dev->dev_attrib.emulate_tas &&
			    !test_bit(TCMI_CMD_ABORTED, &cmd->flags))
				set_bit(TCMI_CMD_TAS, &cmd->flags);
			tcmi_tmf_end_task(conn, errand, cmd);
		}
	tcmi_tmf_parts_started(conn, errand);
}

/**
 * tcmi_tmf_await_all() - wait for the tasks that a backend has of this connection now
 * @conn: the connection; its thread calls
 * @errand: the errand, with the device; it gets a part for each
 *
 * But for those that may wait for others in turn, or for each other.
 */
void tcmi_tmf_await_all(struct tcmi_conn *conn, struct tcmi_cmd *errand)
{
	struct tcmi_cmd *cmd;
	int i;

	for (i = 0; i < TCMI_TASK_BUCKETS; i++)
		hlist_for_each_entry(cmd, &conn->tasks[i], task)
			if (cmd->req.opcode == ISCSIP_OP_SCSI_CMD &&
			    cmd->state == TCMI_CMD_IN_CORE &&
			    test_bit(TCMI_CMD_SUBMITTED, &cmd->flags) &&
			    !test_bit(TCMI_CMD_POSTED, &cmd->flags) &&
			    cmd->se_cmd.se_dev == errand->tmf_dev &&
			    cmd->se_cmd.t_task_cdb[0] != PERSISTENT_RESERVE_OUT)
				tcmi_tmf_await(conn, errand, cmd);
}

static void tcmi_tmf_errand_await(struct tcmi_conn *conn, struct tcmi_cmd *errand)
{
	errand->tmf_step = TCMI_TMF_ERRAND_BACK;
	tcmi_tmf_await_all(conn, errand);
	tcmi_tmf_parts_started(conn, errand);
}

static void tcmi_tmf_errand_back(struct tcmi_conn *conn, struct tcmi_cmd *errand)
{
	struct tcmi_cmd *peer = errand->tmf_peer;

	tcmi_cmd_finish(conn, errand);
	tcmi_cmd_pass(peer);
}

/* ---- resets ---- */

/**
 * tcmi_tmf_reset() - LOGICAL UNIT RESET, and CLEAR TASK SET, which is all of it but core's part
 * @conn: the connection; its thread calls
 * @cmd: the function, or a part of a target reset
 *
 * While one is under way for this LUN, those that come wait together for the next.
 */
void tcmi_tmf_reset(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	struct tcmi_lane *lane = tcmi_tmf_lane(conn, cmd->lun);
	bool wait = false;

	cmd->state = TCMI_CMD_IN_CORE;
	cmd->tmf_step = TCMI_TMF_RESET;
	cmd->lane = lane;
	/* not later: what this initiator sends now comes behind the reset */
	tcmi_tmf_end_waiting(conn, cmd, false);
	if (lane) {
		spin_lock(&lane->lock);
		wait = lane->resetting;
		lane->resetting = true;
		if (wait)
			list_add_tail(&cmd->entry, &lane->resets);
		spin_unlock(&lane->lock);
	}
	if (!wait)
		tcmi_tmf_posted(conn, cmd);
}

static bool tcmi_tmf_clears(const struct tcmi_cmd *cmd)
{
	return cmd->req.tmf.function == ISCSIP_TMF_CLEAR_TASK_SET;
}

/* One that is as good for all who share it: of the set alone only if nobody wants more */
static struct tcmi_cmd *tcmi_tmf_reset_next(struct tcmi_lane *lane)
{
	struct tcmi_cmd *cmd;

	lockdep_assert_held(&lane->lock);
	list_for_each_entry(cmd, &lane->resets, entry)
		if (!tcmi_tmf_clears(cmd))
			return cmd;
	return list_first_entry_or_null(&lane->resets, struct tcmi_cmd, entry);
}

/* This reset is over: who shares it, and who is next? */
static void tcmi_tmf_reset_over(struct tcmi_cmd *cmd, u8 rsp)
{
	struct tcmi_lane *lane = cmd->lane;
	struct tcmi_cmd *other, *tmp, *next;
	LIST_HEAD(sharers);

	cmd->lane = NULL;
	if (!lane)
		return;
	spin_lock(&lane->lock);
	tcmi_reserve_unshut(lane);
	list_splice_init(&lane->sharers, &sharers);
	next = tcmi_tmf_reset_next(lane);
	if (next)
		list_del_init(&next->entry);
	else
		lane->resetting = false;
	list_splice_init(&lane->resets, &lane->sharers);
	spin_unlock(&lane->lock);
	list_for_each_entry_safe(other, tmp, &sharers, entry) {
		list_del_init(&other->entry);
		if (rsp != ISCSIP_TMF_COMPLETE)
			other->tmf_rsp = rsp;
		other->tmf_step = TCMI_TMF_ANSWER;
		other->lane = NULL;
		tcmi_lane_put(lane);
		tcmi_cmd_pass(other);
	}
	if (next)
		tcmi_cmd_pass(next);
	tcmi_lane_put(lane);
}

static void tcmi_tmf_reset_done(struct tcmi_cmd *cmd, u8 rsp)
{
	cmd->tmf_step = TCMI_TMF_ANSWER;
	cmd->tmf_rsp = rsp;
	tcmi_tmf_reset_over(cmd, rsp);
}

/*
 * The function ended with its session (SAM-5 7.7). Tasks of sessions that came since are
 * spared, and those who would have shared the reset get one of their own.
 */
static void tcmi_tmf_reset_dead(struct tcmi_cmd *cmd)
{
	struct tcmi_lane *lane = cmd->lane;

	if (lane) {
		spin_lock(&lane->lock);
		list_splice_init(&lane->sharers, &lane->resets);
		spin_unlock(&lane->lock);
	}
	tcmi_tmf_reset_done(cmd, ISCSIP_TMF_REJECTED);
}

/* Those of this connection which wait for their turn, or for one that they share */
static void tcmi_tmf_reset_leave(struct tcmi_conn *conn, struct list_head *queue,
				 struct list_head *left)
{
	struct tcmi_cmd *cmd, *next;

	list_for_each_entry_safe(cmd, next, queue, entry)
		if (cmd->conn == conn)
			list_move_tail(&cmd->entry, left);
}

/* And the one whose turn it is, if core is still to get it */
static void tcmi_tmf_reset_stop(struct tcmi_conn *conn, struct tcmi_lane *lane,
				struct list_head *left)
{
	lockdep_assert_held(&lane->lock);
	tcmi_drain_leave(lane, conn, left);
	if (lane->shutter && lane->shutter->conn == conn) {
		list_add_tail(&lane->shutter->entry, left);
		lane->shutter = NULL;
	}
}

/**
 * tcmi_tmf_abandon() - nobody is left to be answered: functions wait for nothing more
 * @conn: the connection, which has ended; whoever drains it calls
 *
 * But for those that others need, one for each LUN, an initiator leaves none behind, however
 * often it comes back to reset a disk that is dead.
 */
void tcmi_tmf_abandon(struct tcmi_conn *conn)
{
	struct tcmi_tpg *tpg = conn->sess ? conn->sess->tpg : NULL;
	struct tcmi_cmd *cmd, *next;
	struct tcmi_lane *lane;
	LIST_HEAD(left);
	unsigned long nr;

	if (!tpg || !atomic_read(&conn->ncmds))
		return;
	tcmi_tmf_forsake(conn);
	rcu_read_lock();
	xa_for_each(&tpg->lanes, nr, lane) {
		spin_lock(&lane->lock);
		tcmi_tmf_reset_leave(conn, &lane->resets, &left);
		tcmi_tmf_reset_leave(conn, &lane->sharers, &left);
		tcmi_tmf_reset_stop(conn, lane, &left);
		spin_unlock(&lane->lock);
	}
	rcu_read_unlock();
	list_for_each_entry_safe(cmd, next, &left, entry) {
		list_del_init(&cmd->entry);
		/* else its turn is somebody else's now */
		if (cmd->tmf_step != TCMI_TMF_RESET_CORE) {
			tcmi_lane_put(cmd->lane);
			cmd->lane = NULL;
			cmd->tmf_step = TCMI_TMF_ANSWER;
			cmd->tmf_rsp = ISCSIP_TMF_REJECTED;
		}
		tcmi_tmf_posted(conn, cmd);
	}
}

/* Return: false if it is over already. */
static bool tcmi_tmf_reset_begin(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	if (tcmi_conn_mute(conn)) {
		tcmi_tmf_reset_dead(cmd);
		return false;
	}
	cmd->tmf_step = TCMI_TMF_RESET_ORPHANS;
	/* what this initiator has sent since is not meant by a CLEAR TASK SET */
	if (tcmi_tmf_clears(cmd))
		cmd->tmf_pending--;
	else
		tcmi_tmf_end_all(conn, cmd);
	if (cmd->lane)
		tcmi_tmf_others(cmd, cmd->lane->dev, TCMI_TMF_ERRAND);
	tcmi_tmf_parts_started(conn, cmd);
	return true;
}

/* Return: false if it is over. */
static bool tcmi_tmf_reset_core(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	bool first = cmd->tmf_step == TCMI_TMF_RESET_ORPHANS;

	cmd->tmf_step = TCMI_TMF_RESET_CORE;
	clear_bit(TCMI_CMD_POSTED, &cmd->flags);
	if (tcmi_conn_mute(conn)) {
		tcmi_tmf_reset_dead(cmd);
		return false;
	}
	if (first && cmd->lane && tcmi_drain_await(cmd->lane, cmd))
		return true;
	if (tcmi_tmf_clears(cmd)) {
		tcmi_tmf_reset_done(cmd, cmd->tmf_rsp);
		return false;
	}
	if (cmd->lane && !tcmi_reserve_shut(cmd->lane, cmd))
		return true;
	cmd->tmf_step = TCMI_TMF_RESET_DONE;
	if (!tcmi_tmf_submit(conn, cmd, cmd->lun, TMR_LUN_RESET))
		return true;
	tcmi_tmf_reset_done(cmd, ISCSIP_TMF_REJECTED);
	return false;
}

/**
 * tcmi_tmf_step() - the next step of a function that has come back to its thread
 * @conn: the connection; its thread calls
 * @cmd: the function; a step that takes it over comes back here later
 * Return: false when it only remains to be answered.
 */
bool tcmi_tmf_step(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	switch (cmd->tmf_step) {
	case TCMI_TMF_ERRAND:
		tcmi_tmf_errand(conn, cmd);
		return true;
	case TCMI_TMF_AWAIT:
		tcmi_tmf_errand_await(conn, cmd);
		return true;
	case TCMI_TMF_FENCE:
	case TCMI_TMF_FENCE_DOWN:
		tcmi_reserve_fence(conn, cmd);
		return true;
	case TCMI_TMF_GATE_FENCE:
	case TCMI_TMF_GATE_OPEN:
		tcmi_reserve_gate(conn, cmd);
		return true;
	case TCMI_TMF_ERRAND_BACK:
		tcmi_tmf_errand_back(conn, cmd);
		return true;
	case TCMI_TMF_RESET:
		return tcmi_tmf_reset_begin(conn, cmd);
	case TCMI_TMF_RESET_ORPHANS:
	case TCMI_TMF_RESET_CORE:
		return tcmi_tmf_reset_core(conn, cmd);
	case TCMI_TMF_RESET_DONE:
		tcmi_tmf_reset_done(cmd, tcmi_tmf_core_rsp(cmd));
		return false;
	default:
		return false;
	}
}
