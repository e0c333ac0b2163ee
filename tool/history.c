// SPDX-License-Identifier: BSD-2-Clause
/*
 * Putting recordings together by their clocks. Each recording has one moment by two clocks in its
 * first line; "clock" lines say more, if somebody who sees all hosts has compared their clocks.
 */
#include "history.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "clocks.h"
#include "object.h"

/* The best comparison of a recording's clock with another one; NULL: there is none. */
static const struct recording_line *best_clock(const struct recording *recording)
{
	const struct recording_line *best = NULL;
	int64_t least = RECORDING_MOST;

	for (unsigned int i = 0; i < recording->nr; i++) {
		const struct recording_line *line = &recording->lines[i];
		int64_t uncertainty = object_number(line->object, "uncertainty_ns", 0);

		if (line->type == RECORDING_CLOCK && uncertainty < least) {
			best = line;
			least = uncertainty;
		}
	}
	return best;
}

/* Return: the clock that every recording was compared with; NULL if there is none. */
static const char *common_reference(const struct history *history)
{
	const char *common = NULL;

	for (unsigned int i = 0; i < history->nr_recordings; i++) {
		const struct recording_line *clock = best_clock(&history->recordings[i]);
		const char *reference = clock ? object_text(clock->object, "reference") : "";

		if (!clock || (common && strcmp(common, reference)))
			return NULL;
		common = reference;
	}
	return common;
}

/* How much a recording's times may be wrong; -1: nobody knows. */
static int64_t relate_clock(struct history *history, unsigned int i)
{
	const struct recording *recording = &history->recordings[i];
	struct json_object *header = recording->header;
	const struct recording_line *clock;
	int64_t error_us;

	if (history->reference) {
		clock = best_clock(recording);
		history->offset_ns[i] = object_number(clock->object, "realtime_ns", 0) -
					clock->t_ns;
		return object_number(clock->object, "uncertainty_ns", 0);
	}
	history->offset_ns[i] = object_number(header, "realtime_ns", 0) -
				object_number(header, "monotonic_ns", 0);
	error_us = object_number(header, "clock_error_us", -1);
	return error_us < 0 || error_us > RECORDING_MOST / NS_PER_US ? -1 : error_us * NS_PER_US;
}

static bool is_same_host(const struct history *history, unsigned int a, unsigned int b)
{
	return !strcmp(object_text(history->recordings[a].header, "host"),
		       object_text(history->recordings[b].header, "host"));
}

/* Two hosts' errors add up; recordings of one host have one clock. */
static int64_t uncertainty(const struct history *history, const int64_t *errors)
{
	int64_t most = 0;

	for (unsigned int a = 0; a < history->nr_recordings; a++) {
		for (unsigned int b = 0; b < a; b++) {
			if (is_same_host(history, a, b))
				continue;
			if (errors[a] < 0 || errors[b] < 0)
				return -1;
			if (errors[a] + errors[b] > most)
				most = errors[a] + errors[b];
		}
	}
	return most;
}

static int compare_moments(const void *a, const void *b)
{
	const struct moment *one = a, *other = b;

	if (one->at_ns != other->at_ns)
		return one->at_ns < other->at_ns ? -1 : 1;
	if (one->recording != other->recording)
		return one->recording < other->recording ? -1 : 1;
	return one->line->number < other->line->number ? -1 : 1;
}

static void add_moments(struct history *history, unsigned int i)
{
	const struct recording *recording = &history->recordings[i];

	for (unsigned int k = 0; k < recording->nr; k++) {
		history->moments[history->nr] = (struct moment) {
			.at_ns = recording->lines[k].t_ns + history->offset_ns[i],
			.recording = i,
			.line = &recording->lines[k],
		};
		history->nr++;
	}
}

int history_make(const struct recording *recordings, unsigned int nr, struct history *history)
{
	int64_t errors[HISTORY_MOST_RECORDINGS];
	size_t room = 1;

	*history = (struct history) { .recordings = recordings, .nr_recordings = nr };
	history->reference = common_reference(history);
	for (unsigned int i = 0; i < nr; i++) {
		errors[i] = relate_clock(history, i);
		room += recordings[i].nr;
	}
	history->uncertainty_ns = uncertainty(history, errors);
	history->moments = calloc(room, sizeof(*history->moments));
	if (!history->moments)
		return -1;
	for (unsigned int i = 0; i < nr; i++)
		add_moments(history, i);
	qsort(history->moments, history->nr, sizeof(*history->moments), compare_moments);
	return 0;
}

void history_release(struct history *history)
{
	free(history->moments);
	history->moments = NULL;
}
