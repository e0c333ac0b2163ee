/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The functions of this host that can migrate, as the driver's attributes show them at one moment.
 * What became of them between two moments is for others to say.
 */
#ifndef TOOL_SAMPLES_H
#define TOOL_SAMPLES_H

#include <stdbool.h>
#include <stdint.h>

#include "sysfs.h"

#define SAMPLES_MOST_FUNCTIONS	1024

/**
 * struct counter - something that the driver counts
 * @name: attribute
 * @event: what happened if it has grown
 * @duration: attribute that says how long the last one took, in nanoseconds; NULL: none does
 * @bytes: attribute that grows by what was moved; NULL: none does
 * @rated: it happens again and again, and the bytes per second mean something
 * @ends_stop: the attribute "suspended_ns" says how long the function was stopped when it happened
 */
struct counter {
	const char *name;
	const char *event;
	const char *duration;
	const char *bytes;
	bool rated;
	bool ends_stop;
};

#define NR_COUNTERS	10

/** counters - everything that the driver counts */
extern const struct counter counters[NR_COUNTERS];

/**
 * struct sample - a function at one moment
 * @state: VFIO migration state
 * @count, @duration_ns, @bytes: by counter; 0 where there is no such attribute
 * @stopped_ns: how long the last stop was that has ended
 * @taken_ns: the moment (CLOCK_MONOTONIC)
 * @rated_ns: when that was counted for the last time which has a rate; 0: not yet. Whoever compares
 *	two moments keeps it
 */
struct sample {
	struct pci_address function;
	char state[SYSFS_TEXT_SIZE];
	unsigned long count[NR_COUNTERS];
	unsigned long duration_ns[NR_COUNTERS];
	unsigned long bytes[NR_COUNTERS];
	unsigned long stopped_ns;
	int64_t taken_ns;
	int64_t rated_ns;
};

/** struct samples - all functions at one moment, by address */
struct samples {
	unsigned int nr;
	struct sample sample[SAMPLES_MOST_FUNCTIONS];
};

/**
 * samples_take() - look at all functions
 *
 * Return: 0, or -1 after a complaint if the driver is not loaded.
 */
int samples_take(struct samples *samples);

#endif /* TOOL_SAMPLES_H */
