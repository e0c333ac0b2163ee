// SPDX-License-Identifier: BSD-2-Clause
/*
 * More than one opener: a second one of the group is turned away, a second file of the device
 * shares the state, two threads that change states at once never leave anything undefined, and
 * closing one file leaves the other one alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "mutation.h"
#include "tests.h"
#include "workload.h"

static int open_group_again(const struct machine *machine)
{
	char path[64], link[64];
	ssize_t length;
	int file;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", machine->function.group);
	length = readlink(path, link, sizeof(link) - 1);
	if (length < 0)
		return fail("%s: %s", path, strerror(errno));
	link[length] = '\0';
	file = open(link, O_RDWR | O_CLOEXEC);
	if (file < 0 && errno == EBUSY)
		return 0;
	if (file >= 0)
		close(file);
	return fail("%s: opening it twice: %s expected, got: %s", link, strerror(EBUSY),
		    file >= 0 ? "success" : strerror(errno));
}

/* A second file of the same device; it owns nothing but that file. */
static int open_second(const struct machine *machine, struct vfio_function *second)
{
	*second = machine->function;
	second->bar0 = NULL;
	second->nr_vectors = 0;
	second->fd = ioctl(machine->function.group, VFIO_GROUP_GET_DEVICE_FD,
			   machine->function.address);
	if (second->fd < 0)
		return fail("%s: second device file: %s", second->address, strerror(errno));
	return 0;
}

static int expect_state(struct vfio_function *function, uint32_t wanted, const char *where)
{
	int state = vfio_get_state(function);

	if (state != (int)wanted)
		return fail("state on the %s file: %s expected, is %s", where,
			    vfio_state_name((int)wanted), vfio_state_name(state));
	return 0;
}

/* What one file does, the other one sees; asking for the present state gives no second stream. */
static int share_state(struct machine *machine, struct vfio_function *second)
{
	int stream, another, result;

	if (vfio_set_state(second, VFIO_DEVICE_STATE_STOP_COPY, &stream))
		return -1;
	result = expect_state(&machine->function, VFIO_DEVICE_STATE_STOP_COPY, "first");
	if (!result && vfio_set_state(&machine->function, VFIO_DEVICE_STATE_STOP_COPY, &another))
		result = -1;
	else if (!result && another >= 0)
		result = fail("STOP_COPY asked for twice gave two streams");
	close(stream);
	if (result || vfio_set_state(&machine->function, VFIO_DEVICE_STATE_RUNNING, &another))
		return -1;
	return expect_state(second, VFIO_DEVICE_STATE_RUNNING, "second");
}

/** struct contender - a thread that changes states at random through its own file */
struct contender {
	const struct machine *machine;
	struct vfio_function *function;
	uint64_t random;
	unsigned int rounds;
	unsigned int done;
};

static void *contend(void *argument)
{
	static const uint32_t targets[] = {
		VFIO_DEVICE_STATE_RUNNING, VFIO_DEVICE_STATE_STOP, VFIO_DEVICE_STATE_STOP_COPY,
		VFIO_DEVICE_STATE_RUNNING_P2P,
	};
	struct contender *contender = argument;
	uint8_t buffer[256];

	for (unsigned int i = 0; i < contender->rounds; i++) {
		uint64_t random = mutation_random(&contender->random);
		int stream;

		/* the other thread's arc may be under way */
		if (open_group_again(contender->machine))
			break;
		contender->done +=
			!vfio_try_state(contender->function, targets[random % 4], &stream);
		if (stream < 0)
			continue;
		if (read(stream, buffer, sizeof(buffer)) < 0)
			note("stream ended by the other file: %s", strerror(errno));
		close(stream);
	}
	return NULL;
}

/* None of these arcs may fail, and the controller must come out with its queues as they were. */
static int contest(struct machine *machine, struct vfio_function *second, unsigned int rounds)
{
	struct contender contender[2] = {
		{ .machine = machine, .function = &machine->function, .random = 1, .rounds = rounds },
		{ .machine = machine, .function = second, .random = 2, .rounds = rounds },
	};
	pthread_t thread;
	int none;

	if (pthread_create(&thread, NULL, contend, &contender[1]))
		return fail("cannot create a thread");
	contend(&contender[0]);
	pthread_join(thread, NULL);
	if (contender[0].done != rounds || contender[1].done != rounds)
		return fail("state changes by two files: %u each must succeed, %u and %u did",
			    rounds, contender[0].done, contender[1].done);
	return vfio_set_state(&machine->function, VFIO_DEVICE_STATE_RUNNING, &none);
}

static int run_openers(struct machine *machine, const struct test_options *options)
{
	struct vfio_function second;
	int result;

	if (start_guest(machine, options) || open_group_again(machine) ||
	    open_second(machine, &second))
		return -1;
	result = share_state(machine, &second);
	if (!result)
		result = contest(machine, &second, options->count);
	close(second.fd);
	if (result || expect_state(&machine->function, VFIO_DEVICE_STATE_RUNNING, "first") ||
	    workload_run(machine, options->interval_ms))
		return -1;
	return finish_guest(machine);
}

int test_openers(const struct test_options *options)
{
	struct machine machine = MACHINE_CLOSED;
	int result = run_openers(&machine, options);

	result = report_result("openers", &machine, 4, 0, result);
	machine_close(&machine);
	return result;
}
