/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Streams that are not what they should be: a list of named changes to a good stream, each with
 * what the driver must make of it. It only makes bytes.
 */
#ifndef VFIO_LAB_MUTATION_H
#define VFIO_LAB_MUTATION_H

#include <stdbool.h>

#include "stream.h"

/**
 * struct mutation - one change
 * @name: for the command line and reports
 * @accepted: the result is still a good stream, and must be loaded
 * @reason: words that the driver's message must contain when it refuses
 * @change: edits the records; the stream is then put together with right checksums. NULL when
 *	@rewrite makes the stream
 * @rewrite: makes the bad stream from the good one
 */
struct mutation {
	const char *name;
	bool accepted;
	const char *reason;
	int (*change)(struct records *records);
	int (*rewrite)(const struct bytes *good, struct bytes *bad);
};

extern const struct mutation mutations[];
extern const size_t nr_mutations;

/** mutation_find() - by name; NULL when there is none, with the known ones reported */
const struct mutation *mutation_find(const char *name);

/** mutation_apply() - make @bad from @good; @bad must be empty */
int mutation_apply(const struct mutation *mutation, const struct bytes *good, struct bytes *bad);

/**
 * mutation_flip_bit() - copy @good to @bad with one bit changed; @bit counts from the first byte
 */
int mutation_flip_bit(const struct bytes *good, uint64_t bit, struct bytes *bad);

/** mutation_truncate() - copy the first @size bytes */
int mutation_truncate(const struct bytes *good, size_t size, struct bytes *bad);

/**
 * mutation_damage_state() - change bits of the controller state, with right checksums around it
 * @bits: number of bits to change
 * @random: state of the random numbers, advanced
 */
int mutation_damage_state(const struct bytes *good, unsigned int bits, uint64_t *random,
			  struct bytes *bad);

/** mutation_random() - next number of the sequence */
uint64_t mutation_random(uint64_t *random);

#endif /* VFIO_LAB_MUTATION_H */
