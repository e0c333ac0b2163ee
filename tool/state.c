// SPDX-License-Identifier: BSD-2-Clause
/*
 * nvmove state: what is in controller states and captured streams. It reads files alone: saving and
 * loading a controller's state is VFIO's, in the hands of the VMM.
 */
#include <stdbool.h>
#include <stdio.h>

#include "arguments.h"
#include "capture.h"
#include "command.h"
#include "difference.h"
#include "output.h"
#include "state_verify.h"

/* Say why a file is refused, in the form that was asked for. */
static enum outcome say_refused(bool json, const char *name, const struct nvmove_load_error *error)
{
	const char *section = error->section ? nvmove_state_section_name(error->section) : NULL;
	struct json_object *answer;

	if (!json) {
		printf("%s: refused: %s\n", name, error->text);
		return OUTCOME_NO;
	}
	answer = json_object_new_object();
	json_object_object_add(answer, "file", json_object_new_string(name));
	json_object_object_add(answer, "valid", json_object_new_boolean(false));
	json_object_object_add(answer, "section", json_object_new_int(error->section));
	if (section)
		json_object_object_add(answer, "section_name", json_object_new_string(section));
	json_object_object_add(answer, "reason", json_object_new_string(error->text));
	output_json(answer);
	json_object_put(answer);
	return OUTCOME_NO;
}

static enum outcome show(int argc, char **argv)
{
	static const char doc[] =
		"Show a controller state or a captured migration stream.\v"
		"FILE may be - for standard input. Exit status: 0 shown, 1 malformed, 2 not "
		"readable or wrong usage. See nvmove-state(1).";
	struct arguments arguments = { .least = 1, .most = 1, .needed = "a file name" };
	struct nvmove_load_error error;
	struct capture capture;
	enum outcome outcome;

	arguments_parse(&arguments, "FILE", doc, argc, argv);
	outcome = capture_read(arguments.word[0], &capture, &error);
	if (outcome == OUTCOME_NO)
		return say_refused(arguments.json, arguments.word[0], &error);
	if (outcome != OUTCOME_YES)
		return outcome;
	if (arguments.json)
		output_json(capture.description);
	else
		output_lines(capture.description);
	capture_release(&capture);
	return OUTCOME_YES;
}

static const char *value_text(struct json_object *entry, const char *side)
{
	struct json_object *value = json_object_object_get(entry, side);

	if (!value)
		return "not there";
	if (json_object_is_type(value, json_type_string))
		return json_object_get_string(value);
	return json_object_to_json_string_ext(value, JSON_C_TO_STRING_NOSLASHESCAPE);
}

static enum outcome say_differences(bool json, struct json_object *list)
{
	size_t nr = json_object_array_length(list);

	if (json) {
		output_json(list);
		return nr ? OUTCOME_NO : OUTCOME_YES;
	}
	for (size_t i = 0; i < nr; i++) {
		struct json_object *entry = json_object_array_get_idx(list, i);

		printf("%s: %s -> %s\n",
		       json_object_get_string(json_object_object_get(entry, "path")),
		       value_text(entry, "a"), value_text(entry, "b"));
	}
	return nr ? OUTCOME_NO : OUTCOME_YES;
}

/* One that is malformed cannot be compared: that is no answer about a difference. */
static enum outcome read_to_compare(const char *name, struct capture *capture)
{
	struct nvmove_load_error error;
	enum outcome outcome = capture_read(name, capture, &error);

	return outcome == OUTCOME_NO ? complain("%s: %s", name, error.text) : outcome;
}

static enum outcome diff(int argc, char **argv)
{
	static const char doc[] =
		"Compare two controller states or two captured migration streams.\v"
		"Exit status: 0 no difference, 1 differences, 2 not readable, malformed or "
		"wrong usage. See nvmove-state(1).";
	struct arguments arguments = { .least = 2, .most = 2, .needed = "two file names" };
	struct json_object *list;
	struct capture a, b;
	enum outcome outcome;

	arguments_parse(&arguments, "A B", doc, argc, argv);
	outcome = read_to_compare(arguments.word[0], &a);
	if (outcome != OUTCOME_YES)
		return outcome;
	outcome = read_to_compare(arguments.word[1], &b);
	if (outcome == OUTCOME_YES) {
		list = difference_list(a.description, b.description);
		outcome = say_differences(arguments.json, list);
		json_object_put(list);
		capture_release(&b);
	}
	capture_release(&a);
	return outcome;
}

static enum outcome say_valid(bool json, const char *name, const struct capture *capture)
{
	struct json_object *answer;

	if (!json) {
		if (capture->state)
			printf("%s: valid, %zu bytes of state\n", name, capture->state_size);
		else
			printf("%s: valid, a compatibility record\n", name);
		return OUTCOME_YES;
	}
	answer = json_object_new_object();
	json_object_object_add(answer, "file", json_object_new_string(name));
	json_object_object_add(answer, "valid", json_object_new_boolean(true));
	if (capture->state)
		json_object_object_add(answer, "state_size",
				       json_object_new_uint64(capture->state_size));
	output_json(answer);
	json_object_put(answer);
	return OUTCOME_YES;
}

static enum outcome verify(int argc, char **argv)
{
	static const char doc[] =
		"Verify the checksums and every rule of a controller state or a captured "
		"migration stream.\v"
		"Exit status: 0 valid, 1 not, 2 not readable or wrong usage. See "
		"nvmove-state(1).";
	struct arguments arguments = { .least = 1, .most = 1, .needed = "a file name" };
	struct nvmove_load_error error;
	struct capture capture;
	enum outcome outcome;

	arguments_parse(&arguments, "FILE", doc, argc, argv);
	outcome = capture_read(arguments.word[0], &capture, &error);
	if (outcome == OUTCOME_NO)
		return say_refused(arguments.json, arguments.word[0], &error);
	if (outcome != OUTCOME_YES)
		return outcome;
	if (capture.state && state_verify(capture.state, capture.state_size, &error))
		outcome = say_refused(arguments.json, arguments.word[0], &error);
	else
		outcome = say_valid(arguments.json, arguments.word[0], &capture);
	capture_release(&capture);
	return outcome;
}

enum outcome state_command(int argc, char **argv)
{
	static const struct command commands[] = {
		{ "show", "decode into lines or JSON", show, "nvmove state show" },
		{ "diff", "compare two, value by value", diff, "nvmove state diff" },
		{ "verify", "verify checksums and rules", verify, "nvmove state verify" },
		{ NULL, NULL, NULL, NULL },
	};

	return command_dispatch("nvmove state", commands, "nvmove-state(1)", argc, argv);
}
