// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reads into pages of sparse memory, each page of a command anywhere in it, by the first I/O queue.
 * It tells which pages a command may write when it is submitted, and judges nothing but statuses.
 */
#include "area.h"

#include <endian.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "nvme.h"
#include "report.h"

#define AREA_IOVA	(8ull << 30)
#define MEDIUM_PAGES	1024u	/* of the medium that are read, from its first block on */
#define MAX_PAGES	8u	/* of a command */

static uint64_t next_random(struct area *area, uint64_t limit)
{
	area->random ^= area->random << 13;
	area->random ^= area->random >> 7;
	area->random ^= area->random << 17;
	return area->random % limit;
}

/* A few pages off, so that most pieces begin and end within any granule larger than a page. */
uint64_t area_iova(uint32_t piece)
{
	return AREA_IOVA + piece * AREA_STRIDE + piece % 5 * 3 * GUEST_PAGE;
}

static uint64_t page_iova(uint32_t page)
{
	return area_iova(page / AREA_PIECE_PAGES) + page % AREA_PIECE_PAGES * (uint64_t)GUEST_PAGE;
}

/* Sets PRP1, PRP2 and the command's list for @size bytes that begin @offset bytes into a page. */
static void set_pages(struct machine *machine, struct nvm_sqe *sqe, uint16_t cid,
		      const uint32_t *page, uint32_t nr_pages, uint32_t offset)
{
	const struct guest_slot *slot = nvme_at(machine, machine->guest->io[0].slots);
	uint64_t *list = nvme_at(machine, slot[cid].list);

	sqe->prp1 = htole64(page_iova(page[0]) + offset);
	if (nr_pages == 2)
		sqe->prp2 = htole64(page_iova(page[1]));
	if (nr_pages <= 2)
		return;
	sqe->prp2 = htole64(nvme_iova(slot[cid].list));
	for (uint32_t i = 1; i < nr_pages; i++)
		list[i - 1] = htole64(page_iova(page[i]));
}

/* @size: bytes, whole blocks. @lba: counted from where the medium is used */
static void submit(struct area *area, struct machine *machine, uint8_t opcode, uint64_t lba,
		   uint32_t size, const uint32_t *page, uint32_t offset)
{
	struct guest *guest = machine->guest;
	struct guest_queue *queue = &guest->io[0];
	struct nvm_sqe *sqe = nvme_queue_entry(machine, queue);
	uint64_t start = guest->options.first_lba + lba;
	uint16_t cid = 0;

	while (area->is_busy[cid])
		cid++;
	area->is_busy[cid] = true;
	area->in_flight++;
	sqe->opcode = opcode;
	sqe->cid = htole16(cid);
	sqe->nsid = htole32(guest->options.nsid);
	sqe->cdw10 = htole32((uint32_t)start);
	sqe->cdw11 = htole32((uint32_t)(start >> 32));
	sqe->cdw12 = htole32(size / guest->block_size - 1);
	set_pages(machine, sqe, cid, page, (offset + size + GUEST_PAGE - 1) / GUEST_PAGE, offset);
	nvme_advance(queue);
}

static void submit_random_read(struct area *area, struct machine *machine)
{
	uint32_t block = machine->guest->block_size, page[MAX_PAGES + 1];
	uint32_t size = (uint32_t)(1 + next_random(area, MAX_PAGES * GUEST_PAGE / block)) * block;
	uint32_t offset = (uint32_t)(next_random(area, 2) * next_random(area, GUEST_PAGE / 4) * 4);
	uint64_t blocks = (uint64_t)MEDIUM_PAGES * GUEST_PAGE / block;

	for (uint32_t i = 0; i * GUEST_PAGE < offset + size; i++) {
		page[i] = (uint32_t)next_random(area, AREA_PAGES);
		area->written[page[i]] = 1;
	}
	submit(area, machine, NVM_IO_READ, next_random(area, blocks - size / block), size, page,
	       offset);
}

void area_fill(struct area *area, struct machine *machine)
{
	struct guest_queue *queue = &machine->guest->io[0];

	while (area->in_flight < queue->sq_depth - 1)
		submit_random_read(area, machine);
	nvme_ring(machine, queue);
}

int area_reap(struct area *area, struct machine *machine)
{
	struct guest_queue *queue = &machine->guest->io[0];
	struct nvm_cqe cqe;
	uint32_t count = 0;

	for (; nvme_take_completion(machine, queue, &cqe); count++) {
		uint16_t cid = le16toh(cqe.cid);

		if (cid >= GUEST_MAX_DEPTH || !area->is_busy[cid])
			return fail("cq %u: completion of cid %#x, which is not in flight",
				    queue->id, cid);
		if (nvme_status(&cqe))
			return fail("sq %u cid %#x: status %#x", queue->id, cid, nvme_status(&cqe));
		area->is_busy[cid] = false;
		area->in_flight--;
		area->reads++;
	}
	if (count)
		nvme_free_completions(machine, queue);
	return 0;
}

int area_drain(struct area *area, struct machine *machine)
{
	uint64_t end = now_us() + machine->timeout_ms * 1000ull;

	while (area->in_flight) {
		if (area_reap(area, machine))
			return -1;
		if (now_us() > end)
			return fail("%u reads without completion after %u ms", area->in_flight,
				    machine->timeout_ms);
		sched_yield();
	}
	return 0;
}

int area_run(struct area *area, struct machine *machine, unsigned int duration_ms)
{
	uint64_t end = now_us() + duration_ms * 1000ull;

	watchdog_begin("reads into sparse memory");
	do {
		if (area_reap(area, machine))
			return -1;
		area_fill(area, machine);
		sched_yield();
	} while (now_us() < end);
	return 0;
}

void area_forget(struct area *area)
{
	memset(area->written, 0, sizeof(area->written));
}

void area_lose(struct area *area)
{
	memset(area->is_busy, 0, sizeof(area->is_busy));
	area->in_flight = 0;
}

/* What lies on the medium differs from page to page, so that a page that was not copied shows. */
static int write_medium(struct area *area, struct machine *machine)
{
	struct guest *guest = machine->guest;
	uint64_t *word = (uint64_t *)area->memory;

	if (guest->blocks - guest->options.first_lba < (uint64_t)MEDIUM_PAGES * GUEST_PAGE /
							       guest->block_size)
		return fail("namespace %u: %u pages of %u bytes wanted, it has %llu blocks",
			    guest->options.nsid, MEDIUM_PAGES, GUEST_PAGE,
			    (unsigned long long)guest->blocks);
	for (uint64_t i = 0; i < AREA_PAGES * (uint64_t)GUEST_PAGE / sizeof(*word); i++)
		word[i] = next_random(area, UINT64_MAX);
	for (uint32_t i = 0; i < MEDIUM_PAGES; i++) {
		submit(area, machine, NVM_IO_WRITE, (uint64_t)i * (GUEST_PAGE / guest->block_size),
		       GUEST_PAGE, &i, 0);
		nvme_ring(machine, &guest->io[0]);
		if (area_drain(area, machine))
			return -1;
	}
	return 0;
}

int area_open(struct area *area, struct machine *machine)
{
	const size_t size = AREA_PAGES * (size_t)GUEST_PAGE;

	*area = (struct area){ .random = machine->guest->options.seed + 1 };
	area->memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (area->memory == MAP_FAILED) {
		area->memory = NULL;
		return fail("sparse memory: %zu bytes: %s", size, strerror(errno));
	}
	area->copy = malloc(size);
	if (!area->copy)
		return fail("sparse memory: no second copy of %zu bytes", size);
	for (uint32_t i = 0; i < AREA_PIECES; i++)
		if (vfio_map_dma(&machine->function, area->memory + i * AREA_PIECE_SIZE,
				 AREA_PIECE_SIZE, area_iova(i)))
			return -1;
	return write_medium(area, machine);
}

void area_close(struct area *area)
{
	if (area->memory)
		munmap(area->memory, AREA_PAGES * (size_t)GUEST_PAGE);
	free(area->copy);
	area->memory = NULL;
	area->copy = NULL;
}
