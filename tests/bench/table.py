#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Medians, ratios and spread of the lines that rounds.sh wrote.

usage: table.py FILE...

Each line is "IMPLEMENTATION ROUND WORKLOAD KEY=VALUE...". A ratio is that of
rounds next to each other; its spread is the smallest and the largest.
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
                figures.setdefault(work, {}).setdefault(impl, {})[int(rnd)] = values
    return figures


def ratios(ours, other, key):
    return [ours[r][key] / other[r][key] for r in sorted(ours)
            if r in other and other[r][key]]


def main():
    figures = read(sys.argv[1:])
    if not figures:
        sys.exit("no figures")
    print("%-18s %-7s %9s %9s %8s %7s %7s %9s %9s  %s" % (
        "workload", "impl", "us/IO", "client", "IOPS", "segs", "ctxt", "p50 us", "p99 us",
        "us/IO to intree (of rounds)"))
    for work, impls in figures.items():
        for impl, rounds in impls.items():
            med = {k: statistics.median(v[k] for v in rounds.values())
                   for k in next(iter(rounds.values()))}
            text = ""
            if "intree" in impls and impl != "intree":
                r = ratios(rounds, impls["intree"], "us_io")
                if r:
                    text = "%.3f" % statistics.median(r)
                    if len(r) > 1:
                        text += " (%.3f-%.3f)" % (min(r), max(r))
            print("%-18s %-7s %9.2f %9.2f %8.0f %7.2f %7.3f %9.1f %9.1f  %s" % (
                work, impl, med["us_io"], med["client_us_io"], med["iops"],
                med["segs_io"], med["ctxt_io"], med["p50_us"], med["p99_us"], text))


if __name__ == "__main__":
    main()
