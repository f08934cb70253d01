// SPDX-License-Identifier: GPL-2.0
/*
 * The memory behind commands. Core takes pages for as much as an initiator expects to
 * transfer, in 32 bits, before any of it has come. What one command may have is bounded, and
 * what all of them have together.
 *
 * A little every connection has of its own: a session is admitted with that in mind
 * (max_sessions). More it borrows from what all share, and does not give back at once, so
 * that small commands touch nothing that others write.
 */
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include "cmd.h"

#define TCMI_QUOTA_SPARE	(256 * 1024)		/* so much a busy connection may keep */
#define TCMI_QUOTA_CONN		(4 * 1024 * 1024)	/* that much each may have, if need be */
#define TCMI_QUOTA_MAX_HIGH	(32 * 1024 * 1024)	/* the limit for one command */

static atomic_long_t tcmi_quota_lent;	/* bytes */

/**
 * tcmi_quota_exceeds() - does a long command transfer more than any command may?
 * @se_cmd: the command, prepared, with more than %TCMI_QUOTA_MAX_LOW
 *
 * The backend's limit is in the Block Limits page, which not all initiators read.
 */
bool tcmi_quota_exceeds(const struct se_cmd *se_cmd)
{
	const struct se_dev_attrib *attrib = &se_cmd->se_dev->dev_attrib;
	u64 most = (u64)attrib->hw_max_sectors * attrib->hw_block_size;

	return se_cmd->data_length > clamp_t(u64, most, TCMI_QUOTA_MAX_LOW, TCMI_QUOTA_MAX_HIGH);
}

static void tcmi_quota_lend(struct tcmi_conn *conn, long bytes)
{
	conn->lent += bytes;
	atomic_long_add(bytes, &tcmi_quota_lent);
}

static long tcmi_quota_pages(void)
{
	return atomic_long_read(&tcmi_quota_lent) >> PAGE_SHIFT;
}

/**
 * tcmi_quota_scarce() - has so much been lent that nobody may keep what he can do without?
 */
bool tcmi_quota_scarce(void)
{
	return tcmi_quota_pages() > totalram_pages() / 4;
}

/**
 * tcmi_quota_add() - count memory that is there already
 * @conn: the connection that has it; its thread calls
 * @bytes: how much; until tcmi_quota_give()
 */
void tcmi_quota_add(struct tcmi_conn *conn, u32 bytes)
{
	long own = atomic_long_add_return(bytes, &conn->quota);

	if (own > conn->lent)
		tcmi_quota_lend(conn, round_up(own - conn->lent, TCMI_QUOTA_FREE));
}

/**
 * tcmi_quota_borrow() - may a connection have more than it has been lent?
 * @conn: the connection; its thread calls
 * @bytes: what tcmi_quota_take() has counted
 * @own: what it has with that
 * Return: false if not, and that it is not counted any more.
 */
bool tcmi_quota_borrow(struct tcmi_conn *conn, u32 bytes, long own)
{
	long more = round_up(own - conn->lent, TCMI_QUOTA_FREE);
	long all, ram = totalram_pages();

	tcmi_quota_lend(conn, more);
	all = tcmi_quota_pages();
	if (all <= ram / 8)
		return true;
	/* one at least, however long; but an initiator may have thousands of connections */
	if (all <= ram / 4 && (own <= TCMI_QUOTA_CONN || own == bytes))
		return true;
	/* a reserve for who has nothing: his requests may be too long for what is his own */
	if (all <= ram / 4 + ram / 16 && own == bytes && bytes <= TCMI_QUOTA_CONN)
		return true;
	tcmi_quota_give(conn, bytes);
	tcmi_quota_lend(conn, -more);
	return false;
}

/**
 * tcmi_quota_settle() - a connection gives back what it has borrowed and not used
 * @conn: the connection; its thread calls, or whoever drains it
 */
void tcmi_quota_settle(struct tcmi_conn *conn)
{
	long own = atomic_long_read(&conn->quota);
	long spare = conn->lent - max_t(long, own, TCMI_QUOTA_FREE);

	if (spare > 0 && (!own || spare > TCMI_QUOTA_SPARE || tcmi_quota_scarce()))
		tcmi_quota_lend(conn, -spare);
}

/**
 * tcmi_quota_exit() - at unload: all has been given back
 */
void tcmi_quota_exit(void)
{
	WARN_ON(atomic_long_read(&tcmi_quota_lent));
}
