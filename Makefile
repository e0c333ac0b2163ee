# SPDX-License-Identifier: BSD-2-Clause
# A thin front: meson builds user space, Kbuild the driver, lab/lab whatever needs kernels.

PREFIX ?= /usr/local
KDIR ?= /lib/modules/$(shell uname -r)/build
# what the lab's devices speak: hmlm (the NVMe standard) or rfc (the vendor commands)
PROTOCOL ?= hmlm

.PHONY: all demo test lab lab-debug bench deb ctrl kernel install install-kernel clean help

all: ctrl

help:
	@echo 'make demo            move a guest that owns an NVMe VF between two hosts (build/demo/report.html)'
	@echo '                     by the NVMe standard, or by the vendor commands: PROTOCOL=rfc'
	@echo 'make test            every test; ends with "N passed, N failed"'
	@echo 'make lab             a shell on host A of the lab, both hosts up; PROTOCOL as above'
	@echo 'make lab-debug       the driver under KASAN, lockdep, kmemleak and failing allocations'
	@echo 'make bench           sizes and times of the controller beside memcpy (build/bench/bench.json), downtime of a'
	@echo '                     guest with a VF beside one without (build/bench/downtime.json)'
	@echo 'make deb             Debian 13 packages of nvmove, the driver (DKMS) and the controller library, in build/deb'
	@echo 'make ctrl            the controller library and, where json-c is, nvmove, in build/user'
	@echo 'make kernel          the driver against KDIR (default: the running kernel)'
	@echo 'make install         library, headers, nvmove with its manual pages and, where libnvme is,'
	@echo '                     nvmove-conformance, below PREFIX (default /usr/local), DESTDIR honoured'
	@echo 'make install-kernel  the driver into the modules of KDIR'
	@echo 'make clean           remove build/; the cache in $${NVMOVE_CACHE:-~/.cache/nvmove} stays'

# Python is what the lab and the tests are driven by, and may be missing on a fresh machine.
.PHONY: python
python:
	@command -v python3 >/dev/null || { apt-get update && apt-get install --yes python3; } || \
		{ echo 'nvmove: python3 is missing and could not be installed' >&2; exit 1; }

demo: python
	lab/lab demo --protocol $(PROTOCOL)

test: python
	tests/run

lab: python
	lab/lab shell --protocol $(PROTOCOL)

lab-debug: python
	tests/run lab-debug

bench: python
	bench/run
	lab/lab downtime

deb: python
	lab/lab packages

build/user/build.ninja:
	meson setup build/user -Dtests=false -Dvfio_program=false --prefix=$(PREFIX)

ctrl: build/user/build.ninja
	ninja -C build/user

kernel:
	$(MAKE) -C kernel KDIR=$(KDIR)

install: ctrl
	meson install -C build/user

install-kernel: kernel
	$(MAKE) -C kernel KDIR=$(KDIR) install

clean:
	rm -rf build
	$(MAKE) -C kernel KDIR=$(KDIR) clean 2>/dev/null || true
