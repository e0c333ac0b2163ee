// SPDX-License-Identifier: BSD-2-Clause
/*
 * Something happens on the host, by a command that the caller gives, at each point of a migration
 * or while the command of each arc is under way at the device: the PF's driver is unbound, the VFs
 * are switched off, the PF is removed. When the kernel asks for the device it is closed, with its
 * stream open. Requests then say what they must, and after the second command, which undoes the
 * first, a guest must run again.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aftermath.h"
#include "command.h"
#include "monitor.h"
#include "overtaken.h"
#include "scene.h"
#include "workload.h"

/**
 * struct event - a test on its way
 * @release: signalled when the kernel asks for the device, -1 before it is open
 * @error: signalled when it tells of an error of the device, ditto
 */
struct event {
	const struct test_options *options;
	struct scene scene;
	struct monitor monitor;
	int release;
	int error;
	unsigned int cases;
};

static int watch(struct event *event)
{
	event->release = vfio_watch(&event->scene.machine.function, VFIO_PCI_REQ_IRQ_INDEX);
	if (event->release < 0)
		return -1;
	event->error = vfio_watch(&event->scene.machine.function, VFIO_PCI_ERR_IRQ_INDEX);
	return event->error < 0 ? -1 : 0;
}

static void stop_watching(struct event *event)
{
	if (event->release >= 0)
		close(event->release);
	if (event->error >= 0)
		close(event->error);
	event->release = -1;
	event->error = -1;
}

/* Runs the command; closes the device when the kernel asks for it. */
static int run_happening(struct event *event)
{
	uint64_t end = now_us() + COMMAND_SECONDS * 1000000ull;
	struct vfio_function *function = &event->scene.machine.function;
	const char *command = event->options->happening;
	struct pollfd asked = { .fd = event->release, .events = POLLIN };
	pid_t child = command_start(command);
	int result = child < 0 ? -1 : 0;

	watchdog_begin("while it happens");
	while (!result && now_us() < end) {
		if (poll(&asked, function->fd < 0 ? 0 : 1, 10) > 0)
			vfio_close(function);
		result = command_look(child, command);
	}
	if (result)
		return result < 0 ? -1 : 0;
	return fail("\"%s\": not done after %u s", command, COMMAND_SECONDS);
}

/* Does the kernel ask for the device, or tell of an error, where it must and nowhere else? */
static int check_told(const struct event *event, const char *where)
{
	const char *announced = event->options->announcement;
	bool asks = event->options->aftermath == AFTERMATH_ASK;
	bool asked = event->scene.machine.function.fd < 0;
	bool tells = announced && !strstr(announced, ":correctable"), told;
	struct pollfd error = { .fd = event->error, .events = POLLIN };

	told = poll(&error, 1, 0) > 0;
	if (asked != asks)
		return fail("%s: the kernel %s for the device", where,
			    asked ? "asks" : "does not ask");
	if (told != tells)
		return fail("%s: the kernel %s of an error", where, told ? "tells" : "does not tell");
	return 0;
}

static int happen(struct event *event, const char *where)
{
	const struct test_options *options = event->options;

	if (options->announcement && monitor_announce(&event->monitor, options->announcement))
		return -1;
	if (run_happening(event))
		return -1;
	return check_told(event, where);
}

static int happen_at(struct event *event, const struct place *place)
{
	struct scene *scene = &event->scene;
	int file, result;

	if (scene_enter(scene, place, &file))
		return -1;
	result = watch(event);
	if (!result)
		result = happen(event, place->name);
	if (!result && event->options->aftermath == AFTERMATH_ASK)
		result = scene_check_dead_stream(place, file);
	else if (!result)
		result = aftermath_check(scene, event->options->aftermath, place, file);
	if (file >= 0)
		close(file);
	return result;
}

static int happen_in(struct event *event, const struct arc *arc)
{
	struct overtaken overtaken;
	int result = watch(event);

	if (result)
		return -1;
	result = overtaken_begin(&overtaken, &event->scene, &event->monitor, arc);
	if (!result)
		result = happen(event, arc->name);
	overtaken_end(&overtaken);
	if (!result)
		result = aftermath_check_arc(&event->scene, event->options->aftermath, arc,
					     overtaken.error);
	if (!result && event->options->aftermath == AFTERMATH_ASK)
		result = overtaken_check_dead_streams(&overtaken);
	overtaken_close(&overtaken);
	return monitor_plan(&event->monitor, "") || result ? -1 : 0;
}

/* Nobody has the device open. The commands know by the variable DEVICE. */
static int happen_closed(struct event *event)
{
	const struct test_options *options = event->options;

	note("closed");
	setenv("DEVICE", "closed", 1);
	if (options->announcement && monitor_announce(&event->monitor, options->announcement))
		return -1;
	return command_run(options->happening);
}

/* At a place or in an arc, each with a new guest. */
static int try_case(struct event *event, const struct place *place, const struct arc *arc)
{
	int result = scene_begin(&event->scene, event->options);

	note("in %s", place ? place->name : arc->name);
	if (!result)
		result = place ? happen_at(event, place) : happen_in(event, arc);
	stop_watching(event);
	machine_close(&event->scene.machine);
	bytes_free(&event->scene.stream);
	if (result || command_run(event->options->undoing))
		return -1;
	event->cases++;
	return 0;
}

static int begin(struct event *event, const struct test_options *options)
{
	*event = (struct event){ .options = options, .scene = { .machine = MACHINE_CLOSED },
				 .release = -1, .error = -1 };
	setenv("DEVICE", "open", 1);
	return monitor_open(&event->monitor);
}

/* A guest can run, whatever has happened. */
static int end(struct event *event, const char *test, int result)
{
	if (!result)
		result = scene_begin(&event->scene, event->options);
	result = scene_end(&event->scene, test, event->cases, result);
	monitor_close(&event->monitor);
	return result;
}

int test_event(const struct test_options *options)
{
	struct event event;
	int result = begin(&event, options);

	for (size_t i = 0; !result && i < nr_places; i++)
		result = try_case(&event, &places[i], NULL);
	if (!result)
		result = happen_closed(&event);
	if (!result)
		result = command_run(options->undoing);
	event.cases += !result;
	return end(&event, "event", result);
}

int test_event_in_arcs(const struct test_options *options)
{
	struct event event;
	int result = begin(&event, options);

	for (size_t i = 0; !result && i < nr_arcs; i++)
		result = try_case(&event, NULL, &arcs[i]);
	return end(&event, "event-in-arcs", result);
}
