// SPDX-License-Identifier: BSD-2-Clause
/*
 * A small NVMe driver on top of a mapped function. It waits by interrupt or by polling, as the
 * guest's options say, and knows every admin command it submitted by its identifier: a completion
 * that belongs to none is counted as duplicated.
 */
#include "nvme.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

#define CID_SLOT_BITS		12
#define CID_SLOT_MASK		((1u << CID_SLOT_BITS) - 1)
#define INTERRUPT_GRACE_MS	1000
#define OPCODE_NOBODY_KNOWS	0xff

uint16_t nvme_status(const struct nvm_cqe *cqe)
{
	return (le16toh(cqe->status) >> 1) & NVM_SC_MASK;
}

uint32_t nvme_read32(const struct machine *machine, uint32_t offset)
{
	return le32toh(*(volatile uint32_t *)(machine->function.bar0 + offset));
}

uint64_t nvme_read64(const struct machine *machine, uint32_t offset)
{
	uint64_t low = nvme_read32(machine, offset);

	return low | (uint64_t)nvme_read32(machine, offset + 4) << 32;
}

static void write32(struct machine *machine, uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)(machine->function.bar0 + offset) = htole32(value);
}

static void write64(struct machine *machine, uint32_t offset, uint64_t value)
{
	write32(machine, offset, (uint32_t)value);
	write32(machine, offset + 4, (uint32_t)(value >> 32));
}

static int wait_ready(struct machine *machine, uint32_t wanted)
{
	uint64_t end = now_us() + machine->timeout_ms * 1000ull;
	uint32_t status;

	do {
		status = nvme_read32(machine, NVM_REG_CSTS);
		if (status == UINT32_MAX || (status & NVM_CSTS_CFS))
			return fail("CSTS is %#x: controller gone or fatal", status);
		if ((status & NVM_CSTS_RDY) == wanted)
			return 0;
		sleep_us(200);
	} while (now_us() < end);
	return fail("CSTS.RDY: wanted %u, is %u after %u ms", wanted, status & NVM_CSTS_RDY,
		    machine->timeout_ms);
}

static void empty_queue(struct machine *machine, struct guest_queue *queue)
{
	memset(nvme_at(machine, queue->sq), 0, queue->sq_depth * sizeof(struct nvm_sqe));
	memset(nvme_at(machine, queue->cq), 0, queue->cq_depth * sizeof(struct nvm_cqe));
	queue->tail = 0;
	queue->rung = 0;
	queue->sq_head = 0;
	queue->cq_head = 0;
	queue->outstanding = 0;
	queue->phase = 1;
}

static int check_capabilities(struct machine *machine)
{
	struct guest *guest = machine->guest;
	uint64_t capabilities = nvme_read64(machine, NVM_REG_CAP);
	uint32_t entries = NVM_CAP_MQES(capabilities) + 1;
	uint32_t end;

	guest->doorbell_stride = 4u << ((capabilities >> 32) & 0xf);
	end = NVM_REG_DBS + 2 * (guest->options.nr_queues + 1) * guest->doorbell_stride;
	if (end > machine->function.bar0_size)
		return fail("doorbells of %u queues end at %#x, BAR0 at %#zx",
			    guest->options.nr_queues, end, machine->function.bar0_size);
	if (guest->options.sq_depth > entries || guest->options.cq_depth > entries)
		return fail("queue depth: %u and %u wanted, CAP.MQES allows %u",
			    guest->options.sq_depth, guest->options.cq_depth, entries);
	return 0;
}

int nvme_start(struct machine *machine)
{
	struct guest *guest = machine->guest;
	uint32_t size = GUEST_ADMIN_DEPTH - 1;

	watchdog_begin("enabling the controller");
	if (check_capabilities(machine))
		return -1;
	write32(machine, NVM_REG_CC, 0);
	if (wait_ready(machine, 0))
		return -1;
	empty_queue(machine, &guest->admin);
	memset(guest->admin_slot, 0, sizeof(guest->admin_slot));
	write32(machine, NVM_REG_AQA, size << 16 | size);
	write64(machine, NVM_REG_ASQ, nvme_iova(guest->admin.sq));
	write64(machine, NVM_REG_ACQ, nvme_iova(guest->admin.cq));
	write32(machine, NVM_REG_CC, NVM_CC_EN | 6u << 16 | 4u << 20);
	return wait_ready(machine, NVM_CSTS_RDY);
}

static uint32_t doorbell(const struct machine *machine, const struct guest_queue *queue,
			 uint32_t cq)
{
	return NVM_REG_DBS + (2 * queue->id + cq) * machine->guest->doorbell_stride;
}

struct nvm_sqe *nvme_queue_entry(struct machine *machine, struct guest_queue *queue)
{
	struct nvm_sqe *sqe = nvme_at(machine, queue->sq);

	memset(&sqe[queue->tail], 0, sizeof(*sqe));
	return &sqe[queue->tail];
}

void nvme_advance(struct guest_queue *queue)
{
	queue->tail = (queue->tail + 1) % queue->sq_depth;
	queue->outstanding++;
}

void nvme_ring(struct machine *machine, struct guest_queue *queue)
{
	if (queue->rung == queue->tail)
		return;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	queue->rung = queue->tail;
	write32(machine, doorbell(machine, queue, 0), queue->tail);
}

static bool entry_ready(const struct machine *machine, const struct guest_queue *queue,
			uint32_t index, uint8_t phase)
{
	uint64_t offset = index * sizeof(struct nvm_cqe) + offsetof(struct nvm_cqe, status);
	uint16_t status = *(const volatile uint16_t *)nvme_at(machine, queue->cq + offset);

	/* what follows must not read the rest of the entry before its phase */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return (le16toh(status) & 1) == phase;
}

bool nvme_completion_ready(const struct machine *machine, const struct guest_queue *queue)
{
	return entry_ready(machine, queue, queue->cq_head, queue->phase);
}

uint32_t nvme_count_unread(const struct machine *machine, const struct guest_queue *queue)
{
	uint32_t index = queue->cq_head, count = 0;
	uint8_t phase = queue->phase;

	while (count < queue->cq_depth && entry_ready(machine, queue, index, phase)) {
		count++;
		if (++index == queue->cq_depth) {
			index = 0;
			phase ^= 1;
		}
	}
	return count;
}

/* The head may only go forward, and not beyond what was rung. */
static void follow_head(struct machine *machine, struct guest_queue *queue, uint32_t head)
{
	uint32_t done, rung;

	if (head >= queue->sq_depth) {
		fail("sq %u: SQHD is %u, queue has %u entries", queue->id, head, queue->sq_depth);
		machine->guest->counts.io_errors++;
		return;
	}
	done = (head + queue->sq_depth - queue->sq_head) % queue->sq_depth;
	rung = (queue->rung + queue->sq_depth - queue->sq_head) % queue->sq_depth;
	if (done > rung) {
		fail("sq %u: SQHD went from %u to %u, tail is %u", queue->id, queue->sq_head, head,
		     queue->rung);
		machine->guest->counts.io_errors++;
		return;
	}
	queue->sq_head = head;
}

bool nvme_take_completion(struct machine *machine, struct guest_queue *queue, struct nvm_cqe *cqe)
{
	struct nvm_cqe *entry = nvme_at(machine, queue->cq);

	if (!nvme_completion_ready(machine, queue))
		return false;
	*cqe = entry[queue->cq_head];
	if (++queue->cq_head == queue->cq_depth) {
		queue->cq_head = 0;
		queue->phase ^= 1;
	}
	if (le16toh(cqe->sqid) != queue->id) {
		fail("cq %u: completion names sq %u", queue->id, le16toh(cqe->sqid));
		machine->guest->counts.io_errors++;
	}
	follow_head(machine, queue, le16toh(cqe->sqhd));
	return true;
}

void nvme_free_completions(struct machine *machine, struct guest_queue *queue)
{
	write32(machine, doorbell(machine, queue, 1), queue->cq_head);
}

uint64_t nvme_wait_vectors(struct machine *machine, uint32_t first, uint32_t last, int timeout_ms)
{
	struct pollfd event[VFIO_MAX_VECTORS];
	uint64_t fired = 0, count;
	uint32_t number = last - first + 1;

	for (uint32_t i = 0; i < number; i++)
		event[i] = (struct pollfd){ .fd = machine->function.event[first + i],
					    .events = POLLIN };
	if (poll(event, number, timeout_ms) <= 0)
		return 0;
	for (uint32_t i = 0; i < number; i++) {
		if (read(event[i].fd, &count, sizeof(count)) != sizeof(count))
			continue;
		fired |= 1ull << (first + i);
		machine->guest->counts.interrupts += count;
	}
	return fired;
}

static void complete_admin(struct machine *machine, const struct nvm_cqe *cqe)
{
	struct guest *guest = machine->guest;
	uint16_t cid = le16toh(cqe->cid);
	struct guest_admin_slot *slot =
		&guest->admin_slot[(cid & CID_SLOT_MASK) % GUEST_ADMIN_DEPTH];

	if ((cid & CID_SLOT_MASK) >= GUEST_ADMIN_DEPTH || slot->state != GUEST_SLOT_SUBMITTED ||
	    slot->sequence != cid >> CID_SLOT_BITS) {
		fail("admin queue: completion of cid %#x, which is not in flight", cid);
		guest->counts.duplicated++;
		return;
	}
	slot->state = GUEST_SLOT_DONE;
	slot->cqe = *cqe;
	guest->admin.outstanding--;
	guest->counts.completed++;
}

static void reap_admin(struct machine *machine)
{
	struct nvm_cqe cqe;
	bool any = false;

	while (nvme_take_completion(machine, &machine->guest->admin, &cqe)) {
		complete_admin(machine, &cqe);
		any = true;
	}
	if (any)
		nvme_free_completions(machine, &machine->guest->admin);
}

int nvme_submit_admin(struct machine *machine, struct nvm_sqe *sqe, uint16_t *cid)
{
	struct guest *guest = machine->guest;
	struct guest_admin_slot *slot;
	uint32_t index = 0;

	while (index < GUEST_ADMIN_DEPTH - 1 && guest->admin_slot[index].state != GUEST_SLOT_FREE)
		index++;
	if (index == GUEST_ADMIN_DEPTH - 1)
		return fail("admin queue: all %u slots in use", GUEST_ADMIN_DEPTH - 1);
	slot = &guest->admin_slot[index];
	slot->state = GUEST_SLOT_SUBMITTED;
	slot->sequence = (slot->sequence + 1) & 0xf;
	*cid = (uint16_t)(slot->sequence << CID_SLOT_BITS | index);
	sqe->cid = htole16(*cid);
	*nvme_queue_entry(machine, &guest->admin) = *sqe;
	nvme_advance(&guest->admin);
	guest->counts.submitted++;
	nvme_ring(machine, &guest->admin);
	return 0;
}

/* One look at the admin queue: by polling, or by interrupt with a check for a lost one. */
static void look_at_admin(struct machine *machine)
{
	struct guest *guest = machine->guest;

	if (!guest->options.interrupts) {
		reap_admin(machine);
		sched_yield();
		return;
	}
	if (!nvme_wait_vectors(machine, 0, 0, INTERRUPT_GRACE_MS) &&
	    nvme_completion_ready(machine, &guest->admin) &&
	    !nvme_wait_vectors(machine, 0, 0, INTERRUPT_GRACE_MS)) {
		fail("admin queue: completion without interrupt on vector 0 after %u ms",
		     INTERRUPT_GRACE_MS);
		guest->counts.lost_interrupts++;
	}
	reap_admin(machine);
}

int nvme_wait_admin(struct machine *machine, uint16_t cid, struct nvm_cqe *cqe)
{
	struct guest_admin_slot *slot = &machine->guest->admin_slot[cid & CID_SLOT_MASK];
	uint64_t end = now_us() + machine->timeout_ms * 1000ull;

	while (slot->state != GUEST_SLOT_DONE) {
		look_at_admin(machine);
		if (slot->state != GUEST_SLOT_DONE && now_us() > end)
			return fail("admin queue: no completion of cid %#x after %u ms", cid,
				    machine->timeout_ms);
	}
	*cqe = slot->cqe;
	slot->state = GUEST_SLOT_FREE;
	return 0;
}

int nvme_admin(struct machine *machine, struct nvm_sqe *sqe, struct nvm_cqe *cqe)
{
	uint16_t cid;

	if (nvme_submit_admin(machine, sqe, &cid))
		return -1;
	return nvme_wait_admin(machine, cid, cqe);
}

uint64_t nvme_admin_offset(const struct machine *machine, unsigned int index)
{
	return machine->guest->admin_data + (uint64_t)index * GUEST_PAGE;
}

void *nvme_admin_page(const struct machine *machine, unsigned int index)
{
	return nvme_at(machine, nvme_admin_offset(machine, index));
}

int nvme_provoke_errors(struct machine *machine)
{
	struct nvm_cqe cqe;

	for (uint32_t i = 0; i < machine->guest->options.errors; i++) {
		struct nvm_sqe sqe = { .opcode = OPCODE_NOBODY_KNOWS };

		if (nvme_admin(machine, &sqe, &cqe))
			return -1;
		if (!nvme_status(&cqe))
			return fail("admin opcode %#x: a refusal expected, it succeeded",
				    OPCODE_NOBODY_KNOWS);
	}
	return 0;
}

int nvme_identify(struct machine *machine, uint8_t cns, uint32_t nsid)
{
	struct nvm_sqe sqe = {
		.opcode = NVM_ADMIN_IDENTIFY,
		.nsid = htole32(nsid),
		.prp1 = htole64(nvme_iova(nvme_admin_offset(machine, 0))),
		.cdw10 = htole32(cns),
	};
	struct nvm_cqe cqe;

	memset(nvme_admin_page(machine, 0), 0xa5, GUEST_PAGE);
	if (nvme_admin(machine, &sqe, &cqe))
		return -1;
	if (nvme_status(&cqe))
		return fail("Identify CNS %#x nsid %u: status %#x", cns, nsid, nvme_status(&cqe));
	return 0;
}

static int choose_namespace(struct machine *machine)
{
	const uint32_t *active = nvme_admin_page(machine, 0);
	struct guest *guest = machine->guest;

	if (nvme_identify(machine, NVM_CNS_ACTIVE_NS, 0))
		return -1;
	if (!guest->options.nsid)
		guest->options.nsid = le32toh(active[0]);
	for (int i = 0; i < 1024 && active[i]; i++)
		if (le32toh(active[i]) == guest->options.nsid)
			return 0;
	return fail("namespace %u is not active, the first active one is %u", guest->options.nsid,
		    le32toh(active[0]));
}

static int learn_transfer_limit(struct machine *machine)
{
	const struct nvm_id_ctrl *controller = nvme_admin_page(machine, 0);
	struct guest *guest = machine->guest;
	uint64_t limit = GUEST_MAX_TRANSFER;

	if (nvme_identify(machine, NVM_CNS_CTRL, 0))
		return -1;
	if (controller->mdts && controller->mdts < 9)
		limit = (uint64_t)GUEST_PAGE << controller->mdts;
	guest->max_transfer = guest->options.transfer;
	if (guest->max_transfer > limit)
		guest->max_transfer = (uint32_t)limit;
	return 0;
}

int nvme_attach_namespace(struct machine *machine)
{
	const struct nvm_id_ns *namespace = nvme_admin_page(machine, 0);
	struct guest *guest = machine->guest;
	uint32_t shift;

	if (learn_transfer_limit(machine) || choose_namespace(machine) ||
	    nvme_identify(machine, NVM_CNS_NS, guest->options.nsid))
		return -1;
	shift = namespace->lbaf[namespace->flbas & 0xf].lbads;
	if (shift < 9 || shift > 12)
		return fail("namespace %u: LBA data size: 2^9 to 2^12 handled here, 2^%u there",
			    guest->options.nsid, shift);
	guest->block_size = 1u << shift;
	guest->blocks = le64toh(namespace->nsze);
	return 0;
}

static int create_queue(struct machine *machine, const struct guest_queue *queue, uint8_t opcode)
{
	bool completion = opcode == NVM_ADMIN_CREATE_CQ;
	uint32_t depth = completion ? queue->cq_depth : queue->sq_depth;
	struct nvm_sqe sqe = {
		.opcode = opcode,
		.prp1 = htole64(nvme_iova(completion ? queue->cq : queue->sq)),
		.cdw10 = htole32((depth - 1) << 16 | queue->id),
	};
	struct nvm_cqe cqe;

	if (completion)
		sqe.cdw11 = htole32((uint32_t)queue->vector << 16 | NVM_CQ_IEN | NVM_QUEUE_PC);
	else
		sqe.cdw11 = htole32((uint32_t)queue->id << 16 | NVM_QUEUE_PC);
	if (nvme_admin(machine, &sqe, &cqe))
		return -1;
	if (nvme_status(&cqe))
		return fail("creating %s %u with %u entries: status %#x", completion ? "cq" : "sq",
			    queue->id, depth, nvme_status(&cqe));
	return 0;
}

static int request_queues(struct machine *machine)
{
	uint32_t wanted = machine->guest->options.nr_queues;
	struct nvm_sqe sqe = {
		.opcode = NVM_ADMIN_SET_FEATURES,
		.cdw10 = htole32(NVM_FEAT_NUM_QUEUES),
		.cdw11 = htole32((wanted - 1) << 16 | (wanted - 1)),
	};
	struct nvm_cqe cqe;
	uint32_t granted;

	if (nvme_admin(machine, &sqe, &cqe))
		return -1;
	if (nvme_status(&cqe))
		return fail("Set Features, Number of Queues: status %#x", nvme_status(&cqe));
	granted = le32toh(cqe.dw0);
	if ((granted & 0xffff) + 1 < wanted || (granted >> 16) + 1 < wanted)
		return fail("I/O queues: %u wanted, %u submission and %u completion granted",
			    wanted, (granted & 0xffff) + 1, (granted >> 16) + 1);
	return 0;
}

int nvme_create_queues(struct machine *machine)
{
	struct guest *guest = machine->guest;

	if (request_queues(machine))
		return -1;
	for (uint32_t i = 0; i < guest->options.nr_queues; i++) {
		struct guest_queue *queue = &guest->io[i];

		empty_queue(machine, queue);
		if (create_queue(machine, queue, NVM_ADMIN_CREATE_CQ) ||
		    create_queue(machine, queue, NVM_ADMIN_CREATE_SQ))
			return -1;
	}
	return 0;
}
