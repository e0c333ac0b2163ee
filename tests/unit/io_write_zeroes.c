// SPDX-License-Identifier: BSD-2-Clause
/*
 * Write Zeroes (NVM Command Set 3.2.8): no data moves, the range reads as zeroes.
 */
#include "harness.h"

static struct rig *rig_filled(struct queue_pair *queue)
{
	struct rig *rig = rig_new_enabled(NULL);

	driver_create_queue(rig->driver[0], queue, 1, 16, 1);
	memset(rig->medium[1]->data, 0xee, rig->medium[1]->base.size);
	return rig;
}

TEST_CASE(the_range_and_only_the_range_reads_as_zeroes)
{
	struct queue_pair queue;
	struct rig *rig = rig_filled(&queue);
	uint8_t *data = rig->medium[1]->data;

	assert_success(queue_rw(&queue, NVM_IO_WRITE_ZEROES, 1, 10, 5, NULL));
	assert_int_equal(data[10 * 512 - 1], 0xee);
	assert_true(is_zero(data + 10 * 512, 5 * 512));
	assert_int_equal(data[15 * 512], 0xee);
	rig_free(rig);
}

TEST_CASE(no_host_memory_is_touched)
{
	struct queue_pair queue;
	struct rig *rig = rig_filled(&queue);
	struct command command = rw_command(NVM_IO_WRITE_ZEROES, 1, 0, 1, NULL);

	command.prp1 = 0xdead000;
	command.prp2 = 0xbeef000;
	assert_success(queue_command(&queue, &command));
	assert_int_equal(guest_take_faults(rig->driver[0]->memory), 0);
	rig_free(rig);
}

TEST_CASE(mdts_is_no_limit)
{
	struct queue_pair queue;
	struct rig *rig = rig_filled(&queue);

	assert_success(queue_rw(&queue, NVM_IO_WRITE_ZEROES, 1, 0, NS1_BLOCKS, NULL));
	assert_true(is_zero(rig->medium[1]->data, rig->medium[1]->base.size));
	rig_free(rig);
}

TEST_CASE(deallocation_is_passed_on_only_where_asked_for)
{
	struct queue_pair queue;
	struct rig *rig = rig_filled(&queue);
	struct command command = rw_command(NVM_IO_WRITE_ZEROES, 1, 0, 8, NULL);

	assert_success(queue_command(&queue, &command));
	assert_int_equal(rig->medium[1]->last_flags[NVMOVE_MEDIA_WRITE_ZEROES] &
			 NVMOVE_MEDIA_F_UNMAP, 0);
	command.cdw12 |= 1u << 25;
	assert_success(queue_command(&queue, &command));
	assert_int_equal(rig->medium[1]->last_flags[NVMOVE_MEDIA_WRITE_ZEROES] &
			 NVMOVE_MEDIA_F_UNMAP, NVMOVE_MEDIA_F_UNMAP);
	assert_true(is_zero(rig->medium[1]->data, 8 * 512));
	rig_free(rig);
}

TEST_CASE(ranges_beyond_the_namespace_are_refused)
{
	struct queue_pair queue;
	struct rig *rig = rig_filled(&queue);

	assert_status(queue_rw(&queue, NVM_IO_WRITE_ZEROES, 1, NS1_BLOCKS, 1, NULL),
		      NVM_SC_LBA_RANGE);
	assert_status(queue_rw(&queue, NVM_IO_WRITE_ZEROES, 1, NS1_BLOCKS - 1, 2, NULL),
		      NVM_SC_LBA_RANGE);
	assert_status(queue_rw(&queue, NVM_IO_WRITE_ZEROES, 1, 0, 65536, NULL), NVM_SC_LBA_RANGE);
	assert_status(queue_rw(&queue, NVM_IO_WRITE_ZEROES, 1, UINT64_MAX, 2, NULL),
		      NVM_SC_LBA_RANGE);
	assert_int_equal(scripted_submitted(rig->medium[1]), 0);
	rig_free(rig);
}

TEST_CASE(a_media_error_is_a_write_fault)
{
	struct queue_pair queue;
	struct rig *rig = rig_filled(&queue);

	rig->medium[1]->fail[NVMOVE_MEDIA_WRITE_ZEROES] = EIO;
	assert_status(queue_rw(&queue, NVM_IO_WRITE_ZEROES, 1, 0, 1, NULL), NVM_SC_WRITE_FAULT);
	rig_free(rig);
}

RUN_TESTS("io_write_zeroes",
	  cmocka_unit_test(the_range_and_only_the_range_reads_as_zeroes),
	  cmocka_unit_test(no_host_memory_is_touched),
	  cmocka_unit_test(mdts_is_no_limit),
	  cmocka_unit_test(deallocation_is_passed_on_only_where_asked_for),
	  cmocka_unit_test(ranges_beyond_the_namespace_are_refused),
	  cmocka_unit_test(a_media_error_is_a_write_fault));
