// SPDX-License-Identifier: BSD-2-Clause
/*
 * Parsing of --json and a few words. It knows no subcommand.
 */
#include "arguments.h"

#include <argp.h>

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
		if (arguments->nr == arguments->most)
			argp_error(state, "there is no use for \"%s\"", value);
		arguments->word[arguments->nr++] = value;
		return 0;
	case ARGP_KEY_END:
		if (arguments->nr < arguments->least)
			argp_error(state, "%s expected, %u given", arguments->needed,
				   arguments->nr);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

void arguments_parse(struct arguments *arguments, const char *args_doc, const char *doc, int argc,
		     char **argv)
{
	const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = args_doc,
		.doc = doc,
	};

	argp_parse(&argp, argc, argv, 0, NULL, arguments);
}
