// SPDX-License-Identifier: GPL-2.0
/*
 * tcm_iscsi: an iSCSI target for the kernel's target core.
 *
 * Loading and unloading: the order here is the order of the layers, undone in
 * reverse.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include "cmd.h"

/* targets, portal groups, portals, and all their attributes */
DEFINE_MUTEX(tcmi_config_mutex);
LIST_HEAD(tcmi_wwns);
struct workqueue_struct *tcmi_wq;
struct workqueue_struct *tcmi_submit_wq;
/* No reclaim depends on it: work of such a queue may not wait for one without a rescuer. */
struct workqueue_struct *tcmi_end_wq;

/*
 * Two fabrics named iSCSI would be the end of core's list. The in-tree module
 * exports a function of this name: whichever of the two comes second is refused by
 * the module loader ("exports duplicate symbol").
 */
void *iscsit_get_datain_values(void *cmd, void *datain);
void *iscsit_get_datain_values(void *cmd, void *datain)
{
	return NULL;
}
EXPORT_SYMBOL(iscsit_get_datain_values);

static int __init tcmi_init(void)
{
	int ret = -ENOMEM;

	tcmi_cmd_cache = KMEM_CACHE(tcmi_cmd, SLAB_HWCACHE_ALIGN);
	if (!tcmi_cmd_cache)
		return ret;
	tcmi_wq = alloc_workqueue("tcmi", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!tcmi_wq)
		goto out_cache;
	tcmi_submit_wq = alloc_workqueue("tcmi_submit", WQ_UNBOUND | WQ_MEM_RECLAIM,
					 WQ_MAX_ACTIVE);
	if (!tcmi_submit_wq)
		goto out_wq;
	tcmi_end_wq = alloc_workqueue("tcmi_end", WQ_UNBOUND, 0);
	if (!tcmi_end_wq)
		goto out_submit_wq;
	tcmi_auth_init();
	ret = tcmi_configfs_init();
	if (ret)
		goto out_auth;
	ret = target_register_template(&tcmi_fabric_ops);
	if (ret)
		goto out_configfs;
	tcmi_refusal_init();
	return 0;

out_configfs:
	tcmi_configfs_exit();
out_auth:
	tcmi_auth_exit();
	destroy_workqueue(tcmi_end_wq);
out_submit_wq:
	destroy_workqueue(tcmi_submit_wq);
out_wq:
	destroy_workqueue(tcmi_wq);
out_cache:
	kmem_cache_destroy(tcmi_cmd_cache);
	return ret;
}

static void __exit tcmi_exit(void)
{
	target_unregister_template(&tcmi_fabric_ops);
	tcmi_configfs_exit();
	/*
	 * Workers, core's among them, that were preempted on their way out: they have let go of
	 * their command, and of what kept the module, but not of their lane or connection.
	 */
	synchronize_rcu_tasks();
	tcmi_submit_exit();
	destroy_workqueue(tcmi_end_wq);
	tcmi_refusal_exit();
	tcmi_auth_exit();
	destroy_workqueue(tcmi_submit_wq);
	destroy_workqueue(tcmi_wq);
	tcmi_compat_barrier_tasks();	/* sessions that left their ACL */
	kmem_cache_destroy(tcmi_cmd_cache);
	tcmi_quota_exit();
}

module_init(tcmi_init);
module_exit(tcmi_exit);

MODULE_DESCRIPTION("iSCSI target for the kernel's target core");
MODULE_AUTHOR("The tcm_iscsi authors");
MODULE_LICENSE("GPL");
MODULE_SOFTDEP("pre: crypto-md5 crypto-sha1 crypto-sha256 crypto-sha3-256");
