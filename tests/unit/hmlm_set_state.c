// SPDX-License-Identifier: BSD-2-Clause
/*
 * Migration Send, Set Controller State (Base 2.3, 5.2.17): sequences and how they fail, what is
 * committed and when, every status.
 */
#include "migration_host.h"

#define FIRST	NVMOVE_HMLM_FIRST
#define MIDDLE	NVMOVE_HMLM_MIDDLE
#define LAST	NVMOVE_HMLM_LAST
#define ONLY	NVMOVE_HMLM_ONLY

static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 3 };

/** struct scene - a source with an I/O queue whose state is known, and a destination for it */
struct scene {
	struct rig *source;
	struct rig *destination;
	struct queue_pair queue;
	struct state state;
};

static struct scene scene_begin(void)
{
	struct scene scene = { .source = rig_new_secondaries(NULL, 1) };

	driver_create_queue(scene.source->driver[1], &scene.queue, 1, 16, 1);
	assert_success(migration_suspend(scene.source, 1));
	scene.state = migration_get_all(scene.source, 1, WHOLE, 4096);
	scene.destination = migration_destination(scene.source);
	return scene;
}

static void scene_end(struct scene *scene)
{
	state_free(&scene->state);
	rig_free(scene->destination);
	rig_free(scene->source);
}

/** part() - a buffer of the destination with bytes of the state */
static struct buffer *part(const struct scene *scene, size_t at, size_t len)
{
	struct buffer *buffer = buffer_new(scene->destination->driver[0], len);

	buffer_write(buffer, 0, scene->state.data + at, len);
	return buffer;
}

static struct completion set(const struct scene *scene, unsigned int sequence, size_t at,
			     size_t len)
{
	return migration_set(scene->destination, 1, WHOLE, sequence, at,
			     len ? part(scene, at, len) : NULL);
}

/** assert_arrives() - the whole state is sent, and the guest goes on with it */
static void assert_arrives(struct scene *scene)
{
	struct rig *rig = scene->destination;

	assert_success(migration_set_all(rig, 1, WHOLE, &scene->state, 1000));
	scene->queue.sq.driver->function = &rig->function[1];
	assert_success(migration_resume(rig, 1));
	assert_success(queue_command(&scene->queue, &flush));
}

TEST_CASE(one_command_can_carry_it_all)
{
	struct scene scene = scene_begin();

	assert_success(set(&scene, ONLY, 0, scene.state.size));
	assert_success(migration_resume(scene.destination, 1));
	scene_end(&scene);
}

TEST_CASE(the_last_command_can_carry_nothing)
{
	struct scene scene = scene_begin();

	assert_success(set(&scene, FIRST, 0, scene.state.size));
	assert_status(migration_resume(scene.destination, 1), NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_success(set(&scene, LAST, 0, 0));
	assert_success(migration_resume(scene.destination, 1));
	scene_end(&scene);
}

TEST_CASE(any_other_command_carries_something)
{
	static const unsigned int sequence[] = { FIRST, MIDDLE, ONLY };
	struct scene scene = scene_begin();

	for (size_t i = 0; i < ARRAY_SIZE(sequence); i++) {
		assert_success(set(&scene, FIRST, 0, 64));
		assert_status(set(&scene, sequence[i], 0, 0), NVM_SC_INVALID_FIELD);
	}
	assert_arrives(&scene);
	scene_end(&scene);
}

TEST_CASE(a_piece_can_be_sent_again)
{
	struct scene scene = scene_begin();
	struct buffer *rubbish = part(&scene, 100, 400);

	buffer_fill(rubbish, 0xee);
	assert_success(set(&scene, FIRST, 0, 400));
	assert_success(migration_set(scene.destination, 1, WHOLE, MIDDLE, 100, rubbish));
	assert_success(set(&scene, MIDDLE, 48, 800));
	assert_success(set(&scene, MIDDLE, 48, 64));
	assert_success(set(&scene, LAST, 400, scene.state.size - 400));
	assert_success(migration_resume(scene.destination, 1));
	scene_end(&scene);
}

TEST_CASE(a_sequence_begins_with_a_first_command)
{
	struct scene scene = scene_begin();

	assert_status(set(&scene, MIDDLE, 0, 64), NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_status(set(&scene, LAST, 0, 64), NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_status(set(&scene, LAST, 0, 0), NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_success(migration_resume(scene.destination, 1));
	assert_success(migration_suspend(scene.destination, 1));
	assert_arrives(&scene);
	scene_end(&scene);
}

TEST_CASE(a_first_command_starts_over)
{
	struct scene scene = scene_begin();

	assert_success(set(&scene, FIRST, 0, 512));
	assert_success(set(&scene, FIRST, 0, 256));
	/* Of the first attempt nothing is left: this would be a gap. */
	assert_status(set(&scene, MIDDLE, 512, 64), NVM_SC_INVALID_FIELD);
	assert_arrives(&scene);
	scene_end(&scene);
}

TEST_CASE(a_sequence_does_not_outlive_its_end)
{
	struct scene scene = scene_begin();

	assert_success(set(&scene, ONLY, 0, scene.state.size));
	assert_status(set(&scene, LAST, 0, 0), NVM_SC_COMMAND_SEQUENCE_ERROR);
	scene_end(&scene);
}

TEST_CASE(a_state_that_is_set_ends_the_snapshot)
{
	struct scene scene = scene_begin();
	struct buffer *buffer = buffer_new(scene.destination->driver[0], 4);
	uint8_t nr_sq[4];

	assert_success(migration_get(scene.destination, 1, WHOLE, 48, buffer));
	buffer_read(buffer, 0, nr_sq, sizeof(nr_sq));
	assert_int_equal(get16(nr_sq, 2), 0);
	assert_success(set(&scene, ONLY, 0, scene.state.size));
	assert_success(migration_get(scene.destination, 1, WHOLE, 48, buffer));
	buffer_read(buffer, 0, nr_sq, sizeof(nr_sq));
	assert_int_equal(get16(nr_sq, 2), 1);
	scene_end(&scene);
}

TEST_CASE(nothing_takes_effect_before_the_last_command)
{
	struct scene scene = scene_begin();
	struct nvmove_ctrl *ctrl = scene.destination->function[1].ctrl;
	struct state before = state_of(scene.destination, 1), after;

	assert_success(set(&scene, FIRST, 0, 48));
	assert_success(set(&scene, MIDDLE, 48, scene.state.size - 48));
	after = state_of(scene.destination, 1);
	assert_int_equal(after.size, before.size);
	assert_memory_equal(after.data, before.data, before.size);
	assert_success(set(&scene, LAST, 0, 0));
	assert_int_equal(nvmove_ctrl_state_size(ctrl), scene.state.size);
	state_free(&after);
	state_free(&before);
	scene_end(&scene);
}

TEST_CASE(after_any_failure_all_of_it_is_sent_again)
{
	struct scene scene = scene_begin();
	struct rig *rig = scene.destination;

	assert_success(set(&scene, FIRST, 0, 512));
	assert_status(ADMIN(rig->driver[0], .opcode = 0x41, .cdw10 = MIDDLE << 16 | 2,
			    .cdw11 = 1 << 24 | 1 << 16 | 8, .cdw12 = 512, .cdw15 = 16,
			    .prp1 = 0xdead000), NVM_SC_DATA_TRANSFER_ERROR);
	assert_int_not_equal(guest_take_faults(rig->driver[0]->memory), 0);
	assert_status(set(&scene, MIDDLE, 512, 64), NVM_SC_COMMAND_SEQUENCE_ERROR);
	/* What was sent was not committed. */
	assert_status(migration_resume(rig, 1), NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_true(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	assert_arrives(&scene);
	scene_end(&scene);
}

TEST_CASE(pieces_lie_within_what_has_arrived_or_right_behind_it)
{
	static const uint64_t offset[] = { 516, 4096, 1ull << 32, UINT64_MAX - 3, 1, 2, 3 };
	struct scene scene = scene_begin();

	for (size_t i = 0; i < ARRAY_SIZE(offset); i++) {
		assert_success(set(&scene, FIRST, 0, 512));
		assert_status(migration_set(scene.destination, 1, WHOLE, MIDDLE, offset[i],
					    part(&scene, 0, 64)), NVM_SC_INVALID_FIELD);
	}
	assert_status(migration_set(scene.destination, 1, WHOLE, FIRST, 4, part(&scene, 0, 64)),
		      NVM_SC_INVALID_FIELD);
	assert_arrives(&scene);
	scene_end(&scene);
}

TEST_CASE(a_piece_is_at_most_mdts)
{
	struct rig *rig = rig_new_secondaries(&(struct rig_options){ .mdts = 1 }, 1);
	struct buffer *buffer = buffer_new(rig->driver[0], 8192 + 4096);
	uint8_t vendor_dwords[8];

	/* Of a state that is larger than all of it, so that the length alone is wrong. */
	put64(vendor_dwords, 0, 4096);
	buffer_write(buffer, 32, vendor_dwords, sizeof(vendor_dwords));
	assert_success(migration_suspend(rig, 1));
	assert_success(ADMIN(rig->driver[0], .opcode = 0x41, .cdw10 = FIRST << 16 | 2,
			     .cdw11 = 1 << 24 | 1 << 16 | 8, .cdw15 = 8192 / 4,
			     .prp1 = buffer->prp1, .prp2 = buffer_entry(buffer, 1)));
	assert_status(migration_set(rig, 1, WHOLE, FIRST, 0, buffer), NVM_SC_INVALID_FIELD);
	assert_status(ADMIN(rig->driver[0], .opcode = 0x41, .cdw10 = FIRST << 16 | 2,
			    .cdw11 = 1 << 24 | 1 << 16 | 8, .cdw15 = 0xffffffff,
			    .prp1 = buffer->prp1, .prp2 = buffer->prp2), NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

TEST_CASE(bytes_beyond_the_end_by_the_header_are_refused)
{
	struct scene scene = scene_begin();
	uint8_t report[256];

	state_insert(&scene.state, scene.state.size, NULL, 4);
	assert_status(set(&scene, ONLY, 0, scene.state.size), NVM_SC_INVALID_FIELD);
	migration_report(scene.destination, report);
	assert_non_null(strstr((char *)report + 16, "by its header"));
	state_remove(&scene.state, scene.state.size - 4, 4);
	assert_arrives(&scene);
	scene_end(&scene);
}

TEST_CASE(a_state_that_ends_early_is_refused)
{
	static const size_t sizes[] = { 4, 44, 48, 52, 512 };
	struct scene scene = scene_begin();
	uint8_t report[256];

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		assert_status(set(&scene, ONLY, 0, sizes[i]), NVM_SC_INVALID_FIELD);
		migration_report(scene.destination, report);
		assert_non_null(strstr((char *)report + 16, "container"));
	}
	assert_arrives(&scene);
	scene_end(&scene);
}

TEST_CASE(a_container_that_claims_too_much_is_refused_at_once)
{
	static const struct {
		size_t at;
		uint64_t value;
		const char *says;
	} claims[] = {
		{ 16, 1ull << 40, "NVMe Controller State: 0x10000000000 dwords" },
		{ 24, 1, "NVMe Controller State: 0x10000000000000" },
		{ 32, UINT64_MAX, "Vendor Specific Data: 0xffffffffffffffff dwords" },
		{ 40, UINT64_MAX, "Vendor Specific Data: 0xffffffffffffffff00000000" },
		{ 32, NVMOVE_CSTATE_MAX / 4 + 1, "Vendor Specific Data: 0x" },
	};
	struct scene scene = scene_begin();
	uint8_t report[256];

	for (size_t i = 0; i < ARRAY_SIZE(claims); i++) {
		struct buffer *buffer = part(&scene, 0, 64);
		uint8_t value[8];

		put64(value, 0, claims[i].value);
		buffer_write(buffer, claims[i].at, value, sizeof(value));
		assert_status(migration_set(scene.destination, 1, WHOLE, FIRST, 0, buffer),
			      NVM_SC_INVALID_FIELD);
		migration_report(scene.destination, report);
		assert_non_null(strstr((char *)report + 16, claims[i].says));
		assert_non_null(strstr((char *)report + 16, "dwords, at most"));
	}
	assert_arrives(&scene);
	scene_end(&scene);
}

TEST_CASE(two_parts_that_together_are_too_much_are_refused_at_once)
{
	struct scene scene = scene_begin();
	struct buffer *buffer = part(&scene, 0, 64);
	uint8_t dwords[8], report[256];

	put64(dwords, 0, NVMOVE_CSTATE_MAX / 8);
	buffer_write(buffer, 16, dwords, sizeof(dwords));
	buffer_write(buffer, 32, dwords, sizeof(dwords));
	assert_status(migration_set(scene.destination, 1, WHOLE, FIRST, 0, buffer),
		      NVM_SC_INVALID_FIELD);
	migration_report(scene.destination, report);
	assert_non_null(strstr((char *)report + 16, "16777264 bytes by its header, at most 16777216"));
	assert_arrives(&scene);
	scene_end(&scene);
}

TEST_CASE(a_refused_state_is_reported_and_changes_nothing)
{
	struct scene scene = scene_begin();
	struct state before = state_of(scene.destination, 1), after;
	struct state bad = state_copy(&scene.state);
	uint8_t report[256];

	memcpy(state_payload(&bad, NVMOVE_CSTATE_IDENTITY, NULL) +
	       offsetof(struct nvmove_cstate_identity, serial), "FOREIGN1", 8);
	state_seal(&bad);
	assert_status(migration_set_all(scene.destination, 1, WHOLE, &bad, 1024),
		      NVM_SC_INVALID_FIELD);
	migration_report(scene.destination, report);
	assert_int_equal(get16(report, 0), NVMOVE_LOAD_REPORT_VERSION);
	assert_int_equal(get16(report, 2), 1);			/* VF */
	assert_int_equal(get16(report, 4), NVMOVE_CSTATE_IDENTITY);
	assert_int_equal(get16(report, 6), NVM_SC_INVALID_FIELD);
	assert_int_equal(get16(report, 8), 8);			/* controller id */
	assert_true(is_zero(report + 10, 6));
	assert_non_null(strstr((char *)report + 16, "FOREIGN1"));
	after = state_of(scene.destination, 1);
	assert_memory_equal(after.data, before.data, before.size);
	assert_arrives(&scene);
	state_free(&after);
	state_free(&bad);
	state_free(&before);
	scene_end(&scene);
}

TEST_CASE(a_state_of_a_running_controller_is_refused)
{
	struct scene scene = scene_begin();
	struct state running;
	uint8_t report[256];

	assert_success(migration_resume(scene.source, 1));
	running = migration_get_all(scene.source, 1, WHOLE, 4096);
	assert_status(migration_set_all(scene.destination, 1, WHOLE, &running, 4096),
		      NVM_SC_INVALID_FIELD);
	migration_report(scene.destination, report);
	assert_non_null(strstr((char *)report + 16, "not suspended"));
	state_free(&running);
	scene_end(&scene);
}

TEST_CASE(the_target_is_a_suspended_controller)
{
	struct scene scene = scene_begin();
	struct rig *rig = scene.destination;

	/* 2 is offline, 0 the primary, 4 does not exist; then 1 runs. */
	assert_status(migration_set(rig, 2, WHOLE, ONLY, 0, part(&scene, 0, 64)),
		      NVM_SC_INVALID_CNTLID);
	assert_status(migration_set(rig, 0, WHOLE, ONLY, 0, part(&scene, 0, 64)),
		      NVM_SC_INVALID_CNTLID);
	assert_status(migration_set(rig, 4, WHOLE, ONLY, 0, part(&scene, 0, 64)),
		      NVM_SC_INVALID_CNTLID);
	assert_success(migration_resume(rig, 1));
	assert_status(set(&scene, FIRST, 0, 64), NVM_SC_INVALID_CNTLID);
	assert_status(set(&scene, LAST, 0, 0), NVM_SC_INVALID_CNTLID);
	scene_end(&scene);
}

TEST_CASE(a_target_with_io_queues_is_refused)
{
	struct scene scene = scene_begin();
	struct rig *rig = scene.destination;
	struct state before, after;
	uint8_t report[256];

	assert_success(set(&scene, ONLY, 0, scene.state.size));
	before = state_of(rig, 1);
	assert_status(set(&scene, ONLY, 0, scene.state.size), NVM_SC_INVALID_FIELD);
	migration_report(rig, report);
	assert_non_null(strstr((char *)report + 16, "I/O queues"));
	after = state_of(rig, 1);
	assert_memory_equal(after.data, before.data, before.size);
	/* A reset makes room. */
	nvmove_ctrl_reset(rig->function[1].ctrl, NVMOVE_RESET_FLR);
	assert_success(migration_suspend(rig, 1));
	assert_arrives(&scene);
	state_free(&after);
	state_free(&before);
	scene_end(&scene);
}

TEST_CASE(unknown_formats_are_refused)
{
	static const struct formats bad[] = { { 2, 1 }, { 1, 2 }, { 255, 1 }, { 1, 255 }, { 0, 0 } };
	struct scene scene = scene_begin();

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_status(migration_set_all(scene.destination, 1, bad[i], &scene.state, 1000),
			      NVM_SC_INVALID_FIELD);
	assert_status(ADMIN(scene.destination->driver[0], .opcode = 0x41, .cdw10 = FIRST << 16 | 2,
			    .cdw11 = 1 << 24 | 1 << 16 | 8, .cdw14 = 3, .cdw15 = 16,
			    .prp1 = part(&scene, 0, 64)->prp1), NVM_SC_INVALID_FIELD);
	assert_arrives(&scene);
	scene_end(&scene);
}

TEST_CASE(two_controllers_are_loaded_at_the_same_time)
{
	struct scene scene = scene_begin();
	struct rig *rig = scene.destination;

	rig_online(rig, 2, 5, 5);
	assert_success(migration_suspend(rig, 2));
	assert_success(set(&scene, FIRST, 0, 512));
	assert_success(migration_set(rig, 2, WHOLE, FIRST, 0, part(&scene, 0, 64)));
	assert_success(set(&scene, LAST, 512, scene.state.size - 512));
	assert_status(migration_resume(rig, 2), NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_success(migration_resume(rig, 1));
	scene_end(&scene);
}

RUN_TESTS("hmlm_set_state",
	  cmocka_unit_test(one_command_can_carry_it_all),
	  cmocka_unit_test(the_last_command_can_carry_nothing),
	  cmocka_unit_test(any_other_command_carries_something),
	  cmocka_unit_test(a_piece_can_be_sent_again),
	  cmocka_unit_test(a_sequence_begins_with_a_first_command),
	  cmocka_unit_test(a_first_command_starts_over),
	  cmocka_unit_test(a_sequence_does_not_outlive_its_end),
	  cmocka_unit_test(a_state_that_is_set_ends_the_snapshot),
	  cmocka_unit_test(nothing_takes_effect_before_the_last_command),
	  cmocka_unit_test(after_any_failure_all_of_it_is_sent_again),
	  cmocka_unit_test(pieces_lie_within_what_has_arrived_or_right_behind_it),
	  cmocka_unit_test(a_piece_is_at_most_mdts),
	  cmocka_unit_test(bytes_beyond_the_end_by_the_header_are_refused),
	  cmocka_unit_test(a_state_that_ends_early_is_refused),
	  cmocka_unit_test(a_container_that_claims_too_much_is_refused_at_once),
	  cmocka_unit_test(two_parts_that_together_are_too_much_are_refused_at_once),
	  cmocka_unit_test(a_refused_state_is_reported_and_changes_nothing),
	  cmocka_unit_test(a_state_of_a_running_controller_is_refused),
	  cmocka_unit_test(the_target_is_a_suspended_controller),
	  cmocka_unit_test(a_target_with_io_queues_is_refused),
	  cmocka_unit_test(unknown_formats_are_refused),
	  cmocka_unit_test(two_controllers_are_loaded_at_the_same_time));
