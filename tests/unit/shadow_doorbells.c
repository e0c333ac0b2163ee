// SPDX-License-Identifier: BSD-2-Clause
/*
 * Doorbell Buffer Config and the doorbells it moves into host memory (Base 5.8, annex B.5): what
 * the controller writes where, and that no command waits for a doorbell that the host need not
 * ring.
 */
#include "shadow_host.h"

static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 3 };

/** struct bench - the primary with queue 1 and its doorbells in memory */
struct bench {
	struct rig *rig;
	struct function *function;
	struct driver *driver;
	struct shadow_host host;
	struct queue_pair queue;
};

static struct bench bench_new(unsigned int sq_entries, unsigned int cq_entries)
{
	struct bench bench = { .rig = rig_new_enabled(NULL) };

	bench.function = &bench.rig->function[0];
	bench.driver = bench.rig->driver[0];
	bench.host = shadow_host_new(bench.driver, 0);
	driver_create_cq(bench.driver, &bench.queue.cq, 1, cq_entries, 1);
	driver_create_sq(bench.driver, &bench.queue.sq, 1, sq_entries, 1);
	assert_success(shadow_configure(&bench.host));
	return bench;
}

static unsigned int reap(struct completion_queue *cq)
{
	struct completion completion;
	unsigned int count = 0;

	while (cq_poll(cq, &completion)) {
		assert_success(completion);
		count++;
	}
	return count;
}

TEST_CASE(it_is_announced)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	uint8_t data[NVM_IDENTIFY_SIZE];

	for (unsigned int i = 0; i < 2; i++) {
		assert_success(driver_identify(rig->driver[i], NVM_CNS_CTRL, 0, 0, data));
		assert_int_equal(get16(data, 256) >> 8 & 1, 1);
		assert_success(driver_get_log(rig->driver[i], NVM_LOG_EFFECTS, 0, data, 4096));
		assert_int_equal(get32(data, 4 * 0x7c), NVM_EFFECT_CSUPP);
	}
	rig_free(rig);
}

TEST_CASE(both_buffers_begin_with_what_the_registers_say)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct shadow_host host = shadow_host_new(driver, 0xa5);
	struct queue_pair queue;

	driver_create_queue(driver, &queue, 2, 16, 1);
	for (unsigned int i = 0; i < 5; i++)
		assert_success(queue_command(&queue, &flush));
	sq_submit(&queue.sq, &flush);
	rig_run(rig);
	assert_success(shadow_configure(&host));
	assert_int_equal(shadow_doorbell(&host, SQ_ENTRY(2)), 6);
	assert_int_equal(shadow_event_index(&host, SQ_ENTRY(2)), 6);
	assert_int_equal(shadow_doorbell(&host, CQ_ENTRY(2)), 5);
	assert_int_equal(shadow_event_index(&host, CQ_ENTRY(2)), 5);
	/* Nothing else is touched, the admin queue's entries not either. */
	assert_true(guest_is_filled(driver->memory, host.doorbells, 0xa5, 16));
	assert_true(guest_is_filled(driver->memory, host.event_indexes, 0xa5, 16));
	assert_true(guest_is_filled(driver->memory, host.doorbells + 24, 0xa5, PAGE - 24));
	assert_true(guest_is_filled(driver->memory, host.event_indexes + 24, 0xa5, PAGE - 24));
	rig_free(rig);
}

TEST_CASE(a_new_queue_begins_at_0_whatever_was_there)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct shadow_host host = shadow_host_new(rig->driver[0], 0xff);
	struct queue_pair queue;

	assert_success(shadow_configure(&host));
	for (unsigned int round = 0; round < 2; round++) {
		driver_create_queue(rig->driver[0], &queue, 3, 16, 1);
		assert_int_equal(shadow_doorbell(&host, SQ_ENTRY(3)), 0);
		assert_int_equal(shadow_event_index(&host, SQ_ENTRY(3)), 0);
		assert_int_equal(shadow_doorbell(&host, CQ_ENTRY(3)), 0);
		assert_int_equal(shadow_event_index(&host, CQ_ENTRY(3)), 0);
		for (unsigned int i = 0; i < 5; i++) {
			sq_push(&queue.sq, &flush);
			shadow_ring_sq(&host, &queue.sq);
			rig_run(rig);
			assert_int_equal(reap(&queue.cq), 1);
			shadow_ring_cq(&host, &queue.cq);
		}
		driver_delete_queue(rig->driver[0], &queue);
	}
	rig_free(rig);
}

TEST_CASE(an_idle_queue_asks_to_be_told)
{
	struct bench bench = bench_new(16, 16);

	for (unsigned int i = 1; i <= 40; i++) {
		sq_push(&bench.queue.sq, &flush);
		shadow_ring_sq(&bench.host, &bench.queue.sq);
		rig_run(bench.rig);
		assert_int_equal(reap(&bench.queue.cq), 1);
		shadow_ring_cq(&bench.host, &bench.queue.cq);
		assert_int_equal(shadow_event_index(&bench.host, SQ_ENTRY(1)), i % 16);
	}
	rig_free(bench.rig);
}

TEST_CASE(a_busy_queue_is_looked_at_without_a_ring)
{
	struct bench bench = bench_new(64, 64);

	sq_push(&bench.queue.sq, &flush);
	shadow_ring_sq(&bench.host, &bench.queue.sq);
	assert_int_equal(bench.host.rings, 1);
	for (unsigned int i = 0; i < 20; i++) {
		sq_push(&bench.queue.sq, &flush);
		shadow_ring_sq(&bench.host, &bench.queue.sq);
	}
	assert_int_equal(bench.host.rings, 1);
	rig_run(bench.rig);
	assert_int_equal(reap(&bench.queue.cq), 21);
	rig_free(bench.rig);
}

/*
 * The host stores a tail at the worst moment: it still sees the old event index, and does not ring.
 */
static void store_before_event_index(struct function *function, uint64_t addr)
{
	struct bench *bench = function->before_write_arg;

	if (addr != bench->host.event_indexes + SQ_ENTRY(1))
		return;
	function->before_write = NULL;
	sq_push(&bench->queue.sq, &flush);
	shadow_store(&bench->host, SQ_ENTRY(1), bench->queue.sq.tail);
}

TEST_CASE(a_doorbell_stored_while_the_queue_goes_idle_is_seen)
{
	struct bench bench = bench_new(16, 16);

	bench.function->before_write = store_before_event_index;
	bench.function->before_write_arg = &bench;
	sq_push(&bench.queue.sq, &flush);
	shadow_ring_sq(&bench.host, &bench.queue.sq);
	rig_run(bench.rig);
	assert_null(bench.function->before_write);
	assert_int_equal(reap(&bench.queue.cq), 2);
	assert_int_equal(shadow_event_index(&bench.host, SQ_ENTRY(1)), 2);
	rig_free(bench.rig);
}

TEST_CASE(the_shadow_counts_and_not_the_register)
{
	struct bench bench = bench_new(16, 16);

	for (unsigned int i = 0; i < 3; i++)
		sq_push(&bench.queue.sq, &flush);
	shadow_store(&bench.host, SQ_ENTRY(1), 3);
	driver_write32(bench.driver, NVM_REG_DBS + SQ_ENTRY(1), 1);	/* overtaken on its way */
	rig_run(bench.rig);
	assert_int_equal(reap(&bench.queue.cq), 3);
	driver_write32(bench.driver, NVM_REG_DBS + SQ_ENTRY(1), 1);
	driver_write32(bench.driver, NVM_REG_DBS + CQ_ENTRY(1), 9);
	rig_run(bench.rig);
	assert_int_equal(reap(&bench.queue.cq), 0);
	driver_submit_aer(bench.driver);
	cq_assert_empty(&bench.driver->admin.cq);
	rig_free(bench.rig);
}

TEST_CASE(the_admin_queue_stays_with_its_registers)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct driver *driver = rig->driver[0];
	struct shadow_host host = shadow_host_new(driver, 0x77);
	uint8_t data[NVM_IDENTIFY_SIZE];

	assert_success(shadow_configure(&host));
	for (unsigned int i = 0; i < 70; i++)
		assert_success(driver_identify(driver, NVM_CNS_CTRL, 0, 0, data));
	assert_true(guest_is_filled(driver->memory, host.doorbells, 0x77, PAGE));
	assert_true(guest_is_filled(driver->memory, host.event_indexes, 0x77, PAGE));
	rig_free(rig);
}

TEST_CASE(room_made_in_memory_is_found_before_the_queue_counts_as_full)
{
	struct bench bench = bench_new(32, 4);
	unsigned int done = 0, rings;

	/* 3 fit. From the second ring on the controller has not asked to be told. */
	for (unsigned int i = 0; i < 9; i++) {
		sq_push(&bench.queue.sq, &flush);
		shadow_ring_sq(&bench.host, &bench.queue.sq);
		rig_run(bench.rig);
		done += reap(&bench.queue.cq);
		rings = bench.host.rings;
		shadow_store(&bench.host, CQ_ENTRY(1), bench.queue.cq.head);
		assert_int_equal(bench.host.rings, rings);
		assert_int_equal(done, i + 1);
	}
	rig_free(bench.rig);
}

TEST_CASE(a_full_queue_asks_to_be_told_of_room)
{
	struct bench bench = bench_new(32, 4);
	struct completion completion;

	for (unsigned int i = 0; i < 20; i++)
		sq_push(&bench.queue.sq, &flush);
	shadow_ring_sq(&bench.host, &bench.queue.sq);
	rig_run(bench.rig);
	for (unsigned int i = 0; i < 20; i++) {
		unsigned int before = bench.host.rings;

		assert_true(cq_poll(&bench.queue.cq, &completion));
		assert_success(completion);
		shadow_ring_cq(&bench.host, &bench.queue.cq);
		if (i < 17)
			assert_int_equal(bench.host.rings, before + 1);
		rig_run(bench.rig);
	}
	assert_false(cq_poll(&bench.queue.cq, &completion));
	rig_free(bench.rig);
}

TEST_CASE(room_found_while_the_buffers_are_replaced_is_used)
{
	struct bench bench = bench_new(32, 4);

	for (unsigned int i = 0; i < 6; i++)
		sq_push(&bench.queue.sq, &flush);
	shadow_ring_sq(&bench.host, &bench.queue.sq);
	rig_run(bench.rig);
	for (unsigned int left = 6; left; left -= 3) {
		assert_int_equal(reap(&bench.queue.cq), 3);
		shadow_store(&bench.host, CQ_ENTRY(1), bench.queue.cq.head);
		assert_success(shadow_configure(&bench.host));
		rig_run(bench.rig);
	}
	assert_int_equal(reap(&bench.queue.cq), 0);
	rig_free(bench.rig);
}

/* The host makes room at the worst moment. */
static void read_before_event_index(struct function *function, uint64_t addr)
{
	struct bench *bench = function->before_write_arg;

	if (addr != bench->host.event_indexes + CQ_ENTRY(1))
		return;
	function->before_write = NULL;
	reap(&bench->queue.cq);
	shadow_store(&bench->host, CQ_ENTRY(1), bench->queue.cq.head);
}

TEST_CASE(room_made_while_the_controller_decides_to_wait_is_seen)
{
	for (unsigned int hold = 0; hold < 2; hold++) {
		struct bench bench = bench_new(32, 4);

		bench.rig->medium[3]->hold = hold;
		for (unsigned int i = 0; i < 6; i++)
			sq_push(&bench.queue.sq, &flush);
		bench.function->before_write = read_before_event_index;
		bench.function->before_write_arg = &bench;
		shadow_ring_sq(&bench.host, &bench.queue.sq);
		rig_run(bench.rig);
		/* Held commands complete outside of a run: what waits then is completions. */
		scripted_release(bench.rig->medium[3]);
		rig_run(bench.rig);
		assert_null(bench.function->before_write);
		assert_int_equal(reap(&bench.queue.cq), 3);
		rig_free(bench.rig);
	}
}

TEST_CASE(submission_queues_that_wait_go_on_when_room_is_found_elsewhere)
{
	struct bench bench = bench_new(16, 4);
	struct submission_queue second;
	unsigned int done = 0;

	driver_create_sq(bench.driver, &second, 2, 16, 1);
	for (unsigned int i = 0; i < 5; i++) {
		sq_push(&bench.queue.sq, &flush);
		sq_push(&second, &flush);
	}
	shadow_ring_sq(&bench.host, &bench.queue.sq);
	shadow_ring_sq(&bench.host, &second);
	for (unsigned int round = 0; done < 10; round++) {
		rig_run(bench.rig);
		done += reap(&bench.queue.cq);
		shadow_ring_cq(&bench.host, &bench.queue.cq);
		assert_true(round < 20);
	}
	rig_free(bench.rig);
}

TEST_CASE(other_buffers_take_the_place_of_the_first)
{
	struct bench bench = bench_new(16, 16);
	struct shadow_host other = shadow_host_new(bench.driver, 0x33);

	sq_push(&bench.queue.sq, &flush);
	shadow_ring_sq(&bench.host, &bench.queue.sq);
	rig_run(bench.rig);
	/* The last word in the old buffers, without a ring. */
	assert_int_equal(reap(&bench.queue.cq), 1);
	sq_push(&bench.queue.sq, &flush);
	shadow_store(&bench.host, SQ_ENTRY(1), bench.queue.sq.tail);
	shadow_store(&bench.host, CQ_ENTRY(1), bench.queue.cq.head);
	assert_success(shadow_configure(&other));
	assert_int_equal(shadow_doorbell(&other, SQ_ENTRY(1)), 2);
	assert_int_equal(shadow_doorbell(&other, CQ_ENTRY(1)), 1);
	rig_run(bench.rig);
	assert_int_equal(reap(&bench.queue.cq), 1);
	guest_unmap(bench.driver->memory, bench.host.doorbells, PAGE);
	guest_unmap(bench.driver->memory, bench.host.event_indexes, PAGE);
	for (unsigned int i = 0; i < 30; i++) {
		sq_push(&bench.queue.sq, &flush);
		shadow_ring_sq(&other, &bench.queue.sq);
		rig_run(bench.rig);
		assert_int_equal(reap(&bench.queue.cq), 1);
		shadow_ring_cq(&other, &bench.queue.cq);
	}
	rig_free(bench.rig);
}

TEST_CASE(every_reset_forgets_the_buffers)
{
	for (unsigned int kind = 0; kind < 3; kind++) {
		struct bench bench = bench_new(16, 16);
		struct queue_pair queue;

		if (kind == 0)
			driver_disable(bench.driver);
		else
			nvmove_ctrl_reset(bench.function->ctrl, kind == 1 ?
					  NVMOVE_RESET_FLR : NVMOVE_RESET_CONVENTIONAL);
		guest_unmap(bench.driver->memory, bench.host.doorbells, PAGE);
		guest_unmap(bench.driver->memory, bench.host.event_indexes, PAGE);
		driver_enable(bench.driver);
		driver_create_queue(bench.driver, &queue, 1, 16, 1);
		for (unsigned int i = 0; i < 40; i++)
			assert_success(queue_command(&queue, &flush));
		rig_free(bench.rig);
	}
}

TEST_CASE(controllers_have_their_own_buffers)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	struct shadow_host host = shadow_host_new(rig->driver[1], 0);
	struct queue_pair shadowed, plain;

	driver_create_queue(rig->driver[1], &shadowed, 1, 16, 1);
	driver_create_queue(rig->driver[2], &plain, 1, 16, 1);
	assert_success(shadow_configure(&host));
	for (unsigned int i = 0; i < 20; i++) {
		assert_success(queue_command(&plain, &flush));
		sq_push(&shadowed.sq, &flush);
		shadow_ring_sq(&host, &shadowed.sq);
		rig_run(rig);
		assert_int_equal(reap(&shadowed.cq), 1);
		shadow_ring_cq(&host, &shadowed.cq);
	}
	rig_free(rig);
}

TEST_CASE(no_more_queues_than_one_page_has_doorbells_for)
{
	struct rig_options options = { .max_io_queues = 600 };
	struct rig *rig = rig_new_enabled(&options);
	struct driver *driver = rig->driver[0];
	struct shadow_host host = shadow_host_new(driver, 0);
	struct completion completion;

	assert_status(shadow_configure(&host), NVM_SC_INVALID_FIELD);
	assert_success(driver_set_feature(driver, NVM_FEAT_NUM_QUEUES, 0, 511 << 16 | 9));
	assert_status(shadow_configure(&host), NVM_SC_INVALID_FIELD);
	assert_success(driver_set_feature(driver, NVM_FEAT_NUM_QUEUES, 0, 510 << 16 | 9));
	assert_success(shadow_configure(&host));
	completion = driver_set_feature(driver, NVM_FEAT_NUM_QUEUES, 0, 599 << 16 | 599);
	assert_success(completion);
	assert_int_equal(completion.dw0, 510 << 16 | 510);
	driver_disable(driver);
	driver_enable(driver);
	completion = driver_set_feature(driver, NVM_FEAT_NUM_QUEUES, 0, 599 << 16 | 599);
	assert_int_equal(completion.dw0, 599 << 16 | 599);
	rig_free(rig);
}

TEST_CASE(the_last_doorbells_of_the_page_work)
{
	struct rig_options options = { .max_io_queues = 511 };
	struct rig *rig = rig_new_enabled(&options);
	struct shadow_host host = shadow_host_new(rig->driver[0], 0);
	struct queue_pair queue;

	assert_success(shadow_configure(&host));
	driver_create_queue(rig->driver[0], &queue, 511, 4, 1);
	for (unsigned int i = 0; i < 10; i++) {
		sq_push(&queue.sq, &flush);
		shadow_ring_sq(&host, &queue.sq);
		rig_run(rig);
		assert_int_equal(reap(&queue.cq), 1);
		shadow_ring_cq(&host, &queue.cq);
	}
	rig_free(rig);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 12;
}

TEST_CASE(every_command_completes_once_in_any_order_of_events)
{
	struct rig *rig = rig_new_enabled(NULL);
	struct shadow_host host = shadow_host_new(rig->driver[0], 0);
	unsigned int submitted[4] = { 0 }, done[4] = { 0 };
	struct queue_pair queue[4];
	uint32_t seed = 1;

	for (unsigned int i = 0; i < 4; i++) {
		driver_create_cq(rig->driver[0], &queue[i].cq, i + 1, 3 + 7 * i, i);
		driver_create_sq(rig->driver[0], &queue[i].sq, i + 1, 5 + 9 * i, i + 1);
		if (i == 1)
			assert_success(shadow_configure(&host));
	}
	for (unsigned int step = 0; step < 40000; step++) {
		unsigned int i = next_random(&seed) % 4;
		unsigned int room = queue[i].sq.entries - 1 - (submitted[i] - done[i]);

		switch (next_random(&seed) % 6) {
		case 0:
		case 1:
			for (unsigned int n = next_random(&seed) % (room + 1); n; n--) {
				sq_push(&queue[i].sq, &flush);
				submitted[i]++;
				if (n == 1 || next_random(&seed) % 2)
					shadow_ring_sq(&host, &queue[i].sq);
			}
			break;
		case 2:
		case 3:
			done[i] += reap(&queue[i].cq);
			shadow_ring_cq(&host, &queue[i].cq);
			break;
		case 4:
			rig->medium[3]->hold = !rig->medium[3]->hold;
			if (!rig->medium[3]->hold)
				scripted_release(rig->medium[3]);
			break;
		default:
			rig_run(rig);
		}
	}
	scripted_release(rig->medium[3]);
	for (unsigned int i = 0; i < 4; i++) {
		for (unsigned int round = 0; done[i] < submitted[i]; round++) {
			rig_run(rig);
			done[i] += reap(&queue[i].cq);
			shadow_ring_cq(&host, &queue[i].cq);
			assert_true(round < 100);
		}
		rig_run(rig);
		assert_int_equal(reap(&queue[i].cq), 0);
		assert_true(submitted[i] > 1000);
	}
	/* And the registers were spared. */
	assert_true(host.rings < host.updates * 2 / 3);
	rig_free(rig);
}

RUN_TESTS("shadow_doorbells",
	  cmocka_unit_test(it_is_announced),
	  cmocka_unit_test(both_buffers_begin_with_what_the_registers_say),
	  cmocka_unit_test(a_new_queue_begins_at_0_whatever_was_there),
	  cmocka_unit_test(an_idle_queue_asks_to_be_told),
	  cmocka_unit_test(a_busy_queue_is_looked_at_without_a_ring),
	  cmocka_unit_test(a_doorbell_stored_while_the_queue_goes_idle_is_seen),
	  cmocka_unit_test(the_shadow_counts_and_not_the_register),
	  cmocka_unit_test(the_admin_queue_stays_with_its_registers),
	  cmocka_unit_test(room_made_in_memory_is_found_before_the_queue_counts_as_full),
	  cmocka_unit_test(a_full_queue_asks_to_be_told_of_room),
	  cmocka_unit_test(room_found_while_the_buffers_are_replaced_is_used),
	  cmocka_unit_test(room_made_while_the_controller_decides_to_wait_is_seen),
	  cmocka_unit_test(submission_queues_that_wait_go_on_when_room_is_found_elsewhere),
	  cmocka_unit_test(other_buffers_take_the_place_of_the_first),
	  cmocka_unit_test(every_reset_forgets_the_buffers),
	  cmocka_unit_test(controllers_have_their_own_buffers),
	  cmocka_unit_test(no_more_queues_than_one_page_has_doorbells_for),
	  cmocka_unit_test(the_last_doorbells_of_the_page_work),
	  cmocka_unit_test(every_command_completes_once_in_any_order_of_events));
