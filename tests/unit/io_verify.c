// SPDX-License-Identifier: BSD-2-Clause
/*
 * Verify (NVM Command Set 3.2.5): reads the medium and moves no data.
 */
#include "harness.h"

static struct rig *rig_with_queue(struct queue_pair *queue)
{
	struct rig *rig = rig_new_enabled(NULL);

	driver_create_queue(rig->driver[0], queue, 1, 16, 1);
	return rig;
}

TEST_CASE(a_readable_range_verifies)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(&queue);

	assert_success(queue_rw(&queue, NVM_IO_VERIFY, 1, 7, 3, NULL));
	assert_int_not_equal(rig->medium[1]->submitted[NVMOVE_MEDIA_READ], 0);
	rig_free(rig);
}

TEST_CASE(no_host_memory_is_touched)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(&queue);
	struct command command = rw_command(NVM_IO_VERIFY, 1, 0, 1, NULL);

	command.prp1 = 0xdead000;
	assert_success(queue_command(&queue, &command));
	assert_int_equal(guest_take_faults(rig->driver[0]->memory), 0);
	rig_free(rig);
}

TEST_CASE(a_media_error_is_an_unrecovered_read)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(&queue);

	rig->medium[1]->fail[NVMOVE_MEDIA_READ] = EIO;
	assert_status(queue_rw(&queue, NVM_IO_VERIFY, 1, 7, 3, NULL), NVM_SC_UNRECOVERED_READ);
	rig->medium[1]->fail[NVMOVE_MEDIA_READ] = 0;
	assert_success(queue_rw(&queue, NVM_IO_VERIFY, 1, 7, 3, NULL));
	rig_free(rig);
}

TEST_CASE(ranges_beyond_the_namespace_are_refused)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(&queue);

	assert_status(queue_rw(&queue, NVM_IO_VERIFY, 1, NS1_BLOCKS, 1, NULL), NVM_SC_LBA_RANGE);
	assert_status(queue_rw(&queue, NVM_IO_VERIFY, 1, NS1_BLOCKS - 1, 2, NULL),
		      NVM_SC_LBA_RANGE);
	assert_status(queue_rw(&queue, NVM_IO_VERIFY, 1, UINT64_MAX, 2, NULL), NVM_SC_LBA_RANGE);
	assert_int_equal(scripted_submitted(rig->medium[1]), 0);
	rig_free(rig);
}

TEST_CASE(the_size_limit_is_the_one_reported)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(&queue);
	uint8_t data[NVM_IDENTIFY_SIZE];

	/* VSL 0: no limit, so a Verify may cover more than MDTS. */
	assert_success(driver_identify(rig->driver[0], NVM_CNS_CSI_CTRL, 0, 0, data));
	assert_int_equal(data[0], 0);
	assert_success(queue_rw(&queue, NVM_IO_VERIFY, 1, 0, NS1_BLOCKS, NULL));
	rig_free(rig);
}

TEST_CASE(the_longest_range_is_read_to_its_end)
{
	static const int error[] = { 0, EIO };

	for (size_t i = 0; i < ARRAY_SIZE(error); i++) {
		struct rig *rig = rig_new_enabled(&(struct rig_options){
			.namespace_bytes = { [1] = 32 << 20 },
		});
		struct command verify = rw_command(NVM_IO_VERIFY, 1, 0, 65536, NULL);
		struct scripted_medium *medium = rig->medium[1];
		struct queue_pair queue;
		uint64_t next = 0;

		driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
		medium->hold = true;
		sq_submit(&queue.sq, &verify);
		while (rig_run(rig), medium->held) {
			cq_assert_empty(&queue.cq);
			assert_int_equal(medium->held->offset, next);
			next += medium->held->length;
			scripted_complete(medium, 0, next == medium->base.size ? error[i] : 0);
		}
		assert_int_equal(next, medium->base.size);
		assert_status(cq_take(&queue.cq),
			      error[i] ? NVM_SC_UNRECOVERED_READ : NVM_SC_SUCCESS);
		cq_assert_empty(&queue.cq);
		rig_free(rig);
	}
}

TEST_CASE(an_early_error_ends_a_long_range)
{
	struct rig *rig = rig_new_enabled(&(struct rig_options){
		.namespace_bytes = { [1] = 32 << 20 },
	});
	struct queue_pair queue;

	driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
	rig->medium[1]->fail[NVMOVE_MEDIA_READ] = EIO;
	assert_status(queue_rw(&queue, NVM_IO_VERIFY, 1, 0, 65536, NULL), NVM_SC_UNRECOVERED_READ);
	assert_int_equal(scripted_submitted(rig->medium[1]), 1);
	cq_assert_empty(&queue.cq);
	rig_free(rig);
}

RUN_TESTS("io_verify",
	  cmocka_unit_test(a_readable_range_verifies),
	  cmocka_unit_test(no_host_memory_is_touched),
	  cmocka_unit_test(a_media_error_is_an_unrecovered_read),
	  cmocka_unit_test(ranges_beyond_the_namespace_are_refused),
	  cmocka_unit_test(the_size_limit_is_the_one_reported),
	  cmocka_unit_test(the_longest_range_is_read_to_its_end),
	  cmocka_unit_test(an_early_error_ends_a_long_range));
