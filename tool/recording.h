/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading recordings, as nvmove-recording(5) describes them. They come from anywhere: a line that
 * breaks a rule is refused, and what has been read holds no surprise. What it means is not told
 * here.
 */
#ifndef TOOL_RECORDING_H
#define TOOL_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "file.h"

#define RECORDING_VERSION	1
#define RECORDING_MOST_BYTES	(64u << 20)
#define RECORDING_MOST_LINES	250000
#define RECORDING_TEXT		1024		/* characters of a text */
#define RECORDING_MOST		((int64_t)1 << 60)	/* a number is less */
#define RECORDING_MOST_REALTIME	((int64_t)1 << 62)	/* so is a time since 1970 */

/** enum recording_type - of a line behind the first, in the order of nvmove-recording(5) */
enum recording_type {
	RECORDING_FUNCTION,
	RECORDING_SAMPLE,
	RECORDING_ARC,
	RECORDING_COMMAND,
	RECORDING_QUESTION,
	RECORDING_STREAM_BEGIN,
	RECORDING_STREAM_END,
	RECORDING_RESET,
	RECORDING_LOST,
	RECORDING_LOG,
	RECORDING_VMM,
	RECORDING_VMM_EVENT,
	RECORDING_VMM_STEP,
	RECORDING_GUEST,
	RECORDING_CLOCK,
	RECORDING_END,
	RECORDING_NR_TYPES,
};

/**
 * struct recording_line - a line that follows the rules of its type
 * @t_ns: CLOCK_MONOTONIC of the host, 0 <= t_ns < RECORDING_MOST
 * @number: in the file, from 1
 * @object: its members
 */
struct recording_line {
	enum recording_type type;
	int64_t t_ns;
	unsigned int number;
	struct json_object *object;
};

/**
 * struct recording - a recording that was read; released by recording_release()
 * @name: of its file
 * @header: the first line
 * @nr: lines behind it, in @lines, by time
 * @ended: the last one says that the recording is complete
 */
struct recording {
	const char *name;
	struct json_object *header;
	unsigned int nr;
	struct recording_line *lines;
	bool ended;
};

/** struct recording_error - why something is no recording: the line and the field, printable */
struct recording_error {
	char text[256];
};

/**
 * recording_read() - take a recording apart
 * @contents: the file
 * @recording: receives it, if 0 is returned
 * @error: receives the reason, if -1 is returned
 *
 * Return: 0, or -1 if it is none.
 */
int recording_read(const struct contents *contents, struct recording *recording,
		   struct recording_error *error);

/** recording_release() - free what was read */
void recording_release(struct recording *recording);

/**
 * recording_new_line() - a line to be recorded
 * @type: its type's name
 * @t_ns: CLOCK_MONOTONIC
 */
struct json_object *recording_new_line(const char *type, int64_t t_ns);

/** recording_sum() - of two numbers, or of a sum and a number; RECORDING_MOST at most */
int64_t recording_sum(int64_t a, int64_t b);

#endif /* TOOL_RECORDING_H */
