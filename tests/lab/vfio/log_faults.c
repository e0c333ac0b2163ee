// SPDX-License-Identifier: BSD-2-Clause
/*
 * DMA logging by a device that fails: commands that are refused or answered wrongly, a page that it
 * keeps to itself. The first must never pass for a log; the last must be found by the checks of
 * log.c, or these would be worth nothing.
 */
#include <errno.h>
#include <string.h>

#include "log.h"
#include "monitor.h"

#define MISS_ROUNDS	400u

enum step { START, REPORT, REPORT_STOPPED, STOP };

/** struct fault - what the device does wrong, in which step, and what that says */
struct fault {
	const char *plan;
	enum step step;
	int error;
};

#define FAULT(command, what) "command=track-" command ",fault=" what

static const struct fault faults[] = {
	{ FAULT("start", "status:0x6"), START, -EREMOTEIO },
	{ FAULT("start", "status:0x138"), START, -ENOSPC },
	{ FAULT("start", "status:0x139"), START, -EBUSY },
	{ FAULT("report", "status:0x6"), REPORT, -EREMOTEIO },
	{ FAULT("report", "status:0x11f"), REPORT, -EREMOTEIO },
	{ FAULT("report", "flip:0"), REPORT, -EPROTO },		/* VER */
	{ FAULT("report", "flip:2"), REPORT, -EPROTO },		/* CNTLID */
	{ FAULT("report", "flip:3"), REPORT, -EPROTO },
	{ FAULT("report", "flip:6"), REPORT, -EPROTO },		/* NTMCD */
	{ FAULT("report", "flip:7"), REPORT, -EPROTO },
	{ FAULT("report", "flip:8"), REPORT, -EPROTO },		/* RMRG */
	{ FAULT("report", "flip:9"), REPORT, -EPROTO },
	{ FAULT("report", "flip:16"), REPORT, -EPROTO },	/* an address */
	{ FAULT("report", "flip:23"), REPORT, -EPROTO },
	{ FAULT("report", "flip:27"), REPORT, -EPROTO },	/* its length */
	{ FAULT("report", "short:0"), REPORT, -EPROTO },
	{ FAULT("report", "short:16"), REPORT, -EPROTO },
	{ FAULT("report", "flip:1"), REPORT_STOPPED, -ESTALE },	/* SUSP */
	{ FAULT("stop", "status:0x6"), STOP, -EREMOTEIO },
};

static struct monitor monitor = MONITOR_CLOSED;

/* The log is broken until it is stopped. */
static int check_broken(const struct fault *fault)
{
	struct vfio_function *function = &logged.machine.function;
	int none;

	if (area_run(&logged.area, &logged.machine, 10) ||
	    area_drain(&logged.area, &logged.machine))
		return -1;
	if (fault->step == REPORT_STOPPED &&
	    vfio_set_state(function, VFIO_DEVICE_STATE_STOP, &none))
		return -1;
	if (monitor_plan(&monitor, fault->plan) ||
	    log_expect("a report", log_report(GUEST_PAGE), fault->error) ||
	    log_expect("the next report", log_report(GUEST_PAGE), -EIO))
		return -1;
	if (fault->step == REPORT_STOPPED &&
	    vfio_set_state(function, VFIO_DEVICE_STATE_RUNNING, &none))
		return -1;
	return log_expect("stopping the DMA log", vfio_log_stop(function), 0);
}

static int check_fault(const struct fault *fault)
{
	struct vfio_device_feature_dma_logging_range range[LOG_RANGES_MAX];
	struct vfio_function *function = &logged.machine.function;
	uint64_t page_size = GUEST_PAGE;
	uint32_t nr = log_ranges(range, true, page_size);

	if (fault->step == START)
		return monitor_plan(&monitor, fault->plan) ||
		       log_expect("a start", vfio_log_start(function, &page_size, range, nr),
				  fault->error) ||
		       log_expect("a report", log_report(GUEST_PAGE), -EINVAL);
	if (log_start(GUEST_PAGE, true))
		return -1;
	if (fault->step != STOP)
		return check_broken(fault);
	return monitor_plan(&monitor, fault->plan) ||
	       log_expect("a stop", vfio_log_stop(function), fault->error) ||
	       log_expect("a report", log_report(GUEST_PAGE), -EINVAL);
}

/* Whatever the device did wrong, it is forgotten. */
static int check_recovery(void)
{
	if (monitor_plan(&monitor, "") || log_start(GUEST_PAGE, true) ||
	    log_check_round(GUEST_PAGE))
		return -1;
	return log_expect("stopping the DMA log", vfio_log_stop(&logged.machine.function), 0);
}

int test_log_faults(const struct test_options *options)
{
	const unsigned int nr = sizeof(faults) / sizeof(faults[0]);
	unsigned int cases = 0;
	int result = log_begin(options) || monitor_open(&monitor);

	for (; !result && cases < nr; cases++) {
		note("%s", faults[cases].plan);
		result = check_fault(&faults[cases]) || check_recovery();
	}
	monitor_close(&monitor);
	return log_end("log-faults", cases, result);
}

int test_log_miss(const struct test_options *options)
{
	unsigned int rounds = 0;
	int result = log_begin(options) || monitor_open(&monitor) ||
		     monitor_plan(&monitor, "command=track-report,count=0,fault=hide-page:1:100") ||
		     log_start(GUEST_PAGE, true);

	if (!result) {
		while (rounds < MISS_ROUNDS && !log_check_round(GUEST_PAGE))
			rounds++;
		note("one page is not reported any more: found in round %u", rounds);
		if (rounds == MISS_ROUNDS)
			result = fail("a page that is never reported was not missed in %u rounds",
				      MISS_ROUNDS);
		else
			result = strstr(last_failure(), "is not reported") ? 0 : -1;
	}
	monitor_close(&monitor);
	return log_end("log-miss", rounds, result);
}
