/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Charts over time as SVG: lanes with spans, and rates. Colours are classes, which the page's style
 * sheet defines. What is drawn is not its business.
 */
#ifndef TOOL_CHART_H
#define TOOL_CHART_H

#include <stdint.h>
#include <stdio.h>

#include <json-c/json.h>

#define CHART_WIDTH	960
#define CHART_BUCKETS	480	/* columns in which rates are drawn */

/**
 * struct chart - a chart that is being drawn
 * @from_ns, @to_ns: what its width shows
 * @left, @right: where that is
 * @top, @bottom: likewise, of the space between the axes
 * @most: value at the top; 0: it has lanes
 */
struct chart {
	FILE *out;
	int64_t from_ns;
	int64_t to_ns;
	double left;
	double right;
	double top;
	double bottom;
	double most;
};

/** struct rate - amounts per second, by column; negative: nothing is known of it */
struct rate {
	double value[CHART_BUCKETS];
};

/**
 * chart_begin() - open a chart
 * @chart: its @out, @from_ns, @to_ns, @left and @most are set
 * @height: of the space between the axes
 * @what: is read to who does not see it; no text from outside
 */
void chart_begin(struct chart *chart, double height, const char *what);

/** chart_time_axis() - seconds, with lines through the chart */
void chart_time_axis(struct chart *chart);

/** chart_value_axis() - values from 0 to chart->most; @unit is no text from outside */
void chart_value_axis(struct chart *chart, const char *unit);

/** chart_band() - mark a time over the whole height; @title is no text from outside */
void chart_band(struct chart *chart, const char *class, int64_t from_ns, int64_t to_ns,
		const char *title);

/** chart_lane_name() - text at the left of a lane whose middle is at @y */
void chart_lane_name(struct chart *chart, double y, const char *name, const char *more);

/**
 * chart_spans() - a lane
 * @spans: objects with from_ns and to_ns
 * @member: of each that says what it is
 * @class: class for one, by what it is
 * @y, @height: where the lane is
 *
 * What is too small to be seen beside its neighbour is left out; what is alone stays visible.
 */
void chart_spans(struct chart *chart, struct json_object *spans, const char *member,
		 const char *(*class)(const char *word), double y, double height);

/**
 * chart_rate() - what spans with an amount come to per second
 * @amount: member that says how much was in a span, or @per_second how much per second
 * @rate: receives it
 *
 * Return: the largest value; negative: there is none.
 */
double chart_rate(const struct chart *chart, struct json_object *spans, const char *amount,
		  const char *per_second, struct rate *rate);

/** chart_draw_rate() - a line with steps */
void chart_draw_rate(struct chart *chart, const struct rate *rate, const char *class);

/** chart_end() - close a chart */
void chart_end(struct chart *chart);

/** chart_round_up() - the next value that an axis ends with well; 1 at least */
double chart_round_up(double value);

#endif /* TOOL_CHART_H */
