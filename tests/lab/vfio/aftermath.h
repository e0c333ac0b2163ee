/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an event on the host leaves behind (docs/driver-states.md, "Events"), and what the requests
 * that follow say then. It makes nothing happen itself.
 */
#ifndef VFIO_LAB_AFTERMATH_H
#define VFIO_LAB_AFTERMATH_H

#include "overtaken.h"
#include "scene.h"

/** enum aftermath - words of that table; a device that was asked for is closed by then */
enum aftermath {
	AFTERMATH_SAME,
	AFTERMATH_GONE,
	AFTERMATH_GONE_RFC,	/* the same to a driver that speaks the vendor commands */
	AFTERMATH_CUT,
	AFTERMATH_ASK,
};

/** aftermath_parse() - the word for @text, or -1 */
int aftermath_parse(const char *text);

/**
 * aftermath_check() - every request says what it must, and leaves the state that it must
 * @place: where it has happened
 * @file: the stream that was open there, or -1
 */
int aftermath_check(struct scene *scene, enum aftermath aftermath, const struct place *place,
		    int file);

/**
 * aftermath_check_arc() - it ended as it may, and every request says what it must
 * @arc: what was under way when it happened
 * @error: errno that it ended with, or 0
 */
int aftermath_check_arc(struct scene *scene, enum aftermath aftermath, const struct arc *arc,
			int error);

#endif /* VFIO_LAB_AFTERMATH_H */
