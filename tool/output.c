// SPDX-License-Identifier: BSD-2-Clause
/*
 * Writing JSON objects for programs and for people. Strings in them are printable already.
 */
#include "output.h"

#include <stdbool.h>
#include <stdio.h>

#define INDENT	2

void output_json(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
						    JSON_C_TO_STRING_SPACED |
						    JSON_C_TO_STRING_NOSLASHESCAPE));
}

static bool is_scalar(struct json_object *value)
{
	return !json_object_is_type(value, json_type_object) &&
	       !json_object_is_type(value, json_type_array);
}

static bool is_flat(struct json_object *object)
{
	if (is_scalar(object))
		return true;
	if (!json_object_is_type(object, json_type_object))
		return false;
	json_object_object_foreach(object, name, value) {
		(void)name;
		if (!is_scalar(value))
			return false;
	}
	return true;
}

static void print_flat(struct json_object *object)
{
	const char *separator = "";

	if (is_scalar(object)) {
		printf("%s\n", json_object_get_string(object));
		return;
	}
	json_object_object_foreach(object, name, value) {
		printf("%s%s %s", separator, name, json_object_get_string(value));
		separator = ", ";
	}
	putchar('\n');
}

static void print_members(struct json_object *object, int indent);

static void print_items(struct json_object *list, int indent)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		printf("%*s- ", indent, "");
		if (is_flat(item)) {
			print_flat(item);
			continue;
		}
		putchar('\n');
		print_members(item, indent + INDENT);
	}
}

static void print_members(struct json_object *object, int indent)
{
	json_object_object_foreach(object, name, value) {
		printf("%*s%s:", indent, "", name);
		if (is_scalar(value)) {
			printf(" %s\n", json_object_get_string(value));
		} else if (json_object_is_type(value, json_type_object)) {
			putchar('\n');
			print_members(value, indent + INDENT);
		} else if (!json_object_array_length(value)) {
			puts(" none");
		} else {
			putchar('\n');
			print_items(value, indent + INDENT);
		}
	}
}

void output_lines(struct json_object *object)
{
	print_members(object, 0);
}
