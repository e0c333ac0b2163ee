// SPDX-License-Identifier: BSD-2-Clause
/*
 * Migration Send, Suspend and Resume (Base 2.3, 5.2.17): which controllers they take, what each
 * leaves behind, and every status.
 */
#include "migration_host.h"

#define SUSPEND	1u << 16
#define NOTIFY	0u
#define DUDMQ	1u << 31

static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 3 };

static struct completion send(struct rig *rig, unsigned int select, uint32_t cdw11)
{
	return ADMIN(rig->driver[0], .opcode = 0x41, .cdw10 = select, .cdw11 = cdw11);
}

TEST_CASE(a_suspended_controller_fetches_nothing_until_it_is_resumed)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct queue_pair queue;

	driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
	assert_success(migration_suspend(rig, 1));
	assert_true(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	sq_submit(&queue.sq, &flush);
	cq_assert_empty(&queue.cq);
	assert_success(migration_resume(rig, 1));
	assert_success(cq_take(&queue.cq));
	rig_free(rig);
}

TEST_CASE(suspend_completes_when_what_was_fetched_has)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *primary = rig->driver[0];
	struct queue_pair queue;
	uint16_t cid;

	driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
	rig->medium[3]->hold = true;
	sq_submit(&queue.sq, &flush);
	rig_run(rig);
	cid = sq_submit(&primary->admin.sq,
			&(struct command){ .opcode = 0x41, .cdw11 = SUSPEND | 8 });
	cq_assert_empty(&primary->admin.cq);
	scripted_release(rig->medium[3]);
	rig_run(rig);
	assert_int_equal(cq_take(&primary->admin.cq).cid, cid);
	assert_success(cq_take(&queue.cq));
	rig_free(rig);
}

TEST_CASE(outstanding_event_requests_stay_outstanding)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	driver_submit_aer(rig->driver[1]);
	assert_success(migration_suspend(rig, 1));
	cq_assert_empty(&rig->driver[1]->admin.cq);
	assert_success(migration_resume(rig, 1));
	cq_assert_empty(&rig->driver[1]->admin.cq);
	rig_free(rig);
}

TEST_CASE(suspending_a_suspended_controller_is_no_error)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	assert_success(migration_suspend(rig, 1));
	assert_success(migration_suspend(rig, 1));
	assert_success(send(rig, 0, DUDMQ | SUSPEND | 8));
	assert_success(migration_resume(rig, 1));
	assert_false(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	rig_free(rig);
}

TEST_CASE(a_notification_changes_nothing)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	assert_success(send(rig, 0, NOTIFY | 8));
	assert_false(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	assert_success(migration_suspend(rig, 1));
	assert_success(send(rig, 0, NOTIFY | 8));
	assert_true(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	rig_free(rig);
}

TEST_CASE(reserved_types_and_operations_are_refused)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	for (unsigned int type = 2; type < 256; type++)
		assert_status(send(rig, 0, type << 16 | 8), NVM_SC_INVALID_FIELD);
	assert_false(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	for (unsigned int select = 3; select < 256; select++)
		assert_status(send(rig, select, SUSPEND | 8), NVM_SC_INVALID_FIELD);
	for (unsigned int select = 1; select < 256; select++)
		assert_status(ADMIN(rig->driver[0], .opcode = 0x42, .cdw10 = select, .cdw11 = 8),
			      NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

TEST_CASE(only_migratable_controllers_are_taken)
{
	static const unsigned int cntlid[] = { 0, 6, 7, 11, 0xfff0, 0xffff };
	struct rig *rig = rig_new_secondaries(NULL, 1);

	/* 7 is the primary itself, 11 lies behind the last. */
	for (size_t i = 0; i < ARRAY_SIZE(cntlid); i++) {
		assert_status(send(rig, 0, SUSPEND | cntlid[i]), NVM_SC_INVALID_CNTLID);
		assert_status(send(rig, 0, NOTIFY | cntlid[i]), NVM_SC_INVALID_CNTLID);
		assert_status(send(rig, 1, cntlid[i]), NVM_SC_INVALID_CNTLID);
	}
	rig_free(rig);
}

TEST_CASE(an_offline_controller_is_not_suspended)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	assert_status(migration_suspend(rig, 2), NVM_SC_INVALID_CNTLID);
	assert_status(send(rig, 0, NOTIFY | 9), NVM_SC_INVALID_CNTLID);
	assert_status(migration_resume(rig, 2), NVMOVE_HMLM_SC_NOT_SUSPENDED);
	rig_free(rig);
}

TEST_CASE(resume_needs_a_suspended_controller)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	assert_status(migration_resume(rig, 1), NVMOVE_HMLM_SC_NOT_SUSPENDED);
	assert_success(migration_suspend(rig, 1));
	assert_success(migration_resume(rig, 1));
	assert_status(migration_resume(rig, 1), NVMOVE_HMLM_SC_NOT_SUSPENDED);
	rig_free(rig);
}

TEST_CASE(properties_work_while_suspended)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *driver = rig->driver[1];
	uint64_t cap = driver_read64(driver, NVM_REG_CAP);

	assert_success(migration_suspend(rig, 1));
	assert_int_equal(driver_read64(driver, NVM_REG_CAP), cap);
	assert_int_equal(driver_read32(driver, NVM_REG_CSTS) & NVM_CSTS_RDY, NVM_CSTS_RDY);
	driver_write32(driver, NVM_REG_INTMS, 6);
	assert_int_equal(driver_read32(driver, NVM_REG_INTMS), 6);
	rig_free(rig);
}

TEST_CASE(a_suspend_is_under_way_once)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *primary = rig->driver[0];
	struct queue_pair queue;

	driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
	rig->medium[3]->hold = true;
	sq_submit(&queue.sq, &flush);
	rig_run(rig);
	sq_submit(&primary->admin.sq, &(struct command){ .opcode = 0x41, .cdw11 = SUSPEND | 8 });
	rig_run(rig);
	assert_status(migration_suspend(rig, 1), NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_status(migration_resume(rig, 1), NVMOVE_HMLM_SC_NOT_SUSPENDED);
	scripted_release(rig->medium[3]);
	rig_run(rig);
	assert_success(cq_take(&primary->admin.cq));
	rig_free(rig);
}

RUN_TESTS("hmlm_suspend",
	  cmocka_unit_test(a_suspended_controller_fetches_nothing_until_it_is_resumed),
	  cmocka_unit_test(suspend_completes_when_what_was_fetched_has),
	  cmocka_unit_test(outstanding_event_requests_stay_outstanding),
	  cmocka_unit_test(suspending_a_suspended_controller_is_no_error),
	  cmocka_unit_test(a_notification_changes_nothing),
	  cmocka_unit_test(reserved_types_and_operations_are_refused),
	  cmocka_unit_test(only_migratable_controllers_are_taken),
	  cmocka_unit_test(an_offline_controller_is_not_suspended),
	  cmocka_unit_test(resume_needs_a_suspended_controller),
	  cmocka_unit_test(properties_work_while_suspended),
	  cmocka_unit_test(a_suspend_is_under_way_once));
