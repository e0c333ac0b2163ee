// SPDX-License-Identifier: BSD-2-Clause
/*
 * Migration Receive, Get Controller State (Base 2.3, 5.2.16): any dwords of a state, in any order
 * and as often as wanted; what a reader is told of a controller that is not suspended; every
 * status.
 */
#include "migration_host.h"

static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 3 };

static uint32_t next(uint32_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 17;
	*random ^= *random << 5;
	return *random;
}

/** get() - the raw command; @dwords is 0-based, as in the field */
static struct completion get(struct rig *rig, uint32_t cdw10, uint32_t cdw11, uint64_t offset,
			     uint32_t dwords, const struct buffer *buffer)
{
	return ADMIN(rig->driver[0], .opcode = 0x42, .cdw10 = cdw10, .cdw11 = cdw11,
		     .cdw12 = (uint32_t)offset, .cdw13 = offset >> 32, .cdw15 = dwords,
		     .prp1 = buffer->prp1, .prp2 = buffer->prp2);
}

TEST_CASE(any_dwords_in_any_order_are_of_one_state)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct buffer *buffer = buffer_new(rig->driver[0], 2048);
	struct queue_pair queue;
	uint32_t random = 4711;
	struct state whole;
	uint8_t data[2048];

	driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
	assert_success(migration_suspend(rig, 1));
	whole = migration_get_all(rig, 1, WHOLE, 4096);
	for (unsigned int i = 0; i < 500; i++) {
		size_t offset = next(&random) % (whole.size / 4) * 4;
		size_t dwords = 1 + next(&random) % (sizeof(data) / 4);
		size_t len = dwords * 4 < whole.size - offset ? dwords * 4 : whole.size - offset;

		rig_advance(rig, 1 + next(&random) % MS);
		buffer_fill(buffer, 0xa5);
		assert_success(get(rig, 1 << 16, 1 << 16 | 8, offset, dwords - 1, buffer));
		buffer_read(buffer, 0, data, sizeof(data));
		assert_memory_equal(data, whole.data + offset, len);
		for (size_t at = len; at < sizeof(data); at++)
			assert_int_equal(data[at], 0xa5);
	}
	state_free(&whole);
	rig_free(rig);
}

TEST_CASE(a_read_from_the_start_shows_what_has_changed)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct state before, same, after, stale;
	struct queue_pair queue;

	driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
	assert_success(migration_suspend(rig, 1));
	before = migration_get_all(rig, 1, WHOLE, 4096);
	rig_advance(rig, 5000 * MS);
	same = migration_get_all(rig, 1, WHOLE, 512);
	assert_int_equal(same.size, before.size);
	assert_memory_equal(same.data, before.data, before.size);
	sq_submit(&queue.sq, &flush);
	/* A reader who does not start over goes on with what it began to read. */
	stale = state_copy(&before);
	for (size_t at = 48; at < before.size; at += 4) {
		struct buffer *buffer = buffer_new(rig->driver[0], 4);

		assert_success(migration_get(rig, 1, WHOLE, at, buffer));
		buffer_read(buffer, 0, stale.data + at, 4);
	}
	assert_memory_equal(stale.data, before.data, before.size);
	after = migration_get_all(rig, 1, WHOLE, 4096);
	assert_int_equal(get16(after.data, state_sq(&after, 0) + 18), 1);
	assert_int_equal(get16(before.data, state_sq(&before, 0) + 18), 0);
	state_free(&stale);
	state_free(&after);
	state_free(&same);
	state_free(&before);
	rig_free(rig);
}

TEST_CASE(a_state_that_is_loaded_ends_the_snapshot)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct buffer *buffer = buffer_new(rig->driver[0], 4);
	struct nvmove_ctrl *ctrl = rig->function[1].ctrl;
	struct nvmove_load_error error;
	struct state before, loaded;
	struct queue_pair queue;
	uint8_t tail[4];

	driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
	assert_success(migration_suspend(rig, 1));
	before = migration_get_all(rig, 1, WHOLE, 4096);
	loaded = state_copy(&before);
	put16(loaded.data, state_sq(&loaded, 0) + 18, 5);
	state_seal(&loaded);
	assert_int_equal(nvmove_ctrl_load(ctrl, loaded.data, loaded.size, &error), 0);
	assert_success(migration_get(rig, 1, WHOLE, state_sq(&loaded, 0) + 16, buffer));
	buffer_read(buffer, 0, tail, sizeof(tail));
	assert_int_equal(get16(tail, 2), 5);
	state_free(&loaded);
	state_free(&before);
	rig_free(rig);
}

TEST_CASE(a_suspended_controller_is_reported_as_such)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct buffer *buffer = buffer_new(rig->driver[0], 48);
	struct completion completion;
	uint8_t header[48];

	assert_success(migration_suspend(rig, 1));
	completion = migration_get(rig, 1, WHOLE, 0, buffer);
	assert_success(completion);
	assert_int_equal(completion.dw0, 1);			/* CSUP */
	buffer_read(buffer, 0, header, sizeof(header));
	assert_int_equal(get16(header, 0), 0);			/* VER */
	assert_int_equal(header[2], 1);				/* CSATTR */
	assert_int_equal(get64(header, 16) % 2, 0);		/* NVMECSS: 2 and 6 per queue */
	assert_int_equal(get64(header, 24), 0);
	assert_int_equal(get64(header, 40), 0);
	rig_free(rig);
}

TEST_CASE(a_running_controller_is_reported_as_such)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct buffer *buffer = buffer_new(rig->driver[0], 4);
	struct driver *primary = rig->driver[0];
	struct completion completion;
	struct queue_pair queue;
	struct state state;

	driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
	completion = migration_get(rig, 1, WHOLE, 0, buffer);
	assert_success(completion);
	assert_int_equal(completion.dw0, 0);
	state = migration_get_all(rig, 1, WHOLE, 4096);
	assert_int_equal(state.data[2], 0);			/* CSATTR */
	assert_int_equal(get16(state.data, state_sq(&state, 0) + 10), 1);
	/* Suspending: not yet. */
	rig->medium[3]->hold = true;
	sq_submit(&queue.sq, &flush);
	rig_run(rig);
	sq_submit(&primary->admin.sq, &(struct command){ .opcode = 0x41, .cdw11 = 1 << 16 | 8 });
	rig_run(rig);
	completion = migration_get(rig, 1, WHOLE, 0, buffer);
	assert_success(completion);
	assert_int_equal(completion.dw0, 0);
	scripted_release(rig->medium[3]);
	rig_run(rig);
	assert_success(cq_take(&primary->admin.cq));
	completion = migration_get(rig, 1, WHOLE, 0, buffer);
	assert_int_equal(completion.dw0, 1);
	state_free(&state);
	rig_free(rig);
}

TEST_CASE(a_running_controllers_size_is_that_of_its_state)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct state running, suspended;
	struct queue_pair queue;

	driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
	running = migration_get_all(rig, 1, WHOLE, 4096);
	assert_success(migration_suspend(rig, 1));
	suspended = migration_get_all(rig, 1, WHOLE, 4096);
	assert_int_equal(running.size, suspended.size);
	state_free(&suspended);
	state_free(&running);
	rig_free(rig);
}

TEST_CASE(reading_disturbs_no_running_controller)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *driver = rig->driver[1];
	unsigned int interrupts;
	struct queue_pair queue;
	struct state state;
	uint64_t sum;

	driver_create_queue(driver, &queue, 1, 16, 1);
	interrupts = rig->function[1].total_interrupts;
	sum = guest_checksum(driver->memory);
	state = migration_get_all(rig, 1, WHOLE, 256);
	assert_int_equal(guest_checksum(driver->memory), sum);
	assert_int_equal(rig->function[1].total_interrupts, interrupts);
	assert_success(queue_command(&queue, &flush));
	state_free(&state);
	rig_free(rig);
}

TEST_CASE(an_offline_controller_has_a_state_too)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct state state = migration_get_all(rig, 2, WHOLE, 4096);

	assert_int_equal(state.data[2], 0);
	assert_int_equal(get64(state.data, 16), 2);		/* NVMECSS: no queues */
	state_free(&state);
	rig_free(rig);
}

TEST_CASE(offsets_are_dwords_within_the_state)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct buffer *buffer = buffer_new(rig->driver[0], 4);
	struct state state;

	for (unsigned int suspended = 0; suspended < 2; suspended++) {
		if (suspended)
			assert_success(migration_suspend(rig, 1));
		state = migration_get_all(rig, 1, WHOLE, 4096);
		for (unsigned int by = 1; by < 4; by++)
			assert_status(migration_get(rig, 1, WHOLE, 48 + by, buffer),
				      NVM_SC_INVALID_FIELD);
		assert_success(migration_get(rig, 1, WHOLE, state.size - 4, buffer));
		assert_status(migration_get(rig, 1, WHOLE, state.size, buffer),
			      NVM_SC_INVALID_FIELD);
		assert_status(migration_get(rig, 1, WHOLE, 1ull << 32, buffer),
			      NVM_SC_INVALID_FIELD);
		assert_status(migration_get(rig, 1, WHOLE, UINT64_MAX - 3, buffer),
			      NVM_SC_INVALID_FIELD);
		state_free(&state);
	}
	rig_free(rig);
}

TEST_CASE(a_read_longer_than_mdts_is_refused)
{
	struct rig *rig = rig_new_secondaries(&(struct rig_options){ .mdts = 1 }, 1);
	struct buffer *buffer = buffer_new(rig->driver[0], 8192 + 4096);

	assert_success(migration_suspend(rig, 1));
	assert_success(get(rig, 1 << 16, 1 << 16 | 8, 0, 2047, buffer));
	assert_status(get(rig, 1 << 16, 1 << 16 | 8, 0, 2048, buffer), NVM_SC_INVALID_FIELD);
	assert_status(get(rig, 1 << 16, 1 << 16 | 8, 0, 0xffffffff, buffer),
		      NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

TEST_CASE(unknown_formats_are_refused)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct buffer *buffer = buffer_new(rig->driver[0], 4);

	assert_success(migration_suspend(rig, 1));
	for (unsigned int index = 2; index < 256; index++) {
		assert_status(get(rig, index << 16, 8, 0, 0, buffer), NVM_SC_INVALID_FIELD);
		assert_status(get(rig, 1 << 16, index << 16 | 8, 0, 0, buffer),
			      NVM_SC_INVALID_FIELD);
	}
	/* CSUIDXP: the format has no parameter, and without a format it is ignored. */
	assert_status(get(rig, 1 << 16, 5u << 24 | 1 << 16 | 8, 0, 0, buffer),
		      NVM_SC_INVALID_FIELD);
	assert_success(get(rig, 1 << 16, 5u << 24 | 8, 0, 0, buffer));
	assert_status(ADMIN(rig->driver[0], .opcode = 0x42, .cdw10 = 1 << 16, .cdw11 = 1 << 16 | 8,
			    .cdw14 = 1, .prp1 = buffer->prp1), NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

TEST_CASE(only_migratable_controllers_have_a_state)
{
	static const unsigned int cntlid[] = { 0, 6, 7, 11, 0xffff };
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct buffer *buffer = buffer_new(rig->driver[0], 4);

	buffer_fill(buffer, 0x99);
	for (size_t i = 0; i < ARRAY_SIZE(cntlid); i++)
		assert_status(get(rig, 1 << 16, 1 << 16 | cntlid[i], 0, 0, buffer),
			      NVM_SC_INVALID_CNTLID);
	assert_buffer_filled(buffer, 0x99);
	rig_free(rig);
}

TEST_CASE(an_unwritable_buffer_is_reported)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct state before, after;

	assert_success(migration_suspend(rig, 1));
	before = migration_get_all(rig, 1, WHOLE, 4096);
	assert_status(ADMIN(rig->driver[0], .opcode = 0x42, .cdw10 = 1 << 16, .cdw11 = 1 << 16 | 8,
			    .cdw15 = 15, .prp1 = 0xdead000), NVM_SC_DATA_TRANSFER_ERROR);
	assert_int_not_equal(guest_take_faults(rig->driver[0]->memory), 0);
	after = migration_get_all(rig, 1, WHOLE, 4096);
	assert_memory_equal(after.data, before.data, before.size);
	state_free(&after);
	state_free(&before);
	rig_free(rig);
}

TEST_CASE(the_state_moves_under_the_primarys_requester_id)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct state state;
	unsigned long dma;

	assert_success(migration_suspend(rig, 1));
	dma = rig->function[1].dma;
	state = migration_get_all(rig, 1, WHOLE, 4096);
	assert_success(migration_set_all(rig, 1, WHOLE, &state, 4096));
	assert_int_equal(rig->function[1].dma, dma);
	state_free(&state);
	rig_free(rig);
}

RUN_TESTS("hmlm_get_state",
	  cmocka_unit_test(any_dwords_in_any_order_are_of_one_state),
	  cmocka_unit_test(a_read_from_the_start_shows_what_has_changed),
	  cmocka_unit_test(a_state_that_is_loaded_ends_the_snapshot),
	  cmocka_unit_test(a_suspended_controller_is_reported_as_such),
	  cmocka_unit_test(a_running_controller_is_reported_as_such),
	  cmocka_unit_test(a_running_controllers_size_is_that_of_its_state),
	  cmocka_unit_test(reading_disturbs_no_running_controller),
	  cmocka_unit_test(an_offline_controller_has_a_state_too),
	  cmocka_unit_test(offsets_are_dwords_within_the_state),
	  cmocka_unit_test(a_read_longer_than_mdts_is_refused),
	  cmocka_unit_test(unknown_formats_are_refused),
	  cmocka_unit_test(only_migratable_controllers_have_a_state),
	  cmocka_unit_test(an_unwritable_buffer_is_reported),
	  cmocka_unit_test(the_state_moves_under_the_primarys_requester_id));
