// SPDX-License-Identifier: BSD-2-Clause
/*
 * nvmove watch: what happens to the functions of this host that can migrate, from the driver's
 * attributes. They are read again and again; what happened in between is told by their counters, so
 * that nothing is missed, however short it was. It changes nothing, and what memory moves is the
 * VMM's to say.
 */
#include <argp.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "command.h"
#include "sysfs.h"
#include "topology.h"

#define MOST_FUNCTIONS	1024
#define NS_PER_MS	1000000

/**
 * struct counter - something that the driver counts
 * @name: attribute
 * @event: what happened if it has grown
 * @duration: attribute that says how long the last one took, in nanoseconds; NULL: none does
 * @bytes: attribute that grows by what was moved; NULL: none does
 */
static const struct counter {
	const char *name;
	const char *event;
	const char *duration;
	const char *bytes;
} counters[] = {
	{ "questions_answered", "found compatible", NULL, NULL },
	{ "questions_refused", "found incompatible", NULL, NULL },
	{ "suspends", "suspended", "suspend_ns", NULL },
	{ "saves", "saved", "save_ns", "saved_bytes" },
	{ "loads", "loaded", "load_ns", "loaded_bytes" },
	{ "dirty_reports", "written memory told", NULL, "dirty_bytes" },
	{ "resumes", "resumed", "resume_ns", NULL },
	{ "resets", "reset", NULL, NULL },
	{ "failed_arcs", "arc failed", NULL, NULL },
	{ "failed_loads", "state refused", NULL, NULL },
};

#define NR_COUNTERS (sizeof(counters) / sizeof(counters[0]))

/**
 * struct sample - a function at one moment
 * @state: VFIO migration state
 * @count, @bytes: by counter
 */
struct sample {
	struct pci_address function;
	char state[SYSFS_TEXT_SIZE];
	unsigned long count[NR_COUNTERS];
	unsigned long bytes[NR_COUNTERS];
};

/** struct samples - all functions at one moment, by address */
struct samples {
	unsigned int nr;
	struct sample sample[MOST_FUNCTIONS];
};

/**
 * struct arguments - of nvmove watch
 * @interval_ms: between two looks
 * @lines: after which it ends; 0: it does not
 */
struct arguments {
	bool json;
	unsigned int interval_ms;
	unsigned long lines;
};

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "A JSON object in each line, as the manual page describes it", 0 },
	{ "interval", 'i', "MS", 0, "Look every MS milliseconds, 100 if not given", 0 },
	{ "lines", 'n', "NUMBER", 0, "End after so many lines", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static unsigned long number(struct argp_state *state, const char *option, const char *text,
			    unsigned long most)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || text[0] == '-' || value < 1 || value > most)
		argp_error(state, "--%s: \"%s\", a number from 1 to %lu expected", option, text,
			   most);
	return value;
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case 'j':
		arguments->json = true;
		return 0;
	case 'i':
		arguments->interval_ms = (unsigned int)number(state, "interval", value, 60000);
		return 0;
	case 'n':
		arguments->lines = number(state, "lines", value, 1000000000);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "there is no use for \"%s\"", value);
	}
	return ARGP_ERR_UNKNOWN;
}

/* ---- samples ---- */

static int is_function(const struct dirent *entry)
{
	struct pci_address function;

	return pci_address_parse(entry->d_name, &function);
}

static unsigned long attribute(const struct pci_address *function, const char *name)
{
	return name ? sysfs_number(0, "bus/pci/devices/%s/migration/%s", function->text, name) : 0;
}

/* Return: whether it is a function that can migrate. */
static bool take_sample(struct sample *sample)
{
	const char *function = sample->function.text;

	if (!sysfs_text(sample->state, "bus/pci/devices/%s/migration/state", function))
		return false;
	for (size_t i = 0; i < NR_COUNTERS; i++) {
		sample->count[i] = attribute(&sample->function, counters[i].name);
		sample->bytes[i] = attribute(&sample->function, counters[i].bytes);
	}
	return true;
}

static int take_samples(struct samples *samples)
{
	struct dirent **entries;
	char path[SYSFS_PATH_SIZE];
	int nr;

	sysfs_path(path, "bus/pci/drivers/%s", MIGRATION_DRIVER);
	nr = scandir(path, &entries, is_function, alphasort);
	if (nr < 0) {
		complain("%s is not loaded: modprobe %s", MIGRATION_DRIVER, MIGRATION_DRIVER);
		return -1;
	}
	samples->nr = 0;
	for (int i = 0; i < nr; i++) {
		struct sample *sample = &samples->sample[samples->nr];

		if (samples->nr < MOST_FUNCTIONS &&
		    pci_address_parse(entries[i]->d_name, &sample->function))
			samples->nr += take_sample(sample);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

/* ---- what happened in between ---- */

static void add_event(struct json_object *events, const char *name, unsigned long times,
		      unsigned long duration_ns, unsigned long bytes)
{
	struct json_object *event = json_object_new_object();

	json_object_object_add(event, "event", json_object_new_string(name));
	json_object_object_add(event, "times", json_object_new_uint64(times));
	if (duration_ns)
		json_object_object_add(event, "duration_ns", json_object_new_uint64(duration_ns));
	if (bytes)
		json_object_object_add(event, "bytes", json_object_new_uint64(bytes));
	json_object_array_add(events, event);
}

/*
 * A counter that has shrunk counts anew: the function was bound again. Bytes that are seen before
 * what moved them is counted are kept for the line that tells it.
 */
static void compare_counter(struct json_object *events, const struct sample *before,
			    struct sample *now, size_t i)
{
	unsigned long from = before->count[i] <= now->count[i] ? before->count[i] : 0;
	unsigned long bytes_from = before->bytes[i] <= now->bytes[i] ? before->bytes[i] : 0;

	if (now->count[i] == before->count[i])
		now->bytes[i] = before->bytes[i];
	else if (now->count[i] != from)
		add_event(events, counters[i].event, now->count[i] - from,
			  attribute(&now->function, counters[i].duration),
			  now->bytes[i] - bytes_from);
}

static void print_time(char *text, size_t size)
{
	struct timespec now;
	struct tm parts;
	size_t length;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	length = strftime(text, size, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text + length, size - length, ".%03ldZ", now.tv_nsec / NS_PER_MS);
}

static void say_lines(const char *when, const struct sample *sample, struct json_object *events)
{
	printf("%s  %s  %-12s", when, sample->function.text, sample->state);
	for (size_t i = 0; i < json_object_array_length(events); i++) {
		struct json_object *event = json_object_array_get_idx(events, i), *value;

		printf("%s%s", i ? ", " : "  ",
		       json_object_get_string(json_object_object_get(event, "event")));
		value = json_object_object_get(event, "times");
		if (json_object_get_uint64(value) > 1)
			printf(" %s times", json_object_get_string(value));
		if (json_object_object_get_ex(event, "bytes", &value))
			printf(" %s bytes", json_object_get_string(value));
		if (json_object_object_get_ex(event, "duration_ns", &value))
			printf(" in %.2f ms", json_object_get_double(value) / NS_PER_MS);
	}
	putchar('\n');
}

static void say_json(const char *when, const struct sample *sample, struct json_object *events)
{
	struct json_object *line = json_object_new_object();

	json_object_object_add(line, "time", json_object_new_string(when));
	json_object_object_add(line, "function", json_object_new_string(sample->function.text));
	json_object_object_add(line, "state", json_object_new_string(sample->state));
	json_object_object_add(line, "events", json_object_get(events));
	puts(json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN |
						  JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(line);
}

/* @events is put */
static void say(const struct arguments *arguments, const struct sample *sample,
		struct json_object *events)
{
	char when[64];

	print_time(when, sizeof(when));
	(arguments->json ? say_json : say_lines)(when, sample, events);
	json_object_put(events);
}

/* Return: lines said. */
static unsigned long compare_function(const struct arguments *arguments,
				      const struct sample *before, struct sample *now)
{
	struct json_object *events = json_object_new_array();

	for (size_t i = 0; i < NR_COUNTERS; i++)
		compare_counter(events, before, now, i);
	if (!json_object_array_length(events) && !strcmp(before->state, now->state)) {
		json_object_put(events);
		return 0;
	}
	say(arguments, now, events);
	return 1;
}

static unsigned long say_once(const struct arguments *arguments, const struct sample *sample,
			      const char *event)
{
	struct json_object *events = json_object_new_array();

	add_event(events, event, 1, 0, 0);
	say(arguments, sample, events);
	return 1;
}

/* Both lists are in order of addresses. Return: lines said. */
static unsigned long compare(const struct arguments *arguments, const struct samples *before,
			     struct samples *now)
{
	unsigned int a = 0, b = 0;
	unsigned long lines = 0;

	while (a < before->nr || b < now->nr) {
		const struct sample *old = &before->sample[a];
		struct sample *new = &now->sample[b];
		int order = a == before->nr ? 1 : b == now->nr ? -1
			    : strcmp(old->function.text, new->function.text);

		if (!order)
			lines += compare_function(arguments, old, new);
		else if (order < 0)
			lines += say_once(arguments, old, "no longer bound");
		else
			lines += say_once(arguments, new, "bound");
		a += order <= 0;
		b += order >= 0;
	}
	return lines;
}

/* ---- the command ---- */

static enum outcome watch(const struct arguments *arguments, struct samples *samples)
{
	const struct timespec pause = {
		.tv_sec = arguments->interval_ms / 1000,
		.tv_nsec = (long)(arguments->interval_ms % 1000) * NS_PER_MS,
	};
	struct samples *before = &samples[0], *now = &samples[1], *swap;
	unsigned long lines = 0;

	for (;;) {
		if (take_samples(now))
			return OUTCOME_ERROR;
		lines += compare(arguments, before, now);
		if (fflush(stdout))
			return complain("standard output: %m");
		if (arguments->lines && lines >= arguments->lines)
			return OUTCOME_YES;
		swap = before;
		before = now;
		now = swap;
		nanosleep(&pause, NULL);
	}
}

enum outcome watch_command(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.doc = "Tell what happens to the functions of this host that can migrate.\v"
		       "It goes on until it is interrupted, or --lines. Exit status: 0 ended by "
		       "--lines, 2 the driver is not loaded. See nvmove-watch(1).",
	};
	struct arguments arguments = { .interval_ms = 100 };
	struct samples *samples;
	enum outcome outcome;

	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	samples = calloc(2, sizeof(*samples));
	if (!samples)
		return complain("no memory");
	outcome = watch(&arguments, samples);
	free(samples);
	return outcome;
}
