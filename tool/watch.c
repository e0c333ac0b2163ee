// SPDX-License-Identifier: BSD-2-Clause
/*
 * nvmove watch: what happens to the functions of this host that can migrate, from the driver's
 * attributes. They are read again and again; what happened in between is told by their counters, so
 * that nothing is missed, however short it was. What memory moves is the VMM's to say, which is
 * asked if its monitor is named. All of it can be recorded. It changes nothing.
 */
#include <argp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "clocks.h"
#include "command.h"
#include "monitor.h"
#include "object.h"
#include "recorder.h"
#include "samples.h"

/**
 * struct arguments - of nvmove watch
 * @interval_ms: between two looks
 * @lines: after which it ends; 0: it does not
 * @record: file to record in; NULL: none
 * @qmp: socket of a VMM's monitor; NULL: none
 */
struct arguments {
	bool json;
	unsigned int interval_ms;
	unsigned long lines;
	const char *record;
	const char *qmp;
};

/**
 * struct watch - what is watched
 * @lines: that have been said
 * @before, @now: functions at two moments
 * @migration: the VMM's last answer that was said; NULL: none was
 * @recorded: the last one that was recorded
 */
struct watch {
	const struct arguments *arguments;
	unsigned long lines;
	struct samples *before;
	struct samples *now;
	struct recorder recorder;
	struct monitor monitor;
	struct json_object *migration;
	struct json_object *recorded;
};

static volatile sig_atomic_t interrupted;

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "A JSON object in each line, as the manual page describes it", 0 },
	{ "interval", 'i', "MS", 0, "Look every MS milliseconds, 100 if not given", 0 },
	{ "lines", 'n', "NUMBER", 0, "End after so many lines", 0 },
	{ "record", 'r', "FILE", 0, "Record all that happens, for nvmove report", 0 },
	{ "qmp", 'q', "SOCKET", 0, "Ask this VMM, by its QMP monitor, how its migration goes", 0 },
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
	case 'r':
		arguments->record = value;
		return 0;
	case 'q':
		arguments->qmp = value;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "there is no use for \"%s\"", value);
	}
	return ARGP_ERR_UNKNOWN;
}

/* ---- what happened in between ---- */

static struct json_object *add_event(struct json_object *events, const char *name,
				     unsigned long times)
{
	struct json_object *event = json_object_new_object();

	json_object_object_add(event, "event", json_object_new_string(name));
	json_object_object_add(event, "times", json_object_new_uint64(times));
	json_object_array_add(events, event);
	return event;
}

static void add_amount(struct json_object *object, const char *member, unsigned long amount)
{
	if (amount)
		json_object_object_add(object, member, json_object_new_uint64(amount));
}

/* What is told again and again has a rate from the second time on. */
static void add_rate(struct json_object *event, const struct sample *before, struct sample *now,
		     unsigned long bytes)
{
	int64_t since_ns = now->taken_ns - before->rated_ns;

	now->rated_ns = now->taken_ns;
	if (before->rated_ns && since_ns > 0)
		add_amount(event, "bytes_per_second",
			   (unsigned long)((double)bytes * NS_PER_S / (double)since_ns));
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
	struct json_object *event;

	if (now->count[i] == before->count[i]) {
		now->bytes[i] = before->bytes[i];
		return;
	}
	if (now->count[i] == from)
		return;
	event = add_event(events, counters[i].event, now->count[i] - from);
	add_amount(event, "duration_ns", now->duration_ns[i]);
	add_amount(event, "bytes", now->bytes[i] - bytes_from);
	if (counters[i].rated)
		add_rate(event, before, now, now->bytes[i] - bytes_from);
	if (counters[i].ends_stop)
		add_amount(event, "stopped_ns", now->stopped_ns);
}

static void say_amount(struct json_object *event, const char *member, const char *format,
		       double unit)
{
	struct json_object *value;

	if (json_object_object_get_ex(event, member, &value))
		printf(format, json_object_get_double(value) / unit);
}

static void say_lines(const char *when, const struct sample *sample, struct json_object *events)
{
	printf("%s  %s  %-12s", when, sample->function.text, sample->state);
	for (size_t i = 0; i < json_object_array_length(events); i++) {
		struct json_object *event = json_object_array_get_idx(events, i), *times;

		printf("%s%s", i ? ", " : "  ",
		       json_object_get_string(json_object_object_get(event, "event")));
		times = json_object_object_get(event, "times");
		if (json_object_get_uint64(times) > 1)
			printf(" %s times", json_object_get_string(times));
		say_amount(event, "bytes", " %.0f bytes", 1);
		say_amount(event, "duration_ns", " in %.2f ms", NS_PER_MS);
		say_amount(event, "bytes_per_second", " (%.1f MB/s)", 1e6);
		say_amount(event, "stopped_ns", ", stopped for %.2f ms in all", NS_PER_MS);
	}
	putchar('\n');
}

static void put_json(struct json_object *line)
{
	puts(json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN |
						  JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(line);
}

static void say_json(const char *when, const struct sample *sample, struct json_object *events)
{
	struct json_object *line = json_object_new_object();

	json_object_object_add(line, "time", json_object_new_string(when));
	json_object_object_add(line, "function", json_object_new_string(sample->function.text));
	json_object_object_add(line, "state", json_object_new_string(sample->state));
	json_object_object_add(line, "events", json_object_get(events));
	put_json(line);
}

/* @events is put */
static void say(struct watch *watch, const struct sample *sample, struct json_object *events)
{
	char when[32];

	clocks_print(clocks_realtime_ns(), when);
	(watch->arguments->json ? say_json : say_lines)(when, sample, events);
	watch->lines++;
	json_object_put(events);
}

static void compare_function(struct watch *watch, const struct sample *before, struct sample *now)
{
	struct json_object *events = json_object_new_array();

	now->rated_ns = before->rated_ns;
	for (size_t i = 0; i < NR_COUNTERS; i++)
		compare_counter(events, before, now, i);
	if (json_object_array_length(events) || strcmp(before->state, now->state))
		say(watch, now, events);
	else
		json_object_put(events);
}

static void say_once(struct watch *watch, const struct sample *sample, const char *event)
{
	struct json_object *events = json_object_new_array();

	add_event(events, event, 1);
	say(watch, sample, events);
}

/* Both lists are in order of addresses. */
static void compare(struct watch *watch)
{
	const struct samples *before = watch->before;
	struct samples *now = watch->now;
	unsigned int a = 0, b = 0;

	while (a < before->nr || b < now->nr) {
		const struct sample *old = &before->sample[a];
		struct sample *new = &now->sample[b];
		int order = a == before->nr ? 1 : b == now->nr ? -1
			    : strcmp(old->function.text, new->function.text);

		if (!order)
			compare_function(watch, old, new);
		else if (order < 0)
			say_once(watch, old, "no longer bound");
		else
			say_once(watch, new, "bound");
		a += order <= 0;
		b += order >= 0;
	}
}

/* ---- the VMM ---- */

/* Bytes per second that the VMM has sent since the answer before. */
static void add_throughput(struct json_object *line, struct json_object *before)
{
	int64_t since_ns = object_number(line, "t_ns", -1) - object_number(before, "t_ns", -1);
	int64_t from = object_number(before, "ram_bytes", -1);
	int64_t to = object_number(line, "ram_bytes", -1);

	if (before && from >= 0 && to >= from && since_ns > 0)
		add_amount(line, "bytes_per_second",
			   (unsigned long)((double)(to - from) * NS_PER_S / (double)since_ns));
}

static void say_migration_line(const char *when, struct json_object *line)
{
	int64_t total = object_number(line, "ram_total", -1);
	int64_t left = object_number(line, "ram_remaining", -1);
	struct json_object *error;

	printf("%s  VMM           %-12s", when, object_text(line, "status"));
	if (total > 0 && left >= 0 && left <= total)
		printf("  %.1f %% of %.0f MB", 100. * (double)(total - left) / (double)total,
		       (double)total / 1e6);
	say_amount(line, "bytes_per_second", ", sends %.1f MB/s", 1e6);
	say_amount(line, "dirtied_bytes_per_second", ", %.1f MB/s dirtied", 1e6);
	say_amount(line, "expected_downtime_ms", ", downtime of %.0f ms expected", 1);
	say_amount(line, "downtime_ms", ", downtime %.0f ms", 1);
	say_amount(line, "total_ms", ", %.0f ms in all", 1);
	if (json_object_object_get_ex(line, "error", &error))
		printf(", %s", json_object_to_json_string_ext(error, JSON_C_TO_STRING_PLAIN));
	putchar('\n');
}

static void say_migration(struct watch *watch, struct json_object *line)
{
	struct json_object *said = json_object_new_object();
	char when[32];

	add_throughput(line, watch->migration);
	clocks_print(clocks_realtime_ns(), when);
	if (watch->arguments->json) {
		json_object_object_add(said, "time", json_object_new_string(when));
		json_object_object_add(said, "vmm", json_object_get(line));
		put_json(said);
	} else {
		json_object_put(said);
		say_migration_line(when, line);
	}
	watch->lines++;
	json_object_put(watch->migration);
	watch->migration = json_object_get(line);
}

/* A VMM that says the same again and again is recorded once. */
static void record_answer(struct watch *watch, struct json_object *line)
{
	struct json_object *before = watch->recorded;

	if (before)
		object_add_number(before, "t_ns", object_number(line, "t_ns", 0));
	if (json_object_equal(before, line))
		return;
	recorder_line(&watch->recorder, line);
	json_object_put(before);
	watch->recorded = NULL;
	json_object_deep_copy(line, &watch->recorded, NULL);
}

/* A migration that goes on is told of once a second. */
static void take_answer(struct watch *watch, struct json_object *line)
{
	int64_t since_ns = object_number(line, "t_ns", 0) -
			   object_number(watch->migration, "t_ns", 0);
	const char *status = object_text(line, "status");

	record_answer(watch, line);
	if (!watch->migration || strcmp(status, object_text(watch->migration, "status")) ||
	    (!strcmp(status, "active") && since_ns >= NS_PER_S))
		say_migration(watch, line);
}

static void take_vmm(void *context, struct json_object *line)
{
	struct watch *watch = context;

	if (!strcmp(object_text(line, "type"), "vmm"))
		take_answer(watch, line);
	else
		recorder_line(&watch->recorder, line);
	json_object_put(line);
}

/* ---- the command ---- */

static void interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

/* A recording has an end, and leaves no tracing behind. */
static void end_on_signals(void)
{
	const struct sigaction action = { .sa_handler = interrupt };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static enum outcome look(struct watch *watch)
{
	struct samples *swap = watch->before;

	if (samples_take(watch->now))
		return OUTCOME_ERROR;
	recorder_samples(&watch->recorder, watch->before, watch->now);
	compare(watch);
	watch->before = watch->now;
	watch->now = swap;
	if (watch->monitor.socket >= 0)
		monitor_turn(&watch->monitor, take_vmm, watch);
	if (recorder_turn(&watch->recorder))
		return OUTCOME_ERROR;
	return fflush(stdout) ? complain("standard output: %m") : OUTCOME_YES;
}

static enum outcome look_until_end(struct watch *watch)
{
	const struct arguments *arguments = watch->arguments;
	const struct timespec pause = {
		.tv_sec = arguments->interval_ms / 1000,
		.tv_nsec = (long)(arguments->interval_ms % 1000 * NS_PER_MS),
	};
	enum outcome outcome;

	for (;;) {
		outcome = look(watch);
		if (outcome || interrupted ||
		    (arguments->lines && watch->lines >= arguments->lines))
			return outcome;
		nanosleep(&pause, NULL);
	}
}

static enum outcome run(struct watch *watch)
{
	const struct arguments *arguments = watch->arguments;
	enum outcome outcome;

	watch->monitor.socket = -1;
	if (arguments->qmp && monitor_open(&watch->monitor, arguments->qmp))
		return OUTCOME_ERROR;
	if (arguments->record && recorder_open(&watch->recorder, arguments->record)) {
		monitor_close(&watch->monitor);
		return OUTCOME_ERROR;
	}
	if (arguments->record)
		end_on_signals();
	outcome = look_until_end(watch);
	if (recorder_close(&watch->recorder))
		outcome = OUTCOME_ERROR;
	monitor_close(&watch->monitor);
	json_object_put(watch->migration);
	json_object_put(watch->recorded);
	return outcome;
}

enum outcome watch_command(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.doc = "Tell what happens to the functions of this host that can migrate.\v"
		       "It goes on until it is interrupted, or --lines. Exit status: 0 ended by "
		       "--lines, or interrupted while it recorded, 2 the driver is not loaded, or "
		       "something cannot be written. See nvmove-watch(1).",
	};
	struct arguments arguments = { .interval_ms = 100 };
	struct samples *samples;
	struct watch *watch;
	enum outcome outcome;

	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	samples = calloc(2, sizeof(*samples));
	watch = calloc(1, sizeof(*watch));
	if (samples && watch) {
		watch->arguments = &arguments;
		watch->before = &samples[0];
		watch->now = &samples[1];
		outcome = run(watch);
	} else {
		outcome = complain("no memory");
	}
	free(watch);
	free(samples);
	return outcome;
}
