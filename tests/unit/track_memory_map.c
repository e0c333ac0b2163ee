// SPDX-License-Identifier: BSD-2-Clause
/*
 * The marks of written memory (ctrl/lm/dirty_map.h) do what one flag per granule would do, whatever
 * the ranges, up to the largest sum and at the end of the address space.
 */
#include "harness.h"
#include "lm/dirty_map.h"

#define SPACE	4096u	/* granules around the ranges of the random test */

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* What a map of @range must hold, one flag per granule. */
struct model {
	bool tracked[SPACE];
	bool marked[SPACE];
};

static struct dirty_map *random_map(uint32_t *random, struct model *model)
{
	unsigned int nr = 1 + next_random(random) % 12;
	struct dirty_range range[12];
	struct dirty_map *map;

	memset(model, 0, sizeof(*model));
	for (unsigned int i = 0; i < nr; i++) {
		range[i].first = next_random(random) % (SPACE - 700);
		range[i].nr = 1 + next_random(random) % (next_random(random) % 2 ? 700 : 8);
		for (uint64_t j = 0; j < range[i].nr; j++)
			model->tracked[range[i].first + j] = true;
	}
	map = dirty_map_new(12, range, nr);
	assert_non_null(map);
	return map;
}

static void mark_randomly(uint32_t *random, struct dirty_map *map, struct model *model)
{
	uint64_t addr = next_random(random) % ((SPACE - 64) * PAGE);
	size_t len = 1 + next_random(random) % (next_random(random) % 4 ? 64 : 60 * PAGE);

	dirty_map_mark(map, addr, len);
	for (uint64_t granule = addr / PAGE; granule <= (addr + len - 1) / PAGE; granule++)
		model->marked[granule] = model->tracked[granule];
}

/* The runs, which must end where a range ends or the marks do, until @limit of them are cleared. */
static void assert_alike(struct dirty_map *map, struct model *model, uint64_t from, unsigned int limit)
{
	struct dirty_range run = { .first = from };
	uint64_t expected = from;

	while (dirty_map_next(map, run.first + run.nr, &run)) {
		while (expected < SPACE && !model->marked[expected])
			expected++;
		assert_int_equal(run.first, expected);
		for (uint64_t i = 0; i < run.nr; i++)
			assert_true(model->marked[expected++]);
		assert_false(model->marked[expected]);
		if (limit) {
			dirty_map_clear(map, &run);
			memset(&model->marked[run.first], 0, run.nr);
			limit--;
		}
	}
	while (expected < SPACE)
		assert_false(model->marked[expected++]);
}

TEST_CASE(random_ranges_hold_what_flags_would)
{
	uint32_t random = 1;

	for (unsigned int round = 0; round < 500; round++) {
		struct model model;
		struct dirty_map *map = random_map(&random, &model);

		for (unsigned int step = 0; step < 40; step++) {
			mark_randomly(&random, map, &model);
			if (step % 8 == 0)
				assert_alike(map, &model, next_random(&random) % SPACE,
					     next_random(&random) % 4);
		}
		assert_alike(map, &model, 0, UINT32_MAX);
		assert_alike(map, &model, 0, 0);
		dirty_map_free(map);
	}
}

TEST_CASE(a_terabyte_is_searched_at_once)
{
	struct dirty_range range = { .first = 0, .nr = DIRTY_MAX_GRANULES }, run;
	static const uint64_t marked[] = { 0, 63, 64, 4095, 4096, 1u << 18, (1u << 24) - 1,
					   DIRTY_MAX_GRANULES - 1 };
	struct dirty_map *map = dirty_map_new(12, &range, 1);
	uint64_t from = 0;

	assert_non_null(map);
	assert_false(dirty_map_next(map, 0, &run));
	for (size_t i = 0; i < ARRAY_SIZE(marked); i++)
		dirty_map_mark(map, marked[i] * PAGE + 7, 1);
	for (size_t i = 0; i < ARRAY_SIZE(marked); i++) {
		assert_true(dirty_map_next(map, from, &run));
		assert_int_equal(run.first, marked[i]);
		/* 63 and 64, 4095 and 4096 are next to each other. */
		assert_int_equal(run.nr, i == 1 || i == 3 ? 2 : 1);
		from = run.first + run.nr;
		i += run.nr - 1;
		dirty_map_clear(map, &run);
	}
	assert_false(dirty_map_next(map, from, &run));
	assert_false(dirty_map_next(map, 0, &run));
	dirty_map_free(map);
}

#define SPARSE	1024u	/* 4 places on each of the 5 levels */

/* The @index-th place, ascending; no two are next to each other. */
static uint64_t sparse_granule(unsigned int index)
{
	uint64_t granule = 0;

	for (unsigned int level = 0; level < DIRTY_LEVELS; level++)
		granule |= (uint64_t)(index >> 2 * level & 3) << (6 * level + (level < 4));
	return granule;
}

static void assert_sparse(const struct dirty_map *map, const bool marked[SPARSE])
{
	struct dirty_range run = { 0 };

	for (unsigned int i = 0; i < SPARSE; i++) {
		if (!marked[i])
			continue;
		assert_true(dirty_map_next(map, run.first + run.nr, &run));
		assert_int_equal(run.first, sparse_granule(i));
		assert_int_equal(run.nr, 1);
	}
	assert_false(dirty_map_next(map, run.first + run.nr, &run));
}

TEST_CASE(what_is_cleared_hides_nothing_far_away)
{
	struct dirty_range range = { .first = 0, .nr = DIRTY_MAX_GRANULES };
	struct dirty_map *map = dirty_map_new(12, &range, 1);
	bool marked[SPARSE] = { false };
	uint32_t random = 1;

	assert_non_null(map);
	for (unsigned int step = 0; step < 4000; step++) {
		unsigned int i = next_random(&random) % SPARSE;

		if (marked[i])
			dirty_map_clear(map, &(struct dirty_range){ .first = sparse_granule(i),
								    .nr = 1 });
		else if (step % 3)
			dirty_map_mark(map, sparse_granule(i) * PAGE, 1);
		else
			continue;
		marked[i] = !marked[i];
		assert_sparse(map, marked);
	}
	dirty_map_free(map);
}

TEST_CASE(the_last_granule_of_the_address_space_counts)
{
	uint64_t last = UINT64_MAX / PAGE;
	struct dirty_range range = { .first = last - 1, .nr = 2 }, run;
	struct dirty_map *map = dirty_map_new(12, &range, 1);

	assert_non_null(map);
	dirty_map_mark(map, last * PAGE, PAGE - 1);
	dirty_map_mark(map, (last - 2) * PAGE, PAGE);
	assert_true(dirty_map_next(map, 0, &run));
	assert_int_equal(run.first, last);
	assert_int_equal(run.nr, 1);
	dirty_map_free(map);
}

TEST_CASE(coarse_granules_take_everything_in_them)
{
	struct dirty_range range[] = { { .first = 4, .nr = 2 }, { .first = 1, .nr = 1 } }, run;
	struct dirty_map *map = dirty_map_new(30, range, 2);

	assert_non_null(map);
	dirty_map_mark(map, (5ull << 30) - 1, 2);
	dirty_map_mark(map, (1ull << 30) - 8, 8);
	assert_true(dirty_map_next(map, 0, &run));
	assert_int_equal(run.first, 4);
	assert_int_equal(run.nr, 2);
	dirty_map_clear(map, &run);
	assert_false(dirty_map_next(map, 0, &run));
	dirty_map_free(map);
}

RUN_TESTS("track_memory_map",
	  cmocka_unit_test(random_ranges_hold_what_flags_would),
	  cmocka_unit_test(a_terabyte_is_searched_at_once),
	  cmocka_unit_test(what_is_cleared_hides_nothing_far_away),
	  cmocka_unit_test(the_last_granule_of_the_address_space_counts),
	  cmocka_unit_test(coarse_granules_take_everything_in_them));
