/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Differences of two JSON objects of one form. It knows the fields by which items of a list are
 * told apart, and nothing else of what the objects mean.
 */
#ifndef TOOL_DIFFERENCE_H
#define TOOL_DIFFERENCE_H

#include <json-c/json.h>

/**
 * difference_list() - every value that is not the same on both sides
 *
 * Items of lists belong together if they have the same id (queue id, namespace id, feature with its
 * selectors, host id, controller's name of a record), or, where they have none, the same place.
 *
 * Return: array of the caller's of {"path", "a", "b"}; a value that one side lacks is null there.
 */
struct json_object *difference_list(struct json_object *a, struct json_object *b);

#endif /* TOOL_DIFFERENCE_H */
