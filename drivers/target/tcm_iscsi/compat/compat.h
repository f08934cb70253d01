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
#include <linux/uio.h>

/* crypto_memneq() moved to its own header in 6.8 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#include <crypto/algapi.h>
#else
#include <crypto/utils.h>
#endif

/* kernel_bind() takes a struct sockaddr_unsized since 6.19 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
#define TCMI_SOCKADDR(ss)	((struct sockaddr *)(ss))
#else
#define TCMI_SOCKADDR(ss)	((struct sockaddr_unsized *)(ss))
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
	.default_compl_type		= TARGET_QUEUE_COMPL,
#endif

/* The in-tree target had an attribute netif_timeout, without meaning, until 6.5. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define TCMI_COMPAT_NETIF_TIMEOUT
#endif

#endif /* __ASSEMBLY__ */
#endif
