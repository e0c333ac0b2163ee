/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver's trace points, in a tracing instance of their own: what others trace on this host is
 * neither seen nor disturbed. What the events mean is not its business.
 */
#ifndef TOOL_DRIVER_TRACE_H
#define TOOL_DRIVER_TRACE_H

#include <stddef.h>

#include <json-c/json.h>

#define DRIVER_TRACE_LINE	1024

/**
 * struct driver_trace - trace points that are being read
 * @instance: directory of the tracing instance; empty: there is none
 * @reason: why not
 * @pipe: the events of which nobody has read; -1: there is none
 * @line: begin of a line whose end has not been read
 * @length: characters of it
 */
struct driver_trace {
	char instance[600];
	char reason[300];
	int pipe;
	char line[DRIVER_TRACE_LINE];
	size_t length;
};

/**
 * driver_trace_open() - begin to trace
 * @trace: to be closed with driver_trace_close(), whatever is returned
 *
 * Return: 0, or -1 if the kernel does not let us: @trace->reason says why.
 */
int driver_trace_open(struct driver_trace *trace);

/**
 * driver_trace_read() - what has happened since the last call
 * @trace: if it has no instance, nothing has
 * @take: is called for each event, with an object of a recording (nvmove-recording(5)), which it
 *	puts
 * @context: its first argument
 */
void driver_trace_read(struct driver_trace *trace,
		       void (*take)(void *context, struct json_object *line), void *context);

/** driver_trace_close() - end tracing, and leave nothing behind */
void driver_trace_close(struct driver_trace *trace);

/**
 * driver_trace_parse() - one line as the kernel prints it
 * @text: without newline
 *
 * Return: the line of a recording; NULL if it is none of the driver's events.
 */
struct json_object *driver_trace_parse(const char *text);

#endif /* TOOL_DRIVER_TRACE_H */
