/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which parts of a host's memory have been written: one bit per granule of the ranges that are
 * looked after, and above the bits summaries, each bit of which says whether a word below is not
 * zero. Marking what is marked already is one test; what is marked is found without passing over
 * what is not. It knows no command and no controller, and allocates when it is made and never after
 * that.
 */
#ifndef CTRL_LM_DIRTY_MAP_H
#define CTRL_LM_DIRTY_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIRTY_WORD_BITS		64
#define DIRTY_LEVELS		5	/* of 6 bits each: 2^30 granules */
#define DIRTY_MAX_GRANULES	(1ull << 28)	/* 1 TiB of 4 KiB */

/**
 * struct dirty_range - granules that are next to each other
 * @first: address of the first, in granules
 * @nr: how many
 * @bit: of the first, in the lowest level; set by dirty_map_new()
 */
struct dirty_range {
	uint64_t first;
	uint64_t nr;
	uint64_t bit;
};

/**
 * struct dirty_map - what has been written
 * @shift: a granule has 2^@shift bytes
 * @level: @level[0] has a bit for each granule, @level[n] one for each word of @level[n - 1]; the
 *	last is a single word. One allocation, at @level[0]
 * @nr_ranges: at least 1
 * @range: ascending, apart from each other
 */
struct dirty_map {
	unsigned int shift;
	uint64_t *level[DIRTY_LEVELS];
	unsigned int nr_ranges;
	struct dirty_range range[];
};

/**
 * dirty_map_new() - begin to look after ranges of memory, nothing of which is marked
 * @shift: a granule has 2^@shift bytes
 * @range: at least one, of at least one granule each, within 64 bits of address, DIRTY_MAX_GRANULES
 *	in sum; in any order, with any overlap. The array is used up
 * @nr_ranges: how many
 *
 * The map takes an eighth of a byte per granule, most of it not touched before something is marked
 * there.
 *
 * Return: the map, NULL if there is no memory.
 */
struct dirty_map *dirty_map_new(unsigned int shift, struct dirty_range *range,
				unsigned int nr_ranges);

/**
 * dirty_map_free() - stop looking
 * @map: may be NULL
 */
void dirty_map_free(struct dirty_map *map);

/**
 * dirty_map_next() - find granules that are marked
 * @map: map
 * @granule: address in granules from which on to look
 * @run: receives the first marked granules from there on, all that are next to each other; @bit is
 *	not set
 *
 * Return: false if there are none.
 */
bool dirty_map_next(const struct dirty_map *map, uint64_t granule, struct dirty_range *run);

/**
 * dirty_map_clear() - forget marks
 * @map: map
 * @run: of dirty_map_next()
 */
void dirty_map_clear(struct dirty_map *map, const struct dirty_range *run);

/* A word of the lowest level is not zero any more: tell the levels above. */
void dirty_map_summarise(struct dirty_map *map, uint64_t word);

/* The last range that begins at or before @granule, or the first of all. */
static inline const struct dirty_range *dirty_map_range(const struct dirty_map *map,
							uint64_t granule)
{
	const struct dirty_range *range = map->range;

	for (unsigned int nr = map->nr_ranges; nr > 1; nr -= nr / 2) {
		if (range[nr / 2].first <= granule)
			range += nr / 2;
	}
	return range;
}

static inline void dirty_map_mark_granule(struct dirty_map *map, uint64_t granule)
{
	const struct dirty_range *range = dirty_map_range(map, granule);
	uint64_t bit = range->bit + (granule - range->first), *word, mask;

	if (granule - range->first >= range->nr)
		return;
	word = &map->level[0][bit / DIRTY_WORD_BITS];
	mask = 1ull << bit % DIRTY_WORD_BITS;
	if (*word & mask)
		return;
	if (!*word)
		dirty_map_summarise(map, bit / DIRTY_WORD_BITS);
	*word |= mask;
}

/**
 * dirty_map_mark() - memory has been written, whether or not it is in any range
 * @map: map
 * @addr: address of the first byte
 * @len: bytes, at least 1; @addr + @len does not wrap around
 */
static inline void dirty_map_mark(struct dirty_map *map, uint64_t addr, size_t len)
{
	uint64_t last = (addr + len - 1) >> map->shift;

	for (uint64_t granule = addr >> map->shift; granule <= last; granule++)
		dirty_map_mark_granule(map, granule);
}

#endif /* CTRL_LM_DIRTY_MAP_H */
