// SPDX-License-Identifier: BSD-2-Clause
/*
 * R20, R23: a controller's compatibility record, read as log page C1h and sent to another device
 * like a state, is a question that is answered before anything is suspended and that changes
 * nothing.
 */
#include <nvmove/compat.h>

#include "migration_host.h"

#define RECORD	(48 + 32 + 16)	/* where it begins in a question */

/** struct protocol - by which the destination is asked */
struct protocol {
	struct completion (*ask)(struct rig *rig, const struct state *question, size_t piece);
	struct completion (*resume)(struct rig *rig);
};

static struct completion hmlm_ask(struct rig *rig, const struct state *question, size_t piece)
{
	return migration_set_all(rig, 1, WHOLE, question, piece);
}

static struct completion hmlm_ask_vendor_data(struct rig *rig, const struct state *question,
					      size_t piece)
{
	return migration_set_all(rig, 1, VENDOR_ALONE, question, piece);
}

static struct completion hmlm_resume(struct rig *rig)
{
	return migration_resume(rig, 1);
}

static struct completion rfc_ask(struct rig *rig, const struct state *question, size_t piece)
{
	struct completion completion = { 0 };

	for (size_t at = 0; at < question->size && !completion.status; at += piece) {
		size_t len = question->size - at < piece ? question->size - at : piece;
		struct buffer *buffer = buffer_new(rig->driver[0], len);

		buffer_write(buffer, 0, question->data + at, len);
		completion = driver_rfc(rig->driver[0], NVMOVE_RFC_LOAD_DATA, 1, len, at, buffer);
	}
	return completion;
}

static struct completion rfc_resume(struct rig *rig)
{
	return driver_rfc(rig->driver[0], NVMOVE_RFC_RESUME, 1, 0, 0, NULL);
}

static const struct protocol protocols[] = {
	{ hmlm_ask, hmlm_resume },
	{ hmlm_ask_vendor_data, hmlm_resume },
	{ rfc_ask, rfc_resume },
};

/** struct scene - a source that runs, its question, a destination that waits */
struct scene {
	struct rig *source;
	struct rig *destination;
	struct state question;
};

static struct scene scene_begin(void)
{
	struct scene scene = { .source = rig_new_secondaries(NULL, 1) };

	scene.destination = migration_destination(scene.source);
	scene.question = migration_question(scene.source, 1, 4096);
	return scene;
}

static void scene_end(struct scene *scene)
{
	state_free(&scene->question);
	rig_free(scene->destination);
	rig_free(scene->source);
}

/* Refused by any protocol, for @reason, by a controller that stays as it was. */
static void assert_refused(struct scene *scene, const struct state *question, const char *reason)
{
	struct state before = state_of(scene->destination, 1), after;
	uint8_t report[256];

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		/* That part would be refused for another reason. */
		if (protocols[i].ask == hmlm_ask_vendor_data && get64(question->data, 16))
			continue;
		assert_status(protocols[i].ask(scene->destination, question, 4096),
			      NVM_SC_INVALID_FIELD);
		migration_report(scene->destination, report);
		if (!strstr((char *)report + 16, reason))
			fail_msg("protocol %zu: \"%s\" instead of \"%s\"", i, (char *)report + 16,
				 reason);
	}
	after = state_of(scene->destination, 1);
	assert_int_equal(after.size, before.size);
	assert_memory_equal(after.data, before.data, before.size);
	state_free(&after);
	state_free(&before);
}

TEST_CASE(the_log_page_is_a_container_with_the_record_of_now)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	const struct nvmove_ctrl *ctrl = rig->function[1].ctrl;
	size_t size = nvmove_ctrl_compat_size(ctrl);
	struct state question = migration_question(rig, 1, 4096);
	uint8_t *record = malloc(size), *payload;
	size_t len;

	assert_int_equal(question.size, RECORD + size);
	assert_int_equal(question.data[2], 0);			/* the controller runs */
	assert_int_equal(get64(question.data, 16), 0);
	assert_int_equal(get64(question.data, 32), (question.size - 48) / 4);
	assert_int_equal(get32(question.data, 48 + 20), 1);	/* sections */
	payload = state_payload(&question, NVMOVE_CSTATE_COMPAT, &len);
	assert_int_equal(len, size);
	assert_int_equal(nvmove_ctrl_compat_record(ctrl, record, size), size);
	assert_memory_equal(payload, record, size);
	state_free(&question);

	assert_int_equal(nvmove_namespace_detach(rig->function[1].ctrl, 3), 0);
	rig_suspend(rig, 1);
	question = migration_question(rig, 1, 4096);
	assert_int_equal(question.size, RECORD + size - sizeof(struct nvmove_cstate_namespace));
	assert_int_equal(question.data[2], 1);
	state_free(&question);
	free(record);
	rig_free(rig);
}

TEST_CASE(the_log_page_is_read_in_pieces_up_to_its_end)
{
	static const size_t pieces[] = { 4, 48, 100, 4096 };
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct state whole = migration_question(rig, 1, 4096);
	struct buffer *dword = buffer_new(rig->driver[0], 4);

	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		struct state other = migration_question(rig, 1, pieces[i]);

		assert_int_equal(other.size, whole.size);
		assert_memory_equal(other.data, whole.data, whole.size);
		state_free(&other);
	}
	assert_success(migration_get_question(rig, 1, whole.size - 4, dword));
	assert_status(migration_get_question(rig, 1, whole.size, dword), NVM_SC_INVALID_FIELD);
	assert_status(migration_get_question(rig, 1, 2, dword), NVM_SC_INVALID_FIELD);
	assert_status(migration_get_question(rig, 1, 1ull << 40, dword), NVM_SC_INVALID_FIELD);
	state_free(&whole);
	rig_free(rig);
}

TEST_CASE(only_controllers_that_migrate_are_named)
{
	struct rig *rig = rig_new_secondaries(NULL, 1);
	struct buffer *header = buffer_new(rig->driver[0], 48);

	assert_status(migration_get_question(rig, 0, 0, header), NVM_SC_INVALID_FIELD);
	assert_success(migration_get_question(rig, 3, 0, header));	/* it is offline */
	assert_status(migration_get_question(rig, 4, 0, header), NVM_SC_INVALID_FIELD);
	assert_buffer_slack(header);
	rig_free(rig);
}

TEST_CASE(either_protocol_has_the_log_page)
{
	static const unsigned int alone[] = { NVMOVE_PROTOCOL_RFC, NVMOVE_PROTOCOL_HMLM };

	for (size_t i = 0; i < ARRAY_SIZE(alone); i++) {
		struct rig_options options = { .protocols = alone[i] };
		struct rig *rig = rig_new_enabled(&options);
		struct buffer *header = buffer_new(rig->driver[0], 48);

		assert_success(migration_get_question(rig, 1, 0, header));
		rig_free(rig);
	}
}

TEST_CASE(yes_changes_nothing)
{
	static const size_t pieces[] = { 16, 100, 4096 };

	for (size_t i = 0; i < ARRAY_SIZE(protocols) * ARRAY_SIZE(pieces); i++) {
		const struct protocol *protocol = &protocols[i % ARRAY_SIZE(protocols)];
		struct scene scene = scene_begin();
		struct state before = state_of(scene.destination, 1), after;
		uint8_t report[256];

		assert_success(protocol->ask(scene.destination, &scene.question,
					     pieces[i / ARRAY_SIZE(protocols)]));
		migration_report(scene.destination, report);
		assert_true(is_zero(report, sizeof(report)));
		after = state_of(scene.destination, 1);
		assert_int_equal(after.size, before.size);
		assert_memory_equal(after.data, before.data, before.size);
		assert_success(protocol->resume(scene.destination));
		state_free(&after);
		state_free(&before);
		scene_end(&scene);
	}
}

TEST_CASE(the_state_can_follow)
{
	struct scene scene = scene_begin();
	struct state state;

	assert_success(hmlm_ask(scene.destination, &scene.question, 4096));
	rig_suspend(scene.source, 1);
	state = state_of(scene.source, 1);
	assert_success(migration_set_all(scene.destination, 1, WHOLE, &state, 4096));
	assert_success(migration_resume(scene.destination, 1));
	state_free(&state);
	scene_end(&scene);
}

TEST_CASE(no_has_the_words_of_a_refused_load)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		struct scene scene = scene_begin();
		uint8_t report[256];

		assert_int_equal(nvmove_namespace_detach(scene.destination->function[1].ctrl, 3),
				 0);
		assert_status(protocols[i].ask(scene.destination, &scene.question, 100),
			      NVM_SC_INVALID_FIELD);
		migration_report(scene.destination, report);
		assert_int_equal(get16(report, 0), NVMOVE_LOAD_REPORT_VERSION);
		assert_int_equal(get16(report, 2), 1);			/* VF */
		assert_int_equal(get16(report, 4), NVMOVE_CSTATE_COMPAT);
		assert_int_equal(get16(report, 6), NVM_SC_INVALID_FIELD);
		assert_int_equal(get16(report, 8), 8);			/* controller id */
		assert_string_equal((char *)report + 16,
				    "nsid 3: not attached here, attached in the stream");
		assert_success(protocols[i].resume(scene.destination));
		scene_end(&scene);
	}
}

/* What was sent before is still missing, whatever was asked meanwhile. */
TEST_CASE(a_question_does_not_stand_for_the_state_that_is_missing)
{
	struct scene scene = scene_begin();
	struct buffer *first = buffer_new(scene.destination->driver[0], 64);

	buffer_write(first, 0, scene.question.data, 64);
	assert_success(migration_set(scene.destination, 1, WHOLE, NVMOVE_HMLM_FIRST, 0, first));
	assert_status(migration_resume(scene.destination, 1), NVM_SC_COMMAND_SEQUENCE_ERROR);
	assert_success(hmlm_ask(scene.destination, &scene.question, 4096));
	assert_status(migration_resume(scene.destination, 1), NVM_SC_COMMAND_SEQUENCE_ERROR);
	scene_end(&scene);
}

TEST_CASE(a_controller_with_queues_answers)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		struct rig *rig = rig_new_secondaries(NULL, 1);
		struct queue_pair queue;
		struct state question;

		driver_create_queue(rig->driver[1], &queue, 1, 16, 1);
		question = migration_question(rig, 1, 4096);
		assert_success(migration_suspend(rig, 1));
		assert_success(protocols[i].ask(rig, &question, 4096));
		assert_success(protocols[i].resume(rig));
		assert_success(COMMAND(&queue, .opcode = NVM_IO_FLUSH, .nsid = 3));
		state_free(&question);
		rig_free(rig);
	}
}

TEST_CASE(only_a_suspended_controller_answers)
{
	struct scene scene = scene_begin();

	assert_status(hmlm_ask(scene.source, &scene.question, 4096), NVM_SC_INVALID_CNTLID);
	assert_status(rfc_ask(scene.source, &scene.question, 4096), NVM_SC_COMMAND_SEQUENCE_ERROR);
	scene_end(&scene);
}

TEST_CASE(what_the_source_knows_of_itself_is_no_state)
{
	struct scene scene = scene_begin();
	struct nvmove_load_error error;

	assert_true(nvmove_ctrl_load(scene.destination->function[1].ctrl, scene.question.data,
				     scene.question.size, &error) < 0);
	assert_true(nvmove_ctrl_is_suspended(scene.destination->function[1].ctrl));
	scene_end(&scene);
}

/* Beside other sections it is no question, but a state with a section that no state has. */
TEST_CASE(a_record_stands_alone)
{
	static const struct {
		unsigned int type;
		uint32_t flags;
	} beside[] = {
		{ NVMOVE_CSTATE_IDENTITY, 0 },
		{ NVMOVE_CSTATE_COMPAT, 0 },
		{ 4711, NVMOVE_CSTATE_F_SKIPPABLE },
	};
	struct scene scene = scene_begin();

	for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
		struct state mixed = state_copy(&scene.question);

		mixed.data[2] = NVMOVE_CSTATE_ATTR_SUSPENDED;
		state_insert(&mixed, 48, NULL, 8);	/* no I/O queues */
		put64(mixed.data, 16, 2);
		state_add_section(&mixed, beside[i].type, 1, beside[i].flags, NULL, 392);
		assert_refused(&scene, &mixed, "section 16: unknown and required");
		state_free(&mixed);
	}
	scene_end(&scene);
}

TEST_CASE(a_state_has_no_record)
{
	struct scene scene = scene_begin();
	size_t size = scene.question.size - RECORD;
	struct state mixed;

	rig_suspend(scene.source, 1);
	mixed = state_of(scene.source, 1);
	state_add_section(&mixed, NVMOVE_CSTATE_COMPAT, 1, 0,
			  state_payload(&scene.question, NVMOVE_CSTATE_COMPAT, NULL), size);
	assert_refused(&scene, &mixed, "section 16: unknown and required");
	state_free(&mixed);
	scene_end(&scene);
}

TEST_CASE(what_is_wrong_with_a_question_is_named)
{
	struct scene scene = scene_begin();
	struct state bad = state_copy(&scene.question);

	state_insert(&bad, 48, NULL, 8);
	put64(bad.data, 16, 2);
	state_seal(&bad);
	assert_refused(&scene, &bad, "NVMe Controller State: 0 bytes in a question, 8 in the stream");
	state_free(&bad);

	bad = state_copy(&scene.question);
	put16(bad.data, 48 + 32 + 2, 2);
	state_seal(&bad);
	assert_refused(&scene, &bad, "compatibility record: version 1 here, 2 in the stream");
	put16(bad.data, 48 + 32 + 2, 1);
	put32(bad.data, 48 + 32 + 4, NVMOVE_CSTATE_F_SKIPPABLE);
	state_seal(&bad);
	assert_refused(&scene, &bad, "compatibility record: flags 0x1, none are defined for it");
	state_free(&bad);

	bad = state_copy(&scene.question);
	bad.data[RECORD + offsetof(struct nvmove_compat, policy)] = 9;
	state_seal(&bad);
	assert_refused(&scene, &bad, "CRC of the source's record");
	state_free(&bad);

	bad = state_copy(&scene.question);
	state_resize_section(&bad, NVMOVE_CSTATE_COMPAT, 0);
	assert_refused(&scene, &bad, "size of the source's record");
	state_free(&bad);
	scene_end(&scene);
}

TEST_CASE(every_flipped_bit_is_found)
{
	struct scene scene = scene_begin();

	for (size_t bit = 0; bit < scene.question.size * 8; bit++) {
		struct buffer *buffer;

		scene.question.data[bit / 8] ^= 1 << bit % 8;
		buffer = buffer_new(scene.destination->driver[0], scene.question.size);
		buffer_write(buffer, 0, scene.question.data, scene.question.size);
		if (!migration_set(scene.destination, 1, WHOLE,
				   NVMOVE_HMLM_FIRST | NVMOVE_HMLM_LAST, 0, buffer).status)
			fail_msg("bit %zu of byte %zu", bit % 8, bit / 8);
		scene.question.data[bit / 8] ^= 1 << bit % 8;
	}
	scene_end(&scene);
}

TEST_CASE(every_shorter_question_is_refused)
{
	struct scene scene = scene_begin();

	for (size_t size = 4; size < scene.question.size; size += 4) {
		struct state shorter = state_copy(&scene.question);

		shorter.size = size;
		assert_status(hmlm_ask(scene.destination, &shorter, 4096), NVM_SC_INVALID_FIELD);
		/* Even where its sizes do not contradict that. */
		if (size >= RECORD) {
			put64(shorter.data, 32, (size - 48) / 4);
			put32(shorter.data, 48 + 32 + 8, size - RECORD);
			state_seal(&shorter);
			assert_status(hmlm_ask(scene.destination, &shorter, 4096),
				      NVM_SC_INVALID_FIELD);
		}
		state_free(&shorter);
	}
	assert_success(hmlm_ask(scene.destination, &scene.question, 4096));
	scene_end(&scene);
}

RUN_TESTS("compat_question",
	  cmocka_unit_test(the_log_page_is_a_container_with_the_record_of_now),
	  cmocka_unit_test(the_log_page_is_read_in_pieces_up_to_its_end),
	  cmocka_unit_test(only_controllers_that_migrate_are_named),
	  cmocka_unit_test(either_protocol_has_the_log_page),
	  cmocka_unit_test(yes_changes_nothing),
	  cmocka_unit_test(the_state_can_follow),
	  cmocka_unit_test(no_has_the_words_of_a_refused_load),
	  cmocka_unit_test(a_question_does_not_stand_for_the_state_that_is_missing),
	  cmocka_unit_test(a_controller_with_queues_answers),
	  cmocka_unit_test(only_a_suspended_controller_answers),
	  cmocka_unit_test(what_the_source_knows_of_itself_is_no_state),
	  cmocka_unit_test(a_record_stands_alone),
	  cmocka_unit_test(a_state_has_no_record),
	  cmocka_unit_test(what_is_wrong_with_a_question_is_named),
	  cmocka_unit_test(every_flipped_bit_is_found),
	  cmocka_unit_test(every_shorter_question_is_refused));
