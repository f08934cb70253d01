#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Puts figures into Documentation/performance.rst, and draws them.

usage: doc.py RST BLOCK=FIGURES...

What is between ".. begin BLOCK KIND" and ".. end BLOCK" in RST is replaced by a
table of the kind: "target" or "all" (CPU time per I/O), "events" (segments and
context switches per I/O), "latency", "growth" (what one CPU does, and how many are needed
for more). A block of kind "plot" names an SVG file; one of kind "lines" has the lines as
they are, by subject.
"""
import os
import re
import statistics
import sys

sys.dont_write_bytecode = True
import table  # noqa: E402

NAMES = {"ours": "tcm_iscsi", "intree": "in-tree", "nvmet": "nvmet-tcp", "tgt": "tgt",
         "null": "null"}
GROWTH = [10, 25, 100]      # Gbit/s
ORDER = ["intree", "ours", "nvmet", "tgt", "null"]
COLOURS = {"intree": "#999999", "ours": "#1f77b4", "nvmet": "#ff7f0e", "tgt": "#d62728",
           "null": "#2ca02c"}


def number(v):
    return "%.2f" % v if v < 100 else "%.0f" % v


def median(rounds, key):
    return statistics.median(v[key] for v in rounds.values())


def ratio(impls, impl, key):
    return table.ratio_text(impls, impl, key).replace(" (", " (").replace("-", "..")


def simple_table(rows):
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    line = " ".join("=" * w for w in widths)

    def text(row):
        return " ".join(c.ljust(w) if i == 0 else c.rjust(w)
                        for i, (c, w) in enumerate(zip(row, widths))).rstrip()
    return [line, text(rows[0]), line] + [text(r) for r in rows[1:]] + [line]


def present(figures):
    there = {impl for impls in figures.values() for impl in impls}
    return [impl for impl in ORDER if impl in there]


def cost_table(figures, key):
    impls = present(figures)
    rows = [["workload"] + [NAMES[i] for i in impls] + ["tcm_iscsi / in-tree"]]
    for work, by_impl in figures.items():
        rows.append([work] + [number(median(by_impl[i], key)) if i in by_impl else "-"
                              for i in impls]
                    + [ratio(by_impl, "ours", key) if "ours" in by_impl else "-"])
    return simple_table(rows)


def pair_table(figures, keys, titles):
    impls = [i for i in present(figures) if i in ("intree", "ours", "nvmet")]
    rows = [["workload"] + ["%s %s" % (NAMES[i], t) for t in titles for i in impls]]
    for work, by_impl in figures.items():
        rows.append([work] + [number(median(by_impl[i], k)) if i in by_impl else "-"
                              for k in keys for i in impls])
    return simple_table(rows)


def plot(figures, key, name):
    impls = present(figures)
    bars = [(w, i, median(b[i], key) / median(b["intree"], key))
            for w, b in figures.items() if "intree" in b for i in impls if i in b]
    bars = [b for b in bars if b[2] <= 1.6]
    step, left, scale = 13, 130, 380
    height = len(bars) * step + len(figures) * 8 + 40
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="720" height="%d" '
           'font-family="sans-serif" font-size="11">' % height,
           '<!-- SPDX-License-Identifier: GPL-2.0 -->',
           '<rect width="100%" height="100%" fill="white"/>']
    y, last = 24, None
    out.append('<text x="%d" y="14">cost of an I/O, the in-tree target is 1</text>' % left)
    for work, impl, value in bars:
        if work != last:
            y += 8
            out.append('<text x="4" y="%d">%s</text>' % (y + 10, work))
            last = work
        out.append('<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>' % (
            left, y, max(value, 0.004) * scale, step - 2, COLOURS[impl]))
        out.append('<text x="%.1f" y="%d">%s %.2f</text>' % (
            left + max(value, 0) * scale + 4, y + 10, NAMES[impl], value))
        y += step
    out.append("</svg>")
    with open(name, "w", encoding="ascii") as f:
        f.write("\n".join(out) + "\n")
    return [".. image:: " + os.path.basename(name)]


def io_bytes(work):
    """Of "read-64k-8"."""
    number, unit = re.fullmatch(r"(\d+)([km]?)", work.split("-")[1]).groups()
    return int(number) << {"": 0, "k": 10, "m": 20}[unit]


def growth_table(figures):
    """From the target's part to all of the machine: what is whose is not sharp."""
    rows = [["workload", "Gbit/s of one CPU"] + ["CPUs at %d" % g for g in GROWTH]]
    for work, by_impl in figures.items():
        cost = [median(by_impl["ours"], key) for key in ("target", "us_io")]
        gbit = [io_bytes(work) * 8 / us / 1000 for us in cost]
        rows.append([work, "%.0f..%.0f" % (gbit[1], gbit[0])]
                    + ["%.1f..%.1f" % (g / gbit[0], g / gbit[1]) for g in GROWTH])
    return simple_table(rows)


def as_it_is(file):
    with open(file, encoding="utf-8") as f:
        lines = [line.split(None, 3) for line in f]
    lines.sort(key=lambda v: (v[2], ORDER.index(v[0]), v[1]))
    return ["::", ""] + ["  %-9s %-26s %s" % (NAMES[v[0]], v[2], v[3].rstrip()) for v in lines]


def block(kind, file, rst):
    kind, *rest = kind.split()
    if kind == "lines":
        return as_it_is(file)
    figures = table.read([file])
    if kind == "target":
        return cost_table(figures, "target")
    if kind == "all":
        return cost_table(figures, "us_io")
    if kind == "events":
        return pair_table(figures, ("segs_io", "ctxt_io"), ("segments", "switches"))
    if kind == "latency":
        return pair_table(figures, ("p50_us", "p99_us"), ("p50", "p99"))
    if kind == "growth":
        return growth_table(figures)
    if kind == "plot":
        return plot(figures, "target", os.path.join(os.path.dirname(rst), rest[0]))
    sys.exit("no such kind of block: " + kind)


def main():
    rst, *given = sys.argv[1:]
    files = dict(g.split("=", 1) for g in given)
    with open(rst, encoding="utf-8") as f:
        text = f.read()

    def fill(m):
        if m.group(1) not in files:
            return m.group(0)
        return "\n".join([m.group(0).split("\n", 1)[0], ""]
                         + block(m.group(2), files[m.group(1)], rst) + ["", ".. end " + m.group(1)])
    text = re.sub(r"^\.\. begin (\S+) ([^\n]+)\n.*?^\.\. end \1$", fill, text,
                  flags=re.M | re.S)
    with open(rst, "w", encoding="utf-8") as f:
        f.write(text)


if __name__ == "__main__":
    main()
