// SPDX-License-Identifier: BSD-2-Clause
/*
 * Members of JSON objects.
 */
#include "object.h"

void object_add_number(struct json_object *object, const char *member, int64_t value)
{
	json_object_object_add(object, member, json_object_new_int64(value));
}

void object_add_text(struct json_object *object, const char *member, const char *value)
{
	json_object_object_add(object, member,
			       value && value[0] ? json_object_new_string(value) : NULL);
}

struct json_object *object_add_list(struct json_object *object, const char *member)
{
	struct json_object *list = json_object_new_array();

	json_object_object_add(object, member, list);
	return list;
}

struct json_object *object_append(struct json_object *list)
{
	struct json_object *object = json_object_new_object();

	json_object_array_add(list, object);
	return object;
}

int64_t object_number(struct json_object *object, const char *member, int64_t missing)
{
	struct json_object *value = json_object_object_get(object, member);

	return value ? json_object_get_int64(value) : missing;
}

const char *object_text(struct json_object *object, const char *member)
{
	struct json_object *value = json_object_object_get(object, member);

	return value ? json_object_get_string(value) : "";
}
