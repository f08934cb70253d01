// SPDX-License-Identifier: GPL-2.0
/*
 * How a command gets from its connection to a backend without the connection
 * waiting for the backend.
 *
 * Every backend has a lane, a workqueue of its own, for what may sleep: however many
 * commands sleep there, they are this backend's. Reads and writes of backends that do not
 * sleep as a rule are submitted by the connection's thread itself, in a turn. When
 * such a turn does sleep (the disk has no free request, its queue is frozen), the
 * watch gives the connection to a new thread and the backend's further commands to its
 * lane; the old thread ends when the backend lets it go.
 */
#include <linux/blkdev.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <scsi/scsi_proto.h>
#include <target/target_core_backend.h>
#include "cmd.h"

#define TCMI_LANE_WIDTH		16	/* commands of a backend that sleep in submission */
#define TCMI_WATCH		(HZ / 20)
#define TCMI_WATCH_BATCH	16	/* connections that change threads in one round */

/* ---- lanes ---- */

static LIST_HEAD(tcmi_lanes);		/* tcmi_lanes_lock; those with a LUN */
static DEFINE_MUTEX(tcmi_lanes_lock);

static void tcmi_lane_free_work(struct work_struct *work)
{
	struct tcmi_lane *lane = container_of(work, struct tcmi_lane, free_work);

	destroy_workqueue(lane->wq);
	kfree_rcu(lane, rcu);
}

static void tcmi_lane_release(struct kref *ref)
{
	struct tcmi_lane *lane = container_of(ref, struct tcmi_lane, ref);

	/* the last one may run on the very queue that has to go */
	queue_work(tcmi_end_wq, &lane->free_work);
}

/**
 * tcmi_lane_put() - drop a reference; any context
 * @lane: the lane, or NULL
 */
void tcmi_lane_put(struct tcmi_lane *lane)
{
	if (lane)
		kref_put(&lane->ref, tcmi_lane_release);
}

static struct tcmi_lane *tcmi_lane_new(struct se_device *dev)
{
	const struct target_backend_ops *ops = dev->transport;
	struct tcmi_lane *lane = kzalloc(sizeof(*lane), GFP_KERNEL);

	if (!lane)
		return NULL;
	/* no rescuer: that would be a thread for every backend */
	lane->wq = alloc_workqueue("tcmi_%.26s", WQ_UNBOUND, TCMI_LANE_WIDTH,
				   config_item_name(&dev->dev_group.cg_item));
	if (!lane->wq) {
		kfree(lane);
		return NULL;
	}
	kref_init(&lane->ref);
	INIT_WORK(&lane->free_work, tcmi_lane_free_work);
	spin_lock_init(&lane->lock);
	INIT_LIST_HEAD(&lane->resets);
	INIT_LIST_HEAD(&lane->sharers);
	INIT_LIST_HEAD(&lane->pr_next);
	INIT_LIST_HEAD(&lane->gates);
	INIT_LIST_HEAD(&lane->gates_next);
	INIT_LIST_HEAD(&lane->gates_shut);
	INIT_LIST_HEAD(&lane->fences);
	INIT_LIST_HEAD(&lane->orphan_list);
	lane->dev = dev;
	lane->emulated = !(ops->transport_flags_default & TRANSPORT_FLAG_PASSTHROUGH);
	lane->direct = !strcmp(ops->name, "iblock") || !strcmp(ops->name, "rd_mcp");
	list_add_tail(&lane->entry, &tcmi_lanes);
	return lane;
}

/* The lane of a device, with a reference for one more LUN */
static struct tcmi_lane *tcmi_lane_of(struct se_device *dev)
{
	struct tcmi_lane *lane;

	lockdep_assert_held(&tcmi_lanes_lock);
	list_for_each_entry(lane, &tcmi_lanes, entry) {
		if (lane->dev == dev) {
			kref_get(&lane->ref);
			goto out;
		}
	}
	lane = tcmi_lane_new(dev);
out:
	if (lane)
		lane->luns++;
	return lane;
}

static void tcmi_lane_leave(struct tcmi_lane *lane)
{
	lockdep_assert_held(&tcmi_lanes_lock);
	/* what is still on its way through the lane keeps it, but no new device finds it */
	if (!--lane->luns)
		list_del(&lane->entry);
	tcmi_lane_put(lane);
}

/**
 * tcmi_lane_keep() - keep the lane of a device, though its last LUN may be removed
 * @dev: the device, for as long as that
 *
 * Who links it anew gets the same one, and knows of the commands that it still has.
 *
 * Return: the lane, or NULL.
 */
struct tcmi_lane *tcmi_lane_keep(struct se_device *dev)
{
	struct tcmi_lane *lane;

	mutex_lock(&tcmi_lanes_lock);
	lane = tcmi_lane_of(dev);
	mutex_unlock(&tcmi_lanes_lock);
	return lane;
}

/**
 * tcmi_lane_unkeep() - the end of that
 * @lane: of tcmi_lane_keep()
 */
void tcmi_lane_unkeep(struct tcmi_lane *lane)
{
	if (!lane)
		return;
	mutex_lock(&tcmi_lanes_lock);
	tcmi_lane_leave(lane);
	mutex_unlock(&tcmi_lanes_lock);
}

/**
 * tcmi_lane_link() - a LUN has got its backend
 * @se_tpg: its portal group
 * @lun: the LUN
 *
 * Context: process, core's configfs. Without memory for a lane, the LUN's commands
 * take the queue that all LUNs without one share.
 *
 * Return: 0, -ENOMEM, or -EBUSY; core doesn't look at it.
 */
int tcmi_lane_link(struct se_portal_group *se_tpg, struct se_lun *lun)
{
	struct tcmi_tpg *tpg = to_tcmi_tpg(se_tpg);
	struct tcmi_lane *lane;
	int ret = -ENOMEM;

	mutex_lock(&tcmi_lanes_lock);
	lane = tcmi_lane_of(rcu_access_pointer(lun->lun_se_dev));
	if (lane) {
		/* core takes lun_1 and lun_01 for two LUNs */
		ret = xa_insert(&tpg->lanes, lun->unpacked_lun, lane, GFP_KERNEL);
		if (ret)
			tcmi_lane_leave(lane);
	}
	mutex_unlock(&tcmi_lanes_lock);
	if (ret)
		pr_warn_ratelimited("%s: %s,%u: LUN %llu shares a queue: %s\n", TCMI_NAME,
				    tpg->wwn->name, tpg->tag, lun->unpacked_lun,
				    ret == -EBUSY ? "it is there twice" : "out of memory");
	return ret;
}

/**
 * tcmi_lane_unlink() - a LUN is about to lose its backend
 * @se_tpg: its portal group
 * @lun: the LUN; core waits for its commands after this
 */
void tcmi_lane_unlink(struct se_portal_group *se_tpg, struct se_lun *lun)
{
	struct xarray *lanes = &to_tcmi_tpg(se_tpg)->lanes;
	struct tcmi_lane *lane;

	mutex_lock(&tcmi_lanes_lock);
	lane = xa_load(lanes, lun->unpacked_lun);
	if (lane && lane->dev == rcu_access_pointer(lun->lun_se_dev)) {
		xa_erase(lanes, lun->unpacked_lun);
		tcmi_lane_leave(lane);
	}
	mutex_unlock(&tcmi_lanes_lock);
}

/**
 * tcmi_lane_find() - the lane of a LUN
 * @tpg: the portal group
 * @lun: its number there
 * @dev: its device; only compared
 * Return: the lane with a reference; NULL for core's virtual LUN 0, for one that is being
 * removed, and where there was no memory for it.
 */
struct tcmi_lane *tcmi_lane_find(struct tcmi_tpg *tpg, u64 lun, const struct se_device *dev)
{
	struct tcmi_lane *lane;

	rcu_read_lock();
	lane = xa_load(&tpg->lanes, lun);
	if (lane && (lane->dev != dev || !kref_get_unless_zero(&lane->ref)))
		lane = NULL;
	rcu_read_unlock();
	return lane;
}

/**
 * tcmi_lane_get() - the lane of a LUN
 * @lun: the LUN, which something keeps
 * Return: as of tcmi_lane_find().
 */
struct tcmi_lane *tcmi_lane_get(const struct se_lun *lun)
{
	return tcmi_lane_find(to_tcmi_tpg(lun->lun_tpg), lun->unpacked_lun,
			      rcu_access_pointer(lun->lun_se_dev));
}

/**
 * tcmi_lane_drop_reservations() - SPC-2 reservations end with their I_T nexus
 * @tpg: the portal group
 * @se_sess: the nexus, which core keeps while it has commands of it
 *
 * Context: process.
 */
void tcmi_lane_drop_reservations(struct tcmi_tpg *tpg, struct se_session *se_sess)
{
	struct tcmi_lane *lane;
	struct se_device *dev;
	unsigned long nr;

	/* keeps the devices */
	mutex_lock(&tcmi_lanes_lock);
	xa_for_each(&tpg->lanes, nr, lane) {
		dev = lane->dev;
		spin_lock(&dev->dev_reservation_lock);
		if (dev->reservation_holder == se_sess) {
			dev->reservation_holder = NULL;
			dev->dev_res_bin_isid = 0;
			dev->dev_reservation_flags &= ~(DRF_SPC2_RESERVATIONS |
							DRF_SPC2_RESERVATIONS_WITH_ISID);
		}
		spin_unlock(&dev->dev_reservation_lock);
	}
	mutex_unlock(&tcmi_lanes_lock);
}

static void tcmi_submit(struct tcmi_cmd *cmd)
{
	if (test_bit(TCMI_CMD_EXECUTED, &cmd->flags))
		target_execute_cmd(&cmd->se_cmd);
	else
		target_submit(&cmd->se_cmd);
}

/* What a Logout or a close has overtaken doesn't start (11.14). */
static bool tcmi_submit_over(const struct tcmi_conn *conn)
{
	return tcmi_conn_over(conn) || tcmi_conn_mute(conn);
}

static void tcmi_submit_work(struct work_struct *work)
{
	struct tcmi_cmd *cmd = container_of(work, struct tcmi_cmd, work);
	struct tcmi_lane *lane = cmd->lane;

	/* one that core has begun to end is core's */
	if (READ_ONCE(cmd->se_cmd.transport_state) & CMD_T_ABORTED)
		tcmi_submit(cmd);
	else if (tcmi_submit_over(cmd->conn))
		tcmi_cmd_end_early(cmd);
	else if (READ_ONCE(cmd->unlinked))
		tcmi_cmd_fail(cmd, TCM_NON_EXISTENT_LUN);
	else if (cmd->pr_lane && tcmi_reserve_strands(cmd))
		tcmi_cmd_fail(cmd, TCM_INVALID_PARAMETER_LIST);
	else
		tcmi_submit(cmd);
	tcmi_lane_put(lane);
}

static void tcmi_lane_queue(struct tcmi_lane *lane, struct tcmi_cmd *cmd)
{
	INIT_WORK(&cmd->work, tcmi_submit_work);
	cmd->lane = lane;
	if (lane)
		kref_get(&lane->ref);
	cmd->queued = true;
	if (!tcmi_reserve_queue(lane, cmd))
		queue_work(lane ? lane->wq : tcmi_submit_wq, &cmd->work);
}

/* Does core answer this by itself, without the backend and without sleeping? */
static bool tcmi_submit_emulated(const struct se_cmd *se_cmd)
{
	switch (se_cmd->t_task_cdb[0]) {
	case TEST_UNIT_READY:
	case INQUIRY:
	case REPORT_LUNS:
	case REQUEST_SENSE:
	case READ_CAPACITY:
	case SERVICE_ACTION_IN_16:
	case MODE_SENSE:
	case MODE_SENSE_10:
	case MAINTENANCE_IN:
		return true;
	case PERSISTENT_RESERVE_IN:
	case RESERVE_6:
	case RESERVE_10:
	case RELEASE_6:
	case RELEASE_10:
		/* else the disk keeps reservations */
		return !(se_cmd->se_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH_PGR);
	default:
		return false;
	}
}

static bool tcmi_submit_is_rw(u8 opcode)
{
	switch (opcode) {
	case READ_6:
	case READ_10:
	case READ_12:
	case READ_16:
	case WRITE_6:
	case WRITE_10:
	case WRITE_12:
	case WRITE_16:
		return true;
	default:
		return false;
	}
}

/**
 * tcmi_submit_pages() - pages from the connection's stock for a command, where it may
 * @conn: the connection; its thread calls
 * @cmd: the command, prepared
 *
 * For what transfers user data, exactly as much as the initiator expects, to or from a
 * backend of core's own: core executes a write when all of it has come, and what has
 * been read is sent if all of it was. Everything else gets its pages from core.
 */
void tcmi_submit_pages(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	const u32 odd = SCF_OVERFLOW_BIT | SCF_UNDERFLOW_BIT | SCF_BIDI | SCF_COMPARE_AND_WRITE;
	struct se_cmd *se_cmd = &cmd->se_cmd;

	if (!(se_cmd->se_cmd_flags & SCF_SCSI_DATA_CDB) || se_cmd->se_cmd_flags & odd ||
	    !tcmi_submit_is_rw(se_cmd->t_task_cdb[0]) || se_cmd->prot_op ||
	    se_cmd->se_dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH ||
	    !se_cmd->data_length || se_cmd->data_length != cmd->req.scsi.edtl ||
	    tcmi_stock_take(&conn->stock, se_cmd->data_length, &cmd->data))
		return;
	se_cmd->t_data_sg = cmd->data.sgl;
	se_cmd->t_data_nents = cmd->data.nents;
	se_cmd->se_cmd_flags |= SCF_PASSTHROUGH_SG_TO_MEM_NOALLOC;
}

/* ---- turns ---- */

static unsigned long tcmi_watch_armed;
static void tcmi_watch_round(struct work_struct *work);
static DECLARE_DELAYED_WORK(tcmi_watch, tcmi_watch_round);

static unsigned long tcmi_turn_begin(struct tcmi_conn *conn, struct tcmi_lane *lane)
{
	unsigned long turn = ++conn->turns ?: ++conn->turns;

	WRITE_ONCE(conn->turn_lane, lane);
	/* a full barrier: the watch sees the turn, or we see that it isn't armed */
	xchg(&conn->turn, turn);
	if (!test_bit(0, &tcmi_watch_armed) && !test_and_set_bit(0, &tcmi_watch_armed))
		queue_delayed_work(tcmi_wq, &tcmi_watch, TCMI_WATCH);
	return turn;
}

/* Return: whether the connection is still this thread's. */
static bool tcmi_turn_end(struct tcmi_conn *conn, unsigned long turn)
{
	return cmpxchg(&conn->turn, turn, 0) == turn;
}

/* The thread of this turn sleeps in a backend: another one goes on. */
static void tcmi_turn_take(struct tcmi_conn *conn, unsigned long turn)
{
	struct task_struct *task = tcmi_io_spawn(conn);
	struct tcmi_lane *lane;

	if (IS_ERR(task))
		return;			/* the next round tries again */
	/* while the turn lasts, its thread has a reference of the lane */
	rcu_read_lock();
	lane = READ_ONCE(conn->turn) == turn ? READ_ONCE(conn->turn_lane) : NULL;
	if (lane && !kref_get_unless_zero(&lane->ref))
		lane = NULL;
	rcu_read_unlock();
	if (!lane) {
		tcmi_io_unspawn(task);
		return;
	}
	/* both are the old thread's to undo, as soon as it has lost the turn */
	atomic_inc(&lane->blocked);
	kref_get(&conn->ref);
	if (cmpxchg(&conn->turn, turn, 0) == turn) {
		pr_debug("%s: connection %u from %s sleeps in submission\n", TCMI_NAME,
			 conn->id, conn->peer_text);
		wake_up_process(task);
	} else {
		atomic_dec(&lane->blocked);
		tcmi_conn_put(conn);
		tcmi_io_unspawn(task);
	}
	tcmi_lane_put(lane);
}

struct tcmi_watch_found {
	struct tcmi_conn *conn[TCMI_WATCH_BATCH];
	unsigned long turn[TCMI_WATCH_BATCH];
	u32 n;
	bool busy;
};

/* The same turn in two rounds: it has slept for one of them at least. */
static void tcmi_watch_conn(struct tcmi_conn *conn, void *arg)
{
	struct tcmi_watch_found *found = arg;
	unsigned long turn = READ_ONCE(conn->turn);

	if (!turn)
		return;
	found->busy = true;
	if (turn == conn->turn_seen && found->n < TCMI_WATCH_BATCH) {
		kref_get(&conn->ref);
		found->conn[found->n] = conn;
		found->turn[found->n++] = turn;
	}
	conn->turn_seen = turn;
}

static void tcmi_watch_round(struct work_struct *work)
{
	struct tcmi_watch_found found = { };
	u32 i;

	clear_bit(0, &tcmi_watch_armed);
	smp_mb__after_atomic();		/* pairs with tcmi_turn_begin() */
	tcmi_sess_each_conn(tcmi_watch_conn, &found);
	for (i = 0; i < found.n; i++) {
		tcmi_turn_take(found.conn[i], found.turn[i]);
		tcmi_conn_put(found.conn[i]);
	}
	if (found.busy && !test_and_set_bit(0, &tcmi_watch_armed))
		queue_delayed_work(tcmi_wq, &tcmi_watch, TCMI_WATCH);
}

/**
 * tcmi_submit_exit() - nothing of this file runs any more; at module exit, when nobody has a
 * lane in hand
 */
void tcmi_submit_exit(void)
{
	cancel_delayed_work_sync(&tcmi_watch);
}

/* ---- the connection's commands ---- */

/* May the backend have it, however many commands of ended sessions it has already? */
static bool tcmi_submit_always(const struct tcmi_lane *lane, const struct se_cmd *se_cmd)
{
	return lane->emulated &&
	       (tcmi_submit_emulated(se_cmd) || tcmi_reserve_emulated(se_cmd));
}

/* Has the backend too many commands of ended sessions for this one? */
static bool tcmi_submit_full(const struct se_cmd *se_cmd)
{
	struct tcmi_lane *lane;
	bool full;

	if (likely(!tcmi_drain_any()))
		return false;
	lane = tcmi_lane_get(se_cmd->se_lun);
	if (!lane)
		return false;
	full = !tcmi_submit_always(lane, se_cmd) && tcmi_drain_full(lane);
	tcmi_lane_put(lane);
	return full;
}

static void tcmi_submit_status(struct tcmi_cmd *cmd, u8 status, const char *why)
{
	pr_warn_ratelimited("%s: LUN %llu: %s, %s has to wait\n", TCMI_NAME,
			    cmd->se_cmd.se_lun->unpacked_lun, why,
			    cmd->conn->sess->initiator_name);
	cmd->se_cmd.scsi_status = status;
	tcmi_cmd_post(cmd);
	transport_generic_free_cmd(&cmd->se_cmd, 0);
}

static bool tcmi_submit_room(struct tcmi_cmd *cmd)
{
	u32 bytes = cmd->se_cmd.data_length;

	if (!tcmi_quota_take(cmd->conn, bytes))
		return false;
	cmd->quota = bytes;
	return true;
}

/**
 * tcmi_submit_refuse() - end a command which contradicts itself, is too large, or has no room
 * @cmd: the command, prepared, and a write before data is asked for; its connection's
 *	 thread calls
 *
 * With BUSY when its backend has too much of ended sessions. But not what core answers by
 * itself, nor reservations: with them the other node of a pair takes the disk over.
 *
 * Return: true if the command ends here.
 */
bool tcmi_submit_refuse(struct tcmi_cmd *cmd)
{
	if (unlikely(tcmi_core_contradicts(cmd)))
		tcmi_cmd_fail(cmd, TCM_INVALID_FIELD_IN_COMMAND_IU);
	else if (unlikely(cmd->se_cmd.data_length > TCMI_QUOTA_MAX_LOW) &&
		 tcmi_quota_exceeds(&cmd->se_cmd))
		tcmi_cmd_fail(cmd, TCM_INVALID_CDB_FIELD);
	else if (tcmi_unlink_begun(&cmd->se_cmd))
		tcmi_cmd_fail(cmd, TCM_NON_EXISTENT_LUN);
	else if (tcmi_submit_full(&cmd->se_cmd))
		tcmi_submit_status(cmd, SAM_STAT_BUSY, "busy with commands of ended sessions");
	else if (!tcmi_submit_room(cmd))
		tcmi_submit_status(cmd, SAM_STAT_TASK_SET_FULL, "commands take too much memory");
	else
		return false;
	return true;
}

/**
 * tcmi_submit_later() - a command is ready for core, or for execution
 * @conn: the connection; its thread calls
 * @cmd: the command, prepared; it goes at the end of this look at the socket
 */
void tcmi_submit_later(struct tcmi_conn *conn, struct tcmi_cmd *cmd)
{
	cmd->pending = true;
	list_add_tail(&cmd->entry, &conn->submit);
}

/**
 * tcmi_submit_recall() - take a command back that has not reached core yet
 * @cmd: the command; its connection's thread calls
 * Return: true if core never sees it.
 */
bool tcmi_submit_recall(struct tcmi_cmd *cmd)
{
	if (cmd->pending) {
		list_del_init(&cmd->entry);
		cmd->pending = false;
		return true;
	}
	if (!cmd->queued)
		return false;
	if (!tcmi_reserve_unqueue(cmd) && !cancel_work(&cmd->work))
		return false;
	tcmi_lane_put(cmd->lane);
	return true;
}

static struct tcmi_cmd *tcmi_submit_next(struct tcmi_conn *conn, const struct se_lun *lun)
{
	struct tcmi_cmd *cmd = list_first_entry_or_null(&conn->submit, struct tcmi_cmd, entry);

	if (!cmd || cmd->se_cmd.se_lun != lun)
		return NULL;
	list_del_init(&cmd->entry);
	cmd->pending = false;
	return cmd;
}

/* Commands in a row for one LUN. Return: whether the connection is still ours. */
static bool tcmi_submit_lun(struct tcmi_conn *conn, const struct se_lun *lun,
			    struct tcmi_lane *lane)
{
	bool mine = true, plugged = false;
	struct blk_plug plug;
	struct tcmi_cmd *cmd;
	unsigned long turn;

	while (mine && !tcmi_submit_over(conn) && (cmd = tcmi_submit_next(conn, lun))) {
		u8 opcode = cmd->se_cmd.t_task_cdb[0];

		cmd->tpg_lun = lun->unpacked_lun;
		if ((!lane || lane->emulated) && tcmi_submit_emulated(&cmd->se_cmd)) {
			tcmi_submit(cmd);
		} else if (lane && lane->direct && tcmi_submit_is_rw(opcode) &&
			   atomic_read(&lane->blocked) <= 0) {
			if (!plugged)
				blk_start_plug(&plug);
			plugged = true;
			turn = tcmi_turn_begin(conn, lane);
			tcmi_submit(cmd);
			mine = tcmi_turn_end(conn, turn);
		} else {
			tcmi_lane_queue(lane, cmd);
		}
	}
	if (plugged && mine) {
		turn = tcmi_turn_begin(conn, lane);
		blk_finish_plug(&plug);
		mine = tcmi_turn_end(conn, turn);
	} else if (plugged) {
		blk_finish_plug(&plug);
	}
	if (!mine)
		atomic_dec(&lane->blocked);
	return mine;
}

/**
 * tcmi_submit_run() - give core what this look at the socket has brought
 * @conn: the connection; its thread calls
 *
 * Return: false if a backend slept and the connection has another thread now: the
 * caller has one reference left of it, and nothing else.
 */
bool tcmi_submit_run(struct tcmi_conn *conn)
{
	bool mine = true;

	while (mine && !list_empty(&conn->submit) && !tcmi_submit_over(conn)) {
		struct tcmi_cmd *cmd = list_first_entry(&conn->submit, struct tcmi_cmd, entry);
		const struct se_lun *lun = cmd->se_cmd.se_lun;
		struct tcmi_lane *lane = tcmi_lane_get(lun);

		mine = tcmi_submit_lun(conn, lun, lane);
		tcmi_lane_put(lane);
	}
	return mine;
}
