// SPDX-License-Identifier: BSD-2-Clause
/*
 * The workload. A command owns one extent of the working set while it is in flight, so that what
 * each block must contain is known whatever order commands complete in. Everything it knows is in
 * guest memory; a command is known by its identifier (slot and sequence), and a completion that
 * belongs to no command in flight is counted as duplicated.
 */
#include "workload.h"

#include <endian.h>
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "nvme.h"
#include "report.h"

#define CID_SLOT_BITS		12
#define CID_SLOT_MASK		((1u << CID_SLOT_BITS) - 1)
#define TRIES_FOR_EXTENT	16
#define INTERRUPT_WAIT_MS	2000
#define REPORTED_ERRORS		10

static uint64_t next_random(struct guest *guest)
{
	uint64_t value = guest->random += 0x9e3779b97f4a7c15ull;

	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9ull;
	value = (value ^ value >> 27) * 0x94d049bb133111ebull;
	return value ^ value >> 31;
}

static uint32_t *generations(const struct machine *machine, uint64_t lba)
{
	uint32_t *table = nvme_at(machine, machine->guest->generations);

	return table + (lba - machine->guest->options.first_lba);
}

static uint8_t *busy(const struct machine *machine, uint32_t extent)
{
	return (uint8_t *)nvme_at(machine, machine->guest->busy) + extent;
}

static struct guest_slot *slots(const struct machine *machine, const struct guest_queue *queue)
{
	return nvme_at(machine, queue->slots);
}

int workload_start(struct machine *machine)
{
	struct guest *guest = machine->guest;
	uint64_t room;

	guest->extent_blocks = guest->max_transfer / guest->block_size;
	if (guest->options.first_lba >= guest->blocks)
		return fail("working set begins at LBA %llu, namespace %u has %llu blocks",
			    (unsigned long long)guest->options.first_lba, guest->options.nsid,
			    (unsigned long long)guest->blocks);
	room = (guest->blocks - guest->options.first_lba) / guest->extent_blocks;
	guest->extents = guest->options.extents;
	if (guest->extents > room)
		guest->extents = (uint32_t)room;
	if (guest->extents < 2)
		return fail("working set: %llu extents of %u blocks fit, 2 are needed",
			    (unsigned long long)room, guest->extent_blocks);
	guest->random = guest->options.seed;
	for (uint64_t i = 0; i < (uint64_t)guest->extents * guest->extent_blocks; i++)
		generations(machine, guest->options.first_lba)[i] = BLOCK_UNKNOWN;
	return 0;
}

/* A free extent, or -1 when the working set is nearly used up. */
static int64_t claim_extent(struct machine *machine)
{
	struct guest *guest = machine->guest;

	for (int i = 0; i < TRIES_FOR_EXTENT; i++) {
		uint32_t extent = (uint32_t)(next_random(guest) % guest->extents);

		if (!*busy(machine, extent)) {
			*busy(machine, extent) = 1;
			return extent;
		}
	}
	return -1;
}

/* Data anywhere in its area, PRP list anywhere in its page: all that the specification allows. */
static void set_data(struct machine *machine, struct guest_slot *slot, struct nvm_sqe *sqe)
{
	uint64_t shift = next_random(machine->guest) % (GUEST_PAGE / 4) * 4;
	uint32_t size = slot->blocks * machine->guest->block_size;
	uint64_t first, pages, place;
	uint64_t *list;

	slot->data = slot->data_area + (next_random(machine->guest) & 1 ? shift : 0);
	sqe->prp1 = htole64(nvme_iova(slot->data));
	first = (slot->data & ~(uint64_t)(GUEST_PAGE - 1)) + GUEST_PAGE;
	if (slot->data + size <= first)
		return;
	pages = (slot->data + size - first + GUEST_PAGE - 1) / GUEST_PAGE;
	if (pages == 1) {
		sqe->prp2 = htole64(nvme_iova(first));
		return;
	}
	place = next_random(machine->guest) % (GUEST_PAGE / 8 - pages + 1);
	sqe->prp2 = htole64(nvme_iova(slot->list + place * 8));
	list = nvme_at(machine, slot->list + place * 8);
	for (uint64_t i = 0; i < pages; i++)
		list[i] = htole64(nvme_iova(first + i * GUEST_PAGE));
}

static uint8_t choose_opcode(struct guest *guest)
{
	uint32_t dice = (uint32_t)(next_random(guest) % 100);

	if (dice < 45)
		return NVM_IO_READ;
	if (dice < 85)
		return NVM_IO_WRITE;
	if (dice < 93)
		return NVM_IO_COMPARE;
	if (dice < 97)
		return NVM_IO_WRITE_ZEROES;
	return NVM_IO_FLUSH;
}

static bool has_unknown_blocks(const struct machine *machine, const struct guest_slot *slot)
{
	const uint32_t *generation = generations(machine, slot->lba);

	for (uint32_t i = 0; i < slot->blocks; i++)
		if (generation[i] & BLOCK_UNKNOWN)
			return true;
	return false;
}

/*
 * An extent with unknown blocks is written whole first, so that all of it can be read afterwards.
 */
static void choose_command(struct machine *machine, struct guest_slot *slot)
{
	struct guest *guest = machine->guest;
	uint32_t skip = (uint32_t)(next_random(guest) % guest->extent_blocks);

	slot->lba = guest->options.first_lba + (uint64_t)slot->extent * guest->extent_blocks;
	slot->blocks = guest->extent_blocks;
	slot->opcode = NVM_IO_WRITE;
	if (has_unknown_blocks(machine, slot))
		return;
	slot->lba += skip;
	slot->blocks = 1 + (uint32_t)(next_random(guest) % (guest->extent_blocks - skip));
	slot->opcode = choose_opcode(guest);
}

/* What the blocks contain once this command has been executed. */
static void prepare_content(struct machine *machine, struct guest_slot *slot)
{
	struct guest *guest = machine->guest;
	uint32_t *generation = generations(machine, slot->lba);
	uint8_t *data = nvme_at(machine, slot->data);

	for (uint32_t i = 0; i < slot->blocks; i++) {
		if (slot->opcode == NVM_IO_WRITE)
			generation[i] = (generation[i] & BLOCK_GENERATION) + 1;
		else if (slot->opcode == NVM_IO_WRITE_ZEROES)
			generation[i] = ((generation[i] & BLOCK_GENERATION) + 1) | BLOCK_ZEROED;
		if (slot->opcode == NVM_IO_WRITE || slot->opcode == NVM_IO_COMPARE)
			block_fill(data + (size_t)i * guest->block_size, guest->block_size,
				   guest->options.seed, slot->lba + i, generation[i]);
	}
	if (slot->opcode == NVM_IO_READ)
		memset(data, 0xee, (size_t)slot->blocks * guest->block_size);
}

static void build_command(struct machine *machine, struct guest_slot *slot, struct nvm_sqe *sqe)
{
	sqe->opcode = slot->opcode;
	sqe->nsid = htole32(machine->guest->options.nsid);
	if (slot->opcode == NVM_IO_FLUSH)
		return;
	sqe->cdw10 = htole32((uint32_t)slot->lba);
	sqe->cdw11 = htole32((uint32_t)(slot->lba >> 32));
	sqe->cdw12 = htole32(slot->blocks - 1);
	if (slot->opcode != NVM_IO_WRITE_ZEROES)
		set_data(machine, slot, sqe);
	prepare_content(machine, slot);
}

static void submit(struct machine *machine, struct guest_queue *queue, uint32_t index)
{
	struct guest_slot *slot = &slots(machine, queue)[index];
	struct nvm_sqe *sqe = nvme_queue_entry(machine, queue);

	build_command(machine, slot, sqe);
	slot->state = GUEST_SLOT_SUBMITTED;
	slot->sequence = (slot->sequence + 1) & 0xf;
	slot->move = machine->guest->moves;
	sqe->cid = htole16((uint16_t)(slot->sequence << CID_SLOT_BITS | index));
	machine->guest->counts.submitted++;
	nvme_advance(queue);
}

/* Fills the free slots of a queue and leaves the doorbell alone. */
static void fill_queue(struct machine *machine, struct guest_queue *queue)
{
	struct guest_slot *slot = slots(machine, queue);

	for (uint32_t i = 0; i < queue->sq_depth - 1; i++) {
		int64_t extent;

		if (slot[i].state != GUEST_SLOT_FREE)
			continue;
		extent = claim_extent(machine);
		if (extent < 0)
			return;
		slot[i].extent = (uint32_t)extent;
		choose_command(machine, &slot[i]);
		submit(machine, queue, i);
	}
}

int workload_fill(struct machine *machine)
{
	struct guest *guest = machine->guest;

	for (uint32_t i = 0; i < guest->options.nr_queues; i++)
		fill_queue(machine, &guest->io[i]);
	for (uint32_t i = 0; i < guest->options.nr_queues; i++)
		nvme_ring(machine, &guest->io[i]);
	return workload_outstanding(machine) ? 0 : fail("nothing to submit: no extent is free");
}

static void verify_read(struct machine *machine, const struct guest_slot *slot)
{
	struct guest *guest = machine->guest;
	const uint32_t *generation = generations(machine, slot->lba);
	const uint8_t *data = nvme_at(machine, slot->data);

	for (uint32_t i = 0; i < slot->blocks; i++) {
		if (generation[i] & BLOCK_UNKNOWN)
			continue;
		if (block_check(data + (size_t)i * guest->block_size, guest->block_size,
				guest->options.seed, slot->lba + i, generation[i]))
			guest->counts.verify_errors++;
		else
			guest->counts.bytes_verified += guest->block_size;
	}
}

static void count_success(struct machine *machine, const struct guest_slot *slot)
{
	struct guest_counts *counts = &machine->guest->counts;
	uint64_t bytes = (uint64_t)slot->blocks * machine->guest->block_size;

	switch (slot->opcode) {
	case NVM_IO_READ:
		counts->reads++;
		verify_read(machine, slot);
		break;
	case NVM_IO_WRITE:
		counts->writes++;
		counts->bytes_written += bytes;
		break;
	case NVM_IO_COMPARE:
		counts->bytes_verified += bytes;
		counts->other++;
		break;
	default:
		counts->other++;
	}
}

static void complete(struct machine *machine, struct guest_queue *queue, const struct nvm_cqe *cqe)
{
	struct guest_counts *counts = &machine->guest->counts;
	uint16_t cid = le16toh(cqe->cid), index = cid & CID_SLOT_MASK;
	struct guest_slot *slot = &slots(machine, queue)[index];

	if (index >= queue->sq_depth - 1 || slot->state != GUEST_SLOT_SUBMITTED ||
	    slot->sequence != cid >> CID_SLOT_BITS) {
		counts->duplicated++;
		fail("cq %u: completion of cid %#x, which is not in flight", queue->id, cid);
		return;
	}
	if (nvme_status(cqe)) {
		if (counts->io_errors++ < REPORTED_ERRORS)
			fail("sq %u opcode %#x LBA %llu blocks %u: status %#x", queue->id,
			     slot->opcode, (unsigned long long)slot->lba, slot->blocks,
			     nvme_status(cqe));
	} else {
		count_success(machine, slot);
	}
	counts->completed++;
	queue->outstanding--;
	*busy(machine, slot->extent) = 0;
	slot->state = GUEST_SLOT_FREE;
}

static uint32_t reap_queue(struct machine *machine, struct guest_queue *queue)
{
	struct nvm_cqe cqe;
	uint32_t count = 0;

	while (nvme_take_completion(machine, queue, &cqe)) {
		complete(machine, queue, &cqe);
		count++;
	}
	if (count)
		nvme_free_completions(machine, queue);
	return count;
}

static uint32_t reap_vectors(struct machine *machine, uint64_t fired)
{
	struct guest *guest = machine->guest;
	uint32_t count = 0;

	for (uint32_t i = 0; i < guest->options.nr_queues; i++)
		if (fired & 1ull << guest->io[i].vector)
			count += reap_queue(machine, &guest->io[i]);
	return count;
}

/* A queue with a completion whose vector did not fire, although it had all the time. */
static void look_for_lost_interrupts(struct machine *machine)
{
	struct guest *guest = machine->guest;

	for (uint32_t i = 0; i < guest->options.nr_queues; i++) {
		struct guest_queue *queue = &guest->io[i];

		if (!nvme_completion_ready(machine, queue) ||
		    nvme_wait_vectors(machine, queue->vector, queue->vector, INTERRUPT_WAIT_MS))
			continue;
		fail("cq %u: completion without interrupt on vector %u after %u ms", queue->id,
		     queue->vector, 2 * INTERRUPT_WAIT_MS);
		guest->counts.lost_interrupts++;
	}
}

/* Reads what has completed, waiting for an interrupt where the guest does so. */
static uint32_t reap(struct machine *machine)
{
	struct guest *guest = machine->guest;
	uint64_t fired = UINT64_MAX;
	uint32_t count;

	if (guest->options.interrupts)
		fired = nvme_wait_vectors(machine, guest->nr_vectors > 1, guest->nr_vectors - 1,
					  INTERRUPT_WAIT_MS);
	if (!fired) {
		look_for_lost_interrupts(machine);
		fired = UINT64_MAX;
	}
	count = reap_vectors(machine, fired);
	if (!count)
		sched_yield();
	return count;
}

/* One reap that must bring something before the deadline, which then moves on. */
static int reap_before(struct machine *machine, uint64_t *deadline)
{
	if (reap(machine)) {
		*deadline = now_us() + machine->timeout_ms * 1000ull;
		return 0;
	}
	if (now_us() < *deadline)
		return 0;
	return fail("%u commands in flight and no completion for %u ms",
		    workload_outstanding(machine), machine->timeout_ms);
}

int workload_run(struct machine *machine, unsigned int duration_ms)
{
	uint64_t end = now_us() + duration_ms * 1000ull;
	uint64_t deadline = now_us() + machine->timeout_ms * 1000ull;

	watchdog_begin("running I/O");
	do {
		if (workload_fill(machine) || reap_before(machine, &deadline))
			return -1;
		watchdog_begin("running I/O");
	} while (now_us() < end);
	return workload_fill(machine);
}

uint32_t workload_outstanding(const struct machine *machine)
{
	const struct guest *guest = machine->guest;
	uint32_t count = 0;

	for (uint32_t i = 0; i < guest->options.nr_queues; i++)
		count += guest->io[i].outstanding;
	return count;
}

int workload_drain(struct machine *machine)
{
	uint64_t deadline = now_us() + machine->timeout_ms * 1000ull;

	watchdog_begin("draining I/O");
	while (workload_outstanding(machine)) {
		if (reap_before(machine, &deadline)) {
			machine->guest->counts.lost += workload_outstanding(machine);
			return -1;
		}
	}
	/* a completion too many would come about now */
	sleep_us(20000);
	reap_vectors(machine, UINT64_MAX);
	return 0;
}

int workload_first_completion(struct machine *machine)
{
	uint64_t deadline = now_us() + machine->timeout_ms * 1000ull;
	uint64_t before = machine->guest->counts.completed;

	while (workload_outstanding(machine) && machine->guest->counts.completed == before)
		if (reap_before(machine, &deadline))
			return -1;
	return 0;
}

void workload_check_stragglers(struct machine *machine)
{
	struct guest *guest = machine->guest;

	for (uint32_t i = 0; i < guest->options.nr_queues; i++) {
		struct guest_slot *slot = slots(machine, &guest->io[i]);

		for (uint32_t j = 0; j < guest->io[i].sq_depth - 1; j++) {
			if (slot[j].state != GUEST_SLOT_SUBMITTED ||
			    slot[j].move + 2 > guest->moves)
				continue;
			fail("sq %u slot %u opcode %#x LBA %llu: in flight from move %u to %u",
			     guest->io[i].id, j, slot[j].opcode, (unsigned long long)slot[j].lba,
			     slot[j].move, guest->moves);
			guest->counts.lost++;
		}
	}
}

static void forget_slot(struct machine *machine, struct guest_slot *slot)
{
	uint32_t *generation = generations(machine, slot->lba);

	if (slot->opcode == NVM_IO_WRITE || slot->opcode == NVM_IO_WRITE_ZEROES)
		for (uint32_t i = 0; i < slot->blocks; i++)
			generation[i] |= BLOCK_UNKNOWN;
	*busy(machine, slot->extent) = 0;
	slot->state = GUEST_SLOT_FREE;
}

void workload_forget(struct machine *machine)
{
	struct guest *guest = machine->guest;

	for (uint32_t i = 0; i < guest->options.nr_queues; i++) {
		struct guest_slot *slot = slots(machine, &guest->io[i]);

		for (uint32_t j = 0; j < guest->io[i].sq_depth - 1; j++)
			if (slot[j].state == GUEST_SLOT_SUBMITTED)
				forget_slot(machine, &slot[j]);
		guest->counts.submitted -= guest->io[i].outstanding;
		guest->io[i].outstanding = 0;
	}
	guest->counts.submitted -= guest->admin.outstanding;
	guest->admin.outstanding = 0;
}

static int read_extent(struct machine *machine, uint32_t extent)
{
	struct guest *guest = machine->guest;
	struct guest_queue *queue = &guest->io[extent % guest->options.nr_queues];
	struct guest_slot *slot = slots(machine, queue);

	*busy(machine, extent) = 1;
	slot->extent = extent;
	slot->lba = guest->options.first_lba + (uint64_t)extent * guest->extent_blocks;
	slot->blocks = guest->extent_blocks;
	slot->opcode = NVM_IO_READ;
	submit(machine, queue, 0);
	nvme_ring(machine, queue);
	return workload_first_completion(machine);
}

int workload_verify(struct machine *machine)
{
	watchdog_begin("verifying the working set");
	if (workload_drain(machine))
		return -1;
	for (uint32_t i = 0; i < machine->guest->extents; i++) {
		if (read_extent(machine, i))
			return -1;
		watchdog_begin("verifying the working set");
	}
	return 0;
}

int workload_is_clean(const struct machine *machine)
{
	const struct guest_counts *counts = &machine->guest->counts;
	const struct {
		const char *name;
		uint64_t value;
	} errors[] = {
		{ "I/O errors", counts->io_errors },
		{ "verify errors", counts->verify_errors },
		{ "duplicated completions", counts->duplicated },
		{ "lost commands", counts->lost },
		{ "lost interrupts", counts->lost_interrupts },
		{ "changes of identity", counts->identity_errors },
		{ "changes of memory while stopped", counts->moved_while_stopped },
	};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].value)
			return fail("%s: expected 0, counted %llu", errors[i].name,
				    (unsigned long long)errors[i].value);
	return 0;
}
