// SPDX-License-Identifier: BSD-2-Clause
/*
 * PCI functions as sysfs shows them.
 */
#include "sysfs.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool pci_address_parse(const char *text, struct pci_address *address)
{
	unsigned int domain = 0, bus, device, function;
	int end = 0;

	if (sscanf(text, "%4x:%2x:%2x.%1o%n", &domain, &bus, &device, &function, &end) != 4 ||
	    text[end]) {
		domain = 0;
		end = 0;
		if (sscanf(text, "%2x:%2x.%1o%n", &bus, &device, &function, &end) != 3 ||
		    !end || text[end])
			return false;
	}
	if (device > 0x1f || strspn(text, "0123456789abcdefABCDEF:.") != strlen(text))
		return false;
	snprintf(address->text, sizeof(address->text), "%04x:%02x:%02x.%x", domain & 0xffff,
		 bus & 0xff, device, function & 7);
	return true;
}

static void make_path(char path[SYSFS_PATH_SIZE], const char *format, va_list args)
{
	const char *root = getenv("NVMOVE_SYSFS");
	int length = snprintf(path, SYSFS_PATH_SIZE, "%s/", root ? root : "/sys");

	if (length < 0 || length >= SYSFS_PATH_SIZE)
		length = SYSFS_PATH_SIZE - 1;
	vsnprintf(path + length, SYSFS_PATH_SIZE - (size_t)length, format, args);
}

void sysfs_path(char path[SYSFS_PATH_SIZE], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	make_path(path, format, args);
	va_end(args);
}

/* One printable line: what a device says of itself is shown on terminals. */
static void tidy(char *text)
{
	text[strcspn(text, "\n")] = '\0';
	for (; *text; text++) {
		if (*text < 0x20 || *text > 0x7e)
			*text = '?';
	}
}

static bool read_text(char text[SYSFS_TEXT_SIZE], const char *path)
{
	FILE *file = fopen(path, "r");
	bool was_read = file && fgets(text, SYSFS_TEXT_SIZE, file);

	if (!was_read)
		text[0] = '\0';
	if (file)
		fclose(file);
	tidy(text);
	return was_read;
}

bool sysfs_text(char text[SYSFS_TEXT_SIZE], const char *format, ...)
{
	char path[SYSFS_PATH_SIZE];
	va_list args;

	va_start(args, format);
	make_path(path, format, args);
	va_end(args);
	return read_text(text, path);
}

unsigned long sysfs_number(unsigned long missing, const char *format, ...)
{
	char path[SYSFS_PATH_SIZE], text[SYSFS_TEXT_SIZE], *end;
	unsigned long number;
	va_list args;

	va_start(args, format);
	make_path(path, format, args);
	va_end(args);
	if (!read_text(text, path))
		return missing;
	number = strtoul(text, &end, 0);
	return end == text || *end ? missing : number;
}

bool sysfs_link(char text[SYSFS_TEXT_SIZE], const char *format, ...)
{
	char path[SYSFS_PATH_SIZE], target[SYSFS_PATH_SIZE];
	const char *last;
	ssize_t length;
	va_list args;

	va_start(args, format);
	make_path(path, format, args);
	va_end(args);
	length = readlink(path, target, sizeof(target) - 1);
	target[length < 0 ? 0 : length] = '\0';
	last = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
	snprintf(text, SYSFS_TEXT_SIZE, "%.*s", SYSFS_TEXT_SIZE - 1, last);
	tidy(text);
	return text[0];
}
