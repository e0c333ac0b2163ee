// SPDX-License-Identifier: BSD-2-Clause
/*
 * Finding the subcommand that was asked for. It never looks at what stands behind its name.
 */
#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum outcome complain(const char *format, ...)
{
	va_list args;

	fputs("nvmove: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return OUTCOME_ERROR;
}

static void list_commands(FILE *to, const char *invocation, const struct command *commands,
			  const char *manual)
{
	fprintf(to, "Usage: %s COMMAND [ARGUMENT...]\n\n", invocation);
	for (; commands->name; commands++)
		fprintf(to, "  %-12s %s\n", commands->name, commands->summary);
	fprintf(to, "\n%s COMMAND --help describes a command; see also %s.\n", invocation, manual);
}

enum outcome command_dispatch(const char *invocation, const struct command *commands,
			      const char *manual, int argc, char **argv)
{
	if (argc < 2) {
		list_commands(stderr, invocation, commands, manual);
		return OUTCOME_ERROR;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-?")) {
		list_commands(stdout, invocation, commands, manual);
		return OUTCOME_YES;
	}
	for (const struct command *command = commands; command->name; command++) {
		if (strcmp(command->name, argv[1]))
			continue;
		argv[1] = (char *)command->invocation;
		return command->run(argc - 1, argv + 1);
	}
	complain("%s: there is no command \"%s\"", invocation, argv[1]);
	list_commands(stderr, invocation, commands, manual);
	return OUTCOME_ERROR;
}
