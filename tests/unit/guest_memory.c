// SPDX-License-Identifier: BSD-2-Clause
/*
 * Guest memory as a device sees it: pages of 4 KiB at scattered 64-bit bus addresses, each its own
 * allocation so that the address sanitizer sees an access beyond it. Whatever is not mapped refuses
 * DMA and is counted. It never hands the device a pointer into a page.
 */
#include "harness.h"

#define BUCKETS		4096u
#define ALIGNMENT	0x10000ull
#define LOW_BASE	0x00100000ull		/* below 4 GiB */
#define HIGH_BASE	0x7ff000000000ull

enum page_use {
	PAGE_ORDINARY,
	PAGE_READ_ONLY,
	PAGE_COMPLETION_QUEUE,
};

struct guest_page {
	struct guest_page *next;
	uint64_t addr;
	enum page_use use;
	uint8_t *data;
};

struct guest_memory {
	struct guest_page *bucket[BUCKETS];
	uint64_t next_low;
	uint64_t next_high;
	unsigned int allocations;
	unsigned int faults;
};

static struct guest_page **guest_find(const struct guest_memory *memory, uint64_t addr)
{
	uint64_t base = addr & ~(uint64_t)(PAGE - 1);
	struct guest_page **link =
		(struct guest_page **)&memory->bucket[(base / PAGE * 2654435761u) % BUCKETS];

	while (*link && (*link)->addr != base)
		link = &(*link)->next;
	return link;
}

static struct guest_page *guest_page(const struct guest_memory *memory, uint64_t addr)
{
	struct guest_page *page = *guest_find(memory, addr);

	if (!page)
		fail_msg("the test itself touches unmapped guest memory at %#llx",
			 (unsigned long long)addr);
	return page;
}

struct guest_memory *guest_memory_new(void)
{
	struct guest_memory *memory = calloc(1, sizeof(*memory));

	assert_non_null(memory);
	memory->next_low = LOW_BASE;
	memory->next_high = HIGH_BASE;
	return memory;
}

void guest_memory_free(struct guest_memory *memory)
{
	for (unsigned int i = 0; i < BUCKETS; i++) {
		while (memory->bucket[i]) {
			struct guest_page *page = memory->bucket[i];

			memory->bucket[i] = page->next;
			free(page->data);
			free(page);
		}
	}
	free(memory);
}

uint64_t guest_alloc(struct guest_memory *memory, size_t len)
{
	uint64_t *next = memory->allocations++ % 2 ? &memory->next_high : &memory->next_low;
	uint64_t start = *next;
	size_t room = (len + PAGE - 1) / PAGE * PAGE;

	for (uint64_t addr = start; addr < start + room; addr += PAGE) {
		struct guest_page **link = guest_find(memory, addr);
		struct guest_page *page = calloc(1, sizeof(*page));

		assert_non_null(page);
		page->addr = addr;
		page->data = calloc(1, PAGE);
		assert_non_null(page->data);
		page->next = *link;
		*link = page;
	}
	*next = (start + room + 2 * ALIGNMENT - 1) & ~(ALIGNMENT - 1);
	return start;
}

void guest_unmap(struct guest_memory *memory, uint64_t addr, size_t len)
{
	for (uint64_t at = addr & ~(uint64_t)(PAGE - 1); at < addr + len; at += PAGE) {
		struct guest_page **link = guest_find(memory, at);
		struct guest_page *page = *link;

		assert_non_null(page);
		*link = page->next;
		free(page->data);
		free(page);
	}
}

static void guest_set_use(struct guest_memory *memory, uint64_t addr, size_t len,
			  enum page_use use)
{
	for (uint64_t at = addr; at < addr + len; at += PAGE)
		guest_page(memory, at)->use = use;
}

void guest_read_only(struct guest_memory *memory, uint64_t addr, size_t len)
{
	guest_set_use(memory, addr, len, PAGE_READ_ONLY);
}

void guest_completion_queue(struct guest_memory *memory, uint64_t addr, size_t len)
{
	guest_set_use(memory, addr, len, PAGE_COMPLETION_QUEUE);
}

void guest_ordinary(struct guest_memory *memory, uint64_t addr, size_t len)
{
	guest_set_use(memory, addr, len, PAGE_ORDINARY);
}

static size_t guest_chunk(uint64_t addr, size_t len)
{
	size_t room = PAGE - addr % PAGE;

	return len < room ? len : room;
}

void guest_write(struct guest_memory *memory, uint64_t addr, const void *buf, size_t len)
{
	const uint8_t *from = buf;

	while (len) {
		size_t chunk = guest_chunk(addr, len);

		memcpy(guest_page(memory, addr)->data + addr % PAGE, from, chunk);
		addr += chunk;
		from += chunk;
		len -= chunk;
	}
}

void guest_read(struct guest_memory *memory, uint64_t addr, void *buf, size_t len)
{
	uint8_t *to = buf;

	while (len) {
		size_t chunk = guest_chunk(addr, len);

		memcpy(to, guest_page(memory, addr)->data + addr % PAGE, chunk);
		addr += chunk;
		to += chunk;
		len -= chunk;
	}
}

void guest_fill(struct guest_memory *memory, uint64_t addr, uint8_t byte, size_t len)
{
	while (len) {
		size_t chunk = guest_chunk(addr, len);

		memset(guest_page(memory, addr)->data + addr % PAGE, byte, chunk);
		addr += chunk;
		len -= chunk;
	}
}

bool guest_is_filled(struct guest_memory *memory, uint64_t addr, uint8_t byte, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (guest_page(memory, addr + i)->data[(addr + i) % PAGE] != byte)
			return false;
	return true;
}

unsigned int guest_take_faults(struct guest_memory *memory)
{
	unsigned int faults = memory->faults;

	memory->faults = 0;
	return faults;
}

uint64_t guest_checksum(const struct guest_memory *memory)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < BUCKETS; i++) {
		for (struct guest_page *page = memory->bucket[i]; page; page = page->next) {
			uint64_t hash = page->addr;

			for (unsigned int at = 0; at < PAGE; at++)
				hash = (hash ^ page->data[at]) * 0x100000001b3ull;
			sum += hash;
		}
	}
	return sum;
}

size_t guest_dma_room(struct guest_memory *memory, uint64_t addr)
{
	if (!*guest_find(memory, addr)) {
		memory->faults++;
		return 0;
	}
	return PAGE - addr % PAGE;
}

int guest_dma_read(struct guest_memory *memory, uint64_t addr, void *buf, size_t len)
{
	uint8_t *to = buf;

	while (len) {
		size_t chunk = guest_chunk(addr, len);

		if (!guest_dma_room(memory, addr))
			return -EFAULT;
		memcpy(to, guest_page(memory, addr)->data + addr % PAGE, chunk);
		addr += chunk;
		to += chunk;
		len -= chunk;
	}
	return 0;
}

static void guest_check_write(const struct guest_page *page, uint64_t addr, size_t len)
{
	if (page->use == PAGE_READ_ONLY)
		fail_msg("the device writes %zu bytes to read-only guest memory at %#llx", len,
			 (unsigned long long)addr);
	if (page->use == PAGE_COMPLETION_QUEUE &&
	    (addr % sizeof(struct nvm_cqe) || len != sizeof(struct nvm_cqe)))
		fail_msg("the device writes %zu bytes to a completion queue at %#llx", len,
			 (unsigned long long)addr);
}

int guest_dma_write(struct guest_memory *memory, uint64_t addr, const void *buf, size_t len)
{
	const uint8_t *from = buf;

	while (len) {
		size_t chunk = guest_chunk(addr, len);
		struct guest_page *page;

		if (!guest_dma_room(memory, addr))
			return -EFAULT;
		page = guest_page(memory, addr);
		guest_check_write(page, addr, chunk);
		memcpy(page->data + addr % PAGE, from, chunk);
		addr += chunk;
		from += chunk;
		len -= chunk;
	}
	return 0;
}
