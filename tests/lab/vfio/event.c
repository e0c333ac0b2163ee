// SPDX-License-Identifier: BSD-2-Clause
/*
 * Something happens on the host at each point of a migration, by a command that the caller gives:
 * the PF's driver is unbound, the VFs are switched off, the PF is removed. When the kernel asks for
 * the device it is closed, with its stream open. Nothing may hang, and after the second command,
 * which undoes the first, a guest must run again.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "monitor.h"
#include "scene.h"
#include "workload.h"

/* Runs the command; closes the device when the kernel asks for it. Sets @released if it did. */
static int happen(struct scene *scene, const struct test_options *options,
		  struct monitor *monitor, int release, bool *released)
{
	uint64_t end = now_us() + COMMAND_SECONDS * 1000000ull;
	struct pollfd event = { .fd = release, .events = POLLIN };
	const char *command = options->happening;
	pid_t child;
	int result;

	if (options->announcement && monitor_announce(monitor, options->announcement))
		return -1;
	child = command_start(command);
	result = child < 0 ? -1 : 0;
	watchdog_begin("while it happens");
	while (!result && now_us() < end) {
		if (poll(&event, *released ? 0 : 1, 10) > 0) {
			vfio_close(&scene->machine.function);
			*released = true;
		}
		result = command_look(child, command);
	}
	if (result)
		return result < 0 ? -1 : 0;
	return fail("\"%s\": not done after %u s", command, COMMAND_SECONDS);
}

/* The device is still ours: each request must come back, and leave a state that exists. */
static int try_states(struct scene *scene, const struct place *place)
{
	static const uint32_t targets[] = {
		VFIO_DEVICE_STATE_STOP, VFIO_DEVICE_STATE_STOP_COPY, VFIO_DEVICE_STATE_STOP,
		VFIO_DEVICE_STATE_PRE_COPY, VFIO_DEVICE_STATE_RUNNING,
	};
	struct vfio_function *function = &scene->machine.function;
	int file, error, state;

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		error = vfio_try_state(function, targets[i], &file);
		if (file >= 0)
			close(file);
		state = vfio_get_state(function);
		if (state < 0 || state > VFIO_LAST_STATE)
			return fail("%s: afterwards the state is number %d", place->name, state);
		note("%s: to %s: %s, now %s", place->name, vfio_state_name((int)targets[i]),
		     error ? strerror(-error) : "done", vfio_state_name(state));
	}
	return 0;
}

static int happen_at(struct scene *scene, const struct test_options *options,
		     struct monitor *monitor, const struct place *place)
{
	bool released = false;
	int file, release, result;

	if (scene_enter(scene, place, &file))
		return -1;
	release = vfio_watch_release(&scene->machine.function);
	result = release < 0 ? -1 : happen(scene, options, monitor, release, &released);
	if (!result && released)
		result = scene_check_dead_stream(place, file);
	else if (!result)
		result = try_states(scene, place);
	if (release >= 0)
		close(release);
	if (file >= 0)
		close(file);
	machine_close(&scene->machine);
	return result;
}

/* Nobody has the device open. The commands know by the variable DEVICE. */
static int happen_closed(const struct test_options *options, struct monitor *monitor)
{
	note("closed");
	setenv("DEVICE", "closed", 1);
	if (options->announcement && monitor_announce(monitor, options->announcement))
		return -1;
	if (command_run(options->happening))
		return -1;
	return command_run(options->undoing);
}

int test_event(const struct test_options *options)
{
	struct scene scene = { .machine = MACHINE_CLOSED };
	struct monitor monitor;
	unsigned int cases = 0;
	int result = monitor_open(&monitor);

	setenv("DEVICE", "open", 1);
	for (size_t i = 0; !result && i < nr_places; i++) {
		note("in %s", places[i].name);
		if (scene_begin(&scene, options) ||
		    happen_at(&scene, options, &monitor, &places[i]) ||
		    command_run(options->undoing))
			result = -1;
		bytes_free(&scene.stream);
		cases += !result;
	}
	if (!result)
		result = happen_closed(options, &monitor);
	cases += !result;
	if (!result)
		result = scene_begin(&scene, options);
	result = scene_end(&scene, "event", cases, result);
	monitor_close(&monitor);
	return result;
}
