#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Addresses, one a line, as a histogram of symbols.

Below the first symbol is user space; far behind the last one is what the kernel
does not know: the host's kernel under User Mode Linux.

usage: symbols.py KALLSYMS [LINES] <ADDRESSES
"""
import bisect
import collections
import sys


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
    return name[name.index("[") + 1:-1] if name.endswith("]") else "kernel"


def main():
    symbols = load(sys.argv[1])
    most = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    addresses = [a for a, _ in symbols]
    count, modules, total = collections.Counter(), collections.Counter(), 0
    for line in sys.stdin:
        address = int(line, 16)
        total += 1
        i = bisect.bisect_right(addresses, address) - 1
        if i < 0:
            name = "(user)"
        elif address - addresses[i] > 1 << 20:
            name = "(outside)"
        else:
            name = symbols[i][1]
        count[name] += 1
        modules[name.strip("()") if name.startswith("(") else module_of(name)] += 1
    if not total:
        sys.exit("no samples")
    print("%d samples" % total)
    print("  ".join("%s %.1f%%" % (m, 100 * n / total) for m, n in modules.most_common()))
    for name, n in count.most_common(most):
        print("%6.2f%%  %s" % (100 * n / total, name))


if __name__ == "__main__":
    main()
