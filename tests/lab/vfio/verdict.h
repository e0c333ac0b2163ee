/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What docs/stream.md obliges a reader to make of a stream, worked out from the bytes alone and
 * without the driver's code. It never touches a device and does not judge the state inside.
 */
#ifndef VFIO_LAB_VERDICT_H
#define VFIO_LAB_VERDICT_H

#include <stdbool.h>

#include "stream.h"

/**
 * struct verdict - of one stream
 * @good: it must be taken, if the controller says yes to its question and takes its state
 * @why: the first thing that is wrong with one that is not good
 * @question: what it asks the controller, empty if nothing; owned
 * @state: the state that it carries; owned
 */
struct verdict {
	bool good;
	const char *why;
	struct bytes question;
	struct bytes state;
};

/**
 * verdict_reach() - read @stream as a destination must
 * @own: hello record of a stream that the destination itself would send
 * @verdict: gets the result; verdict_free() releases it
 *
 * Return: 0, or -1 when memory is short.
 */
int verdict_reach(const struct bytes *stream, const struct nvmove_stream_hello *own,
		  struct verdict *verdict);

/** verdict_own_hello() - the hello record of @stream, which a driver has made */
int verdict_own_hello(const struct bytes *stream, struct nvmove_stream_hello *own);

/** verdict_free() - release */
void verdict_free(struct verdict *verdict);

#endif /* VFIO_LAB_VERDICT_H */
