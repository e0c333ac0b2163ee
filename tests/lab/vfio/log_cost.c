// SPDX-License-Identifier: BSD-2-Clause
/*
 * What DMA logging costs: the rate of reads without a log, with one, and with one that is read ten
 * times a second; and how long it takes to read one in which nothing is. It measures, and judges
 * nothing.
 */
#include <string.h>

#include "log.h"

#define GIB		(1ull << 30)
#define WINDOW_GIB	16u
#define MAX_ROUNDS	64u
#define SLICES		10u
#define REPORTS		100u	/* the host's clock may be coarse */

enum mode { NO_LOG, LOG, LOG_READ, NR_MODES };

/** struct costs - of each round; the time is that of a REPORT of WINDOW_GIB */
struct costs {
	uint64_t reads_per_second[NR_MODES][MAX_ROUNDS];
	uint64_t idle_us[MAX_ROUNDS];
};

/* Pieces of the memory, and the holes between them. */
static int read_window(void)
{
	static uint64_t bitmap[WINDOW_GIB * GIB / GUEST_PAGE / 64];
	int error = vfio_log_report(&logged.machine.function, area_iova(0), WINDOW_GIB * GIB,
				    GUEST_PAGE, bitmap);

	return error ? fail("reading %u GiB of the DMA log: %s", WINDOW_GIB, strerror(-error)) : 0;
}

static int measure_rate(const struct test_options *options, enum mode mode, uint64_t *rate)
{
	uint64_t start, reads = logged.area.reads;

	if (mode != NO_LOG && log_start(GUEST_PAGE, false))
		return -1;
	start = now_us();
	for (unsigned int i = 0; i < SLICES; i++)
		if (area_run(&logged.area, &logged.machine, options->interval_ms / SLICES) ||
		    (mode == LOG_READ && read_window()))
			return -1;
	*rate = (logged.area.reads - reads) * 1000000 / (now_us() - start);
	if (area_drain(&logged.area, &logged.machine))
		return -1;
	return mode == NO_LOG ? 0 : log_expect("stopping the DMA log",
					       vfio_log_stop(&logged.machine.function), 0);
}

static int measure_report(struct costs *costs, unsigned int round)
{
	uint64_t start;

	if (log_start(GUEST_PAGE, false))
		return -1;
	start = now_us();
	for (unsigned int i = 0; i < REPORTS; i++)
		if (read_window())
			return -1;
	costs->idle_us[round] = (now_us() - start) / REPORTS;
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
	if (result)
		json_string(&json, "failure", last_failure());
	log_release();
	return json_print(&json) || result ? -1 : 0;
}
