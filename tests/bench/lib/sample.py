#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Where the guest is, sampled from outside: the program counter by QMP.

usage: sample.py SOCKET MARKER IMPL OUT

Samples while the file MARKER begins with IMPL, until SOCKET's other end goes.
Writes one address a line to OUT. Costs the guest nothing that icount would see.
"""
import json
import os
import re
import socket
import sys
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


def main():
    path, marker, impl, out = sys.argv[1:]
    f = connect(path).makefile("rw")

    def ask(command, **arguments):
        f.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        f.flush()
        while True:
            line = f.readline()
            if not line:
                raise EOFError
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]

    f.readline()
    ask("qmp_capabilities")
    rip = re.compile(r"\b[RE]IP=([0-9a-f]+)")
    with open(out, "w", encoding="ascii") as o:
        while True:
            try:
                with open(marker, encoding="ascii") as m:
                    wanted = m.read().split()[:1] == [impl]
            except OSError:
                wanted = False
            if not wanted:
                time.sleep(0.05)
                if not os.path.exists(path):
                    return
                ask("query-status")
                continue
            for _ in range(20):
                text = ask("human-monitor-command", **{"command-line": "info registers"})
                o.write(rip.search(text).group(1) + "\n")
                time.sleep(0.0005)


if __name__ == "__main__":
    try:
        main()
    except (EOFError, OSError, ValueError):
        pass
