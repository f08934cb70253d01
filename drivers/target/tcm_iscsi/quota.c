// SPDX-License-Identifier: GPL-2.0
/*
 * The memory behind commands. Core takes pages for as much as an initiator expects to
 * transfer, in 32 bits, before any of it has come. What one command may have is bounded, and
 * what all large ones have together; small ones the command window bounds.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include "cmd.h"

#define TCMI_QUOTA_SMALL	(64 * 1024)		/* not counted */
#define TCMI_QUOTA_CONN		(4 * 1024 * 1024)	/* that much each connection may have, */
#define TCMI_QUOTA_FLOOR	(256 * 1024)		/* when memory is scarce this */
#define TCMI_QUOTA_MAX_LOW	(8 * 1024 * 1024)	/* the limit for one is in between, */
#define TCMI_QUOTA_MAX_HIGH	(32 * 1024 * 1024)	/* and the backend's */

static atomic_long_t tcmi_quota_used;

/**
 * tcmi_quota_exceeds() - does a command transfer more than any command may?
 * @se_cmd: the command, prepared
 *
 * The backend's limit is in the Block Limits page, which not all initiators read.
 */
bool tcmi_quota_exceeds(const struct se_cmd *se_cmd)
{
	const struct se_dev_attrib *attrib = &se_cmd->se_dev->dev_attrib;
	u64 most = (u64)attrib->hw_max_sectors * attrib->hw_block_size;

	return se_cmd->data_length > clamp_t(u64, most, TCMI_QUOTA_MAX_LOW, TCMI_QUOTA_MAX_HIGH);
}

/**
 * tcmi_quota_take() - count a command's data
 * @cmd: the command, prepared; its connection's thread calls
 *
 * Return: false when there is too much of it: the initiator may try again.
 */
bool tcmi_quota_take(struct tcmi_cmd *cmd)
{
	u32 len = cmd->se_cmd.data_length;
	long all, own, ram = totalram_pages();

	if (len <= TCMI_QUOTA_SMALL)
		return true;
	all = atomic_long_add_return(len, &tcmi_quota_used);
	own = atomic_long_add_return(len, &cmd->conn->quota);
	cmd->quota = len;
	all >>= PAGE_SHIFT;
	if (all <= ram / 8 || own <= TCMI_QUOTA_FLOOR)
		return true;
	/* one at least, however long; but an initiator may have thousands of connections */
	if (all <= ram / 4 && (own <= TCMI_QUOTA_CONN || own == len))
		return true;
	tcmi_quota_give(cmd);
	return false;
}

/**
 * tcmi_quota_give() - a command's data is gone
 * @cmd: the command
 * Context: any.
 */
void tcmi_quota_give(struct tcmi_cmd *cmd)
{
	if (!cmd->quota)
		return;
	atomic_long_sub(cmd->quota, &tcmi_quota_used);
	atomic_long_sub(cmd->quota, &cmd->conn->quota);
	cmd->quota = 0;
}
