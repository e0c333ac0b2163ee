// SPDX-License-Identifier: BSD-2-Clause
/*
 * CC.EN 1 to 0 with commands under way (Base 3.7.2): CSTS.RDY stays until they are gone, nothing is
 * posted, and no memory is touched once RDY is clear.
 */
#include "harness.h"

static void clear_enable(struct driver *driver)
{
	driver_write32(driver, NVM_REG_CC, CC_DEFAULT);
	rig_run(driver->function->rig);
}

static unsigned int ready(struct driver *driver)
{
	return driver_read32(driver, NVM_REG_CSTS) & NVM_CSTS_RDY;
}

TEST_CASE(ready_clears_when_the_last_command_is_gone)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 512);
	struct command read = rw_command(NVM_IO_READ, 1, 0, 1, buffer);
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 1);
	rig->medium[1]->hold = true;
	for (unsigned int i = 0; i < 3; i++)
		sq_submit(&queue.sq, &read);
	rig_run(rig);
	clear_enable(driver);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(ready(driver), NVM_CSTS_RDY);
		scripted_complete(rig->medium[1], 0, 0);
		rig_run(rig);
	}
	assert_int_equal(ready(driver), 0);
	assert_null(rig->function[0].mapped);
	cq_assert_empty(&queue.cq);
	rig_free(rig);
}

TEST_CASE(nothing_is_fetched_or_signalled_any_more)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;
	unsigned int interrupts;

	driver_create_queue(driver, &queue, 1, 16, 1);
	for (unsigned int i = 0; i < 15; i++)
		sq_push(&queue.sq, &(struct command){ .opcode = NVM_IO_FLUSH, .nsid = 1 });
	sq_ring(&queue.sq);
	interrupts = rig->function[0].total_interrupts;
	clear_enable(driver);
	assert_int_equal(ready(driver), 0);
	cq_assert_empty(&queue.cq);
	assert_int_equal(rig->function[0].total_interrupts, interrupts);
	rig_free(rig);
}

TEST_CASE(the_controller_can_be_enabled_again_at_once)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 512);
	struct command read = rw_command(NVM_IO_READ, 1, 0, 1, buffer);
	struct queue_pair queue;

	for (unsigned int round = 0; round < 10; round++) {
		driver_create_queue(driver, &queue, 1, 16, 1);
		rig->medium[1]->hold = true;
		for (unsigned int i = 0; i < 10; i++)
			sq_submit(&queue.sq, &read);
		rig_run(rig);
		clear_enable(driver);
		scripted_release(rig->medium[1]);
		rig_run(rig);
		assert_int_equal(ready(driver), 0);
		driver_enable(driver);
		cq_assert_empty(&driver->admin.cq);
	}
	rig_free(rig);
}

TEST_CASE(failing_commands_end_silently_too)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 512);
	struct command read = rw_command(NVM_IO_READ, 1, 0, 1, buffer);
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 1);
	rig->medium[1]->hold = true;
	sq_submit(&queue.sq, &read);
	rig_run(rig);
	clear_enable(driver);
	scripted_complete(rig->medium[1], 0, EIO);
	rig_run(rig);
	assert_int_equal(ready(driver), 0);
	cq_assert_empty(&queue.cq);
	rig_free(rig);
}

TEST_CASE(commands_of_several_steps_stop_at_the_next)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 256 * 16);
	struct queue_pair queue;
	unsigned int steps = 0;

	for (unsigned int i = 0; i < 256; i++) {
		uint8_t entry[16] = { 0 };

		put32(entry, 4, 1);
		put64(entry, 8, i * 2);
		buffer_write(buffer, i * 16, entry, sizeof(entry));
	}
	driver_create_queue(driver, &queue, 1, 16, 1);
	rig->medium[1]->hold = true;
	sq_submit(&queue.sq, &(struct command){ .opcode = NVM_IO_DSM, .nsid = 1, .cdw10 = 255,
						.cdw11 = 1 << 2, .prp1 = buffer->prp1 });
	rig_run(rig);
	assert_non_null(rig->medium[1]->held);
	clear_enable(driver);
	while (rig->medium[1]->held) {
		scripted_complete(rig->medium[1], 0, 0);
		rig_run(rig);
		assert_true(++steps <= 256);
	}
	assert_int_equal(ready(driver), 0);
	cq_assert_empty(&queue.cq);
	driver_enable(driver);
	rig_free(rig);
}

TEST_CASE(a_deletion_that_waits_is_forgotten)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct completion_queue *admin = &driver->admin.cq;
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 1);
	rig->medium[1]->hold = true;
	sq_submit(&queue.sq, &(struct command){ .opcode = NVM_IO_FLUSH, .nsid = 1 });
	rig_run(rig);
	sq_submit(&driver->admin.sq,
		  &(struct command){ .opcode = NVM_ADMIN_DELETE_SQ, .cdw10 = 1 });
	cq_assert_empty(admin);
	clear_enable(driver);
	scripted_release(rig->medium[1]);
	rig_run(rig);
	assert_int_equal(ready(driver), 0);
	cq_assert_empty(admin);
	driver_enable(driver);
	cq_assert_empty(&driver->admin.cq);
	rig_free(rig);
}

TEST_CASE(completions_that_did_not_fit_are_forgotten)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;
	uint64_t sum;

	driver_create_cq(driver, &queue.cq, 1, 2, 1);
	driver_create_sq(driver, &queue.sq, 1, 32, 1);
	rig->medium[1]->hold = true;
	for (unsigned int i = 0; i < 20; i++)
		sq_push(&queue.sq, &(struct command){ .opcode = NVM_IO_FLUSH, .nsid = 1 });
	sq_ring(&queue.sq);
	rig_run(rig);
	scripted_release(rig->medium[1]);
	rig_run(rig);
	clear_enable(driver);
	assert_int_equal(ready(driver), 0);
	sum = guest_checksum(driver->memory);
	driver_write32(driver, NVM_REG_DBS + 12, 1);
	rig_advance(rig, 1000 * MS);
	assert_int_equal(guest_checksum(driver->memory), sum);
	driver_enable(driver);
	driver_create_queue(driver, &queue, 1, 16, 1);
	cq_assert_empty(&queue.cq);
	rig_free(rig);
}

TEST_CASE(a_subsystem_can_be_destroyed_with_commands_under_way)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	for (unsigned int i = 0; i < 2; i++) {
		struct driver *driver = rig->driver[i];
		struct buffer *buffer = buffer_new(driver, 64 * 512);
		struct command read = rw_command(NVM_IO_READ, 3, 0, 64, buffer);
		struct queue_pair queue;

		driver_create_queue(driver, &queue, 1, 16, 1);
		rig->medium[3]->hold = true;
		for (unsigned int n = 0; n < 10; n++)
			sq_submit(&queue.sq, &read);
		driver_submit_aer(driver);
		rig_run(rig);
	}
	assert_int_equal(scripted_held(rig->medium[3]), 20);
	rig_free(rig);
}

RUN_TESTS("reset_with_io_in_flight",
	  cmocka_unit_test(ready_clears_when_the_last_command_is_gone),
	  cmocka_unit_test(nothing_is_fetched_or_signalled_any_more),
	  cmocka_unit_test(the_controller_can_be_enabled_again_at_once),
	  cmocka_unit_test(failing_commands_end_silently_too),
	  cmocka_unit_test(commands_of_several_steps_stop_at_the_next),
	  cmocka_unit_test(a_deletion_that_waits_is_forgotten),
	  cmocka_unit_test(completions_that_did_not_fit_are_forgotten),
	  cmocka_unit_test(a_subsystem_can_be_destroyed_with_commands_under_way));
