// SPDX-License-Identifier: BSD-2-Clause
/*
 * A completion queue that the host does not empty: completions wait, none is lost or overwritten,
 * and nothing more is fetched from the submission queues that post to it (Base 3.3.1.2).
 */
#include "harness.h"

static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 1 };

static unsigned int count_available(struct completion_queue *cq)
{
	struct completion_queue look = *cq;
	struct completion completion;
	unsigned int count = 0;

	while (count < cq->entries && cq_poll(&look, &completion))
		count++;
	return count;
}

TEST_CASE(completions_wait_until_there_is_room)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct completion completion;
	bool seen[10] = { false };
	struct queue_pair queue;
	uint16_t first = 0;

	driver_create_cq(driver, &queue.cq, 1, 4, 1);
	driver_create_sq(driver, &queue.sq, 1, 16, 1);
	for (unsigned int i = 0; i < 10; i++) {
		uint16_t cid = sq_push(&queue.sq, &flush);

		first = i ? first : cid;
	}
	sq_ring(&queue.sq);
	rig_run(rig);
	for (unsigned int i = 0; i < 10; i++) {
		unsigned int left = 10 - i;

		assert_int_equal(count_available(&queue.cq), left < 3 ? left : 3);
		assert_true(cq_poll(&queue.cq, &completion));
		assert_success(completion);
		assert_in_range(completion.cid - first, 0, 9);
		assert_false(seen[completion.cid - first]);
		seen[completion.cid - first] = true;
		cq_ring(&queue.cq);
		rig_run(rig);
	}
	cq_assert_empty(&queue.cq);
	rig_free(rig);
}

TEST_CASE(commands_under_way_complete_into_a_full_queue_without_loss)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct completion completion;
	struct queue_pair queue;
	unsigned int done = 0;
	uint32_t seen = 0;
	uint16_t first = driver->next_cid;

	driver_create_cq(driver, &queue.cq, 1, 3, 1);
	driver_create_sq(driver, &queue.sq, 1, 32, 1);
	rig->medium[1]->hold = true;
	first = driver->next_cid;
	for (unsigned int i = 0; i < 20; i++)
		sq_push(&queue.sq, &flush);
	sq_ring(&queue.sq);
	rig_run(rig);
	while (rig->medium[1]->held)
		scripted_complete(rig->medium[1], scripted_held(rig->medium[1]) - 1, 0);
	rig_run(rig);
	assert_int_equal(count_available(&queue.cq), 2);
	rig->medium[1]->hold = false;
	while (cq_poll(&queue.cq, &completion)) {
		assert_success(completion);
		assert_in_range(completion.cid - first, 0, 19);
		assert_false(seen >> (completion.cid - first) & 1);
		seen |= 1u << (completion.cid - first);
		done++;
		cq_ring(&queue.cq);
		rig_run(rig);
		scripted_release(rig->medium[1]);
		rig_run(rig);
	}
	assert_int_equal(done, 20);
	rig_free(rig);
}

TEST_CASE(nothing_is_fetched_for_a_full_queue)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;
	struct completion completion;
	unsigned int before;

	driver_create_cq(driver, &queue.cq, 1, 4, 1);
	driver_create_sq(driver, &queue.sq, 1, 16, 1);
	for (unsigned int i = 0; i < 3; i++)
		sq_push(&queue.sq, &flush);
	sq_ring(&queue.sq);
	rig_run(rig);
	assert_int_equal(count_available(&queue.cq), 3);
	before = scripted_submitted(rig->medium[1]);
	sq_submit(&queue.sq, &flush);
	sq_submit(&queue.sq, &flush);
	rig_advance(rig, 1000 * MS);
	assert_int_equal(scripted_submitted(rig->medium[1]), before);
	assert_true(cq_poll(&queue.cq, &completion));
	cq_ring(&queue.cq);
	rig_run(rig);
	assert_true(scripted_submitted(rig->medium[1]) > before);
	for (unsigned int i = 0; i < 4; i++)
		assert_success(cq_take(&queue.cq));
	cq_assert_empty(&queue.cq);
	rig_free(rig);
}

TEST_CASE(a_full_queue_does_not_stop_others)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair full, other;
	uint8_t data[NVM_IDENTIFY_SIZE];

	driver_create_cq(driver, &full.cq, 1, 2, 1);
	driver_create_sq(driver, &full.sq, 1, 16, 1);
	driver_create_queue(driver, &other, 2, 16, 2);
	for (unsigned int i = 0; i < 15; i++)
		sq_push(&full.sq, &flush);
	sq_ring(&full.sq);
	rig_run(rig);
	for (unsigned int i = 0; i < 50; i++)
		assert_success(queue_command(&other, &flush));
	assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
	for (unsigned int i = 0; i < 15; i++)
		assert_success(cq_take(&full.cq));
	rig_free(rig);
}

TEST_CASE(submission_queues_that_share_a_full_queue_all_get_on)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct completion_queue cq;
	struct submission_queue sq[4];
	unsigned int done[5] = { 0 };

	driver_create_cq(driver, &cq, 1, 3, 1);
	for (unsigned int i = 0; i < 4; i++)
		driver_create_sq(driver, &sq[i], i + 1, 16, 1);
	for (unsigned int i = 0; i < 4; i++) {
		for (unsigned int n = 0; n < 15; n++)
			sq_push(&sq[i], &flush);
		sq_ring(&sq[i]);
	}
	for (unsigned int i = 0; i < 60; i++) {
		struct completion completion = cq_take(&cq);

		assert_success(completion);
		assert_in_range(completion.sqid, 1, 4);
		done[completion.sqid]++;
	}
	for (unsigned int i = 1; i <= 4; i++)
		assert_int_equal(done[i], 15);
	cq_assert_empty(&cq);
	rig_free(rig);
}

TEST_CASE(a_full_admin_completion_queue_waits_and_io_goes_on)
{
	struct rig *rig = rig_new(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;

	driver_set_admin_queues(driver, 16, 4);
	driver_write32(driver, NVM_REG_CC, CC_DEFAULT | NVM_CC_EN);
	driver_create_queue(driver, &queue, 1, 16, 1);
	for (unsigned int i = 0; i < 12; i++)
		sq_push(&driver->admin.sq,
			&(struct command){ .opcode = NVM_ADMIN_GET_FEATURES,
					   .cdw10 = NVM_FEAT_NUM_QUEUES });
	sq_ring(&driver->admin.sq);
	rig_run(rig);
	assert_int_equal(count_available(&driver->admin.cq), 3);
	for (unsigned int i = 0; i < 40; i++)
		assert_success(queue_command(&queue, &flush));
	for (unsigned int i = 0; i < 12; i++)
		assert_success(cq_take(&driver->admin.cq));
	cq_assert_empty(&driver->admin.cq);
	rig_free(rig);
}

TEST_CASE(events_wait_for_room_in_a_full_admin_completion_queue)
{
	struct rig *rig = rig_new(NULL);
	struct driver *driver = rig->driver[0];
	bool event = false;
	uint16_t aer;

	driver_set_admin_queues(driver, 16, 4);
	driver_write32(driver, NVM_REG_CC, CC_DEFAULT | NVM_CC_EN);
	aer = driver_submit_aer(driver);
	rig_run(rig);
	for (unsigned int i = 0; i < 3; i++)
		sq_push(&driver->admin.sq,
			&(struct command){ .opcode = NVM_ADMIN_GET_FEATURES,
					   .cdw10 = NVM_FEAT_NUM_QUEUES });
	sq_ring(&driver->admin.sq);
	rig_run(rig);
	driver_write32(driver, NVM_REG_DBS + 8 * 3, 1);
	rig_run(rig);
	assert_int_equal(count_available(&driver->admin.cq), 3);
	for (unsigned int i = 0; i < 4; i++)
		event |= cq_take(&driver->admin.cq).cid == aer;
	assert_true(event);
	cq_assert_empty(&driver->admin.cq);
	rig_free(rig);
}

TEST_CASE(room_made_piecemeal_is_used_piecemeal)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;
	struct completion completion;
	unsigned int done = 0;

	driver_create_cq(driver, &queue.cq, 1, 8, 1);
	driver_create_sq(driver, &queue.sq, 1, 64, 1);
	for (unsigned int i = 0; i < 63; i++)
		sq_push(&queue.sq, &flush);
	sq_ring(&queue.sq);
	rig_run(rig);
	for (unsigned int round = 0; done < 63; round++) {
		for (unsigned int i = 0; i < round % 5 + 1 && done < 63; i++, done++) {
			assert_true(cq_poll(&queue.cq, &completion));
			assert_success(completion);
		}
		cq_ring(&queue.cq);
		rig_run(rig);
	}
	cq_assert_empty(&queue.cq);
	rig_free(rig);
}

RUN_TESTS("queue_full_backpressure",
	  cmocka_unit_test(completions_wait_until_there_is_room),
	  cmocka_unit_test(commands_under_way_complete_into_a_full_queue_without_loss),
	  cmocka_unit_test(nothing_is_fetched_for_a_full_queue),
	  cmocka_unit_test(a_full_queue_does_not_stop_others),
	  cmocka_unit_test(submission_queues_that_share_a_full_queue_all_get_on),
	  cmocka_unit_test(a_full_admin_completion_queue_waits_and_io_goes_on),
	  cmocka_unit_test(events_wait_for_room_in_a_full_admin_completion_queue),
	  cmocka_unit_test(room_made_piecemeal_is_used_piecemeal));
