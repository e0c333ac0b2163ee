/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that nvmove looks at, whichever of the formats they have: told by their first bytes, never
 * by their names.
 */
#ifndef TOOL_CAPTURE_H
#define TOOL_CAPTURE_H

#include <json-c/json.h>

#include "command.h"
#include "file.h"
#include "stream.h"

/**
 * struct capture - a file that was read and taken apart; released by capture_release()
 * @description: what is in it, as an object
 * @state: controller state in it; NULL: it is a compatibility record, or a container with one
 * @state_size: bytes of it
 */
struct capture {
	struct contents contents;
	struct stream stream;
	struct json_object *description;
	const uint8_t *state;
	size_t state_size;
};

/**
 * capture_read() - read a file and take it apart
 * @name: path, "-" for standard input
 * @capture: receives it, if OUTCOME_YES is returned
 * @error: receives the reason, if OUTCOME_NO is returned
 *
 * Return: OUTCOME_YES; OUTCOME_NO if what is in it is malformed; OUTCOME_ERROR, after a complaint,
 * if it cannot be read.
 */
enum outcome capture_read(const char *name, struct capture *capture,
			  struct nvmove_load_error *error);

/**
 * capture_take_apart() - take apart what has been read
 * @capture: whose @contents are set, and that is otherwise zero
 * @error: receives the reason, if -1 is returned
 *
 * Return: 0, or -1 if what is in it is malformed. @capture is to be released either way.
 */
int capture_take_apart(struct capture *capture, struct nvmove_load_error *error);

/** capture_release() - free what was read */
void capture_release(struct capture *capture);

#endif /* TOOL_CAPTURE_H */
