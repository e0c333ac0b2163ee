// SPDX-License-Identifier: BSD-2-Clause
/*
 * Verifying a state by loading it: the rules are the library's, told once, there. This file makes
 * the controller; it knows no rule itself.
 */
#include "state_verify.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ctrl.h>
#include <media/medium.h>

#define FIRST_DOORBELL	0x1000	/* Base 3.1.4: where the doorbells begin in BAR0 */
#define DOORBELL_PAIR	8
#define PLACEHOLDER_NQN	"nqn.2026-11.org.nvmove:verify"

/**
 * struct device - a device that is made for one state
 * @ctrl: the controller that loads it
 * @media: of the namespaces, that many as the state has
 */
struct device {
	struct nvmove_subsystem *subsystem;
	struct nvmove_ctrl *ctrl;
	struct nvmove_medium *media;
};

/* Nobody submits anything: the controller stays suspended from its first moment on. */
static void submit_nothing(struct nvmove_medium *medium, struct nvmove_media_io *io)
{
	(void)medium;
	io->done(io, -EIO);
}

static void have_nothing(struct nvmove_medium *medium)
{
	(void)medium;
}

static const struct nvmove_medium_ops medium_of_a_size = {
	.submit = submit_nothing,
	.poll = have_nothing,
	.drain = have_nothing,
	.close = have_nothing,
};

static int dma_read(void *fn, uint64_t addr, void *buf, size_t len)
{
	(void)fn;
	(void)addr;
	(void)buf;
	(void)len;
	return -EFAULT;
}

static int dma_write(void *fn, uint64_t addr, const void *buf, size_t len)
{
	(void)fn;
	(void)addr;
	(void)buf;
	(void)len;
	return -EFAULT;
}

static void irq(void *fn, unsigned int vector)
{
	(void)fn;
	(void)vector;
}

static void schedule(void *fn)
{
	(void)fn;
}

static uint64_t now_ns(void *fn)
{
	(void)fn;
	return 0;
}

static void timer(void *fn, uint64_t deadline_ns)
{
	(void)fn;
	(void)deadline_ns;
}

/* A host without memory, whose clock stands still: what runs is the load alone. */
static const struct nvmove_host_ops host_ops = {
	.dma_read = dma_read,
	.dma_write = dma_write,
	.irq = irq,
	.schedule = schedule,
	.now_ns = now_ns,
	.timer = timer,
};

static void suspended(void *arg, int status)
{
	(void)arg;
	(void)status;
}

/* Take over a message of the library's. Return: -1. */
static int refuse(struct nvmove_load_error *error, unsigned int section, char *message)
{
	error->section = (uint16_t)section;
	snprintf(error->text, sizeof(error->text), "%s", message ? message : "no memory");
	free(message);
	return -1;
}

static unsigned int at_least(uint32_t least, uint32_t value)
{
	return value < least ? least : value;
}

/* I/O queues of a device with this BAR0, which a load wants to be equal; at least those granted. */
static unsigned int io_queues(const struct nvmove_cstate_identity *id)
{
	uint32_t bar_size = le32toh(id->bar_size), resources = le32toh(id->num_queues);
	uint32_t by_bar = bar_size > FIRST_DOORBELL ? (bar_size - FIRST_DOORBELL) / DOORBELL_PAIR
						    : 0;

	by_bar = by_bar > NVMOVE_MAX_IO_QUEUES ? NVMOVE_MAX_IO_QUEUES : by_bar;
	return at_least(by_bar ? by_bar - 1 : 0, at_least(2, resources) - 1);
}

static int make_subsystem(struct device *device, const struct nvmove_cstate_identity *id,
			  struct nvmove_load_error *error)
{
	struct nvmove_subsystem_config config;
	char *message = NULL;

	nvmove_subsystem_config_default(&config);
	config.subnqn = PLACEHOLDER_NQN;
	config.serial = "VERIFY";
	config.num_secondary = 1;
	config.max_io_queues = io_queues(id);
	config.max_queue_entries = at_least(2, (le64toh(id->cap) & 0xffff) + 1);
	config.max_vectors = at_least(1, le32toh(id->num_vectors));
	config.mdts = at_least(1, id->mdts);
	config.num_namespaces = at_least(1, le32toh(id->num_namespaces));
	device->subsystem = nvmove_subsystem_new(&config, &message);
	if (!device->subsystem)
		return refuse(error, NVMOVE_CSTATE_IDENTITY, message);
	device->ctrl = nvmove_subsystem_ctrl(device->subsystem, 1);
	nvmove_ctrl_bind(device->ctrl, &host_ops, NULL);
	return 0;
}

static int make_identity(struct device *device, struct nvmove_load_error *error)
{
	struct nvmove_vsubsystem_config config;
	struct nvmove_vsubsystem *vsubsystem;
	char *message = NULL;

	nvmove_vsubsystem_config_default(device->subsystem, &config);
	config.policy = NVMOVE_IDENTITY_ADOPT;
	vsubsystem = nvmove_vsubsystem_new(device->subsystem, &config, &message);
	if (!vsubsystem || nvmove_ctrl_join(device->ctrl, vsubsystem, 1, &message))
		return refuse(error, NVMOVE_CSTATE_IDENTITY, message);
	return 0;
}

static int make_namespace(struct device *device, const struct nvmove_cstate_namespace *entry,
			  struct nvmove_medium *medium, struct nvmove_load_error *error)
{
	struct nvmove_namespace_config config = {
		.nsid = le32toh(entry->nsid),
		.lba_shift = entry->lba_shift,
		.medium = medium,
		.is_private = entry->flags & NVMOVE_CSTATE_NS_F_PRIVATE,
	};
	uint64_t blocks = le64toh(entry->blocks);
	char *message = NULL;

	if (entry->lba_shift < 64 && blocks > UINT64_MAX >> entry->lba_shift) {
		if (asprintf(&message, "size of nsid %u: %ju blocks of 2^%u bytes are beyond 2^64",
			     config.nsid, (uintmax_t)blocks, entry->lba_shift) < 0)
			message = NULL;
		return refuse(error, NVMOVE_CSTATE_NAMESPACES, message);
	}
	*medium = (struct nvmove_medium) {
		.ops = &medium_of_a_size,
		.size = entry->lba_shift < 64 ? blocks << entry->lba_shift : 0,
		.event_fd = -1,
		.read_only = entry->flags & NVMOVE_CSTATE_NS_F_READ_ONLY,
	};
	memcpy(config.uuid, entry->uuid, sizeof(config.uuid));
	memcpy(config.nguid, entry->nguid, sizeof(config.nguid));
	memcpy(config.eui64, entry->eui64, sizeof(config.eui64));
	if (nvmove_namespace_add(device->subsystem, &config, &message) ||
	    nvmove_namespace_attach_as(device->ctrl, config.nsid, config.nsid, &message))
		return refuse(error, NVMOVE_CSTATE_NAMESPACES, message);
	return 0;
}

static int make_namespaces(struct device *device, const struct nvmove_state_section *section,
			   struct nvmove_load_error *error)
{
	const struct nvmove_cstate_namespace *entry = section->payload;
	size_t nr = section->length / sizeof(*entry);

	device->media = calloc(nr + 1, sizeof(device->media[0]));
	if (!device->media)
		return refuse(error, NVMOVE_CSTATE_NAMESPACES, NULL);
	for (size_t i = 0; i < nr; i++) {
		if (make_namespace(device, &entry[i], &device->media[i], error))
			return -1;
	}
	return 0;
}

int state_verify(const void *buf, size_t size, struct nvmove_load_error *error)
{
	struct device device = { .ctrl = NULL };
	struct nvmove_state_view view;
	int err;

	if (nvmove_state_read(buf, size, &view, error))
		return -1;
	err = make_subsystem(&device, view.section[NVMOVE_CSTATE_IDENTITY].payload, error) ?:
	      make_identity(&device, error) ?:
	      make_namespaces(&device, &view.section[NVMOVE_CSTATE_NAMESPACES], error);
	if (!err) {
		nvmove_ctrl_suspend(device.ctrl, suspended, NULL);
		err = nvmove_ctrl_load(device.ctrl, buf, size, error) ? -1 : 0;
	}
	nvmove_subsystem_free(device.subsystem);
	free(device.media);
	return err;
}
