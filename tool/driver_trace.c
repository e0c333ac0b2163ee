// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reading the driver's trace points from a tracing instance, by tracefs' files alone.
 */
#include "driver_trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clocks.h"
#include "object.h"
#include "recording.h"
#include "sysfs.h"

#define MOST_SECONDS	1000000000ll

/**
 * struct event - one of the driver's trace points
 * @name: as the kernel prints it
 * @type: of the line of a recording that it becomes
 * @texts, @numbers: its fields, in our names, which are the driver's but for "device"
 */
struct event {
	const char *name;
	const char *type;
	const char *texts[4];
	const char *numbers[4];
};

static const struct event events[] = {
	{ "nvme_vfio_arc", "arc", { "from", "to" }, { "result", "duration_ns" } },
	{ "nvme_vfio_cmd", "command", { "command" }, { "bytes", "status", "duration_ns" } },
	{ "nvme_vfio_compat", "question", { "operation" }, { "bytes", "result", "duration_ns" } },
	{ "nvme_vfio_stream_begin", "stream_begin", { "direction" }, { "bytes" } },
	{ "nvme_vfio_stream_end", "stream_end", { "direction" }, { "bytes" } },
	{ "nvme_vfio_reset", "reset", { NULL }, { "deferred" } },
};

/* ---- lines ---- */

/*
 * Of "name=": values have blanks in them only where a command's name has ("track report"), so a
 * value ends where the next name begins.
 */
static const char *field(const char *fields, const char *name, size_t *length)
{
	size_t size = strlen(name);
	const char *at = fields, *end;

	while (at && (strncmp(at, name, size) || at[size] != '='))
		at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL;
	if (!at)
		return NULL;
	at += size + 1;
	end = strchr(at, '=');
	if (!end) {
		*length = strlen(at);
		return at;
	}
	while (end > at && *end != ' ')
		end--;
	*length = (size_t)(end - at);
	return at;
}

static bool add_text(struct json_object *line, const char *fields, const char *name,
		     const char *member)
{
	size_t length;
	const char *value = field(fields, name, &length);

	if (value)
		json_object_object_add(line, member,
				       json_object_new_string_len(value, (int)length));
	return value;
}

static bool add_number(struct json_object *line, const char *fields, const char *name)
{
	size_t length;
	const char *value = field(fields, name, &length);

	if (value)
		object_add_number(line, name, strtoll(value, NULL, 10));
	return value;
}

/* Return: the event's line, or NULL if it lacks a field. */
static struct json_object *event_line(const struct event *event, int64_t t_ns, const char *fields)
{
	struct json_object *line = recording_new_line(event->type, t_ns);
	bool complete;

	complete = add_text(line, fields, "device", "function");
	for (size_t i = 0; i < 4 && event->texts[i]; i++)
		complete &= add_text(line, fields, event->texts[i], event->texts[i]);
	for (size_t i = 0; i < 4 && event->numbers[i]; i++)
		complete &= add_number(line, fields, event->numbers[i]);
	if (complete)
		return line;
	json_object_put(line);
	return NULL;
}

/* The word before @end: seconds with six decimals. Return: nanoseconds, or -1. */
static int64_t time_before(const char *text, const char *end)
{
	const char *begin = end;
	int64_t seconds, microseconds;
	int length = 0;

	while (begin > text && begin[-1] != ' ')
		begin--;
	if (sscanf(begin, "%10" SCNd64 ".%6" SCNd64 "%n", &seconds, &microseconds, &length) != 2 ||
	    begin + length != end || seconds < 0 || seconds > MOST_SECONDS || microseconds < 0)
		return -1;
	return seconds * NS_PER_S + microseconds * NS_PER_US;
}

static struct json_object *lost_line(const char *text)
{
	const char *at = strstr(text, "[LOST ");
	struct json_object *line;
	unsigned long nr;

	if (strncmp(text, "CPU:", 4) || !at || sscanf(at, "[LOST %lu EVENTS]", &nr) != 1)
		return NULL;
	line = json_object_new_object();
	object_add_text(line, "type", "lost");
	object_add_number(line, "events", (int64_t)nr);
	return line;
}

/* Ahead of the time stands the task's name, which can be anything: the event is the last one. */
struct json_object *driver_trace_parse(const char *text)
{
	const char *found = NULL, *at = text;
	int64_t t_ns;

	while ((at = strstr(at, ": nvme_vfio_"))) {
		found = at;
		at += 2;
	}
	if (!found)
		return lost_line(text);
	t_ns = time_before(text, found);
	if (t_ns < 0)
		return NULL;
	found += 2;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		size_t length = strlen(events[i].name);

		if (!strncmp(found, events[i].name, length) && !strncmp(found + length, ": ", 2))
			return event_line(&events[i], t_ns, found + length + 2);
	}
	return NULL;
}

/* ---- the instance ---- */

static int write_file(const struct driver_trace *trace, const char *name, const char *text)
{
	char path[700];
	int file, err;

	snprintf(path, sizeof(path), "%s/%s", trace->instance, name);
	file = open(path, O_WRONLY | O_CLOEXEC);
	if (file < 0)
		return -1;
	err = write(file, text, strlen(text)) < 0 ? errno : 0;
	close(file);
	errno = err;
	return err ? -1 : 0;
}

static int fail(struct driver_trace *trace, const char *what)
{
	snprintf(trace->reason, sizeof(trace->reason), "%s: %s", what, strerror(errno));
	driver_trace_close(trace);
	return -1;
}

int driver_trace_open(struct driver_trace *trace)
{
	char path[SYSFS_PATH_SIZE];

	*trace = (struct driver_trace) { .pipe = -1 };
	sysfs_path(path, "kernel/tracing/instances");
	snprintf(trace->instance, sizeof(trace->instance), "%s/nvmove-%d", path, (int)getpid());
	/* One that is there is left from a process of the same number that was killed. */
	if (mkdir(trace->instance, 0700) && errno != EEXIST) {
		trace->instance[0] = '\0';
		return fail(trace, "no tracing instance can be made");
	}
	if (write_file(trace, "trace_clock", "mono"))
		return fail(trace, "trace_clock");
	if (write_file(trace, "events/nvme_vfio_pci/enable", "1"))
		return fail(trace, "events/nvme_vfio_pci");
	snprintf(path, sizeof(path), "%.480s/trace_pipe", trace->instance);
	trace->pipe = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return trace->pipe < 0 ? fail(trace, "trace_pipe") : 0;
}

/*
 * A line that is too long is none of ours; its begin is dropped, its rest will not be understood.
 */
static void take_characters(struct driver_trace *trace, const char *text, size_t length,
			    void (*take)(void *context, struct json_object *line), void *context)
{
	for (size_t i = 0; i < length; i++) {
		struct json_object *line;

		if (text[i] != '\n') {
			if (trace->length == sizeof(trace->line) - 1)
				trace->length = 0;
			trace->line[trace->length++] = text[i];
			continue;
		}
		trace->line[trace->length] = '\0';
		trace->length = 0;
		line = driver_trace_parse(trace->line);
		if (line)
			take(context, line);
	}
}

void driver_trace_read(struct driver_trace *trace,
		       void (*take)(void *context, struct json_object *line), void *context)
{
	char text[8192];
	ssize_t length;

	if (trace->pipe < 0)
		return;
	while ((length = read(trace->pipe, text, sizeof(text))) > 0)
		take_characters(trace, text, (size_t)length, take, context);
}

void driver_trace_close(struct driver_trace *trace)
{
	if (trace->pipe >= 0)
		close(trace->pipe);
	trace->pipe = -1;
	if (trace->instance[0])
		rmdir(trace->instance);
	trace->instance[0] = '\0';
}
