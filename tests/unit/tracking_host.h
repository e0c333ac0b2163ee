/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host that has the memory of a secondary controller tracked, by commands of the primary's
 * driver (Base 2.3, 5.2.27 and 5.2.28).
 */
#ifndef UNIT_TRACKING_HOST_H
#define UNIT_TRACKING_HOST_H

#include "harness.h"

#define MAX_TRACKED	512	/* ranges and changes that a test has at a time */

/** struct memory_range - @length granules from @address on */
struct memory_range {
	uint64_t address;
	uint32_t length;
};

/** struct report - what Tracked Memory Changes has returned */
struct report {
	bool more;
	bool suspended;
	uint16_t cntlid;
	uint16_t granularity;
	uint32_t nr;
	struct memory_range change[MAX_TRACKED];
};

unsigned int tracking_cntlid(const struct rig *rig, unsigned int index);

/** tracking_start() - begin to track secondary @index in granules of 2^@granularity * 4 KiB */
struct completion tracking_start(struct rig *rig, unsigned int index, unsigned int granularity,
				 const struct memory_range *range, unsigned int nr);
struct completion tracking_stop(struct rig *rig, unsigned int index);

/** tracking_start_all() - track every address that guest_alloc() returns, by pages; must succeed */
void tracking_start_all(struct rig *rig, unsigned int index);

/** tracking_receive() - Tracked Memory Changes of @dwords, 1 or more; @data receives them */
struct completion tracking_receive(struct rig *rig, unsigned int index, unsigned int dwords, void *data);

/** tracking_report() - with room for all that a struct report can hold; must succeed */
struct report tracking_report(struct rig *rig, unsigned int index);

bool report_has(const struct report *report, uint64_t addr);

/** assert_report() - exactly the pages at the @nr addresses, any of which may be on one page */
#define assert_report(report, ...)							\
	assert_report_at(report, (const uint64_t[]){ __VA_ARGS__ },			\
			 sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t), __FILE__, __LINE__)
void assert_report_at(struct report report, const uint64_t *addr, size_t nr, const char *file,
		      int line);

#endif /* UNIT_TRACKING_HOST_H */
