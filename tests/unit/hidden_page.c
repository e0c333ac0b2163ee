// SPDX-License-Identifier: BSD-2-Clause
/*
 * The lab's device leaves one page out of its reports of changed memory, as it is told to
 * (qemu/fault-command.c): from the report on in which it is chosen, wherever in a range it lies,
 * and every other page is reported. If it could hide more, or less, a test that plants a miss would
 * prove nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <nvmove/lm.h>

#include "../../ctrl/byteorder.h"
#include "../../qemu/fault-command.h"

#define ROOM	8	/* ranges that a report has room for */
#define PAGES	64	/* of the memory that is reported */

struct report {
	struct nvmove_hmlm_memory_changes head;
	struct nvmove_hmlm_memory_change change[ROOM];
};

static void fill(struct report *report, const uint32_t (*range)[2], unsigned int nr)
{
	memset(report, 0, sizeof(*report));
	report->head.nr_changes = cpu_to_le32(nr);
	for (unsigned int i = 0; i < nr; i++) {
		report->change[i].address = cpu_to_le64(range[i][0] * 4096ull);
		report->change[i].length = cpu_to_le32(range[i][1]);
	}
}

static uint64_t pages_of(const struct report *report)
{
	uint64_t pages = 0;

	assert_in_range(le32_to_cpu(report->head.nr_changes), 0, ROOM);
	for (unsigned int i = 0; i < le32_to_cpu(report->head.nr_changes); i++) {
		uint64_t first = le64_to_cpu(report->change[i].address) / 4096;
		uint32_t nr = le32_to_cpu(report->change[i].length);

		assert_true(nr && first + nr <= PAGES);
		for (uint64_t page = first; page < first + nr; page++)
			pages |= 1ull << page;
	}
	return pages;
}

static void one_page_and_no_other(void **unused)
{
	static const uint32_t ranges[][2] = { { 0, 1 }, { 4, 3 }, { 20, 9 }, { 40, 2 }, { 50, 1 } };
	uint64_t chosen = 0;

	(void)unused;
	for (uint32_t seed = 0; seed < 200; seed++) {
		struct fault_page page = { .seed = seed, .after = 1 };
		uint64_t before, hidden;
		struct report report;

		fill(&report, ranges, 5);
		before = pages_of(&report);
		assert_true(fault_command_hide(&page, &report, sizeof(report)));
		hidden = before & ~pages_of(&report);
		assert_int_equal(pages_of(&report) | hidden, before);
		assert_int_equal(hidden, 1ull << page.address / 4096);
		chosen |= hidden;

		fill(&report, ranges, 5);
		assert_true(fault_command_hide(&page, &report, sizeof(report)));
		assert_int_equal(before & ~pages_of(&report), hidden);
	}
	/* every page has its turn */
	assert_int_equal(chosen, 1ull | 7ull << 4 | 511ull << 20 | 3ull << 40 | 1ull << 50);
}

static void not_before_its_time(void **unused)
{
	static const uint32_t ranges[][2] = { { 8, 4 } };
	struct fault_page page = { .seed = 1, .after = 9 };
	struct report report;

	(void)unused;
	for (unsigned int i = 0; i < 2; i++) {
		fill(&report, ranges, 1);
		assert_false(fault_command_hide(&page, &report, sizeof(report)));
		assert_int_equal(pages_of(&report), 15ull << 8);
	}
	fill(&report, ranges, 1);
	assert_true(fault_command_hide(&page, &report, sizeof(report)));
	/* a report without that page is left alone */
	fill(&report, ranges, 0);
	assert_false(fault_command_hide(&page, &report, sizeof(report)));
	assert_int_equal(pages_of(&report), 0);
}

/*
 * Without room for a further range the shorter rest of the range goes, too, and nothing is overrun.
 */
static void a_full_report(void **unused)
{
	static const uint32_t ranges[ROOM][2] = {
		{ 0, 1 }, { 2, 1 }, { 4, 1 }, { 6, 1 }, { 8, 1 }, { 10, 1 }, { 12, 1 }, { 20, 30 },
	};

	(void)unused;
	for (uint32_t seed = 0; seed < 200; seed++) {
		struct fault_page page = { .seed = seed, .after = 1 };
		struct {
			struct report report;
			uint8_t canary[16];
		} full;
		uint64_t before, lost;

		memset(full.canary, 0xa5, sizeof(full.canary));
		fill(&full.report, ranges, ROOM);
		before = pages_of(&full.report);
		assert_true(fault_command_hide(&page, &full.report, sizeof(full.report)));
		lost = before & ~pages_of(&full.report);
		assert_int_equal(pages_of(&full.report) | lost, before);
		assert_true(lost >> page.address / 4096 & 1);
		assert_in_range(__builtin_popcountll(lost), 1, 16);
		for (unsigned int i = 0; i < sizeof(full.canary); i++)
			assert_int_equal(full.canary[i], 0xa5);
	}
}

static void a_report_without_a_head(void **unused)
{
	struct fault_page page = { .seed = 1, .after = 0 };
	struct report report = { 0 };

	(void)unused;
	assert_false(fault_command_hide(&page, &report, sizeof(report.head) - 1));
	assert_false(fault_command_hide(&page, &report, sizeof(report.head)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_page_and_no_other),
		cmocka_unit_test(not_before_its_time),
		cmocka_unit_test(a_full_report),
		cmocka_unit_test(a_report_without_a_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
