// SPDX-License-Identifier: BSD-2-Clause
/*
 * Arcs that something overtakes while their command is under way at the device: resets, the end of
 * the process, or whatever "event" makes happen. The device is told to carry the command out late,
 * or to answer it late, so that it stands either behind or before what overtakes it.
 */
#include "overtaken.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workload.h"

#define RUNNING		VFIO_DEVICE_STATE_RUNNING
#define STOP		VFIO_DEVICE_STATE_STOP
#define STOP_COPY	VFIO_DEVICE_STATE_STOP_COPY
#define RESUMING	VFIO_DEVICE_STATE_RESUMING
#define PRE_COPY	VFIO_DEVICE_STATE_PRE_COPY
#define PRE_COPY_P2P	VFIO_DEVICE_STATE_PRE_COPY_P2P

#define LATE(command)	"command=" command ",fault=late:700"
#define DELAYED(command) "command=" command ",fault=delay:700"

const struct arc arcs[] = {
	{ "suspend, late", LATE("suspend"), RUNNING, STOP },
	{ "suspend, answered late", DELAYED("suspend"), RUNNING, STOP },
	{ "suspend in pre-copy, answered late", DELAYED("suspend"), PRE_COPY, STOP_COPY },
	{ "resume, late", LATE("resume"), STOP, RUNNING },
	{ "resume, answered late", DELAYED("resume"), PRE_COPY_P2P, PRE_COPY },
	{ "query, late", LATE("query"), STOP, STOP_COPY },
	{ "save, late", LATE("save"), STOP, STOP_COPY },
	{ "save, answered late", DELAYED("save"), PRE_COPY_P2P, STOP_COPY },
	{ "suspend for a load, late", LATE("suspend"), STOP, RESUMING },
	{ "load, late", LATE("load"), RESUMING, RESUMING },
	{ "load, answered late", DELAYED("load"), RESUMING, RESUMING },
};

const size_t nr_arcs = sizeof(arcs) / sizeof(arcs[0]);

static void write_stream(struct overtaken *overtaken)
{
	const struct bytes *stream = &overtaken->scene->stream;
	ssize_t length;

	for (size_t done = 0; done < stream->size; done += (size_t)length) {
		length = write(overtaken->file, stream->data + done, stream->size - done);
		if (length < 0) {
			overtaken->error = errno;
			return;
		}
	}
}

static void *go(void *argument)
{
	struct overtaken *overtaken = argument;

	if (overtaken->arc->from == overtaken->arc->to)
		write_stream(overtaken);
	else
		overtaken->error = -vfio_try_state(&overtaken->scene->machine.function,
						   overtaken->arc->to, &overtaken->new_file);
	return NULL;
}

int overtaken_begin(struct overtaken *overtaken, struct scene *scene, struct monitor *monitor,
		    const struct arc *arc)
{
	const struct place place = { .name = arc->name, .state = arc->from, .after = arc->from };

	*overtaken = (struct overtaken){ .arc = arc, .scene = scene, .file = -1, .new_file = -1 };
	if (scene_enter(scene, &place, &overtaken->file) || monitor_plan(monitor, arc->plan))
		return -1;
	if (pthread_create(&overtaken->thread, NULL, go, overtaken))
		return fail("cannot create a thread");
	overtaken->is_going = true;
	return monitor_wait_hits(monitor);
}

void overtaken_end(struct overtaken *overtaken)
{
	if (!overtaken->is_going)
		return;
	watchdog_begin("waiting for the end of an arc");
	pthread_join(overtaken->thread, NULL);
	overtaken->is_going = false;
	note("%s: %s", overtaken->arc->name,
	     overtaken->error ? strerror(overtaken->error) : "done");
}

void overtaken_close(struct overtaken *overtaken)
{
	overtaken_end(overtaken);
	if (overtaken->file >= 0)
		close(overtaken->file);
	if (overtaken->new_file >= 0)
		close(overtaken->new_file);
}

static int check_dead(const char *name, int file)
{
	uint8_t byte = 0;

	if (file < 0 || (read(file, &byte, 1) < 0 && write(file, &byte, 1) < 0))
		return 0;
	return fail("%s: a stream from before still moves bytes", name);
}

int overtaken_check_dead_streams(const struct overtaken *overtaken)
{
	if (check_dead(overtaken->arc->name, overtaken->file))
		return -1;
	return check_dead(overtaken->arc->name, overtaken->new_file);
}

/* ---- resets ---- */

static int reset_in(struct scene *scene, struct monitor *monitor, const struct arc *arc,
		    int (*reset)(struct vfio_function *function))
{
	const struct place place = { .name = arc->name };
	struct overtaken overtaken;
	int result;

	result = overtaken_begin(&overtaken, scene, monitor, arc);
	if (!result)
		result = reset(&scene->machine.function);
	overtaken_end(&overtaken);
	if (!result)
		result = scene_check_running(scene, &place);
	if (!result)
		result = overtaken_check_dead_streams(&overtaken);
	overtaken_close(&overtaken);
	return result;
}

static int overtake(const struct test_options *options, const char *test,
		    const struct kind_of_reset *kinds, size_t nr_kinds)
{
	struct monitor monitor = MONITOR_CLOSED;
	struct scene scene;
	unsigned int cases = 0;
	int result = scene_begin(&scene, options);

	if (!result)
		result = monitor_open(&monitor);
	for (size_t i = 0; !result && i < nr_arcs * nr_kinds; i++) {
		const struct kind_of_reset *kind = &kinds[i % nr_kinds];
		const struct arc *arc = &arcs[i / nr_kinds];

		note("%s in %s", kind->name, arc->name);
		result = reset_in(&scene, &monitor, arc, kind->reset);
		if (!result)
			result = scene_start_anew(&scene, options);
		cases += !result;
	}
	result = scene_end(&scene, test, cases, result);
	monitor_close(&monitor);
	return result;
}

int test_overtaken(const struct test_options *options)
{
	return overtake(options, "overtaken", kinds_of_reset, nr_kinds_of_reset);
}

int test_hot_overtaken(const struct test_options *options)
{
	return overtake(options, "hot-overtaken", &hot_reset, 1);
}

/* ---- the end of the process ---- */

/* The process that is killed: says so when it is where it has to be, or about to begin the arc. */
static void be_killed(const struct test_options *options, const struct place *place,
		      const struct arc *arc, int ready)
{
	const struct place from = { .name = arc ? arc->name : "", .state = arc ? arc->from : 0,
				    .after = arc ? arc->from : 0 };
	struct overtaken overtaken = { .arc = arc, .file = -1, .new_file = -1 };
	struct scene scene;

	overtaken.scene = &scene;
	if (scene_begin(&scene, options) ||
	    scene_enter(&scene, place ? place : &from, &overtaken.file) ||
	    write(ready, "", 1) != 1)
		_exit(1);
	if (arc) {
		/* Until the parent has planned the fault. */
		raise(SIGSTOP);
		go(&overtaken);
	}
	for (;;)
		pause();
}

static int wait_ready(int ready)
{
	uint8_t byte;

	watchdog_begin("waiting for the process to be killed");
	return read(ready, &byte, 1) == 1 ? 0 : fail("the process to be killed has failed");
}

static int wait_stopped(pid_t child)
{
	int status;

	if (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status))
		return fail("the process to be killed does not stop");
	return 0;
}

static int reap(pid_t child)
{
	int status;

	kill(child, SIGKILL);
	watchdog_begin("waiting for the end of a killed process");
	if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status) ||
	    WTERMSIG(status) != SIGKILL)
		return fail("the process to be killed ended by itself: %#x", (unsigned int)status);
	return 0;
}

static int kill_in(const struct test_options *options, struct monitor *monitor,
		   const struct place *place, const struct arc *arc)
{
	int ready[2], result;
	pid_t child;

	if (pipe(ready))
		return fail("pipe: %s", strerror(errno));
	child = fork();
	if (child < 0)
		return fail("cannot start a process: %s", strerror(errno));
	if (!child)
		be_killed(options, place, arc, ready[1]);
	close(ready[1]);
	result = wait_ready(ready[0]);
	close(ready[0]);
	if (!result && arc) {
		result = wait_stopped(child);
		if (!result)
			result = monitor_plan(monitor, arc->plan);
		kill(child, SIGCONT);
		if (!result)
			result = monitor_wait_hits(monitor);
	}
	return reap(child) || result ? -1 : 0;
}

/* The next one finds a function that is as good as new. */
static int open_anew(const struct test_options *options, const char *name)
{
	const struct place place = { .name = name };
	struct scene scene = { .machine = MACHINE_CLOSED };
	int result = start_guest(&scene.machine, options);

	if (!result)
		result = scene_check_running(&scene, &place);
	if (!result)
		result = finish_guest(&scene.machine);
	machine_close(&scene.machine);
	return result;
}

int test_killed(const struct test_options *options)
{
	struct machine machine = MACHINE_CLOSED;
	struct monitor monitor;
	unsigned int cases = 0;
	int result = monitor_open(&monitor);

	for (size_t i = 0; !result && i < nr_places + nr_arcs; i++) {
		const struct place *place = i < nr_places ? &places[i] : NULL;
		const struct arc *arc = place ? NULL : &arcs[i - nr_places];
		const char *name = place ? place->name : arc->name;

		note("killed in %s", name);
		result = kill_in(options, &monitor, place, arc);
		if (!result)
			result = open_anew(options, name);
		cases += !result;
	}
	result = report_result("killed", &machine, cases, 0, result);
	monitor_close(&monitor);
	return result;
}
