// SPDX-License-Identifier: BSD-2-Clause
/*
 * A controller moves by Migration Send and Migration Receive alone, in pieces of every size.
 */
#include "migration_host.h"

static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 3 };

TEST_CASE(commands_go_on_where_they_were)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct driver *driver = source->driver[1];
	struct queue_pair queue;
	struct state state;

	driver_create_queue(driver, &queue, 1, 16, 1);
	assert_success(migration_suspend(source, 1));
	for (unsigned int i = 0; i < 10; i++)
		sq_push(&queue.sq, &flush);
	sq_ring(&queue.sq);
	state = migration_get_all(source, 1, WHOLE, 4096);
	destination = migration_destination(source);
	assert_success(migration_set_all(destination, 1, WHOLE, &state, 4096));
	driver->function = &destination->function[1];
	assert_success(migration_resume(destination, 1));
	for (unsigned int i = 0; i < 10; i++)
		assert_success(cq_take(&queue.cq));
	assert_success(queue_command(&queue, &flush));
	state_free(&state);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(pieces_of_every_size_carry_the_same_state)
{
	static const size_t pieces[] = { 4, 8, 44, 100, 512, 2044, 4096, 5000, 64 << 10 };
	struct rig *source = rig_new_secondaries(NULL, 1);
	struct queue_pair queue[4];
	struct state whole;

	for (unsigned int i = 0; i < 4; i++)
		driver_create_queue(source->driver[1], &queue[i], i + 1, 16, i + 1);
	assert_success(migration_suspend(source, 1));
	whole = state_of(source, 1);
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		struct rig *destination = migration_destination(source);
		struct state state = migration_get_all(source, 1, WHOLE, pieces[i]), loaded;

		assert_int_equal(state.size, whole.size);
		assert_memory_equal(state.data, whole.data, whole.size);
		assert_success(migration_set_all(destination, 1, WHOLE, &state, pieces[i]));
		loaded = state_of(destination, 1);
		assert_int_equal(loaded.size, whole.size);
		assert_success(migration_resume(destination, 1));
		state_free(&loaded);
		state_free(&state);
		rig_free(destination);
	}
	state_free(&whole);
	rig_free(source);
}

RUN_TESTS("hmlm_moves",
	  cmocka_unit_test(commands_go_on_where_they_were),
	  cmocka_unit_test(pieces_of_every_size_carry_the_same_state));
