// SPDX-License-Identifier: BSD-2-Clause
/*
 * The committed test vectors, as other implementations see them: each state is loaded by a
 * controller that was never used and saved again to the same bytes; each other one is refused.
 */
#include <stdio.h>

#include "scenes.h"

static struct state read_vector(const char *name)
{
	char path[4096];
	struct state state = { malloc(1 << 20), 0 };
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.bin", VECTORS, name);
	file = fopen(path, "rb");
	if (!file)
		fail_msg("%s cannot be opened", path);
	assert_non_null(state.data);
	state.size = fread(state.data, 1, 1 << 20, file);
	fclose(file);
	assert_in_range(state.size, 48, (1 << 20) - 1);
	return state;
}

static bool is_refusal(const char *name)
{
	char path[4096], text[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.json", VECTORS, name);
	file = fopen(path, "rb");
	if (!file || fread(text, 1, sizeof(text) - 1, file) != sizeof(text) - 1)
		fail_msg("%s cannot be read", path);
	fclose(file);
	return !strncmp(text, "{\"refused\":", 11);
}

TEST_CASE(every_vector_is_loaded_and_saved_again)
{
	const struct scene *scene;

	for (size_t i = 0; (scene = scene_number(i)); i++) {
		struct rig *rig = scene_destination(scene);
		struct state state = read_vector(scene->name), again;

		rig_load(rig, 1, state.data, state.size);
		again = state_of(rig, 1);
		/* The one difference: nobody counted the Timestamp while the state travelled. */
		((struct nvmove_cstate_timers *)state_payload(&state, NVMOVE_CSTATE_TIMERS, NULL))
			->timestamp_synch = 1;
		state_seal(&state);
		if (again.size != state.size || memcmp(again.data, state.data, state.size))
			fail_msg("%s is not saved as it was loaded", scene->name);
		state_free(&state);
		state_free(&again);
		rig_free(rig);
	}
}

TEST_CASE(edited_vectors_are_refused_or_differ_harmlessly)
{
	const struct refusal *refusal;
	unsigned int refused = 0, loaded = 0;

	for (size_t i = 0; (refusal = refusal_number(i)); i++) {
		struct rig *rig = scene_destination(scene_named(REFUSAL_SCENE));
		struct state before = state_of(rig, 1), after, state = read_vector(refusal->name);
		struct nvmove_load_error error;
		int err = nvmove_ctrl_load(rig->function[1].ctrl, state.data, state.size, &error);

		if (is_refusal(refusal->name)) {
			refused++;
			if (err != -EBADMSG && err != -ENOTSUP)
				fail_msg("%s: load returned %d", refusal->name, err);
			after = state_of(rig, 1);
			assert_int_equal(after.size, before.size);
			assert_memory_equal(after.data, before.data, before.size);
			state_free(&after);
		} else {
			loaded++;
			if (err)
				fail_msg("%s: %s", refusal->name, error.text);
		}
		state_free(&before);
		state_free(&state);
		rig_free(rig);
	}
	assert_in_range(refused, 1, 1000);
	assert_in_range(loaded, 1, 1000);
}

RUN_TESTS("load_vectors",
	  cmocka_unit_test(every_vector_is_loaded_and_saved_again),
	  cmocka_unit_test(edited_vectors_are_refused_or_differ_harmlessly));
