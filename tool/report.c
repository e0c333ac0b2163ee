// SPDX-License-Identifier: BSD-2-Clause
/*
 * nvmove report: recordings in, one page out. It asks no device and changes nothing else.
 */
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "history.h"
#include "output.h"
#include "report_facts.h"
#include "report_page.h"

/**
 * struct arguments - of nvmove report
 * @output: file for the page; NULL: standard output
 */
struct arguments {
	bool json;
	const char *output;
	unsigned int nr;
	const char *names[HISTORY_MOST_RECORDINGS];
};

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "Answer in JSON, as the manual page describes it", 0 },
	{ "output", 'o', "FILE", 0, "Write the page to FILE instead of standard output", 0 },
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
		if (arguments->nr == HISTORY_MOST_RECORDINGS)
			argp_error(state, "there is no use for \"%s\": %d recordings at most", value,
				   HISTORY_MOST_RECORDINGS);
		arguments->names[arguments->nr++] = value;
		return 0;
	case ARGP_KEY_END:
		if (!arguments->nr)
			argp_error(state, "a recording is expected: nvmove watch --record writes "
					  "one");
		if (arguments->json && arguments->output)
			argp_error(state, "--json writes to standard output, not to a file");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static enum outcome write_page(struct json_object *facts, const char *name)
{
	FILE *out = name ? fopen(name, "we") : stdout;
	bool failed;

	if (!out)
		return complain("%s: %m", name);
	report_page(out, facts);
	failed = fflush(out) || ferror(out);
	if (name)
		failed |= fclose(out) != 0;
	if (failed)
		return complain("%s: %m", name ? name : "standard output");
	return OUTCOME_YES;
}

static enum outcome answer(const struct arguments *arguments, const struct recording *recordings)
{
	struct json_object *facts = report_facts(recordings, arguments->nr);
	enum outcome outcome = OUTCOME_YES;

	if (!facts)
		return complain("no memory");
	if (arguments->json)
		output_json(facts);
	else
		outcome = write_page(facts, arguments->output);
	json_object_put(facts);
	return outcome;
}

static enum outcome read_recording(const char *name, struct recording *recording)
{
	struct recording_error error;
	struct contents contents;
	int err;

	if (file_read(name, RECORDING_MOST_BYTES, &contents))
		return OUTCOME_ERROR;
	err = recording_read(&contents, recording, &error);
	if (err)
		complain("%s: %s", contents.name, error.text);
	file_release(&contents);
	return err ? OUTCOME_ERROR : OUTCOME_YES;
}

enum outcome report_command(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "RECORDING...",
		.doc = "Make one HTML page of recordings of the hosts that took part.\v"
		       "RECORDING is what nvmove watch has recorded. Exit status: 0 "
		       "written, 2 a recording cannot be read or is none. See nvmove-report(1).",
	};
	struct recording recordings[HISTORY_MOST_RECORDINGS] = { { .nr = 0 } };
	struct arguments arguments = { .json = false };
	enum outcome outcome = OUTCOME_YES;
	unsigned int nr = 0;

	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	while (nr < arguments.nr && outcome == OUTCOME_YES) {
		outcome = read_recording(arguments.names[nr], &recordings[nr]);
		nr++;
	}
	if (outcome == OUTCOME_YES)
		outcome = answer(&arguments, recordings);
	while (nr--)
		recording_release(&recordings[nr]);
	return outcome;
}
