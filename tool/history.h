/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recordings of several hosts as one history: their clocks are related, their lines put into one
 * order. What happened is not interpreted.
 */
#ifndef TOOL_HISTORY_H
#define TOOL_HISTORY_H

#include "recording.h"

#define HISTORY_MOST_RECORDINGS	16

/**
 * struct moment - a line of one of the recordings
 * @at_ns: by the clock that all have in common
 * @recording: index
 */
struct moment {
	int64_t at_ns;
	unsigned int recording;
	const struct recording_line *line;
};

/**
 * struct history - recordings put together; released by history_release()
 * @recordings: not owned, @nr_recordings of them
 * @offset_ns: by recording: what is to be added to its times
 * @reference: the clock in common; NULL: each host's CLOCK_REALTIME
 * @uncertainty_ns: by which times of two recordings may be shifted against each other; -1: nobody
 *	knows
 * @nr: moments, in @moments, by time
 */
struct history {
	const struct recording *recordings;
	unsigned int nr_recordings;
	int64_t offset_ns[HISTORY_MOST_RECORDINGS];
	const char *reference;
	int64_t uncertainty_ns;
	unsigned int nr;
	struct moment *moments;
};

/**
 * history_make() - put recordings together
 * @recordings: kept as long as the history is
 * @nr: 1 to HISTORY_MOST_RECORDINGS
 *
 * Return: 0, or -1 if there is no memory.
 */
int history_make(const struct recording *recordings, unsigned int nr, struct history *history);

/** history_release() - free what was made */
void history_release(struct history *history);

#endif /* TOOL_HISTORY_H */
