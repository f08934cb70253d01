// SPDX-License-Identifier: GPL-2.0
/*
 * Pages for the data of reads and writes, used over and over by one connection.
 *
 * Core would have them cleared by the allocator, page by page, for each command. A
 * chunk is cleared once, when it comes from the allocator, and never serves another
 * connection. So whatever a backend leaves unwritten in it, the initiator sees bytes
 * that it has sent or received itself, or zeros.
 *
 * TCP may refer to a chunk long after its command has ended. Chunks are used in the
 * order in which they came back; one that is still referred to is not used, and as
 * those behind it were sent later, a new one is made instead.
 */
#include <linux/crc32c.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include "tcm_iscsi.h"

#define TCMI_STOCK_PERIOD	HZ	/* chunks not used for so long are given back */
#define TCMI_STOCK_SHARE	32	/* of all memory, at most this part */

struct tcmi_chunk {
	struct tcmi_chunk *next;
	u8 order;
	struct scatterlist sg;
};

static atomic_long_t tcmi_stock_pages;	/* in all chunks, of commands too */

static int tcmi_stock_show(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%ld\n", atomic_long_read(&tcmi_stock_pages));
}

static const struct kernel_param_ops tcmi_stock_ops = { .get = tcmi_stock_show };
module_param_cb(stock_pages, &tcmi_stock_ops, NULL, 0444);
MODULE_PARM_DESC(stock_pages, "Pages that connections keep for data (read-only)");

static struct tcmi_chunk *tcmi_chunk_new(u8 order)
{
	gfp_t gfp = GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN;
	struct tcmi_chunk *chunk;
	struct page *page;

	if (atomic_long_read(&tcmi_stock_pages) > totalram_pages() / TCMI_STOCK_SHARE)
		return NULL;
	if (order)	/* smaller ones will do: no need to try hard */
		gfp = (gfp & ~__GFP_DIRECT_RECLAIM) | __GFP_COMP | __GFP_NORETRY;
	chunk = kmalloc(sizeof(*chunk), GFP_KERNEL);
	page = chunk ? alloc_pages(gfp, order) : NULL;
	if (!page) {
		kfree(chunk);
		return NULL;
	}
	chunk->order = order;
	sg_init_table(&chunk->sg, 1);
	sg_set_page(&chunk->sg, page, 0, 0);
	atomic_long_add(1L << order, &tcmi_stock_pages);
	return chunk;
}

static void tcmi_chunk_free(struct tcmi_chunk *chunk)
{
	atomic_long_sub(1L << chunk->order, &tcmi_stock_pages);
	put_page(sg_page(&chunk->sg));
	kfree(chunk);
}

static struct tcmi_chunk *tcmi_stock_pop(struct tcmi_stock *stock, u8 order)
{
	struct tcmi_shelf *shelf = &stock->shelf[order];
	struct tcmi_chunk *chunk = shelf->first;

	if (!chunk)
		return NULL;
	shelf->first = chunk->next;
	shelf->count--;
	return chunk;
}

/* A chunk of this order, or of a smaller one where there is no memory for it. */
static struct tcmi_chunk *tcmi_stock_chunk(struct tcmi_stock *stock, u8 order)
{
	struct tcmi_chunk *chunk;

	do {
		struct tcmi_shelf *shelf = &stock->shelf[order];

		if (shelf->first && page_ref_count(sg_page(&shelf->first->sg)) == 1) {
			chunk = tcmi_stock_pop(stock, order);
			shelf->low = min(shelf->low, shelf->count);
			return chunk;
		}
		shelf->low = 0;
		chunk = tcmi_chunk_new(order);
	} while (!chunk && order--);
	return chunk;
}

static int tcmi_stock_list(struct tcmi_data *data)
{
	struct tcmi_chunk *chunk = data->chunks;
	struct scatterlist *sg;

	if (data->nents == 1) {
		data->sgl = &chunk->sg;
		return 0;
	}
	data->sgl = kmalloc_array(data->nents, sizeof(*data->sgl), GFP_KERNEL);
	if (!data->sgl)
		return -ENOMEM;
	sg_init_table(data->sgl, data->nents);
	for (sg = data->sgl; chunk; chunk = chunk->next, sg++)
		sg_set_page(sg, sg_page(&chunk->sg), chunk->sg.length, 0);
	return 0;
}

/**
 * tcmi_stock_take() - pages for a command
 * @stock: the stock; its connection's thread calls
 * @len: bytes, not 0
 * @data: blank; gets the scatterlist
 *
 * The pages hold anything that this connection has had, so they are for those who
 * write all of @len before anybody reads it.
 *
 * Return: 0; -ENOMEM where there is no memory, or the stocks have their share of it.
 */
int tcmi_stock_take(struct tcmi_stock *stock, u32 len, struct tcmi_data *data)
{
	struct tcmi_chunk **end = &data->chunks;

	while (len) {
		u8 order = min_t(u8, ilog2(DIV_ROUND_UP(len, PAGE_SIZE)), TCMI_STOCK_ORDER);
		struct tcmi_chunk *chunk = tcmi_stock_chunk(stock, order);

		if (!chunk)
			goto out;
		chunk->sg.length = min_t(u32, len, PAGE_SIZE << chunk->order);
		chunk->next = NULL;
		len -= chunk->sg.length;
		*end = chunk;
		end = &chunk->next;
		data->nents++;
	}
	if (!tcmi_stock_list(data))
		return 0;
out:
	tcmi_stock_give(stock, data);
	return -ENOMEM;
}

/**
 * tcmi_stock_give() - the command needs its pages no more
 * @stock: the stock; its connection's thread calls
 * @data: of tcmi_stock_take(), or blank
 */
void tcmi_stock_give(struct tcmi_stock *stock, struct tcmi_data *data)
{
	struct tcmi_chunk *chunk, *next;

	if (data->nents > 1)
		kfree(data->sgl);
	for (chunk = data->chunks; chunk; chunk = next) {
		struct tcmi_shelf *shelf = &stock->shelf[chunk->order];

		next = chunk->next;
		if (stock->closed) {
			tcmi_chunk_free(chunk);
			continue;
		}
		chunk->next = NULL;
		if (shelf->first)
			shelf->last->next = chunk;
		else
			shelf->first = chunk;
		shelf->last = chunk;
		shelf->count++;
	}
	memset(data, 0, sizeof(*data));
}

/**
 * tcmi_stock_tick() - give back what has not been needed for a while
 * @stock: the stock; its connection's thread calls
 * Return: when to look again in jiffies, 0 if the stock is empty.
 */
unsigned long tcmi_stock_tick(struct tcmi_stock *stock)
{
	u32 count = 0;
	int i;

	for (i = 0; i <= TCMI_STOCK_ORDER; i++)
		count += stock->shelf[i].count;
	if (!count) {
		stock->tick = 0;
		return 0;
	}
	if (stock->tick && time_before(jiffies, stock->tick))
		return stock->tick;
	for (i = 0; i <= TCMI_STOCK_ORDER; i++) {
		struct tcmi_shelf *shelf = &stock->shelf[i];

		/* the first look starts the period */
		for (; stock->tick && shelf->low; shelf->low--)
			tcmi_chunk_free(tcmi_stock_pop(stock, i));
		shelf->low = shelf->count;
	}
	stock->tick = (jiffies + TCMI_STOCK_PERIOD) | 1;
	return stock->tick;
}

/**
 * tcmi_stock_close() - give everything back, now and from now on
 * @stock: the stock; its connection's thread calls
 */
void tcmi_stock_close(struct tcmi_stock *stock)
{
	struct tcmi_chunk *chunk;
	int i;

	stock->closed = true;
	for (i = 0; i <= TCMI_STOCK_ORDER; i++)
		while ((chunk = tcmi_stock_pop(stock, i)))
			tcmi_chunk_free(chunk);
}

/**
 * tcmi_page_crc() - CRC32C of data in pages that follow each other
 * @crc: of what comes before them
 * @page: the first page
 * @off: where in it the data begin, or in one of those behind it
 * @len: bytes
 */
u32 tcmi_page_crc(u32 crc, struct page *page, u32 off, u32 len)
{
	/* all of them have an address, unless pages need to be mapped one by one */
	if (!IS_ENABLED(CONFIG_KMAP_LOCAL))
		return crc32c(crc, page_address(page) + off, len);
	while (len) {
		u32 n = min_t(u32, len, PAGE_SIZE - offset_in_page(off));
		void *p = kmap_local_page(page + (off >> PAGE_SHIFT));

		crc = crc32c(crc, p + offset_in_page(off), n);
		kunmap_local(p);
		off += n;
		len -= n;
	}
	return crc;
}
