// SPDX-License-Identifier: BSD-2-Clause
/*
 * Measuring time; see measure.h.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "measure.h"

#define ROUND_NS	300000	/* long enough for the clock, short enough to stay undisturbed */
#define WARM_UP_ROUNDS	3
#define SWEEP_BYTES	(16u << 20)	/* several times a core's second-level cache */
#define CACHE_LINE	64

uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

void empty_caches(void)
{
	static volatile uint8_t sweep[SWEEP_BYTES];

	for (size_t i = 0; i < sizeof(sweep); i += CACHE_LINE)
		sweep[i]++;
}

void copy_bytes(void *to, const void *from, size_t len)
{
	memcpy(to, from, len);
}

static void choose_iterations(struct work *work)
{
	work->iterations = 1;
	while (work->run(work->arg, work->iterations) < ROUND_NS &&
	       (!work->max_iterations || work->iterations < work->max_iterations))
		work->iterations *= 2;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

void measure(struct work *work, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		choose_iterations(&work[i]);
	for (int round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
		for (unsigned int i = 0; i < count; i++) {
			double ns = work[i].run(work[i].arg, work[i].iterations);

			if (round >= 0)
				work[i].round[round] = ns / work[i].iterations;
		}
	}
	for (unsigned int i = 0; i < count; i++) {
		qsort(work[i].round, ROUNDS, sizeof(work[i].round[0]), compare);
		work[i].median = work[i].round[ROUNDS / 2];
		work[i].min = work[i].round[0];
		work[i].max = work[i].round[ROUNDS - 1];
	}
}

void print_times(FILE *out, const char *name, const struct work *work)
{
	fprintf(out, "\"%s\": {\"median\": %.1f, \"min\": %.1f, \"max\": %.1f}", name, work->median,
		work->min, work->max);
}
