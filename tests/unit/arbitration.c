// SPDX-License-Identifier: BSD-2-Clause
/*
 * Round robin among submission queues, in bursts that the Arbitration feature bounds (Base 3.4.4).
 */
#include "harness.h"

static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 1 };

static void fill(struct submission_queue *sq, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		sq_push(sq, &flush);
	sq_ring(sq);
}

TEST_CASE(a_burst_of_one_alternates_between_busy_queues)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	unsigned int done[4] = { 0 }, last = 0;
	struct completion_queue cq;
	struct submission_queue sq[3];

	assert_success(driver_set_feature(driver, NVM_FEAT_ARBITRATION, 0, 0));
	driver_create_cq(driver, &cq, 1, 512, 1);
	for (unsigned int i = 0; i < 3; i++)
		driver_create_sq(driver, &sq[i], i + 1, 128, 1);
	for (unsigned int i = 0; i < 3; i++)
		fill(&sq[i], 100);
	for (unsigned int i = 0; i < 300; i++) {
		struct completion completion = cq_take(&cq);

		assert_int_not_equal(completion.sqid, last);
		last = completion.sqid;
		done[last]++;
	}
	for (unsigned int i = 1; i <= 3; i++)
		assert_int_equal(done[i], 100);
	rig_free(rig);
}

TEST_CASE(a_burst_is_never_longer_than_set)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	unsigned int left[3] = { 0, 100, 100 }, run = 0, last = 0;
	struct completion_queue cq;
	struct submission_queue sq[2];

	assert_success(driver_set_feature(driver, NVM_FEAT_ARBITRATION, 0, 2));
	driver_create_cq(driver, &cq, 1, 512, 1);
	for (unsigned int i = 0; i < 2; i++)
		driver_create_sq(driver, &sq[i], i + 1, 128, 1);
	for (unsigned int i = 0; i < 2; i++)
		fill(&sq[i], 100);
	for (unsigned int i = 0; i < 200; i++) {
		struct completion completion = cq_take(&cq);

		run = completion.sqid == last ? run + 1 : 1;
		last = completion.sqid;
		left[last]--;
		if (left[3 - last])
			assert_in_range(run, 1, 4);
	}
	rig_free(rig);
}

TEST_CASE(a_deep_queue_does_not_starve_a_shallow_one)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	unsigned int position = 0;
	struct completion_queue cq;
	struct submission_queue deep, shallow;

	driver_create_cq(driver, &cq, 1, 1024, 1);
	driver_create_sq(driver, &deep, 1, 1024, 1);
	driver_create_sq(driver, &shallow, 2, 16, 1);
	fill(&deep, 900);
	fill(&shallow, 1);
	for (unsigned int i = 0; i < 901; i++)
		if (cq_take(&cq).sqid == 2)
			position = i;
	assert_in_range(position, 0, 450);
	rig_free(rig);
}

TEST_CASE(admin_commands_are_not_starved_by_io)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct completion completion;
	struct queue_pair queue;
	unsigned int before = 0;

	driver_create_queue(driver, &queue, 1, 1024, 1);
	fill(&queue.sq, 1000);
	sq_submit(&driver->admin.sq, &(struct command){ .opcode = NVM_ADMIN_GET_FEATURES,
							.cdw10 = NVM_FEAT_NUM_QUEUES });
	while (!cq_poll(&driver->admin.cq, &completion)) {
		assert_true(rig->function[0].scheduled);
		rig->function[0].scheduled = false;
		nvmove_ctrl_run(rig->function[0].ctrl);
		while (cq_poll(&queue.cq, &completion))
			before++;
	}
	cq_ring(&driver->admin.cq);
	assert_in_range(before, 0, 600);
	rig_free(rig);
}

TEST_CASE(admin_commands_pass_io_that_fills_every_slot)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue[8];
	uint8_t data[NVM_IDENTIFY_SIZE];

	rig->medium[1]->hold = true;
	for (unsigned int i = 0; i < 8; i++) {
		driver_create_queue(driver, &queue[i], i + 1, 1024, 1);
		fill(&queue[i].sq, 1023);
	}
	rig_run(rig);
	assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
	scripted_release(rig->medium[1]);
	rig_run(rig);
	assert_int_equal(rig->medium[1]->submitted[NVMOVE_MEDIA_FLUSH], 8 * 1023);
	for (unsigned int i = 0; i < 8; i++)
		for (unsigned int n = 0; n < 1023; n++)
			assert_success(cq_take(&queue[i].cq));
	rig_free(rig);
}

TEST_CASE(one_run_is_bounded)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct queue_pair queue[8];
	unsigned int runs = 0;

	for (unsigned int i = 0; i < 8; i++) {
		driver_create_queue(driver, &queue[i], i + 1, 1024, 1);
		fill(&queue[i].sq, 1000);
	}
	while (rig->function[0].scheduled) {
		rig->function[0].scheduled = false;
		nvmove_ctrl_run(rig->function[0].ctrl);
		runs++;
	}
	assert_in_range(runs, 2, 8000);
	for (unsigned int i = 0; i < 8; i++)
		for (unsigned int n = 0; n < 1000; n++)
			assert_success(cq_take(&queue[i].cq));
	rig_free(rig);
}

TEST_CASE(queue_priorities_are_accepted_and_have_no_effect_under_round_robin)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct completion_queue cq;
	struct submission_queue sq[4];

	driver_create_cq(driver, &cq, 1, 64, 1);
	for (unsigned int i = 0; i < 4; i++) {
		sq[i] = (struct submission_queue){ .driver = driver, .qid = i + 1, .entries = 16 };
		sq[i].addr = guest_alloc(driver->memory, PAGE);
		assert_success(ADMIN(driver, .opcode = NVM_ADMIN_CREATE_SQ, .prp1 = sq[i].addr,
				     .cdw10 = 15 << 16 | (i + 1),
				     .cdw11 = 1 << 16 | i << 1 | NVM_QUEUE_PC));
		fill(&sq[i], 2);
	}
	for (unsigned int i = 0; i < 8; i++)
		assert_success(cq_take(&cq));
	rig_free(rig);
}

RUN_TESTS("arbitration",
	  cmocka_unit_test(a_burst_of_one_alternates_between_busy_queues),
	  cmocka_unit_test(a_burst_is_never_longer_than_set),
	  cmocka_unit_test(a_deep_queue_does_not_starve_a_shallow_one),
	  cmocka_unit_test(admin_commands_are_not_starved_by_io),
	  cmocka_unit_test(admin_commands_pass_io_that_fills_every_slot),
	  cmocka_unit_test(one_run_is_bounded),
	  cmocka_unit_test(queue_priorities_are_accepted_and_have_no_effect_under_round_robin));
