/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Arithmetic of DMA logging: which memory a device is asked to track for the ranges that user space
 * wants logged, which bit of the log stands for a granule of it, and whether a report can be true
 * (Base 2.3, 5.2.27 and 5.2.28). A range only ever becomes larger on the way. Nothing here sends a
 * command or allocates, and nothing needs a kernel: tests/unit/dirty_ranges.c.
 */
#ifndef NVMOVE_DIRTY_RANGES_H
#define NVMOVE_DIRTY_RANGES_H

#include <nvmove/lm.h>

#define DIRTY_GRANULE_SHIFT	12		/* of granularity 0 */
#define DIRTY_MAX_GRANULES	0x10000000u	/* 1 TiB of 4 KiB; a bit each is 32 MiB */

/**
 * struct dirty_range - memory, by bus address
 * @first: first byte
 * @last: last byte
 * @bit: of its first granule in the log; set by dirty_ranges_fit()
 */
struct dirty_range {
	u64 first;
	u64 last;
	u32 bit;
};

/**
 * struct dirty_limits - what a device can track at once
 * @nr_ranges: at most so many ranges; 0: nothing can be tracked
 * @min_shift: a granule has at least 2^@min_shift bytes
 * @max_shift: a granule has at most 2^@max_shift bytes
 * @powers: the granules of a range are a power of two
 */
struct dirty_limits {
	u32 nr_ranges;
	u8 min_shift;
	u8 max_shift;
	bool powers;
};

static inline u64 dirty_granules(const struct dirty_range *range, u8 shift)
{
	return (range->last >> shift) - (range->first >> shift) + 1;
}

/* A range whose length has to be a power of two is tracked as one for each bit of its length. */
static inline u32 dirty_descriptors(const struct dirty_range *range, u8 shift, bool powers)
{
	u64 granules = dirty_granules(range, shift);
	u32 nr = 0;

	if (!powers)
		return 1;
	for (; granules; granules &= granules - 1)
		nr++;
	return nr;
}

static inline u32 dirty_descriptors_of_all(const struct dirty_range *range, u32 nr_ranges,
					   u8 shift, bool powers)
{
	u32 i, nr = 0;

	for (i = 0; i < nr_ranges; i++)
		nr += dirty_descriptors(&range[i], shift, powers);
	return nr;
}

/* Extend ranges to whole granules, make one of those that touch then. Returns how many are left. */
static inline u32 dirty_ranges_align(struct dirty_range *range, u32 nr_ranges, u8 shift)
{
	u64 within = ((u64)1 << shift) - 1;
	u32 i, nr = 0;

	for (i = 0; i < nr_ranges; i++) {
		u64 first = range[i].first & ~within, last = range[i].last | within;

		if (nr && (first <= range[nr - 1].last || first == range[nr - 1].last + 1)) {
			range[nr - 1].last = last;
			continue;
		}
		range[nr].first = first;
		range[nr].last = last;
		nr++;
	}
	return nr;
}

/* Make one of the two ranges with the smallest gap. Returns how many are left. */
static inline u32 dirty_ranges_join_nearest(struct dirty_range *range, u32 nr_ranges)
{
	u32 i, nearest = 1;

	for (i = 2; i < nr_ranges; i++)
		if (range[i].first - range[i - 1].last <
		    range[nearest].first - range[nearest - 1].last)
			nearest = i;
	range[nearest - 1].last = range[nearest].last;
	for (i = nearest + 1; i < nr_ranges; i++)
		range[i - 1] = range[i];
	return nr_ranges - 1;
}

/* Lengthen a range so that its length in granules has fewer bits. */
static inline void dirty_range_widen(struct dirty_range *range, u8 shift)
{
	u64 granules = dirty_granules(range, shift);
	u64 more = (granules & -granules) << shift;

	if (more <= ~(u64)0 - range->last) {
		range->last += more;
	} else if (more <= range->first) {
		range->first -= more;
	} else {
		range->first = 0;
		range->last = ~(u64)0;
	}
}

/* Give each range its place in the log. Returns false if there is no room for all. */
static inline bool dirty_ranges_number(struct dirty_range *range, u32 nr_ranges, u8 shift)
{
	u64 bits = 0;
	u32 i;

	for (i = 0; i < nr_ranges; i++) {
		u64 granules = dirty_granules(&range[i], shift);

		if (granules > DIRTY_MAX_GRANULES - bits)
			return false;
		range[i].bit = bits;
		bits += granules;
	}
	return true;
}

/**
 * dirty_ranges_fit() - make ranges that a device can track with a granularity
 * @range: at least one, ascending, none overlapping another; becomes what is to be tracked,
 *	ascending, with a gap of at least a granule between any two
 * @nr_ranges: how many
 * @limits: of the device, @nr_ranges of which is at least 1
 * @shift: a granule has 2^@shift bytes
 *
 * What is too much for the device becomes less by joining ranges across the smallest gaps.
 *
 * Return: how many ranges are left, 0 if they have more than DIRTY_MAX_GRANULES together.
 */
static inline u32 dirty_ranges_fit(struct dirty_range *range, u32 nr_ranges,
				   const struct dirty_limits *limits, u8 shift)
{
	nr_ranges = dirty_ranges_align(range, nr_ranges, shift);
	while (dirty_descriptors_of_all(range, nr_ranges, shift, limits->powers) >
	       limits->nr_ranges) {
		if (nr_ranges > 1)
			nr_ranges = dirty_ranges_join_nearest(range, nr_ranges);
		else
			dirty_range_widen(range, shift);
	}
	return dirty_ranges_number(range, nr_ranges, shift) ? nr_ranges : 0;
}

/**
 * dirty_fill_request() - the data of Track Memory Changes
 * @request: zeroed, with room for dirty_descriptors_of_all() ranges
 * @range: of dirty_ranges_fit()
 * @nr_ranges: how many
 * @shift: as given there
 * @powers: ditto
 */
static inline void dirty_fill_request(struct nvmove_hmlm_memory_request *request,
				      const struct dirty_range *range, u32 nr_ranges, u8 shift,
				      bool powers)
{
	struct nvmove_hmlm_memory_range *sent = (struct nvmove_hmlm_memory_range *)(request + 1);
	u32 i, nr = 0;

	for (i = 0; i < nr_ranges; i++) {
		u64 granules = dirty_granules(&range[i], shift), address = range[i].first;

		/* there are no more granules than a descriptor's 32 bits can count */
		while (granules) {
			u64 length = powers ? granules & -granules : granules;

			sent[nr].address = cpu_to_le64(address);
			sent[nr].length = cpu_to_le32(length);
			nr++;
			address += length << shift;
			granules -= length;
		}
	}
	request->granularity = shift - DIRTY_GRANULE_SHIFT;
	request->nr_ranges = cpu_to_le32(nr);
}

/**
 * struct dirty_contradiction - a field of a report that cannot be as it is
 * @field: its name; NULL if there is no such field
 * @value: what it is
 * @expected: what it is to be, or the most that it can be
 */
struct dirty_contradiction {
	const char *field;
	u64 value;
	u64 expected;
};

/**
 * dirty_check_changes() - can the head of a report be true?
 * @changes: as the device has sent it
 * @length: bytes of it with all that follows, at least those of the head
 * @cntlid: controller that is tracked
 * @shift: granularity that was asked for: 2^@shift bytes
 *
 * Return: the first contradiction.
 */
static inline struct dirty_contradiction
dirty_check_changes(const struct nvmove_hmlm_memory_changes *changes, u32 length, u16 cntlid,
		    u8 shift)
{
	u32 room = (length - sizeof(*changes)) / sizeof(struct nvmove_hmlm_memory_change);
	u32 granularity = shift - DIRTY_GRANULE_SHIFT;
	struct dirty_contradiction found = { NULL, 0, 0 };

	if (changes->version)
		found = (struct dirty_contradiction){ "VER", changes->version, 0 };
	else if (le16_to_cpu(changes->cntlid) != cntlid)
		found = (struct dirty_contradiction){
			"CNTLID", le16_to_cpu(changes->cntlid), cntlid,
		};
	else if (le16_to_cpu(changes->granularity) != granularity)
		found = (struct dirty_contradiction){
			"RMRG", le16_to_cpu(changes->granularity), granularity,
		};
	else if (le32_to_cpu(changes->nr_changes) > room)
		found = (struct dirty_contradiction){
			"NTMCD", le32_to_cpu(changes->nr_changes), room,
		};
	else if (!changes->nr_changes && changes->attributes & NVMOVE_HMLM_CHANGES_MORE)
		found = (struct dirty_contradiction){ "MTR without a change", 1, 0 };
	return found;
}

/**
 * dirty_range_of() - the range that memory lies in, all of it
 * @range: of dirty_ranges_fit()
 * @nr_ranges: how many
 * @first: first byte
 * @last: last byte, not below @first
 *
 * Return: the range, NULL if there is none.
 */
static inline const struct dirty_range *dirty_range_of(const struct dirty_range *range,
						       u32 nr_ranges, u64 first, u64 last)
{
	u32 low = 0, high = nr_ranges;

	/* those before @low begin at or before @first, those from @high on behind it */
	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (range[middle].first <= first)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || range[low - 1].last < last)
		return NULL;
	return &range[low - 1];
}

/**
 * dirty_find_change() - where in the log a reported change is
 * @range: of dirty_ranges_fit()
 * @nr_ranges: how many
 * @shift: as given there
 * @change: as the device has sent it
 * @bit: receives the bit of its first granule
 *
 * Return: how many granules, 0 if that is no memory that is tracked.
 */
static inline u32 dirty_find_change(const struct dirty_range *range, u32 nr_ranges, u8 shift,
				    const struct nvmove_hmlm_memory_change *change, u32 *bit)
{
	u64 first = le64_to_cpu(change->address), within = ((u64)1 << shift) - 1;
	u32 granules = le32_to_cpu(change->length);

	if (!granules || first & within || granules - 1 > (~(u64)0 - first) >> shift)
		return 0;
	range = dirty_range_of(range, nr_ranges, first,
			       (first + ((u64)(granules - 1) << shift)) | within);
	if (!range)
		return 0;
	*bit = range->bit + ((first - range->first) >> shift);
	return granules;
}

/**
 * struct dirty_part - what a window shows of granules that are next to each other
 * @first: first byte
 * @last: last byte
 * @bit: of the first granule that it shows whole
 * @end: behind the last granule that it shows whole; not above @bit if there is none
 */
struct dirty_part {
	u64 first;
	u64 last;
	u32 bit;
	u32 end;
};

/**
 * dirty_part_of() - what a window shows of granules, and which of them it shows whole
 * @range: of dirty_ranges_fit()
 * @shift: as given there
 * @bit: of the first granule, which the window shows at least in part
 * @end: behind that of the last one, likewise
 * @window: memory within @range
 */
static inline struct dirty_part dirty_part_of(const struct dirty_range *range, u8 shift, u32 bit,
					      u32 end, const struct dirty_range *window)
{
	struct dirty_part part = {
		.first = range->first + ((u64)(bit - range->bit) << shift),
		.last = range->first + ((u64)(end - range->bit) << shift) - 1,
		.bit = bit,
		.end = end,
	};

	if (part.first < window->first) {
		part.first = window->first;
		part.bit++;
	}
	if (part.last > window->last) {
		part.last = window->last;
		part.end--;
	}
	return part;
}

#endif /* NVMOVE_DIRTY_RANGES_H */
