// SPDX-License-Identifier: BSD-2-Clause
/*
 * Interpreting a history: when it begins, what each function, VMM and guest did, what went wrong.
 * Times are nanoseconds since the first thing that happened.
 */
#include "report_facts.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "clocks.h"
#include "history.h"
#include "object.h"
#include "stories.h"

#define MOST_PROBLEMS	1000
#define LOG_WARNING	4
#define LEAST_MARGIN_NS	(3 * NS_PER_S)

/* ---- when ---- */

/* Commands that only ask, and a guest's I/O, happen always. */
static bool is_activity(const struct recording_line *line)
{
	switch (line->type) {
	case RECORDING_ARC:
	case RECORDING_QUESTION:
	case RECORDING_VMM_STEP:
		return true;
	case RECORDING_COMMAND:
		return strcmp(object_text(line->object, "command"), "track report");
	case RECORDING_VMM_EVENT:
		return strcmp(object_text(line->object, "event"), "RESUME");
	case RECORDING_VMM:
		return !strcmp(object_text(line->object, "status"), "active");
	default:
		return false;
	}
}

/**
 * struct period - from the first to the last thing that happened
 * @is_empty: nothing did
 */
struct period {
	int64_t from_ns;
	int64_t to_ns;
	bool is_empty;
};

static struct period find_activity(const struct history *history)
{
	struct period period = { .is_empty = true };

	for (unsigned int i = 0; i < history->nr; i++) {
		const struct moment *moment = &history->moments[i];
		int64_t begin_ns = moment->at_ns -
				   object_number(moment->line->object, "duration_ns", 0);

		if (!is_activity(moment->line))
			continue;
		if (period.is_empty || begin_ns < period.from_ns)
			period.from_ns = begin_ns;
		if (period.is_empty || moment->at_ns > period.to_ns)
			period.to_ns = moment->at_ns;
		period.is_empty = false;
	}
	if (period.is_empty && history->nr) {
		period.from_ns = history->moments[0].at_ns;
		period.to_ns = history->moments[history->nr - 1].at_ns;
	}
	return period;
}

/* With a margin before and after, as far as the recordings reach. */
static void add_window(struct json_object *facts, const struct history *history,
		       const struct period *period)
{
	int64_t margin_ns = (period->to_ns - period->from_ns) / 8;
	int64_t first_ns = history->nr ? history->moments[0].at_ns : period->from_ns;
	int64_t last_ns = history->nr ? history->moments[history->nr - 1].at_ns : period->to_ns;
	struct json_object *window = json_object_new_object();
	int64_t from_ns, to_ns;

	if (margin_ns < LEAST_MARGIN_NS)
		margin_ns = LEAST_MARGIN_NS;
	from_ns = first_ns > period->from_ns - margin_ns ? first_ns : period->from_ns - margin_ns;
	to_ns = last_ns < period->to_ns + margin_ns ? last_ns : period->to_ns + margin_ns;
	if (from_ns > period->from_ns)
		from_ns = period->from_ns;
	object_add_number(window, "from_ns", from_ns - period->from_ns);
	object_add_number(window, "to_ns", to_ns - period->from_ns);
	json_object_object_add(facts, "window", window);
}

static void add_time(struct json_object *object, const char *member, int64_t realtime_ns)
{
	char text[32];

	clocks_print(realtime_ns > 0 ? realtime_ns : 0, text);
	object_add_text(object, member, text);
}

/* ---- recordings ---- */

static void add_recording(struct json_object *list, const struct history *history, unsigned int i,
			  int64_t origin_ns)
{
	const struct recording *recording = &history->recordings[i];
	struct json_object *object = object_append(list), *header = recording->header;
	int64_t error_us = object_number(header, "clock_error_us", -1);
	int64_t lost = 0;

	for (unsigned int k = 0; k < recording->nr; k++) {
		if (recording->lines[k].type == RECORDING_LOST)
			lost = recording_sum(lost, object_number(recording->lines[k].object,
								 "events", 0));
	}
	object_add_text(object, "file", recording->name);
	object_add_text(object, "host", object_text(header, "host"));
	object_add_text(object, "kernel", object_text(header, "kernel"));
	object_add_text(object, "driver", object_text(header, "driver"));
	object_add_text(object, "nvmove", object_text(header, "nvmove"));
	add_time(object, "begun", object_number(header, "realtime_ns", 0));
	object_add_number(object, "from_ns", object_number(header, "monotonic_ns", 0) +
					     history->offset_ns[i] - origin_ns);
	object_add_number(object, "to_ns", stories_end_ns(history, i, origin_ns) - origin_ns);
	json_object_object_add(object, "clock_error_us",
			       error_us < 0 ? NULL : json_object_new_int64(error_us));
	object_add_text(object, "no_trace", object_text(header, "no_trace"));
	object_add_number(object, "lost_events", lost);
	json_object_object_add(object, "ended", json_object_new_boolean(recording->ended));
}

static void add_clocks(struct json_object *facts, const struct history *history,
		       const struct stories *stories)
{
	struct json_object *clocks = json_object_new_object();

	object_add_text(clocks, "reference", history->reference);
	json_object_object_add(clocks, "uncertainty_ns",
			       history->uncertainty_ns < 0
			       ? NULL : json_object_new_int64(history->uncertainty_ns));
	object_add_number(clocks, "contradiction_ns", stories->contradiction_ns);
	json_object_object_add(facts, "clocks", clocks);
}

static const char *host_of(const struct history *history, unsigned int recording)
{
	return object_text(history->recordings[recording].header, "host");
}

/* ---- functions ---- */

static void add_command_sums(struct json_object *function, const struct story *story)
{
	struct json_object *list = object_add_list(function, "command_sums");

	for (unsigned int i = 0; i < story->nr_sums; i++) {
		const struct command_sum *sum = &story->sums[i];
		struct json_object *object = object_append(list);

		object_add_text(object, "command", sum->name);
		object_add_number(object, "times", sum->times);
		object_add_number(object, "failed", sum->failed);
		object_add_number(object, "bytes", sum->bytes);
		object_add_number(object, "total_ns", sum->total_ns);
		object_add_number(object, "last_ns", sum->last_ns);
	}
}

static void add_function(struct json_object *list, const struct stories *stories,
			 const struct story *story)
{
	struct json_object *function = object_append(list);
	struct json_object *counters = json_object_object_get(story->sample, "counters");
	int64_t cntlid = object_number(story->bound, "cntlid", -1);

	object_add_text(function, "host", host_of(stories->history, story->recording));
	object_add_text(function, "function", story->name);
	object_add_text(function, "protocol", object_text(story->bound, "protocol"));
	object_add_text(function, "controlling", object_text(story->bound, "controlling"));
	json_object_object_add(function, "cntlid",
			       cntlid < 0 ? NULL : json_object_new_int64(cntlid));
	json_object_object_add(function, "states", json_object_get(story->states));
	json_object_object_add(function, "commands", json_object_get(story->commands));
	add_command_sums(function, story);
	json_object_object_add(function, "dirtied", json_object_get(story->dirtied));
	json_object_object_add(function, "counters", json_object_get(counters));
}

/* ---- stops ---- */

static void add_side(struct json_object *object, const char *member, const struct stories *stories,
		     const struct stop *stop)
{
	struct json_object *side = json_object_new_object();
	const struct story *story = &stories->story[stop->story];

	object_add_text(side, "host", host_of(stories->history, story->recording));
	object_add_text(side, "function", story->name);
	json_object_object_add(object, member, side);
}

/* A moment, or null if there was none (negative). */
static void add_moment(struct json_object *object, const char *member,
		       const struct stories *stories, int64_t at_ns)
{
	json_object_object_add(object, member,
			       at_ns < 0 ? NULL
					 : json_object_new_int64(at_ns - stories->origin_ns));
}

/*
 * Of the two stops of a move the destination's began before the source's: it lasts from the begin
 * of the source's to the end of the destination's.
 */
static void add_stop(struct json_object *list, const struct stories *stories,
		     const struct stop *stop, const struct stop *end, const char *outcome)
{
	struct json_object *object = object_append(list);
	int64_t device_ns = recording_sum(recording_sum(stop->suspend_ns, stop->save_ns),
					  recording_sum(end->load_ns, end->resume_ns));
	bool ended = end->end_ns >= stop->begin_ns;

	object_add_text(object, "outcome", outcome);
	add_side(object, "source", stories, stop);
	add_side(object, "destination", stories, end);
	object_add_number(object, "from_ns", stop->begin_ns - stories->origin_ns);
	json_object_object_add(object, "to_ns",
			       ended ? json_object_new_int64(end->end_ns - stories->origin_ns)
				     : NULL);
	json_object_object_add(object, "stopped_ns",
			       ended ? json_object_new_int64(end->end_ns - stop->begin_ns) : NULL);
	add_moment(object, "saved_at_ns", stories, stop->saved_ns);
	add_moment(object, "loaded_from_ns", stories, end->loaded_ns);
	object_add_number(object, "suspend_ns", stop->suspend_ns);
	object_add_number(object, "save_ns", stop->save_ns);
	object_add_number(object, "load_ns", end->load_ns);
	object_add_number(object, "resume_ns", end->resume_ns);
	object_add_number(object, "device_ns", device_ns);
	object_add_number(object, "state_bytes", stop->bytes);
}

static const char *outcome_alone(const struct stop *stop)
{
	if (stop->loaded_ns >= 0)
		return "loaded";
	if (stop->resumed)
		return "resumed";
	return stop->saved_ns >= 0 ? "saved" : "reset";
}

/* A stop that is the destination's of a move is told with the source's. */
static void add_stops(struct json_object *facts, const struct stories *stories)
{
	struct json_object *list = object_add_list(facts, "stops");

	for (unsigned int i = 0; i < stories->nr_stops; i++) {
		const struct stop *stop = &stories->stop[i];

		if (stop->partner == STORIES_NONE)
			add_stop(list, stories, stop, stop, outcome_alone(stop));
		else if (stop->loaded_ns < 0)
			add_stop(list, stories, stop, &stories->stop[stop->partner], "moved");
	}
}

/* ---- VMMs ---- */

/**
 * struct vmm - what is known of a recording's VMM while its lines are followed
 * @phase: since @phase_ns; empty: none
 * @running: its guest runs since @running_ns
 * @by_events: its phases are told by events, and not to be guessed from its answers
 * @before: its answer before; NULL: none
 */
struct vmm {
	struct json_object *object;
	const struct history *history;
	int64_t origin_ns;
	const char *phase;
	int64_t phase_ns;
	bool running;
	int64_t running_ns;
	bool by_events;
	bool has_events;
	struct json_object *before;
	int64_t before_ns;
};

static struct json_object *add_span(const struct vmm *vmm, const char *list, int64_t from_ns,
				    int64_t to_ns)
{
	struct json_object *span = object_append(json_object_object_get(vmm->object, list));

	object_add_number(span, "from_ns", from_ns - vmm->origin_ns);
	object_add_number(span, "to_ns", to_ns - vmm->origin_ns);
	return span;
}

static void enter_phase(struct vmm *vmm, const char *phase, int64_t at_ns)
{
	if (!strcmp(phase, "none"))
		phase = "";
	if (!strcmp(vmm->phase, phase))
		return;
	if (vmm->phase[0])
		object_add_text(add_span(vmm, "phases", vmm->phase_ns, at_ns), "phase", vmm->phase);
	vmm->phase = phase;
	vmm->phase_ns = at_ns;
}

static void set_running(struct vmm *vmm, bool running, int64_t at_ns)
{
	if (vmm->running && !running)
		add_span(vmm, "runs", vmm->running_ns, at_ns);
	if (running && !vmm->running)
		vmm->running_ns = at_ns;
	vmm->running = running;
}

static void take_vmm_event(struct vmm *vmm, struct json_object *line, int64_t at_ns)
{
	const char *event = object_text(line, "event");

	if (!strcmp(event, "MIGRATION")) {
		enter_phase(vmm, object_text(line, "status"), at_ns);
	} else {
		set_running(vmm, !strcmp(event, "RESUME"), at_ns);
		vmm->has_events = true;
	}
}

/* What was sent between two answers; before the first one, since the migration began. */
static void take_sent(struct vmm *vmm, struct json_object *line, int64_t at_ns)
{
	int64_t bytes = object_number(line, "ram_bytes", -1), from_ns = vmm->before_ns;
	int64_t total_ms = object_number(line, "total_ms", -1);
	int64_t from = object_number(vmm->before, "ram_bytes", -1);

	if (from < 0 && total_ms >= 0 && total_ms < RECORDING_MOST / NS_PER_MS) {
		from = 0;
		from_ns = at_ns - total_ms * NS_PER_MS;
	}
	if (bytes > from && from >= 0 && at_ns > from_ns)
		object_add_number(add_span(vmm, "sent", from_ns, at_ns), "bytes", bytes - from);
}

static void take_vmm_answer(struct vmm *vmm, struct json_object *line, int64_t at_ns)
{
	int64_t dirtied = object_number(line, "dirtied_bytes_per_second", -1);

	if (!vmm->has_events)
		set_running(vmm, !strcmp(object_text(line, "run_state"), "running"), at_ns);
	if (!vmm->by_events)
		enter_phase(vmm, object_text(line, "status"), at_ns);
	take_sent(vmm, line, at_ns);
	if (dirtied >= 0 && object_number(vmm->before, "ram_bytes", -1) >= 0 &&
	    !strcmp(object_text(line, "status"), "active"))
		object_add_number(add_span(vmm, "dirtied", vmm->before_ns, at_ns),
				  "bytes_per_second", dirtied);
	if (object_number(line, "expected_downtime_ms", -1) >= 0)
		object_add_number(vmm->object, "expected_downtime_ms",
				  object_number(line, "expected_downtime_ms", 0));
	vmm->before = line;
	vmm->before_ns = at_ns;
}

static void take_vmm_step(struct vmm *vmm, struct json_object *line, int64_t at_ns)
{
	struct json_object *span = add_span(vmm, "steps",
					    at_ns - object_number(line, "duration_ns", 0), at_ns);

	object_add_text(span, "step", object_text(line, "step"));
	object_add_number(span, "duration_ns", object_number(line, "duration_ns", 0));
}

/* Return: whether the line told of a VMM. */
static bool take_vmm_line(struct vmm *vmm, const struct recording_line *line, int64_t at_ns)
{
	if (line->type == RECORDING_VMM)
		take_vmm_answer(vmm, line->object, at_ns);
	else if (line->type == RECORDING_VMM_EVENT)
		take_vmm_event(vmm, line->object, at_ns);
	else if (line->type == RECORDING_VMM_STEP)
		take_vmm_step(vmm, line->object, at_ns);
	else
		return false;
	return true;
}

static bool tells_phases(const struct recording *recording)
{
	for (unsigned int i = 0; i < recording->nr; i++) {
		if (recording->lines[i].type == RECORDING_VMM_EVENT &&
		    !strcmp(object_text(recording->lines[i].object, "event"), "MIGRATION"))
			return true;
	}
	return false;
}

static void add_vmm(struct json_object *list, const struct history *history, unsigned int i,
		    int64_t origin_ns)
{
	static const char *const lists[] = { "phases", "runs", "sent", "dirtied", "steps" };
	const struct recording *recording = &history->recordings[i];
	struct vmm vmm = { .object = json_object_new_object(), .history = history, .phase = "",
			   .origin_ns = origin_ns, .by_events = tells_phases(recording) };
	bool found = false;

	object_add_text(vmm.object, "host", host_of(history, i));
	for (size_t k = 0; k < sizeof(lists) / sizeof(lists[0]); k++)
		object_add_list(vmm.object, lists[k]);
	for (unsigned int k = 0; k < recording->nr; k++)
		found |= take_vmm_line(&vmm, &recording->lines[k],
				       recording->lines[k].t_ns + history->offset_ns[i]);
	if (!found) {
		json_object_put(vmm.object);
		return;
	}
	enter_phase(&vmm, "", stories_end_ns(history, i, origin_ns));
	set_running(&vmm, false, stories_end_ns(history, i, origin_ns));
	json_object_object_add(vmm.object, "answer", json_object_get(vmm.before));
	json_object_array_add(list, vmm.object);
}

/* From where a guest was stopped to where one next runs. */
static void add_vm_stops(struct json_object *facts, const struct history *history,
			 int64_t origin_ns)
{
	struct json_object *list = object_add_list(facts, "vm_stops"), *object;
	const struct moment *stopped = NULL;

	for (unsigned int i = 0; i < history->nr; i++) {
		const struct moment *moment = &history->moments[i];
		const char *event = object_text(moment->line->object, "event");

		if (moment->line->type != RECORDING_VMM_EVENT)
			continue;
		if (!strcmp(event, "STOP"))
			stopped = moment;
		if (strcmp(event, "RESUME") || !stopped)
			continue;
		object = object_append(list);
		object_add_text(object, "source", host_of(history, stopped->recording));
		object_add_text(object, "destination", host_of(history, moment->recording));
		object_add_number(object, "from_ns", stopped->at_ns - origin_ns);
		object_add_number(object, "to_ns", moment->at_ns - origin_ns);
		object_add_number(object, "stopped_ns", moment->at_ns - stopped->at_ns);
		stopped = NULL;
	}
}

/* ---- guests ---- */

static void add_guest(struct json_object *list, const struct history *history, unsigned int i,
		      int64_t origin_ns)
{
	const struct recording *recording = &history->recordings[i];
	const struct recording_line *before = NULL;
	struct json_object *guest = NULL, *spans = NULL, *span;

	for (unsigned int k = 0; k < recording->nr; k++) {
		const struct recording_line *line = &recording->lines[k];
		int64_t ios;

		if (line->type != RECORDING_GUEST)
			continue;
		if (!guest) {
			guest = object_append(list);
			object_add_text(guest, "host", host_of(history, i));
			spans = object_add_list(guest, "ios");
		}
		ios = before ? object_number(line->object, "ios", 0) -
			       object_number(before->object, "ios", 0) : -1;
		if (ios >= 0 && line->t_ns > before->t_ns) {
			span = object_append(spans);
			object_add_number(span, "from_ns",
					  before->t_ns + history->offset_ns[i] - origin_ns);
			object_add_number(span, "to_ns",
					  line->t_ns + history->offset_ns[i] - origin_ns);
			object_add_number(span, "ios", ios);
		}
		before = line;
	}
}

/* ---- what went wrong ---- */

static void print_result(char *text, size_t size, const char *what, int64_t result)
{
	if (result < 0)
		snprintf(text, size, "%s failed: %s (%d)", what, strerror((int)-result),
			 (int)result);
	else
		snprintf(text, size, "%s refused by the device, NVMe status 0x%x", what,
			 (unsigned int)result);
}

/* Return: whether the line tells of something that went wrong. */
static bool print_problem(char *text, size_t size, const struct recording_line *line)
{
	struct json_object *object = line->object;
	int64_t result = object_number(object, "result", 0);
	int64_t status = object_number(object, "status", 0);
	char what[200];

	switch (line->type) {
	case RECORDING_ARC:
		snprintf(what, sizeof(what), "%.80s to %.80s", object_text(object, "from"),
			 object_text(object, "to"));
		print_result(text, size, what, result);
		return result;
	case RECORDING_COMMAND:
		print_result(text, size, object_text(object, "command"), status);
		return status;
	case RECORDING_QUESTION:
		snprintf(what, sizeof(what), "question, %.80s", object_text(object, "operation"));
		print_result(text, size, what, result);
		return result;
	case RECORDING_LOST:
		snprintf(text, size, "%lld events were lost: the kernel's buffer was full",
			 (long long)object_number(object, "events", 0));
		return true;
	case RECORDING_LOG:
		snprintf(text, size, "kernel: %s", object_text(object, "text"));
		return object_number(object, "priority", 0) <= LOG_WARNING;
	case RECORDING_VMM:
		snprintf(text, size, "VMM: %s", object_text(object, "error"));
		return object_text(object, "error")[0];
	default:
		return false;
	}
}

static void add_problems(struct json_object *facts, const struct history *history,
			 const struct stories *stories)
{
	struct json_object *list = object_add_list(facts, "problems");
	int64_t left_out = stories->left_out;
	char text[RECORDING_TEXT + 64], last[RECORDING_TEXT + 64] = "";

	for (unsigned int i = 0; i < history->nr; i++) {
		const struct moment *moment = &history->moments[i];
		struct json_object *problem;

		/* A VMM answers the same again and again. */
		if (!print_problem(text, sizeof(text), moment->line) ||
		    (moment->line->type == RECORDING_VMM && !strcmp(text, last)))
			continue;
		if (moment->line->type == RECORDING_VMM)
			snprintf(last, sizeof(last), "%s", text);
		if (json_object_array_length(list) == MOST_PROBLEMS) {
			left_out++;
			continue;
		}
		problem = object_append(list);
		object_add_number(problem, "at_ns", moment->at_ns - stories->origin_ns);
		object_add_text(problem, "host", host_of(history, moment->recording));
		object_add_text(problem, "function", object_text(moment->line->object, "function"));
		object_add_text(problem, "words", text);
	}
	object_add_number(facts, "left_out", left_out);
}

/* ---- all of it ---- */

static void add_all(struct json_object *facts, const struct history *history,
		    const struct stories *stories)
{
	struct json_object *recordings = object_add_list(facts, "recordings"), *list;

	for (unsigned int i = 0; i < history->nr_recordings; i++)
		add_recording(recordings, history, i, stories->origin_ns);
	add_clocks(facts, history, stories);
	list = object_add_list(facts, "functions");
	for (unsigned int i = 0; i < stories->nr; i++)
		add_function(list, stories, &stories->story[i]);
	add_stops(facts, stories);
	list = object_add_list(facts, "vmms");
	for (unsigned int i = 0; i < history->nr_recordings; i++)
		add_vmm(list, history, i, stories->origin_ns);
	add_vm_stops(facts, history, stories->origin_ns);
	list = object_add_list(facts, "guests");
	for (unsigned int i = 0; i < history->nr_recordings; i++)
		add_guest(list, history, i, stories->origin_ns);
	add_problems(facts, history, stories);
}

struct json_object *report_facts(const struct recording *recordings, unsigned int nr)
{
	struct json_object *facts = NULL;
	struct stories *stories;
	struct history history;
	struct period period;

	if (history_make(recordings, nr, &history))
		return NULL;
	period = find_activity(&history);
	stories = stories_make(&history, period.from_ns);
	if (stories) {
		facts = json_object_new_object();
		add_time(facts, "origin", period.from_ns);
		json_object_object_add(facts, "happened",
				       json_object_new_boolean(!period.is_empty));
		add_window(facts, &history, &period);
		add_all(facts, &history, stories);
		stories_release(stories);
	}
	history_release(&history);
	return facts;
}
