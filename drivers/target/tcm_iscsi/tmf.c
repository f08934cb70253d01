// SPDX-License-Identifier: GPL-2.0
/*
 * Task management (11.5, 11.6). Core knows ABORT TASK and LOGICAL UNIT RESET;
 * the others are made of these here: one function of the initiator becomes a
 * parent with a part for each task or logical unit, answered when all parts are
 * back. Tasks which wait for the initiator itself are ended here at once.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <scsi/scsi_common.h>
#include "cmd.h"

/**
 * tcmi_tmf_core_rsp() - what core says of a function that it has carried out
 * @cmd: the function; or dropped by core, because of another reset
 */
u8 tcmi_tmf_core_rsp(const struct tcmi_cmd *cmd)
{
	if (test_bit(TCMI_CMD_SILENT, &cmd->flags))
		return ISCSIP_TMF_REJECTED;
	switch (cmd->se_cmd.se_tmr_req->response) {
	case TMR_FUNCTION_COMPLETE:
		return ISCSIP_TMF_COMPLETE;
	case TMR_TASK_DOES_NOT_EXIST:
		return ISCSIP_TMF_NO_TASK;
	case TMR_LUN_DOES_NOT_EXIST:
		return ISCSIP_TMF_NO_LUN;
	case TMR_TASK_MGMT_FUNCTION_NOT_SUPPORTED:
		return ISCSIP_TMF_NOT_SUPPORTED;
	default:
		return ISCSIP_TMF_REJECTED;
	}
}

static void tcmi_tmf_answer(struct tcmi_conn *conn, struct tcmi_cmd *cmd, u8 response)
{
	cmd->tmf_rsp = response;
	tcmi_tx_cmd(conn, cmd);
}

/**
 * tcmi_tmf_submit() - give a function to core
 * @conn: the connection; its thread calls
 * @cmd: the function, or a part of one
 * @lun: wire form
 * @function: core's number for it
 * Return: 0, or -ENOMEM and @cmd is as before.
 */
int tcmi_tmf_submit(struct tcmi_conn *conn, struct tcmi_cmd *cmd, u64 lun, u8 function)
{
	int ret;

	cmd->state = TCMI_CMD_IN_CORE;
	cmd->se_cmd.tag = cmd->itt;
	ret = target_submit_tmr(&cmd->se_cmd, conn->sess->se_sess, NULL, tcmi_lun(lun), cmd,
				function, GFP_KERNEL, 0, TARGET_SCF_ACK_KREF);
	if (!ret)
		set_bit(TCMI_CMD_SUBMITTED, &cmd->flags);
	return ret;
}

/**
 * tcmi_tmf_part_alloc() - the command for a part of a function
 * @parent: the function. What it was made of counts as its initiator's if it does
 * @gfp: as for tcmi_cmd_alloc()
 * Return: a task management function of the same connection, or NULL.
 */
struct tcmi_cmd *tcmi_tmf_part_alloc(struct tcmi_cmd *parent, gfp_t gfp)
{
	struct tcmi_cmd *cmd;

	if (test_bit(TCMI_CMD_PART, &parent->flags))
		return tcmi_cmd_alloc_part(parent->conn, gfp);
	cmd = tcmi_cmd_alloc(parent->conn, gfp);
	if (cmd)
		set_bit(TCMI_CMD_TMF, &cmd->flags);
	return cmd;
}

/* A part of @parent, which is answered when all its parts are back; NULL: no memory */
static struct tcmi_cmd *tcmi_tmf_part(struct tcmi_cmd *parent, u64 lun)
{
	struct tcmi_cmd *cmd = tcmi_tmf_part_alloc(parent, GFP_KERNEL);

	if (!cmd) {
		parent->tmf_rsp = ISCSIP_TMF_REJECTED;
		return NULL;
	}
	cmd->tmf_parent = parent;
	cmd->lun = lun;
	cmd->cmdsn = parent->cmdsn;
	cmd->order = parent->order;
	cmd->immediate = parent->immediate;
	cmd->state = TCMI_CMD_IN_CORE;
	parent->tmf_pending++;
	return cmd;
}

static bool tcmi_tmf_lun_exists(struct tcmi_conn *conn, u64 lun)
{
	struct se_node_acl *nacl = conn->sess->se_sess->se_node_acl;
	struct se_dev_entry *deve;
	bool found = false;

	rcu_read_lock();
	hlist_for_each_entry_rcu(deve, &nacl->lun_entry_hlist, link)
		if (deve->mapped_lun == tcmi_lun(lun))
			found = true;
	rcu_read_unlock();
	return found;
}

/* Core's answer to this task is still to come, or posted and not yet looked at. */
static bool tcmi_tmf_unanswered(const struct tcmi_cmd *cmd)
{
	return cmd->state == TCMI_CMD_IN_CORE || cmd->state == TCMI_CMD_WAIT_DATA;
}

/*
 * A set or a reset covers what its initiator sent before it; immediate PDUs share a CmdSN,
 * and what they have overtaken has an earlier one.
 */
static bool tcmi_tmf_covers(const struct tcmi_cmd *tmf, const struct tcmi_cmd *cmd)
{
	if ((tmf->immediate || cmd->immediate) && iscsip_sn_lt(cmd->order, tmf->order))
		return true;
	return !cmd->immediate && iscsip_sn_lt(cmd->cmdsn, tmf->cmdsn);
}

static bool tcmi_tmf_resets(const struct tcmi_cmd *tmf, u64 lun)
{
	switch (tmf->req.tmf.function) {
	case ISCSIP_TMF_LUN_RESET:
		return tcmi_lun(tmf->lun) == tcmi_lun(lun);
	case ISCSIP_TMF_WARM_RESET:
	case ISCSIP_TMF_COLD_RESET:
		return true;
	default:
		return false;
	}
}

/**
 * tcmi_tmf_spares() - is a command behind a reset of its initiator that isn't answered yet?
 * @conn: the connection; its thread calls
 * @cmd: the command
 *
 * Core ends it all the same when the reset had to wait before it came to core, and has no
 * status for it; but its initiator waits for one (11.5.1: affected are earlier CmdSNs).
 */
bool tcmi_tmf_spares(struct tcmi_conn *conn, const struct tcmi_cmd *cmd)
{
	struct tcmi_cmd *tmf;
	int i;

	for (i = 0; i < TCMI_TASK_BUCKETS; i++)
		hlist_for_each_entry(tmf, &conn->tasks[i], task)
			if (test_bit(TCMI_CMD_TMF, &tmf->flags) &&
			    tmf->state == TCMI_CMD_IN_CORE && !tcmi_tmf_covers(tmf, cmd) &&
			    tcmi_tmf_resets(tmf, cmd->lun))
				return true;
	return false;
}

/* @cmd goes on when @first has ended */
static void tcmi_tmf_wait(struct tcmi_cmd *cmd, struct tcmi_cmd *first)
{
	while (first->waiter)
		first = first->waiter;
	first->waiter = cmd;
}

/**
 * tcmi_tmf_await() - a function goes on when a task has ended by itself
 * @conn: the task's connection; its thread calls
 * @parent: the function or errand; gets a part for it
 * @cmd: the task
 */
void tcmi_tmf_await(struct tcmi_conn *conn, struct tcmi_cmd *parent, struct tcmi_cmd *cmd)
{
	struct tcmi_cmd *part = tcmi_tmf_part(parent, cmd->lun);

	if (part)
		tcmi_tmf_wait(part, cmd);
}

/* 4.2.3.3 a: a set or a reset of the initiator's own; parts and errands have no function */
static bool tcmi_tmf_awaits_rest(const struct tcmi_cmd *tmf, u64 lun)
{
	switch (tmf->req.tmf.function) {
	case ISCSIP_TMF_ABORT_TASK_SET:
	case ISCSIP_TMF_CLEAR_TASK_SET:
		return tcmi_lun(tmf->lun) == tcmi_lun(lun);
	default:
		return tcmi_tmf_resets(tmf, lun);
	}
}

static void tcmi_tmf_end_write(struct tcmi_conn *conn, const struct tcmi_cmd *tmf,
			       struct tcmi_cmd *cmd)
{
	if (tcmi_tmf_awaits_rest(tmf, cmd->lun))
		set_bit(TCMI_CMD_TRAILS, &cmd->flags);
	tcmi_cmd_abort_waiting(conn, cmd);
}

/**
 * tcmi_tmf_end_task() - end one task for a function, whoever it waits for
 * @conn: the task's connection; its thread calls
 * @parent: the function or errand; answered when the task has ended
 * @cmd: the task
 */
void tcmi_tmf_end_task(struct tcmi_conn *conn, struct tcmi_cmd *parent, struct tcmi_cmd *cmd)
{
	if (test_bit(TCMI_CMD_POSTED, &cmd->flags)) {
		/* its response goes first */
		if (tcmi_tmf_unanswered(cmd))
			tcmi_tmf_await(conn, parent, cmd);
		return;
	}
	switch (cmd->state) {
	case TCMI_CMD_HELD:
		/* a set or a reset covers what comes before it */
		if (parent->req.tmf.function == ISCSIP_TMF_ABORT_TASK ||
		    iscsip_sn_lt(cmd->cmdsn, parent->cmdsn))
			tcmi_cmd_unhold(conn, cmd);
		return;
	case TCMI_CMD_WAIT_DATA:
		tcmi_tmf_end_write(conn, parent, cmd);
		break;
	case TCMI_CMD_IN_CORE:
		if (!tcmi_cmd_recall(cmd))
			tcmi_cmd_mark_aborted(cmd);
		break;
	default:
		return;
	}
	/* with a status of its own, because another nexus was quicker, it goes first, too */
	if (!test_bit(TCMI_CMD_SILENT, &cmd->flags) || test_bit(TCMI_CMD_TRAILS, &cmd->flags))
		tcmi_tmf_await(conn, parent, cmd);
}

/* Of a LUN that is removed, and not of the device that is reset: core would wait for that. */
static bool tcmi_tmf_is_foreign(const struct tcmi_cmd *parent, const struct tcmi_cmd *cmd)
{
	return cmd->unlinked && !(parent->lane && parent->lane->dev == cmd->se_cmd.se_dev);
}

/*
 * A task that the backend has of a LUN which is removed, and which may have a successor: no
 * function for that one waits for it, and its initiator hears nothing more of it.
 *
 * Return: false if it is none.
 */
static bool tcmi_tmf_disown(struct tcmi_conn *conn, const struct tcmi_cmd *parent,
			    struct tcmi_cmd *cmd)
{
	if (test_bit(TCMI_CMD_POSTED, &cmd->flags) || !tcmi_tmf_is_foreign(parent, cmd))
		return false;
	tcmi_cmd_mark_aborted(cmd);
	if (tcmi_cmd_is_write(cmd) && iscsip_xfer_owed(&cmd->xfer))
		tcmi_data_expect_rest(conn, cmd->itt);
	cmd->itt = ISCSIP_TAG_RESERVED;
	tcmi_cmd_slot_give(cmd);
	set_bit(TCMI_CONN_WINDOW, &conn->flags);
	return true;
}

/**
 * tcmi_tmf_end_waiting() - end the tasks which only wait for the initiator, or for core
 * @conn: the connection; its thread calls
 * @parent: the function, whose LUN is meant
 * @any: all LUNs are meant
 */
void tcmi_tmf_end_waiting(struct tcmi_conn *conn, struct tcmi_cmd *parent, bool any)
{
	struct tcmi_cmd *cmd;
	struct hlist_node *next;
	int i;

	for (i = 0; i < TCMI_TASK_BUCKETS; i++)
		hlist_for_each_entry_safe(cmd, next, &conn->tasks[i], task) {
			if (cmd->req.opcode != ISCSIP_OP_SCSI_CMD ||
			    test_bit(TCMI_CMD_POSTED, &cmd->flags) ||
			    (!any && tcmi_lun(cmd->lun) != tcmi_lun(parent->lun)))
				continue;
			/* without parts: a reset may have to wait for its turn first */
			if (cmd->state == TCMI_CMD_HELD)
				tcmi_tmf_end_task(conn, parent, cmd);
			else if (!tcmi_tmf_covers(parent, cmd))
				continue;
			else if (cmd->state == TCMI_CMD_IN_CORE)
				tcmi_cmd_recall(cmd);
			else if (cmd->state == TCMI_CMD_WAIT_DATA)
				tcmi_tmf_end_write(conn, parent, cmd);
		}
}

/**
 * tcmi_tmf_parts_started() - a function has no more parts than it has now
 * @conn: the connection; its thread calls
 * @parent: the function; goes on when the last one is back, or at once without any
 */
void tcmi_tmf_parts_started(struct tcmi_conn *conn, struct tcmi_cmd *parent)
{
	parent->state = TCMI_CMD_IN_CORE;
	if (!parent->tmf_pending)
		tcmi_tmf_posted(conn, parent);
}

/*
 * What came behind a reset that had to wait for its turn ends by itself, unless it waits
 * for the initiator.
 */
static void tcmi_tmf_end_or_await(struct tcmi_conn *conn, struct tcmi_cmd *parent,
				  struct tcmi_cmd *cmd)
{
	if (cmd->itt == ISCSIP_TAG_RESERVED)
		return;			/* disowned before */
	if (tcmi_tmf_covers(parent, cmd)) {
		if (!tcmi_tmf_disown(conn, parent, cmd))
			tcmi_tmf_end_task(conn, parent, cmd);
		return;
	}
	if (tcmi_tmf_is_foreign(parent, cmd))
		return;
	if (parent->tmf_step == TCMI_TMF_RESET_ORPHANS && cmd->state == TCMI_CMD_IN_CORE &&
	    !test_bit(TCMI_CMD_POSTED, &cmd->flags) &&
	    (!tcmi_cmd_is_write(cmd) || test_bit(TCMI_CMD_EXECUTED, &cmd->flags)))
		tcmi_tmf_await(conn, parent, cmd);
}

/**
 * tcmi_tmf_end_all() - end all tasks of this connection that a function is about
 * @conn: the connection; its thread calls
 * @parent: the function, whose LUN is meant; it gets a part for each that it has to wait for
 */
void tcmi_tmf_end_all(struct tcmi_conn *conn, struct tcmi_cmd *parent)
{
	struct tcmi_cmd *cmd;
	struct hlist_node *next;
	int i;

	for (i = 0; i < TCMI_TASK_BUCKETS; i++)
		hlist_for_each_entry_safe(cmd, next, &conn->tasks[i], task)
			if (cmd->req.opcode == ISCSIP_OP_SCSI_CMD &&
			    tcmi_lun(cmd->lun) == tcmi_lun(parent->lun))
				tcmi_tmf_end_or_await(conn, parent, cmd);
}

static void tcmi_tmf_task_set(struct tcmi_conn *conn, struct tcmi_cmd *parent)
{
	if (!tcmi_tmf_lun_exists(conn, parent->lun)) {
		tcmi_tmf_answer(conn, parent, ISCSIP_TMF_NO_LUN);
		return;
	}
	tcmi_tmf_end_all(conn, parent);
	if (parent->req.tmf.function == ISCSIP_TMF_CLEAR_TASK_SET) {
		/* until others' tasks have ended */
		parent->tmf_pending++;
		tcmi_tmf_reset(conn, parent);
	} else {
		tcmi_tmf_parts_started(conn, parent);
	}
}

/* The LUNs that an initiator sees, to be freed. Return: how many, or -ENOMEM. */
static int tcmi_tmf_luns(struct se_node_acl *nacl, u64 **luns)
{
	struct se_dev_entry *deve;
	int n, room = 0;

	for (*luns = NULL;; room = n) {
		n = 0;
		rcu_read_lock();
		hlist_for_each_entry_rcu(deve, &nacl->lun_entry_hlist, link)
			if (n++ < room)
				(*luns)[n - 1] = deve->mapped_lun;
		rcu_read_unlock();
		if (n <= room)
			return n;
		kvfree(*luns);
		*luns = kvmalloc_array(n, sizeof(**luns), GFP_KERNEL);
		if (!*luns)
			return -ENOMEM;
	}
}

static void tcmi_tmf_target_reset(struct tcmi_conn *conn, struct tcmi_cmd *parent)
{
	int n, i;
	u64 *luns;

	n = tcmi_tmf_luns(conn->sess->se_sess->se_node_acl, &luns);
	if (n < 0) {
		tcmi_tmf_answer(conn, parent, ISCSIP_TMF_REJECTED);
		return;
	}
	tcmi_tmf_end_waiting(conn, parent, true);
	parent->tmf_pending++;		/* a part may be back at once */
	for (i = 0; i < n; i++) {
		struct tcmi_cmd *part;
		struct scsi_lun wire;
		u64 lun = 0;
		int j;

		int_to_scsilun(luns[i], &wire);
		for (j = 0; j < 8; j++)
			lun = lun << 8 | wire.scsi_lun[j];
		part = tcmi_tmf_part(parent, lun);
		if (part)
			tcmi_tmf_reset(conn, part);
	}
	kvfree(luns);
	parent->tmf_pending--;
	tcmi_tmf_parts_started(conn, parent);
}

/*
 * 11.5.1: a task that isn't here. If its CmdSN is still to come and older than
 * this function, it counts as received and aborted.
 */
static u8 tcmi_tmf_unknown_task(struct tcmi_conn *conn, struct tcmi_cmd *parent)
{
	u32 ref = parent->req.tmf.refcmdsn;
	struct iscsip_req req = { .cmdsn = ref };

	if (!iscsip_sn_lt(ref, parent->cmdsn))
		return ISCSIP_TMF_NO_TASK;
	switch (tcmi_window_enter(conn, &req)) {
	case ISCSIP_WIN_IN_ORDER:
		tcmi_window_pass(conn, &req);
		return ISCSIP_TMF_COMPLETE;
	case ISCSIP_WIN_GAP:
		return tcmi_window_mark(conn, ref) ? ISCSIP_TMF_COMPLETE : ISCSIP_TMF_REJECTED;
	default:
		return ISCSIP_TMF_NO_TASK;
	}
}

static void tcmi_tmf_abort_task(struct tcmi_conn *conn, struct tcmi_cmd *parent)
{
	struct tcmi_cmd *cmd = tcmi_cmd_find(conn, parent->req.tmf.rtt);

	if (cmd && cmd->req.opcode != ISCSIP_OP_SCSI_CMD) {
		tcmi_tmf_answer(conn, parent, ISCSIP_TMF_REJECTED);
		return;
	}
	if (!cmd) {
		tcmi_tmf_answer(conn, parent, tcmi_tmf_unknown_task(conn, parent));
		return;
	}
	if (tcmi_lun(cmd->lun) != tcmi_lun(parent->lun)) {
		tcmi_tmf_answer(conn, parent, ISCSIP_TMF_NO_TASK);
		return;
	}
	if (cmd->state == TCMI_CMD_IN_CORE && tcmi_tmf_disown(conn, parent, cmd)) {
		tcmi_tmf_answer(conn, parent, ISCSIP_TMF_COMPLETE);
		return;
	}
	if (cmd->state == TCMI_CMD_IN_CORE && !test_bit(TCMI_CMD_POSTED, &cmd->flags) &&
	    !tcmi_cmd_recall(cmd)) {
		tcmi_cmd_mark_aborted(cmd);
		parent->state = TCMI_CMD_IN_CORE;
		tcmi_tmf_wait(parent, cmd);
		return;
	}
	if (cmd->state == TCMI_CMD_TRAILING) {
		set_bit(TCMI_CMD_SILENT, &cmd->flags);
		tcmi_data_trail_end(conn, cmd);
		tcmi_tmf_answer(conn, parent, ISCSIP_TMF_COMPLETE);
		return;
	}
	if (cmd->state == TCMI_CMD_WAIT_DATA)
		tcmi_cmd_abort_waiting(conn, cmd);
	if (test_bit(TCMI_CMD_POSTED, &cmd->flags)) {
		/* about to wait for its data */
		if (tcmi_tmf_unanswered(cmd) && tcmi_cmd_is_write(cmd) &&
		    iscsip_xfer_owed(&cmd->xfer)) {
			set_bit(TCMI_CMD_SILENT, &cmd->flags);
			clear_bit(TCMI_CMD_TRAILS, &cmd->flags);
		}
		/* with a response on the way, which goes first, there is no such task now */
		parent->tmf_rsp = test_bit(TCMI_CMD_SILENT, &cmd->flags) ?
				  ISCSIP_TMF_COMPLETE : ISCSIP_TMF_NO_TASK;
		if (tcmi_tmf_unanswered(cmd))
			tcmi_tmf_wait(parent, cmd);
		else
			tcmi_tmf_answer(conn, parent, parent->tmf_rsp);
		return;
	}
	tcmi_tmf_end_task(conn, parent, cmd);
	tcmi_tmf_answer(conn, parent, ISCSIP_TMF_COMPLETE);
}

/**
 * tcmi_tmf_start() - carry out a task management function
 * @conn: the connection; its thread calls
 * @cmd: the function, in order or immediate
 */
void tcmi_tmf_start(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	set_bit(TCMI_CMD_TMF, &cmd->flags);
	switch (cmd->req.tmf.function) {
	case ISCSIP_TMF_ABORT_TASK:
		tcmi_tmf_abort_task(conn, cmd);
		break;
	case ISCSIP_TMF_ABORT_TASK_SET:
	case ISCSIP_TMF_CLEAR_TASK_SET:
		tcmi_tmf_task_set(conn, cmd);
		break;
	case ISCSIP_TMF_LUN_RESET:
		tcmi_tmf_reset(conn, cmd);
		break;
	case ISCSIP_TMF_WARM_RESET:
	case ISCSIP_TMF_COLD_RESET:
		tcmi_tmf_target_reset(conn, cmd);
		break;
	case ISCSIP_TMF_TASK_REASSIGN:
		tcmi_tmf_answer(conn, cmd, ISCSIP_TMF_NO_REASSIGN);
		break;
	default:
		tcmi_tmf_answer(conn, cmd, ISCSIP_TMF_NOT_SUPPORTED);
		break;
	}
}

/* 4.2.3.3 b: a set or a reset waits for the commands before it, immediate or not. */
static bool tcmi_tmf_early(struct tcmi_conn *conn, const struct tcmi_cmd *cmd)
{
	switch (cmd->req.tmf.function) {
	case ISCSIP_TMF_ABORT_TASK_SET:
	case ISCSIP_TMF_CLEAR_TASK_SET:
	case ISCSIP_TMF_LUN_RESET:
	case ISCSIP_TMF_WARM_RESET:
	case ISCSIP_TMF_COLD_RESET:
		return cmd->immediate && tcmi_window_lacks(conn, cmd->cmdsn);
	default:
		return false;
	}
}

/**
 * tcmi_tmf_header() - a Task Management Function Request has arrived (11.5)
 * @conn: the connection; its thread calls
 * @req: the decoded header
 */
struct iscsip_verdict tcmi_tmf_header(struct tcmi_conn *conn, const struct iscsip_req *req)
{
	enum iscsip_window_verdict order = tcmi_window_enter(conn, req);
	struct tcmi_cmd *cmd;

	if (order == ISCSIP_WIN_OUTSIDE)
		return ISCSIP_VERDICT_IGNORE("outside the CmdSN window");
	if (tcmi_cmd_find(conn, req->itt))
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_TASK_IN_PROGRESS, "task tag in use");
	if (req->immediate && tcmi_cmd_crowded(conn, true))
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_TOO_MANY_IMMEDIATE,
					     "too many immediate functions");
	cmd = tcmi_cmd_alloc(conn, GFP_KERNEL);
	if (!cmd)
		return ISCSIP_VERDICT_DROP("out of memory");
	tcmi_cmd_accept(conn, cmd, req);
	if (cmd->immediate)
		cmd->cmdsn = tcmi_window_clamp(conn, req->cmdsn);
	if (order == ISCSIP_WIN_GAP || tcmi_tmf_early(conn, cmd)) {
		cmd->deadline = jiffies + TCMI_PATIENCE;
		tcmi_window_hold(conn, cmd);
		return ISCSIP_VERDICT_OK;
	}
	tcmi_window_pass(conn, req);
	tcmi_tmf_start(conn, cmd);
	return ISCSIP_VERDICT_OK;
}

/*
 * A task that core had completed when a reset reached it, but whose response isn't in
 * the send queue yet: it goes first (4.2.3.3 d, 11.6.1). Or one whose initiator still
 * sends data for it.
 */
static bool tcmi_tmf_blocks(const struct tcmi_cmd *tmf, const struct tcmi_cmd *cmd)
{
	if (cmd->state == TCMI_CMD_TRAILING)
		return tcmi_tmf_awaits_rest(tmf, cmd->lun) && tcmi_tmf_covers(tmf, cmd);
	return test_bit(TCMI_CMD_SUBMITTED, &tmf->flags) && tcmi_tmf_unanswered(cmd) &&
	       cmd->itt != ISCSIP_TAG_RESERVED &&
	       tcmi_lun(cmd->lun) == tcmi_lun(tmf->lun) && iscsip_sn_lt(cmd->cmdsn, tmf->cmdsn);
}

static struct tcmi_cmd *tcmi_tmf_blocker(struct tcmi_conn *conn, const struct tcmi_cmd *tmf)
{
	struct tcmi_cmd *cmd;
	int i;

	if (list_empty(&conn->trailing) && !test_bit(TCMI_CMD_SUBMITTED, &tmf->flags))
		return NULL;
	for (i = 0; i < TCMI_TASK_BUCKETS; i++)
		hlist_for_each_entry(cmd, &conn->tasks[i], task)
			if (cmd->req.opcode == ISCSIP_OP_SCSI_CMD && tcmi_tmf_blocks(tmf, cmd))
				return cmd;
	return NULL;
}

/**
 * tcmi_tmf_posted() - core has carried out a function, or a part of one
 * @conn: the connection; its thread calls, and owns a reference of @cmd
 * @cmd: the function
 */
void tcmi_tmf_posted(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	struct tcmi_cmd *parent = cmd->tmf_parent;
	bool dropped = test_bit(TCMI_CMD_SILENT, &cmd->flags);
	struct tcmi_cmd *first = NULL;
	u8 rsp;

	if (tcmi_tmf_step(conn, cmd))
		return;
	/* a CLEAR TASK SET that others' tasks do not hold up any more, but its own do */
	if (cmd->tmf_pending && --cmd->tmf_pending)
		return;
	rsp = cmd->tmf_rsp;
	if (dropped || test_bit(TCMI_CMD_SUBMITTED, &cmd->flags))
		rsp = tcmi_tmf_core_rsp(cmd);
	if (!dropped && !tcmi_conn_mute(conn))
		first = tcmi_tmf_blocker(conn, cmd);
	if (first) {
		tcmi_tmf_wait(cmd, first);
		return;
	}
	if (parent) {
		/* a task that finished by itself is as good as aborted */
		if (rsp != ISCSIP_TMF_COMPLETE && rsp != ISCSIP_TMF_NO_TASK)
			parent->tmf_rsp = rsp;
		tcmi_cmd_finish(conn, cmd);
		if (!--parent->tmf_pending)
			tcmi_tmf_posted(conn, parent);
		return;
	}
	if (dropped || tcmi_conn_mute(conn))
		tcmi_cmd_finish(conn, cmd);
	else
		tcmi_tmf_answer(conn, cmd, rsp);
}

/* An errand waits with this part, or a reset which other nexuses' resets wait for. */
static bool tcmi_tmf_for_others(const struct tcmi_cmd *part)
{
	const struct tcmi_cmd *parent = part->tmf_parent;

	return parent && (parent->tmf_dev || parent->tmf_step == TCMI_TMF_RESET_ORPHANS);
}

/* The same, but it's still to be that reset's turn. */
static bool tcmi_tmf_queued(const struct tcmi_cmd *part)
{
	return part->tmf_parent && part->tmf_parent->tmf_step == TCMI_TMF_RESET;
}

/**
 * tcmi_tmf_back() - the backend is through with a task, its response or data still to come
 * @conn: the connection; its thread calls
 * @cmd: the task
 *
 * What other nexuses wait for is the backend: this initiator may take no answers, or send no
 * data, and be fenced for it.
 */
void tcmi_tmf_back(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	struct tcmi_cmd **link = &cmd->waiter, *part;

	while ((part = *link)) {
		if (!tcmi_tmf_for_others(part) && !tcmi_tmf_queued(part)) {
			link = &part->waiter;
			continue;
		}
		*link = part->waiter;
		part->waiter = NULL;
		tcmi_tmf_posted(conn, part);
	}
}

/**
 * tcmi_tmf_forsake() - functions of an ended connection don't wait for its tasks
 * @conn: the connection; whoever drains it calls
 *
 * But for a reset that is under way: the next one would go to core, and wait there for the
 * same tasks in a worker that all of the kernel shares.
 */
void tcmi_tmf_forsake(struct tcmi_conn *conn)
{
	struct tcmi_cmd *cmd, **link, *waiter, *next;
	LLIST_HEAD(left);
	int i;

	for (i = 0; i < TCMI_TASK_BUCKETS; i++)
		hlist_for_each_entry(cmd, &conn->tasks[i], task)
			for (link = &cmd->waiter; (waiter = *link);) {
				if (tcmi_tmf_for_others(waiter)) {
					link = &waiter->waiter;
					continue;
				}
				*link = waiter->waiter;
				waiter->waiter = NULL;
				llist_add(&waiter->post, &left);
			}
	llist_for_each_entry_safe(waiter, next, llist_del_all(&left), post)
		tcmi_cmd_due(conn, waiter);
}

/**
 * tcmi_tmf_sent() - the response is out
 * @conn: the connection; its thread calls
 * @cmd: the function
 *
 * 11.5.1: after TARGET COLD RESET all connections to the target end.
 */
void tcmi_tmf_sent(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	if (cmd->req.tmf.function == ISCSIP_TMF_COLD_RESET &&
	    cmd->tmf_rsp == ISCSIP_TMF_COMPLETE)
		tcmi_sess_close_target(conn->sess->tpg->wwn, "target cold reset");
}
