// SPDX-License-Identifier: BSD-2-Clause
/*
 * Messages, clock, watchdog and the JSON line. It never exits the program, but for the watchdog,
 * whose whole purpose that is.
 */
#include "report.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define EXIT_STUCK 3

static char failure[1024];
static pthread_mutex_t failure_lock = PTHREAD_MUTEX_INITIALIZER;	/* two threads may fail */

static _Atomic(const char *) watched_operation;
static atomic_uint_fast64_t watched_since;
static unsigned int watchdog_seconds;
static long watched_thread;

static void print_line(const char *kind, const char *text)
{
	fprintf(stderr, "vfio-nvme-move: %s%s\n", kind, text);
	fflush(stderr);
}

int fail(const char *format, ...)
{
	char text[sizeof(failure)];
	va_list arguments;

	/* the latest failure may be among the arguments */
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	pthread_mutex_lock(&failure_lock);
	strcpy(failure, text);
	print_line("FAILED: ", failure);
	pthread_mutex_unlock(&failure_lock);
	return -1;
}

const char *last_failure(void)
{
	return failure;
}

void note(const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	print_line("", text);
}

uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void sleep_us(uint64_t us)
{
	struct timespec time = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	nanosleep(&time, NULL);
}

static void print_kernel_stack(void)
{
	char path[64], text[4096];
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/stack", watched_thread);
	file = fopen(path, "r");
	if (!file)
		return;
	length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = '\0';
	fclose(file);
	fprintf(stderr, "%s", text);
}

static void *watch(void *unused)
{
	uint64_t limit = (uint64_t)watchdog_seconds * 1000000;
	uint64_t since;

	(void)unused;
	/* the beginning is read first: it must not be later than now */
	do {
		sleep_us(200000);
		since = atomic_load(&watched_since);
	} while (now_us() - since < limit);
	fail("stuck for %u s (limit %u s) in: %s", watchdog_seconds, watchdog_seconds,
	     atomic_load(&watched_operation));
	print_kernel_stack();
	_exit(EXIT_STUCK);
}

void watchdog_start(unsigned int seconds)
{
	pthread_t thread;

	watchdog_seconds = seconds;
	watched_thread = syscall(SYS_gettid);
	watchdog_begin("start");
	if (pthread_create(&thread, NULL, watch, NULL)) {
		fail("cannot create the watchdog's thread");
		exit(EXIT_FAILURE);
	}
	pthread_detach(thread);
}

void watchdog_begin(const char *operation)
{
	atomic_store(&watched_operation, operation);
	atomic_store(&watched_since, now_us());
}

static void json_add(struct json *json, const char *format, ...) PRINTF_LIKE(2, 3);

static void json_add(struct json *json, const char *format, ...)
{
	size_t room = sizeof(json->text) - json->length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(json->text + json->length, room, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= room) {
		json->cut = true;
		return;
	}
	json->length += (size_t)length;
}

static void json_name(struct json *json, const char *name)
{
	json_add(json, "%s\"%s\":", json->length > 1 ? "," : "", name);
}

void json_begin(struct json *json)
{
	json->length = 0;
	json->cut = false;
	json_add(json, "{");
}

void json_string(struct json *json, const char *name, const char *value)
{
	json_name(json, name);
	json_add(json, "\"");
	for (; *value; value++) {
		unsigned char byte = (unsigned char)*value;

		if (byte == '"' || byte == '\\')
			json_add(json, "\\%c", byte);
		else if (byte < 0x20 || byte >= 0x7f)
			json_add(json, "\\u%04x", byte);
		else
			json_add(json, "%c", byte);
	}
	json_add(json, "\"");
}

void json_number(struct json *json, const char *name, uint64_t value)
{
	json_name(json, name);
	json_add(json, "%llu", (unsigned long long)value);
}

void json_bool(struct json *json, const char *name, bool value)
{
	json_name(json, name);
	json_add(json, "%s", value ? "true" : "false");
}

static int compare_values(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

void json_spread(struct json *json, const char *name, uint64_t *values, size_t count)
{
	json_name(json, name);
	if (!count) {
		json_add(json, "null");
		return;
	}
	qsort(values, count, sizeof(*values), compare_values);
	json_add(json, "{\"min\":%llu,\"median\":%llu,\"max\":%llu}",
		 (unsigned long long)values[0], (unsigned long long)values[count / 2],
		 (unsigned long long)values[count - 1]);
}

int json_print(struct json *json)
{
	json_add(json, "}");
	if (json->cut)
		return fail("result line: %zu bytes do not hold it", sizeof(json->text));
	if (printf("%s\n", json->text) < 0 || fflush(stdout))
		return fail("result line: cannot write to standard output");
	return 0;
}
