#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Medians, ratios and spread of the lines that rounds.sh wrote.

usage: table.py FILE...

Each line is "IMPLEMENTATION ROUND WORKLOAD KEY=VALUE...". A ratio is that of
rounds next to each other; its spread is the smallest and the largest. "us/IO" is
the time from one I/O to the next; "target" is the CPU time of the machine without
that of the client, which has the softirqs of its own system calls in it.
"""
import statistics
import sys


def read(files):
    figures = {}
    for name in files:
        with open(name, encoding="utf-8") as f:
            for line in f:
                impl, rnd, work, *pairs = line.split()
                values = {k: float(v) for k, v in (p.split("=", 1) for p in pairs)}
                values["target"] = (values.get("cpu_us_io", values["us_io"])
                                    - values["client_us_io"])
                figures.setdefault(work, {}).setdefault(impl, {})[int(rnd)] = values
    return figures


def ratios(ours, other, key):
    return [ours[r][key] / other[r][key] for r in sorted(ours)
            if r in other and other[r][key]]


def ratio_text(impls, impl, key):
    if impl == "intree" or "intree" not in impls:
        return ""
    r = ratios(impls[impl], impls["intree"], key)
    if not r:
        return ""
    if len(r) == 1:
        return "%.3f" % r[0]
    return "%.3f (%.3f-%.3f)" % (statistics.median(r), min(r), max(r))


HEAD = "%-18s %-7s %9s %9s %8s %7s %7s %9s %9s  %-20s %s"
LINE = "%-18s %-7s %9.2f %9.2f %8.0f %7.2f %7.3f %9.1f %9.1f  %-20s %s"


def main():
    figures = read(sys.argv[1:])
    if not figures:
        sys.exit("no figures")
    print(HEAD % ("workload", "impl", "us/IO", "target", "IOPS", "segs", "ctxt", "p50 us",
                  "p99 us", "target/intree", "all/intree"))
    for work, impls in figures.items():
        for impl, rounds in impls.items():
            med = {k: statistics.median(v[k] for v in rounds.values())
                   for k in next(iter(rounds.values()))}
            print((LINE % (
                work, impl, med["us_io"], med["target"], med["iops"], med["segs_io"],
                med["ctxt_io"], med["p50_us"], med["p99_us"],
                ratio_text(impls, impl, "target"),
                ratio_text(impls, impl, "us_io"))).rstrip())


if __name__ == "__main__":
    main()
