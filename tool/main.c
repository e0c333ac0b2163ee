// SPDX-License-Identifier: BSD-2-Clause
/*
 * nvmove, the administrator's command. This file says what subcommands there are; each has a file
 * of its own.
 */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "command.h"

static const struct command commands[] = {
	{ "check", "say whether one controller can take the state of another",
	  check_command, "nvmove check" },
	{ "list", "list controlling functions, what they control, what can migrate", list_command,
	  "nvmove list" },
	{ "provision", "make VFs that can be given to virtual machines", provision_command,
	  "nvmove provision" },
	{ "record", "write a controller's compatibility record", record_command, "nvmove record" },
	{ "report", "make a page of what nvmove watch has recorded", report_command,
	  "nvmove report" },
	{ "state", "show, compare and verify controller states and migration streams",
	  state_command, "nvmove state" },
	{ "unprovision", "take VFs and their resources back", unprovision_command,
	  "nvmove unprovision" },
	{ "watch", "tell what happens to functions that can migrate", watch_command,
	  "nvmove watch" },
	{ NULL, NULL, NULL, NULL },
};

int main(int argc, char **argv)
{
	enum outcome outcome;

	argp_err_exit_status = OUTCOME_ERROR;
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		puts("nvmove " NVMOVE_VERSION);
		return OUTCOME_YES;
	}
	outcome = command_dispatch("nvmove", commands, "nvmove(1)", argc, argv);
	/* An answer that did not get out is none. */
	if (fflush(stdout) || ferror(stdout))
		return complain("standard output: %m");
	return outcome;
}
