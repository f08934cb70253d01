// SPDX-License-Identifier: GPL-2.0
/*
 * The life of one SCSI command. Two references: core's, dropped through
 * check_stop_free, and ours, which comes to the connection's thread with the
 * post and is dropped when the response has been taken by TCP.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <scsi/scsi_common.h>
#include "cmd.h"

#define TCMI_TICK		(HZ / 10)
#define TCMI_HELD_MAX		(4 * 1024 * 1024)	/* early data of one connection */
#define TCMI_IMMEDIATE_MAX	64			/* commands beyond the window */
#define TCMI_IMMEDIATE_TMFS	16			/* functions beyond those */

struct kmem_cache *tcmi_cmd_cache;

/* ---- allocation ---- */

/**
 * tcmi_cmd_alloc() - a blank command of a connection
 * @conn: the connection. The command holds a reference. Others than its thread call
 *	  with sess->lock held, under which they found it
 * @gfp: %GFP_KERNEL, or %GFP_ATOMIC
 * Return: the command, or NULL.
 */
struct tcmi_cmd *tcmi_cmd_alloc(struct tcmi_conn *conn, gfp_t gfp)
{
	struct tcmi_cmd *cmd = kmem_cache_zalloc(tcmi_cmd_cache, gfp);

	if (!cmd)
		return NULL;
	kref_get(&conn->ref);
	atomic_inc(&conn->ncmds);
	cmd->conn = conn;
	cmd->itt = ISCSIP_TAG_RESERVED;
	INIT_LIST_HEAD(&cmd->entry);
	INIT_LIST_HEAD(&cmd->txe.entry);
	INIT_LIST_HEAD(&cmd->orphan);
	cmd->born = jiffies;
	INIT_HLIST_NODE(&cmd->task);
	return cmd;
}

/**
 * tcmi_cmd_free() - the memory of a command which core doesn't know (any more)
 * @cmd: the command, on no list
 * Context: any.
 */
void tcmi_cmd_free(struct tcmi_cmd *cmd)
{
	struct tcmi_conn *conn = cmd->conn;

	tcmi_quota_give(conn, cmd->quota);
	if (unlikely(cmd->unlinked))
		tcmi_unlink_put(cmd->unlinked);
	kfree(cmd->long_cdb);
	tcmi_pdu_free(cmd->pdu);
	if (test_bit(TCMI_CMD_PART, &cmd->flags))
		atomic_dec(&conn->nparts);
	if (test_bit(TCMI_CMD_RESERVING, &cmd->flags))
		atomic_dec(&conn->sess->reserving);
	kmem_cache_free(tcmi_cmd_cache, cmd);
	/* pairs with the teardown, which goes to CLOSING before it looks */
	if (atomic_dec_and_test(&conn->ncmds) && READ_ONCE(conn->state) >= TCMI_CONN_CLOSING)
		tcmi_conn_kick(conn);
	tcmi_conn_put(conn);
}

/**
 * tcmi_cmd_alloc_part() - a command that is no request of the initiator's
 * @conn: as for tcmi_cmd_alloc(); it doesn't count there as one too many
 * @gfp: as there
 * Return: the command, a task management function, or NULL.
 */
struct tcmi_cmd *tcmi_cmd_alloc_part(struct tcmi_conn *conn, gfp_t gfp)
{
	struct tcmi_cmd *cmd = tcmi_cmd_alloc(conn, gfp);

	if (!cmd)
		return NULL;
	atomic_inc(&conn->nparts);
	set_bit(TCMI_CMD_TMF, &cmd->flags);
	set_bit(TCMI_CMD_PART, &cmd->flags);
	return cmd;
}

static struct hlist_head *tcmi_cmd_bucket(struct tcmi_conn *conn, u32 itt)
{
	return &conn->tasks[(itt ^ itt >> 16) % TCMI_TASK_BUCKETS];
}

/**
 * tcmi_cmd_find() - the task of an Initiator Task Tag
 * @conn: the connection; its thread calls
 * @itt: the tag
 * Return: the command, without a reference; NULL if there is none.
 */
struct tcmi_cmd *tcmi_cmd_find(struct tcmi_conn *conn, u32 itt)
{
	struct tcmi_cmd *cmd;

	hlist_for_each_entry(cmd, tcmi_cmd_bucket(conn, itt), task)
		if (cmd->itt == itt)
			return cmd;
	return NULL;
}

/**
 * tcmi_cmd_accept() - a command or task management function is now a task
 * @conn: the connection; its thread calls
 * @cmd: filled from @req
 * @req: the request
 */
void tcmi_cmd_accept(struct tcmi_conn *conn, struct tcmi_cmd *cmd,
		     const struct iscsip_req *req)
{
	cmd->req = *req;
	cmd->itt = req->itt;
	cmd->lun = req->lun;
	cmd->cmdsn = req->cmdsn;
	cmd->immediate = req->immediate;
	hlist_add_head(&cmd->task, tcmi_cmd_bucket(conn, cmd->itt));
	cmd->order = ++conn->sess->cmd_pdus;
	if (cmd->immediate)
		return;
	set_bit(TCMI_CMD_SLOT, &cmd->flags);
	spin_lock(&conn->sess->lock);
	iscsip_window_take(&conn->sess->window);
	spin_unlock(&conn->sess->lock);
}

/**
 * tcmi_cmd_slot_give() - the command's place in the CmdSN window is free again
 * @cmd: the command; the connection's thread calls
 */
void tcmi_cmd_slot_give(struct tcmi_cmd *cmd)
{
	struct tcmi_sess *sess = cmd->conn->sess;

	if (!test_and_clear_bit(TCMI_CMD_SLOT, &cmd->flags))
		return;
	spin_lock(&sess->lock);
	iscsip_window_give(&sess->window);
	spin_unlock(&sess->lock);
}

/* ---- submission ---- */

static int tcmi_cmd_attr(u8 attr)
{
	switch (attr) {
	case ISCSIP_ATTR_ORDERED:
		return TCM_ORDERED_TAG;
	case ISCSIP_ATTR_HEAD:
		return TCM_HEAD_TAG;
	case ISCSIP_ATTR_ACA:
		return TCM_ACA_TAG;
	default:
		return TCM_SIMPLE_TAG;
	}
}

/**
 * tcmi_lun() - the number that core uses for a LUN
 * @lun: the eight bytes as a big-endian number
 *
 * Peripheral and flat space addressing (SAM-5 4.7) name the same units here.
 * Initiators that put numbers above 255 into the peripheral form are understood.
 */
u64 tcmi_lun(u64 lun)
{
	u32 method = lun >> 62;

	if (method > 1 || lun << 16)
		return U64_MAX;		/* core knows none of that number */
	return lun >> 48 & 0x3fff;
}

static void tcmi_cmd_submit(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	const struct iscsip_req *req = &cmd->req;
	struct se_cmd *se_cmd = &cmd->se_cmd;
	u8 *cdb = cmd->long_cdb ?: cmd->cdb;

	cmd->state = TCMI_CMD_IN_CORE;
	set_bit(TCMI_CMD_SUBMITTED, &cmd->flags);
	if (cdb[0] == PERSISTENT_RESERVE_OUT) {
		atomic_inc(&conn->sess->reserving);
		set_bit(TCMI_CMD_RESERVING, &cmd->flags);
	}
	if (target_init_cmd(se_cmd, conn->sess->se_sess, cmd->sense, tcmi_lun(cmd->lun),
			    req->scsi.edtl, tcmi_cmd_attr(req->scsi.attr),
			    tcmi_core_direction(req, cdb), TARGET_SCF_ACK_KREF))
		WARN_ON_ONCE(1);	/* only sessions with a stopped counter refuse */
	se_cmd->tag = cmd->itt;
	if (tcmi_core_lookup(se_cmd, cdb))
		return;
	if (target_submit_prep(se_cmd, cdb, NULL, 0, NULL, 0, NULL, 0, GFP_KERNEL)) {
		tcmi_core_refused();	/* its status has been posted */
		return;
	}
	tcmi_core_guard(cmd);
	if (tcmi_submit_refuse(cmd))
		return;
	tcmi_core_whole_answer(se_cmd);
	tcmi_submit_pages(conn, cmd);
	if (tcmi_cmd_is_write(cmd)) {
		/* submitting a write only gets its pages */
		list_add_tail(&cmd->entry, &conn->wait_data);
		conn->wait_buf++;
		target_submit(se_cmd);
		tcmi_cmd_buffer(conn, cmd);
	} else {
		tcmi_submit_later(conn, cmd);
	}
}

/**
 * tcmi_cmd_start() - a request's CmdSN is due
 * @conn: the connection; its thread calls
 * @cmd: the command, task management function, or mark
 */
void tcmi_cmd_start(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	switch (cmd->req.opcode) {
	case ISCSIP_OP_SCSI_CMD:
		tcmi_cmd_submit(conn, cmd);
		break;
	case ISCSIP_OP_TMF:
		tcmi_tmf_start(conn, cmd);
		break;
	default:
		tcmi_window_due(conn, cmd);
		break;
	}
}

/**
 * tcmi_cmd_hold_room() - is there room for early data of a command?
 * @conn: the connection; its thread calls
 * @cmd: the command or place holder, held; counts for it until tcmi_cmd_free_held()
 * @len: bytes
 */
bool tcmi_cmd_hold_room(struct tcmi_conn *conn, struct tcmi_cmd *cmd, u32 len)
{
	if (conn->held_bytes + len > TCMI_HELD_MAX || !tcmi_quota_take(conn, len))
		return false;
	cmd->held_len = len;
	conn->held_bytes += len;
	return true;
}

/* A place for the data that come with a command. Return: 0, -ENOBUFS or -ENOMEM. */
static int tcmi_cmd_hold_place(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	const struct iscsip_req *req = &cmd->req;
	u32 len = req->dsl;

	if (tcmi_cmd_is_write(cmd) && !req->final)
		len = min(req->scsi.edtl, conn->params.first_burst);
	if (!len)
		return 0;
	if (!tcmi_cmd_hold_room(conn, cmd, len))
		return -ENOBUFS;
	cmd->held_sgl = sgl_alloc(len, GFP_KERNEL, &cmd->held_nents);
	return cmd->held_sgl ? 0 : -ENOMEM;
}

/* An early command: its data needs a place of its own until it is due. */
static struct iscsip_verdict tcmi_cmd_hold(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	/* first of all: from here the teardown finds it if we fail */
	tcmi_window_hold(conn, cmd);
	switch (tcmi_cmd_hold_place(conn, cmd)) {
	case 0:
		return ISCSIP_VERDICT_OK;
	case -ENOBUFS:
		return ISCSIP_VERDICT_DROP("too much data ahead of its turn");
	default:
		return ISCSIP_VERDICT_DROP("out of memory");
	}
}

/**
 * tcmi_cmd_hold_data() - the data of a write have come, core's pages for it have not
 * @conn: the connection; its thread calls
 * @cmd: the write, in core
 *
 * Core's workqueue may sleep in another command for as long as the backend likes, where the
 * administrator made the backstore submit from there.
 *
 * Return: true if they have a place; else they wait in the socket, with all behind them.
 */
bool tcmi_cmd_hold_data(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	if (!tcmi_cmd_hold_place(conn, cmd))
		return cmd->held_sgl;
	tcmi_cmd_free_held(conn, cmd);
	return false;
}

static struct iscsip_verdict tcmi_cmd_build(struct tcmi_conn *conn, struct tcmi_cmd *cmd,
					    const struct iscsip_req *req)
{
	u8 cdb[ISCSIP_CDB_MAX] __uninitialized;	/* not cleared for each command */
	struct iscsip_verdict v;
	u32 bidi = 0;

	v = iscsip_parse_ahs(conn->rx.ahs, req->ahs_len, req, cdb, &cmd->cdb_len, &bidi);
	if (v.action)
		return v;
	if (scsi_command_size(cdb) > cmd->cdb_len)
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_INVALID_FIELD,
					     "CDB shorter than its own length");
	/* 11.3.1: of no bytes to read, R says nothing */
	if (bidi)
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_CMD_NOT_SUPPORTED,
					     "bidirectional command");
	if (cmd->cdb_len > sizeof(cmd->cdb)) {
		cmd->long_cdb = kmemdup(cdb, cmd->cdb_len, GFP_KERNEL);
		if (!cmd->long_cdb)
			return ISCSIP_VERDICT_DROP("out of memory");
	} else {
		memcpy(cmd->cdb, cdb, sizeof(cmd->cdb));
	}
	if (req->scsi.write && req->scsi.edtl)
		return iscsip_xfer_write_init(&cmd->xfer, &conn->params, req->scsi.edtl,
					      req->dsl, req->final);
	if (req->dsl)
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_PROTOCOL, "data without a write");
	return v;
}

/**
 * tcmi_cmd_crowded() - are there too many commands for one more immediate one?
 * @conn: the connection
 * @tmf: it is a task management function: the others leave some room for these (4.2.2.1)
 */
bool tcmi_cmd_crowded(const struct tcmi_conn *conn, bool tmf)
{
	/* each command in the window may be aborted, and the abort waits for it */
	return atomic_read(&conn->ncmds) - atomic_read(&conn->nparts) >=
	       2 * (int)conn->sess->window.depth + TCMI_IMMEDIATE_MAX +
	       (tmf ? TCMI_IMMEDIATE_TMFS : 0);
}

/**
 * tcmi_cmd_header() - a SCSI Command has arrived (11.3)
 * @conn: the connection; its thread calls
 * @req: the decoded header
 * Return: the verdict; on OK rx.cmd is set if a payload follows.
 */
struct iscsip_verdict tcmi_cmd_header(struct tcmi_conn *conn, const struct iscsip_req *req)
{
	enum iscsip_window_verdict order = tcmi_window_enter(conn, req);
	struct iscsip_verdict v;
	struct tcmi_cmd *cmd;

	if (order == ISCSIP_WIN_OUTSIDE) {
		/* aborted before it came, perhaps */
		if (req->scsi.write && !req->final)
			tcmi_data_expect_rest(conn, req->itt);
		return ISCSIP_VERDICT_IGNORE("outside the CmdSN window");
	}
	if (tcmi_cmd_find(conn, req->itt))
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_TASK_IN_PROGRESS, "task tag in use");
	if (req->immediate && tcmi_cmd_crowded(conn, false))
		return ISCSIP_VERDICT_REJECT(ISCSIP_REJ_TOO_MANY_IMMEDIATE,
					     "too many immediate commands");
	cmd = tcmi_cmd_alloc(conn, GFP_KERNEL);
	if (!cmd)
		return ISCSIP_VERDICT_DROP("out of memory");
	v = tcmi_cmd_build(conn, cmd, req);
	if (v.action) {
		tcmi_cmd_free(cmd);
		return v;
	}
	tcmi_cmd_accept(conn, cmd, req);
	if (req->dsl)
		conn->rx.cmd = cmd;
	if (order == ISCSIP_WIN_GAP)
		return tcmi_cmd_hold(conn, cmd);
	tcmi_window_pass(conn, req);
	tcmi_cmd_start(conn, cmd);
	return v;
}

/* ---- the end of a command ---- */

/**
 * tcmi_cmd_post() - hand a command to its connection's thread
 * @cmd: the command, with one reference for the thread
 * Context: any, also hard interrupt.
 */
void tcmi_cmd_post(struct tcmi_cmd *cmd)
{
	struct tcmi_conn *conn = cmd->conn;

	if (WARN_ON_ONCE(test_and_set_bit(TCMI_CMD_POSTED, &cmd->flags)))
		return;
	tcmi_reserve_done(cmd);
	llist_add(&cmd->post, &conn->posts);
	tcmi_conn_kick(conn);
}

/**
 * tcmi_cmd_pass() - post a command of another connection
 * @cmd: the command, with one reference for that connection's thread
 *
 * The thread may end the command and the connection before this has kicked it; with core's
 * posts that cannot be, since core has a reference of its own.
 *
 * Context: any.
 */
void tcmi_cmd_pass(struct tcmi_cmd *cmd)
{
	struct tcmi_conn *conn = cmd->conn;

	kref_get(&conn->ref);
	tcmi_cmd_post(cmd);
	tcmi_conn_put(conn);
}

static void tcmi_cmd_unwait(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	if (list_empty(&cmd->entry))
		return;
	list_del_init(&cmd->entry);
	if (cmd->state != TCMI_CMD_WAIT_DATA)
		conn->wait_buf--;
}

/*
 * An aborted command has no response, except where another nexus aborted it and TAS
 * asks for TASK ABORTED (SAM-5 5.3.1).
 */
static void tcmi_cmd_hush(struct tcmi_cmd *cmd)
{
	struct se_cmd *se_cmd = &cmd->se_cmd;

	/* without its tag it has been answered for (tcmi_tmf_disown()) */
	if (cmd->itt == ISCSIP_TAG_RESERVED ||
	    (!test_bit(TCMI_CMD_TAS, &cmd->flags) &&
	     !(READ_ONCE(se_cmd->transport_state) & CMD_T_TAS))) {
		set_bit(TCMI_CMD_SILENT, &cmd->flags);
		return;
	}
	clear_bit(TCMI_CMD_HAS_DATA, &cmd->flags);
	se_cmd->se_cmd_flags &= ~(SCF_TRANSPORT_TASK_SENSE | SCF_EMULATED_TASK_SENSE);
	se_cmd->scsi_status = SAM_STAT_TASK_ABORTED;
}

/* Core has no status for it. What came behind a reset of its initiator's own has to have one. */
static void tcmi_cmd_dropped(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	if (test_bit(TCMI_CMD_TMF, &cmd->flags) || !tcmi_tmf_spares(conn, cmd))
		return;
	set_bit(TCMI_CMD_TAS, &cmd->flags);
	clear_bit(TCMI_CMD_SILENT, &cmd->flags);
	tcmi_cmd_hush(cmd);
}

/**
 * tcmi_cmd_over() - a command is through, and nothing more comes for it
 * @conn: the connection; its thread calls, and owns a reference of @cmd
 * @cmd: a SCSI command: answered, or finished without an answer
 */
void tcmi_cmd_over(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	if (test_bit(TCMI_CMD_SILENT, &cmd->flags) || tcmi_conn_mute(conn)) {
		tcmi_tmf_back(conn, cmd);
		tcmi_cmd_finish(conn, cmd);
		return;
	}
	if (test_bit(TCMI_CMD_HAS_DATA, &cmd->flags))
		iscsip_xfer_read_init(&cmd->xfer, min(cmd->se_cmd.data_length,
						      cmd->req.scsi.edtl));
	tcmi_tx_cmd(conn, cmd);
	tcmi_tmf_back(conn, cmd);
}

/**
 * tcmi_cmd_posted() - core (or an abort) is through with a command
 * @conn: the connection; its thread calls, and owns a reference of @cmd
 * @cmd: the command
 */
void tcmi_cmd_posted(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	tcmi_cmd_unwait(conn, cmd);
	tcmi_reserve_over(cmd);
	if (conn->rx.cmd == cmd) {
		/* its number counts from here: no status before ExpCmdSN says so (4.2.2.1) */
		tcmi_window_intact(conn);
		conn->rx.rest = conn->rx.req.opcode == ISCSIP_OP_DATA_OUT;
		conn->rx.cmd = NULL;
		conn->rx.dest = TCMI_DEST_DRAIN;
	}
	tcmi_cmd_free_held(conn, cmd);
	if (test_bit(TCMI_CMD_ABORTED, &cmd->flags))
		tcmi_cmd_hush(cmd);
	else if (test_bit(TCMI_CMD_DROPPED, &cmd->flags))
		tcmi_cmd_dropped(conn, cmd);
	if (test_bit(TCMI_CMD_TMF, &cmd->flags))
		tcmi_tmf_posted(conn, cmd);
	else if (!tcmi_data_trail(conn, cmd))
		tcmi_cmd_over(conn, cmd);
}

/**
 * tcmi_cmd_due() - what a function has waited for is over
 * @conn: the connection; its thread calls
 * @waiter: the function, or a part of one
 *
 * One by one: each may finish the next, and an initiator can have hundreds of functions
 * wait for one task, too many for a stack.
 */
void tcmi_cmd_due(struct tcmi_conn *conn, struct tcmi_cmd *waiter)
{
	struct tcmi_cmd *cmd, *next;
	struct llist_node *list;

	llist_add(&waiter->post, &conn->due);
	if (conn->due_runs)
		return;
	conn->due_runs = true;
	while ((list = llist_reverse_order(llist_del_all(&conn->due))))
		llist_for_each_entry_safe(cmd, next, list, post)
			tcmi_tmf_posted(conn, cmd);
	conn->due_runs = false;
}

/**
 * tcmi_cmd_finish() - the task is over: forget the tag, give the slot, let go
 * @conn: the connection; its thread calls, giving up its reference
 * @cmd: the command
 */
void tcmi_cmd_finish(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	struct tcmi_cmd *waiter = cmd->waiter;

	cmd->state = TCMI_CMD_DONE;
	/* whoever posted it was through with its pages */
	tcmi_stock_give(&conn->stock, &cmd->data);
	hlist_del_init(&cmd->task);
	list_del_init(&cmd->txe.entry);
	tcmi_drain_forget(cmd);
	if (conn->sess && test_bit(TCMI_CMD_SLOT, &cmd->flags)) {
		tcmi_cmd_slot_give(cmd);
		set_bit(TCMI_CONN_WINDOW, &conn->flags);	/* without a response */
	}
	if (test_bit(TCMI_CMD_SUBMITTED, &cmd->flags))
		target_put_sess_cmd(&cmd->se_cmd);
	else
		tcmi_cmd_free(cmd);
	if (waiter)
		tcmi_cmd_due(conn, waiter);
}

/**
 * tcmi_cmd_sent() - TCP has taken the last byte of the response
 * @conn: the connection; its thread calls
 * @cmd: the command
 */
void tcmi_cmd_sent(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	if (test_bit(TCMI_CMD_TMF, &cmd->flags))
		tcmi_tmf_sent(conn, cmd);
	tcmi_cmd_finish(conn, cmd);
}

/* ---- aborts ---- */

/**
 * tcmi_cmd_fail() - end a command that core has not begun to execute, with CHECK CONDITION
 * @cmd: the command, prepared
 * @reason: what the sense data say
 *
 * Core's view: the status is queued, and the reference of the submission is dropped here
 * because execution, which would drop it, never comes.
 *
 * Context: process.
 */
void tcmi_cmd_fail(struct tcmi_cmd *cmd, sense_reason_t reason)
{
	transport_send_check_condition_and_sense(&cmd->se_cmd, reason, 0);
	transport_generic_free_cmd(&cmd->se_cmd, 0);
}

/**
 * tcmi_cmd_end_early() - end a command that core has not begun to execute, without a status
 * @cmd: the command, in nobody's hands but the caller's; TAS may give it a status yet
 * Context: process.
 */
void tcmi_cmd_end_early(struct tcmi_cmd *cmd)
{
	tcmi_cmd_hush(cmd);
	tcmi_cmd_post(cmd);
	transport_generic_free_cmd(&cmd->se_cmd, 0);
}

/**
 * tcmi_cmd_abort_waiting() - end a command which waits for the initiator
 * @conn: the connection; its thread calls
 * @cmd: state WAIT_DATA
 *
 * Core would wait for its data for ever.
 */
void tcmi_cmd_abort_waiting(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	if (!test_bit(TCMI_CMD_POSTED, &cmd->flags))
		tcmi_cmd_end_early(cmd);
}

/**
 * tcmi_cmd_recall() - end a command which still waits for its turn to be submitted
 * @cmd: state IN_CORE; its connection's thread calls
 *
 * Core doesn't know it yet, so its aborts and resets would miss it.
 *
 * Return: true if the command ends here.
 */
bool tcmi_cmd_recall(struct tcmi_cmd *cmd)
{
	if (test_bit(TCMI_CMD_POSTED, &cmd->flags) ||
	    !(tcmi_reserve_recall(cmd) || tcmi_submit_recall(cmd)))
		return false;
	tcmi_cmd_end_early(cmd);
	return true;
}

/**
 * tcmi_cmd_mark_aborted() - abort a command that the backend has
 * @cmd: state IN_CORE, not posted; its connection's thread calls
 *
 * Nobody can take it back from the backend. Core's own abort waits for it in a worker
 * that all of the kernel shares; here it is only remembered, and what core says of the
 * command when it comes back isn't sent.
 */
void tcmi_cmd_mark_aborted(struct tcmi_cmd *cmd)
{
	if (!test_and_set_bit(TCMI_CMD_ABORTED, &cmd->flags) && cmd->se_cmd.se_dev)
		atomic_long_inc(&cmd->se_cmd.se_dev->aborts_complete);
}

/**
 * tcmi_cmd_unhold() - end a command that is held: it never starts
 * @conn: the connection; its thread calls
 * @cmd: state HELD
 *
 * Its CmdSN keeps its place in the order, as a mark.
 */
void tcmi_cmd_unhold(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	hlist_del_init(&cmd->task);
	tcmi_cmd_slot_give(cmd);
	if (conn->rx.cmd == cmd) {
		conn->rx.cmd = NULL;
		conn->rx.dest = TCMI_DEST_DRAIN;
	}
	tcmi_cmd_free_held(conn, cmd);
	if (tcmi_cmd_is_write(cmd) && iscsip_xfer_owed(&cmd->xfer))
		tcmi_data_expect_rest(conn, cmd->itt);
	cmd->itt = ISCSIP_TAG_RESERVED;
	cmd->req.opcode = ISCSIP_OP_NOP_OUT;
}

/**
 * tcmi_cmd_fail_all() - end everything that the backend doesn't have; at the connection's end
 * @conn: the connection; its thread calls
 */
void tcmi_cmd_fail_all(struct tcmi_conn *conn)
{
	struct tcmi_cmd *cmd, *next;
	struct hlist_node *n;
	int i;

	list_for_each_entry_safe(cmd, next, &conn->held, entry) {
		list_del_init(&cmd->entry);
		tcmi_cmd_unhold(conn, cmd);
		tcmi_cmd_free(cmd);
	}
	for (i = 0; i < TCMI_TASK_BUCKETS; i++)
		hlist_for_each_entry_safe(cmd, n, &conn->tasks[i], task)
			if (cmd->state == TCMI_CMD_IN_CORE)
				tcmi_cmd_recall(cmd);
	list_for_each_entry_safe(cmd, next, &conn->wait_data, entry)
		if (cmd->state == TCMI_CMD_WAIT_DATA)
			tcmi_cmd_abort_waiting(conn, cmd);
	list_for_each_entry_safe(cmd, next, &conn->trailing, entry)
		tcmi_data_trail_end(conn, cmd);
}

/* Core wants it to end. */
static bool tcmi_cmd_is_dropped(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	if (!(READ_ONCE(cmd->se_cmd.transport_state) & CMD_T_ABORTED))
		return false;
	if (tcmi_tmf_spares(conn, cmd))
		set_bit(TCMI_CMD_TAS, &cmd->flags);
	return true;
}

/**
 * tcmi_cmd_tick() - commands waiting for data or behind a gate: aborted by others? overdue?
 * @conn: the connection; its thread calls
 *
 * Core doesn't tell a fabric that a reset or a PREEMPT AND ABORT from another
 * nexus waits for a command whose data is still to come: so we look.
 *
 * Return: when to look again in jiffies, 0 if nothing waits.
 */
unsigned long tcmi_cmd_tick(struct tcmi_conn *conn)
{
	struct tcmi_cmd *cmd, *next;

	if (list_empty(&conn->wait_data) && list_empty(&conn->fenced) &&
	    list_empty(&conn->trailing) && list_empty(&conn->held))
		return 0;
	if (conn->tick && time_before(jiffies, conn->tick))
		return conn->tick;
	list_for_each_entry_safe(cmd, next, &conn->fenced, entry)
		if (tcmi_cmd_is_dropped(conn, cmd))
			tcmi_cmd_recall(cmd);
	list_for_each_entry_safe(cmd, next, &conn->wait_data, entry) {
		if (cmd->state != TCMI_CMD_WAIT_DATA)
			continue;
		if (tcmi_cmd_is_dropped(conn, cmd)) {
			tcmi_cmd_abort_waiting(conn, cmd);
		} else if (tcmi_data_overdue(conn, cmd)) {
			tcmi_nop_timeout(conn, "no Data-Out came");
			break;
		}
	}
	tcmi_data_trail_tick(conn);
	tcmi_window_tick(conn);
	conn->tick = jiffies + TCMI_TICK;
	return conn->tick;
}
