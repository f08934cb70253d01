// SPDX-License-Identifier: GPL-2.0
/*
 * The limit: answers the PDUs of a load generator as an iSCSI target would, but
 * has no SCSI, no disk and no target core, and trusts its peer. One thread for
 * each connection takes what TCP has, and answers all of it in one send; data
 * to read are pages that are always the same, data written are dropped.
 * For benchmarks in a VM, never for a network.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#if __has_include(<linux/unaligned.h>)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>	/* until 6.11 */
#endif
#include <linux/bvec.h>
#include <linux/in.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/uio.h>
#include <net/sock.h>
#include <net/tcp.h>

#ifndef MSG_SPLICE_PAGES
#define MSG_SPLICE_PAGES 0	/* 6.1 copies */
#endif

#define NULL_STAGE	(256 * 1024)
#define NULL_DATA_ORDER	6	/* 256 KiB, the longest data segment */
#define NULL_DATA_LEN	(PAGE_SIZE << NULL_DATA_ORDER)
#define NULL_BVECS	256
#define NULL_WINDOW	1024
#define NULL_CONNS	4096
#define BHS		48

static ushort port = 3260;
module_param(port, ushort, 0444);
MODULE_PARM_DESC(port, "TCP port on 127.0.0.1");

static struct socket *listener;
static struct task_struct *acceptor;
static struct page *data_page;
static struct task_struct *conn_tasks[NULL_CONNS];
static unsigned int nconns;

struct null_conn {
	struct socket *sock;
	u8 *stage;
	u32 have;
	u32 skip;		/* payload that is still to come */
	struct page *hpage;	/* headers of answers */
	u32 hoff;
	struct bio_vec bv[NULL_BVECS];
	u32 nbv;
	u32 bytes;
	u32 statsn;
	u32 exp_cmdsn;
	bool logout;
};

/* ---- answers ------------------------------------------------------------- */

static int null_send(struct null_conn *c)
{
	struct msghdr msg = { .msg_flags = MSG_SPLICE_PAGES | MSG_NOSIGNAL };
	int ret;

	if (!c->nbv)
		return 0;
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, c->bv, c->nbv, c->bytes);
	while (msg_data_left(&msg)) {
		ret = sock_sendmsg(c->sock, &msg);
		if (ret < 0)
			return ret;
	}
	c->nbv = 0;
	c->bytes = 0;
	return 0;
}

static void null_add(struct null_conn *c, struct page *page, u32 len, u32 off)
{
	bvec_set_page(&c->bv[c->nbv++], page, len, off);
	c->bytes += len;
}

/* Room for a header and @len bytes; TCP may hold the last page still. */
static u8 *null_answer(struct null_conn *c, u8 opcode, const u8 *req, u32 len)
{
	u8 *h;

	if (c->nbv + 3 > NULL_BVECS && null_send(c))
		return NULL;
	if (c->hpage && c->hoff + BHS + len > PAGE_SIZE) {
		if (null_send(c))
			return NULL;
		put_page(c->hpage);
		c->hpage = NULL;
	}
	if (!c->hpage) {
		c->hpage = alloc_page(GFP_KERNEL);
		c->hoff = 0;
		if (!c->hpage)
			return NULL;
	}
	h = page_address(c->hpage) + c->hoff;
	memset(h, 0, BHS);
	h[0] = opcode;
	h[1] = 0x80;
	memcpy(h + 16, req + 16, 4);
	put_unaligned_be32(c->statsn, h + 24);
	put_unaligned_be32(c->exp_cmdsn, h + 28);
	put_unaligned_be32(c->exp_cmdsn + NULL_WINDOW, h + 32);
	put_unaligned_be24(len, h + 5);
	null_add(c, c->hpage, BHS + len, c->hoff);
	c->hoff += ALIGN(BHS + len, 4);
	return h;
}

static int null_status(struct null_conn *c, const u8 *req)
{
	if (!null_answer(c, 0x21, req, 0))
		return -ENOMEM;
	c->statsn++;
	return 0;
}

static int null_read(struct null_conn *c, const u8 *req, u32 edtl)
{
	u32 off, len, sn = 0;
	u8 *h;

	for (off = 0; off < edtl; off += len) {
		len = min_t(u32, edtl - off, NULL_DATA_LEN);
		h = null_answer(c, 0x25, req, 0);
		if (!h)
			return -ENOMEM;
		put_unaligned_be24(len, h + 5);
		put_unaligned_be32(0xffffffff, h + 20);
		put_unaligned_be32(sn++, h + 36);
		put_unaligned_be32(off, h + 40);
		h[1] = off + len == edtl ? 0x81 : 0;
		null_add(c, data_page, len, 0);
	}
	c->statsn++;
	return 0;
}

/* The target's tag says where the data end. */
static int null_r2t(struct null_conn *c, const u8 *req, u32 off, u32 edtl)
{
	u8 *h = null_answer(c, 0x31, req, 0);

	if (!h)
		return -ENOMEM;
	put_unaligned_be32(edtl, h + 20);
	put_unaligned_be32(off, h + 40);
	put_unaligned_be32(edtl - off, h + 44);
	return 0;
}

static int null_login(struct null_conn *c, const u8 *req)
{
	static const char keys[] = "TargetPortalGroupTag=1\0HeaderDigest=None\0"
		"DataDigest=None\0MaxRecvDataSegmentLength=262144\0InitialR2T=Yes\0"
		"ImmediateData=Yes\0FirstBurstLength=65536\0MaxBurstLength=1048576\0"
		"MaxOutstandingR2T=1\0ErrorRecoveryLevel=0\0MaxConnections=1";
	u8 *h;

	c->exp_cmdsn = get_unaligned_be32(req + 24);
	h = null_answer(c, 0x23, req, sizeof(keys));
	if (!h)
		return -ENOMEM;
	c->hoff += -sizeof(keys) & 3;
	c->bv[c->nbv - 1].bv_len += -sizeof(keys) & 3;
	c->bytes += -sizeof(keys) & 3;
	h[1] = req[1];
	memcpy(h + 8, req + 8, 6);
	h[15] = 1;
	memcpy(h + BHS, keys, sizeof(keys));
	c->statsn++;
	return 0;
}

/* ---- requests ------------------------------------------------------------ */

static int null_command(struct null_conn *c, const u8 *req, u32 dlen)
{
	u32 edtl = get_unaligned_be32(req + 20);

	c->exp_cmdsn = get_unaligned_be32(req + 24) + 1;
	if (req[1] & 0x40)
		return null_read(c, req, edtl);
	if ((req[1] & 0x20) && dlen < edtl)
		return null_r2t(c, req, dlen, edtl);
	return null_status(c, req);
}

static int null_data_out(struct null_conn *c, const u8 *req, u32 dlen)
{
	u32 end = get_unaligned_be32(req + 40) + dlen;

	if (end != get_unaligned_be32(req + 20))
		return 0;
	return null_status(c, req);
}

static int null_logout(struct null_conn *c, const u8 *req)
{
	c->logout = true;
	return null_answer(c, 0x26, req, 0) ? 0 : -ENOMEM;
}

static int null_request(struct null_conn *c, const u8 *req)
{
	u32 dlen = get_unaligned_be24(req + 5);

	c->skip = ALIGN(dlen, 4);
	switch (req[0] & 0x3f) {
	case 0x01:
		return null_command(c, req, dlen);
	case 0x03:
		return null_login(c, req);
	case 0x05:
		return null_data_out(c, req, dlen);
	case 0x06:
		return null_logout(c, req);
	default:
		return -EPROTO;
	}
}

static int null_take(struct null_conn *c)
{
	u32 pos = 0, n;
	int ret;

	for (;;) {
		n = min(c->skip, c->have - pos);
		pos += n;
		c->skip -= n;
		if (c->skip || c->have - pos < BHS)
			break;
		pos += BHS;
		ret = null_request(c, c->stage + pos - BHS);
		if (ret)
			return ret;
	}
	memmove(c->stage, c->stage + pos, c->have - pos);
	c->have -= pos;
	return null_send(c);
}

/* ---- threads ------------------------------------------------------------- */

static int null_conn_thread(void *arg)
{
	struct null_conn *c = arg;
	int ret = 0;

	while (!kthread_should_stop() && !ret && !c->logout) {
		struct kvec iov = { c->stage + c->have, NULL_STAGE - c->have };
		struct msghdr msg = { 0 };

		ret = kernel_recvmsg(c->sock, &msg, &iov, 1, iov.iov_len, 0);
		if (ret == -EAGAIN) {
			ret = 0;
			continue;
		}
		if (ret <= 0)
			break;
		c->have += ret;
		ret = null_take(c);
	}
	if (ret < 0)
		pr_info_ratelimited("connection ends: %d\n", ret);
	kernel_sock_shutdown(c->sock, SHUT_RDWR);
	sock_release(c->sock);
	if (c->hpage)
		put_page(c->hpage);
	kvfree(c->stage);
	kfree(c);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ / 10);
	return 0;
}

static void null_accepted(struct socket *sock)
{
	struct null_conn *c = kzalloc(sizeof(*c), GFP_KERNEL);
	struct task_struct *task;

	if (!c)
		goto out_sock;
	c->sock = sock;
	c->statsn = 1;
	c->stage = kvmalloc(NULL_STAGE, GFP_KERNEL);
	if (!c->stage || nconns == NULL_CONNS)
		goto out_conn;
	tcp_sock_set_nodelay(sock->sk);
	sock->sk->sk_rcvtimeo = HZ;
	task = kthread_create(null_conn_thread, c, "bench_null_%u", nconns);
	if (IS_ERR(task))
		goto out_conn;
	conn_tasks[nconns++] = task;
	wake_up_process(task);
	return;

out_conn:
	kvfree(c->stage);
	kfree(c);
out_sock:
	sock_release(sock);
}

static int null_accept_thread(void *arg)
{
	struct socket *sock;

	while (!kthread_should_stop())
		if (!kernel_accept(listener, &sock, 0))
			null_accepted(sock);
	return 0;
}

static int null_listen(void)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int ret;

	ret = sock_create_kern(&init_net, AF_INET, SOCK_STREAM, IPPROTO_TCP, &listener);
	if (ret)
		return ret;
	sock_set_reuseaddr(listener->sk);
	listener->sk->sk_rcvtimeo = HZ / 2;
	/* The type of the address is not the same in all kernels. */
	ret = kernel_bind(listener, (void *)&addr, sizeof(addr));
	if (!ret)
		ret = kernel_listen(listener, 64);
	if (ret)
		sock_release(listener);
	return ret;
}

static int __init null_init(void)
{
	int ret = -ENOMEM;

	data_page = alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_ZERO, NULL_DATA_ORDER);
	if (!data_page)
		return ret;
	ret = null_listen();
	if (ret)
		goto out_page;
	acceptor = kthread_run(null_accept_thread, NULL, "bench_null");
	ret = PTR_ERR_OR_ZERO(acceptor);
	if (ret)
		goto out_listener;
	return 0;

out_listener:
	sock_release(listener);
out_page:
	__free_pages(data_page, NULL_DATA_ORDER);
	return ret;
}

static void __exit null_exit(void)
{
	kthread_stop(acceptor);
	while (nconns)
		kthread_stop(conn_tasks[--nconns]);
	sock_release(listener);
	__free_pages(data_page, NULL_DATA_ORDER);
}

module_init(null_init);
module_exit(null_exit);
MODULE_DESCRIPTION("A null responder for iSCSI benchmarks");
MODULE_LICENSE("GPL");
