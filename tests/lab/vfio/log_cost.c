// SPDX-License-Identifier: BSD-2-Clause
/*
 * What DMA logging costs: the rate of reads without a log, with one, and with one that is read all
 * the time; and how long reading it takes. It measures and judges nothing.
 */
#include <string.h>

#include "log.h"

#define GIB		(1ull << 30)
#define WINDOW_GIB	16u
#define MAX_ROUNDS	64u
#define SLICES		10u
#define REPORTS		100u	/* the host's clock may be coarse */

enum mode { NO_LOG, LOG, LOG_READ, NR_MODES };

/** struct costs - of each round; times of a REPORT of WINDOW_GIB */
struct costs {
	uint64_t reads_per_second[NR_MODES][MAX_ROUNDS];
	uint64_t idle_us[MAX_ROUNDS];
	uint64_t busy_us[MAX_ROUNDS];
	uint64_t busy_pages[MAX_ROUNDS];
};

/* The whole of what is mapped lies in these; so do holes between. */
static int read_window(uint64_t *us)
{
	static uint64_t bitmap[WINDOW_GIB * GIB / GUEST_PAGE / 64];
	uint64_t start = now_us();
	int error = vfio_log_report(&logged.machine.function, area_iova(0), WINDOW_GIB * GIB,
				    GUEST_PAGE, bitmap);

	*us = now_us() - start;
	return error ? fail("reading %u GiB of the DMA log: %s", WINDOW_GIB, strerror(-error)) : 0;
}

static int measure_rate(const struct test_options *options, enum mode mode, uint64_t *rate)
{
	uint64_t start, reads = logged.area.reads, us;

	if (mode != NO_LOG && log_start(GUEST_PAGE, false))
		return -1;
	start = now_us();
	for (unsigned int i = 0; i < SLICES; i++)
		if (area_run(&logged.area, &logged.machine, options->interval_ms / SLICES) ||
		    (mode == LOG_READ && read_window(&us)))
			return -1;
	*rate = (logged.area.reads - reads) * 1000000 / (now_us() - start);
	if (area_drain(&logged.area, &logged.machine))
		return -1;
	return mode == NO_LOG ? 0 : log_expect("stopping the DMA log",
					       vfio_log_stop(&logged.machine.function), 0);
}

/* Pages that the function has written since the last time. */
static uint64_t take_written(void)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < AREA_PAGES; i++)
		pages += logged.area.written[i];
	area_forget(&logged.area);
	return pages;
}

/* A report when nothing was written, and one after a few milliseconds of reads. */
static int measure_report(struct costs *costs, unsigned int round)
{
	uint64_t start, us, busy = 0, pages = 0;

	if (log_start(GUEST_PAGE, false))
		return -1;
	start = now_us();
	for (unsigned int i = 0; i < REPORTS; i++)
		if (read_window(&us))
			return -1;
	costs->idle_us[round] = (now_us() - start) / REPORTS;
	take_written();
	for (unsigned int i = 0; i < REPORTS; i++) {
		if (area_run(&logged.area, &logged.machine, 5) ||
		    area_drain(&logged.area, &logged.machine) || read_window(&us))
			return -1;
		busy += us;
		pages += take_written();
	}
	costs->busy_us[round] = busy / REPORTS;
	costs->busy_pages[round] = pages / REPORTS;
	return log_expect("stopping the DMA log", vfio_log_stop(&logged.machine.function), 0);
}

static int measure(const struct test_options *options, struct costs *costs, unsigned int rounds)
{
	for (unsigned int i = 0; i < rounds; i++) {
		for (enum mode mode = NO_LOG; mode < NR_MODES; mode++)
			if (measure_rate(options, mode, &costs->reads_per_second[mode][i]))
				return -1;
		if (measure_report(costs, i))
			return -1;
	}
	return 0;
}

int test_log_cost(const struct test_options *options)
{
	static const char *const names[NR_MODES] = {
		"reads_per_second", "reads_per_second_logged", "reads_per_second_logged_and_read",
	};
	unsigned int rounds = options->count < MAX_ROUNDS ? options->count : MAX_ROUNDS;
	static struct costs costs;
	int result = log_begin(options) || measure(options, &costs, rounds);
	struct json json;

	json_begin(&json);
	json_string(&json, "test", "log-cost");
	json_bool(&json, "ok", !result);
	for (enum mode mode = NO_LOG; mode < NR_MODES; mode++)
		json_spread(&json, names[mode], costs.reads_per_second[mode], rounds);
	json_spread(&json, "idle_us", costs.idle_us, rounds);
	json_spread(&json, "busy_us", costs.busy_us, rounds);
	json_spread(&json, "busy_pages", costs.busy_pages, rounds);
	if (result)
		json_string(&json, "failure", last_failure());
	log_release();
	return json_print(&json) || result ? -1 : 0;
}
