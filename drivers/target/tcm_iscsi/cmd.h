/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands and what they go through: the CmdSN window, lanes to the backends, core,
 * task management.
 */
#ifndef TCM_ISCSI_CMD_H
#define TCM_ISCSI_CMD_H

#include "tcm_iscsi.h"

/**
 * struct tcmi_lane - the way to a backend
 */
struct tcmi_lane {
	struct kref ref;		/* each LUN, each command queued, a thread's turn */
	struct rcu_head rcu;
	struct work_struct free_work;

	/* tcmi_lanes_lock */
	struct list_head entry;		/* tcmi_lanes, while it has a LUN */
	u32 luns;

	/* read-only */
	struct workqueue_struct *wq;	/* what may sleep in submission */
	struct se_device *dev;		/* identity only, but with tcmi_lanes_lock and a LUN */
	bool direct;			/* its reads and writes don't sleep as a rule */
	bool emulated;			/* core answers INQUIRY and the like by itself */

	/* any context */
	atomic_t blocked;		/* threads which do sleep in it; above zero: not direct */

	/* commands of ended connections; tcmi_orphans_lock */
	u32 orphans;
	struct list_head orphan_list;	/* tcmi_cmd.lane_orphan: the oldest epoch first */
	u32 orphan_epoch;		/* ends when somebody waits for those there are */
	struct list_head fences;	/* tcmi_cmd.entry: behind the orphans up to their epoch */

	/* LOGICAL UNIT RESETs, by tmf_nexus.c */
	spinlock_t lock;
	bool resetting;			/* one is under way */
	struct list_head resets;	/* tcmi_cmd.entry: came since, want another one */
	struct list_head sharers;	/* tcmi_cmd.entry: are answered with the one that runs */

	/* PERSISTENT RESERVE OUTs, tcmi_reserve_lock */
	bool pr_busy;			/* core has one */
	struct list_head pr_next;	/* tcmi_cmd.entry: those behind it */

	/* PREEMPT AND ABORTs, by reserve.c; under @lock, too */
	struct tcmi_cmd *fence;		/* set while one is up, or about to be; identity only */
	struct list_head gates;		/* tcmi_cmd.entry: behind it */
	struct list_head gates_next;	/* tcmi_cmd.entry: came since, behind the next */
	struct list_head gates_shut;	/* tcmi_cmd.entry: behind the reset that core has */
	bool shut;			/* core has one, or is to have the next */
	struct tcmi_cmd *shutter;	/* that reset, while it waits for @through to be none */
	u32 through;			/* PREEMPT AND ABORTs which core has, or is about to */
};

/* For what an initiator owes before it gets an answer (4.2.3.3, 11.4.2); some never send it. */
#define TCMI_PATIENCE		(2 * HZ)

enum tcmi_cmd_state {		/* named after whom we wait for */
	TCMI_CMD_NEW,
	TCMI_CMD_HELD,		/* earlier CmdSNs */
	TCMI_CMD_WAIT_DATA,	/* the initiator's Data-Out */
	TCMI_CMD_IN_CORE,
	TCMI_CMD_TRAILING,	/* over; the rest of the initiator's Data-Out */
	TCMI_CMD_QUEUED,	/* our send queue */
	TCMI_CMD_SENDING,	/* TCP */
	TCMI_CMD_DONE,
};

/* bits of tcmi_cmd.flags, any context */
#define TCMI_CMD_BUF_READY	0	/* write_pending has run: pages are there */
#define TCMI_CMD_POSTED		1	/* on conn->posts: the thread owns one reference */
#define TCMI_CMD_SILENT		2	/* aborted: no response */
#define TCMI_CMD_SLOT		3	/* occupies a slot of the CmdSN window */
#define TCMI_CMD_TMF		4
#define TCMI_CMD_ABORTED	5	/* by us: what core still says of it is not sent */
#define TCMI_CMD_HAS_DATA	6	/* queue_data_in: send the data too */
#define TCMI_CMD_EXECUTED	7	/* target_execute_cmd() called: core owns it */
#define TCMI_CMD_SUBMITTED	8	/* target_submit() called or queued */
#define TCMI_CMD_TAS		9	/* ended by another nexus: TASK ABORTED is the status */
#define TCMI_CMD_PART		10	/* no request of the initiator's: parts, errands, fences */
#define TCMI_CMD_RESERVING	11	/* counted in sess->reserving */
#define TCMI_CMD_DROPPED	12	/* by core, without a status */
#define TCMI_CMD_TRAILS		13	/* aborted by a function that waits for its Data-Out */

enum tcmi_tmf_step {		/* what a function that comes back to its thread does next */
	TCMI_TMF_ANSWER,
	TCMI_TMF_ERRAND,	/* for a function of another connection: end our tasks */
	TCMI_TMF_AWAIT,		/* the same, but let them end by themselves */
	TCMI_TMF_ERRAND_BACK,	/* they have ended: tell it */
	TCMI_TMF_FENCE,		/* all tasks have ended */
	TCMI_TMF_FENCE_DOWN,	/* and all orphans */
	TCMI_TMF_GATE_FENCE,	/* it's this gate's turn to put the next fence up */
	TCMI_TMF_GATE_OPEN,	/* on with a PREEMPT AND ABORT */
	TCMI_TMF_RESET,		/* it's this reset's turn */
	TCMI_TMF_RESET_ORPHANS,	/* all connections have let go: those that have ended */
	TCMI_TMF_RESET_CORE,	/* they, too: core's part */
	TCMI_TMF_RESET_DONE,
};

/**
 * struct tcmi_cmd - one SCSI command or task management function
 */
struct tcmi_cmd {
	struct se_cmd se_cmd;
	struct tcmi_conn *conn;		/* ref */
	unsigned long flags;
	struct llist_node post;
	struct work_struct work;	/* submission or execution that may sleep */
	struct tcmi_lane *lane;		/* of @work, or of a reset; ref */
	u32 caw_len;			/* data_length while COMPARE AND WRITE isn't locked */
	sense_reason_t (*caw_callback)(struct se_cmd *se_cmd, bool success, int *post_ret);
	struct tcmi_unlink *unlinked;	/* kept instead of its LUN, which is removed; ref */
	struct tcmi_lane *pr_lane;	/* changes reservations, or is to; tcmi_reserve_lock; ref */

	/* the connection's thread only */
	u8 state;			/* enum tcmi_cmd_state */
	struct tcmi_txe txe;
	struct hlist_node task;		/* conn->tasks */
	struct list_head entry;		/* of conn: wait_data, trailing, held, fenced, submit */
	bool pending;			/* on conn->submit */
	bool queued;			/* @work has been */
	unsigned long born;		/* jiffies */
	u64 tpg_lun;			/* the portal group's own number; set when submitted */
	struct list_head orphan;	/* tpg->orphans; tcmi_orphans_lock */
	struct list_head lane_orphan;
	struct tcmi_lane *orphan_lane;	/* ref */
	u32 orphan_epoch;		/* its own; or the last that it waits for */
	u32 quota;			/* bytes counted by quota.c */
	u32 orphan_bytes;
	u32 itt;
	u32 cmdsn;
	u32 order;			/* of arrival, all of a session */
	u64 lun;			/* wire form */
	bool immediate;
	struct iscsip_xfer xfer;
	struct tcmi_data data;		/* its pages, unless they are core's */
	unsigned long deadline;		/* for data, or earlier CmdSNs, to come; 0 none */
	struct iscsip_req req;		/* held commands and TMFs */
	struct tcmi_pdu *pdu;		/* a held ping's answer */
	struct scatterlist *held_sgl;	/* their early data */
	u32 held_nents;
	u32 held_len;
	u16 cdb_len;
	u8 cdb[16];
	u8 *long_cdb;			/* the whole CDB when longer than 16 bytes */
	struct tcmi_cmd *tmf_parent;	/* the function that this one is a part of */
	u32 tmf_pending;		/* parts not yet back */
	struct tcmi_cmd *waiter;	/* function whose answer comes after this task's */
	u8 tmf_step;			/* enum tcmi_tmf_step */
	u8 tmf_rsp;

	struct tcmi_cmd *gate;		/* what a PREEMPT AND ABORT waits behind */
	struct tcmi_cmd *fenced;	/* a gate: who waits; NULL: taken back */
	struct tcmi_lane *through;	/* counted there; ref */

	/* errands: set before it is posted to the other connection's thread */
	struct tcmi_cmd *tmf_peer;	/* the part of the function that waits for it */
	const struct se_device *tmf_dev;	/* identity only: whose tasks are meant */

	u8 sense[TCMI_SENSE_MAX];
};

static inline struct tcmi_cmd *to_tcmi_cmd(struct se_cmd *se_cmd)
{
	return container_of(se_cmd, struct tcmi_cmd, se_cmd);
}

static inline bool tcmi_cmd_is_write(const struct tcmi_cmd *cmd)
{
	return cmd->req.opcode == ISCSIP_OP_SCSI_CMD && cmd->req.scsi.write &&
	       cmd->req.scsi.edtl;
}

/* ---- cmd.c ---- */
extern struct kmem_cache *tcmi_cmd_cache;
struct iscsip_verdict tcmi_cmd_header(struct tcmi_conn *conn, const struct iscsip_req *req);
struct tcmi_cmd *tcmi_cmd_alloc(struct tcmi_conn *conn, gfp_t gfp);
struct tcmi_cmd *tcmi_cmd_alloc_part(struct tcmi_conn *conn, gfp_t gfp);
void tcmi_cmd_free(struct tcmi_cmd *cmd);
void tcmi_cmd_accept(struct tcmi_conn *conn, struct tcmi_cmd *cmd,
		     const struct iscsip_req *req);
u64 tcmi_lun(u64 lun);
bool tcmi_cmd_recall(struct tcmi_cmd *cmd);
bool tcmi_cmd_hold_data(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
bool tcmi_cmd_hold_room(struct tcmi_conn *conn, struct tcmi_cmd *cmd, u32 len);
bool tcmi_cmd_crowded(const struct tcmi_conn *conn, bool tmf);
void tcmi_cmd_unhold(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
struct tcmi_cmd *tcmi_cmd_find(struct tcmi_conn *conn, u32 itt);
void tcmi_cmd_post(struct tcmi_cmd *cmd);
void tcmi_cmd_pass(struct tcmi_cmd *cmd);
void tcmi_cmd_posted(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
void tcmi_cmd_over(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
void tcmi_cmd_finish(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
void tcmi_cmd_sent(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
void tcmi_cmd_fail(struct tcmi_cmd *cmd, sense_reason_t reason);
void tcmi_cmd_due(struct tcmi_conn *conn, struct tcmi_cmd *waiter);
void tcmi_cmd_end_early(struct tcmi_cmd *cmd);
void tcmi_cmd_abort_waiting(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
void tcmi_cmd_mark_aborted(struct tcmi_cmd *cmd);
void tcmi_cmd_fail_all(struct tcmi_conn *conn);
void tcmi_cmd_start(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
unsigned long tcmi_cmd_tick(struct tcmi_conn *conn);
void tcmi_cmd_slot_give(struct tcmi_cmd *cmd);

/* ---- cmd_data.c: what comes for a write ---- */
void tcmi_cmd_buffer(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
void tcmi_cmd_free_held(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
void tcmi_cmd_go_on(struct tcmi_conn *conn);
void tcmi_cmd_rx_dest(struct tcmi_conn *conn);
int tcmi_cmd_payload(struct tcmi_conn *conn, bool digest_ok);
bool tcmi_data_overdue(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
void tcmi_data_expect_rest(struct tcmi_conn *conn, u32 itt);
void tcmi_data_rest(struct tcmi_conn *conn);
bool tcmi_data_trail(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
void tcmi_data_trail_end(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
void tcmi_data_trail_tick(struct tcmi_conn *conn);
struct iscsip_verdict tcmi_data_out_refuse(struct tcmi_conn *conn,
					   const struct iscsip_req *req,
					   struct iscsip_verdict v);
struct iscsip_verdict tcmi_data_out_header(struct tcmi_conn *conn,
					   const struct iscsip_req *req);

/* ---- submit.c: lanes and turns ---- */
int tcmi_lane_link(struct se_portal_group *se_tpg, struct se_lun *lun);
void tcmi_lane_unlink(struct se_portal_group *se_tpg, struct se_lun *lun);
struct tcmi_lane *tcmi_lane_find(struct tcmi_tpg *tpg, u64 lun, const struct se_device *dev);
struct tcmi_lane *tcmi_lane_get(const struct se_lun *lun);
struct tcmi_lane *tcmi_lane_keep(struct se_device *dev);
void tcmi_lane_unkeep(struct tcmi_lane *lane);
void tcmi_lane_drop_reservations(struct tcmi_tpg *tpg, struct se_session *se_sess);
void tcmi_lane_put(struct tcmi_lane *lane);
void tcmi_submit_pages(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
bool tcmi_submit_refuse(struct tcmi_cmd *cmd);
void tcmi_submit_later(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
bool tcmi_submit_recall(struct tcmi_cmd *cmd);
bool tcmi_submit_run(struct tcmi_conn *conn);
void tcmi_submit_exit(void);

/* ---- reserve.c: PERSISTENT RESERVE OUT ---- */
bool tcmi_reserve_emulated(const struct se_cmd *se_cmd);
bool tcmi_reserve_queue(struct tcmi_lane *lane, struct tcmi_cmd *cmd);
bool tcmi_reserve_unqueue(struct tcmi_cmd *cmd);
void tcmi_reserve_done(struct tcmi_cmd *cmd);
bool tcmi_reserve_strands(struct tcmi_cmd *cmd);
bool tcmi_reserve_hold(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
bool tcmi_reserve_recall(struct tcmi_cmd *cmd);
void tcmi_reserve_fence(struct tcmi_conn *conn, struct tcmi_cmd *fence);
void tcmi_reserve_gate(struct tcmi_conn *conn, struct tcmi_cmd *gate);
void tcmi_reserve_over(struct tcmi_cmd *cmd);
bool tcmi_reserve_shut(struct tcmi_lane *lane, struct tcmi_cmd *reset);
void tcmi_reserve_unshut(struct tcmi_lane *lane);

/* ---- quota.c: the memory behind commands ---- */
#define TCMI_QUOTA_FREE	(64 * 1024)	/* bytes of a connection that are not counted */
#define TCMI_QUOTA_MAX_LOW	(8 * 1024 * 1024)	/* what any command may have */
bool tcmi_quota_exceeds(const struct se_cmd *se_cmd);
bool tcmi_quota_scarce(void);
void tcmi_quota_add(struct tcmi_conn *conn, u32 bytes);
bool tcmi_quota_borrow(struct tcmi_conn *conn, u32 bytes, long own);
void tcmi_quota_settle(struct tcmi_conn *conn);
void tcmi_quota_exit(void);

/*
 * Count memory that a connection wants to have, in its thread, until tcmi_quota_give().
 * Return: false when there is too much of it: the initiator may try again.
 */
static inline bool tcmi_quota_take(struct tcmi_conn *conn, u32 bytes)
{
	long own = atomic_long_add_return(bytes, &conn->quota);

	return likely(own <= conn->lent) || tcmi_quota_borrow(conn, bytes, own);
}

/* The memory is gone. Context: any. */
static inline void tcmi_quota_give(struct tcmi_conn *conn, u32 bytes)
{
	if (bytes)
		atomic_long_sub(bytes, &conn->quota);
}

/* ---- drain.c: what ended connections leave in the backend ---- */
void tcmi_drain_begin(struct tcmi_conn *conn);
void tcmi_drain(struct tcmi_conn *conn);
void tcmi_drain_forget(struct tcmi_cmd *cmd);
bool tcmi_drain_any(void);
bool tcmi_drain_full(const struct tcmi_lane *lane);
bool tcmi_drain_await(struct tcmi_lane *lane, struct tcmi_cmd *fence);
void tcmi_drain_leave(struct tcmi_lane *lane, struct tcmi_conn *conn, struct list_head *left);
void tcmi_drain_release(struct tcmi_lane *lane);
void tcmi_drain_kick(struct tcmi_conn *conn);
void tcmi_drain_each_conn(struct tcmi_tpg *tpg,
			  void (*fn)(struct tcmi_conn *conn, void *arg), void *arg);
ssize_t tcmi_drain_show(struct tcmi_tpg *tpg, char *page);

/* ---- unlink.c: LUNs removed while their backend has commands ---- */
void tcmi_unlink_wait(struct se_portal_group *se_tpg, struct se_lun *lun);
void tcmi_unlink_look(struct tcmi_conn *conn);
bool tcmi_unlink_any(const struct se_device *dev);
struct tcmi_lane *tcmi_unlink_lane(struct tcmi_unlink *u);
void tcmi_unlink_put(struct tcmi_unlink *u);

extern atomic_t tcmi_unlinks_begun;

/* Is it a command for a LUN that is being removed? What REPORT LUNS says is core's. */
static inline bool tcmi_unlink_begun(const struct se_cmd *se_cmd)
{
	return unlikely(READ_ONCE(se_cmd->se_lun->lun_shutdown)) &&
	       se_cmd->t_task_cdb[0] != REPORT_LUNS;
}

/* ---- cmd_core.c: core's callbacks ---- */
int tcmi_write_pending(struct se_cmd *se_cmd);
int tcmi_queue_data_in(struct se_cmd *se_cmd);
int tcmi_queue_status(struct se_cmd *se_cmd);
void tcmi_queue_tm_rsp(struct se_cmd *se_cmd);
void tcmi_aborted_task(struct se_cmd *se_cmd);
int tcmi_check_stop_free(struct se_cmd *se_cmd);
void tcmi_release_cmd(struct se_cmd *se_cmd);
bool tcmi_core_lookup(struct se_cmd *se_cmd, const u8 *cdb);
void tcmi_core_refused(void);
enum dma_data_direction tcmi_core_direction(const struct iscsip_req *req, const u8 *cdb);
bool tcmi_core_contradicts(const struct tcmi_cmd *cmd);
void tcmi_core_whole_answer(struct se_cmd *se_cmd);
void tcmi_core_guard(struct tcmi_cmd *cmd);

/* ---- tmf.c ---- */
struct iscsip_verdict tcmi_tmf_header(struct tcmi_conn *conn, const struct iscsip_req *req);
void tcmi_tmf_posted(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
void tcmi_tmf_sent(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
void tcmi_tmf_forsake(struct tcmi_conn *conn);
void tcmi_tmf_back(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
void tcmi_tmf_start(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
u8 tcmi_tmf_core_rsp(const struct tcmi_cmd *cmd);
int tcmi_tmf_submit(struct tcmi_conn *conn, struct tcmi_cmd *cmd, u64 lun, u8 function);
struct tcmi_cmd *tcmi_tmf_part_alloc(struct tcmi_cmd *parent, gfp_t gfp);
void tcmi_tmf_await(struct tcmi_conn *conn, struct tcmi_cmd *parent, struct tcmi_cmd *cmd);
void tcmi_tmf_end_task(struct tcmi_conn *conn, struct tcmi_cmd *parent, struct tcmi_cmd *cmd);
void tcmi_tmf_end_all(struct tcmi_conn *conn, struct tcmi_cmd *parent);
bool tcmi_tmf_spares(struct tcmi_conn *conn, const struct tcmi_cmd *cmd);
void tcmi_tmf_end_waiting(struct tcmi_conn *conn, struct tcmi_cmd *parent, bool any);
void tcmi_tmf_parts_started(struct tcmi_conn *conn, struct tcmi_cmd *parent);

/* ---- tmf_nexus.c: task management that reaches other nexuses ---- */
void tcmi_tmf_others(struct tcmi_cmd *parent, const struct se_device *dev,
		     enum tcmi_tmf_step step);
void tcmi_tmf_await_all(struct tcmi_conn *conn, struct tcmi_cmd *errand);
void tcmi_tmf_abandon(struct tcmi_conn *conn);
void tcmi_tmf_reset(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
bool tcmi_tmf_step(struct tcmi_conn *conn, struct tcmi_cmd *cmd);

/* ---- window.c: CmdSN order of everything that has a CmdSN ---- */
enum iscsip_window_verdict tcmi_window_enter(struct tcmi_conn *conn,
					     const struct iscsip_req *req);
void tcmi_window_pass(struct tcmi_conn *conn, const struct iscsip_req *req);
void tcmi_window_intact(struct tcmi_conn *conn);
void tcmi_window_hold(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
struct tcmi_cmd *tcmi_window_mark(struct tcmi_conn *conn, u32 cmdsn);
void tcmi_window_due(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
struct iscsip_verdict tcmi_window_answer(struct tcmi_conn *conn, const struct iscsip_req *req);
void tcmi_window_run(struct tcmi_conn *conn);
u32 tcmi_window_clamp(struct tcmi_conn *conn, u32 cmdsn);
bool tcmi_window_lacks(struct tcmi_conn *conn, u32 cmdsn);
void tcmi_window_tick(struct tcmi_conn *conn);
bool tcmi_window_tell(struct tcmi_conn *conn);
void tcmi_window_opened(struct tcmi_sess *sess);
void tcmi_window_numbers(struct tcmi_conn *conn, struct iscsip_sn *sn);

/* ---- text.c ---- */
struct iscsip_verdict tcmi_text_header(struct tcmi_conn *conn, const struct iscsip_req *req,
				       u8 **buf);
struct iscsip_verdict tcmi_text_payload(struct tcmi_conn *conn, const struct iscsip_req *req);
unsigned long tcmi_text_tick(struct tcmi_conn *conn);
void tcmi_text_end(struct tcmi_conn *conn);

#endif /* TCM_ISCSI_CMD_H */
