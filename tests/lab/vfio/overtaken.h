/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arcs whose command is under way at the device while something else happens: a list of them, and a
 * way to begin one and to wait for its end.
 */
#ifndef VFIO_LAB_OVERTAKEN_H
#define VFIO_LAB_OVERTAKEN_H

#include <pthread.h>
#include <stdbool.h>

#include "monitor.h"
#include "scene.h"

/**
 * struct arc - an arc with a command that takes its time
 * @plan: the fault that has it do so
 * @from: state, in RESUMING with nothing written
 * @to: state to ask for; @from: write the whole stream
 */
struct arc {
	const char *name;
	const char *plan;
	uint32_t from;
	uint32_t to;
};

extern const struct arc arcs[];
extern const size_t nr_arcs;

/**
 * struct overtaken - an arc on its way, in a thread
 * @file: the stream that was open before, or -1
 * @new_file: the one that the arc has opened, or -1
 * @error: the errno that it ended with
 */
struct overtaken {
	const struct arc *arc;
	struct scene *scene;
	pthread_t thread;
	bool is_going;
	int file;
	int new_file;
	int error;
};

/** overtaken_begin() - from RUNNING into @arc; its command is under way when this returns */
int overtaken_begin(struct overtaken *overtaken, struct scene *scene, struct monitor *monitor,
		    const struct arc *arc);

/** overtaken_end() - wait for the end of the arc; harmless if it never began, or has ended */
void overtaken_end(struct overtaken *overtaken);

/** overtaken_check_dead_streams() - after a reset its streams must give errors */
int overtaken_check_dead_streams(const struct overtaken *overtaken);

/** overtaken_close() - end it and close its streams */
void overtaken_close(struct overtaken *overtaken);

#endif /* VFIO_LAB_OVERTAKEN_H */
