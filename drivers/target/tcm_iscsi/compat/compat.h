/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Backfill for older kernels, force-included before everything else. The code
 * is written for the newest kernel; this directory is the only place that may
 * look at the version. Documentation/compat.rst lists what can go when.
 */
#ifndef TCMI_COMPAT_H
#define TCMI_COMPAT_H

#include <linux/version.h>
#include <linux/kconfig.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "tcm_iscsi needs Linux 6.1 or newer"
#endif

#ifndef __ASSEMBLY__

#include <linux/types.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <linux/bvec.h>
#include <linux/rcupdate.h>
#include <linux/uio.h>
#include <target/target_core_base.h>

/* got a place of its own in 6.12 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#include <asm/unaligned.h>
#else
#include <linux/unaligned.h>
#endif

/* crypto_memneq() moved to its own header in 6.8 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#include <crypto/algapi.h>
#else
#include <crypto/utils.h>
#endif

/*
 * Without preemption an RCU grace period is one of tasks, and call_rcu_tasks() is
 * call_rcu(); but there is no such stand-in for the wait for its callbacks.
 */
#ifdef CONFIG_TASKS_RCU
#define tcmi_compat_barrier_tasks()	rcu_barrier_tasks()
#else
#define tcmi_compat_barrier_tasks()	rcu_barrier()
#endif

/* the names of two opcodes; 6.12 has the old ones, 7.2 the new ones */
#include <scsi/scsi_proto.h>
#ifndef RESERVE_6
#define RESERVE_6	RESERVE
#define RELEASE_6	RELEASE
#endif

/* kernel_bind() takes a struct sockaddr_unsized since 6.19 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
#define TCMI_SOCKADDR(ss)	((struct sockaddr *)(ss))
#else
#define TCMI_SOCKADDR(ss)	((struct sockaddr_unsized *)(ss))
#endif

/*
 * MODULE_INFO() asserts the length of its text since 6.19; sparse up to 0.6.4 knows no
 * constant there but this.
 */
#ifdef __CHECKER__
#define __builtin_strlen(text)	(sizeof(text) - 1)
#endif

/*
 * Sending pages by reference. 6.1 defines MSG_SPLICE_PAGES, but its TCP ignores
 * the flag and copies: only the version tells, a compile probe does not.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
static inline int tcmi_compat_send(struct socket *sock, struct bio_vec *bv,
				   unsigned int nbv, size_t skip, size_t len,
				   bool more)
{
	int sent = 0;

	for (; len; bv++, nbv--) {
		size_t size = bv->bv_len - skip;
		int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
		int ret;

		if (more || size < len)
			flags |= MSG_MORE;
		ret = kernel_sendpage(sock, bv->bv_page, bv->bv_offset + skip,
				      size, flags);
		if (ret < 0)
			return sent ? sent : ret;
		sent += ret;
		if (ret < size)
			return sent;
		len -= size;
		skip = 0;
	}
	return sent;
}
#else
static inline int tcmi_compat_send(struct socket *sock, struct bio_vec *bv,
				   unsigned int nbv, size_t skip, size_t len,
				   bool more)
{
	struct msghdr msg = {
		.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_SPLICE_PAGES |
			     (more ? MSG_MORE : 0),
	};

	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, bv, nbv, len + skip);
	iov_iter_advance(&msg.msg_iter, skip);
	return sock_sendmsg(sock, &msg);
}
#endif

/* ITER_SOURCE and ITER_DEST came with 6.2 (and to 6.1 stable) */
#ifndef ITER_SOURCE
#define ITER_SOURCE	WRITE
#define ITER_DEST	READ
#endif

/*
 * Members of struct target_core_fabric_ops which choose the context of
 * submission (6.7) and of completion (7.0).
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#define TCMI_COMPAT_OPS
#elif LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#define TCMI_COMPAT_OPS \
	.direct_submit_supp		= 1, \
	.default_submit_type		= TARGET_DIRECT_SUBMIT,
#else
#define TCMI_COMPAT_OPS \
	.direct_submit_supp		= 1, \
	.default_submit_type		= TARGET_DIRECT_SUBMIT, \
	.direct_compl_supp		= 1, \
	.default_compl_type		= TARGET_DIRECT_COMPL,
#endif

/*
 * Core forgets that an aborted command was among those which an ORDERED one waits
 * for, or was the ORDERED one that all others wait for: from then on that unit's
 * ordered commands, and what comes behind them, wait for ever. Undone here, as
 * transport_complete_task_attr() does it for commands that complete.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
static inline void tcmi_compat_attr_done(struct se_cmd *cmd)
{
	struct se_device *dev = cmd->se_dev;

	if (cmd->sam_task_attr == TCM_ORDERED_TAG) {
		spin_lock(&dev->delayed_cmd_lock);
		dev->ordered_sync_in_progress = false;
		spin_unlock(&dev->delayed_cmd_lock);
	} else {
		atomic_dec(&dev->non_ordered);
	}
	smp_mb__after_atomic();		/* pairs with core's count, then kick */
	if (atomic_read(&dev->delayed_cmd_count) > 0)
		schedule_work(&dev->delayed_cmd_work);
}
#else
static inline void tcmi_compat_attr_done(struct se_cmd *cmd)
{
	struct se_device *dev = cmd->se_dev;
	unsigned long flags;

	if (!(cmd->se_cmd_flags & SCF_TASK_ORDERED_SYNC)) {
		if (cmd->sam_task_attr == TCM_SIMPLE_TAG)
			percpu_ref_put(&dev->non_ordered);
		return;
	}
	spin_lock_irqsave(&dev->delayed_cmd_lock, flags);
	dev->ordered_sync_in_progress = false;
	if (list_empty(&dev->delayed_cmd_list))
		percpu_ref_resurrect(&dev->non_ordered);
	else
		schedule_work(&dev->delayed_cmd_work);
	spin_unlock_irqrestore(&dev->delayed_cmd_lock, flags);
}
#endif

/* The in-tree target had an attribute netif_timeout, without meaning, until 6.5. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define TCMI_COMPAT_NETIF_TIMEOUT
#endif

#endif /* __ASSEMBLY__ */
#endif
