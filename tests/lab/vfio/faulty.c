// SPDX-License-Identifier: BSD-2-Clause
/*
 * A device that fails: commands that are refused, lost, or answered wrongly, at each step of a
 * migration (docs/driver-states.md). What the request says, the state that it leaves, and that the
 * guest goes on, or starts anew after a reset.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "monitor.h"
#include "scene.h"
#include "workload.h"

#define RUNNING		VFIO_DEVICE_STATE_RUNNING
#define RUNNING_P2P	VFIO_DEVICE_STATE_RUNNING_P2P
#define STOP		VFIO_DEVICE_STATE_STOP
#define STOP_COPY	VFIO_DEVICE_STATE_STOP_COPY
#define RESUMING	VFIO_DEVICE_STATE_RESUMING
#define PRE_COPY	VFIO_DEVICE_STATE_PRE_COPY
#define PRE_COPY_P2P	VFIO_DEVICE_STATE_PRE_COPY_P2P
#define ERROR		VFIO_DEVICE_STATE_ERROR

/* Requests beside those for a state */
#define WRITE		100u	/* the whole stream into the file */
#define ASK_SIZE	101u	/* the length of the stream to come */

/**
 * struct faulty_case - one fault at one step
 * @plan: faults, planned in @from
 * @from: state that is reached without a fault; RESUMING with nothing written
 * @request: state that is asked for then, or WRITE or ASK_SIZE
 * @error: what the request says
 * @state: state that it leaves
 */
struct faulty_case {
	const char *plan;
	uint32_t from;
	uint32_t request;
	int error;
	uint32_t state;
};

#define REFUSED(command) "command=" command ",fault=status:0x6"

static const struct faulty_case refused[] = {
	{ REFUSED("suspend"), RUNNING, RUNNING_P2P, EREMOTEIO, RUNNING },
	{ REFUSED("suspend"), RUNNING, STOP, EREMOTEIO, RUNNING },
	{ REFUSED("suspend"), PRE_COPY, STOP_COPY, EREMOTEIO, PRE_COPY },
	{ REFUSED("resume"), STOP, RUNNING, EREMOTEIO, RUNNING_P2P },
	{ REFUSED("resume"), PRE_COPY_P2P, PRE_COPY, EREMOTEIO, PRE_COPY_P2P },
	/* Controller Not Suspended, or Command Sequence Error */
	{ "command=resume,fault=status:0x13a", STOP, RUNNING, EALREADY, ERROR },
	{ "command=resume,fault=status:0x13a", PRE_COPY_P2P, PRE_COPY, EALREADY, ERROR },
	{ REFUSED("query"), RUNNING, ASK_SIZE, EREMOTEIO, RUNNING },
	{ REFUSED("query"), STOP, ASK_SIZE, EREMOTEIO, STOP },
	{ REFUSED("query"), STOP, STOP_COPY, EREMOTEIO, STOP },
	{ REFUSED("query"), PRE_COPY_P2P, STOP_COPY, EREMOTEIO, PRE_COPY_P2P },
	{ REFUSED("save"), STOP, STOP_COPY, EREMOTEIO, STOP },
	{ REFUSED("save"), PRE_COPY_P2P, STOP_COPY, EREMOTEIO, PRE_COPY_P2P },
	{ REFUSED("query"), STOP, RESUMING, EREMOTEIO, STOP },
	{ REFUSED("suspend"), STOP, RESUMING, EREMOTEIO, ERROR },
	{ REFUSED("load"), RESUMING, WRITE, EREMOTEIO, ERROR },
	{ REFUSED("load") ";" REFUSED("load-report"), RESUMING, WRITE, EREMOTEIO, ERROR },
	{ REFUSED("load") ";command=load-report,fault=flip:0", RESUMING, WRITE, EREMOTEIO, ERROR },
	{ REFUSED("load") ";command=load-report,fault=short:0", RESUMING, WRITE, EREMOTEIO, ERROR },
};

static const struct faulty_case wrong[] = {
	{ "command=query,fault=size:4096", STOP, STOP_COPY, ESTALE, STOP },
	{ "command=query,fault=size:-8", STOP, STOP_COPY, ESTALE, STOP },
	{ "command=query,fault=short:0", STOP, STOP_COPY, ESTALE, STOP },
	{ "command=query,fault=size:0x7ffffffc", STOP, STOP_COPY, EPROTO, STOP },
	{ "command=query,fault=flip:0", STOP, STOP_COPY, EPROTO, STOP },
	{ "command=query,fault=flip:31", STOP, STOP_COPY, EPROTO, STOP },
	{ "command=query,fault=flip:47", STOP, STOP_COPY, EPROTO, STOP },
	{ "command=query,fault=flip:0", RUNNING, ASK_SIZE, EPROTO, RUNNING },
	{ "command=query,fault=flip:0", STOP, RESUMING, EPROTO, STOP },
	{ "command=save,fault=size:8", STOP, STOP_COPY, ESTALE, STOP },
	{ "command=save,fault=flip:1", STOP, STOP_COPY, EPROTO, STOP },
	{ "command=save,fault=short:0", STOP, STOP_COPY, ESTALE, STOP },
	{ "command=save,fault=torn", STOP, STOP_COPY, ESTALE, STOP },
	{ "command=save,fault=torn", PRE_COPY_P2P, STOP_COPY, ESTALE, PRE_COPY_P2P },
};

/* The saving driver cannot notice these; the loading controller must. */
static const char *const damages[] = {
	"command=save,fault=flip:60",
	"command=save,fault=flip:300",
	"command=save,fault=short:100",
	"command=save,fault=short:1024",
};

#define LOST(command) "command=" command ",fault=never"

static const struct faulty_case lost[] = {
	/*
	 * nobody knows if it was carried out, and nobody can be asked while the PF is being reset
	 */
	{ LOST("suspend"), RUNNING, STOP, EIO, ERROR },
	{ "command=suspend,fault=late:1000000", PRE_COPY, STOP_COPY, EIO, ERROR },
	{ "command=suspend,fault=reset", RUNNING, RUNNING_P2P, EIO, ERROR },
	{ LOST("resume"), STOP, RUNNING, EIO, ERROR },
	{ LOST("query"), STOP, STOP_COPY, EIO, STOP },
	{ LOST("save"), STOP, STOP_COPY, EIO, STOP },
	{ "command=save,fault=reset", PRE_COPY_P2P, STOP_COPY, EIO, PRE_COPY_P2P },
	{ LOST("query"), STOP, RESUMING, EIO, STOP },
	{ LOST("suspend"), STOP, RESUMING, EIO, ERROR },
	{ LOST("load"), RESUMING, WRITE, EIO, ERROR },
	{ REFUSED("load") ";" LOST("load-report"), RESUMING, WRITE, EREMOTEIO, ERROR },
};

/** struct faulty - a test on its way */
struct faulty {
	const struct test_options *options;
	struct scene scene;
	struct monitor monitor;
	unsigned int cases;
};

static int enter(struct faulty *faulty, const struct faulty_case *step, int *file)
{
	const struct place place = { .name = step->plan, .state = step->from, .after = step->from };

	return scene_enter(&faulty->scene, &place, file);
}

static int write_stream(struct faulty *faulty, int file)
{
	const struct bytes *stream = &faulty->scene.stream;
	ssize_t length;

	watchdog_begin("writing the stream");
	for (size_t done = 0; done < stream->size; done += (size_t)length) {
		length = write(file, stream->data + done, stream->size - done);
		if (length < 0)
			return errno;
	}
	return 0;
}

/* Return: 0 or the positive errno that the request ended with. */
static int request(struct faulty *faulty, const struct faulty_case *step, int file)
{
	struct vfio_function *function = &faulty->scene.machine.function;
	uint64_t size;
	int more = -1, error;

	switch (step->request) {
	case WRITE:
		return write_stream(faulty, file);
	case ASK_SIZE:
		return -vfio_try_stop_copy_size(function, &size);
	default:
		error = -vfio_try_state(function, step->request, &more);
		if (more >= 0)
			close(more);
		return error;
	}
}

static int check(struct faulty *faulty, const struct faulty_case *step, int file)
{
	struct vfio_function *function = &faulty->scene.machine.function;
	int error = request(faulty, step, file), none, state;

	if (error != step->error)
		return fail("%s: %s expected, got: %s", step->plan, strerror(step->error),
			    error ? strerror(error) : "success");
	/* The refusal of a load comes once more when the state is left. */
	if (step->request == WRITE && vfio_try_state(function, STOP, &none) != -error)
		return fail("%s: leaving RESUMING gives another error", step->plan);
	state = vfio_get_state(function);
	if (state != (int)step->state)
		return fail("%s: state %s expected, is %s", step->plan,
			    vfio_state_name((int)step->state), vfio_state_name(state));
	if (state == ERROR && vfio_try_state(function, RUNNING, &none) != -EIO)
		return fail("%s: ERROR is left without a reset", step->plan);
	if (monitor_hits(&faulty->monitor) < 1)
		return fail("%s: befell no command", step->plan);
	return monitor_plan(&faulty->monitor, "");
}

static int start_anew(struct faulty *faulty, const struct faulty_case *step)
{
	const struct place place = { .name = step->plan };

	if (vfio_reset(&faulty->scene.machine.function) ||
	    scene_check_running(&faulty->scene, &place))
		return -1;
	if (faulty->options->undoing && command_run(faulty->options->undoing))
		return -1;
	return scene_start_anew(&faulty->scene, faulty->options);
}

static int go_on(struct faulty *faulty)
{
	if (machine_run(&faulty->scene.machine) ||
	    workload_run(&faulty->scene.machine, faulty->options->interval_ms))
		return -1;
	return workload_is_clean(&faulty->scene.machine);
}

static int try_case(struct faulty *faulty, const struct faulty_case *step)
{
	int file, result;

	note("%s, %s", vfio_state_name((int)step->from), step->plan);
	if (enter(faulty, step, &file))
		return -1;
	result = monitor_plan(&faulty->monitor, step->plan);
	if (!result)
		result = check(faulty, step, file);
	if (file >= 0)
		close(file);
	if (result)
		return -1;
	faulty->cases++;
	/*
	 * A command that was lost has cost the controlling controller a reset, and the function its
	 * state.
	 */
	if (step->state == ERROR || faulty->options->undoing)
		return start_anew(faulty, step);
	return go_on(faulty);
}

static int try_damage(struct faulty *faulty, const char *plan)
{
	const struct faulty_case step = { .plan = plan };
	struct machine *machine = &faulty->scene.machine;
	struct bytes stream = { 0 };
	int error, result;

	note("%s", plan);
	result = monitor_plan(&faulty->monitor, plan);
	if (!result)
		result = machine_stop(machine, NULL);
	if (!result)
		result = machine_save(machine, &stream, NULL);
	if (!result && monitor_hits(&faulty->monitor) < 1)
		result = fail("%s: befell no command", plan);
	if (!result) {
		error = machine_write_stream(machine, &stream, 0, 0);
		if (error != -EREMOTEIO)
			result = fail("%s: load: %s expected, got: %s", plan, strerror(EREMOTEIO),
				      error ? strerror(-error) : "success");
	}
	bytes_free(&stream);
	if (result || monitor_plan(&faulty->monitor, ""))
		return -1;
	faulty->cases++;
	return start_anew(faulty, &step);
}

static int begin(struct faulty *faulty, const struct test_options *options)
{
	*faulty = (struct faulty){ .options = options, .monitor = MONITOR_CLOSED };
	if (scene_begin(&faulty->scene, options))
		return -1;
	return monitor_open(&faulty->monitor);
}

static int end(struct faulty *faulty, const char *test, int result)
{
	result = scene_end(&faulty->scene, test, faulty->cases, result);
	monitor_close(&faulty->monitor);
	return result;
}

static int try_cases(struct faulty *faulty, const struct faulty_case *steps, size_t nr)
{
	int result = 0;

	for (size_t i = 0; !result && i < nr; i++)
		result = try_case(faulty, &steps[i]);
	return result;
}

int test_refused(const struct test_options *options)
{
	struct faulty faulty;
	int result = begin(&faulty, options);

	if (!result)
		result = try_cases(&faulty, refused, sizeof(refused) / sizeof(refused[0]));
	return end(&faulty, "refused", result);
}

int test_wrong(const struct test_options *options)
{
	struct faulty faulty;
	int result = begin(&faulty, options);

	if (!result)
		result = try_cases(&faulty, wrong, sizeof(wrong) / sizeof(wrong[0]));
	for (size_t i = 0; !result && i < sizeof(damages) / sizeof(damages[0]); i++)
		result = try_damage(&faulty, damages[i]);
	return end(&faulty, "wrong", result);
}

int test_lost(const struct test_options *options)
{
	struct faulty faulty;
	int result = begin(&faulty, options);

	if (!result)
		result = try_cases(&faulty, lost, sizeof(lost) / sizeof(lost[0]));
	return end(&faulty, "lost", result);
}
