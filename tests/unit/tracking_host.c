// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tracking of memory as a host does it: tracking_host.h is the manual.
 */
#include "tracking_host.h"

#define START_HEADER	8u
#define START_RANGE	12u
#define REPORT_HEADER	16u
#define REPORT_CHANGE	16u

unsigned int tracking_cntlid(const struct rig *rig, unsigned int index)
{
	return rig->options.first_cntlid + index;
}

static struct completion track_send(struct rig *rig, unsigned int index, unsigned int action,
				    const struct buffer *buffer)
{
	return ADMIN(rig->driver[0], .opcode = NVMOVE_HMLM_TRACK_SEND,
		     .cdw10 = action << NVMOVE_HMLM_MOS_SHIFT | NVMOVE_HMLM_TRACK_MEMORY,
		     .cdw11 = tracking_cntlid(rig, index),
		     .prp1 = buffer ? buffer->prp1 : 0, .prp2 = buffer ? buffer->prp2 : 0);
}

struct completion tracking_start(struct rig *rig, unsigned int index, unsigned int granularity,
				 const struct memory_range *range, unsigned int nr)
{
	size_t len = START_HEADER + nr * START_RANGE;
	struct buffer *buffer = buffer_new(rig->driver[0], len);
	uint8_t *data = calloc(1, len);
	struct completion completion;

	assert_non_null(data);
	data[3] = granularity;
	put32(data, 4, nr);
	for (unsigned int i = 0; i < nr; i++) {
		put64(data, START_HEADER + i * START_RANGE, range[i].address);
		put32(data, START_HEADER + i * START_RANGE + 8, range[i].length);
	}
	buffer_write(buffer, 0, data, len);
	free(data);
	completion = track_send(rig, index, NVMOVE_HMLM_START, buffer);
	return completion;
}

struct completion tracking_stop(struct rig *rig, unsigned int index)
{
	return track_send(rig, index, NVMOVE_HMLM_STOP, NULL);
}

void tracking_start_all(struct rig *rig, unsigned int index)
{
	static const struct memory_range memory[] = {
		{ 0, 1u << 18 },
		{ 0x7ff000000000, 1u << 18 },
	};

	assert_success(tracking_start(rig, index, 0, memory, ARRAY_SIZE(memory)));
}

struct completion tracking_receive(struct rig *rig, unsigned int index, unsigned int dwords, void *data)
{
	struct buffer *buffer = buffer_new(rig->driver[0], dwords * 4);
	struct completion completion;

	buffer_fill(buffer, 0xee);
	completion = ADMIN(rig->driver[0], .opcode = NVMOVE_HMLM_TRACK_RECEIVE,
			   .cdw10 = NVMOVE_HMLM_MEMORY_CHANGES, .cdw11 = tracking_cntlid(rig, index),
			   .cdw12 = dwords - 1, .prp1 = buffer->prp1, .prp2 = buffer->prp2);
	buffer_read(buffer, 0, data, dwords * 4);
	return completion;
}

struct report tracking_report(struct rig *rig, unsigned int index)
{
	uint8_t data[REPORT_HEADER + MAX_TRACKED * REPORT_CHANGE];
	struct report report;

	assert_success(tracking_receive(rig, index, sizeof(data) / 4, data));
	assert_int_equal(data[0], 0);
	assert_int_equal(data[1] & ~3, 0);
	assert_true(is_zero(data + 10, 6));
	report = (struct report) {
		.more = data[1] & 1,
		.suspended = data[1] & 2,
		.cntlid = get16(data, 2),
		.nr = get32(data, 4),
		.granularity = get16(data, 8),
	};
	assert_in_range(report.nr, 0, MAX_TRACKED);
	for (uint32_t i = 0; i < report.nr; i++) {
		const uint8_t *change = data + REPORT_HEADER + i * REPORT_CHANGE;

		report.change[i].address = get64(change, 0);
		report.change[i].length = get32(change, 8);
		assert_true(is_zero(change + 12, 4));
	}
	assert_true(is_zero(data + REPORT_HEADER + report.nr * REPORT_CHANGE,
			    sizeof(data) - REPORT_HEADER - report.nr * REPORT_CHANGE));
	return report;
}

bool report_has(const struct report *report, uint64_t addr)
{
	unsigned int shift = 12 + report->granularity;

	for (uint32_t i = 0; i < report->nr; i++) {
		uint64_t granule = addr >> shift, first = report->change[i].address >> shift;

		if (granule >= first && granule - first < report->change[i].length)
			return true;
	}
	return false;
}

static size_t count_pages(const uint64_t *addr, size_t nr)
{
	size_t pages = 0;

	for (size_t i = 0; i < nr; i++) {
		size_t j = 0;

		while (addr[j] / PAGE != addr[i] / PAGE)
			j++;
		pages += j == i;
	}
	return pages;
}

void assert_report_at(struct report report, const uint64_t *addr, size_t nr, const char *file, int line)
{
	uint64_t reported = 0;

	for (uint32_t i = 0; i < report.nr; i++)
		reported += report.change[i].length;
	for (size_t i = 0; i < nr; i++) {
		if (!report_has(&report, addr[i])) {
			print_error("%#llx is not reported\n", (unsigned long long)addr[i]);
			_fail(file, line);
		}
	}
	_assert_int_equal(reported, count_pages(addr, nr), file, line);
}
