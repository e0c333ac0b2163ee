// SPDX-License-Identifier: BSD-2-Clause
/*
 * Pre-copy, left at every point and in every direction: what a reader, a poller and the ioctl see
 * meanwhile, that the guest runs on, that the device is at rest in PRE_COPY_P2P, that a stream that
 * was given up is dead, and that one that was completed moves the guest.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests.h"
#include "workload.h"

#define RUNNING		VFIO_DEVICE_STATE_RUNNING
#define RUNNING_P2P	VFIO_DEVICE_STATE_RUNNING_P2P
#define STOP		VFIO_DEVICE_STATE_STOP
#define STOP_COPY	VFIO_DEVICE_STATE_STOP_COPY
#define PRE_COPY	VFIO_DEVICE_STATE_PRE_COPY
#define PRE_COPY_P2P	VFIO_DEVICE_STATE_PRE_COPY_P2P

#define PATH_MAX_STEPS	4
#define SOME_BYTES	20		/* within the first record */
#define REST_US		20000
#define WAKE_MS		10000

/**
 * struct route - through the states
 * @bytes: how much is read where pre-copy is entered, -1 for all that there is
 * @path: the states, from RUNNING; the first one of pre-copy gives the stream. ERROR ends it
 */
struct route {
	const char *name;
	int bytes;
	uint32_t path[PATH_MAX_STEPS];
};

static const struct route routes[] = {
	{ "given up at once", 0, { PRE_COPY, RUNNING } },
	{ "given up in the first record", SOME_BYTES, { PRE_COPY, RUNNING } },
	{ "given up when all was read", -1, { PRE_COPY, RUNNING } },
	{ "given up in PRE_COPY_P2P", SOME_BYTES, { PRE_COPY, PRE_COPY_P2P, RUNNING_P2P } },
	{ "given up back in PRE_COPY", -1, { PRE_COPY, PRE_COPY_P2P, PRE_COPY, RUNNING } },
	{ "given up for STOP", -1, { PRE_COPY, STOP } },
	{ "given up, begun in PRE_COPY_P2P", 0, { RUNNING_P2P, PRE_COPY_P2P, RUNNING } },
	{ "STOP_COPY at once", 0, { PRE_COPY, STOP_COPY } },
	{ "STOP_COPY in the first record", SOME_BYTES, { PRE_COPY, STOP_COPY } },
	{ "STOP_COPY when all was read", -1, { PRE_COPY, STOP_COPY } },
	{ "STOP_COPY by PRE_COPY_P2P", -1, { PRE_COPY, PRE_COPY_P2P, STOP_COPY } },
	{ "STOP_COPY by both", SOME_BYTES, { PRE_COPY, PRE_COPY_P2P, PRE_COPY, STOP_COPY } },
	{ "STOP_COPY, begun in PRE_COPY_P2P", 0, { PRE_COPY_P2P, STOP_COPY } },
	{ "STOP_COPY, all read in PRE_COPY_P2P", -1, { PRE_COPY_P2P, STOP_COPY } },
};

/**
 * struct journey - one route on its way
 * @file: the stream's file, -1 before there is one
 * @initial: bytes that pre-copy had to offer
 * @total: bytes of the whole stream as the stop-copy size had them in PRE_COPY_P2P; 0 if not there
 * @stream: what was read
 */
struct journey {
	struct machine machine;
	const struct route *route;
	int file;
	uint64_t initial;
	uint64_t total;
	struct bytes stream;
};

static int complain(const struct journey *journey, const char *what, long long expected,
		    long long found)
{
	return fail("%s: %s: %lld expected, is %lld", journey->route->name, what, expected, found);
}

static int polled(int file)
{
	struct pollfd event = { .fd = file, .events = POLLIN | POLLRDHUP };

	return poll(&event, 1, 0) < 0 ? -errno : event.revents;
}

/* While pre-copy lasts: how much is left, to the ioctl and to poll. */
static int check_precopy(const struct journey *journey)
{
	uint64_t left = journey->initial - journey->stream.size;
	struct vfio_precopy_info info;
	int error = vfio_precopy_info(journey->file, &info);

	if (error)
		return fail("%s: pre-copy info: %s", journey->route->name, strerror(-error));
	if (info.initial_bytes != left)
		return complain(journey, "initial bytes", (long long)left,
				(long long)info.initial_bytes);
	if (info.dirty_bytes || info.flags)
		return complain(journey, "dirty bytes and flags", 0,
				(long long)(info.dirty_bytes | info.flags));
	if (polled(journey->file) != (left ? POLLIN : 0))
		return complain(journey, "poll", left ? POLLIN : 0, polled(journey->file));
	return 0;
}

static int check_wrong_ioctls(const struct journey *journey)
{
	struct vfio_precopy_info info = { .argsz = sizeof(info) - 1 };

	if (!ioctl(journey->file, VFIO_MIG_GET_PRECOPY_INFO, &info) || errno != EINVAL)
		return complain(journey, "pre-copy info, argsz too small", EINVAL, errno);
	if (!ioctl(journey->file, VFIO_MIG_GET_PRECOPY_INFO, NULL) || errno != EFAULT)
		return complain(journey, "pre-copy info, no buffer", EFAULT, errno);
	if (!ioctl(journey->file, VFIO_DEVICE_RESET, NULL) || errno != ENOTTY)
		return complain(journey, "another ioctl", ENOTTY, errno);
	return 0;
}

/* Up to @most bytes. Return: 0 at the end of the stream, 1 after @most, or a negative errno. */
static int read_some(struct journey *journey, size_t most)
{
	static uint8_t buffer[4096];
	ssize_t length;

	watchdog_begin("reading the stream");
	while (most) {
		length = read(journey->file, buffer, most < sizeof(buffer) ? most : sizeof(buffer));
		if (length <= 0)
			return length ? -errno : 0;
		if (bytes_append(&journey->stream, buffer, (size_t)length))
			return -ENOMEM;
		most -= (size_t)length;
	}
	return 1;
}

static int begin_precopy(struct journey *journey)
{
	struct vfio_precopy_info info;
	int most = journey->route->bytes, result;

	if (vfio_precopy_info(journey->file, &info))
		return fail("%s: no pre-copy info", journey->route->name);
	journey->initial = info.initial_bytes;
	journey->total = 0;
	if (journey->initial <= SOME_BYTES)
		return complain(journey, "initial bytes, at least", SOME_BYTES + 1,
				(long long)journey->initial);
	if (check_precopy(journey) || check_wrong_ioctls(journey))
		return -1;
	result = read_some(journey, most < 0 ? SIZE_MAX : (size_t)most);
	if (result != (most < 0 ? -ENOMSG : 1))
		return complain(journey, "reading", most < 0 ? -ENOMSG : 1, result);
	return check_precopy(journey);
}

static int go(struct journey *journey, uint32_t state)
{
	struct vfio_function *function = &journey->machine.function;
	bool gives_stream = journey->file < 0 && state != RUNNING_P2P;
	int file;

	if (vfio_set_state(function, state, &file))
		return -1;
	if ((file >= 0) != gives_stream)
		return complain(journey, "new streams", gives_stream, file >= 0);
	if (!gives_stream)
		return 0;
	journey->file = file;
	return begin_precopy(journey);
}

/* How long the stream will be: in pre-copy, what was read and what is still to come. */
static int announce(struct journey *journey, uint64_t *total)
{
	int64_t left = vfio_stop_copy_size(&journey->machine.function);

	if (left < 0)
		return -1;
	*total = journey->stream.size + (uint64_t)left;
	if (*total <= journey->initial)
		return complain(journey, "stop-copy size, more than", (long long)journey->initial,
				(long long)*total);
	return 0;
}

/* What must be true in each state but RUNNING and STOP_COPY, where the routes end. */
static int stay(struct journey *journey, uint32_t state, const struct test_options *options)
{
	if (state == PRE_COPY && workload_run(&journey->machine, options->interval_ms))
		return -1;
	if (state == PRE_COPY_P2P || state == RUNNING_P2P) {
		machine_keep_memory(&journey->machine);
		sleep_us(REST_US);
		machine_check_rest(&journey->machine);
	}
	journey->total = 0;
	if (state == PRE_COPY_P2P && announce(journey, &journey->total))
		return -1;
	return state == PRE_COPY || state == PRE_COPY_P2P ? check_precopy(journey) : 0;
}

/* Given up: to nobody is the stream any good, and the guest runs. */
static int check_dead(struct journey *journey)
{
	struct vfio_precopy_info info;
	int error = vfio_precopy_info(journey->file, &info), none;

	if (error != -EINVAL)
		return complain(journey, "pre-copy info of a dead stream", -EINVAL, error);
	error = read_some(journey, 1);
	if (error != -ENODEV)
		return complain(journey, "reading a dead stream", -ENODEV, error);
	if (polled(journey->file) != (POLLIN | POLLRDHUP))
		return complain(journey, "poll of a dead stream", POLLIN | POLLRDHUP,
				polled(journey->file));
	return vfio_set_state(&journey->machine.function, RUNNING, &none);
}

/* In STOP_COPY the size is exact, and so it was in PRE_COPY_P2P just before. */
static int check_announced(const struct journey *journey, uint64_t total)
{
	if (journey->stream.size != total)
		return complain(journey, "stream, by the stop-copy size in STOP_COPY",
				(long long)total, (long long)journey->stream.size);
	if (journey->total && journey->total != total)
		return complain(journey, "stream, by the stop-copy size in PRE_COPY_P2P",
				(long long)journey->total, (long long)total);
	return 0;
}

/* Completed: the rest of the stream, and the guest into the same function again. */
static int check_complete(struct journey *journey)
{
	struct machine *machine = &journey->machine;
	struct vfio_precopy_info info;
	uint32_t question, unfetched;
	uint64_t total;
	int error = vfio_precopy_info(journey->file, &info), none;

	if (error != -EINVAL)
		return complain(journey, "pre-copy info in STOP_COPY", -EINVAL, error);
	if (announce(journey, &total))
		return -1;
	machine_keep_memory(machine);
	error = read_some(journey, SIZE_MAX);
	if (error || polled(journey->file) != POLLIN)
		return fail("%s: at the end of the stream: reading: %s, poll: %#x",
			    journey->route->name, strerror(-error), polled(journey->file));
	if (check_announced(journey, total) ||
	    vfio_set_state(&machine->function, STOP, &none) ||
	    stream_check(&journey->stream, &question, &unfetched))
		return -1;
	if (!question)
		return fail("%s: no question in the stream", journey->route->name);
	machine_check_rest(machine);
	vfio_disable_vectors(&machine->function);
	error = machine_write_stream(machine, &journey->stream, 0, 0);
	if (error)
		return fail("%s: loading: %s", journey->route->name, strerror(-error));
	return machine_run(machine);
}

static int travel(struct journey *journey, const struct test_options *options)
{
	const uint32_t *path = journey->route->path;
	uint32_t state = RUNNING;
	int result = 0;

	note("%s", journey->route->name);
	for (size_t i = 0; !result && i < PATH_MAX_STEPS && path[i]; i++) {
		state = path[i];
		result = go(journey, state) || stay(journey, state, options) ? -1 : 0;
	}
	if (!result)
		result = state == STOP_COPY ? check_complete(journey) : check_dead(journey);
	if (journey->file >= 0)
		close(journey->file);
	journey->file = -1;
	bytes_free(&journey->stream);
	return result ? -1 : workload_run(&journey->machine, options->interval_ms);
}

static void *wait_for_more(void *argument)
{
	struct pollfd event = { .fd = *(const int *)argument, .events = POLLIN };

	return poll(&event, 1, WAKE_MS) == 1 && event.revents == POLLIN ? argument : NULL;
}

/* Who waits for more than pre-copy has wakes when STOP_COPY brings it. */
static int check_wake(struct journey *journey)
{
	static const struct route route = { .name = "a poller waits", .bytes = -1 };
	pthread_t thread;
	void *woken;
	int result;

	journey->route = &route;
	if (go(journey, PRE_COPY))
		return -1;
	if (pthread_create(&thread, NULL, wait_for_more, &journey->file))
		return fail("cannot create a thread");
	sleep_us(REST_US);
	result = go(journey, STOP_COPY);
	pthread_join(thread, &woken);
	if (!result && !woken)
		result = fail("STOP_COPY did not wake a poller within %d ms", WAKE_MS);
	close(journey->file);
	return result ? -1 : machine_run(&journey->machine);
}

int test_precopy(const struct test_options *options)
{
	struct journey journey = { .machine = MACHINE_CLOSED, .file = -1 };
	unsigned int cases = 0;
	int result = start_guest(&journey.machine, options);

	for (; !result && cases < sizeof(routes) / sizeof(routes[0]); cases++) {
		journey.route = &routes[cases];
		result = travel(&journey, options);
	}
	if (!result)
		result = check_wake(&journey);
	if (!result)
		result = finish_guest(&journey.machine);
	result = report_result("precopy", &journey.machine, cases, 0, result);
	machine_close(&journey.machine);
	return result;
}
