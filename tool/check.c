// SPDX-License-Identifier: BSD-2-Clause
/*
 * nvmove check: can one controller take another one's state? The answer is the library's
 * (compat_check.h), given before there is any state.
 */
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>

#include <compat_check.h>

#include "command.h"
#include "output.h"
#include "record_source.h"

/**
 * struct arguments - of nvmove check
 * @source: whose state is to be taken
 * @destination: by whom
 */
struct arguments {
	bool json;
	const char *source;
	const char *destination;
};

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "Answer in JSON, as the manual page describes it", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case 'j':
		arguments->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->destination)
			argp_error(state, "there is no use for \"%s\"", value);
		*(arguments->source ? &arguments->destination : &arguments->source) = value;
		return 0;
	case ARGP_KEY_END:
		if (!arguments->destination)
			argp_error(state, "two controllers expected");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

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
		printf("%s can take the state of %s\n", arguments->destination, arguments->source);
	else
		printf("%s cannot take the state of %s:\n", arguments->destination,
		       arguments->source);
	for (size_t i = 0; i < nr; i++) {
		struct json_object *reason = json_object_array_get_idx(reasons, i);

		printf("  %s: %s there, %s here\n", member(reason, "field"),
		       member(reason, "source"), member(reason, "destination"));
	}
}

static void say_json(const struct arguments *arguments, struct json_object *reasons)
{
	struct json_object *answer = json_object_new_object();

	json_object_object_add(answer, "source", json_object_new_string(arguments->source));
	json_object_object_add(answer, "destination",
			       json_object_new_string(arguments->destination));
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
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "SOURCE DESTINATION",
		.doc = "Say whether one controller can take the state of another, and every reason "
		       "why not.\v"
		       "Each is the PCI address of a function, ssh:HOST:ADDRESS, or a file that "
		       "nvmove record has written. Exit status: 0 it can, 1 it cannot, 2 there is "
		       "no answer. See nvmove-check(1).",
	};
	struct arguments arguments = { .json = false };
	struct contents source, destination;
	enum outcome outcome = OUTCOME_ERROR;

	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	if (record_fetch(arguments.source, &source))
		return OUTCOME_ERROR;
	if (!record_fetch(arguments.destination, &destination)) {
		outcome = compare(&arguments, &source, &destination);
		file_release(&destination);
	}
	file_release(&source);
	return outcome;
}
