// SPDX-License-Identifier: BSD-2-Clause
/*
 * Suspend and resume (Base 2.3, 5.2.16; R27): what was fetched completes, nothing else is fetched,
 * no DMA and no interrupt after that, registers go on working, and resume goes on where it stopped.
 */
#include "harness.h"

static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 3 };

/** struct ended - what a suspend's callback was told */
struct ended {
	unsigned int calls;
	int status;
};

static void suspend_ended(void *arg, int status)
{
	struct ended *ended = arg;

	ended->calls++;
	ended->status = status;
}

static struct rig *rig_with_queue(struct queue_pair *queue)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);

	driver_create_queue(rig->driver[1], queue, 1, 32, 1);
	return rig;
}

static void resume(struct rig *rig)
{
	assert_int_equal(nvmove_ctrl_resume(rig->function[1].ctrl), 0);
	assert_false(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	rig_run(rig);
}

TEST_CASE(an_idle_controller_suspends_at_once)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(&queue);
	struct ended ended = { 0 };

	assert_false(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	assert_int_equal(nvmove_ctrl_suspend(rig->function[1].ctrl, suspend_ended, &ended), 0);
	rig_run(rig);
	assert_int_equal(ended.calls, 1);
	assert_int_equal(ended.status, 0);
	assert_true(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	resume(rig);
	assert_success(queue_command(&queue, &flush));
	rig_free(rig);
}

TEST_CASE(suspend_waits_for_what_was_fetched)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(&queue);
	struct ended ended = { 0 };

	rig->medium[3]->hold = true;
	for (unsigned int i = 0; i < 3; i++)
		sq_submit(&queue.sq, &flush);
	rig_run(rig);
	assert_int_equal(scripted_held(rig->medium[3]), 3);
	assert_int_equal(nvmove_ctrl_suspend(rig->function[1].ctrl, suspend_ended, &ended), 0);
	for (unsigned int i = 0; i < 3; i++) {
		rig_run(rig);
		assert_int_equal(ended.calls, 0);
		assert_false(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
		scripted_complete(rig->medium[3], 2 - i, 0);
	}
	rig_run(rig);
	assert_int_equal(ended.calls, 1);
	assert_true(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	for (unsigned int i = 0; i < 3; i++)
		assert_success(cq_take(&queue.cq));
	rig->medium[3]->hold = false;
	resume(rig);
	cq_assert_empty(&queue.cq);
	rig_free(rig);
}

TEST_CASE(nothing_is_fetched_once_suspend_has_begun)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(&queue);
	struct ended ended = { 0 };

	rig->medium[3]->hold = true;
	sq_submit(&queue.sq, &flush);
	rig_run(rig);
	assert_int_equal(nvmove_ctrl_suspend(rig->function[1].ctrl, suspend_ended, &ended), 0);
	sq_submit(&queue.sq, &flush);
	sq_submit(&rig->driver[1]->admin.sq, &(struct command){ .opcode = NVM_ADMIN_KEEP_ALIVE });
	rig_run(rig);
	assert_int_equal(scripted_held(rig->medium[3]), 1);
	scripted_release(rig->medium[3]);
	rig_run(rig);
	assert_int_equal(ended.calls, 1);
	assert_success(cq_take(&queue.cq));
	cq_assert_empty(&queue.cq);
	cq_assert_empty(&rig->driver[1]->admin.cq);
	resume(rig);
	assert_success(cq_take(&queue.cq));
	assert_success(cq_take(&rig->driver[1]->admin.cq));
	rig_free(rig);
}

TEST_CASE(doorbells_rung_before_the_fetch_are_not_lost)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(&queue);

	for (unsigned int i = 0; i < 31; i++)
		sq_push(&queue.sq, &flush);
	sq_ring(&queue.sq);
	rig_suspend(rig, 1);
	resume(rig);
	for (unsigned int i = 0; i < 31; i++)
		assert_success(cq_take(&queue.cq));
	cq_assert_empty(&queue.cq);
	rig_free(rig);
}

TEST_CASE(a_suspended_controller_does_nothing_to_its_host)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(&queue);
	struct function *function = &rig->function[1];
	struct driver *driver = rig->driver[1];
	unsigned int interrupts;
	unsigned long dma;
	uint64_t sum;

	assert_success(driver_set_feature(driver, NVM_FEAT_ASYNC_EVENT, 0, 1 << 8));
	driver_submit_aer(driver);
	rig_run(rig);
	rig_suspend(rig, 1);
	dma = function->dma;
	interrupts = function->total_interrupts;
	sq_push(&queue.sq, &flush);
	sq_push(&driver->admin.sq, &(struct command){ .opcode = NVM_ADMIN_KEEP_ALIVE });
	sum = guest_checksum(driver->memory);
	sq_ring(&queue.sq);
	sq_ring(&driver->admin.sq);
	driver_write32(driver, NVM_REG_DBS + 8 * 4, 77);
	driver_write32(driver, NVM_REG_INTMS, 7);
	driver_write32(driver, NVM_REG_INTMC, 7);
	assert_int_equal(nvmove_namespace_attach(function->ctrl, 4), 0);
	assert_int_equal(nvmove_namespace_detach(function->ctrl, 4), 0);
	rig_advance(rig, 3600 * 1000ull * MS);
	assert_int_equal(function->dma, dma);
	assert_int_equal(function->total_interrupts, interrupts);
	assert_int_equal(guest_checksum(driver->memory), sum);
	assert_null(function->mapped);
	resume(rig);
	assert_success(cq_take(&queue.cq));
	rig_free(rig);
}

TEST_CASE(registers_go_on_working)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(&queue);
	struct driver *driver = rig->driver[1];

	rig_suspend(rig, 1);
	assert_int_equal(driver_read32(driver, NVM_REG_VS), 0x20000);
	assert_int_equal(driver_read32(driver, NVM_REG_CSTS), NVM_CSTS_RDY);
	driver_write32(driver, NVM_REG_INTMS, 2);
	assert_int_equal(driver_read32(driver, NVM_REG_INTMS), 2);
	driver_write32(driver, NVM_REG_INTMC, 2);
	assert_int_equal(driver_read32(driver, NVM_REG_INTMC), 0);
	assert_true(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	rig_free(rig);
}

TEST_CASE(event_requests_stay_outstanding)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(&queue);
	struct driver *driver = rig->driver[1];
	struct completion completion;
	uint16_t cid[2];

	cid[0] = driver_submit_aer(driver);
	cid[1] = driver_submit_aer(driver);
	rig_run(rig);
	rig_suspend(rig, 1);
	cq_assert_empty(&driver->admin.cq);
	resume(rig);
	cq_assert_empty(&driver->admin.cq);
	driver_write32(driver, NVM_REG_DBS + 8 * 4, 1);
	completion = cq_take(&driver->admin.cq);
	assert_success(completion);
	assert_int_equal(completion.cid, cid[0]);
	assert_status(ADMIN(driver, .opcode = NVM_ADMIN_ABORT, .cdw10 = 0xbeef0000), 0);
	cq_assert_empty(&driver->admin.cq);
	rig_free(rig);
}

TEST_CASE(an_event_while_suspended_is_reported_after_resume)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(&queue);
	struct driver *driver = rig->driver[1];
	struct completion completion;
	uint16_t cid;

	assert_success(driver_set_feature(driver, NVM_FEAT_ASYNC_EVENT, 0, 1 << 8));
	cid = driver_submit_aer(driver);
	rig_run(rig);
	rig_suspend(rig, 1);
	assert_int_equal(nvmove_namespace_attach(rig->function[1].ctrl, 4), 0);
	cq_assert_empty(&driver->admin.cq);
	resume(rig);
	completion = cq_take(&driver->admin.cq);
	assert_int_equal(completion.cid, cid);
	assert_int_equal(completion.dw0, 2 | 4 << 16);
	rig_free(rig);
}

TEST_CASE(suspending_twice_is_no_error)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(&queue);
	struct ended ended = { 0 };

	rig_suspend(rig, 1);
	assert_int_equal(nvmove_ctrl_suspend(rig->function[1].ctrl, suspend_ended, &ended), 0);
	rig_run(rig);
	assert_int_equal(ended.calls, 1);
	assert_int_equal(ended.status, 0);
	assert_true(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	resume(rig);
	rig_free(rig);
}

TEST_CASE(suspending_while_suspending_is_busy)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(&queue);
	struct ended first = { 0 }, second = { 0 };

	rig->medium[3]->hold = true;
	sq_submit(&queue.sq, &flush);
	rig_run(rig);
	assert_int_equal(nvmove_ctrl_suspend(rig->function[1].ctrl, suspend_ended, &first), 0);
	assert_int_equal(nvmove_ctrl_suspend(rig->function[1].ctrl, suspend_ended, &second),
			 -EBUSY);
	scripted_release(rig->medium[3]);
	rig_run(rig);
	assert_int_equal(first.calls, 1);
	assert_int_equal(second.calls, 0);
	rig_free(rig);
}

TEST_CASE(only_a_suspended_controller_can_resume_save_or_load)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(&queue);
	struct nvmove_ctrl *ctrl = rig->function[1].ctrl;
	struct nvmove_load_error error;
	uint8_t data[64] = { 0 };
	struct ended ended = { 0 };

	assert_int_equal(nvmove_ctrl_resume(ctrl), -EINVAL);
	assert_int_equal(nvmove_ctrl_save(ctrl, data, sizeof(data)), -EINVAL);
	assert_int_equal(nvmove_ctrl_load(ctrl, data, sizeof(data), &error), -EINVAL);
	rig->medium[3]->hold = true;
	sq_submit(&queue.sq, &flush);
	rig_run(rig);
	assert_int_equal(nvmove_ctrl_suspend(ctrl, suspend_ended, &ended), 0);
	assert_int_equal(nvmove_ctrl_resume(ctrl), -EINVAL);
	assert_int_equal(nvmove_ctrl_save(ctrl, data, sizeof(data)), -EINVAL);
	assert_int_equal(nvmove_ctrl_load(ctrl, data, sizeof(data), &error), -EINVAL);
	scripted_release(rig->medium[3]);
	rig_run(rig);
	assert_true(nvmove_ctrl_is_suspended(ctrl));
	resume(rig);
	assert_int_equal(nvmove_ctrl_resume(ctrl), -EINVAL);
	rig_free(rig);
}

TEST_CASE(resume_signals_every_queue_with_unread_entries)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct function *function = &rig->function[1];
	struct driver *driver = rig->driver[1];
	struct queue_pair queue[3];

	for (unsigned int i = 0; i < 3; i++)
		driver_create_queue(driver, &queue[i], i + 1, 16, i + 1);
	assert_success(queue_command(&queue[0], &flush));
	sq_submit(&queue[1].sq, &flush);
	sq_submit(&queue[2].sq, &flush);
	rig_run(rig);
	rig_suspend(rig, 1);
	memset(function->interrupts, 0, sizeof(function->interrupts));
	resume(rig);
	assert_int_equal(function->interrupts[2], 1);
	assert_int_equal(function->interrupts[3], 1);
	assert_int_equal(function->interrupts[4], 0);
	rig_free(rig);
}

TEST_CASE(a_full_completion_queue_does_not_stop_a_suspend)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *driver = rig->driver[1];
	struct queue_pair queue;
	struct ended ended = { 0 };

	driver_create_cq(driver, &queue.cq, 1, 3, 1);
	driver_create_sq(driver, &queue.sq, 1, 32, 1);
	rig->medium[3]->hold = true;
	for (unsigned int i = 0; i < 20; i++)
		sq_push(&queue.sq, &flush);
	sq_ring(&queue.sq);
	rig_run(rig);
	assert_int_equal(nvmove_ctrl_suspend(rig->function[1].ctrl, suspend_ended, &ended), 0);
	scripted_release(rig->medium[3]);
	rig_run(rig);
	assert_int_equal(ended.calls, 1);
	assert_true(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	resume(rig);
	for (unsigned int i = 0; i < 20; i++)
		assert_success(cq_take(&queue.cq));
	cq_assert_empty(&queue.cq);
	rig_free(rig);
}

TEST_CASE(the_last_queue_goes_on_like_the_first)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[1];
	struct queue_pair queue;
	int result;

	nvmove_subsystem_set_vfs(rig->subsystem, 1);
	rig_online(rig, 1, 9, 9);
	driver_enable(driver);
	driver_create_cq(driver, &queue.cq, 8, 3, 8);
	driver_create_sq(driver, &queue.sq, 8, 32, 8);
	rig->medium[3]->hold = true;
	for (unsigned int i = 0; i < 20; i++)
		sq_push(&queue.sq, &flush);
	sq_ring(&queue.sq);
	rig_run(rig);
	rig_suspend_begin(rig, 1, &result);
	scripted_release(rig->medium[3]);
	rig_run(rig);
	assert_int_equal(result, 0);
	/* Room is made while it is suspended, so that resume itself has completions to post. */
	driver_write32(driver, NVM_REG_DBS + 8 * 8 + 4, 2);
	queue.cq.head = 2;
	resume(rig);
	for (unsigned int i = 2; i < 20; i++)
		assert_success(cq_take(&queue.cq));
	cq_assert_empty(&queue.cq);
	rig_free(rig);
}

TEST_CASE(a_head_doorbell_rung_while_suspended_makes_room_after_resume)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *driver = rig->driver[1];
	struct completion completion;
	struct queue_pair queue;

	driver_create_cq(driver, &queue.cq, 1, 3, 1);
	driver_create_sq(driver, &queue.sq, 1, 32, 1);
	for (unsigned int i = 0; i < 6; i++)
		sq_push(&queue.sq, &flush);
	sq_ring(&queue.sq);
	rig_run(rig);
	rig_suspend(rig, 1);
	for (unsigned int i = 0; i < 2; i++)
		assert_true(cq_poll(&queue.cq, &completion));
	cq_ring(&queue.cq);
	cq_assert_empty(&queue.cq);
	resume(rig);
	for (unsigned int i = 0; i < 4; i++)
		assert_success(cq_take(&queue.cq));
	cq_assert_empty(&queue.cq);
	rig_free(rig);
}

TEST_CASE(the_keep_alive_timer_stands_still_while_suspended)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(&queue);
	struct driver *driver = rig->driver[1];

	assert_success(driver_set_feature(driver, NVM_FEAT_KATO, 0, 1000));
	rig_advance(rig, 400 * MS);
	rig_suspend(rig, 1);
	rig_advance(rig, 60000 * MS);
	assert_true(driver_is_ready(driver));
	resume(rig);
	rig_advance(rig, 590 * MS);
	assert_true(driver_is_ready(driver));
	rig_advance(rig, 20 * MS);
	assert_false(driver_is_ready(driver));
	rig_free(rig);
}

TEST_CASE(a_disabled_controller_can_be_suspended)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(&queue);
	uint8_t data[NVM_IDENTIFY_SIZE];

	driver_disable(rig->driver[1]);
	rig_suspend(rig, 1);
	resume(rig);
	driver_enable(rig->driver[1]);
	assert_success(driver_identify(rig->driver[1], NVM_CNS_CTRL, 0, 0, data));
	rig_free(rig);
}

TEST_CASE(a_shutdown_under_way_ends_before_the_suspend_does)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(&queue);
	struct driver *driver = rig->driver[1];
	struct ended ended = { 0 };

	rig->medium[3]->hold = true;
	driver_write32(driver, NVM_REG_CC, CC_DEFAULT | NVM_CC_EN | 1 << 14);
	rig_run(rig);
	assert_int_equal(nvmove_ctrl_suspend(rig->function[1].ctrl, suspend_ended, &ended), 0);
	rig_run(rig);
	assert_int_equal(ended.calls, 0);
	scripted_release(rig->medium[3]);
	rig_run(rig);
	assert_int_equal(ended.calls, 1);
	assert_int_equal(driver_read32(driver, NVM_REG_CSTS) >> 2 & 3, 2);
	rig_free(rig);
}

TEST_CASE(a_deletion_that_waits_ends_before_the_suspend_does)
{
	struct queue_pair queue;
	struct rig *rig = rig_with_queue(&queue);
	struct driver *driver = rig->driver[1];
	struct ended ended = { 0 };

	rig->medium[3]->hold = true;
	sq_submit(&queue.sq, &flush);
	rig_run(rig);
	sq_submit(&driver->admin.sq,
		  &(struct command){ .opcode = NVM_ADMIN_DELETE_SQ, .cdw10 = 1 });
	rig_run(rig);
	assert_int_equal(nvmove_ctrl_suspend(rig->function[1].ctrl, suspend_ended, &ended), 0);
	scripted_release(rig->medium[3]);
	rig_run(rig);
	assert_int_equal(ended.calls, 1);
	assert_success(cq_take(&driver->admin.cq));
	rig_free(rig);
}

TEST_CASE(the_others_go_on_while_one_is_suspended)
{
	struct queue_pair queue, other;
	struct rig *rig = rig_with_queue(&queue);
	uint8_t data[NVM_IDENTIFY_SIZE];

	driver_create_queue(rig->driver[2], &other, 1, 16, 1);
	rig_suspend(rig, 1);
	for (unsigned int i = 0; i < 40; i++)
		assert_success(queue_command(&other, &flush));
	assert_success(driver_identify(rig->driver[0], NVM_CNS_CTRL, 0, 0, data));
	assert_false(nvmove_ctrl_is_suspended(rig->function[2].ctrl));
	rig_free(rig);
}

TEST_CASE(many_rounds_under_load_lose_and_repeat_nothing)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *driver = rig->driver[1];
	unsigned int submitted = 0, done = 0;
	struct completion completion;
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 1);
	for (unsigned int round = 0; round < 200; round++) {
		struct ended ended = { 0 };

		rig->medium[3]->hold = round % 3;
		while (submitted - done < 15) {
			sq_push(&queue.sq, &flush);
			submitted++;
		}
		sq_ring(&queue.sq);
		if (round % 2)
			rig_run(rig);
		assert_int_equal(nvmove_ctrl_suspend(rig->function[1].ctrl, suspend_ended, &ended),
				 0);
		scripted_release(rig->medium[3]);
		rig_run(rig);
		assert_int_equal(ended.calls, 1);
		for (unsigned int i = 0; i < round % 7 && cq_poll(&queue.cq, &completion); i++) {
			assert_success(completion);
			done++;
		}
		cq_ring(&queue.cq);
		resume(rig);
	}
	while (cq_poll(&queue.cq, &completion)) {
		assert_success(completion);
		done++;
	}
	assert_int_equal(done, submitted);
	rig_free(rig);
}

RUN_TESTS("suspend_drain",
	  cmocka_unit_test(an_idle_controller_suspends_at_once),
	  cmocka_unit_test(suspend_waits_for_what_was_fetched),
	  cmocka_unit_test(nothing_is_fetched_once_suspend_has_begun),
	  cmocka_unit_test(doorbells_rung_before_the_fetch_are_not_lost),
	  cmocka_unit_test(a_suspended_controller_does_nothing_to_its_host),
	  cmocka_unit_test(registers_go_on_working),
	  cmocka_unit_test(event_requests_stay_outstanding),
	  cmocka_unit_test(an_event_while_suspended_is_reported_after_resume),
	  cmocka_unit_test(suspending_twice_is_no_error),
	  cmocka_unit_test(suspending_while_suspending_is_busy),
	  cmocka_unit_test(only_a_suspended_controller_can_resume_save_or_load),
	  cmocka_unit_test(resume_signals_every_queue_with_unread_entries),
	  cmocka_unit_test(a_full_completion_queue_does_not_stop_a_suspend),
	  cmocka_unit_test(the_last_queue_goes_on_like_the_first),
	  cmocka_unit_test(a_head_doorbell_rung_while_suspended_makes_room_after_resume),
	  cmocka_unit_test(the_keep_alive_timer_stands_still_while_suspended),
	  cmocka_unit_test(a_disabled_controller_can_be_suspended),
	  cmocka_unit_test(a_shutdown_under_way_ends_before_the_suspend_does),
	  cmocka_unit_test(a_deletion_that_waits_ends_before_the_suspend_does),
	  cmocka_unit_test(the_others_go_on_while_one_is_suspended),
	  cmocka_unit_test(many_rounds_under_load_lose_and_repeat_nothing));
