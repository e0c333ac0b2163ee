// SPDX-License-Identifier: BSD-2-Clause
/*
 * Create and Delete I/O Submission Queue and I/O Completion Queue (Base 5.4 to 5.7).
 */
#include "harness.h"

#define QUEUE(entries, qid)	(((entries) - 1) << 16 | (qid))
#define CQ_FLAGS(vector)	((vector) << 16 | NVM_CQ_IEN | NVM_QUEUE_PC)
#define SQ_FLAGS(cqid)		((cqid) << 16 | NVM_QUEUE_PC)

static struct completion create_cq(struct driver *driver, uint32_t cdw10, uint32_t cdw11)
{
	return ADMIN(driver, .opcode = NVM_ADMIN_CREATE_CQ, .cdw10 = cdw10, .cdw11 = cdw11,
		     .prp1 = driver->scratch);
}

static struct completion create_sq(struct driver *driver, uint32_t cdw10, uint32_t cdw11)
{
	return ADMIN(driver, .opcode = NVM_ADMIN_CREATE_SQ, .cdw10 = cdw10, .cdw11 = cdw11,
		     .prp1 = driver->scratch + PAGE);
}

static struct completion delete_cq(struct driver *driver, unsigned int qid)
{
	return ADMIN(driver, .opcode = NVM_ADMIN_DELETE_CQ, .cdw10 = qid);
}

static struct completion delete_sq(struct driver *driver, unsigned int qid)
{
	return ADMIN(driver, .opcode = NVM_ADMIN_DELETE_SQ, .cdw10 = qid);
}

static struct completion flush(struct queue_pair *queue)
{
	return COMMAND(queue, .opcode = NVM_IO_FLUSH, .nsid = 1);
}

TEST_CASE(a_queue_pair_works_until_it_is_deleted)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 1);
	assert_success(flush(&queue));
	driver_delete_queue(driver, &queue);
	assert_status(delete_sq(driver, 1), NVM_SC_QID_INVALID);
	rig_free(rig);
}

TEST_CASE(every_queue_pair_works_at_once)
{
	struct rig *rig = rig_new_enabled(&(struct rig_options){
		.max_io_queues = 64, .max_vectors = 64,
	});
	struct driver *driver = rig->driver[0];
	struct queue_pair queue[64];

	for (unsigned int i = 0; i < 64; i++)
		driver_create_queue(driver, &queue[i], i + 1, 8, i % 63 + 1);
	for (unsigned int i = 0; i < 640; i++)
		assert_success(flush(&queue[i * 7 % 64]));
	for (unsigned int i = 0; i < 64; i++)
		driver_delete_queue(driver, &queue[i]);
	rig_free(rig);
}

TEST_CASE(queue_ids_need_not_be_used_in_order)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue = { 0 };

	driver_create_cq(driver, &queue.cq, 7, 16, 3);
	driver_create_sq(driver, &queue.sq, 2, 16, 7);
	assert_success(flush(&queue));
	rig_free(rig);
}

TEST_CASE(queues_can_be_created_again_after_deletion)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	for (unsigned int i = 0; i < 20; i++) {
		struct queue_pair queue;

		driver_create_queue(driver, &queue, 3, 2 + i, 1);
		for (unsigned int n = 0; n < i + 3; n++)
			assert_success(flush(&queue));
		driver_delete_queue(driver, &queue);
	}
	rig_free(rig);
}

TEST_CASE(queues_of_two_entries_wrap_and_toggle_the_phase)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 2, 1);
	for (unsigned int i = 0; i < 100; i++)
		assert_success(flush(&queue));
	rig_free(rig);
}

TEST_CASE(queues_of_the_largest_size_wrap)
{
	struct rig *rig = rig_new_enabled(&(struct rig_options){ .max_queue_entries = 4096 });
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;
	struct completion completion;
	unsigned int done = 0;

	driver_create_queue(driver, &queue, 1, 4096, 1);
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < 4095; i++)
			sq_push(&queue.sq, &(struct command){ .opcode = NVM_IO_FLUSH, .nsid = 1 });
		sq_ring(&queue.sq);
		rig_run(rig);
		while (cq_poll(&queue.cq, &completion)) {
			assert_success(completion);
			done++;
		}
		cq_ring(&queue.cq);
	}
	assert_int_equal(done, 3 * 4095);
	rig_free(rig);
}

TEST_CASE(submission_and_completion_queue_sizes_are_independent)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;

	driver_create_cq(driver, &queue.cq, 1, 3, 1);
	driver_create_sq(driver, &queue.sq, 1, 17, 1);
	for (unsigned int i = 0; i < 100; i++)
		assert_success(flush(&queue));
	rig_free(rig);
}

TEST_CASE(two_submission_queues_share_a_completion_queue)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue = { 0 };
	struct submission_queue other;
	struct completion completion;
	uint16_t cid;

	driver_create_queue(driver, &queue, 1, 16, 1);
	driver_create_sq(driver, &other, 2, 16, 1);
	assert_success(flush(&queue));
	cid = sq_submit(&other, &(struct command){ .opcode = NVM_IO_FLUSH, .nsid = 1 });
	completion = cq_take(&queue.cq);
	assert_success(completion);
	assert_int_equal(completion.sqid, 2);
	assert_int_equal(completion.cid, cid);
	assert_int_equal(completion.sqhd, 1);
	assert_status(delete_cq(driver, 1), NVM_SC_INVALID_QUEUE_DELETION);
	assert_success(delete_sq(driver, 1));
	assert_status(delete_cq(driver, 1), NVM_SC_INVALID_QUEUE_DELETION);
	assert_success(delete_sq(driver, 2));
	assert_success(delete_cq(driver, 1));
	rig_free(rig);
}

TEST_CASE(bad_completion_queues_are_refused)
{
	static const struct {
		const char *what;
		uint32_t cdw10;
		uint32_t cdw11;
		unsigned int status;
	} bad[] = {
		{ "queue id 0", QUEUE(16, 0), CQ_FLAGS(1), NVM_SC_QID_INVALID },
		{ "queue id beyond the last", QUEUE(16, 9), CQ_FLAGS(1), NVM_SC_QID_INVALID },
		{ "queue id FFFFh", QUEUE(16, 0xffff), CQ_FLAGS(1), NVM_SC_QID_INVALID },
		{ "queue id in use", QUEUE(16, 1), CQ_FLAGS(1), NVM_SC_QID_INVALID },
		{ "one entry", QUEUE(1, 2), CQ_FLAGS(1), NVM_SC_QUEUE_SIZE },
		{ "more entries than MQES", QUEUE(1025, 2), CQ_FLAGS(1), NVM_SC_QUEUE_SIZE },
		{ "64 Ki entries", QUEUE(65536u, 2), CQ_FLAGS(1), NVM_SC_QUEUE_SIZE },
		{ "vector beyond the last", QUEUE(16, 2), CQ_FLAGS(9), NVM_SC_INVALID_VECTOR },
		{ "vector FFFFh", QUEUE(16, 2), CQ_FLAGS(0xffffu), NVM_SC_INVALID_VECTOR },
		{ "not contiguous", QUEUE(16, 2), CQ_FLAGS(1) & ~1u, NVM_SC_INVALID_FIELD },
	};
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 1);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct completion completion = create_cq(driver, bad[i].cdw10, bad[i].cdw11);

		if (completion.status != bad[i].status)
			fail_msg("%s: status %#x, expected %#x", bad[i].what, completion.status,
				 bad[i].status);
	}
	assert_status(delete_cq(driver, 2), NVM_SC_QID_INVALID);
	assert_success(flush(&queue));
	rig_free(rig);
}

TEST_CASE(bad_submission_queues_are_refused)
{
	static const struct {
		const char *what;
		uint32_t cdw10;
		uint32_t cdw11;
		unsigned int status;
	} bad[] = {
		{ "queue id 0", QUEUE(16, 0), SQ_FLAGS(1), NVM_SC_QID_INVALID },
		{ "queue id beyond the last", QUEUE(16, 9), SQ_FLAGS(1), NVM_SC_QID_INVALID },
		{ "queue id FFFFh", QUEUE(16, 0xffff), SQ_FLAGS(1), NVM_SC_QID_INVALID },
		{ "queue id in use", QUEUE(16, 1), SQ_FLAGS(1), NVM_SC_QID_INVALID },
		{ "one entry", QUEUE(1, 2), SQ_FLAGS(1), NVM_SC_QUEUE_SIZE },
		{ "more entries than MQES", QUEUE(1025, 2), SQ_FLAGS(1), NVM_SC_QUEUE_SIZE },
		{ "no such completion queue", QUEUE(16, 2), SQ_FLAGS(2), NVM_SC_CQ_INVALID },
		{ "not contiguous", QUEUE(16, 2), SQ_FLAGS(1) & ~1u, NVM_SC_INVALID_FIELD },
	};
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 1);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct completion completion = create_sq(driver, bad[i].cdw10, bad[i].cdw11);

		if (completion.status != bad[i].status)
			fail_msg("%s: status %#x, expected %#x", bad[i].what, completion.status,
				 bad[i].status);
	}
	assert_status(delete_sq(driver, 2), NVM_SC_QID_INVALID);
	assert_success(flush(&queue));
	rig_free(rig);
}

TEST_CASE(a_submission_queue_cannot_use_the_admin_completion_queue)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct completion completion = create_sq(rig->driver[0], QUEUE(16, 1), SQ_FLAGS(0));

	/* Base 5.5 names both for a completion queue id that cannot be used. */
	if (completion.status != NVM_SC_QID_INVALID)
		assert_status(completion, NVM_SC_CQ_INVALID);
	assert_status(delete_sq(rig->driver[0], 1), NVM_SC_QID_INVALID);
	rig_free(rig);
}

TEST_CASE(queue_addresses_must_be_page_aligned)
{
	struct rig *rig = rig_new(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;
	uint64_t memory;

	driver->page_shift = 14;
	driver_enable(driver);
	driver_create_queue(driver, &queue, 1, 16, 1);
	memory = guest_alloc(driver->memory, 8 * PAGE);
	for (unsigned int offset = 4; offset < 0x4000; offset = offset * 4) {
		assert_status(ADMIN(driver, .opcode = NVM_ADMIN_CREATE_CQ, .prp1 = memory + offset,
				    .cdw10 = QUEUE(16, 2), .cdw11 = CQ_FLAGS(1)),
			      NVM_SC_INVALID_PRP_OFFSET);
		assert_status(ADMIN(driver, .opcode = NVM_ADMIN_CREATE_SQ, .prp1 = memory + offset,
				    .cdw10 = QUEUE(16, 2), .cdw11 = SQ_FLAGS(1)),
			      NVM_SC_INVALID_PRP_OFFSET);
	}
	rig_free(rig);
}

TEST_CASE(entry_sizes_must_be_set_before_io_queues_are_created)
{
	struct rig *rig = rig_new(NULL);
	struct driver *driver = rig->driver[0];

	driver_set_admin_queues(driver, 32, 32);
	driver_write32(driver, NVM_REG_CC, NVM_CC_EN);
	rig_run(rig);
	assert_true(driver_is_ready(driver));
	assert_status(create_cq(driver, QUEUE(16, 1), CQ_FLAGS(1)), NVM_SC_QUEUE_SIZE);
	driver_write32(driver, NVM_REG_CC, NVM_CC_EN | 4 << 20);
	assert_success(create_cq(driver, QUEUE(16, 1), CQ_FLAGS(1)));
	assert_status(create_sq(driver, QUEUE(16, 1), SQ_FLAGS(1)), NVM_SC_QUEUE_SIZE);
	driver_write32(driver, NVM_REG_CC, NVM_CC_EN | CC_DEFAULT);
	assert_success(create_sq(driver, QUEUE(16, 1), SQ_FLAGS(1)));
	rig_free(rig);
}

TEST_CASE(admin_queues_cannot_be_deleted)
{
	struct rig *rig = rig_new_enabled(NULL);

	assert_status(delete_sq(rig->driver[0], 0), NVM_SC_QID_INVALID);
	assert_status(delete_cq(rig->driver[0], 0), NVM_SC_QID_INVALID);
	rig_free(rig);
}

TEST_CASE(queues_that_do_not_exist_cannot_be_deleted)
{
	static const unsigned int qid[] = { 1, 8, 9, 1000, 0xffff };
	struct rig *rig = rig_new_enabled(NULL);

	for (size_t i = 0; i < ARRAY_SIZE(qid); i++) {
		assert_status(delete_sq(rig->driver[0], qid[i]), NVM_SC_QID_INVALID);
		assert_status(delete_cq(rig->driver[0], qid[i]), NVM_SC_QID_INVALID);
	}
	rig_free(rig);
}

TEST_CASE(a_completion_queue_in_use_cannot_be_deleted)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 1, 16, 1);
	assert_status(delete_cq(driver, 1), NVM_SC_INVALID_QUEUE_DELETION);
	assert_success(flush(&queue));
	rig_free(rig);
}

TEST_CASE(deleting_a_submission_queue_waits_for_its_commands)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 512);
	struct command read = rw_command(NVM_IO_READ, 1, 0, 1, buffer);
	struct completion completion;
	struct queue_pair queue;
	unsigned int ended = 0;
	uint16_t cid;

	driver_create_queue(driver, &queue, 1, 16, 1);
	rig->medium[1]->hold = true;
	for (unsigned int i = 0; i < 3; i++)
		sq_submit(&queue.sq, &read);
	rig_run(rig);
	assert_int_equal(scripted_held(rig->medium[1]), 3);
	cid = sq_submit(&driver->admin.sq,
			&(struct command){ .opcode = NVM_ADMIN_DELETE_SQ, .cdw10 = 1 });
	rig_run(rig);
	scripted_complete(rig->medium[1], 1, 0);
	scripted_complete(rig->medium[1], 0, 0);
	cq_assert_empty(&driver->admin.cq);
	scripted_release(rig->medium[1]);
	completion = cq_take(&driver->admin.cq);
	assert_success(completion);
	assert_int_equal(completion.cid, cid);
	while (cq_poll(&queue.cq, &completion)) {
		assert_int_equal(completion.sqid, 1);
		if (completion.status != NVM_SC_ABORT_SQ_DELETED)
			assert_success(completion);
		ended++;
	}
	assert_int_equal(ended, 3);
	assert_success(delete_cq(driver, 1));
	rig_free(rig);
}

TEST_CASE(the_other_queues_go_on_while_a_deletion_waits)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct buffer *buffer = buffer_new(driver, 512);
	struct command read = rw_command(NVM_IO_READ, 1, 0, 1, buffer);
	struct queue_pair stuck, other;
	uint8_t data[NVM_IDENTIFY_SIZE];

	driver_create_queue(driver, &stuck, 1, 16, 1);
	driver_create_queue(driver, &other, 2, 16, 2);
	rig->medium[1]->hold = true;
	sq_submit(&stuck.sq, &read);
	rig_run(rig);
	sq_submit(&driver->admin.sq,
		  &(struct command){ .opcode = NVM_ADMIN_DELETE_SQ, .cdw10 = 1 });
	rig_run(rig);
	assert_success(COMMAND(&other, .opcode = NVM_IO_FLUSH, .nsid = 3));
	sq_submit(&driver->admin.sq, &(struct command){ .opcode = NVM_ADMIN_IDENTIFY,
							.cdw10 = NVM_CNS_CTRL,
							.prp1 = driver->scratch });
	assert_int_equal(cq_take(&driver->admin.cq).cid, driver->next_cid - 1);
	scripted_release(rig->medium[1]);
	assert_success(cq_take(&driver->admin.cq));
	assert_success(delete_cq(driver, 1));
	assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
	rig_free(rig);
}

TEST_CASE(a_submission_queue_whose_completions_do_not_fit_can_be_deleted)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;
	uint16_t cid;

	driver_create_cq(driver, &queue.cq, 1, 2, 1);
	driver_create_sq(driver, &queue.sq, 1, 16, 1);
	for (unsigned int i = 0; i < 10; i++)
		sq_push(&queue.sq, &(struct command){ .opcode = NVM_IO_FLUSH, .nsid = 1 });
	sq_ring(&queue.sq);
	rig_run(rig);
	cid = sq_submit(&driver->admin.sq,
			&(struct command){ .opcode = NVM_ADMIN_DELETE_SQ, .cdw10 = 1 });
	rig_run(rig);
	for (unsigned int i = 0; i < 10; i++) {
		struct completion completion;

		if (cq_poll(&queue.cq, &completion))
			cq_ring(&queue.cq);
		rig_run(rig);
	}
	assert_int_equal(cq_take(&driver->admin.cq).cid, cid);
	assert_success(delete_cq(driver, 1));
	assert_success(create_cq(driver, QUEUE(16, 1), CQ_FLAGS(1)));
	rig_free(rig);
}

TEST_CASE(a_deleted_queue_is_never_touched_again)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue;
	uint64_t sum;

	driver_create_queue(driver, &queue, 1, 16, 1);
	assert_success(flush(&queue));
	driver_delete_queue(driver, &queue);
	guest_unmap(driver->memory, queue.sq.addr, PAGE);
	guest_unmap(driver->memory, queue.cq.addr, 256);
	sum = guest_checksum(driver->memory);
	driver_write32(driver, NVM_REG_DBS + 8, 5);
	driver_write32(driver, NVM_REG_DBS + 12, 5);
	rig_advance(rig, 1000 * MS);
	assert_int_equal(guest_checksum(driver->memory), sum);
	assert_true(driver_is_ready(driver));
	rig_free(rig);
}

TEST_CASE(queue_memory_is_judged_when_it_is_used)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];

	assert_success(ADMIN(driver, .opcode = NVM_ADMIN_CREATE_CQ, .prp1 = 0xdead0000,
			     .cdw10 = QUEUE(16, 1), .cdw11 = CQ_FLAGS(1)));
	assert_true(driver_is_ready(driver));
	rig_free(rig);
}

RUN_TESTS("queues_create_delete",
	  cmocka_unit_test(a_queue_pair_works_until_it_is_deleted),
	  cmocka_unit_test(every_queue_pair_works_at_once),
	  cmocka_unit_test(queue_ids_need_not_be_used_in_order),
	  cmocka_unit_test(queues_can_be_created_again_after_deletion),
	  cmocka_unit_test(queues_of_two_entries_wrap_and_toggle_the_phase),
	  cmocka_unit_test(queues_of_the_largest_size_wrap),
	  cmocka_unit_test(submission_and_completion_queue_sizes_are_independent),
	  cmocka_unit_test(two_submission_queues_share_a_completion_queue),
	  cmocka_unit_test(bad_completion_queues_are_refused),
	  cmocka_unit_test(bad_submission_queues_are_refused),
	  cmocka_unit_test(a_submission_queue_cannot_use_the_admin_completion_queue),
	  cmocka_unit_test(queue_addresses_must_be_page_aligned),
	  cmocka_unit_test(entry_sizes_must_be_set_before_io_queues_are_created),
	  cmocka_unit_test(admin_queues_cannot_be_deleted),
	  cmocka_unit_test(queues_that_do_not_exist_cannot_be_deleted),
	  cmocka_unit_test(a_completion_queue_in_use_cannot_be_deleted),
	  cmocka_unit_test(deleting_a_submission_queue_waits_for_its_commands),
	  cmocka_unit_test(the_other_queues_go_on_while_a_deletion_waits),
	  cmocka_unit_test(a_submission_queue_whose_completions_do_not_fit_can_be_deleted),
	  cmocka_unit_test(a_deleted_queue_is_never_touched_again),
	  cmocka_unit_test(queue_memory_is_judged_when_it_is_used));
