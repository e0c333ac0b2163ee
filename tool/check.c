// SPDX-License-Identifier: BSD-2-Clause
/*
 * nvmove check: can one controller take another one's state? The answer is the library's
 * (compat_check.h), given before there is any state.
 */
#include <stdbool.h>
#include <stdio.h>

#include <compat_check.h>

#include "arguments.h"
#include "command.h"
#include "output.h"
#include "record_source.h"

static void take_reason(void *arg, const struct nvmove_compat_reason *reason)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "field", json_object_new_string(reason->field));
	json_object_object_add(object, "source", json_object_new_string(reason->source));
	json_object_object_add(object, "destination", json_object_new_string(reason->destination));
	json_object_array_add(arg, object);
}

static const char *member(struct json_object *reason, const char *name)
{
	return json_object_get_string(json_object_object_get(reason, name));
}

static void say_lines(const struct arguments *arguments, struct json_object *reasons)
{
	size_t nr = json_object_array_length(reasons);

	if (!nr)
		printf("%s can take the state of %s\n", arguments->word[1], arguments->word[0]);
	else
		printf("%s cannot take the state of %s:\n", arguments->word[1],
		       arguments->word[0]);
	for (size_t i = 0; i < nr; i++) {
		struct json_object *reason = json_object_array_get_idx(reasons, i);

		printf("  %s: %s there, %s here\n", member(reason, "field"),
		       member(reason, "source"), member(reason, "destination"));
	}
}

static void say_json(const struct arguments *arguments, struct json_object *reasons)
{
	struct json_object *answer = json_object_new_object();

	json_object_object_add(answer, "source", json_object_new_string(arguments->word[0]));
	json_object_object_add(answer, "destination",
			       json_object_new_string(arguments->word[1]));
	json_object_object_add(answer, "compatible",
			       json_object_new_boolean(!json_object_array_length(reasons)));
	json_object_object_add(answer, "reasons", json_object_get(reasons));
	output_json(answer);
	json_object_put(answer);
}

static enum outcome compare(const struct arguments *arguments, const struct contents *source,
			    const struct contents *destination)
{
	struct json_object *reasons = json_object_new_array(), *first;
	enum outcome outcome;
	int nr = nvmove_compat_check(source->data, source->size, destination->data,
				     destination->size, take_reason, reasons);

	if (nr < 0) {
		first = json_object_array_get_idx(reasons, 0);
		outcome = complain("%s: %s at the source, %s at the destination",
				   member(first, "field"), member(first, "source"),
				   member(first, "destination"));
	} else {
		(arguments->json ? say_json : say_lines)(arguments, reasons);
		outcome = nr ? OUTCOME_NO : OUTCOME_YES;
	}
	json_object_put(reasons);
	return outcome;
}

enum outcome check_command(int argc, char **argv)
{
	static const char doc[] =
		"Say whether one controller can take the state of another, and every reason why "
		"not.\v"
		"Each is the PCI address of a function, ssh:HOST:ADDRESS, or a file that nvmove "
		"record has written. Exit status: 0 it can, 1 it cannot, 2 there is no answer. "
		"See nvmove-check(1).";
	struct arguments arguments = { .least = 2, .most = 2, .needed = "two controllers" };
	struct contents source, destination;
	enum outcome outcome = OUTCOME_ERROR;

	arguments_parse(&arguments, "SOURCE DESTINATION", doc, argc, argv);
	if (record_fetch(arguments.word[0], &source))
		return OUTCOME_ERROR;
	if (!record_fetch(arguments.word[1], &destination)) {
		outcome = compare(&arguments, &source, &destination);
		file_release(&destination);
	}
	file_release(&source);
	return outcome;
}
