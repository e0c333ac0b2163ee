// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reads /dev/kmsg, one record per read, and keeps the records that name the function's address.
 */
#include "kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

#define RECORD_MAX 8192

int kmsg_open(struct kmsg *kmsg, const char *address)
{
	memset(kmsg, 0, sizeof(*kmsg));
	snprintf(kmsg->address, sizeof(kmsg->address), "%s", address);
	kmsg->file = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg->file < 0)
		return fail("/dev/kmsg: %s", strerror(errno));
	kmsg_skip(kmsg);
	return 0;
}

static void keep_line(struct kmsg *kmsg, char *record)
{
	size_t length = strlen(kmsg->text);
	char *line = strchr(record, ';');

	if (!line || !strstr(line, kmsg->address))
		return;
	line[1 + strcspn(line + 1, "\n")] = '\0';
	if (!kmsg->quiet)
		note("kernel: %s", line + 1);
	snprintf(kmsg->text + length, sizeof(kmsg->text) - length, "%s\n", line + 1);
}

void kmsg_collect(struct kmsg *kmsg)
{
	char record[RECORD_MAX];
	ssize_t length;

	kmsg->text[0] = '\0';
	for (;;) {
		length = read(kmsg->file, record, sizeof(record) - 1);
		if (length < 0 && errno == EPIPE)
			continue;	/* records were overwritten before they were read */
		if (length <= 0)
			return;
		record[length] = '\0';
		keep_line(kmsg, record);
	}
}

void kmsg_skip(struct kmsg *kmsg)
{
	lseek(kmsg->file, 0, SEEK_END);
	kmsg->text[0] = '\0';
}

void kmsg_close(struct kmsg *kmsg)
{
	close(kmsg->file);
}
