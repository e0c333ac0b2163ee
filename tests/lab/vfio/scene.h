/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Points of a migration at which something can happen: a list of them, a way to get to each from a
 * running guest, and what must be true afterwards.
 */
#ifndef VFIO_LAB_SCENE_H
#define VFIO_LAB_SCENE_H

#include "tests.h"

/**
 * struct scene - a running guest, and a stream of it from earlier
 * @precopied: so many bytes of the stream are from pre-copy, the question in them
 */
struct scene {
	struct machine machine;
	struct bytes stream;
	size_t precopied;
};

enum place_bytes {
	ALL_THERE_IS	= -1,
	ALL_OF_PRECOPY	= -2,
};

/**
 * struct place - a point of a migration
 * @state: where to go from RUNNING
 * @bytes: how much of the stream to read or write, or an enum place_bytes
 * @after: state to go on to with the stream still open, or @state
 * @refused: going on to @after must fail
 */
struct place {
	const char *name;
	uint32_t state;
	int bytes;
	uint32_t after;
	bool refused;
};

extern const struct place places[];
extern const size_t nr_places;

/** struct kind_of_reset - a way to reset the function */
struct kind_of_reset {
	const char *name;
	int (*reset)(struct vfio_function *function);
};

/* Those that every function has, and the one of a function that is alone on its bus */
extern const struct kind_of_reset kinds_of_reset[];
extern const size_t nr_kinds_of_reset;
extern const struct kind_of_reset hot_reset;

/** scene_begin() - start a guest, save it once, let it run on */
int scene_begin(struct scene *scene, const struct test_options *options);

/** scene_end() - finish and report; returns @result or worse */
int scene_end(struct scene *scene, const char *test, unsigned int cases, int result);

/** scene_enter() - from RUNNING to @place; @file gets the stream that is open there, or -1 */
int scene_enter(struct scene *scene, const struct place *place, int *file);

/** scene_bytes_to_write() - how much of the stream is written on the way to @place, in RESUMING */
size_t scene_bytes_to_write(const struct scene *scene, const struct place *place);

/** scene_check_dead_stream() - the stream in @file, if any, must say ENODEV */
int scene_check_dead_stream(const struct place *place, int file);

/** scene_check_running() - the function must be in RUNNING */
int scene_check_running(struct scene *scene, const struct place *place);

/** scene_start_anew() - the guest starts its driver again and must find all that it had written */
int scene_start_anew(struct scene *scene, const struct test_options *options);

#endif /* VFIO_LAB_SCENE_H */
