/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The benchmarks. Each writes the elements of one JSON array to @out; times are nanoseconds.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdio.h>

void bench_state(FILE *out);
void bench_suspend(FILE *out);
void bench_io(FILE *out);
void bench_tracked_io(FILE *out);
void bench_report(FILE *out);

#endif /* BENCH_BENCH_H */
