/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers on standard output: an object as JSON, or the same as lines for people. It knows no
 * subject.
 */
#ifndef TOOL_OUTPUT_H
#define TOOL_OUTPUT_H

#include <json-c/json.h>

/** output_json() - one object, indented, and a newline */
void output_json(struct json_object *object);

/** output_lines() - the same, a line for each value or each flat item of a list */
void output_lines(struct json_object *object);

#endif /* TOOL_OUTPUT_H */
