/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor of the machine that this host is, behind a virtio serial port: how a test has the
 * lab's device fail on purpose (docs/lab.md, "Planned faults"). Nothing but the properties of that
 * device.
 */
#ifndef VFIO_LAB_MONITOR_H
#define VFIO_LAB_MONITOR_H

#include <stddef.h>

/**
 * struct monitor - an open monitor
 * @file: the port
 * @requests: sent so far; numbers the next one
 * @answer: the latest line that it said
 * @length: bytes of @answer
 */
struct monitor {
	int file;
	unsigned int requests;
	char answer[4096];
	size_t length;
};

/** MONITOR_CLOSED - initial value: monitor_close() may be called on it at once */
#define MONITOR_CLOSED { .file = -1 }

/** monitor_open() - find and open the port */
int monitor_open(struct monitor *monitor);

/** monitor_close() - close the port */
void monitor_close(struct monitor *monitor);

/** monitor_plan() - plan @faults in place of those before; "" for none */
int monitor_plan(struct monitor *monitor, const char *faults);

/** monitor_hits() - how many commands each of the planned faults has befallen at least, or -1 */
int monitor_hits(struct monitor *monitor);

/** monitor_wait_hits() - wait until each of the planned faults has befallen a command */
int monitor_wait_hits(struct monitor *monitor);

/** monitor_announce() - have a function announce an error; @error as the property "aer" wants it */
int monitor_announce(struct monitor *monitor, const char *error);

#endif /* VFIO_LAB_MONITOR_H */
