#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Where the guest is, sampled from outside: program counter and task, by QMP.

usage: sample.py SOCKET OUT IMPL

Samples while OUT/running begins with IMPL, until SOCKET's other end goes, and
writes lines "ADDRESS TASK" to OUT/samples. Costs the guest nothing that icount
would see.
"""
import json
import os
import re
import socket
import sys
import tempfile
import time


def connect(path):
    for _ in range(600):
        try:
            s = socket.socket(socket.AF_UNIX)
            s.connect(path)
            return s
        except OSError:
            time.sleep(0.1)
    sys.exit("no QEMU at " + path)


class Guest:
    """The monitor of a VM with one processor."""

    def __init__(self, path):
        self.f = connect(path).makefile("rw")
        self.f.readline()
        self.ask("qmp_capabilities")
        self.current = None
        self.names = {}

    def ask(self, command, **arguments):
        self.f.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.f.flush()
        while True:
            line = self.f.readline()
            if not line:
                raise EOFError
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                return ""

    def hmp(self, line):
        return self.ask("human-monitor-command", **{"command-line": line})

    def read_symbols(self, kallsyms):
        """The per-CPU variable which points to the running task."""
        with open(kallsyms, encoding="ascii") as f:
            for line in f:
                address, _, name = line.split()[:3]
                if name in ("pcpu_hot", "current_task"):
                    self.current = int(address, 16)

    def name_of(self, task):
        """The name is somewhere in the task; kernel threads' look like these."""
        if task not in self.names:
            with tempfile.NamedTemporaryFile() as f:
                self.ask("memsave", val=task - (1 << 64), size=6144, filename=f.name)
                found = re.search(rb"(tcmi_[0-9]+|tcmi|iscsi_[a-z]+|bench[-_a-z0-9]*|kworker/"
                                  rb"|ksoftirqd/|swapper/|rcu_[a-z]+|kcompactd|bash)",
                                  f.read())
            self.names[task] = found.group(1).decode() if found else "other"
        return self.names[task]

    def sample(self):
        text = self.hmp("info registers")
        rip = int(re.search(r"\b[RE]IP=([0-9a-f]+)", text).group(1), 16)
        gs = int(re.search(r"\bGS *=[0-9a-f]+ ([0-9a-f]+)", text).group(1), 16)
        if rip < 1 << 63:
            return rip, "user"
        if self.current is None or gs < 1 << 63 and self.current < 1 << 63:
            return rip, "other"
        word = self.hmp("x /1gx 0x%x" % ((gs + self.current) & (1 << 64) - 1))
        found = re.search(r": 0x([0-9a-f]+)", word)
        return rip, self.name_of(int(found.group(1), 16)) if found else "other"


def main():
    path, out, impl = sys.argv[1:]
    guest = Guest(path)
    with open(out + "/samples", "w", encoding="ascii") as o:
        while True:
            try:
                with open(out + "/running", encoding="ascii") as m:
                    wanted = m.read().split()[:1] == [impl]
            except OSError:
                wanted = False
            if not wanted:
                time.sleep(0.05)
                if not os.path.exists(path):
                    return
                guest.ask("query-status")
                continue
            if guest.current is None:
                guest.read_symbols(out + "/kallsyms")
            for _ in range(20):
                o.write("%x %s\n" % guest.sample())
                time.sleep(0.0005)


if __name__ == "__main__":
    try:
        main()
    except (EOFError, OSError, ValueError):
        pass
