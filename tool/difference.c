// SPDX-License-Identifier: BSD-2-Clause
/*
 * Comparing two JSON objects value by value. Neither is changed.
 */
#include "difference.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define PATH_SIZE	512
#define LOOK_AHEAD	1024	/* items with ids that a list has in a state that can be loaded */

/**
 * struct path - where a value is, as people write it
 * @length: below PATH_SIZE; what does not fit is left out
 */
struct path {
	char text[PATH_SIZE];
	size_t length;
};

static struct path path_below(const struct path *above, const char *separator, const char *name,
			      const char *end)
{
	struct path path = *above;
	int more = snprintf(path.text + path.length, PATH_SIZE - path.length, "%s%s%s",
			    path.length || *end ? separator : "", name, end);

	path.length += (size_t)more;
	if (path.length >= PATH_SIZE)
		path.length = PATH_SIZE - 1;
	return path;
}

/* What tells an item of a list from its neighbours; empty if nothing does. */
static void item_id(struct json_object *item, char *id, size_t size)
{
	static const char *const names[] = {
		"qid", "feature", "select", "selector", "nsid", "host_id", "cqid", "cid",
	};
	size_t length = 0;

	id[0] = '\0';
	if (!json_object_is_type(item, json_type_object))
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && length < size; i++) {
		struct json_object *value;

		if (!json_object_object_get_ex(item, names[i], &value))
			continue;
		length += (size_t)snprintf(id + length, size - length, "%s%s %s",
					   length ? ", " : "", names[i],
					   json_object_get_string(value));
		/* Completion queues have the id that submission queues name: theirs suffices. */
		if (!strcmp(names[i], "qid"))
			return;
	}
}

static void compare(struct json_object *list, const struct path *path, struct json_object *a,
		    struct json_object *b);

static void compare_objects(struct json_object *list, const struct path *path,
			    struct json_object *a, struct json_object *b)
{
	json_object_object_foreach(a, name, value) {
		struct path below = path_below(path, ".", name, "");

		compare(list, &below, value, json_object_object_get(b, name));
	}
	json_object_object_foreach(b, other_name, other_value) {
		struct path below = path_below(path, ".", other_name, "");

		if (!json_object_object_get_ex(a, other_name, NULL))
			compare(list, &below, NULL, other_value);
	}
}

/**
 * struct walk - a list being compared, item by item
 * @at: next item
 * @id: of the next item
 */
struct walk {
	struct json_object *list;
	size_t at;
	char id[160];
};

static struct json_object *walk_item(struct walk *walk)
{
	struct json_object *item = json_object_array_get_idx(walk->list, walk->at);

	item_id(item, walk->id, sizeof(walk->id));
	return item;
}

/* Whether what follows in a list has an item of this id. */
static bool has_item(const struct walk *walk, const char *id)
{
	struct walk rest = *walk;

	while (++rest.at < json_object_array_length(rest.list) && rest.at - walk->at < LOOK_AHEAD) {
		walk_item(&rest);
		if (!strcmp(rest.id, id))
			return true;
	}
	return false;
}

static void compare_items(struct json_object *list, const struct path *path, struct walk *a,
			  struct walk *b)
{
	struct json_object *item_a = walk_item(a), *item_b = walk_item(b);
	const char *id;
	struct path below;
	char place[24];

	if (item_a && item_b && strcmp(a->id, b->id)) {
		/* One of the two is missing on the other side: the one that does not come later. */
		if (has_item(b, a->id) && !has_item(a, b->id))
			item_a = NULL;
		else
			item_b = NULL;
	}
	snprintf(place, sizeof(place), "%zu", item_a ? a->at : b->at);
	id = item_a ? a->id : b->id;
	below = path_below(path, "[", id[0] ? id : place, "]");
	compare(list, &below, item_a, item_b);
	a->at += !!item_a;
	b->at += !!item_b;
}

static void compare_lists(struct json_object *list, const struct path *path, struct json_object *a,
			  struct json_object *b)
{
	struct walk walk_a = { .list = a }, walk_b = { .list = b };

	while (walk_a.at < json_object_array_length(a) || walk_b.at < json_object_array_length(b))
		compare_items(list, path, &walk_a, &walk_b);
}

static void compare(struct json_object *list, const struct path *path, struct json_object *a,
		    struct json_object *b)
{
	struct json_object *entry;

	if (json_object_is_type(a, json_type_object) && json_object_is_type(b, json_type_object)) {
		compare_objects(list, path, a, b);
		return;
	}
	if (json_object_is_type(a, json_type_array) && json_object_is_type(b, json_type_array)) {
		compare_lists(list, path, a, b);
		return;
	}
	if (json_object_equal(a, b))
		return;
	entry = json_object_new_object();
	json_object_object_add(entry, "path", json_object_new_string(path->text));
	json_object_object_add(entry, "a", json_object_get(a));
	json_object_object_add(entry, "b", json_object_get(b));
	json_object_array_add(list, entry);
}

struct json_object *difference_list(struct json_object *a, struct json_object *b)
{
	struct json_object *list = json_object_new_array();
	const struct path top = { "", 0 };

	compare(list, &top, a, b);
	return list;
}
