// SPDX-License-Identifier: BSD-2-Clause
/*
 * Track Memory Changes (Base 2.3, 5.2.28): what is offered, what can be begun and ended, and the
 * status of everything else.
 */
#include "tracking_host.h"

#define MAX_RANGES	512u
#define MAX_GRANULARITY	18u
#define MOST_GRANULES	(1u << 28)

static const struct memory_range a_page = { 0x100000, 1 };

static struct rig *new_rig(void)
{
	return rig_new_secondaries(NULL, 1);
}

/* Begin and end again, or not begin. */
static void assert_start(struct rig *rig, unsigned int granularity, struct memory_range range,
			 unsigned int status)
{
	assert_status(tracking_start(rig, 1, granularity, &range, 1), status);
	assert_success(tracking_stop(rig, 1));
}

TEST_CASE(identify_tells_the_limits)
{
	struct rig *rig = new_rig();
	uint8_t id[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(rig->driver[0], NVM_CNS_CTRL, 0, 0, id));
	assert_int_equal(get16(id, 570), MAX_RANGES);
	assert_int_equal(get16(id, 572), 127 * MAX_RANGES);
	assert_int_equal(id[574], 0);
	assert_int_equal(id[575], MAX_GRANULARITY);
	assert_true(id[576] & NVMOVE_HMLM_TRATTR_THMC);
	assert_false(id[576] & NVMOVE_HMLM_TRATTR_MRTLL);
	assert_success(driver_identify(rig->driver[1], NVM_CNS_CTRL, 0, 0, id));
	assert_true(is_zero(id + 570, 7));
	rig_free(rig);
}

TEST_CASE(a_secondary_has_no_such_commands)
{
	struct rig *rig = new_rig();

	assert_status(ADMIN(rig->driver[1], .opcode = NVMOVE_HMLM_TRACK_SEND,
			    .cdw10 = NVMOVE_HMLM_TRACK_MEMORY, .cdw11 = tracking_cntlid(rig, 2)),
		      NVM_SC_INVALID_OPCODE);
	assert_status(ADMIN(rig->driver[1], .opcode = NVMOVE_HMLM_TRACK_RECEIVE,
			    .cdw10 = NVMOVE_HMLM_MEMORY_CHANGES, .cdw11 = tracking_cntlid(rig, 2)),
		      NVM_SC_INVALID_OPCODE);
	rig_free(rig);
}

TEST_CASE(only_a_migratable_controller_is_tracked)
{
	struct rig *rig = new_rig();

	assert_status(tracking_start(rig, 0, 0, &a_page, 1), NVM_SC_INVALID_CNTLID);
	assert_status(tracking_start(rig, 4, 0, &a_page, 1), NVM_SC_INVALID_CNTLID);
	assert_status(tracking_stop(rig, 0), NVM_SC_INVALID_CNTLID);
	assert_status(tracking_stop(rig, 4), NVM_SC_INVALID_CNTLID);
	rig_free(rig);
}

TEST_CASE(tracking_begins_once)
{
	struct rig *rig = new_rig();

	assert_success(tracking_start(rig, 1, 0, &a_page, 1));
	assert_status(tracking_start(rig, 1, 0, &a_page, 1), NVM_SC_INVALID_CNTLID);
	assert_success(tracking_start(rig, 2, 0, &a_page, 1));
	assert_success(tracking_stop(rig, 1));
	assert_success(tracking_stop(rig, 1));
	assert_success(tracking_start(rig, 1, 0, &a_page, 1));
	rig_free(rig);
}

TEST_CASE(a_stop_forgets_what_was_written)
{
	struct rig *rig = new_rig();
	uint8_t data[NVM_IDENTIFY_SIZE];

	tracking_start_all(rig, 1);
	assert_success(driver_identify(rig->driver[1], NVM_CNS_CTRL, 0, 0, data));
	assert_success(tracking_stop(rig, 1));
	assert_success(driver_identify(rig->driver[1], NVM_CNS_CTRL, 0, 0, data));
	tracking_start_all(rig, 1);
	assert_int_equal(tracking_report(rig, 1).nr, 0);
	rig_free(rig);
}

TEST_CASE(nothing_begins_while_suspended)
{
	struct rig *rig = new_rig();

	rig_suspend(rig, 1);
	assert_status(tracking_start(rig, 1, 0, &a_page, 1), NVMOVE_HMLM_SC_SUSPENDED);
	assert_int_equal(nvmove_ctrl_resume(rig->function[1].ctrl), 0);
	assert_success(tracking_start(rig, 1, 0, &a_page, 1));
	rig_suspend(rig, 1);
	assert_success(tracking_stop(rig, 1));
	rig_free(rig);
}

TEST_CASE(a_controller_that_is_not_online_is_tracked_too)
{
	struct rig *rig = new_rig();
	uint8_t data[NVM_IDENTIFY_SIZE];

	tracking_start_all(rig, 2);
	assert_int_equal(tracking_report(rig, 2).nr, 0);
	rig_online(rig, 2, 2, 1);
	driver_enable(rig->driver[2]);
	assert_success(driver_identify(rig->driver[2], NVM_CNS_CTRL, 0, 0, data));
	assert_report(tracking_report(rig, 2), rig->driver[2]->admin.cq.addr,
		      rig->driver[2]->scratch);
	rig_free(rig);
}

TEST_CASE(number_of_ranges)
{
	static struct memory_range range[MAX_RANGES + 1];
	struct rig *rig = new_rig();

	for (unsigned int i = 0; i <= MAX_RANGES; i++)
		range[i] = (struct memory_range) { (MAX_RANGES - i) * 2 * PAGE, 1 };
	assert_success(tracking_start(rig, 1, 0, range, MAX_RANGES));
	assert_success(tracking_stop(rig, 1));
	assert_status(tracking_start(rig, 1, 0, range, MAX_RANGES + 1), NVM_SC_INVALID_FIELD);
	assert_status(tracking_start(rig, 1, 0, range, 0), NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

TEST_CASE(ranges_that_make_no_sense)
{
	struct rig *rig = new_rig();

	assert_start(rig, 0, (struct memory_range) { 0x100000, 0 }, NVM_SC_INVALID_FIELD);
	assert_start(rig, 0, (struct memory_range) { 0x100800, 1 }, NVM_SC_INVALID_FIELD);
	assert_start(rig, 1, (struct memory_range) { 0x101000, 1 }, NVM_SC_INVALID_FIELD);
	assert_start(rig, 0, (struct memory_range) { 0ull - PAGE, 1 }, NVM_SC_SUCCESS);
	assert_start(rig, 0, (struct memory_range) { 0ull - PAGE, 2 }, NVM_SC_INVALID_FIELD);
	assert_start(rig, 0, (struct memory_range) { 0ull - PAGE, 0xffffffff }, NVM_SC_INVALID_FIELD);
	assert_start(rig, MAX_GRANULARITY, (struct memory_range) { 0ull - (1u << 30), 1 },
		     NVM_SC_SUCCESS);
	assert_start(rig, MAX_GRANULARITY, (struct memory_range) { 0ull - (1u << 30), 2 },
		     NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

TEST_CASE(granularities)
{
	struct rig *rig = new_rig();

	for (unsigned int n = 0; n < 256; n++)
		assert_start(rig, n, (struct memory_range) { 0, 1 },
			     n <= MAX_GRANULARITY ? NVM_SC_SUCCESS : NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

TEST_CASE(an_unknown_version)
{
	struct rig *rig = new_rig();
	struct driver *primary = rig->driver[0];
	uint8_t data[20] = { 1, [4] = 1, [16] = 1 };

	for (unsigned int version = 1; version < 256; version++) {
		data[0] = version;
		assert_status(driver_write_page(primary, (struct command){
					.opcode = NVMOVE_HMLM_TRACK_SEND,
					.cdw10 = NVMOVE_HMLM_START << 16 | NVMOVE_HMLM_TRACK_MEMORY,
					.cdw11 = tracking_cntlid(rig, 1),
				}, data, sizeof(data)), NVM_SC_INVALID_FIELD);
	}
	rig_free(rig);
}

static void assert_not_enough(struct rig *rig, unsigned int granularity,
			      const struct memory_range *range, unsigned int nr,
			      unsigned int could_granularity, unsigned int could_nr)
{
	struct completion completion = tracking_start(rig, 1, granularity, range, nr);

	assert_status(completion, NVMOVE_HMLM_SC_NOT_ENOUGH_RESOURCES);
	assert_int_equal(completion.dw0, could_granularity);
	assert_int_equal(completion.dw1, could_nr);
}

TEST_CASE(a_terabyte_and_no_more)
{
	struct rig *rig = new_rig();
	struct memory_range range[] = {
		{ 0, MOST_GRANULES - 1 },
		{ 1ull << 50, 1 },
		{ 1ull << 51, 1 },
	};

	assert_success(tracking_start(rig, 1, 0, range, 2));
	assert_success(tracking_stop(rig, 1));
	/* 2^27 granules of 8 KiB, and 2. */
	assert_not_enough(rig, 0, range, 3, 1, 3);
	/* 8 times as much takes granules 8 times as large. */
	range[0].length = MOST_GRANULES * 8u - 64;
	assert_not_enough(rig, 0, range, 3, 3, 3);
	range[0].length = MOST_GRANULES * 8u;
	assert_not_enough(rig, 0, range, 3, 4, 3);
	rig_free(rig);
}

TEST_CASE(more_than_the_coarsest_granularity_can_do)
{
	struct rig *rig = new_rig();
	struct memory_range range[] = {
		{ 0, MOST_GRANULES - 2 },
		{ 1ull << 60, 2 },
		{ 1ull << 61, 1 },
		{ 1ull << 62, 0xffffffff },
	};

	assert_not_enough(rig, MAX_GRANULARITY, range, 4, MAX_GRANULARITY, 2);
	assert_not_enough(rig, MAX_GRANULARITY - 1, range, 4, MAX_GRANULARITY, 3);
	assert_not_enough(rig, MAX_GRANULARITY, range + 3, 1, MAX_GRANULARITY, 0);
	assert_success(tracking_start(rig, 1, MAX_GRANULARITY, range, 2));
	rig_free(rig);
}

/* The length of the data is in the data. */
TEST_CASE(data_that_cannot_be_read)
{
	struct rig *rig = new_rig();
	struct driver *primary = rig->driver[0];
	struct buffer *buffer = buffer_new_at(primary, 2 * PAGE, PAGE - 12, 0);
	uint8_t data[8] = { [4] = 2 };
	struct command start = {
		.opcode = NVMOVE_HMLM_TRACK_SEND,
		.cdw10 = NVMOVE_HMLM_START << 16 | NVMOVE_HMLM_TRACK_MEMORY,
		.cdw11 = tracking_cntlid(rig, 1),
		.prp1 = buffer->page[0] + PAGE - 4,
		.prp2 = buffer->page[1],
	};

	assert_status(driver_admin(primary, &start), NVM_SC_INVALID_PRP_OFFSET);
	start.prp1 = buffer->page[0] + PAGE - 8;
	guest_write(primary->memory, start.prp1, data, sizeof(data));
	guest_unmap(primary->memory, buffer->page[1], PAGE);
	assert_status(driver_admin(primary, &start), NVM_SC_DATA_TRANSFER_ERROR);
	assert_int_equal(guest_take_faults(primary->memory), 1);
	guest_unmap(primary->memory, buffer->page[0], PAGE);
	assert_status(driver_admin(primary, &start), NVM_SC_DATA_TRANSFER_ERROR);
	assert_int_equal(guest_take_faults(primary->memory), 1);
	assert_status(tracking_receive(rig, 1, 1, data), NVM_SC_INVALID_CNTLID);
	rig_free(rig);
}

RUN_TESTS("track_memory_start",
	  cmocka_unit_test(identify_tells_the_limits),
	  cmocka_unit_test(a_secondary_has_no_such_commands),
	  cmocka_unit_test(only_a_migratable_controller_is_tracked),
	  cmocka_unit_test(tracking_begins_once),
	  cmocka_unit_test(a_stop_forgets_what_was_written),
	  cmocka_unit_test(nothing_begins_while_suspended),
	  cmocka_unit_test(a_controller_that_is_not_online_is_tracked_too),
	  cmocka_unit_test(number_of_ranges),
	  cmocka_unit_test(ranges_that_make_no_sense),
	  cmocka_unit_test(granularities),
	  cmocka_unit_test(an_unknown_version),
	  cmocka_unit_test(a_terabyte_and_no_more),
	  cmocka_unit_test(more_than_the_coarsest_granularity_can_do),
	  cmocka_unit_test(data_that_cannot_be_read));
