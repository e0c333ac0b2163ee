/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole files in memory. What is in them is not its business.
 */
#ifndef TOOL_FILE_H
#define TOOL_FILE_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct contents - a file that was read
 * @name: as given, not owned; "standard input" for "-"
 * @data: owned, aligned as malloc() does
 * @size: bytes
 */
struct contents {
	const char *name;
	uint8_t *data;
	size_t size;
};

/**
 * file_read() - read a file, or standard input, to its end
 * @name: path, "-" for standard input
 * @most: bytes at most
 * @contents: receives it; to be released with file_release() if 0 is returned
 *
 * Return: 0, or -1 after a complaint.
 */
int file_read(const char *name, size_t most, struct contents *contents);

/** file_release() - free what was read */
void file_release(struct contents *contents);

#endif /* TOOL_FILE_H */
