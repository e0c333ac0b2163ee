// SPDX-License-Identifier: BSD-2-Clause
/*
 * The driver's arithmetic of DMA logging (kernel/dirty-ranges.h): a device is asked to track at
 * least what user space wants logged and never more than the device can, every granule has one bit,
 * and a report that contradicts the request is found out.
 */
#include "byteorder.h"
#include "harness.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#include "../../kernel/dirty-ranges.h"

#define CNTLID		0x1234
#define KIB		1024ull
#define MIB		(1024 * KIB)
#define GIB		(1024 * MIB)
#define MAX_RANGES	256

static const struct dirty_limits many = { .nr_ranges = 512, .min_shift = 12, .max_shift = 30 };

static struct dirty_range at(u64 first, u64 length)
{
	return (struct dirty_range){ .first = first, .last = first + length - 1 };
}

static void assert_range(const struct dirty_range *range, u64 first, u64 last, u32 bit)
{
	assert_int_equal(range->first, first);
	assert_int_equal(range->last, last);
	assert_int_equal(range->bit, bit);
}

TEST_CASE(ranges_of_whole_granules_stay)
{
	struct dirty_range range[] = { at(0, 4 * KIB), at(64 * KIB, 8 * KIB), at(4 * GIB, 4 * GIB) };

	assert_int_equal(dirty_ranges_fit(range, 3, &many, 12), 3);
	assert_range(&range[0], 0, 0xfff, 0);
	assert_range(&range[1], 0x10000, 0x11fff, 1);
	assert_range(&range[2], 4 * GIB, 8 * GIB - 1, 3);
}

TEST_CASE(ranges_grow_to_whole_granules)
{
	struct dirty_range range[] = { at(0x1000, 0x1000), at(0x11000, 0xf000), at(0x20000, 0x1000),
				       at(0x40000, 0x1000) };

	/* the second and the third touch, and do so without growing, too */
	assert_int_equal(dirty_ranges_fit(range, 4, &many, 16), 2);
	assert_range(&range[0], 0, 0x2ffff, 0);
	assert_range(&range[1], 0x40000, 0x4ffff, 3);
}

TEST_CASE(ranges_of_one_granule_become_one)
{
	struct dirty_range range[] = { at(0, 0x1000), at(0x2000, 0x1000), at(0x8000, 0x8000) };

	assert_int_equal(dirty_ranges_fit(range, 3, &many, 16), 1);
	assert_range(&range[0], 0, 0xffff, 0);
}

TEST_CASE(nearest_ranges_are_joined)
{
	const struct dirty_limits two = { .nr_ranges = 2, .min_shift = 12, .max_shift = 30 };
	struct dirty_range range[] = { at(0, 0x1000), at(0x9000, 0x1000), at(0xc000, 0x1000),
				       at(0x14000, 0x1000) };

	assert_int_equal(dirty_ranges_fit(range, 4, &two, 12), 2);
	assert_range(&range[0], 0, 0xfff, 0);
	assert_range(&range[1], 0x9000, 0x14fff, 1);
}

TEST_CASE(more_granules_than_the_log_has_are_refused)
{
	struct dirty_range range[] = { at(0, 512 * GIB), at(GIB << 20, 512 * GIB + 4 * KIB) };

	assert_int_equal(dirty_ranges_fit(range, 2, &many, 12), 0);
	range[1].last -= 4 * KIB;
	assert_int_equal(dirty_ranges_fit(range, 2, &many, 12), 2);
	assert_int_equal(dirty_granules(&range[1], 12) + range[1].bit, DIRTY_MAX_GRANULES);
}

TEST_CASE(more_granules_than_a_descriptor_counts_take_coarser_ones)
{
	struct dirty_range range = at(0, 1ull << 45); /* 2^33 of 4 KiB */
	u8 shift = 12;

	while (!dirty_ranges_fit(&range, 1, &many, shift))
		shift++;
	assert_int_equal(shift, 17);
	assert_range(&range, 0, (1ull << 45) - 1, 0);
}

TEST_CASE(address_space_has_an_end)
{
	struct dirty_range range[] = { at(0, 4 * KIB),
				       { .first = UINT64_MAX - 0xfff, .last = UINT64_MAX } };
	struct dirty_range all = { .first = 0, .last = UINT64_MAX };

	assert_int_equal(dirty_ranges_fit(range, 2, &many, 30), 2);
	assert_range(&range[0], 0, GIB - 1, 0);
	assert_range(&range[1], UINT64_MAX - GIB + 1, UINT64_MAX, 1);
	assert_int_equal(dirty_ranges_fit(&all, 1, &many, 30), 0);
	assert_int_equal(dirty_ranges_fit(&all, 1, &many, 36), 1);
}

/* a request in the wire's form */
struct request {
	struct nvmove_hmlm_memory_request head;
	struct nvmove_hmlm_memory_range range[MAX_RANGES * 28];
};

TEST_CASE(request_says_what_is_tracked)
{
	struct dirty_range range[] = { at(0x10000, 0x30000), at(4 * GIB, 64 * KIB) };
	static const uint8_t wanted[] = {
		0, 0, 0, 4, 2, 0, 0, 0,
		0, 0, 1, 0, 0, 0, 0, 0, 3, 0, 0, 0,
		0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0,
	};
	static struct request request;

	memset(&request, 0, sizeof(request));
	assert_int_equal(dirty_ranges_fit(range, 2, &many, 16), 2);
	dirty_fill_request(&request.head, range, 2, 16, false);
	assert_memory_equal(&request, wanted, sizeof(wanted));
}

TEST_CASE(lengths_are_powers_of_two_where_demanded)
{
	const struct dirty_limits powers = {
		.nr_ranges = 3, .min_shift = 12, .max_shift = 30, .powers = true,
	};
	struct dirty_range range = at(0x1000, 0xb000); /* 11 granules: 1 + 2 + 8 */
	static const uint8_t wanted[] = {
		0, 0, 0, 0, 3, 0, 0, 0,
		0, 0x10, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
		0, 0x20, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0,
		0, 0x40, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0,
	};
	static struct request request;

	memset(&request, 0, sizeof(request));
	assert_int_equal(dirty_ranges_fit(&range, 1, &powers, 12), 1);
	dirty_fill_request(&request.head, &range, 1, 12, true);
	assert_memory_equal(&request, wanted, sizeof(wanted));
}

TEST_CASE(one_range_grows_to_a_power_of_two)
{
	const struct dirty_limits one = {
		.nr_ranges = 1, .min_shift = 12, .max_shift = 30, .powers = true,
	};
	struct dirty_range low = at(0x1000, 0xb000);
	struct dirty_range high = { .first = UINT64_MAX - 0xafff, .last = UINT64_MAX };

	assert_int_equal(dirty_ranges_fit(&low, 1, &one, 12), 1);
	assert_range(&low, 0x1000, 0x10fff, 0);
	assert_int_equal(dirty_ranges_fit(&high, 1, &one, 12), 1);
	assert_range(&high, UINT64_MAX - 0xffff, UINT64_MAX, 0);
}

static u64 random_state = 1;

static u64 random_below(u64 limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % limit;
}

static bool is_within(const struct dirty_range *range, u32 nr, const struct dirty_range *part)
{
	for (u32 i = 0; i < nr; i++)
		if (range[i].first <= part->first && range[i].last >= part->last)
			return true;
	return false;
}

/* Descriptors follow each other without a gap through each range. */
static void check_request(const struct request *request, const struct dirty_range *range, u32 nr,
			  const struct dirty_limits *limits, u8 shift)
{
	u32 sent = le32_to_cpu(request->head.nr_ranges), next = 0;

	assert_in_range(sent, 1, limits->nr_ranges);
	for (u32 i = 0; i < nr; i++) {
		u64 address = range[i].first, length;

		do {
			assert_true(next < sent);
			assert_int_equal(le64_to_cpu(request->range[next].address), address);
			length = le32_to_cpu(request->range[next].length);
			assert_true(length && !(limits->powers && length & (length - 1)));
			address += length << shift;
			next++;
		} while (address - 1 != range[i].last);
	}
	assert_int_equal(next, sent);
}

static void check_random_ranges(const struct dirty_limits *limits, u8 shift)
{
	struct dirty_range asked[MAX_RANGES], range[MAX_RANGES];
	u32 nr_asked = 1 + random_below(MAX_RANGES), nr;
	static struct request request;
	u64 next = 0, bits = 0;

	for (u32 i = 0; i < nr_asked; i++) {
		asked[i] = at(next + random_below(64) * 4 * KIB, (1 + random_below(512)) * 4 * KIB);
		next = asked[i].last + 1;
	}
	memcpy(range, asked, sizeof(range));
	nr = dirty_ranges_fit(range, nr_asked, limits, shift);
	assert_in_range(nr, 1, nr_asked);
	for (u32 i = 0; i < nr_asked; i++)
		assert_true(is_within(range, nr, &asked[i]));
	for (u32 i = 0; i < nr; i++) {
		assert_true(!i || range[i].first > range[i - 1].last + 1);
		assert_int_equal(range[i].first & ((1ull << shift) - 1), 0);
		assert_int_equal(range[i].bit, bits);
		bits += dirty_granules(&range[i], shift);
	}
	memset(&request, 0, sizeof(request));
	dirty_fill_request(&request.head, range, nr, shift, limits->powers);
	check_request(&request, range, nr, limits, shift);
}

TEST_CASE(random_ranges_are_covered_within_the_limits)
{
	for (unsigned int i = 0; i < 2000; i++) {
		const struct dirty_limits limits = {
			.nr_ranges = 1 + random_below(i % 2 ? 16 : 512),
			.powers = random_below(2),
		};

		check_random_ranges(&limits, 12 + random_below(10));
	}
}

/* a report in the wire's form */
struct report {
	struct nvmove_hmlm_memory_changes head;
	struct nvmove_hmlm_memory_change change[4];
};

static struct report good_report(void)
{
	return (struct report){ .head = {
		.cntlid = cpu_to_le16(CNTLID),
		.nr_changes = cpu_to_le32(4),
		.granularity = cpu_to_le16(2),
		.attributes = NVMOVE_HMLM_CHANGES_MORE,
	} };
}

static void assert_contradiction(const struct report *report, const char *field, u64 value,
				 u64 expected)
{
	struct dirty_contradiction found =
		dirty_check_changes(&report->head, sizeof(*report), CNTLID, 14);

	if (!field) {
		assert_null(found.field);
		return;
	}
	assert_non_null(found.field);
	assert_string_equal(found.field, field);
	assert_int_equal(found.value, value);
	assert_int_equal(found.expected, expected);
}

TEST_CASE(contradictions_in_a_report_are_found)
{
	struct report report = good_report();

	assert_contradiction(&report, NULL, 0, 0);
	report.head.version = 1;
	assert_contradiction(&report, "VER", 1, 0);
	report = good_report();
	report.head.cntlid = cpu_to_le16(1);
	assert_contradiction(&report, "CNTLID", 1, CNTLID);
	report = good_report();
	report.head.granularity = cpu_to_le16(1);
	assert_contradiction(&report, "RMRG", 1, 2);
	report.head.granularity = cpu_to_le16(0x102);
	assert_contradiction(&report, "RMRG", 0x102, 2);
	report = good_report();
	report.head.nr_changes = cpu_to_le32(5);
	assert_contradiction(&report, "NTMCD", 5, 4);
	report.head.nr_changes = 0;
	assert_contradiction(&report, "MTR without a change", 1, 0);
	report.head.attributes = 0;
	assert_contradiction(&report, NULL, 0, 0);
}

static u32 find(const struct dirty_range *range, u64 address, u32 length, u32 *bit)
{
	struct nvmove_hmlm_memory_change change = {
		.address = cpu_to_le64(address), .length = cpu_to_le32(length),
	};

	return dirty_find_change(range, 3, 14, &change, bit);
}

TEST_CASE(changes_have_their_bits)
{
	struct dirty_range range[] = { at(0, 64 * KIB), at(GIB, 64 * KIB),
				       { .first = UINT64_MAX - 0x7fff, .last = UINT64_MAX } };
	u32 bit;

	assert_int_equal(dirty_ranges_fit(range, 3, &many, 14), 3);
	assert_int_equal(find(range, 0, 4, &bit), 4);
	assert_int_equal(bit, 0);
	assert_int_equal(find(range, 48 * KIB, 1, &bit), 1);
	assert_int_equal(bit, 3);
	assert_int_equal(find(range, GIB + 16 * KIB, 3, &bit), 3);
	assert_int_equal(bit, 5);
	assert_int_equal(find(range, UINT64_MAX - 0x3fff, 1, &bit), 1);
	assert_int_equal(bit, 9);
	assert_int_equal(find(range, UINT64_MAX - 0x7fff, 2, &bit), 2);
	assert_int_equal(bit, 8);
}

TEST_CASE(changes_of_what_is_not_tracked_are_found)
{
	struct dirty_range range[] = { at(16 * KIB, 64 * KIB), at(GIB, 64 * KIB),
				       { .first = UINT64_MAX - 0x7fff, .last = UINT64_MAX } };
	u32 bit;

	assert_int_equal(dirty_ranges_fit(range, 3, &many, 14), 3);
	assert_int_equal(find(range, 16 * KIB, 0, &bit), 0);	/* nothing */
	assert_int_equal(find(range, 18 * KIB, 1, &bit), 0);	/* within a granule */
	assert_int_equal(find(range, 0, 1, &bit), 0);		/* before all */
	assert_int_equal(find(range, 0, 2, &bit), 0);
	assert_int_equal(find(range, 80 * KIB, 1, &bit), 0);	/* between two */
	assert_int_equal(find(range, 64 * KIB, 2, &bit), 0);	/* across an end */
	assert_int_equal(find(range, GIB, 5, &bit), 0);
	assert_int_equal(find(range, 16 * KIB, UINT32_MAX, &bit), 0);
	assert_int_equal(find(range, UINT64_MAX - 0x7fff, 3, &bit), 0); /* beyond the last address */
	assert_int_equal(find(range, UINT64_MAX - 0x3fff, UINT32_MAX, &bit), 0);
}

static void assert_part(struct dirty_part part, u64 first, u64 last, u32 bit, u32 end)
{
	assert_int_equal(part.first, first);
	assert_int_equal(part.last, last);
	assert_int_equal(part.bit, bit);
	assert_int_equal(part.end, end);
}

TEST_CASE(window_shows_granules_in_part)
{
	struct dirty_range range[] = { at(0, 64 * KIB), at(GIB, 256 * KIB) };
	struct dirty_range all = at(GIB, 256 * KIB), middle = at(GIB + 0x5000, 0xa000);

	assert_int_equal(dirty_ranges_fit(range, 2, &many, 14), 2);
	/* bits 4 to 19 are the second range's */
	assert_part(dirty_part_of(&range[1], 14, 4, 20, &all), GIB, GIB + 0x3ffff, 4, 20);
	assert_part(dirty_part_of(&range[1], 14, 6, 7, &all), GIB + 0x8000, GIB + 0xbfff, 6, 7);
	/* 0x5000 to 0xefff: 4000 to 7fff and c000 to ffff in part, 8000 to bfff whole */
	assert_part(dirty_part_of(&range[1], 14, 5, 8, &middle), GIB + 0x5000, GIB + 0xefff, 6, 7);
	assert_part(dirty_part_of(&range[1], 14, 5, 6, &middle), GIB + 0x5000, GIB + 0x7fff, 6, 6);
	assert_part(dirty_part_of(&range[1], 14, 7, 8, &middle), GIB + 0xc000, GIB + 0xefff, 7, 7);
}

TEST_CASE(window_within_a_granule_keeps_it)
{
	struct dirty_range range = at(0, 64 * KIB), window = at(0x5000, 0x1000);
	struct dirty_part part;

	assert_int_equal(dirty_ranges_fit(&range, 1, &many, 14), 1);
	part = dirty_part_of(&range, 14, 1, 2, &window);
	assert_int_equal(part.first, 0x5000);
	assert_int_equal(part.last, 0x5fff);
	assert_true(part.bit >= part.end);
}

RUN_TESTS("dirty_ranges",
	  cmocka_unit_test(ranges_of_whole_granules_stay),
	  cmocka_unit_test(ranges_grow_to_whole_granules),
	  cmocka_unit_test(ranges_of_one_granule_become_one),
	  cmocka_unit_test(nearest_ranges_are_joined),
	  cmocka_unit_test(more_granules_than_the_log_has_are_refused),
	  cmocka_unit_test(more_granules_than_a_descriptor_counts_take_coarser_ones),
	  cmocka_unit_test(address_space_has_an_end),
	  cmocka_unit_test(request_says_what_is_tracked),
	  cmocka_unit_test(lengths_are_powers_of_two_where_demanded),
	  cmocka_unit_test(one_range_grows_to_a_power_of_two),
	  cmocka_unit_test(random_ranges_are_covered_within_the_limits),
	  cmocka_unit_test(contradictions_in_a_report_are_found),
	  cmocka_unit_test(changes_have_their_bits),
	  cmocka_unit_test(changes_of_what_is_not_tracked_are_found),
	  cmocka_unit_test(window_shows_granules_in_part),
	  cmocka_unit_test(window_within_a_granule_keeps_it));
