// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reading the clocks of this host.
 */
#include "clocks.h"

#include <stdio.h>
#include <sys/timex.h>
#include <time.h>

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t clocks_monotonic_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t clocks_realtime_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clocks_to_monotonic(int64_t realtime_ns)
{
	return realtime_ns - clocks_realtime_ns() + clocks_monotonic_ns();
}

int64_t clocks_error_us(void)
{
	struct timex state = { .modes = 0 };

	return adjtimex(&state) == TIME_ERROR || state.status & STA_UNSYNC ? -1 : state.maxerror;
}

void clocks_print(int64_t realtime_ns, char text[32])
{
	time_t seconds = realtime_ns / NS_PER_S;
	struct tm parts;
	size_t length;

	if (!gmtime_r(&seconds, &parts))
		parts = (struct tm) { .tm_mday = 1 };
	length = strftime(text, 24, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text + length, 32 - length, ".%03dZ",
		 (int)(realtime_ns % NS_PER_S / NS_PER_MS));
}
