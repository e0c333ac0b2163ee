/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of the guest's that only its function writes: pieces of it far apart in the function's
 * address space, filled by reads of the guest driver into pages here and there. It keeps which
 * pages that may have been, and the VMM's copy; it knows nothing of a log.
 */
#ifndef VFIO_LAB_AREA_H
#define VFIO_LAB_AREA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine.h"

#define AREA_PIECES		128u
#define AREA_PIECE_PAGES	128u
#define AREA_PIECE_SIZE		((uint64_t)AREA_PIECE_PAGES * GUEST_PAGE)
#define AREA_PAGES		(AREA_PIECES * AREA_PIECE_PAGES)
#define AREA_STRIDE		(2ull << 30)	/* from one piece to the next, nearly */

/**
 * struct area - the memory
 * @memory: all pieces one after another, owned
 * @copy: as much of the VMM's own, owned
 * @written: for each page 1 if a read into it was submitted since area_forget()
 * @random: state of the random numbers
 * @in_flight: reads submitted and not completed
 * @is_busy: by command identifier
 * @reads: that were completed
 */
struct area {
	uint8_t *memory;
	uint8_t *copy;
	uint8_t written[AREA_PAGES];
	uint64_t random;
	uint32_t in_flight;
	bool is_busy[GUEST_MAX_DEPTH];
	uint64_t reads;
};

/**
 * area_open() - map the memory for @machine's function and write what will be read to the medium
 *
 * @machine runs a guest with nothing in flight, and goes on using it by area_*() alone.
 */
int area_open(struct area *area, struct machine *machine);

/** area_close() - free the memory; the function must have gone */
void area_close(struct area *area);

/** area_iova() - where the function finds piece @piece */
uint64_t area_iova(uint32_t piece);

/** area_fill() - submit reads until the queue is full */
void area_fill(struct area *area, struct machine *machine);

/** area_reap() - take what has completed; -1 if a read failed */
int area_reap(struct area *area, struct machine *machine);

/** area_drain() - wait until nothing is in flight */
int area_drain(struct area *area, struct machine *machine);

/** area_run() - keep the queue filled for @duration_ms, return with reads in flight */
int area_run(struct area *area, struct machine *machine, unsigned int duration_ms);

/** area_forget() - no page counts as written any more, nothing is in flight */
void area_forget(struct area *area);

/** area_lose() - after a reset: what was in flight will not complete */
void area_lose(struct area *area);

#endif /* VFIO_LAB_AREA_H */
