// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reading what is wanted from a JSON file. A member that is not known is refused: it would be a
 * wish that nobody fulfils.
 */
#include "wanted.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "command.h"
#include "file.h"

#define MOST_BYTES	(1u << 20)

/**
 * struct number_member - a member that is a number
 * @to: receives it
 * @is_required: it must be there
 */
struct number_member {
	const char *name;
	unsigned int least;
	unsigned int most;
	unsigned int *to;
	bool is_required;
};

static int take_number(const char *file, const struct number_member *member,
		       struct json_object *value)
{
	int64_t number = json_object_get_int64(value);

	if (!json_object_is_type(value, json_type_int) || number < member->least ||
	    number > member->most) {
		complain("%s: %s: %s, a number from %u to %u expected", file, member->name,
			 json_object_to_json_string(value), member->least, member->most);
		return -1;
	}
	*member->to = (unsigned int)number;
	return 0;
}

static const struct number_member *find_member(const struct number_member *members, size_t nr,
					       const char *name)
{
	for (size_t i = 0; i < nr; i++) {
		if (!strcmp(members[i].name, name))
			return &members[i];
	}
	return NULL;
}

static int take_vf(const char *file, struct json_object *item, struct wanted_vf *vf)
{
	const struct number_member members[] = {
		{ "vf", 1, 65535, &vf->vf, true },
		{ "queues", 2, 65535, &vf->queues, true },
		{ "vectors", 1, 65535, &vf->vectors, true },
	};
	const size_t nr = sizeof(members) / sizeof(members[0]);

	if (!json_object_is_type(item, json_type_object)) {
		complain("%s: functions: an object for each expected", file);
		return -1;
	}
	json_object_object_foreach(item, name, value) {
		const struct number_member *member = find_member(members, nr, name);

		if (!member) {
			complain("%s: functions: \"%s\" is unknown", file, name);
			return -1;
		}
		if (take_number(file, member, value))
			return -1;
	}
	for (size_t i = 0; i < nr; i++) {
		if (!json_object_object_get_ex(item, members[i].name, NULL)) {
			complain("%s: functions: \"%s\" is missing", file, members[i].name);
			return -1;
		}
	}
	return 0;
}

static int take_functions(const char *file, struct json_object *list, struct wanted *wanted)
{
	if (!json_object_is_type(list, json_type_array) ||
	    json_object_array_length(list) > WANTED_MOST) {
		complain("%s: functions: a list of at most %u expected", file, WANTED_MOST);
		return -1;
	}
	wanted->nr = 0;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct wanted_vf *vf = &wanted->vf[wanted->nr];

		if (take_vf(file, json_object_array_get_idx(list, i), vf))
			return -1;
		for (unsigned int other = 0; other < wanted->nr; other++) {
			if (wanted->vf[other].vf == vf->vf) {
				complain("%s: functions: VF %u is there twice", file, vf->vf);
				return -1;
			}
		}
		wanted->nr++;
	}
	return 0;
}

static int take_controller(const char *file, struct json_object *value, struct wanted *wanted)
{
	const char *text = json_object_get_string(value);

	if (!json_object_is_type(value, json_type_string) || !text[0] ||
	    strlen(text) >= sizeof(wanted->controller)) {
		complain("%s: controller: a name or PCI address expected", file);
		return -1;
	}
	snprintf(wanted->controller, sizeof(wanted->controller), "%s", text);
	return 0;
}

static int take(const char *file, struct json_object *object, struct wanted *wanted)
{
	const struct number_member vfs = { "vfs", 1, 65535, &wanted->vfs, false };

	if (!json_object_is_type(object, json_type_object)) {
		complain("%s: not a JSON object", file);
		return -1;
	}
	json_object_object_foreach(object, name, value) {
		int err = -1;

		if (!strcmp(name, "controller"))
			err = take_controller(file, value, wanted);
		else if (!strcmp(name, "vfs"))
			err = take_number(file, &vfs, value);
		else if (!strcmp(name, "functions"))
			err = take_functions(file, value, wanted);
		else
			complain("%s: \"%s\" is unknown", file, name);
		if (err)
			return -1;
	}
	if (wanted->controller[0] && wanted->nr)
		return 0;
	complain("%s: \"%s\" is missing", file, wanted->controller[0] ? "functions" : "controller");
	return -1;
}

int wanted_read(const char *name, struct wanted *wanted)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object = NULL;
	struct contents contents;
	int err = -1;

	if (!tokener) {
		complain("%s: no memory", name);
		return -1;
	}
	if (file_read(name, MOST_BYTES, &contents)) {
		json_tokener_free(tokener);
		return -1;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	object = json_tokener_parse_ex(tokener, (const char *)contents.data, (int)contents.size);
	if (json_tokener_get_error(tokener) == json_tokener_success)
		err = take(name, object, wanted);
	else
		complain("%s: %s at byte %zu", name,
			 json_tokener_error_desc(json_tokener_get_error(tokener)),
			 json_tokener_get_parse_end(tokener));
	json_object_put(object);
	json_tokener_free(tokener);
	file_release(&contents);
	return err;
}
