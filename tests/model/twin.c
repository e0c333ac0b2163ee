// SPDX-License-Identifier: BSD-2-Clause
/*
 * Twins: two identical controllers are given the same random life: registers, commands good and
 * bad, media that complete in random order or fail, resets, events. One of them is moved to another
 * device again and again. Whatever a host can see of them must be the same at every step. Where it
 * is not, what was done is written down as a short script that can be played again.
 */
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "twins.h"

#define ACTIONS_PER_STEP	8
#define SHRINK_PLAYS		4000

/**
 * struct options - of one run
 * @scripts: directory for the scripts of what failed, NULL: write none
 */
struct options {
	unsigned long seed;
	unsigned long seeds;
	unsigned long steps;
	unsigned int move_percent;
	const struct mutant *mutant;
	const char *scripts;
	const char *script;
};

/**
 * struct record - what a seed's process has done, in memory that survives it
 * @outcome: meaningless if it did not come to its end
 */
struct record {
	size_t room;
	size_t nr;
	unsigned long nr_moves;
	enum outcome outcome;
	char what[256];
	struct action action[];
};

struct life {
	struct twins twins;
	struct record *record;
};

static bool record_and_play(void *arg, const struct action *action)
{
	struct life *life = arg;
	struct record *record = life->record;

	if (record->nr == record->room)
		return false;
	record->action[record->nr++] = *action;
	record->nr_moves = life->twins.nr_moves;
	return twins_play(&life->twins, action) == OUTCOME_SAME;
}

static void live(const struct options *options, uint64_t seed, struct record *record)
{
	struct life life = { .record = record };
	struct generator generator = {
		.random = random_from(seed),
		.twins = &life.twins,
		.move_percent = options->move_percent,
		.emit = record_and_play,
		.arg = &life,
	};
	bool more;

	twins_begin(&life.twins, options->mutant);
	more = generate_begin(&generator);
	for (unsigned long step = 0; more && step < options->steps; step++)
		more = generate_step(&generator);
	record->outcome = twins_end(&life.twins);
	strcpy(record->what, life.twins.what);
}

/* Live the life of a seed in a process of its own, which may crash. */
static void run_seed(const struct options *options, uint64_t seed, struct record *record)
{
	int status = 0;
	pid_t child;

	record->nr = 0;
	record->nr_moves = 0;
	fflush(NULL);
	child = fork();
	if (!child) {
		live(options, seed, record);
		exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 || status) {
		record->outcome = OUTCOME_CRASHED;
		strcpy(record->what, "its process crashed or left memory behind");
	}
}

static void write_script(const struct options *options, uint64_t seed, const struct record *record)
{
	size_t size = (record->nr + 1) * sizeof(struct action);
	struct script script = { .nr = record->nr, .action = malloc(size) };
	char path[PATH_MAX];

	if (!script.action)
		abort();
	memcpy(script.action, record->action, record->nr * sizeof(struct action));
	if (script_play(&script, options->mutant, NULL) == record->outcome)
		script_shrink(&script, record->outcome, options->mutant, SHRINK_PLAYS);
	else
		fprintf(stderr, "the script alone does not end like that: it is not shrunk\n");
	snprintf(path, sizeof(path), "%s/seed-%llu.script", options->scripts,
		 (unsigned long long)seed);
	if (script_write(&script, path))
		fprintf(stderr, "%s: %zu actions\n", path, script.nr);
	else
		perror(path);
	free(script.action);
}

static struct record *new_record(const struct options *options)
{
	size_t room = options->steps * ACTIONS_PER_STEP + 64;
	struct record *record = mmap(NULL, sizeof(*record) + room * sizeof(struct action),
				     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (record == MAP_FAILED) {
		perror("twin: memory for the actions");
		exit(2);
	}
	record->room = room;
	return record;
}

/* 2 is for a wrong command line. */
static int exit_code(enum outcome outcome)
{
	static const int codes[] = {
		[OUTCOME_SAME] = 0,
		[OUTCOME_DIFFERENT] = 1,
		[OUTCOME_REFUSED] = 3,
		[OUTCOME_CRASHED] = 4,
	};

	return codes[outcome];
}

static int run(const struct options *options)
{
	struct record *record = new_record(options);
	unsigned long moves = 0;

	for (unsigned long i = 0; i < options->seeds; i++) {
		unsigned long seed = options->seed + i;

		if (isatty(STDERR_FILENO))
			fprintf(stderr, "seed %lu of %lu\r", seed,
				options->seed + options->seeds - 1);
		run_seed(options, seed, record);
		moves += record->nr_moves;
		if (record->outcome == OUTCOME_SAME)
			continue;
		fprintf(stderr, "seed %lu, action %zu, after %lu moves: %s\n", seed, record->nr,
			record->nr_moves, record->what);
		if (options->scripts)
			write_script(options, seed, record);
		return exit_code(record->outcome);
	}
	printf("seeds %lu to %lu, %lu steps, %lu moves: no difference\n", options->seed,
	       options->seed + options->seeds - 1, options->seeds * options->steps, moves);
	return 0;
}

static int play_script(const struct options *options)
{
	struct script script;
	enum outcome outcome;

	if (!script_read(&script, options->script))
		return 2;
	outcome = script_play(&script, options->mutant, stderr);
	if (outcome == OUTCOME_SAME)
		printf("%s: %zu actions: no difference\n", options->script, script.nr);
	free(script.action);
	return exit_code(outcome);
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 0);

	if (end == text || *end) {
		fprintf(stderr, "twin: \"%s\" is not a number\n", text);
		exit(2);
	}
	return value;
}

static const struct mutant *mutant_or_exit(const char *name)
{
	const struct mutant *mutant = mutant_find(name);

	if (!mutant) {
		fprintf(stderr, "twin: no mutant is called \"%s\"\n", name);
		exit(2);
	}
	return mutant;
}

static int list_mutants(void)
{
	for (size_t i = 0; mutant_number(i); i++)
		puts(mutant_name(mutant_number(i)));
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option known[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "seeds", required_argument, NULL, 'n' },
		{ "steps", required_argument, NULL, 't' },
		{ "move-percent", required_argument, NULL, 'm' },
		{ "mutant", required_argument, NULL, 'u' },
		{ "scripts", required_argument, NULL, 'd' },
		{ "script", required_argument, NULL, 'p' },
		{ "mutants", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct options options = { .seed = 1, .seeds = 20, .steps = 10000, .move_percent = 2 };
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 's':
			options.seed = number(optarg);
			break;
		case 'n':
			options.seeds = number(optarg);
			break;
		case 't':
			options.steps = number(optarg);
			break;
		case 'm':
			options.move_percent = number(optarg);
			break;
		case 'u':
			options.mutant = mutant_or_exit(optarg);
			break;
		case 'd':
			options.scripts = optarg;
			break;
		case 'p':
			options.script = optarg;
			break;
		case 'l':
			return list_mutants();
		default:
			printf("usage: twin [--seed FIRST] [--seeds COUNT] [--steps PER-SEED]\n"
			       "            [--move-percent P] [--mutant NAME] [--scripts DIRECTORY]\n"
			       "       twin --script FILE [--mutant NAME]\n"
			       "       twin --mutants\n");
			return option == 'h' ? 0 : 2;
		}
	}
	return options.script ? play_script(&options) : run(&options);
}
