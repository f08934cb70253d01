# SPDX-License-Identifier: GPL-2.0
# The module, its installation and its tests; "make help" tells the targets.
# kbuild reads Kbuild beside this file, not this file.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
KERNEL ?= 6.12
TARGET ?= ours
VMFLAGS ?=

LAB := tests/vm/lab
MODULE := drivers/target/tcm_iscsi/tcm_iscsi.ko
RELEASE = $(shell cat $(KDIR)/include/config/kernel.release 2>/dev/null || echo $(KVER))
MODDIR = $(INSTALL_MOD_PATH)/lib/modules/$(RELEASE)
MODPROBEDIR = $(INSTALL_MOD_PATH)/lib/modprobe.d

all: modules

modules: kdir
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

clean: kdir
	$(MAKE) -C $(KDIR) M=$(CURDIR) clean

kdir:
	@test -e $(KDIR)/Makefile || { \
		echo "No kernel build directory $(KDIR)."; \
		echo "On Debian: apt install linux-headers-$(KVER), or give KDIR=."; \
		exit 1; }

install:
	@test -e $(MODULE) || { echo "Nothing built yet: run make first."; exit 1; }
	install -D -m 0644 $(MODULE) $(MODDIR)/updates/tcm_iscsi.ko
	strip --strip-debug $(MODDIR)/updates/tcm_iscsi.ko
	install -D -m 0644 tools/modprobe.d/tcm_iscsi.conf $(MODPROBEDIR)/tcm_iscsi.conf
	depmod $(if $(INSTALL_MOD_PATH),-b $(INSTALL_MOD_PATH)) $(RELEASE)

uninstall:
	rm -f $(MODPROBEDIR)/tcm_iscsi.conf $(MODDIR)/updates/tcm_iscsi.ko
	depmod $(if $(INSTALL_MOD_PATH),-b $(INSTALL_MOD_PATH)) $(RELEASE)

.PHONY: all modules clean kdir install uninstall
