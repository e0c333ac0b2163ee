/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel said about the function since a moment ago. It only reads the kernel's log.
 */
#ifndef VFIO_LAB_KMSG_H
#define VFIO_LAB_KMSG_H

#include <stdbool.h>
#include <stddef.h>

/** struct kmsg - an open kernel log; @text has the latest kmsg_collect()'s lines, printed unless @quiet */
struct kmsg {
	int file;
	bool quiet;
	char address[32];
	char text[4096];
};

/** kmsg_open() - open the log; what is in it already is skipped */
int kmsg_open(struct kmsg *kmsg, const char *address);

/** kmsg_collect() - lines about the function since the last call, kept in @text */
void kmsg_collect(struct kmsg *kmsg);

/** kmsg_skip() - forget lines up to now */
void kmsg_skip(struct kmsg *kmsg);

/** kmsg_close() - close the log */
void kmsg_close(struct kmsg *kmsg);

#endif /* VFIO_LAB_KMSG_H */
