// SPDX-License-Identifier: GPL-2.0
/*
 * One bug of each kind that the debug kernel is there to report. Writing the
 * name of a bug to the parameter "bug" commits it.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

/* What the compiler cannot see through it does not warn of, or leave out. */
#define hide(var) OPTIMIZER_HIDE_VAR(var)

static volatile u8 plant_sink;

static int plant_use_after_free(void)
{
	u8 *p = kzalloc(64, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	kfree(p);
	hide(p);
	plant_sink = p[8];
	return 0;
}

static int plant_slab_bounds(void)
{
	u8 *p = kzalloc(60, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	hide(p);
	plant_sink = p[60];
	kfree(p);
	return 0;
}

static int plant_vmalloc_bounds(void)
{
	u8 *p = vzalloc(PAGE_SIZE - 16);

	if (!p)
		return -ENOMEM;
	hide(p);
	plant_sink = p[PAGE_SIZE - 16];
	vfree(p);
	return 0;
}

static int plant_stack_bounds(void)
{
	u8 on_stack[16] = {};
	u8 *p = on_stack;

	hide(p);
	plant_sink = p[17];
	return 0;
}

static int plant_global_bounds(void)
{
	static u8 global[10];
	u8 *p = global;

	hide(p);
	plant_sink = p[11];
	return 0;
}

static int plant_double_free(void)
{
	u8 *p = kzalloc(64, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	kfree(p);
	hide(p);
	kfree(p);
	return 0;
}

/* Many: from Linux 7 on an allocator's own list may still name the last ones. */
static int plant_leak(void)
{
	int i;

	for (i = 0; i < 200; i++) {
		u8 *p = kzalloc(72, GFP_KERNEL);

		if (!p)
			return -ENOMEM;
		hide(p);
	}
	return 0;
}

static int plant_alloc(void)
{
	u8 *p = kzalloc(64, GFP_KERNEL);

	kfree(p);
	return p ? 0 : -ENOMEM;
}

static int plant_alloc_page(void)
{
	struct page *page = alloc_page(GFP_KERNEL);

	if (!page)
		return -ENOMEM;
	__free_page(page);
	return 0;
}

static int plant_sleep_in_atomic(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	msleep(1);
	spin_unlock(&lock);
	return 0;
}

static int plant_sleep_in_rcu(void)
{
	static DEFINE_MUTEX(mutex);

	rcu_read_lock();
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
	rcu_read_unlock();
	return 0;
}

static int plant_preemptible(void)
{
	plant_sink = smp_processor_id();
	return 0;
}

static int plant_rcu_unprotected(void)
{
	static u8 __rcu *protected;

	plant_sink = !rcu_dereference(protected);
	return 0;
}

static int plant_lock_inversion(void)
{
	static DEFINE_MUTEX(first);
	static DEFINE_MUTEX(second);

	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
	return 0;
}

static void plant_nothing(struct timer_list *timer)
{
}

static int plant_free_active_timer(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return -ENOMEM;
	timer_setup(timer, plant_nothing, 0);
	mod_timer(timer, jiffies + 3600 * HZ);
	/* The check stops the timer: it disarms what it reports. */
	kfree(timer);
	return 0;
}

static void plant_no_work(struct work_struct *work)
{
}

static int plant_init_active_work(void)
{
	struct delayed_work *work = kzalloc(sizeof(*work), GFP_KERNEL);

	if (!work)
		return -ENOMEM;
	INIT_DELAYED_WORK(work, plant_no_work);
	schedule_delayed_work(work, 3600 * HZ);
	INIT_DELAYED_WORK(work, plant_no_work);
	cancel_delayed_work_sync(work);
	kfree(work);
	return 0;
}

static int plant_list_add(void)
{
	LIST_HEAD(head);
	struct list_head entry;

	list_add(&entry, &head);
	/* Refused, as the entry is there. */
	list_add(&entry, &head);
	return 0;
}

static int plant_list_del(void)
{
	LIST_HEAD(head);
	struct list_head entry;

	list_add(&entry, &head);
	list_del(&entry);
	list_del(&entry);
	return 0;
}

static int plant_refcount_underflow(void)
{
	refcount_t count = REFCOUNT_INIT(1);

	refcount_dec(&count);
	return refcount_dec_and_test(&count) ? 0 : -ERANGE;
}

static int plant_refcount_from_zero(void)
{
	refcount_t count = REFCOUNT_INIT(0);

	refcount_inc(&count);
	return 0;
}

static int plant_shift(void)
{
	int by = 40;

	hide(by);
	plant_sink = 1 << by;
	return 0;
}

static int plant_index(void)
{
	static u8 small[4], behind[64];
	int i = 5;

	hide(i);
	plant_sink = small[i] + behind[0];
	return 0;
}

static int plant_bool(void)
{
	u8 byte = 7;
	bool *p = (bool *)&byte;

	hide(p);
	plant_sink = *p;
	return 0;
}

static DECLARE_COMPLETION(plant_awaited);

static int plant_wait(void *unused)
{
	wait_for_completion(&plant_awaited);
	return 0;
}

static struct task_struct *plant_hung;

static int plant_hung_task(void)
{
	plant_hung = kthread_run(plant_wait, NULL, "plant-hung");
	return PTR_ERR_OR_ZERO(plant_hung);
}

static int plant_end_hung_task(void)
{
	complete(&plant_awaited);
	return 0;
}

static int plant_soft_lockup(void)
{
	unsigned long end = jiffies + 10 * HZ;

	preempt_disable();
	while (time_before(jiffies, end))
		cpu_relax();
	preempt_enable();
	return 0;
}

static unsigned long plant_shared;

static int plant_racer(void *unused)
{
	while (!kthread_should_stop()) {
		plant_shared += 2;
		barrier();
		cond_resched();
	}
	return 0;
}

static int plant_data_race(void)
{
	struct task_struct *racer = kthread_run(plant_racer, NULL, "plant-racer");
	unsigned long end = jiffies + 5 * HZ;

	if (IS_ERR(racer))
		return PTR_ERR(racer);
	while (time_before(jiffies, end)) {
		plant_shared += 3;
		barrier();
		cond_resched();
	}
	return kthread_stop(racer);
}

static const struct {
	const char *name;
	int (*commit)(void);
} plant_bugs[] = {
	{ "use-after-free", plant_use_after_free },
	{ "slab-bounds", plant_slab_bounds },
	{ "vmalloc-bounds", plant_vmalloc_bounds },
	{ "stack-bounds", plant_stack_bounds },
	{ "global-bounds", plant_global_bounds },
	{ "double-free", plant_double_free },
	{ "leak", plant_leak },
	{ "alloc", plant_alloc },
	{ "alloc-page", plant_alloc_page },
	{ "sleep-in-atomic", plant_sleep_in_atomic },
	{ "sleep-in-rcu", plant_sleep_in_rcu },
	{ "preemptible", plant_preemptible },
	{ "rcu-unprotected", plant_rcu_unprotected },
	{ "lock-inversion", plant_lock_inversion },
	{ "free-active-timer", plant_free_active_timer },
	{ "init-active-work", plant_init_active_work },
	{ "list-add", plant_list_add },
	{ "list-del", plant_list_del },
	{ "refcount-underflow", plant_refcount_underflow },
	{ "refcount-from-zero", plant_refcount_from_zero },
	{ "shift", plant_shift },
	{ "index", plant_index },
	{ "bool", plant_bool },
	{ "hung-task", plant_hung_task },
	{ "end-hung-task", plant_end_hung_task },
	{ "soft-lockup", plant_soft_lockup },
	{ "data-race", plant_data_race },
};

static int plant_set(const char *value, const struct kernel_param *param)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(plant_bugs); i++)
		if (sysfs_streq(value, plant_bugs[i].name))
			return plant_bugs[i].commit();
	return -EINVAL;
}

static const struct kernel_param_ops plant_ops = {
	.set = plant_set,
};
module_param_cb(bug, &plant_ops, NULL, 0200);
MODULE_PARM_DESC(bug, "the bug to commit");

static int __init plant_init(void)
{
	return 0;
}

static void __exit plant_exit(void)
{
}

module_init(plant_init);
module_exit(plant_exit);
MODULE_DESCRIPTION("Bugs on purpose, for the debug kernel to report");
MODULE_LICENSE("GPL");
