// SPDX-License-Identifier: BSD-2-Clause
/*
 * Abort (Base 5.1): best effort, so what matters is that the command it names and every other one
 * complete exactly once, and that dword 0 tells the truth.
 */
#include "harness.h"

#define NOT_ABORTED	1u

static struct command abort_command(unsigned int sqid, unsigned int cid)
{
	return (struct command){ .opcode = NVM_ADMIN_ABORT, .cdw10 = (uint32_t)cid << 16 | sqid };
}

TEST_CASE(an_outstanding_event_request_is_aborted)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint16_t aer = driver_submit_aer(driver), cid;
	bool seen_aer = false, seen_abort = false;
	struct command command;

	rig_run(rig);
	command = abort_command(0, aer);
	cid = sq_submit(&driver->admin.sq, &command);
	for (unsigned int i = 0; i < 2; i++) {
		struct completion completion = cq_take(&driver->admin.cq);

		if (completion.cid == aer) {
			assert_status(completion, NVM_SC_ABORT_REQUESTED);
			assert_false(seen_aer);
			seen_aer = true;
		} else {
			assert_int_equal(completion.cid, cid);
			assert_success(completion);
			assert_int_equal(completion.dw0 & 1, 0);
			seen_abort = true;
		}
	}
	assert_true(seen_aer && seen_abort);
	cq_assert_empty(&driver->admin.cq);
	rig_free(rig);
}

TEST_CASE(only_the_named_event_request_is_aborted)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct command command;
	uint16_t aer[3];

	for (unsigned int i = 0; i < 3; i++)
		aer[i] = driver_submit_aer(driver);
	rig_run(rig);
	command = abort_command(0, aer[1]);
	sq_submit(&driver->admin.sq, &command);
	cq_take(&driver->admin.cq);
	cq_take(&driver->admin.cq);
	driver_write32(driver, NVM_REG_DBS + 8 * 5, 1);
	assert_int_equal(cq_take(&driver->admin.cq).cid, aer[0]);
	cq_assert_empty(&driver->admin.cq);
	rig_free(rig);
}

TEST_CASE(a_command_that_does_not_exist_is_not_aborted)
{
	static const unsigned int queue[] = { 0, 1, 7, 8, 9, 1000, 0xffff };
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair io;

	driver_create_queue(driver, &io, 1, 16, 1);
	for (size_t i = 0; i < ARRAY_SIZE(queue); i++) {
		struct command command = abort_command(queue[i], 0xbeef);
		struct completion completion = driver_admin(driver, &command);

		assert_success(completion);
		assert_int_equal(completion.dw0 & 1, NOT_ABORTED);
	}
	rig_free(rig);
}

TEST_CASE(a_completed_command_is_not_aborted)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct completion completion;
	struct command command;
	struct queue_pair io;

	driver_create_queue(driver, &io, 1, 16, 1);
	completion = COMMAND(&io, .opcode = NVM_IO_FLUSH, .nsid = 1);
	command = abort_command(1, completion.cid);
	completion = driver_admin(driver, &command);
	assert_success(completion);
	assert_int_equal(completion.dw0 & 1, NOT_ABORTED);
	cq_assert_empty(&io.cq);
	rig_free(rig);
}

TEST_CASE(a_command_under_way_completes_exactly_once)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 512);
	struct command read = rw_command(NVM_IO_READ, 1, 0, 1, buffer), command;
	struct completion completion, aborted;
	struct queue_pair io;
	uint16_t cid;

	driver_create_queue(driver, &io, 1, 16, 1);
	rig->medium[1]->hold = true;
	cid = sq_submit(&io.sq, &read);
	rig_run(rig);
	command = abort_command(1, cid);
	aborted = driver_admin(driver, &command);
	assert_success(aborted);
	scripted_release(rig->medium[1]);
	completion = cq_take(&io.cq);
	assert_int_equal(completion.cid, cid);
	if (aborted.dw0 & 1)
		assert_success(completion);
	else
		assert_status(completion, NVM_SC_ABORT_REQUESTED);
	cq_assert_empty(&io.cq);
	rig_free(rig);
}

TEST_CASE(a_command_not_yet_fetched_completes_exactly_once)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct completion completion;
	struct command command;
	struct queue_pair io;
	uint16_t cid = 0;
	unsigned int seen = 0;

	driver_create_cq(driver, &io.cq, 1, 2, 1);
	driver_create_sq(driver, &io.sq, 1, 16, 1);
	for (unsigned int i = 0; i < 8; i++)
		cid = sq_push(&io.sq, &(struct command){ .opcode = NVM_IO_FLUSH, .nsid = 1 });
	sq_ring(&io.sq);
	rig_run(rig);
	command = abort_command(1, cid);
	assert_success(driver_admin(driver, &command));
	for (unsigned int i = 0; i < 8; i++) {
		completion = cq_take(&io.cq);
		seen += completion.cid == cid;
		if (completion.status != NVM_SC_ABORT_REQUESTED)
			assert_success(completion);
	}
	assert_int_equal(seen, 1);
	cq_assert_empty(&io.cq);
	rig_free(rig);
}

TEST_CASE(an_abort_cannot_name_itself_or_another_controllers_command)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	struct completion completion;
	struct command command;
	uint16_t aer = driver_submit_aer(rig->driver[2]);

	rig_run(rig);
	command = abort_command(0, rig->driver[1]->next_cid);
	completion = driver_admin(rig->driver[1], &command);
	assert_success(completion);
	assert_int_equal(completion.dw0 & 1, NOT_ABORTED);
	command = abort_command(0, aer);
	rig->driver[1]->next_cid = aer + 1000;
	completion = driver_admin(rig->driver[1], &command);
	assert_success(completion);
	assert_int_equal(completion.dw0 & 1, NOT_ABORTED);
	cq_assert_empty(&rig->driver[2]->admin.cq);
	rig_free(rig);
}

TEST_CASE(more_aborts_than_the_limit_in_a_burst_all_complete)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct command command = abort_command(0, 0xbeef);

	for (unsigned int i = 0; i < 20; i++)
		sq_push(&driver->admin.sq, &command);
	sq_ring(&driver->admin.sq);
	for (unsigned int i = 0; i < 20; i++) {
		struct completion completion = cq_take(&driver->admin.cq);

		if (completion.status != NVM_SC_ABORT_LIMIT)
			assert_success(completion);
	}
	cq_assert_empty(&driver->admin.cq);
	rig_free(rig);
}

RUN_TESTS("abort",
	  cmocka_unit_test(an_outstanding_event_request_is_aborted),
	  cmocka_unit_test(only_the_named_event_request_is_aborted),
	  cmocka_unit_test(a_command_that_does_not_exist_is_not_aborted),
	  cmocka_unit_test(a_completed_command_is_not_aborted),
	  cmocka_unit_test(a_command_under_way_completes_exactly_once),
	  cmocka_unit_test(a_command_not_yet_fetched_completes_exactly_once),
	  cmocka_unit_test(an_abort_cannot_name_itself_or_another_controllers_command),
	  cmocka_unit_test(more_aborts_than_the_limit_in_a_burst_all_complete));
