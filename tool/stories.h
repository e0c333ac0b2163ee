/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a history tells of each function: the states it was in, the commands its controller was
 * given, and its stops: from a suspend to what ended it, perhaps on another host. What the VMM did
 * meanwhile is not its business.
 */
#ifndef TOOL_STORIES_H
#define TOOL_STORIES_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "history.h"

#define STORIES_MOST		256
#define STORIES_MOST_STOPS	2000
#define STORIES_MOST_SPANS	10000	/* of one function that are told one by one */
#define STORIES_COMMANDS	16
#define STORIES_NONE		UINT32_MAX

/**
 * struct command_sum - all commands of one name
 * @name: owned by the recording
 * @last_ns: how long the last one that succeeded took
 */
struct command_sum {
	const char *name;
	int64_t times;
	int64_t failed;
	int64_t bytes;
	int64_t total_ns;
	int64_t last_ns;
};

/**
 * struct story - what became of one function in one recording
 * @name: PCI address
 * @bound: its "function" line; NULL: there is none
 * @sample: its last "sample" line; NULL: there is none
 * @state: that it is in since @since_ns; NULL: nobody knows
 * @states: the states before, as the report shows them
 * @commands: commands one by one, likewise
 * @dirtied: memory that its controller has written, by time, likewise
 * @stop: index of the stop that it is in, or STORIES_NONE
 */
struct story {
	unsigned int recording;
	const char *name;
	struct json_object *bound;
	struct json_object *sample;
	int64_t sampled_ns;
	const char *state;
	int64_t since_ns;
	struct json_object *states;
	struct json_object *commands;
	struct json_object *dirtied;
	unsigned int nr_sums;
	struct command_sum sums[STORIES_COMMANDS];
	unsigned int stop;
};

/**
 * struct stop - a function is suspended
 * @story: index of the function
 * @begin_ns: when the suspend began
 * @end_ns: when what ended it had ended; -1: nothing did
 * @suspend_ns, @save_ns, @load_ns, @resume_ns: how long the commands took, of a save with the
 *	questions for its size
 * @saved_ns: when the state had been saved; -1: it was not
 * @loaded_ns: when the first piece of a state was begun to be loaded; -1: none was
 * @bytes: of state
 * @resumed: it was ended by a resume, else by a reset
 * @partner: index of the stop on the other side of its move, or STORIES_NONE
 */
struct stop {
	unsigned int story;
	int64_t begin_ns;
	int64_t end_ns;
	int64_t suspend_ns;
	int64_t query_ns;
	int64_t save_ns;
	int64_t load_ns;
	int64_t resume_ns;
	int64_t saved_ns;
	int64_t loaded_ns;
	int64_t bytes;
	bool resumed;
	unsigned int partner;
};

/**
 * struct stories - of all functions of a history; released by stories_release()
 * @left_out: functions and stops for which there was no room
 * @contradiction_ns: by which a state was loaded before it had been saved, by the clocks; 0: none
 */
struct stories {
	const struct history *history;
	int64_t origin_ns;
	unsigned int nr;
	struct story story[STORIES_MOST];
	unsigned int nr_stops;
	struct stop stop[STORIES_MOST_STOPS];
	unsigned int left_out;
	int64_t contradiction_ns;
};

/**
 * stories_make() - follow every function through a history
 * @history: kept as long as the stories are
 * @origin_ns: moment that the report's times count from
 *
 * Return: the stories, NULL if there is no memory.
 */
struct stories *stories_make(const struct history *history, int64_t origin_ns);

/** stories_release() - free them */
void stories_release(struct stories *stories);

/** stories_end_ns() - the last moment of a recording, or @missing if it has none */
int64_t stories_end_ns(const struct history *history, unsigned int recording, int64_t missing);

#endif /* TOOL_STORIES_H */
