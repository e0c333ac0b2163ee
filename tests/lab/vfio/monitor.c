// SPDX-License-Identifier: BSD-2-Clause
/*
 * The machine's monitor speaks QMP: lines of JSON, of which this looks for no more than the number
 * of its request, an error's words and a text that was asked for.
 */
#include "monitor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

#define PORTS		"/sys/class/virtio-ports"
#define PORT_NAME	"nvmove.machine\n"
#define DEVICE		"/machine/peripheral/nvm0"
#define ANSWER_MS	20000
#define HIT_SECONDS	20

static int is_monitor(const char *port)
{
	char path[PATH_MAX], name[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), PORTS "/%s/name", port);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(name, sizeof(name), file))
		name[0] = '\0';
	fclose(file);
	return !strcmp(name, PORT_NAME);
}

static int open_port(void)
{
	DIR *directory = opendir(PORTS);
	const struct dirent *entry;
	char path[PATH_MAX];
	int file = -1;

	while (directory && file < 0 && (entry = readdir(directory))) {
		if (!is_monitor(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		file = open(path, O_RDWR | O_CLOEXEC);
	}
	if (directory)
		closedir(directory);
	return file < 0 ? fail("no virtio serial port of the machine's monitor") : file;
}

/* The next line into @answer. What is longer than that is none of ours. */
static int read_line(struct monitor *monitor)
{
	struct pollfd event = { .fd = monitor->file, .events = POLLIN };

	for (monitor->length = 0; monitor->length < sizeof(monitor->answer) - 1; monitor->length++) {
		char *next = monitor->answer + monitor->length;

		if (poll(&event, 1, ANSWER_MS) <= 0 || read(monitor->file, next, 1) != 1)
			return fail("the machine's monitor: no answer in %d ms", ANSWER_MS);
		if (*next != '\n')
			continue;
		*next = '\0';
		return 0;
	}
	return fail("the machine's monitor: a line of more than %zu bytes", sizeof(monitor->answer) - 1);
}

/* Send a request, and wait for its answer among events and greetings. */
static int request(struct monitor *monitor, const char *command, const char *arguments)
{
	char text[2048], id[32];
	int length;

	snprintf(id, sizeof(id), "\"id\": \"%d-%u\"", (int)getpid(), monitor->requests++);
	length = snprintf(text, sizeof(text), "{\"execute\": \"%s\", \"arguments\": {%s}, %s}\n",
			  command, arguments, id);
	if (length < 0 || (size_t)length >= sizeof(text))
		return fail("the machine's monitor: a request of %d bytes, at most %zu", length,
			    sizeof(text) - 1);
	if (write(monitor->file, text, (size_t)length) != length)
		return fail("the machine's monitor: %s", strerror(errno));
	do {
		if (read_line(monitor))
			return -1;
	} while (!strstr(monitor->answer, id));
	return 0;
}

static int access_property(struct monitor *monitor, const char *command, const char *property,
			   const char *value)
{
	char arguments[1024];

	watchdog_begin("asking the machine's monitor");
	snprintf(arguments, sizeof(arguments),
		 "\"path\": \"" DEVICE "\", \"property\": \"%s\"%s%s%s", property,
		 value ? ", \"value\": \"" : "", value ? value : "", value ? "\"" : "");
	if (request(monitor, command, arguments))
		return -1;
	if (strstr(monitor->answer, "\"error\""))
		return fail("the machine's monitor: %s %s: %s", property, value ? value : "",
			    monitor->answer);
	return 0;
}

int monitor_open(struct monitor *monitor)
{
	*monitor = (struct monitor)MONITOR_CLOSED;
	monitor->file = open_port();
	if (monitor->file < 0)
		return -1;
	/* An error if an earlier program has done so: it says so, and serves. */
	return request(monitor, "qmp_capabilities", "");
}

void monitor_close(struct monitor *monitor)
{
	if (monitor->file >= 0)
		close(monitor->file);
	monitor->file = -1;
}

int monitor_plan(struct monitor *monitor, const char *faults)
{
	return access_property(monitor, "qom-set", "faults", faults);
}

int monitor_announce(struct monitor *monitor, const char *error)
{
	return access_property(monitor, "qom-set", "aer", error);
}

int monitor_hits(struct monitor *monitor)
{
	static const char key[] = ",hits=";
	const char *next;
	long least = INT_MAX;

	if (access_property(monitor, "qom-get", "faults", NULL))
		return -1;
	next = strstr(monitor->answer, key);
	if (!next)
		return fail("the machine's monitor: no faults are planned: %s", monitor->answer);
	for (; next; next = strstr(next, key)) {
		long hits = strtol(next += sizeof(key) - 1, NULL, 10);

		least = hits < least ? hits : least;
	}
	return (int)least;
}

int monitor_wait_hits(struct monitor *monitor)
{
	uint64_t end = now_us() + HIT_SECONDS * 1000000ull;
	int hits;

	while (!(hits = monitor_hits(monitor)) && now_us() < end)
		sleep_us(2000);
	if (hits > 0)
		return 0;
	return hits < 0 ? -1 : fail("a planned fault befell no command: %s", monitor->answer);
}
