// SPDX-License-Identifier: BSD-2-Clause
/*
 * The world of a controller under test; see world.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

static void *checked(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static bool in_memory(const struct port *port, uint64_t addr, size_t len)
{
	return addr >= GUEST_BASE && len <= port->size && addr - GUEST_BASE <= port->size - len;
}

static void note_write(struct port *port, uint64_t addr, size_t len, bool certain)
{
	struct world *world = port->world;

	if (port != &world->guest)
		return;
	if (world->nr_writes < MAX_WRITES) {
		world->write[world->nr_writes].offset = addr - GUEST_BASE;
		world->write[world->nr_writes].len = len;
		world->write[world->nr_writes].certain = certain;
	}
	world->nr_writes++;
}

static void *map(void *fn, uint64_t addr, size_t *len, enum nvmove_dma_direction dir)
{
	struct port *port = fn;

	(void)dir;
	if (!port->world->can_map || !in_memory(port, addr, *len))
		return NULL;
	return port->memory + (addr - GUEST_BASE);
}

static void unmap(void *fn, void *ptr, size_t len, enum nvmove_dma_direction dir, size_t written)
{
	struct port *port = fn;

	if (dir == NVMOVE_DMA_FROM_DEVICE)
		note_write(port, GUEST_BASE + ((uint8_t *)ptr - port->memory), len, written);
}

static int dma_read(void *fn, uint64_t addr, void *buf, size_t len)
{
	struct port *port = fn;

	if (!in_memory(port, addr, len))
		return -EFAULT;
	memcpy(buf, port->memory + (addr - GUEST_BASE), len);
	return 0;
}

static int dma_write(void *fn, uint64_t addr, const void *buf, size_t len)
{
	struct port *port = fn;

	if (!in_memory(port, addr, len))
		return -EFAULT;
	memcpy(port->memory + (addr - GUEST_BASE), buf, len);
	note_write(port, addr, len, true);
	return 0;
}

static void irq(void *fn, unsigned int vector)
{
	((struct port *)fn)->irqs |= 1u << vector;
}

static void schedule(void *fn)
{
	((struct port *)fn)->scheduled = true;
}

static uint64_t now_ns(void *fn)
{
	return ((struct port *)fn)->world->now_ns;
}

static void timer(void *fn, uint64_t deadline_ns)
{
	((struct port *)fn)->deadline_ns = deadline_ns;
}

static const struct nvmove_host_ops ops = {
	.dma_map = map,
	.dma_unmap = unmap,
	.dma_read = dma_read,
	.dma_write = dma_write,
	.irq = irq,
	.schedule = schedule,
	.now_ns = now_ns,
	.timer = timer,
};

static void medium_submit(struct nvmove_medium *base, struct nvmove_media_io *io)
{
	struct model_medium *medium = (struct model_medium *)base;
	struct world *world = medium->world;

	if (world->nr_pending == MAX_PENDING)
		abort();
	world->pending[world->nr_pending++] = (struct pending) { medium, io };
}

static void medium_poll(struct nvmove_medium *base)
{
	(void)base;
}

static void medium_drain(struct nvmove_medium *base)
{
	world_drain(((struct model_medium *)base)->world);
}

static const struct nvmove_medium_ops medium_ops = {
	.submit = medium_submit,
	.poll = medium_poll,
	.drain = medium_drain,
};

static void transfer(uint8_t *data, struct nvmove_media_io *io)
{
	for (unsigned int i = 0; i < io->iovcnt; i++) {
		if (io->op == NVMOVE_MEDIA_READ)
			memcpy(io->iov[i].iov_base, data, io->iov[i].iov_len);
		else
			memcpy(data, io->iov[i].iov_base, io->iov[i].iov_len);
		data += io->iov[i].iov_len;
	}
}

/*
 * A medium has read the first @len bytes of what its pending operation number @index reads, if it
 * reads.
 */
void world_transfer_part(struct world *world, unsigned int index, size_t len)
{
	struct nvmove_media_io *io = world->pending[index].io;
	uint8_t *data = world->pending[index].medium->data + io->offset;

	for (unsigned int i = 0; io->op == NVMOVE_MEDIA_READ && i < io->iovcnt && len; i++) {
		size_t part = io->iov[i].iov_len < len ? io->iov[i].iov_len : len;

		memcpy(io->iov[i].iov_base, data, part);
		data += part;
		len -= part;
	}
}

/*
 * Let a medium complete its pending operation number @index, in order of submission.
 */
void world_complete(struct world *world, unsigned int index, int error)
{
	struct pending done = world->pending[index];
	struct nvmove_media_io *io = done.io;

	world->nr_pending--;
	memmove(&world->pending[index], &world->pending[index + 1],
		(world->nr_pending - index) * sizeof(done));
	if (!error && (io->op == NVMOVE_MEDIA_READ || io->op == NVMOVE_MEDIA_WRITE))
		transfer(done.medium->data + io->offset, io);
	if (!error && (io->op == NVMOVE_MEDIA_WRITE_ZEROES || io->op == NVMOVE_MEDIA_DEALLOCATE))
		memset(done.medium->data + io->offset, 0, io->length);
	io->done(io, error);
}

void world_drain(struct world *world)
{
	while (world->nr_pending)
		world_complete(world, 0, 0);
}

void world_begin_step(struct world *world)
{
	world->guest.irqs = 0;
	world->nr_writes = 0;
}

void port_bind(struct port *port, struct nvmove_ctrl *ctrl)
{
	port->ctrl = ctrl;
	port->scheduled = false;
	port->deadline_ns = UINT64_MAX;
	nvmove_ctrl_bind(ctrl, &ops, port);
}

void port_unbind(struct port *port)
{
	nvmove_ctrl_bind(port->ctrl, NULL, NULL);
	port->ctrl = NULL;
}

/*
 * Let the controller do whatever it can do without a medium completing anything.
 */
void port_settle(struct port *port)
{
	while (port->scheduled) {
		port->scheduled = false;
		nvmove_ctrl_run(port->ctrl);
	}
}

void world_settle(struct world *world)
{
	port_settle(&world->guest);
}

void world_advance(struct world *world, uint64_t ns)
{
	struct port *guest = &world->guest;

	world->now_ns += ns;
	if (world->now_ns >= guest->deadline_ns) {
		guest->deadline_ns = UINT64_MAX;
		nvmove_ctrl_timer(guest->ctrl);
	}
}

/*
 * The two devices have nothing in common but the virtual subsystem: their own names, controller ids
 * and namespace ids differ.
 */
static uint32_t device_nsid(unsigned int side, uint32_t nsid)
{
	return side ? NR_NAMESPACES + 1 - nsid : nsid;
}

static void attach(struct world *world, unsigned int side, uint32_t nsid)
{
	nvmove_namespace_attach_as(nvmove_subsystem_ctrl(world->subsystem[side], SECONDARY),
				   device_nsid(side, nsid), nsid, NULL);
}

static void detach(struct world *world, unsigned int side, uint32_t nsid)
{
	nvmove_namespace_detach(nvmove_subsystem_ctrl(world->subsystem[side], SECONDARY),
				device_nsid(side, nsid));
}

void world_attach(struct world *world, uint32_t nsid)
{
	attach(world, world->here, nsid);
}

void world_detach(struct world *world, uint32_t nsid)
{
	detach(world, world->here, nsid);
}

void world_attach_there(struct world *world, uint32_t nsid)
{
	attach(world, !world->here, nsid);
}

/*
 * What no state speaks of is the device's own: a host that attaches the namespace later sees that.
 */
void world_detach_there(struct world *world, uint32_t nsid)
{
	struct nvmove_subsystem *here = world->subsystem[world->here];
	struct nvmove_subsystem *there = world->subsystem[!world->here];

	detach(world, !world->here, nsid);
	copy_device_state(there->ns[device_nsid(!world->here, nsid)],
			  here->ns[device_nsid(world->here, nsid)]);
}

static void add_namespaces(struct world *world, unsigned int side)
{
	for (uint32_t nsid = 1; nsid <= NR_NAMESPACES; nsid++) {
		char locator[16];
		struct nvmove_namespace_config config = {
			.nsid = device_nsid(side, nsid),
			.locator = locator,
			.lba_shift = nsid % 2 ? 9 : 12,
			.medium = &world->medium[nsid].base,
			.uuid = { 0x7e, nsid, [6] = 0x80, [8] = 0x80 },
			.nguid = { nsid },
		};

		snprintf(locator, sizeof(locator), "medium-%u", nsid);
		if (nvmove_namespace_add(world->subsystem[side], &config, NULL) < 0)
			abort();
	}
}

static void join(struct nvmove_subsystem *subsystem)
{
	struct nvmove_ctrl *ctrl = nvmove_subsystem_ctrl(subsystem, SECONDARY);
	struct nvmove_vsubsystem_config config;

	nvmove_vsubsystem_config_default(subsystem, &config);
	config.subnqn = "nqn.2026-11.io.nvmove:twin";
	config.serial = "TWIN";
	config.model = "Virtual";
	if (nvmove_ctrl_join(ctrl, nvmove_vsubsystem_new(subsystem, &config, NULL), 7, NULL) < 0)
		abort();
}

static void provision(struct world *world, unsigned int side)
{
	struct nvmove_ctrl *neighbour = nvmove_subsystem_ctrl(world->subsystem[side], NEIGHBOUR);
	struct nvmove_ctrl *ctrl = nvmove_subsystem_ctrl(world->subsystem[side], SECONDARY);

	for (uint32_t nsid = 1; nsid <= NR_NAMESPACES; nsid++) {
		uint32_t there = device_nsid(side, nsid);

		if (nvmove_namespace_attach_as(neighbour, there, nsid, NULL) < 0 ||
		    (nsid < NR_NAMESPACES &&
		     nvmove_namespace_attach_as(ctrl, there, nsid, NULL) < 0))
			abort();
	}
	neighbour->num_queues = 2;
	neighbour->num_vectors = 1;
	ctrl->num_queues = IO_QUEUES + 1;
	ctrl->num_vectors = VECTORS;
	nvmove_subsystem_set_vfs(world->subsystem[side], NR_SECONDARY);
	ctrl_set_online(ctrl);
}

static void new_device(struct world *world, unsigned int side)
{
	struct nvmove_subsystem_config config;

	nvmove_subsystem_config_default(&config);
	config.subnqn = side ? "nqn.2026-11.io.nvmove:device-b" : "nqn.2026-11.io.nvmove:device-a";
	config.serial = side ? "B" : "A";
	config.first_cntlid = side ? 40 : 1;
	config.num_secondary = NR_SECONDARY;
	config.max_io_queues = IO_QUEUES;
	config.max_queue_entries = QUEUE_ENTRIES;
	config.max_vectors = VECTORS;
	config.mdts = 5;
	config.num_namespaces = NR_NAMESPACES;
	world->subsystem[side] = checked(nvmove_subsystem_new(&config, NULL));
	add_namespaces(world, side);
	join(world->subsystem[side]);
	provision(world, side);
}

static void init_port(struct world *world, struct port *port, uint32_t size)
{
	*port = (struct port) {
		.world = world,
		.memory = checked(calloc(1, size)),
		.size = size,
		.deadline_ns = UINT64_MAX,
	};
}

struct world *world_new(void)
{
	struct world *world = checked(calloc(1, sizeof(*world)));

	world->now_ns = 1000000000;
	init_port(world, &world->guest, GUEST_SIZE);
	init_port(world, &world->stranger, STRANGER_SIZE);
	init_port(world, &world->neighbour.port, HOST_SIZE);
	for (unsigned int i = 1; i <= NR_NAMESPACES; i++) {
		world->medium[i] = (struct model_medium) {
			.base = { .ops = &medium_ops, .size = (256u + 64 * i) << 10, .event_fd = -1 },
			.world = world,
		};
		world->medium[i].data = checked(calloc(1, world->medium[i].base.size));
	}
	for (unsigned int side = 0; side < 2; side++) {
		struct port *port = &world->host[side].port;

		new_device(world, side);
		init_port(world, port, HOST_SIZE);
		port_bind(port, nvmove_subsystem_ctrl(world->subsystem[side], 0));
	}
	port_bind(&world->guest, nvmove_subsystem_ctrl(world->subsystem[0], SECONDARY));
	return world;
}

void world_free(struct world *world)
{
	world_drain(world);
	for (unsigned int side = 0; side < 2; side++)
		nvmove_subsystem_free(world->subsystem[side]);
	for (unsigned int side = 0; side < 2; side++)
		free(world->host[side].port.memory);
	for (unsigned int i = 1; i <= NR_NAMESPACES; i++)
		free(world->medium[i].data);
	free(world->guest.memory);
	free(world->stranger.memory);
	free(world->neighbour.port.memory);
	free(world);
}
