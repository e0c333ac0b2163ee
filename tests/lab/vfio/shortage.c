// SPDX-License-Identifier: BSD-2-Clause
/*
 * The kernel runs out of memory: at every step of a migration each of its allocations fails in
 * turn, and only that one (the kernel's fault injection, /proc/thread-self/fail-nth, which counts
 * the allocations of one thread). A source must be able to run on, without a reset and with nothing
 * lost; a destination must work again after a reset.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scene.h"
#include "workload.h"

#define RUNNING		VFIO_DEVICE_STATE_RUNNING
#define PRE_COPY	VFIO_DEVICE_STATE_PRE_COPY
#define STOP		VFIO_DEVICE_STATE_STOP
#define STOP_COPY	VFIO_DEVICE_STATE_STOP_COPY
#define RESUMING	VFIO_DEVICE_STATE_RESUMING

#define MOST_ALLOCATIONS 2000	/* of one step: more means that it runs in circles */

/** enum act - what a step does with the function or its stream */
enum act { ACT_GO, ACT_READ, ACT_WRITE };

/**
 * struct step - a step of a migration
 * @before: where it begins
 * @act: what it does there
 * @to: state to go to, with ACT_GO
 * @destination: it is one of a destination's
 */
struct step {
	struct place before;
	enum act act;
	uint32_t to;
	bool destination;
};

static const struct step steps[] = {
	{ { "RUNNING to STOP", RUNNING, 0, RUNNING, false }, ACT_GO, STOP, false },
	{ { "RUNNING to STOP_COPY", RUNNING, 0, RUNNING, false }, ACT_GO, STOP_COPY, false },
	{ { "RUNNING to PRE_COPY", RUNNING, 0, RUNNING, false }, ACT_GO, PRE_COPY, false },
	{ { "reading in PRE_COPY", PRE_COPY, 0, PRE_COPY, false }, ACT_READ, 0, false },
	{ { "PRE_COPY to STOP_COPY", PRE_COPY, -1, PRE_COPY, false }, ACT_GO, STOP_COPY, false },
	{ { "PRE_COPY to RUNNING", PRE_COPY, 0, PRE_COPY, false }, ACT_GO, RUNNING, false },
	{ { "reading the rest", PRE_COPY, -1, STOP_COPY, false }, ACT_READ, 0, false },
	{ { "STOP to STOP_COPY", STOP, 0, STOP, false }, ACT_GO, STOP_COPY, false },
	{ { "reading the stream", STOP_COPY, 0, STOP_COPY, false }, ACT_READ, 0, false },
	{ { "STOP_COPY to STOP", STOP_COPY, -1, STOP_COPY, false }, ACT_GO, STOP, false },
	{ { "STOP_COPY to RUNNING", STOP_COPY, -1, STOP_COPY, false }, ACT_GO, RUNNING, false },
	{ { "STOP to RUNNING", STOP, 0, STOP, false }, ACT_GO, RUNNING, false },
	{ { "STOP to RESUMING", STOP, 0, STOP, false }, ACT_GO, RESUMING, true },
	{ { "writing the stream", RESUMING, 0, RESUMING, false }, ACT_WRITE, 0, true },
	{ { "RESUMING to STOP", RESUMING, -1, RESUMING, false }, ACT_GO, STOP, true },
	{ { "STOP, loaded, to RUNNING", RESUMING, -1, STOP, false }, ACT_GO, RUNNING, true },
};

/**
 * struct shortage - a running test
 * @nth: /proc/thread-self/fail-nth
 * @allocations: that failed, in all steps
 * @survived: steps that succeeded although an allocation failed
 */
struct shortage {
	struct scene scene;
	const struct test_options *options;
	int nth;
	unsigned int allocations;
	unsigned int survived;
};

static int set_nth(const struct shortage *shortage, unsigned int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(shortage->nth, text, (size_t)length, 0) != length)
		return fail("fail-nth: writing %u: %s", nth, strerror(errno));
	return 0;
}

/* Ends the counting. Returns 1 if the allocation was reached and failed, 0 if not, or -1. */
static int end_nth(const struct shortage *shortage)
{
	char text[16] = "";

	if (pread(shortage->nth, text, sizeof(text) - 1, 0) <= 0)
		return fail("fail-nth: reading: %s", strerror(errno));
	if (set_nth(shortage, 0))
		return -1;
	return !strtoul(text, NULL, 10);
}

/* Everything that there is: the end, or in PRE_COPY ENOMSG, which is no error. */
static int read_all(int file)
{
	static uint8_t buffer[1u << 16];
	ssize_t length;

	do
		length = read(file, buffer, sizeof(buffer));
	while (length > 0);
	return !length || errno == ENOMSG ? 0 : -errno;
}

static int write_all(int file, const struct bytes *stream)
{
	size_t done = 0;

	while (done < stream->size) {
		ssize_t length = write(file, stream->data + done, stream->size - done);

		if (length <= 0)
			return length ? -errno : -EIO;
		done += (size_t)length;
	}
	return 0;
}

/* The step itself: 0 or a negative errno. @file is the stream's, and becomes that of a new one. */
static int take(struct shortage *shortage, const struct step *step, int *file)
{
	int made, error;

	switch (step->act) {
	case ACT_READ:
		return read_all(*file);
	case ACT_WRITE:
		return write_all(*file, &shortage->scene.stream);
	case ACT_GO:
		break;
	}
	error = vfio_try_state(&shortage->scene.machine.function, step->to, &made);
	if (made >= 0) {
		if (*file >= 0)
			close(*file);
		*file = made;
	}
	return error;
}

/* A source goes on where it was; a destination, which may be left in ERROR, after a reset. */
static int recover(struct shortage *shortage, const struct step *step)
{
	struct machine *machine = &shortage->scene.machine;
	int none;

	if (step->destination)
		return vfio_reset(&machine->function) ||
		       scene_check_running(&shortage->scene, &step->before) ||
		       scene_start_anew(&shortage->scene, shortage->options) ? -1 : 0;
	if (vfio_set_state(&machine->function, RUNNING, &none) ||
	    workload_run(machine, shortage->options->interval_ms))
		return -1;
	return workload_is_clean(machine);
}

/* The step once, its @nth allocation failing. Returns 1 if it has that many, 0 if not, or -1. */
static int starve_once(struct shortage *shortage, const struct step *step, unsigned int nth)
{
	int file, error, reached;

	if (scene_enter(&shortage->scene, &step->before, &file))
		return -1;
	watchdog_begin(step->before.name);
	if (set_nth(shortage, nth))
		return -1;
	error = take(shortage, step, &file);
	reached = end_nth(shortage);
	if (file >= 0)
		close(file);
	if (reached < 0)
		return -1;
	if (!reached && error)
		return fail("%s, with memory: %s", step->before.name, strerror(-error));
	shortage->survived += reached && !error;
	if (recover(shortage, step)) {
		note("%s: that was after allocation %u had failed and the step said: %s",
		     step->before.name, nth, error ? strerror(-error) : "success");
		return -1;
	}
	return reached;
}

static int starve(struct shortage *shortage, const struct step *step)
{
	unsigned int nth = 0;
	int reached;

	do {
		if (++nth > MOST_ALLOCATIONS)
			return fail("%s: more than %u allocations", step->before.name,
				    MOST_ALLOCATIONS);
		reached = starve_once(shortage, step, nth);
	} while (reached > 0);
	note("%s: %u allocations", step->before.name, nth - 1);
	shortage->allocations += nth - 1;
	return reached;
}

int test_shortage(const struct test_options *options)
{
	struct shortage shortage = { .options = options };
	unsigned int cases = 0;
	int result = scene_begin(&shortage.scene, options);

	shortage.nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (!result && shortage.nth < 0)
		result = fail("fail-nth: %s: the kernel has no fault injection", strerror(errno));
	for (size_t i = 0; !result && i < sizeof(steps) / sizeof(steps[0]); i++, cases++)
		result = starve(&shortage, &steps[i]);
	note("%u allocations failed, %u steps succeeded all the same", shortage.allocations,
	     shortage.survived);
	if (!result && !shortage.allocations)
		result = fail("no allocation failed: the kernel injects no faults");
	if (shortage.nth >= 0)
		close(shortage.nth);
	return scene_end(&shortage.scene, "shortage", cases, result);
}
