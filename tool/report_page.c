// SPDX-License-Identifier: BSD-2-Clause
/*
 * Writing the page of a report: its sections from top to bottom. It is HTML and well-formed XML at
 * once. Whatever the facts lack is said in words; no chart is drawn empty.
 */
#include "report_page.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "chart.h"
#include "clocks.h"
#include "markup.h"
#include "object.h"
#include "report_style.h"

#define LANES_LEFT	210
#define RATES_LEFT	66
#define LANE		30
#define LANE_HEIGHT	20
#define COMMANDS_HEIGHT	9
#define LANE_GAP	3
#define FUNCTION_LANES	(LANE + LANE_GAP + COMMANDS_HEIGHT)
#define MOST_LANES	24
#define MOST_ROWS	200
#define MOST_PARTS	12

/* ---- words ---- */

static struct json_object *item(struct json_object *facts, const char *list, size_t i)
{
	struct json_object *array = json_object_object_get(facts, list);

	return i < json_object_array_length(array) ? json_object_array_get_idx(array, i) : NULL;
}

static size_t length(struct json_object *object, const char *list)
{
	return json_object_array_length(json_object_object_get(object, list));
}

static double ms(int64_t ns)
{
	return (double)ns / NS_PER_MS;
}

static void nothing(FILE *out, const char *why)
{
	fprintf(out, "<p class=\"nothing\">%s</p>\n", why);
}

/* Rows behind the first ones are counted only. */
static bool is_row_left_out(FILE *out, size_t i, size_t nr, int columns)
{
	if (i == MOST_ROWS)
		fprintf(out, "<tr><td colspan=\"%d\">and %zu more, in the answer of --json</td>"
			     "</tr>\n", columns, nr - MOST_ROWS);
	return i >= MOST_ROWS;
}

static void cell_text(FILE *out, const char *text)
{
	markup_element(out, "td", text[0] ? text : "–");
}

static void cell_number(FILE *out, int64_t value)
{
	fprintf(out, "<td class=\"number\">%" PRId64 "</td>", value);
}

static void cell_ms(FILE *out, struct json_object *object, const char *member)
{
	if (json_object_object_get(object, member))
		fprintf(out, "<td class=\"number\">%.3f</td>",
			ms(object_number(object, member, 0)));
	else
		fputs("<td class=\"number\">–</td>", out);
}

static void cell_side(FILE *out, struct json_object *side)
{
	fputs("<td>", out);
	markup_text(out, object_text(side, "function"));
	fputs(" <span class=\"more\">", out);
	markup_text(out, object_text(side, "host"));
	fputs("</span></td>", out);
}

/* ---- what is most important ---- */

static struct json_object *first_move(struct json_object *facts)
{
	for (size_t i = 0; i < length(facts, "stops"); i++) {
		struct json_object *stop = item(facts, "stops", i);

		if (!strcmp(object_text(stop, "outcome"), "moved"))
			return stop;
	}
	return NULL;
}

static size_t count_moves(struct json_object *facts)
{
	size_t nr = 0;

	for (size_t i = 0; i < length(facts, "stops"); i++)
		nr += !strcmp(object_text(item(facts, "stops", i), "outcome"), "moved");
	return nr;
}

/* The VMM that sent its guest, which knows most: the one that has a downtime or sent memory. */
static struct json_object *sending_vmm(struct json_object *facts)
{
	for (size_t i = 0; i < length(facts, "vmms"); i++) {
		struct json_object *vmm = item(facts, "vmms", i);
		struct json_object *answer = json_object_object_get(vmm, "answer");

		if (object_number(answer, "ram_bytes", 0) || length(vmm, "steps"))
			return vmm;
	}
	return NULL;
}

static void card(FILE *out, const char *name, const char *format, double value, const char *unit,
		 const char *note)
{
	fprintf(out, "<div class=\"card\"><span class=\"name\">%s</span><span class=\"value\">",
		name);
	fprintf(out, format, value);
	fprintf(out, "<small> %s</small></span><span class=\"note\">%s</span></div>\n", unit, note);
}

static void vmm_cards(FILE *out, struct json_object *facts)
{
	struct json_object *answer = json_object_object_get(sending_vmm(facts), "answer");
	struct json_object *stop = item(facts, "vm_stops", 0);

	if (object_number(answer, "downtime_ms", -1) >= 0)
		card(out, "Downtime", "%.0f", (double)object_number(answer, "downtime_ms", 0), "ms",
		     "measured by the VMM");
	if (stop)
		card(out, "Guest stopped", "%.0f", ms(object_number(stop, "stopped_ns", 0)), "ms",
		     "from STOP to RESUME, by the hosts' clocks");
	if (object_number(answer, "total_ms", -1) >= 0)
		card(out, "Migration", "%.2f", (double)object_number(answer, "total_ms", 0) / 1000,
		     "s", "in all");
	if (object_number(answer, "ram_bytes", -1) >= 0)
		card(out, "Memory sent", "%.1f", (double)object_number(answer, "ram_bytes", 0) / 1e6,
		     "MB", "of the guest");
}

static void cards(FILE *out, struct json_object *facts)
{
	struct json_object *move = first_move(facts);

	if (!move && !sending_vmm(facts) && !length(facts, "vm_stops"))
		return;
	fputs("<div class=\"cards\">\n", out);
	vmm_cards(out, facts);
	if (move) {
		card(out, "Device's share", "%.2f", ms(object_number(move, "device_ns", 0)), "ms",
		     "suspend, save, load, resume");
		card(out, "Controller state", "%.0f",
		     (double)object_number(move, "state_bytes", 0), "bytes", "saved and loaded");
	}
	fputs("</div>\n", out);
}

static void heading(FILE *out, struct json_object *facts)
{
	struct json_object *move = first_move(facts);

	fputs("<header><h1>", out);
	if (move) {
		struct json_object *source = json_object_object_get(move, "source");
		struct json_object *destination = json_object_object_get(move, "destination");

		markup_text(out, object_text(source, "function"));
		fputs(" of ", out);
		markup_text(out, object_text(source, "host"));
		fputs(" to ", out);
		markup_text(out, object_text(destination, "function"));
		fputs(" of ", out);
		markup_text(out, object_text(destination, "host"));
	} else {
		fputs("Functions that can migrate", out);
	}
	fputs("</h1>\n<p class=\"under\">nvmove report · ", out);
	if (json_object_get_boolean(json_object_object_get(facts, "happened"))) {
		fputs("time 0 is ", out);
		markup_text(out, object_text(facts, "origin"));
	} else {
		fputs("nothing happened while these were recorded, from ", out);
		markup_text(out, object_text(facts, "origin"));
	}
	if (length(facts, "functions") && object_text(item(facts, "functions", 0), "protocol")[0]) {
		fputs(" · protocol ", out);
		markup_text(out, object_text(item(facts, "functions", 0), "protocol"));
	}
	fprintf(out, " · %zu recordings</p></header>\n", length(facts, "recordings"));
}

/* ---- timelines ---- */

static const char *state_class(const char *state)
{
	static const char *const classes[][2] = {
		{ "RUNNING", "running" }, { "PRE_COPY", "precopy" },
		{ "RUNNING_P2P", "p2p" }, { "PRE_COPY_P2P", "p2p" }, { "STOP", "stop" },
		{ "STOP_COPY", "saving" }, { "RESUMING", "loading" }, { "ERROR", "error" },
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (!strcmp(classes[i][0], state))
			return classes[i][1];
	}
	return "other";
}

static const char *command_class(const char *command)
{
	static const char *const classes[][2] = {
		{ "suspend", "suspend" }, { "query", "save" }, { "save", "save" },
		{ "load", "load" }, { "resume", "resume" },
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (!strcmp(classes[i][0], command))
			return classes[i][1];
	}
	return "other";
}

static const char *phase_class(const char *phase)
{
	if (!strcmp(phase, "active") || !strcmp(phase, "setup"))
		return "precopy";
	if (!strcmp(phase, "device") || !strcmp(phase, "pre-switchover"))
		return "saving";
	if (!strcmp(phase, "completed"))
		return "done";
	return !strcmp(phase, "failed") || !strcmp(phase, "cancelled") ? "error" : "other";
}

static const char *run_class(const char *word)
{
	(void)word;
	return "running";
}

static void draw_bands(struct chart *chart, struct json_object *facts)
{
	for (size_t i = 0; i < length(facts, "vm_stops") && i < MOST_ROWS; i++) {
		struct json_object *stop = item(facts, "vm_stops", i);

		chart_band(chart, "vmstop", object_number(stop, "from_ns", 0),
			   object_number(stop, "to_ns", 0), "the guest is stopped");
	}
	for (size_t i = 0; i < length(facts, "stops") && i < MOST_ROWS; i++) {
		struct json_object *stop = item(facts, "stops", i);

		if (json_object_object_get(stop, "to_ns"))
			chart_band(chart, "devicestop", object_number(stop, "from_ns", 0),
				   object_number(stop, "to_ns", 0), "the function is stopped");
	}
}

/* A lane, if there is anything in it. */
static void draw_vmm_lane(struct chart *chart, struct json_object *vmm, const char *spans,
			  const char *name, const char *(*class)(const char *word), double *y)
{
	if (!length(vmm, spans))
		return;
	chart_lane_name(chart, *y + LANE_HEIGHT / 2., name, object_text(vmm, "host"));
	chart_spans(chart, json_object_object_get(vmm, spans), "phase", class, *y, LANE_HEIGHT);
	*y += LANE;
}

static void draw_function(struct chart *chart, struct json_object *function, double *y)
{
	chart_lane_name(chart, *y + LANE_HEIGHT / 2., object_text(function, "function"),
			object_text(function, "host"));
	chart_spans(chart, json_object_object_get(function, "states"), "state", state_class, *y,
		    LANE_HEIGHT);
	*y += LANE_HEIGHT + LANE_GAP;
	chart_lane_name(chart, *y + COMMANDS_HEIGHT / 2., "", "commands to the device");
	chart_spans(chart, json_object_object_get(function, "commands"), "command", command_class,
		    *y, COMMANDS_HEIGHT);
	*y += FUNCTION_LANES - LANE_HEIGHT - LANE_GAP;
}

static void timeline(FILE *out, struct json_object *facts, int64_t from_ns, int64_t to_ns,
		     const char *what)
{
	size_t vmms = length(facts, "vmms"), functions = length(facts, "functions");
	struct chart chart = { .out = out, .from_ns = from_ns, .to_ns = to_ns, .left = LANES_LEFT };
	size_t lanes = 0;
	double y = 16;

	vmms = vmms < MOST_LANES ? vmms : MOST_LANES;
	functions = functions < MOST_LANES ? functions : MOST_LANES;
	for (size_t i = 0; i < vmms; i++)
		lanes += (length(item(facts, "vmms", i), "runs") > 0) +
			 (length(item(facts, "vmms", i), "phases") > 0);
	chart_begin(&chart, (double)(lanes * LANE + functions * FUNCTION_LANES) + 8, what);
	draw_bands(&chart, facts);
	chart_time_axis(&chart);
	for (size_t i = 0; i < vmms; i++) {
		draw_vmm_lane(&chart, item(facts, "vmms", i), "runs", "guest runs", run_class, &y);
		draw_vmm_lane(&chart, item(facts, "vmms", i), "phases", "VMM", phase_class, &y);
	}
	for (size_t i = 0; i < functions; i++)
		draw_function(&chart, item(facts, "functions", i), &y);
	chart_end(&chart);
	if (vmms < length(facts, "vmms") || functions < length(facts, "functions"))
		fprintf(out, "<p>%zu VMMs and %zu functions are drawn of %zu and %zu.</p>\n", vmms,
			functions, length(facts, "vmms"), length(facts, "functions"));
}

static void legend(FILE *out, const char *const (*entries)[2])
{
	fputs("<ul class=\"legend\">", out);
	for (; (*entries)[0]; entries++)
		fprintf(out, "<li><span class=\"swatch %s\"></span>%s</li>", (*entries)[0],
			(*entries)[1]);
	fputs("</ul>\n", out);
}

static const char *const state_legend[][2] = {
	{ "running", "RUNNING, guest runs" }, { "precopy", "PRE_COPY, VMM sends memory" },
	{ "p2p", "RUNNING_P2P, PRE_COPY_P2P: suspended" }, { "stop", "STOP" },
	{ "saving", "STOP_COPY" }, { "loading", "RESUMING" }, { "error", "ERROR, failed" },
	{ "vmstop", "guest stopped" }, { "devicestop", "function stopped" }, { NULL, NULL },
};

static const char *const command_legend[][2] = {
	{ "suspend", "suspend" }, { "save", "query, save" }, { "load", "load" },
	{ "resume", "resume" }, { "other", "other commands" }, { NULL, NULL },
};

/* A part of a stop, with a margin. */
static void close_up(FILE *out, struct json_object *facts, int64_t from_ns, int64_t to_ns,
		     const char *what)
{
	int64_t margin_ns = (to_ns - from_ns) / 8;

	fprintf(out, "<h3>%s</h3>\n", what);
	timeline(out, facts, from_ns - margin_ns, to_ns + margin_ns, what);
}

/* What a device does takes milliseconds: it is seen where a stop begins and where it ends. */
static void close_ups(FILE *out, struct json_object *facts, struct json_object *move)
{
	int64_t from_ns = object_number(move, "from_ns", 0), to_ns = object_number(move, "to_ns", 0);
	int64_t saved_ns = object_number(move, "saved_at_ns", 0);
	int64_t loaded_ns = object_number(move, "loaded_from_ns", 0);

	if (saved_ns > from_ns)
		close_up(out, facts, from_ns, saved_ns,
			 "The begin of the stop, until the state is saved");
	if (to_ns > loaded_ns)
		close_up(out, facts, loaded_ns, to_ns,
			 "The end of the stop, from the load to the resume");
}

static void timelines(FILE *out, struct json_object *facts)
{
	struct json_object *window = json_object_object_get(facts, "window");
	struct json_object *move = first_move(facts);

	fputs("<section><h2>Timeline</h2>\n", out);
	if (!length(facts, "functions") && !length(facts, "vmms")) {
		nothing(out, "No function and no VMM is in these recordings.");
		fputs("</section>\n", out);
		return;
	}
	timeline(out, facts, object_number(window, "from_ns", 0), object_number(window, "to_ns", 0),
		 "States of functions and phases of VMMs over time");
	legend(out, state_legend);
	legend(out, command_legend);
	if (move && json_object_object_get(move, "to_ns"))
		close_ups(out, facts, move);
	fputs("</section>\n", out);
}

/* ---- what a stop consists of ---- */

/** struct part - of a bar */
struct part {
	const char *name;
	const char *class;
	int64_t duration_ns;
};

static void bar_rows(FILE *out, const struct part *parts, size_t nr, int64_t total_ns)
{
	fputs("<table class=\"parts\"><tbody>\n", out);
	for (size_t i = 0; i < nr; i++) {
		fprintf(out, "<tr><td><span class=\"swatch %s\"></span>", parts[i].class);
		markup_text(out, parts[i].name);
		fprintf(out, "</td><td class=\"number\">%.3f ms</td><td class=\"number\">%.1f %%"
			     "</td></tr>\n", ms(parts[i].duration_ns),
			100 * (double)parts[i].duration_ns / (double)total_ns);
	}
	fprintf(out, "<tr class=\"sum\"><td>in all</td><td class=\"number\">%.3f ms</td><td></td>"
		     "</tr>\n</tbody></table>\n", ms(total_ns));
}

static void bar(FILE *out, const struct part *parts, size_t nr, const char *what)
{
	int64_t total_ns = 0;
	double x = 16, width = CHART_WIDTH - 32;

	for (size_t i = 0; i < nr; i++)
		total_ns += parts[i].duration_ns;
	if (total_ns <= 0) {
		nothing(out, "All of its parts took no time that could be measured.");
		return;
	}
	fprintf(out, "<div class=\"chart\"><svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 "
		     "%d 46\" role=\"img\" aria-label=\"%s\"><title>%s</title>\n",
		CHART_WIDTH, what, what);
	for (size_t i = 0; i < nr; i++) {
		double part = (double)parts[i].duration_ns / (double)total_ns * width;

		fprintf(out, "<rect class=\"%s\" x=\"%.2f\" y=\"8\" width=\"%.2f\" height=\"30\">"
			     "<title>", parts[i].class, x, part);
		markup_text(out, parts[i].name);
		fprintf(out, ", %.3f ms</title></rect>\n", ms(parts[i].duration_ns));
		x += part;
	}
	fputs("</svg></div>\n", out);
	bar_rows(out, parts, nr, total_ns);
}

static void vmm_breakdown(FILE *out, struct json_object *facts)
{
	static const char *const classes[] = { "suspend", "precopy", "save", "load", "resume" };
	struct json_object *vmm = sending_vmm(facts);
	struct part parts[MOST_PARTS];
	size_t nr = 0;

	fputs("<h3>The guest's</h3>\n", out);
	for (size_t i = 0; vmm && i < length(vmm, "steps") && nr < MOST_PARTS; i++) {
		struct json_object *step = item(vmm, "steps", i);

		parts[nr] = (struct part) { object_text(step, "step"), classes[nr % 5],
					    object_number(step, "duration_ns", 0) };
		nr++;
	}
	if (nr)
		bar(out, parts, nr, "Steps of the guest's downtime");
	else
		nothing(out, "The steps of the guest's downtime were not recorded: QEMU tells them "
			     "by its own trace alone.");
}

/* What is left of a stop is the VMM's: memory, the wire, waiting for the other side. */
static void stop_breakdown(FILE *out, struct json_object *stop)
{
	int64_t device_ns = object_number(stop, "device_ns", 0);
	int64_t stopped_ns = object_number(stop, "stopped_ns", 0);
	struct part parts[] = {
		{ "suspend", "suspend", object_number(stop, "suspend_ns", 0) },
		{ "save", "save", object_number(stop, "save_ns", 0) },
		{ "load", "load", object_number(stop, "load_ns", 0) },
		{ "resume", "resume", object_number(stop, "resume_ns", 0) },
	};
	struct part whole[] = {
		{ "commands to the device", "save", device_ns },
		{ "memory, transfer and everything else of the VMM's", "other",
		  stopped_ns - device_ns },
	};

	fputs("<h3>The function's</h3>\n", out);
	if (stopped_ns > device_ns)
		bar(out, whole, 2, "The time for which the function was stopped");
	fputs("<h3>The device's share</h3>\n", out);
	bar(out, parts, 4, "The device's share of the time for which it was stopped");
}

static void breakdown(FILE *out, struct json_object *facts)
{
	struct json_object *move = first_move(facts);

	fputs("<section><h2>What the downtime consists of</h2>\n", out);
	if (count_moves(facts) > 1)
		fprintf(out, "<p>%zu functions moved, or one did several times: this is the first "
			     "move, the table of figures has all.</p>\n", count_moves(facts));
	vmm_breakdown(out, facts);
	if (move)
		stop_breakdown(out, move);
	else
		nothing(out, "No function that moved from one of these hosts to another is in the "
			     "recordings.");
	fputs("</section>\n", out);
}

/* ---- rates ---- */

/** struct line - of a chart of rates; what it is in is a list of the facts */
struct line {
	const char *list;
	const char *spans;
	const char *amount;
	const char *per_second;
	const char *class;
	const char *name;
};

static const struct line memory_lines[] = {
	{ "vmms", "sent", "bytes", NULL, "sent", "sent by the VMM" },
	{ "vmms", "dirtied", NULL, "bytes_per_second", "dirtied", "written by guest and devices, "
	  "as the VMM finds it" },
	{ "functions", "dirtied", "bytes", NULL, "device", "written by the device, as its log "
	  "tells" },
};

static const struct line guest_line[] = {
	{ "guests", "ios", "ios", NULL, "ios", "I/Os that the guest has completed" },
};

static double scale_rate(struct rate *rate, double unit)
{
	double most = -1;

	for (int i = 0; i < CHART_BUCKETS; i++) {
		if (rate->value[i] >= 0)
			rate->value[i] /= unit;
		if (rate->value[i] > most)
			most = rate->value[i];
	}
	return most;
}

/* Return: the largest value of all lines; negative: there is none. */
static double largest_rate(const struct chart *chart, struct json_object *facts,
			   const struct line *lines, size_t nr, double unit)
{
	struct rate rate;
	double most = -1;

	for (size_t i = 0; i < nr; i++) {
		for (size_t k = 0; k < length(facts, lines[i].list); k++) {
			struct json_object *of = item(facts, lines[i].list, k);
			double value;

			chart_rate(chart, json_object_object_get(of, lines[i].spans),
				   lines[i].amount, lines[i].per_second, &rate);
			value = scale_rate(&rate, unit);
			most = value > most ? value : most;
		}
	}
	return most;
}

static void draw_lines(struct chart *chart, struct json_object *facts, const struct line *lines,
		       size_t nr, double unit)
{
	struct rate rate;

	for (size_t i = 0; i < nr; i++) {
		for (size_t k = 0; k < length(facts, lines[i].list) && k < MOST_LANES; k++) {
			struct json_object *of = item(facts, lines[i].list, k);

			chart_rate(chart, json_object_object_get(of, lines[i].spans),
				   lines[i].amount, lines[i].per_second, &rate);
			if (scale_rate(&rate, unit) >= 0)
				chart_draw_rate(chart, &rate, lines[i].class);
		}
	}
}

static void rates(FILE *out, struct json_object *facts, const struct line *lines, size_t nr,
		  double unit, const char *unit_name, const char *without)
{
	struct json_object *window = json_object_object_get(facts, "window");
	struct chart chart = { .out = out, .from_ns = object_number(window, "from_ns", 0),
			       .to_ns = object_number(window, "to_ns", 0), .left = RATES_LEFT };
	double most = largest_rate(&chart, facts, lines, nr, unit);

	if (most < 0) {
		nothing(out, without);
		return;
	}
	chart.most = chart_round_up(most);
	chart_begin(&chart, 190, unit_name);
	draw_bands(&chart, facts);
	chart_time_axis(&chart);
	chart_value_axis(&chart, unit_name);
	draw_lines(&chart, facts, lines, nr, unit);
	chart_end(&chart);
	fputs("<ul class=\"legend\">", out);
	for (size_t i = 0; i < nr; i++)
		fprintf(out, "<li><span class=\"swatch %s\"></span>%s</li>", lines[i].class,
			lines[i].name);
	fputs("</ul>\n", out);
}

static void all_rates(FILE *out, struct json_object *facts)
{
	fputs("<section><h2>Memory</h2>\n", out);
	rates(out, facts, memory_lines, sizeof(memory_lines) / sizeof(memory_lines[0]), 1e6,
	      "MB per second", "No memory rates: no VMM was asked (watch --qmp) while it sent, and "
			       "no device has reported what it wrote.");
	fputs("</section>\n<section><h2>The guest's I/O</h2>\n", out);
	rates(out, facts, guest_line, 1, 1, "I/Os per second",
	      "The guest's I/O was not recorded: only the lab's demonstration sees it.");
	fputs("</section>\n", out);
}

/* ---- what went wrong ---- */

static void problems(FILE *out, struct json_object *facts)
{
	size_t nr = length(facts, "problems");

	fputs("<section><h2>Refusals and errors</h2>\n", out);
	if (!nr) {
		nothing(out, "None was recorded.");
		fputs("</section>\n", out);
		return;
	}
	fputs("<div class=\"wide\"><table><thead><tr><th>at, s</th><th>host</th><th>function</th>"
	      "<th>what</th></tr></thead><tbody>\n", out);
	for (size_t i = 0; i < nr && !is_row_left_out(out, i, nr, 4); i++) {
		struct json_object *problem = item(facts, "problems", i);

		fprintf(out, "<tr><td class=\"number\">%.6f</td>",
			(double)object_number(problem, "at_ns", 0) / NS_PER_S);
		cell_text(out, object_text(problem, "host"));
		cell_text(out, object_text(problem, "function"));
		cell_text(out, object_text(problem, "words"));
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div></section>\n", out);
}

/* ---- tables ---- */

static const char *outcome_words(const char *outcome)
{
	static const char *const words[][2] = {
		{ "moved", "moved" }, { "resumed", "went on where it was" },
		{ "saved", "saved; its destination is not recorded" },
		{ "loaded", "loaded; its source is not recorded" },
		{ "reset", "suspended, then reset" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(words[i][0], outcome))
			return words[i][1];
	}
	return outcome;
}

static void stops_table(FILE *out, struct json_object *facts)
{
	size_t nr = length(facts, "stops");

	fputs("<h3>Stops of functions</h3>\n", out);
	if (!nr) {
		nothing(out, "No function was stopped.");
		return;
	}
	fputs("<div class=\"wide\"><table><thead><tr><th>from</th><th>to</th><th>outcome</th><th>"
	      "at, ms</th><th>stopped, ms</th><th>suspend, ms</th><th>save, ms</th><th>load, ms"
	      "</th><th>resume, ms</th><th>device, ms</th><th>state, bytes</th></tr></thead>"
	      "<tbody>\n", out);
	for (size_t i = 0; i < nr && !is_row_left_out(out, i, nr, 11); i++) {
		static const char *const members[] = { "from_ns", "stopped_ns", "suspend_ns",
						       "save_ns", "load_ns", "resume_ns",
						       "device_ns" };
		struct json_object *stop = item(facts, "stops", i);

		fputs("<tr>", out);
		cell_side(out, json_object_object_get(stop, "source"));
		cell_side(out, json_object_object_get(stop, "destination"));
		cell_text(out, outcome_words(object_text(stop, "outcome")));
		for (size_t k = 0; k < sizeof(members) / sizeof(members[0]); k++)
			cell_ms(out, stop, members[k]);
		cell_number(out, object_number(stop, "state_bytes", 0));
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}

static void answer_row(FILE *out, struct json_object *facts, const char *name, const char *member)
{
	fputs("<tr>", out);
	cell_text(out, name);
	for (size_t i = 0; i < length(facts, "vmms") && i < MOST_LANES; i++) {
		struct json_object *vmm = item(facts, "vmms", i);
		struct json_object *answer = json_object_object_get(vmm, "answer");
		struct json_object *of = json_object_object_get(answer, member) ? answer : vmm;

		fputs("<td class=\"number\">", out);
		markup_text(out, json_object_object_get(of, member) ? object_text(of, member)
								     : "–");
		fputs("</td>", out);
	}
	fputs("</tr>\n", out);
}

static void vmms_table(FILE *out, struct json_object *facts)
{
	static const char *const rows[][2] = {
		{ "migration", "status" }, { "in all, ms", "total_ms" },
		{ "downtime, ms", "downtime_ms" },
		{ "downtime expected last, ms", "expected_downtime_ms" },
		{ "memory sent, bytes", "ram_bytes" }, { "memory of the guest, bytes", "ram_total" },
		{ "sent for VFIO devices, bytes", "vfio_bytes" },
	};

	fputs("<h3>VMMs</h3>\n", out);
	if (!length(facts, "vmms")) {
		nothing(out, "No VMM was asked: nvmove watch --qmp does.");
		return;
	}
	fputs("<div class=\"wide\"><table><thead><tr><th></th>", out);
	for (size_t i = 0; i < length(facts, "vmms") && i < MOST_LANES; i++)
		markup_element(out, "th", object_text(item(facts, "vmms", i), "host"));
	fputs("</tr></thead><tbody>\n", out);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		answer_row(out, facts, rows[i][0], rows[i][1]);
	fputs("</tbody></table></div>\n", out);
}

static void command_rows(FILE *out, struct json_object *function)
{
	for (size_t i = 0; i < length(function, "command_sums"); i++) {
		struct json_object *sum = item(function, "command_sums", i);

		fputs("<tr>", out);
		cell_side(out, function);
		cell_text(out, object_text(sum, "command"));
		cell_number(out, object_number(sum, "times", 0));
		cell_number(out, object_number(sum, "failed", 0));
		cell_number(out, object_number(sum, "bytes", 0));
		cell_ms(out, sum, "total_ns");
		cell_ms(out, sum, "last_ns");
		fputs("</tr>\n", out);
	}
}

static void commands_table(FILE *out, struct json_object *facts)
{
	bool found = false;

	fputs("<h3>Commands to the devices</h3>\n", out);
	for (size_t i = 0; i < length(facts, "functions"); i++)
		found |= length(item(facts, "functions", i), "command_sums");
	if (!found) {
		nothing(out, "None was recorded.");
		return;
	}
	fputs("<div class=\"wide\"><table><thead><tr><th>function</th><th>command</th><th>times"
	      "</th><th>failed</th><th>bytes</th><th>in all, ms</th><th>the last, ms</th></tr>"
	      "</thead><tbody>\n", out);
	for (size_t i = 0; i < length(facts, "functions") && i < MOST_ROWS; i++)
		command_rows(out, item(facts, "functions", i));
	fputs("</tbody></table></div>\n", out);
}

static void recording_notes(FILE *out, struct json_object *recording)
{
	fputs("<td>", out);
	if (object_text(recording, "no_trace")[0]) {
		fputs("without trace points, so times are as exact as its interval: ", out);
		markup_text(out, object_text(recording, "no_trace"));
		fputs(". ", out);
	}
	if (!json_object_get_boolean(json_object_object_get(recording, "ended")))
		fputs("Not ended in order: what came last may be missing. ", out);
	if (object_number(recording, "lost_events", 0))
		fprintf(out, "%" PRId64 " events were lost.",
			object_number(recording, "lost_events", 0));
	fputs("</td>", out);
}

static void clock_words(FILE *out, struct json_object *clocks)
{
	int64_t uncertainty_ns = object_number(clocks, "uncertainty_ns", -1);
	int64_t contradiction_ns = object_number(clocks, "contradiction_ns", 0);

	fputs("<p>Times of different hosts are related by ", out);
	if (object_text(clocks, "reference")[0]) {
		fputs("the clock of ", out);
		markup_text(out, object_text(clocks, "reference"));
	} else {
		fputs("each host's own clock", out);
	}
	if (uncertainty_ns < 0)
		fputs(". How far they are apart is not known: at least one is kept by nobody", out);
	else
		fprintf(out, "; they may be shifted by up to %.3f ms", ms(uncertainty_ns));
	if (contradiction_ns > 0)
		fprintf(out, ". They contradict themselves: a state was loaded %.3f ms before it "
			     "was saved", ms(contradiction_ns));
	fputs(". What one host measured is not affected.</p>\n", out);
}

static void recordings_table(FILE *out, struct json_object *facts)
{
	fputs("<h3>Recordings</h3>\n<div class=\"wide\"><table><thead><tr><th>file</th><th>host"
	      "</th><th>begun</th><th>seconds</th><th>kernel</th><th>driver</th><th>nvmove</th>"
	      "<th>notes</th></tr></thead><tbody>\n", out);
	for (size_t i = 0; i < length(facts, "recordings"); i++) {
		struct json_object *recording = item(facts, "recordings", i);

		fputs("<tr>", out);
		cell_text(out, object_text(recording, "file"));
		cell_text(out, object_text(recording, "host"));
		cell_text(out, object_text(recording, "begun"));
		fprintf(out, "<td class=\"number\">%.1f</td>",
			(double)(object_number(recording, "to_ns", 0) -
				 object_number(recording, "from_ns", 0)) / NS_PER_S);
		cell_text(out, object_text(recording, "kernel"));
		cell_text(out, object_text(recording, "driver"));
		cell_text(out, object_text(recording, "nvmove"));
		recording_notes(out, recording);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
	clock_words(out, json_object_object_get(facts, "clocks"));
}

static void figures(FILE *out, struct json_object *facts)
{
	fputs("<section><h2>Figures</h2>\n", out);
	stops_table(out, facts);
	vmms_table(out, facts);
	commands_table(out, facts);
	recordings_table(out, facts);
	if (object_number(facts, "left_out", 0))
		fprintf(out, "<p>%" PRId64 " functions, stops, commands or problems were too many "
			     "to be told.</p>\n", object_number(facts, "left_out", 0));
	fputs("</section>\n", out);
}

void report_page(FILE *out, struct json_object *facts)
{
	fputs(report_page_head, out);
	heading(out, facts);
	cards(out, facts);
	timelines(out, facts);
	breakdown(out, facts);
	all_rates(out, facts);
	problems(out, facts);
	figures(out, facts);
	fputs("</main></body></html>\n", out);
}
