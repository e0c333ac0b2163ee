// SPDX-License-Identifier: BSD-2-Clause
/*
 * Resets and closes at every point of a migration, also in the middle of a stream, and while
 * another thread migrates. Whatever happened: the function is RUNNING again, streams from before
 * give errors, and a guest can start anew.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "mutation.h"
#include "scene.h"

static int reset_at(struct scene *scene, const struct test_options *options,
		    const struct place *place, int (*reset)(struct vfio_function *function))
{
	int file, result;

	if (scene_enter(scene, place, &file))
		return -1;
	result = reset(&scene->machine.function);
	if (!result)
		result = scene_check_running(scene, place);
	if (!result)
		result = scene_check_dead_stream(place, file);
	if (file >= 0)
		close(file);
	return result ? -1 : scene_start_anew(scene, options);
}

static int try_resets(const struct test_options *options, const char *test,
		      const struct kind_of_reset *kinds, size_t nr_kinds)
{
	struct scene scene;
	unsigned int cases = 0;
	int result = scene_begin(&scene, options);

	for (size_t i = 0; !result && i < nr_places * nr_kinds; i++) {
		const struct kind_of_reset *kind = &kinds[i % nr_kinds];
		const struct place *place = &places[i / nr_kinds];

		note("%s in %s", kind->name, place->name);
		result = reset_at(&scene, options, place, kind->reset);
		cases += !result;
	}
	return scene_end(&scene, test, cases, result);
}

int test_reset(const struct test_options *options)
{
	return try_resets(options, "reset", kinds_of_reset, nr_kinds_of_reset);
}

int test_hot_reset(const struct test_options *options)
{
	return try_resets(options, "hot-reset", &hot_reset, 1);
}

static int close_at(struct scene *scene, const struct test_options *options,
		    const struct place *place)
{
	int file, result;

	if (scene_enter(scene, place, &file))
		return -1;
	vfio_close_device(&scene->machine.function);
	result = scene_check_dead_stream(place, file);
	if (vfio_open_device(&scene->machine.function) || scene_check_running(scene, place) ||
	    scene_check_dead_stream(place, file))
		result = -1;
	if (file >= 0)
		close(file);
	return result ? -1 : scene_start_anew(scene, options);
}

int test_close(const struct test_options *options)
{
	struct scene scene;
	unsigned int cases = 0;
	int result = scene_begin(&scene, options);

	for (size_t i = 0; !result && i < nr_places; i++) {
		note("close in %s", places[i].name);
		result = close_at(&scene, options, &places[i]);
		cases += !result;
	}
	return scene_end(&scene, "close", cases, result);
}

/** struct racer - the thread that resets while the other one migrates */
struct racer {
	struct vfio_function *function;
	uint64_t random;
	atomic_bool stop;
	unsigned int resets;
	int result;
};

static void *race(void *argument)
{
	struct racer *racer = argument;

	while (!atomic_load(&racer->stop) && !racer->result) {
		sleep_us(mutation_random(&racer->random) % 50000);
		racer->result = vfio_reset(racer->function);
		racer->resets++;
	}
	return NULL;
}

static void read_all(int file)
{
	uint8_t buffer[512];

	while (read(file, buffer, sizeof(buffer)) > 0)
		;
}

/* A migration out. Any step may fail, for a reset may come between any two. */
static void migrate_out(struct scene *scene, bool precopy)
{
	struct vfio_function *function = &scene->machine.function;
	int file, none;

	if (vfio_try_state(function, precopy ? VFIO_DEVICE_STATE_PRE_COPY :
					       VFIO_DEVICE_STATE_STOP_COPY, &file))
		return;
	read_all(file);
	if (precopy && !vfio_try_state(function, VFIO_DEVICE_STATE_STOP_COPY, &none)) {
		read_all(file);
		if (none >= 0)
			close(none);
	}
	vfio_try_state(function, VFIO_DEVICE_STATE_STOP, &none);
	close(file);
	vfio_try_state(function, VFIO_DEVICE_STATE_RUNNING, &none);
}

/* A migration in, likewise. */
static void migrate_in(struct scene *scene)
{
	struct vfio_function *function = &scene->machine.function;
	int file, none;

	if (vfio_try_state(function, VFIO_DEVICE_STATE_RESUMING, &file))
		return;
	if (write(file, scene->stream.data, scene->stream.size) < 0)
		note("write cut short by a reset: %s", strerror(errno));
	vfio_try_state(function, VFIO_DEVICE_STATE_STOP, &none);
	close(file);
	vfio_try_state(function, VFIO_DEVICE_STATE_RUNNING, &none);
}

static int settle_after_race(struct scene *scene, const struct test_options *options)
{
	if (vfio_reset(&scene->machine.function) || scene_check_running(scene, &places[0]))
		return -1;
	return scene_start_anew(scene, options);
}

int test_race(const struct test_options *options)
{
	struct scene scene;
	int result = scene_begin(&scene, options);
	struct racer racer = { .function = &scene.machine.function, .random = options->guest.seed };
	unsigned int rounds = 0;
	pthread_t thread;

	if (!result && pthread_create(&thread, NULL, race, &racer))
		result = fail("cannot create a thread");
	else if (!result) {
		for (; rounds < options->count; rounds++) {
			if (rounds & 1)
				migrate_out(&scene, rounds & 2);
			else
				migrate_in(&scene);
		}
		atomic_store(&racer.stop, true);
		pthread_join(thread, NULL);
		note("%u migrations against %u resets", rounds, racer.resets);
		result = racer.result ? -1 : settle_after_race(&scene, options);
	}
	return scene_end(&scene, "race", rounds, result);
}
