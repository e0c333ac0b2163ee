// SPDX-License-Identifier: BSD-2-Clause
/*
 * The smallest embedder of libnvmove-ctrl: two devices with a PF and a VF each, in one process that
 * is also the host of both. The VF's controller of the first is enabled, suspended and saved; that
 * of the second takes its state and goes on. docs/firmware.md explains each step.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <nvmove/nvme.h>

#include "ctrl.h"
#include "media/medium.h"

#define MEMORY		(64u << 10)	/* of a host, bus addresses from 0 */
#define ADMIN_SQ	0x1000u
#define ADMIN_CQ	0x2000u
#define ENTRIES		16u
#define CC_ENABLE	(4u << 20 | 6u << 16 | NVM_CC_EN)	/* entries of 16 and 64 bytes */
#define MEDIUM_BYTES	(1u << 20)

/**
 * struct function - a PCI function and the part of the host that drives it
 * @ctrl: its controller
 * @has_work: it wants nvmove_ctrl_run()
 * @tail, @phase: where the host is in the admin queues
 * @memory: of the host, as far as this function reaches
 */
struct function {
	struct nvmove_ctrl *ctrl;
	bool has_work;
	unsigned int tail;
	unsigned int phase;
	uint8_t memory[MEMORY];
};

/** struct device - a subsystem with its PF and its VF */
struct device {
	struct nvmove_subsystem *subsystem;
	struct nvmove_medium *medium;
	struct function function[2];
};

static _Noreturn void fail(const char *what, const char *why)
{
	fprintf(stderr, "embed: %s: %s\n", what, why);
	exit(EXIT_FAILURE);
}

/* ---- what a controller asks of its function ---- */

static int dma_read(void *fn, uint64_t addr, void *buf, size_t len)
{
	struct function *function = fn;

	if (addr > MEMORY || len > MEMORY - addr)
		return -EFAULT;
	memcpy(buf, function->memory + addr, len);
	return 0;
}

static int dma_write(void *fn, uint64_t addr, const void *buf, size_t len)
{
	struct function *function = fn;

	if (addr > MEMORY || len > MEMORY - addr)
		return -EFAULT;
	memcpy(function->memory + addr, buf, len);
	return 0;
}

/* This host polls its completion queues. */
static void irq(void *fn, unsigned int vector)
{
	(void)fn;
	(void)vector;
}

static void schedule(void *fn)
{
	struct function *function = fn;

	function->has_work = true;
}

static uint64_t now_ns(void *fn)
{
	struct timespec now;

	(void)fn;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* Keep Alive and interrupt coalescing need it; this host uses neither. */
static void timer(void *fn, uint64_t deadline_ns)
{
	(void)fn;
	(void)deadline_ns;
}

static void log_line(void *fn, const char *message)
{
	(void)fn;
	fprintf(stderr, "controller: %s\n", message);
}

static const struct nvmove_host_ops host_ops = {
	.dma_read = dma_read,
	.dma_write = dma_write,
	.irq = irq,
	.schedule = schedule,
	.now_ns = now_ns,
	.timer = timer,
	.log = log_line,
};

/* ---- the host ---- */

static void run(struct function *function)
{
	while (function->has_work) {
		function->has_work = false;
		nvmove_ctrl_run(function->ctrl);
	}
}

static void enable(struct function *function)
{
	struct nvmove_ctrl *ctrl = function->ctrl;

	nvmove_ctrl_write(ctrl, NVM_REG_AQA, (ENTRIES - 1) << 16 | (ENTRIES - 1), 4);
	nvmove_ctrl_write(ctrl, NVM_REG_ASQ, ADMIN_SQ, 8);
	nvmove_ctrl_write(ctrl, NVM_REG_ACQ, ADMIN_CQ, 8);
	nvmove_ctrl_write(ctrl, NVM_REG_CC, CC_ENABLE, 4);
	run(function);
	if (!(nvmove_ctrl_read(ctrl, NVM_REG_CSTS, 4) & NVM_CSTS_RDY))
		fail("enable", "CSTS.RDY is 0");
	function->tail = 0;
	function->phase = 1;
}

/* One admin command without data, to its end. */
static void command(struct function *function, uint8_t opcode, uint32_t cdw10, uint32_t cdw11)
{
	struct nvm_sqe sqe = {
		.opcode = opcode,
		.cdw10 = htole32(cdw10),
		.cdw11 = htole32(cdw11),
	};
	unsigned int slot = function->tail;
	struct nvm_cqe cqe;

	memcpy(function->memory + ADMIN_SQ + slot * sizeof(sqe), &sqe, sizeof(sqe));
	function->tail = (slot + 1) % ENTRIES;
	nvmove_ctrl_write(function->ctrl, NVM_REG_DBS, function->tail, 4);
	run(function);
	memcpy(&cqe, function->memory + ADMIN_CQ + slot * sizeof(cqe), sizeof(cqe));
	if ((le16toh(cqe.status) & 1) != function->phase)
		fail("command", "no completion");
	if (le16toh(cqe.status) >> 1)
		fail("command", "refused");
	nvmove_ctrl_write(function->ctrl, NVM_REG_DBS + 4, function->tail, 4);
	if (!function->tail)
		function->phase ^= 1;
}

/* What an administrator does: the VF's controller gets queues and vectors and goes online. */
static void provision(struct device *device)
{
	uint32_t cntlid = nvmove_ctrl_cntlid(device->function[1].ctrl);
	struct function *pf = &device->function[0];

	enable(pf);
	command(pf, NVM_ADMIN_VIRT_MGMT,
		cntlid << 16 | NVM_VIRT_RT_VQ << 8 | NVM_VIRT_SECONDARY_ASSIGN, 2);
	command(pf, NVM_ADMIN_VIRT_MGMT,
		cntlid << 16 | NVM_VIRT_RT_VI << 8 | NVM_VIRT_SECONDARY_ASSIGN, 2);
	command(pf, NVM_ADMIN_VIRT_MGMT, cntlid << 16 | NVM_VIRT_SECONDARY_ONLINE, 0);
}

/* ---- the device ---- */

static struct device *device_new(void)
{
	struct device *device = calloc(1, sizeof(*device));
	struct nvmove_subsystem_config config;
	struct nvmove_namespace_config namespace = { .nsid = 1, .lba_shift = 12 };
	char *error = NULL;

	if (!device)
		fail("device", strerror(ENOMEM));
	nvmove_subsystem_config_default(&config);
	config.subnqn = "nqn.2026-11.org.example:embed";
	config.serial = "EMBED0001";
	config.num_secondary = 1;
	device->subsystem = nvmove_subsystem_new(&config, &error);
	device->medium = nvmove_medium_mem(MEDIUM_BYTES);
	if (!device->subsystem || !device->medium)
		fail("device", error ? error : strerror(errno));

	for (unsigned int i = 0; i < 2; i++) {
		device->function[i].ctrl = nvmove_subsystem_ctrl(device->subsystem, i);
		nvmove_ctrl_bind(device->function[i].ctrl, &host_ops, &device->function[i]);
	}
	namespace.medium = device->medium;
	if (nvmove_namespace_add(device->subsystem, &namespace, &error))
		fail("namespace", error);
	if (nvmove_namespace_attach(device->function[1].ctrl, 1))
		fail("namespace", "cannot be attached");
	nvmove_subsystem_set_vfs(device->subsystem, 1);
	provision(device);
	return device;
}

static void device_free(struct device *device)
{
	nvmove_subsystem_free(device->subsystem);
	nvmove_medium_close(device->medium);
	free(device);
}

/* ---- the migration ---- */

static void suspended(void *arg, int status)
{
	*(int *)arg = status;
}

static void suspend(struct function *function)
{
	int status = -EINPROGRESS;

	if (nvmove_ctrl_suspend(function->ctrl, suspended, &status))
		fail("suspend", "refused");
	run(function);
	if (status)
		fail("suspend", strerror(-status));
}

static void move(struct function *from, struct function *to)
{
	struct nvmove_load_error error;
	size_t size;
	void *state;

	suspend(from);
	suspend(to);
	size = nvmove_ctrl_state_size(from->ctrl);
	state = malloc(size);
	if (!state || nvmove_ctrl_save(from->ctrl, state, size) != (long)size)
		fail("save", "incomplete");
	if (nvmove_ctrl_load(to->ctrl, state, size, &error))
		fail("load", error.text);
	free(state);
	printf("%zu bytes of state\n", size);

	/* the guest's memory is the VMM's to move, and so is what the guest's driver knows */
	memcpy(to->memory, from->memory, MEMORY);
	to->tail = from->tail;
	to->phase = from->phase;
	if (nvmove_ctrl_resume(to->ctrl))
		fail("resume", "refused");
	run(to);
}

int main(void)
{
	struct device *source = device_new(), *destination = device_new();
	struct function *here = &source->function[1], *there = &destination->function[1];

	enable(here);
	command(here, NVM_ADMIN_SET_FEATURES, NVM_FEAT_NUM_QUEUES, 1u << 16 | 1u);
	move(here, there);
	command(there, NVM_ADMIN_GET_FEATURES, NVM_FEAT_NUM_QUEUES, 0);
	printf("the controller has moved and answers\n");

	device_free(source);
	device_free(destination);
	return EXIT_SUCCESS;
}
