// SPDX-License-Identifier: BSD-2-Clause
/*
 * Shadow doorbells and a guest that goes on writing them while its controller is suspended, saved
 * and loaded elsewhere: nobody looks meanwhile, and nothing is lost afterwards.
 */
#include <endian.h>

#include "shadow_host.h"
#include "state_editor.h"

static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 3 };

struct bench {
	struct rig *rig;
	struct function *function;
	struct driver *driver;
	struct shadow_host host;
	struct queue_pair queue;
};

static struct bench bench_new(unsigned int sq_entries, unsigned int cq_entries)
{
	struct bench bench = { .rig = rig_new_secondaries(NULL, 1) };

	bench.function = &bench.rig->function[1];
	bench.driver = bench.rig->driver[1];
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

static void submit(struct bench *bench, unsigned int count)
{
	while (count--) {
		sq_push(&bench->queue.sq, &flush);
		shadow_ring_sq(&bench->host, &bench->queue.sq);
	}
}

TEST_CASE(a_suspended_controller_looks_at_nothing)
{
	struct bench bench = bench_new(16, 16);
	unsigned long dma;
	uint64_t checksum;

	submit(&bench, 3);
	rig_suspend(bench.rig, 1);
	submit(&bench, 5);
	dma = bench.function->dma;
	checksum = guest_checksum(bench.driver->memory);
	driver_write32(bench.driver, NVM_REG_DBS + SQ_ENTRY(1), 8);
	driver_write32(bench.driver, NVM_REG_DBS + CQ_ENTRY(1), 1);
	rig_advance(bench.rig, 1000 * MS);
	assert_int_equal(bench.function->dma, dma);
	assert_int_equal(guest_checksum(bench.driver->memory), checksum);
	assert_int_equal(nvmove_ctrl_resume(bench.function->ctrl), 0);
	rig_run(bench.rig);
	assert_int_equal(reap(&bench.queue.cq), 8);
	rig_free(bench.rig);
}

TEST_CASE(what_was_stored_without_a_ring_is_executed_on_the_destination)
{
	struct bench bench = bench_new(32, 32);
	struct rig *destination;
	unsigned int rings;

	submit(&bench, 2);
	rig_run(bench.rig);
	submit(&bench, 1);		/* rung, and not looked at any more */
	rig_suspend(bench.rig, 1);
	rings = bench.host.rings;
	submit(&bench, 20);
	assert_int_equal(bench.host.rings, rings);
	destination = rig_new_destination(bench.rig, 1);
	rig_migrate(bench.rig, destination, 1);
	assert_int_equal(reap(&bench.queue.cq), 23);
	shadow_ring_cq(&bench.host, &bench.queue.cq);
	/* And the destination asks to be told of the next. */
	submit(&bench, 1);
	assert_int_equal(bench.host.rings, rings + 2);
	rig_run(destination);
	assert_int_equal(reap(&bench.queue.cq), 1);
	rig_free(destination);
	rig_free(bench.rig);
}

TEST_CASE(room_made_while_suspended_is_used_on_the_destination)
{
	struct bench bench = bench_new(32, 4);
	struct rig *destination;
	unsigned int done = 0;
	int result;

	bench.rig->medium[3]->hold = true;
	submit(&bench, 10);
	rig_run(bench.rig);
	rig_suspend_begin(bench.rig, 1, &result);
	scripted_release(bench.rig->medium[3]);
	rig_run(bench.rig);
	assert_int_equal(result, 0);
	done = reap(&bench.queue.cq);
	assert_int_equal(done, 3);
	shadow_store(&bench.host, CQ_ENTRY(1), bench.queue.cq.head);
	destination = rig_new_destination(bench.rig, 1);
	rig_migrate(bench.rig, destination, 1);
	while (done < 10) {
		unsigned int some = reap(&bench.queue.cq);

		assert_true(some > 0);
		done += some;
		shadow_ring_cq(&bench.host, &bench.queue.cq);
		rig_run(destination);
	}
	assert_int_equal(reap(&bench.queue.cq), 0);
	rig_free(destination);
	rig_free(bench.rig);
}

TEST_CASE(a_full_queue_without_waiting_completions_goes_on)
{
	struct bench bench = bench_new(32, 4);
	struct rig *destination;

	submit(&bench, 5);		/* 3 posted, 2 not fetched */
	rig_run(bench.rig);
	rig_suspend(bench.rig, 1);
	assert_int_equal(reap(&bench.queue.cq), 3);
	shadow_store(&bench.host, CQ_ENTRY(1), bench.queue.cq.head);
	destination = rig_new_destination(bench.rig, 1);
	rig_migrate(bench.rig, destination, 1);
	assert_int_equal(reap(&bench.queue.cq), 2);
	rig_free(destination);
	rig_free(bench.rig);
}

TEST_CASE(a_loaded_state_saves_as_the_same_bytes)
{
	struct bench bench = bench_new(32, 4);
	struct nvmove_cstate_shadow *shadow;
	struct rig *destination;
	struct state state, again;
	size_t len;

	submit(&bench, 9);
	rig_run(bench.rig);
	rig_suspend(bench.rig, 1);
	submit(&bench, 9);
	state = state_of(bench.rig, 1);
	shadow = (void *)state_payload(&state, NVMOVE_CSTATE_SHADOW, &len);
	assert_int_equal(len, sizeof(*shadow));
	assert_int_equal(le64toh(shadow->doorbells), bench.host.doorbells);
	assert_int_equal(le64toh(shadow->event_indexes), bench.host.event_indexes);
	destination = rig_new_destination(bench.rig, 1);
	rig_load(destination, 1, state.data, state.size);
	again = state_of(destination, 1);
	((struct nvmove_cstate_timers *)state_payload(&state, NVMOVE_CSTATE_TIMERS, NULL))
		->timestamp_synch = 1;
	state_seal(&state);
	assert_int_equal(again.size, state.size);
	assert_memory_equal(again.data, state.data, state.size);
	state_free(&again);
	state_free(&state);
	rig_free(destination);
	rig_free(bench.rig);
}

TEST_CASE(nothing_configured_is_two_zeroes)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct state state;
	size_t len;

	rig_suspend(rig, 1);
	state = state_of(rig, 1);
	assert_true(is_zero(state_payload(&state, NVMOVE_CSTATE_SHADOW, &len),
			    sizeof(struct nvmove_cstate_shadow)));
	state_free(&state);
	rig_free(rig);
}

TEST_CASE(a_load_takes_the_destinations_own_buffers_away)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct shadow_host host;
	struct queue_pair queue;

	driver_create_queue(source->driver[1], &queue, 1, 16, 1);
	destination = rig_new_destination(source, 0);
	rig_online(destination, 1, 5, 5);
	driver_enable(destination->driver[1]);
	host = shadow_host_new(destination->driver[1], 0);
	assert_success(shadow_configure(&host));
	rig_suspend(destination, 1);
	guest_unmap(destination->driver[1]->memory, host.doorbells, PAGE);
	guest_unmap(destination->driver[1]->memory, host.event_indexes, PAGE);
	rig_migrate(source, destination, 1);
	for (unsigned int i = 0; i < 20; i++)
		assert_success(queue_command(&queue, &flush));
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(a_reset_on_the_destination_forgets_the_buffers)
{
	struct bench bench = bench_new(16, 16);
	struct rig *destination = rig_new_destination(bench.rig, 1);
	struct queue_pair queue;

	rig_migrate(bench.rig, destination, 1);
	driver_disable(bench.driver);
	guest_unmap(bench.driver->memory, bench.host.doorbells, PAGE);
	guest_unmap(bench.driver->memory, bench.host.event_indexes, PAGE);
	driver_enable(bench.driver);
	driver_create_queue(bench.driver, &queue, 1, 16, 1);
	for (unsigned int i = 0; i < 20; i++)
		assert_success(queue_command(&queue, &flush));
	rig_free(destination);
	rig_free(bench.rig);
}

TEST_CASE(a_reset_while_suspended_forgets_the_buffers)
{
	struct bench bench = bench_new(16, 16);

	rig_suspend(bench.rig, 1);
	guest_unmap(bench.driver->memory, bench.host.doorbells, PAGE);
	guest_unmap(bench.driver->memory, bench.host.event_indexes, PAGE);
	driver_disable(bench.driver);
	driver_enable(bench.driver);
	driver_create_queue(bench.driver, &bench.queue, 1, 16, 1);
	assert_success(queue_command(&bench.queue, &flush));
	rig_free(bench.rig);
}

TEST_CASE(buffers_that_are_not_there_on_the_destination_are_fatal_there)
{
	struct bench bench = bench_new(16, 16);
	struct rig *destination = rig_new_destination(bench.rig, 1);

	rig_suspend(bench.rig, 1);
	guest_unmap(bench.driver->memory, bench.host.doorbells, PAGE);
	rig_migrate(bench.rig, destination, 1);
	assert_int_equal(driver_read32(bench.driver, NVM_REG_CSTS) & NVM_CSTS_CFS, NVM_CSTS_CFS);
	assert_true(guest_take_faults(bench.driver->memory) > 0);
	driver_disable(bench.driver);
	driver_enable(bench.driver);
	driver_create_queue(bench.driver, &bench.queue, 1, 16, 1);
	assert_success(queue_command(&bench.queue, &flush));
	rig_free(destination);
	rig_free(bench.rig);
}

TEST_CASE(a_failed_controller_moves_without_its_buffers)
{
	struct bench bench = bench_new(16, 16);
	struct rig *destination = rig_new_destination(bench.rig, 1);

	guest_unmap(bench.driver->memory, bench.host.doorbells, PAGE);
	submit(&bench, 0);
	driver_write32(bench.driver, NVM_REG_DBS + SQ_ENTRY(1), 1);
	assert_int_equal(guest_take_faults(bench.driver->memory), 1);
	rig_migrate(bench.rig, destination, 1);
	assert_int_equal(driver_read32(bench.driver, NVM_REG_CSTS) & NVM_CSTS_CFS, NVM_CSTS_CFS);
	rig_free(destination);
	rig_free(bench.rig);
}

TEST_CASE(a_controller_that_failed_while_its_buffers_were_replaced_moves)
{
	struct bench bench = bench_new(16, 16);
	struct shadow_host other = shadow_host_new(bench.driver, 0);
	struct rig *destination = rig_new_destination(bench.rig, 1);

	guest_unmap(bench.driver->memory, bench.host.doorbells, PAGE);
	sq_submit(&bench.driver->admin.sq, &(struct command){
		.opcode = NVM_ADMIN_DOORBELL_BUFFER_CONFIG, .prp1 = other.doorbells,
		.prp2 = other.event_indexes,
	});
	rig_run(bench.rig);
	assert_int_equal(guest_take_faults(bench.driver->memory), 1);
	rig_migrate(bench.rig, destination, 1);
	assert_int_equal(driver_read32(bench.driver, NVM_REG_CSTS) & NVM_CSTS_CFS, NVM_CSTS_CFS);
	rig_free(destination);
	rig_free(bench.rig);
}

/** refused() - a state with these addresses, in which the controller is @enabled */
static void refused(uint64_t doorbells, uint64_t event_indexes, bool enabled, int expected,
		    const char *text)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct nvmove_load_error error = { 0 };
	struct nvmove_cstate_shadow *shadow;
	struct state state, before, after;
	size_t len;

	if (!enabled)
		driver_disable(rig->driver[1]);
	rig_suspend(rig, 1);
	state = state_of(rig, 1);
	before = state_copy(&state);
	shadow = (void *)state_payload(&state, NVMOVE_CSTATE_SHADOW, &len);
	shadow->doorbells = htole64(doorbells);
	shadow->event_indexes = htole64(event_indexes);
	state_seal(&state);
	assert_int_equal(nvmove_ctrl_load(rig->function[1].ctrl, state.data, state.size, &error),
			 expected);
	assert_int_equal(error.section, NVMOVE_CSTATE_SHADOW);
	assert_string_equal(error.text, text);
	after = state_of(rig, 1);
	assert_int_equal(after.size, before.size);
	assert_memory_equal(after.data, before.data, after.size);
	state_free(&state);
	state_free(&before);
	state_free(&after);
	rig_free(rig);
}

TEST_CASE(impossible_addresses_are_refused)
{
	refused(0x1000, 0, true, -EBADMSG,
		"shadow doorbells at 0x1000, event indexes at 0: there is one without the other");
	refused(0, 0x1000, true, -EBADMSG,
		"shadow doorbells at 0, event indexes at 0x1000: there is one without the other");
	refused(0x1000, 0x1000, true, -EBADMSG,
		"shadow doorbells at 0x1000, event indexes at 0x1000: both are the same page");
	refused(0x1004, 0x2000, true, -EBADMSG,
		"shadow doorbells at 0x1004, event indexes at 0x2000: not on a page boundary");
	refused(0x1000, 0x2800, true, -EBADMSG,
		"shadow doorbells at 0x1000, event indexes at 0x2800: not on a page boundary");
	refused(0xfffffffffffff000, 0x1000, true, -EBADMSG, "shadow doorbells at "
		"0xfffffffffffff000, event indexes at 0x1000: the page wraps around");
	refused(0x1000, 0x2000, false, -EBADMSG, "shadow doorbells at 0x1000, event indexes at "
		"0x2000: the controller is not enabled");
}

TEST_CASE(more_queues_than_doorbells_are_refused)
{
	struct rig_options options = { .num_secondary = 1, .max_io_queues = 600 };
	struct rig *rig = rig_new_enabled(&options);
	struct nvmove_load_error error = { 0 };
	struct nvmove_cstate_shadow *shadow;
	struct state state;
	size_t len;

	nvmove_subsystem_set_vfs(rig->subsystem, 1);
	rig_online(rig, 1, 601, 5);
	driver_enable(rig->driver[1]);
	rig_suspend(rig, 1);
	state = state_of(rig, 1);
	shadow = (void *)state_payload(&state, NVMOVE_CSTATE_SHADOW, &len);
	shadow->doorbells = htole64(0x1000);
	shadow->event_indexes = htole64(0x2000);
	state_seal(&state);
	assert_int_equal(nvmove_ctrl_load(rig->function[1].ctrl, state.data, state.size, &error),
			 -ENOTSUP);
	assert_string_equal(error.text,
			    "shadow doorbells: at most 511 I/O queues here, 600 in the stream");
	state_free(&state);
	rig_free(rig);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 12;
}

TEST_CASE(a_controller_moves_there_and_back_many_times_under_load)
{
	struct bench bench = bench_new(33, 7);
	unsigned int submitted = 0, done = 0, at = 0;
	struct rig *rig[2] = { bench.rig };
	uint32_t seed = 5;

	rig[1] = rig_new_destination(rig[0], 1);
	for (unsigned int round = 0; round < 200; round++) {
		for (unsigned int step = next_random(&seed) % 8; step; step--) {
			unsigned int room = 32 - (submitted - done);
			unsigned int some = next_random(&seed) % (room + 1);

			submit(&bench, some);
			submitted += some;
			if (next_random(&seed) % 2)
				rig_run(rig[at]);
			if (next_random(&seed) % 2) {
				done += reap(&bench.queue.cq);
				shadow_ring_cq(&bench.host, &bench.queue.cq);
			}
		}
		rig_suspend(rig[at], 1);
		if (next_random(&seed) % 2) {
			unsigned int some = 32 - (submitted - done);

			submit(&bench, some);
			submitted += some;
			done += reap(&bench.queue.cq);
			shadow_ring_cq(&bench.host, &bench.queue.cq);
		}
		rig_migrate(rig[at], rig[!at], 1);
		nvmove_ctrl_reset(rig[at]->function[1].ctrl, NVMOVE_RESET_FLR);
		rig_suspend(rig[at], 1);
		at = !at;
	}
	for (unsigned int round = 0; done < submitted; round++) {
		rig_run(rig[at]);
		done += reap(&bench.queue.cq);
		shadow_ring_cq(&bench.host, &bench.queue.cq);
		assert_true(round < 20);
	}
	rig_run(rig[at]);
	assert_int_equal(reap(&bench.queue.cq), 0);
	assert_true(submitted > 2000);
	rig_free(rig[1]);
	rig_free(rig[0]);
}

RUN_TESTS("shadow_doorbells_migrate",
	  cmocka_unit_test(a_suspended_controller_looks_at_nothing),
	  cmocka_unit_test(what_was_stored_without_a_ring_is_executed_on_the_destination),
	  cmocka_unit_test(room_made_while_suspended_is_used_on_the_destination),
	  cmocka_unit_test(a_full_queue_without_waiting_completions_goes_on),
	  cmocka_unit_test(a_loaded_state_saves_as_the_same_bytes),
	  cmocka_unit_test(nothing_configured_is_two_zeroes),
	  cmocka_unit_test(a_load_takes_the_destinations_own_buffers_away),
	  cmocka_unit_test(a_reset_on_the_destination_forgets_the_buffers),
	  cmocka_unit_test(a_reset_while_suspended_forgets_the_buffers),
	  cmocka_unit_test(buffers_that_are_not_there_on_the_destination_are_fatal_there),
	  cmocka_unit_test(a_failed_controller_moves_without_its_buffers),
	  cmocka_unit_test(a_controller_that_failed_while_its_buffers_were_replaced_moves),
	  cmocka_unit_test(impossible_addresses_are_refused),
	  cmocka_unit_test(more_queues_than_doorbells_are_refused),
	  cmocka_unit_test(a_controller_moves_there_and_back_many_times_under_load));
