// SPDX-License-Identifier: BSD-2-Clause
/*
 * The vendor command set (docs/rfc-protocol.md, include/nvmove/lm.h) on the primary's admin queue:
 * a migration by commands alone, in pieces of every size, and every way to get it wrong.
 */
#include "state_editor.h"

#define QUERY	NVMOVE_RFC_QUERY_DATA_SIZE
#define SUSPEND	NVMOVE_RFC_SUSPEND
#define RESUME	NVMOVE_RFC_RESUME
#define SAVE	NVMOVE_RFC_SAVE_DATA
#define LOAD	NVMOVE_RFC_LOAD_DATA

static const struct command flush = { .opcode = NVM_IO_FLUSH, .nsid = 3 };
static const uint8_t opcodes[] = { QUERY, SUSPEND, RESUME, SAVE, LOAD };

static struct completion simple(struct rig *rig, unsigned int opcode, unsigned int vf)
{
	return driver_rfc(rig->driver[0], opcode, vf, 0, 0, NULL);
}

static struct completion save(struct rig *rig, unsigned int vf, uint64_t offset, uint32_t len,
			      struct buffer *buffer)
{
	return driver_rfc(rig->driver[0], SAVE, vf, len, offset, buffer);
}

static struct completion load(struct rig *rig, unsigned int vf, uint64_t offset, uint32_t len,
			      struct buffer *buffer)
{
	return driver_rfc(rig->driver[0], LOAD, vf, len, offset, buffer);
}

/** save_all() - QUERY and SAVE in pieces of @piece bytes; the VF must be suspended */
static struct state save_all(struct rig *rig, unsigned int vf, size_t piece)
{
	struct completion completion = simple(rig, QUERY, vf);
	struct state state;

	assert_success(completion);
	state.size = completion.dw0;
	state.data = malloc(state.size);
	assert_non_null(state.data);
	for (size_t at = 0; at < state.size; at += piece) {
		size_t len = state.size - at < piece ? state.size - at : piece;
		struct buffer *buffer = buffer_new_at(rig->driver[0], len, at % 512, 0);

		assert_success(save(rig, vf, at, len, buffer));
		buffer_read(buffer, 0, state.data + at, len);
		assert_buffer_slack(buffer);
	}
	return state;
}

/** load_all() - LOAD in pieces of @piece bytes; returns the last completion or the first error */
static struct completion load_all(struct rig *rig, unsigned int vf, const struct state *state,
				  size_t piece)
{
	struct completion completion = { 0 };

	for (size_t at = 0; at < state->size; at += piece) {
		size_t len = state->size - at < piece ? state->size - at : piece;
		struct buffer *buffer = buffer_new(rig->driver[0], len);

		buffer_write(buffer, 0, state->data + at, len);
		completion = load(rig, vf, at, len, buffer);
		if (completion.status)
			break;
	}
	return completion;
}

/** rig_ready_to_load() - another host whose VF 1 was suspended by command */
static struct rig *rig_ready_to_load(struct rig *source)
{
	struct rig *rig = rig_new_destination(source, 0);

	rig_online(rig, 1, 5, 5);
	assert_success(simple(rig, SUSPEND, 1));
	return rig;
}

TEST_CASE(a_controller_moves_by_commands_alone)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct driver *driver = source->driver[1];
	struct queue_pair queue;
	struct state state;

	driver_create_queue(driver, &queue, 1, 16, 1);
	for (unsigned int i = 0; i < 10; i++)
		sq_push(&queue.sq, &flush);
	sq_ring(&queue.sq);
	assert_success(simple(source, SUSPEND, 1));
	state = save_all(source, 1, 64 << 10);
	destination = rig_ready_to_load(source);
	assert_success(load_all(destination, 1, &state, 64 << 10));
	driver->function = &destination->function[1];
	assert_success(simple(destination, RESUME, 1));
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
	assert_success(simple(source, SUSPEND, 1));
	whole = save_all(source, 1, 128 << 10);
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		struct rig *destination = rig_ready_to_load(source);
		struct state state = save_all(source, 1, pieces[i]), loaded;

		assert_int_equal(state.size, whole.size);
		assert_memory_equal(state.data, whole.data, whole.size);
		assert_success(load_all(destination, 1, &state, pieces[i]));
		loaded = state_of(destination, 1);
		assert_int_equal(loaded.size, whole.size);
		assert_success(simple(destination, RESUME, 1));
		state_free(&loaded);
		state_free(&state);
		rig_free(destination);
	}
	state_free(&whole);
	rig_free(source);
}

TEST_CASE(length_zero_saves_all_that_is_left)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct buffer *buffer;
	struct state whole;
	uint8_t *data;

	assert_success(simple(rig, SUSPEND, 1));
	whole = save_all(rig, 1, 64 << 10);
	buffer = buffer_new(rig->driver[0], whole.size);
	data = malloc(whole.size);
	assert_success(save(rig, 1, 0, 0, buffer));
	buffer_read(buffer, 0, data, whole.size);
	assert_memory_equal(data, whole.data, whole.size);
	assert_buffer_slack(buffer);
	assert_success(save(rig, 1, 0, 1024, buffer));
	assert_success(save(rig, 1, 1024, 0, buffer));
	buffer_read(buffer, 0, data, whole.size);
	assert_memory_equal(data, whole.data + 1024, whole.size - 1024);
	free(data);
	state_free(&whole);
	rig_free(rig);
}

TEST_CASE(query_tells_the_size_of_what_save_returns)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct completion completion;
	struct state state;

	completion = simple(rig, QUERY, 1);
	assert_success(completion);
	assert_true(completion.dw0 >= 48);
	assert_success(simple(rig, SUSPEND, 1));
	state = save_all(rig, 1, 4096);
	assert_int_equal(state.size, nvmove_ctrl_state_size(rig->function[1].ctrl));
	state_free(&state);
	rig_free(rig);
}

TEST_CASE(suspend_completes_when_the_controller_is_quiet)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *primary = rig->driver[0];
	uint8_t data[NVM_IDENTIFY_SIZE];
	struct queue_pair queue;
	uint16_t cid;

	driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
	rig->medium[3]->hold = true;
	sq_submit(&queue.sq, &flush);
	rig_run(rig);
	cid = sq_submit(&primary->admin.sq, &(struct command){ .opcode = SUSPEND, .cdw10 = 1 });
	cq_assert_empty(&primary->admin.cq);
	assert_success(driver_identify(primary, NVM_CNS_CTRL, 0, 0, data));
	cq_assert_empty(&primary->admin.cq);
	scripted_release(rig->medium[3]);
	rig_run(rig);
	assert_int_equal(cq_take(&primary->admin.cq).cid, cid);
	assert_true(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	rig_free(rig);
}

TEST_CASE(suspending_a_suspended_controller_is_no_error)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	assert_success(simple(rig, SUSPEND, 1));
	assert_success(simple(rig, SUSPEND, 1));
	assert_success(simple(rig, RESUME, 1));
	assert_false(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	rig_free(rig);
}

TEST_CASE(a_suspend_that_a_reset_cuts_short_fails)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct driver *primary = rig->driver[0];
	struct completion completion;
	struct queue_pair queue;

	driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
	rig->medium[3]->hold = true;
	sq_submit(&queue.sq, &flush);
	rig_run(rig);
	sq_submit(&primary->admin.sq, &(struct command){ .opcode = SUSPEND, .cdw10 = 1 });
	rig_run(rig);
	nvmove_ctrl_reset(rig->function[1].ctrl, NVMOVE_RESET_FLR);
	completion = cq_take(&primary->admin.cq);
	assert_int_not_equal(completion.status, NVM_SC_SUCCESS);
	cq_assert_empty(&primary->admin.cq);
	assert_false(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	rig_free(rig);
}

TEST_CASE(bad_vf_indexes_are_refused)
{
	static const unsigned int index[] = { 0, 4, 5, 255, 256, 0xffff };
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct buffer *buffer = buffer_new(rig->driver[0], 4096);

	for (size_t i = 0; i < ARRAY_SIZE(index); i++)
		for (size_t n = 0; n < sizeof(opcodes); n++)
			assert_status(driver_rfc(rig->driver[0], opcodes[n], index[i], 64, 0,
						 buffer), NVM_SC_INVALID_FIELD);
	assert_buffer_filled(buffer, 0);
	rig_free(rig);
}

TEST_CASE(a_vf_that_does_not_exist_now_is_refused)
{
	struct rig *rig = rig_new_enabled(NULL);

	for (size_t n = 0; n < sizeof(opcodes); n++)
		assert_status(simple(rig, opcodes[n], 1), NVM_SC_INVALID_FIELD);
	nvmove_subsystem_set_vfs(rig->subsystem, 2);
	for (size_t n = 0; n < sizeof(opcodes); n++)
		assert_status(simple(rig, opcodes[n], 3), NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

TEST_CASE(an_offline_secondary_is_refused)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	for (size_t n = 0; n < sizeof(opcodes); n++)
		assert_status(driver_rfc(rig->driver[0], opcodes[n], 2, 64, 0, NULL),
			      NVM_SC_INVALID_SECONDARY_STATE);
	rig_free(rig);
}

TEST_CASE(save_load_and_resume_need_a_suspended_controller)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct buffer *buffer = buffer_new(rig->driver[0], 4096);

	assert_status(simple(rig, RESUME, 1), NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_status(save(rig, 1, 0, 64, buffer), NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_status(save(rig, 1, 0, 0, buffer), NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_status(load(rig, 1, 0, 64, buffer), NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_success(simple(rig, SUSPEND, 1));
	assert_success(simple(rig, RESUME, 1));
	assert_status(simple(rig, RESUME, 1), NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_status(save(rig, 1, 0, 64, buffer), NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_buffer_filled(buffer, 0);
	rig_free(rig);
}

TEST_CASE(misaligned_pieces_are_refused)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct buffer *buffer = buffer_new(rig->driver[0], 4096);

	assert_success(simple(rig, SUSPEND, 1));
	for (unsigned int by = 1; by < 4; by++) {
		assert_status(save(rig, 1, 0, 64 + by, buffer), NVM_SC_INVALID_FIELD);
		assert_status(load(rig, 1, 0, 64 + by, buffer), NVM_SC_INVALID_FIELD);
		assert_success(save(rig, 1, 0, 64, buffer));
		assert_int_not_equal(save(rig, 1, 64 + by, 64, buffer).status, NVM_SC_SUCCESS);
		assert_int_not_equal(load(rig, 1, by, 64, buffer).status, NVM_SC_SUCCESS);
	}
	rig_free(rig);
}

TEST_CASE(a_load_of_nothing_is_refused)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);

	assert_success(simple(rig, SUSPEND, 1));
	assert_status(load(rig, 1, 0, 0, NULL), NVM_SC_INVALID_FIELD);
	assert_success(simple(rig, RESUME, 1));
	rig_free(rig);
}

TEST_CASE(pieces_beyond_mdts_are_refused)
{
	struct rig *rig = rig_new_secondaries(&(struct rig_options){ .mdts = 1 }, 1);
	struct buffer *buffer = buffer_new(rig->driver[0], 8192 + 4096);

	assert_success(simple(rig, SUSPEND, 1));
	assert_status(load(rig, 1, 0, 8192 + 4, buffer), NVM_SC_INVALID_FIELD);
	assert_status(load(rig, 1, 0, 0xfffffffc, buffer), NVM_SC_INVALID_FIELD);
	assert_status(save(rig, 1, 0, 8192 + 4, buffer), NVM_SC_INVALID_FIELD);
	assert_status(save(rig, 1, 0, 0xfffffffc, buffer), NVM_SC_INVALID_FIELD);
	rig_free(rig);
}

TEST_CASE(saving_beyond_the_end_is_refused)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct buffer *buffer = buffer_new(rig->driver[0], 128 << 10);
	struct completion completion;
	uint32_t size;

	assert_success(simple(rig, SUSPEND, 1));
	completion = simple(rig, QUERY, 1);
	size = completion.dw0;
	assert_status(save(rig, 1, 0, size + 4, buffer), NVM_SC_INVALID_FIELD);
	assert_success(save(rig, 1, 0, size - 4, buffer));
	assert_status(save(rig, 1, size - 4, 8, buffer), NVM_SC_INVALID_FIELD);
	assert_success(save(rig, 1, size - 4, 4, buffer));
	assert_int_not_equal(save(rig, 1, size, 4, buffer).status, NVM_SC_SUCCESS);
	assert_int_not_equal(save(rig, 1, 1ull << 32, 4, buffer).status, NVM_SC_SUCCESS);
	assert_int_not_equal(save(rig, 1, UINT64_MAX - 3, 4, buffer).status, NVM_SC_SUCCESS);
	assert_int_not_equal(save(rig, 1, UINT64_MAX - 3, 0, buffer).status, NVM_SC_SUCCESS);
	rig_free(rig);
}

TEST_CASE(gaps_are_refused)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct buffer *buffer = buffer_new(rig->driver[0], 4096);

	assert_success(simple(rig, SUSPEND, 1));
	assert_status(save(rig, 1, 64, 64, buffer), NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_success(save(rig, 1, 0, 64, buffer));
	assert_status(save(rig, 1, 128, 64, buffer), NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_success(save(rig, 1, 64, 64, buffer));
	assert_status(load(rig, 1, 64, 64, buffer), NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_status(ADMIN(rig->driver[0], .opcode = SAVE, .cdw10 = 1, .cdw11 = 64,
			    .prp1 = 0xdead000), NVM_SC_DATA_TRANSFER_ERROR);
	assert_int_not_equal(guest_take_faults(rig->driver[0]->memory), 0);
	assert_status(save(rig, 1, 64, 64, buffer), NVM_SC_COMMAND_SEQUENCE_ERROR);
	buffer_fill(buffer, 0);
	assert_success(save(rig, 1, 0, 32, buffer));
	assert_success(load(rig, 1, 0, 32, buffer));
	assert_status(load(rig, 1, 36, 32, buffer), NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_status(load(rig, 1, 28, 32, buffer), NVM_SC_COMMAND_SEQUENCE_ERROR);
	rig_free(rig);
}

TEST_CASE(a_load_starts_over_at_offset_zero)
{
	struct rig *source = rig_new_secondaries(NULL, 1), *destination;
	struct buffer *buffer;
	struct state state;

	assert_success(simple(source, SUSPEND, 1));
	state = save_all(source, 1, 4096);
	destination = rig_ready_to_load(source);
	buffer = buffer_new(destination->driver[0], 256);
	buffer_write(buffer, 0, state.data, 256);
	assert_success(load(destination, 1, 0, 256, buffer));
	assert_success(load(destination, 1, 256, 256, buffer));
	assert_success(load_all(destination, 1, &state, 1000));
	assert_success(simple(destination, RESUME, 1));
	state_free(&state);
	rig_free(destination);
	rig_free(source);
}

TEST_CASE(resume_in_the_middle_of_a_load_is_refused)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct buffer *buffer = buffer_new(rig->driver[0], 64);
	struct queue_pair queue;
	struct state state;

	driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
	assert_success(simple(rig, SUSPEND, 1));
	state = save_all(rig, 1, 4096);
	buffer_write(buffer, 0, state.data, 64);
	assert_success(load(rig, 1, 0, 64, buffer));
	assert_status(simple(rig, RESUME, 1), NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_true(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	assert_success(load_all(rig, 1, &state, 512));
	assert_success(simple(rig, RESUME, 1));
	assert_success(queue_command(&queue, &flush));
	state_free(&state);
	rig_free(rig);
}

TEST_CASE(a_reset_forgets_a_half_loaded_state)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct buffer *buffer = buffer_new(rig->driver[0], 64);
	struct state state;

	assert_success(simple(rig, SUSPEND, 1));
	state = save_all(rig, 1, 4096);
	buffer_write(buffer, 0, state.data, 64);
	assert_success(load(rig, 1, 0, 64, buffer));
	nvmove_ctrl_reset(rig->function[1].ctrl, NVMOVE_RESET_FLR);
	assert_success(simple(rig, SUSPEND, 1));
	assert_status(load(rig, 1, 64, 64, buffer), NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_status(save(rig, 1, 64, 64, buffer), NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_success(simple(rig, RESUME, 1));
	driver_enable(rig->driver[1]);
	state_free(&state);
	rig_free(rig);
}

static void read_report(struct rig *rig, uint8_t report[256])
{
	assert_success(driver_get_log(rig->driver[0], NVMOVE_LOG_LOAD_REPORT, 0, report, 256));
}

TEST_CASE(the_load_report_is_empty_at_first)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	uint8_t report[256];

	read_report(rig, report);
	assert_true(is_zero(report, sizeof(report)));
	rig_free(rig);
}

TEST_CASE(a_refused_state_is_reported_and_changes_nothing)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct state state, bad, after;
	struct queue_pair queue;
	uint8_t report[256];

	driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
	assert_success(simple(rig, SUSPEND, 1));
	state = state_of(rig, 1);
	bad = state_copy(&state);
	memcpy(state_payload(&bad, NVMOVE_CSTATE_IDENTITY, NULL) +
	       offsetof(struct nvmove_cstate_identity, serial), "FOREIGN1", 8);
	state_seal(&bad);
	assert_status(load_all(rig, 1, &bad, 1024), NVM_SC_INVALID_FIELD);
	read_report(rig, report);
	assert_int_equal(get16(report, 0), NVMOVE_LOAD_REPORT_VERSION);
	assert_int_equal(get16(report, 2), 1);
	assert_int_equal(get16(report, 4), NVMOVE_CSTATE_IDENTITY);
	assert_int_equal(get16(report, 6), NVM_SC_INVALID_FIELD);
	assert_non_null(memchr(report + 16, 0, 240));
	assert_non_null(strstr((char *)report + 16, "FOREIGN1"));
	assert_non_null(strstr((char *)report + 16, "UNIT0001"));
	after = state_of(rig, 1);
	assert_int_equal(after.size, state.size);
	assert_memory_equal(after.data, state.data, state.size);
	assert_success(simple(rig, RESUME, 1));
	assert_success(queue_command(&queue, &flush));
	state_free(&after);
	state_free(&bad);
	state_free(&state);
	rig_free(rig);
}

TEST_CASE(a_container_that_claims_too_much_is_refused_at_once)
{
	static const struct {
		size_t at;
		uint64_t value;
	} claims[] = {
		{ 16, 1ull << 40 }, { 24, 1 }, { 32, UINT64_MAX }, { 40, UINT64_MAX },
		{ 32, NVMOVE_CSTATE_MAX / 4 + 1 },
	};
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct buffer *buffer = buffer_new(rig->driver[0], 64);
	uint8_t report[256];
	struct state state;

	assert_success(simple(rig, SUSPEND, 1));
	state = state_of(rig, 1);
	for (size_t i = 0; i < ARRAY_SIZE(claims); i++) {
		uint8_t head[64];

		memcpy(head, state.data, sizeof(head));
		put64(head, claims[i].at, claims[i].value);
		buffer_write(buffer, 0, head, sizeof(head));
		assert_status(load(rig, 1, 0, sizeof(head), buffer), NVM_SC_INVALID_FIELD);
		read_report(rig, report);
		assert_int_equal(get16(report, 4), 0);
		assert_int_not_equal(report[16], 0);
		assert_status(load(rig, 1, sizeof(head), 64, buffer),
			      NVM_SC_COMMAND_SEQUENCE_ERROR);
	}
	assert_success(simple(rig, RESUME, 1));
	state_free(&state);
	rig_free(rig);
}

TEST_CASE(a_piece_beyond_the_end_by_the_header_is_refused)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct state state, after, longer;

	assert_success(simple(rig, SUSPEND, 1));
	state = state_of(rig, 1);
	longer = state_copy(&state);
	state_insert(&longer, longer.size, NULL, 4);
	assert_status(load_all(rig, 1, &longer, 64 << 10), NVM_SC_INVALID_FIELD);
	after = state_of(rig, 1);
	assert_memory_equal(after.data, state.data, state.size);
	assert_success(load_all(rig, 1, &state, 64 << 10));
	assert_success(simple(rig, RESUME, 1));
	state_free(&state);
	state_free(&after);
	state_free(&longer);
	rig_free(rig);
}

TEST_CASE(unreadable_and_unwritable_buffers_are_reported)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct buffer *buffer = buffer_new(rig->driver[0], 64);
	struct state state;

	assert_success(simple(rig, SUSPEND, 1));
	assert_status(ADMIN(rig->driver[0], .opcode = SAVE, .cdw10 = 1, .cdw11 = 64,
			    .prp1 = 0xdead000), NVM_SC_DATA_TRANSFER_ERROR);
	assert_status(ADMIN(rig->driver[0], .opcode = LOAD, .cdw10 = 1, .cdw11 = 64,
			    .prp1 = 0xdead000), NVM_SC_DATA_TRANSFER_ERROR);
	assert_int_not_equal(guest_take_faults(rig->driver[0]->memory), 0);
	assert_success(save(rig, 1, 0, 64, buffer));
	state = save_all(rig, 1, 4096);
	assert_success(load_all(rig, 1, &state, 4096));
	assert_success(simple(rig, RESUME, 1));
	state_free(&state);
	rig_free(rig);
}

TEST_CASE(the_state_moves_under_the_primarys_requester_id)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	unsigned long dma;
	struct state state;
	uint64_t sum;

	assert_success(simple(rig, SUSPEND, 1));
	dma = rig->function[1].dma;
	sum = guest_checksum(rig->driver[1]->memory);
	state = save_all(rig, 1, 4096);
	assert_success(load_all(rig, 1, &state, 4096));
	assert_int_equal(rig->function[1].dma, dma);
	assert_int_equal(guest_checksum(rig->driver[1]->memory), sum);
	state_free(&state);
	rig_free(rig);
}

TEST_CASE(several_controllers_are_saved_at_the_same_time)
{
	struct rig *rig = rig_new_secondaries(NULL, 3);
	struct buffer *buffer = buffer_new(rig->driver[0], 64);
	struct state state[3];

	for (unsigned int vf = 1; vf <= 3; vf++)
		assert_success(simple(rig, SUSPEND, vf));
	for (unsigned int vf = 1; vf <= 3; vf++)
		state[vf - 1] = state_of(rig, vf);
	for (size_t at = 0; at + 64 <= state[0].size && at + 64 <= state[2].size; at += 64) {
		for (unsigned int vf = 1; vf <= 3; vf++) {
			uint8_t data[64];

			if (at + 64 > state[vf - 1].size)
				continue;
			assert_success(save(rig, vf, at, 64, buffer));
			buffer_read(buffer, 0, data, 64);
			assert_memory_equal(data, state[vf - 1].data + at, 64);
		}
	}
	for (unsigned int vf = 1; vf <= 3; vf++)
		state_free(&state[vf - 1]);
	rig_free(rig);
}

TEST_CASE(a_secondary_has_none_of_these_commands)
{
	struct rig *rig = rig_new_secondaries(NULL, 2);
	struct buffer *buffer = buffer_new(rig->driver[1], 4096);
	uint8_t report[256];

	buffer_fill(buffer, 0x99);
	assert_success(simple(rig, SUSPEND, 2));
	for (unsigned int vf = 0; vf < 5; vf++)
		for (size_t n = 0; n < sizeof(opcodes); n++)
			assert_status(driver_rfc(rig->driver[1], opcodes[n], vf, 64, 0, buffer),
				      NVM_SC_INVALID_OPCODE);
	assert_buffer_filled(buffer, 0x99);
	assert_false(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	assert_true(nvmove_ctrl_is_suspended(rig->function[2].ctrl));
	assert_status(driver_get_log(rig->driver[1], NVMOVE_LOG_LOAD_REPORT, 0, report, 256),
		      NVM_SC_INVALID_LOG_PAGE);
	rig_free(rig);
}

TEST_CASE(io_queues_have_none_of_these_commands)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct queue_pair queue;

	driver_create_queue(rig->driver[0], &queue, 1, 16, 1);
	for (size_t n = 0; n < sizeof(opcodes); n++)
		assert_status(COMMAND(&queue, .opcode = opcodes[n], .nsid = 1, .cdw10 = 1),
			      NVM_SC_INVALID_OPCODE);
	assert_false(nvmove_ctrl_is_suspended(rig->function[1].ctrl));
	rig_free(rig);
}

RUN_TESTS("rfc_commands",
	  cmocka_unit_test(a_controller_moves_by_commands_alone),
	  cmocka_unit_test(pieces_of_every_size_carry_the_same_state),
	  cmocka_unit_test(length_zero_saves_all_that_is_left),
	  cmocka_unit_test(query_tells_the_size_of_what_save_returns),
	  cmocka_unit_test(suspend_completes_when_the_controller_is_quiet),
	  cmocka_unit_test(suspending_a_suspended_controller_is_no_error),
	  cmocka_unit_test(a_suspend_that_a_reset_cuts_short_fails),
	  cmocka_unit_test(bad_vf_indexes_are_refused),
	  cmocka_unit_test(a_vf_that_does_not_exist_now_is_refused),
	  cmocka_unit_test(an_offline_secondary_is_refused),
	  cmocka_unit_test(save_load_and_resume_need_a_suspended_controller),
	  cmocka_unit_test(misaligned_pieces_are_refused),
	  cmocka_unit_test(a_load_of_nothing_is_refused),
	  cmocka_unit_test(pieces_beyond_mdts_are_refused),
	  cmocka_unit_test(saving_beyond_the_end_is_refused),
	  cmocka_unit_test(gaps_are_refused),
	  cmocka_unit_test(a_load_starts_over_at_offset_zero),
	  cmocka_unit_test(resume_in_the_middle_of_a_load_is_refused),
	  cmocka_unit_test(a_reset_forgets_a_half_loaded_state),
	  cmocka_unit_test(the_load_report_is_empty_at_first),
	  cmocka_unit_test(a_refused_state_is_reported_and_changes_nothing),
	  cmocka_unit_test(a_container_that_claims_too_much_is_refused_at_once),
	  cmocka_unit_test(a_piece_beyond_the_end_by_the_header_is_refused),
	  cmocka_unit_test(unreadable_and_unwritable_buffers_are_reported),
	  cmocka_unit_test(the_state_moves_under_the_primarys_requester_id),
	  cmocka_unit_test(several_controllers_are_saved_at_the_same_time),
	  cmocka_unit_test(a_secondary_has_none_of_these_commands),
	  cmocka_unit_test(io_queues_have_none_of_these_commands));
