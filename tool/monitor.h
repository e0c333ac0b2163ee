/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a VMM knows of its migration, asked at its monitor (QMP). It asks and listens; it tells the
 * VMM to do nothing.
 */
#ifndef TOOL_MONITOR_H
#define TOOL_MONITOR_H

#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>

#define MONITOR_LINE	(64u << 10)

/**
 * struct monitor - a connection to a VMM's monitor
 * @path: of its unix socket
 * @socket: -1: there is no connection, or no more
 * @asked: an answer is awaited; a VMM that sends the rest of its memory gives none
 * @run_state: the VMM's word, as it last was
 * @line: begin of a message whose end has not come
 * @length: characters of it
 */
struct monitor {
	const char *path;
	int socket;
	bool asked;
	char run_state[64];
	char line[MONITOR_LINE];
	size_t length;
};

/**
 * monitor_open() - connect, and be greeted
 * @monitor: to be closed with monitor_close() if 0 is returned
 * @path: of the unix socket
 *
 * Return: 0, or -1 after a complaint.
 */
int monitor_open(struct monitor *monitor, const char *path);

/**
 * monitor_turn() - take what has come, and ask again if all was answered; never waits
 * @monitor: an open one
 * @take: is called for each answer and event, with an object of a recording (nvmove-recording(5)),
 *	which it puts
 * @context: its first argument
 *
 * Return: 0, or -1 after a complaint: the connection is gone.
 */
int monitor_turn(struct monitor *monitor, void (*take)(void *context, struct json_object *line),
		 void *context);

/** monitor_close() - disconnect */
void monitor_close(struct monitor *monitor);

#endif /* TOOL_MONITOR_H */
