// SPDX-License-Identifier: BSD-2-Clause
/*
 * The host's side of shadow doorbells: shadow_host.h is the manual.
 */
#include <endian.h>

#include "shadow_host.h"

struct shadow_host shadow_host_new(struct driver *driver, uint8_t byte)
{
	size_t page = (size_t)1 << driver->page_shift;
	struct shadow_host host = {
		.driver = driver,
		.doorbells = guest_alloc(driver->memory, page),
		.event_indexes = guest_alloc(driver->memory, page),
	};

	guest_fill(driver->memory, host.doorbells, byte, page);
	guest_fill(driver->memory, host.event_indexes, byte, page);
	return host;
}

struct completion shadow_configure(struct shadow_host *host)
{
	return ADMIN(host->driver, .opcode = NVM_ADMIN_DOORBELL_BUFFER_CONFIG,
		     .prp1 = host->doorbells, .prp2 = host->event_indexes);
}

static uint32_t load(const struct shadow_host *host, uint64_t addr)
{
	uint32_t value;

	guest_read(host->driver->memory, addr, &value, sizeof(value));
	return le32toh(value);
}

uint32_t shadow_doorbell(const struct shadow_host *host, unsigned int entry)
{
	return load(host, host->doorbells + entry);
}

uint32_t shadow_event_index(const struct shadow_host *host, unsigned int entry)
{
	return load(host, host->event_indexes + entry);
}

void shadow_store(struct shadow_host *host, unsigned int entry, uint32_t value)
{
	value = htole32(value);
	guest_write(host->driver->memory, host->doorbells + entry, &value, sizeof(value));
	host->updates++;
}

void shadow_ring(struct shadow_host *host, unsigned int entry, uint32_t value)
{
	uint16_t old = shadow_doorbell(host, entry), event_index, passed, moved;

	shadow_store(host, entry, value);
	event_index = shadow_event_index(host, entry);
	passed = value - event_index - 1;
	moved = value - old;
	if (passed >= moved)
		return;
	host->rings++;
	driver_write32(host->driver, NVM_REG_DBS + entry, value);
}

void shadow_ring_sq(struct shadow_host *host, const struct submission_queue *sq)
{
	shadow_ring(host, SQ_ENTRY(sq->qid), sq->tail);
}

void shadow_ring_cq(struct shadow_host *host, const struct completion_queue *cq)
{
	shadow_ring(host, CQ_ENTRY(cq->qid), cq->head);
}
