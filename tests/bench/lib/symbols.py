#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Lines "ADDRESS [TASK]" as a histogram of symbols, of all and of each task.

usage: symbols.py KALLSYMS [LINES] <SAMPLES

Below the first symbol is user space; far behind the last one is what the kernel
does not know: the host's kernel under User Mode Linux.
"""
import bisect
import collections
import re
import sys

# Functions of the kernel itself, by their names: the first that fits.
GROUPS = [
    ("clearing", r"clear_page|memset"),
    ("copying", r"rep_movs|copy_(to|from)_iter|memcpy|copy_from_user|copy_to_user|__skb_datagram"),
    ("block", r"blk|bio|sbitmap|submit_|disk|part_|mempool|elv|null_|bvec"),
    ("TCP/IP", r"tcp|skb|^_*ip_|sock|sk_|inet|net|qdisc|^_*dev_|loopback|nf_|napi|backlog|"
               r"dst_|ipv4|fib|neigh|eth_|validate_xmit|sendmsg|recvmsg|iov_iter|iter"),
    ("memory", r"kmem|kfree|kmalloc|slab|page|alloc|sgl?_|free|rmqueue|folio|virt_addr|object"),
    ("scheduling", r"sched|wake|futex|ttwu|enqueue|dequeue|pick_|switch|kthread|work|pwq|wq_|"
                   r"rcu|timer|tick|task|update_|entity|psi|idle|llist|wait|clock|irq_(enter|exit)|softirq"),
    ("locks, lists", r"spin|mutex|preempt|local_bh|list_|refcount|lock|percpu|_ref"),
]


def load(name):
    symbols = []
    with open(name, encoding="ascii") as f:
        for line in f:
            address, kind, rest = line.split(None, 2)
            # Mapping symbols and data would hide the function they are in.
            if kind in "tTwW" and not rest.startswith("__pfx_"):
                symbols.append((int(address, 16), " ".join(rest.split())))
    symbols.sort()
    return symbols


def module_of(name):
    if name.endswith("]"):
        return name[name.index("[") + 1:-1]
    for group, names in GROUPS:
        if re.search(names, name):
            return group
    return "other"


def symbol_of(symbols, addresses, address):
    i = bisect.bisect_right(addresses, address) - 1
    if i < 0:
        return "(user)"
    if address - addresses[i] > 1 << 20:
        return "(outside)"
    return symbols[i][1]


def show(title, names, total, most):
    count, modules = collections.Counter(names), collections.Counter()
    for name in names:
        modules[name.strip("()") if name.startswith("(") else module_of(name)] += 1
    print("%s: %d samples, %.1f%%" % (title, len(names), 100 * len(names) / total))
    print("  " + "  ".join("%s %.1f%%" % (m, 100 * n / total)
                           for m, n in modules.most_common()))
    for name, n in count.most_common(most):
        print("%6.2f%%  %s" % (100 * n / total, name))
    print()


def main():
    symbols = load(sys.argv[1])
    most = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    addresses = [a for a, _ in symbols]
    tasks, everything = {}, []
    for line in sys.stdin:
        address, *task = line.split()
        name = symbol_of(symbols, addresses, int(address, 16))
        everything.append(name)
        if task:
            tasks.setdefault(task[0], []).append(name)
    if not everything:
        sys.exit("no samples")
    show("all", everything, len(everything), most)
    for task in sorted(tasks, key=lambda t: -len(tasks[t])):
        if len(tasks[task]) * 100 > len(everything):
            show(task, tasks[task], len(everything), most * 2 // 3)


if __name__ == "__main__":
    main()
