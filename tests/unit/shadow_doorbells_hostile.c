// SPDX-License-Identifier: BSD-2-Clause
/*
 * Shadow doorbells of a host that is broken or malicious: what it leaves in memory is handled as a
 * register write would be, costs a bounded amount of work, and harms nobody.
 */
#include "shadow_host.h"

#define EVENT(info)	((uint32_t)(info) << 8 | NVM_LOG_ERROR << 16)

static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 3 };

struct bench {
	struct rig *rig;
	struct function *function;
	struct driver *driver;
	struct shadow_host host;
	struct queue_pair queue;
};

static struct bench bench_new(void)
{
	struct bench bench = { .rig = rig_new_enabled(NULL) };

	bench.function = &bench.rig->function[0];
	bench.driver = bench.rig->driver[0];
	bench.host = shadow_host_new(bench.driver, 0);
	driver_create_queue(bench.driver, &bench.queue, 1, 16, 1);
	assert_success(shadow_configure(&bench.host));
	return bench;
}

static void expect_event(struct bench *bench, uint32_t event)
{
	uint8_t data[64];
	struct completion completion;

	driver_submit_aer(bench->driver);
	completion = cq_take(&bench->driver->admin.cq);
	assert_success(completion);
	assert_int_equal(completion.dw0, event);
	assert_success(driver_get_log(bench->driver, NVM_LOG_ERROR, 0, data, sizeof(data)));
}

static bool fatal(struct driver *driver)
{
	return driver_read32(driver, NVM_REG_CSTS) & NVM_CSTS_CFS;
}

static void works(struct bench *bench)
{
	struct completion completion;

	sq_push(&bench->queue.sq, &flush);
	shadow_ring_sq(&bench->host, &bench->queue.sq);
	rig_run(bench->rig);
	assert_true(cq_poll(&bench->queue.cq, &completion));
	assert_success(completion);
	shadow_ring_cq(&bench->host, &bench->queue.cq);
}

static struct completion configure(struct driver *driver, uint64_t prp1, uint64_t prp2)
{
	return ADMIN(driver, .opcode = NVM_ADMIN_DOORBELL_BUFFER_CONFIG, .prp1 = prp1,
		     .prp2 = prp2);
}

TEST_CASE(bad_addresses_are_refused_and_change_nothing)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	uint64_t a = guest_alloc(driver->memory, PAGE), b = guest_alloc(driver->memory, PAGE);
	struct queue_pair queue;
	const struct {
		uint64_t prp1, prp2;
		unsigned int faults;
	} bad[] = {
		{ 0, 0, 0 }, { 0, b, 0 }, { a, 0, 0 }, { a, a, 0 },
		{ a + 4, b, 0 }, { a, b + 2048, 0 }, { a, b + 1, 0 },
		{ -(uint64_t)PAGE, b, 0 }, { a, -(uint64_t)PAGE, 0 },
		{ 0xdead000, b, 1 }, { a, 0xdead000, 1 },
	};

	driver_create_queue(driver, &queue, 1, 16, 1);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_status(configure(driver, bad[i].prp1, bad[i].prp2), NVM_SC_INVALID_FIELD);
		assert_int_equal(guest_take_faults(driver->memory), bad[i].faults);
	}
	guest_fill(driver->memory, a, 0, PAGE);
	guest_fill(driver->memory, b, 0, PAGE);
	for (unsigned int i = 0; i < 20; i++)
		assert_success(queue_command(&queue, &flush));
	assert_true(guest_is_filled(driver->memory, b, 0, PAGE));
	rig_free(rig);
}

TEST_CASE(alignment_is_to_the_memory_page_size)
{
	struct rig *rig = rig_new(NULL);
	struct driver *driver = rig->driver[0];
	uint64_t a, b;

	driver->page_shift = 14;
	driver_enable(driver);
	a = guest_alloc(driver->memory, 4 * PAGE);
	b = guest_alloc(driver->memory, 4 * PAGE);
	assert_status(configure(driver, a + PAGE, b), NVM_SC_INVALID_FIELD);
	assert_status(configure(driver, a, b + 2 * PAGE), NVM_SC_INVALID_FIELD);
	assert_success(configure(driver, a, b));
	rig_free(rig);
}

TEST_CASE(a_refused_change_leaves_the_former_buffers_in_use)
{
	struct bench bench = bench_new();

	works(&bench);
	assert_status(configure(bench.driver, 0xdead000, bench.host.event_indexes),
		      NVM_SC_INVALID_FIELD);
	assert_int_equal(guest_take_faults(bench.driver->memory), 1);
	for (unsigned int i = 0; i < 20; i++)
		works(&bench);
	rig_free(bench.rig);
}

TEST_CASE(a_tail_beyond_the_queue_is_an_event_and_nothing_else)
{
	static const uint32_t values[] = { 16, 17, 0x100, 0xffff, 0x10000, 0x10001, 0xffffffff };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct bench bench = bench_new();
		struct completion completion;
		unsigned long dma;

		works(&bench);
		shadow_store(&bench.host, SQ_ENTRY(1), values[i]);
		dma = bench.function->dma;
		driver_write32(bench.driver, NVM_REG_DBS + SQ_ENTRY(1), 2);
		rig_run(bench.rig);
		assert_int_equal(bench.function->dma, dma + 1);		/* it was read */
		assert_false(cq_poll(&bench.queue.cq, &completion));
		expect_event(&bench, EVENT(NVM_EVENT_ERROR_DB_VALUE));
		shadow_store(&bench.host, SQ_ENTRY(1), 1);
		works(&bench);
		rig_free(bench.rig);
	}
}

TEST_CASE(a_tail_that_goes_bad_while_the_queue_goes_idle_is_an_event)
{
	struct bench bench = bench_new();
	struct completion completion;

	sq_push(&bench.queue.sq, &flush);
	shadow_ring_sq(&bench.host, &bench.queue.sq);
	rig_run(bench.rig);		/* fetched and idle again */
	sq_push(&bench.queue.sq, &flush);
	shadow_store(&bench.host, SQ_ENTRY(1), 2);
	driver_write32(bench.driver, NVM_REG_DBS + SQ_ENTRY(1), 2);
	shadow_store(&bench.host, SQ_ENTRY(1), 99);
	rig_run(bench.rig);
	expect_event(&bench, EVENT(NVM_EVENT_ERROR_DB_VALUE));
	for (unsigned int i = 0; i < 2; i++)
		assert_true(cq_poll(&bench.queue.cq, &completion));
	assert_false(fatal(bench.driver));
	rig_free(bench.rig);
}

TEST_CASE(registers_are_still_checked)
{
	struct bench bench = bench_new();

	driver_write32(bench.driver, NVM_REG_DBS + SQ_ENTRY(1), 16);
	expect_event(&bench, EVENT(NVM_EVENT_ERROR_DB_VALUE));
	driver_write32(bench.driver, NVM_REG_DBS + CQ_ENTRY(1), 16);
	expect_event(&bench, EVENT(NVM_EVENT_ERROR_DB_VALUE));
	driver_write32(bench.driver, NVM_REG_DBS + SQ_ENTRY(2), 1);
	expect_event(&bench, EVENT(NVM_EVENT_ERROR_DB_REGISTER));
	works(&bench);
	rig_free(bench.rig);
}

TEST_CASE(a_head_beyond_what_was_posted_is_an_event_and_nothing_else)
{
	static const uint32_t values[] = { 2, 3, 15, 16, 0xffff, 0x10001, 0xffffffff };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct bench bench = bench_new();
		struct completion completion;

		sq_push(&bench.queue.sq, &flush);
		shadow_ring_sq(&bench.host, &bench.queue.sq);
		rig_run(bench.rig);
		shadow_store(&bench.host, CQ_ENTRY(1), values[i]);
		driver_write32(bench.driver, NVM_REG_DBS + CQ_ENTRY(1), 1);
		expect_event(&bench, EVENT(NVM_EVENT_ERROR_DB_VALUE));
		assert_true(cq_poll(&bench.queue.cq, &completion));
		shadow_store(&bench.host, CQ_ENTRY(1), 1);
		for (unsigned int n = 0; n < 40; n++)
			works(&bench);
		rig_free(bench.rig);
	}
}

TEST_CASE(a_bad_head_in_a_full_queue_makes_no_room)
{
	struct bench bench = { .rig = rig_new_enabled(NULL) };
	struct completion completion;
	uint16_t cid[6];

	bench.driver = bench.rig->driver[0];
	bench.host = shadow_host_new(bench.driver, 0);
	driver_create_cq(bench.driver, &bench.queue.cq, 1, 4, 1);
	driver_create_sq(bench.driver, &bench.queue.sq, 1, 16, 1);
	assert_success(shadow_configure(&bench.host));
	for (unsigned int n = 0; n < 6; n++)
		cid[n] = sq_push(&bench.queue.sq, &flush);
	shadow_store(&bench.host, CQ_ENTRY(1), 4);
	shadow_ring_sq(&bench.host, &bench.queue.sq);
	rig_run(bench.rig);
	expect_event(&bench, EVENT(NVM_EVENT_ERROR_DB_VALUE));
	for (unsigned int n = 0; n < 3; n++) {
		assert_true(cq_poll(&bench.queue.cq, &completion));
		assert_int_equal(completion.cid, cid[n]);
	}
	assert_false(cq_poll(&bench.queue.cq, &completion));
	shadow_store(&bench.host, CQ_ENTRY(1), 0);
	shadow_ring_cq(&bench.host, &bench.queue.cq);
	rig_run(bench.rig);
	for (unsigned int n = 3; n < 6; n++) {
		assert_true(cq_poll(&bench.queue.cq, &completion));
		assert_int_equal(completion.cid, cid[n]);
	}
	rig_free(bench.rig);
}

/** expect_fatal() - and that a reset heals it */
static void expect_fatal(struct bench *bench)
{
	struct queue_pair queue;

	rig_run(bench->rig);
	assert_true(fatal(bench->driver));
	assert_int_equal(guest_take_faults(bench->driver->memory), 1);
	driver_disable(bench->driver);
	driver_enable(bench->driver);
	driver_create_queue(bench->driver, &queue, 1, 16, 1);
	for (unsigned int i = 0; i < 20; i++)
		assert_success(queue_command(&queue, &flush));
	rig_free(bench->rig);
}

TEST_CASE(doorbells_that_disappear_are_fatal)
{
	struct bench bench = bench_new();

	guest_unmap(bench.driver->memory, bench.host.doorbells, PAGE);
	driver_write32(bench.driver, NVM_REG_DBS + SQ_ENTRY(1), 1);
	expect_fatal(&bench);
}

TEST_CASE(completion_doorbells_that_disappear_are_fatal)
{
	struct bench bench = bench_new();

	guest_unmap(bench.driver->memory, bench.host.doorbells, PAGE);
	driver_write32(bench.driver, NVM_REG_DBS + CQ_ENTRY(1), 1);
	expect_fatal(&bench);
}

TEST_CASE(event_indexes_that_disappear_are_fatal)
{
	struct bench bench = bench_new();

	works(&bench);
	sq_push(&bench.queue.sq, &flush);
	shadow_ring_sq(&bench.host, &bench.queue.sq);
	guest_unmap(bench.driver->memory, bench.host.event_indexes, PAGE);
	expect_fatal(&bench);
}

TEST_CASE(buffers_that_disappear_while_completions_wait_are_fatal)
{
	struct bench bench = { .rig = rig_new_enabled(NULL) };

	bench.driver = bench.rig->driver[0];
	bench.host = shadow_host_new(bench.driver, 0);
	driver_create_cq(bench.driver, &bench.queue.cq, 1, 3, 1);
	driver_create_sq(bench.driver, &bench.queue.sq, 1, 16, 1);
	assert_success(shadow_configure(&bench.host));
	bench.rig->medium[3]->hold = true;
	for (unsigned int i = 0; i < 10; i++)
		sq_push(&bench.queue.sq, &flush);
	shadow_ring_sq(&bench.host, &bench.queue.sq);
	rig_run(bench.rig);
	guest_unmap(bench.driver->memory, bench.host.event_indexes, PAGE);
	scripted_release(bench.rig->medium[3]);
	expect_fatal(&bench);
}

TEST_CASE(buffers_that_disappear_before_a_queue_is_created_are_fatal)
{
	struct bench bench = bench_new();

	guest_unmap(bench.driver->memory, bench.host.event_indexes, PAGE);
	sq_submit(&bench.driver->admin.sq, &(struct command){
		.opcode = NVM_ADMIN_CREATE_CQ, .prp1 = guest_alloc(bench.driver->memory, PAGE),
		.cdw10 = 15 << 16 | 2, .cdw11 = NVM_QUEUE_PC,
	});
	expect_fatal(&bench);
}

TEST_CASE(buffers_that_disappear_before_they_are_replaced_are_fatal)
{
	struct bench bench = bench_new();
	struct shadow_host other = shadow_host_new(bench.driver, 0);

	guest_unmap(bench.driver->memory, bench.host.doorbells, PAGE);
	sq_submit(&bench.driver->admin.sq, &(struct command){
		.opcode = NVM_ADMIN_DOORBELL_BUFFER_CONFIG, .prp1 = other.doorbells,
		.prp2 = other.event_indexes,
	});
	expect_fatal(&bench);
}

TEST_CASE(buffers_over_the_controllers_own_queues_harm_nobody)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	struct driver *driver = rig->driver[1];
	struct queue_pair queue, other;

	driver_create_queue(driver, &queue, 1, 16, 1);
	driver_create_queue(rig->driver[2], &other, 1, 16, 1);
	guest_ordinary(driver->memory, queue.cq.addr, PAGE);
	guest_ordinary(driver->memory, queue.sq.addr, PAGE);
	assert_success(configure(driver, queue.sq.addr, queue.cq.addr));
	for (unsigned int i = 0; i < 40; i++) {
		sq_submit(&queue.sq, &flush);
		rig_run(rig);
		assert_success(queue_command(&other, &flush));
	}
	driver_disable(driver);
	driver_enable(driver);
	driver_create_queue(driver, &queue, 1, 16, 1);
	assert_success(queue_command(&queue, &flush));
	rig_free(rig);
}

/* Whenever the controller looks away, there is one more command. */
static void never_idle(struct function *function, uint64_t addr)
{
	struct bench *bench = function->before_write_arg;

	if (addr != bench->host.event_indexes + SQ_ENTRY(1))
		return;
	sq_push(&bench->queue.sq, &flush);
	shadow_store(&bench->host, SQ_ENTRY(1), bench->queue.sq.tail);
}

/* And whenever it has posted, there is room. */
static void never_idle_never_full(struct function *function, uint64_t addr)
{
	struct bench *bench = function->before_write_arg;
	struct completion completion;

	never_idle(function, addr);
	while (cq_poll(&bench->queue.cq, &completion))
		;
	shadow_store(&bench->host, CQ_ENTRY(1), bench->queue.cq.head);
}

TEST_CASE(a_host_that_never_stops_does_not_hold_the_controller_in_a_run)
{
	struct bench bench = bench_new();
	uint8_t data[NVM_IDENTIFY_SIZE];

	bench.function->before_write = never_idle_never_full;
	bench.function->before_write_arg = &bench;
	sq_push(&bench.queue.sq, &flush);
	shadow_ring_sq(&bench.host, &bench.queue.sq);
	for (unsigned int i = 0; i < 20; i++) {
		unsigned long dma = bench.function->dma;

		assert_true(bench.function->scheduled);
		bench.function->scheduled = false;
		nvmove_ctrl_run(bench.function->ctrl);
		assert_in_range(bench.function->dma - dma, 100, 4000);
	}
	bench.function->before_write = NULL;
	rig_run(bench.rig);
	assert_success(driver_identify(bench.driver, NVM_CNS_CTRL, 0, 0, data));
	rig_free(bench.rig);
}

TEST_CASE(random_doorbells_are_survived)
{
	struct bench bench = bench_new();
	uint32_t seed = 7;

	for (unsigned int i = 0; i < 20000; i++) {
		uint32_t value, entry;

		seed = seed * 1664525u + 1013904223u;
		value = seed >> 8 & (seed & 1 ? 0xf : 0x1f);
		entry = seed & 2 ? SQ_ENTRY(1) : CQ_ENTRY(1);
		shadow_store(&bench.host, entry, value);
		if (seed >> 29 == 0)
			driver_write32(bench.driver, NVM_REG_DBS + entry, value);
		if (seed >> 27 == 1)
			rig_run(bench.rig);
		assert_false(fatal(bench.driver));
	}
	rig_run(bench.rig);
	driver_disable(bench.driver);
	driver_enable(bench.driver);
	driver_create_queue(bench.driver, &bench.queue, 1, 16, 1);
	assert_success(queue_command(&bench.queue, &flush));
	rig_free(bench.rig);
}

RUN_TESTS("shadow_doorbells_hostile",
	  cmocka_unit_test(bad_addresses_are_refused_and_change_nothing),
	  cmocka_unit_test(alignment_is_to_the_memory_page_size),
	  cmocka_unit_test(a_refused_change_leaves_the_former_buffers_in_use),
	  cmocka_unit_test(a_tail_beyond_the_queue_is_an_event_and_nothing_else),
	  cmocka_unit_test(a_tail_that_goes_bad_while_the_queue_goes_idle_is_an_event),
	  cmocka_unit_test(registers_are_still_checked),
	  cmocka_unit_test(a_head_beyond_what_was_posted_is_an_event_and_nothing_else),
	  cmocka_unit_test(a_bad_head_in_a_full_queue_makes_no_room),
	  cmocka_unit_test(doorbells_that_disappear_are_fatal),
	  cmocka_unit_test(completion_doorbells_that_disappear_are_fatal),
	  cmocka_unit_test(event_indexes_that_disappear_are_fatal),
	  cmocka_unit_test(buffers_that_disappear_while_completions_wait_are_fatal),
	  cmocka_unit_test(buffers_that_disappear_before_a_queue_is_created_are_fatal),
	  cmocka_unit_test(buffers_that_disappear_before_they_are_replaced_are_fatal),
	  cmocka_unit_test(buffers_over_the_controllers_own_queues_harm_nobody),
	  cmocka_unit_test(a_host_that_never_stops_does_not_hold_the_controller_in_a_run),
	  cmocka_unit_test(random_doorbells_are_survived));
