#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Waits, beyond any signal, for a disk that never answers.
echo 1..1
dmsetup create frozen --table "0 2048 linear /dev/scratch2 0"
dmsetup suspend frozen
dd if=/dev/zero of=/dev/mapper/frozen bs=4k count=1 oflag=direct
echo ok 1
