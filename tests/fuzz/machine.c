// SPDX-License-Identifier: BSD-2-Clause
/*
 * The machine that the fuzzers drive; see machine.h.
 */
#include <errno.h>
#include <sanitizer/allocator_interface.h>
#include <string.h>

#include "machine.h"

#define MOST_TURNS	10000	/* of a controller that does not wait for anybody */

/* Guests and media are large and stay; what an input has touched is cleared for the next. */
static struct machine the_machine;
static uint8_t memories[NR_FUNCTIONS][GUEST_BYTES];

/* ---- memory that is allocated; the machine has one thread ---- */

static long held, held_most;

static void count_malloc(const volatile void *ptr, size_t size)
{
	(void)ptr;
	held += size;
	if (held > held_most)
		held_most = held;
}

static void count_free(const volatile void *ptr)
{
	if (ptr)
		held -= __sanitizer_get_allocated_size(ptr);
}

long held_begin(void)
{
	static bool counting;

	if (!counting)
		counting = __sanitizer_install_malloc_and_free_hooks(count_malloc, count_free);
	held_most = held;
	return held;
}

long held_peak(void)
{
	return held_most;
}

/* ---- a function: host memory, interrupts, time ---- */

/* A bit for each page of the range, 0 if it is not in the guest or has a hole. */
static uint64_t pages_of(const struct function *f, uint64_t addr, size_t len)
{
	unsigned int first, last;
	uint64_t pages;

	if (addr < GUEST_BASE || !len || len > GUEST_BYTES ||
	    addr - GUEST_BASE > GUEST_BYTES - len)
		return 0;
	first = (addr - GUEST_BASE) / GUEST_PAGE;
	last = (addr - GUEST_BASE + len - 1) / GUEST_PAGE;
	pages = (UINT64_MAX >> (GUEST_PAGES - 1 - (last - first))) << first;
	return pages & ~f->present ? 0 : pages;
}

static void *map(void *fn, uint64_t addr, size_t *len, enum nvmove_dma_direction dir)
{
	struct function *f = fn;
	size_t to_page_end = GUEST_PAGE - addr % GUEST_PAGE;
	uint64_t pages;

	witness_access(f, "a mapping");
	expect(*len, "a mapping of no bytes");
	if (f->path == DMA_COPIED)
		return NULL;
	if (f->path == DMA_MAPPED_BY_PAGE && *len > to_page_end)
		*len = to_page_end;
	pages = pages_of(f, addr, *len);
	if (!pages)
		return NULL;
	if (dir == NVMOVE_DMA_FROM_DEVICE)
		f->dirty |= pages;
	f->mapped++;
	return f->memory + (addr - GUEST_BASE);
}

static void unmap(void *fn, void *ptr, size_t len, enum nvmove_dma_direction dir, size_t written)
{
	struct function *f = fn;

	expect(f->mapped, "an unmapping without a mapping");
	expect((uint8_t *)ptr >= f->memory && (uint8_t *)ptr + len <= f->memory + GUEST_BYTES,
	       "an unmapping of another guest's memory");
	expect(written <= len && (dir == NVMOVE_DMA_FROM_DEVICE || !written),
	       "%zu of %zu bytes written by a mapping", written, len);
	f->mapped--;
}

static int dma_read(void *fn, uint64_t addr, void *buf, size_t len)
{
	struct function *f = fn;

	witness_access(f, "a read");
	if (!pages_of(f, addr, len))
		return -EFAULT;
	memcpy(buf, f->memory + (addr - GUEST_BASE), len);
	witness_read(f, addr, buf, len);
	return 0;
}

static int dma_write(void *fn, uint64_t addr, const void *buf, size_t len)
{
	struct function *f = fn;
	uint64_t pages = pages_of(f, addr, len);

	witness_access(f, "a write");
	if (!pages)
		return -EFAULT;
	f->dirty |= pages;
	memcpy(f->memory + (addr - GUEST_BASE), buf, len);
	witness_write(f, addr, buf, len);
	return 0;
}

static void irq(void *fn, unsigned int vector)
{
	struct function *f = fn;

	witness_access(f, "an interrupt");
	expect(vector < f->ctrl->num_vectors, "interrupt vector %u of %u", vector,
	       f->ctrl->num_vectors);
}

static void schedule(void *fn)
{
	((struct function *)fn)->scheduled = true;
}

static uint64_t now_ns(void *fn)
{
	return ((struct function *)fn)->machine->now_ns;
}

static void timer(void *fn, uint64_t deadline_ns)
{
	((struct function *)fn)->deadline_ns = deadline_ns;
}

static void discard_line(void *fn, const char *message)
{
	(void)fn;
	expect(message[0], "an empty line for the administrator");
}

const struct nvmove_host_ops machine_ops = {
	.dma_map = map,
	.dma_unmap = unmap,
	.dma_read = dma_read,
	.dma_write = dma_write,
	.irq = irq,
	.schedule = schedule,
	.now_ns = now_ns,
	.timer = timer,
	.log = discard_line,
};

/* ---- media ---- */

static void check_extent(struct nvmove_media_io *io, const struct nvmove_medium *base)
{
	const struct ctrl_request *req = request_of(io);
	uint64_t size = base->size;

	expect(!nvmove_ctrl_is_suspended(req->ctrl),
	       "a medium's operation by a suspended controller");
	if (req->ns) {
		expect(req->ns->medium == base, "another namespace's medium");
		size = req->ns->blocks << req->ns->lba_shift;
	}
	expect(size <= base->size, "a namespace of %#lx bytes, a medium of %#lx",
	       (unsigned long)size, (unsigned long)base->size);
	expect(io->op == NVMOVE_MEDIA_FLUSH ||
	       (io->offset <= size && io->length <= size - io->offset),
	       "operation %u at %#lx, %#lx bytes, of a namespace of %#lx", io->op,
	       (unsigned long)io->offset, (unsigned long)io->length, (unsigned long)size);
}

static void medium_submit(struct nvmove_medium *base, struct nvmove_media_io *io)
{
	struct held_medium *medium = (struct held_medium *)base;
	struct machine *machine = medium->machine;
	uint64_t sum = 0;

	check_extent(io, base);
	if (io->op == NVMOVE_MEDIA_READ || io->op == NVMOVE_MEDIA_WRITE) {
		for (unsigned int i = 0; i < io->iovcnt; i++)
			sum += io->iov[i].iov_len;
		expect(sum == io->length, "buffers of %lu bytes for %lu", (unsigned long)sum,
		       (unsigned long)io->length);
	}
	expect(machine->nr_pending < MAX_PENDING, "more than %u operations", MAX_PENDING);
	machine->pending[machine->nr_pending++] = (struct pending) { medium, io };
}

static void medium_poll(struct nvmove_medium *base)
{
	(void)base;
}

static void medium_drain(struct nvmove_medium *base)
{
	machine_drain(((struct held_medium *)base)->machine);
}

static const struct nvmove_medium_ops medium_ops = {
	.submit = medium_submit,
	.poll = medium_poll,
	.drain = medium_drain,
};

static void transfer(struct held_medium *medium, const struct nvmove_media_io *io)
{
	uint8_t *at = medium->data + io->offset;

	medium->dirty |= io->op == NVMOVE_MEDIA_WRITE;
	for (unsigned int i = 0; i < io->iovcnt; i++) {
		if (io->op == NVMOVE_MEDIA_READ)
			memcpy(io->iov[i].iov_base, at, io->iov[i].iov_len);
		else
			memcpy(at, io->iov[i].iov_base, io->iov[i].iov_len);
		at += io->iov[i].iov_len;
	}
}

void machine_complete(struct machine *machine, unsigned int index, int error)
{
	struct pending done = machine->pending[index];
	struct nvmove_media_io *io = done.io;

	machine->nr_pending--;
	memmove(&machine->pending[index], &machine->pending[index + 1],
		(machine->nr_pending - index) * sizeof(done));
	if (!error && (io->op == NVMOVE_MEDIA_READ || io->op == NVMOVE_MEDIA_WRITE))
		transfer(done.medium, io);
	if (!error && (io->op == NVMOVE_MEDIA_WRITE_ZEROES || io->op == NVMOVE_MEDIA_DEALLOCATE))
		memset(done.medium->data + io->offset, 0, io->length);
	io->done(io, error);
}

void machine_drain(struct machine *machine)
{
	while (machine->nr_pending)
		machine_complete(machine, 0, 0);
}

/* ---- the pool ---- */

static bool uses(const struct nvmove_subsystem *subsystem, const struct nvmove_medium *medium)
{
	for (uint32_t nsid = 1; subsystem && nsid <= NR_NSIDS; nsid++) {
		if (subsystem->ns[nsid] && subsystem->ns[nsid]->medium == medium)
			return true;
	}
	return false;
}

/* The other device may have namespaces whose medium has gone back to the pool. */
static struct held_medium *free_medium(struct machine *machine)
{
	for (unsigned int i = NR_NAMESPACES + 1; i < NR_MEDIA; i++) {
		struct held_medium *medium = &machine->medium[i];

		if (!medium->from_pool && !uses(machine->subsystem[0], &medium->base) &&
		    !uses(machine->subsystem[1], &medium->base))
			return medium;
	}
	return NULL;
}

static void clean(struct held_medium *medium)
{
	if (medium->dirty)
		memset(medium->data, 0, MEDIUM_BYTES);
	medium->dirty = false;
}

static int pool_create(void *arg, uint64_t bytes, struct nvmove_namespace_config *config)
{
	struct machine *machine = arg;
	struct held_medium *medium = free_medium(machine);
	int error = machine->pool_error;

	machine->pool_error = 0;
	expect(bytes && bytes <= NR_POOL_MEDIA * MEDIUM_BYTES, "%lu bytes of a pool of %u",
	       (unsigned long)bytes, NR_POOL_MEDIA * MEDIUM_BYTES);
	if (error)
		return error;
	if (!medium || bytes > MEDIUM_BYTES)
		return -ENOSPC;
	clean(medium);
	medium->from_pool = true;
	config->medium = &medium->base;
	config->locator = "pool";
	return 0;
}

static void pool_destroy(void *arg, struct nvmove_medium *base)
{
	struct held_medium *medium = (struct held_medium *)base;
	struct machine *machine = arg;

	expect(medium->from_pool, "a medium goes back twice");
	for (unsigned int i = 0; i < machine->nr_pending; i++)
		expect(machine->pending[i].medium != medium ||
		       request_of(machine->pending[i].io)->ctrl->subsystem !=
		       machine->subsystem[0], "a medium goes back with an operation under way");
	medium->from_pool = false;
}

static const struct nvmove_pool_ops pool_ops = {
	.create = pool_create,
	.destroy = pool_destroy,
};

/* ---- the whole ---- */

struct nvmove_subsystem *machine_new_subsystem(struct machine *machine,
					       const struct nvmove_pool *pool)
{
	struct nvmove_subsystem_config config;
	struct nvmove_subsystem *subsystem;

	nvmove_subsystem_config_default(&config);
	config.subnqn = "nqn.2026-11.io.nvmove:fuzz";
	config.serial = "FUZZ";
	config.num_secondary = NR_FUNCTIONS - 1;
	config.max_io_queues = IO_QUEUES;
	config.max_queue_entries = QUEUE_ENTRIES;
	config.max_vectors = VECTORS;
	config.mdts = MDTS;
	config.num_namespaces = NR_NSIDS;
	config.pool = pool;
	subsystem = nvmove_subsystem_new(&config, NULL);
	expect(subsystem, "no subsystem");
	for (uint32_t nsid = 1; nsid <= NR_NAMESPACES; nsid++) {
		struct nvmove_namespace_config ns = {
			.nsid = nsid,
			.lba_shift = nsid == 2 ? 12 : 9,
			.medium = &machine->medium[nsid].base,
			.locator = nsid == 3 ? NULL : "fuzz",
			.is_private = nsid == 3,
		};

		expect(!nvmove_namespace_add(subsystem, &ns, NULL), "no namespace %u", nsid);
	}
	nvmove_subsystem_set_vfs(subsystem, NR_FUNCTIONS - 1);
	return subsystem;
}

static void set_online(struct nvmove_ctrl *ctrl, unsigned int queues, unsigned int vectors)
{
	ctrl->num_queues = queues;
	ctrl->num_vectors = vectors;
	ctrl_set_online(ctrl);
}

static void begin_function(struct machine *machine, unsigned int index)
{
	struct function *f = &machine->function[index];
	struct nvmove_ctrl *ctrl = nvmove_subsystem_ctrl(machine->subsystem[0], index);

	*f = (struct function) {
		.machine = machine,
		.ctrl = ctrl,
		.memory = memories[index],
		.present = UINT64_MAX,
		.deadline_ns = UINT64_MAX,
	};
	nvmove_ctrl_bind(ctrl, &machine_ops, f);
	if (index == 2)
		machine_join(f, NVMOVE_IDENTITY_CHECK, NVM_CTRL_ONCS_VERIFY);
	if (index)
		set_online(ctrl, IO_QUEUES + 1, VECTORS);
	nvmove_namespace_attach(ctrl, 1);
	nvmove_namespace_attach_as(ctrl, 2, index == 2 ? 4 : 2, NULL);
	witness_adopt(f);
}

struct machine *machine_begin(void)
{
	struct machine *machine = &the_machine;
	struct nvmove_pool pool = {
		.ops = &pool_ops, .arg = machine, .bytes = NR_POOL_MEDIA * MEDIUM_BYTES };

	machine->now_ns = 1000000000;
	machine->pool_error = 0;
	for (unsigned int i = 1; i < NR_MEDIA; i++) {
		machine->medium[i].base = (struct nvmove_medium) {
			.ops = &medium_ops, .size = MEDIUM_BYTES, .event_fd = -1 };
		machine->medium[i].machine = machine;
		machine->medium[i].from_pool = false;
	}
	machine->subsystem[0] = machine_new_subsystem(machine, &pool);
	for (unsigned int i = 0; i < NR_FUNCTIONS; i++)
		begin_function(machine, i);
	return machine;
}

static void clear(struct machine *machine)
{
	for (unsigned int i = 0; i < NR_FUNCTIONS; i++) {
		struct function *f = &machine->function[i];

		for (unsigned int page = 0; page < GUEST_PAGES; page++) {
			if (f->dirty >> page & 1)
				memset(f->memory + page * GUEST_PAGE, 0, GUEST_PAGE);
		}
	}
	for (unsigned int i = 1; i < NR_MEDIA; i++)
		clean(&machine->medium[i]);
}

void machine_end(struct machine *machine)
{
	machine_quiesce(machine);
	for (unsigned int i = 0; i < NR_FUNCTIONS; i++) {
		struct function *f = &machine->function[i];

		witness_end(f);
		if (i && f->ctrl->online) {
			expect(machine_suspend(f), "a quiet controller does not suspend");
			machine_check_state(f, DESTINATION_EQUAL);
		}
	}
	for (unsigned int i = 0; i < 2; i++) {
		nvmove_subsystem_free(machine->subsystem[i]);
		machine->subsystem[i] = NULL;
	}
	expect(!machine->nr_pending, "operations outlive their subsystem");
	clear(machine);
}

void machine_settle(struct machine *machine)
{
	unsigned int turns = 0;
	bool any = true;

	while (any) {
		any = false;
		for (unsigned int i = 0; i < NR_FUNCTIONS; i++) {
			struct function *f = &machine->function[i];

			if (!f->scheduled)
				continue;
			f->scheduled = false;
			any = true;
			nvmove_ctrl_run(f->ctrl);
			expect(++turns < MOST_TURNS, "the controllers do not come to rest");
		}
	}
}

void machine_advance(struct machine *machine, uint64_t ns)
{
	machine->now_ns += ns;
	for (unsigned int i = 0; i < NR_FUNCTIONS; i++) {
		struct function *f = &machine->function[i];

		if (machine->now_ns < f->deadline_ns)
			continue;
		f->deadline_ns = UINT64_MAX;
		nvmove_ctrl_timer(f->ctrl);
	}
}

/* The shadow doorbell, if there is one. */
static void leave_doorbell(struct function *f, unsigned int index, uint32_t value)
{
	uint64_t doorbells = f->ctrl->st.shadow.doorbells;
	__le32 entry = cpu_to_le32(value);

	if (doorbells && index >= 2)
		guest_write(f, doorbells + doorbell_offset(index), &entry, sizeof(entry));
}

/* The guest reads everything that its completion queues hold. */
static bool read_completions(struct function *f)
{
	bool any = false;

	for (unsigned int qid = 0; qid <= IO_QUEUES; qid++) {
		const struct cq_state *cq = &f->ctrl->st.cq[qid];

		if (!cq->exists || cq->head == cq->tail || !ctrl_is_operational(f->ctrl))
			continue;
		leave_doorbell(f, 2 * qid + 1, cq->tail);
		register_write(f, NVM_REG_DBS + doorbell_offset(2 * qid + 1), cq->tail, 4);
		any = true;
	}
	return any;
}

static void wake(struct function *f)
{
	if (!nvmove_ctrl_is_suspended(f->ctrl))
		return;
	/* A load that was begun and not committed keeps it suspended until it is begun anew. */
	state_transfer_discard(&f->ctrl->transfer);
	expect(!nvmove_ctrl_resume(f->ctrl), "a suspended controller does not resume");
}

void machine_quiesce(struct machine *machine)
{
	bool any = true;

	for (unsigned int turns = 0; any; turns++) {
		expect(turns < MOST_TURNS, "completions never end");
		for (unsigned int i = 0; i < NR_FUNCTIONS; i++)
			wake(&machine->function[i]);
		machine_settle(machine);
		any = machine->nr_pending;
		machine_drain(machine);
		machine_settle(machine);
		for (unsigned int i = 0; i < NR_FUNCTIONS; i++)
			any |= read_completions(&machine->function[i]);
	}
}

void guest_write(struct function *f, uint64_t addr, const void *data, size_t len)
{
	uint64_t pages = pages_of(f, addr, len);

	if (!pages)
		return;
	f->dirty |= pages;
	memcpy(f->memory + (addr - GUEST_BASE), data, len);
}

static uint32_t guest_read32(const struct function *f, uint64_t addr)
{
	__le32 value = 0;

	if (pages_of(f, addr, sizeof(value)))
		memcpy(&value, f->memory + (addr - GUEST_BASE), sizeof(value));
	return le32_to_cpu(value);
}

void guest_ring(struct function *f, unsigned int index, uint32_t value)
{
	const struct shadow_state *shadow = &f->ctrl->st.shadow;
	uint64_t offset = doorbell_offset(index);
	uint16_t passed, moved;

	if (shadow->doorbells && index >= 2) {
		moved = value - guest_read32(f, shadow->doorbells + offset);
		leave_doorbell(f, index, value);
		passed = value - guest_read32(f, shadow->event_indexes + offset) - 1;
		if (passed >= moved)
			return;
	}
	register_write(f, NVM_REG_DBS + offset, value, 4);
}

void register_write(struct function *f, uint64_t offset, uint64_t value, unsigned int size)
{
	witness_look(f);
	nvmove_ctrl_write(f->ctrl, offset, value, size);
	witness_look(f);
}
