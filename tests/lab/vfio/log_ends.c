// SPDX-License-Identifier: BSD-2-Clause
/*
 * DMA logging at its edges: requests that must be refused and leave a log as it was, all that ends
 * a log, and what takes it away from under the driver. A report fails from then on, it is never
 * empty.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "log.h"

#define GIB (1ull << 30)

/** struct request - a START, and what is to become of it */
struct request {
	const char *what;
	uint64_t page_size;
	struct vfio_device_feature_dma_logging_range range[2];
	uint32_t nr_ranges;
	int error;
	uint64_t granted;
};

static const struct request requests[] = {
	{ "a page size that is no power of two", 0x3000, { { 0x4000, 0x4000 } }, 1, -EINVAL, 0 },
	{ "no page size", 0, { { 0, 0 } }, 1, -EINVAL, 0 },
	{ "a range without length", 4096, { { 4 * GIB, 0 } }, 1, -EINVAL, 0 },
	{ "the range 0, 0", 4096, { { 0, 0 } }, 1, -EINVAL, 0 },
	{ "a range without length beside one", 4096, { { 4 * GIB, 4096 }, { 8 * GIB, 0 } }, 2,
	  -EINVAL, 0 },
	{ "nearly all addresses", 4096, { { 0, UINT64_MAX - 4095 } }, 1, -E2BIG, 0 },
	{ "two ranges too far apart in sum", 4096, { { 0, GIB << 28 }, { GIB << 32, GIB << 28 } }, 2,
	  -E2BIG, 0 },
	{ "1 TiB", 4096, { { 0, GIB << 10 } }, 1, 0, 4096 },
	{ "1 TiB and a page", 4096, { { 0, (GIB << 10) + 4096 } }, 1, 0, 8192 },
	{ "more pages than 32 bits count", 4096, { { 0, GIB << 15 } }, 1, 0, 131072 },
	{ "the last page", 4096, { { UINT64_MAX - 8191, 4096 } }, 1, 0, 4096 },
	{ "pages of 512 bytes", 512, { { 4 * GIB, 512 } }, 1, 0, 4096 },
	{ "pages of 1 TiB", GIB << 10, { { 0, GIB << 10 } }, 1, 0, GIB },
};

static int check_request(const struct request *request)
{
	struct vfio_function *function = &logged.machine.function;
	uint64_t page_size = request->page_size;
	int error = vfio_log_start(function, &page_size, request->range, request->nr_ranges);

	if (log_expect(request->what, error, request->error))
		return -1;
	if (error)
		return 0;
	if (page_size != request->granted)
		return fail("%s: pages of %llu bytes expected, got %llu", request->what,
			    (unsigned long long)request->granted, (unsigned long long)page_size);
	return log_expect("stopping the DMA log", vfio_log_stop(function), 0);
}

static int report_of(uint64_t iova, uint64_t length)
{
	uint64_t bitmap[AREA_PIECE_PAGES] = { 0 };

	return vfio_log_report(&logged.machine.function, iova, length, GUEST_PAGE, bitmap);
}

/* What a log refuses, and that it is none the worse for it. */
static int check_running_log(void)
{
	struct vfio_device_feature_dma_logging_range range[LOG_RANGES_MAX];
	struct vfio_function *function = &logged.machine.function;
	uint64_t iova = area_iova(1), page_size = GUEST_PAGE;
	uint32_t nr = log_ranges(range, true, page_size);

	if (log_start(page_size, true) ||
	    log_expect("a second start", vfio_log_start(function, &page_size, range, nr),
		       -EINVAL) ||
	    log_expect("no length", report_of(iova, 0), -EINVAL) ||
	    log_expect("before all ranges", report_of(0, GUEST_PAGE), -EINVAL) ||
	    log_expect("from before a range", report_of(iova - GUEST_PAGE, 2 * GUEST_PAGE),
		       -EINVAL) ||
	    log_expect("beyond a range", report_of(iova, AREA_PIECE_SIZE + GUEST_PAGE), -EINVAL) ||
	    log_check_round(GUEST_PAGE))
		return -1;
	return log_expect("stopping the DMA log", vfio_log_stop(function), 0);
}

static int check_not_running(void)
{
	if (log_expect("a report of no log", report_of(area_iova(0), GUEST_PAGE), -EINVAL))
		return -1;
	return log_expect("stopping no log", vfio_log_stop(&logged.machine.function), 0);
}

/* The device does not begin to track a controller that stands still. */
static int check_suspended(void)
{
	struct vfio_device_feature_dma_logging_range range[LOG_RANGES_MAX];
	struct vfio_function *function = &logged.machine.function;
	uint64_t page_size = GUEST_PAGE;
	uint32_t nr = log_ranges(range, true, page_size);
	int none;

	if (vfio_set_state(function, VFIO_DEVICE_STATE_STOP, &none) ||
	    log_expect("a start in STOP", vfio_log_start(function, &page_size, range, nr),
		       -EBUSY) ||
	    check_not_running())
		return -1;
	return vfio_set_state(function, VFIO_DEVICE_STATE_RUNNING, &none);
}

int test_log_requests(const struct test_options *options)
{
	const unsigned int nr = sizeof(requests) / sizeof(requests[0]);
	unsigned int cases = 0;
	int result = log_begin(options);

	if (!result)
		result = check_not_running();
	for (; !result && cases < nr; cases++) {
		note("start with %s", requests[cases].what);
		result = check_request(&requests[cases]);
	}
	if (!result)
		result = check_running_log() || check_not_running() || check_suspended();
	return log_end("log-requests", cases, result);
}

static int reopen(struct vfio_function *function)
{
	vfio_close_device(function);
	return vfio_open_device(function);
}

/* Whatever the guest had under way, it starts its driver again. */
static int start_anew(void)
{
	area_lose(&logged.area);
	return machine_reboot(&logged.machine);
}

/** struct ending - what ends a log, once the function has gone to a state */
static const struct ending {
	const char *what;
	uint32_t state;
	int (*end)(struct vfio_function *function);
} endings[] = {
	{ "a reset", VFIO_DEVICE_STATE_RUNNING, vfio_reset },
	{ "an FLR by the guest", VFIO_DEVICE_STATE_RUNNING, vfio_guest_flr },
	{ "a close", VFIO_DEVICE_STATE_RUNNING, reopen },
	{ "a reset in STOP", VFIO_DEVICE_STATE_STOP, vfio_reset },
	{ "a close in STOP_COPY", VFIO_DEVICE_STATE_STOP_COPY, reopen },
};

static int check_ending(const struct ending *ending)
{
	struct vfio_function *function = &logged.machine.function;
	int file;

	if (log_start(GUEST_PAGE, true) || log_check_round(GUEST_PAGE))
		return -1;
	area_fill(&logged.area, &logged.machine);
	if (vfio_set_state(function, ending->state, &file))
		return -1;
	if (file >= 0)
		close(file);
	if (ending->end(function) || check_not_running() || start_anew())
		return -1;
	if (log_start(GUEST_PAGE, true) || log_check_round(GUEST_PAGE))
		return -1;
	return log_expect("stopping the DMA log", vfio_log_stop(function), 0);
}

int test_log_ends(const struct test_options *options)
{
	const unsigned int nr = sizeof(endings) / sizeof(endings[0]);
	unsigned int cases = 0;
	int result = log_begin(options);

	for (; !result && cases < nr; cases++) {
		note("%s", endings[cases].what);
		result = check_ending(&endings[cases]);
	}
	return log_end("log-ends", cases, result);
}

/* Something on the host has taken the log away: no report may look like one of a log. */
static int check_lost(const struct test_options *options)
{
	struct vfio_function *function = &logged.machine.function;
	int error;

	if (log_start(GUEST_PAGE, true) || log_check_round(GUEST_PAGE))
		return -1;
	area_fill(&logged.area, &logged.machine);
	if (command_run(options->happening))
		return -1;
	error = log_report(GUEST_PAGE);
	note("the first report says: %s", strerror(-error));
	if (!error)
		return fail("a report after \"%s\": an error expected, it succeeded",
			    options->happening);
	if (log_expect("a second report", log_report(GUEST_PAGE), -EIO))
		return -1;
	error = vfio_log_stop(function);
	note("stopping it says: %s", strerror(-error));
	return check_not_running();
}

int test_log_lost(const struct test_options *options)
{
	unsigned int cases = 0;
	int result = 0;

	for (; !result && cases < options->count; cases++) {
		result = log_begin(options) || check_lost(options);
		log_release();
		if (!result)
			result = command_run(options->undoing);
	}
	if (!result)
		result = log_begin(options) || log_start(GUEST_PAGE, true) ||
			 log_check_round(GUEST_PAGE) || vfio_log_stop(&logged.machine.function);
	return log_end("log-lost", cases, result);
}
