# SPDX-License-Identifier: GPL-2.0
# The module, its installation and its tests; "make help" tells the targets.
# kbuild reads Kbuild beside this file, not this file.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
KERNEL ?= 6.12
TARGET ?= ours

LAB := tests/vm/lab
MODULE := drivers/target/tcm_iscsi/tcm_iscsi.ko
RELEASE = $(shell cat $(KDIR)/include/config/kernel.release 2>/dev/null || echo $(KVER))
MODDIR = $(INSTALL_MOD_PATH)/lib/modules/$(RELEASE)
MODPROBEDIR = $(INSTALL_MOD_PATH)/lib/modprobe.d
DEPMOD = depmod $(if $(INSTALL_MOD_PATH),-b $(INSTALL_MOD_PATH)) $(RELEASE)
# Debian's headers lack the script which finds out whether sparse works, and
# without it the kernel's makefile switches C=1 off again. The sparse of Debian 13
# does not know __typeof_unqual__, which the headers of 7.x use.
SPARSE = $(if $(C),KBUILD_CHECKSRC=$(C) CF='$(CF) -D__typeof_unqual__=__typeof__')

# ---- building and installing ----

all: modules

modules: kdir
	$(MAKE) -C $(KDIR) M=$(CURDIR) $(SPARSE) modules

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
	$(DEPMOD)

uninstall:
	rm -f $(MODPROBEDIR)/tcm_iscsi.conf $(MODDIR)/updates/tcm_iscsi.ko
	$(DEPMOD)

VERSION = $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
DKMSDIR = /usr/src/tcm_iscsi-$(VERSION)

dkms-install:
	@command -v dkms >/dev/null || { echo "dkms is missing: apt install dkms"; exit 1; }
	install -d $(DKMSDIR)
	cp -r Kbuild Makefile COPYING dkms.conf drivers include $(DKMSDIR)/
	find $(DKMSDIR) -name '*.o' -o -name '*.ko' -o -name '*.mod*' -o -name '.*.cmd' | xargs rm -f
	dkms install tcm_iscsi/$(VERSION)
	install -D -m 0644 tools/modprobe.d/tcm_iscsi.conf $(MODPROBEDIR)/tcm_iscsi.conf

dkms-uninstall:
	rm -f $(MODPROBEDIR)/tcm_iscsi.conf
	dkms remove tcm_iscsi/$(VERSION) --all
	rm -rf $(DKMSDIR)

# ---- tests; each installs what this host lacks, saying so first ----

deps:
	@$(LAB) deps

unit style static layers build functional reliability main-path long debug fuzz fuzz-long: deps
	@tests/check $@

check: deps
	@tests/check

matrix: deps
	@tests/check matrix

debug-kernel: deps
	@$(LAB) root debug

check-debug: deps
	@tests/check debug-all

check-debug-7: deps
	@tests/check debug-7

check-kcsan: deps
	@tests/check kcsan

check-rt: deps
	@tests/check rt

nightly: deps
	@tests/check matrix rt debug-all debug-7 kcsan fuzz-long
	@tests/soak/soak

vm: deps
	@$(if $(RUN),,echo "Give RUN=, e.g. RUN=tests/functional/00-lab.t"; exit 1)
	$(LAB) test -k $(KERNEL) -T $(TARGET) $(VMFLAGS) $(RUN)

shell: deps
	$(LAB) shell -k $(KERNEL) -T $(TARGET) $(VMFLAGS)

demo: deps
	@tests/demo/demo

demo-frozen: deps
	@tests/demo/frozen

soak: deps
	@tests/soak/soak

itest: deps
	@tests/check itest

conformance: deps
	@tests/raw/conformance

bench: bench-icount bench-uml

bench-icount: deps
	tests/bench/bench icount -k $(KERNEL) -i "ours intree nvmet null" $(BENCHFLAGS)

bench-uml: deps
	tests/bench/bench uml -i "ours intree nvmet tgt null" $(BENCHFLAGS)

bench-guard: deps
	tests/bench/bench guard -k $(KERNEL)

help:
	@echo 'Building (KDIR=..., W=1, C=1 as in the kernel):'
	@echo '  all, modules  the module, for the running kernel or KDIR'
	@echo '  install       it and its modprobe.d file (INSTALL_MOD_PATH=...)'
	@echo '  uninstall     removes both again'
	@echo '  dkms-install  for every kernel, now and later; dkms-uninstall'
	@echo '  clean         removes what was built'
	@echo 'Testing (Debian, root; what is missing gets installed):'
	@echo '  demo          a target and an initiator at work in a VM, told as a story'
	@echo '  demo-frozen   a disk that freezes, beside the in-tree module'
	@echo '  soak          mixed work under random faults: SOAK_MINUTES=60 SOAK_KERNEL=debug'
	@echo '  check         unit tests, style, layers, functional tests'
	@echo '  vm            one test: KERNEL=6.12|6.1|7 RUN=tests/functional/... TARGET=ours|intree'
	@echo '  shell         a shell in a VM with KERNEL'
	@echo '  unit          the pure protocol layer in user space'
	@echo '  style         checkpatch, shellcheck and the rules of this project'
	@echo '  static        semantic patches of the kernel, analyzers of clang and gcc'
	@echo '  layers        who calls whom'
	@echo '  build         all three kernels with W=1 and sparse'
	@echo '  functional    the functional tests on KERNEL; reliability: those of dead disks,'
	@echo '                hostile clients and races'
	@echo '  main-path     the most important of them, on 6.1 and 7'
	@echo '  long          the test suite of libiscsi and the tests of many rounds, on KERNEL'
	@echo '  debug         a choice of them, and a minute of mutated conversations, on the debug'
	@echo '                kernel, when there is one'
	@echo '  debug-kernel  builds that; check-debug runs all functional tests on it'
	@echo '  check-debug-7 a choice on a debug kernel of Linux 7; check-kcsan on one that finds data races'
	@echo '  check-rt      a choice on a kernel with PREEMPT_RT'
	@echo '  nightly       matrix, check-rt, check-debug, check-debug-7, check-kcsan, fuzz-long, soak'
	@echo '  fuzz          a minute of the fuzz targets'
	@echo '  fuzz-long     they and mutated conversations for HOURS=2'
	@echo '  matrix        all functional tests on all three kernels'
	@echo '  itest         the test suite of libiscsi; rewrites Documentation/itest.rst'
	@echo '  conformance   the protocol suite, beside the in-tree module; rewrites Documentation/conformance.rst'
	@echo 'Measuring (tests/bench/bench help; Documentation/performance.rst):'
	@echo '  bench         this module beside the in-tree one, nvmet-tcp, tgt, a null responder:'
	@echo '  bench-icount  by instructions per I/O, on KERNEL; always the same'
	@echo '  bench-uml     by CPU time per I/O, in User Mode Linux'
	@echo '  bench-guard   fails where an I/O takes 3 % more instructions than recorded'

.PHONY: all modules clean kdir install uninstall dkms-install dkms-uninstall deps unit style static \
	layers build functional reliability main-path long debug debug-kernel check-debug check-debug-7 check-kcsan check-rt \
	nightly fuzz fuzz-long check matrix vm shell demo demo-frozen soak itest conformance \
	bench bench-icount bench-uml bench-guard help
