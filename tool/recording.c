// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reading recordings: each line is an object whose type has a table of members.
 */
#include "recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "object.h"

#define MOST_MEMBERS	12
#define MOST_WORD	64
#define MOST_COUNTERS	64
#define MOST_LINE	(64u << 10)
#define DEPTH		4
#define SHOWN_VALUE	40

/**
 * enum member_kind - what a member's value is
 * @NUMBER: integer from 0, less than RECORDING_MOST
 * @REALTIME: integer from 0, less than RECORDING_MOST_REALTIME
 * @RESULT: integer from -4095 (a negative errno) to 65535 (an NVMe status)
 * @WORD: of 1 to 64 printable ASCII characters
 * @TEXT: of at most RECORDING_TEXT characters
 * @FLAG: 0 or 1
 * @COUNTERS: object whose members are numbers
 */
enum member_kind {
	NUMBER,
	REALTIME,
	RESULT,
	WORD,
	TEXT,
	FLAG,
	COUNTERS,
};

static const char *const kind_words[] = {
	[NUMBER] = "a number from 0 to 2^60 - 1", [REALTIME] = "a number from 0 to 2^62 - 1",
	[RESULT] = "a number from -4095 to 65535",
	[WORD] = "1 to 64 printable ASCII characters",
	[TEXT] = "a text of at most 1024 characters", [FLAG] = "0 or 1",
	[COUNTERS] = "an object of at most 64 numbers",
};

/**
 * struct member - a member of a line
 * @may_lack: it may be missing or null
 */
struct member {
	const char *name;
	enum member_kind kind;
	bool may_lack;
};

static const struct member header_members[] = {
	{ "version", NUMBER, false }, { "host", TEXT, false }, { "kernel", TEXT, true },
	{ "driver", TEXT, true }, { "nvmove", TEXT, true }, { "monotonic_ns", NUMBER, false },
	{ "realtime_ns", REALTIME, false }, { "clock_error_us", NUMBER, true },
	{ "no_trace", TEXT, true }, { NULL, NUMBER, false },
};

/**
 * struct line_type - a type of lines
 * @members: beside "type" and "t_ns"; ends with one without name
 */
struct line_type {
	const char *name;
	struct member members[MOST_MEMBERS];
};

static const struct line_type line_types[RECORDING_NR_TYPES] = {
	[RECORDING_FUNCTION] = { "function", {
		{ "function", WORD, false }, { "protocol", WORD, true },
		{ "controlling", WORD, true }, { "cntlid", NUMBER, true } } },
	[RECORDING_SAMPLE] = { "sample", {
		{ "function", WORD, false }, { "state", WORD, false },
		{ "since_ns", NUMBER, true }, { "counters", COUNTERS, false } } },
	[RECORDING_ARC] = { "arc", {
		{ "function", WORD, false }, { "from", WORD, false }, { "to", WORD, false },
		{ "result", RESULT, false }, { "duration_ns", NUMBER, false } } },
	[RECORDING_COMMAND] = { "command", {
		{ "function", WORD, false }, { "command", WORD, false },
		{ "bytes", NUMBER, false }, { "status", RESULT, false },
		{ "duration_ns", NUMBER, false } } },
	[RECORDING_QUESTION] = { "question", {
		{ "function", WORD, false }, { "operation", WORD, false },
		{ "bytes", NUMBER, false }, { "result", RESULT, false },
		{ "duration_ns", NUMBER, false } } },
	[RECORDING_STREAM_BEGIN] = { "stream_begin", {
		{ "function", WORD, false }, { "direction", WORD, false },
		{ "bytes", NUMBER, false } } },
	[RECORDING_STREAM_END] = { "stream_end", {
		{ "function", WORD, false }, { "direction", WORD, false },
		{ "bytes", NUMBER, false } } },
	[RECORDING_RESET] = { "reset", {
		{ "function", WORD, false }, { "deferred", FLAG, false } } },
	[RECORDING_LOST] = { "lost", { { "events", NUMBER, false } } },
	[RECORDING_LOG] = { "log", { { "priority", NUMBER, false }, { "text", TEXT, false } } },
	[RECORDING_VMM] = { "vmm", {
		{ "status", WORD, false }, { "run_state", WORD, true },
		{ "total_ms", NUMBER, true }, { "downtime_ms", NUMBER, true },
		{ "expected_downtime_ms", NUMBER, true }, { "ram_bytes", NUMBER, true },
		{ "ram_remaining", NUMBER, true }, { "ram_total", NUMBER, true },
		{ "vfio_bytes", NUMBER, true }, { "dirtied_bytes_per_second", NUMBER, true },
		{ "error", TEXT, true } } },
	[RECORDING_VMM_EVENT] = { "vmm_event", {
		{ "event", WORD, false }, { "status", WORD, true } } },
	[RECORDING_VMM_STEP] = { "vmm_step", {
		{ "step", TEXT, false }, { "duration_ns", NUMBER, false } } },
	[RECORDING_GUEST] = { "guest", { { "ios", NUMBER, false } } },
	[RECORDING_CLOCK] = { "clock", {
		{ "reference", TEXT, false }, { "realtime_ns", REALTIME, false },
		{ "uncertainty_ns", NUMBER, false } } },
	[RECORDING_END] = { "end", { { NULL, NUMBER, false } } },
};

/* ---- errors ---- */

static void make_printable(char *text)
{
	for (; *text; text++) {
		if (*text < 0x20 || *text > 0x7e)
			*text = '?';
	}
}

static int refuse(struct recording_error *error, unsigned int number, const char *words)
{
	snprintf(error->text, sizeof(error->text), "line %u: %s", number, words);
	make_printable(error->text);
	return -1;
}

static int refuse_member(struct recording_error *error, unsigned int number, const char *name,
			 struct json_object *value, const char *expected)
{
	snprintf(error->text, sizeof(error->text), "line %u: %s is %.*s, expected %s", number, name,
		 SHOWN_VALUE,
		 value ? json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN) : "missing",
		 expected);
	make_printable(error->text);
	return -1;
}

/* ---- members ---- */

static bool is_number(struct json_object *value, int64_t least, int64_t most)
{
	return json_object_is_type(value, json_type_int) &&
	       json_object_get_int64(value) >= least && json_object_get_int64(value) <= most;
}

static bool is_word(struct json_object *value)
{
	const char *text = json_object_get_string(value);
	int length = json_object_get_string_len(value);

	if (!json_object_is_type(value, json_type_string) || length < 1 || length > MOST_WORD)
		return false;
	for (int i = 0; i < length; i++) {
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	}
	return true;
}

static bool are_counters(struct json_object *value)
{
	if (!json_object_is_type(value, json_type_object) ||
	    json_object_object_length(value) > MOST_COUNTERS)
		return false;
	json_object_object_foreach(value, name, count) {
		(void)name;
		if (!is_number(count, 0, RECORDING_MOST - 1))
			return false;
	}
	return true;
}

static bool is_of_kind(struct json_object *value, enum member_kind kind)
{
	switch (kind) {
	case NUMBER:
		return is_number(value, 0, RECORDING_MOST - 1);
	case REALTIME:
		return is_number(value, 0, RECORDING_MOST_REALTIME - 1);
	case RESULT:
		return is_number(value, -4095, 65535);
	case WORD:
		return is_word(value);
	case TEXT:
		return json_object_is_type(value, json_type_string) &&
		       json_object_get_string_len(value) <= RECORDING_TEXT;
	case FLAG:
		return is_number(value, 0, 1);
	case COUNTERS:
		return are_counters(value);
	}
	return false;
}

static int check_members(struct json_object *object, const struct member *members,
			 unsigned int number, struct recording_error *error)
{
	for (; members->name; members++) {
		struct json_object *value = json_object_object_get(object, members->name);

		if (value ? !is_of_kind(value, members->kind) : !members->may_lack)
			return refuse_member(error, number, members->name, value,
					     kind_words[members->kind]);
	}
	return 0;
}

/* ---- lines ---- */

/* Return: the object, or NULL if the line is none. */
static struct json_object *parse_line(const char *text, size_t length, unsigned int number,
				      struct recording_error *error)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH);
	struct json_object *object = NULL;
	char words[160];

	if (!tokener) {
		refuse(error, number, "no memory");
		return NULL;
	}
	/* not strict: json-c 0.18 refuses every character beyond ASCII then */
	json_tokener_set_flags(tokener, JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text, (int)length);
	if (json_tokener_get_error(tokener) == json_tokener_continue) {
		refuse(error, number, "the object does not end: the line is cut off");
	} else if (!json_object_is_type(object, json_type_object) ||
		   json_tokener_get_parse_end(tokener) != length) {
		snprintf(words, sizeof(words), "no JSON object, at character %zu: %s",
			 json_tokener_get_parse_end(tokener) + 1,
			 json_tokener_error_desc(json_tokener_get_error(tokener)));
		refuse(error, number, words);
		json_object_put(object);
		object = NULL;
	}
	json_tokener_free(tokener);
	return object;
}

static int check_header(struct json_object *object, struct recording_error *error)
{
	struct json_object *type = json_object_object_get(object, "type");
	struct json_object *version = json_object_object_get(object, "version");

	if (!json_object_is_type(type, json_type_string) ||
	    strcmp(json_object_get_string(type), "recording"))
		return refuse_member(error, 1, "type", type, "\"recording\"");
	if (!is_number(version, RECORDING_VERSION, RECORDING_VERSION))
		return refuse_member(error, 1, "version", version, "1");
	return check_members(object, header_members, 1, error);
}

/* @line->object is set; the rest of it is filled in. */
static int check_line(struct recording_line *line, struct recording_error *error)
{
	struct json_object *type = json_object_object_get(line->object, "type");
	struct json_object *t_ns = json_object_object_get(line->object, "t_ns");
	unsigned int i = 0;

	while (i < RECORDING_NR_TYPES && (!json_object_is_type(type, json_type_string) ||
					  strcmp(json_object_get_string(type), line_types[i].name)))
		i++;
	if (i == RECORDING_NR_TYPES)
		return refuse_member(error, line->number, "type", type,
				     "one of nvmove-recording(5)");
	if (!is_number(t_ns, 0, RECORDING_MOST - 1))
		return refuse_member(error, line->number, "t_ns", t_ns, kind_words[NUMBER]);
	line->type = i;
	line->t_ns = json_object_get_int64(t_ns);
	return check_members(line->object, line_types[i].members, line->number, error);
}

static int add_line(struct recording *recording, struct json_object *object, unsigned int number,
		    struct recording_error *error)
{
	struct recording_line *line = &recording->lines[recording->nr];

	*line = (struct recording_line) { .number = number, .object = object };
	recording->nr++;
	if (recording->ended)
		return refuse(error, number, "the recording has ended in the line before");
	if (check_line(line, error))
		return -1;
	recording->ended = line->type == RECORDING_END;
	return 0;
}

/* ---- files ---- */

static unsigned int count_lines(const char *data, size_t size)
{
	unsigned int nr = 0;

	for (size_t i = 0; i < size && nr <= RECORDING_MOST_LINES; i++)
		nr += data[i] == '\n';
	return nr;
}

/* The first line is the header, any other one goes to the lines. */
static int take_line(struct recording *recording, const char *text, size_t length,
		     unsigned int number, struct recording_error *error)
{
	struct json_object *object;

	if (length > MOST_LINE)
		return refuse(error, number, "longer than 65536 characters");
	object = parse_line(text, length, number, error);
	if (!object)
		return -1;
	if (number > 1)
		return add_line(recording, object, number, error);
	recording->header = object;
	return check_header(object, error);
}

static int take_lines(struct recording *recording, const char *data, size_t size,
		      struct recording_error *error)
{
	unsigned int number = 0;

	while (size) {
		const char *end = memchr(data, '\n', size);
		size_t length;

		number++;
		if (!end)
			return refuse(error, number, "no newline: the line is cut off");
		length = (size_t)(end - data);
		if (take_line(recording, data, length, number, error))
			return -1;
		data += length + 1;
		size -= length + 1;
	}
	return number ? 0 : refuse(error, 1, "the file is empty");
}

static int compare_lines(const void *a, const void *b)
{
	const struct recording_line *one = a, *other = b;

	if (one->t_ns != other->t_ns)
		return one->t_ns < other->t_ns ? -1 : 1;
	return one->number < other->number ? -1 : 1;
}

int recording_read(const struct contents *contents, struct recording *recording,
		   struct recording_error *error)
{
	const char *data = (const char *)contents->data;
	unsigned int nr = count_lines(data, contents->size);

	*recording = (struct recording) { .name = contents->name };
	if (nr > RECORDING_MOST_LINES)
		return refuse(error, nr, "a recording has at most 250000 lines");
	recording->lines = calloc(nr + 1, sizeof(*recording->lines));
	if (!recording->lines)
		return refuse(error, 1, "no memory");
	if (take_lines(recording, data, contents->size, error)) {
		recording_release(recording);
		return -1;
	}
	qsort(recording->lines, recording->nr, sizeof(*recording->lines), compare_lines);
	return 0;
}

void recording_release(struct recording *recording)
{
	for (unsigned int i = 0; i < recording->nr; i++)
		json_object_put(recording->lines[i].object);
	free(recording->lines);
	json_object_put(recording->header);
	*recording = (struct recording) { .name = recording->name };
}

struct json_object *recording_new_line(const char *type, int64_t t_ns)
{
	struct json_object *line = json_object_new_object();

	object_add_text(line, "type", type);
	object_add_number(line, "t_ns", t_ns);
	return line;
}

int64_t recording_sum(int64_t a, int64_t b)
{
	return a + b < RECORDING_MOST ? a + b : RECORDING_MOST;
}
