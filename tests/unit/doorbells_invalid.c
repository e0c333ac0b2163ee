// SPDX-License-Identifier: BSD-2-Clause
/*
 * Doorbell writes that no driver should make: they are reported as Error events (Base 5.2, figure
 * "Asynchronous Event Information - Error Status") and change nothing.
 */
#include "harness.h"

#define EVENT(type, info, page)	((uint32_t)(type) | (uint32_t)(info) << 8 | (uint32_t)(page) << 16)
#define INVALID_REGISTER	EVENT(0, 0, NVM_LOG_ERROR)
#define INVALID_VALUE		EVENT(0, 1, NVM_LOG_ERROR)

static void expect_event(struct driver *driver, uint16_t cid, uint32_t event)
{
	struct completion completion = cq_take(&driver->admin.cq);

	assert_success(completion);
	assert_int_equal(completion.cid, cid);
	assert_int_equal(completion.dw0, event);
}

static void works(struct driver *driver, struct queue_pair *queue)
{
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_true(driver_is_ready(driver));
	assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
	if (queue)
		assert_success(COMMAND(queue, .opcode = NVM_IO_FLUSH, .nsid = 1));
}

TEST_CASE(doorbell_of_a_submission_queue_that_does_not_exist)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint16_t cid = driver_submit_aer(driver);

	cq_assert_empty(&driver->admin.cq);
	driver_write32(driver, NVM_REG_DBS + 8 * 3, 1);
	expect_event(driver, cid, INVALID_REGISTER);
	works(driver, NULL);
	rig_free(rig);
}

TEST_CASE(doorbell_of_a_completion_queue_that_does_not_exist)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint16_t cid = driver_submit_aer(driver);

	driver_write32(driver, NVM_REG_DBS + 8 * 3 + 4, 1);
	expect_event(driver, cid, INVALID_REGISTER);
	works(driver, NULL);
	rig_free(rig);
}

TEST_CASE(doorbell_beyond_the_last_queue)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint16_t cid = driver_submit_aer(driver);

	driver_write32(driver, NVM_REG_DBS + 8 * 9, 1);
	expect_event(driver, cid, INVALID_REGISTER);
	works(driver, NULL);
	rig_free(rig);
}

TEST_CASE(doorbell_of_a_deleted_queue)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;
	uint16_t cid;

	driver_create_queue(driver, &queue, 1, 16, 1);
	driver_delete_queue(driver, &queue);
	cid = driver_submit_aer(driver);
	driver_write32(driver, NVM_REG_DBS + 8, 1);
	expect_event(driver, cid, INVALID_REGISTER);
	works(driver, NULL);
	rig_free(rig);
}

TEST_CASE(submission_tail_at_the_size_of_the_queue)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;
	uint16_t cid;

	driver_create_queue(driver, &queue, 1, 16, 1);
	cid = driver_submit_aer(driver);
	driver_write32(driver, NVM_REG_DBS + 8, 16);
	expect_event(driver, cid, INVALID_VALUE);
	cq_assert_empty(&queue.cq);
	works(driver, &queue);
	rig_free(rig);
}

TEST_CASE(submission_tail_far_beyond_the_queue)
{
	static const uint32_t values[] = { 17, 1024, 0x8000, 0xfffe, 0xffff };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct rig *rig = rig_new_enabled(NULL);
		struct driver *driver = rig->driver[0];
		struct queue_pair queue;
		unsigned long dma;

		driver_create_queue(driver, &queue, 1, 16, 1);
		dma = rig->function[0].dma;
		driver_write32(driver, NVM_REG_DBS + 8, values[i]);
		rig_run(rig);
		assert_int_equal(rig->function[0].dma, dma);
		works(driver, &queue);
		rig_free(rig);
	}
}

TEST_CASE(completion_head_at_the_size_of_the_queue)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;
	uint16_t cid;

	driver_create_queue(driver, &queue, 1, 16, 1);
	cid = driver_submit_aer(driver);
	driver_write32(driver, NVM_REG_DBS + 8 + 4, 16);
	expect_event(driver, cid, INVALID_VALUE);
	works(driver, &queue);
	rig_free(rig);
}

TEST_CASE(completion_head_beyond_what_was_posted)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;
	struct completion completion;
	uint16_t cid;

	driver_create_queue(driver, &queue, 1, 16, 1);
	cid = driver_submit_aer(driver);
	sq_submit(&queue.sq, &(struct command){ .opcode = NVM_IO_FLUSH, .nsid = 1 });
	rig_run(rig);
	driver_write32(driver, NVM_REG_DBS + 8 + 4, 2);
	expect_event(driver, cid, INVALID_VALUE);
	assert_true(cq_poll(&queue.cq, &completion));
	assert_success(completion);
	cq_ring(&queue.cq);
	works(driver, &queue);
	rig_free(rig);
}

TEST_CASE(admin_doorbells_are_checked_too)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint16_t cid = driver_submit_aer(driver);

	rig_run(rig);
	driver_write32(driver, NVM_REG_DBS, 32);
	expect_event(driver, cid, INVALID_VALUE);
	works(driver, NULL);
	rig_free(rig);
}

TEST_CASE(the_event_waits_for_a_request)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint16_t cid;

	driver_write32(driver, NVM_REG_DBS + 8 * 3, 1);
	cq_assert_empty(&driver->admin.cq);
	cid = driver_submit_aer(driver);
	expect_event(driver, cid, INVALID_REGISTER);
	rig_free(rig);
}

TEST_CASE(a_flood_of_bad_doorbells_is_harmless)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;
	uint64_t bar = nvmove_ctrl_bar_size(rig->function[0].ctrl);

	driver_create_queue(driver, &queue, 1, 16, 1);
	for (uint64_t offset = 0x1000; offset < bar; offset += 4) {
		driver_write32(driver, offset, 0xffff);
		driver_write32(driver, offset, 1024);
	}
	rig_run(rig);
	works(driver, &queue);
	rig_free(rig);
}

TEST_CASE(doorbells_of_a_secondary_stop_at_its_own_queues)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *driver = rig->driver[1];
	uint16_t cid = driver_submit_aer(driver);

	rig_run(rig);
	driver_write32(driver, NVM_REG_DBS + 8 * 5, 1);
	expect_event(driver, cid, INVALID_REGISTER);
	works(driver, NULL);
	rig_free(rig);
}

RUN_TESTS("doorbells_invalid",
	  cmocka_unit_test(doorbell_of_a_submission_queue_that_does_not_exist),
	  cmocka_unit_test(doorbell_of_a_completion_queue_that_does_not_exist),
	  cmocka_unit_test(doorbell_beyond_the_last_queue),
	  cmocka_unit_test(doorbell_of_a_deleted_queue),
	  cmocka_unit_test(submission_tail_at_the_size_of_the_queue),
	  cmocka_unit_test(submission_tail_far_beyond_the_queue),
	  cmocka_unit_test(completion_head_at_the_size_of_the_queue),
	  cmocka_unit_test(completion_head_beyond_what_was_posted),
	  cmocka_unit_test(admin_doorbells_are_checked_too),
	  cmocka_unit_test(the_event_waits_for_a_request),
	  cmocka_unit_test(a_flood_of_bad_doorbells_is_harmless),
	  cmocka_unit_test(doorbells_of_a_secondary_stop_at_its_own_queues));
