/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers that look random and follow from a seed, so that whatever they decided can be decided
 * again.
 */
#ifndef MODEL_RANDOM_H
#define MODEL_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

static inline struct random random_from(uint64_t seed)
{
	return (struct random) { seed * 2654435761u + 88172645463325252ull };
}

/* A number from 0 to @below - 1. */
static inline uint32_t pick(struct random *random, uint32_t below)
{
	/* xorshift64*, Vigna 2016 */
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return (uint32_t)((random->state * 2685821657736338717ull) >> 32) % below;
}

static inline bool chance(struct random *random, unsigned int percent)
{
	return pick(random, 100) < percent;
}

#endif /* MODEL_RANDOM_H */
