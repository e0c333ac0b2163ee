// SPDX-License-Identifier: BSD-2-Clause
/*
 * DMA logging as a VMM uses it: every page that the function has written is reported, and no other
 * is. The guest driver reads into sparse memory (area.h) and so knows which pages that were; a copy
 * of the memory that follows the reports, as in a pre-copy, must be equal to it in the end.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define KIB		1024ull
#define ROUND_MS	20

struct logged logged = { .machine = MACHINE_CLOSED };

int log_begin(const struct test_options *options)
{
	struct machine *machine = &logged.machine;
	size_t size = machine_memory_size(&options->guest);

	if (!size || machine_open(machine, options->address, options->timeout_ms) ||
	    machine_can_migrate(machine) || machine_set_memory(machine, size) ||
	    machine_boot(machine, &options->guest))
		return -1;
	return area_open(&logged.area, machine);
}

void log_release(void)
{
	machine_close(&logged.machine);
	area_close(&logged.area);
}

int log_end(const char *test, unsigned int cases, int result)
{
	result = report_result(test, &logged.machine, cases, 0, result);
	log_release();
	return result;
}

int log_expect(const char *what, int error, int expected)
{
	if (error == expected)
		return 0;
	return fail("%s: expected: %s, got: %s", what,
		    expected ? strerror(-expected) : "success", error ? strerror(-error) : "success");
}

uint32_t log_ranges(struct vfio_device_feature_dma_logging_range *range, bool each,
		    uint64_t page_size)
{
	uint32_t nr = each ? AREA_PIECES : 1;

	for (uint32_t i = 0; i < nr; i++) {
		range[i].iova = area_iova(i);
		range[i].length = AREA_PIECE_SIZE;
	}
	if (!each)
		range[0].length += area_iova(AREA_PIECES - 1) - area_iova(0);
	range[nr].iova = GUEST_IOVA;
	range[nr].length = logged.machine.memory_size;
	for (uint32_t i = 0; i <= nr; i++) {
		range[i].length += range[i].iova % page_size + page_size - 1;
		range[i].length -= range[i].length % page_size;
		range[i].iova -= range[i].iova % page_size;
	}
	return nr + 1;
}

int log_start(uint64_t page_size, bool each)
{
	struct vfio_device_feature_dma_logging_range range[LOG_RANGES_MAX];
	uint32_t nr = log_ranges(range, each, page_size);
	int error;

	logged.page_size = page_size;
	error = vfio_log_start(&logged.machine.function, &logged.page_size, range, nr);
	return error ? fail("DMA log with %u ranges and pages of %llu bytes: %s", nr,
			    (unsigned long long)page_size, strerror(-error)) : 0;
}

/* Reads the log of @nr pages from page @first of a piece on. */
static int report_part(uint32_t piece, uint32_t first, uint32_t nr, uint64_t page_size)
{
	uint64_t bitmap[AREA_PIECE_PAGES / 64] = { 0 };
	uint8_t *reported = &logged.reported[piece * AREA_PIECE_PAGES + first];
	int error = vfio_log_report(&logged.machine.function,
				    area_iova(piece) + (uint64_t)first * GUEST_PAGE,
				    (uint64_t)nr * GUEST_PAGE, page_size, bitmap);

	if (error)
		return error;
	for (uint32_t i = 0; i < nr; i++) {
		uint64_t bit = i / (page_size / GUEST_PAGE);

		if (bitmap[bit / 64] & 1ull << bit % 64)
			reported[i] = 1;
	}
	return 0;
}

/*
 * From the last piece to the first, so that the first call gets everything from the device and
 * those after it live on what was kept; each piece in two parts.
 */
int log_report(uint64_t page_size)
{
	const uint32_t half = AREA_PIECE_PAGES / 2;
	int error = 0;

	for (uint32_t i = AREA_PIECES; !error && i--; ) {
		error = report_part(i, half, half, page_size);
		if (!error)
			error = report_part(i, 0, half, page_size);
	}
	return error;
}

/* Was anything written in the @page_size bytes that a page's bit stands for, in its half piece? */
static bool near_written(uint32_t page, uint64_t page_size)
{
	uint32_t pages = (uint32_t)(page_size / GUEST_PAGE), half = AREA_PIECE_PAGES / 2;
	uint32_t in_half = page % half, first = in_half - in_half % pages;

	for (uint32_t i = first; i < first + pages && i < half; i++)
		if (logged.area.written[page - in_half + i])
			return true;
	return false;
}

/* Granules of more than a page tell of their neighbours, too: only a miss is an error then. */
static int compare(uint64_t page_size)
{
	bool exact = logged.page_size == GUEST_PAGE;

	for (uint32_t i = 0; i < AREA_PAGES; i++) {
		if (logged.area.written[i] && !logged.reported[i])
			return fail("page %u of piece %u was written and is not reported",
				    i % AREA_PIECE_PAGES, i / AREA_PIECE_PAGES);
		if (exact && logged.reported[i] && !near_written(i, page_size))
			return fail("page %u of piece %u is reported and was not written",
				    i % AREA_PIECE_PAGES, i / AREA_PIECE_PAGES);
	}
	return 0;
}

static uint32_t count_reported(void)
{
	uint32_t nr = 0;

	for (uint32_t i = 0; i < AREA_PAGES; i++)
		nr += logged.reported[i];
	return nr;
}

int log_check_round(uint64_t page_size)
{
	const uint32_t kept = logged.page_size == GUEST_PAGE ? 0 : 4 * AREA_PIECES;
	uint32_t kept_pages = kept * (uint32_t)(logged.page_size / GUEST_PAGE);
	int error;

	area_forget(&logged.area);
	memset(logged.reported, 0, sizeof(logged.reported));
	if (area_run(&logged.area, &logged.machine, ROUND_MS) ||
	    area_drain(&logged.area, &logged.machine))
		return -1;
	error = log_report(page_size);
	if (error)
		return fail("reading the DMA log: %s", strerror(-error));
	if (compare(page_size))
		return -1;
	memset(logged.reported, 0, sizeof(logged.reported));
	error = log_report(GUEST_PAGE);
	if (error)
		return fail("reading the DMA log once more: %s", strerror(-error));
	if (count_reported() > kept_pages)
		return fail("%u pages are reported twice, at most %u expected", count_reported(),
			    kept_pages);
	return 0;
}

/* Of the guest's own memory the function writes the completion queue alone. */
static int check_guest_memory(void)
{
	static uint64_t bitmap[GUEST_MAX_MEMORY / GUEST_PAGE / 64];
	const struct guest_queue *queue = &logged.machine.guest->io[0];
	uint64_t pages = logged.machine.memory_size / GUEST_PAGE, wanted = queue->cq / GUEST_PAGE;
	int error;

	memset(bitmap, 0, sizeof(bitmap));
	error = vfio_log_report(&logged.machine.function, GUEST_IOVA,
				logged.machine.memory_size, GUEST_PAGE, bitmap);
	if (error)
		return fail("reading the DMA log of guest memory: %s", strerror(-error));
	for (uint64_t i = 0; i < pages; i++)
		if (!!(bitmap[i / 64] & 1ull << i % 64) != (i == wanted))
			return fail("page %llu of guest memory: %s, the completion queue is page %llu",
				    (unsigned long long)i, i == wanted ? "not reported" : "reported",
				    (unsigned long long)wanted);
	return 0;
}

/** struct log_case - how a log is asked for and read */
struct log_case {
	uint64_t page_size;
	bool each;
	uint64_t report_page_size;
};

/* A page of a report may be finer than a granule, or coarser. */
static const struct log_case log_cases[] = {
	{ 4 * KIB, false, 4 * KIB },	{ 4 * KIB, true, 4 * KIB },
	{ 4 * KIB, true, 64 * KIB },	{ 4 * KIB, false, 2048 * KIB },
	{ 64 * KIB, true, 4 * KIB },	{ 64 * KIB, false, 16 * KIB },
	{ 2048 * KIB, true, 4 * KIB },	{ 1024 * 1024 * KIB, false, 64 * KIB },
};

static int follow(const struct log_case *log_case, unsigned int rounds)
{
	if (log_start(log_case->page_size, log_case->each))
		return -1;
	if (logged.page_size != log_case->page_size)
		return fail("pages of %llu bytes wanted, got %llu",
			    (unsigned long long)log_case->page_size,
			    (unsigned long long)logged.page_size);
	for (unsigned int i = 0; i < rounds; i++)
		if (log_check_round(log_case->report_page_size))
			return -1;
	if (log_case->page_size == GUEST_PAGE && check_guest_memory())
		return -1;
	return log_expect("stopping the DMA log", vfio_log_stop(&logged.machine.function), 0);
}

int test_log(const struct test_options *options)
{
	const unsigned int nr = sizeof(log_cases) / sizeof(log_cases[0]);
	unsigned int cases = 0;
	int result = log_begin(options);

	for (; !result && cases < nr; cases++) {
		note("pages of %llu bytes, %s, read by %llu",
		     (unsigned long long)log_cases[cases].page_size,
		     log_cases[cases].each ? "many ranges" : "two ranges",
		     (unsigned long long)log_cases[cases].report_page_size);
		result = follow(&log_cases[cases], options->count);
	}
	return log_end("log", cases, result);
}

static void copy_reported(void)
{
	for (uint32_t i = 0; i < AREA_PAGES; i++)
		if (logged.reported[i])
			memcpy(logged.area.copy + i * (size_t)GUEST_PAGE,
			       logged.area.memory + i * (size_t)GUEST_PAGE, GUEST_PAGE);
}

/* What was reported is copied after that, as a VMM does. */
static int report_and_copy(uint64_t page_size)
{
	int error;

	memset(logged.reported, 0, sizeof(logged.reported));
	error = log_report(page_size);
	if (error)
		return fail("reading the DMA log: %s", strerror(-error));
	copy_reported();
	return 0;
}

static int check_copy(void)
{
	for (uint32_t i = 0; i < AREA_PAGES; i++)
		if (memcmp(logged.area.copy + i * (size_t)GUEST_PAGE,
			   logged.area.memory + i * (size_t)GUEST_PAGE, GUEST_PAGE))
			return fail("page %u of piece %u differs from its copy",
				    i % AREA_PIECE_PAGES, i / AREA_PIECE_PAGES);
	return 0;
}

/* How a function is stopped, and to where. */
static const struct stop {
	const char *what;
	uint32_t state[3];
	uint32_t nr_states;
} stops[] = {
	{ "RUNNING_P2P", { VFIO_DEVICE_STATE_RUNNING_P2P }, 1 },
	{ "STOP", { VFIO_DEVICE_STATE_STOP }, 1 },
	{ "STOP_COPY", { VFIO_DEVICE_STATE_STOP_COPY }, 1 },
	{ "PRE_COPY_P2P", { VFIO_DEVICE_STATE_PRE_COPY, VFIO_DEVICE_STATE_PRE_COPY_P2P }, 2 },
	{ "STOP_COPY after PRE_COPY", { VFIO_DEVICE_STATE_PRE_COPY, VFIO_DEVICE_STATE_STOP_COPY },
	  2 },
};

/*
 * A pre-copy: the guest goes on while the log is read. The function has stopped in the last round.
 */
static int copy_while_running(const struct test_options *options, const struct stop *stop)
{
	struct vfio_function *function = &logged.machine.function;
	int file, none;

	memcpy(logged.area.copy, logged.area.memory, AREA_PAGES * (size_t)GUEST_PAGE);
	for (unsigned int i = 0; i < options->count; i++)
		if (area_run(&logged.area, &logged.machine, ROUND_MS) ||
		    report_and_copy(GUEST_PAGE))
			return -1;
	for (uint32_t i = 0; i < stop->nr_states; i++) {
		if (vfio_set_state(function, stop->state[i], &file))
			return -1;
		if (file >= 0)
			close(file);
	}
	if (report_and_copy(GUEST_PAGE) || check_copy())
		return -1;
	memset(logged.reported, 0, sizeof(logged.reported));
	if (log_report(GUEST_PAGE) || count_reported())
		return fail("%u pages are reported of a function that stands still",
			    count_reported());
	return vfio_set_state(function, VFIO_DEVICE_STATE_RUNNING, &none);
}

int test_log_copy(const struct test_options *options)
{
	const unsigned int nr = sizeof(stops) / sizeof(stops[0]);
	unsigned int cases = 0;
	int result = log_begin(options);

	if (!result)
		result = log_start(GUEST_PAGE, true);
	for (; !result && cases < nr; cases++) {
		note("a copy that ends in %s", stops[cases].what);
		result = copy_while_running(options, &stops[cases]);
	}
	if (!result)
		result = area_drain(&logged.area, &logged.machine);
	return log_end("log-copy", cases, result);
}

int test_log_absent(const struct test_options *options)
{
	static const uint32_t features[] = {
		VFIO_DEVICE_FEATURE_DMA_LOGGING_START, VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
		VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
	};
	const unsigned int nr = sizeof(features) / sizeof(features[0]);
	unsigned int cases = 0;
	uint8_t nothing = 0;
	int result = log_begin(options);

	for (; !result && cases < nr; cases++)
		result = log_expect("asking if there is DMA logging",
				vfio_feature(&logged.machine.function,
					     VFIO_DEVICE_FEATURE_PROBE | features[cases], &nothing,
					     0), -ENOTTY);
	if (!result)
		result = log_expect("stopping a DMA log that there is not",
				vfio_log_stop(&logged.machine.function), -ENOTTY);
	return log_end("log-absent", cases, result);
}
