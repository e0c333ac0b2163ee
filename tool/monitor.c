// SPDX-License-Identifier: BSD-2-Clause
/*
 * QEMU's machine protocol, as far as it tells of migrations. What comes is a line for each message;
 * none is waited for but the greeting.
 */
#include "monitor.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clocks.h"
#include "command.h"
#include "object.h"
#include "recording.h"

#define GREETING_MS	5000
#define MOST_RATE	((int64_t)1 << 50)

static const char greet[] = "{\"execute\":\"qmp_capabilities\",\"id\":\"nvmove-greet\"}\n";
static const char ask[] =
	"{\"execute\":\"query-status\",\"id\":\"nvmove-status\"}\n"
	"{\"execute\":\"query-migrate\",\"id\":\"nvmove-migrate\"}\n";

/** struct answer - a number of query-migrate's answer, by its name there and in a recording */
struct answer {
	const char *part;
	const char *name;
	const char *member;
};

static const struct answer answers[] = {
	{ NULL, "total-time", "total_ms" },
	{ NULL, "downtime", "downtime_ms" },
	{ NULL, "expected-downtime", "expected_downtime_ms" },
	{ "ram", "transferred", "ram_bytes" },
	{ "ram", "remaining", "ram_remaining" },
	{ "ram", "total", "ram_total" },
	{ "vfio", "transferred", "vfio_bytes" },
};

/* ---- what a message says ---- */

/* A member of an object, or of nothing. */
static struct json_object *member(struct json_object *object, const char *name)
{
	struct json_object *value;

	return json_object_is_type(object, json_type_object) &&
	       json_object_object_get_ex(object, name, &value) ? value : NULL;
}

/* Return: a number that is none of a VMM's, -1, if there is none. */
static int64_t number(struct json_object *object, const char *name)
{
	struct json_object *value = member(object, name);

	return json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : -1;
}

static struct json_object *text(struct json_object *object, const char *name)
{
	struct json_object *value = member(object, name);

	return json_object_is_type(value, json_type_string) ? json_object_get(value) : NULL;
}

static void add_dirtied(struct json_object *line, struct json_object *ram)
{
	int64_t pages = number(ram, "dirty-pages-rate"), size = number(ram, "page-size");

	if (pages >= 0 && pages < MOST_RATE && size > 0 && size <= 1 << 30 &&
	    pages < INT64_MAX / size)
		object_add_number(line, "dirtied_bytes_per_second", pages * size);
}

static struct json_object *migration_line(const struct monitor *monitor, struct json_object *said)
{
	struct json_object *line = recording_new_line("vmm", clocks_monotonic_ns());
	struct json_object *status = text(said, "status"), *error = text(said, "error-desc");

	object_add_text(line, "run_state", monitor->run_state);
	json_object_object_add(line, "status", status ? status : json_object_new_string("none"));
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const struct answer *answer = &answers[i];
		int64_t value = number(answer->part ? member(said, answer->part) : said,
				       answer->name);

		if (value >= 0)
			object_add_number(line, answer->member, value);
	}
	add_dirtied(line, member(said, "ram"));
	if (error)
		json_object_object_add(line, "error", error);
	return line;
}

/* The VMM stamps its events with the host's time. */
static struct json_object *event_line(struct json_object *message, const char *name)
{
	struct json_object *stamp = member(message, "timestamp");
	int64_t seconds = number(stamp, "seconds"), us = number(stamp, "microseconds"), t_ns;
	struct json_object *line, *status;

	if (strcmp(name, "STOP") && strcmp(name, "RESUME") && strcmp(name, "MIGRATION"))
		return NULL;
	if (seconds < 0 || seconds > 1ll << 33 || us < 0 || us >= 1000000)
		return NULL;
	t_ns = clocks_to_monotonic(seconds * NS_PER_S + us * NS_PER_US);
	line = recording_new_line("vmm_event", t_ns > 0 ? t_ns : 0);
	object_add_text(line, "event", name);
	status = text(member(message, "data"), "status");
	if (status)
		json_object_object_add(line, "status", status);
	return line;
}

/* Return: a line of a recording; NULL if there is none to it. */
static struct json_object *take_message(struct monitor *monitor, struct json_object *message)
{
	struct json_object *said = member(message, "return"), *id = member(message, "id");
	struct json_object *event = member(message, "event"), *state;

	if (event)
		return event_line(message, json_object_get_string(event));
	if (!id)
		return NULL;
	if (!strcmp(json_object_get_string(id), "nvmove-greet")) {
		monitor->asked = false;
	} else if (!strcmp(json_object_get_string(id), "nvmove-status")) {
		state = member(said, "status");
		snprintf(monitor->run_state, sizeof(monitor->run_state), "%s",
			 state ? json_object_get_string(state) : "");
	} else if (!strcmp(json_object_get_string(id), "nvmove-migrate")) {
		monitor->asked = false;
		return json_object_is_type(said, json_type_object) ? migration_line(monitor, said)
								   : NULL;
	}
	return NULL;
}

/* ---- the connection ---- */

/* An object that begins in the middle, since a message was too long, is no message. */
static struct json_object *next_message(struct monitor *monitor, char character)
{
	if (character != '\n') {
		if (monitor->length == sizeof(monitor->line) - 1)
			monitor->length = 0;
		monitor->line[monitor->length++] = character;
		return NULL;
	}
	monitor->line[monitor->length] = '\0';
	monitor->length = 0;
	return json_tokener_parse(monitor->line);
}

static int lose(struct monitor *monitor, const char *why)
{
	complain("%s: %s", monitor->path, why);
	monitor_close(monitor);
	return -1;
}

static int receive(struct monitor *monitor,
		   void (*take)(void *context, struct json_object *line), void *context)
{
	char some[4096];
	ssize_t length;

	while ((length = recv(monitor->socket, some, sizeof(some), MSG_DONTWAIT)) > 0) {
		for (ssize_t i = 0; i < length; i++) {
			struct json_object *message = next_message(monitor, some[i]), *line;

			line = message ? take_message(monitor, message) : NULL;
			if (line)
				take(context, line);
			json_object_put(message);
		}
	}
	if (!length)
		return lose(monitor, "the VMM has closed its monitor");
	return errno == EAGAIN || errno == EINTR ? 0 : lose(monitor, strerror(errno));
}

static int tell(struct monitor *monitor, const char *words)
{
	size_t length = strlen(words);

	monitor->asked = true;
	if (send(monitor->socket, words, length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length)
		return 0;
	return lose(monitor, "the VMM does not read from its monitor");
}

static int wait_greeting(struct monitor *monitor)
{
	struct pollfd wanted = { .fd = monitor->socket, .events = POLLIN };

	if (poll(&wanted, 1, GREETING_MS) == 1)
		return 0;
	return lose(monitor, "the VMM does not greet: a monitor has one client at a time, give the "
			     "VMM one more (-qmp)");
}

int monitor_open(struct monitor *monitor, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	*monitor = (struct monitor) { .path = path, .socket = -1 };
	if (strlen(path) >= sizeof(address.sun_path)) {
		complain("%s: %zu characters, a unix socket's path has less than %zu", path,
			 strlen(path), sizeof(address.sun_path));
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path));
	monitor->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (monitor->socket < 0 ||
	    connect(monitor->socket, (struct sockaddr *)&address, sizeof(address)))
		return lose(monitor, strerror(errno));
	return wait_greeting(monitor) || tell(monitor, greet) ? -1 : 0;
}

int monitor_turn(struct monitor *monitor, void (*take)(void *context, struct json_object *line),
		 void *context)
{
	if (receive(monitor, take, context))
		return -1;
	return monitor->asked ? 0 : tell(monitor, ask);
}

void monitor_close(struct monitor *monitor)
{
	if (monitor->socket >= 0)
		close(monitor->socket);
	monitor->socket = -1;
}
