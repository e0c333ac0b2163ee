// SPDX-License-Identifier: BSD-2-Clause
/*
 * Interrupt coalescing (Base 5.27.1.6, 5.27.1.7): how many entries, and for how long, an interrupt
 * waits for others. It may come too early; it must never be lost.
 */
#include "harness.h"

#define US		1000ull
#define UNIT		(100 * US)
#define SETTING(threshold, time)	((time) << 8 | (threshold))
#define DISABLE(vector)	(1u << 16 | (vector))

static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 3 };

/** struct bench - a controller whose queues 1 and 2 signal vectors 1 and 2 */
struct bench {
	struct rig *rig;
	struct function *function;
	struct driver *driver;
	struct queue_pair queue[2];
};

static struct bench bench_new(unsigned int index, uint32_t setting)
{
	struct bench bench = { .rig = rig_new_secondaries(NULL, 1) };

	bench.function = &bench.rig->function[index];
	bench.driver = bench.rig->driver[index];
	driver_create_queue(bench.driver, &bench.queue[0], 1, 64, 1);
	driver_create_queue(bench.driver, &bench.queue[1], 2, 64, 2);
	assert_success(driver_set_feature(bench.driver, NVM_FEAT_IRQ_COALESCE, 0, setting));
	return bench;
}

static void bench_free(struct bench *bench)
{
	rig_free(bench->rig);
}

/** complete() - @count commands, each in a run of its own */
static void complete(struct bench *bench, unsigned int queue, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		sq_submit(&bench->queue[queue].sq, &flush);
		rig_run(bench->rig);
	}
}

static void assert_interrupts(const struct bench *bench, unsigned int vector, unsigned int expected)
{
	assert_int_equal(bench->function->interrupts[vector], expected);
}

TEST_CASE(the_threshold_is_one_more_than_its_value)
{
	struct bench bench = bench_new(0, SETTING(3, 10));

	complete(&bench, 0, 3);
	assert_interrupts(&bench, 1, 0);
	complete(&bench, 0, 1);
	assert_interrupts(&bench, 1, 1);
	complete(&bench, 0, 3);
	assert_interrupts(&bench, 1, 1);
	complete(&bench, 0, 1);
	assert_interrupts(&bench, 1, 2);
	bench_free(&bench);
}

TEST_CASE(entries_of_one_run_count_each)
{
	struct bench bench = bench_new(0, SETTING(3, 10));

	for (unsigned int i = 0; i < 6; i++)
		sq_push(&bench.queue[0].sq, &flush);
	sq_ring(&bench.queue[0].sq);
	rig_run(bench.rig);
	assert_interrupts(&bench, 1, 1);
	/* One message was for all six: the count begins anew. */
	complete(&bench, 0, 3);
	assert_interrupts(&bench, 1, 1);
	complete(&bench, 0, 1);
	assert_interrupts(&bench, 1, 2);
	bench_free(&bench);
}

TEST_CASE(an_interrupt_waits_no_longer_than_the_time)
{
	struct bench bench = bench_new(0, SETTING(200, 7));

	complete(&bench, 0, 1);
	rig_advance(bench.rig, 5 * UNIT);
	complete(&bench, 0, 1);
	rig_advance(bench.rig, 2 * UNIT - 1);
	assert_interrupts(&bench, 1, 0);
	rig_advance(bench.rig, 1);
	assert_interrupts(&bench, 1, 1);
	rig_advance(bench.rig, 100 * UNIT);
	assert_interrupts(&bench, 1, 1);
	bench_free(&bench);
}

TEST_CASE(the_time_begins_with_the_first_entry_after_an_interrupt)
{
	struct bench bench = bench_new(0, SETTING(1, 10));

	complete(&bench, 0, 1);
	rig_advance(bench.rig, 9 * UNIT);
	complete(&bench, 0, 1);
	assert_interrupts(&bench, 1, 1);
	complete(&bench, 0, 1);
	rig_advance(bench.rig, 9 * UNIT);
	assert_interrupts(&bench, 1, 1);
	rig_advance(bench.rig, 1 * UNIT);
	assert_interrupts(&bench, 1, 2);
	bench_free(&bench);
}

TEST_CASE(either_value_at_0_turns_it_off)
{
	static const uint32_t off[] = { SETTING(0, 0), SETTING(0, 10), SETTING(10, 0) };

	for (size_t i = 0; i < ARRAY_SIZE(off); i++) {
		struct bench bench = bench_new(0, off[i]);

		complete(&bench, 0, 3);
		assert_interrupts(&bench, 1, 3);
		assert_int_equal(bench.function->deadline, UINT64_MAX);
		bench_free(&bench);
	}
}

TEST_CASE(a_vector_can_be_left_out)
{
	struct bench bench = bench_new(0, SETTING(10, 10));

	assert_success(driver_set_feature(bench.driver, NVM_FEAT_IRQ_CONFIG, 0, DISABLE(1)));
	complete(&bench, 0, 2);
	complete(&bench, 1, 2);
	assert_interrupts(&bench, 1, 2);
	assert_interrupts(&bench, 2, 0);
	rig_advance(bench.rig, 10 * UNIT);
	assert_interrupts(&bench, 2, 1);
	bench_free(&bench);
}

TEST_CASE(leaving_a_vector_out_signals_what_it_holds_back)
{
	struct bench bench = bench_new(0, SETTING(10, 10));

	complete(&bench, 0, 2);
	complete(&bench, 1, 2);
	assert_success(driver_set_feature(bench.driver, NVM_FEAT_IRQ_CONFIG, 0, DISABLE(1)));
	assert_interrupts(&bench, 1, 1);
	assert_interrupts(&bench, 2, 0);
	bench_free(&bench);
}

TEST_CASE(a_new_setting_signals_what_the_old_one_holds_back)
{
	struct bench bench = bench_new(0, SETTING(10, 200));

	complete(&bench, 0, 2);
	assert_success(driver_set_feature(bench.driver, NVM_FEAT_IRQ_COALESCE, 0, SETTING(10, 1)));
	assert_interrupts(&bench, 1, 1);
	complete(&bench, 1, 1);
	rig_advance(bench.rig, 1 * UNIT);
	assert_interrupts(&bench, 1, 1);
	assert_interrupts(&bench, 2, 1);
	bench_free(&bench);
}

TEST_CASE(vectors_count_and_wait_apart)
{
	struct bench bench = bench_new(0, SETTING(2, 10));

	complete(&bench, 0, 2);
	rig_advance(bench.rig, 4 * UNIT);
	complete(&bench, 1, 2);
	assert_interrupts(&bench, 1, 0);
	assert_interrupts(&bench, 2, 0);
	rig_advance(bench.rig, 6 * UNIT);
	assert_interrupts(&bench, 1, 1);
	assert_interrupts(&bench, 2, 0);
	rig_advance(bench.rig, 4 * UNIT);
	assert_interrupts(&bench, 1, 1);
	assert_interrupts(&bench, 2, 1);
	bench_free(&bench);
}

TEST_CASE(a_vector_in_the_middle_can_reach_its_threshold)
{
	struct bench bench = bench_new(0, SETTING(2, 10));
	struct queue_pair third;

	driver_create_queue(bench.driver, &third, 3, 16, 3);
	complete(&bench, 0, 1);
	complete(&bench, 1, 1);
	sq_submit(&third.sq, &flush);
	rig_run(bench.rig);
	complete(&bench, 1, 2);
	assert_interrupts(&bench, 2, 1);
	rig_advance(bench.rig, 10 * UNIT);
	assert_interrupts(&bench, 1, 1);
	assert_interrupts(&bench, 2, 1);
	assert_interrupts(&bench, 3, 1);
	bench_free(&bench);
}

TEST_CASE(queues_of_one_vector_count_together)
{
	struct bench bench = bench_new(0, SETTING(3, 10));
	struct queue_pair third;

	driver_create_queue(bench.driver, &third, 3, 16, 1);
	complete(&bench, 0, 2);
	for (unsigned int i = 0; i < 2; i++) {
		assert_interrupts(&bench, 1, 0);
		sq_submit(&third.sq, &flush);
		rig_run(bench.rig);
	}
	assert_interrupts(&bench, 1, 1);
	bench_free(&bench);
}

TEST_CASE(admin_completions_are_never_delayed)
{
	struct bench bench = bench_new(0, SETTING(100, 100));
	unsigned int before = bench.function->interrupts[0];
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(driver_identify(bench.driver, NVM_CNS_CTRL, 0, 0, data));
	assert_interrupts(&bench, 0, before + 1);
	bench_free(&bench);
}

TEST_CASE(the_admin_queue_takes_along_what_its_vector_holds_back)
{
	struct bench bench = bench_new(0, SETTING(100, 10));
	uint8_t data[NVM_IDENTIFY_SIZE];
	struct queue_pair third;
	unsigned int before;

	driver_create_queue(bench.driver, &third, 3, 16, 0);
	before = bench.function->interrupts[0];
	sq_submit(&third.sq, &flush);
	rig_run(bench.rig);
	assert_interrupts(&bench, 0, before);
	assert_success(driver_identify(bench.driver, NVM_CNS_CTRL, 0, 0, data));
	assert_interrupts(&bench, 0, before + 1);
	rig_advance(bench.rig, 20 * UNIT);
	assert_interrupts(&bench, 0, before + 1);
	bench_free(&bench);
}

TEST_CASE(a_masked_vector_is_signalled_when_it_is_unmasked)
{
	struct bench bench = bench_new(0, SETTING(10, 10));

	driver_write32(bench.driver, NVM_REG_INTMS, 1 << 1);
	complete(&bench, 0, 2);
	rig_advance(bench.rig, 20 * UNIT);
	assert_interrupts(&bench, 1, 0);
	driver_write32(bench.driver, NVM_REG_INTMC, 1 << 1);
	rig_run(bench.rig);
	assert_interrupts(&bench, 1, 1);
	rig_advance(bench.rig, 20 * UNIT);
	assert_interrupts(&bench, 1, 1);
	bench_free(&bench);
}

TEST_CASE(an_unmasked_vector_that_holds_back_loses_nothing)
{
	struct bench bench = bench_new(0, SETTING(10, 10));

	complete(&bench, 0, 2);
	driver_write32(bench.driver, NVM_REG_INTMS, 1 << 1);
	driver_write32(bench.driver, NVM_REG_INTMC, 1 << 1);
	rig_advance(bench.rig, 10 * UNIT);
	assert_true(bench.function->interrupts[1] >= 1);
	bench_free(&bench);
}

TEST_CASE(a_reset_forgets)
{
	struct bench bench = bench_new(0, SETTING(10, 10));

	complete(&bench, 0, 2);
	driver_disable(bench.driver);
	assert_int_equal(bench.function->deadline, UINT64_MAX);
	driver_enable(bench.driver);
	rig_advance(bench.rig, 20 * UNIT);
	assert_interrupts(&bench, 1, 0);
	driver_create_queue(bench.driver, &bench.queue[0], 1, 64, 1);
	complete(&bench, 0, 1);
	assert_interrupts(&bench, 1, 1);
	bench_free(&bench);
}

TEST_CASE(a_deleted_queue_leaves_nothing_behind_that_hurts)
{
	struct bench bench = bench_new(0, SETTING(10, 10));

	complete(&bench, 0, 2);
	driver_delete_queue(bench.driver, &bench.queue[0]);
	rig_advance(bench.rig, 20 * UNIT);
	driver_create_queue(bench.driver, &bench.queue[0], 1, 64, 1);
	bench.function->interrupts[1] = 0;
	complete(&bench, 0, 11);
	assert_interrupts(&bench, 1, 1);
	bench_free(&bench);
}

TEST_CASE(a_suspended_controller_signals_nothing_and_a_resumed_one_all)
{
	struct bench bench = bench_new(1, SETTING(10, 10));

	complete(&bench, 0, 2);
	rig_suspend(bench.rig, 1);
	assert_int_equal(bench.function->deadline, UINT64_MAX);
	rig_advance(bench.rig, 100 * UNIT);
	assert_interrupts(&bench, 1, 0);
	assert_int_equal(nvmove_ctrl_resume(bench.function->ctrl), 0);
	assert_interrupts(&bench, 1, 1);
	assert_interrupts(&bench, 2, 0);
	rig_advance(bench.rig, 100 * UNIT);
	assert_interrupts(&bench, 1, 1);
	complete(&bench, 0, 10);
	assert_interrupts(&bench, 1, 1);
	complete(&bench, 0, 1);
	assert_interrupts(&bench, 1, 2);
	bench_free(&bench);
}

TEST_CASE(what_was_read_while_suspended_is_not_signalled_afterwards)
{
	struct bench bench = bench_new(1, SETTING(10, 10));
	struct completion completion;

	complete(&bench, 0, 2);
	rig_suspend(bench.rig, 1);
	while (cq_poll(&bench.queue[0].cq, &completion))
		assert_success(completion);
	cq_ring(&bench.queue[0].cq);
	assert_int_equal(nvmove_ctrl_resume(bench.function->ctrl), 0);
	rig_advance(bench.rig, 100 * UNIT);
	assert_interrupts(&bench, 1, 0);
	bench_free(&bench);
}

TEST_CASE(what_was_held_back_is_signalled_on_the_destination)
{
	struct bench bench = bench_new(1, SETTING(4, 10));
	struct rig *destination;

	assert_success(driver_set_feature(bench.driver, NVM_FEAT_IRQ_CONFIG, 0, DISABLE(2)));
	complete(&bench, 0, 2);
	destination = rig_new_destination(bench.rig, 1);
	rig_migrate(bench.rig, destination, 1);
	assert_interrupts(&bench, 1, 0);
	assert_int_equal(destination->function[1].interrupts[1], 1);
	/* And the setting has moved, for this vector and for that. */
	for (unsigned int i = 0; i < 4; i++) {
		sq_submit(&bench.queue[0].sq, &flush);
		sq_submit(&bench.queue[1].sq, &flush);
		rig_run(destination);
	}
	assert_int_equal(destination->function[1].interrupts[1], 1);
	assert_int_equal(destination->function[1].interrupts[2], 4);
	rig_advance(destination, 10 * UNIT);
	assert_int_equal(destination->function[1].interrupts[1], 2);
	rig_free(destination);
	bench_free(&bench);
}

TEST_CASE(the_timer_serves_keep_alive_too)
{
	struct bench bench = bench_new(0, SETTING(100, 100));	/* 10 ms */
	uint64_t start = bench.rig->now;

	assert_success(driver_set_feature(bench.driver, NVM_FEAT_KATO, 0, 100));
	assert_int_equal(bench.function->deadline, start + 100 * MS);
	complete(&bench, 0, 1);
	assert_int_equal(bench.function->deadline, start + 10 * MS);
	rig_advance(bench.rig, 10 * MS);
	assert_interrupts(&bench, 1, 1);
	assert_int_equal(bench.function->deadline, start + 100 * MS);
	rig_advance(bench.rig, 85 * MS);
	complete(&bench, 0, 1);
	assert_int_equal(bench.function->deadline, start + 100 * MS);
	assert_true(driver_is_ready(bench.driver));
	rig_advance(bench.rig, 5 * MS);
	assert_int_equal(driver_read32(bench.driver, NVM_REG_CSTS) & NVM_CSTS_CFS, NVM_CSTS_CFS);
	assert_int_equal(bench.function->deadline, UINT64_MAX);
	bench_free(&bench);
}

TEST_CASE(a_timer_that_comes_too_early_is_harmless)
{
	struct bench bench = bench_new(0, SETTING(100, 10));

	complete(&bench, 0, 1);
	bench.function->deadline = UINT64_MAX;
	nvmove_ctrl_timer(bench.function->ctrl);
	assert_interrupts(&bench, 1, 0);
	rig_advance(bench.rig, 10 * UNIT);
	assert_interrupts(&bench, 1, 1);
	bench_free(&bench);
}

RUN_TESTS("interrupt_coalescing",
	  cmocka_unit_test(the_threshold_is_one_more_than_its_value),
	  cmocka_unit_test(entries_of_one_run_count_each),
	  cmocka_unit_test(an_interrupt_waits_no_longer_than_the_time),
	  cmocka_unit_test(the_time_begins_with_the_first_entry_after_an_interrupt),
	  cmocka_unit_test(either_value_at_0_turns_it_off),
	  cmocka_unit_test(a_vector_can_be_left_out),
	  cmocka_unit_test(leaving_a_vector_out_signals_what_it_holds_back),
	  cmocka_unit_test(a_new_setting_signals_what_the_old_one_holds_back),
	  cmocka_unit_test(vectors_count_and_wait_apart),
	  cmocka_unit_test(a_vector_in_the_middle_can_reach_its_threshold),
	  cmocka_unit_test(queues_of_one_vector_count_together),
	  cmocka_unit_test(admin_completions_are_never_delayed),
	  cmocka_unit_test(the_admin_queue_takes_along_what_its_vector_holds_back),
	  cmocka_unit_test(a_masked_vector_is_signalled_when_it_is_unmasked),
	  cmocka_unit_test(an_unmasked_vector_that_holds_back_loses_nothing),
	  cmocka_unit_test(a_reset_forgets),
	  cmocka_unit_test(a_deleted_queue_leaves_nothing_behind_that_hurts),
	  cmocka_unit_test(a_suspended_controller_signals_nothing_and_a_resumed_one_all),
	  cmocka_unit_test(what_was_read_while_suspended_is_not_signalled_afterwards),
	  cmocka_unit_test(what_was_held_back_is_signalled_on_the_destination),
	  cmocka_unit_test(the_timer_serves_keep_alive_too),
	  cmocka_unit_test(a_timer_that_comes_too_early_is_harmless));
