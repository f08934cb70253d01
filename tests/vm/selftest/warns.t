#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
echo 1..1
echo 'WARNING: CPU: 0 PID: 1 at made/up.c:1' >/dev/kmsg
echo ok 1
