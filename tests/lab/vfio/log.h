/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of DMA logging share: a guest with sparse memory (area.h), its log, and the check
 * that the log says what was written.
 */
#ifndef VFIO_LAB_LOG_H
#define VFIO_LAB_LOG_H

#include "area.h"
#include "tests.h"

#define LOG_RANGES_MAX	(AREA_PIECES + 1)

/**
 * struct logged - a running guest, its sparse memory, and what of it is reported
 * @page_size: of the log's granules, as it was started last
 * @reported: for each page 1 if it was reported; never cleared by log_report()
 */
struct logged {
	struct machine machine;
	struct area area;
	uint64_t page_size;
	uint8_t reported[AREA_PAGES];
};

extern struct logged logged;

/** log_begin() - boot a guest with sparse memory; nothing is logged */
int log_begin(const struct test_options *options);

/** log_release() - release everything; log_begin() may follow */
void log_release(void);

/** log_end() - report, then log_release(); returns @result or worse */
int log_end(const char *test, unsigned int cases, int result);

/** log_expect() - 0 if @error is @expected, else the difference is reported */
int log_expect(const char *what, int error, int expected);

/**
 * log_ranges() - the guest's memory as ranges of whole pages of @page_size bytes
 * @range: LOG_RANGES_MAX of them
 * @each: a range for each piece, else one that spans all
 *
 * Return: how many.
 */
uint32_t log_ranges(struct vfio_device_feature_dma_logging_range *range, bool each,
		    uint64_t page_size);

/** log_start() - start to log log_ranges() */
int log_start(uint64_t page_size, bool each);

/** log_report() - read the log of the sparse memory; 0 or a negative errno, without a word */
int log_report(uint64_t page_size);

/** log_check_round() - some I/O: all of it must be in the log, nothing else, and only once */
int log_check_round(uint64_t page_size);

#endif /* VFIO_LAB_LOG_H */
