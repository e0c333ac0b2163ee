/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the subcommands of nvmove share: how they are called, what they return, how they complain.
 * It knows nothing of what they do.
 */
#ifndef TOOL_COMMAND_H
#define TOOL_COMMAND_H

/**
 * enum outcome - exit codes of every subcommand
 * @OUTCOME_YES: done; the answer is yes: valid, equal, compatible
 * @OUTCOME_NO: the answer is no, and has been given
 * @OUTCOME_ERROR: there is no answer: wrong usage, unreadable file, missing device or permission
 */
enum outcome {
	OUTCOME_YES	= 0,
	OUTCOME_NO	= 1,
	OUTCOME_ERROR	= 2,
};

/**
 * struct command - a subcommand
 * @name: as typed
 * @summary: half a line for --help
 * @run: gets its own arguments, of which the first is @invocation
 * @invocation: how usage messages call it
 */
struct command {
	const char *name;
	const char *summary;
	enum outcome (*run)(int argc, char **argv);
	const char *invocation;
};

/**
 * command_dispatch() - run the subcommand that @argv[1] names
 * @invocation: how usage messages call the program up to here
 * @commands: ends with an entry without name
 * @manual: manual page that says more
 *
 * Without a name, or with one that is unknown, the commands are listed on standard error; with
 * --help on standard output.
 */
enum outcome command_dispatch(const char *invocation, const struct command *commands,
			      const char *manual, int argc, char **argv);

/**
 * complain() - one line on standard error, behind the program's name
 *
 * Return: OUTCOME_ERROR, so that it can be returned at once.
 */
enum outcome complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Subcommands; each is described in its manual page. */
enum outcome check_command(int argc, char **argv);
enum outcome list_command(int argc, char **argv);
enum outcome provision_command(int argc, char **argv);
enum outcome record_command(int argc, char **argv);
enum outcome report_command(int argc, char **argv);
enum outcome state_command(int argc, char **argv);
enum outcome unprovision_command(int argc, char **argv);
enum outcome watch_command(int argc, char **argv);

#endif /* TOOL_COMMAND_H */
