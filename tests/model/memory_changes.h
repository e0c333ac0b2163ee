/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A migration's view of a guest's memory: what the source has, what the destination has been sent
 * so far, and what the tracked controller is known to have written. memory_changes.c says what must
 * hold.
 */
#ifndef MODEL_MEMORY_CHANGES_H
#define MODEL_MEMORY_CHANGES_H

#include "commands.h"
#include "random.h"
#include "world.h"

#define PAGES		(GUEST_SIZE / 4096)
#define MAX_RANGES	6

/** struct memory_range - @length granules from @address on */
struct memory_range {
	uint64_t address;
	uint32_t length;
};

/**
 * struct migration - one guest under migration
 * @copy: the destination's memory: whatever the guest's processors write arrives there at once
 * @granularity, @range: as tracked
 * @is_tracked: by page, what the ranges cover
 * @written: by page, whether the controller has written there since it was reported last
 * @touched: by page, whether it may have
 * @bug: planted in the controller, NULL for none
 * @what: is wrong, empty if nothing is
 */
struct migration {
	struct world *world;
	struct random random;
	uint8_t *copy;
	unsigned int granularity;
	unsigned int nr_ranges;
	struct memory_range range[MAX_RANGES];
	bool is_tracked[PAGES];
	bool written[PAGES];
	bool touched[PAGES];
	const struct tracking_bug *bug;
	unsigned long nr_reports;
	unsigned long nr_changes;
	char what[160];
};

/** guest_life() - the guest, its medium or its administrator does something random */
void guest_life(struct migration *migration);

/** guest_begin() - memory, media and an enabled controller */
void guest_begin(struct migration *migration);

/**
 * struct tracking_bug - what is wrong with the marks of a controller
 * @after_step: called after everything that the controller did, NULL: nothing
 * @complete: called in place of world_complete(), NULL: that
 * @report_failed: called after a report that did not reach the host, NULL: nothing
 */
struct tracking_bug {
	const char *name;
	void (*after_step)(struct migration *migration);
	void (*complete)(struct migration *migration, unsigned int index, int error);
	void (*report_failed)(struct migration *migration);
};

/* By name, NULL if there is none; by number, NULL after the last. */
const struct tracking_bug *tracking_bug_find(const char *name);
const struct tracking_bug *tracking_bug_number(size_t number);

#endif /* MODEL_MEMORY_CHANGES_H */
