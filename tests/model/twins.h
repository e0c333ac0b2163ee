/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two worlds that are told the same, one of whose controllers moves: the generator thinks of an
 * action, the player does it to both, the comparison looks for a difference, and a script that
 * shows one is shrunk.
 */
#ifndef MODEL_TWINS_H
#define MODEL_TWINS_H

#include "action.h"
#include "random.h"
#include "world.h"

/**
 * enum outcome - what came of playing actions
 * @OUTCOME_SAME: nothing: the twins cannot be told apart
 * @OUTCOME_DIFFERENT: a host can tell which of them moved
 * @OUTCOME_REFUSED: a move did not work
 * @OUTCOME_CRASHED: of another process only
 */
enum outcome {
	OUTCOME_SAME,
	OUTCOME_DIFFERENT,
	OUTCOME_REFUSED,
	OUTCOME_CRASHED,
};

/**
 * struct twins - both
 * @suspended: the moved one waits for its resume, which @moved_by says how to do
 * @rung: a doorbell was written meanwhile
 * @allowed_irqs: vectors that a resume may signal again
 * @coalescing_irqs: vectors that hold back different entries: either twin may be first to signal
 * @what: of the first difference, or the reason of a refusal
 */
struct twins {
	struct world *stays;
	struct world *moves;
	const struct mutant *mutant;
	bool suspended;
	enum move_by moved_by;
	bool rung;
	uint32_t allowed_irqs;
	uint32_t coalescing_irqs;
	unsigned long nr_played;
	unsigned long nr_moves;
	enum outcome outcome;
	char what[256];
};

/** struct script - actions, in the order in which they are done */
struct script {
	size_t nr;
	struct action *action;
};

/* player.c */
void twins_begin(struct twins *twins, const struct mutant *mutant);
enum outcome twins_play(struct twins *twins, const struct action *action);
enum outcome twins_end(struct twins *twins);

/* compare.c */
void compare(struct twins *twins);
void compare_everything(struct twins *twins);
uint32_t unread_vectors(const struct nvmove_ctrl *ctrl);
uint32_t coalescing_vectors(const struct twins *twins);

/* generator.c */

/**
 * struct generator - thinks of actions
 * @emit: takes one action; false if no more are wanted
 */
struct generator {
	struct random random;
	const struct twins *twins;
	unsigned int move_percent;
	bool (*emit)(void *arg, const struct action *action);
	void *arg;
};

/* What happens before the first step, and in one step. False as soon as @emit says so. */
bool generate_begin(struct generator *generator);
bool generate_step(struct generator *generator);

/* shrink.c */

/* Play all of @script in a process of its own; the reason goes to @report if that is not NULL. */
enum outcome script_play(const struct script *script, const struct mutant *mutant, FILE *report);

/*
 * Leave out of @script, which ends as @outcome, whatever can be left out. At most @plays tries.
 */
void script_shrink(struct script *script, enum outcome outcome, const struct mutant *mutant,
		   unsigned long plays);
bool script_write(const struct script *script, const char *path);
bool script_read(struct script *script, const char *path);

#endif /* MODEL_TWINS_H */
