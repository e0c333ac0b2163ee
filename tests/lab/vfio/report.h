/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the program says and how it notices that it is stuck: failures and notes on standard error,
 * one JSON line on standard output, a clock, a watchdog. It never decides whether a test passed.
 */
#ifndef VFIO_LAB_REPORT_H
#define VFIO_LAB_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PRINTF_LIKE(format, first) __attribute__((__format__(__printf__, format, first)))

/**
 * fail() - say what went wrong, on standard error, and keep it for last_failure()
 *
 * Return: always -1, so that a caller can write "return fail(...)".
 */
int fail(const char *format, ...) PRINTF_LIKE(1, 2);

/** last_failure() - text of the latest fail(), without a newline; empty when there was none */
const char *last_failure(void);

/** note() - say something that is no failure, on standard error */
void note(const char *format, ...) PRINTF_LIKE(1, 2);

/** now_us() - monotonic time of this host in microseconds */
uint64_t now_us(void);

/** sleep_us() - sleep for at least @us microseconds */
void sleep_us(uint64_t us);

/**
 * watchdog_start() - end the program with status 3 when an operation takes too long
 * @seconds: longest time between two calls of watchdog_begin()
 *
 * Waits have deadlines of their own; this one is for system calls that never return. It prints the
 * operation and where in the kernel the calling thread stands.
 */
void watchdog_start(unsigned int seconds);

/** watchdog_begin() - a new operation begins; @operation must be a string literal */
void watchdog_begin(const char *operation);

/** struct json - a JSON object under construction; private to report.c but for its storage */
struct json {
	char text[8192];
	size_t length;
	bool cut;
};

void json_begin(struct json *json);
void json_string(struct json *json, const char *name, const char *value);
void json_number(struct json *json, const char *name, uint64_t value);
void json_bool(struct json *json, const char *name, bool value);

/**
 * json_spread() - add an object with minimum, median and maximum of @count values; sorts @values
 */
void json_spread(struct json *json, const char *name, uint64_t *values, size_t count);

/**
 * json_print() - close the object and print it as one line on standard output
 *
 * Return: 0, or -1 if it did not fit or could not be written.
 */
int json_print(struct json *json);

#endif /* VFIO_LAB_REPORT_H */
