/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arguments of subcommands that take --json and a few words, and nothing else. What the words
 * mean is for the subcommand.
 */
#ifndef TOOL_ARGUMENTS_H
#define TOOL_ARGUMENTS_H

#include <stdbool.h>

#define ARGUMENTS_MAX	2

/**
 * struct arguments - what a subcommand is given
 * @least: how many words it needs
 * @most: how many it takes, at most ARGUMENTS_MAX
 * @needed: these, for the message about too few
 * @json: whether the answer shall be JSON
 * @nr: words given
 * @word: these, in their order
 */
struct arguments {
	unsigned int least;
	unsigned int most;
	const char *needed;
	bool json;
	unsigned int nr;
	const char *word[ARGUMENTS_MAX];
};

/**
 * arguments_parse() - parse all arguments of a subcommand
 * @args_doc: names of the words for --help
 * @doc: what the subcommand does, and behind a vertical tab what more there is to say
 *
 * Does not return if they are wrong or --help is among them.
 */
void arguments_parse(struct arguments *arguments, const char *args_doc, const char *doc, int argc,
		     char **argv);

#endif /* TOOL_ARGUMENTS_H */
