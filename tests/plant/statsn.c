// SPDX-License-Identifier: GPL-2.0
/*
 * Random numbers that the target takes are 2^32 - 16 while this is loaded: the first
 * StatSN of a connection is one, and wraps soon.
 */
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>

static int statsn_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	char caller[KSYM_SYMBOL_LEN];

	sprint_symbol(caller, get_kretprobe_retaddr(ri));
	if (strstr(caller, "[tcm_iscsi]"))
		regs_set_return_value(regs, -16U);
	return 0;
}

static struct kretprobe statsn_probe = {
	.kp.symbol_name = "get_random_u32",
	.handler = statsn_return,
	.maxactive = 32,
};

static int __init statsn_init(void)
{
	return register_kretprobe(&statsn_probe);
}
module_init(statsn_init);

static void __exit statsn_exit(void)
{
	unregister_kretprobe(&statsn_probe);
}
module_exit(statsn_exit);

MODULE_DESCRIPTION("A StatSN that wraps soon");
MODULE_LICENSE("GPL");
