// SPDX-License-Identifier: BSD-2-Clause
/*
 * Controller Fatal Status: the controller cannot go on with the host's queues, says so in CSTS.CFS,
 * does nothing more, and recovers by a controller reset (Base 9.5).
 */
#include "harness.h"

static unsigned int fatal(struct driver *driver)
{
	return driver_read32(driver, NVM_REG_CSTS) & NVM_CSTS_CFS;
}

static void recovers(struct driver *driver)
{
	uint8_t data[NVM_IDENTIFY_SIZE];

	driver_disable(driver);
	assert_int_equal(driver_read32(driver, NVM_REG_CSTS), 0);
	driver_enable(driver);
	assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
}

TEST_CASE(an_unreadable_admin_submission_queue_is_fatal)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	sq_push(&driver->admin.sq, &(struct command){ .opcode = NVM_ADMIN_KEEP_ALIVE });
	guest_unmap(driver->memory, driver->admin.sq.addr, PAGE);
	sq_ring(&driver->admin.sq);
	rig_run(rig);
	assert_int_not_equal(guest_take_faults(driver->memory), 0);
	assert_true(fatal(driver));
	recovers(driver);
	rig_free(rig);
}

TEST_CASE(an_unwritable_admin_completion_queue_is_fatal)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	guest_unmap(driver->memory, driver->admin.cq.addr, 512);
	sq_submit(&driver->admin.sq, &(struct command){ .opcode = NVM_ADMIN_KEEP_ALIVE });
	rig_run(rig);
	assert_int_not_equal(guest_take_faults(driver->memory), 0);
	assert_true(fatal(driver));
	recovers(driver);
	rig_free(rig);
}

TEST_CASE(an_unreadable_io_submission_queue_is_fatal)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 1);
	sq_push(&queue.sq, &(struct command){ .opcode = NVM_IO_FLUSH, .nsid = 1 });
	guest_unmap(driver->memory, queue.sq.addr, PAGE);
	sq_ring(&queue.sq);
	rig_run(rig);
	assert_int_not_equal(guest_take_faults(driver->memory), 0);
	assert_true(fatal(driver));
	recovers(driver);
	rig_free(rig);
}

TEST_CASE(an_unwritable_io_completion_queue_is_fatal)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 1);
	guest_unmap(driver->memory, queue.cq.addr, 256);
	sq_submit(&queue.sq, &(struct command){ .opcode = NVM_IO_FLUSH, .nsid = 1 });
	rig_run(rig);
	assert_int_not_equal(guest_take_faults(driver->memory), 0);
	assert_true(fatal(driver));
	recovers(driver);
	rig_free(rig);
}

TEST_CASE(a_fatal_controller_fetches_nothing)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair good, bad;
	unsigned long dma;

	driver_create_queue(driver, &good, 1, 16, 1);
	driver_create_queue(driver, &bad, 2, 16, 2);
	guest_unmap(driver->memory, bad.sq.addr, PAGE);
	driver_write32(driver, NVM_REG_DBS + 16, 1);
	rig_run(rig);
	guest_take_faults(driver->memory);
	assert_true(fatal(driver));
	dma = rig->function[0].dma;
	sq_submit(&good.sq, &(struct command){ .opcode = NVM_IO_FLUSH, .nsid = 1 });
	sq_submit(&driver->admin.sq, &(struct command){ .opcode = NVM_ADMIN_KEEP_ALIVE });
	rig_run(rig);
	rig_advance(rig, 1000 * MS);
	cq_assert_empty(&good.cq);
	cq_assert_empty(&driver->admin.cq);
	assert_int_equal(rig->function[0].dma, dma);
	recovers(driver);
	rig_free(rig);
}

TEST_CASE(commands_under_way_when_it_fails_complete_without_touching_memory)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 512);
	struct command read = rw_command(NVM_IO_READ, 1, 0, 1, buffer);
	struct queue_pair good, bad;

	driver_create_queue(driver, &good, 1, 16, 1);
	driver_create_queue(driver, &bad, 2, 16, 2);
	rig->medium[1]->hold = true;
	sq_submit(&good.sq, &read);
	rig_run(rig);
	guest_unmap(driver->memory, bad.sq.addr, PAGE);
	driver_write32(driver, NVM_REG_DBS + 16, 1);
	rig_run(rig);
	guest_take_faults(driver->memory);
	assert_true(fatal(driver));
	scripted_release(rig->medium[1]);
	cq_assert_empty(&good.cq);
	recovers(driver);
	rig_free(rig);
}

TEST_CASE(a_fatal_secondary_leaves_the_others_alone)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	uint8_t data[NVM_IDENTIFY_SIZE];

	guest_unmap(rig->driver[1]->memory, rig->driver[1]->admin.sq.addr, PAGE);
	driver_write32(rig->driver[1], NVM_REG_DBS, 1);
	rig_run(rig);
	guest_take_faults(rig->driver[1]->memory);
	assert_true(fatal(rig->driver[1]));
	assert_success(driver_identify(rig->driver[0], NVM_CNS_CTRL, 0, 0, data));
	assert_success(driver_identify(rig->driver[2], NVM_CNS_CTRL, 0, 0, data));
	recovers(rig->driver[1]);
	rig_free(rig);
}

RUN_TESTS("fatal_status",
	  cmocka_unit_test(an_unreadable_admin_submission_queue_is_fatal),
	  cmocka_unit_test(an_unwritable_admin_completion_queue_is_fatal),
	  cmocka_unit_test(an_unreadable_io_submission_queue_is_fatal),
	  cmocka_unit_test(an_unwritable_io_completion_queue_is_fatal),
	  cmocka_unit_test(a_fatal_controller_fetches_nothing),
	  cmocka_unit_test(commands_under_way_when_it_fails_complete_without_touching_memory),
	  cmocka_unit_test(a_fatal_secondary_leaves_the_others_alone));
