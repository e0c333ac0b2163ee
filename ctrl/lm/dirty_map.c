// SPDX-License-Identifier: BSD-2-Clause
/*
 * Marks of written memory; see dirty_map.h. A word is summarised when it becomes other than zero or
 * zero again, and only then, so that every level above is always exact.
 */
#include <stdlib.h>
#include <string.h>

#include "dirty_map.h"

static int compare_ranges(const void *a, const void *b)
{
	const struct dirty_range *left = a, *right = b;

	return (left->first > right->first) - (left->first < right->first);
}

/*
 * Sort the ranges and make one of those that overlap or touch.
 *
 * Return: how many are left.
 */
static unsigned int merge(struct dirty_range *range, unsigned int nr_ranges)
{
	unsigned int last = 0;

	qsort(range, nr_ranges, sizeof(range[0]), compare_ranges);
	for (unsigned int i = 1; i < nr_ranges; i++) {
		uint64_t end = range[last].first + range[last].nr;
		uint64_t its_end = range[i].first + range[i].nr;

		if (range[i].first > end)
			range[++last] = range[i];
		else if (its_end > end)
			range[last].nr = its_end - range[last].first;
	}
	return last + 1;
}

static uint64_t words_for(uint64_t bits)
{
	return (bits + DIRTY_WORD_BITS - 1) / DIRTY_WORD_BITS;
}

/* The levels in one piece of zeroes, the lowest first. */
static bool allocate_levels(struct dirty_map *map, uint64_t granules)
{
	uint64_t words = 0;

	for (uint64_t level = 0, bits = granules; level < DIRTY_LEVELS; level++) {
		bits = words_for(bits);
		words += bits;
	}
	map->level[0] = calloc(words, sizeof(uint64_t));
	if (!map->level[0])
		return false;
	for (uint64_t level = 1, bits = granules; level < DIRTY_LEVELS; level++) {
		bits = words_for(bits);
		map->level[level] = map->level[level - 1] + bits;
	}
	return true;
}

struct dirty_map *dirty_map_new(unsigned int shift, struct dirty_range *range,
				unsigned int nr_ranges)
{
	struct dirty_map *map;
	uint64_t granules = 0;

	nr_ranges = merge(range, nr_ranges);
	for (unsigned int i = 0; i < nr_ranges; i++) {
		range[i].bit = granules;
		granules += range[i].nr;
	}
	map = malloc(sizeof(*map) + nr_ranges * sizeof(range[0]));
	if (!map)
		return NULL;
	map->shift = shift;
	map->nr_ranges = nr_ranges;
	memcpy(map->range, range, nr_ranges * sizeof(range[0]));
	if (!allocate_levels(map, granules)) {
		free(map);
		return NULL;
	}
	return map;
}

void dirty_map_free(struct dirty_map *map)
{
	if (!map)
		return;
	free(map->level[0]);
	free(map);
}

void dirty_map_summarise(struct dirty_map *map, uint64_t word)
{
	for (unsigned int level = 1; level < DIRTY_LEVELS; level++) {
		uint64_t *summary = &map->level[level][word / DIRTY_WORD_BITS];
		uint64_t before = *summary;

		*summary |= 1ull << word % DIRTY_WORD_BITS;
		if (before)
			return;
		word /= DIRTY_WORD_BITS;
	}
}

/* A word of the lowest level has become zero. */
static void summarise_zero(struct dirty_map *map, uint64_t word)
{
	for (unsigned int level = 1; level < DIRTY_LEVELS; level++) {
		uint64_t *summary = &map->level[level][word / DIRTY_WORD_BITS];

		*summary &= ~(1ull << word % DIRTY_WORD_BITS);
		if (*summary)
			return;
		word /= DIRTY_WORD_BITS;
	}
}

/*
 * Have all that is not zero below a word of the second summary on its way from memory at once:
 * searched one after another, each would be waited for. Always inline, because gcc leaves out the
 * call of a function that does nothing but this.
 */
static inline __attribute__((always_inline)) void prefetch(const struct dirty_map *map, uint64_t word)
{
	for (uint64_t upper = map->level[2][word]; upper; upper &= upper - 1) {
		uint64_t at = word * DIRTY_WORD_BITS + __builtin_ctzll(upper);

		for (uint64_t lower = map->level[1][at]; lower; lower &= lower - 1)
			__builtin_prefetch(&map->level[0][at * DIRTY_WORD_BITS +
							  __builtin_ctzll(lower)]);
	}
}

/*
 * Up from the lowest level until a word has something from the bit on, and down to that.
 *
 * Return: false if no bit from *@bit on is set; else *@bit is the first that is.
 */
static bool next_bit(const struct dirty_map *map, uint64_t end, uint64_t *bit)
{
	uint64_t at = *bit, bits = end, word = 0;
	unsigned int level = 0;

	for (; level < DIRTY_LEVELS && at < bits; level++) {
		word = map->level[level][at / DIRTY_WORD_BITS] >> at % DIRTY_WORD_BITS;
		if (word)
			break;
		at = at / DIRTY_WORD_BITS + 1;
		bits = words_for(bits);
	}
	if (!word)
		return false;
	at += __builtin_ctzll(word);
	while (level--) {
		if (level == 2)
			prefetch(map, at);
		at = at * DIRTY_WORD_BITS + __builtin_ctzll(map->level[level][at]);
	}
	*bit = at;
	return true;
}

/* The first bit from @bit on that is not set, at most @end. */
static uint64_t next_zero(const struct dirty_map *map, uint64_t end, uint64_t bit)
{
	while (bit < end) {
		uint64_t zeroes = ~map->level[0][bit / DIRTY_WORD_BITS] >> bit % DIRTY_WORD_BITS;

		if (zeroes) {
			bit += __builtin_ctzll(zeroes);
			break;
		}
		bit += DIRTY_WORD_BITS - bit % DIRTY_WORD_BITS;
	}
	return bit < end ? bit : end;
}

bool dirty_map_next(const struct dirty_map *map, uint64_t granule, struct dirty_range *run)
{
	const struct dirty_range *range = dirty_map_range(map, granule);
	const struct dirty_range *last = &map->range[map->nr_ranges - 1];
	uint64_t end = last->bit + last->nr, bit = range->bit;

	/* Before the first range; else in this one, or between it and the next. */
	if (granule >= range->first)
		bit += granule - range->first < range->nr ? granule - range->first : range->nr;
	if (!next_bit(map, end, &bit))
		return false;
	while (bit >= range->bit + range->nr)
		range++;
	run->first = range->first + (bit - range->bit);
	run->nr = next_zero(map, range->bit + range->nr, bit) - bit;
	return true;
}

void dirty_map_clear(struct dirty_map *map, const struct dirty_range *run)
{
	const struct dirty_range *range = dirty_map_range(map, run->first);
	uint64_t bit = range->bit + (run->first - range->first), end = bit + run->nr;

	while (bit < end) {
		uint64_t word = bit / DIRTY_WORD_BITS, shift = bit % DIRTY_WORD_BITS;
		uint64_t nr = DIRTY_WORD_BITS - shift < end - bit ? DIRTY_WORD_BITS - shift :
								     end - bit;

		map->level[0][word] &= ~(~0ull >> (DIRTY_WORD_BITS - nr) << shift);
		if (!map->level[0][word])
			summarise_zero(map, word);
		bit += nr;
	}
}
