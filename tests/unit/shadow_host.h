/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's side of shadow doorbells (Base annex B.5), the way Linux does it: each doorbell goes
 * to memory, and to the register only if it passes the event index.
 */
#ifndef UNIT_SHADOW_HOST_H
#define UNIT_SHADOW_HOST_H

#include "harness.h"

/**
 * struct shadow_host - @driver's two buffers
 * @updates: doorbells written to memory so far
 * @rings: of those, also written to the register
 */
struct shadow_host {
	struct driver *driver;
	uint64_t doorbells;
	uint64_t event_indexes;
	unsigned int updates;
	unsigned int rings;
};

#define SQ_ENTRY(qid)	(8u * (qid))
#define CQ_ENTRY(qid)	(8u * (qid) + 4)

/** shadow_host_new() - buffers filled with @byte, not configured */
struct shadow_host shadow_host_new(struct driver *driver, uint8_t byte);
struct completion shadow_configure(struct shadow_host *host);

uint32_t shadow_doorbell(const struct shadow_host *host, unsigned int entry);
uint32_t shadow_event_index(const struct shadow_host *host, unsigned int entry);

/** shadow_store() - a doorbell to memory alone */
void shadow_store(struct shadow_host *host, unsigned int entry, uint32_t value);
/** shadow_ring() - to memory, and to the register if need be */
void shadow_ring(struct shadow_host *host, unsigned int entry, uint32_t value);

void shadow_ring_sq(struct shadow_host *host, const struct submission_queue *sq);
void shadow_ring_cq(struct shadow_host *host, const struct completion_queue *cq);

#endif /* UNIT_SHADOW_HOST_H */
