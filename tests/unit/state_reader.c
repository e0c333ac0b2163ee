// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reading a state without a controller: the parts are where the writer put them, unknown sections
 * that may be left out do not hide them, and what a load would refuse for its form is refused in
 * its words.
 */
#include <state_reader.h>

#include "harness.h"
#include "state_editor.h"

#define UNKNOWN_TYPE	40000

static struct rig *rig_new_suspended(void)
{
	struct rig *rig = rig_new_enabled(NULL);

	nvmove_subsystem_set_vfs(rig->subsystem, 1);
	rig_online(rig, 1, 3, 3);
	driver_enable(rig->driver[1]);
	rig_suspend(rig, 1);
	return rig;
}

static void expect_parts(struct state *state)
{
	struct nvmove_load_error error;
	struct nvmove_state_view view;

	assert_int_equal(nvmove_state_read(state->data, state->size, &view, &error), 0);
	assert_ptr_equal(view.header, state->data);
	assert_ptr_equal(view.vendor, state->data + state_vendor(state));
	if (view.nr_sq)
		assert_ptr_equal(view.sq, state->data + state_sq(state, 0));
	if (view.nr_cq)
		assert_ptr_equal(view.cq, state->data + state_cq(state, 0));
	for (unsigned int type = 1; type <= NVMOVE_CSTATE_TYPE_MAX; type++) {
		size_t length;

		assert_ptr_equal(view.section[type].payload, state_payload(state, type, &length));
		assert_int_equal(view.section[type].length, length);
		assert_non_null(nvmove_state_section_name(type));
	}
	assert_null(nvmove_state_section_name(UNKNOWN_TYPE));
}

TEST_CASE(parts_are_where_they_were_written)
{
	struct rig *rig = rig_new_suspended();
	struct state state = state_of(rig, 1);

	expect_parts(&state);
	state_add_section(&state, UNKNOWN_TYPE, 7, NVMOVE_CSTATE_F_SKIPPABLE, "skip", 4);
	expect_parts(&state);
	state_free(&state);
	rig_free(rig);
}

TEST_CASE(a_form_that_a_load_refuses_is_refused_in_its_words)
{
	struct rig *rig = rig_new_suspended();
	struct state whole = state_of(rig, 1);

	for (size_t size = 0; size < whole.size; size += 4) {
		struct nvmove_load_error ours, theirs;
		struct nvmove_state_view view;
		struct state state = state_copy(&whole);
		int err;

		/* Damage beside a cut: every check of the form has its turn. */
		state.data[size] ^= 1;
		err = nvmove_state_read(state.data, state.size, &view, &ours);
		assert_int_not_equal(err, 0);
		assert_int_equal(nvmove_ctrl_load(rig->function[1].ctrl, state.data, state.size,
						  &theirs), err);
		assert_string_equal(ours.text, theirs.text);
		assert_int_equal(ours.section, theirs.section);
		state_free(&state);
		assert_int_equal(nvmove_state_read(whole.data, size, &view, &ours), -EBADMSG);
		assert_int_not_equal(ours.text[0], '\0');
	}
	state_free(&whole);
	rig_free(rig);
}

RUN_TESTS("state_reader",
	  cmocka_unit_test(parts_are_where_they_were_written),
	  cmocka_unit_test(a_form_that_a_load_refuses_is_refused_in_its_words));
