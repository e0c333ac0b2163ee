// SPDX-License-Identifier: BSD-2-Clause
/*
 * Following functions through a history, moment by moment, and pairing the stop at a source with
 * the one at its destination.
 */
#include "stories.h"

#include <stdlib.h>
#include <string.h>

#include "clocks.h"
#include "object.h"

/*
 * Clocks that nobody keeps are taken for right to so much when the sides of a move are looked for.
 */
#define CLOCK_SLACK_NS	(2 * NS_PER_S)

/* ---- who ---- */

static struct story *find_story(struct stories *stories, const struct moment *moment)
{
	const char *name = object_text(moment->line->object, "function");
	struct story *story;

	for (unsigned int i = 0; i < stories->nr; i++) {
		story = &stories->story[i];
		if (story->recording == moment->recording && !strcmp(story->name, name))
			return story;
	}
	if (stories->nr == STORIES_MOST) {
		stories->left_out++;
		return NULL;
	}
	story = &stories->story[stories->nr++];
	*story = (struct story) {
		.recording = moment->recording,
		.name = name,
		.states = json_object_new_array(),
		.commands = json_object_new_array(),
		.dirtied = json_object_new_array(),
		.stop = STORIES_NONE,
	};
	return story;
}

static const struct recording *recording_of(const struct stories *stories,
					    const struct story *story)
{
	return &stories->history->recordings[story->recording];
}

/* ---- states ---- */

static void add_span(const struct stories *stories, struct json_object *span, int64_t from_ns,
		     int64_t to_ns)
{
	object_add_number(span, "from_ns", from_ns - stories->origin_ns);
	object_add_number(span, "to_ns", to_ns - stories->origin_ns);
}

static void enter_state(const struct stories *stories, struct story *story, const char *state,
			int64_t at_ns)
{
	struct json_object *span;

	if (story->state && !strcmp(story->state, state))
		return;
	if (story->state && json_object_array_length(story->states) < STORIES_MOST_SPANS) {
		span = object_append(story->states);
		object_add_text(span, "state", story->state);
		add_span(stories, span, story->since_ns, at_ns);
	}
	story->state = state;
	story->since_ns = at_ns;
}

static void take_arc(const struct stories *stories, struct story *story,
		     const struct moment *moment)
{
	struct json_object *arc = moment->line->object;

	if (!story->state)
		enter_state(stories, story, object_text(arc, "from"),
			    moment->at_ns - object_number(arc, "duration_ns", 0));
	if (!object_number(arc, "result", 0))
		enter_state(stories, story, object_text(arc, "to"), moment->at_ns);
}

/* ---- stops ---- */

static void end_stop(struct stories *stories, struct story *story, int64_t at_ns, bool resumed)
{
	if (story->stop == STORIES_NONE)
		return;
	stories->stop[story->stop].end_ns = at_ns;
	stories->stop[story->stop].resumed = resumed;
	story->stop = STORIES_NONE;
}

static void begin_stop(struct stories *stories, struct story *story, int64_t at_ns,
		       int64_t duration_ns)
{
	if (story->stop != STORIES_NONE) {
		stories->stop[story->stop].suspend_ns =
			recording_sum(stories->stop[story->stop].suspend_ns, duration_ns);
		return;
	}
	if (stories->nr_stops == STORIES_MOST_STOPS) {
		stories->left_out++;
		return;
	}
	story->stop = stories->nr_stops++;
	stories->stop[story->stop] = (struct stop) {
		.story = (unsigned int)(story - stories->story),
		.begin_ns = at_ns - duration_ns,
		.end_ns = -1,
		.suspend_ns = duration_ns,
		.saved_ns = -1,
		.loaded_ns = -1,
		.partner = STORIES_NONE,
	};
}

/* A command of a stopped controller that succeeded. */
static void go_on_stop(struct stop *stop, const char *command, int64_t at_ns, int64_t duration_ns,
		       int64_t bytes)
{
	if (!strcmp(command, "query")) {
		stop->query_ns = recording_sum(stop->query_ns, duration_ns);
	} else if (!strcmp(command, "save")) {
		stop->save_ns = recording_sum(recording_sum(stop->save_ns, stop->query_ns),
					      duration_ns);
		stop->query_ns = 0;
		stop->saved_ns = at_ns;
		stop->bytes = recording_sum(stop->bytes, bytes);
	} else if (!strcmp(command, "load")) {
		if (stop->loaded_ns < 0)
			stop->loaded_ns = at_ns - duration_ns;
		stop->load_ns = recording_sum(stop->load_ns, duration_ns);
		stop->bytes = recording_sum(stop->bytes, bytes);
	}
}

static void command_succeeded(struct stories *stories, struct story *story, const char *command,
			      int64_t at_ns, int64_t duration_ns, int64_t bytes)
{
	if (!strcmp(command, "suspend")) {
		begin_stop(stories, story, at_ns, duration_ns);
	} else if (story->stop == STORIES_NONE) {
		return;
	} else if (!strcmp(command, "resume")) {
		stories->stop[story->stop].resume_ns = duration_ns;
		end_stop(stories, story, at_ns, true);
	} else {
		go_on_stop(&stories->stop[story->stop], command, at_ns, duration_ns, bytes);
	}
}

/* What was loaded before a question was answered was the question, and no state. */
static void forget_loads(struct stories *stories, const struct story *story)
{
	struct stop *stop;

	if (story->stop == STORIES_NONE)
		return;
	stop = &stories->stop[story->stop];
	stop->loaded_ns = -1;
	stop->load_ns = 0;
	stop->bytes = 0;
}

/* ---- commands ---- */

static void sum_command(struct stories *stories, struct story *story, const char *command,
			struct command_sum addition)
{
	struct command_sum *sum;
	unsigned int i = 0;

	while (i < story->nr_sums && strcmp(story->sums[i].name, command))
		i++;
	if (i == STORIES_COMMANDS) {
		stories->left_out++;
		return;
	}
	if (i == story->nr_sums)
		story->sums[story->nr_sums++] = (struct command_sum) { .name = command };
	sum = &story->sums[i];
	sum->times++;
	sum->failed += addition.failed;
	sum->bytes = recording_sum(sum->bytes, addition.bytes);
	sum->total_ns = recording_sum(sum->total_ns, addition.total_ns);
	if (!addition.failed)
		sum->last_ns = addition.total_ns;
}

/* Reports of the DMA log are many, and told as a rate. */
static void tell_command(const struct stories *stories, struct story *story, const char *command,
			 int64_t at_ns, int64_t duration_ns, int64_t status)
{
	struct json_object *span;

	if ((!status && !strcmp(command, "track report")) ||
	    json_object_array_length(story->commands) == STORIES_MOST_SPANS)
		return;
	span = object_append(story->commands);
	object_add_text(span, "command", command);
	object_add_number(span, "status", status);
	add_span(stories, span, at_ns - duration_ns, at_ns);
}

static void take_command(struct stories *stories, struct story *story, const char *command,
			 int64_t at_ns, struct json_object *line)
{
	int64_t duration_ns = object_number(line, "duration_ns", 0);
	int64_t status = object_number(line, "status", 0), bytes = object_number(line, "bytes", 0);

	sum_command(stories, story, command,
		    (struct command_sum) { .failed = status != 0, .bytes = bytes,
					   .total_ns = duration_ns });
	tell_command(stories, story, command, at_ns, duration_ns, status);
	if (!status)
		command_succeeded(stories, story, command, at_ns, duration_ns, bytes);
}

/* ---- samples ---- */

/** struct counted - a command that the driver counts, if its trace points are not recorded */
struct counted {
	const char *command;
	const char *counter;
	const char *duration;
	const char *bytes;
};

static const struct counted counted[] = {
	{ "suspend", "suspends", "suspend_ns", NULL },
	{ "save", "saves", "save_ns", "saved_bytes" },
	{ "load", "loads", "load_ns", "loaded_bytes" },
	{ "resume", "resumes", "resume_ns", NULL },
};

static int64_t growth(struct json_object *before, struct json_object *now, const char *counter)
{
	int64_t grown = counter ? object_number(now, counter, 0) - object_number(before, counter, 0)
				: 0;

	return grown > 0 ? grown : 0;
}

/* Without trace points: what was counted since the sample before is taken to happen now. */
static void guess_commands(struct stories *stories, struct story *story,
			   struct json_object *before, struct json_object *now, int64_t at_ns)
{
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
		struct json_object *line;

		if (!growth(before, now, counted[i].counter))
			continue;
		line = json_object_new_object();
		object_add_number(line, "duration_ns", object_number(now, counted[i].duration, 0));
		object_add_number(line, "bytes", growth(before, now, counted[i].bytes));
		take_command(stories, story, counted[i].command, at_ns, line);
		json_object_put(line);
	}
	if (growth(before, now, "resets"))
		end_stop(stories, story, at_ns, false);
}

/* @from_ns: when the function was looked at before */
static void take_dirtied(const struct stories *stories, struct story *story, int64_t bytes,
			 int64_t from_ns, int64_t at_ns)
{
	struct json_object *span;

	if (!bytes || at_ns <= from_ns)
		return;
	span = object_append(story->dirtied);
	add_span(stories, span, from_ns, at_ns);
	object_add_number(span, "bytes", bytes);
}

static void take_sample(struct stories *stories, struct story *story, const struct moment *moment)
{
	struct json_object *sample = moment->line->object;
	bool traced = !object_text(recording_of(stories, story)->header, "no_trace")[0];
	struct json_object *before = json_object_object_get(story->sample, "counters");
	struct json_object *now = json_object_object_get(sample, "counters");
	int64_t before_ns = story->sampled_ns, since_ns = object_number(sample, "since_ns", -1);

	if (since_ns >= 0)
		before_ns = since_ns + stories->history->offset_ns[story->recording];
	if (!traced || !story->state)
		enter_state(stories, story, object_text(sample, "state"), moment->at_ns);
	if (before && !traced)
		guess_commands(stories, story, before, now, moment->at_ns);
	if (before)
		take_dirtied(stories, story, growth(before, now, "dirty_bytes"), before_ns,
			     moment->at_ns);
	story->sample = sample;
	story->sampled_ns = moment->at_ns;
}

/* ---- moments ---- */

static void take_moment(struct stories *stories, const struct moment *moment)
{
	struct json_object *line = moment->line->object;
	enum recording_type type = moment->line->type;
	struct story *story;

	if (type > RECORDING_RESET)
		return;
	story = find_story(stories, moment);
	if (!story)
		return;
	if (type == RECORDING_FUNCTION) {
		story->bound = line;
	} else if (type == RECORDING_SAMPLE) {
		take_sample(stories, story, moment);
	} else if (type == RECORDING_ARC) {
		take_arc(stories, story, moment);
	} else if (type == RECORDING_COMMAND) {
		take_command(stories, story, object_text(line, "command"), moment->at_ns, line);
	} else if (type == RECORDING_QUESTION) {
		if (!strcmp(object_text(line, "operation"), "ask"))
			forget_loads(stories, story);
	} else if (type == RECORDING_RESET) {
		enter_state(stories, story, "RUNNING", moment->at_ns);
		end_stop(stories, story, moment->at_ns, false);
	}
}

int64_t stories_end_ns(const struct history *history, unsigned int recording, int64_t missing)
{
	const struct recording *read = &history->recordings[recording];

	return read->nr ? read->lines[read->nr - 1].t_ns + history->offset_ns[recording] : missing;
}

/* The state that a function was left in lasts to the end of its recording. */
static void end_story(const struct stories *stories, struct story *story)
{
	int64_t end_ns = stories_end_ns(stories->history, story->recording, story->since_ns);
	struct json_object *span;

	if (!story->state)
		return;
	span = object_append(story->states);
	object_add_text(span, "state", story->state);
	add_span(stories, span, story->since_ns, end_ns);
}

/* ---- moves ---- */

static int64_t distance(int64_t a, int64_t b)
{
	return a < b ? b - a : a - b;
}

/* The stop that loaded what this one has saved: the nearest in time with as many bytes. */
static unsigned int find_destination(const struct stories *stories, const struct stop *source)
{
	unsigned int best = STORIES_NONE;

	for (unsigned int i = 0; i < stories->nr_stops; i++) {
		const struct stop *stop = &stories->stop[i];

		if (stop->loaded_ns < 0 || stop->partner != STORIES_NONE || stop == source ||
		    stop->bytes != source->bytes ||
		    stop->loaded_ns < source->saved_ns - CLOCK_SLACK_NS)
			continue;
		if (best == STORIES_NONE ||
		    distance(stop->loaded_ns, source->saved_ns) <
		    distance(stories->stop[best].loaded_ns, source->saved_ns))
			best = i;
	}
	return best;
}

static void pair_stops(struct stories *stories)
{
	for (unsigned int i = 0; i < stories->nr_stops; i++) {
		struct stop *source = &stories->stop[i];
		unsigned int found;

		if (source->saved_ns < 0 || source->loaded_ns >= 0 || source->resumed)
			continue;
		found = find_destination(stories, source);
		if (found == STORIES_NONE)
			continue;
		source->partner = found;
		stories->stop[found].partner = i;
		if (source->saved_ns - stories->stop[found].loaded_ns > stories->contradiction_ns)
			stories->contradiction_ns = source->saved_ns -
						    stories->stop[found].loaded_ns;
	}
}

struct stories *stories_make(const struct history *history, int64_t origin_ns)
{
	struct stories *stories = calloc(1, sizeof(*stories));

	if (!stories)
		return NULL;
	stories->history = history;
	stories->origin_ns = origin_ns;
	for (unsigned int i = 0; i < history->nr; i++)
		take_moment(stories, &history->moments[i]);
	for (unsigned int i = 0; i < stories->nr; i++)
		end_story(stories, &stories->story[i]);
	pair_stops(stories);
	return stories;
}

void stories_release(struct stories *stories)
{
	for (unsigned int i = 0; i < stories->nr; i++) {
		json_object_put(stories->story[i].states);
		json_object_put(stories->story[i].commands);
		json_object_put(stories->story[i].dirtied);
	}
	free(stories);
}
