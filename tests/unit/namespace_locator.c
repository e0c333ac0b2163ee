// SPDX-License-Identifier: BSD-2-Clause
/*
 * The locator of a shared medium (R10): two that are known must be equal, one that is not known is
 * compared with nothing.
 */
#include <stdio.h>

#include "harness.h"
#include "state_editor.h"

#define HERE	"nfs://store/volumes/db.img"
#define THERE	"nfs://store/volumes/web.img"

static void check_load(const char *source, const char *destination, int expected, const char *text)
{
	struct rig *from = rig_new_secondaries(&(struct rig_options){ .locator = { [2] = source } },
					       1);
	struct nvmove_load_error error = { 0 };
	struct rig *to;
	uint8_t *state;
	size_t size;

	rig_suspend(from, 1);
	state = rig_save(from, 1, &size);
	from->options.locator[2] = destination;
	to = rig_new_destination(from, 1);
	assert_int_equal(nvmove_ctrl_load(to->function[1].ctrl, state, size, &error), expected);
	if (expected) {
		assert_int_equal(error.section, NVMOVE_CSTATE_LOCATORS);
		assert_string_equal(error.text, text);
	}
	free(state);
	rig_free(to);
	rig_free(from);
}

TEST_CASE(equal_locators_are_taken)
{
	char longest[NVMOVE_MAX_LOCATOR + 1];

	memset(longest, 'x', sizeof(longest));
	longest[NVMOVE_MAX_LOCATOR] = '\0';
	check_load(HERE, HERE, 0, NULL);
	check_load(longest, longest, 0, NULL);
	check_load("x", "x", 0, NULL);
}

TEST_CASE(an_unknown_locator_is_compared_with_nothing)
{
	check_load(NULL, NULL, 0, NULL);
	check_load(HERE, NULL, 0, NULL);
	check_load(NULL, HERE, 0, NULL);
}

TEST_CASE(different_locators_are_refused_with_both)
{
	check_load(THERE, HERE, -ENOTSUP,
		   "locator of nsid 2: \"" HERE "\" here, \"" THERE "\" in the stream");
	check_load("a", "ab", -ENOTSUP, "locator of nsid 2: \"ab\" here, \"a\" in the stream");
}

TEST_CASE(of_long_locators_the_difference_is_shown)
{
	char here[201], there[201], text[240];

	memset(here, 'x', 200);
	here[200] = '\0';
	strcpy(there, here);
	there[199] = 'y';
	snprintf(text, sizeof(text), "locator of nsid 2: \"%s\" here, \"%s\" in the stream",
		 here + 159, there + 159);
	check_load(there, here, -ENOTSUP, text);
}

TEST_CASE(bad_locators_are_refused_when_a_namespace_is_added)
{
	char too_long[NVMOVE_MAX_LOCATOR + 2];
	const char *const bad[] = { "", too_long, "line\nbreak", "caf\xc3\xa9" };
	struct rig *rig = rig_new(NULL);

	memset(too_long, 'x', sizeof(too_long));
	too_long[NVMOVE_MAX_LOCATOR + 1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct nvmove_namespace_config config = {
			.nsid = 5, .lba_shift = 9, .medium = &rig->medium[4]->base,
			.locator = bad[i],
		};
		char *error = NULL;

		assert_int_equal(nvmove_namespace_add(rig->subsystem, &config, &error), -EINVAL);
		assert_non_null(strstr(error, "locator of nsid 5"));
		free(error);
	}
	rig_free(rig);
}

/* Load what @change makes of a state with locators of namespaces 2 and 3. */
static void refused(void (*change)(struct state *state), const char *text)
{
	struct rig *from = rig_new_secondaries(&(struct rig_options){
		.locator = { [2] = "abcde", [3] = "fgh" } }, 1);
	struct rig *to = rig_new_destination(from, 1);
	struct nvmove_load_error error;
	struct state state;

	rig_suspend(from, 1);
	state = state_of(from, 1);
	change(&state);
	state_seal(&state);
	assert_int_not_equal(nvmove_ctrl_load(to->function[1].ctrl, state.data, state.size, &error),
			     0);
	assert_int_equal(error.section, NVMOVE_CSTATE_LOCATORS);
	assert_string_equal(error.text, text);
	state_free(&state);
	rig_free(to);
	rig_free(from);
}

static uint8_t *payload_of(struct state *state)
{
	size_t len;
	uint8_t *payload = state_payload(state, NVMOVE_CSTATE_LOCATORS, &len);

	assert_int_equal(len, 8 + 8 + 8 + 4);
	return payload;
}

static void not_attached(struct state *state)
{
	put32(payload_of(state), 0, 1);
}

static void not_ascending(struct state *state)
{
	put32(payload_of(state), 16, 2);
}

static void too_long(struct state *state)
{
	put32(payload_of(state), 4, 256);
}

static void beyond_the_end(struct state *state)
{
	put32(payload_of(state), 20, 5);
}

static void empty(struct state *state)
{
	put32(payload_of(state), 20, 0);
}

static void not_printable(struct state *state)
{
	payload_of(state)[10] = 0x1b;
}

static void not_padded_with_zeroes(struct state *state)
{
	payload_of(state)[15] = 1;
}

static void cut_off(struct state *state)
{
	state_resize_section(state, NVMOVE_CSTATE_LOCATORS, 20);
}

TEST_CASE(malformed_sections_are_refused)
{
	refused(not_attached, "locator of nsid 1: the namespace is not attached");
	refused(not_ascending, "locators: nsid 2 follows nsid 2");
	refused(too_long, "locators: 256 characters in 28 bytes, must be 1 to 255");
	refused(beyond_the_end, "locators: 5 characters in 12 bytes, must be 1 to 255");
	refused(empty, "locators: 0 characters in 12 bytes, must be 1 to 255");
	refused(not_printable,
		"locator of nsid 2: character 2 is 1bh, must be printable ASCII");
	refused(not_padded_with_zeroes,
		"locators: reserved byte 2 is 0 here, 0x1 in the stream");
	refused(cut_off, "locators: 0 characters in 4 bytes, must be 1 to 255");
}

RUN_TESTS("namespace_locator",
	  cmocka_unit_test(equal_locators_are_taken),
	  cmocka_unit_test(an_unknown_locator_is_compared_with_nothing),
	  cmocka_unit_test(different_locators_are_refused_with_both),
	  cmocka_unit_test(of_long_locators_the_difference_is_shown),
	  cmocka_unit_test(bad_locators_are_refused_when_a_namespace_is_added),
	  cmocka_unit_test(malformed_sections_are_refused));
