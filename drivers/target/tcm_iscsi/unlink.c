// SPDX-License-Identifier: GPL-2.0
/*
 * The removal of a LUN whose backend does not answer. Core waits for every command that has
 * looked the LUN up, in a sleep that no signal ends. So they are waited for here, before core
 * does. Who kills the process that waits has them let go of the LUN: they keep the device
 * instead, with what is around it, until the backend has given them back.
 */
#include <linux/configfs.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/percpu-refcount.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <target/target_core_backend.h>
#include "cmd.h"

#define TCMI_UNLINK_PAUSE	(HZ / 10)	/* between two looks */
#define TCMI_UNLINK_FIRST	(2 * HZ)	/* until the log says what is waited for, */
#define TCMI_UNLINK_REPORT	(30 * HZ)	/* and again */
#define TCMI_UNLINK_ASK		(HZ / 50)	/* between two rounds that ask to let go */

/* A LUN that is removed, for commands which have it still. */
struct tcmi_unlink {
	struct list_head entry;		/* tcmi_unlinks, to its end */
	struct kref ref;		/* who removes it, and each command that has let go */
	bool over;			/* no more of these; tcmi_unlinks_lock */
	struct se_lun *lun;
	struct se_device *dev;		/* NULL behind the end of the last command */
	struct tcmi_lane *lane;		/* for others who use the device; ref */
	struct se_hba *hba;
	struct config_item *items[3];	/* the LUN, its device, that one's HBA; refs */
	struct delayed_work work;
};

static DEFINE_SPINLOCK(tcmi_unlinks_lock);
static LIST_HEAD(tcmi_unlinks);
static DEFINE_MUTEX(tcmi_unlinks_end);	/* two may hold one HBA */

/* LUNs that somebody removes now: who looks one up sees to it that he finds none of them. */
atomic_t tcmi_unlinks_begun;

/* The device goes when others let go of it, too, which core may have for a moment. */
static bool tcmi_unlink_is_last(const struct tcmi_unlink *u)
{
	bool last;

	spin_lock(&u->hba->device_lock);
	last = u->hba->dev_count && kref_read(&u->items[2]->ci_kref) == 1;
	spin_unlock(&u->hba->device_lock);
	return last;
}

static void tcmi_unlink_give_back(struct tcmi_unlink *u)
{
	pr_notice(TCMI_NAME ": %s/%s has given back all commands of a LUN that was removed\n",
		  config_item_name(u->items[2]), config_item_name(u->items[1]));
	spin_lock(&tcmi_unlinks_lock);
	list_del(&u->entry);
	spin_unlock(&tcmi_unlinks_lock);
	tcmi_lane_unkeep(u->lane);
	spin_lock(&u->dev->se_port_lock);
	u->dev->export_count--;
	spin_unlock(&u->dev->se_port_lock);
	/* it may have been what failed the last ones */
	flush_work(&u->dev->delayed_cmd_work);
	u->dev = NULL;
	config_item_put(u->items[0]);
	/* the last one when its directory has been removed meanwhile */
	config_item_put(u->items[1]);
}

static void tcmi_unlink_work(struct work_struct *work)
{
	struct tcmi_unlink *u = container_of(to_delayed_work(work), struct tcmi_unlink, work);

	if (u->dev)
		tcmi_unlink_give_back(u);
	/* core looks into the HBA when it frees the device */
	mutex_lock(&tcmi_unlinks_end);
	if (tcmi_unlink_is_last(u)) {
		mutex_unlock(&tcmi_unlinks_end);
		queue_delayed_work(tcmi_end_wq, &u->work, TCMI_UNLINK_PAUSE);
		return;
	}
	config_item_put(u->items[2]);
	mutex_unlock(&tcmi_unlinks_end);
	kfree(u);
	module_put(THIS_MODULE);
}

static void tcmi_unlink_release(struct kref *ref)
{
	struct tcmi_unlink *u = container_of(ref, struct tcmi_unlink, ref);

	queue_delayed_work(tcmi_end_wq, &u->work, 0);
}

/**
 * tcmi_unlink_put() - a command that has let go of its LUN is over
 * @u: what it kept instead
 * Context: any.
 */
void tcmi_unlink_put(struct tcmi_unlink *u)
{
	kref_put(&u->ref, tcmi_unlink_release);
}

/**
 * tcmi_unlink_lane() - the way to the backend of a command that has let go of its LUN
 * @u: what it keeps
 * Return: the lane with a reference, or NULL.
 */
struct tcmi_lane *tcmi_unlink_lane(struct tcmi_unlink *u)
{
	if (u->lane)
		kref_get(&u->lane->ref);
	return u->lane;
}

/* Only compares: core may be through with the command, and with its LUN. */
static struct tcmi_unlink *tcmi_unlink_find(const struct se_lun *lun)
{
	struct tcmi_unlink *u, *found = NULL;

	if (!lun)
		return NULL;
	spin_lock(&tcmi_unlinks_lock);
	list_for_each_entry(u, &tcmi_unlinks, entry) {
		if (u->lun == lun && !u->over) {
			kref_get(&u->ref);
			found = u;
			break;
		}
	}
	spin_unlock(&tcmi_unlinks_lock);
	return found;
}

/**
 * tcmi_unlink_any() - has a device commands of a LUN that was removed?
 * @dev: the device; only compared
 *
 * Those who look for its commands by the LUNs of portal groups miss them. Context: any.
 */
bool tcmi_unlink_any(const struct se_device *dev)
{
	struct tcmi_unlink *u;
	bool found = false;

	spin_lock(&tcmi_unlinks_lock);
	list_for_each_entry(u, &tcmi_unlinks, entry)
		if (u->dev == dev)
			found = true;
	spin_unlock(&tcmi_unlinks_lock);
	return found;
}

/* Instead of what the CDB says. */
static sense_reason_t tcmi_unlink_execute(struct se_cmd *se_cmd)
{
	return TCM_NON_EXISTENT_LUN;
}

/* What the backend does not have yet, it never gets: the disk may be somebody else's soon. */
static bool tcmi_unlink_early(struct tcmi_cmd *cmd)
{
	if (cmd->req.opcode != ISCSIP_OP_SCSI_CMD || test_bit(TCMI_CMD_POSTED, &cmd->flags))
		return false;
	if (cmd->state != TCMI_CMD_WAIT_DATA &&
	    (cmd->state != TCMI_CMD_IN_CORE ||
	     !(tcmi_reserve_recall(cmd) || tcmi_submit_recall(cmd))))
		return false;
	tcmi_cmd_fail(cmd, TCM_NON_EXISTENT_LUN);
	return true;
}

static void tcmi_unlink_cmd(struct tcmi_cmd *cmd)
{
	struct tcmi_unlink *u;

	if (!test_bit(TCMI_CMD_SUBMITTED, &cmd->flags) || cmd->unlinked)
		return;
	u = tcmi_unlink_find(READ_ONCE(cmd->se_cmd.se_lun));
	if (!u)
		return;
	if (tcmi_unlink_early(cmd)) {
		tcmi_unlink_put(u);
		return;
	}
	WRITE_ONCE(cmd->unlinked, u);
	/* core may have it in a queue of its own */
	if (cmd->req.opcode == ISCSIP_OP_SCSI_CMD)
		WRITE_ONCE(cmd->se_cmd.execute_cmd, tcmi_unlink_execute);
	/* core does the same when the command ends */
	if (cmpxchg(&cmd->se_cmd.lun_ref_active, true, false))
		percpu_ref_put(&u->lun->lun_ref);
}

/**
 * tcmi_unlink_look() - let go of LUNs that are removed, if somebody asks for it
 * @conn: the connection; its thread calls, or whoever drains it
 */
void tcmi_unlink_look(struct tcmi_conn *conn)
{
	struct hlist_node *next;
	struct tcmi_cmd *cmd;
	int i;

	if (!test_and_clear_bit(TCMI_CONN_UNLINK, &conn->flags))
		return;
	for (i = 0; i < TCMI_TASK_BUCKETS; i++)
		hlist_for_each_entry_safe(cmd, next, &conn->tasks[i], task)
			tcmi_unlink_cmd(cmd);
}

static void tcmi_unlink_ask(struct tcmi_conn *conn, void *arg)
{
	if (conn->sess->tpg != arg)
		return;
	set_bit(TCMI_CONN_UNLINK, &conn->flags);
	tcmi_conn_kick(conn);
}

/*
 * Commands that have @lun: what all CPUs have counted, the reference of the link is elsewhere.
 * To have them count in one place would be to kill the counter, which core does next.
 */
static long tcmi_unlink_sum(struct se_lun *lun)
{
	unsigned long __percpu *counts;
	long sum = 0;
	int cpu;

	rcu_read_lock();
	if (__ref_is_percpu(&lun->lun_ref, &counts))
		for_each_possible_cpu(cpu)
			sum += READ_ONCE(*per_cpu_ptr(counts, cpu));
	rcu_read_unlock();
	return sum;
}

/*
 * One that comes and goes meanwhile may hide another one, but not twice. Less than none is
 * what core has made of it when it dropped one too many.
 */
static long tcmi_unlink_users(struct se_lun *lun)
{
	long sum = tcmi_unlink_sum(lun);

	return max3(sum, tcmi_unlink_sum(lun), 0L);
}

static struct tcmi_unlink *tcmi_unlink_new(struct se_lun *lun)
{
	struct se_device *dev = rcu_dereference_raw(lun->lun_se_dev);
	struct tcmi_unlink *u = kzalloc(sizeof(*u), GFP_KERNEL);

	if (!u)
		return NULL;
	kref_init(&u->ref);
	INIT_DELAYED_WORK(&u->work, tcmi_unlink_work);
	u->lun = lun;
	u->dev = dev;
	u->hba = dev->se_hba;
	u->lane = tcmi_lane_keep(dev);
	/* what nobody may change while it has commands stays as it is */
	spin_lock(&dev->se_port_lock);
	dev->export_count++;
	spin_unlock(&dev->se_port_lock);
	u->items[0] = config_item_get(&lun->lun_group.cg_item);
	u->items[1] = config_item_get(&dev->dev_group.cg_item);
	u->items[2] = config_item_get(&dev->se_hba->hba_group.cg_item);
	__module_get(THIS_MODULE);
	return u;
}

/* Who waits is killed: all commands are to let go, and no new ones come. */
static struct tcmi_unlink *tcmi_unlink_begin(struct se_lun *lun)
{
	struct tcmi_unlink *u = tcmi_unlink_new(lun);

	if (!u)
		return NULL;
	spin_lock(&tcmi_unlinks_lock);
	list_add_tail(&u->entry, &tcmi_unlinks);
	spin_unlock(&tcmi_unlinks_lock);
	return u;
}

static void tcmi_unlink_end(struct tcmi_tpg *tpg, struct tcmi_unlink *u)
{
	spin_lock(&tcmi_unlinks_lock);
	u->over = true;
	spin_unlock(&tcmi_unlinks_lock);
	pr_notice(TCMI_NAME ": lun_%llu of %s,%u is removed; %s/%s stays open, it has %u of its commands\n",
		  u->lun->unpacked_lun, tpg->wwn->name, tpg->tag, config_item_name(u->items[2]),
		  config_item_name(u->items[1]), kref_read(&u->ref) - 1);
	tcmi_unlink_put(u);
}

static void tcmi_unlink_report(struct tcmi_tpg *tpg, struct se_lun *lun, long users)
{
	pr_notice(TCMI_NAME ": removal of lun_%llu of %s,%u waits for %ld commands; kill process %d to leave them to the backend\n",
		  lun->unpacked_lun, tpg->wwn->name, tpg->tag, users, task_pid_nr(current));
}

/**
 * tcmi_unlink_wait() - wait until no command has a LUN that is to be removed
 * @se_tpg: its portal group
 * @lun: the LUN; core removes it next
 *
 * New commands are refused from here on (tcmi_unlink_begun()). On a fatal signal those
 * that the backend has let go of the LUN, and what it does not have is ended.
 *
 * Context: process; sleeps, but in no state that anybody would call stuck.
 */
void tcmi_unlink_wait(struct se_portal_group *se_tpg, struct se_lun *lun)
{
	unsigned long report = jiffies + TCMI_UNLINK_FIRST;
	struct tcmi_tpg *tpg = to_tcmi_tpg(se_tpg);
	struct tcmi_unlink *u = NULL;
	long users, pause = 1;

	/* as core does next */
	WRITE_ONCE(lun->lun_shutdown, true);
	atomic_inc(&tcmi_unlinks_begun);
	/* who has looked it up without that has been counted */
	synchronize_rcu_expedited();
	while ((users = tcmi_unlink_users(lun))) {
		if (!u && fatal_signal_pending(current)) {
			u = tcmi_unlink_begin(lun);
			pause = TCMI_UNLINK_ASK;
		}
		if (u) {
			tcmi_sess_each_conn(tcmi_unlink_ask, tpg);
			tcmi_drain_each_conn(tpg, tcmi_unlink_ask, tpg);
		}
		if (time_after_eq(jiffies, report)) {
			report = jiffies + TCMI_UNLINK_REPORT;
			tcmi_unlink_report(tpg, lun, users);
		}
		schedule_timeout_idle(pause);
		pause = min_t(long, 2 * pause, TCMI_UNLINK_PAUSE);
	}
	atomic_dec(&tcmi_unlinks_begun);
	if (u)
		tcmi_unlink_end(tpg, u);
}
