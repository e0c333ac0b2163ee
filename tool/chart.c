// SPDX-License-Identifier: BSD-2-Clause
/*
 * Drawing charts: coordinates, axes, spans and steps.
 */
#include "chart.h"

#include <stdbool.h>

#include "clocks.h"
#include "markup.h"
#include "object.h"

#define TOP		10
#define BELOW		44	/* room for the time axis */
#define TICKS		8
#define LEAST_TIME_NS	NS_PER_US
#define LEAST_WIDTH	1.5
#define LETTER_WIDTH	6.6

static double seconds(int64_t ns)
{
	return (double)ns / NS_PER_S;
}

static double position(const struct chart *chart, int64_t ns)
{
	double share = ((double)ns - (double)chart->from_ns) /
		       ((double)chart->to_ns - (double)chart->from_ns);

	share = share < 0 ? 0 : share > 1 ? 1 : share;
	return chart->left + share * (chart->right - chart->left);
}

static double power_of_ten_below(double value)
{
	double power = 1;

	while (power * 10 <= value)
		power *= 10;
	while (power > value)
		power /= 10;
	return power;
}

/* Of 1, 2, 5 times a power of ten the next above. */
static double round_up(double value)
{
	double power = power_of_ten_below(value);

	if (value <= power)
		return power;
	return value <= 2 * power ? 2 * power : value <= 5 * power ? 5 * power : 10 * power;
}

double chart_round_up(double value)
{
	double step;

	if (value < 1)
		return 1;
	step = round_up(value / 5);
	return step * (double)(int64_t)(value / step + 0.999999);
}

void chart_begin(struct chart *chart, double height, const char *what)
{
	if (chart->to_ns - chart->from_ns < LEAST_TIME_NS)
		chart->to_ns = chart->from_ns + LEAST_TIME_NS;
	chart->right = CHART_WIDTH - 16;
	chart->top = TOP;
	chart->bottom = TOP + height;
	fprintf(chart->out, "<div class=\"chart\"><svg xmlns=\"http://www.w3.org/2000/svg\" "
			    "viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"%s\">\n"
			    "<title>%s</title>\n",
		CHART_WIDTH, TOP + height + BELOW, what, what);
}

void chart_end(struct chart *chart)
{
	fputs("</svg></div>\n", chart->out);
}

/* ---- axes ---- */

static int decimals(double step)
{
	int nr = 0;

	for (; step < 0.9999 && nr < 9; step *= 10)
		nr++;
	return nr;
}

void chart_time_axis(struct chart *chart)
{
	double from = seconds(chart->from_ns), to = seconds(chart->to_ns);
	double step = round_up((to - from) / TICKS);
	double first = (double)(int64_t)(from / step) * step;

	for (int i = -1; i <= TICKS + 2; i++) {
		double at = first + i * step;
		double x = chart->left + (at - from) / (to - from) * (chart->right - chart->left);

		if (at < from || at > to)
			continue;
		fprintf(chart->out, "<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>"
				    "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" "
				    "text-anchor=\"middle\">%.*f</text>\n",
			x, chart->top, chart->bottom + 4, x, chart->bottom + 17, decimals(step),
			at > -step / 2 && at < step / 2 ? 0 : at);
	}
	fprintf(chart->out, "<path class=\"axis\" d=\"M%.1f %.1fH%.1f\"/>"
			    "<text class=\"unit\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">"
			    "time in seconds</text>\n",
		chart->left, chart->bottom, chart->right, chart->right, chart->bottom + 36);
}

void chart_value_axis(struct chart *chart, const char *unit)
{
	double step = round_up(chart->most / 5);

	for (int i = 0; i <= 10 && i * step <= chart->most * 1.0001; i++) {
		double y = chart->bottom - i * step / chart->most * (chart->bottom - chart->top);

		fprintf(chart->out, "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>"
				    "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" "
				    "text-anchor=\"end\">%.*f</text>\n",
			chart->left, y, chart->right, chart->left - 7, y + 4, decimals(step),
			i * step);
	}
	fprintf(chart->out, "<text class=\"unit\" transform=\"translate(14 %.1f) rotate(-90)\" "
			    "text-anchor=\"middle\">%s</text>\n",
		(chart->top + chart->bottom) / 2, unit);
}

/* ---- lanes ---- */

void chart_band(struct chart *chart, const char *class, int64_t from_ns, int64_t to_ns,
		const char *title)
{
	double x = position(chart, from_ns), end = position(chart, to_ns);

	if (to_ns < chart->from_ns || from_ns > chart->to_ns)
		return;
	fprintf(chart->out, "<rect class=\"%s\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" "
			    "height=\"%.1f\"><title>%s</title></rect>\n",
		class, x, chart->top, end - x < LEAST_WIDTH ? LEAST_WIDTH : end - x,
		chart->bottom - chart->top, title);
}

void chart_lane_name(struct chart *chart, double y, const char *name, const char *more)
{
	fprintf(chart->out, "<text class=\"lane\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">",
		chart->left - 8, y + 4);
	markup_text(chart->out, name);
	if (more[0]) {
		fputs("<tspan class=\"more\"> ", chart->out);
		markup_text(chart->out, more);
		fputs("</tspan>", chart->out);
	}
	fputs("</text>\n", chart->out);
}

static void draw_span(struct chart *chart, const char *word, const char *class, double x,
		      double width, double y, double height, double length_s)
{
	double letters = 0;

	for (const char *at = word; *at; at++)
		letters += LETTER_WIDTH;
	fprintf(chart->out, "<rect class=\"%s\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" "
			    "height=\"%.1f\" rx=\"2\"><title>",
		class, x, y, width < LEAST_WIDTH ? LEAST_WIDTH : width, height);
	markup_text(chart->out, word);
	fprintf(chart->out, ", %.3f ms</title></rect>", length_s * 1000);
	if (letters + 8 < width && height > 14) {
		fprintf(chart->out, "<text class=\"in\" x=\"%.2f\" y=\"%.1f\">", x + 5,
			y + height / 2 + 4);
		markup_text(chart->out, word);
		fputs("</text>", chart->out);
	}
	fputc('\n', chart->out);
}

void chart_spans(struct chart *chart, struct json_object *spans, const char *member,
		 const char *(*class)(const char *word), double y, double height)
{
	double drawn = -1;

	for (size_t i = 0; i < json_object_array_length(spans); i++) {
		struct json_object *span = json_object_array_get_idx(spans, i);
		int64_t from_ns = object_number(span, "from_ns", 0);
		int64_t to_ns = object_number(span, "to_ns", 0);
		const char *word = object_text(span, member);
		double x = position(chart, from_ns), end = position(chart, to_ns);

		if (to_ns < chart->from_ns || from_ns > chart->to_ns || end < drawn + 0.5)
			continue;
		draw_span(chart, word, class(word), x, end - x, y, height,
			  seconds(to_ns - from_ns));
		drawn = end;
	}
}

/* ---- rates ---- */

/* Each span's amount is spread evenly over the columns that it covers. */
static void spread(const struct chart *chart, int64_t from_ns, int64_t to_ns, double per_second,
		   double *amount, double *covered)
{
	double column = seconds(chart->to_ns - chart->from_ns) / CHART_BUCKETS;
	double from = seconds(from_ns) - seconds(chart->from_ns);
	double to = seconds(to_ns) - seconds(chart->from_ns);

	for (int i = from < 0 ? 0 : from < column * CHART_BUCKETS ? (int)(from / column)
								   : CHART_BUCKETS;
	     i < CHART_BUCKETS && i * column < to; i++) {
		double begin = from > i * column ? from : i * column;
		double end = to < (i + 1) * column ? to : (i + 1) * column;

		if (end <= begin)
			continue;
		amount[i] += per_second * (end - begin);
		covered[i] += end - begin;
	}
}

double chart_rate(const struct chart *chart, struct json_object *spans, const char *amount,
		  const char *per_second, struct rate *rate)
{
	double sum[CHART_BUCKETS] = { 0 }, covered[CHART_BUCKETS] = { 0 }, most = -1;

	for (size_t i = 0; i < json_object_array_length(spans); i++) {
		struct json_object *span = json_object_array_get_idx(spans, i);
		int64_t from_ns = object_number(span, "from_ns", 0);
		int64_t to_ns = object_number(span, "to_ns", 0);
		double value = per_second ? (double)object_number(span, per_second, 0)
			       : (double)object_number(span, amount, 0) / seconds(to_ns - from_ns);

		if (to_ns > from_ns)
			spread(chart, from_ns, to_ns, value, sum, covered);
	}
	for (int i = 0; i < CHART_BUCKETS; i++) {
		rate->value[i] = covered[i] > 0 ? sum[i] / covered[i] : -1;
		if (rate->value[i] > most)
			most = rate->value[i];
	}
	return most;
}

void chart_draw_rate(struct chart *chart, const struct rate *rate, const char *class)
{
	double column = (chart->right - chart->left) / CHART_BUCKETS, scale;

	scale = (chart->bottom - chart->top) / chart->most;
	fprintf(chart->out, "<path class=\"rate %s\" d=\"", class);
	for (int i = 0; i < CHART_BUCKETS; i++) {
		bool begins = rate->value[i] >= 0 && (!i || rate->value[i - 1] < 0);
		double x = chart->left + i * column, y = chart->bottom - rate->value[i] * scale;

		if (rate->value[i] < 0)
			continue;
		if (begins)
			fprintf(chart->out, "M%.1f %.1f", x, y);
		else
			fprintf(chart->out, "V%.1f", y);
		fprintf(chart->out, "H%.1f", x + column);
	}
	fputs("\"/>\n", chart->out);
}
