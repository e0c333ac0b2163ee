// SPDX-License-Identifier: BSD-2-Clause
/*
 * Scripts: played in a process of their own, so that one that crashes can be shrunk, too; shrunk by
 * leaving out ever smaller parts (delta debugging, Zeller and Hildebrandt 2002); written and read.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "twins.h"

#define PLAY_SECONDS	60

static enum outcome play_all(const struct script *script, const struct mutant *mutant, FILE *report)
{
	struct twins twins;
	enum outcome outcome = OUTCOME_SAME;

	twins_begin(&twins, mutant);
	for (size_t i = 0; outcome == OUTCOME_SAME && i < script->nr; i++)
		outcome = twins_play(&twins, &script->action[i]);
	outcome = twins_end(&twins);
	if (report && outcome != OUTCOME_SAME)
		fprintf(report, "action %lu of %zu, %lu moves: %s\n", twins.nr_played, script->nr,
			twins.nr_moves, twins.what);
	return outcome;
}

enum outcome script_play(const struct script *script, const struct mutant *mutant, FILE *report)
{
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	if (!child) {
		enum outcome outcome;

		/* What is said of a crash is said once, by the play that is reported. */
		if (!report && !freopen("/dev/null", "w", stderr))
			_exit(OUTCOME_CRASHED);
		alarm(PLAY_SECONDS);
		outcome = play_all(script, mutant, report);
		fflush(NULL);
		_exit(16 + outcome);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status) ||
	    WEXITSTATUS(status) < 16)
		return OUTCOME_CRASHED;
	return WEXITSTATUS(status) - 16;
}

/*
 * Try @script without @count actions from @from on; keep it like that if it still ends the same
 * way.
 */
static bool leave_out(struct script *script, size_t from, size_t count, enum outcome outcome,
		      const struct mutant *mutant)
{
	struct script shorter = { .nr = script->nr - count };
	bool still;

	shorter.action = malloc((shorter.nr + 1) * sizeof(*shorter.action));
	if (!shorter.action)
		abort();
	memcpy(shorter.action, script->action, from * sizeof(*shorter.action));
	memcpy(shorter.action + from, script->action + from + count,
	       (shorter.nr - from) * sizeof(*shorter.action));
	still = script_play(&shorter, mutant, NULL) == outcome;
	if (still) {
		memcpy(script->action, shorter.action, shorter.nr * sizeof(*shorter.action));
		script->nr = shorter.nr;
	}
	free(shorter.action);
	return still;
}

/* Make an action that is left as plain as it can be: the plainest move, a field of 0. */
static bool try_plainer(struct script *script, size_t index, const struct action *plainer,
			enum outcome outcome, const struct mutant *mutant)
{
	struct action before = script->action[index];

	if (!memcmp(&before, plainer, sizeof(before)))
		return true;
	script->action[index] = *plainer;
	if (script_play(script, mutant, NULL) == outcome)
		return true;
	script->action[index] = before;
	return false;
}

static void make_plainer(struct script *script, enum outcome outcome, const struct mutant *mutant,
			 unsigned long *plays)
{
	for (size_t i = 0; i < script->nr; i++) {
		struct action plainer = script->action[i];

		if (plainer.kind != ACTION_MOVE)
			continue;
		for (unsigned int n = 0; n < MAX_ARGUMENTS && *plays; n++, (*plays)--) {
			plainer = script->action[i];
			plainer.argument[n] = n == 1;
			try_plainer(script, i, &plainer, outcome, mutant);
		}
	}
}

void script_shrink(struct script *script, enum outcome outcome, const struct mutant *mutant,
		   unsigned long plays)
{
	size_t count = script->nr / 2;

	while (count && plays) {
		bool shorter = false;

		/* From the end: what comes late depends on what came before. */
		for (size_t end = script->nr; end && plays; plays--) {
			size_t from = end > count ? end - count : 0;

			shorter |= leave_out(script, from, end - from, outcome, mutant);
			end = from;
		}
		if (!shorter || count > 1)
			count = count == 1 ? 0 : (count + 1) / 2;
	}
	make_plainer(script, outcome, mutant, &plays);
}

bool script_write(const struct script *script, const char *path)
{
	FILE *file = fopen(path, "w");
	bool written;

	if (!file)
		return false;
	for (size_t i = 0; i < script->nr; i++)
		action_print(file, &script->action[i]);
	written = !ferror(file);
	return !fclose(file) && written;
}

bool script_read(struct script *script, const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned int number = 0;
	struct action action;
	char line[512];
	bool good = file;

	*script = (struct script) { .nr = 0 };
	while (good && fgets(line, sizeof(line), file)) {
		number++;
		good = action_parse(line, &action);
		if (!good)
			fprintf(stderr, "%s:%u: \"%s\" is no action\n", path, number,
				strtok(line, "\n"));
		if (!good || action.kind == NR_ACTIONS)
			continue;
		script->action = realloc(script->action, (script->nr + 1) * sizeof(action));
		if (!script->action)
			abort();
		script->action[script->nr++] = action;
	}
	if (file)
		fclose(file);
	return good;
}
