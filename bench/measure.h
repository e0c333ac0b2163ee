/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How time is measured: everything that is compared is warmed up and then run in turns, round by
 * round, so that whatever disturbs the machine disturbs all of it alike. It knows nothing about
 * what it measures.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ROUNDS	101	/* odd: the median is one of them */

/**
 * struct work - something to be measured
 * @run: do it @iterations times; returns the nanoseconds that count
 * @arg: for @run
 * @max_iterations: per round, 0 for no limit
 * @iterations: per round; set by measure()
 * @median, @min, @max: nanoseconds per iteration; set by measure()
 */
struct work {
	uint64_t (*run)(void *arg, unsigned long iterations);
	void *arg;
	unsigned long max_iterations;
	unsigned long iterations;
	double median;
	double min;
	double max;
	double round[ROUNDS];
};

/** clock_ns() - monotonic nanoseconds */
uint64_t clock_ns(void);

/** empty_caches() - displace from the processor's own caches what was used before */
void empty_caches(void);

/**
 * copy_bytes() - memcpy() as the C library does it: in this file the compiler cannot see the length
 * and put something else in its place, nor that nobody reads the copy and leave it out
 */
void copy_bytes(void *to, const void *from, size_t len);

/** measure() - measure @count works side by side */
void measure(struct work *work, unsigned int count);

/** print_times() - "name": { "median": …, "min": …, "max": … } in nanoseconds per iteration */
void print_times(FILE *out, const char *name, const struct work *work);

#endif /* BENCH_MEASURE_H */
