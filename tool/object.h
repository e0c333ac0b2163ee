/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Members of JSON objects in one line of code. It knows no object.
 */
#ifndef TOOL_OBJECT_H
#define TOOL_OBJECT_H

#include <stdint.h>

#include <json-c/json.h>

/** object_add_number() - a member that is an integer */
void object_add_number(struct json_object *object, const char *member, int64_t value);

/** object_add_text() - a member that is a text; null if that is NULL or empty */
void object_add_text(struct json_object *object, const char *member, const char *value);

/** object_add_list() - a member that is an empty list; Return: the list, owned by @object */
struct json_object *object_add_list(struct json_object *object, const char *member);

/** object_append() - an empty object at the end of a list; Return: it, owned by @list */
struct json_object *object_append(struct json_object *list);

/** object_number() - an integer member; @missing if there is none */
int64_t object_number(struct json_object *object, const char *member, int64_t missing);

/** object_text() - a text member; empty if there is none, or null */
const char *object_text(struct json_object *object, const char *member);

#endif /* TOOL_OBJECT_H */
