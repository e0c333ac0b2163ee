// SPDX-License-Identifier: BSD-2-Clause
/*
 * The host of the benchmarks; see host.h.
 */
#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <nvmove/lm.h>

#include "host.h"

#define PAGE		4096u
#define FIRST_CNTLID	1
#define HOST_ID_BYTES	16u
#define RESERVATION_KEY	0x6e766d6f7665ull
#define CC_ENABLE	(NVM_CC_EN | 6u << 16 | 4u << 20)	/* IOSQES, IOCQES */

/** struct held_medium - a medium that hands what it is given to another one when it is told to */
struct held_medium {
	struct nvmove_medium medium;
	struct nvmove_medium *below;
	struct nvmove_media_io *first;
	struct nvmove_media_io **last;
};

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

void *page_aligned(size_t len)
{
	void *memory = aligned_alloc(PAGE, len);

	if (!memory)
		die("no memory for %zu bytes", len);
	memset(memory, 0x5a, len);
	return memory;
}

/* ---- host operations: plain memory at bus address 0 ---- */

static bool in_memory(uint64_t addr, size_t len)
{
	return len <= HOST_MEMORY_BYTES && addr <= HOST_MEMORY_BYTES - len;
}

static bool in_wide_memory(uint64_t addr, size_t len)
{
	return addr - WIDE_MEMORY < WIDE_MEMORY_BYTES && addr % PAGE + len <= PAGE;
}

static void *dma_map(void *fn, uint64_t addr, size_t *len, enum nvmove_dma_direction dir)
{
	struct function *function = fn;

	(void)dir;
	if (in_wide_memory(addr, *len))
		return function->host->memory + HOST_MEMORY_BYTES - PAGE + addr % PAGE;
	return in_memory(addr, *len) ? function->host->memory + addr : NULL;
}

static void dma_unmap(void *fn, void *ptr, size_t len, enum nvmove_dma_direction dir,
		      size_t written)
{
	(void)fn;
	(void)ptr;
	(void)len;
	(void)dir;
	(void)written;
}

static int dma_read(void *fn, uint64_t addr, void *buf, size_t len)
{
	struct function *function = fn;

	if (!in_memory(addr, len))
		return -EFAULT;
	memcpy(buf, function->host->memory + addr, len);
	return 0;
}

static int dma_write(void *fn, uint64_t addr, const void *buf, size_t len)
{
	struct function *function = fn;

	if (!in_memory(addr, len))
		return -EFAULT;
	memcpy(function->host->memory + addr, buf, len);
	return 0;
}

static void irq(void *fn, unsigned int vector)
{
	(void)fn;	/* the driver polls */
	(void)vector;
}

static void schedule(void *fn)
{
	((struct function *)fn)->scheduled = true;
}

static uint64_t now_ns(void *fn)
{
	struct timespec now;

	(void)fn;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void timer(void *fn, uint64_t deadline_ns)
{
	(void)fn;	/* nothing here has a Keep Alive Timer */
	(void)deadline_ns;
}

static void log_message(void *fn, const char *message)
{
	(void)fn;
	fprintf(stderr, "bench: %s\n", message);
}

static const struct nvmove_host_ops ops = {
	.dma_map = dma_map,
	.dma_unmap = dma_unmap,
	.dma_read = dma_read,
	.dma_write = dma_write,
	.irq = irq,
	.schedule = schedule,
	.now_ns = now_ns,
	.timer = timer,
	.log = log_message,
};

/* ---- a medium that keeps commands in flight ---- */

static void held_submit(struct nvmove_medium *medium, struct nvmove_media_io *io)
{
	struct held_medium *held = (struct held_medium *)medium;

	io->next = NULL;
	*held->last = io;
	held->last = &io->next;
}

static void held_poll(struct nvmove_medium *medium)
{
	struct held_medium *held = (struct held_medium *)medium;

	while (held->first) {
		struct nvmove_media_io *io = held->first;

		held->first = io->next;
		if (!held->first)
			held->last = &held->first;
		nvmove_medium_submit(held->below, io);
	}
}

static void held_close(struct nvmove_medium *medium)
{
	struct held_medium *held = (struct held_medium *)medium;

	nvmove_medium_close(held->below);
	free(held);
}

static const struct nvmove_medium_ops held_ops = {
	.submit = held_submit,
	.poll = held_poll,
	.drain = held_poll,
	.close = held_close,
};

static struct held_medium *held_medium_new(struct nvmove_medium *below)
{
	struct held_medium *held = calloc(1, sizeof(*held));

	if (!held)
		die("no memory for a medium");
	held->medium.ops = &held_ops;
	held->medium.size = below->size;
	held->medium.event_fd = -1;
	held->below = below;
	held->last = &held->first;
	return held;
}

/* ---- the least of a driver ---- */

uint64_t host_alloc(struct host *host, size_t len)
{
	uint64_t addr = host->used;

	host->used += (len + PAGE - 1) & ~(size_t)(PAGE - 1);
	if (host->used > HOST_MEMORY_BYTES - PAGE)
		die("guest memory: %u bytes are not enough", HOST_MEMORY_BYTES);
	return addr;
}

static void queue_alloc(struct host *host, struct queue_pair *queue, unsigned int qid,
			unsigned int entries)
{
	*queue = (struct queue_pair) {
		.qid = qid,
		.entries = entries,
		.phase = 1,
		.sq_addr = host_alloc(host, entries * sizeof(struct nvm_sqe)),
		.cq_addr = host_alloc(host, entries * sizeof(struct nvm_cqe)),
	};
}

void queue_push(struct function *function, struct queue_pair *queue, const struct nvm_sqe *sqe)
{
	memcpy(function->host->memory + queue->sq_addr + queue->tail * sizeof(*sqe), sqe,
	       sizeof(*sqe));
	queue->tail = queue->tail + 1 == queue->entries ? 0 : queue->tail + 1;
}

void queue_ring(struct function *function, const struct queue_pair *queue)
{
	nvmove_ctrl_write(function->ctrl, NVM_REG_DBS + 8 * queue->qid, queue->tail, 4);
}

unsigned int queue_reap(struct function *function, struct queue_pair *queue)
{
	const struct nvm_cqe *cqe = (void *)(function->host->memory + queue->cq_addr);
	unsigned int reaped = 0;

	for (;; reaped++) {
		unsigned int status = le16toh(cqe[queue->head].status);

		if ((status & 1) != queue->phase)
			break;
		if (status >> 1)
			die("queue %u: status %#x", queue->qid, status >> 1);
		if (++queue->head == queue->entries) {
			queue->head = 0;
			queue->phase ^= 1;
		}
	}
	nvmove_ctrl_write(function->ctrl, NVM_REG_DBS + 8 * queue->qid + 4, queue->head, 4);
	return reaped;
}

void function_run(struct function *function)
{
	while (function->scheduled) {
		function->scheduled = false;
		nvmove_ctrl_run(function->ctrl);
	}
}

void function_enable(struct function *function)
{
	struct queue_pair *admin = &function->admin;

	queue_alloc(function->host, admin, 0, 32);
	nvmove_ctrl_write(function->ctrl, NVM_REG_AQA,
			  (admin->entries - 1) << 16 | (admin->entries - 1), 4);
	nvmove_ctrl_write(function->ctrl, NVM_REG_ASQ, admin->sq_addr, 8);
	nvmove_ctrl_write(function->ctrl, NVM_REG_ACQ, admin->cq_addr, 8);
	nvmove_ctrl_write(function->ctrl, NVM_REG_CC, CC_ENABLE, 4);
	function_run(function);
	if (nvmove_ctrl_read(function->ctrl, NVM_REG_CSTS, 4) != NVM_CSTS_RDY)
		die("controller %u does not become ready", nvmove_ctrl_cntlid(function->ctrl));
}

void function_disable(struct function *function)
{
	nvmove_ctrl_write(function->ctrl, NVM_REG_CC, 0, 4);
	function_run(function);
	if (nvmove_ctrl_read(function->ctrl, NVM_REG_CSTS, 4) & NVM_CSTS_RDY)
		die("controller %u stays ready", nvmove_ctrl_cntlid(function->ctrl));
}

static void queue_execute(struct function *function, struct queue_pair *queue,
			  const struct nvm_sqe *sqe)
{
	queue_push(function, queue, sqe);
	queue_ring(function, queue);
	function_run(function);
	if (queue_reap(function, queue) != 1)
		die("queue %u: command %02xh does not complete", queue->qid, sqe->opcode);
}

void function_admin(struct function *function, struct nvm_sqe sqe)
{
	queue_execute(function, &function->admin, &sqe);
}

void function_set_host_id(struct function *function, uint8_t byte)
{
	uint64_t addr = host_alloc(function->host, HOST_ID_BYTES);

	memset(function->host->memory + addr, byte, HOST_ID_BYTES);
	function_admin(function, (struct nvm_sqe) {
		.opcode = NVM_ADMIN_SET_FEATURES,
		.prp1 = htole64(addr),
		.cdw10 = htole32(NVM_FEAT_HOST_ID),
		.cdw11 = htole32(1),	/* 128 bits */
	});
}

void function_register(struct function *function, struct queue_pair *queue,
		       unsigned int num_namespaces)
{
	uint64_t keys[2] = { 0, htole64(RESERVATION_KEY) };	/* current, new */
	uint64_t addr = host_alloc(function->host, sizeof(keys));

	memcpy(function->host->memory + addr, keys, sizeof(keys));
	for (uint32_t nsid = 1; nsid <= num_namespaces; nsid++)
		queue_execute(function, queue, &(struct nvm_sqe) {
			.opcode = NVM_IO_RESV_REGISTER,
			.nsid = htole32(nsid),
			.prp1 = htole64(addr),
		});
}

void function_post_event_requests(struct function *function, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		struct nvm_sqe sqe = { .opcode = NVM_ADMIN_ASYNC_EVENT, .cid = htole16(i) };

		queue_push(function, &function->admin, &sqe);
	}
	queue_ring(function, &function->admin);
	function_run(function);
}

void function_create_queue(struct function *function, struct queue_pair *queue, unsigned int qid,
			   unsigned int entries)
{
	uint32_t cdw10 = (entries - 1) << 16 | qid;

	queue_alloc(function->host, queue, qid, entries);
	function_admin(function, (struct nvm_sqe) {
		.opcode = NVM_ADMIN_CREATE_CQ,
		.prp1 = htole64(queue->cq_addr),
		.cdw10 = htole32(cdw10),
		.cdw11 = htole32(qid << 16 | 3),	/* IEN, PC; vector by queue */
	});
	function_admin(function, (struct nvm_sqe) {
		.opcode = NVM_ADMIN_CREATE_SQ,
		.prp1 = htole64(queue->sq_addr),
		.cdw10 = htole32(cdw10),
		.cdw11 = htole32(qid << 16 | 1),	/* PC */
	});
}

/* ---- the host ---- */

/* Returns the resources of either kind that a controller can have. */
static unsigned int create_subsystem(struct host *host, const struct host_options *options)
{
	struct nvmove_subsystem_config config;
	char *error;

	nvmove_subsystem_config_default(&config);
	config.subnqn = "nqn.2026-11.org.example:bench";
	config.serial = "BENCH0001";
	config.first_cntlid = FIRST_CNTLID;
	config.num_secondary = 1;
	if (options->max_io_queues)
		config.max_io_queues = options->max_io_queues;
	config.max_vectors = config.max_io_queues + 1;
	if (options->max_namespaces)
		config.num_namespaces = options->max_namespaces;
	host->subsystem = nvmove_subsystem_new(&config, &error);
	if (!host->subsystem)
		die("%s", error);
	return config.max_vectors;
}

static void bind(struct host *host, struct function *function, unsigned int index)
{
	function->host = host;
	function->ctrl = nvmove_subsystem_ctrl(host->subsystem, index);
	nvmove_ctrl_bind(function->ctrl, &ops, function);
}

static void add_namespace(struct host *host, uint32_t nsid, uint64_t bytes)
{
	struct nvmove_namespace_config config = { .nsid = nsid, .lba_shift = 12 };
	char *error;

	if (!host->medium[nsid])
		host->medium[nsid] = nvmove_medium_mem(bytes);
	if (!host->medium[nsid])
		die("nsid %u: no memory for %lu bytes", nsid, (unsigned long)bytes);
	config.medium = host->held && nsid == 1 ? &host->held->medium : host->medium[nsid];
	if (nvmove_namespace_add(host->subsystem, &config, &error))
		die("%s", error);
	if (nvmove_namespace_attach(host->secondary.ctrl, nsid))
		die("nsid %u cannot be attached", nsid);
}

static void virt_mgmt(struct host *host, unsigned int action, unsigned int resource,
		      unsigned int count)
{
	function_admin(&host->primary, (struct nvm_sqe) {
		.opcode = NVM_ADMIN_VIRT_MGMT,
		.cdw10 = htole32((FIRST_CNTLID + 1) << 16 | resource << 8 | action),
		.cdw11 = htole32(count),
	});
}

struct host *host_new(const struct host_options *options)
{
	struct host *host = calloc(1, sizeof(*host));
	unsigned int resources;

	if (!host)
		die("no memory for a host");
	host->memory = mmap(NULL, HOST_MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	if (host->memory == MAP_FAILED)
		die("no memory for a guest");
	resources = create_subsystem(host, options);
	bind(host, &host->primary, 0);
	bind(host, &host->secondary, 1);
	host->num_namespaces = options->num_namespaces;
	host->tracking = host_alloc(host, PAGE);
	if (options->hold) {
		host->medium[1] = nvmove_medium_mem(options->namespace_bytes);
		if (!host->medium[1])
			die("no memory for a medium");
		host->held = held_medium_new(host->medium[1]);
	}
	function_enable(&host->primary);
	for (uint32_t nsid = 1; nsid <= options->num_namespaces; nsid++)
		add_namespace(host, nsid, options->namespace_bytes);
	nvmove_subsystem_set_vfs(host->subsystem, 1);
	virt_mgmt(host, NVM_VIRT_SECONDARY_ASSIGN, NVM_VIRT_RT_VQ, resources);
	virt_mgmt(host, NVM_VIRT_SECONDARY_ASSIGN, NVM_VIRT_RT_VI, resources);
	virt_mgmt(host, NVM_VIRT_SECONDARY_ONLINE, 0, 0);
	return host;
}

void host_free(struct host *host)
{
	nvmove_subsystem_free(host->subsystem);
	if (host->held)
		held_close(&host->held->medium);
	for (unsigned int nsid = host->held ? 2 : 1; nsid <= host->num_namespaces; nsid++)
		nvmove_medium_close(host->medium[nsid]);
	munmap(host->memory, HOST_MEMORY_BYTES);
	free(host);
}

static void track(struct host *host, unsigned int action, uint64_t prp1)
{
	function_admin(&host->primary, (struct nvm_sqe) {
		.opcode = NVMOVE_HMLM_TRACK_SEND,
		.prp1 = htole64(prp1),
		.cdw10 = htole32(action << NVMOVE_HMLM_MOS_SHIFT | NVMOVE_HMLM_TRACK_MEMORY),
		.cdw11 = htole32(nvmove_ctrl_cntlid(host->secondary.ctrl)),
	});
}

void host_track(struct host *host, uint64_t addr, uint64_t bytes)
{
	struct {
		struct nvmove_hmlm_memory_request request;
		struct nvmove_hmlm_memory_range range;
	} *start = (void *)(host->memory + host->tracking);

	*start = (typeof(*start)) {
		.request = { .nr_ranges = htole32(1) },
		.range = { .address = htole64(addr), .length = htole32(bytes / PAGE) },
	};
	track(host, NVMOVE_HMLM_START, host->tracking);
}

void host_untrack(struct host *host)
{
	track(host, NVMOVE_HMLM_STOP, 0);
}

void host_receive(struct host *host, uint64_t prp1, uint64_t prp2, uint32_t bytes)
{
	const struct nvmove_hmlm_memory_changes *changes = (void *)(host->memory + prp1);

	function_admin(&host->primary, (struct nvm_sqe) {
		.opcode = NVMOVE_HMLM_TRACK_RECEIVE,
		.prp1 = htole64(prp1),
		.prp2 = htole64(prp2),
		.cdw10 = htole32(NVMOVE_HMLM_MEMORY_CHANGES),
		.cdw11 = htole32(nvmove_ctrl_cntlid(host->secondary.ctrl)),
		.cdw12 = htole32(bytes / 4 - 1),
	});
	if (changes->attributes & NVMOVE_HMLM_CHANGES_MORE)
		die("%u changes, and there are more", le32toh(changes->nr_changes));
}

void host_release(struct host *host)
{
	nvmove_medium_poll(&host->held->medium);
}

static void filled(struct nvmove_media_io *io, int error)
{
	if (error)
		die("writing at byte %lu: %s", (unsigned long)io->offset, strerror(-error));
}

void host_fill(struct host *host)
{
	uint8_t *block = page_aligned(IO_BYTES);

	for (uint64_t at = 0; at < host->medium[1]->size; at += IO_BYTES) {
		struct iovec iov = { .iov_base = block, .iov_len = IO_BYTES };
		struct nvmove_media_io io = {
			.op = NVMOVE_MEDIA_WRITE,
			.offset = at,
			.length = IO_BYTES,
			.iov = &iov,
			.iovcnt = 1,
			.done = filled,
		};

		nvmove_medium_submit(host->medium[1], &io);
	}
	free(block);
}

static void suspend_ended(void *arg, int status)
{
	*(int *)arg = status;
}

void host_suspend(struct host *host)
{
	int status = 1;

	if (nvmove_ctrl_suspend(host->secondary.ctrl, suspend_ended, &status) || status)
		die("the controller does not suspend");
}

void host_renew(struct host *host)
{
	nvmove_ctrl_reset(host->secondary.ctrl, NVMOVE_RESET_CONVENTIONAL);
	host_suspend(host);
}

void *host_save(struct host *host, size_t *size)
{
	void *state;

	*size = nvmove_ctrl_state_size(host->secondary.ctrl);
	state = malloc(*size);
	if (!state)
		die("no memory for a state of %zu bytes", *size);
	if (nvmove_ctrl_save(host->secondary.ctrl, state, *size) != (long)*size)
		die("the controller is not saved");
	return state;
}

void host_load(struct host *host, const void *state, size_t size)
{
	struct nvmove_load_error error;

	if (nvmove_ctrl_load(host->secondary.ctrl, state, size, &error))
		die("section %u: %s", error.section, error.text);
}
