// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reading whole files, of which nobody knows the size before: pipes and attributes in sysfs too.
 */
#include "file.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

#define FIRST_ROOM	(64u << 10)

static int grow(struct contents *contents, size_t *room)
{
	uint8_t *data = realloc(contents->data, *room ? 2 * *room : FIRST_ROOM);

	if (!data)
		return -1;
	contents->data = data;
	*room = *room ? 2 * *room : FIRST_ROOM;
	return 0;
}

static int read_to_end(FILE *file, size_t most, struct contents *contents)
{
	size_t room = 0;

	while (!feof(file)) {
		if (contents->size == room && grow(contents, &room)) {
			complain("%s: no memory for more than %zu bytes", contents->name, room);
			return -1;
		}
		contents->size += fread(contents->data + contents->size, 1, room - contents->size,
					file);
		if (ferror(file)) {
			complain("%s: %m", contents->name);
			return -1;
		}
		if (contents->size > most) {
			complain("%s: longer than %zu bytes, which nothing of this kind is",
				 contents->name, most);
			return -1;
		}
	}
	return 0;
}

int file_read(const char *name, size_t most, struct contents *contents)
{
	bool is_standard_input = !strcmp(name, "-");
	FILE *file = is_standard_input ? stdin : fopen(name, "rb");
	int err;

	*contents = (struct contents) { .name = is_standard_input ? "standard input" : name };
	if (!file) {
		complain("%s: %m", name);
		return -1;
	}
	err = read_to_end(file, most, contents);
	if (!is_standard_input)
		fclose(file);
	if (err)
		file_release(contents);
	return err;
}

void file_release(struct contents *contents)
{
	free(contents->data);
	contents->data = NULL;
}
