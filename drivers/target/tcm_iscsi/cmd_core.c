// SPDX-License-Identifier: GPL-2.0
/*
 * What core tells us of a command: callbacks in any context, which only leave a
 * mark or a post for the connection's thread.
 */
#include <linux/module.h>
#include <scsi/scsi_proto.h>
#include <target/target_core_backend.h>
#include "cmd.h"

/**
 * tcmi_write_pending() - core has pages for a write; may come on another CPU, later
 * @se_cmd: the command
 */
int tcmi_write_pending(struct se_cmd *se_cmd)
{
	struct tcmi_cmd *cmd = to_tcmi_cmd(se_cmd);
	struct tcmi_conn *conn = cmd->conn;

	/* with the bit set, the thread may end and free the command at any time */
	kref_get(&conn->ref);
	smp_wmb();	/* the scatterlist before the bit; pairs with tcmi_cmd_buffer() */
	set_bit(TCMI_CMD_BUF_READY, &cmd->flags);
	tcmi_conn_kick(conn);
	tcmi_conn_put(conn);
	return 0;
}

/**
 * tcmi_queue_data_in() - core has data and status for the initiator; any context
 * @se_cmd: the command
 */
int tcmi_queue_data_in(struct se_cmd *se_cmd)
{
	struct tcmi_cmd *cmd = to_tcmi_cmd(se_cmd);

	set_bit(TCMI_CMD_HAS_DATA, &cmd->flags);
	tcmi_cmd_post(cmd);
	return 0;
}

/* Core has cleared the flag for every command but those which it aborted. */
static void tcmi_attr_done(struct se_cmd *se_cmd)
{
	if (!(se_cmd->se_cmd_flags & SCF_TASK_ATTR_SET))
		return;
	se_cmd->se_cmd_flags &= ~SCF_TASK_ATTR_SET;
	tcmi_compat_attr_done(se_cmd);
}

/**
 * tcmi_queue_status() - core has a status for the initiator; any context
 * @se_cmd: the command
 */
int tcmi_queue_status(struct se_cmd *se_cmd)
{
	tcmi_attr_done(se_cmd);
	tcmi_cmd_post(to_tcmi_cmd(se_cmd));
	return 0;
}

/**
 * tcmi_queue_tm_rsp() - core has carried out a task management function
 * @se_cmd: the function's command
 */
void tcmi_queue_tm_rsp(struct se_cmd *se_cmd)
{
	tcmi_cmd_post(to_tcmi_cmd(se_cmd));
}

/**
 * tcmi_aborted_task() - core aborted a command without status
 * @se_cmd: the command; core drops our reference itself after this call, so the
 *	    thread gets one of its own
 */
void tcmi_aborted_task(struct se_cmd *se_cmd)
{
	struct tcmi_cmd *cmd = to_tcmi_cmd(se_cmd);

	tcmi_attr_done(se_cmd);
	kref_get(&se_cmd->cmd_kref);
	set_bit(TCMI_CMD_SILENT, &cmd->flags);
	set_bit(TCMI_CMD_DROPPED, &cmd->flags);
	tcmi_cmd_post(cmd);
}

/**
 * tcmi_check_stop_free() - core is done: drop its reference
 * @se_cmd: the command
 * Return: 1 if that was the last one.
 */
int tcmi_check_stop_free(struct se_cmd *se_cmd)
{
	return target_put_sess_cmd(se_cmd);
}

/**
 * tcmi_release_cmd() - the last reference is gone; any context
 * @se_cmd: the command
 */
void tcmi_release_cmd(struct se_cmd *se_cmd)
{
	tcmi_cmd_free(to_tcmi_cmd(se_cmd));
}

/* Failed: core would unlock what a command that never started has not locked. */
static sense_reason_t tcmi_caw_done(struct se_cmd *se_cmd, bool success, int *post_ret)
{
	struct tcmi_cmd *cmd = to_tcmi_cmd(se_cmd);

	/* read, but its LUN is removed: it does not write any more */
	if (success && READ_ONCE(cmd->unlinked) && !se_cmd->scsi_status && se_cmd->data_length) {
		up(&se_cmd->se_dev->caw_sem);
		return TCM_NON_EXISTENT_LUN;
	}
	if (success)
		return cmd->caw_callback(se_cmd, success, post_ret);
	if (se_cmd->data_length != cmd->caw_len)
		up(&se_cmd->se_dev->caw_sem);
	return TCM_NO_SENSE;
}

/*
 * Core logs each command for a LUN that its initiator doesn't see, each write to one that it
 * may only read, and each read and write beyond the end. After some of these in a minute it
 * isn't asked any more.
 */
#define TCMI_CORE_LINES		20
#define TCMI_CORE_MINUTE	(60 * HZ)

static unsigned long tcmi_core_minute;		/* its beginning */
static atomic_t tcmi_core_lines;

/**
 * tcmi_core_refused() - core has refused a command, and has perhaps logged it
 */
void tcmi_core_refused(void)
{
	if (time_after(jiffies, READ_ONCE(tcmi_core_minute) + TCMI_CORE_MINUTE)) {
		WRITE_ONCE(tcmi_core_minute, jiffies);
		atomic_set(&tcmi_core_lines, 0);
	}
	atomic_inc(&tcmi_core_lines);
}

/* Of a CDB that reads or writes blocks: are there so many? */
static bool tcmi_core_beyond(struct se_device *dev, const u8 *cdb)
{
	u64 lba, blocks;
	u32 sectors;

	switch (cdb[0]) {
	case READ_6:
	case WRITE_6:
		lba = get_unaligned_be24(cdb + 1) & 0x1fffff;
		sectors = cdb[4] ?: 256;
		break;
	case READ_10:
	case WRITE_10:
		lba = get_unaligned_be32(cdb + 2);
		sectors = get_unaligned_be16(cdb + 7);
		break;
	case READ_12:
	case WRITE_12:
		lba = get_unaligned_be32(cdb + 2);
		sectors = get_unaligned_be32(cdb + 6);
		break;
	case READ_16:
	case WRITE_16:
		lba = get_unaligned_be64(cdb + 2);
		sectors = get_unaligned_be32(cdb + 10);
		break;
	default:
		return false;
	}
	blocks = dev->transport->get_blocks(dev) + 1;
	return lba > blocks || sectors > blocks - lba;
}

static sense_reason_t tcmi_core_deve(const struct se_cmd *se_cmd, const u8 *cdb,
				     const struct se_dev_entry *deve)
{
	struct se_device *dev = rcu_dereference(deve->se_lun->lun_se_dev);

	if (READ_ONCE(deve->se_lun->lun_shutdown) && cdb[0] != REPORT_LUNS)
		return TCM_NON_EXISTENT_LUN;
	if (deve->lun_access_ro && se_cmd->data_direction == DMA_TO_DEVICE)
		return TCM_WRITE_PROTECTED;
	if (dev && !(dev->transport_flags & TRANSPORT_FLAG_PASSTHROUGH) &&
	    tcmi_core_beyond(dev, cdb))
		return TCM_ADDRESS_OUT_OF_RANGE;
	return TCM_NO_SENSE;
}

static sense_reason_t tcmi_core_access(const struct se_cmd *se_cmd, const u8 *cdb)
{
	/* everyone may ask LUN 0 what there is */
	sense_reason_t reason = se_cmd->orig_fe_lun ? TCM_NON_EXISTENT_LUN : TCM_NO_SENSE;
	struct se_dev_entry *deve;

	rcu_read_lock();
	hlist_for_each_entry_rcu(deve, &se_cmd->se_sess->se_node_acl->lun_entry_hlist, link)
		if (deve->mapped_lun == se_cmd->orig_fe_lun)
			reason = tcmi_core_deve(se_cmd, cdb, deve);
	rcu_read_unlock();
	return reason;
}

/**
 * tcmi_core_lookup() - refuse in core's place what core would log
 * @se_cmd: a command, not prepared yet
 * @cdb: its whole CDB
 * Return: true if its status has been posted.
 */
bool tcmi_core_lookup(struct se_cmd *se_cmd, const u8 *cdb)
{
	sense_reason_t reason;

	if (likely(!atomic_read(&tcmi_unlinks_begun)) &&
	    (likely(atomic_read(&tcmi_core_lines) < TCMI_CORE_LINES) ||
	     time_after(jiffies, READ_ONCE(tcmi_core_minute) + TCMI_CORE_MINUTE)))
		return false;
	reason = tcmi_core_access(se_cmd, cdb);
	if (!reason)
		return false;
	transport_send_check_condition_and_sense(se_cmd, reason, 0);
	target_put_sess_cmd(se_cmd);
	return true;
}

/* ---- directions ---- */

#define TCMI_OP_SANITIZE	0x48
#define TCMI_OP_ORWRITE		0x8b
#define TCMI_OP_WRITE_ATOMIC	0x9c

enum tcmi_cdb_kind {		/* what a CDB says of its data */
	TCMI_CDB_OTHER,
	TCMI_CDB_READS,
	TCMI_CDB_WRITES,	/* changes the medium, some with no data at all */
	TCMI_CDB_TAKES,		/* a parameter list */
};

static enum tcmi_cdb_kind tcmi_cdb_long_kind(const u8 *cdb)
{
	switch (cdb[8] << 8 | cdb[9]) {
	case READ_32:
		return TCMI_CDB_READS;
	case XDWRITE_32:
	case WRITE_32:
	case WRITE_VERIFY_32:
	case WRITE_SAME_32:
		return TCMI_CDB_WRITES;
	default:
		return TCMI_CDB_OTHER;
	}
}

static enum tcmi_cdb_kind tcmi_cdb_kind(const u8 *cdb)
{
	switch (cdb[0]) {
	case READ_6:
	case READ_10:
	case READ_12:
	case READ_16:
		return TCMI_CDB_READS;
	case FORMAT_UNIT:
	case WRITE_6:
	case WRITE_FILEMARKS:
	case ERASE:
	case WRITE_10:
	case WRITE_VERIFY:
	case WRITE_LONG:
	case WRITE_SAME:
	case UNMAP:
	case TCMI_OP_SANITIZE:
	case COMPARE_AND_WRITE:
	case WRITE_16:
	case TCMI_OP_ORWRITE:
	case WRITE_VERIFY_16:
	case WRITE_SAME_16:
	case ZBC_OUT:
	case TCMI_OP_WRITE_ATOMIC:
	case WRITE_12:
	case WRITE_VERIFY_12:
		return TCMI_CDB_WRITES;
	case MODE_SELECT:
	case MODE_SELECT_10:
	case PERSISTENT_RESERVE_OUT:
	case EXTENDED_COPY:
	case MAINTENANCE_OUT:
		return TCMI_CDB_TAKES;
	case VARIABLE_LENGTH_CMD:
		return tcmi_cdb_long_kind(cdb);
	default:
		return TCMI_CDB_OTHER;
	}
}

/**
 * tcmi_core_direction() - the direction of a command's data, as core is to see it
 * @req: the request
 * @cdb: the whole CDB
 *
 * What may write to a LUN, and who does in spite of a reservation, core judges by the
 * direction. So what erases without any data has one, too.
 *
 * Return: the direction.
 */
enum dma_data_direction tcmi_core_direction(const struct iscsip_req *req, const u8 *cdb)
{
	if (!req->scsi.edtl)
		return tcmi_cdb_kind(cdb) == TCMI_CDB_WRITES ? DMA_TO_DEVICE : DMA_NONE;
	return req->scsi.write ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
}

/**
 * tcmi_core_contradicts() - does the CDB move other data than the initiator says?
 * @cmd: a command, prepared
 *
 * The other way, which core would do with the rights of what was said; or another length,
 * which core takes for granted where the CDB asks for protection information.
 *
 * Return: true if it must not start.
 */
bool tcmi_core_contradicts(const struct tcmi_cmd *cmd)
{
	const struct se_cmd *se_cmd = &cmd->se_cmd;
	struct se_device *dev = se_cmd->se_dev;
	const u8 *cdb = se_cmd->t_task_cdb;

	if (se_cmd->data_length > cmd->req.scsi.edtl ||
	    (se_cmd->data_length < cmd->req.scsi.edtl &&
	     !(se_cmd->se_cmd_flags & SCF_UNDERFLOW_BIT) && tcmi_cmd_is_write(cmd)))
		return true;
	switch (tcmi_cdb_kind(cdb)) {
	case TCMI_CDB_READS:
		return se_cmd->data_direction == DMA_TO_DEVICE;
	case TCMI_CDB_WRITES:
	case TCMI_CDB_TAKES:
		/* of CDs and DVDs these are READ SUB-CHANNEL and REPORT KEY */
		if ((cdb[0] == UNMAP || cdb[0] == MAINTENANCE_OUT) &&
		    dev->transport->get_device_type(dev) == TYPE_ROM)
			return false;
		return se_cmd->data_direction == DMA_FROM_DEVICE;
	default:
		return false;
	}
}

#define TCMI_CORE_ANSWER	(64 * 1024)

/**
 * tcmi_core_whole_answer() - have core fill in more than the initiator expects
 * @se_cmd: a command, prepared
 *
 * An allocation length above the expected length is no overflow yet: that takes more data
 * (11.4.5.3), and how much there is core says only when it had room for it.
 */
void tcmi_core_whole_answer(struct se_cmd *se_cmd)
{
	u32 len;

	if (!(se_cmd->se_cmd_flags & SCF_OVERFLOW_BIT) ||
	    se_cmd->se_cmd_flags & SCF_SCSI_DATA_CDB || !se_cmd->data_length ||
	    se_cmd->data_direction != DMA_FROM_DEVICE)
		return;
	len = min(se_cmd->data_length + se_cmd->residual_count, TCMI_CORE_ANSWER);
	if (len <= se_cmd->data_length)
		return;
	se_cmd->data_length = len;
	se_cmd->residual_count = 0;
	se_cmd->se_cmd_flags &= ~SCF_OVERFLOW_BIT;
}

/**
 * tcmi_core_guard() - keep core from three mistakes
 * @cmd: a command, prepared
 *
 * It executes a PERSISTENT RESERVE OUT behind an ORDERED command when that has been executed,
 * which takes a dead disk for ever; and with it those of all nodes, of which there is one at a
 * time. None of them needs the disk.
 *
 * For the protection information of no blocks it makes a list without entries, and marks
 * the last one.
 *
 * It unlocks COMPARE AND WRITE without having locked it when a unit attention or a
 * reservation comes first: with a warning, and from then on two COMPARE AND WRITEs run at
 * the same time. Whether it has locked shows in the length, which it halves behind that.
 */
void tcmi_core_guard(struct tcmi_cmd *cmd)
{
	struct se_cmd *se_cmd = &cmd->se_cmd;

	if (!se_cmd->prot_length)
		se_cmd->prot_op = TARGET_PROT_NORMAL;
	if (tcmi_reserve_emulated(se_cmd))
		se_cmd->sam_task_attr = TCM_HEAD_TAG;
	if (!(se_cmd->se_cmd_flags & SCF_COMPARE_AND_WRITE) ||
	    !se_cmd->transport_complete_callback)
		return;
	cmd->caw_len = se_cmd->data_length;
	cmd->caw_callback = se_cmd->transport_complete_callback;
	se_cmd->transport_complete_callback = tcmi_caw_done;
}
