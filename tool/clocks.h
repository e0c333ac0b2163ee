/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clocks of this host. What their times are used for is not its business.
 */
#ifndef TOOL_CLOCKS_H
#define TOOL_CLOCKS_H

#include <stdint.h>

#define NS_PER_S	1000000000ll
#define NS_PER_MS	1000000ll
#define NS_PER_US	1000ll

/** clocks_monotonic_ns() - CLOCK_MONOTONIC, by which the kernel's trace points are recorded too */
int64_t clocks_monotonic_ns(void);

/** clocks_realtime_ns() - CLOCK_REALTIME */
int64_t clocks_realtime_ns(void);

/** clocks_to_monotonic() - the same moment by the other clock, as both stand now */
int64_t clocks_to_monotonic(int64_t realtime_ns);

/**
 * clocks_error_us() - how far CLOCK_REALTIME may be from the time, as the kernel was told
 *
 * Return: microseconds; -1: nobody keeps the clock.
 */
int64_t clocks_error_us(void);

/**
 * clocks_print() - a moment of CLOCK_REALTIME as 2026-11-21T20:15:00.123Z
 * @text: receives it
 */
void clocks_print(int64_t realtime_ns, char text[32]);

#endif /* TOOL_CLOCKS_H */
