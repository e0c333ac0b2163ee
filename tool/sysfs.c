// SPDX-License-Identifier: BSD-2-Clause
/*
 * PCI functions as sysfs shows them.
 */
#include "sysfs.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void sysfs_path(char path[SYSFS_PATH_SIZE], const char *format, ...)
{
	const char *root = getenv("NVMOVE_SYSFS");
	va_list args;
	int length = snprintf(path, SYSFS_PATH_SIZE, "%s/", root ? root : "/sys");

	if (length < 0 || length >= SYSFS_PATH_SIZE)
		length = SYSFS_PATH_SIZE - 1;
	va_start(args, format);
	vsnprintf(path + length, SYSFS_PATH_SIZE - (size_t)length, format, args);
	va_end(args);
}
