// SPDX-License-Identifier: BSD-2-Clause
/*
 * A guest disables the function's memory space at every point of a migration, and while the command
 * of each arc is under way (R14). What goes through the controlling function goes on; what needs
 * the function's own registers is refused, if the function is no VF: those have no such bit, and
 * the kernel goes by that.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "monitor.h"
#include "overtaken.h"
#include "scene.h"
#include "workload.h"

#define RUNNING		VFIO_DEVICE_STATE_RUNNING
#define STOP		VFIO_DEVICE_STATE_STOP
#define STOP_COPY	VFIO_DEVICE_STATE_STOP_COPY
#define RESUMING	VFIO_DEVICE_STATE_RESUMING
#define PRE_COPY	VFIO_DEVICE_STATE_PRE_COPY
#define ERROR		VFIO_DEVICE_STATE_ERROR

static int disable_memory(struct vfio_function *function)
{
	int command = vfio_command_register(function);

	if (command < 0)
		return -1;
	return vfio_set_command_register(function, (uint16_t)(command & ~PCI_COMMAND_MEMORY));
}

static int request(struct scene *scene, const struct place *place, uint32_t state, int wanted)
{
	int file, error = -vfio_try_state(&scene->machine.function, state, &file);

	if (file >= 0)
		close(file);
	if (error == wanted)
		return 0;
	return fail("%s, memory space disabled: to %s: %s expected, got: %s", place->name,
		    vfio_state_name((int)state), wanted ? strerror(wanted) : "success",
		    error ? strerror(error) : "success");
}

/* Through all the states, out and back; the guest finds nothing changed. */
static int go_round(struct scene *scene, const struct place *place)
{
	static const uint32_t states[] = { STOP, STOP_COPY, STOP, RUNNING, PRE_COPY, STOP_COPY,
					   RUNNING };

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (request(scene, place, states[i], 0))
			return -1;
	return 0;
}

/*
 * No further than STOP: what was loaded is the state of a guest that has run on since, so its
 * queues hold commands that have become others.
 */
static int leave_resuming(struct scene *scene, const struct place *place, int file)
{
	size_t done = scene_bytes_to_write(scene, place);
	ssize_t length;

	for (; done < scene->stream.size; done += (size_t)length) {
		length = write(file, scene->stream.data + done, scene->stream.size - done);
		if (length < 0)
			return fail("%s, memory space disabled: writing the stream: %s",
				    place->name, strerror(errno));
	}
	return request(scene, place, STOP, 0);
}

static int go_on(struct scene *scene, const struct test_options *options)
{
	if (vfio_enable_memory_and_dma(&scene->machine.function) ||
	    workload_run(&scene->machine, options->interval_ms))
		return -1;
	return workload_is_clean(&scene->machine);
}

static int start_anew(struct scene *scene, const struct test_options *options,
		      const struct place *place)
{
	if (vfio_reset(&scene->machine.function) || scene_check_running(scene, place))
		return -1;
	return scene_start_anew(scene, options);
}

static int disable_at(struct scene *scene, const struct test_options *options,
		      const struct place *place)
{
	bool resuming = place->state == RESUMING;
	int file, result;

	if (scene_enter(scene, place, &file))
		return -1;
	result = disable_memory(&scene->machine.function);
	if (!result && place->refused)
		result = request(scene, place, RUNNING, EIO);
	else if (!result && resuming && place->after == RESUMING)
		result = leave_resuming(scene, place, file);
	else if (!result && resuming)
		result = request(scene, place, STOP, 0);
	else if (!result)
		result = go_round(scene, place);
	if (file >= 0)
		close(file);
	if (result)
		return -1;
	return resuming ? start_anew(scene, options, place) : go_on(scene, options);
}

/*
 * The kernel knows that a VF has no such bit (PCI Express, SR-IOV): it takes the memory for
 * enabled.
 */
static bool is_vf(const struct vfio_function *function)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/physfn", function->address);
	return !access(path, F_OK);
}

/* Before a state is loaded a controller that has queues is disabled, by its registers. */
static int try_resuming(struct scene *scene, const struct test_options *options)
{
	static const struct place place = { "STOP, controller enabled", STOP, 0, STOP, false };
	bool vf = is_vf(&scene->machine.function);
	int file;

	if (scene_enter(scene, &place, &file) || disable_memory(&scene->machine.function) ||
	    request(scene, &place, RESUMING, vf ? 0 : EIO) ||
	    request(scene, &place, RUNNING, vf ? EINVAL : EIO))
		return -1;
	return start_anew(scene, options, &place);
}

/* An arc that has begun needs no register any more. */
static int disable_in(struct scene *scene, const struct test_options *options,
		      struct monitor *monitor, const struct arc *arc)
{
	const struct place place = { .name = arc->name };
	struct overtaken overtaken;
	int result, state;

	result = overtaken_begin(&overtaken, scene, monitor, arc);
	if (!result)
		result = disable_memory(&scene->machine.function);
	overtaken_end(&overtaken);
	state = result ? -1 : vfio_get_state(&scene->machine.function);
	if (!result && (overtaken.error || state != (int)arc->to))
		result = fail("%s, memory space disabled: success and %s expected, got: %s and %s",
			      arc->name, vfio_state_name((int)arc->to), strerror(overtaken.error),
			      vfio_state_name(state));
	overtaken_close(&overtaken);
	if (monitor_plan(monitor, "") || result)
		return -1;
	return start_anew(scene, options, &place);
}

int test_memory(const struct test_options *options)
{
	struct monitor monitor = MONITOR_CLOSED;
	struct scene scene;
	unsigned int cases = 0;
	int result = scene_begin(&scene, options);

	if (!result)
		result = monitor_open(&monitor);
	for (size_t i = 0; !result && i < nr_places; i++) {
		note("memory space disabled in %s", places[i].name);
		result = disable_at(&scene, options, &places[i]);
		cases += !result;
	}
	for (size_t i = 0; !result && i < nr_arcs; i++) {
		note("memory space disabled in %s", arcs[i].name);
		result = disable_in(&scene, options, &monitor, &arcs[i]);
		cases += !result;
	}
	if (!result)
		result = try_resuming(&scene, options);
	monitor_close(&monitor);
	return scene_end(&scene, "memory", cases + !result, result);
}
