// SPDX-License-Identifier: BSD-2-Clause
/*
 * nvmove record: the compatibility record of a controller, to be kept or sent elsewhere. Comparing
 * it is nvmove check's.
 */
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "command.h"
#include "output.h"
#include "record_decode.h"
#include "record_source.h"

/**
 * struct arguments - of nvmove record
 * @source: as for record_fetch()
 * @output: file to write, NULL: standard output
 */
struct arguments {
	bool json;
	const char *source;
	const char *output;
};

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "Decode the record into JSON", 0 },
	{ "output", 'o', "FILE", 0, "Write to FILE, not to standard output", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case 'j':
		arguments->json = true;
		return 0;
	case 'o':
		arguments->output = value;
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->source)
			argp_error(state, "there is no use for \"%s\"", value);
		arguments->source = value;
		return 0;
	case ARGP_KEY_END:
		if (!arguments->source)
			argp_error(state, "a function expected");
		if (arguments->json && arguments->output)
			argp_error(state, "--json goes to standard output");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static enum outcome write_record(const struct contents *record, const char *output)
{
	FILE *file = output ? fopen(output, "wb") : stdout;

	if (!file)
		return complain("%s: %m", output);
	if (!output && isatty(STDOUT_FILENO))
		return complain("a record is binary, this is a terminal: --output FILE or --json");
	fwrite(record->data, 1, record->size, file);
	if (!output)
		return OUTCOME_YES;
	if (fclose(file))
		return complain("%s: %m", output);
	return OUTCOME_YES;
}

enum outcome record_command(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "FUNCTION",
		.doc = "Write the compatibility record of a function's controller.\v"
		       "FUNCTION is a PCI address, ssh:HOST:ADDRESS or a file. Exit status: 0 "
		       "written, 2 there is none. See nvmove-record(1).",
	};
	struct arguments arguments = { .json = false };
	struct nvmove_load_error error;
	struct json_object *object;
	struct contents record;
	enum outcome outcome;

	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	if (record_fetch(arguments.source, &record))
		return OUTCOME_ERROR;
	if (record_verify(record.data, record.size, &error)) {
		outcome = complain("%s: %s", arguments.source, error.text);
	} else if (arguments.json) {
		object = record_decode(record.data);
		output_json(object);
		json_object_put(object);
		outcome = OUTCOME_YES;
	} else {
		outcome = write_record(&record, arguments.output);
	}
	file_release(&record);
	return outcome;
}
