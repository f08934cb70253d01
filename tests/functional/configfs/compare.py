#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Compare two outputs of probe.py.

usage: compare.py INTREE OURS DIFFERENCES

Prints "0|1 NAME" for each subject, lines "# TEXT" with what is different before it.
DIFFERENCES has lines "REGEX<TAB>REASON": REGEX has to match all of
"SUBJECT ACTION: INTREE -> OURS". One that matches nothing is an error too, unless
a third field, the SUBJECT that it is about, isn't there with this kernel.
"""
import re
import sys


def load(name):
    """Results by (subject, action), in the order they came."""
    results = {}
    with open(name, encoding="ascii") as lines:
        for line in lines:
            subject, action, result = line.rstrip("\n").split("\t", 2)
            results.setdefault((subject, action), []).append(result)
    return results


def load_differences(name):
    differences = []
    with open(name, encoding="utf-8") as lines:
        for line in lines:
            if not line.strip() or line.startswith("#"):
                continue
            regex, reason, *subject = line.rstrip("\n").split("\t")
            if not reason.strip():
                sys.exit("no reason for " + regex)
            differences.append([re.compile(regex), reason, 0, *subject])
    return differences


def excused(text, differences):
    for difference in differences:
        if difference[0].fullmatch(text):
            difference[2] += 1
            return difference[1]
    return None


def main():
    intree, ours = load(sys.argv[1]), load(sys.argv[2])
    differences = load_differences(sys.argv[3])
    subjects = {}
    for key in list(intree) + [key for key in ours if key not in intree]:
        subjects.setdefault(key[0], []).append(key)
    for subject, keys in subjects.items():
        bad, known = [], 0
        for key in keys:
            theirs, mine = (" then ".join(r.get(key, ["nothing"])) for r in (intree, ours))
            if theirs == mine:
                continue
            text = "%s %s: %s -> %s" % (key[0], key[1], theirs, mine)
            if excused(text, differences):
                known += 1
            else:
                bad.append(text)
        for text in bad:
            print("# " + text)
        print("%d %s: %d observation%s%s" % (
            bool(bad), subject, len(keys), "s" * (len(keys) > 1),
            ", %d of them different as documented" % known if known else ""))
    unseen = [d for d in differences if not d[2] and (len(d) == 3 or d[3] in subjects)]
    for regex, reason, *_ in unseen:
        print("# never seen: %s (%s)" % (regex.pattern, reason))
    print("%d every documented difference has been seen" % bool(unseen))


if __name__ == "__main__":
    main()
