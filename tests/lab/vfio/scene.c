// SPDX-License-Identifier: BSD-2-Clause
/*
 * Going to the points of a migration, and what must be true after a reset or a close there. It
 * knows no test.
 */
#include "scene.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "workload.h"

#define SOME_BYTES 20		/* within the first record */

#define RUNNING		VFIO_DEVICE_STATE_RUNNING
#define STOP		VFIO_DEVICE_STATE_STOP
#define STOP_COPY	VFIO_DEVICE_STATE_STOP_COPY
#define RESUMING	VFIO_DEVICE_STATE_RESUMING
#define RUNNING_P2P	VFIO_DEVICE_STATE_RUNNING_P2P
#define PRE_COPY	VFIO_DEVICE_STATE_PRE_COPY
#define PRE_COPY_P2P	VFIO_DEVICE_STATE_PRE_COPY_P2P

const struct place places[] = {
	{ "RUNNING", RUNNING, 0, RUNNING, false },
	{ "RUNNING_P2P", RUNNING_P2P, 0, RUNNING_P2P, false },
	{ "PRE_COPY, some bytes read", PRE_COPY, SOME_BYTES, PRE_COPY, false },
	{ "PRE_COPY_P2P, all read in PRE_COPY", PRE_COPY, ALL_THERE_IS, PRE_COPY_P2P, false },
	{ "STOP_COPY, some bytes read in PRE_COPY", PRE_COPY, SOME_BYTES, STOP_COPY, false },
	{ "STOP", STOP, 0, STOP, false },
	{ "STOP_COPY, nothing read", STOP_COPY, 0, STOP_COPY, false },
	{ "STOP_COPY, some bytes read", STOP_COPY, SOME_BYTES, STOP_COPY, false },
	{ "STOP_COPY, all read", STOP_COPY, ALL_THERE_IS, STOP_COPY, false },
	{ "STOP, stream half read", STOP_COPY, SOME_BYTES, STOP, false },
	{ "RESUMING, nothing written", RESUMING, 0, RESUMING, false },
	{ "RESUMING, some bytes written", RESUMING, SOME_BYTES, RESUMING, false },
	{ "RESUMING, question asked", RESUMING, ALL_OF_PRECOPY, RESUMING, false },
	{ "RESUMING, all written", RESUMING, ALL_THERE_IS, RESUMING, false },
	{ "STOP, all loaded", RESUMING, ALL_THERE_IS, STOP, false },
	{ "ERROR", RESUMING, SOME_BYTES, STOP, true },
};

const size_t nr_places = sizeof(places) / sizeof(places[0]);

const struct kind_of_reset kinds_of_reset[] = {
	{ "device reset", vfio_reset },
	{ "FLR by the guest", vfio_guest_flr },
};

const size_t nr_kinds_of_reset = sizeof(kinds_of_reset) / sizeof(kinds_of_reset[0]);

const struct kind_of_reset hot_reset = { "hot reset", vfio_hot_reset };

size_t scene_bytes_to_write(const struct scene *scene, const struct place *place)
{
	if (place->bytes == ALL_OF_PRECOPY)
		return scene->precopied;
	return place->bytes == ALL_THERE_IS ? scene->stream.size : (size_t)place->bytes;
}

static int transfer(struct scene *scene, const struct place *place, int file)
{
	static uint8_t buffer[1u << 16];
	size_t size = scene_bytes_to_write(scene, place);
	ssize_t length, done = 0;

	if (place->state == RESUMING) {
		done = size ? write(file, scene->stream.data, size) : 0;
	} else if (place->bytes >= 0) {
		done = size ? read(file, buffer, size) : 0;
	} else {
		while ((length = read(file, buffer, sizeof(buffer))) > 0)
			done += length;
		if (length < 0 && !(errno == ENOMSG && place->state == PRE_COPY))
			return fail("%s: reading: %s", place->name, strerror(errno));
		size = (size_t)done;
	}
	if (done != (ssize_t)size)
		return fail("%s: %zu bytes to move, %zd moved: %s", place->name, size, done,
			    done < 0 ? strerror(errno) : "short");
	return 0;
}

int scene_enter(struct scene *scene, const struct place *place, int *file)
{
	struct vfio_function *function = &scene->machine.function;
	int none, error;

	*file = -1;
	if (place->state == RUNNING)
		return 0;
	if (vfio_set_state(function, place->state, file))
		return -1;
	if (*file >= 0 && transfer(scene, place, *file))
		return -1;
	if (place->after == place->state)
		return 0;
	error = vfio_try_state(function, place->after, &none);
	if (!error == place->refused)
		return fail("%s: going to %s: %s expected, got: %s", place->name,
			    vfio_state_name((int)place->after),
			    place->refused ? "a refusal" : "success",
			    error ? strerror(-error) : "success");
	return 0;
}

int scene_check_dead_stream(const struct place *place, int file)
{
	uint8_t byte = 0;
	ssize_t done;

	if (file < 0)
		return 0;
	done = place->state == RESUMING ? write(file, &byte, 1) : read(file, &byte, 1);
	if (done >= 0)
		return fail("%s: a stream from before still moved %zd bytes, an error was due",
			    place->name, done);
	if (errno != ENODEV)
		return fail("%s: a stream from before: %s expected, got: %s", place->name,
			    strerror(ENODEV), strerror(errno));
	return 0;
}

int scene_check_running(struct scene *scene, const struct place *place)
{
	int state = vfio_get_state(&scene->machine.function);

	if (state != RUNNING)
		return fail("%s: state afterwards: RUNNING expected, is %s", place->name,
			    vfio_state_name(state));
	return 0;
}

int scene_start_anew(struct scene *scene, const struct test_options *options)
{
	if (machine_reboot(&scene->machine) ||
	    workload_run(&scene->machine, options->interval_ms))
		return -1;
	return workload_is_clean(&scene->machine);
}

int scene_begin(struct scene *scene, const struct test_options *options)
{
	*scene = (struct scene){ .machine = MACHINE_CLOSED };
	if (start_guest(&scene->machine, options) ||
	    machine_precopy(&scene->machine, &scene->stream))
		return -1;
	scene->precopied = scene->stream.size;
	if (machine_stop(&scene->machine, NULL) ||
	    machine_save(&scene->machine, &scene->stream, NULL) || machine_run(&scene->machine))
		return -1;
	return workload_run(&scene->machine, options->interval_ms);
}

int scene_end(struct scene *scene, const char *test, unsigned int cases, int result)
{
	if (!result)
		result = finish_guest(&scene->machine);
	result = report_result(test, &scene->machine, cases, 0, result);
	bytes_free(&scene->stream);
	machine_close(&scene->machine);
	return result;
}
